//! `new` in all its forms: objects with initialisers, arrays, anonymous objects, tuples.

use std::sync::Arc;

use super::convert::{apply, explicit};
use super::lambda::best_common;
use super::member::{levels, members_of, visible};
use super::overload::{Given, given};
use super::target::again;
use super::{Checker, Typed};
use crate::expr::node::{Node, ReceiverRule};
use crate::expr::parse::signature::Form;
use crate::expr::syntax::{Argument, Expr, ExprKind, Ident, InitTarget, InitValue, Initializer, TypeName};
use crate::expr::ty::{RecordKind, Ty};
use crate::span::Span;
use crate::value::Value;

impl Checker<'_> {
    pub(super) fn creation(
        &mut self,
        written: &TypeName,
        arguments: &[Argument],
        initializer: Option<&Initializer>,
        span: Span,
    ) -> Typed {
        let ty = self.resolve(written);
        let made = self.constructed(&ty, arguments, span);
        let Some(initializer) = initializer else { return made };
        if made.ty == Ty::Error {
            return Typed::error(span);
        }
        let slot = self.slot(span);
        let mut nodes = vec![Node::Declare(slot, Box::new(made.node))];
        let object = Typed::new(Node::Local(slot), made.ty.clone(), span);
        self.initializer(&object, initializer, &mut nodes);
        nodes.push(Node::Local(slot));
        Typed::new(Node::Sequence(nodes.into()), made.ty, span)
    }

    fn constructed(&mut self, ty: &Ty, arguments: &[Argument], span: Span) -> Typed {
        let given = self.given(arguments);
        if *ty == Ty::Error || given.iter().any(|given| given.typed.ty == Ty::Error) {
            return Typed::error(span);
        }
        if let (Some(_), [argument]) = (crate::expr::generic::delegate(ty), arguments) {
            let typed = self.value_as(&argument.value, ty);
            return self.convert_to(typed, ty);
        }
        // `new int?()` and `new int?(5)` are the conversions.
        if let Ty::Nullable(inner) = ty {
            let count = given.len();
            return match <[Given<'_>; 1]>::try_from(given) {
                Ok([only]) => {
                    let value = self.convert_to(only.typed, inner);
                    Typed::new(value.node, ty.clone(), span)
                }
                Err(_) if count == 0 => Typed::new(Node::Constant(Value::Null), ty.clone(), span),
                Err(_) => {
                    self.report("no-overload", span, format!("no overload of `new {ty}` takes {count} arguments"));
                    Typed::error(span)
                }
            };
        }
        let mut found = members_of(ty, "new", true);
        found.retain(|(member, _)| member.form == Form::Constructor);
        if let Some(candidate) = self.choose(&found, &[], &given, span) {
            return self.emit(&candidate, None, ReceiverRule::None, given, span);
        }
        if let (true, false, Some(value)) = (given.is_empty(), ty.is_reference(), ty.default_value()) {
            return Typed::new(Node::Constant(value), ty.clone(), span);
        }
        if found.is_empty() {
            self.unsupported(span, &format!("`new {ty}`"));
        } else {
            self.no_overload(&format!("new {ty}"), &found, &given, span);
        }
        Typed::error(span)
    }

    fn initializer(&mut self, object: &Typed, initializer: &Initializer, nodes: &mut Vec<Node>) {
        match initializer {
            Initializer::Members(members) => {
                for (target, value) in members {
                    self.member_initializer(object, target, value, nodes);
                }
            }
            Initializer::Items(items) => {
                for arguments in items {
                    let arguments: Vec<Argument> =
                        arguments.iter().map(|value| Argument { name: None, value: value.clone() }).collect();
                    let given = self.given(&arguments);
                    if given.iter().any(|given| given.typed.ty == Ty::Error) {
                        continue;
                    }
                    let span = arguments.first().map_or(object.span, |argument| argument.value.span);
                    let is_sequence =
                        levels(&object.ty).iter().any(|level| !visible(&object.ty, level, "Add").is_empty());
                    if !is_sequence {
                        self.report("type-mismatch", span, format!("`{}` has no `Add` for initial items", object.ty));
                        return;
                    }
                    let added = self.call_of_value(again(object), "Add", given, span);
                    nodes.push(added.node);
                }
            }
        }
    }

    fn member_initializer(&mut self, object: &Typed, target: &InitTarget, value: &InitValue, nodes: &mut Vec<Node>) {
        match (target, value) {
            (InitTarget::Member(name), InitValue::Value(value)) => {
                nodes.push(self.initialize(again(object), name, value));
            }
            (InitTarget::Member(name), InitValue::Nested(nested)) => {
                let inner = self.property(again(object), name);
                self.nested(inner, nested, nodes);
            }
            (InitTarget::Index(arguments, span), InitValue::Value(value)) => {
                let mut indices: Vec<Typed> = arguments.iter().map(|argument| self.value(&argument.value)).collect();
                if indices.iter().any(|index| index.ty == Ty::Error) {
                    return;
                }
                let Some(ty) = self.index_type(object, &indices, *span) else { return };
                let value = self.value_as(value, &ty);
                indices.push(self.convert_to(value, &ty));
                nodes.push(self.set(again(object), "this", Form::IndexSetter, indices, *span));
            }
            (InitTarget::Index(arguments, span), InitValue::Nested(nested)) => {
                let indices = arguments.iter().map(|argument| given(self.value(&argument.value))).collect();
                let inner = self.index_of(again(object), indices, *span);
                self.nested(inner, nested, nodes);
            }
        }
    }

    fn nested(&mut self, inner: Typed, nested: &Initializer, nodes: &mut Vec<Node>) {
        if inner.ty == Ty::Error {
            return;
        }
        let slot = self.slot(inner.span);
        nodes.push(Node::Declare(slot, Box::new(inner.node)));
        self.initializer(&Typed::new(Node::Local(slot), inner.ty, inner.span), nested, nodes);
    }

    pub(super) fn new_array(
        &mut self,
        written: Option<&TypeName>,
        dimensions: u16,
        items: &[Expr],
        span: Span,
    ) -> Typed {
        let item = match written {
            Some(written) => self.resolve(written),
            None => {
                let mut leaves = Vec::new();
                leaves_of(items, dimensions, &mut leaves);
                let types: Vec<Ty> = leaves.into_iter().map(|item| self.peeked(item)).collect();
                let item = best_common(&types);
                let fits = types.iter().all(|ty| super::convert::implicit(ty, &item).is_some());
                if matches!(item, Ty::Void | Ty::Null) || !fits {
                    self.report("type-mismatch", span, "no one type is found for the items of this array");
                    return Typed::error(span);
                }
                item
            }
        };
        if item == Ty::Error {
            for item in items {
                self.value(item);
            }
            return Typed::error(span);
        }
        if dimensions > 1 {
            return self.grid_of(&item, dimensions, items, span);
        }
        self.array_of(&item, items, span)
    }

    /// An array of this item type from its items.
    pub(super) fn array_of(&mut self, item: &Ty, items: &[Expr], span: Span) -> Typed {
        let mut nodes = Vec::with_capacity(items.len());
        for value in items {
            let typed = self.value_as(value, item);
            nodes.push(self.convert_to(typed, item).node);
        }
        Typed::new(Node::Array(item.clone(), nodes.into()), Ty::array(item.clone()), span)
    }

    // The type of an expression without what typing it leaves behind.
    fn peeked(&mut self, expr: &Expr) -> Ty {
        let lambda = crate::expr::syntax::Lambda {
            parameters: Vec::new(),
            body: crate::expr::syntax::LambdaBody::Expression(expr.clone()),
            unpacked: Vec::new(),
        };
        self.trial(&lambda, &[], expr.span)
    }

    pub(super) fn sized_array(
        &mut self,
        written: &TypeName,
        lengths: &[Expr],
        items: Option<&[Expr]>,
        span: Span,
    ) -> Typed {
        let item = self.resolve(written);
        let dimensions = u16::try_from(lengths.len()).unwrap_or(u16::MAX);
        let mut nodes = Vec::new();
        for length in lengths {
            let typed = self.value(length);
            let ty = match typed.ty {
                Ty::UInt32 | Ty::Int64 | Ty::UInt64 => typed.ty.clone(),
                _ => Ty::Int32,
            };
            let typed = self.convert_to(typed, &ty);
            if let Node::Constant(Value::Int32(i32::MIN..0) | Value::Int64(i64::MIN..0)) = &typed.node {
                self.report("constant", length.span, "an array cannot have a negative length");
            }
            let typed = Typed::new(apply(explicit(&ty, &Ty::Int32).flatten(), typed.node), Ty::Int32, length.span);
            nodes.push(typed.node);
        }
        if item == Ty::Error {
            return Typed::error(span);
        }
        if let Some(items) = items {
            self.check_lengths(&nodes, lengths, items);
            return self.new_array(Some(written), dimensions, items, span);
        }
        let Some(default) = item.default_value() else {
            self.unsupported(span, &format!("`new {item}[…]`"));
            return Typed::error(span);
        };
        let ty = Ty::array_of(item.clone(), dimensions);
        let node = match <[Node; 1]>::try_from(nodes) {
            Ok([length]) => Node::SizedArray(item, default, Box::new(length)),
            Err(nodes) => Node::SizedGrid(item, default, nodes.into()),
        };
        Typed::new(node, ty, span)
    }

    // Beside items, the lengths only repeat what the items say.
    fn check_lengths(&mut self, nodes: &[Node], lengths: &[Expr], items: &[Expr]) {
        let mut level = items;
        for (node, length) in nodes.iter().zip(lengths) {
            match node {
                Node::Constant(Value::Int32(number)) => {
                    if usize::try_from(*number) != Ok(level.len()) {
                        let message = format!("expected {number} items, found {}", level.len());
                        self.report("constant", length.span, message);
                    }
                }
                _ => self.report("constant", length.span, "beside items, the length of an array is a constant"),
            }
            level = match level.first().map(|item| &item.kind) {
                Some(ExprKind::ArrayItems(inner)) => inner,
                _ => &[],
            };
        }
    }

    /// An array of several dimensions from its items.
    pub(super) fn grid_of(&mut self, item: &Ty, dimensions: u16, items: &[Expr], span: Span) -> Typed {
        let mut lengths = Vec::new();
        let mut level = items;
        for _ in 0..dimensions {
            lengths.push(level.len());
            level = match level.first().map(|item| &item.kind) {
                Some(ExprKind::ArrayItems(inner)) => inner,
                _ => &[],
            };
        }
        let mut nodes = Vec::new();
        self.grid_items(item, &lengths, items, &mut nodes);
        let ty = Ty::array_of(item.clone(), dimensions);
        Typed::new(Node::Grid(item.clone(), lengths.into(), nodes.into()), ty, span)
    }

    fn grid_items(&mut self, item: &Ty, lengths: &[usize], items: &[Expr], nodes: &mut Vec<Node>) {
        let Some((length, rest)) = lengths.split_first() else { return };
        if let (true, Some(first)) = (items.len() != *length, items.first()) {
            self.report("type-mismatch", first.span, format!("expected {length} items as in the first row"));
        }
        for value in items {
            match &value.kind {
                ExprKind::ArrayItems(inner) if !rest.is_empty() => self.grid_items(item, rest, inner, nodes),
                _ if rest.is_empty() => {
                    let typed = self.value_as(value, item);
                    nodes.push(self.convert_to(typed, item).node);
                }
                _ => self.report("type-mismatch", value.span, "these items need braces: the array has more dimensions"),
            }
        }
    }

    /// The indices of an element of an array of several dimensions.
    pub(super) fn grid_indices(&mut self, indices: Vec<Typed>, dimensions: u16, span: Span) -> Option<Box<[Node]>> {
        if indices.len() != usize::from(dimensions) {
            self.report("no-overload", span, format!("this array takes {dimensions} indices"));
            return None;
        }
        Some(indices.into_iter().map(|index| self.array_index(index).node).collect())
    }

    pub(super) fn anonymous(&mut self, members: &[(Ident, Expr)], span: Span) -> Typed {
        let named = members.iter().map(|(name, value)| (Some(name), value));
        self.record(RecordKind::Anonymous, named, span)
    }

    pub(super) fn tuple(&mut self, members: &[(Option<Ident>, Expr)], span: Span) -> Typed {
        self.record(RecordKind::Tuple, members.iter().map(|(name, value)| (name.as_ref(), value)), span)
    }

    fn record<'e>(
        &mut self,
        kind: RecordKind,
        members: impl Iterator<Item = (Option<&'e Ident>, &'e Expr)>,
        span: Span,
    ) -> Typed {
        let (mut types, mut nodes) = (Vec::<(Arc<str>, Ty)>::new(), Vec::new());
        let mut failed = false;
        for (name, value) in members {
            let typed = self.value(value);
            if matches!(typed.ty, Ty::Null | Ty::Void) {
                self.report(
                    "type-mismatch",
                    typed.span,
                    "this member has no type; a cast gives one, as in `(string)null`",
                );
            }
            failed |= matches!(typed.ty, Ty::Error | Ty::Null | Ty::Void);
            let text: Arc<str> = name.map_or_else(|| "".into(), |name| Arc::clone(&name.text));
            if !text.is_empty() && types.iter().any(|(other, _)| *other == text) {
                self.report("duplicate-name", typed.span, format!("there are two members `{text}`"));
            }
            types.push((text, typed.ty));
            nodes.push(typed.node);
        }
        if failed {
            return Typed::error(span);
        }
        let ty = Ty::Record(kind, types.into());
        Typed::new(Node::Record(ty.clone(), nodes.into()), ty, span)
    }
}

// The innermost items of an array of several dimensions.
fn leaves_of<'e>(items: &'e [Expr], dimensions: u16, leaves: &mut Vec<&'e Expr>) {
    for item in items {
        match &item.kind {
            ExprKind::ArrayItems(inner) if dimensions > 1 => leaves_of(inner, dimensions - 1, leaves),
            _ => leaves.push(item),
        }
    }
}
