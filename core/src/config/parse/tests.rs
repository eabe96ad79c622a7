//! Whole sets in, configurations and findings out.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::config::folder;
use crate::config::model::{ApiKind, Protocol, SubscriptionScope};
use crate::config::resource::Origin;

fn set(resources: &[(&str, Value)]) -> ResourceSet {
    let mut set = ResourceSet::default();
    for (id, properties) in resources {
        let properties = Arc::new(properties.as_object().cloned().unwrap_or_default());
        let origin = Origin { file: Arc::from(*id), text: None };
        set.insert(Resource { id: ResourceId::new(id), properties, origin });
    }
    set
}

fn codes(parsed: &Parsed) -> Vec<String> {
    parsed.report(&[]).iter().map(|finding| finding.code.to_string()).collect()
}

#[test]
fn the_sample_folder_as_a_configuration() {
    let read = folder::read(&folder::tests::fixture("echo"));
    let parsed = parse(&read.set, "gw1");
    assert_eq!(parsed.report(&read.diagnostics), []);
    insta::assert_snapshot!(without_texts(&format!("{:#?}", parsed.configuration)));
}

/// The texts of documents stand in the origins; the snapshot is about what was made of them.
fn without_texts(shown: &str) -> String {
    let mut kept = Vec::new();
    let mut end = None;
    for line in shown.lines() {
        let indent = line.len() - line.trim_start().len();
        match end {
            None if line.trim_start() == "text: Some(" => end = Some(indent),
            None if line.trim_start().starts_with("text: ") => {}
            None => kept.push(line),
            Some(outer) if outer == indent => end = None,
            Some(_) => {}
        }
    }
    kept.join("\n")
}

#[test]
fn defaults_are_those_of_apim() {
    let parsed = parse(
        &set(&[
            ("/gateways/g", json!({})),
            ("/gateways/g/apis/a", json!({})),
            ("/apis/a", json!({"path": "/a/", "serviceUrl": null})),
            ("/apis/a/operations/o", json!({"method": "get", "urlTemplate": "/"})),
            ("/products/p", json!({})),
            ("/subscriptions/s", json!({"scope": "products/p", "primaryKey": "k"})),
        ]),
        "G",
    );
    let api = &parsed.configuration.apis[0];
    assert_eq!((api.path.as_str(), api.revision.as_str(), api.is_current), ("a", "1", true));
    assert_eq!((api.key_header.as_str(), api.key_query.as_str()), ("Ocp-Apim-Subscription-Key", "subscription-key"));
    assert_eq!(
        (api.kind, &api.protocols[..], api.subscription_required),
        (ApiKind::Http, &[Protocol::Https][..], true)
    );
    assert_eq!(api.operations[0].method, "GET");
    assert!(parsed.configuration.products[0].subscription_required);
    assert!(!parsed.configuration.subscriptions[0].active);
    assert_eq!(codes(&parsed), ["missing-property"]);
}

#[test]
fn external_caches_have_a_connection_and_a_place() {
    let parsed = parse(
        &set(&[
            ("/gateways/g", json!({})),
            ("/namedValues/n", json!({"displayName": "redis", "value": "h,password=hunter2", "secret": true})),
            (
                "/caches/default",
                json!({"connectionString": "{{redis}},ssl=True", "description": "d", "resourceId": "r"}),
            ),
            ("/caches/broken", json!({"connectionString": "{{redis}},ssl=hunter2", "useFromLocation": "west"})),
            ("/caches/nameless", json!({"connectionString": "{{nobody}}"})),
            ("/caches/empty", json!({"useFromLocation": "west"})),
            (
                "/caches/revoked",
                json!({"connectionString": "h,checkCertificateRevocation=True", "useFromLocation": "x"}),
            ),
        ]),
        "g",
    );
    let caches: Vec<(&str, &str)> =
        parsed.configuration.caches.iter().map(|cache| (cache.id.as_str(), cache.location.as_str())).collect();
    assert_eq!(caches, [("default", "default"), ("revoked", "x")]);
    let mut found = codes(&parsed);
    found.sort_unstable();
    let expected = ["invalid-connection-string", "missing-property", "no-apis", "no-effect", "unknown-named-value"];
    assert_eq!(found, expected);
    assert!(!format!("{:?}", parsed.report(&[])).contains("hunter2"), "no finding shows a part of the secret");
}

