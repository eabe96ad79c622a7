//! Strings in quotes of either sort, with their escapes.

use std::borrow::Cow;

use super::{Outcome, Reader};

impl<'t> Reader<'t> {
    // Most strings have no escapes, and stand in the text as they are.
    pub(super) fn quoted(&mut self, quote: char) -> Outcome<Cow<'t, str>> {
        self.bump();
        let rest = self.text.get(self.at..).unwrap_or("");
        if let Some(end) = rest.find(['\\', quote])
            && let Some((plain, rest)) = rest.split_at_checked(end)
            && rest.starts_with(quote)
        {
            self.at += end + quote.len_utf8();
            return Ok(Cow::Borrowed(plain));
        }
        self.escaped(quote).map(Cow::Owned)
    }
}

impl Reader<'_> {
    fn escaped(&mut self, quote: char) -> Outcome<String> {
        let mut text = String::new();
        // A high surrogate that waits for its low one.
        let mut high: Option<u16> = None;
        loop {
            let rest = self.text.get(self.at..).unwrap_or("");
            let plain = rest.find(['\\', quote]).unwrap_or(rest.len());
            if plain > 0 {
                flush(&mut high, &mut text);
            }
            text.push_str(rest.get(..plain).unwrap_or(""));
            self.at += plain;
            match self.peek() {
                None => return Err(self.error(format!("Unterminated string. Expected delimiter: {quote}."))),
                Some('\\') => self.escape(quote, &mut high, &mut text)?,
                Some(_) => {
                    self.bump();
                    flush(&mut high, &mut text);
                    return Ok(text);
                }
            }
        }
    }

    fn escape(&mut self, quote: char, high: &mut Option<u16>, text: &mut String) -> Outcome<()> {
        self.bump();
        let Some(c) = self.peek() else {
            return Err(self.error(format!("Unterminated string. Expected delimiter: {quote}.")));
        };
        self.bump();
        let plain = match c {
            'b' => '\u{8}',
            't' => '\t',
            'n' => '\n',
            'f' => '\u{c}',
            'r' => '\r',
            '\\' | '"' | '\'' | '/' => c,
            'u' => return self.unit(high, text),
            other => return Err(self.error(format!("Bad JSON escape sequence: \\{other}."))),
        };
        flush(high, text);
        text.push(plain);
        Ok(())
    }

    fn unit(&mut self, high: &mut Option<u16>, text: &mut String) -> Outcome<()> {
        let rest = self.text.get(self.at..).unwrap_or("");
        let digits: String = rest.chars().take(4).collect();
        // Json.NET looks one character further than it needs.
        if rest.encode_utf16().take(5).count() < 5 {
            return Err(self.error("Unexpected end while parsing Unicode escape sequence."));
        }
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let Some(unit) = u16::from_str_radix(&digits, 16).ok().filter(|_| is_hex) else {
            return Err(self.error(format!("Invalid Unicode escape sequence: \\u{digits}.")));
        };
        self.at += 4;
        match (high.take(), unit) {
            (Some(first), 0xdc00..=0xdfff) => {
                let pair = char::decode_utf16([first, unit]).next().and_then(Result::ok);
                text.push(pair.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            (before, 0xd800..=0xdbff) => {
                text.extend(before.map(|_| char::REPLACEMENT_CHARACTER));
                *high = Some(unit);
            }
            (before, unit) => {
                text.extend(before.map(|_| char::REPLACEMENT_CHARACTER));
                text.push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        Ok(())
    }
}

// Text cannot hold a lone surrogate here.
fn flush(high: &mut Option<u16>, text: &mut String) {
    text.extend(high.take().map(|_| char::REPLACEMENT_CHARACTER));
}
