//! Exceptions as JSON: what they give to a serializer (`ISerializable`), in its order.

use std::sync::Arc;

use super::super::aggregate::own_message;
use super::super::thrown::{Data, Exception, default_message};
use crate::expr::instance::{self, Items};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

/// The members of an exception; nothing for what is none.
pub(super) fn members(value: &Value) -> Option<Vec<(Arc<str>, Value)>> {
    let all = instance::look(value, |exception: &mut Exception| exception.all.clone())?;
    let inner = array_of(all);
    let message = own_message(value).ok()?;
    instance::look(value, |exception: &mut Exception| {
        let class = exception.class;
        let is_own = message != default_message(class) || !message.starts_with("Exception of type '");
        let trace = if exception.is_thrown { Value::string("") } else { Value::Null };
        let mut members = vec![
            ("ClassName", Value::string(Ty::Class(class).full_name())),
            ("Message", if is_own { Value::string(message.clone()) } else { Value::Null }),
            ("Data", exception.data.clone()),
            ("InnerException", exception.inner.clone()),
            ("HelpURL", exception.help.clone()),
            ("StackTraceString", trace),
            ("RemoteStackTraceString", Value::Null),
            ("RemoteStackIndex", Value::Int32(0)),
            ("ExceptionMethod", Value::Null),
            ("HResult", Value::Int32(exception.code)),
            ("Source", exception.source.clone()),
            ("WatsonBuckets", Value::Null),
        ];
        if class.derives_from(Class::ArgumentException) {
            members.push(("ParamName", exception.parameter.clone()));
        }
        match class {
            Class::ArgumentOutOfRangeException => members.push(("ActualValue", exception.actual.clone())),
            Class::AggregateException => members.push(("InnerExceptions", inner)),
            Class::ObjectDisposedException => members.push(("ObjectName", exception.parameter.clone())),
            _ => {}
        }
        members.into_iter().map(|(name, value)| (Arc::from(name), value)).collect()
    })
}

fn array_of(values: Vec<Value>) -> Value {
    let ty = Ty::array(Ty::Class(Class::Exception));
    Value::Object(instance::Instance::object(ty, Items { values, version: 0 }))
}

/// The entries of `Exception.Data`; nothing for what is something else.
pub(super) fn data(value: &Value) -> Option<Vec<(Arc<str>, Value)>> {
    let entries = instance::look(value, |data: &mut Data| data.0.clone())?;
    Some(entries.into_iter().map(|(key, value)| (Arc::from(key.to_string()), value)).collect())
}
