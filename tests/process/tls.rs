//! A TLS client that looks at no certificate, and shows one of its own if it has one: the listener shows one that it made itself when none is configured. For tests only.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned};

use crate::wait::PATIENCE;

/// A connection over TLS.
pub(crate) type Stream = StreamOwned<ClientConnection, TcpStream>;

/// Sends one request over TLS of this version and reads the whole answer.
pub(crate) fn get(
    address: SocketAddr,
    version: &'static rustls::SupportedProtocolVersion,
    target: &str,
    fields: &str,
) -> String {
    get_as(None, "localhost", address, version, target, fields)
}

/// The same from the host called `name`, by a client with this certificate, which it shows if it is asked for one.
pub(crate) fn get_as(
    own: Option<&(CertificateDer<'static>, PrivateKeyDer<'static>)>,
    name: &str,
    address: SocketAddr,
    version: &'static rustls::SupportedProtocolVersion,
    target: &str,
    fields: &str,
) -> String {
    let mut stream = connect(own, name, address, version);
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {name}\r\n{fields}Connection: close\r\n\r\n").expect("a handshake");
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(read.is_ok(), "{read:?} after: {answer}");
    assert_eq!(stream.conn.protocol_version(), Some(version.version));
    answer
}

/// A connection to the host called `name`, whose handshake comes with the first byte.
pub(crate) fn connect(
    own: Option<&(CertificateDer<'static>, PrivateKeyDer<'static>)>,
    name: &str,
    address: SocketAddr,
    version: &'static rustls::SupportedProtocolVersion,
) -> Stream {
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&crypto))
        .with_protocol_versions(&[version])
        .expect("a version that the library speaks")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(crypto)));
    let config = match own {
        Some((certificate, key)) => config
            .with_client_auth_cert(vec![certificate.clone()], key.clone_key())
            .expect("a certificate with its key"),
        None => config.with_no_client_auth(),
    };
    let server = ServerName::try_from(name.to_owned()).expect("a name");
    let connection = ClientConnection::new(Arc::new(config), server).expect("a connection");
    let stream = TcpStream::connect(address).expect("the listener accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    StreamOwned::new(connection, stream)
}

#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
