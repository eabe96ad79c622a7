//! Static types: how the checker, the members' table and the evaluator name a .NET type. Holds no conversions.

mod class;
mod list;
mod name;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::instance::{Instance, Record};
use crate::value::{Library, Value};

pub(crate) use list::{Class, ClassKind};

/// A static type.
#[derive(Clone, Debug)]
pub(crate) enum Ty {
    /// Something that was reported already; fits everywhere.
    Error,
    /// The type of `null`.
    Null,
    Void,
    Object,
    Bool,
    Char,
    SByte,
    Byte,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Single,
    Double,
    Decimal,
    String,
    Class(Class),
    Generic(Class, Arc<[Ty]>),
    Array(Arc<Ty>),
    /// `T[,]`: the type of the elements, how many dimensions.
    Grid(Arc<Ty>, u16),
    Nullable(Arc<Ty>),
    /// An anonymous type or a tuple: its members in order. A tuple's members may have no name.
    Record(RecordKind, Arc<[(Arc<str>, Ty)]>),
    /// A type parameter of a member in the table, by position.
    Param(usize),
}

// The names of a tuple's members are no part of its type.
impl PartialEq for Ty {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Class(a), Self::Class(b)) => a == b,
            (Self::Generic(a, inner), Self::Generic(b, others)) => a == b && inner == others,
            (Self::Array(a), Self::Array(b)) | (Self::Nullable(a), Self::Nullable(b)) => a == b,
            (Self::Grid(a, dimensions), Self::Grid(b, others)) => a == b && dimensions == others,
            (Self::Record(a, members), Self::Record(b, others)) => {
                let is_tuple = *a == RecordKind::Tuple;
                let mut pairs = members.iter().zip(others.iter());
                let same = pairs.all(|((name, a), (other, b))| a == b && (is_tuple || name == other));
                a == b && members.len() == others.len() && same
            }
            (Self::Param(a), Self::Param(b)) => a == b,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }
}

impl Eq for Ty {}

/// What a [`Ty::Record`] is in C#.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordKind {
    /// `new { a = 1 }`
    Anonymous,
    /// `(1, "x")`
    Tuple,
}

/// The types that are keywords, under both of their names.
static KEYWORDS: [(&str, &str, Ty); 16] = [
    ("sbyte", "SByte", Ty::SByte),
    ("short", "Int16", Ty::Int16),
    ("ushort", "UInt16", Ty::UInt16),
    ("uint", "UInt32", Ty::UInt32),
    ("ulong", "UInt64", Ty::UInt64),
    ("float", "Single", Ty::Single),
    ("decimal", "Decimal", Ty::Decimal),
    ("object", "Object", Ty::Object),
    ("bool", "Boolean", Ty::Bool),
    ("char", "Char", Ty::Char),
    ("byte", "Byte", Ty::Byte),
    ("int", "Int32", Ty::Int32),
    ("long", "Int64", Ty::Int64),
    ("double", "Double", Ty::Double),
    ("string", "String", Ty::String),
    ("void", "Void", Ty::Void),
];

/// The types by their short names, each with the namespace that may stand before it.
static NAMES: LazyLock<BTreeMap<&'static str, (&'static str, Ty)>> = LazyLock::new(|| {
    // Several are called `Extensions` or `Enumerator`, so that these names alone are none.
    let classes = Class::ALL.iter().filter(|class| !matches!(class.name(), "Extensions" | ENUMERATOR));
    let classes = classes.map(|class| (class.name(), (class.namespace(), Ty::Class(*class))));
    let keywords = KEYWORDS.iter().map(|(keyword, _, ty)| (*keyword, ("", ty.clone())));
    let full = KEYWORDS.iter().map(|(_, full, ty)| (*full, ("System", ty.clone())));
    classes.chain(full).chain(keywords).collect()
});

/// What the structures are called that pass over collections, each inside of its collection.
const ENUMERATOR: &str = "Enumerator";

/// What a name in the place of a type means.
pub(crate) enum Named {
    Type(Ty),
    Unknown,
}

impl Ty {
    /// The type of this name, with or without its namespace, before arguments and marks.
    pub(crate) fn named(name: &str) -> Named {
        match name {
            "System.Xml.Linq.Extensions" => return Named::Type(Self::Class(Class::XmlExtensions)),
            "Newtonsoft.Json.Linq.Extensions" => return Named::Type(Self::Class(Class::JsonExtensions)),
            _ => {}
        }
        let short = name.rsplit('.').next().unwrap_or(name);
        let namespace = name.strip_suffix(short).unwrap_or("").trim_end_matches('.');
        if short == ENUMERATOR {
            let found = Class::ALL.iter().find(|class| class.name() == short && class.is_inside(namespace));
            return found.map_or(Named::Unknown, |class| Named::Type(Self::Class(*class)));
        }
        if let Some((space, ty)) = NAMES.get(short) {
            let is_there = match ty.class().filter(|class| class.outer().is_some()) {
                Some(class) => class.is_inside(namespace),
                None => namespace == *space,
            };
            if namespace.is_empty() || is_there {
                return Named::Type(ty.clone());
            }
        }
        Named::Unknown
    }

