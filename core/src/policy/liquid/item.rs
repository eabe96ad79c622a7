//! The values of Liquid templates: what bodies, variables and literals become. Renders them as DotLiquid does.

use std::cmp::Ordering;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::expr::xml::{Blanks, Failure, Kind as Node, Part, Reading, Root, XNode, read};
use crate::value::json::date_of;
use crate::value::{DateTime, Value};

/// Nodes of an XML body that are bound.
const NODES_MAX: usize = 1_000_000;

/// Nesting of a body that is bound; what lies deeper is nil.
const DEPTH_MAX: usize = 120;

/// A value of a template.
#[derive(Clone, Debug, Default)]
pub(super) enum Item {
    #[default]
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
    Date(DateTime),
    List(Arc<[Self]>),
    Object(Arc<IndexMap<Arc<str>, Self>>),
    /// A member of an object with its name, as a loop over the object sees it.
    Entry(Arc<(Arc<str>, Self)>),
}

/// What becomes of `xsi:nil` elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum XsiNil {
    Blank,
    Null,
}

/// What becomes of texts that are dates of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dates {
    Parsed,
    Kept,
}

impl Item {
    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// The members of an object.
    pub(super) fn object<'n>(members: impl IntoIterator<Item = (&'n str, Self)>) -> Self {
        Self::Object(Arc::new(members.into_iter().map(|(name, item)| (Arc::from(name), item)).collect()))
    }

    /// A JSON text.
    pub(super) fn of_json(value: serde_json::Value, dates: Dates, depth: usize) -> Self {
        use serde_json::Value as Json;
        if depth > DEPTH_MAX {
            return Self::Nil;
        }
        match value {
            Json::Null => Self::Nil,
            Json::Bool(value) => Self::Bool(value),
            Json::Number(number) => {
                number.as_i64().map_or_else(|| Self::Float(number.as_f64().unwrap_or_default()), Self::Int)
            }
            Json::String(text) => match date_of(&text).filter(|_| dates == Dates::Parsed) {
                Some(Value::DateTime(date)) => Self::Date(date),
                Some(_) | None => Self::text(text),
            },
            Json::Array(items) => items.into_iter().map(|item| Self::of_json(item, dates, depth + 1)).collect(),
            Json::Object(members) => {
                let made =
                    members.into_iter().map(|(name, item)| (Arc::from(name), Self::of_json(item, dates, depth + 1)));
                Self::Object(Arc::new(made.collect()))
            }
        }
    }

    /// An XML text: elements by their local names, several of one name as a list, one without children as its text.
    pub(super) fn of_xml(text: &str, nil: XsiNil) -> Result<Self, String> {
        let reading = Reading { root: Root::Document, blanks: Blanks::Dropped, nodes_max: NODES_MAX };
        let (document, _) = read(&Arc::from(text), reading).map_err(|failure| match failure {
            Failure::Syntax(why) => why.to_string(),
            Failure::TooLarge => "it is too large".to_owned(),
        })?;
        let roots = document.each(Part::Content).filter(XNode::is_element);
        let named = roots.map(|root| (local(&root), element(&root, nil, 0)));
        Ok(Self::Object(Arc::new(named.collect())))
    }

    /// A value of an expression.
    pub(super) fn of_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::Nil,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int32(value) => Self::Int(i64::from(*value)),
            Value::Int64(value) => Self::Int(*value),
            Value::Double(value) => Self::Float(*value),
            Value::DateTime(date) => Self::Date(*date),
            Value::Json(token) => {
                let text = token.to_json(crate::value::json::JFormatting::None);
                serde_json::from_str(&text).map_or(Self::Nil, |value| Self::of_json(value, Dates::Kept, 0))
            }
            other => Self::text(other.to_string()),
        }
    }

    /// A member or an item. Names are compared without case when none is the same.
    pub(super) fn member(&self, key: &Self) -> Self {
        match (self, key) {
            (Self::Object(members), key) => {
                let name = key.render();
                let found = members
                    .get(name.as_str())
                    .or_else(|| members.iter().find(|(of, _)| of.eq_ignore_ascii_case(&name)).map(|(_, item)| item));
                match (found, name.as_str()) {
                    (Some(found), _) => found.clone(),
                    (None, "size") => Self::count(members.len()),
                    (None, _) => Self::Nil,
                }
            }
            (Self::List(items), Self::Int(index)) => {
                let index = if *index < 0 { index + i64::try_from(items.len()).unwrap_or(i64::MAX) } else { *index };
                usize::try_from(index).ok().and_then(|index| items.get(index)).cloned().unwrap_or_default()
            }
            (Self::List(items), Self::Text(name)) => match &**name {
                "size" => Self::count(items.len()),
                "first" => items.first().cloned().unwrap_or_default(),
                "last" => items.last().cloned().unwrap_or_default(),
                _ => Self::Nil,
            },
            (Self::Entry(entry), Self::Int(0)) => Self::Text(Arc::clone(&entry.0)),
            (Self::Entry(entry), Self::Int(1)) => entry.1.clone(),
            (Self::Entry(entry), Self::Text(name)) if name.eq_ignore_ascii_case("key") => {
                Self::Text(Arc::clone(&entry.0))
            }
            (Self::Entry(entry), Self::Text(name)) if name.eq_ignore_ascii_case("value") => entry.1.clone(),
            (Self::Text(text), Self::Text(name)) if &**name == "size" => Self::count(text.chars().count()),
            _ => Self::Nil,
        }
    }

    pub(super) fn count(count: usize) -> Self {
        Self::Int(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// Everything but nil and false.
    pub(super) const fn is_truthy(&self) -> bool {
        !matches!(self, Self::Nil | Self::Bool(false))
    }

    /// Nil, a text of blanks, or something without items.
    pub(super) fn is_blank(&self) -> bool {
        match self {
            Self::Nil | Self::Bool(false) => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Object(members) => members.is_empty(),
            Self::Bool(true) | Self::Int(_) | Self::Float(_) | Self::Date(_) | Self::Entry(_) => false,
        }
    }

    /// The number that it is or says.
    pub(super) fn number(&self) -> Option<Number> {
        match self {
            Self::Int(value) => Some(Number::Int(*value)),
            Self::Float(value) => Some(Number::Float(*value)),
            Self::Text(text) => {
                let text = text.trim();
                let float = || text.parse::<f64>().ok().filter(|value| value.is_finite()).map(Number::Float);
                text.parse().ok().map(Number::Int).or_else(float)
            }
            Self::Nil | Self::Bool(_) | Self::Date(_) | Self::List(_) | Self::Object(_) | Self::Entry(_) => None,
        }
    }

    /// The items of a list; one thing that is none is a list of itself.
    pub(super) fn items(&self) -> Vec<Self> {
        match self {
            Self::Nil => Vec::new(),
            Self::List(items) => items.to_vec(),
            one => vec![one.clone()],
        }
    }

    /// How it is put out.
    pub(super) fn render(&self) -> String {
        match self {
            Self::Nil => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => Value::Double(*value).to_string(),
            Self::Text(text) => text.to_string(),
            Self::Date(date) => Value::DateTime(*date).to_string(),
            Self::List(items) => items.iter().map(Self::render).collect(),
            Self::Object(members) => members.values().map(Self::render).collect(),
            Self::Entry(entry) => format!("{}{}", entry.0, entry.1.render()),
        }
    }

    /// How much it renders to at most, in bytes, as far as `enough`.
    pub(super) fn weight(&self, enough: usize) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Nil | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Date(_) => 32,
            Self::List(items) => weigh(items.iter(), enough),
            Self::Object(members) => weigh(members.values(), enough),
            Self::Entry(entry) => entry.0.len().saturating_add(entry.1.weight(enough)),
        }
    }

    /// How two of them stand to each other, where they can be compared.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Date(one), Self::Date(other)) => Some(one.ticks().cmp(&other.ticks())),
            (Self::Text(one), Self::Text(other)) => Some(one.cmp(other)),
            _ => self.number()?.value().partial_cmp(&other.number()?.value()),
        }
    }

    pub(super) fn is_equal(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nil, Self::Nil) => true,
            (Self::Bool(one), Self::Bool(other)) => one == other,
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::List(one), Self::List(other)) => {
                one.len() == other.len() && one.iter().zip(other.iter()).all(|(one, other)| one.is_equal(other))
            }
            (Self::Int(_) | Self::Float(_) | Self::Date(_), Self::Int(_) | Self::Float(_) | Self::Date(_)) => {
                self.order(other) == Some(Ordering::Equal)
            }
            _ => false,
        }
    }
}

