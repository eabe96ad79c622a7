//! The rules that every document must follow (GraphQL, October 2021, §5): operations, fragments and variables as a whole. Executes nothing.
//!
//! `selection` what stands in one definition, `cycles` fragments in themselves, `overlap` fields of one name, `twice` what the parser
//! does not hand on. Each rule has its documents in `tests`. Whatever a document holds, the steps of all rules together are bounded.

mod cycles;
mod overlap;
mod selection;
#[cfg(test)]
mod tests;
mod twice;

use std::collections::{BTreeMap, BTreeSet};

use graphql_parser::Pos;
use graphql_parser::query::{Definition, Document, FragmentDefinition, TypeCondition};
use graphql_parser::schema::DirectiveLocation;

use crate::policy::graphql::document::{Fragments, Operation, Wrong, fragments, operations, root_name};
use crate::policy::graphql::schema::{Root, Schema};
use crate::policy::graphql::value::{Place, misplaced, variables};
use selection::Walk;

/// Errors about one request that are told.
const WRONGS_MAX: usize = 20;

/// Steps that the rules take for one document, of those that a short document can make many of.
const STEPS_MAX: usize = 100_000;

/// What is wrong with a document, which `text` is.
pub(super) fn check<'a>(schema: &Schema, document: &Document<'a, &'a str>, text: &str) -> Vec<Wrong> {
    let fragments = fragments(document);
    let mut rules = Rules { schema, fragments: &fragments, found: Found::default() };
    rules.names(document);
    let mut of_fragments = BTreeMap::new();
    let mut of_operations = Vec::new();
    for definition in &document.definitions {
        if let Definition::Fragment(fragment) = definition {
            of_fragments.insert(fragment.name, rules.fragment(fragment));
        }
    }
    for operation in operations(document) {
        of_operations.push((operation, rules.operation(&operation)));
    }
    for (name, at) in twice::check(text) {
        rules.found.wrong(at, format!("There can be only one input field named \"{name}\"."));
    }
    cycles::check(&of_fragments, &mut rules.found);
    rules.reached(&of_operations, &of_fragments);
    if rules.found.wrongs.is_empty() {
        for (operation, _) in &of_operations {
            rules.fields(operation);
        }
    }
    rules.found.wrongs
}

/// What the rules have found so far.
#[derive(Debug, Default)]
struct Found {
    wrongs: Vec<Wrong>,
    steps: usize,
}

impl Found {
    fn wrong(&mut self, at: Pos, message: impl Into<String>) {
        let wrong = Wrong::new(at, message);
        if self.wrongs.len() < WRONGS_MAX && !self.wrongs.contains(&wrong) {
            self.wrongs.push(wrong);
        }
    }

    /// Whether this many steps may be taken; when not, the document is refused.
    fn spend(&mut self, steps: usize) -> bool {
        let had_some = self.steps <= STEPS_MAX;
        self.steps = self.steps.saturating_add(steps);
        if self.steps <= STEPS_MAX {
            return true;
        }
        if had_some {
            let message = "The request repeats its parts too often to be checked.".to_owned();
            self.wrongs.push(Wrong { message, at: None });
        }
        false
    }
}

/// What a definition makes use of.
#[derive(Debug, Default)]
struct Uses<'s, 'a> {
    /// The fragments that it spreads.
    spreads: Vec<(&'a str, Pos)>,
    /// The variables that it uses.
    variables: Vec<Usage<'s, 'a>>,
}

/// A variable that is used.
#[derive(Clone, Copy, Debug)]
struct Usage<'s, 'a> {
    name: &'a str,
    at: Pos,
    /// What is expected there; none where nothing is known of types.
    place: Option<Place<'s>>,
}

type UsesOf<'s, 'a> = BTreeMap<&'a str, Uses<'s, 'a>>;

struct Rules<'s, 'f, 'd, 'a> {
    schema: &'s Schema,
    fragments: &'f Fragments<'d, 'a>,
    found: Found,
}

impl<'s, 'd, 'a> Rules<'s, '_, 'd, 'a> {
    // §5.2.1.1, §5.2.2.1, §5.5.1.1
    fn names(&mut self, document: &Document<'a, &'a str>) {
        let (mut named, mut fragments) = (BTreeSet::new(), BTreeSet::new());
        let is_alone = operations(document).nth(1).is_none();
        for Operation { name, at, .. } in operations(document) {
            match name {
                Some(name) if !named.insert(name) => {
                    self.found.wrong(at, format!("There can be only one operation named \"{name}\"."));
                }
                None if !is_alone => {
                    self.found.wrong(at, "This anonymous operation must be the only defined operation.");
                }
                Some(_) | None => {}
            }
        }
        for definition in &document.definitions {
            if let Definition::Fragment(FragmentDefinition { name, position, .. }) = definition
                && !fragments.insert(*name)
            {
                self.found.wrong(*position, format!("There can be only one fragment named \"{name}\"."));
            }
        }
    }

