//! PEM: labelled blocks of Base64 (RFC 7468). Knows nothing of what is in them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const LINE: usize = 64;

/// The blocks of a text as label and bytes, in order; what is no block is skipped.
#[must_use]
pub fn blocks(text: &str) -> Vec<(&str, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, begun)) = rest.split_once("-----BEGIN ") {
        rest = begun;
        let Some((label, after)) = begun.split_once("-----") else { break };
        let Some((body, after_end)) = after.split_once(&format!("-----END {label}-----")) else { continue };
        let digits: String = body.split_whitespace().collect();
        if let Ok(bytes) = STANDARD.decode(digits) {
            found.push((label, bytes));
            rest = after_end;
        }
    }
    found
}

/// One block in lines of 64 characters, without a line feed at its end.
#[must_use]
pub fn block(label: &str, bytes: &[u8]) -> String {
    let digits = STANDARD.encode(bytes);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = digits.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_as_they_are_written() {
        let bytes: Vec<u8> = (0..100).collect();
        let text = format!("noise\n{}\nmore\n{}", block("A KEY", &bytes), block("B", &[]));
        assert_eq!(blocks(&text), [("A KEY", bytes), ("B", Vec::new())]);
        assert!(blocks("-----BEGIN X-----\nAAAA").is_empty());
        assert!(blocks("-----BEGIN X-----\n*\n-----END X-----").is_empty());
    }
}
