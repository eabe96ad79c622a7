//! `RSAParameters`, the numbers of a key, and `KeySizes`, what sizes an algorithm takes.

use std::sync::Arc;

use super::{bytes, cryptographic};
use crate::expr::bcl::{Call, Row, row};
use crate::expr::exception::Outcome;
use crate::expr::instance::State;
use crate::expr::ty::{Class, Ty};
use crate::pki::RsaKey;
use crate::pki::rsa_key::{Parts, Secret};
use crate::value::Value;

type Number = Option<Arc<[u8]>>;

/// `RSAParameters`. A copy of the structure is the same object here; nobody writes to one after handing it on.
#[derive(Default)]
pub(super) struct Numbers {
    modulus: Number,
    exponent: Number,
    d: Number,
    p: Number,
    q: Number,
    dp: Number,
    dq: Number,
    inverse: Number,
}

impl std::fmt::Debug for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Numbers(…)")
    }
}

impl State for Numbers {}

macro_rules! numbers {
    ($($name:literal $field:ident,)*) => {
        pub(in crate::expr::bcl) const ROWS: &[Row] = &[
            row("RSAParameters", "new RSAParameters()", |call| {
                call.object(Ty::Class(Class::RsaParameters), Numbers::default())
            }),
            $(
                row("RSAParameters", concat!("byte[] ", $name), |call| {
                    let number = call.state(0, |numbers: &mut Numbers| numbers.$field.clone())?;
                    number.map_or(Ok(Value::Null), |number| bytes(call, number))
                }),
                row("RSAParameters", concat!("set byte[] ", $name), |call| {
                    let number = if call.value(1).is_null() { None } else { Some(call.bytes(1, "value")?) };
                    call.state(0, |numbers: &mut Numbers| numbers.$field = number)?;
                    Ok(Value::Null)
                }),
            )*
            row("KeySizes", "int MinSize", |call| call.state(0, |sizes: &mut Sizes| Value::Int32(sizes.0[0]))),
            row("KeySizes", "int MaxSize", |call| call.state(0, |sizes: &mut Sizes| Value::Int32(sizes.0[1]))),
            row("KeySizes", "int SkipSize", |call| call.state(0, |sizes: &mut Sizes| Value::Int32(sizes.0[2]))),
        ];
    };
}

numbers! {
    "Modulus" modulus,
    "Exponent" exponent,
    "D" d,
    "P" p,
    "Q" q,
    "DP" dp,
    "DQ" dq,
    "InverseQ" inverse,
}

/// `KeySizes`: the least, the most, and the step between.
#[derive(Debug)]
struct Sizes([i32; 3]);

impl State for Sizes {}

/// One `KeySizes[]`.
pub(super) fn sizes(call: &mut Call<'_, '_>, sizes: [i32; 3]) -> Outcome<Value> {
    let ty = Ty::Class(Class::KeySizes);
    let object = call.object(ty.clone(), Sizes(sizes))?;
    call.machine.array_of(ty, vec![object])
}

/// The numbers of a key as an object.
pub(super) fn of_key(call: &mut Call<'_, '_>, key: &RsaKey, secret: Option<Secret>) -> Outcome<Value> {
    let number = |digits: Vec<u8>| Some(Arc::from(digits));
    let mut numbers = Numbers {
        modulus: number(crate::pki::der::trimmed(&key.parts.modulus).to_vec()),
        exponent: number(crate::pki::der::trimmed(&key.parts.exponent).to_vec()),
        ..Numbers::default()
    };
    if let Some(secret) = secret {
        numbers.d = number(secret.d);
        numbers.p = number(secret.p);
        numbers.q = number(secret.q);
        numbers.dp = number(secret.dp);
        numbers.dq = number(secret.dq);
        numbers.inverse = number(secret.inverse);
    }
    call.object(Ty::Class(Class::RsaParameters), numbers)
}

/// The key of these numbers.
pub(super) fn key_of(call: &Call<'_, '_>, index: usize) -> Outcome<RsaKey> {
    let parts = call.state(index, |numbers: &mut Numbers| {
        let of = |number: &Number| number.as_ref().map(|number| number.to_vec());
        let secret = || {
            let (d, p, q) = (of(&numbers.d)?, of(&numbers.p)?, of(&numbers.q)?);
            let (dp, dq) = (of(&numbers.dp)?, of(&numbers.dq)?);
            Some(Secret { d, p, q, dp, dq, inverse: of(&numbers.inverse)? })
        };
        let is_partial = [&numbers.d, &numbers.p, &numbers.q, &numbers.dp, &numbers.dq, &numbers.inverse]
            .iter()
            .any(|number| number.is_some());
        let secret = secret();
        let fits = secret.is_some() || !is_partial;
        Some(Parts { modulus: of(&numbers.modulus)?, exponent: of(&numbers.exponent)?, secret }).filter(|_| fits)
    })?;
    let message = "Value was invalid.";
    let parts = parts.ok_or_else(|| cryptographic(message))?;
    RsaKey::of_parts(parts).map_err(|_| cryptographic(message))
}
