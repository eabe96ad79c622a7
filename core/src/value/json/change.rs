//! Changes of a tree of tokens. Every one keeps it a tree: a token that stands elsewhere already is copied, as Json.NET does.

use std::sync::{Arc, Weak};

use super::{JKind, JNode, JToken, State, TOKEN_HEIGHT_MAX};
use crate::value::Value;

/// Why a change is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeError {
    /// The object has a property of this name already.
    DuplicateName(Arc<str>),
    /// This container does not take this token, both by the names of their types.
    WrongType(&'static str, &'static str),
    /// No child stands there.
    OutOfRange,
    /// A property always has one value.
    OfProperty,
    /// The token has no parent.
    NoParent,
    /// The tree would be taller than [`TOKEN_HEIGHT_MAX`].
    TooTall,
}

impl State {
    // INVARIANT: a property has no list of children that could be found changed.
    fn count_change(&mut self) {
        if !matches!(self.node, JNode::Property(..)) {
            self.version = self.version.wrapping_add(1);
        }
    }
}

impl JToken {
    /// A copy without a parent. It shares arrays of bytes with this one, as in .NET, and keeps annotations.
    #[must_use]
    pub fn deep_clone(&self) -> Self {
        let (place, notes, is_raw) = {
            let state = self.lock();
            (state.place, state.notes.clone(), state.is_raw)
        };
        let copy = Self::noted(self.copied_with(Self::deep_clone), place, notes);
        copy.lock().is_raw = is_raw;
        copy
    }

    /// A copy that is written anew, as the serializer does: without annotations, and without the place where it was read.
    #[must_use]
    pub fn rewritten(&self) -> Self {
        match self.held().filter(|_| self.kind() == JKind::Raw) {
            Some(text) => Self::raw(text),
            None => Self::new(self.copied_with(Self::rewritten)),
        }
    }

    /// A copy that shares nothing with this one: bytes are kept as they are now.
    #[must_use]
    pub fn apart(&self) -> Self {
        match self.held() {
            Some(held) => Self::value(self.kind(), held),
            None => Self::new(self.copied_with(Self::apart)),
        }
    }

    fn copied_with(&self, copy: fn(&Self) -> Self) -> JNode {
        match self.with(JNode::clone) {
            JNode::Value(kind, value) => JNode::Value(kind, value),
            JNode::Property(name, value) => JNode::Property(name, copy(&value)),
            JNode::Array(items) => JNode::Array(items.iter().map(copy).collect()),
            JNode::Constructor(name, items) => JNode::Constructor(name, items.iter().map(copy).collect()),
            JNode::Object(members) => {
                JNode::Object(members.iter().map(|(name, member)| (Arc::clone(name), copy(member))).collect())
            }
        }
    }

    /// Puts `child` before the child at `index`; at the end when there is none.
    ///
    /// # Errors
    /// Says why not.
    pub fn insert(&self, index: usize, child: &Self) -> Result<(), ChangeError> {
        let child = self.adopted(child)?;
        let mut state = self.lock();
        state.count_change();
        match &mut state.node {
            JNode::Array(items) | JNode::Constructor(_, items) => items.insert(index.min(items.len()), child),
            JNode::Object(members) => {
                let Some(name) = child.name() else { return Err(ChangeError::NoParent) };
                members.shift_insert(index.min(members.len()), name, child);
            }
            JNode::Property(_, value) => *value = child,
            JNode::Value(..) => return Err(ChangeError::OutOfRange),
        }
        Ok(())
    }

    /// Names a constructor anew; other tokens keep what they have.
    pub fn set_name(&self, name: Arc<str>) {
        if let JNode::Constructor(own, _) = &mut self.lock().node {
            *own = name;
        }
    }

    /// What a `JValue` is from now on, and of which type.
    pub fn set_content(&self, kind: JKind, value: Value) {
        if let JNode::Value(own, held) = &mut self.lock().node {
            (*own, *held) = (kind, value);
        }
    }

    /// Puts `child` at the end.
    ///
    /// # Errors
    /// Says why not.
    pub fn add(&self, child: &Self) -> Result<(), ChangeError> {
        self.insert(usize::MAX, child)
    }

    // What is to be put in: the token itself when it stands nowhere, else a copy; its parent is set.
    fn adopted(&self, child: &Self) -> Result<Self, ChangeError> {
        let is_object = self.with(|node| matches!(node, JNode::Object(_)));
        let is_property = child.with(|node| matches!(node, JNode::Property(..)));
        if is_object != is_property {
            return Err(ChangeError::WrongType(child.type_name(), self.type_name()));
        }
        if is_object
            && let Some(name) = child.name()
            && self.property_named(&name).is_some()
        {
            return Err(ChangeError::DuplicateName(name));
        }
        let stands = child.parent().is_some() || child.is_same(self) || child.is_same(&self.root());
        let child = if stands { child.deep_clone() } else { child.clone() };
        self.grow(child.lock().height)?;
        child.lock().parent = Arc::downgrade(&self.0);
        Ok(child)
    }

