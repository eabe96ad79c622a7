//! What a backup of secrets holds, and whose they are. Framing (checksum, compression, encryption, files) belongs to `io`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{SecretRef, Secrets};
use crate::config::secret::Secret;
use crate::http::Bytes;
use crate::time::WallTime;

/// The version of the payload that this program writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// Saved secrets, read.
#[derive(Debug, PartialEq, Eq)]
pub struct Saved {
    /// When they were written, RFC 3339.
    pub written_at: String,
    /// The secrets.
    pub secrets: Secrets,
}

// The first look at a payload: enough to say whether the rest can be understood.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    format: u32,
    gateway: String,
    written_at: String,
    secrets: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    identifier: String,
    client: Option<String>,
    value: String,
}

/// The payload that saves `secrets` for the gateway of this id. The same arguments give the same bytes.
///
/// # Errors
/// It cannot be written as JSON: in words.
pub fn write(secrets: &Secrets, gateway_id: &str, written_at: WallTime) -> Result<Bytes, String> {
    let entry = |(reference, secret): (&SecretRef, &Secret)| Entry {
        identifier: reference.identifier.to_string(),
        client: reference.client.as_deref().map(str::to_owned),
        value: secret.0.clone(),
    };
    let payload = Payload {
        format: FORMAT,
        gateway: gateway_id.to_owned(),
        written_at: written_at.to_string(),
        secrets: secrets.iter().map(entry).collect(),
    };
    serde_json::to_vec(&payload).map(Bytes::from).map_err(|error| error.to_string())
}

/// The secrets in `payload`, if they are those of the gateway of this id.
///
/// # Errors
/// Why they cannot be restored, in words that show nothing of them.
pub fn read(payload: &[u8], gateway_id: &str) -> Result<Saved, String> {
    // The parser's own words could hold a piece of a secret; the place says enough.
    let malformed = |error: serde_json::Error| format!("it holds no secrets: malformed at column {}", error.column());
    let Head { format } = serde_json::from_slice(payload).map_err(malformed)?;
    if format > FORMAT {
        return Err(format!("a newer program wrote it: its format is {format}, this program reads up to {FORMAT}"));
    }
    let payload: Payload = serde_json::from_slice(payload).map_err(malformed)?;
    if payload.gateway != gateway_id {
        return Err(format!("it belongs to gateway `{}`", payload.gateway));
    }
    let secret = |Entry { identifier, client, value }| {
        (SecretRef { identifier: Arc::from(identifier), client: client.map(Arc::from) }, Secret(value))
    };
    Ok(Saved { written_at: payload.written_at, secrets: payload.secrets.into_iter().map(secret).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        let reference = |name: &str, client: Option<&str>| SecretRef {
            identifier: Arc::from(format!("https://kv1.vault.azure.net/secrets/{name}")),
            client: client.map(Arc::from),
        };
        let secret = |text: &str| Secret(text.to_owned());
        [
            (reference("one", None), secret("\"1\"\n\u{1F511}")),
            (reference("one", Some("c")), secret("of c")),
            (reference("two", None), secret("")),
        ]
        .into()
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = write(&secrets(), "gw1", WallTime::default()).unwrap();
        let expected = Saved { written_at: WallTime::default().to_string(), secrets: secrets() };
        assert_eq!(read(&bytes, "gw1"), Ok(expected));
        assert_eq!(read(&bytes, "gw2"), Err("it belongs to gateway `gw1`".to_owned()));
    }

    #[test]
    fn newer_broken_and_other_payloads_are_refused_without_a_word_of_them() {
        let newer = br#"{"format": 2, "anything": ["else"]}"#;
        assert!(read(newer, "gw1").unwrap_err().starts_with("a newer program wrote it: its format is 2"));
        let other = br#"{"format":1,"gateway":"gw1","service":"s","writtenAt":"","snapshot":{},"held":[]}"#;
        assert!(read(other, "gw1").unwrap_err().starts_with("it holds no secrets"));
        let bytes = write(&secrets(), "gw1", WallTime::default()).unwrap();
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end], "gw1").unwrap_err().starts_with("it holds no secrets"), "{end}");
        }
        let wrong = br#"{"format":1,"gateway":"gw1","writtenAt":"","secrets":["s3cret"]}"#;
        assert!(!read(wrong, "gw1").unwrap_err().contains("s3cret"));
    }
}
