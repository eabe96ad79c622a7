//! `System.Uri`: parsing and its members. Percent-encoding of plain text is in `net`.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use super::enums::URI_HOST_NAME_TYPE;
use super::uri_text::{escape, has_readable_escape, unescape_whole, with_controls, without_dots};
use super::{Call, Row, row};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, argument, argument_null, broken, invalid_operation, null_reference, throw};
use crate::value::address::ip_text;
use crate::value::library::{UriParts, default_port};
use crate::value::{Library, Value};

const OWNER: &str = "Uri";

/// Schemes whose addresses must name a host.
const WITH_HOST: [&str; 8] = ["http", "https", "ws", "wss", "ftp", "gopher", "nntp", "telnet"];

pub(super) const ROWS: &[Row] = &[
    row(OWNER, "new Uri(string uriString)", |call| made(parse(call.text(0, "uriString")?))),
    row(OWNER, "new Uri(string uriString, UriKind uriKind)", |call| {
        made(of_kind(call.text(0, "uriString")?, call.number(1)?))
    }),
    row(OWNER, "new Uri(Uri baseUri, string relativeUri)", |call| {
        let base = absolute_at(call, 0, "baseUri")?;
        let text = call.text_or_null(1)?.map_or("", |text| text);
        made(resolve(&base, text))
    }),
    row(OWNER, "new Uri(Uri baseUri, Uri relativeUri)", |call| {
        let base = absolute_at(call, 0, "baseUri")?;
        if call.value(1).is_null() {
            return Err(null_reference());
        }
        let relative = uri_at(call, 1, "relativeUri")?;
        if relative.scheme.is_empty() { made(resolve(&base, &relative.original)) } else { Ok(call.value(1).clone()) }
    }),
    row(OWNER, "string AbsoluteUri", |call| shown(call, UriParts::absolute)),
    row(OWNER, "string OriginalString", |call| {
        let text = this(call)?.original.clone();
        call.yields(text)
    }),
    row(OWNER, "string AbsolutePath", |call| shown(call, |uri| shown_path(uri).to_owned())),
    row(OWNER, "string LocalPath", |call| shown(call, local_path)),
    row(OWNER, "string PathAndQuery", |call| shown(call, |uri| format!("{}{}", shown_path(uri), uri.query))),
    row(OWNER, "string Query", |call| shown(call, |uri| uri.query.clone())),
    row(OWNER, "string Fragment", |call| shown(call, |uri| uri.fragment.clone())),
    row(OWNER, "string Scheme", |call| shown(call, |uri| uri.scheme.clone())),
    row(OWNER, "string Host", |call| shown(call, UriParts::shown_host)),
    row(OWNER, "string DnsSafeHost", |call| shown(call, |uri| uri.host.clone())),
    row(OWNER, "string IdnHost", |call| shown(call, |uri| super::punycode::ascii(&uri.host))),
    row(OWNER, "string Authority", |call| shown(call, UriParts::authority)),
    row(OWNER, "string UserInfo", |call| shown(call, |uri| uri.user_info.clone())),
    row(OWNER, "int Port", |call| {
        let uri = absolute(call)?;
        Ok(Value::Int32(uri.port.or_else(|| default_port(&uri.scheme)).map_or(-1, i32::from)))
    }),
    row(OWNER, "bool IsAbsoluteUri", |call| Ok(Value::Bool(!this(call)?.scheme.is_empty()))),
    row(OWNER, "bool IsDefaultPort", |call| {
        let uri = absolute(call)?;
        Ok(Value::Bool(uri.port.is_none() || uri.port == default_port(&uri.scheme)))
    }),
    row(OWNER, "bool IsFile", |call| Ok(Value::Bool(absolute(call)?.scheme == "file"))),
    row(OWNER, "bool IsUnc", |call| {
        let uri = absolute(call)?;
        Ok(Value::Bool(uri.scheme == "file" && !uri.host.is_empty()))
    }),
    row(OWNER, "bool IsLoopback", |call| {
        let uri = absolute(call)?;
        let is_address = uri.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let is_named = matches!(uri.host.as_str(), "localhost" | "loopback");
        Ok(Value::Bool(is_address || is_named || uri.scheme == "file" && uri.host.is_empty()))
    }),
    row(OWNER, "bool UserEscaped", |_| Ok(Value::Bool(false))),
    row(OWNER, "UriHostNameType HostNameType", |call| {
        let uri = absolute(call)?;
        match uri.host.is_empty() {
            true => Ok(Value::Enum(URI_HOST_NAME_TYPE.value(i32::from(has_place(&uri))))),
            false => Ok(host_type(&uri.host, 1)),
        }
    }),
    row(OWNER, "string[] Segments", |call| {
        let path = absolute(call)?.path.clone();
        let segments: Vec<Arc<str>> = path.split_inclusive('/').map(Arc::from).collect();
        call.machine.charge(path.len() + segments.len() * 16)?;
        Ok(Value::Strings(segments.into()))
    }),
    row(OWNER, "string GetLeftPart(UriPartial part)", |call| {
        let uri = absolute(call)?;
        let delimiter = if uri.has_authority { "://" } else { ":" };
        let scheme = format!("{}{delimiter}", uri.scheme);
        let authority = format!("{scheme}{}", uri.authority_with_user());
        let part = call.number(1)?;
        let text = match part {
            0 => scheme,
            1 if !uri.has_authority => String::new(),
            1 => authority,
            2 => format!("{authority}{}", uri.path),
            3 => format!("{authority}{}{}", uri.path, uri.query),
            _ => return Err(argument(&format!("The subcomponent, {part}, of this uri is not valid."), "part")),
        };
        call.yields(text)
    }),
    row(OWNER, "bool Equals(object comparand)", |call| match call.value(1) {
        Value::String(text) => {
            Ok(Value::Bool(parse(text).is_ok_and(|other| this(call).is_ok_and(|uri| uri.is_same(&other)))))
        }
        other => Ok(Value::Bool(call.value(0) == other)),
    }),
    row(OWNER, "bool IsBaseOf(Uri uri)", |call| {
        let (base, other) = (this(call)?, uri_at(call, 1, "uri")?);
        if base.scheme.is_empty() {
            return Ok(Value::Bool(false));
        }
        let other = if other.scheme.is_empty() { Arc::new(resolve(&base, &other.original)?) } else { other };
        let folder = base.path.rfind('/').and_then(|end| base.path.get(..=end)).unwrap_or("");
        Ok(Value::Bool(is_same_place(&base, &other) && other.path.starts_with(folder)))
    }),
    row(OWNER, "Uri MakeRelativeUri(Uri uri)", |call| {
        let (base, other) = (this(call)?, uri_at(call, 1, "uri")?);
        let (base, other) = (must_be_absolute(base)?, must_be_absolute(other)?);
        if !is_same_place(&base, &other) {
            return Ok(call.value(1).clone());
        }
        let original = format!("{}{}{}", difference(&base.path, &other.path), other.query, other.fragment);
        made(Ok(UriParts { original, ..UriParts::default() }))
    }),
    row(OWNER, "static bool IsWellFormedUriString(string uriString, UriKind uriKind)", |call| {
        let Some(text) = call.text_or_null(0)? else { return Ok(Value::Bool(false)) };
        let kind = call.number(1)?;
        match of_kind(text, kind) {
            Err(refused) if !(0..=2).contains(&kind) => Err(refused),
            Ok(uri) => Ok(Value::Bool(super::uri_members::is_well_formed(&uri))),
            Err(Interrupt::Exception(_)) => Ok(Value::Bool(false)),
            Err(other) => Err(other),
        }
    }),
    row(OWNER, "static UriHostNameType CheckHostName(string name)", |call| {
        let name = call.text_or_null(0)?.map_or("", |name| name);
        if let Some(inner) = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            let is_address = inner.parse::<Ipv6Addr>().is_ok();
            return Ok(Value::Enum(URI_HOST_NAME_TYPE.value(if is_address { 4 } else { 0 })));
        }
        let name = name.split_once('%').map_or(name, |(address, _)| if address.contains(':') { address } else { name });
        if name.is_empty() {
            return Ok(Value::Enum(URI_HOST_NAME_TYPE.value(0)));
        }
        Ok(host_type(&dotted(name).unwrap_or_else(|| name.to_owned()), 0))
    }),
    row(OWNER, "static bool CheckSchemeName(string schemeName)", |call| {
        Ok(Value::Bool(call.text_or_null(0)?.is_some_and(|name| is_scheme(name))))
    }),
    row(OWNER, "static string UriSchemeHttp", |call| call.yields("http")),
    row(OWNER, "static string UriSchemeHttps", |call| call.yields("https")),
    row(OWNER, "static string UriSchemeFtp", |call| call.yields("ftp")),
    row(OWNER, "static string UriSchemeFile", |call| call.yields("file")),
    row(OWNER, "static string UriSchemeMailto", |call| call.yields("mailto")),
    row(OWNER, "static string SchemeDelimiter", |call| call.yields("://")),
];

