//! Enumerations and their members.

use super::{Row, constant};
use crate::value::EnumMember;

const fn member(enumeration: &'static str, name: &'static str, number: i32) -> EnumMember {
    EnumMember { enumeration, name, number }
}

const COMPARISON: &str = "System.StringComparison";
const SPLIT: &str = "System.StringSplitOptions";
const FORMATTING: &str = "Newtonsoft.Json.Formatting";

pub(super) static NOT_PUBLISHED: EnumMember = member("ProductState", "NotPublished", 0);
pub(super) static PUBLISHED: EnumMember = member("ProductState", "Published", 1);

static CURRENT_CULTURE: EnumMember = member(COMPARISON, "CurrentCulture", 0);
static CURRENT_CULTURE_IGNORE_CASE: EnumMember = member(COMPARISON, "CurrentCultureIgnoreCase", 1);
static INVARIANT_CULTURE: EnumMember = member(COMPARISON, "InvariantCulture", 2);
static INVARIANT_CULTURE_IGNORE_CASE: EnumMember = member(COMPARISON, "InvariantCultureIgnoreCase", 3);
static ORDINAL: EnumMember = member(COMPARISON, "Ordinal", 4);
static ORDINAL_IGNORE_CASE: EnumMember = member(COMPARISON, "OrdinalIgnoreCase", 5);

static SPLIT_NONE: EnumMember = member(SPLIT, "None", 0);
static SPLIT_REMOVE_EMPTY: EnumMember = member(SPLIT, "RemoveEmptyEntries", 1);
static SPLIT_TRIM: EnumMember = member(SPLIT, "TrimEntries", 2);

static FORMATTING_NONE: EnumMember = member(FORMATTING, "None", 0);
static FORMATTING_INDENTED: EnumMember = member(FORMATTING, "Indented", 1);

pub(super) const ROWS: &[Row] = &[
    constant("ProductState", "static ProductState NotPublished", &NOT_PUBLISHED),
    constant("ProductState", "static ProductState Published", &PUBLISHED),
    constant("StringComparison", "static StringComparison CurrentCulture", &CURRENT_CULTURE),
    constant("StringComparison", "static StringComparison CurrentCultureIgnoreCase", &CURRENT_CULTURE_IGNORE_CASE),
    constant("StringComparison", "static StringComparison InvariantCulture", &INVARIANT_CULTURE),
    constant("StringComparison", "static StringComparison InvariantCultureIgnoreCase", &INVARIANT_CULTURE_IGNORE_CASE),
    constant("StringComparison", "static StringComparison Ordinal", &ORDINAL),
    constant("StringComparison", "static StringComparison OrdinalIgnoreCase", &ORDINAL_IGNORE_CASE),
    constant("StringSplitOptions", "static StringSplitOptions None", &SPLIT_NONE),
    constant("StringSplitOptions", "static StringSplitOptions RemoveEmptyEntries", &SPLIT_REMOVE_EMPTY),
    constant("StringSplitOptions", "static StringSplitOptions TrimEntries", &SPLIT_TRIM),
    constant("Formatting", "static Formatting None", &FORMATTING_NONE),
    constant("Formatting", "static Formatting Indented", &FORMATTING_INDENTED),
];
