//! What `validate-jwt` and `validate-azure-ad-token` may hold, and how they are compiled.

use std::sync::Arc;

use crate::http::Url;
use crate::policy::Built;
use crate::policy::operand::Operand;
use crate::policy::reader::Reader;
use crate::policy::shape::{Attribute, Child, Content, Occurs, Shape, TEXT, attribute, child};

use super::{KeyFrom, KeySource, Place, RequiredClaim, Tenant, ValidateToken, key_of_numbers};

/// `validate-jwt`
pub static VALIDATE_JWT: Shape = Shape {
    attributes: &[
        attribute("header-name"),
        attribute("query-parameter-name"),
        attribute("token-value"),
        attribute("failed-validation-httpcode"),
        attribute("failed-validation-error-message"),
        attribute("require-expiration-time"),
        attribute("require-scheme"),
        attribute("require-signed-tokens"),
        attribute("clock-skew"),
        attribute("output-token-variable-name").literal(),
    ],
    content: Content::AnyOrder(&[
        child("openid-config", Occurs::Any, &OPENID_CONFIG),
        child("issuer-signing-keys", Occurs::Optional, &SIGNING_KEYS),
        child("decryption-keys", Occurs::Optional, &DECRYPTION_KEYS),
        child("audiences", Occurs::Optional, &AUDIENCES),
        child("issuers", Occurs::Optional, &ISSUERS),
        child("required-claims", Occurs::Optional, &REQUIRED_CLAIMS),
    ]),
};

/// `validate-azure-ad-token`
pub static VALIDATE_AZURE_AD_TOKEN: Shape = Shape {
    attributes: &[
        attribute("tenant-id").required(),
        attribute("header-name"),
        attribute("query-parameter-name"),
        attribute("token-value"),
        attribute("authentication-endpoint"),
        attribute("failed-validation-httpcode"),
        attribute("failed-validation-error-message"),
        attribute("output-token-variable-name").literal(),
    ],
    content: Content::AnyOrder(&[
        child("client-application-ids", Occurs::Optional, &APPLICATION_IDS),
        child("backend-application-ids", Occurs::Optional, &APPLICATION_IDS),
        child("audiences", Occurs::Optional, &AUDIENCES),
        child("required-claims", Occurs::Optional, &REQUIRED_CLAIMS),
        child("decryption-keys", Occurs::Optional, &DECRYPTION_KEYS),
    ]),
};

static OPENID_CONFIG: Shape = Shape { attributes: &[attribute("url").required()], content: Content::Empty };
static AUDIENCES: Shape = list(&[child("audience", Occurs::OneOrMore, &TEXT)]);
static ISSUERS: Shape = list(&[child("issuer", Occurs::OneOrMore, &TEXT)]);
static APPLICATION_IDS: Shape = list(&[child("application-id", Occurs::OneOrMore, &TEXT)]);
static SIGNING_KEYS: Shape = list(&[child("key", Occurs::OneOrMore, &SIGNING_KEY)]);
static DECRYPTION_KEYS: Shape = list(&[child("key", Occurs::OneOrMore, &DECRYPTION_KEY)]);
static REQUIRED_CLAIMS: Shape = list(&[child("claim", Occurs::OneOrMore, &CLAIM)]);

static SIGNING_KEY: Shape = Shape {
    attributes: &[attribute("certificate-id"), attribute("n").literal(), attribute("e").literal()],
    content: Content::Text,
};
static DECRYPTION_KEY: Shape = Shape { attributes: &[attribute("certificate-id")], content: Content::Text };

static CLAIM: Shape =
    Shape { attributes: &CLAIM_ATTRIBUTES, content: Content::Children(&[child("value", Occurs::Any, &TEXT)]) };
static CLAIM_ATTRIBUTES: [Attribute; 3] =
    [attribute("name").required(), attribute("match").one_of(&["all", "any"]), attribute("separator").literal()];

const fn list(children: &'static [Child]) -> Shape {
    Shape { attributes: &[], content: Content::Children(children) }
}

/// Compiles `validate-jwt`.
pub fn build_validate_jwt(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let place = Place::build(reader, None);
    let mut providers = Vec::new();
    for element in reader.element.elements().filter(|child| child.name == "openid-config") {
        let mut child = reader.at(element);
        let url = child.attribute::<Arc<str>>("url");
        check_url(&mut child, "url", url.as_ref());
        providers.extend(url);
    }
    let mut built = build(reader, place?);
    built.expiration = reader.attribute("require-expiration-time");
    built.signature = reader.attribute("require-signed-tokens");
    built.skew = reader.attribute("clock-skew");
    built.issuers = texts(reader, "issuers", "issuer");
    built.providers = providers;
    Some(Arc::new(built))
}

