//! Content that waits until the server wants it (`Expect: 100-continue`, RFC 9110 §10.1.1). Knows nothing of what the content is.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{HeaderValue, Request, StatusCode, header};
use hyper::ext::on_informational;
use tokio::time::{Sleep, sleep};

use super::content::Outgoing;

/// Content that is held back, and what lets it go.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) content: Outgoing,
    gate: Gate,
    // How long the server may keep silent.
    silence: Pin<Box<Sleep>>,
}

/// What becomes of content that is held back.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    verdict: Verdict,
    waker: Option<Waker>,
}

/// What the server has said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Verdict {
    /// Nothing.
    #[default]
    Silent,
    /// It wants the content.
    Wanted,
    /// It has answered without: the content stays here while its answer is read.
    Answered,
    /// Its answer is over: the connection, on which the content is still due, is of no more use.
    Over,
}

/// `request` with its content held back for up to `silence`, unless the server says sooner that it wants it; nothing changes without
/// content.
pub(super) fn held(mut request: Request<Outgoing>, silence: Duration) -> (Request<Outgoing>, Option<Gate>) {
    if hyper::body::Body::is_end_stream(request.body()) {
        return (request, None);
    }
    let gate = Gate::default();
    let told = gate.clone();
    on_informational(&mut request, move |response| {
        if response.status() == StatusCode::CONTINUE {
            told.decide(Verdict::Wanted);
        }
    });
    request.headers_mut().insert(header::EXPECT, HeaderValue::from_static("100-continue"));
    let of_content = gate.clone();
    let request = request
        .map(|content| Outgoing::Held(Box::new(Held { content, gate: of_content, silence: Box::pin(sleep(silence)) })));
    (request, Some(gate))
}

/// The request as it was before its content was held back.
pub(super) fn let_go(mut request: Request<Outgoing>) -> Request<Outgoing> {
    request.headers_mut().remove(header::EXPECT);
    request.map(|content| match content {
        Outgoing::Held(held) => held.content,
        content => content,
    })
}

impl Gate {
    /// The head of the response has come.
    pub(super) fn note_answer(&self) {
        self.decide(Verdict::Answered);
    }

    /// Whether the content is still here.
    pub(super) fn holds(&self) -> bool {
        matches!(self.state().verdict, Verdict::Silent | Verdict::Answered | Verdict::Over)
    }

    /// Nobody waits for the response any more.
    pub(super) fn end(&self) {
        self.decide(Verdict::Over);
    }

    fn decide(&self, verdict: Verdict) {
        let mut state = self.state();
        // Content that has been let go cannot be called back.
        if state.verdict == Verdict::Wanted {
            return;
        }
        state.verdict = verdict;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Ready when the content may go; whether it may.
    pub(super) fn poll_release(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut state = self.gate.state();
        match state.verdict {
            Verdict::Wanted => return Poll::Ready(true),
            Verdict::Over => return Poll::Ready(false),
            Verdict::Answered => {
                state.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            Verdict::Silent => {}
        }
        if self.silence.as_mut().poll(cx).is_ready() {
            state.verdict = Verdict::Wanted;
            return Poll::Ready(true);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}
