//! JSON as XML, as APIM writes it: one root `Document`, a member is an element, an array repeats its element, null is `xsi:nil`.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::expr::xml::encoded;
use crate::value::Value as DotNet;

/// The root element.
const ROOT: &str = "Document";

/// What the items of an array without a name are called.
const ITEM: &str = "Item";

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// How members become elements.
#[derive(Clone, Debug)]
pub(super) struct Options {
    /// Whether texts that are moments of time are written in one form.
    pub(super) parse_date: bool,
    /// What stands between prefix and name.
    pub(super) separator: Arc<str>,
    /// With which names of members begin that declare namespaces.
    pub(super) prefix: Option<Arc<str>>,
    /// The member whose members become attributes.
    pub(super) attributes: Option<Arc<str>>,
}

/// Converts a JSON text.
///
/// # Errors
/// It is not JSON; with its place, in words.
pub(super) fn convert(text: &str, options: &Options) -> Result<String, String> {
    let json: Value = serde_json::from_str(text).map_err(|error| format!("the content is not JSON: {error}"))?;
    let mut writer = Writer { out: String::with_capacity(text.len() * 2), options, prefixes: Vec::new() };
    match &json {
        Value::Array(items) => {
            let items: Map<String, Value> = [(ITEM.to_owned(), Value::Array(items.clone()))].into_iter().collect();
            writer.element(ROOT, &Value::Object(items));
        }
        other => writer.element(ROOT, other),
    }
    Ok(writer.out)
}

struct Writer<'a> {
    out: String,
    options: &'a Options,
    // Prefixes that are declared around what is being written.
    prefixes: Vec<String>,
}

impl Writer<'_> {
    fn element(&mut self, name: &str, value: &Value) {
        match value {
            // Decision: an array in an array is an element that holds the items of the inner one.
            Value::Array(items) if items.is_empty() => self.open(name, "", true),
            Value::Array(items) => {
                for item in items {
                    match item {
                        Value::Array(_) => {
                            self.open(name, "", false);
                            self.element(ITEM, item);
                            self.close(name);
                        }
                        other => self.element(name, other),
                    }
                }
            }
            Value::Object(members) => self.object(name, members),
            Value::Null => self.open(name, &format!(" xsi:nil=\"true\" xmlns:xsi=\"{XSI}\""), true),
            scalar => {
                let text = self.text(scalar);
                if text.is_empty() {
                    return self.open(name, "", true);
                }
                self.open(name, "", false);
                self.out.push_str(&escaped(&text));
                self.close(name);
            }
        }
    }

    fn object(&mut self, name: &str, members: &Map<String, Value>) {
        let declared = self.prefixes.len();
        let mut attributes = String::new();
        for (member, value) in members {
            if let Some((attribute, namespace)) = self.declaration(member, value) {
                attributes.push_str(&format!(" {attribute}=\"{}\"", escaped(namespace)));
            }
        }
        let block = self.options.attributes.as_deref().and_then(|name| Some((name, members.get(name)?.as_object()?)));
        for (member, value) in block.iter().flat_map(|(_, block)| block.iter()) {
            let text = self.text(value);
            attributes.push_str(&format!(" {}=\"{}\"", self.qualified(member), escaped(&text)));
        }
        let is_child = |(member, value): &(&String, &Value)| {
            self.namespace_of(member, value).is_none() && block.is_none_or(|(name, _)| name != member.as_str())
        };
        let children: Vec<(&String, &Value)> = members.iter().filter(is_child).collect();
        self.open(name, &attributes, children.is_empty());
        for (member, value) in &children {
            self.element(member, value);
        }
        if !children.is_empty() {
            self.close(name);
        }
        self.prefixes.truncate(declared);
    }

    // What a member that declares a namespace becomes; the prefix is in scope from now on.
    fn declaration<'v>(&mut self, member: &str, value: &'v Value) -> Option<(String, &'v str)> {
        let (prefix, namespace) = self.namespace_of(member, value)?;
        if prefix.is_empty() {
            return Some(("xmlns".to_owned(), namespace));
        }
        self.prefixes.push(prefix.clone());
        Some((format!("xmlns:{}", encoded_name(&prefix)), namespace))
    }

    fn namespace_of<'v>(&self, member: &str, value: &'v Value) -> Option<(String, &'v str)> {
        let rest = member.strip_prefix(self.options.prefix.as_deref()?)?;
        let namespace = value.as_str()?;
        let prefix = if rest.is_empty() { rest } else { rest.strip_prefix(&*self.options.separator)? };
        Some((prefix.to_owned(), namespace))
    }

    // A name whose part in front of the separator is a prefix in scope has that prefix.
    fn qualified(&self, name: &str) -> String {
        let split = (!self.options.separator.is_empty()).then(|| name.split_once(&*self.options.separator)).flatten();
        match split.filter(|(prefix, _)| self.prefixes.iter().any(|known| known == prefix)) {
            Some((prefix, local)) => format!("{}:{}", encoded_name(prefix), encoded_name(local)),
            None => encoded_name(name),
        }
    }

    // Numbers and booleans as .NET writes them: `True`, `1.5`, `1E+20`.
    fn text(&self, value: &Value) -> String {
        match value {
            Value::String(text) if self.options.parse_date => dated(text).unwrap_or_else(|| text.clone()),
            Value::String(text) => text.clone(),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(whole), _, _) => whole.to_string(),
                (None, Some(whole), _) => whole.to_string(),
                (None, None, Some(real)) => DotNet::Double(real).to_string(),
                (None, None, None) => number.to_string(),
            },
            Value::Null => String::new(),
            Value::Array(_) | Value::Object(_) => value.to_string(),
        }
    }

    fn open(&mut self, name: &str, attributes: &str, is_empty: bool) {
        let name = self.qualified(name);
        self.out.push_str(&format!("<{name}{attributes}{}>", if is_empty { " /" } else { "" }));
    }

    fn close(&mut self, name: &str) {
        let name = self.qualified(name);
        self.out.push_str(&format!("</{name}>"));
    }
}

