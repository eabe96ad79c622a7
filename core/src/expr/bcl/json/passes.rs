//! Passes over the tree of tokens as .NET makes them: step by step, so that each sees what has changed since the last one. A list of
//! children that has changed throws, as every list does; who goes from sibling to sibling does not notice.

use crate::expr::eval::Machine;
use crate::expr::eval::cursor::Cursor;
use crate::expr::exception::Outcome;
use crate::value::{JToken, Value};

/// Where a step from a token leads.
pub(super) type Step = fn(&JToken, &mut Machine<'_>) -> Outcome<Box<dyn Cursor>>;

pub(super) fn children(token: &JToken, machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    machine.cursor(&Value::Json(token.clone()))
}

pub(super) fn descendants(token: &JToken, machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    Ok(Box::new(Descendants { first: None, last: None, open: vec![children(token, machine)?] }))
}

pub(super) fn with_descendants(token: &JToken, _: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    Ok(Box::new(Descendants { first: Some(token.clone()), last: None, open: Vec::new() }))
}

pub(super) fn ancestors(token: &JToken, _: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    Ok(Box::new(Ancestors { first: None, last: token.clone() }))
}

pub(super) fn with_ancestors(token: &JToken, _: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    Ok(Box::new(Ancestors { first: Some(token.clone()), last: token.clone() }))
}

/// The siblings behind a token.
pub(super) fn after(token: &JToken) -> Box<dyn Cursor> {
    Box::new(Siblings { last: Some(token.clone()), at: token.position().unwrap_or(0), first: None, end: None })
}

/// The siblings before a token.
pub(super) fn before(token: &JToken) -> Box<dyn Cursor> {
    let first = token.parent().and_then(|parent| parent.child_at(0));
    Box::new(Siblings { last: None, at: 0, first, end: Some(token.clone()) })
}

struct Descendants {
    first: Option<JToken>,
    /// Whose children come next.
    last: Option<JToken>,
    open: Vec<Box<dyn Cursor>>,
}

impl Cursor for Descendants {
    fn next(&mut self, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        if let Some(first) = self.first.take() {
            self.last = Some(first.clone());
            return Ok(Some(Value::Json(first)));
        }
        if let Some(last) = self.last.take().filter(|last| !last.is_value()) {
            self.open.push(children(&last, machine)?);
        }
        while let Some(innermost) = self.open.last_mut() {
            if let Some(Value::Json(token)) = innermost.next(machine)? {
                self.last = Some(token.clone());
                return Ok(Some(Value::Json(token)));
            }
            self.open.pop();
        }
        Ok(None)
    }
}

struct Ancestors {
    first: Option<JToken>,
    last: JToken,
}

impl Cursor for Ancestors {
    fn next(&mut self, _: &mut Machine<'_>) -> Outcome<Option<Value>> {
        let Some(token) = self.first.take().or_else(|| self.last.parent()) else { return Ok(None) };
        self.last = token.clone();
        Ok(Some(Value::Json(token)))
    }
}

struct Siblings {
    last: Option<JToken>,
    /// Where the last one stood.
    at: usize,
    first: Option<JToken>,
    /// What is not shown any more.
    end: Option<JToken>,
}

impl Cursor for Siblings {
    fn next(&mut self, _: &mut Machine<'_>) -> Outcome<Option<Value>> {
        let next = match (self.first.take(), self.last.take()) {
            (Some(first), _) => Some((first, 0)),
            (None, Some(last)) => last.following(self.at),
            (None, None) => None,
        };
        let is_end = |token: &JToken| self.end.as_ref().is_some_and(|end| end.is_same(token));
        let Some((token, at)) = next.filter(|(token, _)| !is_end(token)) else { return Ok(None) };
        self.last = Some(token.clone());
        self.at = at;
        Ok(Some(Value::Json(token)))
    }
}

/// What is made of the tokens of a pass; those of which nothing is made are left out.
pub(super) struct Mapped<M> {
    pub(super) source: Box<dyn Cursor>,
    pub(super) map: M,
}

impl<M: Fn(JToken) -> Option<JToken> + Send> Cursor for Mapped<M> {
    fn next(&mut self, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        while let Some(Value::Json(token)) = machine.advance(&mut *self.source)? {
            if let Some(mapped) = (self.map)(token) {
                return Ok(Some(Value::Json(mapped)));
            }
        }
        Ok(None)
    }
}
