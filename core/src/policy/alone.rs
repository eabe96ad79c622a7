//! A document by itself, without the configuration that it will stand in: what can be said about it all the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::model::PolicyFormat;
use crate::config::named_values::{Substituted, Substitution};
use crate::diagnostic::{Diagnostic, Severity};
use crate::policy::compile::{Compilation, compile, compile_fragment};
use crate::policy::dialect::{self, FRAGMENT_BYTES_MAX};
use crate::policy::graphql::source;
use crate::policy::{Catalog, Scope, Section, Source, liquid, xslt};
use crate::span::Span;

/// What may be missing of a document because its configuration is not at hand.
const OF_THE_CONFIGURATION: [&str; 5] =
    ["unknown-fragment", "unknown-backend", "unknown-certificate", "unknown-logger", "unknown-authorization"];

/// Compiles a `policies` document, one of a resolver, or a `fragment` as it may stand in the section that suits it best. References to
/// fragments, backends, certificates, loggers, connections and named values are notes: nobody knows what they stand for.
#[must_use]
pub fn compile_alone(file: &Arc<str>, text: &str, format: PolicyFormat, scope: Scope) -> Compilation {
    let source = Source::plain(file, text);
    let catalog = Catalog::default();
    let parsed = dialect::parse(text, format, FRAGMENT_BYTES_MAX);
    let root = parsed.root.map(|root| root.name).unwrap_or_default();
    let is_fragment = root == "fragment";
    // A data source is the document of a resolver, whatever is said.
    let scope = if source::ROOTS.contains(&root.as_str()) { Scope::Resolver } else { scope };
    let mut done = if is_fragment {
        let made = Section::ALL.map(|section| compile_fragment(source, format, scope, section, &catalog));
        let errors = |made: &Compilation| made.diagnostics.iter().filter(|found| found.is_error()).count();
        made.into_iter().min_by_key(errors).unwrap_or_default()
    } else {
        compile(source, format, scope, &catalog)
    };
    for found in done.diagnostics.iter_mut().filter(|found| OF_THE_CONFIGURATION.contains(&found.code.as_ref())) {
        found.severity = Severity::Note;
    }
    let mut told = BTreeSet::new();
    for (name, span) in unknown_names(text, &Substitution::default().substitute(text)) {
        if told.insert(name) {
            let message = format!("the named value `{name}` is not known here: values with it are not looked at");
            let note = Diagnostic::note("named-value", Arc::clone(file), message);
            done.diagnostics.push(note.at(text, span));
        }
    }
    done
}

/// The names in double braces that no named value has, with their places in the text as written. In Liquid templates and stylesheets
/// braces are their own, and what a comment says is nobody's concern.
pub fn unknown_names<'s>(written: &str, substituted: &'s Substituted) -> impl Iterator<Item = (&'s str, Span)> {
    let mut own = Vec::new();
    if !substituted.unknown.is_empty() {
        own = liquid::places(written);
        own.extend(xslt::places(written));
        own.extend(dialect::parse(written, PolicyFormat::RawXml, FRAGMENT_BYTES_MAX).comments);
    }
    let is_own = move |span: &Span| own.iter().any(|place| place.start <= span.start && span.end <= place.end);
    let unknown = substituted.unknown.iter().filter(move |(_, span)| !is_own(span));
    unknown.map(|(name, span)| (name.as_str(), *span))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(Severity, String)> {
        let done = compile_alone(&Arc::from("p"), text, PolicyFormat::RawXml, Scope::Api);
        done.diagnostics.into_iter().map(|found| (found.severity, found.code.to_string())).collect()
    }

    #[test]
    fn what_only_the_configuration_knows_is_a_note() {
        let text = "<policies><inbound><include-fragment fragment-id=\"f\" />\
            <set-backend-service backend-id=\"b\" /><rate-limit calls=\"{{n}}\" renewal-period=\"60\" />\
            <set-body>@({{n}} + 1)</set-body></inbound></policies>";
        let codes = ["unknown-fragment", "unknown-backend", "named-value"];
        assert_eq!(found(text), codes.map(|code| (Severity::Note, code.to_owned())));
    }

    #[test]
    fn braces_of_templates_are_their_own_and_a_note_has_a_place() {
        let text = "<policies><inbound>\n<set-body template=\"liquid\">{{body.a}}</set-body><set-body>{{n}}{{n}}</set-body></inbound></policies>";
        let done = compile_alone(&Arc::from("p"), text, PolicyFormat::RawXml, Scope::Api);
        let told: Vec<String> = done.diagnostics.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(done.diagnostics[0].position.map(|at| (at.line, at.column)), Some((2, 60)), "{told:?}");
    }

    #[test]
    fn what_a_comment_says_is_not_looked_at() {
        let text = "<policies><!-- {{a}} --><inbound><!-- <set-body>{{b}}</set-body> --><set-body>@(\"<!--\" + \"{{c}} -->\")</set-body></inbound></policies>";
        let done = compile_alone(&Arc::from("p"), text, PolicyFormat::RawXml, Scope::Api);
        let told: Vec<String> = done.diagnostics.iter().map(|found| found.message.to_string()).collect();
        assert_eq!(told, ["the named value `c` is not known here: values with it are not looked at"]);
    }

    #[test]
    fn what_an_unknown_named_value_stands_in_is_not_looked_at() {
        for value in [
            "<send-request mode=\"new\" response-variable-name=\"r\"><set-url>{{u}}</set-url></send-request>",
            "<set-backend-service base-url=\"https://{{h}}.example.com/\" />",
            "<rewrite-uri template=\"/a/{{s}}/b?x=1\" />",
            "<authentication-certificate thumbprint=\"{{c}}\" />",
            "<set-backend-service backend-id=\"{{b}}\" />",
        ] {
            let told = found(&format!("<policies><inbound>{value}</inbound></policies>"));
            assert_eq!(told, [(Severity::Note, "named-value".to_owned())], "{value}");
        }
        let wrong =
            "<policies><inbound><set-backend-service base-url=\"x\" /><set-body>{{n}}</set-body></inbound></policies>";
        assert!(found(wrong).contains(&(Severity::Error, "attribute-value".to_owned())), "a value without one is");
    }

    #[test]
    fn a_data_source_is_the_document_of_a_resolver() {
        let call = "<http-request><set-method>GET</set-method><set-url>/{{path}}</set-url></http-request>";
        let document = format!("<http-data-source>{call}</http-data-source>");
        assert_eq!(found(&document), [(Severity::Note, "named-value".to_owned())]);
        assert_eq!(found("<http-data-source />"), [(Severity::Error, "missing-element".to_owned())]);
        assert_eq!(found("<sql-data-source />"), [(Severity::Error, "unsupported-policy".to_owned())]);
    }

    #[test]
    fn a_fragment_stands_in_the_section_that_suits_it() {
        assert_eq!(found("<fragment><forward-request /></fragment>"), []);
        assert_eq!(found("<fragment><base /></fragment>"), [(Severity::Error, "base-in-fragment".to_owned())]);
        assert_eq!(found("<fragment name=\"f\" />"), [(Severity::Error, "unknown-attribute".to_owned())]);
        let wrong = found("<fragment><forward-request /><cors /></fragment>");
        assert!(wrong.iter().any(|(severity, _)| *severity == Severity::Error), "{wrong:?}");
    }
}
