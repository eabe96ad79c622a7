//! A pass along a path: step by step, as Json.NET's enumerators go, so that each step sees what has changed since the last one. A list
//! of children that has changed throws; a scan, which goes from token to token, does not notice.

use std::sync::Arc;

use super::filter::Query;
use super::{Filter, Outcome, PathError, Walk, error, spend};
use crate::value::json::{JKind, JNode, JToken};

/// A pass along a path.
#[derive(Debug)]
pub struct Pass {
    filters: Arc<[Filter]>,
    root: JToken,
    must_match: bool,
    start: Option<JToken>,
    /// What each filter is at; one at the end of what it was given is at nothing.
    stages: Vec<Option<Stage>>,
}

impl Pass {
    pub(super) fn new(filters: Arc<[Filter]>, root: &JToken, from: JToken, must_match: bool) -> Self {
        let stages = filters.iter().map(|_| None).collect();
        Self { filters, root: root.clone(), must_match, start: Some(from), stages }
    }

    /// Where it leads next.
    ///
    /// # Errors
    /// What is not there, when something must be; a collection on the way has changed.
    pub fn next(&mut self, walk: &mut Walk<'_>) -> Outcome<Option<JToken>> {
        let mut at = self.filters.len();
        loop {
            let token = match at.checked_sub(1) {
                None => {
                    let Some(token) = self.start.take() else { return Ok(None) };
                    check_steps(&self.filters)?;
                    token
                }
                Some(last) => {
                    let stage = self.stages.get_mut(last).and_then(Option::as_mut);
                    match stage.map(|stage| stage.next(&self.root, self.must_match, walk)).transpose()?.flatten() {
                        Some(token) => token,
                        None => {
                            self.end(last);
                            at = last;
                            continue;
                        }
                    }
                }
            };
            let (Some(filter), Some(stage)) = (self.filters.get(at), self.stages.get_mut(at)) else {
                return Ok(Some(token));
            };
            spend(walk, 1)?;
            *stage = Some(filter.begin(&token, self.must_match)?);
            at += 1;
        }
    }

    fn end(&mut self, at: usize) {
        if let Some(stage) = self.stages.get_mut(at) {
            *stage = None;
        }
    }

    /// Where it leads from here on.
    pub(super) fn rest(mut self, walk: &mut Walk<'_>) -> Outcome<Vec<JToken>> {
        let mut found = Vec::new();
        while let Some(token) = self.next(walk)? {
            found.push(token);
        }
        Ok(found)
    }
}

// Of a slice without steps Json.NET says so before it looks at any token.
fn check_steps(filters: &[Filter]) -> Outcome<()> {
    if filters.iter().any(|filter| matches!(filter, Filter::Slice(_, _, Some(0)))) {
        return error("Step cannot be zero.");
    }
    Ok(())
}

/// One filter at one token.
#[derive(Debug)]
enum Stage {
    One(Option<JToken>),
    /// The children; of members their values.
    Children(Children),
    Values(Children),
    /// Names and how many of them were looked up.
    Names(JToken, Vec<Arc<str>>, usize),
    Indexes(JToken, std::vec::IntoIter<i64>),
    Slice {
        list: JToken,
        at: i64,
        stop: i64,
        step: i64,
    },
    Scan(Scan, Option<Vec<Arc<str>>>),
    Query(Children, Query),
    QueryBelow(Below, Query),
}

impl Filter {
    fn begin(&self, token: &JToken, must_match: bool) -> Outcome<Stage> {
        Ok(match self {
            Self::Field(Some(name)) => Stage::One(member(token, name, must_match)?),
            Self::Field(None) if token.kind() == JKind::Object => Stage::Values(Children::of(token)),
            Self::Field(None) if must_match => return no_property(token, "*"),
            Self::Fields(names) if token.kind() == JKind::Object => Stage::Names(token.clone(), names.clone(), 0),
            Self::Fields(names) if must_match => {
                let names: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
                return error(format!("Properties {} not valid on {}.", names.join(", "), short_name(token)));
            }
            Self::Scan(names) => Stage::Scan(Scan::from(token), names.clone()),
            Self::Index(Some(index)) => Stage::One(item(token, *index, must_match)?),
            Self::Index(None) if is_list(token) => Stage::Children(Children::of(token)),
            Self::Index(None) if must_match => return no_index(token, "*"),
            Self::Field(None) | Self::Fields(_) | Self::Index(None) => Stage::One(None),
            Self::Indexes(indexes) => Stage::Indexes(token.clone(), indexes.clone().into_iter()),
            Self::Slice(start, end, step) => slice(token, [*start, *end, *step], must_match)?,
            Self::Query(query) => Stage::Query(Children::of(token), query.clone()),
            Self::QueryScan(query) => Stage::QueryBelow(Below::from(token), query.clone()),
        })
    }
}

