//! What a running program asks of the world, and what the world answers. Plain data; `io` performs it.

use std::sync::Arc;
use std::time::Duration;

use crate::config::external_cache::ExternalCache;
use crate::config::proxy::Proxy;
use crate::context::ResponseView;
use crate::http::{Bytes, HeaderMap, Method, ResponseHead, Url};
use crate::inspection::Inspection;
use crate::pki::ClientIdentity;
use crate::policy::watch::Watch;
use crate::telemetry::RequestRecord;

/// The number of an effect within its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EffectId(pub u32);

/// An order to the world.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Read the client's content to its end. Answer: [`Reply::Body`].
    ReadRequestBody {
        /// More bytes than this are an error.
        max_bytes: u64,
    },
    /// Send this request to a backend and wait for the head of the response; its content stays in the socket.
    /// Answer: [`Reply::Head`].
    Forward(Box<OutboundRequest>),
    /// Read the content of the response to the last [`Effect::Forward`] to its end. Answer: [`Reply::Body`].
    ReadResponseBody {
        /// More bytes than this are an error.
        max_bytes: u64,
    },
    /// Read that content to its end when it is not longer than is allowed. Nothing is taken of a longer one
    /// ([`BodyFailure::TooLarge`]): it can be passed on as if nobody had looked. Answer: [`Reply::Body`].
    PeekResponseBody {
        /// How long it may be, in bytes.
        max_bytes: u64,
    },
    /// Send a request of the policy's own and read the whole response. Answer: [`Reply::Response`].
    Send(Box<OutboundRequest>),
    /// Send a request of the policy's own and wait for nothing: what comes of it is nobody's concern. Answer: [`Reply::Dispatched`].
    Dispatch(Box<OutboundRequest>),
    /// Look into an external cache, or change it. Answer: [`Reply::Cache`]; to [`CacheVerb::Set`] at once [`Reply::Dispatched`].
    Cache(Box<CacheRequest>),
    /// Read a file of this machine, whose path the process' own environment names. Answer: [`Reply::Body`].
    ReadFile {
        /// Where it is.
        path: Arc<str>,
        /// More bytes than this are an error.
        max_bytes: u64,
    },
    /// Wait. Answer: [`Reply::Elapsed`].
    Sleep(Duration),
}

/// What is wanted of an external cache.
#[derive(Clone, Debug)]
pub struct CacheRequest {
    /// Which one.
    pub cache: Arc<ExternalCache>,
    /// The key, its prefix included.
    pub key: String,
    /// What to do.
    pub verb: CacheVerb,
}

/// What to do with an entry of an external cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheVerb {
    /// Find it.
    Get {
        /// One of more bytes is none.
        max_bytes: u64,
    },
    /// Store it.
    Set {
        /// The entry.
        entry: Bytes,
        /// How long it is kept.
        lifetime: Duration,
    },
    /// Forget it.
    Remove,
}

/// A request that goes out.
#[derive(Clone, Debug)]
pub struct OutboundRequest {
    /// The method.
    pub method: Method,
    /// Where it goes; path and query are sent as they stand.
    pub url: Url,
    /// The fields, `Host` included, hop-by-hop fields excluded. Framing fields are the adapter's business.
    pub headers: HeaderMap,
    /// The content.
    pub body: OutboundBody,
    /// How long to wait for the head of the response ([`Effect::Forward`]) or for all of it ([`Effect::Send`],
    /// [`Effect::Dispatch`]).
    pub timeout: Duration,
    /// How long the content waits for the server to say that it wants it, on HTTP/1.1; `None` sends it at once.
    pub continue_timeout: Option<Duration>,
    /// What is checked of the server's certificate.
    pub tls: UpstreamTls,
    /// What the server is shown when it asks for a certificate.
    pub identity: Option<Arc<ClientIdentity>>,
    /// By which way it goes.
    pub route: Route,
    /// What may be spoken with the server.
    pub versions: HttpVersions,
    /// Whether redirects are followed by the adapter.
    pub redirects: Redirects,
    /// The largest content that [`Effect::Send`] reads, in bytes.
    pub max_response_bytes: u64,
}

impl OutboundRequest {
    /// A request without fields and content, whose server must prove itself and whose response is at most [`BODY_BYTES_MAX`] bytes long.
    #[must_use]
    pub fn new(method: Method, url: Url, timeout: Duration) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: OutboundBody::Empty,
            timeout,
            continue_timeout: None,
            tls: UpstreamTls::default(),
            identity: None,
            route: Route::Standard,
            versions: HttpVersions::One,
            redirects: Redirects::HandBack,
            max_response_bytes: BODY_BYTES_MAX,
        }
    }
}

