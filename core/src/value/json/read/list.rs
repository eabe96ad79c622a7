//! Arrays and constructors, with what stands between their items.

use std::sync::Arc;

use super::shaped::Shape;
use super::{Ends, Open, Outcome, ReadError, Reader, comment_in};
use crate::value::json::{JNode, JToken, Place};

impl Reader<'_> {
    // The items of an array or a constructor; an item that is missing is `undefined`.
    pub(super) fn items(&mut self, close: char, shape: &Shape) -> Outcome<(Vec<JToken>, Place)> {
        self.open(Open::Array(None))?;
        let place = self.place();
        let mut items = Vec::new();
        loop {
            self.skip_between(shape, &mut items)?;
            match self.peek() {
                None => {
                    self.ends_before_value(items.last())?;
                    break;
                }
                Some(c) if c == close => {
                    self.bump();
                    break;
                }
                Some(c @ (']' | ')')) if !matches!(shape, Shape::One(_)) => return Err(self.stray_end(c, close)),
                Some(',') if matches!(shape, Shape::One(_)) => {
                    self.count_item();
                    self.bump();
                    return Err(self.error("Unexpected character encountered while parsing value: ,."));
                }
                Some(_) => items.push(self.value(shape)?),
            }
            self.skip_between(shape, &mut items)?;
            if self.separator(close)? {
                break;
            }
        }
        self.path.pop();
        Ok((items, place))
    }

    pub(super) fn constructor(&mut self) -> Outcome<JToken> {
        let name = self.constructor_name()?;
        let (items, place) = self.items(')', &Shape::Any)?;
        Ok(JToken::placed(JNode::Constructor(name, items), Some(place)))
    }

    // `new` and the name, up to the parenthesis.
    pub(super) fn constructor_name(&mut self) -> Outcome<Arc<str>> {
        if !self.matches("new")? {
            return Err(self.error("Unexpected content while parsing JSON."));
        }
        let inner = self.text.get(self.at..).unwrap_or("").trim_start();
        self.at = self.text.len() - inner.len();
        let end = inner.find(|c: char| !c.is_alphanumeric()).unwrap_or(inner.len());
        let name: Arc<str> = inner.get(..end).unwrap_or("").into();
        self.at += end;
        self.skip_blanks()?;
        match self.peek() {
            Some('(') => Ok(name),
            Some(c) => Err(self.error(format!("Unexpected character while parsing constructor: {c}."))),
            None => Err(self.error("Unexpected end while parsing constructor.")),
        }
    }

    // White space and comments among items. Comments in an array of tokens are kept by the serializer.
    fn skip_between(&mut self, shape: &Shape, items: &mut Vec<JToken>) -> Outcome<()> {
        while let Some(c) = self.peek().filter(|c| *c == '/' || c.is_whitespace()) {
            let from = self.at;
            if c != '/' {
                self.bump();
                continue;
            }
            self.comment()?;
            if self.ends != Ends::Strict && *shape == Shape::Any {
                self.charge()?;
                items.push(comment_in(self.text.get(from..self.at).unwrap_or("")));
            }
        }
        Ok(())
    }

    // The end of another container than the innermost one, which ends with `close`.
    pub(super) fn stray_end(&mut self, c: char, close: char) -> ReadError {
        self.bump();
        let kind = match self.path.pop() {
            Some(Open::Object(_)) => "Object",
            Some(Open::Array(_)) if close == ')' => "Constructor",
            Some(Open::Array(_)) => "Array",
            None => "None",
        };
        let end = match c {
            '}' => "EndObject",
            ']' => "EndArray",
            _ => "EndConstructor",
        };
        self.error(format!("JsonToken {end} is not valid for closing JsonType {kind}."))
    }
}
