//! Key stores (PKCS #12, RFC 7292): a certificate with its key under a password. Reads triple DES and AES, writes AES.

use std::sync::Arc;

use super::certificate::{Certificate, algorithm};
use super::chance::SecretStream;
use super::cipher::{Direction, Keyed, Kind, Mode, Padding, pad, unpad};
use super::client_identity::ClientIdentity;
use super::der::{self, Reader};
use super::digest::Digest;
use super::oid;
use super::rsa_key::RsaKey;

/// What reading or writing a key store is worth in steps of an expression.
pub const STEPS: u32 = 50_000;

/// The most rounds that keys are derived by, in all of a key store.
const ROUNDS_MAX: usize = 100_000;
/// How many rounds a key is derived by when one is written, as .NET does.
const ROUNDS_WRITTEN: u32 = 2_000;

const DATA: &str = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA: &str = "1.2.840.113549.1.7.6";
const KEY_BAG: &str = "1.2.840.113549.1.12.10.1.1";
const SHROUDED_KEY_BAG: &str = "1.2.840.113549.1.12.10.1.2";
const CERTIFICATE_BAG: &str = "1.2.840.113549.1.12.10.1.3";
const X509: &str = "1.2.840.113549.1.9.22.1";
const PBES2: &str = "1.2.840.113549.1.5.13";
const PBKDF2: &str = "1.2.840.113549.1.5.12";
const TRIPLE_DES_BY_SHA1: &str = "1.2.840.113549.1.12.1.3";
const DOUBLE_DES_BY_SHA1: &str = "1.2.840.113549.1.12.1.4";
const TRIPLE_DES: &str = "1.2.840.113549.3.7";
const AES_128: &str = "2.16.840.1.101.3.4.1.2";
const AES_192: &str = "2.16.840.1.101.3.4.1.22";
const AES_256: &str = "2.16.840.1.101.3.4.1.42";
const HMACS: [(&str, Digest); 4] = [
    ("1.2.840.113549.2.7", Digest::Sha1),
    ("1.2.840.113549.2.9", Digest::Sha256),
    ("1.2.840.113549.2.10", Digest::Sha384),
    ("1.2.840.113549.2.11", Digest::Sha512),
];

/// Why a key store could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PfxFault {
    /// It is none.
    Malformed,
    /// The password is another.
    Password,
    /// It uses an algorithm that is not read, or too many rounds.
    Unsupported,
    /// It holds no key, or none that belongs to one of its certificates.
    NoKey,
}

/// Whether the bytes look like a key store.
#[must_use]
pub fn is_pfx(bytes: &[u8]) -> bool {
    let inside = Reader::new(bytes).inside(der::SEQUENCE);
    inside.is_some_and(|mut inside| inside.small() == Some(3) && content(&mut inside).is_some())
}

/// The certificate of a key store that a key belongs to, or else its first one.
///
/// # Errors
/// It cannot be read.
pub fn read(bytes: &[u8], password: &str) -> Result<Certificate, PfxFault> {
    opened(bytes, password)?.certificate()
}

/// What a key store holds to be shown to a server: a certificate with its key, of any kind, and its chain.
///
/// # Errors
/// It cannot be read, or holds no key with a certificate.
pub fn read_identity(bytes: &[u8], password: &str) -> Result<ClientIdentity, PfxFault> {
    let store = opened(bytes, password)?;
    ClientIdentity::chosen(&store.certificates, store.keys)
}

