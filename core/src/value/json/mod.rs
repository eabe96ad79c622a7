//! `Newtonsoft.Json.Linq`: tokens with identity, a parent and content that changes. Holds no casts; `expr::bcl::json` has those.

mod change;
mod compare;
mod navigate;
mod notes;
pub mod path;
mod read;
mod write;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use indexmap::IndexMap;

use super::Value;

pub use change::ChangeError;
pub use compare::is_near;
pub use navigate::{Step, written};
pub use notes::Notes;
pub use read::{Ends, Read, ReadAs, ReadError, Shape, Wanted};
pub use write::{JFormatting, date_of, write_string};

/// The tallest tree that may be built, in tokens from root to leaf; a property counts as a token. The reader's own limit is 64
/// containers, as Json.NET's.
pub const TOKEN_HEIGHT_MAX: u16 = 400;

/// What one token is counted as against the memory of an evaluation, in bytes, without its text.
pub const TOKEN_BYTES: usize = 160;

/// A JSON token: a reference, as in .NET. Clones are the same token; `==` compares content, as `JToken.DeepEquals` does.
///
/// A token does not keep its parent alive: whoever reads JSON keeps the root for as long as the evaluation runs.
#[derive(Clone, Debug)]
pub struct JToken(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    parent: Weak<Mutex<State>>,
    /// INVARIANT: at least the height of the tree below; it only grows, until the container is emptied.
    height: u16,
    place: Option<Place>,
    /// Whether it is a `JRaw`; of that type of token may be a plain `JValue`, too.
    is_raw: bool,
    /// How often children came, went or were exchanged, so that an enumeration notices it. A property does not count.
    version: u32,
    notes: Option<Notes>,
    node: JNode,
}

/// Where a token ends that was read, as `IJsonLineInfo` has it: of a container the mark that opens it, of a property its colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: u32,
    /// How many UTF-16 units of the line have been read.
    pub position: u32,
}

/// What a token is.
#[derive(Clone, Debug)]
pub enum JNode {
    /// `JValue` and `JRaw`: its type beside what it holds. A whole number beyond `Int64` holds its digits; bytes are a `byte[]`,
    /// which may be one that others can change.
    Value(JKind, Value),
    /// `JProperty`: its name and its value
    Property(Arc<str>, JToken),
    /// `JArray`
    Array(Vec<JToken>),
    /// `JObject`: its properties by name
    Object(IndexMap<Arc<str>, JToken>),
    /// `JConstructor`: its name and its arguments
    Constructor(Arc<str>, Vec<JToken>),
}

/// `Newtonsoft.Json.Linq.JTokenType`, with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are Json.NET's")]
pub enum JKind {
    Object = 1,
    Array = 2,
    Constructor = 3,
    Property = 4,
    Comment = 5,
    Integer = 6,
    Float = 7,
    String = 8,
    Boolean = 9,
    Null = 10,
    Undefined = 11,
    Date = 12,
    Raw = 13,
    Bytes = 14,
    Guid = 15,
    Uri = 16,
    TimeSpan = 17,
}

impl JKind {
    /// The name of the member of `JTokenType`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Object => "Object",
            Self::Array => "Array",
            Self::Constructor => "Constructor",
            Self::Property => "Property",
            Self::Comment => "Comment",
            Self::Integer => "Integer",
            Self::Float => "Float",
            Self::String => "String",
            Self::Boolean => "Boolean",
            Self::Null => "Null",
            Self::Undefined => "Undefined",
            Self::Date => "Date",
            Self::Raw => "Raw",
            Self::Bytes => "Bytes",
            Self::Guid => "Guid",
            Self::Uri => "Uri",
            Self::TimeSpan => "TimeSpan",
        }
    }
}

impl JToken {
    /// A token of this content without a parent; containers take their children over.
    #[must_use]
    pub fn new(node: JNode) -> Self {
        Self::noted(node, None, None)
    }

    // A token that was read from this place.
    fn placed(node: JNode, place: Option<Place>) -> Self {
        Self::noted(node, place, None)
    }

    // A token with these annotations, too.
    fn noted(node: JNode, place: Option<Place>, notes: Option<Notes>) -> Self {
        Self(Arc::new_cyclic(|parent| {
            let mut height = 0;
            for child in children_of(&node) {
                let mut child = child.lock();
                height = height.max(child.height.saturating_add(1));
                child.parent = Weak::clone(parent);
            }
            Mutex::new(State { parent: Weak::new(), height, place, is_raw: false, version: 0, notes, node })
        }))
    }

    /// A `JValue`.
    #[must_use]
    pub fn value(kind: JKind, value: Value) -> Self {
        Self::new(JNode::Value(kind, value))
    }

    /// A `JRaw`: text that is written as it is.
    #[must_use]
    pub fn raw(text: Value) -> Self {
        let token = Self::value(JKind::Raw, text);
        token.lock().is_raw = true;
        token
    }

    /// A `JValue` of JSON's `null`.
    #[must_use]
    pub fn null() -> Self {
        Self::value(JKind::Null, Value::Null)
    }

