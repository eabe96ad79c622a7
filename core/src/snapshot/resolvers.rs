//! The resolvers of a synthetic GraphQL API: each one's field must be of the schema. Compiles no document.

use std::sync::Arc;

use crate::config::model::{Api, Resolver as Document};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::policy::Program;
use crate::policy::graphql::{Place, Resolver, Resolvers, Schema};

/// The resolvers with their programs; none when there are none.
pub(super) fn compiled(api: &Api, programs: Vec<Option<Arc<Program>>>) -> Option<Arc<Resolvers>> {
    let one = |(of, program): (&Document, Option<Arc<Program>>)| {
        let (name, program) = (Arc::from(of.id.name()), program?);
        Some(Resolver { name, of: of.of.clone(), field: of.field.clone(), program })
    };
    let all: Vec<Resolver> = api.resolvers.iter().zip(programs).filter_map(one).collect();
    (!all.is_empty()).then(|| Arc::new(Resolvers::new(all)))
}

/// The fields that events are published of and that are not there. `programs` are those of the resolvers, in their order.
pub(super) fn unheard(api: &Api, programs: &[Option<Arc<Program>>], schema: Option<&Schema>) -> Vec<Diagnostic> {
    let Some(schema) = schema else { return Vec::new() };
    let mut found = Vec::new();
    for (resolver, program) in api.resolvers.iter().zip(programs) {
        let events = program.iter().flat_map(|program| program.policies()).flat_map(|policy| policy.events());
        for event in events.filter(|event| !schema.events().any(|field| field == &***event)) {
            let message = format!("`{}` publishes to `{event}`, which is no field of a subscription", resolver.id);
            let mut diagnostic =
                Diagnostic::error("unknown-subscription", Arc::clone(&resolver.policy.origin.file), message);
            diagnostic.help = did_you_mean(event, schema.events());
            found.push(diagnostic);
        }
    }
    found
}

/// The resolvers whose field is not there.
pub(super) fn misplaced(api: &Api, schema: Option<&Schema>) -> Vec<Diagnostic> {
    let Some(first) = api.resolvers.first() else { return Vec::new() };
    let Some(schema) = schema else {
        let message = format!("`{}` has resolvers and no GraphQL schema that says of which fields", api.id);
        return vec![Diagnostic::error("graphql-schema", Arc::clone(&first.origin.file), message)];
    };
    api.resolvers.iter().filter_map(|resolver| wrong(schema, resolver)).collect()
}

fn wrong(schema: &Schema, resolver: &Document) -> Option<Diagnostic> {
    let Document { id, of, field, origin, .. } = resolver;
    let (message, help) = match schema.place(of, field) {
        Place::Field => return None,
        Place::NoType => {
            let near = did_you_mean(of, schema.object_types());
            (format!("the resolver `{id}` is for `{of}/{field}`, but the schema has no type `{of}`"), near)
        }
        Place::NoObject => {
            let help = "resolvers are for fields of object types: name the types that objects of it are of";
            (format!("the resolver `{id}` is for `{of}/{field}`, but `{of}` is no object type"), Some(help.to_owned()))
        }
        Place::NoField => {
            let near = did_you_mean(field, schema.fields_of(of));
            (format!("the resolver `{id}` is for `{of}/{field}`, but the type `{of}` has no field `{field}`"), near)
        }
        Place::Subscription => {
            // So says the reference of `publish-event`.
            let help = "`publish-event` in the resolver of a query or a mutation is all that it takes";
            let message = format!("the resolver `{id}` is for `{of}/{field}`, but subscriptions have no resolvers");
            (message, Some(help.to_owned()))
        }
    };
    let mut diagnostic = Diagnostic::error("resolver", Arc::clone(&origin.file), message);
    diagnostic.help = help;
    Some(diagnostic)
}
