//! XPath 1.0: the tree of an expression. Reading it is in `lex` and `parse`, running it in `eval` and `function`.

pub(super) mod eval;
pub(super) mod function;
mod lex;
pub(super) mod number;
pub(super) mod parse;

use std::sync::Arc;

use super::tree::Name;
use function::Function;

/// The deepest nesting of an expression; what reads and runs it recurses along it.
const DEPTH_MAX: usize = 48;

/// The most operators of an expression.
const OPERATORS_MAX: usize = 256;

/// The longest expression, in bytes.
const EXPRESSION_BYTES_MAX: usize = 16 * 1024;

/// An expression.
#[derive(Clone, Debug)]
pub(super) enum Expr {
    Or(Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    Calculate(Calculation, Box<Expr>, Box<Expr>),
    Negate(Box<Expr>),
    Union(Box<Expr>, Box<Expr>),
    Number(f64),
    Text(Arc<str>),
    Variable(Slot),
    Call(Function, Vec<Expr>),
    Path(Path),
    /// An expression whose nodes are sifted.
    Filter(Box<Expr>, Vec<Expr>),
}

/// Where a variable is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Local(usize),
    Global(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calculation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// Steps from somewhere.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) start: Start,
    pub(super) steps: Vec<Step>,
}

/// Where a path begins.
#[derive(Clone, Debug)]
pub(super) enum Start {
    Context,
    Root,
    Expr(Box<Expr>),
}

/// One step of a path.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) axis: Axis,
    pub(super) test: Test,
    pub(super) predicates: Vec<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Namespace,
    Parent,
    Preceding,
    PrecedingSibling,
    Itself,
}

/// What a node must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Name(Name),
    Namespace(Arc<str>),
    AnyName,
    Node,
    Text,
    Comment,
    Instruction(Option<Arc<str>>),
}

/// The names that an expression may use: prefixes and variables.
pub(super) trait Names {
    fn namespace_of(&self, prefix: &str) -> Option<Arc<str>>;
    fn variable(&self, name: &Name) -> Option<Slot>;
    /// The variable that `name` was most likely meant to be.
    fn nearest_variable(&self, name: &Name) -> Option<String>;
}

/// What is wrong with an expression: where, in bytes, and in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) at: usize,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Mistake {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: None }
    }
}
