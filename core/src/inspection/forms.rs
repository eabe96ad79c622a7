//! Where values stand in texts, in whatever form: as they are, percent-encoded, escaped as in JSON and XML, in Base64, in capitals.
//! Knows of no exchange.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::{CUT, HIDDEN};
use crate::http::percent::{Keep, encode};

/// The shortest form that is looked for, in bytes: shorter ones are words by chance.
pub(super) const BYTES_MIN: usize = 4;
/// The shortest piece of Base64 that is looked for, in bytes.
const BASE64_BYTES_MIN: usize = 8;

/// The forms of values, in small letters, by their first bytes; the longest first.
#[derive(Debug, Default)]
pub(super) struct Forms(BTreeMap<[u8; BYTES_MIN], Vec<String>>);

impl Forms {
    /// The forms of these values.
    pub(super) fn of<'v>(values: impl Iterator<Item = &'v str>) -> Self {
        let mut all = BTreeSet::new();
        values.for_each(|value| all.extend(forms(value).map(|form| form.to_ascii_lowercase())));
        let mut by_start: BTreeMap<[u8; BYTES_MIN], Vec<String>> = BTreeMap::new();
        for form in all {
            if let Some(start) = form.as_bytes().first_chunk() {
                by_start.entry(*start).or_default().push(form);
            }
        }
        by_start.values_mut().for_each(|forms| forms.sort_by_key(|form| std::cmp::Reverse(form.len())));
        Self(by_start)
    }

    /// The text without them; `None` when there is none in it. Of a text that was cut the beginning of one may be all that is left.
    pub(super) fn hidden(&self, text: &str) -> Option<String> {
        let lower = text.to_ascii_lowercase();
        let end = lower.strip_suffix(CUT).map(str::len);
        let mut hidden = String::new();
        let (mut at, mut copied) = (0, 0);
        while let Some(rest) = lower.as_bytes().get(at..) {
            let Some(start) = rest.first_chunk() else { break };
            match self.0.get(start).and_then(|forms| length_in(forms, rest, end.map(|end| end.saturating_sub(at)))) {
                Some(length) => {
                    hidden.push_str(text.get(copied..at).unwrap_or(""));
                    hidden.push_str(HIDDEN);
                    at += length;
                    copied = at;
                }
                None => at += 1,
            }
        }
        if copied == 0 {
            return None;
        }
        hidden.push_str(text.get(copied..).unwrap_or(""));
        Some(hidden)
    }
}

// How much of `rest` one of the forms takes. `cut` is how much of it is left of a text that was cut.
fn length_in(forms: &[String], rest: &[u8], cut: Option<usize>) -> Option<usize> {
    let left = cut.and_then(|cut| rest.get(..cut)).filter(|left| left.len() >= BYTES_MIN);
    forms.iter().map(String::as_bytes).find_map(|form| {
        if rest.starts_with(form) {
            return Some(form.len());
        }
        left.filter(|left| form.starts_with(left)).map(<[u8]>::len)
    })
}

fn forms(value: &str) -> impl Iterator<Item = String> {
    let percent = [Keep::Unreserved, Keep::Segment, Keep::Written].map(|keep| encode(value, keep).into_owned());
    let in_form = percent.first().map(|encoded| encoded.replace("%20", "+"));
    let json = serde_json::to_string(value).unwrap_or_default();
    let json = json.trim_matches('"').to_owned();
    let xml = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let attribute = xml.replace('"', "&quot;");
    let coded = [0, 1, 2].into_iter().flat_map(|before| base64_of(value, before));
    let written = [value.to_owned(), value.to_uppercase(), value.to_lowercase(), json, xml, attribute];
    written.into_iter().chain(percent).chain(in_form).chain(coded.collect::<Vec<_>>())
}

// What Base64 always makes of the value when so many bytes stand before it in their group of three, in both alphabets.
fn base64_of(value: &str, before: usize) -> Vec<String> {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(value.as_bytes());
    let coded = STANDARD_NO_PAD.encode(&bytes);
    let piece = coded.get((before * 8).div_ceil(6)..bytes.len() * 8 / 6).unwrap_or("");
    if piece.len() < BASE64_BYTES_MIN {
        return Vec::new();
    }
    vec![piece.to_owned(), piece.replace('+', "-").replace('/', "_")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_every_form() {
        let value = "p@ss w/\"ord\"+<&>";
        assert_eq!(Forms::of(["café"].into_iter()).hidden("CAFÉ or café").as_deref(), Some("*** or ***"));
        let forms = Forms::of([value].into_iter());
        for (text, shown) in [
            ("is p@ss w/\"ord\"+<&>!".to_owned(), "is ***!"),
            ("is P@SS W/\"ORD\"+<&>!".to_owned(), "is ***!"),
            ("?k=p%40ss%20w%2F%22ord%22%2B%3C%26%3E&b".to_owned(), "?k=***&b"),
            ("?k=p%40ss%20w%2f%22ord%22%2b%3c%26%3e&b".to_owned(), "?k=***&b"),
            ("k=p%40ss+w%2F%22ord%22%2B%3C%26%3E".to_owned(), "k=***"),
            (serde_json::json!({ "a": value }).to_string(), "{\"a\":\"***\"}"),
            ("<a b=\"p@ss w/&quot;ord&quot;+&lt;&amp;&gt;\" />".to_owned(), "<a b=\"***\" />"),
            ("p@ss w/ord".to_owned(), "p@ss w/ord"),
        ] {
            assert_eq!(forms.hidden(&text).as_deref().unwrap_or(&text), shown, "{text}");
        }
        for before in ["", "u:", "me:", "user:"] {
            let coded = STANDARD_NO_PAD.encode(format!("{before}{value}:behind"));
            let hidden = forms.hidden(&coded).expect("it is in there");
            assert!(hidden.contains(HIDDEN) && hidden.len() <= HIDDEN.len() + 18, "{coded} {hidden}");
        }
    }

    #[test]
    fn of_what_was_cut_the_beginning_is_hidden() {
        let forms = Forms::of(["hunter22-and-more", "ab"].into_iter());
        let cases = [
            ("so hunter2…", "so ***…"),
            ("so hunt…", "so ***…"),
            ("so hun…", "so hun…"),
            ("so hunter2", "so hunter2"),
            ("ab…", "ab…"),
            ("…", "…"),
            ("hunter22-and-morehunter22-and-more…", "******…"),
        ];
        for (text, shown) in cases {
            assert_eq!(forms.hidden(text).as_deref().unwrap_or(text), shown, "{text}");
        }
    }
}
