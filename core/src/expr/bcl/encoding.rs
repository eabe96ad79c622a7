//! `System.Text.Encoding`: UTF-8, ASCII, Latin-1, UTF-16 of either end and UTF-32.

use std::sync::Arc;

use super::string::{index, not_negative};
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, argument, argument_null, broken, out_of_range, throw};
use crate::expr::instance::{self, Items, State};
use crate::expr::ty::{Class, Ty};
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
    row(OWNER, "static Encoding Default", |_| Ok(Value::Service(Service::Utf8Plain))),
    row(OWNER, "static Encoding ASCII", |_| Ok(Value::Service(Service::Ascii))),
    row(OWNER, "static Encoding Latin1", |_| Ok(Value::Service(Service::Latin1))),
    row(OWNER, "static Encoding Unicode", |_| Ok(Value::Service(Service::Unicode))),
    row(OWNER, "static Encoding BigEndianUnicode", |_| Ok(Value::Service(Service::BigEndianUnicode))),
    row(OWNER, "static Encoding UTF32", |_| Ok(Value::Service(Service::Utf32))),
    row(OWNER, "static Encoding GetEncoding(string name)", |call| {
        let name = call.text(0, "name")?;
        let lower = name.to_ascii_lowercase();
        if lower == "utf-7" {
            return Err(throw("System.NotSupportedException", NO_UTF7));
        }
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
        if matches!(page, 1..=3 | 42) {
            return Err(argument(&format!("{page} is not a supported code page."), "codepage"));
        }
        if page == 65000 {
            return Err(throw("System.NotSupportedException", NO_UTF7));
        }
        // Zero is the default code page.
        if page == 0 {
            return Ok(Value::Service(Service::Utf8Plain));
        }
        let found = KNOWN.iter().find(|known| known.1 == page);
        found.map(|known| Value::Service(known.0)).ok_or_else(|| {
            throw("System.NotSupportedException", format!("No data is available for encoding {page}. {REGISTER}"))
        })
    }),
    row(OWNER, "static byte[] Convert(Encoding srcEncoding, Encoding dstEncoding, byte[] bytes)", |call| {
        let encoding = |at: usize, name: &str| encoding_of(call.value(at)).ok_or_else(|| argument_null(name));
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
        if text.is_empty() && matches!(service(call)?, Service::Utf8 | Service::Utf8Plain) && !is_copy(call) {
            return call.machine.array_or_empty(Ty::Byte, Vec::new());
        }
        encoded(call, service(call)?, text)
    }),
    row(OWNER, "byte[] GetBytes(char[] chars)", |call| {
        let units = call.units(1, "chars")?;
        encoded(call, service(call)?, &String::from_utf16_lossy(&units))
    }),
    row(OWNER, "byte[] GetBytes(string s, int index, int count)", |call| {
        let text = text_part(call)?;
        encoded(call, service(call)?, &text)
    }),
    row(OWNER, "byte[] GetBytes(char[] chars, int index, int count)", |call| {
        let text = unit_part(call, ["index", "count"], "buffer")?;
        encoded(call, service(call)?, &text)
    }),
    row(OWNER, "int GetBytes(string s, int charIndex, int charCount, byte[] bytes, int byteIndex)", |call| {
        array(call, 1, "s")?;
        let units: Vec<u16> = call.text(1, "s")?.encode_utf16().collect();
        array(call, 4, "bytes")?;
        call.bytes(4, "bytes")?;
        let whole = if service(call)? == Service::Ascii { "chars" } else { "s" };
        let part = range(call, 2, units.len(), ["charIndex", "charCount"], whole, "string")?;
        bytes_into(call, &String::from_utf16_lossy(units.get(part).unwrap_or(&[])))
    }),
    row(OWNER, "int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex)", |call| {
        // The encodings that share this code say `string` of an array too.
        let place = if is_plain(call)? { "string" } else { "buffer" };
        array(call, 1, "chars")?;
        call.units(1, "chars")?;
        array(call, 4, "bytes")?;
        call.bytes(4, "bytes")?;
        let text = unit_part(call, ["charIndex", "charCount"], place)?;
        bytes_into(call, &text)
    }),
    row(OWNER, "int GetByteCount(char[] chars)", |call| {
        let units = call.units(1, "chars")?;
        Ok(index(encode(service(call)?, &String::from_utf16_lossy(&units)).len()))
    }),
    row(OWNER, "int GetByteCount(char[] chars, int index, int count)", |call| {
        let text = unit_part(call, ["index", "count"], "buffer")?;
        Ok(index(encode(service(call)?, &text).len()))
    }),
    row(OWNER, "int GetByteCount(string s, int index, int count)", |call| {
        let text = text_part(call)?;
        Ok(index(encode(service(call)?, &text).len()))
    }),
    row(OWNER, "int GetCharCount(byte[] bytes, int index, int count)", |call| {
        let part = byte_part(call, ["index", "count"])?;
        Ok(index(decode(service(call)?, &part).encode_utf16().count()))
    }),
    row(OWNER, "char[] GetChars(byte[] bytes, int index, int count)", |call| {
        let part = byte_part(call, ["index", "count"])?;
        let units: Vec<u16> = decode(service(call)?, &part).encode_utf16().collect();
        call.machine.charge(units.len() * 2)?;
        Ok(Value::Chars(units.into()))
    }),
    row(OWNER, "int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)", chars_into),
    row(
        OWNER,
        "static byte[] Convert(Encoding srcEncoding, Encoding dstEncoding, byte[] bytes, int index, int count)",
        |call| {
            let encoding = |at: usize, name: &str| match call.value(at) {
                Value::Service(service) => Ok(*service),
                _ => Err(argument_null(name)),
            };
            let (from, to) = (encoding(0, "srcEncoding")?, encoding(1, "dstEncoding")?);
            let bytes = call.bytes(2, "bytes")?;
            let part = range(call, 3, bytes.len(), ["index", "count"], "bytes", "buffer")?;
            let text = decode(from, bytes.get(part).unwrap_or(&[]));
            encoded(call, to, &text)
        },
    ),
    row(OWNER, "object Clone()", |call| {
        let copied = Copied(service(call)?);
        call.object(Ty::Class(Class::Encoding), copied)
    }),
    row(OWNER, "bool Equals(object value)", |call| equals(call)),
    row(OWNER, "bool IsAlwaysNormalized()", |call| Ok(Value::Bool(matches!(service(call)?, Service::Latin1)))),
    row(OWNER, "bool IsAlwaysNormalized(NormalizationForm form)", |call| {
        Ok(Value::Bool(service(call)? == Service::Latin1 && call.number(1)? == 1))
    }),
    row(OWNER, "int WindowsCodePage", |call| {
        Ok(Value::Int32(match service(call)? {
            Service::Ascii | Service::Latin1 => 1252,
            _ => 1200,
        }))
    }),
    row(OWNER, "bool IsBrowserDisplay", |call| {
        Ok(Value::Bool(matches!(service(call)?, Service::Utf8 | Service::Utf8Plain | Service::Latin1)))
    }),
    row(OWNER, "bool IsBrowserSave", |call| {
        Ok(Value::Bool(matches!(
            service(call)?,
            Service::Utf8 | Service::Utf8Plain | Service::Latin1 | Service::Unicode | Service::UnicodePlain
        )))
    }),
    row(OWNER, "bool IsMailNewsDisplay", |call| {
        Ok(Value::Bool(matches!(service(call)?, Service::Utf8 | Service::Utf8Plain | Service::Latin1 | Service::Ascii)))
    }),
    row(OWNER, "bool IsMailNewsSave", |call| {
        Ok(Value::Bool(matches!(service(call)?, Service::Utf8 | Service::Utf8Plain | Service::Latin1 | Service::Ascii)))
    }),
    row(OWNER, "bool IsReadOnly", |call| Ok(Value::Bool(!is_copy(call)))),
    row(OWNER, "string GetString(byte[] bytes)", |call| {
        let bytes = call.bytes(1, "bytes")?;
        let text = decode(service(call)?, &bytes);
        call.yields(text)
    }),
    row(OWNER, "string GetString(byte[] bytes, int index, int count)", |call| {
        array(call, 1, "bytes")?;
        let bytes = call.bytes(1, "bytes")?;
        let names = if service(call)? == Service::Ascii { ["byteIndex", "byteCount"] } else { ["index", "count"] };
        let part = range(call, 2, bytes.len(), names, "bytes", "buffer")?;
        let text = decode(service(call)?, bytes.get(part).unwrap_or(&[]));
        call.yields(text)
    }),
    row(OWNER, "char[] GetChars(byte[] bytes)", |call| {
        let bytes = call.bytes(1, "bytes")?;
        let units: Vec<u16> = decode(service(call)?, &bytes).encode_utf16().collect();
        call.machine.charge(units.len() * 2)?;
        Ok(Value::Chars(units.into()))
    }),
    row(OWNER, "int GetByteCount(string s)", |call| {
        let text = call.text(1, if is_of_bytes(service(call)?) { "chars" } else { "s" })?;
        Ok(index(encode(service(call)?, text).len()))
    }),
    row(OWNER, "int GetCharCount(byte[] bytes)", |call| {
        let bytes = call.bytes(1, "bytes")?;
        Ok(index(decode(service(call)?, &bytes).encode_utf16().count()))
    }),
    row(OWNER, "int GetMaxByteCount(int charCount)", |call| {
        let count = maximum(call, "charCount")?;
        let most = match service(call)? {
            Service::Ascii | Service::Latin1 => count + 1,
            Service::Unicode | Service::UnicodePlain | Service::BigEndianUnicode => (count + 1) * 2,
            Service::Utf32 => (count + 1) * 4,
            Service::Utf8 | Service::Utf8Plain | Service::Random => (count + 1) * 3,
        };
        narrow(most, "charCount")
    }),
    row(OWNER, "int GetMaxCharCount(int byteCount)", |call| {
        let count = maximum(call, "byteCount")?;
        let most = match service(call)? {
            Service::Ascii | Service::Latin1 => count,
            Service::Unicode | Service::UnicodePlain | Service::BigEndianUnicode => (count >> 1) + (count & 1) + 1,
            Service::Utf32 => count / 2 + 2,
            Service::Utf8 | Service::Utf8Plain | Service::Random => count + 1,
        };
        narrow(most, "byteCount")
    }),
    row(OWNER, "byte[] GetPreamble()", |call| {
        Ok(Value::Bytes(Arc::from(match service(call)? {
            Service::Utf8 => &b"\xef\xbb\xbf"[..],
            Service::Unicode => b"\xff\xfe",
            Service::BigEndianUnicode => b"\xfe\xff",
            Service::Utf32 => b"\xff\xfe\0\0",
            Service::Utf8Plain | Service::UnicodePlain | Service::Ascii | Service::Latin1 | Service::Random => {
                return call.machine.array_or_empty(Ty::Byte, Vec::new());
            }
        })))
    }),
];

