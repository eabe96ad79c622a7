//! `authentication-certificate`: the certificate that a backend is shown in the TLS handshake. Opens key stores; shakes no hands.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::config::model::CertificateName;
use crate::context::CertificateView;
use crate::diagnostic::nearest;
use crate::expr::Expected;
use crate::keys::decode_base64;
use crate::pki::ClientIdentity;
use crate::pki::pfx::PfxFault;
use crate::policy::compile::Target;
use crate::policy::operand::{Operand, Typed, get_optional};
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Flow, Ran, Run, Stop};
use crate::policy::shape::{Content, Shape, attribute};
use crate::policy::source::Problem;
use crate::policy::{Built, Policy};
use crate::value::Value;

/// `authentication-certificate`
pub static AUTHENTICATION_CERTIFICATE: Shape = Shape {
    attributes: &[attribute("thumbprint"), attribute("certificate-id"), attribute("body"), attribute("password")],
    content: Content::Empty,
};

#[derive(Debug)]
struct AuthenticationCertificate {
    source: Source,
    target: Target,
}

#[derive(Debug)]
enum Source {
    Id(Operand),
    Thumbprint(Operand),
    Body { store: Operand<KeyStore>, password: Option<Operand> },
}

/// The bytes of a key store (PKCS #12).
#[derive(Clone)]
struct KeyStore(Arc<[u8]>);

impl fmt::Debug for KeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyStore(…)")
    }
}

impl Typed for KeyStore {
    const EXPECTED: Expected = Expected::Text;

    fn from_literal(text: &str) -> Result<Self, String> {
        decode_base64(text).map(|bytes| Self(bytes.into())).ok_or_else(|| "a key store is written in Base64".to_owned())
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Bytes(bytes) => Ok(Self(Arc::clone(bytes))),
            other => Self::from_literal(&other.to_string()),
        }
    }
}

/// Compiles `<authentication-certificate/>`.
pub fn build_authentication_certificate(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let given = ["thumbprint", "certificate-id", "body"].into_iter();
    if given.filter(|name| reader.element.attribute(name).is_some()).count() != 1 {
        let message = "`authentication-certificate` needs one of `certificate-id`, `thumbprint` and `body`";
        reader.reject("missing-attribute", message);
        return None;
    }
    let (id, thumbprint) = (reader.attribute::<Arc<str>>("certificate-id"), reader.attribute::<Arc<str>>("thumbprint"));
    let (store, password) = (reader.attribute("body"), reader.attribute("password"));
    if reader.element.attribute("body").is_none() && reader.element.attribute("password").is_some() {
        reader.error("password", "`password` goes with `body`");
    }
    let source = match (id, thumbprint, store) {
        (Some(id), ..) => {
            check(reader, "certificate-id", id.known().map(|id| CertificateName::of_id(id)));
            Source::Id(id)
        }
        (None, Some(thumbprint), _) => {
            check(reader, "thumbprint", thumbprint.known().map(|text| CertificateName::of_thumbprint(text)));
            Source::Thumbprint(thumbprint)
        }
        (None, None, Some(store)) => Source::Body { store, password },
        (None, None, None) => return None,
    };
    let target = reader.target();
    Some(Arc::new(AuthenticationCertificate { source, target }))
}

fn check(reader: &mut Reader<'_, '_, '_>, attribute: &str, name: Option<CertificateName>) {
    let Some(name) = name else { return };
    let catalog = reader.compiler.catalog;
    if let Err(message) = catalog.identity(&name) {
        let span = reader.element.attribute(attribute).map_or(reader.element.name_span, |found| found.value.span);
        let near = match &name {
            CertificateName::Id(id) if !catalog.certificates.keys().any(|known| known.eq_ignore_ascii_case(id)) => {
                nearest(id, catalog.certificates.keys().map(String::as_str))
            }
            CertificateName::Id(_) | CertificateName::Thumbprint(_) => None,
        };
        let problem = Problem::error("unknown-certificate", span, message);
        reader.compiler.report(match near {
            Some(near) => problem.with_help(format!("did you mean `{near}`?")),
            None => problem,
        });
    }
    reader.compiler.done.certificates.insert(name);
}

/// What can be shown to a backend under this name.
///
/// # Errors
/// There is no such certificate, or not its private key; in words.
pub fn identity(
    certificates: &IndexMap<String, Arc<CertificateView>>,
    name: &CertificateName,
) -> Result<Arc<ClientIdentity>, String> {
    let found = certificates.iter().find(|(id, view)| view.is_named(id, name));
    let (id, view) = found.ok_or_else(|| format!("there is no {name}"))?;
    view.identity.clone().ok_or_else(|| format!("the private key of the certificate `{id}` is not at hand"))
}

/// What can be shown under this name now.
///
/// # Errors
/// As [`identity`].
pub fn at_hand(run: &Run<'_>, name: &CertificateName) -> Result<Arc<ClientIdentity>, Stop> {
    identity(&run.context.deployment.certificates, name).map_err(not_found)
}

fn not_found(message: String) -> Stop {
    Stop::fail(Failure::internal("CertificateNotFound", message))
}

impl Policy for AuthenticationCertificate {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let identity = match &self.source {
            Source::Id(id) => {
                let id = id.get(run)?;
                at_hand(run, &CertificateName::of_id(&id))?
            }
            Source::Thumbprint(thumbprint) => {
                let thumbprint = thumbprint.get(run)?;
                at_hand(run, &CertificateName::of_thumbprint(&thumbprint))?
            }
            Source::Body { store, password } => {
                let KeyStore(bytes) = store.get(run)?;
                let password = get_optional(password.as_ref(), run)?;
                let opened = run.shared.key_stores.open(&bytes, password.as_deref().unwrap_or(""), run.now.instant);
                opened.map_err(|fault| not_found(format!("the certificate cannot be used: {}", in_words(fault))))?
            }
        };
        match (self.target, &mut run.state.draft_request) {
            (Target::DraftRequest, Some(draft)) => draft.identity = Some(identity),
            (Target::DraftRequest, None) | (Target::Request | Target::Response | Target::DraftResponse, _) => {
                run.state.upstream.identity = Some(identity);
            }
        }
        Ok(Flow::Next)
    }
}

const fn in_words(fault: PfxFault) -> &'static str {
    match fault {
        PfxFault::Malformed => "it is no key store (PKCS #12)",
        PfxFault::Password => "the password of the key store is another",
        PfxFault::Unsupported => "the key store uses an algorithm that is not supported",
        PfxFault::NoKey => "the key store holds no private key with its certificate",
    }
}
