//! Long texts as .NET indexes them: their UTF-16 units at hand, so that a loop over a text takes time in proportion to it.

use std::sync::Arc;

use super::Machine;
use crate::expr::exception::Outcome;

/// Texts shorter than this are looked through each time.
const LONG_BYTES: usize = 256;

/// How many long texts are remembered at once.
const REMEMBERED_MAX: usize = 4;

/// What is remembered of a text.
#[derive(Clone, Debug)]
enum Units {
    /// Its bytes are its units.
    Ascii,
    Wide(Arc<[u16]>),
}

/// The long texts that were indexed last, the newest first.
#[derive(Debug, Default)]
pub(super) struct Indexed(Vec<(Arc<str>, Units)>);

impl Machine<'_> {
    /// `Length`
    pub(crate) fn units_of(&mut self, text: &Arc<str>) -> Outcome<usize> {
        if text.len() < LONG_BYTES {
            return Ok(if text.is_ascii() { text.len() } else { text.encode_utf16().count() });
        }
        Ok(match self.indexed(text)? {
            Units::Ascii => text.len(),
            Units::Wide(units) => units.len(),
        })
    }

    /// The unit at this index.
    pub(crate) fn unit_of(&mut self, text: &Arc<str>, index: usize) -> Outcome<Option<u16>> {
        if text.len() < LONG_BYTES {
            let byte = || text.as_bytes().get(index).map(|byte| u16::from(*byte));
            return Ok(if text.is_ascii() { byte() } else { text.encode_utf16().nth(index) });
        }
        Ok(match self.indexed(text)? {
            Units::Ascii => text.as_bytes().get(index).map(|byte| u16::from(*byte)),
            Units::Wide(units) => units.get(index).copied(),
        })
    }

    fn indexed(&mut self, text: &Arc<str>) -> Outcome<Units> {
        if let Some((_, units)) = self.held().long_texts.0.iter().find(|(known, _)| Arc::ptr_eq(known, text)) {
            return Ok(units.clone());
        }
        self.weigh_bytes(text.len())?;
        let units = if text.is_ascii() {
            Units::Ascii
        } else {
            self.charge(text.len().saturating_mul(2))?;
            Units::Wide(text.encode_utf16().collect())
        };
        self.held().long_texts.0.truncate(REMEMBERED_MAX - 1);
        self.held().long_texts.0.insert(0, (Arc::clone(text), units.clone()));
        Ok(units)
    }
}
