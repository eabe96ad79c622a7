//! `proxy`: the proxy that requests to backends go through. Connects to none.

use std::sync::Arc;

use crate::config::proxy::Proxy;
use crate::policy::compile::Target;
use crate::policy::effect::Route;
use crate::policy::operand::{Operand, get_optional};
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Flow, Ran, Run, Stop};
use crate::policy::shape::{Content, Shape, attribute};
use crate::policy::{Built, Policy};

/// `proxy`
pub static PROXY: Shape = Shape {
    attributes: &[attribute("url").required(), attribute("username"), attribute("password")],
    content: Content::Empty,
};

#[derive(Debug)]
struct SetProxy {
    url: Operand,
    username: Option<Operand>,
    password: Option<Operand>,
    target: Target,
}

/// Compiles `<proxy/>`.
pub fn build_proxy(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let url = reader.attribute::<Arc<str>>("url");
    let (username, password) = (reader.attribute("username"), reader.attribute("password"));
    if reader.element.attribute("password").is_some() && reader.element.attribute("username").is_none() {
        reader.error("password", "`password` goes with `username`");
    }
    let (url, target) = (url?, reader.target());
    if let Some(Err(message)) = url.known().map(|url| Proxy::parse(url, None, None)) {
        reader.error("url", message);
    }
    Some(Arc::new(SetProxy { url, username, password, target }))
}

impl Policy for SetProxy {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let url = self.url.get(run)?;
        let username = get_optional(self.username.as_ref(), run)?;
        let password = get_optional(self.password.as_ref(), run)?;
        let proxy = Proxy::parse(&url, username.as_deref(), password.as_deref())
            .map_err(|message| Stop::fail(Failure::internal("InvalidProxy", message)))?;
        if let Some((_, secret)) = &proxy.credentials {
            run.state.secrets.push(Arc::from(secret.0.as_str()));
        }
        let route = Route::Through(Arc::new(proxy));
        match (self.target, &mut run.state.draft_request) {
            (Target::DraftRequest, Some(draft)) => draft.route = route,
            (Target::DraftRequest, None) | (Target::Request | Target::Response | Target::DraftResponse, _) => {
                run.state.upstream.route = route;
            }
        }
        Ok(Flow::Next)
    }
}
