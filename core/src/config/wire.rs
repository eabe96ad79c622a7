//! The documents of the open configuration API: snapshot, events page, heartbeat. Moves no bytes, compresses nothing.
//!
//! A reader takes hostile input: what is not as expected is a [`WireError`] that names the place. Members that are not known are
//! passed over, so that a newer service can say more.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::{DeserializeOwned, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::config::bounds::{
    MAX_EVENTS, MAX_ID_BYTES, MAX_ID_SEGMENTS, MAX_RESOURCES, MAX_SNAPSHOT_BYTES, MAX_SNAPSHOT_VALUES,
};
use crate::config::resource::{Origin, Resource, ResourceId, ResourceSet, Revision};
use crate::diagnostic::Diagnostic;

/// The format of snapshots that this version reads and writes.
pub const SNAPSHOT_FORMAT: u32 = 1;

/// The id under which a resource set holds the facts of the service.
const SERVICE: &str = "/service";

/// Everything that one gateway serves, at one revision.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The revision.
    pub revision: Revision,
    /// The id of the gateway that it was made for.
    pub gateway: String,
    /// The resources; the facts of the service are `/service` among them.
    pub resources: ResourceSet,
}

/// A page of the event log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Events {
    /// The events, oldest first; none when nothing is new.
    pub events: Vec<Event>,
    /// Where the next page begins: the revision of the last event, or what was asked for when there are none.
    pub skiptoken: Revision,
}

/// What became of the configuration at one revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The revision that it makes.
    pub revision: Revision,
    /// The changes, in order.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The resource is new or has new properties.
    Put(Resource),
    /// The resource and everything below it is gone.
    Delete(ResourceId),
}

/// What a gateway says of itself every minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Heartbeat {
    /// The instance that speaks: a gateway has several.
    pub instance_id: String,
    /// The version of the program.
    pub version: String,
    /// The lifecycle state, as in `connected`.
    pub state: String,
    /// The revision that is served; `None` before the first one.
    pub applied_revision: Option<Revision>,
    /// What was refused of the newest revision.
    pub refused: Option<Refused>,
    /// Seconds since the process started.
    pub uptime_seconds: u64,
}

/// What a gateway refused, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// The revision.
    pub revision: Revision,
    /// The reasons.
    pub diagnostics: Vec<Diagnostic>,
}

/// What the service answers to a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatAnswer {
    /// The newest revision that there is for this gateway.
    pub latest_revision: Option<Revision>,
}

/// Why a document of the service cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireError {
    /// Where: `line 1 column 20`, or a member such as `resources[3] (/apis/echo)`.
    pub place: String,
    /// What is wrong, in words.
    pub message: String,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl std::error::Error for WireError {}

/// Reads a snapshot (decompressed).
///
/// # Errors
/// Names the place that is not as expected.
pub fn read_snapshot(bytes: &[u8]) -> Result<Snapshot, WireError> {
    let written: WrittenSnapshot = read(bytes)?;
    if written.format != SNAPSHOT_FORMAT {
        return refuse("format", format!("format {} is not known: expected {SNAPSHOT_FORMAT}", written.format));
    }
    let mut resources = ResourceSet::default();
    for (index, resource) in written.resources.0.into_iter().enumerate() {
        let place = || format!("resources[{index}]");
        let id = read_id(&resource.id, &place)?;
        if resources.insert(resource_of(id.clone(), resource.properties)).is_some() {
            return refuse(&format!("{} ({id})", place()), "the id is there twice");
        }
    }
    if !written.service.is_empty() && resources.insert(resource_of(ResourceId::new(SERVICE), written.service)).is_some()
    {
        return refuse("service", "the service is also there as a resource");
    }
    Ok(Snapshot { revision: written.revision, gateway: written.gateway, resources })
}

