//! The context of one evaluation, read from a JSON document: what the tools and the fixtures evaluate against. Reads no files.

mod certificate;
mod reader;
mod variable;

use std::sync::Arc;

use serde_json::Value as Json;

use crate::context::{
    ApiView, BackendView, Body, Context, DeploymentView, GraphQlView, GroupView, IdentityView, LastError,
    OperationView, ProductView, RequestView, ResponseView, SubscriptionView, UserView, WorkspaceView,
};
use crate::http::{Bytes, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Url};
use crate::rng::{Rng, Seed, Uuid};
use crate::time::{Instant, Now, WallTime};
use crate::value::json::date_of;
use crate::value::time::TICKS_PER_SECOND;
use crate::value::{DateTime, JToken, TimeSpan, Value};

use super::Eval;
pub use reader::SceneError;
use reader::Section;

/// The names that a context document has at its top.
const SECTIONS: [&str; 19] = [
    "requestId",
    "timestamp",
    "elapsed",
    "clock",
    "seed",
    "tracing",
    "api",
    "backend",
    "deployment",
    "lastError",
    "operation",
    "product",
    "subscription",
    "user",
    "workspace",
    "graphql",
    "request",
    "response",
    "variables",
];

/// Everything that an evaluation needs besides the expression.
#[derive(Clone, Debug)]
pub struct Scene {
    /// What the expression calls `context`.
    pub context: Context,
    /// Both clocks: `DateTime.UtcNow`, and what `context.Elapsed` is measured with.
    pub now: Now,
    /// Where the stream of chance begins.
    pub seed: Seed,
    /// What of the document could not be kept, in words, each with its place.
    pub warnings: Vec<String>,
}

/// What holds where the document fixes nothing.
#[derive(Clone, Copy, Debug)]
pub struct Unfixed {
    /// The moment of the evaluation.
    pub wall: WallTime,
    /// Where the stream of chance begins.
    pub seed: Seed,
}

impl Scene {
    /// Reads a context document.
    ///
    /// # Errors
    /// The first thing in it that cannot be understood, with its place.
    pub fn of(document: &Json, unfixed: Unfixed) -> Result<Self, SceneError> {
        let root = Section::root(document)?;
        root.knows(&SECTIONS)?;
        let elapsed = root.parsed("elapsed", "a time span as in `00:00:01.5`", span_of)?.unwrap_or(TimeSpan(0));
        let clock = root.parsed("clock", "a moment as in `2024-03-05T09:07:08Z`", wall_of)?;
        let timestamp = root.parsed("timestamp", "a moment as in `2024-03-05T09:07:08Z`", wall_of)?;
        let elapsed_nanos = elapsed.0.saturating_mul(100);
        let shifted = |wall: WallTime, by: i64| WallTime::from_unix_nanos(wall.unix_nanos().saturating_add(by));
        let arrived_wall = timestamp.unwrap_or_else(|| shifted(clock.unwrap_or(unfixed.wall), -elapsed_nanos));
        let wall = clock.unwrap_or_else(|| shifted(arrived_wall, elapsed_nanos));
        let arrived = Now { instant: Instant::ZERO, wall: arrived_wall };
        let now = Now { instant: Instant::from_nanos(u64::try_from(elapsed_nanos).unwrap_or(0)), wall };
        let seed = root.whole("seed", 0, i64::MAX)?.map_or(unfixed.seed, |seed| Seed(seed.unsigned_abs()));
        let request_id = root.parsed("requestId", "a GUID", uuid_of)?;
        let mut context = Context {
            request_id: request_id.unwrap_or_else(|| seed.fork("request id").rng().uuid()),
            arrived,
            request: request(root.section("request")?)?,
            response: root.section("response")?.map(|section| response(&section)).transpose()?,
            variables: indexmap::IndexMap::new(),
            api: root.section("api")?.map(|section| api(&section)).transpose()?.map(Arc::new),
            operation: root.section("operation")?.map(|section| operation(&section)).transpose()?.map(Arc::new),
            product: root.section("product")?.map(|section| product(&section)).transpose()?.map(Arc::new),
            subscription: root
                .section("subscription")?
                .map(|section| subscription(&section))
                .transpose()?
                .map(Arc::new),
            user: root.section("user")?.map(|section| user(&section)).transpose()?.map(Arc::new),
            backend: root.section("backend")?.map(|section| backend(&section)).transpose()?.map(Arc::new),
            workspace: root.section("workspace")?.map(|section| workspace(&section)).transpose()?.map(Arc::new),
            graphql: root.section("graphql")?.map(|section| graphql(&section)).transpose()?.map(Arc::new),
            tracing: root.flag("tracing")?.unwrap_or(false),
            deployment: Arc::new(deployment(root.section("deployment")?)?),
            last_error: root.section("lastError")?.map(|section| last_error(&section)).transpose()?.map(Box::new),
        };
        // The one API of a context document is the one that its product holds.
        if let (Some(product), Some(api)) = (&mut context.product, &context.api) {
            Arc::make_mut(product).apis.push(Arc::clone(api));
        }
        let mut warnings = Vec::new();
        if let Some(section) = root.section("variables")? {
            variable::read(&section, &mut context, &mut warnings)?;
        }
        Ok(Self { context, now, seed, warnings })
    }