// `XmlConvert.EncodeLocalName`, with a name for what has none.
fn encoded_name(name: &str) -> String {
    if name.is_empty() { "_".to_owned() } else { encoded(name).replace(':', "_x003A_") }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push_str(&format!("&#x{:X};", u32::from(character))),
            // XML 1.0 has no way to write it.
            character if character < ' ' || matches!(character, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

// Decision: a moment with an offset is written in UTC, fractions without trailing zeros.
fn dated(text: &str) -> Option<String> {
    let (_, time) = text.split_once('T')?;
    if !time.contains(['Z', '+', '-']) {
        return None;
    }
    let moment = crate::time::WallTime::from_rfc3339(text)?;
    let shown = moment.to_string();
    let bare = shown.strip_suffix('Z').unwrap_or(&shown);
    let bare = if bare.contains('.') { bare.trim_end_matches('0').trim_end_matches('.') } else { bare };
    Some(format!("{bare}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Options {
        Options { parse_date: true, separator: Arc::from("_"), prefix: None, attributes: None }
    }

    fn xml(json: &str, options: &Options) -> String {
        convert(json, options).unwrap()
    }

    #[test]
    fn the_published_example() {
        let json = r#"{"firstName":"John","isAlive":true,"age":25,"address":{"city":"New York"},
            "phoneNumbers":[{"type":"home"},{"type":"mobile"}],"children":[],"spouse":null}"#;
        let expected = "<Document><firstName>John</firstName><isAlive>True</isAlive><age>25</age>\
            <address><city>New York</city></address><phoneNumbers><type>home</type></phoneNumbers>\
            <phoneNumbers><type>mobile</type></phoneNumbers><children />\
            <spouse xsi:nil=\"true\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" /></Document>";
        assert_eq!(xml(json, &plain()), expected);
    }

    #[test]
    fn what_has_no_name_gets_one() {
        assert_eq!(
            xml("[1,[2,3]]", &plain()),
            "<Document><Item>1</Item><Item><Item>2</Item><Item>3</Item></Item></Document>"
        );
        assert_eq!(xml("\"a<b\"", &plain()), "<Document>a&lt;b</Document>");
        assert_eq!(
            xml("{\"a b\":1.0,\"1\":1e20}", &plain()),
            "<Document><a_x0020_b>1</a_x0020_b><_x0031_>1E+20</_x0031_></Document>"
        );
    }

    #[test]
    fn namespaces_and_attributes() {
        let options = Options { prefix: Some(Arc::from("xmlns")), attributes: Some(Arc::from("#attrs")), ..plain() };
        let json = r##"{"xmlns_s":"urn:s","s_Envelope":{"#attrs":{"id":7,"s_x":true},"plain_name":"v"}}"##;
        let expected = "<Document xmlns:s=\"urn:s\"><s:Envelope id=\"7\" s:x=\"True\"><plain_name>v</plain_name></s:Envelope></Document>";
        assert_eq!(xml(json, &options), expected);
    }

    #[test]
    fn dates_are_in_one_form_unless_told_otherwise() {
        let json = r#"{"a":"2020-01-02T10:00:00+02:00","b":"2020-01-02T10:00:00.500Z","c":"2020-01-02"}"#;
        let parsed = "<Document><a>2020-01-02T08:00:00Z</a><b>2020-01-02T10:00:00.5Z</b><c>2020-01-02</c></Document>";
        assert_eq!(xml(json, &plain()), parsed);
        let copied = xml(json, &Options { parse_date: false, ..plain() });
        assert!(copied.contains("+02:00") && copied.contains(".500Z"), "{copied}");
    }

    #[test]
    fn what_is_not_json_is_told() {
        assert!(convert("{", &plain()).unwrap_err().contains("line 1"));
    }
}
