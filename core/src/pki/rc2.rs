//! The block cipher RC2 (RFC 2268), which old key stores and old partners still use. Holds no modes.

const BLOCK_BYTES: usize = 8;

/// The digits of pi, as the bytes stand in the RFC.
const PI: [u8; 256] = [
    0xd9, 0x78, 0xf9, 0xc4, 0x19, 0xdd, 0xb5, 0xed, 0x28, 0xe9, 0xfd, 0x79, 0x4a, 0xa0, 0xd8, 0x9d, 0xc6, 0x7e, 0x37,
    0x83, 0x2b, 0x76, 0x53, 0x8e, 0x62, 0x4c, 0x64, 0x88, 0x44, 0x8b, 0xfb, 0xa2, 0x17, 0x9a, 0x59, 0xf5, 0x87, 0xb3,
    0x4f, 0x13, 0x61, 0x45, 0x6d, 0x8d, 0x09, 0x81, 0x7d, 0x32, 0xbd, 0x8f, 0x40, 0xeb, 0x86, 0xb7, 0x7b, 0x0b, 0xf0,
    0x95, 0x21, 0x22, 0x5c, 0x6b, 0x4e, 0x82, 0x54, 0xd6, 0x65, 0x93, 0xce, 0x60, 0xb2, 0x1c, 0x73, 0x56, 0xc0, 0x14,
    0xa7, 0x8c, 0xf1, 0xdc, 0x12, 0x75, 0xca, 0x1f, 0x3b, 0xbe, 0xe4, 0xd1, 0x42, 0x3d, 0xd4, 0x30, 0xa3, 0x3c, 0xb6,
    0x26, 0x6f, 0xbf, 0x0e, 0xda, 0x46, 0x69, 0x07, 0x57, 0x27, 0xf2, 0x1d, 0x9b, 0xbc, 0x94, 0x43, 0x03, 0xf8, 0x11,
    0xc7, 0xf6, 0x90, 0xef, 0x3e, 0xe7, 0x06, 0xc3, 0xd5, 0x2f, 0xc8, 0x66, 0x1e, 0xd7, 0x08, 0xe8, 0xea, 0xde, 0x80,
    0x52, 0xee, 0xf7, 0x84, 0xaa, 0x72, 0xac, 0x35, 0x4d, 0x6a, 0x2a, 0x96, 0x1a, 0xd2, 0x71, 0x5a, 0x15, 0x49, 0x74,
    0x4b, 0x9f, 0xd0, 0x5e, 0x04, 0x18, 0xa4, 0xec, 0xc2, 0xe0, 0x41, 0x6e, 0x0f, 0x51, 0xcb, 0xcc, 0x24, 0x91, 0xaf,
    0x50, 0xa1, 0xf4, 0x70, 0x39, 0x99, 0x7c, 0x3a, 0x85, 0x23, 0xb8, 0xb4, 0x7a, 0xfc, 0x02, 0x36, 0x5b, 0x25, 0x55,
    0x97, 0x31, 0x2d, 0x5d, 0xfa, 0x98, 0xe3, 0x8a, 0x92, 0xae, 0x05, 0xdf, 0x29, 0x10, 0x67, 0x6c, 0xba, 0xc9, 0xd3,
    0x00, 0xe6, 0xcf, 0xe1, 0x9e, 0xa8, 0x2c, 0x63, 0x16, 0x01, 0x3f, 0x58, 0xe2, 0x89, 0xa9, 0x0d, 0x38, 0x34, 0x1b,
    0xab, 0x33, 0xff, 0xb0, 0xbb, 0x48, 0x0c, 0x5f, 0xb9, 0xb1, 0xcd, 0x2e, 0xc5, 0xf3, 0xdb, 0x47, 0xe5, 0xa5, 0x9c,
    0x77, 0x0a, 0xa6, 0x20, 0x68, 0xfe, 0x7f, 0xc1, 0xad,
];

/// How far each word of a block is turned in a round of mixing.
const TURNS: [u32; 4] = [1, 2, 3, 5];

/// A key, expanded: its whole length counts.
pub(crate) struct Rc2([u16; 64]);

impl Rc2 {
    /// Of a key of 5 to 16 bytes.
    pub(crate) fn new(key: &[u8]) -> Option<Self> {
        if !(5..=16).contains(&key.len()) {
            return None;
        }
        let mut bytes = [0_u8; 128];
        bytes.get_mut(..key.len())?.copy_from_slice(key);
        let at = |bytes: &[u8; 128], index: usize| bytes.get(index).copied().unwrap_or_default();
        let pi = |byte: u8| PI.get(usize::from(byte)).copied().unwrap_or_default();
        for index in key.len()..bytes.len() {
            let byte = pi(at(&bytes, index - 1).wrapping_add(at(&bytes, index - key.len())));
            *bytes.get_mut(index)? = byte;
        }
        let first = bytes.len() - key.len();
        *bytes.get_mut(first)? = pi(at(&bytes, first));
        for index in (0..first).rev() {
            let byte = pi(at(&bytes, index + 1) ^ at(&bytes, index + key.len()));
            *bytes.get_mut(index)? = byte;
        }
        let mut words = [0; 64];
        for (word, pair) in words.iter_mut().zip(bytes.as_chunks::<2>().0) {
            *word = u16::from_le_bytes(*pair);
        }
        Some(Self(words))
    }

