//! The state of one drawing: chance, what is in scope, how much may still be drawn. Chooses between the forms; each is drawn elsewhere.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::left_out::is_left_out;
use super::{Drawn, Kind, constant};
use crate::expr::bcl::{Member, TABLE};
use crate::expr::generic::{substitute, unify};
use crate::expr::parse::signature::Form;
use crate::expr::ty::{Class, ClassKind, RecordKind, Ty};
use crate::rng::Rng;

/// How many values one program may have.
const VALUES_MAX: u32 = 40;
/// How often one wish is tried before it is given up.
const TRIES: u32 = 4;
/// How deep values are nested where nothing plain is known of their type.
const RESCUES_MAX: u32 = 4;

/// A variable in scope.
#[derive(Clone, Debug)]
pub(super) struct Local {
    pub(super) name: String,
    pub(super) ty: Ty,
    pub(super) is_assignable: bool,
}

/// One drawing.
pub(super) struct Drawer<'r> {
    rng: &'r mut Rng,
    pub(super) locals: Vec<Local>,
    names: u32,
    values: u32,
    rescues: u32,
}

impl<'r> Drawer<'r> {
    pub(super) fn new(rng: &'r mut Rng) -> Self {
        Self { rng, locals: Vec::new(), names: 0, values: VALUES_MAX, rescues: 0 }
    }

    pub(super) fn program(&mut self) -> Option<Drawn> {
        match self.below(20) {
            0..=10 => self.call_of_any_member(),
            11..=16 => self.block(),
            _ => {
                let ty = self.some_type();
                let value = self.value(&ty, 4)?;
                Some(Drawn::alone(&value))
            }
        }
    }

    /// A number in `0..bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.rng.below(bound)
    }

    /// Once in so many times.
    pub(super) fn once_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    pub(super) fn pick<'t, T>(&mut self, items: &'t [T]) -> Option<&'t T> {
        let at = self.below(u64::try_from(items.len()).unwrap_or(0));
        items.get(usize::try_from(at).unwrap_or(0))
    }

    /// A new name.
    pub(super) fn name(&mut self, stem: &str) -> String {
        self.names += 1;
        format!("{stem}{}", self.names)
    }

    /// A type that values are often of.
    pub(super) fn some_type(&mut self) -> Ty {
        match self.below(34) {
            0..=6 => Ty::Int32,
            7..=13 => Ty::String,
            14 | 15 => Ty::Double,
            16 | 17 => Ty::Bool,
            18 | 19 => Ty::Int64,
            20 => Ty::Char,
            21 => Ty::Decimal,
            22 => Ty::Class(Class::DateTime),
            23 => Ty::Class(Class::TimeSpan),
            24 => Ty::Class(Class::JToken),
            25 => Ty::Class(Class::JObject),
            26 => Ty::Generic(Class::List, Arc::new([self.item_type()])),
            27 => Ty::Generic(Class::Dictionary, Arc::new([Ty::String, self.item_type()])),
            28 => Ty::array(self.item_type()),
            29 => Ty::nullable(self.number_type()),
            30 => self.number_type(),
            31 => Ty::Object,
            32 => Ty::Generic(Class::IEnumerable, Arc::new([self.item_type()])),
            _ => Ty::Record(
                RecordKind::Anonymous,
                Arc::new([(Arc::from("a"), self.item_type()), (Arc::from("b"), self.item_type())]),
            ),
        }
    }

    /// A type that is written with one word.
    pub(super) fn item_type(&mut self) -> Ty {
        let types = [Ty::Int32, Ty::Int32, Ty::String, Ty::String, Ty::Double, Ty::Int64, Ty::Char, Ty::Bool];
        self.pick(&types).cloned().unwrap_or(Ty::Int32)
    }

    /// A type of numbers.
    pub(super) fn number_type(&mut self) -> Ty {
        let types = [
            Ty::Int32,
            Ty::Int64,
            Ty::Double,
            Ty::Decimal,
            Ty::Single,
            Ty::Byte,
            Ty::SByte,
            Ty::Int16,
            Ty::UInt16,
            Ty::UInt32,
            Ty::UInt64,
        ];
        self.pick(&types).cloned().unwrap_or(Ty::Int32)
    }

    /// A value of this type, or of one that converts to it without being asked.
    pub(super) fn value(&mut self, ty: &Ty, depth: u32) -> Option<Drawn> {
        if depth == 0 || self.values == 0 {
            return self.leaf(ty);
        }
        self.values -= 1;
        if let Some(local) = self.local(ty, 3) {
            return Some(local);
        }
        for _ in 0..TRIES {
            let drawn = match self.below(12) {
                0 | 1 => self.leaf(ty),
                2..=6 => self.member_giving(ty, depth - 1),
                7 | 8 => self.operation(ty, depth - 1),
                9 | 10 => self.creation(ty, depth - 1),
                _ => self.narrower(ty).and_then(|ty| self.value(&ty, depth - 1)),
            };
            if drawn.is_some() {
                return drawn;
            }
        }
        self.leaf(ty)
    }

    /// A value without parts, or nearly.
    pub(super) fn leaf(&mut self, ty: &Ty) -> Option<Drawn> {
        if let Some(local) = self.local(ty, 2) {
            return Some(local);
        }
        if self.once_in(25) && ty.is_reference() && can_write(ty) {
            return Some(Drawn::value(ty, format!("(({ty})null)")));
        }
        if *ty == Ty::Object {
            let other = self.item_type();
            return self.leaf(&other);
        }
        if let Some(text) = self.constant(ty) {
            return Some(Drawn::value(ty, text));
        }
        if self.rescues >= RESCUES_MAX {
            return None;
        }
        self.rescues += 1;
        let drawn = self.creation(ty, 0).or_else(|| self.narrower(ty).and_then(|ty| self.leaf(&ty)));
        let drawn = drawn.or_else(|| self.member_giving(ty, 0));
        self.rescues -= 1;
        drawn
    }

    // A variable, unless chance says no.
    fn local(&mut self, ty: &Ty, of: u64) -> Option<Drawn> {
        if self.below(of + 1) == 0 {
            return None;
        }
        let fitting: Vec<String> = self
            .locals
            .iter()
            .filter(|local| local.ty == *ty || (ty.is_reference() && *ty != Ty::Object && local.ty.converts_to(ty)))
            .map(|local| local.name.clone())
            .collect();
        let name = self.pick(&fitting)?.clone();
        Some(Drawn::value(ty, name))
    }

    fn constant(&mut self, ty: &Ty) -> Option<String> {
        if let Ty::Class(class) = ty
            && class.kind() == ClassKind::Enum
        {
            let members: Vec<&Member> = TABLE
                .members()
                .filter(|member| member.owner == *ty && member.form == Form::Property && member.is_static)
                .collect();
            let member = self.pick(&members)?;
            return Some(format!("{ty}.{}", member.name));
        }
        if let Ty::Nullable(inner) = ty {
            if !can_write(ty) {
                return None;
            }
            let value = if self.once_in(4) { "null".to_owned() } else { self.constant(inner)? };
            return Some(format!("(({ty}){value})"));
        }
        self.pick(constant::texts(ty)).map(|text| (*text).to_owned())
    }

    /// A type that derives from this one or implements it.
    pub(super) fn narrower(&mut self, ty: &Ty) -> Option<Ty> {
        let derived = Class::ALL.iter().filter(|class| class.base().is_some_and(|base| *ty == Ty::Class(base)));
        let mut found: Vec<Ty> = derived.map(|class| Ty::Class(*class)).collect();
        for (pattern, base, parameters) in TABLE.bases() {
            let mut bindings = vec![None; *parameters];
            if !matches!(base, Ty::Param(_)) && unify(base, ty, &mut bindings) {
                let types: Option<Vec<Ty>> = bindings.into_iter().collect();
                found.extend(types.map(|types| substitute(pattern, &types)));
            }
        }
        self.pick(&found).cloned()
    }

    /// A member whose result is of this type, called.
    fn member_giving(&mut self, ty: &Ty, depth: u32) -> Option<Drawn> {
        let mut found: Vec<(&'static Member, Vec<Option<Ty>>)> = Vec::new();
        // What gives every type is not the first thing to think of for this one.
        let open = if self.once_in(3) { giving(OPEN) } else { &[] };
        for member in giving(&head(ty)).iter().chain(open) {
            let mut bindings = vec![None; member.type_parameters];
            if unify(&member.result, ty, &mut bindings) {
                found.push((member, bindings));
            }
        }
        let (member, bindings) = self.pick(&found)?.clone();
        let call = self.call(member, bindings, depth)?;
        Some(Drawn::of(Kind::Value(ty.clone()), call))
    }
}

