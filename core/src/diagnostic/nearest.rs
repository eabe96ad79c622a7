//! The valid name that somebody probably meant, for the help of a diagnostic. Knows nothing of what the names stand for.

/// Characters of a word beyond which nobody made a slip; it bounds what one look-up costs.
const WORD_CHARACTERS_MAX: usize = 100;

/// A distance above this part of the word is more likely another word than a slip.
const CHARACTERS_PER_SLIP: usize = 3;

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
    candidates
        .into_iter()
        .filter(is_near)
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// `did you mean …?` for the nearest candidate.
#[must_use]
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|name| format!("did you mean `{name}`?"))
}

// Levenshtein's distance without regard to ASCII case, one row at a time.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        let mut next = vec![before];
        for (b, above) in right.chars().zip(row.iter().skip(1)) {
            let replaced = diagonal + usize::from(!a.eq_ignore_ascii_case(&b));
            diagonal = *above;
            before = replaced.min(above + 1).min(before + 1);
            next.push(before);
        }
        row = next;
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
            ("Request", None),
            ("zebra", None),
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
        assert_eq!((distance("", "abc"), distance("kitten", "Sitting"), distance("same", "same")), (3, 3, 0));
    }
}
