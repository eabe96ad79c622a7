//! Arguments before the member is known that takes them: values, and what has no type of its own.

use super::overload::{Given, Open};
use super::target::Place;
use super::{Checker, Typed, Use};
use crate::expr::node::Node;
use crate::expr::syntax::{Argument, Expr, ExprKind, OutTarget};
use crate::expr::ty::Ty;
use crate::span::Span;

impl Checker<'_> {
    // The variables of a call that is wrong exist all the same, so that only the call is reported.
    pub(super) fn settle(&mut self, given: &[Given<'_>]) {
        for given in given {
            match given.open {
                Open::Out(OutTarget::Declare(_, name)) => {
                    self.declare(name, Ty::Error);
                }
                Open::Out(OutTarget::Existing(expr)) => {
                    let ExprKind::Name(name) = &bare(expr).kind else { continue };
                    if let Some(local) = self.local(&name.text) {
                        self.frame.assigned.insert(local.slot);
                    }
                }
                Open::No | Open::Lambda(_) | Open::Methods(_) | Open::Out(_) | Open::Ref(_) => {}
            }
        }
    }

    pub(super) fn given<'e>(&mut self, arguments: &'e [Argument]) -> Vec<Given<'e>> {
        arguments
            .iter()
            .map(|argument| {
                let value = &argument.value;
                let placeholder = || Typed::new(Node::Context, Ty::Null, value.span);
                let (typed, open) = match &value.kind {
                    ExprKind::Lambda(lambda) => (placeholder(), Open::Lambda(lambda)),
                    ExprKind::Out(target) => (self.out_argument(target, value.span), Open::Out(target)),
                    ExprKind::Ref(target) => (self.ref_argument(target, value.span), Open::Ref(target)),
                    ExprKind::TypeOf(written) => (self.type_of(written, value.span), Open::No),
                    _ if self.is_method_group(value) => (placeholder(), Open::Methods(value)),
                    _ => (self.value(value), Open::No),
                };
                if typed.ty == Ty::Void {
                    self.report("type-mismatch", typed.span, "this expression has no value");
                }
                Given { name: argument.name.clone(), typed, open }
            })
            .collect()
    }

    // The type of an `out` argument where it is written; `Null` where the parameter gives it.
    fn out_argument(&mut self, target: &OutTarget, span: Span) -> Typed {
        let ty = match target {
            OutTarget::Declare(Some(written), _) => self.resolve(written),
            OutTarget::Declare(None, _) | OutTarget::Discard => Ty::Null,
            OutTarget::Existing(expr) => match &bare(expr).kind {
                ExprKind::Name(name) => match self.local(&name.text) {
                    Some(local) if matches!(local.use_, Use::Variable | Use::Alias(_)) => local.ty,
                    Some(_) => {
                        self.report("assignment", expr.span, format!("`{}` cannot be assigned to", name.text));
                        Ty::Error
                    }
                    None => self.value(expr).ty,
                },
                _ => self.ref_argument(expr, span).ty,
            },
        };
        Typed::new(Node::Context, ty, span)
    }

    // The type of the place that an argument shares, which must have a value; what a property or an indexer gives is none.
    fn ref_argument(&mut self, target: &Expr, span: Span) -> Typed {
        let problems = self.problems.len();
        let ty = self.value(target).ty;
        if self.problems.len() == problems && ty != Ty::Error {
            let (slots, assigned) = (self.frame.slots, self.frame.assigned.clone());
            let found = self.place(target, &mut Vec::new());
            self.frame.slots = slots;
            self.frame.assigned = assigned;
            match found {
                Some((Place::Property(..) | Place::Index(..), _)) => {
                    let message = "a property or what an indexer gives cannot be passed by reference";
                    self.report("assignment", target.span, message);
                    return Typed::error(span);
                }
                Some(_) => {}
                None => return Typed::error(span),
            }
        }
        Typed::new(Node::Context, ty, span)
    }
}

// What stands in parentheses.
fn bare(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Paren(inner) => bare(inner),
        _ => expr,
    }
}
