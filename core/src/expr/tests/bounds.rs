//! Hostile expressions end, and with a clear error.

use super::world;
use crate::expr::fixture::Case;

fn starts_with(source: &str, wanted: &str) {
    let case = Case { source: source.to_owned(), ..Case::default() };
    let found = case.play(&world::document()).unwrap().shown;
    assert!(found.contains(wanted), "{} gave {found}", source.chars().take(60).collect::<String>());
}

#[test]
fn depth_is_bounded() {
    let n = 100_000;
    for source in [
        format!("@({}1{})", "(".repeat(n), ")".repeat(n)),
        format!("@({}1)", "-".repeat(n)),
        format!("@({}1)", "!".repeat(n)),
        format!("@(1{})", "+1".repeat(n)),
        format!("@(a{})", ".b".repeat(n)),
        format!("@(a{})", "?.b".repeat(n / 2)),
        format!("@(a{})", "??b".repeat(n / 2)),
        format!("@({}1)", "a?b:".repeat(n / 2)),
        format!("@({}1)", "(int)".repeat(n / 4)),
        format!("@(a{})", "[0]".repeat(n / 2)),
        format!("@({})", "f(".repeat(n)),
        format!("@(a{})", "=a".repeat(n)),
        format!("@{{{}}}", "{".repeat(n)),
        format!("@{{{}}}", "if(a)".repeat(n / 4)),
        format!("@{{{}}}", "if(a){}else ".repeat(n / 8)),
        format!("@({})", "$\"{".repeat(n / 4)),
        format!("@(({}", "A<".repeat(n)),
    ] {
        starts_with(&source, "xx ");
    }
    starts_with(&format!("@({}1{})", "(".repeat(150), ")".repeat(150)), "=> System.Int32 1");
}

#[test]
fn time_and_memory_are_bounded() {
    starts_with("@{ while (true) { } }", "!! limit: the expression takes too many steps");
    let doubling = "@{ var s = \"0123456789\"; for (var i = 0; i < 1000; i++) { s = s + s; } return s; }";
    starts_with(doubling, "!! limit: a string of the expression is too long");
    let many =
        "@{ var s = \"\".PadLeft(1000000); var i = 0; while (true) { s.Replace(\" \", \"x\"); i++; } return s; }";
    starts_with(many, "!! limit: the expression uses too much memory");
    starts_with("@(\"\".PadLeft(int.MaxValue))", "!! limit: a string of the expression is too long");
    starts_with(
        "@(\"abc\".Replace(\"a\", \"\".PadLeft(8000000)).Replace(\" \", \"aaaaaaaaaa\"))",
        "!! limit: a string",
    );
}

#[test]
fn length_is_bounded() {
    starts_with(&format!("@(\"{}\")", "a".repeat(300_000)), "xx 1:1 expression-limit");
}
