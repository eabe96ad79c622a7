//! A text that a policy sends: as it is written, computed, or made by a template.

use super::Template;
use crate::http::Bytes;
use crate::policy::compile::Target;
use crate::policy::operand::Operand;
use crate::policy::reader::Reader;
use crate::policy::run::{Run, Stop};

/// A text as it is written, or a template that makes it.
#[derive(Clone, Debug)]
pub enum Written {
    /// A text or an expression.
    Text(Operand),
    /// A template.
    Template(Template),
}

impl Written {
    /// What stands between the tags of the element.
    pub fn read(reader: &mut Reader<'_, '_, '_>, is_template: bool) -> Option<Self> {
        if is_template { Template::read(reader).map(Self::Template) } else { reader.text().map(Self::Text) }
    }

    /// The text for this exchange.
    ///
    /// # Errors
    /// As [`Operand::get`] and [`Template::render`].
    pub fn get(&self, run: &mut Run<'_>, target: Target) -> Result<Bytes, Stop> {
        match self {
            Self::Text(text) => Ok(Bytes::copy_from_slice(text.get(run)?.as_bytes())),
            Self::Template(template) => template.render(run, target).map(Bytes::from),
        }
    }
}
