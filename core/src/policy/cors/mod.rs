//! `cors`: which pages of other origins a browser lets call an API.
//!
//! A preflight is answered from the `cors` elements that stand directly in inbound, before anything else runs.
//! On any other request the element only leaves fields for the response; it refuses none but what `terminate-unmatched-request` says.

mod decision;

use std::sync::Arc;

use crate::context::ResponseView;
use crate::expr::Expected;
use crate::http::{HeaderMap, header};
use crate::policy::operand::{Operand, Typed, get_optional};
use crate::policy::reader::Reader;
use crate::policy::run::{Existing, Failure, Flow, Ran, Run, Stop, empty_response};
use crate::policy::shape::{Content, Occurs, Shape, TEXT, attribute, child};
use crate::policy::{Built, Policy, Preflight};
use crate::value::Value;
use decision::{Actual, AllowedOrigin, Credentials, Kind, Permission, Rules, Unmatched};

/// The longest time that a browser may be told to keep the answer to a preflight, in seconds.
pub const MAX_AGE_SECONDS_MAX: i64 = i32::MAX as i64;

/// `cors`
pub static CORS: Shape = Shape {
    attributes: &[attribute("allow-credentials"), attribute("terminate-unmatched-request")],
    content: Content::AnyOrder(&[
        child("allowed-origins", Occurs::Once, &ORIGINS),
        child("allowed-methods", Occurs::Optional, &METHODS),
        child("allowed-headers", Occurs::Once, &HEADERS),
        child("expose-headers", Occurs::Optional, &HEADERS),
    ]),
};

static ORIGINS: Shape =
    Shape { attributes: &[], content: Content::Children(&[child("origin", Occurs::OneOrMore, &TEXT)]) };
static METHODS: Shape = Shape {
    attributes: &[attribute("preflight-result-max-age")],
    content: Content::Children(&[child("method", Occurs::OneOrMore, &TEXT)]),
};
static HEADERS: Shape =
    Shape { attributes: &[], content: Content::Children(&[child("header", Occurs::OneOrMore, &TEXT)]) };

/// Lets pages of other origins call.
#[derive(Clone, Debug)]
pub struct Cors {
    credentials: Option<Operand<bool>>,
    terminate: Option<Operand<bool>>,
    origins: Vec<Operand<AllowedOrigin>>,
    methods: Vec<Operand>,
    max_age: Option<Operand<i64>>,
    headers: Vec<Operand>,
    expose_headers: Vec<Operand>,
}

/// Compiles `cors`.
pub fn build_cors(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let credentials = reader.attribute("allow-credentials");
    let terminate = reader.attribute("terminate-unmatched-request");
    let origins = reader.child("allowed-origins").map(|origins| reader.at(origins).texts("origin"));
    let methods = reader.child("allowed-methods");
    let max_age = methods.and_then(|methods| {
        let mut reader = reader.at(methods);
        let max_age = reader.attribute::<i64>("preflight-result-max-age");
        if let Some(seconds) = max_age.as_ref().and_then(Operand::known).filter(|seconds| !is_max_age(**seconds)) {
            reader.error("preflight-result-max-age", not_a_max_age(*seconds));
        }
        max_age
    });
    let methods = methods.map(|methods| reader.at(methods).texts("method")).unwrap_or_default();
    let headers = reader.child("allowed-headers").map(|headers| reader.at(headers).texts("header")).unwrap_or_default();
    let exposed = reader.child("expose-headers").map(|headers| reader.at(headers).texts("header")).unwrap_or_default();
    let origins = origins?;
    Some(Arc::new(Cors { credentials, terminate, origins, methods, max_age, headers, expose_headers: exposed }))
}

fn is_max_age(seconds: i64) -> bool {
    (0..=MAX_AGE_SECONDS_MAX).contains(&seconds)
}

fn not_a_max_age(seconds: i64) -> String {
    format!("`preflight-result-max-age` is `{seconds}`, expected 0 to {MAX_AGE_SECONDS_MAX} seconds")
}

