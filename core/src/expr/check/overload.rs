//! Which member of a name is meant: type parameters inferred, arguments matched, the best one chosen (C# 7, §12.6).

use super::better::is_better;
use super::convert::{implicit, implicit_of};
use super::statement::is_statement;
use super::{Checker, Typed};
use crate::expr::bcl::{Member, Parameter};
use crate::expr::generic::{bound, delegate, substitute, supertypes, unify};
use crate::expr::syntax::{Expr, Ident, Lambda, LambdaBody, OutTarget};
use crate::expr::ty::{Class, Ty, Variance};
use crate::span::Span;

/// An argument. Its type may depend on the member that is chosen.
pub(super) struct Given<'e> {
    pub(super) name: Option<Ident>,
    pub(super) typed: Typed,
    pub(super) open: Open<'e>,
}

/// What an argument is that has no type of its own.
pub(super) enum Open<'e> {
    /// It has one.
    No,
    Lambda(&'e Lambda),
    /// A method group
    Methods(&'e Expr),
    Out(&'e OutTarget),
    Ref(&'e Expr),
}

/// Where a parameter's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Argument(usize),
    Default,
    /// `params`: all arguments from this one on.
    Rest(usize),
}

/// A member that takes the arguments.
pub(super) struct Candidate<'m> {
    pub(super) member: &'m Member,
    pub(super) sources: Vec<Source>,
    /// What each type parameter stands for.
    pub(super) types: Vec<Ty>,
    /// What the bodies of lambdas come to, by argument.
    pub(super) bodies: Vec<Option<Ty>>,
}

impl Candidate<'_> {
    /// Whether the member is one of this type, as it has turned out.
    pub(super) fn is_of(&self, ty: &Ty) -> bool {
        ty.converts_to(&substitute(&self.member.owner, &self.types))
    }
}

/// Members with what the type parameters of their owners stand for.
pub(super) type Found<'m> = Vec<(&'m Member, Vec<Option<Ty>>)>;

