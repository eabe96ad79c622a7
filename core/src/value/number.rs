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
        return write_scientific(&format!("{value:e}"), f);
    }
    write!(f, "{value}")
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
        return write_scientific(&format!("{value:e}"), f);
    }
    write!(f, "{value}")
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
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (value, text) in cases {
            assert_eq!(Value::Double(value).to_string(), text);
        }
    }
}
