//! Members of `decimal`. Its arithmetic is in `value::decimal`, and the operators are in `eval::operate`.

use super::enums::TYPE_CODE;
use super::format::{formatted, shown};
use super::native::{Native, against, clamped, one, two};
use super::number_create::{Fit, decimal as created};
use super::number_parse::{self, Style};
use super::number_text::tried;
use super::object::order;
use super::rounding::mode;
use super::{Call, Row, row};
use crate::expr::eval::{binary, numeric};
use crate::expr::exception::{Outcome, number_format, out_of_range, overflow, throw};
use crate::expr::instance::Items;
use crate::expr::node::Operands;
use crate::expr::syntax::BinaryOp;
use crate::expr::ty::Ty;
use crate::value::decimal::{Rounding, SCALE_MAX};
use crate::value::{Decimal, Value};

/// All tables of this file.
pub(super) const TABLES: [&[Row]; 3] = [ROWS, ARITHMETIC, CASTS];

const TOO_LARGE: &str = "Value was either too large or too small for a Decimal.";

const OWNER: &str = "decimal";

const ROWS: &[Row] = &[
    row(OWNER, "static decimal MinValue", |_| Ok(Decimal::MIN.value())),
    row(OWNER, "static decimal MaxValue", |_| Ok(Decimal::MAX.value())),
    row(OWNER, "static decimal Zero", |_| Ok(Decimal::ZERO.value())),
    row(OWNER, "static decimal One", |_| whole(1)),
    row(OWNER, "static decimal MinusOne", |_| whole(-1)),
    row(OWNER, "new decimal(int value)", |call| numeric(call.value(0), &Ty::Decimal)),
    row(OWNER, "new decimal(uint value)", |call| numeric(call.value(0), &Ty::Decimal)),
    row(OWNER, "new decimal(long value)", |call| numeric(call.value(0), &Ty::Decimal)),
    row(OWNER, "new decimal(ulong value)", |call| numeric(call.value(0), &Ty::Decimal)),
    row(OWNER, "new decimal(float value)", |call| numeric(call.value(0), &Ty::Decimal)),
    row(OWNER, "new decimal(double value)", |call| numeric(call.value(0), &Ty::Decimal)),
    row(OWNER, "new decimal(int[] bits)", of_bits),
    row(OWNER, "new decimal(int lo, int mid, int hi, bool isNegative, byte scale)", of_parts),
    row(OWNER, "static int[] GetBits(decimal d)", |call| {
        let (negative, mantissa, scale) = call.native::<Decimal>(0)?.parts();
        let flags = (u32::from(negative) << 31) | (scale << 16);
        let word = |shift: u32| u32::try_from((mantissa >> shift) & 0xffff_ffff).unwrap_or(0);
        let words = [word(0), word(32), word(64), flags].map(|word| Value::Int32(word.cast_signed()));
        call.machine.array_of(Ty::Int32, words.to_vec())
    }),
    row(OWNER, "static decimal Parse(string s)", |call| read(call.text(0, "s")?)),
    row(OWNER, "static decimal Parse(string s, IFormatProvider provider)", |call| read(call.text(0, "s")?)),
    row(OWNER, "static bool TryParse(string s, out decimal result)", |call| tried(call, Decimal::ZERO.value(), read)),
    row(OWNER, "static bool TryParse(string s, IFormatProvider provider, out decimal result)", |call| {
        tried(call, Decimal::ZERO.value(), read)
    }),
    row(OWNER, "string ToString(string format)", formatted),
    row(OWNER, "string ToString(IFormatProvider provider)", shown),
    row(OWNER, "string ToString(string format, IFormatProvider provider)", formatted),
    row(OWNER, "int CompareTo(object value)", |call| against::<Decimal>(call, |a, b| a.cmp(&b) as i32)),
    row(OWNER, "int CompareTo(decimal value)", |call| two::<Decimal, i32>(call, |a, b| a.cmp(&b) as i32)),
    row(OWNER, "static int Compare(decimal d1, decimal d2)", |call| two::<Decimal, i32>(call, |a, b| a.cmp(&b) as i32)),
    row(OWNER, "bool Equals(decimal value)", |call| two::<Decimal, bool>(call, |a, b| a == b)),
    row(OWNER, "static bool Equals(decimal d1, decimal d2)", |call| two::<Decimal, bool>(call, |a, b| a == b)),
    row(OWNER, "byte Scale", |call| {
        let (_, _, scale) = call.native::<Decimal>(0)?.parts();
        Ok(Value::Byte(u8::try_from(scale).unwrap_or(u8::MAX)))
    }),
    row(OWNER, "TypeCode GetTypeCode()", |_| Ok(Value::Enum(TYPE_CODE.value(15)))),
    row(OWNER, "static decimal CreateChecked<TOther>(TOther value)", |call| created(call.value(0), Fit::Checked)),
    row(OWNER, "static decimal CreateSaturating<TOther>(TOther value)", |call| created(call.value(0), Fit::Saturating)),
    row(OWNER, "static decimal CreateTruncating<TOther>(TOther value)", |call| created(call.value(0), Fit::Truncating)),
    row(OWNER, "static bool IsCanonical(decimal value)", |call| {
        one::<Decimal, bool>(call, |value| value.parts().2 == value.trimmed().parts().2)
    }),
    row(OWNER, "static bool IsInteger(decimal value)", |call| one::<Decimal, bool>(call, |d| d == d.truncated())),
    row(OWNER, "static bool IsEvenInteger(decimal value)", |call| {
        one::<Decimal, bool>(call, |d| d == d.truncated() && d.whole() % 2 == 0)
    }),
    row(OWNER, "static bool IsOddInteger(decimal value)", |call| {
        one::<Decimal, bool>(call, |d| d == d.truncated() && d.whole() % 2 != 0)
    }),
    row(OWNER, "static bool IsNegative(decimal value)", |call| one::<Decimal, bool>(call, |d| d.parts().0)),
    row(OWNER, "static bool IsPositive(decimal value)", |call| one::<Decimal, bool>(call, |d| !d.parts().0)),
];

