//! The static members of `System.Array` that take arrays of any type, and lengths and indices as `long`. Those that know the type of
//! the items are in `array` and `array_search`.

use super::super::{Call, Row, row};
use super::array::{any, array, copy, keys, part_of_keys, reverse, sorted, sorted_pairs};
use super::array_search::search;
use super::{range, sort};
use crate::expr::exception::{Outcome, argument_null, out_of_range};
use crate::value::Value;

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("Array", "static void Sort(Array array, IComparer comparer)", |call| {
        let by = sort::By::Comparer(call.value(1).clone());
        sorted(call, None, by)
    }),
    row("Array", "static void Sort(Array array, int index, int length)", |call| part_sorted(call, None)),
    row("Array", "static void Sort(Array array, int index, int length, IComparer comparer)", |call| {
        part_sorted(call, Some(3))
    }),
    row("Array", "static void Sort(Array keys, Array items)", |call| all_pairs(call, None)),
    row("Array", "static void Sort(Array keys, Array items, IComparer comparer)", |call| all_pairs(call, Some(2))),
    row("Array", "static void Sort(Array keys, Array items, int index, int length)", |call| pairs(call, None)),
    row("Array", "static void Sort(Array keys, Array items, int index, int length, IComparer comparer)", |call| {
        pairs(call, Some(4))
    }),
    row("Array", "static void Reverse(Array array, int index, int length)", |call| {
        let part = range(call, 1, array(call, 0)?, ("index", "length"))?;
        reverse(call, Some(part))
    }),
    row("Array", "static int BinarySearch(Array array, object value, IComparer comparer)", |call| {
        search(call, 1, Some(2))
    }),
    row(
        "Array",
        "static int BinarySearch(Array array, int index, int length, object value, IComparer comparer)",
        |call| search(call, 3, Some(4)),
    ),
    row("Array", "static void Copy(Array sourceArray, Array destinationArray, long length)", |call| {
        let count = small(call, 2, "length")?;
        copy(call, (0, 0), (1, 0), count)
    }),
    row(
        "Array",
        "static void Copy(Array sourceArray, long sourceIndex, Array destinationArray, long destinationIndex, long length)",
        |call| {
            let from = small(call, 1, "sourceIndex")?;
            let to = small(call, 3, "destinationIndex")?;
            let count = small(call, 4, "length")?;
            super::array::copy_between(call, from, to, count)
        },
    ),
];

// A `long` that arrays here can have as a length or an index.
fn small(call: &Call<'_, '_>, at: usize, parameter: &str) -> Outcome<i32> {
    let too_large = |_| out_of_range("Arrays larger than 2GB are not supported.", parameter);
    i32::try_from(call.long(at)?).map_err(too_large)
}

fn by_comparer(call: &Call<'_, '_>, at: Option<usize>) -> sort::By {
    at.map_or(sort::By::Default, |at| sort::By::Comparer(call.value(at).clone()))
}

// .NET sees this as sorting of keys that have no items.
fn part_sorted(call: &mut Call<'_, '_>, comparer: Option<usize>) -> Outcome<Value> {
    if call.value(0).is_null() {
        return Err(argument_null("keys"));
    }
    let part = range(call, 1, any(call, 0)?, ("index", "length"))?;
    let by = by_comparer(call, comparer);
    sorted(call, Some(part), by)
}

fn all_pairs(call: &mut Call<'_, '_>, comparer: Option<usize>) -> Outcome<Value> {
    let length = keys(call)?;
    let by = by_comparer(call, comparer);
    sorted_pairs(call, (0, length), by)
}

fn pairs(call: &mut Call<'_, '_>, comparer: Option<usize>) -> Outcome<Value> {
    let part = part_of_keys(call)?;
    let by = by_comparer(call, comparer);
    sorted_pairs(call, part, by)
}
