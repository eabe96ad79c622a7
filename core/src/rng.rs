//! Seeded chance: every random number of the gateway comes from a stream that is handed in. Not for secrets.

/// The seed of a stream. Forking by a label gives independent streams, so that one consumer's draws never shift another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Seed {
    /// An independent seed for the consumer named `label`.
    #[must_use]
    pub fn fork(self, label: &str) -> Self {
        let mut hash = self.0 ^ 0xcbf2_9ce4_8422_2325;
        for byte in label.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self(mix(hash))
    }

    /// An independent seed for the consumer with this number.
    #[must_use]
    pub fn fork_index(self, index: u64) -> Self {
        Self(mix(self.0 ^ mix(index.wrapping_add(0x9e37_79b9_7f4a_7c15))))
    }

    /// A stream that starts at this seed.
    #[must_use]
    pub const fn rng(self) -> Rng {
        Rng { state: self.0 }
    }
}

/// A stream of random numbers (the SplitMix64 generator of Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// A number in `0..bound`; zero when `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next_u64()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number in `[0, 1)`.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A duration drawn evenly from `[low, high]`.
    pub fn duration_between(&mut self, low: std::time::Duration, high: std::time::Duration) -> std::time::Duration {
        let spread = u64::try_from(high.saturating_sub(low).as_nanos()).unwrap_or(u64::MAX);
        low + std::time::Duration::from_nanos(self.below(spread.saturating_add(1)))
    }

    /// A version-4 UUID (RFC 9562) from this stream.
    pub fn uuid(&mut self) -> Uuid {
        let high = u128::from(self.next_u64());
        let low = u128::from(self.next_u64());
        let bits = (high << 64) | low;
        Uuid((bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62))
    }
}

/// A 128-bit identifier, shown in the lower-case hyphenated form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uuid(pub u128);

impl std::fmt::Display for Uuid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = [b'-'; 36];
        let digits = text.iter_mut().enumerate().filter(|(at, _)| !matches!(at, 8 | 13 | 18 | 23));
        for ((_, digit), shift) in digits.zip((0..32).rev()) {
            let value = u8::try_from(self.0 >> (4 * shift) & 0xf).unwrap_or(0);
            *digit = if value < 10 { b'0' + value } else { b'a' - 10 + value };
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_streams_and_forks_differ() {
        let (mut a, mut b) = (Seed(7).rng(), Seed(7).rng());
        assert!((0..100).all(|_| a.next_u64() == b.next_u64()));
        assert_ne!(Seed(7).fork("sync"), Seed(7).fork("heartbeat"));
        assert_ne!(Seed(7).fork_index(0), Seed(7).fork_index(1));
    }

    #[test]
    fn below_stays_below_and_reaches_both_ends() {
        let mut rng = Seed(1).rng();
        let drawn: Vec<u64> = (0..1000).map(|_| rng.below(4)).collect();
        assert!(drawn.iter().all(|n| *n < 4));
        assert!((0..4).all(|n| drawn.contains(&n)));
        assert_eq!(rng.below(0), 0);
    }

    #[test]
    fn uuids_carry_version_and_variant() {
        let known = "0f8fad5b-d9cb-469f-a165-70867728950e";
        assert_eq!(Uuid(0x0f8f_ad5b_d9cb_469f_a165_7086_7728_950e).to_string(), known);
        let text = Seed(3).rng().uuid().to_string();
        assert_eq!(text.len(), 36);
        assert_eq!(text.as_bytes()[14], b'4');
        assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }
}
