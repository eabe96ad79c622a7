//! What is fetched on behalf of all exchanges, documents and tokens: when it is fetched, how long it is used, and that an outage of whoever
//! gives it changes nothing while there is one that holds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::limits::shards::lock;
use crate::pki::ocsp::VerifiedAnswer;
use crate::pki::revocation::VerifiedList;
use crate::time::Instant;

/// A fetch that has not come back after this time is taken for one that fails: whoever waited for it may have gone away.
const STUCK: Duration = Duration::from_secs(10);

/// How long others go on with what is there while one fetches.
const UNDER_WAY: Duration = Duration::from_secs(30);

/// Why there is nothing that nobody has failed to get.
const NOTHING: &str = "nothing is at hand";

/// How long something is used. What is said here is of documents.
pub trait Lasting {
    /// The most of them that are kept.
    const KEPT_MAX: usize = 256;

    /// The least time between two fetches while there is one, after a failure; and between two for a newer one (APIM's own, for keys).
    const REFETCH: Duration = Duration::from_secs(300);

    /// The least time between two fetches while there is none.
    const RETRY: Duration = Duration::from_secs(10);

    /// Until when it is used without asking again, fetched at this moment: an hour (APIM's own, for keys).
    fn fresh_until(&self, fetched: Instant) -> Instant {
        fetched.saturating_add(Duration::from_secs(3600))
    }

    /// Whether it can be used at all.
    fn holds(&self, _now: Instant) -> bool {
        true
    }
}

impl Lasting for VerifiedList {}

impl Lasting for VerifiedAnswer {
    // One for each certificate.
    const KEPT_MAX: usize = 4096;
}

/// Why an exchange looks at a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// To use it.
    Any,
    /// The one at hand does not do: it lacks the key that a token names, or its time is over.
    Newer,
}

/// What an exchange does next about a document.
#[derive(Clone, Debug)]
pub enum Progress<T> {
    /// It fetches it.
    Fetch,
    /// It goes on with this.
    Use(Arc<T>),
    /// There is none, and it was asked for a moment ago: why it did not come.
    Unknown(Arc<str>),
}

/// Documents by their URL, or others by what they are for.
#[derive(Debug)]
pub struct Kept<T, K = Arc<str>>(Mutex<BTreeMap<K, Entry<T>>>);

#[derive(Debug)]
struct Entry<T> {
    document: Option<Arc<T>>,
    fetched: Option<Instant>,
    failed: Option<(Instant, Arc<str>)>,
    /// When the last fetch ended that was made for a newer one.
    renewed: Option<Instant>,
    began: Option<(Instant, Want)>,
    used: Instant,
}

impl<T, K> Default for Kept<T, K> {
    fn default() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }
}

impl<T> Default for Entry<T> {
    fn default() -> Self {
        Self { document: None, fetched: None, failed: None, renewed: None, began: None, used: Instant::ZERO }
    }
}

impl<T: Lasting, K: Ord + Clone> Kept<T, K> {
    /// What to do about the document of `key`. [`Progress::Fetch`] is a promise: [`Kept::learn`] or [`Kept::fail`] follows.
    pub fn look(&self, key: &K, want: Want, now: Instant) -> Progress<T> {
        let mut entries = lock(&self.0);
        make_room(&mut entries, key);
        let entry = entries.entry(key.clone()).or_default();
        entry.used = now;
        entry.document.take_if(|document| !document.holds(now));
        let within =
            |moment: Option<Instant>, time: Duration| moment.is_some_and(|moment| now.saturating_since(moment) < time);
        let began = entry.began.map(|(began, _)| began);
        let failed = entry.failed.as_ref().map(|(at, _)| *at);
        let is_stuck = |pause: Duration| within(began, STUCK + pause) && !within(began, STUCK);
        let is_fetched = match (&entry.document, want) {
            (None, _) => !within(failed, T::RETRY) && !is_stuck(T::RETRY),
            (Some(_), Want::Newer) => {
                !within(failed, T::REFETCH) && !within(entry.renewed, T::REFETCH) && !is_stuck(T::REFETCH)
            }
            (Some(document), Want::Any) => {
                let is_fresh = entry.fetched.is_some_and(|fetched| now < document.fresh_until(fetched));
                !is_fresh && !within(failed, T::REFETCH) && !within(began, UNDER_WAY)
            }
        };
        if is_fetched {
            entry.began = match entry.began.filter(|_| within(began, STUCK)) {
                Some((first, Want::Any)) => Some((first, want)),
                Some(earlier) => Some(earlier),
                None => Some((now, want)),
            };
            return Progress::Fetch;
        }
        entry.document.clone().map_or_else(|| Progress::Unknown(entry.reason()), Progress::Use)
    }

    /// What is at hand and holds, without any fetch.
    ///
    /// # Errors
    /// Why there is nothing.
    pub fn known(&self, key: &K, now: Instant) -> Result<Arc<T>, Arc<str>> {
        let entries = lock(&self.0);
        let Some(entry) = entries.get(key) else { return Err(Arc::from(NOTHING)) };
        let held = entry.document.as_ref().filter(|document| document.holds(now));
        held.cloned().ok_or_else(|| entry.reason())
    }

