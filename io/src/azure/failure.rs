//! What went wrong on the way to the service, in words that someone who operates a gateway can act on.

use std::io;

use holdfast_core::http::StatusCode;
use rustls::CertificateError;

/// Why there is no connection.
pub(crate) fn of_connect(error: &io::Error, authority: &str) -> String {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    match error.kind() {
        io::ErrorKind::NotFound => format!("the name `{host}` does not resolve: {error}"),
        io::ErrorKind::ConnectionRefused => format!("`{authority}` refused the connection"),
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
            format!("there is no way to `{authority}` in the network: {error}")
        }
        io::ErrorKind::TimedOut => format!("`{authority}` did not answer: {error}"),
        io::ErrorKind::ConnectionReset => format!("`{authority}` reset the connection"),
        _ => format!("no connection to `{authority}`: {error}"),
    }
}

/// Why there is no TLS.
pub(crate) fn of_tls(error: &io::Error, host: &str) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(reason)) => of_certificate(reason, host),
        Some(other) => format!("the TLS handshake with `{host}` failed: {other}"),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            format!("`{host}` closed the connection during the TLS handshake; does it speak TLS on this port?")
        }
        None => format!("the TLS handshake with `{host}` failed: {error}"),
    }
}

/// Why the exchange of messages broke off.
pub(crate) fn of_http(error: &hyper::Error) -> String {
    use std::error::Error;
    let cause = error.source().map_or_else(String::new, |source| format!(": {source}"));
    if error.is_incomplete_message() {
        return "the service closed the connection before its answer was complete".to_owned();
    }
    if error.is_parse() {
        return format!("what the service sent is not HTTP/1.1: {error}{cause}");
    }
    format!("the connection broke: {error}{cause}")
}

/// What a status code means when the service says no more than that.
pub(crate) fn of_status(status: StatusCode) -> String {
    match status.as_u16() {
        401 => "the service did not accept the token".to_owned(),
        403 => "the token does not open this gateway's configuration".to_owned(),
        404 => "the service does not know this gateway".to_owned(),
        410 => "the revision asked for is too old".to_owned(),
        429 => "the service asks for fewer requests".to_owned(),
        300..=399 => "the service redirects; give the endpoint that it redirects to".to_owned(),
        _ => status.canonical_reason().unwrap_or("no reason given").to_ascii_lowercase(),
    }
}

fn of_certificate(reason: &CertificateError, host: &str) -> String {
    match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("the certificate of `{host}` has expired")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("the certificate of `{host}` is not valid yet; is this machine's clock right?")
        }
        CertificateError::UnknownIssuer => format!(
            "the certificate of `{host}` was issued by an authority that is not trusted; name its root in `holdfast.service.ca.path`"
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("the certificate is not valid for the name `{host}`")
        }
        CertificateError::Revoked => format!("the certificate of `{host}` has been revoked"),
        other => format!("the certificate of `{host}` cannot be used: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_that_do_not_come_about() {
        let words = |kind: io::ErrorKind| of_connect(&io::Error::new(kind, "cause"), "azure.example:443");
        assert_eq!(words(io::ErrorKind::NotFound), "the name `azure.example` does not resolve: cause");
        assert_eq!(words(io::ErrorKind::ConnectionRefused), "`azure.example:443` refused the connection");
        assert_eq!(words(io::ErrorKind::Other), "no connection to `azure.example:443`: cause");
    }

    #[test]
    fn certificates_that_cannot_be_trusted() {
        let words = |reason| of_tls(&io::Error::other(rustls::Error::InvalidCertificate(reason)), "azure.example");
        assert_eq!(words(CertificateError::Expired), "the certificate of `azure.example` has expired");
        assert!(words(CertificateError::UnknownIssuer).contains("`holdfast.service.ca.path`"));
        assert!(words(CertificateError::NotValidForName).contains("not valid for the name `azure.example`"));
        let eof = of_tls(&io::Error::from(io::ErrorKind::UnexpectedEof), "azure.example");
        assert!(eof.contains("does it speak TLS"), "{eof}");
    }
}
