//! The words, numbers and marks of a text with a date, as the invariant culture knows them. Makes no date of them.

use super::time_order::{Input, State, next};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// Signs of year, month, day, hour, minute and second in the scripts of East Asia.
const SIGNS: [&[char]; 6] = [&['年', '년'], &['月', '월'], &['日', '일'], &['時', '时'], &['分'], &['秒']];

/// The most digits of a number.
const DIGITS_MAX: usize = 8;

/// The half of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Am,
    Pm,
}

impl Half {
    /// The hour of the day; nothing when there is no such hour in this half.
    pub(super) fn hour(self, hour: i32) -> Option<i32> {
        match self {
            Self::Am => (0..=12).contains(&hour).then_some(if hour == 12 { 0 } else { hour }),
            Self::Pm => (0..24).contains(&hour).then_some(if hour < 12 { hour + 12 } else { hour }),
        }
    }
}

/// A word or a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    End,
    /// A number, -1 when it is too long, and how many digits it has.
    Number(i32, usize),
    Month(i32),
    Weekday(u8),
    Half(Half),
    Zone,
    Era,
    /// A comma or a point
    Ignored,
    Unknown,
    Blank,
    Slash,
    Dash,
    Colon,
    /// `T`
    Clock,
    /// By position in `SIGNS`
    Sign(usize),
}

