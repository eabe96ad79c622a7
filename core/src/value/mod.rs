//! .NET values as policy expressions see them, and their text forms. Holds no operators and no members; `expr` has those.

pub(crate) mod address;
pub mod decimal;
pub mod enumeration;
pub mod json;
pub mod library;
pub mod number;
pub mod object;
pub mod time;
pub(crate) mod time_format;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::http::message::ResponseView;
use crate::rng::Uuid;

pub use decimal::Decimal;
pub use enumeration::{EnumKind, EnumValue, Enumeration, NameCase};
pub use json::JToken;
pub use library::Library;
pub use object::{NetObject, Object, WeakObject};
pub use time::{DateTime, DateTimeKind, DateTimeOffset, TimeSpan};

/// A .NET value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `System.Boolean`
    Bool(bool),
    /// `System.Char`: one UTF-16 unit
    Char(u16),
    /// `System.SByte`
    SByte(i8),
    /// `System.Byte`
    Byte(u8),
    /// `System.Int16`
    Int16(i16),
    /// `System.UInt16`
    UInt16(u16),
    /// `System.Int32`
    Int32(i32),
    /// `System.UInt32`
    UInt32(u32),
    /// `System.UInt64`
    UInt64(u64),
    /// `System.Single`
    Single(f32),
    /// `System.Decimal`
    Decimal(Decimal),
    /// `System.Int64`
    Int64(i64),
    /// `System.Double`
    Double(f64),
    /// `System.String`. Lone surrogates, which .NET can hold, are U+FFFD here.
    String(Arc<str>),
    /// `System.String[]`
    Strings(Arc<[Arc<str>]>),
    /// `System.Char[]`
    Chars(Arc<[u16]>),
    /// `System.Byte[]`
    Bytes(Arc<[u8]>),
    /// `System.Guid`
    Guid(Uuid),
    /// `System.DateTime`
    DateTime(DateTime),
    /// `System.TimeSpan`
    TimeSpan(TimeSpan),
    /// `System.DateTimeOffset`
    DateTimeOffset(DateTimeOffset),
    /// An object of the library, as a `Uri` or a `StringBuilder`
    Library(Library),
    /// A value of an enumeration, as in `StringComparison.Ordinal`
    Enum(EnumValue),
    /// `Newtonsoft.Json.Linq.JToken` and what derives from it
    Json(JToken),
    /// The answer of a send-request: `IResponse`
    Response(Arc<ResponseView>),
    /// A part of the object that an expression calls `context`; it shows the exchange at the moment it is looked at.
    Context(ContextPart),
    /// A library object without data of its own, as `new Random()` or `Encoding.UTF8`
    Service(Service),
    /// An object with identity, most of which can change: arrays in general, collections, delegates, exceptions
    Object(Object),
}

/// Library objects that are the same for every expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `System.Random`, which draws from the exchange's stream
    Random,
    /// `Encoding.UTF8`
    Utf8,
    /// `Encoding.Default`: the same without a preamble
    Utf8Plain,
    /// `Encoding.ASCII`
    Ascii,
    /// `Encoding.Latin1`
    Latin1,
    /// `Encoding.Unicode`: UTF-16, little end first
    Unicode,
    /// `StringWriter.Encoding`: the same without a preamble
    UnicodePlain,
    /// `Encoding.BigEndianUnicode`
    BigEndianUnicode,
    /// `Encoding.UTF32`: little end first
    Utf32,
}

/// An object that is reached through `context`.
#[derive(Clone, Debug, PartialEq)]
pub enum ContextPart {
    /// `context` itself
    Root,
    /// `context.Request`
    Request,
    /// `context.Response`
    Response,
    /// `Headers` of a message
    Headers(MessageRef),
    /// `Body` of a message
    Body(MessageRef),
    /// An `IUrl`
    Url(UrlRef),
    /// `Query` of an `IUrl`
    Query(UrlRef),
    /// `context.Request.MatchedParameters`
    MatchedParameters,
    /// `context.Variables`
    Variables,
    /// `context.Api`
    Api,
    /// `context.Api.SubscriptionKeyParameterNames`
    KeyNames,
    /// `context.Operation`
    Operation,
    /// `context.Product`
    Product,
    /// `context.Subscription`
    Subscription,
    /// `context.User`
    User,
    /// `context.Backend`
    Backend,
    /// `context.Workspace`
    Workspace,
    /// `context.GraphQL`
    GraphQl,
    /// `context.Deployment`
    Deployment,
    /// `context.Deployment.Gateway`
    Gateway,
    /// `context.Deployment.Certificates`
    Certificates,
    /// `context.LastError`
    LastError,
}

/// Which message is meant.
#[derive(Clone, Debug, PartialEq)]
pub enum MessageRef {
    /// The request of the exchange
    Request,
    /// The response of the exchange
    Response,
    /// A response that a policy stored in a variable
    Stored(Arc<ResponseView>),
}

/// Which URL is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlRef {
    /// `context.Request.Url`
    Current,
    /// `context.Request.OriginalUrl`
    Original,
    /// `context.Api.ServiceUrl`
    Service,
}

