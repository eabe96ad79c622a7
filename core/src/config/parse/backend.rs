//! Backend entities, named values in them substituted.

use std::sync::Arc;

use crate::config::model::{Backend, Certificate, CertificateName, ManagedIdentity};
use crate::config::named_values::Substitution;
use crate::config::parse::balancing::{circuit_breaker, is_pool, pool};
use crate::config::parse::properties::Properties;
use crate::config::parse::{Parsing, reference};
use crate::config::proxy::Proxy;
use crate::config::resource::{Resource, ResourceId};
use crate::config::secret::Secret;
use crate::diagnostic::did_you_mean;
use crate::http::{HeaderName, HeaderValue, Url};
use crate::pki::name::hex;
use crate::pki::{self, Digest};

const KNOWN: &[&str] = &[
    "title",
    "description",
    "type",
    "url",
    "protocol",
    "resourceId",
    "credentials",
    "proxy",
    "tls",
    "circuitBreaker",
    "pool",
    "properties",
];

/// Properties that change what happens to a request, and that this version does not act on.
const WITHOUT_EFFECT: &[&[&str]] = &[&["properties", "serviceFabricCluster"]];

/// The backends of the service.
pub(super) fn backends(
    parsing: &mut Parsing<'_>,
    substitution: &Substitution,
    certificates: &[Certificate],
) -> Vec<Backend> {
    let mut backends = Vec::new();
    let all = parsing.family("/backends");
    for resource in &all {
        let mut reader = Reader { properties: Properties::new(resource), substitution, certificates, all: &all };
        let backend = reader.backend();
        backends.extend(parsing.settle(reader.properties, Some(backend)));
    }
    backends
}

struct Reader<'a, 's> {
    properties: Properties<'a>,
    all: &'s [&'a Resource],
    substitution: &'s Substitution,
    certificates: &'s [Certificate],
}

impl Reader<'_, '_> {
    fn backend(&mut self) -> Backend {
        self.properties.note_unknown(KNOWN);
        for path in WITHOUT_EFFECT {
            let is_said =
                self.properties.value(path).is_some_and(|value| value.as_array().is_none_or(|items| !items.is_empty()));
            if is_said {
                let message = format!("`{}` has no effect yet", path.join("."));
                self.properties.warning(path, "no-effect", message);
            }
        }
        let is_pool = is_pool(self.properties.resource);
        if is_pool != self.properties.value(&["pool"]).is_some() {
            let message = "`type` and `pool` go together: a backend of the type `Pool` has a pool, and no other";
            self.properties.error(&["type"], "wrong-pool", message);
        }
        Backend {
            pool: if is_pool { pool(&mut self.properties, self.all) } else { None },
            circuit_breaker: circuit_breaker(&mut self.properties, is_pool),
            id: self.properties.resource.id.name().to_owned(),
            url: self.url(),
            headers: self.headers(),
            query: self.pairs(&["credentials", "query"]),
            authorization: self.authorization(),
            managed_identity: self.managed_identity(),
            proxy: self.proxy(),
            certificates: self.certificates(),
            validate_certificate_chain: self.properties.switch(&["tls", "validateCertificateChain"], true),
            validate_certificate_name: self.properties.switch(&["tls", "validateCertificateName"], true),
        }
    }

    fn url(&mut self) -> Option<Url> {
        if is_pool(self.properties.resource) {
            return None;
        }
        let written = self.properties.required(&["url"])?;
        let url = self.substituted(&["url"], written)?;
        match Url::parse(&url) {
            Ok(url) => Some(url),
            Err(error) => {
                let message = format!("`{written}` is not a usable URL: {error}");
                self.properties.error(&["url"], "invalid-url", message);
                None
            }
        }
    }

