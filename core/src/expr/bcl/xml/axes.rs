//! The axes of nodes, and those of sequences of nodes (`System.Xml.Linq.Extensions`). All are walked while they are enumerated.

use super::{Call, Class, Row, Ty, Value, found, names, node, row, wrapped};
use crate::expr::eval::Machine;
use crate::expr::eval::cursor::{Cursor, Ready, Shape};
use crate::expr::exception::{Outcome, argument_null, broken, invalid_operation, null_reference};
use crate::expr::xml::{Axis, Sieve, Walk, XNode};

pub(super) const ROWS: &[Row] = &[
    row("XContainer", "IEnumerable<XNode> Nodes()", |call| nodes(call, Axis::Nodes)),
    row("XContainer", "IEnumerable<XNode> DescendantNodes()", |call| nodes(call, Axis::Descendants)),
    row("XElement", "IEnumerable<XNode> DescendantNodesAndSelf()", |call| nodes(call, Axis::DescendantsAndSelf)),
    row("XNode", "IEnumerable<XNode> NodesAfterSelf()", |call| nodes(call, Axis::After)),
    row("XNode", "IEnumerable<XNode> NodesBeforeSelf()", |call| nodes(call, Axis::Before)),
    row("XContainer", "IEnumerable<XElement> Elements()", |call| elements(call, Axis::Nodes)),
    row("XContainer", "IEnumerable<XElement> Elements(XName name)", |call| elements(call, Axis::Nodes)),
    row("XContainer", "IEnumerable<XElement> Descendants()", |call| elements(call, Axis::Descendants)),
    row("XContainer", "IEnumerable<XElement> Descendants(XName name)", |call| elements(call, Axis::Descendants)),
    row("XElement", "IEnumerable<XElement> DescendantsAndSelf()", |call| elements(call, Axis::DescendantsAndSelf)),
    row("XElement", "IEnumerable<XElement> DescendantsAndSelf(XName name)", |call| {
        elements(call, Axis::DescendantsAndSelf)
    }),
    row("XNode", "IEnumerable<XElement> Ancestors()", |call| elements(call, Axis::Ancestors)),
    row("XNode", "IEnumerable<XElement> Ancestors(XName name)", |call| elements(call, Axis::Ancestors)),
    row("XElement", "IEnumerable<XElement> AncestorsAndSelf()", |call| elements(call, Axis::AncestorsAndSelf)),
    row("XElement", "IEnumerable<XElement> AncestorsAndSelf(XName name)", |call| {
        elements(call, Axis::AncestorsAndSelf)
    }),
    row("XNode", "IEnumerable<XElement> ElementsAfterSelf()", |call| elements(call, Axis::After)),
    row("XNode", "IEnumerable<XElement> ElementsAfterSelf(XName name)", |call| elements(call, Axis::After)),
    row("XNode", "IEnumerable<XElement> ElementsBeforeSelf()", |call| elements(call, Axis::Before)),
    row("XNode", "IEnumerable<XElement> ElementsBeforeSelf(XName name)", |call| elements(call, Axis::Before)),
    row("XElement", "IEnumerable<XAttribute> Attributes()", |call| attributes(call, Source::Node)),
    row("XElement", "IEnumerable<XAttribute> Attributes(XName name)", |call| attributes(call, Source::Node)),
    row("XElement", "static IEnumerable<XElement> EmptySequence", |call| {
        call.machine.array_of(Ty::Class(Class::XElement), Vec::new())
    }),
    row("XAttribute", "static IEnumerable<XAttribute> EmptySequence", |call| {
        call.machine.array_of(Ty::Class(Class::XAttribute), Vec::new())
    }),
];

