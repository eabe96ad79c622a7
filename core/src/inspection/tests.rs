//! What an inspection shows and hides.

use super::{Fact, HIDDEN, Inspection, Message, Secrets, Step, TEXT_BYTES_MAX, shortened};

fn inspection(facts: Vec<Fact>) -> Inspection {
    let step = Step {
        section: "inbound",
        scope: "api",
        source: "set-header",
        path: "set-header[1]".into(),
        facts,
        ..Step::default()
    };
    Inspection { service: "contoso".to_owned(), id: "1".to_owned(), steps: vec![step], ..Inspection::default() }
}

#[test]
fn secrets_are_nowhere_in_it() {
    let mut secrets = Secrets::default();
    secrets.learn("hunter22");
    secrets.learn("it");
    secrets.name_keys("X-Key", "k");
    assert_eq!(secrets.field("x-key", "0123456789"), HIDDEN);
    assert_eq!(secrets.field("Authorization", "Basic dXNlcjpvcGVuLXNlc2FtZQ=="), HIDDEN);
    assert_eq!(secrets.field("Accept", "text/plain"), "text/plain");
    assert_eq!(secrets.url("/a?k=abcdefgh&b=c&sig=s"), "/a?k=***&b=c&sig=***");
    let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
    let told = [
        "the password is hunter22, is it not",
        "0123456789 came",
        "user:open-sesame",
        "dXNlcjpvcGVuLXNlc2FtZQ==",
        "abcdefgh",
        &format!("Bearer {token}!"),
    ];
    let mut inspection = inspection(told.iter().map(|text| Fact::Said((*text).to_owned())).collect());
    secrets.cover(&mut inspection);
    let said: Vec<&str> = inspection.steps[0]
        .facts
        .iter()
        .map(|fact| if let Fact::Said(text) = fact { text.as_str() } else { "" })
        .collect();
    assert_eq!(said, ["the password is ***, is it not", "*** came", "user:***", "***", "***", "Bearer ***!",]);
}

#[test]
fn both_forms_tell_the_same() {
    let whole = inspection(vec![
        Fact::Condition { text: "@(true)".to_owned(), holds: true },
        Fact::Changed { what: "request.headers.a".to_owned(), before: None, after: Some("1".to_owned()) },
        Fact::Sent(Message {
            line: "GET http://b/".to_owned(),
            fields: vec![("host".to_owned(), "b".to_owned())],
            content: String::new(),
        }),
        Fact::Failed { reason: "Timeout".to_owned(), message: "too late".to_owned() },
    ]);
    insta::assert_snapshot!(whole.to_text());
    insta::assert_json_snapshot!(whole.to_json());
}

#[test]
fn long_texts_are_cut_where_a_character_ends() {
    let long = "ä".repeat(TEXT_BYTES_MAX);
    let short = shortened(&long);
    assert_eq!(short.chars().count(), TEXT_BYTES_MAX / 2 + 1);
    assert!(short.ends_with('…'));
    assert_eq!(shortened(&"ä"), "ä");
}
