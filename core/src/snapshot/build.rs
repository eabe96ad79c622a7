//! From a parsed configuration to the parts of a snapshot. Knows nothing of older revisions except what it is told to take over.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::config::authorization::{Authorization, Grant};
use crate::config::contract::{GRAPHQL_SCHEMA, SchemaDocument};
use crate::config::external_cache::ExternalCache;
use crate::config::model::{
    self, Api, ApiKind, Backend, Configuration, HubCredential, Logger, Operation, Product, Subscription, User,
};
use crate::config::secret::Secret;
use crate::context::{
    ApiView, CertificateView, DeploymentView, GroupView, IdentityView, OperationView, ProductView, SubscriptionView,
    UserView,
};
use crate::diagnostic::Diagnostic;
use crate::http::Url;
use crate::pki::chain::Trust;
use crate::pki::{Certificate, ClientIdentity};
use crate::policy::run::Site;
use crate::policy::schema::{SchemaSet, shortened};
use crate::policy::{Program, Scope, graphql};
use crate::route::{RouteApi, SubscriptionRequirement};
use crate::snapshot::hidden::template_place;
use crate::snapshot::programs::{Entities, Programs};
use crate::snapshot::resolvers;
use crate::snapshot::{CompiledApi, CompiledOperation, CompiledProduct, CompiledSubscription, Identity};
use crate::span::Span;

/// What documents refer to beside backends and fragments.
pub(super) struct Referred {
    certificates: Certificates,
    loggers: Loggers,
    authorizations: Authorizations,
    pub(super) external_cache: Option<Arc<ExternalCache>>,
}

impl Referred {
    pub(super) fn new(configuration: &Configuration) -> Self {
        Self {
            certificates: certificates(configuration),
            loggers: loggers(configuration),
            authorizations: authorizations(configuration),
            external_cache: external_cache(configuration),
        }
    }

    /// With the backends, all that the compiler of documents looks into.
    pub(super) fn entities<'e>(&'e self, backends: &'e Backends) -> Entities<'e> {
        Entities {
            backends,
            certificates: &self.certificates,
            loggers: &self.loggers,
            authorizations: &self.authorizations,
            external: self.external_cache.as_ref().into(),
        }
    }
}

/// The most schemas of one API that are told to be broken.
const BROKEN_MAX: usize = 20;

pub(super) type Backends = Arc<BTreeMap<String, Arc<Backend>>>;

/// The backend entities by lower-case id.
pub(super) fn backends(configuration: &Configuration) -> Backends {
    let pair = |backend: &Backend| (backend.id.to_ascii_lowercase(), Arc::new(backend.clone()));
    Arc::new(configuration.backends.iter().map(pair).collect())
}

/// The loggers that are Event Hubs, by lower-case id.
pub(super) type Loggers = Arc<BTreeMap<String, Arc<Logger>>>;

/// The loggers that are Event Hubs.
fn loggers(configuration: &Configuration) -> Loggers {
    let pair = |logger: &Logger| (logger.id.to_ascii_lowercase(), Arc::new(logger.clone()));
    Arc::new(configuration.loggers.iter().map(pair).collect())
}

/// The connections to credential providers, by `provider/connection` in lower case.
pub(super) type Authorizations = Arc<BTreeMap<String, Arc<Authorization>>>;

/// The connections to credential providers.
fn authorizations(configuration: &Configuration) -> Authorizations {
    let pair = |connection: &Authorization| (connection.key(), Arc::new(connection.clone()));
    Arc::new(configuration.authorizations.iter().map(pair).collect())
}

/// The certificates of the service by their ids.
pub(super) type Certificates = IndexMap<String, Arc<CertificateView>>;

/// The certificates of the service; one that cannot be read is not there, what needs it says so itself.
fn certificates(configuration: &Configuration) -> Certificates {
    configuration.certificates.iter().filter_map(view).collect()
}

/// `context.Deployment`
pub(super) fn deployment(configuration: &Configuration, identity: &Identity, entities: Entities<'_>) -> DeploymentView {
    DeploymentView {
        gateway_id: identity.gateway_id.clone(),
        instance_id: identity.instance_id.clone(),
        region: configuration.gateway.location.clone(),
        service_name: configuration.service.name.clone(),
        service_id: configuration.service.name.clone(),
        is_managed: false,
        certificates: entities.certificates.clone(),
        loggers: Arc::clone(entities.loggers),
        authorizations: Arc::clone(entities.authorizations),
        trust: trust(configuration, identity),
        entropy: identity.entropy,
    }
}

