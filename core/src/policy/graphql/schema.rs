//! GraphQL schemas: the types of a schema document, reduced to what requests are held against. Executes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use graphql_parser::schema::{
    Definition, Directive as WrittenDirective, DirectiveDefinition, DirectiveLocation, EnumValue as WrittenEnumValue,
    Field as WrittenField, InputValue, Type, TypeDefinition, TypeExtension, Value, parse_schema,
};
use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::policy::graphql::coerce::plain;

/// The longest schema document, in bytes.
pub const SCHEMA_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What requests may ask for.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    types: BTreeMap<String, Kind>,
    // What people are told of the types.
    descriptions: BTreeMap<String, String>,
    // Which of the types with fields are interfaces, and who implements which.
    interfaces: BTreeSet<String>,
    implements: BTreeMap<String, Vec<String>>,
    // The types that an object may be of when it is asked for as this one: who implements an interface, who is in a union.
    members: BTreeMap<String, BTreeSet<String>>,
    directives: BTreeMap<String, Directive>,
    roots: [String; 3],
}

/// A type.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A scalar.
    Scalar,
    /// An enumeration.
    Enum(IndexMap<String, Told>),
    /// Objects and interfaces.
    Fields(IndexMap<String, Field>),
    /// A union, which only fragments look into.
    Union,
    /// Only arguments have it.
    Input(IndexMap<String, Argument>),
}

/// What people are told of a part of the schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// What it is.
    pub(super) description: Option<String>,
    /// Why it should not be used any more, when that is so.
    pub(super) deprecated: Option<String>,
}

/// A field of a type.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// The name of its type, lists and non-null marks aside.
    pub(super) of: String,
    /// Its type.
    pub(super) shape: Shape,
    /// Its arguments.
    pub(super) arguments: IndexMap<String, Argument>,
    /// What people are told of it.
    pub(super) told: Told,
}

/// An argument of a field, or a field of an input.
#[derive(Clone, Debug)]
pub(super) struct Argument {
    /// Its type.
    pub(super) of: Shape,
    /// Whether it has a default that is not null.
    pub(super) has_default: bool,
    /// Its default, as JSON and as it is written.
    pub(super) default: Option<(Json, String)>,
    /// What people are told of it.
    pub(super) told: Told,
}

/// A directive that a schema knows.
#[derive(Clone, Debug)]
pub(super) struct Directive {
    /// Its arguments.
    pub(super) arguments: IndexMap<String, Argument>,
    /// Where it may stand.
    pub(super) locations: Vec<DirectiveLocation>,
    /// Whether it may stand at one place several times.
    pub(super) is_repeatable: bool,
    /// What people are told of it.
    pub(super) description: Option<String>,
}

/// A type as it is written, as in `[Int!]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Named(String),
    List(Box<Self>),
    Required(Box<Self>),
}

impl Argument {
    /// Whether it must be given.
    pub(super) const fn need(&self) -> Need {
        match self.of {
            Shape::Required(_) if !self.has_default => Need::Required,
            Shape::Required(_) | Shape::Named(_) | Shape::List(_) => Need::Optional,
        }
    }
}

impl Shape {
    /// Its name, lists and non-null marks aside.
    pub(super) fn named(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::List(inner) | Self::Required(inner) => inner.named(),
        }
    }

    fn of(written: &Type<'_, String>) -> Self {
        match written {
            Type::NamedType(name) => Self::Named(name.clone()),
            Type::ListType(inner) => Self::List(Box::new(Self::of(inner))),
            Type::NonNullType(inner) => Self::Required(Box::new(Self::of(inner))),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::List(inner) => write!(f, "[{inner}]"),
            Self::Required(inner) => write!(f, "{inner}!"),
        }
    }
}

/// What a field of a type is to a resolver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A field that it may resolve.
    Field,
    /// There is no such type.
    NoType,
    /// The type is none of objects.
    NoObject,
    /// The type has no such field.
    NoField,
    /// It is one of subscriptions.
    Subscription,
}

/// Whether an argument must be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
}

/// The kinds of operations, in the order of the roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    Query,
    Mutation,
    Subscription,
}

// The one field that no type declares (GraphQL, October 2021, §4.4).
static TYPENAME: LazyLock<Field> = LazyLock::new(|| {
    let shape = Shape::Required(Box::new(Shape::Named("String".to_owned())));
    Field { of: "String".to_owned(), shape, arguments: IndexMap::new(), told: Told::default() }
});

