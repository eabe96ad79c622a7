//! Exceptions as objects: what they hold, their messages, and how they are thrown and caught. Their members are in `exceptions`.

use super::collections::{pair, pair_type};
use crate::expr::Interrupt;
use crate::expr::eval::Machine;
use crate::expr::exception::{Outcome, broken, null_reference, throw};
use crate::expr::identity::equal;
use crate::expr::instance::{self, State};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

/// The most objects that are on their way to a `catch`: more than blocks can be nested in each other and matter.
const THROWN_MAX: usize = 16;

/// What an exception's text says behind each of those inside of it.
const END_OF_INNER: &str = "\n   --- End of inner exception stack trace ---";

/// What an `ObjectDisposedException` says of the object.
const DISPOSED_NAME: &str = "\nObject name: '";

/// An exception as an object.
#[derive(Debug)]
pub(super) struct Exception {
    pub(super) class: Class,
    /// Without the parameter and the actual value.
    pub(super) message: String,
    pub(super) inner: Value,
    /// Those of an `AggregateException`.
    pub(super) all: Vec<Value>,
    pub(super) parameter: Value,
    pub(super) actual: Value,
    pub(super) source: Value,
    pub(super) help: Value,
    pub(super) code: i32,
    pub(super) data: Value,
    pub(super) is_thrown: bool,
}

impl Exception {
    /// A new one that was not thrown.
    pub(super) fn new(class: Class, message: String) -> Self {
        Self {
            class,
            message,
            inner: Value::Null,
            all: Vec::new(),
            parameter: Value::Null,
            actual: Value::Null,
            source: Value::Null,
            help: Value::Null,
            code: result_code(class),
            data: Value::Null,
            is_thrown: false,
        }
    }

    /// `Message`
    pub(super) fn shown(&self) -> String {
        let mut message = self.message.clone();
        match self.parameter.as_str() {
            Some(name) if !name.is_empty() && self.class == Class::ObjectDisposedException => {
                message.push_str(&format!("{DISPOSED_NAME}{name}'."));
            }
            Some(name) if !name.is_empty() => message.push_str(&format!(" (Parameter '{name}')")),
            Some(_) | None => {}
        }
        if !self.actual.is_null() {
            message.push_str(&format!("\nActual value was {}.", self.actual));
        }
        message
    }

    fn line(&self) -> String {
        // A message of nothing is not announced.
        match self.shown() {
            shown if shown.is_empty() => full_name(self.class).to_owned(),
            shown => format!("{}: {shown}", full_name(self.class)),
        }
    }
}

impl State for Exception {
    // An exception made by an exception made by … is walked, not descended into.
    fn text(&self, _ty: &Ty) -> String {
        let (lines, depth) = chain(self.inner.clone(), self.line());
        lines + &END_OF_INNER.repeat(depth)
    }

    fn children(&self) -> Vec<Value> {
        let mut children = vec![self.inner.clone(), self.actual.clone(), self.data.clone()];
        children.extend(self.all.iter().cloned());
        children
    }

    fn clear(&mut self) {
        self.inner = Value::Null;
        self.all = Vec::new();
        self.actual = Value::Null;
        self.data = Value::Null;
    }
}

// The lines of all exceptions inside, and how many there are.
fn chain(mut inner: Value, mut lines: String) -> (String, usize) {
    let mut depth = 0;
    while let Some((line, next)) =
        instance::look(&inner, |exception: &mut Exception| (exception.line(), exception.inner.clone()))
    {
        lines.push_str("\n ---> ");
        lines.push_str(&line);
        inner = next;
        depth += 1;
    }
    (lines, depth)
}

/// `ToString()`, which costs by how many exceptions are inside of each other.
pub(super) fn summary(exception: &Value, machine: &mut Machine<'_>) -> Outcome<String> {
    let mut at = exception.clone();
    let mut bytes = 0;
    while let Some((length, next)) =
        instance::look(&at, |exception: &mut Exception| (exception.message.len(), exception.inner.clone()))
    {
        machine.step()?;
        bytes += length + END_OF_INNER.len();
        machine.check_length(bytes)?;
        at = next;
    }
    Ok(exception.to_string())
}

/// `Exception.Data`: few entries, looked for one by one. A key that is absent gives null.
#[derive(Debug, Default)]
pub(super) struct Data(pub(super) Vec<(Value, Value)>);

