//! Certificates of clients in real handshakes: shown where the host name asks for them, and judged by `validate-client-certificate`.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use holdfast_core::pki::{Entropy, RsaKey, SecretStream};
use holdfast_sim::sample::KEY;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, IsCa, KeyPair, KeyUsagePurpose,
    SerialNumber,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::{TempDir, tempdir};

use crate::child::{Process, installed};
use crate::folder::Folder;
use crate::gateway::Wiring;
use crate::nginx::Nginx;
use crate::{ports, tls, wait};

type Own = (CertificateDer<'static>, PrivateKeyDer<'static>);

/// An authority that certifies clients.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str, key: KeyPair) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// Valid in these years.
    fn certify(&self, name: &str, years: (i32, i32)) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new(vec![format!("{name}.example")]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        (params.not_before, params.not_after) =
            (rcgen::date_time_ymd(years.0, 1, 1), rcgen::date_time_ymd(years.1, 1, 1));
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    /// One of alice with this serial number, about which `responder` is to be asked.
    fn asked(&self, serial: u8, responder: SocketAddr) -> Own {
        let mut params = CertificateParams::new(vec!["alice.example".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "alice");
        params.serial_number = Some(SerialNumber::from(vec![serial]));
        // `AuthorityInfoAccess` with one place of OCSP.
        let url = format!("http://{responder}");
        let element = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
        let method = element(6, &[0x2b, 6, 1, 5, 5, 7, 0x30, 1]);
        let access = element(0x30, &element(0x30, &[method, element(0x86, url.as_bytes())].concat()));
        let extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], access);
        params.custom_extensions.push(extension);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }

    fn client(&self, name: &str, years: (i32, i32)) -> Own {
        let (certificate, key) = self.certify(name, years);
        (certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }
}

fn rsa_key() -> KeyPair {
    let mut entropy = [0; 32];
    SystemRandom::new().fill(&mut entropy).unwrap();
    let key = RsaKey::generate(2048, &mut SecretStream::new(Entropy(entropy), [0, 0])).unwrap();
    let der = PrivatePkcs8KeyDer::from(key.to_private_key_info().unwrap());
    KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_RSA_SHA256).unwrap()
}

const POLICY: &str = r#"<policies>
  <inbound>
    <base />
    <validate-client-certificate validate-revocation="false">
      <identities><identity common-name="alice" /><identity dns-name="bob.example" issuer-certificate-id="rsa" /></identities>
    </validate-client-certificate>
    <set-header name="x-greeting" exists-action="override">
      <value>@(context.Request.Certificate.Subject)</value>
    </set-header>
  </inbound>
  <backend><base /></backend>
  <outbound><base /></outbound>
  <on-error>
    <base />
    <set-header name="x-reason"><value>@(context.LastError.Reason)</value></set-header>
  </on-error>
</policies>
"#;

/// The sample with two authorities, and two host names of which one asks for certificates.
fn configure(folder: &Folder, authorities: [(&str, &Authority); 2], server: &Authority) {
    folder.write("apis/catalog/policy.xml", POLICY);
    let certificate = |name: &str, pem: &str| {
        let information = format!("certificates/{name}/certificateInformation.json");
        folder.write(&information, &format!(r#"{{ "properties": {{ "subject": "{name}" }} }}"#));
        folder.write(&format!("certificates/{name}/cert.pem"), pem);
    };
    for (name, authority) in authorities {
        certificate(name, &authority.0.pem());
        let file = format!("gateways/gw1/certificateAuthorities/{name}/certificateAuthorityInformation.json");
        folder.write(&file, r#"{ "properties": { "isTrusted": true } }"#);
    }
    for (name, asks) in [("asking", true), ("silent", false)] {
        let (shown, key) = server.certify(name, (2020, 2119));
        certificate(name, &shown.pem());
        folder.write(&format!("certificates/{name}/key.pem"), &key.serialize_pem());
        let file = format!("gateways/gw1/hostnameConfigurations/{name}/hostnameConfigurationInformation.json");
        let information = format!(
            r#"{{ "properties": {{ "hostname": "{name}.example", "certificateId": "/certificates/{name}",
                 "negotiateClientCertificate": {asks} }} }}"#
        );
        folder.write(&file, &information);
    }
}

fn get(
    own: Option<&Own>,
    name: &str,
    address: SocketAddr,
    version: &'static rustls::SupportedProtocolVersion,
) -> String {
    tls::get_as(own, name, address, version, "/catalog/items/1", &format!("Ocp-Apim-Subscription-Key: {KEY}\r\n"))
}

