//! Credential providers and their connections, named values in what opens them substituted.

use std::sync::Arc;

use crate::config::authorization::{Authorization, ClientGrant, Grant, Principal};
use crate::config::named_values::Substitution;
use crate::config::parse::Parsing;
use crate::config::parse::properties::Properties;
use crate::config::resource::{Resource, ResourceId};
use crate::config::secret::Secret;
use crate::diagnostic::Diagnostic;
use crate::http::Url;

const PROVIDERS: &str = "/authorizationProviders";

/// Entra ID, by version 1 of its protocol, as the original has it.
const ENTRA: &str = "aad";

/// Where Entra ID is when the provider does not say (the original's default).
const LOGIN: &str = "https://login.windows.net";

/// The tenant when the provider does not say (the original's default).
const TENANT: &str = "common";

/// `redirectUrl` is for users, who consent in Azure.
const KNOWN_OF_PROVIDERS: &[&str] = &["displayName", "identityProvider", "oauth2"];

/// `status` and `error` are Azure's own attempts.
const KNOWN: &[&str] = &["authorizationType", "oauth2grantType", "parameters", "status", "error"];

/// What the grant of client credentials is asked with; the rest has no effect.
const PARAMETERS: &[&str] =
    &["clientId", "clientSecret", "loginUri", "refreshUrl", "resourceUri", "scopes", "tenantId", "tokenUrl"];

/// The connections of the service.
pub(super) fn authorizations(parsing: &mut Parsing<'_>, substitution: &Substitution) -> Vec<Authorization> {
    let mut connections = Vec::new();
    for provider in parsing.family(PROVIDERS) {
        let mut properties = Properties::new(provider);
        properties.note_unknown(KNOWN_OF_PROVIDERS);
        let kind = properties.required(&["identityProvider"]);
        let Some(kind) = parsing.settle(properties, kind) else { continue };
        for resource in parsing.family(provider.id.child("authorizations").as_str()) {
            let principals = principals(parsing, &resource.id);
            let mut reader = Reader {
                properties: Properties::new(resource),
                provider: Properties::new(provider),
                kind,
                substitution,
            };
            let grant = reader.grant();
            parsing.settle_findings(&provider.id, reader.provider.findings);
            let grant = parsing.settle(reader.properties, grant);
            if let Some(grant) = grant.filter(|_| !parsing.refused.contains_key(&provider.id)) {
                let (provider, id) = (provider.id.name().to_owned(), resource.id.name().to_owned());
                connections.push(Authorization { provider, id, grant, principals });
            }
        }
    }
    connections
}

// A policy of access that cannot be read lets nobody in.
fn principals(parsing: &mut Parsing<'_>, connection: &ResourceId) -> Vec<Principal> {
    let mut principals = Vec::new();
    for resource in parsing.family(connection.child("accessPolicies").as_str()) {
        let mut properties = Properties::new(resource);
        properties.note_unknown(&["appIds", "objectId", "tenantId"]);
        let (tenant, object) = (properties.required(&["tenantId"]), properties.required(&["objectId"]));
        let principal = tenant.zip(object);
        principals.extend(
            parsing
                .settle(properties, principal)
                .map(|(tenant, object)| Principal { tenant: tenant.to_owned(), object: object.to_owned() }),
        );
    }
    principals
}

struct Reader<'a, 's> {
    properties: Properties<'a>,
    provider: Properties<'a>,
    kind: &'a str,
    substitution: &'s Substitution,
}

