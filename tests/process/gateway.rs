//! The production binary as a real process: its environment, its answers, its status, its log. Knows no source of configuration but by URL.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use holdfast_sim::sample::{EDIT_HEADER, KEY};
use reqwest::Method;
use serde_json::Value;

use crate::azure::Azure;
use crate::child::{Process, Signal, bare, holdfast};
use crate::{ports, wait};

/// What a gateway is told, and where it listens.
#[derive(Clone, Debug)]
pub(crate) struct Wiring {
    address: SocketAddr,
    variables: BTreeMap<String, String>,
}

/// A gateway that runs.
pub(crate) struct Gateway {
    process: Process,
    client: Client,
}

/// Somebody who asks a gateway. Every question has a connection of its own: one left over from a gateway that was killed is no answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    address: SocketAddr,
}

/// An answer.
#[derive(Clone)]
pub(crate) struct Told {
    /// The status code.
    pub(crate) status: u16,
    /// The fields.
    pub(crate) headers: BTreeMap<String, String>,
    /// The content.
    pub(crate) body: Vec<u8>,
}

/// The status path of the original's probes.
pub(crate) const STATUS: &str = "/status-0123456789abcdef";
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

impl Wiring {
    /// Attached to `azure`, with the backup in `backup` and with short intervals.
    pub(crate) fn federated(azure: &Azure, backup: &Path) -> Self {
        Self::to(azure.endpoint(), backup)
            .set("config.service.auth", azure.token())
            .set("holdfast.service.ca.path", &azure.authority().display().to_string())
    }

    /// Configured from `endpoint`.
    pub(crate) fn to(endpoint: &str, backup: &Path) -> Self {
        let address = ports::free();
        let wiring = Self { address, variables: BTreeMap::new() };
        wiring
            .set("config.service.endpoint", endpoint)
            .set("config.service.integration.timeout", "2s")
            .set("holdfast.http.listen", &address.to_string())
            .set("holdfast.https.listen", "off")
            .set("holdfast.backup.path", &backup.display().to_string())
            .set("holdfast.sync.interval", "300ms")
            .set("holdfast.heartbeat.interval", "1s")
            .set("holdfast.drain.delay", "100ms")
            .set("telemetry.logs.std", "json")
            .set("telemetry.logs.std.level", "debug")
    }

    /// The same with one more setting, or another value of it.
    #[must_use]
    pub(crate) fn set(mut self, key: &str, value: &str) -> Self {
        self.variables.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The settings.
    pub(crate) fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// Starts the binary.
    pub(crate) fn start(&self) -> Gateway {
        self.start_as(bare(holdfast()).envs(&self.variables))
    }

    /// Starts it by a command of its own.
    pub(crate) fn start_as(&self, command: &mut Command) -> Gateway {
        Gateway { process: Process::start("holdfast", command), client: Client { address: self.address } }
    }
}

impl Client {
    /// Asks with the sample's key.
    pub(crate) fn get(&self, target: &str) -> Result<Told, String> {
        self.ask(Method::GET, target, &[("ocp-apim-subscription-key", KEY)], Vec::new())
    }

    fn ask(&self, method: Method, target: &str, fields: &[(&str, &str)], content: Vec<u8>) -> Result<Told, String> {
        let client = reqwest::blocking::Client::builder().no_proxy().pool_max_idle_per_host(0).timeout(REQUEST_TIMEOUT);
        let client = client.build().map_err(|error| error.to_string())?;
        let request = client.request(method, format!("http://{}{target}", self.address)).body(content);
        let request = fields.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = request.send().map_err(|error| format!("{error:?}"))?;
        let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let status = answer.status().as_u16();
        let body = answer.bytes().map_err(|error| format!("{error:?}"))?.to_vec();
        Ok(Told { status, headers, body })
    }
}

impl Gateway {
    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.client.address
    }

