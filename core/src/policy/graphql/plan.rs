//! What one operation asks for, as data of its own: fragments put in, arguments and directives evaluated. Asks nobody anything.

use std::sync::Arc;

use graphql_parser::parse_query;
use graphql_parser::query::{
    Directive, Document, Field as WrittenField, Selection, SelectionSet, TypeCondition, Value,
};
use serde_json::{Map, Value as Json};

use crate::policy::graphql::DEPTH_MAX;
use crate::policy::graphql::check::check;
use crate::policy::graphql::coerce::{self, Values};
use crate::policy::graphql::document::{Fragments, Operation, Wrong, chosen, fragments};
use crate::policy::graphql::request::{Request, unread};
use crate::policy::graphql::schema::{Root, Schema};

/// An operation to be executed.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// What kind it is of.
    pub(super) root: Root,
    /// The type that it begins with.
    pub(super) of: String,
    /// What it asks for.
    pub(super) items: Vec<Item>,
}

/// A part of a selection.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// A field.
    Field(Arc<Field>),
    /// What is asked for when the object is of this type.
    Fragment {
        /// The type.
        on: String,
        /// What is asked for.
        items: Vec<Self>,
    },
}

/// A field that is asked for.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// The name that it has in the response.
    pub(super) key: Arc<str>,
    /// Its name.
    pub(super) name: Arc<str>,
    /// Line and column.
    pub(super) at: (usize, usize),
    /// Its arguments; why there are none.
    pub(super) arguments: Result<Map<String, Json>, String>,
    /// What is asked for of it.
    pub(super) items: Vec<Item>,
}

impl Plan {
    /// The plan of a document that has been checked.
    ///
    /// # Errors
    /// The variables that were sent do not fit.
    pub(super) fn new<'a>(
        schema: &Schema,
        document: &Document<'a, &'a str>,
        operation: Option<&str>,
        sent: &Map<String, Json>,
    ) -> Result<Self, Vec<Wrong>> {
        let Operation { root, variables, set, .. } = chosen(document, operation).map_err(|wrong| vec![wrong])?;
        let of = schema.root(root).unwrap_or_default();
        let values = coerce::variables(schema, variables, sent)
            .map_err(|whys| whys.into_iter().map(|message| Wrong { message, at: None }).collect::<Vec<_>>())?;
        let mut planner = Planner { schema, fragments: fragments(document), values, wrongs: Vec::new() };
        let items = planner.items(of, set);
        if planner.wrongs.is_empty() { Ok(Self { root, of: of.to_owned(), items }) } else { Err(planner.wrongs) }
    }
}

/// A request, held against a schema.
pub(super) struct Planned<'q> {
    /// Its document, which follows the rules.
    pub(super) document: Document<'q, &'q str>,
    /// The variables that were sent.
    pub(super) variables: Map<String, Json>,
    /// What it asks for.
    pub(super) plan: Plan,
}

impl<'q> Planned<'q> {
    /// Reads and checks what is to be executed; `query` is that of the URL of the request.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn new(schema: &Schema, request: &'q Request, query: Option<&str>) -> Result<Self, Vec<Wrong>> {
        let variables = request.variables(query)?;
        let document = parse_query::<&str>(&request.query).map_err(|error| unread(&error))?;
        let operation = request.operation.as_deref();
        check(schema, &document, &request.query, operation, usize::try_from(DEPTH_MAX).unwrap_or(0))?;
        let plan = Plan::new(schema, &document, operation, &variables)?;
        Ok(Self { document, variables, plan })
    }
}

struct Planner<'s, 'd, 'a> {
    schema: &'s Schema,
    fragments: Fragments<'d, 'a>,
    values: Values,
    wrongs: Vec<Wrong>,
}

// INVARIANT: the document has been checked: fragments are there, none is in itself, and they are few.
impl<'d, 'a> Planner<'_, 'd, 'a> {
    fn items(&mut self, of: &str, set: &'d SelectionSet<'a, &'a str>) -> Vec<Item> {
        let mut items = Vec::new();
        for selection in &set.items {
            match selection {
                Selection::Field(field) => {
                    let wanted = self.is_wanted(&field.directives);
                    // What is skipped is looked at all the same: mistakes in it are mistakes.
                    let field = self.field(of, field);
                    items.extend(wanted.then(|| Item::Field(Arc::new(field))));
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.type_condition.as_ref();
                    let on = condition.map_or(of, |TypeCondition::On(name)| *name);
                    let wanted = self.is_wanted(&fragment.directives);
                    self.fragment(on, &fragment.selection_set, wanted, &mut items);
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.fragments.get(spread.fragment_name).copied() else { continue };
                    let TypeCondition::On(on) = &fragment.type_condition;
                    let wanted = self.is_wanted(&spread.directives) & self.is_wanted(&fragment.directives);
                    self.fragment(on, &fragment.selection_set, wanted, &mut items);
                }
            }
        }
        items
    }

    fn fragment(&mut self, on: &str, set: &'d SelectionSet<'a, &'a str>, wanted: bool, into: &mut Vec<Item>) {
        let items = self.items(on, set);
        if wanted {
            into.push(Item::Fragment { on: on.to_owned(), items });
        }
    }

    fn field(&mut self, of: &str, field: &'d WrittenField<'a, &'a str>) -> Field {
        let schema = self.schema;
        let declared = schema.field(of, field.name);
        let arguments = match declared {
            Some(declared) => coerce::arguments(schema, &declared.arguments, &field.arguments, &self.values),
            None => Ok(Map::new()),
        };
        let items = match declared {
            Some(declared) => self.items(&declared.of, &field.selection_set),
            None => Vec::new(),
        };
        Field {
            key: Arc::from(field.alias.unwrap_or(field.name)),
            name: Arc::from(field.name),
            at: (field.position.line, field.position.column),
            arguments,
            items,
        }
    }

    // What `@skip` and `@include` say (§3.13); other directives say nothing about execution.
    fn is_wanted(&mut self, directives: &[Directive<'a, &'a str>]) -> bool {
        let mut wanted = true;
        for directive in directives {
            let unless = match directive.name {
                "include" => true,
                "skip" => false,
                _ => continue,
            };
            match self.condition(directive) {
                Some(condition) => wanted &= condition == unless,
                None => {
                    let message = format!("The argument \"if\" of \"@{}\" has no value.", directive.name);
                    self.wrongs.push(Wrong::new(directive.position, message));
                }
            }
        }
        wanted
    }

    // None: null was sent for a variable that has a default.
    fn condition(&self, directive: &Directive<'a, &'a str>) -> Option<bool> {
        match directive.arguments.as_slice() {
            [(_, Value::Variable(variable))] => self.values.get(*variable)?.as_bool(),
            [(_, value)] => coerce::plain(value).as_bool(),
            _ => None,
        }
    }
}
