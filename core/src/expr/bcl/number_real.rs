//! Members of `float` and `double`: what they are, comparing, text. Their functions are in `number_real_functions`.

use super::enums::TYPE_CODE;
use super::format::{formatted, shown};
use super::native::{Native, against, clamped, one, two};
use super::number_create::real;
use super::number_parse;
use super::number_text::tried;
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, number_format, throw};
use crate::expr::ty::Ty;
use crate::value::Value;

/// Both tables of this file.
pub(super) const TABLES: [&[Row]; 2] = [SINGLE, DOUBLE];

/// A number with a floating point.
pub(super) trait Real: Native {
    /// Its type.
    const TY: Ty;

    /// The number as a double, which holds it exactly.
    fn wide(self) -> f64;

    /// `NaN`, whose sign is set in .NET.
    const NOT_A_NUMBER: Self;

    /// `Parse`
    fn read(text: &str) -> Option<Self>;
}

impl Real for f32 {
    const TY: Ty = Ty::Single;
    const NOT_A_NUMBER: Self = Self::from_bits(0xffc0_0000);

    fn wide(self) -> f64 {
        f64::from(self)
    }

    fn read(text: &str) -> Option<Self> {
        number_parse::single(text)
    }
}

impl Real for f64 {
    const TY: Ty = Ty::Double;
    const NOT_A_NUMBER: Self = Self::from_bits(0xfff8_0000_0000_0000);

    fn wide(self) -> f64 {
        self
    }

    fn read(text: &str) -> Option<Self> {
        number_parse::double(text)
    }
}

macro_rules! members {
    ($($table:ident $name:literal $native:ident $letter:literal $code:literal;)*) => {
        $(const $table: &[Row] = &[
            row($name, concat!("static ", $name, " MinValue"), |_| Ok($native::MIN.value())),
            row($name, concat!("static ", $name, " MaxValue"), |_| Ok($native::MAX.value())),
            row($name, concat!("static ", $name, " Epsilon"), |_| Ok($native::from_bits(1).value())),
            row($name, concat!("static ", $name, " NaN"), |_| Ok($native::NOT_A_NUMBER.value())),
            row($name, concat!("static ", $name, " PositiveInfinity"), |_| Ok($native::INFINITY.value())),
            row($name, concat!("static ", $name, " NegativeInfinity"), |_| Ok($native::NEG_INFINITY.value())),
            row($name, concat!("static ", $name, " NegativeZero"), |_| Ok((-0.0 as $native).value())),
            row($name, concat!("static ", $name, " E"), |_| Ok(std::$native::consts::E.value())),
            row($name, concat!("static ", $name, " Pi"), |_| Ok(std::$native::consts::PI.value())),
            row($name, concat!("static ", $name, " Tau"), |_| Ok(std::$native::consts::TAU.value())),
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
            row($name, "int CompareTo(object value)", |call| against::<$native>(call, compared)),
            row($name, concat!("int CompareTo(", $name, " value)"), |call| two::<$native, i32>(call, compared)),
            row($name, concat!("bool Equals(", $name, " obj)"), |call| {
                two::<$native, bool>(call, |a, b| compared(a, b) == 0)
            }),
            row($name, "TypeCode GetTypeCode()", |_| Ok(Value::Enum(TYPE_CODE.value($code)))),
            row($name, concat!("static bool IsNaN(", $name, " ", $letter, ")"), |call| one(call, $native::is_nan)),
            row($name, concat!("static bool IsFinite(", $name, " ", $letter, ")"), |call| one(call, $native::is_finite)),
            row($name, concat!("static bool IsInfinity(", $name, " ", $letter, ")"), |call| {
                one(call, $native::is_infinite)
            }),
            row($name, concat!("static bool IsPositiveInfinity(", $name, " ", $letter, ")"), |call| {
                one::<$native, bool>(call, |value| value.is_infinite() && value > 0.0)
            }),
            row($name, concat!("static bool IsNegativeInfinity(", $name, " ", $letter, ")"), |call| {
                one::<$native, bool>(call, |value| value.is_infinite() && value < 0.0)
            }),
            row($name, concat!("static bool IsNegative(", $name, " ", $letter, ")"), |call| {
                one(call, $native::is_sign_negative)
            }),
            row($name, concat!("static bool IsPositive(", $name, " value)"), |call| {
                one(call, $native::is_sign_positive)
            }),
            row($name, concat!("static bool IsNormal(", $name, " ", $letter, ")"), |call| one(call, $native::is_normal)),
            row($name, concat!("static bool IsSubnormal(", $name, " ", $letter, ")"), |call| {
                one(call, $native::is_subnormal)
            }),
            row($name, concat!("static bool IsRealNumber(", $name, " value)"), |call| {
                one::<$native, bool>(call, |value| !value.is_nan())
            }),
            row($name, concat!("static bool IsInteger(", $name, " value)"), |call| one::<$native, bool>(call, is_whole)),
            row($name, concat!("static bool IsEvenInteger(", $name, " value)"), |call| {
                one::<$native, bool>(call, |value| is_whole(value) && !is_odd(value))
            }),
            row($name, concat!("static bool IsOddInteger(", $name, " value)"), |call| {
                one::<$native, bool>(call, |value| is_whole(value) && is_odd(value))
            }),
            row($name, concat!("static bool IsPow2(", $name, " value)"), |call| {
                one::<$native, bool>(call, |value| is_power_of_two(value.wide()))
            }),
            row($name, concat!("static int Sign(", $name, " value)"), sign::<$native>),
            row(
                $name,
                concat!("static ", $name, " Clamp(", $name, " value, ", $name, " min, ", $name, " max)"),
                |call| clamped::<$native>(call),
            ),
            row($name, concat!("static ", $name, " CreateChecked<TOther>(TOther value)"), |call| {
                real(call.value(0), &$native::TY)
            }),
            row($name, concat!("static ", $name, " CreateSaturating<TOther>(TOther value)"), |call| {
                real(call.value(0), &$native::TY)
            }),
            row($name, concat!("static ", $name, " CreateTruncating<TOther>(TOther value)"), |call| {
                real(call.value(0), &$native::TY)
            }),
        ];)*
    };
}