impl Stage {
    fn next(&mut self, root: &JToken, must_match: bool, walk: &mut Walk<'_>) -> Outcome<Option<JToken>> {
        match self {
            Self::One(token) => Ok(token.take()),
            Self::Children(children) => children.next(walk),
            Self::Values(children) => Ok(children.next(walk)?.and_then(|property| property.property_value())),
            Self::Names(token, names, at) => named(token, names, at, must_match),
            Self::Indexes(token, indexes) => {
                for index in indexes {
                    if let Some(item) = item(token, index, must_match)? {
                        return Ok(Some(item));
                    }
                }
                Ok(None)
            }
            Self::Slice { list, at, stop, step } => sliced(list, at, *stop, *step),
            Self::Scan(scan, names) => scan.found(names.as_deref(), walk),
            Self::Query(children, query) => {
                while let Some(child) = children.next(walk)? {
                    if query.matches(root, &child, walk)? {
                        return Ok(Some(child));
                    }
                }
                Ok(None)
            }
            Self::QueryBelow(below, query) => {
                while let Some(token) = below.next(walk)? {
                    if query.matches(root, &token, walk)? {
                        return Ok(Some(token));
                    }
                }
                Ok(None)
            }
        }
    }
}

/// Over the children of a token, which may change in between.
#[derive(Debug)]
struct Children {
    of: JToken,
    at: usize,
    version: u32,
}

impl Children {
    fn of(token: &JToken) -> Self {
        Self { of: token.clone(), at: 0, version: token.version() }
    }

    fn next(&mut self, walk: &mut Walk<'_>) -> Outcome<Option<JToken>> {
        spend(walk, 1)?;
        if self.of.version() != self.version {
            let message = "Collection was modified; enumeration operation may not execute.";
            return Err(PathError::Other("System.InvalidOperationException", message.to_owned()));
        }
        self.at += 1;
        Ok(self.of.child_at(self.at - 1))
    }
}

/// A token and all below it, list by list.
#[derive(Debug)]
struct Below {
    first: Option<JToken>,
    /// Whose children come next.
    last: Option<JToken>,
    open: Vec<Children>,
}

impl Below {
    fn from(token: &JToken) -> Self {
        Self { first: Some(token.clone()), last: None, open: Vec::new() }
    }

    fn next(&mut self, walk: &mut Walk<'_>) -> Outcome<Option<JToken>> {
        if let Some(first) = self.first.take() {
            self.last = Some(first.clone());
            return Ok(Some(first));
        }
        if let Some(last) = self.last.take().filter(|last| !last.is_value()) {
            self.open.push(Children::of(&last));
        }
        while let Some(innermost) = self.open.last_mut() {
            if let Some(token) = innermost.next(walk)? {
                self.last = Some(token.clone());
                return Ok(Some(token));
            }
            self.open.pop();
        }
        Ok(None)
    }
}

/// A token and all below it, from token to token.
#[derive(Debug)]
struct Scan {
    from: JToken,
    /// The token it is at; none before the first.
    at: Option<JToken>,
    /// Where that one and those above it stood, from the first one down.
    places: Vec<usize>,
    /// How many names were held against the token it is at.
    asked: usize,
}

impl Scan {
    fn from(token: &JToken) -> Self {
        Self { from: token.clone(), at: None, places: Vec::new(), asked: 0 }
    }

    // The next token that is no property, or the next value of a property with one of the names.
    fn found(&mut self, names: Option<&[Arc<str>]>, walk: &mut Walk<'_>) -> Outcome<Option<JToken>> {
        if self.at.is_none() && names.is_none() {
            self.at = Some(self.from.clone());
            return Ok(self.at.clone());
        }
        loop {
            if let Some(value) = self.asked_for(names) {
                return Ok(Some(value));
            }
            spend(walk, 1)?;
            let at = self.at.take().unwrap_or_else(|| self.from.clone());
            let Some(next) = self.after(at)? else { return Ok(None) };
            self.asked = 0;
            if names.is_none() && next.kind() != JKind::Property {
                self.at = Some(next.clone());
                return Ok(Some(next));
            }
            self.at = Some(next);
        }
    }

    // The value of the property it is at, for each of the names that is its own.
    fn asked_for(&mut self, names: Option<&[Arc<str>]>) -> Option<JToken> {
        let property = self.at.as_ref().filter(|token| token.kind() == JKind::Property)?;
        let (own, value) = (property.name()?, property.property_value()?);
        let rest = names?.get(self.asked..)?;
        let found = rest.iter().position(|name| *name == own);
        self.asked += found.map_or(rest.len(), |place| place + 1);
        found.map(|_| value)
    }