impl Data {
    pub(super) fn has(&self, key: &Value) -> bool {
        self.0.iter().any(|(known, _)| equal(known, key))
    }

    pub(super) fn get(&self, key: &Value) -> Value {
        let found = self.0.iter().find(|(known, _)| equal(known, key));
        found.map_or(Value::Null, |(_, value)| value.clone())
    }

    pub(super) fn set(&mut self, key: Value, value: Value) {
        match self.0.iter_mut().find(|(known, _)| equal(known, &key)) {
            Some((_, place)) => *place = value,
            None => self.0.push((key, value)),
        }
    }
}

impl State for Data {
    fn children(&self) -> Vec<Value> {
        self.0.iter().flat_map(|(key, value)| [key.clone(), value.clone()]).collect()
    }

    fn clear(&mut self) {
        self.0 = Vec::new();
    }

    fn items(&self) -> Option<Vec<Value>> {
        let ty = pair_type(Ty::Object, Ty::Object);
        Some(self.0.iter().map(|(key, value)| pair(&ty, key.clone(), value.clone())).collect())
    }
}

/// The message of .NET 8 for an exception that was given none.
pub(super) fn default_message(class: Class) -> String {
    let known = match class {
        Class::SystemException => "System error.",
        Class::ArgumentException | Class::DecoderFallbackException => "Value does not fall within the expected range.",
        Class::ArgumentNullException => "Value cannot be null.",
        Class::ArgumentOutOfRangeException => "Specified argument was out of the range of valid values.",
        Class::ArithmeticException => "Overflow or underflow in the arithmetic operation.",
        Class::DivideByZeroException => "Attempted to divide by zero.",
        Class::OverflowException => "Arithmetic operation resulted in an overflow.",
        Class::FormatException | Class::UriFormatException => "One of the identified items was in an invalid format.",
        Class::IndexOutOfRangeException => "Index was outside the bounds of the array.",
        Class::InvalidCastException => "Specified cast is not valid.",
        Class::InvalidOperationException => "Operation is not valid due to the current state of the object.",
        Class::KeyNotFoundException => "The given key was not present in the dictionary.",
        Class::NotImplementedException => "The method or operation is not implemented.",
        Class::NotSupportedException => "Specified method is not supported.",
        Class::NullReferenceException => "Object reference not set to an instance of an object.",
        Class::TimeoutException | Class::RegexMatchTimeoutException => "The operation has timed out.",
        Class::UnauthorizedAccessException => "Attempted to perform an unauthorized operation.",
        Class::AggregateException => "One or more errors occurred.",
        Class::XmlException => "An XML error has occurred.",
        Class::ObjectDisposedException => "Cannot access a disposed object.",
        Class::PlatformNotSupportedException => "Operation is not supported on this platform.",
        Class::ArrayTypeMismatchException => "Attempted to access an element as a type incompatible with the array.",
        Class::CryptographicException => "Error occurred during a cryptographic operation.",
        other => return thrown_of(other),
    };
    known.to_owned()
}

/// The message of an exception whose message is null.
pub(super) fn thrown_of(class: Class) -> String {
    format!("Exception of type '{}' was thrown.", Ty::Class(class).full_name())
}

/// `HResult`: the class's own, or that of the class that it derives from.
pub(super) fn result_code(class: Class) -> i32 {
    match class {
        Class::SystemException => -2_146_233_087,
        Class::ArgumentException => -2_147_024_809,
        Class::ArgumentNullException | Class::NullReferenceException => -2_147_467_261,
        Class::ArgumentOutOfRangeException => -2_146_233_086,
        Class::ArithmeticException => -2_147_024_362,
        Class::DivideByZeroException => -2_147_352_558,
        Class::OverflowException => -2_146_233_066,
        Class::FormatException => -2_146_233_033,
        Class::IndexOutOfRangeException => -2_146_233_080,
        Class::InvalidCastException => -2_147_467_262,
        Class::InvalidOperationException => -2_146_233_079,
        Class::KeyNotFoundException => -2_146_232_969,
        Class::NotImplementedException => -2_147_467_263,
        Class::NotSupportedException => -2_146_233_067,
        Class::TimeoutException => -2_146_233_083,
        Class::UnauthorizedAccessException => -2_147_024_891,
        Class::XmlException => -2_146_232_000,
        Class::ObjectDisposedException => -2_146_232_798,
        Class::PlatformNotSupportedException => -2_146_233_031,
        Class::ArrayTypeMismatchException => -2_146_233_085,
        other => other.base().map_or(-2_146_233_088, result_code),
    }
}

