//! Operations as they are executed, without an exchange around them: limits, order, what comes too late.

use std::sync::Arc;

use graphql_parser::parse_query;
use serde_json::{Map, Value as Json, json};

use super::execute::{CALLS_MAX, Call, Execution, Next, PARALLEL_MAX, RESULT_BYTES_MAX};
use super::plan::Plan;
use super::resolvers::{Resolver, Resolvers};
use super::schema::Schema;

const SCHEMA: &str = "type Query { a: Thing list: [Thing!]! must: Thing! any: Anything }
    type Mutation { one: Thing two: Thing! three: Thing }
    type Thing { id: ID more: Thing must: Thing! list: [Thing] any: Anything }
    scalar Anything";

fn begin(query: &str, resolved: &[(&str, &str)]) -> Execution {
    let schema = Arc::new(Schema::parse(SCHEMA).unwrap());
    let resolver = |(of, field): &(&str, &str)| Resolver {
        name: Arc::from(*field),
        of: (*of).to_owned(),
        field: (*field).to_owned(),
        program: Arc::default(),
    };
    let resolvers = Arc::new(Resolvers::new(resolved.iter().map(resolver).collect()));
    let plan = Plan::new(&schema, &parse_query::<&str>(query).unwrap(), None, &Map::new()).unwrap();
    Execution::new(schema, resolvers, &plan, Vec::new())
}

// Everything that is wanted now.
fn wanted(execution: &mut Execution) -> (Vec<Call>, bool) {
    let mut calls = Vec::new();
    loop {
        match execution.poll() {
            Next::Call(call) => calls.push(*call),
            Next::Wait => return (calls, false),
            Next::Done => return (calls, true),
        }
    }
}

fn response(execution: &Execution) -> Json {
    serde_json::from_str(&execution.response()).unwrap()
}

#[test]
fn no_more_run_side_by_side_than_may() {
    let mut execution = begin("{ list { more { id } } }", &[("Query", "list"), ("Thing", "more")]);
    let (calls, _) = wanted(&mut execution);
    assert_eq!(calls.len(), 1);
    let things: Vec<Json> = (0..PARALLEL_MAX + 3).map(|id| json!({ "id": id })).collect();
    execution.resume(calls[0].id, Ok(Json::Array(things)));
    let (calls, done) = wanted(&mut execution);
    assert_eq!((calls.len(), done), (PARALLEL_MAX, false));
    assert_eq!((calls[1].path.as_str(), &*calls[1].parent), ("list/1/more", &json!({ "id": 1 })));
    // The answer of the last one makes place for one more.
    execution.resume(calls[PARALLEL_MAX - 1].id, Ok(json!({ "id": "x" })));
    let (more, _) = wanted(&mut execution);
    assert_eq!(more.len(), 1);
    for call in calls.iter().take(PARALLEL_MAX - 1).chain(&more) {
        execution.resume(call.id, Ok(Json::Null));
    }
    let (rest, _) = wanted(&mut execution);
    assert_eq!(rest.len(), 2);
    rest.iter().for_each(|call| execution.resume(call.id, Err("no".to_owned())));
    assert!(wanted(&mut execution).1);
    let response = response(&execution);
    assert_eq!(response["data"]["list"][PARALLEL_MAX - 1], json!({ "more": { "id": "x" } }));
    assert_eq!(response["errors"].as_array().map(Vec::len), Some(2));
}

