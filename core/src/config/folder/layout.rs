//! Which file of a folder is which document of which resource: one table. Reads no file.
//!
//! Upper half: the apiops extractor (2026-07) and the list files of its older versions. Lower half: ours, in the same style.

use crate::config::document::Syntax;
use crate::config::resource::ResourceId;
use crate::diagnostic::did_you_mean;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `{"properties": {…}}`, a link's may be `{}`.
    Information,
    /// An information file of an operation, which may also stand in a specification.
    Operation,
    /// A policy document, raw.
    Policy,
    /// An OpenAPI 3 document.
    Specification(Syntax),
    /// The schema of a GraphQL API.
    GraphQlSchema,
    /// A specification in a language that is not read.
    ForeignSpecification,
    /// A list of linked names.
    List,
    /// A text that becomes this property.
    Attachment(&'static str),
    /// Lines of `name=value`.
    Secrets,
    /// A key store that is not read.
    Pfx,
}

/// What the layout makes of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A document of this resource.
    Known {
        /// The resource; of a list the collection.
        id: ResourceId,
        /// What the file holds.
        kind: Kind,
    },
    /// A file of a workspace.
    Workspace(String),
    /// Nothing; `folder` is the topmost file or folder that is not known.
    Unknown {
        /// The path of it.
        folder: String,
        /// What may have been meant.
        help: Option<String>,
    },
}