fn is_same_place(base: &UriParts, other: &UriParts) -> bool {
    let port = super::uri_members::port;
    base.scheme == other.scheme && base.host == other.host && port(base) == port(other)
}

/// What can be wrong with a host and the port behind it.
const HOST_MISTAKES: [&str; 2] =
    ["Invalid URI: The hostname could not be parsed.", "Invalid URI: Invalid port specified."];
/// A drive and no path from its root.
const UNROOTED: &str = "Invalid URI: A Dos path must be rooted, for example, 'c:\\\\'.";
/// What is left out around an address.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// An address of the kind that is asked for: 1 absolute, 2 relative, 0 either. A rooted path is relative where it may be, and so is
/// any path of a file where nothing else is asked for.
pub(super) fn of_kind(text: &str, kind: i32) -> Outcome<UriParts> {
    if !(0..=2).contains(&kind) {
        let message = format!("The value '{kind}' passed for the UriKind parameter is invalid.");
        return Err(throw("System.ArgumentException", message));
    }
    let relative = UriParts { original: text.to_owned(), ..UriParts::default() };
    let trimmed = text.trim_matches(BLANKS);
    let is_path = match kind {
        1 => false,
        2 => is_file_path(trimmed),
        _ => trimmed.starts_with('/') || trimmed.starts_with("\\/"),
    };
    if is_path {
        return Ok(relative);
    }
    match (kind, parse(text)) {
        (1, found) => found,
        (2, Ok(_)) => Err(malformed(
            "A relative URI cannot be created because the 'uriString' parameter represents an absolute URI.",
        )),
        (_, Ok(uri)) => Ok(uri),
        // What has a place for a host and a wrong one there is no relative one either.
        (_, Err(Interrupt::Exception(thrown)))
            if HOST_MISTAKES.contains(&thrown.message.as_str()) || thrown.message == UNROOTED =>
        {
            Err(Interrupt::Exception(thrown))
        }
        (_, Err(_)) => Ok(relative),
    }
}