#[test]
fn calls_beyond_the_limit_are_errors_of_their_fields() {
    let mut execution = begin("{ list { more { id } } }", &[("Query", "list"), ("Thing", "more")]);
    let (calls, _) = wanted(&mut execution);
    let count = usize::try_from(CALLS_MAX).unwrap() + 5;
    execution.resume(calls[0].id, Ok(Json::Array(vec![json!({}); count])));
    let mut run = 1;
    loop {
        let (calls, done) = wanted(&mut execution);
        if done {
            break;
        }
        run += calls.len();
        calls.iter().for_each(|call| execution.resume(call.id, Ok(json!({ "id": 1 }))));
    }
    assert_eq!(run, usize::try_from(CALLS_MAX).unwrap());
    let response = response(&execution);
    assert_eq!(response["data"]["list"].as_array().map(Vec::len), Some(count));
    let errors = response["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 6);
    assert_eq!(errors[5]["path"], json!(["list", count - 1, "more"]));
}

#[test]
fn results_that_are_too_large_are_one_error() {
    let asked: String = (0..70).map(|index| format!("x{index}: any ")).collect();
    let mut execution = begin(&format!("{{ a {{ {asked} }} any }}"), &[("Query", "a")]);
    let (calls, _) = wanted(&mut execution);
    execution.resume(calls[0].id, Ok(json!({ "any": "x".repeat(RESULT_BYTES_MAX / 64) })));
    assert!(wanted(&mut execution).1);
    let message = format!("The result is longer than {RESULT_BYTES_MAX} bytes.");
    assert_eq!(response(&execution), json!({ "data": null, "errors": [{ "message": message }] }));
    let mut execution = begin("{ list { id } a { list { id list { id } } } }", &[("Query", "list"), ("Query", "a")]);
    let (calls, _) = wanted(&mut execution);
    execution.resume(calls[0].id, Ok(Json::Array(vec![json!({}); 300_000])));
    execution.resume(calls[1].id, Ok(json!({})));
    assert!(wanted(&mut execution).1);
    let found = response(&execution);
    assert_eq!((&found["data"], found["errors"].as_array().map(Vec::len)), (&Json::Null, Some(1)));
}

#[test]
fn null_takes_the_place_of_what_must_not_be_null_and_what_is_below_is_not_asked() {
    let resolved = [("Query", "a"), ("Thing", "must"), ("Thing", "more")];
    let mut execution = begin("{ a { id must { id } more { id } } other: a { id } }", &resolved);
    let (calls, _) = wanted(&mut execution);
    execution.resume(calls[0].id, Ok(json!({ "id": 1 })));
    execution.resume(calls[1].id, Ok(json!({ "id": 2 })));
    let (below, _) = wanted(&mut execution);
    assert_eq!(below.iter().map(|call| call.path.as_str()).collect::<Vec<_>>(), ["a/must", "a/more"]);
    execution.resume(below[0].id, Err("gone".to_owned()));
    // What comes for it now comes too late.
    execution.resume(below[1].id, Err("gone, too".to_owned()));
    assert!(wanted(&mut execution).1);
    let location = json!([{ "line": 1, "column": 10 }]);
    let errors = json!([{ "message": "gone", "locations": location, "path": ["a", "must"] }]);
    assert_eq!(response(&execution), json!({ "data": { "a": null, "other": { "id": "2" } }, "errors": errors }));
}

#[test]
fn a_mutation_goes_no_further_once_there_is_no_result() {
    let resolved = [("Mutation", "one"), ("Mutation", "two"), ("Mutation", "three"), ("Thing", "more")];
    let mut execution = begin("mutation { one { more { id } } two { id } three { id } }", &resolved);
    let mut order = Vec::new();
    loop {
        let (calls, done) = wanted(&mut execution);
        if done {
            break;
        }
        for call in calls {
            order.push(call.path.clone());
            execution.resume(call.id, Ok(if call.path == "two" { Json::Null } else { json!({ "id": 1 }) }));
        }
    }
    assert_eq!(order, ["one", "one/more", "two"]);
    let found = response(&execution);
    assert_eq!(found["data"], Json::Null);
    assert_eq!(found["errors"][0]["message"], "Cannot return null for non-nullable field Mutation.two.");
}

#[test]
fn fields_of_one_name_are_asked_for_once_with_all_that_is_wanted_of_them() {
    let query = "{ a { id } ... on Query { a { more { id } } } ...F } fragment F on Query { a { more { any } } }";
    let mut execution = begin(query, &[("Query", "a")]);
    let (calls, _) = wanted(&mut execution);
    assert_eq!(calls.len(), 1);
    let thing = json!({ "id": 1, "more": { "id": 2, "any": [{ "x": 1.5 }, 12345678901_i64] } });
    execution.resume(calls[0].id, Ok(thing));
    assert!(wanted(&mut execution).1);
    let more = json!({ "id": "2", "any": [{ "x": 1.5 }, 12345678901_i64] });
    assert_eq!(response(&execution), json!({ "data": { "a": { "id": "1", "more": more } } }));
}