    fn operation(&mut self, operation: &Operation<'d, 'a>) -> Uses<'s, 'a> {
        let of = self.schema.root(operation.root);
        if of.is_none() {
            self.found.wrong(operation.at, format!("The schema has no {}.", root_name(operation.root)));
        }
        let location = match operation.root {
            Root::Query => DirectiveLocation::Query,
            Root::Mutation => DirectiveLocation::Mutation,
            Root::Subscription => DirectiveLocation::Subscription,
        };
        let mut walk = Walk::new(self.schema, self.fragments, &mut self.found);
        walk.directives(operation.directives, location);
        walk.selection(of, operation.set);
        walk.uses
    }

    // §5.5.1.2, §5.5.1.3
    fn fragment(&mut self, fragment: &'d FragmentDefinition<'a, &'a str>) -> Uses<'s, 'a> {
        let FragmentDefinition { name, position, type_condition: TypeCondition::On(on), .. } = fragment;
        let of = self.schema.known(on);
        match of {
            None => self.found.wrong(*position, format!("Unknown type \"{on}\".")),
            Some(on) if !self.schema.is_composite(on) => {
                let message = format!("Fragment \"{name}\" cannot condition on non composite type \"{on}\".");
                self.found.wrong(*position, message);
            }
            Some(_) => {}
        }
        let mut walk = Walk::new(self.schema, self.fragments, &mut self.found);
        walk.directives(&fragment.directives, DirectiveLocation::FragmentDefinition);
        walk.selection(of.filter(|on| walk.schema.is_composite(on)), &fragment.selection_set);
        walk.uses
    }

    // What operations make use of, through fragments too (§5.5.1.4, §5.8).
    fn reached(&mut self, of_operations: &[(Operation<'d, 'a>, Uses<'s, 'a>)], of_fragments: &UsesOf<'s, 'a>) {
        let mut spread = BTreeSet::new();
        for (operation, uses) in of_operations {
            let Some(reached) = self.reach(uses, of_fragments) else { return };
            self.variables(operation, &reached);
            let names = reached.iter().flat_map(|uses| &uses.spreads).map(|(name, _)| *name);
            spread.extend(names);
        }
        for (name, fragment) in self.fragments.iter().filter(|(name, _)| !spread.contains(*name)) {
            self.found.wrong(fragment.position, format!("Fragment \"{name}\" is never used."));
        }
    }

    // The definitions that an operation is made of; none when there are too many.
    fn reach<'u>(&mut self, uses: &'u Uses<'s, 'a>, of_fragments: &'u UsesOf<'s, 'a>) -> Option<Vec<&'u Uses<'s, 'a>>> {
        let (mut reached, mut seen, mut next) = (vec![uses], BTreeSet::new(), 0);
        while let Some(uses) = reached.get(next).copied() {
            next += 1;
            if !self.found.spend(uses.spreads.len() + uses.variables.len()) {
                return None;
            }
            for (name, _) in &uses.spreads {
                if let Some(uses) = of_fragments.get(name)
                    && seen.insert(*name)
                {
                    reached.push(uses);
                }
            }
        }
        Some(reached)
    }

    fn variables(&mut self, operation: &Operation<'d, 'a>, reached: &[&Uses<'s, 'a>]) {
        let (defined, wrongs) = variables(self.schema, operation.variables);
        wrongs.into_iter().for_each(|(at, why)| self.found.wrong(at, why));
        let mut used = BTreeSet::new();
        for Usage { name, at, place } in reached.iter().flat_map(|uses| &uses.variables) {
            used.insert(*name);
            match (defined.get(name), place) {
                (None, _) => self.found.wrong(*at, format!("Variable \"${name}\" is not defined.")),
                (Some(variable), Some(place)) => {
                    let why = misplaced(name, variable, *place);
                    why.into_iter().for_each(|why| self.found.wrong(*at, why));
                }
                (Some(_), None) => {}
            }
        }
        for (name, variable) in defined.iter().filter(|(name, _)| !used.contains(*name)) {
            self.found.wrong(variable.at, format!("Variable \"${name}\" is never used."));
        }
    }

    // §5.2.3.1, §5.3.2
    fn fields(&mut self, operation: &Operation<'d, 'a>) {
        let Some(of) = self.schema.root(operation.root) else { return };
        let mut overlap = overlap::Overlap { schema: self.schema, fragments: self.fragments, found: &mut self.found };
        if operation.root == Root::Subscription {
            overlap.check_single(of, operation);
        }
        overlap.check(of, operation.set);
    }
}