// A path that begins with a drive has no slash in front of it.
fn shown_path(uri: &UriParts) -> &str {
    let dos = uri.path.strip_prefix('/').filter(|path| uri.scheme == "file" && uri.host.is_empty() && is_dos(path));
    dos.unwrap_or(&uri.path)
}

// As the file system of the path's own kind writes it.
fn local_path(uri: &UriParts) -> String {
    let path = unescape_whole(&uri.path);
    if uri.scheme != "file" {
        return path;
    }
    if !uri.host.is_empty() {
        return format!("\\\\{}{}", uri.host, path.replace('/', "\\"));
    }
    match path.strip_prefix('/') {
        Some(dos) if is_dos(dos) => dos.replace('/', "\\"),
        _ => path,
    }
}

// The slashes of either kind behind `file:` in the form that says the same, and what stands behind them.
fn placed_file(rest: &str) -> Option<String> {
    let behind = rest.trim_start_matches(['/', '\\']);
    let slashes = rest.get(..rest.len() - behind.len())?;
    let is_mixed = slashes.contains('\\');
    match slashes.len() {
        0..=3 if is_dos(behind) => Some(format!("/{}", behind.replace('\\', "/"))),
        4.. => Some(behind.replace('\\', "/")),
        2 | 3 if is_mixed => Some(format!("{}{}", "/".repeat(slashes.len() - 2), behind.replace('\\', "/"))),
        _ => None,
    }
}

// What stands behind a drive: `c:` or `c|`.
fn behind_drive(text: &str) -> Option<&str> {
    let behind = text.strip_prefix(|c: char| c.is_ascii_alphabetic())?;
    behind.strip_prefix([':', '|'])
}

/// A drive and a slash of either kind.
pub(super) fn is_dos(text: &str) -> bool {
    behind_drive(text).is_some_and(|behind| behind.starts_with(['/', '\\']))
}

// Two slashes of either kind.
fn is_share(text: &str) -> bool {
    text.strip_prefix(['/', '\\']).is_some_and(|behind| behind.starts_with(['/', '\\']))
}

/// What is the address of a file without saying so.
pub(super) fn is_file_path(text: &str) -> bool {
    text.starts_with('/') || is_share(text) || is_dos(text)
}

// A path of a file has neither query nor fragment.
fn without_marks(path: &str) -> String {
    path.replace('?', "%3F").replace('#', "%23")
}

