//! Policies that end the pipeline with a response of their own: return-response.

use std::sync::Arc;

use crate::context::ResponseView;
use crate::policy::Policy;
use crate::policy::compile::{Compiler, Target};
use crate::policy::dialect::Element;
use crate::policy::program::Op;
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Flow, Ran, Run, Stop, empty_response};
use crate::policy::shape::{Content, Occurs, Shape, attribute, child};
use crate::policy::transform;
use crate::value::Value;

/// `return-response`
pub static RETURN_RESPONSE: Shape = Shape {
    attributes: &[attribute("response-variable-name").literal()],
    content: Content::Children(&[
        child("set-status", Occurs::Optional, &transform::SET_STATUS),
        child("set-header", Occurs::Any, &transform::SET_HEADER),
        child("set-body", Occurs::Optional, &transform::SET_BODY),
    ]),
};

/// Compiles `<return-response>`: a draft that its children change, then the end of the pipeline. Until then expressions see
/// the response as it was.
pub fn build_return_response(compiler: &mut Compiler<'_>, element: &Element) {
    let variable = Reader { compiler, element }.literal("response-variable-name");
    compiler.emit(Op::Policy(Arc::new(BeginResponse { variable })), element);
    let outer = std::mem::replace(&mut compiler.target, Target::DraftResponse);
    compiler.parts(element, |reader| match reader.element.name.as_str() {
        "set-status" => transform::build_set_status(reader),
        "set-header" => transform::build_set_header(reader),
        "set-body" => transform::build_set_body(reader),
        _ => None,
    });
    compiler.target = outer;
    compiler.emit(Op::Policy(Arc::new(ReturnResponse)), element);
}

/// The beginning of a `return-response`.
#[derive(Clone, Debug)]
pub struct BeginResponse {
    variable: Option<Arc<str>>,
}

impl Policy for BeginResponse {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let draft = match &self.variable {
            None => empty_response(),
            Some(name) => stored_response(run, name)?,
        };
        run.state.draft_response = Some(Box::new(draft));
        Ok(Flow::Next)
    }
}

fn stored_response(run: &Run<'_>, name: &Arc<str>) -> Result<ResponseView, Stop> {
    match run.context.variables.get(name) {
        Some(Value::Response(response)) => Ok(ResponseView::clone(response)),
        // A send-request with ignore-error leaves null: then the answer starts from an empty one.
        None | Some(Value::Null) => Ok(empty_response()),
        Some(_) => Err(Stop::fail(Failure::expression(format!("the variable `{name}` holds no response")))),
    }
}

/// The end of a `return-response`.
#[derive(Clone, Copy, Debug)]
pub struct ReturnResponse;

impl Policy for ReturnResponse {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let draft = run.state.draft_response.take().map_or_else(empty_response, |draft| *draft);
        run.context.response = Some(draft);
        Ok(Flow::Finish)
    }
}
