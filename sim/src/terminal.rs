//! Lines for the person at the terminal. The only place of this package that writes to standard output.

use std::io::Write;

/// Writes one line to standard output; a closed pipe is no error.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever closed the pipe does not want the rest.
    let _closed = writeln!(out, "{line}").and_then(|()| out.flush());
}
