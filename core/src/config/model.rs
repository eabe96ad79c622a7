//! The typed view of a resource set: what the gateway compiles from. Plain data; `parse` makes it.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use crate::config::authorization::Authorization;
use crate::config::contract::{OperationResponse, RequestContract, SchemaDocument};
use crate::config::external_cache::RedisServer;
use crate::config::proxy::Proxy;
use crate::config::resource::{Origin, ResourceId};
use crate::config::secret::Secret;
use crate::http::{Method, Url};
use crate::time::WallTime;

/// Everything that one gateway serves, references resolved by name, named values not yet substituted into policies.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// The service's own facts, shown by `context.Deployment`.
    pub service: Service,
    /// The gateway that this process is.
    pub gateway: Gateway,
    /// The policy of the service scope.
    pub policy: Option<PolicyText>,
    /// The APIs that are assigned to the gateway, every revision that is online, in the order of their ids.
    pub apis: Vec<Api>,
    /// Products in the order of their ids.
    pub products: Vec<Product>,
    /// Subscriptions in the order of their ids.
    pub subscriptions: Vec<Subscription>,
    /// Groups of users in the order of their ids.
    pub groups: Vec<Group>,
    /// Users in the order of their ids.
    pub users: Vec<User>,
    /// Named values in the order of their ids.
    pub named_values: Vec<NamedValue>,
    /// Policy fragments in the order of their ids.
    pub fragments: Vec<Fragment>,
    /// Backend entities in the order of their ids.
    pub backends: Vec<Backend>,
    /// External caches in the order of their ids.
    pub caches: Vec<Cache>,
    /// Loggers that are Event Hubs, in the order of their ids.
    pub loggers: Vec<Logger>,
    /// Connections to credential providers, in the order of their ids.
    pub authorizations: Vec<Authorization>,
    /// Certificates with their private keys, for host names and for backends.
    pub certificates: Vec<Certificate>,
    /// The schema entities of the service, in the order of their ids.
    pub schemas: Vec<SchemaDocument>,
}

/// Facts of the APIM service.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// Its name, as in `contoso`.
    pub name: String,
}

/// The gateway resource.
#[derive(Clone, Debug, Default)]
pub struct Gateway {
    /// Its id, as in `gw1`.
    pub id: String,
    /// `locationData.name`, a free text.
    pub location: String,
    /// Host names with their certificates.
    pub hostnames: Vec<Hostname>,
    /// Certificate authorities (PEM) that client and backend certificates may chain to.
    pub authorities: Vec<Authority>,
    /// Who may have requests inspected.
    pub debug_credentials: Vec<DebugCredential>,
}

/// A right to have the requests of one API inspected, for a while (`debugCredentials`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebugCredential {
    /// SHA-256 of the token: the token itself is nowhere in a configuration.
    pub token_hash: [u8; 32],
    /// The API, by the name of its resource.
    pub api: String,
    /// Until when.
    pub expires: WallTime,
}

/// A host name of the gateway (`hostnameConfigurations`).
#[derive(Clone, Debug)]
pub struct Hostname {
    /// The host name, as in `api.contoso.com` or `*.contoso.com`.
    pub hostname: String,
    /// The id of the certificate that the gateway shows under this name.
    pub certificate: Option<String>,
    /// Whether a client certificate is asked for.
    pub negotiate_client_certificate: bool,
    /// Whether HTTP/2 is offered.
    pub http2: bool,
}

/// A certificate authority of the gateway.
#[derive(Clone, Debug)]
pub struct Authority {
    /// The id of its certificate.
    pub certificate: String,
    /// A trusted root, or an intermediate.
    pub trusted: bool,
}

/// A certificate of the service, with its private key where the provider could give it.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Its id.
    pub id: String,
    /// The chain in PEM, leaf first.
    pub chain_pem: String,
    /// The private key in PEM.
    pub key_pem: Option<Secret>,
}

/// A policy document as written.
#[derive(Clone, Debug)]
pub struct PolicyText {
    /// The document.
    pub text: Arc<str>,
    /// `xml` (expressions escaped) or `rawxml` (expressions as they are).
    pub format: PolicyFormat,
    /// Where it stands; diagnostics count lines and columns in `text`.
    pub origin: Origin,
}

/// The two forms of APIM policy documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyFormat {
    /// Well-formed XML.
    Xml,
    /// Expressions stand unescaped.
    #[default]
    RawXml,
}

