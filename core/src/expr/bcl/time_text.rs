//! Texts of dates and spans: the members that parse them, and that write them for a culture, which is always the invariant one.

use std::sync::Arc;

use super::time::now;
use super::time_exact::{self, Unfit};
use super::time_parse::{Refused, Styles, Today, date_time, date_time_offset, with_offset};
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, argument};
use crate::value::{DateTime, DateTimeKind, DateTimeOffset, Value};

const DATE: &str = "DateTime";
const OFFSET: &str = "DateTimeOffset";

pub(super) const ROWS: &[Row] = &[
    row(DATE, "static DateTime Parse(string s)", |call| parsed(call, None)),
    row(DATE, "static DateTime Parse(string s, IFormatProvider provider)", |call| parsed(call, None)),
    row(DATE, "static bool TryParse(string s, out DateTime result)", |call| tried(call, None)),
    row(DATE, "static bool TryParse(string s, IFormatProvider provider, out DateTime result)", |call| {
        tried(call, None)
    }),
    row(DATE, "static DateTime Parse(string s, IFormatProvider provider, DateTimeStyles styles)", |call| {
        parsed(call, Some(2))
    }),
    row(
        DATE,
        "static bool TryParse(string s, IFormatProvider provider, DateTimeStyles styles, out DateTime result)",
        |call| tried(call, Some(2)),
    ),
    row(DATE, "string ToString(IFormatProvider provider)", plain),
    row(DATE, "string ToString(string format, IFormatProvider provider)", super::format::formatted),
    row(OFFSET, "static DateTimeOffset Parse(string input)", |call| offset_parsed(call, None)),
    row(OFFSET, "static DateTimeOffset Parse(string input, IFormatProvider formatProvider)", |call| {
        offset_parsed(call, None)
    }),
    row(OFFSET, "static bool TryParse(string input, out DateTimeOffset result)", |call| offset_tried(call, None)),
    row(OFFSET, "static bool TryParse(string s, IFormatProvider provider, out DateTimeOffset result)", |call| {
        offset_tried(call, None)
    }),
    row(
        OFFSET,
        "static DateTimeOffset ParseExact(string input, string format, IFormatProvider formatProvider)",
        |call| exactly_parsed(call, None),
    ),
    row(
        OFFSET,
        "static DateTimeOffset Parse(string input, IFormatProvider formatProvider, DateTimeStyles styles)",
        |call| offset_parsed(call, Some(2)),
    ),
    row(
        OFFSET,
        "static bool TryParse(string input, IFormatProvider formatProvider, DateTimeStyles styles, out DateTimeOffset result)",
        |call| offset_tried(call, Some(2)),
    ),
    row(
        OFFSET,
        "static DateTimeOffset ParseExact(string input, string format, IFormatProvider formatProvider, DateTimeStyles styles)",
        |call| exactly_parsed(call, Some(3)),
    ),
    row(
        OFFSET,
        "static DateTimeOffset ParseExact(string input, string[] formats, IFormatProvider formatProvider, DateTimeStyles styles)",
        |call| {
            let text = call.text(0, "input")?;
            let formats = call.texts(1, "formats")?;
            let found = any_exactly(text, &formats, offset_styles(call, Some(3))?, today(call));
            found.map(Value::DateTimeOffset).map_err(|unfit| unfit.exception(text, ""))
        },
    ),
    row(
        OFFSET,
        "static bool TryParseExact(string input, string format, IFormatProvider formatProvider, DateTimeStyles styles, \
         out DateTimeOffset result)",
        |call| {
            let styles = offset_styles(call, Some(3))?;
            let both = call.text_or_null(0)?.zip(call.text_or_null(1)?);
            let found = both.map(|(text, format)| exactly(text, format, styles, today(call)));
            give_fit(call, found)
        },
    ),
    row(
        OFFSET,
        "static bool TryParseExact(string input, string[] formats, IFormatProvider formatProvider, DateTimeStyles styles, \
         out DateTimeOffset result)",
        |call| {
            let styles = offset_styles(call, Some(3))?;
            let formats = if call.value(1).is_null() { None } else { Some(call.texts(1, "formats")?) };
            let both = call.text_or_null(0)?.zip(formats);
            let found = both.map(|(text, formats)| any_exactly(text, &formats, styles, today(call)));
            give_fit(call, found)
        },
    ),
    row(OFFSET, "string ToString(IFormatProvider formatProvider)", plain),
    row(OFFSET, "string ToString(string format, IFormatProvider formatProvider)", super::format::formatted),
    row("TimeSpan", "string ToString(string format, IFormatProvider formatProvider)", super::format::formatted),
];

fn plain(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let text = call.value(0).to_string();
    call.yields(text)
}

