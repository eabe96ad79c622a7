//! Stylesheets as people write them, and those that nobody should.

use std::fmt::Write as _;
use std::sync::Arc;

use super::tree::Scope;
use super::{compile, transform};
use crate::config::model::PolicyFormat;
use crate::policy::dialect;

fn compiled(sheet: &str) -> Result<super::Stylesheet, String> {
    let parsed = dialect::parse(sheet, PolicyFormat::RawXml, 1 << 20);
    assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
    let root = parsed.root.unwrap();
    compile::compile(&root, &Arc::new(Scope::default())).map_err(|problems| {
        problems.iter().fold(String::new(), |mut text, problem| {
            let _ = writeln!(text, "{}", problem.message);
            text
        })
    })
}

fn given(body: &str, document: &str, parameters: &[(&str, &str)]) -> Result<String, String> {
    let sheet = format!(
        "<xsl:stylesheet version=\"1.0\" xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" \
         xmlns:msxsl=\"urn:schemas-microsoft-com:xslt\" exclude-result-prefixes=\"msxsl\">{body}</xsl:stylesheet>"
    );
    let parameters: Vec<(Arc<str>, Arc<str>)> =
        parameters.iter().map(|(name, value)| (Arc::from(*name), Arc::from(*value))).collect();
    transform(&compiled(&sheet)?, document, &parameters)
}

fn run(body: &str, document: &str) -> Result<String, String> {
    given(body, document, &[])
}

/// The text that one expression gives, with `<a>…</a>` as the document.
fn value(expression: &str, document: &str) -> String {
    let body = format!(
        "<xsl:output method=\"text\"/><xsl:key name=\"k\" match=\"b\" use=\"@id\"/>\
         <xsl:template match=\"/\"><xsl:for-each select=\"/a\"><xsl:value-of select=\"{expression}\"/></xsl:for-each></xsl:template>"
    );
    run(&body, document).unwrap_or_else(|error| format!("error: {error}"))
}

/// Expressions and their texts.
const EXPRESSIONS: &[(&str, &str)] = &[
    ("1 + 2 * 3 - 4 div 2", "5"),
    ("7 mod 3 - -1", "2"),
    ("-7 mod 3", "-1"),
    ("1 div 0", "Infinity"),
    ("0.1 + 0.2", "0.30000000000000004"),
    ("1000000 * 1000000 * 1000000 * 10000", "10000000000000000000000"),
    ("number('1e3')", "1000"),
    ("number(' -.5 ')", "-0.5"),
    ("b", "3"),
    ("b[2]", "4"),
    ("b[last()]/@id", "q"),
    ("b[@id='q']", "4"),
    ("count(//b)", "3"),
    ("count(.//b)", "3"),
    ("//b[1]", "3"),
    ("count(//b[1])", "2"),
    ("(//b)[3]/@id", "r"),
    ("count(//node())", "11"),
    ("count(//@*)", "5"),
    ("sum(//b)", "12"),
    ("b > 3", "true"),
    ("b = 3 and b != 3", "true"),
    ("not(zz)", "true"),
    ("zz = ''", "false"),
    ("b = 'x' or 1 = 1", "true"),
    ("name(c/b/..)", "c"),
    ("c/b/ancestor::*[1]/preceding-sibling::*[1]", "4"),
    ("c/b/preceding::b[1]", "4"),
    ("b[1]/following::b[last()]", "5"),
    ("b[1]/following-sibling::node()[2]", "c"),
    ("name(//@id[.='r']/..)", "b"),
    ("comment()", "c"),
    ("processing-instruction('p')", "d"),
    ("c/text()", " t "),
    ("normalize-space(c)", "5 t"),
    ("string-length('äöü')", "3"),
    ("substring('12345', 2, 3)", "234"),
    ("substring('12345', 1.5, 2.6)", "234"),
    ("substring('12345', 0, 3)", "12"),
    ("substring('12345', -42, 1 div 0)", "12345"),
    ("substring-before('1999/04', '/')", "1999"),
    ("substring-after('1999/04', '/')", "04"),
    ("translate('bar', 'abc', 'AB')", "BAr"),
    ("translate('--aaa--', 'a-', 'A')", "AAA"),
    ("concat('a', 1, true())", "a1true"),
    ("starts-with('abc', 'ab') and contains('abc', 'c')", "true"),
    ("round(2.5)", "3"),
    ("round(-2.5)", "-2"),
    ("floor(-1.5)", "-2"),
    ("ceiling(1.1)", "2"),
    ("boolean('false')", "true"),
    ("lang('en')", "true"),
    ("key('k', 'q')", "4"),
    ("count(key('k', //@id))", "3"),
    ("b | c/b", "3"),
    ("count(b | c/b | b[1])", "3"),
    ("local-name(@x)", "x"),
    ("namespace-uri()", ""),
    ("generate-id(b[1]) = generate-id(//b[1])", "true"),
    ("format-number(1234.5, '#,##0.00')", "1,234.50"),
    ("system-property('xsl:version')", "1"),
    ("function-available('concat') and element-available('xsl:sort') = false()", "true"),
    ("self::a/@x + 1", "2"),
    ("div", ""),
    ("@x * 2", "2"),
    ("count(*)", "3"),
];