fn malformed(message: &str) -> Interrupt {
    throw("System.UriFormatException", message)
}

pub(super) fn made(uri: Outcome<UriParts>) -> Outcome<Value> {
    uri.map(|uri| Value::Library(Library::Uri(Arc::new(uri))))
}

pub(super) fn uri_at(call: &Call<'_, '_>, at: usize, parameter: &str) -> Outcome<Arc<UriParts>> {
    match call.value(at) {
        Value::Library(Library::Uri(uri)) => Ok(Arc::clone(uri)),
        Value::Null => Err(argument_null(parameter)),
        _ => Err(broken("expected a Uri")),
    }
}

fn this(call: &Call<'_, '_>) -> Outcome<Arc<UriParts>> {
    uri_at(call, 0, "this")
}

pub(super) fn absolute(call: &Call<'_, '_>) -> Outcome<Arc<UriParts>> {
    must_be_absolute(this(call)?)
}

pub(super) fn must_be_absolute(uri: Arc<UriParts>) -> Outcome<Arc<UriParts>> {
    if uri.scheme.is_empty() {
        return Err(invalid_operation("This operation is not supported for a relative URI."));
    }
    Ok(uri)
}

fn absolute_at(call: &Call<'_, '_>, at: usize, parameter: &str) -> Outcome<Arc<UriParts>> {
    let uri = uri_at(call, at, parameter)?;
    if uri.scheme.is_empty() {
        return Err(throw(
            "System.ArgumentOutOfRangeException",
            format!("Specified argument was out of the range of valid values. (Parameter '{parameter}')"),
        ));
    }
    Ok(uri)
}

fn shown(call: &mut Call<'_, '_>, part: fn(&UriParts) -> String) -> Outcome<Value> {
    let text = part(&*absolute(call)?);
    call.yields(text)
}

fn is_scheme(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

fn is_name(host: &str) -> bool {
    let is_part = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_label = |label: &str| !label.is_empty() && label.chars().all(is_part);
    !host.is_empty() && host.strip_suffix('.').unwrap_or(host).split('.').all(is_label)
}

/// The most UTF-16 units of a label of a domain's name, as it is sent.
const LABEL_UNITS_MAX: usize = 63;

/// Whether it is the name of a domain, as .NET's `DomainNameHelper` has it.
pub(super) fn is_domain(host: &str) -> bool {
    let is_part = |c: char| matches!(c, '\u{a0}'..) || c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_first = |c: char| matches!(c, '\u{a0}'..) || c.is_ascii_alphanumeric();
    // What is not ASCII takes the mark `xn--`, and about another unit each.
    let units = |label: &str| match label.is_ascii() {
        true => label.len(),
        false => 4 + label.encode_utf16().map(|unit| 1 + usize::from(unit > 0xff)).sum::<usize>(),
    };
    let is_label =
        |label: &str| label.starts_with(is_first) && label.chars().all(is_part) && units(label) <= LABEL_UNITS_MAX;
    let dots = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];
    host.strip_suffix(dots).unwrap_or(host).split(dots).all(is_label)
}

// `nameless` is the number of what is no domain.
fn host_type(host: &str, nameless: i32) -> Value {
    let number = match super::ip_address::parse(host) {
        Some(IpAddr::V4(_)) => 3,
        Some(IpAddr::V6(_)) => 4,
        None if is_domain(host) => 2,
        None => nameless,
    };
    Value::Enum(URI_HOST_NAME_TYPE.value(number))
}

/// An absolute address; the messages are those of .NET 8.
pub(super) fn parse(text: &str) -> Outcome<UriParts> {
    let uri = read(text)?;
    Ok(UriParts { shown: with_controls(trimmed(text), |marked| read(marked).ok()), ..uri })
}

/// An address without the blanks around it; those behind it belong to it when something before them is shown without its escape.
pub(super) fn trimmed(text: &str) -> &str {
    if has_readable_escape(text) { text.trim_start_matches(BLANKS) } else { text.trim_matches(BLANKS) }
}

