//! What templates call `context`.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::context::{Body, Context};
use crate::http::{HeaderMap, Url, joined};
use crate::policy::liquid::item::Item;

/// The object `context`.
pub(super) fn context(context: &Context) -> Item {
    let request = &context.request;
    let matched =
        request.matched_parameters.iter().map(|(name, value)| (Arc::from(name.as_str()), Item::text(value.as_str())));
    let has_body = !matches!(request.body, Body::Absent);
    let request_item = Item::object([
        ("Method", Item::text(request.method.as_str())),
        ("OriginalMethod", Item::text(request.method.as_str())),
        ("Url", url(&request.url)),
        ("OriginalUrl", url(&request.original_url)),
        ("IpAddress", Item::text(request.ip.as_str())),
        ("MatchedParameters", Item::Object(Arc::new(matched.collect()))),
        ("HasBody", Item::Bool(has_body)),
        ("Headers", headers(&request.headers)),
    ]);
    let response = context.response.as_ref().map_or(Item::Nil, |response| {
        Item::object([
            ("StatusCode", Item::Int(i64::from(response.status.as_u16()))),
            ("StatusReason", Item::text(response.reason.as_deref().unwrap_or(""))),
            ("Headers", headers(&response.headers)),
        ])
    });
    let variables = context.variables.iter().map(|(name, value)| (Arc::clone(name), Item::of_value(value)));
    let variables = Item::Object(Arc::new(variables.collect()));
    Item::object([("Request", request_item), ("Response", response), ("Variables", variables)])
}

fn url(url: &Url) -> Item {
    let query = url.query.as_deref().unwrap_or("");
    let pairs = crate::http::Query::new(url.query.as_deref());
    let mut members: IndexMap<Arc<str>, Item> = IndexMap::new();
    for pair in pairs.pairs() {
        let name: Arc<str> = Arc::from(crate::http::percent::decode_form(pair.name).as_ref());
        members.entry(name).or_insert_with(|| Item::text(pair.decoded_value().as_ref()));
    }
    Item::object([
        ("Scheme", Item::text(url.scheme.as_str())),
        ("Host", Item::text(url.host.as_str())),
        ("Port", Item::Int(i64::from(url.port))),
        ("Path", Item::text(url.path.as_str())),
        ("Query", Item::Object(Arc::new(members))),
        ("QueryString", Item::text(if query.is_empty() { String::new() } else { format!("?{query}") })),
        ("ToUri", Item::text(url.to_string())),
        ("ToString", Item::text(url.to_string())),
    ])
}

fn headers(headers: &HeaderMap) -> Item {
    let fields =
        headers.keys().map(|name| (Arc::from(name.as_str()), Item::text(joined(headers, name).unwrap_or_default())));
    Item::Object(Arc::new(fields.collect()))
}
