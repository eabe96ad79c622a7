//! `System.Exception` and what derives from it: their members. What an exception holds, and how it is thrown and caught, is in
//! `thrown`; which exception a member throws stands at the member.

use super::thrown::{Data, Exception, default_message, message_of, summary, thrown_of};
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, argument_null, throw};
use crate::expr::identity::equal;
use crate::expr::instance::{self, Items};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

/// All tables of this file.
pub(super) const TABLES: [&[Row]; 4] = [CONSTRUCTORS, MEMBERS, ARGUMENTS, DATA];

macro_rules! constructors {
    ($($name:literal $class:ident,)*) => {
        const CONSTRUCTORS: &[Row] = &[$(
            row($name, concat!("new ", $name, "()"), |call| made(call, Class::$class)),
            row($name, concat!("new ", $name, "(string message)"), |call| made(call, Class::$class)),
            row($name, concat!("new ", $name, "(string message, Exception innerException)"), |call| {
                made(call, Class::$class)
            }),
        )*];
    };
}

constructors! {
    "Exception" Exception,
    "SystemException" SystemException,
    "ArgumentException" ArgumentException,
    "ArgumentNullException" ArgumentNullException,
    "ArgumentOutOfRangeException" ArgumentOutOfRangeException,
    "ArithmeticException" ArithmeticException,
    "DivideByZeroException" DivideByZeroException,
    "OverflowException" OverflowException,
    "FormatException" FormatException,
    "IndexOutOfRangeException" IndexOutOfRangeException,
    "InvalidCastException" InvalidCastException,
    "InvalidOperationException" InvalidOperationException,
    "KeyNotFoundException" KeyNotFoundException,
    "NotImplementedException" NotImplementedException,
    "NotSupportedException" NotSupportedException,
    "NullReferenceException" NullReferenceException,
    "TimeoutException" TimeoutException,
    "UnauthorizedAccessException" UnauthorizedAccessException,
    "AggregateException" AggregateException,
    "UriFormatException" UriFormatException,
    "TimeZoneNotFoundException" TimeZoneNotFoundException,
    "JsonException" JsonException,
    "JsonReaderException" JsonReaderException,
    "JsonSerializationException" JsonSerializationException,
    "XmlException" XmlException,
    "CryptographicException" CryptographicException,
    "RegexMatchTimeoutException" RegexMatchTimeoutException,
    "DecoderFallbackException" DecoderFallbackException,
    "PlatformNotSupportedException" PlatformNotSupportedException,
    "ArrayTypeMismatchException" ArrayTypeMismatchException,
}

const MEMBERS: &[Row] = &[
    row("Exception", "string Message", |call| {
        let message = call.state(0, |exception: &mut Exception| exception.shown())?;
        call.yields(message)
    }),
    row("Exception", "Exception InnerException", |call| {
        call.state(0, |exception: &mut Exception| exception.inner.clone())
    }),
    // The lines of a stack trace are those of compiled code, which there is none of: it is empty, and null until the exception is thrown.
    row("Exception", "string StackTrace", |call| {
        let is_thrown = call.state(0, |exception: &mut Exception| exception.is_thrown)?;
        if is_thrown { call.yields("") } else { Ok(Value::Null) }
    }),
    row("Exception", "string Source", |call| call.state(0, |exception: &mut Exception| exception.source.clone())),
    row("Exception", "set string Source", |call| {
        let source = call.value(1).clone();
        call.state(0, |exception: &mut Exception| exception.source = source)?;
        Ok(Value::Null)
    }),
    row("Exception", "string HelpLink", |call| call.state(0, |exception: &mut Exception| exception.help.clone())),
    row("Exception", "set string HelpLink", |call| {
        let help = call.value(1).clone();
        call.state(0, |exception: &mut Exception| exception.help = help)?;
        Ok(Value::Null)
    }),
    row("Exception", "int HResult", |call| {
        let code = call.state(0, |exception: &mut Exception| exception.code)?;
        Ok(Value::Int32(code))
    }),
    row("Exception", "set int HResult", |call| {
        let code = call.int(1)?;
        call.state(0, |exception: &mut Exception| exception.code = code)?;
        Ok(Value::Null)
    }),
    row("Exception", "ListDictionaryInternal Data", |call| {
        let known = call.state(0, |exception: &mut Exception| exception.data.clone())?;
        if !known.is_null() {
            return Ok(known);
        }
        let data = call.object(Ty::Class(Class::ListDictionaryInternal), Data::default())?;
        call.state(0, |exception: &mut Exception| exception.data = data.clone())?;
        Ok(data)
    }),
    row("Exception", "Exception GetBaseException()", |call| {
        let mut found = call.value(0).clone();
        loop {
            call.machine.step()?;
            let (inner, is_whole) = instance::state(&found, |exception: &mut Exception| {
                // An aggregate of several is the base of them itself.
                (exception.inner.clone(), exception.class == Class::AggregateException && exception.all.len() > 1)
            })?;
            if inner.is_null() || is_whole {
                return Ok(found);
            }
            found = inner;
        }
    }),
    row("Exception", "string ToString()", |call| {
        let text = summary(call.value(0), call.machine)?;
        call.yields(text)
    }),
];

