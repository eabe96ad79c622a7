//! Documents for each rule of the specification (GraphQL, October 2021, §5): some that follow it and some that do not.

use graphql_parser::parse_query;

use super::*;

const SCHEMA: &str = "
    directive @tag(name: String!, more: [Int!]) repeatable on FIELD | FRAGMENT_DEFINITION
    directive @whole on QUERY | MUTATION | SUBSCRIPTION
    type Query { pet(id: ID): Pet dog(at: Int!, near: Int! = 1): Dog cat: Cat any: CatOrDog all(by: By, ids: [ID!]): [Pet!] count(if: Boolean): Int }
    type Mutation { set(to: Int): Int }
    type Subscription { told(by: Int): Dog heard: Int }
    interface Pet { name: String friend: Pet owner: Person }
    interface Barks { volume: Int! }
    type Dog implements Pet & Barks { name: String friend: Pet owner: Person volume: Int! size: Int color: String }
    type Cat implements Pet { name: String friend: Pet owner: Person lives: Int size: Float color: [String] }
    type Person { name(as: Case): String age: Int }
    union CatOrDog = Cat | Dog
    enum Case { UP LOW }
    input By { case: Case need: Int! max: Int! = 3 inner: By list: [Int!] any: Anything }
    scalar Anything";

fn wrongs_of(schema: &Schema, text: &str) -> Vec<String> {
    let document = parse_query::<&str>(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    check(schema, &document, text).into_iter().map(|wrong| wrong.message).collect()
}

fn holds(cases: &[(&str, &[&str])]) {
    let schema = Schema::parse(SCHEMA).unwrap();
    for (text, expected) in cases {
        assert_eq!(wrongs_of(&schema, text), *expected, "{text}");
    }
}

#[test]
fn definitions_are_executable() {
    // §5.1.1: the grammar of requests knows no others.
    for text in ["type Query { a: Int }", "{ count } extend type Query { a: Int }", "directive @a on FIELD"] {
        assert!(parse_query::<&str>(text).is_err(), "{text}");
    }
}

#[test]
fn operations_have_names_of_their_own() {
    holds(&[
        ("query A { count } query B { count } mutation C { set }", &[]),
        ("query A { count } mutation A { set }", &["There can be only one operation named \"A\"."]),
        ("{ count }", &[]),
        ("{ count } query A { count }", &["This anonymous operation must be the only defined operation."]),
        (
            "query { count } mutation { set }",
            &[
                "This anonymous operation must be the only defined operation.",
                "This anonymous operation must be the only defined operation.",
            ],
        ),
    ]);
}

#[test]
fn a_subscription_begins_with_one_field() {
    holds(&[
        ("subscription { told { name } }", &[]),
        ("subscription { ...S } fragment S on Subscription { told { name } told { color } }", &[]),
        ("subscription { told { name } heard @skip(if: true) }", &[]),
        ("subscription { told { name } heard }", &["Anonymous Subscription must select only one top level field."]),
        (
            "subscription { told { name } ...S } fragment S on Subscription { heard }",
            &["Anonymous Subscription must select only one top level field."],
        ),
        (
            "subscription($no: Boolean!) { told { name } heard @include(if: $no) }",
            &["Anonymous Subscription must select only one top level field."],
        ),
        ("subscription A { __typename }", &["Subscription \"A\" must not select an introspection top level field."]),
    ]);
}

#[test]
fn fields_are_of_their_type_and_leaves_are_leaves() {
    holds(&[
        ("{ pet { __typename name } any { __typename ... on Dog { color } } }", &[]),
        (
            "{ pet { color } any { name } }",
            &["Cannot query field \"color\" on type \"Pet\".", "Cannot query field \"name\" on type \"CatOrDog\"."],
        ),
        ("{ none { deeper(x: 1) { still } } }", &["Cannot query field \"none\" on type \"Query\"."]),
        (
            "{ pet count { x } __typename { x } }",
            &[
                "Field \"pet\" of type \"Pet\" must have a selection of subfields.",
                "Field \"count\" must not have a selection since type \"Int\" has no subfields.",
                "Field \"__typename\" must not have a selection since type \"String\" has no subfields.",
            ],
        ),
    ]);
    let without_mutation = Schema::parse("type Query { a: None }").unwrap();
    let expected = ["Unknown type \"None\".", "The schema has no mutation."];
    assert_eq!(wrongs_of(&without_mutation, "query A { a } mutation B { x }"), expected);
}

#[test]
fn arguments_are_known_given_once_and_there() {
    holds(&[
        ("{ dog(at: 1) { name } pet(id: null) { name } }", &[]),
        ("{ dog(at: 1, near: 2) { owner { name(as: LOW) } } }", &[]),
        ("{ count(unless: true) }", &["Unknown argument \"unless\" on field \"Query.count\"."]),
        ("{ __typename(a: 1) }", &["Unknown argument \"a\" on field \"Query.__typename\"."]),
        ("{ count(if: true, if: true) }", &["There can be only one argument named \"if\"."]),
        ("{ dog(near: 2) { name } }", &["Field \"dog\" argument \"at\" is required but not provided."]),
        (
            "{ count @skip(unless: true) }",
            &[
                "Unknown argument \"unless\" on directive \"@skip\".",
                "Directive \"@skip\" argument \"if\" is required but not provided.",
            ],
        ),
    ]);
}

#[test]
fn fragments_are_named_once_of_types_with_fields_and_used() {
    holds(&[
        ("{ pet { ...A ...A } } fragment A on Pet { name ...B } fragment B on Dog { color }", &[]),
        (
            "{ pet { ...A } } fragment A on Pet { name } fragment A on Pet { name }",
            &["There can be only one fragment named \"A\"."],
        ),
        (
            "{ pet { ...A ... on None { x } } } fragment A on Nothing { name }",
            &["Unknown type \"Nothing\".", "Unknown type \"None\"."],
        ),
        (
            "{ pet { ...A ... on Int { x } } } fragment A on By { need }",
            &[
                "Fragment \"A\" cannot condition on non composite type \"By\".",
                "Fragment cannot condition on non composite type \"Int\".",
            ],
        ),
        (
            "{ pet { name } } fragment A on Pet { ...B } fragment B on Pet { name }",
            &["Fragment \"A\" is never used.", "Fragment \"B\" is never used."],
        ),
        ("{ pet { ...A } }", &["Unknown fragment \"A\"."]),
    ]);
}

#[test]
fn fragments_stand_not_in_themselves() {
    holds(&[
        ("{ pet { ...A } } fragment A on Pet { friend { ...A } }", &["Cannot spread fragment \"A\" within itself."]),
        (
            "{ pet { ...A } } fragment A on Pet { ...B } fragment B on Pet { ...C ...D } fragment C on Pet { name } \
          fragment D on Pet { friend { ...A ...C } }",
            &["Cannot spread fragment \"A\" within itself."],
        ),
        (
            "{ pet { ...A ...B } } fragment A on Pet { ...B } fragment B on Pet { ...A ...B }",
            &["Cannot spread fragment \"A\" within itself.", "Cannot spread fragment \"B\" within itself."],
        ),
    ]);
    // As long a chain as a document may hold, with a circle at its end.
    let chain: String = (0..20_000).map(|i| format!("fragment F{i} on Pet {{ ...F{} }} ", i + 1)).collect();
    let text = format!("{{ pet {{ ...F0 }} }} {chain} fragment F20000 on Pet {{ ...F0 }}");
    holds(&[(&text, &["Cannot spread fragment \"F0\" within itself."])]);
}

#[test]
fn fragments_are_spread_where_they_can_be() {
    holds(&[
        (
            "{ dog(at: 1) { ... on Dog { color } ... on Pet { name } ... on CatOrDog { __typename } ... { color } } }",
            &[],
        ),
        ("{ pet { ... on Dog { color } ... on CatOrDog { __typename } ... on Barks { volume } } }", &[]),
        ("{ any { ... on Pet { name } ...C } } fragment C on Cat { lives }", &[]),
        (
            "{ dog(at: 1) { ... on Cat { lives } ...C } } fragment C on Cat { lives }",
            &[
                "Fragment cannot be spread here as objects of type \"Dog\" can never be of type \"Cat\".",
                "Fragment \"C\" cannot be spread here as objects of type \"Dog\" can never be of type \"Cat\".",
            ],
        ),
        (
            "{ cat { ... on Barks { volume } } pet { ... on Person { age } } }",
            &[
                "Fragment cannot be spread here as objects of type \"Cat\" can never be of type \"Barks\".",
                "Fragment cannot be spread here as objects of type \"Pet\" can never be of type \"Person\".",
            ],
        ),
    ]);
}

#[test]
fn values_are_of_their_type() {
    holds(&[
        (
            "{ all(by: {need: 1, case: UP, list: 2, inner: {need: 2}, any: {x: [1, {x: 1}]}}, ids: [1, \"b\"]) { name } }",
            &[],
        ),
        (
            "{ all(by: {case: SIDE, need: \"1\", list: [null]}) { name } }",
            &[
                "Value \"SIDE\" does not exist in \"Case\" enum.",
                "Expected value of type \"Int!\", found null.",
                "Int cannot represent a string.",
            ],
        ),
        (
            "{ all(by: {other: 1}) { name } }",
            &[
                "Field \"other\" is not defined by type \"By\".",
                "Field \"By.need\" of required type \"Int!\" was not provided.",
            ],
        ),
        (
            "{ count @tag(name: 1, more: [true]) }",
            &["String cannot represent this integer.", "Int cannot represent a boolean."],
        ),
        (
            "query($a: By = {need: 1, need: 2}) { all(by: $a) { name } }",
            &["There can be only one input field named \"need\"."],
        ),
        (
            "{ all(by: {need: 1, inner: {need: 1, list: [1], list: [2]}, any: [{x: a, x: b}]}) { name } }",
            &["There can be only one input field named \"list\".", "There can be only one input field named \"x\"."],
        ),
    ]);
}

#[test]
fn directives_are_known_in_place_and_not_twice() {
    holds(&[
        (
            "query @whole { count @tag(name: \"a\") @tag(name: \"b\") @skip(if: false) ...A @include(if: true) } \
          fragment A on Query @tag(name: \"c\") { count }",
            &[],
        ),
        ("mutation @whole { set } ", &[]),
        ("{ count @cached }", &["Unknown directive \"@cached\"."]),
        (
            "query @skip(if: true) { count @deprecated ... @tag(name: \"a\") { count } ...A @whole } fragment A on Query @whole { count }",
            &[
                "Directive \"@whole\" may not be used on FRAGMENT_DEFINITION.",
                "Directive \"@skip\" may not be used on QUERY.",
                "Directive \"@deprecated\" may not be used on FIELD.",
                "Directive \"@tag\" may not be used on INLINE_FRAGMENT.",
                "Directive \"@whole\" may not be used on FRAGMENT_SPREAD.",
            ],
        ),
        (
            "{ count @skip(if: true) @include(if: true) @skip(if: false) }",
            &["The directive \"@skip\" can only be used once at this location."],
        ),
    ]);
}

#[test]
fn variables_are_defined_once_of_input_types_and_used() {
    holds(&[
        (
            "query($a: ID, $b: By, $c: [ID!], $d: Anything) { pet(id: $a) { name } all(by: $b, ids: $c) { name } \
          again: all(by: {need: 1, any: [$d]}) { name } }",
            &[],
        ),
        ("query A($a: ID) { ...F } query B($a: ID!) { ...F } fragment F on Query { pet(id: $a) { name } }", &[]),
        ("query($a: ID, $a: ID) { pet(id: $a) { name } }", &["There can be only one variable named \"$a\"."]),
        (
            "query($a: Dog, $b: [None]) { pet(id: $a) { name } count(if: $b) }",
            &[
                "Variable \"$a\" cannot be non-input type \"Dog\".",
                "Unknown type \"None\".",
                "Variable \"$a\" of type \"Dog\" used in position expecting type \"ID\".",
                "Variable \"$b\" of type \"[None]\" used in position expecting type \"Boolean\".",
            ],
        ),
        (
            "query A($a: ID) { ...F } query B { ...F } fragment F on Query { pet(id: $a) { name } }",
            &["Variable \"$a\" is not defined."],
        ),
        (
            "{ all(by: {need: $a, any: {x: $b}}, more: [$c]) { name @skip(if: $d) } }",
            &[
                "Unknown argument \"more\" on field \"Query.all\".",
                "Variable \"$b\" is not defined.",
                "Variable \"$a\" is not defined.",
                "Variable \"$c\" is not defined.",
                "Variable \"$d\" is not defined.",
            ],
        ),
        (
            "query($a: ID, $b: Int = 1) { count ...F } fragment F on Query { count(if: true) }",
            &["Variable \"$a\" is never used.", "Variable \"$b\" is never used."],
        ),
        ("query($a: Int = \"1\") { dog(at: $a) { name } }", &["Int cannot represent a string."]),
    ]);
}

#[test]
fn variables_stand_where_their_type_may() {
    holds(&[
        ("query($a: Int!, $b: Int, $c: Int = 2) { a: dog(at: $a, near: $b) { name } b: dog(at: $c) { name } }", &[]),
        (
            "query($a: Int, $b: Int = null) { a: dog(at: $a) { name } b: dog(at: $b) { name } }",
            &[
                "Variable \"$a\" of type \"Int\" used in position expecting type \"Int!\".",
                "Variable \"$b\" of type \"Int\" used in position expecting type \"Int!\".",
            ],
        ),
        (
            "query($a: Int, $b: Int, $c: Boolean) { all(by: {need: $a, max: $b, list: [$b]}) { ...F } } \
          fragment F on Pet { name @skip(if: $c) }",
            &[
                "Variable \"$b\" of type \"Int\" used in position expecting type \"Int!\".",
                "Variable \"$a\" of type \"Int\" used in position expecting type \"Int!\".",
                "Variable \"$c\" of type \"Boolean\" used in position expecting type \"Boolean!\".",
            ],
        ),
    ]);
}

#[test]
fn fields_of_one_name_can_be_merged() {
    holds(&[
        ("{ pet { name name ...A ... on Dog { size } ... on Dog { size } } } fragment A on Pet { name }", &[]),
        ("query($a: ID) { pet(id: $a) { name } pet(id: $a) { owner { age } } }", &[]),
        ("{ dog(at: 1, near: 2) { name } dog(near: 2, at: 1) { name } }", &[]),
        (
            "{ pet { ... on Dog { x: volume } ... on Cat { x: size } } }",
            &[
                "Fields \"x\" conflict because they return conflicting types \"Int!\" and \"Float\". Use different aliases.",
            ],
        ),
        // What is of two types of objects is never one object: it need only be of one form, and so below it.
        (
            "{ pet { ... on Dog { x: name friend { y: name } } ... on Cat { x: name friend { y: __typename } } } }",
            &[
                "Fields \"y\" conflict because they return conflicting types \"String\" and \"String!\". Use different aliases.",
            ],
        ),
        ("{ pet { ... on Dog { owner { x: name(as: UP) } } ... on Cat { owner { x: name(as: LOW) } } } }", &[]),
        (
            "{ pet { owner { x: name(as: UP) } ... on Cat { owner { x: name(as: LOW) } } } }",
            &["Fields \"x\" conflict because they have differing arguments. Use different aliases."],
        ),
        (
            "{ pet { ... on Dog { x: size } ... on Cat { x: lives } ... on Barks { x: volume } } }",
            &[
                "Fields \"x\" conflict because they return conflicting types \"Int\" and \"Int!\". Use different aliases.",
                "Fields \"x\" conflict because \"size\" and \"volume\" are different fields. Use different aliases.",
                "Fields \"x\" conflict because \"lives\" and \"volume\" are different fields. Use different aliases.",
            ],
        ),
        (
            "{ pet { x: name x: __typename } }",
            &[
                "Fields \"x\" conflict because they return conflicting types \"String\" and \"String!\". Use different aliases.",
                "Fields \"x\" conflict because \"name\" and \"__typename\" are different fields. Use different aliases.",
            ],
        ),
        (
            "{ x: pet { name } x: cat { name } }",
            &["Fields \"x\" conflict because \"pet\" and \"cat\" are different fields. Use different aliases."],
        ),
        (
            "query($a: ID, $b: ID) { pet(id: $a) { name } pet(id: $b) { name } }",
            &["Fields \"pet\" conflict because they have differing arguments. Use different aliases."],
        ),
        (
            "{ pet { name } pet(id: 1) @skip(if: true) { name } }",
            &["Fields \"pet\" conflict because they have differing arguments. Use different aliases."],
        ),
        (
            "{ cat { ... on Cat { x: color } x: name } }",
            &[
                "Fields \"x\" conflict because they return conflicting types \"[String]\" and \"String\". Use different aliases.",
                "Fields \"x\" conflict because \"color\" and \"name\" are different fields. Use different aliases.",
            ],
        ),
        // Of an operation that is not asked for, too.
        (
            "query A { count } query B { x: count ...F } fragment F on Query { x: count(if: true) }",
            &["Fields \"x\" conflict because they have differing arguments. Use different aliases."],
        ),
    ]);
}

#[test]
fn hostile_documents_end_in_bounded_steps() {
    let refused = "The request repeats its parts too often to be checked.";
    // Each fragment spreads the next one twice: 2^30 fields.
    let doubled: String = (0..30)
        .map(|i| format!("fragment F{i} on Pet {{ a: friend {{ ...F{n} }} b: friend {{ ...F{n} }} }} ", n = i + 1))
        .collect();
    let doubled = format!("{{ pet {{ ...F0 }} }} {doubled} fragment F30 on Pet {{ name }}");
    // Each operation reaches all fragments.
    let operations: String = (0..3_000).map(|i| format!("query Q{i} {{ pet {{ ...F0 }} }} ")).collect();
    let chain: String = (0..3_000).map(|i| format!("fragment F{i} on Pet {{ name ...F{} }} ", i + 1)).collect();
    let reached = format!("{operations} {chain} fragment F3000 on Pet {{ name }}");
    // One name for all fields.
    let many = format!("{{ pet {{ {} }} }}", "x: name ".repeat(120_000));
    // Types are looked for in types.
    let spread = format!("{{ pet {{ {} }} }}", "... on Barks { volume } ".repeat(60_000));
    for text in [doubled, reached, many, spread] {
        holds(&[(&text, &[refused])]);
    }
    let deep: String = (0..60).map(|i| format!("fragment F{i} on Pet {{ friend {{ ...F{} }} }} ", i + 1)).collect();
    holds(&[(
        &format!("{{ pet {{ ...F0 }} }} {deep} fragment F60 on Pet {{ name }}"),
        &["The request is deeper than 40."],
    )]);
    // Many fields of one name are compared in a number of steps that grows with theirs.
    holds(&[(&format!("{{ pet {{ {} }} }}", "x: name ".repeat(20_000)), &[])]);
}

#[test]
fn no_more_is_told_than_anybody_reads() {
    let schema = Schema::parse("type Query { a: Int }").unwrap();
    let text: String = (0..100).map(|i| format!("x{i} ")).collect();
    assert_eq!(wrongs_of(&schema, &format!("{{ {text} }}")).len(), WRONGS_MAX);
}
