//! A client's end of a WebSocket (RFC 6455), of another make than the gateway's: handshake, frames, and `graphql-transport-ws` up to the
//! subscription. Hears no events.

use std::io;

use bytes::{Buf, BytesMut};
use holdfast::net::Net;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::net::SimNet;
use crate::sample::{EDIT_HEADER, KEY};

/// The longest message that is read, in bytes.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// Any key masks as well as any other: nobody listens in.
const MASK: [u8; 4] = *b"mask";
/// The example of RFC 6455 §1.3.
const HANDSHAKE: [&str; 5] = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Protocol: graphql-transport-ws",
];
const ACCEPTED: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// What has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// A message.
    Text(String),
    /// A ping, which has been answered.
    Ping,
    /// The last frame: its code and reason.
    Close(u16, String),
}

/// A socket.
pub(super) struct Socket<S> {
    stream: S,
    read: BytesMut,
}

/// Opens a socket at `target` of the gateway and subscribes; gives the edit that the handshake shows, too.
pub(super) async fn subscribe(
    (host, port): (&str, u16),
    target: &str,
    query: &str,
) -> Result<(Socket<<SimNet as Net>::Stream>, u32), String> {
    let words = |error: io::Error| error.to_string();
    let stream = SimNet.connect(host, port).await.map_err(words)?;
    let mut socket = Socket { stream, read: BytesMut::new() };
    let fields = HANDSHAKE.join("\r\n");
    let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nocp-apim-subscription-key: {KEY}\r\n{fields}\r\n\r\n");
    socket.stream.write_all(head.as_bytes()).await.map_err(words)?;
    let head = socket.head().await.map_err(words)?;
    let field = |name: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(of, _)| of.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.trim())
    };
    if !head.starts_with("HTTP/1.1 101 ") || field("sec-websocket-accept") != ACCEPTED {
        return Err(format!("no socket: {}", head.lines().next().unwrap_or("")));
    }
    let edit = field(EDIT_HEADER).parse().map_err(|_| "the handshake shows no edit".to_owned())?;
    socket.say(&json!({ "type": "connection_init" })).await.map_err(words)?;
    socket.expect("connection_ack").await?;
    socket.say(&json!({ "type": "subscribe", "id": "1", "payload": { "query": query } })).await.map_err(words)?;
    // What has been said before a ping has been taken in when it is answered.
    socket.say(&json!({ "type": "ping" })).await.map_err(words)?;
    Ok((socket, edit))
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Sends a message.
    pub(super) async fn say(&mut self, message: &Value) -> io::Result<()> {
        self.put(TEXT, message.to_string().as_bytes()).await
    }

    /// What comes next; dropped before its end, it loses nothing.
    pub(super) async fn next(&mut self) -> io::Result<Came> {
        loop {
            match frame(&mut self.read)? {
                Some((TEXT, content)) => {
                    return String::from_utf8(content).map(Came::Text).map_err(|_| wrong("a text is not UTF-8"));
                }
                Some((PING, content)) => {
                    self.put(PONG, &content).await?;
                    return Ok(Came::Ping);
                }
                Some((CLOSE, content)) => {
                    let code = content.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                    let reason = String::from_utf8_lossy(content.get(2..).unwrap_or_default()).into_owned();
                    return Ok(Came::Close(code, reason));
                }
                Some((other, _)) => return Err(wrong(&format!("a frame of the kind {other}"))),
                None => self.fill().await?,
            }
        }
    }

    async fn expect(&mut self, of: &str) -> Result<(), String> {
        match self.next().await.map_err(|error| error.to_string())? {
            Came::Text(text) if serde_json::from_str(&text).ok() == Some(json!({ "type": of })) => Ok(()),
            other => Err(format!("expected `{of}`: {other:?}")),
        }
    }

    async fn head(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                return Ok(String::from_utf8_lossy(&self.read.split_to(end + 4)).into_owned());
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    // One whole frame, masked as those of clients are.
    async fn put(&mut self, kind: u8, content: &[u8]) -> io::Result<()> {
        let mut bytes = vec![0x80 | kind];
        match u16::try_from(content.len()) {
            Ok(length) if length < 126 => bytes.push(0x80 | length.to_be_bytes()[1]),
            Ok(length) => {
                bytes.push(0x80 | 126);
                bytes.extend(length.to_be_bytes());
            }
            Err(_) => return Err(wrong("the message is too long")),
        }
        bytes.extend(MASK);
        bytes.extend(content.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.stream.write_all(&bytes).await?;
        self.stream.flush().await
    }
}

// The next frame, if all of it is there.
fn frame(read: &mut BytesMut) -> io::Result<Option<(u8, Vec<u8>)>> {
    let (Some(first), Some(second)) = (read.first().copied(), read.get(1).copied()) else { return Ok(None) };
    if first & 0xf0 != 0x80 || second & 0x80 != 0 {
        return Err(wrong("a frame in parts, with extensions, or masked"));
    }
    let (start, length) = match second {
        127 => return Err(wrong("the message is too long")),
        126 => match read.get(2..4) {
            Some(bytes) => (4, bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))),
            None => return Ok(None),
        },
        length => (2, usize::from(length)),
    };
    if length > MESSAGE_BYTES_MAX {
        return Err(wrong("the message is too long"));
    }
    if read.len() < start + length {
        return Ok(None);
    }
    read.advance(start);
    Ok(Some((first & 0x0f, read.split_to(length).to_vec())))
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_when_they_are_whole() {
        let long = "x".repeat(300);
        let mut bytes = BytesMut::from(&[0x81, 126, 1, 44][..]);
        bytes.extend_from_slice(long.as_bytes());
        bytes.extend_from_slice(&[0x88, 2, 3, 0xe9, 0x89]);
        let mut read = bytes.split_to(200);
        assert_eq!(frame(&mut read).unwrap(), None);
        read.extend_from_slice(&bytes);
        assert_eq!(frame(&mut read).unwrap(), Some((TEXT, long.into_bytes())));
        assert_eq!(frame(&mut read).unwrap(), Some((CLOSE, vec![3, 0xe9])));
        assert_eq!((frame(&mut read).unwrap(), read.len()), (None, 1));
        for wrong in [&[0x01, 1, 0][..], &[0xc1, 1, 0], &[0x81, 0x81, 0], &[0x81, 127, 0]] {
            assert!(frame(&mut BytesMut::from(wrong)).is_err(), "{wrong:?}");
        }
    }
}
