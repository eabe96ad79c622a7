//! Which backend a call goes to: the member of a pool whose turn it is, unless its circuit breaker is tripped. Sends nothing.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::config::model::{Backend, CircuitBreaker, Pool};
use crate::http::{HeaderMap, HeaderValue, StatusCode, Url, header, retry_after};
use crate::pki::name::hex;
use crate::policy::effect::UpstreamFailureKind;
use crate::policy::limit::header_seconds;
use crate::policy::run::{ErrorResponse, Failure, Public, Run, Stop};
use crate::policy::transform::header_value;

/// The word among a breaker's reasons that stands for every answer from 500 on, and for none.
const SERVER_ERRORS: &str = "Server errors";

/// A call to a backend entity that is under way.
#[derive(Clone, Debug)]
pub struct Called {
    /// The entity; of a pool, the member.
    pub entity: Arc<Backend>,
    /// What the client is to send back so that its next call goes there, too.
    cookie: Option<HeaderValue>,
}

/// Where the next call goes, and the entity that it goes to, if any.
///
/// # Errors
/// There is no address, or the breaker of the entity, or of all members of the pool, is tripped.
pub fn destination(run: &Run<'_>) -> Result<(Url, Option<Called>), Stop> {
    let upstream = &run.state.upstream;
    let entity = upstream.entity.as_ref().or(upstream.implied.as_ref());
    if let Some(pool) = entity.filter(|entity| entity.pool.is_some()) {
        let (path, query) = (&run.state.upstream.path, run.context.request.url.query.as_deref());
        return destination_of(run, pool, path, query).map(|(url, called)| (url, Some(called)));
    }
    if run.state.upstream.base.is_none() {
        return Err(not_configured());
    }
    entity.map_or(Ok(()), |entity| untripped(run, entity))?;
    let called = entity.map(|entity| Called { entity: Arc::clone(entity), cookie: None });
    Ok((run.context.request.url.clone(), called))
}

/// Where a call to `entity` goes with this path and query behind its URL, or that of the member whose turn it is.
///
/// # Errors
/// As [`destination`].
pub fn destination_of(
    run: &Run<'_>,
    entity: &Arc<Backend>,
    path: &str,
    query: Option<&str>,
) -> Result<(Url, Called), Stop> {
    let called = match &entity.pool {
        Some(of) => member(run, entity, of)?,
        None => {
            untripped(run, entity)?;
            Called { entity: Arc::clone(entity), cookie: None }
        }
    };
    let base = called.entity.url.as_ref().ok_or_else(not_configured)?;
    Ok((behind(base, path, query), called))
}

fn untripped(run: &Run<'_>, entity: &Backend) -> Result<(), Stop> {
    match run.shared.backends.tripped_for(&entity.key(), run.now.instant) {
        Some(left) => {
            Err(Stop::fail(tripped(format!("the circuit breaker of the backend `{}` is tripped", entity.id), left)))
        }
        None => Ok(()),
    }
}

fn not_configured() -> Stop {
    let message = "the API has no service URL, and no policy sets a backend";
    Stop::fail(Failure::internal("BackendNotConfigured", message))
}

// Decision: 503 with the time that is left, for one backend as for a pool (fixtures/policy/circuit-breaker.conversation).
fn tripped(message: String, left: Duration) -> Failure {
    let failure = Failure::new(StatusCode::SERVICE_UNAVAILABLE, "BackendCircuitBreakerTripped", message);
    let (public, response) = (Public::Text("Service Unavailable".to_owned()), ErrorResponse::Answer);
    Failure { public, response, ..failure.with_header(header::RETRY_AFTER, header_seconds(left)) }
}

