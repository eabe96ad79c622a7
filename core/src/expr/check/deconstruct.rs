//! Deconstruction of tuples and pairs, and conversions between tuples.

use super::convert::{apply, implicit_of};
use super::target::{Place, again};
use super::{Checker, Typed};
use crate::expr::node::{Node, Step};
use crate::expr::syntax::{Expr, ExprKind, Ident, Part};
use crate::expr::ty::{Class, RecordKind, Ty};
use crate::span::Span;

/// A part whose place has been evaluated.
enum Target<'e> {
    Declare(Option<Ty>, &'e Ident),
    Place(Box<Place>, Ty),
    Discard,
    Nested(Vec<Target<'e>>),
    /// Something that was reported already.
    Error,
}

impl Checker<'_> {
    pub(super) fn deconstruction(&mut self, parts: &[Part], value: &Expr, steps: &mut Vec<Step>) {
        let mut nodes = Vec::new();
        let targets = self.targets(parts, &mut nodes);
        let mut stores = Vec::new();
        self.take_apart(targets, value, &mut nodes, &mut stores);
        for (target, typed) in stores {
            self.assign_part(target, typed, &mut nodes);
        }
        steps.extend(nodes.into_iter().map(Step::Run));
    }

    fn targets<'e>(&mut self, parts: &'e [Part], nodes: &mut Vec<Node>) -> Vec<Target<'e>> {
        let mut targets = Vec::new();
        for part in parts {
            targets.push(match part {
                Part::Declare(written, name) => {
                    let ty = written.as_ref().map(|written| self.resolve(written));
                    Target::Declare(ty, name)
                }
                Part::Discard => Target::Discard,
                Part::Nested(nested) => Target::Nested(self.targets(nested, nodes)),
                Part::Place(expr) => match self.place(expr, nodes) {
                    Some((place, ty)) => Target::Place(Box::new(place), ty),
                    None => Target::Error,
                },
            });
        }
        targets
    }

    // Evaluates all values before the first is stored.
    fn take_apart<'e>(
        &mut self,
        targets: Vec<Target<'e>>,
        value: &Expr,
        nodes: &mut Vec<Node>,
        stores: &mut Vec<(Target<'e>, Typed)>,
    ) {
        match &value.kind {
            ExprKind::Paren(inner) => self.take_apart(targets, inner, nodes, stores),
            ExprKind::Tuple(members) if members.len() == targets.len() => {
                for (target, (_, member)) in targets.into_iter().zip(members) {
                    if let Target::Nested(nested) = target {
                        self.take_apart(nested, member, nodes, stores);
                        continue;
                    }
                    let typed = match &target {
                        Target::Declare(Some(ty), _) | Target::Place(_, ty) => self.value_as(member, ty),
                        _ => self.value(member),
                    };
                    self.fitted(target, typed, nodes, stores);
                }
            }
            _ => {
                let typed = self.value(value);
                self.apart(targets, typed, nodes, stores);
            }
        }
    }

    fn apart<'e>(
        &mut self,
        targets: Vec<Target<'e>>,
        value: Typed,
        nodes: &mut Vec<Node>,
        stores: &mut Vec<(Target<'e>, Typed)>,
    ) {
        let value = self.kept(value, nodes);
        let members = self.members_apart(&value, targets.len());
        for (target, member) in targets.into_iter().zip(members) {
            match target {
                Target::Nested(nested) => self.apart(nested, member, nodes, stores),
                target => self.fitted(target, member, nodes, stores),
            }
        }
    }

    // The value as its target wants it, in a slot of its own.
    fn fitted<'e>(
        &mut self,
        target: Target<'e>,
        typed: Typed,
        nodes: &mut Vec<Node>,
        stores: &mut Vec<(Target<'e>, Typed)>,
    ) {
        let typed = match &target {
            Target::Declare(Some(ty), _) | Target::Place(_, ty) => self.convert_to(typed, ty),
            Target::Declare(None, _) => {
                let ty = self.inferred(&typed);
                Typed { ty, ..typed }
            }
            Target::Discard | Target::Nested(_) | Target::Error => typed,
        };
        let kept = self.kept(typed, nodes);
        stores.push((target, kept));
    }

    // A value in a slot: also a local, which one of the targets may change.
    fn kept(&mut self, typed: Typed, nodes: &mut Vec<Node>) -> Typed {
        if let Node::Constant(_) = typed.node {
            return typed;
        }
        let slot = self.slot(typed.span);
        self.frame.assigned.insert(slot);
        nodes.push(Node::Declare(slot, Box::new(typed.node)));
        Typed::new(Node::Local(slot), typed.ty, typed.span)
    }

    // The members of a tuple, of a pair, or of a `Tuple`.
    fn members_apart(&mut self, value: &Typed, count: usize) -> Vec<Typed> {
        let span = value.span;
        let names: Vec<String> = match &value.ty {
            Ty::Record(RecordKind::Tuple, members) if members.len() == count => {
                let fields = members.iter().enumerate();
                return fields
                    .map(|(at, (_, ty))| Typed::new(Node::Field(Box::new(again(value).node), at), ty.clone(), span))
                    .collect();
            }
            Ty::Generic(Class::KeyValuePair, _) if count == 2 => vec!["Key".to_owned(), "Value".to_owned()],
            Ty::Generic(class, types) if class.name() == "Tuple" && types.len() == count => {
                (1..=count).map(|at| format!("Item{at}")).collect()
            }
            Ty::Error => return (0..count).map(|_| Typed::error(span)).collect(),
            other => {
                self.report("type-mismatch", span, format!("`{other}` does not come apart into {count} variables"));
                return (0..count).map(|_| Typed::error(span)).collect();
            }
        };
        names.iter().map(|name| self.property(again(value), &Ident { text: name.as_str().into(), span })).collect()
    }

    fn assign_part(&mut self, target: Target<'_>, typed: Typed, nodes: &mut Vec<Node>) {
        match target {
            Target::Declare(_, name) => {
                let slot = self.declare(name, typed.ty);
                self.frame.assigned.insert(slot);
                nodes.push(Node::Declare(slot, Box::new(typed.node)));
            }
            Target::Place(place, _) => {
                let span = typed.span;
                let node = self.save(*place, typed, span);
                nodes.push(node);
            }
            Target::Discard | Target::Nested(_) | Target::Error => {}
        }
    }

    /// A tuple where another tuple's type is wanted: each member takes the type of its place.
    pub(super) fn tuple_as(&mut self, members: &[(Option<Ident>, Expr)], to: &Ty, span: Span) -> Typed {
        let Ty::Record(RecordKind::Tuple, wanted) = to else { return self.tuple(members, span) };
        if wanted.len() != members.len() {
            return self.tuple(members, span);
        }
        let mut nodes = Vec::new();
        for ((_, member), (_, ty)) in members.iter().zip(wanted.iter()) {
            let typed = self.value_as(member, ty);
            let conversion = implicit_of(&typed, ty);
            nodes.push(match conversion {
                Some(conversion) => apply(conversion, typed.node),
                None => self.convert_to(typed, ty).node,
            });
        }
        Typed::new(Node::Record(to.clone(), nodes.into()), to.clone(), span)
    }
}
