//! The handshake with clients: whether they are asked for a certificate. Believes any certificate; judging it is the policies' matter.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

/// Knows which host names ask for certificates.
pub(super) trait Asks: fmt::Debug + Send + Sync {
    /// Whether a client that wants this host name is asked.
    fn asks(&self, name: Option<&str>) -> bool;
}

/// Accepts connections.
#[derive(Clone)]
pub(crate) struct Acceptor {
    pub(super) plain: Arc<ServerConfig>,
    pub(super) asking: Arc<ServerConfig>,
    pub(super) resolver: Arc<dyn Asks>,
}

impl Acceptor {
    /// Shakes hands. Whether the client is asked for a certificate depends on the host name that it wants.
    ///
    /// # Errors
    /// The connection failed, or the client and we do not agree.
    pub(crate) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> io::Result<TlsStream<S>> {
        let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?;
        let asks = self.resolver.asks(start.client_hello().server_name());
        start.into_stream(Arc::clone(if asks { &self.asking } else { &self.plain })).await
    }
}

/// Any client, with any certificate or none, as long as it has the key of the certificate that it shows.
#[derive(Debug)]
pub(super) struct AnyClient {
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
