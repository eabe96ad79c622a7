//! From environment variables to `Settings`: collects every error on the way instead of stopping at the first.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use holdfast_core::config::proxy::Proxy;
use holdfast_core::diagnostic::nearest;
use holdfast_core::telemetry::Level;

use crate::server::{ForwardedProto, Timeouts};
use crate::settings::endpoint::{self, Endpoint};
use crate::settings::table::{self, Effect, KEYS, Kind, PREFIXES};
use crate::settings::{
    Backup, BackupKey, Bypass, CertificateCheck, Color, GatewayToken, Listeners, LogForm, Logs, Proxies, Service,
    SettingError, Settings, Source, Warning, identity, value,
};

/// The given values, and what was wrong with them so far.
pub(super) struct Reader {
    given: BTreeMap<&'static str, String>,
    errors: Vec<SettingError>,
    warnings: Vec<Warning>,
}

impl Reader {
    pub(super) fn collect(vars: impl Iterator<Item = (String, String)>) -> Self {
        let mut reader = Self { given: BTreeMap::new(), errors: Vec::new(), warnings: Vec::new() };
        // Sorted, so that messages come in the same order in every process.
        let vars: BTreeMap<String, String> = vars.filter(|(_, value)| !value.trim().is_empty()).collect();
        for (name, value) in vars {
            match table::find(&name) {
                Some(key) => reader.take(key, value),
                None => reader.hint(&name),
            }
        }
        reader.warn_without_effect();
        reader
    }

    pub(super) fn finish(self) -> (Vec<Warning>, Vec<SettingError>) {
        (self.warnings, self.errors)
    }

    fn take(&mut self, key: &table::Key, value: String) {
        match self.given.get(key.name) {
            Some(other) if *other != value && key.effect == Effect::Used && key.name.contains('.') => {
                self.error(key.name, "given twice, in different case and with different values");
            }
            // Of `http_proxy` and `HTTP_PROXY`, which no one spells in a mixture, the one in lower case counts, as for .NET. It comes last.
            Some(_) if !key.name.contains('.') => drop(self.given.insert(key.name, value)),
            Some(_) => {}
            None => drop(self.given.insert(key.name, value)),
        }
    }

    fn hint(&mut self, name: &str) {
        let lower = name.to_ascii_lowercase();
        if !PREFIXES.iter().any(|prefix| lower.starts_with(&prefix.to_ascii_lowercase())) {
            return;
        }
        let hint = nearest(name, KEYS.iter().map(|key| key.name))
            .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        self.warn(format!("`{name}` is not a setting{hint}"));
    }

    fn warn_without_effect(&mut self) {
        let idle: Vec<&table::Key> = KEYS
            .iter()
            .filter(|key| key.effect == Effect::AcceptedWithoutEffect && self.given.contains_key(key.name))
            .collect();
        let bad: Vec<String> = idle
            .iter()
            .filter_map(|key| Some((key, value::check(key.kind, self.given.get(key.name)?).err()?)))
            .map(|(key, error)| format!("`{}`: {error}; the setting has no effect yet, so it is passed over", key.name))
            .collect();
        if !idle.is_empty() {
            let names: Vec<String> = idle.iter().map(|key| format!("`{}`", key.name)).collect();
            self.warn(format!("these settings are accepted but have no effect yet: {}", names.join(", ")));
        }
        bad.into_iter().for_each(|message| self.warn(message));
    }

    pub(super) fn is_given(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    pub(super) fn warn(&mut self, message: String) {
        self.warnings.push(Warning { message });
    }

    fn error(&mut self, key: &str, message: impl Into<String>) {
        self.errors.push(SettingError { key: key.to_owned(), message: message.into(), help: None });
    }

    fn error_with_help(&mut self, key: &str, message: impl Into<String>, help: &str) {
        let help = Some(help.to_owned());
        self.errors.push(SettingError { key: key.to_owned(), message: message.into(), help });
    }

    pub(super) fn text(&self, name: &'static str) -> Option<String> {
        let given = self.given.get(name).map(|value| value.trim().to_owned());
        given.or_else(|| table::find(name)?.default.map(str::to_owned))
    }

    pub(super) fn read<T>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match parse(&self.text(name)?) {
            Ok(value) => Some(value),
            Err(message) => {
                self.error(name, message);
                None
            }
        }
    }

    fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.read(name, value::flag)
    }

    fn duration(&mut self, name: &'static str, min: Duration) -> Option<Duration> {
        self.read(name, |text| match value::timespan(text)? {
            duration if duration < min => Err(format!("`{text}` is shorter than {min:?}")),
            duration => Ok(duration),
        })
    }

    fn path(&self, name: &'static str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    fn word(&mut self, name: &'static str) -> Option<&'static str> {
        let Some(Kind::OneOf(words)) = table::find(name).map(|key| key.kind) else { return None };
        self.read(name, |text| value::one_of(words, text))
    }
}

