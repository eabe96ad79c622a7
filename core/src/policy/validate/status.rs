//! `validate-status-code`: whether the operation declares the status of the response.

use std::sync::Arc;

use crate::expr::Message;
use crate::policy::operand::Operand;
use crate::policy::reader::Reader;
use crate::policy::run::{Flow, Ran, Run};
use crate::policy::shape::{Content, Occurs, Shape, attribute, child};
use crate::policy::validate::{Action, Finding, conclude, variable};
use crate::policy::{Built, Policy};

/// `validate-status-code`
pub static VALIDATE_STATUS_CODE: Shape = Shape {
    attributes: &[attribute("unspecified-status-code-action").required(), attribute("errors-variable-name").literal()],
    content: Content::Children(&[child("status-code", Occurs::Any, &STATUS_CODE)]),
};

static STATUS_CODE: Shape =
    Shape { attributes: &[attribute("code").required(), attribute("action").required()], content: Content::Empty };

/// Judges the status of a response.
#[derive(Clone, Debug)]
pub(super) struct ValidateStatusCode {
    unspecified: Operand<Action>,
    codes: Vec<(Operand<i64>, Operand<Action>)>,
    variable: Option<Arc<str>>,
}

/// Compiles `validate-status-code`.
pub fn build_validate_status_code(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let unspecified = reader.attribute("unspecified-status-code-action");
    let mut codes = Vec::new();
    for element in reader.element.elements().filter(|element| element.name == "status-code") {
        let mut one = reader.at(element);
        let (code, action) = (one.attribute::<i64>("code"), one.attribute("action"));
        if code.as_ref().and_then(Operand::known).is_some_and(|code| !(100..1000).contains(code)) {
            one.error("code", "expected a status code from 100 to 999");
        }
        codes.extend(code.zip(action));
    }
    Some(Arc::new(ValidateStatusCode { unspecified: unspecified?, codes, variable: variable(reader) }))
}

impl Policy for ValidateStatusCode {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let unspecified = self.unspecified.get(run)?;
        let mut codes = Vec::with_capacity(self.codes.len());
        for (code, action) in &self.codes {
            codes.push((code.get(run)?, action.get(run)?));
        }
        let Some(status) = run.context.response.as_ref().map(|response| response.status.as_u16()) else {
            return Ok(Flow::Next);
        };
        if run.site.response(status).is_some() {
            return Ok(Flow::Next);
        }
        let own = codes.iter().find(|(code, _)| *code == i64::from(status)).map(|(_, action)| *action);
        let details = format!("Response status code {status} is not allowed.");
        let action = own.unwrap_or(unspecified);
        let finding = Finding::kept(&status.to_string(), "StatusCode", "Unspecified", details, action);
        conclude(run, Message::Response, self.variable.as_ref(), vec![finding])
    }
}
