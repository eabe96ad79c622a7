//! `cors` at work: the fields that it leaves, and the preflights that it answers.

use crate::http::Method;
use crate::policy::Scope;
use crate::policy::scene::{End, Scene, Visit};

const ORIGIN: (&str, &str) = ("origin", "https://app.example");
const ELSEWHERE: (&str, &str) = ("origin", "https://elsewhere.example");
const ALLOWED: &str = "<allowed-origins><origin>https://app.example</origin></allowed-origins><allowed-headers><header>*</header></allowed-headers>";

fn cors(attributes: &str) -> String {
    format!("<cors {attributes}>{ALLOWED}<expose-headers><header>X-Id</header></expose-headers></cors>")
}

#[test]
fn an_actual_request_leaves_fields_for_whatever_response_comes() {
    let scene = Scene::new(Scope::Api, &cors(r#"allow-credentials="true""#));
    let mut visit = Visit::new(Method::POST, &[ORIGIN]);
    assert!(matches!(scene.run(&mut visit), End::Passed));
    let expected = [
        "vary: Origin",
        "access-control-allow-origin: https://app.example",
        "access-control-allow-credentials: true",
        "access-control-expose-headers: X-Id",
    ];
    assert_eq!(visit.left(), expected);
}

#[test]
fn the_first_element_that_matches_answers_alone() {
    let second = "<cors><allowed-origins><origin>*</origin></allowed-origins><allowed-headers><header>*</header></allowed-headers></cors>";
    let fragmented = Scene::new(Scope::Api, &cors(""));
    let other = Scene::new(Scope::Api, second);
    let mut visit = Visit::new(Method::GET, &[ORIGIN]);
    assert!(matches!(fragmented.run(&mut visit), End::Passed));
    let before = visit.left();
    assert!(matches!(other.run(&mut visit), End::Passed));
    assert_eq!(visit.left(), before);
}

#[test]
fn unmatched_requests_end_or_go_on() {
    let cases = [
        ("", Method::GET, ELSEWHERE, false),
        (r#"terminate-unmatched-request="true""#, Method::HEAD, ELSEWHERE, false),
        ("", Method::PUT, ELSEWHERE, true),
        (r#"terminate-unmatched-request="false""#, Method::GET, ELSEWHERE, true),
        ("", Method::GET, ("accept", "*/*"), true),
    ];
    for (attributes, method, field, goes_on) in cases {
        let scene = Scene::new(Scope::Api, &cors(attributes));
        let mut visit = Visit::new(method.clone(), &[field]);
        match scene.run(&mut visit) {
            End::Passed => {
                assert!(goes_on, "{attributes} {method}");
                assert_eq!(visit.left(), ["vary: Origin"]);
            }
            End::Finished => {
                assert!(!goes_on, "{attributes} {method}");
                let response = visit.context.response.unwrap();
                assert_eq!((response.status.as_u16(), response.headers.len()), (200, 0));
            }
            End::Failed(failure) => panic!("{failure:?}"),
        }
    }
}

#[test]
fn an_operation_that_answers_options_itself_is_left_alone() {
    let scene = Scene::new(Scope::Api, &cors(""));
    let mut visit = Visit::new(Method::OPTIONS, &[ELSEWHERE, ("access-control-request-method", "GET")]);
    assert!(matches!(scene.run(&mut visit), End::Passed));
    assert!(visit.left().is_empty());
}
