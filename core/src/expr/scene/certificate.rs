//! The certificates of a context document: PEM texts, with their keys in the same text, or Base64 of DER or of a key store.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;

use super::reader::{SceneError, Section};
use crate::context::CertificateView;
use crate::pki::Certificate;
use crate::pki::chain::Trust;
use crate::pki::pfx;

/// The certificate of this name.
pub(super) fn one(section: &Section<'_>, name: &str) -> Result<Option<Arc<CertificateView>>, SceneError> {
    section.parsed(name, "a certificate in PEM, or in Base64", |text| of_text(text).map(CertificateView::new))
}

/// `certificates`, by their ids.
pub(super) fn named(section: &Section<'_>) -> Result<IndexMap<String, Arc<CertificateView>>, SceneError> {
    let mut found = IndexMap::new();
    if let Some(certificates) = section.section("certificates")? {
        for id in certificates.names() {
            if let Some(view) = one(&certificates, id)? {
                found.insert(id.to_owned(), view);
            }
        }
    }
    Ok(found)
}

/// `authorities`: a PEM text of certificates; those that sign themselves are roots.
pub(super) fn trust(section: &Section<'_>) -> Result<Trust, SceneError> {
    let mut trust = Trust::default();
    for certificate in Certificate::all_of_pem(section.text("authorities")?.unwrap_or_default()) {
        let is_root = certificate.issuer.raw == certificate.subject.raw;
        let list = if is_root { &mut trust.roots } else { &mut trust.intermediates };
        list.push(Arc::new(certificate));
    }
    Ok(trust)
}

fn of_text(text: &str) -> Option<Certificate> {
    if text.contains("-----BEGIN") {
        let key = text.contains("PRIVATE KEY-----").then_some(text);
        return Certificate::of_pem(text, key);
    }
    let bytes = STANDARD.decode(text.split_whitespace().collect::<String>()).ok()?;
    Certificate::of_bytes(&bytes).or_else(|| pfx::read(&bytes, "").ok())
}
