//! Frames on a connection: texts in and out, what is against the protocol, a client that does not read.

use bytes::Bytes;
use holdfast_core::exchange::socket::Close;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::super::frames::{Came, Frames};
use super::stage::run;
use crate::limits::{SOCKET_MESSAGE_BYTES_MAX, SOCKET_UNSENT_BYTES_MAX};

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

// A frame of a client, masked with zeroes (RFC 6455 §5.2).
fn frame(first: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).ok().filter(|length| *length < 126).expect("a short one");
    [&[first, 0x80 | length, 0, 0, 0, 0], content].concat()
}

fn pair(buffer: usize) -> (Frames<DuplexStream>, DuplexStream) {
    let (ours, theirs) = duplex(buffer);
    (Frames::new(ours, Bytes::new()), theirs)
}

async fn exactly(stream: &mut DuplexStream, length: usize) -> Vec<u8> {
    let mut read = vec![0; length];
    stream.read_exact(&mut read).await.unwrap();
    read
}

#[test]
fn texts_come_and_go_and_pings_are_answered() {
    run(async {
        let (ours, mut theirs) = duplex(1024);
        // What was read behind the handshake comes first.
        let mut frames = Frames::new(ours, Bytes::from(frame(TEXT, "é".as_bytes())));
        assert_eq!(frames.next().await.unwrap(), Came::Text("é".into()));
        let all = [frame(PING, b"p"), frame(PONG, b""), frame(BINARY, b"b"), frame(TEXT, b"t")].concat();
        theirs.write_all(&all).await.unwrap();
        assert_eq!(frames.next().await.unwrap(), Came::Sign);
        assert_eq!(frames.next().await.unwrap(), Came::Sent);
        assert_eq!(exactly(&mut theirs, 3).await, [PONG, 1, b'p']);
        assert_eq!(frames.next().await.unwrap(), Came::Sign);
        assert_eq!(frames.next().await.unwrap(), Came::Binary);
        assert_eq!(frames.next().await.unwrap(), Came::Text("t".into()));
        frames.send("ok".to_owned());
        frames.ping();
        assert_eq!(frames.next().await.unwrap(), Came::Sent);
        assert_eq!(exactly(&mut theirs, 6).await, [TEXT, 2, b'o', b'k', PING, 0]);
    });
}

#[test]
fn a_client_that_closes_is_answered_and_one_that_vanishes_is_not() {
    run(async {
        let (mut frames, mut theirs) = pair(1024);
        theirs.write_all(&frame(CLOSE, &1000_u16.to_be_bytes())).await.unwrap();
        frames.ended().await;
        assert_eq!(exactly(&mut theirs, 4).await, [CLOSE, 2, 0x03, 0xe8]);
        let (mut frames, theirs) = pair(1024);
        drop(theirs);
        assert!(!matches!(frames.next().await, Ok(Came::Text(_) | Came::Binary | Came::Sign | Came::Sent)));
    });
}

#[test]
fn we_close_and_wait_for_the_client() {
    run(async {
        let (mut frames, mut theirs) = pair(1024);
        frames.close(Close { code: 4403, reason: "No".to_owned() });
        assert_eq!(frames.next().await.unwrap(), Came::Sent);
        assert_eq!(exactly(&mut theirs, 6).await, [CLOSE, 4, 0x11, 0x33, b'N', b'o']);
        theirs.write_all(&frame(CLOSE, &4403_u16.to_be_bytes())).await.unwrap();
        frames.ended().await;
        frames.shut_down().await;
        assert_eq!(theirs.read(&mut [0; 1]).await.unwrap(), 0);
    });
}

#[test]
fn what_is_against_the_protocol_says_why_it_ends() {
    run(async {
        let unmasked = vec![TEXT, 1, b'x'];
        let mut long = vec![TEXT, 0xff];
        long.extend(u64::try_from(SOCKET_MESSAGE_BYTES_MAX + 1).unwrap().to_be_bytes());
        long.extend([0; 4]);
        for (bytes, code) in [(unmasked, 1002), (frame(0x83, b""), 1002), (frame(TEXT, b"\xff"), 1007), (long, 1009)] {
            let (mut frames, mut theirs) = pair(1024);
            theirs.write_all(&bytes).await.unwrap();
            match frames.next().await.unwrap() {
                Came::Wrong(close) => {
                    assert_eq!(close.code, code, "{bytes:?}");
                    frames.close(close);
                }
                other => panic!("{other:?} for {bytes:?}"),
            }
            // What comes behind it is taken and thrown away, up to the end.
            assert_eq!(frames.next().await.unwrap(), Came::Sent);
            theirs.write_all(&[frame(TEXT, b"t"), vec![0; 512]].concat()).await.unwrap();
            drop(theirs);
            assert!(tokio::time::timeout(std::time::Duration::from_secs(10), frames.ended()).await.is_ok());
        }
    });
}

#[test]
fn a_client_that_does_not_read_is_not_read_from() {
    run(async {
        let (mut frames, mut theirs) = pair(16);
        theirs.write_all(&frame(TEXT, b"t")).await.unwrap();
        frames.send("x".repeat(SOCKET_UNSENT_BYTES_MAX * 2));
        assert!(!frames.has_room());
        let waited = tokio::time::timeout(std::time::Duration::ZERO, frames.next()).await;
        assert!(waited.is_err(), "{waited:?}");
        let reading = async {
            let read = exactly(&mut theirs, SOCKET_UNSENT_BYTES_MAX * 2 + 10).await;
            assert_eq!(read[..2], [TEXT, 127]);
        };
        // Room for more is there before all has left.
        let driving = async { (frames.next().await.unwrap(), frames.next().await.unwrap()) };
        let (came, ()) = tokio::join!(driving, reading);
        assert_eq!(came, (Came::Text("t".into()), Came::Sent));
        assert!(frames.has_room());
    });
}