/// What [`head`] says of a type parameter.
const OPEN: &str = "T";

// The members that give values, by the outermost part of their result's type.
static GIVING: LazyLock<BTreeMap<String, Vec<&'static Member>>> = LazyLock::new(|| {
    let mut by_head: BTreeMap<String, Vec<&'static Member>> = BTreeMap::new();
    for member in TABLE.members().filter(|member| is_value(member) && !is_left_out(member)) {
        by_head.entry(head(&member.result)).or_default().push(member);
    }
    by_head
});

fn giving(head: &str) -> &'static [&'static Member] {
    GIVING.get(head).map_or(&[], Vec::as_slice)
}

fn head(ty: &Ty) -> String {
    match ty {
        Ty::Param(_) => OPEN.to_owned(),
        Ty::Array(_) => "[]".to_owned(),
        Ty::Nullable(_) => "?".to_owned(),
        Ty::Generic(class, _) => format!("{}<>", class.name()),
        other => other.to_string(),
    }
}

/// Whether a call of the member is a value that needs nothing around it.
pub(super) fn is_value(member: &Member) -> bool {
    let is_read = matches!(member.form, Form::Property | Form::Method | Form::Indexer | Form::Constructor);
    is_read && member.result != Ty::Void && member.parameters.iter().all(|parameter| !parameter.is_out)
}

/// Whether the type can be written where a type is wanted.
pub(super) fn can_write(ty: &Ty) -> bool {
    match ty {
        Ty::Void => false,
        Ty::Generic(class, arguments) => is_written(*class) && arguments.iter().all(can_write),
        Ty::Array(inner) => can_write(inner),
        Ty::Nullable(inner) => can_write(inner) && !inner.holds_null(),
        Ty::Class(class) => is_written(*class),
        other => other.has_keyword(),
    }
}

// The interfaces of `context` have documented members, and names that only look like C#; other names need their namespace.
fn is_written(class: Class) -> bool {
    class.is_nameable() && !["", "System.Collections.ObjectModel", "System.Net.Sockets"].contains(&class.namespace())
}
