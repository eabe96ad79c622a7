//! How the text of a setting becomes a value. Knows the forms, not which key has which.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::settings::table::Kind;

/// The longest duration that a setting may name.
pub const DURATION_MAX: Duration = Duration::from_secs(24 * 3600);

/// Checks that `text` has the form of `kind`.
///
/// # Errors
/// Says in words what was expected.
pub fn check(kind: Kind, text: &str) -> Result<(), String> {
    match kind {
        Kind::Text | Kind::Secret => Ok(()),
        Kind::Flag => flag(text).map(drop),
        Kind::Timespan => timespan(text).map(drop),
        Kind::Number => number(text).map(drop),
        Kind::Bytes => bytes(text).map(drop),
        Kind::Fraction => fraction(text),
        Kind::OneOf(words) => one_of(words, text).map(drop),
        Kind::Listen => listen(text).map(drop),
        Kind::Path => path(text),
    }
}

/// Reads `true` or `false` in any case, as .NET's `bool.Parse` does.
///
/// # Errors
/// It is neither.
pub fn flag(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("`{text}` is neither `true` nor `false`")),
    }
}

/// Reads a whole number.
///
/// # Errors
/// It is none, or does not fit.
pub fn number(text: &str) -> Result<u64, String> {
    text.trim().parse().map_err(|_| format!("`{text}` is not a whole number"))
}

/// Reads a number of bytes: `1048576`, `1024 KiB`, `1MiB`.
///
/// # Errors
/// It is none, or does not fit.
pub fn bytes(text: &str) -> Result<u64, String> {
    let trimmed = text.trim();
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    let found = units.iter().find_map(|(unit, size)| Some((trimmed.strip_suffix(unit)?, *size)));
    let (digits, size) = found.unwrap_or((trimmed, 1_u64));
    let count: Option<u64> = digits.trim_end().parse().ok();
    count.and_then(|count| count.checked_mul(size)).ok_or_else(|| {
        format!("`{text}` is not a number of bytes: expected one as in `67108864`, `512KiB`, `64MiB` or `1GiB`")
    })
}

/// Reads one of `words`, in any case; gives the word as it stands in the list.
///
/// # Errors
/// It is none of them.
pub fn one_of(words: &[&'static str], text: &str) -> Result<&'static str, String> {
    let trimmed = text.trim();
    words.iter().copied().find(|word| word.eq_ignore_ascii_case(trimmed)).ok_or_else(|| {
        let listed: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        format!("`{text}` is none of {}", listed.join(", "))
    })
}

/// Reads `ip:port`, or `off`, which is `None`.
///
/// # Errors
/// It is neither.
pub fn listen(text: &str) -> Result<Option<SocketAddr>, String> {
    let trimmed = text.trim();
    if trimmed.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    trimmed
        .parse()
        .map(Some)
        .map_err(|_| format!("`{text}` is not an address and port as in `0.0.0.0:8080`, nor `off`"))
}

/// Reads a duration: .NET's `[d.]hh:mm[:ss[.fffffff]]`, or a whole number with `ms`, `s`, `m` or `h`. A number alone is refused: .NET
/// takes it for days, people for seconds.
///
/// # Errors
/// It is none, or longer than [`DURATION_MAX`].
pub fn timespan(text: &str) -> Result<Duration, String> {
    let trimmed = text.trim();
    let duration = if trimmed.contains(':') { dotnet(trimmed) } else { with_unit(trimmed) }
        .ok_or_else(|| format!("`{text}` is not a duration; `00:00:10`, `10s` and `500ms` are"))?;
    if duration > DURATION_MAX {
        return Err(format!("`{text}` is longer than a day"));
    }
    Ok(duration)
}

/// Reads a key of 32 bytes, in base64 or in hexadecimal digits. The message never shows the text.
///
/// # Errors
/// It is neither, or has another length.
pub fn key(text: &str) -> Result<[u8; 32], String> {
    let trimmed = text.trim();
    let bytes = match hexadecimal(trimmed) {
        Some(bytes) => bytes,
        None => BASE64.decode(trimmed).map_err(|_| KEY_FORM.to_owned())?,
    };
    let length = bytes.len();
    bytes.try_into().map_err(|_| format!("the key has {length} bytes; {KEY_FORM}"))
}

const KEY_FORM: &str = "expected 32 bytes as 44 characters of base64 or 64 hexadecimal digits";

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect()
}

fn fraction(text: &str) -> Result<(), String> {
    match text.trim().parse::<f64>() {
        Ok(number) if (0.0..=1.0).contains(&number) => Ok(()),
        Ok(_) | Err(_) => Err(format!("`{text}` is not a number from 0 to 1")),
    }
}

fn path(text: &str) -> Result<(), String> {
    if text.trim().is_empty() { Err("the path is empty".to_owned()) } else { Ok(()) }
}

fn with_unit(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at(split);
    let number: u64 = digits.parse().ok()?;
    match unit.trim() {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3600).map(Duration::from_secs),
        _ => None,
    }
}

