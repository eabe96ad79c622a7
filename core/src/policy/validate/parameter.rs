//! One parameter or field against what is declared of it: several values, its type, its schema. Knows no policy.

use std::sync::Arc;

use jsonschema::Validator;
use serde_json::Value;

use crate::config::contract::Parameter;
use crate::expr::Message;
use crate::policy::run::{Run, Site};
use crate::policy::schema::{Missing, SchemaPlace, Variant, findings, shortened};
use crate::policy::validate::{Action, Finding};

/// Where parameters stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    RequestHeader,
    ResponseHeader,
}

impl Place {
    /// `Type` of findings.
    const fn kind(self) -> &'static str {
        match self {
            Self::Path => "PathParameter",
            Self::Query => "QueryParameter",
            Self::RequestHeader => "RequestHeader",
            Self::ResponseHeader => "ResponseHeader",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Path => "path parameter",
            Self::Query => "query parameter",
            Self::RequestHeader | Self::ResponseHeader => "header",
        }
    }

    const fn message(self) -> Message {
        match self {
            Self::Path | Self::Query | Self::RequestHeader => Message::Request,
            Self::ResponseHeader => Message::Response,
        }
    }

    const fn message_words(self) -> &'static str {
        match self.message() {
            Message::Request => "Request",
            Message::Response => "Response",
        }
    }

    fn finding(self, name: &str, rule: &'static str, details: String, action: Action) -> Finding {
        Finding::about(self.message(), (name, self.kind()), rule, details, action)
    }

    /// One that the operation does not declare.
    pub(super) fn unspecified(self, name: &str, action: Action) -> Finding {
        self.finding(name, "Unspecified", format!("Unspecified {} {name} is not allowed.", self.words()), action)
    }

    /// One that the operation demands.
    // Decision: the original's words for it are not published.
    pub(super) fn absent(self, name: &str, action: Action) -> Finding {
        let details = format!("{} does not contain the required {} {name}.", self.message_words(), self.words());
        self.finding(name, "IncorrectMessage", details, action)
    }

    /// What is wrong with these values of a parameter.
    pub(super) fn check(self, run: &Run<'_>, declared: &Parameter, values: &[String], action: Action) -> Vec<Finding> {
        let name = declared.name.as_str();
        let of = |details: String| self.finding(name, "IncorrectMessage", details, action);
        let (text, is_list) = match (values, declared.kind.as_str()) {
            ([], _) => return Vec::new(),
            (values, "array") => (values.join(","), true),
            ([value], _) => (value.clone(), false),
            (_, _) => {
                let who = self.message_words();
                let details = format!("{who} cannot contain multiple values for the {} {name}.", self.words());
                return vec![of(details)];
            }
        };
        let validator = match self.schema(run, declared) {
            Ok(validator) => validator,
            Err(missing) => return vec![self.missing(declared, &missing, action)],
        };
        let parsed = if is_list { Ok(list(&text, declared.schema.as_ref())) } else { parsed(&text, &declared.kind) };
        let Ok(instance) = parsed else {
            let expected = expected(&declared.kind);
            let details = format!(
                "Value of the {} {name} cannot be parsed according to the definition. `{}` is not {expected}.",
                self.words(),
                shortened(&text)
            );
            return vec![of(details)];
        };
        let found = match validator {
            Some(validator) => findings(&validator, &instance),
            None if declared.values.is_empty() || declared.values.contains(&text) => Vec::new(),
            None => vec![format!("The value is none of {}.", shortened(&declared.values.join(", ")))],
        };
        let words = self.words();
        let say = |why: String| of(format!("Value of the {words} {name} does not conform to the definition. {why}"));
        found.into_iter().map(say).collect()
    }

    fn schema(self, run: &Run<'_>, declared: &Parameter) -> Result<Option<Arc<Validator>>, Missing> {
        let operation = run.context.operation.as_ref().map_or("", |operation| &operation.id);
        let status = run.context.response.as_ref().map_or(0, |response| response.status.as_u16());
        self.compiled(run.site, operation, status, declared)
    }

    /// The schema of a parameter does not compile: in words.
    pub(super) fn broken(self, site: &Site, operation: &str, status: u16, declared: &Parameter) -> Option<String> {
        let Err(Missing::Broken(why)) = self.compiled(site, operation, status, declared) else { return None };
        let (words, name) = (self.words(), &declared.name);
        Some(format!("the schema of the {words} `{name}` of the operation `{operation}` does not compile: {why}"))
    }

    fn compiled(
        self,
        site: &Site,
        operation: &str,
        status: u16,
        declared: &Parameter,
    ) -> Result<Option<Arc<Validator>>, Missing> {
        let place = match (&declared.schema, &declared.named) {
            (Some(_), _) => {
                let operation = operation.to_owned();
                let at = match self.message() {
                    Message::Request => format!("{}/{}", self.kind(), declared.name),
                    Message::Response => format!("{}/{status}/{}", self.kind(), declared.name),
                };
                SchemaPlace::Inline { operation, at }
            }
            (None, Some(named)) => SchemaPlace::Named(named.clone()),
            (None, None) => return Ok(None),
        };
        site.schemas.get(place, Variant::default(), declared.schema.as_ref()).map(Some)
    }

    fn missing(self, declared: &Parameter, missing: &Missing, action: Action) -> Finding {
        let name = declared.name.as_str();
        match missing {
            Missing::Document => api_schema("API's schema doesn't exist or it couldn't be resolved.", action),
            Missing::Definitions => api_schema("API schema does not specify definitions.", action),
            Missing::Definition => {
                let definition = declared.named.as_ref().map_or("", |named| &named.definition);
                let details = format!(
                    "API's schema does not contain definition {definition}, which is associated with the {} {name}.",
                    self.words()
                );
                Finding::kept(name, self.kind(), "MissingDefinition", details, action)
            }
            Missing::Broken(why) => {
                let words = match self {
                    Self::Path => "Path parameter",
                    Self::Query => "Query parameter",
                    Self::RequestHeader | Self::ResponseHeader => "Header",
                };
                let details = format!("{words} {name} cannot be validated. {why}");
                Finding::kept(name, self.kind(), "ValidationError", details, action)
            }
        }
    }
}