fn member(run: &Run<'_>, pool: &Backend, of: &Pool) -> Result<Called, Stop> {
    let key = pool.key();
    let mut there = Vec::with_capacity(of.members.len());
    let mut soonest: Option<Duration> = None;
    for member in &of.members {
        let Some(entity) = run.site.backends.get(&member.backend) else { continue };
        match run.shared.backends.tripped_for(&member.backend, run.now.instant) {
            Some(left) => soonest = Some(soonest.map_or(left, |soonest| soonest.min(left))),
            None => there.push((member, entity)),
        }
    }
    if let Some(name) = &of.affinity {
        let returned = cookie(&run.context.request.headers, name);
        let bound = there.iter().find(|(member, _)| returned == Some(session(&key, &member.backend).as_str()));
        if let Some((_, entity)) = bound {
            return Ok(Called { entity: Arc::clone(entity), cookie: None });
        }
    }
    let first = there.iter().map(|(member, _)| member.priority).min();
    there.retain(|(member, _)| Some(member.priority) == first);
    let weights: Vec<(&str, u32)> = there.iter().map(|(member, _)| (member.backend.as_str(), member.weight)).collect();
    let chosen = run.shared.backends.next(&key, &weights).and_then(|index| there.get(index));
    let Some((member, entity)) = chosen else {
        let message = format!("the circuit breakers of all backends of the pool `{}` are tripped", pool.id);
        // Microsoft's published policies know it by these words (fixtures/policy/circuit-breaker-pool-retry.conversation).
        let phrase = Some(format!("Backend pool '{}' is temporarily unavailable", pool.id));
        return Err(Stop::fail(Failure { phrase, ..tripped(message, soonest.unwrap_or_default()) }));
    };
    let cookie = match &of.affinity {
        Some(name) => Some(header_value(&format!("{name}={}; Path=/; HttpOnly", session(&key, &member.backend)))?),
        None => None,
    };
    Ok(Called { entity: Arc::clone(entity), cookie })
}

// The same in every process, and tells nothing of the member.
fn session(pool: &str, member: &str) -> String {
    let digest = Sha256::digest(format!("{pool}\n{member}"));
    hex(digest.get(..16).unwrap_or(&digest))
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(of, _)| *of == name).map(|(_, value)| value)
}

impl Called {
    /// The backend has answered; returns whether that has tripped its breaker.
    pub fn answered(&self, run: &Run<'_>, status: StatusCode, headers: &HeaderMap) -> bool {
        let Some(rule) = &self.entity.circuit_breaker else { return false };
        let status = status.as_u16();
        let failed = has_status(rule, status) || (status >= 500 && has_reason(rule, SERVER_ERRORS));
        let asked = headers.get(header::RETRY_AFTER).and_then(|value| retry_after(value, run.now.wall));
        run.shared.backends.count(&self.entity.key(), rule, failed, asked, run.now.instant)
    }

    /// The backend has not answered, which `means` this to the client; returns whether that has tripped its breaker.
    pub fn failed(&self, run: &Run<'_>, kind: UpstreamFailureKind, means: &Failure) -> bool {
        let Some(rule) = &self.entity.circuit_breaker else { return false };
        let is_backends = !matches!(kind, UpstreamFailureKind::ClientGone | UpstreamFailureKind::RequestBodyGone);
        // Decision: no answer counts as the status that the client gets for it.
        let counts = has_status(rule, means.status.as_u16()) || has_reason(rule, SERVER_ERRORS);
        let failed = has_reason(rule, means.reason) || (is_backends && counts);
        run.shared.backends.count(&self.entity.key(), rule, failed, None, run.now.instant)
    }

    /// Binds the client to the member, where the pool wants that.
    pub fn bind(&self, headers: &mut HeaderMap) {
        if let Some(cookie) = &self.cookie {
            headers.append(header::SET_COOKIE, cookie.clone());
        }
    }
}

fn has_status(rule: &CircuitBreaker, status: u16) -> bool {
    rule.statuses.iter().any(|range| range.contains(&status))
}

fn has_reason(rule: &CircuitBreaker, reason: &str) -> bool {
    rule.reasons.iter().any(|of| of.eq_ignore_ascii_case(reason))
}

/// A path and a query behind those of a base.
#[must_use]
pub fn behind(base: &Url, path: &str, asked: Option<&str>) -> Url {
    let query = match (&base.query, asked) {
        (Some(own), Some(asked)) => Some(format!("{own}&{asked}")),
        (Some(own), None) => Some(own.clone()),
        (None, asked) => asked.map(str::to_owned),
    };
    Url { path: joined_path(&base.path, path), query, ..base.clone() }
}

/// One path behind another, with one slash between them.
#[must_use]
pub fn joined_path(base: &str, path: &str) -> String {
    let base = base.trim_end_matches('/');
    match path {
        "" if base.is_empty() => "/".to_owned(),
        "" => base.to_owned(),
        path if path.starts_with('/') => format!("{base}{path}"),
        path => format!("{base}/{path}"),
    }
}
