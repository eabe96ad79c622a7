//! `AsymmetricAlgorithm`: what RSA keys share with all others, and how the keys of objects are held.

use std::sync::Arc;

use super::rsa_parameters::sizes;
use super::{by_name, chance, cryptographic, disposed, not_selected, unsupported};
use crate::expr::bcl::convert_text::base64_bytes;
use crate::expr::bcl::{Call, Row, row, string, xml};
use crate::expr::exception::{Outcome, argument, argument_null};
use crate::expr::instance::State;
use crate::expr::ty::{Class, Ty};
use crate::pki::rsa_key::{BITS_MAX, BITS_MIN, KeyFault, Parts, Secret};
use crate::pki::{RsaKey, pem};
use crate::value::Value;

const OWNER: &str = "AsymmetricAlgorithm";
/// Reads a key, and says how many bytes it is.
type ReadKey = fn(&[u8]) -> Result<(RsaKey, usize), KeyFault>;

const TYPE_NAME: &str = "System.Security.Cryptography.RSAOpenSsl";

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row(OWNER, "static AsymmetricAlgorithm Create()", |_| Err(not_selected())),
    row(OWNER, "static AsymmetricAlgorithm Create(string algName)", named),
    row("RSA", "static RSA Create(string algName)", named),
    row(OWNER, "int KeySize", |call| Ok(Value::Int32(call.state(0, |rsa: &mut Rsa| rsa.bits)?))),
    row(OWNER, "set int KeySize", |call| {
        let bits = checked_bits(call.int(1)?)?;
        call.state(0, |rsa: &mut Rsa| {
            if rsa.bits != bits {
                rsa.bits = bits;
                rsa.key = None;
            }
        })?;
        Ok(Value::Null)
    }),
    row(OWNER, "KeySizes[] LegalKeySizes", |call| sizes(call, [512, 16_384, 8])),
    row(OWNER, "string SignatureAlgorithm", |call| call.yields("RSA")),
    row(OWNER, "string KeyExchangeAlgorithm", |call| call.yields("RSA")),
    row(OWNER, "void FromXmlString(string xmlString)", from_xml),
    row(OWNER, "string ToXmlString(bool includePrivateParameters)", |call| {
        let with_secret = call.bool(1)?;
        let key = key(call, 0)?;
        let text = key.to_xml(with_secret).ok_or_else(only_public)?;
        call.yields(text)
    }),
    row(OWNER, "void ImportFromPem(string input)", |call| {
        let text = call.text_or_null(1)?.cloned().unwrap_or_default();
        call.machine.spend(u32::try_from(text.len() / 64).unwrap_or(u32::MAX))?;
        let key = RsaKey::of_pem(&text).map_err(|fault| match fault {
            KeyFault::Absent => argument("No supported key formats were found. Check that the input represents the contents of a PEM-encoded key file, not the path to such a file.", "input"),
            KeyFault::Ambiguous => argument("The input contains multiple keys, but only one key can be imported.", "input"),
            KeyFault::Encrypted => argument("An encrypted key was found, but no password was provided. Use ImportFromEncryptedPem to import this key.", "input"),
            other => fault_of(other),
        })?;
        take(call, key)
    }),
    row(OWNER, "void ImportPkcs8PrivateKey(byte[] source, out int bytesRead)", |call| {
        import(call, RsaKey::of_private_key_info)
    }),
    row(OWNER, "void ImportSubjectPublicKeyInfo(byte[] source, out int bytesRead)", |call| {
        import(call, |bytes| {
            let length = crate::pki::der::Reader::new(bytes).any().map_or(0, |element| element.whole.len());
            RsaKey::of_public_key_info(bytes).map(|key| (key, length))
        })
    }),
    row(OWNER, "byte[] ExportPkcs8PrivateKey()", |call| export(call, RsaKey::to_private_key_info)),
    row(OWNER, "byte[] ExportSubjectPublicKeyInfo()", |call| export(call, |key| Some(key.to_public_key_info()))),
    row(OWNER, "string ExportPkcs8PrivateKeyPem()", |call| {
        export_pem(call, "PRIVATE KEY", RsaKey::to_private_key_info)
    }),
    row(OWNER, "string ExportSubjectPublicKeyInfoPem()", |call| {
        export_pem(call, "PUBLIC KEY", |key| Some(key.to_public_key_info()))
    }),
    row(OWNER, "void Clear()", dispose),
    row(OWNER, "void Dispose()", dispose),
];

