//! Calls of methods, delegates and local functions, against the one table.

use std::sync::Arc;

use super::convert::{apply, implicit};
use super::member::{Operand, home, levels, members_of, visible};
use super::overload::{self, Found, Given, Open};
use super::{Checker, Typed, Use};
use crate::expr::bcl::{Member, TABLE};
use crate::expr::generic::{delegate, substitute};
use crate::expr::node::{CallNode, Cost, Node, ReceiverRule};
use crate::expr::parse::signature::Form;
use crate::expr::syntax::{Argument, Expr, ExprKind, Ident};
use crate::expr::ty::{Class, Ty};
use crate::span::Span;

impl Checker<'_> {
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
                if ty.class().is_some_and(Class::is_changed_in_place) && given.is_empty() && explicit.is_empty() {
                    return self.call_in_place(inner, receiver, name, span);
                }
                self.invoke(&ty, Some(receiver), name, &explicit, given, span)
            }
        }
    }

    // What a member makes of a structure takes its place, where that is a variable.
    fn call_in_place(&mut self, place: &Expr, receiver: Typed, name: &Ident, span: Span) -> Typed {
        let found = members_of(&receiver.ty, &name.text, false).into_iter();
        let Some((member, bindings)) = found.into_iter().find(|(member, _)| member.form == Form::Method) else {
            let ty = receiver.ty.clone();
            return self.invoke(&ty, Some(receiver), name, &[], Vec::new(), span);
        };
        let (mut slots, mut before, mut after) = (Vec::new(), Vec::new(), Vec::new());
        let structure = self.structure(place, receiver.node, &mut slots, &mut before, &mut after);
        self.uses(member);
        let types: Vec<Ty> = bindings.into_iter().map(|ty| ty.unwrap_or(Ty::Error)).collect();
        let call = CallNode {
            run: member.run,
            arguments: Box::new([structure]),
            types: types.into(),
            receiver: ReceiverRule::NotNull,
            cost: Cost::of(member.form),
        };
        let node = Node::Out(Box::new((call, slots.into())));
        Typed::new(self.around(before, node, after, span), member.result.clone(), span)
    }

    // The value of a structure; the slot that it is put back to goes to `slots`.
    fn structure(
        &mut self,
        place: &Expr,
        value: Node,
        slots: &mut Vec<u16>,
        before: &mut Vec<Node>,
        after: &mut Vec<Node>,
    ) -> Node {
        match &place.kind {
            ExprKind::Paren(inner) => return self.structure(inner, value, slots, before, after),
            // A variable that cannot be assigned to changes as well.
            ExprKind::Name(name) => {
                if let Some(local) = self.local(&name.text)
                    && matches!(local.use_, Use::Variable | Use::ReadOnly(_))
                {
                    self.frame.stored.insert(local.slot);
                    slots.push(local.slot);
                    return value;
                }
            }
            _ => {}
        }
        if self.is_variable(place) {
            return self.lent(place, slots, before, after);
        }
        slots.push(self.slot(place.span));
        value
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
            let is_open = explicit.is_empty() && is_one_of_several(&level, ty);
            if is_open {
                found = unbound(found);
            }
            let (near, far) = found.into_iter().partition::<Found<'_>, _>(|(member, _)| is_near(member));
            let candidate = match self.choose(&near, explicit, &given, name.span) {
                Some(candidate) => Some(candidate),
                None => self.choose(&far, explicit, &given, name.span),
            };
            let candidate = candidate.filter(|candidate| !is_open || candidate.is_of(&level));
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
                let receiver = receiver.map(|receiver| seen_as(receiver, &level));
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
        if let Ty::Class(class @ (Class::Enumerable | Class::XmlExtensions | Class::JsonExtensions)) = ty
            && first.is_none()
            && !given.is_empty()
        {
            return self.extension_by_name(*class, name, explicit, given, span);
        }
        match first {
            Some(found) => self.no_overload(&name.text, &found, &given, name.span),
            None => self.unknown_method(ty, name, is_static),
        }
        self.settle(&given);
        Typed::error(span)
    }

    // `Enumerable.Count(items)` is `items.Count()`.
    fn extension_by_name(
        &mut self,
        class: Class,
        name: &Ident,
        explicit: &[Ty],
        mut given: Vec<Given<'_>>,
        span: Span,
    ) -> Typed {
        let receiver = given.remove(0).typed;
        // Of what null is a sequence the type arguments say.
        let sequence = match (&receiver.ty, explicit.first()) {
            (Ty::Null, Some(item)) => Ty::Generic(Class::IOrderedEnumerable, [item.clone()].into()),
            (ty, _) => ty.clone(),
        };
        let mut all: Found<'_> = Vec::new();
        for level in levels(&sequence) {
            let mut found = members_of(&level, &name.text, false);
            found.retain(|(member, _)| member.form == Form::Method && home(member) == Some(class));
            let is_open = explicit.is_empty() && is_one_of_several(&level, &sequence);
            if is_open {
                found = unbound(found);
            }
            let candidate = self.choose(&found, explicit, &given, name.span);
            if let Some(candidate) = candidate.filter(|candidate| !is_open || candidate.is_of(&level)) {
                let receiver = Some(seen_as(receiver, &level));
                return self.emit(&candidate, receiver, ReceiverRule::None, given, span);
            }
            all.extend(found);
        }
        given.insert(0, overload::given(receiver));
        if all.is_empty() {
            let others = TABLE.named(&name.text).iter().filter(|member| home(member) == Some(class));
            all.extend(others.map(|member| (member, Vec::new())));
        }
        match all.is_empty() {
            true => self.unknown_method(&Ty::Class(class), name, true),
            false => self.no_overload(&name.text, &all, &given, name.span),
        }
        self.settle(&given);
        Typed::error(span)
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
        // Those that take as many arguments come first.
        let mut order: Found<'_> = found.clone();
        order.sort_by_key(|(member, _)| member.parameters.len().abs_diff(given.len()));
        let signatures: Vec<String> =
            order.iter().take(4).map(|(member, _)| format!("`{}`", member.signature)).collect();
        let shown = format!("there is {}", signatures.join(", "));
        let help = match order.iter().find_map(|candidate| self.unfit_lambda(candidate, given)) {
            Some(unfit) => format!("{unfit}; {shown}"),
            None => shown,
        };
        self.problems.add_with_help("no-overload", span, message, Some(help));
    }

    // What a lambda gives that a member wants something else of.
    fn unfit_lambda(&mut self, (member, bindings): &(&Member, Vec<Option<Ty>>), given: &[Given<'_>]) -> Option<String> {
        if member.parameters.len() != given.len() {
            return None;
        }
        let types: Vec<Ty> = bindings.iter().map(|ty| ty.clone().unwrap_or(Ty::Error)).collect();
        for (parameter, given) in member.parameters.iter().zip(given) {
            let Open::Lambda(lambda) = given.open else { continue };
            let (parameters, wanted) = delegate(&substitute(&parameter.ty, &types))?;
            if parameters.contains(&Ty::Error) || parameters.len() != lambda.parameters.len() {
                continue;
            }
            let gives = self.trial(lambda, &parameters, given.typed.span);
            let is_known = ![&gives, &wanted].contains(&&Ty::Error);
            if is_known && implicit(&gives, &wanted).is_none() {
                return Some(format!("the lambda gives `{gives}`, and `{wanted}` is wanted"));
            }
        }
        None
    }
}