impl Checker<'_> {
    /// The best of the members that take the arguments; `explicit` are the type arguments as written. Reports when none is the best,
    /// and gives one of them then.
    pub(super) fn choose<'m>(
        &mut self,
        members: &Found<'m>,
        explicit: &[Ty],
        given: &[Given<'_>],
        span: Span,
    ) -> Option<Candidate<'m>> {
        let mut candidates: Vec<Candidate<'m>> = Vec::new();
        for (member, bindings) in members {
            // What fits as it stands is not tried with its rest spread out.
            let fitting = [false, true]
                .into_iter()
                .find_map(|expanded| self.applicable(member, bindings, explicit, given, expanded));
            candidates.extend(fitting);
        }
        let wins = |candidate: &Candidate<'_>| {
            let others = candidates.iter().filter(|other| !std::ptr::eq(*other, candidate));
            others.into_iter().all(|other| is_better(candidate, other, given))
        };
        let best = candidates.iter().position(wins);
        if best.is_none()
            && let [first, second, ..] = &candidates[..]
        {
            let message =
                format!("the call is ambiguous: `{}` and `{}`", first.member.signature, second.member.signature);
            let help = Some("a cast of an argument says which is meant".to_owned());
            self.problems.add_with_help("ambiguous-call", span, message, help);
        }
        candidates.into_iter().nth(best.unwrap_or(0))
    }

    fn applicable<'m>(
        &mut self,
        member: &'m Member,
        bindings: &[Option<Ty>],
        explicit: &[Ty],
        given: &[Given<'_>],
        expanded: bool,
    ) -> Option<Candidate<'m>> {
        let sources = sources(member, given, expanded)?;
        let owned = bindings;
        let mut bindings = explicitly(member, owned, explicit)?;
        let mut patterns = Vec::with_capacity(given.len());
        for index in 0..given.len() {
            patterns.push(pattern(member, &sources, index)?);
        }
        for (given, pattern) in given.iter().zip(&patterns) {
            let is_out = matches!(given.open, Open::Out(_));
            let has_type = matches!(given.open, Open::No | Open::Ref(_)) || is_out && given.typed.ty != Ty::Null;
            if has_type && given.typed.ty != Ty::Null {
                infer(pattern, &given.typed.ty, &mut bindings);
            }
        }
        let bodies = self.infer_bodies(given, &patterns, &mut bindings)?;
        let types: Option<Vec<Ty>> = bindings.types.into_iter().collect();
        let candidate = Candidate { member, sources, types: types?, bodies };
        if !suits_receiver(member, owned, &candidate.types) {
            return None;
        }
        let fits = (0..given.len()).all(|index| fits(&candidate, given, index));
        fits.then_some(candidate)
    }

    // Types the bodies of lambdas whose parameters are known, until nothing new is learnt.
    fn infer_bodies(
        &mut self,
        given: &[Given<'_>],
        patterns: &[Ty],
        bindings: &mut Bindings,
    ) -> Option<Vec<Option<Ty>>> {
        let mut bodies: Vec<Option<Ty>> = vec![None; given.len()];
        loop {
            let mut learnt = false;
            for ((given, pattern), body) in given.iter().zip(patterns).zip(&mut bodies) {
                let written = match &given.open {
                    Open::Lambda(lambda) => Some(lambda.parameters.len()),
                    Open::Methods(_) => None,
                    Open::No | Open::Out(_) | Open::Ref(_) => continue,
                };
                if body.is_some() {
                    continue;
                }
                let pattern = match pattern {
                    Ty::Param(_) => bound(pattern, &bindings.types)?,
                    pattern => pattern.clone(),
                };
                let (parameters, result) = delegate(&pattern)?;
                if written.is_some_and(|written| written != parameters.len()) {
                    return None;
                }
                self.infer_written(&given.open, &parameters, bindings);
                let known: Option<Vec<Ty>> = parameters.iter().map(|ty| bound(ty, &bindings.types)).collect();
                let Some(known) = known else { continue };
                for parameter in &parameters {
                    bindings.fix(parameter);
                }
                let parameters = known;
                let ty = match &given.open {
                    Open::Lambda(lambda) => self.trial(lambda, &parameters, given.typed.span),
                    Open::Methods(expr) => {
                        let lambda = Self::group_as_lambda(expr, parameters.len());
                        let ty = self.trial(&lambda, &parameters, given.typed.span);
                        // No overload of the method takes such arguments.
                        if ty == Ty::Error {
                            return None;
                        }
                        ty
                    }
                    Open::No | Open::Out(_) | Open::Ref(_) => continue,
                };
                if !matches!(ty, Ty::Void | Ty::Null | Ty::Error) {
                    infer(&result, &ty, bindings);
                } else if ty == Ty::Error {
                    // What is wrong inside is said when the lambda is emitted; until then any type will do.
                    unify(&result, &Ty::Error, &mut bindings.types);
                }
                *body = Some(ty);
                learnt = true;
            }
            if !learnt {
                return Some(bodies);
            }
        }
    }

    fn infer_written(&mut self, open: &Open<'_>, parameters: &[Ty], bindings: &mut Bindings) {
        let Open::Lambda(lambda) = open else { return };
        for ((written, _), pattern) in lambda.parameters.iter().zip(parameters) {
            if let (Some(written), None) = (written, bound(pattern, &bindings.types)) {
                let ty = self.resolve(written);
                unify(pattern, &ty, &mut bindings.types);
            }
        }
    }
}

// What type parameters stand for so far.
struct Bindings {
    types: Vec<Option<Ty>>,
    /// Those that stay as they are: given as written, or what a lambda was typed with.
    fixed: Vec<bool>,
}

impl Bindings {
    fn fix(&mut self, pattern: &Ty) {
        match pattern {
            Ty::Param(at) => {
                if let Some(fixed) = self.fixed.get_mut(*at) {
                    *fixed = true;
                }
            }
            Ty::Generic(_, parts) => parts.iter().for_each(|part| self.fix(part)),
            Ty::Array(part) | Ty::Nullable(part) => self.fix(part),
            _ => {}
        }
    }

    fn learn(&mut self, at: usize, ty: &Ty, variance: Variance) {
        let fixed = self.fixed.get(at).copied().unwrap_or(true);
        match self.types.get_mut(at) {
            Some(place @ None) => *place = Some(ty.clone()),
            // A wider type takes the place of a narrower one; an upper bound changes nothing.
            Some(Some(known))
                if !fixed
                    && variance == Variance::Out
                    && known != ty
                    && implicit(known, ty).is_some()
                    && implicit(ty, known).is_none() =>
            {
                *known = ty.clone();
            }
            Some(Some(_)) | None => {}
        }
    }
}

