//! What a failure does: `context.LastError`, the error response, and the way to on-error. Runs no op.

use crate::context::{Body, LastError, ResponseView};
use crate::exchange::strand::Frame;
use crate::exchange::{Exchange, Phase, link};
use crate::http::{HeaderValue, header};
use crate::policy::graphql::synthetic::told;
use crate::policy::run::{ErrorResponse, Failure, Public};
use crate::policy::{Scope, Section};
use crate::route::errors;

/// A failure with its place.
#[derive(Clone, Debug)]
pub(super) struct Raised {
    failure: Failure,
    error: LastError,
}

impl Exchange {
    /// The failure with the place of the op at `frame`.
    pub(super) fn raised(&self, failure: Failure, section: Section, frame: Frame) -> Raised {
        let place = self.place(section, frame);
        let scope = link(&self.chain, &self.calls, frame.level).map_or(Scope::Global, |link| link.scope);
        let element = place.map_or("", |place| place.element);
        let error = LastError {
            source: failure.source.unwrap_or(element).to_owned(),
            reason: failure.reason.to_owned(),
            message: failure.message.clone(),
            scope: scope.as_str().to_owned(),
            section: section.as_str().to_owned(),
            path: place.map(|place| place.path.to_string()).unwrap_or_default(),
            policy_id: place.and_then(|place| place.policy_id.as_deref()).map(str::to_owned),
        };
        Raised { failure, error }
    }

    /// The failure of a built-in step.
    pub(super) fn raised_built_in(failure: Failure) -> Raised {
        let error = LastError {
            source: failure.source.unwrap_or("gateway").to_owned(),
            reason: failure.reason.to_owned(),
            message: failure.message.clone(),
            scope: Scope::Global.as_str().to_owned(),
            section: Section::Inbound.as_str().to_owned(),
            ..LastError::default()
        };
        Raised { failure, error }
    }

    /// Leaves the section: to the end of the innermost retry, else to on-error. A failure inside on-error ends the pipeline.
    pub(super) fn fail(&mut self, raised: Raised, section: Section) {
        self.context.last_error = Some(Box::new(raised.error.clone()));
        self.state.draft_request = None;
        self.state.draft_response = None;
        if self.strand.resolves.is_some() {
            return self.end_resolver(Err(told(&raised.failure)));
        }
        // What runs side by side ends with the first failure that no retry inside takes up.
        while self.strand.loops.is_empty() && self.give_up() {}
        if !self.strand.loops.is_empty() {
            if raised.failure.response == ErrorResponse::Answer {
                self.set_error_response(&raised.failure);
            }
            return self.end_attempt(raised, section);
        }
        self.strand.frames.clear();
        self.strand.permits.clear();
        self.set_error_response(&raised.failure);
        // Decision: on-error is not entered twice (fixtures/exchange/error-in-on-error.conversation).
        match self.phase {
            Phase::Section(Section::OnError) => self.finish(),
            Phase::Arrived | Phase::Section(_) | Phase::Settling(_) | Phase::Done => self.begin(Section::OnError),
        }
    }

    /// Ends an exchange that runs without end.
    pub(super) fn out_of_budget(&mut self) {
        let failure = Failure::internal("OperationLimitExceeded", "the policies ran more steps than one request may");
        let raised = Self::raised_built_in(failure);
        // So that the response is that of the exchange, not of a resolver.
        self.give_up_all();
        self.end_with(raised);
        self.finish();
    }

    /// Makes a failure the response, whatever on-error says.
    pub(super) fn end_with(&mut self, raised: Raised) {
        self.context.last_error = Some(Box::new(raised.error));
        self.set_error_response(&raised.failure);
    }

    fn set_error_response(&mut self, failure: &Failure) {
        if failure.response == ErrorResponse::Present && self.context.response.is_some() {
            return;
        }
        let (head, body) = match &failure.public {
            Public::Internal => errors::internal_server_error(self.context.request_id),
            Public::Text(text) => errors::answer(failure.status, text),
            Public::Message => errors::answer(failure.status, &failure.message),
        };
        let mut headers = head.headers;
        for (name, value) in &failure.headers {
            headers.insert(name, value.clone());
        }
        headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        let (status, reason) = (failure.status, failure.phrase.clone());
        self.context.response = Some(ResponseView { status, reason, headers, body: Body::Bytes(body) });
    }
}
