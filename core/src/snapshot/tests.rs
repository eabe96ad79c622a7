//! Snapshots compiled, shared, held back and restored.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Compiled, Identity, Snapshot, Source};
use crate::config::{Origin, Resource, ResourceId, ResourceSet, Revision, folder};
use crate::diagnostic::Diagnostic;
use crate::http::Bytes;

pub(crate) const GOOD: &str = "<policies><inbound><base /><set-variable name=\"a\" value=\"1\" /></inbound></policies>";
pub(crate) const BROKEN: &str = "<policies><inbound><nonsense /></inbound></policies>";
pub(crate) const WITH_VALUE: &str =
    "<policies><inbound><set-variable name=\"a\" value=\"{{v}}\" /></inbound></policies>";
const WITH_FRAGMENT: &str = "<policies><inbound><include-fragment fragment-id=\"f\" /></inbound></policies>";
const FRAGMENT: &str = "<fragment><set-variable name=\"a\" value=\"1\" /></fragment>";

pub(crate) fn identity() -> Identity {
    Identity { gateway_id: "gw".to_owned(), instance_id: "test".to_owned(), ..Identity::default() }
}

pub(crate) fn put(set: &mut ResourceSet, id: &str, properties: Value) {
    let properties = Arc::new(properties.as_object().cloned().unwrap());
    set.insert(Resource { id: ResourceId::new(id), properties, origin: Origin { file: Arc::from(id), text: None } });
}

pub(crate) fn policy(set: &mut ResourceSet, owner: &str, text: &str) {
    put(set, &format!("{owner}/policies/policy"), json!({ "format": "rawxml", "value": text }));
}

/// A gateway with these APIs, each with one operation.
pub(crate) fn base(apis: &[&str]) -> ResourceSet {
    let mut set = ResourceSet::default();
    put(&mut set, "/gateways/gw", json!({}));
    for api in apis {
        put(&mut set, &format!("/gateways/gw/apis/{api}"), json!({}));
        let properties = json!({ "path": api, "serviceUrl": "http://b/", "subscriptionRequired": false });
        put(&mut set, &format!("/apis/{api}"), properties);
        put(&mut set, &format!("/apis/{api}/operations/o"), json!({ "method": "GET", "urlTemplate": "/" }));
        policy(&mut set, &format!("/apis/{api}"), GOOD);
    }
    set
}

pub(crate) fn compile(revision: u32, set: &ResourceSet, previous: Option<&Compiled>) -> Compiled {
    Snapshot::compile(Revision(revision), set, &identity(), previous).unwrap()
}

pub(crate) fn names(compiled: &Compiled) -> Vec<&str> {
    compiled.snapshot.apis().iter().map(|api| &*api.name).collect()
}

pub(crate) fn refused(compiled: &Compiled) -> Vec<&str> {
    compiled.refused.keys().map(ResourceId::as_str).collect()
}

pub(crate) fn held(compiled: &Compiled) -> Vec<(u32, Vec<&str>)> {
    let held = compiled.source.held.iter();
    held.map(|(revision, held)| (revision.0, held.ids.iter().map(ResourceId::as_str).collect())).collect()
}

fn is_shared(one: &Compiled, other: &Compiled, name: &str) -> bool {
    let find = |compiled: &Compiled| compiled.snapshot.apis().iter().find(|api| &*api.name == name).map(Arc::clone);
    Arc::ptr_eq(&find(one).unwrap(), &find(other).unwrap())
}

#[test]
fn what_did_not_change_is_shared() {
    let mut set = base(&["a", "b"]);
    let one = compile(1, &set, None);
    assert!(Arc::ptr_eq(
        one.snapshot.apis()[0].program.as_ref().unwrap(),
        one.snapshot.apis()[1].program.as_ref().unwrap()
    ));
    policy(&mut set, "/apis/b", "<policies><inbound /></policies>");
    let two = compile(2, &set, Some(&one));
    assert!(is_shared(&one, &two, "a"));
    assert!(!is_shared(&one, &two, "b"));
    assert_eq!(two.snapshot.revision, Revision(2));
    put(&mut set, "/backends/x", json!({ "url": "http://x/", "protocol": "http" }));
    let three = compile(3, &set, Some(&two));
    assert!(!is_shared(&two, &three, "a"), "backends are looked up by exchanges: a new one is seen");
    let four = compile(4, &set, Some(&three));
    assert!(is_shared(&three, &four, "a") && is_shared(&three, &four, "b"));
}

