//! Requests as HTTP/2 wants them: no `Host`, but scheme and authority in the target (RFC 9113 §8.3.1). Sends none.

use std::future::Future;

use holdfast_core::http::{Scheme, Url};
use http::uri::Authority;
use http::{HeaderValue, Request, Uri, Version, header};
use hyper::rt::Executor;

use super::content::Outgoing;
use super::pool::Key;

/// Runs what belongs to a connection on the worker's own thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct OnThisThread;

impl<F: Future<Output = ()> + 'static> Executor<F> for OnThisThread {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}

/// A request of HTTP/1.1 for a connection of HTTP/2.
pub(super) fn for_two(mut request: Request<Outgoing>, key: &Key) -> Request<Outgoing> {
    let host = request.headers_mut().remove(header::HOST);
    let named = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let authority = named.or_else(|| {
        let url = Url { scheme: key.scheme, host: key.host.clone(), port: key.port, ..Url::default() };
        Authority::try_from(url.authority()).ok()
    });
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.authority = authority;
    parts.scheme = Some(match key.scheme {
        Scheme::Http => http::uri::Scheme::HTTP,
        Scheme::Https => http::uri::Scheme::HTTPS,
    });
    // INVARIANT: both are there, and the path is as it was.
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    *request.version_mut() = Version::HTTP_2;
    request
}

/// The same request for a connection of HTTP/1.1 again.
pub(super) fn for_one(mut request: Request<Outgoing>) -> Request<Outgoing> {
    let parts = std::mem::take(request.uri_mut()).into_parts();
    let host = parts.authority.and_then(|authority| HeaderValue::try_from(authority.as_str()).ok());
    request.headers_mut().extend(host.map(|host| (header::HOST, host)));
    *request.uri_mut() = parts.path_and_query.map(Uri::from).unwrap_or_default();
    *request.version_mut() = Version::HTTP_11;
    request
}
