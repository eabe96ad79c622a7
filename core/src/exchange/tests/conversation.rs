//! The format of conversation fixtures: documents, a request, effects and replies in turn, a response. Runs nothing.
//!
//! A section begins with `--- kind [name]`. Messages are written as in HTTP: a first line, fields, an empty line, content.
//! What is expected may leave fields out; `!name` says that a field is not there.

use std::collections::BTreeMap;

/// A fixture.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    /// Documents by kind and name: `service`, `product`, `api`, `operation`, `fragment f`, `backend b`, `named-value n`, `settings`,
    /// `resource /id`, `graphql` (the schema of an API at `/graph`), `resolver Type/field` (of that API).
    pub(crate) documents: BTreeMap<(String, String), String>,
    /// What happens, in order.
    pub(crate) turns: Vec<Turn>,
}

/// One section of a fixture that is not a document.
#[derive(Debug)]
pub(crate) struct Turn {
    /// `wait` (a number of seconds, before a request or before a reply), `request` (whose field `(client)` is the client's address, and `(certificate)` the id of the certificate that it shows; `(coded)` of any message says that its content is `gzip`), `expect`, `reply`, `response`, `error`, `log`, `metrics`, `cache` (with the seconds that were waited for it, if any), `traces`, `inspection` or `diagnostics`; of a socket `say`, `hear` and `closed`, with its number unless it is the last one.
    pub(crate) kind: String,
    /// What follows the kind on its line.
    pub(crate) name: String,
    /// The line of the fixture at which it begins.
    pub(crate) line: usize,
    /// The text.
    pub(crate) text: String,
}

/// A message as a fixture writes it.
#[derive(Debug, Default)]
pub(crate) struct Message {
    /// The first line.
    pub(crate) first: String,
    /// The fields in order, names in lower case.
    pub(crate) fields: Vec<(String, String)>,
    /// What follows the empty line.
    pub(crate) content: Option<String>,
}

const DOCUMENTS: [&str; 13] = [
    "service",
    "product",
    "api",
    "operation",
    "fragment",
    "backend",
    "named-value",
    "secret",
    "settings",
    "responses",
    "resource",
    "graphql",
    "resolver",
];

impl Conversation {
    pub(crate) fn parse(text: &str) -> Self {
        let mut conversation = Self::default();
        let mut sections: Vec<(String, usize, String)> = Vec::new();
        for (number, line) in text.split_inclusive('\n').enumerate() {
            if let Some(header) = line.strip_prefix("--- ") {
                sections.push((header.trim().to_owned(), number + 1, String::new()));
            } else if let Some((_, _, body)) = sections.last_mut() {
                body.push_str(line);
            }
        }
        for (header, line, text) in sections {
            let (kind, name) = header.split_once(' ').unwrap_or((&header, ""));
            if DOCUMENTS.contains(&kind) {
                let before = conversation.documents.insert((kind.to_owned(), name.to_owned()), text);
                assert!(before.is_none(), "line {line}: `{header}` is there twice");
            } else {
                conversation.turns.push(Turn { kind: kind.to_owned(), name: name.to_owned(), line, text });
            }
        }
        conversation
    }

    pub(crate) fn document(&self, kind: &str) -> Option<&str> {
        self.documents.get(&(kind.to_owned(), String::new())).map(String::as_str)
    }

    pub(crate) fn named(&self, kind: &str) -> impl Iterator<Item = (&str, &str)> {
        self.documents
            .iter()
            .filter(move |((of, _), _)| of == kind)
            .map(|((_, name), text)| (name.as_str(), text.as_str()))
    }
}

impl Message {
    pub(crate) fn parse(text: &str) -> Self {
        let (head, content) = match text.split_once("\n\n") {
            Some((head, content)) => (head, Some(content.trim_end_matches('\n').to_owned())),
            None => (text.trim_end(), None),
        };
        let mut lines = head.lines();
        let first = lines.next().unwrap_or("").trim().to_owned();
        let fields = lines.filter(|line| !line.trim().is_empty()).map(|line| {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            (name.trim().to_ascii_lowercase(), value.trim().to_owned())
        });
        Self { first, fields: fields.collect(), content: content.filter(|content| !content.is_empty()) }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }
}