fn opened(bytes: &[u8], password: &str) -> Result<Store, PfxFault> {
    let mut inside = Reader::new(bytes).inside(der::SEQUENCE).ok_or(PfxFault::Malformed)?;
    if inside.small() != Some(3) {
        return Err(PfxFault::Malformed);
    }
    let (id, safe) = content(&mut inside).ok_or(PfxFault::Malformed)?;
    let safe = Reader::new(safe).expect(der::OCTET_STRING).filter(|_| id == DATA).ok_or(PfxFault::Unsupported)?;
    let mut store = Store { password: password.to_owned(), rounds: 0, certificates: Vec::new(), keys: Vec::new() };
    store.authenticate(safe.contents, inside)?;
    let mut parts = Reader::new(safe.contents).inside(der::SEQUENCE).ok_or(PfxFault::Malformed)?;
    while !parts.is_empty() {
        let (id, part) = content(&mut parts).ok_or(PfxFault::Malformed)?;
        store.part(&id, part)?;
    }
    Ok(store)
}

// A content's kind and what is in it.
fn content<'a>(reader: &mut Reader<'a>) -> Option<(String, &'a [u8])> {
    let mut info = reader.inside(der::SEQUENCE)?;
    Some((info.object_id()?, info.expect(der::CONTEXT_0)?.contents))
}

struct Store {
    password: String,
    rounds: usize,
    certificates: Vec<Certificate>,
    keys: Vec<Vec<u8>>,
}

impl Store {
    fn authenticate(&mut self, safe: &[u8], mut rest: Reader<'_>) -> Result<(), PfxFault> {
        if rest.is_empty() {
            return Ok(());
        }
        let mut mac = rest.inside(der::SEQUENCE).ok_or(PfxFault::Malformed)?;
        let mut info = mac.inside(der::SEQUENCE).ok_or(PfxFault::Malformed)?;
        let digest = algorithm(&mut info).ok_or(PfxFault::Malformed)?;
        let digest = Digest::of_id(&digest.id).ok_or(PfxFault::Unsupported)?;
        let wanted = info.expect(der::OCTET_STRING).ok_or(PfxFault::Malformed)?.contents;
        let salt = mac.expect(der::OCTET_STRING).ok_or(PfxFault::Malformed)?.contents;
        let rounds = if mac.is_empty() { 1 } else { mac.small().ok_or(PfxFault::Malformed)? };
        let rounds = self.counted(rounds)?;
        let fits = |password: &[u8]| {
            let key = derive(digest, 3, password, salt, rounds, digest.bytes());
            is_equal(&digest.authenticate(&key, safe), wanted)
        };
        // No password is written as nothing at all by some, and as an empty text by others.
        let is_right = fits(&units(&self.password)) || self.password.is_empty() && fits(&[]);
        if is_right { Ok(()) } else { Err(PfxFault::Password) }
    }

    fn part(&mut self, id: &str, part: &[u8]) -> Result<(), PfxFault> {
        let plain = match id {
            DATA => Reader::new(part).expect(der::OCTET_STRING).ok_or(PfxFault::Malformed)?.contents.to_vec(),
            ENCRYPTED_DATA => {
                let mut data = Reader::new(part).inside(der::SEQUENCE).ok_or(PfxFault::Malformed)?;
                data.small().ok_or(PfxFault::Malformed)?;
                let mut info = data.inside(der::SEQUENCE).ok_or(PfxFault::Malformed)?;
                info.object_id().ok_or(PfxFault::Malformed)?;
                self.decrypted(&mut info, 0x80)?
            }
            _ => return Err(PfxFault::Unsupported),
        };
        let mut bags = Reader::new(&plain).inside(der::SEQUENCE).ok_or(PfxFault::Password)?;
        while !bags.is_empty() {
            let mut bag = bags.inside(der::SEQUENCE).ok_or(PfxFault::Malformed)?;
            let id = bag.object_id().ok_or(PfxFault::Malformed)?;
            let value = bag.expect(der::CONTEXT_0).ok_or(PfxFault::Malformed)?.contents;
            self.bag(&id, value)?;
        }
        Ok(())
    }

