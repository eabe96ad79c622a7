//! How an entry looks in a cache outside of the process: a line of JSON that says what it is, then its content as bytes. Stores nothing.
//!
//! The line is `holdfast1 {"type":…,"stored":…,"lifetime":…,"response":…}`: the .NET type of a value, or `response`; when it was stored, in
//! milliseconds of Unix time; for how many seconds; and the head of a response. Another format gets another number: whoever finds an
//! entry that it cannot read has found nothing.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Found, Item};
use crate::expr::enumeration_named;
use crate::http::message::{Body, ResponseView};
use crate::http::{Bytes, HeaderMap, HeaderName, HeaderValue, StatusCode};
use crate::rng::Uuid;
use crate::time::WallTime;
use crate::value::json::JFormatting;
use crate::value::{DateTime, DateTimeKind, DateTimeOffset, Decimal, JToken, TimeSpan, Value};

/// What the line may be longer than the content, in bytes: fields of a response are counted with its content.
pub const HEAD_BYTES_MAX: u64 = 1024 * 1024;

const MAGIC: &[u8] = b"holdfast1 ";
const RESPONSE: &str = "response";

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    stored: i64,
    lifetime: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response: Option<Head>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    // A value is bytes: each of them is a character.
    headers: Vec<(String, String)>,
    content: Content,
}

#[derive(Clone, Copy, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Content {
    Absent,
    Follows,
}

/// The bytes of `item`, stored at `now` for `lifetime`; `None` for what has no such form.
#[must_use]
pub fn encode(item: &Item, lifetime: Duration, now: WallTime) -> Option<Bytes> {
    let (kind, response, content) = match item {
        Item::Response(response) => (RESPONSE.to_owned(), Some(head(response)), content_of(response)),
        Item::Value(Value::Response(response)) => {
            (Value::Response(Arc::clone(response)).type_name().into_owned(), Some(head(response)), content_of(response))
        }
        Item::Value(value) => (value.type_name().into_owned(), None, Bytes::from(text(value)?)),
    };
    let stored = now.unix_nanos().div_euclid(1_000_000);
    let line = serde_json::to_vec(&Line { kind, stored, lifetime: lifetime.as_secs(), response }).ok()?;
    let mut bytes = Vec::with_capacity(MAGIC.len() + line.len() + 1 + content.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&line);
    bytes.push(b'\n');
    bytes.extend_from_slice(&content);
    Some(Bytes::from(bytes))
}

/// What `bytes` hold; `None` when that cannot be read.
#[must_use]
pub fn decode(bytes: &Bytes, now: WallTime) -> Option<Found> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let line: Line = serde_json::from_slice(bytes.get(..end)?.strip_prefix(MAGIC)?).ok()?;
    let content = bytes.slice(end + 1..);
    let item = match (line.kind.as_str(), line.response) {
        (RESPONSE, Some(head)) => Item::Response(Arc::new(response(head, content)?)),
        ("IResponse", Some(head)) => Item::Value(Value::Response(Arc::new(response(head, content)?))),
        (kind, None) => Item::Value(value(kind, &content)?),
        (_, Some(_)) => return None,
    };
    let age = now.unix_nanos().div_euclid(1_000_000).saturating_sub(line.stored);
    // The clock of whoever stored it may be ahead.
    let age = Duration::from_millis(u64::try_from(age).unwrap_or(0));
    Some(Found { item, age, lifetime: Duration::from_secs(line.lifetime) })
}

fn head(response: &ResponseView) -> Head {
    let text = |value: &HeaderValue| value.as_bytes().iter().map(|byte| char::from(*byte)).collect();
    Head {
        status: response.status.as_u16(),
        reason: response.reason.clone(),
        headers: response.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        content: if let Body::Bytes(_) = response.body { Content::Follows } else { Content::Absent },
    }
}

fn content_of(response: &ResponseView) -> Bytes {
    match &response.body {
        Body::Bytes(bytes) => bytes.clone(),
        Body::Absent | Body::Unread | Body::Gone | Body::Consumed => Bytes::new(),
    }
}

fn response(head: Head, content: Bytes) -> Option<ResponseView> {
    let mut headers = HeaderMap::new();
    for (name, value) in head.headers {
        let bytes: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
        headers.append(HeaderName::try_from(name).ok()?, HeaderValue::from_bytes(&bytes?).ok()?);
    }
    let body = match head.content {
        Content::Absent => Body::Absent,
        Content::Follows => Body::Bytes(content),
    };
    Some(ResponseView { status: StatusCode::from_u16(head.status).ok()?, reason: head.reason, headers, body })
}

