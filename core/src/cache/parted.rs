//! Keys that are made of parts. Keeps nothing.

use std::fmt::Write as _;

/// A key of parts, each of which begins with its length: no two rows of parts are written alike, by chance or by intent.
#[derive(Debug, Default)]
pub struct PartedKey(String);

impl PartedKey {
    /// Adds a part.
    pub fn add(&mut self, part: &str) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, " {}:{part}", part.len());
    }

    /// The key.
    #[must_use]
    pub fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::PartedKey;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let key = |parts: &[&str]| {
            let mut key = PartedKey::default();
            parts.iter().for_each(|part| key.add(part));
            key.finish()
        };
        assert_eq!(key(&["ä", ""]), " 2:ä 0:");
        assert_ne!(key(&["a 1:b"]), key(&["a", "b"]));
    }
}
