//! Enumerations and their values: a number, and the names that it is written with. Holds no enumeration and no formats.

use std::fmt;

/// An enumeration: its name and its members. Its numbers are those of an `int`, as in all that expressions can name.
#[derive(Debug)]
pub struct Enumeration {
    /// The full name, as in `System.StringComparison`.
    pub name: &'static str,
    /// Whether its numbers are sets of bits.
    pub kind: EnumKind,
    /// Names and numbers. Of several names for a number the first one is shown.
    pub members: &'static [(&'static str, i32)],
}

/// What the numbers of an enumeration are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnumKind {
    /// One member at a time
    Plain,
    /// `[Flags]`: members that are combined by their bits
    Flags,
}

/// A value of an enumeration. It need not be a member: `(DayOfWeek)9` is one too, as are combinations of flags.
#[derive(Clone, Copy, Debug)]
pub struct EnumValue {
    /// The enumeration.
    pub of: &'static Enumeration,
    /// The number.
    pub number: i32,
}

impl PartialEq for EnumValue {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number && self.of.name == other.of.name
    }
}

impl Eq for EnumValue {}

impl Enumeration {
    /// The value of this number.
    #[must_use]
    pub const fn value(&'static self, number: i32) -> EnumValue {
        EnumValue { of: self, number }
    }

    /// The number of the member of this name, ASCII letters of either case when `folding` says so.
    #[must_use]
    pub fn number_of(&self, name: &str, folding: NameCase) -> Option<i32> {
        let is_same = |member: &str| match folding {
            NameCase::Exact => member == name,
            NameCase::Ignored => member.eq_ignore_ascii_case(name),
        };
        self.members.iter().find(|(member, _)| is_same(member)).map(|(_, number)| *number)
    }
}

/// Whether the case of a member's name counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameCase {
    /// It does.
    Exact,
    /// It does not.
    Ignored,
}

impl EnumValue {
    /// The name of the member with this number, if there is one.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        self.of.members.iter().find(|(_, number)| *number == self.number).map(|(name, _)| *name)
    }

    /// The names of the members that make up this number together, as `Enum.ToString` finds them: from the largest number down.
    #[must_use]
    pub fn names(self) -> Option<String> {
        let bits = |number: i32| number.cast_unsigned();
        let mut members: Vec<(&str, u32)> = self
            .of
            .members
            .iter()
            .map(|(name, number)| (*name, bits(*number)))
            .filter(|(_, bits)| *bits != 0)
            .collect();
        members.sort_by_key(|(_, bits)| *bits);
        let mut left = bits(self.number);
        let mut names = Vec::new();
        for (name, bits) in members.into_iter().rev() {
            if left & bits == bits {
                left -= bits;
                names.push(name);
            }
        }
        names.reverse();
        (left == 0 && !names.is_empty()).then(|| names.join(", "))
    }
}

/// `ToString()`: the name, the names of what is combined, or the number.
impl fmt::Display for EnumValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = || if self.of.kind == EnumKind::Flags { self.names() } else { None };
        match self.name() {
            Some(name) => f.write_str(name),
            None => match names() {
                Some(names) => f.write_str(&names),
                None => write!(f, "{}", self.number),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{EnumKind, Enumeration};

    static BITS: Enumeration = Enumeration {
        name: "Bits",
        kind: EnumKind::Flags,
        members: &[("None", 0), ("A", 1), ("B", 2), ("AB", 3), ("D", 8)],
    };

    #[test]
    fn combinations_are_written_by_their_largest_members() {
        let shown = |number| BITS.value(number).to_string();
        assert_eq!(
            [shown(0), shown(3), shown(9), shown(11), shown(4), shown(-1)],
            ["None", "AB", "A, D", "AB, D", "4", "-1"]
        );
    }
}
