//! A GraphQL request against a schema: the rules of the specification, then depth and number of what one operation asks for.

use std::collections::BTreeSet;

use graphql_parser::query::{Document, Field, Selection, SelectionSet, TypeCondition};

use crate::policy::graphql::document::{Fragments, Operation, Wrong, chosen, fragments};
use crate::policy::graphql::rules;
use crate::policy::graphql::schema::Schema;

/// Fields that one request may ask for, those of repeated fragments each time.
pub(super) const FIELDS_MAX: usize = 250;

/// A field that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Asked {
    pub(super) of: String,
    pub(super) name: String,
    pub(super) at: (usize, usize),
}

/// Checks a document, which `text` is, and what one of its operations asks for; gives every field that it asks for.
pub(super) fn check<'a>(
    schema: &Schema,
    document: &Document<'a, &'a str>,
    text: &str,
    operation: Option<&str>,
    depth_max: usize,
) -> Result<Vec<Asked>, Vec<Wrong>> {
    let wrongs = rules::check(schema, document, text);
    if !wrongs.is_empty() {
        return Err(wrongs);
    }
    let fragments = fragments(document);
    let Operation { root, set, .. } = chosen(document, operation).map_err(|wrong| vec![wrong])?;
    let of = schema.root(root).unwrap_or_default();
    let mut walk = Walk { schema, fragments, depth_max, steps: 0, asked: BTreeSet::new() };
    walk.selection(of, set, 1).map_err(|wrong| vec![wrong])?;
    Ok(walk.asked.into_iter().collect())
}

// INVARIANT: the document follows the rules: fields and fragments are there, and no fragment is in itself.
struct Walk<'s, 'd, 'a> {
    schema: &'s Schema,
    fragments: Fragments<'d, 'a>,
    depth_max: usize,
    steps: usize,
    asked: BTreeSet<Asked>,
}

impl<'d, 'a> Walk<'_, 'd, 'a> {
    fn selection(&mut self, of: &str, set: &'d SelectionSet<'a, &'a str>, depth: usize) -> Result<(), Wrong> {
        for selection in &set.items {
            self.steps += 1;
            if self.steps > FIELDS_MAX {
                let message = format!("The request asks for more than {FIELDS_MAX} fields.");
                return Err(Wrong::new(set.span.0, message));
            }
            match selection {
                Selection::Field(field) => self.field(of, field, depth)?,
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.type_condition.as_ref();
                    let inner = condition.map_or(of, |TypeCondition::On(name)| *name);
                    self.selection(inner, &fragment.selection_set, depth)?;
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.fragments.get(spread.fragment_name).copied() else { continue };
                    let TypeCondition::On(inner) = &fragment.type_condition;
                    self.selection(inner, &fragment.selection_set, depth)?;
                }
            }
        }
        Ok(())
    }

    fn field(&mut self, of: &str, field: &'d Field<'a, &'a str>, depth: usize) -> Result<(), Wrong> {
        let (name, at) = (field.name, field.position);
        if depth > self.depth_max {
            return Err(Wrong::new(at, format!("The request is deeper than {}.", self.depth_max)));
        }
        let Some(declared) = self.schema.field(of, name).filter(|_| name != "__typename") else { return Ok(()) };
        self.asked.insert(Asked { of: of.to_owned(), name: name.to_owned(), at: (at.line, at.column) });
        self.selection(&declared.of, &field.selection_set, depth + 1)
    }
}
