//! Bytes as decisions: documents from the table of policies, requests, and whatever the world answers. Every exchange must end once.

#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use holdfast_core::exchange::probe::{Words, conversation};
use libfuzzer_sys::fuzz_target;

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let folders = ["policy", "exchange"].map(|folder| std::fs::read_dir(fixtures.join(folder)).expect("a folder"));
    let paths = folders.into_iter().flatten().flatten().map(|entry| entry.path());
    let paths = paths.filter(|path| path.extension().is_some_and(|extension| extension == "conversation"));
    let texts = paths.filter_map(|path| std::fs::read_to_string(path).ok());
    Words::of(texts.collect::<Vec<_>>().iter().map(String::as_str))
});

fuzz_target!(|bytes: &[u8]| {
    let _ = conversation(&WORDS, bytes);
});