impl FromIterator<Self> for Item {
    fn from_iter<T: IntoIterator<Item = Self>>(items: T) -> Self {
        Self::List(items.into_iter().collect())
    }
}

fn weigh<'i>(items: impl Iterator<Item = &'i Item>, enough: usize) -> usize {
    let mut sum = 0_usize;
    for item in items {
        sum = sum.saturating_add(item.weight(enough));
        if sum > enough {
            break;
        }
    }
    sum
}

/// A number as calculations see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    #[expect(clippy::cast_precision_loss, reason = "as .NET converts")]
    pub(super) const fn value(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

impl From<Number> for Item {
    fn from(number: Number) -> Self {
        match number {
            Number::Int(value) => Self::Int(value),
            Number::Float(value) => Self::Float(value),
        }
    }
}

fn local(node: &XNode) -> Arc<str> {
    node.name().map_or_else(|| Arc::from(""), |name| Arc::clone(&name.local))
}

fn element(element_node: &XNode, nil: XsiNil, depth: usize) -> Item {
    if depth > DEPTH_MAX {
        return Item::Nil;
    }
    let mut members: IndexMap<Arc<str>, Vec<Item>> = IndexMap::new();
    let mut text = String::new();
    for node in element_node.each(Part::Content) {
        if node.is_element() {
            members.entry(local(&node)).or_default().push(element(&node, nil, depth + 1));
        } else {
            node.with(|node| {
                if let Node::Text(more) | Node::CData(more) = node {
                    text.push_str(more);
                }
            });
        }
    }
    if members.is_empty() {
        let is_nil = element_node.each(Part::Attributes).any(|attribute| {
            &*local(&attribute) == "nil"
                && attribute.name().is_some_and(|name| &*name.namespace == "http://www.w3.org/2001/XMLSchema-instance")
                && attribute
                    .with(|node| matches!(node, Node::Attribute(_, text) if &**text == "true" || &**text == "1"))
        });
        return if is_nil && nil == XsiNil::Null { Item::Nil } else { Item::text(text) };
    }
    let single = |mut items: Vec<Item>| if items.len() == 1 { items.remove(0) } else { items.into_iter().collect() };
    Item::Object(Arc::new(members.into_iter().map(|(name, items)| (name, single(items))).collect()))
}
