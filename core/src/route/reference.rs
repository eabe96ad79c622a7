//! The naive router: the routing rules as a linear scan over all APIs and operations, and the property that the table agrees
//! with it. Shares no search, order or splitting with the code that it checks.

use indexmap::IndexMap;
use proptest::prelude::*;

use crate::config::model::{Version, VersioningScheme};
use crate::http::percent::decode;
use crate::http::{HeaderMap, HeaderValue, HttpVersion, Method, RequestHead, Scheme, Url, UrlTemplate};
use crate::route::api::{RouteApi, RouteOperation};
use crate::route::table::{RouteMatch, RouteMiss, RouteTable};

/// The outcome of either router in one shape.
type Outcome = Result<(usize, Option<usize>, Vec<Method>, Vec<(String, String)>, String), RouteMiss>;

pub(super) fn outcome_of(result: Result<RouteMatch<'_>, RouteMiss>) -> Outcome {
    result.map(|found| {
        let parameters = found.parameters.into_iter().collect();
        (found.api, found.operation, found.methods, parameters, found.remainder.to_owned())
    })
}

pub(super) fn route(apis: &[RouteApi], request: &RequestHead) -> Outcome {
    let segments: Vec<&str> = request.url.path[1..].split('/').collect();
    if segments.iter().any(|segment| matches!(decode(segment).as_ref(), "." | "..")) {
        return Err(RouteMiss::DotSegment);
    }
    let placed: Vec<(u32, usize, Option<&str>, usize, &RouteApi)> =
        apis.iter().filter_map(|api| place(api, &request.url.host, &segments)).collect();
    let Some(best) = placed.iter().map(|(tier, length, ..)| (*tier, *length)).max() else { return Err(RouteMiss::Api) };
    let at_best: Vec<_> = placed.into_iter().filter(|(tier, length, ..)| (*tier, *length) == best).collect();
    let (_, _, mut revision, mut taken, _) = at_best[0];
    let apis: Vec<&RouteApi> = at_best.iter().map(|(.., api)| *api).collect();

    let mut asked = None;
    if let Some(segment) = segments.get(taken) {
        let (name, own) = if revision.is_some() { (*segment, None) } else { cut_revision(segment) };
        let name = decode(name).to_lowercase();
        let is_it = |version: &&Version| version.scheme == VersioningScheme::Segment && version.name == name;
        if let Some(version) =
            apis.iter().filter_map(|api| api.version.as_ref()).find(is_it).filter(|_| !name.is_empty())
        {
            asked = Some((version.scheme.clone(), version.name.clone()));
            revision = revision.or(own);
            taken += 1;
        }
    }
    for version in apis.iter().filter_map(|api| api.version.as_ref()) {
        let value = match &version.scheme {
            VersioningScheme::Segment => None,
            VersioningScheme::Query(name) => query_values(request, name).into_iter().next(),
            VersioningScheme::Header(name) => {
                request.headers.get(name.as_str()).map(|value| value.to_str().unwrap().to_owned())
            }
        };
        if let (None, Some(value)) = (&asked, value.filter(|value| !value.is_empty())) {
            asked = Some((version.scheme.clone(), value));
        }
    }
    let has_version = |api: &&&RouteApi| match (&asked, &api.version) {
        (None, None) => true,
        (None, Some(version)) => version.name.is_empty(),
        (Some(_), None) => false,
        (Some((scheme, name)), Some(version)) => version.scheme == *scheme && version.name == name.to_lowercase(),
    };
    let apis: Vec<&&RouteApi> = apis.iter().filter(has_version).collect();
    if apis.is_empty() {
        return Err(RouteMiss::Version(asked.map(|(_, name)| name)));
    }
    let is_revision = |api: &&&&RouteApi| revision.map_or(api.is_current, |revision| api.revision == revision);
    let Some(api) = apis.iter().find(is_revision) else {
        return Err(RouteMiss::Revision(revision.map(str::to_owned)));
    };
    if !api.schemes.contains(&request.url.scheme) {
        return Err(RouteMiss::Scheme(api.index));
    }
    let remainder: String = segments[taken..].iter().flat_map(|segment| ["/", segment]).collect();
    operation(api, &remainder, request)
}

