//! What holds of every text.

use proptest::prelude::{Just, prop_oneof, proptest};

use super::world::World;
use crate::expr::{Expected, Interrupt, Place, compile};
use crate::span::Span;

fn compiled(source: &str) -> Option<crate::expr::Expression> {
    let file = std::sync::Arc::from("p");
    compile(source, Expected::Any, Place { file: &file, document: source, span: Span::default() }).ok()
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        compiled(&text);
        compiled(&format!("@({text})"));
        compiled(&format!("@{{{text}}}"));
    }

    #[test]
    fn no_likely_text_panics(parts in proptest::collection::vec(prop_oneof![
        Just("context"), Just("."), Just("("), Just(")"), Just("["), Just("]"), Just("{"), Just("}"), Just("\""), Just("$\""),
        Just("@\""), Just("'"), Just("?"), Just(":"), Just("?."), Just("<"), Just(">"), Just("int"), Just("string"), Just("new"),
        Just("if"), Just("else"), Just("return"), Just("var"), Just("x"), Just("="), Just(";"), Just("+"), Just("-"), Just("++"),
        Just("for"), Just("foreach"), Just("in"), Just("is"), Just("as"), Just(","), Just("=>"), Just("1"), Just("0x"), Just("\\"),
        Just("try"), Just("catch"), Just("finally"), Just("throw"), Just("switch"), Just("case"), Just("default"), Just("when"),
        Just("out"), Just("const"), Just("using"), Just("goto"), Just("from"), Just("select"), Just("where"), Just("group"),
        Just("by"), Just("let"), Just("int F(int n)"), Just("x => x"), Just("new List<int>"), Just(".Select"), Just(";"),
        Just("1.5m"), Just("new[]"), Just("while"), Just("break"), Just("nameof"), Just("typeof"), Just("var x = 1;"),
 Just("//"), Just("/*"), Just("??"), Just(" "), Just("\n"), Just("null"), Just("Variables"),
    ], 0..25)) {
        let text = parts.concat();
        compiled(&format!("@({text})"));
        compiled(&format!("@{{{text}}}"));
    }

    #[test]
    fn no_likely_program_panics(parts in proptest::collection::vec(prop_oneof![
        Just("var x = 1;"), Just("x++;"), Just("int y;"), Just("y = x;"), Just("if (x > 1) {"), Just("}"), Just("{"), Just("else {"),
        Just("while (x < 3) {"), Just("foreach (var z in new[] { 1, 2 }) {"), Just("break;"), Just("continue;"), Just("return x;"),
        Just("return y;"), Just("try {"), Just("} catch (Exception e) {"), Just("} finally {"), Just("throw new Exception(\"a\");"),
        Just("switch (x) { case 1:"), Just("case 2: break; }"), Just("default: goto case 1; }"), Just("object o = x;"),
        Just("if (o is int n && n > 0) {"), Just("Func<int, int> f = a => a + x;"), Just("x = f(x);"), Just("int G(int n) { return n + x; }"),
        Just("x = G(x);"), Just("var l = new List<int> { x, 2 };"), Just("x = l.Where(v => v > 1).Sum();"), Just("l.Add(x);"),
        Just("var d = new Dictionary<string, int> { [\"a\"] = 1 };"), Just("d.TryGetValue(\"a\", out x);"),
        Just("var t = (1, x);"), Just("x = t.Item2;"), Just("var a = new int[2];"), Just("a[0] = x;"), Just("x = a[5];"),
    ], 0..14)) {
        let source = format!("@{{{} return 0; }}", parts.concat());
        if let Some(expression) = compiled(&source) {
            match expression.eval(World::new().eval()) {
                Ok(_) => {}
                Err(Interrupt::Exception(thrown)) => assert_ne!(thrown.type_name, "System.InvalidProgramException"),
                Err(Interrupt::LimitExceeded(_)) => {}
                Err(Interrupt::NeedsBody(_)) => panic!("{source} reads no body"),
            }
        }
    }
}
