//! A GraphQL request against a schema: fields, arguments, fragments, depth and number.

use std::collections::{BTreeMap, BTreeSet};

use graphql_parser::Pos;
use graphql_parser::query::{
    Definition, Document, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet, TypeCondition,
    Value, VariableDefinition,
};

use indexmap::IndexMap;

use crate::policy::graphql::schema::{Argument, Kind, Need, Root, Schema};
use crate::policy::graphql::value::{self, Variables, check_argument};

/// Fields that one request may ask for, those of repeated fragments each time.
pub(super) const FIELDS_MAX: usize = 250;

/// Errors about one request that are told.
const WRONGS_MAX: usize = 20;

/// What is wrong with a request, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) at: Option<(usize, usize)>,
}

/// A field that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Asked {
    pub(super) of: String,
    pub(super) name: String,
    pub(super) at: (usize, usize),
}

type Text<'a> = &'a str;

/// Checks one operation of a document; gives every field that it asks for.
pub(super) fn check<'a>(
    schema: &Schema,
    document: &Document<'a, Text<'a>>,
    operation: Option<&str>,
    depth_max: usize,
) -> Result<Vec<Asked>, Vec<Wrong>> {
    let fragments = fragments(document);
    let (root, selection, variables) = chosen(document, operation).map_err(|wrong| vec![wrong])?;
    let Some(of) = schema.root(root) else {
        let message = format!("The schema has no {}.", root_name(root));
        return Err(vec![Wrong { message, at: None }]);
    };
    let (variables, wrong_variables) = value::variables(schema, variables);
    let mut walk = Walk {
        schema,
        fragments,
        variables,
        depth_max,
        open: Vec::new(),
        steps: 0,
        asked: BTreeSet::new(),
        wrongs: wrong_variables.into_iter().map(|message| Wrong { message, at: None }).take(WRONGS_MAX).collect(),
    };
    walk.selection(of, selection, 1);
    if walk.wrongs.is_empty() { Ok(walk.asked.into_iter().collect()) } else { Err(walk.wrongs) }
}

/// What operations of a kind are called.
pub(super) const fn root_name(root: Root) -> &'static str {
    match root {
        Root::Query => "query",
        Root::Mutation => "mutation",
        Root::Subscription => "subscription",
    }
}

/// The fragments of a document by name.
pub(super) type Fragments<'d, 'a> = BTreeMap<&'a str, &'d FragmentDefinition<'a, Text<'a>>>;

/// The fragments of a document by name.
pub(super) fn fragments<'d, 'a>(document: &'d Document<'a, Text<'a>>) -> Fragments<'d, 'a> {
    let fragment = |definition: &'d Definition<'a, Text<'a>>| match definition {
        Definition::Fragment(fragment) => Some((fragment.name, fragment)),
        Definition::Operation(_) => None,
    };
    document.definitions.iter().filter_map(fragment).collect()
}

type Chosen<'d, 'a> = (Root, &'d SelectionSet<'a, Text<'a>>, &'d [VariableDefinition<'a, Text<'a>>]);

/// The operation that is asked for.
pub(super) fn chosen<'d, 'a>(
    document: &'d Document<'a, Text<'a>>,
    wanted: Option<&str>,
) -> Result<Chosen<'d, 'a>, Wrong> {
    let operations = document.definitions.iter().filter_map(|definition| match definition {
        Definition::Operation(operation) => Some(operation),
        Definition::Fragment(_) => None,
    });
    let mut matching = operations.filter_map(|operation| {
        let (name, chosen): (Option<&str>, Chosen<'d, 'a>) = match operation {
            OperationDefinition::SelectionSet(set) => (None, (Root::Query, set, &[])),
            OperationDefinition::Query(of) => (of.name, (Root::Query, &of.selection_set, &of.variable_definitions)),
            OperationDefinition::Mutation(of) => {
                (of.name, (Root::Mutation, &of.selection_set, &of.variable_definitions))
            }
            OperationDefinition::Subscription(of) => {
                (of.name, (Root::Subscription, &of.selection_set, &of.variable_definitions))
            }
        };
        wanted.is_none_or(|wanted| name == Some(wanted)).then_some(chosen)
    });
    let wrong = |message: &str| Wrong { message: message.to_owned(), at: None };
    let first = matching.next().ok_or_else(|| wrong("The document has no such operation."))?;
    match matching.next() {
        Some(_) => Err(wrong("The document has several operations and `operationName` chooses none.")),
        None => Ok(first),
    }
}

struct Walk<'s, 'd, 'a> {
    schema: &'s Schema,
    fragments: Fragments<'d, 'a>,
    variables: Variables<'a>,
    depth_max: usize,
    /// The fragments that are being looked into: one that appears again is a circle.
    open: Vec<&'a str>,
    steps: usize,
    asked: BTreeSet<Asked>,
    wrongs: Vec<Wrong>,
}

