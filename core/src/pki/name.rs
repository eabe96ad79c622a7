//! Distinguished names: read from DER, shown as .NET shows them. Builds none from text.

use super::der::{self, Reader};
use super::oid;

/// The identifier of a common name.
pub const COMMON_NAME: &str = "2.5.4.3";
/// The identifier of an e-mail address.
pub const EMAIL: &str = "1.2.840.113549.1.9.1";
const ORGANIZATION: &str = "2.5.4.10";
const UNIT: &str = "2.5.4.11";

/// A distinguished name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// As encoded.
    pub raw: Vec<u8>,
    /// Its parts in the order encoded; each holds one attribute, seldom more.
    parts: Vec<Vec<Attribute>>,
}

/// An attribute: its identifier and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Attribute {
    id: String,
    text: String,
}

impl Name {
    /// Reads a name.
    pub(crate) fn read(raw: &[u8]) -> Option<Self> {
        let mut parts = Vec::new();
        let mut reader = Reader::new(raw).inside(der::SEQUENCE)?;
        while !reader.is_empty() {
            let mut set = reader.inside(der::SET)?;
            let mut part = Vec::new();
            while !set.is_empty() {
                let mut pair = set.inside(der::SEQUENCE)?;
                let id = pair.object_id()?;
                let value = pair.any()?;
                part.push(Attribute { id, text: text_of(value.tag, value.contents) });
            }
            parts.push(part);
        }
        Some(Self { raw: raw.to_vec(), parts })
    }

    /// As `X509Certificate2.Subject` writes it: the last part first.
    #[must_use]
    pub fn shown(&self) -> String {
        self.joined(self.parts.iter().rev())
    }

    /// As `X509Certificate.GetName()` writes it: in the order encoded.
    #[must_use]
    pub fn shown_as_encoded(&self) -> String {
        self.joined(self.parts.iter())
    }

    fn joined<'a>(&self, parts: impl Iterator<Item = &'a Vec<Attribute>>) -> String {
        let shown: Vec<String> =
            parts.map(|part| part.iter().map(Attribute::shown).collect::<Vec<_>>().join(" + ")).collect();
        shown.join(", ")
    }

    /// The text of the last attribute with this identifier.
    #[must_use]
    pub fn last(&self, id: &str) -> Option<&str> {
        self.backwards().find(|attribute| attribute.id == id).map(|attribute| attribute.text.as_str())
    }

    /// What .NET calls its simple name.
    #[must_use]
    pub fn simple(&self) -> Option<&str> {
        let preferred = [COMMON_NAME, UNIT, ORGANIZATION, EMAIL].into_iter().find_map(|id| self.last(id));
        preferred.or_else(|| self.backwards().next().map(|attribute| attribute.text.as_str()))
    }

    fn backwards(&self) -> impl Iterator<Item = &Attribute> {
        self.parts.iter().rev().flatten()
    }
}

impl Attribute {
    fn shown(&self) -> String {
        let name = oid::name(&self.id).map_or_else(|| format!("OID.{}", self.id), str::to_owned);
        let text = &self.text;
        let is_special = |c: char| matches!(c, ',' | '+' | '=' | '"' | '\n' | '<' | '>' | '#' | ';');
        let ends_blank = text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace);
        if text.is_empty() || ends_blank || text.contains(is_special) {
            format!("{name}=\"{}\"", text.replace('"', "\"\""))
        } else {
            format!("{name}={text}")
        }
    }
}

/// The text of a string of any kind; of anything else its bytes in hexadecimal digits.
pub(crate) fn text_of(tag: u8, contents: &[u8]) -> String {
    match tag {
        der::UTF8_STRING | der::NUMERIC_STRING | der::PRINTABLE_STRING | der::IA5_STRING | der::VISIBLE_STRING => {
            String::from_utf8_lossy(contents).into_owned()
        }
        // Those who write it mean UTF-8 or Latin-1.
        der::TELETEX_STRING => match std::str::from_utf8(contents) {
            Ok(text) => text.to_owned(),
            Err(_) => contents.iter().map(|byte| char::from(*byte)).collect(),
        },
        der::BMP_STRING => {
            let units: Vec<u16> = contents.as_chunks::<2>().0.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
            String::from_utf16_lossy(&units)
        }
        der::UNIVERSAL_STRING => {
            let scalar =
                |unit: &[u8; 4]| char::from_u32(u32::from_be_bytes(*unit)).unwrap_or(char::REPLACEMENT_CHARACTER);
            contents.as_chunks::<4>().0.iter().map(scalar).collect()
        }
        _ => format!("#{}", hex(&der::element(tag, contents))),
    }
}

/// Upper-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02X}");
    }
    text
}
