//! Access tokens: what an exchange asks for, step by step, to get one of a managed identity or of a connection to a credential provider.
//! What comes is kept for all.
//!
//! A policy that needs one calls [`begin`] when it runs and [`advance`] when it takes an answer, both with its own index; it runs again
//! until [`begin`] has the token, or says why there is none.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use crate::config::authorization::ClientGrant;
use crate::config::secret::Secret;
use crate::http::message::{Body, ResponseView};
use crate::http::{Bytes, HeaderMap, HeaderName, HeaderValue, Method, Query, StatusCode, Url, header};
use crate::keys::{AccessToken, DOCUMENT_BYTES_MAX, Progress, TOKEN_BYTES_MAX, TokenKey, TokenSource};
use crate::policy::effect::{BodyFailure, Effect, OutboundBody, OutboundRequest, Reply, Route};
use crate::policy::run::Run;
use crate::time::Now;

/// How long the source of tokens may take for one.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The version of the protocol of Azure Arc's agent.
const ARC_VERSION: &str = "2020-06-01";

/// The folder in which alone the agent of Azure Arc has its keys, as it names it.
const ARC_FOLDER: &str = "/var/opt/azcmagent/tokens";

/// The longest file that proves who asks, in bytes.
const PROOF_BYTES_MAX: u64 = 4096;

/// The longest text of an answer that goes into a message, in characters.
const REASON_CHARS_MAX: usize = 300;

/// How far the fetch of a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetching {
    key: TokenKey,
    stage: Stage,
}

/// What an answer leads to.
#[derive(Clone, Debug)]
pub enum Step {
    /// This is to be performed next.
    Ask(Box<Effect>),
    /// It has come.
    Token(AccessToken),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The file with the token of Kubernetes is being read.
    File,
    /// The source has been asked and says first which file proves who asks.
    Challenged,
    /// That file is being read.
    Proof,
    /// The source has been asked.
    Asked,
    /// It has answered; nothing is asked for twice in one run of a policy.
    Over,
}

/// What a policy gets that needs a token.
#[derive(Clone, Debug)]
pub enum Got {
    /// The token.
    Token(Arc<AccessToken>),
    /// This is to be performed first.
    Ask(Box<Effect>),
    /// None; why, in words.
    Nothing(Arc<str>),
}

impl Got {
    /// The token as the field `Authorization`, or why there is none.
    ///
    /// # Errors
    /// What is to be performed first.
    pub fn authorization(self) -> Result<Result<HeaderValue, Arc<str>>, Box<Effect>> {
        match self {
            Self::Token(token) => Ok(bearer(&token).ok_or_else(|| Arc::from("it cannot stand in a field"))),
            Self::Nothing(why) => Ok(Err(why)),
            Self::Ask(effect) => Err(effect),
        }
    }
}

/// The token of `key` for the policy at `index`.
pub fn begin(run: &mut Run<'_>, index: usize, key: &TokenKey) -> Got {
    let tokens = &run.shared.tokens;
    let before = run.state.tokens.remove(&index).filter(|fetching| fetching.key == *key);
    if before.is_some() {
        return tokens.known(key, run.now.instant).map_or_else(Got::Nothing, |token| used(run, token));
    }
    if let (TokenKey::Identity { .. }, None) = (key, tokens.source()) {
        return Got::Nothing(Arc::from("this process has no managed identity"));
    }
    match tokens.look(key, run.now.instant) {
        Progress::Use(token) => used(run, token),
        Progress::Unknown(why) => Got::Nothing(why),
        Progress::Fetch => match Fetching::begin(tokens.source(), key) {
            Ok((fetching, effect)) => {
                run.state.tokens.insert(index, fetching);
                Got::Ask(effect)
            }
            Err(why) => {
                tokens.fail(key, why, run.now.instant);
                Got::Nothing(Arc::from(why))
            }
        },
    }
}

/// Takes an answer for the policy at `index`; what is to be performed next, if anything is.
pub fn advance(run: &mut Run<'_>, index: usize, reply: Reply) -> Option<Box<Effect>> {
    let fetching = run.state.tokens.get_mut(&index)?;
    let key = fetching.key.clone();
    match fetching.advance(run.shared.tokens.source(), reply, run.now) {
        Ok(Step::Ask(effect)) => return Some(effect),
        Ok(Step::Token(token)) => run.shared.tokens.learn(&key, token, run.now.instant),
        Err(why) => {
            run.shared.tokens.fail(&key, &why, run.now.instant);
            run.trace(format!("there is no new token for {key}: {why}"));
        }
    }
    None
}

