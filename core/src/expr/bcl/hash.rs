//! `System.Security.Cryptography`: digests and message authentication codes.

use std::sync::Arc;

use hmac::{KeyInit as _, Mac as _};
use md5::Digest as _;

use super::{Call, Row, row, string};
use crate::expr::exception::{Outcome, throw};
use crate::expr::instance::State;
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

pub(super) const TABLES: [&[Row]; 2] = [ROWS, ALGORITHMS];

const ROWS: &[Row] = &[
    row("HashAlgorithm", "byte[] ComputeHash(byte[] buffer)", |call| {
        let bytes = call.bytes(1, "buffer")?;
        compute(call, &bytes)
    }),
    row("HashAlgorithm", "byte[] ComputeHash(byte[] buffer, int offset, int count)", |call| {
        let bytes = call.bytes(1, "buffer")?;
        let offset = string::not_negative(call.int(2)?, "offset")?;
        let count = usize::try_from(call.int(3)?).ok().filter(|count| *count <= bytes.len());
        let count = count.ok_or_else(|| throw("System.ArgumentException", "Value was invalid."))?;
        let part = offset.checked_add(count).and_then(|end| bytes.get(offset..end));
        let message = "Offset and length were out of bounds for the array or count is greater than the number of elements \
                       from index to the end of the source collection.";
        let part = part.ok_or_else(|| throw("System.ArgumentException", message))?;
        compute(call, part)
    }),
    row("HashAlgorithm", "byte[] Hash", |call| {
        let last = call.state(0, |hasher: &mut Hasher| hasher.last.clone())?;
        Ok(last.map_or(Value::Null, Value::Bytes))
    }),
    row("HashAlgorithm", "int HashSize", |call| {
        Ok(string::index(call.state(0, |hasher: &mut Hasher| hasher.algorithm.bytes() * 8)?))
    }),
    row("HashAlgorithm", "void Initialize()", nothing),
    row("HashAlgorithm", "void Clear()", nothing),
    row("HashAlgorithm", "void Dispose()", nothing),
    row("KeyedHashAlgorithm", "byte[] Key", |call| {
        let key = call.state(0, |hasher: &mut Hasher| hasher.key.clone())?;
        Ok(key.map_or(Value::Null, Value::Bytes))
    }),
    row("HMAC", "string HashName", |call| {
        let name = call.state(0, |hasher: &mut Hasher| hasher.algorithm.name())?;
        call.yields(name)
    }),
];

macro_rules! digests {
    ($($class:literal $variant:ident $algorithm:ident $hmac:literal $hmac_variant:ident;)*) => {
        const ALGORITHMS: &[Row] = &[$(
            row($class, concat!("static ", $class, " Create()"), |call| create(call, Class::$variant, Algorithm::$algorithm)),
            row($class, "static byte[] HashData(byte[] source)", |call| {
                let source = call.bytes(0, "source")?;
                hashed(call, &source, Algorithm::$algorithm, None)
            }),
            row($hmac, concat!("new ", $hmac, "(byte[] key)"), |call| {
                keyed(call, Class::$hmac_variant, Algorithm::$algorithm)
            }),
            row($hmac, "static byte[] HashData(byte[] key, byte[] source)", |call| {
                let (key, source) = (call.bytes(0, "key")?, call.bytes(1, "source")?);
                hashed(call, &source, Algorithm::$algorithm, Some(&key))
            }),
        )*
            row("SHA1Managed", "new SHA1Managed()", |call| create(call, Class::Sha1Managed, Algorithm::Sha1)),
            row("SHA256Managed", "new SHA256Managed()", |call| create(call, Class::Sha256Managed, Algorithm::Sha256)),
            row("SHA384Managed", "new SHA384Managed()", |call| create(call, Class::Sha384Managed, Algorithm::Sha384)),
            row("SHA512Managed", "new SHA512Managed()", |call| create(call, Class::Sha512Managed, Algorithm::Sha512)),
        ];
    };
}

digests! {
    "MD5" Md5 Md5 "HMACMD5" HmacMd5;
    "SHA1" Sha1 Sha1 "HMACSHA1" HmacSha1;
    "SHA256" Sha256 Sha256 "HMACSHA256" HmacSha256;
    "SHA384" Sha384 Sha384 "HMACSHA384" HmacSha384;
    "SHA512" Sha512 Sha512 "HMACSHA512" HmacSha512;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    const fn bytes(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        }
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => md5::Md5::digest(bytes).to_vec(),
            Self::Sha1 => sha1::Sha1::digest(bytes).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
            Self::Sha384 => sha2::Sha384::digest(bytes).to_vec(),
            Self::Sha512 => sha2::Sha512::digest(bytes).to_vec(),
        }
    }

    // A key of every length is taken, so nothing fails; the default is never seen.
    fn authenticate(self, key: &[u8], bytes: &[u8]) -> Vec<u8> {
        macro_rules! mac {
            ($digest:ty) => {
                hmac::Hmac::<$digest>::new_from_slice(key)
                    .map(|mac| mac.chain_update(bytes).finalize().into_bytes().to_vec())
                    .unwrap_or_default()
            };
        }
        match self {
            Self::Md5 => mac!(md5::Md5),
            Self::Sha1 => mac!(sha1::Sha1),
            Self::Sha256 => mac!(sha2::Sha256),
            Self::Sha384 => mac!(sha2::Sha384),
            Self::Sha512 => mac!(sha2::Sha512),
        }
    }
}

/// `HashAlgorithm` and what derives from it.
#[derive(Debug)]
struct Hasher {
    algorithm: Algorithm,
    key: Option<Arc<[u8]>>,
    last: Option<Arc<[u8]>>,
}

impl State for Hasher {}

fn create(call: &mut Call<'_, '_>, class: Class, algorithm: Algorithm) -> Outcome<Value> {
    call.machine.object(Ty::Class(class), Hasher { algorithm, key: None, last: None })
}

fn keyed(call: &mut Call<'_, '_>, class: Class, algorithm: Algorithm) -> Outcome<Value> {
    let key = call.bytes(0, "key")?;
    call.machine.object(Ty::Class(class), Hasher { algorithm, key: Some(key), last: None })
}

fn hashed(call: &mut Call<'_, '_>, bytes: &[u8], algorithm: Algorithm, key: Option<&[u8]>) -> Outcome<Value> {
    // Long input takes time: a step for every block.
    call.machine.spend(u32::try_from(bytes.len() / 64).unwrap_or(u32::MAX))?;
    call.machine.charge(algorithm.bytes())?;
    let hash = match key {
        Some(key) => algorithm.authenticate(key, bytes),
        None => algorithm.digest(bytes),
    };
    Ok(Value::Bytes(hash.into()))
}

fn compute(call: &mut Call<'_, '_>, bytes: &[u8]) -> Outcome<Value> {
    let (algorithm, key) = call.state(0, |hasher: &mut Hasher| (hasher.algorithm, hasher.key.clone()))?;
    let value = hashed(call, bytes, algorithm, key.as_deref())?;
    if let Value::Bytes(hash) = &value {
        call.state(0, |hasher: &mut Hasher| hasher.last = Some(Arc::clone(hash)))?;
    }
    Ok(value)
}

#[expect(clippy::unnecessary_wraps, reason = "the type of a row's function")]
fn nothing(_call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(Value::Null)
}
