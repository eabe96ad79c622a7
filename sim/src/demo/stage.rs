//! The stage of the demo: the parts that play, the means to act on them, and the table of what was promised and seen.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use holdfast::clock::{Clock, SystemClock};
use holdfast::net::TokioNet;
use holdfast_core::rng::Seed;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use crate::azure::serve::Shared;
use crate::azure::tls::Identity;
use crate::azure::{self, Azure, watch};
use crate::backend::{self, Reached};
use crate::client::{Ask, Told, ask};
use crate::loopback;
use crate::sample::{self, Backends, GATEWAY, KEY};
use crate::terminal::say;

use super::gateway::{Running, Wiring};

const TOKEN_LIFE: Duration = Duration::from_secs(3600);
const STEP_PATIENCE: Duration = Duration::from_secs(8);
const STEP_PAUSE: Duration = Duration::from_millis(50);

/// Everything that plays.
pub(super) struct Stage {
    folder: TempDir,
    backups: TempDir,
    /// Fake Azure.
    pub(super) azure: Shared,
    backends: Backends,
    wiring: Wiring,
    gateway: Option<Running>,
    boots: u64,
    rows: Vec<Row>,
    began: Instant,
}

struct Row {
    promise: &'static str,
    seen: Result<String, String>,
}

impl Stage {
    /// Sets everything up but the gateway.
    ///
    /// # Errors
    /// A socket or a folder could not be had: in words.
    pub(super) async fn set() -> Result<Self, String> {
        let words = |error: std::io::Error| error.to_string();
        let began = Instant::now();
        let (backend, backend_address) = loopback::listen().await?;
        tokio::task::spawn_local(backend::serve::<TokioNet>("sample", backend, Reached::default()));
        let backends = Backends {
            orders: format!("http://{backend_address}/orders-service"),
            catalog: format!("http://{backend_address}/catalog-service"),
        };

        let folder = tempfile::tempdir().map_err(words)?;
        sample::write(folder.path(), 1, &backends).map_err(words)?;
        let (files, read) = watch::read(folder.path())?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let shared = Shared::new(Azure::new(GATEWAY, read.set, Seed(1)), Arc::clone(&clock));
        let identity = Identity::new(&["localhost"]).map_err(|error| error.to_string())?;
        let crypto = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsAcceptor::from(identity.server_config(crypto).map_err(|error| error.to_string())?);
        let (api, azure_address) = loopback::listen().await?;
        tokio::task::spawn_local(azure::serve::serve::<TokioNet>(shared.clone(), api, Some(tls)));
        tokio::task::spawn_local(watch::watch(shared.clone(), folder.path().to_owned(), files, |_| {}));

        let token = shared.with(|azure| azure.token(clock.now().wall.saturating_add(TOKEN_LIFE)));
        // The port is free again as soon as it is known; the gateway keeps it across its restarts.
        let (_, listen) = loopback::listen().await?;
        let wiring = Wiring { azure: azure_address, token, authority: identity.authority_pem.clone(), listen };
        say(&format!(
            "fake Azure on https://localhost:{}, configured from {}",
            azure_address.port(),
            folder.path().display()
        ));
        say(&format!("sample backend on http://{backend_address}"));
        let backups = tempfile::tempdir().map_err(words)?;
        Ok(Self { folder, backups, azure: shared, backends, wiring, gateway: None, boots: 0, rows: Vec::new(), began })
    }

    /// Starts a gateway whose backup is in the folder called `volume`.
    pub(super) fn start_gateway(&mut self, volume: &str) -> Result<(), String> {
        let backup = self.volume(volume)?;
        self.boots += 1;
        self.gateway = Some(Running::start(&self.wiring, &backup, self.boots)?);
        self.note(&format!("the gateway starts on http://{}, backup in {}", self.wiring.listen, backup.display()));
        Ok(())
    }

    /// Kills the gateway.
    pub(super) fn kill_gateway(&mut self) -> Result<(), String> {
        self.note("the gateway is killed");
        self.gateway.take().ok_or("there is no gateway to kill")?.kill()
    }

    /// The gateway that runs.
    pub(super) fn gateway(&mut self) -> Result<&Running, String> {
        self.gateway.as_ref().ok_or_else(|| "there is no gateway".to_owned())
    }

    /// Takes the gateway off the stage to see how it ended.
    pub(super) fn take_gateway(&mut self) -> Result<Running, String> {
        self.gateway.take().ok_or_else(|| "there is no gateway".to_owned())
    }

