//! Functions of `float` and `double`, which `Math` shares. What the numbers are is in `number_real`.

use super::native::{Native, one, two};
use super::number_real::Real;
use super::rounding::{ROUND_DIGITS_DOUBLE, ROUND_DIGITS_SINGLE, mode, round_digits, rounded, rounded_single};
use super::tuple::named;
use super::{Call, Row, row};
use crate::expr::exception::Outcome;
use crate::expr::fold::NAN_DOUBLE;
use crate::value::Value;

/// All tables of this file.
pub(super) const TABLES: [&[Row]; 4] = [SINGLE, DOUBLE, SINGLE_ROUND, DOUBLE_ROUND];

macro_rules! functions {
    ($($table:ident $name:literal $native:ident;)*) => {
        $(const $table: &[Row] = &[
            row($name, concat!("static ", $name, " Abs(", $name, " value)"), |call| one(call, $native::abs)),
            row($name, concat!("static ", $name, " Floor(", $name, " x)"), |call| one(call, $native::floor)),
            row($name, concat!("static ", $name, " Ceiling(", $name, " x)"), |call| one(call, $native::ceil)),
            row($name, concat!("static ", $name, " Truncate(", $name, " x)"), |call| one(call, $native::trunc)),
            row($name, concat!("static ", $name, " Sqrt(", $name, " x)"), |call| one(call, $native::sqrt)),
            row($name, concat!("static ", $name, " Cbrt(", $name, " x)"), |call| one(call, $native::cbrt)),
            row($name, concat!("static ", $name, " Exp(", $name, " x)"), |call| one(call, $native::exp)),
            row($name, concat!("static ", $name, " ExpM1(", $name, " x)"), |call| {
                one::<$native, $native>(call, |x| x.exp() - 1.0)
            }),
            row($name, concat!("static ", $name, " Exp2(", $name, " x)"), |call| {
                one::<$native, $native>(call, |x| (2.0 as $native).powf(x))
            }),
            row($name, concat!("static ", $name, " Exp2M1(", $name, " x)"), |call| {
                one::<$native, $native>(call, |x| (2.0 as $native).powf(x) - 1.0)
            }),
            row($name, concat!("static ", $name, " Exp10(", $name, " x)"), |call| {
                one::<$native, $native>(call, |x| (10.0 as $native).powf(x))
            }),
            row($name, concat!("static ", $name, " Exp10M1(", $name, " x)"), |call| {
                one::<$native, $native>(call, |x| (10.0 as $native).powf(x) - 1.0)
            }),
            row($name, concat!("static ", $name, " Log(", $name, " x)"), |call| one(call, <$native as Reckoned>::logarithm)),
            row($name, concat!("static ", $name, " Log(", $name, " x, ", $name, " newBase)"), |call| {
                two::<$native, $native>(call, Reckoned::logarithm_to)
            }),
            row($name, concat!("static ", $name, " LogP1(", $name, " x)"), |call| {
                one::<$native, $native>(call, |x| (x + 1.0).logarithm())
            }),
            row($name, concat!("static ", $name, " Log2(", $name, " value)"), |call| one(call, <$native as Reckoned>::logarithm_of_two)),
            row($name, concat!("static ", $name, " Log2P1(", $name, " x)"), |call| {
                one::<$native, $native>(call, |x| (x + 1.0).logarithm_of_two())
            }),
            row($name, concat!("static ", $name, " Log10(", $name, " x)"), |call| one(call, $native::log10)),
            row($name, concat!("static ", $name, " Log10P1(", $name, " x)"), |call| {
                one::<$native, $native>(call, |x| (x + 1.0).log10())
            }),
            row($name, concat!("static ", $name, " Sin(", $name, " x)"), |call| one(call, $native::sin)),
            row($name, concat!("static ", $name, " Sinh(", $name, " x)"), |call| one(call, $native::sinh)),
            row($name, concat!("static ", $name, " Asin(", $name, " x)"), |call| one(call, $native::asin)),
            row($name, concat!("static ", $name, " Asinh(", $name, " x)"), |call| one(call, <$native as Reckoned>::area_sine)),
            row($name, concat!("static ", $name, " Cos(", $name, " x)"), |call| one(call, $native::cos)),
            row($name, concat!("static ", $name, " Cosh(", $name, " x)"), |call| one(call, $native::cosh)),
            row($name, concat!("static ", $name, " Acos(", $name, " x)"), |call| one(call, $native::acos)),
            row($name, concat!("static ", $name, " Acosh(", $name, " x)"), |call| one(call, <$native as Reckoned>::area_cosine)),
            row($name, concat!("static ", $name, " Tan(", $name, " x)"), |call| one(call, $native::tan)),
            row($name, concat!("static ", $name, " Tanh(", $name, " x)"), |call| one(call, $native::tanh)),
            row($name, concat!("static ", $name, " Atan(", $name, " x)"), |call| one(call, $native::atan)),
            row($name, concat!("static ", $name, " Atanh(", $name, " x)"), |call| one(call, <$native as Reckoned>::area_tangent)),
            row($name, concat!("static ", $name, " AsinPi(", $name, " x)"), |call| {
                one::<$native, $native>(call, |x| x.asin() / std::$native::consts::PI)
            }),
            row($name, concat!("static ", $name, " AcosPi(", $name, " x)"), |call| {
                one::<$native, $native>(call, |x| x.acos() / std::$native::consts::PI)
            }),
            row($name, concat!("static ", $name, " AtanPi(", $name, " x)"), |call| {
                one::<$native, $native>(call, |x| x.atan() / std::$native::consts::PI)
            }),
            row($name, concat!("static ", $name, " SinPi(", $name, " x)"), |call| {
                one::<$native, $native>(call, |x| sine_of_turns(x.wide()) as $native)
            }),
            row($name, concat!("static ", $name, " CosPi(", $name, " x)"), |call| {
                one::<$native, $native>(call, |x| cosine_of_turns(x.wide()) as $native)
            }),
            row($name, concat!("static Waves<", $name, ", ", $name, "> SinCos(", $name, " x)"), |call| {
                let x: $native = call.native(0)?;
                named(call, [("Sin", $native::TYPE, x.sin().value()), ("Cos", $native::TYPE, x.cos().value())])
            }),
            row($name, concat!("static WavesOfPi<", $name, ", ", $name, "> SinCosPi(", $name, " x)"), |call| {
                let x = call.native::<$native>(0)?.wide();
                let (sine, cosine) = (sine_of_turns(x) as $native, cosine_of_turns(x) as $native);
                named(call, [("SinPi", $native::TYPE, sine.value()), ("CosPi", $native::TYPE, cosine.value())])
            }),
            row($name, concat!("static ", $name, " TanPi(", $name, " x)"), |call| {
                one::<$native, $native>(call, |x| tangent_of_turns(x.wide()) as $native)
            }),
            row($name, concat!("static ", $name, " DegreesToRadians(", $name, " degrees)"), |call| {
                one::<$native, $native>(call, |x| x * std::$native::consts::PI / 180.0)
            }),
            row($name, concat!("static ", $name, " RadiansToDegrees(", $name, " radians)"), |call| {
                one::<$native, $native>(call, |x| x * 180.0 / std::$native::consts::PI)
            }),
            row($name, concat!("static ", $name, " Atan2(", $name, " y, ", $name, " x)"), |call| two(call, $native::atan2)),
            row($name, concat!("static ", $name, " Atan2Pi(", $name, " y, ", $name, " x)"), |call| {
                two::<$native, $native>(call, |y, x| y.atan2(x) / std::$native::consts::PI)
            }),
            row($name, concat!("static ", $name, " Pow(", $name, " x, ", $name, " y)"), |call| two(call, $native::powf)),
            row($name, concat!("static ", $name, " Hypot(", $name, " x, ", $name, " y)"), |call| two(call, $native::hypot)),
            row($name, concat!("static ", $name, " RootN(", $name, " x, int n)"), |call| {
                Ok((root(call.native::<$native>(0)?.wide(), call.int(1)?) as $native).value())
            }),
            row($name, concat!("static ", $name, " CopySign(", $name, " value, ", $name, " sign)"), |call| {
                two(call, $native::copysign)
            }),
            row($name, concat!("static ", $name, " Ieee754Remainder(", $name, " left, ", $name, " right)"), |call| {
                two::<$native, $native>(call, |x, y| remainder(x.wide(), y.wide()) as $native)
            }),
            row($name, concat!("static int ILogB(", $name, " x)"), |call| {
                Ok(Value::Int32(exponent(call.native::<$native>(0)?.wide())))
            }),
            row($name, concat!("static ", $name, " ScaleB(", $name, " x, int n)"), |call| {
                Ok((scaled(call.native::<$native>(0)?.wide(), call.int(1)?) as $native).value())
            }),
            row($name, concat!("static ", $name, " BitIncrement(", $name, " x)"), |call| one(call, $native::next_up)),
            row($name, concat!("static ", $name, " BitDecrement(", $name, " x)"), |call| one(call, $native::next_down)),
            row(
                $name,
                concat!("static ", $name, " FusedMultiplyAdd(", $name, " left, ", $name, " right, ", $name, " addend)"),
                |call| Ok(call.native::<$native>(0)?.mul_add(call.native(1)?, call.native(2)?).value()),
            ),
            row(
                $name,
                concat!("static ", $name, " Lerp(", $name, " value1, ", $name, " value2, ", $name, " amount)"),
                |call| {
                    let (from, to) = (call.native::<$native>(0)?, call.native::<$native>(1)?);
                    let amount = call.native::<$native>(2)?;
                    Ok((from * (1.0 - amount) + to * amount).value())
                },
            ),
            row($name, concat!("static ", $name, " ReciprocalEstimate(", $name, " x)"), |call| one(call, $native::recip)),
            row($name, concat!("static ", $name, " ReciprocalSqrtEstimate(", $name, " x)"), |call| {
                one::<$native, $native>(call, |x| x.sqrt().recip())
            }),
            row($name, concat!("static ", $name, " Max(", $name, " x, ", $name, " y)"), |call| pick::<$native>(call, most)),
            row($name, concat!("static ", $name, " Min(", $name, " x, ", $name, " y)"), |call| pick::<$native>(call, least)),
            row($name, concat!("static ", $name, " MaxNumber(", $name, " x, ", $name, " y)"), |call| {
                pick::<$native>(call, |x, y| y.is_nan() || !x.is_nan() && most(x, y))
            }),
            row($name, concat!("static ", $name, " MinNumber(", $name, " x, ", $name, " y)"), |call| {
                pick::<$native>(call, |x, y| y.is_nan() || !x.is_nan() && least(x, y))
            }),
            row($name, concat!("static ", $name, " MaxMagnitude(", $name, " x, ", $name, " y)"), |call| {
                pick::<$native>(call, |x, y| x.is_nan() || !y.is_nan() && largest(x, y))
            }),
            row($name, concat!("static ", $name, " MinMagnitude(", $name, " x, ", $name, " y)"), |call| {
                pick::<$native>(call, |x, y| x.is_nan() || !y.is_nan() && smallest(x, y))
            }),
            row($name, concat!("static ", $name, " MaxMagnitudeNumber(", $name, " x, ", $name, " y)"), |call| {
                pick::<$native>(call, |x, y| y.is_nan() || largest(x, y))
            }),
            row($name, concat!("static ", $name, " MinMagnitudeNumber(", $name, " x, ", $name, " y)"), |call| {
                pick::<$native>(call, |x, y| y.is_nan() || smallest(x, y))
            }),
        ];)*
    };
}

