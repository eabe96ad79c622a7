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
        format!("@({}1)", "x=>".repeat(n / 4)),
        format!("@{{{}", "try{".repeat(n / 8)),
        format!("@{{{}", "switch(1){case 1:".repeat(n / 8)),
        format!("@({}", "new{a=".repeat(n / 8)),
        format!("@({}", "new A{B={".repeat(n / 8)),
        format!("@({}", "from a in ".repeat(n / 8)),
        format!("@{{int[] a={}", "{".repeat(n / 8)),
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

// Members that make nothing new are bounded by what they look at; loops over a text may look at each of its units.
#[test]
fn looking_is_bounded() {
    let steps = "!! limit: the expression takes too many steps";
    let long = "var s = \"\".PadLeft(7000000, 'a'); var t = \"\".PadLeft(7000000, 'a'); var n = 0;";
    starts_with(&format!("@{{ {long} while (true) {{ if (s == t) {{ n++; }} }} }}"), steps);
    starts_with(&format!("@{{ {long} while (true) {{ n += s.IndexOf(\"b\"); }} }}"), steps);
    starts_with(
        "@{ var l = Enumerable.Range(0, 200000).ToList(); while (true) { l.Insert(0, 1); l.RemoveAt(0); } }",
        steps,
    );
    for text in ["'a'", "'ä'"] {
        let each = format!(
            "@{{ var s = \"\".PadLeft(100000, {text}); var n = 0; for (var i = 0; i < s.Length; i++) {{ if (s[i] == {text}) {{ n++; }} }} return n; }}"
        );
        starts_with(&each, "=> System.Int32 100000");
    }
}

#[test]
fn calls_and_collections_are_bounded() {
    let deep = "!! limit: the expression calls itself too deep";
    starts_with("@{ int F(int n) { return F(n + 1) + 1; } return F(0); }", deep);
    starts_with(
        "@{ Func<int, int> f = null; f = n => { if (n >= 0) { return 1 + f(n + 1); } return 0; }; return f(0); }",
        deep,
    );
    let tall =
        format!("@{{ int F(int n) {{ return {}F(n + 1){}; }} return F(0); }}", "(1 + ".repeat(60), ")".repeat(60));
    starts_with(&tall, deep);
    starts_with(
        "@{ IEnumerable<int> q = new[] { 1 }; for (var i = 0; i < 100000; i++) { q = q.Select(x => x); } return q.Sum(); }",
        deep,
    );
    starts_with("@{ bool F() { try { return F(); } finally { F(); } } return F(); }", deep);
    starts_with("@(new int[int.MaxValue])", "!! limit: a collection of the expression is too large");
    starts_with("@(Enumerable.Repeat(1, int.MaxValue).ToList())", "!! limit: ");
    starts_with(
        "@(Enumerable.Range(0, int.MaxValue).Where(x => false).Count())",
        "!! limit: the expression takes too many steps",
    );
    let chain = "@{ object o = null; while (true) { o = new List<object> { o }; } }";
    starts_with(chain, "!! limit: ");
    let returned = "@{ object o = null; for (var i = 0; i < 10000; i++) { o = new List<object> { o }; } return o; }";
    starts_with(returned, "!! limit: the result of the expression is nested too deep");
    let deep =
        "@{ object a = 1; for (var i = 0; i < 100; i++) a = new[] { a }; return JsonConvert.SerializeObject(a); }";
    starts_with(deep, "!! limit: a value that becomes JSON is nested too deep");
    starts_with("@{ var l = new List<object>(); l.Add(l); return l.Count; }", "=> System.Int32 1");
}

#[test]
fn length_is_bounded() {
    starts_with(&format!("@(\"{}\")", "a".repeat(300_000)), "xx 1:1 expression-limit");
}

#[test]
fn objects_in_each_other_are_bounded() {
    let nested = "!! limit: objects of the expression are nested too deep in each other";
    for object in ["new { a = o }", "new { a = o, b = o }", "Tuple.Create(o)", "Tuple.Create(o, o)"] {
        let source = format!(
            "@{{ object o = 1; for (var i = 0; i < 100000; i++) o = {object}; return o.ToString() + o.GetHashCode(); }}"
        );
        starts_with(&source, nested);
    }
    let pairs = "@{ object o = 1; for (var i = 0; i < 10000; i++) { o = new Dictionary<string, object> { { \"a\", o } }.First(); } return o.ToString().Length < 100; }";
    starts_with(pairs, "=> System.Boolean True");
    // Exceptions inside of each other are walked.
    let chain = "@{ Exception e = null; for (var i = 0; i < 50000; i++) e = new Exception(\"x\", e); return e.ToString().Length > 50000 && e.GetBaseException().Message == \"x\"; }";
    starts_with(chain, "=> System.Boolean True");
    let doubling = "@{ var e = new Exception(\"x\"); for (var i = 0; i < 1000; i++) e = new AggregateException(e, e); return e.Message; }";
    starts_with(doubling, "!! limit: ");
}