    fn word(&self, index: usize) -> u16 {
        self.0.get(index).copied().unwrap_or_default()
    }

    /// Encrypts one block; what is no block stays as it is.
    pub(crate) fn encrypt_block(&self, block: &mut [u8]) {
        let Some(mut words) = words_of(block) else { return };
        let mut next = 0;
        for (part, rounds) in [5, 6, 5].into_iter().enumerate() {
            for _ in 0..rounds {
                self.mix(&mut words, next);
                next += 4;
            }
            if part < 2 {
                self.mash(&mut words);
            }
        }
        put(block, words);
    }

    /// Decrypts one block; what is no block stays as it is.
    pub(crate) fn decrypt_block(&self, block: &mut [u8]) {
        let Some(mut words) = words_of(block) else { return };
        let mut next = 64;
        for (part, rounds) in [5, 6, 5].into_iter().enumerate() {
            for _ in 0..rounds {
                next -= 4;
                self.unmix(&mut words, next);
            }
            if part < 2 {
                self.unmash(&mut words);
            }
        }
        put(block, words);
    }

    fn mix(&self, words: &mut [u16; 4], first: usize) {
        for (at, turn) in TURNS.into_iter().enumerate() {
            let [word, before, second, third] = around(words, at);
            let sum =
                word.wrapping_add(self.word(first + at)).wrapping_add(before & second).wrapping_add(!before & third);
            set(words, at, sum.rotate_left(turn));
        }
    }

    fn unmix(&self, words: &mut [u16; 4], first: usize) {
        for (at, turn) in TURNS.into_iter().enumerate().rev() {
            let [word, before, second, third] = around(words, at);
            let sum = word
                .rotate_right(turn)
                .wrapping_sub(self.word(first + at))
                .wrapping_sub(before & second)
                .wrapping_sub(!before & third);
            set(words, at, sum);
        }
    }

    fn mash(&self, words: &mut [u16; 4]) {
        for at in 0..4 {
            let [word, before, ..] = around(words, at);
            set(words, at, word.wrapping_add(self.word(usize::from(before & 63))));
        }
    }

    fn unmash(&self, words: &mut [u16; 4]) {
        for at in (0..4).rev() {
            let [word, before, ..] = around(words, at);
            set(words, at, word.wrapping_sub(self.word(usize::from(before & 63))));
        }
    }
}

// A word and the three before it, round and round.
fn around(words: &[u16; 4], at: usize) -> [u16; 4] {
    [0, 3, 2, 1].map(|distance| words.get((at + distance) % 4).copied().unwrap_or_default())
}

fn set(words: &mut [u16; 4], at: usize, word: u16) {
    if let Some(place) = words.get_mut(at) {
        *place = word;
    }
}

fn words_of(block: &[u8]) -> Option<[u16; 4]> {
    let block: [u8; BLOCK_BYTES] = block.try_into().ok()?;
    let mut words = [0; 4];
    for (word, pair) in words.iter_mut().zip(block.as_chunks::<2>().0) {
        *word = u16::from_le_bytes(*pair);
    }
    Some(words)
}

fn put(block: &mut [u8], words: [u16; 4]) {
    for (place, byte) in block.iter_mut().zip(words.into_iter().flat_map(u16::to_le_bytes)) {
        *place = byte;
    }
}

#[cfg(test)]
mod tests {
    use super::Rc2;

    // RFC 2268, section 5, those whose whole key counts.
    #[test]
    fn blocks_become_those_of_the_rfc() {
        let long = [0x88, 0xbc, 0xa9, 0x0e, 0x90, 0x87, 0x5a, 0x7f, 0x0f, 0x79, 0xc3, 0x84, 0x62, 0x7b, 0xaf, 0xb2];
        let cases: [(&[u8], [u8; 8], [u8; 8]); 3] = [
            (&[0xff; 8], [0xff; 8], [0x27, 0x8b, 0x27, 0xe4, 0x2e, 0x2f, 0x0d, 0x49]),
            (
                &[0x30, 0, 0, 0, 0, 0, 0, 0],
                [0x10, 0, 0, 0, 0, 0, 0, 1],
                [0x30, 0x64, 0x9e, 0xdf, 0x9b, 0xe7, 0xd2, 0xc2],
            ),
            (&long, [0; 8], [0x22, 0x69, 0x55, 0x2a, 0xb0, 0xf8, 0x5c, 0xa6]),
        ];
        for (key, plain, cipher) in cases {
            let rc2 = Rc2::new(key).unwrap();
            let mut block = plain;
            rc2.encrypt_block(&mut block);
            assert_eq!(block, cipher, "{key:x?}");
            rc2.decrypt_block(&mut block);
            assert_eq!(block, plain, "{key:x?}");
        }
        assert!(Rc2::new(&[0; 4]).is_none());
    }
}