    // Its first child, or the sibling behind it or behind the nearest of those above it that has one.
    fn after(&mut self, token: JToken) -> Outcome<Option<JToken>> {
        if let Some(first) = token.child_at(0) {
            self.places.push(0);
            return Ok(Some(first));
        }
        let mut last = token;
        while !last.is_same(&self.from) {
            // Json.NET does not look whether what it came from is still there.
            let Some(parent) = last.parent() else {
                let message = "Object reference not set to an instance of an object.";
                return Err(PathError::Other("System.NullReferenceException", message.to_owned()));
            };
            if let Some((next, place)) = last.following(self.places.pop().unwrap_or(0)) {
                self.places.push(place);
                return Ok(Some(next));
            }
            last = parent;
        }
        Ok(None)
    }
}

fn short_name(token: &JToken) -> &'static str {
    token.type_name().rsplit('.').next().unwrap_or("JToken")
}

fn no_property<T>(token: &JToken, name: &str) -> Outcome<T> {
    error(format!("Property '{name}' not valid on {}.", short_name(token)))
}

fn no_index<T>(token: &JToken, index: &str) -> Outcome<T> {
    error(format!("Index {index} not valid on {}.", short_name(token)))
}

fn member(token: &JToken, name: &str, must_match: bool) -> Outcome<Option<JToken>> {
    let found = token.member(name);
    if must_match && found.is_none() {
        return match token.kind() {
            JKind::Object => error(format!("Property '{name}' does not exist on JObject.")),
            _ => no_property(token, name),
        };
    }
    Ok(found)
}

// The next of the members with these names. When something must be there, Json.NET says that it is not also after one that is.
fn named(token: &JToken, names: &[Arc<str>], at: &mut usize, must_match: bool) -> Outcome<Option<JToken>> {
    if must_match && let Some(told) = at.checked_sub(1).and_then(|last| names.get(last)) {
        return error(format!("Property '{told}' does not exist on JObject."));
    }
    while let Some(name) = names.get(*at) {
        *at += 1;
        let found = member(token, name, must_match)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn is_list(token: &JToken) -> bool {
    token.with(|node| matches!(node, JNode::Array(_) | JNode::Constructor(..)))
}

fn item(token: &JToken, index: i64, must_match: bool) -> Outcome<Option<JToken>> {
    if !is_list(token) {
        return if must_match { no_index(token, &index.to_string()) } else { Ok(None) };
    }
    let Ok(at) = usize::try_from(index) else {
        let message = "Index was out of range. Must be non-negative and less than the size of the collection.";
        return Err(PathError::Other("System.ArgumentOutOfRangeException", format!("{message} (Parameter 'index')")));
    };
    let found = token.child_at(at);
    if must_match && found.is_none() {
        return error(format!("Index {index} outside the bounds of {}.", short_name(token)));
    }
    Ok(found)
}

// Where a slice begins and ends is settled by the items that there are when it begins.
fn slice(token: &JToken, [start, end, step]: [Option<i64>; 3], must_match: bool) -> Outcome<Stage> {
    if token.kind() != JKind::Array {
        return match must_match {
            true => error(format!("Array slice is not valid on {}.", short_name(token))),
            false => Ok(Stage::One(None)),
        };
    }
    let step = step.unwrap_or(1);
    let count = i64::try_from(token.count()).unwrap_or(i64::MAX);
    let from_end = |index: i64| if index < 0 { index.saturating_add(count) } else { index };
    let forwards = step > 0;
    let at = from_end(start.unwrap_or(if forwards { 0 } else { count - 1 }));
    let stop = end.map_or(if forwards { count } else { -1 }, from_end);
    let at = if forwards { at.max(0) } else { at.min(count - 1) };
    let stop = if forwards { stop.min(count) } else { stop.max(-1) };
    if must_match && !is_between(at, stop, step) {
        let shown = |bound: Option<i64>| bound.map_or_else(|| "*".to_owned(), |bound| bound.to_string());
        return error(format!("Array slice of {} to {} returned no results.", shown(start), shown(end)));
    }
    Ok(Stage::Slice { list: token.clone(), at, stop, step })
}

const fn is_between(at: i64, stop: i64, step: i64) -> bool {
    if step > 0 { at < stop } else { at > stop }
}

fn sliced(list: &JToken, at: &mut i64, stop: i64, step: i64) -> Outcome<Option<JToken>> {
    if !is_between(*at, stop, step) {
        return Ok(None);
    }
    let Some(item) = usize::try_from(*at).ok().and_then(|at| list.child_at(at)) else {
        let message = "Index was out of range. Must be non-negative and less than the size of the collection. \
                       (Parameter 'index')";
        return Err(PathError::Other("System.ArgumentOutOfRangeException", message.to_owned()));
    };
    *at = at.saturating_add(step);
    Ok(Some(item))
}
