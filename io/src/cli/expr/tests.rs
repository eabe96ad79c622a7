//! The commands on real files, and an oracle that is a shell script.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::arguments::parse;
use super::{expr, unfixed};
use crate::cli::{EXIT_OK, EXIT_REFUSED, Outcome};

struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

fn run(arguments: &[&str]) -> Outcome {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    expr(&parse(&arguments).unwrap())
}

fn json_of(outcome: &Outcome) -> Json {
    serde_json::from_str(&outcome.out).unwrap_or_else(|error| panic!("{error}: {outcome:?}"))
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/expr")
}

#[test]
fn check_says_the_type_or_the_place() {
    let desk = Desk::new();
    let good = desk.put("good", "@(1 + 1)\n");
    assert_eq!(run(&["check", &good]).out, "ok: `int`\n");
    assert_eq!(json_of(&run(&["check", &good, "--format", "json"]))["type"], "int");
    assert_eq!(run(&["check", "--expect", "bool", &good]).code, EXIT_REFUSED);
    let bad = desk.put("bad", "\n @(context.Requst)\n");
    let outcome = run(&["check", &bad]);
    assert_eq!(outcome.code, EXIT_REFUSED);
    assert!(outcome.out.contains("bad:2:12") && outcome.out.contains("did you mean `Request`?"), "{}", outcome.out);
    let report = json_of(&run(&["check", "--format=json", &bad]));
    assert_eq!(report["diagnostics"][0]["position"], json!({"line": 2, "column": 12}));
    assert!(run(&["check", "/nowhere"]).err.starts_with("error: `/nowhere`: "));
}

#[test]
fn eval_prints_type_and_value() {
    let desk = Desk::new();
    let context = fixtures().join("context.json").display().to_string();
    let eval = |source: &str, more: &[&str]| {
        let file = desk.put("e", source);
        run(&[&["eval", "--context", &context, &file], more].concat())
    };
    assert_eq!(eval("@(context.Api.Name)", &[]).out, "System.String\nOrders API\n");
    assert_eq!(eval("@(null)", &[]).out, "null\n");
    let outcome = eval("@((int)context.Variables[\"i\"])", &["--format", "json"]);
    assert_eq!((outcome.code, outcome.out.as_str()), (EXIT_OK, "{\"type\":\"System.Int32\",\"value\":42}\n"));
    let outcome = eval("@(int.Parse(\"x\"))", &["--format", "json"]);
    assert_eq!(
        (outcome.code, json_of(&outcome)["error"]["type"].clone()),
        (EXIT_REFUSED, json!("System.FormatException"))
    );
    let outcome = eval("@(nope)", &["--format", "json"]);
    assert_eq!((outcome.code, json_of(&outcome)["compile"][0]["code"].clone()), (EXIT_REFUSED, json!("unknown-name")));
    assert!(eval("@(int.Parse(\"x\"))", &[]).err.starts_with("System.FormatException: "));
    assert_eq!(eval("@(Guid.NewGuid())", &[]), eval("@(Guid.NewGuid())", &[]), "the seed is fixed");
}

#[test]
fn a_context_that_is_wrong_is_named() {
    let desk = Desk::new();
    let source = desk.put("e", "@(1)");
    for (text, words) in
        [("{\n \"a\" 1}", ":2:6: "), ("{\"requst\": {}}", "did you mean `request`?"), ("[]", "must be an object")]
    {
        let context = desk.put("c.json", text);
        let outcome = run(&["eval", "--context", &context, &source]);
        assert!(outcome.code == EXIT_REFUSED && outcome.err.contains(words), "{text}: {outcome:?}");
    }
}

#[test]
fn a_batch_answers_line_by_line_and_names_bad_lines() {
    let desk = Desk::new();
    let cases = desk.put(
        "cases.jsonl",
        concat!(
            "{\"id\":1,\"source\":\"@(1+1)\"}\n\nnot json\n",
            "{\"id\":\"v\",\"source\":\"@(context.Variables[\\\"x\\\"])\",\"vars\":{\"x\":{\"type\":\"System.Char\",\"value\":\"c\"}}}\n",
            "{\"id\":3,\"source\":\"@(context.Api.Id)\",\"context\":{\"api\":{\"id\":\"other\"}}}\n",
            "{\"id\":4,\"source\":\"@(nope)\"}\n{\"id\":5,\"sorce\":1}\n{\"id\":6,\"source\":\"@(1)\",\"context\":{\"api\":1}}\n",
            "{\"id\":7,\"source\":\"@(1)\",\"vars\":{\"s\":{\"type\":\"System.Strange\",\"value\":1}}}\n",
        ),
    );
    let outcome =
        run(&["eval", "--context", &fixtures().join("context.json").display().to_string(), "--batch", &cases]);
    assert_eq!(outcome.code, EXIT_REFUSED);
    let lines: Vec<Json> = outcome.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines[..3],
        [
            json!({"id": 1, "type": "System.Int32", "value": 2}),
            json!({"id": "v", "type": "System.Char", "value": "c"}),
            json!({"id": 3, "type": "System.String", "value": "other"}),
        ]
    );
    assert!(lines[3]["compile"].is_array() && lines.len() == 5, "{lines:?}");
    for place in [
        "cases.jsonl:3: ",
        "cases.jsonl:7: `sorce`",
        "cases.jsonl:8: `api` must be an object",
        "cases.jsonl:9: `variables.s` is left out",
    ] {
        assert!(outcome.err.contains(place), "{place}: {}", outcome.err);
    }
}