// By the local names of what stands in the root, as .NET finds the numbers.
fn from_xml(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let text = Arc::clone(call.text(1, "xmlString")?);
    call.machine.spend(u32::try_from(text.len() / 64).unwrap_or(u32::MAX))?;
    let unread = || cryptographic("The provided XML could not be read.");
    let values = xml::values(call, &text)?.ok_or_else(unread)?;
    let number = |name: &str| {
        let found = values.iter().find(|(local, _)| **local == *name);
        found.map(|(_, digits)| base64_bytes(digits)).transpose()
    };
    let missing = |name: &str| {
        cryptographic(format!("Input string does not contain a valid encoding of the 'RSA' '{name}' parameter."))
    };
    let modulus = number("Modulus")?.ok_or_else(|| missing("Modulus"))?;
    let exponent = number("Exponent")?.ok_or_else(|| missing("Exponent"))?;
    let names = ["D", "P", "Q", "DP", "DQ", "InverseQ"];
    let numbers: Vec<Vec<u8>> =
        names.into_iter().filter_map(|name| number(name).transpose()).collect::<Outcome<_>>()?;
    let secret = match <[Vec<u8>; 6]>::try_from(numbers) {
        Ok([d, p, q, dp, dq, inverse]) => Some(Secret { d, p, q, dp, dq, inverse }),
        Err(none) if none.is_empty() => None,
        Err(_) => return Err(cryptographic("Value was invalid.")),
    };
    let key = RsaKey::of_parts(Parts { modulus, exponent, secret }).map_err(|_| fault_of(KeyFault::Invalid))?;
    take(call, key)
}

/// `RSA`. Its key is drawn when it is first needed, as .NET does.
#[derive(Debug)]
pub(super) struct Rsa {
    pub(super) key: Option<Arc<RsaKey>>,
    pub(super) bits: i32,
    pub(super) is_disposed: bool,
}

impl State for Rsa {
    fn text(&self, _ty: &Ty) -> String {
        TYPE_NAME.to_owned()
    }
}

/// A new object with this key, or with one that is drawn when it is needed.
pub(super) fn made(call: &mut Call<'_, '_>, key: Option<Arc<RsaKey>>, bits: i32) -> Outcome<Value> {
    let bits = key.as_ref().map_or(bits, |key| i32::try_from(key.bits()).unwrap_or(0));
    call.object(Ty::Class(Class::Rsa), Rsa { key, bits, is_disposed: false })
}

/// The sizes that .NET takes for a key.
pub(super) fn checked_bits(bits: i32) -> Outcome<i32> {
    let fits = (512..=16_384).contains(&bits) && bits % 8 == 0;
    if fits { Ok(bits) } else { Err(cryptographic("Specified key is not a valid size for this algorithm.")) }
}

