//! Requests and what becomes of them: connections that are used again, content, failures of the exchange and of the client.

use holdfast_core::time::WallTime;

use super::stage::{Backend, NOWHERE, Script, Stage, quota, run, status};
use crate::server::exchanges::Published;

const GET_FORWARD: &[u8] = b"GET /forward HTTP/1.1\r\nhost: h\r\n\r\n";

#[test]
fn both_sides_keep_their_connection() {
    run(async {
        let backend = Backend::new().await;
        let stage = Stage::new(backend.address()).await;
        let mut client = stage.connect().await;
        client.send(GET_FORWARD).await;
        let mut upstream = backend.accept().await;
        for content in ["one", "three"] {
            assert!(upstream.head().await.starts_with("get /backend?q=1 http/1.1\r\nhost: 127.0.0.1:"));
            let response =
                format!("HTTP/1.1 200 Fine\r\nContent-Length: {}\r\nX-Kept: 1\r\n\r\n{content}", content.len());
            upstream.send(response.as_bytes()).await;
            let answer = client.answer().await;
            assert!(answer.head.starts_with("http/1.1 200 fine\r\n"), "{}", answer.head);
            assert_eq!((answer.text(), answer.field("x-kept")), (content, Some("1")));
            assert!(answer.field("date").is_some_and(|date| date.ends_with(" gmt")));
            if content == "one" {
                client.send(GET_FORWARD).await;
            }
        }
        stage.plane.drained().await;
        let sizes: Vec<u64> = stage.sink.requests.lock().unwrap().iter().map(|record| record.response_size).collect();
        assert_eq!(sizes, [3, 5]);
        let now = WallTime::from_unix_seconds(0);
        let quotas = &stage.plane.shared.quotas;
        let stops = |bytes| quotas.check_and_count("stage", &[quota(bytes)], 0, now).is_err();
        assert!(stops(8) && !stops(9), "the content of both responses is counted");
    });
}

#[test]
fn a_request_without_an_answer_keeps_nobody_waiting() {
    run(async {
        let backend = Backend::new().await;
        let stage = Stage::new(backend.address()).await;
        let mut client = stage.connect().await;
        client.send(b"GET /dispatch HTTP/1.1\r\nhost: h\r\n\r\n").await;
        assert_eq!(client.answer().await.status(), 200);
        // The client has its answer, and the backend its request, which it never answers.
        assert!(backend.accept().await.head().await.starts_with("get /backend?q=1 "));
    });
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    run(async {
        let stage = Stage::new(NOWHERE).await;
        let mut client = stage.connect().await;
        client.send(b"GET /text HTTP/1.1\r\nhost: h\r\n\r\nHEAD /text HTTP/1.1\r\nhost: h\r\n\r\n").await;
        assert_eq!(client.answer().await.text(), "text");
        let head = client.head().await;
        assert!(head.contains("content-length: 4\r\n"), "the length that a GET would have: {head}");
        client.send(b"GET /204 HTTP/1.1\r\nhost: h\r\n\r\n").await;
        let answer = client.answer().await;
        assert_eq!((answer.status(), answer.field("content-length")), (204, None));
    });
}

