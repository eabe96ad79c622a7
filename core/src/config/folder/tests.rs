//! Whole folders in, resource sets and diagnostics out. Fixtures are read from disk here and nowhere else in the crate.

use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::config::parse;

/// The files of a fixture, as `io` would hand them in.
pub(crate) fn fixture(name: &str) -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/config").join(name);
    let mut files = Files::default();
    add(&root, "", &mut files);
    assert!(!files.0.is_empty(), "there is no fixture {name}");
    files
}

#[expect(clippy::disallowed_methods, reason = "a test reads its fixtures from disk")]
fn add(folder: &Path, prefix: &str, files: &mut Files) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            add(&entry.path(), &format!("{name}/"), files);
        } else {
            files.0.insert(name, Bytes::from(std::fs::read(entry.path()).unwrap()));
        }
    }
}

fn files(list: &[(&str, &str)]) -> Files {
    Files(list.iter().map(|(path, text)| ((*path).to_owned(), Bytes::copy_from_slice(text.as_bytes()))).collect())
}

/// Everything that `check` would print about a folder.
fn shown(name: &str) -> String {
    let read = read(&fixture(name));
    let parsed = parse::parse(&read.set, "gw1");
    let report: Vec<String> = parsed.report(&read.diagnostics).iter().map(ToString::to_string).collect();
    let refused: Vec<&str> = parsed.refused.keys().map(ResourceId::as_str).collect();
    let served: Vec<&str> = parsed.configuration.apis.iter().map(|api| api.id.as_str()).collect();
    format!(
        "{}\n\nfatal: {}\nrefused: {}\nserved: {}",
        report.join("\n"),
        parsed.fatal.len(),
        refused.join(" "),
        served.join(" ")
    )
}

#[test]
fn the_sample_folder_as_resources() {
    let read = read(&fixture("echo"));
    assert_eq!(read.diagnostics, []);
    let document = |resource: &Arc<Resource>| json!({"id": resource.id, "file": &*resource.origin.file, "properties": &*resource.properties});
    let set: Vec<Value> = read.set.iter().map(document).collect();
    insta::assert_snapshot!(serde_json::to_string_pretty(&set).unwrap());
}

#[test]
fn documents_that_cannot_be_read() {
    insta::assert_snapshot!(shown("bad-documents"));
}

#[test]
fn references_to_nothing_and_values_that_make_no_sense() {
    insta::assert_snapshot!(shown("bad-references"));
}

#[test]
fn resources_that_exclude_each_other() {
    insta::assert_snapshot!(shown("bad-conflicts"));
}

#[test]
fn a_gateway_that_is_not_there() {
    insta::assert_snapshot!(shown("bad-gateway"));
}

