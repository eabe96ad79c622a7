//! Builds the result: elements, attributes, texts and copies of nodes. Runs no instructions.

use std::rc::Rc;
use std::sync::Arc;

use super::run::Runner;
use super::tree::{Escaping, Kind, Name, NodeId, Scope};
use super::world::{Fail, NODE_STEPS};
use super::xpath::eval::{Outcome, Value};
use crate::expr::xml::commented;

/// How deep elements and what variables hold may stand in each other while they are built.
const DEPTH_MAX: usize = 2_000;

/// What is being built, and what becomes of it.
#[derive(Debug)]
pub(super) enum Captured {
    /// An element, which stands where it was begun.
    Element,
    Attribute(Name),
    Comment,
    Instruction(Arc<str>),
    Variable(usize),
    /// The text ends the transformation.
    Message,
}

impl Runner<'_, '_> {
    fn parent(&self) -> Outcome<NodeId> {
        // INVARIANT: something is always being built while instructions run.
        self.open.last().copied().ok_or_else(|| Fail::new("nothing is being built"))
    }

    /// Adds text.
    pub(super) fn write(&mut self, text: &str, escaping: Escaping) -> Outcome<()> {
        self.world.charge(1 + text.len() / 16)?;
        let parent = self.parent()?;
        self.world.tree.append_text(parent, text, escaping);
        Ok(())
    }

    /// Adds a node that is complete.
    pub(super) fn add(&mut self, kind: Kind) -> Outcome<()> {
        self.world.charge(NODE_STEPS)?;
        let parent = self.parent()?;
        self.world.tree.append(parent, kind);
        Ok(())
    }

    /// Begins an element.
    pub(super) fn start(&mut self, name: Name, scope: Arc<Scope>) -> Outcome<()> {
        self.world.charge(NODE_STEPS + scope.len() / 4)?;
        if self.open.len() >= DEPTH_MAX {
            return Err(Fail::new(format!("the result is nested more than {DEPTH_MAX} deep")));
        }
        let parent = self.parent()?;
        let element = self.world.tree.append(parent, Kind::Element(name, scope));
        self.open.push(element);
        Ok(())
    }

    /// Adds an attribute to the element that has been begun.
    pub(super) fn add_attribute(&mut self, name: Name, value: Arc<str>) -> Outcome<()> {
        self.world.charge(NODE_STEPS + value.len() / 16)?;
        let parent = self.parent()?;
        if !self.world.tree.is_element(parent) {
            return Err(Fail::new(format!("the attribute `{}` stands in no element", name.written())));
        }
        if self.world.tree.node(parent).first.is_some() {
            return Err(Fail::new(format!("the attribute `{}` comes after content of its element", name.written())));
        }
        let count = self.world.tree.attributes(parent).count();
        self.world.charge(count)?;
        self.world.tree.set_attribute(parent, name, value);
        Ok(())
    }

    /// Declares a namespace in the element that has been begun.
    pub(super) fn add_namespace(&mut self, prefix: &Arc<str>, namespace: &Arc<str>) -> Outcome<()> {
        let parent = self.parent()?;
        let Kind::Element(_, scope) = self.world.tree.kind(parent) else {
            return Err(Fail::new(format!("the namespace `{namespace}` stands in no element")));
        };
        self.world.charge(NODE_STEPS + scope.len())?;
        if self.world.tree.node(parent).first.is_some() {
            return Err(Fail::new(format!("the namespace `{namespace}` comes after content of its element")));
        }
        if **prefix == *"xml" || self.world.tree.declare(parent, prefix, namespace) {
            return Ok(());
        }
        Err(Fail::new(format!("the prefix `{prefix}` stands for another namespace than `{namespace}` already")))
    }

    /// Ends what was begun last.
    pub(super) fn end(&mut self, captured: Captured) -> Outcome<()> {
        let Some(built) = self.open.pop() else { return Ok(()) };
        match captured {
            Captured::Element => Ok(()),
            Captured::Variable(slot) => {
                self.set(slot, Value::Fragment(built));
                Ok(())
            }
            Captured::Attribute(name) => {
                let value = self.world.text(built)?;
                self.add_attribute(name, Arc::from(&*value))
            }
            Captured::Comment => {
                let text = self.world.text(built)?;
                self.add(Kind::Comment(Arc::from(commented(&text))))
            }
            Captured::Instruction(target) => {
                let data = self.world.text(built)?.trim_start().replace("?>", "? >");
                self.add(Kind::Instruction(target, Arc::from(data)))
            }
            Captured::Message => {
                let text = self.world.text(built)?;
                Err(Fail::new(format!("the stylesheet ends the transformation: {}", text.trim())))
            }
        }
    }

    /// Adds a copy of a value.
    pub(super) fn copy_of(&mut self, value: Value) -> Outcome<()> {
        match value {
            Value::Nodes(nodes) => nodes.iter().try_for_each(|node| self.copy_node(*node)),
            Value::Fragment(root) => self.copy_node(root),
            other @ (Value::Text(_) | Value::Number(_) | Value::Bool(_)) => {
                let text: Rc<str> = other.text(self.world)?;
                self.write(&text, Escaping::On)
            }
        }
    }

    fn copy_node(&mut self, origin: NodeId) -> Outcome<()> {
        // How many elements of the copy are open.
        let mut open = 0_usize;
        let mut at = origin;
        loop {
            self.world.charge(1)?;
            match self.world.tree.kind(at).clone() {
                Kind::Root => {}
                Kind::Element(name, scope) => {
                    self.start(name, scope)?;
                    open += 1;
                    for attribute in self.world.tree.attributes(at).collect::<Vec<_>>() {
                        if let Kind::Attribute(name, value) = self.world.tree.kind(attribute).clone() {
                            self.add_attribute(name, value)?;
                        }
                    }
                }
                Kind::Attribute(name, value) => self.add_attribute(name, value)?,
                Kind::Namespace(prefix, namespace) => self.add_namespace(&prefix.local, &namespace)?,
                Kind::Text(text, escaping) => self.write(&text, escaping)?,
                other @ (Kind::Comment(_) | Kind::Instruction(..)) => self.add(other)?,
            }
            if let Some(first) = self.world.tree.node(at).first {
                at = first;
                continue;
            }
            loop {
                if self.world.tree.is_element(at) {
                    self.open.pop();
                    open = open.saturating_sub(1);
                }
                if at == origin {
                    debug_assert_eq!(open, 0, "every element of a copy is ended");
                    return Ok(());
                }
                if let Some(next) = self.world.tree.node(at).next {
                    at = next;
                    break;
                }
                let Some(parent) = self.world.tree.parent(at) else { return Ok(()) };
                at = parent;
            }
        }
    }
}
