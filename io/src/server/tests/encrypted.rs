//! A worker behind TLS.

use std::sync::Arc;

use holdfast_core::exchange::UpstreamTls;
use tokio::net::TcpStream;

use super::stage::{NOWHERE, Script, Stage, Wire, clock, provider, run};
use crate::tls::{ClientTls, ServerTls, self_signed};

#[test]
fn a_request_over_tls_says_so_in_its_record() {
    run(async {
        let identity = self_signed().unwrap();
        let authorities = [identity.chain_pem.clone()];
        let tls = Arc::new(ServerTls::new(provider(), clock(), &identity).unwrap());
        let stage = Stage::with(Script { backend: NOWHERE }, |options| options.tls = Some(tls)).await;
        let client = ClientTls::new(&provider(), &clock(), Vec::new(), &authorities).unwrap();
        let unchecked = UpstreamTls { validate_chain: false, validate_name: true };
        let connector = tokio_rustls::TlsConnector::from(client.config(unchecked));
        let stream = TcpStream::connect(stage.tls_address).await.unwrap();
        let stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        let mut wire = Wire::new(stream);
        wire.send(b"GET /text HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        assert_eq!(wire.answer().await.text(), "text");
        wire.send(b"GET /panic HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        assert_eq!(wire.answer().await.status(), 500);
        stage.plane.drained().await;
        let requests = stage.sink.requests.lock().unwrap();
        assert_eq!(
            (requests[1].client_tls_version, requests[1].url.as_str()),
            (Some("1.3"), "https://localhost/panic")
        );
    });
}

#[test]
fn plain_text_at_the_tls_door_is_turned_away() {
    run(async {
        let tls = Arc::new(ServerTls::new(provider(), clock(), &self_signed().unwrap()).unwrap());
        let stage = Stage::with(Script { backend: NOWHERE }, |options| options.tls = Some(tls)).await;
        let mut wire = Wire::new(TcpStream::connect(stage.tls_address).await.unwrap());
        wire.send(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await;
        while !wire.is_over().await {}
        stage.plane.close();
        stage.worker.await.unwrap();
    });
}