/// The external cache of the gateway: that of its location, else the one for all locations.
fn external_cache(configuration: &Configuration) -> Option<Arc<ExternalCache>> {
    // Azure writes `West Europe` and `westeurope`.
    let plain = |name: &str| name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let named = |location: &str| configuration.caches.iter().find(|cache| plain(&cache.location) == plain(location));
    let model::Gateway { id, location, .. } = &configuration.gateway;
    let found = Some(location).filter(|location| !location.is_empty()).and_then(|location| named(location));
    let found = found.or_else(|| named("default"))?;
    let service = Some(&configuration.service.name).filter(|name| !name.is_empty()).unwrap_or(id);
    let prefix = Arc::from(format!("holdfast:{service}:"));
    Some(Arc::new(ExternalCache { id: Arc::from(found.id.as_str()), server: found.server.clone(), prefix }))
}

/// The values that no inspection shows: secret named values, and the credentials of backends, caches, loggers and
/// connections.
pub(super) fn secrets(configuration: &Configuration) -> Vec<Arc<str>> {
    let named = configuration.named_values.iter().filter(|named| named.secret).filter_map(|named| named.value.as_ref());
    let of_backend = |backend: &'_ Backend| {
        let fields = backend.headers.iter().chain(&backend.query).chain(&backend.authorization);
        let proxy = backend.proxy.as_ref().and_then(|proxy| proxy.credentials.as_ref());
        fields.chain(proxy).map(|(_, secret)| Arc::from(secret.0.as_str())).collect::<Vec<Arc<str>>>()
    };
    let named = named.map(|secret| Arc::from(secret.0.as_str()));
    let of_caches = configuration.caches.iter().filter_map(|cache| cache.server.password.as_ref());
    let of_caches = of_caches.map(|password| Arc::from(password.0.as_str()));
    let of_logger = |logger: &Logger| match &logger.credential {
        HubCredential::Key { key: Secret(key), .. } => Some(Arc::from(key.as_str())),
        HubCredential::Identity { .. } => None,
    };
    let of_loggers = configuration.loggers.iter().filter_map(of_logger);
    let of_backends = configuration.backends.iter().flat_map(of_backend);
    let of_connections = configuration.authorizations.iter().filter_map(|connection| match &connection.grant {
        Grant::Client(grant) => Some(Arc::from(grant.secret.0.as_str())),
        Grant::Consent => None,
    });
    named.chain(of_backends).chain(of_caches).chain(of_loggers).chain(of_connections).collect()
}

fn view(of: &model::Certificate) -> Option<(String, Arc<CertificateView>)> {
    let key = of.key_pem.as_ref().map(|key| key.0.as_str());
    let certificate = Certificate::of_pem(&of.chain_pem, key)?;
    let identity = key.and_then(|key| ClientIdentity::of_pem(&of.chain_pem, key)).map(Arc::new);
    Some((of.id.clone(), CertificateView::with_identity(certificate, identity)))
}

// The system's roots, and the gateway's authorities: a trusted one is a root, another one links.
fn trust(configuration: &Configuration, identity: &Identity) -> Trust {
    let mut trust = Trust { roots: identity.roots.to_vec(), intermediates: Vec::new() };
    for authority in &configuration.gateway.authorities {
        let found = configuration.certificates.iter().find(|of| of.id == authority.certificate);
        for certificate in found.map(|of| Certificate::all_of_pem(&of.chain_pem)).unwrap_or_default() {
            let list = if authority.trusted { &mut trust.roots } else { &mut trust.intermediates };
            list.push(Arc::new(certificate));
        }
    }
    trust
}

/// Compiles an API with all its operations.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn api(
    api: &Api,
    shared: &[SchemaDocument],
    programs: &mut Programs<'_>,
    backends: &Backends,
) -> Result<CompiledApi, Vec<Diagnostic>> {
    let mut errors = unsupported_kind(api);
    let graphql = graphql_schema(api).unwrap_or_else(|error| {
        errors.push(error);
        None
    });
    let mut keep = |result: Result<_, Vec<Diagnostic>>| {
        result.unwrap_or_else(|found| {
            errors.extend(found);
            None
        })
    };
    let program = keep(programs.program(api.policy.as_ref(), Scope::Api));
    let of_resolvers: Vec<_> =
        api.resolvers.iter().map(|of| keep(programs.program(Some(&of.policy), Scope::Resolver))).collect();
    let of_operations: Vec<_> =
        api.operations.iter().map(|of| keep(programs.program(of.policy.as_ref(), Scope::Operation))).collect();
    let route = match RouteApi::new(0, api) {
        Ok(route) => route,
        Err(bad) => {
            errors.extend(bad.iter().map(|bad| bad_template(api, bad.operation, &bad.error)));
            return Err(errors);
        }
    };
    errors.extend(resolvers::misplaced(api, graphql.as_ref()));
    errors.extend(resolvers::unheard(api, &of_resolvers, graphql.as_ref()));
    if !errors.is_empty() {
        return Err(errors);
    }
    let templates = route.operations.iter().map(|operation| Arc::new(operation.template.clone()));
    let operations = api.operations.iter().zip(templates).zip(of_operations);
    let operations = operations.map(|((operation, template), program)| CompiledOperation {
        view: Arc::new(operation_view(operation)),
        template,
        request: Arc::new(operation.request.clone()),
        responses: operation.responses.clone().into(),
        program,
    });
    Ok(CompiledApi {
        id: api.id.clone(),
        name: Arc::from(api.name.as_str()),
        view: Arc::new(api_view(api)),
        kind: api.kind,
        service_url: api.service_url.clone(),
        implied: api.service_url.as_ref().and_then(|url| implied(url, backends)),
        subscription: match api.subscription_required {
            true => SubscriptionRequirement::Required,
            false => SubscriptionRequirement::Optional,
        },
        key_header: api.key_header.clone(),
        key_query: api.key_query.clone(),
        program,
        resolvers: resolvers::compiled(api, of_resolvers),
        operations: operations.collect(),
        schemas: Arc::new(SchemaSet::new(shared.iter().chain(&api.schemas)).with_graphql(graphql)),
        backends: Arc::clone(backends),
        route,
    })
}

