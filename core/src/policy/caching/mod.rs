//! Policies that keep values between exchanges: cache-lookup-value, cache-store-value, cache-remove-value; whole responses are in
//! `response`, values that policies make in `made`, which cache is meant in `chosen`. The built-in cache is in `cache`.

mod chosen;
pub mod made;
pub mod response;

use std::sync::Arc;
use std::time::Duration;

use crate::cache::{ENTRY_BYTES_MAX, Item, Kept};
use crate::expr::Expected;
use crate::policy::effect::Reply;
use crate::policy::operand::{Operand, Typed, get_optional};
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Flow, Ran, Run, Stop};
use crate::policy::shape::{Attribute, Content, Shape, attribute};
use crate::policy::{Built, Policy};
use crate::value::Value;

use chosen::{CachingType, Key, Lookup, answered, forget, keep, look_up};

/// The longest that something is kept, in seconds.
pub const LIFETIME_SECONDS_MAX: u64 = i32::MAX as u64;

/// Which cache is meant.
const CACHING_TYPE: Attribute =
    attribute("caching-type").literal().one_of(&["internal", "external", "prefer-external"]);

/// `cache-lookup-value`
pub static CACHE_LOOKUP_VALUE: Shape = Shape {
    attributes: &[
        attribute("key").required(),
        attribute("variable-name").required().literal(),
        attribute("default-value"),
        CACHING_TYPE,
    ],
    content: Content::Empty,
};

/// `cache-store-value`
pub static CACHE_STORE_VALUE: Shape = Shape {
    attributes: &[
        attribute("key").required(),
        attribute("value").required(),
        attribute("duration").required(),
        CACHING_TYPE,
    ],
    content: Content::Empty,
};

/// `cache-remove-value`
pub static CACHE_REMOVE_VALUE: Shape =
    Shape { attributes: &[attribute("key").required(), CACHING_TYPE], content: Content::Empty };

/// `cache-lookup-value`
#[derive(Clone, Debug)]
pub struct CacheLookupValue {
    key: Operand,
    variable: Arc<str>,
    default: Option<Operand<Value>>,
    cache: CachingType,
}

/// `cache-store-value`
#[derive(Clone, Debug)]
pub struct CacheStoreValue {
    key: Operand,
    value: Operand<Value>,
    lifetime: Operand<Lifetime>,
    cache: CachingType,
}

/// `cache-remove-value`
#[derive(Clone, Debug)]
pub struct CacheRemoveValue {
    key: Operand,
    cache: CachingType,
}

/// `duration`: how long something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime(pub Duration);

/// Compiles `<cache-lookup-value/>`.
pub fn build_cache_lookup_value(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let cache = CachingType::read(reader);
    let (key, variable) = (reader.attribute("key"), reader.literal("variable-name"));
    let default = reader.attribute("default-value");
    Some(Arc::new(CacheLookupValue { key: key?, variable: variable?, default, cache }))
}

/// Compiles `<cache-store-value/>`.
pub fn build_cache_store_value(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let cache = CachingType::read(reader);
    let (key, value) = (reader.attribute("key"), reader.attribute("value"));
    let lifetime = reader.attribute("duration");
    Some(Arc::new(CacheStoreValue { key: key?, value: value?, lifetime: lifetime?, cache }))
}

/// Compiles `<cache-remove-value/>`.
pub fn build_cache_remove_value(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let cache = CachingType::read(reader);
    Some(Arc::new(CacheRemoveValue { key: reader.attribute("key")?, cache }))
}

impl Policy for CacheLookupValue {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let key = self.key.get(run)?;
        let default = get_optional(self.default.as_ref(), run)?;
        // Decision: without a default the variable stays as it was, set or not (fixtures/policy/cache-lookup-value.conversation).
        if let Some(default) = default {
            run.set_variable(&self.variable, default);
        }
        match look_up(&self.cache.chosen(run), &Key::Value(key), run) {
            Lookup::Found(found) => self.set(run, found.item),
            Lookup::Nothing => {}
            // The default stands until an answer comes.
            Lookup::Asked(flow) => return Ok(flow),
        }
        Ok(Flow::Next)
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        if let Some(found) = answered(run, "cache-lookup-value", reply) {
            self.set(run, found.item);
        }
        Ok(Flow::Next)
    }
}

impl CacheLookupValue {
    fn set(&self, run: &mut Run<'_>, item: Item) {
        match item {
            Item::Value(value) => run.set_variable(&self.variable, copied(value)),
            // INVARIANT: nothing but a value stands under the key of a value.
            Item::Response(_) => {}
        }
    }
}

impl Policy for CacheStoreValue {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let (key, value) = (self.key.get(run)?, self.value.get(run)?);
        let lifetime = self.lifetime.get(run)?;
        check_storable(&value)?;
        let (chosen, item) = (self.cache.chosen(run), Item::Value(copied(value)));
        Ok(keep(&chosen, &Key::Value(key), item, lifetime.0, run, "cache-store-value"))
    }
}

impl Policy for CacheRemoveValue {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let key = self.key.get(run)?;
        Ok(forget(&self.cache.chosen(run), &Key::Value(key), run))
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        // Nothing is found by a removal; that it failed is told.
        let _nothing = answered(run, "cache-remove-value", reply);
        Ok(Flow::Next)
    }
}

// JSON can change in place, and two exchanges must not see each other's changes.
fn copied(value: Value) -> Value {
    match value {
        Value::Json(token) => Value::Json(token.apart()),
        other => other,
    }
}

// What has an identity, or shows an exchange that will be over, means nothing to the next one.
fn check_storable(value: &Value) -> Result<(), Stop> {
    match value {
        Value::Context(_) | Value::Library(_) | Value::Object(_) | Value::Service(_) => {
            let message = format!("a value of type `{}` cannot be cached", value.type_name());
            Err(Stop::fail(Failure::expression(message)))
        }
        Value::Null
        | Value::Bool(_)
        | Value::Char(_)
        | Value::SByte(_)
        | Value::Byte(_)
        | Value::Int16(_)
        | Value::UInt16(_)
        | Value::Int32(_)
        | Value::UInt32(_)
        | Value::UInt64(_)
        | Value::Single(_)
        | Value::Decimal(_)
        | Value::Int64(_)
        | Value::Double(_)
        | Value::String(_)
        | Value::Strings(_)
        | Value::Chars(_)
        | Value::Bytes(_)
        | Value::Guid(_)
        | Value::DateTime(_)
        | Value::TimeSpan(_)
        | Value::DateTimeOffset(_)
        | Value::Enum(_)
        | Value::Json(_)
        | Value::Response(_) => Ok(()),
    }
}

// A cache that cannot keep something fails no call.
fn tell_too_large(run: &mut Run<'_>, element: &str, kept: Kept) {
    match kept {
        Kept::Yes => {}
        Kept::TooLarge => run.trace(format!("{element}: not kept, it is larger than {ENTRY_BYTES_MAX} bytes")),
    }
}

impl Typed for Lifetime {
    const EXPECTED: Expected = Expected::Int;

    fn from_literal(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let seconds = text.parse().ok().filter(|seconds| (1..=LIFETIME_SECONDS_MAX).contains(seconds));
        let lifetime = seconds.map(|seconds| Self(Duration::from_secs(seconds)));
        lifetime.ok_or_else(|| format!("`{text}` is not a duration: expected 1 to {LIFETIME_SECONDS_MAX} seconds"))
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_literal(&value.to_string())
    }
}
