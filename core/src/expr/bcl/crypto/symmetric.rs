//! `SymmetricAlgorithm`, and `byte[].Encrypt` and `byte[].Decrypt`, which the gateway adds.

use std::sync::Arc;

use super::rsa_parameters::sizes;
use super::transform::{Transform, finish};
use super::{by_name, bytes, chance, cryptographic};
use crate::expr::Interrupt;
use crate::expr::bcl::enums::{CIPHER_MODE, PADDING_MODE};
use crate::expr::bcl::{Call, Row, row, string};
use crate::expr::exception::{Outcome, argument, argument_null, invalid_cast, null_reference, throw};
use crate::expr::instance::State;
use crate::expr::ty::{Class, Ty};
use crate::pki::cipher::{Direction, Kind, Mode, Padding, is_weak};
use crate::value::Value;

const OWNER: &str = "SymmetricAlgorithm";
const CBC: i32 = 1;
const ECB: i32 = 2;
const CFB: i32 = 4;
const PKCS7: i32 = 2;
const KEY_SIZE: &str = "Specified key is not a valid size for this algorithm.";
const VECTOR_SIZE: &str = "Specified initialization vector (IV) does not match the block size for this algorithm.";

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row(OWNER, "static SymmetricAlgorithm Create(string algName)", create),
    row(OWNER, "byte[] Key", |call| {
        let key = key(call, 0)?;
        bytes(call, key)
    }),
    row(OWNER, "set byte[] Key", |call| {
        let key = call.bytes(1, "value")?;
        let kind = call.state(0, |algorithm: &mut Symmetric| algorithm.kind)?;
        if !kind.takes(key.len()) {
            return Err(cryptographic(KEY_SIZE));
        }
        not_weak(kind, &key)?;
        call.state(0, |algorithm: &mut Symmetric| {
            algorithm.key_bytes = key.len();
            algorithm.key = Some(key);
        })?;
        Ok(Value::Null)
    }),
    row(OWNER, "byte[] IV", |call| {
        let vector = vector(call, 0)?;
        bytes(call, vector)
    }),
    row(OWNER, "set byte[] IV", |call| {
        let vector = call.bytes(1, "value")?;
        let kind = call.state(0, |algorithm: &mut Symmetric| algorithm.kind)?;
        if vector.len() != kind.block() {
            return Err(cryptographic(VECTOR_SIZE));
        }
        call.state(0, |algorithm: &mut Symmetric| algorithm.vector = Some(vector))?;
        Ok(Value::Null)
    }),
    row(OWNER, "int KeySize", |call| {
        Ok(string::index(call.state(0, |algorithm: &mut Symmetric| algorithm.key_bytes * 8)?))
    }),
    row(OWNER, "set int KeySize", |call| {
        let bits = call.int(1)?;
        let kind = call.state(0, |algorithm: &mut Symmetric| algorithm.kind)?;
        let size = whole_bytes(bits).filter(|size| kind.takes(*size)).ok_or_else(|| cryptographic(KEY_SIZE))?;
        call.state(0, |algorithm: &mut Symmetric| {
            algorithm.key_bytes = size;
            algorithm.key = None;
        })?;
        Ok(Value::Null)
    }),
    row(OWNER, "int BlockSize", |call| {
        Ok(string::index(call.state(0, |algorithm: &mut Symmetric| algorithm.kind.block() * 8)?))
    }),
    row(OWNER, "set int BlockSize", |call| {
        let kind = call.state(0, |algorithm: &mut Symmetric| algorithm.kind)?;
        if whole_bytes(call.int(1)?) != Some(kind.block()) {
            return Err(cryptographic("Specified block size is not valid for this algorithm."));
        }
        Ok(Value::Null)
    }),
    row(OWNER, "int FeedbackSize", |call| {
        Ok(string::index(call.state(0, |algorithm: &mut Symmetric| algorithm.feedback_bytes * 8)?))
    }),
    row(OWNER, "set int FeedbackSize", |call| {
        let kind = call.state(0, |algorithm: &mut Symmetric| algorithm.kind)?;
        let size = whole_bytes(call.int(1)?).filter(|size| (1..=kind.block()).contains(size));
        let size = size.ok_or_else(|| cryptographic("Specified feedback size is not valid for this algorithm."))?;
        call.state(0, |algorithm: &mut Symmetric| algorithm.feedback_bytes = size)?;
        Ok(Value::Null)
    }),
    row(OWNER, "CipherMode Mode", |call| {
        call.state(0, |algorithm: &mut Symmetric| Value::Enum(CIPHER_MODE.value(algorithm.mode)))
    }),
    row(OWNER, "set CipherMode Mode", |call| {
        let number = call.number(1)?;
        if !matches!(number, CBC | ECB | CFB) {
            return Err(cryptographic("Specified cipher mode is not valid for this algorithm."));
        }
        call.state(0, |algorithm: &mut Symmetric| algorithm.mode = number)?;
        Ok(Value::Null)
    }),
    row(OWNER, "PaddingMode Padding", |call| {
        call.state(0, |algorithm: &mut Symmetric| Value::Enum(PADDING_MODE.value(algorithm.padding)))
    }),
    row(OWNER, "set PaddingMode Padding", |call| {
        let number = call.number(1)?;
        if padding_of(number).is_none() {
            return Err(cryptographic(BAD_PADDING));
        }
        call.state(0, |algorithm: &mut Symmetric| algorithm.padding = number)?;
        Ok(Value::Null)
    }),
    row(OWNER, "KeySizes[] LegalKeySizes", |call| {
        let legal = match call.state(0, |algorithm: &mut Symmetric| algorithm.kind)? {
            Kind::Aes => [128, 256, 64],
            Kind::Des => [64, 64, 0],
            Kind::TripleDes => [128, 192, 64],
            Kind::Rc2 => [40, 128, 8],
        };
        sizes(call, legal)
    }),
    row(OWNER, "KeySizes[] LegalBlockSizes", |call| {
        let bits = i32::try_from(call.state(0, |algorithm: &mut Symmetric| algorithm.kind.block() * 8)?).unwrap_or(0);
        sizes(call, [bits, bits, 0])
    }),
    row(OWNER, "bool ValidKeySize(int bitLength)", |call| {
        let kind = call.state(0, |algorithm: &mut Symmetric| algorithm.kind)?;
        Ok(Value::Bool(whole_bytes(call.int(1)?).is_some_and(|size| kind.takes(size))))
    }),
    row(OWNER, "void GenerateKey()", |call| {
        call.state(0, |algorithm: &mut Symmetric| algorithm.key = None)?;
        key(call, 0)?;
        Ok(Value::Null)
    }),
    row(OWNER, "void GenerateIV()", |call| {
        call.state(0, |algorithm: &mut Symmetric| algorithm.vector = None)?;
        vector(call, 0)?;
        Ok(Value::Null)
    }),
    row(OWNER, "void Clear()", dispose),
    row(OWNER, "void Dispose()", dispose),
    row(OWNER, "ICryptoTransform CreateEncryptor()", |call| own_transform(call, Direction::Encrypt)),
    row(OWNER, "ICryptoTransform CreateDecryptor()", |call| own_transform(call, Direction::Decrypt)),
    row(OWNER, "ICryptoTransform CreateEncryptor(byte[] rgbKey, byte[] rgbIV)", |call| {
        given_transform(call, Direction::Encrypt)
    }),
    row(OWNER, "ICryptoTransform CreateDecryptor(byte[] rgbKey, byte[] rgbIV)", |call| {
        given_transform(call, Direction::Decrypt)
    }),
    row("byte[]", "this byte[] Encrypt(string alg, byte[] key, byte[] iv)", |call| by_name(call, Direction::Encrypt)),
    row("byte[]", "this byte[] Decrypt(string alg, byte[] key, byte[] iv)", |call| by_name(call, Direction::Decrypt)),
    row("byte[]", "byte[] Encrypt(SymmetricAlgorithm alg)", |call| by_object(call, Direction::Encrypt)),
    row("byte[]", "byte[] Decrypt(SymmetricAlgorithm alg)", |call| by_object(call, Direction::Decrypt)),
    row("byte[]", "byte[] Encrypt(SymmetricAlgorithm alg, byte[] key, byte[] iv)", |call| {
        by_object_and_key(call, Direction::Encrypt)
    }),
    row("byte[]", "byte[] Decrypt(SymmetricAlgorithm alg, byte[] key, byte[] iv)", |call| {
        by_object_and_key(call, Direction::Decrypt)
    }),
];