#[test]
fn expressions() {
    let document =
        "<a x='1' xml:lang='en-GB'><b id='p'>3</b><b id='q'>4</b><!--c--><?p d?><c><b id='r'>5</b> t </c></a>";
    for (expression, expected) in EXPRESSIONS {
        assert_eq!(value(expression, document), *expected, "{expression}");
    }
}

#[test]
fn identity() {
    let identity = "<xsl:template match=\"@*|node()\"><xsl:copy><xsl:apply-templates select=\"@*|node()\"/></xsl:copy></xsl:template>";
    let document = "<p:a p:x=\"1\" y=\"&lt;&quot;\" xmlns:p=\"urn:p\"><b xmlns=\"urn:b\">t<c xmlns=\"\" /></b><!-- c --><?p d?>&amp;</p:a>";
    let expected = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>{document}");
    assert_eq!(run(identity, document).as_deref(), Ok(expected.as_str()));
    // Everything but one thing.
    let without =
        format!("<xsl:output omit-xml-declaration=\"yes\"/>{identity}<xsl:template match=\"secret|@hidden\"/>");
    let kept = run(&without, "<a hidden=\"1\" x=\"2\"><secret>s</secret><b/></a>");
    assert_eq!(kept.as_deref(), Ok("<a x=\"2\"><b /></a>"));
    // Deep documents take no stack.
    let deep = format!("{}{}", "<a>".repeat(900), "</a>".repeat(900));
    assert!(run(identity, &deep).is_ok());
}

#[test]
fn soap_to_json() {
    let body = r#"
      <xsl:output method="text"/>
      <xsl:template match="/">{"orders":[<xsl:for-each select="//o:Order" xmlns:o="urn:o">
        <xsl:sort select="@price" data-type="number" order="descending"/>
        <xsl:text/>{"id":"<xsl:value-of select="o:Id"/>","price":<xsl:value-of select="@price"/>,<xsl:choose>
          <xsl:when test="@price &gt; 10">"size":"large"</xsl:when>
          <xsl:otherwise>"size":"small"</xsl:otherwise>
        </xsl:choose>}<xsl:if test="position() != last()">,</xsl:if>
      </xsl:for-each>]}</xsl:template>"#;
    let document = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><r xmlns=\"urn:o\">\
        <Order price=\"9\"><Id>a</Id></Order><Order price=\"12\"><Id>b&amp;</Id></Order></r></s:Body></s:Envelope>";
    let json = run(body, document).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    let expected = serde_json::json!({"orders": [
        {"id": "b&", "price": 12, "size": "large"}, {"id": "a", "price": 9, "size": "small"},
    ]});
    assert_eq!(json, expected);
}

