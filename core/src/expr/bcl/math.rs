//! `System.Math`. Its functions are those of the number types themselves.

use super::native::{clamped, one, two};
use super::number_decimal as decimals;
use super::number_real::sign as sign_of_real;
use super::number_real_functions::{Reckoned, exponent, largest, least, most, pick, remainder, scaled, smallest};
use super::number_whole::{absolute, quotient_and_rest};
use super::rounding::{ROUND_DIGITS_DOUBLE, mode, round_digits, rounded};
use super::tuple::named;
use super::{Row, row};
use crate::expr::exception::{Outcome, divide_by_zero, overflow};
use crate::expr::ty::Ty;
use crate::value::{Decimal, Value};

/// All tables of this file.
pub(super) const TABLES: [&[Row]; 5] = [ROWS, ORDER, SIGNED, ROUNDING, DIVIDED];

const OWNER: &str = "Math";

const ROWS: &[Row] = &[
    row(OWNER, "static double PI", |_| Ok(Value::Double(std::f64::consts::PI))),
    row(OWNER, "static double E", |_| Ok(Value::Double(std::f64::consts::E))),
    row(OWNER, "static double Tau", |_| Ok(Value::Double(std::f64::consts::TAU))),
    row(OWNER, "static double Sqrt(double d)", |call| one(call, f64::sqrt)),
    row(OWNER, "static double Cbrt(double d)", |call| one(call, f64::cbrt)),
    row(OWNER, "static double Exp(double d)", |call| one(call, f64::exp)),
    row(OWNER, "static double Sin(double a)", |call| one(call, f64::sin)),
    row(OWNER, "static double Sinh(double value)", |call| one(call, f64::sinh)),
    row(OWNER, "static double Asin(double d)", |call| one(call, f64::asin)),
    row(OWNER, "static double Asinh(double d)", |call| one(call, f64::area_sine)),
    row(OWNER, "static double Cos(double d)", |call| one(call, f64::cos)),
    row(OWNER, "static double Cosh(double value)", |call| one(call, f64::cosh)),
    row(OWNER, "static double Acos(double d)", |call| one(call, f64::acos)),
    row(OWNER, "static double Acosh(double d)", |call| one(call, f64::area_cosine)),
    row(OWNER, "static double Tan(double a)", |call| one(call, f64::tan)),
    row(OWNER, "static double Tanh(double value)", |call| one(call, f64::tanh)),
    row(OWNER, "static double Atan(double d)", |call| one(call, f64::atan)),
    row(OWNER, "static double Atanh(double d)", |call| one(call, f64::area_tangent)),
    row(OWNER, "static double Atan2(double y, double x)", |call| two(call, f64::atan2)),
    row(OWNER, "static double Pow(double x, double y)", |call| two(call, f64::powf)),
    row(OWNER, "static double CopySign(double x, double y)", |call| two(call, f64::copysign)),
    row(OWNER, "static double IEEERemainder(double x, double y)", |call| two(call, remainder)),
    row(OWNER, "static double Log(double d)", |call| one(call, f64::logarithm)),
    row(OWNER, "static double Log(double a, double newBase)", |call| two(call, f64::logarithm_to)),
    row(OWNER, "static double Log10(double d)", |call| one(call, f64::log10)),
    row(OWNER, "static double Log2(double x)", |call| one(call, f64::logarithm_of_two)),
    row(OWNER, "static int ILogB(double x)", |call| one(call, exponent)),
    row(OWNER, "static double ScaleB(double x, int n)", |call| {
        Ok(Value::Double(scaled(call.double(0)?, call.int(1)?)))
    }),
    row(OWNER, "static double BitIncrement(double x)", |call| one(call, f64::next_up)),
    row(OWNER, "static double BitDecrement(double x)", |call| one(call, f64::next_down)),
    row(OWNER, "static double FusedMultiplyAdd(double x, double y, double z)", |call| {
        Ok(Value::Double(call.double(0)?.mul_add(call.double(1)?, call.double(2)?)))
    }),
    row(OWNER, "static double ReciprocalEstimate(double d)", |call| one(call, f64::recip)),
    row(OWNER, "static double ReciprocalSqrtEstimate(double d)", |call| one::<f64, f64>(call, |d| d.sqrt().recip())),
    row(OWNER, "static double MaxMagnitude(double x, double y)", |call| {
        pick::<f64>(call, |x, y| x.is_nan() || !y.is_nan() && largest(x, y))
    }),
    row(OWNER, "static double MinMagnitude(double x, double y)", |call| {
        pick::<f64>(call, |x, y| x.is_nan() || !y.is_nan() && smallest(x, y))
    }),
    row(OWNER, "static long BigMul(int a, int b)", |call| {
        Ok(Value::Int64(i64::from(call.int(0)?) * i64::from(call.int(1)?)))
    }),
    row(OWNER, "static ulong BigMul(ulong a, ulong b, out ulong low)", |call| {
        let product = u128::from(call.native::<u64>(0)?) * u128::from(call.native::<u64>(1)?);
        let half = |bits: u128| Value::UInt64(u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0));
        call.give(half(product));
        Ok(half(product >> 64))
    }),
    row(OWNER, "static long BigMul(long a, long b, out long low)", |call| {
        let product = i128::from(call.native::<i64>(0)?) * i128::from(call.native::<i64>(1)?);
        let bits = product.cast_unsigned();
        let half = |bits: u128| Value::Int64(u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0).cast_signed());
        call.give(half(bits));
        Ok(half(bits >> 64))
    }),
    row(OWNER, "static Waves<double, double> SinCos(double x)", |call| {
        let x = call.double(0)?;
        named(call, [("Sin", Ty::Double, Value::Double(x.sin())), ("Cos", Ty::Double, Value::Double(x.cos()))])
    }),
    row(OWNER, "static int DivRem(int a, int b, out int result)", |call| {
        let (a, b) = (call.native::<i32>(0)?, call.native::<i32>(1)?);
        let (quotient, rest) = divided(i64::from(a), i64::from(b))?;
        call.give(Value::Int32(i32::try_from(rest).unwrap_or(0)));
        i32::try_from(quotient).map(Value::Int32).map_err(|_| quotient_overflow())
    }),
    row(OWNER, "static long DivRem(long a, long b, out long result)", |call| {
        let (quotient, rest) = divided(call.native(0)?, call.native(1)?)?;
        call.give(Value::Int64(rest));
        Ok(Value::Int64(quotient))
    }),
];

