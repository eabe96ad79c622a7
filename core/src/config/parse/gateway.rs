//! The gateway itself: location, host names, authorities; the service's facts; certificates. Opens no listener.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::model::{Authority, Certificate, DebugCredential, Gateway, Hostname, Service};
use crate::config::parse::properties::Properties;
use crate::config::parse::{Parsing, reference};
use crate::config::resource::ResourceId;
use crate::config::secret::Secret;
use crate::diagnostic::{Diagnostic, did_you_mean};

/// The facts of the service; they may be missing.
pub(super) fn service(parsing: &mut Parsing<'_>) -> Service {
    let Some(resource) = parsing.set.get(&ResourceId::new("/service")) else { return Service::default() };
    let mut properties = Properties::new(resource);
    let name = properties.text(&["name"]).unwrap_or("").to_owned();
    let (errors, notes): (Vec<_>, Vec<_>) = properties.findings.into_iter().partition(Diagnostic::is_error);
    parsing.fatal.extend(errors);
    parsing.notes.extend(notes);
    Service { name }
}

/// The gateway with this id; that it is not there refuses everything.
pub(super) fn gateway(parsing: &mut Parsing<'_>, id: &str) -> Gateway {
    let gateways = ResourceId::new("/gateways");
    let resource_id = gateways.child(id);
    let Some(resource) = parsing.set.get(&resource_id) else {
        if parsing.set.faults_of(&resource_id).is_empty() {
            let message = format!("the gateway `{id}` is not in the configuration");
            let mut error = Diagnostic::error("unknown-gateway", resource_id.as_str(), message);
            let known: Vec<&str> = parsing.set.children(&gateways).map(|gateway| gateway.id.name()).collect();
            let first = known.first().map(|name| format!("there is `{name}`"));
            error.help = did_you_mean(id, known).or(first);
            parsing.fatal.push(error);
        }
        return Gateway { id: id.to_owned(), ..Gateway::default() };
    };
    let mut properties = Properties::new(resource);
    properties.note_unknown(&["description", "locationData"]);
    let location = properties.text(&["locationData", "name"]).unwrap_or("").to_owned();
    let (errors, notes): (Vec<_>, Vec<_>) = properties.findings.into_iter().partition(Diagnostic::is_error);
    parsing.fatal.extend(errors);
    parsing.notes.extend(notes);
    Gateway {
        id: resource.id.name().to_owned(),
        location,
        hostnames: hostnames(parsing, &resource_id),
        authorities: authorities(parsing, &resource_id),
        debug_credentials: debug_credentials(parsing, &resource_id),
    }
}

fn hostnames(parsing: &mut Parsing<'_>, gateway: &ResourceId) -> Vec<Hostname> {
    const KNOWN: &[&str] =
        &["hostname", "certificateId", "negotiateClientCertificate", "tls10Enabled", "tls11Enabled", "http2Enabled"];
    let mut hostnames = Vec::new();
    for resource in parsing.family(gateway.child("hostnameConfigurations").as_str()) {
        let mut properties = Properties::new(resource);
        properties.note_unknown(KNOWN);
        for path in ["tls10Enabled", "tls11Enabled"] {
            if properties.switch(&[path], false) {
                let message = format!("`{path}` has no effect: TLS 1.2 is the oldest version that is spoken");
                properties.warning(&[path], "no-effect", message);
            }
        }
        let certificate = certificate_reference(parsing, &mut properties);
        let hostname = properties.required(&["hostname"]).map(|hostname| Hostname {
            hostname: hostname.to_ascii_lowercase(),
            certificate,
            negotiate_client_certificate: properties.switch(&["negotiateClientCertificate"], false),
            http2: properties.switch(&["http2Enabled"], false),
        });
        hostnames.extend(parsing.settle(properties, hostname));
    }
    hostnames
}

fn certificate_reference(parsing: &Parsing<'_>, properties: &mut Properties<'_>) -> Option<String> {
    let written = properties.text(&["certificateId"]).filter(|id| !id.is_empty())?;
    let certificates = ResourceId::new("/certificates");
    let id = ResourceId::new(&reference::relative(written));
    if id.is_within(&certificates) && (parsing.set.get(&id).is_some() || !parsing.set.faults_of(&id).is_empty()) {
        return Some(id.name().to_owned());
    }
    let help = did_you_mean(id.name(), parsing.set.children(&certificates).map(|certificate| certificate.id.name()));
    let message = format!("there is no certificate `{written}`");
    properties.error_with_help(&["certificateId"], "unknown-reference", message, help);
    None
}

