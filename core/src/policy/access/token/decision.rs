//! Whether a token passes, with the words of each refusal: pure functions of the token, the keys and the rules.

use std::sync::Arc;

use super::super::decision::Denial;
use crate::expr::claim_values;
use crate::keys::jws::{Algorithm, Token};
use crate::keys::{Key, Provider, Verified};

/// The reason of a request without a token.
pub(super) const NOT_PRESENT: &str = "TokenNotPresent";

/// The reason of a token that is wrong in a way that has no reason of its own.
pub(super) const INVALID: &str = "JwtInvalid";

/// What a token must say.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) needs_expiration: bool,
    pub(super) needs_signature: bool,
    /// In seconds.
    pub(super) skew: i64,
    pub(super) audiences: Vec<Arc<str>>,
    pub(super) issuers: Vec<Arc<str>>,
    /// The applications that may have got the token; empty means any.
    pub(super) applications: Vec<Arc<str>>,
    pub(super) claims: Vec<Claim>,
}

/// A claim that must be there.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) name: Arc<str>,
    pub(super) is_any: bool,
    pub(super) separator: Option<Arc<str>>,
    pub(super) values: Vec<Arc<str>>,
}

/// A request without a token.
pub(super) fn not_present() -> Denial {
    Denial { reason: NOT_PRESENT, message: "JWT not present.".to_owned() }
}

/// Whether the key that the token names is at hand; one that names none asks for none.
pub(super) fn has_key(token: &Token, own: &[Key], providers: &[Arc<Provider>]) -> bool {
    let Some(kid) = token.header_text("kid") else { return true };
    all_keys(own, providers).any(|key| key.id.as_deref() == Some(kid))
}

fn all_keys<'k>(own: &'k [Key], providers: &'k [Arc<Provider>]) -> impl Iterator<Item = &'k Key> {
    own.iter().chain(providers.iter().flat_map(|provider| &provider.keys))
}

/// Whether the token passes at `now`, in seconds since 1970.
pub(super) fn decide(
    token: &Token,
    rules: &Rules,
    own: &[Key],
    providers: &[Arc<Provider>],
    verified: &Verified,
    now: i64,
) -> Result<(), Denial> {
    signature(token, rules, &all_keys(own, providers).collect::<Vec<_>>(), verified)?;
    lifetime(token, rules, now)?;
    audience(token, rules)?;
    issuer(token, rules, providers)?;
    application(token, rules)?;
    claims(token, rules)
}

fn denied(reason: &'static str, why: impl AsRef<str>) -> Denial {
    Denial { reason, message: format!("{} Access denied.", why.as_ref()) }
}

fn signature(token: &Token, rules: &Rules, keys: &[&Key], verified: &Verified) -> Result<(), Denial> {
    match token.algorithm() {
        None => return Err(denied(INVALID, "JWT is signed with an algorithm that is not supported.")),
        Some(Algorithm::None) => {
            return match !rules.needs_signature && token.is_unsigned() {
                true => Ok(()),
                false => Err(denied("TokenSignatureInvalid", "JWT is not signed.")),
            };
        }
        Some(Algorithm::Hmac(_) | Algorithm::Rsa(_) | Algorithm::RsaPss(_) | Algorithm::Ecdsa(..)) => {}
    }
    if keys.is_empty() {
        return Err(denied("TokenSignatureKeyNotFound", "No key to verify the signature of JWT is at hand."));
    }
    let kid = token.header_text("kid");
    let named: Vec<&&Key> = keys.iter().filter(|key| kid.is_some() && key.id.as_deref() == kid).collect();
    let is_signed = match named.is_empty() {
        true => keys.iter().any(|key| verified.is_signed(token, key)),
        false => named.iter().any(|key| verified.is_signed(token, key)),
    };
    match (is_signed, named.is_empty() && kid.is_some()) {
        (true, _) => Ok(()),
        (false, true) => Err(denied("TokenSignatureKeyNotFound", "The key that JWT names is not known.")),
        (false, false) => Err(denied("TokenSignatureInvalid", "The signature of JWT is invalid.")),
    }
}

