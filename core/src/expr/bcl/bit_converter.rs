//! `System.BitConverter`, little end first as on every platform that the gateway runs on.

use std::sync::Arc;

use super::native::{Native, one};
use super::string::not_negative;
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, argument, out_of_range};
use crate::value::Value;

const OWNER: &str = "BitConverter";
const NOT_BELOW: &str = "Index was out of range. Must be non-negative and less than the size of the collection.";
const TOO_SHORT: &str =
    "The array starting from the specified index is not long enough to read a value of the specified type.";

pub(super) const ROWS: &[Row] = &[
    row(OWNER, "static bool IsLittleEndian", |_| Ok(Value::Bool(true))),
    row(OWNER, "static string ToString(byte[] value)", hex_pairs),
    row(OWNER, "static string ToString(byte[] value, int startIndex)", hex_pairs),
    row(OWNER, "static string ToString(byte[] value, int startIndex, int length)", hex_pairs),
    row(OWNER, "static byte[] GetBytes(bool value)", |call| Ok(bytes(&[u8::from(call.bool(0)?)]))),
    row(OWNER, "static byte[] GetBytes(char value)", |call| Ok(bytes(&call.unit(0)?.to_le_bytes()))),
    row(OWNER, "static bool ToBoolean(byte[] value, int startIndex)", |call| {
        read::<1>(call).map(|[byte]| Value::Bool(byte != 0))
    }),
    row(OWNER, "static char ToChar(byte[] value, int startIndex)", |call| {
        read(call).map(|found| Value::Char(u16::from_le_bytes(found)))
    }),
    row(OWNER, "static long DoubleToInt64Bits(double value)", |call| {
        one::<f64, i64>(call, |value| value.to_bits().cast_signed())
    }),
    row(OWNER, "static ulong DoubleToUInt64Bits(double value)", |call| one(call, f64::to_bits)),
    row(OWNER, "static double Int64BitsToDouble(long value)", |call| {
        one::<i64, f64>(call, |value| f64::from_bits(value.cast_unsigned()))
    }),
    row(OWNER, "static double UInt64BitsToDouble(ulong value)", |call| one(call, f64::from_bits)),
    row(OWNER, "static int SingleToInt32Bits(float value)", |call| {
        one::<f32, i32>(call, |value| value.to_bits().cast_signed())
    }),
    row(OWNER, "static uint SingleToUInt32Bits(float value)", |call| one(call, f32::to_bits)),
    row(OWNER, "static float Int32BitsToSingle(int value)", |call| {
        one::<i32, f32>(call, |value| f32::from_bits(value.cast_unsigned()))
    }),
    row(OWNER, "static float UInt32BitsToSingle(uint value)", |call| one(call, f32::from_bits)),
];

macro_rules! numbers {
    ($($name:literal $method:literal $native:ident;)*) => {
        /// Numbers as bytes, and bytes as numbers.
        pub(super) const NUMBERS: &[Row] = &[$(
            row(OWNER, concat!("static byte[] GetBytes(", $name, " value)"), |call| {
                Ok(bytes(&call.native::<$native>(0)?.to_le_bytes()))
            }),
            row(OWNER, concat!("static ", $name, " ", $method, "(byte[] value, int startIndex)"), |call| {
                read(call).map(|found| $native::from_le_bytes(found).value())
            }),
        )*];
    };
}

numbers! {
    "int" "ToInt32" i32;
    "long" "ToInt64" i64;
    "double" "ToDouble" f64;
    "short" "ToInt16" i16;
    "ushort" "ToUInt16" u16;
    "uint" "ToUInt32" u32;
    "ulong" "ToUInt64" u64;
    "float" "ToSingle" f32;
}

fn bytes(bytes: &[u8]) -> Value {
    Value::Bytes(Arc::from(bytes))
}

fn given(call: &Call<'_, '_>) -> Outcome<Arc<[u8]>> {
    call.bytes(0, "value")
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
    let mut part = &*bytes;
    if call.arguments.len() > 1 {
        let is_empty = bytes.is_empty() && call.int(1)? == 0;
        let start = if is_empty { 0 } else { start(call, bytes.len())? };
        let length = if call.arguments.len() > 2 { not_negative(call.int(2)?, "length")? } else { bytes.len() - start };
        part = bytes.get(start..start.saturating_add(length)).ok_or_else(|| argument(TOO_SHORT, "value"))?;
    }
    call.machine.check_length(part.len().saturating_mul(3))?;
    let pairs: Vec<String> = part.iter().map(|byte| format!("{byte:02X}")).collect();
    call.yields(pairs.join("-"))
}
