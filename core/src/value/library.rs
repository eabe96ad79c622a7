//! Objects of the .NET library that are neither numbers, text nor dates. Holds what they are; what they do is in `expr::bcl`.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::address::ip_text;
use super::{DateTime, TimeSpan};

/// An object of the library.
#[derive(Clone, Debug)]
pub enum Library {
    /// `System.Uri`
    Uri(Arc<UriParts>),
    /// `System.Net.IPAddress`
    IpAddress(Arc<Address>),
    /// `System.TimeZoneInfo`
    TimeZone(Arc<ZoneData>),
    /// `System.Text.StringBuilder`
    StringBuilder(Arc<SharedText>),
    /// `System.IO.StringWriter`
    StringWriter(Arc<SharedText>),
    /// `System.IO.StringReader`
    StringReader(Arc<SharedText>),
    /// `System.StringComparer`
    StringComparer(Arc<TextComparison>),
}

/// How texts are compared. Cultures are invariant, and so compare by units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextComparison {
    /// By units
    Ordinal,
    /// By the upper case of units
    OrdinalIgnoreCase,
    /// By the invariant culture, which is by units too
    Culture,
    /// By the invariant culture, which is by the upper case of units too
    CultureIgnoreCase,
}

impl TextComparison {
    /// The full name of the comparer's type.
    const fn type_name(self) -> &'static str {
        match self {
            Self::Ordinal => "System.OrdinalCaseSensitiveComparer",
            Self::OrdinalIgnoreCase => "System.OrdinalIgnoreCaseComparer",
            Self::Culture | Self::CultureIgnoreCase => "System.CultureAwareComparer",
        }
    }

    /// Whether upper and lower case are the same.
    #[must_use]
    pub const fn ignores_case(self) -> bool {
        matches!(self, Self::OrdinalIgnoreCase | Self::CultureIgnoreCase)
    }
}

/// An IP address, whose zone can be set.
#[derive(Debug)]
pub struct Address {
    /// The address itself.
    pub ip: IpAddr,
    zone: AtomicU32,
}

impl Address {
    /// With its zone; none is 0.
    #[must_use]
    pub const fn new(ip: IpAddr, zone: u32) -> Self {
        Self { ip, zone: AtomicU32::new(zone) }
    }

    /// The zone, which only IPv6 has; none is 0.
    #[must_use]
    pub fn zone(&self) -> u32 {
        self.zone.load(Ordering::Relaxed)
    }

    /// Gives it another zone.
    pub fn set_zone(&self, zone: u32) {
        self.zone.store(zone, Ordering::Relaxed);
    }
}

/// Text that grows or is read: expressions share it by reference, as .NET does.
#[derive(Debug, Default)]
pub struct SharedText(Mutex<TextState>);

/// What a [`SharedText`] holds.
#[derive(Clone, Debug, Default)]
pub struct TextState {
    /// The text.
    pub text: String,
    /// How far a reader came, in bytes; a builder's capacity.
    pub position: usize,
    /// The most units that a builder may hold, if it was given.
    pub length_max: Option<usize>,
    /// The builder that a writer writes to, when that is not the writer's own.
    pub target: Option<Arc<SharedText>>,
    /// What a writer ends lines with, when that was set.
    pub line_end: Option<Arc<str>>,
    /// Whether a reader or writer was closed.
    pub is_closed: bool,
}

impl SharedText {
    /// With this text and position.
    #[must_use]
    pub fn new(text: String, position: usize) -> Self {
        Self(Mutex::new(TextState { text, position, ..TextState::default() }))
    }

