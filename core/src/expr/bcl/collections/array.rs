//! `System.Array`: what every array has, and what fills, copies, sorts and turns arrays. What is looked for in them is in
//! `array_search`; elements and lengths are the language's own.

use super::super::string::not_negative;
use super::super::{Call, Member, Row, row};
use super::elements::lengths;
use super::views::{Part, View, length};
use super::{bad_count, bad_end_index, copy_into_array, list, place, range, snapshot, sort, with_actual};
use crate::expr::Interrupt;
use crate::expr::eval::numeric;
use crate::expr::exception::{Outcome, argument, argument_null, index_out_of_range, out_of_range, throw};
use crate::expr::instance::{self, Grid};
use crate::expr::parse::signature::Form;
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("Array", "bool IsFixedSize", |_| Ok(Value::Bool(true))),
    row("Array", "bool IsReadOnly", |_| Ok(Value::Bool(false))),
    row("Array", "bool IsSynchronized", |_| Ok(Value::Bool(false))),
    row("Array", "object SyncRoot", |call| Ok(call.value(0).clone())),
    row("Array", "void Initialize()", |_| Ok(Value::Null)),
    row("Array", "object Clone()", |call| {
        let (items, lengths) = (snapshot(call, 0)?, lengths(call.value(0))?);
        match lengths.len() {
            1 => call.machine.array_of(item_of(call.value(0)), items),
            _ => call.machine.grid_of(&item_of(call.value(0)), lengths, items),
        }
    }),
    row("Array", "void CopyTo(Array array, int index)", |call| {
        let index = call.int(2)?;
        copy_to(call, index)
    }),
    row("Array", "void CopyTo(Array array, long index)", |call| {
        let index = call.long(2)?;
        let index =
            i32::try_from(index).map_err(|_| out_of_range("Arrays larger than 2GB are not supported.", "index"))?;
        copy_to(call, index)
    }),
    row("Array", "static void Copy(Array sourceArray, Array destinationArray, int length)", |call| {
        let count = call.int(2)?;
        copy(call, (0, 0), (1, 0), count)
    }),
    row(
        "Array",
        "static void Copy(Array sourceArray, int sourceIndex, Array destinationArray, int destinationIndex, int length)",
        copy_part,
    ),
    row(
        "Array",
        "static void ConstrainedCopy(Array sourceArray, int sourceIndex, Array destinationArray, int destinationIndex, int length)",
        copy_part,
    ),
    row("Array", "static void Clear(Array array)", |call| {
        let length = any(call, 0)?;
        let blank = item_of(call.value(0)).default_value().unwrap_or(Value::Null);
        place(call, vec![blank; length], 0, 0)
    }),
    row("Array", "static void Clear(Array array, int index, int length)", |call| {
        let room = any(call, 0)?;
        let (Ok(from), Ok(count)) = (usize::try_from(call.int(1)?), usize::try_from(call.int(2)?)) else {
            return Err(index_out_of_range());
        };
        if from > room || count > room - from {
            return Err(index_out_of_range());
        }
        let blank = item_of(call.value(0)).default_value().unwrap_or(Value::Null);
        place(call, vec![blank; count], 0, from)
    }),
    row("Array", "static void Fill<T>(T[] array, T value)", |call| {
        let length = array(call, 0)?;
        place(call, vec![call.value(1).clone(); length], 0, 0)
    }),
    row("Array", "static void Fill<T>(T[] array, T value, int startIndex, int count)", |call| {
        let room = array(call, 0)?;
        let from = usize::try_from(call.int(2)?).ok().filter(|from| *from <= room);
        let from = from.ok_or_else(|| bad_end_index("startIndex"))?;
        let count = usize::try_from(call.int(3)?).ok().filter(|count| *count <= room - from).ok_or_else(bad_count)?;
        place(call, vec![call.value(1).clone(); count], 0, from)
    }),
    row("Array", "static void Reverse<T>(T[] array)", |call| reverse(call, None)),
    row("Array", "static void Reverse<T>(T[] array, int index, int length)", |call| {
        let part = range(call, 1, array(call, 0)?, ("index", "length"))?;
        reverse(call, Some(part))
    }),
    row("Array", "static void Reverse(Array array)", |call| reverse(call, None)),
    row("Array", "static void Sort<T>(T[] array)", |call| sorted(call, None, sort::By::Default)),
    row("Array", "static void Sort(Array array)", |call| sorted(call, None, sort::By::Default)),
    row("Array", "static void Sort<T>(T[] array, IComparer<T> comparer)", |call| {
        let by = sort::By::Comparer(call.value(1).clone());
        sorted(call, None, by)
    }),
    row("Array", "static void Sort<T>(T[] array, Comparison<T> comparison)", |call| {
        array(call, 0)?;
        if call.value(1).is_null() {
            return Err(argument_null("comparison"));
        }
        let by = sort::By::Comparison(call.value(1).clone());
        sorted(call, None, by)
    }),
    row("Array", "static void Sort<T>(T[] array, int index, int length)", |call| {
        let part = range(call, 1, array(call, 0)?, ("index", "length"))?;
        sorted(call, Some(part), sort::By::Default)
    }),
    row("Array", "static void Sort<T>(T[] array, int index, int length, IComparer<T> comparer)", |call| {
        let part = range(call, 1, array(call, 0)?, ("index", "length"))?;
        let by = sort::By::Comparer(call.value(3).clone());
        sorted(call, Some(part), by)
    }),
    row("Array", "static void Sort<TKey, TValue>(TKey[] keys, TValue[] items)", |call| {
        let length = keys(call)?;
        sorted_pairs(call, (0, length), sort::By::Default)
    }),
    row("Array", "static void Sort<TKey, TValue>(TKey[] keys, TValue[] items, IComparer<TKey> comparer)", |call| {
        let length = keys(call)?;
        let by = sort::By::Comparer(call.value(2).clone());
        sorted_pairs(call, (0, length), by)
    }),
    row("Array", "static void Sort<TKey, TValue>(TKey[] keys, TValue[] items, int index, int length)", |call| {
        let part = part_of_keys(call)?;
        sorted_pairs(call, part, sort::By::Default)
    }),
    row(
        "Array",
        "static void Sort<TKey, TValue>(TKey[] keys, TValue[] items, int index, int length, IComparer<TKey> comparer)",
        |call| {
            let part = part_of_keys(call)?;
            let by = sort::By::Comparer(call.value(4).clone());
            sorted_pairs(call, part, by)
        },
    ),
    row(
        "Array",
        "static TOutput[] ConvertAll<TInput, TOutput>(TInput[] array, Converter<TInput, TOutput> converter)",
        |call| {
            array(call, 0)?;
            if call.value(1).is_null() {
                return Err(argument_null("converter"));
            }
            let mut made = Vec::new();
            for item in snapshot(call, 0)? {
                made.push(call.invoke(1, &[item])?);
            }
            call.machine.array_of(call.ty(1), made)
        },
    ),
    row("Array", "static T[] Empty<T>()", |call| call.machine.array_or_empty(call.ty(0), Vec::new())),
    row("Array", "static ReadOnlyCollection<T> AsReadOnly<T>(T[] array)", |call| {
        array(call, 0)?;
        let view = View { source: call.value(0).clone(), part: Part::All };
        call.object(Ty::Generic(Class::ReadOnlyCollection, [call.ty(0)].into()), view)
    }),
];

