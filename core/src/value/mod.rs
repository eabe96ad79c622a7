//! .NET values as policy expressions see them. Holds no operators; `expr` has those.

use std::fmt;
use std::sync::Arc;

/// A .NET value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `System.Boolean`
    Bool(bool),
    /// `System.Int32`
    Int32(i32),
    /// `System.Int64`
    Int64(i64),
    /// `System.Double`
    Double(f64),
    /// `System.String`
    String(Arc<str>),
    /// `System.String[]`
    Strings(Arc<[Arc<str>]>),
    /// The answer of a send-request: `IResponse`
    Response(Arc<crate::context::ResponseView>),
}

impl Value {
    /// A string value.
    #[must_use]
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }
}

/// What `ToString()` gives; `null` is empty, as in string concatenation.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Bool(value) => f.write_str(if *value { "True" } else { "False" }),
            Self::Int32(value) => write!(f, "{value}"),
            Self::Int64(value) => write!(f, "{value}"),
            Self::Double(value) => write!(f, "{value}"),
            Self::String(value) => f.write_str(value),
            Self::Strings(_) => f.write_str("System.String[]"),
            Self::Response(_) => f.write_str("Response"),
        }
    }
}
