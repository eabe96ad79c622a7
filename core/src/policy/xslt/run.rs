//! Runs a stylesheet: a stack of work, so that templates may call each other deep without using up the thread's. What the result is
//! built with is in `build`.

use std::rc::Rc;
use std::sync::Arc;

use super::build::Captured;
use super::stylesheet::{Apply, Avt, Binding, Instruction, Literal, Made, Piece, Sort, Stylesheet};
use super::tree::{Escaping, Kind, Name, NodeId};
use super::world::{Fail, World};
use super::xpath::eval::{Focus, Outcome, Value};
use super::xpath::function::TEXT_BYTES_MAX;
use super::xpath::{Expr, number};
use crate::expr::xml::XMLNS;

/// How deep templates may call each other.
const CALLS_MAX: usize = 10_000;

/// The most work that waits.
const WORK_MAX: usize = 100_000;

/// Parameters that a template is called with.
type Parameters = Rc<Vec<(Name, Value)>>;

/// What is left to do, the next on top.
enum Work<'s> {
    Body {
        body: &'s [Instruction],
        at: usize,
        focus: Focus,
    },
    Each {
        nodes: Rc<Vec<NodeId>>,
        next: usize,
        body: &'s [Instruction],
    },
    Apply {
        nodes: Rc<Vec<NodeId>>,
        next: usize,
        mode: &'s Option<Name>,
        parameters: Parameters,
    },
    /// Adds the attributes that an element has in the stylesheet.
    Attributes {
        literal: &'s Literal,
        focus: Focus,
    },
    /// Ends what is being built.
    End(Captured),
    /// Ends a template.
    Leave,
}

/// Transforms a document; the result is the root of a tree in the world.
///
/// # Errors
/// Says in words what went wrong.
pub(super) fn run(world: &mut World<'_>, document: NodeId, parameters: &[(Arc<str>, Arc<str>)]) -> Outcome<NodeId> {
    let sheet = world.sheet;
    let mut runner = Runner { world, work: Vec::new(), open: Vec::new(), parameters: Vec::new() };
    runner.globals(sheet, document, parameters)?;
    let root = runner.world.tree.root();
    runner.open.push(root);
    runner.apply(Rc::new(vec![document]), &NO_MODE, Rc::default());
    runner.all()?;
    Ok(root)
}

static NO_MODE: Option<Name> = None;

pub(super) struct Runner<'w, 's> {
    pub(super) world: &'w mut World<'s>,
    work: Vec<Work<'s>>,
    /// What is being built, the innermost last.
    pub(super) open: Vec<NodeId>,
    /// What the templates that run were called with, the innermost last.
    parameters: Vec<Parameters>,
}