const ARITHMETIC: &[Row] = &[
    row(OWNER, "static decimal Add(decimal d1, decimal d2)", |call| reckon(call, BinaryOp::Add)),
    row(OWNER, "static decimal Subtract(decimal d1, decimal d2)", |call| reckon(call, BinaryOp::Subtract)),
    row(OWNER, "static decimal Multiply(decimal d1, decimal d2)", |call| reckon(call, BinaryOp::Multiply)),
    row(OWNER, "static decimal Divide(decimal d1, decimal d2)", |call| reckon(call, BinaryOp::Divide)),
    row(OWNER, "static decimal Remainder(decimal d1, decimal d2)", |call| reckon(call, BinaryOp::Remainder)),
    row(OWNER, "static decimal Negate(decimal d)", |call| one(call, Decimal::negated)),
    row(OWNER, "static decimal Abs(decimal value)", |call| one(call, absolute)),
    row(OWNER, "static decimal Floor(decimal d)", |call| one(call, floor)),
    row(OWNER, "static decimal Ceiling(decimal d)", |call| one(call, ceiling)),
    row(OWNER, "static decimal Truncate(decimal d)", |call| one(call, Decimal::truncated)),
    row(OWNER, "static decimal Round(decimal d)", round),
    row(OWNER, "static decimal Round(decimal d, int decimals)", round_to),
    row(OWNER, "static decimal Round(decimal d, MidpointRounding mode)", round_by),
    row(OWNER, "static decimal Round(decimal d, int decimals, MidpointRounding mode)", round_to_by),
    row(OWNER, "static int Sign(decimal d)", sign),
    row(OWNER, "static decimal Max(decimal x, decimal y)", |call| two(call, most)),
    row(OWNER, "static decimal Min(decimal x, decimal y)", |call| two(call, least)),
    row(OWNER, "static decimal Clamp(decimal value, decimal min, decimal max)", |call| clamped::<Decimal>(call)),
    row(OWNER, "static decimal CopySign(decimal value, decimal sign)", |call| {
        two::<Decimal, Decimal>(
            call,
            |value, sign| {
                if value.parts().0 == sign.parts().0 { value } else { value.negated() }
            },
        )
    }),
    row(OWNER, "static decimal MaxMagnitude(decimal x, decimal y)", |call| {
        two::<Decimal, Decimal>(call, |x, y| {
            let (a, b) = (absolute(x), absolute(y));
            if a > b || a == b && !x.parts().0 { x } else { y }
        })
    }),
    row(OWNER, "static decimal MinMagnitude(decimal x, decimal y)", |call| {
        two::<Decimal, Decimal>(call, |x, y| {
            let (a, b) = (absolute(x), absolute(y));
            if a < b || a == b && x.parts().0 { x } else { y }
        })
    }),
];