#[test]
fn modes_parameters_variables() {
    let body = r#"
      <xsl:output omit-xml-declaration="yes"/>
      <xsl:param name="who" select="'nobody'"/>
      <xsl:param name="other">default</xsl:param>
      <xsl:variable name="twice" select="concat($once, $once)"/>
      <xsl:variable name="once"><x><xsl:value-of select="$who"/></x></xsl:variable>
      <xsl:template match="/a">
        <r who="{$who}" other="{$other}" braces="{{}}" twice="{$twice}">
          <xsl:apply-templates select="b" mode="short"/>
          <xsl:apply-templates select="b"><xsl:with-param name="p" select="7"/></xsl:apply-templates>
          <xsl:call-template name="count"><xsl:with-param name="n" select="3"/></xsl:call-template>
          <xsl:copy-of select="msxsl:node-set($once)/x"/>
          <xsl:copy-of select="$once"/>
        </r>
      </xsl:template>
      <xsl:template match="b" mode="short">[<xsl:value-of select="position()"/>]</xsl:template>
      <xsl:template match="b"><xsl:param name="p">none</xsl:param>(<xsl:value-of select="$p"/>)</xsl:template>
      <xsl:template match="b[2]" priority="2"><xsl:param name="p"/>second</xsl:template>
      <xsl:template name="count">
        <xsl:param name="n"/>
        <xsl:if test="$n &gt; 0"><xsl:value-of select="$n"/>
          <xsl:call-template name="count"><xsl:with-param name="n"><xsl:value-of select="$n - 1"/></xsl:with-param></xsl:call-template>
        </xsl:if>
      </xsl:template>"#;
    let result = given(body, "<a><b/><b/></a>", &[("who", "me & you"), ("unknown", "x")]);
    let expected = "<r who=\"me &amp; you\" other=\"default\" braces=\"{}\" twice=\"me &amp; youme &amp; you\">[1][2](7)second321\
                    <x>me &amp; you</x><x>me &amp; you</x></r>";
    assert_eq!(result.as_deref(), Ok(expected));
}

#[test]
fn constructions() {
    let body = r#"
      <xsl:output method="xml" indent="yes" cdata-section-elements="raw" doctype-system="a.dtd"/>
      <xsl:strip-space elements="*"/><xsl:preserve-space elements="keep"/>
      <xsl:attribute-set name="set"><xsl:attribute name="x">1</xsl:attribute><xsl:attribute name="y">2</xsl:attribute></xsl:attribute-set>
      <xsl:template match="/">
        <out xsl:use-attribute-sets="set" x="0">
          <xsl:element name="{name(*)}-made" namespace="urn:m"><xsl:attribute name="p:q" namespace="urn:p">v</xsl:attribute></xsl:element>
          <raw>a&lt;b</raw>
          <xsl:comment>one--two</xsl:comment>
          <xsl:processing-instruction name="pi">data</xsl:processing-instruction>
          <xsl:for-each select="//i"><n><xsl:number level="multiple" count="i" format="1.a"/></n></xsl:for-each>
          <t><xsl:value-of select="string-length(//keep)"/><xsl:text disable-output-escaping="yes">&lt;br/&gt;</xsl:text></t>
        </out>
      </xsl:template>"#;
    let document = "<a> <i> <i/> </i> <i/> <keep> </keep></a>";
    let expected = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE out SYSTEM \"a.dtd\">\n<out y=\"2\" x=\"0\">\n  \
        <a-made p:q=\"v\" xmlns=\"urn:m\" xmlns:p=\"urn:p\" />\n  <raw><![CDATA[a<b]]></raw>\n  <!--one- -two-->\n  <?pi data?>\n  \
        <n>1</n>\n  <n>1.a</n>\n  <n>2</n>\n  <t>1<br/></t>\n</out>";
    assert_eq!(run(body, document).as_deref(), Ok(expected));
}

#[test]
fn html() {
    let body = r#"<xsl:template match="/"><html><head><title>T &amp; Ü</title></head><body>
        <br/><input type="checkbox" checked="checked" value="a&lt;b"/><p/><script>if (a &lt; b) {}</script></body></html></xsl:template>"#;
    let expected = "<html><head><META http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"><title>T &amp; Ü</title></head>\
        <body><br><input type=\"checkbox\" checked value=\"a<b\"><p></p><script>if (a < b) {}</script></body></html>";
    assert_eq!(run(body, "<a/>").as_deref(), Ok(expected));
}

