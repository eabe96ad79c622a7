//! Content that is put into a container: nodes, attributes, text, sequences of all of them. What stands elsewhere already is copied.

use super::{Call, DOCUMENT_STRUCTURE, Value, copied, found, made, plain_argument, search, too_deep, type_of};
use crate::expr::Interrupt;
use crate::expr::eval::cursor::Cursor;
use crate::expr::exception::{Outcome, invalid_operation};
use crate::expr::generic::item_type;
use crate::expr::instance;
use crate::expr::limits::Limit;
use crate::expr::xml::{Kind, Part, Tag, XNode, duration_text, is_blank, real_text};
use crate::value::json::{JFormatting, JKind};
use crate::value::{ContextPart, JToken};

/// How deep sequences may stand in each other.
const SEQUENCES_MAX: usize = 64;

/// Where content goes.
struct Inserter {
    parent: XNode,
    place: Place,
}

enum Place {
    /// Behind everything: `Add`, constructors
    End,
    /// Behind this node, or in front; with the text that waits to join what stands there.
    Behind(Option<XNode>, Option<String>),
}

/// Adds the arguments from this one on behind everything.
pub(super) fn append(call: &mut Call<'_, '_>, parent: &XNode, from: usize) -> Outcome<()> {
    let content = call.arguments.get(from..).unwrap_or(&[]);
    insert(call, Inserter { parent: parent.clone(), place: Place::End }, content)
}

/// Adds values behind everything.
pub(super) fn append_values(call: &mut Call<'_, '_>, parent: &XNode, values: &[Value]) -> Outcome<()> {
    insert(call, Inserter { parent: parent.clone(), place: Place::End }, values)
}

/// Puts the arguments from this one on behind a node, or in front of everything.
pub(super) fn put_behind(call: &mut Call<'_, '_>, parent: &XNode, after: Option<XNode>, from: usize) -> Outcome<()> {
    let content = call.arguments.get(from..).unwrap_or(&[]);
    insert(call, Inserter { parent: parent.clone(), place: Place::Behind(after, None) }, content)
}

fn insert(call: &mut Call<'_, '_>, mut inserter: Inserter, content: &[Value]) -> Outcome<()> {
    for value in content {
        inserter.add(call, value)?;
    }
    inserter.finish(call)
}

/// The items of content, sequences taken apart, before anything changes.
pub(super) fn snapshot(call: &mut Call<'_, '_>, from: usize) -> Outcome<Vec<Value>> {
    let content = call.arguments.get(from..).unwrap_or(&[]);
    let mut values = Vec::new();
    for value in content {
        flatten(call, value, |_, value| {
            values.push(value.clone());
            Ok(())
        })?;
    }
    call.machine.charge(values.len() * size_of::<Value>())?;
    Ok(values)
}

// Gives every item, those of sequences in sequences too. Null items are none.
fn flatten(
    call: &mut Call<'_, '_>,
    value: &Value,
    mut each: impl FnMut(&mut Call<'_, '_>, &Value) -> Outcome<()>,
) -> Outcome<()> {
    let mut open: Vec<Box<dyn Cursor>> = Vec::new();
    let mut next = Some(value.clone());
    loop {
        match next.take() {
            None => {}
            Some(Value::Null) => {}
            Some(value) if is_sequence(&value) => {
                if open.len() >= SEQUENCES_MAX {
                    return Err(Interrupt::LimitExceeded(Limit::XmlContentDepth));
                }
                open.push(call.machine.cursor(&value)?);
            }
            Some(value) => each(call, &value)?,
        }
        let Some(cursor) = open.last_mut() else { return Ok(()) };
        match call.machine.advance(&mut **cursor)? {
            Some(value) => next = Some(value),
            None => drop(open.pop()),
        }
    }
}

