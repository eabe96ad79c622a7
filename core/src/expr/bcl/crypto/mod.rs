//! `System.Security.Cryptography`: one file per family of types. The algorithms themselves are in `pki`.

mod asymmetric;
mod by_name;
mod certificate;
mod certificate_key;
mod certificate_text;

mod extension;
mod hash;
mod name;
mod padding;
mod random;
mod rsa;
mod rsa_parameters;
mod symmetric;
mod transform;

use std::sync::Arc;

use super::{Base, Call, Row};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, throw};
use crate::expr::instance::{self, Items};
use crate::pki::SecretStream;
use crate::value::Value;

pub(crate) use certificate::{key_text as certificate_key, shown as certificate_object};

pub(super) const TABLES: [&[Row]; 15] = [
    hash::TABLES[0],
    hash::TABLES[1],
    name::ROWS,
    random::ROWS,
    padding::ROWS,
    rsa_parameters::ROWS,
    rsa::ROWS,
    asymmetric::ROWS,
    symmetric::ROWS,
    transform::ROWS,
    certificate::TABLES[0],
    certificate::TABLES[1],
    certificate_text::ROWS,
    certificate_key::ROWS,
    extension::ROWS,
];

pub(super) const BASES: &[Base] = &[
    ("HashAlgorithm", "IDisposable"),
    ("AsymmetricAlgorithm", "IDisposable"),
    ("SymmetricAlgorithm", "IDisposable"),
    ("ICryptoTransform", "IDisposable"),
    ("RNGCryptoServiceProvider", "IDisposable"),
    ("X509Certificate", "IDisposable"),
    ("X509ExtensionCollection", "IEnumerable<X509Extension>"),
];

pub(crate) use hash::{default_name as default_hash_name, default_parameters};

fn cryptographic(message: impl Into<String>) -> Interrupt {
    throw("System.Security.Cryptography.CryptographicException", message)
}

fn unsupported(message: &str) -> Interrupt {
    throw("System.PlatformNotSupportedException", message)
}

fn not_selected() -> Interrupt {
    unsupported("This platform does not allow the automatic selection of an algorithm.")
}

fn disposed(name: &str) -> Interrupt {
    let message = format!("Cannot access a disposed object.\nObject name: '{name}'.");
    throw("System.ObjectDisposedException", message)
}

fn bad_range() -> Interrupt {
    let message = "Offset and length were out of bounds for the array or count is greater than the number of elements \
                   from index to the end of the source collection.";
    throw("System.ArgumentException", message)
}

/// The exchange's stream of secrets; every call of it is another one.
fn chance(call: &mut Call<'_, '_>) -> SecretStream {
    let nonce = [call.machine.rng.next_u64(), call.machine.rng.next_u64()];
    SecretStream::new(call.machine.context.deployment.entropy, nonce)
}

/// New bytes, counted against the limits.
fn bytes(call: &mut Call<'_, '_>, bytes: impl Into<Arc<[u8]>>) -> Outcome<Value> {
    let bytes = bytes.into();
    call.machine.charge(bytes.len())?;
    // What an object keeps for itself is copied: each time an array of its own.
    let is_kept = Arc::strong_count(&bytes) > 1;
    Ok(Value::Bytes(if is_kept { Arc::from(&*bytes) } else { bytes }))
}

/// A step for every block of the input: what is long takes time.
fn spend(call: &mut Call<'_, '_>, length: usize) -> Outcome<()> {
    call.machine.spend(u32::try_from(length / 64).unwrap_or(u32::MAX))
}

/// Writes bytes into an array, from this place on.
pub(super) fn put(array: &Value, from: usize, bytes: &[u8]) -> Outcome<()> {
    instance::state(array, |items: &mut Items| {
        for (place, byte) in items.values.iter_mut().skip(from).zip(bytes) {
            *place = Value::Byte(*byte);
        }
    })
}
