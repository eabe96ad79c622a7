//! Access tokens, kept for all exchanges: where those of managed identities come from, when one is fetched, and that an outage of the
//! source changes nothing while a token holds.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use serde_json::{Map, Value as Json};

use crate::config::authorization::ClientGrant;
use crate::config::model::Secret;
use crate::http::Url;
use crate::limits::shards::lock;
use crate::time::{Instant, Now};

/// How long before its end a token is fetched anew, when its source does not say.
const REFRESH_BEFORE: Duration = Duration::from_secs(300);

/// The least time between two fetches while there is a token.
const REFETCH: Duration = Duration::from_secs(30);

/// The least time between two fetches while there is none.
const RETRY: Duration = Duration::from_secs(5);

/// How long others go on with the token at hand while one fetches.
const UNDER_WAY: Duration = Duration::from_secs(30);

/// A token that would end sooner than this is no longer sent.
const HOLDS_MIN: Duration = Duration::from_secs(10);

/// How long a token is used whose source does not say how long it holds (RFC 6749 §5.1 allows that).
const UNSAID: Duration = Duration::from_secs(300);

/// The most tokens that are kept; the one that was not used for longest goes.
const TOKENS_MAX: usize = 256;

/// Who vouches for this process, as its environment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// The metadata service of a virtual machine, at the URL of its tokens.
    Metadata {
        /// Its URL.
        endpoint: Url,
    },
    /// The endpoint that App Service, Functions and Container Apps give their processes.
    AppService {
        /// Its URL.
        endpoint: Url,
        /// What opens it.
        secret: Secret,
    },
    /// The agent of Azure Arc, which believes whoever can read a file that it names.
    Arc {
        /// Its URL.
        endpoint: Url,
        /// The folder in which alone such files may be.
        folder: Arc<str>,
    },
    /// A token of Kubernetes that Entra ID exchanges (workload identity).
    Workload {
        /// Where Entra ID is, as in `https://login.microsoftonline.com/`.
        authority: Url,
        /// The tenant.
        tenant: Arc<str>,
        /// The application, unless a policy names another.
        client: Arc<str>,
        /// The file that holds the token of Kubernetes, which is renewed there.
        file: Arc<str>,
    },
}

/// What a token is for, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenKey {
    /// A managed identity's.
    Identity {
        /// The resource, as in `https://management.azure.com/`.
        resource: Arc<str>,
        /// The client id of a user-assigned identity; `None` means the one that the system has assigned.
        client: Option<Arc<str>>,
    },
    /// A connection's. What it asks with is the key: one that is changed gets a new token.
    Grant(Arc<ClientGrant>),
}

impl TokenKey {
    /// The key of a managed identity's token.
    #[must_use]
    pub fn identity(resource: impl Into<Arc<str>>, client: Option<Arc<str>>) -> Self {
        Self::Identity { resource: resource.into(), client }
    }
}

/// The resource, or the endpoint that gives the token.
impl fmt::Display for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity { resource, .. } => f.write_str(resource),
            Self::Grant(grant) => write!(f, "{}", Url { query: None, ..grant.token_url.clone() }),
        }
    }
}

/// An access token.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// As it is sent behind `Bearer `.
    pub text: Arc<str>,
    /// What came with it: the members of the answer but for the tokens that it is and that renews it.
    pub claims: Arc<Map<String, Json>>,
    expires: Instant,
    refresh: Instant,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

impl AccessToken {
    /// Reads the answer of a token endpoint (RFC 6749 §5.1; Azure's own write numbers as strings, and `expires_on` in seconds since 1970).
    #[must_use]
    pub fn read(answer: &[u8], now: Now) -> Option<Self> {
        let mut document: Map<String, Json> = serde_json::from_slice(answer).ok()?;
        let text = Arc::from(document.get("access_token")?.as_str().filter(|text| !text.is_empty())?);
        let number = |name: &str| {
            let value = document.get(name)?;
            value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
        };
        let left = number("expires_in").or_else(|| Some(number("expires_on")?.saturating_sub(now.wall.unix_seconds())));
        let left = match left {
            Some(seconds) => Duration::from_secs(u64::try_from(seconds).ok()?),
            None => UNSAID,
        };
        let refresh = number("refresh_in").and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
        // Of a short token the last quarter.
        let refresh = refresh.unwrap_or_else(|| left.saturating_sub(REFRESH_BEFORE.min(left / 4))).min(left);
        let at = |time| now.instant.saturating_add(time);
        document.retain(|name, _| name != "access_token" && name != "refresh_token");
        Some(Self { text, claims: Arc::new(document), expires: at(left), refresh: at(refresh) })
    }

