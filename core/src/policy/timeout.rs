//! How long a policy waits for a backend. Waits for nothing itself.

use std::time::Duration;

use crate::policy::operand::Operand;
use crate::policy::reader::Reader;
use crate::policy::run::{Run, Stop};

/// How long forward-request waits when nothing else is said (APIM's own default).
pub const FORWARD_TIMEOUT: Duration = Duration::from_secs(300);

/// The longest time that a policy may wait for a backend, in seconds.
pub const TIMEOUT_SECONDS_MAX: i64 = 24 * 60 * 60;

/// `timeout` and `timeout-ms` of `forward-request`.
#[derive(Clone, Debug)]
pub enum Timeout {
    /// Neither is there.
    Standard,
    /// `timeout`
    Seconds(Operand<i64>),
    /// `timeout-ms`
    Milliseconds(Operand<i64>),
}

impl Timeout {
    /// Reads the attributes; `None` when they are wrong and reported.
    pub fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        match (reader.attribute::<i64>("timeout"), reader.attribute::<i64>("timeout-ms")) {
            (Some(_), Some(_)) => {
                reader.error("timeout-ms", "`timeout` and `timeout-ms` exclude each other");
                None
            }
            (Some(seconds), None) => Some(Self::Seconds(seconds)),
            (None, Some(milliseconds)) => Some(Self::Milliseconds(milliseconds)),
            (None, None) => Some(Self::Standard),
        }
    }

    /// How long that is now.
    ///
    /// # Errors
    /// An expression failed, or needs a body.
    pub fn get(&self, run: &mut Run<'_>) -> Result<Duration, Stop> {
        Ok(match self {
            Self::Standard => FORWARD_TIMEOUT,
            Self::Seconds(of) => seconds(of.get(run)?),
            Self::Milliseconds(of) => {
                let millis = of.get(run)?.clamp(0, TIMEOUT_SECONDS_MAX * 1000);
                Duration::from_millis(u64::try_from(millis).unwrap_or(0))
            }
        })
    }
}

/// A number of seconds within what is allowed.
#[must_use]
pub fn seconds(number: i64) -> Duration {
    Duration::from_secs(u64::try_from(number.clamp(0, TIMEOUT_SECONDS_MAX)).unwrap_or(0))
}
