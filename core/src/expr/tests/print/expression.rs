//! Expressions as C#.

use super::Printed;
use crate::expr::syntax::{
    Argument, BinaryOp, Expr, ExprKind, Hole, Ident, InitTarget, InitValue, Initializer, Lambda, LambdaBody, Literal,
    OutTarget, Overflow, Piece, StepOp, TypeName, UnaryOp,
};

// What a member, a call or an index cannot follow without brackets.
fn is_loose(kind: &ExprKind) -> bool {
    matches!(
        kind,
        ExprKind::Unary(..)
            | ExprKind::Step(StepOp::PreIncrement | StepOp::PreDecrement, _)
            | ExprKind::Binary(..)
            | ExprKind::Assign(..)
            | ExprKind::ConditionalAccess(..)
            | ExprKind::Conditional(..)
            | ExprKind::Cast(..)
            | ExprKind::Is(..)
            | ExprKind::As(..)
            | ExprKind::IsConstant(..)
            | ExprKind::IsDeclared(..)
            | ExprKind::Throw(_)
    )
}

const fn sign(operator: UnaryOp) -> &'static str {
    match operator {
        UnaryOp::Plus => "+ ",
        UnaryOp::Minus => "- ",
        UnaryOp::Not => "!",
        UnaryOp::Complement => "~",
    }
}

