//! What a `cors` policy says to a request: a pure function of its rules and the request's fields. Evaluates no expression, sends nothing.
//!
//! The protocol is that of the Fetch standard, §3.2; the table of what happens without a match is APIM's.

use crate::http::{HeaderMap, HeaderName, HeaderValue, Method, header, joined};

/// The rules of one `cors` element, its expressions evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) origins: Vec<AllowedOrigin>,
    /// Empty means GET and POST.
    pub(crate) methods: Vec<String>,
    pub(crate) headers: Vec<String>,
    pub(crate) expose_headers: Vec<String>,
    pub(crate) credentials: Credentials,
    /// How long a browser may keep the answer to a preflight, in seconds.
    pub(crate) max_age: u32,
    pub(crate) unmatched: Unmatched,
}

/// `allow-credentials`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Credentials {
    #[default]
    Omit,
    Allow,
}

/// `terminate-unmatched-request`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Unmatched {
    /// Documentation contradicts itself on the default; `fixtures/policy/cors.conversation` decides for this one.
    #[default]
    Terminate,
    Continue,
}

/// One `origin` of `allowed-origins`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AllowedOrigin {
    /// `*`
    Any,
    /// This one.
    Exactly(Origin),
    /// None: an expression gave something else.
    Never,
}

/// An origin (RFC 6454) in its normal form: lower case, with its port when its scheme has a known one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// `null`: a sandboxed or local document.
    Opaque,
    /// Scheme, host and port.
    Tuple { scheme: String, host: String, port: Option<u16> },
}

/// Why a text is not an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OriginError {
    /// There is no `scheme://`.
    Scheme,
    /// The host is missing or has characters that no host has.
    Host,
    /// `*` stands for a part of a host.
    Wildcard,
    /// The port is not a number from 1 to 65535.
    Port,
    /// Something follows the host and port.
    Path,
}

impl std::fmt::Display for OriginError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Scheme => "expected `*` or `scheme://host[:port]`",
            Self::Host => "the host is missing or not a host name",
            Self::Wildcard => "`*` cannot stand for a part of an origin",
            Self::Port => "the port is not a number from 1 to 65535",
            Self::Path => "an origin has no path: it ends with the host or the port",
        })
    }
}

/// What kind of request it is, in the eyes of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It has no `Origin`.
    NotCors,
    /// `OPTIONS` with `Origin` and `Access-Control-Request-Method`: the browser asks before it sends.
    Preflight,
    /// Any other request with `Origin`.
    Actual,
}

/// The answer of one `cors` element to a preflight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Allowed: answer 200 without content and with these fields.
    Granted(HeaderMap),
    /// Not allowed, and no other element is asked: answer 200 without content or fields.
    Denied,
    /// Not allowed here: ask the next element in scope.
    Undecided,
}

/// The answer of one `cors` element to a request that is not a preflight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Actual {
    /// Serve it, and set these fields on the response.
    Serve(HeaderMap),
    /// Serve it without fields of this protocol; a later element may still add some. What there is says that the response depends on
    /// the origin, so that a cache does not hand it to one that would be allowed (Fetch §3.2.5).
    Pass(HeaderMap),
    /// Answer 200 without content.
    Terminate,
}

/// What kind of request this is.
pub(crate) fn kind(method: &Method, headers: &HeaderMap) -> Kind {
    if !headers.contains_key(header::ORIGIN) {
        Kind::NotCors
    } else if *method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        Kind::Preflight
    } else {
        Kind::Actual
    }
}

/// Answers a preflight.
pub(crate) fn preflight(rules: &Rules, request: &HeaderMap) -> Permission {
    let unmatched = || match rules.unmatched {
        Unmatched::Terminate => Permission::Denied,
        Unmatched::Continue => Permission::Undecided,
    };
    let asked = Asked::of(request);
    let (Some(origin), Some(method)) = (rules.allow_origin(request), asked.method) else { return unmatched() };
    if !rules.allows_method(&method) || !asked.headers.iter().all(|name| rules.allows_header(name)) {
        return unmatched();
    }
    let mut answer = rules.vary();
    rules.set_origin(origin, &mut answer);
    // A wildcard means nothing in an answer to a request with credentials, so what was asked for is named (Fetch §3.2.3).
    let methods = if contains_any(&rules.methods) { method } else { rules.methods() };
    set(&mut answer, header::ACCESS_CONTROL_ALLOW_METHODS, &methods);
    let allowed = if contains_any(&rules.headers) { asked.headers.join(",") } else { rules.headers.join(",") };
    if !allowed.is_empty() {
        set(&mut answer, header::ACCESS_CONTROL_ALLOW_HEADERS, &allowed);
    }
    // Zero is sent too: a browser without the field keeps the answer for 5 seconds.
    set(&mut answer, header::ACCESS_CONTROL_MAX_AGE, &rules.max_age.to_string());
    Permission::Granted(answer)
}

