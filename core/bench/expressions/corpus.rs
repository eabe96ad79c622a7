//! Two thousand expressions as long as those of public policies, and the same programs for the peers. `#` is the number of each.

use std::fmt::Write as _;

/// A program in three languages.
#[derive(Clone, Copy)]
struct Same {
    expression: &'static str,
    script: &'static str,
    rhai: &'static str,
}

/// A program of the corpus.
pub struct Program {
    /// A policy expression.
    pub expression: String,
    /// JavaScript.
    pub script: String,
    /// Rhai.
    pub rhai: String,
}

/// How many expressions of public policies are at most so long, by class; the last ones are blocks of statements.
const LENGTHS: [(usize, usize); 8] =
    [(40, 138), (80, 775), (160, 573), (320, 233), (640, 147), (1280, 69), (2560, 51), (4000, 14)];

const fn same(expression: &'static str, script: &'static str, rhai: &'static str) -> Same {
    Same { expression, script, rhai }
}

const SHORT: [Same; 4] = [
    same("@(context.Request.Method)", "context.Request.Method", "context.Request.Method"),
    same("@((string)context.Variables[\"v#\"])", "String(context.Variables.v#)", "context.Variables.v#.to_string()"),
    same(
        "@(context.Response.StatusCode == 4#)",
        "context.Response.StatusCode === 4#",
        "context.Response.StatusCode == 4#",
    ),
    same("@(Guid.NewGuid().ToString())", "guid().toString()", "guid().to_string()"),
];

const USUAL: [Same; 6] = [
    same(
        "@(context.Request.Headers.GetValueOrDefault(\"X-Field-#\", \"none\"))",
        "context.Request.Headers[\"x-field-#\"] ?? \"none\"",
        "context.Request.Headers[\"x-field-#\"] ?? \"none\"",
    ),
    same(
        "@(context.Variables.GetValueOrDefault<string>(\"tier#\", \"\") == \"gold\")",
        "(context.Variables.tier# ?? \"\") === \"gold\"",
        "(context.Variables.tier# ?? \"\") == \"gold\"",
    ),
    same(
        "@(((JObject)context.Variables[\"order#\"])[\"customer\"].ToString())",
        "context.Variables.order#[\"customer\"].toString()",
        "context.Variables.order#[\"customer\"].to_string()",
    ),
    same(
        "@((bool)context.Variables[\"cached#\"] == false)",
        "context.Variables.cached# === false",
        "context.Variables.cached# == false",
    ),
    same(
        "@(\"/tenants/\" + (string)context.Variables[\"tenant#\"] + \"/orders\")",
        "\"/tenants/\" + context.Variables.tenant# + \"/orders\"",
        "\"/tenants/\" + context.Variables.tenant# + \"/orders\"",
    ),
    same(
        "@(context.Request.MatchedParameters[\"id#\"].Split('-')[0])",
        "context.Request.MatchedParameters[\"id#\"].split(\"-\")[0]",
        "context.Request.MatchedParameters[\"id#\"].split(\"-\")[0]",
    ),
];

const LONG: [Same; 4] = [
    same(
        "@(context.Request.Method == \"POST\" && context.Variables.GetValueOrDefault<string>(\"tier#\") == \"gold\")",
        "context.Request.Method === \"POST\" && context.Variables.tier# === \"gold\"",
        "context.Request.Method == \"POST\" && context.Variables.tier# == \"gold\"",
    ),
    same(
        "@(context.Request.Headers.ContainsKey(\"Authorization\") ? context.Request.Headers[\"Authorization\"][0].Substring(7) : \"none#\")",
        "\"authorization\" in context.Request.Headers ? context.Request.Headers[\"authorization\"][0].substring(7) : \"none#\"",
        "if \"authorization\" in context.Request.Headers { context.Request.Headers[\"authorization\"][0].sub_string(7) } else { \"none#\" }",
    ),
    same(
        "@(new JProperty(\"id\", context.Request.MatchedParameters.GetValueOrDefault(\"id#\", \"\")).ToString())",
        "({ id: context.Request.MatchedParameters[\"id#\"] ?? \"\" }).toString()",
        "#{ id: context.Request.MatchedParameters[\"id#\"] ?? \"\" }.to_string()",
    ),
    same(
        "@(((IResponse)context.Variables[\"answer#\"]).Body.As<JObject>(preserveContent: true)[\"access_token\"].ToString())",
        "JSON.parse(context.Variables[\"answer#\"].Body)[\"access_token\"].toString()",
        "parse_json(context.Variables[\"answer#\"].Body)[\"access_token\"].to_string()",
    ),
];

