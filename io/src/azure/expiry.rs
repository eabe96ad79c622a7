//! Watches the end of the gateway token, which the token itself says: warns once when it comes near and once when it has passed.

use std::time::Duration;

use holdfast_core::telemetry::{Event, Level};
use holdfast_core::time::WallTime;

/// How long before its end a token is near its expiry: the portal of the original flags it as early.
pub const NEAR: Duration = Duration::from_secs(7 * 24 * 3600);

/// What was said about the token so far.
#[derive(Debug)]
pub struct ExpiryWatch {
    expires: WallTime,
    said: Said,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    Near,
    Expired,
}

impl ExpiryWatch {
    /// A watch over a token that ends at `expires`.
    #[must_use]
    pub const fn new(expires: WallTime) -> Self {
        Self { expires, said: Said::Nothing }
    }

    /// What there is to say at `now` and has not been said.
    pub fn check(&mut self, now: WallTime) -> Option<Event> {
        let expires = self.expires;
        if now >= expires && self.said != Said::Expired {
            self.said = Said::Expired;
            let message = format!("the gateway token ended at {expires}: there are no updates until it is replaced");
            return Some(event(now, Level::Error, "GatewayTokenExpired", message));
        }
        if now.saturating_add(NEAR) >= expires && self.said == Said::Nothing {
            self.said = Said::Near;
            let message = format!("the gateway token ends at {expires}: replace it before then");
            return Some(event(now, Level::Warn, "GatewayTokenNearExpiry", message));
        }
        None
    }
}

// The names are those of the Event Grid events `Microsoft.ApiManagement.GatewayTokenNearExpiry` and `…Expired`.
fn event(at: WallTime, level: Level, name: &'static str, message: String) -> Event {
    Event { at, level, name, source: "ConfigurationApiClient", message, revision: None, diagnostics: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_is_said_once() {
        let mut watch = ExpiryWatch::new(WallTime::from_unix_seconds(10 * 86_400));
        let day = |day: i64| WallTime::from_unix_seconds(day * 86_400);
        let said: Vec<Option<&str>> =
            [0, 2, 3, 4, 9, 10, 11].into_iter().map(|at| watch.check(day(at)).map(|event| event.name)).collect();
        let (near, expired) = (Some("GatewayTokenNearExpiry"), Some("GatewayTokenExpired"));
        assert_eq!(said, [None, None, near, None, None, expired, None]);
    }

    #[test]
    fn a_token_that_has_ended_already_is_not_called_near() {
        let mut watch = ExpiryWatch::new(WallTime::from_unix_seconds(0));
        assert_eq!(watch.check(WallTime::from_unix_seconds(1)).unwrap().level, Level::Error);
        assert_eq!(watch.check(WallTime::from_unix_seconds(2)), None);
    }
}
