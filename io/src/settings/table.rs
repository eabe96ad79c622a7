//! Every environment key that the gateway knows: those of the original under their own names, and `holdfast.*` for what it lacks.
//! Reads no value; `mod.rs` does.

/// One environment key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name, as documented. Compared without regard to ASCII case, as .NET does.
    pub name: &'static str,
    /// What its value looks like.
    pub kind: Kind,
    /// What holds when it is not given; `None` when nothing does, or when the default is worked out.
    pub default: Option<&'static str>,
    /// Whether it changes anything.
    pub effect: Effect,
}

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// Any text that must not be shown.
    Secret,
    /// `true` or `false`.
    Flag,
    /// A duration: `hh:mm:ss` as .NET writes it, or a number with `ms`, `s`, `m` or `h`.
    Timespan,
    /// A whole number.
    Number,
    /// A number of bytes, perhaps with `KiB`, `MiB` or `GiB`.
    Bytes,
    /// A number from 0 to 1.
    Fraction,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// `ip:port`, or `off`.
    Listen,
    /// A path on the disk.
    Path,
}

/// Whether a key changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It does.
    Used,
    /// It is known and accepted, but what it steers is not built yet.
    AcceptedWithoutEffect,
}

/// What unknown names are held against: a name that begins like this was meant for the gateway.
pub const PREFIXES: [&str; 15] = [
    "config.service.",
    "gateway.",
    "holdfast.",
    "neighborhood.",
    "policy.",
    "net.server.",
    "net.client.",
    "k8s.ingress.",
    "telemetry.",
    "observability.",
    "logs.",
    "certificates.local.",
    "security.",
    "runtime.deployment.",
    "Microsoft.WindowsAzure.ApiManagement.",
];

/// The key of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name.eq_ignore_ascii_case(name))
}

const fn used(name: &'static str, kind: Kind, default: Option<&'static str>) -> Key {
    Key { name, kind, default, effect: Effect::Used }
}

const fn unused(name: &'static str, kind: Kind, default: Option<&'static str>) -> Key {
    Key { name, kind, default, effect: Effect::AcceptedWithoutEffect }
}

const LEVELS: Kind = Kind::OneOf(&["all", "debug", "info", "warn", "error", "fatal"]);
const LOCAL_LOGS: Kind = Kind::OneOf(&["none", "auto", "localsyslog", "rfc5424", "journal", "json", "forward"]);
const TAG_FORMATS: Kind = Kind::OneOf(&["none", "librato", "ibrato", "dogStatsD", "influxDB"]);

