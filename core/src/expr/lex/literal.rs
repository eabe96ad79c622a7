//! Numbers, characters and strings without holes. Knows no operators.

use std::sync::Arc;

use super::{Lexer, TokenKind};
use crate::expr::syntax::Literal;
use crate::value::Decimal;

impl Lexer<'_> {
    pub(super) fn string(&mut self, from: usize) {
        self.at += 1;
        let mut units: Vec<u16> = Vec::new();
        loop {
            match self.rest().chars().next() {
                Some('"') => {
                    self.at += 1;
                    let text = Arc::from(String::from_utf16_lossy(&units));
                    return self.push(from, TokenKind::Literal(Literal::String(text)));
                }
                None | Some('\n') => {
                    self.report(from, "this string has no closing quote");
                    return self.push(from, TokenKind::BadLiteral);
                }
                Some(_) => self.unit(&mut units),
            }
        }
    }

    pub(super) fn verbatim_string(&mut self, from: usize) {
        self.at += 2;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let Some(length) = rest.find('"') else {
                self.at = self.source.len();
                self.report(from, "this string has no closing quote");
                return self.push(from, TokenKind::BadLiteral);
            };
            text.push_str(rest.get(..length).unwrap_or(""));
            self.at += length + 1;
            if !self.rest().starts_with('"') {
                return self.push(from, TokenKind::Literal(Literal::String(text.into())));
            }
            self.at += 1;
            text.push('"');
        }
    }

    pub(super) fn character(&mut self, from: usize) {
        self.at += 1;
        let mut units: Vec<u16> = Vec::new();
        loop {
            match self.rest().chars().next() {
                Some('\'') => {
                    self.at += 1;
                    break;
                }
                None | Some('\n') => {
                    self.report(from, "this character literal has no closing quote");
                    return self.push(from, TokenKind::BadLiteral);
                }
                Some(_) => self.unit(&mut units),
            }
        }
        if let [unit] = units[..] {
            return self.push(from, TokenKind::Literal(Literal::Char(unit)));
        }
        let message = match units.len() {
            0 => "a character literal holds one character",
            _ => "too many characters in a character literal",
        };
        let span = crate::span::Span::new(from, self.at);
        let help = Some("strings are written with double quotes".to_owned());
        self.problems.add_with_help("expression-syntax", span, message, help);
        self.push(from, TokenKind::BadLiteral);
    }

    // One character or one escape.
    fn unit(&mut self, units: &mut Vec<u16>) {
        match self.rest().chars().next() {
            Some('\\') => self.escape(units),
            Some(c) => {
                self.at += c.len_utf8();
                units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
            }
            None => {}
        }
    }

    pub(super) fn escape(&mut self, units: &mut Vec<u16>) {
        let from = self.at;
        let mut chars = self.rest().chars();
        chars.next();
        let Some(letter) = chars.next() else {
            self.at = self.source.len();
            return;
        };
        self.at += 1 + letter.len_utf8();
        let simple = match letter {
            '\'' | '"' | '\\' => Some(letter),
            '0' => Some('\0'),
            'a' => Some('\u{7}'),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\u{b}'),
            'x' | 'u' | 'U' => None,
            _ => return self.report(from, format!("unknown escape `\\{letter}`")),
        };
        if let Some(c) = simple {
            units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
            return;
        }
        let (least, most) = match letter {
            'x' => (1, 4),
            'u' => (4, 4),
            _ => (8, 8),
        };
        let digits = self.rest().bytes().take(most).take_while(u8::is_ascii_hexdigit).count();
        let number = u32::from_str_radix(self.rest().get(..digits).unwrap_or(""), 16).unwrap_or(0);
        self.at += digits;
        if digits < least {
            return self.report(from, format!("`\\{letter}` needs {least} hexadecimal digits"));
        }
        match (u16::try_from(number), char::from_u32(number)) {
            (Ok(unit), _) => units.push(unit),
            (Err(_), Some(c)) => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
            (Err(_), None) => self.report(from, "there is no such character"),
        }
    }

    pub(super) fn number(&mut self, from: usize) {
        let rest = self.rest();
        let lower = rest.get(..2).unwrap_or("").to_ascii_lowercase();
        let radix = match lower.as_str() {
            "0x" => 16,
            "0b" => 2,
            _ => 10,
        };
        if radix != 10 {
            self.at += 2;
        }
        let digits = self.digits(radix);
        let mut text = digits;
        let mut real = false;
        if radix == 10 {
            if self.rest().starts_with('.') && super::is_digit_at(self.rest(), 1) {
                self.at += 1;
                real = true;
                text = format!("{text}.{}", self.digits(10));
            }
            real |= self.exponent(&mut text);
        }
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.at += length;
        let suffix = rest.get(..length).unwrap_or("").to_ascii_lowercase();
        match number_of(&text, radix, real, &suffix) {
            Ok(literal) => self.push(from, TokenKind::Literal(literal)),
            Err((code, message)) => {
                let span = crate::span::Span::new(from, self.at);
                self.problems.add(code, span, message);
                self.push(from, TokenKind::BadLiteral);
            }
        }
    }

    fn digits(&mut self, radix: u32) -> String {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_digit(radix) && c != '_').unwrap_or(rest.len());
        let from = self.at;
        self.at += length;
        let digits = rest.get(..length).unwrap_or("");
        if digits.starts_with('_') || digits.ends_with('_') {
            self.report(from, "`_` stands between the digits of a number");
        }
        digits.replace('_', "")
    }

    fn exponent(&mut self, text: &mut String) -> bool {
        let rest = self.rest();
        let Some(tail) = rest.strip_prefix(['e', 'E']) else { return false };
        let signed = usize::from(tail.starts_with(['+', '-']));
        if !super::is_digit_at(tail, signed) {
            return false;
        }
        text.push('e');
        text.push_str(tail.get(..signed).unwrap_or(""));
        self.at += 1 + signed;
        text.push_str(&self.digits(10));
        true
    }
}

