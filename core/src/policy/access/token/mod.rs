//! Who sends a request: `validate-jwt` and `validate-azure-ad-token`. Fetches keys through effects; decides in `decision`.

mod build;
mod decision;
mod fetch;
mod place;
pub mod vouched;

use std::sync::Arc;

use crate::expr::{Expected, jwt_object};
use crate::http::StatusCode;
use crate::keys::jws::Token;
use crate::keys::{Key, Material, TOKEN_BYTES_MAX, decode_base64, decode_base64url, jwe};
use crate::pki::rsa_key::Parts;
use crate::pki::{RsaKey, SecretStream};
use crate::policy::Policy;
use crate::policy::effect::Reply;
use crate::policy::operand::{Operand, Typed, get_optional};
use crate::policy::run::{Failure, Flow, Public, Ran, Run, Stop};
use crate::value::Value;

use super::Status;
use super::decision::Denial;
use decision::{Claim, Rules};
use place::Place;

pub use build::{VALIDATE_AZURE_AD_TOKEN, VALIDATE_JWT, build_validate_azure_ad_token, build_validate_jwt};

/// Refuses a request without a token that is signed by whom the policy trusts and says what the policy wants.
#[derive(Debug)]
struct ValidateToken {
    /// Tells the fetches of this policy from those of others in the same section.
    index: usize,
    place: Place,
    status: Option<Operand<Status>>,
    message: Option<Operand>,
    expiration: Option<Operand<bool>>,
    signature: Option<Operand<bool>>,
    skew: Option<Operand<Skew>>,
    variable: Option<Arc<str>>,
    providers: Vec<Operand>,
    tenant: Option<Tenant>,
    signing_keys: Vec<KeySource>,
    decryption_keys: Vec<KeySource>,
    audiences: Vec<Operand>,
    issuers: Vec<Operand>,
    applications: Vec<Arc<str>>,
    claims: Vec<RequiredClaim>,
}

/// A tenant of Entra ID.
#[derive(Debug)]
struct Tenant {
    id: Operand,
    authority: Option<Operand>,
}

/// A key as a policy gives it.
#[derive(Debug)]
struct KeySource {
    id: Option<Arc<str>>,
    from: KeyFrom,
}

#[derive(Debug)]
enum KeyFrom {
    Secret(Operand<SecretKey>),
    Certificate(Operand),
    Numbers(Arc<RsaKey>),
}

/// A `claim` of `required-claims`.
#[derive(Debug)]
struct RequiredClaim {
    name: Operand,
    wanted: Option<Operand>,
    separator: Option<Arc<str>>,
    values: Vec<Operand>,
}

/// How far clocks may differ, in seconds.
#[derive(Clone, Copy, Debug)]
struct Skew(i64);

/// The longest difference of clocks, in seconds: a day.
const SKEW_SECONDS_MAX: i64 = 86_400;

/// The shortest symmetric key, in bytes.
const SECRET_BYTES_MIN: usize = 16;

/// Bytes that a policy writes in Base64.
#[derive(Clone)]
struct SecretKey(Arc<[u8]>);

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

impl Policy for ValidateToken {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let status = get_optional(self.status.as_ref(), run)?.map_or(StatusCode::UNAUTHORIZED, |Status(code)| code);
        let message = get_optional(self.message.as_ref(), run)?;
        let rules = self.rules(run)?;
        let urls = self.urls(run)?;
        let signing = keys(&self.signing_keys, run)?;
        let decryption = keys(&self.decryption_keys, run)?;
        let found = self.place.find(run)?;
        let read = match found.ok_or_else(decision::not_present).and_then(|text| opened(&text, &decryption, run)) {
            Ok(token) => token,
            Err(denial) => return self.refuse(run, status, message, denial),
        };
        let providers = fetch::known(run, &urls);
        let is_known = decision::has_key(&read, &signing, &providers);
        if let Some(effect) = fetch::begin(run, self.index, &urls, is_known) {
            return Ok(Flow::Ask(effect));
        }
        run.state.fetches.remove(&self.index);
        let (verified, now) = (&run.shared.verified, run.now.wall.unix_seconds());
        match decision::decide(&read, &rules, &signing, &providers, verified, now) {
            Ok(()) => {}
            Err(denial) => return self.refuse(run, status, message, denial),
        }
        if let Some(variable) = &self.variable {
            run.set_variable(variable, jwt_object(&read.header, &read.claims));
        }
        Ok(Flow::Next)
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        Ok(match fetch::advance(run, self.index, reply) {
            Some(effect) => Flow::Ask(effect),
            None => Flow::Again,
        })
    }
}

impl ValidateToken {
    fn rules(&self, run: &mut Run<'_>) -> Result<Rules, Stop> {
        let mut rules = Rules {
            needs_expiration: get_optional(self.expiration.as_ref(), run)?.unwrap_or(true),
            needs_signature: get_optional(self.signature.as_ref(), run)?.unwrap_or(true),
            skew: get_optional(self.skew.as_ref(), run)?.map_or(0, |Skew(seconds)| seconds),
            applications: self.applications.clone(),
            ..Rules::default()
        };
        for audience in &self.audiences {
            rules.audiences.push(audience.get(run)?);
        }
        for issuer in &self.issuers {
            rules.issuers.push(issuer.get(run)?);
        }
        for claim in &self.claims {
            let is_any = match get_optional(claim.wanted.as_ref(), run)?.as_deref().map(str::trim) {
                None | Some("all") => false,
                Some("any") => true,
                Some(other) => {
                    return Err(Stop::fail(Failure::expression(format!("`{other}` is not a value of `match`"))));
                }
            };
            let (name, separator) = (claim.name.get(run)?, claim.separator.clone());
            let values = claim.values.iter().map(|value| value.get(run)).collect::<Result<_, _>>()?;
            rules.claims.push(Claim { name, is_any, separator, values });
        }
        Ok(rules)
    }

