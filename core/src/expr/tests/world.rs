//! The context that fixtures run in, and the changes that a case may make to it.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::context::{
    ApiView, Body, Context, DeploymentView, LastError, OperationView, ProductView, RequestView, ResponseView,
};
use crate::context::{SubscriptionView, UserView};
use crate::expr::{Eval, Expected};
use crate::http::{Bytes, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Url};
use crate::rng::{Rng, Seed, Uuid};
use crate::time::{Instant, Now, WallTime};
use crate::value::Value;

pub(super) struct World {
    pub(super) context: Context,
    pub(super) expected: Expected,
    now: Now,
    rng: Rng,
}

impl World {
    pub(super) fn new() -> Self {
        let arrived = Now { instant: Instant::ZERO, wall: WallTime::from_unix_nanos(1_709_629_628_123_456_700) };
        let now = Now { instant: Instant::from_nanos(1_250_000_000), ..arrived };
        Self { context: context(arrived), expected: Expected::Any, now, rng: Seed(1).rng() }
    }

    pub(super) fn eval(&mut self) -> Eval<'_> {
        Eval { context: &self.context, now: self.now, rng: &mut self.rng }
    }

    /// `expect bool`, `body unread`, `body text …`, `var name string …`, `no response` …
    pub(super) fn change(&mut self, change: &str) {
        let (verb, rest) = change.split_once(' ').unwrap();
        match (verb, rest) {
            ("expect", "bool") => self.expected = Expected::Bool,
            ("expect", "int") => self.expected = Expected::Int,
            ("expect", "text") => self.expected = Expected::Text,
            ("body", "unread") => self.context.request.body = Body::Unread,
            ("body", "absent") => self.context.request.body = Body::Absent,
            ("body", "gone") => self.context.request.body = Body::Gone,
            ("body", text) => self.context.request.body = Body::Bytes(Bytes::copy_from_slice(text.as_bytes())),
            ("no", "response") => self.context.response = None,
            ("no", "product") => self.context.product = None,
            other => panic!("unknown change {other:?}"),
        }
    }
}

fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_static(value));
    }
    headers
}

fn context(arrived: Now) -> Context {
    let stored = ResponseView {
        status: StatusCode::NOT_FOUND,
        reason: None,
        headers: headers(&[("X-Stored", "yes")]),
        body: Body::Bytes(Bytes::from_static(b"{\"a\":[1,2.5,\"x\",true,null]}")),
    };
    let variables: IndexMap<Arc<str>, Value> = [
        ("str", Value::string("hello world")),
        ("empty", Value::string("")),
        ("i", Value::Int32(42)),
        ("long", Value::Int64(9_000_000_000)),
        ("dbl", Value::Double(2.5)),
        ("flag", Value::Bool(true)),
        ("null", Value::Null),
        ("r", Value::Response(Arc::new(stored))),
    ]
    .into_iter()
    .map(|(name, value)| (Arc::from(name), value))
    .collect();
    Context {
        request_id: Uuid(0x0f8f_ad5b_d9cb_469f_a165_7086_7728_950e),
        arrived,
        request: RequestView {
            method: Method::POST,
            url: Url::parse("https://backend.example.test:8443/base/orders/17?verbose=true&tag=a&tag=b&q=a%20b%2Bc")
                .unwrap(),
            original_url: Url::parse("https://contoso.azure-api.net/shop/orders/17").unwrap(),
            headers: headers(&[
                ("Accept", "application/json"),
                ("X-Multi", "one"),
                ("X-Multi", "two"),
                ("X-Empty", ""),
                ("X-Number", "42"),
            ]),
            ip: "203.0.113.9".to_owned(),
            matched_parameters: [("orderId".to_owned(), "17".to_owned())].into_iter().collect(),
            body: Body::Bytes(Bytes::from_static(br#"{"id":17,"name":"Widget","tags":["a","b"],"nothing":null}"#)),
        },
        response: Some(ResponseView {
            status: StatusCode::CREATED,
            reason: Some("Made".to_owned()),
            headers: headers(&[("Content-Type", "text/plain")]),
            body: Body::Unread,
        }),
        variables,
        api: Some(Arc::new(ApiView {
            id: "orders-v2".to_owned(),
            name: "Orders API".to_owned(),
            path: "shop/orders".to_owned(),
            revision: "3".to_owned(),
            version: None,
            is_current_revision: true,
            service_url: Some(Url::parse("https://backend.example.test:8443/base").unwrap()),
            protocols: vec!["https".to_owned()],
            key_names: ("Ocp-Apim-Subscription-Key".to_owned(), "subscription-key".to_owned()),
        })),
        operation: Some(Arc::new(OperationView { id: "get-order".to_owned(), ..OperationView::default() })),
        product: Some(Arc::new(ProductView {
            id: "gold".to_owned(),
            name: "Gold".to_owned(),
            subscriptions_limit: Some(5),
            published: true,
            ..ProductView::default()
        })),
        subscription: Some(Arc::new(SubscriptionView { id: "sub-1".to_owned(), ..SubscriptionView::default() })),
        user: Some(Arc::new(UserView { id: "u-1".to_owned() })),
        deployment: Arc::new(DeploymentView { region: "West Europe".to_owned(), ..DeploymentView::default() }),
        last_error: Some(Box::new(LastError { source: "set-header".to_owned(), ..LastError::default() })),
    }
}
