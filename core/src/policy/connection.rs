//! Fields that belong to one connection and are never passed on (RFC 9110 §7.6.1), and the fields that a gateway adds.

use crate::http::{HeaderMap, HeaderName, HeaderValue, header};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// `Proxy-Authenticate` and `Proxy-Authorization` are not here: they are between the client and a proxy in front of it, and the
/// gateway is no such proxy.
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    KEEP_ALIVE,
    PROXY_CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Fields that `Connection` names in vain: they are for all recipients, and those of proxies in front are not the client's to take away.
const END_TO_END: [HeaderName; 6] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::FORWARDED,
    X_FORWARDED_FOR,
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
];

/// Takes away the fields of one connection: the ones that are known, and those that `Connection` names.
pub fn remove_hop_by_hop(headers: &mut HeaderMap) {
    remove_named(headers);
    remove_known(headers);
}

/// Takes away the fields that `Connection` names. Of a request this is done as it arrives: done when it leaves, a client could take
/// away what policies have set since (fixtures/policy/connection-named.conversation).
pub fn remove_named(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
        .filter(|name| !END_TO_END.contains(name))
        .collect();
    for name in named {
        headers.remove(name);
    }
}

/// Takes away the fields that are known to belong to one connection.
pub fn remove_known(headers: &mut HeaderMap) {
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Adds the client to `X-Forwarded-For`.
pub fn append_forwarded_for(headers: &mut HeaderMap, ip: &str) {
    let Ok(client) = HeaderValue::from_str(ip) else { return };
    let before: Vec<HeaderValue> = headers.get_all(X_FORWARDED_FOR).iter().cloned().collect();
    let all: Vec<&[u8]> = before.iter().chain([&client]).map(HeaderValue::as_bytes).filter(|v| !v.is_empty()).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&all.join(&b", "[..])) {
        headers.insert(X_FORWARDED_FOR, joined);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_connection_go_and_those_it_names() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Mine, X-Forwarded-For"),
            ("x-mine", "1"),
            ("x-forwarded-for", "10.0.0.1"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("accept", "*/*"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        remove_hop_by_hop(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-forwarded-for", "accept"]);
    }

    #[test]
    fn forwarded_for_grows() {
        let mut headers = HeaderMap::new();
        append_forwarded_for(&mut headers, "10.0.0.1");
        append_forwarded_for(&mut headers, "10.0.0.2");
        assert_eq!(headers[X_FORWARDED_FOR], "10.0.0.1, 10.0.0.2");
        append_forwarded_for(&mut headers, "");
        assert_eq!(headers[X_FORWARDED_FOR], "10.0.0.1, 10.0.0.2");
    }
}
