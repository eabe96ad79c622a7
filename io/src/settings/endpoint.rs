//! `config.service.endpoint`: a host, a URL, or a folder. Opens nothing.

use std::path::PathBuf;

use holdfast_core::http::{Scheme, Url};

/// Where the configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A configuration API.
    Service(Url),
    /// A folder on the disk.
    Folder(PathBuf),
}

/// Reads an endpoint. A bare host means `https://`, as in the original; `file:///DIR` is a folder.
///
/// # Errors
/// Says what is wrong.
pub fn parse(text: &str) -> Result<Endpoint, String> {
    let text = text.trim();
    if let Some(rest) = strip_scheme(text, "file") {
        return folder(text, rest);
    }
    let has_scheme = text.contains("://");
    let with_scheme = if has_scheme { text.to_owned() } else { format!("https://{text}") };
    let mut url = Url::parse(&with_scheme).map_err(|error| format!("`{text}`: {error}"))?;
    if url.query.is_some() {
        return Err(format!(
            "`{text}` has a query; endpoints of the configuration API version 1 (with `?api-version=`) are not supported"
        ));
    }
    url.path = normalised(&url.path);
    Ok(Endpoint::Service(url))
}

/// Whether what is sent to `url` can be read on the way: plain HTTP to another machine.
#[must_use]
pub fn is_readable_on_the_way(url: &Url) -> bool {
    let is_loopback = url.host.eq_ignore_ascii_case("localhost")
        || url.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    url.scheme == Scheme::Http && !is_loopback
}

// Doubled and trailing slashes are dropped, so that a prefix and a path can be put together.
fn normalised(path: &str) -> String {
    let joined =
        path.split('/').filter(|segment| !segment.is_empty()).fold(String::new(), |path, segment| path + "/" + segment);
    if joined.is_empty() { "/".to_owned() } else { joined }
}

fn strip_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (found, rest) = text.split_once("://")?;
    found.eq_ignore_ascii_case(scheme).then_some(rest)
}

fn folder(text: &str, rest: &str) -> Result<Endpoint, String> {
    let path = match rest.split_once('/') {
        Some(("" | "localhost", path)) => format!("/{path}"),
        Some(_) | None => return Err(format!("`{text}` is not an absolute folder; expected `file:///DIR`")),
    };
    let bytes = decoded(&path).ok_or_else(|| format!("`{text}` has a `%` without two hexadecimal digits"))?;
    let path = String::from_utf8(bytes).map_err(|_| format!("`{text}` is not UTF-8 when decoded"))?;
    Ok(Endpoint::Folder(PathBuf::from(path)))
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = tail.get(2..)?;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_urls() {
        let cases = [
            ("contoso.configuration.azure-api.net", "https://contoso.configuration.azure-api.net/"),
            ("https://h:8443//a///b/", "https://h:8443/a/b"),
            ("HTTP://localhost:80", "http://localhost/"),
        ];
        for (text, expected) in cases {
            let Endpoint::Service(url) = parse(text).unwrap() else { panic!("{text}") };
            assert_eq!(url.to_string(), expected);
        }
    }

    #[test]
    fn folders() {
        assert_eq!(parse("file:///etc/a%20b"), Ok(Endpoint::Folder(PathBuf::from("/etc/a b"))));
        assert_eq!(parse("file://localhost/x"), Ok(Endpoint::Folder(PathBuf::from("/x"))));
    }

    #[test]
    fn what_is_no_endpoint() {
        for text in ["", "ftp://h", "https://h/x?api-version=2021", "file://etc", "file:///%zz", "a b", "h:99999"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn plain_http_is_readable_unless_it_stays_at_home() {
        let readable = |text| is_readable_on_the_way(&Url::parse(text).unwrap());
        assert!(readable("http://azure.example"));
        assert!(!readable("http://127.0.0.1:1"));
        assert!(!readable("http://localhost"));
        assert!(!readable("https://azure.example"));
    }
}
