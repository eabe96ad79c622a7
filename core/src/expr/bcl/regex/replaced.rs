//! `Regex.Replace`: by a pattern, or by what a delegate says of each match.

use std::sync::Arc;

use super::super::{Call, Row, row};
use super::matched::hit;
use super::{Task, all, start_of, task};
use crate::expr::exception::{Outcome, argument_null, out_of_range};
use crate::expr::regex::{Found, Replacement};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("Regex", "static string Replace(string input, string pattern, string replacement)", |call| {
        of_pattern(call, "replacement")
    }),
    row(
        "Regex",
        "static string Replace(string input, string pattern, string replacement, RegexOptions options)",
        |call| of_pattern(call, "replacement"),
    ),
    row(
        "Regex",
        "static string Replace(string input, string pattern, string replacement, RegexOptions options, TimeSpan matchTimeout)",
        |call| of_pattern(call, "replacement"),
    ),
    row("Regex", "static string Replace(string input, string pattern, MatchEvaluator evaluator)", |call| {
        of_pattern(call, "evaluator")
    }),
    row(
        "Regex",
        "static string Replace(string input, string pattern, MatchEvaluator evaluator, RegexOptions options)",
        |call| of_pattern(call, "evaluator"),
    ),
    row(
        "Regex",
        "static string Replace(string input, string pattern, MatchEvaluator evaluator, RegexOptions options, \
         TimeSpan matchTimeout)",
        |call| of_pattern(call, "evaluator"),
    ),
    row("Regex", "string Replace(string input, string replacement)", |call| of_instance(call, "replacement")),
    row("Regex", "string Replace(string input, string replacement, int count)", |call| {
        of_instance(call, "replacement")
    }),
    row("Regex", "string Replace(string input, string replacement, int count, int startat)", |call| {
        of_instance(call, "replacement")
    }),
    row("Regex", "string Replace(string input, MatchEvaluator evaluator)", |call| of_instance(call, "evaluator")),
    row("Regex", "string Replace(string input, MatchEvaluator evaluator, int count)", |call| {
        of_instance(call, "evaluator")
    }),
    row("Regex", "string Replace(string input, MatchEvaluator evaluator, int count, int startat)", |call| {
        of_instance(call, "evaluator")
    }),
];

/// What stands in for a match.
enum By {
    Pattern(Arc<str>),
    /// A delegate, at this position among the arguments.
    Delegate(usize),
}

// `parameter` is what the member calls it.
fn by(call: &Call<'_, '_>, at: usize, parameter: &str) -> Outcome<By> {
    match call.value(at) {
        Value::String(text) => Ok(By::Pattern(Arc::clone(text))),
        Value::Null => Err(argument_null(parameter)),
        _ => Ok(By::Delegate(at)),
    }
}

fn of_pattern(call: &mut Call<'_, '_>, parameter: &str) -> Outcome<Value> {
    let task = task(call, 3)?;
    let by = by(call, 2, parameter)?;
    let start = if task.regex.is_backwards() { task.input.units.len() } else { 0 };
    replaced(call, &task, &by, None, start)
}

fn of_instance(call: &mut Call<'_, '_>, parameter: &str) -> Outcome<Value> {
    call.text(1, "input")?;
    let by = by(call, 2, parameter)?;
    let task = task(call, 3)?;
    let limit = match call.arguments.get(3) {
        Some(Value::Int32(count)) => match usize::try_from(*count) {
            Ok(count) => Some(count),
            Err(_) if *count == -1 => None,
            Err(_) => return Err(out_of_range("Count cannot be less than -1.", "count")),
        },
        _ => None,
    };
    let start = start_of(call, &task, 4)?;
    replaced(call, &task, &by, limit, start)
}

fn replaced(call: &mut Call<'_, '_>, task: &Task, by: &By, limit: Option<usize>, start: usize) -> Outcome<Value> {
    let found = all(call, task, limit, start)?;
    // In the order in which they are found, which is from the right for some patterns.
    let mut texts = Vec::with_capacity(found.len());
    let mut total = task.input.units.len();
    for one in &found {
        let text = text_of(call, task, by, one)?;
        total = total.saturating_add(text.len());
        call.machine.check_length(total)?;
        texts.push(text);
    }
    let mut both: Vec<(Found, Vec<u16>)> = found.into_iter().zip(texts).collect();
    if task.regex.is_backwards() {
        both.reverse();
    }
    let units = &task.input.units;
    let (mut out, mut at) = (Vec::with_capacity(total), 0);
    for (one, text) in &both {
        let (start, end) = one.span();
        out.extend_from_slice(units.get(at..start).unwrap_or(&[]));
        out.extend_from_slice(text);
        at = end;
    }
    out.extend_from_slice(units.get(at..).unwrap_or(&[]));
    call.yields(String::from_utf16_lossy(&out))
}

fn text_of(call: &mut Call<'_, '_>, task: &Task, by: &By, found: &Found) -> Outcome<Vec<u16>> {
    match by {
        By::Pattern(pattern) => {
            let mut out = Vec::new();
            Replacement::new(pattern, &task.regex).write(&task.input.units, found, &mut out);
            Ok(out)
        }
        By::Delegate(at) => {
            let hit = hit(&task.regex, &task.input, found.clone());
            let shown = call.machine.object(Ty::Class(Class::Match), hit)?;
            Ok(call.invoke(*at, &[shown])?.to_string().encode_utf16().collect())
        }
    }
}
