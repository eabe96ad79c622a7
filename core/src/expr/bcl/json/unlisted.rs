//! What the serializer writes of objects that show it more, or something else, than their properties: `Encoding`, `StringBuilder`,
//! `Regex`, and time zones, which `zone` has. The properties of all others are listed in `properties`.

use std::sync::Arc;

use super::super::{Call, encoding_of, regex};
use super::properties::{self, Members, property};
use crate::expr::exception::{Outcome, throw};
use crate::expr::instance::Record;
use crate::expr::ty::{Class, RecordKind, Ty};
use crate::value::{Library, Service, Value};

/// What is written of the value; `None` for what is none of these.
pub(super) fn of(call: &mut Call<'_, '_>, value: &Value) -> Outcome<Option<Members>> {
    if let Value::Library(Library::StringBuilder(_)) = value {
        return builder(call, value).map(Some);
    }
    if let Value::Library(Library::IpAddress(address)) = value {
        // The first of its properties that the family of the address refuses.
        let name = if address.ip.is_ipv4() { "ScopeId" } else { "Address" };
        let message = format!("Error getting value from '{name}' on 'System.Net.IPAddress'.");
        return Err(throw("Newtonsoft.Json.JsonSerializationException", message));
    }
    if let Some(members) = super::zone::of(call, value)? {
        return Ok(Some(members));
    }
    if let Some((pattern, options)) = regex::parts_of(value) {
        return Ok(Some(vec![named("Pattern", Value::String(pattern)), named("Options", Value::Int32(options))]));
    }
    match encoding_of(value) {
        Some(Service::Random) | None => Ok(None),
        Some(service) => encoding(call, value, service).map(Some),
    }
}

fn named(name: &str, value: Value) -> (Arc<str>, Value) {
    (Arc::from(name), value)
}

// As its own method for serializers has it.
fn builder(call: &mut Call<'_, '_>, value: &Value) -> Outcome<Members> {
    Ok(vec![
        named("m_MaxCapacity", property(call, value, Class::StringBuilder, "MaxCapacity")?),
        named("Capacity", property(call, value, Class::StringBuilder, "Capacity")?),
        named("m_StringValue", Value::string(value.to_string())),
        named("m_currentThread", Value::Int32(0)),
    ])
}

// Those of one byte a character declare that themselves, and so before what they inherit.
fn encoding(call: &mut Call<'_, '_>, value: &Value, service: Service) -> Outcome<Members> {
    const NAMES: [&str; 9] = [
        "BodyName",
        "EncodingName",
        "HeaderName",
        "WebName",
        "WindowsCodePage",
        "IsBrowserDisplay",
        "IsBrowserSave",
        "IsMailNewsDisplay",
        "IsMailNewsSave",
    ];
    let is_single = matches!(service, Service::Ascii | Service::Latin1);
    let names = NAMES.iter().copied();
    let names: Vec<&str> = match is_single {
        true => std::iter::once("IsSingleByte").chain(names).collect(),
        false => names.chain(["IsSingleByte"]).collect(),
    };
    let mut members = properties::named(call, value, Class::Encoding, &names)?;
    let replacement = if is_single { "?" } else { "\u{fffd}" };
    // Latin-1 writes what is next to a letter.
    let for_encoder = (service != Service::Latin1).then_some(replacement);
    members.push(named("EncoderFallback", fallback(call, for_encoder)?));
    members.push(named("DecoderFallback", fallback(call, Some(replacement))?));
    members.extend(properties::named(call, value, Class::Encoding, &["IsReadOnly", "CodePage"])?);
    Ok(members)
}

// What stands for what cannot be written or read.
fn fallback(call: &mut Call<'_, '_>, replacement: Option<&str>) -> Outcome<Value> {
    let text = replacement.map(|text| ("DefaultString", Ty::String, Value::string(text)));
    let parts: Vec<(&str, Ty, Value)> =
        text.into_iter().chain([("MaxCharCount", Ty::Int32, Value::Int32(1))]).collect();
    let types = parts.iter().map(|(name, ty, _)| (Arc::from(*name), ty.clone())).collect();
    let values = parts.into_iter().map(|(_, _, value)| value).collect();
    call.object(Ty::Record(RecordKind::Anonymous, types), Record::new(values)?)
}