#[test]
fn a_document_that_spells_the_id_of_its_api_otherwise_still_changes_it() {
    let mut set = base(&["a"]);
    let one = compile(1, &set, None);
    put(&mut set, "/apis/A/operations/o", json!({ "method": "GET", "urlTemplate": "/new" }));
    let two = compile(2, &set, Some(&one));
    assert!(!is_shared(&one, &two, "a"));
    assert_eq!(two.snapshot.apis()[0].operations[0].view.url_template, "/new");
}

#[test]
fn what_no_request_reaches_is_a_warning_with_its_place() {
    let files = [
        ("gateways/gw/gatewayInformation.json", "{}"),
        ("gateways/gw/apis.json", r#"["long", "root"]"#),
        ("apis/long/apiInformation.json", r#"{"properties": {"path": "a/b"}}"#),
        ("apis/long/specification.yaml", "openapi: 3.0.1\npaths:\n  /x: {get: {operationId: x}}\n"),
        ("apis/root/apiInformation.json", r#"{"properties": {"path": ""}}"#),
        (
            "apis/root/specification.yaml",
            "openapi: 3.0.1\npaths:\n  /a/b/x: {get: {operationId: x}}\n  /a: {get: {}}\n",
        ),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), Bytes::from_static(text.as_bytes())));
    let read = folder::read(&folder::Files(files.into_iter().collect()));
    let one = compile(1, &read.set, None);
    let [warning] = one.notes.as_slice() else { panic!("{:?}", one.notes) };
    let expected = "warning[hidden-operation]: `GET /a/b/x` of `/apis/root`: an API with a longer path gets all requests for this \
                    operation\n  --> apis/root/specification.yaml:3:3\n  help: it is `/apis/long` at `/a/b`";
    assert_eq!(warning.to_string(), expected);
    // An API that is held back may stand where a new one wants to be.
    let mut set = base(&["a"]);
    let one = compile(1, &set, None);
    set = base(&["a", "b"]);
    put(&mut set, "/apis/a", json!({ "path": "elsewhere", "type": "grpc" }));
    put(&mut set, "/apis/b", json!({ "path": "A" }));
    let two = compile(2, &set, Some(&one));
    assert_eq!((names(&two), codes(&two.notes)), (vec!["a", "b"], vec!["hidden-api"]));
    assert_eq!(&*two.notes[0].file, "/apis/b");
}

#[test]
fn a_named_value_reaches_every_api_that_uses_it_and_no_other() {
    let mut set = base(&["a", "b"]);
    policy(&mut set, "/apis/b", WITH_VALUE);
    put(&mut set, "/namedValues/v", json!({ "displayName": "v", "value": "1" }));
    let one = compile(1, &set, None);
    put(&mut set, "/namedValues/v", json!({ "displayName": "v", "value": "2" }));
    let two = compile(2, &set, Some(&one));
    let program =
        |compiled: &Compiled, index: usize| Arc::clone(compiled.snapshot.apis()[index].program.as_ref().unwrap());
    assert!(Arc::ptr_eq(&program(&one, 0), &program(&two, 0)));
    assert!(!Arc::ptr_eq(&program(&one, 1), &program(&two, 1)));
    assert!(program(&two, 1).to_string().contains("\"2\""), "{}", program(&two, 1));
}

#[test]
fn a_fragment_reaches_what_includes_it() {
    let mut set = base(&["a"]);
    policy(&mut set, "/apis/a", WITH_FRAGMENT);
    put(&mut set, "/policyFragments/f", json!({ "format": "rawxml", "value": FRAGMENT }));
    let one = compile(1, &set, None);
    put(&mut set, "/policyFragments/f", json!({ "format": "rawxml", "value": FRAGMENT.replace('1', "2") }));
    let two = compile(2, &set, Some(&one));
    assert!(!is_shared(&one, &two, "a"));
    // A fragment in error stays as it was, and so does what includes it.
    put(&mut set, "/policyFragments/f", json!({ "format": "rawxml", "value": "<fragment><set-variable" }));
    let three = compile(3, &set, Some(&two));
    assert_eq!(refused(&three), ["/policyFragments/f"]);
    assert_eq!(held(&three), [(2, vec!["/policyFragments/f"])]);
    assert_eq!(names(&three), ["a"]);
}

#[test]
fn an_api_that_does_not_compile_keeps_its_last_good_version() {
    let mut set = base(&["a", "b"]);
    let one = compile(1, &set, None);
    policy(&mut set, "/apis/a", BROKEN);
    put(&mut set, "/apis/b", json!({ "path": "bb", "serviceUrl": "http://b/", "subscriptionRequired": false }));
    let two = compile(2, &set, Some(&one));
    assert_eq!(refused(&two), ["/apis/a"]);
    assert_eq!(held(&two), [(1, vec!["/apis/a"])]);
    assert!(is_shared(&one, &two, "a"));
    let paths: Vec<String> = two.snapshot.routes().into_iter().map(|row| row.path).collect();
    assert!(
        paths.iter().any(|path| path.starts_with("/a")) && paths.iter().any(|path| path.starts_with("/bb")),
        "{paths:?}"
    );
    // Still broken two revisions later: still the version of revision 1.
    put(&mut set, "/apis/b", json!({ "path": "b3", "serviceUrl": "http://b/", "subscriptionRequired": false }));
    let three = compile(3, &set, Some(&two));
    assert_eq!(held(&three), [(1, vec!["/apis/a"])]);
    assert!(is_shared(&one, &three, "a"));
    // Mended: nothing is held back any more.
    policy(&mut set, "/apis/a", GOOD);
    let four = compile(4, &set, Some(&three));
    assert!(four.refused.is_empty() && four.source.held.is_empty());
    assert!(!is_shared(&one, &four, "a"));
}

#[test]
fn an_api_that_was_never_good_is_not_served_and_one_that_is_gone_is_gone() {
    let mut set = base(&["a", "b"]);
    policy(&mut set, "/apis/a", BROKEN);
    let one = compile(1, &set, None);
    assert_eq!((names(&one), refused(&one)), (vec!["b"], vec!["/apis/a"]));
    let two = compile(2, &base(&["a"]), Some(&one));
    assert_eq!((names(&two), refused(&two)), (vec!["a"], vec![]));
}

#[test]
fn a_restart_from_the_source_gives_the_same_snapshot() {
    let mut set = base(&["a", "b"]);
    put(&mut set, "/namedValues/v", json!({ "displayName": "v", "value": "1" }));
    policy(&mut set, "/apis/a", WITH_VALUE);
    let one = compile(1, &set, None);
    // The named value that the API needs goes away: the API stays as it was.
    set.remove(&ResourceId::new("/namedValues/v"));
    put(&mut set, "/subscriptions/s", json!({ "scope": "/apis", "state": "active", "primaryKey": "k" }));
    let two = compile(2, &set, Some(&one));
    assert_eq!(refused(&two), ["/apis/a"]);
    put(&mut set, "/subscriptions/s", json!({ "scope": 7 }));
    let three = compile(3, &set, Some(&two));
    assert_eq!(refused(&three), ["/apis/a", "/subscriptions/s"]);
    assert_eq!(held(&three), [(1, vec!["/apis/a"]), (2, vec!["/subscriptions/s"])]);
    let source: Source = three.source.clone();
    let again = Snapshot::restore(&source, &identity()).unwrap();
    assert_eq!(names(&again), names(&three));
    assert_eq!(refused(&again), refused(&three));
    assert_eq!(held(&again), held(&three));
    assert_eq!(again.snapshot.subscribers.len(), 1);
    let program = |compiled: &Compiled| compiled.snapshot.apis()[0].program.as_ref().unwrap().to_string();
    assert_eq!(program(&again), program(&three));
    assert_eq!(again.snapshot.routes(), three.snapshot.routes());
}

#[test]
fn what_the_service_shares_keeps_the_named_values_that_it_needs() {
    let mut set = base(&["a", "b"]);
    put(&mut set, "/namedValues/n1", json!({ "displayName": "v", "value": "1" }));
    put(&mut set, "/namedValues/w", json!({ "displayName": "w", "value": "1" }));
    put(&mut set, "/policyFragments/f", json!({ "format": "rawxml", "value": FRAGMENT.replace("\"1\"", "\"{{v}}\"") }));
    policy(&mut set, "", WITH_FRAGMENT);
    put(&mut set, "/products/p", json!({ "displayName": "P", "state": "published" }));
    put(&mut set, "/products/p/apis/a", json!({}));
    policy(&mut set, "/products/p", WITH_VALUE);
    let one = compile(1, &set, None);
    set.remove(&ResourceId::new("/namedValues/n1"));
    put(&mut set, "/namedValues/w", json!({ "displayName": "w", "value": "2" }));
    put(&mut set, "/apis/b", json!({ "path": "new", "serviceUrl": "http://b/" }));
    let two = compile(2, &set, Some(&one));
    let wrong = ["/policies/policy", "/policyFragments/f", "/products/p"];
    assert_eq!(refused(&two), wrong);
    assert_eq!(held(&two), [(1, [&wrong[..], &["/namedValues/n1"]].concat())]);
    assert_eq!(two.snapshot.products.len(), 1);
    assert!(two.snapshot.routes().iter().any(|row| row.path.starts_with("/new")), "the rest moves on");
    assert!(two.snapshot.service.to_string().contains("\"1\""), "{}", two.snapshot.service);
    assert_same(&Snapshot::restore(&two.source, &identity()).unwrap(), &two);
    let three = compile(3, &set, Some(&two));
    assert_eq!(held(&three), held(&two));
    put(&mut set, "/namedValues/n1", json!({ "displayName": "v", "value": "3" }));
    let four = compile(4, &set, Some(&three));
    assert!(four.refused.is_empty() && four.source.held.is_empty());
    assert!(four.snapshot.service.to_string().contains("\"3\""));
}

pub(crate) fn assert_same(one: &Compiled, other: &Compiled) {
    let programs = |compiled: &Compiled| -> Vec<String> {
        let apis = compiled.snapshot.apis().iter();
        apis.map(|api| api.program.as_ref().map(ToString::to_string).unwrap_or_default()).collect()
    };
    assert_eq!((names(one), refused(one), held(one)), (names(other), refused(other), held(other)));
    assert_eq!(programs(one), programs(other));
    assert_eq!(one.snapshot.service.to_string(), other.snapshot.service.to_string());
    assert_eq!(one.snapshot.products.len(), other.snapshot.products.len());
    assert_eq!(one.snapshot.routes(), other.snapshot.routes());
}

#[test]
fn every_document_has_its_own_warnings_in_every_revision() {
    let mut set = base(&["a", "b"]);
    let text = "<policies><inbound><cache-remove-value key=\"k\" caching-type=\"external\" /></inbound></policies>";
    policy(&mut set, "/apis/a", text);
    policy(&mut set, "/apis/b", text);
    let one = compile(1, &set, None);
    let places = |compiled: &Compiled| compiled.notes.iter().map(|note| note.file.to_string()).collect::<Vec<_>>();
    assert_eq!(places(&one), ["/apis/a/policies/policy", "/apis/b/policies/policy"]);
    let two = compile(2, &set, Some(&one));
    assert_eq!(places(&two), places(&one));
    assert!(is_shared(&one, &two, "a") && is_shared(&one, &two, "b"));
}

#[test]
fn a_broken_service_policy_stays_as_it_was_or_refuses_the_revision() {
    let mut set = base(&["a"]);
    policy(&mut set, "", GOOD);
    let one = compile(1, &set, None);
    policy(&mut set, "", BROKEN);
    let two = compile(2, &set, Some(&one));
    assert_eq!(held(&two), [(1, vec!["/policies/policy"])]);
    assert!(Arc::ptr_eq(&one.snapshot.service, &two.snapshot.service));
    let errors = Snapshot::compile(Revision(2), &set, &identity(), None).unwrap_err();
    assert_eq!(codes(&errors), ["unknown-element"]);
}

#[test]
fn a_product_without_its_policy_opens_nothing() {
    let mut set = base(&["a"]);
    put(&mut set, "/products/p", json!({ "displayName": "P", "state": "published", "subscriptionRequired": false }));
    put(&mut set, "/products/p/apis/a", json!({}));
    policy(&mut set, "/products/p", BROKEN);
    let one = compile(1, &set, None);
    assert_eq!((refused(&one), one.snapshot.products.len()), (vec!["/products/p"], 0));
    policy(&mut set, "/products/p", GOOD);
    let two = compile(2, &set, Some(&one));
    policy(&mut set, "/products/p", BROKEN);
    let three = compile(3, &set, Some(&two));
    assert_eq!((held(&three), three.snapshot.products.len()), (vec![(2, vec!["/products/p"])], 1));
}

#[test]
fn fragments_that_include_themselves_and_gateways_that_are_not_there() {
    let mut set = base(&["a"]);
    policy(&mut set, "/apis/a", WITH_FRAGMENT);
    let circle = "<fragment><include-fragment fragment-id=\"f\" /></fragment>";
    put(&mut set, "/policyFragments/f", json!({ "format": "rawxml", "value": circle }));
    let one = compile(1, &set, None);
    assert_eq!(codes(&one.refused[&ResourceId::new("/apis/a")]), ["fragment-cycle"]);
    assert!(Snapshot::compile(Revision(1), &ResourceSet::default(), &identity(), None).is_err());
}

#[test]
fn apis_of_kinds_that_are_not_built_are_refused() {
    let mut set = base(&["a"]);
    put(&mut set, "/apis/a", json!({ "path": "a", "type": "websocket", "serviceUrl": "wss://b/" }));
    let one = compile(1, &set, None);
    assert_eq!(names(&one), [""; 0]);
    assert!(!one.refused[&ResourceId::new("/apis/a")].is_empty());
}

#[test]
fn a_cache_store_without_a_cache_lookup_is_a_warning_with_its_place() {
    const STORE: &str = "<policies><outbound><base /><cache-store-value key=\"k\" value=\"v\" duration=\"1\" />\n\
        <cache-store duration=\"1\" /></outbound></policies>";
    const LOOKUP: &str = "<policies><inbound><base /><cache-lookup vary-by-developer=\"false\" \
        vary-by-developer-groups=\"false\" /></inbound></policies>";
    let warned = |set: &ResourceSet| -> Vec<String> {
        let compiled = compile(1, set, None);
        assert!(compiled.refused.is_empty(), "{:?}", compiled.refused);
        let notes = compiled.notes.iter().filter(|note| &*note.code == "unpaired-cache-store");
        let place =
            |note: &Diagnostic| note.position.map(|at| format!("{}:{}", at.line, at.column)).unwrap_or_default();
        notes.map(|note| format!("{}:{}", note.file, place(note))).collect()
    };
    let mut set = base(&["a", "b"]);
    put(&mut set, "/products/p", json!({ "state": "published" }));
    put(&mut set, "/products/p/apis/a", json!({}));
    policy(&mut set, "/apis/a/operations/o", STORE);
    policy(&mut set, "/apis/b", STORE);
    let both = ["/apis/a/operations/o/policies/policy:2:2", "/apis/b/policies/policy:2:2"];
    assert_eq!(warned(&set), both);
    let mut of_product = set.clone();
    policy(&mut of_product, "/products/p", LOOKUP);
    assert_eq!(warned(&of_product), [both[1]]);
    let mut of_api = set.clone();
    policy(&mut of_api, "/apis/a", LOOKUP);
    policy(&mut of_api, "/apis/b/operations/o", LOOKUP);
    assert_eq!(warned(&of_api), [""; 0]);
    let mut of_service = set.clone();
    policy(&mut of_service, "", LOOKUP);
    assert_eq!(warned(&of_service), [""; 0]);
    policy(&mut set, "", STORE);
    policy(&mut set, "/products/p", STORE);
    assert_eq!(warned(&set).len(), 4);
}

fn codes(diagnostics: &[Diagnostic]) -> Vec<&str> {
    diagnostics.iter().map(|diagnostic| &*diagnostic.code).collect()
}
