//! The route table: host, path, version and revision choose the API, its tree the operation. Knows nothing of keys and policies.
//!
//! The API is chosen first and kept: a miss inside it does not fall back to an API with a shorter path.
//! Fixtures: `fixtures/route/{apis,versions,misses}.json`; `reference` states the same rules as a linear scan.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use indexmap::IndexMap;

use crate::config::model::VersioningScheme;
use crate::http::percent::{Plus, is_dot_segment, stands_for};
use crate::http::{Method, Query, RequestHead, Scheme, latin1};
use crate::route::api::RouteApi;
use crate::route::operations::OperationTree;
use crate::route::segments::SegmentMap;

/// Everything that a gateway serves, compiled for look-up.
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    entries: Vec<Entry>,
    /// By host name in lower case.
    exact: BTreeMap<Box<str>, PathNode>,
    /// By what follows the `*.`, in lower case.
    wildcard: BTreeMap<Box<str>, PathNode>,
    any: PathNode,
}

#[derive(Clone, Debug)]
struct Entry {
    api: RouteApi,
    tree: OperationTree,
}

/// Paths of APIs, segment by segment.
#[derive(Clone, Debug, Default)]
struct PathNode {
    children: SegmentMap<PathNode>,
    /// The entries with exactly this path: all versions and revisions, in the order given.
    entries: Vec<usize>,
}

/// What serves a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteMatch<'r> {
    /// The API's index, as [`RouteApi`] gave it.
    pub api: usize,
    /// The operation's place in its API; `None` only for an `OPTIONS` request whose path other methods serve, so that
    /// cors can answer a preflight. Without cors it is a miss like any other.
    pub operation: Option<usize>,
    /// The methods that serve the path when `operation` is `None`; empty otherwise.
    pub methods: Vec<Method>,
    /// The template's parameters, decoded, in its order.
    pub parameters: IndexMap<String, String>,
    /// The raw path behind the API's path, its version segment and `;rev=N`: empty, or beginning with `/`.
    pub remainder: &'r str,
}

/// Why nothing serves a request. The caller learns 404 in every case; the difference is for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteMiss {
    /// The path has a `.` or `..` segment, which no client sends and a backend might follow.
    DotSegment,
    /// No API answers on this host and path.
    Api,
    /// There are APIs with this path, none with the version asked for; `None`: none without an identifier.
    Version(Option<String>),
    /// The API has no such revision online; `None`: it has no current one.
    Revision(Option<String>),
    /// The API, by its index, does not answer on this scheme.
    Scheme(usize),
    /// The API, by its index, has no operation for the path and the query.
    Operation(usize),
    /// The API, by its index, has operations for the path, with these methods only.
    Method(usize, Vec<Method>),
}

impl RouteMiss {
    /// The index of the API, as far as one was found.
    #[must_use]
    pub const fn api(&self) -> Option<usize> {
        match self {
            Self::DotSegment | Self::Api | Self::Version(_) | Self::Revision(_) => None,
            Self::Scheme(api) | Self::Operation(api) | Self::Method(api, _) => Some(*api),
        }
    }
}

impl fmt::Display for RouteMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DotSegment => f.write_str("the path has a dot segment"),
            Self::Api => f.write_str("no API has this host and path"),
            Self::Version(Some(version)) => write!(f, "no API with this path has version `{version}`"),
            Self::Version(None) => f.write_str("the API needs a version"),
            Self::Revision(Some(revision)) => write!(f, "the API has no online revision `{revision}`"),
            Self::Revision(None) => f.write_str("the API has no current revision"),
            Self::Scheme(_) => f.write_str("the API does not answer on this scheme"),
            Self::Operation(_) => f.write_str("the API has no operation for this path"),
            Self::Method(_, methods) => {
                f.write_str("the operations of this path have other methods:")?;
                methods.iter().try_for_each(|method| write!(f, " {method}"))
            }
        }
    }
}

/// One line of the printed route table; the order of the fields is the order of the lines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteRow {
    /// The host name, or `*`.
    pub host: String,
    /// The path with version segment, `;rev=N` unless the revision is the current one, and the operation's template.
    pub path: String,
    /// The query parameter or the header field that must carry the version, as in `?api-version=v2` or `Api-Version: v2`.
    pub version: String,
    /// The method.
    pub method: String,
    /// The scheme.
    pub scheme: Scheme,
    /// The name of the API.
    pub api: String,
    /// The revision.
    pub revision: String,
    /// The name of the operation.
    pub operation: String,
}

/// The APIs at the longest path, and what the path says besides.
struct Mounted<'t, 'r> {
    entries: &'t [usize],
    revision: Option<&'r str>,
    remainder: &'r str,
}

/// The version that a request asks for.
struct Asked<'t, 'r> {
    scheme: &'t VersioningScheme,
    value: Cow<'r, str>,
}