    fn bag(&mut self, id: &str, value: &[u8]) -> Result<(), PfxFault> {
        match id {
            KEY_BAG => self.keys.push(value.to_vec()),
            SHROUDED_KEY_BAG => {
                let mut info = Reader::new(value).inside(der::SEQUENCE).ok_or(PfxFault::Malformed)?;
                let key = self.decrypted(&mut info, der::OCTET_STRING)?;
                self.keys.push(key);
            }
            CERTIFICATE_BAG => {
                let mut bag = Reader::new(value).inside(der::SEQUENCE).ok_or(PfxFault::Malformed)?;
                let is_x509 = bag.object_id().ok_or(PfxFault::Malformed)? == X509;
                let encoded = bag.inside(der::CONTEXT_0).and_then(|mut bag| bag.expect(der::OCTET_STRING));
                let encoded = encoded.filter(|_| is_x509).ok_or(PfxFault::Unsupported)?;
                self.certificates.push(Certificate::of_der(encoded.contents).ok_or(PfxFault::Malformed)?);
            }
            _ => {}
        }
        Ok(())
    }

    // An algorithm and, under this tag, what was encrypted with it.
    fn decrypted(&mut self, info: &mut Reader<'_>, tag: u8) -> Result<Vec<u8>, PfxFault> {
        let algorithm = algorithm(info).ok_or(PfxFault::Malformed)?;
        let encrypted = info.expect(tag).ok_or(PfxFault::Malformed)?.contents;
        let scheme = match algorithm.id.as_str() {
            PBES2 => self.scheme(&algorithm.parameters)?,
            TRIPLE_DES_BY_SHA1 => self.old_scheme(&algorithm.parameters, 24)?,
            DOUBLE_DES_BY_SHA1 => self.old_scheme(&algorithm.parameters, 16)?,
            _ => return Err(PfxFault::Unsupported),
        };
        let Scheme { kind, key, mut vector } = scheme;
        let block = kind.block();
        if vector.len() != block || encrypted.is_empty() || encrypted.len() % block != 0 {
            return Err(PfxFault::Malformed);
        }
        let keyed = Keyed::new(kind, &key).ok_or(PfxFault::Malformed)?;
        let mut plain = encrypted.to_vec();
        keyed.run(Direction::Decrypt, Mode::Cbc, &mut vector, &mut plain);
        unpad(&mut plain, block, Padding::Pkcs7).map_err(|_| PfxFault::Password)?;
        Ok(plain)
    }

    fn scheme(&mut self, parameters: &[u8]) -> Result<Scheme, PfxFault> {
        let mut reader = Reader::new(parameters).inside(der::SEQUENCE).ok_or(PfxFault::Malformed)?;
        let derivation = algorithm(&mut reader).ok_or(PfxFault::Malformed)?;
        let cipher = algorithm(&mut reader).ok_or(PfxFault::Malformed)?;
        let (kind, length) = match cipher.id.as_str() {
            AES_128 => (Kind::Aes, 16),
            AES_192 => (Kind::Aes, 24),
            AES_256 => (Kind::Aes, 32),
            TRIPLE_DES => (Kind::TripleDes, 24),
            _ => return Err(PfxFault::Unsupported),
        };
        let vector = Reader::new(&cipher.parameters).expect(der::OCTET_STRING).ok_or(PfxFault::Malformed)?;
        if derivation.id != PBKDF2 {
            return Err(PfxFault::Unsupported);
        }
        let mut reader = Reader::new(&derivation.parameters).inside(der::SEQUENCE).ok_or(PfxFault::Malformed)?;
        let salt = reader.expect(der::OCTET_STRING).ok_or(PfxFault::Malformed)?.contents;
        let rounds = reader.small().ok_or(PfxFault::Malformed)?;
        reader.optional(der::INTEGER);
        let digest = match reader.is_empty() {
            true => Digest::Sha1,
            false => {
                let id = algorithm(&mut reader).ok_or(PfxFault::Malformed)?.id;
                let found = HMACS.iter().find(|(known, _)| *known == id);
                found.ok_or(PfxFault::Unsupported)?.1
            }
        };
        let rounds = self.counted(rounds)?;
        let key = stretch(digest, self.password.as_bytes(), salt, rounds, length);
        Ok(Scheme { kind, key, vector: vector.contents.to_vec() })
    }

