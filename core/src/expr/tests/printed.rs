//! What the parser reads, printed and read again, is the same tree: for every case whose source is read, and for drawn programs.

use proptest::prelude::{any, prop_assert_eq, proptest};

use super::forms::all;
use super::print::print;
use crate::expr::draw::draw;
use crate::expr::parse::parse;
use crate::expr::problem::Problems;
use crate::expr::syntax::Source;
use crate::rng::Seed;

fn parsed(source: &str) -> Option<Source> {
    let mut problems = Problems::default();
    let tree = parse(source, &mut problems);
    problems.is_empty().then_some(tree)
}

// The tree without places and heights.
fn shape(tree: &Source) -> String {
    let mut text = format!("{tree:?}");
    for mark in ["start: ", "end: ", "height: ", "<item "] {
        let mut parts = text.split(mark);
        let first = parts.next().unwrap_or_default().to_owned();
        text = parts.fold(first, |whole, part| whole + mark + part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    text
}

// The two shapes that must be equal, if the source is read at all.
fn round(source: &str) -> Option<(String, String, String)> {
    let tree = parsed(source)?;
    let printed = print(&tree);
    let again = parsed(&printed.text).unwrap_or_else(|| panic!("{source}\nis printed as\n{}", printed.text));
    if !printed.is_desugared {
        return Some((printed.text, shape(&tree), shape(&again)));
    }
    let second = print(&again);
    assert_eq!(printed.text, second.text, "{source}");
    let third = parsed(&second.text).unwrap_or_else(|| panic!("{source}\nis printed as\n{}", second.text));
    Some((printed.text, shape(&again), shape(&third)))
}

#[test]
fn every_case_is_read_as_it_is_printed() {
    let mut count = 0;
    for case in all(&["ok", "err", "eval"]) {
        if let Some((text, wanted, found)) = round(&case.source) {
            assert_eq!(wanted, found, "{}\n{}\nis printed as\n{text}", case.name, case.source);
            count += 1;
        }
    }
    assert!(count > 1000, "only {count} cases are read");
}

proptest! {
    #[test]
    fn a_drawn_program_is_read_as_it_is_printed(seed in any::<u64>()) {
        let source = draw(&mut Seed(seed).rng()).source();
        let Some((text, wanted, found)) = round(&source) else { panic!("{source}\nis not read") };
        prop_assert_eq!(wanted, found, "{}\nis printed as\n{}", source, text);
    }
}
