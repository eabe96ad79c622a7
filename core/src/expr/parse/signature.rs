//! Reads the signatures of the members' table, which are written in C#. Knows no meanings.

use std::sync::Arc;

use super::Parser;
use crate::expr::lex::{TokenKind, lex};
use crate::expr::problem::Problems;
use crate::expr::syntax::{Literal, TypeName};

/// A member as its signature says.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    pub(crate) is_static: bool,
    /// Written with `this` in front: an extension method, which takes a null receiver.
    pub(crate) is_extension: bool,
    pub(crate) form: Form,
    pub(crate) result: TypeName,
    pub(crate) name: Arc<str>,
    pub(crate) type_parameters: Vec<Arc<str>>,
    pub(crate) parameters: Vec<Formal>,
}

/// What sort of member it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Property,
    Method,
    Indexer,
    Constructor,
    /// `set T Name`: the value is the last argument.
    Setter,
    /// `set T this[…]`
    IndexSetter,
}

/// A parameter.
#[derive(Clone, Debug)]
pub(crate) struct Formal {
    pub(crate) ty: TypeName,
    pub(crate) name: Arc<str>,
    pub(crate) default: Option<Literal>,
    /// `params`
    pub(crate) is_variadic: bool,
    /// `out`: not an argument of the code; it gives the value by `Call::give`.
    pub(crate) is_out: bool,
    /// `ref`: an argument of the code, which gives the new value by `Call::give`.
    pub(crate) is_ref: bool,
}

/// Reads `[static] T Name`, `[static] T Name<U>(…)`, `T this[…]`, `new T(…)`, `this T Extension(…)`, `set T Name`; nothing when it is none of these.
pub(crate) fn signature(text: &str) -> Option<Signature> {
    let mut problems = Problems::default();
    let tokens = lex(text, 0, text.len(), &mut problems);
    let mut parser = Parser { tokens, at: 0, depth: 0, problems: &mut problems };
    let signature = parser.signature()?;
    (parser.peek() == &TokenKind::End).then_some(signature)
}

/// Reads a type on its own.
pub(crate) fn lone_type(text: &str) -> Option<TypeName> {
    let mut problems = Problems::default();
    let tokens = lex(text, 0, text.len(), &mut problems);
    let mut parser = Parser { tokens, at: 0, depth: 0, problems: &mut problems };
    let ty = parser.try_type(0)?;
    (parser.peek() == &TokenKind::End).then_some(ty)
}

impl Parser<'_> {
    fn signature(&mut self) -> Option<Signature> {
        let is_static = self.eat_word("static");
        let is_extension = self.eat_word("this");
        let is_set = self.is_word(0, "set") && self.eat_word("set");
        let is_new = self.eat_word("new");
        let mut result = self.try_type(0)?;
        // Here a `?` before a name is never the conditional operator's.
        result.nullable |= self.eat("?");
        if is_new {
            let name = Arc::clone(&result.name);
            let parameters = self.formals("(", ")")?;
            let form = Form::Constructor;
            let type_parameters = Vec::new();
            return Some(Signature { is_static: true, is_extension, form, result, name, type_parameters, parameters });
        }
        if self.eat_word("this") {
            let parameters = self.formals("[", "]")?;
            let form = if is_set { Form::IndexSetter } else { Form::Indexer };
            let (name, type_parameters) = (Arc::from("this"), Vec::new());
            return Some(Signature { is_static, is_extension, form, result, name, type_parameters, parameters });
        }
        let name = self.name_at(0)?;
        self.bump();
        let type_parameters = match self.is_punct(0, "<") {
            true => self.generic_arguments(0)?.into_iter().map(|ty| ty.name).collect(),
            false => Vec::new(),
        };
        let (form, parameters) = match self.is_punct(0, "(") {
            true => (Form::Method, self.formals("(", ")")?),
            false if is_set => (Form::Setter, Vec::new()),
            false => (Form::Property, Vec::new()),
        };
        Some(Signature { is_static, is_extension, form, result, name, type_parameters, parameters })
    }

    fn formals(&mut self, open: &str, close: &str) -> Option<Vec<Formal>> {
        let mut formals = Vec::new();
        if !self.eat(open) {
            return None;
        }
        while !self.eat(close) {
            let is_variadic = self.eat_word("params");
            let is_out = self.eat_word("out");
            let is_ref = self.eat_word("ref");
            let ty = self.try_type(0)?;
            let name = self.name_at(0)?;
            self.bump();
            let default = if self.eat("=") { Some(self.formal_default()?) } else { None };
            formals.push(Formal { ty, name, default, is_variadic, is_out, is_ref });
            if !self.eat(",") && !self.is_punct(0, close) {
                return None;
            }
        }
        Some(formals)
    }

    fn formal_default(&mut self) -> Option<Literal> {
        for (word, literal) in [("true", Literal::Bool(true)), ("false", Literal::Bool(false)), ("null", Literal::Null)]
        {
            if self.eat_word(word) {
                return Some(literal);
            }
        }
        let TokenKind::Literal(literal) = self.peek().clone() else { return None };
        self.bump();
        Some(literal)
    }
}
