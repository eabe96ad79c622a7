//! Names, members, indexers, calls and constructors, against the one table.

use std::sync::Arc;

use super::binary::unwrapped;
use super::convert::{apply, implicit};
use super::overload::{self, Found, Given};
use super::{Checker, Typed, Use};
use crate::expr::bcl::{Member, Run, TABLE};
use crate::expr::generic::{delegate, field, may_unify, substitute, supertypes, unify};
use crate::expr::node::{BinaryNode, CallNode, Conversion, Cost, Lifted, Node, Operands, ReceiverRule};
use crate::expr::parse::signature::Form;
use crate::expr::parse::types::PREDEFINED;
use crate::expr::problem::nearest;
use crate::expr::syntax::{Argument, BinaryOp, Expr, ExprKind, Ident, Overflow, TypeName};
use crate::expr::ty::{Class, Named, Ty};
use crate::span::Span;
use crate::value::Value;

/// What stands before a dot.
pub(super) enum Operand {
    Value(Typed),
    Type(Ty),
    Namespace(String),
    Error,
}

impl Checker<'_> {
    /// A name or a member that must be a value.
    pub(super) fn member_value(&mut self, expr: &Expr) -> Typed {
        match self.operand(expr) {
            Operand::Value(typed) => Typed { span: expr.span, ..typed },
            Operand::Error => Typed::error(expr.span),
            Operand::Type(ty) => {
                self.report("type-mismatch", expr.span, format!("`{ty}` is a type, and a value is expected"));
                Typed::error(expr.span)
            }
            Operand::Namespace(name) => {
                self.report("type-mismatch", expr.span, format!("`{name}` is a namespace, and a value is expected"));
                Typed::error(expr.span)
            }
        }
    }

    pub(super) fn operand(&mut self, expr: &Expr) -> Operand {
        match &expr.kind {
            ExprKind::Name(name) => self.name(name),
            ExprKind::PredefinedType(name) => self.type_operand(name, expr.span),
            ExprKind::GenericType(written) => match self.resolve(written) {
                Ty::Error => Operand::Error,
                ty => Operand::Type(ty),
            },
            ExprKind::Member(inner, name, arguments) => match self.operand(inner) {
                Operand::Error => Operand::Error,
                Operand::Namespace(space) if !arguments.is_empty() => {
                    let text: Arc<str> = format!("{space}.{}", name.text).into();
                    let written = TypeName { arguments: arguments.clone(), ..TypeName::plain(text, expr.span) };
                    match self.resolve(&written) {
                        Ty::Error => Operand::Error,
                        ty => Operand::Type(ty),
                    }
                }
                Operand::Namespace(space) => self.in_namespace(&format!("{space}.{}", name.text), name.span),
                Operand::Type(ty) => self.static_property(&ty, name),
                Operand::Value(receiver) => Operand::Value(self.property(receiver, name)),
            },
            _ => Operand::Value(self.value(expr)),
        }
    }

    /// What stands before a dot, when that is a value.
    pub(super) fn receiver(&mut self, expr: &Expr) -> Option<Typed> {
        match self.operand(expr) {
            Operand::Value(typed) if typed.ty != Ty::Error => Some(typed),
            Operand::Value(_) | Operand::Type(_) | Operand::Namespace(_) | Operand::Error => None,
        }
    }

    fn name(&mut self, name: &Ident) -> Operand {
        if let Some(local) = self.local(&name.text) {
            match local.use_ {
                Use::Constant(value) => {
                    return Operand::Value(Typed::new(Node::Constant(value), local.ty, name.span));
                }
                Use::Function(_) => {
                    let message = format!("`{}` is a function, and it is not called", name.text);
                    let help = Some(format!("call it: `{}(…)`", name.text));
                    self.problems.add_with_help("type-mismatch", name.span, message, help);
                    return Operand::Error;
                }
                Use::Alias(place) => {
                    self.stays_here(name);
                    if let Some(place) = place {
                        return Operand::Value(self.load(&place, &local.ty, name.span));
                    }
                }
                Use::Variable | Use::ReadOnly(_) => {}
            }
            if !self.frame.assigned.contains(local.slot) {
                self.report("unassigned", name.span, format!("`{}` may have no value here", name.text));
            }
            return Operand::Value(Typed::new(Node::Local(local.slot), local.ty, name.span));
        }
        if &*name.text == "context" {
            return Operand::Value(Typed::new(Node::Context, Ty::Class(Class::Context), name.span));
        }
        // `@int` is a name like any other, and not the keyword.
        if PREDEFINED.contains(&&*name.text) {
            self.report("unknown-name", name.span, format!("unknown name `@{}`", name.text));
            return Operand::Error;
        }
        self.type_operand(&name.text, name.span)
    }

    fn type_operand(&mut self, name: &str, span: Span) -> Operand {
        match Ty::named(name) {
            Named::Type(ty) => Operand::Type(ty),
            Named::Unbuilt => {
                self.unsupported(span, &format!("`{name}`"));
                Operand::Error
            }
            Named::Unknown if is_namespace(name) => Operand::Namespace(name.to_owned()),
            Named::Unknown => {
                if !name.is_empty() {
                    let frames = self.outer.iter().chain(std::iter::once(&self.frame));
                    let locals: Vec<_> = frames
                        .flat_map(|frame| frame.scopes.iter().flatten())
                        .map(|local| local.name.clone())
                        .collect();
                    let names = locals
                        .iter()
                        .map(|name| &**name)
                        .chain(Ty::names().map(|name| -> &str { name }))
                        .chain(std::iter::once("context"));
                    let help = nearest(name, names);
                    self.problems.add_with_help("unknown-name", span, format!("unknown name `{name}`"), help);
                }
                Operand::Error
            }
        }
    }

    fn in_namespace(&mut self, name: &str, span: Span) -> Operand {
        if is_namespace(name) {
            return Operand::Namespace(name.to_owned());
        }
        self.type_operand(name, span)
    }

    fn static_property(&mut self, ty: &Ty, name: &Ident) -> Operand {
        let found = members_of(ty, &name.text, true);
        let property = found.iter().find(|(member, _)| member.form == Form::Property);
        match property {
            Some((member, _)) => Operand::Value(self.emit_property(member, None, &[], name.span)),
            None => {
                self.unknown_member(ty, name, true);
                Operand::Error
            }
        }
    }

    pub(super) fn property(&mut self, receiver: Typed, name: &Ident) -> Typed {
        if receiver.ty == Ty::Error || name.text.is_empty() {
            return Typed::error(name.span);
        }
        if let Some((at, ty)) = field(&receiver.ty, &name.text) {
            return Typed::new(Node::Field(Box::new(receiver.node), at), ty, name.span);
        }
        if let Ty::Nullable(inner) = &receiver.ty {
            let inner = (**inner).clone();
            return self.nullable_property(receiver, &inner, name);
        }
        for level in levels(&receiver.ty) {
            let found = visible(&receiver.ty, &level, &name.text);
            if let Some((member, bindings)) = found.iter().find(|(member, _)| member.form == Form::Property) {
                let types: Vec<Ty> = bindings.iter().map(|ty| ty.clone().unwrap_or(Ty::Error)).collect();
                return self.emit_property(member, Some(receiver.node), &types, name.span);
            }
        }
        self.unknown_member(&receiver.ty, name, false);
        Typed::error(name.span)
    }

    fn nullable_property(&mut self, receiver: Typed, inner: &Ty, name: &Ident) -> Typed {
        match &*name.text {
            "Value" => {
                let node = Node::Convert(Conversion::Unwrap(inner.clone()), Box::new(receiver.node));
                Typed::new(node, inner.clone(), name.span)
            }
            "HasValue" => {
                let node = BinaryNode {
                    operator: BinaryOp::NotEqual,
                    operands: Operands::Reference,
                    lifted: Lifted::No,
                    overflow: Overflow::Wraps,
                    left: receiver.node,
                    right: Node::Constant(Value::Null),
                };
                Typed::new(Node::Binary(Box::new(node)), Ty::Bool, name.span)
            }
            _ => {
                let help = Some(format!("`.Value` gives the `{inner}`"));
                let message = format!("`{}` has no member `{}`", receiver.ty, name.text);
                self.problems.add_with_help("unknown-member", name.span, message, help);
                Typed::error(name.span)
            }
        }
    }

    fn emit_property(&mut self, member: &Member, receiver: Option<Node>, types: &[Ty], span: Span) -> Typed {
        self.uses(member);
        if let (Run::Part(part), Some(steps)) = (member.run, receiver.as_ref().and_then(steps_to)) {
            return Typed::new(Node::Part(part, steps + 1), substitute(&member.result, types), span);
        }
        if let Some(value) = crate::expr::fold::member(&member.owner, &member.name).filter(|_| member.is_static) {
            return Typed::new(Node::Constant(value), member.result.clone(), span);
        }
        let rule = if receiver.is_some() { ReceiverRule::NotNull } else { ReceiverRule::None };
        if let Run::Enum(value) = member.run {
            return Typed::new(Node::Constant(Value::Enum(value)), member.result.clone(), span);
        }
        let call = CallNode {
            run: member.run,
            arguments: receiver.into_iter().collect(),
            types: types.into(),
            receiver: rule,
            cost: Cost::of(member.form),
        };
        Typed::new(Node::Call(Box::new(call)), substitute(&member.result, types), span)
    }

    pub(super) fn unknown_member(&mut self, ty: &Ty, name: &Ident, is_static: bool) {
        let here: Vec<&Member> = TABLE
            .members()
            .filter(|member| member.is_static == is_static && member.form != Form::Constructor)
            .filter(|member| {
                levels(ty).iter().any(|level| {
                    let is_hidden = level.is_interface() && !ty.is_interface() && !member.is_extension;
                    !is_hidden && owns(member, level).is_some()
                })
            })
            .collect();
        if here.iter().any(|member| member.name == name.text) {
            let message = format!("`{}` is a method of `{ty}`, and it is not called", name.text);
            let help = Some(format!("call it: `{}(…)`", name.text));
            return self.problems.add_with_help("type-mismatch", name.span, message, help);
        }
        let help = nearest(&name.text, here.iter().map(|member| &*member.name));
        let kind = if is_static { "static member" } else { "member" };
        let message = format!("`{ty}` has no {kind} `{}` that is supported", name.text);
        self.problems.add_with_help("unknown-member", name.span, message, help);
    }

    pub(super) fn call(&mut self, callee: &Expr, arguments: &[Argument], span: Span) -> Typed {
        let ExprKind::Member(inner, name, type_arguments) = &callee.kind else {
            return self.call_of_name(callee, arguments, span);
        };
        let operand = self.operand(inner);
        if let Operand::Value(receiver) = &operand
            && delegate(&receiver.ty).is_some()
            && &*name.text == "Invoke"
        {
            let Operand::Value(receiver) = operand else { return Typed::error(span) };
            return self.invocation(receiver, arguments, span);
        }
        if name.text.starts_with("op_") {
            let message = format!("`{}` is an operator, which is not called by its name", name.text);
            self.report("type-mismatch", name.span, message);
            return Typed::error(span);
        }
        let explicit: Vec<Ty> = type_arguments.iter().map(|ty| self.resolve(ty)).collect();
        let given = self.given(arguments);
        let failed = given.iter().any(|given| given.typed.ty == Ty::Error) || explicit.contains(&Ty::Error);
        match operand {
            Operand::Error => {
                self.settle(&given);
                Typed::error(span)
            }
            Operand::Namespace(space) => {
                self.report("unknown-name", name.span, format!("`{space}.{}` is not a method", name.text));
                Typed::error(span)
            }
            Operand::Type(ty) if failed => {
                self.known_method(&ty, name, true);
                self.settle(&given);
                Typed::error(span)
            }
            Operand::Value(receiver) if failed || receiver.ty == Ty::Error => {
                self.known_method(&receiver.ty, name, false);
                self.settle(&given);
                Typed::error(span)
            }
            Operand::Type(ty) => self.invoke(&ty, None, name, &explicit, given, span),
            Operand::Value(receiver) => {
                let ty = receiver.ty.clone();
                self.invoke(&ty, Some(receiver), name, &explicit, given, span)
            }
        }
    }

    // `f(x)` of a delegate or a local function, and `nameof(x)`.
    fn call_of_name(&mut self, callee: &Expr, arguments: &[Argument], span: Span) -> Typed {
        if let ExprKind::GenericType(written) = &callee.kind
            && let Some(local) = self.local(&written.name)
            && let Use::Function(_) = local.use_
        {
            let explicit: Vec<Ty> = written.arguments.iter().map(|ty| self.resolve(ty)).collect();
            let name = Ident { text: Arc::clone(&written.name), span: callee.span };
            return self.call_of_function(&name, &local, &explicit, arguments, span);
        }
        let ExprKind::Name(name) = &callee.kind else {
            let callee = self.value(callee);
            if callee.ty == Ty::Error {
                self.given(arguments);
                return Typed::error(span);
            }
            return self.invocation(callee, arguments, span);
        };
        if let (true, [argument]) = (&*name.text == "nameof" && !self.is_declared("nameof"), arguments) {
            return self.name_of(&argument.value, span);
        }
        if let Some(local) = self.local(&name.text) {
            if let Use::Function(_) = local.use_ {
                return self.call_of_function(name, &local, &[], arguments, span);
            }
            let callee = self.value(callee);
            return self.invocation(callee, arguments, span);
        }
        self.given(arguments);
        self.report("unknown-name", callee.span, format!("`{}` is not a method", name.text));
        Typed::error(span)
    }

    // An unknown method is named even when an argument is wrong as well.
    fn known_method(&mut self, ty: &Ty, name: &Ident, is_static: bool) {
        let known = levels(ty).iter().any(|level| !members_of(level, &name.text, is_static).is_empty());
        if !known && *ty != Ty::Error {
            self.unknown_member(ty, name, is_static);
        }
    }

    pub(super) fn call_of_value(
        &mut self,
        receiver: Typed,
        name: &'static str,
        given: Vec<Given<'_>>,
        span: Span,
    ) -> Typed {
        let name = Ident { text: name.into(), span };
        let ty = receiver.ty.clone();
        self.invoke(&ty, Some(receiver), &name, &[], given, span)
    }

    pub(super) fn call_of_type(&mut self, ty: &Ty, name: &'static str, given: Vec<Given<'_>>, span: Span) -> Typed {
        self.invoke(ty, None, &Ident { text: name.into(), span }, &[], given, span)
    }

    fn invoke(
        &mut self,
        ty: &Ty,
        receiver: Option<Typed>,
        name: &Ident,
        explicit: &[Ty],
        given: Vec<Given<'_>>,
        span: Span,
    ) -> Typed {
        let is_static = receiver.is_none();
        let mut first: Option<Found<'_>> = None;
        for level in levels(ty) {
            // Members of the type and of its values are one group, of which the best must be of the kind that is asked for.
            let mut found = visible(ty, &level, &name.text);
            found.retain(|(member, _)| !is_static || !member.is_extension);
            found.extend(members_of(&level, &name.text, true));
            found.retain(|(member, _)| member.form == Form::Method);
            if explicit.is_empty() && is_one_of_several(&level, ty) {
                found.retain(|(member, _)| member.owner_type_parameters == 0);
            }
            let (near, far) = found.into_iter().partition::<Found<'_>, _>(|(member, _)| is_near(member));
            let candidate = match self.choose(&near, explicit, &given, name.span) {
                Some(candidate) => Some(candidate),
                None => self.choose(&far, explicit, &given, name.span),
            };
            let mut found = [near, far].concat();
            if let Some(candidate) = candidate {
                if candidate.member.is_static != is_static {
                    self.other_kind(ty, name, is_static);
                    self.settle(&given);
                    return Typed::error(span);
                }
                let rule = match &receiver {
                    // `ToString` and `Equals` of a `T?` work without a value too.
                    None => ReceiverRule::None,
                    Some(_) if candidate.member.is_extension => ReceiverRule::None,
                    Some(receiver) if matches!(receiver.ty, Ty::Nullable(_)) => ReceiverRule::None,
                    Some(_) => ReceiverRule::NotNull,
                };
                let receiver = receiver.map(|receiver| match &level {
                    // A `JObject` is enumerated as tokens, unless it is seen as a sequence of pairs.
                    Ty::Generic(Class::IEnumerable, _) => {
                        apply(implicit(&receiver.ty, &level).flatten(), receiver.node)
                    }
                    _ => receiver.node,
                });
                return self.emit(&candidate, receiver, rule, given, span);
            }
            found.retain(|(member, _)| member.is_static == is_static);
            if !found.is_empty() && first.is_none() {
                first = Some(found);
            }
        }
        if name.text.is_empty() {
            return Typed::error(span);
        }
        if let (Ty::Class(Class::Enumerable), None, false) = (ty, &first, given.is_empty()) {
            return self.extension_by_name(name, explicit, given, span);
        }
        match first {
            Some(found) => self.no_overload(&name.text, &found, &given, name.span),
            None => self.unknown_method(ty, name, is_static),
        }
        self.settle(&given);
        Typed::error(span)
    }

    // `Enumerable.Count(items)` is `items.Count()`.
    fn extension_by_name(&mut self, name: &Ident, explicit: &[Ty], mut given: Vec<Given<'_>>, span: Span) -> Typed {
        let receiver = given.remove(0).typed;
        for level in levels(&receiver.ty) {
            let mut found = members_of(&level, &name.text, false);
            found.retain(|(member, _)| member.form == Form::Method && member.is_extension);
            if explicit.is_empty() && is_one_of_several(&level, &receiver.ty) {
                continue;
            }
            if let Some(candidate) = self.choose(&found, explicit, &given, name.span) {
                return self.emit(&candidate, Some(receiver.node), ReceiverRule::None, given, span);
            }
        }
        let ty = receiver.ty.clone();
        self.invoke(&ty, Some(receiver), name, explicit, given, span)
    }

    fn unknown_method(&mut self, ty: &Ty, name: &Ident, is_static: bool) {
        let other = levels(ty).iter().any(|level| !members_of(level, &name.text, !is_static).is_empty());
        if other {
            return self.other_kind(ty, name, is_static);
        }
        let property = levels(ty).iter().any(|level| {
            members_of(level, &name.text, is_static).iter().any(|(member, _)| member.form == Form::Property)
        });
        if property {
            let message = format!("`{}` of `{ty}` is a property and takes no arguments", name.text);
            return self.report("type-mismatch", name.span, message);
        }
        self.unknown_member(ty, name, is_static);
    }

    fn other_kind(&mut self, ty: &Ty, name: &Ident, is_static: bool) {
        let message = if is_static {
            format!("`{}` belongs to a value of `{ty}`, not to the type", name.text)
        } else {
            format!("`{}` belongs to the type `{ty}`, not to a value of it", name.text)
        };
        self.report("type-mismatch", name.span, message);
    }

    pub(super) fn no_overload(&mut self, name: &str, found: &Found<'_>, given: &[Given<'_>], span: Span) {
        let types: Vec<String> = given.iter().map(overload::shown).collect();
        let message = format!("no overload of `{name}` takes ({})", types.join(", "));
        let signatures: Vec<String> =
            found.iter().take(4).map(|(member, _)| format!("`{}`", member.signature)).collect();
        let help = Some(format!("there is {}", signatures.join(", ")));
        self.problems.add_with_help("no-overload", span, message, help);
    }

    pub(super) fn index(&mut self, receiver: &Expr, arguments: &[Argument], span: Span) -> Typed {
        let receiver = self.value(receiver);
        let given = self.given(arguments);
        if receiver.ty == Ty::Error || given.iter().any(|given| given.typed.ty == Ty::Error) {
            return Typed::error(span);
        }
        self.index_of(receiver, given, span)
    }

    pub(super) fn index_of(&mut self, receiver: Typed, mut given: Vec<Given<'_>>, span: Span) -> Typed {
        if let Ty::Grid(item, dimensions) = &receiver.ty {
            let indices = given.into_iter().map(|given| given.typed).collect();
            let Some(indices) = self.grid_indices(indices, *dimensions, span) else { return Typed::error(span) };
            let item = (**item).clone();
            return Typed::new(Node::GridElement(Box::new(receiver.node), indices), item, span);
        }
        if let Ty::Array(item) = &receiver.ty {
            let Some(Given { typed, .. }) = given.pop().filter(|_| given.is_empty()) else {
                self.report("no-overload", span, "an array takes one index");
                return Typed::error(span);
            };
            let index = self.array_index(typed);
            return Typed::new(Node::Element(Box::new((receiver.node, index.node))), (**item).clone(), span);
        }
        let (plain, _) = unwrapped(&receiver.ty);
        for level in levels(plain) {
            let mut found = visible(plain, &level, "this");
            found.retain(|(member, _)| member.form == Form::Indexer);
            if let Some(candidate) = self.choose(&found, &[], &given, span) {
                return self.emit(&candidate, Some(receiver.node), ReceiverRule::NotNull, given, span);
            }
        }
        let types: Vec<String> = given.iter().map(overload::shown).collect();
        let message = format!("`{}` takes no index ({})", receiver.ty, types.join(", "));
        let help = (receiver.ty == Ty::Object).then(|| "cast it first, as in `((JObject)x)[\"name\"]`".to_owned());
        self.problems.add_with_help("no-overload", span, message, help);
        Typed::error(span)
    }
}

