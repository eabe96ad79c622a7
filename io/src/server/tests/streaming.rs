//! Content that passes through: no side waits for the end of the other.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stage::{Backend, Stage, run};

const TOTAL: usize = 16 * 1024 * 1024;
const FIRST: usize = 64 * 1024;

/// The backend answers with what it reads while it reads, and the client sends the rest only after it has seen the beginning
/// come back: whoever gathered content on the way would wait for ever. Neither end holds more than a buffer either.
#[test]
fn sixteen_mebibytes_go_round_without_being_gathered() {
    run(async {
        let backend = Backend::new().await;
        let stage = Stage::new(backend.address()).await;
        let echo = tokio::task::spawn_local(async move {
            let mut upstream = backend.accept().await;
            let head = upstream.head().await;
            assert!(head.contains(&format!("content-length: {TOTAL}\r\n")), "{head}");
            upstream.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {TOTAL}\r\n\r\n").as_bytes()).await;
            let early = upstream.exactly(1).await;
            upstream.send(&early).await;
            let (mut from, mut to) = upstream.stream.split();
            tokio::io::copy(&mut from, &mut to).await.unwrap();
        });
        let mut client = stage.connect().await;
        client.send(format!("POST /forward HTTP/1.1\r\nhost: h\r\ncontent-length: {TOTAL}\r\n\r\n").as_bytes()).await;
        client.send(&[7; 1]).await;
        client.head().await;
        client.send(&[7; FIRST - 1]).await;
        assert_eq!(client.exactly(1).await, [7]);
        let (mut from, mut to) = client.stream.split();
        let send = async {
            let block = [7_u8; FIRST];
            for _ in 1..TOTAL / FIRST {
                to.write_all(&block).await.unwrap();
            }
        };
        let receive = async {
            let (mut left, mut block) = (TOTAL - 1, vec![0_u8; FIRST]);
            while left > 0 {
                let read = from.read(&mut block).await.unwrap();
                assert!(read > 0 && block[..read].iter().all(|byte| *byte == 7));
                left -= read;
            }
        };
        tokio::join!(send, receive);
        stage.plane.drained().await;
        let (request, response) = {
            let requests = stage.sink.requests.lock().unwrap();
            (requests[0].request_size, requests[0].response_size)
        };
        assert_eq!((request, response), (TOTAL as u64, TOTAL as u64));
        echo.abort();
    });
}

#[test]
fn content_of_unknown_length_passes_in_chunks_with_pauses() {
    run(async {
        let backend = Backend::new().await;
        let stage = Stage::new(backend.address()).await;
        let mut client = stage.connect().await;
        client.send(b"GET /forward HTTP/1.1\r\nhost: h\r\n\r\n").await;
        let mut upstream = backend.accept().await;
        upstream.head().await;
        upstream.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        assert!(client.head().await.contains("transfer-encoding: chunked\r\n"));
        for event in ["one", "two"] {
            upstream.send(format!("3\r\n{event}\r\n").as_bytes()).await;
            assert_eq!(client.exactly(8).await, format!("3\r\n{event}\r\n").as_bytes());
        }
        upstream.send(b"0\r\n\r\n").await;
        assert_eq!(client.exactly(5).await, b"0\r\n\r\n");
        stage.plane.drained().await;
        assert_eq!(stage.sink.requests.lock().unwrap()[0].last_error, None);
    });
}

/// A backend may answer before it has read the request, and close.
#[test]
fn an_early_answer_is_passed_on() {
    run(async {
        let backend = Backend::new().await;
        let stage = Stage::new(backend.address()).await;
        let mut client = stage.connect().await;
        client.send(b"POST /forward HTTP/1.1\r\nhost: h\r\ncontent-length: 1000000\r\n\r\nfirst").await;
        let mut upstream = backend.accept().await;
        upstream.head().await;
        upstream.send(b"HTTP/1.1 403 No\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno").await;
        let answer = client.answer().await;
        assert_eq!((answer.status(), answer.text()), (403, "no"));
    });
}

#[test]
fn a_client_that_leaves_in_its_content_is_told_apart_from_a_backend_that_does() {
    run(async {
        let backend = Backend::new().await;
        let stage = Stage::new(backend.address()).await;
        let mut client = stage.connect().await;
        client.send(b"POST /forward HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\nhalf").await;
        let mut upstream = backend.accept().await;
        upstream.head().await;
        assert_eq!(upstream.exactly(4).await, b"half");
        drop(client);
        assert!(upstream.is_over().await, "the backend must not take half a request for a whole one");
        stage.plane.drained().await;
        let reason = stage.sink.requests.lock().unwrap()[0].last_error.clone().unwrap().reason;
        assert_eq!(reason, "ClientGone");
    });
}
