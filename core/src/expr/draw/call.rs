//! Calls of members: their type parameters bound, receiver and arguments drawn, those by name where the name says what is meant.

use std::sync::LazyLock;

use super::drawer::{Drawer, Local, can_write, is_value};
use super::left_out::is_left_out;
use super::{Drawn, Kind, Part, word};
use crate::expr::bcl::{Member, Parameter, TABLE};
use crate::expr::generic::{delegate, substitute};
use crate::expr::parse::signature::Form;
use crate::expr::ty::{Class, ClassKind, Ty};

// The members that programs are about. One of the many constants of the enumerations is as good as the other.
pub(super) static ASKED: LazyLock<Vec<&'static Member>> = LazyLock::new(|| {
    let is_constant = |member: &Member| matches!(&member.owner, Ty::Class(class) if class.kind() == ClassKind::Enum && member.is_static);
    TABLE.members().filter(|member| !is_left_out(member) && !is_constant(member)).collect()
});

impl Drawer<'_> {
    /// A program about one member, any of them with equal chance.
    pub(super) fn call_of_any_member(&mut self) -> Option<Drawn> {
        let member = *self.pick(&ASKED)?;
        let bindings = vec![None; member.type_parameters];
        let depth = u32::try_from(self.below(3)).unwrap_or(0);
        if !is_value(member) {
            return self.program_of_statement(member, depth);
        }
        let types = self.bound(member, bindings)?;
        let call = self.call_of(member, &types, depth, &mut |drawer, ty, depth| drawer.value(ty, depth))?;
        let result = substitute(&member.result, &types);
        let value = Drawn::of(Kind::Value(result.clone()), call);
        // A delegate shows nothing, and an object of `context` whatever its maker gave it.
        if delegate(&result).is_some() || result.class().is_some_and(|class| class.namespace().is_empty()) {
            return None;
        }
        Some(Drawn::alone(&value))
    }

    // Members that change their receiver or give by `out`: everything that they touch is looked at afterwards.
    fn program_of_statement(&mut self, member: &'static Member, depth: u32) -> Option<Drawn> {
        let types = self.bound(member, vec![None; member.type_parameters])?;
        let mut declared: Vec<Part> = Vec::new();
        let mut shown: Vec<Part> = Vec::new();
        let mut hoist = |drawer: &mut Self, ty: &Ty, depth: u32| -> Option<Drawn> {
            let value = drawer.value(ty, depth)?;
            if !ty.is_reference() || *ty == Ty::String || delegate(ty).is_some() || !can_write(ty) {
                return Some(value);
            }
            let name = drawer.name("r");
            declared.extend([format!("{ty} {name} = ").into(), value.into(), "; ".into()]);
            shown.push(name.clone().into());
            Some(Drawn::value(ty, name))
        };
        let from = self.locals.len();
        let call = self.call_of(member, &types, depth, &mut hoist)?;
        let mut parts: Vec<Part> = vec!["@{ ".into()];
        parts.extend(declared);
        if member.result == Ty::Void || matches!(member.form, Form::Setter | Form::IndexSetter) {
            parts.push(Drawn::of(Kind::Statement, [call, vec!["; ".into()]].concat()).into());
        } else {
            let name = self.name("g");
            parts.push(format!("var {name} = ").into());
            parts.extend(call);
            parts.push("; ".into());
            shown.insert(0, name.into());
        }
        // `out var` puts its variables in scope.
        shown.extend(self.locals.drain(from..).map(|local| Part::from(local.name)));
        parts.push("return new object[] { ".into());
        for part in shown {
            parts.extend([part, ", ".into()]);
        }
        parts.push("}; }".into());
        Some(Drawn::of(Kind::Frame, parts))
    }

    /// A call of the member with what is bound, and chance for the rest.
    pub(super) fn call(&mut self, member: &'static Member, bindings: Vec<Option<Ty>>, depth: u32) -> Option<Vec<Part>> {
        let types = self.bound(member, bindings)?;
        self.call_of(member, &types, depth, &mut |drawer, ty, depth| drawer.value(ty, depth))
    }

    fn bound(&mut self, member: &Member, bindings: Vec<Option<Ty>>) -> Option<Vec<Ty>> {
        let is_nullable = matches!(member.owner, Ty::Nullable(_));
        let is_of_tokens = matches!(member.owner.class(), Some(Class::JEnumerable | Class::IJEnumerable));
        let is_of_tokens = is_of_tokens || member.owner.class() == Some(Class::JToken) && &*member.name == "Children";
        let types: Vec<Ty> = bindings
            .into_iter()
            .enumerate()
            .map(|(at, bound)| match bound {
                Some(ty) => ty,
                None if at == 0 && is_nullable => self.number_type(),
                None if is_of_tokens => Ty::Class(
                    self.pick(&[Class::JToken, Class::JValue, Class::JObject]).copied().unwrap_or(Class::JToken),
                ),
                None if self.once_in(4) => self.some_type(),
                None => self.item_type(),
            })
            .collect();
        (!is_nullable || types.first().is_some_and(|ty| !ty.holds_null())).then_some(types)
    }

    fn call_of(
        &mut self,
        member: &'static Member,
        types: &[Ty],
        depth: u32,
        draw: &mut dyn FnMut(&mut Self, &Ty, u32) -> Option<Drawn>,
    ) -> Option<Vec<Part>> {
        let owner = substitute(&member.owner, types);
        let mut parts: Vec<Part> = Vec::new();
        if member.form == Form::Constructor {
            if !can_write(&owner) {
                return None;
            }
            parts.push(format!("new {owner}").into());
        } else if member.is_static {
            if !can_write(&owner) {
                return None;
            }
            parts.push(owner.to_string().into());
        } else if owner == Ty::Class(Class::Context) {
            parts.push("context".into());
        } else {
            parts.push(draw(self, &owner, depth)?.into());
        }
        match member.form {
            Form::Property | Form::Setter => parts.push(format!(".{}", member.name).into()),
            Form::Method => parts.push(format!(".{}{}", member.name, written_arguments(member, types)?).into()),
            Form::Constructor | Form::Indexer | Form::IndexSetter => {}
        }
        let brackets = match member.form {
            Form::Method | Form::Constructor => Some(("(", ")")),
            Form::Indexer | Form::IndexSetter => Some(("[", "]")),
            Form::Property | Form::Setter => None,
        };
        if let Some((open, close)) = brackets {
            parts.push(open.into());
            parts.extend(self.arguments(member, types, depth, draw)?);
            parts.push(close.into());
        }
        if matches!(member.form, Form::Setter | Form::IndexSetter) {
            let ty = substitute(&member.result, types);
            parts.extend([" = ".into(), self.value(&ty, depth)?.into()]);
        }
        parts.push(Part::Member(member));
        Some(parts)
    }

    fn arguments(
        &mut self,
        member: &Member,
        types: &[Ty],
        depth: u32,
        draw: &mut dyn FnMut(&mut Self, &Ty, u32) -> Option<Drawn>,
    ) -> Option<Vec<Part>> {
        let mut parts: Vec<Part> = Vec::new();
        for parameter in &member.parameters {
            if parameter.default.is_some() && self.once_in(2) {
                break;
            }
            let ty = substitute(&parameter.ty, types);
            let mut given: Vec<Drawn> = Vec::new();
            match &ty {
                Ty::Array(item) if parameter.is_variadic && !self.once_in(6) => {
                    for _ in 0..self.below(4) {
                        given.push(self.argument(member, parameter, item, depth, draw)?);
                    }
                }
                ty if parameter.is_out => given.push(self.out(ty)),
                ty => given.push(self.argument(member, parameter, ty, depth, draw)?),
            }
            for value in given {
                if !parts.is_empty() {
                    parts.push(", ".into());
                }
                parts.push(value.into());
            }
        }
        Some(parts)
    }

    fn out(&mut self, ty: &Ty) -> Drawn {
        let name = self.name("o");
        let written = if can_write(ty) && self.once_in(2) { ty.to_string() } else { "var".to_owned() };
        let drawn = Drawn::of(Kind::Frame, vec![format!("out {written} {name}").into()]);
        self.locals.push(Local { name, ty: ty.clone(), is_assignable: true });
        drawn
    }

    fn argument(
        &mut self,
        member: &Member,
        parameter: &Parameter,
        ty: &Ty,
        depth: u32,
        draw: &mut dyn FnMut(&mut Self, &Ty, u32) -> Option<Drawn>,
    ) -> Option<Drawn> {
        if let Some((parameters, result)) = delegate(ty) {
            return self.lambda(ty, &parameters, &result, depth);
        }
        if let Some(words) = word::of(member, parameter, ty)
            && (word::is_size(parameter) || !self.once_in(3))
        {
            let text = self.pick(words)?;
            return Some(Drawn::value(ty, *text));
        }
        if word::is_size(parameter) {
            return self.leaf(ty);
        }
        draw(self, ty, depth)
    }

    /// `(a, b) => …`
    pub(super) fn lambda(&mut self, ty: &Ty, parameters: &[Ty], result: &Ty, depth: u32) -> Option<Drawn> {
        let from = self.locals.len();
        let names: Vec<String> = parameters.iter().map(|_| self.name("p")).collect();
        for (name, ty) in names.iter().zip(parameters) {
            self.locals.push(Local { name: name.clone(), ty: ty.clone(), is_assignable: false });
        }
        let body = if *result == Ty::Void { self.action() } else { self.value(result, depth.max(1)) };
        self.locals.truncate(from);
        let head = match names.as_slice() {
            [one] => format!("{one} => "),
            many => format!("({}) => ", many.join(", ")),
        };
        Some(Drawn::of(Kind::Value(ty.clone()), vec![head.into(), body?.into()]))
    }
}

