//! GraphQL schemas: the types of a schema document, reduced to what requests are held against. Executes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use graphql_parser::schema::{
    Definition, Field as WrittenField, InputValue, Type, TypeDefinition, TypeExtension, Value, parse_schema,
};

/// The longest schema document, in bytes.
pub const SCHEMA_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What requests may ask for.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    types: BTreeMap<String, Kind>,
    // The types that an object may be of when it is asked for as this one: who implements an interface, who is in a union.
    members: BTreeMap<String, BTreeSet<String>>,
    roots: [String; 3],
}

/// A type.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A scalar.
    Scalar,
    /// An enumeration.
    Enum(BTreeSet<String>),
    /// Objects and interfaces.
    Fields(BTreeMap<String, Field>),
    /// A union, which only fragments look into.
    Union,
    /// Only arguments have it.
    Input(BTreeMap<String, Argument>),
}

/// A field of a type.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// The name of its type, lists and non-null marks aside.
    pub(super) of: String,
    /// Its arguments.
    pub(super) arguments: BTreeMap<String, Argument>,
}

/// An argument of a field, or a field of an input.
#[derive(Clone, Debug)]
pub(super) struct Argument {
    /// Its type.
    pub(super) of: Shape,
    /// Whether it has a default.
    pub(super) has_default: bool,
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

// What every schema has besides its own (GraphQL, October 2021, §4).
const INTROSPECTION: &str = "
type __Schema { description: String types: [__Type!]! queryType: __Type! mutationType: __Type subscriptionType: __Type directives: [__Directive!]! }
type __Type { kind: __TypeKind! name: String description: String fields(includeDeprecated: Boolean = false): [__Field!] interfaces: [__Type!] possibleTypes: [__Type!] enumValues(includeDeprecated: Boolean = false): [__EnumValue!] inputFields(includeDeprecated: Boolean = false): [__InputValue!] ofType: __Type specifiedByURL: String }
type __Field { name: String! description: String args(includeDeprecated: Boolean = false): [__InputValue!]! type: __Type! isDeprecated: Boolean! deprecationReason: String }
type __InputValue { name: String! description: String type: __Type! defaultValue: String isDeprecated: Boolean! deprecationReason: String }
type __EnumValue { name: String! description: String isDeprecated: Boolean! deprecationReason: String }
type __Directive { name: String! description: String locations: [__DirectiveLocation!]! args(includeDeprecated: Boolean = false): [__InputValue!]! isRepeatable: Boolean! }
enum __TypeKind { SCALAR }
enum __DirectiveLocation { QUERY }
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
        let mut schema = Self { types: BTreeMap::new(), members: BTreeMap::new(), roots };
        schema.add(text)?;
        schema.add(INTROSPECTION)?;
        for name in ["Int", "Float", "String", "Boolean", "ID"] {
            schema.types.entry(name.to_owned()).or_insert(Kind::Scalar);
        }
        let query = schema.roots.first().cloned().unwrap_or_default();
        let Some(Kind::Fields(fields)) = schema.types.get_mut(&query) else {
            return Err(format!("there is no type `{query}`, with which every query begins"));
        };
        let text = Argument { of: Shape::Required(Box::new(Shape::Named("String".to_owned()))), has_default: false };
        let field = |of: &str, arguments: &[&str]| Field {
            of: of.to_owned(),
            arguments: arguments.iter().map(|name| ((*name).to_owned(), text.clone())).collect(),
        };
        fields.insert("__schema".to_owned(), field("__Schema", &[]));
        fields.insert("__type".to_owned(), field("__Type", &["name"]));
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
                Definition::DirectiveDefinition(_) => {}
            }
        }
        Ok(())
    }

    fn define(&mut self, of: TypeDefinition<'_, String>) {
        let (name, kind) = match of {
            TypeDefinition::Scalar(of) => (of.name, Kind::Scalar),
            TypeDefinition::Enum(of) => (of.name, Kind::Enum(of.values.into_iter().map(|value| value.name).collect())),
            TypeDefinition::Object(of) => {
                self.join(&of.implements_interfaces, &of.name);
                (of.name, Kind::Fields(fields(&of.fields)))
            }
            TypeDefinition::Interface(of) => {
                self.join(&of.implements_interfaces, &of.name);
                (of.name, Kind::Fields(fields(&of.fields)))
            }
            TypeDefinition::Union(of) => {
                self.unite(&of.name, &of.types);
                (of.name, Kind::Union)
            }
            TypeDefinition::InputObject(of) => (of.name, Kind::Input(arguments(&of.fields))),
        };
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
            TypeExtension::Enum(of) => (of.name, Kind::Enum(of.values.into_iter().map(|value| value.name).collect())),
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

    fn join(&mut self, interfaces: &[String], name: &str) {
        for interface in interfaces {
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

    pub(super) fn kind(&self, name: &str) -> Option<&Kind> {
        self.types.get(name)
    }
}

fn fields(written: &[WrittenField<'_, String>]) -> BTreeMap<String, Field> {
    let one = |field: &WrittenField<'_, String>| {
        let of = Shape::of(&field.field_type).named().to_owned();
        (field.name.clone(), Field { of, arguments: arguments(&field.arguments) })
    };
    written.iter().map(one).collect()
}

fn arguments(written: &[InputValue<'_, String>]) -> BTreeMap<String, Argument> {
    let one = |argument: &InputValue<'_, String>| {
        let has_default = argument.default_value.as_ref().is_some_and(|value| !matches!(value, Value::Null));
        (argument.name.clone(), Argument { of: Shape::of(&argument.value_type), has_default })
    };
    written.iter().map(one).collect()
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
