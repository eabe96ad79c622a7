//! `context.Variables` of a context document: plain JSON, or `{"type", "value"}` for a value of a certain .NET type.

use std::sync::Arc;

use base64::Engine as _;
use serde_json::Value as Json;

use super::reader::{SceneError, Section};
use super::{moment_of, response, span_of, uuid_of};
use crate::context::Context;
use crate::expr::authorization_object;
use crate::expr::{Eval, Expected, Place, compile};
use crate::rng::Seed;
use crate::span::Span;
use crate::time::Now;
use crate::value::json::JKind;
use crate::value::{JToken, Value};

// What an expression itself can make of the text `context.Variables["text"]`: these types follow the library as it grows.
const MADE: [(&str, &str); 12] = [
    ("System.SByte", "sbyte.Parse(text)"),
    ("System.Byte", "byte.Parse(text)"),
    ("System.Int16", "short.Parse(text)"),
    ("System.UInt16", "ushort.Parse(text)"),
    ("System.UInt32", "uint.Parse(text)"),
    ("System.UInt64", "ulong.Parse(text)"),
    ("System.Single", "float.Parse(text)"),
    ("System.Decimal", "decimal.Parse(text)"),
    ("System.DateTimeOffset", "DateTimeOffset.Parse(text)"),
    ("System.Uri", "new Uri(text)"),
    ("System.Xml.Linq.XElement", "XElement.Parse(text)"),
    ("System.Xml.Linq.XDocument", "XDocument.Parse(text)"),
];
const JWT: &str = "text.AsJwt()";
const LIST: &str = "((string[])context.Variables[\"items\"]).ToList()";
const DICTIONARY_TYPE: &str = "System.Collections.Generic.Dictionary`2[System.String,System.Object]";

/// Reads the variables into `context`. One whose type the library does not have yet is left out with a warning.
pub(super) fn read(section: &Section<'_>, context: &mut Context, warnings: &mut Vec<String>) -> Result<(), SceneError> {
    for name in section.names() {
        match value(section, name, context)? {
            Some(value) => {
                context.variables.insert(Arc::from(name), value);
            }
            None => {
                let path = section.path_of(name);
                warnings.push(format!("`{path}` is left out: a variable of its type is not supported yet"));
            }
        }
    }
    Ok(())
}

fn value(section: &Section<'_>, name: &str, context: &Context) -> Result<Option<Value>, SceneError> {
    Ok(Some(match section.get(name) {
        None => Value::Null,
        Some(Json::Null) => Value::Null,
        Some(Json::Bool(flag)) => Value::Bool(*flag),
        Some(Json::String(text)) => Value::string(text.as_str()),
        Some(Json::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => i32::try_from(whole).map_or(Value::Int64(whole), Value::Int32),
            (None, Some(double)) => Value::Double(double),
            (None, None) => return Err(section.wrong(name, "is no number that .NET has")),
        },
        Some(Json::Array(_)) => return Err(section.wrong(name, "must be `{\"type\", \"value\"}`")),
        Some(json) => return typed(&Section::of(json, section.path_of(name))?, context),
    }))
}

fn typed(section: &Section<'_>, context: &Context) -> Result<Option<Value>, SceneError> {
    section.knows(&["type", "value"])?;
    let Some(type_name) = section.text("type")? else {
        return match section.get("value") {
            None => Ok(Some(Value::Null)),
            Some(_) => Err(section.wrong("type", "is missing")),
        };
    };
    let int = |low: i64, high: i64| section.whole("value", low, high).map(Option::unwrap_or_default);
    let value = match type_name {
        "System.String" => section.text("value")?.map_or(Value::Null, Value::string),
        "System.Boolean" => Value::Bool(section.flag("value")?.unwrap_or_default()),
        "System.Int32" => {
            let number = int(i64::from(i32::MIN), i64::from(i32::MAX))?;
            Value::Int32(i32::try_from(number).unwrap_or_default())
        }
        "System.Int64" => Value::Int64(int(i64::MIN, i64::MAX)?),
        "System.Double" => Value::Double(double(section)?),
        "System.Char" => Value::Char(required(section, "one UTF-16 unit", |text| text.encode_utf16().next())?),
        "System.Guid" => Value::Guid(required(section, "a GUID", uuid_of)?),
        "System.DateTime" => Value::DateTime(required(section, "a moment as in `2024-03-05T09:07:08Z`", moment_of)?),
        "System.TimeSpan" => Value::TimeSpan(required(section, "a time span as in `00:00:01.5`", span_of)?),
        "System.Byte[]" => {
            let engine = base64::engine::general_purpose::STANDARD;
            Value::Bytes(required(section, "Base64", |text| engine.decode(text).ok())?.into())
        }
        "System.String[]" => Value::Strings(section.texts("value")?.into_iter().map(Arc::from).collect()),
        "Newtonsoft.Json.Linq.JObject"
        | "Newtonsoft.Json.Linq.JArray"
        | "Newtonsoft.Json.Linq.JValue"
        | "Newtonsoft.Json.Linq.JToken" => Value::Json(section.get("value").map_or_else(JToken::null, token)),
        "IResponse" => match section.section("value")? {
            Some(inner) => Value::Response(Arc::new(response(&inner)?)),
            None => Value::Null,
        },
        "Authorization" => match section.section("value")? {
            Some(inner) => authorization(&inner)?,
            None => Value::Null,
        },
        other => return made(section, other, context),
    };
    Ok(Some(value))
}