// `{}` stands for one segment: the name of a resource.
const TABLE: &[(&str, &str, Kind)] = &[
    ("policy.xml", "/policies/policy", Kind::Policy),
    ("apis/{}/apiInformation.json", "/apis/{}", Kind::Information),
    ("apis/{}/policy.xml", "/apis/{}/policies/policy", Kind::Policy),
    ("apis/{}/specification.yaml", "/apis/{}", Kind::Specification(Syntax::Yaml)),
    ("apis/{}/specification.yml", "/apis/{}", Kind::Specification(Syntax::Yaml)),
    ("apis/{}/specification.json", "/apis/{}", Kind::Specification(Syntax::Json)),
    ("apis/{}/specification.graphql", "/apis/{}/schemas/graphql", Kind::GraphQlSchema),
    ("apis/{}/specification.wsdl", "/apis/{}", Kind::ForeignSpecification),
    ("apis/{}/specification.wadl", "/apis/{}", Kind::ForeignSpecification),
    ("apis/{}/operations/{}/policy.xml", "/apis/{}/operations/{}/policies/policy", Kind::Policy),
    ("apis/{}/diagnostics/{}/diagnosticInformation.json", "/apis/{}/diagnostics/{}", Kind::Information),
    ("apis/{}/releases/{}/apiReleaseInformation.json", "/apis/{}/releases/{}", Kind::Information),
    ("apis/{}/schemas/{}/apiSchemaInformation.json", "/apis/{}/schemas/{}", Kind::Information),
    ("apis/{}/tags.json", "/apis/{}/tags", Kind::List),
    ("products/{}/productInformation.json", "/products/{}", Kind::Information),
    ("products/{}/policy.xml", "/products/{}/policies/policy", Kind::Policy),
    ("products/{}/apis/{}/productApiInformation.json", "/products/{}/apis/{}", Kind::Information),
    ("products/{}/groups/{}/productGroupInformation.json", "/products/{}/groups/{}", Kind::Information),
    ("products/{}/apis.json", "/products/{}/apis", Kind::List),
    ("products/{}/groups.json", "/products/{}/groups", Kind::List),
    ("products/{}/tags.json", "/products/{}/tags", Kind::List),
    ("subscriptions/{}/subscriptionInformation.json", "/subscriptions/{}", Kind::Information),
    ("named values/{}/namedValueInformation.json", "/namedValues/{}", Kind::Information),
    ("backends/{}/backendInformation.json", "/backends/{}", Kind::Information),
    ("loggers/{}/loggerInformation.json", "/loggers/{}", Kind::Information),
    ("diagnostics/{}/diagnosticInformation.json", "/diagnostics/{}", Kind::Information),
    ("policy fragments/{}/policyFragmentInformation.json", "/policyFragments/{}", Kind::Information),
    ("policy fragments/{}/policy.xml", "/policyFragments/{}", Kind::Attachment("value")),
    ("version sets/{}/versionSetInformation.json", "/apiVersionSets/{}", Kind::Information),
    ("gateways/{}/gatewayInformation.json", "/gateways/{}", Kind::Information),
    ("gateways/{}/apis/{}/gatewayApiInformation.json", "/gateways/{}/apis/{}", Kind::Information),
    ("gateways/{}/apis.json", "/gateways/{}/apis", Kind::List),
    ("groups/{}/groupInformation.json", "/groups/{}", Kind::Information),
    ("groups/{}/users/{}/groupUserInformation.json", "/groups/{}/users/{}", Kind::Information),
    ("tags/{}/tagInformation.json", "/tags/{}", Kind::Information),
    ("tags/{}/apis/{}/tagApiInformation.json", "/tags/{}/apis/{}", Kind::Information),
    ("tags/{}/products/{}/tagProductInformation.json", "/tags/{}/products/{}", Kind::Information),
    // ours
    ("serviceInformation.json", "/service", Kind::Information),
    ("users/{}/userInformation.json", "/users/{}", Kind::Information),
    ("schemas/{}/schemaInformation.json", "/schemas/{}", Kind::Information),
    ("schemas/{}/schema.json", "/schemas/{}", Kind::Attachment("document")),
    ("schemas/{}/schema.xsd", "/schemas/{}", Kind::Attachment("document")),
    ("secrets.env", "", Kind::Secrets),
    ("apis/{}/operations/{}/operationInformation.json", "/apis/{}/operations/{}", Kind::Operation),
    ("apis/{}/resolvers/{}/resolverInformation.json", "/apis/{}/resolvers/{}", Kind::Information),
    ("apis/{}/resolvers/{}/policy.xml", "/apis/{}/resolvers/{}/policies/policy", Kind::Policy),
    (
        "gateways/{}/hostnameConfigurations/{}/hostnameConfigurationInformation.json",
        "/gateways/{}/hostnameConfigurations/{}",
        Kind::Information,
    ),
    (
        "gateways/{}/certificateAuthorities/{}/certificateAuthorityInformation.json",
        "/gateways/{}/certificateAuthorities/{}",
        Kind::Information,
    ),
    (
        "gateways/{}/debugCredentials/{}/debugCredentialInformation.json",
        "/gateways/{}/debugCredentials/{}",
        Kind::Information,
    ),
    ("certificates/{}/certificateInformation.json", "/certificates/{}", Kind::Information),
    ("certificates/{}/cert.pem", "/certificates/{}", Kind::Attachment("chainPem")),
    ("certificates/{}/key.pem", "/certificates/{}", Kind::Attachment("keyPem")),
    ("certificates/{}/cert.pfx", "/certificates/{}", Kind::Pfx),
    ("caches/{}/cacheInformation.json", "/caches/{}", Kind::Information),
    (
        "authorization providers/{}/authorizationProviderInformation.json",
        "/authorizationProviders/{}",
        Kind::Information,
    ),
    (
        "authorization providers/{}/authorizations/{}/authorizationInformation.json",
        "/authorizationProviders/{}/authorizations/{}",
        Kind::Information,
    ),
    (
        "authorization providers/{}/authorizations/{}/accessPolicies/{}/accessPolicyInformation.json",
        "/authorizationProviders/{}/authorizations/{}/accessPolicies/{}",
        Kind::Information,
    ),
];

/// What the file at `path` is.
pub(super) fn classify(path: &str) -> Place {
    let segments: Vec<&str> = path.split('/').collect();
    if let ["workspaces", name, ..] = segments.as_slice() {
        return Place::Workspace((*name).to_owned());
    }
    match TABLE.iter().find(|(pattern, ..)| matched(pattern, &segments) == Match::Whole) {
        Some((pattern, id, kind)) => Place::Known { id: expand(id, pattern, &segments), kind: *kind },
        None => unknown(&segments),
    }
}

