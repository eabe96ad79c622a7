//! What is wrong with a text that is no document.

use crate::span::Position;

/// Why a text is not a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong, in words.
    pub message: String,
    /// Where, when that is known.
    pub position: Option<Position>,
}
