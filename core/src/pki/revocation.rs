//! Lists of revoked certificates (RFC 5280 §5): read, verified, asked. Where a certificate says that its list is; nothing is fetched here.

use std::collections::BTreeSet;

use super::certificate::{Algorithm, Certificate, Extension, algorithm, extensions, moment};
use super::chain;
use super::der::{self, Reader};
use super::name::{Name, text_of};
use super::pem;

const DISTRIBUTION_POINTS: &str = "2.5.29.31";
const ISSUING_POINT: &str = "2.5.29.28";

/// The most places of lists that are taken of one certificate.
const POINTS_MAX: usize = 8;

/// A list of revoked certificates, as somebody says.
#[derive(Clone, Debug)]
pub struct RevocationList {
    issuer: Name,
    // The last second at which it holds, since 1970; open when it does not say.
    next_update: Option<i64>,
    // The serial numbers that it holds, as encoded.
    revoked: BTreeSet<Vec<u8>>,
    // Where it says that it is kept; it is about certificates that name one of them. All when it does not say.
    points: Vec<String>,
    signature_algorithm: Algorithm,
    signature: Vec<u8>,
    signed: Vec<u8>,
}

/// A list that an authority is known to have signed.
#[derive(Clone, Debug)]
pub struct VerifiedList {
    list: RevocationList,
    // The authority's.
    key: Vec<u8>,
}

impl RevocationList {
    /// Reads a list from DER or PEM. Lists that say only what has changed, that speak for other authorities, or that hold
    /// something critical which is not known are not read: they would say less than they seem to.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.first() == Some(&der::SEQUENCE) {
            return Self::of_der(bytes);
        }
        let blocks = pem::blocks(std::str::from_utf8(bytes).ok()?);
        let (_, der) = blocks.into_iter().find(|(label, _)| *label == "X509 CRL")?;
        Self::of_der(&der)
    }

    fn of_der(bytes: &[u8]) -> Option<Self> {
        let mut outer = Reader::new(bytes).inside(der::SEQUENCE)?;
        let signed = outer.expect(der::SEQUENCE)?;
        let signature_algorithm = algorithm(&mut outer)?;
        let signature = outer.bits()?.to_vec();
        let mut inner = Reader::new(signed.contents);
        inner.optional(der::INTEGER);
        algorithm(&mut inner)?;
        let issuer = Name::read(inner.expect(der::SEQUENCE)?.whole)?;
        moment(&mut inner)?;
        let next_update = match inner.rest().first() {
            Some(&(der::UTC_TIME | der::GENERALIZED_TIME)) => Some(moment(&mut inner)?),
            _ => None,
        };
        let mut revoked = BTreeSet::new();
        if let Some(entries) = inner.optional(der::SEQUENCE) {
            let mut entries = Reader::new(entries.contents);
            while !entries.is_empty() {
                revoked.insert(serial(&mut entries)?);
            }
        }
        let mut points = Vec::new();
        if let Some(more) = inner.optional(der::CONTEXT_0) {
            for extension in extensions(more.contents)? {
                match extension.id.as_str() {
                    ISSUING_POINT => points = issuing_point(&extension)?,
                    _ if extension.is_critical => return None,
                    _ => {}
                }
            }
        }
        let signed = signed.whole.to_vec();
        Some(Self { issuer, next_update, revoked, points, signature_algorithm, signature, signed })
    }

    /// The list, once one of `issuers` is found to have signed it.
    #[must_use]
    pub fn verified<'c>(self, mut issuers: impl Iterator<Item = &'c Certificate>) -> Option<VerifiedList> {
        let key = issuers.find(|issuer| self.is_signed_by(issuer))?.public_key.raw.clone();
        Some(VerifiedList { list: self, key })
    }

    // Whether `issuer` signed it, and may.
    fn is_signed_by(&self, issuer: &Certificate) -> bool {
        // Bit 6, `cRLSign`.
        chain::may_use(issuer, 0x02)
            && self.issuer.raw == issuer.subject.raw
            && chain::vouches(issuer, &self.signature_algorithm, &self.signed, &self.signature)
    }
}

impl VerifiedList {
    /// Whether it speaks of the certificates that `issuer` has signed and that name `point` as the place of their list.
    #[must_use]
    pub fn speaks(&self, issuer: &Certificate, point: &str) -> bool {
        let is_theirs = self.key == issuer.public_key.raw && self.list.issuer.raw == issuer.subject.raw;
        is_theirs && (self.list.points.is_empty() || self.list.points.iter().any(|own| own == point))
    }

    /// Whether a newer one should be there at this second since 1970.
    #[must_use]
    pub fn is_over(&self, at: i64) -> bool {
        self.list.next_update.is_some_and(|next| next < at)
    }

    /// Whether it holds this certificate.
    #[must_use]
    pub fn holds(&self, certificate: &Certificate) -> bool {
        self.list.revoked.contains(&certificate.serial)
    }
}

/// Where the lists of a certificate are, as URLs of HTTP; those in directories are left out.
#[must_use]
pub fn points(certificate: &Certificate) -> Vec<String> {
    let found = certificate.extension(DISTRIBUTION_POINTS).and_then(|extension| {
        let mut list = Reader::new(&extension.value).inside(der::SEQUENCE)?;
        let mut found = Vec::new();
        while !list.is_empty() {
            let mut point = list.inside(der::SEQUENCE)?;
            if let Some(name) = point.optional(der::CONTEXT_0) {
                found.extend(full_name(name.contents));
            }
        }
        Some(found)
    });
    let is_http = |url: &String| url.starts_with("http://") || url.starts_with("https://");
    found.unwrap_or_default().into_iter().filter(is_http).take(POINTS_MAX).collect()
}

fn serial(entries: &mut Reader<'_>) -> Option<Vec<u8>> {
    let mut entry = entries.inside(der::SEQUENCE)?;
    let serial = entry.expect(der::INTEGER)?.contents.to_vec();
    moment(&mut entry)?;
    if let Some(more) = entry.optional(der::SEQUENCE) {
        // What is critical here names another issuer.
        let critical = extensions(more.whole)?.iter().any(|extension| extension.is_critical);
        if critical {
            return None;
        }
    }
    Some(serial)
}

// Which certificates the list is about (RFC 5280 §5.2.5): all of a place, or those of people or authorities alone. Lists of some
// reasons [3], of other authorities [4] and of attributes [5] are not for certificates at large.
fn issuing_point(extension: &Extension) -> Option<Vec<String>> {
    let mut parts = Reader::new(&extension.value).inside(der::SEQUENCE)?;
    let mut points = Vec::new();
    while let Some(part) = parts.any() {
        match part.tag {
            der::CONTEXT_0 => points = full_name(part.contents),
            0x81 | 0x82 => {}
            _ => return None,
        }
    }
    parts.is_empty().then_some(points)
}

// The URLs of a `DistributionPointName`.
fn full_name(contents: &[u8]) -> Vec<String> {
    let Some(name) = Reader::new(contents).optional(der::CONTEXT_0) else { return Vec::new() };
    let mut names = Reader::new(name.contents);
    let mut found = Vec::new();
    while let Some(name) = names.any() {
        if name.tag == 0x86 {
            found.push(text_of(der::IA5_STRING, name.contents));
        }
    }
    found
}

#[cfg(test)]
mod tests;