pub(super) const BAD_PADDING: &str = "Specified padding mode is not valid for this algorithm.";

/// `SymmetricAlgorithm`
#[derive(Debug)]
pub(super) struct Symmetric {
    pub(super) kind: Kind,
    key: Option<Arc<[u8]>>,
    key_bytes: usize,
    vector: Option<Arc<[u8]>>,
    mode: i32,
    padding: i32,
    feedback_bytes: usize,
    name: &'static str,
}

impl State for Symmetric {
    fn text(&self, _ty: &Ty) -> String {
        format!("System.Security.Cryptography.{}", self.name)
    }
}

impl Symmetric {
    const fn new(kind: Kind, name: &'static str) -> Self {
        let key_bytes = match kind {
            Kind::Aes => 32,
            Kind::Des => 8,
            Kind::TripleDes => 24,
            Kind::Rc2 => 16,
        };
        let (mode, padding) = (CBC, PKCS7);
        Self { kind, key: None, key_bytes, vector: None, mode, padding, feedback_bytes: 1, name }
    }

    fn cipher_mode(&self) -> Outcome<Mode> {
        Ok(match self.mode {
            ECB => Mode::Ecb,
            CFB => {
                let is_known = match self.kind {
                    Kind::Rc2 => false,
                    Kind::Des => self.feedback_bytes == 1,
                    Kind::Aes | Kind::TripleDes => [1, self.kind.block()].contains(&self.feedback_bytes),
                };
                if !is_known {
                    let bits = self.feedback_bytes * 8;
                    let message =
                        format!("The specified feedback size '{bits}' for CipherMode 'CFB' is not supported.");
                    return Err(cryptographic(message));
                }
                Mode::Cfb(self.feedback_bytes)
            }
            _ => Mode::Cbc,
        })
    }
}

