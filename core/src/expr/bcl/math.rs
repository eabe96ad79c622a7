//! `System.Math` and `System.Random`.

use super::{Call, Row, row};
use crate::expr::exception::{Outcome, out_of_range, overflow, throw};
use crate::value::{Service, Value};

const NEGATION: &str = "Negating the minimum value of a twos complement number is invalid.";

/// The most digits that `Math.Round` rounds a double to.
const ROUND_DIGITS_MAX: i32 = 15;

pub(super) const ROWS: &[Row] = &[
    row("Math", "static double PI", |_| Ok(Value::Double(std::f64::consts::PI))),
    row("Math", "static double E", |_| Ok(Value::Double(std::f64::consts::E))),
    row("Math", "static double Tau", |_| Ok(Value::Double(std::f64::consts::TAU))),
    row("Math", "static int Max(int val1, int val2)", |call| Ok(Value::Int32(call.int(0)?.max(call.int(1)?)))),
    row("Math", "static long Max(long val1, long val2)", |call| Ok(Value::Int64(call.long(0)?.max(call.long(1)?)))),
    row("Math", "static double Max(double val1, double val2)", |call| {
        pick(call, |a, b| a > b || b.is_sign_negative() && same(a, b))
    }),
    row("Math", "static int Min(int val1, int val2)", |call| Ok(Value::Int32(call.int(0)?.min(call.int(1)?)))),
    row("Math", "static long Min(long val1, long val2)", |call| Ok(Value::Int64(call.long(0)?.min(call.long(1)?)))),
    row("Math", "static double Min(double val1, double val2)", |call| {
        pick(call, |a, b| a < b || a.is_sign_negative() && same(a, b))
    }),
    row("Math", "static double MaxMagnitude(double x, double y)", |call| {
        pick(call, |a, b| a.abs() > b.abs() || same(a.abs(), b.abs()) && !a.is_sign_negative())
    }),
    row("Math", "static double MinMagnitude(double x, double y)", |call| {
        pick(call, |a, b| a.abs() < b.abs() || same(a.abs(), b.abs()) && a.is_sign_negative())
    }),
    row("Math", "static int Abs(int value)", |call| {
        call.int(0)?.checked_abs().map(Value::Int32).ok_or_else(|| overflow(NEGATION))
    }),
    row("Math", "static long Abs(long value)", |call| {
        call.long(0)?.checked_abs().map(Value::Int64).ok_or_else(|| overflow(NEGATION))
    }),
    row("Math", "static double Abs(double value)", |call| apply(call, f64::abs)),
    row("Math", "static double Floor(double d)", |call| apply(call, f64::floor)),
    row("Math", "static double Ceiling(double a)", |call| apply(call, f64::ceil)),
    row("Math", "static double Truncate(double d)", |call| apply(call, f64::trunc)),
    row("Math", "static double Sqrt(double d)", |call| apply(call, f64::sqrt)),
    row("Math", "static double Cbrt(double d)", |call| apply(call, f64::cbrt)),
    row("Math", "static double Exp(double d)", |call| apply(call, f64::exp)),
    row("Math", "static double Sin(double a)", |call| apply(call, f64::sin)),
    row("Math", "static double Sinh(double value)", |call| apply(call, f64::sinh)),
    row("Math", "static double Asin(double d)", |call| apply(call, f64::asin)),
    row("Math", "static double Asinh(double d)", |call| apply(call, f64::asinh)),
    row("Math", "static double Cos(double d)", |call| apply(call, f64::cos)),
    row("Math", "static double Cosh(double value)", |call| apply(call, f64::cosh)),
    row("Math", "static double Acos(double d)", |call| apply(call, f64::acos)),
    row("Math", "static double Acosh(double d)", |call| apply(call, f64::acosh)),
    row("Math", "static double Tan(double a)", |call| apply(call, f64::tan)),
    row("Math", "static double Tanh(double value)", |call| apply(call, f64::tanh)),
    row("Math", "static double Atan(double d)", |call| apply(call, f64::atan)),
    row("Math", "static double Atanh(double d)", |call| apply(call, f64::atanh)),
    row("Math", "static double Atan2(double y, double x)", |call| apply_two(call, f64::atan2)),
    row("Math", "static double Pow(double x, double y)", |call| apply_two(call, f64::powf)),
    row("Math", "static double CopySign(double x, double y)", |call| apply_two(call, f64::copysign)),
    row("Math", "static double IEEERemainder(double x, double y)", |call| {
        apply_two(call, |x, y| {
            let quotient = (x / y).round_ties_even();
            let rest = x - quotient * y;
            if rest.abs() < f64::from_bits(1) { rest.copysign(x) } else { rest }
        })
    }),
    row("Math", "static double Log(double d)", |call| apply(call, f64::ln)),
    row("Math", "static double Log(double a, double newBase)", |call| apply_two(call, logarithm)),
    row("Math", "static double Log10(double d)", |call| apply(call, f64::log10)),
    row("Math", "static double Log2(double x)", |call| apply(call, f64::log2)),
    row("Math", "static int ILogB(double x)", |call| Ok(Value::Int32(exponent(call.double(0)?)))),
    row("Math", "static double ScaleB(double x, int n)", |call| {
        let half = call.int(1)?.clamp(-4000, 4000) / 2;
        let rest = call.int(1)?.clamp(-4000, 4000) - half;
        Ok(Value::Double(call.double(0)? * 2_f64.powi(half) * 2_f64.powi(rest)))
    }),
    row("Math", "static double BitIncrement(double x)", |call| apply(call, f64::next_up)),
    row("Math", "static double BitDecrement(double x)", |call| apply(call, f64::next_down)),
    row("Math", "static double FusedMultiplyAdd(double x, double y, double z)", |call| {
        Ok(Value::Double(call.double(0)?.mul_add(call.double(1)?, call.double(2)?)))
    }),
    row("Math", "static long BigMul(int a, int b)", |call| {
        Ok(Value::Int64(i64::from(call.int(0)?) * i64::from(call.int(1)?)))
    }),
    row("Math", "static int Clamp(int value, int min, int max)", |call| {
        let (least, most) = (call.int(1)?, call.int(2)?);
        if least > most { Err(unordered(&least, &most)) } else { Ok(Value::Int32(call.int(0)?.clamp(least, most))) }
    }),
    row("Math", "static long Clamp(long value, long min, long max)", |call| {
        let (least, most) = (call.long(1)?, call.long(2)?);
        if least > most { Err(unordered(&least, &most)) } else { Ok(Value::Int64(call.long(0)?.clamp(least, most))) }
    }),
    row("Math", "static double Clamp(double value, double min, double max)", |call| {
        let (value, least, most) = (call.double(0)?, call.double(1)?, call.double(2)?);
        if least > most {
            return Err(unordered(&Value::Double(least), &Value::Double(most)));
        }
        Ok(Value::Double(if value < least {
            least
        } else if value > most {
            most
        } else {
            value
        }))
    }),
    row("Math", "static int Sign(int value)", |call| Ok(Value::Int32(call.int(0)?.signum()))),
    row("Math", "static int Sign(long value)", |call| Ok(super::object::order(call.long(0)?.cmp(&0)))),
    row("Math", "static int Sign(double value)", |call| {
        let order = call.double(0)?.partial_cmp(&0.0).map(super::object::order);
        let message = "Function does not accept floating point Not-a-Number values.";
        order.ok_or_else(|| throw("System.ArithmeticException", message))
    }),
    row("Math", "static double Round(double a)", |call| apply(call, f64::round_ties_even)),
    row("Math", "static double Round(double value, int digits)", |call| {
        let digits = round_digits(call.int(1)?)?;
        Ok(Value::Double(rounded(call.double(0)?, digits, 0)))
    }),
    row("Math", "static double Round(double value, MidpointRounding mode)", |call| {
        Ok(Value::Double(rounded(call.double(0)?, 0, call.number(1)?)))
    }),
    row("Math", "static double Round(double value, int digits, MidpointRounding mode)", |call| {
        let digits = round_digits(call.int(1)?)?;
        Ok(Value::Double(rounded(call.double(0)?, digits, call.number(2)?)))
    }),
    row("Random", "new Random()", |_| Ok(Value::Service(Service::Random))),
    // A seed is accepted and not used: the numbers come from the exchange's stream (reference A5: sequences need not match).
    row("Random", "new Random(int Seed)", |_| Ok(Value::Service(Service::Random))),
    row("Random", "static Random Shared", |_| Ok(Value::Service(Service::Random))),
    row("Random", "int Next()", |call| between(call, 0, i64::from(i32::MAX))),
    row("Random", "int Next(int maxValue)", |call| {
        super::string::not_negative(call.int(1)?, "maxValue")?;
        let most = i64::from(call.int(1)?);
        between(call, 0, most)
    }),
    row("Random", "int Next(int minValue, int maxValue)", |call| {
        let (least, most) = (i64::from(call.int(1)?), i64::from(call.int(2)?));
        if least > most {
            return Err(crossed());
        }
        between(call, least, most)
    }),
    row("Random", "long NextInt64()", |call| Ok(long_between(call, 0, i64::MAX))),
    row("Random", "long NextInt64(long maxValue)", |call| {
        let most = call.long(1)?;
        if most < 0 {
            let text = format!(
                "maxValue ('{most}') must be a non-negative value. (Parameter 'maxValue')\nActual value was {most}."
            );
            return Err(throw("System.ArgumentOutOfRangeException", text));
        }
        Ok(long_between(call, 0, most))
    }),
    row("Random", "long NextInt64(long minValue, long maxValue)", |call| {
        let (least, most) = (call.long(1)?, call.long(2)?);
        if least > most { Err(crossed()) } else { Ok(long_between(call, least, most)) }
    }),
    row("Random", "double NextDouble()", |call| Ok(Value::Double(call.machine.rng.unit()))),
];