    /// The stream of chance from its beginning.
    #[must_use]
    pub const fn rng(&self) -> Rng {
        self.seed.rng()
    }

    /// What an expression is evaluated with.
    #[must_use]
    pub const fn eval<'a>(&'a self, rng: &'a mut Rng) -> Eval<'a> {
        Eval { context: &self.context, now: self.now, rng }
    }
}

/// Lays `over` onto `base` as Json.NET's `Merge` does with arrays replaced: objects are merged, everything else is replaced, and
/// `null` changes nothing that is there.
pub fn overlay(base: &mut Json, over: &Json) {
    match (base, over) {
        (Json::Object(base), Json::Object(over)) => {
            for (name, value) in over {
                match base.get_mut(name) {
                    Some(there) => overlay(there, value),
                    None => {
                        base.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (_, Json::Null) => {}
        (base, over) => *base = over.clone(),
    }
}

fn request(section: Option<Section<'_>>) -> Result<RequestView, SceneError> {
    let mut view = RequestView {
        method: Method::GET,
        url: default_url(),
        original_url: default_url(),
        headers: HeaderMap::new(),
        ip: "127.0.0.1".to_owned(),
        matched_parameters: indexmap::IndexMap::new(),
        body: Body::Absent,
        certificate: None,
    };
    let Some(section) = section else { return Ok(view) };
    section.knows(&[
        "method",
        "url",
        "originalUrl",
        "ipAddress",
        "headers",
        "matchedParameters",
        "body",
        "certificate",
    ])?;
    view.certificate = certificate::one(&section, "certificate")?;
    if let Some(method) = section.parsed("method", "a method", |text| Method::from_bytes(text.as_bytes()).ok())? {
        view.method = method;
    }
    if let Some(url) = url(&section, "url")? {
        view.original_url = url.clone();
        view.url = url;
    }
    if let Some(url) = url(&section, "originalUrl")? {
        view.original_url = url;
    }
    if let Some(ip) = section.text("ipAddress")? {
        ip.clone_into(&mut view.ip);
    }
    view.headers = headers(&section)?;
    if let Some(parameters) = section.section("matchedParameters")? {
        for name in parameters.names() {
            let value = parameters.text(name)?.unwrap_or_default();
            view.matched_parameters.insert(name.to_owned(), value.to_owned());
        }
    }
    view.body = body(&section);
    Ok(view)
}

fn response(section: &Section<'_>) -> Result<ResponseView, SceneError> {
    section.knows(&["statusCode", "statusReason", "headers", "body"])?;
    let code = section.whole("statusCode", 100, 999)?.unwrap_or(200);
    let status = u16::try_from(code).ok().and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::OK);
    Ok(ResponseView {
        status,
        reason: section.text("statusReason")?.map(str::to_owned),
        headers: headers(section)?,
        body: body(section),
    })
}

fn headers(section: &Section<'_>) -> Result<HeaderMap, SceneError> {
    let mut headers = HeaderMap::new();
    let Some(fields) = section.section("headers")? else { return Ok(headers) };
    for name in fields.names() {
        let Ok(field) = HeaderName::from_bytes(name.as_bytes()) else {
            return Err(fields.wrong(name, "is not the name of a header"));
        };
        for text in fields.texts(name)? {
            let Ok(value) = HeaderValue::from_str(text) else {
                return Err(fields.wrong(name, "has a value that no header can have"));
            };
            headers.append(field.clone(), value);
        }
    }
    Ok(headers)
}

// Content that is not a string is the JSON text of what stands there.
fn body(section: &Section<'_>) -> Body {
    match section.get("body") {
        None => Body::Absent,
        Some(Json::String(text)) => Body::Bytes(Bytes::copy_from_slice(text.as_bytes())),
        Some(json) => Body::Bytes(Bytes::from(json.to_string())),
    }
}

fn url(section: &Section<'_>, name: &str) -> Result<Option<Url>, SceneError> {
    section.parsed(name, "an absolute `http` or `https` URL", |text| Url::parse(text).ok())
}

fn default_url() -> Url {
    let scheme = crate::http::Scheme::Https;
    Url { scheme, host: "localhost".to_owned(), port: scheme.default_port(), path: "/".to_owned(), query: None }
}

fn api(section: &Section<'_>) -> Result<ApiView, SceneError> {
    section.knows(&[
        "id",
        "name",
        "path",
        "revision",
        "version",
        "isCurrentRevision",
        "serviceUrl",
        "protocols",
        "subscriptionKeyParameterNames",
    ])?;
    let mut view = ApiView {
        id: section.owned("id")?,
        name: section.owned("name")?,
        path: section.owned("path")?,
        revision: section.owned("revision")?,
        version: section.text("version")?.map(str::to_owned),
        is_current_revision: section.flag("isCurrentRevision")?.unwrap_or(true),
        service_url: url(section, "serviceUrl")?,
        protocols: section.texts("protocols")?.into_iter().map(str::to_owned).collect(),
        key_names: ("Ocp-Apim-Subscription-Key".to_owned(), "subscription-key".to_owned()),
    };
    if let Some(names) = section.section("subscriptionKeyParameterNames")? {
        names.knows(&["header", "query"])?;
        view.key_names = (names.owned("header")?, names.owned("query")?);
    }
    Ok(view)
}

fn operation(section: &Section<'_>) -> Result<OperationView, SceneError> {
    section.knows(&["id", "method", "name", "urlTemplate"])?;
    Ok(OperationView {
        id: section.owned("id")?,
        name: section.owned("name")?,
        method: section.owned("method")?,
        url_template: section.owned("urlTemplate")?,
    })
}

fn product(section: &Section<'_>) -> Result<ProductView, SceneError> {
    section.knows(&[
        "id",
        "name",
        "approvalRequired",
        "subscriptionRequired",
        "subscriptionsLimit",
        "state",
        "groups",
    ])?;
    let limit = section.whole("subscriptionsLimit", i64::from(i32::MIN), i64::from(i32::MAX))?;
    let published = section.parsed("state", "`Published` or `NotPublished`", |text| match text {
        "Published" => Some(true),
        "NotPublished" => Some(false),
        _ => None,
    })?;
    Ok(ProductView {
        id: section.owned("id")?,
        name: section.owned("name")?,
        approval_required: section.flag("approvalRequired")?.unwrap_or(false),
        subscription_required: section.flag("subscriptionRequired")?.unwrap_or(false),
        subscriptions_limit: limit.and_then(|limit| i32::try_from(limit).ok()),
        published: published.unwrap_or(false),
        groups: groups(section)?,
        apis: Vec::new(),
    })
}

fn subscription(section: &Section<'_>) -> Result<SubscriptionView, SceneError> {
    section.knows(&["id", "key", "name", "primaryKey", "secondaryKey", "createdDate", "startDate", "endDate"])?;
    Ok(SubscriptionView {
        id: section.owned("id")?,
        name: section.owned("name")?,
        key: section.owned("key")?,
        primary_key: section.owned("primaryKey")?,
        secondary_key: section.owned("secondaryKey")?,
        created: date(section, "createdDate")?,
        start: date(section, "startDate")?,
        end: date(section, "endDate")?,
    })
}

fn user(section: &Section<'_>) -> Result<UserView, SceneError> {
    section.knows(&["id", "email", "firstName", "lastName", "note", "registrationDate", "groups", "identities"])?;
    let mut identities = Vec::new();
    for identity in section.list("identities")? {
        identity.knows(&["id", "provider"])?;
        identities.push(IdentityView { id: identity.owned("id")?, provider: identity.owned("provider")? });
    }
    Ok(UserView {
        id: section.owned("id")?,
        email: section.owned("email")?,
        first_name: section.owned("firstName")?,
        last_name: section.owned("lastName")?,
        note: section.owned("note")?,
        registered: date(section, "registrationDate")?,
        groups: groups(section)?,
        identities,
    })
}

fn groups(section: &Section<'_>) -> Result<Vec<GroupView>, SceneError> {
    let mut groups = Vec::new();
    for group in section.list("groups")? {
        group.knows(&["id", "name"])?;
        groups.push(GroupView { id: group.owned("id")?, name: group.owned("name")? });
    }
    Ok(groups)
}

fn date(section: &Section<'_>, name: &str) -> Result<Option<WallTime>, SceneError> {
    section.parsed(name, "a moment as in `2024-03-05T09:07:08Z`", wall_of)
}

fn backend(section: &Section<'_>) -> Result<BackendView, SceneError> {
    section.knows(&["id", "azureRegion", "type"])?;
    let kind = |text: &str| match text {
        "Single" => Some(false),
        "Pool" => Some(true),
        _ => None,
    };
    Ok(BackendView {
        id: section.owned("id")?,
        azure_region: section.owned("azureRegion")?,
        is_pool: section.parsed("type", "`Single` or `Pool`", kind)?.unwrap_or(false),
    })
}

fn graphql(section: &Section<'_>) -> Result<GraphQlView, SceneError> {
    section.knows(&["arguments", "parent"])?;
    let token = |name: &str| section.get(name).and_then(|value| JToken::parse(&value.to_string()).ok());
    Ok(GraphQlView { arguments: token("arguments").unwrap_or_else(JToken::object), parent: token("parent") })
}

fn workspace(section: &Section<'_>) -> Result<WorkspaceView, SceneError> {
    section.knows(&["id", "name"])?;
    Ok(WorkspaceView { id: section.owned("id")?, name: section.owned("name")? })
}

fn deployment(section: Option<Section<'_>>) -> Result<DeploymentView, SceneError> {
    let Some(section) = section else { return Ok(DeploymentView::default()) };
    section.knows(&["region", "serviceId", "serviceName", "gatewayId", "gateway", "certificates", "authorities"])?;
    let mut view = DeploymentView {
        gateway_id: section.owned("gatewayId")?,
        instance_id: String::new(),
        region: section.owned("region")?,
        service_name: section.owned("serviceName")?,
        service_id: section.owned("serviceId")?,
        is_managed: false,
        certificates: certificate::named(&section)?,
        trust: certificate::trust(&section)?,
        ..DeploymentView::default()
    };
    if let Some(gateway) = section.section("gateway")? {
        gateway.knows(&["id", "instanceId", "isManaged"])?;
        if let Some(id) = gateway.text("id")? {
            id.clone_into(&mut view.gateway_id);
        }
        view.instance_id = gateway.owned("instanceId")?;
        view.is_managed = gateway.flag("isManaged")?.unwrap_or(false);
    }
    Ok(view)
}

fn last_error(section: &Section<'_>) -> Result<LastError, SceneError> {
    section.knows(&["source", "reason", "message", "scope", "section", "path", "policyId"])?;
    Ok(LastError {
        source: section.owned("source")?,
        reason: section.owned("reason")?,
        message: section.owned("message")?,
        scope: section.owned("scope")?,
        section: section.owned("section")?,
        path: section.owned("path")?,
        policy_id: section.text("policyId")?.map(str::to_owned),
    })
}

/// A moment as JSON writes it, as in `2024-03-05T09:07:08.1234567Z`.
pub(super) fn moment_of(text: &str) -> Option<DateTime> {
    match date_of(text) {
        Some(Value::DateTime(moment)) => Some(moment),
        _ => None,
    }
}

fn wall_of(text: &str) -> Option<WallTime> {
    let moment = moment_of(text)?;
    let nanos = moment.unix_seconds().checked_mul(1_000_000_000)?;
    Some(WallTime::from_unix_nanos(nanos.checked_add(moment.ticks().rem_euclid(TICKS_PER_SECOND) * 100)?))
}

/// A GUID in the form with hyphens.
pub(super) fn uuid_of(text: &str) -> Option<Uuid> {
    let is_shaped = text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if !is_shaped {
        return None;
    }
    u128::from_str_radix(&text.replace('-', ""), 16).ok().map(Uuid)
}

/// `[-][d.]hh:mm:ss[.fffffff]`
pub(super) fn span_of(text: &str) -> Option<TimeSpan> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let mut parts = text.split(':');
    let (first, minutes, last) = (parts.next()?, parts.next()?, parts.next()?);
    let (days, hours) = first.split_once('.').unwrap_or(("0", first));
    let (seconds, fraction) = last.split_once('.').unwrap_or((last, "0"));
    if parts.next().is_some() || fraction.len() > 7 {
        return None;
    }
    let number = |digits: &str, limit: i64| {
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let value = if plain { digits.parse::<i64>().ok() } else { None };
        value.filter(|value| *value < limit)
    };
    let whole = ((number(days, 10_675_199)? * 24 + number(hours, 24)?) * 60 + number(minutes, 60)?) * 60;
    let seconds = whole + number(seconds, 60)?;
    let ticks = seconds.checked_mul(TICKS_PER_SECOND)? + number(&format!("{fraction:0<7}"), TICKS_PER_SECOND)?;
    Some(TimeSpan(if negative { -ticks } else { ticks }))
}

#[cfg(test)]
mod tests;
