//! `System.Guid`.

use super::{Call, Row, row};
use crate::expr::exception::{Outcome, format};
use crate::rng::Uuid;
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("Guid", "static Guid NewGuid()", |call| Ok(Value::Guid(call.machine.rng.uuid()))),
    row("Guid", "static Guid Empty", |_| Ok(Value::Guid(Uuid(0)))),
    row("Guid", "static Guid Parse(string input)", parse),
    row("Guid", "new Guid(string g)", parse),
];

/// `ToString(format)`: D, N, B or P.
pub(super) fn with_format(guid: Uuid, form: &str) -> Outcome<String> {
    match form {
        "D" | "d" => Ok(guid.to_string()),
        "N" | "n" => Ok(format!("{:032x}", guid.0)),
        "B" | "b" => Ok(format!("{{{guid}}}")),
        "P" | "p" => Ok(format!("({guid})")),
        _ => Err(format(
            "Format string can be only \"D\", \"d\", \"N\", \"n\", \"P\", \"p\", \"B\", \"b\", \"X\" or \"x\".",
        )),
    }
}

fn parse(call: &mut Call<'_, '_>) -> Outcome<Value> {
    parsed(call.text(0, "input")?)
}

/// `Guid.Parse`: forms D, N, B and P.
pub(super) fn parsed(text: &str) -> Outcome<Value> {
    let text = text.trim();
    let inner = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .or_else(|| text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')))
        .unwrap_or(text);
    let hyphens: Vec<usize> = inner.match_indices('-').map(|(at, _)| at).collect();
    let digits: String = inner.chars().filter(|c| *c != '-').collect();
    let is_shaped = hyphens == [8, 13, 18, 23] || (hyphens.is_empty() && inner.len() == text.len());
    if !is_shaped || digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(format("Unrecognized Guid format."));
    }
    u128::from_str_radix(&digits, 16)
        .map(|bits| Value::Guid(Uuid(bits)))
        .map_err(|_| format("Unrecognized Guid format."))
}
