//! Members that take a culture or a calendar. Neither can be named, so that only null can be given: the invariant culture, and an error.

use super::string::{compare, map, test};
use super::string_build::replaced_by;
use super::string_search::{Checks, parts_compared};
use super::{Row, row, utf16};
use crate::expr::exception::argument_null;

pub(super) const ROWS: &[Row] = &[
    row("string", "bool StartsWith(string value, bool ignoreCase, CultureInfo culture)", |call| {
        let ignore = call.bool(2)?;
        test(call, ignore, |text, part| text.starts_with(part))
    }),
    row("string", "bool EndsWith(string value, bool ignoreCase, CultureInfo culture)", |call| {
        let ignore = call.bool(2)?;
        test(call, ignore, |text, part| text.ends_with(part))
    }),
    row("string", "static int Compare(string strA, string strB, bool ignoreCase, CultureInfo culture)", |call| {
        let ignore = call.bool(2)?;
        Ok(compare(call.text_or_null(0)?, call.text_or_null(1)?, ignore))
    }),
    row(
        "string",
        "static int Compare(string strA, int indexA, string strB, int indexB, int length, bool ignoreCase, CultureInfo culture)",
        |call| {
            let ignore = call.bool(5)?;
            parts_compared(call, ignore, Checks::OfCulture)
        },
    ),
    row("string", "string Replace(string oldValue, string newValue, bool ignoreCase, CultureInfo culture)", |call| {
        let ignore = call.bool(3)?;
        replaced_by(call, ignore)
    }),
    row("string", "string ToLower(CultureInfo culture)", |call| map(call, utf16::lower)),
    row("string", "string ToUpper(CultureInfo culture)", |call| map(call, utf16::upper)),
    row("char", "static char ToUpper(char c, CultureInfo culture)", |_| Err(argument_null("culture"))),
    row("char", "static char ToLower(char c, CultureInfo culture)", |_| Err(argument_null("culture"))),
];
