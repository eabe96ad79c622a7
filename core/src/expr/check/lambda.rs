//! Lambdas, method groups as delegates, local functions: bodies are typed against what a delegate takes and gives.

use std::sync::Arc;

use super::flow::Assigned;
use super::{Checker, Frame, Typed, Wanted};
use crate::expr::bcl::TABLE;
use crate::expr::generic::delegate;
use crate::expr::limits::TREE_HEIGHT_MAX;
use crate::expr::node::{Body, FunctionNode, FunctionsStep, Node, Step};
use crate::expr::parse::signature::Form;
use crate::expr::syntax::{Argument, Expr, ExprKind, Ident, Lambda, LambdaBody, LocalFunction, Stmt, StmtKind};
use crate::expr::ty::{Class, Ty};
use crate::span::Span;

const LOCAL_FUNCTION: &str = "a local function";

/// What a lambda's body came to for parameters of these types.
#[derive(Debug)]
pub(super) struct Trial {
    span: Span,
    parameters: Vec<Ty>,
    surroundings: Vec<Ty>,
    result: Ty,
}

impl Checker<'_> {
    /// A lambda where a delegate is wanted.
    pub(super) fn lambda(&mut self, lambda: &Lambda, to: &Ty, span: Span) -> Typed {
        let Some((parameters, result)) = delegate(to) else {
            self.report("type-mismatch", span, format!("expected `{to}`, found a lambda expression"));
            return Typed::error(span);
        };
        if parameters.len() != lambda.parameters.len() {
            let (wanted, found) = (parameters.len(), lambda.parameters.len());
            let message = format!("`{to}` takes {wanted} arguments, and this lambda has {found} parameters");
            self.report("type-mismatch", span, message);
            return Typed::error(span);
        }
        let (mut function, _) = self.function(lambda, &parameters, Wanted::Type(result));
        function.ty = to.clone();
        Typed::new(Node::Lambda(Arc::new(function)), to.clone(), span)
    }

    // The code of a lambda, and the type of what it returns.
    fn function(&mut self, lambda: &Lambda, parameters: &[Ty], wanted: Wanted) -> (FunctionNode, Ty) {
        let outer = std::mem::replace(&mut self.frame, Frame::new(wanted));
        self.outer.push(outer);
        let depth = self.surroundings.len();
        self.surroundings.extend_from_slice(parameters);
        let mut prelude = Vec::new();
        for (at, ((written, name), ty)) in lambda.parameters.iter().zip(parameters).enumerate() {
            if let Some(written) = written {
                let declared = self.resolve(written);
                if declared != *ty && declared != Ty::Error && *ty != Ty::Error {
                    let message = format!("this parameter is `{ty}`, not `{declared}`");
                    self.report("type-mismatch", written.span, message);
                }
            }
            let slot = match at {
                0 if !lambda.unpacked.is_empty() => self.slot(name.span),
                _ => self.declare(name, ty.clone()),
            };
            self.frame.assigned.insert(slot);
            if at == 0 {
                prelude.push((slot, ty.clone()));
            }
        }
        let unpacked = self.unpack(lambda, prelude.first());
        let result = self.function_body(&lambda.body, unpacked);
        let frame = match self.outer.pop() {
            Some(outer) => std::mem::replace(&mut self.frame, outer),
            None => Frame::new(Wanted::Anything),
        };
        self.surroundings.truncate(depth);
        let ty = best_common(&frame.results);
        let function = FunctionNode {
            body: result,
            parameters: u16::try_from(parameters.len()).unwrap_or(u16::MAX),
            slots: frame.slots,
            height: height_of(&lambda.body),
            captures: frame.captures.into(),
            ty: Ty::Object,
        };
        (function, ty)
    }

    // In a query the members of the one parameter are variables.
    fn unpack(&mut self, lambda: &Lambda, parameter: Option<&(u16, Ty)>) -> Vec<Node> {
        let Some((slot, ty)) = parameter else { return Vec::new() };
        let mut nodes = Vec::new();
        for name in &lambda.unpacked {
            let span = lambda.parameters.first().map_or_else(Span::default, |(_, name)| name.span);
            let (at, ty) = crate::expr::generic::field(ty, name).unwrap_or((0, Ty::Error));
            let local = self.declare(&Ident { text: Arc::clone(name), span }, ty);
            self.frame.assigned.insert(local);
            nodes.push(Node::Declare(local, Box::new(Node::Field(Box::new(Node::Local(*slot)), at))));
        }
        nodes
    }

    fn function_body(&mut self, body: &LambdaBody, mut unpacked: Vec<Node>) -> Body {
        match body {
            LambdaBody::Expression(expr) => {
                let node = match &self.frame.wanted {
                    Wanted::Type(Ty::Void) => self.value(expr).node,
                    Wanted::Type(ty) => {
                        let ty = ty.clone();
                        let typed = self.value_as(expr, &ty);
                        self.result(typed)
                    }
                    Wanted::Anything | Wanted::Place(_) => {
                        let typed = self.value(expr);
                        self.result(typed)
                    }
                };
                if unpacked.is_empty() {
                    return Body::Expression(node);
                }
                unpacked.push(node);
                Body::Expression(Node::Sequence(unpacked.into()))
            }
            LambdaBody::Block(block) => Body::Block(self.whole_block(block)),
        }
    }

    /// The type that the body of a lambda comes to; [`Ty::Error`] when it is wrong, which emitting it reports.
    pub(super) fn trial(&mut self, lambda: &Lambda, parameters: &[Ty], span: Span) -> Ty {
        let known = self.trials.iter().find(|trial| {
            trial.span == span && trial.parameters == parameters && trial.surroundings == self.surroundings
        });
        if let Some(known) = known {
            return known.result.clone();
        }
        let Some(left) = self.trials_left.checked_sub(1) else {
            self.report("expression-limit", span, "the types of the lambdas of this expression take too long to infer");
            return Ty::Error;
        };
        self.trials_left = left;
        let problems = std::mem::take(self.problems);
        let arrays = self.arrays;
        let captures: Vec<usize> = self.frames().map(|frame| frame.captures.len()).collect();
        let states: Vec<(u16, Assigned)> = self.frames().map(|frame| (frame.slots, frame.assigned.clone())).collect();
        let (_, result) = self.function(lambda, parameters, Wanted::Anything);
        let failed = std::mem::replace(self.problems, problems);
        self.arrays = arrays;
        let restored =
            self.outer.iter_mut().chain(std::iter::once(&mut self.frame)).zip(captures.into_iter().zip(states));
        for (frame, (captures, (slots, assigned))) in restored {
            frame.captures.truncate(captures);
            frame.slots = slots;
            frame.assigned = assigned;
        }
        let result = if failed.is_empty() { result } else { Ty::Error };
        let (parameters, surroundings) = (parameters.to_vec(), self.surroundings.clone());
        self.trials.push(Trial { span, parameters, surroundings, result: result.clone() });
        result
    }

    fn frames(&self) -> impl Iterator<Item = &Frame> {
        self.outer.iter().chain(std::iter::once(&self.frame))
    }

    /// `int.Parse` and the like as the lambda that calls it with so many arguments.
    pub(super) fn group_as_lambda(expr: &Expr, parameters: usize) -> Lambda {
        let span = expr.span;
        let names: Vec<Ident> =
            (0..parameters).map(|at| Ident { text: format!("<argument {at}>").into(), span }).collect();
        let arguments = names
            .iter()
            .map(|name| Argument { name: None, value: Expr { span, height: 1, kind: ExprKind::Name(name.clone()) } })
            .collect();
        let height = expr.height.saturating_add(1).min(TREE_HEIGHT_MAX);
        let call = Expr { span, height, kind: ExprKind::Call(Box::new(expr.clone()), arguments) };
        Lambda {
            parameters: names.into_iter().map(|name| (None, name)).collect(),
            body: LambdaBody::Expression(call),
            unpacked: Vec::new(),
        }
    }

    /// Whether the expression names a method that is not called.
    pub(super) fn is_method_group(&mut self, expr: &Expr) -> bool {
        let (inner, name) = match &expr.kind {
            ExprKind::Member(inner, name, _) => (inner, name),
            ExprKind::Name(name) => {
                let local = self.frames().find_map(|frame| frame.find(&name.text));
                return local.is_some_and(|local| local.use_ == super::Use::ReadOnly(LOCAL_FUNCTION));
            }
            _ => return false,
        };
        let methods = TABLE.named(&name.text);
        let is_method = methods.iter().any(|member| member.form == Form::Method);
        if !is_method || methods.iter().any(|member| member.form == Form::Property) {
            return false;
        }
        // A name before the dot tells enough: a type, or a value that has no property of this name.
        !matches!(inner.kind, ExprKind::Lambda(_) | ExprKind::Out(_) | ExprKind::ArrayItems(_) | ExprKind::Error)
    }

    /// The local functions of a block: declared where it begins, checked where they stand.
    pub(super) fn local_functions(&mut self, statements: &[Stmt]) -> Vec<(u16, Ty)> {
        let mut declared = Vec::new();
        for statement in statements {
            let StmtKind::LocalFunction(function) = &statement.kind else { continue };
            let result = self.resolve(&function.result);
            let parameters: Vec<Ty> = function.parameters.iter().map(|(ty, _)| self.resolve(ty)).collect();
            let ty = delegate_type(parameters, result);
            let slot = self.declare_as(&function.name, ty.clone(), super::Use::ReadOnly(LOCAL_FUNCTION));
            self.frame.assigned.insert(slot);
            declared.push((slot, ty));
        }
        declared
    }

    /// The code of a local function.
    pub(super) fn local_function(&mut self, function: &LocalFunction, ty: &Ty) -> Option<Arc<FunctionNode>> {
        let (parameters, result) = delegate(ty)?;
        let lambda = Lambda {
            parameters: function.parameters.iter().map(|(_, name)| (None, name.clone())).collect(),
            body: function.body.clone(),
            unpacked: Vec::new(),
        };
        let (mut node, _) = self.function(&lambda, &parameters, Wanted::Type(result));
        node.ty = ty.clone();
        Some(Arc::new(node))
    }

    /// The step that makes the local functions of a block; `first` is the first slot that belongs to the block.
    pub(super) fn functions_step(first: u16, functions: Vec<(u16, Arc<FunctionNode>)>) -> Step {
        let mut ahead: Vec<u16> = functions
            .iter()
            .flat_map(|(_, function)| function.captures.iter().map(|capture| capture.outer))
            .filter(|slot| *slot >= first)
            .collect();
        ahead.sort_unstable();
        ahead.dedup();
        Step::Functions(Box::new(FunctionsStep { ahead: ahead.into(), functions: functions.into() }))
    }

    /// A delegate that is called.
    pub(super) fn invocation(&mut self, delegate_value: Typed, arguments: &[Argument], span: Span) -> Typed {
        let Some((parameters, result)) = delegate(&delegate_value.ty) else {
            self.report("type-mismatch", delegate_value.span, format!("`{}` cannot be called", delegate_value.ty));
            return Typed::error(span);
        };
        if parameters.len() != arguments.len() {
            let message = format!(
                "`{}` takes {} arguments, and {} are given",
                delegate_value.ty,
                parameters.len(),
                arguments.len()
            );
            self.report("no-overload", span, message);
            return Typed::error(span);
        }
        let mut nodes = Vec::new();
        for (argument, ty) in arguments.iter().zip(&parameters) {
            let typed = self.value_as(&argument.value, ty);
            nodes.push(self.convert_to(typed, ty).node);
        }
        Typed::new(Node::Invoke(Box::new((delegate_value.node, nodes.into()))), result, span)
    }
}

fn delegate_type(mut parameters: Vec<Ty>, result: Ty) -> Ty {
    if parameters.contains(&Ty::Error) || result == Ty::Error {
        return Ty::Error;
    }
    if result != Ty::Void {
        parameters.push(result);
        return Ty::Generic(Class::Func, parameters.into());
    }
    if parameters.is_empty() { Ty::Class(Class::Action) } else { Ty::Generic(Class::Action, parameters.into()) }
}

fn height_of(body: &LambdaBody) -> u16 {
    match body {
        LambdaBody::Expression(expr) => expr.height,
        LambdaBody::Block(block) => {
            block.statements.iter().map(|statement| statement.height).max().unwrap_or(0).saturating_add(1)
        }
    }
}

/// The one of the types that all others convert to; no type at all is no value.
pub(super) fn best_common(types: &[Ty]) -> Ty {
    if types.is_empty() {
        return Ty::Void;
    }
    let fits = |to: &&Ty| types.iter().all(|from| super::convert::implicit(from, to).is_some());
    types.iter().filter(|ty| **ty != Ty::Null).find(fits).or_else(|| types.first()).cloned().unwrap_or(Ty::Void)
}
