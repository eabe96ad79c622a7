//! Custom format strings of numbers (`0.00#,;%‰E+0`), invariant culture. Standard ones are in `number_format`.

use super::digits::{Digits, ZeroSign, write_exponent};
use crate::expr::Interrupt;
use crate::expr::exception::Outcome;
use crate::expr::limits::Limit;
use crate::expr::limits::STRING_BYTES_MAX;

/// The most digits of a scientific format's exponent.
const EXPONENT_DIGITS_MAX: usize = 10;

/// What a section of the format asks for, counted before anything is written.
#[derive(Debug, Default)]
struct Shape {
    placeholders: i32,
    /// Placeholders before the point.
    whole: i32,
    first_zero: Option<i32>,
    last_zero: i32,
    has_point: bool,
    /// Where the last comma stood, in placeholders, and how many commas stand there.
    comma: Option<(i32, i32)>,
    groups: bool,
    scale: i32,
    is_scientific: bool,
}

/// The number in a custom format.
pub(super) fn format(mut number: Digits, format: &str) -> Outcome<String> {
    let chars: Vec<char> = format.chars().collect();
    let first = if number.is_zero() { 2 } else { usize::from(number.is_negative) };
    let mut start = section_start(&chars, first);
    let shape = loop {
        let mut shape = measure(chars.get(start..).unwrap_or(&[]));
        if let Some((at, count)) = shape.comma {
            if at == shape.whole {
                shape.scale -= count * 3;
            } else {
                shape.groups = true;
            }
        }
        if number.is_zero() {
            if number.zero == ZeroSign::Dropped {
                number.is_negative = false;
            }
            number.digits.clear();
            number.point = 0;
            break shape;
        }
        number.point += shape.scale;
        let behind = if shape.is_scientific { 0 } else { i64::from(number.point) - i64::from(shape.whole) };
        number.round_to(i64::from(shape.placeholders) + behind);
        if number.digits.is_empty() {
            // What rounds to zero is written by the section of zeros.
            let zeros = section_start(&chars, 2);
            if zeros != start {
                start = zeros;
                continue;
            }
        }
        break shape;
    };
    Writer::new(number, shape, start == 0).write(chars.get(start..).unwrap_or(&[]))
}

// The place behind the quoted text that begins here.
fn behind_quotes(chars: &[char], at: usize) -> usize {
    let quote = chars.get(at).copied();
    let length = chars.iter().skip(at + 1).take_while(|c| Some(**c) != quote).count();
    (at + length + 2).min(chars.len())
}

fn section_start(chars: &[char], section: usize) -> usize {
    if section == 0 {
        return 0;
    }
    let (mut at, mut left) = (0, section);
    while let Some(c) = chars.get(at) {
        match c {
            '\'' | '"' => at = behind_quotes(chars, at),
            '\\' => at += 2,
            ';' => {
                at += 1;
                left -= 1;
                if left == 0 {
                    return if matches!(chars.get(at), None | Some(';')) { 0 } else { at };
                }
            }
            _ => at += 1,
        }
    }
    0
}

// How long an exponent is that begins here (`E0`, `E+00`), with its zeros; nothing when it is none.
fn exponent_length(chars: &[char], at: usize) -> Option<(usize, usize)> {
    let signs = usize::from(matches!(chars.get(at + 1), Some('+' | '-')));
    let zeros = chars.iter().skip(at + 1 + signs).take_while(|c| **c == '0').count();
    (zeros > 0).then_some((1 + signs + zeros, zeros))
}

fn measure(chars: &[char]) -> Shape {
    let mut shape = Shape::default();
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        at += 1;
        match c {
            '#' => shape.placeholders += 1,
            '0' => {
                shape.first_zero.get_or_insert(shape.placeholders);
                shape.placeholders += 1;
                shape.last_zero = shape.placeholders;
            }
            '.' if !shape.has_point => {
                shape.has_point = true;
                shape.whole = shape.placeholders;
            }
            ',' if shape.placeholders > 0 && !shape.has_point => {
                shape.comma = match shape.comma {
                    Some((place, count)) if place == shape.placeholders => Some((place, count + 1)),
                    earlier => {
                        shape.groups |= earlier.is_some();
                        Some((shape.placeholders, 1))
                    }
                };
            }
            '%' => shape.scale += 2,
            '‰' => shape.scale += 3,
            '\'' | '"' => at = behind_quotes(chars, at - 1),
            '\\' => at += 1,
            'E' | 'e' => {
                if let Some((length, _)) = exponent_length(chars, at - 1) {
                    shape.is_scientific = true;
                    at += length - 1;
                }
            }
            ';' => break,
            _ => {}
        }
    }
    if !shape.has_point {
        shape.whole = shape.placeholders;
    }
    shape
}

