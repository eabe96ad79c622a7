//! The form of one backup file: a header that says what it is, a checksum over all of it, and the payload, compressed and, with a key,
//! encrypted. Moves no bytes to or from a disk.
//!
//! ```text
//! 0  8  magic `HOLDFAST`          28  8  length of the payload, big-endian
//! 8  2  version of the format     36 12  nonce, zero when not encrypted
//! 10 2  flags                     48 32  SHA-256 of bytes 0 to 48 and of the payload
//! 12 8  generation                80  …  the payload: gzip, then AES-256-GCM with bytes 0 to 48 as associated data
//! 20 8  length of the document
//! ```

use std::fmt;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest, Sha256};

use crate::settings::BackupKey;

/// The largest document that a backup may hold, decompressed.
pub const DOCUMENT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The largest backup file.
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A nonce of AES-GCM; must never be used twice with one key.
pub type NonceBytes = [u8; NONCE_LEN];

/// A document with its number; the higher one is the newer one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// The number, from 1.
    pub number: u64,
    /// The document.
    pub document: Vec<u8>,
}

/// Why the content of a file is no usable backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It ends inside its header, or is empty.
    HeaderTruncated(usize),
    /// It is not a backup of Holdfast at all.
    Foreign,
    /// Another version of the format.
    Version(u16),
    /// It is shorter or longer than its header says.
    Length {
        /// Bytes of payload that the header announces.
        announced: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// Some byte is not as it was written.
    Checksum,
    /// It was written with flags that this version does not know.
    Flags(u16),
    /// It is encrypted, and there is no key.
    KeyMissing,
    /// It is not encrypted although there is a key.
    NotEncrypted,
    /// The key is not the one that it was written with.
    WrongKey,
    /// The document in it cannot be decompressed, or is larger than allowed.
    Content(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeaderTruncated(found) => {
                write!(f, "cut off: {found} bytes are fewer than the header of {HEADER_BYTES}")
            }
            Self::Foreign => f.write_str("not a backup of Holdfast: it does not begin with `HOLDFAST`"),
            Self::Version(version) => {
                write!(f, "written in version {version} of the format; this program reads version {FORMAT_VERSION}")
            }
            Self::Length { announced, found } if found < announced => {
                write!(f, "cut off: {found} of {announced} bytes of its payload are there")
            }
            Self::Length { announced, found } => {
                write!(f, "too long: {found} bytes of payload are there, its header says {announced}")
            }
            Self::Checksum => f.write_str("damaged: the checksum does not match"),
            Self::Flags(flags) => write!(f, "written with flags {flags:#06x} that this program does not know"),
            Self::KeyMissing => f.write_str("encrypted, and `holdfast.backup.key` is not set"),
            Self::NotEncrypted => f.write_str("not encrypted although `holdfast.backup.key` is set"),
            Self::WrongKey => {
                f.write_str("cannot be decrypted: `holdfast.backup.key` is not the key it was written with")
            }
            Self::Content(reason) => write!(f, "cannot be decompressed: {reason}"),
        }
    }
}

const MAGIC: [u8; 8] = *b"HOLDFAST";
const FORMAT_VERSION: u16 = 1;
const FLAG_GZIP: u16 = 1;
const FLAG_ENCRYPTED: u16 = 2;
const SIGNED_BYTES: usize = 48;
const HEADER_BYTES: usize = 80;

/// Writes a generation as a file's content; `encryption` is the key and a nonce that was never used before.
///
/// # Errors
/// The document is larger than [`DOCUMENT_BYTES_MAX`], or the file would be larger than [`FILE_BYTES_MAX`]: in words.
pub fn encode(generation: &Generation, encryption: Option<(&BackupKey, NonceBytes)>) -> Result<Vec<u8>, String> {
    let length = u64::try_from(generation.document.len()).unwrap_or(u64::MAX);
    if length > DOCUMENT_BYTES_MAX {
        return Err(format!("the document has {length} bytes; at most {DOCUMENT_BYTES_MAX} are kept"));
    }
    let compressed = gzip(&generation.document)?;
    let tag = if encryption.is_some() { AES_256_GCM.tag_len() } else { 0 };
    let flags = if encryption.is_some() { FLAG_GZIP | FLAG_ENCRYPTED } else { FLAG_GZIP };
    let payload_length = u64::try_from(compressed.len() + tag).unwrap_or(u64::MAX);
    let nonce = encryption.map_or([0; NONCE_LEN], |(_, nonce)| nonce);
    let mut file = Vec::with_capacity(HEADER_BYTES + compressed.len() + tag);
    file.extend_from_slice(&MAGIC);
    file.extend_from_slice(&FORMAT_VERSION.to_be_bytes());
    file.extend_from_slice(&flags.to_be_bytes());
    file.extend_from_slice(&generation.number.to_be_bytes());
    file.extend_from_slice(&length.to_be_bytes());
    file.extend_from_slice(&payload_length.to_be_bytes());
    file.extend_from_slice(&nonce);
    let payload = match encryption {
        Some((key, nonce)) => seal(key, nonce, &file, compressed)?,
        None => compressed,
    };
    let checksum = checksum(&file, &payload);
    file.extend_from_slice(&checksum);
    file.extend_from_slice(&payload);
    let total = u64::try_from(file.len()).unwrap_or(u64::MAX);
    if total > FILE_BYTES_MAX {
        return Err(format!("the backup would have {total} bytes; at most {FILE_BYTES_MAX} are kept"));
    }
    Ok(file)
}