// How many steps a part of `context` takes that always exists.
const fn steps_to(node: &Node) -> Option<u32> {
    match node {
        Node::Context => Some(0),
        Node::Part(_, steps) => Some(*steps),
        _ => None,
    }
}

// Whether a type stands in it or further inside.
fn is_namespace(name: &str) -> bool {
    let is_inside = |space: &str| space.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    !name.is_empty() && Class::ALL.iter().any(|class| is_inside(class.namespace()))
}

// Whether the member is an extension of the gateway's own for dictionaries, which stand nearer to an expression than those of .NET.
fn is_near(member: &Member) -> bool {
    let is_default = &*member.name == "GetValueOrDefault";
    let is_plain = (member.is_extension || is_default) && member.owner_type_parameters == 0;
    is_plain && matches!(member.owner, Ty::Generic(Class::Dictionary | Class::ReadOnlyDictionary, _))
}

// Whether the type is the same generic one in another way too, so that nothing is inferred from this one: `JObject` is a sequence of
// tokens and of pairs.
fn is_one_of_several(level: &Ty, ty: &Ty) -> bool {
    let Ty::Generic(class, _) = level else { return false };
    let is_other = |other: &Ty| matches!(other, Ty::Generic(other, _) if other == class) && other != level;
    level != ty && levels(ty).iter().any(is_other)
}

