//! Requests that can be made again, and which request a redirect asks for (RFC 9110 §15.4, RFC 3986 §5.2). Sends nothing.

use std::sync::Arc;
use std::time::Duration;

use holdfast_core::config::proxy::Proxy;
use holdfast_core::exchange::{HttpVersions, Route, UpstreamFailure, UpstreamFailureKind, UpstreamTls};
use holdfast_core::http::{Bytes, HeaderMap, Method, ResponseHead, Scheme, Url};
use holdfast_core::pki::ClientIdentity;
use http::{HeaderValue, Request, Uri, header};
use hyper::body::Body as _;

use super::content::Outgoing;
use super::failure;
use super::pool::Key;

/// A request without its content.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) tls: UpstreamTls,
    pub(super) identity: Option<Arc<ClientIdentity>>,
    pub(super) route: Route,
    pub(super) versions: HttpVersions,
    pub(super) continue_timeout: Option<Duration>,
    /// The content, when it can be sent again.
    pub(super) content: Option<Bytes>,
}

// Requests by which nobody expects content (RFC 9110 §8.6). All others say that they have none, as .NET's client does: there are servers
// that refuse a POST without a length (411).
const WITHOUT_CONTENT: [Method; 5] = [Method::GET, Method::HEAD, Method::OPTIONS, Method::DELETE, Method::CONNECT];

impl Plan {
    /// Leaves framing to hyper. `Expect` ends here too: the client's own was answered when its content was first read.
    pub(super) fn frame_anew(&mut self) {
        for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::EXPECT] {
            self.headers.remove(name);
        }
        if !self.headers.contains_key(header::HOST) {
            self.name_host();
        }
    }

    pub(super) fn key(&self, proxy: Option<Arc<Proxy>>) -> Key {
        let Url { scheme, host, port, .. } = &self.url;
        // Without a handshake there is nothing to show.
        let identity = self.identity.clone().filter(|_| *scheme == Scheme::Https);
        Key {
            scheme: *scheme,
            host: host.to_ascii_lowercase(),
            port: *port,
            tls: self.tls,
            identity,
            proxy,
            versions: self.versions,
        }
    }

    pub(super) fn into_request(
        mut self,
        key: &Key,
        content: Outgoing,
    ) -> Result<Request<Outgoing>, (UpstreamFailure, Outgoing)> {
        if key.is_relayed() {
            // The client's own is not for this proxy.
            self.headers.remove(header::PROXY_AUTHORIZATION);
            let authorization = key.proxy.as_ref().and_then(|proxy| proxy.authorization());
            self.headers.extend(authorization.map(|value| (header::PROXY_AUTHORIZATION, value)));
        }
        // A proxy is told the whole URL (RFC 9112 §3.2.2).
        let target = if key.is_relayed() { self.url.to_string() } else { self.url.path_and_query() };
        let Ok(target) = Uri::try_from(target) else {
            let message = format!("`{}` is not a request target", self.url.path_and_query());
            return Err((failure(UpstreamFailureKind::Broken, message), content));
        };
        if content.is_end_stream() && !WITHOUT_CONTENT.contains(&self.method) {
            self.headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let mut request = Request::new(content);
        *request.method_mut() = self.method;
        *request.uri_mut() = target;
        *request.headers_mut() = self.headers;
        Ok(request)
    }

    fn name_host(&mut self) {
        if let Ok(host) = HeaderValue::try_from(self.url.authority()) {
            self.headers.insert(header::HOST, host);
        }
    }
}

/// The request that `head` asks for instead of `plan`; `None` when `head` is no redirect, or none that is safe to follow.
///
/// Never followed: from https to http, and with content that is gone. To another origin go no credentials.
pub(super) fn next(mut plan: Plan, head: &ResponseHead) -> Option<(Plan, Outgoing)> {
    let keeps_method = match head.status.as_u16() {
        // POST becomes GET, as every client has done since before RFC 9110 allowed it
        301 | 302 => plan.method != Method::POST,
        303 => plan.method == Method::GET || plan.method == Method::HEAD,
        307 | 308 => true,
        _ => return None,
    };
    let location = head.headers.get(header::LOCATION)?.to_str().ok()?;
    let url = resolve(&plan.url, location)?;
    if plan.url.scheme == Scheme::Https && url.scheme == Scheme::Http {
        return None;
    }
    let content = if keeps_method {
        plan.content.clone()?
    } else {
        plan.method = Method::GET;
        plan.content = Some(Bytes::new());
        plan.headers.remove(header::CONTENT_TYPE);
        plan.headers.remove(header::CONTENT_ENCODING);
        Bytes::new()
    };
    if (url.scheme, url.port) != (plan.url.scheme, plan.url.port) || !url.host.eq_ignore_ascii_case(&plan.url.host) {
        for name in [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION] {
            plan.headers.remove(name);
        }
        plan.identity = None;
    }
    plan.url = url;
    plan.name_host();
    let content = if content.is_empty() { Outgoing::Empty } else { Outgoing::Bytes(content) };
    Some((plan, content))
}