impl Reader<'_, '_> {
    fn grant(&mut self) -> Option<Grant> {
        self.properties.note_unknown(KNOWN);
        let kind = self.properties.required(&["authorizationType"])?;
        if !kind.eq_ignore_ascii_case("OAuth2") {
            self.properties.not_one_of(&["authorizationType"], kind, "`OAuth2`");
            return None;
        }
        let written = self.properties.required(&["oauth2grantType"])?;
        if written.eq_ignore_ascii_case("AuthorizationCode") {
            note_consent(&mut self.properties);
            return Some(Grant::Consent);
        }
        if !written.eq_ignore_ascii_case("ClientCredentials") {
            let expected = "`ClientCredentials` or `AuthorizationCode`";
            self.properties.not_one_of(&["oauth2grantType"], written, expected);
            return None;
        }
        self.note_parameters();
        let (client, secret) = (self.needed("clientId"), self.needed("clientSecret"));
        let (token_url, resource, scopes) = (self.token_url(), self.given("resourceUri"), self.given("scopes"));
        let (token_url, client, secret) = (token_url?, client?, Secret(secret?));
        let (resource, scopes) = (resource?, scopes?);
        Some(Grant::Client(Arc::new(ClientGrant { token_url, client, secret, resource, scopes })))
    }

    // Decision: what is known of a provider is where Entra ID is; of all others the token endpoint must be written
    // (fixtures/policy/get-authorization-context.conversation).
    fn token_url(&mut self) -> Option<Url> {
        let (written, name) = match self.given("tokenUrl")? {
            Some(url) => (url, "tokenUrl"),
            None if self.kind.eq_ignore_ascii_case(ENTRA) => {
                let (login, tenant) = (self.given("loginUri")?, self.given("tenantId")?);
                let (login, tenant) = (login.as_deref().unwrap_or(LOGIN), tenant.as_deref().unwrap_or(TENANT));
                (format!("{}/{tenant}/oauth2/token", login.trim_end_matches('/')), "loginUri")
            }
            None => {
                let message = format!("where `{}` gives tokens is not known: `tokenUrl` is missing", self.kind);
                self.provider.error(&["oauth2", "grantTypes", "clientCredentials"], "missing-property", message);
                return None;
            }
        };
        Url::parse(&written)
            .map_err(|error| {
                self.error(name, "invalid-url", format!("`{written}` is not a URL: {error}"));
            })
            .ok()
    }

    fn needed(&mut self, name: &str) -> Option<String> {
        let given = self.given(name)?;
        if given.is_none() {
            self.error(name, "missing-property", format!("`parameters.{name}` is missing"));
        }
        given
    }

    // What the connection says, else what the provider says for all of its connections. `Some(None)` when nobody says anything;
    // `None` when it cannot be used, which has been reported.
    fn given(&mut self, name: &str) -> Option<Option<String>> {
        let (own, of_provider) = (["parameters", name], ["oauth2", "grantTypes", "clientCredentials", name]);
        for (properties, path) in [(&mut self.properties, &own[..]), (&mut self.provider, &of_provider[..])] {
            if properties.value(path).is_some_and(|value| value.as_str() != Some("")) {
                let written = properties.text(path)?;
                return properties.substituted(path, written, self.substitution).map(Some);
            }
        }
        Some(None)
    }

    fn error(&mut self, name: &str, code: &'static str, message: String) {
        let of_provider = ["oauth2", "grantTypes", "clientCredentials", name];
        let is_own = self.properties.value(&["parameters", name]).is_some();
        match self.provider.value(&of_provider).filter(|_| !is_own) {
            Some(_) => self.provider.error(&of_provider, code, message),
            None => self.properties.error(&["parameters", name], code, message),
        }
    }

    fn note_parameters(&mut self) {
        let parameters = self.properties.value(&["parameters"]).and_then(|value| value.as_object());
        let names = parameters.into_iter().flat_map(|parameters| parameters.keys());
        for name in names.filter(|name| !PARAMETERS.contains(&name.as_str())) {
            let message = format!("`{name}` has no effect");
            self.properties.warning(&["parameters", name], "no-effect", message);
        }
    }
}

fn note_consent(properties: &mut Properties<'_>) {
    let Resource { id, origin, .. } = properties.resource;
    let message =
        format!("`{id}` has no effect: its tokens need the consent of a user, and Azure keeps what came of it");
    properties.findings.push(Diagnostic::note("no-effect", origin.file.clone(), message));
}
