//! `RSA`: signing, verifying, encrypting, decrypting, and its own forms of keys.

use std::sync::Arc;

use super::asymmetric::{checked_bits, export, export_pem, import, key, made, only_public, spend_private, take};
use super::hash::digest_of;
use super::rsa_parameters::{key_of, of_key};
use super::{bytes, chance, cryptographic, padding, spend};
use crate::expr::Interrupt;
use crate::expr::bcl::{Call, Row, row, string};
use crate::expr::exception::{Outcome, throw};
use crate::pki::RsaKey;
use crate::pki::rsa_use::{EncryptionPadding, UseFault};
use crate::value::Value;

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("RSA", "static RSA Create()", |call| made(call, None, 2048)),
    row("RSA", "static RSA Create(int keySizeInBits)", |call| {
        let bits = checked_bits(call.int(0)?)?;
        made(call, None, bits)
    }),
    row("RSA", "static RSA Create(RSAParameters parameters)", |call| {
        let key = key_of(call, 0)?;
        made(call, Some(Arc::new(key)), 0)
    }),
    row("RSA", "void ImportParameters(RSAParameters parameters)", |call| {
        let key = key_of(call, 1)?;
        take(call, key)
    }),
    row("RSA", "RSAParameters ExportParameters(bool includePrivateParameters)", |call| {
        let with_secret = call.bool(1)?;
        let key = key(call, 0)?;
        let secret = if with_secret { Some(key.padded_secret().ok_or_else(only_public)?) } else { None };
        of_key(call, &key, secret)
    }),
    row("RSA", "void ImportRSAPrivateKey(byte[] source, out int bytesRead)", |call| import(call, RsaKey::of_private)),
    row("RSA", "void ImportRSAPublicKey(byte[] source, out int bytesRead)", |call| import(call, RsaKey::of_public)),
    row("RSA", "byte[] ExportRSAPrivateKey()", |call| export(call, RsaKey::to_private)),
    row("RSA", "byte[] ExportRSAPublicKey()", |call| export(call, |key| Some(key.to_public()))),
    row("RSA", "string ExportRSAPrivateKeyPem()", |call| export_pem(call, "RSA PRIVATE KEY", RsaKey::to_private)),
    row("RSA", "string ExportRSAPublicKeyPem()", |call| {
        export_pem(call, "RSA PUBLIC KEY", |key| Some(key.to_public()))
    }),
    row("RSA", "int GetMaxOutputSize()", |call| {
        Ok(Value::Int32(call.state(0, |rsa: &mut super::asymmetric::Rsa| rsa.bits.div_euclid(8))?))
    }),
    row("RSA", "byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)", |call| {
        let data = call.bytes(1, "data")?;
        sign_data(call, &data, 2)
    }),
    row(
        "RSA",
        "byte[] SignData(byte[] data, int offset, int count, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)",
        |call| {
            let data = call.bytes(1, "data")?;
            let part = part(call, &data)?;
            sign_data(call, part, 4)
        },
    ),
    row("RSA", "byte[] SignHash(byte[] hash, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)", |call| {
        let hash = call.bytes(1, "hash")?;
        sign(call, &hash, 2)
    }),
    row(
        "RSA",
        "bool VerifyData(byte[] data, byte[] signature, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)",
        |call| {
            let (data, signature) = (call.bytes(1, "data")?, call.bytes(2, "signature")?);
            verify_data(call, &data, &signature, 3)
        },
    ),
    row(
        "RSA",
        "bool VerifyData(byte[] data, int offset, int count, byte[] signature, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)",
        |call| {
            let data = call.bytes(1, "data")?;
            let part = part(call, &data)?;
            let signature = call.bytes(4, "signature")?;
            verify_data(call, part, &signature, 5)
        },
    ),
    row(
        "RSA",
        "bool VerifyHash(byte[] hash, byte[] signature, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)",
        |call| {
            let (hash, signature) = (call.bytes(1, "hash")?, call.bytes(2, "signature")?);
            verify(call, &hash, &signature, 3)
        },
    ),
    row("RSA", "byte[] Encrypt(byte[] data, RSAEncryptionPadding padding)", |call| {
        let data = call.bytes(1, "data")?;
        let padding = padding::encryption(call, 2)?;
        let key = key(call, 0)?;
        spend(call, data.len() + key.bits())?;
        let mut stream = chance(call);
        let encrypted = key.encrypt(&data, padding, &mut stream);
        let encrypted =
            encrypted.map_err(|_| cryptographic("error:0200006E:rsa routines::data too large for key size"))?;
        bytes(call, encrypted)
    }),
    row("RSA", "byte[] Decrypt(byte[] data, RSAEncryptionPadding padding)", |call| {
        let data = call.bytes(1, "data")?;
        let padding = padding::encryption(call, 2)?;
        let key = key(call, 0)?;
        if data.len() != key.bits() / 8 {
            return Err(cryptographic("The length of the data to decrypt is not valid for the size of this key."));
        }
        spend_private(call, &key)?;
        let mut stream = chance(call);
        let decrypted = key.decrypt(&data, padding, &mut stream).map_err(|fault| match (fault, padding) {
            (UseFault::NotPrivate, _) => missing_key(),
            (UseFault::Refused, EncryptionPadding::Pkcs1) => {
                cryptographic("error:02000072:rsa routines::padding check failed")
            }
            (UseFault::Refused, EncryptionPadding::Oaep(_)) => {
                cryptographic("error:02000079:rsa routines::oaep decoding error")
            }
        })?;
        bytes(call, decrypted)
    }),
    row("RSA", "byte[] EncryptValue(byte[] rgb)", |_| Err(not_supported())),
    row("RSA", "byte[] DecryptValue(byte[] rgb)", |_| Err(not_supported())),
];

