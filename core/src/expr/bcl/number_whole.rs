//! Members of the eight types of whole numbers. `Math` has its own table, and text in other bases is in `convert_text`.

use super::enums::TYPE_CODE;
use super::format::{formatted, shown};
use super::native::{Native, against, clamped, one, two};
use super::number_create::{Fit, created};
use super::number_parse::parse_whole;
use super::number_text::tried;
use super::tuple::named;
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, broken, divide_by_zero, out_of_range, overflow};
use crate::value::Value;

/// Every table of this file.
pub(super) const TABLES: [&[Row]; 10] = [SBYTE, BYTE, SHORT, USHORT, INT, UINT, LONG, ULONG, SIGNED[0], SIGNED[1]];

const NEGATION: &str = "Negating the minimum value of a twos complement number is invalid.";

/// What is common to whole numbers beyond what Rust says about them.
pub(super) trait Whole: Native + Ord {
    /// As exceptions name it, as in `an Int32`.
    const SHOWN: &'static str;
    const LEAST: i128;
    const MOST: i128;

    fn wide(self) -> i128;

    fn of_wide(wide: i128) -> Option<Self>;

    /// `CompareTo`: the small types give the difference, as .NET does.
    fn compared(self, other: Self) -> i32;
}

macro_rules! whole {
    ($($native:ty, $shown:literal, $compared:expr;)*) => {
        $(impl Whole for $native {
            const SHOWN: &'static str = $shown;
            const LEAST: i128 = <$native>::MIN as i128;
            const MOST: i128 = <$native>::MAX as i128;

            fn wide(self) -> i128 {
                i128::from(self)
            }

            fn of_wide(wide: i128) -> Option<Self> {
                wide.try_into().ok()
            }

            fn compared(self, other: Self) -> i32 {
                let compared: fn($native, $native) -> i32 = $compared;
                compared(self, other)
            }
        })*
    };
}

whole! {
    i8, "a signed byte", |a, b| i32::from(a) - i32::from(b);
    u8, "an unsigned byte", |a, b| i32::from(a) - i32::from(b);
    i16, "an Int16", |a, b| i32::from(a) - i32::from(b);
    u16, "a UInt16", |a, b| i32::from(a) - i32::from(b);
    i32, "an Int32", |a, b| a.cmp(&b) as i32;
    u32, "a UInt32", |a, b| a.cmp(&b) as i32;
    i64, "an Int64", |a, b| a.cmp(&b) as i32;
    u64, "a UInt64", |a, b| a.cmp(&b) as i32;
}

macro_rules! members {
    ($($table:ident $name:literal $native:ident $code:literal;)*) => {
        $(const $table: &[Row] = &[
            row($name, concat!("static ", $name, " MinValue"), |_| Ok($native::MIN.value())),
            row($name, concat!("static ", $name, " MaxValue"), |_| Ok($native::MAX.value())),
            row($name, concat!("static ", $name, " Parse(string s)"), parse::<$native>),
            row($name, concat!("static ", $name, " Parse(string s, IFormatProvider provider)"), parse::<$native>),
            row($name, concat!("static bool TryParse(string s, out ", $name, " result)"), try_parse::<$native>),
            row(
                $name,
                concat!("static bool TryParse(string s, IFormatProvider provider, out ", $name, " result)"),
                try_parse::<$native>,
            ),
            row($name, "string ToString(string format)", formatted),
            row($name, "string ToString(IFormatProvider provider)", shown),
            row($name, "string ToString(string format, IFormatProvider provider)", formatted),
            row($name, "int CompareTo(object value)", |call| against(call, $native::compared)),
            row($name, concat!("int CompareTo(", $name, " value)"), |call| two(call, $native::compared)),
            row($name, concat!("bool Equals(", $name, " obj)"), |call| two::<$native, bool>(call, |a, b| a == b)),
            row($name, "TypeCode GetTypeCode()", |_| Ok(Value::Enum(TYPE_CODE.value($code)))),
            row($name, concat!("static ", $name, " Max(", $name, " x, ", $name, " y)"), |call| two(call, $native::max)),
            row($name, concat!("static ", $name, " Min(", $name, " x, ", $name, " y)"), |call| two(call, $native::min)),
            row(
                $name,
                concat!("static ", $name, " Clamp(", $name, " value, ", $name, " min, ", $name, " max)"),
                |call| clamped::<$native>(call),
            ),
            row($name, concat!("static int Sign(", $name, " value)"), sign::<$native>),
            row(
                $name,
                concat!("static Divided<", $name, ", ", $name, "> DivRem(", $name, " left, ", $name, " right)"),
                quotient_and_rest::<$native>,
            ),
            row($name, concat!("static ", $name, " LeadingZeroCount(", $name, " value)"), |call| {
                counted::<$native>(call, $native::leading_zeros)
            }),
            row($name, concat!("static ", $name, " TrailingZeroCount(", $name, " value)"), |call| {
                counted::<$native>(call, $native::trailing_zeros)
            }),
            row($name, concat!("static ", $name, " PopCount(", $name, " value)"), |call| {
                counted::<$native>(call, $native::count_ones)
            }),
            row($name, concat!("static ", $name, " RotateLeft(", $name, " value, int rotateAmount)"), |call| {
                Ok(call.native::<$native>(0)?.rotate_left(turns(call, $native::BITS)?).value())
            }),
            row($name, concat!("static ", $name, " RotateRight(", $name, " value, int rotateAmount)"), |call| {
                Ok(call.native::<$native>(0)?.rotate_right(turns(call, $native::BITS)?).value())
            }),
            row($name, concat!("static bool IsPow2(", $name, " value)"), |call| {
                one::<$native, bool>(call, |value| value > 0 && value.count_ones() == 1)
            }),
            row($name, concat!("static ", $name, " Log2(", $name, " value)"), logarithm::<$native>),
            row($name, concat!("static bool IsEvenInteger(", $name, " value)"), |call| {
                one::<$native, bool>(call, |value| value & 1 == 0)
            }),
            row($name, concat!("static bool IsOddInteger(", $name, " value)"), |call| {
                one::<$native, bool>(call, |value| value & 1 != 0)
            }),
            row($name, concat!("static ", $name, " CreateChecked<TOther>(TOther value)"), |call| {
                created::<$native>(call.value(0), Fit::Checked)
            }),
            row($name, concat!("static ", $name, " CreateSaturating<TOther>(TOther value)"), |call| {
                created::<$native>(call.value(0), Fit::Saturating)
            }),
            row($name, concat!("static ", $name, " CreateTruncating<TOther>(TOther value)"), |call| {
                created::<$native>(call.value(0), Fit::Truncating)
            }),
        ];)*
    };
}

