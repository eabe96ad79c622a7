//! Who may have an exchange inspected: the debug credential of the request, and what the response says of it. Watches nothing.

use sha2::{Digest as _, Sha256};

use crate::exchange::Exchange;
use crate::http::{HeaderMap, HeaderName, HeaderValue};
use crate::inspection::Reader;
use crate::policy::run::{Existing, PendingHeader};
use crate::time::Now;

/// The field that asks for an inspection; it is never passed on.
pub const DEBUG_CREDENTIAL: HeaderName = HeaderName::from_static("apim-debug-authorization");
const TRACE_ID: HeaderName = HeaderName::from_static("apim-trace-id");
const EXPIRED: HeaderName = HeaderName::from_static("apim-debug-authorization-expired");
const WRONG_API: HeaderName = HeaderName::from_static("apim-debug-authorization-wrongapi");

/// Who wants to see what happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Nobody.
    None,
    /// Whoever sent this token.
    Credential(HeaderValue),
    /// Whoever runs the exchange.
    Anyway,
}

impl Wish {
    /// What the request asks for.
    pub(super) fn taken_from(headers: &mut HeaderMap) -> Self {
        headers.remove(DEBUG_CREDENTIAL).map_or(Self::None, Self::Credential)
    }
}

impl Exchange {
    /// Begins the inspection when it is wanted and allowed. The fields of the response are those that the original's documentation
    /// names; a token that nobody gave out is passed over in silence.
    pub(super) fn grant(&mut self, now: Now) {
        let token = match &self.wish {
            Wish::None => return,
            Wish::Anyway => {
                self.context.tracing = true;
                return self.watch(None, now);
            }
            Wish::Credential(token) => token,
        };
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let found = self.snapshot.debug_credentials.iter().find(|credential| credential.token_hash == hash);
        let (Some(credential), Some(api)) = (found, &self.context.api) else { return };
        let is_of_api = [api.id.as_str(), api.id.split(';').next().unwrap_or("")]
            .iter()
            .any(|name| name.eq_ignore_ascii_case(&credential.api));
        let (name, text) = if credential.expires <= now.wall {
            (EXPIRED, format!("The token expired at {}.", credential.expires))
        } else if !is_of_api {
            (WRONG_API, format!("The token was given out for the API {}.", credential.api))
        } else {
            (TRACE_ID, self.context.request_id.to_string())
        };
        let granted = name == TRACE_ID;
        let reader = Reader { token_hash: hash, expires: credential.expires };
        let pending = HeaderValue::from_bytes(text.as_bytes()).ok();
        self.state.response_headers.extend(pending.map(|value| PendingHeader {
            name,
            value,
            existing: Existing::Replaced,
        }));
        if granted {
            self.context.tracing = true;
            self.watch(Some(reader), now);
        }
    }
}
