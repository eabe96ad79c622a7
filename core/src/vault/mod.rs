//! The secrets that a configuration leaves to Azure Key Vault: when each is fetched, with whose token, and that an outage of the vault
//! takes nothing away that was known. One thing is asked at a time. Performs nothing.

mod reference;
pub mod saved;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value as Json;

pub use reference::{SecretRef, filled, references};

use crate::config::secret::Secret;
use crate::http::message::ResponseView;
use crate::http::{HeaderMap, HeaderValue, Method, Url, header};
use crate::keys::{DOCUMENT_BYTES_MAX, Progress as Supply, TokenKey, TokenSource, Tokens};
use crate::policy::authentication::token::{Fetching, Step, affirmed, bearer};
use crate::policy::effect::{Effect, OutboundRequest, Reply, Route};
use crate::sync::LOST_AFTER;
use crate::time::{Instant, Now};

/// How long a secret is good before it is fetched anew; the original says: within four hours.
pub const REFRESH: Duration = Duration::from_secs(3600);

/// The wait after a failure; it doubles with each further one.
pub const RETRY_MIN: Duration = Duration::from_secs(10);

/// The longest wait after a failure.
pub const RETRY_MAX: Duration = Duration::from_secs(300);

/// How long a vault may take for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Secrets, as they were fetched last.
pub type Secrets = BTreeMap<SecretRef, Secret>;

/// The secrets that a configuration names.
#[derive(Debug)]
pub struct Vault {
    tokens: Tokens,
    secrets: BTreeMap<SecretRef, Held>,
    fetch: Option<Fetch>,
    // Of an earlier process, until the configuration says which of them it names.
    restored: Secrets,
    is_stopped: bool,
}

#[derive(Debug)]
struct Held {
    known: Option<Secret>,
    failure: Option<String>,
    failures: u32,
    due_at: Instant,
}

#[derive(Debug)]
struct Fetch {
    reference: SecretRef,
    url: Url,
    token: TokenKey,
    stage: Stage,
    asked_at: Instant,
}

#[derive(Debug)]
enum Stage {
    Token(Fetching),
    Secret,
}

/// What came of an answer.
#[derive(Debug)]
pub enum Progress {
    /// This is to be performed next; its answer goes to [`Vault::handle_reply`].
    Ask(Box<Effect>),
    /// A secret has come.
    Fetched {
        /// Which.
        reference: SecretRef,
        /// Whether it is another than before.
        is_news: bool,
    },
    /// It has not.
    Failed {
        /// Which.
        reference: SecretRef,
        /// Why, in words.
        reason: String,
        /// Whether that is what was said of it the last time too.
        is_repeated: bool,
    },
}

impl Vault {
    /// No secrets; tokens for vaults come from `source`.
    #[must_use]
    pub fn new(source: TokenSource) -> Self {
        let tokens = Tokens::default();
        tokens.come_from(source);
        Self { tokens, secrets: BTreeMap::new(), fetch: None, restored: Secrets::new(), is_stopped: false }
    }

    /// An earlier process knew these: each is known, and due all the same, if it is among those that are wanted first.
    pub fn restore(&mut self, secrets: Secrets) {
        self.restored = secrets;
    }

    /// The configuration names these now. What it no longer names is forgotten; what is new is due.
    pub fn want(&mut self, wanted: BTreeSet<SecretRef>, now: Instant) {
        self.secrets.retain(|reference, _| wanted.contains(reference));
        let mut restored = std::mem::take(&mut self.restored);
        for reference in wanted {
            let known = restored.remove(&reference);
            let new = Held { known, failure: None, failures: 0, due_at: now };
            self.secrets.entry(reference).or_insert(new);
        }
    }

