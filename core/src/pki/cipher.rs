//! Block ciphers, their modes and their padding.

use aes::cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use des::{Des, TdesEde2, TdesEde3};

use super::rc2::Rc2;

/// Which cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Aes,
    Des,
    TripleDes,
    Rc2,
}

/// How blocks follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Cbc,
    Ecb,
    /// With so many bytes of feedback: one, or a block.
    Cfb(usize),
}

/// What fills the last block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Padding {
    None,
    Pkcs7,
    Zeros,
    Ansi,
    Iso,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Encrypt,
    Decrypt,
}

/// Why nothing came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CipherFault {
    Incomplete,
    Padding,
}

impl Kind {
    pub(crate) const fn block(self) -> usize {
        match self {
            Self::Aes => 16,
            Self::Des | Self::TripleDes | Self::Rc2 => 8,
        }
    }

    pub(crate) const fn takes(self, key_bytes: usize) -> bool {
        match self {
            Self::Aes => matches!(key_bytes, 16 | 24 | 32),
            Self::Des => key_bytes == 8,
            Self::TripleDes => matches!(key_bytes, 16 | 24),
            Self::Rc2 => key_bytes >= 5 && key_bytes <= 16,
        }
    }
}

/// A cipher with its key.
pub(crate) enum Keyed {
    Aes128(Box<Aes128>),
    Aes192(Box<Aes192>),
    Aes256(Box<Aes256>),
    Des(Box<Des>),
    TripleDes2(Box<TdesEde2>),
    TripleDes3(Box<TdesEde3>),
    Rc2(Box<Rc2>),
}

macro_rules! on_block {
    ($cipher:expr, $type:ty, $block:expr, $method:ident) => {{
        if let Ok(block) = <&mut Block<$type>>::try_from($block) {
            $cipher.$method(block);
        }
    }};
}

impl Keyed {
    pub(crate) fn new(kind: Kind, key: &[u8]) -> Option<Self> {
        match (kind, key.len()) {
            (Kind::Aes, 16) => Aes128::new_from_slice(key).ok().map(Box::new).map(Self::Aes128),
            (Kind::Aes, 24) => Aes192::new_from_slice(key).ok().map(Box::new).map(Self::Aes192),
            (Kind::Aes, 32) => Aes256::new_from_slice(key).ok().map(Box::new).map(Self::Aes256),
            (Kind::Des, 8) => Des::new_from_slice(key).ok().map(Box::new).map(Self::Des),
            (Kind::TripleDes, 16) => TdesEde2::new_from_slice(key).ok().map(Box::new).map(Self::TripleDes2),
            (Kind::TripleDes, 24) => TdesEde3::new_from_slice(key).ok().map(Box::new).map(Self::TripleDes3),
            (Kind::Rc2, _) => Rc2::new(key).map(Box::new).map(Self::Rc2),
            _ => None,
        }
    }

    fn encrypt(&self, block: &mut [u8]) {
        match self {
            Self::Aes128(cipher) => on_block!(cipher, Aes128, block, encrypt_block),
            Self::Aes192(cipher) => on_block!(cipher, Aes192, block, encrypt_block),
            Self::Aes256(cipher) => on_block!(cipher, Aes256, block, encrypt_block),
            Self::Des(cipher) => on_block!(cipher, Des, block, encrypt_block),
            Self::TripleDes2(cipher) => on_block!(cipher, TdesEde2, block, encrypt_block),
            Self::TripleDes3(cipher) => on_block!(cipher, TdesEde3, block, encrypt_block),
            Self::Rc2(cipher) => cipher.encrypt_block(block),
        }
    }

    fn decrypt(&self, block: &mut [u8]) {
        match self {
            Self::Aes128(cipher) => on_block!(cipher, Aes128, block, decrypt_block),
            Self::Aes192(cipher) => on_block!(cipher, Aes192, block, decrypt_block),
            Self::Aes256(cipher) => on_block!(cipher, Aes256, block, decrypt_block),
            Self::Des(cipher) => on_block!(cipher, Des, block, decrypt_block),
            Self::TripleDes2(cipher) => on_block!(cipher, TdesEde2, block, decrypt_block),
            Self::TripleDes3(cipher) => on_block!(cipher, TdesEde3, block, decrypt_block),
            Self::Rc2(cipher) => cipher.decrypt_block(block),
        }
    }

