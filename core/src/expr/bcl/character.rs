//! `System.Char`. Text of many characters is in `string`.

use super::string::index;
use super::{Call, Row, row, utf16};
use crate::expr::exception::{Outcome, format, out_of_range};
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("char", "static char MaxValue", |_| Ok(Value::Char(u16::MAX))),
    row("char", "static char MinValue", |_| Ok(Value::Char(0))),
    row("char", "static char Parse(string s)", |call| {
        let text = call.text(0, "s")?;
        match (utf16::unit_at(text, 0), utf16::length(text)) {
            (Some(unit), 1) => Ok(Value::Char(unit)),
            _ => Err(format("String must be exactly one character long.")),
        }
    }),
    row("char", "int CompareTo(char value)", |call| {
        Ok(Value::Int32(i32::from(call.unit(0)?) - i32::from(call.unit(1)?)))
    }),
    row("char", "bool Equals(char obj)", |call| Ok(Value::Bool(call.unit(0)? == call.unit(1)?))),
    row("char", "static string ToString(char c)", |call| {
        let text = utf16::char_of(call.unit(0)?).to_string();
        call.yields(text)
    }),
    row("char", "static char ToUpper(char c)", |call| mapped(call, utf16::upper)),
    row("char", "static char ToUpperInvariant(char c)", |call| mapped(call, utf16::upper)),
    row("char", "static char ToLower(char c)", |call| mapped(call, utf16::lower)),
    row("char", "static char ToLowerInvariant(char c)", |call| mapped(call, utf16::lower)),
    row("char", "static bool IsDigit(char c)", |call| at_unit(call, is_digit)),
    row("char", "static bool IsDigit(string s, int index)", |call| at_index(call, is_digit)),
    row("char", "static bool IsLetter(char c)", |call| at_unit(call, is_letter)),
    row("char", "static bool IsLetter(string s, int index)", |call| at_index(call, is_letter)),
    row("char", "static bool IsLetterOrDigit(char c)", |call| at_unit(call, |c| is_letter(c) || is_digit(c))),
    row("char", "static bool IsLetterOrDigit(string s, int index)", |call| {
        at_index(call, |c| is_letter(c) || is_digit(c))
    }),
    row("char", "static bool IsNumber(char c)", |call| at_unit(call, char::is_numeric)),
    row("char", "static bool IsNumber(string s, int index)", |call| at_index(call, char::is_numeric)),
    row("char", "static bool IsWhiteSpace(char c)", |call| at_unit(call, char::is_whitespace)),
    row("char", "static bool IsWhiteSpace(string s, int index)", |call| at_index(call, char::is_whitespace)),
    row("char", "static bool IsUpper(char c)", |call| at_unit(call, is_upper)),
    row("char", "static bool IsUpper(string s, int index)", |call| at_index(call, is_upper)),
    row("char", "static bool IsLower(char c)", |call| at_unit(call, is_lower)),
    row("char", "static bool IsLower(string s, int index)", |call| at_index(call, is_lower)),
    row("char", "static bool IsControl(char c)", |call| at_unit(call, char::is_control)),
    row("char", "static bool IsControl(string s, int index)", |call| at_index(call, char::is_control)),
    row("char", "static bool IsPunctuation(char c)", |call| at_unit(call, is_punctuation)),
    row("char", "static bool IsPunctuation(string s, int index)", |call| at_index(call, is_punctuation)),
    row("char", "static bool IsSymbol(char c)", |call| at_unit(call, is_symbol)),
    row("char", "static bool IsSymbol(string s, int index)", |call| at_index(call, is_symbol)),
    row("char", "static bool IsSeparator(char c)", |call| at_unit(call, is_separator)),
    row("char", "static bool IsSeparator(string s, int index)", |call| at_index(call, is_separator)),
    row("char", "static bool IsSurrogate(char c)", |call| unit_in(call, 0xd800, 0xdfff)),
    row("char", "static bool IsHighSurrogate(char c)", |call| unit_in(call, 0xd800, 0xdbff)),
    row("char", "static bool IsLowSurrogate(char c)", |call| unit_in(call, 0xdc00, 0xdfff)),
    row("char", "static bool IsAscii(char c)", |call| unit_in(call, 0, 0x7f)),
    row("char", "static bool IsAsciiDigit(char c)", |call| at_unit(call, |c| c.is_ascii_digit())),
    row("char", "static bool IsAsciiLetter(char c)", |call| at_unit(call, |c| c.is_ascii_alphabetic())),
    row("char", "static bool IsAsciiLetterOrDigit(char c)", |call| at_unit(call, |c| c.is_ascii_alphanumeric())),
    row("char", "static bool IsAsciiLetterLower(char c)", |call| at_unit(call, |c| c.is_ascii_lowercase())),
    row("char", "static bool IsAsciiLetterUpper(char c)", |call| at_unit(call, |c| c.is_ascii_uppercase())),
    row("char", "static bool IsAsciiHexDigit(char c)", |call| at_unit(call, |c| c.is_ascii_hexdigit())),
    row("char", "static bool IsAsciiHexDigitLower(char c)", |call| {
        at_unit(call, |c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase())
    }),
    row("char", "static bool IsAsciiHexDigitUpper(char c)", |call| {
        at_unit(call, |c| c.is_ascii_hexdigit() && !c.is_ascii_lowercase())
    }),
    row("char", "static bool IsBetween(char c, char minInclusive, char maxInclusive)", |call| {
        Ok(Value::Bool((call.unit(1)?..=call.unit(2)?).contains(&call.unit(0)?)))
    }),
    row("char", "static double GetNumericValue(char c)", |call| {
        Ok(Value::Double(numeric_value(utf16::char_of(call.unit(0)?))))
    }),
    row("char", "static string ConvertFromUtf32(int utf32)", |call| {
        let found = u32::try_from(call.int(0)?).ok().and_then(char::from_u32);
        let message = "A valid UTF32 value is between 0x000000 and 0x10ffff, inclusive, and should not include surrogate codepoint \
                       values (0x00d800 ~ 0x00dfff).";
        let text = found.ok_or_else(|| out_of_range(message, "utf32"))?.to_string();
        call.yields(text)
    }),
    row("char", "static int ConvertToUtf32(string s, int index)", |call| {
        let at = place(call)?;
        let text = call.text(0, "s")?;
        let found = text.char_indices().find(|(offset, _)| utf16::index_of_byte(text, *offset) == at);
        let not_high = "Found a low surrogate char without a preceding high surrogate at index: ";
        let message = || {
            crate::expr::exception::argument(
                &format!(
                    "{not_high}{at}. The input may not be in this encoding, or may \
                                                                    not contain valid Unicode (UTF-16) characters."
                ),
                "s",
            )
        };
        found.map(|(_, c)| Value::Int32(i32::try_from(u32::from(c)).unwrap_or(0))).ok_or_else(message)
    }),
    row("char", "static int ConvertToUtf32(char highSurrogate, char lowSurrogate)", |call| {
        let (high, low) = (call.unit(0)?, call.unit(1)?);
        if !(0xd800..=0xdbff).contains(&high) {
            let message = "A valid high surrogate character is between 0xd800 and 0xdbff, inclusive.";
            return Err(out_of_range(message, "highSurrogate"));
        }
        if !(0xdc00..=0xdfff).contains(&low) {
            let message = "A valid low surrogate character is between 0xdc00 and 0xdfff, inclusive.";
            return Err(out_of_range(message, "lowSurrogate"));
        }
        Ok(Value::Int32(((i32::from(high) - 0xd800) << 10) + i32::from(low) - 0xdc00 + 0x10000))
    }),
];

