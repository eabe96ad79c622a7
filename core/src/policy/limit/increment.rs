//! What a request counts for, and when: `increment-condition` and `increment-count` of the policies that count by key.

use std::collections::VecDeque;

use super::Calls;
use crate::context::Body;
use crate::policy::operand::{Operand, Typed, get_optional};
use crate::policy::reader::Reader;
use crate::policy::run::{Run, State, Stop, body_of};

/// What a request counts for.
#[derive(Clone, Debug)]
pub(super) struct Increment {
    condition: Option<Operand<bool>>,
    count: Option<Operand<Calls>>,
    /// When it is counted.
    pub(super) counted: Counted,
}

/// When a call is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// When it is checked, in one step.
    AtOnce,
    /// Once its response is known: it is checked as one call before.
    AfterResponse,
}

impl Increment {
    /// Reads the attributes.
    pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Self {
        let condition = reader.attribute("increment-condition");
        let count = reader.attribute("increment-count");
        let after_response = reader.constant::<bool>("increment-after-response").unwrap_or(false);
        // Decision: what names the response is asked at the end (fixtures/policy/rate-limit-by-key-condition.conversation).
        let is_late = after_response || reads_response(condition.as_ref()) || reads_response(count.as_ref());
        Self { condition, count, counted: if is_late { Counted::AfterResponse } else { Counted::AtOnce } }
    }

    /// What this request counts for.
    ///
    /// # Errors
    /// An expression failed, or needs a body that has not been read.
    pub(super) fn get(&self, run: &mut Run<'_>) -> Result<u64, Stop> {
        if !get_optional(self.condition.as_ref(), run)?.unwrap_or(true) {
            return Ok(0);
        }
        Ok(get_optional(self.count.as_ref(), run)?.map_or(1, |Calls(count)| count))
    }

    /// The first of what waits for the response, and what it counts for; it waits no longer, unless a body must be read first.
    ///
    /// # Errors
    /// As [`Increment::get`].
    pub(super) fn settle<T>(
        &self,
        run: &mut Run<'_>,
        waiting: fn(&mut State) -> &mut VecDeque<T>,
    ) -> Result<Option<(T, u64)>, Stop> {
        let increment = self.get(run);
        // It is called again once the body has been read, and not again otherwise.
        if let Err(Stop::NeedsBody(message)) = increment
            && *body_of(run.context, message) == Body::Unread
        {
            return Err(Stop::NeedsBody(message));
        }
        let first = waiting(run.state).pop_front();
        let increment = increment?;
        Ok(first.map(|first| (first, increment)))
    }
}

// The word may stand in a string, or belong to a variable; counting later is right then too.
fn reads_response<T: Typed>(operand: Option<&Operand<T>>) -> bool {
    match operand {
        Some(Operand::Expression(computed)) => computed.source.contains("Response"),
        Some(Operand::Literal(_)) | None => false,
    }
}