fn operation(api: &RouteApi, remainder: &str, request: &RequestHead) -> Outcome {
    let mut fitting: Vec<_> = api
        .operations
        .iter()
        .enumerate()
        .filter_map(|(at, operation)| {
            let (rank, values) = fit(operation.template.as_str(), remainder, request)?;
            Some((rank, at, operation.method.clone(), values))
        })
        .collect();
    fitting.sort();
    if let Some((_, at, _, values)) = fitting.iter().find(|(_, _, method, _)| *method == request.method) {
        return Ok((api.index, Some(*at), Vec::new(), values.clone(), remainder.to_owned()));
    }
    let mut methods = Vec::new();
    for (_, _, method, _) in fitting {
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    match (methods.is_empty(), request.method == Method::OPTIONS) {
        (true, _) => Err(RouteMiss::Operation(api.index)),
        (false, true) => Ok((api.index, None, methods, Vec::new(), remainder.to_owned())),
        (false, false) => Err(RouteMiss::Method(api.index, methods)),
    }
}

/// How precisely the API answers on the host, the length of its path, the revision behind it, and the segments taken.
fn place<'a, 's>(
    api: &'a RouteApi,
    host: &str,
    segments: &[&'s str],
) -> Option<(u32, usize, Option<&'s str>, usize, &'a RouteApi)> {
    let label_end = host.find('.').map_or(host.len(), |at| at);
    let tier = |pattern: &String| match pattern.to_ascii_lowercase().as_str() {
        "*" => 1,
        pattern if pattern == host => 3,
        pattern if pattern.starts_with('*') && pattern[1..] == host[label_end..] => 2,
        _ => 0,
    };
    let tier = if api.hosts.is_empty() { 1 } else { api.hosts.iter().map(tier).max()? };
    let path: Vec<&str> = api.path.split('/').filter(|segment| !segment.is_empty()).collect();
    let same = |left: &str, right: &str| decode(left).to_lowercase() == decode(right).to_lowercase();
    if tier == 0 || segments.len() < path.len() {
        return None;
    }
    let Some((last, before)) = path.split_last() else {
        let revision =
            Some(cut_revision(segments[0])).filter(|(name, _)| name.is_empty()).and_then(|(_, revision)| revision);
        return Some((tier, 0, revision, usize::from(revision.is_some()), api));
    };
    let (name, revision) = cut_revision(segments[before.len()]);
    let fits = before.iter().zip(segments).all(|(left, right)| same(left, right)) && same(last, name);
    fits.then_some((tier, path.len(), revision, path.len(), api))
}

fn cut_revision(segment: &str) -> (&str, Option<&str>) {
    match segment.to_ascii_lowercase().find(";rev=") {
        Some(at) => (&segment[..at], Some(&segment[at + ";rev=".len()..])),
        None => (segment, None),
    }
}

fn query_values(request: &RequestHead, name: &str) -> Vec<String> {
    let pairs =
        request.url.query.as_deref().unwrap_or("").split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| decode(value).replace('+', " ")).collect()
}

/// Precedence: per segment its kind, less literal text last, the literal texts; then query conditions, most first.
type Rank = (Vec<(u8, isize, Vec<String>)>, (isize, isize));

fn fit(template: &str, remainder: &str, request: &RequestHead) -> Option<(Rank, Vec<(String, String)>)> {
    let (path, query) = template.split_once('?').unwrap_or((template, ""));
    let listed = |text: &str| -> Vec<String> {
        let text = text.strip_prefix('/').unwrap_or(text);
        let mut segments: Vec<String> = text.split('/').map(str::to_owned).collect();
        if segments.last().is_some_and(String::is_empty) {
            segments.pop();
        }
        segments
    };
    let (wanted, given) = (listed(path), listed(remainder));
    let (mut rank, mut values) = (Vec::new(), Vec::new());
    let is_wildcard = wanted.last().is_some_and(|last| last == "*" || last.starts_with("{*"));
    let fixed = wanted.len() - usize::from(is_wildcard);
    if given.len() < fixed || (given.len() > fixed && !is_wildcard) {
        return None;
    }
    for (segment, given) in wanted[..fixed].iter().zip(&given) {
        rank.push(fit_segment(&decode(segment), &decode(given), &mut values)?);
    }
    if is_wildcard {
        rank.push((3, 0, Vec::new()));
        if let Some(name) = wanted[fixed].strip_prefix("{*") {
            let raw: Vec<&str> = remainder.strip_prefix('/').unwrap_or("").split('/').skip(fixed).collect();
            let keep = raw.join("/").replace("%2F", "\u{1}").replace("%2f", "\u{2}");
            let value = decode(&keep).replace('\u{1}', "%2F").replace('\u{2}', "%2f");
            values.push((name.trim_end_matches('}').to_owned(), value));
        }
    }
    let (mut literal, mut all) = (0, 0);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, wanted) = pair.split_once('=').unwrap();
        let given = query_values(request, name);
        all -= 1;
        if wanted.starts_with('{') {
            values.push((wanted.trim_matches(['{', '}']).to_owned(), given.first()?.clone()));
        } else {
            literal -= 1;
            given.iter().find(|value| value.eq_ignore_ascii_case(&decode(wanted)))?;
        }
    }
    Some(((rank, (literal, all)), values))
}

