//! The state of `Dictionary` and `HashSet`, in the order in which .NET shows them: as added, with freed places filled again, last
//! freed first. Their members are in `dictionary` and `set`.

use std::collections::BTreeMap;

use super::key::{Folding, Key, equal, key_of};
use crate::expr::instance::State;
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

/// The sizes that .NET gives to hash tables; beyond them the limit on items comes first.
const PRIMES: [usize; 63] = [
    3, 7, 11, 17, 23, 29, 37, 47, 59, 71, 89, 107, 131, 163, 197, 239, 293, 353, 431, 521, 631, 761, 919, 1103, 1327,
    1597, 1931, 2333, 2801, 3371, 4049, 4861, 5839, 7013, 8419, 10103, 12143, 14591, 17519, 21023, 25229, 30293, 36353,
    43627, 52361, 62851, 75431, 90523, 108_631, 130_363, 156_437, 187_751, 225_307, 270_371, 324_449, 389_357, 467_237,
    560_689, 672_827, 807_403, 968_897, 1_162_687, 1_395_263,
];

/// The size of a table that takes so many entries.
pub(super) fn prime(least: usize) -> usize {
    PRIMES.iter().copied().find(|prime| *prime >= least).unwrap_or(least)
}

/// The entries of a dictionary, or the items of a set, whose values are then null.
#[derive(Debug)]
pub(crate) struct Map {
    entries: Vec<Option<(Value, Value)>>,
    free: Vec<usize>,
    index: BTreeMap<Key, usize>,
    pub(super) folding: Folding,
    /// What `Comparer` gives; null is the default one.
    pub(super) comparer: Value,
    /// How many entries .NET would have room for.
    pub(super) capacity: usize,
    pub(super) version: u32,
    ty: Ty,
}

impl Map {
    /// An empty one; `ty` is its own type.
    pub(crate) fn new(ty: Ty, comparer: &Value) -> Self {
        Self {
            entries: Vec::new(),
            free: Vec::new(),
            index: BTreeMap::new(),
            folding: Folding::of(comparer),
            comparer: comparer.clone(),
            capacity: 0,
            version: 0,
            ty,
        }
    }

    /// A copy of another's places, freed ones included, as .NET copies sets that are well filled; otherwise of its entries alone.
    pub(super) fn copied(&mut self, other: &Self) {
        if other.len() == 0 {
            return;
        }
        if prime(2 * (other.len() + 1)) >= other.capacity {
            self.entries = other.entries.clone();
            self.free = other.free.clone();
            self.index = other.index.clone();
            self.capacity = other.capacity;
            return;
        }
        self.capacity = prime(other.len());
        for (key, value) in other.entries.iter().flatten() {
            self.insert(key.clone(), value.clone(), false);
        }
    }

    pub(crate) fn get(&self, key: &Value) -> Option<Value> {
        let at = self.index.get(&key_of(key, self.folding))?;
        self.entries.get(*at)?.as_ref().map(|(_, value)| value.clone())
    }

    /// The key or item as it was added.
    pub(super) fn stored(&self, key: &Value) -> Option<Value> {
        let at = self.index.get(&key_of(key, self.folding))?;
        self.entries.get(*at)?.as_ref().map(|(key, _)| key.clone())
    }