impl<'d, 'a> Walk<'_, 'd, 'a> {
    fn wrong(&mut self, at: Pos, message: String) {
        if self.wrongs.len() < WRONGS_MAX {
            self.wrongs.push(Wrong { message, at: Some((at.line, at.column)) });
        }
    }

    fn selection(&mut self, of: &str, set: &'d SelectionSet<'a, Text<'a>>, depth: usize) {
        for selection in &set.items {
            self.steps += 1;
            if self.steps > FIELDS_MAX {
                if self.steps == FIELDS_MAX + 1 {
                    self.wrong(set.span.0, format!("The request asks for more than {FIELDS_MAX} fields."));
                }
                return;
            }
            match selection {
                Selection::Field(field) => self.field(of, field, depth),
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.type_condition.as_ref();
                    let inner = condition.map_or(of, |TypeCondition::On(name)| *name);
                    self.fragment(inner, fragment.position, &fragment.selection_set, depth);
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.fragments.get(spread.fragment_name).copied() else {
                        self.wrong(spread.position, format!("Unknown fragment \"{}\".", spread.fragment_name));
                        continue;
                    };
                    if self.open.contains(&fragment.name) {
                        let message = format!("Cannot spread fragment \"{}\" within itself.", fragment.name);
                        self.wrong(spread.position, message);
                        continue;
                    }
                    self.open.push(fragment.name);
                    let TypeCondition::On(inner) = &fragment.type_condition;
                    self.fragment(inner, fragment.position, &fragment.selection_set, depth);
                    self.open.pop();
                }
            }
        }
    }

    fn fragment(&mut self, of: &str, at: Pos, set: &'d SelectionSet<'a, Text<'a>>, depth: usize) {
        match self.schema.kind(of) {
            Some(Kind::Fields(_) | Kind::Union) => self.selection(of, set, depth),
            Some(Kind::Scalar | Kind::Enum(_) | Kind::Input(_)) => {
                self.wrong(at, format!("Fragment cannot condition on non composite type \"{of}\"."));
            }
            None => self.wrong(at, format!("Unknown type \"{of}\".")),
        }
    }

    fn field(&mut self, of: &str, field: &'d Field<'a, Text<'a>>, depth: usize) {
        let (name, at) = (field.name, field.position);
        if depth > self.depth_max {
            self.wrong(at, format!("The request is deeper than {}.", self.depth_max));
            return;
        }
        if name == "__typename" {
            return;
        }
        let schema = self.schema;
        let Some(declared) = schema.field(of, name) else {
            self.wrong(at, format!("Cannot query field \"{name}\" on type \"{of}\"."));
            return;
        };
        self.asked.insert(Asked { of: of.to_owned(), name: name.to_owned(), at: (at.line, at.column) });
        self.arguments(of, field, &declared.arguments);
        let has_selection = !field.selection_set.items.is_empty();
        match (schema.kind(&declared.of), has_selection) {
            (Some(Kind::Fields(_) | Kind::Union), true) => {
                self.selection(&declared.of, &field.selection_set, depth + 1);
            }
            (Some(Kind::Fields(_) | Kind::Union), false) => {
                let message =
                    format!("Field \"{name}\" of type \"{}\" must have a selection of subfields.", declared.of);
                self.wrong(at, message);
            }
            (Some(Kind::Scalar | Kind::Enum(_) | Kind::Input(_)), true) => {
                let message = format!(
                    "Field \"{name}\" must not have a selection since type \"{}\" has no subfields.",
                    declared.of
                );
                self.wrong(at, message);
            }
            (Some(Kind::Scalar | Kind::Enum(_) | Kind::Input(_)), false) => {}
            (None, _) => self.wrong(at, format!("Unknown type \"{}\".", declared.of)),
        }
    }

    fn arguments(&mut self, of: &str, field: &Field<'a, Text<'a>>, declared: &IndexMap<String, Argument>) {
        for (argument, value) in &field.arguments {
            let Some(declared) = declared.get(*argument) else {
                let message = format!("Unknown argument \"{argument}\" on field \"{of}.{}\".", field.name);
                self.wrong(field.position, message);
                if let Value::Variable(name) = value
                    && !self.variables.contains_key(name)
                {
                    self.wrong(field.position, value::undefined(name));
                }
                continue;
            };
            let mut wrongs = Vec::new();
            check_argument(self.schema, &self.variables, declared, value, &mut wrongs);
            wrongs.into_iter().for_each(|message| self.wrong(field.position, message));
        }
        let given = |name: &str| field.arguments.iter().any(|(of, _)| *of == name);
        for (name, _) in declared.iter().filter(|(name, need)| need.need() == Need::Required && !given(name)) {
            let message = format!("Field \"{}\" argument \"{name}\" is required but not provided.", field.name);
            self.wrong(field.position, message);
        }
    }
}

/// The document without these fields; what is left empty goes, too. `None` when nothing is left of an operation.
pub(super) fn without<'a>(mut document: Document<'a, Text<'a>>, removed: &[Asked]) -> Option<Document<'a, Text<'a>>> {
    let gone = |field: &Field<'a, Text<'a>>| {
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
    document.definitions.retain(|definition| match definition {
        Definition::Fragment(fragment) => !emptied.contains(fragment.name),
        Definition::Operation(_) => true,
    });
    for definition in &mut document.definitions {
        let Definition::Operation(operation) = definition else { continue };
        let set = match operation {
            OperationDefinition::SelectionSet(set) => set,
            OperationDefinition::Query(of) => &mut of.selection_set,
            OperationDefinition::Mutation(of) => &mut of.selection_set,
            OperationDefinition::Subscription(of) => &mut of.selection_set,
        };
        strip(set, &gone, &emptied);
        if set.items.is_empty() {
            return None;
        }
    }
    Some(document)
}

// INVARIANT: the parser bounds how deep selections stand in each other.
fn strip<'a>(
    set: &mut SelectionSet<'a, Text<'a>>,
    gone: &impl Fn(&Field<'a, Text<'a>>) -> bool,
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