/// The name of a resource as its id has it: `;` and `=` of `;rev=N` decoded, since some file systems carry them encoded.
pub(super) fn decoded(name: &str) -> String {
    name.replace("%3B", ";").replace("%3b", ";").replace("%3D", "=").replace("%3d", "=")
}

/// The name of the information file of a resource, as in `apiInformation.json` for `/apis/echo`.
pub(super) fn information_file(id: &ResourceId) -> &'static str {
    let family = id.segments().next().unwrap_or("");
    let is_own = |pattern: &str| pattern.strip_prefix('/').and_then(|rest| rest.strip_suffix("/{}")) == Some(family);
    let found = TABLE.iter().find(|(_, id, kind)| *kind == Kind::Information && is_own(id));
    found.and_then(|(path, ..)| path.rsplit('/').next()).unwrap_or("its information file")
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    /// This many segments from the left match.
    Part(usize),
    Whole,
}

fn matched(pattern: &str, segments: &[&str]) -> Match {
    let same = |(pattern, segment): &(&str, &&str)| *pattern == "{}" && !segment.is_empty() || pattern == *segment;
    let count = pattern.split('/').zip(segments).take_while(same).count();
    if count == segments.len() && count == pattern.split('/').count() { Match::Whole } else { Match::Part(count) }
}

fn expand(id: &str, pattern: &str, segments: &[&str]) -> ResourceId {
    let names = pattern.split('/').zip(segments).filter(|(pattern, _)| *pattern == "{}").map(|(_, name)| decoded(name));
    let id = names.fold(id.to_owned(), |id, name| id.replacen("{}", &name, 1));
    ResourceId::new(&id)
}

fn unknown(segments: &[&str]) -> Place {
    let known = TABLE.iter().map(|(pattern, ..)| match matched(pattern, segments) {
        Match::Part(count) => count,
        Match::Whole => segments.len(),
    });
    let known = known.max().unwrap_or(0).min(segments.len().saturating_sub(1));
    let folder = segments.iter().take(known + 1).copied().collect::<Vec<_>>().join("/");
    let help = segments.get(known).and_then(|word| {
        let siblings = TABLE.iter().filter(|(pattern, ..)| matched(pattern, segments) == Match::Part(known));
        did_you_mean(
            word,
            siblings.filter_map(|(pattern, ..)| pattern.split('/').nth(known).filter(|name| *name != "{}")),
        )
    });
    Place::Unknown { folder, help: help.or_else(|| overrides(&segments.join("/"))) }
}

fn overrides(path: &str) -> Option<String> {
    let is_override = path.starts_with("configuration.") && Syntax::of(path) == Some(Syntax::Yaml);
    is_override
        .then(|| "overrides are applied by the publisher of apiops; this reader takes the files as they are".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(path: &str) -> String {
        match classify(path) {
            Place::Known { id, .. } => id.to_string(),
            Place::Workspace(name) => format!("workspace {name}"),
            Place::Unknown { folder, help } => format!("? {folder} {}", help.unwrap_or_default()),
        }
    }

    #[test]
    fn paths_become_ids() {
        let table = [
            ("policy.xml", "/policies/policy"),
            ("apis/echo%3Brev%3D2/apiInformation.json", "/apis/echo;rev=2"),
            ("apis/echo/operations/get/policy.xml", "/apis/echo/operations/get/policies/policy"),
            ("named values/x/namedValueInformation.json", "/namedValues/x"),
            ("products/p/apis.json", "/products/p/apis"),
            ("workspaces/w/apis/x/apiInformation.json", "workspace w"),
            ("apis/echo/apiInformtion.json", "? apis/echo/apiInformtion.json did you mean `apiInformation.json`?"),
            ("apis/echo/notes/a/b.txt", "? apis/echo/notes "),
            ("named-values/x/namedValueInformation.json", "? named-values did you mean `named values`?"),
            (".git/HEAD", "? .git "),
            ("apis", "? apis "),
            ("", "?  "),
        ];
        for (path, expected) in table {
            assert_eq!(id(path), expected, "{path}");
        }
        assert!(id("configuration.prod.yaml").contains("publisher"));
        assert_eq!(information_file(&ResourceId::new("/apiVersionSets/v")), "versionSetInformation.json");
    }
}
