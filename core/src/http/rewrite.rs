//! Templates of rewrite-uri: text with `{name}` placeholders that the matched parameters fill. Matching is in `template`.

use std::fmt;

use indexmap::IndexMap;

use crate::http::percent::{Keep, encode, is_dot_segment};
use crate::http::template::{TEMPLATE_BYTES_MAX, TemplateError, UrlTemplate};

/// What a request's path and query become, as in `/v2/orders/{id}?expand=lines`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewriteTemplate {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Parameter { name: String, place: Place },
}

/// Where a placeholder stands; it decides what of the value is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Segment,
    Segments,
    Query,
}

/// Why a template cannot be filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpandError {
    /// It names a parameter that the operation's template does not have.
    UnknownParameter {
        /// The name between the braces.
        name: String,
    },
    /// A value of the request would become a `.` or `..` segment, which leads elsewhere than the template says.
    DotSegment,
}

impl fmt::Display for ExpandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownParameter { name } => write!(f, "the operation's URL template has no parameter `{name}`"),
            Self::DotSegment => f.write_str("a value of the request would become a dot segment"),
        }
    }
}

impl RewriteTemplate {
    /// Reads a template. A leading slash is added where it is missing; a parameter may be used more than once.
    ///
    /// # Errors
    /// Names the first byte that is wrong: braces that do not pair, an empty name, or a template that is too long.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let error = |offset, message: &str| TemplateError { offset, message: message.to_owned() };
        if text.len() > TEMPLATE_BYTES_MAX {
            return Err(error(TEMPLATE_BYTES_MAX, &format!("a URL template has at most {TEMPLATE_BYTES_MAX} bytes")));
        }
        let mut template = Self { pieces: Vec::new() };
        if !text.starts_with('/') {
            template.pieces.push(Piece::Literal("/".to_owned()));
        }
        let (mut rest, mut in_query) = (text, false);
        loop {
            let (literal, tail) = rest.split_at(rest.find(['{', '}']).unwrap_or(rest.len()));
            let at = text.len() - tail.len();
            in_query |= literal.contains('?');
            if !literal.is_empty() {
                template.pieces.push(Piece::Literal(encode(literal, Keep::Written).into_owned()));
            }
            if tail.is_empty() {
                return Ok(template);
            }
            let Some(tail) = tail.strip_prefix('{') else { return Err(error(at, "unexpected `}`")) };
            let Some((name, tail)) = tail.split_once('}') else { return Err(error(at, "`{` is never closed")) };
            let (name, place) = match (name.strip_prefix('*'), in_query) {
                (name_of_rest, true) => (name_of_rest.unwrap_or(name), Place::Query),
                (Some(name), false) => (name, Place::Segments),
                (None, false) => (name, Place::Segment),
            };
            if name.is_empty() || name.contains('{') {
                return Err(error(at + 1, "a parameter needs a name"));
            }
            template.pieces.push(Piece::Parameter { name: name.to_owned(), place });
            rest = tail;
        }
    }

    /// The names of all placeholders, in order.
    pub fn parameter_names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(_) => None,
            Piece::Parameter { name, .. } => Some(name.as_str()),
        })
    }

    /// Path and query with the values of `parameters`, encoded for where they stand. A slash in a value is encoded, unless
    /// the placeholder is written `{*name}` or `name` is the wildcard of `operation`, the template that was matched.
    ///
    /// # Errors
    /// Names the first placeholder that `parameters` does not have, or says that a value leads out of its place.
    pub fn expand(
        &self,
        parameters: &IndexMap<String, String>,
        operation: Option<&UrlTemplate>,
    ) -> Result<String, ExpandError> {
        let wildcard = operation.and_then(UrlTemplate::wildcard_name);
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Parameter { name, place } => {
                    let Some(value) = parameters.get(name) else {
                        return Err(ExpandError::UnknownParameter { name: name.clone() });
                    };
                    let is_wildcard = wildcard == Some(name.as_str());
                    text.push_str(&encode(value, place.keep(is_wildcard)));
                }
            }
        }
        // Routing lets no such segment in, but a part of a segment, or a query, can hold one.
        if has_dot_segment(&text) && !self.has_dot_segment() {
            return Err(ExpandError::DotSegment);
        }
        Ok(text)
    }

    /// Whether the template itself holds a `.` or `..` segment.
    #[must_use]
    pub fn has_dot_segment(&self) -> bool {
        has_dot_segment(&self.written())
    }

    // The template with something harmless in its placeholders.
    fn written(&self) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Literal(literal) => literal.clone(),
            Piece::Parameter { .. } => "x".to_owned(),
        };
        self.pieces.iter().map(text).collect()
    }
}

fn has_dot_segment(path_and_query: &str) -> bool {
    let path = path_and_query.split('?').next().unwrap_or("");
    path.split('/').any(is_dot_segment)
}

impl Place {
    const fn keep(self, is_wildcard: bool) -> Keep {
        match (self, is_wildcard) {
            (Self::Query, _) => Keep::Unreserved,
            (Self::Segments, _) | (Self::Segment, true) => Keep::Path,
            (Self::Segment, false) => Keep::Segment,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_for_their_place() {
        let operation = UrlTemplate::parse("/o/{id}/{*rest}").unwrap();
        let parameters = operation.match_path("/o/a%2Fb%20c/d%2fe/f+g").unwrap();
        let expand = |text: &str| RewriteTemplate::parse(text).unwrap().expand(&parameters, Some(&operation)).unwrap();
        assert_eq!(expand("/x/{id}?id={id}&fix=1"), "/x/a%2Fb%20c?id=a%2Fb%20c&fix=1");
        assert_eq!(expand("{rest}"), "/d%2fe/f+g");
        assert_eq!(expand("/{*id}/é b"), "/a/b%20c/%C3%A9%20b");
        assert_eq!(expand("/?q={rest}"), "/?q=d%252fe%2Ff%2Bg");
        assert_eq!(expand(""), "/");
    }

    #[test]
    fn values_do_not_lead_elsewhere() {
        let operation = UrlTemplate::parse("/o/{a}-{b}?q={q}").unwrap();
        let parameters = operation.match_request("/o/..-%252e.", Some("q=..%2Fx")).unwrap();
        let expand = |text: &str| RewriteTemplate::parse(text).unwrap().expand(&parameters, Some(&operation));
        assert_eq!(expand("/y/{a}/z"), Err(ExpandError::DotSegment));
        assert_eq!(expand("/y/{*q}"), Err(ExpandError::DotSegment));
        assert_eq!(expand("/y/{a}z?q={q}"), Ok("/y/..z?q=..%2Fx".into()));
        assert_eq!(expand("/y/{b}"), Ok("/y/%252e.".into()));
        assert_eq!(expand("/../{b}"), Ok("/../%252e.".into()), "the customer's own");
    }

    #[test]
    fn mistakes_are_named() {
        let template = RewriteTemplate::parse("/{nope}").unwrap();
        assert_eq!(template.parameter_names().collect::<Vec<_>>(), ["nope"]);
        assert_eq!(template.expand(&IndexMap::new(), None), Err(ExpandError::UnknownParameter { name: "nope".into() }));
        for (text, offset) in [("/{a", 1), ("/a}", 2), ("/{}", 2), ("/{*}", 2), ("/{a{b}", 2)] {
            assert_eq!(RewriteTemplate::parse(text).unwrap_err().offset, offset, "{text}");
        }
    }
}