const CASTS: &[Row] = &[
    row(OWNER, "static byte ToByte(decimal value)", |call| numeric(call.value(0), &Ty::Byte)),
    row(OWNER, "static sbyte ToSByte(decimal value)", |call| numeric(call.value(0), &Ty::SByte)),
    row(OWNER, "static short ToInt16(decimal value)", |call| numeric(call.value(0), &Ty::Int16)),
    row(OWNER, "static ushort ToUInt16(decimal value)", |call| numeric(call.value(0), &Ty::UInt16)),
    row(OWNER, "static int ToInt32(decimal d)", |call| numeric(call.value(0), &Ty::Int32)),
    row(OWNER, "static uint ToUInt32(decimal d)", |call| numeric(call.value(0), &Ty::UInt32)),
    row(OWNER, "static long ToInt64(decimal d)", |call| numeric(call.value(0), &Ty::Int64)),
    row(OWNER, "static ulong ToUInt64(decimal d)", |call| numeric(call.value(0), &Ty::UInt64)),
    row(OWNER, "static float ToSingle(decimal d)", |call| numeric(call.value(0), &Ty::Single)),
    row(OWNER, "static double ToDouble(decimal d)", |call| numeric(call.value(0), &Ty::Double)),
    // A currency counts ten-thousandths.
    row(OWNER, "static decimal FromOACurrency(long cy)", |call| {
        let count = i128::from(call.long(0)?);
        let currency = Decimal::of_parts(count < 0, count.unsigned_abs(), 4).ok_or_else(|| overflow(TOO_LARGE))?;
        Ok(if currency.is_zero() { currency } else { currency.trimmed() }.value())
    }),
    row(OWNER, "static long ToOACurrency(decimal value)", |call| {
        let count = call.native::<Decimal>(0)?.rounded(4, Rounding::ToEven);
        let (negative, mantissa, scale) = count.parts();
        let units = i128::try_from(mantissa).ok().and_then(|units| units.checked_mul(10_i128.pow(4 - scale.min(4))));
        let units = units.map(|units| if negative { -units } else { units });
        let units = units.and_then(|units| i64::try_from(units).ok());
        units.map(Value::Int64).ok_or_else(|| overflow("Value was either too large or too small for a Currency."))
    }),
];

fn whole(number: i128) -> Outcome<Value> {
    Decimal::of_whole(number).map(Value::Decimal).ok_or_else(|| overflow(TOO_LARGE))
}

fn reckon(call: &Call<'_, '_>, operator: BinaryOp) -> Outcome<Value> {
    binary(operator, Operands::Decimal, call.value(0), call.value(1))
}

/// `decimal.Parse`
pub(super) fn read(text: &str) -> Outcome<Value> {
    let found = number_parse::digits(text, Style::Decimal).ok_or_else(|| number_format(text))?;
    let sign = if found.is_negative { "-" } else { "" };
    let digits = String::from_utf8_lossy(&found.digits).into_owned();
    let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    let digits = if digits.is_empty() { "0" } else { &digits };
    of_plain(&format!("{sign}{digits}E{}", i64::from(found.point).saturating_sub(length)), text)
}

/// The decimal of digits and an exponent, which a text was read as.
pub(super) fn of_plain(plain: &str, text: &str) -> Outcome<Value> {
    match Decimal::parse(plain) {
        Some(Some(value)) => Ok(value.value()),
        Some(None) => Err(overflow(TOO_LARGE)),
        None => Err(number_format(text)),
    }
}

