//! `holdfast policy`: documents checked and compiled without a gateway around them. Each command is a file of its own.

pub mod arguments;

mod check;
mod effective;
mod list;
mod listing;

use std::path::Path;

use holdfast_core::policy::dialect::FRAGMENT_BYTES_MAX;

use crate::cli::text::read_text;
use crate::cli::{EXIT_REFUSED, Outcome};
use arguments::Asked;

/// Does what is asked for.
pub(super) fn policy(asked: &Asked) -> Outcome {
    let outcome = match asked {
        Asked::Check { files, scope, format } => check::check(files, *scope, *format),
        Asked::List { element, format } => list::list(element.as_deref(), *format),
        Asked::Listing { file, scope } => listing::listing(file, *scope),
        Asked::Effective { directory, gateway, api, operation, product } => {
            effective::effective(directory, gateway.as_deref(), api, operation.as_deref(), product.as_deref())
        }
    };
    outcome.unwrap_or_else(|message| Outcome {
        code: EXIT_REFUSED,
        out: String::new(),
        err: format!("error: {message}\n"),
    })
}

// One byte more than a document may have, so that one that is too long is told as such.
fn read_document(path: &Path) -> Result<String, String> {
    read_text(path, u64::try_from(FRAGMENT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1))
}

#[cfg(test)]
mod tests;