fn same(a: f64, b: f64) -> bool {
    a.partial_cmp(&b).is_some_and(std::cmp::Ordering::is_eq)
}

fn apply(call: &mut Call<'_, '_>, function: fn(f64) -> f64) -> Outcome<Value> {
    Ok(Value::Double(function(call.double(0)?)))
}

fn apply_two(call: &mut Call<'_, '_>, function: fn(f64, f64) -> f64) -> Outcome<Value> {
    Ok(Value::Double(function(call.double(0)?, call.double(1)?)))
}

// NaN is passed on, as .NET does.
fn pick(call: &mut Call<'_, '_>, first_wins: fn(f64, f64) -> bool) -> Outcome<Value> {
    let (a, b) = (call.double(0)?, call.double(1)?);
    Ok(Value::Double(if a.is_nan() || !b.is_nan() && first_wins(a, b) { a } else { b }))
}

fn logarithm(value: f64, base: f64) -> f64 {
    let has_no_base = same(base, 1.0) || !same(value, 1.0) && (same(base, 0.0) || same(base, f64::INFINITY));
    if value.is_nan() || base.is_nan() || has_no_base { f64::NAN } else { value.ln() / base.ln() }
}

// The exponent of two, as C's `ilogb`.
fn exponent(value: f64) -> i32 {
    if value.is_nan() || value.is_infinite() {
        return i32::MAX;
    }
    if value.abs() < f64::from_bits(1) {
        return i32::MIN;
    }
    let exponent_of = |value: f64| i32::try_from(value.to_bits() >> 52 & 0x7ff).unwrap_or(0) - 1023;
    // What is too small for a normal number is scaled first.
    if value.abs() < f64::MIN_POSITIVE { exponent_of(value * 2_f64.powi(64)) - 64 } else { exponent_of(value) }
}

