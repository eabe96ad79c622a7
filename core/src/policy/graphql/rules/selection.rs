//! What stands in one definition: fields, arguments, directives, and where fragments are spread (§5.3.1, §5.3.3, §5.4 to §5.7). Looks
//! into no other definition.

use std::collections::BTreeSet;

use graphql_parser::Pos;
use graphql_parser::query::{
    Directive, Field, FragmentSpread, InlineFragment, Selection, SelectionSet, TypeCondition, Value,
};
use graphql_parser::schema::DirectiveLocation;
use indexmap::IndexMap;

use crate::policy::graphql::document::Fragments;
use crate::policy::graphql::rules::{Found, Usage, Uses};
use crate::policy::graphql::schema::{Argument, Need, Schema};
use crate::policy::graphql::value::{self, check_argument, check_unknown};

type Arguments = IndexMap<String, Argument>;

/// A walk through a definition.
pub(super) struct Walk<'s, 'w, 'd, 'a> {
    pub(super) schema: &'s Schema,
    fragments: &'w Fragments<'d, 'a>,
    found: &'w mut Found,
    /// What the definition makes use of, as far as it has been walked through.
    pub(super) uses: Uses<'s, 'a>,
}

/// Whose arguments they are.
#[derive(Clone, Copy)]
enum Owner<'n> {
    /// A field's, of this type.
    Field(&'n str, &'n str),
    Directive(&'n str),
}

impl Owner<'_> {
    fn unknown(self, argument: &str) -> String {
        match self {
            Self::Field(of, name) => format!("Unknown argument \"{argument}\" on field \"{of}.{name}\"."),
            Self::Directive(name) => format!("Unknown argument \"{argument}\" on directive \"@{name}\"."),
        }
    }

    fn missing(self, argument: &str) -> String {
        match self {
            Self::Field(_, name) => format!("Field \"{name}\" argument \"{argument}\" is required but not provided."),
            Self::Directive(name) => {
                format!("Directive \"@{name}\" argument \"{argument}\" is required but not provided.")
            }
        }
    }
}

impl<'s, 'w, 'd, 'a> Walk<'s, 'w, 'd, 'a> {
    pub(super) fn new(schema: &'s Schema, fragments: &'w Fragments<'d, 'a>, found: &'w mut Found) -> Self {
        Self { schema, fragments, found, uses: Uses::default() }
    }

    /// Walks through what is asked for of a type; of one that is not known, for the sake of what is used there.
    // INVARIANT: the parser bounds how deep selections stand in each other.
    pub(super) fn selection(&mut self, of: Option<&'s str>, set: &SelectionSet<'a, &'a str>) {
        for selection in &set.items {
            match selection {
                Selection::Field(field) => self.field(of, field),
                Selection::InlineFragment(fragment) => self.inline(of, fragment),
                Selection::FragmentSpread(spread) => self.spread(of, spread),
            }
        }
    }

    fn field(&mut self, of: Option<&'s str>, field: &Field<'a, &'a str>) {
        let (name, at) = (field.name, field.position);
        let declared = of.and_then(|of| Some((of, self.schema.field(of, name)?)));
        if let (Some(of), None) = (of, declared) {
            self.found.wrong(at, format!("Cannot query field \"{name}\" on type \"{of}\"."));
        }
        let arguments = declared.map(|(of, declared)| (Owner::Field(of, name), &declared.arguments));
        self.arguments(at, &field.arguments, arguments);
        self.directives(&field.directives, DirectiveLocation::Field);
        let of = declared.and_then(|(_, declared)| self.inner(field, &declared.of));
        self.selection(of, &field.selection_set);
    }

