//! DER, element by element, in both directions. Knows no structures.

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OBJECT_ID: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const NUMERIC_STRING: u8 = 0x12;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const TELETEX_STRING: u8 = 0x14;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const VISIBLE_STRING: u8 = 0x1a;
pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
pub(crate) const BMP_STRING: u8 = 0x1e;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// `[0]` around an element.
pub(crate) const CONTEXT_0: u8 = 0xa0;

/// The most bytes of a length; four of them name more than any input has.
const LENGTH_BYTES_MAX: usize = 4;

/// An element: what kind, what is in it, and all of its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) contents: &'a [u8],
    pub(crate) whole: &'a [u8],
}

/// Reads elements one after the other; gives nothing where the bytes are no element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// What was not read yet.
    pub(crate) const fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn any(&mut self) -> Option<Element<'a>> {
        let (tag, rest) = self.0.split_first()?;
        // Tags of more than one byte occur in none of the structures that are read here.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..0x80 => (usize::from(*first), rest),
            _ => {
                let count = usize::from(first & 0x7f);
                let (digits, rest) = rest.split_at_checked(count)?;
                if !(1..=LENGTH_BYTES_MAX).contains(&count) {
                    return None;
                }
                (digits.iter().fold(0_usize, |length, digit| length << 8 | usize::from(*digit)), rest)
            }
        };
        let (contents, rest) = rest.split_at_checked(length)?;
        let whole = self.0.get(..self.0.len() - rest.len())?;
        self.0 = rest;
        Some(Element { tag: *tag, contents, whole })
    }

    /// The next element, which must be of this kind.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<Element<'a>> {
        self.any().filter(|element| element.tag == tag)
    }

    /// The next element if it is of this kind.
    pub(crate) fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.0.first() == Some(&tag) { self.any() } else { None }
    }

    /// What is inside the next element, which must be of this kind.
    pub(crate) fn inside(&mut self, tag: u8) -> Option<Self> {
        self.expect(tag).map(|element| Self(element.contents))
    }

    /// A whole number that is not negative, without leading zeros.
    pub(crate) fn unsigned(&mut self) -> Option<&'a [u8]> {
        let contents = self.expect(INTEGER)?.contents;
        let is_negative = contents.first().is_none_or(|first| first & 0x80 != 0);
        (!is_negative).then(|| trimmed(contents))
    }

    /// A small whole number.
    pub(crate) fn small(&mut self) -> Option<u32> {
        let digits = self.unsigned()?;
        (digits.len() <= 4).then(|| digits.iter().fold(0, |number, digit| number << 8 | u32::from(*digit)))
    }

    /// The bits of a bit string that fills whole bytes.
    pub(crate) fn bits(&mut self) -> Option<&'a [u8]> {
        let (unused, bits) = self.expect(BIT_STRING)?.contents.split_first()?;
        (*unused == 0).then_some(bits)
    }

    pub(crate) fn object_id(&mut self) -> Option<String> {
        super::oid::text(self.expect(OBJECT_ID)?.contents)
    }
}

/// Without leading zeros.
pub(crate) fn trimmed(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    digits.get(zeros..).unwrap_or(&[])
}

/// An element of these contents.
pub(crate) fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = contents.len();
    if let Some(short) = u8::try_from(length).ok().filter(|short| *short < 0x80) {
        out.push(short);
    } else {
        let bytes = length.to_be_bytes();
        let digits = trimmed(&bytes);
        out.push(0x80 | u8::try_from(digits.len()).unwrap_or(0));
        out.extend_from_slice(digits);
    }
    out.extend_from_slice(contents);
    out
}

/// A sequence of elements.
pub(crate) fn sequence(elements: &[Vec<u8>]) -> Vec<u8> {
    element(SEQUENCE, &elements.concat())
}

/// A whole number that is not negative.
pub(crate) fn unsigned(digits: &[u8]) -> Vec<u8> {
    let digits = trimmed(digits);
    let mut contents = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_none_or(|first| first & 0x80 != 0) {
        contents.push(0);
    }
    contents.extend_from_slice(digits);
    element(INTEGER, &contents)
}

/// A bit string of whole bytes.
pub(crate) fn bit_string(bits: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], bits].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_as_they_are_read() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let written = element(OCTET_STRING, &vec![7; length]);
            let mut reader = Reader::new(&written);
            let read = reader.expect(OCTET_STRING).unwrap();
            assert_eq!((read.contents.len(), read.whole.len()), (length, written.len()));
            assert!(reader.is_empty());
        }
    }

    #[test]
    fn what_is_no_element_gives_nothing() {
        for bytes in [&[][..], &[0x30], &[0x30, 0x01], &[0x30, 0x80], &[0x30, 0x85, 1, 1, 1, 1, 1], &[0x1f, 0x01, 0]] {
            assert!(Reader::new(bytes).any().is_none(), "{bytes:?}");
        }
        assert_eq!(Reader::new(&[0x02, 0x01, 0x80]).unsigned(), None);
        assert_eq!(Reader::new(&unsigned(&[0, 0x80])).unsigned(), Some(&[0x80][..]));
        assert_eq!(Reader::new(&unsigned(&[])).small(), Some(0));
    }
}
