//! What of an operation the GraphQL service of an API is asked for: what it begins with and no resolver resolves. Sends nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use graphql_parser::query::{Directive, Document, Field, Selection, SelectionSet, TypeCondition};
use serde_json::{Map, Value as Json, json};

use crate::policy::graphql::collect::{Part, collect};
use crate::policy::graphql::document::{Fragments, Operation, Wrong, chosen, fragments};
use crate::policy::graphql::plan::Plan;
use crate::policy::graphql::print;
use crate::policy::graphql::resolvers::Resolvers;
use crate::policy::graphql::schema::{Root, Schema, is_meta};
use crate::policy::graphql::without::Used;

/// The longest of what the service is asked for one request, in bytes, about.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// What the service is asked.
#[derive(Clone, Debug)]
pub(super) enum Share {
    /// All: the request goes there as it is.
    All,
    /// Some of it, in the order of its fields.
    Parts(Vec<Part>),
}

/// The share of the service in an operation that has been checked and planned.
///
/// # Errors
/// It would be too long.
pub(super) fn share<'a>(
    schema: &Schema,
    resolvers: &Resolvers,
    document: &Document<'a, &'a str>,
    wanted: Option<&str>,
    plan: &Plan,
    sent: &Map<String, Json>,
) -> Result<Share, Vec<Wrong>> {
    let operation = chosen(document, wanted).map_err(|wrong| vec![wrong])?;
    let fragments = fragments(document);
    let (groups, mut is_all) = groups(schema, resolvers, plan);
    let (mut parts, mut bytes) = (Vec::with_capacity(groups.len()), 0);
    for keys in groups {
        let (text, used) = (String::new(), Used::default());
        let fragments = &fragments;
        let mut writer = Writer { schema, resolvers, fragments, keys: &keys, text, used, is_all: true };
        writer.selection(&plan.of, operation.set, Level::Root);
        is_all &= writer.is_all;
        let content = writer.content(&operation, sent);
        bytes += content.len();
        if bytes > BYTES_MAX {
            let message = "The request repeats its parts too often to be sent on.".to_owned();
            return Err(vec![Wrong { message, at: None }]);
        }
        parts.push(Part { keys, content: Arc::from(content) });
    }
    Ok(if is_all && parts.len() == 1 { Share::All } else { Share::Parts(parts) })
}

// The fields that the service is asked for together: all of a query, and those of a mutation that no other stands between. Whether
// there are no others.
fn groups(schema: &Schema, resolvers: &Resolvers, plan: &Plan) -> (Vec<BTreeSet<Arc<str>>>, bool) {
    let mut groups: Vec<BTreeSet<Arc<str>>> = Vec::new();
    let (mut is_all, mut goes_on) = (true, false);
    for (key, field) in collect(schema, &plan.of, &[&plan.items]) {
        if field.name() == "__typename" {
            continue;
        }
        if is_meta(field.name()) || resolvers.of(&plan.of, field.name()).is_some() {
            is_all = false;
            goes_on &= plan.root == Root::Query;
            continue;
        }
        match groups.last_mut().filter(|_| goes_on) {
            Some(group) => drop(group.insert(key)),
            None => groups.push(BTreeSet::from([key])),
        }
        goes_on = true;
    }
    (groups, is_all)
}

/// How deep a selection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// The operation begins with it.
    Root,
    /// It is of a field.
    Below,
}

/// Writes what the service is asked: fragments where they are spread, and no field that a resolver resolves.
struct Writer<'w, 'd, 'a> {
    schema: &'w Schema,
    resolvers: &'w Resolvers,
    fragments: &'w Fragments<'d, 'a>,
    keys: &'w BTreeSet<Arc<str>>,
    text: String,
    used: Used<'a>,
    /// Whether no resolver has a part in it.
    is_all: bool,
}

