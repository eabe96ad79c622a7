//! A request between its head and its response: counted as in flight, and recorded even if nobody waits for the answer any more.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use holdfast_core::exchange::Watch;
use holdfast_core::http::StatusCode;
use holdfast_core::telemetry::{ErrorRecord, RequestRecord};
use holdfast_core::time::Now;
use http::request::Parts;
use http::{HeaderValue, Method, Uri, Version, header};

use super::Worker;
use super::connection::Peer;
use super::exchanges::Exchanges;
use super::sent::{Missing, Receipt, broken_off};
use crate::clock::Clock;
use crate::net::Net;
use crate::plane::InFlight;
use crate::sink::Sink;
use crate::upstream::Progress;

/// A request in flight. Dropped without an answer, it records that the client is gone.
pub(super) struct Waiting<'a> {
    clock: &'a Arc<dyn Clock>,
    sink: &'a Arc<dyn Sink>,
    peer: &'a Peer,
    method: Method,
    target: Uri,
    host: Option<HeaderValue>,
    version: Version,
    arrived: Now,
    progress: Rc<Progress>,
    in_flight: Option<InFlight>,
}

impl<'a> Waiting<'a> {
    pub(super) fn new<N: Net, X: Exchanges>(
        worker: &'a Worker<N, X>,
        peer: &'a Peer,
        parts: &Parts,
        progress: Rc<Progress>,
        arrived: Now,
    ) -> Self {
        Self {
            clock: &worker.clock,
            sink: &worker.sink,
            peer,
            method: parts.method.clone(),
            target: parts.uri.clone(),
            host: parts.headers.get(header::HOST).cloned(),
            version: parts.version,
            arrived,
            progress,
            in_flight: Some(worker.plane.enter()),
        }
    }

    /// The exchange has answered, with this record.
    pub(super) fn answered(mut self, mut record: RequestRecord, watch: Watch, backend_time: Duration) -> Receipt {
        record.backend_time = backend_time;
        let in_flight = self.in_flight.take();
        let mut receipt = self.receipt(record, in_flight);
        receipt.watch = watch;
        receipt
    }

    /// The adapter answers in place of the exchange.
    pub(super) fn answered_without(mut self, status: StatusCode, reason: &str, message: &str) -> Receipt {
        let error = ErrorRecord { reason: reason.to_owned(), message: message.to_owned(), ..ErrorRecord::default() };
        let record = RequestRecord { response_code: status.as_u16(), last_error: Some(error), ..self.record() };
        let in_flight = self.in_flight.take();
        self.receipt(record, in_flight)
    }

    fn receipt(&self, record: RequestRecord, in_flight: Option<InFlight>) -> Receipt {
        Receipt {
            record: Box::new(record),
            arrived: self.arrived.instant,
            clock: Arc::clone(self.clock),
            sink: Arc::clone(self.sink),
            request: Rc::clone(&self.progress),
            missing: Some(Missing::Client),
            watch: Watch::default(),
            in_flight,
        }
    }

    fn record(&self) -> RequestRecord {
        let host = self.host.as_ref().map_or_else(|| self.peer.local.to_string(), holdfast_core::http::latin1);
        let mut url = match self.target.authority() {
            Some(_) => self.target.to_string(),
            None => format!("{}://{host}{}", self.peer.scheme.as_str(), self.target),
        };
        // Which parameter carries a subscription key is known to the API alone, and no log shows keys.
        if let Some(query) = url.find('?') {
            url.truncate(query + 1);
            url.push_str("REDACTED");
        }
        RequestRecord {
            time_generated: self.arrived.wall,
            caller_ip: self.peer.ip.clone(),
            method: self.method.to_string(),
            url,
            client_protocol: if self.version == Version::HTTP_10 { "HTTP/1.0" } else { "HTTP/1.1" },
            client_tls_version: self.peer.tls_version,
            ..RequestRecord::default()
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(in_flight) = self.in_flight.take() {
            // no response was chosen, so the response code stays 0, as the original logs it
            let record = RequestRecord { last_error: Some(broken_off(Missing::Client)), ..self.record() };
            drop(self.receipt(record, Some(in_flight)));
        }
    }
}
