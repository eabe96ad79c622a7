//! The end of a worker: nothing new, nothing dropped.

use holdfast_core::gateway::Status;
use tokio::net::TcpStream;

use super::stage::{Backend, NOWHERE, Stage, run, status};

#[test]
fn idle_connections_close_and_busy_ones_finish_first() {
    run(async {
        let backend = Backend::new().await;
        let stage = Stage::new(backend.address()).await;
        let mut fresh = stage.connect().await;
        let mut idle = stage.connect().await;
        idle.send(b"GET /text HTTP/1.1\r\nhost: h\r\n\r\n").await;
        assert_eq!(idle.answer().await.text(), "text");
        let mut busy = stage.connect().await;
        busy.send(b"GET /forward HTTP/1.1\r\nhost: h\r\n\r\n").await;
        let mut upstream = backend.accept().await;
        upstream.head().await;

        stage.plane.close();
        assert!(idle.is_over().await);
        assert!(fresh.is_over().await);
        assert_eq!(stage.plane.in_flight(), 1);
        assert!(!stage.worker.is_finished());
        upstream.send(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlast").await;
        let answer = busy.answer().await;
        assert_eq!((answer.text(), answer.field("connection")), ("last", Some("close")));
        assert!(busy.is_over().await);
        stage.plane.drained().await;
        stage.worker.await.unwrap();
        assert!(TcpStream::connect(stage.address).await.is_err());
    });
}

#[test]
fn while_draining_requests_are_served_and_connections_are_not_kept() {
    run(async {
        let stage = Stage::new(NOWHERE).await;
        let mut client = stage.connect().await;
        client.send(b"GET /text HTTP/1.1\r\nhost: h\r\n\r\n").await;
        assert_eq!(client.answer().await.field("connection"), None);
        stage.plane.status.store(Status { state: "draining", ..status(false) }.into());
        client.send(b"GET /text HTTP/1.1\r\nhost: h\r\n\r\n").await;
        let answer = client.answer().await;
        assert_eq!((answer.text(), answer.field("connection")), ("text", Some("close")));
        assert!(client.is_over().await);
    });
}

#[test]
fn a_worker_without_connections_ends_at_once() {
    run(async {
        let stage = Stage::new(NOWHERE).await;
        stage.plane.close();
        stage.worker.await.unwrap();
    });
}