/// Writes a section; the counters are those of .NET's own routine, since its corner cases follow from them.
struct Writer {
    number: Digits,
    shape: Shape,
    is_first_section: bool,
    first_digit: i32,
    last_digit: i32,
    /// Digits left before the point.
    place: i32,
    adjust: i32,
    next: usize,
    separators: Vec<i32>,
    wrote_point: bool,
    text: String,
}

impl Writer {
    fn new(number: Digits, shape: Shape, is_first_section: bool) -> Self {
        let whole = shape.whole;
        let first_digit = shape.first_zero.filter(|first| *first < whole).map_or(0, |first| whole - first);
        let last_digit = if shape.last_zero > whole { whole - shape.last_zero } else { 0 };
        let (place, adjust) =
            if shape.is_scientific { (whole, 0) } else { (number.point.max(whole), number.point - whole) };
        let mut separators = Vec::new();
        if shape.groups {
            let total = place + adjust.min(0);
            let most = first_digit.max(total);
            separators.extend((1..).map(|group| group * 3).take_while(|at| *at < most));
        }
        let text = String::new();
        Self {
            number,
            shape,
            is_first_section,
            first_digit,
            last_digit,
            place,
            adjust,
            next: 0,
            separators,
            wrote_point: false,
            text,
        }
    }

    fn write(mut self, chars: &[char]) -> Outcome<String> {
        if self.number.is_negative && self.is_first_section && self.number.point != 0 {
            self.text.push('-');
        }
        let mut at = 0;
        while let Some(c) = chars.get(at).copied() {
            if c == ';' {
                break;
            }
            at += 1;
            if self.adjust > 0 && matches!(c, '#' | '0' | '.') {
                self.surplus();
            }
            match c {
                '#' | '0' => self.placeholder(),
                '.' => self.point(),
                ',' => {}
                '\'' | '"' => {
                    let end = behind_quotes(chars, at - 1);
                    let quoted = chars.iter().skip(at).take(end.saturating_sub(at)).take_while(|inner| **inner != c);
                    self.text.extend(quoted);
                    at = end;
                }
                '\\' => {
                    self.text.extend(chars.get(at));
                    at += 1;
                }
                'E' | 'e' => at += self.exponent(chars, at - 1),
                literal => self.text.push(literal),
            }
            if self.text.len() > STRING_BYTES_MAX {
                return Err(Interrupt::LimitExceeded(Limit::StringLength));
            }
        }
        let unsigned = self.number.is_negative && self.is_first_section && self.number.point == 0;
        if unsigned && !self.text.is_empty() {
            self.text.insert(0, '-');
        }
        Ok(self.text)
    }

    fn digit(&mut self) -> Option<char> {
        let digit = self.number.at(self.next)?;
        self.next += 1;
        Some(char::from(digit))
    }

    // Digits that stand before the first placeholder.
    fn surplus(&mut self) {
        while self.adjust > 0 {
            let digit = self.digit().unwrap_or('0');
            self.push(digit);
            self.place -= 1;
            self.adjust -= 1;
        }
    }

    fn push(&mut self, digit: char) {
        self.text.push(digit);
        if self.place > 1 && self.separators.last().is_some_and(|at| self.place == at + 1) {
            self.text.push(',');
            self.separators.pop();
        }
    }

    fn placeholder(&mut self) {
        let digit = if self.adjust < 0 {
            self.adjust += 1;
            (self.place <= self.first_digit).then_some('0')
        } else {
            self.digit().or_else(|| (self.place > self.last_digit).then_some('0'))
        };
        if let Some(digit) = digit {
            self.push(digit);
        }
        self.place -= 1;
    }

    fn point(&mut self) {
        if self.place != 0 || self.wrote_point {
            return;
        }
        let more = self.shape.whole < self.shape.placeholders && self.number.at(self.next).is_some();
        if self.last_digit < 0 || more {
            self.text.push('.');
            self.wrote_point = true;
        }
    }

    // How many characters behind the `E` it takes.
    fn exponent(&mut self, chars: &[char], at: usize) -> usize {
        let mark = chars.get(at).copied().unwrap_or('E');
        let found = exponent_length(chars, at);
        if !self.shape.is_scientific {
            let length = found.map_or(1, |(length, _)| length);
            self.text.extend(chars.iter().skip(at).take(length));
            return length - 1;
        }
        let Some((length, zeros)) = found else {
            self.text.push(mark);
            return 0;
        };
        let plus = if chars.get(at + 1) == Some(&'+') { '+' } else { '\0' };
        let exponent = if self.number.digits.is_empty() { 0 } else { self.number.point - self.shape.whole };
        self.text.push_str(&write_exponent(mark, exponent, zeros.min(EXPONENT_DIGITS_MAX), plus));
        self.shape.is_scientific = false;
        length - 1
    }
}
