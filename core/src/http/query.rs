//! The query of a URL as an ordered multi-map over its raw text. An edit of one parameter leaves every other byte as it was.
//!
//! Names are compared decoded and without regard to ASCII case, as .NET's collections of query parameters do.

use std::borrow::Cow;

use crate::http::percent::{Keep, Plus, decode_form, encode, stands_for};

/// A raw query, without its `?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query<'a> {
    raw: Option<&'a str>,
}

/// One parameter as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair<'a> {
    /// The name, encoded.
    pub name: &'a str,
    /// What follows the first `=`, encoded; `None` when there is no `=`.
    pub value: Option<&'a str>,
}

impl<'a> Pair<'a> {
    fn of(text: &'a str) -> Self {
        match text.split_once('=') {
            Some((name, value)) => Self { name, value: Some(value) },
            None => Self { name: text, value: None },
        }
    }

    /// Whether this parameter is called `name`.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        stands_for(self.name, name, Plus::Space)
    }

    /// The value decoded; empty when there is no `=`.
    #[must_use]
    pub fn decoded_value(&self) -> Cow<'a, str> {
        decode_form(self.value.unwrap_or(""))
    }
}

impl<'a> Query<'a> {
    /// The view of a raw query; `None` when the URL has no `?`.
    #[must_use]
    pub const fn new(raw: Option<&'a str>) -> Self {
        Self { raw }
    }

    /// All parameters in the order written; empty pieces (`&&`) are none.
    pub fn pairs(self) -> impl Iterator<Item = Pair<'a>> {
        self.raw.unwrap_or("").split('&').filter(|piece| !piece.is_empty()).map(Pair::of)
    }

    /// The first value of `name`, decoded.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Cow<'a, str>> {
        self.pairs().find(|pair| pair.is_named(name)).map(|pair| pair.decoded_value())
    }

    /// All values of `name`, decoded, in the order written.
    pub fn get_all(self, name: &str) -> impl Iterator<Item = Cow<'a, str>> {
        self.pairs().filter(move |pair| pair.is_named(name)).map(|pair| pair.decoded_value())
    }

    /// The query with `name` set to `values`: they stand where the first value of `name` stood, else at the end.
    /// No values at all remove the parameter.
    #[must_use]
    pub fn set(self, name: &str, values: &[&str]) -> Option<String> {
        if values.is_empty() {
            return self.remove(name);
        }
        let mut written = false;
        let pieces = self.raw.into_iter().flat_map(|raw| raw.split('&'));
        let mut kept: Vec<Cow<'_, str>> = Vec::new();
        for piece in pieces {
            if !is_piece_named(piece, name) {
                kept.push(Cow::Borrowed(piece));
            } else if !written {
                written = true;
                kept.push(Cow::Owned(pairs_text(name, values)));
            }
        }
        let set = kept.join("&");
        if written { Some(set) } else { Query::new(self.raw).append(name, values) }
    }

    /// The query with `values` of `name` added at its end.
    #[must_use]
    pub fn append(self, name: &str, values: &[&str]) -> Option<String> {
        let added = pairs_text(name, values);
        match self.raw {
            _ if values.is_empty() => self.raw.map(str::to_owned),
            None | Some("") => Some(added),
            Some(raw) if raw.ends_with('&') => Some(format!("{raw}{added}")),
            Some(raw) => Some(format!("{raw}&{added}")),
        }
    }

    /// The query without `name`; `None` when nothing is left of it.
    #[must_use]
    pub fn remove(self, name: &str) -> Option<String> {
        let raw = self.raw?;
        let kept: Vec<&str> = raw.split('&').filter(|piece| !is_piece_named(piece, name)).collect();
        if kept.is_empty() { None } else { Some(kept.join("&")) }
    }
}

fn is_piece_named(piece: &str, name: &str) -> bool {
    !piece.is_empty() && Pair::of(piece).is_named(name)
}

fn pairs_text(name: &str, values: &[&str]) -> String {
    let name = encode(name, Keep::Unreserved);
    let pairs: Vec<String> = values.iter().map(|value| format!("{name}={}", encode(value, Keep::Unreserved))).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_in_order_and_decoded() {
        let query = Query::new(Some("a=1&&b=x+y%21&A=2&c&=z"));
        assert_eq!(query.get_all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(query.get("b").as_deref(), Some("x y!"));
        assert_eq!(query.get("c").as_deref(), Some(""));
        assert_eq!(query.get("d"), None);
        assert_eq!(query.get("").as_deref(), Some("z"));
        assert_eq!(Query::new(None).pairs().count(), 0);
    }

    #[test]
    fn edits_touch_one_parameter() {
        let raw = Some("x=%zz&&a=1&y=+&A=2");
        let query = Query::new(raw);
        let text = |edited: Option<String>| edited.unwrap_or_else(|| "-".into());
        assert_eq!(text(query.set("a", &["p q", "&"])), "x=%zz&&a=p%20q&a=%26&y=+");
        assert_eq!(text(query.set("n", &["1"])), "x=%zz&&a=1&y=+&A=2&n=1");
        assert_eq!(text(query.append("a", &["3"])), "x=%zz&&a=1&y=+&A=2&a=3");
        assert_eq!(text(query.append("a", &[])), "x=%zz&&a=1&y=+&A=2");
        assert_eq!(text(query.remove("a")), "x=%zz&&y=+");
        assert_eq!(text(query.set("a", &[])), "x=%zz&&y=+");
        assert_eq!(text(Query::new(Some("a=1")).remove("a")), "-");
        assert_eq!(text(Query::new(Some("")).set("a", &["1"])), "a=1");
        assert_eq!(text(Query::new(None).append("a", &["1"])), "a=1");
        assert_eq!(text(Query::new(None).remove("a")), "-");
    }

    proptest! {
        #[test]
        fn other_parameters_stay(raw in "([ab]|=|&|%2|\\+){0,12}", value in ".{0,4}") {
            let others = |raw: Option<&str>| {
                Query::new(raw).pairs().filter(|pair| !pair.is_named("a")).map(|pair| format!("{pair:?}")).collect::<Vec<_>>()
            };
            let query = Query::new(Some(&raw));
            let set = query.set("a", &[&value]);
            prop_assert_eq!(Query::new(set.as_deref()).get_all("a").collect::<Vec<_>>(), [value.as_str()]);
            prop_assert_eq!(others(set.as_deref()), others(Some(&raw)));
            let removed = query.remove("a");
            prop_assert_eq!(others(removed.as_deref()), others(Some(&raw)));
            prop_assert_eq!(Query::new(removed.as_deref()).get("a"), None);
        }
    }
}
