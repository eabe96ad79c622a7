//! Documents that are torn: the corpus of the fuzz target, and fixtures cut and joined anywhere. Nothing of it may panic.

use std::path::Path;

use proptest::prelude::*;

use super::probe::document;

#[expect(clippy::disallowed_methods, reason = "the corpus of a test is files")]
fn corpus() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/fuzz/policy/document");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect()
}

#[test]
fn the_corpus_of_the_document_target_passes() {
    let corpus = corpus();
    assert!(corpus.len() > 20, "only {} files", corpus.len());
    corpus.iter().for_each(|text| document(text));
}

// The character boundary at this part of the text.
fn cut(text: &str, at: u16) -> usize {
    let mut index = text.len() * usize::from(at) / usize::from(u16::MAX);
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn torn_documents_are_read_without_panic(
        one in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(),
        before in any::<u16>(), behind in any::<u16>(), between in "[<>&\"'/@(){}! a-z\\[\\]-]{0,6}",
    ) {
        let corpus = corpus();
        let (one, other) = (one.get(&corpus), other.get(&corpus));
        let text = format!("{}{between}{}", &one[..cut(one, before)], &other[cut(other, behind)..]);
        document(&text);
    }
}