/// Answers a request that is not a preflight.
///
/// Only the origin is matched: a browser that sends the request has asked for method and fields before, where it has to ask.
pub(crate) fn actual(rules: &Rules, method: &Method, request: &HeaderMap) -> Actual {
    if !request.contains_key(header::ORIGIN) {
        return Actual::Pass(rules.vary());
    }
    let Some(origin) = rules.allow_origin(request) else {
        return match rules.unmatched {
            Unmatched::Terminate if *method == Method::GET || *method == Method::HEAD => Actual::Terminate,
            Unmatched::Terminate | Unmatched::Continue => Actual::Pass(rules.vary()),
        };
    };
    let mut answer = rules.vary();
    rules.set_origin(origin, &mut answer);
    if !rules.expose_headers.is_empty() {
        set(&mut answer, header::ACCESS_CONTROL_EXPOSE_HEADERS, &rules.expose_headers.join(","));
    }
    Actual::Serve(answer)
}

// What a preflight asks for.
struct Asked {
    method: Option<String>,
    headers: Vec<String>,
}

impl Asked {
    fn of(request: &HeaderMap) -> Self {
        let headers = joined(request, &header::ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default();
        let headers = headers.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let method = request.get(header::ACCESS_CONTROL_REQUEST_METHOD).and_then(|method| method.to_str().ok());
        Self { method: method.map(|method| method.trim().to_owned()), headers }
    }
}

impl Rules {
    // What `Access-Control-Allow-Origin` says to this request's origin: the origin as it was sent, or `*`.
    fn allow_origin<'a>(&self, request: &'a HeaderMap) -> Option<&'a [u8]> {
        let sent = request.get(header::ORIGIN)?;
        if !self.depends_on_origin() {
            return Some(b"*");
        }
        let origin = Origin::parse(sent.to_str().ok()?).ok();
        let listed = origin.is_some_and(|origin| self.origins.contains(&AllowedOrigin::Exactly(origin)));
        (listed || self.origins.contains(&AllowedOrigin::Any)).then_some(sent.as_bytes())
    }

    // With credentials a browser refuses `*`, so the origin is named then.
    fn depends_on_origin(&self) -> bool {
        self.credentials == Credentials::Allow || !self.origins.contains(&AllowedOrigin::Any)
    }

    fn vary(&self) -> HeaderMap {
        let mut fields = HeaderMap::new();
        if self.depends_on_origin() {
            fields.insert(header::VARY, HeaderValue::from_static("Origin"));
        }
        fields
    }

    fn set_origin(&self, origin: &[u8], answer: &mut HeaderMap) {
        let Ok(value) = HeaderValue::from_bytes(origin) else { return };
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
        if self.credentials == Credentials::Allow {
            answer.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }

    fn allows_method(&self, method: &str) -> bool {
        if self.methods.is_empty() {
            return method == "GET" || method == "POST";
        }
        // Methods are case-sensitive (RFC 9110 §9.1), the words of a policy document are not.
        contains_any(&self.methods) || self.methods.iter().any(|allowed| allowed.eq_ignore_ascii_case(method))
    }

    fn allows_header(&self, name: &str) -> bool {
        contains_any(&self.headers)
            || self.headers.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
            || SAFELISTED.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
    }

    fn methods(&self) -> String {
        if self.methods.is_empty() { "GET,POST".to_owned() } else { self.methods.join(",") }
    }
}

// Fields that need no permission (Fetch §2.2.2), beside `Content-Type`, which needs it for most of its values.
const SAFELISTED: [&str; 4] = ["accept", "accept-language", "content-language", "origin"];

fn contains_any(list: &[String]) -> bool {
    list.iter().any(|entry| entry == "*")
}

fn set(answer: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.insert(name, value);
    }
}