/// A padding by its number.
pub(super) const fn padding_of(number: i32) -> Option<Padding> {
    Some(match number {
        1 => Padding::None,
        2 => Padding::Pkcs7,
        3 => Padding::Zeros,
        4 => Padding::Ansi,
        5 => Padding::Iso,
        _ => return None,
    })
}

fn algorithm_of(name: &str) -> Option<Symmetric> {
    let short = name.strip_prefix("System.Security.Cryptography.");
    let upper = short.unwrap_or(name).to_ascii_uppercase();
    let mut made = match upper.as_str() {
        "AES" if short.is_none() => Symmetric::new(Kind::Aes, "AesCryptoServiceProvider"),
        "AESCRYPTOSERVICEPROVIDER" if short.is_some() => Symmetric::new(Kind::Aes, "AesCryptoServiceProvider"),
        "AESMANAGED" => Symmetric::new(Kind::Aes, "AesManaged"),
        "RIJNDAEL" | "SYMMETRICALGORITHM" => Symmetric::new(Kind::Aes, "RijndaelManaged"),
        "DES" => Symmetric::new(Kind::Des, "DESCryptoServiceProvider"),
        "TRIPLEDES" | "3DES" | "TRIPLE DES" => Symmetric::new(Kind::TripleDes, "TripleDESCryptoServiceProvider"),
        "RC2" => Symmetric::new(Kind::Rc2, "RC2CryptoServiceProvider"),
        _ => return None,
    };
    if made.name == "RijndaelManaged" {
        made.feedback_bytes = Kind::Aes.block();
    }
    Some(made)
}

