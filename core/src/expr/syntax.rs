//! The syntax tree of an expression, as written, with spans. Knows no types and no names' meanings.

use std::sync::Arc;

use crate::span::Span;

/// The text between `@(` and `)`, or between `@{` and `}`.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Expression(Expr),
    Block(Block),
}

/// A node of an expression.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) span: Span,
    /// Nodes from here down to the deepest leaf; never above the limit.
    pub(crate) height: u16,
    pub(crate) kind: ExprKind,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub(crate) enum ExprKind {
    /// Something that was reported already.
    Error,
    Literal(Literal),
    Interpolated(Vec<Piece>),
    Name(Ident),
    /// `string`, `int` … before a dot.
    PredefinedType(&'static str),
    Member(Box<Expr>, Ident, Vec<TypeName>),
    Index(Box<Expr>, Vec<Argument>),
    Call(Box<Expr>, Vec<Argument>),
    /// `a?.b.c`: the receiver, and the rest in which [`ExprKind::Receiver`] stands for it.
    ConditionalAccess(Box<Expr>, Box<Expr>),
    Receiver,
    Unary(UnaryOp, Box<Expr>),
    Step(StepOp, Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    Assign(Option<BinaryOp>, Box<Expr>, Box<Expr>),
    Conditional(Box<Expr>, Box<Expr>, Box<Expr>),
    Cast(TypeName, Box<Expr>),
    Is(Box<Expr>, TypeName),
    As(Box<Expr>, TypeName),
    New(TypeName, Vec<Argument>),
    /// `new T[] { … }`, `new[] { … }`
    NewArray(Option<TypeName>, Vec<Expr>),
    Paren(Box<Expr>),
    /// `default(T)`
    Default(TypeName),
}

/// A name as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ident {
    pub(crate) text: Arc<str>,
    pub(crate) span: Span,
}

/// A literal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int32(i32),
    Int64(i64),
    /// `2147483648` and `9223372036854775808`, which are in range only behind a minus.
    Int32Min,
    Int64Min,
    Double(f64),
    Char(u16),
    String(Arc<str>),
}

/// A piece of an interpolated string.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Text(Arc<str>),
    Hole(Box<Hole>),
}

/// `{value,alignment:format}`
#[derive(Clone, Debug)]
pub(crate) struct Hole {
    pub(crate) value: Expr,
    pub(crate) alignment: Option<Expr>,
    pub(crate) format: Option<Ident>,
}

/// An argument, perhaps named.
#[derive(Clone, Debug)]
pub(crate) struct Argument {
    pub(crate) name: Option<Ident>,
    pub(crate) value: Expr,
}

/// A type as written.
#[derive(Clone, Debug)]
pub(crate) struct TypeName {
    pub(crate) span: Span,
    /// The dotted name.
    pub(crate) name: Arc<str>,
    pub(crate) arguments: Vec<TypeName>,
    pub(crate) nullable: bool,
    /// How many `[]` follow.
    pub(crate) ranks: u16,
}

/// Operators before an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnaryOp {
    Plus,
    Minus,
    Not,
    Complement,
}

/// `++` and `--`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepOp {
    PreIncrement,
    PreDecrement,
    PostIncrement,
    PostDecrement,
}

/// Operators between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    Multiply,
    Divide,
    Remainder,
    Add,
    Subtract,
    ShiftLeft,
    ShiftRight,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    Xor,
    Or,
    AndAlso,
    OrElse,
    Coalesce,
}

impl BinaryOp {
    /// The operator as written, and how tightly it binds: higher is tighter.
    pub(crate) const fn symbol(self) -> (&'static str, u8) {
        match self {
            Self::Multiply => ("*", 12),
            Self::Divide => ("/", 12),
            Self::Remainder => ("%", 12),
            Self::Add => ("+", 11),
            Self::Subtract => ("-", 11),
            Self::ShiftLeft => ("<<", 10),
            Self::ShiftRight => (">>", 10),
            Self::Less => ("<", 9),
            Self::Greater => (">", 9),
            Self::LessOrEqual => ("<=", 9),
            Self::GreaterOrEqual => (">=", 9),
            Self::Equal => ("==", 8),
            Self::NotEqual => ("!=", 8),
            Self::And => ("&", 7),
            Self::Xor => ("^", 6),
            Self::Or => ("|", 5),
            Self::AndAlso => ("&&", 4),
            Self::OrElse => ("||", 3),
            Self::Coalesce => ("??", 2),
        }
    }
}

/// Statements in braces.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) span: Span,
    pub(crate) statements: Vec<Stmt>,
}

/// A statement.
#[derive(Clone, Debug)]
pub(crate) struct Stmt {
    pub(crate) span: Span,
    pub(crate) kind: StmtKind,
}

/// What a statement is.
#[derive(Clone, Debug)]
pub(crate) enum StmtKind {
    /// Nothing, or something that was reported already.
    Empty,
    Error,
    /// `var x = 1, y = 2;` and `string s;`; no type means `var`.
    Declare(Option<TypeName>, Vec<(Ident, Option<Expr>)>),
    Expression(Expr),
    Block(Block),
    If(Expr, Box<Stmt>, Option<Box<Stmt>>),
    Return(Option<Expr>),
    While(Expr, Box<Stmt>),
    DoWhile(Box<Stmt>, Expr),
    For(Box<ForHead>, Box<Stmt>),
    Foreach(Option<TypeName>, Ident, Expr, Box<Stmt>),
    Break,
    Continue,
}

/// What stands in the parentheses of a `for`.
#[derive(Clone, Debug)]
pub(crate) struct ForHead {
    pub(crate) start: Vec<Stmt>,
    pub(crate) condition: Option<Expr>,
    pub(crate) step: Vec<Expr>,
}
