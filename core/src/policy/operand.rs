//! A value of a policy: a literal or an expression, and the types that policies want of it. Compiles no elements.

use std::fmt;
use std::sync::Arc;

use crate::expr::{Expected, Expression};
use crate::policy::run::{Failure, Run, Stop};
use crate::value::Value;

/// A value that is known, or computed for every exchange.
#[derive(Clone, Debug)]
pub enum Operand<T = Arc<str>> {
    /// It is known.
    Literal(T),
    /// It is computed. An expression is the whole value apart from white space around it.
    Expression(Computed),
}

/// An expression with its source, for listings.
#[derive(Clone)]
pub struct Computed {
    /// What is evaluated.
    pub expression: Expression,
    /// The source, delimiters included.
    pub source: Arc<str>,
}

impl fmt::Debug for Computed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// A type that a policy wants.
pub trait Typed: Clone + fmt::Debug {
    /// What the expression is compiled for.
    const EXPECTED: Expected;

    /// The value of a literal.
    ///
    /// # Errors
    /// Says what was expected.
    fn from_literal(text: &str) -> Result<Self, String>;

    /// The value of what an expression gave.
    ///
    /// # Errors
    /// Says what was expected.
    fn from_value(value: &Value) -> Result<Self, String>;
}

impl<T: Typed> Operand<T> {
    /// The value for this exchange.
    ///
    /// # Errors
    /// The expression failed, gave something of another type, or needs a body that has not been read.
    pub fn get(&self, run: &mut Run<'_>) -> Result<T, Stop> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Expression(computed) => {
                let value = run.eval(&computed.expression)?;
                T::from_value(&value).map_err(|message| Stop::fail(Failure::expression(message)))
            }
        }
    }

    /// The value when it does not depend on the exchange.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Literal(value) => Some(value),
            Self::Expression(_) => None,
        }
    }
}

/// The value of an operand that may be missing.
///
/// # Errors
/// As [`Operand::get`].
pub fn get_optional<T: Typed>(operand: Option<&Operand<T>>, run: &mut Run<'_>) -> Result<Option<T>, Stop> {
    operand.map(|operand| operand.get(run)).transpose()
}

impl<T: fmt::Display> fmt::Display for Operand<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(value) => write!(f, "`{value}`"),
            Self::Expression(computed) => f.write_str(&computed.source),
        }
    }
}

impl Typed for Arc<str> {
    const EXPECTED: Expected = Expected::Text;

    fn from_literal(text: &str) -> Result<Self, String> {
        Ok(Self::from(text))
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Ok(match value {
            Value::String(text) => Self::clone(text),
            other => Self::from(other.to_string()),
        })
    }
}

impl Typed for bool {
    const EXPECTED: Expected = Expected::Bool;

    fn from_literal(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("true") {
            Ok(true)
        } else if text.eq_ignore_ascii_case("false") {
            Ok(false)
        } else {
            Err(format!("`{text}` is neither `true` nor `false`"))
        }
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        if let Value::Bool(value) = value { Ok(*value) } else { Self::from_literal(&value.to_string()) }
    }
}

impl Typed for i64 {
    const EXPECTED: Expected = Expected::Int;

    fn from_literal(text: &str) -> Result<Self, String> {
        let text = text.trim();
        text.parse().map_err(|_| format!("`{text}` is not a whole number"))
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_literal(&value.to_string())
    }
}

/// Any value: a literal is a string.
impl Typed for Value {
    const EXPECTED: Expected = Expected::Any;

    fn from_literal(text: &str) -> Result<Self, String> {
        Ok(Self::string(text))
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Ok(value.clone())
    }
}
