//! The words of a tag or an output, and what they say: values, filters, conditions.

use crate::policy::liquid::filter;
use crate::policy::liquid::item::Item;
use crate::policy::liquid::parse::{Chain, Comparison, DEPTH_MAX, Operand, Outcome, Test, Wrong, wrong};
use crate::span::Span;

/// The words of one tag or output.
pub(super) struct Words {
    words: std::iter::Peekable<std::vec::IntoIter<String>>,
    span: Span,
}

impl Words {
    pub(super) fn new(text: &str, span: Span) -> Self {
        Self { words: split(text).into_iter().peekable(), span }
    }

    pub(super) fn is_at_end(&mut self) -> bool {
        self.words.peek().is_none()
    }

    pub(super) fn wrong(&self, message: impl Into<String>) -> Wrong {
        wrong(message, self.span)
    }

    pub(super) fn take(&mut self, word: &str) -> bool {
        self.words.next_if(|next| next == word).is_some()
    }

    pub(super) fn expect(&mut self, word: &str) -> Outcome<()> {
        if self.take(word) { Ok(()) } else { Err(self.wrong(format!("`{word}` is expected"))) }
    }

    /// Nothing more may stand here.
    pub(super) fn end(&mut self) -> Outcome<()> {
        match self.words.next() {
            Some(word) => Err(self.wrong(format!("`{word}` is not expected here"))),
            None => Ok(()),
        }
    }

    pub(super) fn name(&mut self) -> Outcome<String> {
        let is_name = |word: &String| word.starts_with(|c: char| c.is_alphabetic() || c == '_');
        self.words.next_if(is_name).ok_or_else(|| self.wrong("a name is expected"))
    }

    pub(super) fn after_colon(&mut self) -> Outcome<Operand> {
        self.expect(":")?;
        self.operand()
    }

    pub(super) fn chain(&mut self) -> Outcome<Chain> {
        let value = self.operand()?;
        let mut filters = Vec::new();
        while self.take("|") {
            let name = self.name()?;
            let Some(filter) = filter::find(&name) else {
                let near = crate::diagnostic::nearest(&name, filter::names());
                let help = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
                return Err(self.wrong(format!("there is no filter `{name}`{help}")));
            };
            let mut arguments = Vec::new();
            if self.take(":") {
                arguments.push(self.operand()?);
                while self.take(",") {
                    arguments.push(self.operand()?);
                }
            }
            filters.push((filter, arguments));
        }
        self.end()?;
        Ok(Chain { value, filters })
    }