    /// The URL of a target.
    pub(crate) fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address())
    }

    /// Somebody who asks it, for a thread of his own.
    pub(crate) fn client(&self) -> Client {
        self.client
    }

    /// Asks with the sample's key.
    pub(crate) fn get(&self, target: &str) -> Result<Told, String> {
        self.client.get(target)
    }

    /// Asks with the sample's key and these fields.
    pub(crate) fn get_with(&self, target: &str, fields: &[(&str, &str)]) -> Result<Told, String> {
        let fields = [&[("ocp-apim-subscription-key", KEY)], fields].concat();
        self.client.ask(Method::GET, target, &fields, Vec::new())
    }

    /// Asks without a key.
    pub(crate) fn get_without_key(&self, target: &str) -> Result<Told, String> {
        self.client.ask(Method::GET, target, &[], Vec::new())
    }

    /// Sends content with the sample's key.
    pub(crate) fn post(&self, target: &str, content: Vec<u8>) -> Result<Told, String> {
        let fields = [("ocp-apim-subscription-key", KEY), ("x-request-id", "1")];
        self.client.ask(Method::POST, target, &fields, content)
    }

    /// Waits until an item is served and shows this edit.
    pub(crate) fn shows(&mut self, edit: u32) -> Told {
        wait::until(&format!("edit {edit} is served"), || {
            self.process.must_run();
            let told = self.get("/orders/items/1")?;
            wait::check(told.status == 200 && told.edit() == Some(edit), told)
        })
    }

    /// An item must be served at once, and show this edit.
    pub(crate) fn shows_now(&self, edit: u32) {
        let told = self.get("/orders/items/1").expect("an answer");
        assert_eq!((told.status, told.edit()), (200, Some(edit)), "{told:?}");
    }

    /// What the status path says.
    pub(crate) fn status(&self) -> Result<(u16, Value), String> {
        let told = self.get_without_key(STATUS)?;
        Ok((told.status, told.json()?))
    }

    /// Waits until the status path answers with `code` and names one of these states; gives the reason.
    pub(crate) fn is_in(&mut self, code: u16, states: &[&str]) -> String {
        wait::until(&format!("the status is {code} {states:?}"), || {
            self.process.must_run();
            let (seen, status) = self.status()?;
            let reason = status["reason"].as_str().unwrap_or_default().to_owned();
            let holds = seen == code && status["state"].as_str().is_some_and(|state| states.contains(&state));
            wait::check(holds, status).map(|_| reason)
        })
    }

    /// Waits until it has lost its service and says so with a reason that has `word` in it; gives the reason.
    pub(crate) fn is_disconnected(&mut self, word: &str) -> String {
        self.says_why(200, "disconnected", word)
    }

    /// Waits until it serves its backup, has found out that the service is gone, and says both.
    pub(crate) fn is_restored(&mut self) {
        wait::until("the status is 200, restored, without a service", || {
            self.process.must_run();
            let (code, status) = self.status()?;
            let reason = status["reason"].as_str().unwrap_or_default();
            let holds = code == 200 && status["state"] == "restored" && reason.contains("cannot be reached");
            wait::check(holds, status)
        });
    }

    /// Waits until it has nothing to serve and says so on both doors with a reason that has `word` in it.
    pub(crate) fn is_not_ready(&mut self, word: &str) {
        self.says_why(503, "starting", word);
        let told = self.get("/orders/items/1").expect("an answer");
        assert_eq!(told.status, 503, "{told:?}");
        let message = told.json().expect("a JSON body");
        assert_eq!(message["statusCode"], 503, "{message}");
        let words = message["message"].as_str().unwrap_or_default();
        assert!(!words.is_empty() && words.contains(word), "{message}");
        assert!(told.headers.contains_key("retry-after"), "{told:?}");
    }

    fn says_why(&mut self, code: u16, state: &str, word: &str) -> String {
        wait::until(&format!("the status is {code} {state} because of `{word}`"), || {
            self.process.must_run();
            let (seen, status) = self.status()?;
            let reason = status["reason"].as_str().unwrap_or_default().to_owned();
            let is_said = !reason.is_empty() && reason.contains(word);
            let holds = seen == code && status["state"] == state && status["ready"] == (code == 200);
            wait::check(holds && is_said, status).map(|_| reason)
        })
    }

    /// The records of the log so far; every line must be one JSON object.
    pub(crate) fn log(&self) -> Vec<Value> {
        let lines = self.process.lines();
        let parsed = lines.iter().map(|line| {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert!(value.is_object(), "{line}");
            value
        });
        parsed.collect()
    }

    /// Waits until the log has an event of this type whose record has all of `words`; gives it.
    pub(crate) fn logs(&self, event: &str, words: &[&str]) -> Value {
        wait::until(&format!("the log has `{event}` with {words:?}"), || {
            let of_type: Vec<Value> = self.log().into_iter().filter(|record| record["eventType"] == event).collect();
            let found = of_type.iter().find(|record| words.iter().all(|word| record.to_string().contains(word)));
            found.cloned().ok_or_else(|| format!("{of_type:?}"))
        })
    }

    /// Fails the test if it has ended.
    pub(crate) fn must_run(&mut self) {
        self.process.must_run();
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.process.must_run();
        self.process.kill();
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        self.process.signal(Signal::Terminate);
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        self.process.ended()
    }

    /// What it has written to standard error.
    pub(crate) fn errors(&self) -> Vec<String> {
        self.process.errors()
    }
}

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let content: String = String::from_utf8_lossy(&self.body).chars().take(500).collect();
        write!(f, "{} {:?} {content}", self.status, self.headers)
    }
}

impl Told {
    /// The number of the edit that it shows.
    pub(crate) fn edit(&self) -> Option<u32> {
        self.headers.get(EDIT_HEADER)?.parse().ok()
    }

    /// Its content as JSON.
    pub(crate) fn json(&self) -> Result<Value, String> {
        serde_json::from_slice(&self.body)
            .map_err(|error| format!("{error}: {} {}", self.status, String::from_utf8_lossy(&self.body)))
    }
}