fn text(value: &Value) -> Option<Vec<u8>> {
    let text = match value {
        Value::Null => String::new(),
        Value::Bool(flag) => flag.to_string(),
        Value::Char(unit) => unit.to_string(),
        Value::SByte(_)
        | Value::Byte(_)
        | Value::Int16(_)
        | Value::UInt16(_)
        | Value::Int32(_)
        | Value::UInt32(_)
        | Value::Int64(_)
        | Value::UInt64(_) => value.to_string(),
        // The shortest digits that read back as the same number.
        Value::Single(number) => format!("{number:?}"),
        Value::Double(number) => format!("{number:?}"),
        Value::Decimal(number) => {
            let (negative, mantissa, scale) = number.parts();
            format!("{} {mantissa} {scale}", if negative { '-' } else { '+' })
        }
        Value::String(text) => return Some(text.as_bytes().to_vec()),
        Value::Strings(texts) => serde_json::to_string(&texts.iter().map(AsRef::as_ref).collect::<Vec<&str>>()).ok()?,
        Value::Chars(units) => return Some(units.iter().flat_map(|unit| unit.to_le_bytes()).collect()),
        Value::Bytes(bytes) => return Some(bytes.to_vec()),
        Value::Guid(id) => id.0.to_string(),
        Value::DateTime(moment) => format!("{} {}", moment.ticks(), kind_name(moment.kind())),
        Value::TimeSpan(span) => span.0.to_string(),
        Value::DateTimeOffset(moment) => format!("{} {}", moment.utc_ticks(), moment.offset_minutes()),
        Value::Enum(value) => value.number.to_string(),
        Value::Json(token) => token.to_json(JFormatting::None),
        Value::Response(_) | Value::Library(_) | Value::Context(_) | Value::Service(_) | Value::Object(_) => {
            return None;
        }
    };
    Some(text.into_bytes())
}

fn value(kind: &str, content: &Bytes) -> Option<Value> {
    match kind {
        "System.Byte[]" => return Some(Value::Bytes(content.to_vec().into())),
        "System.Char[]" => {
            let units =
                content.chunks_exact(2).map(|pair| pair.iter().rev().fold(0, |unit, b| unit << 8 | u16::from(*b)));
            return content.len().is_multiple_of(2).then(|| Value::Chars(units.collect()));
        }
        _ => {}
    }
    let text = std::str::from_utf8(content).ok()?;
    Some(match kind {
        "null" => Value::Null,
        "System.Boolean" => Value::Bool(text.parse().ok()?),
        "System.Char" => Value::Char(text.parse().ok()?),
        "System.SByte" => Value::SByte(text.parse().ok()?),
        "System.Byte" => Value::Byte(text.parse().ok()?),
        "System.Int16" => Value::Int16(text.parse().ok()?),
        "System.UInt16" => Value::UInt16(text.parse().ok()?),
        "System.Int32" => Value::Int32(text.parse().ok()?),
        "System.UInt32" => Value::UInt32(text.parse().ok()?),
        "System.Int64" => Value::Int64(text.parse().ok()?),
        "System.UInt64" => Value::UInt64(text.parse().ok()?),
        "System.Single" => Value::Single(text.parse().ok()?),
        "System.Double" => Value::Double(text.parse().ok()?),
        "System.Decimal" => Value::Decimal(decimal(text)?),
        "System.String" => Value::string(text),
        "System.String[]" => {
            let texts: Vec<String> = serde_json::from_str(text).ok()?;
            Value::Strings(texts.into_iter().map(Arc::from).collect())
        }
        "System.Guid" => Value::Guid(Uuid(text.parse().ok()?)),
        "System.DateTime" => {
            let (ticks, kind) = text.split_once(' ')?;
            Value::DateTime(DateTime::of_ticks(ticks.parse().ok()?, kind_named(kind)?)?)
        }
        "System.TimeSpan" => Value::TimeSpan(TimeSpan(text.parse().ok()?)),
        "System.DateTimeOffset" => {
            let (ticks, offset) = text.split_once(' ')?;
            Value::DateTimeOffset(DateTimeOffset::of_utc(ticks.parse().ok()?, offset.parse().ok()?)?)
        }
        kind if kind.starts_with("Newtonsoft.Json.Linq.J") => {
            // A property alone is no JSON.
            Some(JToken::parse(text).ok()?).filter(|token| token.type_name() == kind).map(Value::Json)?
        }
        kind => Value::Enum(enumeration_named(kind)?.value(text.parse().ok()?)),
    })
}

fn decimal(text: &str) -> Option<Decimal> {
    let mut parts = text.split(' ');
    let negative = match parts.next()? {
        "-" => true,
        "+" => false,
        _ => return None,
    };
    Decimal::of_parts(negative, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)
}

const fn kind_name(kind: DateTimeKind) -> &'static str {
    match kind {
        DateTimeKind::Unspecified => "unspecified",
        DateTimeKind::Utc => "utc",
        DateTimeKind::Local => "local",
    }
}

