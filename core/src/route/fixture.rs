//! Runs `fixtures/route/*.json`: APIs, requests, and what each must find. Both routers are held to them.

use serde_json::Value;

use crate::config::model::{Version, VersioningScheme};
use crate::http::{HeaderMap, HttpVersion, Method, RequestHead, Scheme, Url, UrlTemplate};
use crate::route::api::{RouteApi, RouteOperation};
use crate::route::reference;
use crate::route::table::RouteTable;

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn text(value: &Value, default: &str) -> String {
    value.as_str().unwrap_or(default).to_owned()
}

fn api(index: usize, value: &Value) -> RouteApi {
    let version = value["version"].as_object().map(|version| {
        let scheme = match (version.get("query"), version.get("header")) {
            (Some(name), _) => VersioningScheme::Query(text(name, "")),
            (None, Some(name)) => VersioningScheme::Header(text(name, "")),
            (None, None) => VersioningScheme::Segment,
        };
        Version { set: "set".into(), name: text(&version["name"], ""), scheme }
    });
    let operation = |line: String| {
        let (method, template) = line.split_once(' ').unwrap();
        let template = UrlTemplate::parse(template).unwrap();
        RouteOperation { name: line.clone(), method: method.parse().unwrap(), template }
    };
    let revision = text(&value["revision"], "1");
    let schemes =
        if value["https_only"] == Value::Bool(true) { vec![Scheme::Https] } else { vec![Scheme::Http, Scheme::Https] };
    RouteApi {
        index,
        name: text(&value["name"], ""),
        is_current: value["is_current"] != Value::Bool(false),
        revision,
        path: text(&value["path"], ""),
        schemes,
        hosts: texts(&value["hosts"]),
        version,
        operations: texts(&value["operations"]).into_iter().map(operation).collect(),
    }
}

fn request(case: &Value) -> RequestHead {
    let line = case["request"].as_str().unwrap();
    let (method, url) = line.split_once(' ').unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in case["headers"].as_object().into_iter().flatten() {
        headers.append(name.parse::<crate::http::HeaderName>().unwrap(), value.as_str().unwrap().parse().unwrap());
    }
    let url = Url::parse(url).unwrap();
    RequestHead { method: method.parse().unwrap(), url, headers, version: HttpVersion::Http11, has_body: false }
}

fn run(fixture: &str) {
    let fixture: Value = serde_json::from_str(fixture).unwrap();
    let apis: Vec<RouteApi> =
        fixture["apis"].as_array().unwrap().iter().enumerate().map(|(index, value)| api(index, value)).collect();
    let table = RouteTable::build(apis.clone());
    for case in fixture["cases"].as_array().unwrap() {
        let request = request(case);
        let outcome = reference::outcome_of(table.route(&request));
        assert_eq!(outcome, reference::route(&apis, &request), "the reference differs: {case}");
        match outcome {
            Err(miss) => assert_eq!(case["miss"].as_str(), Some(miss.to_string().as_str()), "{case}"),
            Ok((api, operation, methods, parameters, remainder)) => {
                let api = &apis[api];
                let operation = operation.map_or("-", |place| api.operations[place].name.as_str());
                let found = format!("{};rev={} {operation}", api.name, api.revision);
                assert_eq!(case["match"].as_str(), Some(found.as_str()), "{case}");
                assert_eq!(
                    methods,
                    texts(&case["methods"]).iter().map(|name| name.parse().unwrap()).collect::<Vec<Method>>()
                );
                if let Some(expected) = case["remainder"].as_str() {
                    assert_eq!(remainder, expected, "{case}");
                }
                let expected = case["parameters"].as_object().into_iter().flatten();
                let expected: Vec<_> = expected.map(|(name, value)| (name.clone(), text(value, ""))).collect();
                assert_eq!(parameters, expected, "{case}");
            }
        }
    }
    let rows: Vec<String> = table
        .rows()
        .iter()
        .map(|row| {
            let scheme = row.scheme.as_str();
            let version = if row.version.is_empty() { String::new() } else { format!(" ({})", row.version) };
            format!("{} {scheme}://{}{}{version} {};rev={}", row.method, row.host, row.path, row.api, row.revision)
        })
        .collect();
    if fixture["rows"].is_array() {
        assert_eq!(rows, texts(&fixture["rows"]));
    }
}

#[test]
fn apis() {
    run(include_str!("../../../fixtures/route/apis.json"));
}

#[test]
fn versions() {
    run(include_str!("../../../fixtures/route/versions.json"));
}

#[test]
fn operations() {
    run(include_str!("../../../fixtures/route/operations.json"));
}

#[test]
fn misses() {
    run(include_str!("../../../fixtures/route/misses.json"));
}