impl Value {
    /// A string value.
    #[must_use]
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// The string, when it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is `null`.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The full name of the run-time type as .NET writes it; `null` has none and is shown as `null`.
    #[must_use]
    pub fn type_name(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Object(object) => return object.get().type_name(),
            Self::Null => "null",
            Self::SByte(_) => "System.SByte",
            Self::Byte(_) => "System.Byte",
            Self::Int16(_) => "System.Int16",
            Self::UInt16(_) => "System.UInt16",
            Self::UInt32(_) => "System.UInt32",
            Self::UInt64(_) => "System.UInt64",
            Self::Single(_) => "System.Single",
            Self::Decimal(_) => "System.Decimal",
            Self::Bool(_) => "System.Boolean",
            Self::Char(_) => "System.Char",
            Self::Int32(_) => "System.Int32",
            Self::Int64(_) => "System.Int64",
            Self::Double(_) => "System.Double",
            Self::String(_) => "System.String",
            Self::Strings(_) => "System.String[]",
            Self::Chars(_) => "System.Char[]",
            Self::Bytes(_) => "System.Byte[]",
            Self::Guid(_) => "System.Guid",
            Self::DateTime(_) => "System.DateTime",
            Self::TimeSpan(_) => "System.TimeSpan",
            Self::DateTimeOffset(_) => "System.DateTimeOffset",
            Self::Library(object) => object.type_name(),
            Self::Enum(value) => value.of.name,
            Self::Json(token) => token.type_name(),
            Self::Response(_) => "IResponse",
            Self::Context(part) => part.type_name(),
            Self::Service(Service::Random) => "System.Random",
            Self::Service(Service::Utf8 | Service::Utf8Plain) => "System.Text.UTF8Encoding+UTF8EncodingSealed",
            Self::Service(Service::Latin1) => "System.Text.Latin1Encoding+Latin1EncodingSealed",
            Self::Service(Service::Unicode | Service::UnicodePlain | Service::BigEndianUnicode) => {
                "System.Text.UnicodeEncoding"
            }
            Self::Service(Service::Utf32) => "System.Text.UTF32Encoding",
            Self::Service(Service::Ascii) => "System.Text.ASCIIEncoding+ASCIIEncodingSealed",
        })
    }
}

impl ContextPart {
    /// The name of its type in the reference of policy expressions.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Root => "IContext",
            Self::Request => "IRequest",
            Self::Response => "IResponse",
            Self::Headers(_) | Self::Query(_) => "IReadOnlyDictionary<string, string[]>",
            Self::Body(_) => "IMessageBody",
            Self::Url(_) => "IUrl",
            Self::MatchedParameters => "IReadOnlyDictionary<string, string>",
            Self::Variables => "IReadOnlyDictionary<string, object>",
            Self::Api => "IApi",
            Self::KeyNames => "ISubscriptionKeyParameterNames",
            Self::Operation => "IOperation",
            Self::Product => "IProduct",
            Self::Subscription => "ISubscription",
            Self::User => "IUser",
            Self::Backend => "IBackend",
            Self::Workspace => "IWorkspace",
            Self::GraphQl => "IGraphQL",
            Self::Deployment => "IDeployment",
            Self::Gateway => "IGateway",
            Self::Certificates => "IReadOnlyDictionary<string, X509Certificate2>",
            Self::LastError => "ILastError",
        }
    }
}

/// What `ToString()` gives under the invariant culture; `null` is empty, as in string concatenation.
///
/// A URL of the context shows its type's name here, since its text stands in the context; `IUrl.ToString()` gives the text.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Bool(value) => f.write_str(if *value { "True" } else { "False" }),
            Self::Char(unit) => {
                write!(f, "{}", char::from_u32(u32::from(*unit)).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            Self::Int32(value) => write!(f, "{value}"),
            Self::Int64(value) => write!(f, "{value}"),
            Self::SByte(value) => write!(f, "{value}"),
            Self::Byte(value) => write!(f, "{value}"),
            Self::Int16(value) => write!(f, "{value}"),
            Self::UInt16(value) => write!(f, "{value}"),
            Self::UInt32(value) => write!(f, "{value}"),
            Self::UInt64(value) => write!(f, "{value}"),
            Self::Single(value) => number::write_single(*value, f),
            Self::Decimal(value) => write!(f, "{value}"),
            Self::Object(object) => f.write_str(&object.get().text()),
            Self::Double(value) => number::write_double(*value, f),
            Self::String(value) => f.write_str(value),
            Self::Guid(value) => write!(f, "{value}"),
            Self::DateTime(value) => write!(f, "{value}"),
            Self::TimeSpan(value) => write!(f, "{value}"),
            Self::DateTimeOffset(value) => write!(f, "{value}"),
            Self::Library(object) => write!(f, "{object}"),
            Self::Enum(value) => write!(f, "{value}"),
            Self::Json(token) => write!(f, "{token}"),
            Self::Response(_) => f.write_str("Response"),
            Self::Strings(_) | Self::Chars(_) | Self::Bytes(_) | Self::Context(_) | Self::Service(_) => {
                f.write_str(&self.type_name())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn text_forms_are_those_of_dotnet() {
        let cases = [
            (Value::Null, ""),
            (Value::Bool(true), "True"),
            (Value::Char(0x78), "x"),
            (Value::Int64(-7), "-7"),
            (Value::Double(2.50), "2.5"),
            (Value::string("a"), "a"),
            (Value::Bytes([1, 2].into()), "System.Byte[]"),
        ];
        for (value, text) in cases {
            assert_eq!(value.to_string(), text);
        }
    }
}
