//! Values of arguments against the types that a schema gives them (GraphQL, October 2021, §5.6 and §5.8). What clients send for
//! variables is the backend's matter; that a variable fits where it is used is said here.

use std::collections::BTreeMap;

use graphql_parser::Pos;
use graphql_parser::query::{Type, Value, VariableDefinition};

use crate::policy::graphql::schema::{Argument, Kind, Need, Schema, Shape};

/// The variables of an operation.
pub(super) type Variables<'a> = BTreeMap<&'a str, Variable>;

/// A variable.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    of: Shape,
    /// Whether it has a default that is not null.
    has_default: bool,
    /// Where it is defined.
    pub(super) at: Pos,
}

/// Where a variable is used: the type that is expected there, and whether a default stands in for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'s> {
    of: &'s Shape,
    has_default: bool,
}

/// What is found in values.
#[derive(Debug, Default)]
pub(super) struct Found<'s, 'a> {
    /// What is wrong.
    pub(super) wrongs: Vec<String>,
    /// The variables that are used; without a place where nothing is known of types.
    pub(super) variables: Vec<(&'a str, Option<Place<'s>>)>,
}

/// The variables that an operation defines, and what is wrong with them (§5.8.1, §5.8.2).
pub(super) fn variables<'a>(
    schema: &Schema,
    written: &[VariableDefinition<'a, &'a str>],
) -> (Variables<'a>, Vec<(Pos, String)>) {
    let (mut variables, mut wrongs) = (Variables::new(), Vec::new());
    for VariableDefinition { position: at, name, var_type, default_value } in written {
        let of = shape(var_type);
        match schema.kind(of.named()) {
            None => wrongs.push((*at, format!("Unknown type \"{}\".", of.named()))),
            Some(Kind::Fields(_) | Kind::Union) => {
                wrongs.push((*at, format!("Variable \"${name}\" cannot be non-input type \"{of}\".")));
            }
            Some(Kind::Scalar | Kind::Enum(_) | Kind::Input(_)) => {
                let mut found = Found::default();
                if let Some(value) = default_value {
                    check(schema, &of, value, &mut found);
                }
                wrongs.extend(found.wrongs.into_iter().map(|why| (*at, why)));
            }
        }
        let has_default = default_value.as_ref().is_some_and(|value| *value != Value::Null);
        if variables.insert(name, Variable { of, has_default, at: *at }).is_some() {
            wrongs.push((*at, format!("There can be only one variable named \"${name}\".")));
        }
    }
    (variables, wrongs)
}

/// Checks the value of an argument.
pub(super) fn check_argument<'s, 'a>(
    schema: &'s Schema,
    argument: &'s Argument,
    value: &Value<'a, &'a str>,
    found: &mut Found<'s, 'a>,
) {
    match value {
        Value::Variable(name) => {
            let place = Place { of: &argument.of, has_default: argument.has_default };
            found.variables.push((name, Some(place)));
        }
        value => check(schema, &argument.of, value, found),
    }
}

/// Looks for variables in a value of which nothing is known.
pub(super) fn check_unknown<'a>(value: &Value<'a, &'a str>, found: &mut Found<'_, 'a>) {
    match value {
        Value::Variable(name) => found.variables.push((name, None)),
        Value::List(items) => items.iter().for_each(|item| check_unknown(item, found)),
        Value::Object(members) => members.values().for_each(|member| check_unknown(member, found)),
        Value::Int(_) | Value::Float(_) | Value::String(_) | Value::Boolean(_) | Value::Null | Value::Enum(_) => {}
    }
}

// INVARIANT: the parser bounds how deep values stand in each other.
fn check<'s, 'a>(schema: &'s Schema, of: &'s Shape, value: &Value<'a, &'a str>, found: &mut Found<'s, 'a>) {
    match (of, value) {
        (of, Value::Variable(name)) => found.variables.push((name, Some(Place { of, has_default: false }))),
        (Shape::Required(_), Value::Null) => {
            found.wrongs.push(format!("Expected value of type \"{of}\", found null."));
        }
        (Shape::Required(inner), value) => check(schema, inner, value, found),
        (_, Value::Null) => {}
        (Shape::List(inner), Value::List(items)) => {
            items.iter().for_each(|item| check(schema, inner, item, found));
        }
        // One value stands for a list of it.
        (Shape::List(inner), value) => check(schema, inner, value, found),
        (Shape::Named(name), value) => named(schema, name, value, found),
    }
}