/// One revision of an API.
#[derive(Clone, Debug)]
pub struct Api {
    /// The id without its revision, as in `echo`.
    pub name: String,
    /// The resource id, with `;rev=N` when this is not the current revision.
    pub id: ResourceId,
    /// The display name: `context.Api.Name`.
    pub display_name: String,
    /// The revision, as in `1`.
    pub revision: String,
    /// Whether this revision answers without `;rev=N`.
    pub is_current: bool,
    /// The path behind the gateway's host, without slashes at either end; may be empty.
    pub path: String,
    /// Whether it is served over plain HTTP, HTTPS, or both.
    pub protocols: Vec<Protocol>,
    /// What kind of API it is.
    pub kind: ApiKind,
    /// Where requests go when no policy says otherwise.
    pub service_url: Option<Url>,
    /// The version, when the API belongs to a version set; empty means the original version, which answers without identifier.
    pub version: Option<Version>,
    /// Whether a subscription key is needed.
    pub subscription_required: bool,
    /// The header that carries the key.
    pub key_header: String,
    /// The query parameter that carries the key.
    pub key_query: String,
    /// Host names that the API answers on; empty means all. (Of ours: `properties.holdfast.hosts`.)
    pub hosts: Vec<String>,
    /// The operations in the order of their ids.
    pub operations: Vec<Operation>,
    /// Its schema entities, in the order of their ids.
    pub schemas: Vec<SchemaDocument>,
    /// The resolvers of its GraphQL fields, in the order of their ids.
    pub resolvers: Vec<Resolver>,
    /// The policy of the API scope.
    pub policy: Option<PolicyText>,
    /// Where the API's own document stands.
    pub origin: Origin,
}

/// A resolver of a GraphQL field.
#[derive(Clone, Debug)]
pub struct Resolver {
    /// The id of its resource.
    pub id: ResourceId,
    /// The type that its field is of.
    pub of: String,
    /// The name of its field.
    pub field: String,
    /// What it does.
    pub policy: PolicyText,
    /// Where its document stands.
    pub origin: Origin,
}

/// A protocol of an API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// WebSocket.
    Ws,
    /// WebSocket over TLS.
    Wss,
}

/// The kind of an API: `properties.type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApiKind {
    /// REST.
    #[default]
    Http,
    /// SOAP pass-through.
    Soap,
    /// WebSocket pass-through.
    WebSocket,
    /// GraphQL.
    GraphQl,
    /// `OData`.
    OData,
    /// gRPC.
    Grpc,
}

/// An API's place in its version set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The id of the version set.
    pub set: String,
    /// The version, as in `v2`; empty for the original one.
    pub name: String,
    /// Where the request carries it.
    pub scheme: VersioningScheme,
}

/// Where a request carries the version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersioningScheme {
    /// The first path segment behind the API's path.
    Segment,
    /// This query parameter.
    Query(String),
    /// This header.
    Header(String),
}

/// One operation of an API.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its name: `context.Operation.Id`.
    pub name: String,
    /// The display name: `context.Operation.Name`.
    pub display_name: String,
    /// The method.
    pub method: Method,
    /// The URL template, as in `/orders/{id}`.
    pub url_template: String,
    /// What it declares of its request.
    pub request: RequestContract,
    /// What it may answer.
    pub responses: Vec<OperationResponse>,
    /// The policy of the operation scope.
    pub policy: Option<PolicyText>,
    /// Where the operation's own text stands.
    pub origin: Origin,
}

/// A product.
#[derive(Clone, Debug)]
pub struct Product {
    /// Its id.
    pub id: String,
    /// The display name.
    pub display_name: String,
    /// Whether a subscription is needed; an open product otherwise.
    pub subscription_required: bool,
    /// Whether subscriptions need approval.
    pub approval_required: bool,
    /// How many subscriptions one user may have.
    pub subscriptions_limit: Option<i32>,
    /// Whether it is published.
    pub published: bool,
    /// The names of its APIs, without revision.
    pub apis: Vec<String>,
    /// The ids of its groups.
    pub groups: Vec<String>,
    /// The policy of the product scope.
    pub policy: Option<PolicyText>,
}

/// A subscription.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Its id.
    pub id: String,
    /// The display name.
    pub display_name: String,
    /// What its keys open.
    pub scope: SubscriptionScope,
    /// Whether its keys count.
    pub active: bool,
    /// The primary key.
    pub primary_key: Option<Secret>,
    /// The secondary key.
    pub secondary_key: Option<Secret>,
    /// The id of the user who owns it.
    pub owner: Option<String>,
    /// When it was created.
    pub created: Option<WallTime>,
    /// When it began to count; shown, not enforced, as in APIM.
    pub start: Option<WallTime>,
    /// When it ended; shown, not enforced.
    pub end: Option<WallTime>,
}

/// A group of users.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its id.
    pub id: String,
    /// The display name.
    pub display_name: String,
    /// The ids of its users, as far as links of the group say.
    pub users: Vec<String>,
}

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// The id.
    pub id: String,
    /// The address.
    pub email: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// A remark.
    pub note: String,
    /// When the user was registered.
    pub registered: Option<WallTime>,
    /// What the user signs in with.
    pub identities: Vec<Identity>,
    /// The ids of groups, as far as the user's own document says.
    pub groups: Vec<String>,
}

/// What a user signs in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The id at the provider.
    pub id: String,
    /// The provider, as in `Aad`.
    pub provider: String,
}

/// What a subscription opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionScope {
    /// Every API of the service (`/apis`, or the service itself).
    AllApis,
    /// One API, by name.
    Api(String),
    /// The APIs of one product, by id.
    Product(String),
}

