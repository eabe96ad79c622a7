//! `SelectToken`: JSONPath.

use super::super::{Call, Row, row};
use super::{or_null, token};
use crate::expr::exception::{Outcome, throw};
use crate::value::json::path::{Path, PathError};
use crate::value::{JToken, Value};

pub(super) const ROWS: &[Row] = &[
    row("JToken", "JToken SelectToken(string path)", |call| one(call, false)),
    row("JToken", "JToken SelectToken(string path, bool errorWhenNoMatch)", |call| {
        let must_match = call.bool(2)?;
        one(call, must_match)
    }),
];

fn exception(error: PathError) -> crate::expr::Interrupt {
    throw("Newtonsoft.Json.JsonException", error.0)
}

/// What the path leads to, every step counted.
pub(super) fn all(call: &mut Call<'_, '_>, must_match: bool) -> Outcome<Vec<JToken>> {
    let text = call.text(1, "path")?;
    let path = Path::parse(text).map_err(exception)?;
    let root = token(call)?;
    let mut budget = call.machine.steps_left();
    let found = path.select(&root, must_match, &mut budget);
    let spent = call.machine.steps_left() - budget;
    call.machine.spend(spent)?;
    found.map_err(exception)
}

fn one(call: &mut Call<'_, '_>, must_match: bool) -> Outcome<Value> {
    let found = all(call, must_match)?;
    if found.len() > 1 {
        return Err(throw("Newtonsoft.Json.JsonException", "Path returned multiple tokens."));
    }
    Ok(or_null(found.into_iter().next()))
}
