//! Which member of a name is meant: type parameters inferred, arguments matched, the better one chosen (C# 7, §12.6).

use std::sync::Arc;

use super::Typed;
use super::convert::implicit;
use crate::expr::bcl::{Member, Parameter};
use crate::expr::syntax::Ident;
use crate::expr::ty::Ty;

/// An argument that has been typed.
pub(super) struct Given {
    pub(super) name: Option<Ident>,
    pub(super) typed: Typed,
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
pub(super) struct Candidate<'t> {
    pub(super) member: &'t Member,
    pub(super) sources: Vec<Source>,
    /// What each type parameter stands for.
    pub(super) types: Vec<Ty>,
}

/// Binds type parameters so that `pattern` becomes `ty`.
pub(super) fn unify(pattern: &Ty, ty: &Ty, bindings: &mut [Option<Ty>]) -> bool {
    match (pattern, ty) {
        (Ty::Param(index), ty) => match bindings.get_mut(*index) {
            Some(Some(bound)) => bound == ty,
            Some(place) => {
                *place = Some(ty.clone());
                true
            }
            None => false,
        },
        (Ty::Array(pattern), Ty::Array(ty)) | (Ty::Nullable(pattern), Ty::Nullable(ty)) => unify(pattern, ty, bindings),
        (Ty::Generic(pattern_class, patterns), Ty::Generic(class, types)) => {
            let same = pattern_class == class && patterns.len() == types.len();
            same && patterns.iter().zip(types.iter()).all(|(pattern, ty)| unify(pattern, ty, bindings))
        }
        (pattern, ty) => pattern == ty,
    }
}

/// `ty` with its type parameters replaced.
pub(super) fn substitute(ty: &Ty, types: &[Ty]) -> Ty {
    match ty {
        Ty::Param(index) => types.get(*index).cloned().unwrap_or(Ty::Error),
        Ty::Array(item) => Ty::array(substitute(item, types)),
        Ty::Nullable(inner) => Ty::nullable(substitute(inner, types)),
        Ty::Generic(class, arguments) => {
            Ty::Generic(*class, arguments.iter().map(|argument| substitute(argument, types)).collect::<Arc<[Ty]>>())
        }
        other => other.clone(),
    }
}

/// The best of the members that take the arguments; `explicit` are the type arguments as written.
pub(super) fn choose<'t>(
    members: &[(&'t Member, Vec<Option<Ty>>)],
    explicit: &[Ty],
    given: &[Given],
) -> Option<Candidate<'t>> {
    let mut best: Option<Candidate<'t>> = None;
    for (member, bindings) in members {
        for expanded in [false, true] {
            let Some(candidate) = applicable(member, bindings, explicit, given, expanded) else { continue };
            let wins = best.as_ref().is_none_or(|best| is_better(&candidate, best, given));
            if wins {
                best = Some(candidate);
            }
            break;
        }
    }
    best
}

fn applicable<'t>(
    member: &'t Member,
    bindings: &[Option<Ty>],
    explicit: &[Ty],
    given: &[Given],
    expanded: bool,
) -> Option<Candidate<'t>> {
    let sources = sources(member, given, expanded)?;
    let own = member.type_parameters - member.owner_type_parameters;
    let mut bindings = bindings.to_vec();
    if !explicit.is_empty() {
        if explicit.len() != own {
            return None;
        }
        for (place, ty) in bindings.iter_mut().skip(member.owner_type_parameters).zip(explicit) {
            *place = Some(ty.clone());
        }
    } else if own > 0 {
        for (parameter, source) in member.parameters.iter().zip(&sources) {
            let Source::Argument(index) = source else { continue };
            let ty = &given.get(*index)?.typed.ty;
            let is_open = matches!(parameter.ty, Ty::Param(at) if bindings.get(at).is_some_and(Option::is_none));
            if is_open && *ty != Ty::Null {
                unify(&parameter.ty, ty, &mut bindings);
            }
        }
    }
    let types: Option<Vec<Ty>> = bindings.into_iter().collect();
    let candidate = Candidate { member, sources, types: types? };
    let fits = (0..given.len()).all(|index| {
        let wanted = wanted(&candidate, index);
        let typed = given.get(index).map(|given| &given.typed.ty);
        matches!((wanted, typed), (Some(wanted), Some(ty)) if implicit(ty, &wanted).is_some())
    });
    fits.then_some(candidate)
}

/// The type that this candidate wants of the argument.
pub(super) fn wanted(candidate: &Candidate<'_>, index: usize) -> Option<Ty> {
    let position = candidate.sources.iter().position(|source| match source {
        Source::Argument(at) => *at == index,
        Source::Rest(from) => index >= *from,
        Source::Default => false,
    })?;
    let parameter = candidate.member.parameters.get(position)?;
    let ty = match (candidate.sources.get(position)?, &parameter.ty) {
        (Source::Rest(_), Ty::Array(item)) => item,
        _ => &parameter.ty,
    };
    Some(substitute(ty, &candidate.types))
}

fn sources(member: &Member, given: &[Given], expanded: bool) -> Option<Vec<Source>> {
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

fn is_better(new: &Candidate<'_>, best: &Candidate<'_>, given: &[Given]) -> bool {
    let (mut wins, mut losses) = (0, 0);
    for (index, given) in given.iter().enumerate() {
        let (Some(a), Some(b)) = (wanted(new, index), wanted(best, index)) else { continue };
        if a == b {
            continue;
        }
        let exact = |ty: &Ty| *ty == given.typed.ty;
        let a_first = exact(&a) || !exact(&b) && implicit(&a, &b).is_some() && implicit(&b, &a).is_none();
        let b_first = exact(&b) || !exact(&a) && implicit(&b, &a).is_some() && implicit(&a, &b).is_none();
        wins += i32::from(a_first);
        losses += i32::from(b_first);
    }
    if wins != losses {
        return wins > losses && losses == 0;
    }
    // Fewer defaults and the normal form go before the rest; the table's order decides what is left.
    let cost = |candidate: &Candidate<'_>| {
        let rest = candidate.sources.iter().any(|source| matches!(source, Source::Rest(_)));
        let defaults = candidate.sources.iter().filter(|source| **source == Source::Default).count();
        (rest, defaults)
    };
    cost(new) < cost(best)
}