#[test]
fn grouping_by_keys_and_sorting() {
    // Muenchian grouping, as every stylesheet of the time has it.
    let body = r#"
      <xsl:output method="text"/>
      <xsl:key name="by" match="e" use="@g"/>
      <xsl:template match="/"><xsl:for-each select="//e[generate-id() = generate-id(key('by', @g)[1])]">
          <xsl:sort select="@g" order="descending"/>
          <xsl:value-of select="concat(@g, '=')"/>
          <xsl:for-each select="key('by', @g)"><xsl:sort/><xsl:value-of select="."/></xsl:for-each>;</xsl:for-each>
      </xsl:template>"#;
    let document = "<a><e g='x'>b</e><e g='y'>B</e><e g='x'>a</e><e g='y'>A</e><e g='x'>B</e></a>";
    assert_eq!(run(body, document).as_deref(), Ok("y=AB;x=abB;"));
}

#[test]
fn namespaces_are_mended() {
    let body = r#"
      <xsl:output omit-xml-declaration="yes"/>
      <xsl:namespace-alias stylesheet-prefix="alias" result-prefix="real" xmlns:alias="urn:alias" xmlns:real="urn:real"/>
      <xsl:template match="/"><alias:a xmlns:alias="urn:alias" alias:x="1"><plain/>
        <xsl:element name="e" namespace="urn:e"><xsl:copy-of select="//n"/></xsl:element></alias:a></xsl:template>"#;
    let result = run(body, "<r xmlns:u='urn:u'><n u:k='1'/></r>").unwrap();
    assert_eq!(
        result,
        "<real:a real:x=\"1\" xmlns:real=\"urn:real\"><plain /><e xmlns=\"urn:e\"><n u:k=\"1\" xmlns=\"\" xmlns:u=\"urn:u\" /></e></real:a>"
    );
}

/// Stylesheets with what .NET's `XslCompiledTransform` makes of the document in the first line.
const WITNESSED: &str = include_str!("../../../../fixtures/xslt/witnessed.jsonl");

#[test]
fn results_are_those_of_dotnet() {
    let mut lines = WITNESSED.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let document = lines.next().unwrap();
    let document = document["document"].as_str().unwrap();
    let mut count = 0;
    for case in lines {
        let body = case["stylesheet"].as_str().unwrap();
        assert_eq!(run(body, document).as_deref(), Ok(case["result"].as_str().unwrap()), "{body}");
        count += 1;
    }
    assert!(count > 150, "{count}");
}

/// Expressions whose nodes are namespaces.
const NAMESPACES: &[(&str, &str)] = &[
    ("count(namespace::*)", "4"),
    ("count(//namespace::node())", "7"),
    ("namespace::x", "u"),
    ("name(namespace::*[. = 'd'])", ""),
    ("local-name(namespace::*[2])", ""),
    ("name(namespace::y/..)", "a"),
    ("namespace-uri(namespace::x)", ""),
    ("b/namespace::x", "w"),
    ("count(b/namespace::*)", "3"),
    ("count(namespace::x | namespace::x | b/namespace::x)", "2"),
    ("count(namespace::x/following::node())", "1"),
    ("count(namespace::x/following-sibling::node())", "0"),
    ("count(namespace::x/ancestor::node())", "2"),
    ("count(namespace::x/namespace::*)", "0"),
    ("generate-id(namespace::x) = generate-id(namespace::y)", "false"),
    ("count(id('p'))", "0"),
];

#[test]
fn namespaces_are_nodes() {
    let document = "<a xmlns='d' xmlns:x='u' xmlns:y='v'><b xmlns='' xmlns:x='w'/></a>";
    for (expression, expected) in NAMESPACES {
        let body = format!(
            "<xsl:output method=\"text\"/><xsl:template match=\"/\"><xsl:for-each select=\"/*\"><xsl:value-of select=\"{expression}\"/>\
             </xsl:for-each></xsl:template>"
        );
        assert_eq!(run(&body, document).as_deref(), Ok(*expected), "{expression}");
    }
}

#[test]
fn one_element_is_a_stylesheet() {
    let sheet = "<html xsl:version=\"1.0\" xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\"><b><xsl:value-of select=\"name(*)\"/></b></html>";
    assert_eq!(transform(&compiled(sheet).unwrap(), "<z/>", &[]).as_deref(), Ok("<html><b>z</b></html>"));
}