fn named<'s, 'a>(schema: &'s Schema, name: &str, value: &Value<'a, &'a str>, found: &mut Found<'s, 'a>) {
    match (schema.kind(name), value) {
        (Some(Kind::Scalar), value) => {
            if !is_scalar(name, value) {
                found.wrongs.push(format!("{name} cannot represent {}.", what(value)));
            }
            check_unknown(value, found);
        }
        (Some(Kind::Enum(values)), Value::Enum(value)) => {
            if !values.contains_key(*value) {
                found.wrongs.push(format!("Value \"{value}\" does not exist in \"{name}\" enum."));
            }
        }
        (Some(Kind::Input(fields)), Value::Object(members)) => {
            for (member, value) in members {
                if let Some(field) = fields.get(*member) {
                    check_argument(schema, field, value, found);
                } else {
                    found.wrongs.push(format!("Field \"{member}\" is not defined by type \"{name}\"."));
                    check_unknown(value, found);
                }
            }
            let missing = |(field, of): &(&String, &Argument)| {
                of.need() == Need::Required && !members.contains_key(field.as_str())
            };
            for (field, argument) in fields.iter().filter(missing) {
                let of = &argument.of;
                found.wrongs.push(format!("Field \"{name}.{field}\" of required type \"{of}\" was not provided."));
            }
        }
        (Some(Kind::Enum(_) | Kind::Input(_)), value) => {
            found.wrongs.push(format!("Expected value of type \"{name}\", found {}.", what(value)));
            check_unknown(value, found);
        }
        // A schema that names no type for an argument, or one that only results have, says nothing about values.
        (Some(Kind::Fields(_) | Kind::Union) | None, value) => check_unknown(value, found),
    }
}

fn is_scalar<'a>(name: &str, value: &Value<'a, &'a str>) -> bool {
    match (name, value) {
        ("Int", Value::Int(number)) => number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        // Digits may say more than a double can.
        ("Float", Value::Float(number)) => number.is_finite(),
        ("Float", Value::Int(_))
        | ("String", Value::String(_))
        | ("Boolean", Value::Boolean(_))
        | ("ID", Value::String(_) | Value::Int(_)) => true,
        ("Int" | "Float" | "String" | "Boolean" | "ID", _) => false,
        // What a scalar of one's own takes, its backend knows.
        _ => true,
    }
}

