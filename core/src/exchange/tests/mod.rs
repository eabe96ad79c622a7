//! Exchanges played through: every conversation of `fixtures/`, and random programs with random replies.

pub(crate) mod conversation;
mod coverage;
mod drawn;
mod made;
mod player;
mod random;
mod sockets;
pub(crate) mod world;

use std::path::{Path, PathBuf};

use conversation::Conversation;

#[expect(clippy::disallowed_methods, reason = "fixtures are files")]
fn conversations(folder: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(folder);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "conversation") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found.sort();
    found
}

fn play_all(folder: &str) {
    let mut failed = Vec::new();
    let found = conversations(folder);
    assert!(!found.is_empty(), "there are no conversations in `{folder}`");
    for (path, text) in found {
        let played = std::panic::catch_unwind(|| player::play(&Conversation::parse(&text)));
        if let Err(panic) = played {
            let why = panic.downcast_ref::<String>().cloned();
            let why = why.or_else(|| panic.downcast_ref::<&str>().map(|why| (*why).to_owned())).unwrap_or_default();
            failed.push(format!("{}: {why}", path.file_name().unwrap().to_string_lossy()));
        }
    }
    assert!(failed.is_empty(), "{} conversations went otherwise:\n{}", failed.len(), failed.join("\n\n"));
}

#[test]
fn policies_do_what_their_conversations_say() {
    play_all("policy");
}

#[test]
fn exchanges_go_as_their_conversations_say() {
    play_all("exchange");
}