fn dotnet(text: &str) -> Option<Duration> {
    let (head, rest) = text.split_once(':')?;
    let (days, hours) = match head.split_once('.') {
        Some((days, hours)) => (field(days, u32::MAX)?, field(hours, 23)?),
        None => (0, field(head, 23)?),
    };
    let (minutes, seconds) = rest.split_once(':').unwrap_or((rest, "0"));
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let minutes = field(minutes, 59)?;
    let whole = days * 86_400 + hours * 3600 + minutes * 60 + field(seconds, 59)?;
    Some(Duration::from_secs(whole) + ticks(fraction)?)
}

fn field(digits: &str, max: u32) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let value: u64 = if is_number { digits.parse().ok()? } else { return None };
    (value <= u64::from(max)).then_some(value)
}

// Up to seven digits: .NET counts ticks of 100 ns.
fn ticks(digits: &str) -> Option<Duration> {
    if digits.len() > 7 {
        return None;
    }
    let value = field(digits, 9_999_999)?;
    let missing = u32::try_from(7 - digits.len()).ok()?;
    Some(Duration::from_nanos(value * 10_u64.pow(missing) * 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_bytes() {
        for (text, expected) in [
            ("0", Some(0)),
            (" 1024 ", Some(1024)),
            ("3KiB", Some(3072)),
            ("64 MiB", Some(67_108_864)),
            ("2GiB", Some(2_147_483_648)),
            ("17179869184GiB", None),
            ("64MB", None),
            ("-1", None),
            ("MiB", None),
        ] {
            assert_eq!(bytes(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn timespans() {
        let cases = [
            ("00:01:40", Some(100_000)),
            ("0:0:1.5", Some(1_500)),
            ("01:00", Some(3_600_000)),
            ("1.00:00:00", Some(86_400_000)),
            ("10s", Some(10_000)),
            ("500ms", Some(500)),
            ("2 m", Some(120_000)),
            ("1h", Some(3_600_000)),
            ("10", None),
            ("-00:00:10", None),
            ("00:60:00", None),
            ("25h", None),
            ("s", None),
            ("", None),
            ("00:00:00.12345678", None),
        ];
        for (text, millis) in cases {
            assert_eq!(timespan(text).ok(), millis.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn keys_in_both_forms_and_never_in_the_message() {
        let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        assert_eq!(key(hex).unwrap()[31], 31);
        assert_eq!(key(&BASE64.encode([7; 32])), Ok([7; 32]));
        let short = key(&BASE64.encode([7; 16])).unwrap_err();
        assert!(short.contains("16 bytes") && !short.contains("Bwc"), "{short}");
        assert!(!key("my-password!").unwrap_err().contains("password"));
    }

    #[test]
    fn listeners() {
        assert_eq!(listen("off"), Ok(None));
        assert_eq!(listen("[::]:8080").unwrap().unwrap().port(), 8080);
        assert!(listen("8080").is_err());
        assert!(listen("localhost:8080").is_err());
    }
}
