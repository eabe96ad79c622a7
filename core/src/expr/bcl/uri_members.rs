//! `System.Uri`: components, comparison, trying, and the names of schemes. Taking an address apart is in `uri`.

use std::sync::Arc;

use super::string::distance_in_any_case;
use super::string::{ORDINAL, distance, ignores_case, ordinal_distance};
use super::uri::{absolute, difference, is_dos, is_file_path, must_be_absolute, of_kind, resolve, trimmed, uri_at};
use super::uri_iri::{is_international, is_plain_or_escaped};
use super::uri_text::{has_only_allowed, unescape_whole};
use super::{Call, Row, row};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, out_of_range, throw};
use crate::value::library::{UriParts, default_port, readable};
use crate::value::{Library, Value};

const OWNER: &str = "Uri";

pub(super) const ROWS: &[Row] = &[
    row(OWNER, "static bool TryCreate(string uriString, UriKind uriKind, out Uri result)", |call| {
        let kind = call.number(1)?;
        let found = call.text_or_null(0)?.cloned().map(|text| of_kind(&text, kind));
        match found {
            Some(Err(refused)) if !(0..=2).contains(&kind) => Err(refused),
            found => give(call, found),
        }
    }),
    row(OWNER, "static bool TryCreate(Uri baseUri, string relativeUri, out Uri result)", |call| {
        let found = match (base(call)?, call.text_or_null(1)?) {
            (Some(base), Some(text)) => Some(resolve(&base, text)),
            // What is whole needs no base.
            (None, Some(text)) => of_kind(text, 0).ok().filter(|found| !found.scheme.is_empty()).map(Ok),
            (_, None) => None,
        };
        give(call, found)
    }),
    row(OWNER, "static bool TryCreate(Uri baseUri, Uri relativeUri, out Uri result)", |call| {
        let found = match (base(call)?, call.value(1)) {
            (Some(base), Value::Library(Library::Uri(relative))) if relative.scheme.is_empty() => {
                Some(resolve(&base, &relative.original))
            }
            (Some(_), Value::Library(Library::Uri(other))) => Some(Ok((**other).clone())),
            _ => None,
        };
        give(call, found)
    }),
    row(OWNER, "string GetComponents(UriComponents components, UriFormat format)", |call| {
        let (wanted, format) = (call.number(1)?, call.number(2)?);
        let text = components(call, 0, wanted, format)?;
        call.yields(text)
    }),
    row(
        OWNER,
        "static int Compare(Uri uri1, Uri uri2, UriComponents partsToCompare, UriFormat compareFormat, \
         StringComparison comparisonType)",
        |call| {
            let (Value::Library(Library::Uri(a)), Value::Library(Library::Uri(b))) = (call.value(0), call.value(1))
            else {
                return Ok(super::object::order(call.value(1).is_null().cmp(&call.value(0).is_null())));
            };
            let (wanted, format, ignore) = (call.number(2)?, call.number(3)?, ignores_case(call, 4)?);
            let (a, b) = match (a.scheme.is_empty(), b.scheme.is_empty()) {
                (true, true) => (a.original.clone(), b.original.clone()),
                (true, false) => return Ok(Value::Int32(-1)),
                (false, true) => return Ok(Value::Int32(1)),
                (false, false) => (components(call, 0, wanted, format)?, components(call, 1, wanted, format)?),
            };
            Ok(match call.number(4)? {
                _ if ignore => distance_in_any_case(&a, &b),
                ORDINAL => ordinal_distance(&a, &b),
                _ => distance(&a, &b),
            })
        },
    ),
    row(OWNER, "bool IsWellFormedOriginalString()", |call| {
        let uri = uri_at(call, 0, "this")?;
        Ok(Value::Bool(is_well_formed(&uri)))
    }),
    row(OWNER, "string MakeRelative(Uri toUri)", |call| {
        let other = uri_at(call, 1, "toUri")?;
        let (base, other) = (absolute(call)?, must_be_absolute(other)?);
        let same = base.scheme == other.scheme && base.host == other.host && port(&base) == port(&other);
        let text = if same { difference(&base.path, &other.path) } else { readable(&other.absolute()) };
        call.yields(text)
    }),
    row(OWNER, "static string UriSchemeGopher", |call| call.yields("gopher")),
    row(OWNER, "static string UriSchemeNetPipe", |call| call.yields("net.pipe")),
    row(OWNER, "static string UriSchemeNetTcp", |call| call.yields("net.tcp")),
    row(OWNER, "static string UriSchemeNews", |call| call.yields("news")),
    row(OWNER, "static string UriSchemeNntp", |call| call.yields("nntp")),
    row(OWNER, "static string UriSchemeSftp", |call| call.yields("sftp")),
    row(OWNER, "static string UriSchemeFtps", |call| call.yields("ftps")),
    row(OWNER, "static string UriSchemeSsh", |call| call.yields("ssh")),
    row(OWNER, "static string UriSchemeTelnet", |call| call.yields("telnet")),
    row(OWNER, "static string UriSchemeWs", |call| call.yields("ws")),
    row(OWNER, "static string UriSchemeWss", |call| call.yields("wss")),
];

fn base(call: &Call<'_, '_>) -> Outcome<Option<Arc<UriParts>>> {
    if call.value(0).is_null() {
        return Ok(None);
    }
    let base = uri_at(call, 0, "baseUri")?;
    Ok(Some(base).filter(|base| !base.scheme.is_empty()))
}

