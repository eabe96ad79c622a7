//! Types with parameters: binding them, replacing them, and what a type derives from. Knows no values.

use std::sync::Arc;

use super::bcl::TABLE;
use super::ty::{Class, ClassKind, RecordKind, Ty};

/// The most supertypes that are followed; no type of the table comes near.
const SUPERTYPES_MAX: usize = 32;

/// Binds type parameters so that `pattern` becomes `ty`.
pub(crate) fn unify(pattern: &Ty, ty: &Ty, bindings: &mut [Option<Ty>]) -> bool {
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
        (Ty::Grid(pattern, dimensions), Ty::Grid(ty, others)) if dimensions == others => unify(pattern, ty, bindings),
        (Ty::Record(kind, patterns), Ty::Record(other, types)) if kind == other && patterns.len() == types.len() => {
            patterns.iter().zip(types.iter()).all(|((_, pattern), (_, ty))| unify(pattern, ty, bindings))
        }
        (Ty::Generic(pattern_class, patterns), Ty::Generic(class, types)) => {
            let same = pattern_class == class && patterns.len() == types.len();
            same && patterns.iter().zip(types.iter()).all(|(pattern, ty)| unify(pattern, ty, bindings))
        }
        (pattern, ty) => pattern == ty,
    }
}

/// Whether [`unify`] is worth trying: classes that differ never match.
pub(crate) fn may_unify(pattern: &Ty, ty: &Ty) -> bool {
    match (pattern, ty) {
        (Ty::Class(pattern), Ty::Class(class)) | (Ty::Generic(pattern, _), Ty::Generic(class, _)) => pattern == class,
        (Ty::Class(_) | Ty::Generic(..), _) => false,
        _ => true,
    }
}

/// `ty` with its type parameters replaced.
pub(crate) fn substitute(ty: &Ty, types: &[Ty]) -> Ty {
    match ty {
        Ty::Param(index) => types.get(*index).cloned().unwrap_or(Ty::Error),
        Ty::Array(item) => Ty::array(substitute(item, types)),
        Ty::Nullable(inner) => Ty::nullable(substitute(inner, types)),
        Ty::Grid(item, dimensions) => Ty::Grid(Arc::new(substitute(item, types)), *dimensions),
        Ty::Generic(class, arguments) => {
            Ty::Generic(*class, arguments.iter().map(|argument| substitute(argument, types)).collect::<Arc<[Ty]>>())
        }
        Ty::Record(kind, members) => {
            let members = members.iter().map(|(name, ty)| (Arc::clone(name), substitute(ty, types)));
            Ty::Record(*kind, members.collect())
        }
        other => other.clone(),
    }
}

/// `ty` with those of its type parameters replaced that are bound; `None` when one is not.
pub(crate) fn bound(ty: &Ty, bindings: &[Option<Ty>]) -> Option<Ty> {
    match ty {
        Ty::Param(index) => bindings.get(*index).cloned().flatten(),
        Ty::Array(item) => bound(item, bindings).map(Ty::array),
        Ty::Nullable(inner) => bound(inner, bindings).map(Ty::nullable),
        Ty::Grid(item, dimensions) => bound(item, bindings).map(|item| Ty::Grid(Arc::new(item), *dimensions)),
        Ty::Record(kind, members) => {
            let bound = members.iter().map(|(name, ty)| Some((Arc::clone(name), bound(ty, bindings)?)));
            bound.collect::<Option<_>>().map(|members| Ty::Record(*kind, members))
        }
        Ty::Generic(class, arguments) => {
            let arguments: Option<Arc<[Ty]>> = arguments.iter().map(|argument| bound(argument, bindings)).collect();
            arguments.map(|arguments| Ty::Generic(*class, arguments))
        }
        other => Some(other.clone()),
    }
}

/// The type and everything that it derives from or implements, nearest first, without `object`.
pub(crate) fn supertypes(ty: &Ty) -> Vec<Ty> {
    let mut found = vec![ty.clone()];
    let mut at = 0;
    while let Some(current) = found.get(at).cloned() {
        let mut add = |base: Ty| {
            if !found.contains(&base) && found.len() < SUPERTYPES_MAX {
                found.push(base);
            }
        };
        if let Ty::Class(class) = &current
            && let Some(base) = class.base()
        {
            add(Ty::Class(base));
        }
        if let Ty::Class(class) = &current
            && class.kind() == ClassKind::Enum
        {
            add(Ty::Class(Class::Enum));
        }
        if let Ty::Grid(..) = current {
            add(Ty::Class(Class::Array));
        }
        for (pattern, base, parameters) in TABLE.bases().iter().filter(|base| may_unify(&base.0, &current)) {
            let mut bindings = vec![None; *parameters];
            if unify(pattern, &current, &mut bindings) {
                let types: Vec<Ty> = bindings.into_iter().map(|ty| ty.unwrap_or(Ty::Error)).collect();
                add(substitute(base, &types));
            }
        }
        at += 1;
    }
    found
}

