//! Resolvers of GraphQL fields: which field each one is for, and its document. Reads neither the schema nor the document.

use std::collections::BTreeMap;

use crate::config::model::{ApiKind, Resolver};
use crate::config::parse::properties::Properties;
use crate::config::parse::{Parsing, policy};

const KNOWN: &[&str] = &["displayName", "path", "description", "provisioningState"];

/// The resolvers of an API in the order of their ids. What is wrong with one is wrong with the API.
pub(super) fn resolvers(parsing: &Parsing<'_>, api: &mut Properties<'_>, kind: ApiKind) -> Vec<Resolver> {
    let mut resolvers = Vec::new();
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for resource in parsing.set.children(&api.resource.id.child("resolvers")) {
        let mut properties = Properties::new(resource);
        properties.note_unknown(KNOWN);
        if kind != ApiKind::GraphQl {
            let message = format!("`{}` resolves nothing: its API is not of the type `graphql`", resource.id);
            properties.error(&[], "resolver", message);
        }
        let path = properties.text(&["path"]).map(str::to_owned);
        let place =
            path.as_deref().and_then(|path| path.split_once('/')).filter(|(of, field)| is_name(of) && is_name(field));
        match (&path, place) {
            (_, Some((of, field))) => {
                if let Some(other) = taken.insert(format!("{of}/{field}"), resource.id.name().to_owned()) {
                    let message = format!("`{of}/{field}` is also the field of the resolver `{other}`");
                    properties.error(&["path"], "duplicate-resolver", message);
                }
                match policy::policy(parsing.set, &resource.id) {
                    Ok(Some(policy)) => resolvers.push(Resolver {
                        id: resource.id.clone(),
                        of: of.to_owned(),
                        field: field.to_owned(),
                        policy,
                        origin: resource.origin.clone(),
                    }),
                    Ok(None) => {
                        let message =
                            format!("the resolver `{}` has no policy: nothing says where its data is", resource.id);
                        properties.error(&[], "missing-policy", message);
                    }
                    Err(diagnostic) => properties.findings.push(diagnostic),
                }
            }
            (Some(path), None) => {
                let message = format!("`{path}` is no field of a type, as in `Query/user`");
                properties.error(&["path"], "invalid-path", message);
            }
            (None, None) => {
                let message = "`path` is missing: it says which field is resolved, as in `Query/user`";
                properties.error(&["path"], "missing-property", message);
            }
        }
        api.findings.append(&mut properties.findings);
    }
    resolvers
}

// https://spec.graphql.org/October2021/#Name
fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_';
    characters.next().is_some_and(starts) && characters.all(|c| starts(c) || c.is_ascii_digit())
}
