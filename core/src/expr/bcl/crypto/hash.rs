//! Digests and message authentication codes: `HashAlgorithm` and what derives from it.

use std::sync::Arc;

use super::{bad_range, by_name, bytes, disposed, not_selected, put, spend, unsupported};
use crate::expr::bcl::{Call, Row, row, string};
use crate::expr::exception::{Outcome, argument_null, invalid_cast, throw};
use crate::expr::instance::{Instance, State};
use crate::expr::ty::{Class, Ty};
use crate::pki::Digest;
use crate::value::Value;

pub(in crate::expr::bcl) const TABLES: [&[Row]; 2] = [ROWS, ALGORITHMS];

const ROWS: &[Row] = &[
    row("HashAlgorithm", "static HashAlgorithm Create()", |_| Err(not_selected())),
    row("HashAlgorithm", "static HashAlgorithm Create(string hashName)", |call| named(call, Class::HashAlgorithm)),
    row("KeyedHashAlgorithm", "static KeyedHashAlgorithm Create()", |_| Err(not_selected())),
    row("KeyedHashAlgorithm", "static KeyedHashAlgorithm Create(string algName)", |call| {
        named(call, Class::KeyedHashAlgorithm)
    }),
    row("HMAC", "static HMAC Create()", |_| Err(not_selected())),
    row("HMAC", "static HMAC Create(string algorithmName)", |call| named(call, Class::Hmac)),
    row("HashAlgorithm", "byte[] ComputeHash(byte[] buffer)", |call| {
        not_disposed(call)?;
        let buffer = call.bytes(1, "buffer")?;
        compute(call, &buffer)
    }),
    row("HashAlgorithm", "byte[] ComputeHash(byte[] buffer, int offset, int count)", |call| {
        let buffer = call.bytes(1, "buffer")?;
        let part = part(call, &buffer, "offset")?;
        not_disposed(call)?;
        compute(call, part)
    }),
    row("HashAlgorithm", "byte[] Hash", |call| {
        not_disposed(call)?;
        let (is_open, last) = call.state(0, |hasher: &mut Hasher| (hasher.is_open, hasher.last.clone()))?;
        if is_open {
            let message = "Hash must be finalized before the hash value is retrieved.";
            return Err(throw("System.Security.Cryptography.CryptographicUnexpectedOperationException", message));
        }
        last.map_or(Ok(Value::Null), |last| bytes(call, last))
    }),
    row("HashAlgorithm", "int HashSize", |call| {
        Ok(string::index(call.state(0, |hasher: &mut Hasher| hasher.digest.bytes() * 8)?))
    }),
    row("HashAlgorithm", "void Initialize()", |call| {
        call.state(0, |hasher: &mut Hasher| hasher.pending.clear())?;
        Ok(Value::Null)
    }),
    row(
        "HashAlgorithm",
        "int TransformBlock(byte[] inputBuffer, int inputOffset, int inputCount, byte[] outputBuffer, int outputOffset)",
        transform_block,
    ),
    row(
        "HashAlgorithm",
        "byte[] TransformFinalBlock(byte[] inputBuffer, int inputOffset, int inputCount)",
        transform_final_block,
    ),
    row("HashAlgorithm", "int InputBlockSize", |_| Ok(Value::Int32(1))),
    row("HashAlgorithm", "int OutputBlockSize", |_| Ok(Value::Int32(1))),
    row("HashAlgorithm", "bool CanTransformMultipleBlocks", |_| Ok(Value::Bool(true))),
    row("HashAlgorithm", "bool CanReuseTransform", |_| Ok(Value::Bool(true))),
    row("HashAlgorithm", "void Clear()", dispose),
    row("HashAlgorithm", "void Dispose()", dispose),
    row("KeyedHashAlgorithm", "byte[] Key", |call| {
        let key = call.state(0, |hasher: &mut Hasher| hasher.key.clone())?;
        key.map_or(Ok(Value::Null), |key| bytes(call, key))
    }),
    row("KeyedHashAlgorithm", "set byte[] Key", |call| {
        let key = call.bytes(1, "value")?;
        call.state(0, |hasher: &mut Hasher| {
            hasher.key = Some(kept(hasher.digest, &key));
            hasher.pending.clear();
        })?;
        Ok(Value::Null)
    }),
    row("HMAC", "string HashName", |call| {
        let name = call.state(0, |hasher: &mut Hasher| hasher.digest.name())?;
        call.yields(name)
    }),
    row("HMAC", "set string HashName", |call| {
        let name = call.text(1, "HashName")?;
        if &**name == call.state(0, |hasher: &mut Hasher| hasher.digest.name())? {
            return Ok(Value::Null);
        }
        Err(unsupported("Setting the hashname after it's already been set is not supported on this platform."))
    }),
    row("HMACSHA1", "new HMACSHA1(byte[] key, bool useManagedSha1)", |call| keyed(call, Class::HmacSha1, Digest::Sha1)),
    row("HMACSHA384", "bool ProduceLegacyHmacValues", |_| Ok(Value::Bool(false))),
    row("HMACSHA384", "set bool ProduceLegacyHmacValues", legacy),
    row("HMACSHA512", "bool ProduceLegacyHmacValues", |_| Ok(Value::Bool(false))),
    row("HMACSHA512", "set bool ProduceLegacyHmacValues", legacy),
];

