//! JSONPath as Json.NET reads it: names, indexes, slices, wildcards, scans and filters. Regular expressions in filters are matched, and
//! values compared, by whoever walks the path.

mod filter;
mod pass;

use std::cmp::Ordering;
use std::sync::Arc;

use super::JToken;
use filter::Query;

pub use pass::Pass;

/// The most nested brackets of one filter.
const QUERY_DEPTH_MAX: usize = 32;

/// Why a path leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathError {
    /// The message of the `JsonException`.
    Path(String),
    /// The full name of another exception, and its message.
    Other(&'static str, String),
}

/// What decides for filters what takes more than tokens.
pub trait Judge {
    /// Whether the pattern is found in the text. `options` are the letters behind the pattern, `budget` the steps that remain.
    ///
    /// # Errors
    /// The pattern is malformed, or matching it takes too many steps.
    fn is_match(&mut self, pattern: &str, options: &str, text: &str, budget: &mut u32) -> Result<bool, PathError>;

    /// How two values are ordered: `JValue.CompareTo`.
    ///
    /// # Errors
    /// One of them cannot be made what the other one is.
    fn compare(&mut self, left: &JToken, right: &JToken) -> Result<Ordering, PathError>;
}

/// What following a path takes.
pub struct Walk<'p> {
    /// What remains of the steps that may be taken.
    pub budget: u32,
    /// What matches regular expressions and compares values.
    pub judge: &'p mut dyn Judge,
}

type Outcome<T> = Result<T, PathError>;

/// A path, read.
#[derive(Clone, Debug)]
pub struct Path(Arc<[Filter]>);

impl Path {
    /// Whether it leads nowhere else.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[derive(Clone, Debug)]
enum Filter {
    Field(Option<Arc<str>>),
    Fields(Vec<Arc<str>>),
    /// All that is below, or what has one of the names.
    Scan(Option<Vec<Arc<str>>>),
    Index(Option<i64>),
    Indexes(Vec<i64>),
    Slice(Option<i64>, Option<i64>, Option<i64>),
    Query(Query),
    QueryScan(Query),
}

fn error<T>(message: impl Into<String>) -> Outcome<T> {
    Err(PathError::Path(message.into()))
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Outcome<Self> {
        let mut reader = Reader { chars: text.chars().collect(), at: 0 };
        let blanks = text.len() - text.trim_start_matches(' ').len();
        reader.skip_blanks();
        if reader.peek() == Some('$') {
            match reader.chars.get(reader.at + 1) {
                None => return Ok(Self(Arc::new([]))),
                Some('.' | '[') => reader.at += 1,
                // A name may begin so.
                Some(_) => {}
            }
        } else if reader.peek().is_some_and(|c| !matches!(c, '.' | '[')) {
            // A name that stands first keeps the blanks before it.
            reader.at -= blanks;
        }
        let filters = reader.path(false)?;
        let end = reader.peek();
        reader.skip_blanks();
        match end {
            Some(c) if reader.peek().is_some() => error(format!("Unexpected character while parsing path: {c}")),
            _ => Ok(Self(filters.into())),
        }
    }

    /// A pass along it from `root`, which leads on whenever it is asked. With `must_match` what is not there is an error.
    #[must_use]
    pub fn pass(&self, root: &JToken, must_match: bool) -> Pass {
        Pass::new(Arc::clone(&self.0), root, root.clone(), must_match)
    }
}

fn spend(walk: &mut Walk<'_>, steps: usize) -> Outcome<()> {
    match u32::try_from(steps).ok().and_then(|steps| walk.budget.checked_sub(steps)) {
        Some(left) => {
            walk.budget = left;
            Ok(())
        }
        None => {
            walk.budget = 0;
            error("the path takes too many steps")
        }
    }
}

struct Reader {
    chars: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek() == Some(' ') {
            self.at += 1;
        }
    }

