//! What is known of language models from their messages alone: how many tokens a text has, a prompt, an answer. Sends nothing.

pub mod answer;
pub mod estimate;
pub mod prompt;
pub mod similar;
pub mod text;

pub use answer::{Answer, Usage};
pub use prompt::Prompt;