#[test]
fn a_client_is_who_its_certificate_says_under_host_names_that_ask() {
    let curve = Authority::new("Curve", KeyPair::generate().unwrap());
    let rsa = Authority::new("Rsa", rsa_key());
    let foreign = Authority::new("Curve", KeyPair::generate().unwrap());
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let folder = Folder::sample(&nginx.backends());
    configure(&folder, [("curve", &curve), ("rsa", &rsa)], &foreign);
    let address = ports::free();
    let endpoint = format!("file://{}", folder.path().display());
    let wiring = Wiring::to(&endpoint, backup.path()).set("gateway.name", "gw1");
    let mut gateway = wiring.set("holdfast.https.listen", &address.to_string()).start();
    gateway.shows(1);

    let (now, past, future) = ((2020, 2119), (2020, 2021), (2118, 2119));
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        for authority in [&curve, &rsa] {
            let served = get(Some(&authority.client("alice", now)), "asking.example", address, version);
            assert!(served.starts_with("HTTP/1.1 200") && served.contains("CN=alice"), "{served}");
        }
        let served = get(Some(&rsa.client("bob", now)), "asking.example", address, version);
        assert!(served.starts_with("HTTP/1.1 200"), "{served}");
        for (own, name, reason, message) in [
            (
                Some(curve.client("bob", now)),
                "asking",
                "ClientCertificateIdentityNotMatched",
                "is none of the identities",
            ),
            (Some(curve.client("alice", past)), "asking", "ClientCertificateExpired", "has expired"),
            (Some(curve.client("alice", future)), "asking", "ClientCertificateNotYetValid", "is not valid yet"),
            (Some(foreign.client("alice", now)), "asking", "ClientCertificateNotTrusted", "does not chain"),
            (None, "asking", "ClientCertificateNotPresent", "has shown no certificate"),
            (Some(curve.client("alice", now)), "silent", "ClientCertificateNotPresent", "has shown no certificate"),
        ] {
            let refused = get(own.as_ref(), &format!("{name}.example"), address, version);
            let holds = [&format!("x-reason: {reason}\r\n"), message, "Access denied."]
                .iter()
                .all(|words| refused.contains(*words));
            assert!(refused.starts_with("HTTP/1.1 403") && holds, "{reason}: {refused}");
        }
    }
    let told = gateway.get("/catalog/items/1").unwrap();
    assert_eq!((told.status, &*told.headers["x-reason"]), (403, "ClientCertificateNotPresent"), "{told:?}");
}

/// OpenSSL as the responder of an authority: 0x41 is good, 0x42 revoked, of others it knows nothing.
fn responder(authority: &Authority, key: &str) -> (Process, SocketAddr, TempDir) {
    let (place, address) = (tempdir().unwrap(), ports::free());
    let index = "V\t991231235959Z\t\t41\tunknown\t/CN=alice\nR\t991231235959Z\t240101000000Z\t42\tunknown\t/CN=alice\n";
    for (name, text) in [("ca.pem", authority.0.pem().as_str()), ("ca.key", key), ("index.txt", index)] {
        fs::write(place.path().join(name), text).unwrap();
    }
    let mut command = Command::new(installed("openssl"));
    command.current_dir(place.path()).args(["ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem"]);
    command.args(["-rkey", "ca.key", "-ndays", "1", "-ignore_err", "-port", &address.port().to_string()]);
    let mut process = Process::start("openssl", &mut command);
    wait::until("the responder listens", || {
        process.must_run();
        // A connection that asks nothing would keep it from all others.
        let said = [process.lines(), process.errors()].concat().join("\n");
        wait::check(said.contains("waiting for OCSP client connections"), said)
    });
    (process, address, place)
}

#[test]
fn a_responder_says_whose_certificate_was_revoked() {
    let key = KeyPair::generate().unwrap();
    let pem = key.serialize_pem();
    let (authority, other) = (Authority::new("Asked", key), Authority::new("Other", KeyPair::generate().unwrap()));
    let (mut openssl, asked, _place) = responder(&authority, &pem);
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let folder = Folder::sample(&nginx.backends());
    configure(&folder, [("curve", &authority), ("rsa", &other)], &other);
    folder.write("apis/catalog/policy.xml", &POLICY.replace(" validate-revocation=\"false\"", ""));
    let address = ports::free();
    let endpoint = format!("file://{}", folder.path().display());
    let wiring = Wiring::to(&endpoint, backup.path()).set("gateway.name", "gw1");
    let mut gateway = wiring.set("holdfast.https.listen", &address.to_string()).start();
    gateway.shows(1);

    let show = |own: &Own| get(Some(own), "asking.example", address, &rustls::version::TLS13);
    let good = authority.asked(0x41, asked);
    let served = show(&good);
    assert!(served.starts_with("HTTP/1.1 200") && served.contains("CN=alice"), "{served}");
    for (serial, reason) in [(0x42, "ClientCertificateRevoked"), (0x43, "ClientCertificateRevocationUnknown")] {
        let served = show(&authority.asked(serial, asked));
        assert!(served.starts_with("HTTP/1.1 403") && served.contains(reason), "{served}");
    }
    openssl.kill();
    let served = show(&good);
    assert!(served.starts_with("HTTP/1.1 200"), "what was said is kept: {served}");
    let served = show(&authority.asked(0x44, asked));
    assert!(served.starts_with("HTTP/1.1 403") && served.contains("ClientCertificateRevocationUnknown"), "{served}");
}
