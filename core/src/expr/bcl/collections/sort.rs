//! `Array.Sort` and `List.Sort` as .NET 8 does it: introspective, not stable, so that what is equal ends up where it does there. And a
//! stable sort for `OrderBy`.

use std::cmp::Ordering;

use super::key::{compared, compared_by};
use crate::expr::Interrupt;
use crate::expr::eval::Machine;
use crate::expr::exception::{Outcome, broken, throw};
use crate::value::Value;

/// Parts up to this length are sorted by insertion.
const INSERTION_MAX: usize = 16;

/// What says which of two values comes first.
#[derive(Clone, Debug)]
pub(in crate::expr::bcl) enum By {
    Default,
    /// An `IComparer<T>`; null is the default one
    Comparer(Value),
    /// A delegate
    Comparison(Value),
}

impl By {
    /// The order of two values; what goes wrong is wrapped, as .NET wraps it.
    pub(in crate::expr::bcl) fn compare(&self, machine: &mut Machine<'_>, a: &Value, b: &Value) -> Outcome<Ordering> {
        self.compare_plainly(machine, a, b).map_err(wrapped)
    }

    fn compare_plainly(&self, machine: &mut Machine<'_>, a: &Value, b: &Value) -> Outcome<Ordering> {
        machine.step()?;
        match self {
            Self::Default => compared(a, b),
            Self::Comparer(comparer) => compared_by(comparer, a, b),
            Self::Comparison(comparison) => match machine.invoke(comparison, &[a.clone(), b.clone()])? {
                Value::Int32(order) => Ok(order.cmp(&0)),
                _ => Err(broken("a comparison that gives no int")),
            },
        }
    }
}

/// What an exception of a comparison becomes.
pub(in crate::expr::bcl) fn wrapped(interrupt: Interrupt) -> Interrupt {
    match interrupt {
        Interrupt::Exception(_) => {
            throw("System.InvalidOperationException", "Failed to compare two elements in the array.")
        }
        other => other,
    }
}

fn inconsistent() -> Interrupt {
    let message = "Unable to sort because the IComparer.Compare() method returns inconsistent results. Either a value does not \
                   compare equal to itself, or one value repeatedly compared to another value yields different results. \
                   IComparer: ''.";
    throw("System.ArgumentException", message)
}

/// Sorts `keys`, and moves `items` along when there are any.
pub(in crate::expr::bcl) fn sort(
    machine: &mut Machine<'_>,
    keys: &mut [Value],
    items: &mut [Value],
    by: &By,
) -> Outcome<()> {
    if keys.len() < 2 {
        return Ok(());
    }
    let depth = 2 * (keys.len().ilog2() + 1);
    let hi = keys.len();
    Sorter { machine, keys, items, by }.intro(0, hi, depth)
}

struct Sorter<'s, 'm> {
    machine: &'s mut Machine<'m>,
    keys: &'s mut [Value],
    items: &'s mut [Value],
    by: &'s By,
}

impl Sorter<'_, '_> {
    // Sorts the places from `lo` to before `hi`. The depth bounds the recursion.
    fn intro(&mut self, lo: usize, mut hi: usize, mut depth: u32) -> Outcome<()> {
        while hi - lo > 1 {
            if hi - lo <= INSERTION_MAX {
                return self.small(lo, hi);
            }
            if depth == 0 {
                return self.heap(lo, hi);
            }
            depth -= 1;
            let pivot = self.partition(lo, hi)?;
            self.intro(pivot + 1, hi, depth)?;
            hi = pivot;
        }
        Ok(())
    }

    fn small(&mut self, lo: usize, hi: usize) -> Outcome<()> {
        match hi - lo {
            2 => self.swap_if_greater(lo, lo + 1),
            3 => {
                self.swap_if_greater(lo, lo + 1)?;
                self.swap_if_greater(lo, lo + 2)?;
                self.swap_if_greater(lo + 1, lo + 2)
            }
            _ => self.insertion(lo, hi),
        }
    }

    fn key(&self, at: usize) -> Outcome<Value> {
        self.keys.get(at).cloned().ok_or_else(inconsistent)
    }

    fn less(&mut self, a: &Value, b: &Value) -> Outcome<bool> {
        Ok(self.by.compare(self.machine, a, b)? == Ordering::Less)
    }

