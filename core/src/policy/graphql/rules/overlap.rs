//! Fields of one name in the response: whether they are the same field, and of the same form (§5.3.2); and how many a subscription
//! begins with (§5.2.3.1).
//!
//! Fields are held against the first of their name, not each against each: to be the same field, or of the same form, is an equivalence.

use std::collections::BTreeSet;

use graphql_parser::query::{Directive, Field, Selection, SelectionSet, TypeCondition, Value};
use indexmap::{IndexMap, IndexSet};

use crate::policy::graphql::DEPTH_MAX;
use crate::policy::graphql::document::{Fragments, Operation};
use crate::policy::graphql::rules::Found;
use crate::policy::graphql::schema::{Schema, Shape};

// INVARIANT: the other rules have been checked: fields are known, and no fragment is in itself.
pub(super) struct Overlap<'s, 'w, 'd, 'a> {
    pub(super) schema: &'s Schema,
    pub(super) fragments: &'w Fragments<'d, 'a>,
    pub(super) found: &'w mut Found,
}

/// A field, and the type that it is asked for of.
type Asked<'s, 'd, 'a> = (&'s str, &'d Field<'a, &'a str>);

/// What is asked for of a type.
type Selected<'s, 'd, 'a> = (&'s str, &'d SelectionSet<'a, &'a str>);

