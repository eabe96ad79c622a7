//! What a policy document compiles to: flat ops for its four sections, with a listing for people. Runs nothing.

use std::fmt;
use std::sync::Arc;

use crate::policy::Built;
use crate::policy::concurrency::{LimitConcurrency, Wait};
use crate::policy::control::Retry;
use crate::policy::operand::Operand;
use crate::policy::place::Section;

/// The compiled document of one scope.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// `inbound`
    pub inbound: Code,
    /// `backend`
    pub backend: Code,
    /// `outbound`
    pub outbound: Code,
    /// `on-error`
    pub on_error: Code,
}

/// The ops of one section.
#[derive(Clone, Debug, Default)]
pub struct Code {
    /// The ops.
    pub ops: Vec<Op>,
    /// Where each op comes from; as long as `ops`.
    pub places: Vec<Place>,
}

/// One step.
#[derive(Clone, Debug)]
pub enum Op {
    /// Runs the same section of the next broader scope.
    Base,
    /// Runs a policy.
    Policy(Built),
    /// Hands the answer to the policy at `asked`, which has just asked for it.
    Take {
        /// The index of the policy.
        asked: usize,
    },
    /// Goes on at `target` unless the condition holds.
    Unless {
        /// The condition of a `when`.
        condition: Operand<bool>,
        /// The index of the next `when`.
        target: usize,
    },
    /// Goes on at `target` when the `cache-value` at `begin` has a value.
    Around {
        /// The index of its look-up.
        begin: usize,
        /// The index behind its end.
        target: usize,
    },
    /// Goes on at `target`.
    Jump {
        /// The index.
        target: usize,
    },
    /// Begins a loop.
    Repeat(Box<Retry>),
    /// Ends the loop that began at `begin`, or goes back to behind its beginning.
    Again {
        /// The index of its `Repeat`.
        begin: usize,
    },
    /// Runs branches side by side.
    Fork(Box<Wait>),
    /// Ends a branch of a [`Op::Fork`].
    EndBranch,
    /// Goes on when fewer calls than allowed are inside.
    Enter(Box<LimitConcurrency>),
    /// Leaves what [`Op::Enter`] began.
    Leave,
}

/// Where an op comes from: what `context.LastError` says.
#[derive(Clone, Debug)]
pub struct Place {
    /// The name of the element.
    pub element: &'static str,
    /// The path in the document, as in `choose[1]/when[2]`.
    pub path: Arc<str>,
    /// The `id` attribute.
    pub policy_id: Option<Arc<str>>,
}

impl Op {
    /// The policy that it runs, if it runs one.
    #[must_use]
    pub const fn policy(&self) -> Option<&Built> {
        match self {
            Self::Policy(policy) => Some(policy),
            Self::Base
            | Self::Take { .. }
            | Self::Unless { .. }
            | Self::Around { .. }
            | Self::Jump { .. }
            | Self::Repeat(_)
            | Self::Again { .. }
            | Self::Fork(_)
            | Self::EndBranch
            | Self::Enter(_)
            | Self::Leave => None,
        }
    }
}

impl Program {
    /// The ops of a section.
    #[must_use]
    pub const fn code(&self, section: Section) -> &Code {
        match section {
            Section::Inbound => &self.inbound,
            Section::Backend => &self.backend,
            Section::Outbound => &self.outbound,
            Section::OnError => &self.on_error,
        }
    }

    /// The policies of all sections.
    pub fn policies(&self) -> impl Iterator<Item = &Built> {
        Section::ALL.into_iter().flat_map(|section| &self.code(section).ops).filter_map(Op::policy)
    }

    /// The ops of a section, to be filled.
    pub const fn code_mut(&mut self, section: Section) -> &mut Code {
        match section {
            Section::Inbound => &mut self.inbound,
            Section::Backend => &mut self.backend,
            Section::Outbound => &mut self.outbound,
            Section::OnError => &mut self.on_error,
        }
    }
}

/// One op a line with its index, its policy and its place.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for section in Section::ALL {
            writeln!(f, "{}:", section.as_str())?;
            let code = self.code(section);
            for (index, (op, place)) in code.ops.iter().zip(&code.places).enumerate() {
                writeln!(f, "{index:4}  {op}  ; {}", place.path)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base => f.write_str("base"),
            Self::Policy(policy) => write!(f, "{policy:?}"),
            Self::Take { asked } => write!(f, "take {asked}"),
            Self::Unless { condition, target } => write!(f, "unless {condition} jump {target}"),
            Self::Around { begin, target } => write!(f, "around {begin} jump {target}"),
            Self::Jump { target } => write!(f, "jump {target}"),
            Self::Repeat(retry) => write!(f, "repeat {retry:?}"),
            Self::Again { begin } => write!(f, "again {begin}"),
            Self::Fork(wait) => write!(f, "fork {wait:?}"),
            Self::EndBranch => f.write_str("end branch"),
            Self::Enter(limit) => write!(f, "enter {limit:?}"),
            Self::Leave => f.write_str("leave"),
        }
    }
}
