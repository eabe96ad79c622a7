//! `System.Text.RegularExpressions`: matching, replacing, splitting. What a match shows stands in `matched`.

mod matched;

use std::sync::Arc;

use super::{Call, Row, row};
use crate::expr::exception::{Outcome, out_of_range, throw};
use crate::expr::instance::State;
use crate::expr::regex::{Exhausted, Found, Options, PatternError, Regex, Replacement};
use crate::expr::ty::{Class, Ty};
use crate::expr::{Interrupt, instance};
use crate::value::Value;

use matched::{Input, Matches, hit};

pub(super) const TABLES: [&[Row]; 2] = [ROWS, matched::ROWS];

/// Operations of the matcher that count as one step of the evaluation.
const OPERATIONS_PER_STEP: u64 = 16;

/// With a timeout, one match may take this part of the steps that remain; then it throws.
const TIMEOUT_PART: u64 = 2;

const ROWS: &[Row] = &[
    row("Regex", "new Regex(string pattern)", create),
    row("Regex", "new Regex(string pattern, RegexOptions options)", create),
    row("Regex", "new Regex(string pattern, RegexOptions options, TimeSpan matchTimeout)", create),
    row("Regex", "static bool IsMatch(string input, string pattern)", is_match),
    row("Regex", "static bool IsMatch(string input, string pattern, RegexOptions options)", is_match),
    row(
        "Regex",
        "static bool IsMatch(string input, string pattern, RegexOptions options, TimeSpan matchTimeout)",
        is_match,
    ),
    row("Regex", "bool IsMatch(string input)", is_match),
    row("Regex", "bool IsMatch(string input, int startat)", is_match),
    row("Regex", "static Match Match(string input, string pattern)", first),
    row("Regex", "static Match Match(string input, string pattern, RegexOptions options)", first),
    row(
        "Regex",
        "static Match Match(string input, string pattern, RegexOptions options, TimeSpan matchTimeout)",
        first,
    ),
    row("Regex", "Match Match(string input)", first),
    row("Regex", "Match Match(string input, int startat)", first),
    row("Regex", "static MatchCollection Matches(string input, string pattern)", matches),
    row("Regex", "static MatchCollection Matches(string input, string pattern, RegexOptions options)", matches),
    row(
        "Regex",
        "static MatchCollection Matches(string input, string pattern, RegexOptions options, TimeSpan matchTimeout)",
        matches,
    ),
    row("Regex", "MatchCollection Matches(string input)", matches),
    row("Regex", "static string Replace(string input, string pattern, string replacement)", |call| replace(call, 2, 3)),
    row(
        "Regex",
        "static string Replace(string input, string pattern, string replacement, RegexOptions options)",
        |call| replace(call, 2, 3),
    ),
    row(
        "Regex",
        "static string Replace(string input, string pattern, string replacement, RegexOptions options, TimeSpan matchTimeout)",
        |call| replace(call, 2, 3),
    ),
    row("Regex", "string Replace(string input, string replacement)", |call| replace(call, 2, 3)),
    row("Regex", "string Replace(string input, string replacement, int count)", |call| replace(call, 2, 3)),
    row("Regex", "static string[] Split(string input, string pattern)", |call| split(call, None)),
    row("Regex", "static string[] Split(string input, string pattern, RegexOptions options)", |call| split(call, None)),
    row(
        "Regex",
        "static string[] Split(string input, string pattern, RegexOptions options, TimeSpan matchTimeout)",
        |call| split(call, None),
    ),
    row("Regex", "string[] Split(string input)", |call| split(call, None)),
    row("Regex", "string[] Split(string input, int count)", |call| split(call, Some(2))),
    row("Regex", "static string Unescape(string str)", |call| {
        let text = unescape(call.text(0, "str")?)?;
        call.yields(text)
    }),
];

/// `Regex`
#[derive(Debug)]
pub(super) struct Compiled {
    regex: Regex,
    pattern: Arc<str>,
    timeout: Timeout,
}

/// Whether the expression named a timeout, so that it can catch what happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timeout {
    None,
    Named,
}

impl State for Compiled {
    fn text(&self, _ty: &Ty) -> String {
        self.pattern.to_string()
    }
}

fn refused(pattern: &str, error: &PatternError) -> Interrupt {
    let (offset, reason) = (error.offset, &error.reason);
    let message = format!("Invalid pattern '{pattern}' at offset {offset}. {reason}");
    throw("System.Text.RegularExpressions.RegexParseException", message)
}

