//! TLS with itself: which certificate a client sees, and which certificates of upstreams are believed.

mod client_certificate;

use std::sync::Arc;

use holdfast_core::config::model::{Certificate, Hostname};
use holdfast_core::config::secret::Secret;
use holdfast_core::exchange::UpstreamTls;
use holdfast_core::time::{Instant, Now, WallTime};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::HandshakeKind;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::AsyncWriteExt;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{ClientTls, Identity, ServerTls};
use crate::clock::Clock;

const CHECKED: UpstreamTls = UpstreamTls { validate_chain: true, validate_name: true };

/// A clock that stands at the beginning of a year.
struct Year(i64);

impl Clock for Year {
    fn now(&self) -> Now {
        let seconds = (self.0 - 1970) * 31_556_952;
        Now { instant: Instant::ZERO, wall: WallTime::from_unix_seconds(seconds) }
    }
}

fn year(year: i64) -> Arc<dyn Clock> {
    Arc::new(Year(year))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// An authority of the test's own.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// Valid through the years 2020 to 2029.
    fn certify(&self, name: &str) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2030, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity { chain_pem: certificate.pem(), key_pem: Secret(key.serialize_pem()) }
    }
}

fn client(authority: &Authority, at: i64) -> ClientTls {
    ClientTls::new(&provider(), &year(at), Vec::new(), &[authority.pem()]).unwrap()
}

fn server(fallback: &Identity) -> ServerTls {
    ServerTls::new(provider(), year(2025), fallback).unwrap()
}

fn certificate(id: &str, identity: &Identity) -> Certificate {
    Certificate { id: id.to_owned(), chain_pem: identity.chain_pem.clone(), key_pem: Some(identity.key_pem.clone()) }
}

fn hostname(name: &str, certificate: Option<&str>) -> Hostname {
    Hostname {
        hostname: name.to_owned(),
        certificate: certificate.map(str::to_owned),
        negotiate_client_certificate: false,
        http2: false,
    }
}

/// Shakes hands through memory; the client's end, or its complaint.
async fn shake(
    server: &ServerTls,
    client: &ClientTls,
    checks: UpstreamTls,
    name: &str,
) -> Result<TlsStream<tokio::io::DuplexStream>, String> {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let connect =
        TlsConnector::from(client.config(checks)).connect(ServerName::try_from(name.to_owned()).unwrap(), ours);
    let accept = async {
        if let Ok(mut stream) = server.acceptor().accept(theirs).await {
            // carries the session tickets too
            stream.write_all(b"x").await.unwrap();
            stream.flush().await.unwrap();
        }
    };
    let (connected, ()) = tokio::join!(connect, accept);
    let mut stream = connected.map_err(|error| error.to_string())?;
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut [0; 1]).await.map_err(|error| error.to_string())?;
    Ok(stream)
}

fn shown(stream: &TlsStream<tokio::io::DuplexStream>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

fn der(identity: &Identity) -> CertificateDer<'static> {
    super::pem::certificates(&identity.chain_pem).unwrap().remove(0)
}

#[tokio::test]
async fn the_name_that_is_asked_for_chooses_the_certificate() {
    let authority = Authority::new();
    let [fallback, exact, wildcard] =
        ["fallback", "api.contoso.com", "*.contoso.com"].map(|name| authority.certify(name));
    let server = server(&fallback);
    let certificates = [certificate("c1", &exact), certificate("c2", &wildcard)];
    let hostnames = [hostname("API.contoso.com", Some("c1")), hostname("*.contoso.com", Some("c2"))];
    assert_eq!(server.publish(&hostnames, &certificates), []);
    let unnamed = UpstreamTls { validate_chain: true, validate_name: false };
    for (name, expected) in [
        ("api.contoso.com", &exact),
        ("other.contoso.com", &wildcard),
        ("two.labels.contoso.com", &fallback),
        ("contoso.com", &fallback),
        ("127.0.0.1", &fallback),
    ] {
        let stream = shake(&server, &client(&authority, 2025), unnamed, name).await.unwrap();
        assert_eq!(shown(&stream), der(expected), "{name}");
    }
}

