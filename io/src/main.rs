//! The production binary. Hands arguments and environment to the command line and does nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    let code = holdfast::cli::main(std::env::args_os(), std::env::vars_os());
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}