    // The OpenID configurations: those that are listed, or both of a tenant (tokens come in two versions).
    fn urls(&self, run: &mut Run<'_>) -> Result<Vec<Arc<str>>, Stop> {
        let mut urls = Vec::new();
        for url in &self.providers {
            urls.push(Arc::from(url.get(run)?.trim()));
        }
        if let Some(Tenant { id, authority }) = &self.tenant {
            let (id, authority) = (id.get(run)?, get_optional(authority.as_ref(), run)?);
            urls.extend(fetch::of_tenant(&id, authority.as_deref()));
        }
        Ok(urls)
    }

    fn refuse(&self, run: &mut Run<'_>, status: StatusCode, message: Option<Arc<str>>, denial: Denial) -> Ran {
        run.state.fetches.remove(&self.index);
        // Why exactly is for the log and for on-error: whoever forges tokens learns nothing from it.
        let told =
            if denial.reason == decision::NOT_PRESENT { denial.message.clone() } else { "Invalid JWT.".to_owned() };
        let public = Public::Text(message.map_or(told, |message| message.to_string()));
        Err(Stop::fail(Failure { public, ..Failure::new(status, denial.reason, denial.message) }))
    }
}

fn opened(text: &str, decryption: &[Key], run: &mut Run<'_>) -> Result<Token, Denial> {
    let invalid = |why: &str| Denial { reason: decision::INVALID, message: format!("{why} Access denied.") };
    if text.len() > TOKEN_BYTES_MAX {
        return Err(invalid("JWT is too long."));
    }
    let not_well_formed = "JWT is not well formed.";
    if !jwe::is_encrypted(text) {
        return Token::parse(text).ok_or_else(|| invalid(not_well_formed));
    }
    let nonce = [run.rng.next_u64(), run.rng.next_u64()];
    let mut chance = SecretStream::new(run.context.deployment.entropy, nonce);
    let inner = jwe::decrypt(text, decryption, &mut chance).map_err(|fault| {
        invalid(match fault {
            jwe::Fault::Malformed => not_well_formed,
            jwe::Fault::Algorithm => "JWT is encrypted with an algorithm that is not supported.",
            jwe::Fault::Key => "JWT cannot be decrypted with any of the keys.",
        })
    })?;
    Token::parse(&inner).ok_or_else(|| invalid("The content of the encrypted JWT is not a JWT."))
}

fn keys(sources: &[KeySource], run: &mut Run<'_>) -> Result<Vec<Key>, Stop> {
    let mut keys = Vec::with_capacity(sources.len());
    for source in sources {
        let material = match &source.from {
            KeyFrom::Secret(secret) => Material::Symmetric(secret.get(run)?.0),
            KeyFrom::Numbers(key) => Material::Rsa(Arc::clone(key)),
            KeyFrom::Certificate(id) => of_certificate(&id.get(run)?, run)?,
        };
        keys.push(Key { id: source.id.clone(), algorithm: None, material });
    }
    Ok(keys)
}

fn of_certificate(id: &str, run: &Run<'_>) -> Result<Material, Stop> {
    let absent =
        |why: &str| Stop::fail(Failure::internal("CertificateNotFound", format!("the certificate `{id}` {why}")));
    let mut certificates = run.context.deployment.certificates.iter();
    let (_, view) =
        certificates.find(|(of, _)| of.eq_ignore_ascii_case(id.trim())).ok_or_else(|| absent("is not there"))?;
    Material::of_certificate(&view.certificate).ok_or_else(|| absent("has a key of a kind that is not known"))
}

impl Typed for SecretKey {
    const EXPECTED: Expected = Expected::Text;

    fn from_literal(text: &str) -> Result<Self, String> {
        let bytes = decode_base64(text).ok_or_else(|| "a symmetric key is written in Base64".to_owned())?;
        if bytes.len() < SECRET_BYTES_MIN {
            return Err(format!("a symmetric key has at least {SECRET_BYTES_MIN} bytes; this one has {}", bytes.len()));
        }
        Ok(Self(bytes.into()))
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Bytes(bytes) if bytes.len() >= SECRET_BYTES_MIN => Ok(Self(Arc::clone(bytes))),
            other => Self::from_literal(&other.to_string()),
        }
    }
}

impl Typed for Skew {
    const EXPECTED: Expected = Expected::Text;

    fn from_literal(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let of_span = || {
            let parts: Vec<&str> = text.split(':').collect();
            let [hours, minutes, seconds] = parts.as_slice() else { return None };
            let number = |text: &str| text.parse::<u32>().ok().map(i64::from);
            Some(number(hours)? * 3600 + number(minutes)? * 60 + number(seconds)?)
        };
        let seconds = text.parse().ok().or_else(of_span);
        seconds.filter(|seconds| (0..=SKEW_SECONDS_MAX).contains(seconds)).map(Self).ok_or_else(|| {
            format!("`{text}` is neither a number of seconds up to {SKEW_SECONDS_MAX} nor a time span as in `00:05:00`")
        })
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_literal(&value.to_string())
    }
}

/// The key of a modulus and an exponent in Base64url.
fn key_of_numbers(modulus: &str, exponent: &str) -> Option<Arc<RsaKey>> {
    let number = |text: &str| decode_base64url(text.trim()).or_else(|| decode_base64(text));
    let parts = Parts { modulus: number(modulus)?, exponent: number(exponent)?, secret: None };
    RsaKey::of_parts(parts).ok().map(Arc::new)
}
