//! What is asked for under each name in the response, and in what turns an operation begins. Completes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::policy::graphql::plan::{Field, Item};
use crate::policy::graphql::schema::{Schema, Shape};

/// A field of the response, with all that is asked for under its name.
#[derive(Clone, Debug)]
pub(super) struct Collected {
    /// The type that it is of.
    pub(super) of: String,
    /// Its type.
    pub(super) shape: Shape,
    /// As it is asked for, each time.
    pub(super) fields: Vec<Arc<Field>>,
}

impl Collected {
    /// The name of the field.
    pub(super) fn name(&self) -> &str {
        self.fields.first().map_or("", |field| &field.name)
    }

    /// Its name in the response.
    pub(super) fn key(&self) -> &str {
        self.fields.first().map_or("", |field| &field.key)
    }
}

/// The fields of an object of the type `of` (§6.3.2).
pub(super) fn collect(schema: &Schema, of: &str, items: &[&[Item]]) -> IndexMap<Arc<str>, Collected> {
    let mut collected = IndexMap::new();
    for items in items {
        collect_into(schema, of, items, &mut collected);
    }
    collected
}

fn collect_into(schema: &Schema, of: &str, items: &[Item], into: &mut IndexMap<Arc<str>, Collected>) {
    for item in items {
        match item {
            Item::Field(field) => {
                let Some(declared) = schema.field(of, &field.name) else { continue };
                let known = into.entry(Arc::clone(&field.key)).or_insert_with(|| Collected {
                    of: of.to_owned(),
                    shape: declared.shape.clone(),
                    fields: Vec::new(),
                });
                known.fields.push(Arc::clone(field));
            }
            Item::Fragment { on, items } => {
                if schema.is_possible(of, on) {
                    collect_into(schema, of, items, into);
                }
            }
        }
    }
}

/// A request for the GraphQL service.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The names of the fields in the response.
    pub(super) keys: BTreeSet<Arc<str>>,
    /// Its content, as JSON.
    pub(super) content: Arc<str>,
}

/// A field, and the node of the response that it is for.
pub(super) type Place = (usize, Arc<Collected>);

/// What waits for its answer, or to be asked.
#[derive(Clone, Debug)]
pub(super) enum Waiting {
    /// A resolver, which sees the object `parent`.
    Resolver { node: usize, field: Arc<Collected>, resolver: usize, parent: Arc<Json> },
    /// The GraphQL service, asked for several fields at once.
    Endpoint { places: Vec<Place>, content: Arc<str> },
}

/// What an operation begins with at a time.
#[derive(Clone, Debug)]
pub(super) enum Turn {
    /// A field.
    Field(Place),
    /// What the GraphQL service is asked for.
    Endpoint(Waiting),
}

/// What an operation begins with, in order: each part of the service where the first of its fields stands.
pub(super) fn turns(places: Vec<Place>, parts: Vec<Part>) -> Vec<Turn> {
    let mut parts: Vec<(Part, Vec<Place>)> = parts.into_iter().map(|part| (part, Vec::new())).collect();
    let mut order = Vec::with_capacity(places.len());
    for place in places {
        match parts.iter_mut().find(|(part, _)| part.keys.contains(place.1.key())) {
            Some((_, places)) => {
                if places.is_empty() {
                    order.push(None);
                }
                places.push(place);
            }
            None => order.push(Some(place)),
        }
    }
    // INVARIANT: parts stand in the order of their fields.
    let mut parts = parts.into_iter();
    let turn = |place: Option<Place>| match place {
        Some(place) => Some(Turn::Field(place)),
        None => parts.next().map(|(part, places)| Turn::Endpoint(Waiting::Endpoint { places, content: part.content })),
    };
    order.into_iter().filter_map(turn).collect()
}