fn create(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let name = call.text(0, "name")?;
    let wanted = Ty::Class(Class::SymmetricAlgorithm);
    if let Some(algorithm) = algorithm_of(name) {
        return call.object(wanted, algorithm);
    }
    let upper = name.to_ascii_uppercase();
    match upper.as_str() {
        "SHA" | "SHA1" | "MD5" | "SHA256" | "SHA384" | "SHA512" | "RSA" | "DSA" | "HMACSHA1" | "HMACSHA256" => {
            let from = format!("System.Security.Cryptography.{upper}CryptoServiceProvider");
            Err(invalid_cast(&from, &wanted.full_name()))
        }
        _ => by_name::unknown(name, Class::SymmetricAlgorithm),
    }
}

fn whole_bytes(bits: i32) -> Option<usize> {
    usize::try_from(bits).ok().filter(|bits| bits % 8 == 0).map(|bits| bits / 8)
}

fn not_weak(kind: Kind, key: &[u8]) -> Outcome<()> {
    let name = if kind == Kind::Des { "DES" } else { "TripleDES" };
    match is_weak(kind, key) {
        true => Err(cryptographic(format!("Specified key is a known weak key for '{name}' and cannot be used."))),
        false => Ok(()),
    }
}

// A key is drawn when it is first needed.
fn key(call: &mut Call<'_, '_>, index: usize) -> Outcome<Arc<[u8]>> {
    let (key, kind, size) =
        call.state(index, |algorithm: &mut Symmetric| (algorithm.key.clone(), algorithm.kind, algorithm.key_bytes))?;
    if let Some(key) = key {
        return Ok(key);
    }
    let mut stream = chance(call);
    let mut drawn = stream.bytes(size);
    while is_weak(kind, &drawn) {
        drawn = stream.bytes(size);
    }
    let key: Arc<[u8]> = drawn.into();
    call.state(index, |algorithm: &mut Symmetric| algorithm.key = Some(Arc::clone(&key)))?;
    Ok(key)
}

fn vector(call: &mut Call<'_, '_>, index: usize) -> Outcome<Arc<[u8]>> {
    let (vector, size) =
        call.state(index, |algorithm: &mut Symmetric| (algorithm.vector.clone(), algorithm.kind.block()))?;
    if let Some(vector) = vector {
        return Ok(vector);
    }
    let vector: Arc<[u8]> = chance(call).bytes(size).into();
    call.state(index, |algorithm: &mut Symmetric| algorithm.vector = Some(Arc::clone(&vector)))?;
    Ok(vector)
}

fn dispose(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.state(0, |algorithm: &mut Symmetric| {
        algorithm.key = None;
        algorithm.vector = None;
    })?;
    Ok(Value::Null)
}

fn own(call: &mut Call<'_, '_>, index: usize, direction: Direction) -> Outcome<Transform> {
    if call.value(index).is_null() {
        return Err(null_reference());
    }
    let (key, vector) = (key(call, index)?, vector(call, index)?);
    transform(call, index, direction, &key, Some(&vector))
}

fn given(call: &mut Call<'_, '_>, index: usize, keys: usize, direction: Direction) -> Outcome<Transform> {
    if call.value(index).is_null() {
        return Err(null_reference());
    }
    let key = call.bytes(keys, "rgbKey")?;
    let vector = if call.value(keys + 1).is_null() { None } else { Some(call.bytes(keys + 1, "rgbIV")?) };
    transform(call, index, direction, &key, vector.as_deref())
}

