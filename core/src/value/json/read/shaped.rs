//! Values that are read as what they are wanted for: `JsonTextReader.ReadAsInt32` and its like. What text in quotes means is not
//! decided here; the serializer does that.

use std::sync::Arc;

use super::number::{is_whole, other_base};
use super::{Open, Outcome, Reader};
use crate::value::json::{JKind, JNode, JToken};
use crate::value::{Decimal, Value};

/// What a value is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadAs {
    /// `ReadAsInt32`, for whole numbers of up to 32 bits
    Int32,
    /// `ReadAsDecimal`
    Decimal,
    /// `ReadAsDouble`, for `float` too
    Double,
    /// `ReadAsBoolean`
    Boolean,
    /// `ReadAsString`
    Text,
    /// `ReadAsBytes`
    Bytes,
    /// `ReadAsDateTime`
    DateTime,
    /// `ReadAsDateTimeOffset`
    DateTimeOffset,
}

/// Which values are read as what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Each value as its text says
    Any,
    /// A single value
    One(ReadAs),
    /// An array, and how its items are read
    Items(Box<Shape>),
    /// An object, and how the values of its properties are read
    Members(Box<Shape>),
}

impl Shape {
    pub(super) fn of_items(&self) -> &Self {
        if let Self::Items(items) = self { items } else { &Self::Any }
    }

    pub(super) fn of_members(&self) -> &Self {
        if let Self::Members(members) = self { members } else { &Self::Any }
    }
}

impl ReadAs {
    const fn is_date(self) -> bool {
        matches!(self, Self::DateTime | Self::DateTimeOffset)
    }

    // Whether text that begins so is read as a number; it may be none all the same.
    fn takes_number(self, first: char) -> bool {
        match first {
            '-' => self != Self::Bytes,
            '.' | '0'..='9' => self != Self::Bytes && !self.is_date(),
            _ => false,
        }
    }

    // Whether the words for what is no finite number are known.
    const fn takes_words(self) -> bool {
        !matches!(self, Self::Boolean | Self::Bytes)
    }
}

