//! An inspection as JSON, in the outline of the original's `listTrace` (control-plane.md §1.2); what stands under `data` is ours.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Fact, Inspection, Message, Step};
use crate::value::TimeSpan;

const SECTIONS: [&str; 4] = ["inbound", "backend", "outbound", "on-error"];

pub(super) fn rendered(inspection: &Inspection) -> Value {
    let mut sections = Map::new();
    for section in SECTIONS {
        let entries: Vec<Value> = inspection.steps.iter().filter(|step| step.section == section).map(entry).collect();
        if section != "on-error" || !entries.is_empty() {
            sections.insert(section.to_owned(), entries.into());
        }
    }
    let mut whole = json!({
        "serviceName": inspection.service,
        "traceId": inspection.id,
        "traceEntries": sections,
    });
    if inspection.left_out > 0 {
        whole["entriesLeftOut"] = inspection.left_out.into();
    }
    whole
}

fn entry(step: &Step) -> Value {
    let mut data = Map::new();
    let mut place = |name: &str, value: &str| {
        if !value.is_empty() {
            data.insert(name.to_owned(), value.into());
        }
    };
    place("scope", step.scope);
    place("path", &step.path);
    place("policyId", step.policy_id.as_deref().unwrap_or(""));
    data.insert("took".to_owned(), span(step.took).into());
    let mut put = |name: &str, value: Value| match data.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
        Value::Array(list) => list.push(value),
        other => *other = value,
    };
    for fact in &step.facts {
        match fact {
            Fact::Said(text) => put("messages", text.as_str().into()),
            Fact::Condition { text, holds } => put("conditions", json!({ "condition": text, "result": holds })),
            Fact::Changed { what, before, after } => {
                put("changes", json!({ "name": what, "from": before, "to": after }));
            }
            Fact::Received(received) => put("received", message(received)),
            Fact::Sent(sent) => put("sent", message(sent)),
            Fact::Failed { reason, message } => put("errors", json!({ "reason": reason, "message": message })),
        }
    }
    json!({
        "source": step.source,
        "timestamp": step.at.to_string(),
        "elapsed": span(step.begun),
        "data": data,
    })
}

fn message(message: &Message) -> Value {
    let fields = message.fields.iter().map(|(name, value)| json!({ "name": name, "value": value }));
    json!({ "line": message.line, "headers": fields.collect::<Vec<_>>(), "content": message.content })
}

// As .NET writes a TimeSpan.
fn span(duration: Duration) -> String {
    TimeSpan(i64::try_from(duration.as_nanos() / 100).unwrap_or(i64::MAX)).to_string()
}
