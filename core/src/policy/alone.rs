//! A document by itself, without the configuration that it will stand in: what can be said about it all the same.

use std::sync::Arc;

use crate::config::model::PolicyFormat;
use crate::config::named_values::names;
use crate::diagnostic::{Diagnostic, Severity};
use crate::policy::compile::{Compilation, compile, compile_fragment};
use crate::policy::dialect::{self, FRAGMENT_BYTES_MAX};
use crate::policy::{Catalog, Scope, Section, Source};

/// What may be missing of a document because its configuration is not at hand.
const OF_THE_CONFIGURATION: [&str; 2] = ["unknown-fragment", "unknown-backend"];

/// Compiles a `policies` document, or a `fragment` as it may stand in the section that suits it best. References to fragments,
/// backends and named values are notes: nobody knows what they stand for.
#[must_use]
pub fn compile_alone(file: &Arc<str>, text: &str, format: PolicyFormat, scope: Scope) -> Compilation {
    let source = Source::plain(file, text);
    let catalog = Catalog::default();
    let parsed = dialect::parse(text, format, FRAGMENT_BYTES_MAX);
    let is_fragment = parsed.root.is_some_and(|root| root.name == "fragment");
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
    let referred: std::collections::BTreeSet<&str> = names(text).collect();
    for name in referred {
        let message = format!("the named value `{name}` is not known here: values with it are not looked at");
        done.diagnostics.push(Diagnostic::note("named-value", Arc::clone(file), message));
    }
    done
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
    fn a_fragment_stands_in_the_section_that_suits_it() {
        assert_eq!(found("<fragment><forward-request /></fragment>"), []);
        let wrong = found("<fragment><forward-request /><cors /></fragment>");
        assert!(wrong.iter().any(|(severity, _)| *severity == Severity::Error), "{wrong:?}");
    }
}
