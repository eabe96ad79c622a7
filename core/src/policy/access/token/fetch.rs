//! Gets the keys of identity providers: the OpenID configuration, then the key set. What comes is kept for all exchanges.

use std::sync::Arc;

use crate::keys::{Configured, DOCUMENT_BYTES_MAX, Progress, Provider, Want};
use crate::policy::access::document;
use crate::policy::effect::{Effect, Reply};
use crate::policy::run::Run;

/// Where the tenants of Entra ID are.
const AUTHORITY: &str = "https://login.microsoftonline.com";

/// The OpenID configurations of a tenant, for tokens of version 2 and of version 1.
pub(super) fn of_tenant(tenant: &str, authority: Option<&str>) -> [Arc<str>; 2] {
    let tenant = tenant.trim().trim_end_matches('/');
    let base = match tenant.split_once("://") {
        Some(_) => tenant.trim_end_matches("/v2.0").to_owned(),
        None => format!("{}/{tenant}", authority.unwrap_or(AUTHORITY).trim().trim_end_matches('/')),
    };
    ["/v2.0", ""].map(|version| Arc::from(format!("{base}{version}/.well-known/openid-configuration")))
}

/// The next document that must be fetched before the token can be judged; `is_known` says whether its key is at hand.
pub(super) fn begin(run: &mut Run<'_>, index: usize, urls: &[Arc<str>], is_known: bool) -> Option<Box<Effect>> {
    for url in urls {
        let tried = run.state.fetches.get(&index).is_some_and(|fetch| fetch.tried.contains(url));
        if tried {
            continue;
        }
        let want = if is_known { Want::Any } else { Want::Newer };
        match run.shared.providers.look(url, want, run.now.instant) {
            Progress::Use(_) | Progress::Unknown(_) => {}
            Progress::Fetch => {
                run.state.fetches.entry(index).or_default().tried.push(Arc::clone(url));
                match get(url) {
                    Some(effect) => return Some(effect),
                    None => fail(run, url, "it is not a URL"),
                }
            }
        }
    }
    None
}

/// Takes a document; the next one to fetch, if one follows.
pub(super) fn advance(run: &mut Run<'_>, index: usize, reply: Reply) -> Option<Box<Effect>> {
    let fetch = run.state.fetches.get_mut(&index)?;
    let url = Arc::clone(fetch.tried.last()?);
    let configured = fetch.configured.take();
    let bytes = match document::content(reply) {
        Ok(bytes) => bytes,
        Err(why) => {
            fail(run, &url, &why);
            return None;
        }
    };
    if let Some(Configured { issuer, .. }) = configured {
        match Provider::read(issuer, &bytes) {
            Some(provider) => run.shared.providers.learn(&url, provider, run.now.instant),
            None => fail(run, &url, "the key set holds no key that verifies"),
        }
        return None;
    }
    let next = Configured::read(&bytes).and_then(|read| get(&read.keys_url).map(|effect| (read, effect)));
    let Some((read, effect)) = next else {
        fail(run, &url, "the OpenID configuration names no key set");
        return None;
    };
    run.state.fetches.entry(index).or_default().configured = Some(read);
    Some(effect)
}

/// What is at hand of these providers.
pub(super) fn known(run: &Run<'_>, urls: &[Arc<str>]) -> Vec<Arc<Provider>> {
    urls.iter().filter_map(|url| run.shared.providers.known(url, run.now.instant).ok()).collect()
}

fn fail(run: &mut Run<'_>, url: &Arc<str>, why: &str) {
    run.shared.providers.fail(url, why, run.now.instant);
    run.trace(format!("the keys of {url} could not be fetched: {why}"));
}

fn get(url: &str) -> Option<Box<Effect>> {
    document::get(url, "application/json", DOCUMENT_BYTES_MAX)
}