impl Policy for Cors {
    /// Answers a preflight, or leaves it to the next `cors` in scope.
    fn preflight(&self, run: &mut Run<'_>) -> Result<Preflight, Stop> {
        let rules = self.rules(run)?;
        let headers = match decision::preflight(&rules, &run.context.request.headers) {
            Permission::Granted(headers) => headers,
            Permission::Denied => HeaderMap::new(),
            Permission::Undecided => return Ok(Preflight::NoMatch),
        };
        run.context.response = Some(ResponseView { headers, ..empty_response() });
        Ok(Preflight::Answered)
    }

    fn run(&self, run: &mut Run<'_>) -> Ran {
        // A preflight that gets here belongs to an operation that answers OPTIONS itself.
        let request = &run.context.request;
        if decision::kind(&request.method, &request.headers) == Kind::Preflight || is_answered(run) {
            return Ok(Flow::Next);
        }
        let rules = self.rules(run)?;
        let request = &run.context.request;
        match decision::actual(&rules, &request.method, &request.headers) {
            Actual::Serve(headers) | Actual::Pass(headers) => {
                leave(run, headers);
                Ok(Flow::Next)
            }
            Actual::Terminate => {
                run.context.response = Some(empty_response());
                Ok(Flow::Finish)
            }
        }
    }
}

impl Cors {
    fn rules(&self, run: &mut Run<'_>) -> Result<Rules, Stop> {
        let mut origins = Vec::with_capacity(self.origins.len());
        for origin in &self.origins {
            origins.push(origin.get(run)?);
        }
        let max_age = get_optional(self.max_age.as_ref(), run)?.unwrap_or(0);
        let Some(max_age) = u32::try_from(max_age).ok().filter(|_| is_max_age(max_age)) else {
            return Err(Stop::fail(Failure::expression(not_a_max_age(max_age))));
        };
        let credentials = get_optional(self.credentials.as_ref(), run)?.unwrap_or(false);
        let terminate = get_optional(self.terminate.as_ref(), run)?;
        Ok(Rules {
            origins,
            methods: texts(&self.methods, run)?,
            headers: texts(&self.headers, run)?,
            expose_headers: texts(&self.expose_headers, run)?,
            credentials: if credentials { Credentials::Allow } else { Credentials::Omit },
            max_age,
            unmatched: match terminate {
                Some(true) => Unmatched::Terminate,
                Some(false) => Unmatched::Continue,
                None => Unmatched::default(),
            },
        })
    }
}

fn texts(operands: &[Operand], run: &mut Run<'_>) -> Result<Vec<String>, Stop> {
    operands.iter().map(|operand| operand.get(run).map(|text| text.trim().to_owned())).collect()
}

// The first element that matches answers; the others in scope say nothing more.
fn is_answered(run: &Run<'_>) -> bool {
    run.state.response_headers.iter().any(|field| field.name == header::ACCESS_CONTROL_ALLOW_ORIGIN)
}

// The fields replace the backend's own, except that `Vary` is added to what it says.
fn leave(run: &mut Run<'_>, headers: HeaderMap) {
    for (name, value) in &headers {
        let said = run.state.response_headers.iter().any(|field| field.name == *name && field.value == *value);
        let existing = if *name == header::VARY { Existing::Kept } else { Existing::Replaced };
        if !said {
            run.set_response_header(name.clone(), value.clone(), existing);
        }
    }
}

impl Typed for AllowedOrigin {
    const EXPECTED: Expected = Expected::Text;

    fn from_literal(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|error| format!("`{text}` is not an origin: {error}"))
    }

    // What an expression makes of a request may be anything; it then matches nothing.
    fn from_value(value: &Value) -> Result<Self, String> {
        Ok(Self::parse(&value.to_string()).unwrap_or(Self::Never))
    }
}

#[cfg(test)]
mod tests;
