//! The text form of `System.Double` under the invariant culture. Holds no format strings and no parsing.

use std::fmt;

/// Writes `value` as `Double.ToString()` of .NET 8 does: the shortest digits that read back as the same number, in scientific
/// form from `1E+15` … that is, when the exponent is 15 or more and the digits do not reach it, or below -5.
///
/// # Errors
/// Those of the writer.
pub fn write_double(value: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if value.is_nan() {
        return f.write_str("NaN");
    }
    if value.is_infinite() {
        return f.write_str(if value > 0.0 { "Infinity" } else { "-Infinity" });
    }
    let magnitude = value.abs();
    // Verified on .NET 8 (reference, A5): 1e16 is "10000000000000000", 1e17 is "1E+17", 0.0001 is plain, 0.00001 is "1E-05".
    if magnitude != 0.0 && !(1e-4..1e17).contains(&magnitude) {
        return write_scientific(&shortest(value), f);
    }
    f.write_str(&even(
        value.to_string(),
        DOUBLE_DIGITS,
        |places| format!("{value:.places$}"),
        |text| text.parse() == Ok(value),
    ))
}

/// Writes `value` as `Single.ToString()` of .NET 8 does: as [`write_double`], but scientific from `1E+09` up.
///
/// # Errors
/// Those of the writer.
pub fn write_single(value: f32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if !value.is_finite() {
        return write_double(f64::from(value), f);
    }
    if value != 0.0 && !(1e-4..1e9).contains(&value.abs()) {
        return write_scientific(&shortest_single(value), f);
    }
    f.write_str(&even(
        value.to_string(),
        SINGLE_DIGITS,
        |places| format!("{value:.places$}"),
        |text| text.parse() == Ok(value),
    ))
}

// Texts of fewer digits are nowhere as near to each other as to be equally near to a number.
const DOUBLE_DIGITS: usize = 15;
const SINGLE_DIGITS: usize = 6;

/// The shortest digits that read back as the same number, as `{:e}` writes them. Of two that are equally near, .NET takes the even
/// one; `fmt` takes the upper one.
pub(crate) fn shortest(value: f64) -> String {
    even(format!("{value:e}"), DOUBLE_DIGITS, |places| format!("{value:.places$e}"), |text| text.parse() == Ok(value))
}

/// Those of a single-precision number.
pub(crate) fn shortest_single(value: f32) -> String {
    even(format!("{value:e}"), SINGLE_DIGITS, |places| format!("{value:.places$e}"), |text| text.parse() == Ok(value))
}

// The shortest text, or the even one of the same length; `rounded` writes the number with so many digits behind the point.
fn even(text: String, least: usize, rounded: impl Fn(usize) -> String, reads_back: impl Fn(&str) -> bool) -> String {
    let mantissa = text.split('e').next().unwrap_or("");
    // Without a point the last digits may be zeros that only hold places, and the number is no middle.
    let Some((_, behind)) = mantissa.split_once('.') else { return text };
    if mantissa.bytes().filter(u8::is_ascii_digit).count() < least {
        return text;
    }
    let other = rounded(behind.len());
    if reads_back(&other) { other } else { text }
}

fn write_scientific(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    write!(f, "{digits}E{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use crate::value::Value;

    #[test]
    fn doubles_as_dotnet_writes_them() {
        let cases = [
            (1e16, "10000000000000000"),
            (1e17, "1E+17"),
            (1.5e300, "1.5E+300"),
            (0.0001, "0.0001"),
            (0.000_01, "1E-05"),
            (0.1 + 0.2, "0.30000000000000004"),
            (-0.0, "-0"),
            (0.0, "0"),
            (120.0, "120"),
            (-0.012_5, "-0.0125"),
            (0.5, "0.5"),
            (1.5, "1.5"),
            // in the middle between two texts
            (999_999_999_876_543.2, "999999999876543.2"),
            (999_999_999_876_543.8, "999999999876543.8"),
            (-562_949_953_421_312.2, "-562949953421312.2"),
            (2.980_232_238_769_531_2e-8, "2.9802322387695312E-08"),
            (5e-324, "5E-324"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (value, text) in cases {
            assert_eq!(Value::Double(value).to_string(), text);
        }
    }
}