#[test]
fn members_come_from_the_checkers_table() {
    let all = json_of(&run(&["members", "--format", "json"]));
    assert_eq!(all.as_array().unwrap().len(), holdfast_core::expr::members().len());
    let outcome = run(&["members", "Newtonsoft.Json.Linq.JObject"]);
    assert!(outcome.out.lines().all(|line| line.starts_with("JObject ")), "{}", outcome.out);
    assert!(run(&["members", "JObjct"]).err.contains("did you mean `JObject`?"));
}

// An oracle that knows two answers by heart: it sees how it is asked, too.
const ORACLE: &str = r#"#!/bin/sh
[ -s "$2" ] || exit 3
sed -e '/wanted/{s/,"source.*/,"compile":["CS0029"]}/;b' -e '}' \
  -e '/"@(1)"/{s/,"source.*/,"type":"System.Int32","value":1}/;b' -e '}' \
  -e 's/,"source.*/,"type":"System.Int32","value":7}/' "$3"
"#;

#[test]
fn witness_lists_what_disagrees() {
    let desk = Desk::new();
    let oracle = desk.put("oracle.sh", ORACLE);
    let command = format!("sh '{oracle}' extra");
    let context = fixtures().join("context.json").display().to_string();
    let record = desk.put("record.txt", "");
    let same = "--- same\n@(1)\n=> System.Int32 1\n\n--- refused\n% expect bool\n@(2)\nxx 1:3 type-mismatch: expected `bool`, found `int`\n";
    let late = "\n--- late\n% body unread\n@(context.Request.Body.As<string>())\n?? Request\n";
    let explained = "\n--- explained\n%! it counts differently\n@(3)\n=> System.Int32 3\n";
    let fixture = desk.put("f.txt", &format!("{same}{late}{explained}"));
    let witness =
        |fixture: &str| run(&["witness", "--oracle", &command, "--context", &context, "--record", &record, fixture]);
    let outcome = witness(&fixture);
    assert!(
        outcome.out.ends_with("4 cases: 2 witnessed, 0 admitted, 1 explained, 1 not asked, 0 disagree\n"),
        "{outcome:?}"
    );
    assert_eq!(outcome.code, EXIT_OK);
    let marks = std::fs::read_to_string(&record).unwrap();
    assert!(marks.contains(" f.txt: same\n") && !marks.contains("explained\n"), "{marks}");
    let other = desk.put("g.txt", "--- other\n@(8)\n=> System.Int32 8\n");
    let outcome = witness(&other);
    assert_eq!(outcome.code, EXIT_REFUSED);
    assert!(outcome.out.contains("g.txt:1: other") && outcome.out.contains("\"value\":7"), "{}", outcome.out);
}

#[test]
fn an_oracle_that_fails_is_named() {
    let desk = Desk::new();
    let fixture = desk.put("f.txt", "--- a\n@(1)\n=> System.Int32 1\n");
    let context = fixtures().join("context.json").display().to_string();
    for (command, words) in
        [("false", "`false` failed"), ("echo hello", "which is no result"), ("echo {}; true", "has no id")]
    {
        let outcome = run(&["witness", "--oracle", command, "--context", &context, &fixture]);
        assert!(outcome.code == EXIT_REFUSED && outcome.err.contains(words), "{command}: {outcome:?}");
    }
}

#[test]
fn every_fixture_context_is_read() {
    let text = std::fs::read_to_string(fixtures().join("context.json")).unwrap();
    let scene = holdfast_core::expr::scene::Scene::of(&serde_json::from_str(&text).unwrap(), unfixed()).unwrap();
    assert!(scene.warnings.is_empty(), "{:?}", scene.warnings);
}