/// The programs of broader scopes.
pub(super) struct Outer<'a> {
    /// The service's.
    pub(super) service: Option<&'a Arc<Program>>,
    /// Those of the products.
    pub(super) products: &'a [CompiledProduct],
}

/// The schemas that policies of an API need and that do not compile.
pub(super) fn broken_schemas(api: &Api, made: &CompiledApi, outer: &Outer<'_>) -> Vec<Diagnostic> {
    let of_product = |product: &&CompiledProduct| product.view.apis.iter().any(|of| of.id == made.view.id);
    let products = outer.products.iter().filter(of_product).filter_map(|product| product.program.as_ref());
    let shared: Vec<&Arc<Program>> = outer.service.into_iter().chain(products).chain(&made.program).collect();
    let mut broken: Vec<String> = Vec::new();
    for operation in &made.operations {
        let site = Site {
            backends: Arc::clone(&made.backends),
            request: Arc::clone(&operation.request),
            responses: Arc::clone(&operation.responses),
            schemas: Arc::clone(&made.schemas),
            template: Some(Arc::clone(&operation.template)),
            ..Site::default()
        };
        for program in shared.iter().copied().chain(&operation.program) {
            for found in program.policies().flat_map(|policy| policy.broken(&site, &operation.view.id)) {
                if !broken.contains(&found) && broken.len() < BROKEN_MAX {
                    broken.push(found);
                }
            }
        }
    }
    broken.into_iter().map(|message| Diagnostic::error("schema", Arc::clone(&api.origin.file), message)).collect()
}

// Decision, after a tip of the original's pages: an entity with the very URL of the service is the one that is meant
// (fixtures/policy/backend-implied.conversation).
fn implied(service: &Url, backends: &Backends) -> Option<Arc<Backend>> {
    let path = |url: &Url| url.path.trim_end_matches('/').to_owned();
    let is_same = |url: &Url| {
        (url.scheme, url.port, &url.query) == (service.scheme, service.port, &service.query)
            && url.host.eq_ignore_ascii_case(&service.host)
            && path(url) == path(service)
    };
    backends.values().find(|backend| backend.url.as_ref().is_some_and(is_same)).cloned()
}

fn unsupported_kind(api: &Api) -> Vec<Diagnostic> {
    let kind = match api.kind {
        ApiKind::Http | ApiKind::Soap | ApiKind::OData | ApiKind::GraphQl => return Vec::new(),
        ApiKind::WebSocket => "websocket",
        ApiKind::Grpc => "grpc",
    };
    let message = format!("APIs of the type `{kind}` are not supported yet");
    vec![Diagnostic::error("unsupported-api", Arc::clone(&api.origin.file), message)]
}

fn graphql_schema(api: &Api) -> Result<Option<graphql::Schema>, Diagnostic> {
    let texts = api.schemas.iter().filter(|schema| schema.content_type.eq_ignore_ascii_case(GRAPHQL_SCHEMA));
    let Some(text) = texts.filter_map(|schema| schema.document.as_str()).next() else { return Ok(None) };
    let schema = graphql::Schema::parse(text).map_err(|why| {
        let message = format!("the GraphQL schema of `{}` cannot be used: {}", api.id, shortened(&why));
        Diagnostic::error("graphql-schema", Arc::clone(&api.origin.file), message)
    })?;
    Ok(Some(schema))
}