// What every schema has besides its own (GraphQL, October 2021, §3.13 and §4).
const INTROSPECTION: &str = "
type __Schema { description: String types: [__Type!]! queryType: __Type! mutationType: __Type subscriptionType: __Type directives: [__Directive!]! }
type __Type { kind: __TypeKind! name: String description: String fields(includeDeprecated: Boolean = false): [__Field!] interfaces: [__Type!] possibleTypes: [__Type!] enumValues(includeDeprecated: Boolean = false): [__EnumValue!] inputFields(includeDeprecated: Boolean = false): [__InputValue!] ofType: __Type specifiedByURL: String }
type __Field { name: String! description: String args(includeDeprecated: Boolean = false): [__InputValue!]! type: __Type! isDeprecated: Boolean! deprecationReason: String }
type __InputValue { name: String! description: String type: __Type! defaultValue: String isDeprecated: Boolean! deprecationReason: String }
type __EnumValue { name: String! description: String isDeprecated: Boolean! deprecationReason: String }
type __Directive { name: String! description: String locations: [__DirectiveLocation!]! args(includeDeprecated: Boolean = false): [__InputValue!]! isRepeatable: Boolean! }
enum __TypeKind { SCALAR OBJECT INTERFACE UNION ENUM INPUT_OBJECT LIST NON_NULL }
enum __DirectiveLocation { QUERY MUTATION SUBSCRIPTION FIELD FRAGMENT_DEFINITION FRAGMENT_SPREAD INLINE_FRAGMENT VARIABLE_DEFINITION SCHEMA SCALAR OBJECT FIELD_DEFINITION ARGUMENT_DEFINITION INTERFACE UNION ENUM ENUM_VALUE INPUT_OBJECT INPUT_FIELD_DEFINITION }
directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @deprecated(reason: String = \"No longer supported\") on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE
directive @specifiedBy(url: String!) on SCALAR
";

impl Schema {
    /// Reads a schema document.
    ///
    /// # Errors
    /// It is too large or not a schema; in words, with line and column where the parser gives them.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > SCHEMA_BYTES_MAX {
            return Err(format!("the schema is longer than {SCHEMA_BYTES_MAX} bytes"));
        }
        let roots = ["Query", "Mutation", "Subscription"].map(str::to_owned);
        let mut schema = Self { roots, ..Self::default() };
        schema.add(text)?;
        schema.add(INTROSPECTION)?;
        for name in ["Int", "Float", "String", "Boolean", "ID"] {
            schema.types.entry(name.to_owned()).or_insert(Kind::Scalar);
        }
        let query = schema.roots.first().cloned().unwrap_or_default();
        let Some(Kind::Fields(fields)) = schema.types.get_mut(&query) else {
            return Err(format!("there is no type `{query}`, with which every query begins"));
        };
        let named = |name: &str| Shape::Named(name.to_owned());
        let of = Shape::Required(Box::new(named("String")));
        let text = Argument { of, has_default: false, default: None, told: Told::default() };
        let field = |shape: Shape, arguments: &[&str]| Field {
            of: shape.named().to_owned(),
            shape,
            arguments: arguments.iter().map(|name| ((*name).to_owned(), text.clone())).collect(),
            told: Told::default(),
        };
        fields.insert("__schema".to_owned(), field(Shape::Required(Box::new(named("__Schema"))), &[]));
        fields.insert("__type".to_owned(), field(named("__Type"), &["name"]));
        Ok(schema)
    }

    fn add(&mut self, text: &str) -> Result<(), String> {
        let document = parse_schema::<String>(text).map_err(|error| error.to_string())?;
        for definition in document.definitions {
            match definition {
                Definition::SchemaDefinition(of) => {
                    // A root that a schema definition leaves out is not there.
                    self.roots = [of.query, of.mutation, of.subscription].map(Option::unwrap_or_default);
                }
                Definition::TypeDefinition(of) => self.define(of),
                Definition::TypeExtension(of) => self.extend(of),
                Definition::DirectiveDefinition(of) => self.direct(of),
            }
        }
        Ok(())
    }

    fn define(&mut self, of: TypeDefinition<'_, String>) {
        let (name, description, kind) = match of {
            TypeDefinition::Scalar(of) => (of.name, of.description, Kind::Scalar),
            TypeDefinition::Enum(of) => (of.name, of.description, Kind::Enum(values(&of.values))),
            TypeDefinition::Object(of) => {
                self.join(&of.implements_interfaces, &of.name);
                (of.name, of.description, Kind::Fields(fields(&of.fields)))
            }
            TypeDefinition::Interface(of) => {
                self.join(&of.implements_interfaces, &of.name);
                self.interfaces.insert(of.name.clone());
                (of.name, of.description, Kind::Fields(fields(&of.fields)))
            }
            TypeDefinition::Union(of) => {
                self.unite(&of.name, &of.types);
                (of.name, of.description, Kind::Union)
            }
            TypeDefinition::InputObject(of) => (of.name, of.description, Kind::Input(arguments(&of.fields))),
        };
        self.descriptions.extend(description.map(|text| (name.clone(), text)));
        self.types.insert(name, kind);
    }

    fn extend(&mut self, of: TypeExtension<'_, String>) {
        let (name, more) = match of {
            TypeExtension::Object(of) => {
                self.join(&of.implements_interfaces, &of.name);
                (of.name, Kind::Fields(fields(&of.fields)))
            }
            TypeExtension::Interface(of) => {
                self.join(&of.implements_interfaces, &of.name);
                (of.name, Kind::Fields(fields(&of.fields)))
            }
            TypeExtension::Enum(of) => (of.name, Kind::Enum(values(&of.values))),
            TypeExtension::InputObject(of) => (of.name, Kind::Input(arguments(&of.fields))),
            TypeExtension::Union(of) => return self.unite(&of.name, &of.types),
            TypeExtension::Scalar(_) => return,
        };
        let Some(known) = self.types.get_mut(&name) else {
            self.types.insert(name, more);
            return;
        };
        match (known, more) {
            (Kind::Fields(known), Kind::Fields(more)) => known.extend(more),
            (Kind::Enum(known), Kind::Enum(more)) => known.extend(more),
            (Kind::Input(known), Kind::Input(more)) => known.extend(more),
            // An extension of another kind of type extends nothing.
            (Kind::Scalar | Kind::Enum(_) | Kind::Fields(_) | Kind::Union | Kind::Input(_), _) => {}
        }
    }

    fn direct(&mut self, of: DirectiveDefinition<'_, String>) {
        let DirectiveDefinition { name, description, arguments: written, repeatable, locations, .. } = of;
        let directive = Directive { arguments: arguments(&written), locations, is_repeatable: repeatable, description };
        // A schema may write down those that every schema has.
        self.directives.entry(name).or_insert(directive);
    }

    fn join(&mut self, interfaces: &[String], name: &str) {
        for interface in interfaces {
            self.implements.entry(name.to_owned()).or_default().push(interface.clone());
            self.members.entry(interface.clone()).or_default().insert(name.to_owned());
        }
    }

    fn unite(&mut self, union: &str, types: &[String]) {
        self.members.entry(union.to_owned()).or_default().extend(types.iter().cloned());
    }

    /// The type that operations of a kind begin with.
    pub(super) fn root(&self, root: Root) -> Option<&str> {
        let [query, mutation, subscription] = &self.roots;
        let name = match root {
            Root::Query => query,
            Root::Mutation => mutation,
            Root::Subscription => subscription,
        };
        self.types.contains_key(name).then_some(name)
    }

    /// The types that an object may be of when it is asked for as an interface or a union.
    pub(super) fn members(&self, name: &str) -> impl Iterator<Item = &str> {
        self.members.get(name).into_iter().flatten().map(String::as_str)
    }

    /// The interfaces that a type implements.
    pub(super) fn interfaces_of(&self, name: &str) -> &[String] {
        self.implements.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn kind(&self, name: &str) -> Option<&Kind> {
        self.types.get(name)
    }

    /// A type by name, with the schema's own name of it.
    pub(super) fn known(&self, name: &str) -> Option<&str> {
        self.types.get_key_value(name).map(|(name, _)| name.as_str())
    }

    /// All types, in the order of their names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(String::as_str)
    }

    /// What people are told of a type.
    pub(super) fn description(&self, name: &str) -> Option<&str> {
        self.descriptions.get(name).map(String::as_str)
    }

    /// A directive by name.
    pub(super) fn directive(&self, name: &str) -> Option<&Directive> {
        self.directives.get(name)
    }

    /// All directives, in the order of their names.
    pub(super) fn directives(&self) -> impl Iterator<Item = (&str, &Directive)> {
        self.directives.iter().map(|(name, directive)| (name.as_str(), directive))
    }

    /// Whether it has fields, or its members do.
    pub(super) fn is_composite(&self, name: &str) -> bool {
        matches!(self.kind(name), Some(Kind::Fields(_) | Kind::Union))
    }

    /// The types that an object may be of when it is asked for as this one (§5.5.2.3, GetPossibleTypes).
    pub(super) fn possible<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        let own = self.is_object(name).then_some(name);
        own.into_iter().chain(self.members(name).filter(|member| self.is_object(member)))
    }

    /// Whether an object of the type `one` may be asked for as `name`.
    pub(super) fn is_possible(&self, one: &str, name: &str) -> bool {
        one == name || self.members.get(name).is_some_and(|members| members.contains(one))
    }

    /// Whether objects of it are of another type themselves: an interface or a union.
    pub(super) fn is_abstract(&self, name: &str) -> bool {
        self.interfaces.contains(name) || matches!(self.kind(name), Some(Kind::Union))
    }

    /// Whether it is an object type.
    pub(super) fn is_object(&self, name: &str) -> bool {
        matches!(self.kind(name), Some(Kind::Fields(_))) && !self.interfaces.contains(name)
    }

    /// A field of a type, `__typename` too.
    pub(super) fn field(&self, of: &str, name: &str) -> Option<&Field> {
        match self.kind(of) {
            Some(Kind::Fields(_) | Kind::Union) if name == "__typename" => Some(&TYPENAME),
            Some(Kind::Fields(fields)) => fields.get(name),
            Some(Kind::Scalar | Kind::Enum(_) | Kind::Union | Kind::Input(_)) | None => None,
        }
    }

    /// What a field of a type is to a resolver.
    #[must_use]
    pub fn place(&self, of: &str, field: &str) -> Place {
        match self.kind(of) {
            _ if is_meta(of) => Place::NoType,
            None => Place::NoType,
            Some(_) if !self.is_object(of) => Place::NoObject,
            Some(_) if self.root(Root::Subscription) == Some(of) => Place::Subscription,
            Some(_) if is_meta(field) || self.field(of, field).is_none() => Place::NoField,
            Some(_) => Place::Field,
        }
    }

    /// The fields that can be subscribed to.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        self.root(Root::Subscription).into_iter().flat_map(|of| self.fields_of(of))
    }

    /// The object types, in the order of their names.
    pub fn object_types(&self) -> impl Iterator<Item = &str> {
        self.names().filter(|name| !is_meta(name) && self.is_object(name))
    }

    /// The names of the fields of a type.
    pub fn fields_of(&self, of: &str) -> impl Iterator<Item = &str> {
        let fields = match self.kind(of) {
            Some(Kind::Fields(fields)) => Some(fields),
            Some(Kind::Scalar | Kind::Enum(_) | Kind::Union | Kind::Input(_)) | None => None,
        };
        fields.into_iter().flat_map(|fields| fields.keys()).map(String::as_str).filter(|name| !is_meta(name))
    }
}

