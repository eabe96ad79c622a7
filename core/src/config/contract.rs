//! What an operation declares of its messages: parameters, representations, responses. Plain data; `parse` makes it.

use std::sync::Arc;

use serde_json::Value;

/// What an operation declares of its request.
#[derive(Clone, Debug, Default)]
pub struct RequestContract {
    /// The parameters of the URL template.
    pub template: Vec<Parameter>,
    /// The query parameters beside those of the template.
    pub query: Vec<Parameter>,
    /// The fields.
    pub headers: Vec<Parameter>,
    /// The forms of its content, in the order written.
    pub representations: Vec<Representation>,
}

/// A response that an operation declares.
#[derive(Clone, Debug)]
pub struct OperationResponse {
    /// The status code.
    pub status: u16,
    /// The fields.
    pub headers: Vec<Parameter>,
    /// Its representations, in the order written.
    pub representations: Vec<Representation>,
}

/// One representation of a message.
#[derive(Clone, Debug)]
pub struct Representation {
    /// The media type.
    pub content_type: String,
    /// The examples, as text: the one named `default` first, the others in the order written.
    pub examples: Vec<String>,
    /// The schema, references resolved as far as they go, for a sample when there is no example.
    pub schema: Option<Value>,
    /// Where the schema stands, when it is one of a schema entity.
    pub named: Option<SchemaName>,
}

/// A parameter or a field that an operation declares.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Whether it must be there.
    pub need: Need,
    /// The type as written, as in `string` or `integer`; empty means any.
    pub kind: String,
    /// The values that it may have; empty means any.
    pub values: Vec<String>,
    /// Its schema, when it is written beside it.
    pub schema: Option<Value>,
    /// Where the schema stands, when it is one of a schema entity.
    pub named: Option<SchemaName>,
}

/// Whether a parameter must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Required,
    /// It may be missing.
    Optional,
}

/// A definition of a schema entity: `schemaId` and `typeName`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaName {
    /// The id of the entity, in lower case.
    pub document: String,
    /// The name of the definition in it.
    pub definition: String,
}

/// A schema entity of an API, or of the service.
#[derive(Clone, Debug)]
pub struct SchemaDocument {
    /// Its id, in lower case.
    pub id: String,
    /// Its media type, as in `application/vnd.oai.openapi.components+json`.
    pub content_type: String,
    /// The document: JSON, or a text when it is of another form.
    pub document: Arc<Value>,
}

/// Where the definitions of a schema document stand (OpenAPI 3, and Swagger 2 or plain JSON Schema).
pub const DEFINITIONS: [&str; 3] = ["/components/schemas", "/definitions", "/$defs"];

/// The media type of the schema of a GraphQL API.
pub const GRAPHQL_SCHEMA: &str = "application/vnd.ms-azure-apim.graphql.schema";
