//! The fixtures of expressions, and what must hold of every expression. Units are tested beside their code.

mod bounds;
mod corpus;
mod coverage;
mod drawn;
mod forms;
mod print;
mod printed;
mod property;
pub(in crate::expr) mod rows;
mod walk;
mod world;

use std::path::Path;

use super::fixture::cases;
use super::{Expected, compile};

#[expect(clippy::disallowed_methods, reason = "the fixtures of a test are files")]
fn run_file(path: &Path, failures: &mut Vec<String>) -> usize {
    let document = world::document();
    let cases = cases(&std::fs::read_to_string(path).unwrap());
    for case in &cases {
        let at = format!("{}:{}: {}", path.display(), case.line, case.name);
        let found = case.play(&document).unwrap_or_else(|error| panic!("{at}: {error}")).shown;
        if found != case.wanted {
            failures.push(format!("{at}\n{}\nwanted\n{}found\n{found}", case.source, case.wanted));
        }
    }
    cases.len()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the fixtures of a test are files")]
fn fixtures() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/expr");
    let mut failures = Vec::new();
    let mut count = 0;
    for folder in ["ok", "err", "eval"] {
        let mut paths: Vec<_> =
            std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            count += run_file(&path, &mut failures);
        }
    }
    assert!(failures.is_empty(), "{} of {count} cases failed\n\n{}", failures.len(), failures.join("\n"));
    assert!(count > 50, "only {count} cases were found");
}

#[test]
fn a_place_inside_a_document_is_named_there() {
    let document = "<a>\n  <b c=\"@(nope)\"/>";
    let file = std::sync::Arc::from("p.xml");
    let start = u32::try_from(document.find("@(").unwrap()).unwrap();
    let span = crate::span::Span { start, end: start + 7 };
    let found = compile("@(nope)", Expected::Any, super::Place { file: &file, document, span }).unwrap_err();
    assert_eq!(found[0].position, Some(crate::span::Position { line: 2, column: 11 }));
}

#[test]
fn helps_say_what_was_probably_meant() {
    let file = std::sync::Arc::from("p.xml");
    for (source, help) in [
        ("@context.Request.Method", "put it into brackets: `@(context.Request.Method)`"),
        ("@(context.Request.Path)", "there is `Url.Path`"),
        ("@(context.Response.Status)", "did you mean `StatusCode`?"),
        ("@(context.Variables[\"a\"].Trim())", "an `object` is cast first, as in `((string)x)`"),
        ("@(JObject.Parse(\"{}\").name)", "a member of JSON stands in brackets: `[\"name\"]`"),
        ("@(new List<int>().Length)", "did you mean `Count`?"),
        ("@(Enumerable.Slect(\"a\", c => c))", "did you mean `Select`?"),
        ("@(context.User.Groups[0])", "`.ElementAt(…)` gives one of them"),
        ("@{ retrun 1; }", "did you mean `return`?"),
        (
            "@(\"abc\".Where(c => c))",
            "the lambda gives `char`, and `bool` is wanted; there is `this IEnumerable<T> Where(Func<T, bool> predicate)`, \
             `this IEnumerable<T> Where(Func<T, int, bool> predicate)`",
        ),
        ("@{ int n = \"1\"; return n; }", "`int.Parse(…)` reads it"),
        (
            "@{ string s = context.Request.Headers[\"a\"]; return s; }",
            "`.First()` gives one of them, `string.Join(\",\", …)` all of them",
        ),
        ("@(context.Request.Method = \"GET\")", "to compare, write `==`"),
    ] {
        let span = crate::span::Span::new(0, source.len());
        let place = super::Place { file: &file, document: source, span };
        let found = compile(source, Expected::Any, place).unwrap_err();
        assert_eq!(found[0].help.as_deref(), Some(help), "{source}");
    }
}