const ARGUMENTS: &[Row] = &[
    row("ArgumentException", "string ParamName", |call| {
        call.state(0, |exception: &mut Exception| exception.parameter.clone())
    }),
    row("ArgumentException", "new ArgumentException(string message, string paramName)", |call| {
        named(call, Class::ArgumentException, 0, 1)
    }),
    row(
        "ArgumentException",
        "new ArgumentException(string message, string paramName, Exception innerException)",
        |call| {
            let made = named(call, Class::ArgumentException, 0, 1)?;
            let inner = call.value(2).clone();
            instance::state(&made, |exception: &mut Exception| exception.inner = inner)?;
            Ok(made)
        },
    ),
    row("ArgumentNullException", "new ArgumentNullException(string paramName, string message)", |call| {
        named(call, Class::ArgumentNullException, 1, 0)
    }),
    row("ArgumentOutOfRangeException", "object ActualValue", |call| {
        call.state(0, |exception: &mut Exception| exception.actual.clone())
    }),
    row("ArgumentOutOfRangeException", "new ArgumentOutOfRangeException(string paramName, string message)", |call| {
        named(call, Class::ArgumentOutOfRangeException, 1, 0)
    }),
    row(
        "ArgumentOutOfRangeException",
        "new ArgumentOutOfRangeException(string paramName, object actualValue, string message)",
        |call| {
            let class = Class::ArgumentOutOfRangeException;
            let message = message_or_none(call, class, 2)?;
            let mut exception = Exception::new(class, message);
            exception.parameter = call.value(0).clone();
            exception.actual = call.value(1).clone();
            finished(call, class, exception)
        },
    ),
    row("InvalidCastException", "new InvalidCastException(string message, int errorCode)", |call| {
        let made = made(call, Class::InvalidCastException)?;
        let code = call.int(1)?;
        instance::state(&made, |exception: &mut Exception| {
            exception.code = code;
            exception.inner = Value::Null;
        })?;
        Ok(made)
    }),
    row("ObjectDisposedException", "new ObjectDisposedException(string objectName)", |call| disposed(call, None)),
    row("ObjectDisposedException", "new ObjectDisposedException(string objectName, string message)", |call| {
        disposed(call, Some(1))
    }),
    row("ObjectDisposedException", "new ObjectDisposedException(string message, Exception innerException)", |call| {
        made(call, Class::ObjectDisposedException)
    }),
    row("ObjectDisposedException", "string ObjectName", |call| {
        let name = call.state(0, |exception: &mut Exception| exception.parameter.clone())?;
        if name.is_null() { call.yields("") } else { Ok(name) }
    }),
];

