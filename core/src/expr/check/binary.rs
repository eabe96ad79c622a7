//! Operators: promotion of operands, text concatenation, comparison, lifting over `null` (C# 7, §12).

use super::convert::{apply, implicit, is_numeric};
use super::{Checker, Typed};
use crate::expr::eval;
use crate::expr::fold;
use crate::expr::node::{BinaryNode, Lifted, Node, Operands};
use crate::expr::syntax::{BinaryOp, Expr, ExprKind, Literal, UnaryOp};
use crate::expr::ty::{Class, ClassKind, Ty};
use crate::span::Span;
use crate::value::Value;

/// How the operands of an operator come together.
struct Agreement {
    operands: Operands,
    /// What the left and the right operand are converted to.
    sides: (Ty, Ty),
    result: Ty,
}

impl Checker<'_> {
    pub(super) fn binary(&mut self, operator: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Typed {
        match operator {
            BinaryOp::AndAlso | BinaryOp::OrElse => return self.logical(operator, left, right, span),
            BinaryOp::Coalesce => return self.coalesce(left, right, span),
            _ => {}
        }
        let (left, right) = (self.value(left), self.value(right));
        self.binary_of(operator, left, right, span)
    }

    pub(super) fn binary_of(&mut self, operator: BinaryOp, left: Typed, right: Typed, span: Span) -> Typed {
        if left.ty == Ty::Error || right.ty == Ty::Error {
            return Typed::error(span);
        }
        let is_text = operator == BinaryOp::Add && (left.ty == Ty::String || right.ty == Ty::String);
        if is_text && left.ty != Ty::Void && right.ty != Ty::Void {
            return self.concat(left, right, span);
        }
        let (left, right) = (lifted_null(operator, left, &right.ty), right);
        let right = lifted_null(operator, right, &left.ty);
        let (plain_left, left_null) = unwrapped(&left.ty);
        let (plain_right, right_null) = unwrapped(&right.ty);
        let is_null_test = matches!(left.ty, Ty::Null) || matches!(right.ty, Ty::Null);
        let lifts = (left_null || right_null) && !is_null_test;
        let agreement = match lifts {
            true => agree(operator, plain_left, plain_right),
            false => agree(operator, &left.ty, &right.ty),
        };
        let Some(agreement) = agreement else {
            let symbol = operator.symbol().0;
            let message = format!("`{symbol}` does not apply to `{}` and `{}`", left.ty, right.ty);
            let has_token = super::is_json(&left.ty) || super::is_json(&right.ty);
            let help = has_token.then(|| "cast the token to what it holds, as in `(string)token`".to_owned());
            self.problems.add_with_help("type-mismatch", span, message, help);
            return Typed::error(span);
        };
        let converted = |typed: Typed, to: &Ty| {
            let from = unwrapped(&typed.ty).0.clone();
            apply(implicit(&from, to).flatten(), typed.node)
        };
        let left = converted(left, &agreement.sides.0);
        let right = converted(right, &agreement.sides.1);
        let lifted = if lifts { Lifted::Yes } else { Lifted::No };
        let is_comparison =
            agreement.result == Ty::Bool && agreement.operands != Operands::Bool || is_relation(operator);
        let result = if lifts && !is_comparison { Ty::nullable(agreement.result) } else { agreement.result };
        let folded = fold::binary(operator, agreement.operands, lifted, (&left, &right), span, self.problems);
        if let Some(value) = folded {
            return Typed::new(Node::Constant(value), result, span);
        }
        let node = BinaryNode { operator, operands: agreement.operands, lifted, left, right };
        Typed::new(Node::Binary(Box::new(node)), result, span)
    }

    fn concat(&mut self, left: Typed, right: Typed, span: Span) -> Typed {
        let mut parts = Vec::new();
        for side in [left, right] {
            let side = self.as_text(side);
            match (side.node, &side.ty) {
                (Node::Concat(inner), _) => parts.extend(inner),
                (node, _) => parts.push(node),
            }
        }
        self.concat_of(parts, span)
    }

    pub(super) fn concat_of(&mut self, parts: Vec<Node>, span: Span) -> Typed {
        let mut parts = fold::concat(parts);
        if let [Node::Constant(value)] = &parts[..] {
            let text = Value::string(value.to_string());
            return Typed::new(Node::Constant(text), Ty::String, span);
        }
        parts.retain(|part| !matches!(part, Node::Constant(value) if value.as_str() == Some("")));
        Typed::new(Node::Concat(parts.into()), Ty::String, span)
    }

    /// An operand of a concatenation. A URL's text stands in the context, so it is asked for.
    pub(super) fn as_text(&mut self, typed: Typed) -> Typed {
        if super::convert::is_url(&typed.ty) {
            let span = typed.span;
            return self.call_of_value(typed, "ToString", Vec::new(), span);
        }
        if typed.ty == Ty::Void {
            self.report("type-mismatch", typed.span, "this expression has no value");
        }
        typed
    }

    fn logical(&mut self, operator: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Typed {
        let left = self.condition(left);
        let before = self.assigned.clone();
        let right = self.condition(right);
        // What only the right operand assigns may not have been assigned.
        self.assigned = before;
        let pair = Box::new((left, right));
        let node = if operator == BinaryOp::AndAlso { Node::AndAlso(pair) } else { Node::OrElse(pair) };
        Typed::new(node, Ty::Bool, span)
    }

    pub(super) fn condition(&mut self, expr: &Expr) -> Node {
        let typed = self.value(expr);
        self.convert_to(typed, &Ty::Bool).node
    }

    fn coalesce(&mut self, left: &Expr, right: &Expr, span: Span) -> Typed {
        let left = self.value(left);
        let before = self.assigned.clone();
        let right = self.value(right);
        self.assigned = before;
        if left.ty == Ty::Error || right.ty == Ty::Error {
            return Typed::error(span);
        }
        if !left.ty.holds_null() {
            let message = format!("`??` needs a left side that may be null, and `{}` is not", left.ty);
            self.report("type-mismatch", span, message);
            return Typed::error(span);
        }
        let plain = Typed::new(Node::Constant(Value::Null), unwrapped(&left.ty).0.clone(), left.span);
        let ty = match implicit(&right.ty, &plain.ty) {
            Some(_) if right.ty != Ty::Null => plain.ty.clone(),
            _ if implicit(&right.ty, &left.ty).is_some() => left.ty.clone(),
            _ => self.unified(&plain, &right, span),
        };
        let left_conversion = implicit(unwrapped(&left.ty).0, unwrapped(&ty).0).flatten();
        let right_conversion = implicit(&right.ty, &ty).flatten();
        let node = Node::Coalesce(Box::new((apply(left_conversion, left.node), apply(right_conversion, right.node))));
        Typed::new(node, ty, span)
    }

    pub(super) fn unary(&mut self, operator: UnaryOp, operand: &Expr, span: Span) -> Typed {
        if let (UnaryOp::Minus, ExprKind::Literal(literal)) = (operator, &operand.kind) {
            match literal {
                Literal::Int32Min => return Typed::new(Node::Constant(Value::Int32(i32::MIN)), Ty::Int32, span),
                Literal::Int64Min => return Typed::new(Node::Constant(Value::Int64(i64::MIN)), Ty::Int64, span),
                _ => {}
            }
        }
        let typed = self.value(operand);
        if typed.ty == Ty::Error {
            return Typed::error(span);
        }
        let (plain, is_null) = unwrapped(&typed.ty);
        let plain = if *plain == Ty::Char { Ty::Int32 } else { plain.clone() };
        let operands = operands_of(&plain);
        let conversion = implicit(unwrapped(&typed.ty).0, &plain).flatten();
        let inner = apply(conversion, typed.node);
        let result = if is_null { Ty::nullable(plain.clone()) } else { plain.clone() };
        let node = match (operator, operands) {
            (UnaryOp::Not, Operands::Bool) => match inner {
                Node::Constant(Value::Bool(value)) => Node::Constant(Value::Bool(!value)),
                inner => Node::Not(Box::new(inner)),
            },
            (UnaryOp::Plus, Operands::Int32 | Operands::Int64 | Operands::Double) => inner,
            (UnaryOp::Minus, Operands::Int32 | Operands::Int64 | Operands::Double) => match &inner {
                Node::Constant(value) => match eval::negate(operands, value) {
                    Ok(value) => Node::Constant(value),
                    Err(_) => Node::Negate(operands, Box::new(inner)),
                },
                _ => Node::Negate(operands, Box::new(inner)),
            },
            (UnaryOp::Complement, Operands::Int32 | Operands::Int64) => Node::Complement(operands, Box::new(inner)),
            _ => {
                let symbol = match operator {
                    UnaryOp::Not => "!",
                    UnaryOp::Plus => "+",
                    UnaryOp::Minus => "-",
                    UnaryOp::Complement => "~",
                };
                self.report("type-mismatch", span, format!("`{symbol}` does not apply to `{}`", typed.ty));
                return Typed::error(span);
            }
        };
        Typed::new(node, result, span)
    }
}

// A literal `null` beside a value takes that value's type with `?`: `1 > null` is false, `1 != null` true.
fn lifted_null(operator: BinaryOp, typed: Typed, other: &Ty) -> Typed {
    if typed.ty != Ty::Null || *other == Ty::Null || *other == Ty::Void {
        return typed;
    }
    match other {
        Ty::Nullable(_) if is_equality(operator) => typed,
        Ty::Nullable(_) => Typed { ty: other.clone(), ..typed },
        other if other.holds_null() => typed,
        other => Typed { ty: Ty::nullable(other.clone()), ..typed },
    }
}

/// The type inside `T?`, and whether it was one.
pub(super) fn unwrapped(ty: &Ty) -> (&Ty, bool) {
    match ty {
        Ty::Nullable(inner) => (inner, true),
        other => (other, false),
    }
}

const fn is_relation(operator: BinaryOp) -> bool {
    matches!(
        operator,
        BinaryOp::Less
            | BinaryOp::Greater
            | BinaryOp::LessOrEqual
            | BinaryOp::GreaterOrEqual
            | BinaryOp::Equal
            | BinaryOp::NotEqual
    )
}

const fn is_equality(operator: BinaryOp) -> bool {
    matches!(operator, BinaryOp::Equal | BinaryOp::NotEqual)
}

fn operands_of(ty: &Ty) -> Operands {
    match ty {
        Ty::Bool => Operands::Bool,
        Ty::Int32 => Operands::Int32,
        Ty::Int64 => Operands::Int64,
        Ty::Double => Operands::Double,
        Ty::String => Operands::String,
        Ty::Class(class) if matches!(class.kind(), ClassKind::Struct | ClassKind::Enum) => Operands::Struct,
        _ => Operands::Reference,
    }
}

fn agree(operator: BinaryOp, left: &Ty, right: &Ty) -> Option<Agreement> {
    let both = |operands, side: Ty, result: Ty| Some(Agreement { operands, sides: (side.clone(), side), result });
    if *left == Ty::Void || *right == Ty::Void {
        return None;
    }
    if is_numeric(left) && is_numeric(right) {
        return numbers(operator, left, right);
    }
    if *left == Ty::Bool && *right == Ty::Bool {
        let fits = is_equality(operator) || matches!(operator, BinaryOp::And | BinaryOp::Or | BinaryOp::Xor);
        return fits.then(|| both(Operands::Bool, Ty::Bool, Ty::Bool)).flatten();
    }
    if let (Ty::Class(a), Ty::Class(b)) = (left, right)
        && let Some(result) = structures(operator, *a, *b)
    {
        return Some(Agreement { operands: Operands::Struct, sides: (left.clone(), right.clone()), result });
    }
    if !is_equality(operator) {
        return None;
    }
    let texts = matches!(left, Ty::String | Ty::Null) && matches!(right, Ty::String | Ty::Null);
    if texts && *left != *right || *left == Ty::String && *right == Ty::String {
        return both(Operands::String, Ty::String, Ty::Bool);
    }
    // Two references compare when one converts to the other.
    let comparable = left.holds_null() && right.holds_null();
    // Operators that convert do not count, so a `JToken` does not compare with text (witnessed: CS0019).
    let related = matches!(implicit(left, right), Some(None)) || matches!(implicit(right, left), Some(None));
    (comparable && related).then(|| Agreement {
        operands: Operands::Reference,
        sides: (left.clone(), right.clone()),
        result: Ty::Bool,
    })
}

fn numbers(operator: BinaryOp, left: &Ty, right: &Ty) -> Option<Agreement> {
    let has = |ty: Ty| *left == ty || *right == ty;
    let shift = matches!(operator, BinaryOp::ShiftLeft | BinaryOp::ShiftRight);
    if shift {
        let side = if *left == Ty::Char { Ty::Int32 } else { left.clone() };
        let fits = side != Ty::Double && matches!(right, Ty::Int32 | Ty::Char);
        let operands = operands_of(&side);
        return fits.then(|| Agreement { operands, sides: (side.clone(), Ty::Int32), result: side });
    }
    let side = if has(Ty::Double) {
        Ty::Double
    } else if has(Ty::Int64) {
        Ty::Int64
    } else {
        Ty::Int32
    };
    let is_bitwise = matches!(operator, BinaryOp::And | BinaryOp::Or | BinaryOp::Xor);
    if is_bitwise && side == Ty::Double {
        return None;
    }
    let result = if is_relation(operator) { Ty::Bool } else { side.clone() };
    Some(Agreement { operands: operands_of(&side), sides: (side.clone(), side), result })
}

fn structures(operator: BinaryOp, left: Class, right: Class) -> Option<Ty> {
    let is_value = |class: Class| matches!(class.kind(), ClassKind::Struct | ClassKind::Enum);
    if !is_value(left) || !is_value(right) {
        return None;
    }
    let ty = match (operator, left, right) {
        (BinaryOp::Subtract, Class::DateTime, Class::DateTime)
        | (BinaryOp::Subtract, Class::DateTimeOffset, Class::DateTimeOffset)
        | (BinaryOp::Add | BinaryOp::Subtract, Class::TimeSpan, Class::TimeSpan) => Ty::Class(Class::TimeSpan),
        (BinaryOp::Add | BinaryOp::Subtract, Class::DateTime, Class::TimeSpan) => Ty::Class(Class::DateTime),
        (BinaryOp::Add | BinaryOp::Subtract, Class::DateTimeOffset, Class::TimeSpan) => {
            Ty::Class(Class::DateTimeOffset)
        }
        (operator, left, right) if left == right && is_equality(operator) => Ty::Bool,
        (operator, left, right) if left == right && is_relation(operator) && left != Class::Guid => Ty::Bool,
        _ => return None,
    };
    Some(ty)
}
