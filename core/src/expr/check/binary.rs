//! Operators: promotion of operands, text concatenation, comparison, lifting over `null` (C# 7, §12).

use super::convert::{apply, explicit, implicit, implicit_of, is_enum, is_numeric, is_whole};
use super::emit::one_reference;
use super::names::Operated;
use super::{Checker, Typed};
use crate::expr::eval;
use crate::expr::fold;
use crate::expr::generic::delegate;
use crate::expr::node::{BinaryNode, Conversion, Lifted, Node, Operands};
use crate::expr::syntax::{BinaryOp, Expr, ExprKind, Literal, Overflow, UnaryOp};
use crate::expr::ty::{Class, ClassKind, Ty};
use crate::span::Span;
use crate::value::{TimeSpan, Value};

/// How the operands of an operator come together.
struct Agreement {
    operands: Operands,
    /// What the left and the right operand are converted to.
    sides: (Ty, Ty),
    result: Ty,
}

impl Checker<'_> {
    pub(super) fn binary(&mut self, whole: &Expr, operator: BinaryOp, left: &Expr, right: &Expr) -> Typed {
        let span = whole.span;
        match operator {
            BinaryOp::AndAlso | BinaryOp::OrElse => return self.logical(whole, span),
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
        let (left, right) = match self.name_operator(operator, left, right, span) {
            Operated::Done(typed) => return typed,
            Operated::Other(left, right) => (left, right),
        };
        let is_text = operator == BinaryOp::Add && (left.ty == Ty::String || right.ty == Ty::String);
        if is_text && !has_void(&left, &right) {
            return self.concat(left, right, span);
        }
        if let Some(combined) = combination(operator, &left, &right) {
            return Typed::new(Node::Combine(operator, Box::new((left.node, right.node))), combined, span);
        }
        let (left, right) = side_by_side(operator, left, right);
        let is_moment = matches!(unwrapped(&left.ty).0, Ty::Class(Class::DateTime | Class::DateTimeOffset));
        if operator == BinaryOp::Subtract && is_moment && right.ty == Ty::Null {
            self.report(
                "ambiguous-call",
                span,
                "`null` may be a moment as well as a span to take away: a cast says which",
            );
            return Typed::error(span);
        }
        let had_null = (left.ty == Ty::Null) != (right.ty == Ty::Null);
        let (left, right) = numbers_of_null(operator, left, right);
        let (left, right) = (lifted_null(operator, Side::Left, left, &right.ty), right);
        let right = lifted_null(operator, Side::Right, right, &left.ty);
        let (plain_left, left_null) = unwrapped(&left.ty);
        let (plain_right, right_null) = unwrapped(&right.ty);
        let is_null_test = matches!(left.ty, Ty::Null) || matches!(right.ty, Ty::Null);
        let lifts = (left_null || right_null) && !is_null_test;
        let agreement = match lifts {
            true => agree(operator, plain_left, plain_right),
            false => agree(operator, &left.ty, &right.ty),
        };
        // Beside `null`, text, whatever has no sum of its own becomes text.
        if agreement.is_none() && operator == BinaryOp::Add && had_null && !has_void(&left, &right) {
            return self.concat(left, right, span);
        }
        let Some(agreement) = agreement else {
            let symbol = operator.symbol().0;
            let message = format!("`{symbol}` does not apply to `{}` and `{}`", left.ty, right.ty);
            let has_token = super::is_json(&left.ty) || super::is_json(&right.ty);
            let help = has_token.then(|| "cast the token to what it holds, as in `(string)token`".to_owned());
            self.problems.add_with_help("type-mismatch", span, message, help);
            return Typed::error(span);
        };
        if agreement.operands == Operands::Reference
            && let Some(same) = one_reference(&left, &right, operator == BinaryOp::Equal)
        {
            return Typed::new(same, Ty::Bool, span);
        }
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
        let folded =
            fold::binary(operator, agreement.operands, lifted, (&left, &right), span, (self.overflow, self.problems));
        if let Some(value) = folded {
            return Typed::new(Node::Constant(value), result, span);
        }
        let overflow = self.overflow.unwrap_or(Overflow::Wraps);
        let node = BinaryNode { operator, operands: agreement.operands, lifted, overflow, left, right };
        Typed::new(Node::Binary(Box::new(node)), result, span)
    }

    fn concat(&mut self, left: Typed, right: Typed, span: Span) -> Typed {
        let is_constant = [&left, &right]
            .iter()
            .all(|side| matches!(side.ty, Ty::String | Ty::Null) && matches!(side.node, Node::Constant(_)));
        let mut parts = Vec::new();
        for side in [left, right] {
            let side = self.as_text(side);
            match (side.node, &side.ty) {
                (Node::Concat(inner), _) => parts.extend(inner),
                (node, _) => parts.push(node),
            }
        }
        let joined = self.concat_of(parts, span);
        match &joined.node {
            Node::Concat(parts) if is_constant => match &parts[..] {
                [Node::Constant(text)] => Typed::new(Node::Constant(text.clone()), Ty::String, span),
                _ => joined,
            },
            _ => joined,
        }
    }

    /// The text of the parts one behind the other. What is known of it is joined; that makes it no constant of C#.
    pub(super) fn concat_of(&mut self, parts: Vec<Node>, span: Span) -> Typed {
        let mut parts = fold::concat(parts);
        if let [Node::Constant(value)] = &parts[..] {
            parts = vec![Node::Constant(self.text(&value.to_string().into()))];
        } else {
            parts.retain(|part| !matches!(part, Node::Constant(value) if value.as_str() == Some("")));
        }
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

    fn logical(&mut self, whole: &Expr, span: Span) -> Typed {
        let node = self.condition(whole);
        Typed::new(node, Ty::Bool, span)
    }

    fn coalesce(&mut self, left: &Expr, right: &Expr, span: Span) -> Typed {
        let left = self.value(left);
        let before = self.frame.assigned.clone();
        let right = self.branch(right);
        self.frame.assigned = before;
        if left.ty != Ty::Error && matches!(right.node, Node::Throw(_)) {
            let ty = unwrapped(&left.ty).0.clone();
            return Typed::new(Node::Coalesce(Box::new((left.node, None, right.node))), ty, span);
        }
        if left.ty == Ty::Error || right.ty == Ty::Error {
            return Typed::error(span);
        }
        if left.ty == Ty::Null && right.ty == Ty::Null {
            self.report("type-mismatch", span, "both sides are `null`, so they have no type");
            return Typed::error(span);
        }
        if !left.ty.holds_null() {
            let message = format!("`??` needs a left side that may be null, and `{}` is not", left.ty);
            self.report("type-mismatch", span, message);
            return Typed::error(span);
        }
        let plain = Typed::new(Node::Constant(Value::Null), unwrapped(&left.ty).0.clone(), left.span);
        let ty = match implicit_of(&right, &plain.ty) {
            Some(_) if right.ty != Ty::Null => plain.ty.clone(),
            _ if implicit_of(&right, &left.ty).is_some() => left.ty.clone(),
            _ => self.unified(&plain, &right, span),
        };
        let left_conversion = implicit(unwrapped(&left.ty).0, unwrapped(&ty).0).flatten();
        let right_conversion = implicit_of(&right, &ty).flatten();
        // Null stays null: what an operator would make of it is no longer missing.
        let node = Node::Coalesce(Box::new((left.node, left_conversion, apply(right_conversion, right.node))));
        Typed::new(node, ty, span)
    }

    // `-x`; the least number has no opposite, which is an error of a constant and in a checked context.
    fn negated(&mut self, operands: Operands, is_null: bool, inner: Node, span: Span) -> Node {
        let zero = match operands {
            Operands::Int32 => Value::Int32(0),
            Operands::Int64 => Value::Int64(0),
            _ => Value::Null,
        };
        if let Node::Constant(value) = &inner {
            if self.overflow != Some(Overflow::Wraps) && fold::overflows(BinaryOp::Subtract, &zero, value) {
                self.report("constant", span, "the operation overflows at compile time");
            }
            if let Some(value) = fold::negate(operands, value) {
                return Node::Constant(value);
            }
        }
        if zero.is_null() || self.overflow != Some(Overflow::Throws) {
            return Node::Negate(operands, Box::new(inner));
        }
        Node::Binary(Box::new(BinaryNode {
            operator: BinaryOp::Subtract,
            operands,
            lifted: if is_null { Lifted::Yes } else { Lifted::No },
            overflow: Overflow::Throws,
            left: Node::Constant(zero),
            right: inner,
        }))
    }

    // `-span` is `span.Negate()`; of what may be null it is what there is less than none.
    fn signed_span(&mut self, operator: UnaryOp, typed: Typed, span: Span) -> Typed {
        match operator {
            UnaryOp::Plus => Typed { span, ..typed },
            UnaryOp::Minus if matches!(typed.ty, Ty::Nullable(_)) => {
                let node = BinaryNode {
                    operator: BinaryOp::Subtract,
                    operands: Operands::Struct,
                    lifted: Lifted::Yes,
                    overflow: Overflow::Wraps,
                    left: Node::Constant(Value::TimeSpan(TimeSpan(0))),
                    right: typed.node,
                };
                Typed::new(Node::Binary(Box::new(node)), typed.ty, span)
            }
            UnaryOp::Minus => self.call_of_value(typed, "Negate", Vec::new(), span),
            UnaryOp::Not | UnaryOp::Complement => {
                let symbol = if operator == UnaryOp::Not { "!" } else { "~" };
                self.report("type-mismatch", span, format!("`{symbol}` does not apply to `{}`", typed.ty));
                Typed::error(span)
            }
        }
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
        if *unwrapped(&typed.ty).0 == Ty::Class(Class::TimeSpan) {
            return self.signed_span(operator, typed, span);
        }
        let (plain, is_null) = unwrapped(&typed.ty);
        let plain = promoted(operator, plain);
        let operands = operands_of(&plain);
        let conversion = implicit(unwrapped(&typed.ty).0, &plain).flatten();
        let inner = apply(conversion, typed.node);
        let result = if is_null { Ty::nullable(plain.clone()) } else { plain.clone() };
        let node = match (operator, operands) {
            (UnaryOp::Not, Operands::Bool) => match inner {
                Node::Constant(Value::Bool(value)) => Node::Constant(Value::Bool(!value)),
                inner => Node::Not(Box::new(inner)),
            },
            (UnaryOp::Plus, _) if is_numeric(&plain) => inner,
            (UnaryOp::Minus, operands) if is_numeric(&plain) && operands != Operands::UInt64 => {
                self.negated(operands, is_null, inner, span)
            }
            (UnaryOp::Complement, operands) if is_whole(&plain) || is_enum(&plain) => match &inner {
                Node::Constant(value) if !value.is_null() => match eval::complement(operands, value) {
                    Ok(value) => Node::Constant(value),
                    Err(_) => Node::Complement(operands, Box::new(inner)),
                },
                _ => Node::Complement(operands, Box::new(inner)),
            },
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

fn has_void(left: &Typed, right: &Typed) -> bool {
    left.ty == Ty::Void || right.ty == Ty::Void
}

// The operands as the types of the other one make them.
fn side_by_side(operator: BinaryOp, left: Typed, right: Typed) -> (Typed, Typed) {
    let is_shift = matches!(operator, BinaryOp::ShiftLeft | BinaryOp::ShiftRight);
    let (left, right) = if is_shift { (left, right) } else { signed_constants(left, right) };
    let (left, right) = as_moments(left, right);
    let left = zero_of_enum(operator, Side::Left, left, &right.ty);
    let right = zero_of_enum(operator, Side::Right, right, &left.ty);
    (left, right)
}

// Beside a `DateTimeOffset` a `DateTime` becomes one.
fn as_moments(left: Typed, right: Typed) -> (Typed, Typed) {
    let (clock, moment) = (Ty::Class(Class::DateTime), Ty::Class(Class::DateTimeOffset));
    let converted = |typed: Typed| {
        let (plain, may_be_null) = unwrapped(&typed.ty);
        let ty = if may_be_null { Ty::nullable(moment.clone()) } else { moment.clone() };
        Typed::new(apply(implicit(plain, &moment).flatten(), typed.node), ty, typed.span)
    };
    let (first, second) = (unwrapped(&left.ty).0.clone(), unwrapped(&right.ty).0.clone());
    match (first == clock && second == moment, first == moment && second == clock) {
        (true, _) => (converted(left), right),
        (_, true) => (left, converted(right)),
        (false, false) => (left, right),
    }
}

// What the sum or difference of delegates is.
fn combination(operator: BinaryOp, left: &Typed, right: &Typed) -> Option<Ty> {
    let is_sum = matches!(operator, BinaryOp::Add | BinaryOp::Subtract);
    let fits = is_sum && (left.ty == right.ty || left.ty == Ty::Null || right.ty == Ty::Null);
    let ty = if left.ty == Ty::Null { &right.ty } else { &left.ty };
    (fits && delegate(ty).is_some()).then(|| ty.clone())
}

// The type in which a number's sign or bits are turned.
fn promoted(operator: UnaryOp, ty: &Ty) -> Ty {
    match ty {
        Ty::Char | Ty::SByte | Ty::Byte | Ty::Int16 | Ty::UInt16 => Ty::Int32,
        Ty::UInt32 if operator == UnaryOp::Minus => Ty::Int64,
        other => other.clone(),
    }
}

/// Which operand it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

// The constant zero becomes a value of an enumeration beside one, unless it is a number to add or, as an `int`, to take away.
fn zero_of_enum(operator: BinaryOp, side: Side, typed: Typed, other: &Ty) -> Typed {
    let is_count = match operator {
        BinaryOp::Add => true,
        BinaryOp::Subtract => side == Side::Right && typed.ty == Ty::Int32,
        _ => false,
    };
    if is_count || !is_enum(unwrapped(other).0) || is_enum(&typed.ty) {
        return typed;
    }
    let other = unwrapped(other).0;
    match implicit_of(&typed, other) {
        Some(Some(conversion)) => Typed::new(apply(Some(conversion), typed.node), other.clone(), typed.span),
        Some(None) | None => typed,
    }
}

// A constant that is not negative becomes unsigned beside an unsigned number, as its conversion allows.
fn signed_constants(left: Typed, right: Typed) -> (Typed, Typed) {
    let is_unsigned = |ty: &Ty| matches!(ty, Ty::UInt32 | Ty::UInt64);
    let unsigned = |typed: Typed, ty: &Ty| match (implicit(&typed.ty, ty), implicit_of(&typed, ty)) {
        (None, Some(conversion)) => Typed::new(apply(conversion, typed.node), ty.clone(), typed.span),
        _ => typed,
    };
    let (plain_left, plain_right) = (unwrapped(&left.ty).0.clone(), unwrapped(&right.ty).0.clone());
    if is_unsigned(&plain_left) {
        return (left, unsigned(right, &plain_left));
    }
    if is_unsigned(&plain_right) {
        return (unsigned(left, &plain_right), right);
    }
    (left, right)
}

// Two literals `null` are numbers to an operator of numbers alone.
fn numbers_of_null(operator: BinaryOp, left: Typed, right: Typed) -> (Typed, Typed) {
    let is_of_others = matches!(operator, BinaryOp::Add | BinaryOp::And | BinaryOp::Or | BinaryOp::Xor);
    if left.ty != Ty::Null || right.ty != Ty::Null || is_equality(operator) || is_of_others {
        return (left, right);
    }
    let number = |typed: Typed| Typed { ty: Ty::nullable(Ty::Int32), ..typed };
    (number(left), number(right))
}

// A literal `null` beside a value takes that value's type with `?`: `1 > null` is false, `1 != null` true. Where the operator wants
// something else there, it is that with `?`.
fn lifted_null(operator: BinaryOp, side: Side, typed: Typed, other: &Ty) -> Typed {
    if typed.ty != Ty::Null || *other == Ty::Null || *other == Ty::Void {
        return typed;
    }
    let beside = match (operator, unwrapped(other).0) {
        (BinaryOp::ShiftLeft | BinaryOp::ShiftRight, plain) if side == Side::Right && is_numeric(plain) => {
            Some(Ty::Int32)
        }
        (BinaryOp::Add, plain) if is_enum(plain) => Some(Ty::Int32),
        (BinaryOp::Multiply, Ty::Class(Class::TimeSpan)) => Some(Ty::Double),
        (BinaryOp::Add, Ty::Class(Class::DateTime | Class::DateTimeOffset)) if side == Side::Right => {
            Some(Ty::Class(Class::TimeSpan))
        }
        _ => None,
    };
    if let Some(plain) = beside {
        return Typed { ty: Ty::nullable(plain), ..typed };
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
        Ty::UInt32 => Operands::UInt32,
        Ty::Int64 => Operands::Int64,
        Ty::UInt64 => Operands::UInt64,
        Ty::Single => Operands::Single,
        Ty::Decimal => Operands::Decimal,
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
    if let Some(agreement) = counted(operator, left, right).or_else(|| spanned(operator, left, right)) {
        return Some(agreement);
    }
    if !is_equality(operator) {
        return None;
    }
    if left == right && matches!(left, Ty::Class(Class::XName | Class::XNamespace | Class::Uri)) {
        return both(Operands::Struct, left.clone(), Ty::Bool);
    }
    let texts = matches!(left, Ty::String | Ty::Null) && matches!(right, Ty::String | Ty::Null);
    if texts && *left != *right || *left == Ty::String && *right == Ty::String {
        return both(Operands::String, Ty::String, Ty::Bool);
    }
    // Two references compare when one may be cast to the other.
    let comparable = left.holds_null() && right.holds_null();
    // Operators that convert do not count, so a `JToken` does not compare with text (witnessed: CS0019).
    let related = |from: &Ty, to: &Ty| matches!(explicit(from, to), Some(None | Some(Conversion::Unbox(_))));
    let related = related(left, right) || related(right, left);
    (comparable && related).then(|| Agreement {
        operands: Operands::Reference,
        sides: (left.clone(), right.clone()),
        result: Ty::Bool,
    })
}

fn numbers(operator: BinaryOp, left: &Ty, right: &Ty) -> Option<Agreement> {
    let shift = matches!(operator, BinaryOp::ShiftLeft | BinaryOp::ShiftRight);
    if shift {
        let side = promoted(UnaryOp::Plus, left);
        let fits = is_whole(&side) && implicit(right, &Ty::Int32).is_some();
        let operands = operands_of(&side);
        return fits.then(|| Agreement { operands, sides: (side.clone(), Ty::Int32), result: side });
    }
    let side = common_number(left, right)?;
    let is_bitwise = matches!(operator, BinaryOp::And | BinaryOp::Or | BinaryOp::Xor);
    if is_bitwise && !is_whole(&side) {
        return None;
    }
    let result = if is_relation(operator) { Ty::Bool } else { side.clone() };
    Some(Agreement { operands: operands_of(&side), sides: (side.clone(), side), result })
}

// The type in which two numbers are reckoned (C# 7, §12.4.7.3).
fn common_number(left: &Ty, right: &Ty) -> Option<Ty> {
    let has = |ty: Ty| *left == ty || *right == ty;
    let is_signed = |ty: &Ty| matches!(ty, Ty::SByte | Ty::Int16 | Ty::Int32 | Ty::Int64);
    let any_signed = is_signed(left) || is_signed(right);
    let any_real = has(Ty::Single) || has(Ty::Double);
    Some(if has(Ty::Decimal) {
        return (!any_real).then_some(Ty::Decimal);
    } else if has(Ty::Double) {
        Ty::Double
    } else if has(Ty::Single) {
        Ty::Single
    } else if has(Ty::UInt64) {
        return (!any_signed).then_some(Ty::UInt64);
    } else if has(Ty::Int64) || has(Ty::UInt32) && any_signed {
        Ty::Int64
    } else if has(Ty::UInt32) {
        Ty::UInt32
    } else {
        Ty::Int32
    })
}

fn is_enumeration(class: Class) -> bool {
    class.kind() == ClassKind::Enum
}

// A value of an enumeration and a number of its underlying type.
fn counted(operator: BinaryOp, left: &Ty, right: &Ty) -> Option<Agreement> {
    let sides = match operator {
        BinaryOp::Add | BinaryOp::Subtract if is_enum(left) => (left.clone(), Ty::Int32),
        BinaryOp::Add | BinaryOp::Subtract if is_enum(right) => (Ty::Int32, right.clone()),
        _ => return None,
    };
    let result = if is_enum(left) { left.clone() } else { right.clone() };
    let fits = implicit(left, &sides.0).is_some() && implicit(right, &sides.1).is_some();
    fits.then_some(Agreement { operands: Operands::Struct, sides, result })
}

// A span so many times, a part of one, or how often one is in another.
fn spanned(operator: BinaryOp, left: &Ty, right: &Ty) -> Option<Agreement> {
    const SPAN: Ty = Ty::Class(Class::TimeSpan);
    let is_factor = |ty: &Ty| *ty == Ty::Double || is_numeric(ty) && implicit(ty, &Ty::Double).is_some();
    let (sides, result) = match operator {
        BinaryOp::Multiply | BinaryOp::Divide if *left == SPAN && is_factor(right) => ((SPAN, Ty::Double), SPAN),
        BinaryOp::Multiply if is_factor(left) && *right == SPAN => ((Ty::Double, SPAN), SPAN),
        BinaryOp::Divide if *left == SPAN && *right == SPAN => ((SPAN, SPAN), Ty::Double),
        _ => return None,
    };
    Some(Agreement { operands: Operands::Struct, sides, result })
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
        (BinaryOp::And | BinaryOp::Or | BinaryOp::Xor, left, right) if left == right && is_enumeration(left) => {
            Ty::Class(left)
        }
        (BinaryOp::Subtract, left, right) if left == right && is_enumeration(left) => Ty::Int32,
        (operator, left, right) if left == right && is_relation(operator) => Ty::Bool,
        _ => return None,
    };
    Some(ty)
}
