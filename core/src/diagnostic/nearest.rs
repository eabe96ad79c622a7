//! The valid name that somebody probably meant, for the help of a diagnostic. Knows nothing of what the names stand for.

/// Characters of a word beyond which nobody made a slip; it bounds what one look-up costs.
const WORD_CHARACTERS_MAX: usize = 100;

/// A distance above this part of the word is more likely another word than a slip.
const CHARACTERS_PER_SLIP: usize = 3;

/// A word from this length on, in bytes, is taken for the beginning of a longer one.
const PREFIX_BYTES_MIN: usize = 5;

/// The candidate that `word` was most likely meant to be; the first in the order of names when several are as near.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length > WORD_CHARACTERS_MAX {
        return None;
    }
    let limit = (length / CHARACTERS_PER_SLIP).max(1);
    // Every character that one has more than the other is a slip of its own.
    let is_near = |candidate: &&str| candidate.chars().count().abs_diff(length) <= limit && *candidate != word;
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let near = candidates.iter().copied().filter(is_near).map(|candidate| (distance(word, candidate), candidate));
    let near = near.filter(|(distance, _)| *distance <= limit).min().map(|(_, candidate)| candidate);
    near.or_else(|| {
        candidates.into_iter().filter(|candidate| goes_on(word, candidate)).min_by_key(|name| (name.len(), *name))
    })
}

// Whether the candidate is the word and more, the word being long enough to mean something.
fn goes_on(word: &str, candidate: &str) -> bool {
    word.len() >= PREFIX_BYTES_MIN
        && candidate.len() > word.len()
        && candidate.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// `did you mean …?` for the nearest candidate.
#[must_use]
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|name| format!("did you mean `{name}`?"))
}

// Insertions, deletions, replacements and swaps of neighbours, without regard to ASCII case; one row at a time.
fn distance(left: &str, right: &str) -> usize {
    let lower = |text: &str| text.chars().map(|c| c.to_ascii_lowercase()).collect::<Vec<char>>();
    let (left, right) = (lower(left), lower(right));
    let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX);
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let replaced = at(&row, j) + usize::from(a != b);
            let mut least = replaced.min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let neighbours = i.checked_sub(1).zip(j.checked_sub(1));
            if neighbours.is_some_and(|(i, j)| left.get(i) == Some(b) && right.get(j) == Some(a)) {
                least = least.min(at(&before, j - 1) + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let names = ["apiInformation.json", "get", "set-body", "set-header", "Request", "Response", "holdfast.workers"];
        for (word, expected) in [
            ("apiInformtion.json", Some("apiInformation.json")),
            ("Get", Some("get")),
            ("set-heder", Some("set-header")),
            ("Requst", Some("Request")),
            ("request", Some("Request")),
            ("HOLDFAST.WORKER", Some("holdfast.workers")),
            ("gte", Some("get")),
            ("Request", None),
            ("zebra", None),
            ("apiInfo", Some("apiInformation.json")),
            ("hold", None),
            ("validate-jwt", None),
        ] {
            assert_eq!(nearest(word, names), expected, "{word}");
        }
        assert_eq!(did_you_mean("ge", names), Some("did you mean `get`?".to_owned()));
    }

    #[test]
    fn long_words_cost_nothing() {
        let (word, near) = ("x".repeat(200_000), "x".repeat(199_999));
        assert_eq!(nearest(&word, [near.as_str()]), None);
    }

    #[test]
    fn distances() {
        let table =
            [("", "abc", 3), ("kitten", "Sitting", 3), ("same", "same", 0), ("chekc", "check", 1), ("ab", "ba", 1)];
        for (left, right, expected) in table {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }
}
