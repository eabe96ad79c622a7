//! Absolute URLs of http and https, split once and kept split. Path and query of those that come stay as they came.

use std::fmt;
use std::fmt::Write as _;

use crate::http::Query;
use crate::http::percent::{Keep, encode};

/// What an authority has beside the host, at most: brackets, a colon and five digits, in bytes.
const AUTHORITY_MARKS: usize = 8;

/// The schemes that the gateway speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// Plain text.
    #[default]
    Http,
    /// TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// 80 or 443.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// An absolute URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Url {
    /// The scheme.
    pub scheme: Scheme,
    /// The host as written, without brackets around an IPv6 address.
    pub host: String,
    /// The port; the scheme's own when none was written.
    pub port: u16,
    /// The path as written, always with a leading `/`.
    pub path: String,
    /// The query as written, without its `?`; `None` when there was no `?`.
    pub query: Option<String>,
}

/// Why a text is not a URL that the gateway can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlError {
    /// It does not begin with `http://` or `https://`.
    Scheme,
    /// The host is missing or has characters that no host has.
    Host,
    /// The port is not a number from 1 to 65535.
    Port,
    /// There is a space or a control character in it.
    Character,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "expected `http://` or `https://`",
            Self::Host => "the host is missing or not a host name",
            Self::Port => "the port is not a number from 1 to 65535",
            Self::Character => "spaces and control characters must be percent-encoded",
        })
    }
}

impl Url {
    /// Reads an absolute URL. User information and a fragment are dropped, as no proxy forwards them.
    ///
    /// # Errors
    /// Says which part is wrong.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.chars().any(|c| c.is_control() || c == ' ') {
            return Err(UrlError::Character);
        }
        let (scheme, rest) = split_scheme(text).ok_or(UrlError::Scheme)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (host, port) = split_authority(authority, scheme)?;
        let tail = tail.split('#').next().unwrap_or("");
        let (path, query) = match tail.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (tail, None),
        };
        let path = if path.is_empty() { "/".to_owned() } else { path.to_owned() };
        Ok(Self { scheme, host, port, path, query })
    }

    /// Reads an absolute URL that somebody has written out: white space around it does not count, and what no path or query can hold is
    /// encoded, as .NET's `Uri` does it.
    ///
    /// # Errors
    /// As [`Url::parse`].
    pub fn parse_written(text: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        split_scheme(text).ok_or(UrlError::Scheme)?;
        let host = text.find("://").map_or(0, |at| at + "://".len());
        let end = text.get(host..).and_then(|rest| rest.find(['/', '?', '#'])).map_or(text.len(), |at| host + at);
        let (front, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        let rest = rest.split('#').next().unwrap_or("");
        // What is left of such characters stands in the host.
        Self::parse(&format!("{front}{}", encode(rest, Keep::Written))).map_err(|error| match error {
            UrlError::Character => UrlError::Host,
            error => error,
        })
    }

    /// Host and port as the `Host` field wants them: the scheme's own port is left out, an IPv6 address is bracketed.
    #[must_use]
    pub fn authority(&self) -> String {
        let mut authority = String::with_capacity(self.host.len() + AUTHORITY_MARKS);
        // Writing to a string never fails.
        let _ = self.write_authority(&mut authority);
        authority
    }

    fn write_authority(&self, text: &mut impl fmt::Write) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(text, "[{}]", self.host)?,
            false => text.write_str(&self.host)?,
        }
        if self.port != self.scheme.default_port() {
            write!(text, ":{}", self.port)?;
        }
        Ok(())
    }

    /// Path and query as a request line wants them.
    #[must_use]
    pub fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// The URL as a log may show it: without the value of the query parameter `name`, which is a secret, as a subscription key is.
    #[must_use]
    pub fn shown_without(&self, name: &str) -> String {
        let query = Query::new(self.query.as_deref());
        if query.get(name).is_none() {
            let query = self.query.as_ref().map_or(0, |query| query.len() + 1);
            let bytes = "https://".len() + self.host.len() + AUTHORITY_MARKS + self.path.len() + query;
            let mut shown = String::with_capacity(bytes);
            let _ = write!(shown, "{self}");
            return shown;
        }
        Self { query: query.set(name, &["REDACTED"]), ..self.clone() }.to_string()
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.scheme.as_str())?;
        f.write_str("://")?;
        self.write_authority(f)?;
        f.write_str(&self.path)?;
        match &self.query {
            Some(query) => write!(f, "?{query}"),
            None => Ok(()),
        }
    }
}