impl<'s, 'd, 'a> Overlap<'s, '_, 'd, 'a> {
    /// Checks what an operation asks for.
    pub(super) fn check(&mut self, of: &'s str, set: &'d SelectionSet<'a, &'a str>) {
        let fields = self.flatten(vec![(of, set)], |_| true);
        self.forms(&fields, 1);
        self.fields(&fields, 1);
    }

    /// Checks that a subscription begins with one field.
    pub(super) fn check_single(&mut self, of: &'s str, operation: &Operation<'d, 'a>) {
        let fields = self.flatten(vec![(of, operation.set)], is_there);
        let subject =
            operation.name.map_or("Anonymous Subscription".to_owned(), |name| format!("Subscription \"{name}\""));
        let other = fields.iter().find(|(_, field)| fields.first().is_some_and(|(_, first)| key(field) != key(first)));
        if let Some((_, other)) = other {
            self.found.wrong(other.position, format!("{subject} must select only one top level field."));
        } else if let Some((_, meta)) = fields.iter().find(|(_, field)| field.name.starts_with("__")) {
            let message = format!("{subject} must not select an introspection top level field.");
            self.found.wrong(meta.position, message);
        }
    }

    // The fields of selections, with those of their fragments, where directives say so.
    fn flatten(
        &mut self,
        selected: Vec<Selected<'s, 'd, 'a>>,
        is_there: fn(&[Directive<'a, &'a str>]) -> bool,
    ) -> Vec<Asked<'s, 'd, 'a>> {
        let (mut fields, mut seen) = (Vec::new(), BTreeSet::new());
        let mut open: Vec<_> = selected.into_iter().rev().map(|(of, set)| (of, set.items.iter())).collect();
        while let Some((of, items)) = open.last_mut() {
            let of = *of;
            let Some(selection) = items.next() else {
                open.pop();
                continue;
            };
            if !self.found.spend(1) {
                break;
            }
            match selection {
                Selection::Field(field) => fields.extend(is_there(&field.directives).then_some((of, field))),
                Selection::InlineFragment(fragment) if is_there(&fragment.directives) => {
                    let on = fragment.type_condition.as_ref().map(|TypeCondition::On(on)| *on);
                    let inner = on.map_or(Some(of), |on| self.schema.known(on));
                    open.extend(inner.map(|inner| (inner, fragment.selection_set.items.iter())));
                }
                Selection::FragmentSpread(spread) if is_there(&spread.directives) => {
                    let Some(fragment) = self.fragments.get(spread.fragment_name) else { continue };
                    let TypeCondition::On(on) = &fragment.type_condition;
                    if let Some(on) = self.schema.known(on)
                        && seen.insert(fragment.name)
                    {
                        open.push((on, fragment.selection_set.items.iter()));
                    }
                }
                Selection::InlineFragment(_) | Selection::FragmentSpread(_) => {}
            }
        }
        fields
    }

    // What is asked for of fields of one name.
    fn inner(&mut self, fields: &[Asked<'s, 'd, 'a>], depth: usize) -> Vec<Asked<'s, 'd, 'a>> {
        let schema = self.schema;
        let selected = fields.iter().filter(|(_, field)| !field.selection_set.items.is_empty());
        let selected: Vec<Selected<'s, 'd, 'a>> = selected
            .filter_map(|(of, field)| Some((schema.field(of, field.name)?.of.as_str(), &field.selection_set)))
            .collect();
        if let Some((_, set)) = selected.first()
            && i64::try_from(depth).is_ok_and(|depth| depth >= DEPTH_MAX)
        {
            self.found.wrong(set.span.0, format!("The request is deeper than {DEPTH_MAX}."));
            return Vec::new();
        }
        self.flatten(selected, |_| true)
    }

    // SameResponseShape, of all types that an object may be of.
    fn forms(&mut self, fields: &[Asked<'s, 'd, 'a>], depth: usize) {
        for (key, group) in by_key(fields) {
            let mut shapes =
                group.iter().filter_map(|(of, field)| Some((field, &self.schema.field(of, field.name)?.shape)));
            if let Some((_, first)) = shapes.next() {
                for (field, shape) in shapes.filter(|(_, shape)| !is_alike(self.schema, first, shape)) {
                    let why = format!("they return conflicting types \"{first}\" and \"{shape}\"");
                    self.found.wrong(field.position, conflict(key, &why));
                }
            }
            let inner = self.inner(&group, depth);
            if !inner.is_empty() {
                self.forms(&inner, depth + 1);
            }
        }
    }

    // FieldsInSetCanMerge: those that one object may have are the same field.
    fn fields(&mut self, fields: &[Asked<'s, 'd, 'a>], depth: usize) {
        for (key, group) in by_key(fields) {
            for group in self.of_one_object(group) {
                if let Some(((_, first), others)) = group.split_first() {
                    for (_, other) in others {
                        if let Some(why) = differ(first, other) {
                            self.found.wrong(other.position, conflict(key, &why));
                        }
                    }
                }
                let inner = self.inner(&group, depth);
                if !inner.is_empty() {
                    self.fields(&inner, depth + 1);
                }
            }
        }
    }

    // Objects of two types are never the same object.
    fn of_one_object(&mut self, group: Vec<Asked<'s, 'd, 'a>>) -> Vec<Vec<Asked<'s, 'd, 'a>>> {
        let types: IndexSet<&str> = group.iter().map(|(of, _)| *of).filter(|of| self.schema.is_object(of)).collect();
        if types.len() < 2 || !self.found.spend(types.len().saturating_mul(group.len())) {
            return vec![group];
        }
        let of_type = |of: &str| {
            let may_be = |(other, _): &&Asked<'s, 'd, 'a>| *other == of || !self.schema.is_object(other);
            group.iter().filter(may_be).copied().collect()
        };
        types.into_iter().map(of_type).collect()
    }
}

// Whether `@skip` and `@include` leave it there, whatever the values of variables (§6.3.2).
fn is_there<'a>(directives: &[Directive<'a, &'a str>]) -> bool {
    directives.iter().all(|directive| match (directive.name, directive.arguments.as_slice()) {
        ("skip", [(_, Value::Boolean(skipped))]) => !skipped,
        ("include", [(_, Value::Boolean(included))]) => *included,
        _ => true,
    })
}

fn key<'a>(field: &Field<'a, &'a str>) -> &'a str {
    field.alias.unwrap_or(field.name)
}

fn by_key<'s, 'd, 'a>(fields: &[Asked<'s, 'd, 'a>]) -> IndexMap<&'a str, Vec<Asked<'s, 'd, 'a>>> {
    let mut groups: IndexMap<&str, Vec<_>> = IndexMap::new();
    for asked in fields {
        groups.entry(key(asked.1)).or_default().push(*asked);
    }
    groups
}

fn conflict(key: &str, why: &str) -> String {
    format!("Fields \"{key}\" conflict because {why}. Use different aliases.")
}

fn differ<'a>(one: &Field<'a, &'a str>, other: &Field<'a, &'a str>) -> Option<String> {
    if one.name != other.name {
        return Some(format!("\"{}\" and \"{}\" are different fields", one.name, other.name));
    }
    let is_there = |(name, value): &(&str, Value<'a, &'a str>)| {
        other.arguments.iter().any(|(of, other)| of == name && other == value)
    };
    let is_same = one.arguments.len() == other.arguments.len() && one.arguments.iter().all(is_there);
    (!is_same).then(|| "they have differing arguments".to_owned())
}

fn is_alike(schema: &Schema, one: &Shape, other: &Shape) -> bool {
    match (one, other) {
        (Shape::Required(one), Shape::Required(other)) | (Shape::List(one), Shape::List(other)) => {
            is_alike(schema, one, other)
        }
        (Shape::Named(one), Shape::Named(other)) => {
            one == other || schema.is_composite(one) && schema.is_composite(other)
        }
        (Shape::Required(_) | Shape::List(_) | Shape::Named(_), _) => false,
    }
}
