//! Values on their way into and out of an execution: variables, arguments and results made what their types say (GraphQL, October 2021,
//! §3.5, §3.9 to §3.11, §6.1.2 and §6.4.1).

use graphql_parser::query::{Text, Value};
use serde_json::{Map, Value as Json};

use crate::policy::graphql::schema::{Argument, Kind, Schema, Shape};
use crate::policy::graphql::value::shape;

/// The variables of a request, made what their types say.
pub(super) type Values = Map<String, Json>;

/// A literal as JSON, for what nobody asks its type of.
pub(super) fn plain<'a, T: Text<'a>>(value: &Value<'a, T>) -> Json {
    match value {
        Value::Variable(_) | Value::Null => Json::Null,
        Value::Int(number) => number.as_i64().map_or(Json::Null, Json::from),
        Value::Float(number) => Json::from(*number),
        Value::String(text) => Json::from(text.as_str()),
        Value::Boolean(value) => Json::from(*value),
        Value::Enum(name) => Json::from(name.as_ref()),
        Value::List(items) => items.iter().map(plain).collect(),
        Value::Object(members) => {
            Json::Object(members.iter().map(|(name, value)| (name.as_ref().to_owned(), plain(value))).collect())
        }
    }
}

/// The variables that an operation defines, from what a client sends for them.
///
/// # Errors
/// What does not fit, in words.
pub(super) fn variables<'a>(
    schema: &Schema,
    defined: &[graphql_parser::query::VariableDefinition<'a, &'a str>],
    sent: &Map<String, Json>,
) -> Result<Values, Vec<String>> {
    let (mut values, mut wrongs) = (Values::new(), Vec::new());
    for variable in defined {
        let of = shape(&variable.var_type);
        match (sent.get(variable.name), &variable.default_value) {
            (Some(value), _) => match input(schema, &of, value) {
                Ok(value) => drop(values.insert(variable.name.to_owned(), value)),
                Err(why) => {
                    wrongs.push(format!("Variable \"${}\" got an invalid value: {why}", variable.name));
                }
            },
            (None, Some(default)) => {
                let made = literal(schema, &of, default, &Values::new());
                values.extend(made.ok().flatten().map(|value| (variable.name.to_owned(), value)));
            }
            (None, None) if matches!(of, Shape::Required(_)) => {
                wrongs.push(format!("Variable \"${}\" of required type \"{of}\" was not provided.", variable.name));
            }
            (None, None) => {}
        }
    }
    if wrongs.is_empty() { Ok(values) } else { Err(wrongs) }
}

/// The arguments of a field, defaults included.
///
/// # Errors
/// One that must be there is not, since a variable has no value.
pub(super) fn arguments<'a>(
    schema: &Schema,
    declared: &indexmap::IndexMap<String, Argument>,
    given: &[(&'a str, Value<'a, &'a str>)],
    variables: &Values,
) -> Result<Map<String, Json>, String> {
    let find = |name: &str| given.iter().find(|(of, _)| *of == name).map(|(_, value)| value);
    members(schema, declared, &find, variables)
        .map_err(|(name, of)| format!("Argument \"{name}\" of required type \"{of}\" was not provided."))
}

// INVARIANT: the parser bounds how deep literals stand in each other, serde_json how deep variables do.
fn members<'v, 'a: 'v>(
    schema: &Schema,
    declared: &indexmap::IndexMap<String, Argument>,
    find: &dyn Fn(&str) -> Option<&'v Value<'a, &'a str>>,
    variables: &Values,
) -> Result<Map<String, Json>, (String, Shape)> {
    let mut made = Map::new();
    for (name, argument) in declared {
        let missing = || (name.clone(), argument.of.clone());
        let value = match find(name) {
            Some(value) => literal(schema, &argument.of, value, variables).map_err(|()| missing())?,
            None => None,
        };
        match (value, &argument.default) {
            (Some(value), _) => drop(made.insert(name.clone(), value)),
            (None, Some((default, _))) => {
                let value = input(schema, &argument.of, default).unwrap_or_else(|_| default.clone());
                made.insert(name.clone(), value);
            }
            (None, None) if matches!(argument.of, Shape::Required(_)) => return Err(missing()),
            (None, None) => {}
        }
    }
    Ok(made)
}