/// Reads a text from left to right.
#[derive(Debug)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    chars: Vec<char>,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, chars: text.chars().collect(), at: 0 }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// Passes over a character.
    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    /// Whether at least one character follows the next.
    pub(super) fn has_more(&self) -> bool {
        self.at + 1 < self.chars.len()
    }

    pub(super) const fn place(&self) -> usize {
        self.at
    }

    pub(super) fn back(&mut self, place: usize) {
        self.at = place;
    }

    /// The index in UTF-16 units.
    pub(super) fn unit_index(&self) -> usize {
        self.text.chars().take(self.at).map(char::len_utf16).sum()
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// The next word or number, blanks before it passed over.
    pub(super) fn token(&mut self) -> Token {
        self.skip_blanks();
        match self.peek() {
            None => Token::End,
            Some(c) if c.is_ascii_digit() => self.number(),
            Some(',' | '.') => {
                self.at += 1;
                Token::Ignored
            }
            Some(c) if c.is_alphabetic() => self.word(),
            Some(_) => Token::Unknown,
        }
    }

    fn number(&mut self) -> Token {
        let digits = self.chars.iter().skip(self.at).take_while(|c| c.is_ascii_digit()).count();
        let text: String = self.chars.iter().skip(self.at).take(digits).collect();
        self.at += digits;
        let value = if digits > DIGITS_MAX { None } else { text.parse().ok() };
        Token::Number(value.unwrap_or(-1), digits)
    }

    // A word counts only as a whole: no letter may follow it.
    fn ends_word(&self, length: usize) -> bool {
        self.at + length <= self.chars.len() && !self.chars.get(self.at + length).is_some_and(|c| c.is_alphabetic())
    }

    fn is_word(&self, word: &str) -> bool {
        let length = word.chars().count();
        let found = self.chars.iter().skip(self.at).take(length).flat_map(|c| c.to_lowercase());
        self.ends_word(length) && found.eq(word.chars())
    }

    fn word(&mut self) -> Token {
        // Written with its points, the era is a word of four characters.
        let known = [
            ("a.d.", Token::Era),
            ("ad", Token::Era),
            ("am", Token::Half(Half::Am)),
            ("pm", Token::Half(Half::Pm)),
            ("gmt", Token::Zone),
            ("z", Token::Zone),
        ];
        for (word, token) in known {
            if self.is_word(word) {
                self.at += word.len();
                return token;
            }
        }
        for (index, name) in MONTHS.iter().enumerate() {
            if let Some(length) = self.name(name) {
                self.at += length;
                return Token::Month(i32::try_from(index).unwrap_or(0) + 1);
            }
        }
        for (index, name) in DAYS.iter().enumerate() {
            if let Some(length) = self.name(name) {
                self.at += length;
                return Token::Weekday(u8::try_from(index).unwrap_or(0));
            }
        }
        Token::Unknown
    }

    // The length of a name here, whole or of three letters.
    fn name(&self, name: &str) -> Option<usize> {
        [name, name.get(..3)?].into_iter().find(|name| self.is_word(name)).map(str::len)
    }

    /// What separates a number or a month from what follows.
    pub(super) fn separator(&mut self) -> Token {
        self.skip_blanks();
        let Some(c) = self.peek() else { return Token::End };
        let (token, length) = match c {
            '/' => (Token::Slash, 1),
            '-' => (Token::Dash, 1),
            ':' => (Token::Colon, 1),
            't' | 'T' if self.ends_word(1) => (Token::Clock, 1),
            _ if self.is_word("am") => (Token::Half(Half::Am), 2),
            _ if self.is_word("pm") => (Token::Half(Half::Pm), 2),
            c => match SIGNS.iter().position(|signs| signs.contains(&c)).filter(|_| self.ends_word(1)) {
                Some(sign) => (Token::Sign(sign), 1),
                None => (Token::Blank, 0),
            },
        };
        self.at += length;
        token
    }

    /// A dash separates parts of a date, unless only an offset can follow; then it is left for that.
    pub(super) fn dash(&mut self, before: usize, state: State, mark: Input, blank: Input) -> Input {
        let is_offset = next(state, mark) == super::time_order::Next::Nothing && next(state, blank).is_fact();
        if is_offset {
            self.at = before;
            blank
        } else {
            mark
        }
    }

    /// The fraction behind a point; nothing when no digit follows, but the point is passed over.
    pub(super) fn fraction(&mut self) -> Option<f64> {
        self.at += 1;
        let start = self.at;
        // Summed up as .NET does it, rounding errors included.
        let (mut sum, mut weight) = (0.0, 0.1);
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            sum += f64::from(digit) * weight;
            weight *= 0.1;
            self.at += 1;
        }
        (self.at > start).then_some(sum)
    }

    /// Passes over blanks when a sign of an offset follows them.
    pub(super) fn skip_to_sign(&mut self) -> bool {
        let blanks = self.chars.iter().skip(self.at).take_while(|c| c.is_whitespace()).count();
        let is_sign = matches!(self.chars.get(self.at + blanks), Some('+' | '-'));
        self.at += if is_sign { blanks } else { 0 };
        is_sign
    }

    /// Minutes of `+8`, `-08`, `+0800` or `+8:00`.
    pub(super) fn offset(&mut self) -> Option<i64> {
        let sign = match self.peek()? {
            '+' => 1,
            '-' => -1,
            _ => return None,
        };
        self.at += 1;
        let (value, digits) = self.digits()?;
        let (hours, minutes) = match digits {
            1 | 2 if self.peek() == Some(':') => {
                self.at += 1;
                let (minutes, digits) = self.digits()?;
                if digits > 2 {
                    return None;
                }
                (value, minutes)
            }
            1 | 2 => (value, 0),
            3 | 4 => (value / 100, value % 100),
            _ => return None,
        };
        (minutes < 60).then_some(sign * (i64::from(hours) * 60 + i64::from(minutes)))
    }

    fn digits(&mut self) -> Option<(i32, usize)> {
        if !self.peek()?.is_ascii_digit() {
            return None;
        }
        match self.number() {
            Token::Number(value, digits) if value >= 0 => Some((value, digits)),
            _ => None,
        }
    }

    /// Two digits, blanks before and behind them passed over.
    pub(super) fn two_digits(&mut self) -> Option<i32> {
        self.skip_blanks();
        let digit = |at: usize| self.chars.get(at).and_then(|c| c.to_digit(10));
        let value = digit(self.at)? * 10 + digit(self.at + 1)?;
        self.at += 2;
        i32::try_from(value).ok()
    }

    /// A mark, blanks before it passed over.
    pub(super) fn eat_spaced(&mut self, mark: char) -> bool {
        let before = self.at;
        self.skip_blanks();
        let is_there = self.peek() == Some(mark);
        self.at = if is_there { self.at + 1 } else { before };
        is_there
    }

    /// Passes over one of two hashes around the text, or over nulls at its end.
    pub(super) fn skip_hash_or_nulls(&mut self) -> bool {
        match self.peek() {
            Some('\0') => {
                let is_end = self.chars.iter().skip(self.at).all(|c| *c == '\0');
                self.at = if is_end { self.chars.len() } else { self.at };
                is_end
            }
            Some('#') => {
                let is_frame = self.is_framed();
                self.at += usize::from(is_frame);
                is_frame
            }
            Some(_) | None => false,
        }
    }

    // Two hashes with everything but blanks between them; nulls may follow.
    fn is_framed(&self) -> bool {
        let mut hashes = 0;
        for c in &self.chars {
            let fits = match c {
                '#' => {
                    hashes += 1;
                    hashes <= 2
                }
                '\0' => hashes == 2,
                c => c.is_whitespace() || hashes == 1,
            };
            if !fits {
                return false;
            }
        }
        hashes == 2
    }
}
