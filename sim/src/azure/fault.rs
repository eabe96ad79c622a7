//! The ways in which fake Azure can be made to fail. Names them; `protocol` and `serve` act them out.

use std::fmt;
use std::str::FromStr;

/// A fault of the service. Several can be on at once; the first in this order decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Connections are dropped, new ones too: the wire is cut.
    Cut,
    /// Connections are accepted and never answered.
    Hang,
    /// 401, as for an expired token.
    Unauthorized,
    /// 429 with `Retry-After: 2`.
    Throttled,
    /// 500.
    ServerError,
    /// 200 with an answer that is no document of the protocol.
    Garbage,
    /// A stale replica: the oldest revision that is kept is shown as the newest.
    OldRevision,
    /// Every answer takes three seconds.
    Slow,
}

impl Fault {
    /// All faults, in the order in which they decide.
    pub const ALL: [Self; 8] = [
        Self::Cut,
        Self::Hang,
        Self::Unauthorized,
        Self::Throttled,
        Self::ServerError,
        Self::Garbage,
        Self::OldRevision,
        Self::Slow,
    ];

    /// The name on command lines and admin paths.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Hang => "hang",
            Self::Unauthorized => "401",
            Self::Throttled => "429",
            Self::ServerError => "500",
            Self::Garbage => "garbage",
            Self::OldRevision => "old-revision",
            Self::Slow => "slow",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|fault| fault.name() == name).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|fault| fault.name()).collect();
            format!("`{name}` is not a fault; there are: {}", names.join(", "))
        })
    }
}
