//! Whose turn it is in a pool: weighted round robin that spreads the turns of a heavy member, as nginx's. Knows no breaker.

use std::collections::BTreeMap;

/// Members that one pool keeps credits of; with more, which takes changes of the configuration, all begin anew.
const MEMBERS_KEPT_MAX: usize = 64;

// The credit of a member grows by its weight with each turn; who has most is next and pays the sum of all.
#[derive(Debug, Default)]
pub(super) struct Turns {
    credits: BTreeMap<Box<str>, i64>,
}

impl Turns {
    // Members whose weights are all zero take turns alike; beside others, a weight of zero never has its turn.
    pub(super) fn next(&mut self, members: &[(&str, u32)]) -> Option<usize> {
        let all_zero = members.iter().all(|(_, weight)| *weight == 0);
        let weight = |weight: u32| if all_zero { 1 } else { i64::from(weight) };
        let sum: i64 = members.iter().map(|(_, of)| weight(*of)).sum();
        if self.credits.len() > MEMBERS_KEPT_MAX {
            self.credits.clear();
        }
        let mut best: Option<(usize, i64)> = None;
        for (index, (member, of)) in members.iter().enumerate() {
            if !self.credits.contains_key(*member) {
                self.credits.insert(Box::from(*member), 0);
            }
            let Some(credit) = self.credits.get_mut(*member) else { continue };
            *credit += weight(*of);
            if weight(*of) > 0 && best.is_none_or(|(_, most)| *credit > most) {
                best = Some((index, *credit));
            }
        }
        let (index, _) = best?;
        let (chosen, _) = members.get(index)?;
        *self.credits.get_mut(*chosen)? -= sum;
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_heavy_member_does_not_have_its_turns_in_a_row() {
        let mut turns = Turns::default();
        let order: Vec<usize> = (0..7).filter_map(|_| turns.next(&[("a", 5), ("b", 1), ("c", 1)])).collect();
        assert_eq!(order, [0, 0, 1, 0, 2, 0, 0]);
        assert_eq!(turns.next(&[]), None);
    }

    proptest! {
        #[test]
        fn a_round_gives_each_member_its_weight(weights in prop::collection::vec(0_u32..20, 1..8)) {
            let names: Vec<String> = (0..weights.len()).map(|index| index.to_string()).collect();
            let members: Vec<(&str, u32)> = names.iter().map(String::as_str).zip(weights.iter().copied()).collect();
            let all_zero = weights.iter().all(|weight| *weight == 0);
            let expected: Vec<u32> = weights.iter().map(|weight| if all_zero { 1 } else { *weight }).collect();
            let mut turns = Turns::default();
            for _ in 0..2 {
                let mut had = vec![0; weights.len()];
                for _ in 0..expected.iter().sum() {
                    had[turns.next(&members).unwrap()] += 1;
                }
                prop_assert_eq!(&had, &expected);
            }
        }
    }
}
