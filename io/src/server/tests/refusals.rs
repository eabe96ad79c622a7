//! What a worker does not put up with: too much, too slow, or not HTTP.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::stage::{Backend, NOWHERE, READ_MAX, Script, Stage, Wire, run};
use crate::limits::{REQUEST_FIELDS_MAX, REQUEST_HEAD_BYTES_MAX, REQUEST_TARGET_BYTES_MAX};

#[test]
fn limits_have_their_status_codes() {
    run(async {
        let stage = Stage::new(NOWHERE).await;
        let fields = |count: usize| "a: b\r\n".repeat(count);
        let long = |length: usize| "a".repeat(length);
        let too_long = READ_MAX + 1;
        for (request, status) in [
            (format!("GET / HTTP/1.1\r\nhost: h\r\n{}\r\n", fields(REQUEST_FIELDS_MAX - 1)), 200),
            (format!("GET / HTTP/1.1\r\nhost: h\r\n{}\r\n", fields(REQUEST_FIELDS_MAX)), 431),
            (format!("GET / HTTP/1.1\r\nhost: h\r\nx: {}\r\n\r\n", long(REQUEST_HEAD_BYTES_MAX)), 431),
            (format!("GET /{} HTTP/1.1\r\nhost: h\r\n\r\n", long(REQUEST_TARGET_BYTES_MAX - 1)), 200),
            (format!("GET /{} HTTP/1.1\r\nhost: h\r\n\r\n", long(REQUEST_TARGET_BYTES_MAX)), 414),
            (format!("POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: {too_long}\r\n\r\n"), 413),
            (
                format!(
                    "POST /echo HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n{too_long:x}\r\n{}\r\n0\r\n\r\n",
                    "a".repeat(usize::try_from(too_long).unwrap())
                ),
                413,
            ),
            ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".to_owned(), 400),
            ("nonsense\r\n\r\n".to_owned(), 400),
        ] {
            let answer = stage.ask(&request).await;
            let shown: String = request.chars().take(60).collect();
            assert_eq!(answer.status(), status, "{shown}");
        }
    });
}

#[test]
fn a_head_that_drips_is_cut_off() {
    run(async {
        let brief = Duration::from_millis(50);
        let stage = Stage::with(Script { backend: NOWHERE }, |options| options.timeouts.head_read = brief).await;
        let mut client = stage.connect().await;
        client.send(b"GET / HTTP/1.1\r\nhost").await;
        assert!(client.is_over().await);
        let mut silent = stage.connect().await;
        assert!(silent.is_over().await);
    });
}

#[test]
fn a_pause_between_requests_has_its_own_limit() {
    run(async {
        let brief = Duration::from_millis(50);
        let stage = Stage::with(Script { backend: NOWHERE }, |options| options.timeouts.keep_alive = brief).await;
        let mut client = stage.connect().await;
        client.send(b"GET /text HTTP/1.1\r\nhost: h\r\n\r\n").await;
        assert_eq!(client.answer().await.text(), "text");
        assert!(client.is_over().await);
    });
}

#[test]
fn content_that_drips_is_given_up() {
    run(async {
        let brief = Duration::from_millis(50);
        let adjust = |options: &mut crate::server::Options| options.timeouts.request_content_idle = brief;
        let stage = Stage::with(Script { backend: NOWHERE }, adjust).await;
        let answer = stage.ask("POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\n12").await;
        assert_eq!(answer.status(), 400);
    });
}

/// The answer comes before the content has been read, and must not be lost with it.
#[test]
fn a_client_that_is_still_sending_gets_to_read_its_answer() {
    run(async {
        let stage = Stage::new(NOWHERE).await;
        for path in ["/text", "/echo", "/status-0123456789abcdef"] {
            let client = stage.connect().await;
            let (from, mut to) = client.stream.into_split();
            let head = format!("POST {path} HTTP/1.1\r\nhost: h\r\ncontent-length: 8000000\r\n\r\n");
            let send = async {
                to.write_all(head.as_bytes()).await.unwrap();
                let sent = to.write_all(&vec![7; 8_000_000]).await;
                drop(to);
                sent
            };
            let mut reading = Wire::new(tokio::io::join(from, tokio::io::sink()));
            // all of it is sent before a byte of the answer is read
            assert!(send.await.is_ok());
            assert!(matches!(reading.answer().await.status(), 200 | 413), "{path}");
        }
    });
}

#[test]
fn a_client_that_takes_nothing_is_given_up() {
    run(async {
        let brief = Duration::from_millis(50);
        let backend = Backend::new().await;
        let script = Script { backend: backend.address() };
        let stage = Stage::with(script, |options| options.timeouts.write_stall = brief).await;
        let mut client = stage.connect().await;
        client.send(b"GET /forward HTTP/1.1\r\nhost: h\r\n\r\n").await;
        let mut upstream = backend.accept().await;
        upstream.head().await;
        upstream.send(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while upstream.stream.write_all(&[7; 65536]).await.is_ok() {}
        stage.plane.drained().await;
        let error = stage.sink.requests.lock().unwrap()[0].last_error.clone().unwrap();
        assert_eq!(error.reason, "ClientConnectionFailure");
    });
}
