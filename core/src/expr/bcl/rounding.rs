//! Rounding of numbers with a floating point to places, as `Math.Round` does it. Decimals round themselves.

use super::Call;
use crate::expr::exception::{Outcome, argument, out_of_range};

/// The most digits that a `double` is rounded to.
pub(super) const ROUND_DIGITS_DOUBLE: i32 = 15;

/// The most digits that a `float` is rounded to.
pub(super) const ROUND_DIGITS_SINGLE: i32 = 6;

/// The number of a `MidpointRounding`, which must be a member.
pub(super) fn mode(call: &Call<'_, '_>, at: usize) -> Outcome<i32> {
    let mode = call.number(at)?;
    if (0..=4).contains(&mode) {
        return Ok(mode);
    }
    Err(argument(&format!("The value '{mode}' is not valid for this usage of the type MidpointRounding."), "mode"))
}

/// How many digits to round to.
pub(super) fn round_digits(digits: i32, most: i32) -> Outcome<i32> {
    if (0..=most).contains(&digits) {
        return Ok(digits);
    }
    Err(out_of_range(&format!("Rounding digits must be between 0 and {most}, inclusive."), "digits"))
}

/// Rounded to so many digits. Like .NET, it scales, rounds to whole numbers, and scales back.
pub(super) fn rounded(value: f64, digits: i32, mode: i32) -> f64 {
    if value.abs() >= 1e16 || !value.is_finite() {
        return value;
    }
    let power = 10_f64.powi(digits);
    whole(value * power, mode) / power
}

/// The same of single precision, where every step has that precision.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a whole number below 2^24, or one that had single precision before"
)]
pub(super) fn rounded_single(value: f32, digits: i32, mode: i32) -> f32 {
    if value.abs() >= 1e8 || !value.is_finite() {
        return value;
    }
    let power = 10_f32.powi(digits);
    whole(f64::from(value * power), mode) as f32 / power
}

fn whole(value: f64, mode: i32) -> f64 {
    match mode {
        1 => {
            let truncated = value.trunc();
            if (value - truncated).abs() >= 0.5 { truncated + 1_f64.copysign(value) } else { truncated }
        }
        2 => value.trunc(),
        3 => value.floor(),
        4 => value.ceil(),
        _ => value.round_ties_even(),
    }
}