/// Compiles `validate-azure-ad-token`.
pub fn build_validate_azure_ad_token(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let place = Place::build(reader, Some("Authorization"));
    let id = reader.attribute("tenant-id");
    let authority = reader.attribute("authentication-endpoint");
    check_url(reader, "authentication-endpoint", authority.as_ref());
    let mut built = build(reader, place?);
    built.applications = application_ids(reader, "client-application-ids");
    // An application of the backend is an audience, by its id or by the URI that Entra ID makes of it.
    for id in application_ids(reader, "backend-application-ids") {
        built.audiences.push(Operand::Literal(Arc::from(format!("api://{id}"))));
        built.audiences.push(Operand::Literal(id));
    }
    built.tenant = Some(Tenant { id: id?, authority });
    Some(Arc::new(built))
}

// What both have.
fn build(reader: &mut Reader<'_, '_, '_>, place: Place) -> ValidateToken {
    ValidateToken {
        index: reader.compiler.next_index(),
        place,
        status: reader.attribute("failed-validation-httpcode"),
        message: reader.attribute("failed-validation-error-message"),
        expiration: None,
        signature: None,
        skew: None,
        variable: reader.literal("output-token-variable-name"),
        providers: Vec::new(),
        tenant: None,
        signing_keys: keys(reader, "issuer-signing-keys"),
        decryption_keys: keys(reader, "decryption-keys"),
        audiences: texts(reader, "audiences", "audience"),
        issuers: Vec::new(),
        applications: Vec::new(),
        claims: claims(reader),
    }
}

fn check_url(reader: &mut Reader<'_, '_, '_>, name: &str, url: Option<&Operand>) {
    let Some(text) = url.and_then(Operand::known) else { return };
    let is_named_value = crate::config::named_values::names(text).next().is_some();
    if let (Err(error), false) = (Url::parse(text.trim()), is_named_value) {
        reader.error(name, format!("`{text}` is not a URL: {error}"));
    }
}

fn texts(reader: &mut Reader<'_, '_, '_>, parent: &str, child: &str) -> Vec<Operand> {
    reader.child(parent).map(|element| reader.at(element).texts(child)).unwrap_or_default()
}

fn application_ids(reader: &mut Reader<'_, '_, '_>, parent: &str) -> Vec<Arc<str>> {
    let ids: Vec<Operand> = texts(reader, parent, "application-id");
    let known = ids.iter().filter_map(Operand::known).cloned().collect::<Vec<_>>();
    if known.len() < ids.len()
        && let Some(element) = reader.child(parent)
    {
        reader.at(element).reject("expression-not-allowed", "an `application-id` cannot be an expression");
    }
    known
}

fn keys(reader: &mut Reader<'_, '_, '_>, parent: &str) -> Vec<KeySource> {
    let Some(parent) = reader.child(parent) else { return Vec::new() };
    parent.elements().filter_map(|element| key(&mut reader.at(element))).collect()
}

fn key(reader: &mut Reader<'_, '_, '_>) -> Option<KeySource> {
    let id = reader.literal("id");
    let (certificate, n, e) = (reader.attribute("certificate-id"), reader.literal("n"), reader.literal("e"));
    let has_text = reader.element.has_text();
    let from = match (has_text, certificate, n, e) {
        (true, None, None, None) => KeyFrom::Secret(reader.text()?),
        (false, Some(certificate), None, None) => KeyFrom::Certificate(certificate),
        (false, None, Some(n), Some(e)) => {
            let Some(key) = key_of_numbers(&n, &e) else {
                reader.error("n", "`n` and `e` are no public key of RSA with 1024 to 8192 bits");
                return None;
            };
            KeyFrom::Numbers(key)
        }
        _ => {
            reader.reject("attribute-value", "a `key` has a text, a `certificate-id`, or `n` and `e`: one of these");
            return None;
        }
    };
    Some(KeySource { id, from })
}

fn claims(reader: &mut Reader<'_, '_, '_>) -> Vec<RequiredClaim> {
    let Some(parent) = reader.child("required-claims") else { return Vec::new() };
    let build = |element| {
        let mut reader = reader.at(element);
        let (name, wanted) = (reader.attribute("name"), reader.attribute("match"));
        let separator = reader.element.attribute("separator").and_then(|found| found.value.literal());
        let values = reader.texts("value");
        Some(RequiredClaim { name: name?, wanted, separator: separator.map(Arc::from), values })
    };
    parent.elements().filter_map(build).collect()
}
