//! Policy expressions: the C# subset. The front door is [`compile`] and [`Expression::eval`]; nothing else is used from outside.

pub mod admitted;
mod bcl;
mod bounded;
mod check;
pub mod draw;
pub mod encode;
mod eval;
mod exception;
pub mod fixture;
mod fold;
mod generic;
mod identity;
mod instance;
mod lex;
pub mod limits;
mod node;
mod parse;
#[doc(hidden)]
pub mod probe;
mod problem;
mod regex;
pub mod scan;
pub mod scene;
mod syntax;
mod ty;
pub(crate) mod xml;

use std::sync::Arc;

pub(crate) use bcl::authorization::authorization_object;
pub(crate) use bcl::token::{claim_values, jwt_object};

use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::rng::Rng;
use crate::span::Span;
use crate::time::Now;
use crate::value::{Enumeration, Value};

use limits::Limit;

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
pub struct Expression(Arc<node::Program>);

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
    Exception(Box<Exception>),
    /// A limit on steps, depth or memory was reached.
    LimitExceeded(Limit),
}

/// A .NET exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The full name of its type, as in `System.FormatException`.
    pub type_name: &'static str,
    /// Its message.
    pub message: String,
}

/// One of the two messages of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// The request.
    Request,
    /// The response.
    Response,
}

/// What an evaluation did besides giving a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noted {
    /// The bodies that it read by `As<T>()` without `preserveContent: true`. APIM's default reads the stream itself, so nothing is
    /// left for whoever reads the message next.
    pub consumed: Consumed,
    /// What it said by `context.Trace`, at most [`limits::TRACES_MAX`] lines.
    pub traces: Vec<Arc<str>>,
}

/// Which bodies were consumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consumed {
    /// The body of the request.
    pub request: bool,
    /// The body of the response.
    pub response: bool,
}

impl Consumed {
    fn note(&mut self, message: Message) {
        match message {
            Message::Request => self.request = true,
            Message::Response => self.response = true,
        }
    }
}

/// Compiles `source`, the text between `@(` and `)` (one expression) or `@{` and `}` (statements), delimiters included.
///
/// # Errors
/// Everything that is wrong with it; positions are those of `span` inside `document`.
pub fn compile(source: &str, expected: Expected, place: Place<'_>) -> Result<Expression, Vec<Diagnostic>> {
    let mut problems = problem::Problems::default();
    let tree = parse::parse(source, &mut problems);
    problems.end_parse();
    let program = check::check(&tree, expected, &mut problems);
    match program {
        Some(program) if problems.is_empty() => Ok(Expression(Arc::new(program))),
        _ => Err(problems.into_vec(source).into_iter().map(|problem| place.diagnostic(source, problem)).collect()),
    }
}

/// Where an expression stands, for diagnostics.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The name of the document.
    pub file: &'a Arc<str>,
    /// The whole text of the document.
    pub document: &'a str,
    /// Where in the document the source begins.
    pub span: Span,
}

impl Place<'_> {
    // Where the document writes characters as references, offsets inside the source do not fit; its beginning does.
    fn diagnostic(&self, source: &str, problem: problem::Problem) -> Diagnostic {
        let start = usize::try_from(self.span.start).unwrap_or(usize::MAX);
        let is_verbatim = self.document.get(start..).is_some_and(|rest| rest.starts_with(source));
        let span = if is_verbatim { problem.span.shifted(self.span.start) } else { self.span };
        let diagnostic =
            Diagnostic::error(problem.code, Arc::clone(self.file), problem.message).at(self.document, span);
        match problem.help {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        }
    }
}

impl Expression {
    /// Evaluates it.
    ///
    /// # Errors
    /// Says what is missing, or what was thrown.
    pub fn eval(&self, eval: Eval<'_>) -> Result<Value, Interrupt> {
        self.eval_noting(eval, &mut Noted::default())
    }

    /// Evaluates it, and notes what it did besides, also when it throws.
    ///
    /// # Errors
    /// Says what is missing, or what was thrown.
    pub fn eval_noting(&self, eval: Eval<'_>, noted: &mut Noted) -> Result<Value, Interrupt> {
        eval::run(&self.0, eval, noted)
    }

    /// The static type of the result as C# writes it, as in `string` or `int?`.
    #[must_use]
    pub fn result_type(&self) -> String {
        self.0.result.to_string()
    }
}

/// The enumeration of this full name, as in `System.DayOfWeek`, of those that expressions may use.
pub(crate) fn enumeration_named(name: &str) -> Option<&'static Enumeration> {
    bcl::TABLE.enumeration_named(name)
}

/// Every member that expressions may use, as `(type, signature)`, in the order of names.
#[must_use]
pub fn members() -> Vec<(String, &'static str)> {
    bcl::TABLE.members().map(|member| (member.owner.to_string(), member.signature)).collect()
}

#[cfg(test)]
mod tests;