// The argument that holds styles, if there is one.
fn styles(call: &Call<'_, '_>, at: Option<usize>) -> Outcome<Styles> {
    let styles = at.map_or(Ok(Styles::default()), |at| call.number(at).map(Styles))?;
    if styles.0 & !0xff != 0 {
        return Err(argument("An undefined DateTimeStyles value is being used.", "styles"));
    }
    if styles.has(Styles::ASSUME_LOCAL) && styles.has(Styles::ASSUME_UNIVERSAL) {
        return Err(argument(BOTH_ASSUMED, "styles"));
    }
    let excluded = Styles::ASSUME_LOCAL | Styles::ASSUME_UNIVERSAL | Styles::ADJUST_TO_UNIVERSAL;
    if styles.has(Styles::ROUNDTRIP_KIND) && styles.has(excluded) {
        let message = "The DateTimeStyles value RoundtripKind cannot be used with the values AssumeLocal, AssumeUniversal or \
                       AdjustToUniversal.";
        return Err(argument(message, "styles"));
    }
    Ok(styles)
}

const BOTH_ASSUMED: &str = "The DateTimeStyles values AssumeLocal and AssumeUniversal cannot be used together.";

// A `DateTimeOffset` has no use for two of the styles: one it ignores, one it refuses.
fn offset_styles(call: &Call<'_, '_>, at: Option<usize>) -> Outcome<Styles> {
    let styles = at.map_or(Ok(Styles::default()), |at| call.number(at).map(Styles))?;
    if styles.0 & !0xff != 0 {
        return Err(argument("An undefined DateTimeStyles value is being used.", "styles"));
    }
    if styles.has(Styles::ASSUME_LOCAL) && styles.has(Styles::ASSUME_UNIVERSAL) {
        return Err(argument(BOTH_ASSUMED, "styles"));
    }
    if styles.has(Styles::NO_CURRENT_DATE) {
        let message = "The DateTimeStyles value 'NoCurrentDateDefault' is not allowed when parsing DateTimeOffset.";
        return Err(argument(message, "styles"));
    }
    Ok(Styles(styles.0 & !Styles::ROUNDTRIP_KIND & !Styles::ASSUME_LOCAL))
}

fn today(call: &Call<'_, '_>) -> DateTime {
    now(call, DateTimeKind::Utc)
}

fn parsed(call: &mut Call<'_, '_>, styles_at: Option<usize>) -> Outcome<Value> {
    let text = call.text(0, "s")?;
    let found = date_time(text, styles(call, styles_at)?, today(call));
    found.map(Value::DateTime).map_err(|refused| refused.exception(text))
}

fn tried(call: &mut Call<'_, '_>, styles_at: Option<usize>) -> Outcome<Value> {
    let styles = styles(call, styles_at)?;
    let found = call.text_or_null(0)?.and_then(|text| date_time(text, styles, today(call)).ok());
    call.give(Value::DateTime(found.unwrap_or(DateTime::MIN)));
    Ok(Value::Bool(found.is_some()))
}

fn offset_parsed(call: &mut Call<'_, '_>, styles_at: Option<usize>) -> Outcome<Value> {
    let text = call.text(0, "input")?;
    let found = date_time_offset(text, offset_styles(call, styles_at)?, today(call));
    found.map(Value::DateTimeOffset).map_err(|refused| refused.exception(text))
}

fn offset_tried(call: &mut Call<'_, '_>, styles_at: Option<usize>) -> Outcome<Value> {
    let styles = offset_styles(call, styles_at)?;
    let found = call.text_or_null(0)?.and_then(|text| date_time_offset(text, styles, today(call)).ok());
    give_offset(call, found)
}

fn give_offset(call: &mut Call<'_, '_>, found: Option<DateTimeOffset>) -> Outcome<Value> {
    let is_found = found.is_some();
    let value = found.or_else(|| DateTimeOffset::of_utc(0, 0)).map_or(Value::Null, Value::DateTimeOffset);
    call.give(value);
    Ok(Value::Bool(is_found))
}

// A letter that is no format is refused even where nothing else is.
fn give_fit(call: &mut Call<'_, '_>, found: Option<Result<DateTimeOffset, Unfit>>) -> Outcome<Value> {
    match found {
        Some(Err(Unfit::Letter)) => Err(Unfit::Letter.exception("", "")),
        found => give_offset(call, found.and_then(Result::ok)),
    }
}

fn exactly(text: &str, format: &str, styles: Styles, now: DateTime) -> Result<DateTimeOffset, Unfit> {
    let found = time_exact::read(text, format, styles, Today::OfZone(now))?;
    Ok(with_offset(&found, styles)?)
}

fn any_exactly(text: &str, formats: &[Arc<str>], styles: Styles, now: DateTime) -> Result<DateTimeOffset, Unfit> {
    if text.is_empty() {
        return Err(Unfit::Text(Refused::Malformed));
    }
    if formats.is_empty() {
        return Err(Unfit::NoFormats);
    }
    if formats.iter().any(|format| format.is_empty()) {
        return Err(Unfit::Format);
    }
    for format in formats {
        match exactly(text, format, styles, now) {
            Err(Unfit::Letter) => return Err(Unfit::Letter),
            Ok(found) => return Ok(found),
            Err(_) => {}
        }
    }
    Err(Unfit::Text(Refused::Malformed))
}

fn exactly_parsed(call: &mut Call<'_, '_>, styles_at: Option<usize>) -> Outcome<Value> {
    let (text, format) = (call.text(0, "input")?, call.text(1, "format")?);
    let found = exactly(text, format, offset_styles(call, styles_at)?, today(call));
    found.map(Value::DateTimeOffset).map_err(|unfit| unfit.exception(text, format))
}