functions! {
    SINGLE "float" f32;
    DOUBLE "double" f64;
}

macro_rules! roundings {
    ($($table:ident $name:literal $native:ident $most:ident $rounded:ident;)*) => {
        $(const $table: &[Row] = &[
            row($name, concat!("static ", $name, " Round(", $name, " x)"), |call| one(call, $native::round_ties_even)),
            row($name, concat!("static ", $name, " Round(", $name, " x, int digits)"), |call| {
                let digits = round_digits(call.int(1)?, $most)?;
                Ok($rounded(call.native(0)?, digits, 0).value())
            }),
            row($name, concat!("static ", $name, " Round(", $name, " x, MidpointRounding mode)"), |call| {
                Ok($rounded(call.native(0)?, 0, mode(call, 1)?).value())
            }),
            row($name, concat!("static ", $name, " Round(", $name, " x, int digits, MidpointRounding mode)"), |call| {
                let digits = round_digits(call.int(1)?, $most)?;
                Ok($rounded(call.native(0)?, digits, mode(call, 2)?).value())
            }),
        ];)*
    };
}

roundings! {
    SINGLE_ROUND "float" f32 ROUND_DIGITS_SINGLE rounded_single;
    DOUBLE_ROUND "double" f64 ROUND_DIGITS_DOUBLE rounded;
}