    fn holds(&self, now: Instant) -> bool {
        self.expires.saturating_since(now) >= HOLDS_MIN
    }
}

/// What an exchange does next about a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Supply {
    /// It fetches it.
    Fetch,
    /// It goes on with this.
    Use(Arc<AccessToken>),
    /// There is none, and it was asked for a moment ago: why it did not come.
    Failed(Arc<str>),
}

/// The tokens of a process.
#[derive(Debug, Default)]
pub struct Tokens {
    source: OnceLock<TokenSource>,
    entries: Mutex<BTreeMap<TokenKey, Entry>>,
}

#[derive(Debug, Default)]
struct Entry {
    token: Option<Arc<AccessToken>>,
    attempted: Option<Instant>,
    began: Option<Instant>,
    failure: Option<Arc<str>>,
    used: Instant,
}

impl Tokens {
    /// Says where tokens come from; once, at the start of the process.
    pub fn come_from(&self, source: TokenSource) {
        // Whoever said it first was right.
        let _ = self.source.set(source);
    }

    /// Where tokens come from.
    #[must_use]
    pub fn source(&self) -> Option<&TokenSource> {
        self.source.get()
    }

    /// What to do about a token. [`Supply::Fetch`] is a promise: [`Tokens::learn`] or [`Tokens::fail`] follows.
    pub fn look(&self, key: &TokenKey, now: Instant) -> Supply {
        let mut entries = lock(&self.entries);
        make_room(&mut entries, key);
        let entry = entries.entry(key.clone()).or_default();
        entry.used = now;
        entry.token.take_if(|token| !token.holds(now));
        let within =
            |moment: Option<Instant>, time: Duration| moment.is_some_and(|moment| now.saturating_since(moment) < time);
        let is_fetched = match &entry.token {
            None => entry.failure.is_none() || !within(entry.attempted, RETRY),
            Some(token) => now >= token.refresh && !within(entry.attempted, REFETCH) && !within(entry.began, UNDER_WAY),
        };
        if is_fetched {
            entry.began = Some(now);
            return Supply::Fetch;
        }
        match (&entry.token, &entry.failure) {
            (Some(token), _) => Supply::Use(Arc::clone(token)),
            (None, Some(failure)) => Supply::Failed(Arc::clone(failure)),
            (None, None) => Supply::Fetch,
        }
    }

    /// What is at hand and holds, without any fetch; or why there is nothing.
    pub fn known(&self, key: &TokenKey, now: Instant) -> Result<Arc<AccessToken>, Arc<str>> {
        let entries = lock(&self.entries);
        let entry = entries.get(key);
        let token = entry.and_then(|entry| entry.token.as_ref()).filter(|token| token.holds(now));
        token.cloned().ok_or_else(|| {
            entry.and_then(|entry| entry.failure.clone()).unwrap_or_else(|| Arc::from("there is no token"))
        })
    }

    /// Keeps what has come.
    pub fn learn(&self, key: &TokenKey, token: AccessToken, now: Instant) {
        let mut entries = lock(&self.entries);
        make_room(&mut entries, key);
        let entry = Entry { token: Some(Arc::new(token)), attempted: Some(now), began: None, failure: None, used: now };
        entries.insert(key.clone(), entry);
    }

    /// Notes that nothing has come; what was there stays as long as it holds.
    pub fn fail(&self, key: &TokenKey, why: &str, now: Instant) {
        let mut entries = lock(&self.entries);
        if let Some(entry) = entries.get_mut(key) {
            entry.attempted = Some(now);
            entry.began = None;
            entry.failure = Some(Arc::from(why));
        }
    }
}

