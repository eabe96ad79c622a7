//! Query syntax, turned into the calls that C# turns it into (C# 7, §12.18). Knows no types.

use std::sync::Arc;

use super::Parser;
use crate::expr::syntax::{Argument, Expr, ExprKind, Ident, Lambda, LambdaBody, TypeName};
use crate::span::Span;

/// The name of a parameter that stands for several range variables.
const TRANSPARENT: &str = "<query>";

/// What a query has come to so far.
struct Query {
    source: Expr,
    /// The range variables that a clause sees.
    names: Vec<Ident>,
}

impl Parser<'_> {
    /// Whether `from x in …` or `from T x in …` begins here.
    pub(super) fn at_query(&mut self) -> bool {
        if !self.is_word(0, "from") {
            return false;
        }
        if self.name_at(1).is_some() && self.is_word(2, "in") {
            return true;
        }
        let start = self.at;
        self.bump();
        let is_typed = self.try_type(0).is_some() && self.name_at(0).is_some() && self.is_word(1, "in");
        self.at = start;
        is_typed
    }

    // The type of a range variable, where it is written.
    fn range_type(&mut self) -> Option<TypeName> {
        if self.is_word(1, "in") { None } else { self.try_type(0) }
    }

    // `source.Cast<T>()` where the range variable has a type.
    fn cast(&mut self, source: Expr, ty: Option<TypeName>) -> Expr {
        let Some(ty) = ty else { return source };
        let span = source.span;
        let name = Ident { text: Arc::from("Cast"), span };
        let callee = self.make(span, ExprKind::Member(Box::new(source), name, vec![ty]));
        self.make(span, ExprKind::Call(Box::new(callee), Vec::new()))
    }

    pub(super) fn query(&mut self) -> Expr {
        let mut query = self.range_clause();
        loop {
            let span = self.span();
            let mut found = true;
            if self.is_word(0, "from") {
                self.second_from(&mut query);
            } else if self.eat_word("where") {
                let condition = self.expression();
                self.chain(&mut query, "Where", condition);
            } else if self.eat_word("let") {
                self.let_clause(&mut query);
            } else if self.eat_word("orderby") {
                self.order_clause(&mut query);
            } else if self.eat_word("join") {
                self.join_clause(&mut query);
            } else {
                found = false;
            }
            if found {
                continue;
            }
            if self.eat_word("select") {
                let value = self.expression();
                self.chain(&mut query, "Select", value);
            } else if self.eat_word("group") {
                self.group_clause(&mut query);
            } else {
                let found = self.shown();
                self.report(span, format!("expected `select` or `group`, found {found}"));
                return query.source;
            }
            if !self.eat_word("into") {
                return query.source;
            }
            query.names = vec![self.ident()];
        }
    }

    fn range_clause(&mut self) -> Query {
        self.bump();
        let ty = self.range_type();
        let name = self.ident();
        if !self.eat_word("in") {
            let (span, found) = (self.span(), self.shown());
            self.report(span, format!("expected `in`, found {found}"));
        }
        let source = self.expression();
        let source = self.cast(source, ty);
        Query { source, names: vec![name] }
    }

    fn second_from(&mut self, query: &mut Query) {
        let inner = self.range_clause();
        let collection = self.over(query, inner.source);
        let pair = self.pair(query, inner.names);
        self.call(query, "SelectMany", vec![collection, pair]);
    }

    fn let_clause(&mut self, query: &mut Query) {
        let name = self.ident();
        self.expect("=");
        let value = self.expression();
        let span = value.span;
        let mut members: Vec<(Ident, Expr)> = self.members(&query.names);
        members.push((name.clone(), value));
        let body = self.make(span, ExprKind::NewAnonymous(members));
        self.chain(query, "Select", body);
        query.names.push(name);
    }

    fn order_clause(&mut self, query: &mut Query) {
        let mut names = ["OrderBy", "OrderByDescending"];
        loop {
            let key = self.expression();
            let is_descending = self.eat_word("descending");
            if !is_descending {
                self.eat_word("ascending");
            }
            let [up, down] = names;
            self.chain(query, if is_descending { down } else { up }, key);
            names = ["ThenBy", "ThenByDescending"];
            if !self.eat(",") {
                return;
            }
        }
    }

    fn join_clause(&mut self, query: &mut Query) {
        let ty = self.range_type();
        let name = self.ident();
        let mut words = ["in", "on", "equals"].into_iter().map(|word| {
            if !self.eat_word(word) {
                let (span, found) = (self.span(), self.shown());
                self.report(span, format!("expected `{word}`, found {found}"));
            }
            self.expression()
        });
        let parts = (words.next(), words.next(), words.next());
        let (Some(inner), Some(outer_key), Some(inner_key)) = parts else { return };
        let inner = self.cast(inner, ty);
        let outer_key = self.over(query, outer_key);
        let span = inner_key.span;
        let one = Lambda {
            parameters: vec![(None, name.clone())],
            body: LambdaBody::Expression(inner_key),
            unpacked: Vec::new(),
        };
        let inner_key = self.make(span, ExprKind::Lambda(Box::new(one)));
        let into = self.eat_word("into");
        let (method, added) = if into { ("GroupJoin", self.ident()) } else { ("Join", name) };
        let pair = self.pair(query, vec![added]);
        self.call(query, method, vec![inner, outer_key, inner_key, pair]);
    }

    fn group_clause(&mut self, query: &mut Query) {
        let element = self.expression();
        if !self.eat_word("by") {
            let (span, found) = (self.span(), self.shown());
            self.report(span, format!("expected `by`, found {found}"));
        }
        let key = self.expression();
        let (key, element) = (self.over(query, key), self.over(query, element));
        self.call(query, "GroupBy", vec![key, element]);
    }

    // `source.Method(names => body)`
    fn chain(&mut self, query: &mut Query, method: &str, body: Expr) {
        let lambda = self.over(query, body);
        self.call(query, method, vec![lambda]);
    }

    fn call(&mut self, query: &mut Query, method: &str, arguments: Vec<Expr>) {
        let span = query.source.span.to(arguments.last().map_or(query.source.span, |last| last.span));
        let nothing = Expr { span, height: 1, kind: ExprKind::Error };
        let source = std::mem::replace(&mut query.source, nothing);
        let name = Ident { text: Arc::from(method), span: source.span };
        let callee = self.make(span, ExprKind::Member(Box::new(source), name, Vec::new()));
        let arguments = arguments.into_iter().map(|value| Argument { name: None, value }).collect();
        query.source = self.make(span, ExprKind::Call(Box::new(callee), arguments));
    }

    // A lambda from the range variables to the body.
    fn over(&mut self, query: &Query, body: Expr) -> Expr {
        let span = body.span;
        let (parameter, unpacked) = parameter_of(&query.names, span);
        let lambda = Lambda { parameters: vec![(None, parameter)], body: LambdaBody::Expression(body), unpacked };
        self.make(span, ExprKind::Lambda(Box::new(lambda)))
    }

    // A lambda from the range variables and one more to all of them, which is what the clauses behind it see.
    fn pair(&mut self, query: &mut Query, added: Vec<Ident>) -> Expr {
        let span = query.source.span;
        let (parameter, unpacked) = parameter_of(&query.names, span);
        let mut parameters = vec![(None, parameter)];
        parameters.extend(added.iter().map(|name| (None, name.clone())));
        query.names.extend(added);
        let members = self.members(&query.names);
        let body = LambdaBody::Expression(self.make(span, ExprKind::NewAnonymous(members)));
        self.make(span, ExprKind::Lambda(Box::new(Lambda { parameters, body, unpacked })))
    }

    fn members(&mut self, names: &[Ident]) -> Vec<(Ident, Expr)> {
        let made = names.iter().map(|name| (name.clone(), self.make(name.span, ExprKind::Name(name.clone()))));
        made.collect()
    }
}

fn parameter_of(names: &[Ident], span: Span) -> (Ident, Vec<Arc<str>>) {
    match names {
        [name] => (name.clone(), Vec::new()),
        names => (Ident { text: TRANSPARENT.into(), span }, names.iter().map(|name| Arc::clone(&name.text)).collect()),
    }
}