fn number_of(text: &str, radix: u32, real: bool, suffix: &str) -> Result<Literal, (&'static str, String)> {
    match suffix {
        "m" if radix == 10 => {
            return Decimal::parse(text).flatten().map(Literal::Decimal).ok_or_else(too_large);
        }
        "f" if radix == 10 => {
            return text
                .parse()
                .ok()
                .filter(|value: &f32| value.is_finite())
                .map(Literal::Single)
                .ok_or_else(too_large);
        }
        "u" | "ul" | "lu" | "l" if !real => {}
        "" | "d" => {}
        _ => return Err(("expression-syntax", format!("`{suffix}` is not a suffix of a number"))),
    }
    if real || suffix == "d" {
        return text.parse().ok().filter(|value: &f64| value.is_finite()).map(Literal::Double).ok_or_else(too_large);
    }
    if text.is_empty() {
        return Err(("expression-syntax", "this number has no digits".to_owned()));
    }
    let number = u64::from_str_radix(text, radix).map_err(|_| too_large())?;
    whole(number, suffix.contains('u'), suffix.contains('l'), radix == 10)
}

// The first type that holds the number: int, uint, long, ulong, of those that the suffix leaves.
fn whole(number: u64, is_unsigned: bool, is_long: bool, decimal: bool) -> Result<Literal, (&'static str, String)> {
    let (small, medium, large) = (i32::try_from(number), u32::try_from(number), i64::try_from(number));
    Ok(match (small, medium, large) {
        (Ok(small), ..) if !is_unsigned && !is_long => Literal::Int32(small),
        (_, Ok(_), _) if !is_unsigned && !is_long && decimal && number == 1 << 31 => Literal::Int32Min,
        (_, Ok(medium), _) if !is_long => Literal::UInt32(medium),
        (_, _, Ok(large)) if !is_unsigned => Literal::Int64(large),
        _ if !is_unsigned && decimal && number == 1 << 63 => Literal::Int64Min,
        _ => Literal::UInt64(number),
    })
}

fn too_large() -> (&'static str, String) {
    ("expression-syntax", "this number is too large".to_owned())
}