impl AllowedOrigin {
    /// Reads `*` or an origin, which may end with a slash, as published policies have it (fixtures/policy/cors-preflight.conversation).
    pub(crate) fn parse(text: &str) -> Result<Self, OriginError> {
        match text.trim() {
            "*" => Ok(Self::Any),
            text => {
                let without = text.strip_suffix('/').filter(|origin| !origin.ends_with('/'));
                Origin::parse(without.unwrap_or(text)).map(Self::Exactly)
            }
        }
    }
}

impl Origin {
    /// Reads `scheme://host[:port]`, or `null`.
    pub(crate) fn parse(text: &str) -> Result<Self, OriginError> {
        if text == "null" {
            return Ok(Self::Opaque);
        }
        let (scheme, authority) = text.split_once("://").ok_or(OriginError::Scheme)?;
        let starts = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
        if !starts || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')) {
            return Err(OriginError::Scheme);
        }
        if authority.contains(['/', '?', '#']) {
            return Err(OriginError::Path);
        }
        let scheme = scheme.to_ascii_lowercase();
        let (host, port) = split_port(authority);
        check_host(host)?;
        let port = match port {
            Some(port) => Some(port.parse().ok().filter(|port| *port != 0).ok_or(OriginError::Port)?),
            None => default_port(&scheme),
        };
        Ok(Self::Tuple { scheme, host: host.to_lowercase(), port })
    }
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    let after_bracket = authority.rfind(']').map_or(0, |at| at + 1);
    match authority.get(after_bracket..).and_then(|rest| rest.rfind(':')) {
        Some(colon) => {
            (authority.get(..after_bracket + colon).unwrap_or(authority), authority.get(after_bracket + colon + 1..))
        }
        None => (authority, None),
    }
}