    /// Its state. A thread that panicked while it held it left a whole string behind, so a poisoned lock is taken over.
    pub fn state(&self) -> MutexGuard<'_, TextState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A `System.Uri`, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UriParts {
    /// As given.
    pub original: String,
    /// Lower case; empty when the URI is relative.
    pub scheme: String,
    /// `user:password`
    pub user_info: String,
    /// Lower case, without brackets for IPv6
    pub host: String,
    /// `None` when the scheme has no default and none is given.
    pub port: Option<u16>,
    /// Escaped, with its first slash
    pub path: String,
    /// Escaped, with its question mark
    pub query: String,
    /// Escaped, with its hash
    pub fragment: String,
    /// Whether an authority (`//`) was given.
    pub has_authority: bool,
    /// What `ToString()` gives when control characters stood in it unescaped, which it shows so.
    pub shown: Option<String>,
}

/// A time zone: offsets from UTC over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZoneData {
    /// As it was asked for.
    pub id: String,
    /// Whether it was asked for as the gateway's own.
    pub is_local: bool,
    /// The offset without daylight saving time, in seconds.
    pub base_seconds: i64,
    /// What it is shown as, when that was said.
    pub display: Option<String>,
    /// The abbreviation in standard time, as in `CET`.
    pub standard_name: String,
    /// The abbreviation in daylight saving time, as in `CEST`.
    pub daylight_name: String,
    /// From when on (seconds since 1970) which offset in seconds holds, and whether it is daylight saving time; in order of time.
    pub changes: Vec<ZoneChange>,
    /// The rules that it was made with, when an expression made it. Those of others follow from their data.
    pub rules: Vec<ZoneRule>,
}

/// A `TimeZoneInfo.AdjustmentRule`: what holds between two moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZoneRule {
    /// From when on it holds, by the zone's standard time or by UTC.
    pub start: DateTime,
    /// Until when.
    pub end: DateTime,
    /// How far clocks are ahead of standard time in daylight saving time.
    pub daylight: TimeSpan,
    /// How far the standard offset is from the zone's.
    pub base: TimeSpan,
    /// When daylight saving time begins and ends in each year.
    pub switches: [ZoneSwitch; 2],
    /// Whether there is nothing of the sort in a year: all of it is daylight saving time, or none.
    pub is_constant: bool,
}

/// A `TimeZoneInfo.TransitionTime`: a day of each year, and a time of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ZoneSwitch {
    /// Ticks since the first day of the year 1 began.
    pub time: i64,
    /// 1 to 12; 0 in one that says nothing.
    pub month: i32,
    /// 1 to 5, the last one.
    pub week: i32,
    /// 1 to 31
    pub day: i32,
    /// 0, Sunday, to 6
    pub weekday: i32,
    /// Whether it is the day that counts, not week and weekday.
    pub is_fixed: bool,
}

/// What does not count for the one kind does not tell two apart.
impl PartialEq for ZoneSwitch {
    fn eq(&self, other: &Self) -> bool {
        let is_same_day = match self.is_fixed {
            true => self.day == other.day,
            false => (self.week, self.weekday) == (other.week, other.weekday),
        };
        (self.is_fixed, self.time, self.month) == (other.is_fixed, other.time, other.month) && is_same_day
    }
}

impl Eq for ZoneSwitch {}

/// A change of a zone's offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZoneChange {
    /// Seconds since 1970 in UTC.
    pub at: i64,
    /// Seconds that clocks are ahead of UTC from then on.
    pub offset_seconds: i64,
    /// Whether it is daylight saving time.
    pub is_daylight: bool,
}

impl Library {
    /// The full name of the run-time type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Uri(_) => "System.Uri",
            Self::IpAddress(..) => "System.Net.IPAddress",
            Self::TimeZone(_) => "System.TimeZoneInfo",
            Self::StringBuilder(_) => "System.Text.StringBuilder",
            Self::StringWriter(_) => "System.IO.StringWriter",
            Self::StringReader(_) => "System.IO.StringReader",
            Self::StringComparer(comparison) => comparison.type_name(),
        }
    }
}

