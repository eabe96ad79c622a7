//! Where facts are written: the forms of a line, and the standard output of the process. Decides nothing about what happened.

pub mod adapters;
pub mod line;
pub mod stdout;

mod json;
mod text;

pub use stdout::StdSink;