impl<'s> Runner<'_, 's> {
    fn globals(&mut self, sheet: &'s Stylesheet, document: NodeId, given: &[(Arc<str>, Arc<str>)]) -> Outcome<()> {
        for index in &sheet.order {
            let Some(global) = sheet.globals.get(*index) else { continue };
            let told = given.iter().find(|(name, _)| global.is_parameter && global.name == Name::local(name));
            let value = match (told, &global.binding) {
                (Some((_, value)), _) => Value::Text(Rc::from(&**value)),
                (None, Binding::Empty) => Value::Text(Rc::from("")),
                (None, Binding::Select(select)) => {
                    self.world.activations.push(vec![None; global.locals]);
                    let value = self.world.eval(select, Focus::on(document, 1, 1))?;
                    self.world.activations.pop();
                    value
                }
                (None, Binding::Content(body)) => {
                    let root = self.world.tree.root();
                    self.enter(global.locals, Rc::default())?;
                    self.open.push(root);
                    self.push(Work::Leave)?;
                    self.push(Work::Body { body, at: 0, focus: Focus::on(document, 1, 1) })?;
                    self.all()?;
                    self.open.pop();
                    Value::Fragment(root)
                }
            };
            if let Some(place) = self.world.globals.get_mut(*index) {
                *place = Some(value);
            }
        }
        Ok(())
    }

    fn push(&mut self, work: Work<'s>) -> Outcome<()> {
        if self.work.len() >= WORK_MAX {
            return Err(Fail::new("the transformation is nested too deep"));
        }
        self.work.push(work);
        Ok(())
    }

    fn enter(&mut self, locals: usize, parameters: Parameters) -> Outcome<()> {
        if self.world.activations.len() >= CALLS_MAX {
            return Err(Fail::new(format!("templates call each other more than {CALLS_MAX} deep")));
        }
        self.world.charge(1 + locals)?;
        self.world.activations.push(vec![None; locals]);
        self.parameters.push(parameters);
        Ok(())
    }

    fn apply(&mut self, nodes: Rc<Vec<NodeId>>, mode: &'s Option<Name>, parameters: Parameters) {
        self.work.push(Work::Apply { nodes, next: 0, mode, parameters });
    }

    fn all(&mut self) -> Outcome<()> {
        while let Some(work) = self.work.last_mut() {
            match work {
                Work::Body { body, at, focus } => {
                    let body: &'s [Instruction] = body;
                    let Some(instruction) = body.get(*at) else {
                        self.work.pop();
                        continue;
                    };
                    *at += 1;
                    let focus = *focus;
                    self.world.charge(1)?;
                    self.instruction(instruction, focus)?;
                }
                Work::Each { nodes, next, body } => {
                    let Some(node) = nodes.get(*next).copied() else {
                        self.work.pop();
                        continue;
                    };
                    *next += 1;
                    let (body, focus) = (*body, Focus::on(node, *next, nodes.len()));
                    self.push(Work::Body { body, at: 0, focus })?;
                }
                Work::Apply { nodes, next, mode, parameters } => {
                    let Some(node) = nodes.get(*next).copied() else {
                        self.work.pop();
                        continue;
                    };
                    *next += 1;
                    let focus = Focus::on(node, *next, nodes.len());
                    let (mode, parameters) = (*mode, Rc::clone(parameters));
                    self.template_for(focus, mode, parameters)?;
                }
                Work::Attributes { literal, focus } => {
                    let (literal, focus) = (*literal, *focus);
                    self.work.pop();
                    for (name, value) in &literal.attributes {
                        let value = self.world.avt(value, focus)?;
                        self.add_attribute(name.clone(), Arc::from(value))?;
                    }
                }
                Work::End(_) => {
                    if let Some(Work::End(captured)) = self.work.pop() {
                        self.end(captured)?;
                    }
                }
                Work::Leave => {
                    self.work.pop();
                    self.world.activations.pop();
                    self.parameters.pop();
                }
            }
        }
        Ok(())
    }

    fn template_for(&mut self, focus: Focus, mode: &'s Option<Name>, parameters: Parameters) -> Outcome<()> {
        let sheet = self.world.sheet;
        for rule in sheet.rules.get(mode).into_iter().flatten() {
            if self.world.matches(focus.node, &rule.pattern)? {
                return self.call(rule.template, parameters, focus);
            }
        }
        self.built_in(focus, mode)
    }

    // XSLT 1.0 §5.8: what happens where no template is for the node.
    fn built_in(&mut self, focus: Focus, mode: &'s Option<Name>) -> Outcome<()> {
        match self.world.tree.kind(focus.node) {
            Kind::Root | Kind::Element(..) => {
                let nodes: Vec<NodeId> = self.world.tree.children(focus.node).collect();
                self.world.charge(nodes.len())?;
                self.push(Work::Apply { nodes: Rc::new(nodes), next: 0, mode, parameters: Rc::default() })
            }
            Kind::Text(..) | Kind::Attribute(..) => {
                let text = self.world.text(focus.node)?;
                self.write(&text, Escaping::On)
            }
            Kind::Namespace(..) | Kind::Comment(_) | Kind::Instruction(..) => Ok(()),
        }
    }

    fn call(&mut self, template: usize, parameters: Parameters, focus: Focus) -> Outcome<()> {
        let sheet = self.world.sheet;
        let template = sheet.templates.get(template).ok_or_else(|| Fail::new("a template is missing"))?;
        self.enter(template.locals, parameters)?;
        self.push(Work::Leave)?;
        self.push(Work::Body { body: &template.body, at: 0, focus })
    }

    fn body(&mut self, body: &'s [Instruction], focus: Focus) -> Outcome<()> {
        self.push(Work::Body { body, at: 0, focus })
    }

    fn instruction(&mut self, instruction: &'s Instruction, focus: Focus) -> Outcome<()> {
        match instruction {
            Instruction::Text(text, escaping) => self.write(text, *escaping),
            Instruction::ValueOf(select, escaping) => {
                let text = self.world.eval(select, focus)?.text(self.world)?;
                self.write(&text, *escaping)
            }
            Instruction::CopyOf(select) => {
                let value = self.world.eval(select, focus)?;
                self.copy_of(value)
            }
            Instruction::ApplyTemplates(apply) => self.apply_templates(apply, focus),
            Instruction::ApplyImports(mode) => self.built_in(focus, mode),
            Instruction::CallTemplate(template, parameters) => {
                let parameters = self.evaluated(parameters, focus)?;
                self.call(*template, parameters, focus)
            }
            Instruction::ForEach(select, sorts, body) => {
                let nodes = self.world.eval(select, focus)?.nodes()?;
                let nodes = self.sorted(nodes, sorts, focus)?;
                self.push(Work::Each { nodes, next: 0, body })
            }
            Instruction::If(test, body) => {
                if self.world.bool(test, focus)? {
                    self.body(body, focus)?;
                }
                Ok(())
            }
            Instruction::Choose(whens, otherwise) => {
                for (test, body) in whens {
                    if self.world.bool(test, focus)? {
                        return self.body(body, focus);
                    }
                }
                self.body(otherwise, focus)
            }
            Instruction::Literal(literal) => self.literal(literal, focus),
            Instruction::Element(made) => self.element(made, focus),
            Instruction::Attribute(made) => self.attribute(made, focus),
            Instruction::Comment(body) => self.capture(Captured::Comment, body, focus),
            Instruction::Target(target, body) => {
                let target = self.world.avt(target, focus)?;
                self.capture(Captured::Instruction(Arc::from(target.trim())), body, focus)
            }
            Instruction::Copy(sets, body) => self.copy(sets, body, focus),
            Instruction::Variable(slot, binding) => self.bind(*slot, binding, focus),
            Instruction::Parameter(slot, name, binding) => {
                let given = self.parameters.last().and_then(|parameters| {
                    parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
                });
                match given {
                    Some(value) => {
                        self.set(*slot, value);
                        Ok(())
                    }
                    None => self.bind(*slot, binding, focus),
                }
            }
            Instruction::Terminate(body) => self.capture(Captured::Message, body, focus),
            Instruction::Number(numbering) => {
                let text = self.world.numbered(numbering, focus)?;
                self.write(&text, Escaping::On)
            }
        }
    }

    /// Keeps the value of a variable.
    pub(super) fn set(&mut self, slot: usize, value: Value) {
        if let Some(place) = self.world.activations.last_mut().and_then(|locals| locals.get_mut(slot)) {
            *place = Some(value);
        }
    }

    fn bind(&mut self, slot: usize, binding: &'s Binding, focus: Focus) -> Outcome<()> {
        let value = match binding {
            Binding::Empty => Value::Text(Rc::from("")),
            Binding::Select(select) => self.world.eval(select, focus)?,
            Binding::Content(body) => return self.capture(Captured::Variable(slot), body, focus),
        };
        self.set(slot, value);
        Ok(())
    }

    // Builds what `body` gives apart from the result, then does with it what `captured` says.
    fn capture(&mut self, captured: Captured, body: &'s [Instruction], focus: Focus) -> Outcome<()> {
        let root = self.world.tree.root();
        self.world.charge(super::world::NODE_STEPS)?;
        self.open.push(root);
        self.push(Work::End(captured))?;
        self.body(body, focus)
    }

    fn evaluated(&self, parameters: &'s [(Name, Expr)], focus: Focus) -> Outcome<Parameters> {
        let evaluated = parameters.iter().map(|(name, value)| Ok((name.clone(), self.world.eval(value, focus)?)));
        Ok(Rc::new(evaluated.collect::<Outcome<_>>()?))
    }

    fn apply_templates(&mut self, apply: &'s Apply, focus: Focus) -> Outcome<()> {
        let nodes = match &apply.select {
            Some(select) => self.world.eval(select, focus)?.nodes()?,
            None => Rc::new(self.world.tree.children(focus.node).collect()),
        };
        self.world.charge(nodes.len())?;
        let nodes = self.sorted(nodes, &apply.sorts, focus)?;
        let parameters = self.evaluated(&apply.parameters, focus)?;
        self.push(Work::Apply { nodes, next: 0, mode: &apply.mode, parameters })
    }

    fn sorted(&self, nodes: Rc<Vec<NodeId>>, sorts: &'s [Sort], focus: Focus) -> Outcome<Rc<Vec<NodeId>>> {
        if sorts.is_empty() { Ok(nodes) } else { self.world.sorted(&nodes, sorts, focus).map(Rc::new) }
    }

    fn literal(&mut self, literal: &'s Literal, focus: Focus) -> Outcome<()> {
        self.start(literal.name.clone(), Arc::clone(&literal.scope))?;
        self.push(Work::End(Captured::Element))?;
        self.body(&literal.body, focus)?;
        self.push(Work::Attributes { literal, focus })?;
        self.use_sets(&literal.sets, focus)
    }

    // What a set gives comes first, so that the element's own attributes stay.
    fn use_sets(&mut self, sets: &'s [Name], focus: Focus) -> Outcome<()> {
        let sheet = self.world.sheet;
        for name in sets.iter().rev() {
            for set in sheet.attribute_sets.iter().rev().filter(|set| set.name == *name) {
                self.enter(set.locals, Rc::default())?;
                self.push(Work::Leave)?;
                self.body(&set.body, focus)?;
                // INVARIANT: no set uses itself, and they use each other only so deep: `sets_in_circle` has looked.
                self.use_sets(&set.uses, focus)?;
            }
        }
        Ok(())
    }

    fn element(&mut self, made: &'s Made, focus: Focus) -> Outcome<()> {
        let mut name = self.made_name(made, focus, false)?;
        if name.namespace.is_empty() {
            name.prefix = Arc::default();
        }
        self.start(name, Arc::default())?;
        self.push(Work::End(Captured::Element))?;
        self.body(&made.body, focus)?;
        self.use_sets(&made.sets, focus)
    }

    fn attribute(&mut self, made: &'s Made, focus: Focus) -> Outcome<()> {
        let name = self.made_name(made, focus, true)?;
        if *name.local == *"xmlns" && name.namespace.is_empty() || *name.namespace == *XMLNS {
            return Err(Fail::new("`xsl:attribute` cannot declare a namespace"));
        }
        self.capture(Captured::Attribute(name), &made.body, focus)
    }

    fn made_name(&self, made: &Made, focus: Focus, is_attribute: bool) -> Outcome<Name> {
        let written = self.world.avt(&made.name, focus)?;
        let (prefix, local) = written.trim().split_once(':').unwrap_or(("", written.trim()));
        let is_wrong = |part: &str| crate::expr::xml::verify_local(part).is_err();
        if is_wrong(local) || !prefix.is_empty() && is_wrong(prefix) {
            return Err(Fail::new(format!("`{written}` is not a name")));
        }
        let namespace: Arc<str> = match &made.namespace {
            Some(namespace) => Arc::from(self.world.avt(namespace, focus)?),
            None if prefix.is_empty() && is_attribute => Arc::default(),
            None if prefix == "xml" => Arc::from(crate::expr::xml::XML),
            None => match made.scope.namespace_of(prefix) {
                Some(namespace) => Arc::clone(namespace),
                None if prefix.is_empty() => Arc::default(),
                None => return Err(Fail::new(format!("the prefix `{prefix}` of `{written}` is not declared"))),
            },
        };
        let prefix = if namespace.is_empty() { "" } else { prefix };
        Ok(Name { namespace, local: Arc::from(local), prefix: Arc::from(prefix) })
    }

    fn copy(&mut self, sets: &'s [Name], body: &'s [Instruction], focus: Focus) -> Outcome<()> {
        match self.world.tree.kind(focus.node).clone() {
            Kind::Root => self.body(body, focus),
            Kind::Element(name, scope) => {
                self.start(name, scope)?;
                self.push(Work::End(Captured::Element))?;
                self.body(body, focus)?;
                self.use_sets(sets, focus)
            }
            Kind::Attribute(name, value) => self.add_attribute(name, value),
            Kind::Namespace(prefix, namespace) => self.add_namespace(&prefix.local, &namespace),
            Kind::Text(text, escaping) => self.write(&text, escaping),
            other @ (Kind::Comment(_) | Kind::Instruction(..)) => self.add(other),
        }
    }
}