const NO_UTF7: &str =
    "Support for UTF-7 is disabled. See https://aka.ms/dotnet-warnings/SYSLIB0001 for more information.";

const REGISTER: &str =
    "For information on defining a custom encoding, see the documentation for the Encoding.RegisterProvider method.";

/// `Encoding.Clone()`: an object of the class that the encoding derives from.
#[derive(Debug)]
struct Copied(Service);

impl State for Copied {
    fn type_name(&self, _ty: &Ty) -> String {
        let name = Value::Service(self.0).type_name();
        name.split('+').next().unwrap_or(&name).to_owned()
    }

    fn equals(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// The encoding that a value is; a copy of one, too.
pub(crate) fn encoding_of(value: &Value) -> Option<Service> {
    match value {
        Value::Service(service) => Some(*service),
        other => instance::look(other, |copied: &mut Copied| copied.0),
    }
}

fn service(call: &Call<'_, '_>) -> Outcome<Service> {
    encoding_of(call.value(0)).ok_or_else(|| broken("expected an encoding"))
}

fn equals(call: &Call<'_, '_>) -> Outcome<Value> {
    Ok(Value::Bool(encoding_of(call.value(1)) == Some(service(call)?)))
}

fn is_copy(call: &Call<'_, '_>) -> bool {
    !matches!(call.value(0), Value::Service(_))
}

type Known = (Service, i32, &'static str, &'static str, &'static [&'static str]);

// Whether it counts its bytes itself: the others leave that to their base class.
const fn is_of_bytes(service: Service) -> bool {
    matches!(service, Service::Utf8 | Service::Utf8Plain | Service::Ascii)
}

fn known(call: &Call<'_, '_>) -> Outcome<&'static Known> {
    let service = match service(call)? {
        Service::Utf8Plain => Service::Utf8,
        Service::UnicodePlain => Service::Unicode,
        service => service,
    };
    KNOWN.iter().find(|known| known.0 == service).ok_or_else(|| broken("an encoding without a name"))
}