impl Reader<'_> {
    /// The next value, read so.
    pub(super) fn value_as(&mut self, wanted: ReadAs) -> Outcome<JToken> {
        let Some(first) = self.peek() else { return Err(self.end()) };
        let (kind, value) = match first {
            '"' | '\'' => (JKind::String, Value::string(self.quoted(first)?)),
            '{' if wanted == ReadAs::Bytes => return self.wrapped_bytes(),
            '[' if wanted == ReadAs::Bytes => return self.numbers(),
            'n' => {
                self.null()?;
                (JKind::Null, Value::Null)
            }
            '-' if self.is_next("-I") && wanted.takes_words() => {
                self.no_number("-Infinity", f64::NEG_INFINITY, wanted)?
            }
            'N' if wanted.takes_words() => self.no_number("NaN", f64::NAN, wanted)?,
            'I' if wanted.takes_words() => self.no_number("Infinity", f64::INFINITY, wanted)?,
            't' | 'f' if matches!(wanted, ReadAs::Boolean | ReadAs::Text) => self.truth(first, wanted)?,
            first if wanted.takes_number(first) => return self.number_as(wanted),
            other => {
                self.bump();
                return Err(self.unexpected(other));
            }
        };
        self.count_item();
        Ok(JToken::placed(JNode::Value(kind, value), Some(self.place())))
    }

    // An array of whole numbers, each of which is looked at as it comes.
    fn numbers(&mut self) -> Outcome<JToken> {
        self.open(Open::Array(None))?;
        let place = self.place();
        let mut items = Vec::new();
        loop {
            self.skip_blanks()?;
            match self.peek() {
                None => return Err(self.error("Unexpected end when reading bytes.")),
                Some(']') => {
                    self.bump();
                    break;
                }
                Some(open @ ('{' | '[')) => {
                    self.count_item();
                    self.bump();
                    return Err(self.no_byte(if open == '{' { "StartObject" } else { "StartArray" }));
                }
                Some('n') if self.is_next("ne") => {
                    self.count_item();
                    self.constructor_name()?;
                    self.bump();
                    return Err(self.no_byte("StartConstructor"));
                }
                Some(_) => {
                    let item = self.value(&Shape::Any)?;
                    if item.kind() != JKind::Integer {
                        return Err(self.no_byte(item.kind().name()));
                    }
                    items.push(item);
                }
            }
            self.skip_blanks()?;
            if self.peek().is_some() && self.separator(']')? {
                break;
            }
        }
        self.path.pop();
        Ok(JToken::placed(JNode::Array(items), Some(place)))
    }

    fn no_byte(&self, kind: &str) -> super::ReadError {
        self.error(format!("Unexpected token when reading bytes: {kind}."))
    }

    // Bytes with the name of their type, as a serializer that says types writes them; no other object holds bytes.
    fn wrapped_bytes(&mut self) -> Outcome<JToken> {
        self.open(Open::Object(None))?;
        let refused = |reader: &Self| Err(reader.error("Error reading bytes. Unexpected token: StartObject."));
        if self.name_of_member()?.as_deref() != Some("$type") {
            return refused(self);
        }
        match self.peek() {
            None => return Err(self.end_of_wrapped()),
            Some('{' | '[') => {
                self.bump();
                return refused(self);
            }
            Some(_) => {}
        }
        let of = self.value(&Shape::Any)?;
        if !matches!(of.held(), Some(Value::String(name)) if name.starts_with("System.Byte[]")) {
            return refused(self);
        }
        if self.ends_wrapped()? || self.name_of_member()?.as_deref() != Some("$value") {
            return refused(self);
        }
        let bytes = self.value(&Shape::One(ReadAs::Bytes))?;
        if !self.ends_wrapped()? {
            self.name_of_member()?;
            return Err(self.error("Error reading bytes. Unexpected token: PropertyName."));
        }
        self.path.pop();
        Ok(bytes)
    }

    fn end_of_wrapped(&self) -> super::ReadError {
        self.error("Unexpected end when reading JSON.")
    }

    // Behind a value of it: true at its end.
    fn ends_wrapped(&mut self) -> Outcome<bool> {
        self.skip_blanks()?;
        if self.peek().is_none() { Err(self.end_of_wrapped()) } else { self.separator('}') }
    }

    // The next name of an object's member, up to its value; nothing at the end of the object.
    fn name_of_member(&mut self) -> Outcome<Option<Arc<str>>> {
        self.skip_blanks()?;
        let name = match self.peek() {
            None => return Err(self.end_of_wrapped()),
            Some('}') => {
                self.bump();
                return Ok(None);
            }
            Some(_) => self.property_name()?,
        };
        if let Some(Open::Object(current)) = self.path.last_mut() {
            *current = Some(Arc::clone(&name));
        }
        self.skip_blanks()?;
        Ok(Some(name))
    }

    fn unexpected(&self, c: char) -> super::ReadError {
        self.error(format!("Unexpected character encountered while parsing value: {c}."))
    }

    fn null(&mut self) -> Outcome<()> {
        let second = self.text.get(self.at..).and_then(|rest| rest.chars().nth(1));
        match second {
            Some('u') => self.word("null", "null", JKind::Null, Value::Null).map(|_| ()),
            Some(other) => {
                self.bump();
                self.bump();
                Err(self.unexpected(other))
            }
            None => {
                self.at = self.text.len();
                Err(self.error("Unexpected end when reading JSON."))
            }
        }
    }

    fn no_number(&mut self, word: &str, value: f64, wanted: ReadAs) -> Outcome<(JKind, Value)> {
        let found = self.word(word, word, JKind::Float, Value::Double(value))?;
        match wanted {
            ReadAs::Double => Ok(found),
            ReadAs::Text => Ok((JKind::String, Value::string(word))),
            _ => Err(self.error(format!("Cannot read {word} value."))),
        }
    }

    fn truth(&mut self, first: char, wanted: ReadAs) -> Outcome<(JKind, Value)> {
        let word = if first == 't' { "true" } else { "false" };
        if !self.matches(word)? {
            let found = self.peek().unwrap_or('\0');
            return Err(self.unexpected(found));
        }
        Ok(match wanted {
            ReadAs::Text => (JKind::String, Value::string(word)),
            _ => (JKind::Boolean, Value::Bool(first == 't')),
        })
    }

    fn number_as(&mut self, wanted: ReadAs) -> Outcome<JToken> {
        let digits = self.digits()?;
        let whole = other_base(digits);
        let found = match wanted {
            ReadAs::Int32 => match whole {
                Some(bits) => bits.and_then(|bits| u32::try_from(bits).ok()).map(u32::cast_signed).map(Value::Int32),
                None => digits.parse().ok().filter(|_| is_whole(digits)).map(Value::Int32),
            },
            ReadAs::Decimal => match whole {
                Some(bits) => bits.and_then(|bits| Decimal::of_whole(bits.cast_signed().into())),
                None => decimal(digits),
            }
            .map(Value::Decimal),
            ReadAs::Double => match whole {
                #[expect(clippy::cast_precision_loss, reason = "`Convert.ToDouble` rounds")]
                Some(bits) => bits.map(|bits| bits.cast_signed() as f64),
                None => super::number::double(digits),
            }
            .map(Value::Double),
            ReadAs::Text => super::number::valued(digits).map(|_| Value::string(digits)),
            ReadAs::Boolean => super::number::valued(digits).map(|(_, value)| value),
            ReadAs::Bytes | ReadAs::DateTime | ReadAs::DateTimeOffset => {
                return Err(self.error("Cannot read number value as type."));
            }
        };
        let kind = match wanted {
            ReadAs::Int32 => JKind::Integer,
            ReadAs::Text => JKind::String,
            ReadAs::Boolean if whole.is_some() || is_whole(digits) => JKind::Integer,
            _ => JKind::Float,
        };
        match found {
            Some(value) => Ok(JToken::placed(JNode::Value(kind, value), Some(self.place()))),
            None => Err(self.error(refusal(digits, wanted))),
        }
    }
}

// A point must stand between digits, but an exponent may have a sign alone.
fn decimal(digits: &str) -> Option<Decimal> {
    let is_digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let is_between = |(before, behind): (&str, &str)| is_digit(before) && is_digit(behind);
    digits.trim_start_matches('-').split_once('.').is_none_or(is_between).then_some(())?;
    let signs: &[_] = &["e+", "e-", "E+", "E-"];
    let plain = signs.iter().find_map(|sign| digits.strip_suffix(sign));
    Decimal::parse(plain.unwrap_or(digits)).flatten()
}

fn refusal(digits: &str, wanted: ReadAs) -> String {
    let wanted = match wanted {
        ReadAs::Int32 if is_whole(digits) && other_base(digits).is_none() => {
            return format!("JSON integer {digits} is too large or small for an Int32.");
        }
        ReadAs::Int32 => "integer",
        ReadAs::Decimal => "decimal",
        ReadAs::Double => "double",
        _ => "number",
    };
    format!("Input string '{digits}' is not a valid {wanted}.")
}
