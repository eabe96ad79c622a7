//! The way through a proxy to a server that speaks TLS (RFC 9110 §9.3.6). Sends no request of anyone's.

use holdfast_core::config::proxy::Proxy;
use holdfast_core::exchange::{UpstreamFailure, UpstreamFailureKind};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::failure;

/// The longest head of a proxy's answer, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// Has the proxy at the other end of `stream` open a way to `host`.
pub(super) async fn tunnel<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    proxy: &Proxy,
    host: &str,
    port: u16,
) -> Result<(), UpstreamFailure> {
    let broken = |error: std::io::Error| refused(&format!("broke off: {}", error.kind()));
    let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let mut asked = format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n").into_bytes();
    if let Some(value) = proxy.authorization() {
        asked.extend_from_slice(b"proxy-authorization: ");
        asked.extend_from_slice(value.as_bytes());
        asked.extend_from_slice(b"\r\n");
    }
    asked.extend_from_slice(b"\r\n");
    stream.write_all(&asked).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let mut head = Vec::new();
    // One by one: what follows the head is no longer the proxy's.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= ANSWER_BYTES_MAX {
            return Err(refused("gave an answer without an end"));
        }
        head.push(stream.read_u8().await.map_err(broken)?);
    }
    let first = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
    let status = first.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)).unwrap_or("");
    match status.as_bytes() {
        [b'2', _, _] => Ok(()),
        b"407" => Err(refused(UNAUTHORIZED)),
        [_, _, _] => Err(refused(&format!("answered with the status code {status}"))),
        _ => Err(refused("answered with something that is not HTTP")),
    }
}

/// What a proxy means by 407.
pub(super) const UNAUTHORIZED: &str = "wants other credentials (407)";

pub(super) fn refused(what: &str) -> UpstreamFailure {
    failure(UpstreamFailureKind::Connect, format!("the proxy {what}"))
}
