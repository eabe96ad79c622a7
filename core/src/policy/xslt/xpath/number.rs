//! Numbers of XPath and their texts. `format-number` is in `format`.

/// The number that a text says: digits with a sign and a point. A plus and an exponent are .NET's.
pub(in crate::policy::xslt) fn number(text: &str) -> f64 {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (digits, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let is_whole = !exponent.is_empty() && exponent.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = is_whole
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1
        && digits.bytes().any(|byte| byte.is_ascii_digit());
    if is_number { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

/// The text of a number: never with an exponent.
pub(in crate::policy::xslt) fn text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if number == 0.0 { "0".to_owned() } else { number.to_string() }
}

/// The whole number that is nearest, upwards from the middle.
pub(in crate::policy::xslt) fn round(number: f64) -> f64 {
    if number.is_nan() || number.is_infinite() || number == 0.0 {
        return number;
    }
    if (-0.5..0.0).contains(&number) { -0.0 } else { (number + 0.5).floor() }
}
