//! Labels and `goto`: a label is known in the whole block that holds it.

use super::flow::Assigned;
use super::statement::End;
use super::{Checker, Frame};
use crate::expr::node::Step;
use crate::expr::syntax::{Ident, Stmt, StmtKind};

/// A label of one of the blocks around.
#[derive(Debug)]
pub(super) struct Label {
    name: Ident,
    id: u16,
    /// What certainly has a value at every `goto` so far; nothing when there was none.
    at_jump: Option<Assigned>,
    /// How many `finally` blocks are around it.
    finals: usize,
}

impl Checker<'_> {
    /// Makes the labels of a block known; gives how many there were before.
    pub(super) fn open_labels(&mut self, statements: &[Stmt]) -> usize {
        let before = self.frame.labels.len();
        for statement in statements {
            let StmtKind::Label(name) = &statement.kind else { continue };
            if self.frame.labels.iter().any(|label| label.name.text == name.text) {
                self.report("duplicate-name", name.span, format!("the label `{}` stands here already", name.text));
            }
            let id = self.frame.labels_made;
            self.frame.labels_made = id.saturating_add(1);
            let finals = self.frame.finals;
            self.frame.labels.push(Label { name: name.clone(), id, at_jump: None, finals });
        }
        before
    }

    /// Forgets the labels of a block; its steps can be entered at each of them.
    pub(super) fn close_labels(
        &mut self,
        before: usize,
        places: Vec<(u16, usize)>,
        start: usize,
        steps: &mut Vec<Step>,
    ) {
        self.frame.labels.truncate(before);
        if places.is_empty() {
            return;
        }
        let inner: Vec<Step> = steps.drain(start..).collect();
        let places: Vec<(u16, usize)> = places.into_iter().map(|(id, at)| (id, at - start)).collect();
        steps.push(Step::Labelled(inner.into(), places.into()));
    }

    /// What holds behind a label: where the block gets there, and at every `goto`.
    pub(super) fn label_here(&mut self, name: &Ident, end: End) -> Option<u16> {
        let Frame { labels, assigned, .. } = &mut self.frame;
        let label = labels.iter().rev().find(|label| label.name.text == name.text)?;
        let before = match end {
            End::Reachable => std::mem::take(assigned),
            End::Unreachable => Assigned::unreachable(),
        };
        *assigned = match &label.at_jump {
            Some(at_jump) => before.meet(at_jump),
            None => before,
        };
        Some(label.id)
    }

    pub(super) fn goto_label(&mut self, name: &Ident, steps: &mut Vec<Step>) -> End {
        let Frame { labels, assigned, finals, .. } = &mut self.frame;
        let (assigned, finals) = (assigned.clone(), *finals);
        match labels.iter_mut().rev().find(|label| label.name.text == name.text) {
            Some(label) => {
                label.at_jump = Some(match label.at_jump.take() {
                    Some(before) => before.meet(&assigned),
                    None => assigned,
                });
                let (id, leaves) = (label.id, finals > label.finals);
                steps.push(Step::Jump(id));
                if leaves {
                    self.report("expression-syntax", name.span, "control cannot leave a `finally`");
                }
            }
            None => {
                let names: Vec<String> = self.frame.labels.iter().map(|label| label.name.text.to_string()).collect();
                let help = crate::expr::problem::nearest(&name.text, names.iter().map(String::as_str));
                let message = format!("there is no label `{}` around", name.text);
                self.problems.add_with_help("unknown-name", name.span, message, help);
            }
        }
        self.unreachable()
    }
}
