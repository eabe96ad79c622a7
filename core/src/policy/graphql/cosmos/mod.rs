//! `cosmosdb-data-source`: the document of a resolver whose data is in Azure Cosmos DB, over the service's REST API. `account` who asks,
//! `request` what is asked, `call` the asking.

mod account;
mod call;
mod request;

use std::sync::Arc;

use crate::policy::Built;
use crate::policy::compile::{Compiler, Target};
use crate::policy::control::INCLUDE_FRAGMENT;
use crate::policy::dialect::Element;
use crate::policy::graphql::publish::{PUBLISH_EVENT, build_publish_event};
use crate::policy::graphql::source::{BeginCall, include};
use crate::policy::operand::Operand;
use crate::policy::program::Op;
use crate::policy::reader::Reader;
use crate::policy::shape::{Attribute, Content, Occurs, Shape, TEXT, attribute, child};
use crate::policy::source::Problem;
use crate::policy::transform::{self, build_set_body};
use account::Account;
use call::{CallCosmos, NO_KEY};
use request::{CONSISTENCY_LEVELS, DATA_TYPES, INDEXING_DIRECTIVES, MATCHES, Request, WRITES};

pub use call::Errand;

const REQUESTS: [&str; 4] = ["query-request", "read-request", "delete-request", "write-request"];

const TEMPLATE: Attribute = attribute("template").literal().one_of(&["liquid"]);

/// `cosmosdb-data-source`
pub static COSMOSDB_DATA_SOURCE: Shape = Shape {
    attributes: &[],
    content: Content::Children(&[
        child("connection-info", Occurs::Once, &CONNECTION_INFO),
        child("query-request", Occurs::Optional, &QUERY_REQUEST),
        child("read-request", Occurs::Optional, &READ_REQUEST),
        child("delete-request", Occurs::Optional, &DELETE_REQUEST),
        child("write-request", Occurs::Optional, &WRITE_REQUEST),
        child("response", Occurs::Optional, &RESPONSE),
    ]),
};

static CONNECTION_INFO: Shape = Shape {
    attributes: &[],
    content: Content::Children(&[
        child("connection-string", Occurs::Once, &CONNECTION_STRING),
        child("database-name", Occurs::Once, &TEXT),
        child("container-name", Occurs::Once, &TEXT),
    ]),
};

static CONNECTION_STRING: Shape = Shape { attributes: &[attribute("use-managed-identity")], content: Content::Text };

static QUERY_REQUEST: Shape = Shape {
    attributes: &[attribute("enable-low-precision-order-by")],
    content: Content::Children(&[
        child("sql-statement", Occurs::Optional, &TEXT),
        child("parameters", Occurs::Optional, &PARAMETERS),
        child("partition-key", Occurs::Optional, &PARTITION_KEY),
        child("paging", Occurs::Optional, &PAGING),
    ]),
};

static PARAMETERS: Shape =
    Shape { attributes: &[], content: Content::Children(&[child("parameter", Occurs::Any, &PARAMETER)]) };

static PARAMETER: Shape = Shape { attributes: &[attribute("name").required()], content: Content::Text };

static PAGING: Shape = Shape {
    attributes: &[],
    content: Content::Children(&[
        child("max-item-count", Occurs::Once, &TEMPLATED),
        child("continuation-token", Occurs::Once, &TEMPLATED),
    ]),
};

static TEMPLATED: Shape = Shape { attributes: &[TEMPLATE], content: Content::Text };

static PARTITION_KEY: Shape =
    Shape { attributes: &[attribute("data-type").one_of(DATA_TYPES), TEMPLATE], content: Content::Text };

static ETAG: Shape = Shape { attributes: &[attribute("type").one_of(MATCHES), TEMPLATE], content: Content::Text };

static READ_REQUEST: Shape = Shape {
    attributes: &[],
    content: Content::Children(&[
        child("id", Occurs::Once, &TEMPLATED),
        child("partition-key", Occurs::Optional, &PARTITION_KEY),
    ]),
};

static DELETE_REQUEST: Shape = Shape {
    attributes: &[
        attribute("consistency-level").one_of(CONSISTENCY_LEVELS),
        attribute("pre-trigger"),
        attribute("post-trigger"),
    ],
    // The article's statement, its tables and its examples have different orders.
    content: Content::AnyOrder(&[
        child("etag", Occurs::Optional, &ETAG),
        child("id", Occurs::Once, &TEMPLATED),
        child("partition-key", Occurs::Optional, &PARTITION_KEY),
    ]),
};

