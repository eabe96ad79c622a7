//! How many tokens a text has, about: a count of the pieces that OpenAI's tokenizers cut a text into, without their vocabularies.
//!
//! Their vocabularies are megabytes that differ from model to model. What they have in common is how they cut before they look anything up: words
//! with the space before them, digits in threes, runs of marks and of line feeds. Pieces that are longer than most of a vocabulary are
//! counted as several.

/// Letters of the Latin alphabet that one token holds, about.
const LETTERS: u64 = 7;

/// Letters of other alphabets that one token holds, about.
const FOREIGN_LETTERS: u64 = 3;

/// Digits that one token holds.
const DIGITS: u64 = 3;

/// Equal marks that one token holds, about.
const MARKS: u64 = 4;

/// What a character is to a tokenizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Letter,
    Foreign,
    // A character that is a word: of Chinese, Japanese and Korean, and everything beyond the first plane.
    Whole,
    Digit,
    Space,
    Break,
    Mark,
}

/// The tokens of a text, estimated.
#[must_use]
pub fn tokens(text: &str) -> u64 {
    let mut tokens = 0;
    let mut run: Option<(Kind, char, u64)> = None;
    for c in text.chars() {
        let kind = Kind::of(c);
        run = match run {
            Some((of, first, length)) if kind.continues(of, c, first) => Some((of, first, length + 1)),
            ended => {
                // One space belongs to the piece behind it.
                tokens += ended.map_or(0, |(of, _, length)| of.cost(length, kind));
                Some((kind, c, 1))
            }
        };
    }
    tokens + run.map_or(0, |(of, _, length)| of.cost(length, Kind::Break))
}

impl Kind {
    fn of(c: char) -> Self {
        match c {
            '\n' | '\r' => Self::Break,
            c if c.is_whitespace() => Self::Space,
            c if c.is_ascii_alphabetic() => Self::Letter,
            c if c.is_numeric() => Self::Digit,
            '\u{c0}'..='\u{24f}' => Self::Letter,
            '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' => Self::Whole,
            '\u{10000}'.. => Self::Whole,
            c if c.is_alphabetic() => Self::Foreign,
            _ => Self::Mark,
        }
    }

    fn continues(self, of: Self, c: char, first: char) -> bool {
        self == of && (self != Self::Mark || c == first)
    }

    // `next` is what comes behind the run.
    fn cost(self, length: u64, next: Self) -> u64 {
        match self {
            Self::Letter => length.div_ceil(LETTERS),
            Self::Foreign => length.div_ceil(FOREIGN_LETTERS),
            Self::Whole => length,
            Self::Digit => length.div_ceil(DIGITS),
            Self::Mark => length.div_ceil(MARKS),
            Self::Break => 1,
            Self::Space => u64::from(length > 1 || matches!(next, Self::Break | Self::Digit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The counts beside the texts are those of `cl100k_base`, where they are known; the estimate is what it is.
    #[test]
    fn texts_with_known_counts() {
        for (text, known, estimated) in [
            ("", 0, 0),
            ("Hello, world!", 4, 4),
            ("The quick brown fox jumps over the lazy dog.", 10, 10),
            ("tiktoken is great!", 6, 5),
            ("antidisestablishmentarianism", 6, 4),
            ("2 + 2 = 4", 7, 7),
            ("お誕生日おめでとう", 9, 9),
        ] {
            assert_eq!(tokens(text), estimated, "{text} has {known}");
        }
    }

    #[test]
    fn what_stands_apart_counts_apart() {
        assert_eq!(tokens("1234567"), 3);
        assert_eq!(tokens("a\n\n\nb"), 3);
        assert_eq!(tokens("a    b"), 3);
        assert_eq!(tokens("----"), 1);
        assert_eq!(tokens("привет"), 2);
        assert_eq!(tokens("🙂🙂"), 2);
    }
}
