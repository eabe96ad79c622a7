//! Expressions other than operators, members and calls.

use std::sync::Arc;

use super::binary::unwrapped;
use super::convert::{apply, implicit};
use super::{Checker, Typed};
use crate::expr::bcl;
use crate::expr::node::{CallNode, Node, ReceiverRule};
use crate::expr::syntax::{BinaryOp, Expr, ExprKind, Ident, Literal, Piece, StepOp, TypeName};
use crate::expr::ty::Ty;
use crate::span::Span;
use crate::value::Value;

impl Checker<'_> {
    /// An expression that must be a value.
    pub(super) fn value(&mut self, expr: &Expr) -> Typed {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Error => Typed::error(span),
            ExprKind::Literal(literal) => self.literal(literal, span),
            ExprKind::Interpolated(pieces) => self.interpolated(pieces, span),
            ExprKind::Name(_) | ExprKind::PredefinedType(_) | ExprKind::Member(..) => self.member_value(expr),
            ExprKind::Index(receiver, arguments) => self.index(receiver, arguments, span),
            ExprKind::Call(callee, arguments) => self.call(callee, arguments, span),
            ExprKind::ConditionalAccess(receiver, rest) => self.conditional_access(receiver, rest, span),
            ExprKind::Receiver => match self.receivers.last() {
                Some((slot, ty)) => Typed::new(Node::Local(*slot), ty.clone(), span),
                None => Typed::error(span),
            },
            ExprKind::Unary(operator, operand) => self.unary(*operator, operand, span),
            ExprKind::Step(operator, operand) => self.step(*operator, operand, span),
            ExprKind::Binary(operator, left, right) => self.binary(*operator, left, right, span),
            ExprKind::Assign(operator, target, value) => self.assign(*operator, target, value, span),
            ExprKind::Conditional(test, yes, no) => self.conditional(test, yes, no, span),
            ExprKind::Cast(ty, operand) => {
                let operand = self.value(operand);
                self.cast(ty, operand, span)
            }
            ExprKind::Is(operand, ty) => self.type_test(operand, ty, span, true),
            ExprKind::As(operand, ty) => self.type_test(operand, ty, span, false),
            ExprKind::New(ty, arguments) => self.creation(ty, arguments, span),
            ExprKind::NewArray(ty, items) => self.new_array(ty.as_ref(), items, span),
            ExprKind::Paren(inner) => {
                let typed = self.value(inner);
                Typed { span, ..typed }
            }
            ExprKind::Default(ty) => self.default_of(ty, span),
        }
    }

    fn literal(&mut self, literal: &Literal, span: Span) -> Typed {
        let (value, ty) = match literal {
            Literal::Null => (Value::Null, Ty::Null),
            Literal::Bool(value) => (Value::Bool(*value), Ty::Bool),
            Literal::Int32(value) => (Value::Int32(*value), Ty::Int32),
            Literal::Int64(value) => (Value::Int64(*value), Ty::Int64),
            Literal::Double(value) => (Value::Double(*value), Ty::Double),
            Literal::Char(unit) => (Value::Char(*unit), Ty::Char),
            Literal::String(text) => (Value::String(Arc::clone(text)), Ty::String),
            Literal::Int32Min => {
                self.unsupported(span, "`uint`");
                return Typed::error(span);
            }
            Literal::Int64Min => {
                self.unsupported(span, "`ulong`");
                return Typed::error(span);
            }
        };
        Typed::new(Node::Constant(value), ty, span)
    }

    fn interpolated(&mut self, pieces: &[Piece], span: Span) -> Typed {
        let mut parts = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => parts.push(Node::Constant(Value::String(Arc::clone(text)))),
                Piece::Hole(hole) => {
                    let typed = self.value(&hole.value);
                    let typed = self.as_text(typed);
                    parts.push(self.hole(typed, hole.alignment.as_ref(), hole.format.as_ref()));
                }
            }
        }
        self.concat_of(parts, span)
    }

    fn hole(&mut self, typed: Typed, alignment: Option<&Expr>, format: Option<&Ident>) -> Node {
        if alignment.is_none() && format.is_none() {
            return typed.node;
        }
        let alignment = match alignment {
            Some(alignment) => {
                let alignment = self.value(alignment);
                self.convert_to(alignment, &Ty::Int32).node
            }
            None => Node::Constant(Value::Int32(0)),
        };
        let format = Value::String(format.map_or_else(|| Arc::from(""), |format| Arc::clone(&format.text)));
        Node::Call(Box::new(CallNode {
            run: bcl::HOLE,
            arguments: Box::new([typed.node, alignment, Node::Constant(format)]),
            types: Box::new([]),
            receiver: ReceiverRule::None,
        }))
    }

    fn conditional_access(&mut self, receiver: &Expr, rest: &Expr, span: Span) -> Typed {
        let receiver = self.value(receiver);
        if receiver.ty == Ty::Error {
            return Typed::error(span);
        }
        if !receiver.ty.holds_null() || receiver.ty == Ty::Null {
            let message = format!("`?.` needs a receiver that may be null, and `{}` is not", receiver.ty);
            self.report("type-mismatch", span, message);
            return Typed::error(span);
        }
        let slot = self.slot(span);
        self.receivers.push((slot, unwrapped(&receiver.ty).0.clone()));
        let before = self.assigned.clone();
        let rest = self.value(rest);
        self.assigned = before;
        self.receivers.pop();
        let ty = if rest.ty.holds_null() || rest.ty == Ty::Void { rest.ty } else { Ty::nullable(rest.ty) };
        let parts = (receiver.node, slot, rest.node);
        Typed::new(Node::ConditionalAccess(Box::new(parts)), ty, span)
    }

    // The slot and type of a local that is written to.
    fn target(&mut self, target: &Expr) -> Option<(u16, Ty)> {
        let ExprKind::Name(name) = &target.kind else {
            if !matches!(target.kind, ExprKind::Error) {
                let message = match &target.kind {
                    ExprKind::Member(..) => "members of the context are read-only",
                    ExprKind::Index(..) => "assignment to an element is not supported yet",
                    _ => "only a local variable can be assigned to",
                };
                self.report("assignment", target.span, message);
            }
            return None;
        };
        match self.local(&name.text) {
            Some(local) => Some((local.slot, local.ty.clone())),
            None => {
                self.value(target);
                if &*name.text == "context" {
                    self.report("assignment", target.span, "`context` cannot be assigned to");
                }
                None
            }
        }
    }

    fn assign(&mut self, operator: Option<BinaryOp>, target: &Expr, value: &Expr, span: Span) -> Typed {
        let Some((slot, ty)) = self.target(target) else {
            self.value(value);
            return Typed::error(span);
        };
        let value = match operator {
            Some(operator) => {
                let current = self.value(target);
                let value = self.value(value);
                let result = self.binary_of(operator, current, value, span);
                self.narrowed(result, &ty)
            }
            None => self.value(value),
        };
        let value = self.convert_to(value, &ty);
        self.assigned.insert(slot);
        Typed::new(Node::Assign(slot, Box::new(value.node)), ty, span)
    }

    // `c += 1` on a `char` casts the result back, as C# does for compound operators on its small types.
    fn narrowed(&mut self, result: Typed, ty: &Ty) -> Typed {
        if *ty == Ty::Char && result.ty == Ty::Int32 {
            let conversion = super::convert::explicit(&result.ty, ty).flatten();
            return Typed::new(apply(conversion, result.node), Ty::Char, result.span);
        }
        result
    }

    fn step(&mut self, operator: StepOp, operand: &Expr, span: Span) -> Typed {
        let Some((slot, ty)) = self.target(operand) else { return Typed::error(span) };
        let current = self.value(operand);
        let one = Typed::new(Node::Constant(Value::Int32(1)), Ty::Int32, span);
        let by = match operator {
            StepOp::PreIncrement | StepOp::PostIncrement => BinaryOp::Add,
            StepOp::PreDecrement | StepOp::PostDecrement => BinaryOp::Subtract,
        };
        if ty == Ty::String {
            self.report("type-mismatch", span, "`++` and `--` apply to numbers");
            return Typed::error(span);
        }
        let result = self.binary_of(by, current, one, span);
        let result = self.narrowed(result, &ty);
        let result = self.convert_to(result, &ty);
        let node = match operator {
            StepOp::PreIncrement | StepOp::PreDecrement => Node::Assign(slot, Box::new(result.node)),
            StepOp::PostIncrement | StepOp::PostDecrement => Node::Exchange(slot, Box::new(result.node)),
        };
        Typed::new(node, ty, span)
    }

    fn conditional(&mut self, test: &Expr, yes: &Expr, no: &Expr, span: Span) -> Typed {
        let test = self.condition(test);
        let before = self.assigned.clone();
        let yes = self.value(yes);
        let after_yes = std::mem::replace(&mut self.assigned, before);
        let no = self.value(no);
        self.assigned = self.assigned.intersection(&after_yes).copied().collect();
        let ty = self.unified(&yes, &no, span);
        if ty == Ty::Null {
            self.report("type-mismatch", span, "both branches are `null`, so they have no type");
            return Typed::error(span);
        }
        let branch = |typed: Typed| apply(implicit(&typed.ty, &ty).flatten(), typed.node);
        let node = Node::Conditional(Box::new((test, branch(yes), branch(no))));
        Typed::new(node, ty, span)
    }

    fn type_test(&mut self, operand: &Expr, written: &TypeName, span: Span, is: bool) -> Typed {
        let operand = self.value(operand);
        let ty = self.resolve(written);
        if ty == Ty::Error || operand.ty == Ty::Error {
            return Typed::error(span);
        }
        if is {
            return Typed::new(Node::Is(ty, Box::new(operand.node)), Ty::Bool, span);
        }
        if !ty.holds_null() {
            let message = format!("`as` needs a type that may be null, and `{ty}` is not");
            self.problems.add_with_help("type-mismatch", span, message, Some(format!("`as {ty}?` can be null")));
            return Typed::error(span);
        }
        Typed::new(Node::As(ty.clone(), Box::new(operand.node)), ty, span)
    }

    fn new_array(&mut self, written: Option<&TypeName>, items: &[Expr], span: Span) -> Typed {
        let mut typed: Vec<Typed> = items.iter().map(|item| self.value(item)).collect();
        let item = match written {
            Some(written) => match self.resolve(written) {
                Ty::Error => return Typed::error(span),
                ty => ty,
            },
            None => typed.iter().map(|item| &item.ty).find(|ty| **ty != Ty::Null).cloned().unwrap_or(Ty::Error),
        };
        match item {
            Ty::Error => return Typed::error(span),
            Ty::String | Ty::Char => {}
            other => {
                self.unsupported(span, &format!("`new {other}[]`"));
                return Typed::error(span);
            }
        }
        let nodes: Vec<Node> = typed.drain(..).map(|typed| self.convert_to(typed, &item).node).collect();
        Typed::new(Node::Array(item.clone(), nodes.into()), Ty::array(item), span)
    }

    fn default_of(&mut self, written: &TypeName, span: Span) -> Typed {
        let ty = self.resolve(written);
        match ty.default_value() {
            Some(value) => Typed::new(Node::Constant(value), ty, span),
            None if ty == Ty::Error => Typed::error(span),
            None => {
                self.unsupported(span, &format!("`default({ty})`"));
                Typed::error(span)
            }
        }
    }
}
