//! Stories of a folder that leaves secrets to Azure Key Vault.

use super::folder::source;
use super::*;
use crate::http::message::{Body, ResponseView};
use crate::http::{HeaderMap, StatusCode, header};
use crate::policy::effect::{Effect, OutboundRequest, Reply, UpstreamFailure, UpstreamFailureKind};
use crate::vault::{REFRESH, RETRY_MIN};

/// The metadata service and the vaults of a world.
#[derive(Debug, Default)]
pub(super) struct Vaults {
    /// By path; what is not here is refused.
    pub(super) secrets: BTreeMap<&'static str, &'static str>,
    /// Hosts that cannot be reached.
    pub(super) away: Vec<&'static str>,
    pub(super) is_silent: bool,
}

impl Vaults {
    /// What comes of a request; `None` when nothing does.
    pub(super) fn answer(&self, effect: &Effect) -> Option<Reply> {
        let Effect::Send(request) = effect else { panic!("nothing else is asked for: {effect:?}") };
        if self.is_silent {
            return None;
        }
        if self.away.contains(&request.url.host.as_str()) {
            let message = "connection refused".to_owned();
            return Some(Reply::Response(Err(UpstreamFailure { kind: UpstreamFailureKind::Connect, message })));
        }
        let (status, text) = self.response(request);
        let body = Body::Bytes(Bytes::from(text));
        let view = ResponseView { status, reason: None, headers: HeaderMap::new(), body };
        Some(Reply::Response(Ok(Box::new(view))))
    }

