//! The typed tree: what the checker makes and the evaluator walks. Names are gone; locals are slots, members are functions.

use std::sync::Arc;

use crate::http::HeaderName;
use crate::value::json::JKind;
use crate::value::{ContextPart, Value};

use super::bcl::Run;
use super::parse::signature::Form;
use super::syntax::{BinaryOp, Overflow};
use super::ty::{Class, Ty};

/// A compiled expression or block.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) body: Body,
    /// How many slots locals need.
    pub(crate) slots: u16,
    /// The static type of the result.
    pub(crate) result: Ty,
    pub(crate) arrays: Arrays,
}

/// Whether an expression writes into arrays; only then are the library's arrays made into ones that can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrays {
    ReadOnly,
    Written,
}

/// The code of a lambda or a local function. Its parameters are its first slots.
#[derive(Debug)]
pub(crate) struct FunctionNode {
    pub(crate) body: Body,
    pub(crate) parameters: u16,
    pub(crate) slots: u16,
    /// How far its tree reaches down, for the limit on depth.
    pub(crate) height: u16,
    pub(crate) captures: Box<[Capture]>,
    pub(crate) ty: Ty,
}

/// A variable that a function shares with the one around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Capture {
    /// Its slot in the function around.
    pub(crate) outer: u16,
    /// Its slot in this function.
    pub(crate) inner: u16,
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
    /// A part of `context` that always exists, as `context.Request.Headers`, and how many steps the members on the way to it count.
    Part(&'static ContextPart, u32),
    Local(u16),
    Call(Box<CallNode>),
    /// A call with the name of a header as its second argument, a constant, which is read here once.
    Header(Box<(CallNode, HeaderName)>),
    Variable(Box<VariableNode>),
    Not(Box<Node>),
    Negate(Operands, Box<Node>),
    Complement(Operands, Box<Node>),
    Binary(Box<BinaryNode>),
    AndAlso(Box<(Node, Node)>),
    OrElse(Box<(Node, Node)>),
    Conditional(Box<(Node, Node, Node)>),
    Coalesce(Box<(Node, Option<Conversion>, Node)>),
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
    /// Stores the first value of a variable that was just declared.
    Declare(u16, Box<Node>),
    /// Runs all, yields the last.
    Sequence(Box<[Node]>),
    /// Array, index, value; yields the value.
    SetElement(Box<(Node, Node, Node)>),
    /// An array of so many default values.
    SizedArray(Ty, Value, Box<Node>),
    /// A call whose `out` values go to these slots.
    Out(Box<(CallNode, Box<[u16]>)>),
    Lambda(Arc<FunctionNode>),
    /// A delegate and its arguments.
    Invoke(Box<(Node, Box<[Node]>)>),
    Record(Ty, Box<[Node]>),
    /// A member of a record, by position.
    Field(Box<Node>, usize),
    Throw(Box<Node>),
    /// Whether the value equals this constant; `null` included.
    IsConstant(Box<(Node, Node)>),
    /// Stores the value when it is of the type: `is T x`.
    IsDeclared(Ty, u16, Box<Node>),
    /// The variable itself, for a parameter that shares it: `ref x`, `out x`.
    Reference(u16),
    /// `a + b` and `a - b` of delegates
    Combine(BinaryOp, Box<(Node, Node)>),
    /// An array of several dimensions of default values: the type of the elements, the value, the lengths.
    SizedGrid(Ty, Value, Box<[Node]>),
    /// One of items: the type of the elements, the lengths.
    Grid(Ty, Box<[usize]>, Box<[Node]>),
    /// An element of one.
    GridElement(Box<Node>, Box<[Node]>),
    /// Array, indices, value; yields the value.
    SetGrid(Box<(Node, Box<[Node]>, Node)>),
}

/// A call of a member from the table; an instance member's receiver is its first argument.
#[derive(Debug)]
pub(crate) struct CallNode {
    pub(crate) run: Run,
    pub(crate) arguments: Box<[Node]>,
    /// What the member's type parameters stand for.
    pub(crate) types: Box<[Ty]>,
    pub(crate) receiver: ReceiverRule,
    pub(crate) cost: Cost,
}