    fn swap(&mut self, a: usize, b: usize) {
        if a.max(b) < self.keys.len() {
            self.keys.swap(a, b);
        }
        if a.max(b) < self.items.len() {
            self.items.swap(a, b);
        }
    }

    fn swap_if_greater(&mut self, a: usize, b: usize) -> Outcome<()> {
        let (first, second) = (self.key(a)?, self.key(b)?);
        if self.by.compare(self.machine, &first, &second)? == Ordering::Greater {
            self.swap(a, b);
        }
        Ok(())
    }

    fn partition(&mut self, lo: usize, hi: usize) -> Outcome<usize> {
        let last = hi - 1;
        let middle = lo + ((last - lo) >> 1);
        self.swap_if_greater(lo, middle)?;
        self.swap_if_greater(lo, last)?;
        self.swap_if_greater(middle, last)?;
        let pivot = self.key(middle)?;
        self.swap(middle, last - 1);
        let (mut left, mut right) = (lo, last - 1);
        while left < right {
            loop {
                left += 1;
                let key = self.key(left)?;
                if left >= hi {
                    return Err(inconsistent());
                }
                if !self.less(&key, &pivot)? {
                    break;
                }
            }
            loop {
                right = right.checked_sub(1).filter(|right| *right >= lo).ok_or_else(inconsistent)?;
                let key = self.key(right)?;
                if !self.less(&pivot, &key)? {
                    break;
                }
            }
            if left >= right {
                break;
            }
            self.swap(left, right);
        }
        if left != last - 1 {
            self.swap(left, last - 1);
        }
        Ok(left)
    }

    fn insertion(&mut self, lo: usize, hi: usize) -> Outcome<()> {
        for next in lo + 1..hi {
            let moved = self.key(next)?;
            let mut at = next;
            while at > lo {
                let before = self.key(at - 1)?;
                if !self.less(&moved, &before)? {
                    break;
                }
                self.swap(at - 1, at);
                at -= 1;
            }
        }
        Ok(())
    }

    fn heap(&mut self, lo: usize, hi: usize) -> Outcome<()> {
        let count = hi - lo;
        for at in (1..=count >> 1).rev() {
            self.down(at, count, lo)?;
        }
        for at in (2..=count).rev() {
            self.swap(lo, lo + at - 1);
            self.down(1, at - 1, lo)?;
        }
        Ok(())
    }

    fn down(&mut self, mut at: usize, count: usize, lo: usize) -> Outcome<()> {
        while at <= count >> 1 {
            let mut child = 2 * at;
            if child < count {
                let (a, b) = (self.key(lo + child - 1)?, self.key(lo + child)?);
                if self.less(&a, &b)? {
                    child += 1;
                }
            }
            let (moved, other) = (self.key(lo + at - 1)?, self.key(lo + child - 1)?);
            if !self.less(&moved, &other)? {
                break;
            }
            self.swap(lo + at - 1, lo + child - 1);
            at = child;
        }
        Ok(())
    }
}

/// Merges runs, so that a comparison that contradicts itself, or throws, does no harm; what is equal keeps its order.
pub(in crate::expr::bcl) fn stable<T>(
    machine: &mut Machine<'_>,
    items: Vec<T>,
    mut compare: impl FnMut(&mut Machine<'_>, &T, &T) -> Outcome<Ordering>,
) -> Outcome<Vec<T>> {
    let mut runs: Vec<Vec<T>> = items.into_iter().map(|item| vec![item]).collect();
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
        let mut rest = runs.into_iter();
        while let Some(left) = rest.next() {
            merged.push(match rest.next() {
                Some(right) => merge(machine, left, right, &mut compare)?,
                None => left,
            });
        }
        runs = merged;
    }
    Ok(runs.pop().unwrap_or_default())
}

fn merge<T>(
    machine: &mut Machine<'_>,
    left: Vec<T>,
    right: Vec<T>,
    compare: &mut impl FnMut(&mut Machine<'_>, &T, &T) -> Outcome<Ordering>,
) -> Outcome<Vec<T>> {
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        machine.step()?;
        let is_greater = compare(machine, a, b)? == Ordering::Greater;
        merged.extend(if is_greater { right.next() } else { left.next() });
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}
