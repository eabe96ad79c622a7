//! The rows of the members' table are called by cases of `fixtures/expr/eval`, whatever those are named.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use crate::expr::bcl::{Member, TABLE};
use crate::expr::fixture::cases;
use crate::expr::probe;

thread_local! {
    static CALLED: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// Notes that the checker chose this member.
pub(in crate::expr) fn note(member: &Member) {
    CALLED.with_borrow_mut(|called| called.insert(shown(member)));
}

// As the table says it: overloads are rows of their own.
fn shown(member: &Member) -> String {
    format!("{}: {}", member.owner, member.signature)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the fixtures of a test are files")]
fn rows_are_called_by_cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/expr/eval");
    for entry in std::fs::read_dir(folder).unwrap() {
        for case in cases(&std::fs::read_to_string(entry.unwrap().path()).unwrap()) {
            probe::checker(&case.source);
        }
    }
    let called = CALLED.with_borrow(Clone::clone);
    let missing: BTreeSet<String> = TABLE.members().map(shown).filter(|row| !called.contains(row)).collect();
    assert!(missing.is_empty(), "{} without a case: {missing:#?}", missing.len());
}

#[test]
fn rows_stand_once() {
    let mut seen = BTreeSet::new();
    let twice: Vec<String> = TABLE.members().map(shown).filter(|row| !seen.insert(row.clone())).collect();
    assert!(twice.is_empty(), "of two equal rows the second is never called: {twice:#?}");
}
