//! What the signature of a token costs that nobody has seen before, by algorithm: CPU time and allocations of verifying it. RSA keys
//! have 2048 bits.

#[path = "../expressions/measure.rs"]
mod measure;

use std::hint::black_box;

use holdfast_core::keys::jws::Token;
use holdfast_core::keys::{Key, key_set};
use measure::Report;
use serde_json::Value;

/// Samples of each algorithm.
const SAMPLES: usize = 30;
/// Signatures of each sample.
const ROUNDS: u64 = 200;

const SIGNED: &str = include_str!("../../../fixtures/token/signed.json");

fn main() {
    // `cargo test` runs benchmarks, too: once is enough then.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let (samples, rounds) = if is_bench { (SAMPLES, ROUNDS) } else { (1, 1) };
    let signed: Value = serde_json::from_str(SIGNED).expect("JSON");
    let keys = key_set(signed["set"].to_string().as_bytes()).expect("a key set");
    let tokens = signed["tokens"].as_object().expect("tokens by algorithm");
    let pairs: Vec<(&str, Token, &Key)> = tokens.iter().filter_map(|(name, text)| pair(name, text, &keys)).collect();
    assert!(pairs.len() >= 9, "only {} algorithms have a key", pairs.len());
    let mut report = Report::default();
    for (at, (_, token, key)) in pairs.iter().enumerate() {
        let mut run = || assert!(black_box(token).is_signed_by(black_box(key)));
        for _ in 0..samples {
            report.sample((at, 0), rounds, &mut run);
        }
        report.allocations((at, 0), &mut run);
    }
    let names: Vec<&str> = pairs.iter().map(|(name, _, _)| *name).collect();
    println!("{}", report.table(&names, &["Holdfast"]));
}

// Secrets of HMAC are in no published set.
fn pair<'a>(name: &'a str, text: &Value, keys: &'a [Key]) -> Option<(&'a str, Token, &'a Key)> {
    let token = Token::parse(text.as_str()?)?;
    let key = keys.iter().find(|key| token.is_signed_by(key))?;
    Some((name, token, key))
}