fn mapped(call: &mut Call<'_, '_>, case: fn(char) -> char) -> Outcome<Value> {
    let unit = call.unit(0)?;
    let Some(c) = char::from_u32(u32::from(unit)) else { return Ok(Value::Char(unit)) };
    Ok(Value::Char(u16::try_from(u32::from(case(c))).unwrap_or(unit)))
}

// Half a surrogate pair is in no class of characters.
fn at_unit(call: &mut Call<'_, '_>, test: fn(char) -> bool) -> Outcome<Value> {
    Ok(Value::Bool(char::from_u32(u32::from(call.unit(0)?)).is_some_and(test)))
}

fn unit_in(call: &mut Call<'_, '_>, least: u16, most: u16) -> Outcome<Value> {
    Ok(Value::Bool((least..=most).contains(&call.unit(0)?)))
}

fn place(call: &Call<'_, '_>) -> Outcome<usize> {
    let length = utf16::length(call.text(0, "s")?);
    let at = usize::try_from(call.int(1)?).ok().filter(|at| *at < length);
    at.ok_or_else(|| out_of_range("Specified argument was out of the range of valid values.", "index"))
}

fn at_index(call: &mut Call<'_, '_>, test: fn(char) -> bool) -> Outcome<Value> {
    let at = place(call)?;
    let text = call.text(0, "s")?;
    let (mut units, mut found) = (0, None);
    for c in text.chars() {
        units += c.len_utf16();
        if units > at {
            found = Some(c);
            break;
        }
    }
    debug_assert!(index(at) != Value::Int32(-1));
    Ok(Value::Bool(found.is_some_and(test)))
}