/// `|d|`
pub(super) fn absolute(d: Decimal) -> Decimal {
    if d.parts().0 { d.negated() } else { d }
}

/// The largest whole number that is not above it.
pub(super) fn floor(d: Decimal) -> Decimal {
    d.rounded(0, Rounding::ToNegativeInfinity)
}

/// The smallest whole number that is not below it.
pub(super) fn ceiling(d: Decimal) -> Decimal {
    d.rounded(0, Rounding::ToPositiveInfinity)
}

/// The larger one.
pub(super) fn most(a: Decimal, b: Decimal) -> Decimal {
    if a >= b { a } else { b }
}

/// The smaller one.
pub(super) fn least(a: Decimal, b: Decimal) -> Decimal {
    if a < b { a } else { b }
}

/// `Sign`
pub(super) fn sign(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(order(call.native::<Decimal>(0)?.cmp(&Decimal::ZERO)))
}

/// `Round(d)`
pub(super) fn round(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(call.native::<Decimal>(0)?.rounded(0, Rounding::ToEven).value())
}

/// `Round(d, decimals)`
pub(super) fn round_to(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let places = places(call)?;
    Ok(call.native::<Decimal>(0)?.rounded(places, Rounding::ToEven).value())
}

/// `Round(d, mode)`
pub(super) fn round_by(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let rounding = rounding(mode(call, 1)?);
    Ok(call.native::<Decimal>(0)?.rounded(0, rounding).value())
}

/// `Round(d, decimals, mode)`
pub(super) fn round_to_by(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let places = places(call)?;
    let rounding = rounding(mode(call, 2)?);
    Ok(call.native::<Decimal>(0)?.rounded(places, rounding).value())
}

fn places(call: &Call<'_, '_>) -> Outcome<u32> {
    let places = u32::try_from(call.int(1)?).ok().filter(|places| *places <= SCALE_MAX);
    places.ok_or_else(|| out_of_range("Decimal can only round to between 0 and 28 digits of precision.", "decimals"))
}

const fn rounding(mode: i32) -> Rounding {
    match mode {
        1 => Rounding::AwayFromZero,
        2 => Rounding::ToZero,
        3 => Rounding::ToNegativeInfinity,
        4 => Rounding::ToPositiveInfinity,
        _ => Rounding::ToEven,
    }
}

fn of_parts(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let word = |at: usize| call.int(at).map(|word| u128::from(word.cast_unsigned()));
    let mantissa = word(0)? | (word(1)? << 32) | (word(2)? << 64);
    let scale = call.native::<u8>(4)?;
    let too_large = || {
        let message = format!(
            "scale ('{scale}') must be less than or equal to '28'. (Parameter 'scale')\nActual value was {scale}."
        );
        throw("System.ArgumentOutOfRangeException", message)
    };
    Decimal::of_parts(call.bool(3)?, mantissa, u32::from(scale)).map(Decimal::value).ok_or_else(too_large)
}

// Three words of the whole number, then sign and scale.
fn of_bits(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let wrong = || {
        let message = "Decimal constructor requires an array or span of four valid decimal bytes.";
        throw("System.ArgumentException", message)
    };
    if call.value(0).is_null() {
        return Err(crate::expr::exception::argument_null("bits"));
    }
    let words = call.state(0, |items: &mut Items| items.values.clone())?;
    let words: Option<Vec<u32>> = words.iter().map(|word| i32::of(word).map(i32::cast_unsigned)).collect();
    let Some([low, middle, high, flags]) = words.as_deref() else { return Err(wrong()) };
    let is_plain = flags & 0x7f00_ffff == 0;
    let mantissa = u128::from(*low) | (u128::from(*middle) << 32) | (u128::from(*high) << 64);
    let decimal = Decimal::of_parts(flags >> 31 == 1, mantissa, (flags >> 16) & 0xff).filter(|_| is_plain);
    decimal.map(Decimal::value).ok_or_else(wrong)
}
