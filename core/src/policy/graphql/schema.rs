//! GraphQL schemas: the types of a schema document, reduced to what requests are held against. Executes nothing.

use std::collections::BTreeMap;

use graphql_parser::schema::{
    Definition, Field as WrittenField, Type, TypeDefinition, TypeExtension, Value, parse_schema,
};

/// The longest schema document, in bytes.
pub const SCHEMA_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What requests may ask for.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    types: BTreeMap<String, Kind>,
    roots: [String; 3],
}

/// A type.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// It has no fields: a scalar or an enumeration.
    Leaf,
    /// Objects and interfaces.
    Fields(BTreeMap<String, Field>),
    /// A union, which only fragments look into.
    Union,
    /// Only arguments have it.
    Input,
}

/// A field of a type.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// The name of its type, lists and non-null marks aside.
    pub(super) of: String,
    /// Its arguments.
    pub(super) arguments: BTreeMap<String, Need>,
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
        let mut schema =
            Self { types: BTreeMap::new(), roots: ["Query", "Mutation", "Subscription"].map(str::to_owned) };
        schema.add(text)?;
        schema.add(INTROSPECTION)?;
        for name in ["Int", "Float", "String", "Boolean", "ID"] {
            schema.types.entry(name.to_owned()).or_insert(Kind::Leaf);
        }
        let query = schema.roots.first().cloned().unwrap_or_default();
        let Some(Kind::Fields(fields)) = schema.types.get_mut(&query) else {
            return Err(format!("there is no type `{query}`, with which every query begins"));
        };
        let field = |of: &str, arguments: &[&str]| Field {
            of: of.to_owned(),
            arguments: arguments.iter().map(|name| ((*name).to_owned(), Need::Required)).collect(),
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
            TypeDefinition::Scalar(of) => (of.name, Kind::Leaf),
            TypeDefinition::Enum(of) => (of.name, Kind::Leaf),
            TypeDefinition::Object(of) => (of.name, Kind::Fields(fields(&of.fields))),
            TypeDefinition::Interface(of) => (of.name, Kind::Fields(fields(&of.fields))),
            TypeDefinition::Union(of) => (of.name, Kind::Union),
            TypeDefinition::InputObject(of) => (of.name, Kind::Input),
        };
        self.types.insert(name, kind);
    }

    fn extend(&mut self, of: TypeExtension<'_, String>) {
        let (name, more) = match of {
            TypeExtension::Object(of) => (of.name, fields(&of.fields)),
            TypeExtension::Interface(of) => (of.name, fields(&of.fields)),
            TypeExtension::Scalar(_)
            | TypeExtension::Union(_)
            | TypeExtension::Enum(_)
            | TypeExtension::InputObject(_) => return,
        };
        match self.types.entry(name).or_insert_with(|| Kind::Fields(BTreeMap::new())) {
            Kind::Fields(known) => known.extend(more),
            Kind::Leaf | Kind::Union | Kind::Input => {}
        }
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

    pub(super) fn kind(&self, name: &str) -> Option<&Kind> {
        self.types.get(name)
    }
}

fn fields(written: &[WrittenField<'_, String>]) -> BTreeMap<String, Field> {
    let one = |field: &WrittenField<'_, String>| {
        let arguments = field.arguments.iter().map(|argument| {
            let has_default = argument.default_value.as_ref().is_some_and(|value| !matches!(value, Value::Null));
            let is_required = matches!(argument.value_type, Type::NonNullType(_)) && !has_default;
            (argument.name.clone(), if is_required { Need::Required } else { Need::Optional })
        });
        (field.name.clone(), Field { of: named(&field.field_type).to_owned(), arguments: arguments.collect() })
    };
    written.iter().map(one).collect()
}

fn named<'t>(of: &'t Type<'_, String>) -> &'t str {
    let mut of = of;
    loop {
        match of {
            Type::NamedType(name) => return name,
            Type::ListType(inner) | Type::NonNullType(inner) => of = inner,
        }
    }
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
        let needs: Vec<Need> = fields["a"].arguments.values().copied().collect();
        assert_eq!((fields["a"].of.as_str(), needs), ("B", vec![Need::Required, Need::Optional, Need::Optional]));
        assert_eq!((extended.root(Root::Query), extended.root(Root::Mutation)), (Some("Query"), None));
        for (text, expected) in
            [("type B { c: ID }", "no type `Query`"), ("schema { query: R }", "no type `R`"), ("type {", "1:6")]
        {
            assert!(Schema::parse(text).is_err_and(|why| why.contains(expected)), "{text}");
        }
    }
}
