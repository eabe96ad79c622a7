//! A token of Entra ID that a policy is given as a value: whom it vouches for.

use std::sync::Arc;

use crate::config::authorization::Principal;
use crate::keys::TOKEN_BYTES_MAX;
use crate::keys::jws::Token;
use crate::policy::effect::{Effect, Reply};
use crate::policy::run::Run;

use super::decision::{self, Rules};
use super::fetch;

/// What is known of a token.
#[derive(Debug)]
pub enum Vouched {
    /// It vouches for one of those who may.
    For,
    /// This is to be performed first; [`advance`] takes the answer.
    Ask(Box<Effect>),
    /// It does not; why, in words.
    Not(Arc<str>),
}

/// Whether `text` is a token for `audience` that one of `principals` has got; the policy at `index` asks.
pub fn begin(run: &mut Run<'_>, index: usize, text: &str, audience: &str, principals: &[Principal]) -> Vouched {
    let parsed = Some(text.trim()).filter(|text| text.len() <= TOKEN_BYTES_MAX).and_then(Token::parse);
    let Some(token) = parsed else { return Vouched::Not(Arc::from("the identity is no JWT")) };
    let says = |claim: &str, wanted: &str| token.text(claim).is_some_and(|said| said.eq_ignore_ascii_case(wanted));
    let mut named = principals.iter();
    // No keys are fetched for somebody who would not be let in.
    let Some(principal) = named.find(|of| says("tid", &of.tenant) && says("oid", &of.object)) else {
        return Vouched::Not(Arc::from("no access policy names the identity"));
    };
    let urls = fetch::of_tenant(&principal.tenant, None);
    let providers = fetch::known(run, &urls);
    if let Some(effect) = fetch::begin(run, index, &urls, decision::has_key(&token, &[], &providers)) {
        return Vouched::Ask(effect);
    }
    run.state.fetches.remove(&index);
    let audiences = vec![Arc::from(audience), Arc::from(format!("{audience}/"))];
    let rules = Rules { needs_expiration: true, needs_signature: true, audiences, ..Rules::default() };
    let (verified, now) = (&run.shared.verified, run.now.wall.unix_seconds());
    match decision::decide(&token, &rules, &[], &providers, verified, now) {
        Ok(()) => Vouched::For,
        Err(denial) => Vouched::Not(Arc::from(denial.message)),
    }
}

/// Takes an answer for the policy at `index`; what is to be performed next, if anything is.
pub fn advance(run: &mut Run<'_>, index: usize, reply: Reply) -> Option<Box<Effect>> {
    fetch::advance(run, index, reply)
}
