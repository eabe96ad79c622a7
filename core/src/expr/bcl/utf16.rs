//! Strings counted as .NET counts them, in UTF-16 units. ASCII text, the usual case, is never converted.

use std::sync::Arc;

/// How many UTF-16 units the text has.
pub(super) fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// The unit at this index.
pub(super) fn unit_at(text: &str, index: usize) -> Option<u16> {
    if text.is_ascii() {
        text.as_bytes().get(index).map(|byte| u16::from(*byte))
    } else {
        text.encode_utf16().nth(index)
    }
}

/// The units from `start`, `count` of them; the caller has checked the bounds. Half a surrogate pair becomes U+FFFD.
pub(super) fn part(text: &str, start: usize, count: usize) -> Arc<str> {
    if text.is_ascii() {
        return Arc::from(text.get(start..start + count).unwrap_or(""));
    }
    let units: Vec<u16> = text.encode_utf16().skip(start).take(count).collect();
    Arc::from(String::from_utf16_lossy(&units))
}

/// The index in units of this byte offset.
pub(super) fn index_of_byte(text: &str, offset: usize) -> usize {
    length(text.get(..offset).unwrap_or(text))
}

/// The byte offset of this index in units; one inside a surrogate pair is the offset behind the character.
pub(super) fn byte_of_index(text: &str, index: usize) -> usize {
    if text.is_ascii() {
        return index.min(text.len());
    }
    let mut units = 0;
    for (offset, c) in text.char_indices() {
        if units >= index {
            return offset;
        }
        units += c.len_utf16();
    }
    text.len()
}

/// The character of a unit; half a surrogate pair is U+FFFD.
pub(super) fn char_of(unit: u16) -> char {
    char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Upper case by simple mapping: a character whose upper case is longer stays as it is.
pub(super) fn upper(c: char) -> char {
    // The invariant culture leaves the dotless i and the long s alone.
    if matches!(c, 'ı' | 'ſ') {
        return c;
    }
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(single), None) => single,
        _ => c,
    }
}

/// Lower case by simple mapping.
pub(super) fn lower(c: char) -> char {
    let mut mapped = c.to_lowercase();
    match (mapped.next(), mapped.next()) {
        (Some(single), None) => single,
        _ => c,
    }
}
