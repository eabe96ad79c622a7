//! The filters of Liquid templates, by their C# names. Each is a pure function of its input and arguments.

use crate::http::percent::{Keep, decode_form, encode};
use crate::policy::liquid::item::{Item, Number};
use crate::policy::liquid::render::TEXT_BYTES_MAX;
use crate::value::Value;
use crate::value::json::date_of;

/// A filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Filter(usize);

type Outcome = Result<Item, String>;
type Function = fn(&Item, &[Item]) -> Outcome;

/// The filter with this name.
pub(super) fn find(name: &str) -> Option<Filter> {
    FILTERS.iter().position(|(of, _)| *of == name).map(Filter)
}

/// All names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FILTERS.iter().map(|(name, _)| *name)
}

/// Applies a filter.
///
/// # Errors
/// What it makes is too large, or it divides by zero.
pub(super) fn apply(filter: Filter, item: &Item, arguments: &[Item]) -> Outcome {
    match FILTERS.get(filter.0) {
        Some((_, function)) => function(item, arguments),
        None => Ok(item.clone()),
    }
}

static FILTERS: &[(&str, Function)] = &[
    ("Abs", |item, _| Ok(calculated(item, |value| value.checked_abs(), f64::abs))),
    ("Append", |item, given| joined(&[&item.render(), &text(given, 0)])),
    ("AtLeast", |item, given| Ok(chosen(item, given, f64::ge))),
    ("AtMost", |item, given| Ok(chosen(item, given, f64::le))),
    ("Capitalize", |item, _| Ok(Item::text(capitalized(&item.render())))),
    ("Ceil", |item, _| Ok(calculated(item, Some, f64::ceil))),
    ("Compact", |item, _| Ok(item.items().into_iter().filter(|item| !matches!(item, Item::Nil)).collect())),
    ("Concat", |item, given| Ok(item.items().into_iter().chain(argument(given, 0).items()).collect())),
    ("Currency", |item, _| Ok(currency(item))),
    ("Date", |item, given| Ok(date(item, &text(given, 0)))),
    ("Default", |item, given| Ok(if item.is_blank() { argument(given, 0) } else { item.clone() })),
    ("DividedBy", divided),
    ("Downcase", |item, _| Ok(Item::text(item.render().to_lowercase()))),
    ("Escape", |item, _| escaped(item)),
    ("First", |item, _| Ok(item.items().first().cloned().unwrap_or_default())),
    ("Floor", |item, _| Ok(calculated(item, Some, f64::floor))),
    ("H", |item, _| escaped(item)),
    ("Join", join),
    ("Last", |item, _| Ok(item.items().last().cloned().unwrap_or_default())),
    ("Lstrip", |item, _| Ok(Item::text(item.render().trim_start()))),
    ("Map", |item, given| Ok(item.items().iter().map(|item| item.member(&argument(given, 0))).collect())),
    ("Minus", |item, given| Ok(arithmetic(item, given, i64::checked_sub, |one, other| one - other))),
    ("Modulo", modulo),
    ("NewlineToBr", |item, _| replaced(&item.render(), "\n", "<br />\n", usize::MAX)),
    ("Plus", plus),
    ("Prepend", |item, given| joined(&[&text(given, 0), &item.render()])),
    ("Remove", |item, given| replaced(&item.render(), &text(given, 0), "", usize::MAX)),
    ("RemoveFirst", |item, given| replaced(&item.render(), &text(given, 0), "", 1)),
    ("Replace", |item, given| replaced(&item.render(), &text(given, 0), &text(given, 1), usize::MAX)),
    ("ReplaceFirst", |item, given| replaced(&item.render(), &text(given, 0), &text(given, 1), 1)),
    ("Reverse", |item, _| Ok(item.items().into_iter().rev().collect())),
    ("Round", round),
    ("Rstrip", |item, _| Ok(Item::text(item.render().trim_end()))),
    ("Size", |item, _| Ok(item.member(&Item::text("size")))),
    ("Slice", slice),
    ("Sort", sort),
    ("Split", |item, given| Ok(split(&item.render(), &text(given, 0)))),
    ("Strip", |item, _| Ok(Item::text(item.render().trim()))),
    ("StripHtml", |item, _| Ok(Item::text(stripped(&item.render())))),
    ("StripNewlines", |item, _| Ok(Item::text(item.render().replace(['\r', '\n'], "")))),
    ("Times", |item, given| Ok(arithmetic(item, given, i64::checked_mul, |one, other| one * other))),
    ("Truncate", truncate),
    ("TruncateWords", truncate_words),
    ("Uniq", |item, _| Ok(unique(item.items()))),
    ("Upcase", |item, _| Ok(Item::text(item.render().to_uppercase()))),
    ("UrlDecode", |item, _| Ok(Item::text(decode_form(&item.render()).into_owned()))),
    ("UrlEncode", |item, _| Ok(Item::text(encode(&item.render(), Keep::Unreserved).replace("%20", "+")))),
];