    fn response(&self, request: &OutboundRequest) -> (StatusCode, String) {
        let query = request.url.query.as_deref().unwrap_or("");
        if request.url.host == "169.254.169.254" {
            assert!(
                query.contains("resource=https%3A%2F%2Fvault.azure.net")
                    || query.contains("resource=https://vault.azure.net")
            );
            let identity = if query.contains("client_id=other") { "other" } else { "own" };
            return (StatusCode::OK, format!(r#"{{"access_token": "{identity}", "expires_in": 3600}}"#));
        }
        assert_eq!(query, "api-version=7.4");
        let who = request.headers.get(header::AUTHORIZATION).unwrap();
        assert!(who == "Bearer own" || who == "Bearer other");
        match self.secrets.get(request.url.path.as_str()) {
            Some(secret) => (StatusCode::OK, format!(r#"{{"value": "{secret}", "id": "x"}}"#)),
            None => (
                StatusCode::NOT_FOUND,
                r#"{"error": {"code": "SecretNotFound", "message": "no such secret"}}"#.to_owned(),
            ),
        }
    }
}

const API: (&str, &str) = ("apis/a/apiInformation.json", r#"{"properties":{"displayName":"A","path":"a"}}"#);

fn named(secret: &str) -> String {
    let identifier = format!("https://kv1.vault.azure.net/secrets/{secret}");
    format!(r#"{{"properties": {{"displayName": "{secret}", "keyVault": {{"secretIdentifier": "{identifier}"}}}}}}"#)
}

pub(super) fn folder(secrets: &[&str]) -> FolderState {
    let texts: Vec<(String, String)> = secrets
        .iter()
        .map(|secret| (format!("named values/{secret}/namedValueInformation.json"), named(secret)))
        .collect();
    let mut all = vec![API];
    all.extend(texts.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    files(&all)
}

fn world(vaults: Vaults, secrets: &[&str]) -> World {
    let settings = settings(source(), BackupPlace::Missing);
    let mut world = World::begin(settings, Mode::Silent, Vec::new(), Ok(folder(secrets)));
    world.vaults = vaults;
    world.settle();
    // The secrets are due at once.
    world.pass(Duration::ZERO, World::settle);
    world
}

pub(super) fn value(world: &World, name: &str) -> Option<String> {
    let head = world.gateway.serving.head.as_ref()?;
    let resource = head.get(&ResourceId::new(&format!("/namedValues/{name}")))?;
    Some(resource.properties.get("value")?.as_str()?.to_owned())
}

#[test]
fn secrets_are_there_before_anything_is_served() {
    let vaults = Vaults { secrets: [("/secrets/one", "1"), ("/secrets/two", "2")].into(), ..Vaults::default() };
    let world = world(vaults, &["one", "two"]);
    assert_eq!(world.standing(), "connected ready 00000001");
    assert_eq!((value(&world, "one").as_deref(), value(&world, "two").as_deref()), (Some("1"), Some("2")));
    assert_eq!(world.count("KeyVaultSecretFetched"), 2);
    assert!(world.events.iter().all(|event| !format!("{event:?}").contains("\"1\"")));
}

#[test]
fn a_secret_that_changes_is_the_next_revision_and_an_outage_changes_nothing() {
    let vaults = Vaults { secrets: [("/secrets/one", "1")].into(), ..Vaults::default() };
    let mut world = world(vaults, &["one"]);
    world.folder = Ok(FolderState::Unchanged);
    world.vaults.away = vec!["kv1.vault.azure.net"];
    world.advance(REFRESH * 5);
    assert_eq!((world.standing().as_str(), value(&world, "one").as_deref()), ("connected ready 00000001", Some("1")));
    assert!(world.count("KeyVaultSecretNotAvailable") > 10);
    assert_eq!(world.loudest("KeyVaultSecretNotAvailable"), 1, "said aloud once");
    world.vaults = Vaults { secrets: [("/secrets/one", "new")].into(), ..Vaults::default() };
    world.advance(REFRESH);
    assert_eq!((world.standing().as_str(), value(&world, "one").as_deref()), ("connected ready 00000002", Some("new")));
}

#[test]
fn what_does_not_come_does_not_hold_up_the_rest() {
    let vaults = Vaults { away: vec!["kv1.vault.azure.net"], ..Vaults::default() };
    let mut world = world(vaults, &["one", "two", "three"]);
    assert_eq!(world.standing(), "connected ready 00000001");
    assert_eq!(world.count("KeyVaultSecretNotAvailable"), 1, "the others need not find out by themselves");
    let warnings: Vec<&str> = world
        .events
        .iter()
        .flat_map(|event| &event.diagnostics)
        .filter(|found| &*found.code == "secret-not-available")
        .map(|found| &*found.message)
        .collect();
    let expected: &str =
        "there is no secret from Key Vault for `one`: `kv1.vault.azure.net` cannot be reached: connection refused";
    assert_eq!((warnings.len(), warnings.contains(&expected)), (3, true), "{warnings:?}");
    world.folder = Ok(FolderState::Unchanged);
    world.vaults = Vaults { secrets: [("/secrets/one", "1"), ("/secrets/two", "2")].into(), ..Vaults::default() };
    world.advance(RETRY_MIN);
    assert_eq!(value(&world, "one").as_deref(), Some("1"));
    assert_eq!(value(&world, "three"), None);
    assert_eq!(world.standing(), "connected ready 00000002", "what comes together is one revision");
    let last = world.events.iter().rfind(|event| event.name == "KeyVaultSecretNotAvailable").unwrap();
    assert_eq!(last.message, "`https://kv1.vault.azure.net/secrets/three`: status code 404: no such secret");
}

#[test]
fn no_token_is_the_reason_too() {
    let vaults = Vaults { away: vec!["169.254.169.254"], ..Vaults::default() };
    let world = world(vaults, &["one"]);
    assert_eq!(world.standing(), "connected ready 00000001");
    let said = world.events.iter().find(|event| event.name == "KeyVaultSecretNotAvailable").unwrap();
    assert_eq!(
        said.message,
        "`https://kv1.vault.azure.net/secrets/one`: no token of a managed identity: connection refused"
    );
}

#[test]
fn an_answer_that_never_comes_is_given_up() {
    let vaults = Vaults { is_silent: true, ..Vaults::default() };
    let mut world = world(vaults, &["one"]);
    world.folder = Ok(FolderState::Unchanged);
    assert_eq!(world.standing(), "starting not-ready -");
    world.advance(LOST_AFTER);
    assert_eq!(world.standing(), "connected ready 00000001");
    world.pending.clear();
    world.vaults = Vaults { secrets: [("/secrets/one", "1")].into(), ..Vaults::default() };
    world.advance(RETRY_MIN);
    assert_eq!(value(&world, "one").as_deref(), Some("1"));
}

#[test]
fn a_value_that_is_given_and_one_that_is_no_longer_named_are_not_asked_for() {
    let vaults = Vaults { secrets: [("/secrets/one", "1")].into(), ..Vaults::default() };
    let given = named("one").replace(r#""keyVault""#, r#""value": "mine", "keyVault""#);
    let path = "named values/one/namedValueInformation.json";
    let settings = settings(source(), BackupPlace::Missing);
    let mut world = World::begin(settings, Mode::Silent, Vec::new(), Ok(files(&[API, (path, &given)])));
    world.vaults = vaults;
    world.advance(SYNC);
    assert_eq!((value(&world, "one").as_deref(), world.count("KeyVaultSecretFetched")), (Some("mine"), 0));
    world.folder = Ok(folder(&["one"]));
    world.advance(SYNC);
    assert_eq!(value(&world, "one").as_deref(), Some("1"));
    world.folder = Ok(files(&[API]));
    world.advance(SYNC);
    world.folder = Ok(FolderState::Unchanged);
    world.advance(REFRESH * 2);
    assert_eq!(world.count("KeyVaultSecretFetched"), 1);
}