    /// Whether each secret has been asked for, with or without success.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.secrets.values().all(|held| held.known.is_some() || held.failure.is_some())
    }

    /// A secret as it was fetched last.
    ///
    /// # Errors
    /// Why it has never come.
    pub fn known(&self, reference: &SecretRef) -> Result<Secret, String> {
        let held = self.secrets.get(reference);
        let known = held.and_then(|held| held.known.clone());
        known.ok_or_else(|| {
            held.and_then(|held| held.failure.clone()).unwrap_or_else(|| "it was not asked for".to_owned())
        })
    }

    /// All that is known.
    #[must_use]
    pub fn all_known(&self) -> Secrets {
        let known = |(reference, held): (&SecretRef, &Held)| Some((reference.clone(), held.known.clone()?));
        self.secrets.iter().filter_map(known).collect()
    }

    /// Whether the configuration names any.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// When the next secret is due, unless one is being fetched.
    #[must_use]
    pub fn due_at(&self) -> Option<Instant> {
        if self.fetch.is_some() || self.is_stopped {
            return None;
        }
        self.secrets.values().map(|held| held.due_at).min()
    }

    /// When the answer that is waited for counts as lost.
    #[must_use]
    pub fn lost_at(&self) -> Option<Instant> {
        self.fetch.as_ref().map(|fetch| fetch.asked_at.saturating_add(LOST_AFTER))
    }

    /// Forgets that anything was asked, and asks nothing any more. What is known stays known, since it may still have to be saved.
    pub fn stop(&mut self) {
        self.fetch = None;
        self.is_stopped = true;
    }

    /// Begins with what is due first; `None` when nothing is.
    pub fn handle_due(&mut self, now: Now) -> Option<Progress> {
        let due = self.secrets.iter().filter(|(_, held)| held.due_at <= now.instant);
        let reference = due.min_by_key(|(_, held)| held.due_at).map(|(reference, _)| reference.clone())?;
        let url = match reference.url() {
            Ok(url) => url,
            Err(why) => return Some(self.failed(&reference, why, now)),
        };
        let token = TokenKey::identity(SecretRef::resource(&url), reference.client.clone());
        let (stage, effect) = match self.tokens.look(&token, now.instant) {
            Supply::Use(found) => (Stage::Secret, request(&url, bearer(&found))),
            Supply::Unknown(why) => return Some(self.failed(&reference, no_token(&why), now)),
            Supply::Fetch => match Fetching::begin(self.tokens.source(), &token) {
                Ok((fetching, effect)) => (Stage::Token(fetching), effect),
                Err(why) => {
                    self.tokens.fail(&token, why, now.instant);
                    return Some(self.failed(&reference, no_token(why), now));
                }
            },
        };
        Some(self.ask(Fetch { reference, url, token, stage, asked_at: now.instant }, effect, now))
    }

    /// Takes the answer to what was to be performed; `None` when nothing waits for one.
    pub fn handle_reply(&mut self, reply: Reply, now: Now) -> Option<Progress> {
        let mut fetch = self.fetch.take()?;
        let Stage::Token(fetching) = &mut fetch.stage else {
            return Some(self.handle_secret(&fetch.reference, &fetch.url, reply, now));
        };
        match fetching.advance(self.tokens.source(), reply, now) {
            Ok(Step::Ask(effect)) => return Some(self.ask(fetch, effect, now)),
            Ok(Step::Token(found)) => self.tokens.learn(&fetch.token, found, now.instant),
            Err(why) => self.tokens.fail(&fetch.token, &why, now.instant),
        }
        Some(match self.tokens.known(&fetch.token, now.instant) {
            Ok(found) => {
                let effect = request(&fetch.url, bearer(&found));
                self.ask(Fetch { stage: Stage::Secret, ..fetch }, effect, now)
            }
            Err(why) => self.failed(&fetch.reference, no_token(&why), now),
        })
    }

    // The answer is waited for from now on.
    fn ask(&mut self, fetch: Fetch, effect: Box<Effect>, now: Now) -> Progress {
        self.fetch = Some(Fetch { asked_at: now.instant, ..fetch });
        Progress::Ask(effect)
    }

    /// No answer came, and none is expected any more.
    pub fn handle_lost(&mut self, now: Now) -> Option<Progress> {
        let Fetch { reference, url, .. } = self.fetch.take()?;
        Some(self.unreachable(&reference, &url, "no answer came", now))
    }

    fn handle_secret(&mut self, reference: &SecretRef, url: &Url, reply: Reply, now: Now) -> Progress {
        let response = match reply.response() {
            Ok(response) => response,
            Err(why) => return self.unreachable(reference, url, &why, now),
        };
        match secret(*response) {
            Ok(secret) => self.fetched(reference, secret, now),
            Err(why) => self.failed(reference, why, now),
        }
    }

    fn fetched(&mut self, reference: &SecretRef, secret: Secret, now: Now) -> Progress {
        let due_at = now.instant.saturating_add(REFRESH);
        let held = Held { known: Some(secret), failure: None, failures: 0, due_at };
        // What the configuration does not name any more is not kept.
        let before = self.secrets.get_mut(reference).map(|place| std::mem::replace(place, held));
        let is_news = before
            .is_some_and(|before| Some(before.known) != self.secrets.get(reference).map(|held| held.known.clone()));
        Progress::Fetched { reference: reference.clone(), is_news }
    }

    fn failed(&mut self, reference: &SecretRef, reason: String, now: Now) -> Progress {
        let is_repeated = self.put_off(reference, &reason, now);
        Progress::Failed { reference: reference.clone(), reason, is_repeated }
    }

    // Whatever else is due in the same vault need not find out by itself.
    fn unreachable(&mut self, reference: &SecretRef, url: &Url, why: &str, now: Now) -> Progress {
        let reason = format!("`{}` cannot be reached: {why}", url.authority());
        let is_there = |other: &SecretRef| other.url().is_ok_and(|other| other.authority() == url.authority());
        let due = self.secrets.iter().filter(|(other, held)| held.due_at <= now.instant && is_there(other));
        for other in due.map(|(other, _)| other.clone()).collect::<Vec<_>>() {
            if other != *reference {
                self.put_off(&other, &reason, now);
            }
        }
        self.failed(reference, reason, now)
    }

    // Whether the reason is the one of the last time.
    fn put_off(&mut self, reference: &SecretRef, reason: &str, now: Now) -> bool {
        let Some(held) = self.secrets.get_mut(reference) else { return true };
        let wait = RETRY_MIN.saturating_mul(1 << held.failures.min(10)).min(RETRY_MAX);
        held.failures = held.failures.saturating_add(1);
        held.due_at = now.instant.saturating_add(wait);
        held.failure.replace(reason.to_owned()).is_some_and(|before| before == reason)
    }
}

fn no_token(why: &str) -> String {
    format!("no token of a managed identity: {why}")
}

fn request(url: &Url, authorization: Option<HeaderValue>) -> Box<Effect> {
    let mut headers = HeaderMap::new();
    headers.extend(HeaderValue::from_str(&url.authority()).ok().map(|host| (header::HOST, host)));
    headers.extend(authorization.map(|value| (header::AUTHORIZATION, value)));
    let plain = OutboundRequest::new(Method::GET, url.clone(), TIMEOUT);
    let bounded = OutboundRequest { headers, route: Route::Standard, max_response_bytes: DOCUMENT_BYTES_MAX, ..plain };
    Box::new(Effect::Send(Box::new(bounded)))
}

fn secret(response: ResponseView) -> Result<Secret, String> {
    let document = serde_json::from_slice::<Json>(&affirmed(response)?).ok();
    let value = document.as_ref().and_then(|document| document.get("value")?.as_str());
    value.map(|value| Secret(value.to_owned())).ok_or_else(|| "the answer holds no secret".to_owned())
}