/// What `Equals` says: by content for values, by identity for what changes.
impl PartialEq for Library {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Uri(left), Self::Uri(right)) => left.is_same(right),
            (Self::IpAddress(left), Self::IpAddress(right)) => (left.ip, left.zone()) == (right.ip, right.zone()),
            (Self::TimeZone(left), Self::TimeZone(right)) => left == right,
            (Self::StringBuilder(left), Self::StringBuilder(right))
            | (Self::StringWriter(left), Self::StringWriter(right))
            | (Self::StringReader(left), Self::StringReader(right)) => Arc::ptr_eq(left, right),
            (Self::StringComparer(left), Self::StringComparer(right)) => left == right,
            _ => false,
        }
    }
}

impl Library {
    /// Whether both are one object.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Uri(left), Self::Uri(right)) => Arc::ptr_eq(left, right),
            (Self::IpAddress(left), Self::IpAddress(right)) => Arc::ptr_eq(left, right),
            // .NET keeps the system's zones; one that was made has a name of its own to show.
            (Self::TimeZone(left), Self::TimeZone(right)) => {
                Arc::ptr_eq(left, right) || left == right && left.display.is_none()
            }
            (Self::StringComparer(left), Self::StringComparer(right)) => Arc::ptr_eq(left, right),
            // What changes is equal to itself alone.
            (left, right) => left == right,
        }
    }
}

impl UriParts {
    /// Whether both name the same resource: fragment and user do not count.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        if self.scheme.is_empty() || other.scheme.is_empty() {
            return self.original == other.original;
        }
        self.compared() == other.compared()
    }

    /// What two that are the same have in common.
    #[must_use]
    pub fn compared(&self) -> String {
        if self.scheme.is_empty() {
            return self.original.clone();
        }
        let port = self.port.or_else(|| default_port(&self.scheme));
        format!("{}://{}:{port:?}{}{}", self.scheme, self.host, self.path, self.query)
    }

    /// The whole address, escaped.
    #[must_use]
    pub fn absolute(&self) -> String {
        let mut text = format!("{}:", self.scheme);
        if self.has_authority {
            text.push_str("//");
            text.push_str(&self.authority_with_user());
        } else if self.scheme == "mailto" && !self.host.is_empty() {
            text.push_str(&self.authority_with_user());
        }
        text + &self.path + &self.query + &self.fragment
    }

    /// `user@host:port`, the port only when it is not the scheme's own.
    #[must_use]
    pub fn authority_with_user(&self) -> String {
        let user = if self.user_info.is_empty() { String::new() } else { format!("{}@", self.user_info) };
        user + &self.authority()
    }

    /// `host:port`, the port only when it is not the scheme's own.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = self.shown_host();
        match self.port {
            Some(port) if Some(port) != default_port(&self.scheme) => format!("{host}:{port}"),
            _ => host,
        }
    }

    /// The host, in brackets when it is an IPv6 address.
    #[must_use]
    pub fn shown_host(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

/// The port that a scheme has without one being named.
#[must_use]
pub fn default_port(scheme: &str) -> Option<u16> {
    Some(match scheme {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        "ftp" => 21,
        "gopher" => 70,
        "nntp" => 119,
        "telnet" => 23,
        "ldap" => 389,
        "net.tcp" => 808,
        "mailto" => 25,
        _ => return None,
    })
}

/// What `ToString()` gives.
impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uri(uri) if uri.scheme.is_empty() && unescapes(&uri.original) => {
                f.write_str(&readable(&uri.original))
            }
            Self::Uri(uri) if uri.scheme.is_empty() => f.write_str(&uri.original),
            Self::Uri(uri) => {
                let text = uri.shown.clone().unwrap_or_else(|| readable(&uri.absolute()));
                // .NET loses blanks at the end of a fragment once it has decoded anything beyond ASCII.
                let loses_blanks = !uri.fragment.is_empty() && !text.is_ascii();
                f.write_str(if loses_blanks { text.trim_end_matches(' ') } else { &text })
            }
            Self::IpAddress(address) if address.zone() == 0 => f.write_str(&ip_text(address.ip)),
            Self::IpAddress(address) => write!(f, "{}%{}", ip_text(address.ip), address.zone()),
            Self::TimeZone(zone) => f.write_str(&zone.display_name()),
            Self::StringBuilder(text) => f.write_str(&text.state().text),
            Self::StringWriter(text) => {
                let target = text.state().target.clone();
                f.write_str(&target.as_ref().unwrap_or(text).state().text)
            }
            Self::StringReader(_) | Self::StringComparer(_) => f.write_str(self.type_name()),
        }
    }
}

