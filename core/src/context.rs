//! The object that an expression calls `context`, as plain data. The exchange owns it; policies change it; expressions read it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use indexmap::IndexMap;

use crate::config::authorization::Authorization;
use crate::config::model::{CertificateName, Logger};
use crate::http::{HeaderMap, Method, Url};
use crate::pki::chain::Trust;
use crate::pki::name::hex;
use crate::pki::{Certificate, ClientIdentity, Digest, Entropy};
use crate::rng::Uuid;
use crate::time::{Now, WallTime};
use crate::value::json::JKind;
use crate::value::{JToken, Object, UrlRef, Value};

pub use crate::http::message::{Body, ResponseView};
/// `context.LastError`, which the record of the request shows too.
pub use crate::telemetry::ErrorRecord as LastError;

/// Everything that an expression can see of one exchange.
#[derive(Clone, Debug)]
pub struct Context {
    /// `context.RequestId`
    pub request_id: Uuid,
    /// When the request arrived: `context.Timestamp`; `Elapsed` is measured from it.
    pub arrived: Now,
    /// `context.Request`
    pub request: RequestView,
    /// `context.Response`; absent until there is one.
    pub response: Option<ResponseView>,
    /// `context.Variables`, in the order set.
    pub variables: IndexMap<Arc<str>, Value>,
    /// `context.Api`
    pub api: Option<Arc<ApiView>>,
    /// `context.Operation`
    pub operation: Option<Arc<OperationView>>,
    /// `context.Product`
    pub product: Option<Arc<ProductView>>,
    /// `context.Subscription`
    pub subscription: Option<Arc<SubscriptionView>>,
    /// `context.User`; the owner of the subscription.
    pub user: Option<Arc<UserView>>,
    /// `context.Backend`; the entity that a policy has chosen.
    pub backend: Option<Arc<BackendView>>,
    /// `context.Workspace`; no API of a self-hosted gateway stands in one.
    pub workspace: Option<Arc<WorkspaceView>>,
    /// `context.GraphQL`; there is one while a resolver of a GraphQL field runs.
    pub graphql: Option<Arc<GraphQlView>>,
    /// `context.Tracing`
    pub tracing: bool,
    /// `context.Deployment`
    pub deployment: Arc<DeploymentView>,
    /// `context.LastError`
    pub last_error: Option<Box<LastError>>,
}

/// `context.Request`, as policies have made it so far.
#[derive(Clone, Debug)]
pub struct RequestView {
    /// `Method`
    pub method: Method,
    /// `Url`: where the request goes, as far as policies have said.
    pub url: Url,
    /// `OriginalUrl`: what the client asked for.
    pub original_url: Url,
    /// `Headers`
    pub headers: HeaderMap,
    /// `IpAddress`
    pub ip: String,
    /// `MatchedParameters`, decoded, in the order of the template.
    pub matched_parameters: IndexMap<String, String>,
    /// `Body`
    pub body: Body,
    /// `Certificate`: what the client showed in the TLS handshake, not verified.
    pub certificate: Option<Arc<CertificateView>>,
}

/// A certificate of the context, read once and shared by all who see it.
#[derive(Debug)]
pub struct CertificateView {
    /// The certificate.
    pub certificate: Arc<Certificate>,
    /// What was shown along with it, as a way to its root.
    pub chain: Vec<Arc<Certificate>>,
    /// What can be shown to a backend, when the private key is at hand.
    pub identity: Option<Arc<ClientIdentity>>,
    object: OnceLock<Object>,
}

impl CertificateView {
    /// A view of it.
    #[must_use]
    pub fn new(certificate: Certificate) -> Arc<Self> {
        Self::of(certificate, Vec::new(), None)
    }

    /// A view of it and of what came along with it.
    #[must_use]
    pub fn with_chain(certificate: Certificate, chain: Vec<Arc<Certificate>>) -> Arc<Self> {
        Self::of(certificate, chain, None)
    }

    /// A view of a certificate whose key the gateway has.
    #[must_use]
    pub fn with_identity(certificate: Certificate, identity: Option<Arc<ClientIdentity>>) -> Arc<Self> {
        Self::of(certificate, Vec::new(), identity)
    }

    fn of(certificate: Certificate, chain: Vec<Arc<Certificate>>, identity: Option<Arc<ClientIdentity>>) -> Arc<Self> {
        Arc::new(Self { certificate: Arc::new(certificate), chain, identity, object: OnceLock::new() })
    }

    /// Whether it is the one of this name.
    #[must_use]
    pub fn is_named(&self, id: &str, name: &CertificateName) -> bool {
        match name {
            CertificateName::Id(wanted) => id.eq_ignore_ascii_case(wanted),
            CertificateName::Thumbprint(wanted) => hex(&self.certificate.thumbprint(Digest::Sha1)) == *wanted,
        }
    }

    /// Its object, which `make` makes the first time: .NET shows the same one every time.
    pub(crate) fn object(&self, make: impl FnOnce() -> Object) -> &Object {
        self.object.get_or_init(make)
    }
}

/// `context.Api`
#[derive(Clone, Debug, Default)]
pub struct ApiView {
    /// `Id`
    pub id: String,
    /// `Name`
    pub name: String,
    /// `Path`
    pub path: String,
    /// `Revision`
    pub revision: String,
    /// `Version`; null when the API has none.
    pub version: Option<String>,
    /// `IsCurrentRevision`
    pub is_current_revision: bool,
    /// `ServiceUrl`
    pub service_url: Option<Url>,
    /// `Protocols`
    pub protocols: Vec<String>,
    /// `SubscriptionKeyParameterNames`: header and query.
    pub key_names: (String, String),
}