// INVARIANT: the document has been checked, and so has how many fields it asks for.
impl<'a> Writer<'_, '_, 'a> {
    fn selection(&mut self, of: &str, set: &SelectionSet<'a, &'a str>, level: Level) {
        self.text.push_str(" {");
        for item in &set.items {
            if self.text.len() > BYTES_MAX {
                return;
            }
            match item {
                Selection::Field(field) => self.field(of, field, level),
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.type_condition.as_ref();
                    self.fragment(of, condition, &fragment.directives, &fragment.selection_set, level);
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.fragments.get(spread.fragment_name) else { continue };
                    let condition = Some(&fragment.type_condition);
                    self.fragment(of, condition, &spread.directives, &fragment.selection_set, level);
                }
            }
        }
        // It says of which type an object is, and leaves no selection empty.
        self.text.push_str(" __typename }");
    }

    fn fragment(
        &mut self,
        of: &str,
        condition: Option<&TypeCondition<'a, &'a str>>,
        directives: &[Directive<'a, &'a str>],
        set: &SelectionSet<'a, &'a str>,
        level: Level,
    ) {
        self.text.push(' ');
        print::condition(&mut self.text, condition);
        self.directives(directives);
        let on = condition.map_or(of, |TypeCondition::On(on)| *on);
        self.selection(on, set, level);
    }

    fn field(&mut self, of: &str, field: &Field<'a, &'a str>, level: Level) {
        let is_asked = match level {
            Level::Root => self.keys.contains(field.alias.unwrap_or(field.name)),
            Level::Below => !self.is_resolved(of, field.name),
        };
        let Some(declared) = self.schema.field(of, field.name).filter(|_| is_asked) else { return };
        self.text.push(' ');
        print::name(&mut self.text, field.alias, field.name);
        self.used.arguments(&field.arguments);
        print::arguments(&mut self.text, &field.arguments);
        self.directives(&field.directives);
        if !field.selection_set.items.is_empty() {
            self.selection(&declared.of, &field.selection_set, Level::Below);
        }
    }

    // Of what is asked for through an interface, the service is asked too: not all objects need have a resolver.
    fn is_resolved(&mut self, of: &str, name: &str) -> bool {
        let mut types = self.schema.possible(of);
        let has_resolver = types.any(|one| self.resolvers.of(one, name).is_some());
        self.is_all &= !has_resolver;
        has_resolver && self.schema.is_object(of)
    }

    fn directives(&mut self, directives: &[Directive<'a, &'a str>]) {
        self.used.directives(directives);
        print::directives(&mut self.text, directives);
    }

    fn content(mut self, operation: &Operation<'_, 'a>, sent: &Map<String, Json>) -> String {
        self.used.directives(operation.directives);
        let is_used = |name: &str| self.used.variables.contains(name);
        let mut query = String::new();
        print::begin(&mut query, operation, operation.variables.iter().filter(|variable| is_used(variable.name)));
        query.push_str(&self.text);
        let sent = sent.iter().filter(|(name, _)| is_used(name));
        let variables: Map<String, Json> = sent.map(|(name, value)| (name.clone(), value.clone())).collect();
        json!({ "query": query.trim_start(), "variables": variables }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use graphql_parser::parse_query;

    use super::*;
    use crate::policy::graphql::resolvers::Resolver;

    const SCHEMA: &str = "type Query { mine: Thing theirs: Thing more: Thing }
        type Mutation { mine: Int theirs: Thing more: Int }
        type Thing { text(of: String): String made: Int }";

    fn shared(text: &str) -> Result<Share, Vec<Wrong>> {
        let schema = Schema::parse(SCHEMA).unwrap();
        let resolver = |(of, field): (&str, &str)| Resolver {
            name: Arc::from(field),
            of: of.to_owned(),
            field: field.to_owned(),
            program: Arc::default(),
        };
        let resolvers =
            Resolvers::new([("Query", "mine"), ("Mutation", "mine"), ("Thing", "made")].map(resolver).into());
        let document = parse_query::<&str>(text).unwrap();
        let plan = Plan::new(&schema, &document, None, &Map::new()).unwrap();
        share(&schema, &resolvers, &document, None, &plan, &Map::new())
    }

    // What the service is asked; none when that is all.
    fn queries(text: &str) -> Option<Vec<String>> {
        match shared(text).unwrap() {
            Share::All => None,
            Share::Parts(parts) => Some(
                parts
                    .iter()
                    .map(|part| {
                        let content: Json = serde_json::from_str(&part.content).unwrap();
                        content["query"].as_str().unwrap().to_owned()
                    })
                    .collect(),
            ),
        }
    }

    #[test]
    fn the_service_is_asked_for_what_no_resolver_resolves() {
        for (text, expected) in [
            ("{ theirs { text } __typename }", None),
            ("mutation { more theirs { text } }", None),
            ("{ mine { text } }", Some(vec![])),
            ("{ __typename }", Some(vec![])),
            ("{ theirs { made } }", Some(vec!["query { theirs { __typename } __typename }"])),
            ("{ __schema { description } more { text } }", Some(vec!["query { more { text __typename } __typename }"])),
            (
                "{ more { text } mine { text } ...F } fragment F on Query { x: theirs { text(of: \"a\") } }",
                Some(vec![
                    "query { more { text __typename } ... on Query { x: theirs { text(of: \"a\") __typename } __typename } __typename }",
                ]),
            ),
            (
                "mutation { more mine again: more theirs { made } }",
                Some(vec!["mutation { more __typename }", "mutation { again: more theirs { __typename } __typename }"]),
            ),
        ] {
            let expected: Option<Vec<String>> =
                expected.map(|queries: Vec<&str>| queries.into_iter().map(str::to_owned).collect());
            assert_eq!(queries(text), expected, "{text}");
        }
    }

    #[test]
    fn what_repeats_a_fragment_too_often_is_not_sent_on() {
        let fields: String = (0..30).map(|i| format!("a{i}: theirs {{ ...F }} b{i}: mine ")).collect();
        let long = "x".repeat(BYTES_MAX / 20);
        let text = format!("mutation {{ {fields} }} fragment F on Thing {{ text(of: \"{long}\") }}");
        assert!(shared(&text).is_err_and(|wrongs| wrongs[0].message.contains("too often")));
        let few = text.replace(&long, "x");
        assert_eq!(queries(&few).map(|queries| queries.len()), Some(30));
    }
}