fn compiled(call: &mut Call<'_, '_>, pattern: &str, options: i32) -> Outcome<Regex> {
    // A pattern costs memory and time by its length.
    call.machine.charge(pattern.len().saturating_mul(64))?;
    call.machine.spend(u32::try_from(pattern.len() / 8).unwrap_or(u32::MAX))?;
    Regex::new(pattern, Options(options)).map_err(|error| refused(pattern, &error))
}

fn create(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let pattern = Arc::clone(call.text(0, "pattern")?);
    let options = if call.arguments.len() > 1 { call.number(1)? } else { 0 };
    let timeout = if call.arguments.len() > 2 { Timeout::Named } else { Timeout::None };
    let regex = compiled(call, &pattern, options)?;
    call.machine.object(Ty::Class(Class::Regex), Compiled { regex, pattern, timeout })
}

/// What is matched against what.
struct Task {
    regex: Regex,
    input: Arc<Input>,
    timeout: Timeout,
}

// An instance member has the expression first, a static one the pattern behind the input; options and timeout follow at `from`.
fn task(call: &mut Call<'_, '_>, from: usize) -> Outcome<Task> {
    if let Some((regex, timeout)) =
        instance::look(call.value(0), |compiled: &mut Compiled| (compiled.regex.clone(), compiled.timeout))
    {
        let text = Arc::clone(call.text(1, "input")?);
        return Ok(Task { regex, input: input(call, text)?, timeout });
    }
    let text = Arc::clone(call.text(0, "input")?);
    let pattern = Arc::clone(call.text(1, "pattern")?);
    let options = if call.arguments.len() > from { call.number(from)? } else { 0 };
    let timeout = if call.arguments.len() > from + 1 { Timeout::Named } else { Timeout::None };
    let regex = compiled(call, &pattern, options)?;
    Ok(Task { regex, input: input(call, text)?, timeout })
}

fn input(call: &mut Call<'_, '_>, text: Arc<str>) -> Outcome<Arc<Input>> {
    call.machine.charge(text.len().saturating_mul(2))?;
    let units = text.encode_utf16().collect();
    Ok(Arc::new(Input { units }))
}

// Runs the matcher on the steps that remain.
fn counted<R>(
    call: &mut Call<'_, '_>,
    timeout: Timeout,
    run: impl FnOnce(&mut u64) -> Result<R, Exhausted>,
) -> Outcome<R> {
    let all = u64::from(call.machine.steps_left()).saturating_mul(OPERATIONS_PER_STEP);
    let given = if timeout == Timeout::Named { all / TIMEOUT_PART } else { all };
    let mut budget = given;
    let result = run(&mut budget);
    let spent = (given - budget) / OPERATIONS_PER_STEP;
    call.machine.spend(u32::try_from(spent).unwrap_or(u32::MAX))?;
    match (result, timeout) {
        (Ok(found), _) => Ok(found),
        (Err(Exhausted), Timeout::None) => Err(call.machine.out_of_steps()),
        (Err(Exhausted), Timeout::Named) => Err(throw(
            "System.Text.RegularExpressions.RegexMatchTimeoutException",
            "The Regex engine has timed out while trying to match a pattern to an input string. This can occur for many reasons, \
             including very large inputs or excessive backtracking caused by nested quantifiers, back-references and other factors.",
        )),
    }
}

fn found(call: &mut Call<'_, '_>, task: &Task) -> Outcome<Option<Found>> {
    let length = task.input.units.len();
    let is_instance = matches!(call.value(0), Value::Object(_));
    let start = match call.arguments.get(2) {
        Some(Value::Int32(start)) if is_instance => {
            usize::try_from(*start).ok().filter(|start| *start <= length).ok_or_else(|| {
                out_of_range("Start index cannot be less than 0 or greater than input length.", "startat")
            })?
        }
        _ if task.regex.is_backwards() => length,
        _ => 0,
    };
    counted(call, task.timeout, |budget| task.regex.find(&task.input.units, start, budget))
}

fn is_match(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let task = task(call, 2)?;
    Ok(Value::Bool(found(call, &task)?.is_some()))
}