#[test]
fn list_files_and_folders_say_the_same() {
    let read = read(&files(&[
        ("products/p/productInformation.json", r#"{"properties":{}}"#),
        ("products/p/apis.json", r#"["a", {"name": "b%3Brev%3D2"}]"#),
        ("products/p/apis/a/productApiInformation.json", "{}"),
    ]));
    assert_eq!(read.diagnostics, []);
    let ids: Vec<&str> = read.set.iter().map(|resource| resource.id.as_str()).collect();
    assert_eq!(ids, ["/products/p", "/products/p/apis/a", "/products/p/apis/b;rev=2"]);
}

#[test]
fn an_operation_file_adds_to_the_specification() {
    let read = read(&files(&[
        ("apis/a/apiInformation.json", r#"{"properties":{"path":"a"}}"#),
        ("apis/a/specification.json", r#"{"openapi":"3.1.0","paths":{"/x/{y}":{"get":{}}}}"#),
        ("apis/a/operations/get-x-y/operationInformation.json", r#"{"properties":{"displayName":"X"}}"#),
        ("apis/a/operations/own/operationInformation.json", r#"{"properties":{"method":"GET","urlTemplate":"/own"}}"#),
    ]));
    assert_eq!(read.diagnostics, []);
    let generated = read.set.get(&ResourceId::new("/apis/a/operations/get-x-y")).unwrap();
    assert_eq!(generated.properties["displayName"], "X");
    assert_eq!(generated.properties["urlTemplate"], "/x/{y}");
    assert!(read.set.get(&ResourceId::new("/apis/a/operations/own")).is_some());
}

#[test]
fn a_graphql_specification_is_a_schema_of_its_api() {
    let sdl = "type Query { a: Int }";
    let list = [
        ("gateways/gw1/gatewayInformation.json", "{\"properties\": {}}"),
        ("gateways/gw1/apis/g/gatewayApiInformation.json", "{}"),
        (
            "apis/g/apiInformation.json",
            "{\"properties\": {\"path\": \"g\", \"type\": \"graphql\", \"displayName\": \"G\"}}",
        ),
        ("apis/g/specification.graphql", sdl),
    ];
    let read = read(&files(&list));
    let configuration = parse::parse(&read.set, "gw1").configuration;
    let schemas: Vec<(&str, &Value)> = configuration
        .apis
        .iter()
        .flat_map(|api| &api.schemas)
        .map(|of| (of.content_type.as_str(), &*of.document))
        .collect();
    assert_eq!(schemas, [(GRAPHQL_SCHEMA, &json!(sdl))]);
    let operations = configuration.apis.iter().flat_map(|api| &api.operations);
    assert_eq!(operations.map(|operation| operation.method.as_str()).collect::<Vec<_>>(), ["POST", "GET"]);
}

#[test]
fn schemas_of_the_service_are_files_of_their_own_or_parts_of_one() {
    let read = read(&files(&[
        ("gateways/gw1/gatewayInformation.json", "{\"properties\": {}}"),
        ("schemas/one/schemaInformation.json", r#"{"properties":{"schemaType":"json","document":{"type":"object"}}}"#),
        (
            "schemas/text/schemaInformation.json",
            r#"{"properties":{"schemaType":"json","value":"{\"type\":\"array\"}"}}"#,
        ),
        ("schemas/two/schema.json", r#"{"type":"string"}"#),
        ("schemas/xml/schemaInformation.json", r#"{"properties":{"schemaType":"xml"}}"#),
        ("schemas/xml/schema.xsd", "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" />"),
    ]));
    assert_eq!(read.diagnostics, []);
    let configuration = parse::parse(&read.set, "gw1").configuration;
    let schemas: Vec<(&str, &Value)> = configuration.schemas.iter().map(|of| (of.id.as_str(), &*of.document)).collect();
    let xsd = json!("<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" />");
    let expected = [
        ("one", &json!({"type": "object"})),
        ("text", &json!({"type": "array"})),
        ("two", &json!({"type": "string"})),
        ("xml", &xsd),
    ];
    assert_eq!(schemas, expected);
}

#[test]
fn certificates_and_byte_order_marks() {
    let read = read(&files(&[
        ("certificates/c/certificateInformation.json", "\u{feff}{\"properties\":{\"subject\":\"CN=x\"}}"),
        ("certificates/c/cert.pem", "-----BEGIN CERTIFICATE-----\n"),
        ("certificates/c/key.pem", "-----BEGIN PRIVATE KEY-----\n"),
        ("certificates/d/cert.pfx", "\0"),
    ]));
    let certificate = read.set.get(&ResourceId::new("/certificates/c")).unwrap();
    let names: Vec<&str> = certificate.properties.keys().map(String::as_str).collect();
    assert_eq!(names, ["subject", "chainPem", "keyPem"]);
    assert!(certificate.origin.text.as_deref().is_some_and(|text| !text.contains("PRIVATE")));
    assert_eq!(&*read.diagnostics[0].code, "pfx-not-supported");
}

#[test]
fn files_have_a_limit() {
    let mut files = files(&[("apis/a/specification.yaml", "")]);
    files.0.insert("apis/a/apiInformation.json".to_owned(), Bytes::from(vec![b' '; MAX_FILE_BYTES + 1]));
    let read = read(&files);
    assert!(read.diagnostics.iter().any(|finding| &*finding.code == "file-too-large"));
    assert_eq!(read.set.faults().count(), 1);
}

#[test]
fn files_that_are_not_utf8_are_told() {
    let told = |content: &'static [u8]| {
        let read = read(&Files([("policy.xml".to_owned(), Bytes::from_static(content))].into()));
        let parsed = parse::parse(&read.set, "gw1");
        parsed.report(&read.diagnostics).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    assert!(told(b"\xff\xfe<\0p\0").contains("the file is UTF-16, not UTF-8: save it as UTF-8"));
    assert!(told(b"<a>\n \xe4</a>").contains("the file is not UTF-8 text\n  --> policy.xml:2:2"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    // Files of the sample, damaged anywhere: every reader sees texts that are nearly right.
    #[test]
    fn damaged_folders_end_quietly(
        which in any::<proptest::sample::Index>(),
        at in any::<proptest::sample::Index>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..6),
        is_cut in any::<bool>(),
    ) {
        let mut files = fixture("echo");
        let path = which.get(&files.0.keys().cloned().collect::<Vec<_>>()).clone();
        let content = files.0[&path].to_vec();
        let at = at.index(content.len());
        let rest = if is_cut { &[][..] } else { &content[(at + 1).min(content.len())..] };
        files.0.insert(path, Bytes::from([&content[..at], &bytes, rest].concat()));
        let read = read(&files);
        let _ = parse::parse(&read.set, "gw1").report(&read.diagnostics);
    }

    #[test]
    fn any_text_in_any_file_ends_quietly(text in "[\\[\\]{}\":,&*!|>'%@`# \n\\-a0?$]{0,60}", path in "(apis|products|gateways|named values|x)/[a;=.%/]{0,6}(specification.yaml|policy.xml|apis.json|apiInformation.json)?") {
        let read = read(&files(&[(&path, &text), ("apis/a/specification.yaml", &text), ("secrets.env", &text)]));
        let _ = parse::parse(&read.set, "a").report(&read.diagnostics);
    }
}