    // Up to the end, or to what ends a path inside of a filter.
    fn path(&mut self, in_query: bool) -> Outcome<Vec<Filter>> {
        let mut filters = Vec::new();
        let mut scan = false;
        let mut after_indexer = false;
        let mut after_dot = false;
        while let Some(c) = self.peek() {
            match c {
                '[' | '(' if !(in_query && c == '(') => {
                    self.at += 1;
                    let filter = self.indexer(if c == '[' { ']' } else { ')' }, scan)?;
                    filters.push(filter);
                    (scan, after_indexer, after_dot) = (false, true, false);
                }
                ')' | '&' | '|' | '=' | '!' | '<' | '>' if in_query => break,
                ']' | ')' => return error(format!("Unexpected character while parsing path: {c}")),
                ' ' if !filters.is_empty() || in_query || after_dot => break,
                '.' => {
                    self.at += 1;
                    if self.peek() == Some('.') {
                        scan = true;
                        self.at += 1;
                    }
                    if self.peek() == Some('.') {
                        return error("Unexpected character while parsing path: .");
                    }
                    (after_indexer, after_dot) = (false, true);
                }
                _ if after_indexer => return error(format!("Unexpected character following indexer: {c}")),
                _ => {
                    let name = self.member(in_query);
                    let name = (name != "*").then(|| Arc::from(name));
                    filters.push(if scan { Filter::Scan(name.map(|name| vec![name])) } else { Filter::Field(name) });
                    (scan, after_dot) = (false, false);
                }
            }
        }
        if after_dot && self.peek().is_none() {
            return error("Unexpected end while parsing path.");
        }
        Ok(filters)
    }

    fn member(&mut self, in_query: bool) -> String {
        let mut name = String::new();
        while let Some(c) = self.peek() {
            let ends = matches!(c, '.' | '[' | ']' | '(' | ')')
                || c == ' ' && !name.trim_start().is_empty()
                || in_query && matches!(c, '&' | '|' | '=' | '!' | '<' | '>');
            if ends {
                break;
            }
            name.push(c);
            self.at += 1;
        }
        name.trim_end().to_owned()
    }

    fn indexer(&mut self, close: char, scan: bool) -> Outcome<Filter> {
        self.skip_blanks();
        match self.peek() {
            None => error("Path ended with open indexer."),
            Some('\'') => self.quoted_names(close, scan),
            Some('?') => {
                self.at += 1;
                self.skip_blanks();
                if self.peek() != Some('(') {
                    let c = self.peek().unwrap_or(' ');
                    return error(format!("Unexpected character while parsing path indexer: {c}"));
                }
                self.at += 1;
                let query = self.query(QUERY_DEPTH_MAX)?;
                self.close(')')?;
                self.close(close)?;
                Ok(if scan { Filter::QueryScan(query) } else { Filter::Query(query) })
            }
            Some('*') => {
                self.at += 1;
                self.close(close)?;
                Ok(Filter::Index(None))
            }
            Some(_) => self.indexes(close),
        }
    }

    fn close(&mut self, close: char) -> Outcome<()> {
        self.skip_blanks();
        match self.peek() {
            Some(c) if c == close => {
                self.at += 1;
                Ok(())
            }
            Some(c) => error(format!("Unexpected character while parsing path indexer: {c}")),
            None => error("Path ended with open indexer."),
        }
    }