/// Whether a name is introspection's.
pub(super) fn is_meta(name: &str) -> bool {
    name.starts_with("__")
}

fn fields(written: &[WrittenField<'_, String>]) -> IndexMap<String, Field> {
    let one = |field: &WrittenField<'_, String>| {
        let shape = Shape::of(&field.field_type);
        let told = told(field.description.as_ref(), &field.directives);
        (
            field.name.clone(),
            Field { of: shape.named().to_owned(), shape, arguments: arguments(&field.arguments), told },
        )
    };
    written.iter().map(one).collect()
}

fn arguments(written: &[InputValue<'_, String>]) -> IndexMap<String, Argument> {
    let one = |argument: &InputValue<'_, String>| {
        let default = argument.default_value.as_ref();
        let has_default = default.is_some_and(|value| !matches!(value, Value::Null));
        let default = default.map(|value| (plain(value), value.to_string()));
        let told = told(argument.description.as_ref(), &argument.directives);
        (argument.name.clone(), Argument { of: Shape::of(&argument.value_type), has_default, default, told })
    };
    written.iter().map(one).collect()
}

fn values(written: &[WrittenEnumValue<'_, String>]) -> IndexMap<String, Told> {
    written.iter().map(|value| (value.name.clone(), told(value.description.as_ref(), &value.directives))).collect()
}

fn told(description: Option<&String>, directives: &[WrittenDirective<'_, String>]) -> Told {
    let deprecated = directives.iter().find(|directive| directive.name == "deprecated").map(|directive| {
        let reason = directive.arguments.iter().find_map(|(name, value)| match value {
            Value::String(text) if name == "reason" => Some(text.clone()),
            _ => None,
        });
        reason.unwrap_or_else(|| "No longer supported".to_owned())
    });
    Told { description: description.cloned(), deprecated }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_that_can_be_used_and_that_cannot() {
        let extended = Schema::parse("type Query { a(x: Int!, y: Int! = 1, z: [Int]): [B!]! } type B { c: ID } extend type B { d: E } enum E { F }").unwrap();
        let Some(Kind::Fields(fields)) = extended.kind("B") else { panic!("`B` has fields") };
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["c", "d"]);
        let Some(Kind::Fields(fields)) = extended.kind("Query") else { panic!("`Query` has fields") };
        let needs: Vec<Need> = fields["a"].arguments.values().map(Argument::need).collect();
        assert_eq!((fields["a"].of.as_str(), needs), ("B", vec![Need::Required, Need::Optional, Need::Optional]));
        assert_eq!((extended.root(Root::Query), extended.root(Root::Mutation)), (Some("Query"), None));
        for (text, expected) in
            [("type B { c: ID }", "no type `Query`"), ("schema { query: R }", "no type `R`"), ("type {", "1:6")]
        {
            assert!(Schema::parse(text).is_err_and(|why| why.contains(expected)), "{text}");
        }
    }
}
