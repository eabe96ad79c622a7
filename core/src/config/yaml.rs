//! YAML 1.2 into JSON values, and places in it. Depth and alias expansion are bounded while events arrive, before a tree exists.

use std::borrow::Cow;
use std::collections::BTreeMap;

use saphyr::Scalar;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Tag};
use serde_json::{Map, Number, Value};

use crate::config::bounds::{MAX_YAML_DEPTH, MAX_YAML_NODES};
use crate::config::syntax_error::SyntaxError;
use crate::span::Position;

/// The one document of a YAML text.
pub(super) fn parse(text: &str) -> Result<Value, SyntaxError> {
    let mut parser = Parser::new_from_str(text);
    let mut builder = Builder::default();
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| syntax(&error))?;
        builder.handle_event(event, place(span.start))?;
    }
    Ok(builder.root.unwrap_or(Value::Null))
}

/// The place of the member or item at `path`, or of the nearest thing around it that is there.
pub(super) fn locate(text: &str, path: &[&str]) -> Option<Position> {
    let mut parser = Parser::new_from_str(text);
    let mut walk = Walk { path, frames: Vec::new(), best: None, matched: 0 };
    while let Some(Ok((event, span))) = parser.next_event() {
        walk.handle_event(&event, place(span.start));
        if walk.frames.len() > MAX_YAML_DEPTH || walk.is_done() {
            break;
        }
    }
    walk.best
}

fn place(marker: Marker) -> Position {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Position { line: number(marker.line()).max(1), column: number(marker.col()).saturating_add(1) }
}

fn syntax(error: &ScanError) -> SyntaxError {
    SyntaxError { message: error.info().to_owned(), position: Some(place(*error.marker())) }
}

fn refuse<T>(position: Position, message: impl Into<String>) -> Result<T, SyntaxError> {
    Err(SyntaxError { message: message.into(), position: Some(position) })
}

/// What an anchor stands for, and what one more copy of it costs.
struct Anchored {
    value: Value,
    nodes: usize,
    depth: usize,
}

enum Open {
    Sequence { items: Vec<Value>, anchor: usize },
    Mapping { members: Map<String, Value>, key: Option<String>, anchor: usize },
}

#[derive(Default)]
struct Builder {
    stack: Vec<Open>,
    anchors: BTreeMap<usize, Anchored>,
    nodes: usize,
    root: Option<Value>,
}

