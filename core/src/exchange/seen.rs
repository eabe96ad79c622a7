//! What an inspection compares: the exchange as it looks between two steps, in texts. Changes nothing.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::context::{Body, Context};
use crate::http::{HeaderMap, HeaderValue};
use crate::inspection::{Fact, Message, Secrets, shortened};
use crate::policy::effect::{OutboundBody, OutboundRequest, Route};
use crate::policy::run::State;

/// Names and texts of everything that policies can change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen(BTreeMap<String, String>);

impl Seen {
    /// The exchange as it is now.
    pub(super) fn of(context: &Context, state: &State, secrets: &mut Secrets) -> Self {
        let mut seen = Self::default();
        let request = &context.request;
        seen.put("request.method", &request.method);
        seen.put("request.url", &secrets.url(&request.url.to_string()));
        seen.fields("request.headers.", &request.headers, secrets);
        seen.content("request.body", &request.body);
        if let Some(response) = &context.response {
            let reason = response.reason.as_deref().map(|reason| format!(" {reason}")).unwrap_or_default();
            seen.put("response.status", &format!("{}{reason}", response.status.as_u16()));
            seen.fields("response.headers.", &response.headers, secrets);
            seen.content("response.body", &response.body);
        }
        for (name, value) in &context.variables {
            seen.put(&format!("variables.{name}"), value);
        }
        if let Some(entity) = &state.upstream.entity {
            seen.put("backend", &entity.id);
        }
        if let Route::Through(proxy) = &state.upstream.route {
            seen.put("proxy", &format!("{}:{}", proxy.host, proxy.port));
        }
        for pending in &state.response_headers {
            let value = secrets.field(pending.name.as_str(), &text_of(&pending.value));
            seen.put(&format!("pending.headers.{}", pending.name), &value);
        }
        seen
    }

    /// What is otherwise than `before`.
    pub(super) fn changes_since(&self, before: &Self) -> Vec<Fact> {
        let names = before.0.keys().chain(self.0.keys().filter(|name| !before.0.contains_key(*name)));
        let mut changes: Vec<(&String, Option<&String>, Option<&String>)> =
            names.map(|name| (name, before.0.get(name), self.0.get(name))).collect();
        changes.retain(|(_, before, after)| before != after);
        changes.sort_by_key(|(name, ..)| *name);
        let changed = |(what, before, after): (&String, Option<&String>, Option<&String>)| Fact::Changed {
            what: what.clone(),
            before: before.cloned(),
            after: after.cloned(),
        };
        changes.into_iter().map(changed).collect()
    }

    fn put(&mut self, name: &str, value: &dyn Display) {
        self.0.insert(name.to_owned(), shortened(value));
    }

    fn content(&mut self, name: &str, body: &Body) {
        if *body != Body::Absent {
            self.put(name, &content(body));
        }
    }

    fn fields(&mut self, prefix: &str, headers: &HeaderMap, secrets: &mut Secrets) {
        for name in headers.keys() {
            let values: Vec<String> = fields_named(headers, name.as_str(), secrets);
            self.put(&format!("{prefix}{name}"), &values.join(", "));
        }
    }
}

/// A message for an inspection: all fields, nothing of the content but its size.
pub(super) fn message(line: String, headers: &HeaderMap, content: String, secrets: &mut Secrets) -> Message {
    let mut fields = Vec::new();
    for name in headers.keys() {
        fields.extend(
            fields_named(headers, name.as_str(), secrets)
                .into_iter()
                .map(|value| (name.to_string(), shortened(&value))),
        );
    }
    Message { line, fields, content }
}

/// An outgoing request for an inspection.
pub(super) fn outbound(request: &OutboundRequest, secrets: &mut Secrets) -> Message {
    let content = match &request.body {
        OutboundBody::Empty => String::new(),
        OutboundBody::Stream => "the client's content, streamed".to_owned(),
        OutboundBody::Bytes(bytes) => bytes_of(bytes.len()),
    };
    let line = format!("{} {}", request.method, secrets.url(&request.url.to_string()));
    message(line, &request.headers, content, secrets)
}

/// What can be said of a content.
pub(super) fn content(body: &Body) -> String {
    match body {
        Body::Absent => String::new(),
        Body::Unread => "not read".to_owned(),
        Body::Bytes(bytes) => bytes_of(bytes.len()),
        Body::Gone => "passed on".to_owned(),
        Body::Consumed => "taken by an expression".to_owned(),
    }
}

/// As in `12 bytes`.
pub(super) fn bytes_of(count: usize) -> String {
    if count == 1 { "1 byte".to_owned() } else { format!("{count} bytes") }
}

fn fields_named(headers: &HeaderMap, name: &str, secrets: &mut Secrets) -> Vec<String> {
    let values = headers.get_all(name).iter();
    values.map(|value| secrets.field(name, &text_of(value))).collect()
}

// A field value that is no UTF-8 is Latin-1, as policies write it.
fn text_of(value: &HeaderValue) -> String {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_owned(),
        Err(_) => value.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
    }
}
