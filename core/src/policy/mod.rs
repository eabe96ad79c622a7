//! Policies: documents become programs. One file per family of policies; the exchange runs what they compile to.

pub mod dialect;
pub mod effect;
pub mod source;