// Shorter ones would make the gateway a load test of its own service.
const INTERVAL_MIN: Duration = Duration::from_millis(10);
const TIMEOUT_MIN: Duration = Duration::from_millis(1);
const WORKERS_MAX: u64 = 1024;
const CONNECTIONS_MAX: u64 = 1024 * 1024;
// More is not the memory of a gateway any more.
const CACHE_BYTES_MAX: u64 = 256 * 1024 * 1024 * 1024;

/// All settings; `None` when something that is needed is missing or wrong, which `reader` then knows.
pub(super) fn settings(reader: &mut Reader) -> Option<Settings> {
    // Every part is read before any is looked at, so that one run reports all errors.
    let source = source(reader);
    let listeners = listeners(reader);
    let forwarded_proto = forwarded_proto(reader);
    let connections_max = count(reader, "holdfast.http.connections.max", CONNECTIONS_MAX);
    let timeouts = timeouts(reader);
    let cache_bytes_max = cache(reader);
    let workers = count(reader, "holdfast.workers", WORKERS_MAX);
    let backup = backup(reader);
    let logs = logs(reader);
    let identity = identity::source(reader);
    let proxies = proxies(reader);
    let sync_interval = reader.duration("holdfast.sync.interval", INTERVAL_MIN);
    let heartbeat_interval = reader.duration("holdfast.heartbeat.interval", INTERVAL_MIN);
    let drain_delay = reader.duration("holdfast.drain.delay", Duration::ZERO);
    let drain_timeout = reader.duration("holdfast.drain.timeout", Duration::ZERO);
    let dapr_port = reader.read("DAPR_HTTP_PORT", port);
    let (source, gateway_id) = source?;
    Some(Settings {
        gateway_id,
        instance_id: reader.text("holdfast.instance.id"),
        source,
        listeners: listeners?,
        forwarded_proto: forwarded_proto?,
        connections_max,
        timeouts: timeouts?,
        cache_bytes_max: cache_bytes_max?,
        workers,
        backup: backup?,
        sync_interval: sync_interval?,
        heartbeat_interval: heartbeat_interval?,
        drain_delay: drain_delay?,
        drain_timeout: drain_timeout?,
        dapr_port: dapr_port?,
        upstream_ca: reader.path("holdfast.upstream.ca.path"),
        logs: logs?,
        identity: identity?,
        proxies: Arc::new(proxies),
    })
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|port| *port > 0).ok_or_else(|| format!("`{text}` is not a port"))
}

fn source(reader: &mut Reader) -> Option<(Source, String)> {
    const KEY: &str = "config.service.endpoint";
    let Some(text) = reader.text(KEY) else {
        let help = "give the host of a configuration API, its URL, or `file:///DIR`";
        reader.error_with_help(KEY, "is required", help);
        token(reader);
        return None;
    };
    match endpoint::parse(&text) {
        Ok(Endpoint::Service(url)) => service(reader, url),
        Ok(Endpoint::Folder(path)) => {
            let Some(name) = reader.text("gateway.name") else {
                let message = "is required when the configuration comes from a folder";
                reader.error_with_help("gateway.name", message, "give the id of the gateway resource in that folder");
                return None;
            };
            Some((Source::Folder(path), name))
        }
        Err(message) => {
            reader.error(KEY, message);
            token(reader);
            None
        }
    }
}

fn service(reader: &mut Reader, endpoint: holdfast_core::http::Url) -> Option<(Source, String)> {
    let token = token(reader);
    let disabled = reader.flag("config.service.endpoint.disableCertificateValidation");
    let timeout = reader.duration("config.service.integration.timeout", TIMEOUT_MIN);
    if endpoint::is_readable_on_the_way(&endpoint) {
        reader.warn(format!(
            "`config.service.endpoint`: `{endpoint}` is not encrypted: the token and all secrets can be read on the way"
        ));
    }
    let certificates = if disabled? { CertificateCheck::Disabled } else { CertificateCheck::Verified };
    if certificates == CertificateCheck::Disabled {
        reader.warn(
            "`config.service.endpoint.disableCertificateValidation` is on: whoever answers under that name gets the token"
                .to_owned(),
        );
    }
    let token = token?;
    let gateway_id = token.gateway_id.clone();
    if let Some(name) = reader.text("gateway.name").filter(|name| !name.eq_ignore_ascii_case(&gateway_id)) {
        reader.error("gateway.name", format!("is `{name}`, but the token was issued for gateway `{gateway_id}`"));
    }
    let ca = reader.path("holdfast.service.ca.path");
    Some((Source::Service(Service { endpoint, token, certificates, ca, timeout: timeout? }), gateway_id))
}

fn token(reader: &mut Reader) -> Option<GatewayToken> {
    const AUTH: &str = "config.service.auth";
    const KEY: &str = "config.service.auth.key";
    let auth = reader.text(AUTH);
    let from_key = match auth.as_deref() {
        Some(word) if word.eq_ignore_ascii_case("key") => true,
        Some(word) if is_entra(word) => {
            let help = "use a gateway token: `GatewayKey {gateway id}&{yyyyMMddHHmm}&{signature}`";
            reader.error_with_help(AUTH, format!("`{word}` is not supported yet"), help);
            return None;
        }
        Some(_) => false,
        None => true,
    };
    if !from_key {
        return reader.read(AUTH, GatewayToken::parse);
    }
    if reader.text(KEY).is_some() {
        return reader.read(KEY, GatewayToken::parse);
    }
    let help = "give the gateway token: `GatewayKey {gateway id}&{yyyyMMddHHmm}&{signature}`";
    let (name, message) =
        if auth.is_some() { (KEY, "is required when `config.service.auth` is `key`") } else { (AUTH, "is required") };
    reader.error_with_help(name, message, help);
    None
}