    /// Edits the configuration folder: `number` is what responses show from then on.
    pub(super) fn edit(&self, number: u32) -> Result<(), String> {
        self.note(&format!("the folder is edited: responses shall show edit {number}"));
        sample::write(self.folder.path(), number, &self.backends).map_err(|error| error.to_string())
    }

    /// Asks the gateway for an item of the sample.
    pub(super) async fn get(&self, target: &str) -> Result<Told, String> {
        let request = self.request(target).header("ocp-apim-subscription-key", KEY);
        ask(&TokioNet, &request).await
    }

    /// A request to the gateway without a key.
    pub(super) fn request(&self, target: &str) -> Ask {
        Ask::get("127.0.0.1", self.wiring.listen.port(), target)
    }

    /// What the status path says.
    pub(super) async fn status(&self) -> Result<(u16, serde_json::Value), String> {
        let told = ask(&TokioNet, &self.request("/status-0123456789abcdef")).await?;
        let body = serde_json::from_slice(&told.body).map_err(|error| format!("the status is no JSON: {error}"))?;
        Ok((told.status.as_u16(), body))
    }

    /// Says what is being done.
    pub(super) fn note(&self, text: &str) {
        say(&format!("{:>6.2}s  {text}", self.began.elapsed().as_secs_f64()));
    }

    /// Tries `look` until it succeeds or patience ends, and enters the last result under `promise`.
    pub(super) async fn promise(&mut self, promise: &'static str, look: impl AsyncFn(&Self) -> Result<String, String>) {
        let deadline = Instant::now() + STEP_PATIENCE;
        let seen = loop {
            match look(self).await {
                Err(_) if Instant::now() < deadline => tokio::time::sleep(STEP_PAUSE).await,
                seen => break seen,
            }
        };
        self.enter(promise, seen);
    }

    /// Enters a result that needs no patience.
    pub(super) fn enter(&mut self, promise: &'static str, seen: Result<String, String>) {
        match &seen {
            Ok(seen) => self.note(&format!("ok      {promise}: {seen}")),
            Err(problem) => self.note(&format!("BROKEN  {promise}: {problem}")),
        }
        self.rows.push(Row { promise, seen });
    }

    /// Prints the table; true when every promise was kept.
    pub(super) fn table(&self) -> bool {
        let width = self.rows.iter().map(|row| row.promise.chars().count()).max().unwrap_or(0);
        say("");
        for row in &self.rows {
            let (mark, text) = match &row.seen {
                Ok(seen) => ("ok    ", seen),
                Err(problem) => ("BROKEN", problem),
            };
            say(&format!("{mark}  {:<width$}  {text}", row.promise));
        }
        let kept = self.rows.iter().filter(|row| row.seen.is_ok()).count();
        let seconds = self.began.elapsed().as_secs_f64();
        say(&format!("\n{kept} of {} promises kept in {seconds:.1} s", self.rows.len()));
        !self.rows.is_empty() && kept == self.rows.len()
    }

    /// Keeps everything up until interrupted, and says what to ask.
    pub(super) async fn serve(&mut self) -> Result<(), String> {
        if self.gateway.is_none() {
            self.start_gateway("one")?;
        }
        let (admin, admin_address) = loopback::listen().await?;
        tokio::task::spawn_local(azure::admin::serve::<TokioNet>(self.azure.clone(), admin));
        let gateway = self.wiring.listen;
        say("\neverything stays up; Ctrl-C ends it");
        say(&format!("  curl -i -H 'Ocp-Apim-Subscription-Key: {KEY}' http://{gateway}/orders/items/1"));
        say(&format!("  curl -s http://{gateway}/status-0123456789abcdef"));
        say(&format!("  curl -X PUT http://{admin_address}/faults/cut      # cut the wire"));
        say(&format!("  curl -X DELETE http://{admin_address}/faults       # mend it"));
        say(&format!("  curl -s http://{admin_address}/heartbeats"));
        say(&format!("  $EDITOR {}/policy.xml   # the next revision", self.folder.path().display()));
        tokio::signal::ctrl_c().await.map_err(|error| error.to_string())
    }

    fn volume(&self, name: &str) -> Result<PathBuf, String> {
        let path = self.backups.path().join(name);
        std::fs::create_dir_all(&path).map_err(|error| error.to_string())?;
        Ok(path)
    }
}
