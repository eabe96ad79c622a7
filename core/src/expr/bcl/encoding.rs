//! `System.Text.Encoding`: UTF-8, ASCII, Latin-1, UTF-16 of either end and UTF-32.

use std::sync::Arc;

use super::string::index;
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, argument, argument_null, broken, out_of_range, throw};
use crate::value::{Service, Value};

const OWNER: &str = "Encoding";

/// Encoding, code page, name on the web, name for people, and further names.
const KNOWN: [(Service, i32, &str, &str, &[&str]); 6] = [
    (
        Service::Utf8,
        65001,
        "utf-8",
        "Unicode (UTF-8)",
        &["unicode-1-1-utf-8", "unicode-2-0-utf-8", "x-unicode-1-1-utf-8", "x-unicode-2-0-utf-8"],
    ),
    (
        Service::Ascii,
        20127,
        "us-ascii",
        "US-ASCII",
        &[
            "ascii",
            "ansi_x3.4-1968",
            "ansi_x3.4-1986",
            "cp367",
            "csascii",
            "ibm367",
            "iso-ir-6",
            "iso646-us",
            "iso_646.irv:1991",
            "us",
        ],
    ),
    (
        Service::Latin1,
        28591,
        "iso-8859-1",
        "Western European (ISO)",
        &["latin1", "l1", "cp819", "csisolatin1", "ibm819", "iso-ir-100", "iso8859-1", "iso_8859-1", "iso_8859-1:1987"],
    ),
    (Service::Unicode, 1200, "utf-16", "Unicode", &["utf-16le", "ucs-2", "iso-10646-ucs-2", "unicode"]),
    (Service::BigEndianUnicode, 1201, "utf-16BE", "Unicode (Big-Endian)", &["unicodefffe"]),
    (Service::Utf32, 12000, "utf-32", "Unicode (UTF-32)", &["utf-32le", "ucs-4", "iso-10646-ucs-4"]),
];