fn read(text: &str) -> Outcome<UriParts> {
    let trimmed = trimmed(text);
    if text.is_empty() {
        return Err(malformed("Invalid URI: The URI is empty."));
    }
    if is_dos(trimmed) || is_share(trimmed) {
        return read_foreign(text, trimmed);
    }
    // On Unix a rooted path is the address of a file.
    if trimmed.starts_with('/') {
        let path = escape(&without_dots(&without_marks(trimmed)));
        let (original, scheme) = (text.to_owned(), "file".to_owned());
        return Ok(UriParts { original, scheme, path, has_authority: true, ..UriParts::default() });
    }
    if behind_drive(trimmed).is_some_and(|behind| !behind.is_empty()) {
        return Err(malformed(UNROOTED));
    }
    let Some((scheme, rest)) = trimmed.split_once(':').filter(|(scheme, _)| !scheme.contains(['/', '?', '#'])) else {
        return Err(malformed("Invalid URI: The format of the URI could not be determined."));
    };
    if !is_scheme(scheme) {
        return Err(malformed("Invalid URI: The URI scheme is not valid."));
    }
    // A drive alone.
    if scheme.len() == 1 {
        return Err(malformed("Invalid URI: The format of the URI could not be determined."));
    }
    let scheme = scheme.to_ascii_lowercase();
    let needs_host = WITH_HOST.contains(&scheme.as_str());
    let mut uri = UriParts { original: text.to_owned(), scheme, ..UriParts::default() };
    let is_placed = needs_host || uri.scheme == "file";
    let file = if uri.scheme == "file" { placed_file(rest) } else { None };
    let after = file.as_deref().or_else(|| rest.strip_prefix("//"));
    let after = after.or_else(|| rest.strip_prefix("\\\\").filter(|_| is_placed));
    let Some(after) = after else {
        if is_placed && is_share(rest) {
            return Err(no_host());
        }
        if is_placed {
            return Err(malformed("Invalid URI: The Authority/Host could not be parsed."));
        }
        let (path, query, fragment) = split_path(rest);
        if uri.scheme == "mailto" && !path.is_empty() {
            let (authority, path) = path.split_at_checked(path.find('/').unwrap_or(path.len())).unwrap_or((path, ""));
            let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
            if user.contains('@') || !is_name(host) {
                return Err(no_host());
            }
            let (user_info, host) = (escape(user), host.to_lowercase());
            return Ok(UriParts { user_info, host, path: escape(path), query, fragment, ..uri });
        }
        return Ok(UriParts { path: escape(path), query, fragment, ..uri });
    };
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    let (authority, rest) = after.split_at_checked(end).unwrap_or((after, ""));
    uri.has_authority = true;
    read_authority(&mut uri, authority, needs_host)?;
    let (path, query, fragment) = split_path(rest);
    let is_of_unix = uri.scheme == "file" && authority.is_empty();
    let path = if is_of_unix { path.to_owned() } else { path.replace('\\', "/") };
    let path = escape(&without_dots(&path));
    uri.path = if path.is_empty() { "/".to_owned() } else { path };
    uri.query = query;
    uri.fragment = fragment;
    Ok(uri)
}

// A path of Windows: on a drive, or on a share. What looks escaped in it is not.
fn read_foreign(text: &str, trimmed: &str) -> Outcome<UriParts> {
    let path = without_marks(&trimmed.replace('%', "%25").replace('\\', "/"));
    let place = if is_dos(trimmed) { "///" } else { "" };
    let uri = read(&format!("file:{place}{}", path.replacen('|', ":", usize::from(is_dos(trimmed)))))?;
    Ok(UriParts { original: text.to_owned(), ..uri })
}

// Path as written; query and fragment escaped, with their marks.
fn split_path(text: &str) -> (&str, String, String) {
    let (before, fragment) = text.split_at_checked(text.find('#').unwrap_or(text.len())).unwrap_or((text, ""));
    let (path, query) = before.split_at_checked(before.find('?').unwrap_or(before.len())).unwrap_or((before, ""));
    (path, escape(query), escape(fragment))
}

fn no_host() -> Interrupt {
    let [no_host, _] = HOST_MISTAKES;
    malformed(no_host)
}

fn read_authority(uri: &mut UriParts, authority: &str, needs_host: bool) -> Outcome<()> {
    let [_, no_port] = HOST_MISTAKES;
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if user.contains('@') {
        return Err(no_host());
    }
    uri.user_info = escape(user);
    let colon = host.rfind(':').filter(|at| !host.get(*at..).unwrap_or("").contains(']'));
    let (name, port) = match colon {
        Some(at) => (host.get(..at).unwrap_or(""), host.get(at + 1..).unwrap_or("")),
        None => (host, ""),
    };
    if !port.is_empty() {
        let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
        let number = if is_number { port.parse().ok() } else { None };
        uri.port = Some(number.ok_or_else(|| malformed(no_port))?);
    }
    if let Some(inner) = name.strip_prefix('[') {
        let address = inner.strip_suffix(']').and_then(|inner| inner.parse::<Ipv6Addr>().ok());
        uri.host = ip_text(IpAddr::V6(address.ok_or_else(no_host)?));
        return Ok(());
    }
    if name.is_empty() && needs_host || !name.is_empty() && !is_name(name) {
        return Err(no_host());
    }
    uri.host = dotted(name).unwrap_or_else(|| name.to_lowercase());
    Ok(())
}

