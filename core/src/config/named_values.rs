//! Named values: `{{display-name}}` in a text becomes the value, before anything else looks at the text. Judges nothing that stays.
//!
//! The substitution is textual and happens once: braces inside a value are not looked at again. Names without a named value stay as
//! they are and are listed, since Liquid templates use the same braces and only the caller knows what the text is.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::config::bounds::MAX_SUBSTITUTED_BYTES;
use crate::config::model::NamedValue;
use crate::config::secret::Secret;
use crate::diagnostic::{Diagnostic, nearest};
use crate::span::Span;

/// The shortest part of a secret that is looked for in what a diagnostic quotes, in bytes: shorter ones are words by chance.
const QUOTED_PART_BYTES_MIN: usize = 3;

/// The shortest secret that is looked for outside of what a diagnostic quotes, in bytes.
const UNQUOTED_BYTES_MIN: usize = 6;

/// The values by display name. Names are compared exactly, case included.
#[derive(Clone, Debug, Default)]
pub struct Substitution {
    values: BTreeMap<String, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    value: Option<Secret>,
    shown: Shown,
}

/// Whether a diagnostic may show a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Plainly,
    Never,
}

/// A text after substitution. Its `Debug` does not show the text, which may hold secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Substituted {
    /// The text.
    pub text: Arc<str>,
    /// Names that no named value has, with their place (braces included) in the original; they stand in `text` unchanged.
    pub unknown: Vec<(String, Span)>,
    /// Named values whose value is not at hand, with their place in the original; they stand in `text` unchanged.
    pub missing: Vec<(String, Span)>,
    /// The reference at which the text outgrew [`MAX_SUBSTITUTED_BYTES`]; from there on nothing was substituted.
    pub outgrown: Option<Span>,
    pieces: Vec<Piece>,
    // Names and values of the secrets that were put in.
    secrets: BTreeMap<String, Secret>,
}

/// A stretch of the result that was put in place of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    result: Span,
    original: Span,
}

impl Substitution {
    /// A substitution from the named values of a configuration.
    #[must_use]
    pub fn new(values: &[NamedValue]) -> Self {
        let pair = |named: &NamedValue| {
            let shown = if named.secret { Shown::Never } else { Shown::Plainly };
            (named.display_name.clone(), Known { value: named.value.clone(), shown })
        };
        Self { values: values.iter().map(pair).collect() }
    }

    /// Puts the values into `text`.
    #[must_use]
    pub fn substitute(&self, text: &str) -> Substituted {
        let mut done = Substituted::default();
        let mut result = String::with_capacity(text.len());
        let mut copied = 0;
        for (name, span) in references(text) {
            let (start, end) = (span.start as usize, span.end as usize);
            let (value, shown) = match self.values.get(name) {
                Some(Known { value: Some(Secret(value)), shown }) => (value, *shown),
                Some(Known { value: None, .. }) => {
                    done.missing.push((name.to_owned(), span));
                    continue;
                }
                None => {
                    done.unknown.push((name.to_owned(), span));
                    continue;
                }
            };
            let before = text.get(copied..start).unwrap_or("");
            let rest = text.len() - end;
            if done.outgrown.is_some() || result.len() + before.len() + value.len() + rest > MAX_SUBSTITUTED_BYTES {
                done.outgrown = done.outgrown.or(Some(span));
                continue;
            }
            result.push_str(before);
            let at = result.len();
            result.push_str(value);
            done.pieces.push(Piece { result: Span::new(at, result.len()), original: span });
            if shown == Shown::Never {
                done.secrets.entry(name.to_owned()).or_insert_with(|| Secret(value.clone()));
            }
            copied = end;
        }
        result.push_str(text.get(copied..).unwrap_or(""));
        done.text = Arc::from(result);
        done
    }

    /// The display name that `name` was most likely meant to be.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.values.keys().map(String::as_str))
    }
}

impl Substituted {
    /// The offset in the original of byte `offset` of `text`. Inside a value that is the start of its reference.
    #[must_use]
    pub fn original(&self, offset: u32) -> u32 {
        let before = self.pieces.partition_point(|piece| piece.result.start <= offset);
        match before.checked_sub(1).and_then(|index| self.pieces.get(index)) {
            None => offset,
            Some(piece) if offset < piece.result.end => piece.original.start,
            Some(piece) => piece.original.end + (offset - piece.result.end),
        }
    }

    /// The finding about this text with the names of secret named values where it shows the values or parts of them: diagnostics
    /// go to logs, status pages and heartbeats.
    #[must_use]
    pub fn without_secrets(&self, mut finding: Diagnostic) -> Diagnostic {
        for (name, Secret(value)) in self.secrets.iter().filter(|(_, secret)| !secret.0.is_empty()) {
            let reference = format!("{{{{{name}}}}}");
            for form in [value.clone(), decoded(value)] {
                finding.message = hidden(&finding.message, &form, &reference);
                finding.help = finding.help.map(|help| hidden(&help, &form, &reference));
            }
        }
        finding
    }
}

impl fmt::Debug for Substituted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Substituted")
            .field("unknown", &self.unknown)
            .field("missing", &self.missing)
            .finish_non_exhaustive()
    }
}

