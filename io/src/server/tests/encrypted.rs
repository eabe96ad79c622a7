//! A worker behind TLS.

use std::sync::Arc;

use holdfast_core::config::model::{Certificate, Hostname};
use holdfast_core::exchange::UpstreamTls;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
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
fn the_certificate_of_the_client_reaches_the_exchange() {
    run(async {
        let (shown, own) = (self_signed().unwrap(), self_signed().unwrap());
        let tls = Arc::new(ServerTls::new(provider(), clock(), &shown).unwrap());
        let certificates = [Certificate {
            id: "c1".to_owned(),
            chain_pem: shown.chain_pem.clone(),
            key_pem: Some(shown.key_pem.clone()),
        }];
        let hostnames = [Hostname {
            hostname: "localhost".to_owned(),
            certificate: Some("c1".to_owned()),
            negotiate_client_certificate: true,
            http2: false,
        }];
        assert_eq!(tls.publish(&hostnames, &certificates), []);
        let stage = Stage::with(Script { backend: NOWHERE }, |options| options.tls = Some(tls)).await;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(shown.chain_pem.as_bytes()).unwrap()).unwrap();
        let certificate = CertificateDer::from_pem_slice(own.chain_pem.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(own.key_pem.0.as_bytes()).unwrap();
        let client = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![certificate.clone()], key)
            .unwrap();
        let stream = TcpStream::connect(stage.tls_address).await.unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
        let stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
        let mut wire = Wire::new(stream);
        for _ in 0..2 {
            wire.send(b"GET /client HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
            assert_eq!(wire.answer().await.content, certificate.as_ref());
        }
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
