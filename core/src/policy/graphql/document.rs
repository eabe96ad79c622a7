//! A document: its operations and fragments, and what is wrong with it. Checks nothing.

use std::collections::BTreeMap;

use graphql_parser::Pos;
use graphql_parser::query::{
    Definition, Directive, Document, FragmentDefinition, OperationDefinition, SelectionSet, VariableDefinition,
};

use crate::policy::graphql::schema::Root;

/// What is wrong with a request, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) at: Option<(usize, usize)>,
}

impl Wrong {
    pub(super) fn new(at: Pos, message: impl Into<String>) -> Self {
        Self { message: message.into(), at: Some((at.line, at.column)) }
    }
}

/// What operations of a kind are called.
pub(super) const fn root_name(root: Root) -> &'static str {
    match root {
        Root::Query => "query",
        Root::Mutation => "mutation",
        Root::Subscription => "subscription",
    }
}

/// The fragments of a document by name.
pub(super) type Fragments<'d, 'a> = BTreeMap<&'a str, &'d FragmentDefinition<'a, &'a str>>;

/// The fragments of a document by name.
pub(super) fn fragments<'d, 'a>(document: &'d Document<'a, &'a str>) -> Fragments<'d, 'a> {
    let fragment = |definition: &'d Definition<'a, &'a str>| match definition {
        Definition::Fragment(fragment) => Some((fragment.name, fragment)),
        Definition::Operation(_) => None,
    };
    document.definitions.iter().filter_map(fragment).collect()
}

/// An operation, however it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation<'d, 'a> {
    pub(super) root: Root,
    pub(super) name: Option<&'a str>,
    pub(super) at: Pos,
    pub(super) variables: &'d [VariableDefinition<'a, &'a str>],
    pub(super) directives: &'d [Directive<'a, &'a str>],
    pub(super) set: &'d SelectionSet<'a, &'a str>,
}

/// The operations of a document.
pub(super) fn operations<'d, 'a>(
    document: &'d Document<'a, &'a str>,
) -> impl Iterator<Item = Operation<'d, 'a>> + use<'d, 'a> {
    document.definitions.iter().filter_map(|definition| match definition {
        Definition::Operation(operation) => Some(read(operation)),
        Definition::Fragment(_) => None,
    })
}

/// An operation as it is written.
pub(super) fn read<'d, 'a>(written: &'d OperationDefinition<'a, &'a str>) -> Operation<'d, 'a> {
    let (root, name, at, variables, directives, set) = match written {
        OperationDefinition::SelectionSet(set) => {
            let none = (&[] as &[VariableDefinition<'_, _>], &[] as &[Directive<'_, _>]);
            (Root::Query, None, set.span.0, none.0, none.1, set)
        }
        OperationDefinition::Query(of) => {
            let (variables, directives) = (of.variable_definitions.as_slice(), of.directives.as_slice());
            (Root::Query, of.name, of.position, variables, directives, &of.selection_set)
        }
        OperationDefinition::Mutation(of) => {
            let (variables, directives) = (of.variable_definitions.as_slice(), of.directives.as_slice());
            (Root::Mutation, of.name, of.position, variables, directives, &of.selection_set)
        }
        OperationDefinition::Subscription(of) => {
            let (variables, directives) = (of.variable_definitions.as_slice(), of.directives.as_slice());
            (Root::Subscription, of.name, of.position, variables, directives, &of.selection_set)
        }
    };
    Operation { root, name, at, variables, directives, set }
}

/// The operation that is asked for.
pub(super) fn chosen<'d, 'a>(
    document: &'d Document<'a, &'a str>,
    wanted: Option<&str>,
) -> Result<Operation<'d, 'a>, Wrong> {
    let is_wanted = |operation: &Operation<'d, 'a>| wanted.is_none() || operation.name == wanted;
    let mut matching = operations(document).filter(is_wanted);
    let wrong = |message: &str| Wrong { message: message.to_owned(), at: None };
    let first = matching.next().ok_or_else(|| wrong("The document has no such operation."))?;
    match matching.next() {
        Some(_) => Err(wrong("The document has several operations and `operationName` chooses none.")),
        None => Ok(first),
    }
}