impl World<'_> {
    /// The text of a value with expressions in it.
    pub(super) fn avt(&self, avt: &Avt, focus: Focus) -> Outcome<String> {
        let mut text = String::new();
        for piece in &avt.0 {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Expr(expr) => text.push_str(&self.eval(expr, focus)?.text(self)?),
            }
            if text.len() > TEXT_BYTES_MAX {
                return Err(Fail::new(format!("a text of the transformation is longer than {TEXT_BYTES_MAX} bytes")));
            }
        }
        self.charge(text.len() / 16)?;
        Ok(text)
    }

    fn sorted(&self, nodes: &[NodeId], sorts: &[Sort], focus: Focus) -> Outcome<Vec<NodeId>> {
        let mut ways = Vec::with_capacity(sorts.len());
        for sort in sorts {
            let is_number = self.avt(&sort.data_type, focus)? == "number";
            let is_descending = self.avt(&sort.order, focus)? == "descending";
            let is_upper_first = self.avt(&sort.case_order, focus)? == "upper-first";
            ways.push(Way { is_number, is_descending, is_upper_first });
        }
        let mut keyed = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            let inside = Focus::on(*node, index + 1, nodes.len());
            let mut keys = Vec::with_capacity(sorts.len());
            for (sort, way) in sorts.iter().zip(&ways) {
                let text = self.eval(&sort.select, inside)?.text(self)?;
                let number = if way.is_number { number::number(&text) } else { 0.0 };
                keys.push((text.to_lowercase(), text, number));
            }
            keyed.push((keys, *node));
        }
        // Comparisons, in steps: a text is compared up to where two differ.
        self.charge(keyed.len().saturating_mul(keyed.len().checked_ilog2().unwrap_or(0) as usize))?;
        keyed.sort_by(|(left, _), (right, _)| {
            let mut each = left.iter().zip(right).zip(&ways).map(|((left, right), way)| way.compare(left, right));
            each.find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
        Ok(keyed.into_iter().map(|(_, node)| node).collect())
    }
}

/// How two values are put in order.
struct Way {
    is_number: bool,
    is_descending: bool,
    is_upper_first: bool,
}

/// A value in lower case, as it is, and as a number.
type SortKey = (String, Rc<str>, f64);

impl Way {
    fn compare(&self, left: &SortKey, right: &SortKey) -> std::cmp::Ordering {
        let order = if self.is_number {
            // What is no number comes first.
            match (left.2.is_nan(), right.2.is_nan()) {
                (false, false) => left.2.partial_cmp(&right.2).unwrap_or(std::cmp::Ordering::Equal),
                (left, right) => right.cmp(&left),
            }
        } else {
            let case = || if self.is_upper_first { left.1.cmp(&right.1) } else { right.1.cmp(&left.1) };
            left.0.cmp(&right.0).then_with(case)
        };
        if self.is_descending { order.reverse() } else { order }
    }
}
