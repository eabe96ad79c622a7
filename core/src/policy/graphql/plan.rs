//! What one operation asks for, as data of its own: fragments put in, arguments and directives evaluated. Asks nobody anything.

use std::sync::Arc;

use graphql_parser::Pos;
use graphql_parser::query::{
    Directive, Document, Field as WrittenField, Selection, SelectionSet, TypeCondition, Value,
};
use serde_json::{Map, Value as Json};

use crate::policy::graphql::check::{Fragments, Wrong, chosen, fragments, root_name};
use crate::policy::graphql::coerce::{self, Values};
use crate::policy::graphql::merge;
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
    /// The variables, directives, or fields of the same name do not fit.
    pub(super) fn new<'a>(
        schema: &Schema,
        document: &Document<'a, &'a str>,
        operation: Option<&str>,
        sent: &Map<String, Json>,
    ) -> Result<Self, Vec<Wrong>> {
        let (root, selection, defined) = chosen(document, operation).map_err(|wrong| vec![wrong])?;
        let of =
            schema.root(root).ok_or_else(|| vec![wrong(None, format!("The schema has no {}.", root_name(root)))])?;
        let values = coerce::variables(schema, defined, sent)
            .map_err(|whys| whys.into_iter().map(|why| wrong(None, why)).collect::<Vec<_>>())?;
        let mut planner = Planner { schema, fragments: fragments(document), values, wrongs: Vec::new() };
        let items = planner.items(of, selection);
        let Planner { mut wrongs, .. } = planner;
        if wrongs.is_empty() {
            wrongs = merge::check(schema, of, &items);
        }
        if wrongs.is_empty() { Ok(Self { root, of: of.to_owned(), items }) } else { Err(wrongs) }
    }
}

fn wrong(at: Option<Pos>, message: String) -> Wrong {
    Wrong { message, at: at.map(|at| (at.line, at.column)) }
}

struct Planner<'s, 'd, 'a> {
    schema: &'s Schema,
    fragments: Fragments<'d, 'a>,
    values: Values,
    wrongs: Vec<Wrong>,
}

// INVARIANT: the document has been checked, so fragments are there, hold no circles, and are few.
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

    // `@skip` and `@include`, and no others (§3.13).
    fn is_wanted(&mut self, directives: &[Directive<'a, &'a str>]) -> bool {
        let mut wanted = true;
        for directive in directives {
            let unless = match directive.name {
                "include" => true,
                "skip" => false,
                other => {
                    self.wrongs.push(wrong(Some(directive.position), format!("Unknown directive \"@{other}\".")));
                    continue;
                }
            };
            match self.condition(directive) {
                Ok(condition) => wanted &= condition == unless,
                Err(why) => self.wrongs.push(wrong(Some(directive.position), why)),
            }
        }
        wanted
    }

    fn condition(&self, directive: &Directive<'a, &'a str>) -> Result<bool, String> {
        let name = directive.name;
        let value = match directive.arguments.as_slice() {
            [("if", Value::Variable(variable))] => match self.values.get(*variable) {
                Some(value) => value.clone(),
                None => return Err(format!("Variable \"${variable}\" of \"@{name}\" has no value.")),
            },
            [("if", value)] => coerce::plain(value),
            [] => return Err(format!("Directive \"@{name}\" argument \"if\" is required but not provided.")),
            _ => return Err(format!("Directive \"@{name}\" has the argument \"if\" alone.")),
        };
        value.as_bool().ok_or_else(|| format!("Boolean cannot represent the argument \"if\" of \"@{name}\"."))
    }
}
