//! What holds of every text and of every expression that the grammar can make.

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

use super::world::World;
use crate::expr::{Expected, Interrupt, Place, compile};
use crate::span::Span;
use crate::value::Value;

fn compiled(source: &str) -> Option<crate::expr::Expression> {
    let file = std::sync::Arc::from("p");
    compile(source, Expected::Any, Place { file: &file, document: source, span: Span::default() }).ok()
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<i32>().prop_map(|n| format!("({n})")),
        any::<i64>().prop_map(|n| format!("({n}L)")),
        (0_u32..1000).prop_map(|n| format!("{n}.5")),
        "[a-z]{0,4}".prop_map(|text| format!("\"{text}\"")),
        Just("true".to_owned()),
        Just("null".to_owned()),
        Just("'x'".to_owned()),
        Just("context.Variables[\"i\"]".to_owned()),
        Just("context.Variables[\"nope\"]".to_owned()),
        Just("context.Product.SubscriptionsLimit".to_owned()),
        Just("context.Product?.Name".to_owned()),
        Just("context.Request.Headers.GetValueOrDefault(\"X-Number\")".to_owned()),
        Just("context.Timestamp".to_owned()),
        Just("context.Elapsed".to_owned()),
        Just("JObject.Parse(\"{\\\"a\\\":1}\")[\"a\"]".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let operators = prop_oneof![
            Just("+"),
            Just("-"),
            Just("*"),
            Just("/"),
            Just("%"),
            Just("<<"),
            Just(">>"),
            Just("<"),
            Just(">="),
            Just("=="),
            Just("!="),
            Just("&"),
            Just("|"),
            Just("^"),
            Just("&&"),
            Just("||"),
            Just("??"),
        ];
        let types = prop_oneof![
            Just("int"),
            Just("long"),
            Just("double"),
            Just("string"),
            Just("char"),
            Just("bool"),
            Just("object"),
            Just("int?"),
        ];
        let methods = prop_oneof![
            Just(".ToString()"),
            Just(".Length"),
            Just(".Trim().ToUpper()"),
            Just(".Split(',')[0]"),
            Just(".Substring(1)"),
            Just("?.ToString()"),
            Just("?.Length"),
            Just("[0]"),
            Just(".Equals(\"a\")"),
            Just(".IndexOf('a')"),
        ];
        prop_oneof![
            (inner.clone(), operators, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (types.clone(), inner.clone()).prop_map(|(ty, a)| format!("(({ty}){a})")),
            (inner.clone(), types).prop_map(|(a, ty)| format!("({a} is {ty})")),
            (inner.clone(), methods).prop_map(|(a, method)| format!("{a}{method}")),
            inner.clone().prop_map(|a| format!("(-{a})")),
            inner.clone().prop_map(|a| format!("(!{a})")),
            inner.clone().prop_map(|a| format!("$\"<{{{a}}}>\"")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
        ]
    })
}

fn fits(ty: &str, value: &Value) -> bool {
    if let Some(inner) = ty.strip_suffix('?') {
        return value.is_null() || fits(inner, value);
    }
    match value {
        Value::Null => matches!(ty, "string" | "object" | "<null>" | "JToken" | "string[]"),
        Value::Bool(_) => matches!(ty, "bool" | "object"),
        Value::Char(_) => matches!(ty, "char" | "object"),
        Value::Int32(_) => matches!(ty, "int" | "object"),
        Value::Int64(_) => matches!(ty, "long" | "object"),
        Value::Double(_) => matches!(ty, "double" | "object"),
        Value::String(_) => matches!(ty, "string" | "object"),
        Value::DateTime(_) => matches!(ty, "DateTime" | "object"),
        Value::TimeSpan(_) => matches!(ty, "TimeSpan" | "object"),
        Value::Json(_) => matches!(ty, "JToken" | "object"),
        _ => ty == "object",
    }
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
                Ok(value) => assert!(fits(&expression.result_type(), &value), "{source}: {value:?}"),
                Err(Interrupt::Exception { exception, .. }) => assert_ne!(exception, "System.InvalidProgramException"),
                Err(Interrupt::LimitExceeded(_)) => {}
                Err(Interrupt::NeedsBody(_)) => panic!("{source} reads no body"),
            }
        }
    }

    #[test]
    fn what_the_checker_typed_is_what_evaluation_yields(source in expression()) {
        let Some(expression) = compiled(&format!("@({source})")) else { return Ok(()) };
        match expression.eval(World::new().eval()) {
            Ok(value) => assert!(fits(&expression.result_type(), &value), "{source}: {} gave {value:?}", expression.result_type()),
            Err(Interrupt::Exception { .. }) => {}
            Err(other) => panic!("{source}: {other:?}"),
        }
    }
}
