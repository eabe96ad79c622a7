//! `System.Exception` and what derives from it. Which exception a member throws stands at the member.

use super::{Call, Row, row};
use crate::expr::Interrupt;
use crate::expr::eval::Machine;
use crate::expr::exception::{Outcome, broken, null_reference, throw};
use crate::expr::instance::{self, State};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

/// An exception as an object.
#[derive(Debug)]
pub(crate) struct Exception {
    class: Class,
    message: String,
    inner: Value,
}

impl State for Exception {
    fn text(&self, ty: &Ty) -> String {
        format!("{}: {}", ty.full_name(), self.message)
    }

    fn children(&self) -> Vec<Value> {
        vec![self.inner.clone()]
    }

    fn clear(&mut self) {
        self.inner = Value::Null;
    }
}

macro_rules! exceptions {
    ($($name:literal $class:ident,)*) => {
        pub(super) const ROWS: &[Row] = &[
            row("Exception", "string Message", |call| {
                let message = call.state(0, |exception: &mut Exception| exception.message.clone())?;
                call.yields(message)
            }),
            row("Exception", "Exception InnerException", |call| {
                call.state(0, |exception: &mut Exception| exception.inner.clone())
            }),
            row("Exception", "string StackTrace", |call| call.yields("")),
            row("Exception", "string Source", |call| call.yields("")),
            row("Exception", "Exception GetBaseException()", |call| {
                let mut found = call.value(0).clone();
                loop {
                    let inner = instance::state(&found, |exception: &mut Exception| exception.inner.clone())?;
                    if inner.is_null() {
                        return Ok(found);
                    }
                    found = inner;
                }
            }),
            row("ArgumentNullException", "new ArgumentNullException(string paramName, string message)", |call| {
                named(call, Class::ArgumentNullException, 1, 0)
            }),
            row("ArgumentException", "new ArgumentException(string message, string paramName)", |call| {
                named(call, Class::ArgumentException, 0, 1)
            }),
            row("ArgumentOutOfRangeException", "new ArgumentOutOfRangeException(string paramName, string message)", |call| {
                named(call, Class::ArgumentOutOfRangeException, 1, 0)
            }),
            $(
                row($name, concat!("new ", $name, "()"), |call| made(call, Class::$class)),
                row($name, concat!("new ", $name, "(string message)"), |call| made(call, Class::$class)),
                row($name, concat!("new ", $name, "(string message, Exception innerException)"), |call| {
                    made(call, Class::$class)
                }),
            )*
        ];
    };
}

exceptions! {
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
}

// The messages of .NET 8 for exceptions that were given none.
fn default_message(class: Class) -> String {
    let known = match class {
        Class::Exception => "Exception of type 'System.Exception' was thrown.",
        Class::SystemException => "System error.",
        Class::ArgumentException => "Value does not fall within the expected range.",
        Class::ArgumentNullException => "Value cannot be null.",
        Class::ArgumentOutOfRangeException => "Specified argument was out of the range of valid values.",
        Class::ArithmeticException => "Overflow or underflow in the arithmetic operation.",
        Class::DivideByZeroException => "Attempted to divide by zero.",
        Class::OverflowException => "Arithmetic operation resulted in an overflow.",
        Class::FormatException => "One of the identified items was in an invalid format.",
        Class::IndexOutOfRangeException => "Index was outside the bounds of the array.",
        Class::InvalidCastException => "Specified cast is not valid.",
        Class::InvalidOperationException => "Operation is not valid due to the current state of the object.",
        Class::KeyNotFoundException => "The given key was not present in the dictionary.",
        Class::NotImplementedException => "The method or operation is not implemented.",
        Class::NotSupportedException => "Specified method is not supported.",
        Class::NullReferenceException => "Object reference not set to an instance of an object.",
        Class::TimeoutException => "The operation has timed out.",
        Class::UnauthorizedAccessException => "Attempted to perform an unauthorized operation.",
        Class::AggregateException => "One or more errors occurred.",
        other => return format!("Exception of type '{}' was thrown.", Ty::Class(other).full_name()),
    };
    known.to_owned()
}

fn made(call: &mut Call<'_, '_>, class: Class) -> Outcome<Value> {
    let by_name = matches!(class, Class::ArgumentNullException | Class::ArgumentOutOfRangeException);
    let message = match call.text_or_null(0)? {
        None => default_message(class),
        // Their one argument is the name of the parameter.
        Some(name) if by_name && call.arguments.len() == 1 => {
            format!("{} (Parameter '{name}')", default_message(class))
        }
        Some(text) => text.to_string(),
    };
    let inner = call.value(1).clone();
    call.object(Ty::Class(class), Exception { class, message, inner })
}

fn named(call: &mut Call<'_, '_>, class: Class, message: usize, parameter: usize) -> Outcome<Value> {
    let text = call.text_or_null(message)?.map_or_else(|| default_message(class), ToString::to_string);
    let message = match call.text_or_null(parameter)? {
        Some(name) if !name.is_empty() => format!("{text} (Parameter '{name}')"),
        _ => text,
    };
    call.object(Ty::Class(class), Exception { class, message, inner: Value::Null })
}

/// `Message`
pub(crate) fn message_of(value: &Value) -> Outcome<String> {
    instance::state(value, |exception: &mut Exception| exception.message.clone())
}

/// What throwing this object does.
pub(crate) fn thrown(value: &Value) -> Interrupt {
    if value.is_null() {
        return null_reference();
    }
    let parts = instance::look(value, |exception: &mut Exception| (exception.class, exception.message.clone()));
    match parts {
        Some((class, message)) => throw(full_name(class), message),
        None => broken("thrown, and no exception"),
    }
}

impl Machine<'_> {
    /// The object that a `catch` sees.
    pub(crate) fn exception_object(&mut self, thrown: &Interrupt) -> Outcome<Value> {
        let Interrupt::Exception { exception, message } = thrown else {
            return Err(broken("caught, and no exception"));
        };
        let mut classes = Class::ALL.iter().copied().filter(|class| class.derives_from(Class::Exception));
        let class = classes.find(|class| full_name(*class) == *exception).unwrap_or(Class::Exception);
        self.object(Ty::Class(class), Exception { class, message: message.clone(), inner: Value::Null })
    }
}

// Names of exceptions live as long as the program; this is the list of those that can be thrown.
fn full_name(class: Class) -> &'static str {
    static NAMES: std::sync::LazyLock<Vec<(Class, String)>> = std::sync::LazyLock::new(|| {
        let all = Class::ALL.iter().filter(|class| class.derives_from(Class::Exception));
        all.map(|class| (*class, Ty::Class(*class).full_name())).collect()
    });
    NAMES.iter().find(|(other, _)| *other == class).map_or("System.Exception", |(_, name)| name.as_str())
}