    fn old_scheme(&mut self, parameters: &[u8], length: usize) -> Result<Scheme, PfxFault> {
        let mut reader = Reader::new(parameters).inside(der::SEQUENCE).ok_or(PfxFault::Malformed)?;
        let salt = reader.expect(der::OCTET_STRING).ok_or(PfxFault::Malformed)?.contents;
        let rounds = reader.small().ok_or(PfxFault::Malformed)?;
        let rounds = self.counted(rounds)?;
        let password = units(&self.password);
        let key = derive(Digest::Sha1, 1, &password, salt, rounds, length);
        let vector = derive(Digest::Sha1, 2, &password, salt, rounds, 8);
        Ok(Scheme { kind: Kind::TripleDes, key, vector })
    }

    fn counted(&mut self, rounds: u32) -> Result<usize, PfxFault> {
        let rounds = usize::try_from(rounds).map_err(|_| PfxFault::Unsupported)?;
        self.rounds = self.rounds.saturating_add(rounds);
        if self.rounds > ROUNDS_MAX { Err(PfxFault::Unsupported) } else { Ok(rounds.max(1)) }
    }

    fn certificate(self) -> Result<Certificate, PfxFault> {
        let keys: Vec<Arc<RsaKey>> = self
            .keys
            .iter()
            .filter_map(|key| RsaKey::of_private_key_info(key).ok())
            .map(|(key, _)| Arc::new(key))
            .collect();
        let has_other = self.keys.len() > keys.len();
        let mut first = None;
        for certificate in self.certificates {
            for key in &keys {
                let with_key = certificate.clone().with_key(Some(Arc::clone(key)), false);
                if with_key.has_private_key {
                    return Ok(with_key);
                }
            }
            first.get_or_insert(certificate);
        }
        let first = first.ok_or(PfxFault::Malformed)?;
        Ok(first.with_key(None, has_other))
    }
}

struct Scheme {
    kind: Kind,
    key: Vec<u8>,
    vector: Vec<u8>,
}

// A password in UTF-16, big end first, with a zero at its end (RFC 7292 §B.1).
fn units(password: &str) -> Vec<u8> {
    password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect()
}

// RFC 7292 §B.2: `purpose` is 1 for keys, 2 for vectors, 3 for authentication codes.
fn derive(digest: Digest, purpose: u8, password: &[u8], salt: &[u8], rounds: usize, length: usize) -> Vec<u8> {
    let block = digest.block_bytes();
    let filled = |bytes: &[u8]| -> Vec<u8> {
        let total = bytes.len().div_ceil(block) * block;
        bytes.iter().copied().cycle().take(total).collect()
    };
    let diversifier = vec![purpose; block];
    let mut mixed = [filled(salt), filled(password)].concat();
    let mut out = Vec::new();
    while out.len() < length {
        let mut hash = digest.digest(&[diversifier.as_slice(), &mixed].concat());
        for _ in 1..rounds {
            hash = digest.digest(&hash);
        }
        let addend: Vec<u8> = hash.iter().copied().cycle().take(block).collect();
        for part in mixed.chunks_exact_mut(block) {
            // part + addend + 1, as numbers of a block's length
            let mut carry = 1_u16;
            for (byte, other) in part.iter_mut().zip(&addend).rev() {
                let sum = u16::from(*byte) + u16::from(*other) + carry;
                *byte = (sum & 0xff) as u8;
                carry = sum >> 8;
            }
        }
        out.extend_from_slice(&hash);
    }
    out.truncate(length);
    out
}

