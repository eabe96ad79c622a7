//! `holdfast policy` on documents as people write them.

use std::path::Path;

use super::*;
use crate::cli::EXIT_OK;

fn run(line: &str) -> Outcome {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    policy(&arguments::parse(&words).unwrap())
}

fn document(folder: &Path, text: &str) -> String {
    let path = folder.join("policy.xml");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn a_document_is_checked_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let good = "<policies><inbound><base /><set-header name=\"X\"><value>@(\"a\" + 1)</value></set-header></inbound></policies>";
    let path = document(folder.path(), good);
    let outcome = run(&format!("check {path}"));
    assert_eq!((outcome.code, outcome.out.as_str()), (EXIT_OK, "ok: 1 document\n"));
    document(folder.path(), "<policies>\n  <inbound><set-heder /></inbound>\n</policies>");
    let outcome = run(&format!("check {path}"));
    assert_eq!(outcome.code, EXIT_REFUSED);
    assert!(outcome.out.contains(":2:13") && outcome.out.contains("did you mean `set-header`?"), "{}", outcome.out);
    let outcome = run(&format!("check {path} --format json"));
    let report: serde_json::Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!((&report["refused"], &report["errors"]), (&true.into(), &1.into()));
    assert_eq!(report["diagnostics"][0]["code"], "unknown-element");
}

#[test]
fn the_scope_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = document(
        folder.path(),
        "<policies><inbound><rate-limit calls=\"1\" renewal-period=\"1\" /></inbound></policies>",
    );
    assert_eq!(run(&format!("check {path}")).code, EXIT_OK);
    let outcome = run(&format!("check {path} --scope global"));
    assert_eq!(outcome.code, EXIT_REFUSED);
    assert!(outcome.out.contains("scope-not-allowed"), "{}", outcome.out);
}

#[test]
fn a_missing_file_is_told() {
    let outcome = run("check /nowhere/policy.xml");
    assert_eq!(outcome.code, EXIT_REFUSED);
    assert!(outcome.err.contains("/nowhere/policy.xml"), "{}", outcome.err);
}

#[test]
fn a_file_in_utf16_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.xml");
    std::fs::write(&path, [0xff, 0xfe, b'<', 0]).unwrap();
    let outcome = run(&format!("check {}", path.display()));
    assert_eq!(outcome.code, EXIT_REFUSED);
    assert!(outcome.err.contains("is UTF-16, not UTF-8: save it as UTF-8"), "{}", outcome.err);
}

#[test]
fn elements_are_listed_from_the_table() {
    let all: serde_json::Value = serde_json::from_str(&run("list --format json").out).unwrap();
    let names: Vec<&str> = all.as_array().unwrap().iter().map(|entry| entry["element"].as_str().unwrap()).collect();
    assert!(names.contains(&"set-header") && names.contains(&"validate-jwt"));
    let one = run("list retry").out;
    assert!(one.contains("@condition required") && one.contains("  policies"), "{one}");
    assert!(run("list set-heder").err.contains("did you mean `set-header`?"));
    assert_eq!(run("list").out.lines().count(), names.len());
}

#[test]
fn the_readme_has_the_table_of_elements() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let table = run("list --format markdown").out;
    assert!(readme.contains(&table), "README.md needs what `holdfast policy list --format markdown` prints:\n{table}");
}

#[test]
fn a_listing_is_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = document(folder.path(), "<policies><inbound><base /><set-method>PUT</set-method></inbound></policies>");
    let outcome = run(&format!("listing {path}"));
    assert_eq!((outcome.code, outcome.err.as_str()), (EXIT_OK, ""));
    assert!(outcome.out.contains("   0  base"), "{}", outcome.out);
}

#[test]
fn the_effective_policy_of_an_operation() {
    let echo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/config/echo");
    let outcome = run(&format!("effective {} --api echo", echo.display()));
    assert_eq!((outcome.code, outcome.err.as_str()), (EXIT_OK, ""));
    assert!(outcome.out.contains("<!-- global -->"), "{}", outcome.out);
    assert!(!outcome.out.contains("<base"), "{}", outcome.out);
    let outcome = run(&format!("effective {} --api ecko", echo.display()));
    assert!(outcome.err.contains("did you mean `echo`?"), "{}", outcome.err);
    let outcome = run(&format!("effective {} --api echo --operation nothing", echo.display()));
    assert!(outcome.err.contains("there is no operation `nothing`"), "{}", outcome.err);
}
