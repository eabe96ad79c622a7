//! `System.Random`. Its numbers come from the exchange's stream of chance.

use super::native::Native;
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, argument, argument_null, out_of_range, throw};
use crate::expr::instance::Items;
use crate::expr::limits::ITEMS_MAX;
use crate::value::{Service, Value};

pub(super) const ROWS: &[Row] = &[
    row("Random", "new Random()", |_| Ok(Value::Service(Service::Random))),
    // A seed is accepted and not used: the numbers come from the exchange's stream (reference A5: sequences need not match).
    row("Random", "new Random(int Seed)", |_| Ok(Value::Service(Service::Random))),
    row("Random", "static Random Shared", |_| Ok(Value::Service(Service::Random))),
    row("Random", "int Next()", |call| between(call, 0, i64::from(i32::MAX))),
    row("Random", "int Next(int maxValue)", |call| {
        super::string::not_negative(call.int(1)?, "maxValue")?;
        let most = i64::from(call.int(1)?);
        between(call, 0, most)
    }),
    row("Random", "int Next(int minValue, int maxValue)", |call| {
        let (least, most) = (i64::from(call.int(1)?), i64::from(call.int(2)?));
        if least > most {
            return Err(crossed());
        }
        between(call, least, most)
    }),
    row("Random", "long NextInt64()", |call| Ok(long_between(call, 0, i64::MAX))),
    row("Random", "long NextInt64(long maxValue)", |call| {
        let most = call.long(1)?;
        if most < 0 {
            let text = format!(
                "maxValue ('{most}') must be a non-negative value. (Parameter 'maxValue')\nActual value was {most}."
            );
            return Err(throw("System.ArgumentOutOfRangeException", text));
        }
        Ok(long_between(call, 0, most))
    }),
    row("Random", "long NextInt64(long minValue, long maxValue)", |call| {
        let (least, most) = (call.long(1)?, call.long(2)?);
        if least > most { Err(crossed()) } else { Ok(long_between(call, least, most)) }
    }),
    row("Random", "double NextDouble()", |call| Ok(Value::Double(call.machine.rng.unit()))),
    row("Random", "float NextSingle()", |call| {
        #[expect(clippy::cast_possible_truncation, reason = "24 bits are what single precision holds")]
        let drawn = (call.machine.rng.below(1 << 24) as f64 / f64::from(1 << 24)) as f32;
        Ok(drawn.value())
    }),
    row("Random", "void NextBytes(byte[] buffer)", next_bytes),
    row("Random", "T[] GetItems<T>(T[] choices, int length)", get_items),
    row("Random", "void Shuffle<T>(T[] values)", shuffle),
];

fn crossed() -> crate::expr::Interrupt {
    out_of_range("'minValue' cannot be greater than maxValue.", "minValue")
}

// From `least` up to, not including, `most`; `least` when they are equal.
fn between(call: &mut Call<'_, '_>, least: i64, most: i64) -> Outcome<Value> {
    let drawn = call.machine.rng.below((most - least).unsigned_abs());
    let value = least + i64::try_from(drawn).unwrap_or(0);
    Ok(Value::Int32(i32::try_from(value).unwrap_or(i32::MAX)))
}

fn long_between(call: &mut Call<'_, '_>, least: i64, most: i64) -> Value {
    let drawn = call.machine.rng.below(most.wrapping_sub(least).cast_unsigned());
    Value::Int64(least.wrapping_add_unsigned(drawn))
}

// In the order of the array, as all that writes into one.
fn next_bytes(call: &mut Call<'_, '_>) -> Outcome<Value> {
    if call.value(1).is_null() {
        return Err(argument_null("buffer"));
    }
    let length = call.state(1, |items: &mut Items| items.values.len())?;
    call.machine.spend(u32::try_from(length).unwrap_or(u32::MAX))?;
    let bytes: Vec<Value> =
        (0..length).map(|_| Value::Byte(u8::try_from(call.machine.rng.below(256)).unwrap_or(0))).collect();
    call.state(1, |items: &mut Items| items.values = bytes)?;
    Ok(Value::Null)
}

fn get_items(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let choices = call.items(1, "choices")?;
    if choices.is_empty() {
        return Err(argument("Span may not be empty.", "choices"));
    }
    let length = super::string::not_negative(call.int(2)?, "length")?;
    if length > ITEMS_MAX {
        return Err(crate::expr::eval::items_limit());
    }
    call.machine.spend(u32::try_from(length).unwrap_or(u32::MAX))?;
    let mut drawn = Vec::with_capacity(length);
    for _ in 0..length {
        let at = drawn_below(call, choices.len());
        drawn.push(choices.get(at).cloned().unwrap_or(Value::Null));
    }
    let item = call.ty(0);
    call.machine.array_of(item, drawn)
}

fn shuffle(call: &mut Call<'_, '_>) -> Outcome<Value> {
    if call.value(1).is_null() {
        return Err(argument_null("values"));
    }
    let mut values = call.state(1, |items: &mut Items| items.values.clone())?;
    call.machine.spend(u32::try_from(values.len()).unwrap_or(u32::MAX))?;
    for last in (1..values.len()).rev() {
        let at = drawn_below(call, last + 1);
        values.swap(at, last);
    }
    call.state(1, |items: &mut Items| items.values = values)?;
    Ok(Value::Null)
}

fn drawn_below(call: &mut Call<'_, '_>, most: usize) -> usize {
    let drawn = call.machine.rng.below(u64::try_from(most).unwrap_or(u64::MAX));
    usize::try_from(drawn).unwrap_or(0)
}
