//! Gateway tokens: `GatewayKey {id}&{yyyyMMddHHmm}&{signature}`. Makes and checks them; stores no keys.
//!
//! The signature is HMAC-SHA512 over `{id}\n{expiry}` with the key's text as key, in Base64. That is published for the sibling
//! direct-management token and inferred for this one; a gateway only forwards the text, so nothing depends on the inference.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac};
use holdfast_core::time::{Civil, WallTime};
use sha2::Sha512;

/// Why a token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Not of the form `GatewayKey {id}&{yyyyMMddHHmm}&{signature}`.
    Malformed,
    /// For another gateway.
    OtherGateway,
    /// Its time is over.
    Expired,
    /// Not signed with a key of this gateway.
    Signature,
}

impl TokenError {
    /// The reason in words, as the service's 401 answer gives it.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Malformed => "the gateway token is malformed",
            Self::OtherGateway => "the gateway token is for another gateway",
            Self::Expired => "the gateway token has expired",
            Self::Signature => "the gateway token is not signed with a current key of this gateway",
        }
    }
}

/// The token, scheme word included, that opens the API for `gateway` until `expiry` (whole minutes, UTC).
#[must_use]
pub fn sign(gateway: &str, expiry: WallTime, key: &str) -> String {
    let c = expiry.civil();
    let stamp = format!("{:04}{:02}{:02}{:02}{:02}", c.year, c.month, c.day, c.hour, c.minute);
    let signature = STANDARD.encode(mac(gateway, &stamp, key).finalize().into_bytes());
    format!("GatewayKey {gateway}&{stamp}&{signature}")
}

/// Checks an `Authorization` value against the current keys.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check(authorization: &str, gateway: &str, keys: &[String], now: WallTime) -> Result<(), TokenError> {
    let token = authorization.strip_prefix("GatewayKey ").ok_or(TokenError::Malformed)?;
    let mut parts = token.rsplitn(3, '&');
    let (Some(signature), Some(stamp), Some(id)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(TokenError::Malformed);
    };
    let expiry = expiry_of(stamp).ok_or(TokenError::Malformed)?;
    let signature = STANDARD.decode(signature).map_err(|_| TokenError::Malformed)?;
    if !id.eq_ignore_ascii_case(gateway) {
        return Err(TokenError::OtherGateway);
    }
    if !keys.iter().any(|key| mac(id, stamp, key).verify_slice(&signature).is_ok()) {
        return Err(TokenError::Signature);
    }
    if now >= expiry { Err(TokenError::Expired) } else { Ok(()) }
}

fn mac(gateway: &str, stamp: &str, key: &str) -> Hmac<Sha512> {
    let mut mac = Hmac::<Sha512>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(gateway.as_bytes());
    mac.update(b"\n");
    mac.update(stamp.as_bytes());
    mac
}

fn expiry_of(stamp: &str) -> Option<WallTime> {
    if stamp.len() != 12 || !stamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize, to: usize| stamp.get(from..to)?.parse::<u16>().ok();
    let small = |from: usize, to: usize| number(from, to).and_then(|value| u8::try_from(value).ok());
    let civil = Civil {
        year: i32::from(number(0, 4)?),
        month: small(4, 6).filter(|month| (1..=12).contains(month))?,
        day: small(6, 8).filter(|day| (1..=31).contains(day))?,
        hour: small(8, 10)?,
        minute: small(10, 12)?,
        second: 0,
        nanosecond: 0,
        weekday: 0,
    };
    Some(civil.to_wall())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WallTime = WallTime::from_unix_seconds(1_764_000_000);
    const LATER: WallTime = WallTime::from_unix_seconds(1_764_000_000 + 3600);

    fn keys() -> Vec<String> {
        vec!["primary".to_owned(), "secondary".to_owned()]
    }

    #[test]
    fn signed_tokens_pass_until_they_expire() {
        let token = sign("gw1", LATER, "secondary");
        assert_eq!(token.rsplit('&').next().unwrap().len(), 88);
        assert_eq!(check(&token, "gw1", &keys(), NOW), Ok(()));
        assert_eq!(check(&token, "gw1", &keys(), LATER), Err(TokenError::Expired));
    }

    #[test]
    fn everything_else_is_refused() {
        let token = sign("gw1", LATER, "primary");
        assert_eq!(check(&token, "gw2", &keys(), NOW), Err(TokenError::OtherGateway));
        assert_eq!(check(&token, "gw1", &["new".to_owned()], NOW), Err(TokenError::Signature));
        assert_eq!(check(&token.replace("GatewayKey ", "Bearer "), "gw1", &keys(), NOW), Err(TokenError::Malformed));
        assert_eq!(check("GatewayKey gw1&99&x", "gw1", &keys(), NOW), Err(TokenError::Malformed));
        assert_eq!(check("GatewayKey gw1&202613010000&AAAA", "gw1", &keys(), NOW), Err(TokenError::Malformed));
    }
}
