//! What came of an expression, and its JSON form, which other programs that evaluate expressions can be compared with. Decides nothing.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use serde::de::IgnoredAny;

use super::scene::Scene;
use super::{Consumed, Expected, Interrupt, Message, Place, compile};
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::http::percent::decode_form;
use crate::http::{HeaderMap, Query, Url, latin1};
use crate::value::json::JFormatting;
use crate::value::time_format;
use crate::value::{ContextPart, MessageRef, UrlRef, Value};

/// The type of dictionaries of lists, as .NET names it.
const LISTS_BY_NAME: &str = "System.Collections.Generic.Dictionary`2[System.String,System.String[]]";
const TEXTS_BY_NAME: &str = "System.Collections.Generic.Dictionary`2[System.String,System.String]";
const OBJECTS_BY_NAME: &str = "System.Collections.Generic.Dictionary`2[System.String,System.Object]";

/// How deep collections are shown in each other.
const DEPTH_MAX: usize = 20;

/// What came of an expression.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A value.
    Value {
        /// Itself.
        value: Value,
        /// Its type and value in JSON.
        encoded: Encoded,
    },
    /// A .NET exception that nothing caught.
    Exception {
        /// The full name of its type.
        exception: String,
        /// Its message.
        message: String,
    },
    /// A limit of expressions was reached: this one.
    LimitExceeded(&'static str),
    /// The body of this message has not been read.
    NeedsBody(Message),
    /// It does not compile.
    Refused(Vec<Diagnostic>),
}

/// A value in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The full name of the run-time type; `None` for `null`.
    pub type_name: Option<String>,
    /// JSON text.
    pub json: String,
}

/// Compiles and evaluates `source` once; notes which bodies that consumed.
pub fn answer(source: &str, expected: Expected, place: Place<'_>, scene: &Scene, consumed: &mut Consumed) -> Answer {
    let expression = match compile(source, expected, place) {
        Ok(expression) => expression,
        Err(diagnostics) => return Answer::Refused(diagnostics),
    };
    match expression.eval_noting(scene.eval(&mut scene.rng()), consumed) {
        Ok(value) => Answer::Value { encoded: Encoded::of(&value, scene), value },
        Err(Interrupt::Exception { exception, message }) => {
            Answer::Exception { exception: exception.to_string(), message }
        }
        Err(Interrupt::LimitExceeded(limit)) => Answer::LimitExceeded(limit),
        Err(Interrupt::NeedsBody(message)) => Answer::NeedsBody(message),
    }
}

impl Answer {
    /// The members of a JSON object, without its braces: `"type":…,"value":…`, or `"error":{…}`, or `"compile":[…]`.
    #[must_use]
    pub fn members(&self) -> String {
        let error = |exception: &str, message: &str| {
            format!("\"error\":{{\"type\":{},\"message\":{}}}", quoted(exception), quoted(message))
        };
        match self {
            Self::Value { encoded, .. } => {
                let type_name = encoded.type_name.as_deref().map_or_else(|| "null".to_owned(), quoted);
                format!("\"type\":{type_name},\"value\":{}", encoded.json)
            }
            Self::Exception { exception, message } => error(exception, message),
            Self::LimitExceeded(limit) => error("limit", limit),
            Self::NeedsBody(message) => error("body", &format!("the body of the {} was not read", named(*message))),
            Self::Refused(diagnostics) => {
                format!("\"compile\":{}", serde_json::to_string(diagnostics).unwrap_or_else(|_| "[]".to_owned()))
            }
        }
    }
}

/// `request` or `response`.
#[must_use]
pub const fn named(message: Message) -> &'static str {
    match message {
        Message::Request => "request",
        Message::Response => "response",
    }
}

/// A JSON string.
#[must_use]
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl Encoded {
    /// Type and value of `value`; what it shows of the exchange is that of `scene`.
    #[must_use]
    pub fn of(value: &Value, scene: &Scene) -> Self {
        let type_name = match value {
            Value::Null => None,
            Value::Context(part) => Some(part_type(part).to_owned()),
            // .NET's sealed encodings are nested types that nobody can name; their base types are meant.
            _ => value.type_name().split('+').next().map(str::to_owned),
        };
        Self { type_name, json: json(value, scene, 0) }
    }
}