members! {
    SBYTE "sbyte" i8 5;
    BYTE "byte" u8 6;
    SHORT "short" i16 7;
    USHORT "ushort" u16 8;
    INT "int" i32 9;
    UINT "uint" u32 10;
    LONG "long" i64 11;
    ULONG "ulong" u64 12;
}

macro_rules! signed {
    ($($name:literal $native:ident;)*) => {
        &[$(
            row($name, concat!("static ", $name, " Abs(", $name, " value)"), absolute::<$native>),
            row($name, concat!("static ", $name, " CopySign(", $name, " value, ", $name, " sign)"), signed_as::<$native>),
            row($name, concat!("static bool IsNegative(", $name, " value)"), |call| {
                one::<$native, bool>(call, |value| value < 0)
            }),
            row($name, concat!("static bool IsPositive(", $name, " value)"), |call| {
                one::<$native, bool>(call, |value| value >= 0)
            }),
            row($name, concat!("static ", $name, " MaxMagnitude(", $name, " x, ", $name, " y)"), |call| {
                two::<$native, $native>(call, |a, b| {
                    if (a.unsigned_abs(), a) > (b.unsigned_abs(), b) { a } else { b }
                })
            }),
            row($name, concat!("static ", $name, " MinMagnitude(", $name, " x, ", $name, " y)"), |call| {
                two::<$native, $native>(call, |a, b| {
                    if (a.unsigned_abs(), a) < (b.unsigned_abs(), b) { a } else { b }
                })
            }),
        )*]
    };
}

const SIGNED: [&[Row]; 2] = [signed! { "sbyte" i8; "short" i16; }, signed! { "int" i32; "long" i64; }];

fn parse<T: Whole>(call: &mut Call<'_, '_>) -> Outcome<Value> {
    read::<T>(call.text(0, "s")?)
}

fn try_parse<T: Whole>(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let zero = narrowed::<T>(0)?;
    tried(call, zero, read::<T>)
}

/// `T.Parse(text)`
pub(super) fn read<T: Whole>(text: &str) -> Outcome<Value> {
    narrowed::<T>(parse_whole(text, T::LEAST, T::MOST, T::SHOWN)?)
}

fn narrowed<T: Whole>(wide: i128) -> Outcome<Value> {
    T::of_wide(wide).map(T::value).ok_or_else(|| broken("a number outside of its type"))
}

fn counted<T: Whole>(call: &Call<'_, '_>, count: fn(T) -> u32) -> Outcome<Value> {
    narrowed::<T>(i128::from(count(call.native(0)?)))
}

// Turning left by less than nothing is turning right.
fn turns(call: &Call<'_, '_>, bits: u32) -> Outcome<u32> {
    Ok(call.int(1)?.cast_unsigned() % bits)
}

fn sign<T: Whole>(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(super::object::order(call.native::<T>(0)?.wide().cmp(&0)))
}

fn logarithm<T: Whole>(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let value = call.native::<T>(0)?.wide();
    if value < 0 {
        return Err(out_of_range("Non-negative number required.", "value"));
    }
    narrowed::<T>(i128::from(value.checked_ilog2().unwrap_or(0)))
}

/// `Abs`
pub(super) fn absolute<T: Whole>(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let value = call.native::<T>(0)?.wide().abs();
    T::of_wide(value).map(T::value).ok_or_else(|| overflow(NEGATION))
}

/// `DivRem`: the small types wrap, as their casts do.
pub(super) fn quotient_and_rest<T: Whole>(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let (a, b) = (call.native::<T>(0)?.wide(), call.native::<T>(1)?.wide());
    if b == 0 {
        return Err(divide_by_zero());
    }
    let quotient = match a / b {
        quotient if quotient <= T::MOST => quotient,
        _ if T::MOST < i128::from(i32::MAX) => T::LEAST,
        _ => return Err(overflow("Arithmetic operation resulted in an overflow.")),
    };
    let (quotient, rest) =
        (("Quotient", T::TYPE, narrowed::<T>(quotient)?), ("Remainder", T::TYPE, narrowed::<T>(a % b)?));
    named(call, [quotient, rest])
}

fn signed_as<T: Whole>(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let (value, sign) = (call.native::<T>(0)?.wide().abs(), call.native::<T>(1)?.wide());
    let value = if sign < 0 { -value } else { value };
    T::of_wide(value).map(T::value).ok_or_else(|| overflow(NEGATION))
}
