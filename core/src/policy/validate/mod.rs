//! Content validation: what its policies share. Their findings go to a variable, to the trace, and, when they prevent, to the client.

mod content;
mod envelope;
mod headers;
mod odata;
mod parameter;
mod parameters;
mod status;

use std::sync::Arc;

use crate::context::Context;
use crate::expr::{Expected, Message};
use crate::http::StatusCode;
use crate::policy::operand::{Operand, Typed};
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Flow, Public, Ran, Run, Stop};
use crate::policy::shape::{Content, Shape, attribute};
use crate::value::{JToken, Value};

pub use content::{VALIDATE_CONTENT, build_validate_content};
pub use headers::{VALIDATE_HEADERS, build_validate_headers};
pub use odata::{VALIDATE_ODATA_REQUEST, build_validate_odata_request};
pub use parameters::{VALIDATE_PARAMETERS, build_validate_parameters};
pub use status::{VALIDATE_STATUS_CODE, build_validate_status_code};

/// What a client is told that is not to know more.
const INTERNAL: &str = "The request could not be processed due to an internal error. Contact the API owner.";

/// The findings that one variable holds; what comes later is left out.
const VARIABLE_FINDINGS_MAX: usize = 100;

static NAMED_ACTION: Shape =
    Shape { attributes: &[attribute("name").required(), attribute("action").required()], content: Content::Empty };

/// What happens to what does not conform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// It is not looked at.
    Ignore,
    /// It ends the pipeline.
    Prevent,
    /// It is recorded.
    Detect,
}

impl Action {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Prevent => "prevent",
            Self::Detect => "detect",
        }
    }
}

impl Typed for Action {
    const EXPECTED: Expected = Expected::Text;

    fn from_literal(text: &str) -> Result<Self, String> {
        match text.trim() {
            "ignore" => Ok(Self::Ignore),
            "prevent" => Ok(Self::Prevent),
            "detect" => Ok(Self::Detect),
            other => Err(format!("`{other}` is not an action: expected `ignore`, `prevent` or `detect`")),
        }
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_literal(&value.to_string())
    }
}

/// Something that does not conform.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    name: String,
    kind: &'static str,
    rule: &'static str,
    /// For the variable and the trace.
    details: String,
    /// For the client.
    public: String,
    action: Action,
}

impl Finding {
    /// One that the client may know as it is.
    fn told(name: &str, kind: &'static str, rule: &'static str, details: String, action: Action) -> Self {
        Self { name: name.to_owned(), kind, rule, public: details.clone(), details, action }
    }

    /// One whose details are not the client's business.
    fn kept(name: &str, kind: &'static str, rule: &'static str, details: String, action: Action) -> Self {
        Self { name: name.to_owned(), kind, rule, public: INTERNAL.to_owned(), details, action }
    }