/// Comparisons that one `Uniq` makes; what comes later is taken as different.
const COMPARISONS_MAX: usize = 1_000_000;

fn argument(given: &[Item], index: usize) -> Item {
    given.get(index).cloned().unwrap_or_default()
}

fn text(given: &[Item], index: usize) -> String {
    given.get(index).map(Item::render).unwrap_or_default()
}

fn whole(given: &[Item], index: usize) -> Option<i64> {
    match given.get(index)?.number()? {
        Number::Int(value) => Some(value),
        Number::Float(_) => None,
    }
}

fn length(given: &[Item], index: usize, default: usize) -> usize {
    whole(given, index).map_or(default, |value| usize::try_from(value).unwrap_or(0))
}

fn joined(parts: &[&str]) -> Outcome {
    if parts.iter().map(|part| part.len()).sum::<usize>() > TEXT_BYTES_MAX {
        return Err(too_large());
    }
    Ok(Item::text(parts.concat()))
}

fn too_large() -> String {
    format!("a value of the template is larger than {TEXT_BYTES_MAX} bytes")
}

fn replaced(text: &str, from: &str, to: &str, times: usize) -> Outcome {
    if from.is_empty() {
        return Ok(Item::text(text));
    }
    let count = text.matches(from).count().min(times);
    if text.len().saturating_add(count.saturating_mul(to.len())) > TEXT_BYTES_MAX {
        return Err(too_large());
    }
    Ok(Item::text(text.replacen(from, to, count)))
}

fn escaped(item: &Item) -> Outcome {
    let mut text = item.render();
    for (from, to) in [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;")] {
        text = replaced(&text, from, to, usize::MAX)?.render();
    }
    Ok(Item::text(text))
}

// As DotLiquid: the first letter of every word.
fn capitalized(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut is_start = true;
    for c in text.chars() {
        if is_start {
            made.extend(c.to_uppercase());
        } else {
            made.push(c);
        }
        is_start = c.is_whitespace();
    }
    made
}

fn calculated(item: &Item, whole: fn(i64) -> Option<i64>, float: fn(f64) -> f64) -> Item {
    match item.number() {
        Some(Number::Int(value)) => whole(value).map_or_else(|| item.clone(), Item::Int),
        Some(Number::Float(value)) => Item::Float(float(value)),
        None => item.clone(),
    }
}

fn arithmetic(item: &Item, given: &[Item], whole: fn(i64, i64) -> Option<i64>, float: fn(f64, f64) -> f64) -> Item {
    match (item.number(), argument(given, 0).number()) {
        (Some(Number::Int(one)), Some(Number::Int(other))) => match whole(one, other) {
            Some(value) => Item::Int(value),
            None => Item::Float(float(Number::Int(one).value(), Number::Int(other).value())),
        },
        (Some(one), Some(other)) => Item::Float(float(one.value(), other.value())),
        (_, _) => item.clone(),
    }
}

// Texts that are no numbers are put together.
fn plus(item: &Item, given: &[Item]) -> Outcome {
    match (item.number(), argument(given, 0).number()) {
        (Some(_), Some(_)) => Ok(arithmetic(item, given, i64::checked_add, |one, other| one + other)),
        (_, _) => joined(&[&item.render(), &text(given, 0)]),
    }
}

fn divided(item: &Item, given: &[Item]) -> Outcome {
    if argument(given, 0).number().is_some_and(|by| by.value() == 0.0) {
        return Err("`DividedBy` was given zero".to_owned());
    }
    Ok(arithmetic(item, given, i64::checked_div, |one, other| one / other))
}

fn modulo(item: &Item, given: &[Item]) -> Outcome {
    if argument(given, 0).number().is_some_and(|by| by.value() == 0.0) {
        return Err("`Modulo` was given zero".to_owned());
    }
    Ok(arithmetic(item, given, i64::checked_rem, |one, other| one % other))
}

fn chosen(item: &Item, given: &[Item], keeps: fn(&f64, &f64) -> bool) -> Item {
    match (item.number(), given.first().and_then(Item::number)) {
        (Some(one), Some(other)) if !keeps(&one.value(), &other.value()) => Item::from(other),
        (_, _) => item.clone(),
    }
}