// The type arguments as written; those of an extension method may name its receiver's too.
fn explicitly(member: &Member, owned: &[Option<Ty>], explicit: &[Ty]) -> Option<Bindings> {
    let own = member.type_parameters - member.owner_type_parameters;
    let mut bindings = Bindings { types: owned.to_vec(), fixed: vec![false; owned.len()] };
    if !member.is_extension {
        bindings.fixed.iter_mut().take(member.owner_type_parameters).for_each(|fixed| *fixed = true);
    }
    let from = match explicit.len() {
        0 => return Some(bindings),
        count if count == own => member.owner_type_parameters,
        1 if names_items(member, explicit) => return Some(bindings),
        count if count == member.type_parameters && member.is_extension => 0,
        _ => return None,
    };
    for ((place, fixed), ty) in bindings.types.iter_mut().zip(&mut bindings.fixed).skip(from).zip(explicit) {
        *place = Some(ty.clone());
        *fixed = true;
    }
    Some(bindings)
}

// Whether the type argument is that of the items of a sequence of tokens or nodes, whose types the table knows by their common one:
// `Elements<XElement>()`.
fn names_items(member: &Member, explicit: &[Ty]) -> bool {
    const OF_NODES: [&str; 7] =
        ["Ancestors", "DescendantNodes", "Descendants", "Elements", "InDocumentOrder", "Nodes", "Remove"];
    const OF_TOKENS: [&str; 5] = ["Ancestors", "AncestorsAndSelf", "Children", "Descendants", "DescendantsAndSelf"];
    let (Ty::Generic(Class::IEnumerable, items), [ty]) = (&member.owner, explicit) else { return false };
    let Some(item @ Ty::Class(class)) = items.first() else { return false };
    let names: &[&str] = if class.namespace() == "System.Xml.Linq" { &OF_NODES } else { &OF_TOKENS };
    member.is_extension && names.contains(&&*member.name) && ty.converts_to(item)
}

// What is learnt from arguments may widen the receiver's own types only as references widen; those of a map not at all.
fn suits_receiver(member: &Member, owned: &[Option<Ty>], types: &[Ty]) -> bool {
    const MAPS: [Class; 3] = [Class::Dictionary, Class::IDictionary, Class::ReadOnlyDictionary];
    let is_wide = member.owner.class().is_none_or(|class| !MAPS.contains(&class));
    let pairs = owned.iter().take(member.owner_type_parameters).zip(types);
    pairs.into_iter().all(|(owned, ty)| match owned {
        Some(owned) => owned == ty || *ty == Ty::Error || is_wide && owned.is_reference() && owned.converts_to(ty),
        None => true,
    })
}

// Binds type parameters from an argument, through what its type derives from.
fn infer(pattern: &Ty, ty: &Ty, bindings: &mut Bindings) {
    bounded(pattern, ty, Variance::Out, bindings);
}

// `Out`: a lower bound; `In`: an upper one, as from what a delegate takes; `None`: no other type will do.
fn bounded(pattern: &Ty, ty: &Ty, variance: Variance, bindings: &mut Bindings) {
    match pattern {
        Ty::Param(at) => bindings.learn(*at, ty, variance),
        Ty::Generic(class, patterns) => {
            let mut same = supertypes(ty).into_iter().filter_map(|ty| match ty {
                Ty::Generic(other, types) if other == *class => Some(types),
                _ => None,
            });
            // A `JObject` is a sequence in two ways, of which none is meant more than the other.
            let (Some(types), None) = (same.next(), same.next()) else { return };
            for (at, (pattern, ty)) in patterns.iter().zip(types.iter()).enumerate() {
                let inner = match (class.variance(at, patterns.len()), variance) {
                    (Variance::None, _) | (_, Variance::None) => Variance::None,
                    (Variance::Out, outer) => outer,
                    (Variance::In, Variance::In) => Variance::Out,
                    (Variance::In, Variance::Out) => Variance::In,
                };
                bounded(pattern, ty, inner, bindings);
            }
        }
        Ty::Array(pattern) => {
            if let Ty::Array(item) = ty {
                bounded(pattern, item, variance, bindings);
            }
        }
        Ty::Grid(pattern, dimensions) => {
            if let Ty::Grid(item, others) = ty
                && dimensions == others
            {
                infer(pattern, item, bindings);
            }
        }
        Ty::Record(_, patterns) => {
            if let Ty::Record(_, types) = ty {
                for ((_, pattern), (_, ty)) in patterns.iter().zip(types.iter()) {
                    infer(pattern, ty, bindings);
                }
            }
        }
        Ty::Nullable(pattern) => match ty {
            Ty::Nullable(inner) => bounded(pattern, inner, variance, bindings),
            other => bounded(pattern, other, variance, bindings),
        },
        _ => {}
    }
}

