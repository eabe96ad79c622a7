//! `System.Net.IPAddress`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::enums::ADDRESS_FAMILY;
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, argument_null, broken, format};
use crate::value::library::Address;
use crate::value::{Library, Value};

const OWNER: &str = "IPAddress";

pub(super) const ROWS: &[Row] = &[
    row(OWNER, "static bool TryParse(string ipString, out IPAddress address)", |call| {
        let found = call.text_or_null(0)?.and_then(|text| parse(text).map(|address| (address, zone(text))));
        call.give(found.map_or(Value::Null, |(address, zone)| made(address, zone)));
        Ok(Value::Bool(found.is_some()))
    }),
    row(OWNER, "static IPAddress Parse(string ipString)", |call| {
        let text = call.text(0, "ipString")?;
        let address = parse(text).ok_or_else(|| format("An invalid IP address was specified."))?;
        Ok(made(address, zone(text)))
    }),
    row(OWNER, "static bool IsLoopback(IPAddress address)", |call| {
        Ok(Value::Bool(match address(call, "address")? {
            IpAddr::V4(address) => address.is_loopback(),
            IpAddr::V6(address) => {
                address.is_loopback() || address.to_ipv4_mapped().is_some_and(|inner| inner.is_loopback())
            }
        }))
    }),
    row(OWNER, "AddressFamily AddressFamily", |call| {
        let number = if address(call, "this")?.is_ipv6() { 23 } else { 2 };
        Ok(Value::Enum(ADDRESS_FAMILY.value(number)))
    }),
    row(OWNER, "byte[] GetAddressBytes()", |call| {
        Ok(Value::Bytes(match address(call, "this")? {
            IpAddr::V4(address) => Arc::from(address.octets()),
            IpAddr::V6(address) => Arc::from(address.octets()),
        }))
    }),
    row(OWNER, "bool Equals(object comparand)", |call| Ok(Value::Bool(call.value(0) == call.value(1)))),
];

fn made(ip: IpAddr, zone: u32) -> Value {
    Value::Library(Library::IpAddress(Arc::new(Address::new(ip, zone))))
}

fn address(call: &Call<'_, '_>, parameter: &str) -> Outcome<IpAddr> {
    match call.value(0) {
        Value::Library(Library::IpAddress(address)) => Ok(address.ip),
        Value::Null => Err(argument_null(parameter)),
        _ => Err(broken("expected an IPAddress")),
    }
}

// The zone behind a `%`; an interface of that name is not known here.
fn zone(text: &str) -> u32 {
    let zone = text.split_once('%').and_then(|(_, zone)| zone.split(']').next());
    zone.and_then(|zone| zone.parse().ok()).unwrap_or(0)
}

/// An address as .NET reads it: IPv4 also in one to four numbers, decimal, octal or hexadecimal; IPv6 also in brackets.
pub(super) fn parse(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        let inner = match text.strip_prefix('[').map(|rest| rest.rsplit_once(']')) {
            None => text,
            Some(Some((inner, behind))) if is_port(behind) => inner,
            Some(_) => return None,
        };
        let plain = inner.split('%').next().unwrap_or(inner);
        return plain.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    let parts: Vec<u32> = text.split('.').map(number).collect::<Option<_>>()?;
    let (last, bytes) = parts.split_last()?;
    if bytes.len() > 3 || bytes.iter().any(|byte| *byte > 255) {
        return None;
    }
    let room = 32 - 8 * u32::try_from(bytes.len()).ok()?;
    if room < 32 && *last >= 1 << room {
        return None;
    }
    let high = bytes.iter().zip([24, 16, 8]).fold(0, |sum, (byte, shift)| sum | byte << shift);
    Some(IpAddr::V4(Ipv4Addr::from(high | last)))
}

// Behind the brackets a port may stand, which nobody looks at.
fn is_port(text: &str) -> bool {
    let Some(port) = text.strip_prefix(':') else { return text.is_empty() };
    let (digits, radix) = port.strip_prefix("0x").map_or((port, 10), |digits| (digits, 16));
    digits.chars().all(|c| c.is_digit(radix))
}

fn number(text: &str) -> Option<u32> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = match hexadecimal {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}
