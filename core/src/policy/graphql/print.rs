//! Documents as text, on one line. What the parser's own printing does with strings that hold line breaks, control characters or
//! characters beyond U+FFFF does not read as the same string.

use graphql_parser::query::{
    Definition, Directive, Document, FragmentDefinition, Selection, SelectionSet, TypeCondition, Value,
    VariableDefinition,
};
use serde_json::Value as Json;

use crate::policy::graphql::document::{Operation, read, root_name};

/// A document as text.
pub(super) fn document<'a>(document: &Document<'a, &'a str>) -> String {
    let mut text = String::new();
    for definition in &document.definitions {
        match definition {
            Definition::Operation(operation) => {
                let operation = read(operation);
                begin(&mut text, &operation, operation.variables);
                selection(&mut text, operation.set);
            }
            Definition::Fragment(fragment) => {
                let FragmentDefinition { name, type_condition: TypeCondition::On(on), .. } = fragment;
                text.push_str(&format!(" fragment {name} on {on}"));
                directives(&mut text, &fragment.directives);
                selection(&mut text, &fragment.selection_set);
            }
        }
    }
    text.trim_start().to_owned()
}

/// What stands in front of the selection of an operation.
pub(super) fn begin<'d, 'a: 'd>(
    into: &mut String,
    operation: &Operation<'_, 'a>,
    variables: impl IntoIterator<Item = &'d VariableDefinition<'a, &'a str>>,
) {
    let name = operation.name.map_or(String::new(), |name| format!(" {name}"));
    into.push_str(&format!(" {}{name}", root_name(operation.root)));
    let mut before = "(";
    for variable in variables {
        into.push_str(&format!("{before}${}: {}", variable.name, variable.var_type));
        if let Some(default) = &variable.default_value {
            into.push_str(" = ");
            value(into, default);
        }
        before = ", ";
    }
    into.push_str(if before == "(" { "" } else { ")" });
    directives(into, operation.directives);
}

fn selection<'a>(into: &mut String, set: &SelectionSet<'a, &'a str>) {
    if set.items.is_empty() {
        return;
    }
    into.push_str(" {");
    for item in &set.items {
        into.push(' ');
        match item {
            Selection::Field(field) => {
                name(into, field.alias, field.name);
                arguments(into, &field.arguments);
                directives(into, &field.directives);
                selection(into, &field.selection_set);
            }
            Selection::InlineFragment(fragment) => {
                condition(into, fragment.type_condition.as_ref());
                directives(into, &fragment.directives);
                selection(into, &fragment.selection_set);
            }
            Selection::FragmentSpread(spread) => {
                into.push_str(&format!("...{}", spread.fragment_name));
                directives(into, &spread.directives);
            }
        }
    }
    into.push_str(" }");
}

/// The name of a field, and the one that it has in the response.
pub(super) fn name(into: &mut String, alias: Option<&str>, name: &str) {
    if let Some(alias) = alias {
        into.push_str(&format!("{alias}: "));
    }
    into.push_str(name);
}

/// The beginning of an inline fragment.
pub(super) fn condition<'a>(into: &mut String, condition: Option<&TypeCondition<'a, &'a str>>) {
    into.push_str("...");
    if let Some(TypeCondition::On(on)) = condition {
        into.push_str(&format!(" on {on}"));
    }
}

/// Directives, each with a space in front.
pub(super) fn directives<'a>(into: &mut String, directives: &[Directive<'a, &'a str>]) {
    for directive in directives {
        into.push_str(&format!(" @{}", directive.name));
        arguments(into, &directive.arguments);
    }
}

/// Arguments in parentheses, if there are any.
pub(super) fn arguments<'a>(into: &mut String, arguments: &[(&'a str, Value<'a, &'a str>)]) {
    for (index, (name, given)) in arguments.iter().enumerate() {
        into.push_str(if index == 0 { "(" } else { ", " });
        into.push_str(&format!("{name}: "));
        value(into, given);
    }
    if !arguments.is_empty() {
        into.push(')');
    }
}

// INVARIANT: the parser bounds how deep values stand in each other.
fn value<'a>(into: &mut String, given: &Value<'a, &'a str>) {
    match given {
        Value::Variable(name) => into.push_str(&format!("${name}")),
        Value::Int(number) => into.push_str(&number.as_i64().unwrap_or_default().to_string()),
        Value::Float(number) => into.push_str(&Json::from(*number).to_string()),
        // A string of JSON is one of GraphQL (§2.9.4).
        Value::String(text) => into.push_str(&Json::from(text.as_str()).to_string()),
        Value::Boolean(value) => into.push_str(if *value { "true" } else { "false" }),
        Value::Null => into.push_str("null"),
        Value::Enum(name) => into.push_str(name),
        Value::List(items) => {
            into.push('[');
            for (index, item) in items.iter().enumerate() {
                into.push_str(if index == 0 { "" } else { ", " });
                value(into, item);
            }
            into.push(']');
        }
        Value::Object(members) => {
            into.push('{');
            for (index, (name, member)) in members.iter().enumerate() {
                into.push_str(&format!("{}{name}: ", if index == 0 { "" } else { ", " }));
                value(into, member);
            }
            into.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use graphql_parser::parse_query;

    use super::*;

    #[test]
    fn what_is_printed_reads_as_the_same_document() {
        let text = r#"query Q($a: [In!]! = [{f: 1.5, n: null, s: "\"\\\n\u0007"}], $b: Boolean) @whole { x: a(in: $a, e: UP, s: "😀", i: -7, l: [true, [false]]) @skip(if: $b) @tag(name: "a", more: []) { ... on T @tag { y } ... { z ...F @include(if: $b) } } } mutation { m } subscription S($a: Int, $b: Int) { s(a: $a, b: $b) } fragment F on T @tag(big: 1.0) { y }"#;
        assert_eq!(document(&parse_query::<&str>(text).unwrap()), text);
        let block = parse_query::<&str>("{ a(s: \"\"\"one\n  two\"\"\") }").unwrap();
        assert_eq!(document(&block), "query { a(s: \"one\\ntwo\") }");
    }
}