/// Functions as the C library reckons them. Rust's own inverse hyperbolic functions overflow early and end in other digits; of what
/// has no logarithm another NaN is the result.
pub(super) trait Reckoned: Sized {
    /// `log`
    fn logarithm(self) -> Self;
    /// `log2`
    fn logarithm_of_two(self) -> Self;
    /// .NET's logarithm to any base.
    fn logarithm_to(self, base: Self) -> Self;
    /// `asinh`
    fn area_sine(self) -> Self;
    /// `acosh`
    fn area_cosine(self) -> Self;
    /// `atanh`
    fn area_tangent(self) -> Self;
}

macro_rules! reckoned {
    ($($native:ident)*) => {
        $(impl Reckoned for $native {
            fn logarithm(self) -> Self {
                if self < 0.0 { Self::NAN } else { self.ln() }
            }

            fn logarithm_of_two(self) -> Self {
                if self < 0.0 { Self::NAN } else { self.log2() }
            }

            fn logarithm_to(self, base: Self) -> Self {
                match (self, base) {
                    (x, _) if x.is_nan() => x,
                    (_, base) if base.is_nan() => base,
                    (x, base) if has_logarithm(x.wide(), base.wide()) => x.logarithm() / base.logarithm(),
                    _ => NAN_DOUBLE as Self,
                }
            }

            fn area_sine(self) -> Self {
                let (x, square) = (self.abs(), self * self);
                let area = match x {
                    x if !x.is_finite() => return self,
                    x if x > LARGE as Self => x.ln() + std::$native::consts::LN_2,
                    x if x > 2.0 => (2.0 * x + 1.0 / ((square + 1.0).sqrt() + x)).ln(),
                    x => (x + square / (1.0 + (1.0 + square).sqrt())).ln_1p(),
                };
                area.copysign(self)
            }

            fn area_cosine(self) -> Self {
                let rest = self - 1.0;
                match self {
                    x if x < 1.0 => NAN_DOUBLE as Self,
                    x if x > LARGE as Self => x.ln() + std::$native::consts::LN_2,
                    x if x > 2.0 => (2.0 * x - 1.0 / (x + (x * x - 1.0).sqrt())).ln(),
                    _ => (rest + (2.0 * rest + rest * rest).sqrt()).ln_1p(),
                }
            }

            fn area_tangent(self) -> Self {
                let (x, twice) = (self.abs(), self.abs() * 2.0);
                if x > 1.0 {
                    return NAN_DOUBLE as Self;
                }
                let argument = if x < 0.5 { twice + twice * x / (1.0 - x) } else { twice / (1.0 - x) };
                (0.5 * argument.ln_1p()).copysign(self)
            }
        })*
    };
}