fn lifetime(token: &Token, rules: &Rules, now: i64) -> Result<(), Denial> {
    for claim in ["exp", "nbf"] {
        if token.claims.contains_key(claim) && token.seconds(claim).is_none() {
            return Err(denied(INVALID, format!("The claim {claim} of JWT is not a moment.")));
        }
    }
    match token.seconds("exp") {
        None if rules.needs_expiration => return Err(denied(INVALID, "JWT has no expiration time.")),
        Some(end) if end <= now.saturating_sub(rules.skew) => return Err(denied("TokenExpired", "JWT has expired.")),
        None | Some(_) => {}
    }
    match token.seconds("nbf") {
        Some(begin) if begin > now.saturating_add(rules.skew) => Err(denied(INVALID, "JWT is not valid yet.")),
        None | Some(_) => Ok(()),
    }
}

fn audience(token: &Token, rules: &Rules) -> Result<(), Denial> {
    let said = token.claims.get("aud").map(claim_values).unwrap_or_default();
    if rules.audiences.is_empty() || said.iter().any(|audience| rules.audiences.contains(audience)) {
        return Ok(());
    }
    Err(denied("TokenAudienceNotAllowed", format!("The audience {} of JWT is not allowed.", said.join(", "))))
}

fn issuer(token: &Token, rules: &Rules, providers: &[Arc<Provider>]) -> Result<(), Denial> {
    let said = token.text("iss").unwrap_or_default();
    let tenant = token.text("tid").unwrap_or_default();
    let published = providers.iter().filter_map(|provider| provider.issuer.as_ref());
    let mut allowed = rules.issuers.iter().chain(published).peekable();
    if allowed.peek().is_none() {
        return Ok(());
    }
    // The configuration for all tenants of Entra ID names a pattern instead of an issuer.
    if allowed.any(|issuer| **issuer == *said || !tenant.is_empty() && issuer.replace("{tenantid}", &tenant) == *said) {
        return Ok(());
    }
    Err(denied("TokenIssuerNotAllowed", format!("The issuer {said} of JWT is not allowed.")))
}

// `azp` in version 2 of the tokens, `appid` in version 1.
fn application(token: &Token, rules: &Rules) -> Result<(), Denial> {
    if rules.applications.is_empty() {
        return Ok(());
    }
    let name = if token.claims.contains_key("azp") { "azp" } else { "appid" };
    let Some(said) = token.text(name) else { return Err(missing(&["azp"])) };
    match rules.applications.iter().any(|application| application.eq_ignore_ascii_case(&said)) {
        true => Ok(()),
        false => Err(not_allowed(name, &said)),
    }
}

fn claims(token: &Token, rules: &Rules) -> Result<(), Denial> {
    let absent: Vec<&str> =
        rules.claims.iter().map(|claim| &*claim.name).filter(|name| !token.claims.contains_key(*name)).collect();
    if !absent.is_empty() {
        return Err(missing(&absent));
    }
    for claim in &rules.claims {
        let said = token.claims.get(&*claim.name).map(claim_values).unwrap_or_default();
        let parts: Vec<&str> = match claim.separator.as_deref().filter(|separator| !separator.is_empty()) {
            Some(separator) => said.iter().flat_map(|text| text.split(separator)).map(str::trim).collect(),
            None => said.iter().map(|text| &**text).collect(),
        };
        let has = |value: &Arc<str>| parts.contains(&&**value);
        let passes = match claim.is_any {
            true => claim.values.is_empty() || claim.values.iter().any(has),
            false => claim.values.iter().all(has),
        };
        if !passes {
            return Err(not_allowed(&claim.name, &said.join(", ")));
        }
    }
    Ok(())
}

fn missing(names: &[&str]) -> Denial {
    denied("TokenClaimNotFound", format!("JWT token is missing the following claims: {}.", names.join(", ")))
}

fn not_allowed(name: &str, value: &str) -> Denial {
    denied("TokenClaimValueNotAllowed", format!("Claim {name} value of {value} is not allowed."))
}