// `Nd`; of the decimal digits beyond ASCII those of the scripts that number from zero in blocks of ten.
fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || !c.is_ascii() && c.is_numeric() && (0..10).any(|digit| zero_of(c, digit))
}

// Whether the character is this digit of one of the blocks of decimal digits in the basic plane (Unicode 15, `Nd`).
fn zero_of(c: char, digit: u32) -> bool {
    const ZEROS: [u32; 37] = [
        0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6, 0x0e50,
        0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50,
        0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x0030,
    ];
    u32::from(c).checked_sub(digit).is_some_and(|zero| ZEROS.contains(&zero))
}

// `L*`: alphabetic without the marks and numbers that Unicode calls alphabetic too.
fn is_letter(c: char) -> bool {
    let is_mark_or_number =
        matches!(u32::from(c), 0x0345 | 0x2160..=0x2182 | 0x2185..=0x2188 | 0x24b6..=0x24e9 | 0x3007 | 0x3021..=0x3029);
    c.is_alphabetic() && !is_mark_or_number
}

// `Lu` and `Ll` are narrower than Rust's properties by the ordinal indicators, numerals and circled letters.
fn is_upper(c: char) -> bool {
    c.is_uppercase() && is_letter(c)
}

fn is_lower(c: char) -> bool {
    c.is_lowercase() && is_letter(c) && !matches!(c, 'ª' | 'º')
}

fn is_separator(c: char) -> bool {
    matches!(u32::from(c), 0x20 | 0xa0 | 0x1680 | 0x2000..=0x200a | 0x2028 | 0x2029 | 0x202f | 0x205f | 0x3000)
}

// `P*` of ASCII, Latin-1 and the general block; beyond them the usual ideographic marks.
fn is_punctuation(c: char) -> bool {
    match c {
        '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~' => false,
        c if c.is_ascii() => c.is_ascii_punctuation(),
        c => matches!(
            u32::from(c),
            0xa1 | 0xa7 | 0xab | 0xb6 | 0xb7 | 0xbb | 0xbf | 0x2010..=0x2027 | 0x2030..=0x2043 | 0x2045..=0x2051 | 0x2053..=0x205e
                | 0x3001..=0x3003 | 0x3008..=0x3011 | 0x3014..=0x301f
        ),
    }
}

// `S*` of ASCII, Latin-1, currency, arrows, mathematics and technical blocks.
fn is_symbol(c: char) -> bool {
    match c {
        '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~' => true,
        c if c.is_ascii() => false,
        c => matches!(
            u32::from(c),
            0xa2..=0xa6 | 0xa8 | 0xa9 | 0xac | 0xae..=0xb1 | 0xb4 | 0xb8 | 0xd7 | 0xf7 | 0x2044 | 0x2052 | 0x20a0..=0x20c0
                | 0x2100 | 0x2101 | 0x2103..=0x2106 | 0x2108 | 0x2109 | 0x2114 | 0x2116..=0x2118 | 0x211e..=0x2123
                | 0x2190..=0x2307 | 0x230c..=0x2328 | 0x232b..=0x2426 | 0x2500..=0x2767
        ),
    }
}

fn numeric_value(c: char) -> f64 {
    match c {
        '¼' => 0.25,
        '½' => 0.5,
        '¾' => 0.75,
        '²' => 2.0,
        '³' => 3.0,
        '¹' => 1.0,
        c => match (0..10).find(|digit| zero_of(c, *digit)) {
            Some(digit) => f64::from(digit),
            None => -1.0,
        },
    }
}