    fn headers(&mut self) -> Vec<(String, Secret)> {
        let pairs = self.pairs(&["credentials", "header"]);
        for (name, value) in &pairs {
            let path = ["credentials", "header", name];
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                self.properties.error(&path, "invalid-header-name", format!("`{name}` is not the name of a header"));
            } else if HeaderValue::from_str(&value.0).is_err() {
                self.properties.error(
                    &path,
                    "invalid-header-value",
                    format!("the value of `{name}` cannot stand in a header"),
                );
            }
        }
        pairs
    }

    fn authorization(&mut self) -> Option<(String, Secret)> {
        self.properties.value(&["credentials", "authorization"])?;
        let scheme = self.properties.required(&["credentials", "authorization", "scheme"])?;
        let path = ["credentials", "authorization", "parameter"];
        let parameter = self.properties.text(&path).unwrap_or("");
        let parameter = self.substituted(&path, parameter)?;
        if HeaderValue::from_str(&format!("{scheme} {parameter}")).is_err() {
            self.properties.error(&path, "invalid-header-value", "scheme and parameter cannot stand in a header");
        }
        Some((scheme.to_owned(), Secret(parameter)))
    }

    fn managed_identity(&mut self) -> Option<ManagedIdentity> {
        self.properties.value(&["credentials", "managedIdentity"])?;
        let path = ["credentials", "managedIdentity", "resource"];
        let resource = self.properties.required(&path)?;
        let resource = self.substituted(&path, resource)?;
        let path = ["credentials", "managedIdentity", "clientId"];
        let client = self.properties.text(&path).map(str::trim).filter(|client| !client.is_empty());
        let client = client.and_then(|client| self.substituted(&path, client));
        Some(ManagedIdentity { resource, client })
    }

    fn proxy(&mut self) -> Option<Arc<Proxy>> {
        self.properties.value(&["proxy"])?;
        let url = self.properties.required(&["proxy", "url"])?;
        let url = self.substituted(&["proxy", "url"], url)?;
        let mut part = |name: &str| {
            let text = self.properties.text(&["proxy", name]).filter(|text| !text.is_empty())?;
            self.substituted(&["proxy", name], text)
        };
        let (username, password) = (part("username"), part("password"));
        match Proxy::parse(&url, username.as_deref(), password.as_deref()) {
            Ok(proxy) => Some(Arc::new(proxy)),
            Err(message) => {
                self.properties.error(&["proxy", "url"], "invalid-url", message);
                None
            }
        }
    }

    // Thumbprints count when there are no ids (control-plane.md §1.3).
    fn certificates(&mut self) -> Vec<CertificateName> {
        let ids = self.properties.texts(&["credentials", "certificateIds"]);
        if !ids.is_empty() {
            let names = ids.iter().map(|id| CertificateName::of_id(ResourceId::new(&reference::relative(id)).name()));
            return self.usable(&["credentials", "certificateIds"], names.collect());
        }
        let thumbprints = self.properties.texts(&["credentials", "certificate"]);
        let names = thumbprints.iter().map(|thumbprint| CertificateName::of_thumbprint(thumbprint));
        self.usable(&["credentials", "certificate"], names.collect())
    }

    fn usable(&mut self, path: &[&str], names: Vec<CertificateName>) -> Vec<CertificateName> {
        for name in &names {
            match self.certificates.iter().find(|certificate| is_named(certificate, name)) {
                Some(certificate) if certificate.key_pem.is_some() => {}
                Some(certificate) => {
                    let message = format!("the private key of the certificate `{}` is not known", certificate.id);
                    self.properties.error(path, "missing-secret", message);
                }
                None => {
                    let ids = self.certificates.iter().map(|certificate| certificate.id.as_str());
                    let help = if let CertificateName::Id(id) = name { did_you_mean(id, ids) } else { None };
                    let message = format!("there is no {name}");
                    self.properties.error_with_help(path, "unknown-reference", message, help);
                }
            }
        }
        names
    }

    /// Lists of values by name, flat.
    fn pairs(&mut self, path: &[&str]) -> Vec<(String, Secret)> {
        let Some(members) = self.properties.value(path) else { return Vec::new() };
        let Some(members) = members.as_object() else {
            let message = format!("`{}` is not an object of lists", path.join("."));
            self.properties.error(path, "wrong-type", message);
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for name in members.keys() {
            let path = [path, &[name.as_str()]].concat();
            for value in self.properties.texts(&path) {
                let value = self.substituted(&path, value);
                pairs.extend(value.map(|value| (name.clone(), Secret(value))));
            }
        }
        pairs
    }

    fn substituted(&mut self, path: &[&str], text: &str) -> Option<String> {
        self.properties.substituted(path, text, self.substitution)
    }
}

fn is_named(certificate: &Certificate, name: &CertificateName) -> bool {
    match name {
        CertificateName::Id(id) => certificate.id.eq_ignore_ascii_case(id),
        CertificateName::Thumbprint(wanted) => pki::Certificate::of_pem(&certificate.chain_pem, None)
            .is_some_and(|leaf| hex(&leaf.thumbprint(Digest::Sha1)) == *wanted),
    }
}