    // §5.3.3; the type that a selection is of.
    fn inner(&mut self, field: &Field<'a, &'a str>, of: &'s str) -> Option<&'s str> {
        let (name, has_selection) = (field.name, !field.selection_set.items.is_empty());
        let is_known = self.schema.known(of).is_some();
        let is_composite = self.schema.is_composite(of);
        let message = match (is_composite, has_selection) {
            (true, false) => format!("Field \"{name}\" of type \"{of}\" must have a selection of subfields."),
            (false, true) if is_known => {
                format!("Field \"{name}\" must not have a selection since type \"{of}\" has no subfields.")
            }
            (false, _) if !is_known => format!("Unknown type \"{of}\"."),
            (true, true) | (false, _) => return is_composite.then_some(of),
        };
        self.found.wrong(field.position, message);
        None
    }

    fn inline(&mut self, of: Option<&'s str>, fragment: &InlineFragment<'a, &'a str>) {
        let at = fragment.position;
        self.directives(&fragment.directives, DirectiveLocation::InlineFragment);
        let inner = match &fragment.type_condition {
            None => of,
            Some(TypeCondition::On(on)) => match self.schema.known(on) {
                None => {
                    self.found.wrong(at, format!("Unknown type \"{on}\"."));
                    None
                }
                Some(on) if !self.schema.is_composite(on) => {
                    let message = format!("Fragment cannot condition on non composite type \"{on}\".");
                    self.found.wrong(at, message);
                    None
                }
                Some(on) => {
                    self.possible(at, of, on, "Fragment");
                    Some(on)
                }
            },
        };
        self.selection(inner, &fragment.selection_set);
    }

    fn spread(&mut self, of: Option<&'s str>, spread: &FragmentSpread<'a, &'a str>) {
        let (name, at) = (spread.fragment_name, spread.position);
        self.directives(&spread.directives, DirectiveLocation::FragmentSpread);
        self.uses.spreads.push((name, at));
        let Some(fragment) = self.fragments.get(name) else {
            return self.found.wrong(at, format!("Unknown fragment \"{name}\"."));
        };
        let TypeCondition::On(on) = &fragment.type_condition;
        if let Some(on) = self.schema.known(on).filter(|on| self.schema.is_composite(on)) {
            self.possible(at, of, on, &format!("Fragment \"{name}\""));
        }
    }

    // §5.5.2.3
    fn possible(&mut self, at: Pos, of: Option<&'s str>, on: &'s str, fragment: &str) {
        let Some(of) = of.filter(|of| *of != on) else { return };
        if !self.found.spend(1) {
            return;
        }
        let schema = self.schema;
        let (few, many) = if schema.is_object(of) { (of, on) } else { (on, of) };
        let mut steps = 0;
        let is_possible = schema.possible(few).any(|one| {
            steps += 1;
            schema.is_possible(one, many)
        });
        if self.found.spend(steps) && !is_possible {
            let message =
                format!("{fragment} cannot be spread here as objects of type \"{of}\" can never be of type \"{on}\".");
            self.found.wrong(at, message);
        }
    }

    /// Checks the directives of one place (§5.7).
    pub(super) fn directives(&mut self, directives: &[Directive<'a, &'a str>], location: DirectiveLocation) {
        let mut seen = BTreeSet::new();
        for Directive { name, position, arguments } in directives {
            let declared = self.schema.directive(name);
            let message = match declared {
                None => Some(format!("Unknown directive \"@{name}\".")),
                Some(declared) if !declared.locations.contains(&location) => {
                    Some(format!("Directive \"@{name}\" may not be used on {}.", location.as_str()))
                }
                Some(declared) if !seen.insert(*name) && !declared.is_repeatable => {
                    Some(format!("The directive \"@{name}\" can only be used once at this location."))
                }
                Some(_) => None,
            };
            message.into_iter().for_each(|message| self.found.wrong(*position, message));
            self.arguments(*position, arguments, declared.map(|of| (Owner::Directive(name), &of.arguments)));
        }
    }

    // §5.4, §5.6
    fn arguments(
        &mut self,
        at: Pos,
        given: &[(&'a str, Value<'a, &'a str>)],
        declared: Option<(Owner<'_>, &'s Arguments)>,
    ) {
        let mut seen = BTreeSet::new();
        for (name, value) in given {
            if !seen.insert(*name) {
                self.found.wrong(at, format!("There can be only one argument named \"{name}\"."));
            }
            let mut found = value::Found::default();
            match declared.map(|(owner, declared)| (owner, declared.get(*name))) {
                Some((_, Some(argument))) => check_argument(self.schema, argument, value, &mut found),
                Some((owner, None)) => {
                    self.found.wrong(at, owner.unknown(name));
                    check_unknown(value, &mut found);
                }
                None => check_unknown(value, &mut found),
            }
            found.wrongs.into_iter().for_each(|message| self.found.wrong(at, message));
            let usage = |(name, place)| Usage { name, at, place };
            self.uses.variables.extend(found.variables.into_iter().map(usage));
        }
        let Some((owner, declared)) = declared else { return };
        let missing = |(name, argument): &(&String, &Argument)| {
            argument.need() == Need::Required && !seen.contains(name.as_str())
        };
        for (name, _) in declared.iter().filter(missing) {
            self.found.wrong(at, owner.missing(name));
        }
    }
}