const LONGER: [Same; 2] = [
    same(
        "@(context.Response.StatusCode >= 500 || context.Response.StatusCode == 429 || (context.LastError != null && context.LastError.Source == \"forward-request\" && string.Equals(context.LastError.Reason, \"Timeout#\", StringComparison.OrdinalIgnoreCase)))",
        "context.Response.StatusCode >= 500 || context.Response.StatusCode === 429 || (context.LastError !== null && context.LastError.Source === \"forward-request\" && context.LastError.Reason.toLowerCase() === \"timeout#\")",
        "context.Response.StatusCode >= 500 || context.Response.StatusCode == 429 || (context.LastError != () && context.LastError.Source == \"forward-request\" && context.LastError.Reason.to_lower() == \"timeout#\")",
    ),
    same(
        "@(new JObject(new JProperty(\"id\", context.RequestId.ToString()), new JProperty(\"status\", context.Response.StatusCode), new JProperty(\"at\", DateTime.UtcNow.ToString(\"o\")), new JProperty(\"region\", context.Deployment.Region + \"-#\")).ToString())",
        "JSON.stringify({ id: context.RequestId.toString(), status: context.Response.StatusCode, at: new Date().toISOString(), region: context.Deployment.Region + \"-#\" })",
        "#{ id: context.RequestId.to_string(), status: context.Response.StatusCode, at: timestamp().to_string(), region: context.Deployment.Region + \"-#\" }.to_json()",
    ),
];

