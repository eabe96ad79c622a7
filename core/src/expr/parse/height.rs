//! How tall a tree is, from its children. Enforces nothing; the parser does.

use crate::expr::syntax::{
    Argument, Block, Expr, ExprKind, InitTarget, InitValue, Initializer, LambdaBody, OutTarget, Part, Pattern, Piece,
    Stmt, StmtKind, SwitchStmt, TryStmt,
};

fn most(heights: impl Iterator<Item = u16>) -> u16 {
    heights.max().unwrap_or(0)
}

fn of_arguments(arguments: &[Argument]) -> u16 {
    most(arguments.iter().map(|argument| argument.value.height))
}

fn of_all(items: &[Expr]) -> u16 {
    most(items.iter().map(|item| item.height))
}

/// The height of the tallest child.
pub(super) fn of_expression(kind: &ExprKind) -> u16 {
    match kind {
        ExprKind::Error
        | ExprKind::Literal(_)
        | ExprKind::Name(_)
        | ExprKind::PredefinedType(_)
        | ExprKind::Receiver
        | ExprKind::TypeOf(_)
        | ExprKind::SizeOf(_)
        | ExprKind::GenericType(_)
        | ExprKind::Default(_) => 0,
        ExprKind::Interpolated(pieces) => most(pieces.iter().map(of_piece)),
        ExprKind::Member(inner, ..)
        | ExprKind::Unary(_, inner)
        | ExprKind::Step(_, inner)
        | ExprKind::Cast(_, inner)
        | ExprKind::Is(inner, _)
        | ExprKind::As(inner, _)
        | ExprKind::IsDeclared(inner, ..)
        | ExprKind::Throw(inner)
        | ExprKind::Ref(inner)
        | ExprKind::Checked(_, inner)
        | ExprKind::Paren(inner) => inner.height,
        ExprKind::Index(inner, list) | ExprKind::Call(inner, list) => inner.height.max(of_arguments(list)),
        ExprKind::ConditionalAccess(left, right)
        | ExprKind::Binary(_, left, right)
        | ExprKind::IsConstant(left, right)
        | ExprKind::Assign(_, left, right) => left.height.max(right.height),
        ExprKind::Conditional(test, left, right) => test.height.max(left.height).max(right.height),
        ExprKind::New(parts) => {
            let initializer = parts.2.as_deref().map_or(0, |initializer| of_initializer(initializer) + 1);
            of_arguments(&parts.1).max(initializer)
        }
        ExprKind::NewAnonymous(members) => most(members.iter().map(|(_, value)| value.height)),
        ExprKind::NewArray(_, _, items) | ExprKind::ArrayItems(items) => of_all(items),
        ExprKind::NewSized(parts) => of_all(&parts.1).max(parts.2.as_ref().map_or(0, |items| of_all(items))),
        ExprKind::Anonymous(block) => of_block(block),
        ExprKind::Tuple(members) => most(members.iter().map(|(_, value)| value.height)),
        ExprKind::Lambda(lambda) => of_body(&lambda.body),
        ExprKind::Out(target) => match &**target {
            OutTarget::Existing(expr) => expr.height,
            OutTarget::Declare(..) | OutTarget::Discard => 0,
        },
    }
}

fn of_piece(piece: &Piece) -> u16 {
    match piece {
        Piece::Text(_) => 0,
        Piece::Hole(hole) => hole.value.height.max(hole.alignment.as_ref().map_or(0, |a| a.height)),
    }
}

fn of_initializer(initializer: &Initializer) -> u16 {
    match initializer {
        Initializer::Items(items) => most(items.iter().map(|arguments| of_all(arguments))),
        Initializer::Members(members) => most(members.iter().map(|(target, value)| {
            let target = match target {
                InitTarget::Member(_) => 0,
                InitTarget::Index(arguments, _) => of_arguments(arguments),
            };
            target.max(match value {
                InitValue::Value(value) => value.height,
                InitValue::Nested(nested) => of_initializer(nested) + 1,
            })
        })),
    }
}

/// The height of what follows `=>`.
pub(super) fn of_body(body: &LambdaBody) -> u16 {
    match body {
        LambdaBody::Expression(expr) => expr.height,
        LambdaBody::Block(block) => of_block(block),
    }
}

fn of_block(block: &Block) -> u16 {
    most(block.statements.iter().map(|statement| statement.height))
}

fn of_option(expr: Option<&Expr>) -> u16 {
    expr.map_or(0, |expr| expr.height)
}

/// The height of the tallest child.
pub(super) fn of_statement(kind: &StmtKind) -> u16 {
    match kind {
        StmtKind::Empty
        | StmtKind::Error
        | StmtKind::Break
        | StmtKind::Continue
        | StmtKind::Label(_)
        | StmtKind::Goto(_) => 0,
        StmtKind::Declare(_, locals) | StmtKind::Constant(_, locals) => {
            most(locals.iter().map(|(_, value)| of_option(value.as_ref())))
        }
        StmtKind::Expression(expr) | StmtKind::Alias(_, _, expr) => expr.height,
        StmtKind::Deconstruct(parts, expr) => expr.height.max(of_parts(parts)),
        StmtKind::Block(block) | StmtKind::Checked(_, block) => of_block(block),
        StmtKind::Lock(expr, body) => expr.height.max(body.height),
        StmtKind::If(test, yes, no) => test.height.max(yes.height).max(no.as_ref().map_or(0, |no| no.height)),
        StmtKind::Return(value) | StmtKind::Throw(value) | StmtKind::GotoCase(value) => of_option(value.as_ref()),
        StmtKind::While(test, body) | StmtKind::DoWhile(body, test) | StmtKind::Foreach(_, _, test, body) => {
            test.height.max(body.height)
        }
        StmtKind::For(head, body) => {
            let start = most(head.start.iter().map(|statement| statement.height));
            start.max(of_option(head.condition.as_ref())).max(of_all(&head.step)).max(body.height)
        }
        StmtKind::Try(inner) => of_try(inner),
        StmtKind::Switch(inner) => of_switch(inner),
        StmtKind::Using(head, body) => head.height.max(body.height),
        StmtKind::LocalFunction(function) => {
            let defaults = function.parameters.iter().map(|formal| of_option(formal.default.as_ref()));
            of_body(&function.body).max(most(defaults))
        }
    }
}

fn of_parts(parts: &[Part]) -> u16 {
    most(parts.iter().map(|part| match part {
        Part::Declare(..) | Part::Discard => 0,
        Part::Place(expr) => expr.height,
        Part::Nested(nested) => of_parts(nested).saturating_add(1),
    }))
}

fn of_try(inner: &TryStmt) -> u16 {
    let catches = most(inner.catches.iter().map(|catch| of_block(&catch.body).max(of_option(catch.filter.as_ref()))));
    of_block(&inner.body).max(catches).max(inner.finally.as_ref().map_or(0, of_block))
}

fn of_switch(inner: &SwitchStmt) -> u16 {
    let sections = inner.sections.iter().map(|section| {
        let labels = section.labels.iter().map(|label| {
            let pattern = match &label.pattern {
                Pattern::Constant(constant) => constant.height,
                Pattern::Default | Pattern::Declared(..) => 0,
            };
            pattern.max(of_option(label.guard.as_ref()))
        });
        most(labels).max(most(section.statements.iter().map(|statement: &Stmt| statement.height)))
    });
    inner.value.height.max(most(sections))
}