#[test]
fn later_versions_and_extensions_fall_back() {
    let of_version = |version: &str, inner: &str| {
        let sheet = format!(
            "<xsl:stylesheet version=\"{version}\" xmlns:e=\"urn:e\" extension-element-prefixes=\"e\" \
             xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\"><xsl:template match=\"/\"><q>{inner}</q></xsl:template></xsl:stylesheet>"
        );
        transform(&compiled(&sheet)?, "<z/>", &[])
    };
    let head = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";
    let newer =
        "<xsl:foo bar=\"x\"><xsl:fallback>FB</xsl:fallback></xsl:foo><xsl:value-of select=\"1\" separator=\",\"/>";
    assert_eq!(of_version("2.0", newer), Ok(format!("{head}<q>FB1</q>")));
    assert!(of_version("1.0", newer).unwrap_err().contains("is no instruction of XSLT 1.0"));
    assert!(of_version("2.0", "<xsl:foo/>").unwrap_err().contains("holds no `xsl:fallback`"));
    let extension = "<e:foo>no<xsl:fallback><a/></xsl:fallback></e:foo>";
    assert_eq!(of_version("1.0", extension), Ok(format!("{head}<q><a /></q>")));
    assert!(of_version("1.0", "<e:foo/>").unwrap_err().contains("there is no instruction `e:foo`"));
}

#[test]
fn what_is_wrong_is_told_when_it_loads() {
    let template = |inner: &str| format!("<xsl:template match=\"/\">{inner}</xsl:template>");
    let cases = [
        ("<xsl:import href=\"x\"/>".to_owned(), "reads another document"),
        ("<msxsl:script language=\"C#\">x</msxsl:script>".to_owned(), "is code"),
        ("<xsl:templat match=\"/\"/>".to_owned(), "a stylesheet cannot hold `xsl:templat`"),
        ("<xsl:template mode=\"m\"/>".to_owned(), "needs an attribute `match` or `name`"),
        ("<xsl:template match=\"a + b\"/>".to_owned(), "a pattern is made of paths"),
        ("<xsl:variable name=\"v\" select=\"$v\"/>".to_owned(), "depends on itself"),
        ("<xsl:attribute-set name=\"s\" use-attribute-sets=\"s\"/>".to_owned(), "uses itself"),
        ("<xsl:output method=\"json\"/>".to_owned(), "`json` is not an output method"),
        (template("<xsl:value-of select=\"document('x')\"/>"), "reads other documents"),
        (template("<xsl:value-of select=\"$missing\"/>"), "there is no variable `$missing`"),
        (template("<xsl:value-of select=\"cuont(a)\"/>"), "there is no function `cuont`"),
        (template("<xsl:value-of select=\"count()\"/>"), "does not take 0 arguments"),
        (template("<xsl:value-of select=\"a[\"/>"), "expected an expression, found the end"),
        (template("<xsl:value-of select=\"p:a\"/>"), "the prefix `p` is not declared"),
        (template("<xsl:value-of selct=\".\"/>"), "has no attribute `selct`"),
        (template("<xsl:call-template name=\"x\"/>"), "there is no template `x`"),
        (template("<xsl:if>x</xsl:if>"), "needs the attribute `test`"),
        (template("<xsl:for-each-group select=\"a\"/>"), "is no instruction of XSLT 1.0"),
        (template("<xsl:for-each select=\"*\"><xsl:apply-imports/></xsl:for-each>"), "outside of `xsl:for-each`"),
        ("<xsl:template name=\"n\"><xsl:apply-imports/></xsl:template>".to_owned(), "in a template with `match`"),
        ("<xsl:variable name=\"v\"><xsl:apply-imports/></xsl:variable>".to_owned(), "in a template with `match`"),
        (template("<xsl:apply-imports><xsl:with-param name=\"a\"/></xsl:apply-imports>"), "holds nothing"),
        (template("<xsl:apply-imports select=\"a\"/>"), "has no attribute `select`"),
        ("<xsl:import href=\"x.xsl\"/>".to_owned(), "reads another document"),
        (template("<a x=\"{b\"/>"), "has no `}`"),
        (template("<a x=\"b}\"/>"), "closes no expression"),
        (template("<xsl:choose><a/></xsl:choose>"), "cannot stand here"),
        (template(&format!("<xsl:value-of select=\"{}1{}\"/>", "(".repeat(100), ")".repeat(100))), "deep"),
        (template(&format!("<xsl:value-of select=\"1{}\"/>", "+1".repeat(300))), "at most 256 operators"),
    ];
    for (body, expected) in cases {
        let error = run(&body, "<a/>").unwrap_err();
        assert!(error.contains(expected), "{body}\n{error}");
    }
}

