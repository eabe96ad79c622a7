//! The operations of one API as a tree of path segments, visited in the order of precedence. Chooses no API.
//!
//! Precedence, segment by segment from the left: literal text, parameters with literal text around them (more of it
//! first), a parameter alone, a wildcard. The end of a template comes before a wildcard that takes nothing. Among
//! templates with the same path the one with more query conditions comes first, then the order of the API's own list.
//! Fixture: `fixtures/route/operations.json`.

use std::collections::BTreeMap;

use crate::http::template::{PathSegments, Pattern, Segment};
use crate::http::{Method, UrlTemplate};
use crate::route::api::RouteOperation;
use crate::route::segments::SegmentMap;

/// Places in the list of operations, by path.
#[derive(Clone, Debug, Default)]
pub(super) struct OperationTree {
    root: Node,
}

#[derive(Clone, Debug, Default)]
struct Node {
    literals: SegmentMap<Node>,
    compounds: BTreeMap<Pattern, Node>,
    parameter: Option<Box<Node>>,
    /// Operations whose template ends here, in the order of precedence.
    here: Vec<usize>,
    /// Operations whose template ends here with a wildcard, in the order of precedence.
    wildcards: Vec<usize>,
}

impl OperationTree {
    pub(super) fn build(operations: &[RouteOperation]) -> Self {
        let mut tree = Self::default();
        let mut places: Vec<(usize, &UrlTemplate)> =
            operations.iter().map(|operation| &operation.template).enumerate().collect();
        // A stable sort: within one node the operations then come in the order of their conditions, ties in the list's.
        places.sort_by(|(_, left), (_, right)| left.compare_query(right));
        for (place, template) in places {
            tree.root.insert(template, place);
        }
        tree
    }

    /// The first operation in the order of precedence that serves path, query and method.
    pub(super) fn find(
        &self,
        operations: &[RouteOperation],
        path: &str,
        query: Option<&str>,
        method: &Method,
    ) -> Option<usize> {
        let serves = |place: usize| {
            let operation = operations.get(place);
            operation.is_some_and(|operation| operation.method == method && operation.template.matches_query(query))
        };
        self.root.find(PathSegments::new(path), &mut { serves })
    }

    /// The methods of all operations that serve path and query, in the order of precedence, none twice.
    pub(super) fn methods(&self, operations: &[RouteOperation], path: &str, query: Option<&str>) -> Vec<Method> {
        let mut methods: Vec<Method> = Vec::new();
        let mut collect = |place: usize| {
            if let Some(operation) = operations.get(place)
                && operation.template.matches_query(query)
                && !methods.contains(&operation.method)
            {
                methods.push(operation.method.clone());
            }
            false
        };
        self.root.find(PathSegments::new(path), &mut collect);
        methods
    }
}

impl Node {
    fn insert(&mut self, template: &UrlTemplate, place: usize) {
        let mut node = self;
        for segment in template.segments() {
            node = node.child(segment);
        }
        if template.has_wildcard() {
            node.wildcards.push(place);
        } else {
            node.here.push(place);
        }
    }

    fn child(&mut self, segment: &Segment) -> &mut Self {
        match segment {
            Segment::Literal(literal) => self.literals.entry_decoded(literal),
            Segment::Parameter(_) => self.parameter.get_or_insert_default(),
            Segment::Compound(compound) => self.compounds.entry(compound.pattern.clone()).or_default(),
        }
    }

    /// The first operation that `accept`s, in the order of precedence. A node is reached by one path only, so that no node
    /// is visited twice; the depth is that of the tree: `TEMPLATE_SEGMENTS_MAX`.
    fn find(&self, rest: PathSegments<'_>, accept: &mut impl FnMut(usize) -> bool) -> Option<usize> {
        let mut below = rest;
        let found = match below.next() {
            None => self.here.iter().copied().find(|place| accept(*place)),
            Some(segment) => self.find_below(segment, below, accept),
        };
        found.or_else(|| self.wildcards.iter().copied().find(|place| accept(*place)))
    }

    fn find_below(
        &self,
        segment: &str,
        below: PathSegments<'_>,
        accept: &mut impl FnMut(usize) -> bool,
    ) -> Option<usize> {
        if let Some(found) = self.literals.get(segment).and_then(|node| node.find(below, accept)) {
            return Some(found);
        }
        for (pattern, node) in &self.compounds {
            if pattern.is_match(segment)
                && let Some(found) = node.find(below, accept)
            {
                return Some(found);
            }
        }
        let parameter = self.parameter.as_ref().filter(|_| !segment.is_empty())?;
        parameter.find(below, accept)
    }
}