/// All keys, in the order of the reference: configuration API, neighbourhood, HTTP, ingress, metrics, logs, security, metadata, ours.
pub const KEYS: &[Key] = &[
    used("gateway.name", Kind::Text, None),
    used("config.service.endpoint", Kind::Text, None),
    used("config.service.auth", Kind::Secret, None),
    used("config.service.auth.key", Kind::Secret, None),
    unused("config.service.auth.azureAd.tenantId", Kind::Text, None),
    unused("config.service.auth.azureAd.clientId", Kind::Text, None),
    unused("config.service.auth.azureAd.clientSecret", Kind::Secret, None),
    unused("config.service.auth.azureAd.certificatePath", Kind::Path, None),
    unused("config.service.auth.azureAd.authority", Kind::Text, Some("https://login.microsoftonline.com")),
    unused("config.service.auth.tokenAudience", Kind::Text, Some("https://azure-api.net/configuration")),
    used("config.service.endpoint.disableCertificateValidation", Kind::Flag, Some("false")),
    used("config.service.integration.timeout", Kind::Timespan, Some("00:01:40")),
    unused("neighborhood.host", Kind::Text, None),
    unused("neighborhood.heartbeat.port", Kind::Number, Some("4291")),
    unused("policy.rate-limit.sync.port", Kind::Number, Some("4290")),
    used("net.server.http.forwarded.proto.enabled", Kind::Flag, Some("false")),
    used("HTTP_PROXY", Kind::Secret, None),
    used("HTTPS_PROXY", Kind::Secret, None),
    used("NO_PROXY", Kind::Text, None),
    used("DAPR_HTTP_PORT", Kind::Number, Some("3500")),
    unused("k8s.ingress.enabled", Kind::Flag, Some("false")),
    unused("k8s.ingress.namespace", Kind::Text, Some("default")),
    unused("k8s.ingress.dns.suffix", Kind::Text, Some("svc.cluster.local")),
    unused("k8s.ingress.config.path", Kind::Path, None),
    unused("telemetry.metrics.local", Kind::OneOf(&["none", "statsd"]), Some("none")),
    unused("telemetry.metrics.local.statsd.endpoint", Kind::Text, None),
    unused("telemetry.metrics.local.statsd.sampling", Kind::Fraction, None),
    unused("telemetry.metrics.local.statsd.tag-format", TAG_FORMATS, None),
    unused("telemetry.metrics.cloud", Kind::Flag, Some("true")),
    unused("observability.opentelemetry.enabled", Kind::Flag, Some("false")),
    unused("observability.opentelemetry.collector.uri", Kind::Text, None),
    unused("observability.opentelemetry.system-metrics.enabled", Kind::Flag, Some("false")),
    unused(
        "observability.opentelemetry.histogram.buckets",
        Kind::Text,
        Some("5,10,25,50,100,250,500,1000,2500,5000,10000"),
    ),
    used("telemetry.logs.std", Kind::OneOf(&["none", "text", "json"]), Some("text")),
    used("telemetry.logs.std.level", LEVELS, Some("info")),
    used("telemetry.logs.std.color", Kind::Flag, Some("true")),
    unused("telemetry.logs.local", LOCAL_LOGS, Some("auto")),
    unused("telemetry.logs.local.localsyslog.endpoint", Kind::Text, None),
    unused("telemetry.logs.local.localsyslog.facility", Kind::Number, None),
    unused("telemetry.logs.local.rfc5424.endpoint", Kind::Text, None),
    unused("telemetry.logs.local.rfc5424.facility", Kind::Number, None),
    unused("telemetry.logs.local.journal.endpoint", Kind::Text, None),
    unused("telemetry.logs.local.json.endpoint", Kind::Text, Some("127.0.0.1:8888")),
    unused("logs.applicationinsights.endpoint", Kind::Text, Some("https://dc.services.visualstudio.com/v2/track")),
    unused("certificates.local.ca.enabled", Kind::Flag, Some("false")),
    unused("net.server.tls.ciphers.allowed-suites", Kind::Text, None),
    unused("net.client.tls.ciphers.allowed-suites", Kind::Text, None),
    unused("security.certificate-revocation.validation.enabled", Kind::Flag, Some("false")),
    unused("Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Tls13", Kind::Flag, Some("true")),
    unused("Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Tls12", Kind::Flag, Some("true")),
    unused("Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Tls11", Kind::Flag, Some("false")),
    unused("Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Tls10", Kind::Flag, Some("false")),
    unused("Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Ssl30", Kind::Flag, Some("false")),
    unused("runtime.deployment.mechanism", Kind::Text, None),
    unused("runtime.deployment.artifact.version", Kind::Text, None),
    unused("runtime.deployment.artifact.source", Kind::Text, None),
    unused("runtime.deployment.orchestrator.type", Kind::Text, None),
    unused("runtime.deployment.highAvailability.enabled", Kind::Flag, None),
    unused("runtime.deployment.dapr.enabled", Kind::Flag, None),
    used("holdfast.http.listen", Kind::Listen, Some("0.0.0.0:8080")),
    used("holdfast.https.listen", Kind::Listen, Some("0.0.0.0:8081")),
    used("holdfast.http.connections.max", Kind::Number, None),
    used("holdfast.http.header.timeout", Kind::Timespan, Some("30s")),
    used("holdfast.http.idle.timeout", Kind::Timespan, Some("120s")),
    used("holdfast.http.body.timeout", Kind::Timespan, Some("60s")),
    used("holdfast.http.write.timeout", Kind::Timespan, Some("60s")),
    used("holdfast.https.handshake.timeout", Kind::Timespan, Some("10s")),
    used("holdfast.upstream.connect.timeout", Kind::Timespan, Some("10s")),
    used("holdfast.upstream.idle.timeout", Kind::Timespan, Some("60s")),
    used("holdfast.upstream.body.timeout", Kind::Timespan, Some("300s")),
    used("holdfast.cache.size.max", Kind::Bytes, Some("64MiB")),
    used("holdfast.workers", Kind::Number, None),
    used("holdfast.instance.id", Kind::Text, None),
    used("holdfast.backup.path", Kind::Path, Some("/apim/config")),
    used("holdfast.backup.key", Kind::Secret, None),
    used("holdfast.sync.interval", Kind::Timespan, Some("10s")),
    used("holdfast.heartbeat.interval", Kind::Timespan, Some("60s")),
    used("holdfast.drain.delay", Kind::Timespan, Some("5s")),
    used("holdfast.drain.timeout", Kind::Timespan, Some("45s")),
    used("holdfast.identity.endpoint", Kind::Text, Some("http://169.254.169.254/metadata/identity/oauth2/token")),
    used("holdfast.identity.arc.keys", Kind::Path, Some("/var/opt/azcmagent/tokens")),
    used("IDENTITY_ENDPOINT", Kind::Text, None),
    used("IDENTITY_HEADER", Kind::Secret, None),
    used("IMDS_ENDPOINT", Kind::Text, None),
    used("AZURE_FEDERATED_TOKEN_FILE", Kind::Path, None),
    used("AZURE_CLIENT_ID", Kind::Text, None),
    used("AZURE_TENANT_ID", Kind::Text, None),
    used("AZURE_AUTHORITY_HOST", Kind::Text, Some("https://login.microsoftonline.com/")),
    used("holdfast.upstream.ca.path", Kind::Path, None),
    used("holdfast.service.ca.path", Kind::Path, None),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::value;

    #[test]
    fn every_default_is_a_value_of_its_kind_and_names_are_unique() {
        for (at, key) in KEYS.iter().enumerate() {
            if let Some(default) = key.default {
                assert_eq!(value::check(key.kind, default), Ok(()), "{}", key.name);
            }
            assert!(KEYS[at + 1..].iter().all(|other| !other.name.eq_ignore_ascii_case(key.name)), "{}", key.name);
        }
    }

    #[test]
    fn every_dotted_key_has_a_known_prefix() {
        for key in KEYS.iter().filter(|key| key.name.contains('.')) {
            assert!(PREFIXES.iter().any(|prefix| key.name.starts_with(prefix)), "{}", key.name);
        }
    }
}