fn is_entra(word: &str) -> bool {
    word.eq_ignore_ascii_case("azureAdApp") || word.eq_ignore_ascii_case("workloadIdentity")
}

fn listeners(reader: &mut Reader) -> Option<Listeners> {
    let http = reader.read("holdfast.http.listen", value::listen);
    let https = reader.read("holdfast.https.listen", value::listen);
    let (http, https) = (http?, https?);
    match (http, https) {
        (None, None) => reader.error("holdfast.http.listen", "both listeners are `off`: nothing could be served"),
        (Some(a), Some(b)) if a == b && a.port() != 0 => {
            reader.error("holdfast.https.listen", format!("`{b}` is the address of `holdfast.http.listen`"));
        }
        (Some(_) | None, Some(_) | None) => {}
    }
    Some(Listeners { http, https })
}

fn forwarded_proto(reader: &mut Reader) -> Option<ForwardedProto> {
    let believed = reader.flag("net.server.http.forwarded.proto.enabled")?;
    Some(if believed { ForwardedProto::Believed } else { ForwardedProto::Ignored })
}

fn proxies(reader: &mut Reader) -> Proxies {
    let mut proxy = |name| reader.read(name, |text| Proxy::parse(text, None, None)).map(Arc::new);
    let (http, https) = (proxy("HTTP_PROXY"), proxy("HTTPS_PROXY"));
    Proxies { http, https, bypass: reader.text("NO_PROXY").map(|text| Bypass::list(&text)).unwrap_or_default() }
}

fn timeouts(reader: &mut Reader) -> Option<Timeouts> {
    let head_read = reader.duration("holdfast.http.header.timeout", TIMEOUT_MIN);
    let keep_alive = reader.duration("holdfast.http.idle.timeout", TIMEOUT_MIN);
    let request_content_idle = reader.duration("holdfast.http.body.timeout", TIMEOUT_MIN);
    let write_stall = reader.duration("holdfast.http.write.timeout", TIMEOUT_MIN);
    let tls_handshake = reader.duration("holdfast.https.handshake.timeout", TIMEOUT_MIN);
    let connect = reader.duration("holdfast.upstream.connect.timeout", TIMEOUT_MIN);
    let upstream_idle = reader.duration("holdfast.upstream.idle.timeout", TIMEOUT_MIN);
    let response_content_idle = reader.duration("holdfast.upstream.body.timeout", TIMEOUT_MIN);
    Some(Timeouts {
        head_read: head_read?,
        keep_alive: keep_alive?,
        tls_handshake: tls_handshake?,
        request_content_idle: request_content_idle?,
        write_stall: write_stall?,
        connect: connect?,
        response_content_idle: response_content_idle?,
        upstream_idle: upstream_idle?,
        ..Timeouts::default()
    })
}

fn count(reader: &mut Reader, name: &'static str, max: u64) -> Option<NonZeroUsize> {
    let count = reader.read(name, |text| match value::number(text)? {
        0 => Err("must be at least 1".to_owned()),
        count if count > max => Err(format!("`{text}` is more than {max}")),
        count => Ok(count),
    })?;
    usize::try_from(count).ok().and_then(NonZeroUsize::new)
}

fn cache(reader: &mut Reader) -> Option<u64> {
    reader.read("holdfast.cache.size.max", |text| match value::bytes(text)? {
        bytes if bytes > CACHE_BYTES_MAX => Err(format!("`{text}` is more than {} GiB", CACHE_BYTES_MAX >> 30)),
        bytes => Ok(bytes),
    })
}

fn backup(reader: &mut Reader) -> Option<Backup> {
    let path = reader.path("holdfast.backup.path").filter(|path| path.is_absolute());
    if path.is_none() {
        reader.error("holdfast.backup.path", "is not an absolute path");
    }
    let errors_before = reader.errors.len();
    let key = reader.read("holdfast.backup.key", value::key).map(BackupKey);
    (reader.errors.len() == errors_before).then_some(Backup { path: path?, key })
}

fn logs(reader: &mut Reader) -> Option<Logs> {
    let form = reader.word("telemetry.logs.std");
    let level = reader.word("telemetry.logs.std.level");
    let color = reader.flag("telemetry.logs.std.color");
    let form = match form? {
        "none" => LogForm::None,
        "json" => LogForm::Json,
        _ => LogForm::Text,
    };
    let level = match level? {
        "warn" => Level::Warn,
        "error" => Level::Error,
        "fatal" => Level::Fatal,
        "info" => Level::Info,
        _ => Level::Debug,
    };
    Some(Logs { form, level, color: if color? { Color::Ansi } else { Color::Plain } })
}
