//! An ordered map from path segments to what lies below them. Segments are the same when they decode to the same text,
//! ASCII case aside; the usual segment, without escapes and in lower case, is sought without allocating.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::http::percent::decode;

/// A map whose keys are decoded segments in lower case.
#[derive(Clone, Debug)]
pub(super) struct SegmentMap<T> {
    entries: BTreeMap<Box<str>, T>,
}

impl<T> Default for SegmentMap<T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new() }
    }
}

impl<T: Default> SegmentMap<T> {
    /// The value of the segment `raw`, made if there is none.
    pub(super) fn entry(&mut self, raw: &str) -> &mut T {
        self.entries.entry(key(raw).into()).or_default()
    }

    /// The value of a segment that is decoded and in lower case already, made if there is none.
    pub(super) fn entry_decoded(&mut self, key: &str) -> &mut T {
        self.entries.entry(key.into()).or_default()
    }
}

impl<T> SegmentMap<T> {
    /// The value of the segment that `raw` stands for.
    pub(super) fn get(&self, raw: &str) -> Option<&T> {
        if self.entries.is_empty() { None } else { self.entries.get(key(raw).as_ref()) }
    }
}

fn key(raw: &str) -> Cow<'_, str> {
    let decoded = decode(raw);
    if decoded.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(decoded.to_ascii_lowercase())
    } else {
        decoded
    }
}
