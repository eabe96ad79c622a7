//! What fuzzing has found worth keeping: every file of the corpus goes through the function that it was found with.

use std::path::Path;

use crate::expr::probe;

type Target = (&'static str, fn(&str));

const TARGETS: [Target; 4] =
    [("lexer", probe::lexer), ("parser", probe::parser), ("checker", probe::checker), ("evaluator", probe::evaluator)];

#[test]
#[expect(clippy::disallowed_methods, reason = "the corpus of a test is files")]
fn the_corpus_of_every_fuzz_target_passes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/fuzz/expr");
    for (name, target) in TARGETS {
        let mut count = 0;
        for entry in std::fs::read_dir(root.join(name)).unwrap() {
            let path = entry.unwrap().path();
            // What is no text is nothing for a target.
            if let Ok(text) = std::fs::read_to_string(&path) {
                target(&text);
                count += 1;
            }
        }
        assert!(count > 20, "only {count} files for {name}");
    }
}