    /// The type that an expression means by this name: those that are nested in others stand behind them, and of cultures there is
    /// only null.
    pub(crate) fn written(name: &str) -> Named {
        match Self::named(name) {
            Named::Type(Self::Class(Class::CultureInfo)) => Named::Unknown,
            Named::Type(Self::Class(class)) if class.outer().is_some() && !name.contains('.') => Named::Unknown,
            named => named,
        }
    }

    /// Whether C# has a keyword for it, as `int` or `void`.
    pub(crate) fn has_keyword(&self) -> bool {
        KEYWORDS.iter().any(|(.., ty)| ty == self)
    }

    /// All names that [`Ty::named`] knows as built.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        KEYWORDS.iter().map(|(keyword, ..)| *keyword).chain(Class::ALL.iter().map(|class| class.name()))
    }

    /// `T[]`
    pub(crate) fn array(item: Self) -> Self {
        Self::Array(Arc::new(item))
    }

    /// `T[]`, `T[,]` …
    pub(crate) fn array_of(item: Self, dimensions: u16) -> Self {
        if dimensions > 1 { Self::Grid(Arc::new(item), dimensions) } else { Self::array(item) }
    }

    /// `T?`
    pub(crate) fn nullable(inner: Self) -> Self {
        Self::Nullable(Arc::new(inner))
    }

    /// The class behind a named type.
    pub(crate) const fn class(&self) -> Option<Class> {
        match self {
            Self::Class(class) | Self::Generic(class, _) => Some(*class),
            _ => None,
        }
    }

    /// Whether `null` is one of its values.
    pub(crate) fn holds_null(&self) -> bool {
        match self {
            Self::Error | Self::Null | Self::Object | Self::String | Self::Array(_) | Self::Grid(..) => true,
            Self::Nullable(_) => true,
            Self::Class(class) | Self::Generic(class, _) => {
                matches!(class.kind(), ClassKind::Class | ClassKind::Sealed | ClassKind::Interface)
            }
            Self::Record(kind, _) => *kind == RecordKind::Anonymous,
            Self::Void | Self::Bool | Self::Char | Self::Param(_) => false,
            Self::SByte
            | Self::Byte
            | Self::Int16
            | Self::UInt16
            | Self::Int32
            | Self::UInt32
            | Self::Int64
            | Self::UInt64
            | Self::Single
            | Self::Double
            | Self::Decimal => false,
        }
    }

    /// What `default(T)` is; `None` for types whose values are not built.
    pub(crate) fn default_value(&self) -> Option<Value> {
        match self {
            Self::Bool => Some(Value::Bool(false)),
            Self::Char => Some(Value::Char(0)),
            Self::SByte => Some(Value::SByte(0)),
            Self::Byte => Some(Value::Byte(0)),
            Self::Int16 => Some(Value::Int16(0)),
            Self::UInt16 => Some(Value::UInt16(0)),
            Self::UInt32 => Some(Value::UInt32(0)),
            Self::UInt64 => Some(Value::UInt64(0)),
            Self::Single => Some(Value::Single(0.0)),
            Self::Decimal => Some(Value::Decimal(crate::value::Decimal::ZERO)),
            Self::Int32 => Some(Value::Int32(0)),
            Self::Int64 => Some(Value::Int64(0)),
            Self::Double => Some(Value::Double(0.0)),
            Self::Class(Class::Guid) => Some(Value::Guid(crate::rng::Uuid(0))),
            Self::Class(Class::DateTime) => Some(Value::DateTime(crate::value::DateTime::MIN)),
            Self::Class(Class::TimeSpan) => Some(Value::TimeSpan(crate::value::TimeSpan(0))),
            Self::Class(Class::HashAlgorithmName) => Some(super::bcl::default_hash_name()),
            Self::Class(Class::RsaParameters) => Some(super::bcl::default_parameters()),
            Self::Class(Class::TransitionTime) => Some(super::bcl::default_switch()),
            Self::Class(Class::DateTimeOffset) => crate::value::DateTimeOffset::of_utc(0, 0).map(Value::DateTimeOffset),
            Self::Class(class) if class.kind() == ClassKind::Enum => {
                super::bcl::TABLE.enumeration(*class).map(|of| Value::Enum(of.value(0)))
            }
            Self::Generic(class, _) if class.is_changed_in_place() => Some(super::bcl::default_pass(self)),
            Self::Generic(Class::JEnumerable, _) => Some(super::bcl::default_tokens(self)),
            Self::Generic(Class::KeyValuePair, types) => {
                let part = |at: usize| types.get(at).and_then(Self::default_value).unwrap_or(Value::Null);
                Some(super::bcl::pair(self, part(0), part(1)))
            }
            Self::Record(RecordKind::Tuple, members) => {
                let values: Option<Vec<Value>> = members.iter().map(|(_, ty)| ty.default_value()).collect();
                Some(Value::Object(Instance::object(self.clone(), Record::new(values?).ok()?)))
            }
            other => other.holds_null().then_some(Value::Null),
        }
    }

    /// Whether the run-time type of `value` is this one, or derives from it. `null` is an instance of nothing.
    pub(crate) fn admits(&self, value: &Value) -> bool {
        match (self, value) {
            (_, Value::Null) => false,
            (Self::Object | Self::Error, _)
            | (Self::Bool, Value::Bool(_))
            | (Self::Char, Value::Char(_))
            | (Self::SByte, Value::SByte(_))
            | (Self::Byte, Value::Byte(_))
            | (Self::Int16, Value::Int16(_))
            | (Self::UInt16, Value::UInt16(_))
            | (Self::UInt32, Value::UInt32(_))
            | (Self::UInt64, Value::UInt64(_))
            | (Self::Single, Value::Single(_))
            | (Self::Decimal, Value::Decimal(_))
            | (Self::Int32, Value::Int32(_))
            | (Self::Int64, Value::Int64(_))
            | (Self::Double, Value::Double(_))
            | (Self::String, Value::String(_)) => true,
            (Self::Nullable(inner), value) => inner.admits(value),
            (_, Value::Object(object)) => super::instance::type_of(object).is_some_and(|ty| ty.converts_to(self)),
            (Self::Array(item), Value::Strings(_)) => Self::String.converts_to(item),
            (Self::Array(item), Value::Chars(_)) => **item == Self::Char,
            (Self::Array(item), Value::Bytes(_)) => **item == Self::Byte,
            (
                Self::Generic(Class::IComparer | Class::IEqualityComparer, items),
                Value::Library(Library::StringComparer(_)),
            ) => items.first() == Some(&Self::String),
            (Self::Generic(..), Value::Context(part)) => self.to_string() == part.type_name(),
            (Self::Generic(..) | Self::Class(Class::Array | Class::IEnumerable), value) => {
                sequence_type(value).is_some_and(|ty| ty.converts_to(self))
            }
            (Self::Class(class), value) => class.admits(value),
            _ => false,
        }
    }

    /// Whether it is an interface.
    pub(crate) fn is_interface(&self) -> bool {
        self.class().is_some_and(|class| class.kind() == ClassKind::Interface)
    }

    /// Whether a reference to this type is one to the other: base classes, interfaces, variance.
    pub(crate) fn converts_to(&self, other: &Self) -> bool {
        *other == Self::Object || super::generic::supertypes(self).iter().any(|ty| ty.is_variant_of(other))
    }

    // `IEnumerable<string>` is one of `IEnumerable<object>`; value types do not vary.
    fn is_variant_of(&self, other: &Self) -> bool {
        match (self, other) {
            (a, b) if a == b => true,
            (Self::Generic(a, inner), Self::Generic(b, wanted)) if a == b && inner.len() == wanted.len() => {
                let pairs = inner.iter().zip(wanted.iter()).enumerate();
                pairs.into_iter().all(|(at, (inner, wanted))| {
                    let fits = |from: &Self, to: &Self| from.is_reference() && from.converts_to(to);
                    inner == wanted
                        || match a.variance(at, wanted_count(other)) {
                            Variance::Out => fits(inner, wanted),
                            Variance::In => fits(wanted, inner),
                            Variance::None => false,
                        }
                })
            }
            (Self::Array(inner), Self::Array(wanted)) => inner.is_reference() && inner.converts_to(wanted),
            _ => false,
        }
    }

    /// Whether its values are references.
    pub(crate) fn is_reference(&self) -> bool {
        self.holds_null() && !matches!(self, Self::Nullable(_))
    }
}

/// How a type parameter of an interface or a delegate varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variance {
    None,
    In,
    Out,
}

fn wanted_count(ty: &Ty) -> usize {
    match ty {
        Ty::Generic(_, arguments) => arguments.len(),
        _ => 0,
    }
}

// The static type of the values that are sequences without being objects.
fn sequence_type(value: &Value) -> Option<Ty> {
    match value {
        Value::String(_) => Some(Ty::String),
        Value::Strings(_) => Some(Ty::array(Ty::String)),
        Value::Chars(_) => Some(Ty::array(Ty::Char)),
        Value::Bytes(_) => Some(Ty::array(Ty::Byte)),
        Value::Json(token) => {
            let name = token.type_name().rsplit('.').next();
            Class::ALL.iter().find(|class| Some(class.name()) == name).map(|class| Ty::Class(*class))
        }
        _ => None,
    }
}