impl Fetching {
    /// The fetch of a token, and what is to be performed first.
    ///
    /// # Errors
    /// Why nothing can be asked.
    pub fn begin(source: Option<&TokenSource>, key: &TokenKey) -> Result<(Self, Box<Effect>), &'static str> {
        let (stage, effect) = first(source, key);
        let effect = effect.ok_or("its source cannot be asked for it")?;
        Ok((Self { key: key.clone(), stage }, Box::new(effect)))
    }

    /// Takes an answer.
    ///
    /// # Errors
    /// Why there is no token, in words.
    pub fn advance(&mut self, source: Option<&TokenSource>, reply: Reply, now: Now) -> Result<Step, String> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::File => {
                let effect = exchanged(source, &self.key, reply)?;
                self.stage = Stage::Asked;
                Ok(Step::Ask(Box::new(effect)))
            }
            Stage::Challenged => {
                let effect = proof(source, *reply.response()?)?;
                self.stage = Stage::Proof;
                Ok(Step::Ask(Box::new(effect)))
            }
            Stage::Proof => {
                let effect = proven(source, &self.key, reply)?;
                self.stage = Stage::Asked;
                Ok(Step::Ask(Box::new(effect)))
            }
            Stage::Asked | Stage::Over => {
                let token =
                    AccessToken::read(&affirmed(*reply.response()?)?, now).ok_or("the answer holds no token")?;
                Ok(Step::Token(token))
            }
        }
    }
}

/// `Bearer` and the token.
#[must_use]
pub fn bearer(token: &AccessToken) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.text)).ok()?;
    HeaderValue::set_sensitive(&mut value, true);
    Some(value)
}

// No inspection shows it, wherever a policy puts it.
fn used(run: &mut Run<'_>, token: Arc<AccessToken>) -> Got {
    run.state.secrets.push(Arc::clone(&token.text));
    Got::Token(token)
}

fn first(source: Option<&TokenSource>, key: &TokenKey) -> (Stage, Option<Effect>) {
    let (resource, client) = match key {
        TokenKey::Identity { resource, client } => (&**resource, client.as_deref()),
        TokenKey::Grant(grant) => return (Stage::Asked, granted(grant)),
    };
    match source {
        None => (Stage::Over, None),
        Some(TokenSource::Metadata { endpoint }) => {
            let field = (HeaderName::from_static("metadata"), HeaderValue::from_static("true"));
            (Stage::Asked, get(endpoint, "2018-02-01", (resource, client), field))
        }
        Some(TokenSource::AppService { endpoint, secret: Secret(secret) }) => {
            let value = HeaderValue::from_str(secret).ok();
            let field = value.map(|value| (HeaderName::from_static("x-identity-header"), value));
            (Stage::Asked, field.and_then(|field| get(endpoint, "2019-08-01", (resource, client), field)))
        }
        // The agent knows one identity, that of the machine.
        Some(TokenSource::Arc { .. }) if client.is_some() => (Stage::Over, None),
        Some(TokenSource::Arc { endpoint, .. }) => {
            let field = (HeaderName::from_static("metadata"), HeaderValue::from_static("true"));
            (Stage::Challenged, get(endpoint, ARC_VERSION, (resource, None), field))
        }
        Some(TokenSource::Workload { file, .. }) => {
            let max_bytes = TOKEN_BYTES_MAX as u64;
            (Stage::File, Some(Effect::ReadFile { path: Arc::clone(file), max_bytes }))
        }
    }
}

fn get(
    endpoint: &Url,
    version: &str,
    (resource, client): (&str, Option<&str>),
    field: (HeaderName, HeaderValue),
) -> Option<Effect> {
    let query = Query::new(endpoint.query.as_deref()).set("api-version", &[version]);
    let mut query = Query::new(query.as_deref()).set("resource", &[resource]);
    if let Some(client) = client {
        query = Query::new(query.as_deref()).set("client_id", &[client]);
    }
    let url = Url { query, ..endpoint.clone() };
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_str(&url.authority()).ok()?);
    headers.insert(field.0, field.1);
    Some(Effect::Send(Box::new(OutboundRequest { headers, ..request(Method::GET, url) })))
}

// The file that the agent of Azure Arc asks for: `Basic realm=/var/opt/azcmagent/tokens/….key`, in its own folder alone, which this
// process may see at another place.
fn proof(source: Option<&TokenSource>, response: ResponseView) -> Result<Effect, String> {
    let Some(TokenSource::Arc { folder, .. }) = source else {
        return Err("the source of tokens is another".to_owned());
    };
    if response.status != StatusCode::UNAUTHORIZED {
        affirmed(response)?;
        return Err("the agent of Azure Arc names no file".to_owned());
    }
    let fields = response.headers.get_all(header::WWW_AUTHENTICATE).iter();
    let mut realms = fields.filter_map(|field| field.to_str().ok()?.trim().strip_prefix("Basic realm="));
    let path = realms.next().ok_or("the agent of Azure Arc names no file")?.trim_matches('"');
    let name = path.strip_prefix(ARC_FOLDER).and_then(|rest| rest.strip_prefix('/'));
    let is_key = |name: &&str| name.ends_with(".key") && !name.contains('/') && !name.contains('\\');
    let Some(name) = name.filter(is_key) else {
        return Err(format!("the agent of Azure Arc names a file that is no key in {ARC_FOLDER}"));
    };
    Ok(Effect::ReadFile { path: format!("{folder}/{name}").into(), max_bytes: PROOF_BYTES_MAX })
}