fn named(call: &mut Call<'_, '_>, name: fn(&Known) -> &'static str) -> Outcome<Value> {
    let name = name(known(call)?);
    call.yields(name)
}

fn maximum(call: &Call<'_, '_>, parameter: &str) -> Outcome<i64> {
    let count = call.int(1)?;
    let is_plain = match service(call)? {
        Service::Utf8 | Service::Utf8Plain | Service::Random => true,
        Service::Latin1 => parameter == "byteCount",
        Service::Ascii | Service::Unicode | Service::UnicodePlain | Service::BigEndianUnicode | Service::Utf32 => false,
    };
    if count < 0 { Err(negative(count, parameter, is_plain)) } else { Ok(i64::from(count)) }
}

// Encodings differ in how they say that a number may not be negative.
fn negative(value: i32, parameter: &str, is_plain: bool) -> crate::expr::Interrupt {
    if is_plain {
        return out_of_range("Non-negative number required.", parameter);
    }
    super::string::not_negative_message(value, parameter)
}

fn narrow(value: i64, parameter: &str) -> Outcome<Value> {
    let (many, few) = if parameter == "charCount" { ("characters", "bytes") } else { ("bytes", "chars") };
    let message =
        format!("Too many {many}. The resulting number of {few} is larger than what can be returned as an int.");
    i32::try_from(value).map(Value::Int32).map_err(|_| out_of_range(&message, parameter))
}

