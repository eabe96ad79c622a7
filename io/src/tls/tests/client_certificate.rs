//! Certificates of clients: asked for where a host name says so, and taken whoever signed them.

use std::sync::Arc;

use holdfast_core::config::model::Hostname;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use super::{Authority, certificate, der, hostname, provider, server, year};
use crate::tls::time::ClockTime;
use crate::tls::{Identity, ServerTls, Transport};

/// What a client is that trusts `authority` and shows `own`, if it is asked.
fn client(authority: &Authority, own: Option<&Identity>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for root in super::super::pem::certificates(&authority.pem()).unwrap() {
        roots.add(root).unwrap();
    }
    let config = ClientConfig::builder_with_details(provider(), Arc::new(ClockTime(year(2025))))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    Arc::new(match own {
        Some(own) => {
            let key = PrivateKeyDer::from_pem_slice(own.key_pem.0.as_bytes()).unwrap();
            config.with_client_auth_cert(ders(own), key).unwrap()
        }
        None => config.with_no_client_auth(),
    })
}

/// All certificates of an identity.
fn ders(identity: &Identity) -> Vec<CertificateDer<'static>> {
    super::super::pem::certificates(&identity.chain_pem).unwrap()
}

/// Shakes hands through memory; the certificates that the server saw, the client's own first.
async fn seen(server: &ServerTls, client: Arc<ClientConfig>, name: &str) -> Vec<Vec<u8>> {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let connect = async {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let mut stream = TlsConnector::from(client).connect(name, ours).await.unwrap();
        stream.read_exact(&mut [0; 1]).await.unwrap();
    };
    let accept = async {
        let stream = server.acceptor().accept(theirs).await.unwrap();
        let mut transport = Transport::Tls(Box::new(stream.into()));
        let view = transport.client_certificate();
        let shown = view.iter().flat_map(|view| std::iter::once(&view.certificate).chain(&view.chain));
        let seen = shown.map(|certificate| certificate.raw.to_vec()).collect();
        transport.write_all(b"x").await.unwrap();
        transport.flush().await.unwrap();
        seen
    };
    let ((), seen) = tokio::join!(connect, accept);
    seen
}

#[tokio::test]
async fn a_client_is_asked_where_the_host_name_says_so_and_any_certificate_is_taken() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let [asking, silent] = ["asking.example", "silent.example"].map(|name| ours.certify(name));
    let server = server(&ours.certify("fallback.example"));
    let names = [
        Hostname { negotiate_client_certificate: true, ..hostname("asking.example", Some("c1")) },
        hostname("silent.example", Some("c2")),
    ];
    assert_eq!(server.publish(&names, &[certificate("c1", &asking), certificate("c2", &silent)]), []);

    let (mut known, stranger) = (ours.certify("client"), foreign.certify("client"));
    known.chain_pem.push_str(&ours.pem());
    for (own, name, expected) in [
        (Some(&known), "asking.example", Some(&known)),
        (Some(&stranger), "asking.example", Some(&stranger)),
        (None, "asking.example", None),
        (Some(&known), "silent.example", None),
        (Some(&known), "fallback.example", None),
    ] {
        let found = seen(&server, client(&ours, own), name).await;
        let expected = expected.into_iter().flat_map(ders).map(|der| der.to_vec());
        assert_eq!(found, expected.collect::<Vec<_>>(), "{name}");
    }
}

#[tokio::test]
async fn a_resumed_session_still_shows_the_certificate() {
    let authority = Authority::new();
    let server = server(&authority.certify("fallback.example"));
    let names = [Hostname { negotiate_client_certificate: true, ..hostname("a.example", Some("c1")) }];
    assert_eq!(server.publish(&names, &[certificate("c1", &authority.certify("a.example"))]), []);
    let own = authority.certify("client");
    let client = client(&authority, Some(&own));
    for _ in 0..2 {
        assert_eq!(seen(&server, Arc::clone(&client), "a.example").await, [der(&own).to_vec()]);
    }
}
