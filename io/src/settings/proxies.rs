//! Which proxy a request to a backend goes through, by what the environment says and by what the request says. Connects to none.

use std::net::IpAddr;
use std::sync::Arc;

use holdfast_core::config::proxy::Proxy;
use holdfast_core::exchange::Route;
use holdfast_core::http::{Scheme, Url};

/// The proxies of the process, for requests that name none (`HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`).
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// For `http` URLs.
    pub http: Option<Arc<Proxy>>,
    /// For `https` URLs.
    pub https: Option<Arc<Proxy>>,
    /// What is reached without.
    pub bypass: Vec<Bypass>,
}

/// What is reached without a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bypass {
    /// Everything.
    All,
    /// A host and those below it, in lower case, perhaps at one port only.
    Host(String, Option<u16>),
    /// Addresses whose first bits are these.
    Network(IpAddr, u8),
}

impl Proxies {
    /// The proxy on the way to `url`.
    pub(crate) fn on_the_way(&self, route: &Route, url: &Url) -> Option<Arc<Proxy>> {
        match route {
            Route::Through(proxy) => return Some(Arc::clone(proxy)),
            Route::Direct => return None,
            Route::Standard => {}
        }
        let proxy = match url.scheme {
            Scheme::Http => self.http.as_ref(),
            Scheme::Https => self.https.as_ref(),
        };
        proxy.filter(|_| !self.bypass.iter().any(|bypass| bypass.concerns(url))).cloned()
    }
}

impl Bypass {
    /// Reads `NO_PROXY`: names, addresses and networks between commas. `example.com`, `.example.com` and `*.example.com` are the host and
    /// all below it, `*` is everything; a port may follow.
    #[must_use]
    pub fn list(text: &str) -> Vec<Self> {
        text.split([',', ' ', ';']).map(str::trim).filter(|item| !item.is_empty()).filter_map(Self::read).collect()
    }

    fn read(item: &str) -> Option<Self> {
        if item == "*" {
            return Some(Self::All);
        }
        if let Some((address, bits)) = item.split_once('/') {
            let (address, bits) = (address.parse::<IpAddr>().ok()?, bits.parse().ok()?);
            return Some(Self::Network(address, bits));
        }
        if let Ok(address) = item.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return Some(Self::Network(address, 128));
        }
        let (host, port) = match item.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (item, None),
        };
        let host = host.trim_start_matches("*.").trim_start_matches('.').to_ascii_lowercase();
        Some(match host.parse() {
            Ok(address) if port.is_none() => Self::Network(address, 128),
            Ok(_) | Err(_) => Self::Host(host, port),
        })
    }

    fn concerns(&self, url: &Url) -> bool {
        let host = url.host.to_ascii_lowercase();
        match self {
            Self::All => true,
            Self::Host(name, port) => {
                let is_below = host.strip_suffix(name.as_str()).is_some_and(|front| front.ends_with('.'));
                (host == *name || is_below) && port.is_none_or(|port| port == url.port)
            }
            Self::Network(network, bits) => host.parse().is_ok_and(|address| is_within(address, *network, *bits)),
        }
    }
}

fn is_within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let (one, other, length) = match (address, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (u128::from(one.to_bits()), u128::from(other.to_bits()), 32),
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits(), other.to_bits(), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
    };
    let shift = length - u32::from(bits).min(length);
    one.checked_shr(shift).unwrap_or(0) == other.checked_shr(shift).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reached_without_a_proxy() {
        let list = Bypass::list("example.com, .corp;*.lan 10.0.0.0/8,[::1],fd00::/8,other:8443,192.0.2.7,bad/x");
        for (url, is_direct) in [
            ("http://example.com/", true),
            ("http://a.Example.com:81/", true),
            ("http://notexample.com/", false),
            ("http://corp/", true),
            ("http://a.corp/", true),
            ("http://b.lan/", true),
            ("http://10.255.0.1/", true),
            ("http://11.0.0.1/", false),
            ("http://[::1]/", true),
            ("http://[::2]/", false),
            ("http://[fd12::1]/", true),
            ("https://other:8443/", true),
            ("https://other/", false),
            ("http://192.0.2.7/", true),
            ("http://192.0.2.8/", false),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(list.iter().any(|bypass| bypass.concerns(&url)), is_direct, "{url}");
        }
        assert!(Bypass::list("*").iter().all(|bypass| bypass.concerns(&Url::parse("http://x/").unwrap())));
    }

    #[test]
    fn a_request_says_its_way_or_takes_that_of_the_process() {
        let proxy = |host: &str| Arc::new(Proxy::parse(host, None, None).unwrap());
        let proxies = Proxies { http: Some(proxy("a:1")), https: None, bypass: Bypass::list("direct") };
        let host = |route: Route, url: &str| {
            proxies.on_the_way(&route, &Url::parse(url).unwrap()).map(|proxy| proxy.host.clone())
        };
        assert_eq!(host(Route::Standard, "http://x/").as_deref(), Some("a"));
        assert_eq!(host(Route::Standard, "https://x/"), None);
        assert_eq!(host(Route::Standard, "http://direct/"), None);
        assert_eq!(host(Route::Direct, "http://x/"), None);
        assert_eq!(host(Route::Through(proxy("b:1")), "http://direct/").as_deref(), Some("b"));
    }
}