fn authorization(section: &Section<'_>) -> Result<Value, SceneError> {
    section.knows(&["accessToken", "claims"])?;
    let token = Arc::from(section.text("accessToken")?.unwrap_or(""));
    match section.get("claims") {
        None => Ok(authorization_object(&token, &serde_json::Map::new())),
        Some(Json::Object(claims)) => Ok(authorization_object(&token, claims)),
        Some(_) => Err(section.wrong("claims", "must be an object")),
    }
}

fn required<T>(section: &Section<'_>, wanted: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, SceneError> {
    section.parsed("value", wanted, parse)?.ok_or_else(|| section.wrong("value", &format!("must be {wanted}")))
}

fn double(section: &Section<'_>) -> Result<f64, SceneError> {
    match section.get("value") {
        Some(Json::Number(number)) => Ok(number.as_f64().unwrap_or_default()),
        _ => required(section, "a number", |text| match text {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            digits => digits.parse().ok().filter(|number: &f64| number.is_finite()),
        }),
    }
}

// Strings stay strings, as with `DateParseHandling.None`.
fn token(json: &Json) -> JToken {
    match json {
        Json::Null => JToken::null(),
        Json::Bool(flag) => JToken::value(JKind::Boolean, Value::Bool(*flag)),
        Json::String(text) => JToken::string(text.as_str()),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => JToken::value(JKind::Integer, Value::Int64(whole)),
            None if number.is_u64() => JToken::value(JKind::Integer, Value::string(number.to_string())),
            None => JToken::value(JKind::Float, Value::Double(number.as_f64().unwrap_or_default())),
        },
        Json::Array(items) => {
            let array = JToken::array();
            for item in items {
                // A new token without a parent always fits an array that is not too tall; one too tall is cut there.
                let _too_tall = array.add(&token(item));
            }
            array
        }
        Json::Object(members) => {
            let object = JToken::object();
            for (name, member) in members {
                let _too_tall = object.set_member(&Arc::from(name.as_str()), &token(member));
            }
            object
        }
    }
}

fn made(section: &Section<'_>, type_name: &str, context: &Context) -> Result<Option<Value>, SceneError> {
    if type_name == DICTIONARY_TYPE {
        let Some(inner) = section.section("value")? else { return Ok(Some(Value::Null)) };
        let mut scratch = context.clone();
        scratch.variables.clear();
        read(&inner, &mut scratch, &mut Vec::new())?;
        let source = "@{ var all = new Dictionary<string, object>(); \
                      foreach (var pair in context.Variables) { all[pair.Key] = pair.Value; } return all; }";
        return Ok(evaluated(source, &scratch));
    }
    let expression = match type_name {
        "Jwt" => JWT,
        "System.Collections.Generic.List`1[System.String]" => LIST,
        other => match MADE.iter().find(|(known, _)| *known == other) {
            Some((_, expression)) => expression,
            None => return Ok(None),
        },
    };
    let mut scratch = context.clone();
    scratch.variables.clear();
    if expression == LIST {
        let items = section.texts("value")?.into_iter().map(Arc::from).collect();
        scratch.variables.insert(Arc::from("items"), Value::Strings(items));
    } else {
        let text = match section.get("value") {
            None => return Ok(Some(Value::Null)),
            Some(Json::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        scratch.variables.insert(Arc::from("text"), Value::string(text));
    }
    let source =
        format!("@{{ var text = context.Variables.GetValueOrDefault<string>(\"text\", \"\"); return {expression}; }}");
    Ok(evaluated(&source, &scratch))
}

fn evaluated(source: &str, context: &Context) -> Option<Value> {
    let file = Arc::from("variable");
    let place = Place { file: &file, document: source, span: Span::default() };
    let expression = compile(source, Expected::Any, place).ok()?;
    expression.eval(Eval { context, now: Now::default(), rng: &mut Seed(0).rng() }).ok()
}