fn resolve(base: &Url, location: &str) -> Option<Url> {
    let has_scheme = location.split(['/', '?', '#']).next().is_some_and(|start| start.contains(':'));
    if has_scheme {
        return Url::parse(location).ok();
    }
    if location.starts_with("//") {
        return Url::parse(&format!("{}:{location}", base.scheme.as_str())).ok();
    }
    let location = location.split('#').next().unwrap_or("");
    let path = match location.chars().next() {
        Some('/') => location.to_owned(),
        Some('?') => format!("{}{location}", base.path),
        None => base.path_and_query(),
        Some(_) => {
            let directory = base.path.rfind('/').map_or("", |end| base.path.get(..end).unwrap_or(""));
            format!("{directory}/{location}")
        }
    };
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (path.as_str(), String::new()),
    };
    let origin = format!("{}://{}", base.scheme.as_str(), base.authority());
    Url::parse(&format!("{origin}{}{query}", without_dots(path))).ok()
}

/// RFC 3986 §5.2.4 for an absolute path.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    fn plan(method: Method, url: &str, content: Option<&'static str>) -> Plan {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("secret"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        let content = content.map(|text| Bytes::from_static(text.as_bytes()));
        let url = Url::parse(url).unwrap();
        Plan {
            method,
            url,
            headers,
            tls: UpstreamTls::default(),
            identity: None,
            route: Route::Standard,
            versions: HttpVersions::One,
            continue_timeout: None,
            content,
        }
    }

    fn redirect(status: u16, location: &str) -> ResponseHead {
        let mut head = ResponseHead::new(StatusCode::from_u16(status).unwrap());
        head.headers.insert(header::LOCATION, location.parse().unwrap());
        head
    }

    #[test]
    fn references_are_resolved() {
        let base = Url::parse("http://h:81/a/b/c?q=1").unwrap();
        for (location, expected) in [
            ("http://other/x#f", "http://other/x"),
            ("//other:8/x", "http://other:8/x"),
            ("/x?y=/../z", "http://h:81/x?y=/../z"),
            ("d", "http://h:81/a/b/d"),
            ("../d?e", "http://h:81/a/d?e"),
            ("../../../..", "http://h:81/"),
            ("./", "http://h:81/a/b/"),
            ("?z", "http://h:81/a/b/c?z"),
            ("", "http://h:81/a/b/c?q=1"),
        ] {
            assert_eq!(resolve(&base, location).unwrap().to_string(), expected, "{location}");
        }
        assert!(resolve(&base, "ftp://h/").is_none() && resolve(&base, "javascript:x").is_none());
    }

    #[test]
    fn methods_and_content_change_as_clients_do_it() {
        for (status, method, expected) in [
            (301, Method::POST, Some(Method::GET)),
            (302, Method::PUT, Some(Method::PUT)),
            (303, Method::PUT, Some(Method::GET)),
            (303, Method::HEAD, Some(Method::HEAD)),
            (307, Method::POST, Some(Method::POST)),
            (308, Method::DELETE, Some(Method::DELETE)),
            (304, Method::GET, None),
            (200, Method::GET, None),
        ] {
            let followed = next(plan(method.clone(), "http://h/", Some("text")), &redirect(status, "/x"));
            assert_eq!(followed.map(|(plan, _)| plan.method), expected, "{status} {method}");
        }
        let (to_get, content) = next(plan(Method::POST, "http://h/", None), &redirect(302, "/x")).unwrap();
        assert!(matches!(content, Outgoing::Empty) && !to_get.headers.contains_key(header::CONTENT_TYPE));
    }

    #[test]
    fn nothing_leaks_and_nothing_is_downgraded() {
        let kept = next(plan(Method::GET, "https://h/", Some("")), &redirect(302, "https://H/x")).unwrap().0;
        assert!(kept.headers.contains_key(header::AUTHORIZATION));
        let other = next(plan(Method::GET, "https://h/", Some("")), &redirect(302, "https://i/x")).unwrap().0;
        assert!(!other.headers.contains_key(header::AUTHORIZATION));
        assert_eq!(other.headers[header::HOST], "i");
        assert!(next(plan(Method::GET, "https://h/", Some("")), &redirect(302, "http://h/x")).is_none());
        assert!(
            next(plan(Method::POST, "http://h/", None), &redirect(307, "/x")).is_none(),
            "streamed content is gone"
        );
    }
}