/// From here on the square of a number is all that counts: 2^28.
const LARGE: f32 = 268_435_456.0;

reckoned! { f32 f64 }

/// One of two numbers: the first when `first_wins`.
pub(super) fn pick<T: Real>(call: &Call<'_, '_>, first_wins: fn(f64, f64) -> bool) -> Outcome<Value> {
    let (a, b) = (call.native::<T>(0)?, call.native::<T>(1)?);
    Ok(if first_wins(a.wide(), b.wide()) { a } else { b }.value())
}

fn same(a: f64, b: f64) -> bool {
    a.partial_cmp(&b).is_some_and(std::cmp::Ordering::is_eq)
}

/// Whether the first is the larger one; what is no number wins, and zero goes before minus zero.
pub(super) fn most(a: f64, b: f64) -> bool {
    a.is_nan() || a > b || same(a, b) && b.is_sign_negative()
}

/// Whether the first is the smaller one; what is no number wins, and minus zero goes before zero.
pub(super) fn least(a: f64, b: f64) -> bool {
    a.is_nan() || a < b || same(a, b) && a.is_sign_negative()
}

/// Whether the first is farther from zero.
pub(super) fn largest(a: f64, b: f64) -> bool {
    a.abs() > b.abs() || same(a.abs(), b.abs()) && !a.is_sign_negative()
}

/// Whether the first is nearer to zero.
pub(super) fn smallest(a: f64, b: f64) -> bool {
    a.abs() < b.abs() || same(a.abs(), b.abs()) && a.is_sign_negative()
}

// Whether .NET thinks that a number has a logarithm to this base.
fn has_logarithm(value: f64, base: f64) -> bool {
    !same(base, 1.0) && (same(value, 1.0) || !same(base, 0.0) && !same(base, f64::INFINITY))
}

