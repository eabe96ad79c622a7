//! The passes of the expression engine one by one, for fuzz targets and for the test that plays their corpus. Not for other use.

use std::sync::Arc;

use serde_json::json;

use super::problem::Problems;
use super::scene::{Scene, Unfixed};
use super::{Expected, Expression, Place, compile, lex, parse};
use crate::rng::Seed;
use crate::span::Span;
use crate::time::WallTime;

/// The lexer alone.
pub fn lexer(text: &str) {
    lex::lex(text, 0, text.len(), &mut Problems::default());
}

/// Lexer and parser.
pub fn parser(text: &str) {
    parse::parse(text, &mut Problems::default());
}

/// All passes before evaluation, for every place.
pub fn checker(text: &str) {
    for expected in [Expected::Any, Expected::Bool, Expected::Int, Expected::Text] {
        // What is wrong with it is not the question.
        let _ = compiled(text, expected);
    }
}

/// Everything, in a small exchange.
pub fn evaluator(text: &str) {
    let Some(expression) = compiled(text, Expected::Any) else { return };
    let unfixed = Unfixed { wall: WallTime::from_unix_seconds(1_700_000_000), seed: Seed(1) };
    let document = json!({
        "request": {
            "method": "POST",
            "url": "https://h.test/a?b=c",
            "headers": { "X-A": ["1", "2"] },
            "body": "{\"a\":[1,2.5,\"x\",null]}",
        },
        "variables": { "s": "text", "i": { "type": "System.Int32", "value": 42 } },
    });
    let Ok(scene) = Scene::of(&document, unfixed) else { return };
    // Neither is what it gives.
    let _ = expression.eval(scene.eval(&mut scene.rng()));
}

fn compiled(text: &str, expected: Expected) -> Option<Expression> {
    let file = Arc::from("probe");
    compile(text, expected, Place { file: &file, document: text, span: Span::default() }).ok()
}