/// Reads a page of the event log.
///
/// # Errors
/// Names the place that is not as expected; revisions that do not rise are an error too.
pub fn read_events(bytes: &[u8]) -> Result<Events, WireError> {
    let written: WrittenEvents = read(bytes)?;
    let mut events: Vec<Event> = Vec::new();
    for (index, event) in written.events.0.into_iter().enumerate() {
        if events.last().is_some_and(|before| before.revision >= event.revision) {
            let message = format!("revision `{}` does not come after the one before it", event.revision);
            return refuse(&format!("events[{index}].revision"), message);
        }
        let mut changes = Vec::new();
        for (number, change) in event.changes.0.into_iter().enumerate() {
            changes.push(read_change(change, &|| format!("events[{index}].changes[{number}]"))?);
        }
        events.push(Event { revision: event.revision, changes });
    }
    if events.last().is_some_and(|last| last.revision != written.skiptoken) {
        return refuse("skiptoken", format!("`{}` is not the revision of the last event", written.skiptoken));
    }
    Ok(Events { events, skiptoken: written.skiptoken })
}

/// Reads a heartbeat.
///
/// # Errors
/// Names the place that is not as expected.
pub fn read_heartbeat(bytes: &[u8]) -> Result<Heartbeat, WireError> {
    read(bytes)
}

/// Reads the answer to a heartbeat.
///
/// # Errors
/// Names the place that is not as expected.
pub fn read_heartbeat_answer(bytes: &[u8]) -> Result<HeartbeatAnswer, WireError> {
    read(bytes)
}

/// Writes a snapshot. The same resources give the same bytes.
#[must_use]
pub fn write_snapshot(snapshot: &Snapshot) -> Vec<u8> {
    let service = ResourceId::new(SERVICE);
    let empty = Map::new();
    let written = SnapshotToWrite {
        format: SNAPSHOT_FORMAT,
        revision: snapshot.revision,
        service: snapshot.resources.get(&service).map_or(&empty, |resource| &resource.properties),
        gateway: &snapshot.gateway,
        resources: snapshot.resources.iter().filter(|resource| resource.id != service).map(|r| put(r)).collect(),
    };
    write(&written)
}

/// Writes a page of the event log.
#[must_use]
pub fn write_events(events: &Events) -> Vec<u8> {
    let change = |change: &Change| match change {
        Change::Put(resource) => serde_json::json!({"id": resource.id, "properties": *resource.properties}),
        Change::Delete(id) => serde_json::json!({"id": id, "deleted": true}),
    };
    let event = |event: &Event| {
        let changes: Vec<Value> = event.changes.iter().map(change).collect();
        serde_json::json!({"revision": event.revision, "changes": changes})
    };
    let list: Vec<Value> = events.events.iter().map(event).collect();
    write(&serde_json::json!({"events": list, "skiptoken": events.skiptoken}))
}

/// Writes a heartbeat.
#[must_use]
pub fn write_heartbeat(heartbeat: &Heartbeat) -> Vec<u8> {
    write(heartbeat)
}

/// Writes the answer to a heartbeat.
#[must_use]
pub fn write_heartbeat_answer(answer: &HeartbeatAnswer) -> Vec<u8> {
    write(answer)
}

/// Takes an event into the set.
pub fn apply(set: &mut ResourceSet, event: Event) {
    for change in event.changes {
        match change {
            Change::Put(resource) => {
                set.insert(resource);
            }
            Change::Delete(id) => {
                set.remove(&id);
            }
        }
    }
}

/// The changes that lead from one set to another, for a service that keeps an event log.
#[must_use]
pub fn changes(old: &ResourceSet, new: &ResourceSet) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for id in crate::config::diff::changed(old, new) {
        match new.get(&id) {
            Some(resource) => changes.push(Change::Put((**resource).clone())),
            // A delete takes everything below it away: what is still there comes after it in the order of ids.
            None if old.get(&id).is_some() => {
                let survivors = new.iter().filter(|resource| resource.id.is_within(&id));
                let survivors: Vec<Change> = survivors.map(|resource| Change::Put((**resource).clone())).collect();
                changes.push(Change::Delete(id));
                changes.extend(survivors);
            }
            None => {}
        }
    }
    changes
}

#[derive(Deserialize)]
struct WrittenSnapshot {
    format: u32,
    revision: Revision,
    #[serde(default)]
    service: Map<String, Value>,
    gateway: String,
    resources: Bounded<WrittenResource, MAX_RESOURCES>,
}

