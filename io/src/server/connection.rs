//! One connection of a client and the requests on it. What a request does is the exchange's; bytes are hyper's.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use holdfast_core::context::CertificateView;
use holdfast_core::exchange::Client;
use holdfast_core::exchange::socket::Upgrade;
use holdfast_core::http::{Method, RequestHead, Scheme, StatusCode};
use holdfast_core::time::Now;
use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::http1::{self, Parts};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;

use super::Worker;
use super::drive::{Driven, Fault, drive};
use super::exchanges::Exchanges;
use super::frames::Frames;
use super::sent::{Receipt, ResponseContent, Sending};
use super::stream::{Downstream, Life};
use super::waiting::Waiting;
use super::{head, respond, socket};
use crate::health;
use crate::inspections;
use crate::limits::{READ_BUFFER_BYTES_MAX, REQUEST_FIELDS_MAX, REQUEST_HEAD_BYTES_MAX};
use crate::net::Net;
use crate::tls::Transport;
use crate::upstream::{ClientBody, ClientContent, Progress};

/// Who is at the other end, and which way it came in.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// Its address, without port.
    pub(super) ip: String,
    /// The scheme of the listener.
    pub(super) scheme: Scheme,
    /// The TLS version, as in `1.3`.
    pub(super) tls_version: Option<&'static str>,
    /// The certificate that it showed in the handshake, read once for all requests of the connection.
    pub(super) certificate: Option<Arc<CertificateView>>,
    /// The address of ours that it reached: the host of a request that names none.
    pub(super) local: IpAddr,
}

/// Serves one connection until either side ends it. When the worker closes, an idle connection ends at once, and one in use
/// after its response.
pub(super) async fn serve<N: Net, X: Exchanges>(worker: Rc<Worker<N, X>>, transport: Transport<N::Stream>, peer: Peer) {
    let life = Life::new();
    let stream = Downstream::new(transport, Rc::clone(&life), &worker.timeouts);
    let connection = Rc::new(Connection { worker: Rc::clone(&worker), peer, life, upgrade: Cell::default() });
    let answering = Rc::clone(&connection);
    let service = service_fn(move |request| {
        let connection = Rc::clone(&answering);
        // hyper hands a connection back only from services whose futures can be moved
        Box::pin(async move { Ok::<_, Infallible>(connection.answer(request).await) })
    });
    let mut served = http1::Builder::new()
        .auto_date_header(false)
        .max_headers(REQUEST_FIELDS_MAX)
        .max_header_size(REQUEST_HEAD_BYTES_MAX)
        .max_buf_size(READ_BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    // errors of a connection are its client's doing; those that concern a request are in its record
    let is_over = tokio::select! {
        biased;
        _ = poll_fn(|cx| served.poll_without_shutdown(cx)) => true,
        () = worker.closing.wait() => false,
    };
    if !is_over {
        Pin::new(&mut served).graceful_shutdown();
        drop(poll_fn(|cx| served.poll_without_shutdown(cx)).await);
    }
    let Parts { io, read_buf, .. } = served.into_parts();
    let mut stream = io.into_inner();
    match connection.upgrade.take() {
        Some(upgrade) => {
            connection.life.begin_socket();
            socket::serve(&worker, Frames::new(stream, read_buf), *upgrade).await;
        }
        None => drop(stream.shutdown().await),
    }
}

struct Connection<N: Net, X> {
    worker: Rc<Worker<N, X>>,
    peer: Peer,
    life: Rc<Life>,
    // What the connection becomes once its last response has left.
    upgrade: Cell<Option<Box<Upgrade>>>,
}

impl<N: Net, X: Exchanges> Connection<N, X> {
    async fn answer(&self, request: Request<Incoming>) -> Response<Sending> {
        let progress = Rc::new(Progress::of(request.body()));
        self.life.begin_request(Rc::clone(&progress));
        let now = self.worker.clock.now();
        if health::is_status_path(request.uri().path()) {
            let status = self.worker.plane.status.load();
            return self.own(request.method(), health::status_response(&status, now.instant), None);
        }
        if let Some(id) = inspections::id_in(request.uri().path()) {
            let response = inspections::response(&self.worker.plane.shared, id, request.headers(), now.wall);
            return self.own(request.method(), response, None);
        }
        let read = head::read(
            request.method(),
            request.uri(),
            request.version(),
            request.headers(),
            &self.peer,
            self.worker.forwarded_proto,
        );
        match read {
            Ok(head) => self.exchange(head, request, progress, now).await,
            Err(refusal) => self.own(request.method(), health::error_response(refusal.status, refusal.message), None),
        }
    }

    async fn exchange(
        &self,
        mut head: RequestHead,
        request: Request<Incoming>,
        progress: Rc<Progress>,
        now: Now,
    ) -> Response<Sending> {
        let worker = &self.worker;
        let (parts, incoming) = request.into_parts();
        let method = parts.method.clone();
        let waiting = Waiting::new(worker, &self.peer, &parts, Rc::clone(&progress), now);
        head.headers = parts.headers;
        head.has_body = !progress.is_complete();
        let content = if head.has_body {
            let idle = worker.timeouts.request_content_idle;
            ClientContent::InSocket(Box::new(ClientBody::new(incoming, idle, progress)))
        } else {
            ClientContent::Absent
        };
        let client = Client {
            ip: self.peer.ip.clone(),
            tls_version: self.peer.tls_version,
            certificate: self.peer.certificate.clone(),
        };
        let seed = worker.seed.fork_index(worker.plane.next_exchange());
        let Some(machine) = worker.exchanges.begin(&worker.plane, head, client, seed, now) else {
            let status = worker.plane.status.load();
            let response = health::not_ready_response(&status);
            let receipt = waiting.answered_without(response.status(), "ConfigurationNotAvailable", &status.reason);
            return self.own(&method, response, Some(receipt));
        };
        match drive(worker, machine, content).await {
            Ok(Driven { outcome, upstream, backend_time, upgrade }) => {
                let outcome = *outcome;
                if let Some(inspection) = outcome.inspection {
                    let kept = worker.plane.shared.inspections.put(*inspection);
                    kept.into_iter().for_each(|kept| worker.plane.tray.leave(kept));
                }
                let receipt = waiting.answered(outcome.record, outcome.watch, backend_time);
                let response = match upgrade {
                    Some(upgrade) => {
                        self.upgrade.set(Some(upgrade));
                        respond::switching(outcome.head)
                    }
                    None => respond::response(&method, outcome.head, outcome.body, upstream),
                };
                self.seal(response, Some(receipt))
            }
            Err(Fault(message)) => {
                self.worker.report(&message);
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                let receipt = waiting.answered_without(status, "InternalError", &message);
                self.own(&method, health::error_response(status, "Internal server error"), Some(receipt))
            }
        }
    }

    fn own(&self, method: &Method, response: Response<String>, receipt: Option<Receipt>) -> Response<Sending> {
        self.seal(respond::own(method, response), receipt)
    }

    fn seal(&self, response: Response<ResponseContent>, receipt: Option<Receipt>) -> Response<Sending> {
        let date = self.worker.date.at(self.worker.clock.now().wall);
        let mut response = respond::seal(response, date, receipt, &self.life);
        // A client that keeps its connection would go on using it until it is closed under its next request.
        let goes_on = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        if self.worker.plane.is_draining() && !goes_on {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