impl RouteTable {
    /// Compiles the table. Where two APIs would serve the same request, the one given first does.
    #[must_use]
    pub fn build(apis: Vec<RouteApi>) -> Self {
        let mut table = Self::default();
        for api in apis {
            let place = table.entries.len();
            if api.hosts.is_empty() {
                table.any.insert(&api.path, place);
            }
            for host in &api.hosts {
                let host = host.to_ascii_lowercase();
                match (host.as_str(), host.strip_prefix("*.")) {
                    ("*", _) => table.any.insert(&api.path, place),
                    (_, Some(suffix)) => table.wildcard.entry(suffix.into()).or_default().insert(&api.path, place),
                    (_, None) => table.exact.entry(host.into()).or_default().insert(&api.path, place),
                }
            }
            let tree = OperationTree::build(&api.operations);
            table.entries.push(Entry { api, tree });
        }
        table
    }

    /// Finds what serves a request.
    ///
    /// # Errors
    /// Says what is missing.
    pub fn route<'r>(&self, request: &'r RequestHead) -> Result<RouteMatch<'r>, RouteMiss> {
        let (path, query) = (request.url.path.as_str(), request.url.query.as_deref());
        if path.split('/').any(is_dot_segment) {
            return Err(RouteMiss::DotSegment);
        }
        let mut mounted = self.mounted(&request.url.host, path).ok_or(RouteMiss::Api)?;
        let entry = self.choose(&mut mounted, request)?;
        let (api, remainder) = (entry.api.index, mounted.remainder);
        if !entry.api.schemes.contains(&request.url.scheme) {
            return Err(RouteMiss::Scheme(api));
        }
        let operations = &entry.api.operations;
        if let Some(place) = entry.tree.find(operations, remainder, query, &request.method) {
            let template = operations.get(place).map(|operation| &operation.template);
            let parameters = template.and_then(|template| template.match_request(remainder, query)).unwrap_or_default();
            return Ok(RouteMatch { api, operation: Some(place), methods: Vec::new(), parameters, remainder });
        }
        let methods = entry.tree.methods(operations, remainder, query);
        if methods.is_empty() {
            Err(RouteMiss::Operation(api))
        } else if request.method == Method::OPTIONS {
            Ok(RouteMatch { api, operation: None, methods, parameters: IndexMap::new(), remainder })
        } else {
            // No `HEAD` from `GET`: APIM serves only the methods that an API declares. Fixture: `misses.json`.
            Err(RouteMiss::Method(api, methods))
        }
    }

    /// The APIs of the longest path, on the most precise host that has any: the name itself, then `*.` for its first
    /// label, then every host.
    fn mounted<'t, 'r>(&'t self, host: &str, path: &'r str) -> Option<Mounted<'t, 'r>> {
        let lower: Cow<'_, str> = if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(host.to_ascii_lowercase())
        } else {
            Cow::Borrowed(host)
        };
        let host = lower.strip_suffix('.').unwrap_or(&lower);
        let suffix = host.split_once('.').map_or("", |(_, suffix)| suffix);
        let tiers = [self.exact.get(host), self.wildcard.get(suffix), Some(&self.any)];
        tiers.into_iter().flatten().find_map(|root| root.longest(path))
    }

    /// The API of the version and the revision that the request asks for; a version segment leaves the remainder.
    fn choose<'r>(&self, mounted: &mut Mounted<'_, 'r>, request: &'r RequestHead) -> Result<&Entry, RouteMiss> {
        let asked = self.asked_segment(mounted).or_else(|| self.asked_elsewhere(mounted, request));
        let of_version = || self.entries_at(mounted.entries).filter(|entry| entry.is_version(asked.as_ref()));
        if of_version().next().is_none() {
            return Err(RouteMiss::Version(asked.map(|asked| asked.value.into_owned())));
        }
        let found = of_version().find(|entry| match mounted.revision {
            Some(revision) => entry.api.revision == revision,
            None => entry.api.is_current,
        });
        found.ok_or_else(|| RouteMiss::Revision(mounted.revision.map(str::to_owned)))
    }

    /// The version in the first segment of the remainder, which may carry the revision when the API's path did not.
    fn asked_segment<'t, 'r>(&'t self, mounted: &mut Mounted<'_, 'r>) -> Option<Asked<'t, 'r>> {
        let (segment, after) = split_segment(mounted.remainder)?;
        let (name, revision) = match mounted.revision {
            None => split_revision(segment),
            Some(revision) => (segment, Some(revision)),
        };
        let version = self.entries_at(mounted.entries).find_map(|entry| {
            let version = entry.api.version.as_ref()?;
            let is_asked = version.scheme == VersioningScheme::Segment
                && !version.name.is_empty()
                && stands_for(name, &version.name, Plus::Literal);
            is_asked.then_some(version)
        })?;
        (mounted.revision, mounted.remainder) = (revision, after);
        Some(Asked { scheme: &version.scheme, value: Cow::Owned(version.name.clone()) })
    }

    /// The version in a query parameter or a header field; an empty one asks for nothing.
    fn asked_elsewhere<'t, 'r>(&'t self, mounted: &Mounted<'_, 'r>, request: &'r RequestHead) -> Option<Asked<'t, 'r>> {
        self.entries_at(mounted.entries).find_map(|entry| {
            let scheme = &entry.api.version.as_ref()?.scheme;
            let value = match scheme {
                VersioningScheme::Segment => None,
                VersioningScheme::Query(name) => Query::new(request.url.query.as_deref()).get(name),
                VersioningScheme::Header(name) => {
                    request.headers.get(name.as_str()).map(|value| match value.to_str() {
                        Ok(text) => Cow::Borrowed(text),
                        Err(_) => Cow::Owned(latin1(value)),
                    })
                }
            };
            value.filter(|value| !value.is_empty()).map(|value| Asked { scheme, value })
        })
    }

    fn entries_at<'t>(&'t self, places: &[usize]) -> impl Iterator<Item = &'t Entry> {
        places.iter().filter_map(|place| self.entries.get(*place))
    }

    /// Every route, sorted.
    #[must_use]
    pub fn rows(&self) -> Vec<RouteRow> {
        let mut rows: Vec<RouteRow> = self.entries.iter().flat_map(|entry| entry.rows()).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }
}