fn not_supported() -> Interrupt {
    throw("System.NotSupportedException", "Method not supported.")
}

fn missing_key() -> Interrupt {
    cryptographic("error:02000093:rsa routines::value missing")
}

fn sign_data(call: &mut Call<'_, '_>, data: &[u8], name: usize) -> Outcome<Value> {
    let digest = digest_of(call, name)?;
    padding::signature(call, name + 1)?;
    spend(call, data.len())?;
    sign(call, &digest.digest(data), name)
}

fn sign(call: &mut Call<'_, '_>, hash: &[u8], name: usize) -> Outcome<Value> {
    let digest = digest_of(call, name)?;
    let padding = padding::signature(call, name + 1)?;
    let key = key(call, 0)?;
    spend_private(call, &key)?;
    let mut stream = chance(call);
    let signature = key.sign(hash, digest, padding, &mut stream).map_err(|fault| match fault {
        UseFault::NotPrivate => missing_key(),
        UseFault::Refused => cryptographic("error:1C8000A6:Provider routines::invalid digest length"),
    })?;
    bytes(call, signature)
}

fn verify_data(call: &mut Call<'_, '_>, data: &[u8], signature: &[u8], name: usize) -> Outcome<Value> {
    let digest = digest_of(call, name)?;
    spend(call, data.len())?;
    verify(call, &digest.digest(data), signature, name)
}

fn verify(call: &mut Call<'_, '_>, hash: &[u8], signature: &[u8], name: usize) -> Outcome<Value> {
    let digest = digest_of(call, name)?;
    let padding = padding::signature(call, name + 1)?;
    let key = key(call, 0)?;
    spend(call, key.bits() * 4)?;
    Ok(Value::Bool(key.verify(hash, signature, digest, padding)))
}

// The part of an array that `offset` and `count` name.
fn part<'b>(call: &Call<'_, '_>, data: &'b [u8]) -> Outcome<&'b [u8]> {
    let beyond = |name: &str, value: usize, most: usize| {
        let message = format!("{name} ('{value}') must be less than or equal to '{most}'. (Parameter '{name}')");
        throw("System.ArgumentOutOfRangeException", format!("{message}\nActual value was {value}."))
    };
    let offset = string::not_negative(call.int(2)?, "offset")?;
    let rest = data.get(offset..).ok_or_else(|| beyond("offset", offset, data.len()))?;
    let count = string::not_negative(call.int(3)?, "count")?;
    rest.get(..count).ok_or_else(|| beyond("count", count, rest.len()))
}
