//! Texts from files and standard input, bounded.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use holdfast_core::config::document::not_utf8;

/// The text of a file of at most `bytes_max` bytes.
///
/// # Errors
/// It cannot be read, is longer, or is not UTF-8.
pub(super) fn read_text(path: &Path, bytes_max: u64) -> Result<String, String> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| format!("`{name}`: {error}"))?;
    text_of(file, &name, bytes_max)
}

/// The text that `reader` gives; `name` is what it is called in messages.
///
/// # Errors
/// As [`read_text`].
pub(super) fn text_of(reader: impl Read, name: &str, bytes_max: u64) -> Result<String, String> {
    let mut bytes = Vec::new();
    reader.take(bytes_max + 1).read_to_end(&mut bytes).map_err(|error| format!("`{name}`: {error}"))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > bytes_max {
        return Err(format!("`{name}` has more than {bytes_max} bytes"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("`{name}`: {} (byte {at})", not_utf8(error.as_bytes()))
    })
}