#[derive(Serialize)]
struct SnapshotToWrite<'a> {
    format: u32,
    revision: Revision,
    service: &'a Map<String, Value>,
    gateway: &'a str,
    resources: Vec<ResourceToWrite<'a>>,
}

#[derive(Serialize)]
struct ResourceToWrite<'a> {
    id: &'a ResourceId,
    properties: &'a Map<String, Value>,
}

#[derive(Deserialize)]
struct WrittenResource {
    id: String,
    properties: Map<String, Value>,
}

#[derive(Deserialize)]
struct WrittenEvents {
    events: Bounded<WrittenEvent, MAX_EVENTS>,
    skiptoken: Revision,
}

#[derive(Deserialize)]
struct WrittenEvent {
    revision: Revision,
    changes: Bounded<WrittenChange, MAX_RESOURCES>,
}

#[derive(Deserialize)]
struct WrittenChange {
    id: String,
    properties: Option<Map<String, Value>>,
    #[serde(default)]
    deleted: bool,
}

/// A list that stops being read when it grows beyond `MAX` items.
struct Bounded<T, const MAX: usize>(Vec<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Bounded<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(BoundedVisitor(PhantomData))
    }
}

struct BoundedVisitor<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for BoundedVisitor<T, MAX> {
    type Value = Bounded<T, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MAX} items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            if items.len() == MAX {
                return Err(A::Error::custom(format!("more than {MAX} items in a list")));
            }
            items.push(item);
        }
        Ok(Bounded(items))
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WireError> {
    if bytes.len() > MAX_SNAPSHOT_BYTES {
        return refuse("the document", format!("{} bytes, more than {MAX_SNAPSHOT_BYTES}", bytes.len()));
    }
    if bytes.len() > MAX_SNAPSHOT_VALUES && values(bytes) > MAX_SNAPSHOT_VALUES {
        return refuse("the document", format!("more than {MAX_SNAPSHOT_VALUES} values"));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let shown = error.to_string();
        let message = shown.rsplit_once(" at line ").map_or(shown.as_str(), |(message, _)| message).to_owned();
        WireError { place: format!("line {} column {}", error.line(), error.column()), message }
    })
}

// About as many values as a JSON document has: every one but the first stands behind one of these.
fn values(bytes: &[u8]) -> usize {
    let (mut count, mut in_text, mut escaped) = (0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            b'[' | b'{' | b',' | b':' if !in_text => count += 1,
            _ => {}
        }
    }
    count
}

// INVARIANT: what is written has text keys and finite numbers only, which serde_json cannot fail on.
fn write<T: Serialize>(document: &T) -> Vec<u8> {
    serde_json::to_vec(document).unwrap_or_default()
}

fn read_change(change: WrittenChange, place: &dyn Fn() -> String) -> Result<Change, WireError> {
    let id = read_id(&change.id, place)?;
    match (change.properties, change.deleted) {
        (None, true) => Ok(Change::Delete(id)),
        (Some(properties), false) => Ok(Change::Put(resource_of(id, properties))),
        (Some(_), true) => refuse(&format!("{} ({id})", place()), "both deleted and with properties"),
        (None, false) => refuse(&format!("{} ({id})", place()), "neither `properties` nor `\"deleted\": true`"),
    }
}

fn read_id(text: &str, place: &dyn Fn() -> String) -> Result<ResourceId, WireError> {
    let place = || format!("{}.id", place());
    if text.len() > MAX_ID_BYTES {
        return refuse(&place(), format!("an id of {} bytes, more than {MAX_ID_BYTES}", text.len()));
    }
    let id = ResourceId::new(text);
    let count = id.segments().count();
    if id.as_str().is_empty() || count > MAX_ID_SEGMENTS || text.chars().any(char::is_control) {
        return refuse(&place(), format!("`{}` is not the id of a resource", text.escape_debug()));
    }
    Ok(id)
}