/// Paragraphs of blocks; `text` is what they add to.
const PARAGRAPHS: [Same; 5] = [
    same(
        "    // who calls, as the token says\n    var token# = context.Request.Headers.GetValueOrDefault(\"Authorization\", \"\").Replace(\"Bearer \", \"\");\n    var parts# = token#.Split('.');\n    if (parts#.Length == 3)\n    {\n        text = text + parts#[1].Trim();\n    }\n",
        "    // who calls, as the token says\n    const token# = (context.Request.Headers[\"authorization\"] ?? \"\").replace(\"Bearer \", \"\");\n    const parts# = token#.split(\".\");\n    if (parts#.length === 3)\n    {\n        text = text + parts#[1].trim();\n    }\n",
        "    // who calls, as the token says\n    let token# = context.Request.Headers[\"authorization\"] ?? \"\";\n    let parts# = token#.split(\".\");\n    if parts#.len() == 3\n    {\n        text = text + parts#[1];\n    }\n",
    ),
    same(
        "    foreach (var pair# in ((string)context.Variables[\"pairs\"]).Split(new[] { ',' }, StringSplitOptions.RemoveEmptyEntries))\n    {\n        var at# = pair#.IndexOf('=');\n        if (at# > 0 && pair#.Substring(0, at#) == \"name\")\n        {\n            text += pair#.Substring(at# + 1);\n        }\n    }\n",
        "    for (const pair# of context.Variables[\"pairs\"].split(\",\"))\n    {\n        const at# = pair#.indexOf(\"=\");\n        if (at# > 0 && pair#.substring(0, at#) === \"name\")\n        {\n            text += pair#.substring(at# + 1);\n        }\n    }\n",
        "    for pair# in context.Variables[\"pairs\"].split(\",\")\n    {\n        let at# = pair#.index_of(\"=\");\n        if at# > 0 && pair#.sub_string(0, at#) == \"name\"\n        {\n            text += pair#.sub_string(at# + 1);\n        }\n    }\n",
    ),
    same(
        "    JObject body# = context.Request.Body.As<JObject>(preserveContent: true);\n    if (body#[\"items\"] != null && body#[\"items\"].HasValues)\n    {\n        text += string.Join(\",\", body#[\"items\"].Select(item => item[\"id\"].ToString().ToLower()));\n    }\n",
        "    const body# = JSON.parse(context.Request.Body);\n    if (body#[\"items\"] != null && body#[\"items\"].length > 0)\n    {\n        text += body#[\"items\"].map(item => item[\"id\"].toString().toLowerCase()).join(\",\");\n    }\n",
        "    let body# = parse_json(context.Request.Body);\n    if body#[\"items\"] != () && body#[\"items\"].len() > 0\n    {\n        text += body#[\"items\"].map(|item| item[\"id\"].to_string().to_lower()).reduce(|a, b| a + b);\n    }\n",
    ),
    same(
        "    try\n    {\n        int limit# = Int32.Parse(context.Variables.GetValueOrDefault<string>(\"limit\", \"#\"));\n        text += limit# > 10 ? \"many\" : \"few\";\n    }\n    catch (Exception)\n    {\n        text += \"?\";\n    }\n",
        "    try\n    {\n        const limit# = parseInt(context.Variables.limit ?? \"#\");\n        text += limit# > 10 ? \"many\" : \"few\";\n    }\n    catch (error)\n    {\n        text += \"?\";\n    }\n",
        "    try\n    {\n        let limit# = parse_int(context.Variables.limit ?? \"#\");\n        text += if limit# > 10 { \"many\" } else { \"few\" };\n    }\n    catch\n    {\n        text += \"?\";\n    }\n",
    ),
    same(
        "    var stamp# = DateTime.UtcNow.AddMinutes(#).ToString(\"yyyy-MM-ddTHH:mm:ssZ\");\n    text = $\"{text};{stamp#};{context.Operation.Id}\";\n",
        "    const stamp# = new Date(Date.now() + # * 60000).toISOString();\n    text = `${text};${stamp#};${context.Operation.Id}`;\n",
        "    let stamp# = (timestamp() + #).to_string();\n    text = `${text};${stamp#};${context.Operation.Id}`;\n",
    ),
];

/// All of them, in an order that mixes lengths.
pub fn programs() -> Vec<Program> {
    let mut programs = Vec::new();
    for (most, count) in LENGTHS {
        for at in 0..count {
            let number = programs.len();
            programs.push(match most {
                40 => filled(SHORT[at % SHORT.len()], number),
                80 => filled(USUAL[at % USUAL.len()], number),
                160 => filled(LONG[at % LONG.len()], number),
                320 => filled(LONGER[at % LONGER.len()], number),
                most => block(most * 3 / 4, number),
            });
        }
    }
    programs
}

fn filled(same: Same, number: usize) -> Program {
    let number = number.to_string();
    let rhai = same.rhai.replace("#{", "\u{1}").replace('#', &number).replace('\u{1}', "#{");
    Program { expression: same.expression.replace('#', &number), script: same.script.replace('#', &number), rhai }
}

fn block(least: usize, number: usize) -> Program {
    let mut block = Program {
        expression: "@{\n    var text = \"\";\n".to_owned(),
        script: "(function() {\n    let text = \"\";\n".to_owned(),
        rhai: "    let text = \"\";\n".to_owned(),
    };
    let mut at = number;
    while block.expression.len() < least {
        let paragraph = filled(PARAGRAPHS[at % PARAGRAPHS.len()], at);
        block.expression += &paragraph.expression;
        block.script += &paragraph.script;
        block.rhai += &paragraph.rhai;
        at += 1;
    }
    let _ = write!(block.expression, "    return text;\n}}");
    let _ = write!(block.script, "    return text;\n}})");
    let _ = write!(block.rhai, "    text\n");
    block
}
