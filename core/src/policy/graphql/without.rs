//! A document without some of its fields, and without what nothing of it uses then. Judges nothing.

use std::collections::BTreeSet;

use graphql_parser::query::{
    Definition, Directive, Document, Field, OperationDefinition, Selection, SelectionSet, Value, VariableDefinition,
};

use crate::policy::graphql::check::Asked;
use crate::policy::graphql::document::{fragments, operations};

/// The document without these fields; what is left empty or without use goes, too. `None` when nothing is left of an operation.
pub(super) fn without<'a>(mut document: Document<'a, &'a str>, removed: &[Asked]) -> Option<Document<'a, &'a str>> {
    let gone = |field: &Field<'a, &'a str>| {
        let at = (field.position.line, field.position.column);
        removed.iter().any(|asked| asked.at == at && asked.name == field.name)
    };
    let mut emptied: BTreeSet<&'a str> = BTreeSet::new();
    // Each round may empty fragments whose spreads go with the next one.
    loop {
        let before = emptied.len();
        for definition in &mut document.definitions {
            if let Definition::Fragment(fragment) = definition {
                strip(&mut fragment.selection_set, &gone, &emptied);
                if fragment.selection_set.items.is_empty() {
                    emptied.insert(fragment.name);
                }
            }
        }
        if emptied.len() == before {
            break;
        }
    }
    for operation in operations_of(&mut document) {
        let (_, set) = parts(operation);
        strip(set, &gone, &emptied);
        if set.items.is_empty() {
            return None;
        }
    }
    drop_unused(&mut document);
    Some(document)
}

// INVARIANT: the parser bounds how deep selections stand in each other.
fn strip<'a>(
    set: &mut SelectionSet<'a, &'a str>,
    gone: &impl Fn(&Field<'a, &'a str>) -> bool,
    emptied: &BTreeSet<&'a str>,
) {
    set.items.retain_mut(|selection| match selection {
        Selection::Field(field) => {
            let had_selection = !field.selection_set.items.is_empty();
            strip(&mut field.selection_set, gone, emptied);
            !gone(field) && (!had_selection || !field.selection_set.items.is_empty())
        }
        Selection::InlineFragment(fragment) => {
            strip(&mut fragment.selection_set, gone, emptied);
            !fragment.selection_set.items.is_empty()
        }
        Selection::FragmentSpread(spread) => !emptied.contains(spread.fragment_name),
    });
}

fn operations_of<'d, 'a>(
    document: &'d mut Document<'a, &'a str>,
) -> impl Iterator<Item = &'d mut OperationDefinition<'a, &'a str>> {
    document.definitions.iter_mut().filter_map(|definition| match definition {
        Definition::Operation(operation) => Some(operation),
        Definition::Fragment(_) => None,
    })
}

type Parts<'d, 'a> = (Option<&'d mut Vec<VariableDefinition<'a, &'a str>>>, &'d mut SelectionSet<'a, &'a str>);

fn parts<'d, 'a>(operation: &'d mut OperationDefinition<'a, &'a str>) -> Parts<'d, 'a> {
    match operation {
        OperationDefinition::SelectionSet(set) => (None, set),
        OperationDefinition::Query(of) => (Some(&mut of.variable_definitions), &mut of.selection_set),
        OperationDefinition::Mutation(of) => (Some(&mut of.variable_definitions), &mut of.selection_set),
        OperationDefinition::Subscription(of) => (Some(&mut of.variable_definitions), &mut of.selection_set),
    }
}

// Who receives the document refuses fragments and variables that nothing uses (GraphQL, October 2021, §5.5.1.4 and §5.8.4).
fn drop_unused<'a>(document: &mut Document<'a, &'a str>) {
    let used: Vec<Used<'a>> = operations(document)
        .map(|operation| {
            let mut used = Used::default();
            used.directives(operation.directives);
            used.selection(operation.set);
            used.through_fragments(document);
            used
        })
        .collect();
    let spread: BTreeSet<&str> = used.iter().flat_map(|used| &used.spreads).copied().collect();
    document.definitions.retain(|definition| match definition {
        Definition::Fragment(fragment) => spread.contains(fragment.name),
        Definition::Operation(_) => true,
    });
    for (operation, used) in operations_of(document).zip(&used) {
        if let (Some(variables), _) = parts(operation) {
            variables.retain(|variable| used.variables.contains(variable.name));
        }
    }
}

/// What an operation, or a part of it, uses.
#[derive(Default)]
pub(super) struct Used<'a> {
    spreads: BTreeSet<&'a str>,
    /// The names of variables.
    pub(super) variables: BTreeSet<&'a str>,
}

impl<'a> Used<'a> {
    fn through_fragments(&mut self, document: &Document<'a, &'a str>) {
        let fragments = fragments(document);
        let mut seen = BTreeSet::new();
        while let Some(name) = self.spreads.iter().copied().find(|name| !seen.contains(name)) {
            seen.insert(name);
            if let Some(fragment) = fragments.get(name) {
                self.directives(&fragment.directives);
                self.selection(&fragment.selection_set);
            }
        }
    }

    fn selection(&mut self, set: &SelectionSet<'a, &'a str>) {
        for selection in &set.items {
            match selection {
                Selection::Field(field) => {
                    self.arguments(&field.arguments);
                    self.directives(&field.directives);
                    self.selection(&field.selection_set);
                }
                Selection::InlineFragment(fragment) => {
                    self.directives(&fragment.directives);
                    self.selection(&fragment.selection_set);
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.directives);
                    self.spreads.insert(spread.fragment_name);
                }
            }
        }
    }

    /// Notes what directives use.
    pub(super) fn directives(&mut self, directives: &[Directive<'a, &'a str>]) {
        directives.iter().for_each(|directive| self.arguments(&directive.arguments));
    }

    /// Notes what arguments use.
    pub(super) fn arguments(&mut self, arguments: &[(&'a str, Value<'a, &'a str>)]) {
        arguments.iter().for_each(|(_, value)| self.value(value));
    }

    fn value(&mut self, value: &Value<'a, &'a str>) {
        match value {
            Value::Variable(name) => drop(self.variables.insert(name)),
            Value::List(items) => items.iter().for_each(|item| self.value(item)),
            Value::Object(members) => members.values().for_each(|member| self.value(member)),
            Value::Int(_) | Value::Float(_) | Value::String(_) | Value::Boolean(_) | Value::Null | Value::Enum(_) => {}
        }
    }
}
