//! How contents travel beside what policies see of them. A content that came as gzip is seen without it, and one whose
//! `Content-Encoding` says gzip when it leaves is made gzip again; what nobody has changed leaves as it came.

use crate::context::Body;
use crate::expr::Message;
use crate::http::coding::{Coding, GunzipError, gunzip, gzip};
use crate::http::{Bytes, HeaderMap, HeaderValue, StatusCode, header};
use crate::policy::effect::{BODY_BYTES_MAX, BodyFailure, Reply, UpstreamFailure, UpstreamFailureKind};
use crate::policy::run::Failure;

/// How the content of one message has come.
#[derive(Clone, Debug, Default)]
pub struct Travel {
    coding: Coding,
    // What policies see, and what it came as.
    read: Option<(Bytes, Bytes)>,
    // Why it could not be read.
    failure: Option<BodyFailure>,
}

impl Travel {
    /// That of a content which is still in the socket, behind these fields.
    #[must_use]
    pub fn begun(headers: &HeaderMap) -> Self {
        Self { coding: Coding::of(headers), ..Self::default() }
    }

    /// The content as policies see it. What is not as its fields say is seen as it is.
    ///
    /// # Errors
    /// It stands for more than policies may hold.
    pub fn arrived(&mut self, content: Bytes) -> Result<Bytes, BodyFailure> {
        let seen = plain(self.coding, &content)?;
        self.read = Some((seen.clone(), content));
        Ok(seen)
    }

    /// Whether policies see what they cannot make sense of.
    #[must_use]
    pub fn is_opaque(&self) -> bool {
        self.coding == Coding::Other
    }

    /// The content could not be read to its end, for this reason.
    pub fn broke_off(&mut self, failure: BodyFailure) {
        self.failure = Some(failure);
    }

    /// Why the content could not be read, if somebody has tried.
    #[must_use]
    pub const fn failure(&self) -> Option<&BodyFailure> {
        self.failure.as_ref()
    }

    /// Keeps a content that policies see as it travels.
    pub fn stays(&mut self, content: &Bytes) {
        self.read = Some((content.clone(), content.clone()));
    }

    /// What leaves of a content that policies have seen or made, behind these fields.
    #[must_use]
    pub fn leaves(&self, headers: &HeaderMap, content: &Bytes) -> Bytes {
        let is_same = |(seen, _): &&(Bytes, Bytes)| seen.as_ptr() == content.as_ptr() && seen.len() == content.len();
        match (Coding::of(headers), self.read.as_ref().filter(is_same)) {
            (Coding::Gzip, Some((_, came))) if self.coding == Coding::Gzip => came.clone(),
            (Coding::Gzip, _) => gzip(content),
            (Coding::Identity | Coding::Other, _) => content.clone(),
        }
    }

    /// Whether a content that nobody has read cannot leave as it came, since policies have changed its fields.
    #[must_use]
    pub fn is_to_be_read(&self, headers: &HeaderMap) -> bool {
        let leaves = Coding::of(headers);
        // What is coded otherwise cannot be undone here.
        leaves != self.coding && self.coding != Coding::Other && (leaves == Coding::Gzip || self.coding == Coding::Gzip)
    }

    /// Has the fields of a content that leaves as it came say so.
    pub fn restore(&self, headers: &mut HeaderMap) {
        headers.remove(header::CONTENT_ENCODING);
        if self.coding == Coding::Gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
}

/// An answer with the content of a whole response as policies see it.
#[must_use]
pub fn seen(reply: Reply) -> Reply {
    let Reply::Response(Ok(mut response)) = reply else { return reply };
    if let Body::Bytes(content) = &mut response.body {
        let Ok(seen) = plain(Coding::of(&response.headers), content) else {
            let message = format!("the content stands for more than {BODY_BYTES_MAX} bytes");
            return Reply::Response(Err(UpstreamFailure { kind: UpstreamFailureKind::TooLarge, message }));
        };
        *content = seen;
    }
    Reply::Response(Ok(response))
}

fn plain(coding: Coding, content: &Bytes) -> Result<Bytes, BodyFailure> {
    if coding != Coding::Gzip {
        return Ok(content.clone());
    }
    match gunzip(content, BODY_BYTES_MAX) {
        Ok(plain) => Ok(plain),
        Err(GunzipError::Malformed) => Ok(content.clone()),
        Err(GunzipError::TooLarge) => Err(BodyFailure::TooLarge),
    }
}

/// What a content that cannot be read means for the pipeline.
#[must_use]
pub fn failed(message: Message, failure: &BodyFailure) -> Failure {
    match (message, failure) {
        (Message::Request, BodyFailure::TooLarge) => {
            Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestBodyTooLarge", "The request's content is too large.")
        }
        (Message::Request, BodyFailure::Broken(why)) => {
            Failure::new(StatusCode::BAD_REQUEST, "ClientConnectionFailure", why.clone())
        }
        (Message::Response, BodyFailure::TooLarge) => {
            Failure::internal("BackendConnectionFailure", "the response's content is too large to be held")
        }
        (Message::Response, BodyFailure::Broken(why)) => Failure::internal("BackendConnectionFailure", why.clone()),
    }
}
