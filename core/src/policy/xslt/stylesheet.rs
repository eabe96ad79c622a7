//! A stylesheet as it is kept: templates, instructions, keys, formats. Making it is in `compile`, running it in `run`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::format::DecimalFormat;
use super::pattern::Pattern;
use super::tree::{Escaping, Name, Scope};
use super::xpath::{Expr, Slot};

/// A compiled stylesheet.
#[derive(Debug, Default)]
pub(super) struct Stylesheet {
    pub(super) templates: Vec<Template>,
    /// What templates are for, by mode; the one to be asked first comes first.
    pub(super) rules: BTreeMap<Option<Name>, Vec<Rule>>,
    pub(super) globals: Vec<Global>,
    /// The order in which globals get their values.
    pub(super) order: Vec<usize>,
    pub(super) keys: Vec<Key>,
    pub(super) formats: BTreeMap<Option<Name>, DecimalFormat>,
    pub(super) attribute_sets: Vec<AttributeSet>,
    pub(super) strips: Vec<Strip>,
    pub(super) output: Output,
}

#[derive(Debug)]
pub(super) struct Template {
    pub(super) body: Vec<Instruction>,
    /// How many variables it has.
    pub(super) locals: usize,
}

/// One alternative of what a template is for.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) pattern: Pattern,
    pub(super) template: usize,
    pub(super) priority: f64,
}

/// A variable or a parameter of the whole stylesheet.
#[derive(Debug)]
pub(super) struct Global {
    pub(super) name: Name,
    pub(super) is_parameter: bool,
    pub(super) binding: Binding,
    pub(super) locals: usize,
}

/// What a variable gets its value from.
#[derive(Debug)]
pub(super) enum Binding {
    Select(Expr),
    Content(Vec<Instruction>),
    Empty,
}

#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: Name,
    pub(super) patterns: Vec<Pattern>,
    pub(super) uses: Expr,
}

#[derive(Debug)]
pub(super) struct AttributeSet {
    pub(super) name: Name,
    /// Other sets, whose attributes come first.
    pub(super) uses: Vec<Name>,
    pub(super) body: Vec<Instruction>,
    pub(super) locals: usize,
}

/// Whether white space alone is left out of elements.
#[derive(Debug)]
pub(super) struct Strip {
    pub(super) test: super::xpath::Test,
    pub(super) is_stripped: bool,
}

/// A value with expressions in it.
#[derive(Debug)]
pub(super) struct Avt(pub(super) Vec<Piece>);

#[derive(Debug)]
pub(super) enum Piece {
    Text(Arc<str>),
    Expr(Expr),
}

#[derive(Debug)]
pub(super) enum Instruction {
    Text(Arc<str>, Escaping),
    ValueOf(Expr, Escaping),
    CopyOf(Expr),
    ApplyTemplates(Box<Apply>),
    /// With the mode of the rule.
    ApplyImports(Option<Name>),
    CallTemplate(usize, Vec<(Name, Expr)>),
    ForEach(Expr, Vec<Sort>, Vec<Instruction>),
    If(Expr, Vec<Instruction>),
    Choose(Vec<(Expr, Vec<Instruction>)>, Vec<Instruction>),
    Literal(Box<Literal>),
    Element(Box<Made>),
    Attribute(Box<Made>),
    Comment(Vec<Instruction>),
    /// `xsl:processing-instruction`
    Target(Avt, Vec<Instruction>),
    Copy(Vec<Name>, Vec<Instruction>),
    Variable(usize, Binding),
    Parameter(usize, Name, Binding),
    Terminate(Vec<Instruction>),
    Number(Box<super::numbering::Numbering>),
}

#[derive(Debug)]
pub(super) struct Apply {
    pub(super) select: Option<Expr>,
    pub(super) mode: Option<Name>,
    pub(super) sorts: Vec<Sort>,
    pub(super) parameters: Vec<(Name, Expr)>,
}

/// An element that stands in the stylesheet as it is.
#[derive(Debug)]
pub(super) struct Literal {
    pub(super) name: Name,
    pub(super) scope: Arc<Scope>,
    pub(super) attributes: Vec<(Name, Avt)>,
    pub(super) sets: Vec<Name>,
    pub(super) body: Vec<Instruction>,
}

/// An element or attribute whose name is computed.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) name: Avt,
    pub(super) namespace: Option<Avt>,
    pub(super) scope: Arc<Scope>,
    pub(super) sets: Vec<Name>,
    pub(super) body: Vec<Instruction>,
}

#[derive(Debug)]
pub(super) struct Sort {
    pub(super) select: Expr,
    pub(super) data_type: Avt,
    pub(super) order: Avt,
    pub(super) case_order: Avt,
}

/// `xsl:output`
#[derive(Clone, Debug, Default)]
pub(super) struct Output {
    pub(super) method: Option<Method>,
    pub(super) version: Option<Arc<str>>,
    pub(super) indent: Option<bool>,
    pub(super) omits_declaration: bool,
    pub(super) standalone: Option<bool>,
    pub(super) public_id: Option<Arc<str>>,
    pub(super) system_id: Option<Arc<str>>,
    pub(super) cdata: Vec<Name>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Xml,
    Html,
    Text,
}

impl Stylesheet {
    /// The key that is written so: keys are told apart by their local names here.
    pub(super) fn key_named(&self, written: &str) -> Option<&Name> {
        let local = written.rsplit_once(':').map_or(written, |(_, local)| local);
        self.keys.iter().map(|key| &key.name).find(|name| *name.local == *local)
    }

    /// Whether white space alone is left out of an element.
    pub(super) fn strips(&self, name: &Name) -> bool {
        use super::xpath::Test;
        let fits = |test: &Test| match test {
            Test::Name(wanted) => wanted == name,
            Test::Namespace(wanted) => *wanted == name.namespace,
            _ => true,
        };
        let rank = |test: &Test| match test {
            Test::Name(_) => 2,
            Test::Namespace(_) => 1,
            _ => 0,
        };
        let fitting = self.strips.iter().filter(|strip| fits(&strip.test));
        fitting.max_by_key(|strip| rank(&strip.test)).is_some_and(|strip| strip.is_stripped)
    }
}

/// The variable that holds what `slot` says, as an expression.
pub(super) const fn variable(slot: usize) -> Expr {
    Expr::Variable(Slot::Local(slot))
}
