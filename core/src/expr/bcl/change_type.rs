//! `Convert.ChangeType`, `GetTypeCode` and `IsDBNull`: conversions to a type that is known when they run.

use std::sync::LazyLock;

use super::convert::{
    convertible, not_convertible, to_bool, to_char, to_date, to_decimal, to_double, to_single, to_whole,
};
use super::enums::TYPE_CODE;
use super::{Call, Row, row};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, throw};
use crate::expr::instance::{self, Instance, State};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

const OWNER: &str = "Convert";

// Numbers of `TypeCode`.
const EMPTY: i32 = 0;
const OBJECT: i32 = 1;
const DB_NULL: i32 = 2;
const STRING: i32 = 18;

pub(super) const ROWS: &[Row] = &[
    row(OWNER, "static TypeCode GetTypeCode(object value)", |call| {
        Ok(Value::Enum(TYPE_CODE.value(code_of(&convertible(call.value(0))))))
    }),
    row(OWNER, "static object DBNull", |_| Ok(DB_NULL_VALUE.clone())),
    row(OWNER, "static bool IsDBNull(object value)", |call| Ok(Value::Bool(is_db_null(call.value(0))))),
    row("char", "TypeCode GetTypeCode()", |_| Ok(Value::Enum(TYPE_CODE.value(4)))),
    row("string", "TypeCode GetTypeCode()", |_| Ok(Value::Enum(TYPE_CODE.value(STRING)))),
    row(OWNER, "static object ChangeType(object value, TypeCode typeCode)", by_code),
    row(OWNER, "static object ChangeType(object value, TypeCode typeCode, IFormatProvider provider)", by_code),
    row(OWNER, "static object ChangeType(object value, Type conversionType)", by_type),
    row(OWNER, "static object ChangeType(object value, Type conversionType, IFormatProvider provider)", by_type),
];

/// `DBNull`
#[derive(Debug)]
struct DbNull;

impl State for DbNull {
    fn text(&self, _ty: &Ty) -> String {
        String::new()
    }
}

/// `DBNull.Value`, of which there is one.
static DB_NULL_VALUE: LazyLock<Value> =
    LazyLock::new(|| Value::Object(Instance::object(Ty::Class(Class::DbNull), DbNull)));

/// Whether it is `DBNull.Value`.
pub(super) fn is_db_null(value: &Value) -> bool {
    instance::look(value, |_: &mut DbNull| ()).is_some()
}

fn code_of(value: &Value) -> i32 {
    match value {
        value if is_db_null(value) => DB_NULL,
        Value::Null => EMPTY,
        Value::Bool(_) => 3,
        Value::Char(_) => 4,
        Value::SByte(_) => 5,
        Value::Byte(_) => 6,
        Value::Int16(_) => 7,
        Value::UInt16(_) => 8,
        Value::Int32(_) | Value::Enum(_) => 9,
        Value::UInt32(_) => 10,
        Value::Int64(_) => 11,
        Value::UInt64(_) => 12,
        Value::Single(_) => 13,
        Value::Double(_) => 14,
        Value::Decimal(_) => 15,
        Value::DateTime(_) => 16,
        Value::String(_) => STRING,
        Value::Strings(_)
        | Value::Chars(_)
        | Value::Bytes(_)
        | Value::Guid(_)
        | Value::TimeSpan(_)
        | Value::DateTimeOffset(_)
        | Value::Library(_)
        | Value::Json(_)
        | Value::Response(_)
        | Value::Context(_)
        | Value::Service(_)
        | Value::Object(_) => OBJECT,
    }
}

const fn code_of_type(ty: &Ty) -> i32 {
    match ty {
        Ty::Bool => 3,
        Ty::Char => 4,
        Ty::SByte => 5,
        Ty::Byte => 6,
        Ty::Int16 => 7,
        Ty::UInt16 => 8,
        Ty::Int32 => 9,
        Ty::UInt32 => 10,
        Ty::Int64 => 11,
        Ty::UInt64 => 12,
        Ty::Single => 13,
        Ty::Double => 14,
        Ty::Decimal => 15,
        Ty::Class(Class::DateTime) => 16,
        Ty::String => STRING,
        _ => OBJECT,
    }
}

fn wrong(message: impl Into<String>) -> Interrupt {
    throw("System.InvalidCastException", message)
}

fn not_simple() -> Interrupt {
    wrong("Object must implement IConvertible.")
}

fn by_code(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let (value, code) = (call.value(0), call.number(1)?);
    if value.is_null() && matches!(code, EMPTY | OBJECT | STRING) {
        return Ok(Value::Null);
    }
    // `JValue` is simple even when it holds null.
    let held = convertible(value);
    if value.is_null() || code_of(&held) == OBJECT {
        return Err(not_simple());
    }
    match code {
        EMPTY => Err(wrong("Object cannot be cast to Empty.")),
        OBJECT => Ok(value.clone()),
        DB_NULL => Err(wrong("Object cannot be cast to DBNull.")),
        code => converted(call, value, code),
    }
}

fn by_type(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let (value, ty) = (call.value(0), call.type_object(1, "conversionType")?);
    if value.is_null() {
        let is_value = !ty.is_reference();
        return if is_value { Err(wrong("Null object cannot be converted to a value type.")) } else { Ok(Value::Null) };
    }
    let held = convertible(value);
    let is_same = value.type_name() == ty.full_name();
    if code_of(&held) == OBJECT {
        return if is_same { Ok(value.clone()) } else { Err(not_simple()) };
    }
    if is_same || ty == Ty::Object {
        return Ok(value.clone());
    }
    match code_of_type(&ty) {
        OBJECT => {
            let (from, to) = (value.type_name(), ty.full_name());
            Err(wrong(format!("Invalid cast from '{from}' to '{to}'.")))
        }
        code => converted(call, value, code),
    }
}

fn converted(call: &mut Call<'_, '_>, value: &Value, code: i32) -> Outcome<Value> {
    match code {
        3 => to_bool(value),
        4 => to_char(value),
        5 => to_whole::<i8>(value),
        6 => to_whole::<u8>(value),
        7 => to_whole::<i16>(value),
        8 => to_whole::<u16>(value),
        9 => to_whole::<i32>(value),
        10 => to_whole::<u32>(value),
        11 => to_whole::<i64>(value),
        12 => to_whole::<u64>(value),
        13 => to_single(value),
        14 => to_double(value),
        15 => to_decimal(value),
        16 => to_date(call, value),
        STRING => {
            let text = value.to_string();
            call.yields(text)
        }
        _ if code_of(value) == OBJECT => Err(not_convertible(value, "TypeCode")),
        _ => Err(throw("System.ArgumentException", "Unknown TypeCode value.")),
    }
}
