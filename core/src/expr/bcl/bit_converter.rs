//! `System.BitConverter`, little end first as on every platform that the gateway runs on.

use std::sync::Arc;

use super::string::not_negative;
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, argument, argument_null, out_of_range};
use crate::value::Value;

const OWNER: &str = "BitConverter";
const NOT_BELOW: &str = "Index was out of range. Must be non-negative and less than the size of the collection.";
const TOO_SHORT: &str =
    "The array starting from the specified index is not long enough to read a value of the specified type.";

pub(super) const ROWS: &[Row] = &[
    row(OWNER, "static bool IsLittleEndian", |_| Ok(Value::Bool(true))),
    row(OWNER, "static byte[] GetBytes(bool value)", |call| Ok(bytes(&[u8::from(call.bool(0)?)]))),
    row(OWNER, "static byte[] GetBytes(char value)", |call| Ok(bytes(&call.unit(0)?.to_le_bytes()))),
    row(OWNER, "static byte[] GetBytes(int value)", |call| Ok(bytes(&call.int(0)?.to_le_bytes()))),
    row(OWNER, "static byte[] GetBytes(long value)", |call| Ok(bytes(&call.long(0)?.to_le_bytes()))),
    row(OWNER, "static byte[] GetBytes(double value)", |call| Ok(bytes(&call.double(0)?.to_le_bytes()))),
    row(OWNER, "static string ToString(byte[] value)", hex_pairs),
    row(OWNER, "static string ToString(byte[] value, int startIndex)", hex_pairs),
    row(OWNER, "static string ToString(byte[] value, int startIndex, int length)", hex_pairs),
    row(OWNER, "static bool ToBoolean(byte[] value, int startIndex)", |call| {
        read::<1>(call).map(|[byte]| Value::Bool(byte != 0))
    }),
    row(OWNER, "static char ToChar(byte[] value, int startIndex)", |call| {
        read(call).map(|found| Value::Char(u16::from_le_bytes(found)))
    }),
    row(OWNER, "static int ToInt32(byte[] value, int startIndex)", |call| {
        read(call).map(|found| Value::Int32(i32::from_le_bytes(found)))
    }),
    row(OWNER, "static long ToInt64(byte[] value, int startIndex)", |call| {
        read(call).map(|found| Value::Int64(i64::from_le_bytes(found)))
    }),
    row(OWNER, "static double ToDouble(byte[] value, int startIndex)", |call| {
        read(call).map(|found| Value::Double(f64::from_le_bytes(found)))
    }),
    row(OWNER, "static long DoubleToInt64Bits(double value)", |call| {
        Ok(Value::Int64(call.double(0)?.to_bits().cast_signed()))
    }),
    row(OWNER, "static double Int64BitsToDouble(long value)", |call| {
        Ok(Value::Double(f64::from_bits(call.long(0)?.cast_unsigned())))
    }),
];

fn bytes(bytes: &[u8]) -> Value {
    Value::Bytes(Arc::from(bytes))
}

fn given<'c>(call: &Call<'c, '_>) -> Outcome<&'c [u8]> {
    match call.value(0) {
        Value::Bytes(bytes) => Ok(bytes),
        _ => Err(argument_null("value")),
    }
}

fn start(call: &Call<'_, '_>, length: usize) -> Outcome<usize> {
    let start = usize::try_from(call.int(1)?).ok().filter(|start| *start < length);
    start.ok_or_else(|| out_of_range(NOT_BELOW, "startIndex"))
}

fn read<const N: usize>(call: &mut Call<'_, '_>) -> Outcome<[u8; N]> {
    let bytes = given(call)?;
    let start = start(call, bytes.len())?;
    let part = bytes.get(start..start.saturating_add(N)).and_then(|part| part.try_into().ok());
    part.ok_or_else(|| argument(TOO_SHORT, "value"))
}

fn hex_pairs(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let bytes = given(call)?;
    let mut part = bytes;
    let is_empty = bytes.is_empty() && call.arguments.len() > 1 && call.int(1)? == 0;
    if call.arguments.len() > 1 && !is_empty {
        let start = start(call, bytes.len())?;
        let length = if call.arguments.len() > 2 { not_negative(call.int(2)?, "length")? } else { bytes.len() - start };
        part = bytes.get(start..start.saturating_add(length)).ok_or_else(|| argument(TOO_SHORT, "value"))?;
    }
    call.machine.check_length(part.len().saturating_mul(3))?;
    let pairs: Vec<String> = part.iter().map(|byte| format!("{byte:02X}")).collect();
    call.yields(pairs.join("-"))
}
