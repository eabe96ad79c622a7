//! The typed tree: what the checker makes and the evaluator walks. Names are gone; locals are slots, members are functions.

use crate::value::Value;

use super::bcl::Run;
use super::syntax::BinaryOp;
use super::ty::Ty;

/// A compiled expression or block.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) body: Body,
    /// How many slots locals need.
    pub(crate) slots: u16,
    /// The static type of the result.
    pub(crate) result: Ty,
}

/// `@(…)` or `@{…}`.
#[derive(Debug)]
pub(crate) enum Body {
    Expression(Node),
    Block(Box<[Step]>),
}

/// A typed expression.
#[derive(Debug)]
pub(crate) enum Node {
    Constant(Value),
    /// `context`
    Context,
    Local(u16),
    Call(Box<CallNode>),
    Not(Box<Node>),
    Negate(Operands, Box<Node>),
    Complement(Operands, Box<Node>),
    Binary(Box<BinaryNode>),
    AndAlso(Box<(Node, Node)>),
    OrElse(Box<(Node, Node)>),
    Conditional(Box<(Node, Node, Node)>),
    Coalesce(Box<(Node, Node)>),
    /// Receiver, the slot that holds it while the rest runs, the rest.
    ConditionalAccess(Box<(Node, u16, Node)>),
    Concat(Box<[Node]>),
    Convert(Conversion, Box<Node>),
    Is(Ty, Box<Node>),
    As(Ty, Box<Node>),
    Array(Ty, Box<[Node]>),
    Element(Box<(Node, Node)>),
    Assign(u16, Box<Node>),
    /// Stores the new value and yields the old one: `x++`.
    Exchange(u16, Box<Node>),
}

/// A call of a member from the table; an instance member's receiver is its first argument.
#[derive(Debug)]
pub(crate) struct CallNode {
    pub(crate) run: Run,
    pub(crate) arguments: Box<[Node]>,
    /// What the member's type parameters stand for.
    pub(crate) types: Box<[Ty]>,
    pub(crate) receiver: ReceiverRule,
}

/// Whether the first argument is a receiver that may not be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReceiverRule {
    /// Static members, and extension methods that take null.
    None,
    NotNull,
}

/// A binary operation on operands that have been converted to one type.
#[derive(Debug)]
pub(crate) struct BinaryNode {
    pub(crate) operator: BinaryOp,
    pub(crate) operands: Operands,
    pub(crate) lifted: Lifted,
    pub(crate) left: Node,
    pub(crate) right: Node,
}

/// Whether the operands may be `null` of a nullable type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifted {
    No,
    Yes,
}

/// The type that both operands have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operands {
    Bool,
    Int32,
    Int64,
    Double,
    /// Text, compared by content
    String,
    /// Structures that know equality and order: `Guid`, `DateTime`, `TimeSpan`, enumerations
    Struct,
    /// Objects, compared by identity
    Reference,
}

/// A conversion that does something at run time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Conversion {
    /// Between numbers and characters; unchecked, as C#'s casts are.
    Numeric(Ty),
    /// From `object` (or a base class) to this type; throws when the value is something else.
    Unbox(Ty),
    /// From `T?` to `T`; throws on null.
    Unwrap(Ty),
    /// The implicit operators of `JToken`: a value becomes a token.
    ToJson,
    /// The explicit operators of `JToken`, and of `XElement` and `XAttribute`.
    Json(Ty),
}

/// A typed statement.
#[derive(Debug)]
pub(crate) enum Step {
    Run(Node),
    If(Node, Box<[Step]>, Box<[Step]>),
    Loop(Box<LoopStep>),
    /// The slot of the item, the sequence, the body.
    Foreach(u16, Node, Box<[Step]>),
    Return(Node),
    Break,
    Continue,
}

/// `while`, `do` and `for`.
#[derive(Debug)]
pub(crate) struct LoopStep {
    pub(crate) test: Option<Node>,
    pub(crate) order: LoopOrder,
    pub(crate) body: Box<[Step]>,
    pub(crate) after: Box<[Node]>,
}

/// Whether the test stands before the body or behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoopOrder {
    TestFirst,
    BodyFirst,
}
