//! `format-number`: pictures of numbers, as in `#,##0.00`. XSLT 1.0 §12.3.

use super::stylesheet::Stylesheet;
use super::tree::Name;
use super::xpath::number;

/// The most digits that a picture may ask for.
const DIGITS_MAX: usize = 100;

/// `xsl:decimal-format`
#[derive(Clone, Debug)]
pub(super) struct DecimalFormat {
    pub(super) decimal: char,
    pub(super) grouping: char,
    pub(super) percent: char,
    pub(super) per_mille: char,
    pub(super) zero: char,
    pub(super) digit: char,
    pub(super) separator: char,
    pub(super) minus: char,
    pub(super) infinity: String,
    pub(super) nan: String,
}

impl Default for DecimalFormat {
    fn default() -> Self {
        Self {
            decimal: '.',
            grouping: ',',
            percent: '%',
            per_mille: '\u{2030}',
            zero: '0',
            digit: '#',
            separator: ';',
            minus: '-',
            infinity: "Infinity".to_owned(),
            nan: "NaN".to_owned(),
        }
    }
}

impl Stylesheet {
    /// `format-number`
    pub(super) fn format_number(&self, value: f64, picture: &str, name: Option<&str>) -> Result<String, String> {
        let local = |name: &Name| name.local.to_string();
        let known = match name {
            None => self.formats.get(&None),
            Some(wanted) => {
                let wanted = wanted.rsplit_once(':').map_or(wanted, |(_, wanted)| wanted);
                let named = self.formats.iter().find(|(name, _)| name.as_ref().map(local).as_deref() == Some(wanted));
                Some(named.ok_or_else(|| format!("there is no decimal format `{wanted}`"))?.1)
            }
        };
        let format = known.cloned().unwrap_or_default();
        format.write(value, picture)
    }
}

/// What one half of a picture says.
struct Picture {
    prefix: String,
    suffix: String,
    whole_min: usize,
    fraction_min: usize,
    fraction_max: usize,
    group: Option<usize>,
    scale: f64,
}

impl DecimalFormat {
    fn write(&self, value: f64, picture: &str) -> Result<String, String> {
        let mut halves = picture.splitn(2, self.separator);
        let first = halves.next().unwrap_or("");
        let positive = self.read(first)?;
        if value.is_nan() {
            return Ok(self.nan.clone());
        }
        let negative = match (value.is_sign_negative() && value != 0.0, halves.next()) {
            (true, Some(half)) => {
                let half = self.read(half)?;
                Some((half.prefix, half.suffix))
            }
            (true, None) => Some((format!("{}{}", self.minus, positive.prefix), positive.suffix.clone())),
            (false, _) => None,
        };
        let digits = if value.is_infinite() {
            self.infinity.clone()
        } else {
            self.digits(value.abs() * positive.scale, &positive)
        };
        let is_nothing = !digits.chars().any(|c| c != self.zero && c != self.decimal && c != self.grouping);
        let (prefix, suffix) = match negative.filter(|_| !is_nothing) {
            Some((prefix, suffix)) => (prefix, suffix),
            None => (positive.prefix, positive.suffix),
        };
        Ok(format!("{prefix}{digits}{suffix}"))
    }

    fn digits(&self, value: f64, picture: &Picture) -> String {
        let (whole, fraction) = rounded(value, picture.fraction_max);
        let whole = whole.trim_start_matches('0');
        let missing = picture.whole_min.saturating_sub(whole.len());
        let whole: Vec<char> = std::iter::repeat_n('0', missing).chain(whole.chars()).collect();
        let mut out = String::new();
        for (index, c) in whole.iter().enumerate() {
            let left = whole.len() - index;
            if index > 0 && picture.group.is_some_and(|group| left.is_multiple_of(group)) {
                out.push(self.grouping);
            }
            out.push(self.digit_of(*c));
        }
        let shown = fraction.trim_end_matches('0').len().max(picture.fraction_min);
        if shown > 0 {
            out.push(self.decimal);
            out.extend(fraction.chars().take(shown).map(|c| self.digit_of(c)));
        }
        out
    }

    fn digit_of(&self, c: char) -> char {
        c.to_digit(10).and_then(|digit| char::from_u32(u32::from(self.zero) + digit)).unwrap_or(c)
    }

    fn read(&self, half: &str) -> Result<Picture, String> {
        let is_active = |c: char| c == self.zero || c == self.digit || c == self.decimal || c == self.grouping;
        let start =
            half.find(is_active).ok_or_else(|| format!("`{half}` is no picture of a number: it has no digit"))?;
        let rest = half.get(start..).unwrap_or("");
        let end = rest
            .rfind(is_active)
            .map_or(0, |at| at + rest.get(at..).and_then(|r| r.chars().next()).map_or(0, char::len_utf8));
        let (prefix, active, suffix) =
            (half.get(..start).unwrap_or(""), rest.get(..end).unwrap_or(""), rest.get(end..).unwrap_or(""));
        if active.chars().any(|c| !is_active(c)) || active.chars().count() > DIGITS_MAX {
            return Err(format!("`{half}` is no picture of a number"));
        }
        let (whole, fraction) = active.split_once(self.decimal).unwrap_or((active, ""));
        if fraction.contains(self.decimal) || fraction.contains(self.grouping) {
            return Err(format!("`{half}` is no picture of a number"));
        }
        let count = |text: &str, wanted: char| text.chars().filter(|c| *c == wanted).count();
        let group = whole.rsplit_once(self.grouping).map(|(_, last)| last.chars().count()).filter(|group| *group > 0);
        let both = format!("{prefix}{suffix}");
        let scale = if both.contains(self.percent) {
            100.0
        } else if both.contains(self.per_mille) {
            1000.0
        } else {
            1.0
        };
        Ok(Picture {
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
            whole_min: count(whole, self.zero),
            fraction_min: count(fraction, self.zero),
            fraction_max: fraction.chars().count(),
            group,
            scale,
        })
    }
}

