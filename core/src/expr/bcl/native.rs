//! Arguments as Rust's own numbers: what lets one table serve all number types. Holds no members.

use super::Call;
use crate::expr::exception::{Outcome, broken, throw};
use crate::expr::ty::Ty;
use crate::value::{Decimal, Value};

/// A number of .NET that is one of Rust too.
pub(super) trait Native: Copy + PartialOrd {
    /// The name in `System`.
    const NAME: &'static str;
    /// The static type.
    const TYPE: Ty;

    /// The number in a value of its type.
    fn of(value: &Value) -> Option<Self>;

    /// The value.
    fn value(self) -> Value;
}

macro_rules! natives {
    ($($native:ty, $variant:ident;)*) => {
        $(impl Native for $native {
            const NAME: &'static str = stringify!($variant);
            const TYPE: Ty = Ty::$variant;

            fn of(value: &Value) -> Option<Self> {
                match value {
                    Value::$variant(number) => Some(*number),
                    _ => None,
                }
            }

            fn value(self) -> Value {
                Value::$variant(self)
            }
        })*
    };
}

natives! {
    i8, SByte;
    u8, Byte;
    i16, Int16;
    u16, UInt16;
    i32, Int32;
    u32, UInt32;
    i64, Int64;
    u64, UInt64;
    f32, Single;
    f64, Double;
    Decimal, Decimal;
}

impl Native for bool {
    const NAME: &'static str = "Boolean";
    const TYPE: Ty = Ty::Bool;

    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    fn value(self) -> Value {
        Value::Bool(self)
    }
}

impl Call<'_, '_> {
    /// The number at this position.
    pub(super) fn native<T: Native>(&self, index: usize) -> Outcome<T> {
        T::of(self.value(index)).ok_or_else(|| broken("a number of another type"))
    }
}

/// A function of one number.
pub(super) fn one<T: Native, R: Native>(call: &Call<'_, '_>, function: impl FnOnce(T) -> R) -> Outcome<Value> {
    Ok(function(call.native(0)?).value())
}

/// A function of two numbers.
pub(super) fn two<T: Native, R: Native>(call: &Call<'_, '_>, function: impl FnOnce(T, T) -> R) -> Outcome<Value> {
    Ok(function(call.native(0)?, call.native(1)?).value())
}

/// `Clamp(value, min, max)`, which passes on what compares with nothing.
pub(super) fn clamped<T: Native>(call: &Call<'_, '_>) -> Outcome<Value> {
    let (value, least, most) = (call.native::<T>(0)?, call.native::<T>(1)?, call.native::<T>(2)?);
    if least > most {
        let (least, most) = (least.value(), most.value());
        return Err(throw("System.ArgumentException", format!("'{least}' cannot be greater than {most}.")));
    }
    let chosen = match value {
        value if value < least => least,
        value if value > most => most,
        value => value,
    };
    Ok(chosen.value())
}

/// `CompareTo(object)`: null comes first, and another type is refused.
pub(super) fn against<T: Native>(call: &Call<'_, '_>, compare: impl FnOnce(T, T) -> i32) -> Outcome<Value> {
    if call.value(1).is_null() {
        return Ok(Value::Int32(1));
    }
    let wrong = || throw("System.ArgumentException", format!("Object must be of type {}.", T::NAME));
    let other = T::of(call.value(1)).ok_or_else(wrong)?;
    Ok(Value::Int32(compare(call.native(0)?, other)))
}