impl Entry {
    fn is_version(&self, asked: Option<&Asked<'_, '_>>) -> bool {
        match (asked, &self.api.version) {
            (None, _) => self.api.version_name().is_empty(),
            (Some(_), None) => false,
            (Some(asked), Some(version)) => {
                version.scheme == *asked.scheme && version.name.eq_ignore_ascii_case(&asked.value)
            }
        }
    }

    fn rows(&self) -> Vec<RouteRow> {
        let api = &self.api;
        let every_host = ["*".to_owned()];
        let hosts = if api.hosts.is_empty() { &every_host[..] } else { &api.hosts };
        let (prefix, version) = self.prefix_and_version();
        let mut rows = Vec::with_capacity(hosts.len() * api.schemes.len() * api.operations.len());
        for (host, scheme) in hosts.iter().flat_map(|host| api.schemes.iter().map(move |scheme| (host, scheme))) {
            for operation in &api.operations {
                let template = operation.template.as_str();
                let slash = if template.starts_with('/') { "" } else { "/" };
                rows.push(RouteRow {
                    host: host.to_ascii_lowercase(),
                    path: format!("{prefix}{slash}{template}"),
                    version: version.clone(),
                    method: operation.method.to_string(),
                    scheme: *scheme,
                    api: api.name.clone(),
                    revision: api.revision.clone(),
                    operation: operation.name.clone(),
                });
            }
        }
        rows
    }

    fn prefix_and_version(&self) -> (String, String) {
        let api = &self.api;
        let mut prefix: String = path_segments(&api.path).flat_map(|segment| ["/", segment]).collect();
        if !api.is_current {
            let slash = if prefix.is_empty() { "/" } else { "" };
            prefix.push_str(&format!("{slash};rev={}", api.revision));
        }
        let mut carrier = String::new();
        if let Some(version) = api.version.as_ref().filter(|version| !version.name.is_empty()) {
            let name = &version.name;
            match &version.scheme {
                VersioningScheme::Segment => prefix.push_str(&format!("/{name}")),
                VersioningScheme::Query(parameter) => carrier = format!("?{parameter}={name}"),
                VersioningScheme::Header(field) => carrier = format!("{field}: {name}"),
            }
        }
        (prefix, carrier)
    }
}

impl PathNode {
    fn insert(&mut self, path: &str, entry: usize) {
        let mut node = self;
        for segment in path_segments(path) {
            node = node.children.entry(segment);
        }
        if !node.entries.contains(&entry) {
            node.entries.push(entry);
        }
    }

    /// The deepest node with APIs on the way of `path`. `;rev=N` at the end of a segment ends the API's path there; a
    /// segment that holds nothing else belongs to the API with the empty path.
    fn longest<'r>(&self, path: &'r str) -> Option<Mounted<'_, 'r>> {
        let mut node = self;
        let mut found = node.mounted(None, path);
        let mut rest = path;
        while let Some((segment, after)) = split_segment(rest) {
            let (name, revision) = split_revision(segment);
            let is_root = rest.len() == path.len();
            if name.is_empty() {
                return revision.filter(|_| is_root).and_then(|revision| self.mounted(Some(revision), after)).or(found);
            }
            let Some(child) = node.children.get(name) else { break };
            found = child.mounted(revision, after).or(found);
            if revision.is_some() {
                break;
            }
            (node, rest) = (child, after);
        }
        found
    }

    fn mounted<'r>(&self, revision: Option<&'r str>, remainder: &'r str) -> Option<Mounted<'_, 'r>> {
        (!self.entries.is_empty()).then_some(Mounted { entries: &self.entries, revision, remainder })
    }
}

fn path_segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// The first segment of a path that begins with `/`, and the path behind it.
fn split_segment(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix('/')?;
    Some(path.split_at(path.find('/').unwrap_or(path.len())))
}

/// Takes `;rev=N` off the end of a segment.
fn split_revision(segment: &str) -> (&str, Option<&str>) {
    let marked = segment.match_indices(';').find_map(|(at, _)| {
        let (name, marker) = (segment.get(..at)?, segment.get(at..)?);
        let is_revision = marker.get(..5)?.eq_ignore_ascii_case(";rev=");
        is_revision.then_some((name, marker.get(5..)))
    });
    marked.unwrap_or((segment, None))
}