// `<A, B>` where C# cannot infer them; `None` where a type among them has no name.
fn written_arguments(member: &Member, types: &[Ty]) -> Option<String> {
    let own = member.owner_type_parameters..member.type_parameters;
    let is_inferred = own.clone().all(|index| member.parameters.iter().any(|parameter| mentions(&parameter.ty, index)));
    if is_inferred {
        return Some(String::new());
    }
    let own = types.get(own)?;
    // What is read as such a type, from JSON or a variable, is of a type that people read.
    if !own.iter().all(is_plain) {
        return None;
    }
    let names: Option<Vec<String>> = own.iter().map(|ty| can_write(ty).then(|| ty.to_string())).collect();
    names.map(|names| format!("<{}>", names.join(", ")))
}

fn is_plain(ty: &Ty) -> bool {
    match ty {
        Ty::Generic(Class::List, items) => items.iter().all(is_plain),
        Ty::Generic(Class::Dictionary, arguments) => {
            arguments.first() == Some(&Ty::String) && arguments.iter().all(is_plain)
        }
        Ty::Array(inner) | Ty::Nullable(inner) => is_plain(inner),
        Ty::Void => false,
        Ty::Class(class) => class.namespace() == "Newtonsoft.Json.Linq",
        other => other.has_keyword(),
    }
}

fn mentions(ty: &Ty, index: usize) -> bool {
    match ty {
        Ty::Param(at) => *at == index,
        Ty::Array(inner) | Ty::Nullable(inner) => mentions(inner, index),
        Ty::Generic(_, arguments) => arguments.iter().any(|ty| mentions(ty, index)),
        _ => false,
    }
}
