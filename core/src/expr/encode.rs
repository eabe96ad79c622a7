//! What came of an expression, and its JSON form, which other programs that evaluate expressions can be compared with. Decides nothing.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use serde::de::IgnoredAny;

use super::bcl::{TABLE, behind_pairs, exception_message, is_dictionary, xml_text};
use super::eval::{Machine, run_then};
use super::exception::Outcome;
use super::generic::{item_type, unify};
use super::instance::{self, Pair, Record};
use super::limits::Limit;
use super::parse::signature::Form;
use super::scene::Scene;
use super::ty::{Class, Named, RecordKind, Ty};
use super::{Expected, Interrupt, Message, Noted, Place, compile};
use crate::diagnostic::Diagnostic;
use crate::value::json::JFormatting;
use crate::value::time_format;
use crate::value::{ContextPart, Value};

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
    LimitExceeded(Limit),
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

/// Compiles and evaluates `source` once; notes what that did besides.
pub fn answer(source: &str, expected: Expected, place: Place<'_>, scene: &Scene, noted: &mut Noted) -> Answer {
    let expression = match compile(source, expected, place) {
        Ok(expression) => expression,
        Err(diagnostics) => return Answer::Refused(diagnostics),
    };
    let shown = run_then(&expression.0, scene.eval(&mut scene.rng()), noted, |machine, value| encoded(value, machine));
    match shown {
        Ok((value, encoded)) => Answer::Value { value, encoded },
        Err(Interrupt::Exception(thrown)) => {
            Answer::Exception { exception: thrown.type_name.to_owned(), message: thrown.message }
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
            Self::LimitExceeded(limit) => error("limit", &limit.to_string()),
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

const ORDERED: &str = "System.Linq.IOrderedEnumerable`";
const SEQUENCE: &str = "System.Collections.Generic.IEnumerable`";

/// A value that an evaluation ended with, shown while what it is made of can still be enumerated.
pub(super) fn encoded(value: &Value, machine: &mut Machine<'_>) -> Outcome<Encoded> {
    let type_name = match value {
        Value::Null => None,
        Value::Context(part) => Some(part_type(part).to_owned()),
        // All lazy sequences show as what they are used as.
        _ => Some(public_name(&value.type_name()).replacen(ORDERED, SEQUENCE, 1)),
    };
    Ok(Encoded { type_name, json: json(value, machine, 0)? })
}

// .NET has types that nobody can name; those that they derive from are meant.
fn public_name(name: &str) -> &str {
    match name {
        "System.OrdinalCaseSensitiveComparer" | "System.OrdinalIgnoreCaseComparer" => "System.OrdinalComparer",
        name if name.starts_with("System.SZGenericArrayEnumerator`") => "System.SZGenericArrayEnumeratorBase",
        name if name.starts_with("System.GenericEmptyEnumerator`") => "System.GenericEmptyEnumeratorBase",
        "System.Text.Latin1Encoding" | "System.Text.Latin1Encoding+Latin1EncodingSealed" => "System.Text.Encoding",
        name if name.ends_with("Sealed") => name.split('+').next().unwrap_or(name),
        name => name,
    }
}

fn json(value: &Value, machine: &mut Machine<'_>, depth: usize) -> Outcome<String> {
    // Collections can hold themselves.
    if depth > DEPTH_MAX {
        return Ok(quoted("..."));
    }
    machine.step()?;
    if let Some(whole) = behind_pairs(value) {
        return json(&whole, machine, depth + 1);
    }
    Ok(match value {
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
        | Value::Enum(_)
        | Value::Library(_)
        | Value::Service(_) => quoted(&value.to_string()),
        Value::String(text) => quoted(text),
        Value::Strings(items) => list(items.iter().map(|item| quoted(item))),
        Value::Chars(units) => list(units.iter().map(|unit| quoted(&Value::Char(*unit).to_string()))),
        Value::Bytes(bytes) => base64(bytes),
        Value::DateTime(moment) => quoted(&moment.format("o").unwrap_or_default()),
        Value::Json(token) => {
            let text = token.to_json(JFormatting::None);
            // A property alone, `undefined` and `NaN` are no JSON: they go as text.
            let is_json = serde_json::from_str::<IgnoredAny>(&text).is_ok();
            if is_json { text } else { quoted(&text) }
        }
        Value::DateTimeOffset(moment) => {
            let offset = Some(moment.offset_minutes());
            quoted(&time_format::format(moment.clock(), offset, "o").unwrap_or_default())
        }
        Value::Response(_) => properties(value, &Ty::Class(Class::Response), machine, depth)?,
        Value::Context(part) => match Ty::named(part.type_name()) {
            Named::Type(ty) => properties(value, &ty, machine, depth)?,
            Named::Unknown => entries(value, machine, depth)?,
        },
        Value::Object(object) => match instance::type_of(object) {
            Some(ty) => made(value, &ty.clone(), machine, depth)?,
            None => quoted(&value.to_string()),
        },
    })
}

// An object that an expression made.
fn made(value: &Value, ty: &Ty, machine: &mut Machine<'_>, depth: usize) -> Outcome<String> {
    match ty {
        Ty::Record(..) => record(value, ty, machine, depth),
        Ty::Array(item) if **item == Ty::Byte => {
            let byte = |value: &Value| if let Value::Byte(byte) = value { *byte } else { 0 };
            Ok(base64(&machine.collect(value)?.iter().map(byte).collect::<Vec<u8>>()))
        }
        Ty::Class(class) if class.derives_from(Class::Exception) => Ok(quoted(&exception_message(value)?)),
        Ty::Class(class) if class.derives_from(Class::XObject) => Ok(quoted(&xml_text(value)?)),
        _ if shows_properties(ty) => properties(value, ty, machine, depth),
        Ty::Class(Class::ListDictionaryInternal) => entries(value, machine, depth),
        _ if is_dictionary(ty) => entries(value, machine, depth),
        _ if item_type(ty).is_some() => {
            let items = machine.collect(value)?;
            let shown = items.iter().map(|item| json(item, machine, depth + 1)).collect::<Outcome<Vec<String>>>()?;
            Ok(list(shown.into_iter()))
        }
        _ => Ok(quoted(&value.to_string())),
    }
}

// The types of the gateway itself, and the values of .NET that are nothing but their properties.
fn shows_properties(ty: &Ty) -> bool {
    ty.class().is_some_and(|class| class.namespace().is_empty() || matches!(class.name(), "KeyValuePair" | "Tuple"))
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
        | ContextPart::GraphQl
        | ContextPart::Operation
        | ContextPart::Product
        | ContextPart::Subscription
        | ContextPart::User
        | ContextPart::Backend
        | ContextPart::Workspace
        | ContextPart::Deployment
        | ContextPart::Gateway
        | ContextPart::Certificates
        | ContextPart::LastError => part.type_name(),
    }
}

// What the members' table has as properties of the type, read as an expression reads them.
fn properties(value: &Value, ty: &Ty, machine: &mut Machine<'_>, depth: usize) -> Outcome<String> {
    let mut shown = Vec::new();
    for member in TABLE.members().filter(|member| member.form == Form::Property && !member.is_static) {
        let mut bindings = vec![None; member.type_parameters];
        if !unify(&member.owner, ty, &mut bindings) {
            continue;
        }
        let types: Vec<Ty> = bindings.into_iter().map(|ty| ty.unwrap_or(Ty::Object)).collect();
        let found = machine.property(member.run, value, &types)?;
        shown.push((Arc::clone(&member.name), json(&found, machine, depth + 1)?));
    }
    Ok(object(shown.iter().map(|(name, json)| (&**name, json.as_str()))))
}

// The members of an anonymous object or a tuple.
fn record(value: &Value, ty: &Ty, machine: &mut Machine<'_>, depth: usize) -> Outcome<String> {
    let Ty::Record(kind, members) = ty else { return Ok(quoted(&value.to_string())) };
    let values = instance::state(value, |record: &mut Record| record.0.clone())?;
    let mut shown = Vec::new();
    for (at, ((name, _), value)) in members.iter().zip(&values).enumerate() {
        let name = match kind {
            RecordKind::Anonymous => name.to_string(),
            RecordKind::Tuple => format!("Item{}", at + 1),
        };
        shown.push((name, json(value, machine, depth + 1)?));
    }
    Ok(object(shown.iter().map(|(name, json)| (name.as_str(), json.as_str()))))
}

// A dictionary: an object when its keys are texts, else its pairs.
fn entries(value: &Value, machine: &mut Machine<'_>, depth: usize) -> Outcome<String> {
    let mut pairs = Vec::new();
    for item in machine.collect(value)? {
        let (key, value) = instance::state(&item, |pair: &mut Pair| (pair.key.clone(), pair.value.clone()))?;
        let shown = json(&value, machine, depth + 1)?;
        pairs.push((key, shown));
    }
    let texts: Option<Vec<(&str, &str)>> =
        pairs.iter().map(|(key, shown)| key.as_str().map(|key| (key, shown.as_str()))).collect();
    if let Some(texts) = texts {
        return Ok(object(texts.into_iter()));
    }
    let mut shown = Vec::new();
    for (key, value) in &pairs {
        let key = json(key, machine, depth + 1)?;
        shown.push(object([("Key", key.as_str()), ("Value", value.as_str())].into_iter()));
    }
    Ok(list(shown.into_iter()))
}

fn base64(bytes: &[u8]) -> String {
    quoted(&base64::engine::general_purpose::STANDARD.encode(bytes))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn object<'n>(members: impl Iterator<Item = (&'n str, &'n str)>) -> String {
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
    use crate::expr::{Expected, Noted};
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
        answer(source, Expected::Any, place, &scene, &mut Noted::default())
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
            ("@(new { a = 1, B = new { c = 'x' } })", r#""type":"<anonymous>","value":{"a":1,"B":{"c":"x"}}"#),
            (
                "@(new Dictionary<int, string> { [1] = \"a\" })",
                r#""type":"System.Collections.Generic.Dictionary`2[System.Int32,System.String]","value":[{"Key":1,"Value":"a"}]"#,
            ),
            (
                "@(new[] { 1, 2 }.Select(n => n * 2))",
                r#""type":"System.Collections.Generic.IEnumerable`1[System.Int32]","value":[2,4]"#,
            ),
            (
                "@(new[] { \"x\" }.Select(s => int.Parse(s)))",
                r#""error":{"type":"System.FormatException","message":"The input string 'x' was not in a correct format."}"#,
            ),
            ("@(new Exception(\"why\"))", r#""type":"System.Exception","value":"why""#),
            (
                "@(\"dTpwOnE=\".AsBasic())",
                r#""type":"BasicAuthCredentials","value":{"Password":"p:q","UserId":"u","Username":"u"}"#,
            ),
            (
                "@(context.Operation)",
                r#""type":"IOperation","value":{"Id":"o","Method":"","Name":"","UrlTemplate":""}"#,
            ),
            (
                "@(context.Variables[\"r\"])",
                r#""type":"IResponse","value":{"Body":null,"Headers":{},"StatusCode":404,"StatusReason":"Not Found"}"#,
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