// Resources may be computed from what clients send.
fn make_room(entries: &mut BTreeMap<TokenKey, Entry>, key: &TokenKey) {
    if entries.len() < TOKENS_MAX || entries.contains_key(key) {
        return;
    }
    let oldest = entries.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone());
    if let Some(oldest) = oldest {
        entries.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::WallTime;

    fn at(seconds: u64) -> Now {
        let wall = WallTime::from_unix_seconds(1_700_000_000 + i64::try_from(seconds).unwrap());
        Now { instant: Instant::from_nanos(seconds * 1_000_000_000), wall }
    }

    fn key() -> TokenKey {
        TokenKey::identity("https://vault.azure.net", None)
    }

    fn token(text: &str, now: Now) -> AccessToken {
        AccessToken::read(text.as_bytes(), now).unwrap()
    }

    #[test]
    fn answers_of_all_endpoints_are_read() {
        for answer in [
            r#"{"access_token": "t", "expires_in": 3600}"#,
            r#"{"access_token": "t", "expires_in": "3600", "refresh_in": "3300"}"#,
            r#"{"access_token": "t", "expires_on": "1700003700"}"#,
            r#"{"access_token": "t", "expires_on": 1700003700}"#,
        ] {
            let token = token(answer, at(100));
            assert_eq!(
                (&*token.text, token.expires, token.refresh),
                ("t", at(3700).instant, at(3400).instant),
                "{answer}"
            );
        }
        let unsaid = token(r#"{"access_token": "t", "refresh_token": "r", "scope": "s"}"#, at(100));
        assert_eq!(unsaid.expires, at(400).instant);
        assert_eq!(unsaid.claims.keys().collect::<Vec<_>>(), ["scope"]);
        for answer in
            ["", "{}", r#"{"access_token": "", "expires_in": 1}"#, r#"{"access_token": "t", "expires_in": -1}"#]
        {
            assert_eq!(AccessToken::read(answer.as_bytes(), at(0)), None, "{answer}");
        }
    }

    #[test]
    fn a_token_is_renewed_before_its_end_and_used_to_its_end() {
        let (tokens, key) = (Tokens::default(), key());
        assert_eq!(tokens.look(&key, at(0).instant), Supply::Fetch);
        tokens.learn(&key, token(r#"{"access_token": "t", "expires_in": 3600}"#, at(0)), at(0).instant);
        let is_used = |seconds| matches!(tokens.look(&key, at(seconds).instant), Supply::Use(_));
        assert!(is_used(3299));
        assert_eq!(tokens.look(&key, at(3300).instant), Supply::Fetch);
        assert!(is_used(3301), "one fetches, the others go on");
        tokens.fail(&key, "no answer", at(3305).instant);
        assert!(is_used(3334));
        assert_eq!(tokens.look(&key, at(3335).instant), Supply::Fetch);
        tokens.fail(&key, "no answer", at(3589).instant);
        assert!(is_used(3590));
        assert_eq!(
            tokens.look(&key, at(3591).instant),
            Supply::Failed(Arc::from("no answer")),
            "what has ended is not sent"
        );
        assert_eq!(tokens.look(&key, at(3594).instant), Supply::Fetch);
    }

    #[test]
    fn identities_and_resources_are_told_apart_and_bounded() {
        let tokens = Tokens::default();
        let other = TokenKey::identity("https://vault.azure.net", Some(Arc::from("c")));
        tokens.learn(&key(), token(r#"{"access_token": "t", "expires_in": 3600}"#, at(0)), at(0).instant);
        assert!(tokens.known(&key(), at(1).instant).is_ok());
        assert_eq!(tokens.known(&other, at(1).instant), Err(Arc::from("there is no token")));
        for number in 0..TOKENS_MAX as u64 + 10 {
            let key = TokenKey::identity(format!("https://{number}"), None);
            assert_eq!(tokens.look(&key, at(number).instant), Supply::Fetch);
        }
        assert_eq!(tokens.entries.lock().unwrap().len(), TOKENS_MAX);
    }
}
