//! Where a token stands in a request.

use std::sync::Arc;

use crate::http::{Query, header};
use crate::policy::operand::{Operand, get_optional};
use crate::policy::reader::Reader;
use crate::policy::run::{Run, Stop};

/// Where a token stands.
#[derive(Debug)]
pub(super) enum Place {
    /// In a field; the scheme that `Authorization` must name.
    Header(Operand, Option<Operand>),
    /// In the query.
    Query(Operand),
    /// It is computed.
    Value(Operand),
}

impl Place {
    /// The place that the attributes name; `otherwise` is the field when they name none.
    pub(super) fn build(reader: &mut Reader<'_, '_, '_>, otherwise: Option<&str>) -> Option<Self> {
        let scheme = reader.attribute("require-scheme");
        let places = ["header-name", "query-parameter-name", "token-value"];
        let named: Vec<&str> = places.into_iter().filter(|name| reader.element.attribute(name).is_some()).collect();
        match (named.as_slice(), otherwise) {
            (["header-name"], _) => reader.attribute("header-name").map(|name| Self::Header(name, scheme)),
            (["query-parameter-name"], _) => reader.attribute("query-parameter-name").map(Self::Query),
            (["token-value"], _) => reader.attribute("token-value").map(Self::Value),
            ([], Some(field)) => Some(Self::Header(Operand::Literal(Arc::from(field)), None)),
            _ => {
                let name = &reader.element.name;
                let message =
                    format!("`{name}` needs exactly one of `header-name`, `query-parameter-name` and `token-value`");
                reader.reject("missing-attribute", message);
                None
            }
        }
    }

    /// The token, when there is one.
    pub(super) fn find(&self, run: &mut Run<'_>) -> Result<Option<String>, Stop> {
        let found = match self {
            Self::Header(name, scheme) => {
                let (name, scheme) = (name.get(run)?, get_optional(scheme.as_ref(), run)?);
                let value = run.context.request.headers.get(name.trim()).and_then(|value| value.to_str().ok());
                let is_authorization = name.trim().eq_ignore_ascii_case(header::AUTHORIZATION.as_str());
                value
                    .and_then(|value| match is_authorization {
                        true => of_authorization(value, scheme.as_deref()),
                        false => Some(value),
                    })
                    .map(str::to_owned)
            }
            Self::Query(name) => {
                let name = name.get(run)?;
                let query = Query::new(run.context.request.url.query.as_deref());
                query.get(name.trim()).map(std::borrow::Cow::into_owned)
            }
            Self::Value(value) => Some(value.get(run)?.to_string()),
        };
        Ok(found.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
    }
}

// The credentials behind the scheme, which must be the wanted one if one is wanted.
fn of_authorization<'v>(value: &'v str, scheme: Option<&str>) -> Option<&'v str> {
    let value = value.trim();
    match (value.split_once(' '), scheme.map(str::trim)) {
        (Some((written, token)), Some(wanted)) => written.eq_ignore_ascii_case(wanted).then_some(token),
        (Some((_, token)), None) => Some(token),
        (None, Some(_)) => None,
        (None, None) => Some(value),
    }
}