// A literal that has been checked; none when it is a variable without a value.
fn literal<'a>(
    schema: &Schema,
    of: &Shape,
    value: &Value<'a, &'a str>,
    variables: &Values,
) -> Result<Option<Json>, ()> {
    match (of, value) {
        (of, Value::Variable(name)) => match (of, variables.get(*name)) {
            (Shape::Required(_), Some(Json::Null)) => Err(()),
            // One value stands for a list of it.
            (of, Some(value)) => Ok(Some(input(schema, of, value).unwrap_or_else(|_| value.clone()))),
            (_, None) => Ok(None),
        },
        (Shape::Required(inner), value) => literal(schema, inner, value, variables),
        (_, Value::Null) => Ok(Some(Json::Null)),
        (Shape::List(inner), Value::List(items)) => {
            let made: Result<Vec<Json>, ()> = items
                .iter()
                .map(|item| match (literal(schema, inner, item, variables)?, &**inner) {
                    (Some(value), _) => Ok(value),
                    (None, Shape::Required(_)) => Err(()),
                    (None, Shape::Named(_) | Shape::List(_)) => Ok(Json::Null),
                })
                .collect();
            Ok(Some(Json::Array(made?)))
        }
        (Shape::List(inner), value) => Ok(literal(schema, inner, value, variables)?.map(|one| Json::Array(vec![one]))),
        (Shape::Named(name), value) => match (schema.kind(name), value) {
            (Some(Kind::Input(fields)), Value::Object(given)) => {
                let find = |name: &str| given.get(name);
                members(schema, fields, &find, variables).map(|made| Some(Json::Object(made))).map_err(drop)
            }
            (Some(Kind::Scalar), Value::Int(number)) if name == "ID" => {
                Ok(number.as_i64().map(|number| Json::from(number.to_string())))
            }
            (_, value) => Ok(Some(with_variables(value, variables))),
        },
    }
}

// A literal of a scalar of one's own: variables may stand anywhere in it.
fn with_variables<'a>(value: &Value<'a, &'a str>, variables: &Values) -> Json {
    match value {
        Value::Variable(name) => variables.get(*name).cloned().unwrap_or(Json::Null),
        Value::List(items) => items.iter().map(|item| with_variables(item, variables)).collect(),
        Value::Object(members) => {
            let member =
                |(name, value): (&&str, &Value<'a, &'a str>)| ((*name).to_owned(), with_variables(value, variables));
            Json::Object(members.iter().map(member).collect())
        }
        Value::Int(_) | Value::Float(_) | Value::String(_) | Value::Boolean(_) | Value::Null | Value::Enum(_) => {
            plain(value)
        }
    }
}

/// What a client sends, made what a type says.
///
/// # Errors
/// It does not fit, in words.
pub(super) fn input(schema: &Schema, of: &Shape, value: &Json) -> Result<Json, String> {
    match (of, value) {
        (Shape::Required(_), Json::Null) => Err(format!("Expected non-nullable type \"{of}\" not to be null.")),
        (Shape::Required(inner), value) => input(schema, inner, value),
        (_, Json::Null) => Ok(Json::Null),
        (Shape::List(inner), Json::Array(items)) => items.iter().map(|item| input(schema, inner, item)).collect(),
        (Shape::List(inner), value) => Ok(Json::Array(vec![input(schema, inner, value)?])),
        (Shape::Named(name), value) => named(schema, name, value),
    }
}

fn named(schema: &Schema, name: &str, value: &Json) -> Result<Json, String> {
    match (schema.kind(name), value) {
        (Some(Kind::Enum(values)), Json::String(text)) => match values.contains_key(text) {
            true => Ok(value.clone()),
            false => Err(format!("Value \"{}\" does not exist in \"{name}\" enum.", shown(text))),
        },
        (Some(Kind::Enum(_)), _) => Err(format!("Enum \"{name}\" cannot represent {}.", what(value))),
        (Some(Kind::Input(fields)), Json::Object(sent)) => {
            if let Some(unknown) = sent.keys().find(|member| !fields.contains_key(*member)) {
                return Err(format!("Field \"{}\" is not defined by type \"{name}\".", shown(unknown)));
            }
            let mut made = Map::new();
            for (field, argument) in fields {
                match (sent.get(field), &argument.default) {
                    (Some(value), _) => {
                        let inner = input(schema, &argument.of, value).map_err(|why| format!("at \"{field}\": {why}"));
                        made.insert(field.clone(), inner?);
                    }
                    (None, Some((default, _))) => drop(made.insert(field.clone(), default.clone())),
                    (None, None) if matches!(argument.of, Shape::Required(_)) => {
                        let of = &argument.of;
                        return Err(format!("Field \"{name}.{field}\" of required type \"{of}\" was not provided."));
                    }
                    (None, None) => {}
                }
            }
            Ok(Json::Object(made))
        }
        (Some(Kind::Input(_)), _) => Err(format!("Expected type \"{name}\" to be an object.")),
        (Some(Kind::Scalar), value) => scalar(name, value, Way::In),
        (Some(Kind::Fields(_) | Kind::Union) | None, _) => Err(format!("\"{name}\" is no type of values.")),
    }
}

/// Which way a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

/// What a data source gave for a leaf, made what its type says.
///
/// # Errors
/// It does not fit, in words.
pub(super) fn result(schema: &Schema, name: &str, value: &Json) -> Result<Json, String> {
    match (schema.kind(name), value) {
        (Some(Kind::Enum(values)), Json::String(text)) if values.contains_key(text) => Ok(value.clone()),
        (Some(Kind::Enum(_)), _) => Err(format!("Enum \"{name}\" cannot represent {}.", what(value))),
        _ => scalar(name, value, Way::Out),
    }
}