    /// Whole blocks (or, with feedback, whole shares) one after the other; `vector` is what the next one is mixed with.
    pub(crate) fn run(&self, direction: Direction, mode: Mode, vector: &mut Vec<u8>, bytes: &mut [u8]) {
        let share = match mode {
            Mode::Cbc | Mode::Ecb => vector.len(),
            Mode::Cfb(share) => share,
        };
        for part in bytes.chunks_exact_mut(share.max(1)) {
            match (mode, direction) {
                (Mode::Ecb, Direction::Encrypt) => self.encrypt(part),
                (Mode::Ecb, Direction::Decrypt) => self.decrypt(part),
                (Mode::Cbc, Direction::Encrypt) => {
                    mix(part, vector);
                    self.encrypt(part);
                    vector.copy_from_slice(part);
                }
                (Mode::Cbc, Direction::Decrypt) => {
                    let next = part.to_vec();
                    self.decrypt(part);
                    mix(part, vector);
                    *vector = next;
                }
                (Mode::Cfb(_), direction) => {
                    let mut stream = vector.clone();
                    self.encrypt(&mut stream);
                    let before = part.to_vec();
                    mix(part, &stream);
                    let fed: &[u8] = if direction == Direction::Encrypt { part } else { &before };
                    vector.drain(..share.min(vector.len()));
                    vector.extend_from_slice(fed);
                }
            }
        }
    }
}

fn mix(bytes: &mut [u8], other: &[u8]) {
    for (byte, other) in bytes.iter_mut().zip(other) {
        *byte ^= other;
    }
}

/// Adds what is missing to a block; `filler` gives the random bytes of ISO 10126.
pub(crate) fn pad(
    bytes: &mut Vec<u8>,
    block: usize,
    padding: Padding,
    mut filler: impl FnMut() -> u8,
) -> Result<(), CipherFault> {
    let over = bytes.len() % block;
    let missing = block - over;
    let count = u8::try_from(missing).unwrap_or(0);
    match padding {
        Padding::None if over == 0 => {}
        Padding::None => return Err(CipherFault::Incomplete),
        Padding::Zeros if over == 0 => {}
        Padding::Zeros => bytes.extend(std::iter::repeat_n(0, missing)),
        Padding::Pkcs7 => bytes.extend(std::iter::repeat_n(count, missing)),
        Padding::Ansi => {
            bytes.extend(std::iter::repeat_n(0, missing - 1));
            bytes.push(count);
        }
        Padding::Iso => {
            bytes.extend(std::iter::repeat_with(&mut filler).take(missing - 1));
            bytes.push(count);
        }
    }
    Ok(())
}

/// Takes away what `pad` added.
pub(crate) fn unpad(bytes: &mut Vec<u8>, block: usize, padding: Padding) -> Result<(), CipherFault> {
    if matches!(padding, Padding::None | Padding::Zeros) || bytes.is_empty() {
        return Ok(());
    }
    let count = usize::from(bytes.last().copied().unwrap_or(0));
    let kept = bytes.len().checked_sub(count).filter(|_| (1..=block).contains(&count));
    let kept = kept.ok_or(CipherFault::Padding)?;
    let fill = bytes.get(kept..bytes.len() - 1).unwrap_or(&[]);
    let fits = match padding {
        Padding::Pkcs7 => fill.iter().all(|byte| usize::from(*byte) == count),
        Padding::Ansi => fill.iter().all(|byte| *byte == 0),
        Padding::Iso | Padding::None | Padding::Zeros => true,
    };
    if !fits {
        return Err(CipherFault::Padding);
    }
    bytes.truncate(kept);
    Ok(())
}

/// Keys of DES that make encryption its own inverse, or each other's.
const WEAK: [u64; 16] = [
    0x0101_0101_0101_0101,
    0xfefe_fefe_fefe_fefe,
    0xe0e0_e0e0_f1f1_f1f1,
    0x1f1f_1f1f_0e0e_0e0e,
    0x011f_011f_010e_010e,
    0x1f01_1f01_0e01_0e01,
    0x01e0_01e0_01f1_01f1,
    0xe001_e001_f101_f101,
    0x01fe_01fe_01fe_01fe,
    0xfe01_fe01_fe01_fe01,
    0x1fe0_1fe0_0ef1_0ef1,
    0xe01f_e01f_f10e_f10e,
    0x1ffe_1ffe_0efe_0efe,
    0xfe1f_fe1f_fe0e_fe0e,
    0xe0fe_e0fe_f1fe_f1fe,
    0xfee0_fee0_fef1_fef1,
];

/// Whether .NET refuses the key.
pub(crate) fn is_weak(kind: Kind, key: &[u8]) -> bool {
    // The lowest bit of every byte is parity, and does not count.
    let parts: Vec<u64> =
        key.as_chunks::<8>().0.iter().map(|part| u64::from_be_bytes(*part) & 0xfefe_fefe_fefe_fefe).collect();
    match kind {
        Kind::Aes | Kind::Rc2 => false,
        Kind::Des => parts.first().is_some_and(|part| WEAK.iter().any(|weak| weak & 0xfefe_fefe_fefe_fefe == *part)),
        Kind::TripleDes => parts.windows(2).any(|pair| pair.first() == pair.get(1)),
    }
}
