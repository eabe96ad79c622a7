//! `cross-domain`: the file `/crossdomain.xml` that Flash and Silverlight clients ask a host for.

use std::sync::Arc;

use crate::context::{Body, ResponseView};
use crate::http::{Bytes, HeaderMap, HeaderValue, Method, StatusCode, header};
use crate::policy::reader::Reader;
use crate::policy::run::{Flow, Ran, Run, Stop};
use crate::policy::shape::{Content, Shape};
use crate::policy::{Built, Policy, Preflight};

/// Where clients look for it.
const PATH: &str = "/crossdomain.xml";

/// `cross-domain`
pub static CROSS_DOMAIN: Shape = Shape { attributes: &[], content: Content::Verbatim };

/// `cross-domain`
#[derive(Clone, Debug)]
pub struct CrossDomain {
    document: Bytes,
}

/// Compiles `<cross-domain>`.
pub fn build_cross_domain(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let element = reader.element;
    let mut children = element.elements();
    if children.next().is_none_or(|child| child.name != "cross-domain-policy") || children.next().is_some() {
        reader.reject("missing-element", "`cross-domain` holds one `cross-domain-policy`");
        return None;
    }
    let document = Bytes::from(format!("<?xml version=\"1.0\"?>\n{}", reader.inner_xml().trim()));
    Some(Arc::new(CrossDomain { document }))
}

impl Policy for CrossDomain {
    // Requests of APIs pass: the file stands beside them.
    fn run(&self, _run: &mut Run<'_>) -> Ran {
        Ok(Flow::Next)
    }

    fn unrouted(&self, run: &mut Run<'_>) -> Result<Preflight, Stop> {
        let request = &run.context.request;
        if request.method != Method::GET || request.original_url.path != PATH {
            return Ok(Preflight::NotConcerned);
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/x-cross-domain-policy"));
        let body = Body::Bytes(self.document.clone());
        run.context.response = Some(ResponseView { status: StatusCode::OK, reason: None, headers, body });
        Ok(Preflight::Answered)
    }
}
