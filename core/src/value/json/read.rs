//! Reads JSON text as `JsonTextReader` and `JToken.Load` do: their leniences, their dates, their messages.

mod date;
mod list;
mod number;
mod shaped;
mod string;

use std::sync::Arc;

use indexmap::IndexMap;

use super::navigate::{Step, written};
use super::{JKind, JNode, JToken, Place};
use crate::value::Value;

pub(super) use date::{iso_date, microsoft_date};
pub use shaped::{ReadAs, Shape};

/// How deep containers may stand in each other: `JsonReader.MaxDepth` of Json.NET 13.
const DEPTH_MAX: usize = 64;

/// What the text must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// `JToken.Parse`: a comment before the value is the token
    Any,
    /// `JsonConvert.DeserializeObject`: comments are skipped
    Content,
    /// `JObject.Parse`
    Object,
    /// `JArray.Parse`
    Array,
}

impl Wanted {
    const fn type_name(self) -> &'static str {
        match self {
            Self::Any | Self::Content => "JToken",
            Self::Object => "JObject",
            Self::Array => "JArray",
        }
    }
}

/// What was read.
#[derive(Clone, Debug)]
pub struct Read {
    /// The root.
    pub token: JToken,
    /// How many tokens there are.
    pub tokens: usize,
    /// Where reading has ended.
    pub end: Place,
    /// The path there: empty unless the text ended too early.
    pub path: String,
    /// How many containers were still open there.
    pub open: usize,
    /// What is wrong with the text behind the value, which the serializer says after it has made the value.
    pub trailing: Option<String>,
}

/// Why text was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// The message of the `JsonReaderException`.
    Syntax(String),
    /// There is no value, for the serializer; where that was found.
    Nothing(String),
    /// The message of a `JsonWriterException`: what was begun is too far from its end for [`Ends::Loose`].
    Writer(String),
    /// There are more tokens than allowed.
    TooMany,
}

/// What the end of the text means for containers that are still open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// It is a mistake.
    Strict,
    /// A value behind which the text ends closes them, as `JTokenWriter` has it, which the serializer makes tokens with.
    Loose,
    /// The same, but an object that is the whole text must be closed: the serializer fills it itself.
    LooseInObject,
}

type Outcome<T> = Result<T, ReadError>;

pub(super) fn read(text: &str, wanted: Wanted, tokens_max: usize) -> Outcome<Read> {
    let mut reader = Reader::new(text, wanted, tokens_max);
    let (token, end) = reader.whole(wanted, &Shape::Any)?;
    match reader.trailing() {
        Some(error) => Err(error),
        None => Ok(Read {
            token,
            tokens: tokens_max - reader.tokens_left,
            end,
            path: String::new(),
            open: 0,
            trailing: None,
        }),
    }
}

/// Reads content for the serializer.
pub(super) fn read_shaped(text: &str, shape: &Shape, ends: Ends, tokens_max: usize) -> Outcome<Read> {
    let mut reader = Reader::new(text, Wanted::Content, tokens_max);
    reader.ends = ends;
    reader.marks_end = ends == Ends::Strict;
    let (token, end) = reader.whole(Wanted::Content, shape)?;
    let trailing = match reader.trailing() {
        Some(ReadError::Syntax(message)) => Some(message),
        Some(other) => return Err(other),
        None => None,
    };
    let (path, open) = reader.ended.take().unwrap_or_default();
    Ok(Read { token, tokens: tokens_max - reader.tokens_left, end, path, open, trailing })
}

/// A container that is being read, for the path.
enum Open {
    Object(Option<Arc<str>>),
    Array(Option<usize>),
}

// The first comment, without its marks.
fn comment_in(text: &str) -> JToken {
    let inner = match text.strip_prefix("/*") {
        Some(rest) => rest.split("*/").next(),
        None => text.get(2..).and_then(|rest| rest.split(['\n', '\r']).next()),
    };
    JToken::value(JKind::Comment, Value::string(inner.unwrap_or("")))
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    tokens_left: usize,
    path: Vec<Open>,
    root: &'static str,
    passed: Passed,
    ends: Ends,
    // The path when the text ended before its containers did, and how many were open.
    ended: Option<(String, usize)>,
    // Whether the value has been read.
    is_behind: bool,
    // Whether an object without properties stands where it ends: the serializer, which converts it, has come so far.
    marks_end: bool,
}

/// How far lines have been counted: up to which byte, and what was found.
#[derive(Clone, Copy, Debug, Default)]
struct Passed {
    bytes: usize,
    line_ends: u32,
    units: u32,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, wanted: Wanted, tokens_left: usize) -> Self {
        Self {
            text,
            at: 0,
            tokens_left,
            path: Vec::new(),
            root: wanted.type_name(),
            passed: Passed::default(),
            ends: Ends::Strict,
            ended: None,
            is_behind: false,
            marks_end: false,
        }
    }
}

