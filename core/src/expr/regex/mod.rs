//! Regular expressions in the dialect of .NET: a backtracking machine over UTF-16 units whose steps are counted. Holds no members.
//!
//! An engine of its own, since a translation to another dialect loses what policies see: captures of groups in loops, class
//! subtraction, `$` before a final newline, UTF-16 positions, group numbers. Compiling takes about as long as reading the
//! pattern, which matters because patterns are compiled in every evaluation; and the machine runs on the evaluation's own budget.

mod blocks;
mod emit;
mod parse;
mod replace;
mod run;
mod set;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(crate) use replace::Replacement;

/// The longest pattern, in UTF-16 units.
const PATTERN_UNITS_MAX: usize = 16 * 1024;

/// The most nested groups of a pattern; reading and emitting recurse along them.
const GROUP_DEPTH_MAX: usize = 100;

/// The most operations of a compiled pattern.
const CODE_MAX: usize = 64 * 1024;

/// The most choices and undo records that a match may hold at once.
const FRAMES_MAX: usize = 1 << 20;

/// `RegexOptions`, by its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Options(pub(crate) i32);

impl Options {
    pub(crate) const IGNORE_CASE: i32 = 1;
    pub(crate) const MULTILINE: i32 = 2;
    pub(crate) const EXPLICIT_CAPTURE: i32 = 4;
    pub(crate) const SINGLELINE: i32 = 16;
    pub(crate) const IGNORE_WHITESPACE: i32 = 32;
    pub(crate) const RIGHT_TO_LEFT: i32 = 64;
    pub(crate) const ECMA_SCRIPT: i32 = 256;

    const CULTURE_INVARIANT: i32 = 512;
    const COMPILED: i32 = 8;
    const NON_BACKTRACKING: i32 = 1024;

    /// Whether .NET takes this combination.
    pub(crate) const fn are_valid(self) -> bool {
        let with_ecma =
            Self::ECMA_SCRIPT | Self::IGNORE_CASE | Self::MULTILINE | Self::COMPILED | Self::CULTURE_INVARIANT;
        let is_known = self.0 >= 0 && self.0 <= 2047 && self.0 & 128 == 0;
        let backwards =
            self.has(Self::NON_BACKTRACKING) && (self.has(Self::RIGHT_TO_LEFT) || self.has(Self::ECMA_SCRIPT));
        is_known && !backwards && (!self.has(Self::ECMA_SCRIPT) || self.0 & !with_ecma == 0)
    }

    /// Whether only what needs no backtracking may be used.
    pub(crate) const fn excludes_backtracking(self) -> bool {
        self.has(Self::NON_BACKTRACKING)
    }

    const fn has(self, option: i32) -> bool {
        self.0 & option != 0
    }
}

/// Why a pattern is refused: the offset in units and the reason, as `RegexParseException` words them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PatternError {
    pub(crate) offset: usize,
    pub(crate) reason: String,
}

/// Why a match was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exhausted;

/// A compiled pattern. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Regex(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    code: emit::Code,
    groups: Vec<Group>,
    backwards: bool,
    needs_backtracking: Option<&'static str>,
}

/// A group as the pattern's user sees it; in the order of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) number: u32,
    /// As `GroupNameFromNumber` gives it: the number where there is no name.
    pub(crate) name: Arc<str>,
}

/// Where a search begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Begin {
    at: usize,
    /// Where the last match ended, which is what `\G` means: one unit before `at` when it was empty.
    last: usize,
}

/// A match: for every group all its captures, as (start, end) in units; group 0 is the match itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) captures: Vec<Vec<(usize, usize)>>,
}

impl Found {
    /// Where the match begins and ends.
    pub(crate) fn span(&self) -> (usize, usize) {
        self.group(0).unwrap_or((0, 0))
    }

    /// The last capture of the group in this place.
    pub(crate) fn group(&self, place: usize) -> Option<(usize, usize)> {
        self.captures.get(place)?.last().copied()
    }
}

impl Regex {
    /// Reads a pattern.
    pub(crate) fn new(pattern: &str, options: Options) -> Result<Self, PatternError> {
        let units: Vec<u16> = pattern.encode_utf16().collect();
        if units.len() > PATTERN_UNITS_MAX {
            return Err(PatternError { offset: 0, reason: "The pattern is too long.".to_owned() });
        }
        let tree = parse::parse(&units, options)?;
        let backwards = options.has(Options::RIGHT_TO_LEFT);
        let needs_backtracking = tree.node.needs_backtracking();
        let code = emit::emit(&tree, backwards)
            .ok_or_else(|| PatternError { offset: 0, reason: "The pattern is too large.".to_owned() })?;
        Ok(Self(Arc::new(Inner { code, groups: tree.groups, backwards, needs_backtracking })))
    }

    /// The unit that an escape of one stands for.
    pub(crate) fn literal(escape: &str) -> Result<u16, PatternError> {
        let units: Vec<u16> = escape.encode_utf16().collect();
        parse::literal(&units)
    }

    /// Its groups, the whole match first.
    pub(crate) fn groups(&self) -> &[Group] {
        &self.0.groups
    }

    /// The place of the group of this name or number.
    pub(crate) fn group_named(&self, name: &str) -> Option<usize> {
        self.0.groups.iter().position(|group| &*group.name == name)
    }

    /// The first construct in it that only backtracking matches, as .NET describes it.
    pub(crate) fn needs_backtracking(&self) -> Option<&'static str> {
        self.0.needs_backtracking
    }

    /// Whether it matches from right to left.
    pub(crate) fn is_backwards(&self) -> bool {
        self.0.backwards
    }

    /// The first match from `start` on, in the pattern's direction; `budget` is what remains of the steps.
    pub(crate) fn find(&self, text: &[u16], start: usize, budget: &mut u64) -> Result<Option<Found>, Exhausted> {
        self.find_from(text, Begin { at: start, last: start }, budget)
    }

    /// The first match from here on.
    pub(crate) fn find_from(&self, text: &[u16], begin: Begin, budget: &mut u64) -> Result<Option<Found>, Exhausted> {
        run::find(&self.0.code, self.0.groups.len(), self.0.backwards, text, begin, budget)
    }

    /// The first `limit` matches from `start` on, one behind the other, as `Regex.Matches` finds them.
    pub(crate) fn find_all(
        &self,
        text: &[u16],
        limit: Option<usize>,
        start: usize,
        budget: &mut u64,
    ) -> Result<Vec<Found>, Exhausted> {
        let mut found = Vec::new();
        let mut begin = Begin { at: start, last: start };
        while limit.is_none_or(|limit| found.len() < limit) {
            let Some(one) = self.find_from(text, begin, budget)? else { break };
            let next = self.after(&one, text.len());
            found.push(one);
            match next {
                Some(next) => begin = next,
                None => break,
            }
        }
        Ok(found)
    }

    /// Where the search for the next match begins; an empty match moves on by one unit.
    pub(crate) fn after(&self, found: &Found, length: usize) -> Option<Begin> {
        let (start, end) = found.span();
        let last = if self.0.backwards { start } else { end };
        let at = match (self.0.backwards, start == end) {
            (_, false) => Some(last),
            (false, true) => (end < length).then(|| end + 1),
            (true, true) => start.checked_sub(1),
        };
        at.map(|at| Begin { at, last })
    }
}
