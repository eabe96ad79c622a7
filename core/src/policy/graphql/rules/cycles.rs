//! Fragments that stand in themselves, by way of others or not (§5.5.2.2).

use std::collections::BTreeSet;

use crate::policy::graphql::rules::{Found, UsesOf};

/// Finds them: each spread that leads back to a fragment that is being looked into.
pub(super) fn check<'a>(of_fragments: &UsesOf<'_, 'a>, found: &mut Found) {
    let mut done = BTreeSet::new();
    for name in of_fragments.keys() {
        descend(name, of_fragments, &mut done, found);
    }
}

// Looks into a fragment and those that it spreads; a chain of them may be as long as the document.
fn descend<'a>(name: &'a str, of_fragments: &UsesOf<'_, 'a>, done: &mut BTreeSet<&'a str>, found: &mut Found) {
    let (mut path, mut open) = (Vec::new(), BTreeSet::new());
    if done.insert(name) {
        path.push((name, 0));
        open.insert(name);
    }
    while let Some((name, next)) = path.last_mut() {
        let spreads = of_fragments.get(name).map_or(&[][..], |uses| &uses.spreads);
        let Some((spread, at)) = spreads.get(*next) else {
            open.remove(name);
            path.pop();
            continue;
        };
        *next += 1;
        if open.contains(spread) {
            found.wrong(*at, format!("Cannot spread fragment \"{spread}\" within itself."));
        } else if of_fragments.contains_key(spread) && done.insert(spread) {
            path.push((spread, 0));
            open.insert(spread);
        }
    }
}
