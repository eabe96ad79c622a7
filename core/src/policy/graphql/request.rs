//! A GraphQL request as HTTP carries it: in JSON, as a document alone, or in the query of the URL. Judges nothing of the document.

use graphql_parser::query::ParseError;
use serde_json::{Map, Value as Json};

use crate::http::{Bytes, Method, Query};
use crate::policy::content::media_of;
use crate::policy::graphql::document::Wrong;
use crate::policy::run::Run;
use crate::policy::schema::shortened;

/// A request for an operation.
pub(super) struct Request {
    pub(super) query: String,
    pub(super) operation: Option<String>,
    pub(super) form: Form,
}

/// How a request was written.
pub(super) enum Form {
    /// A JSON object with `query`.
    Json(serde_json::Map<String, Json>),
    /// The document alone.
    Document,
    /// In the query of the URL.
    Url,
}

pub(super) fn wrong(message: impl Into<String>) -> Vec<Wrong> {
    vec![Wrong { message: message.into(), at: None }]
}

/// A document that is none; the parser writes several lines.
pub(super) fn unread(error: &ParseError) -> Vec<Wrong> {
    let words = error.to_string();
    wrong(shortened(&words.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// The request as it is written.
pub(super) fn read(run: &Run<'_>, content: &Bytes, size_max: usize) -> Result<Request, Vec<Wrong>> {
    check_size(content.len(), size_max)?;
    let request = &run.context.request;
    if request.method == Method::GET {
        let query = Query::new(request.url.query.as_deref());
        let text = query.get("query").ok_or_else(|| wrong("The request has no `query`."))?;
        check_size(text.len(), size_max)?;
        let operation = query.get("operationName").filter(|name| !name.is_empty());
        let operation = operation.map(std::borrow::Cow::into_owned);
        return Ok(Request { query: text.into_owned(), operation, form: Form::Url });
    }
    let is_document = media_of(&request.headers).is_some_and(|media| media.is_named("application", "graphql"));
    let text = std::str::from_utf8(content).map_err(|_| wrong("The request is not UTF-8."))?;
    if is_document {
        return Ok(Request { query: text.to_owned(), operation: None, form: Form::Document });
    }
    let value: Json =
        serde_json::from_str(text).map_err(|error| wrong(format!("The request is not JSON: {error}.")))?;
    match value {
        Json::Object(members) => Request::of(members),
        Json::Array(_) => Err(wrong("Batches are not supported: a request is one JSON object.")),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            Err(wrong("The request is not a JSON object."))
        }
    }
}

/// Whether a request is no longer than it may be.
pub(super) fn check_size(bytes: usize, size_max: usize) -> Result<(), Vec<Wrong>> {
    if bytes > size_max {
        return Err(wrong(format!("The request is {bytes} bytes long and exceeds the limit of {size_max} bytes.")));
    }
    Ok(())
}

impl Request {
    /// The request of a JSON object.
    pub(super) fn of(members: Map<String, Json>) -> Result<Self, Vec<Wrong>> {
        let query = members.get("query").and_then(Json::as_str).ok_or_else(|| wrong("The request has no `query`."))?;
        let operation = members.get("operationName").and_then(Json::as_str).filter(|name| !name.is_empty());
        let (query, operation) = (query.to_owned(), operation.map(str::to_owned));
        Ok(Self { query, operation, form: Form::Json(members) })
    }

    /// The variables that it carries; those of a request in a URL are in its `query`.
    pub(super) fn variables(&self, query: Option<&str>) -> Result<Map<String, Json>, Vec<Wrong>> {
        let sent = match &self.form {
            Form::Json(members) => members.get("variables").cloned().unwrap_or_default(),
            Form::Document => Json::Null,
            Form::Url => {
                let query = Query::new(query);
                let text = query.get("variables").filter(|text| !text.is_empty());
                text.map_or(Ok(Json::Null), |text| serde_json::from_str(&text))
                    .map_err(|error| wrong(format!("`variables` are not JSON: {error}.")))?
            }
        };
        match sent {
            Json::Null => Ok(Map::new()),
            Json::Object(members) => Ok(members),
            Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                Err(wrong("`variables` are not a JSON object."))
            }
        }
    }
}
