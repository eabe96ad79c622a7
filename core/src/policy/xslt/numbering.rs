//! `xsl:number`: where a node stands among others, in the form that a picture asks for. XSLT 1.0 §7.7.

use super::format::counted;
use super::pattern::Pattern;
use super::stylesheet::Avt;
use super::tree::{Kind, NodeId};
use super::world::World;
use super::xpath::Expr;
use super::xpath::eval::{Focus, Outcome};
use super::xpath::function::real;
use super::xpath::number;

/// `xsl:number`
#[derive(Debug)]
pub(super) struct Numbering {
    pub(super) level: Level,
    pub(super) count: Option<Vec<Pattern>>,
    pub(super) from: Option<Vec<Pattern>>,
    pub(super) value: Option<Expr>,
    pub(super) format: Option<Avt>,
    /// Separator and size of groups of digits.
    pub(super) grouping: Option<(Avt, Avt)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Single,
    Multiple,
    Any,
}

impl World<'_> {
    /// The text of an `xsl:number`.
    pub(super) fn numbered(&self, numbering: &Numbering, focus: Focus) -> Outcome<String> {
        let numbers = match &numbering.value {
            Some(value) => vec![self.eval(value, focus)?.number(self)?],
            None => self.counts(numbering, focus.node)?,
        };
        let format = match &numbering.format {
            Some(format) => self.avt(format, focus)?,
            None => "1".to_owned(),
        };
        let grouping = match &numbering.grouping {
            Some((separator, size)) => {
                let size = number::number(&self.avt(size, focus)?);
                Some((self.avt(separator, focus)?, size))
            }
            None => None,
        };
        Ok(write(&numbers, &format, grouping.as_ref()))
    }

    fn counts(&self, numbering: &Numbering, node: NodeId) -> Outcome<Vec<f64>> {
        let is_from = |node| match &numbering.from {
            Some(patterns) => self.matches_any(node, patterns),
            None => Ok(false),
        };
        let mut counts = Vec::new();
        if numbering.level == Level::Any {
            let mut count = 0;
            let mut at = Some(node);
            while let Some(here) = at {
                self.charge(1)?;
                if here != node && is_from(here)? {
                    break;
                }
                count += usize::from(self.is_counted(numbering, node, here)?);
                at = self.before_or_above(here);
            }
            // Nothing counts before the first that `from` is for, as in .NET.
            let is_begun = at.is_some() || numbering.from.is_none();
            return Ok(if count > 0 && is_begun { vec![real(count)] } else { counts });
        }
        let mut counted = Vec::new();
        let mut is_begun = numbering.from.is_none();
        for above in std::iter::once(node).chain(self.tree.ancestors(node)) {
            if above != node && is_from(above)? {
                is_begun = true;
                break;
            }
            if self.is_counted(numbering, node, above)? {
                counted.push(above);
                if numbering.level == Level::Single && is_begun {
                    break;
                }
            }
        }
        if !is_begun {
            return Ok(counts);
        }
        counted.truncate(if numbering.level == Level::Single { 1 } else { usize::MAX });
        for above in counted.into_iter().rev() {
            counts.push(real(self.place(numbering, node, above)?));
        }
        Ok(counts)
    }

    // The place of a node among those beside it that count.
    fn place(&self, numbering: &Numbering, node: NodeId, counted: NodeId) -> Outcome<usize> {
        let mut place = 1;
        let mut at = self.tree.node(counted).previous;
        while let Some(here) = at {
            self.charge(1)?;
            place += usize::from(self.is_counted(numbering, node, here)?);
            at = self.tree.node(here).previous;
        }
        Ok(place)
    }

    fn before_or_above(&self, node: NodeId) -> Option<NodeId> {
        let Some(mut before) = self.tree.node(node).previous else { return self.tree.parent(node) };
        while let Some(last) = self.tree.node(before).last {
            before = last;
        }
        Some(before)
    }

    // Without a pattern those of the same kind and name count.
    fn is_counted(&self, numbering: &Numbering, node: NodeId, other: NodeId) -> Outcome<bool> {
        if let Some(patterns) = &numbering.count {
            return self.matches_any(other, patterns);
        }
        Ok(match (self.tree.kind(node), self.tree.kind(other)) {
            (Kind::Element(own, _), Kind::Element(name, _)) => own == name,
            (Kind::Attribute(own, _), Kind::Attribute(name, _)) => own == name,
            (Kind::Namespace(own, _), Kind::Namespace(name, _)) => own == name,
            (Kind::Instruction(own, _), Kind::Instruction(target, _)) => own == target,
            (own, kind) => std::mem::discriminant(own) == std::mem::discriminant(kind),
        })
    }
}

// Tokens of letters and digits say how numbers are written, what stands between them separates numbers.
fn write(numbers: &[f64], format: &str, grouping: Option<&(String, f64)>) -> String {
    let mut tokens: Vec<&str> = Vec::new();
    let mut separators: Vec<&str> = vec![""];
    let mut rest = format;
    while !rest.is_empty() {
        let marks = rest.find(char::is_alphanumeric).unwrap_or(rest.len());
        if let Some(last) = separators.last_mut() {
            *last = rest.get(..marks).unwrap_or("");
        }
        rest = rest.get(marks..).unwrap_or("");
        let length = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        if length > 0 {
            tokens.push(rest.get(..length).unwrap_or("1"));
            separators.push("");
        }
        rest = rest.get(length..).unwrap_or("");
    }
    let mut out = separators.first().copied().unwrap_or("").to_owned();
    for (index, value) in numbers.iter().enumerate() {
        let token = tokens.get(index).or(tokens.last()).copied().unwrap_or("1");
        if index > 0 {
            let between = separators.get(index).filter(|_| index < tokens.len());
            let last = tokens.len().checked_sub(1).filter(|last| *last > 0).and_then(|last| separators.get(last));
            out.push_str(between.or(last).copied().unwrap_or("."));
        }
        out.push_str(&grouped(counted(*value, token), grouping));
    }
    // What stands without a token stands on both sides.
    out.push_str(separators.last().copied().unwrap_or(""));
    out
}

fn grouped(digits: String, grouping: Option<&(String, f64)>) -> String {
    let Some((separator, size)) = grouping.filter(|(_, size)| *size >= 1.0) else { return digits };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits;
    }
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && real(digits.len() - index) % size.floor() == 0.0 {
            out.push_str(separator);
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::write;

    #[test]
    fn formats_of_numbers() {
        let cases: [(&[f64], &str, &str); 6] = [
            (&[3.0], "1", "3"),
            (&[3.0], "(a) ", "(c) "),
            (&[1.0, 2.0, 3.0], "1.1", "1.2.3"),
            (&[1.0, 2.0], "A-1:", "A-2:"),
            (&[], "1.", "."),
            (&[4.0], "", "4"),
        ];
        for (numbers, format, expected) in cases {
            assert_eq!(write(numbers, format, None), expected, "{format}");
        }
        assert_eq!(write(&[1_234_567.0], "1", Some(&(",".to_owned(), 3.0))), "1,234,567");
    }
}
