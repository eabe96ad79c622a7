//! What reading a number from text has in common for all types of numbers: `TryParse`.

use super::Call;
use crate::expr::Interrupt;
use crate::expr::exception::Outcome;
use crate::value::Value;

/// `TryParse`: what the text is no value of gives the default; limits are no matter of the text.
pub(super) fn tried(
    call: &mut Call<'_, '_>,
    default: Value,
    parse: impl FnOnce(&str) -> Outcome<Value>,
) -> Outcome<Value> {
    let parsed = match call.text_or_null(0)? {
        Some(text) => match parse(text) {
            Ok(value) => Some(value),
            Err(Interrupt::Exception(_)) => None,
            Err(other @ (Interrupt::LimitExceeded(_) | Interrupt::NeedsBody(_))) => return Err(other),
        },
        None => None,
    };
    let is_value = parsed.is_some();
    call.give(parsed.unwrap_or(default));
    Ok(Value::Bool(is_value))
}
