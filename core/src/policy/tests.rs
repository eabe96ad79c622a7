//! Documents and the listings they compile to; the table of elements against the mistakes that it must find.

use std::sync::Arc;

use super::registry::{self, Status};
use super::{Catalog, Scope, Source, compile};
use crate::config::model::PolicyFormat;

fn compiled(text: &str, scope: Scope) -> (String, Vec<String>) {
    let file = Arc::from("p");
    let compilation = compile(Source::plain(&file, text), PolicyFormat::RawXml, scope, &Catalog::default());
    let found = compilation.diagnostics.iter().map(|diagnostic| diagnostic.code.to_string()).collect();
    (compilation.program.to_string(), found)
}

#[test]
fn a_listing_shows_jumps_and_places() {
    let text = r#"<policies>
      <inbound>
        <base />
        <choose>
          <when condition="@(1 < 2)"><set-method>PUT</set-method></when>
          <otherwise><base /></otherwise>
        </choose>
      </inbound>
      <backend><retry condition="true" count="2" interval="1"><forward-request /></retry></backend>
      <outbound />
    </policies>"#;
    let (listing, found) = compiled(text, Scope::Api);
    assert_eq!(found, [""; 0]);
    insta::assert_snapshot!(listing);
}

#[test]
fn an_expression_without_an_end_is_one_finding() {
    let text = "<policies><inbound><return-response><set-status code=\"@(1\" /></return-response></inbound></policies>";
    assert_eq!(compiled(text, Scope::Api).1, ["expression-extent"]);
}

#[test]
fn mistakes_of_structure_have_codes() {
    let cases = [
        ("<policy />", "root-element"),
        ("<policies>x</policies>", "unexpected-text"),
        ("<policies><inbound>x</inbound></policies>", "unexpected-text"),
        ("<policies><inbond /></policies>", "unknown-section"),
        ("<policies><inbound /><inbound /></policies>", "duplicate-element"),
        (
            "<policies><backend><forward-request /><retry condition=\"true\" count=\"1\" interval=\"1\" /></backend></policies>",
            "backend-section",
        ),
        ("<policies><inbound><set-header name=\"a\" /></inbound></policies>", "missing-element"),
        (
            "<policies><inbound><set-header name=\"Content-Length\"><value>1</value></set-header></inbound></policies>",
            "attribute-value",
        ),
        (
            "<policies><inbound><set-header name=\"a\" exists-action=\"never\"><value>1</value></set-header></inbound></policies>",
            "attribute-value",
        ),
        (
            "<policies><inbound><set-variable name=\"@(1)\" value=\"1\" /></inbound></policies>",
            "expression-not-allowed",
        ),
        (
            "<policies><inbound><return-response><set-body>1</set-body><set-status code=\"200\" /></return-response></inbound></policies>",
            "element-order",
        ),
        ("<policies><inbound><choose /></inbound></policies>", "missing-element"),
        (
            "<policies><inbound><choose><otherwise /><when condition=\"true\" /></choose></inbound></policies>",
            "element-order",
        ),
        ("<policies><inbound><choose><set-method>GET</set-method></choose></inbound></policies>", "unknown-element"),
        ("<policies><inbound><set-backend-service base-url=\"nowhere\" /></inbound></policies>", "attribute-value"),
        ("<policies><inbound><set-backend-service backend-id=\"b\" /></inbound></policies>", "unknown-backend"),
        ("<policies><inbound><rewrite-uri template=\"/{a\" /></inbound></policies>", "attribute-value"),
        (
            "<policies><backend><forward-request timeout=\"1\" timeout-ms=\"1\" /></backend></policies>",
            "attribute-value",
        ),
        ("<policies><backend><forward-request http-version=\"3\" /></backend></policies>", "attribute-value"),
        (
            "<policies><backend><forward-request buffer-request-body=\"maybe\" /></backend></policies>",
            "attribute-value",
        ),
    ];
    for (text, code) in cases {
        let (_, found) = compiled(text, Scope::Api);
        assert!(found.iter().any(|found| found == code), "{text}: {found:?}");
    }
}

#[test]
fn every_element_that_is_not_built_is_an_error_that_names_it() {
    let mut built = 0;
    for name in registry::names() {
        let text = format!("<policies><inbound><{name} /></inbound></policies>");
        let file = Arc::from("p");
        let compilation =
            compile(Source::plain(&file, &text), PolicyFormat::RawXml, Scope::Product, &Catalog::default());
        match registry::find(name).unwrap().status {
            Status::Built { .. } => built += 1,
            Status::Refused { .. } => {
                let named = compilation.diagnostics.iter().any(|d| d.is_error() && d.message.contains(name));
                assert!(named, "{name}: {:?}", compilation.diagnostics);
            }
        }
    }
    assert!(built >= 20, "{built} elements are built");
    assert_eq!(registry::names().count(), 73, "the 70 of the policy reference, `base`, and two of the toolkit");
}

#[test]
fn limits_of_a_document_hold() {
    let many = "<set-method>GET</set-method>".repeat(crate::policy::compile::OPS_MAX + 10);
    let (_, found) = compiled(&format!("<policies><inbound>{many}</inbound></policies>"), Scope::Api);
    assert!(found.iter().any(|code| code == "document-too-large"), "{found:?}");
    let wrong = "<wrong />".repeat(5_000);
    let (_, found) = compiled(&format!("<policies><inbound>{wrong}</inbound></policies>"), Scope::Api);
    assert_eq!(found.len(), crate::policy::compile::DIAGNOSTICS_MAX);
}
