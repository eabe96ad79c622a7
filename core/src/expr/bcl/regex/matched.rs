//! `Match`, `Group`, `Capture` and their collections. What they are made of does not change once they are there.

use std::cell::OnceCell;
use std::sync::Arc;

use super::super::{Call, Row, pair, pair_type, row, string};
use crate::expr::eval::Single;
use crate::expr::exception::{Outcome, argument_null, out_of_range, throw};
use crate::expr::instance::{self, Instance, Items, State};
use crate::expr::regex::{Found, Regex, Replacement};
use crate::expr::ty::{Class, Ty};
use crate::value::{Value, WeakObject};

pub(super) const ROWS: &[Row] = &[
    row("Match", "static Match Empty", no_match),
    row("Match", "GroupCollection Groups", |call| {
        if let Some(known) = call.state(0, |hit: &mut Hit| hit.seen.groups.as_ref().and_then(WeakObject::upgrade))? {
            return Ok(Value::Object(known));
        }
        let whole = call.value(0).clone();
        let groups = call.state(0, |hit: &mut Hit| Groups { hit: hit.clone(), whole, items: OnceCell::new() })?;
        let groups = call.machine.object(Ty::Class(Class::GroupCollection), groups)?;
        call.state(0, |hit: &mut Hit| hit.seen.groups = weak(&groups))?;
        Ok(groups)
    }),
    row("Match", "string Result(string replacement)", |call| {
        let replacement = Arc::clone(call.text(1, "replacement")?);
        let written = call.state(0, |hit: &mut Hit| {
            let (regex, found) = (hit.regex.as_ref()?, hit.found.as_ref()?);
            let mut out = Vec::new();
            Replacement::new(&replacement, regex).write(&hit.input.units, found, &mut out);
            Some(String::from_utf16_lossy(&out))
        })?;
        let failed = || throw("System.NotSupportedException", "Result cannot be called on a failed Match.");
        call.yields(written.ok_or_else(failed)?)
    }),
    row("Match", "Match NextMatch()", |call| {
        let hit = call.state(0, |hit: &mut Hit| hit.clone())?;
        let (Some(regex), Some(found)) = (&hit.regex, &hit.found) else { return Ok(call.value(0).clone()) };
        let next = match regex.after(found, hit.input.units.len()) {
            Some(at) => {
                super::counted(call, super::Timeout::None, |budget| regex.find_from(&hit.input.units, at, budget))?
            }
            None => None,
        };
        match_object(call, regex, &hit.input, next)
    }),
    row("Group", "bool Success", |call| {
        let success = call.state(0, |hit: &mut Hit| !hit.captures.is_empty())?;
        Ok(Value::Bool(success))
    }),
    row("Group", "string Name", |call| call.state(0, |hit: &mut Hit| Value::String(Arc::clone(&hit.name)))),
    row("Group", "CaptureCollection Captures", |call| {
        if let Some(known) = call.state(0, |hit: &mut Hit| hit.seen.captures.as_ref().and_then(WeakObject::upgrade))? {
            return Ok(Value::Object(known));
        }
        let whole = call.value(0).clone();
        let captures = call.state(0, |hit: &mut Hit| Captures { hit: hit.clone(), whole, items: OnceCell::new() })?;
        let captures = call.machine.object(Ty::Class(Class::CaptureCollection), captures)?;
        call.state(0, |hit: &mut Hit| hit.seen.captures = weak(&captures))?;
        Ok(captures)
    }),
    row("Capture", "string Value", |call| {
        let text = call.state(0, |hit: &mut Hit| hit.value())?;
        call.yields(text)
    }),
    row("Capture", "int Index", |call| Ok(string::index(call.state(0, |hit: &mut Hit| hit.span().0)?))),
    row("Capture", "int Length", |call| {
        let (start, end) = call.state(0, |hit: &mut Hit| hit.span())?;
        Ok(string::index(end - start))
    }),
    row("GroupCollection", "int Count", |call| Ok(string::index(call.state(0, |groups: &mut Groups| groups.count())?))),
    row("GroupCollection", "Group this[int groupnum]", |call| {
        let number = call.int(1)?;
        if number == 0 {
            return call.state(0, |groups: &mut Groups| groups.whole.clone());
        }
        let known = call.state(0, |groups: &mut Groups| groups.item_at(groups.place_of_number(number)))?;
        known.map_or_else(|| failed_group(call), Ok)
    }),
    row("GroupCollection", "Group this[string groupname]", |call| {
        // What has not matched looks for no name.
        if call.state(0, |groups: &mut Groups| groups.hit.regex.is_none())? && call.value(1).is_null() {
            return failed_group(call);
        }
        let name = Arc::clone(call.text(1, "name")?);
        if &*name == "0" {
            return call.state(0, |groups: &mut Groups| groups.whole.clone());
        }
        let known = call.state(0, |groups: &mut Groups| groups.item_at(groups.place_of_name(&name)))?;
        known.map_or_else(|| failed_group(call), Ok)
    }),
    row("CaptureCollection", "int Count", |call| {
        Ok(string::index(call.state(0, |captures: &mut Captures| captures.hit.captures.len())?))
    }),
    row("CaptureCollection", "Capture this[int i]", |call| {
        let at = usize::try_from(call.int(1)?).ok();
        let found = call.state(0, |captures: &mut Captures| captures.all().get(at?).cloned())?;
        found.ok_or_else(|| out_of_range(OUTSIDE, "i"))
    }),
    row("MatchCollection", "int Count", |call| {
        Ok(string::index(call.state(0, |matches: &mut Matches| matches.found.len())?))
    }),
    row("MatchCollection", "Match this[int i]", match_at),
];