/// `context.Operation`
#[derive(Clone, Debug, Default)]
pub struct OperationView {
    /// `Id`
    pub id: String,
    /// `Name`
    pub name: String,
    /// `Method`
    pub method: String,
    /// `UrlTemplate`
    pub url_template: String,
}

/// `context.Product`
#[derive(Clone, Debug, Default)]
pub struct ProductView {
    /// `Id`
    pub id: String,
    /// `Name`
    pub name: String,
    /// `ApprovalRequired`
    pub approval_required: bool,
    /// `SubscriptionRequired`
    pub subscription_required: bool,
    /// `SubscriptionsLimit`
    pub subscriptions_limit: Option<i32>,
    /// `State` is `Published`
    pub published: bool,
    /// `Groups`
    pub groups: Vec<GroupView>,
    /// `Apis`
    pub apis: Vec<Arc<ApiView>>,
}

/// A group of users: of `context.Product` and `context.User`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupView {
    /// `Id`
    pub id: String,
    /// `Name`
    pub name: String,
}

/// `context.Subscription`. Its `Debug` does not show the keys.
#[derive(Clone, Default)]
pub struct SubscriptionView {
    /// `Id`
    pub id: String,
    /// `Name`
    pub name: String,
    /// `Key`: the one that the request carried.
    pub key: String,
    /// `PrimaryKey`
    pub primary_key: String,
    /// `SecondaryKey`
    pub secondary_key: String,
    /// `CreatedDate`
    pub created: Option<WallTime>,
    /// `StartDate`
    pub start: Option<WallTime>,
    /// `EndDate`
    pub end: Option<WallTime>,
}

impl fmt::Debug for SubscriptionView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscriptionView").field("id", &self.id).finish_non_exhaustive()
    }
}

/// `context.User`
#[derive(Clone, Debug, Default)]
pub struct UserView {
    /// `Id`
    pub id: String,
    /// `Email`
    pub email: String,
    /// `FirstName`
    pub first_name: String,
    /// `LastName`
    pub last_name: String,
    /// `Note`
    pub note: String,
    /// `RegistrationDate`
    pub registered: Option<WallTime>,
    /// `Groups`
    pub groups: Vec<GroupView>,
    /// `Identities`
    pub identities: Vec<IdentityView>,
}

/// One of `context.User.Identities`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityView {
    /// `Id`
    pub id: String,
    /// `Provider`, as in `Aad`.
    pub provider: String,
}

/// `context.Backend`
#[derive(Clone, Debug, Default)]
pub struct BackendView {
    /// `Id`
    pub id: String,
    /// `AzureRegion`
    pub azure_region: String,
    /// Whether `Type` is `Pool`.
    pub is_pool: bool,
}

/// `context.Workspace`
#[derive(Clone, Debug, Default)]
pub struct WorkspaceView {
    /// `Id`
    pub id: String,
    /// `Name`
    pub name: String,
}

/// `context.GraphQL`
#[derive(Clone, Debug)]
pub struct GraphQlView {
    /// `Arguments`, a JSON object.
    pub arguments: JToken,
    /// `Parent`; null for the fields that an operation begins with.
    pub parent: Option<JToken>,
}

/// `context.Deployment`
#[derive(Clone, Debug, Default)]
pub struct DeploymentView {
    /// `Gateway.Id`, and `GatewayId`
    pub gateway_id: String,
    /// `Gateway.InstanceId`
    pub instance_id: String,
    /// `Region`: the gateway's location.
    pub region: String,
    /// `ServiceName`
    pub service_name: String,
    /// `ServiceId`
    pub service_id: String,
    /// `Gateway.IsManaged`; never of a gateway, only of what the tools evaluate.
    pub is_managed: bool,
    /// `Certificates`, by their ids.
    pub certificates: IndexMap<String, Arc<CertificateView>>,
    /// The Event Hubs that policies write to, by lower-case id; no expression sees them.
    pub loggers: Arc<BTreeMap<String, Arc<Logger>>>,
    /// The connections to credential providers, by `provider/connection` in lower case; no expression sees them.
    pub authorizations: Arc<BTreeMap<String, Arc<Authorization>>>,
    /// What `VerifyNoRevocation` takes as proven: the gateway's authorities and the system's roots.
    pub trust: Trust,
    /// What the streams of secrets are keyed with.
    pub entropy: Entropy,
}

/// The query parameter that carries a subscription key when no API says otherwise (APIM's own default).
const KEY_PARAMETER: &str = "subscription-key";

impl Context {
    /// The query parameter that may hold a subscription key: no log shows its value.
    #[must_use]
    pub fn key_parameter(&self) -> &str {
        self.api.as_ref().map_or(KEY_PARAMETER, |api| &api.key_names.1)
    }

    /// The JSON array that a variable holds; a new one when it holds anything else, or nothing.
    #[must_use]
    pub fn list_variable(&self, name: &Arc<str>) -> JToken {
        match self.variables.get(name) {
            Some(Value::Json(token)) if token.kind() == JKind::Array => token.clone(),
            Some(_) | None => JToken::array(),
        }
    }

    /// The URL of this name, if there is one.
    #[must_use]
    pub fn url(&self, url: UrlRef) -> Option<&Url> {
        match url {
            UrlRef::Current => Some(&self.request.url),
            UrlRef::Original => Some(&self.request.original_url),
            UrlRef::Service => self.api.as_deref().and_then(|api| api.service_url.as_ref()),
        }
    }

    /// Time since the request arrived.
    #[must_use]
    pub const fn elapsed(&self, now: Now) -> Duration {
        now.instant.saturating_since(self.arrived.instant)
    }
}
