//! Whether a certificate was revoked: asks the responders that its authority names, then gets the lists that authorities publish, and
//! looks into both. What comes is kept for all exchanges, and used on while an authority cannot be reached.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http::percent::{Keep, encode};
use crate::keys::{Progress, Want};
use crate::pki::ocsp::{self, Standing, question, responders};
use crate::pki::revocation::{RevocationList, points};
use crate::pki::{Certificate, Digest, name};
use crate::policy::effect::{Effect, Reply};
use crate::policy::run::Run;

use super::client_certificate::denied;
use super::decision::Denial;
use super::document;

/// The longest list that is read, in bytes.
const LIST_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// The longest answer about one certificate, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// A certificate and who signed it.
pub(super) struct Link {
    pub(super) certificate: Arc<Certificate>,
    pub(super) issuer: Arc<Certificate>,
}

/// Who knows something of a link. What comes is kept under its key.
struct Source {
    kind: Kind,
    key: Arc<str>,
    url: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Responder,
    List,
}

impl Link {
    // In the order in which they are asked, as .NET does: responders, then lists.
    fn sources(&self) -> impl Iterator<Item = Source> {
        let thumbprint = name::hex(&self.certificate.thumbprint(Digest::Sha256));
        let responders = responders(&self.certificate).into_iter().map(move |url| {
            // An answer is about one certificate.
            let key = Arc::from(format!("{url} {thumbprint}"));
            Source { kind: Kind::Responder, key, url }
        });
        let lists = points(&self.certificate).into_iter();
        responders.chain(lists.map(|url| Source { kind: Kind::List, key: Arc::from(url.as_str()), url }))
    }

    // What a source has said, while it speaks of this link.
    fn known(&self, run: &Run<'_>, source: &Source) -> Option<Known> {
        let shared = run.shared;
        match source.kind {
            Kind::Responder => {
                let answer = shared.answered.known(&source.key, run.now.instant).ok();
                let answer = answer.filter(|answer| answer.speaks(&self.issuer))?;
                let is_over = answer.is_over(run.now.wall.unix_seconds());
                Some(Known { standing: answer.standing(), is_over })
            }
            Kind::List => {
                let list = shared.revocations.known(&source.key, run.now.instant).ok();
                let list = list.filter(|list| list.speaks(&self.issuer, &source.url))?;
                let standing = if list.holds(&self.certificate) { Standing::Revoked } else { Standing::Good };
                Some(Known { standing, is_over: list.is_over(run.now.wall.unix_seconds()) })
            }
        }
    }

    fn fetch(&self, source: &Source) -> Option<Box<Effect>> {
        match source.kind {
            Kind::Responder => {
                let question = STANDARD.encode(question(&self.certificate, &self.issuer));
                // RFC 6960 §A.1
                let url = format!("{}/{}", source.url.trim_end_matches('/'), encode(&question, Keep::Unreserved));
                document::get(&url, "application/ocsp-response", ANSWER_BYTES_MAX)
            }
            Kind::List => document::get(&source.url, "application/pkix-crl", LIST_BYTES_MAX),
        }
    }
}

/// What somebody has said of a certificate.
struct Known {
    standing: Standing,
    is_over: bool,
}

/// The next answer or list that must be fetched before the links can be judged.
pub(super) fn begin(run: &mut Run<'_>, index: usize, links: &[Link]) -> Option<Box<Effect>> {
    for link in links {
        for source in link.sources() {
            let tried = run.state.fetches.get(&index).is_some_and(|fetch| fetch.tried.contains(&source.key));
            if !tried && let Some(effect) = begin_one(run, index, link, &source) {
                return Some(effect);
            }
            // A responder that answers about now leaves nothing to ask lists.
            if source.kind == Kind::Responder && link.known(run, &source).is_some_and(|known| !known.is_over) {
                break;
            }
        }
    }
    None
}