    pub(crate) fn contains(&self, key: &Value) -> bool {
        self.index.contains_key(&key_of(key, self.folding))
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// How many places there are, freed ones included.
    pub(super) const fn places(&self) -> usize {
        self.entries.len()
    }

    /// The place of a key.
    pub(super) fn place_of(&self, key: &Value) -> Option<usize> {
        self.index.get(&key_of(key, self.folding)).copied()
    }

    /// What stands at a place.
    pub(super) fn at(&self, place: usize) -> Option<&(Value, Value)> {
        self.entries.get(place)?.as_ref()
    }

    /// The first entry from this place on, and the place behind it.
    pub(super) fn next(&self, from: usize) -> Option<(usize, &(Value, Value))> {
        let mut places = self.entries.iter().enumerate().skip(from);
        places.find_map(|(at, entry)| entry.as_ref().map(|entry| (at + 1, entry)))
    }

    /// False when the key is there already; the value is then replaced or left.
    pub(crate) fn insert(&mut self, key: Value, value: Value, replace: bool) -> bool {
        let found = key_of(&key, self.folding);
        if let Some(at) = self.index.get(&found) {
            if let (true, Some(Some((_, place)))) = (replace, self.entries.get_mut(*at)) {
                *place = value;
            }
            return false;
        }
        let at = match self.free.pop() {
            Some(at) => at,
            None => {
                self.entries.push(None);
                if self.entries.len() > self.capacity {
                    self.capacity = prime(2 * self.capacity);
                }
                self.entries.len() - 1
            }
        };
        if let Some(place) = self.entries.get_mut(at) {
            *place = Some((key, value));
        }
        self.index.insert(found, at);
        self.version = self.version.wrapping_add(1);
        true
    }

    /// The value that was there.
    pub(crate) fn remove(&mut self, key: &Value) -> Option<Value> {
        let at = self.index.remove(&key_of(key, self.folding))?;
        self.free.push(at);
        self.entries.get_mut(at)?.take().map(|(_, value)| value)
    }

    /// Removes all; an enumeration does not mind.
    pub(super) fn clear_all(&mut self) {
        self.entries = Vec::new();
        self.free = Vec::new();
        self.index = BTreeMap::new();
    }

    /// Closes the gaps, and makes room for so many entries.
    pub(super) fn resized(&mut self, capacity: usize) {
        let entries: Vec<(Value, Value)> = std::mem::take(&mut self.entries).into_iter().flatten().collect();
        self.clear_all();
        self.capacity = capacity;
        self.version = self.version.wrapping_add(1);
        for (key, value) in entries {
            self.index.insert(key_of(&key, self.folding), self.entries.len());
            self.entries.push(Some((key, value)));
        }
    }

    pub(crate) fn keys(&self) -> Vec<Value> {
        self.entries.iter().flatten().map(|(key, _)| key.clone()).collect()
    }

    pub(crate) fn values(&self) -> Vec<Value> {
        self.entries.iter().flatten().map(|(_, value)| value.clone()).collect()
    }

    /// Whether the pair is an entry.
    pub(super) fn holds_pair(&self, key: &Value, value: &Value) -> bool {
        self.get(key).is_some_and(|found| equal(&found, value, Folding::Exact))
    }

    /// Whether it is a dictionary rather than a set.
    pub(in crate::expr::bcl) const fn is_dictionary(&self) -> bool {
        matches!(self.ty, Ty::Generic(Class::Dictionary, _))
    }

    /// The type of its pairs; of a set, which has none, that of its items.
    pub(super) fn item(&self) -> Ty {
        let Ty::Generic(class, types) = &self.ty else { return Ty::Object };
        let part = |at: usize| types.get(at).cloned().unwrap_or(Ty::Object);
        if *class == Class::Dictionary { super::pair_type(part(0), part(1)) } else { part(0) }
    }

    /// An entry as an item of the sequence that this is.
    pub(super) fn shown(&self, entry: &(Value, Value)) -> Value {
        match self.is_dictionary() {
            true => super::pair(&self.item(), entry.0.clone(), entry.1.clone()),
            false => entry.0.clone(),
        }
    }
}

impl State for Map {
    fn children(&self) -> Vec<Value> {
        self.entries.iter().flatten().flat_map(|(key, value)| [key.clone(), value.clone()]).collect()
    }

    fn clear(&mut self) {
        self.clear_all();
    }

    fn items(&self) -> Option<Vec<Value>> {
        Some(self.entries.iter().flatten().map(|entry| self.shown(entry)).collect())
    }
}
