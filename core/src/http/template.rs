//! URL templates of operations: matched against a path and a query, ordered by precedence. `read` reads their text;
//! rewriting is in the module `rewrite`.
//!
//! The dialect is APIM's: literal segments, `{name}` alone or with literal text around it, `*` or `{*name}` at the end,
//! and a query part whose pairs are conditions.

mod read;

use std::cmp::Ordering;
use std::fmt;

use indexmap::IndexMap;

use crate::http::percent::{Keep, Plus, decode, decode_segments, encode, stands_for};
use crate::http::query::{Pair, Query};

/// The longest URL template, in bytes. ARM accepts 1,000 characters.
pub const TEMPLATE_BYTES_MAX: usize = 4096;

/// The most path segments of a URL template; the search descends once for each.
pub const TEMPLATE_SEGMENTS_MAX: usize = 128;

/// Why a text is not a URL template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// The byte in the text where it goes wrong.
    pub offset: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The URL template of an operation, as in `/orders/{id}?expand={expand}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlTemplate {
    text: String,
    segments: Vec<Segment>,
    wildcard: Option<Wildcard>,
    query: Vec<Condition>,
}

/// One path segment of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A fixed text, decoded and in lower case.
    Literal(Box<str>),
    /// Parameters with literal text around them, as in `{name}.json`.
    Compound(Compound),
    /// A parameter alone; it takes one segment that is not empty.
    Parameter(Box<str>),
}

/// A segment of parameters and literal text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compound {
    /// What it matches.
    pub pattern: Pattern,
    names: Vec<Box<str>>,
}

/// What a compound segment matches, whatever its parameters are called: the literal texts around them in lower case, one
/// more than there are parameters. Ordered by precedence: more literal text first, then by the texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Box<str>>);

/// The end of a template that takes the rest of the path, be it empty.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wildcard {
    name: Option<Box<str>>,
}

/// One pair of the query part: a request without it does not match.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    name: Box<str>,
    value: Expected,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Expected {
    Literal(Box<str>),
    Parameter(Box<str>),
}

impl UrlTemplate {
    /// Reads a URL template. A leading slash may be missing; one trailing slash does not count.
    ///
    /// # Errors
    /// Names the first byte that is wrong: braces that do not pair, names that are empty, strange or given twice,
    /// parameters side by side, a wildcard before the end, or a template that is too long.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.len() > TEMPLATE_BYTES_MAX {
            let message = format!("a URL template has at most {TEMPLATE_BYTES_MAX} bytes, not {}", text.len());
            return Err(TemplateError { offset: TEMPLATE_BYTES_MAX, message });
        }
        read::template(text)
    }

    /// The template as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path segments before the wildcard.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether the template ends in `*` or `{*name}`.
    #[must_use]
    pub const fn has_wildcard(&self) -> bool {
        self.wildcard.is_some()
    }

    /// The name of the wildcard, when it has one.
    #[must_use]
    pub fn wildcard_name(&self) -> Option<&str> {
        self.wildcard.as_ref()?.name.as_deref()
    }

    /// The names of all parameters: path first, then query.
    pub fn parameter_names(&self) -> impl Iterator<Item = &str> {
        let in_path = self.segments.iter().flat_map(Segment::names);
        let in_query = self.query.iter().filter_map(|condition| match &condition.value {
            Expected::Parameter(name) => Some(name.as_ref()),
            Expected::Literal(_) => None,
        });
        in_path.chain(self.wildcard_name()).chain(in_query)
    }

    /// The names of the query parameters that the template declares.
    pub fn query_names(&self) -> impl Iterator<Item = &str> {
        self.query.iter().map(|condition| condition.name.as_ref())
    }

    /// Matches a raw path that begins with `/`: the values of the path's parameters, decoded, in the order of the
    /// template; `None` when the path is another one. `%2F` does not divide segments. One trailing slash does not count.
    /// A wildcard keeps its slashes, and an encoded slash or percent sign in it stays encoded.
    #[must_use]
    pub fn match_path(&self, path: &str) -> Option<IndexMap<String, String>> {
        let mut segments = PathSegments::new(path);
        let mut values = IndexMap::new();
        for segment in &self.segments {
            segment.capture(segments.next()?, &mut values)?;
        }
        match &self.wildcard {
            None => segments.rest.is_none().then_some(values),
            Some(wildcard) => {
                if let Some(name) = &wildcard.name {
                    values.insert(name.to_string(), decode_segments(segments.rest_raw()).into_owned());
                }
                Some(values)
            }
        }
    }

    /// Whether a raw query has every pair of the template. Literal values are compared without regard to ASCII case.
    #[must_use]
    pub fn matches_query(&self, raw: Option<&str>) -> bool {
        self.query.iter().all(|condition| Query::new(raw).pairs().any(|pair| condition.is_met_by(&pair)))
    }

    /// Matches path and query: the values of all parameters, decoded, in the order of the template.
    #[must_use]
    pub fn match_request(&self, path: &str, query: Option<&str>) -> Option<IndexMap<String, String>> {
        if !self.matches_query(query) {
            return None;
        }
        let mut values = self.match_path(path)?;
        for condition in &self.query {
            if let Expected::Parameter(name) = &condition.value {
                let value = Query::new(query).get(&condition.name).unwrap_or_default();
                values.insert(name.to_string(), value.into_owned());
            }
        }
        Some(values)
    }

    /// What the template matches, whatever its parameters are called: templates of one shape match the same requests.
    #[must_use]
    pub fn shape(&self) -> String {
        let mut shape = String::new();
        for segment in &self.segments {
            shape.push('/');
            match segment {
                Segment::Literal(literal) => shape.push_str(&encode(literal, Keep::Segment)),
                Segment::Compound(compound) => shape.push_str(&compound.pattern.shape()),
                Segment::Parameter(_) => shape.push_str("{}"),
            }
        }
        if self.has_wildcard() {
            shape.push_str("/{*}");
        }
        let mut conditions: Vec<String> = self.query.iter().map(Condition::shape).collect();
        conditions.sort_unstable();
        conditions.iter().fold(shape, |shape, condition| shape + "?" + condition)
    }

    /// Orders templates that match the same path by their query part: more conditions first, literal ones before all.
    #[must_use]
    pub fn compare_query(&self, other: &Self) -> Ordering {
        let weight = |template: &Self| {
            let is_literal = |condition: &&Condition| matches!(condition.value, Expected::Literal(_));
            (template.query.iter().filter(is_literal).count(), template.query.len())
        };
        weight(other).cmp(&weight(self))
    }
}

impl fmt::Display for UrlTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Segment {
    fn names(&self) -> impl Iterator<Item = &str> {
        let names = match self {
            Self::Literal(_) => &[][..],
            Self::Compound(compound) => compound.names.as_slice(),
            Self::Parameter(name) => std::slice::from_ref(name),
        };
        names.iter().map(AsRef::as_ref)
    }

    fn capture(&self, raw: &str, values: &mut IndexMap<String, String>) -> Option<()> {
        match self {
            Self::Literal(literal) => stands_for(raw, literal, Plus::Literal).then_some(()),
            Self::Parameter(_) if raw.is_empty() => None,
            Self::Parameter(name) => {
                values.insert(name.to_string(), decode(raw).into_owned());
                Some(())
            }
            Self::Compound(compound) => compound.capture(raw, values),
        }
    }
}

impl Compound {
    fn capture(&self, raw: &str, values: &mut IndexMap<String, String>) -> Option<()> {
        let segment = decode(raw);
        let parts = self.pattern.split(&segment)?;
        for (name, part) in self.names.iter().zip(parts) {
            values.insert(name.to_string(), part.to_owned());
        }
        Some(())
    }
}

impl Pattern {
    /// Whether a raw path segment fits.
    #[must_use]
    pub fn is_match(&self, raw: &str) -> bool {
        self.split(&decode(raw)).is_some()
    }

    /// The parts that the parameters take, none of them empty. Literals are sought from the right, so that
    /// `{name}.{extension}` splits `a.b.c` at its last dot, as complex segments of ASP.NET routes do.
    fn split<'s>(&self, segment: &'s str) -> Option<Vec<&'s str>> {
        let lower = segment.to_ascii_lowercase();
        let (prefix, rest) = self.0.split_first()?;
        let (suffix, between) = rest.split_last()?;
        let mut end = lower.strip_suffix(suffix.as_ref())?.len();
        let mut parts = Vec::with_capacity(rest.len());
        for literal in between.iter().rev() {
            let last = lower.get(..end)?.char_indices().next_back()?.0;
            let start = lower.get(..last)?.rfind(literal.as_ref())?;
            parts.push(segment.get(start + literal.len()..end)?);
            end = start;
        }
        let first = segment.get(prefix.len()..end).filter(|part| !part.is_empty())?;
        parts.push(first);
        parts.reverse();
        lower.starts_with(prefix.as_ref()).then_some(parts)
    }

    fn shape(&self) -> String {
        let literals: Vec<_> = self.0.iter().map(|literal| encode(literal, Keep::Segment)).collect();
        literals.join("{}")
    }

    fn literal_bytes(&self) -> usize {
        self.0.iter().map(|literal| literal.len()).sum()
    }
}

impl Ord for Pattern {
    fn cmp(&self, other: &Self) -> Ordering {
        other.literal_bytes().cmp(&self.literal_bytes()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Pattern {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Condition {
    fn shape(&self) -> String {
        let name = encode(&self.name, Keep::Unreserved).to_ascii_lowercase();
        match &self.value {
            Expected::Literal(value) => format!("{name}={}", encode(value, Keep::Unreserved).to_ascii_lowercase()),
            Expected::Parameter(_) => format!("{name}={{}}"),
        }
    }

    fn is_met_by(&self, pair: &Pair<'_>) -> bool {
        pair.is_named(&self.name)
            && match &self.value {
                Expected::Parameter(_) => true,
                Expected::Literal(value) => stands_for(pair.value.unwrap_or(""), value, Plus::Space),
            }
    }
}

/// The segments of a raw path, its leading slash and one trailing slash left out: `/` has none, `/a//` has `a` and an empty one.
#[derive(Clone, Copy, Debug)]
pub struct PathSegments<'a> {
    rest: Option<&'a str>,
    untrimmed: &'a str,
}