fn fit_segment(template: &str, given: &str, values: &mut Vec<(String, String)>) -> Option<(u8, isize, Vec<String>)> {
    let mut pieces = Vec::new();
    for piece in template.split('{') {
        let (name, literal) = piece.split_once('}').map_or((None, piece), |(name, literal)| (Some(name), literal));
        pieces.push((name, literal.to_lowercase()));
    }
    values.extend(fit_pieces(&pieces, given)?);
    let literal: usize = pieces.iter().map(|(_, literal)| literal.len()).sum();
    let texts = pieces.iter().map(|(_, literal)| literal.clone()).collect();
    Some(match (pieces.len(), literal) {
        (1, _) => (0, 0, Vec::new()),
        (_, 0) => (2, 0, Vec::new()),
        _ => (1, -isize::try_from(literal).unwrap(), texts),
    })
}

/// Every way to cut, the longest value of the first parameter first.
fn fit_pieces(pieces: &[(Option<&str>, String)], given: &str) -> Option<Vec<(String, String)>> {
    let Some(((name, literal), rest)) = pieces.split_first() else { return given.is_empty().then(Vec::new) };
    let Some(name) = name else {
        let head = given.get(..literal.len())?;
        return if head.to_lowercase() == *literal { fit_pieces(rest, &given[literal.len()..]) } else { None };
    };
    for end in (1..=given.len()).rev().filter(|end| given.is_char_boundary(*end)) {
        let tail = &given[end..];
        let is_literal = tail.get(..literal.len()).is_some_and(|head| head.to_lowercase() == *literal);
        if let Some(more) = is_literal.then(|| fit_pieces(rest, &tail[literal.len()..])).flatten() {
            let own = ((*name).to_owned(), given[..end].to_owned());
            return Some(std::iter::once(own).chain(more).collect());
        }
    }
    None
}

fn any_template() -> impl Strategy<Value = UrlTemplate> {
    let segment = prop::sample::select(vec!["a", "b", "A", "a-b", "%61", "{}", "{}", "{}-{}", "a{}", "{}b", "v1"]);
    let end = prop::sample::select(vec!["", "", "", "/", "/*", "/{*rest}"]);
    let query = prop::sample::select(vec!["", "", "", "?q=1", "?q={q}", "?q=1&r={r}", "?r={r}"]);
    (prop::collection::vec(segment, 0..4), end, query).prop_map(|(segments, end, query)| {
        let mut text = String::new();
        for segment in segments {
            let segment = segment.replacen("{}", &format!("{{p{}}}", text.len()), 1);
            text = format!("{text}/{}", segment.replace("{}", &format!("{{r{}}}", text.len())));
        }
        UrlTemplate::parse(&format!("{text}{end}{query}")).unwrap()
    })
}

fn any_version() -> impl Strategy<Value = Option<Version>> {
    let scheme = prop::sample::select(vec![
        VersioningScheme::Segment,
        VersioningScheme::Segment,
        VersioningScheme::Query("v".into()),
        VersioningScheme::Header("v".into()),
    ]);
    let version = (scheme, prop::sample::select(vec!["", "v1", "v2", "a"])).prop_map(|(scheme, name)| Version {
        set: "set".into(),
        name: name.into(),
        scheme,
    });
    prop::option::of(version)
}

fn any_method() -> impl Strategy<Value = Method> {
    prop::sample::select(vec![Method::GET, Method::POST, Method::OPTIONS])
}

