//! Which of two members that take the same arguments is the better one (C# 7, §12.6.4.3). Infers nothing.

use std::cmp::Ordering;

use super::convert::implicit;
use super::overload::{Candidate, Given, Open, Source, wanted};
use crate::expr::bcl::Member;
use crate::expr::generic::{delegate, substitute};
use crate::expr::ty::Ty;

/// Whether the one is better than the other: no argument goes the worse way, and one the better way, or all go the same way and the
/// member itself is to be preferred.
pub(super) fn is_better(one: &Candidate<'_>, other: &Candidate<'_>, given: &[Given<'_>]) -> bool {
    let (mut wins, mut losses, mut differs) = (0, 0, false);
    // The receiver of an extension method is an argument like any other.
    if let (Some(a), Some(b)) = (receiver(one), receiver(other))
        && a != b
    {
        differs = true;
        wins += i32::from(is_nearer(&a, &b, &Ty::Null));
        losses += i32::from(is_nearer(&b, &a, &Ty::Null));
    }
    for (index, given) in given.iter().enumerate() {
        let (Some(a), Some(b)) = (wanted(one, index), wanted(other, index)) else { continue };
        if a == b {
            continue;
        }
        differs = true;
        let (a, b, ty) = compared(a, b, one, index, given);
        wins += i32::from(is_nearer(&a, &b, &ty));
        losses += i32::from(is_nearer(&b, &a, &ty));
    }
    if !differs {
        return is_preferred(one, other);
    }
    match (wins > 0, losses > 0) {
        (true, false) => true,
        (false, true) => false,
        // What needs no defaults goes before what does, whatever the types.
        (true, true) | (false, false) => defaults(one) == 0 && defaults(other) > 0 && !is_expanded(one),
    }
}

fn receiver(candidate: &Candidate<'_>) -> Option<Ty> {
    candidate.member.is_extension.then(|| substitute(&candidate.member.owner, &candidate.types))
}

fn is_expanded(candidate: &Candidate<'_>) -> bool {
    candidate.sources.iter().any(|source| matches!(source, Source::Rest(_)))
}

fn defaults(candidate: &Candidate<'_>) -> usize {
    candidate.sources.iter().filter(|source| **source == Source::Default).count()
}

// The types that are compared for an argument, and that of the argument itself; `Null` when that does not count.
fn compared(a: Ty, b: Ty, one: &Candidate<'_>, index: usize, given: &Given<'_>) -> (Ty, Ty, Ty) {
    let results = match (delegate(&a), delegate(&b)) {
        (Some((parameters, a)), Some((others, b))) if parameters == others => Some((a, b)),
        _ => None,
    };
    match (&given.open, results) {
        (Open::Lambda(_), Some((a, b))) => {
            let body = one.bodies.get(index).cloned().flatten();
            (a, b, body.unwrap_or(Ty::Null))
        }
        (_, Some((a, b))) => (a, b, Ty::Null),
        _ => (a, b, given.typed.ty.clone()),
    }
}

// Between members that want the same types of the arguments (C# 7, §12.6.4.3, the tie-breaking rules).
fn is_preferred(one: &Candidate<'_>, other: &Candidate<'_>) -> bool {
    let is_generic = |member: &Member| {
        let owned = if member.is_extension { 0 } else { member.owner_type_parameters };
        member.type_parameters > owned
    };
    let parameters = |candidate: &Candidate<'_>| candidate.member.parameters.len();
    let cost = |candidate: &Candidate<'_>| {
        let more = if is_expanded(candidate) { usize::MAX - parameters(candidate) } else { 0 };
        (is_generic(candidate.member), is_expanded(candidate), more, defaults(candidate))
    };
    match cost(one).cmp(&cost(other)) {
        Ordering::Equal if is_more_specific(one.member, other.member) => true,
        // Arrays of the rest that hold nothing compare as they are.
        Ordering::Equal => match (rest_of(one), rest_of(other)) {
            (Some(one), Some(other)) => is_nearer(&one, &other, &Ty::Null),
            _ => false,
        },
        order => order.is_lt(),
    }
}

fn rest_of(candidate: &Candidate<'_>) -> Option<Ty> {
    match &candidate.member.parameters.last()?.ty {
        rest @ Ty::Array(_) if is_expanded(candidate) => Some(rest.clone()),
        _ => None,
    }
}

fn is_more_specific(one: &Member, other: &Member) -> bool {
    let types = |member: &Member| -> Vec<Ty> {
        let owner = member.is_extension.then(|| member.owner.clone());
        owner.into_iter().chain(member.parameters.iter().map(|parameter| parameter.ty.clone())).collect()
    };
    let (one, other) = (types(one), types(other));
    let any = |a: &[Ty], b: &[Ty]| a.iter().zip(b).any(|(a, b)| says_more(a, b));
    any(&one, &other) && !any(&other, &one)
}

// A type parameter says less than a type, wherever in them.
fn says_more(a: &Ty, b: &Ty) -> bool {
    match (a, b) {
        (Ty::Param(_), _) => false,
        (_, Ty::Param(_)) => true,
        (Ty::Array(a), Ty::Array(b)) | (Ty::Nullable(a), Ty::Nullable(b)) => says_more(a, b),
        (Ty::Generic(class, one), Ty::Generic(of, other)) if class == of => {
            let any = |one: &[Ty], other: &[Ty]| one.iter().zip(other).any(|(a, b)| says_more(a, b));
            any(one, other) && !any(other, one)
        }
        _ => false,
    }
}

// Whether `a` is the better target of a conversion from `ty` (C# 7, §12.6.4.6).
fn is_nearer(a: &Ty, b: &Ty, ty: &Ty) -> bool {
    if a == b || b == ty {
        return false;
    }
    if a == ty {
        return true;
    }
    let is_signed = |ty: &Ty| matches!(ty, Ty::SByte | Ty::Int16 | Ty::Int32 | Ty::Int64);
    let is_unsigned = |ty: &Ty| matches!(ty, Ty::Byte | Ty::UInt16 | Ty::UInt32 | Ty::UInt64);
    implicit(a, b).is_some() && implicit(b, a).is_none()
        || is_signed(a) && is_unsigned(b) && implicit(a, b).is_none() && implicit(b, a).is_none()
}