const OUTSIDE: &str = "Specified argument was out of the range of valid values.";

/// The text that is matched, in UTF-16 units.
#[derive(Debug, Default)]
pub(super) struct Input {
    pub(super) units: Vec<u16>,
}

impl Input {
    pub(super) fn part(&self, (start, end): (usize, usize)) -> String {
        String::from_utf16_lossy(self.units.get(start..end).unwrap_or(&[]))
    }
}

/// A match, a group or a capture: each shows its last capture.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    input: Arc<Input>,
    /// Only of a match.
    regex: Option<Regex>,
    found: Option<Found>,
    name: Arc<str>,
    captures: Vec<(usize, usize)>,
    seen: Seen,
}

/// What an expression has seen of a match or a group, which stays the same object. Those refer to it, so it does not keep them.
#[derive(Clone, Debug, Default)]
struct Seen {
    groups: Option<WeakObject>,
    captures: Option<WeakObject>,
}

fn weak(value: &Value) -> Option<WeakObject> {
    match value {
        Value::Object(object) => Some(object.downgrade()),
        _ => None,
    }
}

impl Hit {
    fn none(name: Arc<str>) -> Self {
        Self { input: Arc::default(), regex: None, found: None, name, captures: Vec::new(), seen: Seen::default() }
    }

    fn span(&self) -> (usize, usize) {
        self.captures.last().copied().unwrap_or((0, 0))
    }

    fn value(&self) -> String {
        self.input.part(self.span())
    }
}

impl State for Hit {
    fn text(&self, _ty: &Ty) -> String {
        self.value()
    }
}

/// The object for a match, or for a failed one.
pub(super) fn match_object(
    call: &mut Call<'_, '_>,
    regex: &Regex,
    input: &Arc<Input>,
    found: Option<Found>,
) -> Outcome<Value> {
    match found {
        Some(found) => call.machine.object(Ty::Class(Class::Match), hit(regex, input, found)),
        None => no_match(call),
    }
}

/// A match.
pub(super) fn hit(regex: &Regex, input: &Arc<Input>, found: Found) -> Hit {
    let captures = vec![found.span()];
    let (input, name) = (Arc::clone(input), Arc::from("0"));
    Hit { input, regex: Some(regex.clone()), found: Some(found), name, captures, seen: Seen::default() }
}

/// `Match.Empty`, which every search that finds nothing gives.
pub(super) fn no_match(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let ty = Ty::Class(Class::Match);
    call.machine.single(Single::Match, &ty, |machine| machine.object(ty.clone(), Hit::none(Arc::from("0"))))
}

/// `GroupCollection`
#[derive(Debug)]
struct Groups {
    hit: Hit,
    /// The match that they are of, which is their first.
    whole: Value,
    items: OnceCell<Vec<(Arc<str>, Value)>>,
}

impl Groups {
    fn count(&self) -> usize {
        self.hit.found.as_ref().map_or(1, |found| found.captures.len())
    }

    // A group that is not there has not matched.
    fn at(&self, place: Option<usize>, name: Arc<str>) -> Hit {
        let captures = place.and_then(|place| self.hit.found.as_ref()?.captures.get(place).cloned());
        let (captures, input) = (captures.unwrap_or_default(), Arc::clone(&self.hit.input));
        Hit { input, regex: None, found: None, name, captures, seen: Seen::default() }
    }

    fn place_of_number(&self, number: i32) -> Option<usize> {
        let groups = self.hit.regex.as_ref().map(Regex::groups)?;
        groups.iter().position(|group| i64::from(group.number) == i64::from(number))
    }

    fn place_of_name(&self, name: &Arc<str>) -> Option<usize> {
        self.hit.regex.as_ref()?.group_named(name)
    }

    fn item_at(&self, place: Option<usize>) -> Option<Value> {
        self.all().get(place?).map(|(_, group)| group.clone())
    }

    fn all(&self) -> &[(Arc<str>, Value)] {
        self.items.get_or_init(|| self.made())
    }

