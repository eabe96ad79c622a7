//! Documents as people write them, well-formed or not, and what the reader makes of them.

use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::prop_oneof;
use proptest::strategy::{Just, Strategy};

use super::{DOCUMENT_BYTES_MAX, Element, Node, Parsed, Part, parse};
use crate::config::model::PolicyFormat;

fn raw(text: &str) -> Parsed {
    parse(text, PolicyFormat::RawXml, DOCUMENT_BYTES_MAX)
}

fn clean(text: &str) -> Element {
    let parsed = raw(text);
    assert_eq!(parsed.problems, [], "{text}");
    parsed.root.unwrap()
}

// The parts of an attribute: literals as they are, expressions in «».
fn shown(parts: &[Part]) -> String {
    parts
        .iter()
        .map(|part| match part {
            Part::Literal(text) => text.clone(),
            Part::Expression(expression) => format!("«{}»", expression.text),
        })
        .collect()
}

#[test]
fn attribute_values() {
    let cases = [
        (r#"<a b="c"/>"#, "c"),
        (r"<a b='c'/>", "c"),
        (r#"<a b = "c" />"#, "c"),
        (r#"<a b="x &lt; &amp; &quot;&#65;"/>"#, "x < & \"A"),
        (r#"<a b="x & y"/>"#, "x & y"),
        (r#"<a b="@(x["k"] < 3 && y > 2)"/>"#, r#"«@(x["k"] < 3 && y > 2)»"#),
        (r#"<a b=" @(x) "/>"#, " «@(x)» "),
        (r#"<a b="@(x == &quot;k&quot;)"/>"#, r#"«@(x == "k")»"#),
        (r#"<a b="@{ return ")}"; }"/>"#, r#"«@{ return ")}"; }»"#),
        (r#"<a b="@($"t={(string)v["t"]}")"/>"#, r#"«@($"t={(string)v["t"]}")»"#),
        (r#"<a b="me@example.com"/>"#, "me@example.com"),
        (r#"<a b="me@(work"/>"#, "me@(work"),
        (r#"<a b="*|@*"/>"#, "*|@*"),
        ("<a b=plain/>", "plain"),
        ("<a b=@(x) />", "«@(x)»"),
        (r#"<a b="C=US, CN="x, y", O=z"/>"#, r#"C=US, CN="x, y", O=z"#),
        (r#"<a b="x"c="y"/>"#, "x"),
        (r#"<a b=""/>"#, ""),
    ];
    for (text, expected) in cases {
        let root = clean(text);
        assert_eq!(shown(&root.attributes[0].value.parts), expected, "{text}");
    }
}

#[test]
fn text_between_tags() {
    let cases = [
        ("<a>x &amp; y</a>", "x & y"),
        ("<a>\n @(List<string>(\"</a>\"))\n</a>", "\n «@(List<string>(\"</a>\"))»\n"),
        (
            "<a>@{ if (1 < 2 && 3 > 2) { return '\"'; } // ' \n }</a>",
            "«@{ if (1 < 2 && 3 > 2) { return '\"'; } // ' \n }»",
        ),
        ("<a>x<!-- @( -->y</a>", "xy"),
        ("<a><![CDATA[<b> &amp;]]></a>", "<b> &amp;"),
        ("<a><![CDATA[ @(1 < 2)]]></a>", "«@(1 < 2)»"),
        ("<?xml version=\"1.0\"?><a>x<?y?>z</a>", "xz"),
        ("<a>mail me@x.org</a>", "mail me@x.org"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(&clean(text).text().parts), expected, "{text}");
    }
}

#[test]
fn strict_xml_wants_references_and_decodes_expressions() {
    let strict = |text| parse(text, PolicyFormat::Xml, DOCUMENT_BYTES_MAX);
    let parsed = strict(r#"<a b="@(x == &quot;k&quot; &amp;&amp; 1 &lt; 2)"> @{ return 1 &gt; 0; } </a>"#);
    assert_eq!(parsed.problems, []);
    let root = parsed.root.unwrap();
    assert_eq!(shown(&root.attributes[0].value.parts), r#"«@(x == "k" && 1 < 2)»"#);
    assert_eq!(shown(&root.text().parts), "«@{ return 1 > 0; }» ");
    for broken in [r#"<a b="@(1 < 2)"/>"#, r#"<a b="x && y"/>"#, "<a b=c/>", "<a>x & y</a>", "<a> < </a>"] {
        assert_ne!(strict(broken).problems, [], "{broken}");
    }
}

#[test]
fn mistakes_are_reported_where_they_stand_and_the_rest_is_still_read() {
    let cases = [
        ("", "no-root", 0),
        ("<a>", "unclosed", 1),
        ("<a><b></a>", "unclosed", 4),
        ("<a></b></a>", "end-tag", 3),
        ("<a b></a>", "attribute", 3),
        ("<a b=\"x\" b=\"y\"/>", "duplicate-attribute", 9),
        ("<a b=\"x/>", "unclosed", 5),
        ("<a/><b/>", "text-outside", 5),
        ("x<a/>", "text-outside", 0),
        ("<a> < </a>", "stray-angle-bracket", 4),
        ("<a>@(x</a>", "expression-extent", 4),
        ("<a b=\"@(x\"><c/></a>", "expression-extent", 7),
        ("<!DOCTYPE a><a/>", "doctype", 0),
        ("<a><!-- </a>", "unclosed", 3),
        ("<a <b/></a>", "unclosed", 2),
        ("<a>x\u{1}</a>", "character", 4),
        ("<a>@(\"\0\")</a>", "character", 6),
    ];
    for (text, code, at) in cases {
        let problems = raw(text).problems;
        let first = problems.first().unwrap_or_else(|| panic!("{text}: nothing reported"));
        assert_eq!((first.code, first.span.start), (code, at), "{text}: {problems:?}");
    }
}

#[test]
fn one_mistake_is_one_finding() {
    let cases = [
        // a string that goes over the end of its line
        "<p><a b=\"@(\"\n x\" + 1)\" c=\"d\" /><e f=\"g\" /></p>",
        // a bracket that is missing, with quotes behind it
        "<p><a><b c=\"@(context.Response.StatusCode\" /></a><e f=\"@(1 + 1)\" /></p>",
        // a tag without its end
        "<p><a b=\"c\"\n<d e=\"f\" /></p>",
        // elements without a root
        "<a b=\"c\" /><d /><e />",
    ];
    for text in cases {
        let problems = raw(text).problems;
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
    }
    let cut = raw(cases[2]);
    let root = cut.root.unwrap();
    let names: Vec<&str> = root.elements().map(|element| element.name.as_str()).collect();
    assert_eq!(names, ["a", "d"], "a tag that nothing closes holds nothing");
}

#[test]
fn spans_lead_back_to_the_document() {
    let text = r#"<a b="@(x == &quot;k&quot; ! y)"/>"#;
    let root = clean(text);
    let Part::Expression(expression) = &root.attributes[0].value.parts[0] else { panic!("not an expression") };
    let inside = u32::try_from(expression.text.find('!').unwrap()).unwrap();
    assert_eq!(text.get(expression.origin(inside) as usize..).unwrap().chars().next(), Some('!'));
}

#[test]
fn limits_hold() {
    let deep = "<a>".repeat(10_000);
    assert_eq!(raw(&deep).problems[0].code, "document-too-large");
    let long = format!("<a>{}</a>", "x".repeat(DOCUMENT_BYTES_MAX));
    assert_eq!(raw(&long).problems[0].code, "document-too-large");
    let hopeless = format!("<a>x {}</a>", "@(".repeat(100_000));
    assert_eq!(raw(&hopeless).problems, []);
}

fn count(element: &Element) -> usize {
    let below = element.children.iter().map(|node| match node {
        Node::Element(child) => count(child),
        Node::Text(_) => 0,
    });
    1 + below.sum::<usize>()
}

fn pieces() -> impl Strategy<Value = String> {
    let words = [
        "<",
        ">",
        "/>",
        "</a>",
        "<a",
        "<b c=\"",
        "\"",
        "'",
        "@(",
        "@{",
        ")",
        "}",
        "&amp;",
        "&",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?",
        "?>",
        "=",
        " ",
        "x",
        "$\"{",
        "\n",
        "é",
    ];
    let word = prop_oneof![proptest::sample::select(words.to_vec()).prop_map(str::to_owned), Just("<a>".to_owned())];
    proptest::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn anything_is_read_without_panic(text in any::<String>()) {
        for format in [PolicyFormat::Xml, PolicyFormat::RawXml] {
            let _ = parse(&text, format, DOCUMENT_BYTES_MAX);
        }
    }

    #[test]
    fn anything_that_looks_like_a_document_is_read_or_reported(text in pieces()) {
        for format in [PolicyFormat::Xml, PolicyFormat::RawXml] {
            let parsed = parse(&text, format, DOCUMENT_BYTES_MAX);
            assert!(parsed.root.as_ref().map_or(0, count) > 0 || !parsed.problems.is_empty());
        }
    }
}
