//! .NET exceptions with the types and messages of .NET 8 under the invariant culture. Catches none.

use super::{Exception, Interrupt};
use crate::value::Value;

/// What evaluation steps yield.
pub(crate) type Outcome<T> = Result<T, Interrupt>;

// Every frame of an evaluation holds some of them.
const _: () = assert!(size_of::<Outcome<Value>>() == size_of::<Value>(), "an interrupt fits into the room of a value");

/// An exception of this type.
#[cold]
pub(crate) fn throw(type_name: &'static str, message: impl Into<String>) -> Interrupt {
    Interrupt::Exception(Box::new(Exception { type_name, message: message.into() }))
}

pub(crate) fn null_reference() -> Interrupt {
    throw("System.NullReferenceException", "Object reference not set to an instance of an object.")
}

pub(crate) fn argument_null(parameter: &str) -> Interrupt {
    throw("System.ArgumentNullException", format!("Value cannot be null. (Parameter '{parameter}')"))
}

pub(crate) fn argument(message: &str, parameter: &str) -> Interrupt {
    throw("System.ArgumentException", format!("{message} (Parameter '{parameter}')"))
}

pub(crate) fn out_of_range(message: &str, parameter: &str) -> Interrupt {
    throw("System.ArgumentOutOfRangeException", format!("{message} (Parameter '{parameter}')"))
}

pub(crate) fn invalid_cast(from: &str, to: &str) -> Interrupt {
    let (from, to) = (innermost(from), innermost(to));
    throw("System.InvalidCastException", format!("Unable to cast object of type '{from}' to type '{to}'."))
}

// The runtime names a nested type without what is around it; type arguments in full.
fn innermost(name: &str) -> &str {
    let class = name.split('[').next().unwrap_or(name);
    class.rfind('+').and_then(|at| name.get(at + 1..)).unwrap_or(name)
}

pub(crate) fn format(message: impl Into<String>) -> Interrupt {
    throw("System.FormatException", message)
}

pub(crate) fn number_format(input: &str) -> Interrupt {
    format(format!("The input string '{input}' was not in a correct format."))
}

pub(crate) fn overflow(message: &str) -> Interrupt {
    throw("System.OverflowException", message)
}

pub(crate) fn invalid_operation(message: &str) -> Interrupt {
    throw("System.InvalidOperationException", message)
}

pub(crate) fn index_out_of_range() -> Interrupt {
    throw("System.IndexOutOfRangeException", "Index was outside the bounds of the array.")
}

pub(crate) fn divide_by_zero() -> Interrupt {
    throw("System.DivideByZeroException", "Attempted to divide by zero.")
}

pub(crate) fn key_not_found(key: &str) -> Interrupt {
    let message = format!("The given key '{key}' was not present in the dictionary.");
    throw("System.Collections.Generic.KeyNotFoundException", message)
}

/// The checker let something through that it should not have: our bug, not the customer's.
///
/// INVARIANT: the static types of the checker are those of the evaluated values, so this is never reached.
pub(crate) fn broken(what: &'static str) -> Interrupt {
    debug_assert!(false, "the checker and the evaluator disagree: {what}");
    throw("System.InvalidProgramException", format!("internal error: {what}"))
}
