//! What holds of drawn programs: the checker and the evaluator agree on types, and no change of the text makes anything panic.

use std::sync::Arc;

use super::world::World;
use crate::expr::check::check;
use crate::expr::draw::draw;
use crate::expr::parse::parse;
use crate::expr::probe;
use crate::expr::problem::Problems;
use crate::expr::ty::Ty;
use crate::expr::{Expected, Expression, Interrupt};
use crate::rng::{Rng, Seed};
use crate::value::Value;

const PROGRAMS: u64 = 300;

fn compiled(source: &str) -> Option<Expression> {
    let mut problems = Problems::default();
    let tree = parse(source, &mut problems);
    let program = check(&tree, Expected::Any, &mut problems);
    program.filter(|_| problems.is_empty()).map(|program| Expression(Arc::new(program)))
}

// `null` where the type has it, and otherwise what the type admits.
fn fits(ty: &Ty, value: &Value) -> bool {
    match value {
        Value::Null => ty.holds_null() || *ty == Ty::Null,
        value => ty.admits(value) || frozen(value).is_some_and(|array| array.converts_to(ty)),
    }
}

// The arrays that the library makes have a form of their own.
fn frozen(value: &Value) -> Option<Ty> {
    match value {
        Value::Strings(_) => Some(Ty::array(Ty::String)),
        Value::Chars(_) => Some(Ty::array(Ty::Char)),
        Value::Bytes(_) => Some(Ty::array(Ty::Byte)),
        Value::String(_) => Some(Ty::String),
        _ => None,
    }
}

#[test]
fn what_the_checker_typed_is_what_evaluation_yields() {
    for number in 0..PROGRAMS {
        let source = draw(&mut Seed(11).fork_index(number).rng()).source();
        let Some(expression) = compiled(&source) else { continue };
        match expression.eval(World::new().eval()) {
            Ok(value) => assert!(
                fits(&expression.0.result, &value),
                "{source}\nis of type {} and gave {value:?}",
                expression.result_type()
            ),
            Err(Interrupt::Exception(thrown)) => {
                assert_ne!(thrown.type_name, "System.InvalidProgramException", "{source}");
            }
            Err(Interrupt::LimitExceeded(_) | Interrupt::NeedsBody(_)) => {}
        }
    }
}

#[test]
fn no_mutated_program_panics() {
    let mut rng = Seed(12).rng();
    for _ in 0..PROGRAMS {
        let source = draw(&mut rng).source();
        let other = draw(&mut rng).source();
        probe::evaluator(&mutated(&source, &other, &mut rng));
    }
}

// A part left out, doubled, or taken from elsewhere.
fn mutated(source: &str, other: &str, rng: &mut Rng) -> String {
    let mut words = words(source);
    let others = self::words(other);
    for _ in 0..rng.below(3) + 1 {
        let at = usize::try_from(rng.below(words.len() as u64)).unwrap();
        let from = usize::try_from(rng.below(others.len() as u64)).unwrap();
        match rng.below(4) {
            0 => {
                words.remove(at);
            }
            1 => words.insert(at, others[from]),
            2 => words[at] = others[from],
            _ => words.insert(at, words[at]),
        }
        if words.is_empty() {
            break;
        }
    }
    words.concat()
}

fn words(source: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = if first.is_alphanumeric() {
            rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (word, left) = rest.split_at(length);
        words.push(word);
        rest = left;
    }
    words
}
