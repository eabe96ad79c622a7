//! Names, members and indexers, against the one table. Calls are in `call`.

use std::sync::Arc;

use super::binary::unwrapped;
use super::overload::{self, Found, Given};
use super::{Checker, Typed, Use};
use crate::expr::bcl::{Member, Run, TABLE};
use crate::expr::generic::{field, item_type, may_unify, substitute, supertypes, unify};
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
        match Ty::written(name) {
            Named::Type(ty) => Operand::Type(ty),
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
                        .chain(["context", "return", "throw", "foreach", "while", "switch"]);
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
                if let Named::Type(nested) = Ty::written(&format!("{ty}.{}", name.text)) {
                    return Operand::Type(nested);
                }
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
            .filter(|member| {
                let by_name = is_static && home(member).is_some_and(|class| *ty == Ty::Class(class));
                let is_one = member.is_static == is_static && member.form != Form::Constructor;
                let is_shown = |level: &Ty| {
                    let is_hidden = level.is_interface() && !ty.is_interface() && !member.is_extension;
                    !is_hidden && owns(member, level).is_some()
                };
                by_name || is_one && levels(ty).iter().any(is_shown)
            })
            .collect();
        if here.iter().any(|member| member.name == name.text) {
            let message = format!("`{}` is a method of `{ty}`, and it is not called", name.text);
            let help = Some(format!("call it: `{}(…)`", name.text));
            return self.problems.add_with_help("type-mismatch", name.span, message, help);
        }
        let names = || here.iter().map(|member| &*member.name);
        let help = nearest(&name.text, names())
            .or_else(|| Some(format!("did you mean `{}`?", elsewhere(&name.text, names())?)))
            .or_else(|| further(ty, &name.text, &here))
            .or_else(|| of_json_or_object(ty, &name.text));
        let kind = if is_static { "static member" } else { "member" };
        let message = format!("`{ty}` has no {kind} `{}` that is supported", name.text);
        self.problems.add_with_help("unknown-member", name.span, message, help);
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
        let help = match &receiver.ty {
            Ty::Object => Some("cast it first, as in `((JObject)x)[\"name\"]`".to_owned()),
            ty if item_type(ty).is_some() => Some("`.ElementAt(…)` gives one of them".to_owned()),
            _ => None,
        };
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

// The type and what it derives from, `object` last.
pub(super) fn levels(ty: &Ty) -> Vec<Ty> {
    let mut levels = supertypes(ty);
    if !matches!(ty, Ty::Object | Ty::Error | Ty::Null | Ty::Void) {
        levels.push(Ty::Object);
    }
    levels
}

// What other languages call by this name, and some of .NET's own classes.
fn elsewhere<'n>(name: &str, mut names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    const OTHERS: [(&str, &[&str]); 9] = [
        ("Length", &["Count"]),
        ("Size", &["Length", "Count"]),
        ("Get", &["GetValueOrDefault", "GetValue"]),
        ("ToUpperCase", &["ToUpper"]),
        ("ToLowerCase", &["ToLower"]),
        ("Includes", &["Contains"]),
        ("Filter", &["Where"]),
        ("Map", &["Select"]),
        ("Push", &["Add"]),
    ];
    let (_, here) = OTHERS.iter().find(|(other, _)| other.eq_ignore_ascii_case(name))?;
    names.find(|name| here.contains(name))
}

// A part of the context that has the member: `Url.Path` for `Path` of the request.
fn further(ty: &Ty, name: &str, here: &[&Member]) -> Option<String> {
    let is_of_context = |ty: &Ty| matches!(ty, Ty::Class(class) if class.namespace().is_empty());
    if !is_of_context(ty) {
        return None;
    }
    let parts = here.iter().filter(|member| member.form == Form::Property && is_of_context(&member.result));
    let has = |part: &&&Member| {
        let named = TABLE.members().filter(|member| member.owner == part.result && !member.is_static);
        named.into_iter().find(|member| member.name.eq_ignore_ascii_case(name))
    };
    let (part, member) = parts.filter_map(|part| Some((part, has(&part)?))).min_by_key(|(part, _)| part.name.len())?;
    Some(format!("there is `{}.{}`", part.name, member.name))
}

// What an object is, and a member of JSON, nobody knows before it runs.
fn of_json_or_object(ty: &Ty, name: &str) -> Option<String> {
    match ty {
        Ty::Object => Some("an `object` is cast first, as in `((string)x)`".to_owned()),
        Ty::Class(Class::JToken | Class::JObject) => {
            Some(format!("a member of JSON stands in brackets: `[\"{name}\"]`"))
        }
        _ => None,
    }
}

/// The class by whose name an extension of sequences can be called.
pub(super) fn home(member: &Member) -> Option<Class> {
    let item = match &member.owner {
        _ if !member.is_extension => return None,
        Ty::Generic(Class::IEnumerable | Class::IOrderedEnumerable, items) => items.first(),
        Ty::Class(Class::IEnumerable) => None,
        _ => return None,
    };
    Some(match item {
        Some(Ty::Class(class)) if class.namespace() == "System.Xml.Linq" => Class::XmlExtensions,
        Some(Ty::Class(class)) if class.namespace() == "Newtonsoft.Json.Linq" => Class::JsonExtensions,
        Some(_) | None => Class::Enumerable,
    })
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
