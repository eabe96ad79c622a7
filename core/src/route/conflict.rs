//! Finds what another API hides: an API with the same address, or operations below the path of a longer one. Judges nothing.
//!
//! `config` refuses such APIs where it sees both; what it cannot see is an API that is held back at an older version.

use std::collections::BTreeMap;
use std::fmt;

use crate::config::model::VersioningScheme;
use crate::http::percent::decode;
use crate::http::template::Segment;
use crate::route::api::{RouteApi, RouteOperation};

/// A part of a configuration that no request reaches, because another one is found first.
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
    /// All requests for an operation go to an API with a longer path, which is chosen and kept.
    Operation {
        /// The index of the operation's API.
        api: usize,
        /// The place of the operation in it.
        operation: usize,
        /// The index of the API that gets the requests.
        by: usize,
    },
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api { host, .. } => {
                write!(f, "another API has the same path, version and revision on host `{host}` and hides this one")
            }
            Self::Operation { .. } => f.write_str("an API with a longer path gets all requests for this operation"),
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
    let mut paths: BTreeMap<String, Vec<&RouteApi>> = BTreeMap::new();
    for api in apis {
        paths.entry(path_of(api)).or_default().push(api);
    }
    found.extend(apis.iter().filter(|api| api.is_current).flat_map(|api| operations_below(api, &paths)));
    found
}

// The path behind the host, decoded and in lower case, without slashes at its ends.
fn path_of(api: &RouteApi) -> String {
    let path = decode(&api.path).to_ascii_lowercase();
    path.split('/').filter(|segment| !segment.is_empty()).collect::<Vec<_>>().join("/")
}

fn operations_below(api: &RouteApi, paths: &BTreeMap<String, Vec<&RouteApi>>) -> Vec<Conflict> {
    let mut prefix = path_of(api);
    if let Some(version) = &api.version
        && version.scheme == VersioningScheme::Segment
        && !version.name.is_empty()
    {
        push_segment(&mut prefix, &version.name.to_ascii_lowercase());
    }
    let hidden = api.operations.iter().enumerate().filter_map(|(operation, found)| {
        let by = hiding(&prefix, found, api, paths)?;
        Some(Conflict::Operation { api: api.index, operation, by })
    });
    hidden.collect()
}

// The API that is found at the literal beginning of an operation's path, on every host of its own API.
fn hiding(
    prefix: &str,
    operation: &RouteOperation,
    api: &RouteApi,
    paths: &BTreeMap<String, Vec<&RouteApi>>,
) -> Option<usize> {
    let mut path = prefix.to_owned();
    for segment in operation.template.segments() {
        let Segment::Literal(literal) = segment else { return None };
        push_segment(&mut path, literal);
        let there = paths.get(&path).into_iter().flatten();
        if let Some(by) = there.copied().find(|other| covers_hosts(other, api)) {
            return Some(by.index);
        }
    }
    None
}

fn push_segment(path: &mut String, segment: &str) {
    if !path.is_empty() {
        path.push('/');
    }
    path.push_str(segment);
}

// A more precise host is looked at first, and kept: an API of every host hides nothing of an API with hosts of its own.
fn covers_hosts(other: &RouteApi, api: &RouteApi) -> bool {
    hosts_of(api).iter().all(|host| hosts_of(other).contains(host))
}

fn hosts_of(api: &RouteApi) -> Vec<String> {
    let mut hosts: Vec<String> = api.hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
    if hosts.is_empty() {
        hosts.push("*".to_owned());
    }
    hosts
}

/// The addresses of an API with their hosts: by its revision, and without one when it is the current one.
fn addresses_of(api: &RouteApi) -> Vec<(String, String)> {
    let path = path_of(api);
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
    let mut addresses = Vec::new();
    for host in hosts_of(api) {
        let address = format!("{host}\n{path}\n{version}\n");
        if api.is_current {
            addresses.push((host.clone(), format!("{address}current")));
        }
        addresses.push((host, format!("{address};{}", api.revision)));
    }
    addresses
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
    fn operations_behind_a_longer_path() {
        let version = Some(Version { set: "s".into(), name: "v1".into(), scheme: VersioningScheme::Segment });
        let templates = ["/", "/a/{x}", "/A%20b/*", "/{y}/c", "/h/x", "/v"];
        let hosted = RouteApi { hosts: vec!["h".into()], ..api(5, "", "1", &["/a", "/h/x", "/z"]) };
        let apis = [
            api(0, "", "1", &templates),
            api(1, "a", "1", &["/c"]),
            RouteApi { is_current: false, ..api(2, "/a b/", "2", &[]) },
            RouteApi { hosts: vec!["H".into()], ..api(3, "h", "1", &[]) },
            RouteApi { version, ..api(4, "", "1", &["/w"]) },
            hosted,
            api(6, "v1/w", "1", &[]),
        ];
        let hidden = |api, operation, by| Conflict::Operation { api, operation, by };
        assert_eq!(conflicts(&apis), [hidden(0, 1, 1), hidden(0, 2, 2), hidden(4, 0, 6), hidden(5, 1, 3)]);
    }
}