pub(super) const EXTENSIONS: &[Row] = &[
    row("IEnumerable<XContainer>", "this IEnumerable<XNode> Nodes()", |call| all_nodes(call, Axis::Nodes)),
    row("IEnumerable<XContainer>", "this IEnumerable<XNode> DescendantNodes()", |call| {
        all_nodes(call, Axis::Descendants)
    }),
    row("IEnumerable<XElement>", "this IEnumerable<XNode> DescendantNodesAndSelf()", |call| {
        all_nodes(call, Axis::DescendantsAndSelf)
    }),
    row("IEnumerable<XContainer>", "this IEnumerable<XElement> Elements()", |call| all_elements(call, Axis::Nodes)),
    row("IEnumerable<XContainer>", "this IEnumerable<XElement> Elements(XName name)", |call| {
        all_elements(call, Axis::Nodes)
    }),
    row("IEnumerable<XContainer>", "this IEnumerable<XElement> Descendants()", |call| {
        all_elements(call, Axis::Descendants)
    }),
    row("IEnumerable<XContainer>", "this IEnumerable<XElement> Descendants(XName name)", |call| {
        all_elements(call, Axis::Descendants)
    }),
    row("IEnumerable<XElement>", "this IEnumerable<XElement> DescendantsAndSelf()", |call| {
        all_elements(call, Axis::DescendantsAndSelf)
    }),
    row("IEnumerable<XElement>", "this IEnumerable<XElement> DescendantsAndSelf(XName name)", |call| {
        all_elements(call, Axis::DescendantsAndSelf)
    }),
    row("IEnumerable<XNode>", "this IEnumerable<XElement> Ancestors()", |call| all_elements(call, Axis::Ancestors)),
    row("IEnumerable<XNode>", "this IEnumerable<XElement> Ancestors(XName name)", |call| {
        all_elements(call, Axis::Ancestors)
    }),
    row("IEnumerable<XElement>", "this IEnumerable<XElement> AncestorsAndSelf()", |call| {
        all_elements(call, Axis::AncestorsAndSelf)
    }),
    row("IEnumerable<XElement>", "this IEnumerable<XElement> AncestorsAndSelf(XName name)", |call| {
        all_elements(call, Axis::AncestorsAndSelf)
    }),
    row("IEnumerable<XElement>", "this IEnumerable<XAttribute> Attributes()", |call| {
        attributes(call, Source::Sequence)
    }),
    row("IEnumerable<XElement>", "this IEnumerable<XAttribute> Attributes(XName name)", |call| {
        attributes(call, Source::Sequence)
    }),
    row("IEnumerable<XElement>", "this IEnumerable<XElement> InDocumentOrder()", |call| ordered(call, Class::XElement)),
    row("IEnumerable<XNode>", "this IEnumerable<XNode> InDocumentOrder()", |call| ordered(call, Class::XNode)),
    row("IEnumerable<XNode>", "this void Remove()", remove),
    row("IEnumerable<XAttribute>", "this void Remove()", remove),
];

/// What a walk begins at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Node,
    Sequence,
}

fn nodes(call: &mut Call<'_, '_>, axis: Axis) -> Outcome<Value> {
    walk(call, Source::Node, axis, Sieve::Nodes, Class::XNode)
}

fn elements(call: &mut Call<'_, '_>, axis: Axis) -> Outcome<Value> {
    walk(call, Source::Node, axis, Sieve::Elements, Class::XElement)
}

fn all_nodes(call: &mut Call<'_, '_>, axis: Axis) -> Outcome<Value> {
    walk(call, Source::Sequence, axis, Sieve::Nodes, Class::XNode)
}

fn all_elements(call: &mut Call<'_, '_>, axis: Axis) -> Outcome<Value> {
    walk(call, Source::Sequence, axis, Sieve::Elements, Class::XElement)
}

fn attributes(call: &mut Call<'_, '_>, source: Source) -> Outcome<Value> {
    walk(call, source, Axis::Attributes, Sieve::Nodes, Class::XAttribute)
}

const AXES: [Axis; 8] = [
    Axis::Nodes,
    Axis::Attributes,
    Axis::Descendants,
    Axis::DescendantsAndSelf,
    Axis::Ancestors,
    Axis::AncestorsAndSelf,
    Axis::After,
    Axis::Before,
];

// A name that is null finds nothing.
fn walk(call: &mut Call<'_, '_>, source: Source, axis: Axis, sieve: Sieve, item: Class) -> Outcome<Value> {
    if source == Source::Sequence && call.value(0).is_null() {
        return Err(argument_null("source"));
    }
    if call.arguments.len() > 1 && call.value(1).is_null() {
        return call.machine.array_of(Ty::Class(item), Vec::new());
    }
    let axis = AXES.iter().position(|other| *other == axis).and_then(|at| i32::try_from(at).ok()).unwrap_or(0);
    let operands = vec![
        call.value(0).clone(),
        Value::Int32(axis),
        Value::Bool(sieve == Sieve::Elements),
        call.value(1).clone(),
        Value::Bool(source == Source::Sequence),
    ];
    call.machine.lazy(Ty::Class(item), Shape::Plain, start, operands)
}

