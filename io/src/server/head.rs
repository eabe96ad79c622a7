//! From hyper's request to the core's: where it was sent, by whom, and what no gateway may let pass (RFC 9112 §3.2). Reads no content.

use holdfast_core::http::{HeaderMap, HttpVersion, Method, RequestHead, Scheme, StatusCode, Url, url};
use http::uri::Authority;
use http::{Uri, Version, header};

use super::ForwardedProto;
use super::connection::Peer;
use crate::limits::REQUEST_TARGET_BYTES_MAX;

/// A request that is answered without an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) message: &'static str,
}

/// The head as the core wants it, without its fields, which the caller moves in.
pub(super) fn read(
    method: &Method,
    target: &Uri,
    version: Version,
    headers: &HeaderMap,
    peer: &Peer,
    forwarded_proto: ForwardedProto,
) -> Result<RequestHead, Refusal> {
    if target_bytes(target) > REQUEST_TARGET_BYTES_MAX {
        return Err(refuse(StatusCode::URI_TOO_LONG, "The request target is too long."));
    }
    let Some(path) = target.path_and_query().filter(|path| path.as_str().starts_with('/')) else {
        return Err(refuse(StatusCode::BAD_REQUEST, "The request target is not a path."));
    };
    if !is_transfer_coding_known(headers) {
        return Err(refuse(StatusCode::NOT_IMPLEMENTED, "The transfer coding is not supported."));
    }
    let version = match version {
        Version::HTTP_10 => HttpVersion::Http10,
        Version::HTTP_2 => HttpVersion::Http2,
        _ => HttpVersion::Http11,
    };
    let scheme = scheme(headers, peer, forwarded_proto);
    let (host, port) = match named_host(target.authority(), headers, version)? {
        Some(authority) => url::split_authority(authority, scheme)
            .map_err(|_| refuse(StatusCode::BAD_REQUEST, "The Host header is not a host name."))?,
        None => (peer.local.to_string(), scheme.default_port()),
    };
    let url = Url { scheme, host, port, path: path.path().to_owned(), query: path.query().map(str::to_owned) };
    Ok(RequestHead { method: method.clone(), url, headers: HeaderMap::new(), version, has_body: false })
}

/// The one `Host` field, checked even when an absolute target overrides it. HTTP/1.0 may do without.
fn named_host<'a>(
    authority: Option<&'a Authority>,
    headers: &'a HeaderMap,
    version: HttpVersion,
) -> Result<Option<&'a str>, Refusal> {
    let mut fields = headers.get_all(header::HOST).iter();
    let field = match (fields.next(), fields.next()) {
        (None, _) if version == HttpVersion::Http11 => {
            return Err(refuse(StatusCode::BAD_REQUEST, "The Host header is missing."));
        }
        (None, _) => None,
        (Some(field), None) => {
            let field = field.to_str().ok();
            Some(field.ok_or_else(|| refuse(StatusCode::BAD_REQUEST, "The Host header is not a host name."))?)
        }
        (Some(_), Some(_)) => {
            return Err(refuse(StatusCode::BAD_REQUEST, "There is more than one Host header."));
        }
    };
    let named = authority.map(Authority::as_str).or(field);
    if named.is_some_and(|named| named.contains('@')) {
        return Err(refuse(StatusCode::BAD_REQUEST, "User information is not allowed in front of the host name."));
    }
    Ok(named)
}

/// Content is framed anew on its way on, so a coding beneath the chunks would be lost, and chunks in chunks are a smuggler's (RFC 9112
/// §6.1 and §7).
fn is_transfer_coding_known(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

fn scheme(headers: &HeaderMap, peer: &Peer, forwarded_proto: ForwardedProto) -> Scheme {
    let said = match forwarded_proto {
        ForwardedProto::Ignored => None,
        ForwardedProto::Believed => headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok()),
    };
    // several proxies append to a list; the first one talked to the client
    match said.and_then(|said| said.split(',').next()).map(str::trim) {
        Some(said) if said.eq_ignore_ascii_case("https") => Scheme::Https,
        Some(said) if said.eq_ignore_ascii_case("http") => Scheme::Http,
        Some(_) | None => peer.scheme,
    }
}

