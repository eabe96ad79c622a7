//! Durations in ISO 8601, as ARM resources and some policies write them: `P30D`, `PT1H30M`. Months and years have no fixed length and
//! are refused.

/// The whole seconds of a duration of weeks, days, hours, minutes and seconds; `None` when the text is none, or longer than 10,000
/// years.
#[must_use]
pub fn seconds(text: &str) -> Option<u64> {
    let rest = text.strip_prefix('P')?;
    let (days, time) = match rest.split_once('T') {
        Some((days, time)) => (days, Some(time).filter(|time| !time.is_empty())?),
        None => (rest, ""),
    };
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let days = total(days, &[('W', 604_800), ('D', 86_400)])?;
    let total = days.checked_add(total(time, &[('H', 3_600), ('M', 60), ('S', 1)])?)?;
    Some(total).filter(|total| *total <= 10_000 * 366 * 86_400)
}

// Numbers with these units, each at most once and in this order.
fn total(mut text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut total = 0_u64;
    let mut units = units.iter();
    while !text.is_empty() {
        let digits = text.find(|character: char| !character.is_ascii_digit())?;
        let (number, rest) = text.split_at(digits);
        let mut characters = rest.chars();
        let unit = characters.next()?;
        let (_, seconds) = units.by_ref().find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*seconds)?)?;
        text = characters.as_str();
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn durations() {
        for (text, expected) in [
            ("P30D", Some(2_592_000)),
            ("PT1H30M", Some(5_400)),
            ("P1W2DT3S", Some(777_603)),
            ("PT0S", Some(0)),
            ("P", None),
            ("PT", None),
            ("P1M", None),
            ("P1DT", None),
            ("PT1M1H", None),
            ("PT1.5S", None),
            ("30D", None),
            ("P99999999999999999999D", None),
            ("P-1D", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
