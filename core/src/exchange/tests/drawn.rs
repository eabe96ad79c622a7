//! Whole conversations drawn from the table of policies: the corpus of the fuzz target, and bytes by chance. Nothing of it may panic.

use std::path::Path;

use super::conversations;
use crate::exchange::probe::{Gone, Words, conversation};
use crate::rng::Seed;

fn words() -> Words {
    let texts = ["policy", "exchange"].map(conversations);
    Words::of(texts.iter().flatten().map(|(_, text)| text.as_str()))
}

fn played(words: &Words, inputs: impl Iterator<Item = Vec<u8>>) -> Vec<Gone> {
    inputs.map(|bytes| conversation(words, &bytes)).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the corpus of a test is files")]
fn the_corpus_of_the_conversation_target_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/fuzz/exchange/conversation");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let gone = played(&words(), paths.iter().map(|path| std::fs::read(path).unwrap()));
    assert!(gone.len() > 20, "only {} files", gone.len());
}

#[test]
fn what_chance_draws_is_a_conversation_worth_playing() {
    let words = words();
    let bytes = |seed| {
        let mut rng = Seed(seed).rng();
        (0..600).map(|_| u8::try_from(rng.below(256)).unwrap()).collect()
    };
    let gone = played(&words, (0..300).map(bytes));
    let compiled = gone.iter().filter(|gone| gone.is_compiled).count();
    let (ended, effects) =
        gone.iter().fold((0, 0), |(ended, effects), gone| (ended + gone.ended, effects + gone.effects));
    assert!(compiled * 3 > gone.len() * 2, "only {compiled} of {} configurations are in force", gone.len());
    assert!(ended > gone.len() && effects > 100, "{ended} exchanges ended, {effects} effects");
}
