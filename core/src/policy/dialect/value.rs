//! Attribute values and text split into literal text and expressions, references decoded. Finds no tags.

use crate::policy::dialect::entity::reference;
use crate::policy::dialect::{Decoded, Part, Value};
use crate::span::Span;

/// Whether references are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum References {
    Decode,
    Keep,
}

/// Decodes the references of `raw`, which begins at byte `start` of the document.
pub(super) fn decode(raw: &str, start: usize, references: References) -> Decoded {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let mut decoded = Decoded { text: String::with_capacity(raw.len()), start: offset(start), shifts: Vec::new() };
    if references == References::Keep || !raw.contains('&') {
        decoded.text.push_str(raw);
        return decoded;
    }
    let mut at = 0;
    while let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) {
        let plain = rest.find('&').unwrap_or(rest.len());
        decoded.text.push_str(rest.get(..plain).unwrap_or(""));
        at += plain;
        let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) else { break };
        if let Some((character, length)) = reference(rest) {
            decoded.text.push(character);
            at += length;
            decoded.shifts.push((offset(decoded.text.len()), offset(start + at)));
        } else {
            decoded.text.push('&');
            at += 1;
        }
    }
    decoded
}

/// Builds values from pieces as the reader comes past them.
#[derive(Debug)]
pub(super) struct ValueBuilder<'t> {
    document: &'t str,
    literal_start: usize,
    parts: Vec<Part>,
    start: usize,
}

impl<'t> ValueBuilder<'t> {
    pub(super) fn new(document: &'t str, start: usize) -> Self {
        Self { document, literal_start: start, parts: Vec::new(), start }
    }

    /// Whether only white space has been seen so far.
    pub(super) fn is_blank_until(&self, at: usize) -> bool {
        self.parts.is_empty() && self.document.get(self.start..at).is_none_or(|text| text.trim().is_empty())
    }

    /// An expression stands at `start..end`; what came before it is literal.
    pub(super) fn expression(&mut self, start: usize, end: usize) {
        self.flush(start);
        let raw = self.document.get(start..end).unwrap_or("");
        self.parts.push(Part::Expression(decode(raw, start, References::Decode)));
        self.literal_start = end;
    }

    /// The value ends at `end`.
    pub(super) fn finish(mut self, end: usize) -> Value {
        self.flush(end);
        Value { parts: self.parts, span: Span::new(self.start, end) }
    }

    fn flush(&mut self, end: usize) {
        let raw = self.document.get(self.literal_start..end).unwrap_or("");
        if !raw.is_empty() {
            self.parts.push(Part::Literal(decode(raw, self.literal_start, References::Decode).text));
        }
    }
}

/// A value of strict XML: decoded first, then looked at for an expression that is all of it.
pub(super) fn strict(raw: &str, start: usize, references: References) -> Value {
    let span = Span::new(start, start + raw.len());
    let decoded = decode(raw, start, references);
    let lead = decoded.text.len() - decoded.text.trim_start().len();
    let Some(body) = decoded.text.get(lead..).filter(|body| body.starts_with("@(") || body.starts_with("@{")) else {
        let parts = if decoded.text.is_empty() { Vec::new() } else { vec![Part::Literal(decoded.text)] };
        return Value { parts, span };
    };
    // What follows the expression stays visible, so that text around an expression is reported and not dropped.
    let end = crate::expr::scan::scan(body, 0).unwrap_or(body.trim_end().len());
    let tail = body.get(end..).unwrap_or("").to_owned();
    let source = Decoded { text: body.get(..end).unwrap_or("").to_owned(), ..shifted(&decoded, lead) };
    let mut parts = vec![Part::Expression(source)];
    if !tail.is_empty() {
        parts.push(Part::Literal(tail));
    }
    Value { parts, span }
}

fn shifted(decoded: &Decoded, by: usize) -> Decoded {
    let by = u32::try_from(by).unwrap_or(u32::MAX);
    let shifts = decoded.shifts.iter().filter(|(at, _)| *at >= by).map(|(at, raw)| (at - by, *raw)).collect();
    Decoded { text: String::new(), start: decoded.origin(by), shifts }
}