/// What is left of `x / y` when the quotient is the nearest whole number.
pub(super) fn remainder(x: f64, y: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if y.is_nan() {
        return y;
    }
    let regular = x % y;
    if regular.is_nan() {
        return NAN_DOUBLE;
    }
    if same(regular, 0.0) && x.is_sign_negative() {
        return -0.0;
    }
    let alternative = regular - (y.abs() * x.signum());
    match alternative.abs().partial_cmp(&regular.abs()) {
        Some(std::cmp::Ordering::Equal) => {
            let quotient = x / y;
            if quotient.round_ties_even().abs() > quotient.abs() { alternative } else { regular }
        }
        Some(std::cmp::Ordering::Less) => alternative,
        Some(std::cmp::Ordering::Greater) | None => regular,
    }
}

/// The exponent of two, as C's `ilogb`.
pub(super) fn exponent(value: f64) -> i32 {
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

/// `x * 2^n`, rounded once: each step but the last stays among the normal numbers.
pub(super) fn scaled(x: f64, n: i32) -> f64 {
    let (mut x, mut n) = (x, n.clamp(-4000, 4000));
    while n > 1000 {
        x *= 2_f64.powi(1000);
        n -= 1000;
    }
    while n < -960 {
        x *= 2_f64.powi(-960);
        n += 960;
    }
    x * 2_f64.powi(n)
}

fn root(x: f64, n: i32) -> f64 {
    let is_odd = n % 2 != 0;
    match n {
        0 => NAN_DOUBLE,
        2 => x.sqrt() + 0.0,
        3 => x.cbrt(),
        _ if x.is_nan() || x < 0.0 && !is_odd => NAN_DOUBLE,
        _ if same(x, 0.0) && n > 0 => {
            if is_odd {
                x
            } else {
                0.0
            }
        }
        _ if same(x, 0.0) => {
            if is_odd {
                f64::INFINITY.copysign(x)
            } else {
                f64::INFINITY
            }
        }
        _ => x.abs().powf(1.0 / f64::from(n)).copysign(x),
    }
}

// The part of a turn in half turns: a whole number of them, and what is left.
fn half_turns(x: f64) -> (f64, f64) {
    let whole = x.abs().trunc();
    (if whole % 2.0 > 0.5 { -1.0 } else { 1.0 }, x.abs() - whole)
}

fn sine_of_turns(x: f64) -> f64 {
    if !x.is_finite() {
        return NAN_DOUBLE;
    }
    let (sign, rest) = half_turns(x);
    let sine = match rest {
        rest if same(rest, 0.0) => return 0.0_f64.copysign(x),
        rest if rest <= 0.25 => (rest * std::f64::consts::PI).sin(),
        rest if rest <= 0.75 => ((0.5 - rest).abs() * std::f64::consts::PI).cos(),
        rest => ((1.0 - rest) * std::f64::consts::PI).sin(),
    };
    sine * sign * x.signum()
}

fn cosine_of_turns(x: f64) -> f64 {
    if !x.is_finite() {
        return NAN_DOUBLE;
    }
    let (sign, rest) = half_turns(x);
    sign * match rest {
        rest if same(rest, 0.5) => return 0.0,
        rest if rest <= 0.25 => (rest * std::f64::consts::PI).cos(),
        rest if rest < 0.5 => ((0.5 - rest) * std::f64::consts::PI).sin(),
        rest if rest <= 0.75 => -((rest - 0.5) * std::f64::consts::PI).sin(),
        rest => -((1.0 - rest) * std::f64::consts::PI).cos(),
    }
}

fn tangent_of_turns(x: f64) -> f64 {
    if !x.is_finite() {
        return NAN_DOUBLE;
    }
    let (sign, rest) = half_turns(x);
    match rest {
        rest if same(rest, 0.0) => (0.0 * sign).copysign(sign * x.signum()),
        rest if same(rest, 0.5) => f64::INFINITY * sign * x.signum(),
        rest if rest <= 0.25 => (rest * std::f64::consts::PI).tan() * x.signum(),
        rest if rest < 0.5 => ((0.5 - rest) * std::f64::consts::PI).tan().recip() * x.signum(),
        rest if rest <= 0.75 => -((rest - 0.5) * std::f64::consts::PI).tan().recip() * x.signum(),
        rest => -((1.0 - rest) * std::f64::consts::PI).tan() * x.signum(),
    }
}
