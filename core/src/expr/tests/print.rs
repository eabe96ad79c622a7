//! Writes a syntax tree as C#, with nothing but what the tree holds: a query is the calls that it stands for. Judges nothing.

mod expression;
mod statement;

use crate::expr::parse::KEYWORDS;
use crate::expr::parse::types::PREDEFINED;
use crate::expr::syntax::{Block, Expr, Ident, LambdaBody, Source, TUPLE, TypeName};

/// A tree as text.
pub(super) struct Printed {
    pub(super) text: String,
    /// Whether the text parses to a tree that differs in what C# has no words for: brackets around the source of a query, and the
    /// one parameter that stands for several range variables.
    pub(super) is_desugared: bool,
}

/// The text of a tree.
pub(super) fn print(tree: &Source) -> Printed {
    let mut printed = Printed { text: String::new(), is_desugared: false };
    match tree {
        Source::Expression(expr) => {
            printed.put("@(");
            printed.expr(expr);
            printed.put(")");
        }
        Source::Block(block) => {
            printed.put("@");
            printed.block(block);
        }
    }
    printed
}

impl Printed {
    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    // The items with commas between them.
    fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        for (index, each) in items.iter().enumerate() {
            self.put(if index > 0 { ", " } else { "" });
            item(self, each);
        }
    }

    fn name(&mut self, name: &str) {
        if name == "<query>" {
            self.is_desugared = true;
            return self.put("query_");
        }
        if KEYWORDS.contains(&name) {
            self.put("@");
        }
        self.put(name);
    }

    fn ident(&mut self, ident: &Ident) {
        self.name(&ident.text);
    }

    // No type means `var`.
    fn local_type(&mut self, ty: Option<&TypeName>) {
        match ty {
            Some(ty) => self.ty(ty),
            None => self.put("var"),
        }
        self.put(" ");
    }

    fn ty(&mut self, ty: &TypeName) {
        self.element_type(ty);
        self.ranks(&ty.ranks);
    }

    // The type without the `[]` behind it.
    fn element_type(&mut self, ty: &TypeName) {
        if &*ty.name == TUPLE {
            self.put("(");
            for (index, (member, label)) in ty.arguments.iter().zip(&ty.labels).enumerate() {
                self.put(if index > 0 { ", " } else { "" });
                self.ty(member);
                self.put(" ");
                label.iter().for_each(|label| self.ident(label));
            }
            self.put(")");
        } else {
            self.type_name(&ty.name);
            self.type_arguments(&ty.arguments);
        }
        self.put(if ty.nullable { "?" } else { "" });
    }

    fn type_name(&mut self, name: &str) {
        if PREDEFINED.contains(&name) {
            return self.put(name);
        }
        for (index, part) in name.split('.').enumerate() {
            self.put(if index > 0 { "." } else { "" });
            self.name(part);
        }
    }

    fn type_arguments(&mut self, arguments: &[TypeName]) {
        if !arguments.is_empty() {
            self.put("<");
            self.list(arguments, Self::ty);
            self.put(">");
        }
    }

    fn ranks(&mut self, ranks: &[u16]) {
        for rank in ranks {
            self.put("[");
            (1..*rank).for_each(|_| self.put(","));
            self.put("]");
        }
    }

    fn bracketed(&mut self, expr: &Expr) {
        self.put("(");
        self.expr(expr);
        self.put(") ");
    }

    fn block(&mut self, block: &Block) {
        self.put("{ ");
        block.statements.iter().for_each(|statement| self.statement(statement));
        self.put("}");
    }

    fn body(&mut self, body: &LambdaBody) {
        match body {
            LambdaBody::Expression(expr) => {
                self.put("=> ");
                self.expr(expr);
            }
            LambdaBody::Block(block) => self.block(block),
        }
    }
}
