//! Enumerations of time, numbers and addresses, and what every enumeration's member can do. Others are in `enums`.

use super::{Row, constant, row};
use crate::value::{EnumMember, Value};

const fn member(enumeration: &'static str, name: &'static str, number: i32) -> EnumMember {
    EnumMember { enumeration, name, number }
}

const DAY: &str = "System.DayOfWeek";
const ROUNDING: &str = "System.MidpointRounding";
const PARTIAL: &str = "System.UriPartial";
const KIND: &str = "System.UriKind";
const HOST: &str = "System.UriHostNameType";
const FAMILY: &str = "System.Net.Sockets.AddressFamily";
const NORMAL: &str = "System.Text.NormalizationForm";
const BASE64: &str = "System.Base64FormattingOptions";

/// The days of a week from Sunday on.
pub(super) static DAYS: [EnumMember; 7] = [
    member(DAY, "Sunday", 0),
    member(DAY, "Monday", 1),
    member(DAY, "Tuesday", 2),
    member(DAY, "Wednesday", 3),
    member(DAY, "Thursday", 4),
    member(DAY, "Friday", 5),
    member(DAY, "Saturday", 6),
];

static UTC: EnumMember = member("System.DateTimeKind", "Utc", 1);

static ROUNDINGS: [EnumMember; 5] = [
    member(ROUNDING, "ToEven", 0),
    member(ROUNDING, "AwayFromZero", 1),
    member(ROUNDING, "ToZero", 2),
    member(ROUNDING, "ToNegativeInfinity", 3),
    member(ROUNDING, "ToPositiveInfinity", 4),
];

static PARTIALS: [EnumMember; 4] = [
    member(PARTIAL, "Scheme", 0),
    member(PARTIAL, "Authority", 1),
    member(PARTIAL, "Path", 2),
    member(PARTIAL, "Query", 3),
];

static KINDS: [EnumMember; 3] =
    [member(KIND, "RelativeOrAbsolute", 0), member(KIND, "Absolute", 1), member(KIND, "Relative", 2)];

/// What a host's name is.
pub(super) static HOSTS: [EnumMember; 5] = [
    member(HOST, "Unknown", 0),
    member(HOST, "Basic", 1),
    member(HOST, "Dns", 2),
    member(HOST, "IPv4", 3),
    member(HOST, "IPv6", 4),
];

/// IPv4 and IPv6.
pub(super) static FAMILIES: [EnumMember; 2] = [member(FAMILY, "InterNetwork", 2), member(FAMILY, "InterNetworkV6", 23)];

static FORMS: [EnumMember; 4] =
    [member(NORMAL, "FormC", 1), member(NORMAL, "FormD", 2), member(NORMAL, "FormKC", 5), member(NORMAL, "FormKD", 6)];

static LINES: [EnumMember; 2] = [member(BASE64, "None", 0), member(BASE64, "InsertLineBreaks", 1)];

pub(super) const ROWS: &[Row] = &[
    constant("DateTimeKind", "static DateTimeKind Utc", &UTC),
    constant("DayOfWeek", "static DayOfWeek Sunday", &DAYS[0]),
    constant("DayOfWeek", "static DayOfWeek Monday", &DAYS[1]),
    constant("DayOfWeek", "static DayOfWeek Tuesday", &DAYS[2]),
    constant("DayOfWeek", "static DayOfWeek Wednesday", &DAYS[3]),
    constant("DayOfWeek", "static DayOfWeek Thursday", &DAYS[4]),
    constant("DayOfWeek", "static DayOfWeek Friday", &DAYS[5]),
    constant("DayOfWeek", "static DayOfWeek Saturday", &DAYS[6]),
    constant("MidpointRounding", "static MidpointRounding ToEven", &ROUNDINGS[0]),
    constant("MidpointRounding", "static MidpointRounding AwayFromZero", &ROUNDINGS[1]),
    constant("MidpointRounding", "static MidpointRounding ToZero", &ROUNDINGS[2]),
    constant("MidpointRounding", "static MidpointRounding ToNegativeInfinity", &ROUNDINGS[3]),
    constant("MidpointRounding", "static MidpointRounding ToPositiveInfinity", &ROUNDINGS[4]),
    constant("UriPartial", "static UriPartial Scheme", &PARTIALS[0]),
    constant("UriPartial", "static UriPartial Authority", &PARTIALS[1]),
    constant("UriPartial", "static UriPartial Path", &PARTIALS[2]),
    constant("UriPartial", "static UriPartial Query", &PARTIALS[3]),
    constant("UriKind", "static UriKind RelativeOrAbsolute", &KINDS[0]),
    constant("UriKind", "static UriKind Absolute", &KINDS[1]),
    constant("UriKind", "static UriKind Relative", &KINDS[2]),
    constant("UriHostNameType", "static UriHostNameType Unknown", &HOSTS[0]),
    constant("UriHostNameType", "static UriHostNameType Basic", &HOSTS[1]),
    constant("UriHostNameType", "static UriHostNameType Dns", &HOSTS[2]),
    constant("UriHostNameType", "static UriHostNameType IPv4", &HOSTS[3]),
    constant("UriHostNameType", "static UriHostNameType IPv6", &HOSTS[4]),
    constant("AddressFamily", "static AddressFamily InterNetwork", &FAMILIES[0]),
    constant("AddressFamily", "static AddressFamily InterNetworkV6", &FAMILIES[1]),
    constant("NormalizationForm", "static NormalizationForm FormC", &FORMS[0]),
    constant("NormalizationForm", "static NormalizationForm FormD", &FORMS[1]),
    constant("NormalizationForm", "static NormalizationForm FormKC", &FORMS[2]),
    constant("NormalizationForm", "static NormalizationForm FormKD", &FORMS[3]),
    constant("Base64FormattingOptions", "static Base64FormattingOptions None", &LINES[0]),
    constant("Base64FormattingOptions", "static Base64FormattingOptions InsertLineBreaks", &LINES[1]),
    row("DayOfWeek", "string ToString(string format)", super::format::formatted),
    row("DayOfWeek", "int CompareTo(object target)", |call| match (call.value(0), call.value(1)) {
        (Value::Enum(this), Value::Enum(other)) => Ok(super::object::order(this.number.cmp(&other.number))),
        _ => Ok(Value::Int32(1)),
    }),
];
