//! What an evaluation remembers of objects as such: their hash codes, the arrays that stand for those of the context, and the empty
//! arrays that .NET has one of. Judges no equality.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Machine;
use crate::expr::exception::Outcome;
use crate::expr::identity::Place;
use crate::expr::node::Arrays;
use crate::expr::ty::Ty;
use crate::value::Value;
use crate::value::json::JKind;

/// What is remembered.
#[derive(Debug, Default)]
pub(super) struct Identities {
    numbers: BTreeMap<Place, i32>,
    /// Arrays that can change, by those of the context that they were made of.
    thawed: BTreeMap<Place, Value>,
    /// Objects that there is one of, by what they are.
    single: Vec<(Single, Ty, Value)>,
}

/// Objects of which .NET has one for each type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Single {
    /// `Array.Empty<T>()`, by the type of the elements
    Array,
    /// What `ToArray()` of an empty list gives
    ListArray,
    /// `Enumerable.Empty<T>()`
    Sequence,
    /// A default comparer
    Comparer,
    /// `Match.Empty`
    Match,
    /// A group that there is not
    Group,
    /// `TimeZone.CurrentTimeZone`
    Zone,
}

/// .NET gives objects hash codes of so many bits.
const HASH_BITS: i32 = 0x03ff_ffff;

impl Machine<'_> {
    /// The hash code of an object: the next number of all when it is asked for first.
    pub(crate) fn number_of(&mut self, place: Place) -> i32 {
        let numbers = &mut self.held().identities.numbers;
        let next = i32::try_from(numbers.len()).unwrap_or(i32::MAX).wrapping_add(1);
        // An odd factor gives each number another one.
        *numbers.entry(place).or_insert_with(|| next.wrapping_mul(0x1e37_79b1) & HASH_BITS)
    }

    /// The one object of its kind and type, which is made when it is needed first.
    pub(crate) fn single(
        &mut self,
        kind: Single,
        ty: &Ty,
        make: impl FnOnce(&mut Self) -> Outcome<Value>,
    ) -> Outcome<Value> {
        let mut known = self.held().identities.single.iter();
        if let Some((_, _, single)) = known.find(|(of, by, _)| *of == kind && by == ty) {
            return Ok(single.clone());
        }
        let made = make(self)?;
        self.held().identities.single.push((kind, ty.clone(), made.clone()));
        Ok(made)
    }

    /// An array of these items; all that are empty are one.
    pub(crate) fn array_or_empty(&mut self, item: Ty, values: Vec<Value>) -> Outcome<Value> {
        if !values.is_empty() {
            return self.array_of(item, values);
        }
        self.single(Single::Array, &item, |machine| machine.array_of(item.clone(), values))
    }

    /// Lets a token that holds bytes of the library, or a property of it, hold the array that stands for them in this evaluation.
    pub(crate) fn share_bytes(&mut self, value: &Value) -> Outcome<()> {
        let Value::Json(token) = value else { return Ok(()) };
        let token = token.property_value().unwrap_or_else(|| token.clone());
        if let (Arrays::Written, JKind::Bytes, Some(held)) = (self.arrays, token.kind(), token.reference()) {
            let array = self.thawed(held)?;
            token.set_content(JKind::Bytes, array);
        }
        Ok(())
    }

    /// An array that can change for one of the library: one and the same for an array that is held elsewhere, too.
    pub(super) fn thawed(&mut self, value: Value) -> Outcome<Value> {
        let (item, values, is_held) = match &value {
            Value::Strings(items) => {
                let values = items.iter().map(|text| Value::String(Arc::clone(text))).collect();
                (Ty::String, values, Arc::strong_count(items) > 1)
            }
            Value::Chars(units) => {
                (Ty::Char, units.iter().map(|unit| Value::Char(*unit)).collect(), Arc::strong_count(units) > 1)
            }
            Value::Bytes(bytes) => {
                (Ty::Byte, bytes.iter().map(|byte| Value::Byte(*byte)).collect(), Arc::strong_count(bytes) > 1)
            }
            _ => return Ok(value),
        };
        let place = Place::of(&value).filter(|_| is_held);
        if let Some(found) = place.as_ref().and_then(|place| self.held().identities.thawed.get(place)) {
            return Ok(found.clone());
        }
        let made = self.array_of(item, values)?;
        if let Some(place) = place {
            self.held().identities.thawed.insert(place, made.clone());
        }
        Ok(made)
    }
}
