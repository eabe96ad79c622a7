//! Introspection: the schema as data of its own types (GraphQL, October 2021, §4). Looks at nothing but the schema.

use serde_json::{Map, Value as Json};

use crate::policy::graphql::schema::{Argument, Directive, Field, Kind, Root, Schema, Shape, Told, is_meta};

/// A part of a schema.
#[derive(Clone, Debug)]
pub(super) enum Meta<'s> {
    Schema,
    Type(Shape),
    Field(&'s str, &'s Field),
    Input(&'s str, &'s Argument),
    Value(&'s str, &'s Told),
    Directive(&'s str, &'s Directive),
}

/// What a part of a schema says.
#[derive(Clone, Debug)]
pub(super) enum Said<'s> {
    Json(Json),
    One(Meta<'s>),
    Several(Vec<Meta<'s>>),
}

const NULL: Said<'_> = Said::Json(Json::Null);

/// `__type(name:)` of the query type.
pub(super) fn type_named<'s>(schema: &'s Schema, arguments: &Map<String, Json>) -> Option<Meta<'s>> {
    let name = arguments.get("name").and_then(Json::as_str)?;
    schema.known(name).map(|name| Meta::Type(Shape::Named(name.to_owned())))
}

impl<'s> Meta<'s> {
    /// What it says under this name.
    pub(super) fn member(&self, schema: &'s Schema, name: &str, arguments: &Map<String, Json>) -> Said<'s> {
        let deprecated_too = arguments.get("includeDeprecated").and_then(Json::as_bool).unwrap_or(false);
        match self {
            Self::Schema => of_schema(schema, name),
            Self::Type(Shape::Named(of)) => match schema.known(of) {
                Some(of) => of_type(schema, of, name, deprecated_too),
                None => NULL,
            },
            Self::Type(Shape::List(inner)) => wrapped("LIST", inner, name),
            Self::Type(Shape::Required(inner)) => wrapped("NON_NULL", inner, name),
            Self::Field(of, field) => match name {
                "args" => inputs(&field.arguments, deprecated_too),
                "type" => Said::One(Meta::Type(field.shape.clone())),
                name => told(of, &field.told, name),
            },
            Self::Input(of, argument) => match name {
                "type" => Said::One(Meta::Type(argument.of.clone())),
                "defaultValue" => text(argument.default.as_ref().map(|(_, written)| written.as_str())),
                name => told(of, &argument.told, name),
            },
            Self::Value(of, value) => told(of, value, name),
            Self::Directive(of, directive) => of_directive(of, directive, name, deprecated_too),
        }
    }
}

fn text(text: Option<&str>) -> Said<'static> {
    Said::Json(text.map_or(Json::Null, Json::from))
}

fn told(of: &str, told: &Told, name: &str) -> Said<'static> {
    match name {
        "name" => text(Some(of)),
        "description" => text(told.description.as_deref()),
        "isDeprecated" => Said::Json(Json::from(told.deprecated.is_some())),
        "deprecationReason" => text(told.deprecated.as_deref()),
        _ => NULL,
    }
}

fn of_schema<'s>(schema: &'s Schema, name: &str) -> Said<'s> {
    let named = |name: &str| Meta::Type(Shape::Named(name.to_owned()));
    let root = |root: Root| schema.root(root).map_or(NULL, |name| Said::One(named(name)));
    match name {
        "types" => Said::Several(schema.names().map(named).collect()),
        "queryType" => root(Root::Query),
        "mutationType" => root(Root::Mutation),
        "subscriptionType" => root(Root::Subscription),
        "directives" => {
            Said::Several(schema.directives().map(|(name, directive)| Meta::Directive(name, directive)).collect())
        }
        _ => NULL,
    }
}

fn of_type<'s>(schema: &'s Schema, of: &'s str, name: &str, deprecated_too: bool) -> Said<'s> {
    let kind = schema.kind(of);
    let named = |name: &str| Meta::Type(Shape::Named(name.to_owned()));
    match (name, kind) {
        ("kind", Some(kind)) => text(Some(match kind {
            Kind::Scalar => "SCALAR",
            Kind::Enum(_) => "ENUM",
            Kind::Fields(_) if schema.is_object(of) => "OBJECT",
            Kind::Fields(_) => "INTERFACE",
            Kind::Union => "UNION",
            Kind::Input(_) => "INPUT_OBJECT",
        })),
        ("name", _) => text(Some(of)),
        ("description", _) => text(schema.description(of)),
        ("fields", Some(Kind::Fields(fields))) => {
            let shown = |(name, field): &(&String, &Field)| {
                !is_meta(name) && (deprecated_too || field.told.deprecated.is_none())
            };
            Said::Several(fields.iter().filter(shown).map(|(name, field)| Meta::Field(name, field)).collect())
        }
        ("interfaces", Some(Kind::Fields(_))) => {
            Said::Several(schema.interfaces_of(of).iter().map(|name| named(name)).collect())
        }
        ("possibleTypes", Some(_)) if schema.is_abstract(of) => {
            Said::Several(schema.members(of).filter(|name| schema.is_object(name)).map(named).collect())
        }
        ("enumValues", Some(Kind::Enum(values))) => {
            let shown = |(_, told): &(&String, &Told)| deprecated_too || told.deprecated.is_none();
            Said::Several(values.iter().filter(shown).map(|(name, told)| Meta::Value(name, told)).collect())
        }
        ("inputFields", Some(Kind::Input(fields))) => inputs(fields, deprecated_too),
        _ => NULL,
    }
}

fn inputs(arguments: &indexmap::IndexMap<String, Argument>, deprecated_too: bool) -> Said<'_> {
    let shown = |(_, argument): &(&String, &Argument)| deprecated_too || argument.told.deprecated.is_none();
    Said::Several(arguments.iter().filter(shown).map(|(name, argument)| Meta::Input(name, argument)).collect())
}

fn wrapped(kind: &str, inner: &Shape, name: &str) -> Said<'static> {
    match name {
        "kind" => text(Some(kind)),
        "ofType" => Said::One(Meta::Type(inner.clone())),
        _ => NULL,
    }
}

fn of_directive<'s>(of: &str, directive: &'s Directive, name: &str, deprecated_too: bool) -> Said<'s> {
    match name {
        "name" => text(Some(of)),
        "description" => text(directive.description.as_deref()),
        "locations" => Said::Json(directive.locations.iter().map(|location| location.as_str()).collect()),
        "args" => inputs(&directive.arguments, deprecated_too),
        "isRepeatable" => Said::Json(Json::from(directive.is_repeatable)),
        _ => NULL,
    }
}
