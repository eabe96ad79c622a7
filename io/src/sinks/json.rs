//! The JSON form: the original's two families of records under its own field names; empty fields are left out.

use std::time::Duration;

use holdfast_core::telemetry::{ErrorRecord, Event, Level, Measurement, RequestRecord};
use serde_json::{Map, Value, json};

pub(super) fn event(event: &Event) -> String {
    let mut fields = Map::new();
    // The names of .NET's `EventLevel`, as the original's records carry them.
    let level = match event.level {
        Level::Debug => "Verbose",
        Level::Info => "Informational",
        Level::Warn => "Warning",
        Level::Error => "Error",
        Level::Fatal => "Critical",
    };
    put(&mut fields, "level", level.into());
    put(&mut fields, "timestamp", event.at.to_string().into());
    put(&mut fields, "eventType", event.name.into());
    put(&mut fields, "message", event.message.as_str().into());
    put(&mut fields, "source", event.source.into());
    if let Some(revision) = event.revision {
        put(&mut fields, "revision", revision.to_string().into());
    }
    if !event.diagnostics.is_empty() {
        put(&mut fields, "diagnostics", serde_json::to_value(&event.diagnostics).unwrap_or(Value::Null));
    }
    Value::Object(fields).to_string()
}

pub(super) fn request(record: &RequestRecord) -> String {
    Value::Object(request_fields(record)).to_string()
}

/// The fields of `ApiManagementGatewayLogs`, in the order of its reference; the text form shows the same.
pub(super) fn request_fields(record: &RequestRecord) -> Map<String, Value> {
    let mut fields = Map::new();
    // 101: a WebSocket has begun.
    let is_success = matches!(record.response_code, 101 | 200..400);
    put(&mut fields, "isRequestSuccess", is_success.into());
    put(&mut fields, "totalTime", millis(record.total_time));
    put(&mut fields, "category", "GatewayLogs".into());
    put(&mut fields, "callerIpAddress", record.caller_ip.as_str().into());
    put(&mut fields, "timeGenerated", record.time_generated.to_string().into());
    put(&mut fields, "correlationId", record.correlation_id.as_str().into());
    put(&mut fields, "method", record.method.as_str().into());
    put(&mut fields, "url", record.url.as_str().into());
    put(&mut fields, "responseCode", record.response_code.into());
    put(&mut fields, "responseSize", record.response_size.into());
    put(&mut fields, "requestSize", record.request_size.into());
    put(&mut fields, "cache", record.cache.as_str().into());
    put(&mut fields, "cacheTime", millis(record.cache_time));
    put(&mut fields, "backendTime", millis(record.backend_time));
    let client_time = record.total_time.saturating_sub(record.backend_time).saturating_sub(record.cache_time);
    put(&mut fields, "clientTime", millis(client_time));
    if let Some(backend) = &record.backend {
        put(&mut fields, "backendMethod", backend.method.as_str().into());
        put(&mut fields, "backendUrl", backend.url.as_str().into());
        put(&mut fields, "backendResponseCode", backend.response_code.map_or(Value::Null, Value::from));
    }
    let ids = [
        ("apiId", &record.api_id),
        ("operationId", &record.operation_id),
        ("productId", &record.product_id),
        ("apimSubscriptionId", &record.subscription_id),
        ("apiRevision", &record.api_revision),
    ];
    for (name, id) in ids {
        put(&mut fields, name, id.as_deref().unwrap_or("").into());
    }
    put(&mut fields, "clientProtocol", record.client_protocol.into());
    put(&mut fields, "clientTlsVersion", record.client_tls_version.unwrap_or("").into());
    if let Some(error) = &record.last_error {
        let error = last_error(error);
        put(&mut fields, "lastError", error.clone());
        put(&mut fields, "errors", json!([error]));
    }
    put(&mut fields, "revision", record.revision.to_string().into());
    put(&mut fields, "traceRecords", record.traces.clone().into());
    fields
}

pub(super) fn measurement(measurement: &Measurement) -> String {
    Value::Object(measurement_fields(measurement)).to_string()
}

/// The fields of a number that was measured; the text form shows the same.
pub(super) fn measurement_fields(measurement: &Measurement) -> Map<String, Value> {
    let Measurement { at, namespace, name, value, dimensions } = measurement;
    let mut fields = Map::new();
    put(&mut fields, "category", "Metrics".into());
    put(&mut fields, "timeGenerated", at.to_string().into());
    put(&mut fields, "namespace", namespace.as_ref().into());
    put(&mut fields, "name", name.as_ref().into());
    put(&mut fields, "value", (*value).into());
    let dimensions = dimensions.iter().map(|(name, value)| (name.to_string(), Value::from(value.as_ref())));
    put(&mut fields, "dimensions", dimensions.collect::<Map<String, Value>>().into());
    fields
}

fn last_error(error: &ErrorRecord) -> Value {
    let mut fields = Map::new();
    put(&mut fields, "source", error.source.as_str().into());
    put(&mut fields, "scope", error.scope.as_str().into());
    put(&mut fields, "section", error.section.as_str().into());
    put(&mut fields, "path", error.path.as_str().into());
    put(&mut fields, "policyId", error.policy_id.as_deref().unwrap_or("").into());
    put(&mut fields, "reason", error.reason.as_str().into());
    put(&mut fields, "message", error.message.as_str().into());
    Value::Object(fields)
}

fn put(fields: &mut Map<String, Value>, name: &str, value: Value) {
    let is_empty = match &value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    };
    if !is_empty {
        fields.insert(name.to_owned(), value);
    }
}

fn millis(duration: Duration) -> Value {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).into()
}
