//! `System.Tuple`. What a tuple holds is a record, as of `(1, "x")`.

use std::sync::Arc;

use super::{Call, Row, row};
use crate::expr::exception::{Outcome, broken, throw};
use crate::expr::instance::Record;
use crate::expr::ty::{Class, RecordKind, Ty};
use crate::value::Value;

/// The items of a tuple before its `Rest`.
const FLAT: usize = 7;

macro_rules! tuples {
    ($($owner:literal $create:literal $parameters:literal $written:literal { $($place:literal $item:literal,)* })*) => {
        pub(super) const ROWS: &[Row] = &[$(
            row($owner, concat!("new ", $owner, "(", $written, ")"), made),
            row("Tuple", concat!("static ", $owner, " Create<", $parameters, ">(", $create, ")"), made),
            $(row($owner, $item, |call| item(call, $place)),)*
        )*
            row("Tuple<TA, TB, TC, TD, TE, TF, TG, TRest>", "new Tuple<TA, TB, TC, TD, TE, TF, TG, TRest>(TA item1, TB item2, TC item3, TD item4, TE item5, TF item6, TG item7, TRest rest)", |call| {
                let is_tuple = matches!(call.ty(FLAT), Ty::Generic(Class::Tuple, _)) && !call.value(FLAT).is_null();
                if is_tuple { made(call) } else { Err(throw("System.ArgumentException", "The last element of an eight element tuple must be a Tuple.")) }
            }),
            row("Tuple<TA, TB, TC, TD, TE, TF, TG, TRest>", "TA Item1", |call| item(call, 0)),
            row("Tuple<TA, TB, TC, TD, TE, TF, TG, TRest>", "TB Item2", |call| item(call, 1)),
            row("Tuple<TA, TB, TC, TD, TE, TF, TG, TRest>", "TC Item3", |call| item(call, 2)),
            row("Tuple<TA, TB, TC, TD, TE, TF, TG, TRest>", "TD Item4", |call| item(call, 3)),
            row("Tuple<TA, TB, TC, TD, TE, TF, TG, TRest>", "TE Item5", |call| item(call, 4)),
            row("Tuple<TA, TB, TC, TD, TE, TF, TG, TRest>", "TF Item6", |call| item(call, 5)),
            row("Tuple<TA, TB, TC, TD, TE, TF, TG, TRest>", "TG Item7", |call| item(call, 6)),
            row("Tuple<TA, TB, TC, TD, TE, TF, TG, TRest>", "TRest Rest", |call| item(call, 7)),
            row(
                "Tuple",
                "static Tuple<TA, TB, TC, TD, TE, TF, TG, Tuple<TH>> Create<TA, TB, TC, TD, TE, TF, TG, TH>(TA item1, TB item2, TC item3, TD item4, TE item5, TF item6, TG item7, TH item8)",
                eight,
            ),
        ];
    };
}

tuples! {
    "Tuple<TA>" "TA item1" "TA" "TA item1" { 0 "TA Item1", }
    "Tuple<TA, TB>" "TA item1, TB item2" "TA, TB" "TA item1, TB item2" { 0 "TA Item1", 1 "TB Item2", }
    "Tuple<TA, TB, TC>" "TA item1, TB item2, TC item3" "TA, TB, TC" "TA item1, TB item2, TC item3" {
        0 "TA Item1", 1 "TB Item2", 2 "TC Item3",
    }
    "Tuple<TA, TB, TC, TD>" "TA item1, TB item2, TC item3, TD item4" "TA, TB, TC, TD" "TA item1, TB item2, TC item3, TD item4" {
        0 "TA Item1", 1 "TB Item2", 2 "TC Item3", 3 "TD Item4",
    }
    "Tuple<TA, TB, TC, TD, TE>" "TA item1, TB item2, TC item3, TD item4, TE item5" "TA, TB, TC, TD, TE"
    "TA item1, TB item2, TC item3, TD item4, TE item5" {
        0 "TA Item1", 1 "TB Item2", 2 "TC Item3", 3 "TD Item4", 4 "TE Item5",
    }
    "Tuple<TA, TB, TC, TD, TE, TF>" "TA item1, TB item2, TC item3, TD item4, TE item5, TF item6" "TA, TB, TC, TD, TE, TF"
    "TA item1, TB item2, TC item3, TD item4, TE item5, TF item6" {
        0 "TA Item1", 1 "TB Item2", 2 "TC Item3", 3 "TD Item4", 4 "TE Item5", 5 "TF Item6",
    }
    "Tuple<TA, TB, TC, TD, TE, TF, TG>" "TA item1, TB item2, TC item3, TD item4, TE item5, TF item6, TG item7" "TA, TB, TC, TD, TE, TF, TG"
    "TA item1, TB item2, TC item3, TD item4, TE item5, TF item6, TG item7" {
        0 "TA Item1", 1 "TB Item2", 2 "TC Item3", 3 "TD Item4", 4 "TE Item5", 5 "TF Item6", 6 "TG Item7",
    }
}

/// A tuple that a member gives, whose members have these names.
pub(super) fn named(call: &mut Call<'_, '_>, members: [(&str, Ty, Value); 2]) -> Outcome<Value> {
    let types = members.iter().map(|(name, ty, _)| (Arc::from(*name), ty.clone())).collect();
    let values = members.into_iter().map(|(_, _, value)| value).collect();
    call.object(Ty::Record(RecordKind::Tuple, types), Record::new(values)?)
}

fn made(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let ty = Ty::Generic(Class::Tuple, call.types.into());
    let items = call.arguments.to_vec();
    call.object(ty, Record::new(items)?)
}

// The eighth item is a tuple of its own.
fn eight(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let (Some((flat, [last])), Some((types, [rest]))) =
        (call.arguments.split_at_checked(FLAT), call.types.split_at_checked(FLAT))
    else {
        return Err(broken("a tuple of another size"));
    };
    let rest = Ty::Generic(Class::Tuple, [rest.clone()].into());
    let inner = call.machine.object(rest.clone(), Record::new(vec![last.clone()])?)?;
    let items = flat.iter().cloned().chain([inner]).collect();
    let types = types.iter().cloned().chain([rest]).collect();
    call.machine.object(Ty::Generic(Class::Tuple, types), Record::new(items)?)
}

fn item(call: &Call<'_, '_>, at: usize) -> Outcome<Value> {
    let found = call.state(0, |record: &mut Record| record.0.get(at).cloned())?;
    found.ok_or_else(|| broken("a tuple without this item"))
}