fn check_host(host: &str) -> Result<(), OriginError> {
    if host.contains('*') {
        return Err(OriginError::Wildcard);
    }
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let valid = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '~')),
    };
    if valid { Ok(()) } else { Err(OriginError::Host) }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
        }
        headers
    }

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    fn rules(origins: &[&str]) -> Rules {
        let origins = origins.iter().map(|origin| AllowedOrigin::parse(origin).unwrap()).collect();
        Rules { origins, ..Rules::default() }
    }

    #[test]
    fn what_is_a_preflight() {
        let origin = ("origin", "http://a");
        let asks = ("access-control-request-method", "PUT");
        assert_eq!(kind(&Method::OPTIONS, &fields(&[asks])), Kind::NotCors);
        assert_eq!(kind(&Method::OPTIONS, &fields(&[origin])), Kind::Actual);
        assert_eq!(kind(&Method::OPTIONS, &fields(&[origin, asks])), Kind::Preflight);
        assert_eq!(kind(&Method::GET, &fields(&[origin, asks])), Kind::Actual);
    }

    #[test]
    fn origins_are_compared_by_scheme_host_and_port() {
        let cases = [
            ("http://a.example", "http://a.example", true),
            ("http://a.example", "http://a.example:80", true),
            ("https://a.example:443", "https://a.example", true),
            ("https://a.example", "http://a.example", false),
            ("http://a.example:8080", "http://a.example", false),
            ("HTTP://A.Example", "http://a.example", true),
            ("http://a.example:8080/", "http://a.example:8080", true),
            ("http://a.example", "http://a.example/", false),
            ("http://a.example", "http://a.example.evil", false),
            ("http://a.example", "http://evila.example", false),
            ("http://a.example", "null", false),
            ("null", "null", true),
            ("http://[::1]:8080", "http://[::1]:8080", true),
            ("http://[::1]", "http://[::1]:80", true),
            ("capacitor://localhost", "capacitor://localhost", true),
            ("capacitor://localhost", "capacitor://localhost:1", false),
        ];
        for (allowed, origin, matches) in cases {
            let request = fields(&[("origin", origin)]);
            assert_eq!(rules(&[allowed]).allow_origin(&request).is_some(), matches, "{allowed} {origin}");
        }
    }

    #[test]
    fn what_is_no_origin() {
        let cases = [
            ("a.example", OriginError::Scheme),
            ("://a", OriginError::Scheme),
            ("1ttp://a", OriginError::Scheme),
            ("http://", OriginError::Host),
            ("http://a b", OriginError::Host),
            ("http://user@a", OriginError::Host),
            ("http://[::g]", OriginError::Host),
            ("http://*.a", OriginError::Wildcard),
            ("http://a/b", OriginError::Path),
            ("http://a//", OriginError::Path),
            ("http://a?x", OriginError::Path),
            ("http://a:0", OriginError::Port),
            ("http://a:x", OriginError::Port),
            ("http://a:70000", OriginError::Port),
        ];
        for (text, error) in cases {
            assert_eq!(AllowedOrigin::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_preflight_is_told_what_is_allowed() {
        let rules = Rules {
            methods: words(&["GET", "PUT"]),
            headers: words(&["x-one", "X-Two"]),
            max_age: 300,
            ..rules(&["http://a"])
        };
        let request = fields(&[
            ("origin", "http://a"),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "x-two, accept"),
        ]);
        let answer = fields(&[
            ("vary", "Origin"),
            ("access-control-allow-origin", "http://a"),
            ("access-control-allow-methods", "GET,PUT"),
            ("access-control-allow-headers", "x-one,X-Two"),
            ("access-control-max-age", "300"),
        ]);
        assert_eq!(preflight(&rules, &request), Permission::Granted(answer));
    }

    #[test]
    fn wildcards_with_credentials_are_answered_by_name() {
        let rules =
            Rules { methods: words(&["*"]), headers: words(&["*"]), credentials: Credentials::Allow, ..rules(&["*"]) };
        let request = fields(&[
            ("origin", "http://a"),
            ("access-control-request-method", "PATCH"),
            ("access-control-request-headers", "x-any"),
        ]);
        let answer = fields(&[
            ("vary", "Origin"),
            ("access-control-allow-origin", "http://a"),
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-methods", "PATCH"),
            ("access-control-allow-headers", "x-any"),
            ("access-control-max-age", "0"),
        ]);
        assert_eq!(preflight(&rules, &request), Permission::Granted(answer));
    }

    #[test]
    fn the_table_of_preflights_without_a_match() {
        // Allowed: GET or POST from http://a, field x-one.
        let base = Rules { headers: words(&["x-one"]), ..rules(&["http://a"]) };
        let cases = [
            ("http://b", "GET", "", "another origin"),
            ("http://a", "PUT", "", "a method that is not listed"),
            ("http://a", "get", "", "methods are case-sensitive by default"),
            ("http://a", "GET", "x-one,x-two", "a field that is not listed"),
        ];
        for (origin, method, names, why) in cases {
            let request = fields(&[
                ("origin", origin),
                ("access-control-request-method", method),
                ("access-control-request-headers", names),
            ]);
            assert_eq!(preflight(&base, &request), Permission::Denied, "{why}");
            let go_on = Rules { unmatched: Unmatched::Continue, ..base.clone() };
            assert_eq!(preflight(&go_on, &request), Permission::Undecided, "{why}");
        }
    }

    #[test]
    fn the_table_of_other_requests_without_a_match() {
        let pass = Actual::Pass(fields(&[("vary", "Origin")]));
        let cases = [
            (Method::GET, Unmatched::Terminate, Actual::Terminate),
            (Method::HEAD, Unmatched::Terminate, Actual::Terminate),
            (Method::POST, Unmatched::Terminate, pass.clone()),
            (Method::GET, Unmatched::Continue, pass.clone()),
            (Method::POST, Unmatched::Continue, pass.clone()),
        ];
        for (method, unmatched, expected) in cases {
            let rules = Rules { unmatched, ..rules(&["http://a"]) };
            assert_eq!(actual(&rules, &method, &fields(&[("origin", "http://b")])), expected, "{method} {unmatched:?}");
            assert_eq!(actual(&rules, &method, &HeaderMap::new()), pass, "{method} without origin");
        }
        assert_eq!(actual(&rules(&["*"]), &Method::GET, &HeaderMap::new()), Actual::Pass(HeaderMap::new()));
    }

    #[test]
    fn a_matched_request_gets_its_fields() {
        let exposed = Rules { expose_headers: words(&["x-a", "x-b"]), ..rules(&["*"]) };
        let request = fields(&[("origin", "http://a")]);
        let answer = fields(&[("access-control-allow-origin", "*"), ("access-control-expose-headers", "x-a,x-b")]);
        assert_eq!(actual(&exposed, &Method::GET, &request), Actual::Serve(answer));
        let named = fields(&[("vary", "Origin"), ("access-control-allow-origin", "http://a")]);
        assert_eq!(actual(&rules(&["http://b", "http://a"]), &Method::DELETE, &request), Actual::Serve(named));
    }
}