/// Something is wrong with the schema of the API, not with a message.
pub(super) fn api_schema(details: &str, action: Action) -> Finding {
    Finding::kept("", "ApiSchema", "", details.to_owned(), action)
}

const fn expected(kind: &str) -> &'static str {
    match kind.as_bytes() {
        b"integer" => "a whole number",
        b"number" => "a number",
        b"boolean" => "`true` or `false`",
        b"object" => "a JSON object",
        _ => "of its type",
    }
}

// Texts of parameters have no type of their own: the declared one says how they are read.
fn parsed(text: &str, kind: &str) -> Result<Value, ()> {
    match kind {
        "integer" => {
            text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from)).map_err(drop)
        }
        "number" => {
            let number = serde_json::from_str::<Value>(text).map_err(drop)?;
            if number.is_number() { Ok(number) } else { Err(()) }
        }
        "boolean" => match text {
            _ if text.eq_ignore_ascii_case("true") => Ok(Value::Bool(true)),
            _ if text.eq_ignore_ascii_case("false") => Ok(Value::Bool(false)),
            _ => Err(()),
        },
        "object" => serde_json::from_str(text).ok().filter(Value::is_object).ok_or(()),
        _ => Ok(Value::from(text)),
    }
}

// An item that is not of the declared type stays a text, and the schema says so.
fn list(text: &str, schema: Option<&Value>) -> Value {
    let kind = schema.and_then(|schema| schema.pointer("/items/type")).and_then(Value::as_str).unwrap_or("");
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| parsed(item, kind).unwrap_or_else(|()| Value::from(item))).collect()
}