    pub(super) fn operand(&mut self) -> Outcome<Operand> {
        let Some(word) = self.words.next() else { return Err(self.wrong("a value is expected")) };
        let quoted = word.strip_prefix(['\'', '"']).and_then(|rest| rest.strip_suffix(['\'', '"']));
        if let Some(text) = quoted {
            return Ok(Operand::Literal(Item::text(text)));
        }
        if word == "(" {
            let from = self.operand()?;
            self.expect("..")?;
            let to = self.operand()?;
            self.expect(")")?;
            return Ok(Operand::Range(Box::new((from, to))));
        }
        if let Ok(number) = word.parse::<i64>() {
            return Ok(Operand::Literal(Item::Int(number)));
        }
        if word.starts_with(|c: char| c.is_ascii_digit() || c == '-')
            && let Ok(number) = word.parse::<f64>()
        {
            return Ok(Operand::Literal(Item::Float(number)));
        }
        match word.as_str() {
            "true" => return Ok(Operand::Literal(Item::Bool(true))),
            "false" => return Ok(Operand::Literal(Item::Bool(false))),
            "nil" | "null" => return Ok(Operand::Literal(Item::Nil)),
            "empty" | "blank" => return Ok(Operand::Blank),
            _ => {}
        }
        if !word.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return Err(self.wrong(format!("`{word}` is not a value")));
        }
        self.variable(&word)
    }

    fn variable(&mut self, first: &str) -> Outcome<Operand> {
        let mut path = vec![Operand::Literal(Item::text(first))];
        loop {
            if self.take(".") {
                let Some(name) = self.words.next() else { return Err(self.wrong("a name is expected")) };
                path.push(Operand::Literal(name.parse().map_or_else(|_| Item::text(name), Item::Int)));
            } else if self.take("[") {
                // INVARIANT: the text of a tag is short of a document, and each bracket takes one of its characters.
                if path.len() > DEPTH_MAX {
                    return Err(self.wrong("a path is too long"));
                }
                let index = self.operand_in_brackets()?;
                path.push(index);
                self.expect("]")?;
            } else {
                return Ok(Operand::Variable(path));
            }
        }
    }

    // An index is a literal or a plain name: brackets do not stand in brackets.
    fn operand_in_brackets(&mut self) -> Outcome<Operand> {
        let Some(word) = self.words.next() else { return Err(self.wrong("a value is expected")) };
        let mut inner = Self { words: vec![word].into_iter().peekable(), span: self.span };
        if inner.words.peek().is_some_and(|word| word == "(") {
            return Err(self.wrong("a range is no index"));
        }
        inner.operand()
    }

    pub(super) fn test(&mut self) -> Outcome<Test> {
        let mut terms = vec![(self.term()?, "")];
        loop {
            let joined = if self.take("and") {
                "and"
            } else if self.take("or") {
                "or"
            } else {
                break;
            };
            terms.push((self.term()?, joined));
        }
        self.end()?;
        let Some((mut test, mut joined)) = terms.pop() else { return Err(self.wrong("a condition is expected")) };
        while let Some((left, before)) = terms.pop() {
            let pair = Box::new((left, test));
            test = if joined == "and" { Test::And(pair) } else { Test::Or(pair) };
            joined = before;
        }
        Ok(test)
    }

    fn term(&mut self) -> Outcome<Test> {
        let left = self.operand()?;
        let Some(comparison) = self.words.peek().and_then(|word| comparison(word)) else {
            return Ok(Test::Truth(left));
        };
        self.words.next();
        Ok(Test::Compare(left, comparison, self.operand()?))
    }
}

fn comparison(word: &str) -> Option<Comparison> {
    Some(match word {
        "==" => Comparison::Equal,
        "!=" | "<>" => Comparison::Unequal,
        "<" => Comparison::Less,
        ">" => Comparison::Greater,
        "<=" => Comparison::AtMost,
        ">=" => Comparison::AtLeast,
        "contains" | "Contains" => Comparison::Contains,
        "startswith" | "StartsWith" => Comparison::StartsWith,
        "endswith" | "EndsWith" => Comparison::EndsWith,
        _ => return None,
    })
}

fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = word_length(rest, first);
        let (word, tail) = rest.split_at(length);
        words.push(word.to_owned());
        rest = tail.trim_start();
    }
    words
}

fn word_length(text: &str, first: char) -> usize {
    let signs = ["==", "!=", "<>", "<=", ">=", ".."];
    if first == '\'' || first == '"' {
        return text.get(1..).and_then(|inner| inner.find(first)).map_or(text.len(), |end| end + 2);
    }
    if let Some(sign) = signs.iter().find(|sign| text.starts_with(**sign)) {
        return sign.len();
    }
    let is_number = first.is_ascii_digit()
        || first == '-' && text.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if is_number {
        let end = text
            .get(1..)
            .and_then(|rest| rest.find(|c: char| !c.is_ascii_digit() && c != '.'))
            .map_or(text.len(), |end| end + 1);
        // `1..3` is a range.
        return text.get(..end).and_then(|number| number.find("..")).unwrap_or(end);
    }
    if first.is_alphabetic() || first == '_' {
        let is_inside = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        return text.find(|c: char| !is_inside(c)).unwrap_or(text.len());
    }
    first.len_utf8()
}