#[tokio::test]
async fn a_new_revision_changes_certificates_and_keeps_what_it_breaks() {
    let authority = Authority::new();
    let [fallback, old, new] = ["fallback", "a.example", "a.example"].map(|name| authority.certify(name));
    let server = server(&fallback);
    let names = [hostname("a.example", Some("c1"))];
    let publish = |server: &ServerTls, names: &[Hostname], certificates: &[Certificate]| {
        let findings = server.publish(names, certificates);
        findings.into_iter().map(|finding| format!("{}: {}", finding.file, finding.message)).collect::<Vec<_>>()
    };
    let unnamed = UpstreamTls { validate_chain: true, validate_name: false };
    // a client of its own each time, so that no session is resumed
    let now_shown = async |server: &ServerTls| {
        shown(&shake(server, &client(&authority, 2025), unnamed, "a.example").await.unwrap())
    };

    assert!(publish(&server, &names, &[certificate("c1", &old)]).is_empty());
    assert_eq!(now_shown(&server).await, der(&old));
    assert!(publish(&server, &names, &[certificate("c1", &new)]).is_empty());
    assert_eq!(now_shown(&server).await, der(&new));

    let mut keyless = certificate("c1", &old);
    keyless.key_pem = None;
    let mut mismatched = certificate("c1", &old);
    mismatched.key_pem = Some(new.key_pem.clone());
    let mut broken = certificate("c1", &old);
    broken.chain_pem = "nonsense".to_owned();
    for (certificates, complaint) in [
        (vec![], "the certificate `c1` of the host name `a.example` does not exist"),
        (vec![keyless], "the certificate `c1` of the host name `a.example` has no private key"),
        (vec![mismatched], "certificate and private key cannot be used together"),
        (vec![broken], "there is no certificate in the PEM text"),
    ] {
        let findings = publish(&server, &names, &certificates);
        assert!(findings.len() == 1 && findings[0].contains(complaint), "{findings:?}");
        assert!(findings[0].starts_with("/certificates/c1: "));
        assert_eq!(now_shown(&server).await, der(&new));
    }
    assert_eq!(publish(&server, &[hostname("b", None)], &[]), ["/gateways: the host name `b` has no certificate"]);
    assert_eq!(now_shown(&server).await, der(&fallback), "a host name that is gone is no longer served");
}

#[tokio::test]
async fn checks_of_upstreams_are_switched_off_one_by_one() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let good = server(&ours.certify("backend.example"));
    let stranger = server(&foreign.certify("backend.example"));
    let all = [(true, true), (true, false), (false, true), (false, false)]
        .map(|(validate_chain, validate_name)| UpstreamTls { validate_chain, validate_name });
    for (server, name, at, accepted) in [
        (&good, "backend.example", 2025, [true, true, true, true]),
        (&good, "other.example", 2025, [false, true, false, true]),
        (&stranger, "backend.example", 2025, [false, false, true, true]),
        (&stranger, "other.example", 2025, [false, false, false, true]),
        (&good, "backend.example", 2035, [false, false, true, true]),
        (&good, "backend.example", 2015, [false, false, true, true]),
    ] {
        let client = client(&ours, at);
        for (checks, accepted) in all.into_iter().zip(accepted) {
            let result = shake(server, &client, checks, name).await;
            assert_eq!(result.is_ok(), accepted, "{name} in {at} with {checks:?}");
        }
    }
}

#[tokio::test]
async fn a_session_is_resumed_but_never_across_checks() {
    let authority = Authority::new();
    let server = server(&authority.certify("backend.example"));
    let client = client(&authority, 2025);
    let unchecked = UpstreamTls { validate_chain: false, validate_name: false };
    let mut kinds = Vec::new();
    for checks in [unchecked, unchecked, CHECKED, CHECKED] {
        let stream = shake(&server, &client, checks, "backend.example").await.unwrap();
        kinds.push(stream.get_ref().1.handshake_kind().unwrap());
    }
    assert_eq!(kinds, [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Full, HandshakeKind::Resumed]);
}

#[test]
fn authorities_that_are_none_are_named() {
    let refused = ClientTls::new(&provider(), &year(2025), Vec::new(), &["nonsense".to_owned()]);
    assert_eq!(refused.unwrap_err().to_string(), "there is no certificate in the PEM text");
    assert!(
        ClientTls::new(&provider(), &year(2025), Vec::new(), &[]).is_ok(),
        "no root at all refuses upstreams, not the start"
    );
}