fn fits(candidate: &Candidate<'_>, given: &[Given<'_>], index: usize) -> bool {
    let (Some(wanted), Some(given)) = (wanted(candidate, index), given.get(index)) else { return false };
    let parameter = parameter_of(candidate.member, &candidate.sources, index);
    let is_out = parameter.is_some_and(|(parameter, _)| parameter.is_out);
    let is_ref = parameter.is_some_and(|(parameter, _)| parameter.is_ref);
    match &given.open {
        Open::Out(_) => {
            is_out && (given.typed.ty == Ty::Null || given.typed.ty == wanted || given.typed.ty == Ty::Error)
        }
        Open::Ref(_) => is_ref && given.typed.ty == wanted,
        Open::No => !is_out && !is_ref && implicit_of(&given.typed, &wanted).is_some(),
        Open::Lambda(_) | Open::Methods(_) => {
            let body = candidate.bodies.get(index).and_then(Option::as_ref);
            match (delegate(&wanted), body) {
                (Some((_, Ty::Void)), Some(_)) => match &given.open {
                    Open::Lambda(lambda) => match &lambda.body {
                        LambdaBody::Expression(expr) => is_statement(expr),
                        LambdaBody::Block(_) => true,
                    },
                    _ => true,
                },
                // What a method returns matters once it is chosen.
                (Some(_), Some(_)) if matches!(given.open, Open::Methods(_)) => true,
                (Some((_, result)), Some(body)) => *body == Ty::Error || implicit(body, &result).is_some(),
                _ => false,
            }
        }
    }
}

fn parameter_of<'m>(member: &'m Member, sources: &[Source], index: usize) -> Option<(&'m Parameter, bool)> {
    let position = sources.iter().position(|source| match source {
        Source::Argument(at) => *at == index,
        Source::Rest(from) => index >= *from,
        Source::Default => false,
    })?;
    let is_rest = matches!(sources.get(position)?, Source::Rest(_));
    member.parameters.get(position).map(|parameter| (parameter, is_rest))
}

fn pattern(member: &Member, sources: &[Source], index: usize) -> Option<Ty> {
    let (parameter, is_rest) = parameter_of(member, sources, index)?;
    Some(match (&parameter.ty, is_rest) {
        (Ty::Array(item), true) => (**item).clone(),
        (ty, _) => ty.clone(),
    })
}

/// The type that this candidate wants of the argument.
pub(super) fn wanted(candidate: &Candidate<'_>, index: usize) -> Option<Ty> {
    pattern(candidate.member, &candidate.sources, index).map(|pattern| substitute(&pattern, &candidate.types))
}

fn sources(member: &Member, given: &[Given<'_>], expanded: bool) -> Option<Vec<Source>> {
    let last_is_variadic = member.parameters.last().is_some_and(|parameter| parameter.is_variadic);
    if expanded && !last_is_variadic {
        return None;
    }
    let fixed = member.parameters.len() - usize::from(expanded);
    let mut sources: Vec<Option<Source>> = member.parameters.iter().map(|_| None).collect();
    for (index, given) in given.iter().enumerate() {
        let position = match &given.name {
            Some(name) => member.parameters.iter().position(|parameter| parameter.name == name.text)?,
            None => index,
        };
        if position >= fixed && expanded && given.name.is_none() {
            break;
        }
        let place = sources.get_mut(position)?;
        if place.is_some() {
            return None;
        }
        *place = Some(Source::Argument(index));
    }
    if expanded && let Some(last) = sources.last_mut() {
        *last = Some(Source::Rest(fixed.min(given.len())));
    }
    let filled = sources.into_iter().zip(&member.parameters).map(|(source, parameter)| match source {
        Some(source) => Some(source),
        None => has_default(parameter).then_some(Source::Default),
    });
    filled.collect()
}

const fn has_default(parameter: &Parameter) -> bool {
    parameter.default.is_some()
}

/// An argument of a known type.
pub(super) fn given(typed: Typed) -> Given<'static> {
    Given { name: None, typed, open: Open::No }
}

/// The type that is asked for a lambda to be shown in a diagnostic.
pub(super) fn shown(given: &Given<'_>) -> String {
    let value = match &given.open {
        Open::No => given.typed.ty.to_string(),
        Open::Lambda(_) => "lambda".to_owned(),
        Open::Methods(_) => "method".to_owned(),
        Open::Out(_) if given.typed.ty == Ty::Null => "out var".to_owned(),
        Open::Out(_) => format!("out {}", given.typed.ty),
        Open::Ref(_) => format!("ref {}", given.typed.ty),
    };
    given.name.as_ref().map_or_else(|| value.clone(), |name| format!("{}: {value}", name.text))
}
