//! Replacement patterns: `$1`, `${name}`, `$$`, `$&`, `` $` ``, `$'`, `$+`, `$_`.

use super::{Found, Regex};

/// A replacement pattern, read for one regular expression.
#[derive(Clone, Debug)]
pub(crate) struct Replacement(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(Vec<u16>),
    /// A group, by place
    Group(usize),
    Before,
    After,
    LastGroup,
    Whole,
}

impl Replacement {
    /// Reads it; a reference to a group that is not there is plain text.
    pub(crate) fn new(pattern: &str, regex: &Regex) -> Self {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = pattern;
        while let Some(at) = rest.find('$') {
            text.push_str(rest.get(..at).unwrap_or(""));
            let behind = rest.get(at + 1..).unwrap_or("");
            match reference(behind, regex) {
                Some((part, length)) => {
                    if !text.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut text).encode_utf16().collect()));
                    }
                    parts.push(part);
                    rest = behind.get(length..).unwrap_or("");
                }
                None => {
                    text.push('$');
                    rest = behind;
                }
            }
        }
        text.push_str(rest);
        parts.push(Part::Text(text.encode_utf16().collect()));
        Self(parts)
    }

    /// Writes what stands for the match.
    pub(crate) fn write(&self, input: &[u16], found: &Found, out: &mut Vec<u16>) {
        let (start, end) = found.span();
        for part in &self.0 {
            let span = match part {
                Part::Text(text) => {
                    out.extend_from_slice(text);
                    continue;
                }
                Part::Group(place) => found.group(*place),
                Part::Before => Some((0, start)),
                Part::After => Some((end, input.len())),
                Part::LastGroup => found.group(found.captures.len().saturating_sub(1)),
                Part::Whole => Some((0, input.len())),
            };
            out.extend_from_slice(span.and_then(|(start, end)| input.get(start..end)).unwrap_or(&[]));
        }
    }
}

// What stands behind a dollar, and how long it is.
fn reference(behind: &str, regex: &Regex) -> Option<(Part, usize)> {
    let part = match behind.chars().next()? {
        '$' => Part::Text(vec![u16::from(b'$')]),
        '&' => Part::Group(0),
        '`' => Part::Before,
        '\'' => Part::After,
        '+' => Part::LastGroup,
        '_' => Part::Whole,
        '{' => {
            let end = behind.find('}')?;
            let name = behind.get(1..end)?;
            return regex.group_named(name).map(|place| (Part::Group(place), end + 1));
        }
        digit if digit.is_ascii_digit() => {
            let length = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
            let number: u32 = behind.get(..length)?.parse().ok()?;
            let place = regex.groups().iter().position(|group| group.number == number)?;
            return Some((Part::Group(place), length));
        }
        _ => return None,
    };
    Some((part, 1))
}
