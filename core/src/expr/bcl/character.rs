//! `System.Char`. Text of many characters is in `string`.

use super::enums::UNICODE_CATEGORY;
use super::{Call, Row, row, utf16};
use crate::expr::exception::{Outcome, format, out_of_range};
use crate::value::Value;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory as _};

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
    row("char", "static UnicodeCategory GetUnicodeCategory(char c)", |call| {
        let c = char::from_u32(u32::from(call.unit(0)?));
        Ok(category_of(c))
    }),
    row("char", "static UnicodeCategory GetUnicodeCategory(string s, int index)", |call| {
        let c = character_at(call)?;
        Ok(category_of(c))
    }),
    row("char", "static bool IsDigit(char c)", |call| at_unit(call, is_digit)),
    row("char", "static bool IsDigit(string s, int index)", |call| at_index(call, is_digit)),
    row("char", "static bool IsLetter(char c)", |call| at_unit(call, is_letter)),
    row("char", "static bool IsLetter(string s, int index)", |call| at_index(call, is_letter)),
    row("char", "static bool IsLetterOrDigit(char c)", |call| at_unit(call, |c| is_letter(c) || is_digit(c))),
    row("char", "static bool IsLetterOrDigit(string s, int index)", |call| {
        at_index(call, |c| is_letter(c) || is_digit(c))
    }),
    row("char", "static bool IsNumber(char c)", |call| at_unit(call, is_number)),
    row("char", "static bool IsNumber(string s, int index)", |call| at_index(call, is_number)),
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
    row("char", "static bool IsSurrogate(string s, int index)", |call| unit_at_index(call, 0xd800, 0xdfff)),
    row("char", "static bool IsHighSurrogate(string s, int index)", |call| unit_at_index(call, 0xd800, 0xdbff)),
    row("char", "static bool IsLowSurrogate(string s, int index)", |call| unit_at_index(call, 0xdc00, 0xdfff)),
    row("char", "static bool IsSurrogatePair(string s, int index)", |call| {
        Ok(Value::Bool(character_at(call)?.is_some_and(|c| c.len_utf16() == 2)))
    }),
    row("char", "static bool IsSurrogatePair(char highSurrogate, char lowSurrogate)", |call| {
        let (high, low) = (call.unit(0)?, call.unit(1)?);
        Ok(Value::Bool((0xd800..=0xdbff).contains(&high) && (0xdc00..=0xdfff).contains(&low)))
    }),
    row("char", "static double GetNumericValue(string s, int index)", |call| {
        Ok(Value::Double(character_at(call)?.map_or(-1.0, numeric_value)))
    }),
    row("char", "static bool TryParse(string s, out char result)", |call| {
        let text = call.text_or_null(0)?.filter(|text| utf16::length(text) == 1);
        let unit = text.and_then(|text| utf16::unit_at(text, 0));
        call.give(Value::Char(unit.unwrap_or(0)));
        Ok(Value::Bool(unit.is_some()))
    }),
    row("char", "int CompareTo(object value)", |call| match call.value(1) {
        Value::Null => Ok(Value::Int32(1)),
        Value::Char(other) => Ok(Value::Int32(i32::from(call.unit(0)?) - i32::from(*other))),
        _ => Err(crate::expr::exception::throw("System.ArgumentException", "Object must be of type Char.")),
    }),
    row("char", "string ToString(IFormatProvider provider)", |call| {
        let text = utf16::char_of(call.unit(0)?).to_string();
        call.yields(text)
    }),
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
        // Distances wrap, so that bounds in the wrong order contain what lies outside of them.
        let (unit, least, most) = (call.unit(0)?, call.unit(1)?, call.unit(2)?);
        Ok(Value::Bool(u32::from(unit).wrapping_sub(least.into()) <= u32::from(most).wrapping_sub(least.into())))
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
        let text = call.text(0, "s")?;
        let at = usize::try_from(call.int(1)?).ok().filter(|at| *at < utf16::length(text));
        let outside = "Index was out of range. Must be non-negative and less than the size of the collection.";
        let at = at.ok_or_else(|| out_of_range(outside, "index"))?;
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