#[test]
fn what_goes_wrong_ends_with_a_message() {
    let endless = "<xsl:template match=\"/\" name=\"t\"><xsl:call-template name=\"t\"/></xsl:template>";
    let wide = "<xsl:template match=\"/\"><xsl:for-each select=\"//*[count(//*) &gt; 0]\"><xsl:value-of select=\"count(//*[count(//*) = 1])\"/>\
                </xsl:for-each></xsl:template>";
    let growing = "<xsl:template match=\"/\" name=\"t\"><xsl:param name=\"s\" select=\"'xxxxxxxxxxxxxxxx'\"/>\
                   <xsl:call-template name=\"t\"><xsl:with-param name=\"s\" select=\"concat($s, $s)\"/></xsl:call-template></xsl:template>";
    let many = format!("<a>{}</a>", "<b/>".repeat(2_000));
    let cases = [
        (endless, "<a/>", "more than 10000 deep"),
        (wide, &*many, "more than 10000000 steps"),
        (growing, "<a/>", "longer than"),
        (
            "<xsl:template match=\"/\"><xsl:message terminate=\"yes\">no <xsl:value-of select=\"1\"/></xsl:message></xsl:template>",
            "<a/>",
            "no 1",
        ),
        ("<xsl:template match=\"/\"><xsl:for-each select=\"1\"/></xsl:template>", "<a/>", "no node-set"),
        ("<xsl:template match=\"/\"><a>t<xsl:attribute name=\"x\"/></a></xsl:template>", "<a/>", "comes after content"),
        ("<xsl:template match=\"/\"><xsl:element name=\"1\"/></xsl:template>", "<a/>", "is not a name"),
        ("<xsl:template match=\"/\"/>", "<a>", "the content is not XML"),
    ];
    for (body, document, expected) in cases {
        let error = run(body, document).unwrap_err();
        assert!(error.contains(expected), "{body}\n{error}");
    }
    // Many names, many attributes and deep trees end in time, with a result or without one.
    let identity = "<xsl:template match=\"@*|node()\"><xsl:copy><xsl:apply-templates select=\"@*|node()\"/></xsl:copy></xsl:template>";
    let spaces =
        |from: usize, count: usize| (from..from + count).map(|n| format!(" xmlns:p{n}='u{n}'")).collect::<String>();
    let leaves = format!("<a{}>{}</a>", spaces(0, 200), "<p1:b xmlns:x='y'/>".repeat(10_000));
    assert!(run(identity, &leaves).unwrap_err().contains("too many namespaces"));
    assert!(run(identity, &format!("<a{}/>", spaces(0, 300))).unwrap_err().contains("too many namespaces"));
    let shared = format!("<a{}>{}</a>", spaces(0, 200), "<p1:b/>".repeat(1_000));
    assert!(run(identity, &shared).is_ok_and(|result| result.ends_with("<p1:b /></a>")));
    let attributes = (0..3_000).map(|n| format!(" a{n}=''")).collect::<String>();
    assert!(run(identity, &format!("<a{attributes}/>")).is_ok());
    let nested = "<xsl:template match=\"/\" name=\"t\"><a><xsl:call-template name=\"t\"/></a></xsl:template>";
    assert!(run(nested, "<a/>").unwrap_err().contains("more than 2000 deep"));
    let tall = format!("{}1{}", "not(".repeat(46), ")".repeat(46)) + &" or 0".repeat(200);
    assert_eq!(value(&tall, "<a/>"), "true");
    // What lies outside of the document is not read.
    let outside = "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>";
    let all = "<xsl:output method=\"text\"/><xsl:template match=\"/\"><xsl:value-of select=\".\"/></xsl:template>";
    assert_eq!(run(all, outside).as_deref(), Ok(""));
}
