//! Texts that are compared, joined or returned: copied no sooner than they must be. Knows no members.

use std::borrow::Cow;
use std::sync::Arc;

use super::Machine;
use crate::expr::Interrupt;
use crate::expr::bcl::{Run, TextOf, variable};
use crate::expr::bounded::append;
use crate::expr::exception::{Outcome, broken, null_reference};
use crate::expr::node::{Arrays, BinaryNode, CallNode, Conversion, Node, VariableNode};
use crate::expr::syntax::BinaryOp;
use crate::http::{HeaderName, HeaderValue};
use crate::value::{ContextPart, MessageRef, Value};

/// The value of an operand that is only looked at.
pub(super) enum Seen<'t> {
    /// A text of the exchange, where it stands.
    Text(&'t str),
    /// A value of the expression or of the exchange, where it stands.
    Held(&'t Value),
    Value(Value),
}

impl Seen<'_> {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Held(value) => value.as_str(),
            Self::Value(value) => value.as_str(),
        }
    }

    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Text(text) => Value::string(text),
            Self::Held(value) => value.clone(),
            Self::Value(value) => value,
        }
    }
}

impl<'m> Machine<'m> {
    fn seen<'t>(&mut self, node: &'t Node) -> Outcome<Seen<'t>>
    where
        'm: 't,
    {
        match node {
            Node::Constant(value) => Ok(Seen::Held(value)),
            Node::Header(parts) => self.header(&parts.0, &parts.1),
            Node::Variable(variable) => self.variable(variable),
            Node::Convert(conversion @ Conversion::Unbox(ty), inner) => match self.seen(inner) {
                Ok(Seen::Held(value)) if ty.admits(value) => Ok(Seen::Held(value)),
                Ok(other) => self.convert(conversion, other.into_value()).map(Seen::Value),
                Err(interrupt) => Err(interrupt),
            },
            Node::Call(call) => match call.run {
                Run::Text(text) => self.context_text(call, text),
                Run::Function(_) | Run::Enum(_) | Run::Part(_) => self.call(call).map(Seen::Value),
            },
            other => self.eval(other).map(Seen::Value),
        }
    }

    #[inline(never)]
    pub(super) fn header_value(&mut self, call: &CallNode, name: &HeaderName) -> Outcome<Value> {
        self.header(call, name).map(Seen::into_value)
    }

    #[inline(never)]
    pub(super) fn variable_value(&mut self, node: &VariableNode) -> Outcome<Value> {
        let value = self.variable(node)?.into_value();
        if self.arrays == Arrays::Written { self.thawed(value) } else { Ok(value) }
    }

    fn variable<'t>(&mut self, node: &'t VariableNode) -> Outcome<Seen<'t>>
    where
        'm: 't,
    {
        self.spend(node.steps)?;
        Ok(Seen::Held(variable(self.context, &node.name, node.ty.as_ref())?.unwrap_or(&node.default)))
    }

    /// A text of the exchange.
    pub(super) fn context_text<'t>(&mut self, call: &CallNode, text: TextOf) -> Outcome<Seen<'t>>
    where
        'm: 't,
    {
        self.step()?;
        let receiver = self.receiver_of(call);
        let receiver = receiver.as_ref().map_err(Interrupt::clone)?;
        if receiver.is_null() {
            return Err(null_reference());
        }
        match text(self.context, receiver) {
            Ok(Some(Cow::Borrowed(text))) => self.counted(text).map(Seen::Text),
            Ok(Some(Cow::Owned(text))) => self.string(text).map(Seen::Value),
            Ok(None) => Ok(Seen::Value(Value::Null)),
            Err(interrupt) => Err(interrupt),
        }
    }

    // Counted as if it were copied, so that it does not matter to the limits whether it is.
    fn counted<'t>(&mut self, text: &'t str) -> Outcome<&'t str> {
        self.check_length(text.len())?;
        self.charge(text.len())?;
        Ok(text)
    }

    #[inline(never)]
    pub(super) fn same_text(&mut self, node: &BinaryNode) -> Outcome<bool> {
        // What is no text is null.
        let left = self.seen(&node.left);
        let left = left.as_ref().map_err(Interrupt::clone)?.text();
        let right = self.seen(&node.right);
        let right = right.as_ref().map_err(Interrupt::clone)?.text();
        if let (Some(left), Some(right)) = (left, right)
            && left.len() == right.len()
        {
            self.weigh_bytes(left.len())?;
        }
        let equal = left == right;
        match node.operator {
            BinaryOp::Equal => Ok(equal),
            BinaryOp::NotEqual => Ok(!equal),
            _ => Err(broken("an operator that the checker refuses")),
        }
    }

    #[inline(never)]
    pub(super) fn concat(&mut self, parts: &[Node]) -> Outcome<Value> {
        let mut text = std::mem::take(&mut self.grown);
        text.clear();
        let mut first = None;
        for part in parts {
            match &self.seen(part) {
                Ok(Seen::Text(part)) => text.push_str(part),
                Ok(Seen::Held(Value::String(part)) | Seen::Value(Value::String(part))) => {
                    if text.is_empty() {
                        first = Some(Arc::clone(part));
                    }
                    text.push_str(part);
                }
                Ok(Seen::Held(other)) => append(&mut text, other)?,
                Ok(Seen::Value(other)) => append(&mut text, other)?,
                Err(interrupt) => return Err(interrupt.clone()),
            }
            self.check_length(text.len())?;
        }
        // A text to which nothing was added is that text, as in .NET.
        let joined = match first {
            Some(first) if first.len() == text.len() => Ok(Value::String(first)),
            _ => self.string(text.as_str()),
        };
        self.grown = text;
        joined
    }

    /// A call with the name of a header that has been read already; a single plain value is not copied.
    fn header<'t>(&mut self, call: &'t CallNode, name: &HeaderName) -> Outcome<Seen<'t>>
    where
        'm: 't,
    {
        self.step()?;
        let receiver = self.receiver_of(call);
        let receiver = receiver.as_ref().map_err(Interrupt::clone)?;
        let made = match call.arguments.get(2) {
            None | Some(Node::Constant(_)) => None,
            Some(default) => Some(self.eval(default)?),
        };
        let default = || match (made, call.arguments.get(2)) {
            (Some(value), _) => Seen::Value(value),
            (None, Some(Node::Constant(value))) => Seen::Held(value),
            (None, _) => Seen::Value(Value::Null),
        };
        let context = self.context;
        let headers = match receiver {
            Value::Null => return Err(null_reference()),
            Value::Context(ContextPart::Headers(MessageRef::Request)) => Some(&context.request.headers),
            Value::Context(ContextPart::Headers(MessageRef::Response)) => {
                Some(&context.response.as_ref().ok_or_else(null_reference)?.headers)
            }
            _ => None,
        };
        if let Some(headers) = headers {
            let mut values = headers.get_all(name).iter();
            match (values.next().map(HeaderValue::to_str), values.next()) {
                (None, _) => return Ok(default()),
                (Some(Ok(text)), None) => return self.counted(text).map(Seen::Text),
                (Some(_), _) => {}
            }
        }
        self.looked_up(call, receiver.clone(), default().into_value()).map(Seen::Value)
    }

    // Values that are several, or in no header.
    #[inline(never)]
    fn looked_up(&mut self, call: &CallNode, receiver: Value, default: Value) -> Outcome<Value> {
        let key = call.arguments.get(1).map_or(Ok(Value::Null), |key| self.eval(key))?;
        self.run_member(call, &[receiver, key, default])
    }
}
