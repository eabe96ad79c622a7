//! Proxies on the way to backends: where one is, and what opens it. Connects to none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::secret::Secret;
use crate::http::percent::decode;
use crate::http::{HeaderValue, Url};

/// A proxy, reached in plain HTTP.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proxy {
    /// The host, in lower case, without brackets around an IPv6 address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// User and password (Basic).
    pub credentials: Option<(String, Secret)>,
}

impl Proxy {
    /// Reads `http://host:port`, or `host:port`. User and password may stand in the URL; what is given beside it counts.
    ///
    /// # Errors
    /// Says what is wrong, without quoting the URL: a password may stand in it.
    pub fn parse(url: &str, user: Option<&str>, password: Option<&str>) -> Result<Self, String> {
        let url = url.trim();
        let rest = match url.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => {
                return Err("a proxy is spoken to in plain HTTP: its URL begins with `http://`".to_owned());
            }
            Some(_) => return Err("the URL of a proxy begins with `http://`".to_owned()),
            None => url,
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
        let (written, authority) = match authority.rsplit_once('@') {
            Some((written, authority)) => (Some(written), authority),
            None => (None, authority),
        };
        let Url { host, port, .. } = Url::parse(&format!("http://{authority}/"))
            .map_err(|error| format!("this is not the URL of a proxy: {error}"))?;
        let credentials = match (user, written) {
            (Some(user), _) => Some((user.to_owned(), Secret(password.unwrap_or("").to_owned()))),
            (None, Some(written)) => {
                let (user, password) = written.split_once(':').unwrap_or((written, ""));
                Some((decode(user).into_owned(), Secret(decode(password).into_owned())))
            }
            (None, None) => None,
        };
        Ok(Self { host: host.to_ascii_lowercase(), port, credentials })
    }

    /// `Proxy-Authorization`, when the proxy wants one.
    #[must_use]
    pub fn authorization(&self) -> Option<HeaderValue> {
        let (user, Secret(password)) = self.credentials.as_ref()?;
        let mut value =
            HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_proxies() {
        let proxy = |url: &str| Proxy::parse(url, None, None);
        let read = proxy("http://Proxy.example:3128").unwrap();
        assert_eq!((read.host.as_str(), read.port, read.credentials), ("proxy.example", 3128, None));
        assert_eq!(proxy("proxy.example:1").unwrap().port, 1);
        assert_eq!(proxy("http://[::1]/").unwrap().host, "::1");
        let read = proxy("http://u%40x:p%3A1@proxy.example").unwrap();
        assert_eq!((read.port, read.authorization().unwrap().to_str().unwrap()), (80, "Basic dUB4OnA6MQ=="));
        let given = Proxy::parse("http://a:b@h:1", Some("u"), Some("p")).unwrap();
        assert_eq!(given.credentials, Some(("u".to_owned(), Secret("p".to_owned()))));
        for wrong in
            ["https://u:swordfish@h", "socks5://u:swordfish@h", "http://u:swordfish@", "http://u:swordfish@h:x"]
        {
            let message = proxy(wrong).unwrap_err();
            assert!(!message.contains("swordfish"), "{message}");
        }
    }
}