fn json(value: &Value, scene: &Scene, depth: usize) -> String {
    // Collections can hold themselves.
    if depth > DEPTH_MAX {
        return quoted("...");
    }
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::SByte(_)
        | Value::Byte(_)
        | Value::Int16(_)
        | Value::UInt16(_)
        | Value::Int32(_)
        | Value::UInt32(_)
        | Value::Int64(_)
        | Value::UInt64(_) => value.to_string(),
        Value::Single(_)
        | Value::Decimal(_)
        | Value::Double(_)
        | Value::Char(_)
        | Value::Guid(_)
        | Value::TimeSpan(_)
        | Value::Enum(_) => quoted(&value.to_string()),
        Value::String(text) => quoted(text),
        Value::Strings(items) => list(items.iter().map(|item| quoted(item))),
        Value::Chars(units) => list(units.iter().map(|unit| quoted(&Value::Char(*unit).to_string()))),
        Value::Bytes(bytes) => quoted(&base64::engine::general_purpose::STANDARD.encode(bytes)),
        Value::DateTime(moment) => quoted(&moment.format("o").unwrap_or_default()),
        Value::Json(token) => {
            let text = token.to_json(JFormatting::None);
            // A property alone, `undefined` and `NaN` are no JSON: they go as text.
            let is_json = serde_json::from_str::<IgnoredAny>(&text).is_ok();
            if is_json { text } else { quoted(&text) }
        }
        Value::Response(response) => {
            let reason = response.reason.as_deref().map_or_else(|| "null".to_owned(), quoted);
            let members = [
                ("Body", "{}".to_owned()),
                ("Headers", headers(&response.headers)),
                ("StatusCode", response.status.as_u16().to_string()),
                ("StatusReason", reason),
            ];
            object(members.into_iter())
        }
        Value::Context(part) => part_json(part, scene),
        Value::DateTimeOffset(moment) => {
            let offset = Some(moment.offset_minutes());
            quoted(&time_format::format(moment.clock(), offset, "o").unwrap_or_default())
        }
        Value::Object(object) => match object.get().items() {
            Some(items) => list(items.iter().map(|item| json(item, scene, depth + 1))),
            None => quoted(&object.get().text()),
        },
        Value::Library(_) | Value::Service(_) => quoted(&value.to_string()),
    }
}

fn part_type(part: &ContextPart) -> &'static str {
    match part {
        ContextPart::Headers(_) | ContextPart::Query(_) => LISTS_BY_NAME,
        ContextPart::MatchedParameters => TEXTS_BY_NAME,
        ContextPart::Variables => OBJECTS_BY_NAME,
        ContextPart::Root
        | ContextPart::Request
        | ContextPart::Response
        | ContextPart::Body(_)
        | ContextPart::Url(_)
        | ContextPart::Api
        | ContextPart::KeyNames
        | ContextPart::Operation
        | ContextPart::Product
        | ContextPart::Subscription
        | ContextPart::User
        | ContextPart::Deployment
        | ContextPart::Gateway
        | ContextPart::LastError => part.type_name(),
    }
}

