//! `holdfast health`: asks a gateway whether it is ready, for the health check of a container that has no other program in it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use holdfast_core::exchange::UpstreamTls;
use holdfast_core::http::{Scheme, StatusCode, Url, header};
use http::Request;
use http_body_util::{BodyExt, Full, Limited};
use rustls::ClientConfig;
use tokio::task::LocalSet;

use crate::azure::connection::Connection;
use crate::cli::{EXIT_OK, EXIT_REFUSED, EXIT_USAGE, Outcome};
use crate::clock::{Clock, SystemClock};
use crate::net::TokioNet;
use crate::settings::{table, value};
use crate::tls::ClientTls;

const STATUS_PATH: &str = "/status-0123456789abcdef";
// Container runtimes give a probe a few seconds; an answer that takes longer is none.
const TIMEOUT: Duration = Duration::from_secs(4);
const STATUS_BYTES_MAX: usize = 1024 * 1024;

/// Asks the gateway at `url`, or the one that listens where `vars` say.
pub(super) fn health(url: Option<&str>, vars: impl Iterator<Item = (String, String)>) -> Outcome {
    let url = match url {
        Some(url) => explicit(url),
        None => of_listeners(vars),
    };
    let url = match url {
        Ok(url) => url,
        Err(message) => return failed(EXIT_USAGE, &message),
    };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return failed(EXIT_REFUSED, "no runtime could be started");
    };
    let asked = LocalSet::new().block_on(&runtime, async { tokio::time::timeout(TIMEOUT, ask(&url)).await });
    match asked {
        Ok(Ok((StatusCode::OK, content))) => {
            Outcome { code: EXIT_OK, out: format!("ready: {}\n", in_words(&content)), err: String::new() }
        }
        Ok(Ok((_, content))) => failed(EXIT_REFUSED, &format!("not ready: {}", in_words(&content))),
        Ok(Err(message)) => failed(EXIT_REFUSED, &message),
        Err(_) => failed(EXIT_REFUSED, &format!("`{url}` did not answer within {TIMEOUT:?}")),
    }
}

fn failed(code: i32, message: &str) -> Outcome {
    Outcome { code, out: String::new(), err: format!("error: {message}\n") }
}

fn explicit(text: &str) -> Result<Url, String> {
    let mut url = Url::parse(text).map_err(|error| format!("`{text}`: {error}"))?;
    if url.path == "/" {
        STATUS_PATH.clone_into(&mut url.path);
    }
    Ok(url)
}

/// The status URL of this container's own gateway.
fn of_listeners(vars: impl Iterator<Item = (String, String)>) -> Result<Url, String> {
    let vars: Vec<(String, String)> = vars.collect();
    for (name, scheme) in [("holdfast.http.listen", Scheme::Http), ("holdfast.https.listen", Scheme::Https)] {
        let given = vars.iter().find(|(key, value)| key.eq_ignore_ascii_case(name) && !value.trim().is_empty());
        let default = table::find(name).and_then(|key| key.default).unwrap_or("off");
        let text = given.map_or(default, |(_, value)| value);
        if let Some(address) = value::listen(text).map_err(|error| format!("`{name}`: {error}"))? {
            let (host, port) = (reachable(address).to_string(), address.port());
            return Ok(Url { scheme, host, port, path: STATUS_PATH.to_owned(), query: None });
        }
    }
    Err("both listeners are `off`".to_owned())
}

// What listens on every address listens on the loopback one.
fn reachable(address: SocketAddr) -> IpAddr {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    }
}

async fn ask(url: &Url) -> Result<(StatusCode, Bytes), String> {
    let tls = if url.scheme == Scheme::Https { Some(tls()?) } else { None };
    let words = |failure| match failure {
        holdfast_core::gateway::FetchFailure::Unreachable(words) => words,
        other => format!("{other:?}"),
    };
    let mut connection = Connection::open(&TokioNet, url, tls.as_ref()).await.map_err(words)?;
    let request = Request::get(url.path_and_query())
        .header(header::HOST, url.authority())
        .body(Full::default())
        .map_err(|error| error.to_string())?;
    let response = connection.send(request, TIMEOUT).await.map_err(words)?;
    let status = response.status();
    let content = Limited::new(response.into_body(), STATUS_BYTES_MAX).collect().await;
    Ok((status, content.map_err(|error| error.to_string())?.to_bytes()))
}

// The gateway asks itself: its certificate carries the names of its APIs, not `127.0.0.1`, and nothing secret is sent.
fn tls() -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let tls = ClientTls::new(&provider, &clock, Vec::new(), &[]).map_err(|fault| fault.to_string())?;
    Ok(tls.config(UpstreamTls { validate_chain: false, validate_name: false }))
}

fn in_words(content: &[u8]) -> String {
    let status: serde_json::Value = serde_json::from_slice(content).unwrap_or_default();
    let text = |name: &str| status.get(name).and_then(|value| value.as_str()).unwrap_or("unknown").to_owned();
    let revision = status.get("revision").and_then(|value| value.as_str());
    let revision = revision.map_or_else(String::new, |revision| format!(", revision {revision}"));
    format!("{}{revision}: {}", text("state"), text("reason"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(vars: &[(&str, &str)]) -> Result<String, String> {
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        of_listeners(vars).map(|url| url.to_string())
    }

    #[test]
    fn the_container_s_own_gateway() {
        assert_eq!(url(&[]).unwrap(), "http://127.0.0.1:8080/status-0123456789abcdef");
        assert_eq!(url(&[("holdfast.http.listen", "[::]:9")]).unwrap(), "http://[::1]:9/status-0123456789abcdef");
        let off = ("HOLDFAST.HTTP.LISTEN", "off");
        assert_eq!(url(&[off]).unwrap(), "https://127.0.0.1:8081/status-0123456789abcdef");
        assert!(url(&[off, ("holdfast.https.listen", "off")]).is_err());
        assert!(url(&[("holdfast.http.listen", "x")]).unwrap_err().contains("holdfast.http.listen"));
    }

    #[test]
    fn a_url_without_path_means_the_status_path() {
        assert_eq!(explicit("http://h:1").unwrap().path, STATUS_PATH);
        assert_eq!(explicit("http://h:1/x").unwrap().path, "/x");
        assert!(explicit("h:1").is_err());
    }

    #[test]
    fn a_status_in_words() {
        let status = br#"{"state":"connected","ready":true,"revision":"0000002a","reason":"the service answers"}"#;
        assert_eq!(in_words(status), "connected, revision 0000002a: the service answers");
        assert_eq!(in_words(b"<html>"), "unknown: unknown");
    }

    #[test]
    fn nobody_there_is_not_ready() {
        let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let outcome = health(Some(&format!("http://{unused}")), std::iter::empty());
        assert_eq!((outcome.code, outcome.err.contains("refused the connection")), (EXIT_REFUSED, true));
    }
}