/// What a call of a member costs beside its own step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cost {
    /// Nothing: properties and indexers.
    Constant,
    /// It may look at the whole of its arguments: long ones are weighed.
    Arguments,
}

impl Cost {
    /// That of a member of this form.
    pub(crate) const fn of(form: Form) -> Self {
        match form {
            Form::Property | Form::Indexer | Form::Setter | Form::IndexSetter => Self::Constant,
            Form::Method | Form::Constructor => Self::Arguments,
        }
    }
}

/// `context.Variables["name"]`, or `GetValueOrDefault` of it, by a name that is a constant.
#[derive(Debug)]
pub(crate) struct VariableNode {
    pub(crate) name: Arc<str>,
    /// How many steps the members count that lead here.
    pub(crate) steps: u32,
    /// What the value must be; the indexer takes anything.
    pub(crate) ty: Option<Ty>,
    /// What a variable is that was never set.
    pub(crate) default: Value,
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
    pub(crate) overflow: Overflow,
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
    UInt32,
    Int64,
    UInt64,
    Single,
    Double,
    Decimal,
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
    /// The same in a checked context: throws when the value is out of range.
    Checked(Ty),
    /// Between tuples, member by member; to this type.
    Tuple(Ty, Box<[Option<Conversion>]>),
    /// From `object` (or a base class) to this type; throws when the value is something else.
    Unbox(Ty),
    /// From `T?` to `T`; throws on null.
    Unwrap(Ty),
    /// The implicit operators of `JToken`: a value becomes a token, and null one of this type.
    ToJson(JKind),
    /// The explicit operators of `JToken`.
    Json(Ty),
    /// The explicit operators of `XElement` and `XAttribute`.
    Xml(Class, Ty),
    /// The implicit operator of `DateTimeOffset`, from a `DateTime`.
    Moment,
    /// A structure that its members change becomes an object of its own.
    Box,
    /// A `JObject` as the sequence of its names and values that it is besides one of tokens; the groups of a match likewise.
    Pairs,
    /// The implicit operators of `XName` and `XNamespace`: text becomes a name.
    XmlName(Class),
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
    /// `return;`
    Leave,
    Throw(Node),
    /// `throw;`
    Rethrow,
    Try(Box<TryStep>),
    Switch(Box<SwitchStep>),
    /// `goto case`, by section
    Goto(u16),
    /// `goto name`, by label
    Jump(u16),
    /// Statements with labels among them: each label and the position behind it.
    Labelled(Box<[Step]>, Box<[(u16, usize)]>),
    /// The slot of the resource, what makes it, the body, what disposes of it.
    Using(u16, Node, Box<[Step]>, Option<Node>),
    /// What is locked, the body.
    Lock(Node, Box<[Step]>),
    /// The local functions of a block, made where it begins.
    Functions(Box<FunctionsStep>),
}

/// Local functions and the slots they stand in.
#[derive(Debug)]
pub(crate) struct FunctionsStep {
    /// Variables of the block that they share before these are declared.
    pub(crate) ahead: Box<[u16]>,
    pub(crate) functions: Box<[(u16, Arc<FunctionNode>)]>,
}

/// `try`
#[derive(Debug)]
pub(crate) struct TryStep {
    pub(crate) body: Box<[Step]>,
    pub(crate) catches: Box<[CatchStep]>,
    pub(crate) finally: Box<[Step]>,
}

/// One `catch`.
#[derive(Debug)]
pub(crate) struct CatchStep {
    pub(crate) ty: Ty,
    pub(crate) slot: u16,
    pub(crate) filter: Option<Node>,
    pub(crate) body: Box<[Step]>,
}

/// `switch`: every test is a condition on the value in the slot.
#[derive(Debug)]
pub(crate) struct SwitchStep {
    pub(crate) slot: u16,
    pub(crate) value: Node,
    /// Tests in the order written, each with its section.
    pub(crate) tests: Box<[(Node, u16)]>,
    pub(crate) otherwise: Option<u16>,
    pub(crate) sections: Box<[Box<[Step]>]>,
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
