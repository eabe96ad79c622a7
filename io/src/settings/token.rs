//! The gateway token: `GatewayKey {gateway id}&{yyyyMMddHHmm}&{signature}`. Reads it; cannot check its signature, only Azure can.

use holdfast_core::config::secret::Secret;
use holdfast_core::time::{Civil, WallTime};

/// A gateway token, read as far as a gateway can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayToken {
    /// The id of the gateway that it was issued for.
    pub gateway_id: String,
    /// When it ends, UTC, in whole minutes.
    pub expires: WallTime,
    /// The whole value of the `Authorization` field, `GatewayKey ` included.
    pub authorization: Secret,
}

const SCHEME: &str = "GatewayKey";

impl GatewayToken {
    /// Reads a token. The scheme word may be missing, as in the answer of ARM's `generateToken`. The id may hold anything but `&`, so
    /// the text is split from the right.
    ///
    /// # Errors
    /// Says which part is wrong, without showing the signature.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let value = match text.split_once(char::is_whitespace) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => rest.trim_start(),
            Some(_) => return Err(FORM.to_owned()),
            None => text,
        };
        let (rest, signature) = value.rsplit_once('&').ok_or(FORM)?;
        let (gateway_id, expiry) = rest.rsplit_once('&').ok_or(FORM)?;
        let is_visible = |c: char| c.is_ascii_graphic();
        if gateway_id.is_empty() || signature.is_empty() || !value.chars().all(is_visible) {
            return Err(FORM.to_owned());
        }
        let expires = minutes(expiry)
            .ok_or_else(|| format!("the token's expiry `{expiry}` is not a time in the form `yyyyMMddHHmm`"))?;
        let authorization = Secret(format!("{SCHEME} {value}"));
        Ok(Self { gateway_id: gateway_id.to_owned(), expires, authorization })
    }
}

const FORM: &str = "not a gateway token; expected `GatewayKey {gateway id}&{yyyyMMddHHmm}&{signature}`";

fn minutes(text: &str) -> Option<WallTime> {
    if text.len() != 12 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<u8>().ok();
    let year = text.get(..4)?.parse().ok()?;
    let (month, day, hour, minute) = (part(4..6)?, part(6..8)?, part(8..10)?, part(10..12)?);
    let civil = Civil { year, month, day, hour, minute, second: 0, nanosecond: 0, weekday: 0 };
    let wall = civil.to_wall();
    // 31 February and 24:00 come back as another date: that is how they are found.
    let back = wall.civil();
    let same = (back.year, back.month, back.day, back.hour, back.minute) == (year, month, day, hour, minute);
    same.then_some(wall)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_token() {
        let token = GatewayToken::parse("GatewayKey gw1&201904210044&9A1Gyg==").unwrap();
        assert_eq!(token.gateway_id, "gw1");
        assert_eq!(token.expires.to_string(), "2019-04-21T00:44:00.0000000Z");
        assert_eq!(token.authorization.0, "GatewayKey gw1&201904210044&9A1Gyg==");
        assert!(!format!("{token:?}").contains("9A1G"));
    }

    #[test]
    fn the_scheme_may_be_missing() {
        let token = GatewayToken::parse(" gw1&201904210044&9A1Gyg== \n").unwrap();
        assert_eq!(token.authorization.0, "GatewayKey gw1&201904210044&9A1Gyg==");
    }

    #[test]
    fn what_is_no_token() {
        for text in [
            "",
            "GatewayKey ",
            "Bearer a&202601010000&b",
            "gw1&2026&sig",
            "gw1&202602310000&s",
            "&202601010000&s",
            "gw1&202601012400&s",
            "gw1&202601010000&",
            "gw1&202601010000&a b",
        ] {
            let error = GatewayToken::parse(text).unwrap_err();
            assert!(!error.contains("sig`"), "{error}");
        }
    }
}