pub(super) const ROWS: &[Row] = &[
    row(OWNER, "static Encoding UTF8", |_| Ok(Value::Service(Service::Utf8))),
    row(OWNER, "static Encoding Default", |_| Ok(Value::Service(Service::Utf8))),
    row(OWNER, "static Encoding ASCII", |_| Ok(Value::Service(Service::Ascii))),
    row(OWNER, "static Encoding Latin1", |_| Ok(Value::Service(Service::Latin1))),
    row(OWNER, "static Encoding Unicode", |_| Ok(Value::Service(Service::Unicode))),
    row(OWNER, "static Encoding BigEndianUnicode", |_| Ok(Value::Service(Service::BigEndianUnicode))),
    row(OWNER, "static Encoding UTF32", |_| Ok(Value::Service(Service::Utf32))),
    row(OWNER, "static Encoding GetEncoding(string name)", |call| {
        let name = call.text(0, "name")?;
        let lower = name.to_ascii_lowercase();
        let found =
            KNOWN.iter().find(|known| known.2.eq_ignore_ascii_case(&lower) || known.4.contains(&lower.as_str()));
        found
            .map(|known| Value::Service(known.0))
            .ok_or_else(|| argument(&format!("'{name}' is not a supported encoding name. {REGISTER}"), "name"))
    }),
    row(OWNER, "static Encoding GetEncoding(int codepage)", |call| {
        let page = call.int(0)?;
        if !(0..=65_535).contains(&page) {
            return Err(out_of_range("Valid values are between 0 and 65535, inclusive.", "codepage"));
        }
        // Zero is the default code page.
        let page_meant = if page == 0 { 65001 } else { page };
        let found = KNOWN.iter().find(|known| known.1 == page_meant);
        found.map(|known| Value::Service(known.0)).ok_or_else(|| {
            throw("System.NotSupportedException", format!("No data is available for encoding {page}. {REGISTER}"))
        })
    }),
    row(OWNER, "static byte[] Convert(Encoding srcEncoding, Encoding dstEncoding, byte[] bytes)", |call| {
        let encoding = |at: usize, name: &str| match call.value(at) {
            Value::Service(service) => Ok(*service),
            _ => Err(argument_null(name)),
        };
        let (from, to) = (encoding(0, "srcEncoding")?, encoding(1, "dstEncoding")?);
        let bytes = call.bytes(2, "bytes")?;
        let text = decode(from, &bytes);
        encoded(call, to, &text)
    }),
    row(OWNER, "string WebName", |call| named(call, |known| known.2)),
    row(OWNER, "string BodyName", |call| named(call, |known| known.2)),
    row(OWNER, "string HeaderName", |call| named(call, |known| known.2)),
    row(OWNER, "string EncodingName", |call| named(call, |known| known.3)),
    row(OWNER, "int CodePage", |call| Ok(Value::Int32(known(call)?.1))),
    row(OWNER, "bool IsSingleByte", |call| Ok(Value::Bool(matches!(service(call)?, Service::Ascii | Service::Latin1)))),
    row(OWNER, "byte[] GetBytes(string s)", |call| {
        let text = call.text(1, "s")?;
        encoded(call, service(call)?, text)
    }),
    row(OWNER, "byte[] GetBytes(char[] chars)", |call| {
        let units = call.units(1, "chars")?;
        encoded(call, service(call)?, &String::from_utf16_lossy(&units))
    }),
    row(OWNER, "string GetString(byte[] bytes)", |call| {
        let bytes = call.bytes(1, "bytes")?;
        let text = decode(service(call)?, &bytes);
        call.yields(text)
    }),
    row(OWNER, "string GetString(byte[] bytes, int index, int count)", |call| {
        let bytes = call.bytes(1, "bytes")?;
        let negative = |name: &str| out_of_range("Non-negative number required.", name);
        let start = usize::try_from(call.int(2)?).map_err(|_| negative("index"))?;
        let count = usize::try_from(call.int(3)?).map_err(|_| negative("count"))?;
        let message = "Index and count must refer to a location within the buffer.";
        let part = start.checked_add(count).and_then(|end| bytes.get(start..end));
        let text = decode(service(call)?, part.ok_or_else(|| out_of_range(message, "bytes"))?);
        call.yields(text)
    }),
    row(OWNER, "char[] GetChars(byte[] bytes)", |call| {
        let bytes = call.bytes(1, "bytes")?;
        let units: Vec<u16> = decode(service(call)?, &bytes).encode_utf16().collect();
        call.machine.charge(units.len() * 2)?;
        Ok(Value::Chars(units.into()))
    }),
    row(OWNER, "int GetByteCount(string s)", |call| {
        let text = call.text(1, "s")?;
        Ok(index(encode(service(call)?, text).len()))
    }),
    row(OWNER, "int GetCharCount(byte[] bytes)", |call| {
        let bytes = call.bytes(1, "bytes")?;
        Ok(index(decode(service(call)?, &bytes).encode_utf16().count()))
    }),
    row(OWNER, "int GetMaxByteCount(int charCount)", |call| {
        let count = maximum(call, "charCount")?;
        Ok(narrow(match service(call)? {
            Service::Ascii | Service::Latin1 => count + 1,
            Service::Unicode | Service::BigEndianUnicode => (count + 1) * 2,
            Service::Utf32 => (count + 1) * 4,
            Service::Utf8 | Service::Random => (count + 1) * 3,
        }))
    }),
    row(OWNER, "int GetMaxCharCount(int byteCount)", |call| {
        let count = maximum(call, "byteCount")?;
        Ok(narrow(match service(call)? {
            Service::Ascii | Service::Latin1 => count,
            Service::Unicode | Service::BigEndianUnicode => (count >> 1) + (count & 1) + 1,
            Service::Utf32 => count / 2 + 2,
            Service::Utf8 | Service::Random => count + 1,
        }))
    }),
    row(OWNER, "byte[] GetPreamble()", |call| {
        Ok(Value::Bytes(Arc::from(match service(call)? {
            Service::Utf8 => &b"\xef\xbb\xbf"[..],
            Service::Unicode => b"\xff\xfe",
            Service::BigEndianUnicode => b"\xfe\xff",
            Service::Utf32 => b"\xff\xfe\0\0",
            Service::Ascii | Service::Latin1 | Service::Random => b"",
        })))
    }),
];

