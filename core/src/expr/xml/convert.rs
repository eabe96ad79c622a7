//! `XmlConvert`: values that have a text of their own in XML. Reads no names.

use crate::value::time::TICKS_PER_SECOND;
use crate::value::{DateTime, DateTimeOffset, TimeSpan};
use crate::value::{Value, json};

/// The text of a `double` or a `float`, whose plain text is given.
pub(crate) fn real_text(value: f64, plain: String) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "INF" } else { "-INF" }.to_owned();
    }
    if value == 0.0 && value.is_sign_negative() { "-0".to_owned() } else { plain }
}

/// The text of a `TimeSpan`, as in `P1DT2H3.5S`.
pub(crate) fn duration_text(span: TimeSpan) -> String {
    let ticks = span.0.unsigned_abs();
    let second = TICKS_PER_SECOND.unsigned_abs();
    let (seconds, fraction) = (ticks / second, ticks % second);
    let mut text = if span.0 < 0 { "-P".to_owned() } else { "P".to_owned() };
    if seconds / 86_400 > 0 {
        text.push_str(&format!("{}D", seconds / 86_400));
    }
    let (hours, minutes, rest) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    if (hours, minutes, rest, fraction) == (0, 0, 0, 0) {
        if ticks == 0 {
            text.push_str("T0S");
        }
        return text;
    }
    text.push('T');
    if hours > 0 {
        text.push_str(&format!("{hours}H"));
    }
    if minutes > 0 {
        text.push_str(&format!("{minutes}M"));
    }
    if (rest, fraction) != (0, 0) {
        text.push_str(&rest.to_string());
        if fraction > 0 {
            text.push_str(&format!(".{}", format!("{fraction:07}").trim_end_matches('0')));
        }
        text.push('S');
    }
    text
}

/// Reads an `xs:duration` without years and months beyond what .NET reckons them as: 365 and 30 days.
pub(crate) fn duration(text: &str) -> Option<TimeSpan> {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    rest = rest.strip_prefix('P').filter(|rest| !rest.is_empty())?;
    let (mut ticks, mut in_time, mut order) = (0_i128, false, 0);
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T').filter(|time| !in_time && !time.is_empty()) {
            (rest, in_time, order) = (time, true, order.max(3));
            continue;
        }
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i128 = rest.get(..digits)?.parse::<u32>().ok()?.into();
        let mut fraction = 0_i128;
        rest = rest.get(digits..)?;
        if let Some(decimals) = rest.strip_prefix('.').filter(|_| in_time) {
            let end = decimals.find(|c: char| !c.is_ascii_digit())?;
            let shown = decimals.get(..end.min(7))?;
            fraction = format!("{shown:0<7}").parse::<i128>().ok()?;
            rest = decimals.get(end..)?;
            rest.strip_prefix('S')?;
        }
        let mut units = rest.chars();
        let (place, seconds) = match (units.next()?, in_time) {
            ('Y', false) => (1, 365 * 86_400),
            ('M', false) => (2, 30 * 86_400),
            ('D', false) => (3, 86_400),
            ('H', true) => (4, 3_600),
            ('M', true) => (5, 60),
            ('S', true) => (6, 1),
            _ => return None,
        };
        if place <= order && !(place == 4 && order == 3) {
            return None;
        }
        order = place;
        ticks += number * seconds * i128::from(TICKS_PER_SECOND) + fraction;
        rest = units.as_str();
    }
    i64::try_from(ticks * sign).ok().map(TimeSpan)
}

/// Reads an `xs:dateTime`, `xs:date` and the like, as the casts of `XElement` do.
fn date_time(text: &str) -> Option<DateTime> {
    match json::date_of(&completed(text)?) {
        Some(Value::DateTime(moment)) => Some(moment),
        _ => None,
    }
}

/// Likewise, with the offset that is written; the zone of the gateway is UTC.
pub(crate) fn date_time_offset(text: &str) -> Option<DateTimeOffset> {
    let whole = completed(text)?;
    let moment = date_time(text)?;
    let zone = whole.get(19..)?.trim_start_matches(['.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    let minutes = match zone.split_at_checked(1) {
        Some((sign @ ("+" | "-"), rest)) => {
            let (hours, minutes) = rest.split_once(':')?;
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            if sign == "-" { -minutes } else { minutes }
        }
        _ => 0,
    };
    DateTimeOffset::of_utc(moment.ticks(), minutes)
}

// A date alone is midnight.
fn completed(text: &str) -> Option<String> {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    if text.starts_with("/Date") {
        return None;
    }
    if text.as_bytes().get(10) == Some(&b'T') {
        return Some(text.to_owned());
    }
    let (date, zone) = text.split_at_checked(10)?;
    Some(format!("{date}T00:00:00{zone}"))
}
