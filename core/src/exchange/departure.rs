//! The end of an exchange: the response that the client gets, and the record of it. Runs no policy.

use std::sync::Arc;

use crate::context::{Body, ResponseView};
use crate::exchange::{Exchange, Phase};
use crate::http::{HttpVersion, Method, ResponseHead, StatusCode, header};
use crate::policy::connection::remove_hop_by_hop;
use crate::policy::effect::{Outcome, ResponseBody};
use crate::policy::run::{Existing, Socket, empty_response};
use crate::policy::watch::Watch;
use crate::shared::Shared;
use crate::telemetry::RequestRecord;
use crate::time::Now;

impl Exchange {
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
            Body::Bytes(bytes) => {
                response.headers.remove(header::CONTENT_LENGTH);
                if bytes.is_empty() { ResponseBody::Empty } else { ResponseBody::Bytes(bytes) }
            }
            Body::Absent | Body::Gone | Body::Consumed => {
                response.headers.remove(header::CONTENT_LENGTH);
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