members! {
    SINGLE "float" f32 "f" 13;
    DOUBLE "double" f64 "d" 14;
}

fn parse<T: Real>(call: &mut Call<'_, '_>) -> Outcome<Value> {
    read::<T>(call.text(0, "s")?)
}

fn try_parse<T: Real>(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let zero = real(&Value::Int32(0), &T::TY)?;
    tried(call, zero, read::<T>)
}

/// `T.Parse(text)`
pub(super) fn read<T: Real>(text: &str) -> Outcome<Value> {
    T::read(text).map(T::value).ok_or_else(|| number_format(text))
}

// What is no number comes before every number.
fn compared<T: Real>(a: T, b: T) -> i32 {
    let order = a.partial_cmp(&b);
    order.unwrap_or_else(|| b.wide().is_nan().cmp(&a.wide().is_nan())) as i32
}

fn is_whole<T: Real>(value: T) -> bool {
    let value = value.wide();
    value.is_finite() && value.trunc().total_cmp(&value).is_eq()
}

fn is_odd<T: Real>(value: T) -> bool {
    (value.wide() % 2.0).abs() > 0.5
}

// Single-precision numbers too small to be normal are normal doubles, so that one rule serves both.
fn is_power_of_two(value: f64) -> bool {
    let fraction = value.to_bits() & ((1 << 52) - 1);
    let is_one_bit = if value.is_subnormal() { fraction.count_ones() == 1 } else { fraction == 0 };
    value > 0.0 && value.is_finite() && is_one_bit
}

/// `Sign`
pub(super) fn sign<T: Real>(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let order = call.native::<T>(0)?.wide().partial_cmp(&0.0).map(super::object::order);
    let message = "Function does not accept floating point Not-a-Number values.";
    order.ok_or_else(|| throw("System.ArithmeticException", message))
}