fn is_sequence(value: &Value) -> bool {
    match value {
        Value::Strings(_) | Value::Chars(_) | Value::Bytes(_) | Value::Json(_) => true,
        Value::Object(object) => instance::type_of(object).and_then(item_type).is_some(),
        Value::Context(part) => matches!(
            part,
            ContextPart::Variables | ContextPart::MatchedParameters | ContextPart::Headers(_) | ContextPart::Query(_)
        ),
        _ => false,
    }
}

impl Inserter {
    fn add(&mut self, call: &mut Call<'_, '_>, value: &Value) -> Outcome<()> {
        flatten(call, value, |call, value| {
            call.machine.step()?;
            match (found(value), value) {
                (Some(node), _) if node.is_attribute() => self.add_attribute(call, node),
                (Some(node), _) => self.add_node(call, node),
                (None, Value::String(text)) => self.add_text(call, text),
                (None, value) => {
                    let text = text_of(value)?;
                    self.add_text(call, &text)
                }
            }
        })
    }

    fn add_attribute(&self, call: &mut Call<'_, '_>, attribute: XNode) -> Outcome<()> {
        if !self.parent.is_element() || !matches!(self.place, Place::End) {
            return Err(plain_argument("An attribute cannot be added to content."));
        }
        add_attribute(call, &self.parent, attribute)
    }

    fn add_node(&mut self, call: &mut Call<'_, '_>, node: XNode) -> Outcome<()> {
        let previous = match &self.place {
            Place::End => self.parent.last(Part::Content),
            Place::Behind(previous, _) => previous.clone(),
        };
        check_node(&self.parent, &node, previous.as_ref())?;
        call.machine.spend(u32::try_from(self.parent.depth() / 4).unwrap_or(u32::MAX))?;
        let stands = node.parent().is_some() || self.parent.top().is_same(&node);
        let node = if stands { copied(call.machine, &node)? } else { node };
        self.settle_text(call)?;
        self.hang(&node)
    }

    fn hang(&mut self, node: &XNode) -> Outcome<()> {
        match &mut self.place {
            Place::End => self.parent.append(Part::Content, node).map_err(too_deep),
            Place::Behind(previous, _) => {
                // The node behind which to go on may have been taken out by the very content.
                let stays = |previous: &XNode| previous.parent().is_some_and(|parent| parent.is_same(&self.parent));
                if previous.as_ref().is_some_and(|previous| !stays(previous)) {
                    return Err(invalid_operation("This operation was corrupted by external code."));
                }
                self.parent.hang(Part::Content, previous.as_ref(), node).map_err(too_deep)?;
                *previous = Some(node.clone());
                Ok(())
            }
        }
    }

    fn add_text(&mut self, call: &mut Call<'_, '_>, text: &str) -> Outcome<()> {
        if !self.parent.is_element() && !is_blank(text) {
            return Err(plain_argument("Non-whitespace characters cannot be added to content."));
        }
        call.machine.charge(text.len())?;
        match &mut self.place {
            Place::Behind(_, waiting) => {
                waiting.get_or_insert_default().push_str(text);
                Ok(())
            }
            Place::End => {
                let last = self.parent.last(Part::Content);
                self.join(call, last, text)
            }
        }
    }

    // Text joins the text before it; an empty text only makes an empty element full.
    fn join(&mut self, call: &mut Call<'_, '_>, previous: Option<XNode>, text: &str) -> Outcome<()> {
        if text.is_empty() {
            if self.parent.first(Part::Content).is_none() {
                self.parent.set_tag(Tag::Full);
            }
            return Ok(());
        }
        match previous.filter(|previous| previous.plain_text().is_some()) {
            Some(previous) => {
                let length = previous.push_text(text);
                call.machine.charge(length)
            }
            None => {
                let node = made(call.machine, Kind::Text(text.into()))?;
                self.hang(&node)
            }
        }
    }