    /// One about a message: what is wrong with a response is not the client's business.
    fn about(
        message: Message,
        (name, kind): (&str, &'static str),
        rule: &'static str,
        details: String,
        action: Action,
    ) -> Self {
        match message {
            Message::Request => Self::told(name, kind, rule, details, action),
            Message::Response => Self::kept(name, kind, rule, details, action),
        }
    }

    fn token(&self) -> JToken {
        let object = JToken::object();
        let members = [
            ("Name", self.name.as_str()),
            ("Type", self.kind),
            ("ValidationRule", self.rule),
            ("Details", &self.details),
            ("Action", self.action.as_str()),
        ];
        for (name, text) in members {
            // INVARIANT: a new object takes new members.
            let _ = object.set_member(&Arc::from(name), &JToken::string(text));
        }
        object
    }
}

/// The variable that `errors-variable-name` names.
fn variable(reader: &Reader<'_, '_, '_>) -> Option<Arc<str>> {
    reader.literal("errors-variable-name").filter(|name| !name.is_empty())
}

/// Records the findings that are not ignored, and fails when one of them prevents.
fn conclude(run: &mut Run<'_>, message: Message, variable: Option<&Arc<str>>, mut findings: Vec<Finding>) -> Ran {
    findings.retain(|finding| finding.action != Action::Ignore);
    if findings.is_empty() {
        return Ok(Flow::Next);
    }
    for finding in &findings {
        let Finding { kind, rule, details, action, .. } = finding;
        run.trace(format!("{} {kind} {rule}: {details}", action.as_str()));
    }
    if let Some(variable) = variable {
        append(run.context, variable, &findings);
    }
    let prevented: Vec<&Finding> = findings.iter().filter(|finding| finding.action == Action::Prevent).collect();
    if prevented.is_empty() {
        return Ok(Flow::Next);
    }
    let (status, reason) = match message {
        Message::Request => (StatusCode::BAD_REQUEST, "Bad request"),
        Message::Response => (StatusCode::BAD_GATEWAY, "Response not allowed"),
    };
    let details: Vec<&str> = prevented.iter().map(|finding| finding.details.as_str()).collect();
    let mut public: Vec<&str> = prevented.iter().map(|finding| finding.public.as_str()).collect();
    public.dedup();
    let told = Public::Text(public.join(" "));
    Err(Stop::fail(Failure { public: told, ..Failure::new(status, reason, details.join(" ")) }))
}

// Decision: an array of objects, to which later policies append (fixtures/policy/validate-parameters.conversation).
fn append(context: &mut Context, variable: &Arc<str>, findings: &[Finding]) {
    let before = context.list_variable(variable);
    let room = VARIABLE_FINDINGS_MAX.saturating_sub(before.count());
    for finding in findings.iter().take(room) {
        // INVARIANT: an array takes tokens that stand nowhere else.
        let _ = before.add(&finding.token());
    }
    context.variables.insert(Arc::clone(variable), Value::Json(before));
}

/// Actions of single names, before one for all others.
#[derive(Clone, Debug)]
struct Actions {
    named: Vec<(Operand, Operand<Action>)>,
    specified: Option<Operand<Action>>,
    unspecified: Option<Operand<Action>>,
}

/// The same for one exchange.
#[derive(Clone)]
struct Decided {
    named: Vec<(Arc<str>, Action)>,
    specified: Action,
    unspecified: Action,
}

impl Actions {
    /// The children `child` of the element, each with a name and an action, and the two attributes for all others.
    fn read(reader: &mut Reader<'_, '_, '_>, child: &str, attributes: [&str; 2]) -> Self {
        let [specified, unspecified] = attributes.map(|name| reader.attribute(name));
        let mut named = Vec::new();
        for element in reader.element.elements().filter(|element| element.name == child) {
            let mut one = reader.at(element);
            if let (Some(name), Some(action)) = (one.attribute("name"), one.attribute("action")) {
                named.push((name, action));
            }
        }
        Self { named, specified, unspecified }
    }

    /// For this exchange; what is not said here is as in `outer`.
    fn get(&self, run: &mut Run<'_>, outer: Option<&Decided>) -> Result<Decided, Stop> {
        let mut named = Vec::with_capacity(self.named.len());
        for (name, action) in &self.named {
            named.push((name.get(run)?, action.get(run)?));
        }
        let mut of = |operand: &Option<Operand<Action>>, outer: Option<Action>| match operand {
            Some(operand) => operand.get(run),
            None => Ok(outer.unwrap_or(Action::Ignore)),
        };
        let specified = of(&self.specified, outer.map(|outer| outer.specified))?;
        let unspecified = of(&self.unspecified, outer.map(|outer| outer.unspecified))?;
        Ok(Decided { named, specified, unspecified })
    }
}

impl Decided {
    fn specified(&self, name: &str) -> Action {
        self.of(name).unwrap_or(self.specified)
    }

    fn unspecified(&self, name: &str) -> Action {
        self.of(name).unwrap_or(self.unspecified)
    }

    fn of(&self, name: &str) -> Option<Action> {
        self.named.iter().find(|(of, _)| of.eq_ignore_ascii_case(name)).map(|(_, action)| *action)
    }
}