fn kind_named(name: &str) -> Option<DateTimeKind> {
    [DateTimeKind::Unspecified, DateTimeKind::Utc, DateTimeKind::Local]
        .into_iter()
        .find(|kind| kind_name(*kind) == name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: WallTime = WallTime::from_unix_seconds(1_700_000_000);
    const MINUTE: Duration = Duration::from_secs(60);

    // What comes back after 5 s.
    fn back(item: &Item) -> Item {
        let bytes = encode(item, MINUTE, NOW).unwrap_or_else(|| panic!("{item:?} has no form"));
        let found = decode(&bytes, NOW.saturating_add(Duration::from_secs(5)));
        let found = found.unwrap_or_else(|| panic!("{:?} cannot be read", String::from_utf8_lossy(&bytes)));
        assert_eq!((found.age, found.lifetime), (Duration::from_secs(5), MINUTE));
        found.item
    }

    fn response() -> ResponseView {
        let mut headers = HeaderMap::new();
        for value in [&b"a, b"[..], b"c", b"\xff\xe9"] {
            headers.append(HeaderName::from_static("x-many"), HeaderValue::from_bytes(value).unwrap());
        }
        let body = Body::Bytes(Bytes::from_static(b"one\ntwo\0\xff"));
        ResponseView { status: StatusCode::CREATED, reason: Some("Made".to_owned()), headers, body }
    }

    #[test]
    fn responses_come_back_whole() {
        let whole = Arc::new(response());
        assert_eq!(back(&Item::Response(Arc::clone(&whole))), Item::Response(Arc::clone(&whole)));
        let value = Item::Value(Value::Response(whole));
        assert_eq!(back(&value), value);
        let empty = ResponseView { reason: None, body: Body::Absent, ..response() };
        assert_eq!(back(&Item::Response(Arc::new(empty.clone()))), Item::Response(Arc::new(empty)));
    }

    #[test]
    fn values_come_back_with_their_types() {
        let values = [
            Value::Null,
            Value::Bool(true),
            Value::Char(0xd800),
            Value::SByte(-128),
            Value::Byte(255),
            Value::Int16(-1),
            Value::UInt16(65535),
            Value::Int32(i32::MIN),
            Value::UInt32(u32::MAX),
            Value::Int64(i64::MIN),
            Value::UInt64(u64::MAX),
            Value::Single(0.1),
            Value::Double(f64::NEG_INFINITY),
            Value::Double(5e-324),
            Value::string(""),
            Value::string("one\ntwo é"),
            Value::Strings([Arc::from("a\"b"), Arc::from("")].into()),
            Value::Chars([0xd800, 0x41].into()),
            Value::Bytes([0, 10, 255].into()),
            Value::Guid(Uuid(u128::MAX)),
            Value::TimeSpan(TimeSpan(-1)),
            Value::Enum(enumeration_named("System.DayOfWeek").unwrap().value(9)),
            Value::Json(JToken::parse("{\"a\":[1,2.5,null,\"x\",true]}").unwrap()),
            Value::Json(JToken::string("text")),
        ];
        for value in values {
            let item = Item::Value(value);
            assert_eq!(back(&item), item);
        }
        // Equality sees neither the zeros of a decimal nor the kind of a moment nor an offset.
        let decimal = Value::Decimal(Decimal::of_parts(true, 1_500, 3).unwrap());
        let moment = Value::DateTime(DateTime::of_ticks(638_000_000_000_000_000, DateTimeKind::Utc).unwrap());
        let offset = Value::DateTimeOffset(DateTimeOffset::of_utc(638_000_000_000_000_000, -330).unwrap());
        for value in [decimal, moment, offset] {
            let item = Item::Value(value);
            assert_eq!(format!("{:?}", back(&item)), format!("{item:?}"));
        }
        let Item::Value(nan) = back(&Item::Value(Value::Double(f64::NAN))) else { panic!("a value") };
        assert!(matches!(nan, Value::Double(number) if number.is_nan()));
    }

    #[test]
    fn what_another_wrote_is_nothing() {
        let whole = encode(&Item::Response(Arc::new(response())), MINUTE, NOW).unwrap();
        for bytes in [&b""[..], b"holdfast2 {}\n", b"holdfast1 {}\n", b"plain text", &whole[..40]] {
            assert_eq!(decode(&Bytes::copy_from_slice(bytes), NOW), None);
        }
        let other = br#"holdfast1 {"type":"System.Uri","stored":0,"lifetime":1}"#;
        assert_eq!(decode(&Bytes::from([other.as_slice(), b"\nhttp://h/"].concat()), NOW), None);
        let property = JToken::property("a", &JToken::null()).unwrap();
        let written = encode(&Item::Value(Value::Json(property)), MINUTE, NOW).unwrap();
        assert_eq!(decode(&written, NOW), None, "a property alone is no JSON");
    }

    proptest! {
        #[test]
        fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..60), line in "\\PC{0,60}") {
            let _ = decode(&Bytes::from(bytes), NOW);
            let _ = decode(&Bytes::from(format!("holdfast1 {line}\n")), NOW);
        }
    }
}
