//! The rig of the benchmark: fake Azure and a backend in this process, the gateway as a process of its own. Measures by `/proc`.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use holdfast::clock::SystemClock;
use holdfast::net::TokioNet;
use holdfast_core::config::folder::{self, Files};
use holdfast_core::rng::Seed;
use tempfile::TempDir;

use crate::azure::serve::Shared;
use crate::azure::{self, Azure, Fault};
use crate::backend::{self, Reached};
use crate::client::{Ask, ask};
use crate::loopback;

use super::large;

const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(5);
const TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// Everything that runs.
pub(super) struct Rig {
    azure: Shared,
    endpoint: SocketAddr,
    token: String,
    gateway: SocketAddr,
    backup: TempDir,
    child: Option<Child>,
}

impl Rig {
    /// Sets fake Azure up with this configuration.
    ///
    /// # Errors
    /// A socket or a folder could not be had: in words.
    pub(super) async fn set(files: Files) -> Result<Self, String> {
        let clock: super::SharedClock = Arc::new(SystemClock::start());
        let azure = Shared::new(Azure::new(large::GATEWAY, folder::read(&files).set, Seed(1)), Arc::clone(&clock));
        let (api, endpoint) = loopback::listen().await?;
        tokio::task::spawn_local(azure::serve::serve::<TokioNet>(azure.clone(), api, None));
        let token = azure.with(|azure| azure.token(clock.now().wall.saturating_add(TOKEN_LIFE)));
        let (_free, gateway) = loopback::listen().await?;
        let backup = tempfile::tempdir().map_err(|error| error.to_string())?;
        Ok(Self { azure, endpoint, token, gateway, backup, child: None })
    }

    /// Starts the gateway with the service at hand and waits until its backup is on disk.
    pub(super) async fn first_start(&mut self) -> Result<(), String> {
        self.start()?;
        self.ready().await?;
        let deadline = Instant::now() + PATIENCE;
        while !self.has_backup() {
            if Instant::now() > deadline {
                return Err("no backup was written".to_owned());
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Starts the gateway.
    pub(super) fn start(&mut self) -> Result<(), String> {
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        let binary = own.with_file_name("holdfast");
        let child = Command::new(&binary)
            .env("config.service.endpoint", format!("http://{}", self.endpoint))
            .env("config.service.auth", &self.token)
            .env("holdfast.http.listen", self.gateway.to_string())
            .env("holdfast.https.listen", "off")
            .env("holdfast.backup.path", self.backup.path())
            .env("holdfast.sync.interval", "500ms")
            .env("holdfast.workers", "1")
            .env("telemetry.logs.std", "none")
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}; build it with the same profile first", binary.display()))?;
        self.child = Some(child);
        Ok(())
    }

    /// Kills the gateway.
    pub(super) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A child that has ended already needs no killing.
            let _ended = child.kill().and_then(|()| child.wait());
        }
    }

    /// Waits until the gateway says that it is ready.
    pub(super) async fn ready(&self) -> Result<(), String> {
        self.wait("the gateway is not ready", "/status-0123456789abcdef", |told| told.status.as_u16() == 200).await
    }

    /// Waits until responses show this edit.
    pub(super) async fn shows(&self, edit: usize) -> Result<(), String> {
        let wanted = edit.to_string();
        let target = "/team-0/api-0/things-0/1";
        self.wait("the edit is not served", target, |told| told.header(large::EDIT_HEADER) == wanted).await
    }

    /// Starts a backend on a thread of its own, which ends with the process; gives its base URL.
    pub(super) fn backend() -> Result<String, String> {
        let (bound, address) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            loopback::run(async move {
                let (listener, address) = loopback::listen().await?;
                bound.send(address).map_err(|error| error.to_string())?;
                backend::serve::<TokioNet>("bench", listener, Reached::default()).await;
                Ok::<(), String>(())
            })
        });
        address.recv().map(|address| format!("http://{address}")).map_err(|_| "the backend could not listen".to_owned())
    }

    /// Makes this the next revision.
    pub(super) fn publish(&self, files: Files) {
        let set = folder::read(&files).set;
        self.azure.with(|azure| azure.publish(set));
    }

    /// Cuts the service off.
    pub(super) fn cut(&self) {
        self.azure.with(|azure| azure.set_fault(Fault::Cut));
    }

    /// Mends that.
    pub(super) fn mend(&self) {
        self.azure.with(Azure::clear_faults);
    }

    /// Where the gateway listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.gateway
    }

    /// Resident memory of the gateway, in KiB.
    pub(super) fn resident_kib(&self) -> Result<u64, String> {
        let child = self.child.as_ref().ok_or("the gateway does not run")?;
        resident_kib(&child.id().to_string())
    }

    fn has_backup(&self) -> bool {
        let Ok(entries) = std::fs::read_dir(self.backup.path()) else { return false };
        entries.flatten().any(|entry| entry.path().extension().is_some_and(|extension| extension == "holdfast"))
    }

    async fn wait(
        &self,
        otherwise: &str,
        target: &str,
        holds: impl Fn(&crate::client::Told) -> bool,
    ) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        let request = Ask::get("127.0.0.1", self.gateway.port(), target);
        loop {
            let told = ask(&TokioNet, &request).await;
            if told.as_ref().is_ok_and(&holds) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("{otherwise}: {told:?}"));
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Resident memory of a process (`self` or an id), in KiB, from `/proc`.
pub(super) fn resident_kib(process: &str) -> Result<u64, String> {
    let path = format!("/proc/{process}/status");
    let status = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("there is no VmRSS")?;
    line.split_whitespace().next().and_then(|number| number.parse().ok()).ok_or_else(|| "VmRSS is no number".to_owned())
}
