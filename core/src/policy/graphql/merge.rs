//! Whether fields of the same name in one response can be merged (GraphQL, October 2021, §5.3.2). Merges nothing itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::policy::graphql::check::Wrong;
use crate::policy::graphql::plan::{Field, Item};
use crate::policy::graphql::schema::{Kind, Schema, Shape};

/// Pairs of fields that are compared for one request.
const PAIRS_MAX: usize = 100_000;

/// Conflicts that are told of one request.
const CONFLICTS_MAX: usize = 20;

type Asked<'p> = (&'p str, &'p Arc<Field>);

/// What conflicts in a selection of the type `of`.
pub(super) fn check(schema: &Schema, of: &str, items: &[Item]) -> Vec<Wrong> {
    let mut checker = Checker { schema, pairs: 0, wrongs: Vec::new() };
    let mut asked = Vec::new();
    flatten(of, items, &mut asked);
    checker.group(asked);
    checker.wrongs
}

fn flatten<'p>(of: &'p str, items: &'p [Item], into: &mut Vec<Asked<'p>>) {
    for item in items {
        match item {
            Item::Field(field) => into.push((of, field)),
            Item::Fragment { on, items } => flatten(on, items, into),
        }
    }
}

struct Checker<'s> {
    schema: &'s Schema,
    pairs: usize,
    wrongs: Vec<Wrong>,
}

impl<'s> Checker<'s> {
    fn group<'p>(&mut self, asked: Vec<Asked<'p>>)
    where
        's: 'p,
    {
        let mut by_key: BTreeMap<&str, Vec<Asked<'p>>> = BTreeMap::new();
        for one in asked {
            by_key.entry(&one.1.key).or_default().push(one);
        }
        for (key, fields) in by_key {
            for (index, one) in fields.iter().enumerate() {
                for other in fields.get(index + 1..).unwrap_or_default() {
                    self.pairs += 1;
                    if self.pairs > PAIRS_MAX || self.wrongs.len() >= CONFLICTS_MAX {
                        return self.give_up();
                    }
                    if let Some(why) = self.conflict(*one, *other) {
                        let message = format!("Fields \"{key}\" conflict because {why}. Use different aliases.");
                        self.wrongs.push(Wrong { message, at: Some(other.1.at) });
                    }
                }
            }
            if fields.len() > 1 || fields.iter().any(|(_, field)| !field.items.is_empty()) {
                let mut inner = Vec::new();
                for (of, field) in &fields {
                    if let Some(declared) = self.schema.field(of, &field.name) {
                        flatten(&declared.of, &field.items, &mut inner);
                    }
                }
                if !inner.is_empty() {
                    self.group(inner);
                }
            }
        }
    }

    fn give_up(&mut self) {
        if self.pairs > PAIRS_MAX && self.wrongs.is_empty() {
            let message = "The request asks for the same fields too often to be compared.".to_owned();
            self.wrongs.push(Wrong { message, at: None });
        }
    }

    fn conflict(&self, (of, one): Asked<'_>, (of_other, other): Asked<'_>) -> Option<String> {
        // Objects of two types are never the same object.
        let may_be_one = of == of_other || !self.schema.is_object(of) || !self.schema.is_object(of_other);
        if may_be_one && one.name != other.name {
            return Some(format!("\"{}\" and \"{}\" are different fields", one.name, other.name));
        }
        if may_be_one && one.arguments != other.arguments {
            return Some("they have differing arguments".to_owned());
        }
        let shape = |of: &str, field: &Field| self.schema.field(of, &field.name).map(|field| field.shape.clone());
        match (shape(of, one), shape(of_other, other)) {
            (Some(one), Some(other)) if !self.is_alike(&one, &other) => {
                Some(format!("they return conflicting types \"{one}\" and \"{other}\""))
            }
            _ => None,
        }
    }

    fn is_alike(&self, one: &Shape, other: &Shape) -> bool {
        match (one, other) {
            (Shape::Required(one), Shape::Required(other)) | (Shape::List(one), Shape::List(other)) => {
                self.is_alike(one, other)
            }
            (Shape::Named(one), Shape::Named(other)) => {
                let is_leaf =
                    |name: &str| matches!(self.schema.kind(name), Some(Kind::Scalar | Kind::Enum(_) | Kind::Input(_)));
                one == other || !is_leaf(one) && !is_leaf(other)
            }
            _ => false,
        }
    }
}