    /// A `JValue` of text.
    #[must_use]
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::value(JKind::String, Value::String(text.into()))
    }

    /// An empty `JObject`.
    #[must_use]
    pub fn object() -> Self {
        Self::new(JNode::Object(IndexMap::new()))
    }

    /// An empty `JArray`.
    #[must_use]
    pub fn array() -> Self {
        Self::new(JNode::Array(Vec::new()))
    }

    /// A `JProperty`; a value that stands elsewhere already is copied.
    ///
    /// # Errors
    /// [`ChangeError::TooTall`].
    pub fn property(name: impl Into<Arc<str>>, value: &Self) -> Result<Self, ChangeError> {
        if value.kind() == JKind::Property {
            return Err(ChangeError::WrongType(value.type_name(), value.type_name()));
        }
        let value = if value.parent().is_some() { value.deep_clone() } else { value.clone() };
        let token = Self::new(JNode::Property(name.into(), value));
        if token.lock().height > TOKEN_HEIGHT_MAX { Err(ChangeError::TooTall) } else { Ok(token) }
    }

    /// Whether both are one object.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// What no other object has as long as this one lives.
    #[must_use]
    pub fn identity(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Looks at what it is. `look` must not touch this token again; children it may.
    pub fn with<R>(&self, look: impl FnOnce(&JNode) -> R) -> R {
        look(&self.lock().node)
    }

    /// Where it was read; `None` for what no text held.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.lock().place
    }

    /// Its `JTokenType`.
    #[must_use]
    pub fn kind(&self) -> JKind {
        self.with(|node| match node {
            JNode::Value(kind, _) => *kind,
            JNode::Property(..) => JKind::Property,
            JNode::Array(_) => JKind::Array,
            JNode::Object(_) => JKind::Object,
            JNode::Constructor(..) => JKind::Constructor,
        })
    }

    /// The full name of its .NET type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        let state = self.lock();
        match state.node {
            JNode::Value(..) if state.is_raw => "Newtonsoft.Json.Linq.JRaw",
            JNode::Value(..) => "Newtonsoft.Json.Linq.JValue",
            JNode::Property(..) => "Newtonsoft.Json.Linq.JProperty",
            JNode::Array(_) => "Newtonsoft.Json.Linq.JArray",
            JNode::Object(_) => "Newtonsoft.Json.Linq.JObject",
            JNode::Constructor(..) => "Newtonsoft.Json.Linq.JConstructor",
        }
    }

    /// Whether it is a `JValue`.
    #[must_use]
    pub fn is_value(&self) -> bool {
        self.with(|node| matches!(node, JNode::Value(..)))
    }

    /// What a `JValue` holds, bytes as they are now; `None` for every other token.
    #[must_use]
    pub fn held(&self) -> Option<Value> {
        match (self.reference()?, self.kind()) {
            (array @ Value::Object(_), JKind::Bytes) => Some(Value::Bytes(bytes_of(&array))),
            (held, _) => Some(held),
        }
    }

    /// What a `JValue` holds, bytes as the array itself that may change; `None` for every other token.
    #[must_use]
    pub fn reference(&self) -> Option<Value> {
        self.with(|node| match node {
            JNode::Value(_, value) => Some(value.clone()),
            JNode::Property(..) | JNode::Array(_) | JNode::Object(_) | JNode::Constructor(..) => None,
        })
    }

    /// Reads JSON text with Json.NET's leniences.
    ///
    /// # Errors
    /// What is wrong, as `JsonReaderException` says it.
    pub fn parse(text: &str) -> Result<Self, ReadError> {
        read::read(text, Wanted::Any, usize::MAX).map(|read| read.token)
    }

    /// Reads JSON text that must hold what is wanted, in at most `tokens_max` tokens.
    ///
    /// # Errors
    /// What is wrong, as `JsonReaderException` says it.
    pub fn read(text: &str, wanted: Wanted, tokens_max: usize) -> Result<Read, ReadError> {
        read::read(text, wanted, tokens_max)
    }

    /// Reads JSON text for the serializer, each value as the shape wants it.
    ///
    /// # Errors
    /// What is wrong, as `JsonReaderException` says it, up to the end of the value.
    pub fn read_shaped(text: &str, shape: &Shape, ends: Ends, tokens_max: usize) -> Result<Read, ReadError> {
        read::read_shaped(text, shape, ends, tokens_max)
    }

    // A panic of another thread leaves content that is whole: every change is one assignment.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes of a `byte[]` as they are now.
fn bytes_of(array: &Value) -> Arc<[u8]> {
    match array {
        Value::Bytes(bytes) => Arc::clone(bytes),
        Value::Object(array) => {
            let items = array.get().items().unwrap_or_default();
            items
                .iter()
                .map(|item| match item {
                    Value::Byte(byte) => *byte,
                    // To .NET an `sbyte[]` is a `byte[]`, too.
                    Value::SByte(byte) => byte.cast_unsigned(),
                    _ => 0,
                })
                .collect()
        }
        _ => Arc::default(),
    }
}

fn children_of(node: &JNode) -> impl Iterator<Item = &JToken> {
    let (items, members) = match node {
        JNode::Value(..) => (&[][..], None),
        JNode::Property(_, value) => (std::slice::from_ref(value), None),
        JNode::Array(items) | JNode::Constructor(_, items) => (items.as_slice(), None),
        JNode::Object(members) => (&[][..], Some(members.values())),
    };
    items.iter().chain(members.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::{JFormatting, JToken};

    #[test]
    fn text_forms() {
        let token = JToken::parse(r#"{"a":1.0,"b":[true,null,"x\n/é"],"c":{},"d":[]}"#).unwrap();
        assert_eq!(token.to_json(JFormatting::None), r#"{"a":1.0,"b":[true,null,"x\n/é"],"c":{},"d":[]}"#);
        assert_eq!(
            token.to_string(),
            "{\n  \"a\": 1.0,\n  \"b\": [\n    true,\n    null,\n    \"x\\n/é\"\n  ],\n  \"c\": {},\n  \"d\": []\n}"
        );
    }
}