impl Builder {
    fn handle_event(&mut self, event: Event<'_>, at: Position) -> Result<(), SyntaxError> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                if self.root.is_some() {
                    return refuse(at, "more than one YAML document in the file");
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => self.scalar(text, style, anchor, tag.as_ref(), at),
            Event::SequenceStart(anchor, _) => self.open(Open::Sequence { items: Vec::new(), anchor }, at),
            Event::MappingStart(anchor, _) => self.open(Open::Mapping { members: Map::new(), key: None, anchor }, at),
            Event::SequenceEnd | Event::MappingEnd => self.close(at),
            Event::Alias(anchor) => self.alias(anchor, at),
        }
    }

    fn open(&mut self, open: Open, at: Position) -> Result<(), SyntaxError> {
        if self.is_key_next() {
            return refuse(at, "a sequence or a mapping cannot be the name of a member");
        }
        if self.stack.len() >= MAX_YAML_DEPTH {
            return refuse(at, format!("nested deeper than {MAX_YAML_DEPTH} levels"));
        }
        self.count(1, at)?;
        self.stack.push(open);
        Ok(())
    }

    fn close(&mut self, at: Position) -> Result<(), SyntaxError> {
        match self.stack.pop() {
            Some(Open::Sequence { items, anchor }) => self.insert(Value::Array(items), anchor, at),
            Some(Open::Mapping { members, anchor, .. }) => self.insert(Value::Object(members), anchor, at),
            None => Ok(()),
        }
    }

    fn scalar<'e>(
        &mut self,
        text: Cow<'e, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Cow<'e, Tag>>,
        at: Position,
    ) -> Result<(), SyntaxError> {
        self.count(1, at)?;
        if self.is_key_next() {
            let name = text.into_owned();
            if anchor > 0 {
                self.remember(anchor, &Value::String(name.clone()));
            }
            return self.name(name, at);
        }
        let value = match Scalar::parse_from_cow_and_metadata(text.clone(), style, tag) {
            Some(scalar) => json(scalar, &text),
            None => return refuse(at, format!("`{text}` is not what its tag says")),
        };
        self.insert(value, anchor, at)
    }

    fn alias(&mut self, anchor: usize, at: Position) -> Result<(), SyntaxError> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return refuse(at, "an alias stands inside the node that it refers to");
        };
        let (value, nodes, depth) = (anchored.value.clone(), anchored.nodes, anchored.depth);
        if self.stack.len() + depth > MAX_YAML_DEPTH {
            return refuse(at, format!("nested deeper than {MAX_YAML_DEPTH} levels once aliases are expanded"));
        }
        self.count(nodes, at)?;
        if self.is_key_next() {
            return match value {
                Value::String(name) => self.name(name, at),
                _ => refuse(at, "only a text can be the name of a member"),
            };
        }
        self.insert(value, 0, at)
    }

    fn name(&mut self, name: String, at: Position) -> Result<(), SyntaxError> {
        if let Some(Open::Mapping { members, key, .. }) = self.stack.last_mut() {
            if members.contains_key(&name) {
                return refuse(at, format!("`{name}` is given twice"));
            }
            *key = Some(name);
        }
        Ok(())
    }

    fn insert(&mut self, value: Value, anchor: usize, at: Position) -> Result<(), SyntaxError> {
        if anchor > 0 {
            self.remember(anchor, &value);
        }
        match self.stack.last_mut() {
            None => self.root = Some(value),
            Some(Open::Sequence { items, .. }) => items.push(value),
            Some(Open::Mapping { members, key, .. }) => match key.take() {
                Some(name) => {
                    members.insert(name, value);
                }
                None => return refuse(at, "only a text can be the name of a member"),
            },
        }
        Ok(())
    }

    fn remember(&mut self, anchor: usize, value: &Value) {
        let (nodes, depth) = measure(value);
        self.anchors.insert(anchor, Anchored { value: value.clone(), nodes, depth });
    }

    fn is_key_next(&self) -> bool {
        matches!(self.stack.last(), Some(Open::Mapping { key: None, .. }))
    }

    // An anchored value is kept a second time, so anchors inside anchors cost their nodes again: at most depth times the text.
    fn count(&mut self, nodes: usize, at: Position) -> Result<(), SyntaxError> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_YAML_NODES {
            return refuse(at, format!("more than {MAX_YAML_NODES} values once aliases are expanded"));
        }
        Ok(())
    }
}

// JSON has no infinities and no NaN: they stay the text that was written.
fn json(scalar: Scalar<'_>, text: &str) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::Bool(value),
        Scalar::Integer(value) => Value::from(value),
        Scalar::FloatingPoint(value) => {
            Number::from_f64(value.into_inner()).map_or_else(|| Value::from(text), Value::Number)
        }
        Scalar::String(value) => Value::String(value.into_owned()),
    }
}

// INVARIANT: values are at most MAX_YAML_DEPTH deep, so the recursion is bounded.
fn measure(value: &Value) -> (usize, usize) {
    let all = |values: &mut dyn Iterator<Item = &Value>| {
        let (nodes, depth) = values.map(measure).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1.max(one.1)));
        (nodes + 1, depth + 1)
    };
    match value {
        Value::Array(items) => all(&mut items.iter()),
        Value::Object(members) => all(&mut members.values()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (1, 0),
    }
}

enum Frame {
    Sequence { index: usize },
    Mapping { key: Option<(String, Position)> },
}

/// A walk over the events that remembers the place of the longest part of `path` seen so far.
struct Walk<'a> {
    path: &'a [&'a str],
    frames: Vec<Frame>,
    best: Option<Position>,
    // How many segments of the path `best` stands for; one more, so that 0 means nothing was found yet.
    matched: usize,
}

