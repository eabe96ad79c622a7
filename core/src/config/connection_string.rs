//! Connection strings of Azure's services: `Name=value;Name=value`, in any order. No message shows any of one.

/// The value of a part; names differ by nothing but case.
#[must_use]
pub fn part<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut parts = text.split(';').filter_map(|part| part.trim().split_once('='));
    parts.find(|(of, _)| of.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_by_name_and_keep_their_equals_signs() {
        let text = "\n  Endpoint = https://a.example/ ;AccountKey=a2V5Cg==;;odd";
        assert_eq!(part(text, "endpoint"), Some("https://a.example/"));
        assert_eq!(part(text, "AccountKey"), Some("a2V5Cg=="));
        assert_eq!(part(text, "odd"), None);
    }
}