#[test]
fn scopes_of_every_form() {
    let service = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/contoso";
    let table = [
        ("/apis".to_owned(), Some(SubscriptionScope::AllApis)),
        (service.to_owned(), Some(SubscriptionScope::AllApis)),
        (format!("{service}/apis"), Some(SubscriptionScope::AllApis)),
        (format!("{service}/products/p"), Some(SubscriptionScope::Product("p".to_owned()))),
        ("products/p".to_owned(), Some(SubscriptionScope::Product("p".to_owned()))),
        ("/apis/a;rev=2".to_owned(), Some(SubscriptionScope::Api("a".to_owned()))),
        ("/apis/b".to_owned(), None),
        ("/tags/x".to_owned(), None),
        (String::new(), None),
    ];
    for (scope, expected) in table {
        let parsed = parse(
            &set(&[
                ("/gateways/g", json!({})),
                ("/apis/a", json!({"path": "a"})),
                ("/products/p", json!({})),
                ("/subscriptions/s", json!({"scope": scope, "state": "Active", "primaryKey": "k"})),
            ]),
            "g",
        );
        let found = parsed.configuration.subscriptions.first().map(|subscription| subscription.scope.clone());
        assert_eq!(found, expected, "{scope}");
        assert_eq!(parsed.refused.is_empty(), expected.is_some(), "{scope}");
    }
}

#[test]
fn only_assigned_and_online_revisions_are_served() {
    let parsed = parse(
        &set(&[
            ("/gateways/g", json!({})),
            ("/gateways/g/apis/a", json!({})),
            ("/gateways/g/apis/ghost", json!({})),
            ("/apis/a", json!({"path": "a", "type": "grpc"})),
            ("/apis/a;rev=2", json!({"path": "a", "type": "grpc"})),
            ("/apis/a%3Brev%3D3", json!({"path": "a", "type": "grpc", "isOnline": false})),
            ("/apis/b", json!({"path": 7})),
        ]),
        "g",
    );
    let served: Vec<(&str, bool)> =
        parsed.configuration.apis.iter().map(|api| (api.revision.as_str(), api.is_current)).collect();
    assert_eq!(served, [("1", true), ("2", false)]);
    assert_eq!(codes(&parsed), ["unknown-api"]);
    assert!(parsed.refused.is_empty());
}

#[test]
fn schemas_of_arm_are_found_by_name() {
    let resources = |responses: Value| {
        set(&[
            ("/gateways/g", json!({})),
            ("/gateways/g/apis/a", json!({})),
            ("/apis/a", json!({"path": "a"})),
            ("/apis/a/schemas/s", json!({"document": {"components": {"schemas": {"T": {"type": "object"}}}}})),
            ("/apis/a/operations/o", json!({"method": "GET", "urlTemplate": "/", "responses": responses})),
        ])
    };
    let representation =
        json!({"contentType": "application/json", "schemaId": "s", "typeName": "T", "sample": {"a": 1}});
    let good = parse(&resources(json!([{"statusCode": 200, "representations": [representation]}])), "g");
    let found = &good.configuration.apis[0].operations[0].responses[0].representations[0];
    assert_eq!(found.schema, Some(json!({"type": "object"})));
    assert_eq!(found.examples, [r#"{"a":1}"#]);
    let bad = parse(&resources(json!([{"statusCode": 7}])), "g");
    assert_eq!(&*bad.refused[&ResourceId::new("/apis/a")][0].code, "invalid-status");
    assert!(bad.configuration.apis.is_empty());
}

#[test]
fn faults_refuse_what_they_belong_to() {
    let mut set = set(&[
        ("/gateways/g", json!({})),
        ("/gateways/g/apis/a", json!({})),
        ("/apis/a", json!({"path": "a", "type": "grpc"})),
    ]);
    let fault = |name: &str| Diagnostic::error("invalid-json", name, "expected value");
    for id in ["/apis/a", "/apis/other", "/gateways/other", "/products/p"] {
        set.fault(ResourceId::new(id), fault(id));
    }
    let parsed = parse(&set, "g");
    let refused: Vec<&str> = parsed.refused.keys().map(ResourceId::as_str).collect();
    assert_eq!(refused, ["/apis/a", "/products/p"]);
    assert!(parsed.configuration.apis.is_empty() && parsed.fatal.is_empty());
    set.fault(ResourceId::new("/policies/policy"), fault("policy.xml"));
    assert_eq!(parse(&set, "g").fatal.len(), 1);
}

proptest! {
    // Whatever types a service sends: no property is trusted.
    #[test]
    fn any_properties_end_quietly(
        name in "path|protocols|serviceUrl|apiVersionSetId|apiVersionSet|responses|request|scope|credentials|url|value|method",
        value in prop_oneof![
            Just(json!(null)), Just(json!(7)), Just(json!("x")), Just(json!([1, {"name": 2}, "y"])),
            Just(json!({"header": {"a": 1, "b\n": ["\n"]}, "id": [], "versioningScheme": {}})),
        ],
    ) {
        let ids = ["/gateways/g", "/gateways/g/apis/a", "/apis/a", "/apis/a/operations/o", "/apis/a/policies/policy",
            "/products/p", "/subscriptions/s", "/backends/b", "/namedValues/n", "/policyFragments/f", "/certificates/c",
            "/apiVersionSets/v", "/service", "/policies/policy", "/gateways/g/hostnameConfigurations/h"];
        let resources: Vec<(&str, Value)> = ids.iter().map(|id| (*id, json!({ name.as_str(): value }))).collect();
        let _ = parse(&set(&resources), "g").report(&[]);
    }
}