// An IPv4 address of up to four numbers, each decimal, octal or hexadecimal, in its usual form.
fn dotted(name: &str) -> Option<String> {
    let number = |part: &str| match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None if part.len() > 1 && part.starts_with('0') => u32::from_str_radix(part, 8).ok(),
        None if part.bytes().all(|byte| byte.is_ascii_digit()) => part.parse().ok(),
        None => None,
    };
    let numbers = name.split('.').map(number).collect::<Option<Vec<u32>>>()?;
    let (last, first) = numbers.split_last()?;
    let missing = 4_u32.checked_sub(u32::try_from(first.len()).ok()?).filter(|missing| *missing > 0)?;
    if first.iter().any(|number| *number > 255) || missing < 4 && *last >> (8 * missing) != 0 {
        return None;
    }
    let high = first.iter().zip([24, 16, 8]).map(|(number, shift)| number << shift).sum::<u32>();
    Some(std::net::Ipv4Addr::from(high + last).to_string())
}

/// RFC 3986, section 5.2.
pub(super) fn resolve(base: &UriParts, relative: &str) -> Outcome<UriParts> {
    let relative = relative.trim_matches(BLANKS);
    let straight = relative.strip_prefix("\\/").map(|rest| format!("//{rest}"));
    let relative = straight.as_deref().unwrap_or(relative);
    // The scheme of the base, and no authority, is a relative address too.
    let behind = relative.strip_prefix(base.scheme.as_str()).and_then(|rest| rest.strip_prefix(':'));
    let relative = behind.filter(|rest| base.has_authority && !rest.starts_with('/')).unwrap_or(relative);
    let names_host = relative.split_once("://").is_some_and(|(scheme, _)| is_scheme(scheme));
    let names_host = names_host || behind_drive(relative).is_some_and(|behind| !behind.is_empty());
    match parse(relative) {
        Ok(found) if !relative.starts_with('/') => return Ok(found),
        Err(refused) if names_host => return Err(refused),
        Ok(_) | Err(_) => {}
    }
    let text = if relative.is_empty() {
        format!("{}{}{}{}", root(base), base.path, base.query, base.fragment)
    } else if relative.starts_with("//") {
        format!("{}:{relative}", base.scheme)
    } else {
        let root = root(base);
        let none = if has_place(base) { "/" } else { "" };
        let folder = base.path.rfind('/').and_then(|end| base.path.get(..=end)).unwrap_or(none);
        match relative.chars().next() {
            Some('/') => format!("{root}{relative}"),
            Some('\\') => format!("{root}{}", relative.replace('\\', "/")),
            Some('?') => format!("{root}{}{relative}", base.path),
            Some('#') => format!("{root}{}{}{relative}", base.path, base.query),
            _ => format!("{root}{folder}{relative}"),
        }
    };
    parse(&text)
}

// Whether `//` and an authority, which may be empty, stand in front of the path.
fn has_place(base: &UriParts) -> bool {
    base.has_authority || base.scheme == "file"
}

// What stands in front of the path; an address of mail has an authority without `//`.
fn root(base: &UriParts) -> String {
    let slashes = if has_place(base) { "//" } else { "" };
    format!("{}:{slashes}{}", base.scheme, base.authority_with_user())
}

// The path from one document to another.
pub(super) fn difference(from: &str, to: &str) -> String {
    let shared: usize = from
        .char_indices()
        .zip(to.chars())
        .take_while(|((_, a), b)| a == b)
        .filter(|((_, a), _)| *a == '/')
        .map(|((at, _), _)| at + 1)
        .last()
        .unwrap_or(0);
    if from == to {
        return String::new();
    }
    let ups = from.get(shared..).unwrap_or("").matches('/').count();
    let path = format!("{}{}", "../".repeat(ups), to.get(shared..).unwrap_or(""));
    // Nothing would be the document itself, and a colon would end a scheme.
    let has_colon = path.split('/').next().is_some_and(|segment| segment.contains(':'));
    if path.is_empty() || has_colon { format!("./{path}") } else { path }
}
