//! Access tokens, kept for all exchanges: where those of managed identities come from, when one is fetched, and that an outage of the
//! source changes nothing while a token holds.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::{Map, Value as Json};

use crate::config::authorization::ClientGrant;
use crate::config::secret::Secret;
use crate::http::Url;
use crate::keys::{Kept, Lasting, Progress, Want};
use crate::time::{Instant, Now};

/// How long before its end a token is fetched anew, when its source does not say.
const REFRESH_BEFORE: Duration = Duration::from_secs(300);

/// A token that would end sooner than this is no longer sent.
const HOLDS_MIN: Duration = Duration::from_secs(10);

/// How long a token is used whose source does not say how long it holds (RFC 6749 §5.1 allows that).
const UNSAID: Duration = Duration::from_secs(300);

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
        /// Where this process finds the agent's folder of such files.
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
}

impl Lasting for AccessToken {
    const REFETCH: Duration = Duration::from_secs(30);
    const RETRY: Duration = Duration::from_secs(5);

    // A source that wants to be asked again at once is not.
    fn fresh_until(&self, fetched: Instant) -> Instant {
        self.refresh.max(fetched.saturating_add(Self::REFETCH))
    }

    fn holds(&self, now: Instant) -> bool {
        self.expires.saturating_since(now) >= HOLDS_MIN
    }
}

/// The tokens of a process.
#[derive(Debug, Default)]
pub struct Tokens {
    source: OnceLock<TokenSource>,
    kept: Kept<AccessToken, TokenKey>,
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

    /// What to do about a token. [`Progress::Fetch`] is a promise: [`Tokens::learn`] or [`Tokens::fail`] follows.
    pub fn look(&self, key: &TokenKey, now: Instant) -> Progress<AccessToken> {
        self.kept.look(key, Want::Any, now)
    }

    /// What is at hand and holds, without any fetch.
    ///
    /// # Errors
    /// Why there is nothing.
    pub fn known(&self, key: &TokenKey, now: Instant) -> Result<Arc<AccessToken>, Arc<str>> {
        self.kept.known(key, now)
    }

    /// Keeps what has come.
    pub fn learn(&self, key: &TokenKey, token: AccessToken, now: Instant) {
        self.kept.learn(key, token, now);
    }

    /// Notes that nothing has come; what was there stays as long as it holds.
    pub fn fail(&self, key: &TokenKey, why: &str, now: Instant) {
        self.kept.fail(key, why, now);
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

    fn is_fetched(tokens: &Tokens, seconds: u64) -> bool {
        matches!(tokens.look(&key(), at(seconds).instant), Progress::Fetch)
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
        assert!(is_fetched(&tokens, 0));
        tokens.learn(&key, token(r#"{"access_token": "t", "expires_in": 3600}"#, at(0)), at(0).instant);
        let is_used = |seconds| matches!(tokens.look(&key, at(seconds).instant), Progress::Use(_));
        assert!(is_used(3299));
        assert!(is_fetched(&tokens, 3300));
        assert!(is_used(3301), "one fetches, the others go on");
        tokens.fail(&key, "no answer", at(3305).instant);
        assert!(is_used(3334));
        assert!(is_fetched(&tokens, 3335));
        tokens.fail(&key, "no answer", at(3589).instant);
        assert!(is_used(3590));
        let ended = tokens.look(&key, at(3591).instant);
        assert!(matches!(ended, Progress::Unknown(why) if *why == *"no answer"), "what has ended is not sent");
        assert!(is_fetched(&tokens, 3594));
    }

    #[test]
    fn a_source_that_wants_to_be_asked_at_once_is_asked_every_half_minute() {
        let tokens = Tokens::default();
        let answer = r#"{"access_token": "t", "expires_in": 3600, "refresh_in": 0}"#;
        assert!(is_fetched(&tokens, 0));
        tokens.learn(&key(), token(answer, at(0)), at(0).instant);
        assert!(!is_fetched(&tokens, 29));
        assert!(is_fetched(&tokens, 30));
    }

    #[test]
    fn identities_and_resources_are_told_apart() {
        let tokens = Tokens::default();
        let other = TokenKey::identity("https://vault.azure.net", Some(Arc::from("c")));
        tokens.learn(&key(), token(r#"{"access_token": "t", "expires_in": 3600}"#, at(0)), at(0).instant);
        assert!(tokens.known(&key(), at(1).instant).is_ok());
        assert_eq!(tokens.known(&other, at(1).instant), Err(Arc::from("nothing is at hand")));
    }
}