// The type and what it derives from, `object` last.
pub(super) fn levels(ty: &Ty) -> Vec<Ty> {
    let mut levels = supertypes(ty);
    if !matches!(ty, Ty::Object | Ty::Error | Ty::Null | Ty::Void) {
        levels.push(Ty::Object);
    }
    levels
}

// What the owner's type parameters become when the member is one of `ty`.
fn owns(member: &Member, ty: &Ty) -> Option<Vec<Option<Ty>>> {
    if !may_unify(&member.owner, ty) {
        return None;
    }
    let mut bindings = vec![None; member.type_parameters];
    // `IEnumerable<XElement>` has the extensions of `IEnumerable<XNode>`.
    let varies = || member.is_extension && member.owner_type_parameters == 0 && ty.converts_to(&member.owner);
    (unify(&member.owner, ty, &mut bindings) || varies()).then_some(bindings)
}

/// The members that a value of type `ty` has at one of its levels: a class shows what it implements of an interface only where it
/// says so itself, and extension methods.
pub(super) fn visible(ty: &Ty, level: &Ty, name: &str) -> Found<'static> {
    let mut found = members_of(level, name, false);
    if level.is_interface() && !ty.is_interface() {
        found.retain(|(member, _)| member.is_extension);
    }
    found
}

pub(super) fn members_of(ty: &Ty, name: &str, is_static: bool) -> Found<'static> {
    TABLE
        .named(name)
        .iter()
        .filter(|member| member.is_static == is_static)
        .filter_map(|member| owns(member, ty).map(|bindings| (member, bindings)))
        .collect()
}