fn unordered(least: &dyn std::fmt::Display, most: &dyn std::fmt::Display) -> crate::expr::Interrupt {
    throw("System.ArgumentException", format!("'{least}' cannot be greater than {most}."))
}

fn round_digits(digits: i32) -> Outcome<i32> {
    if (0..=ROUND_DIGITS_MAX).contains(&digits) {
        return Ok(digits);
    }
    Err(out_of_range("Rounding digits must be between 0 and 15, inclusive.", "digits"))
}

// `mode` is the number of a `MidpointRounding`. Like .NET, it scales, rounds to whole numbers, and scales back.
fn rounded(value: f64, digits: i32, mode: i32) -> f64 {
    if value.abs() >= 1e16 || !value.is_finite() {
        return value;
    }
    let power = 10_f64.powi(digits);
    let scaled = value * power;
    let whole = match mode {
        1 => {
            let truncated = scaled.trunc();
            if (scaled - truncated).abs() >= 0.5 { truncated + 1_f64.copysign(scaled) } else { truncated }
        }
        2 => scaled.trunc(),
        3 => scaled.floor(),
        4 => scaled.ceil(),
        _ => scaled.round_ties_even(),
    };
    whole / power
}

fn crossed() -> crate::expr::Interrupt {
    out_of_range("'minValue' cannot be greater than maxValue.", "minValue")
}

// From `least` up to, not including, `most`; `least` when they are equal.
fn between(call: &mut Call<'_, '_>, least: i64, most: i64) -> Outcome<Value> {
    let drawn = call.machine.rng.below((most - least).unsigned_abs());
    let value = least + i64::try_from(drawn).unwrap_or(0);
    Ok(Value::Int32(i32::try_from(value).unwrap_or(i32::MAX)))
}

fn long_between(call: &mut Call<'_, '_>, least: i64, most: i64) -> Value {
    let drawn = call.machine.rng.below(most.wrapping_sub(least).cast_unsigned());
    Value::Int64(least.wrapping_add_unsigned(drawn))
}
