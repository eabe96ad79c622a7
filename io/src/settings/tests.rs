//! The environment as people write it, right and wrong.

use std::path::Path;

use super::*;

const TOKEN: &str = "GatewayKey gw1&203001010000&c2lnbmF0dXJlLW9mLXRoZS10b2tlbg==";

fn parse(vars: &[(&str, &str)]) -> Result<(Settings, Vec<Warning>), Vec<SettingError>> {
    Settings::parse(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

fn service(more: &[(&str, &str)]) -> Result<(Settings, Vec<Warning>), Vec<SettingError>> {
    let mut vars = vec![("config.service.endpoint", "contoso.example"), ("config.service.auth", TOKEN)];
    vars.extend_from_slice(more);
    parse(&vars)
}

fn errors(vars: &[(&str, &str)]) -> Vec<(String, String)> {
    parse(vars).unwrap_err().into_iter().map(|error| (error.key, error.message)).collect()
}

#[test]
fn the_original_s_two_settings_are_enough() {
    let (settings, warnings) = service(&[]).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(settings.gateway_id, "gw1");
    let Source::Service(service) = &settings.source else { panic!("not a service") };
    assert_eq!(service.endpoint.to_string(), "https://contoso.example/");
    assert_eq!(service.timeout, Duration::from_secs(100));
    assert_eq!(settings.sync_interval, Duration::from_secs(10));
    assert_eq!(settings.heartbeat_interval, Duration::from_secs(60));
    assert_eq!(settings.listeners.http.unwrap().to_string(), "0.0.0.0:8080");
    assert_eq!(settings.backup.path, Path::new("/apim/config"));
    assert_eq!(settings.logs, Logs { form: LogForm::Text, level: Level::Info, color: Color::Ansi });
    assert_eq!(format!("{:?}", settings.timeouts), format!("{:?}", Timeouts::default()));
    assert_eq!(settings.forwarded_proto, ForwardedProto::Ignored);
}

#[test]
fn a_folder_needs_a_gateway_name_and_no_token() {
    let (settings, _) = parse(&[("config.service.endpoint", "file:///etc/apim"), ("gateway.name", "gw")]).unwrap();
    assert!(matches!(&settings.source, Source::Folder(path) if path == Path::new("/etc/apim")));
    assert_eq!(settings.gateway_id, "gw");
    let missing = errors(&[("config.service.endpoint", "file:///etc/apim")]);
    assert_eq!(missing[0].0, "gateway.name");
}

#[test]
fn every_error_is_reported_at_once_and_names_its_key() {
    let keys: Vec<String> = errors(&[
        ("config.service.endpoint", "https://"),
        ("config.service.auth", "GatewayKey nonsense"),
        ("holdfast.http.listen", "8080"),
        ("holdfast.http.header.timeout", "0s"),
        ("holdfast.cache.size.max", "1TiB"),
        ("holdfast.workers", "0"),
        ("holdfast.backup.path", "relative"),
        ("holdfast.backup.key", "short"),
        ("holdfast.sync.interval", "10"),
        ("telemetry.logs.std", "xml"),
        ("telemetry.logs.std.color", "blue"),
    ])
    .into_iter()
    .map(|(key, _)| key)
    .collect();
    assert_eq!(
        keys,
        [
            "config.service.endpoint",
            "config.service.auth",
            "holdfast.http.listen",
            "holdfast.http.header.timeout",
            "holdfast.cache.size.max",
            "holdfast.workers",
            "holdfast.backup.path",
            "holdfast.backup.key",
            "telemetry.logs.std",
            "telemetry.logs.std.color",
            "holdfast.sync.interval",
        ]
    );
}

#[test]
fn ways_to_give_the_token() {
    let endpoint = ("config.service.endpoint", "h");
    let by_key = [endpoint, ("config.service.auth", "key"), ("config.service.auth.key", TOKEN)];
    assert_eq!(parse(&by_key).unwrap().0.gateway_id, "gw1");
    assert_eq!(errors(&[endpoint])[0].0, "config.service.auth");
    assert_eq!(errors(&[endpoint, ("config.service.auth", "key")])[0].0, "config.service.auth.key");
    for word in ["azureAdApp", "workloadIdentity"] {
        let found = errors(&[endpoint, ("config.service.auth", word)]);
        assert!(found[0].1.contains("not supported yet"), "{found:?}");
    }
}

#[test]
fn the_name_must_be_that_of_the_token() {
    assert!(service(&[("gateway.name", "GW1")]).is_ok());
    let found = service(&[("gateway.name", "other")]).unwrap_err();
    assert_eq!(found[0].message, "is `other`, but the token was issued for gateway `gw1`");
}

#[test]
fn keys_without_effect_are_named_in_one_warning() {
    let (_, warnings) = service(&[
        ("neighborhood.host", "peers"),
        ("telemetry.metrics.cloud", "false"),
        ("k8s.ingress.enabled", "perhaps"),
        ("PATH", "/bin"),
    ])
    .unwrap();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert_eq!(
        warnings[0].message,
        "these settings are accepted but have no effect yet: `neighborhood.host`, `k8s.ingress.enabled`, \
         `telemetry.metrics.cloud`"
    );
    assert!(warnings[1].message.contains("`perhaps` is neither"));
}

#[test]
fn unknown_keys_of_ours_get_the_nearest_name() {
    let (_, warnings) = service(&[("holdfast.worker", "2"), ("LANG", "C")]).unwrap();
    assert_eq!(warnings[0].message, "`holdfast.worker` is not a setting; did you mean `holdfast.workers`?");
}

#[test]
fn names_count_in_any_case_but_only_once() {
    let (settings, _) = service(&[("HOLDFAST.WORKERS", "3")]).unwrap();
    assert_eq!(settings.workers.map(NonZeroUsize::get), Some(3));
    let found = service(&[("HOLDFAST.WORKERS", "3"), ("holdfast.workers", "4")]).unwrap_err();
    assert_eq!(found[0].key, "holdfast.workers");
    assert!(service(&[("HTTP_PROXY", "http://a"), ("http_proxy", "http://b")]).is_ok());
}

#[test]
fn dangerous_choices_are_warned_about() {
    let (_, warnings) = parse(&[
        ("config.service.endpoint", "http://azure.example"),
        ("config.service.auth", TOKEN),
        ("config.service.endpoint.disableCertificateValidation", "True"),
    ])
    .unwrap();
    assert!(warnings[0].message.contains("not encrypted"));
    assert!(warnings[1].message.contains("disableCertificateValidation"));
}

#[test]
fn listeners_can_be_off_but_not_both_and_not_the_same() {
    assert_eq!(service(&[("holdfast.https.listen", "off")]).unwrap().0.listeners.https, None);
    assert!(service(&[("holdfast.https.listen", "off"), ("holdfast.http.listen", "off")]).is_err());
    assert!(service(&[("holdfast.https.listen", "0.0.0.0:8080")]).is_err());
    assert!(service(&[("holdfast.https.listen", "127.0.0.1:0"), ("holdfast.http.listen", "127.0.0.1:0")]).is_ok());
}

#[test]
fn secrets_are_shown_nowhere() {
    let key = "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=";
    let (settings, warnings) = service(&[("holdfast.backup.key", key), ("HTTP_PROXY", "http://u:p4ss@proxy")]).unwrap();
    let shown = format!("{settings:?} {warnings:?} {}", settings.summary());
    for secret in ["c2lnbmF0", "ABEi", "p4ss", "17, 34"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
