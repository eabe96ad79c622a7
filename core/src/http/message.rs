//! A response with its content, as policies and expressions hold it: `context.Response`, and what a send-request brought back.

use super::{Bytes, HeaderMap, StatusCode};

/// `context.Response`, and the answer of a send-request.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseView {
    /// `StatusCode`
    pub status: StatusCode,
    /// `StatusReason`; `None` means the standard phrase of the status code.
    pub reason: Option<String>,
    /// `Headers`
    pub headers: HeaderMap,
    /// `Body`
    pub body: Body,
}

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// There is none: `Body` is null.
    Absent,
    /// It is still in the socket. An expression that reads it makes the pipeline read it and evaluates again.
    Unread,
    /// It has been read, or a policy has set it.
    Bytes(Bytes),
    /// It was passed through and is gone.
    Gone,
    /// An expression took it, without `preserveContent`: nothing of it is passed on.
    Consumed,
}