// Results may be made to fit where nothing is lost (§3.5.1 to §3.5.5); what clients send must fit.
fn scalar(name: &str, value: &Json, way: Way) -> Result<Json, String> {
    let wrong = || Err(format!("{name} cannot represent {}.", what(value)));
    match (name, value) {
        ("Int", Json::Number(number)) => match whole(number) {
            Some(whole) if i32::try_from(whole).is_ok() => Ok(Json::from(whole)),
            Some(_) | None => wrong(),
        },
        ("Int", Json::Bool(value)) if way == Way::Out => Ok(Json::from(i32::from(*value))),
        ("Int", Json::String(text)) if way == Way::Out => {
            text.trim().parse::<i32>().map_or_else(|_| wrong(), |number| Ok(Json::from(number)))
        }
        ("Float", Json::Number(_)) | ("String" | "ID", Json::String(_)) | ("Boolean", Json::Bool(_)) => {
            Ok(value.clone())
        }
        ("Float", Json::Bool(value)) if way == Way::Out => Ok(Json::from(i32::from(*value))),
        ("Float", Json::String(text)) if way == Way::Out => match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Json::from(number)),
            Ok(_) | Err(_) => wrong(),
        },
        ("ID", Json::Number(number)) if whole(number).is_some() => Ok(Json::from(number.to_string())),
        ("String", Json::Number(number)) if way == Way::Out => Ok(Json::from(number.to_string())),
        ("String", Json::Bool(value)) if way == Way::Out => Ok(Json::from(value.to_string())),
        ("Boolean", Json::Number(number)) if way == Way::Out => Ok(Json::from(number.as_f64() != Some(0.0))),
        ("Int" | "Float" | "String" | "Boolean" | "ID", _) => wrong(),
        // What a scalar of one's own is, its data source knows.
        _ => Ok(value.clone()),
    }
}

fn whole(number: &serde_json::Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let float = number.as_f64()?;
        // Beyond this not every whole number is a double.
        let is_exact = float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0;
        if is_exact { format!("{float:.0}").parse().ok() } else { None }
    })
}

fn shown(text: &str) -> String {
    crate::policy::schema::shortened(text)
}

fn what(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "this number",
        Json::String(_) => "this string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn results_are_made_to_fit_where_nothing_is_lost() {
        let schema = Schema::parse("type Query { a: Int } enum E { A } scalar Date").unwrap();
        for (name, value, expected) in [
            ("Int", json!(1.0), Some(json!(1))),
            ("Int", json!("7"), Some(json!(7))),
            ("Int", json!(2_147_483_648_i64), None),
            ("Int", json!(1.5), None),
            ("Int", json!(true), Some(json!(1))),
            ("Float", json!(1), Some(json!(1))),
            ("Float", json!("1.5"), Some(json!(1.5))),
            ("Float", json!("inf"), None),
            ("String", json!(1), Some(json!("1"))),
            ("String", json!(false), Some(json!("false"))),
            ("String", json!([]), None),
            ("Boolean", json!(0), Some(json!(false))),
            ("Boolean", json!("true"), None),
            ("ID", json!(17), Some(json!("17"))),
            ("ID", json!(1.5), None),
            ("E", json!("A"), Some(json!("A"))),
            ("E", json!("B"), None),
            ("Date", json!({ "any": [1] }), Some(json!({ "any": [1] }))),
        ] {
            assert_eq!(result(&schema, name, &value).ok(), expected, "{name} {value}");
        }
    }

    #[test]
    fn what_clients_send_must_fit() {
        let schema =
            Schema::parse("type Query { a: Int } input In { a: Int! b: [E!] c: Int = 3 } enum E { A B }").unwrap();
        let (input_of, list) = (Shape::Named("In".to_owned()), Shape::List(Box::new(Shape::Named("Int".to_owned()))));
        let required = Shape::Required(Box::new(Shape::Named("Int".to_owned())));
        for (of, value, expected) in [
            (&input_of, json!({ "a": 1 }), Ok(json!({ "a": 1, "c": 3 }))),
            (&input_of, json!({ "a": 1, "b": "A", "c": null }), Ok(json!({ "a": 1, "b": ["A"], "c": null }))),
            (&input_of, json!({ "a": 1, "z": 1 }), Err("Field \"z\" is not defined by type \"In\".")),
            (&input_of, json!({}), Err("Field \"In.a\" of required type \"Int!\" was not provided.")),
            (&input_of, json!({ "a": "1" }), Err("at \"a\": Int cannot represent this string.")),
            (&input_of, json!({ "a": 1, "b": ["C"] }), Err("at \"b\": Value \"C\" does not exist in \"E\" enum.")),
            (&input_of, json!(1), Err("Expected type \"In\" to be an object.")),
            (&list, json!(1), Ok(json!([1]))),
            (&list, json!([1, null]), Ok(json!([1, null]))),
            (&required, json!(null), Err("Expected non-nullable type \"Int!\" not to be null.")),
        ] {
            assert_eq!(input(&schema, of, &value), expected.map_err(str::to_owned), "{of} {value}");
        }
    }
}