/// The most content that policies hold in memory, of one message, in bytes.
pub const BODY_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The content of an outgoing request.
#[derive(Clone, Debug)]
pub enum OutboundBody {
    /// None.
    Empty,
    /// The client's content, streamed through.
    Stream,
    /// These bytes.
    Bytes(Bytes),
}

/// What is checked of an upstream's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UpstreamTls {
    /// That it chains to a trusted root.
    pub validate_chain: bool,
    /// That it names the host.
    pub validate_name: bool,
}

impl Default for UpstreamTls {
    fn default() -> Self {
        Self { validate_chain: true, validate_name: true }
    }
}

/// The versions of HTTP that may be spoken with a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum HttpVersions {
    /// HTTP/1.1.
    #[default]
    One,
    /// HTTP/2 where the server agrees to it in the TLS handshake, else HTTP/1.1.
    TwoOrOne,
    /// HTTP/2 alone; in clear text without asking (RFC 9113 §3.3).
    Two,
}

/// By which way a request goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// As the settings of the process say.
    #[default]
    Standard,
    /// Straight to its host.
    Direct,
    /// Through this proxy.
    Through(Arc<Proxy>),
}

/// What happens to a 3xx response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redirects {
    /// It is handed back as any other response.
    #[default]
    HandBack,
    /// It is followed, up to a limit.
    Follow,
}

/// The world's answer. A failure is an expected input.
#[derive(Clone, Debug)]
pub enum Reply {
    /// The content that was asked for.
    Body(Result<Bytes, BodyFailure>),
    /// The head of a backend's response; whether content follows.
    Head(Result<(ResponseHead, Content), UpstreamFailure>),
    /// A whole response.
    Response(Result<Box<ResponseView>, UpstreamFailure>),
    /// The request is on its way.
    Dispatched,
    /// The entry that was found; none when there is none, or after a removal.
    Cache(Result<Option<Bytes>, CacheFailure>),
    /// The time has passed.
    Elapsed,
}

impl Reply {
    /// The response to an [`Effect::Send`].
    ///
    /// # Errors
    /// There is none; why, in words.
    pub fn response(self) -> Result<Box<ResponseView>, String> {
        match self {
            Self::Response(answer) => answer.map_err(|failure| failure.message),
            Self::Body(_) | Self::Head(_) | Self::Dispatched | Self::Cache(_) | Self::Elapsed => {
                Err("the wrong kind of answer came".to_owned())
            }
        }
    }
}

/// Whether content follows a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// None: the method or the status forbids it, or its length is zero.
    None,
    /// It is in the socket.
    Follows,
}

/// Why content could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyFailure {
    /// It is longer than was allowed.
    TooLarge,
    /// The connection broke, or the framing was wrong; in words.
    Broken(String),
}

/// Why an external cache did not answer, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheFailure(pub String);

/// Why a backend did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamFailure {
    /// What kind of failure.
    pub kind: UpstreamFailureKind,
    /// In words, as in `connection refused`.
    pub message: String,
}

/// The kinds of upstream failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamFailureKind {
    /// The host name has no address.
    NameNotResolved,
    /// No connection could be made.
    Connect,
    /// The TLS handshake failed, or the certificate was refused.
    Tls,
    /// No answer in time.
    Timeout,
    /// The connection broke before the answer was complete, or the answer was not HTTP.
    Broken,
    /// The answer is longer than was allowed.
    TooLarge,
    /// The client's content was already passed on and cannot be sent again.
    RequestBodyGone,
    /// The client's own connection broke while its content was passed on.
    ClientGone,
}

/// What to do next with an exchange.
#[derive(Debug)]
pub enum Step {
    /// Perform this and hand the answer to `resume`.
    Perform(EffectId, Effect),
    /// Drop this effect; an answer that still comes is ignored.
    Cancel(EffectId),
    /// Poll again at once, with the time as it is then: an inspected exchange hands back after each step.
    Continue,
    /// Nothing to do until an answer comes.
    Wait,
    /// The exchange has its response.
    Done(Box<Outcome>),
}

/// The end of an exchange.
#[derive(Debug)]
pub struct Outcome {
    /// The head to send; framing fields, `Date` and `Connection` are the adapter's business.
    pub head: ResponseHead,
    /// The content to send.
    pub body: ResponseBody,
    /// The record to log once the response has been sent; sizes and times that only the adapter knows are still zero.
    pub record: RequestRecord,
    /// What watches the content on its way, and counts it once the response has been sent.
    pub watch: Watch,
    /// What the exchange did, when it was inspected.
    pub inspection: Option<Box<Inspection>>,
}

/// The content of the response to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponseBody {
    /// None.
    Empty,
    /// These bytes.
    Bytes(Bytes),
    /// The content of the response to the last forward, streamed through.
    Upstream,
}