impl ZoneData {
    /// Whether it has daylight saving time, as .NET has it: every zone does whose offset has ever changed.
    #[must_use]
    pub fn has_daylight(&self) -> bool {
        self.changes.iter().any(|change| change.at > i64::MIN)
    }

    /// As in `(UTC+01:00) Europe/Berlin`, which is what invariant globalization shows.
    #[must_use]
    pub fn display_name(&self) -> String {
        if let Some(display) = &self.display {
            return display.clone();
        }
        let minutes = self.base_seconds / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
        if self.id == "UTC" {
            return "(UTC) Coordinated Universal Time".to_owned();
        }
        format!("(UTC{sign}{hours:02}:{rest:02}) {}", self.id)
    }
}

/// `Uri.ToString()`: escaped text beyond ASCII and blanks are shown as they are; what separates parts stays escaped, and so do bytes
/// that are no UTF-8.
#[must_use]
pub fn readable(escaped: &str) -> String {
    let mut text = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(at) = rest.find('%') {
        text.push_str(rest.get(..at).unwrap_or(""));
        rest = rest.get(at..).unwrap_or("");
        let run = run_of_bytes(rest);
        if run.is_empty() {
            text.push('%');
            rest = rest.get(1..).unwrap_or("");
            continue;
        }
        let written = rest.get(..run.len() * 3).unwrap_or("");
        push_readable(&mut text, &run, written);
        rest = rest.get(run.len() * 3..).unwrap_or("");
    }
    text + rest
}

// Whether a relative address shows what it has escaped: it holds what is beyond ASCII, or has escaped it or an unreserved character.
fn unescapes(text: &str) -> bool {
    let is_readable = |at: usize| match run_of_bytes(text.get(at..).unwrap_or("")).first() {
        Some(byte) => !byte.is_ascii() || byte.is_ascii_alphanumeric() || b"-._~".contains(byte),
        None => at + 2 < text.len(),
    };
    !text.is_ascii() || text.match_indices('%').any(|(at, _)| is_readable(at))
}

// The bytes that are escaped one behind another here.
fn run_of_bytes(text: &str) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let (triples, _) = text.as_bytes().as_chunks::<3>();
    let byte = |triple: &[u8; 3]| {
        let [mark, high, low] = triple;
        let value = digit(high)? * 16 + digit(low)?;
        u8::try_from(value).ok().filter(|_| *mark == b'%')
    };
    triples.iter().map_while(byte).collect()
}

// `written` is how the bytes are escaped.
fn push_readable(text: &mut String, bytes: &[u8], written: &str) {
    let mut at = 0;
    let push_written = |text: &mut String, at: usize, count: usize| {
        text.push_str(written.get(at * 3..(at + count) * 3).unwrap_or(""));
    };
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match u8::try_from(u32::from(c)) {
                Ok(byte) if byte.is_ascii() && !shows(byte) => push_written(text, at, 1),
                _ => text.push(c),
            }
            at += c.len_utf8();
        }
        push_written(text, at, chunk.invalid().len());
        at += chunk.invalid().len();
    }
}

const fn shows(byte: u8) -> bool {
    !(byte < 0x20
        || byte == 0x7f
        || matches!(byte, b'%' | b'#' | b'?' | b'/' | b'\\' | b'@' | b':' | b';' | b',' | b'&' | b'=' | b'+' | b'$'))
}
