//! `SelectToken`: JSONPath.

use std::cmp::Ordering;

use super::super::{Call, Row, regex, row};
use super::order::of_values;
use super::{or_null, token};
use crate::expr::Interrupt;
use crate::expr::eval::Machine;
use crate::expr::eval::cursor::{Cursor, Shape};
use crate::expr::exception::{Outcome, broken, throw};
use crate::expr::regex::Options;
use crate::expr::ty::{Class, Ty};
use crate::value::json::path::{Judge, Pass, Path, PathError, Walk};
use crate::value::{JToken, Value};

pub(super) const ROWS: &[Row] = &[
    row("JToken", "JToken SelectToken(string path)", |call| one(call, false)),
    row("JToken", "IEnumerable<JToken> SelectTokens(string path)", |call| all(call, false)),
    row("JToken", "IEnumerable<JToken> SelectTokens(string path, bool errorWhenNoMatch)", |call| {
        let must_match = call.bool(2)?;
        all(call, must_match)
    }),
    row("JToken", "JToken SelectToken(string path, bool errorWhenNoMatch)", |call| {
        let must_match = call.bool(2)?;
        one(call, must_match)
    }),
];

fn exception(error: PathError) -> Interrupt {
    match error {
        PathError::Path(message) => throw("Newtonsoft.Json.JsonException", message),
        PathError::Other(exception, message) => throw(exception, message),
    }
}

// The next step along a path, everything counted.
fn next(machine: &mut Machine<'_>, pass: &mut Pass) -> Outcome<Option<JToken>> {
    let mut walk = Walk { budget: machine.steps_left(), judge: &mut OfNet };
    let found = pass.next(&mut walk);
    let spent = machine.steps_left() - walk.budget;
    machine.spend(spent)?;
    found.map_err(exception)
}

/// A pass along a path, while it is enumerated.
struct Selected(Pass);

impl Cursor for Selected {
    fn next(&mut self, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        Ok(next(machine, &mut self.0)?.map(Value::Json))
    }
}

// A wrong path is refused at once; it is followed when what it leads to is enumerated.
fn all(call: &mut Call<'_, '_>, must_match: bool) -> Outcome<Value> {
    let path = Path::parse(call.text(1, "expression")?).map_err(exception)?;
    if path.is_empty() {
        // No step is no enumeration.
        return call.machine.array_of(Ty::Class(Class::JToken), vec![call.value(0).clone()]);
    }
    let operands = vec![call.value(0).clone(), call.value(1).clone(), Value::Bool(must_match)];
    call.machine.lazy(Ty::Class(Class::JToken), Shape::Plain, start, operands)
}

fn start(operands: &[Value], _: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let [Value::Json(root), Value::String(path), Value::Bool(must_match)] = operands else {
        return Err(broken("a path without a token"));
    };
    let path = Path::parse(path).map_err(exception)?;
    Ok(Box::new(Selected(path.pass(root, *must_match))))
}

/// Matches on the steps of the walk, and compares as .NET does.
struct OfNet;

impl Judge for OfNet {
    fn is_match(&mut self, pattern: &str, options: &str, text: &str, budget: &mut u32) -> Result<bool, PathError> {
        let letters = options.chars().map(|letter| match letter {
            'i' => Options::IGNORE_CASE,
            'm' => Options::MULTILINE,
            's' => Options::SINGLELINE,
            'x' => Options::EXPLICIT_CAPTURE,
            _ => 0,
        });
        regex::found_in(text, pattern, letters.fold(0, |all, one| all | one), budget)
            .map_err(|(exception, message)| PathError::Other(exception, message))
    }

    fn compare(&mut self, left: &JToken, right: &JToken) -> Result<Ordering, PathError> {
        of_values(left, right).map(|distance| distance.cmp(&0)).map_err(|interrupt| match interrupt {
            Interrupt::Exception(exception) => PathError::Other(exception.type_name, exception.message),
            Interrupt::NeedsBody(_) | Interrupt::LimitExceeded(_) => {
                PathError::Path("a comparison asks for more".to_owned())
            }
        })
    }
}

fn one(call: &mut Call<'_, '_>, must_match: bool) -> Outcome<Value> {
    let path = Path::parse(call.text(1, "expression")?).map_err(exception)?;
    let root = token(call)?;
    let mut pass = path.pass(&root, must_match);
    let first = next(call.machine, &mut pass)?;
    if first.is_some() && next(call.machine, &mut pass)?.is_some() {
        return Err(throw("Newtonsoft.Json.JsonException", "Path returned multiple tokens."));
    }
    Ok(or_null(first))
}