fn authorities(parsing: &mut Parsing<'_>, gateway: &ResourceId) -> Vec<Authority> {
    let mut authorities = Vec::new();
    for resource in parsing.family(gateway.child("certificateAuthorities").as_str()) {
        let mut properties = Properties::new(resource);
        properties.note_unknown(&["isTrusted"]);
        let trusted = properties.switch(&["isTrusted"], false);
        let name = resource.id.name();
        let id = ResourceId::new("/certificates").child(name);
        if parsing.set.get(&id).is_none() && parsing.set.faults_of(&id).is_empty() {
            properties.error(&[], "unknown-reference", format!("there is no certificate `{name}`"));
        }
        let authority = Authority { certificate: name.to_owned(), trusted };
        authorities.extend(parsing.settle(properties, Some(authority)));
    }
    authorities
}

// As `listDebugCredentials` of the gateway gives them out (control-plane.md §1.2); how one is stored is ours.
fn debug_credentials(parsing: &mut Parsing<'_>, gateway: &ResourceId) -> Vec<DebugCredential> {
    let mut credentials = Vec::new();
    for resource in parsing.family(gateway.child("debugCredentials").as_str()) {
        let mut properties = Properties::new(resource);
        properties.note_unknown(&["apiId", "purposes", "expirationDate", "tokenHash"]);
        let purposes = properties.texts(&["purposes"]);
        for purpose in purposes.iter().filter(|purpose| **purpose != "tracing") {
            properties.not_one_of(&["purposes"], purpose, "`tracing`");
        }
        let api = properties.required(&["apiId"]).map(|id| ResourceId::new(&reference::relative(id)).name().to_owned());
        let expires = properties.required(&["expirationDate"]).and_then(|_| properties.moment(&["expirationDate"]));
        let hash = properties.required(&["tokenHash"]).and_then(|text| {
            let hash = STANDARD.decode(text).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            if hash.is_none() {
                let message = "`tokenHash` is not the SHA-256 of a token in Base64";
                properties.error(&["tokenHash"], "invalid-value", message);
            }
            hash
        });
        let credential = match (hash, api, expires) {
            (Some(token_hash), Some(api), Some(expires)) => Some(DebugCredential { token_hash, api, expires }),
            _ => None,
        };
        credentials.extend(parsing.settle(properties, credential));
    }
    credentials
}

/// The certificates of the service whose chain is at hand.
pub(super) fn certificates(parsing: &mut Parsing<'_>) -> Vec<Certificate> {
    const KNOWN: &[&str] = &["subject", "thumbprint", "expirationDate", "keyVault", "chainPem", "keyPem"];
    let mut certificates = Vec::new();
    for resource in parsing.family("/certificates") {
        let mut properties = Properties::new(resource);
        properties.note_unknown(KNOWN);
        let chain = properties.text(&["chainPem"]);
        let key = properties.text(&["keyPem"]);
        if chain.is_none() {
            // ARM gives no certificate back; that is no mistake of the customer's (control-plane.md §1.1).
            let message = format!("the chain of `{}` is not known: it cannot be used", resource.id.name());
            properties.warning(&[], "missing-secret", message);
        }
        check_pem(&mut properties, "chainPem", chain, "CERTIFICATE-----");
        check_pem(&mut properties, "keyPem", key, "PRIVATE KEY-----");
        let certificate = chain.map(|chain| Certificate {
            id: resource.id.name().to_owned(),
            chain_pem: chain.to_owned(),
            key_pem: key.map(|key| Secret(key.to_owned())),
        });
        certificates.extend(parsing.settle(properties, certificate));
    }
    certificates
}

fn check_pem(properties: &mut Properties<'_>, property: &str, text: Option<&str>, label: &str) {
    let is_block = |line: &str| line.starts_with("-----BEGIN ") && line.trim_end().ends_with(label);
    if text.is_some_and(|text| !text.lines().any(is_block)) {
        let message = format!("`{property}` of `{}` holds no PEM block `{label}`", properties.resource.id.name());
        properties.error(&[property], "invalid-pem", message.replace("-----", ""));
    }
}
