//! The members of `JTokenType`.

use super::super::{Row, constant};
use crate::expr::exception::{Outcome, broken};
use crate::value::json::JKind;
use crate::value::{EnumMember, Value};

const fn kind(kind: JKind) -> EnumMember {
    EnumMember { enumeration: "Newtonsoft.Json.Linq.JTokenType", name: kind.name(), number: kind as i32 }
}

static KINDS: [EnumMember; 18] = [
    EnumMember { enumeration: "Newtonsoft.Json.Linq.JTokenType", name: "None", number: 0 },
    kind(JKind::Object),
    kind(JKind::Array),
    kind(JKind::Constructor),
    kind(JKind::Property),
    kind(JKind::Comment),
    kind(JKind::Integer),
    kind(JKind::Float),
    kind(JKind::String),
    kind(JKind::Boolean),
    kind(JKind::Null),
    kind(JKind::Undefined),
    kind(JKind::Date),
    kind(JKind::Raw),
    kind(JKind::Bytes),
    kind(JKind::Guid),
    kind(JKind::Uri),
    kind(JKind::TimeSpan),
];

pub(super) const ROWS: &[Row] = &[
    constant("JTokenType", "static JTokenType None", &KINDS[0]),
    constant("JTokenType", "static JTokenType Object", &KINDS[1]),
    constant("JTokenType", "static JTokenType Array", &KINDS[2]),
    constant("JTokenType", "static JTokenType Constructor", &KINDS[3]),
    constant("JTokenType", "static JTokenType Property", &KINDS[4]),
    constant("JTokenType", "static JTokenType Comment", &KINDS[5]),
    constant("JTokenType", "static JTokenType Integer", &KINDS[6]),
    constant("JTokenType", "static JTokenType Float", &KINDS[7]),
    constant("JTokenType", "static JTokenType String", &KINDS[8]),
    constant("JTokenType", "static JTokenType Boolean", &KINDS[9]),
    constant("JTokenType", "static JTokenType Null", &KINDS[10]),
    constant("JTokenType", "static JTokenType Undefined", &KINDS[11]),
    constant("JTokenType", "static JTokenType Date", &KINDS[12]),
    constant("JTokenType", "static JTokenType Raw", &KINDS[13]),
    constant("JTokenType", "static JTokenType Bytes", &KINDS[14]),
    constant("JTokenType", "static JTokenType Guid", &KINDS[15]),
    constant("JTokenType", "static JTokenType Uri", &KINDS[16]),
    constant("JTokenType", "static JTokenType TimeSpan", &KINDS[17]),
];

/// The member for a token's type.
pub(super) fn member(kind: JKind) -> Outcome<Value> {
    let found = KINDS.iter().find(|member| member.number == kind as i32);
    found.map(Value::Enum).ok_or_else(|| broken("a token of no type"))
}
