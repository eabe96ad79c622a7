//! What identity providers publish, kept for all exchanges: when a document is fetched, how long it is used, and that an outage of
//! the provider changes nothing while there are keys.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value as Json;

use super::{Key, PROVIDERS_MAX, key_set};
use crate::limits::shards::lock;
use crate::time::Instant;

/// How long what was fetched is used without asking again (APIM's own).
const FRESH: Duration = Duration::from_secs(3600);

/// The least time between two fetches while there are keys, after a failure; and between two for a key that nobody knows (APIM's own).
const REFETCH: Duration = Duration::from_secs(300);

/// The least time between two fetches while there are no keys.
const RETRY: Duration = Duration::from_secs(10);

/// How long others go on with what is there while one fetches.
const UNDER_WAY: Duration = Duration::from_secs(30);

/// What an identity provider has published.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Whom it names as the issuer of its tokens.
    pub issuer: Option<Arc<str>>,
    /// The keys that verify them.
    pub keys: Vec<Key>,
}

/// Why an exchange looks at a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// To use its keys.
    Keys,
    /// The key that a token names is not among those at hand.
    UnknownKey,
}

/// What an exchange does next about a provider.
#[derive(Clone, Debug)]
pub enum Progress {
    /// It fetches the document at this URL.
    Fetch,
    /// It goes on with this.
    Use(Arc<Provider>),
    /// Nothing is known, and it was asked for a moment ago.
    Unknown,
}

/// The documents of identity providers by the URL of their OpenID configuration.
#[derive(Debug, Default)]
pub struct Providers(Mutex<BTreeMap<Arc<str>, Entry>>);

#[derive(Debug, Default)]
struct Entry {
    provider: Option<Arc<Provider>>,
    fetched: Option<Instant>,
    failed: Option<Instant>,
    /// When the last fetch ended that was made for a key that nobody knew.
    renewed: Option<Instant>,
    began: Option<(Instant, Want)>,
    used: Instant,
}

/// The fetch of one exchange for one policy: first the OpenID configuration, then the key set that it names.
#[derive(Clone, Debug, Default)]
pub struct Fetch {
    /// What has been asked for already; nothing is asked for twice in one run of a policy.
    pub tried: Vec<Arc<str>>,
    /// The issuer that the OpenID configuration names, once that has come.
    pub configured: Option<Configured>,
}

/// What an OpenID configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configured {
    /// Whom it names as the issuer.
    pub issuer: Option<Arc<str>>,
    /// Where the key set is.
    pub keys_url: Arc<str>,
}

impl Configured {
    /// Reads an OpenID configuration (OpenID Connect Discovery 1.0 §3).
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Self> {
        let document: Json = serde_json::from_slice(text).ok()?;
        let member = |name: &str| document.get(name).and_then(Json::as_str).map(Arc::from);
        Some(Self { issuer: member("issuer"), keys_url: member("jwks_uri")? })
    }
}

impl Providers {
    /// What to do about the provider at `url`. [`Progress::Fetch`] is a promise: [`Providers::learn`] or [`Providers::fail`] follows.
    pub fn look(&self, url: &Arc<str>, want: Want, now: Instant) -> Progress {
        let mut entries = lock(&self.0);
        make_room(&mut entries, url);
        let entry = entries.entry(Arc::clone(url)).or_default();
        entry.used = now;
        let within =
            |moment: Option<Instant>, time: Duration| moment.is_some_and(|moment| now.saturating_since(moment) < time);
        let is_fetched = match (&entry.provider, want) {
            (None, _) => !within(entry.failed, RETRY),
            (Some(_), Want::UnknownKey) => !within(entry.failed, REFETCH) && !within(entry.renewed, REFETCH),
            (Some(_), Want::Keys) => {
                let began = entry.began.map(|(began, _)| began);
                !within(entry.fetched, FRESH) && !within(entry.failed, REFETCH) && !within(began, UNDER_WAY)
            }
        };
        if is_fetched {
            entry.began = Some((now, want));
            return Progress::Fetch;
        }
        entry.provider.clone().map_or(Progress::Unknown, Progress::Use)
    }

    /// What is at hand, without any fetch.
    #[must_use]
    pub fn known(&self, url: &str) -> Option<Arc<Provider>> {
        lock(&self.0).get(url)?.provider.clone()
    }

