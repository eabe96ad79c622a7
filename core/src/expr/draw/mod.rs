//! Expressions by chance: programs that the grammar and the members' table allow, small ones first when one is made smaller. For
//! tests and for comparisons with other evaluators; evaluates nothing.

mod call;
mod constant;
mod creation;
mod drawer;
mod left_out;
mod operator;
mod statement;
mod word;

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::bcl::Member;
use super::ty::Ty;
use crate::rng::Rng;
use drawer::Drawer;

/// The most smaller versions of one program that are offered at once.
const SMALLER_MAX: usize = 400;

/// A drawn program or a part of it.
#[derive(Clone, Debug)]
pub struct Drawn {
    kind: Kind,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(Cow<'static, str>),
    Node(Drawn),
    /// What stands before is a call of this member.
    Member(&'static Member),
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    /// An expression of this type.
    Value(Ty),
    /// A statement, which a program may do without.
    Statement,
    /// What must stay.
    Frame,
}

/// A program for `set-variable`, delimiters included.
#[must_use]
pub fn draw(rng: &mut Rng) -> Drawn {
    loop {
        if let Some(drawn) = Drawer::new(rng).program() {
            return drawn;
        }
    }
}

/// The members that drawn programs are about, as `(type, signature)`.
#[must_use]
pub fn drawable() -> Vec<(String, &'static str)> {
    call::ASKED.iter().map(|member| shown(member)).collect()
}

fn shown(member: &Member) -> (String, &'static str) {
    (member.owner.to_string(), member.signature)
}

impl Drawn {
    /// The members that it calls, as [`drawable`] lists them.
    #[must_use]
    pub fn members(&self) -> BTreeSet<(String, &'static str)> {
        let own = self.parts.iter().filter_map(|part| match part {
            Part::Member(member) => Some(shown(member)),
            Part::Text(_) | Part::Node(_) => None,
        });
        own.chain(self.children().flat_map(Self::members)).collect()
    }

    /// What it looks like in C#.
    #[must_use]
    pub fn source(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    /// Versions with a part less or a plainer one, the shortest first. Not all of them compile.
    #[must_use]
    pub fn smaller(&self) -> Vec<Self> {
        let length = self.source().len();
        let mut found: Vec<(usize, Self)> =
            self.variants().into_iter().map(|variant| (variant.source().len(), variant)).collect();
        found.retain(|(other, _)| *other < length);
        found.sort_by_key(|(length, _)| *length);
        found.truncate(SMALLER_MAX);
        found.into_iter().map(|(_, variant)| variant).collect()
    }

    fn value(ty: &Ty, text: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: Kind::Value(ty.clone()), parts: vec![Part::Text(text.into())] }
    }

    fn of(kind: Kind, parts: Vec<Part>) -> Self {
        Self { kind, parts }
    }

    fn write(&self, text: &mut String) {
        for part in &self.parts {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Node(node) => node.write(text),
                Part::Member(_) => {}
            }
        }
    }

    fn children(&self) -> impl Iterator<Item = &Self> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) | Part::Member(_) => None,
            Part::Node(node) => Some(node),
        })
    }

    fn values_below(&self) -> Vec<&Self> {
        let below = self.children().flat_map(|child| std::iter::once(child).chain(child.values_below()));
        below.filter(|node| matches!(node.kind, Kind::Value(_))).collect()
    }

    fn variants(&self) -> Vec<Self> {
        let mut found: Vec<Self> = match &self.kind {
            Kind::Value(ty) => {
                let plain = constant::plain(ty).map(|text| Self::value(ty, text));
                let inner = self.values_below().into_iter().filter(|node| node.kind == self.kind).cloned();
                plain.into_iter().chain(inner).collect()
            }
            Kind::Statement => vec![Self::of(Kind::Statement, Vec::new())],
            // A program is the least of its values, if that is enough.
            Kind::Frame => self.values_below().into_iter().map(Self::alone).collect(),
        };
        for (index, part) in self.parts.iter().enumerate() {
            let Part::Node(node) = part else { continue };
            for variant in node.variants() {
                let mut parts = self.parts.clone();
                if let Some(place) = parts.get_mut(index) {
                    *place = Part::Node(variant);
                    found.push(Self::of(self.kind.clone(), parts));
                }
            }
        }
        found
    }

    fn alone(value: &Self) -> Self {
        Self::of(Kind::Frame, vec!["@(".into(), value.clone().into(), ")".into()])
    }
}

impl From<&'static str> for Part {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Part {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<Drawn> for Part {
    fn from(drawn: Drawn) -> Self {
        Self::Node(drawn)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::draw;
    use crate::expr::{Expected, Place, compile};
    use crate::rng::Seed;
    use crate::span::Span;

    fn compiles(source: &str) -> bool {
        let file = Arc::from("drawn");
        compile(source, Expected::Any, Place { file: &file, document: source, span: Span::default() }).is_ok()
    }

    #[test]
    fn most_drawn_programs_compile() {
        let mut rng = Seed(1).rng();
        let count = 2000;
        let good = (0..count).filter(|_| compiles(&draw(&mut rng).source())).count();
        assert!(good * 10 > count * 8, "only {good} of {count} compile");
    }

    #[test]
    fn smaller_ones_are_smaller_and_equal_seeds_draw_equally() {
        let (mut a, mut b) = (Seed(2).rng(), Seed(2).rng());
        for _ in 0..100 {
            let (drawn, again) = (draw(&mut a), draw(&mut b));
            assert_eq!(drawn.source(), again.source());
            assert!(drawn.smaller().iter().all(|other| other.source().len() < drawn.source().len()));
        }
    }
}
