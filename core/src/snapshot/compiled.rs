//! The parts of a snapshot that an exchange reads: APIs, operations, products, subscriptions. Plain shared data; `build` makes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::ResourceId;
use crate::config::contract::{OperationResponse, RequestContract};
use crate::config::model::{ApiKind, Backend};
use crate::context::{ApiView, OperationView, ProductView, SubscriptionView, UserView};
use crate::http::Url;
use crate::http::template::UrlTemplate;
use crate::policy::Program;
use crate::policy::graphql::Resolvers;
use crate::policy::schema::SchemaSet;
use crate::route::{RouteApi, SubscriptionRequirement};

/// One revision of an API, ready to serve. Shared between snapshots for as long as nothing that it was compiled from changes.
#[derive(Debug)]
pub struct CompiledApi {
    /// The resource id, `;rev=N` included.
    pub id: ResourceId,
    /// The name without revision.
    pub name: Arc<str>,
    /// `context.Api`
    pub view: Arc<ApiView>,
    /// What kind of API it is.
    pub kind: ApiKind,
    /// Where requests go when no policy says otherwise.
    pub service_url: Option<Url>,
    /// The backend entity that has this URL, if one does.
    pub implied: Option<Arc<Backend>>,
    /// Whether a key is needed.
    pub subscription: SubscriptionRequirement,
    /// The header that carries the key.
    pub key_header: String,
    /// The query parameter that carries the key.
    pub key_query: String,
    /// The policy of the API scope.
    pub program: Option<Arc<Program>>,
    /// The resolvers of a synthetic GraphQL API; none when a backend answers.
    pub resolvers: Option<Arc<Resolvers>>,
    /// The operations, in the order of the API's own list.
    pub operations: Vec<CompiledOperation>,
    /// The schema entities that its policies may name, and what was compiled of all its schemas.
    pub schemas: Arc<SchemaSet>,
    /// The backend entities of the revision that the API comes from, by lower-case id.
    pub backends: Arc<BTreeMap<String, Arc<Backend>>>,
    /// What the route table is built from; its index counts in no snapshot.
    pub route: RouteApi,
}

/// One operation, ready to serve.
#[derive(Clone, Debug)]
pub struct CompiledOperation {
    /// `context.Operation`
    pub view: Arc<OperationView>,
    /// Its URL template.
    pub template: Arc<UrlTemplate>,
    /// What it declares of its request.
    pub request: Arc<RequestContract>,
    /// What it may answer.
    pub responses: Arc<[OperationResponse]>,
    /// The policy of the operation scope.
    pub program: Option<Arc<Program>>,
}

/// A product.
#[derive(Clone, Debug)]
pub struct CompiledProduct {
    /// `context.Product`
    pub view: Arc<ProductView>,
    /// The policy of the product scope.
    pub program: Option<Arc<Program>>,
}

/// A subscription, as seen with each of its keys.
#[derive(Clone, Debug)]
pub struct CompiledSubscription {
    /// `context.Subscription` of a request with the primary key.
    pub primary: Arc<SubscriptionView>,
    /// `context.Subscription` of a request with the secondary key.
    pub secondary: Arc<SubscriptionView>,
    /// `context.User`
    pub user: Option<Arc<UserView>>,
}

impl CompiledSubscription {
    /// `context.Subscription` of a request that carries `key`.
    #[must_use]
    pub fn view(&self, key: &str) -> &Arc<SubscriptionView> {
        if self.secondary.key == key { &self.secondary } else { &self.primary }
    }
}