/// The length of an array of any rank, which may not be null.
pub(super) fn any(call: &Call<'_, '_>, at: usize) -> Outcome<usize> {
    if call.value(at).is_null() {
        return Err(argument_null("array"));
    }
    Ok(lengths(call.value(at))?.iter().product())
}

/// The length of an array of one dimension among the arguments, which may not be null.
pub(super) fn array(call: &Call<'_, '_>, at: usize) -> Outcome<usize> {
    if instance::look(call.value(at), |_: &mut Grid| ()).is_some() {
        return Err(rank("Only single dimension arrays are supported here."));
    }
    length(call.value(at)).ok_or_else(|| argument_null("array"))
}

fn rank(message: &str) -> Interrupt {
    throw("System.RankException", message)
}

fn copy_to(call: &mut Call<'_, '_>, index: i32) -> Outcome<Value> {
    if !call.value(1).is_null() {
        if lengths(call.value(1))?.len() != 1 {
            let message = "Only single dimensional arrays are supported for the requested action.";
            return Err(throw("System.ArgumentException", message));
        }
        same_rank(call, 0, 1)?;
    }
    let items = snapshot(call, 0)?;
    // Room comes before what the items are.
    if let (Ok(at), Some(room)) = (usize::try_from(index), length(call.value(1)))
        && at.saturating_add(items.len()) > room
    {
        return Err(too_short("Destination", "destinationArray"));
    }
    let items = fitted(call, items, 0, 1)?;
    copy_into_array(call, items, 1, index)
}

