//! What named types derive from, and which values are theirs. Holds no names.

use super::{Class, ClassKind, Named, Ty, Variance};
use crate::value::{ContextPart, Library, Value};

impl Class {
    /// How the type parameter at this position varies, of so many.
    pub(crate) const fn variance(self, at: usize, count: usize) -> Variance {
        match self {
            Self::IEnumerable
            | Self::IJEnumerable
            | Self::IEnumerator
            | Self::IOrderedEnumerable
            | Self::IReadOnlyCollection
            | Self::IReadOnlyList
            | Self::IGrouping => Variance::Out,
            Self::Func | Self::Converter if at + 1 == count => Variance::Out,
            Self::Func
            | Self::Converter
            | Self::Action
            | Self::Predicate
            | Self::Comparison
            | Self::IComparer
            | Self::IEqualityComparer => Variance::In,
            _ => Variance::None,
        }
    }

    /// Whether expressions may write its name as that of a type. The others are only what members give.
    pub(crate) const fn is_nameable(self) -> bool {
        !self.is_changed_in_place()
            && !matches!(
                self,
                Self::Type
                    | Self::CultureInfo
                    | Self::Grouping
                    | Self::Lookup
                    | Self::KeyCollection
                    | Self::ValueCollection
                    | Self::ListDictionaryInternal
                    | Self::CharEnumerator
                    | Self::JEnumerable
                    | Self::IJEnumerable
            )
    }

    /// The type of the namespace that it is nested in, which stands before its name.
    pub(crate) const fn outer(self) -> Option<&'static str> {
        match self {
            Self::AdjustmentRule | Self::TransitionTime => Some("TimeZoneInfo"),
            Self::ListEnumerator => Some("List"),
            Self::HashSetEnumerator => Some("HashSet"),
            Self::QueueEnumerator => Some("Queue"),
            Self::StackEnumerator => Some("Stack"),
            Self::DictionaryEnumerator | Self::KeyCollection | Self::ValueCollection => Some("Dictionary"),
            Self::KeyEnumerator => Some("Dictionary.KeyCollection"),
            Self::ValueEnumerator => Some("Dictionary.ValueCollection"),
            _ => None,
        }
    }

    /// Whether this is what it is nested in, with or without the namespace.
    pub(super) fn is_inside(self, name: &str) -> bool {
        let inner = name.strip_prefix(self.namespace()).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name);
        self.outer() == Some(inner)
    }

    /// The structure that passes over a collection of this class, where its `GetEnumerator` gives one.
    pub(crate) const fn enumerator(self) -> Option<Self> {
        match self {
            Self::List => Some(Self::ListEnumerator),
            Self::HashSet => Some(Self::HashSetEnumerator),
            Self::Queue => Some(Self::QueueEnumerator),
            Self::Stack => Some(Self::StackEnumerator),
            Self::Dictionary => Some(Self::DictionaryEnumerator),
            Self::KeyCollection => Some(Self::KeyEnumerator),
            Self::ValueCollection => Some(Self::ValueEnumerator),
            _ => None,
        }
    }

    /// Whether its values are structures that calls of their members change where they stand.
    pub(crate) const fn is_changed_in_place(self) -> bool {
        matches!(
            self,
            Self::ListEnumerator
                | Self::HashSetEnumerator
                | Self::QueueEnumerator
                | Self::StackEnumerator
                | Self::DictionaryEnumerator
                | Self::KeyEnumerator
                | Self::ValueEnumerator
        )
    }

    /// Whether `self` is `other` or derives from it.
    pub(crate) fn derives_from(self, other: Self) -> bool {
        self == other || self.base().is_some_and(|base| base.derives_from(other))
    }

    pub(super) fn admits(self, value: &Value) -> bool {
        match value {
            Value::Response(_) | Value::Context(ContextPart::Response) => self == Self::Response,
            Value::Guid(_) => self == Self::Guid,
            Value::DateTime(_) => self == Self::DateTime,
            Value::TimeSpan(_) => self == Self::TimeSpan,
            Value::Enum(value) => {
                self == Self::Enum
                    || self.kind() == ClassKind::Enum && value.of.name.rsplit('.').next() == Some(self.name())
            }
            Value::Json(token) => {
                matches!(Ty::named(token.type_name()), Named::Type(Ty::Class(class)) if class.derives_from(self))
            }
            Value::Context(part) => part.type_name() == self.name(),
            Value::Service(crate::value::Service::Random) => self == Self::Random,
            Value::Service(_) => self == Self::Encoding,
            Value::DateTimeOffset(_) => self == Self::DateTimeOffset,
            Value::Library(object) => match object {
                Library::Uri(_) => self == Self::Uri,
                Library::IpAddress(..) => self == Self::IPAddress,
                Library::TimeZone(_) => matches!(self, Self::TimeZoneInfo | Self::TimeZone),
                Library::StringBuilder(_) => self == Self::StringBuilder,
                Library::StringReader(_) => self == Self::StringReader,
                Library::StringWriter(_) => self == Self::StringWriter,
                Library::StringComparer(_) => self == Self::StringComparer,
            },
            Value::Null
            | Value::Bool(_)
            | Value::Char(_)
            | Value::Int32(_)
            | Value::Int64(_)
            | Value::Double(_)
            | Value::String(_)
            | Value::Strings(_)
            | Value::Chars(_)
            | Value::Bytes(_)
            | Value::SByte(_)
            | Value::Byte(_)
            | Value::Int16(_)
            | Value::UInt16(_)
            | Value::UInt32(_)
            | Value::UInt64(_)
            | Value::Single(_)
            | Value::Decimal(_)
            | Value::Object(_) => false,
        }
    }
}