    fn settle_text(&mut self, call: &mut Call<'_, '_>) -> Outcome<()> {
        let Place::Behind(previous, waiting) = &mut self.place else { return Ok(()) };
        let (previous, Some(text)) = (previous.clone(), waiting.take()) else { return Ok(()) };
        self.join(call, previous, &text)
    }

    fn finish(mut self, call: &mut Call<'_, '_>) -> Outcome<()> {
        self.settle_text(call)
    }
}

/// Gives an element one more attribute, a copy where it stands elsewhere already.
pub(super) fn add_attribute(call: &mut Call<'_, '_>, element: &XNode, attribute: XNode) -> Outcome<()> {
    if let Some(name) = attribute.name()
        && search(call.machine, element.each(Part::Attributes), &name)?.is_some()
    {
        return Err(invalid_operation("Duplicate attribute."));
    }
    let attribute = if attribute.parent().is_some() { copied(call.machine, &attribute)? } else { attribute };
    element.append(Part::Attributes, &attribute).map_err(too_deep)
}

// Which nodes a container takes, and in which order a document does.
fn check_node(parent: &XNode, node: &XNode, previous: Option<&XNode>) -> Outcome<()> {
    let refused =
        |kind: &Kind| Err(plain_argument(format!("A node of type {} cannot be added to content.", type_of(kind))));
    let in_document = !parent.is_element();
    let wanted = node.with(|kind| match kind {
        Kind::Document { .. } => refused(kind),
        Kind::DocumentType(_) if !in_document => refused(kind),
        Kind::CData(_) if in_document => refused(kind),
        Kind::Text(text) if in_document && !is_blank(text) => {
            Err(plain_argument("Non-whitespace characters cannot be added to content."))
        }
        Kind::Element { .. } if in_document => Ok(Some((Some(Structure::Type), None))),
        Kind::DocumentType(_) => Ok(Some((None, Some(Structure::Element)))),
        Kind::Element { .. }
        | Kind::Attribute(..)
        | Kind::Text(_)
        | Kind::CData(_)
        | Kind::Comment(_)
        | Kind::Instruction(..) => Ok(None),
    })?;
    match wanted {
        Some((before, after)) => check_structure(parent, previous, before, after),
        None => Ok(()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Structure {
    Type,
    Element,
}

// At most one of what may stand before the place, and one of what may stand behind it.
fn check_structure(
    parent: &XNode,
    previous: Option<&XNode>,
    before: Option<Structure>,
    after: Option<Structure>,
) -> Outcome<()> {
    let mut allowed = if previous.is_some() { before } else { after };
    for node in parent.each(Part::Content) {
        let structure = node.with(|kind| match kind {
            Kind::Element { .. } => Some(Structure::Element),
            Kind::DocumentType(_) => Some(Structure::Type),
            _ => None,
        });
        if structure.is_some() {
            if structure != allowed {
                return Err(invalid_operation(DOCUMENT_STRUCTURE));
            }
            allowed = None;
        }
        if previous.is_some_and(|previous| node.is_same(previous)) {
            allowed = after;
        }
    }
    Ok(())
}

/// The text of a value in XML.
pub(super) fn text_of(value: &Value) -> Outcome<String> {
    if found(value).is_some() {
        return Err(plain_argument("An XObject cannot be used as a value."));
    }
    Ok(match value {
        Value::Bool(value) => if *value { "true" } else { "false" }.to_owned(),
        Value::Double(number) => real_text(*number, value.to_string()),
        Value::Single(number) => real_text(f64::from(*number), value.to_string()),
        Value::DateTime(_) | Value::DateTimeOffset(_) => {
            let json = JToken::value(JKind::Date, value.clone()).to_json(JFormatting::None);
            let text = json.trim_matches('"').to_owned();
            match (value, text.strip_suffix("+00:00")) {
                (Value::DateTimeOffset(_), Some(clock)) => format!("{clock}Z"),
                _ => text,
            }
        }
        Value::TimeSpan(span) => duration_text(*span),
        other => other.to_string(),
    })
}