fn same_rank(call: &Call<'_, '_>, source: usize, target: usize) -> Outcome<()> {
    if lengths(call.value(source))?.len() == lengths(call.value(target))?.len() {
        return Ok(());
    }
    Err(rank("The specified arrays must have the same number of dimensions."))
}

/// The length of the keys in the first argument, for which the items in the second must suffice.
pub(super) fn keys(call: &Call<'_, '_>) -> Outcome<usize> {
    let keys = length_of_keys(call)?;
    match length(call.value(1)) {
        Some(items) if items < keys => Err(super::bad_range()),
        Some(_) | None => Ok(keys),
    }
}

/// Where `Sort` begins among the keys, and how many it sorts: what the third and the fourth argument say.
pub(super) fn part_of_keys(call: &Call<'_, '_>) -> Outcome<(usize, usize)> {
    let (from, count) = range(call, 2, length_of_keys(call)?, ("index", "length"))?;
    match length(call.value(1)) {
        Some(items) if items < from + count => Err(super::bad_range()),
        Some(_) | None => Ok((from, count)),
    }
}

fn length_of_keys(call: &Call<'_, '_>) -> Outcome<usize> {
    for at in [0, 1] {
        if instance::look(call.value(at), |_: &mut Grid| ()).is_some() {
            return Err(rank("Only single dimension arrays are supported here."));
        }
    }
    length(call.value(0)).ok_or_else(|| argument_null("keys"))
}

/// The type of an array's items.
pub(super) fn item_of(array: &Value) -> Ty {
    match array {
        Value::Strings(_) => Ty::String,
        Value::Chars(_) => Ty::Char,
        Value::Bytes(_) => Ty::Byte,
        Value::Object(object) => match instance::type_of(object) {
            Some(Ty::Array(item) | Ty::Grid(item, _)) => (**item).clone(),
            _ => Ty::Object,
        },
        _ => Ty::Object,
    }
}

/// A value as an element of this type: null is its default, and numbers widen.
pub(super) fn stored(value: &Value, item: &Ty) -> Outcome<Value> {
    let fitted = match value {
        Value::Null => item.default_value(),
        value if item.admits(value) => Some(value.clone()),
        value => widened(value, item),
    };
    fitted.ok_or_else(|| match type_of_number(value).is_some() && is_number(item) {
        true => throw(
            "System.ArgumentException",
            "Cannot widen from source type to target type either because the source type is a not a primitive type or the conversion cannot be accomplished.",
        ),
        false => throw("System.InvalidCastException", "Object cannot be stored in an array of this type."),
    })
}

fn is_number(ty: &Ty) -> bool {
    matches!(
        ty,
        Ty::Bool
            | Ty::Char
            | Ty::SByte
            | Ty::Byte
            | Ty::Int16
            | Ty::UInt16
            | Ty::Int32
            | Ty::UInt32
            | Ty::Int64
            | Ty::UInt64
            | Ty::Single
            | Ty::Double
    )
}

