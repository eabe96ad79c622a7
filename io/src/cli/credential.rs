//! `holdfast debug-credential`: a token that has requests of one API inspected, and the resource that lets a gateway know of it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use holdfast_core::config::duration;
use holdfast_core::time::WallTime;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

use super::arguments::Format;
use super::given::Given;
use super::{EXIT_OK, EXIT_REFUSED, Outcome};
use crate::clock::{Clock, SystemClock};

/// The longest time that a token lasts: as the original's (control-plane.md §1.2).
pub const SECONDS_MAX: u64 = 3_600;
const OPTIONS: [&str; 3] = ["--api", "--expire-after", "--format"];

/// Make this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    api: String,
    seconds: u64,
    format: Format,
}

/// Reads the arguments behind `debug-credential`.
///
/// # Errors
/// What cannot be understood, in words.
pub fn parse(arguments: &[String]) -> Result<Asked, String> {
    let given = Given::collect(arguments, &OPTIONS, &OPTIONS)?;
    if let Some(word) = given.word()? {
        return Err(format!("`{word}` is one argument too many"));
    }
    let api = given.option("--api").ok_or("`debug-credential` needs `--api`")?.to_owned();
    let after = given.option("--expire-after").unwrap_or("PT1H");
    let seconds = duration::seconds(after)
        .filter(|seconds| (1..=SECONDS_MAX).contains(seconds))
        .ok_or_else(|| format!("`{after}` is not a duration up to `PT1H`, as in `PT30M`"))?;
    Ok(Asked { api, seconds, format: given.format()? })
}

/// Makes a token.
pub(super) fn credential(asked: &Asked) -> Outcome {
    let mut random = [0; 24];
    if SystemRandom::new().fill(&mut random).is_err() {
        let err = "error: there are no random numbers\n".to_owned();
        return Outcome { code: EXIT_REFUSED, out: String::new(), err };
    }
    let expires = SystemClock::start().now().wall.saturating_add(std::time::Duration::from_secs(asked.seconds));
    let (token, resource) = made(&asked.api, expires, random);
    let out = match asked.format {
        Format::Json => serde_json::to_string_pretty(&json!({ "token": token, "resource": resource })),
        Format::Human => serde_json::to_string_pretty(&resource).map(|resource| {
            format!(
                "{token}\n\nSend it as `Apim-Debug-Authorization`, once the gateway knows of it: \
                 gateways/ID/debugCredentials/NAME/debugCredentialInformation.json\n\n{resource}"
            )
        }),
    };
    Outcome { code: EXIT_OK, out: out.unwrap_or_default() + "\n", err: String::new() }
}

/// A token, and the resource that lets a gateway know of it.
#[must_use]
pub fn made(api: &str, expires: WallTime, random: [u8; 24]) -> (String, Value) {
    let token = format!("aid={api}&p=tracing&ex={expires}&sk={}", URL_SAFE_NO_PAD.encode(random));
    let hash = STANDARD.encode(digest(&SHA256, token.as_bytes()));
    let properties = json!({
        "apiId": format!("/apis/{api}"),
        "purposes": ["tracing"],
        "expirationDate": expires.to_string(),
        "tokenHash": hash,
    });
    (token, json!({ "properties": properties }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Result<Asked, String> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn an_api_is_needed_and_an_hour_is_the_most() {
        assert_eq!(typed("--api echo").map(|asked| asked.seconds), Ok(3_600));
        assert_eq!(typed("--api echo --expire-after PT5M").map(|asked| asked.seconds), Ok(300));
        for (line, words) in [
            ("", "needs `--api`"),
            ("--api a b", "one argument too many"),
            ("--api a --expire-after PT2H", "not a duration up to"),
            ("--api a --expire-after 5", "not a duration up to"),
        ] {
            let error = typed(line).unwrap_err();
            assert!(error.contains(words), "{line}: {error}");
        }
    }

    #[test]
    fn the_resource_holds_the_hash_and_not_the_token() {
        let (token, resource) = made("echo", WallTime::from_unix_seconds(0), [7; 24]);
        assert!(token.starts_with("aid=echo&p=tracing&ex=1970-01-01T00:00:00.0000000Z&sk=BwcH"));
        assert!(!resource.to_string().contains("BwcH"));
        assert_eq!(resource["properties"]["tokenHash"].as_str().map(str::len), Some(44));
    }
}
