//! Fake Azure as a real process: started, asked on its admin side, killed, started again as the same service. Is no client of its API.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::child::{Process, bare, simulator};
use crate::folder::Folder;
use crate::{ports, wait};

/// Fake Azure for the sample's gateway.
pub(crate) struct Azure {
    process: Process,
    started: Started,
    listen: String,
    configuration: PathBuf,
    place: TempDir,
}

/// What its first lines say.
#[derive(Clone, Debug)]
struct Started {
    endpoint: String,
    admin: String,
    token: String,
}

/// How long the token of a test lives.
const TOKEN_MINUTES: u64 = 60;

impl Azure {
    /// Starts fake Azure on `folder`, with TLS, and waits until it is ready.
    pub(crate) fn start(folder: &Folder) -> Self {
        Self::start_with_token_of(folder, TOKEN_MINUTES)
    }

    /// The same with a token that lives so long; 0 is one that has expired.
    pub(crate) fn start_with_token_of(folder: &Folder, minutes: u64) -> Self {
        let place = tempfile::tempdir().expect("a temporary folder");
        let configuration = folder.path();
        let listen = ports::free().to_string();
        let (process, started) = launch(&place, &configuration, &listen, minutes);
        Self { process, started, listen, configuration, place }
    }

    /// The authority that its certificate chains to.
    pub(crate) fn authority(&self) -> PathBuf {
        self.place.path().join("ca.pem")
    }

    /// `config.service.endpoint`.
    pub(crate) fn endpoint(&self) -> &str {
        &self.started.endpoint
    }

    /// `config.service.auth`.
    pub(crate) fn token(&self) -> &str {
        &self.started.token
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.process.must_run();
        self.process.kill();
    }

    /// Starts it again on the same port with the same keys. The token from before still holds.
    pub(crate) fn restart(&mut self) {
        let token = self.started.token.clone();
        let (process, started) = launch(&self.place, &self.configuration, &self.listen, TOKEN_MINUTES);
        self.process = process;
        self.started = Started { token, ..started };
    }

    /// Switches a fault on.
    pub(crate) fn break_with(&self, fault: &str) {
        self.admin(reqwest::Method::PUT, &format!("/faults/{fault}"));
    }

    /// Switches all faults off.
    pub(crate) fn mend(&self) {
        self.admin(reqwest::Method::DELETE, "/faults");
    }

    /// Kills every token.
    pub(crate) fn rotate_keys(&self) {
        self.admin(reqwest::Method::POST, "/keys/rotate");
    }

    /// A new token.
    pub(crate) fn new_token(&self) -> String {
        let answer = self.admin(reqwest::Method::POST, "/token?minutes=60");
        answer["token"].as_str().expect("a token").to_owned()
    }

    /// Makes whoever is behind take the snapshot.
    pub(crate) fn forget_history(&self) {
        self.admin(reqwest::Method::POST, "/history/forget");
    }

    /// The number of its newest revision.
    pub(crate) fn revision(&self) -> String {
        self.admin(reqwest::Method::GET, "/")["revision"].as_str().expect("a revision").to_owned()
    }

    /// Waits until the folder's last edit is published, so that what comes later is another revision.
    pub(crate) fn wait_for_revision_after(&self, before: &str) -> String {
        wait::until("the edit is published", || {
            let revision = self.revision();
            wait::check(revision.as_str() > before, revision)
        })
    }

    /// The heartbeats, oldest first.
    pub(crate) fn heartbeats(&self) -> Vec<Value> {
        let answer = self.admin(reqwest::Method::GET, "/heartbeats");
        answer.as_array().expect("a list").iter().map(|beat| beat["document"].clone()).collect()
    }

    /// The requests that it saw, oldest first: method and target, status.
    pub(crate) fn requests(&self) -> Vec<(String, u64)> {
        let answer = self.admin(reqwest::Method::GET, "/requests");
        let seen = answer.as_array().expect("a list").iter();
        let text = |seen: &Value| seen["request"].as_str().unwrap_or_default().to_owned();
        seen.map(|seen| (text(seen), seen["status"].as_u64().unwrap_or_default())).collect()
    }

    /// An action of the management API on its gateway: the status and what it says.
    pub(crate) fn manage(&self, action: &str, document: &Value) -> (u16, Value) {
        let service = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/shop";
        let gateway = holdfast_sim::sample::GATEWAY;
        let url = format!("{}{service}/gateways/{gateway}/{action}?api-version=2024-05-01", self.started.admin);
        let client = reqwest::blocking::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build();
        let request = client.expect("a client").post(&url).body(document.to_string());
        let answer = request.send().unwrap_or_else(|error| panic!("{url}: {error}"));
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().unwrap_or_default()).unwrap_or_default())
    }

    fn admin(&self, method: reqwest::Method, target: &str) -> Value {
        let client = reqwest::blocking::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build();
        let url = format!("{}{target}", self.started.admin);
        let answer =
            client.expect("a client").request(method, &url).send().unwrap_or_else(|error| panic!("{url}: {error}"));
        let status = answer.status();
        let text = answer.text().unwrap_or_default();
        assert!(status.is_success(), "{url}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{url}: {error}: {text}"))
    }
}

fn launch(place: &TempDir, configuration: &std::path::Path, listen: &str, minutes: u64) -> (Process, Started) {
    let mut command = bare(simulator());
    command.args(["azure", "--gateway", holdfast_sim::sample::GATEWAY, "--listen", listen, "--config"]);
    command.arg(configuration).arg("--ca").arg(place.path().join("ca.pem"));
    command.arg("--state").arg(place.path().join("state.json"));
    command.args(["--token-minutes", &minutes.to_string()]);
    let mut process = Process::start("azure", &mut command);
    let lines = wait::until("fake Azure is ready", || {
        process.must_run();
        let lines = process.lines();
        wait::check(lines.iter().any(|line| line == "ready"), lines)
    });
    let said = |word: &str| {
        let line = lines.iter().find_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("fake Azure did not say its `{word}`: {lines:?}")).to_owned()
    };
    let started = Started { endpoint: said("endpoint"), admin: said("admin"), token: said("token") };
    (process, started)
}