// The question with the content of that file.
fn proven(source: Option<&TokenSource>, key: &TokenKey, reply: Reply) -> Result<Effect, String> {
    let (Some(TokenSource::Arc { endpoint, .. }), TokenKey::Identity { resource, .. }) = (source, key) else {
        return Err("the source of tokens is another".to_owned());
    };
    let bytes = content(reply, "the key of Azure Arc")?;
    let mut value = HeaderValue::from_bytes(&[b"Basic ", bytes.trim_ascii()].concat())
        .map_err(|_| "the key of Azure Arc cannot stand in a field".to_owned())?;
    value.set_sensitive(true);
    let effect = get(endpoint, ARC_VERSION, (resource, None), (header::AUTHORIZATION, value));
    let Some(Effect::Send(mut request)) = effect else { return Err("the agent of Azure Arc is no host".to_owned()) };
    request.headers.insert(HeaderName::from_static("metadata"), HeaderValue::from_static("true"));
    Ok(Effect::Send(request))
}

// What was read from a file.
fn content(reply: Reply, what: &str) -> Result<Bytes, String> {
    match reply {
        Reply::Body(Ok(bytes)) => Ok(bytes),
        Reply::Body(Err(BodyFailure::TooLarge)) => Err(format!("{what} is too long")),
        Reply::Body(Err(BodyFailure::Broken(why))) => Err(format!("{what} cannot be read: {why}")),
        Reply::Head(_) | Reply::Response(_) | Reply::Dispatched | Reply::Cache(_) | Reply::Elapsed => {
            Err("the wrong kind of answer came".to_owned())
        }
    }
}

// The exchange of a token of Kubernetes for one of Entra ID.
fn exchanged(source: Option<&TokenSource>, key: &TokenKey, reply: Reply) -> Result<Effect, String> {
    let (Some(TokenSource::Workload { authority, tenant, client, .. }), TokenKey::Identity { resource, client: named }) =
        (source, key)
    else {
        return Err("the source of tokens is another".to_owned());
    };
    let bytes = content(reply, "the federated token")?;
    let assertion = std::str::from_utf8(&bytes).map_err(|_| "the federated token is no text".to_owned())?.trim();
    let path = format!("{}/{tenant}/oauth2/v2.0/token", authority.path.trim_end_matches('/'));
    let url = Url { path, query: None, ..authority.clone() };
    let fields = [
        ("client_id", &**named.as_ref().unwrap_or(client)),
        ("grant_type", "client_credentials"),
        ("scope", &scope(resource)),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ];
    post(url, fields).ok_or_else(|| "the authority is no host".to_owned())
}

// Decision: the credentials travel in the content, not as Basic: Entra ID's own examples do so
// (fixtures/policy/get-authorization-context.conversation).
fn granted(grant: &ClientGrant) -> Option<Effect> {
    let ClientGrant { token_url, client, secret: Secret(secret), resource, scopes } = grant;
    let asked = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret)];
    let resource = resource.as_deref().map(|resource| ("resource", resource));
    let scopes = scopes.as_deref().map(|scopes| ("scope", scopes));
    post(token_url.clone(), asked.into_iter().chain(resource).chain(scopes))
}

// A form for a token endpoint. It is on the other side of whatever proxy there is; metadata services are not.
fn post<'f>(url: Url, fields: impl IntoIterator<Item = (&'f str, &'f str)>) -> Option<Effect> {
    let mut form: Option<String> = None;
    for (name, value) in fields {
        form = Query::new(form.as_deref()).append(name, &[value]);
    }
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_str(&url.authority()).ok()?);
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let body = OutboundBody::Bytes(Bytes::from(form.unwrap_or_default()));
    let standard = OutboundRequest { route: Route::Standard, ..request(Method::POST, url) };
    Some(Effect::Send(Box::new(OutboundRequest { headers, body, ..standard })))
}

// Everything that an application may do there: what version 1 of the protocol calls a resource.
fn scope(resource: &str) -> String {
    if resource.ends_with("/.default") { resource.to_owned() } else { format!("{resource}/.default") }
}

fn request(method: Method, url: Url) -> OutboundRequest {
    let route = Route::Direct;
    OutboundRequest { route, max_response_bytes: DOCUMENT_BYTES_MAX, ..OutboundRequest::new(method, url, TIMEOUT) }
}

/// The content of an answer that says yes.
///
/// # Errors
/// Its status code, and what it says of it in one of the forms that Azure uses.
pub fn affirmed(response: ResponseView) -> Result<Bytes, String> {
    let bytes = if let Body::Bytes(bytes) = response.body { bytes } else { Bytes::new() };
    if response.status.is_success() {
        return Ok(bytes);
    }
    let status = response.status.as_u16();
    let described = serde_json::from_slice::<Json>(&bytes).ok();
    let text = |place: &&str| described.as_ref()?.pointer(place)?.as_str();
    let places = ["/error_description", "/message", "/error/message", "/error"];
    let reason = places.iter().find_map(text).unwrap_or("");
    let reason: String = reason.chars().take(REASON_CHARS_MAX).collect();
    Err(if reason.is_empty() { format!("status code {status}") } else { format!("status code {status}: {reason}") })
}