// The assembly that throws such exceptions; what an expression throws itself comes from none that has a name.
fn assembly(class: Class) -> &'static str {
    match class {
        Class::JsonException | Class::JsonReaderException | Class::JsonSerializationException => "Newtonsoft.Json",
        Class::XmlException => "System.Private.Xml",
        Class::UriFormatException => "System.Private.Uri",
        Class::RegexParseException | Class::RegexMatchTimeoutException => "System.Text.RegularExpressions",
        Class::CryptographicException => "System.Security.Cryptography",
        _ => "System.Private.CoreLib",
    }
}

/// `Message`
pub(crate) fn message_of(value: &Value) -> Outcome<String> {
    instance::state(value, |exception: &mut Exception| exception.shown())
}

/// What throwing this object does.
fn thrown(value: &Value) -> Interrupt {
    if value.is_null() {
        return null_reference();
    }
    let parts = instance::look(value, |exception: &mut Exception| {
        exception.is_thrown = true;
        if exception.source.is_null() {
            exception.source = Value::string("");
        }
        (exception.class, exception.shown())
    });
    match parts {
        Some((class, message)) => throw(full_name(class), message),
        None => broken("thrown, and no exception"),
    }
}

impl Machine<'_> {
    /// Throws an object, which a `catch` then sees again.
    pub(crate) fn throw_object(&mut self, value: Value) -> Interrupt {
        let interrupt = thrown(&value);
        if !value.is_null() {
            self.remember(value);
        }
        interrupt
    }

    /// Keeps an object that is on its way to a `catch`. What gets lost on it, as in a `finally` that throws too, is dropped in time.
    pub(crate) fn remember(&mut self, exception: Value) {
        let on_their_way = &mut self.held().thrown;
        if on_their_way.len() == THROWN_MAX {
            on_their_way.remove(0);
        }
        on_their_way.push(exception);
    }

    /// The object that a `catch` sees: the one that was thrown, or a new one for what a member threw.
    pub(crate) fn exception_object(&mut self, interrupt: &Interrupt) -> Outcome<Value> {
        let Interrupt::Exception(thrown) = interrupt else {
            return Err(broken("caught, and no exception"));
        };
        let (exception, message) = (thrown.type_name, &thrown.message);
        let is_meant = |value: &Value| {
            let parts = instance::look(value, |exception: &mut Exception| (exception.class, exception.shown()));
            parts.is_some_and(|(class, shown)| full_name(class) == exception && shown == *message)
        };
        let known = self.held().thrown.iter().rposition(is_meant);
        if let Some(at) = known {
            return Ok(self.held().thrown.remove(at));
        }
        let mut classes = Class::ALL.iter().copied().filter(|class| class.derives_from(Class::Exception));
        let class = classes.find(|class| full_name(*class) == exception).unwrap_or(Class::Exception);
        self.charge(message.len())?;
        let mut state = Exception::new(class, message.clone());
        if class.derives_from(Class::ArgumentException)
            && let Some((text, name)) = parameter_in(message)
        {
            state.parameter = Value::string(name);
            state.message = text;
        }
        if class == Class::ObjectDisposedException
            && let Some((text, name)) = message.rsplit_once(DISPOSED_NAME)
        {
            state.parameter = Value::string(name.trim_end_matches("'."));
            state.message = text.to_owned();
        }
        state.is_thrown = true;
        state.source = Value::string(assembly(class));
        self.object(Ty::Class(class), state)
    }
}

// `text (Parameter 'name')`, which is how a message ends that names one.
fn parameter_in(message: &str) -> Option<(String, String)> {
    let (text, rest) = message.rsplit_once(" (Parameter '")?;
    let name = rest.strip_suffix("')")?;
    Some((text.to_owned(), name.to_owned()))
}

// Names of exceptions live as long as the program; this is the list of those that can be thrown.
fn full_name(class: Class) -> &'static str {
    static NAMES: std::sync::LazyLock<Vec<(Class, String)>> = std::sync::LazyLock::new(|| {
        let all = Class::ALL.iter().filter(|class| class.derives_from(Class::Exception));
        all.map(|class| (*class, Ty::Class(*class).full_name())).collect()
    });
    NAMES.iter().find(|(other, _)| *other == class).map_or("System.Exception", |(_, name)| name.as_str())
}