fn part_json(part: &ContextPart, scene: &Scene) -> String {
    let context = &scene.context;
    match part {
        ContextPart::Headers(MessageRef::Request) => headers(&context.request.headers),
        ContextPart::Headers(MessageRef::Response) => {
            context.response.as_ref().map_or_else(|| "null".to_owned(), |response| headers(&response.headers))
        }
        ContextPart::Headers(MessageRef::Stored(response)) => headers(&response.headers),
        ContextPart::Query(url) => url_of(*url, context).map_or_else(|| "null".to_owned(), query),
        ContextPart::Url(url) => url_of(*url, context).map_or_else(|| "null".to_owned(), url_json),
        ContextPart::MatchedParameters => {
            object(context.request.matched_parameters.iter().map(|(name, value)| (name.as_str(), quoted(value))))
        }
        ContextPart::Variables => {
            object(context.variables.iter().map(|(name, value)| (&**name, json(value, scene, 1))))
        }
        ContextPart::Root => properties(part, "context", scene),
        ContextPart::Request => properties(part, "context.Request", scene),
        ContextPart::Response => properties(part, "context.Response", scene),
        ContextPart::Body(_) => "{}".to_owned(),
        ContextPart::Api => properties(part, "context.Api", scene),
        ContextPart::KeyNames => properties(part, "context.Api.SubscriptionKeyParameterNames", scene),
        ContextPart::Operation => properties(part, "context.Operation", scene),
        ContextPart::Product => properties(part, "context.Product", scene),
        ContextPart::Subscription => properties(part, "context.Subscription", scene),
        ContextPart::User => properties(part, "context.User", scene),
        ContextPart::Deployment => properties(part, "context.Deployment", scene),
        ContextPart::Gateway => properties(part, "context.Deployment.Gateway", scene),
        ContextPart::LastError => properties(part, "context.LastError", scene),
    }
}

// An object of `context` shows its properties, which are those of the members' table, read as an expression reads them.
fn properties(part: &ContextPart, path: &str, scene: &Scene) -> String {
    let file = Arc::from("property");
    let owned = super::members().into_iter().filter(|(owner, _)| owner == part.type_name());
    let names = owned.filter_map(|(_, signature)| property_name(signature));
    object(names.map(|name| {
        let source = format!("@({path}.{name})");
        let (text, place) = alone(&file, &source);
        let json = match answer(text, Expected::Any, place, scene, &mut Consumed::default()) {
            Answer::Value { encoded, .. } => encoded.json,
            Answer::Exception { .. } | Answer::LimitExceeded(_) | Answer::NeedsBody(_) | Answer::Refused(_) => {
                "null".to_owned()
            }
        };
        (name, json)
    }))
}

// `string Name`; methods have parentheses, indexers brackets.
fn property_name(signature: &'static str) -> Option<&'static str> {
    let name = signature.rsplit(' ').next()?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_name && !signature.contains('(')).then_some(name)
}

fn url_of(url: UrlRef, context: &Context) -> Option<&Url> {
    match url {
        UrlRef::Current => Some(&context.request.url),
        UrlRef::Original => Some(&context.request.original_url),
        UrlRef::Service => context.api.as_deref()?.service_url.as_ref(),
    }
}

fn url_json(url: &Url) -> String {
    let members = [
        ("Host", quoted(&url.host)),
        ("Path", quoted(&url.path)),
        ("Port", url.port.to_string()),
        ("Query", query(url)),
        ("QueryString", quoted(&url.query.as_ref().map_or_else(String::new, |query| format!("?{query}")))),
        ("Scheme", quoted(url.scheme.as_str())),
    ];
    object(members.into_iter())
}

fn headers(headers: &HeaderMap) -> String {
    object(headers.keys().map(|name| {
        let values = headers.get_all(name).iter().map(|value| quoted(&latin1(value)));
        (name.as_str(), list(values))
    }))
}

fn query(url: &Url) -> String {
    let mut lists: indexmap::IndexMap<String, (String, Vec<String>)> = indexmap::IndexMap::new();
    for pair in Query::new(url.query.as_deref()).pairs() {
        let name = decode_form(pair.name).into_owned();
        let list = lists.entry(name.to_ascii_lowercase()).or_insert_with(|| (name, Vec::new()));
        list.1.push(quoted(&pair.decoded_value()));
    }
    object(lists.values().map(|(name, values)| (name.as_str(), list(values.iter().cloned()))))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn object<'n>(members: impl Iterator<Item = (&'n str, String)>) -> String {
    let mut text = String::from("{");
    for (index, (name, value)) in members.enumerate() {
        let comma = if index > 0 { "," } else { "" };
        // Writing to a String cannot fail.
        let _ = write!(text, "{comma}{}:{value}", quoted(name));
    }
    text.push('}');
    text
}