fn begin_one(run: &mut Run<'_>, index: usize, link: &Link, source: &Source) -> Option<Box<Effect>> {
    let (shared, now) = (run.shared, run.now.instant);
    let want = match link.known(run, source) {
        Some(known) if known.is_over => Want::Newer,
        Some(_) => Want::Any,
        None if is_at_hand(run, source) => Want::Newer,
        None => Want::Any,
    };
    let must_fetch = match source.kind {
        Kind::Responder => matches!(shared.answered.look(&source.key, want, now), Progress::Fetch),
        Kind::List => matches!(shared.revocations.look(&source.key, want, now), Progress::Fetch),
    };
    if !must_fetch {
        return None;
    }
    run.state.fetches.entry(index).or_default().tried.push(Arc::clone(&source.key));
    let effect = link.fetch(source);
    if effect.is_none() {
        fail(run, source, "it is not a URL");
    }
    effect
}

// Whether there is something from there, though it does not speak of the link.
fn is_at_hand(run: &Run<'_>, source: &Source) -> bool {
    match source.kind {
        Kind::Responder => run.shared.answered.known(&source.key, run.now.instant).is_ok(),
        Kind::List => run.shared.revocations.known(&source.key, run.now.instant).is_ok(),
    }
}

/// Takes an answer or a list.
pub(super) fn take(run: &mut Run<'_>, index: usize, links: &[Link], reply: Reply) {
    let key = run.state.fetches.get(&index).and_then(|fetch| fetch.tried.last().cloned());
    let Some(key) = key else { return };
    let asked = links.iter().find_map(|link| {
        let source = link.sources().find(|source| source.key == key)?;
        Some((link, source))
    });
    let Some((link, source)) = asked else { return };
    let bytes = match document::content(reply) {
        Ok(bytes) => bytes,
        Err(why) => return fail(run, &source, &why),
    };
    match source.kind {
        Kind::Responder => {
            let now = run.now.wall.unix_seconds();
            match ocsp::verified(&bytes, &link.certificate, &link.issuer, now) {
                Ok(answer) => run.shared.answered.learn(&source.key, answer, run.now.instant),
                Err(why) => fail(run, &source, why),
            }
        }
        Kind::List => take_list(run, links, &source, &bytes),
    }
}

fn take_list(run: &mut Run<'_>, links: &[Link], source: &Source, bytes: &[u8]) {
    let Some(list) = RevocationList::of_bytes(bytes) else {
        return fail(run, source, "it is not a list of revoked certificates");
    };
    let names_it = |link: &&Link| points(&link.certificate).contains(&source.url);
    match list.verified(links.iter().filter(names_it).map(|link| &*link.issuer)) {
        Some(list) => run.shared.revocations.learn(&source.key, list, run.now.instant),
        None => fail(run, source, "the authority of the certificate has not signed it"),
    }
}

/// Whether none of the links was revoked, by what is at hand.
pub(super) fn judge(run: &Run<'_>, links: &[Link]) -> Result<(), Denial> {
    for link in links {
        let known: Vec<(Kind, Known)> =
            link.sources().filter_map(|source| Some((source.kind, link.known(run, &source)?))).collect();
        if known.iter().any(|(_, known)| known.standing == Standing::Revoked) {
            return Err(denied("ClientCertificateRevoked", "The client certificate has been revoked."));
        }
        if known.is_empty() {
            let message = "Whether the client certificate has been revoked is not known.";
            return Err(denied("ClientCertificateRevocationUnknown", message));
        }
    }
    Ok(())
}

fn fail(run: &mut Run<'_>, source: &Source, why: &str) {
    let (now, url) = (run.now.instant, &source.url);
    match source.kind {
        Kind::Responder => {
            run.shared.answered.fail(&source.key, why, now);
            run.trace(format!("what {url} says of the certificate could not be had: {why}"));
        }
        Kind::List => {
            run.shared.revocations.fail(&source.key, why, now);
            run.trace(format!("the list of revoked certificates at {url} could not be had: {why}"));
        }
    }
}