#[test]
fn content_is_read_when_asked_for() {
    run(async {
        let stage = Stage::new(NOWHERE).await;
        let mut client = stage.connect().await;
        client.send(b"POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n").await;
        assert_eq!(client.head().await, "http/1.1 100 continue\r\n\r\n");
        client.send(b"12345").await;
        assert_eq!(client.answer().await.text(), "12345");
        client
            .send(b"POST /echo HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
            .await;
        assert_eq!(client.answer().await.text(), "abc");
        stage.plane.drained().await;
        let sizes: Vec<u64> = stage.sink.requests.lock().unwrap().iter().map(|record| record.request_size).collect();
        assert_eq!(sizes, [5, 3]);
    });
}

#[test]
fn a_response_of_a_policy_s_own_request_is_read_whole() {
    run(async {
        let backend = Backend::new().await;
        let stage = Stage::new(backend.address()).await;
        for (length, status) in [(1000, 200), (1001, 502)] {
            let mut client = stage.connect().await;
            client.send(b"GET /send HTTP/1.1\r\nhost: h\r\n\r\n").await;
            let mut upstream = backend.accept().await;
            upstream.head().await;
            // ends with the connection, so that its length is known only by reading
            let response = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", "a".repeat(length));
            upstream.send(response.as_bytes()).await;
            drop(upstream);
            let answer = client.answer().await;
            assert_eq!(answer.status(), status, "{}", answer.text());
        }
    });
}

#[test]
fn a_backend_that_is_not_there_is_told_apart() {
    run(async {
        let stage = Stage::new(NOWHERE).await;
        let answer = stage.ask("GET /forward HTTP/1.1\r\nhost: h\r\n\r\n").await;
        assert_eq!((answer.status(), answer.text()), (502, "Connect: connection refused"));
    });
}

#[test]
fn content_that_was_never_passed_on_can_still_be_read() {
    run(async {
        let stage = Stage::new(NOWHERE).await;
        let answer = stage.ask("POST /again HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\n\r\nkept").await;
        assert_eq!((answer.status(), answer.text()), (200, "kept"));
    });
}

#[test]
fn of_several_effects_one_can_be_cancelled() {
    run(async {
        let stage = Stage::new(NOWHERE).await;
        assert_eq!(stage.ask("GET /race HTTP/1.1\r\nhost: h\r\n\r\n").await.status(), 200);
    });
}

#[test]
fn a_panic_or_a_stuck_exchange_harms_no_other() {
    run(async {
        let stage = Stage::new(NOWHERE).await;
        let mut client = stage.connect().await;
        for path in ["/panic", "/stuck"] {
            client.send(format!("GET {path} HTTP/1.1\r\nhost: h\r\n\r\n").as_bytes()).await;
            let answer = client.answer().await;
            assert_eq!(answer.status(), 500);
            assert_eq!(answer.text(), r#"{ "statusCode": 500, "message": "Internal server error" }"#);
        }
        client.send(b"GET /text HTTP/1.1\r\nhost: h\r\n\r\n").await;
        assert_eq!(client.answer().await.text(), "text");
        let messages: Vec<String> =
            stage.sink.events.lock().unwrap().iter().map(|event| event.message.clone()).collect();
        assert_eq!(messages, ["the exchange panicked: as scripted", "the exchange waits for nothing"]);
    });
}

#[test]
fn a_client_that_leaves_cancels_its_exchange() {
    run(async {
        let stage = Stage::new(NOWHERE).await;
        let mut client = stage.connect().await;
        client.send(b"GET /wait?x HTTP/1.1\r\nhost: h\r\n\r\n").await;
        while stage.plane.in_flight() == 0 {
            tokio::task::yield_now().await;
        }
        drop(client);
        stage.plane.drained().await;
        let requests = stage.sink.requests.lock().unwrap();
        assert_eq!((requests[0].response_code, requests[0].url.as_str()), (0, "http://h/wait?REDACTED"));
        assert_eq!(requests[0].last_error.as_ref().unwrap().reason, "ClientConnectionFailure");
    });
}

#[test]
fn a_backend_that_breaks_off_breaks_the_response_off() {
    run(async {
        let backend = Backend::new().await;
        let stage = Stage::new(backend.address()).await;
        let mut client = stage.connect().await;
        client.send(GET_FORWARD).await;
        let mut upstream = backend.accept().await;
        upstream.head().await;
        upstream.send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
        client.head().await;
        assert_eq!(client.exactly(4).await, b"half");
        drop(upstream);
        assert!(client.is_over().await);
        stage.plane.drained().await;
        let requests = stage.sink.requests.lock().unwrap();
        assert_eq!(requests[0].response_size, 4);
        assert_eq!(requests[0].last_error.as_ref().unwrap().reason, "BackendConnectionFailure");
    });
}

#[test]
fn status_paths_answer_beside_and_before_the_configuration() {
    run(async {
        let stage = Stage::with(Published, |_| {}).await;
        for path in ["/status-0123456789abcdef", "/internal-status-0123456789abcdef"] {
            let request = format!("GET {path} HTTP/1.1\r\nhost: 10.0.0.1\r\n\r\n");
            stage.plane.status.store(status(true).into());
            assert_eq!(stage.ask(&request).await.status(), 200);
            stage.plane.status.store(status(false).into());
            let answer = stage.ask(&request).await;
            assert_eq!((answer.status(), answer.field("content-type")), (503, Some("application/json")));
            let report: serde_json::Value = serde_json::from_slice(&answer.content).unwrap();
            assert_eq!(report["reason"], "no configuration yet");
        }
        let answer = stage.ask("GET /anything?key=s3cret HTTP/1.1\r\nhost: h\r\n\r\n").await;
        assert_eq!((answer.status(), answer.field("retry-after")), (503, Some("10")));
        assert_eq!(answer.text(), r#"{ "statusCode": 503, "message": "no configuration yet" }"#);
        stage.plane.drained().await;
        let requests = stage.sink.requests.lock().unwrap();
        let error = requests[0].last_error.as_ref().unwrap();
        assert_eq!((requests[0].response_code, error.message.as_str()), (503, "no configuration yet"));
        assert_eq!(requests[0].url, "http://h/anything?REDACTED");
    });
}

#[test]
fn a_connection_beyond_the_places_waits_for_one() {
    run(async {
        let stage = Stage::with(Script { backend: NOWHERE }, |options| options.connections_max = 1).await;
        let mut first = stage.connect().await;
        first.send(b"GET /text HTTP/1.1\r\nhost: h\r\n\r\n").await;
        assert_eq!(first.answer().await.text(), "text");
        let mut second = stage.connect().await;
        second.send(b"GET /text HTTP/1.1\r\nhost: h\r\n\r\n").await;
        drop(first);
        assert_eq!(second.answer().await.text(), "text");
    });
}