/// Reads a file's content. With a key only encrypted files are taken: whoever sets one relies on nobody else having written the file.
///
/// # Errors
/// What is wrong with it.
pub fn decode(file: &[u8], key: Option<&BackupKey>) -> Result<Generation, Fault> {
    let (header, payload) = intact(file)?;
    let signed = &header[..SIGNED_BYTES];
    let flags = u16::try_from(number::<2>(header, 10)).unwrap_or(u16::MAX);
    let compressed = match (flags, key) {
        (FLAG_GZIP, None) => payload.to_vec(),
        (FLAG_GZIP, Some(_)) => return Err(Fault::NotEncrypted),
        (flags, Some(key)) if flags == FLAG_GZIP | FLAG_ENCRYPTED => open(key, signed, payload.to_vec())?,
        (flags, None) if flags == FLAG_GZIP | FLAG_ENCRYPTED => return Err(Fault::KeyMissing),
        (flags, Some(_) | None) => return Err(Fault::Flags(flags)),
    };
    let document = gunzip(&compressed, number::<8>(header, 20))?;
    Ok(Generation { number: number::<8>(header, 12), document })
}

/// The number of the generation in a file that is as it was written, whether or not it can be decrypted.
#[must_use]
pub fn number_of(file: &[u8]) -> Option<u64> {
    intact(file).ok().map(|(header, _)| number::<8>(header, 12))
}

// Header and payload of a file in which no byte has changed.
fn intact(file: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let (header, payload) = file.split_at_checked(HEADER_BYTES).ok_or_else(|| short(file))?;
    if !header.starts_with(&MAGIC) {
        return Err(Fault::Foreign);
    }
    let version = number::<2>(header, 8);
    if version != u64::from(FORMAT_VERSION) {
        return Err(Fault::Version(u16::try_from(version).unwrap_or(u16::MAX)));
    }
    let (announced, found) = (number::<8>(header, 28), u64::try_from(payload.len()).unwrap_or(u64::MAX));
    if announced != found {
        return Err(Fault::Length { announced, found });
    }
    let (signed, written) = header.split_at(SIGNED_BYTES);
    if checksum(signed, payload) == *written { Ok((header, payload)) } else { Err(Fault::Checksum) }
}

fn short(file: &[u8]) -> Fault {
    let beginning = file.get(..MAGIC.len()).unwrap_or(file);
    if MAGIC.starts_with(beginning) { Fault::HeaderTruncated(file.len()) } else { Fault::Foreign }
}

fn number<const N: usize>(header: &[u8], at: usize) -> u64 {
    header[at..at + N].iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

fn checksum(signed: &[u8], payload: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(signed).chain_update(payload).finalize().into()
}

fn gzip(document: &[u8]) -> Result<Vec<u8>, String> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(document).and_then(|()| encoder.finish()).map_err(|error| error.to_string())
}

fn gunzip(compressed: &[u8], length: u64) -> Result<Vec<u8>, Fault> {
    if length > DOCUMENT_BYTES_MAX {
        return Err(Fault::Content(format!("{length} bytes are more than {DOCUMENT_BYTES_MAX}")));
    }
    let mut document = Vec::new();
    let mut decoder = GzDecoder::new(compressed).take(length.saturating_add(1));
    decoder.read_to_end(&mut document).map_err(|error| Fault::Content(error.to_string()))?;
    let found = u64::try_from(document.len()).unwrap_or(u64::MAX);
    if found == length { Ok(document) } else { Err(Fault::Content(format!("{length} bytes were announced"))) }
}