const fn what<'a>(value: &Value<'a, &'a str>) -> &'static str {
    match value {
        Value::Variable(_) => "a variable",
        Value::Int(_) => "this integer",
        Value::Float(_) => "a number with a fraction",
        Value::String(_) => "a string",
        Value::Boolean(_) => "a boolean",
        Value::Null => "null",
        Value::Enum(_) => "an enum value",
        Value::List(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// What is wrong with a variable where it is used (§5.8.5).
pub(super) fn misplaced(name: &str, variable: &Variable, place: Place<'_>) -> Option<String> {
    let fits = match place.of {
        Shape::Required(inner) if !matches!(variable.of, Shape::Required(_)) => {
            (variable.has_default || place.has_default) && is_compatible(&variable.of, inner)
        }
        of => is_compatible(&variable.of, of),
    };
    let (of, expected) = (&variable.of, place.of);
    let message = || format!("Variable \"${name}\" of type \"{of}\" used in position expecting type \"{expected}\".");
    (!fits).then(message)
}

fn is_compatible(variable: &Shape, place: &Shape) -> bool {
    match (variable, place) {
        (Shape::Required(variable), Shape::Required(place)) => is_compatible(variable, place),
        (_, Shape::Required(_)) => false,
        (Shape::Required(variable), place) => is_compatible(variable, place),
        (Shape::List(variable), Shape::List(place)) => is_compatible(variable, place),
        (Shape::Named(variable), Shape::Named(place)) => variable == place,
        (Shape::List(_), Shape::Named(_)) | (Shape::Named(_), Shape::List(_)) => false,
    }
}

/// A type as an operation writes it.
pub(super) fn shape<'a>(of: &Type<'a, &'a str>) -> Shape {
    match of {
        Type::NamedType(name) => Shape::Named((*name).to_owned()),
        Type::ListType(inner) => Shape::List(Box::new(shape(inner))),
        Type::NonNullType(inner) => Shape::Required(Box::new(shape(inner))),
    }
}

#[cfg(test)]
mod tests {
    use graphql_parser::query::{Definition, OperationDefinition, Selection, parse_query};

    use super::*;

    const SCHEMA: &str = "type Query { f(
        i: Int, ri: Int!, di: Int! = 1, f: Float, s: String, b: Boolean, id: ID, l: [Int!], ll: [[Int]], e: Color, o: In, d: Date
        ): Int } enum Color { RED } extend enum Color { BLUE } input In { a: Int!, b: In, c: Int! = 2 } extend input In { e: [Color!] }
        scalar Date type Out { x: Int }";

    // What is wrong with the one argument of the one field of this operation.
    fn wrongs(operation: &str) -> Vec<String> {
        let schema = Schema::parse(SCHEMA).unwrap();
        let document = parse_query::<&str>(operation).unwrap();
        let Some(Definition::Operation(OperationDefinition::Query(query))) = document.definitions.first() else {
            panic!("an operation")
        };
        let Some(Selection::Field(field)) = query.selection_set.items.first() else { panic!("a field") };
        let (variables, wrongs) = variables(&schema, &query.variable_definitions);
        let Some(Kind::Fields(fields)) = schema.kind("Query") else { panic!("a type") };
        let mut found = Found::default();
        for (name, value) in &field.arguments {
            check_argument(&schema, &fields["f"].arguments[*name], value, &mut found);
        }
        let places = found.variables.iter().filter_map(|(name, place)| Some((*name, place.as_ref()?)));
        let misplaced = places.filter_map(|(name, place)| misplaced(name, &variables[name], *place));
        wrongs.into_iter().map(|(_, why)| why).chain(found.wrongs).chain(misplaced).collect()
    }

    #[test]
    fn values_that_fit() {
        for argument in [
            "i: 2147483647",
            "i: null",
            "f: 1",
            "f: 1.5",
            "s: \"x\"",
            "b: true",
            "id: 1",
            "id: \"a\"",
            "l: 1",
            "l: [1, 2]",
            "l: []",
            "ll: [[1], null, [null]]",
            "ll: [1]",
            "e: RED",
            "e: BLUE",
            "d: {any: 1}",
            "d: 7",
            "o: {a: 1}",
            "o: {a: 1, b: {a: 2, c: 3, e: [RED]}}",
        ] {
            assert_eq!(wrongs(&format!("query {{ f({argument}) }}")), Vec::<String>::new(), "{argument}");
        }
    }

    #[test]
    fn values_that_do_not() {
        for (argument, expected) in [
            ("i: 2147483648", "Int cannot represent this integer."),
            ("i: \"1\"", "Int cannot represent a string."),
            ("i: [1]", "Int cannot represent a list."),
            ("i: 1.0", "Int cannot represent a number with a fraction."),
            ("f: 1e400", "Float cannot represent a number with a fraction."),
            ("ri: null", "Expected value of type \"Int!\", found null."),
            ("s: 1", "String cannot represent this integer."),
            ("s: RED", "String cannot represent an enum value."),
            ("b: \"true\"", "Boolean cannot represent a string."),
            ("id: 1.5", "ID cannot represent a number with a fraction."),
            ("l: [null]", "Expected value of type \"Int!\", found null."),
            ("e: GREEN", "Value \"GREEN\" does not exist in \"Color\" enum."),
            ("e: \"RED\"", "Expected value of type \"Color\", found a string."),
            ("o: {}", "Field \"In.a\" of required type \"Int!\" was not provided."),
            ("o: {a: 1, z: 1}", "Field \"z\" is not defined by type \"In\"."),
            ("o: {a: 1, b: {a: true}}", "Int cannot represent a boolean."),
            ("o: 5", "Expected value of type \"In\", found this integer."),
        ] {
            assert_eq!(wrongs(&format!("query {{ f({argument}) }}")), [expected], "{argument}");
        }
    }

    #[test]
    fn variables_fit_where_they_are_used() {
        for (of, argument, fits) in [
            ("Int", "i: $x", true),
            ("Int!", "i: $x", true),
            ("Int", "ri: $x", false),
            ("Int = 1", "ri: $x", true),
            ("Int = null", "ri: $x", false),
            ("Int", "di: $x", true),
            ("Float", "i: $x", false),
            ("Int", "f: $x", false),
            ("[Int!]", "l: $x", true),
            ("[Int]", "l: $x", false),
            ("Int!", "l: $x", false),
            ("Int!", "l: [$x]", true),
            ("Int", "o: {a: 1, c: $x}", true),
            ("Int", "o: {a: $x}", false),
            ("In", "o: $x", true),
            ("Color!", "e: $x", true),
        ] {
            let found = wrongs(&format!("query($x: {of}) {{ f({argument}) }}"));
            assert_eq!(found.is_empty(), fits, "{of} {argument}: {found:?}");
        }
    }

    #[test]
    fn variables_are_of_types_that_arguments_have() {
        for (variables, expected) in [
            ("$x: Out", "Variable \"$x\" cannot be non-input type \"Out\"."),
            ("$x: [None]", "Unknown type \"None\"."),
            ("$x: Int = \"1\"", "Int cannot represent a string."),
            ("$x: Int, $x: Int", "There can be only one variable named \"$x\"."),
        ] {
            assert_eq!(wrongs(&format!("query({variables}) {{ f }}")), [expected], "{variables}");
        }
    }
}
