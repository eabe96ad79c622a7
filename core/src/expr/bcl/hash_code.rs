//! `GetHashCode` of every value: .NET's number where .NET always gives the same one, and one of our own for text and objects, whose
//! numbers differ from run to run there.

use super::collections::key::{Folding, Key, key_of};
use crate::expr::eval::Machine;
use crate::expr::instance::{self, Record};
use crate::value::{Decimal, JToken, Value};

/// `value.GetHashCode()`; that of `null` is 0, as `Nullable<T>` has it.
pub(super) fn hash_code(machine: &mut Machine<'_>, value: &Value) -> i32 {
    match value {
        Value::Null => 0,
        Value::Bool(flag) => i32::from(*flag),
        Value::Char(unit) => i32::from(*unit) | (i32::from(*unit) << 16),
        Value::SByte(number) => i32::from(*number),
        Value::Byte(number) => i32::from(*number),
        Value::Int16(number) => i32::from(*number),
        Value::UInt16(number) => i32::from(*number),
        Value::Int32(number) => *number,
        Value::UInt32(number) => number.cast_signed(),
        Value::Int64(number) => folded(number.cast_unsigned()),
        Value::UInt64(number) => folded(*number),
        Value::Single(number) => of_single(*number),
        Value::Double(number) => of_double(*number),
        Value::Decimal(number) => of_decimal(*number),
        Value::Enum(value) => value.number,
        Value::Guid(guid) => of_guid(guid.0),
        Value::DateTime(moment) => folded(moment.ticks().cast_unsigned()),
        Value::DateTimeOffset(moment) => folded(moment.utc_ticks().cast_unsigned()),
        Value::TimeSpan(span) => folded(span.0.cast_unsigned()),
        Value::String(text) => of_text(text),
        Value::Json(token) => match token.held() {
            Some(held) => hash_code(machine, &held),
            None => of_object(machine, value),
        },
        Value::Object(_) => match instance::look(value, |record: &mut Record| record.0.clone()) {
            Some(members) => of_members(&members.iter().map(|member| hash_code(machine, member)).collect::<Vec<i32>>()),
            None => of_object(machine, value),
        },
        Value::Strings(_) | Value::Chars(_) | Value::Bytes(_) | Value::Response(_) => of_object(machine, value),
        Value::Library(_) | Value::Context(_) | Value::Service(_) => of_text(&value.to_string()),
    }
}

// Of what is only itself a number that nothing else has. Not its address: an evaluation that is replayed gives the same.
fn of_object(machine: &mut Machine<'_>, value: &Value) -> i32 {
    match key_of(value, Folding::Exact) {
        Key::Identity(place) => machine.number_of(place),
        _ => of_text(&value.type_name()),
    }
}

/// The hash code of a token by what is in it: `JTokenEqualityComparer.GetHashCode`.
pub(super) fn of_content(machine: &mut Machine<'_>, token: &JToken) -> i32 {
    let own = match (token.held(), token.name()) {
        (Some(held), _) => token.kind() as i32 ^ hash_code(machine, &held),
        (None, Some(name)) => of_text(&name),
        (None, None) => 0,
    };
    token.children().iter().fold(own, |code, child| code ^ of_content(machine, child))
}

// How `System.Tuple` puts its items together: by fours, and pairs in them.
fn of_members(codes: &[i32]) -> i32 {
    match codes {
        [] => 0,
        [one] => *one,
        [a, b] => combined(*a, *b),
        [a, b, c] => combined(combined(*a, *b), *c),
        [a, b, c, d] => combined(combined(*a, *b), combined(*c, *d)),
        [a, b, c, d, rest @ ..] => combined(of_members(&[*a, *b, *c, *d]), of_members(rest)),
    }
}

const fn combined(first: i32, second: i32) -> i32 {
    (first.wrapping_shl(5).wrapping_add(first)) ^ second
}

// Both halves of the bits together.
#[expect(clippy::cast_possible_truncation, reason = "the high half is in the low one")]
const fn folded(bits: u64) -> i32 {
    ((bits ^ (bits >> 32)) as u32).cast_signed()
}

// Zeros of either sign are equal, and so are numbers that are none.
fn of_single(number: f32) -> i32 {
    let bits = number.to_bits();
    let is_one_of_many = number.is_nan() || bits << 1 == 0;
    (if is_one_of_many { bits & 0x7f80_0000 } else { bits }).cast_signed()
}

fn of_double(number: f64) -> i32 {
    let bits = number.to_bits();
    let is_one_of_many = number.is_nan() || bits << 1 == 0;
    folded(if is_one_of_many { bits & 0x7ff0_0000_0000_0000 } else { bits })
}

// Equal decimals may differ in the zeros behind the point, which do not count.
fn of_decimal(number: Decimal) -> i32 {
    let (negative, mantissa, scale) = number.trimmed().parts();
    if mantissa == 0 {
        return 0;
    }
    let words = words(mantissa);
    let flags = (u32::from(negative) << 31) | (scale << 16);
    words.iter().fold(flags, |hash, word| hash ^ word).cast_signed()
}

fn of_guid(bits: u128) -> i32 {
    let [a, b, c, d] = words(u128::from_le_bytes(super::guid::mixed(bits.to_be_bytes())));
    (a ^ b ^ c ^ d).cast_signed()
}

// Four words, lowest first.
fn words(bits: u128) -> [u32; 4] {
    [0, 32, 64, 96].map(|shift| u32::try_from((bits >> shift) & 0xffff_ffff).unwrap_or(0))
}

// FNV-1a
pub(super) fn of_text(text: &str) -> i32 {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash.cast_signed()
}
