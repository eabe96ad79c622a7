//! `validate-headers`: the response's fields against what the operation declares of a response with this status.

use std::sync::Arc;

use crate::expr::Message;
use crate::http::{HeaderName, latin1};
use crate::policy::reader::Reader;
use crate::policy::run::{Flow, Ran, Run, Site};
use crate::policy::shape::{Content, Occurs, Shape, attribute, child};
use crate::policy::validate::parameter::Place;
use crate::policy::validate::parameters::judged;
use crate::policy::validate::{Actions, NAMED_ACTION, conclude, variable};
use crate::policy::{Built, Policy};

/// `validate-headers`
pub static VALIDATE_HEADERS: Shape = Shape {
    attributes: &[
        attribute("specified-header-action").required(),
        attribute("unspecified-header-action").required(),
        attribute("errors-variable-name").literal(),
    ],
    content: Content::Children(&[child("header", Occurs::Any, &NAMED_ACTION)]),
};

/// Judges the fields of a response.
#[derive(Clone, Debug)]
pub(super) struct ValidateHeaders {
    actions: Actions,
    variable: Option<Arc<str>>,
}

/// Compiles `validate-headers`.
pub fn build_validate_headers(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let actions = Actions::read(reader, "header", ["specified-header-action", "unspecified-header-action"]);
    Some(Arc::new(ValidateHeaders { actions, variable: variable(reader) }))
}

impl Policy for ValidateHeaders {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let actions = self.actions.get(run, None)?;
        let Some(response) = run.context.response.as_ref() else { return Ok(Flow::Next) };
        let status = response.status.as_u16();
        let declared = run.site.response(status);
        let declared = declared.map(|declared| declared.headers.as_slice()).unwrap_or_default();
        let mut findings = Vec::new();
        for parameter in declared {
            let name = HeaderName::from_bytes(parameter.name.as_bytes()).ok();
            let values: Vec<String> = name.iter().flat_map(|name| response.headers.get_all(name)).map(latin1).collect();
            findings.extend(judged(run, Place::ResponseHeader, parameter, &values, &actions));
        }
        for name in response.headers.keys().map(HeaderName::as_str) {
            if !declared.iter().any(|parameter| parameter.name.eq_ignore_ascii_case(name)) {
                findings.push(Place::ResponseHeader.unspecified(name, actions.unspecified(name)));
            }
        }
        conclude(run, Message::Response, self.variable.as_ref(), findings)
    }

    fn broken(&self, site: &Site, operation: &str) -> Vec<String> {
        let declared =
            site.responses.iter().flat_map(|response| response.headers.iter().map(|of| (response.status, of)));
        declared.filter_map(|(status, of)| Place::ResponseHeader.broken(site, operation, status, of)).collect()
    }
}
