//! The end of an exchange: the response that the client gets, and the record of it. Runs no policy.

use std::sync::Arc;

use crate::context::{Body, ResponseView};
use crate::exchange::{Exchange, Phase};
use crate::expr::Message;
use crate::http::{HttpVersion, Method, ResponseHead, StatusCode, header};
use crate::policy::connection::remove_hop_by_hop;
use crate::policy::content::media_of;
use crate::policy::effect::{BodyFailure, Outcome, Reply, ResponseBody};
use crate::policy::run::{Existing, Socket, empty_response};
use crate::policy::travel::failed;
use crate::policy::watch::Watch;
use crate::shared::Shared;
use crate::telemetry::RequestRecord;
use crate::time::Now;

impl Exchange {
    /// Whether the content must be read before it leaves, since policies have changed how it is to be coded.
    pub(super) fn departs_otherwise(&mut self) -> bool {
        let is_head = self.method == Method::HEAD;
        let Some(response) = self.context.response.as_mut().filter(|response| response.body == Body::Unread) else {
            return false;
        };
        if is_head || !self.state.response_travel.is_to_be_read(&response.headers) {
            return false;
        }
        // Decision: a stream of events has no end, and is not held back (fixtures/exchange/content-codings.conversation).
        let streams = media_of(&response.headers).is_some_and(|media| media.is_named("text", "event-stream"));
        if streams {
            self.state.response_travel.restore(&mut response.headers);
        }
        !streams
    }

    /// The content that [`Exchange::departs_otherwise`] has wanted. What is too long to be held leaves as it came.
    pub(super) fn take_departing(&mut self, reply: Reply) {
        let result = match reply {
            Reply::Body(result) => result,
            Reply::Head(_) | Reply::Response(_) | Reply::Dispatched | Reply::Cache(_) | Reply::Elapsed => {
                Err(BodyFailure::Broken("the wrong kind of answer came".to_owned()))
            }
        };
        let Some(response) = &mut self.context.response else { return };
        let travel = &mut self.state.response_travel;
        match result {
            Ok(content) => {
                if let Some(tap) = &mut self.state.tap {
                    tap.pass(&content);
                }
                response.body = Body::Bytes(travel.arrived(content.clone()).unwrap_or_else(|_| {
                    travel.restore(&mut response.headers);
                    travel.stays(&content);
                    content
                }));
            }
            Err(BodyFailure::TooLarge) => travel.restore(&mut response.headers),
            Err(failure @ BodyFailure::Broken(_)) => {
                let raised = Self::raised_built_in(failed(Message::Response, &failure));
                self.end_with(raised);
            }
        }
    }

    /// Puts the outcome together. What is left of the exchange afterwards only serves to be looked at.
    pub(super) fn depart(&mut self, shared: &Shared, now: Now) -> Outcome {
        debug_assert!(matches!(self.phase, Phase::Settling(_)), "the response is known before it is handed out");
        debug_assert!(self.strand.frames.is_empty() && self.strand.loops.is_empty(), "nothing runs any more");
        let mut response = self.context.response.take().unwrap_or_else(empty_response);
        for pending in std::mem::take(&mut self.state.response_headers) {
            match pending.existing {
                Existing::Replaced => response.headers.insert(pending.name, pending.value).is_some(),
                Existing::Kept => response.headers.append(pending.name, pending.value),
            };
        }
        remove_hop_by_hop(&mut response.headers);
        if response.status != StatusCode::SWITCHING_PROTOCOLS {
            self.state.socket = Socket::None;
        }
        let record = self.record(response.status, now);
        let body = self.content(&mut response);
        let head = ResponseHead { status: response.status, reason: response.reason, headers: response.headers };
        let watch = self.watch_content(&body, shared, now);
        let inspection = self.inspected(&head, now);
        Outcome { head, body, record, watch, inspection }
    }

    // What counts tokens goes with content that is still to pass; else it has seen what there is to see.
    fn watch_content(&mut self, body: &ResponseBody, shared: &Shared, now: Now) -> Watch {
        let mut tap = self.state.tap.take();
        if let Some(tap) = &mut tap {
            tap.know(&self.context);
        }
        if let ResponseBody::Empty | ResponseBody::Bytes(_) = body {
            self.state.measurements.extend(tap.take().into_iter().flat_map(|tap| tap.end(shared, now)));
        }
        let meters = std::mem::take(&mut self.state.meters);
        Watch { meters, tap, measurements: std::mem::take(&mut self.state.measurements) }
    }

    // RFC 9110 §6.4.1: no content with HEAD, 204 and 304; with 204 no `Content-Length` either.
    fn content(&self, response: &mut ResponseView) -> ResponseBody {
        // The client's own method: policies may have set another one for the backend.
        let is_head = self.method == Method::HEAD;
        if response.status == StatusCode::NO_CONTENT || response.status.is_informational() {
            response.headers.remove(header::CONTENT_LENGTH);
            return ResponseBody::Empty;
        }
        if is_head || response.status == StatusCode::NOT_MODIFIED {
            return ResponseBody::Empty;
        }
        match std::mem::replace(&mut response.body, Body::Gone) {
            Body::Unread => ResponseBody::Upstream,
            Body::Bytes(bytes) if !bytes.is_empty() => {
                response.headers.remove(header::CONTENT_LENGTH);
                ResponseBody::Bytes(self.state.response_travel.leaves(&response.headers, &bytes))
            }
            Body::Bytes(_) | Body::Absent | Body::Gone | Body::Consumed => {
                response.headers.remove(header::CONTENT_LENGTH);
                // Nothing is no gzip.
                response.headers.remove(header::CONTENT_ENCODING);
                ResponseBody::Empty
            }
        }
    }

    fn record(&mut self, status: StatusCode, now: Now) -> RequestRecord {
        let context = &self.context;
        RequestRecord {
            time_generated: context.arrived.wall,
            correlation_id: context.request_id.to_string(),
            caller_ip: self.client.ip.clone(),
            method: self.method.to_string(),
            url: context.request.original_url.shown_without(context.key_parameter()),
            client_protocol: match self.version {
                HttpVersion::Http10 => "HTTP/1.0",
                HttpVersion::Http11 => "HTTP/1.1",
                HttpVersion::Http2 => "HTTP/2",
            },
            client_tls_version: self.client.tls_version,
            response_code: status.as_u16(),
            response_size: 0,
            request_size: 0,
            total_time: context.elapsed(now),
            cache: self.state.cache,
            cache_time: self.state.cache_time,
            backend_time: self.state.backend_time,
            backend: self.state.backend.take(),
            api_id: context.api.as_ref().map(|api| Arc::from(api.id.as_str())),
            api_revision: context.api.as_ref().map(|api| Arc::from(api.revision.as_str())),
            operation_id: context.operation.as_ref().map(|operation| Arc::from(operation.id.as_str())),
            product_id: context.product.as_ref().map(|product| Arc::from(product.id.as_str())),
            subscription_id: context.subscription.as_ref().map(|subscription| Arc::from(subscription.id.as_str())),
            revision: self.snapshot.revision,
            last_error: context.last_error.as_deref().cloned(),
            traces: std::mem::take(&mut self.state.traces),
        }
    }
}