fn any_api() -> impl Strategy<Value = RouteApi> {
    let path = prop::sample::select(vec!["", "a", "a/b", "B/", "a/b/c", "a/v1"]);
    let hosts = prop::collection::vec(prop::sample::select(vec!["x.test", "y.test", "*.test", "*"]), 0..2);
    let schemes = prop::sample::select(vec![vec![Scheme::Http, Scheme::Https], vec![Scheme::Https]]);
    let operation = (any_method(), any_template());
    let operations = prop::collection::vec(operation, 0..6);
    let revision = prop::sample::select(vec!["1", "2"]);
    (path, hosts, schemes, any_version(), revision, prop::bool::weighted(0.7), operations).prop_map(
        |(path, hosts, schemes, version, revision, is_current, operations)| RouteApi {
            index: 0,
            name: "api".into(),
            revision: revision.into(),
            is_current,
            path: path.into(),
            schemes,
            hosts: hosts.into_iter().map(str::to_owned).collect(),
            version,
            operations: operations
                .into_iter()
                .map(|(method, template)| RouteOperation { name: "operation".into(), method, template })
                .collect(),
        },
    )
}

fn any_request() -> impl Strategy<Value = RequestHead> {
    let usual = prop::sample::select(vec!["a", "a", "a", "b", "b", "c", "v1", "v2"]);
    let unusual = prop::sample::select(vec![
        "B", "%61", "a-b", "a-b-b", "ab", "aab", "", "a;Rev=1", "a;rev=2", "b;rev=2", "v1;rev=1", ";rev=1", "..",
        "%2e", "a%2Fb", "%C3%A9", "%", "a-%C3%A9",
    ]);
    let segment = prop_oneof![4 => usual, 1 => unusual];
    let query = prop::sample::select(vec![
        "",
        "?",
        "?q=1",
        "?q=2&r=x%20y",
        "?r=1&q=1",
        "?v=v1",
        "?v=&q=1",
        "?v=V2&q=1",
        "?v=v9",
    ]);
    let header = prop::option::weighted(0.2, prop::sample::select(vec!["v1", "V2", "v9", ""]));
    let host = prop::sample::select(vec!["x.test", "z.test", "x", "a.x.test"]);
    let scheme = prop::sample::select(vec!["https", "https", "http"]);
    let segments = prop::collection::vec(segment, 0..5);
    let trailing = prop::sample::select(vec!["", "", "/"]);
    (any_method(), scheme, host, segments, trailing, query, header).prop_map(
        |(method, scheme, host, segments, trailing, query, header)| {
            let path = segments.join("/");
            let url = Url::parse(&format!("{scheme}://{host}/{path}{trailing}{query}")).unwrap();
            let mut headers = HeaderMap::new();
            if let Some(value) = header {
                headers.insert("v", HeaderValue::from_static(value));
            }
            RequestHead { method, url, headers, version: HttpVersion::Http11, has_body: false }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn the_table_agrees(
        apis in prop::collection::vec(any_api(), 1..6),
        requests in prop::collection::vec(any_request(), 1..24),
    ) {
        let mut apis = apis;
        for (index, api) in apis.iter_mut().enumerate() {
            api.index = index;
        }
        let table = RouteTable::build(apis.clone());
        for request in &requests {
            let expected = route(&apis, request);
            prop_assert_eq!(outcome_of(table.route(request)), expected, "{:?}", request);
        }
        prop_assert_eq!(table.rows(), RouteTable::build(apis).rows());
    }
}

/// The property is worth its time only if the requests reach every kind of outcome.
#[test]
fn random_requests_reach_every_outcome() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut seen: IndexMap<&str, u32> = IndexMap::new();
    for _ in 0..2000 {
        let mut draw = || -> (Vec<RouteApi>, RequestHead) {
            let apis = prop::collection::vec(any_api(), 1..6);
            (apis, any_request()).new_tree(&mut runner).unwrap().current()
        };
        let (apis, request) = draw();
        let kind = match route(&apis, &request) {
            Ok((_, Some(_), ..)) => "operation",
            Ok((_, None, ..)) => "preflight",
            Err(RouteMiss::DotSegment) => "dot segment",
            Err(RouteMiss::Api) => "no api",
            Err(RouteMiss::Version(_)) => "no version",
            Err(RouteMiss::Revision(_)) => "no revision",
            Err(RouteMiss::Scheme(_)) => "other scheme",
            Err(RouteMiss::Operation(_)) => "no operation",
            Err(RouteMiss::Method(..)) => "other method",
        };
        *seen.entry(kind).or_default() += 1;
    }
    assert!(seen.len() == 9 && seen.values().all(|count| *count >= 10), "{seen:?}");
}
