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
    /// `is null`, `is 1`
    IsConstant(Box<Expr>, Box<Expr>),
    /// `is T name`, `is var name`
    IsDeclared(Box<Expr>, Option<TypeName>, Ident),
    New(Box<(TypeName, Vec<Argument>, Option<Box<Initializer>>)>),
    /// `new { a = 1, b.C }`
    NewAnonymous(Vec<(Ident, Expr)>),
    /// `new T[] { … }`, `new[] { … }`, `new T[,] { … }`: the type of the elements, how many dimensions, the items
    NewArray(Option<TypeName>, u16, Vec<Expr>),
    /// `new T[n]`, `new T[n, m]`, `new T[2] { … }`
    NewSized(Box<(TypeName, Vec<Expr>, Option<Vec<Expr>>)>),
    /// `{ 1, 2 }` as an array's initial value
    ArrayItems(Vec<Expr>),
    Lambda(Box<Lambda>),
    Tuple(Vec<(Option<Ident>, Expr)>),
    /// `throw x` as an expression
    Throw(Box<Expr>),
    TypeOf(TypeName),
    SizeOf(TypeName),
    /// `Name<T>`, a generic type before a dot
    GenericType(TypeName),
    /// `out x`, `out var x`, `out int x`, `out _`
    Out(Box<OutTarget>),
    /// `ref x` as an argument
    Ref(Box<Expr>),
    /// `checked(x)`, `unchecked(x)`
    Checked(Overflow, Box<Expr>),
    /// `delegate { … }` without parameters: fits a delegate of any
    Anonymous(Box<Block>),
    Paren(Box<Expr>),
    /// `default(T)`
    Default(TypeName),
}

/// What arithmetic on whole numbers does when the result is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overflow {
    Throws,
    Wraps,
}

/// Where an `out` argument goes.
#[derive(Clone, Debug)]
pub(crate) enum OutTarget {
    /// No type means `var`.
    Declare(Option<TypeName>, Ident),
    Existing(Expr),
    Discard,
}

/// `x => …`
#[derive(Clone, Debug)]
pub(crate) struct Lambda {
    pub(crate) parameters: Vec<(Option<TypeName>, Ident)>,
    pub(crate) body: LambdaBody,
    /// The names that the one parameter's members get in a query; empty outside of queries.
    pub(crate) unpacked: Vec<Arc<str>>,
}

/// What follows `=>`.
#[derive(Clone, Debug)]
pub(crate) enum LambdaBody {
    Expression(Expr),
    Block(Block),
}

/// What stands in braces behind `new T(…)`.
#[derive(Clone, Debug)]
pub(crate) enum Initializer {
    /// `{ A = 1, ["b"] = 2 }`
    Members(Vec<(InitTarget, InitValue)>),
    /// `{ 1, { "a", 2 } }`: the arguments of each `Add`
    Items(Vec<Vec<Expr>>),
}

/// What a member initialiser sets.
#[derive(Clone, Debug)]
pub(crate) enum InitTarget {
    Member(Ident),
    Index(Vec<Argument>, Span),
}

/// What it is set to.
#[derive(Clone, Debug)]
pub(crate) enum InitValue {
    Value(Expr),
    /// `A = { … }`: what is there already is filled.
    Nested(Initializer),
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
    UInt32(u32),
    UInt64(u64),
    Single(f32),
    Decimal(crate::value::Decimal),
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
    /// The dotted name; [`TUPLE`] for `(T a, U b)`.
    pub(crate) name: Arc<str>,
    pub(crate) arguments: Vec<TypeName>,
    /// The names of a tuple's members.
    pub(crate) labels: Vec<Option<Ident>>,
    pub(crate) nullable: bool,
    /// How many dimensions each of the `[]` that follow has, the outermost array first.
    pub(crate) ranks: Vec<u16>,
}

/// The name of every tuple type.
pub(crate) const TUPLE: &str = "()";

impl TypeName {
    /// A type of this name and nothing else.
    pub(crate) const fn plain(name: Arc<str>, span: Span) -> Self {
        Self { span, name, arguments: Vec::new(), labels: Vec::new(), nullable: false, ranks: Vec::new() }
    }
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
    /// As of [`Expr`].
    pub(crate) height: u16,
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
    /// `const T x = 1;`
    Constant(TypeName, Vec<(Ident, Option<Expr>)>),
    /// `throw;` rethrows.
    Throw(Option<Expr>),
    Try(Box<TryStmt>),
    Switch(Box<SwitchStmt>),
    /// `using (…) …`
    Using(Box<Stmt>, Box<Stmt>),
    LocalFunction(Box<LocalFunction>),
    /// `goto case 1;` and, without a value, `goto default;`
    GotoCase(Option<Expr>),
    /// `var (a, b) = t;`, `(a, b) = (b, a);`
    Deconstruct(Vec<Part>, Expr),
    /// `checked { … }`, `unchecked { … }`
    Checked(Overflow, Block),
    /// `lock (x) …`
    Lock(Expr, Box<Stmt>),
    /// `name:`
    Label(Ident),
    /// `goto name;`
    Goto(Ident),
    /// `ref T x = ref y;`
    Alias(Option<TypeName>, Ident, Expr),
}

/// Where a member of what comes apart goes.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// No type means `var`.
    Declare(Option<TypeName>, Ident),
    Place(Expr),
    Discard,
    Nested(Vec<Part>),
}

/// `try { } catch (T e) when (…) { } finally { }`
#[derive(Clone, Debug)]
pub(crate) struct TryStmt {
    pub(crate) body: Block,
    pub(crate) catches: Vec<Catch>,
    pub(crate) finally: Option<Block>,
}

/// One `catch`.
#[derive(Clone, Debug)]
pub(crate) struct Catch {
    pub(crate) span: Span,
    pub(crate) ty: Option<TypeName>,
    pub(crate) name: Option<Ident>,
    pub(crate) filter: Option<Expr>,
    pub(crate) body: Block,
}

/// `switch (x) { … }`
#[derive(Clone, Debug)]
pub(crate) struct SwitchStmt {
    pub(crate) value: Expr,
    pub(crate) sections: Vec<Section>,
}

/// Labels and the statements behind them.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) span: Span,
    pub(crate) labels: Vec<Label>,
    pub(crate) statements: Vec<Stmt>,
}

/// `case p when c:` or `default:`
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) span: Span,
    pub(crate) pattern: Pattern,
    pub(crate) guard: Option<Expr>,
}

/// What a label matches.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    Default,
    Constant(Expr),
    /// `case T name`; no type means `var`, no name means `_`.
    Declared(Option<TypeName>, Option<Ident>),
}

/// `T Name(U a) { … }`
#[derive(Clone, Debug)]
pub(crate) struct LocalFunction {
    pub(crate) result: TypeName,
    pub(crate) name: Ident,
    pub(crate) type_parameters: Vec<Ident>,
    pub(crate) parameters: Vec<Formal>,
    pub(crate) body: LambdaBody,
}

/// A parameter of a local function.
#[derive(Clone, Debug)]
pub(crate) struct Formal {
    pub(crate) ty: TypeName,
    pub(crate) name: Ident,
    pub(crate) mode: Mode,
    pub(crate) default: Option<Expr>,
}

/// How an argument is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Value,
    Ref,
    Out,
    /// `params`
    Rest,
}

/// What stands in the parentheses of a `for`.
#[derive(Clone, Debug)]
pub(crate) struct ForHead {
    pub(crate) start: Vec<Stmt>,
    pub(crate) condition: Option<Expr>,
    pub(crate) step: Vec<Expr>,
}