fn first(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let task = task(call, 2)?;
    let found = found(call, &task)?;
    let hit = hit(&task.regex, &task.input, found);
    call.machine.object(Ty::Class(Class::Match), hit)
}

fn all(call: &mut Call<'_, '_>, task: &Task, limit: Option<usize>) -> Outcome<Vec<Found>> {
    let found = counted(call, task.timeout, |budget| task.regex.find_all(&task.input.units, limit, budget))?;
    call.machine.charge(found.len() * 64)?;
    Ok(found)
}

fn matches(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let task = task(call, 2)?;
    let found = all(call, &task, None)?;
    let matches = Matches { regex: task.regex, input: task.input, found };
    call.machine.object(Ty::Class(Class::MatchCollection), matches)
}

// The instance form has no pattern, so its replacement stands in the same place as the pattern's; a count may follow.
fn replace(call: &mut Call<'_, '_>, replacement_at: usize, options_at: usize) -> Outcome<Value> {
    let is_instance = matches!(call.value(0), Value::Object(_));
    if !is_instance {
        call.text(0, "input")?;
        call.text(1, "pattern")?;
    }
    let replacement = Arc::clone(call.text(replacement_at, "replacement")?);
    let task = task(call, options_at)?;
    let limit = match call.arguments.get(3) {
        Some(Value::Int32(count)) if is_instance => match usize::try_from(*count) {
            Ok(count) => Some(count),
            Err(_) if *count == -1 => None,
            Err(_) => return Err(out_of_range("Count cannot be less than -1.", "count")),
        },
        _ => None,
    };
    let mut found = all(call, &task, limit)?;
    if task.regex.is_backwards() {
        found.reverse();
    }
    let replacement = Replacement::new(&replacement, &task.regex);
    let units = &task.input.units;
    let (mut out, mut at) = (Vec::new(), 0);
    for one in &found {
        let (start, end) = one.span();
        out.extend_from_slice(units.get(at..start).unwrap_or(&[]));
        replacement.write(units, one, &mut out);
        call.machine.check_length(out.len())?;
        at = end;
    }
    out.extend_from_slice(units.get(at..).unwrap_or(&[]));
    call.yields(String::from_utf16_lossy(&out))
}

// What was captured stands between the parts.
fn split(call: &mut Call<'_, '_>, count_at: Option<usize>) -> Outcome<Value> {
    let task = task(call, 2)?;
    let limit = match count_at.and_then(|at| call.arguments.get(at)) {
        Some(Value::Int32(count)) if *count < 0 => {
            return Err(out_of_range("Count cannot be less than -1.", "count"));
        }
        Some(Value::Int32(count)) if *count > 0 => usize::try_from(*count - 1).ok(),
        _ => None,
    };
    let mut found = all(call, &task, limit)?;
    if task.regex.is_backwards() {
        found.reverse();
    }
    let mut parts: Vec<Arc<str>> = Vec::new();
    let mut at = 0;
    for one in &found {
        let (start, end) = one.span();
        parts.push(task.input.part((at, start)).into());
        let groups = (1..one.captures.len()).filter_map(|place| one.group(place));
        parts.extend(groups.map(|span| Arc::from(task.input.part(span))));
        at = end;
    }
    parts.push(task.input.part((at, task.input.units.len())).into());
    call.machine.charge(parts.iter().map(|part| part.len() + 16).sum())?;
    Ok(Value::Strings(parts.into()))
}

// What a backslash protects in a pattern.
fn unescape(text: &str) -> Outcome<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(rest.get(..at).unwrap_or(""));
        let behind = rest.get(at..).unwrap_or("");
        let escape = escape_of(behind);
        match Regex::literal(escape) {
            Ok(unit) => plain.push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)),
            Err(error) => return Err(refused(text, &PatternError { offset: at + error.offset, ..error })),
        }
        rest = behind.get(escape.len()..).unwrap_or("");
    }
    plain.push_str(rest);
    Ok(plain)
}

// The escape at the beginning of the text.
fn escape_of(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    let length = match chars.next() {
        Some('x') => 4,
        Some('u') => 6,
        Some('c') => 3,
        Some('0'..='7') => {
            let digits = text.get(1..).unwrap_or("").chars().take(3).take_while(|c| ('0'..='7').contains(c)).count();
            1 + digits
        }
        Some(other) => 1 + other.len_utf8(),
        None => 1,
    };
    text.get(..length).unwrap_or(text)
}