const DATA: &[Row] = &[
    row("ListDictionaryInternal", "int Count", |call| {
        let count = call.state(0, |data: &mut Data| data.0.len())?;
        Ok(super::string::index(count))
    }),
    row("ListDictionaryInternal", "object this[object key]", |call| {
        let key = key(call)?;
        call.state(0, |data: &mut Data| data.get(&key))
    }),
    row("ListDictionaryInternal", "set object this[object key]", |call| {
        let (key, value) = (key(call)?, call.value(2).clone());
        call.machine.charge(size_of::<(Value, Value)>())?;
        call.machine.spend(steps(call)?)?;
        call.state(0, |data: &mut Data| data.set(key, value))?;
        Ok(Value::Null)
    }),
    row("ListDictionaryInternal", "bool Contains(object key)", |call| {
        let key = key(call)?;
        call.state(0, |data: &mut Data| Value::Bool(!data.get(&key).is_null() || data.has(&key)))
    }),
    row("ListDictionaryInternal", "void Add(object key, object value)", |call| {
        let (key, value) = (key(call)?, call.value(2).clone());
        if call.state(0, |data: &mut Data| data.has(&key))? {
            let message = format!("Item has already been added. Key in dictionary: '{key}'  Key being added: '{key}'");
            return Err(throw("System.ArgumentException", message));
        }
        call.machine.charge(size_of::<(Value, Value)>())?;
        call.machine.spend(steps(call)?)?;
        call.state(0, |data: &mut Data| data.set(key, value))?;
        Ok(Value::Null)
    }),
    row("ListDictionaryInternal", "void Remove(object key)", |call| {
        let key = key(call)?;
        call.state(0, |data: &mut Data| data.0.retain(|(known, _)| !equal(known, &key)))?;
        Ok(Value::Null)
    }),
    row("ListDictionaryInternal", "void Clear()", |call| {
        call.state(0, |data: &mut Data| data.0.clear())?;
        Ok(Value::Null)
    }),
    row("ListDictionaryInternal", "IEnumerable<object> Keys", |call| {
        let keys = call.state(0, |data: &mut Data| data.0.iter().map(|(key, _)| key.clone()).collect())?;
        call.object(Ty::array(Ty::Object), Items { values: keys, version: 0 })
    }),
    row("ListDictionaryInternal", "IEnumerable<object> Values", |call| {
        let values = call.state(0, |data: &mut Data| data.0.iter().map(|(_, value)| value.clone()).collect())?;
        call.object(Ty::array(Ty::Object), Items { values, version: 0 })
    }),
];

fn key(call: &Call<'_, '_>) -> Outcome<Value> {
    if call.value(1).is_null() { Err(argument_null("key")) } else { Ok(call.value(1).clone()) }
}

// Looking for a key costs by how many there are.
fn steps(call: &Call<'_, '_>) -> Outcome<u32> {
    let count = call.state(0, |data: &mut Data| data.0.len())?;
    Ok(u32::try_from(count / 8).unwrap_or(u32::MAX))
}

fn made(call: &mut Call<'_, '_>, class: Class) -> Outcome<Value> {
    let by_name = matches!(class, Class::ArgumentNullException | Class::ArgumentOutOfRangeException);
    let mut exception = Exception::new(class, default_message(class));
    match call.text_or_null(0)? {
        // Their one argument is the name of the parameter.
        Some(_) if by_name && call.arguments.len() == 1 => exception.parameter = call.value(0).clone(),
        Some(text) => exception.message = text.to_string(),
        None if by_name && call.arguments.len() == 1 || call.arguments.is_empty() => {}
        None => exception.message = message_or_none(call, class, 0)?,
    }
    exception.inner = call.value(1).clone();
    if class == Class::AggregateException && call.arguments.len() == 2 {
        if exception.inner.is_null() {
            return Err(argument_null("innerException"));
        }
        exception.all = vec![exception.inner.clone()];
        exception.message = format!("{} ({})", exception.message, message_of(&exception.inner)?);
    }
    finished(call, class, exception)
}

/// The message at this position. A null one is no message at all: what stands for it is only for few classes their own.
pub(super) fn message_or_none(call: &Call<'_, '_>, class: Class, at: usize) -> Outcome<String> {
    Ok(match (call.text_or_null(at)?, class) {
        (Some(text), _) => text.to_string(),
        (None, Class::ArgumentException | Class::DecoderFallbackException | Class::XmlException) => {
            default_message(class)
        }
        (None, _) => thrown_of(class),
    })
}

// Its message is a text of its own.
pub(super) fn finished(call: &mut Call<'_, '_>, class: Class, exception: Exception) -> Outcome<Value> {
    call.machine.check_length(exception.message.len())?;
    call.machine.charge(exception.message.len())?;
    call.object(Ty::Class(class), exception)
}

fn named(call: &mut Call<'_, '_>, class: Class, message: usize, parameter: usize) -> Outcome<Value> {
    let text = message_or_none(call, class, message)?;
    let mut exception = Exception::new(class, text);
    exception.parameter = call.value(parameter).clone();
    finished(call, class, exception)
}

// What was disposed of is named like a parameter.
fn disposed(call: &mut Call<'_, '_>, message: Option<usize>) -> Outcome<Value> {
    let class = Class::ObjectDisposedException;
    let text = match message {
        Some(at) => message_or_none(call, class, at)?,
        None => default_message(class),
    };
    let mut exception = Exception::new(class, text);
    exception.parameter = call.value(0).clone();
    finished(call, class, exception)
}
