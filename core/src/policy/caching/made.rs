//! `cache-value`: a value that is in the cache, or that the policies inside make when it is not there or has grown old. One call of a
//! process makes a value at a time: others go on with the old one, or wait a little for the new.

use std::sync::Arc;
use std::time::Duration;

use super::chosen::{CachingType, Chosen, Key, Lookup, answered, keep, look_up};
use super::{CACHING_TYPE, LIFETIME_SECONDS_MAX, Lifetime, check_storable, copied};
use crate::cache::{Found, Item};
use crate::expr::Expected;
use crate::limits::permits::Permit;
use crate::policy::Policy;
use crate::policy::compile::Compiler;
use crate::policy::dialect::Element;
use crate::policy::effect::{Effect, Reply};
use crate::policy::operand::{Operand, Typed, get_optional};
use crate::policy::place::{Scope, Section};
use crate::policy::program::Op;
use crate::policy::reader::Reader;
use crate::policy::run::{Flow, Ran, Run};
use crate::policy::shape::{Content, Occurs, Shape, attribute, child};
use crate::value::Value;

/// How long a value is kept when the policy does not say (what the toolkit's emulator does).
const LIFETIME: Duration = Duration::from_secs(28_800);

/// For how long a call waits at a time for a value that another one makes, and how often, before it makes one itself.
const WAIT: Duration = Duration::from_millis(100);
const WAITS_MAX: u32 = 20;

/// `cache-value`
pub static CACHE_VALUE: Shape = Shape {
    attributes: &[
        attribute("key").required(),
        attribute("variable-name").required().literal(),
        attribute("expires-after"),
        attribute("refresh-after"),
        attribute("default-value"),
        CACHING_TYPE,
    ],
    content: Content::Children(&[child("value", Occurs::Once, &VALUE)]),
};

static VALUE: Shape = Shape { attributes: &[], content: Content::Policies };

/// Compiles `<cache-value>`: the look-up, a way around the policies inside, they themselves, and what keeps what they have made.
pub fn build_cache_value(compiler: &mut Compiler<'_>, element: &Element) {
    let index = compiler.next_index();
    let policy = read(&mut Reader { compiler, element }, index).map(Arc::new);
    let around = policy.as_ref().map(|policy| {
        let asked = compiler.emit(Op::Policy(Arc::<CacheValue>::clone(policy)), element);
        compiler.emit(Op::Take { asked }, element);
        compiler.emit(Op::Around { begin: index, target: 0 }, element)
    });
    // The policies inside are looked at in any case, so that all mistakes are reported at once.
    if let Some(inside) = element.elements().find(|child| child.name == "value") {
        compiler.inside("value[1]".to_owned(), |compiler| compiler.policies(inside));
    }
    if let Some(policy) = policy {
        let asked = compiler.emit(Op::Policy(Arc::new(KeepMade(policy))), element);
        compiler.emit(Op::Take { asked }, element);
    }
    let end = compiler.next_index();
    if let Some(Op::Around { target, .. }) = around.and_then(|at| compiler.code().ops.get_mut(at)) {
        *target = end;
    }
}

fn read(reader: &mut Reader<'_, '_, '_>, index: usize) -> Option<CacheValue> {
    let cache = CachingType::read(reader);
    let (key, variable) = (reader.attribute("key"), reader.literal("variable-name"));
    let lifetime: Option<Operand<Lifetime>> = reader.attribute("expires-after");
    let refresh: Option<Operand<Refresh>> = reader.attribute("refresh-after");
    let default = reader.attribute("default-value");
    let kept = lifetime.as_ref().map_or(Some(LIFETIME), |lifetime| lifetime.known().map(|lifetime| lifetime.0));
    let fresh = refresh.as_ref().and_then(|refresh| refresh.known().map(|refresh| refresh.0));
    if let (Some(kept), Some(fresh)) = (kept, fresh)
        && fresh >= kept
    {
        let message =
            format!("a value is kept for {} s: it cannot be refreshed after {} s", kept.as_secs(), fresh.as_secs());
        reader.error("refresh-after", message);
    }
    Some(CacheValue { index, key: key?, variable: variable?, lifetime, refresh, default, cache })
}

/// `cache-value`
#[derive(Clone, Debug)]
struct CacheValue {
    /// Tells what is made here from what is made elsewhere in the same section.
    index: usize,
    key: Operand,
    variable: Arc<str>,
    lifetime: Option<Operand<Lifetime>>,
    refresh: Option<Operand<Refresh>>,
    default: Option<Operand<Value>>,
    cache: CachingType,
}

/// The end of a `cache-value`.
#[derive(Clone, Debug)]
struct KeepMade(Arc<CacheValue>);

/// `refresh-after`
#[derive(Clone, Copy, Debug)]
struct Refresh(Duration);

/// Where a `cache-value` stands.
pub type Place = (Scope, Section, usize);