fn transform(
    call: &mut Call<'_, '_>,
    index: usize,
    direction: Direction,
    key: &[u8],
    vector: Option<&[u8]>,
) -> Outcome<Transform> {
    call.state(index, |algorithm: &mut Symmetric| transform_of(algorithm, direction, key, vector))?
}

fn transform_of(algorithm: &Symmetric, direction: Direction, key: &[u8], vector: Option<&[u8]>) -> Outcome<Transform> {
    let kind = algorithm.kind;
    if !kind.takes(key.len()) {
        return Err(argument(KEY_SIZE, "rgbKey"));
    }
    if vector.is_some_and(|vector| vector.len() != kind.block()) {
        return Err(argument(VECTOR_SIZE, "rgbIV"));
    }
    not_weak(kind, key)?;
    let mode = algorithm.cipher_mode()?;
    let vector = match (vector, mode) {
        (Some(vector), _) => vector.to_vec(),
        (None, Mode::Ecb) => vec![0; kind.block()],
        (None, Mode::Cbc | Mode::Cfb(_)) => {
            return Err(cryptographic(
                "The cipher mode specified requires that an initialization vector (IV) be used.",
            ));
        }
    };
    let padding = padding_of(algorithm.padding).unwrap_or(Padding::Pkcs7);
    Transform::new(kind, key, mode, padding, direction, vector).ok_or_else(|| cryptographic(KEY_SIZE))
}

fn own_transform(call: &mut Call<'_, '_>, direction: Direction) -> Outcome<Value> {
    let made = own(call, 0, direction)?;
    call.object(Ty::Class(Class::CryptoTransform), made)
}

fn given_transform(call: &mut Call<'_, '_>, direction: Direction) -> Outcome<Value> {
    let made = given(call, 0, 1, direction)?;
    call.object(Ty::Class(Class::CryptoTransform), made)
}

fn by_object(call: &mut Call<'_, '_>, direction: Direction) -> Outcome<Value> {
    let made = own(call, 1, direction)?;
    crypt(call, made)
}

fn by_object_and_key(call: &mut Call<'_, '_>, direction: Direction) -> Outcome<Value> {
    let made = given(call, 1, 2, direction)?;
    crypt(call, made)
}

// An unknown name gives no algorithm in .NET, and using that throws.
fn by_name(call: &mut Call<'_, '_>, direction: Direction) -> Outcome<Value> {
    let name = call.text_or_null(1)?.ok_or_else(null_reference)?;
    let algorithm = algorithm_of(name)
        .or_else(|| name.eq_ignore_ascii_case("RijndaelManaged").then(|| Symmetric::new(Kind::Aes, "RijndaelManaged")))
        .ok_or_else(null_reference)?;
    let (key, vector) = (call.bytes(2, "rgbKey")?, call.value(3));
    let vector = if vector.is_null() { None } else { Some(call.bytes(3, "rgbIV")?) };
    let made = transform_of(&algorithm, direction, &key, vector.as_deref())?;
    crypt(call, made)
}

fn crypt(call: &mut Call<'_, '_>, mut transform: Transform) -> Outcome<Value> {
    if call.value(0).is_null() {
        return Err(null_reference());
    }
    let input = call.bytes(0, "inputBuffer")?;
    finish(call, &mut transform, &input)
}

/// What the methods for one message say: the objects that can be made here have none of them.
pub(super) fn not_overridden() -> Interrupt {
    throw("System.NotSupportedException", "Method not supported. Derived class must override.")
}

/// The vector of a method for one message.
pub(super) fn one_vector(call: &Call<'_, '_>, index: usize) -> Outcome<()> {
    if call.value(index).is_null() {
        return Err(argument_null("iv"));
    }
    let size = call.bytes(index, "iv")?.len();
    let block = call.state(0, |algorithm: &mut Symmetric| algorithm.kind.block())?;
    if size == block { Ok(()) } else { Err(argument(VECTOR_SIZE, "iv")) }
}
