//! Who holds the key of the connection: `validate-client-certificate`. Trust is that of the configuration; lists of revoked certificates
//! are fetched through effects.

use std::sync::Arc;

use crate::context::{CertificateView, DeploymentView};
use crate::http::StatusCode;
use crate::pki::certificate::{AlternativeName, SUBJECT_ALTERNATIVES};
use crate::pki::chain::{is_signed_by, path};
use crate::pki::name::{COMMON_NAME, hex};
use crate::pki::{Certificate, Digest};
use crate::policy::effect::Reply;
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Flow, Ran, Run, Stop};
use crate::policy::shape::{Attribute, Content, Occurs, Shape, attribute, child};
use crate::policy::{Built, Policy};

use super::decision::Denial;
use super::revocation::{self, Link};

/// `validate-client-certificate`
pub static VALIDATE_CLIENT_CERTIFICATE: Shape = Shape {
    attributes: &[
        attribute("validate-revocation").literal(),
        attribute("validate-trust").literal(),
        attribute("validate-not-before").literal(),
        attribute("validate-not-after").literal(),
        attribute("ignore-error").literal(),
    ],
    content: Content::Children(&[child("identities", Occurs::Optional, &IDENTITIES)]),
};

static IDENTITIES: Shape =
    Shape { attributes: &[], content: Content::Children(&[child("identity", Occurs::OneOrMore, &IDENTITY)]) };
static IDENTITY: Shape = Shape { attributes: &IDENTITY_ATTRIBUTES, content: Content::Empty };
static IDENTITY_ATTRIBUTES: [Attribute; 8] = [
    attribute("thumbprint").literal(),
    attribute("serial-number").literal(),
    attribute("common-name").literal(),
    attribute("subject").literal(),
    attribute("dns-name").literal(),
    attribute("issuer-subject").literal(),
    attribute("issuer-thumbprint").literal(),
    attribute("issuer-certificate-id").literal(),
];

/// Refuses a request whose client has shown no certificate, or not the one that is wanted.
#[derive(Debug)]
struct ValidateClientCertificate {
    /// Tells the fetches of this policy from those of others in the same section.
    index: usize,
    revocation: bool,
    trust: bool,
    not_before: bool,
    not_after: bool,
    ignore_error: bool,
    identities: Vec<Identity>,
}

/// What a certificate must say; all that is written.
#[derive(Debug, Default)]
struct Identity {
    thumbprint: Option<String>,
    serial: Option<String>,
    common_name: Option<Arc<str>>,
    subject: Option<Vec<String>>,
    dns_name: Option<Arc<str>>,
    issuer_subject: Option<Vec<String>>,
    issuer_thumbprint: Option<String>,
    issuer_id: Option<Arc<str>>,
}

/// Compiles `validate-client-certificate`.
pub fn build_validate_client_certificate(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let policy = ValidateClientCertificate {
        index: reader.compiler.next_index(),
        revocation: reader.constant("validate-revocation").unwrap_or(true),
        trust: reader.constant("validate-trust").unwrap_or(true),
        not_before: reader.constant("validate-not-before").unwrap_or(true),
        not_after: reader.constant("validate-not-after").unwrap_or(true),
        ignore_error: reader.constant("ignore-error").unwrap_or(false),
        identities: identities(reader),
    };
    Some(Arc::new(policy))
}

fn identities(reader: &mut Reader<'_, '_, '_>) -> Vec<Identity> {
    let Some(parent) = reader.child("identities") else { return Vec::new() };
    parent.elements().map(|element| identity(&mut reader.at(element))).collect()
}

fn identity(reader: &mut Reader<'_, '_, '_>) -> Identity {
    let digits = |name: &str| reader.literal(name).map(|text| digits(&text));
    let name = |name: &str| reader.literal(name).map(|text| parts(&text));
    let identity = Identity {
        thumbprint: digits("thumbprint"),
        serial: digits("serial-number").map(|text| text.trim_start_matches('0').to_owned()),
        common_name: reader.literal("common-name"),
        subject: name("subject"),
        dns_name: reader.literal("dns-name"),
        issuer_subject: name("issuer-subject"),
        issuer_thumbprint: digits("issuer-thumbprint"),
        issuer_id: reader.literal("issuer-certificate-id"),
    };
    if reader.element.attributes.is_empty() {
        reader.reject("missing-attribute", "an `identity` without attributes would fit every certificate");
    }
    if identity.issuer_id.is_some() && (identity.issuer_subject.is_some() || identity.issuer_thumbprint.is_some()) {
        let message =
            "`issuer-certificate-id` names the issuer by itself: no other attribute of the issuer goes with it";
        reader.error("issuer-certificate-id", message);
    }
    identity
}

impl Policy for ValidateClientCertificate {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let view = run.context.request.certificate.clone();
        let now = run.now.wall.unix_seconds();
        let checked = match &view {
            None => Err(denied("ClientCertificateNotPresent", "The client has shown no certificate.")),
            Some(view) => self.check(view, &run.context.deployment, now),
        };
        let checked = match checked {
            Ok(links) => match revocation::begin(run, self.index, &links) {
                Some(effect) => return Ok(Flow::Ask(effect)),
                None => revocation::judge(run, &links),
            },
            Err(denial) => Err(denial),
        };
        run.state.fetches.remove(&self.index);
        match checked {
            Ok(()) => Ok(Flow::Next),
            Err(Denial { message, .. }) if self.ignore_error => {
                run.trace(format!("validate-client-certificate: {message}"));
                Ok(Flow::Next)
            }
            Err(Denial { reason, message }) => Err(Stop::fail(Failure::new(StatusCode::FORBIDDEN, reason, message))),
        }
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        let view = run.context.request.certificate.clone();
        let links = view.map(|view| self.check(&view, &run.context.deployment, run.now.wall.unix_seconds()));
        revocation::take(run, self.index, &links.and_then(Result::ok).unwrap_or_default(), reply);
        Ok(Flow::Again)
    }
}

