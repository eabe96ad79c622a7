//! Which cache a policy means by its `caching-type`, and what it asks of an external one. Keeps nothing itself.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::{CACHING_TYPE, tell_too_large};
use crate::cache::stored::{self, HEAD_BYTES_MAX};
use crate::cache::{ENTRY_BYTES_MAX, Found, Item, Kept};
use crate::config::external_cache::ExternalCache;
use crate::http::Bytes;
use crate::policy::compile::External;
use crate::policy::effect::{CacheFailure, CacheRequest, CacheVerb, Effect, Reply};
use crate::policy::reader::Reader;
use crate::policy::run::{Flow, Run};
use crate::policy::source::Problem;

/// `caching-type`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CachingType {
    Internal,
    External,
    PreferExternal,
}

/// The cache that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    /// The built-in one.
    Memory,
    /// One outside of the process.
    External(Arc<ExternalCache>),
    /// One that is not there.
    Nowhere,
}

/// What an entry is found by: values and responses do not share their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Of a policy's own making. Values of all APIs share them, as in APIM.
    Value(Arc<str>),
    /// Made of a request.
    Response(Arc<str>),
}

impl CachingType {
    /// Reads the attribute; warns of a cache that is not there.
    pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Self {
        let name = CACHING_TYPE.name;
        match reader.literal(name).as_deref() {
            Some("internal") => Self::Internal,
            Some("external") => {
                if reader.compiler.catalog.external == External::Missing {
                    let span =
                        reader.element.attribute(name).map_or(reader.element.name_span, |found| found.value.span);
                    let message = "no external cache is configured: nothing is found and nothing is kept";
                    let help = "add an entity to `caches`, or use `prefer-external`, which else means the memory of the gateway";
                    reader.compiler.report(Problem::warning("no-external-cache", span, message).with_help(help));
                }
                Self::External
            }
            // The shape of the element reports what is neither.
            Some(_) | None => Self::PreferExternal,
        }
    }

    /// The cache that is meant on this gateway.
    pub(super) fn chosen(self, run: &Run<'_>) -> Chosen {
        match (self, &run.site.external_cache) {
            (Self::Internal, _) | (Self::PreferExternal, None) => Chosen::Memory,
            (Self::External | Self::PreferExternal, Some(cache)) => Chosen::External(Arc::clone(cache)),
            (Self::External, None) => Chosen::Nowhere,
        }
    }
}

impl Key {
    /// The key in the built-in cache.
    pub(super) fn in_memory(&self) -> String {
        match self {
            Self::Value(key) => format!("value {key}"),
            Self::Response(key) => format!("response {key}"),
        }
    }

    /// The key under which one call at a time makes the entry.
    pub(super) fn of_makers(&self) -> Arc<str> {
        match self {
            Self::Value(key) | Self::Response(key) => Arc::clone(key),
        }
    }

    // What a response is found by may hold credentials, and be long: others see a digest of it.
    fn outside(&self, cache: &ExternalCache) -> String {
        match self {
            Self::Value(key) => format!("{}value:{key}", cache.prefix),
            Self::Response(key) => {
                let digest: String = Sha256::digest(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
                format!("{}response:{digest}", cache.prefix)
            }
        }
    }
}

/// What was found at once, or what is asked.
pub(super) enum Lookup {
    Found(Found),
    Nothing,
    Asked(Flow),
}

/// Looks for `key`.
pub(super) fn look_up(chosen: &Chosen, key: &Key, run: &Run<'_>) -> Lookup {
    match chosen {
        Chosen::Memory => match run.shared.cache.get(&key.in_memory(), run.now.instant) {
            Some(found) => Lookup::Found(found),
            None => Lookup::Nothing,
        },
        Chosen::External(cache) => {
            Lookup::Asked(ask(cache, key, CacheVerb::Get { max_bytes: ENTRY_BYTES_MAX + HEAD_BYTES_MAX }))
        }
        Chosen::Nowhere => Lookup::Nothing,
    }
}

/// What came of the question that [`look_up`] asked. A cache that does not answer has nothing.
pub(super) fn answered(run: &mut Run<'_>, element: &str, reply: Reply) -> Option<Found> {
    match reply {
        Reply::Cache(Ok(entry)) => {
            let entry = entry?;
            let found = stored::decode(&entry, run.now.wall);
            if found.is_none() {
                run.trace(format!("{element}: what is in the external cache cannot be read"));
            }
            found
        }
        Reply::Cache(Err(CacheFailure(why))) => {
            run.trace(format!("{element}: the external cache does not answer: {why}"));
            None
        }
        Reply::Body(_) | Reply::Head(_) | Reply::Response(_) | Reply::Dispatched | Reply::Elapsed => None,
    }
}

/// Keeps `item` under `key`. A cache that cannot keep something fails no call.
pub(super) fn keep(
    chosen: &Chosen,
    key: &Key,
    item: Item,
    lifetime: Duration,
    run: &mut Run<'_>,
    element: &str,
) -> Flow {
    match chosen {
        Chosen::Memory => {
            let kept = run.shared.cache.put(&key.in_memory(), item, lifetime, run.now.instant);
            tell_too_large(run, element, kept);
            Flow::Next
        }
        Chosen::External(cache) => match entry(&item, lifetime, run) {
            Ok(entry) => ask(cache, key, CacheVerb::Set { entry, lifetime }),
            Err(kept) => {
                tell_too_large(run, element, kept);
                Flow::Next
            }
        },
        Chosen::Nowhere => Flow::Next,
    }
}

/// Forgets `key`.
pub(super) fn forget(chosen: &Chosen, key: &Key, run: &Run<'_>) -> Flow {
    match chosen {
        Chosen::Memory => {
            run.shared.cache.remove(&key.in_memory());
            Flow::Next
        }
        Chosen::External(cache) => ask(cache, key, CacheVerb::Remove),
        Chosen::Nowhere => Flow::Next,
    }
}

// Two bounds, as the built-in cache and the reader of an entry have them.
fn entry(item: &Item, lifetime: Duration, run: &Run<'_>) -> Result<Bytes, Kept> {
    let fits = |entry: &Bytes| u64::try_from(entry.len()).is_ok_and(|bytes| bytes <= ENTRY_BYTES_MAX);
    stored::encode(item, lifetime, run.now.wall).filter(fits).ok_or(Kept::TooLarge)
}

fn ask(cache: &Arc<ExternalCache>, key: &Key, verb: CacheVerb) -> Flow {
    let request = CacheRequest { cache: Arc::clone(cache), key: key.outside(cache), verb };
    Flow::Ask(Box::new(Effect::Cache(Box::new(request))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::external_cache::Connection;

    #[test]
    fn values_and_responses_never_share_a_key() {
        let server = Connection::parse("h").unwrap().server;
        let cache = ExternalCache { id: Arc::from("c"), server, prefix: Arc::from("p:") };
        for name in ["", "k", "value k", "response k", " 4:echo 1:1"] {
            let (value, response) = (Key::Value(Arc::from(name)), Key::Response(Arc::from(name)));
            assert_ne!(value.in_memory(), response.in_memory());
            assert!(
                value.outside(&cache).starts_with("p:value:") && response.outside(&cache).starts_with("p:response:")
            );
            // What a policy calls a key, in the words of the other kind.
            assert_ne!(Key::Value(Arc::from(response.in_memory())).in_memory(), response.in_memory());
        }
    }
}