impl Walk<'_> {
    fn handle_event(&mut self, event: &Event<'_>, at: Position) {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {}
            Event::Scalar(text, ..) => match self.frames.last_mut() {
                Some(Frame::Mapping { key: key @ None }) => *key = Some((text.to_string(), at)),
                Some(Frame::Mapping { .. } | Frame::Sequence { .. }) | None => self.node(at),
            },
            Event::Alias(_) => match self.frames.last_mut() {
                Some(Frame::Mapping { key: key @ None }) => *key = Some((String::new(), at)),
                Some(Frame::Mapping { .. } | Frame::Sequence { .. }) | None => self.node(at),
            },
            Event::SequenceStart(..) => {
                self.note(at);
                self.frames.push(Frame::Sequence { index: 0 });
            }
            Event::MappingStart(..) => {
                self.note(at);
                self.frames.push(Frame::Mapping { key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.frames.pop();
                self.step();
            }
        }
    }

    fn node(&mut self, at: Position) {
        self.note(at);
        self.step();
    }

    fn note(&mut self, at: Position) {
        let depth = self.frames.len();
        if depth < self.matched || depth > self.path.len() || !self.is_on_path() {
            return;
        }
        self.matched = depth + 1;
        self.best = Some(match self.frames.last() {
            Some(Frame::Mapping { key: Some((_, at)) }) => *at,
            Some(Frame::Mapping { key: None } | Frame::Sequence { .. }) | None => at,
        });
    }

    fn step(&mut self) {
        match self.frames.last_mut() {
            Some(Frame::Sequence { index }) => *index += 1,
            Some(Frame::Mapping { key }) => *key = None,
            None => {}
        }
    }

    fn is_on_path(&self) -> bool {
        self.frames.iter().zip(self.path).all(|(frame, segment)| match frame {
            Frame::Sequence { index } => segment.parse() == Ok(*index),
            Frame::Mapping { key } => key.as_ref().is_some_and(|(name, _)| name == segment),
        })
    }

    fn is_done(&self) -> bool {
        self.matched > self.path.len()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(text: &str) -> String {
        let error = parse(text).unwrap_err();
        let Position { line, column } = error.position.unwrap();
        format!("{line}:{column} {}", error.message)
    }

    #[test]
    fn values_of_the_core_schema() {
        let text = "a: 1\nb: [true, ~, 1.5, '2', .inf]\n200: {x: &n hi, y: *n}\nempty:\n";
        let expected = json!({
            "a": 1, "b": [true, null, 1.5, "2", ".inf"], "200": {"x": "hi", "y": "hi"}, "empty": null
        });
        assert_eq!(parse(text).unwrap(), expected);
        assert_eq!(parse("").unwrap(), Value::Null);
    }

    #[test]
    fn errors_name_line_and_column() {
        assert_eq!(message("a: 1\na: 2"), "2:1 `a` is given twice");
        assert_eq!(message("---\na\n---\nb"), "3:1 more than one YAML document in the file");
        assert_eq!(message("? [x]\n: 1"), "1:3 a sequence or a mapping cannot be the name of a member");
        assert_eq!(message("a: &x [*x]"), "1:8 an alias stands inside the node that it refers to");
        assert!(message("a: *nowhere").starts_with("1:"));
        assert!(message("a: !!int x").ends_with("is not what its tag says"));
    }

    #[test]
    fn depth_is_bounded_in_every_style() {
        assert!(message(&"- ".repeat(200_000)).contains("nested deeper"));
        assert!(message(&"[".repeat(200)).contains("nested deeper"));
        let lines = (0..200).fold(String::new(), |text, i| text + &" ".repeat(i) + "a:\n");
        assert!(message(&lines).contains("nested deeper"));
    }

    #[test]
    fn alias_bombs_are_refused() {
        let mut wide = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        let mut deep = String::from("a0: &a0 [x]\n");
        for i in 1..40 {
            let before = i - 1;
            let aliases = vec![format!("*a{before}"); 10].join(",");
            wide.push_str(&format!("a{i}: &a{i} [{aliases}]\n"));
            deep.push_str(&format!("a{i}: &a{i} [[[*a{before}]]]\n"));
        }
        assert!(message(&wide).contains("once aliases are expanded"));
        assert!(message(&deep).contains("levels once aliases are expanded"));
    }

    #[test]
    fn places_of_members_and_items() {
        let text = "a:\n  b:\n    - x\n    - c: 1\n  d: 2\n";
        let place = |path: &[&str]| locate(text, path).map(|p| (p.line, p.column));
        assert_eq!(place(&["a", "b", "1", "c"]), Some((4, 7)));
        assert_eq!(place(&["a", "d"]), Some((5, 3)));
        assert_eq!(place(&["a", "zzz"]), Some((1, 1)));
        assert_eq!(place(&["a", "b", "0"]), Some((3, 7)));
    }
}
