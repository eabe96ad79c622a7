//! Who may pass: `check-header` and `ip-filter`. Authenticates nobody.

mod address;
pub mod client_certificate;
mod decision;
mod document;
mod revocation;
pub mod token;

use std::sync::Arc;

use crate::expr::Expected;
use crate::http::StatusCode;
use crate::policy::operand::{Operand, Typed};
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Flow, Public, Ran, Run, Stop};
use crate::policy::shape::{Content, Occurs, Shape, TEXT, attribute, child};
use crate::policy::{Built, Policy};
use crate::value::Value;
use address::{Block, BlockError, parse_address};
use decision::{Action, Case, Denial};

/// `check-header`
pub static CHECK_HEADER: Shape = Shape {
    attributes: &[
        attribute("name").required(),
        attribute("failed-check-httpcode").required(),
        attribute("failed-check-error-message").required(),
        attribute("ignore-case").required(),
    ],
    content: Content::Children(&[child("value", Occurs::Any, &TEXT)]),
};

/// `ip-filter`
pub static IP_FILTER: Shape = Shape {
    attributes: &[attribute("action").required()],
    content: Content::AnyOrder(&[child("address", Occurs::Any, &TEXT), child("address-range", Occurs::Any, &RANGE)]),
};

static RANGE: Shape =
    Shape { attributes: &[attribute("from").required(), attribute("to").required()], content: Content::Empty };

/// Refuses a request that lacks a field, or has it with a value that is not listed.
#[derive(Clone, Debug)]
pub struct CheckHeader {
    name: Operand,
    status: Operand<Status>,
    message: Operand,
    ignore_case: Operand<bool>,
    values: Vec<Operand>,
}

/// Refuses a request by the client's address.
#[derive(Clone, Debug)]
pub struct IpFilter {
    action: Operand<Action>,
    blocks: Vec<Listed>,
}

/// What is listed in an `ip-filter`.
#[derive(Clone, Debug)]
enum Listed {
    Block(Operand<Block>),
    Range(Operand, Operand),
}

/// A status code that ends an exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Status(pub(super) StatusCode);

/// Compiles `check-header`.
pub fn build_check_header(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let name = reader.attribute("name");
    let status = reader.attribute("failed-check-httpcode");
    let message = reader.attribute("failed-check-error-message");
    let ignore_case = reader.attribute("ignore-case");
    let values = reader.texts("value");
    Some(Arc::new(CheckHeader { name: name?, status: status?, message: message?, ignore_case: ignore_case?, values }))
}

/// Compiles `ip-filter`.
pub fn build_ip_filter(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let action = reader.attribute("action");
    let mut blocks = Vec::new();
    for element in reader.element.elements() {
        let mut child = reader.at(element);
        match element.name.as_str() {
            "address" => blocks.extend(child.text().map(Listed::Block)),
            "address-range" => blocks.extend(range(&mut child)),
            // The shape has reported it.
            _ => {}
        }
    }
    if reader.element.elements().next().is_none() {
        reader.reject("missing-element", "`ip-filter` needs a child `address` or `address-range`");
    }
    Some(Arc::new(IpFilter { action: action?, blocks }))
}

fn range(reader: &mut Reader<'_, '_, '_>) -> Option<Listed> {
    let (from, to) = (reader.attribute::<Arc<str>>("from"), reader.attribute::<Arc<str>>("to"));
    let (from, to) = (from?, to?);
    for (name, end) in [("from", &from), ("to", &to)] {
        if end.known().is_some_and(|text| parse_address(text).is_none()) {
            reader.error(name, BlockError::Address.to_string());
            return None;
        }
    }
    let (Some(low), Some(high)) = (from.known(), to.known()) else { return Some(Listed::Range(from, to)) };
    match Block::range(low, high) {
        Ok(block) => Some(Listed::Block(Operand::Literal(block))),
        Err(error) => {
            reader.error("to", error.to_string());
            None
        }
    }
}

impl Policy for CheckHeader {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let name = self.name.get(run)?;
        let Status(status) = self.status.get(run)?;
        let message = self.message.get(run)?;
        let case = if self.ignore_case.get(run)? { Case::Ignore } else { Case::Respect };
        let mut values = Vec::with_capacity(self.values.len());
        for value in &self.values {
            values.push(value.get(run)?);
        }
        match decision::check_header(&run.context.request.headers, &name, &values, case) {
            Ok(()) => Ok(Flow::Next),
            Err(Denial { reason, message: why }) => {
                let public = Public::Text(message.to_string());
                Err(Stop::fail(Failure { public, ..Failure::new(status, reason, why) }))
            }
        }
    }
}

impl Policy for IpFilter {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let action = self.action.get(run)?;
        let mut blocks = Vec::with_capacity(self.blocks.len());
        for listed in &self.blocks {
            blocks.push(listed.get(run)?);
        }
        match decision::filter(action, &blocks, &run.context.request.ip) {
            Ok(()) => Ok(Flow::Next),
            Err(Denial { reason, message }) => Err(Stop::fail(Failure::new(StatusCode::FORBIDDEN, reason, message))),
        }
    }
}

impl Listed {
    fn get(&self, run: &mut Run<'_>) -> Result<Block, Stop> {
        match self {
            Self::Block(block) => block.get(run),
            Self::Range(from, to) => {
                let (from, to) = (from.get(run)?, to.get(run)?);
                Block::range(&from, &to).map_err(|error| {
                    Stop::fail(Failure::expression(format!("`{from}` to `{to}` is not a range: {error}")))
                })
            }
        }
    }
}

impl Typed for Action {
    const EXPECTED: Expected = Expected::Text;

    fn from_literal(text: &str) -> Result<Self, String> {
        match text.trim() {
            "allow" => Ok(Self::Allow),
            "forbid" => Ok(Self::Forbid),
            other => Err(format!("`{other}` is not an action: expected `allow` or `forbid`")),
        }
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_literal(&value.to_string())
    }
}

impl Typed for Block {
    const EXPECTED: Expected = Expected::Text;

    fn from_literal(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|error| format!("`{text}` is not an address or a network: {error}"))
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_literal(&value.to_string())
    }
}

impl Typed for Status {
    const EXPECTED: Expected = Expected::Int;

    fn from_literal(text: &str) -> Result<Self, String> {
        let code = text.trim().parse().ok().filter(|code| (200..600).contains(code));
        let code = code.and_then(|code| StatusCode::from_u16(code).ok());
        code.map(Self).ok_or_else(|| format!("`{text}` is not a status code from 200 to 599"))
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_literal(&value.to_string())
    }
}