macro_rules! ordered {
    ($($name:literal $native:ty, $most:expr, $least:expr;)*) => {
        &[$(
            row(OWNER, concat!("static ", $name, " Max(", $name, " val1, ", $name, " val2)"), $most),
            row(OWNER, concat!("static ", $name, " Min(", $name, " val1, ", $name, " val2)"), $least),
            row(
                OWNER,
                concat!("static ", $name, " Clamp(", $name, " value, ", $name, " min, ", $name, " max)"),
                |call| clamped::<$native>(call),
            ),
        )*]
    };
}

const ORDER: &[Row] = ordered! {
    "int" i32, |call| two(call, i32::max), |call| two(call, i32::min);
    "long" i64, |call| two(call, i64::max), |call| two(call, i64::min);
    "double" f64, |call| pick::<f64>(call, most), |call| pick::<f64>(call, least);
    "decimal" Decimal, |call| two(call, decimals::most), |call| two(call, decimals::least);
    "sbyte" i8, |call| two(call, i8::max), |call| two(call, i8::min);
    "byte" u8, |call| two(call, u8::max), |call| two(call, u8::min);
    "short" i16, |call| two(call, i16::max), |call| two(call, i16::min);
    "ushort" u16, |call| two(call, u16::max), |call| two(call, u16::min);
    "uint" u32, |call| two(call, u32::max), |call| two(call, u32::min);
    "ulong" u64, |call| two(call, u64::max), |call| two(call, u64::min);
    "float" f32, |call| pick::<f32>(call, most), |call| pick::<f32>(call, least);
};