// What a document's reader makes of a value: a finding quotes it so.
fn decoded(value: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    entities.iter().fold(value.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

// Backticks stand around the customer's words: every other piece is one. A value with backticks of its own is found as a whole.
fn hidden(words: &str, secret: &str, reference: &str) -> String {
    let words = if secret.len() >= UNQUOTED_BYTES_MIN { words.replace(secret, reference) } else { words.to_owned() };
    let shows =
        |quoted: &str| quoted.contains(secret) || quoted.len() >= QUOTED_PART_BYTES_MIN && secret.contains(quoted);
    let pieces = words.split('`').enumerate();
    let pieces = pieces.map(|(index, piece)| if index % 2 == 1 && shows(piece) { reference } else { piece });
    pieces.collect::<Vec<_>>().join("`")
}

/// The names that `text` refers to, known or not.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    references(text).map(|(name, _)| name)
}

/// The references in `text`, left to right: `{{`, optional blanks, a name of `[A-Za-z0-9._-]+`, optional blanks, `}}`.
fn references(text: &str) -> impl Iterator<Item = (&str, Span)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + text.get(at..)?.find("{{")?;
            match reference(text, start) {
                Some((name, end)) => {
                    at = end;
                    return Some((name, Span::new(start, end)));
                }
                // One brace on: in `{{{name}}}` the inner pair is the reference.
                None => at = start + 1,
            }
        }
    })
}

fn reference(text: &str, start: usize) -> Option<(&str, usize)> {
    let is_blank = |c: char| c == ' ' || c == '\t';
    let inside = text.get(start + 2..)?;
    let name = inside.trim_start_matches(is_blank);
    let end = name.find(|c: char| !is_name(c)).unwrap_or(name.len());
    let (name, rest) = name.split_at(end);
    let rest = rest.trim_start_matches(is_blank).strip_prefix("}}")?;
    (!name.is_empty()).then(|| (name, text.len() - rest.len()))
}

/// Whether `c` may stand in the display name of a named value.
pub(super) const fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn substitution() -> Substitution {
        let value = |name: &str, value: Option<&str>| NamedValue {
            id: name.to_owned(),
            display_name: name.to_owned(),
            value: value.map(|value| Secret(value.to_owned())),
            secret: false,
        };
        Substitution::new(&[
            value("host", Some("backend.example")),
            value("a.b_c-1", Some("")),
            value("nested", Some("{{host}}")),
            value("secret", None),
        ])
    }

    #[test]
    fn texts() {
        let table = [
            ("https://{{host}}/{{ host }}", "https://backend.example/backend.example"),
            ("{{nested}}", "{{host}}"),
            ("x{{a.b_c-1}}y", "xy"),
            ("{{{host}}}", "{backend.example}"),
            ("{{secret}} {{ body.name }} {{", "{{secret}} {{ body.name }} {{"),
            ("{{ho st}} {{}} {host} {{host}", "{{ho st}} {{}} {host} {{host}"),
        ];
        for (text, expected) in table {
            assert_eq!(&*substitution().substitute(text).text, expected, "{text}");
        }
    }

    #[test]
    fn what_stays_is_listed_with_its_place() {
        let done = substitution().substitute("ä{{secret}}{{hosst}}");
        assert_eq!(done.missing, [("secret".to_owned(), Span::new(2, 12))]);
        assert_eq!(done.unknown, [("hosst".to_owned(), Span::new(12, 21))]);
        assert_eq!(substitution().nearest("hosst"), Some("host"));
    }

    #[test]
    fn offsets_lead_back() {
        let done = substitution().substitute("ab{{host}}cd{{a.b_c-1}}e");
        assert_eq!(&*done.text, "abbackend.examplecde");
        let back: Vec<u32> = [0, 1, 2, 16, 17, 18, 19, 20].into_iter().map(|offset| done.original(offset)).collect();
        assert_eq!(back, [0, 1, 2, 2, 10, 11, 23, 24]);
    }

    #[test]
    fn findings_show_the_names_of_secrets_and_not_their_values() {
        let named = |name: &str, value: &str, secret| NamedValue {
            id: name.to_owned(),
            display_name: name.to_owned(),
            value: Some(Secret(value.to_owned())),
            secret,
        };
        let values = [named("key", "hunter2 &amp; more", true), named("pin", "12", true), named("port", "8080", false)];
        let done = Substitution::new(&values).substitute("{{key}} {{pin}} {{port}}");
        for (message, expected) in [
            ("`hunter2 & more` is not a whole number", "`{{key}}` is not a whole number"),
            ("there is no `hunter2`; expected 12 or `8080`", "there is no `{{key}}`; expected 12 or `8080`"),
            ("x=hunter2 &amp; more is not a URL", "x={{key}} is not a URL"),
            ("`a12` and `b`", "`{{pin}}` and `b`"),
        ] {
            let shown = done.without_secrets(Diagnostic::error("x", "f", message).with_help(message));
            assert_eq!((shown.message.as_str(), shown.help.as_deref()), (expected, Some(expected)));
        }
        assert!(!format!("{done:?}").contains("hunter2"));
    }

    #[test]
    fn growth_is_bounded() {
        let value = NamedValue {
            id: "x".to_owned(),
            display_name: "x".to_owned(),
            value: Some(Secret("v".repeat(4096))),
            secret: true,
        };
        let done = Substitution::new(&[value]).substitute(&"{{x}}".repeat(100_000));
        assert!(done.outgrown.is_some());
        assert!(done.text.len() <= MAX_SUBSTITUTED_BYTES);
    }

    proptest! {
        #[test]
        fn any_text_keeps_its_rest(text in "[{}a-c host.é]{0,40}") {
            let done = substitution().substitute(&text);
            prop_assert_eq!(done.original(u32::try_from(done.text.len()).unwrap()) as usize, text.len());
        }
    }
}