// The digits before and behind the point. As in .NET a number has 15 digits, and the middle goes up.
fn rounded(value: f64, fraction_max: usize) -> (String, String) {
    let written = format!("{value:.14e}");
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let mut digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    // How many digits stand before the point; what is less than one begins with zeros.
    let mut point = exponent.parse::<isize>().unwrap_or(0) + 1;
    if point <= 0 {
        digits.splice(0..0, std::iter::repeat_n(0, point.unsigned_abs()));
        point = 0;
    }
    let point = point.unsigned_abs();
    let kept = point + fraction_max;
    let goes_up = digits.get(kept).is_some_and(|digit| *digit >= 5);
    digits.resize(kept, 0);
    digits.insert(0, 0);
    if goes_up {
        for digit in digits.iter_mut().rev() {
            *digit = (*digit + 1) % 10;
            if *digit > 0 {
                break;
            }
        }
    }
    let text: String = digits.iter().map(|digit| char::from(b'0' + digit)).collect();
    let (whole, fraction) = text.split_at_checked(point + 1).unwrap_or((&text, ""));
    (whole.to_owned(), fraction.to_owned())
}

/// A whole number in the form that a token of `xsl:number` asks for.
pub(super) fn counted(value: f64, token: &str) -> String {
    if value < 0.5 {
        // As in .NET.
        return number::text(value);
    }
    let rounded = number::round(value);
    if !(1.0..1e15).contains(&rounded) {
        return number::text(rounded);
    }
    let digits = number::text(rounded);
    let whole: u64 = digits.parse().unwrap_or(0);
    match token {
        "a" => letters(whole, b'a'),
        "A" => letters(whole, b'A'),
        "i" if whole < 5_000 => roman(whole).to_lowercase(),
        "I" if whole < 5_000 => roman(whole),
        _ => {
            let width = if token.ends_with('1') { token.len().min(DIGITS_MAX) } else { 1 };
            format!("{digits:0>width$}")
        }
    }
}

fn letters(mut value: u64, first: u8) -> String {
    let mut reversed = Vec::new();
    while value > 0 {
        value -= 1;
        let offset = u8::try_from(value % 26).unwrap_or(0);
        reversed.push(char::from(first + offset));
        value /= 26;
    }
    reversed.into_iter().rev().collect()
}

fn roman(mut value: u64) -> String {
    const SIGNS: [(u64, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let mut text = String::new();
    for (worth, sign) in SIGNS {
        while value >= worth {
            text.push_str(sign);
            value -= worth;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_numbers() {
        let cases = [
            (1234.5, "#,##0.00", "1,234.50"),
            (0.256, "#%", "26%"),
            (-3.0, "0.0;(0.0)", "(3.0)"),
            (-3.0, "0.0", "-3.0"),
            (-0.001, "0.0", "0.0"),
            (0.5, "#.##", ".5"),
            (2.5, "0", "3"),
            (0.125, "0.00", "0.13"),
            (0.124, "0.00", "0.12"),
            (0.0, "#", ""),
            (1.005, "0.00", "1.01"),
            (0.285, "0.00", "0.29"),
            (99.995, "0.00", "100.00"),
            (1.0 / 3.0, "0.####################", "0.333333333333333"),
            (1e-7, "0.##########", "0.0000001"),
            (12_345_678_901_234_567_890.0, "#,##0", "12,345,678,901,234,600,000"),
            (7.0, "000", "007"),
            (1_234_567.0, "#,####", "123,4567"),
            (f64::NAN, "0", "NaN"),
            (f64::NEG_INFINITY, "0", "-Infinity"),
            (12.0, "$0 only", "$12 only"),
        ];
        for (value, picture, expected) in cases {
            assert_eq!(DecimalFormat::default().write(value, picture).as_deref(), Ok(expected), "{value} {picture}");
        }
        for wrong in ["", "abc", "0.0.0", "0.0,0"] {
            assert!(DecimalFormat::default().write(1.0, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_of_lists() {
        let cases = [
            (3.0, "1", "3"),
            (3.0, "001", "003"),
            (28.0, "a", "ab"),
            (702.0, "A", "ZZ"),
            (1994.0, "I", "MCMXCIV"),
            (4.0, "i", "iv"),
            (0.0, "a", "0"),
        ];
        for (value, token, expected) in cases {
            assert_eq!(counted(value, token), expected);
        }
    }
}
