//! Sets of UTF-16 units: ranges, classes, categories, subtraction.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// `[…]`
#[derive(Clone, Debug, Default)]
pub(super) struct Set {
    pub(super) negated: bool,
    pub(super) ranges: Vec<(u16, u16)>,
    /// A class, and whether it is meant or everything else.
    pub(super) classes: Vec<(Class, bool)>,
    pub(super) subtracted: Option<Box<Set>>,
    pub(super) ignores_case: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Digit,
    Word,
    Space,
    EcmaDigit,
    EcmaWord,
    EcmaSpace,
    /// A category by its one or two letters.
    Category([u8; 2]),
    /// Letters of either case, and those of titles
    Cased,
    Block(u16, u16),
}

const CATEGORIES: [&str; 37] = [
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi",
    "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Cs", "Co", "Cn",
];

impl Class {
    /// `\p{name}`
    pub(super) fn named(name: &str) -> Option<Self> {
        if CATEGORIES.contains(&name) {
            let mut letters = name.bytes();
            return Some(Self::Category([letters.next()?, letters.next().unwrap_or(0)]));
        }
        super::blocks::named(name).map(|(first, last)| Self::Block(first, last))
    }

    fn contains(&self, unit: u16) -> bool {
        let ascii = u8::try_from(unit).unwrap_or(0xff);
        match self {
            Self::Digit if unit < 128 => ascii.is_ascii_digit(),
            Self::Digit => category(unit) == *b"Nd",
            Self::Word => is_word(unit),
            Self::Space => matches!(unit, 9..=13 | 0x20 | 0x85) || unit >= 128 && category(unit)[0] == b'Z',
            Self::EcmaDigit => ascii.is_ascii_digit(),
            Self::EcmaWord => unit < 128 && (ascii.is_ascii_alphanumeric() || ascii == b'_') || unit == 0x130,
            Self::EcmaSpace => matches!(unit, 9..=13 | 0x20),
            Self::Cased => matches!(&category(unit), b"Lu" | b"Ll" | b"Lt"),
            Self::Category([group, 0]) => category(unit)[0] == *group,
            Self::Category(letters) => category(unit) == *letters,
            Self::Block(first, last) => (*first..=*last).contains(&unit),
        }
    }
}

/// `\w`
pub(super) fn is_word(unit: u16) -> bool {
    match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii() => byte.is_ascii_alphanumeric() || byte == b'_',
        _ => matches!(&category(unit), [b'L', _] | b"Mn" | b"Nd" | b"Pc"),
    }
}

fn category(unit: u16) -> [u8; 2] {
    let Some(c) = char::from_u32(u32::from(unit)) else { return *b"Cs" };
    *match c.general_category() {
        GeneralCategory::UppercaseLetter => b"Lu",
        GeneralCategory::LowercaseLetter => b"Ll",
        GeneralCategory::TitlecaseLetter => b"Lt",
        GeneralCategory::ModifierLetter => b"Lm",
        GeneralCategory::OtherLetter => b"Lo",
        GeneralCategory::NonspacingMark => b"Mn",
        GeneralCategory::SpacingMark => b"Mc",
        GeneralCategory::EnclosingMark => b"Me",
        GeneralCategory::DecimalNumber => b"Nd",
        GeneralCategory::LetterNumber => b"Nl",
        GeneralCategory::OtherNumber => b"No",
        GeneralCategory::ConnectorPunctuation => b"Pc",
        GeneralCategory::DashPunctuation => b"Pd",
        GeneralCategory::OpenPunctuation => b"Ps",
        GeneralCategory::ClosePunctuation => b"Pe",
        GeneralCategory::InitialPunctuation => b"Pi",
        GeneralCategory::FinalPunctuation => b"Pf",
        GeneralCategory::OtherPunctuation => b"Po",
        GeneralCategory::MathSymbol => b"Sm",
        GeneralCategory::CurrencySymbol => b"Sc",
        GeneralCategory::ModifierSymbol => b"Sk",
        GeneralCategory::OtherSymbol => b"So",
        GeneralCategory::SpaceSeparator => b"Zs",
        GeneralCategory::LineSeparator => b"Zl",
        GeneralCategory::ParagraphSeparator => b"Zp",
        GeneralCategory::Control => b"Cc",
        GeneralCategory::Format => b"Cf",
        GeneralCategory::Surrogate => b"Cs",
        GeneralCategory::PrivateUse => b"Co",
        GeneralCategory::Unassigned => b"Cn",
    }
}

/// The lower case of a unit, where that is one unit too.
pub(super) fn lower(unit: u16) -> u16 {
    if unit < 128 {
        return u16::from(u8::try_from(unit).unwrap_or(0).to_ascii_lowercase());
    }
    mapped(unit, |c| {
        let mut lower = c.to_lowercase();
        lower.next().filter(|_| lower.next().is_none())
    })
}

fn upper(unit: u16) -> u16 {
    mapped(unit, |c| {
        let mut upper = c.to_uppercase();
        upper.next().filter(|_| upper.next().is_none())
    })
}

fn mapped(unit: u16, map: fn(char) -> Option<char>) -> u16 {
    let mapped = char::from_u32(u32::from(unit)).and_then(map);
    mapped.and_then(|c| u16::try_from(u32::from(c)).ok()).unwrap_or(unit)
}

impl Set {
    /// A single class.
    pub(super) fn of(class: Class, meant: bool) -> Self {
        Self { classes: vec![(class, meant)], ..Self::default() }
    }

    pub(super) fn contains(&self, unit: u16) -> bool {
        let folds = self.ignores_case && (self.spans(lower(unit)) || self.spans(upper(unit)));
        let is_in = folds || self.spans(unit) || self.has_class(unit);
        is_in != self.negated && !self.subtracted.as_ref().is_some_and(|set| set.contains(unit))
    }

    fn spans(&self, unit: u16) -> bool {
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&unit))
    }

    fn has_class(&self, unit: u16) -> bool {
        self.classes.iter().any(|(class, meant)| class.contains(unit) == *meant)
    }
}