    fn quoted(&mut self) -> Outcome<Arc<str>> {
        let mut text = String::new();
        self.at += 1;
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '\'' => return Ok(text.into()),
                '\\' => {
                    let escaped = self.peek().unwrap_or('\\');
                    self.at += 1;
                    text.push(match escaped {
                        'b' => '\u{8}',
                        't' => '\t',
                        'n' => '\n',
                        'f' => '\u{c}',
                        'r' => '\r',
                        '\\' | '"' | '\'' | '/' => escaped,
                        other => return error(format!("Unknown escape character: \\{other}")),
                    });
                }
                plain => text.push(plain),
            }
        }
        error("Path ended with an open string.")
    }

    fn quoted_names(&mut self, close: char, scan: bool) -> Outcome<Filter> {
        let mut names = Vec::new();
        loop {
            self.skip_blanks();
            if self.peek() != Some('\'') {
                return self.close('\'').and_then(|()| error("Path ended with open indexer."));
            }
            names.push(self.quoted()?);
            self.skip_blanks();
            if self.peek() == Some(',') {
                self.at += 1;
                continue;
            }
            self.close(close)?;
            break;
        }
        Ok(match (names.len(), scan) {
            (_, true) => Filter::Scan(Some(names)),
            (1, false) => Filter::Field(names.pop()),
            _ => Filter::Fields(names),
        })
    }

    fn indexes(&mut self, close: char) -> Outcome<Filter> {
        let (mut bounds, mut list, mut colons) = ([None; 3], Vec::new(), 0_usize);
        loop {
            self.skip_blanks();
            let start = self.at;
            while self.peek().is_some_and(|c| c.is_ascii_digit() || c == '-') {
                self.at += 1;
            }
            let digits: String = self.chars.get(start..self.at).unwrap_or(&[]).iter().collect();
            let number = match digits.parse::<i64>() {
                Ok(number) => Some(number),
                Err(_) if digits.is_empty() => None,
                Err(_) => return error(format!("Unexpected character while parsing path indexer: {digits}")),
            };
            if let Some(bound) = bounds.get_mut(colons) {
                *bound = number;
            }
            self.skip_blanks();
            match self.peek() {
                Some(':') if colons < 2 && list.is_empty() => colons += 1,
                Some(',') if colons == 0 && number.is_some() => list.extend(number),
                Some(c) if c == close => {
                    self.at += 1;
                    return match (colons, list.is_empty(), number) {
                        (0, true, Some(number)) => Ok(Filter::Index(Some(number))),
                        (0, false, Some(number)) => {
                            list.push(number);
                            Ok(Filter::Indexes(list))
                        }
                        (0, _, None) => error("Array index expected."),
                        _ => Ok(Filter::Slice(bounds[0], bounds[1], bounds[2])),
                    };
                }
                Some(c) => return error(format!("Unexpected character while parsing path indexer: {c}")),
                None => return error("Path ended with open indexer."),
            }
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::{Judge, Path, PathError, Walk};
    use crate::value::json::JFormatting;
    use crate::value::{JToken, Value};

    // Texts in texts, for want of regular expressions, and numbers.
    struct Plain;

    impl Judge for Plain {
        fn is_match(&mut self, pattern: &str, options: &str, text: &str, _: &mut u32) -> Result<bool, PathError> {
            Ok(options.is_empty() && text.contains(pattern))
        }

        fn compare(&mut self, left: &JToken, right: &JToken) -> Result<Ordering, PathError> {
            let number = |token: &JToken| match token.held() {
                Some(Value::Int64(number)) => f64::from(i32::try_from(number).unwrap()),
                Some(Value::Double(number)) => number,
                other => panic!("{other:?} is no number"),
            };
            Ok(number(left).total_cmp(&number(right)))
        }
    }

    // Witnessed on Json.NET 13.
    #[test]
    fn paths_lead_where_json_net_goes() {
        let text = "{'s':{'b':[{'n':'x','p':5,'q':null},{'n':'y','p':8.5},{'n':'z','p':20,'i':1}],'c':{'p':7}},'a b':[1,2,3,4]}";
        let root = JToken::parse(text).unwrap();
        let cases = [
            ("$", 1, ""),
            ("s.b[0].n", 1, "\"x\""),
            ("$.s.b[*].n", 3, "\"x\",\"y\",\"z\""),
            ("$..p", 4, "5,8.5,20,7"),
            ("['a b'][1:3]", 2, "2,3"),
            ("['a b'][-2:]", 2, "3,4"),
            ("['a b'][::2]", 2, "1,3"),
            ("['a b'][0,3]", 2, "1,4"),
            ("$.s.b[?(@.p < 10)].n", 2, "\"x\",\"y\""),
            ("$.s.b[?(@.i)].n", 1, "\"z\""),
            ("$.s.b[?(@.n == 'x' || @.p == 20)].p", 2, "5,20"),
            ("$.s.b[?(@.n != 'x' && @.p > 10)].p", 1, "20"),
            ("$.s.*.p", 1, "7"),
            ("$.s.b[?(@.n =~ /y/)].p", 1, "8.5"),
            ("$.s.b[?(@.p =~ /8/)].p", 0, ""),
            ("$.s.b[?(@.p <> 8.5)].n", 2, "\"x\",\"z\""),
            ("$.nothing.at.all", 0, ""),
        ];
        for (path, count, shown) in cases {
            let mut walk = Walk { budget: 1000, judge: &mut Plain };
            let found = Path::parse(path).unwrap().pass(&root, false).rest(&mut walk).unwrap();
            assert_eq!(found.len(), count, "{path}");
            let texts: Vec<String> = found.iter().map(|token| token.to_json(JFormatting::None)).collect();
            if path != "$" {
                assert_eq!(texts.join(","), shown, "{path}");
            }
        }
        for path in ["a[", "a[x]", "a]", "a['x", "a[?(@.b", "a[?x]", "a[?(@.b ~ 1)]", "a[]", "a[?(@.b =~ /x)]"] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }
}