impl Printed {
    pub(super) fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Error => self.put("<error>"),
            ExprKind::Literal(literal) => self.literal(literal),
            ExprKind::Interpolated(pieces) => self.interpolated(pieces),
            ExprKind::Name(name) => self.ident(name),
            ExprKind::PredefinedType(name) => self.put(name),
            ExprKind::Member(inner, name, types) => self.member(inner, name, types),
            ExprKind::Index(inner, arguments) => self.index(inner, arguments),
            ExprKind::Call(inner, arguments) => self.call(inner, arguments),
            ExprKind::ConditionalAccess(receiver, rest) => self.side_by_side(receiver, rest),
            ExprKind::Receiver => self.put("?"),
            ExprKind::Unary(operator, inner) => self.prefixed(sign(*operator), inner),
            ExprKind::Step(operator, inner) => self.step(*operator, inner),
            ExprKind::Binary(operator, left, right) => self.between(left, operator.symbol().0, right),
            ExprKind::Assign(operator, left, right) => self.assign(*operator, left, right),
            ExprKind::Conditional(test, yes, no) => self.conditional(test, yes, no),
            ExprKind::Cast(ty, inner) => self.cast(ty, inner),
            ExprKind::Is(inner, ty) => self.tested(inner, " is ", ty),
            ExprKind::As(inner, ty) => self.tested(inner, " as ", ty),
            ExprKind::IsConstant(inner, constant) => self.between(inner, "is", constant),
            ExprKind::IsDeclared(inner, ty, name) => self.declared(inner, ty.as_ref(), name),
            ExprKind::New(parts) => self.new_object(&parts.0, &parts.1, parts.2.as_deref()),
            ExprKind::NewAnonymous(members) => self.new_anonymous(members),
            ExprKind::NewArray(ty, dimensions, items) => self.new_array(ty.as_ref(), *dimensions, items),
            ExprKind::NewSized(parts) => self.new_sized(&parts.0, &parts.1, parts.2.as_deref()),
            ExprKind::ArrayItems(items) => self.items(items),
            ExprKind::Lambda(lambda) => self.lambda(lambda),
            ExprKind::Tuple(members) => self.tuple(members),
            ExprKind::Throw(inner) => self.prefixed("throw ", inner),
            ExprKind::TypeOf(ty) => self.of_type("typeof", ty),
            ExprKind::SizeOf(ty) => self.of_type("sizeof", ty),
            ExprKind::GenericType(ty) => self.ty(ty),
            ExprKind::Out(target) => self.out(target),
            ExprKind::Ref(inner) => self.prefixed("ref ", inner),
            ExprKind::Checked(overflow, inner) => self.checked(*overflow, inner),
            ExprKind::Anonymous(block) => {
                self.put("delegate ");
                self.block(block);
            }
            ExprKind::Paren(inner) => self.bracketed(inner),
            ExprKind::Default(ty) => self.of_type("default", ty),
        }
    }

    // Only `delegate` makes a lambda that operators can stand beside.
    fn operand(&mut self, expr: &Expr) {
        let ExprKind::Lambda(lambda) = &expr.kind else { return self.expr(expr) };
        self.put("delegate ");
        self.parameters(&lambda.parameters);
        self.body(&lambda.body);
    }

    // Brackets are where a query's source needs them.
    fn receiver(&mut self, expr: &Expr) {
        if is_loose(&expr.kind) {
            self.is_desugared = true;
            self.bracketed(expr);
        } else {
            self.operand(expr);
        }
    }

    fn side_by_side(&mut self, left: &Expr, right: &Expr) {
        self.operand(left);
        self.expr(right);
    }

    fn prefixed(&mut self, word: &str, inner: &Expr) {
        self.put(word);
        self.operand(inner);
    }

    fn between(&mut self, left: &Expr, operator: &str, right: &Expr) {
        self.operand(left);
        self.put(" ");
        self.put(operator);
        self.put(" ");
        self.operand(right);
    }

    fn assign(&mut self, operator: Option<BinaryOp>, left: &Expr, right: &Expr) {
        self.operand(left);
        self.put(" ");
        self.put(operator.map_or("", |operator| operator.symbol().0));
        self.put("= ");
        self.expr(right);
    }

    fn conditional(&mut self, test: &Expr, yes: &Expr, no: &Expr) {
        self.operand(test);
        self.put(" ? ");
        self.expr(yes);
        self.put(" : ");
        self.expr(no);
    }

    fn cast(&mut self, ty: &TypeName, inner: &Expr) {
        self.put("(");
        self.ty(ty);
        self.put(")");
        self.operand(inner);
    }

    fn tested(&mut self, inner: &Expr, word: &str, ty: &TypeName) {
        self.operand(inner);
        self.put(word);
        self.ty(ty);
    }

    fn declared(&mut self, inner: &Expr, ty: Option<&TypeName>, name: &Ident) {
        self.operand(inner);
        self.put(" is ");
        self.local_type(ty);
        self.ident(name);
    }

    fn step(&mut self, operator: StepOp, inner: &Expr) {
        match operator {
            StepOp::PreIncrement => self.prefixed("++", inner),
            StepOp::PreDecrement => self.prefixed("--", inner),
            StepOp::PostIncrement | StepOp::PostDecrement => {
                self.operand(inner);
                self.put(if operator == StepOp::PostIncrement { "++" } else { "--" });
            }
        }
    }

    fn member(&mut self, inner: &Expr, name: &Ident, types: &[TypeName]) {
        self.receiver(inner);
        self.put(".");
        self.ident(name);
        self.type_arguments(types);
    }

    fn index(&mut self, inner: &Expr, arguments: &[Argument]) {
        match inner.kind {
            // Brackets behind a length would be those of an array of arrays.
            ExprKind::NewSized(_) => self.bracketed(inner),
            _ => self.receiver(inner),
        }
        self.indices(arguments);
    }

    fn indices(&mut self, arguments: &[Argument]) {
        self.put("[");
        self.list(arguments, Self::argument);
        self.put("]");
    }

    fn call(&mut self, inner: &Expr, arguments: &[Argument]) {
        self.receiver(inner);
        self.put("(");
        self.list(arguments, Self::argument);
        self.put(")");
    }

    fn argument(&mut self, argument: &Argument) {
        if let Some(name) = &argument.name {
            self.ident(name);
            self.put(": ");
        }
        self.expr(&argument.value);
    }

    fn of_type(&mut self, word: &str, ty: &TypeName) {
        self.put(word);
        self.put("(");
        self.ty(ty);
        self.put(")");
    }

    fn checked(&mut self, overflow: Overflow, inner: &Expr) {
        self.put(if overflow == Overflow::Throws { "checked" } else { "unchecked" });
        self.bracketed(inner);
    }

    fn out(&mut self, target: &OutTarget) {
        self.put("out ");
        match target {
            OutTarget::Declare(ty, name) => {
                self.local_type(ty.as_ref());
                self.ident(name);
            }
            OutTarget::Existing(expr) => self.expr(expr),
            OutTarget::Discard => self.put("_"),
        }
    }

    fn tuple(&mut self, members: &[(Option<Ident>, Expr)]) {
        self.put("(");
        self.list(members, |printed, (name, value)| {
            if let Some(name) = name {
                printed.ident(name);
                printed.put(": ");
            }
            printed.expr(value);
        });
        self.put(")");
    }

    fn lambda(&mut self, lambda: &Lambda) {
        self.is_desugared |= !lambda.unpacked.is_empty();
        self.parameters(&lambda.parameters);
        if let LambdaBody::Block(_) = lambda.body {
            self.put("=> ");
        }
        self.body(&lambda.body);
    }

    fn parameters(&mut self, parameters: &[(Option<TypeName>, Ident)]) {
        self.put("(");
        self.list(parameters, |printed, (ty, name)| {
            if ty.is_some() {
                printed.local_type(ty.as_ref());
            }
            printed.ident(name);
        });
        self.put(") ");
    }

    fn new_object(&mut self, ty: &TypeName, arguments: &[Argument], initializer: Option<&Initializer>) {
        self.put("new ");
        self.ty(ty);
        self.put("(");
        self.list(arguments, Self::argument);
        self.put(")");
        initializer.iter().for_each(|initializer| self.initializer(initializer));
    }

    fn new_anonymous(&mut self, members: &[(Ident, Expr)]) {
        self.put("new { ");
        self.list(members, |printed, (name, value)| {
            printed.ident(name);
            printed.put(" = ");
            printed.expr(value);
        });
        self.put(" }");
    }

    fn new_array(&mut self, ty: Option<&TypeName>, dimensions: u16, items: &[Expr]) {
        self.put("new ");
        ty.iter().for_each(|ty| self.element_type(ty));
        self.ranks(&[dimensions]);
        ty.iter().for_each(|ty| self.ranks(&ty.ranks));
        self.items(items);
    }

    fn new_sized(&mut self, ty: &TypeName, lengths: &[Expr], items: Option<&[Expr]>) {
        self.put("new ");
        self.element_type(ty);
        self.put("[");
        self.list(lengths, Self::expr);
        self.put("]");
        self.ranks(&ty.ranks);
        items.iter().for_each(|items| self.items(items));
    }

    fn items(&mut self, items: &[Expr]) {
        self.put(" { ");
        self.list(items, Self::expr);
        self.put(" }");
    }

    fn initializer(&mut self, initializer: &Initializer) {
        self.put(" { ");
        match initializer {
            Initializer::Items(items) => self.list(items, |printed, arguments| match &arguments[..] {
                [item] if !matches!(item.kind, ExprKind::Assign(..)) => printed.expr(item),
                arguments => printed.items(arguments),
            }),
            Initializer::Members(members) => self.list(members, |printed, (target, value)| {
                match target {
                    InitTarget::Member(name) => printed.ident(name),
                    InitTarget::Index(arguments, _) => printed.indices(arguments),
                }
                printed.put(" = ");
                match value {
                    InitValue::Value(value) => printed.expr(value),
                    InitValue::Nested(nested) => printed.initializer(nested),
                }
            }),
        }
        self.put(" }");
    }

    fn interpolated(&mut self, pieces: &[Piece]) {
        self.put("$\"");
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.escaped(&text.replace('{', "{{").replace('}', "}}")),
                Piece::Hole(hole) => self.hole(hole),
            }
        }
        self.put("\"");
    }

    fn hole(&mut self, hole: &Hole) {
        self.put("{");
        self.expr(&hole.value);
        if let Some(alignment) = &hole.alignment {
            self.put(", ");
            self.expr(alignment);
        }
        if let Some(format) = &hole.format {
            self.put(":");
            self.escaped(&format.text);
        }
        self.put("}");
    }

    // What is neither a letter nor a digit nor a mark of ASCII is written as its number.
    fn escaped(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '"' | '\\' => self.text.extend(['\\', c]),
                ' '..='~' => self.text.push(c),
                _ => self.put(&format!("\\U{:08x}", u32::from(c))),
            }
        }
    }

    fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::Null => self.put("null"),
            Literal::Bool(value) => self.put(&value.to_string()),
            Literal::Int32(value) => self.put(&value.to_string()),
            Literal::Int64(value) => self.put(&format!("{value}L")),
            Literal::Int32Min => self.put("2147483648"),
            Literal::Int64Min => self.put("9223372036854775808"),
            Literal::UInt32(value) => self.put(&format!("{value}u")),
            Literal::UInt64(value) => self.put(&format!("{value}ul")),
            Literal::Single(value) => self.put(&format!("{value}f")),
            Literal::Decimal(value) => self.put(&format!("{value}m")),
            Literal::Double(value) => self.put(&format!("{value}d")),
            Literal::Char(unit) => self.put(&format!("'\\u{unit:04x}'")),
            Literal::String(text) => {
                self.put("\"");
                self.escaped(text);
                self.put("\"");
            }
        }
    }
}