macro_rules! signed {
    ($($name:literal $absolute:expr, $sign:expr;)*) => {
        &[$(
            row(OWNER, concat!("static ", $name, " Abs(", $name, " value)"), $absolute),
            row(OWNER, concat!("static int Sign(", $name, " value)"), $sign),
        )*]
    };
}

const SIGNED: &[Row] = signed! {
    "int" absolute::<i32>, |call| one::<i32, i32>(call, i32::signum);
    "long" absolute::<i64>, |call| one::<i64, i32>(call, |value| value.cmp(&0) as i32);
    "double" |call| one(call, f64::abs), sign_of_real::<f64>;
    "decimal" |call| one(call, decimals::absolute), decimals::sign;
    "sbyte" absolute::<i8>, |call| one::<i8, i32>(call, |value| i32::from(value.signum()));
    "short" absolute::<i16>, |call| one::<i16, i32>(call, |value| i32::from(value.signum()));
    "float" |call| one(call, f32::abs), sign_of_real::<f32>;
};

const ROUNDING: &[Row] = &[
    row(OWNER, "static double Floor(double d)", |call| one(call, f64::floor)),
    row(OWNER, "static double Ceiling(double a)", |call| one(call, f64::ceil)),
    row(OWNER, "static double Truncate(double d)", |call| one(call, f64::trunc)),
    row(OWNER, "static double Round(double a)", |call| one(call, f64::round_ties_even)),
    row(OWNER, "static double Round(double value, int digits)", |call| {
        let digits = round_digits(call.int(1)?, ROUND_DIGITS_DOUBLE)?;
        Ok(Value::Double(rounded(call.double(0)?, digits, 0)))
    }),
    row(OWNER, "static double Round(double value, MidpointRounding mode)", |call| {
        Ok(Value::Double(rounded(call.double(0)?, 0, mode(call, 1)?)))
    }),
    row(OWNER, "static double Round(double value, int digits, MidpointRounding mode)", |call| {
        let digits = round_digits(call.int(1)?, ROUND_DIGITS_DOUBLE)?;
        Ok(Value::Double(rounded(call.double(0)?, digits, mode(call, 2)?)))
    }),
    row(OWNER, "static decimal Floor(decimal d)", |call| one(call, decimals::floor)),
    row(OWNER, "static decimal Ceiling(decimal d)", |call| one(call, decimals::ceiling)),
    row(OWNER, "static decimal Truncate(decimal d)", |call| one(call, Decimal::truncated)),
    row(OWNER, "static decimal Round(decimal d)", decimals::round),
    row(OWNER, "static decimal Round(decimal d, int decimals)", decimals::round_to),
    row(OWNER, "static decimal Round(decimal d, MidpointRounding mode)", decimals::round_by),
    row(OWNER, "static decimal Round(decimal d, int decimals, MidpointRounding mode)", decimals::round_to_by),
];

macro_rules! divided {
    ($($name:literal $native:ty;)*) => {
        &[$(row(
            OWNER,
            concat!("static Divided<", $name, ", ", $name, "> DivRem(", $name, " left, ", $name, " right)"),
            quotient_and_rest::<$native>,
        ),)*]
    };
}

const DIVIDED: &[Row] = divided! {
    "sbyte" i8;
    "byte" u8;
    "short" i16;
    "ushort" u16;
    "int" i32;
    "uint" u32;
    "long" i64;
    "ulong" u64;
};

fn divided(a: i64, b: i64) -> Outcome<(i64, i64)> {
    if b == 0 {
        return Err(divide_by_zero());
    }
    let quotient = a.checked_div(b).ok_or_else(quotient_overflow)?;
    Ok((quotient, a.wrapping_rem(b)))
}

fn quotient_overflow() -> crate::expr::Interrupt {
    overflow("Arithmetic operation resulted in an overflow.")
}
