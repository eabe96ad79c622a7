//! The frames of a WebSocket on a connection (RFC 6455): bytes in and out around tungstenite, which does no I/O here. Reads no messages.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use holdfast_core::exchange::socket::Close;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tungstenite::error::Error;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Message, Utf8Bytes, WebSocket};

use crate::limits::{SOCKET_MESSAGE_BYTES_MAX, SOCKET_UNSENT_BYTES_MAX};

/// How much is read at once, in bytes.
const READ_BYTES: usize = 4 * 1024;

/// A connection that speaks in frames.
pub(super) struct Frames<S> {
    stream: S,
    socket: WebSocket<Pipe>,
    // Nothing that was written is still in a buffer of the transport's.
    is_flushed: bool,
    // What follows is not read as frames: there has been what is none.
    is_lost: bool,
}

/// What has happened on the connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// A text.
    Text(Utf8Bytes),
    /// Bytes that are no text.
    Binary,
    /// A ping, which has been answered, or a pong.
    Sign,
    /// All that was to be sent has left.
    Sent,
    /// What is against the protocol, and how the client is told.
    Wrong(Close),
    /// The end.
    Ended,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Frames<S> {
    /// Frames on `stream`, of which `read` has been read already.
    pub(super) fn new(stream: S, read: Bytes) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(SOCKET_MESSAGE_BYTES_MAX))
            .max_frame_size(Some(SOCKET_MESSAGE_BYTES_MAX));
        let pipe = Pipe { incoming: BytesMut::from(read), outgoing: BytesMut::new(), is_ended: false };
        Self {
            stream,
            socket: WebSocket::from_raw_socket(pipe, Role::Server, Some(config)),
            is_flushed: false,
            is_lost: false,
        }
    }

    /// Whether more may be handed in: a client that does not read is not to be waited for in memory.
    pub(super) fn has_room(&self) -> bool {
        self.socket.get_ref().outgoing.len() < SOCKET_UNSENT_BYTES_MAX
    }

    /// Hands in a text.
    pub(super) fn send(&mut self, text: String) {
        self.put(Message::text(text));
    }

    /// Hands in a ping.
    pub(super) fn ping(&mut self) {
        self.put(Message::Ping(Bytes::new()));
    }

    /// Hands in the last frame.
    pub(super) fn close(&mut self, close: Close) {
        self.put(Message::Close(Some(CloseFrame {
            code: CloseCode::from(close.code),
            reason: Utf8Bytes::from(close.reason),
        })));
    }

    fn put(&mut self, message: Message) {
        self.is_flushed = false;
        // A pipe takes everything; what fails is that the client has closed already, which the next read says too.
        drop(self.socket.send(message));
    }

    /// What happens next. What was handed in goes out meanwhile; nothing is read while there is no room.
    pub(super) async fn next(&mut self) -> io::Result<Came> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Waits for the end.
    pub(super) async fn ended(&mut self) {
        while let Ok(came) = self.next().await {
            if came == Came::Ended {
                return;
            }
        }
    }

    /// Closes the connection.
    pub(super) async fn shut_down(mut self) {
        drop(self.stream.shutdown().await);
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Came>> {
        loop {
            let written = self.poll_written(cx)?;
            if let Poll::Ready(Written::Something) = written {
                return Poll::Ready(Ok(Came::Sent));
            }
            if !self.has_room() {
                return Poll::Pending;
            }
            if self.is_lost {
                ready!(self.poll_fill(cx))?;
                let pipe = self.socket.get_mut();
                if pipe.is_ended {
                    return Poll::Ready(Ok(Came::Ended));
                }
                pipe.incoming.clear();
                continue;
            }
            match self.socket.read() {
                Ok(Message::Text(text)) => return Poll::Ready(Ok(Came::Text(text))),
                Ok(Message::Binary(_)) => return Poll::Ready(Ok(Came::Binary)),
                Ok(Message::Ping(_) | Message::Pong(_)) => {
                    self.flush();
                    return Poll::Ready(Ok(Came::Sign));
                }
                Ok(Message::Close(_) | Message::Frame(_)) => self.flush(),
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => ready!(self.poll_fill(cx))?,
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => {
                    // The answer to the client's last frame goes out before the end.
                    if written.is_pending() {
                        return Poll::Pending;
                    }
                    if self.socket.get_ref().outgoing.is_empty() {
                        return Poll::Ready(Ok(Came::Ended));
                    }
                }
                Err(error) => {
                    self.is_lost = true;
                    return Poll::Ready(wrong(&error).map(Came::Wrong).ok_or_else(|| ended(&error)));
                }
            }
        }
    }

    // What the library has put together as an answer.
    fn flush(&mut self) {
        self.is_flushed = false;
        drop(self.socket.flush());
    }

    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Written>> {
        let outgoing = &mut self.socket.get_mut().outgoing;
        if self.is_flushed && outgoing.is_empty() {
            return Poll::Ready(Ok(Written::Nothing));
        }
        let written = if outgoing.is_empty() { Written::Nothing } else { Written::Something };
        while !outgoing.is_empty() {
            let count = ready!(Pin::new(&mut self.stream).poll_write(cx, outgoing))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            outgoing.advance(count);
        }
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.is_flushed = true;
        Poll::Ready(Ok(written))
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut space = [0; READ_BYTES];
        let mut buffer = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
        let pipe = self.socket.get_mut();
        pipe.is_ended = buffer.filled().is_empty();
        pipe.incoming.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(()))
    }
}

/// Whether there was something to be written.
#[derive(Clone, Copy)]
enum Written {
    Something,
    Nothing,
}

fn wrong(error: &Error) -> Option<Close> {
    let (code, reason) = match error {
        Error::Capacity(_) => (1009, "the message is too long".to_owned()),
        Error::Utf8(_) => (1007, "the text is not UTF-8".to_owned()),
        Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => return None,
        Error::Protocol(error) => (1002, error.to_string()),
        _ => return None,
    };
    Some(Close { code, reason })
}

fn ended(error: &Error) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, error.to_string())
}

/// What has come and what is to go, in memory.
#[derive(Debug)]
struct Pipe {
    incoming: BytesMut,
    outgoing: BytesMut,
    is_ended: bool,
}

impl Read for Pipe {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        if self.incoming.is_empty() && !self.is_ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = space.len().min(self.incoming.len());
        self.incoming.split_to(count).copy_to_slice(&mut space[..count]);
        Ok(count)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
