//! `byte[].Encrypt` and `byte[].Decrypt`: AES in the mode and with the padding that .NET takes by default, CBC and PKCS #7.

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256};

use super::{Call, Row, row};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, argument, null_reference, throw};
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("byte[]", "byte[] Encrypt(string alg, byte[] key, byte[] iv)", |call| run(call, encrypt)),
    row("byte[]", "byte[] Decrypt(string alg, byte[] key, byte[] iv)", |call| run(call, decrypt)),
];

/// Bytes of a block of AES, and of its initialization vector.
const BLOCK: usize = 16;

type Block = [u8; BLOCK];

enum Cipher {
    Aes128(Aes128),
    Aes192(Aes192),
    Aes256(Aes256),
}

impl Cipher {
    fn new(key: &[u8]) -> Option<Self> {
        match key.len() {
            16 => Aes128::new_from_slice(key).ok().map(Self::Aes128),
            24 => Aes192::new_from_slice(key).ok().map(Self::Aes192),
            32 => Aes256::new_from_slice(key).ok().map(Self::Aes256),
            _ => None,
        }
    }

    fn encrypt(&self, block: Block) -> Block {
        let mut block: aes::Block = block.into();
        match self {
            Self::Aes128(cipher) => cipher.encrypt_block(&mut block),
            Self::Aes192(cipher) => cipher.encrypt_block(&mut block),
            Self::Aes256(cipher) => cipher.encrypt_block(&mut block),
        }
        block.into()
    }

    fn decrypt(&self, block: Block) -> Block {
        let mut block: aes::Block = block.into();
        match self {
            Self::Aes128(cipher) => cipher.decrypt_block(&mut block),
            Self::Aes192(cipher) => cipher.decrypt_block(&mut block),
            Self::Aes256(cipher) => cipher.decrypt_block(&mut block),
        }
        block.into()
    }
}

fn cryptographic(message: &str) -> Interrupt {
    throw("System.Security.Cryptography.CryptographicException", message)
}

fn run(call: &mut Call<'_, '_>, crypt: fn(&Cipher, Block, &[u8]) -> Outcome<Vec<u8>>) -> Outcome<Value> {
    let bytes = call.bytes(0, "this")?;
    // Other names that .NET knows are of ciphers that nobody should use; an unknown one gives no algorithm there.
    let known = ["AES", "AESMANAGED", "RIJNDAEL", "RIJNDAELMANAGED"];
    let name = call.text(1, "alg")?;
    if !known.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return Err(null_reference());
    }
    let (key, vector) = (call.bytes(2, "rgbKey")?, call.bytes(3, "rgbIV")?);
    let size = "Specified key is not a valid size for this algorithm.";
    let cipher = Cipher::new(&key).ok_or_else(|| argument(size, "rgbKey"))?;
    let mismatch = "Specified initialization vector (IV) does not match the block size for this algorithm.";
    let vector: Block = vector.get(..).and_then(|iv| iv.try_into().ok()).ok_or_else(|| argument(mismatch, "rgbIV"))?;
    call.machine.charge(bytes.len() + BLOCK)?;
    call.machine.spend(u32::try_from(bytes.len() / 64).unwrap_or(u32::MAX))?;
    Ok(Value::Bytes(crypt(&cipher, vector, &bytes)?.into()))
}

fn xor(a: Block, b: Block) -> Block {
    let mut mixed = a;
    for (mixed, other) in mixed.iter_mut().zip(b) {
        *mixed ^= other;
    }
    mixed
}

#[expect(clippy::unnecessary_wraps, reason = "decryption can fail, and both have one type")]
fn encrypt(cipher: &Cipher, vector: Block, bytes: &[u8]) -> Outcome<Vec<u8>> {
    let missing = BLOCK - bytes.len() % BLOCK;
    let mut padded = bytes.to_vec();
    padded.extend(std::iter::repeat_n(u8::try_from(missing).unwrap_or(0), missing));
    let mut out = Vec::with_capacity(padded.len());
    let mut before = vector;
    for block in padded.as_chunks::<BLOCK>().0 {
        before = cipher.encrypt(xor(*block, before));
        out.extend(before);
    }
    Ok(out)
}

fn decrypt(cipher: &Cipher, vector: Block, bytes: &[u8]) -> Outcome<Vec<u8>> {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    if !rest.is_empty() {
        return Err(cryptographic("The input data is not a complete block."));
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut before = vector;
    for block in blocks {
        out.extend(xor(cipher.decrypt(*block), before));
        before = *block;
    }
    let padding = usize::from(out.last().copied().unwrap_or(0));
    let is_padding =
        |start: usize| out.get(start..).is_some_and(|tail| tail.iter().all(|b| usize::from(*b) == padding));
    let kept = out.len().checked_sub(padding).filter(|kept| (1..=BLOCK).contains(&padding) && is_padding(*kept));
    match kept {
        Some(kept) => out.truncate(kept),
        None if bytes.is_empty() => {}
        None => return Err(cryptographic("Padding is invalid and cannot be removed.")),
    }
    Ok(out)
}