    /// Keeps what has come.
    pub fn learn(&self, url: &Arc<str>, issuer: Option<Arc<str>>, key_set_text: &[u8], now: Instant) {
        // A set without a key that verifies is none: what was there before is better.
        let keys = key_set(key_set_text).filter(|keys| !keys.is_empty());
        let Some(keys) = keys else { return self.fail(url, now) };
        let mut entries = lock(&self.0);
        make_room(&mut entries, url);
        let entry = entries.entry(Arc::clone(url)).or_default();
        if let Some((_, Want::UnknownKey)) = entry.began.take().filter(|_| entry.provider.is_some()) {
            entry.renewed = Some(now);
        }
        (entry.provider, entry.fetched, entry.failed) = (Some(Arc::new(Provider { issuer, keys })), Some(now), None);
        entry.used = now;
    }

    /// Notes that nothing has come; what was there stays.
    pub fn fail(&self, url: &Arc<str>, now: Instant) {
        let mut entries = lock(&self.0);
        if let Some(entry) = entries.get_mut(url) {
            entry.failed = Some(now);
            entry.began = None;
        }
    }
}

// URLs may be computed from what clients send: the one that was not used for longest goes.
fn make_room(entries: &mut BTreeMap<Arc<str>, Entry>, url: &Arc<str>) {
    if entries.len() < PROVIDERS_MAX || entries.contains_key(url) {
        return;
    }
    let oldest = entries.iter().min_by_key(|(_, entry)| entry.used).map(|(url, _)| Arc::clone(url));
    if let Some(oldest) = oldest {
        entries.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: &[u8] = br#"{"keys": [{"kty": "EC", "kid": "f", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    fn asks(providers: &Providers, url: &Arc<str>, want: Want, seconds: u64) -> bool {
        matches!(providers.look(url, want, at(seconds)), Progress::Fetch)
    }

    #[test]
    fn keys_are_used_for_an_hour_and_longer_when_the_provider_fails() {
        let (providers, url) = (Providers::default(), Arc::from("https://idp/"));
        assert!(asks(&providers, &url, Want::Keys, 1000));
        providers.learn(&url, None, SET, at(1001));
        assert!(!asks(&providers, &url, Want::Keys, 4600));
        assert!(asks(&providers, &url, Want::Keys, 4601));
        assert!(!asks(&providers, &url, Want::Keys, 4602), "one fetches, the others go on");
        providers.fail(&url, at(4605));
        assert!(matches!(providers.look(&url, Want::Keys, at(4904)), Progress::Use(_)));
        assert!(asks(&providers, &url, Want::Keys, 4905));
        providers.learn(&url, None, br#"{"keys": []}"#, at(4906));
        assert!(providers.known(&url).is_some(), "an empty set replaces nothing");
    }

    #[test]
    fn an_unknown_key_is_asked_for_at_once_and_then_every_five_minutes() {
        let (providers, url) = (Providers::default(), Arc::from("https://idp/"));
        assert!(asks(&providers, &url, Want::UnknownKey, 999), "nothing is known yet");
        providers.learn(&url, None, SET, at(1000));
        assert!(asks(&providers, &url, Want::UnknownKey, 1001), "the provider may have changed its keys since");
        assert!(asks(&providers, &url, Want::UnknownKey, 1002), "nobody is refused because another one fetches");
        providers.learn(&url, None, SET, at(1003));
        assert!(!asks(&providers, &url, Want::UnknownKey, 1302));
        assert!(asks(&providers, &url, Want::UnknownKey, 1303));
        providers.fail(&url, at(1310));
        assert!(!asks(&providers, &url, Want::UnknownKey, 1609));
        assert!(asks(&providers, &url, Want::UnknownKey, 1610));
    }

    #[test]
    fn without_keys_it_is_asked_again_soon() {
        let (providers, url) = (Providers::default(), Arc::from("https://idp/"));
        assert!(asks(&providers, &url, Want::Keys, 0));
        assert!(asks(&providers, &url, Want::Keys, 1), "nobody waits for another exchange");
        providers.fail(&url, at(2));
        assert!(matches!(providers.look(&url, Want::Keys, at(11)), Progress::Unknown));
        assert!(asks(&providers, &url, Want::Keys, 12));
    }

    #[test]
    fn the_number_of_providers_is_bounded() {
        let providers = Providers::default();
        for number in 0..PROVIDERS_MAX as u64 + 10 {
            assert!(asks(&providers, &Arc::from(format!("https://idp/{number}")), Want::Keys, number));
        }
        assert_eq!(providers.0.lock().unwrap().len(), PROVIDERS_MAX);
    }
}
