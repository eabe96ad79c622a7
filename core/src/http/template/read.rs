//! From the text of a URL template to its parts, every mistake with its place. Matches nothing.

use crate::http::percent::{decode, decode_form};
use crate::http::template::{
    Compound, Condition, Expected, PathSegments, Pattern, Segment, TEMPLATE_SEGMENTS_MAX, TemplateError, UrlTemplate,
    Wildcard,
};

pub(super) fn template(text: &str) -> Result<UrlTemplate, TemplateError> {
    let mut reader = Reader { text, names: Vec::new() };
    let path_end = text.find('?').unwrap_or(text.len());
    let (segments, wildcard) = reader.path(path_end)?;
    let query = reader.query(path_end)?;
    Ok(UrlTemplate { text: text.to_owned(), segments, wildcard, query })
}

/// Reads a template; `names` are the parameters seen so far.
struct Reader<'a> {
    text: &'a str,
    names: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn path(&mut self, end: usize) -> Result<(Vec<Segment>, Option<Wildcard>), TemplateError> {
        let path = self.text.get(..end).unwrap_or("");
        let mut offset = usize::from(path.starts_with('/'));
        let mut segments = Vec::new();
        let trimmed = PathSegments::new(path);
        for segment in trimmed {
            if let Some(wildcard) = self.wildcard(segment, offset)? {
                if offset + segment.len() < path.trim_end_matches('/').len() {
                    return Err(error(offset, format!("`{segment}` must be the last segment of the path")));
                }
                return Ok((segments, Some(wildcard)));
            }
            if segments.len() == TEMPLATE_SEGMENTS_MAX {
                return Err(error(offset, format!("a URL template has at most {TEMPLATE_SEGMENTS_MAX} segments")));
            }
            segments.push(self.segment(segment, offset)?);
            offset += segment.len() + 1;
        }
        Ok((segments, None))
    }

    fn wildcard(&mut self, segment: &'a str, offset: usize) -> Result<Option<Wildcard>, TemplateError> {
        if segment == "*" {
            return Ok(Some(Wildcard { name: None }));
        }
        let Some(name) = segment.strip_prefix("{*").and_then(|rest| rest.strip_suffix('}')) else { return Ok(None) };
        self.declare(name, offset + 2)?;
        Ok(Some(Wildcard { name: Some(name.into()) }))
    }

    fn segment(&mut self, segment: &'a str, offset: usize) -> Result<Segment, TemplateError> {
        let (mut literals, mut names): (Vec<Box<str>>, Vec<Box<str>>) = (Vec::new(), Vec::new());
        let mut rest = segment;
        loop {
            let (literal, tail) = rest.split_at(rest.find(['{', '}', '*']).unwrap_or(rest.len()));
            let at = offset + (segment.len() - tail.len());
            let is_between = !names.is_empty() && !tail.is_empty();
            if literal.is_empty() && is_between && tail.starts_with('{') {
                return Err(error(at, "two parameters side by side need literal text between them"));
            }
            literals.push(decode(literal).to_ascii_lowercase().into());
            if tail.is_empty() {
                break;
            }
            let Some(tail) = tail.strip_prefix('{') else {
                return Err(error(at, format!("unexpected `{}`", tail.get(..1).unwrap_or(""))));
            };
            let Some((name, tail)) = tail.split_once('}') else { return Err(error(at, "`{` is never closed")) };
            self.declare(name, at + 1)?;
            names.push(name.into());
            rest = tail;
        }
        if names.is_empty() {
            return Ok(Segment::Literal(literals.concat().into()));
        }
        let is_alone = literals.iter().all(|literal| literal.is_empty());
        Ok(match names.pop_if(|_| is_alone) {
            Some(name) => Segment::Parameter(name),
            None => Segment::Compound(Compound { pattern: Pattern(literals), names }),
        })
    }

    fn query(&mut self, path_end: usize) -> Result<Vec<Condition>, TemplateError> {
        let mut offset = path_end + 1;
        let mut conditions = Vec::new();
        for pair in self.text.get(offset..).unwrap_or("").split('&') {
            if !pair.is_empty() {
                conditions.push(self.condition(pair, offset)?);
            }
            offset += pair.len() + 1;
        }
        Ok(conditions)
    }

    fn condition(&mut self, pair: &'a str, offset: usize) -> Result<Condition, TemplateError> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if let Some(at) = name.find(['{', '}', '*']) {
            return Err(error(offset + at, "the name of a query parameter must be literal text"));
        }
        let value_at = offset + name.len() + 1;
        let value = match value.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(parameter) => {
                self.declare(parameter, value_at + 1)?;
                Expected::Parameter(parameter.into())
            }
            None => match value.find(['{', '}']) {
                Some(at) => {
                    return Err(error(value_at + at, "a query value is either literal text or one `{parameter}`"));
                }
                None => Expected::Literal(decode_form(value).into()),
            },
        };
        Ok(Condition { name: decode_form(name).into(), value })
    }

    fn declare(&mut self, name: &'a str, offset: usize) -> Result<(), TemplateError> {
        if name.is_empty() {
            return Err(error(offset, "a parameter needs a name"));
        }
        if let Some(at) = name.find(|c: char| matches!(c, '{' | '*' | '=' | '/' | '&') || c.is_whitespace()) {
            return Err(error(offset + at, format!("`{name}` is not the name of a parameter")));
        }
        if self.names.contains(&name) {
            return Err(error(offset, format!("parameter `{name}` is declared twice")));
        }
        self.names.push(name);
        Ok(())
    }
}

fn error(offset: usize, message: impl Into<String>) -> TemplateError {
    TemplateError { offset, message: message.into() }
}