fn type_of_number(value: &Value) -> Option<Ty> {
    Some(match value {
        Value::Bool(_) => Ty::Bool,
        Value::Char(_) => Ty::Char,
        Value::SByte(_) => Ty::SByte,
        Value::Byte(_) => Ty::Byte,
        Value::Int16(_) => Ty::Int16,
        Value::UInt16(_) => Ty::UInt16,
        Value::Int32(_) => Ty::Int32,
        Value::UInt32(_) => Ty::UInt32,
        Value::Int64(_) => Ty::Int64,
        Value::UInt64(_) => Ty::UInt64,
        Value::Single(_) => Ty::Single,
        Value::Double(_) => Ty::Double,
        _ => return None,
    })
}

// A number in a wider type, as arrays of primitive types convert what is put into them.
fn widened(value: &Value, to: &Ty) -> Option<Value> {
    let from = type_of_number(value)?;
    let real = matches!(to, Ty::Single | Ty::Double);
    let fits = match from {
        Ty::Byte => {
            real || matches!(to, Ty::Char | Ty::Int16 | Ty::UInt16 | Ty::Int32 | Ty::UInt32 | Ty::Int64 | Ty::UInt64)
        }
        Ty::SByte => real || matches!(to, Ty::Int16 | Ty::Int32 | Ty::Int64),
        Ty::Int16 => real || matches!(to, Ty::Int32 | Ty::Int64),
        Ty::UInt16 | Ty::Char => {
            real || matches!(to, Ty::Char | Ty::UInt16 | Ty::Int32 | Ty::UInt32 | Ty::Int64 | Ty::UInt64)
        }
        Ty::Int32 => real || matches!(to, Ty::Int64),
        Ty::UInt32 => real || matches!(to, Ty::Int64 | Ty::UInt64),
        Ty::Int64 | Ty::UInt64 => real,
        Ty::Single => matches!(to, Ty::Double),
        _ => false,
    };
    if fits { numeric(value, to).ok() } else { None }
}

// Items of one array as items of another.
fn fitted(call: &Call<'_, '_>, items: Vec<Value>, from: usize, to: usize) -> Outcome<Vec<Value>> {
    let (source, target) = (item_of(call.value(from)), item_of(call.value(to)));
    if source == target || target == Ty::Object || call.value(to).is_null() {
        return Ok(items);
    }
    let may_cast =
        source == Ty::Object || source.is_interface() || target.converts_to(&source) || source.converts_to(&target);
    if !(may_cast || is_number(&source) && is_number(&target)) {
        let message = "Source array type cannot be assigned to destination array type.";
        return Err(throw("System.ArrayTypeMismatchException", message));
    }
    let fit = |item: Value| match item {
        Value::Null if target.holds_null() => Ok(Value::Null),
        item if target.admits(&item) => Ok(item),
        item => widened(&item, &target).ok_or_else(|| {
            let message =
                "At least one element in the source array could not be cast down to the destination array type.";
            throw("System.InvalidCastException", message)
        }),
    };
    items.into_iter().map(fit).collect()
}

fn copy_part(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let (from, to, count) = (call.int(1)?, call.int(3)?, call.int(4)?);
    copy_between(call, from, to, count)
}

/// Copies so many items of the first argument to the third, from and to these indices.
pub(super) fn copy_between(call: &mut Call<'_, '_>, from: i32, to: i32, count: i32) -> Outcome<Value> {
    let bound = |value: i32, name: &str| {
        usize::try_from(value)
            .map_err(|_| with_actual(&format!("{name} ('{value}') must be greater than or equal to '0'."), name, value))
    };
    if call.value(0).is_null() {
        return Err(argument_null("sourceArray"));
    }
    if call.value(2).is_null() {
        return Err(argument_null("destinationArray"));
    }
    same_rank(call, 0, 2)?;
    not_negative(count, "length")?;
    let from = bound(from, "sourceIndex")?;
    let to = bound(to, "destinationIndex")?;
    copy(call, (0, from), (2, to), count)
}