/// The key of the object at this position.
pub(super) fn key(call: &mut Call<'_, '_>, index: usize) -> Outcome<Arc<RsaKey>> {
    let (key, bits, is_disposed) = call.state(index, |rsa: &mut Rsa| (rsa.key.clone(), rsa.bits, rsa.is_disposed))?;
    if is_disposed {
        return Err(disposed(TYPE_NAME));
    }
    if let Some(key) = key {
        return Ok(key);
    }
    let size = usize::try_from(bits).unwrap_or(0);
    if !(BITS_MIN..=BITS_MAX).contains(&size) {
        return Err(cryptographic(format!("keys of {bits} bits are not made here")));
    }
    // The time to find primes grows with the fourth power of their length; a key of 4096 bits takes nearly all steps.
    let units = u32::try_from(size / 1024).unwrap_or(u32::MAX);
    call.machine.spend(units.saturating_pow(4).saturating_mul(3_800))?;
    let mut stream = chance(call);
    let key = RsaKey::generate(size, &mut stream).map_err(fault_of)?;
    let key = Arc::new(key);
    call.state(index, |rsa: &mut Rsa| rsa.key = Some(Arc::clone(&key)))?;
    Ok(key)
}

/// A step for so many that an operation with the private key takes: the third power of its length.
pub(super) fn spend_private(call: &mut Call<'_, '_>, key: &RsaKey) -> Outcome<()> {
    let units = u32::try_from(key.bits().div_ceil(1024)).unwrap_or(u32::MAX);
    call.machine.spend(units.saturating_pow(3).saturating_mul(400))
}

pub(super) fn take(call: &mut Call<'_, '_>, key: RsaKey) -> Outcome<Value> {
    let bits = i32::try_from(key.bits()).unwrap_or(0);
    let is_disposed = call.state(0, |rsa: &mut Rsa| {
        rsa.key = Some(Arc::new(key));
        rsa.bits = bits;
        rsa.is_disposed
    })?;
    if is_disposed { Err(disposed(TYPE_NAME)) } else { Ok(Value::Null) }
}

pub(super) fn import(call: &mut Call<'_, '_>, read: ReadKey) -> Outcome<Value> {
    let source = if call.value(1).is_null() { Arc::from([]) } else { call.bytes(1, "source")? };
    call.machine.spend(1_000)?;
    let (key, length) = read(&source).map_err(fault_of)?;
    take(call, key)?;
    call.give(string::index(length));
    Ok(Value::Null)
}

pub(super) fn export(call: &mut Call<'_, '_>, write: fn(&RsaKey) -> Option<Vec<u8>>) -> Outcome<Value> {
    let key = key(call, 0)?;
    let written = write(&key).ok_or_else(only_public)?;
    super::bytes(call, written)
}

pub(super) fn export_pem(
    call: &mut Call<'_, '_>,
    label: &str,
    write: fn(&RsaKey) -> Option<Vec<u8>>,
) -> Outcome<Value> {
    let key = key(call, 0)?;
    let written = write(&key).ok_or_else(only_public)?;
    call.yields(pem::block(label, &written))
}

pub(super) fn only_public() -> crate::expr::Interrupt {
    cryptographic("Object contains only the public half of a key pair. A private key must also be provided.")
}

pub(super) fn fault_of(fault: KeyFault) -> crate::expr::Interrupt {
    cryptographic(match fault {
        KeyFault::Invalid => "The specified RSA parameters are not valid.",
        KeyFault::Malformed | KeyFault::Absent | KeyFault::Encrypted | KeyFault::Ambiguous => "ASN1 corrupted data.",
    })
}

// The other algorithms of .NET are outside of the allow-list.
fn named(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let name = call.text_or_null(0)?.ok_or_else(|| argument_null("name"))?;
    let short = name.strip_prefix("System.Security.Cryptography.").unwrap_or(name).to_ascii_uppercase();
    match short.as_str() {
        // The service provider, whose keys are shorter than those of `RSA.Create()`.
        "RSA" | "ASYMMETRICALGORITHM" => made(call, None, 1024),
        "DSA" | "ECDSA" | "ECDH" | "ECDIFFIEHELLMAN" => Err(unsupported("Only RSA is supported here.")),
        _ => by_name::unknown(name, Class::AsymmetricAlgorithm),
    }
}

fn dispose(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.state(0, |rsa: &mut Rsa| {
        rsa.key = None;
        rsa.is_disposed = true;
    })?;
    Ok(Value::Null)
}