// A start and a count among the arguments, as a range of what has this length.
fn range(
    call: &Call<'_, '_>,
    at: usize,
    length: usize,
    [start, count]: [&str; 2],
    whole: &str,
    place: &str,
) -> Outcome<std::ops::Range<usize>> {
    let is_plain = is_plain(call)?;
    let not_negative = |at: usize, name: &str| -> Outcome<usize> {
        let value = call.int(at)?;
        usize::try_from(value).map_err(|_| negative(value, name, is_plain))
    };
    let (from, count) = (not_negative(at, start)?, not_negative(at + 1, count)?);
    let end = from.checked_add(count).filter(|end| *end <= length);
    let message = format!("Index and count must refer to a location within the {place}.");
    Ok(from..end.ok_or_else(|| out_of_range(&message, whole))?)
}

// UTF-8, ASCII and Latin-1 share code, and with it the words of its exceptions.
fn is_plain(call: &Call<'_, '_>) -> Outcome<bool> {
    Ok(matches!(
        service(call)?,
        Service::Utf8 | Service::Utf8Plain | Service::Ascii | Service::Latin1 | Service::Random
    ))
}

// An array, or a text in the place of one, that must be there.
fn array(call: &Call<'_, '_>, at: usize, name: &str) -> Outcome<()> {
    if call.value(at).is_null() && is_plain(call)? {
        // ASCII takes a text as an array of characters.
        let name = if name == "s" && service(call)? == Service::Ascii { "chars" } else { name };
        return Err(throw("System.ArgumentNullException", format!("Array cannot be null. (Parameter '{name}')")));
    }
    Ok(())
}

fn text_part(call: &Call<'_, '_>) -> Outcome<String> {
    let units: Vec<u16> = call.text(1, "s")?.encode_utf16().collect();
    let (from, count) = (not_negative(call.int(2)?, "index")?, not_negative(call.int(3)?, "count")?);
    let part = from..from.saturating_add(count);
    if part.end > units.len() {
        let most = i64::try_from(units.len()).unwrap_or(i64::MAX) - i64::try_from(count).unwrap_or(i64::MAX);
        return Err(super::string_build::at_most("index", i64::try_from(from).unwrap_or(i64::MAX), most));
    }
    Ok(String::from_utf16_lossy(units.get(part).unwrap_or(&[])))
}