fn bad_template(api: &Api, operation: usize, error: &crate::http::template::TemplateError) -> Diagnostic {
    let Some(operation) = api.operations.get(operation) else {
        return Diagnostic::error("url-template", Arc::clone(&api.origin.file), error.to_string());
    };
    let file = Arc::clone(&operation.origin.file);
    let message = format!("`{}` is no URL template: {error}", operation.url_template);
    let diagnostic = Diagnostic::error("url-template", file, message);
    match template_place(operation) {
        Some((text, at)) => diagnostic.at(text, Span::new(at + error.offset, at + error.offset)),
        None => diagnostic,
    }
}

fn api_view(api: &Api) -> ApiView {
    ApiView {
        id: api.id.name().to_owned(),
        name: api.display_name.clone(),
        path: api.path.clone(),
        revision: api.revision.clone(),
        version: api.version.as_ref().map(|version| version.name.clone()).filter(|name| !name.is_empty()),
        is_current_revision: api.is_current,
        service_url: api.service_url.clone(),
        protocols: api.protocols.iter().map(|protocol| format!("{protocol:?}").to_ascii_lowercase()).collect(),
        key_names: (api.key_header.clone(), api.key_query.clone()),
    }
}

fn operation_view(operation: &Operation) -> OperationView {
    OperationView {
        id: operation.name.clone(),
        name: operation.display_name.clone(),
        method: operation.method.to_string(),
        url_template: operation.url_template.clone(),
    }
}

/// Compiles a product.
///
/// # Errors
/// Everything that is wrong with its policy.
pub(super) fn product(
    product: &Product,
    configuration: &Configuration,
    programs: &mut Programs<'_>,
) -> Result<CompiledProduct, Vec<Diagnostic>> {
    let program = programs.program(product.policy.as_ref(), Scope::Product)?;
    let view = ProductView {
        id: product.id.clone(),
        name: product.display_name.clone(),
        approval_required: product.approval_required,
        subscription_required: product.subscription_required,
        subscriptions_limit: product.subscriptions_limit,
        published: product.published,
        groups: product.groups.iter().map(|group| group_view(configuration, group)).collect(),
        apis: apis_of(product, configuration),
    };
    Ok(CompiledProduct { view: Arc::new(view), program })
}

// The current revisions of its APIs.
fn apis_of(product: &Product, configuration: &Configuration) -> Vec<Arc<ApiView>> {
    let holds = |api: &&Api| api.is_current && product.apis.iter().any(|name| name.eq_ignore_ascii_case(&api.name));
    configuration.apis.iter().filter(holds).map(|api| Arc::new(api_view(api))).collect()
}

fn group_view(configuration: &Configuration, id: &str) -> GroupView {
    let found = configuration.groups.iter().find(|group| group.id.eq_ignore_ascii_case(id));
    GroupView { id: id.to_owned(), name: found.map_or(id, |group| &group.display_name).to_owned() }
}

// A user whose document is not there is known by the id alone.
fn user_view(configuration: &Configuration, id: &str) -> UserView {
    let Some(user) = configuration.users.iter().find(|user| user.id.eq_ignore_ascii_case(id)) else {
        return UserView { id: id.to_owned(), ..UserView::default() };
    };
    let User { id, email, first_name, last_name, note, registered, identities, groups } = user.clone();
    let linked = configuration.groups.iter().filter(|group| group.users.iter().any(|of| of.eq_ignore_ascii_case(&id)));
    let mut names: Vec<&str> = groups.iter().map(String::as_str).collect();
    for group in linked {
        if !names.iter().any(|name| name.eq_ignore_ascii_case(&group.id)) {
            names.push(&group.id);
        }
    }
    let groups = names.iter().map(|name| group_view(configuration, name)).collect();
    let identity = |of: crate::config::model::Identity| IdentityView { id: of.id, provider: of.provider };
    let identities = identities.into_iter().map(identity).collect();
    UserView { id, email, first_name, last_name, note, registered, groups, identities }
}

/// A subscription as expressions see it.
pub(super) fn subscription(subscription: &Subscription, configuration: &Configuration) -> CompiledSubscription {
    let text = |key: &Option<crate::config::secret::Secret>| key.as_ref().map(|key| key.0.clone()).unwrap_or_default();
    let (primary, secondary) = (text(&subscription.primary_key), text(&subscription.secondary_key));
    let view = |key: &str| {
        Arc::new(SubscriptionView {
            id: subscription.id.clone(),
            name: subscription.display_name.clone(),
            key: key.to_owned(),
            primary_key: primary.clone(),
            secondary_key: secondary.clone(),
            created: subscription.created,
            start: subscription.start,
            end: subscription.end,
        })
    };
    let user = subscription.owner.as_ref().map(|owner| Arc::new(user_view(configuration, owner)));
    CompiledSubscription { primary: view(&primary), secondary: view(&secondary), user }
}