/// Splits `host[:port]` as the `Host` field carries it.
///
/// # Errors
/// Says whether host or port is wrong.
pub fn split_authority(authority: &str, scheme: Scheme) -> Result<(String, u16), UrlError> {
    let authority = authority.rsplit('@').next().unwrap_or("");
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or(UrlError::Host)?;
            (host, after.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let is_host = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '~' | '%');
    if host.is_empty() || !host.chars().all(is_host) {
        return Err(UrlError::Host);
    }
    let port = match port {
        None | Some("") => scheme.default_port(),
        Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or(UrlError::Port)?,
    };
    Ok((host.to_owned(), port))
}

fn split_scheme(text: &str) -> Option<(Scheme, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    if scheme.eq_ignore_ascii_case("http") {
        Some((Scheme::Http, rest))
    } else if scheme.eq_ignore_ascii_case("https") {
        Some((Scheme::Https, rest))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_text_form() {
        let url = Url::parse("https://API.example.com:8443/a%20b?x=1&y#frag").unwrap();
        assert_eq!((url.host.as_str(), url.port, url.path.as_str()), ("API.example.com", 8443, "/a%20b"));
        assert_eq!(url.query.as_deref(), Some("x=1&y"));
        assert_eq!(url.to_string(), "https://API.example.com:8443/a%20b?x=1&y");
    }

    #[test]
    fn default_port_and_empty_path() {
        let url = Url::parse("http://h?").unwrap();
        assert_eq!((url.port, url.to_string().as_str()), (80, "http://h/?"));
        assert_eq!(Url::parse("http://[::1]:80/x").unwrap().authority(), "[::1]");
    }

    #[test]
    fn logs_do_not_show_keys() {
        let shown = |text: &str| Url::parse(text).unwrap().shown_without("subscription-key");
        assert_eq!(shown("http://h/?a=1&Subscription%2DKey=s3&b"), "http://h/?a=1&subscription-key=REDACTED&b");
        assert_eq!(shown("http://h/?subscription-key=1&subscription-key=2"), "http://h/?subscription-key=REDACTED");
        assert_eq!(shown("http://h/a?b"), "http://h/a?b");
    }

    #[test]
    fn what_is_written_out_is_encoded_where_it_must_be() {
        let cases = [
            (" http://h/a b/ü?q=a b&r=%20&s=é#f g ", "http://h/a%20b/%C3%BC?q=a%20b&r=%20&s=%C3%A9"),
            ("http://h?a=100%&b=\n<\">", "http://h/?a=100%25&b=%0A%3C%22%3E"),
            ("http://h#x y", "http://h/"),
            ("http://h/a:b@c/[d]?x={y}|z", "http://h/a:b@c/[d]?x={y}|z"),
        ];
        for (text, expected) in cases {
            assert_eq!(Url::parse_written(text).unwrap().to_string(), expected);
        }
        assert_eq!(Url::parse_written("http://a b/"), Err(UrlError::Host));
        assert_eq!(Url::parse_written("no url"), Err(UrlError::Scheme));
    }

    #[test]
    fn errors_name_the_part() {
        assert_eq!(Url::parse("ftp://h/"), Err(UrlError::Scheme));
        assert_eq!(Url::parse("http:///x"), Err(UrlError::Host));
        assert_eq!(Url::parse("http://h:0/"), Err(UrlError::Port));
        assert_eq!(Url::parse("http://h:99999/"), Err(UrlError::Port));
        assert_eq!(Url::parse("http://h/a b"), Err(UrlError::Character));
    }
}