fn target_bytes(target: &Uri) -> usize {
    let path = target.path_and_query().map_or(0, |path| path.as_str().len());
    path + target.authority().map_or(0, |authority| authority.as_str().len())
}

const fn refuse(status: StatusCode, message: &'static str) -> Refusal {
    Refusal { status, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer() -> Peer {
        Peer {
            ip: "192.0.2.1".to_owned(),
            scheme: Scheme::Http,
            tls_version: None,
            certificate: None,
            local: [192, 0, 2, 9].into(),
        }
    }

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, http::HeaderValue::from_static(value));
        }
        headers
    }

    fn url_of(target: &str, version: Version, fields: &[(&'static str, &'static str)]) -> Result<String, u16> {
        let uri = Uri::try_from(target).unwrap();
        read(&Method::GET, &uri, version, &headers(fields), &peer(), ForwardedProto::Ignored)
            .map(|head| head.url.to_string())
            .map_err(|refusal| refusal.status.as_u16())
    }

    #[test]
    fn host_decides_where_a_request_was_sent() {
        let v11 = Version::HTTP_11;
        for (target, version, fields, expected) in [
            ("/a?b", v11, &[("host", "h")][..], Ok("http://h/a?b")),
            ("/a", v11, &[("host", "h:8080")], Ok("http://h:8080/a")),
            ("/a", v11, &[("host", "[::1]:81")], Ok("http://[::1]:81/a")),
            ("/a", v11, &[], Err(400)),
            ("/a", v11, &[("host", "")], Err(400)),
            ("/a", v11, &[("host", "a b")], Err(400)),
            ("/a", v11, &[("host", "u@h")], Err(400)),
            ("/a", v11, &[("host", "h"), ("host", "h")], Err(400)),
            ("/a", Version::HTTP_10, &[], Ok("http://192.0.2.9/a")),
            ("http://abs:82/x?y", v11, &[("host", "other")], Ok("http://abs:82/x?y")),
            ("http://abs/x", v11, &[], Err(400)),
            ("http://u@abs/x", v11, &[("host", "h")], Err(400)),
            ("h:443", v11, &[("host", "h")], Err(400)),
            ("*", v11, &[("host", "h")], Err(400)),
        ] {
            assert_eq!(url_of(target, version, fields), expected.map(str::to_owned), "{target} {fields:?}");
        }
    }

    #[test]
    fn chunks_are_the_only_transfer_coding() {
        for (codings, expected) in [
            (&[("transfer-encoding", "Chunked")][..], None),
            (&[("transfer-encoding", "gzip, chunked")], Some(501)),
            (&[("transfer-encoding", "chunked, chunked")], Some(501)),
            (&[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")], Some(501)),
        ] {
            let fields = [&[("host", "h")], codings].concat();
            assert_eq!(url_of("/a", Version::HTTP_11, &fields).err(), expected, "{codings:?}");
        }
    }

    #[test]
    fn a_long_target_is_refused() {
        let fits = format!("/{}", "a".repeat(REQUEST_TARGET_BYTES_MAX - 1));
        assert!(url_of(&fits, Version::HTTP_11, &[("host", "h")]).is_ok());
        assert_eq!(url_of(&format!("{fits}a"), Version::HTTP_11, &[("host", "h")]), Err(414));
    }

    #[test]
    fn forwarded_proto_counts_only_when_believed() {
        let fields = headers(&[("host", "h"), ("x-forwarded-proto", "HTTPS, http")]);
        for (believed, expected) in
            [(ForwardedProto::Ignored, ("http", 80)), (ForwardedProto::Believed, ("https", 443))]
        {
            let uri = Uri::from_static("/");
            let head = read(&Method::GET, &uri, Version::HTTP_11, &fields, &peer(), believed).unwrap();
            assert_eq!((head.url.scheme.as_str(), head.url.port), expected);
        }
    }
}
