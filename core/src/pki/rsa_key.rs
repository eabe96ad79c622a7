//! RSA keys: reading and writing in all the forms that .NET has. What they do stands in `rsa_use`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::BoxedUint;
use rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};

use super::chance::SecretStream;
use super::der::{self, Reader};
use super::{oid, pem};

/// The identifier of RSA keys.
pub const RSA: &str = "1.2.840.113549.1.1.1";

/// The shortest modulus, in bits.
pub const BITS_MIN: usize = 1024;
/// The longest modulus, in bits: one signature of such a key takes a tenth of a second.
pub const BITS_MAX: usize = 8192;

/// An RSA key. Its `Debug` shows no number.
#[derive(Clone)]
pub struct RsaKey {
    /// The numbers.
    pub parts: Parts,
    pub(super) public: rsa::PublicKey,
    pub(super) private: Option<rsa::PrivateKey>,
}

/// The numbers of a key, most significant byte first.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// n
    pub modulus: Vec<u8>,
    /// e
    pub exponent: Vec<u8>,
    /// What only the owner knows.
    pub secret: Option<Secret>,
}

/// The numbers that only the owner of a key knows.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret {
    /// d
    pub d: Vec<u8>,
    /// The first prime
    pub p: Vec<u8>,
    /// The second prime
    pub q: Vec<u8>,
    /// d mod (p - 1)
    pub dp: Vec<u8>,
    /// d mod (q - 1)
    pub dq: Vec<u8>,
    /// The inverse of q mod p
    pub inverse: Vec<u8>,
}

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// The input is no key of this form.
    Malformed,
    /// Its numbers do not belong together, or are out of bounds.
    Invalid,
    /// There is no key in the text.
    Absent,
    /// The key is encrypted.
    Encrypted,
    /// There is more than one key in the text.
    Ambiguous,
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RsaKey").field("bits", &self.bits()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parts(…)")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl RsaKey {
    /// A new key of so many bits; between [`BITS_MIN`] and [`BITS_MAX`].
    ///
    /// # Errors
    /// The size is out of bounds.
    pub fn generate(bits: usize, chance: &mut SecretStream) -> Result<Self, KeyFault> {
        if !(BITS_MIN..=BITS_MAX).contains(&bits) {
            return Err(KeyFault::Invalid);
        }
        let private = rsa::PrivateKey::new(chance, bits).map_err(|_| KeyFault::Invalid)?;
        let of = |number: &BoxedUint| number.to_be_bytes_trimmed_vartime().to_vec();
        let [p, q] = private.primes() else { return Err(KeyFault::Invalid) };
        let secret = Secret {
            d: of(private.d()),
            p: of(p.as_ref()),
            q: of(q.as_ref()),
            dp: private.dp().map(of).unwrap_or_default(),
            dq: private.dq().map(of).unwrap_or_default(),
            inverse: private.crt_coefficient().as_ref().map(of).unwrap_or_default(),
        };
        let parts = Parts { modulus: of(private.n().as_ref()), exponent: of(private.e()), secret: Some(secret) };
        Ok(Self { parts, public: private.to_public_key(), private: Some(private) })
    }

    /// The key of these numbers.
    ///
    /// # Errors
    /// They do not belong together, or are out of bounds.
    pub fn of_parts(parts: Parts) -> Result<Self, KeyFault> {
        let modulus = der::trimmed(&parts.modulus);
        if modulus.len() * 8 > BITS_MAX || modulus.len() * 8 < BITS_MIN || der::trimmed(&parts.exponent).len() > 8 {
            return Err(KeyFault::Invalid);
        }
        let number = BoxedUint::from_be_slice_vartime;
        let (n, e) = (number(modulus), number(der::trimmed(&parts.exponent)));
        let public = rsa::PublicKey::new_with_size_limits(n.clone(), e.clone(), BITS_MIN..=BITS_MAX)
            .map_err(|_| KeyFault::Invalid)?;
        let private = match &parts.secret {
            Some(secret) => {
                let bits = u32::try_from(modulus.len() * 8).map_err(|_| KeyFault::Invalid)?;
                let inside =
                    |digits: &[u8]| BoxedUint::from_be_slice(der::trimmed(digits), bits).map_err(|_| KeyFault::Invalid);
                let primes = vec![number(der::trimmed(&secret.p)), number(der::trimmed(&secret.q))];
                let key = rsa::PrivateKey::from_components(n, e, inside(&secret.d)?, primes);
                Some(key.map_err(|_| KeyFault::Invalid)?)
            }
            None => None,
        };
        Ok(Self { parts, public, private })
    }

    /// From PKCS #1, `RSAPublicKey`; also how many bytes of the input it is.
    ///
    /// # Errors
    /// It is none.
    pub fn of_public(bytes: &[u8]) -> Result<(Self, usize), KeyFault> {
        let whole = Reader::new(bytes).expect(der::SEQUENCE).ok_or(KeyFault::Malformed)?;
        let mut reader = Reader::new(whole.contents);
        let mut number = || reader.unsigned().map(<[u8]>::to_vec).ok_or(KeyFault::Malformed);
        let parts = Parts { modulus: number()?, exponent: number()?, secret: None };
        Ok((Self::of_parts(parts)?, whole.whole.len()))
    }

    /// From PKCS #1, `RSAPrivateKey`; also how many bytes of the input it is.
    ///
    /// # Errors
    /// It is none.
    pub fn of_private(bytes: &[u8]) -> Result<(Self, usize), KeyFault> {
        let whole = Reader::new(bytes).expect(der::SEQUENCE).ok_or(KeyFault::Malformed)?;
        let mut reader = Reader::new(whole.contents);
        if reader.small() != Some(0) {
            return Err(KeyFault::Malformed);
        }
        let mut number = || reader.unsigned().map(<[u8]>::to_vec).ok_or(KeyFault::Malformed);
        let (modulus, exponent) = (number()?, number()?);
        let secret =
            Secret { d: number()?, p: number()?, q: number()?, dp: number()?, dq: number()?, inverse: number()? };
        Ok((Self::of_parts(Parts { modulus, exponent, secret: Some(secret) })?, whole.whole.len()))
    }

    /// From PKCS #8, `PrivateKeyInfo`; also how many bytes of the input it is.
    ///
    /// # Errors
    /// It is none, or another kind of key.
    pub fn of_private_key_info(bytes: &[u8]) -> Result<(Self, usize), KeyFault> {
        let whole = Reader::new(bytes).expect(der::SEQUENCE).ok_or(KeyFault::Malformed)?;
        let mut reader = Reader::new(whole.contents);
        let is_known = reader.small().is_some_and(|version| version <= 1);
        let algorithm = super::certificate::algorithm(&mut reader).ok_or(KeyFault::Malformed)?;
        let key = reader.expect(der::OCTET_STRING).ok_or(KeyFault::Malformed)?;
        if !is_known || algorithm.id != RSA {
            return Err(KeyFault::Malformed);
        }
        Ok((Self::of_private(key.contents)?.0, whole.whole.len()))
    }

    /// From `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// It is none, or another kind of key.
    pub fn of_public_key_info(bytes: &[u8]) -> Result<Self, KeyFault> {
        let whole = Reader::new(bytes).expect(der::SEQUENCE).ok_or(KeyFault::Malformed)?;
        let info = super::certificate::PublicKeyInfo::read(whole.whole).ok_or(KeyFault::Malformed)?;
        if info.algorithm.id != RSA {
            return Err(KeyFault::Malformed);
        }
        Ok(Self::of_public(&info.bits)?.0)
    }

    /// From the one key of a PEM text.
    ///
    /// # Errors
    /// There is none, more than one, or one that cannot be read.
    pub fn of_pem(text: &str) -> Result<Self, KeyFault> {
        let known = ["PRIVATE KEY", "RSA PRIVATE KEY", "PUBLIC KEY", "RSA PUBLIC KEY", "ENCRYPTED PRIVATE KEY"];
        let blocks = pem::blocks(text);
        let mut keys = blocks.iter().filter(|(label, _)| known.contains(label));
        let (label, bytes) = keys.next().ok_or(KeyFault::Absent)?;
        if keys.next().is_some() {
            return Err(KeyFault::Ambiguous);
        }
        match *label {
            "PRIVATE KEY" => Self::of_private_key_info(bytes).map(|(key, _)| key),
            "RSA PRIVATE KEY" => Self::of_private(bytes).map(|(key, _)| key),
            "PUBLIC KEY" => Self::of_public_key_info(bytes),
            "RSA PUBLIC KEY" => Self::of_public(bytes).map(|(key, _)| key),
            _ => Err(KeyFault::Encrypted),
        }
    }

    /// How many bits its modulus has.
    #[must_use]
    pub fn bits(&self) -> usize {
        der::trimmed(&self.parts.modulus).len() * 8
    }

    /// Whether its owner's numbers are known.
    #[must_use]
    pub const fn is_private(&self) -> bool {
        self.private.is_some()
    }

    /// Whether both have the same public part.
    #[must_use]
    pub fn is_same_public(&self, other: &Self) -> bool {
        let of = |parts: &Parts| [der::trimmed(&parts.modulus).to_vec(), der::trimmed(&parts.exponent).to_vec()];
        of(&self.parts) == of(&other.parts)
    }

    /// The same key without its owner's numbers.
    #[must_use]
    pub fn public_part(&self) -> Self {
        let parts = Parts { secret: None, ..self.parts.clone() };
        Self { parts, public: self.public.clone(), private: None }
    }

    /// As PKCS #1, `RSAPublicKey`.
    #[must_use]
    pub fn to_public(&self) -> Vec<u8> {
        der::sequence(&[der::unsigned(&self.parts.modulus), der::unsigned(&self.parts.exponent)])
    }

    /// As `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn to_public_key_info(&self) -> Vec<u8> {
        der::sequence(&[algorithm(), der::bit_string(&self.to_public())])
    }

    /// As PKCS #1, `RSAPrivateKey`.
    #[must_use]
    pub fn to_private(&self) -> Option<Vec<u8>> {
        let Secret { d, p, q, dp, dq, inverse } = self.parts.secret.as_ref()?;
        let numbers = [&[][..], &self.parts.modulus, &self.parts.exponent, d, p, q, dp, dq, inverse];
        Some(der::sequence(&numbers.map(der::unsigned)))
    }

    /// As PKCS #8, `PrivateKeyInfo`.
    #[must_use]
    pub fn to_private_key_info(&self) -> Option<Vec<u8>> {
        let key = der::element(der::OCTET_STRING, &self.to_private()?);
        Some(der::sequence(&[der::unsigned(&[]), algorithm(), key]))
    }

    /// As `<RSAKeyValue>`, with its owner's numbers or without.
    #[must_use]
    pub fn to_xml(&self, with_secret: bool) -> Option<String> {
        let mut text = "<RSAKeyValue>".to_owned();
        let mut write = |name: &str, number: &[u8]| {
            text.push_str(&format!("<{name}>{}</{name}>", STANDARD.encode(number)));
        };
        write("Modulus", der::trimmed(&self.parts.modulus));
        write("Exponent", der::trimmed(&self.parts.exponent));
        if with_secret {
            let padded = self.padded_secret()?;
            write("P", &padded.p);
            write("Q", &padded.q);
            write("DP", &padded.dp);
            write("DQ", &padded.dq);
            write("InverseQ", &padded.inverse);
            write("D", &padded.d);
        }
        Some(text + "</RSAKeyValue>")
    }

    /// The owner's numbers in the lengths that `RSAParameters` gives them.
    #[must_use]
    pub fn padded_secret(&self) -> Option<Secret> {
        let secret = self.parts.secret.as_ref()?;
        let whole = self.bits() / 8;
        let half = whole.div_ceil(2);
        let padded = |digits: &[u8], length: usize| {
            let digits = der::trimmed(digits);
            [vec![0; length.saturating_sub(digits.len())], digits.to_vec()].concat()
        };
        Some(Secret {
            d: padded(&secret.d, whole),
            p: padded(&secret.p, half),
            q: padded(&secret.q, half),
            dp: padded(&secret.dp, half),
            dq: padded(&secret.dq, half),
            inverse: padded(&secret.inverse, half),
        })
    }
}

fn algorithm() -> Vec<u8> {
    der::sequence(&[oid::encoded(RSA).unwrap_or_default(), der::element(der::NULL, &[])])
}