fn resource_of(id: ResourceId, properties: Map<String, Value>) -> Resource {
    let file: Arc<str> = Arc::from(id.as_str());
    let text = match properties.get("value") {
        Some(Value::String(value)) if is_policy(&id) => Some(Arc::from(value.as_str())),
        _ => None,
    };
    Resource { id, properties: Arc::new(properties), origin: Origin { file, text } }
}

fn is_policy(id: &ResourceId) -> bool {
    let mut segments: Vec<&str> = id.segments().collect();
    let last = segments.pop();
    let before = segments.pop();
    last.is_some_and(|last| last.eq_ignore_ascii_case("policy"))
        && before.is_some_and(|before| before.eq_ignore_ascii_case("policies"))
        || before.is_some_and(|before| before.eq_ignore_ascii_case("policyFragments")) && segments.is_empty()
}

fn put(resource: &Resource) -> ResourceToWrite<'_> {
    ResourceToWrite { id: &resource.id, properties: &resource.properties }
}

fn refuse<T>(place: &str, message: impl Into<String>) -> Result<T, WireError> {
    Err(WireError { place: place.to_owned(), message: message.into() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SNAPSHOT: &str = concat!(
        r#"{"format":1,"revision":"0000002a","service":{"name":"contoso"},"gateway":"gw1","resources":["#,
        r#"{"id":"/apis/echo","properties":{"path":"echo"}},"#,
        r#"{"id":"/policies/policy","properties":{"format":"rawxml","value":"<policies/>"}}]}"#
    );

    #[test]
    fn a_snapshot_is_read_and_written_alike() {
        let snapshot = read_snapshot(SNAPSHOT.as_bytes()).unwrap();
        assert_eq!((snapshot.revision, snapshot.gateway.as_str()), (Revision(42), "gw1"));
        let policy = snapshot.resources.get(&ResourceId::new("/policies/policy")).unwrap();
        assert_eq!(policy.origin.text.as_deref(), Some("<policies/>"));
        assert_eq!(policy.origin.file.as_ref(), "/policies/policy");
        assert_eq!(String::from_utf8(write_snapshot(&snapshot)).unwrap(), SNAPSHOT);
    }

    #[test]
    fn hostile_snapshots_are_errors_that_name_the_place() {
        let long = format!(r#"{{"id":"{}","properties":{{}}}}"#, "a".repeat(2000));
        let nested = format!(r#"{{"id":"/a/b","properties":{{"x":{}}}}}"#, "[".repeat(1000));
        let with =
            |resource: &str| format!(r#"{{"format":1,"revision":"00000001","gateway":"g","resources":[{resource}]}}"#);
        let table = [
            (String::new(), "EOF"),
            ("[]".to_owned(), "invalid"),
            (SNAPSHOT.replace("\"format\":1", "\"format\":2"), "format: format 2 is not known"),
            (SNAPSHOT.replace("0000002a", "2a"), "`2a` is not a revision"),
            (SNAPSHOT.replace("0000002a", "+000002a"), "is not a revision"),
            (SNAPSHOT.replace("\"gateway\":\"gw1\"", "\"gateway\":7"), "line 1 column"),
            (SNAPSHOT.replace("/policies/policy", "/APIS/echo"), "resources[1] (/APIS/echo): the id is there twice"),
            (with(&long), "resources[0].id: an id of 2000 bytes"),
            (with(r#"{"id":"/","properties":{}}"#), "resources[0].id: `/` is not the id"),
            (with(r#"{"id":"/a\u0000","properties":{}}"#), "is not the id"),
            (with(r#"{"id":"/a","properties":[]}"#), "line 1 column"),
            (with(r#"{"id":"/a"}"#), "missing field `properties`"),
            (with(&nested), "recursion limit"),
        ];
        for (text, expected) in table {
            let error = read_snapshot(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error} should say {expected}");
        }
    }

    #[test]
    fn small_documents_of_many_values_are_refused_before_they_are_built() {
        let with = |properties: &str| {
            let written = r#"{"format":1,"revision":"0000002a","gateway":"g","resources":[{"id":"/a","properties":"#;
            format!("{written}{properties}}}]}}")
        };
        let many = with(&format!("{{\"x\":[{}0]}}", "[],".repeat(MAX_SNAPSHOT_VALUES / 2)));
        assert_eq!(read_snapshot(many.as_bytes()).unwrap_err().to_string(), "the document: more than 10000000 values");
        let text = with(&format!("{{\"x\":\"{}\\\"[\"}}", "[,".repeat(MAX_SNAPSHOT_VALUES)));
        assert!(read_snapshot(text.as_bytes()).is_ok());
    }

    #[test]
    fn events_lead_from_one_set_to_the_next() {
        let page = concat!(
            r#"{"events":[{"revision":"0000002b","changes":[{"id":"/apis/echo","deleted":true},"#,
            r#"{"id":"/apis/new","properties":{"path":"new"}}]}],"skiptoken":"0000002b"}"#
        );
        let events = read_events(page.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(write_events(&events)).unwrap(), page);
        let old = read_snapshot(SNAPSHOT.as_bytes()).unwrap().resources;
        let after = |set: &ResourceSet, events: Vec<Event>| {
            let mut set = set.clone();
            events.into_iter().for_each(|event| apply(&mut set, event));
            set
        };
        let new = after(&old, events.events);
        let ids: Vec<&str> = new.iter().map(|resource| resource.id.as_str()).collect();
        assert_eq!(ids, ["/apis/new", "/policies/policy", "/service"]);
        let back = Event { revision: Revision(44), changes: changes(&new, &old) };
        assert_eq!(after(&new, vec![back]), old);
    }

    #[test]
    fn hostile_events_are_errors() {
        let table = [
            (r#"{"events":[],"skiptoken":"zz"}"#, "is not a revision"),
            (r#"{"events":[{"revision":"00000001","changes":[]}],"skiptoken":"00000002"}"#, "skiptoken:"),
            (
                r#"{"events":[{"revision":"00000001","changes":[{"id":"/a"}]}],"skiptoken":"00000001"}"#,
                "events[0].changes[0] (/a)",
            ),
            (
                r#"{"events":[{"revision":"00000002","changes":[]},{"revision":"00000002","changes":[]}],"skiptoken":"00000002"}"#,
                "events[1].revision",
            ),
        ];
        for (text, expected) in table {
            let error = read_events(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error} should say {expected}");
        }
        assert_eq!(read_events(br#"{"events":[],"skiptoken":"0000002a"}"#).unwrap().skiptoken, Revision(42));
    }

    #[test]
    fn heartbeats_have_the_names_of_the_protocol() {
        let heartbeat = Heartbeat {
            instance_id: "i1".to_owned(),
            version: "0.1.0".to_owned(),
            state: "connected".to_owned(),
            applied_revision: Some(Revision(42)),
            refused: Some(Refused { revision: Revision(43), diagnostics: Vec::new() }),
            uptime_seconds: 7,
        };
        let bytes = write_heartbeat(&heartbeat);
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            concat!(
                r#"{"instanceId":"i1","version":"0.1.0","state":"connected","appliedRevision":"0000002a","#,
                r#""refused":{"revision":"0000002b","diagnostics":[]},"uptimeSeconds":7}"#
            )
        );
        assert_eq!(read_heartbeat(&bytes).unwrap(), heartbeat);
        let answer = read_heartbeat_answer(br#"{"latestRevision":"0000002b"}"#).unwrap();
        assert_eq!(answer.latest_revision, Some(Revision(43)));
        assert_eq!(write_heartbeat_answer(&answer), br#"{"latestRevision":"0000002b"}"#);
    }

    proptest! {
        #[test]
        fn any_bytes_end_quietly(bytes in proptest::collection::vec(any::<u8>(), 0..80), cut in 0..SNAPSHOT.len(), byte in any::<u8>()) {
            let mut text = SNAPSHOT.as_bytes().to_vec();
            text[cut] = byte;
            for bytes in [&bytes[..], &text, &text[..cut]] {
                let _ = (read_snapshot(bytes), read_events(bytes), read_heartbeat(bytes), read_heartbeat_answer(bytes));
            }
        }
    }
}
