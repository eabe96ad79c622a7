//! Commands as they are typed.

use std::path::{Path, PathBuf};

use super::arguments::{Format, Inspected, parse};
use super::*;

fn typed(line: &str) -> Result<Command, String> {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    parse(&words)
}

fn inspected(directory: &str, gateway: Option<&str>, format: Format) -> Inspected {
    Inspected { directory: PathBuf::from(directory), gateway: gateway.map(str::to_owned), format }
}

fn fixture(name: &str) -> Inspected {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/config").join(name);
    Inspected { directory: path, gateway: None, format: Format::Human }
}

#[test]
fn commands_and_options() {
    assert_eq!(typed(""), Ok(Command::Run));
    assert_eq!(typed("run"), Ok(Command::Run));
    assert_eq!(typed("check d"), Ok(Command::Check(inspected("d", None, Format::Human))));
    let full = Command::Routes(inspected("d", Some("g"), Format::Json));
    assert_eq!(typed("routes --format=json d --gateway g"), Ok(full));
    assert_eq!(typed("check -- -d"), Ok(Command::Check(inspected("-d", None, Format::Human))));
    assert_eq!(typed("health"), Ok(Command::Health { url: None }));
    assert_eq!(typed("health http://h"), Ok(Command::Health { url: Some("http://h".to_owned()) }));
    assert_eq!(typed("check --help"), Ok(Command::Help));
    assert_eq!(typed("-V"), Ok(Command::Version));
}

#[test]
fn what_is_no_command() {
    for (line, words) in [
        ("chekc d", "did you mean `check`?"),
        ("check", "`check` needs a folder"),
        ("check a b", "`b` is one argument too many"),
        ("check d --formt json", "did you mean `--format`?"),
        ("check d --format xml", "`xml` is not a format"),
        ("check d --gateway", "`--gateway` needs a value"),
        ("check d --gateway a --gateway b", "given twice"),
        ("run now", "one argument too many"),
        ("run --gateway x", "belongs to `check`"),
    ] {
        let error = typed(line).unwrap_err();
        assert!(error.contains(words), "{line}: {error}");
    }
}

#[test]
fn a_good_folder_is_ok_in_one_line() {
    let outcome = check::check(&fixture("echo"));
    assert_eq!((outcome.code, outcome.err.as_str()), (EXIT_OK, ""));
    assert_eq!(outcome.out, "ok: gateway `gw1`: 3 APIs, 7 operations, 1 product, 2 subscriptions\n");
    let unknown = Inspected { gateway: Some("gw9".to_owned()), ..fixture("echo") };
    let outcome = check::check(&unknown);
    assert_eq!(outcome.code, EXIT_REFUSED);
    assert!(outcome.out.contains("`gw9`"), "{}", outcome.out);
}

#[test]
fn bad_folders_are_refused_with_places() {
    let outcome = check::check(&fixture("bad-documents"));
    assert_eq!(outcome.code, EXIT_REFUSED);
    assert!(outcome.out.contains("  --> "), "{}", outcome.out);
    assert!(outcome.out.lines().last().unwrap().starts_with("refused:"), "{}", outcome.out);
    let json = Inspected { format: Format::Json, ..fixture("bad-documents") };
    let report: serde_json::Value = serde_json::from_str(&check::check(&json).out).unwrap();
    assert_eq!(report["refused"], true);
    assert!(report["errors"].as_u64().unwrap() > 0 && !report["diagnostics"].as_array().unwrap().is_empty());
}

#[test]
fn a_folder_that_is_not_there() {
    let nowhere = inspected("/nowhere/at/all", None, Format::Human);
    let outcome = check::check(&nowhere);
    assert_eq!(outcome.code, EXIT_REFUSED);
    assert!(outcome.out.contains("error[unreadable-folder]: `/nowhere/at/all` does not exist"), "{}", outcome.out);
    assert!(routes::routes(&nowhere).err.contains("does not exist"));
}

#[test]
fn the_routes_of_a_folder() {
    let outcome = routes::routes(&fixture("echo"));
    assert_eq!((outcome.code, outcome.err.as_str()), (EXIT_OK, ""));
    let mut lines = outcome.out.lines();
    assert!(lines.next().unwrap().starts_with("METHOD"));
    assert!(lines.clone().count() > 3, "{}", outcome.out);
    assert!(lines.any(|line| line.starts_with("GET ") && line.contains("/echo")), "{}", outcome.out);
    let json = Inspected { format: Format::Json, ..fixture("echo") };
    let rows: serde_json::Value = serde_json::from_str(&routes::routes(&json).out).unwrap();
    assert_eq!(rows.as_array().unwrap().len() + 1, outcome.out.lines().count());
}
