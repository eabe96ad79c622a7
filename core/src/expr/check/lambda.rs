//! Lambdas and method groups as delegates: bodies are typed against what a delegate takes and gives.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::flow::Assigned;
use super::statement::is_statement;
use super::{Checker, Frame, FrameKind, Typed, Wanted};
use crate::expr::bcl::TABLE;
use crate::expr::generic::delegate;
use crate::expr::limits::TREE_HEIGHT_MAX;
use crate::expr::node::{Body, FunctionNode, FunctionsStep, Node, Step};
use crate::expr::parse::signature::Form;
use crate::expr::syntax::{Argument, Block, Expr, ExprKind, Ident, Lambda, LambdaBody};
use crate::expr::ty::Ty;
use crate::span::Span;

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

    /// `delegate { … }`, which takes whatever is handed to it.
    pub(super) fn anonymous_method(&mut self, block: &Block, to: &Ty, span: Span) -> Typed {
        let count = delegate(to).map_or(0, |(parameters, _)| parameters.len());
        let name = |at| Ident { text: format!("<argument {at} of {}>", span.start).into(), span };
        let parameters = (0..count).map(|at| (None, name(at))).collect();
        let body = LambdaBody::Block(block.clone());
        self.lambda(&Lambda { parameters, body, unpacked: Vec::new() }, to, span)
    }

    // The code of a lambda, and the type of what it returns.
    fn function(&mut self, lambda: &Lambda, parameters: &[Ty], wanted: Wanted) -> (FunctionNode, Ty) {
        let (function, ty, _) = self.function_in(Frame::new(wanted), lambda, parameters, &[]);
        (function, ty)
    }

    /// The code of a local function, and the variables outside that it stores; `outs` says which parameters are `out`.
    pub(super) fn local_body(
        &mut self,
        lambda: &Lambda,
        parameters: &[Ty],
        wanted: Wanted,
        outs: &[bool],
    ) -> (FunctionNode, Ty, BTreeSet<u16>) {
        let mut frame = Frame::new(wanted);
        frame.kind = FrameKind::Local;
        self.function_in(frame, lambda, parameters, outs)
    }

    fn function_in(
        &mut self,
        frame: Frame,
        lambda: &Lambda,
        parameters: &[Ty],
        outs: &[bool],
    ) -> (FunctionNode, Ty, BTreeSet<u16>) {
        let outer = std::mem::replace(&mut self.frame, frame);
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
            if outs.get(at) == Some(&true) {
                self.frame.outs.push((slot, name.clone()));
            } else {
                self.frame.assigned.insert(slot);
            }
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
        // What is declared inside is no name for the blocks around any more.
        self.frame.names.extend(frame.names.iter().cloned());
        let ty = best_common(&frame.results);
        let stored = frame.captures.iter().filter(|capture| frame.stored.contains(&capture.inner));
        let stored = stored.map(|capture| capture.outer).collect();
        let function = FunctionNode {
            body: result,
            parameters: u16::try_from(parameters.len()).unwrap_or(u16::MAX),
            slots: frame.slots,
            height: height_of(&lambda.body),
            captures: frame.captures.into(),
            ty: Ty::Object,
        };
        (function, ty, stored)
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

    // What gives nothing is a call, an assignment or the like.
    fn action_body(&mut self, expr: &Expr) -> Node {
        let typed = self.value(expr);
        if !is_statement(expr) && typed.ty != Ty::Error {
            let message = "this delegate gives nothing, and the value of this expression is not used";
            self.report("type-mismatch", expr.span, message);
        }
        typed.node
    }

    fn function_body(&mut self, body: &LambdaBody, mut unpacked: Vec<Node>) -> Body {
        match body {
            LambdaBody::Expression(expr) => {
                let node = match &self.frame.wanted {
                    _ if matches!(expr.kind, ExprKind::Throw(_)) => {
                        let typed = self.branch(expr);
                        self.result(typed)
                    }
                    Wanted::Type(Ty::Void) => self.action_body(expr),
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
        let (arrays, names) = (self.arrays, self.frame.names.len());
        let captures: Vec<usize> = self.frames().map(|frame| frame.captures.len()).collect();
        let states: Vec<(u16, Assigned)> = self.frames().map(|frame| (frame.slots, frame.assigned.clone())).collect();
        let functions: Vec<(usize, Vec<usize>)> =
            self.frames().map(|frame| (frame.instances.len(), frame.scopes.iter().map(Vec::len).collect())).collect();
        let (_, result) = self.function(lambda, parameters, Wanted::Anything);
        let failed = std::mem::replace(self.problems, problems);
        self.arrays = arrays;
        self.frame.names.truncate(names);
        let frames = self.outer.iter_mut().chain(std::iter::once(&mut self.frame));
        let restored = frames.zip(captures.into_iter().zip(states)).zip(functions);
        for ((frame, (captures, (slots, assigned))), (instances, scopes)) in restored {
            frame.instances.truncate(instances);
            for (scope, length) in frame.scopes.iter_mut().zip(scopes) {
                scope.truncate(length);
            }
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
        if self.is_function(expr) {
            return true;
        }
        let ExprKind::Member(inner, name, _) = &expr.kind else { return false };
        let methods = TABLE.named(&name.text);
        let is_method = methods.iter().any(|member| member.form == Form::Method);
        if !is_method || methods.iter().any(|member| member.form == Form::Property) {
            return false;
        }
        // A name before the dot tells enough: a type, or a value that has no property of this name.
        !matches!(inner.kind, ExprKind::Lambda(_) | ExprKind::Out(_) | ExprKind::ArrayItems(_) | ExprKind::Error)
    }

    /// The step that makes the local functions of a block; `first` is the first slot that belongs to the block.
    pub(super) fn functions_step(&self, first: u16, functions: Vec<(u16, Arc<FunctionNode>)>) -> Step {
        let captured: Vec<u16> = self.frame.captures.iter().map(|capture| capture.inner).collect();
        let mut ahead: Vec<u16> = functions
            .iter()
            .flat_map(|(_, function)| function.captures.iter().map(|capture| capture.outer))
            // What the function around captured itself is shared already.
            .filter(|slot| *slot >= first && !captured.contains(slot))
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
        if let Some(name) = arguments.iter().find_map(|argument| argument.name.as_ref()) {
            let message = format!("the parameters of `{}` have no name `{}`", delegate_value.ty, name.text);
            self.report("no-overload", name.span, message);
        }
        let mut nodes = Vec::new();
        for (argument, ty) in arguments.iter().zip(&parameters) {
            let typed = self.value_as(&argument.value, ty);
            nodes.push(self.convert_to(typed, ty).node);
        }
        Typed::new(Node::Invoke(Box::new((delegate_value.node, nodes.into()))), result, span)
    }
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