/// The types of the items of a sequence; `None` when it is none.
pub(crate) fn item_type(ty: &Ty) -> Option<Ty> {
    let all = supertypes(ty);
    let typed = all.iter().find_map(|ty| match ty {
        Ty::Generic(Class::IEnumerable, arguments) => arguments.first().cloned(),
        _ => None,
    });
    typed.or_else(|| all.contains(&Ty::Class(Class::IEnumerable)).then_some(Ty::Object))
}

/// What a delegate takes and gives.
pub(crate) fn delegate(ty: &Ty) -> Option<(Vec<Ty>, Ty)> {
    match ty {
        Ty::Generic(Class::Func, types) => {
            let (result, parameters) = types.split_last()?;
            Some((parameters.to_vec(), result.clone()))
        }
        Ty::Generic(Class::Action, types) => Some((types.to_vec(), Ty::Void)),
        Ty::Class(Class::Action) => Some((Vec::new(), Ty::Void)),
        Ty::Class(Class::MatchEvaluator) => Some((vec![Ty::Class(Class::Match)], Ty::String)),
        Ty::Generic(Class::Predicate, types) => Some((types.to_vec(), Ty::Bool)),
        Ty::Generic(Class::Converter, types) => Some((vec![types.first()?.clone()], types.get(1)?.clone())),
        Ty::Generic(Class::Comparison, types) => {
            let item = types.first()?;
            Some((vec![item.clone(), item.clone()], Ty::Int32))
        }
        _ => None,
    }
}

/// How many type arguments a class takes; no entry means none.
const ARITIES: [(Class, std::ops::RangeInclusive<usize>); 29] = [
    (Class::JEnumerable, 1..=1),
    (Class::IJEnumerable, 1..=1),
    (Class::Tuple, 0..=8),
    (Class::IEnumerable, 1..=1),
    (Class::IOrderedEnumerable, 1..=1),
    (Class::IGrouping, 2..=2),
    (Class::ILookup, 2..=2),
    (Class::IEnumerator, 1..=1),
    (Class::ICollection, 1..=1),
    (Class::IReadOnlyCollection, 1..=1),
    (Class::IList, 1..=1),
    (Class::IReadOnlyList, 1..=1),
    (Class::IDictionary, 2..=2),
    (Class::ReadOnlyDictionary, 2..=2),
    (Class::ISet, 1..=1),
    (Class::List, 1..=1),
    (Class::ReadOnlyCollection, 1..=1),
    (Class::Dictionary, 2..=2),
    (Class::HashSet, 1..=1),
    (Class::Queue, 1..=1),
    (Class::Stack, 1..=1),
    (Class::KeyValuePair, 2..=2),
    (Class::IEqualityComparer, 1..=1),
    (Class::IComparer, 1..=1),
    (Class::Func, 1..=17),
    (Class::Action, 0..=16),
    (Class::Predicate, 1..=1),
    (Class::Comparison, 1..=1),
    (Class::Converter, 2..=2),
];

/// Whether the class takes so many type arguments.
pub(crate) fn takes(class: Class, count: usize) -> bool {
    ARITIES.iter().find(|(other, _)| *other == class).map_or(count == 0, |(_, arity)| arity.contains(&count))
}

/// The position and type of a member of an anonymous type or a tuple; a tuple's members are `Item1` … too.
pub(crate) fn field(ty: &Ty, name: &str) -> Option<(usize, Ty)> {
    let Ty::Record(kind, members) = ty else { return None };
    let named = members.iter().position(|(member, _)| &**member == name);
    let numbered = || {
        let number: usize = name.strip_prefix("Item")?.parse().ok()?;
        number.checked_sub(1).filter(|_| *kind == RecordKind::Tuple)
    };
    let at = named.or_else(numbered)?;
    members.get(at).map(|(_, ty)| (at, ty.clone()))
}