    /// Keeps what has come.
    pub fn learn(&self, key: &K, document: T, now: Instant) {
        let mut entries = lock(&self.0);
        make_room(&mut entries, key);
        let entry = entries.entry(key.clone()).or_default();
        if let Some((_, Want::Newer)) = entry.began.take().filter(|_| entry.document.is_some()) {
            entry.renewed = Some(now);
        }
        (entry.document, entry.fetched, entry.failed) = (Some(Arc::new(document)), Some(now), None);
        entry.used = now;
    }

    /// Notes that nothing has come; what was there stays as long as it holds.
    pub fn fail(&self, key: &K, why: &str, now: Instant) {
        let mut entries = lock(&self.0);
        if let Some(entry) = entries.get_mut(key) {
            entry.failed = Some((now, Arc::from(why)));
            entry.began = None;
        }
    }
}

impl<T> Entry<T> {
    fn reason(&self) -> Arc<str> {
        self.failed.as_ref().map_or_else(|| Arc::from(NOTHING), |(_, why)| Arc::clone(why))
    }
}

// Keys may be computed from what clients send: the one that was not used for longest goes.
fn make_room<T: Lasting, K: Ord + Clone>(entries: &mut BTreeMap<K, Entry<T>>, key: &K) {
    if entries.len() < T::KEPT_MAX || entries.contains_key(key) {
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

    impl Lasting for u8 {}

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    fn asks(kept: &Kept<u8>, url: &Arc<str>, want: Want, seconds: u64) -> bool {
        matches!(kept.look(url, want, at(seconds)), Progress::Fetch)
    }

    #[test]
    fn a_document_is_used_for_an_hour_and_longer_when_its_publisher_fails() {
        let (kept, url) = (Kept::default(), Arc::from("https://idp/"));
        assert!(asks(&kept, &url, Want::Any, 1000));
        kept.learn(&url, 1, at(1001));
        assert!(!asks(&kept, &url, Want::Any, 4600));
        assert!(asks(&kept, &url, Want::Any, 4601));
        assert!(!asks(&kept, &url, Want::Any, 4602), "one fetches, the others go on");
        kept.fail(&url, "away", at(4605));
        assert!(matches!(kept.look(&url, Want::Any, at(4904)), Progress::Use(_)));
        assert!(asks(&kept, &url, Want::Any, 4905));
    }

    #[test]
    fn a_newer_one_is_asked_for_at_once_and_then_every_five_minutes() {
        let (kept, url) = (Kept::default(), Arc::from("https://idp/"));
        assert!(asks(&kept, &url, Want::Newer, 999), "nothing is known yet");
        kept.learn(&url, 1, at(1000));
        assert!(asks(&kept, &url, Want::Newer, 1001), "there may be a newer one since");
        assert!(asks(&kept, &url, Want::Newer, 1002), "nobody is refused because another one fetches");
        kept.learn(&url, 2, at(1003));
        assert!(!asks(&kept, &url, Want::Newer, 1302));
        assert!(asks(&kept, &url, Want::Newer, 1303));
        kept.fail(&url, "away", at(1310));
        assert!(!asks(&kept, &url, Want::Newer, 1609));
        assert!(asks(&kept, &url, Want::Newer, 1610));
    }

    #[test]
    fn what_is_not_there_is_asked_for_again_soon() {
        let (kept, url) = (Kept::default(), Arc::from("https://idp/"));
        assert!(asks(&kept, &url, Want::Any, 0));
        assert!(asks(&kept, &url, Want::Any, 1), "nobody waits for another exchange");
        kept.fail(&url, "away", at(2));
        assert!(matches!(kept.look(&url, Want::Any, at(11)), Progress::Unknown(_)));
        assert!(asks(&kept, &url, Want::Any, 12));
    }

    #[test]
    fn a_fetch_that_nobody_waits_for_any_more_has_failed() {
        let (kept, url) = (Kept::default(), Arc::from("https://idp/"));
        for second in [0, 4, 9] {
            assert!(asks(&kept, &url, Want::Any, second));
        }
        assert!(matches!(kept.look(&url, Want::Any, at(10)), Progress::Unknown(_)), "ten seconds are enough");
        assert!(!asks(&kept, &url, Want::Any, 19));
        assert!(asks(&kept, &url, Want::Any, 20));
        kept.learn(&url, 1, at(21));
        assert!(asks(&kept, &url, Want::Newer, 30));
        assert!(!asks(&kept, &url, Want::Newer, 40));
        assert!(!asks(&kept, &url, Want::Newer, 339));
        assert!(asks(&kept, &url, Want::Newer, 340));
    }

    #[test]
    fn the_number_of_documents_is_bounded() {
        let kept = Kept::default();
        for number in 0..u8::KEPT_MAX as u64 + 10 {
            assert!(asks(&kept, &Arc::from(format!("https://idp/{number}")), Want::Any, number));
        }
        assert_eq!(kept.0.lock().unwrap().len(), u8::KEPT_MAX);
    }
}