// PBKDF2 (RFC 8018 §5.2).
fn stretch(digest: Digest, password: &[u8], salt: &[u8], rounds: usize, length: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut index = 1_u32;
    while out.len() < length {
        let mut last = digest.authenticate(password, &[salt, &index.to_be_bytes()].concat());
        let mut sum = last.clone();
        for _ in 1..rounds {
            last = digest.authenticate(password, &last);
            for (byte, other) in sum.iter_mut().zip(&last) {
                *byte ^= other;
            }
        }
        out.extend_from_slice(&sum);
        index += 1;
    }
    out.truncate(length);
    out
}

fn is_equal(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

/// A key store of a certificate, and of its key where that is known.
#[must_use]
pub fn write(certificate: &Certificate, password: &str, chance: &mut SecretStream) -> Vec<u8> {
    let id = |id: &str| oid::encoded(id).unwrap_or_default();
    let octets = |bytes: &[u8]| der::element(der::OCTET_STRING, bytes);
    let tagged = |bytes: &[u8]| der::element(der::CONTEXT_0, bytes);
    let local_key =
        der::element(der::SET, &der::sequence(&[id("1.2.840.113549.1.9.21"), der::element(der::SET, &octets(&[1]))]));
    let encoded = der::sequence(&[id(X509), tagged(&octets(&certificate.raw))]);
    let mut bags = vec![der::sequence(&[id(CERTIFICATE_BAG), tagged(&encoded), local_key.clone()])];
    if let Some(key) = certificate.private_key.as_ref().and_then(|key| key.to_private_key_info()) {
        let shrouded = shrouded(&key, password, chance);
        bags.push(der::sequence(&[id(SHROUDED_KEY_BAG), tagged(&shrouded), local_key]));
    }
    let safe = der::sequence(&[der::sequence(&[id(DATA), tagged(&octets(&der::sequence(&bags)))])]);
    let salt = chance.bytes(20);
    let rounds = usize::try_from(ROUNDS_WRITTEN).unwrap_or(1);
    let key = derive(Digest::Sha256, 3, &units(password), &salt, rounds, Digest::Sha256.bytes());
    let code = Digest::Sha256.authenticate(&key, &safe);
    let algorithm = der::sequence(&[id(Digest::Sha256.id()), der::element(der::NULL, &[])]);
    let mac = der::sequence(&[
        der::sequence(&[algorithm, octets(&code)]),
        octets(&salt),
        der::unsigned(&ROUNDS_WRITTEN.to_be_bytes()),
    ]);
    der::sequence(&[der::unsigned(&[3]), der::sequence(&[id(DATA), tagged(&octets(&safe))]), mac])
}

// A key under PBES2 with AES-256.
fn shrouded(key: &[u8], password: &str, chance: &mut SecretStream) -> Vec<u8> {
    let id = |id: &str| oid::encoded(id).unwrap_or_default();
    let octets = |bytes: &[u8]| der::element(der::OCTET_STRING, bytes);
    let (salt, mut vector) = (chance.bytes(16), chance.bytes(Kind::Aes.block()));
    let prf = der::sequence(&[id("1.2.840.113549.2.9"), der::element(der::NULL, &[])]);
    let derivation = der::sequence(&[octets(&salt), der::unsigned(&ROUNDS_WRITTEN.to_be_bytes()), prf]);
    let parameters =
        der::sequence(&[der::sequence(&[id(PBKDF2), derivation]), der::sequence(&[id(AES_256), octets(&vector)])]);
    let rounds = usize::try_from(ROUNDS_WRITTEN).unwrap_or(1);
    let stretched = stretch(Digest::Sha256, password.as_bytes(), &salt, rounds, 32);
    let mut plain = key.to_vec();
    // PKCS #7 fits always.
    let padded = pad(&mut plain, Kind::Aes.block(), Padding::Pkcs7, || 0);
    if let (Ok(()), Some(keyed)) = (padded, Keyed::new(Kind::Aes, &stretched)) {
        keyed.run(Direction::Encrypt, Mode::Cbc, &mut vector, &mut plain);
    }
    der::sequence(&[der::sequence(&[id(PBES2), parameters]), octets(&plain)])
}