fn round(item: &Item, given: &[Item]) -> Outcome {
    let digits = i32::try_from(whole(given, 0).unwrap_or(0).clamp(0, 15)).unwrap_or(0);
    let scale = 10_f64.powi(digits);
    Ok(match item.number() {
        // As .NET: halves go to the even neighbour.
        Some(Number::Float(value)) => Item::Float((value * scale).round_ties_even() / scale),
        Some(Number::Int(value)) => Item::Int(value),
        None => item.clone(),
    })
}

// `¤1,234.50`, negative in parentheses: the invariant culture.
fn currency(item: &Item) -> Item {
    let Some(value) = item.number().map(Number::value) else { return item.clone() };
    let plain = format!("{:.2}", value.abs());
    let (whole, cents) = plain.split_once('.').unwrap_or((&plain, "00"));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    Item::text(if value < 0.0 { format!("(¤{grouped}.{cents})") } else { format!("¤{grouped}.{cents}") })
}

fn date(item: &Item, format: &str) -> Item {
    let moment = match item {
        Item::Date(date) => Some(*date),
        other => match date_of(&other.render()) {
            Some(Value::DateTime(date)) => Some(date),
            Some(_) | None => None,
        },
    };
    let formatted = moment.filter(|_| !format.is_empty()).and_then(|moment| moment.format(format));
    formatted.map_or_else(|| item.clone(), Item::text)
}

fn join(item: &Item, given: &[Item]) -> Outcome {
    let separator = if given.is_empty() { " ".to_owned() } else { text(given, 0) };
    let parts: Vec<String> = item.items().iter().map(Item::render).collect();
    let bytes = parts.iter().map(|part| part.len() + separator.len()).sum::<usize>();
    if bytes > TEXT_BYTES_MAX {
        return Err(too_large());
    }
    Ok(Item::text(parts.join(&separator)))
}

fn slice(item: &Item, given: &[Item]) -> Outcome {
    let take = length(given, 1, 1);
    let place = |count: usize| match whole(given, 0).unwrap_or(0) {
        start if start < 0 => count.saturating_sub(usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX)),
        start => usize::try_from(start).unwrap_or(usize::MAX),
    };
    Ok(match item {
        Item::List(items) => items.iter().skip(place(items.len())).take(take).cloned().collect(),
        other => {
            let text = other.render();
            let start = place(text.chars().count());
            Item::text(text.chars().skip(start).take(take).collect::<String>())
        }
    })
}

fn sort(item: &Item, given: &[Item]) -> Outcome {
    let mut items = item.items();
    let key = |item: &Item| given.first().map_or_else(|| item.clone(), |name| item.member(name));
    // A total order: numbers before texts, what cannot be compared stays as it was.
    items.sort_by_cached_key(|item| {
        let key = key(item);
        let number = key.number().map(Number::value);
        let bits = number.map(|value| {
            let bits = value.to_bits();
            if bits >> 63 == 1 { !bits } else { bits | (1 << 63) }
        });
        (bits.is_none(), bits.unwrap_or(0), key.render())
    });
    Ok(items.into_iter().collect())
}

fn split(text: &str, separator: &str) -> Item {
    match separator {
        "" => text.chars().map(|c| Item::text(c.to_string())).collect(),
        separator => text.split(separator).filter(|part| !part.is_empty()).map(Item::text).collect(),
    }
}

fn stripped(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once('<') {
        made.push_str(before);
        match tail.split_once('>') {
            Some((_, after)) => rest = after,
            None => {
                made.push('<');
                rest = tail;
            }
        }
    }
    made.push_str(rest);
    made
}

fn truncate(item: &Item, given: &[Item]) -> Outcome {
    let (limit, end) = (length(given, 0, 50), given.get(1).map_or_else(|| "...".to_owned(), Item::render));
    let text = item.render();
    if text.chars().count() <= limit {
        return Ok(Item::text(text));
    }
    let kept: String = text.chars().take(limit.saturating_sub(end.chars().count())).collect();
    joined(&[&kept, &end])
}

fn truncate_words(item: &Item, given: &[Item]) -> Outcome {
    let (limit, end) = (length(given, 0, 15), given.get(1).map_or_else(|| "...".to_owned(), Item::render));
    let text = item.render();
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() <= limit {
        return Ok(Item::text(text));
    }
    joined(&[&words.iter().take(limit).copied().collect::<Vec<_>>().join(" "), &end])
}

fn unique(items: Vec<Item>) -> Item {
    let (mut kept, mut compared) = (Vec::<Item>::new(), 0_usize);
    for item in items {
        compared = compared.saturating_add(kept.len());
        if compared > COMPARISONS_MAX || !kept.iter().any(|other| other.is_equal(&item)) {
            kept.push(item);
        }
    }
    kept.into_iter().collect()
}
