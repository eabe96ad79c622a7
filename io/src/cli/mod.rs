//! The command line: what was asked for, done, with its text on standard output or error and its exit code. Serving is `run`'s.

pub mod arguments;
pub mod credential;
pub mod explain;
pub mod expr;
pub mod policy;

mod check;
mod given;
mod health;
mod inspect;
mod report;
mod routes;
mod text;

use std::ffi::OsString;
use std::io::Write;

use arguments::Command;

/// What a command came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The exit code.
    pub code: i32,
    /// For standard output.
    pub out: String,
    /// For standard error.
    pub err: String,
}

/// Everything is in order.
pub const EXIT_OK: i32 = 0;
/// What was looked at is refused, not ready, or cannot be read.
pub const EXIT_REFUSED: i32 = 1;
/// The command line cannot be understood.
pub const EXIT_USAGE: i32 = 2;

/// Does what the arguments ask for; gives the exit code. The first argument is the program's own name.
pub fn main(arguments: impl Iterator<Item = OsString>, vars: impl Iterator<Item = (OsString, OsString)>) -> i32 {
    let arguments: Vec<String> = arguments.skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    let vars = vars.map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
    let outcome = match arguments::parse(&arguments) {
        Ok(Command::Run) => return crate::run::run(vars.collect()),
        Ok(Command::Check(inspected)) => check::check(&inspected),
        Ok(Command::Routes(inspected)) => routes::routes(&inspected),
        Ok(Command::DebugCredential(asked)) => credential::credential(&asked),
        Ok(Command::Explain(asked)) => explain::explain(&asked),
        Ok(Command::Expr(asked)) => expr::expr(&asked),
        Ok(Command::Policy(asked)) => policy::policy(&asked),
        Ok(Command::Health { url }) => health::health(url.as_deref(), vars),
        Ok(Command::Version) => said(format!("holdfast {}\n", env!("CARGO_PKG_VERSION"))),
        Ok(Command::Help) => said(arguments::USAGE.to_owned()),
        Err(message) => {
            Outcome { code: EXIT_USAGE, out: String::new(), err: format!("error: {message}\n\n{}", arguments::USAGE) }
        }
    };
    // A reader that went away is no reason to fail.
    let _ = std::io::stdout().lock().write_all(outcome.out.as_bytes());
    let _ = std::io::stderr().lock().write_all(outcome.err.as_bytes());
    outcome.code
}

const fn said(out: String) -> Outcome {
    Outcome { code: EXIT_OK, out, err: String::new() }
}

#[cfg(test)]
mod tests;
