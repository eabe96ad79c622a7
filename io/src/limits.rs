//! The named maxima of the adapters: sizes, counts and times. Limits of what is configured or counted per caller are in `core`.

use std::time::Duration;

/// Fields in the head of a request; more are answered with 431. What Kestrel, under the original, allows.
pub const REQUEST_FIELDS_MAX: usize = 100;

/// Bytes of a request target; more are answered with 414. APIM's published limit on the size of a request URL.
pub const REQUEST_TARGET_BYTES_MAX: usize = 16 * 1024;

/// Bytes of the head of a request, its target included; more are answered with 431. Kestrel allows 32 KiB of fields.
pub const REQUEST_HEAD_BYTES_MAX: usize = REQUEST_TARGET_BYTES_MAX + 32 * 1024;

/// Bytes of the read buffer of one connection; hyper grows it up to here as long as a peer sends more than it holds.
pub const READ_BUFFER_BYTES_MAX: usize = 64 * 1024;

/// Fields in the head of a response from an upstream.
pub const RESPONSE_FIELDS_MAX: usize = 200;

/// Connections of clients that one worker holds open; further ones wait in the listener's backlog.
pub const CONNECTIONS_PER_WORKER_MAX: usize = 8192;

/// Effects that one exchange may have in flight.
pub const EFFECTS_IN_FLIGHT_MAX: usize = 64;

/// The longest message that a client sends on a WebSocket, in bytes. What is sent to an operation over HTTP may be as long.
pub const SOCKET_MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// How much of a WebSocket's messages waits for its client, in bytes: beyond it nothing more is made or read.
pub const SOCKET_UNSENT_BYTES_MAX: usize = 64 * 1024;

/// Requests without an answer that one worker has under way; what comes on top of them is dropped, with a word at the debug level.
pub const DISPATCHED_MAX: usize = 1024;

/// Redirects that one outgoing request follows.
pub const REDIRECTS_MAX: usize = 10;

/// Idle connections that one worker keeps to one upstream.
pub const UPSTREAM_IDLE_MAX: usize = 256;

/// Requests that are under way at once on one connection of HTTP/2 to an upstream; for more, further connections are opened.
pub const UPSTREAM_STREAMS_MAX: usize = 100;

/// TLS sessions that clients can resume.
pub const TLS_SESSIONS_MAX: usize = 4096;

/// Client certificates that the gateway is ready to show to upstreams, each with its checks; the one that was not used for longest goes.
pub const IDENTITIES_MAX: usize = 256;

/// TLS sessions with upstreams that can be resumed under one client certificate.
pub const SESSIONS_OF_IDENTITY_MAX: usize = 64;

/// From the first byte of a request (or the opening of the connection) to the end of its head.
pub const HEAD_READ_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client's connection may stay open without a request.
pub const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(120);

/// From the opening of a connection to the end of its TLS handshake.
pub const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long content of a client may stand still while someone waits for it.
pub const REQUEST_CONTENT_IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a client may take nothing of a response while there is something to take.
pub const WRITE_STALL_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a connection that is about to close goes on reading content that nobody wants, so that the client gets to read why.
pub const LINGER_TIMEOUT: Duration = Duration::from_secs(5);

/// From the look-up of an upstream's name to the end of its TLS handshake.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long content of an upstream may stand still while someone waits for it. Long, because event streams pause.
pub const RESPONSE_CONTENT_IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// How often a connection of HTTP/2 with requests under way is asked for a sign of life.
pub const UPSTREAM_PING_INTERVAL: Duration = Duration::from_secs(20);

/// How long that sign may take.
pub const UPSTREAM_PING_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection to an upstream is kept without a request.
pub const UPSTREAM_IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How often connections to upstreams are looked through for those that have been idle for too long.
pub const UPSTREAM_SWEEP_INTERVAL: Duration = Duration::from_secs(15);

/// External caches that one worker is connected to; those of older configurations go first.
pub const CACHES_MAX: usize = 4;

/// Entries that one worker has on their way to external caches, and their bytes; what comes on top of them is not stored.
pub const CACHE_STORES_MAX: usize = 256;
/// See [`CACHE_STORES_MAX`].
pub const CACHE_STORES_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Servers of a cluster that one worker is connected to for one external cache; the one that was asked longest ago goes first.
pub const CACHE_NODES_MAX: usize = 64;
/// How many further servers of a cluster one look-up asks: because it is sent there, or because one before could not help.
pub const CACHE_REDIRECTS_MAX: usize = 5;
/// After how long a server is asked again that could not answer for the moment (`TRYAGAIN`).
pub const CACHE_AGAIN_AFTER: Duration = Duration::from_millis(10);

/// For how long an external cache is left alone after its first failure; twice as long after each further one, up to
/// [`CACHE_REST_MAX`].
pub const CACHE_REST_MIN: Duration = Duration::from_secs(1);
/// See [`CACHE_REST_MIN`].
pub const CACHE_REST_MAX: Duration = Duration::from_secs(10);

/// The least time between two warnings about external caches.
pub const CACHE_WARNING_INTERVAL: Duration = Duration::from_secs(30);

/// The longest time that an outgoing request may be given.
pub const UPSTREAM_TIMEOUT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// How long to wait after the operating system refused to accept a connection (too many open files, for one).
pub const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// What a gateway without a configuration tells clients to wait: one sync interval.
pub const NOT_READY_RETRY_AFTER: Duration = Duration::from_secs(10);