// What cannot be read gives null; limits are no matter of the text.
fn give(call: &mut Call<'_, '_>, found: Option<Outcome<UriParts>>) -> Outcome<Value> {
    let found = match found {
        Some(Ok(uri)) => Some(uri),
        Some(Err(Interrupt::Exception(_))) | None => None,
        Some(Err(other)) => return Err(other),
    };
    let is_found = found.is_some();
    call.give(found.map_or(Value::Null, |uri| Value::Library(Library::Uri(Arc::new(uri)))));
    Ok(Value::Bool(is_found))
}

/// The port that is meant.
pub(super) fn port(uri: &UriParts) -> Option<u16> {
    uri.port.or_else(|| default_port(&uri.scheme))
}

/// `UriComponents`, by its numbers.
const SCHEME: i32 = 1;
const USER: i32 = 2;
const HOST: i32 = 4;
const PORT: i32 = 8;
const PATH: i32 = 16;
const QUERY: i32 = 32;
const FRAGMENT: i32 = 64;
const STRONG_PORT: i32 = 128;
const NORMALIZED_HOST: i32 = 256;
const KEEP_DELIMITER: i32 = 0x4000_0000;

fn components(call: &Call<'_, '_>, at: usize, wanted: i32, format: i32) -> Outcome<String> {
    if wanted < 0 && wanted != i32::MIN {
        let message = "UriComponents.SerializationInfoString must not be combined with other UriComponents. (Parameter 'components')";
        return Err(throw("System.ArgumentOutOfRangeException", format!("{message}\nActual value was {wanted}.")));
    }
    const NO_FORMAT: &str = "Specified argument was out of the range of valid values.";
    if !(0..=3).contains(&format) {
        return Err(out_of_range(NO_FORMAT, "format"));
    }
    let uri = uri_at(call, at, "this")?;
    let is_whole = wanted == i32::MIN;
    if uri.scheme.is_empty() && !is_whole {
        absolute(call)?;
    }
    // What is the same in every form is given before that is looked at.
    if format == 0 && ![SCHEME, HOST, PORT, STRONG_PORT].contains(&wanted) {
        return Err(out_of_range(NO_FORMAT, if uri.scheme.is_empty() { "format" } else { "uriFormat" }));
    }
    if is_whole {
        let text = if uri.scheme.is_empty() { super::uri_text::escape(&uri.original) } else { uri.absolute() };
        return Ok(shown(&text, format));
    }
    let has = |part: i32| wanted & part != 0;
    let parts = [SCHEME, USER, HOST | NORMALIZED_HOST, PORT | STRONG_PORT, PATH, QUERY, FRAGMENT];
    let is_lone = parts.iter().filter(|part| has(**part)).count() == 1 && !has(KEEP_DELIMITER);
    let mut text = String::new();
    if has(SCHEME) {
        let mark = if is_lone {
            ""
        } else if uri.has_authority {
            "://"
        } else {
            ":"
        };
        text.push_str(&format!("{}{mark}", uri.scheme));
    }
    if has(USER) && !uri.user_info.is_empty() {
        text.push_str(&format!("{}{}", uri.user_info, if is_lone { "" } else { "@" }));
    }
    if has(HOST | NORMALIZED_HOST) {
        text.push_str(&uri.shown_host());
    }
    let is_default = uri.port.is_none() || uri.port == default_port(&uri.scheme);
    if let Some(port) = port(&uri).filter(|_| has(STRONG_PORT) || has(PORT) && !is_default) {
        text.push_str(&if is_lone { port.to_string() } else { format!(":{port}") });
    }
    for (part, piece, mark) in [(PATH, &uri.path, '/'), (QUERY, &uri.query, '?'), (FRAGMENT, &uri.fragment, '#')] {
        if has(part) {
            text.push_str(if is_lone { piece.strip_prefix(mark).unwrap_or(piece) } else { piece });
        }
    }
    Ok(shown(&text, format))
}

fn shown(text: &str, format: i32) -> String {
    match format {
        1 => text.to_owned(),
        2 => unescape_whole(text),
        _ => readable(text),
    }
}

/// Whether nothing of the text would be escaped, and it says that it is an address of a file if it is one.
pub(super) fn is_well_formed(uri: &UriParts) -> bool {
    if uri.scheme.is_empty() {
        let text = uri.original.as_str();
        let first = text.find([':', '\\', '/', '?', '#']).and_then(|at| text.get(at..)).unwrap_or("");
        // A relative one is no address of the international kind.
        return !first.starts_with(':') && text.is_ascii() && !text.contains(['#', '[', ']']) && has_only_allowed(text);
    }
    let text = trimmed(&uri.original);
    let rest = text.get(uri.scheme.len() + 1..).unwrap_or("");
    let behind = rest.strip_prefix("//");
    let is_odd_file = uri.scheme == "file" && behind.is_none_or(|behind| behind.starts_with("//") || is_dos(behind));
    if is_file_path(text) || is_odd_file {
        return false;
    }
    let start = |behind: &str| behind.find(['/', '?', '#']).unwrap_or(behind.len());
    let tail = behind.map_or(rest, |behind| behind.get(start(behind)..).unwrap_or(""));
    let user = behind.and_then(|behind| behind.get(..start(behind))?.rsplit_once('@')).map_or("", |(user, _)| user);
    !tail.contains(['[', ']'])
        && tail.matches('#').count() < 2
        && has_only_allowed(text)
        && (!is_international(text) || std::iter::once(user).chain(pieces(tail)).all(is_plain_or_escaped))
}

// Path, query and fragment.
fn pieces(tail: &str) -> [&str; 3] {
    let (rest, fragment) = tail.split_once('#').unwrap_or((tail, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    [path, query, fragment]
}