    fn made(&self) -> Vec<(Arc<str>, Value)> {
        let Some(regex) = &self.hit.regex else {
            // What has not matched has one group, which has not matched either.
            return vec![(Arc::from("0"), self.whole.clone())];
        };
        let items = regex.groups().iter().enumerate().map(|(place, group)| {
            let name = Arc::clone(&group.name);
            if group.number == 0 {
                return (name, self.whole.clone());
            }
            let hit = self.at(Some(place), Arc::clone(&name));
            (name, Value::Object(Instance::object(Ty::Class(Class::Group), hit)))
        });
        items.collect()
    }
}

impl State for Groups {
    fn items(&self) -> Option<Vec<Value>> {
        Some(self.all().iter().map(|(_, group)| group.clone()).collect())
    }

    fn children(&self) -> Vec<Value> {
        vec![self.whole.clone()]
    }

    fn clear(&mut self) {
        self.whole = Value::Null;
        self.items = OnceCell::new();
    }
}

// A group that is not there has not matched and has no name; all are one object.
fn failed_group(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let ty = Ty::Class(Class::Group);
    call.machine.single(Single::Group, &ty, |machine| machine.object(ty.clone(), Hit::none(Arc::default())))
}

/// What groups and captures say of an array that they are to be copied into; others say nothing here.
pub(in crate::expr::bcl) fn check_copy(call: &Call<'_, '_>, count: usize) -> Outcome<()> {
    let Value::Object(object) = call.value(0) else { return Ok(()) };
    let class = instance::type_of(object).and_then(Ty::class);
    let Some(class @ (Class::GroupCollection | Class::CaptureCollection)) = class else { return Ok(()) };
    if call.value(1).is_null() {
        return Err(argument_null("array"));
    }
    let (from, room) = (call.int(2)?, call.state(1, |items: &mut Items| items.values.len())?);
    let outside = |message: &str| {
        throw(
            "System.ArgumentOutOfRangeException",
            format!("arrayIndex ('{from}') {message}. (Parameter 'arrayIndex')\nActual value was {from}."),
        )
    };
    match usize::try_from(from) {
        Err(_) if class == Class::GroupCollection => Err(outside("must be a non-negative value")),
        Ok(at) if at > room && class == Class::GroupCollection => {
            Err(outside(&format!("must be less than or equal to '{room}'")))
        }
        Ok(at) if at <= room && count <= room - at => Ok(()),
        Ok(at) if at <= room => Err(throw(
            "System.ArgumentException",
            "Destination array is not long enough to copy all the items in the collection. Check array index and length.",
        )),
        Ok(_) | Err(_) => Err(out_of_range(OUTSIDE, "arrayIndex")),
    }
}

/// The groups of a match by their names, as pairs.
pub(in crate::expr::bcl) fn named_groups(groups: &Value) -> Option<Vec<Value>> {
    let ty = pair_type(Ty::String, Ty::Class(Class::Group));
    let items = instance::look(groups, |groups: &mut Groups| groups.all().to_vec())?;
    Some(items.into_iter().map(|(name, group)| pair(&ty, Value::String(name), group)).collect())
}

/// `CaptureCollection`
#[derive(Debug)]
struct Captures {
    hit: Hit,
    /// The group that they are of, which is their last.
    whole: Value,
    items: OnceCell<Vec<Value>>,
}

impl Captures {
    fn at(&self, at: usize) -> Option<Hit> {
        let capture = *self.hit.captures.get(at)?;
        Some(Hit { captures: vec![capture], seen: Seen::default(), ..self.hit.clone() })
    }

    fn all(&self) -> &[Value] {
        self.items.get_or_init(|| {
            let before = (1..self.hit.captures.len()).filter_map(|at| self.at(at - 1));
            let before = before.map(|hit| Value::Object(Instance::object(Ty::Class(Class::Capture), hit)));
            let last = (!self.hit.captures.is_empty()).then(|| self.whole.clone());
            before.chain(last).collect()
        })
    }
}

impl State for Captures {
    fn items(&self) -> Option<Vec<Value>> {
        Some(self.all().to_vec())
    }

    fn children(&self) -> Vec<Value> {
        vec![self.whole.clone()]
    }

    fn clear(&mut self) {
        self.whole = Value::Null;
        self.items = OnceCell::new();
    }
}

/// `MatchCollection`
#[derive(Debug)]
pub(super) struct Matches {
    pub(super) regex: Regex,
    pub(super) input: Arc<Input>,
    pub(super) found: Vec<Found>,
    pub(super) items: OnceCell<Vec<Value>>,
}

impl Matches {
    fn all(&self) -> &[Value] {
        self.items.get_or_init(|| {
            let hits = self.found.iter().map(|found| hit(&self.regex, &self.input, found.clone()));
            hits.map(|hit| Value::Object(Instance::object(Ty::Class(Class::Match), hit))).collect()
        })
    }
}

impl State for Matches {
    fn items(&self) -> Option<Vec<Value>> {
        Some(self.all().to_vec())
    }
}

fn match_at(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let at = usize::try_from(call.int(1)?).ok();
    let found = call.state(0, |matches: &mut Matches| matches.all().get(at?).cloned())?;
    found.ok_or_else(|| out_of_range(OUTSIDE, "i"))
}