macro_rules! digests {
    ($($class:literal $variant:ident $algorithm:ident $hmac:literal $hmac_variant:ident;)*) => {
        const ALGORITHMS: &[Row] = &[$(
            row($class, concat!("static ", $class, " Create()"), |call| {
                let name = concat!("System.Security.Cryptography.", $class, "+Implementation");
                create(call, Class::$variant, Digest::$algorithm, name)
            }),
            row($class, concat!("static ", $class, " Create(string hashName)"), |call| named(call, Class::$variant)),
            row($class, "static byte[] HashData(byte[] source)", |call| {
                let source = call.bytes(0, "source")?;
                hashed(call, &source, Digest::$algorithm, None)
            }),
            row($class, "static int HashSizeInBits", |_| Ok(string::index(Digest::$algorithm.bytes() * 8))),
            row($class, "static int HashSizeInBytes", |_| Ok(string::index(Digest::$algorithm.bytes()))),
            row($hmac, concat!("new ", $hmac, "()"), |call| {
                let key = super::chance(call).bytes(Digest::$algorithm.block_bytes());
                hmac(call, Class::$hmac_variant, Digest::$algorithm, &key)
            }),
            row($hmac, concat!("new ", $hmac, "(byte[] key)"), |call| {
                keyed(call, Class::$hmac_variant, Digest::$algorithm)
            }),
            row($hmac, "static byte[] HashData(byte[] key, byte[] source)", |call| {
                let (key, source) = (call.bytes(0, "key")?, call.bytes(1, "source")?);
                hashed(call, &source, Digest::$algorithm, Some(&key))
            }),
            row($hmac, "static int HashSizeInBits", |_| Ok(string::index(Digest::$algorithm.bytes() * 8))),
            row($hmac, "static int HashSizeInBytes", |_| Ok(string::index(Digest::$algorithm.bytes()))),
        )*
            row("SHA1Managed", "new SHA1Managed()", |call| create(call, Class::Sha1Managed, Digest::Sha1, "")),
            row("SHA256Managed", "new SHA256Managed()", |call| create(call, Class::Sha256Managed, Digest::Sha256, "")),
            row("SHA384Managed", "new SHA384Managed()", |call| create(call, Class::Sha384Managed, Digest::Sha384, "")),
            row("SHA512Managed", "new SHA512Managed()", |call| create(call, Class::Sha512Managed, Digest::Sha512, "")),
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

const SHA1_PROVIDER: &str = "System.Security.Cryptography.SHA1CryptoServiceProvider";
const MD5_PROVIDER: &str = "System.Security.Cryptography.MD5CryptoServiceProvider";

/// What .NET makes of names: the name, the type, the digest, and the name of the type when it is one that is not listed.
const BY_NAME: [(&str, Class, Digest, &str); 14] = [
    ("SHA", Class::Sha1, Digest::Sha1, SHA1_PROVIDER),
    ("SHA1", Class::Sha1, Digest::Sha1, SHA1_PROVIDER),
    ("HashAlgorithm", Class::Sha1, Digest::Sha1, SHA1_PROVIDER),
    ("MD5", Class::Md5, Digest::Md5, MD5_PROVIDER),
    ("SHA256", Class::Sha256Managed, Digest::Sha256, ""),
    ("SHA384", Class::Sha384Managed, Digest::Sha384, ""),
    ("SHA512", Class::Sha512Managed, Digest::Sha512, ""),
    ("HMAC", Class::HmacSha1, Digest::Sha1, ""),
    ("KeyedHashAlgorithm", Class::HmacSha1, Digest::Sha1, ""),
    ("HMACMD5", Class::HmacMd5, Digest::Md5, ""),
    ("HMACSHA1", Class::HmacSha1, Digest::Sha1, ""),
    ("HMACSHA256", Class::HmacSha256, Digest::Sha256, ""),
    ("HMACSHA384", Class::HmacSha384, Digest::Sha384, ""),
    ("HMACSHA512", Class::HmacSha512, Digest::Sha512, ""),
];

/// `HashAlgorithm` and what derives from it.
#[derive(Debug)]
struct Hasher {
    digest: Digest,
    key: Option<Arc<[u8]>>,
    last: Option<Arc<[u8]>>,
    /// What was given since the last hash.
    pending: Vec<u8>,
    /// Whether a block came and not yet the final one.
    is_open: bool,
    is_disposed: bool,
    /// The name of its type, when it is none that is listed.
    name: &'static str,
}

impl State for Hasher {
    fn type_name(&self, ty: &Ty) -> String {
        // The providers are classes that have names; the other ones are not seen.
        if self.name.ends_with("CryptoServiceProvider") { self.name.to_owned() } else { ty.full_name() }
    }

    fn text(&self, ty: &Ty) -> String {
        if self.name.is_empty() { ty.full_name() } else { self.name.to_owned() }
    }
}

/// `default(HashAlgorithmName)`
pub(crate) fn default_name() -> Value {
    let ty = Ty::Class(Class::HashAlgorithmName);
    Value::Object(Instance::object(ty, super::name::HashName(None)))
}

/// `default(RSAParameters)`
pub(crate) fn default_parameters() -> Value {
    let ty = Ty::Class(Class::RsaParameters);
    Value::Object(Instance::object(ty, super::rsa_parameters::Numbers::default()))
}

fn create(call: &mut Call<'_, '_>, class: Class, digest: Digest, name: &'static str) -> Outcome<Value> {
    let (key, last, pending) = (None, None, Vec::new());
    let hasher = Hasher { digest, key, last, pending, is_open: false, is_disposed: false, name };
    call.machine.object(Ty::Class(class), hasher)
}

fn keyed(call: &mut Call<'_, '_>, class: Class, digest: Digest) -> Outcome<Value> {
    let key = call.bytes(0, "key")?;
    hmac(call, class, digest, &key)
}

fn hmac(call: &mut Call<'_, '_>, class: Class, digest: Digest, key: &[u8]) -> Outcome<Value> {
    spend(call, key.len())?;
    let key = Some(kept(digest, key));
    let (last, pending) = (None, Vec::new());
    let hasher = Hasher { digest, key, last, pending, is_open: false, is_disposed: false, name: "" };
    call.machine.object(Ty::Class(class), hasher)
}

// A key that is longer than a block is its hash (RFC 2104), and `Key` shows that.
fn kept(digest: Digest, key: &[u8]) -> Arc<[u8]> {
    if key.len() > digest.block_bytes() { digest.digest(key).into() } else { key.into() }
}

/// What RSA is by its name.
const RSA_NAMED: &str = "System.Security.Cryptography.RSACryptoServiceProvider";

fn named(call: &mut Call<'_, '_>, wanted: Class) -> Outcome<Value> {
    let name = call.text(0, "name")?;
    let short = name.strip_prefix("System.Security.Cryptography.").unwrap_or(name);
    let plain = short.to_ascii_uppercase().replacen("SHA-", "SHA", 1);
    let found = BY_NAME.iter().find(|(known, ..)| known.eq_ignore_ascii_case(&plain));
    let Some((_, class, digest, shown)) = found else {
        return match plain.as_str() {
            "RSA" => Err(invalid_cast(RSA_NAMED, &Ty::Class(wanted).full_name())),
            _ => by_name::unknown(name, wanted),
        };
    };
    if !class.derives_from(wanted) {
        let from = if shown.is_empty() { Ty::Class(*class).full_name() } else { (*shown).to_owned() };
        return Err(invalid_cast(&from, &Ty::Class(wanted).full_name()));
    }
    if class.derives_from(Class::Hmac) {
        let key = super::chance(call).bytes(digest.block_bytes());
        return hmac(call, *class, *digest, &key);
    }
    create(call, *class, *digest, shown)
}

fn hashed(call: &mut Call<'_, '_>, source: &[u8], digest: Digest, key: Option<&[u8]>) -> Outcome<Value> {
    spend(call, source.len())?;
    call.machine.charge(digest.bytes())?;
    let hash = match key {
        Some(key) => digest.authenticate(key, source),
        None => digest.digest(source),
    };
    Ok(Value::Bytes(hash.into()))
}

fn compute(call: &mut Call<'_, '_>, buffer: &[u8]) -> Outcome<Value> {
    let (digest, key, mut source) =
        call.state(0, |hasher: &mut Hasher| (hasher.digest, hasher.key.clone(), std::mem::take(&mut hasher.pending)))?;
    let value = if source.is_empty() {
        hashed(call, buffer, digest, key.as_deref())?
    } else {
        source.extend_from_slice(buffer);
        hashed(call, &source, digest, key.as_deref())?
    };
    if let Value::Bytes(hash) = &value {
        call.state(0, |hasher: &mut Hasher| hasher.last = Some(Arc::clone(hash)))?;
    }
    Ok(value)
}

fn transform_block(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let input = call.bytes(1, "inputBuffer")?;
    let part = part(call, &input, "inputOffset")?;
    not_disposed(call)?;
    call.machine.charge(part.len())?;
    spend(call, part.len())?;
    if !call.value(4).is_null() {
        let to = string::not_negative(call.int(5)?, "dstOffset")?;
        let room = call.bytes(4, "outputBuffer")?.len();
        if room.checked_sub(to).is_none_or(|room| room < part.len()) {
            return Err(bad_range());
        }
        put(call.value(4), to, part)?;
    }
    call.state(0, |hasher: &mut Hasher| {
        hasher.pending.extend_from_slice(part);
        hasher.is_open = true;
    })?;
    Ok(string::index(part.len()))
}

fn transform_final_block(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let input = call.bytes(1, "inputBuffer")?;
    let part = part(call, &input, "inputOffset")?;
    not_disposed(call)?;
    compute(call, part)?;
    call.state(0, |hasher: &mut Hasher| hasher.is_open = false)?;
    bytes(call, part)
}

// The part of an array that the two arguments after it name.
fn part<'b>(call: &Call<'_, '_>, array: &'b [u8], parameter: &'static str) -> Outcome<&'b [u8]> {
    let offset = string::not_negative(call.int(2)?, parameter)?;
    let count = usize::try_from(call.int(3)?).ok().filter(|count| *count <= array.len());
    let count = count.ok_or_else(|| throw("System.ArgumentException", "Value was invalid."))?;
    offset.checked_add(count).and_then(|end| array.get(offset..end)).ok_or_else(bad_range)
}

fn not_disposed(call: &Call<'_, '_>) -> Outcome<()> {
    let (is_disposed, name) = call.state(0, |hasher: &mut Hasher| (hasher.is_disposed, hasher.name))?;
    if !is_disposed {
        return Ok(());
    }
    let text = if name.is_empty() { call.value(0).type_name().into_owned() } else { name.to_owned() };
    Err(disposed(&text))
}

fn dispose(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.state(0, |hasher: &mut Hasher| {
        hasher.is_disposed = true;
        hasher.pending = Vec::new();
    })?;
    Ok(Value::Null)
}

fn legacy(call: &mut Call<'_, '_>) -> Outcome<Value> {
    if call.bool(1)? { Err(unsupported("Operation is not supported on this platform.")) } else { Ok(Value::Null) }
}

/// The digest that a `HashAlgorithmName` argument names.
pub(super) fn digest_of(call: &Call<'_, '_>, index: usize) -> Outcome<Digest> {
    let name = call.state(index, |name: &mut super::name::HashName| name.0.clone())?;
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| argument_null("hashAlgorithm"))?;
    known_digest(&name)
}

/// The digest of this name.
pub(super) fn known_digest(name: &str) -> Outcome<Digest> {
    Digest::of_name(name).ok_or_else(|| super::cryptographic(format!("'{name}' is not a known hash algorithm.")))
}
