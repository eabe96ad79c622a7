//! What routing needs of one revision of an API, its URL templates read. Knows nothing of other APIs.

use crate::config::model::{Api, Protocol, Version};
use crate::http::{Method, Scheme, TemplateError, UrlTemplate};

/// One revision of an API, as the route table sees it.
#[derive(Clone, Debug)]
pub struct RouteApi {
    /// Its place in the snapshot's list of APIs; a match gives it back.
    pub index: usize,
    /// The name without revision.
    pub name: String,
    /// The revision, as in `2`.
    pub revision: String,
    /// Whether it answers without `;rev=N`.
    pub is_current: bool,
    /// The path behind the host; slashes at its ends do not count.
    pub path: String,
    /// The schemes that it answers on.
    pub schemes: Vec<Scheme>,
    /// Host names, `*.` wildcards among them; empty means all.
    pub hosts: Vec<String>,
    /// Its place in a version set.
    pub version: Option<Version>,
    /// The operations, in the order of the API's own list.
    pub operations: Vec<RouteOperation>,
}

/// One operation, as the route table sees it.
#[derive(Clone, Debug)]
pub struct RouteOperation {
    /// Its name.
    pub name: String,
    /// The method.
    pub method: Method,
    /// The URL template.
    pub template: UrlTemplate,
}

/// An operation whose URL template cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadTemplate {
    /// The place of the operation in its API's list.
    pub operation: usize,
    /// What is wrong, and where in the template.
    pub error: TemplateError,
}

impl RouteApi {
    /// What routing needs of `api`, which stands at `index` in the snapshot's list.
    ///
    /// # Errors
    /// Every operation whose URL template cannot be read.
    pub fn new(index: usize, api: &Api) -> Result<Self, Vec<BadTemplate>> {
        let (mut operations, mut bad) = (Vec::with_capacity(api.operations.len()), Vec::new());
        for (at, operation) in api.operations.iter().enumerate() {
            match UrlTemplate::parse(&operation.url_template) {
                Ok(template) => operations.push(RouteOperation {
                    name: operation.name.clone(),
                    method: operation.method.clone(),
                    template,
                }),
                Err(error) => bad.push(BadTemplate { operation: at, error }),
            }
        }
        if !bad.is_empty() {
            return Err(bad);
        }
        Ok(Self {
            index,
            name: api.name.clone(),
            revision: api.revision.clone(),
            is_current: api.is_current,
            path: api.path.clone(),
            schemes: schemes_of(&api.protocols),
            hosts: api.hosts.clone(),
            version: api.version.clone(),
            operations,
        })
    }

    /// The version's identifier; empty for the original version and for an API without versions.
    #[must_use]
    pub fn version_name(&self) -> &str {
        self.version.as_ref().map_or("", |version| version.name.as_str())
    }
}

/// A WebSocket begins as a request of http or https. An API without protocols answers on https alone, ARM's default.
fn schemes_of(protocols: &[Protocol]) -> Vec<Scheme> {
    let mut schemes: Vec<Scheme> = protocols
        .iter()
        .map(|protocol| match protocol {
            Protocol::Http | Protocol::Ws => Scheme::Http,
            Protocol::Https | Protocol::Wss => Scheme::Https,
        })
        .collect();
    if schemes.is_empty() {
        schemes.push(Scheme::Https);
    }
    schemes.sort_unstable();
    schemes.dedup();
    schemes
}