fn start(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let [origin, Value::Int32(axis), Value::Bool(elements), name, Value::Bool(is_sequence)] = operands else {
        return Err(broken("a walk without an origin"));
    };
    let axis = usize::try_from(*axis).ok().and_then(|at| AXES.get(at)).copied().unwrap_or(Axis::Nodes);
    let plan = Plan { axis, sieve: if *elements { Sieve::Elements } else { Sieve::Nodes }, name: name.clone() };
    if *is_sequence {
        let source = machine.cursor(origin)?;
        return Ok(Box::new(Many { plan, source, walk: None }));
    }
    let origin = found(origin).ok_or_else(|| broken("a walk from no node"))?;
    Ok(Box::new(One(plan.begin(origin))))
}

struct Plan {
    axis: Axis,
    sieve: Sieve,
    name: Value,
}

impl Plan {
    fn begin(&self, origin: XNode) -> Walk {
        Walk::new(self.axis, self.sieve, names::name_in(&self.name), origin)
    }
}

fn step(walk: &mut Walk, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
    let mut passed = 0;
    let found = walk.next(&mut passed);
    machine.spend(passed / 8)?;
    match found.map_err(|_| null_reference())? {
        Some(node) => wrapped(machine, &node).map(Some),
        None => Ok(None),
    }
}

struct One(Walk);

impl Cursor for One {
    fn next(&mut self, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        step(&mut self.0, machine)
    }
}

// From every node of a sequence.
struct Many {
    plan: Plan,
    source: Box<dyn Cursor>,
    walk: Option<Walk>,
}

impl Cursor for Many {
    fn next(&mut self, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        loop {
            if let Some(walk) = &mut self.walk
                && let Some(value) = step(walk, machine)?
            {
                return Ok(Some(value));
            }
            match machine.advance(&mut *self.source)? {
                Some(origin) => self.walk = found(&origin).map(|origin| self.plan.begin(origin)),
                None => {
                    self.walk = None;
                    return Ok(None);
                }
            }
        }
    }
}

fn ordered(call: &mut Call<'_, '_>, item: Class) -> Outcome<Value> {
    if call.value(0).is_null() {
        return Err(argument_null("source"));
    }
    let operands = vec![call.value(0).clone()];
    call.machine.lazy(Ty::Class(item), Shape::Plain, in_order, operands)
}

fn in_order(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let source = operands.first().ok_or_else(|| broken("an order of nothing"))?;
    let values = machine.collect(source)?;
    let mut nodes: Vec<(Option<XNode>, Value)> = values.into_iter().map(|value| (found(&value), value)).collect();
    let count = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
    machine.spend(count.saturating_mul(count.checked_ilog2().unwrap_or(0) + 1))?;
    let mut apart = false;
    nodes.sort_by(|(left, _), (right, _)| match (left, right) {
        (None, None) => std::cmp::Ordering::Equal,
        (None, Some(_)) => std::cmp::Ordering::Less,
        (Some(_), None) => std::cmp::Ordering::Greater,
        (Some(left), Some(right)) => left.order(right).unwrap_or_else(|| {
            apart = true;
            std::cmp::Ordering::Equal
        }),
    });
    if apart {
        return Err(invalid_operation("Failed to compare two elements in the array."));
    }
    let values: Vec<Value> = nodes.into_iter().map(|(_, value)| value).collect();
    Ok(Box::new(Ready(values.into_iter())))
}

fn remove(call: &mut Call<'_, '_>) -> Outcome<Value> {
    for value in call.items(0, "source")? {
        if let Some(node) = found(&value) {
            super::change::removed(&node)?;
        }
    }
    Ok(Value::Null)
}

/// The parent, where it is an element.
pub(super) fn parent(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let parent = node(call)?.parent().filter(XNode::is_element);
    super::wrapped_or_null(call.machine, parent)
}
