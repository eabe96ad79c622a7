//! Whether a certificate was revoked: gets the lists that its authorities publish, and looks into them. What comes is kept for all
//! exchanges, and used on while an authority cannot be reached.

use std::sync::Arc;

use crate::keys::{Progress, Want};
use crate::pki::Certificate;
use crate::pki::revocation::{RevocationList, points};
use crate::policy::effect::{Effect, Reply};
use crate::policy::run::Run;

use super::client_certificate::denied;
use super::decision::Denial;
use super::document;

/// The longest list that is read, in bytes.
const LIST_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A certificate and who signed it.
pub(super) struct Link {
    pub(super) certificate: Arc<Certificate>,
    pub(super) issuer: Arc<Certificate>,
}

/// The next list that must be fetched before the links can be judged.
pub(super) fn begin(run: &mut Run<'_>, index: usize, links: &[Link]) -> Option<Box<Effect>> {
    for link in links {
        for url in points(&link.certificate) {
            let url: Arc<str> = Arc::from(url);
            let fetch = run.state.fetches.entry(index).or_default();
            if fetch.tried.contains(&url) {
                continue;
            }
            let at_hand = run.shared.revocations.known(&url);
            let now = run.now.wall.unix_seconds();
            let want = match &at_hand {
                Some(kept) if kept.is_over(now) || !kept.speaks(&link.issuer, &url) => Want::Newer,
                Some(_) | None => Want::Any,
            };
            if matches!(run.shared.revocations.look(&url, want, run.now.instant), Progress::Fetch) {
                fetch.tried.push(Arc::clone(&url));
                match document::get(&url, "application/pkix-crl", LIST_BYTES_MAX) {
                    Some(effect) => return Some(effect),
                    None => fail(run, &url, "it is not a URL"),
                }
            }
        }
    }
    None
}

/// Takes a list.
pub(super) fn take(run: &mut Run<'_>, index: usize, links: &[Link], reply: Reply) {
    let url = run.state.fetches.get(&index).and_then(|fetch| fetch.tried.last().cloned());
    let Some(url) = url else { return };
    let list = match document::content(reply) {
        Ok(bytes) => RevocationList::of_bytes(&bytes),
        Err(why) => return fail(run, &url, &why),
    };
    let Some(list) = list else { return fail(run, &url, "it is not a list of revoked certificates") };
    let names_it = |link: &&Link| points(&link.certificate).iter().any(|point| **point == *url);
    match list.verified(links.iter().filter(names_it).map(|link| &*link.issuer)) {
        Some(list) => run.shared.revocations.learn(&url, list, run.now.instant),
        None => fail(run, &url, "the authority of the certificate has not signed it"),
    }
}

/// Whether none of the links was revoked, by the lists at hand.
pub(super) fn judge(run: &Run<'_>, links: &[Link]) -> Result<(), Denial> {
    for link in links {
        let mut is_known = false;
        for url in points(&link.certificate) {
            let kept = run.shared.revocations.known(&url);
            let Some(list) = kept.filter(|list| list.speaks(&link.issuer, &url)) else { continue };
            if list.holds(&link.certificate) {
                return Err(denied("ClientCertificateRevoked", "The client certificate has been revoked."));
            }
            is_known = true;
        }
        if !is_known {
            let message = "Whether the client certificate has been revoked is not known.";
            return Err(denied("ClientCertificateRevocationUnknown", message));
        }
    }
    Ok(())
}

fn fail(run: &mut Run<'_>, url: &Arc<str>, why: &str) {
    run.shared.revocations.fail(url, run.now.instant);
    run.trace(format!("the list of revoked certificates at {url} could not be had: {why}"));
}