static WRITE_REQUEST: Shape = Shape {
    attributes: &[
        attribute("type").one_of(WRITES),
        attribute("consistency-level").one_of(CONSISTENCY_LEVELS),
        attribute("pre-trigger"),
        attribute("post-trigger"),
        attribute("indexing-directive").one_of(INDEXING_DIRECTIVES),
    ],
    content: Content::AnyOrder(&[
        child("id", Occurs::Optional, &TEMPLATED),
        child("partition-key", Occurs::Optional, &PARTITION_KEY),
        child("etag", Occurs::Optional, &ETAG),
        child("set-body", Occurs::Optional, &transform::SET_BODY),
    ]),
};

static RESPONSE: Shape = Shape {
    attributes: &[],
    content: Content::AnyOrder(&[
        child("set-body", Occurs::Any, &transform::SET_BODY),
        child("publish-event", Occurs::Any, &PUBLISH_EVENT),
        child("include-fragment", Occurs::Any, &INCLUDE_FRAGMENT),
    ]),
};

/// Compiles `<cosmosdb-data-source>`: a draft for the content that `set-body` of `write-request` makes, the call, and what `response` makes
/// of the answer.
pub fn build_cosmosdb_data_source(compiler: &mut Compiler<'_>, element: &Element) {
    let find = |name: &str| element.elements().find(|child| child.name == name);
    compiler.emit(Op::Policy(Arc::new(BeginCall)), element);
    compiler.target = Target::DraftRequest;
    if let Some(write) = find("write-request") {
        compiler.inside("write-request[1]".to_owned(), |compiler| compiler.parts(write, write_part));
    }
    if let Some(call) = read_call(&mut Reader { compiler, element }) {
        let asked = compiler.emit(Op::Policy(Arc::new(call)), element);
        compiler.emit(Op::Take { asked }, element);
    }
    compiler.target = Target::Response;
    if let Some(response) = find("response") {
        compiler.inside("response[1]".to_owned(), |compiler| compiler.parts(response, response_part));
    }
    compiler.emit(Op::EndBranch, element);
}

fn read_call(reader: &mut Reader<'_, '_, '_>) -> Option<CallCosmos> {
    let index = reader.compiler.next_index();
    let connection = reader.child("connection-info").and_then(|info| read_connection(&mut reader.at(info)));
    let mut requests = reader.element.elements().filter(|child| REQUESTS.contains(&child.name.as_str()));
    let (first, second) = (requests.next(), requests.next());
    let one_of = format!("a resolver has one of: {}", REQUESTS.join(", "));
    match (first, second) {
        (None, _) => reader.reject("missing-element", one_of),
        (Some(_), Some(second)) => {
            let problem =
                Problem::error("duplicate-element", second.name_span, format!("`{}` is one too many", second.name));
            reader.compiler.report(problem.with_help(one_of));
        }
        (Some(_), None) => {}
    }
    let request = Request::read(&mut reader.at(first?));
    let (account, by_identity, database, container) = connection?;
    Some(CallCosmos { index, account, by_identity, database, container, request: request? })
}

type Connection = (Operand<Account>, Option<Operand<bool>>, Operand, Operand);

fn read_connection(reader: &mut Reader<'_, '_, '_>) -> Option<Connection> {
    let string = reader.child("connection-string")?;
    let mut string = reader.at(string);
    let (by_identity, account) = (string.attribute::<bool>("use-managed-identity"), string.text::<Account>());
    let needs_key = by_identity.as_ref().is_none_or(|by_identity| by_identity.known() == Some(&false));
    if needs_key && account.as_ref().and_then(Operand::known).is_some_and(|account| account.key.is_none()) {
        string.reject_text(NO_KEY);
    }
    let mut text = |name: &str| {
        let element = reader.child(name)?;
        reader.at(element).text::<Arc<str>>()
    };
    let (database, container) = (text("database-name"), text("container-name"));
    Some((account?, by_identity, database?, container?))
}

fn write_part(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    match reader.element.name.as_str() {
        "set-body" => build_set_body(reader),
        _ => None,
    }
}

fn response_part(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    match reader.element.name.as_str() {
        "set-body" => build_set_body(reader),
        "publish-event" => build_publish_event(reader),
        "include-fragment" => include(reader, &RESPONSE, response_part),
        _ => None,
    }
}
