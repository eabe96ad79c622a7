//! The name that someone probably meant. Knows nothing of what the names stand for.

/// The candidate that is closest to `name`, if one is close enough to be a typing error: at most a third of its length differs.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_ascii_lowercase();
    candidates
        .map(|candidate| (distance(&name, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

// Levenshtein's distance over bytes: names are ASCII, others only need to be far away.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, a) in left.bytes().enumerate() {
        let mut diagonal = at;
        row[0] = at + 1;
        for (column, b) in right.bytes().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[column + 1];
            row[column + 1] = substituted.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_found_and_strangers_are_not() {
        let names = ["holdfast.workers", "holdfast.http.listen", "gateway.name"];
        assert_eq!(nearest("holdfast.worker", names.into_iter()), Some("holdfast.workers"));
        assert_eq!(nearest("HOLDFAST.HTTP.LISTENER", names.into_iter()), Some("holdfast.http.listen"));
        assert_eq!(nearest("zzz", names.into_iter()), None);
    }

    #[test]
    fn distances() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
