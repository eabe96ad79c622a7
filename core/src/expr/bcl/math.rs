//! `System.Math` and `System.Random`.

use super::{Call, Row, row};
use crate::expr::exception::{Outcome, out_of_range, overflow};
use crate::value::{Service, Value};

pub(super) const ROWS: &[Row] = &[
    row("Math", "static int Max(int val1, int val2)", |call| Ok(Value::Int32(call.int(0)?.max(call.int(1)?)))),
    row("Math", "static long Max(long val1, long val2)", |call| Ok(Value::Int64(call.long(0)?.max(call.long(1)?)))),
    row("Math", "static double Max(double val1, double val2)", |call| pick(call, |a, b| a > b)),
    row("Math", "static int Min(int val1, int val2)", |call| Ok(Value::Int32(call.int(0)?.min(call.int(1)?)))),
    row("Math", "static long Min(long val1, long val2)", |call| Ok(Value::Int64(call.long(0)?.min(call.long(1)?)))),
    row("Math", "static double Min(double val1, double val2)", |call| pick(call, |a, b| a < b)),
    row("Math", "static int Abs(int value)", |call| {
        let message = "Negating the minimum value of a twos complement number is invalid.";
        call.int(0)?.checked_abs().map(Value::Int32).ok_or_else(|| overflow(message))
    }),
    row("Math", "static double Abs(double value)", |call| Ok(Value::Double(call.double(0)?.abs()))),
    row("Math", "static double Floor(double d)", |call| Ok(Value::Double(call.double(0)?.floor()))),
    row("Math", "static double Ceiling(double a)", |call| Ok(Value::Double(call.double(0)?.ceil()))),
    row("Math", "static double Round(double a)", |call| Ok(Value::Double(call.double(0)?.round_ties_even()))),
    row("Math", "static double Truncate(double d)", |call| Ok(Value::Double(call.double(0)?.trunc()))),
    row("Math", "static double Pow(double x, double y)", |call| {
        Ok(Value::Double(call.double(0)?.powf(call.double(1)?)))
    }),
    row("Math", "static double Sqrt(double d)", |call| Ok(Value::Double(call.double(0)?.sqrt()))),
    row("Random", "new Random()", |_| Ok(Value::Service(Service::Random))),
    // A seed is accepted and not used: the numbers come from the exchange's stream (reference A5: sequences need not match).
    row("Random", "new Random(int Seed)", |_| Ok(Value::Service(Service::Random))),
    row("Random", "int Next()", |call| between(call, 0, i64::from(i32::MAX))),
    row("Random", "int Next(int maxValue)", |call| {
        super::string::not_negative(call.int(1)?, "maxValue")?;
        let most = i64::from(call.int(1)?);
        between(call, 0, most)
    }),
    row("Random", "int Next(int minValue, int maxValue)", |call| {
        let (least, most) = (i64::from(call.int(1)?), i64::from(call.int(2)?));
        if least > most {
            return Err(out_of_range("'minValue' cannot be greater than maxValue.", "minValue"));
        }
        between(call, least, most)
    }),
    row("Random", "double NextDouble()", |call| Ok(Value::Double(call.machine.rng.unit()))),
];

// NaN is passed on, as .NET does.
fn pick(call: &mut Call<'_, '_>, first_wins: fn(f64, f64) -> bool) -> Outcome<Value> {
    let (a, b) = (call.double(0)?, call.double(1)?);
    Ok(Value::Double(if a.is_nan() || first_wins(a, b) { a } else { b }))
}

// From `least` up to, not including, `most`; `least` when they are equal.
fn between(call: &mut Call<'_, '_>, least: i64, most: i64) -> Outcome<Value> {
    let drawn = call.machine.rng.below((most - least).unsigned_abs());
    let value = least + i64::try_from(drawn).unwrap_or(0);
    Ok(Value::Int32(i32::try_from(value).unwrap_or(i32::MAX)))
}