const REGISTER: &str =
    "For information on defining a custom encoding, see the documentation for the Encoding.RegisterProvider method.";

fn service(call: &Call<'_, '_>) -> Outcome<Service> {
    match call.value(0) {
        Value::Service(service) => Ok(*service),
        _ => Err(broken("expected an encoding")),
    }
}

type Known = (Service, i32, &'static str, &'static str, &'static [&'static str]);

fn known(call: &Call<'_, '_>) -> Outcome<&'static Known> {
    let service = service(call)?;
    KNOWN.iter().find(|known| known.0 == service).ok_or_else(|| broken("an encoding without a name"))
}

fn named(call: &mut Call<'_, '_>, name: fn(&Known) -> &'static str) -> Outcome<Value> {
    let name = name(known(call)?);
    call.yields(name)
}

fn maximum(call: &Call<'_, '_>, parameter: &str) -> Outcome<i64> {
    let count = call.int(1)?;
    if count < 0 { Err(out_of_range("Non-negative number required.", parameter)) } else { Ok(i64::from(count)) }
}

fn narrow(value: i64) -> Value {
    Value::Int32(i32::try_from(value).unwrap_or(i32::MAX))
}

fn encoded(call: &mut Call<'_, '_>, service: Service, text: &str) -> Outcome<Value> {
    call.machine.charge(text.len())?;
    let bytes = encode(service, text);
    call.machine.charge(bytes.len())?;
    Ok(Value::Bytes(Arc::from(bytes)))
}

// What an encoding cannot write is a question mark for each unit.
fn encode(service: Service, text: &str) -> Vec<u8> {
    let units = text.encode_utf16();
    match service {
        Service::Utf8 | Service::Random => text.as_bytes().to_vec(),
        Service::Ascii => units.map(|unit| u8::try_from(unit).ok().filter(u8::is_ascii).unwrap_or(b'?')).collect(),
        Service::Latin1 => units.map(|unit| u8::try_from(unit).unwrap_or(b'?')).collect(),
        Service::Unicode => units.flat_map(u16::to_le_bytes).collect(),
        Service::BigEndianUnicode => units.flat_map(u16::to_be_bytes).collect(),
        Service::Utf32 => text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(),
    }
}

fn decode(service: Service, bytes: &[u8]) -> String {
    match service {
        Service::Utf8 | Service::Random => String::from_utf8_lossy(bytes).into_owned(),
        Service::Ascii => bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect(),
        Service::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect(),
        Service::Unicode | Service::BigEndianUnicode => utf16_text(bytes, service),
        Service::Utf32 => bytes
            .chunks(4)
            .map(|chunk| {
                let whole: Option<[u8; 4]> = chunk.try_into().ok();
                whole.map(u32::from_le_bytes).and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
            })
            .collect(),
    }
}

// Half a unit at the end is U+FFFD, once even behind half a pair.
fn utf16_text(bytes: &[u8], service: Service) -> String {
    let read = if service == Service::Unicode { u16::from_le_bytes } else { u16::from_be_bytes };
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| read(*pair)).collect();
    let mut text = String::from_utf16_lossy(&units);
    if !rest.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

/// The text of a body: UTF-8 without a byte order mark, wrong bytes as U+FFFD.
pub(super) fn utf8_text(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    String::from_utf8_lossy(bytes).into_owned()
}
