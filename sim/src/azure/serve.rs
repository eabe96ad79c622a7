//! The socket loop of fake Azure, over any network: accepts, speaks TLS and HTTP/1.1, acts out faults of the wire. Decides no answers.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use holdfast::clock::Clock;
use holdfast::net::Net;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::fault::Fault;
use super::protocol::{self, ApiRequest};
use super::state::Azure;
use super::store::Store;
use crate::terminal::say;

const SLOW: Duration = Duration::from_secs(3);
const MAX_BODY_BYTES: usize = 1 << 20;

/// Fake Azure, shared by its connections on one thread.
#[derive(Clone)]
pub struct Shared {
    azure: Rc<RefCell<Azure>>,
    clock: Arc<dyn Clock>,
    cut: watch::Sender<bool>,
    store: Option<Rc<Store>>,
}

impl Shared {
    /// Shares `azure` among the connections of this thread.
    #[must_use]
    pub fn new(azure: Azure, clock: Arc<dyn Clock>) -> Self {
        Self { azure: Rc::new(RefCell::new(azure)), clock, cut: watch::Sender::new(false), store: None }
    }

    /// The same, with what must outlive the process kept in `store`.
    #[must_use]
    pub fn keeping(mut self, store: Store) -> Self {
        self.store = Some(Rc::new(store));
        self.with(|_| ());
        self
    }

    /// Looks at the state, or changes it; faults of the wire take effect on the connections that are open.
    pub fn with<T>(&self, act: impl FnOnce(&mut Azure) -> T) -> T {
        let (result, cut) = {
            let mut azure = self.azure.borrow_mut();
            let result = act(&mut azure);
            if let Some(Err(error)) = self.store.as_ref().map(|store| store.save(&azure)) {
                say(&format!("the state cannot be saved: {error}"));
            }
            (result, azure.has(Fault::Cut))
        };
        self.cut.send_if_modified(|before| std::mem::replace(before, cut) != cut);
        result
    }

    /// The clock of this world.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }
}

/// Serves the configuration API on `listener` for ever; run it inside a `LocalSet`.
pub async fn serve<N: Net>(shared: Shared, mut listener: N::Listener, tls: Option<TlsAcceptor>) {
    loop {
        let Ok((stream, _)) = N::accept(&mut listener).await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        if shared.with(|azure| azure.has(Fault::Cut)) {
            continue;
        }
        let (shared, tls) = (shared.clone(), tls.clone());
        tokio::task::spawn_local(async move {
            let mut cut = shared.cut.subscribe();
            let connection = async {
                match tls {
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            converse(shared.clone(), stream).await;
                        }
                    }
                    None => converse(shared.clone(), stream).await,
                }
            };
            tokio::select! {
                biased;
                _ = cut.wait_for(|cut| *cut) => {}
                () = connection => {}
            }
        });
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin + 'static>(shared: Shared, stream: S) {
    let service = service_fn(|request| {
        let shared = shared.clone();
        async move { answer(shared, request).await }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service);
    // A client that goes away is no event of the service.
    let _gone = connection.await;
}

async fn answer(shared: Shared, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    if shared.with(|azure| azure.has(Fault::Hang)) {
        std::future::pending::<()>().await;
    }
    if shared.with(|azure| azure.has(Fault::Slow)) {
        tokio::time::sleep(SLOW).await;
    }
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY_BYTES).collect().await else {
        return Ok(status_only(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let request = ApiRequest {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or(""),
        authorization: header("authorization"),
        if_none_match: header("if-none-match"),
        gzip: header("accept-encoding").is_some_and(|value| value.contains("gzip")),
        body: &body.to_bytes(),
    };
    let now = shared.clock.now();
    let answer = shared.with(|azure| protocol::answer(azure, &request, now.wall));
    let mut response = Response::builder().status(answer.status).header("date", now.wall.http_date());
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    Ok(response.body(Full::new(answer.body)).unwrap_or_else(|_| status_only(StatusCode::INTERNAL_SERVER_ERROR)))
}

fn status_only(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = status;
    response
}
