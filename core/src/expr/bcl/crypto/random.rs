//! `RNGCryptoServiceProvider`: bytes from the exchange's stream of secrets.

use super::{bad_range, bytes, chance, put, spend};
use crate::expr::bcl::{Call, Row, row, string};
use crate::expr::exception::{Outcome, argument_null, throw};
use crate::expr::instance::State;
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

const OWNER: &str = "RNGCryptoServiceProvider";

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row(OWNER, "new RNGCryptoServiceProvider()", made),
    row(OWNER, "new RNGCryptoServiceProvider(string str)", made),
    row(OWNER, "new RNGCryptoServiceProvider(byte[] rgb)", made),
    row(OWNER, "void GetBytes(byte[] data)", |call| {
        let count = length(call)?;
        fill(call, 0, count, Zeros::Kept)
    }),
    row(OWNER, "void GetBytes(byte[] data, int offset, int count)", |call| {
        let length = length(call)?;
        let offset = string::not_negative(call.int(2)?, "offset")?;
        let count = string::not_negative(call.int(3)?, "count")?;
        if length.checked_sub(offset).is_none_or(|room| room < count) {
            return Err(bad_range());
        }
        fill(call, offset, count, Zeros::Kept)
    }),
    row(OWNER, "void GetNonZeroBytes(byte[] data)", |call| {
        let count = length(call)?;
        fill(call, 0, count, Zeros::Drawn)
    }),
    row(OWNER, "void Dispose()", |_| Ok(Value::Null)),
    row(OWNER, "static byte[] GetBytes(int count)", |call| {
        let count = string::not_negative(call.int(0)?, "count")?;
        call.machine.check_length(count)?;
        spend(call, count)?;
        let drawn = chance(call).bytes(count);
        bytes(call, drawn)
    }),
    row(OWNER, "static int GetInt32(int toExclusive)", |call| {
        let most = call.int(0)?;
        if most <= 0 {
            let message = format!("toExclusive ('{most}') must be a non-negative and non-zero value.");
            let message = format!("{message} (Parameter 'toExclusive')\nActual value was {most}.");
            return Err(throw("System.ArgumentOutOfRangeException", message));
        }
        Ok(Value::Int32(between(call, 0, most)))
    }),
    row(OWNER, "static int GetInt32(int fromInclusive, int toExclusive)", |call| {
        let (least, most) = (call.int(0)?, call.int(1)?);
        if least >= most {
            return Err(throw(
                "System.ArgumentException",
                "Range of random number does not contain at least one possibility.",
            ));
        }
        Ok(Value::Int32(between(call, least, most)))
    }),
];

/// `RNGCryptoServiceProvider`
#[derive(Debug)]
struct Provider;

impl State for Provider {}

/// What becomes of zeros.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Zeros {
    Kept,
    /// Drawn again.
    Drawn,
}

fn made(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.object(Ty::Class(Class::RngCryptoServiceProvider), Provider)
}

fn length(call: &Call<'_, '_>) -> Outcome<usize> {
    if call.value(1).is_null() {
        return Err(argument_null("data"));
    }
    Ok(call.bytes(1, "data")?.len())
}

fn fill(call: &mut Call<'_, '_>, offset: usize, count: usize, zeros: Zeros) -> Outcome<Value> {
    spend(call, count)?;
    let mut stream = chance(call);
    let mut drawn = stream.bytes(count);
    if zeros == Zeros::Drawn {
        for byte in &mut drawn {
            while *byte == 0 {
                *byte = stream.byte();
            }
        }
    }
    put(call.value(1), offset, &drawn)?;
    Ok(Value::Null)
}

// The remainder of 128 bits is even to within 2^-96.
fn between(call: &mut Call<'_, '_>, least: i32, most: i32) -> i32 {
    let drawn = chance(call).bytes(16).iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let width = u128::from(i64::from(most).abs_diff(i64::from(least)));
    let offset = i64::try_from(drawn % width.max(1)).unwrap_or(0);
    i32::try_from(i64::from(least) + offset).unwrap_or(least)
}