impl Reader<'_> {
    // The value, and where it ends.
    fn whole(&mut self, wanted: Wanted, shape: &Shape) -> Outcome<(JToken, Place)> {
        let blanks = self.text.len() - self.text.trim_start().len();
        self.skip_blanks()?;
        let comment = self.text.get(blanks..self.at).filter(|skipped| !skipped.is_empty());
        if let (Wanted::Object | Wanted::Array, Some(_), None) = (wanted, comment, self.peek()) {
            return Err(self.unwanted(wanted, "Comment"));
        }
        let comment = comment.filter(|_| wanted == Wanted::Any).map(comment_in);
        let Some(first) = self.peek() else {
            let comment = comment.ok_or_else(|| self.absent(wanted))?;
            return Ok((comment, self.place()));
        };
        let fits = match wanted {
            Wanted::Any | Wanted::Content => true,
            Wanted::Object => first == '{',
            Wanted::Array => first == '[',
        };
        if !fits {
            let kind = match first {
                '{' | '[' => {
                    self.bump();
                    if first == '{' { "StartObject" } else { "StartArray" }
                }
                'n' if self.is_next("ne") => {
                    self.constructor_name()?;
                    self.bump();
                    "StartConstructor"
                }
                _ => self.value(&Shape::Any)?.kind().name(),
            };
            return Err(self.unwanted(wanted, kind));
        }
        if matches!(first, '{' | '[') {
            self.root = if first == '{' { "JObject" } else { "JArray" };
        } else if self.is_next("ne") {
            self.root = "JConstructor";
        }
        if first != '{' && self.ends == Ends::LooseInObject {
            self.ends = Ends::Loose;
        }
        let token = self.value(shape)?;
        self.is_behind = true;
        let place = self.place();
        Ok((comment.unwrap_or(token), place))
    }

    fn unwanted(&self, wanted: Wanted, kind: &str) -> ReadError {
        let (root, article) = (self.root, if wanted == Wanted::Object { "an object" } else { "an array" });
        self.error(format!("Error reading {root} from JsonReader. Current JsonReader item is not {article}: {kind}."))
    }

    // What is wrong with the text behind the value.
    fn trailing(&mut self) -> Option<ReadError> {
        if let Err(error) = self.skip_blanks() {
            return Some(error);
        }
        let next = self.peek()?;
        Some(self.error(format!("Additional text encountered after finished reading JSON content: {next}.")))
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn error(&self, message: impl AsRef<str>) -> ReadError {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line_start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let position = before.get(line_start..).map_or(0, |line| line.encode_utf16().count());
        // Json.NET says no line at the beginning of one as long as it has read nothing, and no comment either.
        let is_start = position == 0 && self.is_untouched() && !before.trim_start().starts_with('/');
        let line_ends = before.replace("\r\n", "\n").matches(['\n', '\r']).count();
        let lines = if is_start { 0 } else { line_ends + 1 };
        let ended = self.ended.as_ref().map(|(path, _)| path.clone());
        let path = ended.unwrap_or_else(|| self.path_of(self.path.len()));
        let message = message.as_ref();
        ReadError::Syntax(format!("{message} Path '{path}', line {lines}, position {position}."))
    }

    // Whether no token has been read.
    const fn is_untouched(&self) -> bool {
        self.path.is_empty() && self.ended.is_none() && !self.is_behind
    }

    // The path through the outermost containers, so many of them.
    fn path_of(&self, containers: usize) -> String {
        let steps = self.path.iter().take(containers).filter_map(|open| match open {
            Open::Object(name) => name.clone().map(Step::Name),
            Open::Array(index) => index.map(Step::Index),
        });
        written(&steps.collect::<Vec<_>>())
    }

    // Where reading has come to.
    fn place(&mut self) -> Place {
        let mut passed = self.passed;
        let bytes = self.text.as_bytes();
        for c in self.text.get(passed.bytes..self.at).unwrap_or("").chars() {
            let before = passed.bytes.checked_sub(1).and_then(|at| bytes.get(at));
            passed.bytes += c.len_utf8();
            match c {
                // The second half of CR LF ends no line of its own.
                '\n' if before == Some(&b'\r') => passed.units = 0,
                '\n' | '\r' => {
                    passed.line_ends = passed.line_ends.saturating_add(1);
                    passed.units = 0;
                }
                c => passed.units = passed.units.saturating_add(u32::try_from(c.len_utf16()).unwrap_or(2)),
            }
        }
        self.passed = passed;
        Place { line: passed.line_ends.saturating_add(1), position: passed.units }
    }

    // There is no value at all.
    fn absent(&self, wanted: Wanted) -> ReadError {
        match self.error("") {
            ReadError::Syntax(place) if wanted == Wanted::Content => ReadError::Nothing(place.trim_start().to_owned()),
            _ => self.nothing(),
        }
    }

    fn nothing(&self) -> ReadError {
        self.error(format!("Error reading {} from JsonReader.", self.root))
    }

    fn end(&self) -> ReadError {
        self.error(format!("Unexpected end of content while loading {}.", self.root))
    }

    // How many open containers the end of the text may close.
    const fn loose(&self) -> usize {
        match self.ends {
            Ends::Strict => 0,
            Ends::Loose => self.path.len(),
            Ends::LooseInObject => self.path.len().saturating_sub(1),
        }
    }

    // The text ends behind a value of the innermost container.
    fn ends_behind_value(&mut self) -> Outcome<()> {
        if self.loose() == 0 {
            return Err(self.end());
        }
        if self.ended.is_none() {
            self.ended = Some((self.path_of(self.path.len()), self.path.len()));
        }
        Ok(())
    }

    // The text ends where another value of the innermost container is due, or its first one.
    fn ends_before_value(&mut self, last: Option<&JToken>) -> Outcome<()> {
        let loose = self.loose();
        if loose == 0 {
            return Err(if last.is_none() && self.path.len() == 1 { self.nothing() } else { self.end() });
        }
        let is_container = |token: &JToken| matches!(token.kind(), JKind::Object | JKind::Array);
        if loose == 1 && last.is_some_and(is_container) {
            return self.ends_behind_value();
        }
        let path = self.path_of(self.path.len().saturating_sub(1));
        Err(ReadError::Writer(format!("Unexpected end when reading token. Path '{path}'.")))
    }

    // White space and comments.
    fn skip_blanks(&mut self) -> Outcome<()> {
        while let Some(c) = self.peek() {
            if c.is_whitespace() {
                self.bump();
            } else if c == '/' {
                self.comment()?;
            } else {
                break;
            }
        }
        Ok(())
    }

    fn comment(&mut self) -> Outcome<()> {
        self.bump();
        let rest = self.text.get(self.at..).unwrap_or("");
        // Json.NET looks one character further than it needs.
        match rest.chars().next().filter(|first| rest.len() > first.len_utf8()) {
            Some('*') => match rest.find("*/") {
                Some(end) if end > 0 => self.at += end + 2,
                Some(_) | None => {
                    self.at = self.text.len();
                    return Err(self.error("Unexpected end while parsing comment."));
                }
            },
            Some('/') => self.at += rest.find(['\n', '\r']).unwrap_or(rest.len()),
            Some(other) => return Err(self.error(format!("Error parsing comment. Expected: *, got {other}."))),
            None => return Err(self.error("Unexpected end while parsing comment.")),
        }
        Ok(())
    }

    // A value was begun (containers, numbers) or finished (all else) inside an array.
    fn count_item(&mut self) {
        if let Some(Open::Array(index)) = self.path.last_mut() {
            *index = Some(index.map_or(0, |index| index + 1));
        }
    }

    fn charge(&mut self) -> Outcome<()> {
        self.tokens_left = self.tokens_left.checked_sub(1).ok_or(ReadError::TooMany)?;
        Ok(())
    }

    fn value(&mut self, shape: &Shape) -> Outcome<JToken> {
        self.charge()?;
        if let Shape::One(wanted) = shape {
            return self.value_as(*wanted);
        }
        let Some(first) = self.peek() else {
            if self.loose() > 0 {
                self.ends_before_value(None)?;
            }
            return Err(self.end());
        };
        let second = || self.text.get(self.at..).and_then(|rest| rest.chars().nth(1));
        let (kind, value) = match first {
            '{' => return self.object(shape.of_members()),
            '[' => {
                let (items, place) = self.items(']', shape.of_items())?;
                return Ok(JToken::placed(JNode::Array(items), Some(place)));
            }
            '"' | '\'' => super::write::string_or_date(self.quoted(first)?),
            't' => self.word("true", "boolean", JKind::Boolean, Value::Bool(true))?,
            'f' => self.word("false", "boolean", JKind::Boolean, Value::Bool(false))?,
            'n' if self.is_next("ne") => return self.constructor(),
            'n' if second().is_none_or(|second| second == 'u') => {
                self.word("null", "null", JKind::Null, Value::Null)?
            }
            'u' => self.word("undefined", "undefined", JKind::Undefined, Value::Null)?,
            'N' => self.word("NaN", "NaN", JKind::Float, Value::Double(f64::NAN))?,
            'I' => self.word("Infinity", "Infinity", JKind::Float, Value::Double(f64::INFINITY))?,
            '-' if self.is_next("-I") => {
                self.word("-Infinity", "-Infinity", JKind::Float, Value::Double(f64::NEG_INFINITY))?
            }
            '-' | '.' | '0'..='9' => return self.number(),
            // What is missing is undefined.
            ',' => (JKind::Undefined, Value::Null),
            ']' | ')' => return Err(self.stray_end(first, ']')),
            other => {
                // Digits of other scripts begin a number that they cannot be part of.
                let what = if other.is_numeric() { "number" } else { "value" };
                return Err(self.error(format!("Unexpected character encountered while parsing {what}: {other}.")));
            }
        };
        self.count_item();
        Ok(JToken::placed(JNode::Value(kind, value), Some(self.place())))
    }

    fn is_next(&self, text: &str) -> bool {
        self.text.get(self.at..).is_some_and(|rest| rest.starts_with(text))
    }

    fn word(&mut self, word: &str, what: &str, kind: JKind, value: Value) -> Outcome<(JKind, Value)> {
        if self.matches(word)? { Ok((kind, value)) } else { Err(self.error(format!("Error parsing {what} value."))) }
    }

    // Goes through the word as far as it stands here; a text that is too short for it is refused at its end.
    fn matches(&mut self, word: &str) -> Outcome<bool> {
        if self.text.get(self.at..).is_none_or(|rest| rest.encode_utf16().take(word.len()).count() < word.len()) {
            self.at = self.text.len();
            return Err(self.error("Unexpected end when reading JSON."));
        }
        for wanted in word.chars() {
            if self.peek() != Some(wanted) {
                return Ok(false);
            }
            self.bump();
        }
        Ok(self.peek().is_none_or(|c| c.is_whitespace() || matches!(c, '}' | ']' | ',' | ')' | '/')))
    }

    fn open(&mut self, open: Open) -> Outcome<()> {
        self.count_item();
        self.bump();
        if self.path.len() >= DEPTH_MAX {
            return Err(self.error(format!("The reader's MaxDepth of {DEPTH_MAX} has been exceeded.")));
        }
        self.path.push(open);
        Ok(())
    }

    fn object(&mut self, values: &Shape) -> Outcome<JToken> {
        let mut members: IndexMap<Arc<str>, JToken> = IndexMap::new();
        self.open(Open::Object(None))?;
        let mut place = self.place();
        loop {
            self.skip_blanks()?;
            let name = match self.peek() {
                None => {
                    let last = members.last().and_then(|(_, property)| property.property_value());
                    self.ends_before_value(last.as_ref())?;
                    break;
                }
                Some('}') => {
                    self.bump();
                    if self.marks_end && members.is_empty() {
                        place = self.place();
                    }
                    break;
                }
                Some(_) => self.property_name()?,
            };
            self.charge()?;
            let named = self.place();
            if let Some(Open::Object(current)) = self.path.last_mut() {
                *current = Some(Arc::clone(&name));
            }
            self.skip_blanks()?;
            let value = self.value(values)?;
            // The last one of a name wins, in the place of the first.
            let property = JToken::placed(JNode::Property(Arc::clone(&name), value), Some(named));
            members.insert(name, property);
            if self.separator('}')? {
                break;
            }
        }
        self.path.pop();
        Ok(JToken::placed(JNode::Object(members), Some(place)))
    }

    fn property_name(&mut self) -> Outcome<Arc<str>> {
        let name: Arc<str> = match self.peek() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote)?.into(),
            first => {
                let rest = self.text.get(self.at..).unwrap_or("");
                let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
                let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                if end == 0 {
                    let c = first.unwrap_or('\0');
                    return Err(self.error(format!("Invalid property identifier character: {c}.")));
                }
                self.at += end;
                match self.peek() {
                    None => return Err(self.error("Unexpected end while parsing unquoted property name.")),
                    Some(c) if c != ':' && !c.is_whitespace() => {
                        return Err(self.error(format!("Invalid JavaScript property identifier character: {c}.")));
                    }
                    Some(_) => {}
                }
                rest.get(..end).unwrap_or("").into()
            }
        };
        while self.peek().is_some_and(char::is_whitespace) {
            self.bump();
        }
        if self.peek() != Some(':') {
            let c = self.peek().unwrap_or('\0');
            let message = format!("Invalid character after parsing property name. Expected ':' but got: {c}.");
            return Err(self.error(message));
        }
        self.bump();
        Ok(name)
    }

    // Behind a value: true at the end of the container.
    fn separator(&mut self, close: char) -> Outcome<bool> {
        self.skip_blanks()?;
        match self.peek() {
            None => self.ends_behind_value().map(|()| true),
            Some(',') => {
                self.bump();
                Ok(false)
            }
            Some(c) if c == close => {
                self.bump();
                Ok(true)
            }
            Some(c @ ('}' | ']' | ')')) => Err(self.stray_end(c, close)),
            Some(c) => Err(self.error(format!("After parsing a value an unexpected character was encountered: {c}."))),
        }
    }
}
