//! `System.Enum`: reading, writing and comparing the values of enumerations. The enumerations themselves are in `enums`.

use super::number_parse::{self, Refused};
use super::{Call, Row, TABLE, row};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, argument, argument_null, broken, overflow, throw};
use crate::expr::ty::{ClassKind, Ty};
use crate::value::{EnumValue, Enumeration, NameCase, Value};

const OWNER: &str = "Enum";

pub(super) const ROWS: &[Row] = &[
    row(OWNER, "static T Parse<T>(string value)", |call| parsed(call, 0)),
    row(OWNER, "static T Parse<T>(string value, bool ignoreCase)", |call| parsed(call, 0)),
    row(OWNER, "static bool TryParse<T>(string value, out T result)", |call| tried(call, 0)),
    row(OWNER, "static bool TryParse<T>(string value, bool ignoreCase, out T result)", |call| tried(call, 0)),
    row(OWNER, "static object Parse(Type enumType, string value)", |call| parsed(call, 1)),
    row(OWNER, "static object Parse(Type enumType, string value, bool ignoreCase)", |call| parsed(call, 1)),
    row(OWNER, "static bool TryParse(Type enumType, string value, out object result)", |call| tried(call, 1)),
    row(OWNER, "static bool TryParse(Type enumType, string value, bool ignoreCase, out object result)", |call| {
        tried(call, 1)
    }),
    row(OWNER, "string ToString(string format)", super::format::formatted),
    row(OWNER, "string ToString(IFormatProvider provider)", |call| {
        let text = call.value(0).to_string();
        call.yields(text)
    }),
    row(OWNER, "string ToString(string format, IFormatProvider provider)", super::format::formatted),
    row(OWNER, "bool HasFlag(Enum flag)", |call| {
        let (this, flag) = (value(call, 0)?, call.value(1));
        let Value::Enum(flag) = flag else { return Err(argument_null("flag")) };
        if this.of.name != flag.of.name {
            let (other, own) = (flag.of.name, this.of.name);
            return Err(throw(
                "System.ArgumentException",
                format!("The argument type, '{other}', is not the same as the enum type '{own}'."),
            ));
        }
        Ok(Value::Bool(this.number & flag.number == flag.number))
    }),
    row(OWNER, "int CompareTo(object target)", |call| {
        let this = value(call, 0)?;
        match call.value(1) {
            Value::Null => Ok(Value::Int32(1)),
            Value::Enum(other) if other.of.name == this.of.name => {
                Ok(super::object::order(this.number.cmp(&other.number)))
            }
            other => {
                let (other, own) = (other.type_name(), this.of.name);
                let message = format!(
                    "Object must be the same type as the enum. The type passed in was '{other}'; the enum type was '{own}'."
                );
                Err(throw("System.ArgumentException", message))
            }
        }
    }),
    row(OWNER, "TypeCode GetTypeCode()", |_| Ok(Value::Enum(super::enums::TYPE_CODE.value(9)))),
];

fn value(call: &Call<'_, '_>, at: usize) -> Outcome<EnumValue> {
    match call.value(at) {
        Value::Enum(value) => Ok(*value),
        _ => Err(broken("expected a value of an enumeration")),
    }
}

// The enumeration that the type parameter stands for, or that the first argument is when the text is the second one.
fn wanted(call: &Call<'_, '_>, text: usize) -> Outcome<&'static Enumeration> {
    if text > 0 {
        let ty = call.type_object(0, "enumType")?;
        return enumeration_of(&ty).ok_or_else(|| argument("Type provided must be an Enum.", "enumType"));
    }
    enumeration_of(&call.ty(0)).ok_or_else(|| argument("Type provided must be an Enum.", "TEnum"))
}

/// The names and numbers of an enumeration's type.
pub(super) fn enumeration_of(ty: &Ty) -> Option<&'static Enumeration> {
    let class = ty.class().filter(|class| class.kind() == ClassKind::Enum)?;
    TABLE.enumeration(class)
}

// Whether case counts is the argument behind the text, if there is one.
fn case(call: &Call<'_, '_>, text: usize) -> Outcome<NameCase> {
    let ignores = call.arguments.len() > text + 1 && call.bool(text + 1)?;
    Ok(if ignores { NameCase::Ignored } else { NameCase::Exact })
}

fn parsed(call: &mut Call<'_, '_>, text: usize) -> Outcome<Value> {
    // The text is looked at before the type.
    let given = call.text(text, "value")?;
    let of = wanted(call, text)?;
    read(of, given, case(call, text)?).map(Value::Enum)
}

fn tried(call: &mut Call<'_, '_>, text: usize) -> Outcome<Value> {
    if call.value(text).is_null() {
        // The type is not even looked at.
        let missing = if text == 0 { call.ty(0).default_value() } else { None };
        call.give(missing.unwrap_or(Value::Null));
        return Ok(Value::Bool(false));
    }
    let of = wanted(call, text)?;
    let case = case(call, text)?;
    let found = match call.text_or_null(text)? {
        Some(given) => read(of, given, case).ok(),
        None => None,
    };
    let missing = if text > 0 { Value::Null } else { Value::Enum(of.value(0)) };
    call.give(found.map_or(missing, Value::Enum));
    Ok(Value::Bool(found.is_some()))
}

/// `Enum.Parse`: a number, or names with commas between them, whose bits are put together.
pub(super) fn read(of: &'static Enumeration, text: &str, case: NameCase) -> Result<EnumValue, Interrupt> {
    let trimmed = text.trim();
    let Some(first) = trimmed.chars().next() else {
        return Err(argument("Must specify valid information for parsing in the string.", "value"));
    };
    if first.is_ascii_digit() || matches!(first, '+' | '-') {
        match number_parse::whole(trimmed, i128::from(i32::MIN), i128::from(i32::MAX)) {
            Ok(number) => return Ok(of.value(i32::try_from(number).unwrap_or(0))),
            Err(Refused::OutOfRange) => {
                return Err(overflow("Value was either too large or too small for an Int32."));
            }
            Err(Refused::Malformed) => {}
        }
    }
    let mut number = 0;
    for name in trimmed.split(',') {
        let found = of.number_of(name.trim(), case);
        number |= found
            .ok_or_else(|| throw("System.ArgumentException", format!("Requested value '{trimmed}' was not found.")))?;
    }
    Ok(of.value(number))
}
