//! Time zones as texts that carry their rules: `ToSerializedString` and what it is read by. Holds no members.

use super::zone_rule::{fixed_switch, floating_switch, new_rule};
use super::zone_rules::shown_rules;
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, throw};
use crate::value::library::{ZoneData, ZoneRule, ZoneSwitch};
use crate::value::time::TICKS_PER_SECOND;
use crate::value::{DateTime, DateTimeKind, TimeSpan, Value};

const TICKS_PER_MINUTE: i64 = 60 * TICKS_PER_SECOND;

/// The text of a zone.
pub(super) fn written(zone: &ZoneData) -> String {
    let mut text = String::new();
    put(&mut text, &zone.id);
    text.push_str(&format!("{};", zone.base_seconds / 60));
    for name in [&zone.display_name(), &zone.standard_name, &zone.daylight_name] {
        put(&mut text, name);
    }
    for rule in shown_rules(zone) {
        put_rule(&mut text, &rule);
    }
    text.push(';');
    text
}

fn put(text: &mut String, part: &str) {
    for c in part.chars() {
        if matches!(c, '\\' | '[' | ']' | ';') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push(';');
}

fn put_rule(text: &mut String, rule: &ZoneRule) {
    text.push('[');
    for moment in [rule.start, rule.end] {
        text.push_str(&shown(moment, "MM:dd:yyyy"));
        text.push(';');
    }
    text.push_str(&format!("{};", minutes(rule.daylight)));
    for switch in &rule.switches {
        put_switch(text, switch);
    }
    if rule.base.0 != 0 {
        text.push_str(&format!("{};", minutes(rule.base)));
    }
    text.push(']');
}

fn shown(moment: DateTime, format: &str) -> String {
    moment.format(format).unwrap_or_default()
}

// `TotalMinutes`
fn minutes(span: TimeSpan) -> Value {
    Value::Double(span.0 as f64 / TICKS_PER_MINUTE as f64)
}

fn put_switch(text: &mut String, switch: &ZoneSwitch) {
    let clock = DateTime::of_ticks(switch.time, DateTimeKind::Unspecified).map(|time| shown(time, "HH:mm:ss.FFF"));
    let clock = clock.unwrap_or_default();
    text.push_str(&format!("[{};{clock};{};", u8::from(switch.is_fixed), switch.month));
    match switch.is_fixed {
        true => text.push_str(&format!("{};];", switch.day)),
        false => text.push_str(&format!("{};{};];", switch.week, switch.weekday)),
    }
}

/// The zone of a text.
pub(super) fn read(text: &str) -> Outcome<ZoneData> {
    let mut reader = Reader { rest: text, escaped: None };
    reader.zone().ok_or_else(|| match reader.escaped {
        Some(c) => invalid(format!("The serialized data contained an invalid escape sequence '\\\\{c}'.")),
        None => corrupt(),
    })
}

fn invalid(message: impl Into<String>) -> Interrupt {
    throw("System.Runtime.Serialization.SerializationException", message)
}

fn corrupt() -> Interrupt {
    invalid("An error occurred while deserializing the object.  The serialized data is corrupt.")
}

struct Reader<'t> {
    rest: &'t str,
    /// What stood behind a backslash and may not.
    escaped: Option<char>,
}

impl Reader<'_> {
    fn zone(&mut self) -> Option<ZoneData> {
        let id = self.text()?;
        let base = self.minutes()?;
        let names = [self.text()?, self.text()?, self.text()?];
        let mut rules = Vec::new();
        while !self.rest.starts_with(';') {
            rules.push(self.rule()?);
        }
        super::zone_rule::new_zone(id, base, names, rules.into_iter().map(Some).collect(), true).ok()
    }

    // Up to the next semicolon; marks in it stand behind a backslash.
    fn text(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                ';' => {
                    self.rest = self.rest.get(at + 1..)?;
                    return Some(text);
                }
                '\\' => {
                    let (_, c) = chars.next()?;
                    if !matches!(c, '\\' | '[' | ']' | ';') {
                        self.escaped = Some(c);
                        return None;
                    }
                    text.push(c);
                }
                '[' | ']' | '\0' => return None,
                c => text.push(c),
            }
        }
        None
    }

    fn number(&mut self) -> Option<i32> {
        let text = self.text()?;
        // A plus is allowed, blanks are not.
        text.strip_prefix('+').unwrap_or(&text).parse().ok()
    }

    fn minutes(&mut self) -> Option<TimeSpan> {
        self.number().map(|minutes| TimeSpan(i64::from(minutes) * TICKS_PER_MINUTE))
    }

    fn mark(&mut self, mark: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(mark)?;
        Some(())
    }

    // Behind the last part that is known; what a later version may have written there is passed over.
    fn end(&mut self) -> Option<()> {
        let mut depth = 1;
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => _ = chars.next().filter(|(_, c)| matches!(c, '\\' | '[' | ']' | ';'))?,
                '[' => depth += 1,
                ']' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.rest = self.rest.get(at + 1..)?;
                return Some(());
            }
        }
        None
    }

    fn date(&mut self) -> Option<DateTime> {
        let text = self.text()?;
        let [month, day, year] = numbers(&text, [2, 2, 4])?;
        DateTime::of_ticks(super::time::ticks_of_date(year, month, day)?, DateTimeKind::Unspecified)
    }

    fn rule(&mut self) -> Option<ZoneRule> {
        self.mark('[')?;
        let (start, end, daylight) = (self.date()?, self.date()?, self.minutes()?);
        let switches = [self.switch()?, self.switch()?];
        let begins = |rest: &str, marks: &[char]| rest.starts_with(marks);
        let is_number = begins(self.rest, &['-', '+']) || self.rest.starts_with(|c: char| c.is_ascii_digit());
        let base = if is_number { self.minutes()? } else { TimeSpan(0) };
        let is_constant = begins(self.rest, &['0', '1']) && self.number()? > 0;
        self.end()?;
        new_rule(ZoneRule { start, end, daylight, base, switches, is_constant }).ok()
    }

    fn switch(&mut self) -> Option<ZoneSwitch> {
        self.mark('[')?;
        let is_fixed = self.number()?;
        let clock = self.text()?;
        let time = clock_of(&clock)?;
        let month = self.number()?;
        let switch = match is_fixed {
            1 => fixed_switch(time, month, self.number()?),
            0 => floating_switch(time, month, self.number()?, self.number()?),
            _ => return None,
        };
        self.end()?;
        self.mark(';')?;
        switch.ok()
    }
}

// Numbers of so many digits, with colons between them.
fn numbers<const N: usize>(text: &str, digits: [usize; N]) -> Option<[i32; N]> {
    let mut parts = text.split(':');
    let mut numbers = [0; N];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part =
            parts.next().filter(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

// `HH:mm:ss.FFF`
fn clock_of(text: &str) -> Option<DateTime> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let [hour, minute, second] = numbers(clock, [2, 2, 2])?;
    let is_time = hour < 24 && minute < 60 && second < 60;
    let is_fraction = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !is_time || !is_fraction {
        return None;
    }
    let thousandths: i64 = format!("{fraction:0<3}").parse().ok()?;
    let seconds = i64::from((hour * 60 + minute) * 60 + second);
    DateTime::of_ticks(seconds * TICKS_PER_SECOND + thousandths * (TICKS_PER_SECOND / 1000), DateTimeKind::Unspecified)
}
