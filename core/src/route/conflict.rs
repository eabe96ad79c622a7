//! Finds APIs and operations that another one hides: they have the same address, and only the first is ever reached.

use std::collections::BTreeMap;
use std::fmt;

use crate::config::model::VersioningScheme;
use crate::http::percent::decode;
use crate::route::api::RouteApi;

/// Two parts of a configuration with one address. APIM refuses to save such a pair; a folder can hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// Two APIs answer the same requests on this host (`*` is every host).
    Api {
        /// The index of the API that is reached.
        first: usize,
        /// The index of the API that is not.
        second: usize,
        /// The host name.
        host: String,
    },
    /// Two operations of one API have the same method and templates that differ at most in the names of their parameters.
    Operation {
        /// The index of the API.
        api: usize,
        /// The place of the operation that is reached.
        first: usize,
        /// The place of the operation that is not.
        second: usize,
    },
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api { host, .. } => {
                write!(f, "another API has the same path, version and revision on host `{host}` and hides this one")
            }
            Self::Operation { .. } => {
                f.write_str("another operation of the API has the same method and URL template and hides this one")
            }
        }
    }
}

/// Every conflict, APIs first, in the order given.
#[must_use]
pub fn conflicts(apis: &[RouteApi]) -> Vec<Conflict> {
    let mut found = Vec::new();
    let mut addresses: BTreeMap<String, usize> = BTreeMap::new();
    for api in apis {
        let hidden = addresses_of(api).into_iter().find_map(|(host, address)| {
            let first = *addresses.entry(address).or_insert(api.index);
            (first != api.index).then_some((first, host))
        });
        if let Some((first, host)) = hidden {
            found.push(Conflict::Api { first, second: api.index, host });
        }
    }
    found.extend(apis.iter().flat_map(operation_conflicts));
    found
}

/// The addresses of an API with their hosts: by its revision, and without one when it is the current one.
fn addresses_of(api: &RouteApi) -> Vec<(String, String)> {
    let path: String = decode(&api.path).to_ascii_lowercase();
    let path: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let version = match &api.version {
        None => String::new(),
        Some(version) if version.name.is_empty() => String::new(),
        Some(version) => {
            let name = version.name.to_ascii_lowercase();
            match &version.scheme {
                VersioningScheme::Segment => format!("segment {name}"),
                VersioningScheme::Query(parameter) => format!("query {parameter} {name}"),
                VersioningScheme::Header(field) => format!("header {field} {name}"),
            }
        }
    };
    let mut hosts: Vec<String> = api.hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
    if hosts.is_empty() {
        hosts.push("*".to_owned());
    }
    let mut addresses = Vec::new();
    for host in hosts {
        let address = format!("{host}\n{}\n{version}\n", path.join("/"));
        if api.is_current {
            addresses.push((host.clone(), format!("{address}current")));
        }
        addresses.push((host, format!("{address};{}", api.revision)));
    }
    addresses
}

fn operation_conflicts(api: &RouteApi) -> Vec<Conflict> {
    let mut shapes: BTreeMap<String, usize> = BTreeMap::new();
    let operations = api.operations.iter().enumerate();
    operations
        .filter_map(|(place, operation)| {
            let shape = format!("{} {}", operation.method, operation.template.shape());
            let first = *shapes.entry(shape).or_insert(place);
            (first != place).then_some(Conflict::Operation { api: api.index, first, second: place })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::Version;
    use crate::http::{Method, Scheme, UrlTemplate};
    use crate::route::api::RouteOperation;

    fn api(index: usize, path: &str, revision: &str, templates: &[&str]) -> RouteApi {
        let operation = |template: &&str| RouteOperation {
            name: String::new(),
            method: Method::GET,
            template: UrlTemplate::parse(template).unwrap(),
        };
        RouteApi {
            index,
            name: format!("api-{index}"),
            revision: revision.into(),
            is_current: true,
            path: path.into(),
            schemes: vec![Scheme::Https],
            hosts: Vec::new(),
            version: None,
            operations: templates.iter().map(operation).collect(),
        }
    }

    #[test]
    fn apis_with_one_address() {
        let version =
            |name: &str| Some(Version { set: "s".into(), name: name.into(), scheme: VersioningScheme::Segment });
        let apis = [
            api(0, "a", "1", &[]),
            api(1, "/A/", "2", &[]),
            RouteApi { is_current: false, ..api(2, "a", "3", &[]) },
            RouteApi { version: version("v1"), ..api(3, "a", "1", &[]) },
            RouteApi { version: version(""), is_current: false, ..api(4, "a", "1", &[]) },
            RouteApi { hosts: vec!["h".into()], ..api(5, "a", "1", &[]) },
        ];
        let hidden = |second| Conflict::Api { first: 0, second, host: "*".into() };
        assert_eq!(conflicts(&apis), [hidden(1), hidden(4)]);
    }

    #[test]
    fn operations_with_one_template() {
        let templates =
            ["/a/{x}", "A/{y}/", "/a/{x}.b", "/a/{z}.B", "/a/{*x}", "/a/*", "/a?x={x}&y=1", "/a?Y=1&x={z}", "/a"];
        let hidden = |first, second| Conflict::Operation { api: 0, first, second };
        assert_eq!(conflicts(&[api(0, "", "1", &templates)]), [hidden(0, 1), hidden(2, 3), hidden(4, 5), hidden(6, 7)]);
    }
}