fn unit_part(call: &Call<'_, '_>, names: [&str; 2], place: &str) -> Outcome<String> {
    array(call, 1, "chars")?;
    let units = call.units(1, "chars")?;
    let part = range(call, 2, units.len(), names, "chars", place)?;
    Ok(String::from_utf16_lossy(units.get(part).unwrap_or(&[])))
}

fn byte_part(call: &Call<'_, '_>, names: [&str; 2]) -> Outcome<Vec<u8>> {
    array(call, 1, "bytes")?;
    let bytes = call.bytes(1, "bytes")?;
    let part = range(call, 2, bytes.len(), names, "bytes", "buffer")?;
    Ok(bytes.get(part).unwrap_or(&[]).to_vec())
}

// Where in the array at argument 4 something of this length is to go.
fn target(call: &Call<'_, '_>, room: usize, length: usize, [array, at]: [&str; 2]) -> Outcome<usize> {
    let start = usize::try_from(call.int(5)?).ok().filter(|start| *start <= room);
    let message = "Index was out of range. Must be non-negative and less than or equal to the size of the collection.";
    let start = start.ok_or_else(|| out_of_range(message, at))?;
    let too_small = "The output char buffer is too small to contain the decoded characters";
    if length > room - start {
        let text = match array {
            "bytes" => "The output byte buffer is too small to contain the encoded data".to_owned(),
            _ => too_small.to_owned(),
        };
        let page = known(call)?.1;
        let kind = if array == "bytes" { "Encoder" } else { "Decoder" };
        let fallback = format!("System.Text.{kind}ReplacementFallback");
        return Err(argument(&format!("{text}, encoding codepage '{page}' and fallback '{fallback}'."), array));
    }
    Ok(start)
}

fn bytes_into(call: &mut Call<'_, '_>, text: &str) -> Outcome<Value> {
    let room = call.bytes(4, "bytes")?.len();
    let written = encode(service(call)?, text);
    let start = target(call, room, written.len(), ["bytes", "byteIndex"])?;
    call.state(4, |items: &mut Items| {
        for (place, byte) in items.values.iter_mut().skip(start).zip(&written) {
            *place = Value::Byte(*byte);
        }
    })?;
    Ok(index(written.len()))
}

fn chars_into(call: &mut Call<'_, '_>) -> Outcome<Value> {
    array(call, 1, "bytes")?;
    call.bytes(1, "bytes")?;
    array(call, 4, "chars")?;
    call.units(4, "chars")?;
    let part = byte_part(call, ["byteIndex", "byteCount"])?;
    let room = call.units(4, "chars")?.len();
    let units: Vec<u16> = decode(service(call)?, &part).encode_utf16().collect();
    let start = target(call, room, units.len(), ["chars", "charIndex"])?;
    super::text_reader::write_units(call, 4, start, &units)?;
    Ok(index(units.len()))
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
        Service::Utf8 | Service::Utf8Plain | Service::Random => text.as_bytes().to_vec(),
        Service::Ascii => units.map(|unit| u8::try_from(unit).ok().filter(u8::is_ascii).unwrap_or(b'?')).collect(),
        Service::Latin1 => {
            units.map(|unit| u8::try_from(unit).unwrap_or_else(|_| super::latin_fit::fit(unit))).collect()
        }
        Service::Unicode | Service::UnicodePlain => units.flat_map(u16::to_le_bytes).collect(),
        Service::BigEndianUnicode => units.flat_map(u16::to_be_bytes).collect(),
        Service::Utf32 => text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(),
    }
}

fn decode(service: Service, bytes: &[u8]) -> String {
    match service {
        Service::Utf8 | Service::Utf8Plain | Service::Random => String::from_utf8_lossy(bytes).into_owned(),
        Service::Ascii => bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect(),
        Service::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect(),
        Service::Unicode | Service::UnicodePlain | Service::BigEndianUnicode => utf16_text(bytes, service),
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
    let read = if service == Service::BigEndianUnicode { u16::from_be_bytes } else { u16::from_le_bytes };
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| read(*pair)).collect();
    let mut text = String::from_utf16_lossy(&units);
    if !rest.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}