// A `JObject` is enumerated as tokens, unless it is seen as a sequence of pairs.
fn seen_as(receiver: Typed, level: &Ty) -> Node {
    match level {
        Ty::Generic(Class::IEnumerable, _) => apply(implicit(&receiver.ty, level).flatten(), receiver.node),
        _ => receiver.node,
    }
}

// Whether the member is an extension of the gateway's own for dictionaries, which stand nearer to an expression than those of .NET.
fn is_near(member: &Member) -> bool {
    let is_default = &*member.name == "GetValueOrDefault";
    let is_plain = (member.is_extension || is_default) && member.owner_type_parameters == 0;
    is_plain && matches!(member.owner, Ty::Generic(Class::Dictionary | Class::ReadOnlyDictionary, _))
}

// The members as far as only their arguments say of what they are.
fn unbound(mut found: Found<'static>) -> Found<'static> {
    for (member, bindings) in &mut found {
        bindings.iter_mut().take(member.owner_type_parameters).for_each(|bound| *bound = None);
    }
    found
}

// Whether the type is the same generic one in another way too, so that nothing is inferred from this one: `JObject` is a sequence of
// tokens and of pairs.
fn is_one_of_several(level: &Ty, ty: &Ty) -> bool {
    let Ty::Generic(class, _) = level else { return false };
    let is_other = |other: &Ty| matches!(other, Ty::Generic(other, _) if other == class) && other != level;
    level != ty && levels(ty).iter().any(is_other)
}
