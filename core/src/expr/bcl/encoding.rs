//! `System.Text.Encoding`: UTF-8 and ASCII.

use std::sync::Arc;

use super::{Call, Row, row};
use crate::expr::exception::{Outcome, broken};
use crate::value::{Service, Value};

pub(super) const ROWS: &[Row] = &[
    row("Encoding", "static Encoding UTF8", |_| Ok(Value::Service(Service::Utf8))),
    row("Encoding", "static Encoding ASCII", |_| Ok(Value::Service(Service::Ascii))),
    row("Encoding", "byte[] GetBytes(string s)", |call| {
        let text = call.text(1, "s")?;
        call.machine.charge(text.len())?;
        Ok(Value::Bytes(match service(call)? {
            Service::Ascii => {
                text.encode_utf16().map(|unit| u8::try_from(unit).ok().filter(u8::is_ascii).unwrap_or(b'?')).collect()
            }
            _ => Arc::from(text.as_bytes()),
        }))
    }),
    row("Encoding", "string GetString(byte[] bytes)", |call| {
        let bytes = call.bytes(1, "bytes")?;
        let text = match service(call)? {
            Service::Ascii => bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect(),
            _ => String::from_utf8_lossy(&bytes).into_owned(),
        };
        call.yields(text)
    }),
];

fn service(call: &Call<'_, '_>) -> Outcome<Service> {
    match call.value(0) {
        Value::Service(service) => Ok(*service),
        _ => Err(broken("expected an encoding")),
    }
}

/// The text of a body: UTF-8 without a byte order mark, wrong bytes as U+FFFD.
pub(super) fn utf8_text(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    String::from_utf8_lossy(bytes).into_owned()
}