/// A source that stands alone in `file`, with what is around it: the place of its first character.
#[must_use]
pub fn alone<'a>(file: &'a Arc<str>, document: &'a str) -> (&'a str, Place<'a>) {
    let source = document.trim();
    let start = document.len() - document.trim_start().len();
    (source, Place { file, document, span: crate::span::Span::new(start, start + source.len()) })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Answer, alone, answer};
    use crate::expr::scene::{Scene, Unfixed};
    use crate::expr::{Consumed, Expected};
    use crate::rng::Seed;
    use crate::time::WallTime;

    fn answered(document: &str) -> Answer {
        let json = serde_json::json!({
            "request": {"url": "https://h/p?a=1&A=%20", "headers": {"x-a": ["1", "2"]}, "body": "{\"a\":[1.0,null]}"},
            "timestamp": "2024-03-05T09:07:08Z",
            "operation": {"id": "o"},
            "variables": {"r": {"type": "IResponse", "value": {"statusCode": 404}}},
        });
        let unfixed = Unfixed { wall: WallTime::from_unix_seconds(0), seed: Seed(1) };
        let scene = Scene::of(&json, unfixed).unwrap();
        let file = Arc::from("e");
        let (source, place) = alone(&file, document);
        answer(source, Expected::Any, place, &scene, &mut Consumed::default())
    }

    #[test]
    fn every_kind_of_value_has_a_form() {
        let cases = [
            ("@(1)", r#""type":"System.Int32","value":1"#),
            ("@(null)", r#""type":null,"value":null"#),
            ("@(1.0)", r#""type":"System.Double","value":"1""#),
            ("@('\\n')", r#""type":"System.Char","value":"\n""#),
            ("@(\"a,b\".Split(','))", r#""type":"System.String[]","value":["a","b"]"#),
            ("@(context.Timestamp)", r#""type":"System.DateTime","value":"2024-03-05T09:07:08.0000000Z""#),
            ("@(context.Elapsed)", r#""type":"System.TimeSpan","value":"00:00:00""#),
            (
                "@(context.Request.Body.As<JObject>())",
                r#""type":"Newtonsoft.Json.Linq.JObject","value":{"a":[1.0,null]}"#,
            ),
            ("@(new JProperty(\"a\", 1))", r#""type":"Newtonsoft.Json.Linq.JProperty","value":"\"a\":1""#),
            (
                "@(context.Request.Headers)",
                r#""type":"System.Collections.Generic.Dictionary`2[System.String,System.String[]]","value":{"x-a":["1","2"]}"#,
            ),
            (
                "@(context.Request.Url)",
                r#""type":"IUrl","value":{"Host":"h","Path":"/p","Port":443,"Query":{"a":["1"," "]},"QueryString":"?a=1&A=%20","Scheme":"https"}"#,
            ),
            ("@(context.User)", r#""type":null,"value":null"#),
            (
                "@(context.Operation)",
                r#""type":"IOperation","value":{"Id":"o","Method":"","Name":"","UrlTemplate":""}"#,
            ),
            (
                "@(context.Variables[\"r\"])",
                r#""type":"IResponse","value":{"Body":{},"Headers":{},"StatusCode":404,"StatusReason":null}"#,
            ),
            (
                "@(Encoding.UTF8)",
                r#""type":"System.Text.UTF8Encoding","value":"System.Text.UTF8Encoding+UTF8EncodingSealed""#,
            ),
            (
                "@(int.Parse(\"x\"))",
                r#""error":{"type":"System.FormatException","message":"The input string 'x' was not in a correct format."}"#,
            ),
        ];
        for (source, members) in cases {
            assert_eq!(answered(source).members(), members, "{source}");
        }
    }

    #[test]
    fn places_count_what_stands_before_the_expression() {
        let Answer::Refused(found) = answered("\n\n  @(nope)\n") else { panic!("it compiles") };
        assert_eq!(found[0].position, Some(crate::span::Position { line: 3, column: 5 }));
    }
}