    // Makes room for a child of this height, here and above.
    fn grow(&self, child: u16) -> Result<(), ChangeError> {
        let mut wanted = child.saturating_add(1);
        let mut depth = 1_u16;
        let mut token = self.clone();
        while let Some(parent) = token.parent() {
            depth = depth.saturating_add(1);
            token = parent;
        }
        if depth.saturating_add(wanted) > TOKEN_HEIGHT_MAX {
            return Err(ChangeError::TooTall);
        }
        let mut token = Some(self.clone());
        while let Some(here) = token {
            let mut state = here.lock();
            if state.height >= wanted {
                break;
            }
            state.height = wanted;
            wanted = wanted.saturating_add(1);
            token = state.parent.upgrade().map(Self);
        }
        Ok(())
    }

    /// Gives a property a value, an object's member (which is added when it is new) or an array's item.
    ///
    /// # Errors
    /// Says why not.
    pub fn set_member(&self, name: &Arc<str>, value: &Self) -> Result<(), ChangeError> {
        match self.property_named(name) {
            Some(property) => property.set_child(0, value),
            None => self.add(&Self::property(Arc::clone(name), value)?),
        }
    }

    /// Replaces the child at `index`.
    ///
    /// # Errors
    /// Says why not.
    pub fn set_child(&self, index: usize, child: &Self) -> Result<(), ChangeError> {
        let Some(old) = self.child_at(index) else { return Err(ChangeError::OutOfRange) };
        // `JContainer.IsTokenUnchanged`
        if old.is_value() && child.is_value() && old == *child {
            return Ok(());
        }
        let is_object = self.with(|node| matches!(node, JNode::Object(_)));
        if is_object {
            let same_name = old.name() == child.name();
            if !same_name && child.name().is_some_and(|name| self.property_named(&name).is_some()) {
                return Err(ChangeError::DuplicateName(child.name().unwrap_or_default()));
            }
            let child = if child.parent().is_some() { child.deep_clone() } else { child.clone() };
            old.remove()?;
            return self.insert(index, &child);
        }
        let child = self.adopted(child)?;
        old.lock().parent = Weak::new();
        let mut state = self.lock();
        state.count_change();
        match &mut state.node {
            JNode::Array(items) | JNode::Constructor(_, items) => {
                if let Some(place) = items.get_mut(index) {
                    *place = child;
                }
            }
            JNode::Property(_, value) => *value = child,
            JNode::Object(_) | JNode::Value(..) => {}
        }
        Ok(())
    }

    /// Takes it out of its parent.
    ///
    /// # Errors
    /// [`ChangeError::NoParent`], and [`ChangeError::OfProperty`] for the value of a property.
    pub fn remove(&self) -> Result<(), ChangeError> {
        let (Some(parent), Some(position)) = (self.parent(), self.position()) else {
            return Err(ChangeError::NoParent);
        };
        if parent.with(|node| matches!(node, JNode::Property(..))) {
            return Err(ChangeError::OfProperty);
        }
        let mut state = parent.lock();
        state.count_change();
        match &mut state.node {
            JNode::Array(items) | JNode::Constructor(_, items) => drop(items.remove(position)),
            JNode::Object(members) => drop(members.shift_remove_index(position)),
            JNode::Property(..) | JNode::Value(..) => {}
        }
        drop(state);
        self.lock().parent = Weak::new();
        Ok(())
    }

    /// Takes out all children.
    pub fn clear(&self) {
        for child in self.children() {
            child.lock().parent = Weak::new();
        }
        let mut state = self.lock();
        state.count_change();
        match &mut state.node {
            JNode::Array(items) | JNode::Constructor(_, items) => items.clear(),
            JNode::Object(members) => members.clear(),
            JNode::Property(..) | JNode::Value(..) => return,
        }
        state.height = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::any::Any;
    use std::borrow::Cow;
    use std::sync::{Arc, Mutex};

    use crate::value::json::{JFormatting, JKind};
    use crate::value::object::{NetObject, Object};
    use crate::value::{JToken, Value};

    // A `byte[]` that others can change.
    #[derive(Debug)]
    struct Bytes(Arc<Mutex<Vec<u8>>>);

    impl NetObject for Bytes {
        fn type_name(&self) -> Cow<'static, str> {
            "System.Byte[]".into()
        }

        fn text(&self) -> String {
            self.type_name().into()
        }

        fn equals(&self, _: &Object) -> bool {
            false
        }

        fn as_any(&self) -> &dyn Any {
            self
        }

        fn static_type(&self) -> &dyn Any {
            self
        }

        fn items(&self) -> Option<Vec<Value>> {
            Some(self.0.lock().unwrap().iter().map(|byte| Value::Byte(*byte)).collect())
        }

        fn children(&self) -> Vec<Value> {
            Vec::new()
        }

        fn clear(&self) {}
    }

    #[test]
    fn a_copy_apart_keeps_the_bytes_of_now() {
        let bytes = Arc::new(Mutex::new(vec![1, 2, 3]));
        let array = Value::Object(Object::new(Bytes(Arc::clone(&bytes))));
        let token = JToken::object();
        token.set_member(&"a".into(), &JToken::value(JKind::Bytes, array)).unwrap();
        let (apart, shared) = (token.apart(), token.rewritten());
        bytes.lock().unwrap()[0] = 255;
        token.set_member(&"b".into(), &JToken::null()).unwrap();
        assert_eq!(apart.to_json(JFormatting::None), "{\"a\":\"AQID\"}");
        assert_eq!(shared.to_json(JFormatting::None), "{\"a\":\"/wID\"}");
        assert_eq!(token.to_json(JFormatting::None), "{\"a\":\"/wID\",\"b\":null}");
    }
}