/// Copies so many items from one argument and index to another.
pub(super) fn copy(call: &mut Call<'_, '_>, from: (usize, usize), to: (usize, usize), count: i32) -> Outcome<Value> {
    for (at, name) in [(from.0, "sourceArray"), (to.0, "destinationArray")] {
        if call.value(at).is_null() {
            return Err(argument_null(name));
        }
    }
    same_rank(call, from.0, to.0)?;
    let (source, room) = (any(call, from.0)?, any(call, to.0)?);
    let count = not_negative(count, "length")?;
    if from.1.saturating_add(count) > source {
        return Err(too_short("Source", "sourceArray"));
    }
    if to.1.saturating_add(count) > room {
        return Err(too_short("Destination", "destinationArray"));
    }
    let items = snapshot(call, from.0)?.into_iter().skip(from.1).take(count).collect();
    let items = fitted(call, items, from.0, to.0)?;
    place(call, items, to.0, to.1)
}

fn too_short(array: &str, parameter: &str) -> Interrupt {
    let which = array.to_ascii_lowercase();
    let message =
        format!("{array} array was not long enough. Check the {which} index, length, and the array's lower bounds.");
    argument(&message, parameter)
}

/// Turns a part of the first argument round, or all of it.
pub(super) fn reverse(call: &mut Call<'_, '_>, part: Option<(usize, usize)>) -> Outcome<Value> {
    let length = array(call, 0)?;
    let (from, count) = part.unwrap_or((0, length));
    let mut items: Vec<Value> = snapshot(call, 0)?.into_iter().skip(from).take(count).collect();
    items.reverse();
    place(call, items, 0, from)
}

/// Sorts a part of the first argument, or all of it.
pub(super) fn sorted(call: &mut Call<'_, '_>, part: Option<(usize, usize)>, by: sort::By) -> Outcome<Value> {
    array(call, 0)?;
    list::sorted(call, part, by)
}

/// Sorts a part of the keys in the first argument, and moves the items in the second along.
pub(super) fn sorted_pairs(call: &mut Call<'_, '_>, part: (usize, usize), by: sort::By) -> Outcome<Value> {
    if call.value(1).is_null() {
        return sorted(call, Some(part), by);
    }
    let mut keys: Vec<Value> = snapshot(call, 0)?.into_iter().skip(part.0).take(part.1).collect();
    let mut items: Vec<Value> = snapshot(call, 1)?.into_iter().skip(part.0).take(part.1).collect();
    sort::sort(call.machine, &mut keys, &mut items, &by)?;
    place(call, keys, 0, part.0)?;
    place(call, items, 1, part.0)
}

/// Whether a member changes an array that it is given: it returns nothing, or how much it wrote, so that is what it is for.
pub(crate) fn changes_arrays(member: &Member) -> bool {
    let is_array = |ty: &Ty| matches!(ty, Ty::Array(_) | Ty::Class(Class::Array));
    let fills = matches!(
        &*member.name,
        "ToBase64CharArray" | "GetBytes" | "GetChars" | "Read" | "ReadBlock" | "TransformBlock"
    ) && member.result == Ty::Int32;
    let tries = matches!(&*member.name, "TryCopyTo" | "TryFromBase64String" | "TryFromBase64Chars");
    let is_void = member.result == Ty::Void || fills || tries;
    let sets_item = member.form == Form::IndexSetter && member.owner.class() == Some(Class::IList);
    let sets_value = is_void && is_array(&member.owner) && &*member.name == "SetValue";
    sets_item || sets_value || is_void && member.parameters.iter().any(|parameter| is_array(&parameter.ty))
}

#[cfg(test)]
mod tests {
    use super::widened;
    use crate::expr::ty::Ty;
    use crate::value::Value;

    #[test]
    fn numbers_widen_and_never_narrow() {
        assert_eq!(widened(&Value::Int32(1), &Ty::Int64), Some(Value::Int64(1)));
        assert_eq!(widened(&Value::Int64(1), &Ty::Int32), None);
        assert_eq!(widened(&Value::Bool(true), &Ty::Int32), None);
    }
}