/// A value that a `cache-value` looks for or makes.
#[derive(Clone, Debug)]
pub struct Making {
    key: Key,
    cache: Chosen,
    lifetime: Duration,
    refresh: Option<Duration>,
    default: Option<Value>,
    variable: Arc<str>,
    stage: Stage,
    waits: u32,
    // Whether the policies inside have set the variable.
    is_made: bool,
    // What keeps others from making it too.
    _permit: Option<Arc<Permit>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The cache is asked.
    Looking,
    /// There is one to go on with: the policies inside do not run.
    AtHand,
    /// They run, and an old one is there.
    Renewing,
    /// They run.
    Making,
}

impl Making {
    /// A variable is set.
    pub fn note_set(&mut self, name: &str) {
        if matches!(self.stage, Stage::Renewing | Stage::Making) && *self.variable == *name {
            self.is_made = true;
        }
    }
}

/// Whether the policies inside the `cache-value` at `place` are passed over.
pub fn goes_around(run: &mut Run<'_>, place: Place) -> bool {
    let is_at_hand = run.state.making.get(&place).is_none_or(|making| making.stage == Stage::AtHand);
    if is_at_hand {
        run.state.making.remove(&place);
    }
    is_at_hand
}

impl Policy for CacheValue {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let key = Key::Value(self.key.get(run)?);
        let lifetime = get_optional(self.lifetime.as_ref(), run)?.map_or(LIFETIME, |lifetime| lifetime.0);
        let refresh = get_optional(self.refresh.as_ref(), run)?.map(|refresh| refresh.0);
        let default = get_optional(self.default.as_ref(), run)?;
        let cache = self.cache.chosen(run);
        let place = self.place(run);
        // It runs again after each wait; one that ran before in a loop begins anew.
        let waits = run.state.making.remove(&place).filter(|of| of.stage == Stage::Looking).map_or(0, |of| of.waits);
        let looked_up = look_up(&cache, &key, run);
        let variable = Arc::clone(&self.variable);
        let stage = Stage::Looking;
        let making =
            Making { key, cache, lifetime, refresh, default, variable, stage, waits, is_made: false, _permit: None };
        run.state.making.insert(place, making);
        match looked_up {
            Lookup::Found(found) => self.decide(run, Some(found)),
            Lookup::Nothing => self.decide(run, None),
            Lookup::Asked(flow) => Ok(flow),
        }
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        if let Reply::Elapsed = reply {
            return Ok(Flow::Again);
        }
        let found = answered(run, "cache-value", reply);
        self.decide(run, found)
    }
}

impl CacheValue {
    fn place(&self, run: &Run<'_>) -> Place {
        (run.scope, run.section, self.index)
    }

    fn decide(&self, run: &mut Run<'_>, found: Option<Found>) -> Ran {
        let place = self.place(run);
        let Some(mut making) = run.state.making.remove(&place) else { return Ok(Flow::Next) };
        let is_fresh = found.as_ref().is_some_and(|found| making.refresh.is_none_or(|refresh| found.age < refresh));
        let value = found.and_then(|found| match found.item {
            Item::Value(value) => Some(copied(value)),
            Item::Response(_) => None,
        });
        let is_there = value.is_some();
        if let Some(value) = value {
            run.set_variable(&self.variable, value);
        }
        let mut flow = Flow::Next;
        if is_fresh {
            making.stage = Stage::AtHand;
        } else {
            let permit = run.shared.makers.acquire(&making.key.of_makers(), 1);
            making.stage = match (&permit, is_there) {
                // Another call renews it.
                (None, true) => Stage::AtHand,
                (None, false) if making.waits < WAITS_MAX => {
                    making.waits += 1;
                    flow = Flow::Ask(Box::new(Effect::Sleep(WAIT)));
                    Stage::Looking
                }
                (Some(_), true) => Stage::Renewing,
                (Some(_) | None, false) => Stage::Making,
            };
            making._permit = permit.map(Arc::new);
        }
        run.state.making.insert(place, making);
        Ok(flow)
    }
}

impl Policy for KeepMade {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let place = self.0.place(run);
        let Some(making) = run.state.making.remove(&place) else { return Ok(Flow::Next) };
        let made = run.context.variables.get(&making.variable).filter(|_| making.is_made).cloned();
        match made {
            Some(value) => {
                check_storable(&value)?;
                let item = Item::Value(copied(value));
                Ok(keep(&making.cache, &making.key, item, making.lifetime, run, "cache-value"))
            }
            // What is old stays what it is.
            None if making.stage == Stage::Renewing => Ok(Flow::Next),
            None => {
                if let Some(default) = making.default {
                    run.set_variable(&making.variable, default);
                }
                Ok(Flow::Next)
            }
        }
    }
}

impl Typed for Refresh {
    const EXPECTED: Expected = Expected::Int;

    fn from_literal(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let seconds = text.parse().ok().filter(|seconds| *seconds <= LIFETIME_SECONDS_MAX);
        let time = seconds.map(|seconds| Self(Duration::from_secs(seconds)));
        time.ok_or_else(|| format!("`{text}` is not a time: expected 0 to {LIFETIME_SECONDS_MAX} seconds"))
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_literal(&value.to_string())
    }
}
