//! `System.Text.RegularExpressions`: matching, replacing, splitting. What a match shows stands in `matched`.

mod matched;
mod replaced;

use std::cell::OnceCell;
use std::sync::Arc;

use super::{Call, Row, row};
use crate::expr::exception::{Outcome, out_of_range, throw};
use crate::expr::instance::State;
use crate::expr::regex::{Exhausted, Found, Options, PatternError, Regex};
use crate::expr::ty::{Class, Ty};
use crate::expr::{Interrupt, instance};
use crate::value::Value;

use matched::{Input, Matches, match_object};
pub(super) use matched::{check_copy, named_groups};

pub(super) const TABLES: [&[Row]; 3] = [ROWS, matched::ROWS, replaced::ROWS];

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
    row("Regex", "Match Match(string input, int beginning, int length)", first_within),
    row("Regex", "MatchCollection Matches(string input)", matches),
    row("Regex", "MatchCollection Matches(string input, int startat)", matches),
    row("Regex", "static string[] Split(string input, string pattern)", |call| split(call, None)),
    row("Regex", "static string[] Split(string input, string pattern, RegexOptions options)", |call| split(call, None)),
    row(
        "Regex",
        "static string[] Split(string input, string pattern, RegexOptions options, TimeSpan matchTimeout)",
        |call| split(call, None),
    ),
    row("Regex", "string[] Split(string input)", |call| split(call, None)),
    row("Regex", "string[] Split(string input, int count)", |call| split(call, Some(2))),
    row("Regex", "string[] Split(string input, int count, int startat)", |call| split(call, Some(2))),
    row("Regex", "static string Unescape(string str)", |call| {
        let text = unescape(call.text(0, "str")?)?;
        call.yields(text)
    }),
];

const BAD_START: &str = "Start index cannot be less than 0 or greater than input length.";
const OUT_OF_VALUES: &str = "Specified argument was out of the range of valid values.";

