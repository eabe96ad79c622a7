//! What an inspection must not show, by name and by value. Knows no policy.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::forms::{BYTES_MIN, Forms};
use super::{Fact, HIDDEN, Inspection, Message};

/// The most secrets that are looked for.
const SECRETS_MAX: usize = 1_000;
/// Fields whose values are never shown (lower case).
const FIELDS: [&str; 13] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "ocp-apim-subscription-key",
    "api-key",
    "x-api-key",
    "x-functions-key",
    "x-ms-client-principal",
    "x-identity-header",
    "aeg-sas-key",
    "servicebusauthorization",
    "apim-debug-authorization",
];
/// Query parameters whose values are never shown (lower case).
const PARAMETERS: [&str; 9] =
    ["subscription-key", "access_token", "api-key", "apikey", "client_secret", "code", "password", "sig", "token"];

/// Values that must not be read by anyone.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    values: BTreeSet<String>,
    fields: Vec<String>,
    parameters: Vec<String>,
}

impl Secrets {
    /// Adds a value.
    pub fn learn(&mut self, value: &str) {
        let value = value.trim();
        if value.len() >= BYTES_MIN && self.values.len() < SECRETS_MAX {
            self.values.insert(value.to_owned());
        }
    }

    /// Adds the names under which an API takes its keys.
    pub fn name_keys(&mut self, field: &str, parameter: &str) {
        self.fields.push(field.to_ascii_lowercase());
        self.parameters.push(parameter.to_ascii_lowercase());
    }

    /// The value of a field as it may be shown; what is hidden is learned, so that it is not shown elsewhere either.
    pub fn field(&mut self, name: &str, value: &str) -> String {
        let name = name.to_ascii_lowercase();
        if !FIELDS.contains(&name.as_str()) && !self.fields.contains(&name) {
            return value.to_owned();
        }
        match name.as_str() {
            "cookie" | "set-cookie" => {
                for pair in value.split(';').filter_map(|pair| pair.split_once('=')) {
                    self.learn_long(pair.1);
                }
            }
            _ => self.learn_credential(value),
        }
        HIDDEN.to_owned()
    }

    /// A URL, or a path with a query, as it may be shown.
    pub fn url(&mut self, url: &str) -> String {
        let Some((front, query)) = url.split_once('?') else { return url.to_owned() };
        let parts: Vec<String> = query
            .split('&')
            .map(|part| match part.split_once('=') {
                Some((name, value)) if self.hides_parameter(name) => {
                    self.learn_long(value);
                    format!("{name}={HIDDEN}")
                }
                Some(_) | None => part.to_owned(),
            })
            .collect();
        format!("{front}?{}", parts.join("&"))
    }

    /// Takes all learned values, in whatever form they stand there, and everything that has the shape of a token, out of an inspection.
    pub fn cover(&self, inspection: &mut Inspection) {
        let forms = Forms::of(self.values.iter().map(String::as_str));
        for text in inspection.steps.iter_mut().flat_map(|step| &mut step.facts).flat_map(texts) {
            if let Some(hidden) = forms.hidden(text) {
                *text = hidden;
            }
            if text.contains("eyJ") {
                *text = without_tokens(text);
            }
        }
    }

    fn hides_parameter(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        PARAMETERS.contains(&name.as_str()) || self.parameters.contains(&name)
    }

    // What a client sends may be any word: only what no one writes by chance is looked for elsewhere.
    fn learn_long(&mut self, value: &str) {
        if value.trim().len() >= 2 * BYTES_MIN {
            self.learn(value);
        }
    }

    // As in `Basic dXNlcjpwYXNzd29yZA==`: the credential, and the password in it.
    fn learn_credential(&mut self, value: &str) {
        let Some((scheme, credential)) = value.trim().split_once(' ') else { return self.learn_long(value) };
        self.learn_long(credential);
        if scheme.eq_ignore_ascii_case("basic")
            && let Ok(decoded) = STANDARD.decode(credential.trim())
            && let Ok(text) = String::from_utf8(decoded)
            && let Some((_, password)) = text.split_once(':')
        {
            self.learn(password);
        }
    }
}

fn texts(fact: &mut Fact) -> Vec<&mut String> {
    match fact {
        Fact::Said(text) | Fact::Condition { text, .. } => vec![text],
        Fact::Changed { what, before, after } => [what].into_iter().chain(before).chain(after).collect(),
        Fact::Received(message) | Fact::Sent(message) => {
            let Message { line, fields, .. } = message;
            [line].into_iter().chain(fields.iter_mut().map(|(_, value)| value)).collect()
        }
        Fact::Failed { message, .. } => vec![message],
    }
}

// JSON Web Tokens begin with an encoded `{"`.
fn without_tokens(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut rest = text;
    let mut shown = String::new();
    while let Some((before, token)) = rest.find("eyJ").and_then(|at| rest.split_at_checked(at)) {
        let end = token.find(|c| !is_part(c)).unwrap_or(token.len());
        let (token, behind) = token.split_at_checked(end).unwrap_or((token, ""));
        shown.push_str(before);
        shown.push_str(if token.contains('.') { HIDDEN } else { token });
        rest = behind;
    }
    shown.push_str(rest);
    shown
}