impl ValidateClientCertificate {
    // What must not have been revoked, when that is asked.
    fn check(&self, view: &CertificateView, deployment: &DeploymentView, now: i64) -> Result<Vec<Link>, Denial> {
        let leaf = &*view.certificate;
        if self.not_before && now < leaf.not_before {
            return Err(denied("ClientCertificateNotYetValid", "The client certificate is not valid yet."));
        }
        if self.not_after && now > leaf.not_after {
            return Err(denied("ClientCertificateExpired", "The client certificate has expired."));
        }
        // A certificate whose own time is not to be looked at is followed at the nearest moment at which it holds.
        let at = now.min(leaf.not_after).max(leaf.not_before);
        let asks = self.trust || self.revocation;
        let issuers = asks.then(|| path(leaf, &view.chain, &deployment.trust, at)).flatten();
        if self.trust && issuers.is_none() {
            let message = "The client certificate does not chain to a trusted authority.";
            return Err(denied("ClientCertificateNotTrusted", message));
        }
        if self.identities.is_empty() || self.identities.iter().any(|identity| identity.fits(view, deployment)) {
            return if self.revocation { links(view, issuers) } else { Ok(Vec::new()) };
        }
        let message = "The client certificate is none of the identities that are allowed.";
        Err(denied("ClientCertificateIdentityNotMatched", message))
    }
}

impl Identity {
    fn fits(&self, view: &CertificateView, deployment: &DeploymentView) -> bool {
        let leaf = &*view.certificate;
        let thumbprint = |certificate: &Certificate| hex(&certificate.thumbprint(Digest::Sha1));
        let names = || leaf.alternative_names(SUBJECT_ALTERNATIVES);
        let has_dns = |wanted: &str| {
            names().iter().any(|name| matches!(name, AlternativeName::Dns(dns) if dns.eq_ignore_ascii_case(wanted)))
        };
        fn all<T: ?Sized>(wanted: Option<&T>, holds: impl FnOnce(&T) -> bool) -> bool {
            wanted.is_none_or(holds)
        }
        all(self.thumbprint.as_deref(), |wanted| thumbprint(leaf) == wanted)
            && all(self.serial.as_deref(), |wanted| hex(&leaf.serial).trim_start_matches('0') == wanted)
            && all(self.common_name.as_deref(), |wanted| leaf.subject.last(COMMON_NAME) == Some(wanted))
            && all(self.subject.as_deref(), |wanted| parts(&leaf.subject.shown()) == wanted)
            && all(self.dns_name.as_deref(), has_dns)
            && all(self.issuer_subject.as_deref(), |wanted| parts(&leaf.issuer.shown()) == wanted)
            && all(self.issuer_thumbprint.as_deref(), |wanted| {
                let trust = &deployment.trust;
                let known = trust.roots.iter().chain(&trust.intermediates).chain(&view.chain);
                known.map(|issuer| &**issuer).any(|issuer| thumbprint(issuer) == wanted && has_issued(issuer, leaf))
            })
            && all(self.issuer_id.as_deref(), |wanted| {
                let mut known = deployment.certificates.iter();
                known.any(|(id, view)| id.eq_ignore_ascii_case(wanted) && has_issued(&view.certificate, leaf))
            })
    }
}

fn has_issued(issuer: &Certificate, leaf: &Certificate) -> bool {
    issuer.subject.raw == leaf.issuer.raw && is_signed_by(leaf, issuer)
}

// Each certificate of the way with who signed it. A root vouches for itself: nobody else could take it back.
fn links(view: &CertificateView, issuers: Option<Vec<Arc<Certificate>>>) -> Result<Vec<Link>, Denial> {
    let leaf = &view.certificate;
    let Some(issuers) = issuers else {
        let is_root = leaf.subject.raw == leaf.issuer.raw && is_signed_by(leaf, leaf);
        let message = "Nobody is known to ask whether the client certificate has been revoked.";
        return if is_root { Ok(Vec::new()) } else { Err(denied("ClientCertificateRevocationUnknown", message)) };
    };
    let certificates = std::iter::once(leaf).chain(&issuers);
    let links = certificates.zip(&issuers);
    Ok(links
        .map(|(certificate, issuer)| Link { certificate: Arc::clone(certificate), issuer: Arc::clone(issuer) })
        .collect())
}

pub(super) fn denied(reason: &'static str, message: &str) -> Denial {
    Denial { reason, message: format!("{message} Access denied.") }
}

// Thumbprints and serial numbers are written in any case, with colons or spaces or without.
fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_hexdigit).map(|digit| digit.to_ascii_uppercase()).collect()
}

// The parts of a name as `CN=a`, quotes taken away; a comma inside quotes does not part.
fn parts(text: &str) -> Vec<String> {
    let (mut parts, mut part, mut is_quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => parts.push(std::mem::take(&mut part)),
            _ => part.push(c),
        }
    }
    parts.push(part);
    parts.iter().map(|part| normal(part)).collect()
}

fn normal(part: &str) -> String {
    let (key, value) = part.split_once('=').unwrap_or((part, ""));
    let key = key.trim().to_ascii_uppercase();
    // Both stand for a state or province; .NET writes the first.
    let key = if key == "ST" { "S" } else { &key };
    format!("{key}={}", value.trim())
}