// The character at an index; half a pair is looked at alone when its other half stands before it.
fn character_at(call: &Call<'_, '_>) -> Outcome<Option<char>> {
    let at = place(call)?;
    let mut units = 0;
    for c in call.text(0, "s")?.chars() {
        if units == at {
            return Ok(Some(c));
        }
        units += c.len_utf16();
    }
    Ok(None)
}

fn at_index(call: &mut Call<'_, '_>, test: fn(char) -> bool) -> Outcome<Value> {
    Ok(Value::Bool(character_at(call)?.is_some_and(test)))
}

fn unit_at_index(call: &mut Call<'_, '_>, least: u16, most: u16) -> Outcome<Value> {
    let at = place(call)?;
    let unit = utf16::unit_at(call.text(0, "s")?, at);
    Ok(Value::Bool(unit.is_some_and(|unit| (least..=most).contains(&unit))))
}

// Blocks of ten and lone characters whose numbers their categories do not tell.
fn numeric_value(c: char) -> f64 {
    super::numerals::value(c)
}

// Half a surrogate pair has a category of its own.
fn category_of(c: Option<char>) -> Value {
    let number = match c.map(category) {
        Some(GeneralCategory::UppercaseLetter) => 0,
        Some(GeneralCategory::LowercaseLetter) => 1,
        Some(GeneralCategory::TitlecaseLetter) => 2,
        Some(GeneralCategory::ModifierLetter) => 3,
        Some(GeneralCategory::OtherLetter) => 4,
        Some(GeneralCategory::NonspacingMark) => 5,
        Some(GeneralCategory::SpacingMark) => 6,
        Some(GeneralCategory::EnclosingMark) => 7,
        Some(GeneralCategory::DecimalNumber) => 8,
        Some(GeneralCategory::LetterNumber) => 9,
        Some(GeneralCategory::OtherNumber) => 10,
        Some(GeneralCategory::SpaceSeparator) => 11,
        Some(GeneralCategory::LineSeparator) => 12,
        Some(GeneralCategory::ParagraphSeparator) => 13,
        Some(GeneralCategory::Control) => 14,
        Some(GeneralCategory::Format) => 15,
        None | Some(GeneralCategory::Surrogate) => 16,
        Some(GeneralCategory::PrivateUse) => 17,
        Some(GeneralCategory::ConnectorPunctuation) => 18,
        Some(GeneralCategory::DashPunctuation) => 19,
        Some(GeneralCategory::OpenPunctuation) => 20,
        Some(GeneralCategory::ClosePunctuation) => 21,
        Some(GeneralCategory::InitialPunctuation) => 22,
        Some(GeneralCategory::FinalPunctuation) => 23,
        Some(GeneralCategory::OtherPunctuation) => 24,
        Some(GeneralCategory::MathSymbol) => 25,
        Some(GeneralCategory::CurrencySymbol) => 26,
        Some(GeneralCategory::ModifierSymbol) => 27,
        Some(GeneralCategory::OtherSymbol) => 28,
        Some(GeneralCategory::Unassigned) => 29,
    };
    Value::Enum(UNICODE_CATEGORY.value(number))
}

fn category(c: char) -> GeneralCategory {
    c.general_category()
}

// `Nd`
fn is_digit(c: char) -> bool {
    category(c) == GeneralCategory::DecimalNumber
}

// `N*`
fn is_number(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Number
}

// `L*`
fn is_letter(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Letter
}

fn is_upper(c: char) -> bool {
    category(c) == GeneralCategory::UppercaseLetter
}

fn is_lower(c: char) -> bool {
    category(c) == GeneralCategory::LowercaseLetter
}

fn is_separator(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Separator
}

fn is_punctuation(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Punctuation
}

fn is_symbol(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Symbol
}
