//! Policy expressions: the C# subset. The front door is [`compile`] and [`Expression::eval`]; nothing else is used from outside.

pub mod scan;

use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::rng::Rng;
use crate::span::Span;
use crate::time::Now;
use crate::value::Value;

/// What the place of an expression wants of its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Anything: `set-variable`.
    Any,
    /// A boolean: `condition`.
    Bool,
    /// A whole number: `calls`, `count`, `code`.
    Int,
    /// Something with a text form.
    Text,
}

/// A compiled expression. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Expression;

/// What evaluation is given besides the expression.
#[derive(Debug)]
pub struct Eval<'a> {
    /// The exchange as the expression sees it.
    pub context: &'a Context,
    /// Both clocks: `DateTime.UtcNow` and `context.Elapsed`.
    pub now: Now,
    /// The exchange's stream of chance: `Guid.NewGuid()`, `new Random()`.
    pub rng: &'a mut Rng,
}

/// Why evaluation gave no value.
#[derive(Clone, Debug, PartialEq)]
pub enum Interrupt {
    /// The body of this message has not been read: read it, then evaluate again from the start.
    NeedsBody(Message),
    /// A .NET exception that nothing in the expression caught.
    Exception {
        /// The full name of its type, as in `System.FormatException`.
        exception: &'static str,
        /// Its message.
        message: String,
    },
    /// A limit on steps, depth or memory was reached.
    LimitExceeded(&'static str),
}

/// One of the two messages of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// The request.
    Request,
    /// The response.
    Response,
}

/// Compiles `source`, the text between `@(` and `)` (one expression) or `@{` and `}` (statements), delimiters included.
///
/// # Errors
/// Everything that is wrong with it; positions are those of `span` inside `document`.
pub fn compile(_source: &str, _expected: Expected, _place: Place<'_>) -> Result<Expression, Vec<Diagnostic>> {
    Err(Vec::new())
}

/// Where an expression stands, for diagnostics.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The name of the document.
    pub file: &'a std::sync::Arc<str>,
    /// The whole text of the document.
    pub document: &'a str,
    /// Where in the document the source begins.
    pub span: Span,
}

impl Expression {
    /// Evaluates it.
    ///
    /// # Errors
    /// Says what is missing, or what was thrown.
    pub fn eval(&self, _eval: Eval<'_>) -> Result<Value, Interrupt> {
        Err(Interrupt::LimitExceeded("unbuilt"))
    }
}