/// A named value: what `{{display-name}}` stands for in a policy.
#[derive(Clone, Debug)]
pub struct NamedValue {
    /// Its id.
    pub id: String,
    /// The name between the braces.
    pub display_name: String,
    /// The value; `None` when a secret's value could not be had.
    pub value: Option<Secret>,
    /// Whether it must not be shown.
    pub secret: bool,
}

/// A policy fragment.
#[derive(Clone, Debug)]
pub struct Fragment {
    /// Its id.
    pub id: String,
    /// The document, rooted in `<fragment>`.
    pub policy: PolicyText,
}

/// An external cache.
#[derive(Clone, Debug)]
pub struct Cache {
    /// Its id.
    pub id: String,
    /// `default`, or the location of the gateways that use it (`useFromLocation`).
    pub location: String,
    /// Where it is.
    pub server: RedisServer,
}

/// A backend entity.
#[derive(Clone, Debug)]
pub struct Backend {
    /// Its id.
    pub id: String,
    /// Where it is; `None` for a pool.
    pub url: Option<Url>,
    /// The backends behind it, of a pool.
    pub pool: Option<Pool>,
    /// When it gets no calls.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// Fields added to every request.
    pub headers: Vec<(String, Secret)>,
    /// Query parameters added to every request.
    pub query: Vec<(String, Secret)>,
    /// `Authorization: {scheme} {parameter}`.
    pub authorization: Option<(String, Secret)>,
    /// The identity of the gateway whose token goes with every request, instead of `authorization`.
    pub managed_identity: Option<ManagedIdentity>,
    /// The proxy that it is behind.
    pub proxy: Option<Arc<Proxy>>,
    /// The certificates that the gateway may show it in the TLS handshake.
    pub certificates: Vec<CertificateName>,
    /// Whether the chain of its certificate is checked.
    pub validate_certificate_chain: bool,
    /// Whether its certificate must name its host.
    pub validate_certificate_name: bool,
}

/// An identity that the platform gives the gateway, and what its token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedIdentity {
    /// The resource, as in `https://management.azure.com/`.
    pub resource: String,
    /// The client id of a user-assigned identity; `None` means the one that the system has assigned.
    pub client: Option<String>,
}

/// A logger: an Event Hub that policies write to.
#[derive(Clone, Debug)]
pub struct Logger {
    /// Its id.
    pub id: String,
    /// The namespace, as in `https://shop.servicebus.windows.net`.
    pub endpoint: Url,
    /// The name of the hub in it.
    pub hub: String,
    /// What opens it.
    pub credential: HubCredential,
}

/// What opens an Event Hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HubCredential {
    /// A key for shared access signatures.
    Key {
        /// The name of the key.
        name: String,
        /// The key.
        key: Secret,
    },
    /// The gateway's managed identity.
    Identity {
        /// The client id of a user-assigned one; `None` means the one that the system has assigned.
        client: Option<Arc<str>>,
    },
}

/// How a certificate of the service is named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateName {
    /// By its id, in lower case.
    Id(String),
    /// By the SHA-1 of its leaf, in upper-case hex digits.
    Thumbprint(String),
}

impl CertificateName {
    /// The name by an id in any case.
    #[must_use]
    pub fn of_id(id: &str) -> Self {
        Self::Id(id.trim().to_ascii_lowercase())
    }

    /// The name by a thumbprint in any case, with or without colons and spaces.
    #[must_use]
    pub fn of_thumbprint(text: &str) -> Self {
        let digits = text.chars().filter(char::is_ascii_hexdigit);
        Self::Thumbprint(digits.map(|digit| digit.to_ascii_uppercase()).collect())
    }
}

impl std::fmt::Display for CertificateName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(f, "certificate `{id}`"),
            Self::Thumbprint(digits) => write!(f, "certificate with the thumbprint `{digits}`"),
        }
    }
}

impl Backend {
    /// Its id in lower case: what it is found by.
    #[must_use]
    pub fn key(&self) -> String {
        self.id.to_ascii_lowercase()
    }
}

/// Backends that share the calls to a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// At least one, at most 30.
    pub members: Vec<Member>,
    /// The name of the cookie that keeps a client with its backend.
    pub affinity: Option<String>,
}

/// A backend in a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The lower-case id of a backend that is no pool.
    pub backend: String,
    /// Its share among members of the same priority, 0 to 100.
    pub weight: u32,
    /// Members of the lowest number get the calls while one of them can take any, 0 to 100.
    pub priority: u32,
}

/// When a backend gets no calls for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CircuitBreaker {
    /// Failures within the interval that trip it.
    pub count: Option<u64>,
    /// The share of failures among the calls within the interval that trips it, in percent.
    pub percentage: Option<u64>,
    /// How long failures count.
    pub interval: Duration,
    /// Answers that are failures.
    pub statuses: Vec<RangeInclusive<u16>>,
    /// Reasons of `context.LastError` that are failures.
    pub reasons: Vec<String>,
    /// How long no calls go there once it has tripped.
    pub trip: Duration,
    /// Whether the `Retry-After` of the answer that trips it says how long instead.
    pub accept_retry_after: bool,
}