fn cipher(key: &BackupKey) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, &key.0).ok().map(LessSafeKey::new)
}

fn seal(key: &BackupKey, nonce: NonceBytes, signed: &[u8], mut content: Vec<u8>) -> Result<Vec<u8>, String> {
    let nonce = Nonce::assume_unique_for_key(nonce);
    let sealed = cipher(key).map(|key| key.seal_in_place_append_tag(nonce, Aad::from(signed), &mut content));
    match sealed {
        Some(Ok(())) => Ok(content),
        Some(Err(_)) | None => Err("encryption failed".to_owned()),
    }
}

fn open(key: &BackupKey, signed: &[u8], mut content: Vec<u8>) -> Result<Vec<u8>, Fault> {
    let nonce = Nonce::try_assume_unique_for_key(&signed[36..SIGNED_BYTES]).map_err(|_| Fault::WrongKey)?;
    let key = cipher(key).ok_or(Fault::WrongKey)?;
    let length = key.open_in_place(nonce, Aad::from(signed), &mut content).map_err(|_| Fault::WrongKey)?.len();
    content.truncate(length);
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: BackupKey = BackupKey([7; 32]);
    const OTHER: BackupKey = BackupKey([8; 32]);

    fn generation() -> Generation {
        Generation { number: 42, document: b"{\"revision\":\"0000002a\",\"resources\":[]}".to_vec() }
    }

    fn plain() -> Vec<u8> {
        encode(&generation(), None).unwrap()
    }

    fn sealed() -> Vec<u8> {
        encode(&generation(), Some((&KEY, [1; NONCE_LEN]))).unwrap()
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(decode(&plain(), None), Ok(generation()));
        assert_eq!(decode(&sealed(), Some(&KEY)), Ok(generation()));
        assert!(!sealed().windows(8).any(|window| window == b"revision"));
    }

    #[test]
    fn cut_off_at_every_byte() {
        for (file, key) in [(plain(), None), (sealed(), Some(&KEY))] {
            for length in 0..file.len() {
                let fault = decode(&file[..length], key).unwrap_err();
                assert!(matches!(fault, Fault::HeaderTruncated(_) | Fault::Length { .. }), "{length}: {fault}");
                assert!(fault.to_string().contains("cut off"));
            }
            let longer = [&file[..], b"x"].concat();
            assert!(decode(&longer, key).unwrap_err().to_string().contains("too long"));
        }
    }

    #[test]
    fn every_bit_flipped() {
        for (file, key) in [(plain(), None), (sealed(), Some(&KEY))] {
            for at in 0..file.len() * 8 {
                let mut flipped = file.clone();
                flipped[at / 8] ^= 1 << (at % 8);
                let fault = decode(&flipped, key).unwrap_err();
                match at / 8 {
                    0..8 => assert_eq!(fault, Fault::Foreign),
                    8..10 => assert!(matches!(fault, Fault::Version(_)), "{at}: {fault}"),
                    28..36 => assert!(matches!(fault, Fault::Length { .. }), "{at}: {fault}"),
                    _ => assert_eq!(fault, Fault::Checksum, "{at}"),
                }
            }
        }
    }

    #[test]
    fn keys_that_do_not_fit() {
        assert_eq!(decode(&sealed(), Some(&OTHER)), Err(Fault::WrongKey));
        assert_eq!(decode(&sealed(), None), Err(Fault::KeyMissing));
        assert_eq!(decode(&plain(), Some(&KEY)), Err(Fault::NotEncrypted));
    }

    #[test]
    fn foreign_files_and_zeroes() {
        assert_eq!(decode(b"{\"snapshot\": true}", None), Err(Fault::Foreign));
        assert_eq!(decode(&[0; 200], None), Err(Fault::Foreign));
        assert_eq!(decode(b"", None), Err(Fault::HeaderTruncated(0)));
    }

    #[test]
    fn a_bomb_is_stopped_at_its_announced_length() {
        let mut file = encode(&Generation { number: 1, document: vec![0; 100_000] }, None).unwrap();
        file[20..28].copy_from_slice(&10_u64.to_be_bytes());
        let sum = checksum(&file[..SIGNED_BYTES], &file[HEADER_BYTES..]);
        file[SIGNED_BYTES..HEADER_BYTES].copy_from_slice(&sum);
        assert!(matches!(decode(&file, None), Err(Fault::Content(_))));
    }
}
