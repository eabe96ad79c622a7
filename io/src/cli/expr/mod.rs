//! `holdfast expr`: expressions checked, evaluated, listed and compared, without a gateway. The core does the work; this reads and prints.

pub mod arguments;

mod batch;
mod check;
mod compare;
mod eval;
mod explained;
mod members;
mod oracle;
mod random;
mod replay;
mod witness;

use std::path::Path;

use holdfast_core::expr::scene::Unfixed;
use holdfast_core::rng::Seed;
use serde_json::Value as Json;

use crate::cli::text::{read_text, text_of};
use crate::cli::{EXIT_REFUSED, Outcome};
use crate::clock::{Clock, SystemClock};
use arguments::{Asked, Source};

/// Bytes of one document or one expression.
const DOCUMENT_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Bytes of a file of cases, and of what an oracle says.
const CASES_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Does what is asked for.
pub(super) fn expr(asked: &Asked) -> Outcome {
    let done = match asked {
        Asked::Check { source, expected, format } => check::check(source, *expected, *format),
        Asked::Eval { source, context, format } => eval::eval(source, context.as_deref(), *format),
        Asked::Batch { cases, context } => batch::batch(cases, context.as_deref()),
        Asked::Members { of, format } => members::members(of.as_deref(), *format),
        Asked::Witness(witness) => witness::witness(witness),
        Asked::Random(random) => random::random(random),
        Asked::Replay(replay) => replay::replay(replay),
    };
    done.unwrap_or_else(|message| Outcome {
        code: EXIT_REFUSED,
        out: String::new(),
        err: format!("error: {message}\n"),
    })
}

/// The text of an expression and the name of where it comes from.
fn read_source(source: &Source) -> Result<(String, String), String> {
    match source {
        Source::Stdin => {
            Ok(("stdin".to_owned(), text_of(std::io::stdin().lock(), "standard input", DOCUMENT_BYTES_MAX)?))
        }
        Source::File(path) => Ok((path.display().to_string(), read_text(path, DOCUMENT_BYTES_MAX)?)),
    }
}

/// A context document; without a path, one that says nothing.
fn read_context(path: Option<&Path>) -> Result<Json, String> {
    let Some(path) = path else { return Ok(Json::Object(serde_json::Map::new())) };
    let text = read_text(path, DOCUMENT_BYTES_MAX)?;
    let name = path.display();
    serde_json::from_str(&text).map_err(|error| format!("{name}:{}:{}: {error}", error.line(), error.column()))
}

/// What holds where the context document fixes nothing: the clock of the system, and a seed from it.
fn unfixed() -> Unfixed {
    let wall = SystemClock::start().now().wall;
    Unfixed { wall, seed: Seed(wall.unix_nanos().unsigned_abs()) }
}

#[cfg(test)]
mod tests;