/// `Regex`
#[derive(Debug)]
pub(super) struct Compiled {
    regex: Regex,
    pattern: Arc<str>,
    options: i32,
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

const PARSE_EXCEPTION: &str = "System.Text.RegularExpressions.RegexParseException";

fn refusal(pattern: &str, error: &PatternError) -> String {
    let (offset, reason) = (error.offset, &error.reason);
    format!("Invalid pattern '{pattern}' at offset {offset}. {reason}")
}

fn refused(pattern: &str, error: &PatternError) -> Interrupt {
    throw(PARSE_EXCEPTION, refusal(pattern, error))
}

/// Pattern and options of a `Regex`.
pub(in crate::expr::bcl) fn parts_of(value: &Value) -> Option<(Arc<str>, i32)> {
    instance::look(value, |compiled: &mut Compiled| (Arc::clone(&compiled.pattern), compiled.options))
}

/// Whether the pattern is found in a text, on the steps that remain; else the exception and its message.
pub(super) fn found_in(
    text: &str,
    pattern: &str,
    options: i32,
    budget: &mut u32,
) -> Result<bool, (&'static str, String)> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let cost = u32::try_from((pattern.len() + units.len()) / 8).unwrap_or(u32::MAX);
    *budget = budget.saturating_sub(cost);
    let regex = Regex::new(pattern, Options(options)).map_err(|error| (PARSE_EXCEPTION, refusal(pattern, &error)))?;
    let mut operations = u64::from(*budget) * OPERATIONS_PER_STEP;
    let found = regex.find(&units, 0, &mut operations);
    *budget = u32::try_from(operations / OPERATIONS_PER_STEP).unwrap_or(*budget);
    // Out of steps: the walk, which shares them, says so.
    Ok(matches!(found, Ok(Some(_))))
}

fn compiled(call: &mut Call<'_, '_>, pattern: &str, options: i32) -> Outcome<Regex> {
    // A pattern costs memory and time by its length.
    call.machine.charge(pattern.len().saturating_mul(64))?;
    call.machine.spend(u32::try_from(pattern.len() / 8).unwrap_or(u32::MAX))?;
    let regex = Regex::new(pattern, Options(options)).map_err(|error| refused(pattern, &error))?;
    match regex.needs_backtracking() {
        Some(construct) if Options(options).excludes_backtracking() => {
            let message = "RegexOptions.NonBacktracking is not supported in conjunction with expressions containing";
            Err(throw("System.NotSupportedException", format!("{message}: '{construct}'.")))
        }
        _ => Ok(regex),
    }
}

// The options in this place, if there are any.
fn options(call: &Call<'_, '_>, at: usize) -> Outcome<i32> {
    let options = if call.arguments.len() > at { call.number(at)? } else { 0 };
    if Options(options).are_valid() { Ok(options) } else { Err(out_of_range(OUT_OF_VALUES, "options")) }
}

// The timeout in this place, if there is one: more than nothing, at most 24 days, or the -1 ms that mean none.
fn timeout(call: &Call<'_, '_>, at: usize) -> Outcome<Timeout> {
    match call.arguments.get(at) {
        Some(Value::TimeSpan(span)) if span.0 == -10_000 => Ok(Timeout::None),
        Some(Value::TimeSpan(span)) if !(1..=TIMEOUT_TICKS_MAX).contains(&span.0) => {
            Err(out_of_range(OUT_OF_VALUES, "matchTimeout"))
        }
        Some(_) => Ok(Timeout::Named),
        None => Ok(Timeout::None),
    }
}

/// The longest timeout, in ticks: an `int` of milliseconds, less one.
const TIMEOUT_TICKS_MAX: i64 = 21_474_836_460_000;

fn create(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let pattern = Arc::clone(call.text(0, "pattern")?);
    let options = options(call, 1)?;
    let timeout = timeout(call, 2)?;
    let regex = compiled(call, &pattern, options)?;
    call.machine.object(Ty::Class(Class::Regex), Compiled { regex, pattern, options, timeout })
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
    // The expression is made before anyone looks at what it is matched against.
    let pattern = Arc::clone(call.text(1, "pattern")?);
    let options = options(call, from)?;
    let timeout = timeout(call, from + 1)?;
    let regex = compiled(call, &pattern, options)?;
    let text = Arc::clone(call.text(0, "input")?);
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

// Where a search begins: at the argument in this place of an instance's member, or at the end that the pattern starts from.
fn start_of(call: &Call<'_, '_>, task: &Task, at: usize) -> Outcome<usize> {
    let length = task.input.units.len();
    let is_instance = matches!(call.value(0), Value::Object(_));
    match call.arguments.get(at) {
        Some(Value::Int32(start)) if is_instance => usize::try_from(*start)
            .ok()
            .filter(|start| *start <= length)
            .ok_or_else(|| out_of_range(BAD_START, "startat")),
        _ if task.regex.is_backwards() => Ok(length),
        _ => Ok(0),
    }
}

// A part of the input is matched as if it were all, but its places are those of the whole.
fn first_within(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let task = task(call, 2)?;
    let length = task.input.units.len();
    let from = usize::try_from(call.int(2)?).ok().filter(|from| *from <= length);
    let from = from.ok_or_else(|| out_of_range(BAD_START, "startat"))?;
    let count = usize::try_from(call.int(3)?).ok().filter(|count| *count <= length);
    let message = "Length cannot be less than 0 or exceed input length.";
    let count = count.ok_or_else(|| out_of_range(message, "length"))?;
    if count > length - from {
        return Err(out_of_range(OUT_OF_VALUES, "start"));
    }
    let part = task.input.units.get(from..from + count).unwrap_or(&[]);
    let start = if task.regex.is_backwards() { count } else { 0 };
    let mut found = counted(call, task.timeout, |budget| task.regex.find(part, start, budget))?;
    for span in found.iter_mut().flat_map(|found| found.captures.iter_mut().flatten()) {
        *span = (span.0 + from, span.1 + from);
    }
    match_object(call, &task.regex, &task.input, found)
}

fn found(call: &mut Call<'_, '_>, task: &Task) -> Outcome<Option<Found>> {
    let start = start_of(call, task, 2)?;
    counted(call, task.timeout, |budget| task.regex.find(&task.input.units, start, budget))
}

fn is_match(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let task = task(call, 2)?;
    Ok(Value::Bool(found(call, &task)?.is_some()))
}

fn first(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let task = task(call, 2)?;
    let found = found(call, &task)?;
    match_object(call, &task.regex, &task.input, found)
}

fn all(call: &mut Call<'_, '_>, task: &Task, limit: Option<usize>, start: usize) -> Outcome<Vec<Found>> {
    let found = counted(call, task.timeout, |budget| task.regex.find_all(&task.input.units, limit, start, budget))?;
    call.machine.charge(found.len() * 64)?;
    Ok(found)
}

fn matches(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let task = task(call, 2)?;
    let start = start_of(call, &task, 2)?;
    let found = all(call, &task, None, start)?;
    let matches = Matches { regex: task.regex, input: task.input, found, items: OnceCell::new() };
    call.machine.object(Ty::Class(Class::MatchCollection), matches)
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
    let start = start_of(call, &task, 3)?;
    let mut found = all(call, &task, limit, start)?;
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
        // A backslash at the very end protects nothing.
        if escape == "\\" {
            return Ok(plain);
        }
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
