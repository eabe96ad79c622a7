//! Every form of the language that the syntax tree knows has a case whose source is accepted, and every keyword and mark has one at
//! all. A node that is added to the tree does not compile here until it stands in the list.

use std::collections::BTreeSet;
use std::path::Path;

use super::walk::Walk;
use crate::expr::fixture::{Case, cases};
use crate::expr::lex::{PUNCTS, TokenKind, lex};
use crate::expr::parse::{KEYWORDS, parse};
use crate::expr::problem::Problems;
use crate::expr::syntax::{
    BinaryOp, ExprKind, InitTarget, InitValue, Initializer, LambdaBody, Literal, Mode, OutTarget, Overflow, Part,
    Pattern, Piece, Source, StepOp, StmtKind, UnaryOp,
};

/// A node of the tree that is one of several.
pub(super) trait Form {
    /// Which one.
    fn form(&self) -> &'static str;
}

macro_rules! forms {
    ($($of:ident { $($form:ident)* })*) => {
        const FORMS: &[&str] = &[$($(concat!(stringify!($of), "::", stringify!($form)),)*)*];

        $(impl Form for $of {
            fn form(&self) -> &'static str {
                match self { $(Self::$form { .. } => concat!(stringify!($of), "::", stringify!($form)),)* }
            }
        })*
    };
}

forms! {
    Source { Expression Block }
    ExprKind {
        Error Literal Interpolated Name PredefinedType Member Index Call ConditionalAccess Receiver Unary Step Binary Assign
        Conditional Cast Is As IsConstant IsDeclared New NewAnonymous NewArray NewSized ArrayItems Lambda Tuple Throw TypeOf SizeOf
        GenericType Out Ref Checked Anonymous Paren Default
    }
    StmtKind {
        Empty Error Declare Expression Block If Return While DoWhile For Foreach Break Continue Constant Throw Try Switch Using
        LocalFunction GotoCase Deconstruct Checked Lock Label Goto Alias
    }
    Literal { Null Bool Int32 Int64 Int32Min Int64Min UInt32 UInt64 Single Decimal Double Char String }
    UnaryOp { Plus Minus Not Complement }
    StepOp { PreIncrement PreDecrement PostIncrement PostDecrement }
    BinaryOp {
        Multiply Divide Remainder Add Subtract ShiftLeft ShiftRight Less Greater LessOrEqual GreaterOrEqual Equal NotEqual And Xor
        Or AndAlso OrElse Coalesce
    }
    Overflow { Throws Wraps }
    OutTarget { Declare Existing Discard }
    LambdaBody { Expression Block }
    Initializer { Members Items }
    InitTarget { Member Index }
    InitValue { Value Nested }
    Piece { Text Hole }
    Part { Declare Place Discard Nested }
    Pattern { Default Constant Declared }
    Mode { Value Ref Out Rest }
}

/// What stands for something wrong is no form.
const WRONG: [&str; 2] = ["ExprKind::Error", "StmtKind::Error"];

/// Parts of nodes that may be there or not, and ways to write a literal: [`Walk`] names them.
const PARTS: &[&str] = &[
    "argument: named",
    "assign: compound Add",
    "assign: compound And",
    "assign: compound Divide",
    "assign: compound Multiply",
    "assign: compound Or",
    "assign: compound Remainder",
    "assign: compound ShiftLeft",
    "assign: compound ShiftRight",
    "assign: compound Subtract",
    "assign: compound Xor",
    "catch: all",
    "catch: filter",
    "catch: type alone",
    "catch: type and name",
    "declare: several",
    "declare: typed",
    "declare: var",
    "declare: without a value",
    "for: without a condition",
    "foreach: typed",
    "foreach: var",
    "function: default",
    "function: generic",
    "goto: default",
    "hole: alignment",
    "hole: format",
    "if: else",
    "is: var",
    "label: guard",
    "lambda: none",
    "lambda: several",
    "lambda: typed",
    "literal: binary",
    "literal: exponent",
    "literal: hexadecimal",
    "literal: separated",
    "literal: verbatim",
    "member: generic",
    "new array: without a type",
    "new: initializer",
    "return: nothing",
    "throw: again",
    "try: finally",
    "type: array",
    "type: array of arrays",
    "type: generic",
    "type: nullable",
];

/// The rest of types, and what queries are written with: they are gone from the tree.
const WORDS: [&str; 17] = [
    "ascending",
    "by",
    "descending",
    "equals",
    "from",
    "global",
    "group",
    "into",
    "join",
    "let",
    "nameof",
    "on",
    "orderby",
    "select",
    "var",
    "when",
    "where",
];

/// Marks of C# that nothing in an expression is written with.
const NOT_WRITTEN: [&str; 1] = ["..."];

#[expect(clippy::disallowed_methods, reason = "the fixtures of a test are files")]
pub(super) fn all(folders: &[&str]) -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/expr");
    let mut all = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            all.extend(cases(&std::fs::read_to_string(entry.unwrap().path()).unwrap()));
        }
    }
    all
}

#[test]
fn forms_have_cases() {
    let mut found = BTreeSet::new();
    for case in all(&["ok", "eval"]) {
        if case.wanted.starts_with("xx") {
            continue;
        }
        let tree = parse(&case.source, &mut Problems::default());
        Walk { source: &case.source, found: &mut found }.source(&tree);
    }
    let known: BTreeSet<&str> = FORMS.iter().chain(PARTS).copied().filter(|form| !WRONG.contains(form)).collect();
    let missing: Vec<_> = known.iter().filter(|form| !found.contains(**form)).collect();
    assert!(missing.is_empty(), "no case for {missing:#?}");
    let unknown: Vec<_> = found.iter().filter(|form| !known.contains(form.as_str())).collect();
    assert!(unknown.is_empty(), "not listed: {unknown:#?}");
}

#[test]
fn words_and_marks_have_cases() {
    let mut found = BTreeSet::new();
    for case in all(&["ok", "err", "eval"]) {
        for token in lex(&case.source, 2, case.source.len(), &mut Problems::default()) {
            match token.kind {
                TokenKind::Word { text, escaped: false } => found.insert(text.to_string()),
                TokenKind::Punct(mark) => found.insert(mark.to_owned()),
                TokenKind::Literal(Literal::Null) => found.insert("null".to_owned()),
                TokenKind::Literal(Literal::Bool(value)) => found.insert(value.to_string()),
                _ => false,
            };
        }
    }
    let wanted = KEYWORDS.iter().chain(&WORDS).chain(&PUNCTS).filter(|word| !NOT_WRITTEN.contains(word));
    let missing: Vec<_> = wanted.filter(|word| !found.contains(**word)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}
