//! `AggregateException`: made of others, taken apart, handled.

use super::collections::{Part, View};
use super::exceptions::{finished, message_or_none};
use super::thrown::{Exception, default_message, message_of};
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, argument_null, throw};
use crate::expr::instance::{self, Items};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

const OWNER: &str = "AggregateException";

pub(super) const ROWS: &[Row] = &[
    row(OWNER, "new AggregateException(params Exception[] innerExceptions)", |call| new(call, 0)),
    row(OWNER, "new AggregateException(IEnumerable<Exception> innerExceptions)", |call| new(call, 0)),
    row(OWNER, "new AggregateException(string message, params Exception[] innerExceptions)", |call| new(call, 1)),
    row(OWNER, "new AggregateException(string message, IEnumerable<Exception> innerExceptions)", |call| new(call, 1)),
    row(OWNER, "ReadOnlyCollection<Exception> InnerExceptions", |call| {
        let all = call.state(0, |exception: &mut Exception| exception.all.clone())?;
        let exception = Ty::Class(Class::Exception);
        let source = call.object(Ty::array(exception.clone()), Items { values: all, version: 0 })?;
        call.object(Ty::Generic(Class::ReadOnlyCollection, [exception].into()), View { source, part: Part::All })
    }),
    row(OWNER, "AggregateException Flatten()", |call| {
        let message = own_message(call.value(0))?;
        let (mut pending, mut found) = (std::collections::VecDeque::from([call.value(0).clone()]), Vec::new());
        while let Some(aggregate) = pending.pop_front() {
            for inner in instance::state(&aggregate, |exception: &mut Exception| exception.all.clone())? {
                call.machine.step()?;
                let is_aggregate = instance::look(&inner, |exception: &mut Exception| exception.class)
                    .is_some_and(|class| class == Class::AggregateException);
                if is_aggregate {
                    pending.push_back(inner);
                } else {
                    call.machine.charge(size_of::<Value>())?;
                    found.push(inner);
                }
            }
        }
        aggregate(call, message, found)
    }),
    row(OWNER, "void Handle(Func<Exception, bool> predicate)", |call| {
        if call.value(1).is_null() {
            return Err(argument_null("predicate"));
        }
        let all = call.state(0, |exception: &mut Exception| exception.all.clone())?;
        let mut unhandled = Vec::new();
        for inner in all {
            if call.invoke(1, std::slice::from_ref(&inner))? != Value::Bool(true) {
                unhandled.push(inner);
            }
        }
        if unhandled.is_empty() {
            return Ok(Value::Null);
        }
        let message = message_of(call.value(0))?;
        let thrown = aggregate(call, message, unhandled)?;
        Err(call.machine.throw_object(thrown))
    }),
];

fn new(call: &mut Call<'_, '_>, at: usize) -> Outcome<Value> {
    let class = Class::AggregateException;
    let own = if at == 0 { default_message(class) } else { message_or_none(call, class, 0)? };
    let all = call.items(at, "innerExceptions")?;
    if all.iter().any(Value::is_null) {
        return Err(throw("System.ArgumentException", "An element of innerExceptions was null."));
    }
    call.machine.charge(all.len().saturating_mul(size_of::<Value>()))?;
    aggregate(call, own, all)
}

// The messages of all inner exceptions follow its own.
fn aggregate(call: &mut Call<'_, '_>, mut message: String, all: Vec<Value>) -> Outcome<Value> {
    let class = Class::AggregateException;
    for inner in &all {
        message.push_str(&format!(" ({})", message_of(inner)?));
        call.machine.check_length(message.len())?;
    }
    let mut exception = Exception::new(class, message);
    exception.inner = all.first().cloned().unwrap_or(Value::Null);
    exception.all = all;
    finished(call, class, exception)
}

/// The message of an aggregate without those of the exceptions inside of it.
pub(super) fn own_message(aggregate: &Value) -> Outcome<String> {
    let (message, all) =
        instance::state(aggregate, |exception: &mut Exception| (exception.message.clone(), exception.all.clone()))?;
    let mut inner = String::new();
    for exception in &all {
        inner.push_str(&format!(" ({})", message_of(exception)?));
    }
    Ok(message.strip_suffix(&*inner).unwrap_or(&message).to_owned())
}
