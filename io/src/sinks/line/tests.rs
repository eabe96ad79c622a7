//! Lines as operators and their collectors see them.

use std::time::Duration;

use holdfast_core::config::Revision;
use holdfast_core::diagnostic::Diagnostic;
use holdfast_core::telemetry::{BackendRecord, ErrorRecord, Measurement};
use holdfast_core::time::WallTime;

use super::*;

const AT: WallTime = WallTime::from_unix_nanos(1_764_766_650_533_000_000);
const TEXT: Logs = Logs { form: LogForm::Text, level: Level::Info, color: Color::Plain };
const JSON: Logs = Logs { form: LogForm::Json, level: Level::Info, color: Color::Plain };

fn sample(level: Level) -> Event {
    Event {
        at: AT,
        level,
        name: "ConfigInitialSyncCompleted",
        source: "sync",
        message: "serving\nsince now".to_owned(),
        revision: Some(Revision(42)),
        diagnostics: vec![Diagnostic::error("unknown-element", "policy.xml", "`foo` is not a policy")],
    }
}

fn record() -> RequestRecord {
    RequestRecord {
        time_generated: AT,
        correlation_id: "id-1".to_owned(),
        caller_ip: "10.0.0.1".to_owned(),
        method: "GET".to_owned(),
        url: "http://h/echo?x=1".to_owned(),
        client_protocol: "HTTP/1.1",
        response_code: 502,
        response_size: 7,
        total_time: Duration::from_millis(15),
        cache_time: Duration::from_millis(3),
        backend_time: Duration::from_millis(10),
        backend: Some(BackendRecord { method: "GET".to_owned(), url: "http://b/".to_owned(), response_code: None }),
        api_id: Some("echo".into()),
        last_error: Some(ErrorRecord { reason: "BackendConnectionFailure".to_owned(), ..ErrorRecord::default() }),
        ..RequestRecord::default()
    }
}

#[test]
fn an_event_as_text() {
    assert_eq!(
        event(TEXT, &sample(Level::Info)).unwrap(),
        "[Info] 2025-12-03T12:57:30.533 [sync], ConfigInitialSyncCompleted: serving\\nsince now, revision: 0000002a; \
         error[unknown-element] policy.xml: `foo` is not a policy\n"
    );
}

#[test]
fn an_event_as_json() {
    assert_eq!(
        event(JSON, &sample(Level::Warn)).unwrap(),
        "{\"level\":\"Warning\",\"timestamp\":\"2025-12-03T12:57:30.5330000Z\",\
         \"eventType\":\"ConfigInitialSyncCompleted\",\"message\":\"serving\\nsince now\",\"source\":\"sync\",\
         \"revision\":\"0000002a\",\"diagnostics\":[{\"severity\":\"error\",\"code\":\"unknown-element\",\
         \"message\":\"`foo` is not a policy\",\"file\":\"policy.xml\"}]}\n"
    );
}

#[test]
fn what_succeeds() {
    for (response_code, expected) in [(101, true), (100, false), (200, true), (399, true), (400, false), (0, false)] {
        let line = request(JSON, &RequestRecord { response_code, ..record() }).unwrap();
        assert!(line.starts_with(&format!("{{\"isRequestSuccess\":{expected},")), "{line}");
    }
}

#[test]
fn a_request_as_json_without_empty_fields() {
    assert_eq!(
        request(JSON, &record()).unwrap(),
        "{\"isRequestSuccess\":false,\"totalTime\":15,\"category\":\"GatewayLogs\",\"callerIpAddress\":\"10.0.0.1\",\
         \"timeGenerated\":\"2025-12-03T12:57:30.5330000Z\",\"correlationId\":\"id-1\",\"method\":\"GET\",\
         \"url\":\"http://h/echo?x=1\",\"responseCode\":502,\"responseSize\":7,\"requestSize\":0,\"cache\":\"none\",\
         \"cacheTime\":3,\"backendTime\":10,\"clientTime\":2,\"backendMethod\":\"GET\",\"backendUrl\":\"http://b/\",\
         \"apiId\":\"echo\",\"clientProtocol\":\"HTTP/1.1\",\"lastError\":{\"reason\":\"BackendConnectionFailure\"},\
         \"errors\":[{\"reason\":\"BackendConnectionFailure\"}],\"revision\":\"00000000\"}\n"
    );
}

#[test]
fn a_request_as_text() {
    let line = request(TEXT, &record()).unwrap();
    let head =
        "[Info] 2025-12-03T12:57:30.533 [GatewayLogs], isRequestSuccess: false, totalTime: 15, category: GatewayLogs";
    assert!(line.starts_with(head), "{line}");
}

#[test]
fn every_line_is_one_line() {
    let mut hostile = record();
    hostile.url = "http://h/\r\n[Info] forged\u{1b}[31m".to_owned();
    for logs in [TEXT, JSON] {
        let line = request(logs, &hostile).unwrap();
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        assert!(!line.contains('\r') && !line.contains('\u{1b}'), "{line}");
    }
}

#[test]
fn levels_and_forms() {
    let shown = |form, level, of| event(Logs { form, level, color: Color::Plain }, &sample(of)).is_some();
    assert!(!shown(LogForm::Text, Level::Warn, Level::Info));
    assert!(shown(LogForm::Text, Level::Warn, Level::Error));
    assert!(shown(LogForm::Json, Level::Debug, Level::Debug));
    assert!(!shown(LogForm::None, Level::Debug, Level::Fatal));
    assert!(request(Logs { level: Level::Warn, ..JSON }, &record()).is_none());
}

#[test]
fn colour_is_only_on_the_level() {
    let line = event(Logs { color: Color::Ansi, ..TEXT }, &sample(Level::Error)).unwrap();
    assert!(line.starts_with("\u{1b}[31m[Error]\u{1b}[0m 2025-"), "{line}");
}

#[test]
fn a_measurement() {
    let dimensions = vec![("API ID".into(), "echo".into()), ("Team".into(), "a\nb".into())];
    let sample =
        Measurement { at: AT, namespace: "API Management".into(), name: "Calls".into(), value: 1.5, dimensions };
    assert_eq!(
        measurement(JSON, &sample).unwrap(),
        "{\"category\":\"Metrics\",\"timeGenerated\":\"2025-12-03T12:57:30.5330000Z\",\"namespace\":\"API Management\",\
         \"name\":\"Calls\",\"value\":1.5,\"dimensions\":{\"API ID\":\"echo\",\"Team\":\"a\\nb\"}}\n"
    );
    assert_eq!(
        measurement(TEXT, &sample).unwrap(),
        "[Info] 2025-12-03T12:57:30.533 [Metrics], category: Metrics, timeGenerated: 2025-12-03T12:57:30.5330000Z, \
         namespace: API Management, name: Calls, value: 1.5, dimensions: {\"API ID\":\"echo\",\"Team\":\"a\\nb\"}\n"
    );
    assert_eq!(measurement(Logs { level: Level::Warn, ..JSON }, &sample), None);
}
