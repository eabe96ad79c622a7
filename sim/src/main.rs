//! The binary `holdfast-sim`. Holds nothing but the call into the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    holdfast_sim::command::main(std::env::args().collect())
}