impl<'a> PathSegments<'a> {
    /// The segments of `path`.
    #[must_use]
    pub fn new(path: &'a str) -> Self {
        let untrimmed = path.strip_prefix('/').unwrap_or(path);
        let trimmed = untrimmed.strip_suffix('/').unwrap_or(untrimmed);
        Self { rest: (!untrimmed.is_empty()).then_some(trimmed), untrimmed }
    }

    /// The segments not yet taken as they were written, a trailing slash included.
    #[must_use]
    pub fn rest_raw(&self) -> &'a str {
        let Some(rest) = self.rest else { return "" };
        let trailing = usize::from(self.untrimmed.ends_with('/'));
        let start = self.untrimmed.len().saturating_sub(rest.len() + trailing);
        self.untrimmed.get(start..).unwrap_or("")
    }
}

impl<'a> Iterator for PathSegments<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        match rest.split_once('/') {
            Some((segment, rest)) => {
                self.rest = Some(rest);
                Some(segment)
            }
            None => {
                self.rest = None;
                Some(rest)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matched(template: &str, path: &str) -> Option<String> {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let values = UrlTemplate::parse(template).unwrap().match_request(path, query)?;
        Some(values.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(","))
    }

    #[test]
    fn paths_match() {
        for (template, path, values) in [
            ("/", "/", ""),
            ("", "/", ""),
            ("/a", "/A/", ""),
            ("a/", "/%61", ""),
            ("/a/{x}", "/a/p%2Fq%20r", "x=p/q r"),
            ("/{x}.json", "/a.b.JSON", "x=a.b"),
            ("/{name}.{ext}", "/a.b.c", "name=a.b,ext=c"),
            ("/v{a}-{b}!", "/V1-2-3!", "a=1-2,b=3"),
            ("/é{x}", "/%C3%A9%C3%A9", "x=é"),
            ("/%7B%7D{x}", "/%7b}1", "x=1"),
            ("/a/*", "/a", ""),
            ("/a/{*rest}", "/a", "rest="),
            ("/a/{*rest}", "/a/", "rest="),
            ("/a/{*rest}", "/a/b%20c/d%2Fe//f/", "rest=b c/d%2Fe//f/"),
            ("/{x}/{*rest}", "/a/b", "x=a,rest=b"),
            ("/a?x={x}&y=1", "/a?Y=1&z&x=p+q", "x=p q"),
            ("/?soapAction=urn%3Aa", "/?soapaction=urn:A", ""),
        ] {
            assert_eq!(matched(template, path).as_deref(), Some(values), "{template} {path}");
        }
    }

    #[test]
    fn other_paths_do_not() {
        for (template, path) in [
            ("/", "/a"),
            ("/", "//"),
            ("/a", "/ab"),
            ("/a", "/a//"),
            ("/a/b", "/a%2Fb"),
            ("/a/{x}", "/a/"),
            ("/a/{x}", "/a//"),
            ("/a/{x}", "/a/b/c"),
            ("/{x}.json", "/.json"),
            ("/{a}-{b}", "/1-"),
            ("/{a}-{b}", "/-"),
            ("/a/*", "/ab"),
            ("/a?x={x}", "/a"),
            ("/a?x=1", "/a?x=2"),
        ] {
            assert_eq!(matched(template, path), None, "{template} {path}");
        }
    }

    #[test]
    fn errors_name_the_place() {
        for (template, offset, message) in [
            ("/a/{x", 3, "`{` is never closed"),
            ("/a/x}", 4, "unexpected `}`"),
            ("/a*b", 2, "unexpected `*`"),
            ("/*/b", 1, "`*` must be the last segment of the path"),
            ("/{*r}/b", 1, "`{*r}` must be the last segment of the path"),
            ("/{}", 2, "a parameter needs a name"),
            ("/{*}", 3, "a parameter needs a name"),
            ("/{x}{y}", 4, "two parameters side by side need literal text between them"),
            ("/{x}/{x}", 6, "parameter `x` is declared twice"),
            ("/{x}?y={x}", 8, "parameter `x` is declared twice"),
            ("/{x=1}", 3, "`x=1` is not the name of a parameter"),
            ("/?{x}=1", 2, "the name of a query parameter must be literal text"),
            ("/?x=a{b}", 5, "a query value is either literal text or one `{parameter}`"),
        ] {
            let expected = TemplateError { offset, message: message.into() };
            assert_eq!(UrlTemplate::parse(template), Err(expected), "{template}");
        }
        assert!(UrlTemplate::parse(&"x".repeat(TEMPLATE_BYTES_MAX + 1)).is_err());
        assert!(UrlTemplate::parse(&"/x".repeat(TEMPLATE_SEGMENTS_MAX + 1)).is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(template in "([a-c/é?&=*]|\\{|\\}|%2F|\\{x\\}){0,10}", path in "/([a-c/é]|%2F|%){0,10}") {
            if let Ok(template) = UrlTemplate::parse(&template) {
                let _ = template.match_request(&path, Some("a=b"));
                prop_assert_eq!(UrlTemplate::parse(template.as_str()), Ok(template));
            }
        }
    }
}
