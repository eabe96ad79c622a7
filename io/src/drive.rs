//! The control loop: carries out what the gateway machine asks for and tells it what came of it. Decides nothing; runs on one thread, in
//! production and in simulation alike, inside a `LocalSet`.

use std::future::Future;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use holdfast_core::exchange::{Effect, Reply};
use holdfast_core::gateway::{self, FetchFailure, Gateway, Input, Output};
use holdfast_core::http::Bytes;
use holdfast_core::snapshot::Snapshot;
use holdfast_core::sync::LOST_AFTER;
use holdfast_core::telemetry::{Event, Level};
use holdfast_core::time::{Instant, WallTime};
use tokio::sync::{Mutex, mpsc};
use tokio::task::{JoinError, JoinSet};

use crate::azure::expiry::ExpiryWatch;
use crate::azure::{self, Client};
use crate::backup::Store;
use crate::clock::Clock;
use crate::courier::deliver;
use crate::disk::Disk;
use crate::env::Env;
use crate::folder::Folder;
use crate::net::Net;
use crate::perform::read_file;
use crate::plane::Plane;
use crate::server::Timeouts;
use crate::settings::Proxies;
use crate::tls::ClientTls;
use crate::upstream::Upstream;

/// What a control loop drives.
pub struct Control<D: Disk> {
    /// What the machine is told when it is made.
    pub settings: gateway::Settings,
    /// Where the configuration comes from; of the same kind as `settings.source`.
    pub provider: Provider,
    /// Where backups are kept, if there is a place.
    pub backup: Option<Store<D>>,
}

/// Where the configuration comes from.
pub enum Provider {
    /// A configuration API, and when the token for it ends.
    Service(azure::Options, WallTime),
    /// A folder on the disk of the operating system.
    Folder {
        /// Where it is.
        path: PathBuf,
        /// Towards the vaults that hold secrets of it.
        tls: Arc<ClientTls>,
        /// The proxies on the way to them.
        proxies: Arc<Proxies>,
    },
}

/// The exit code when the loop cannot begin.
pub const EXIT_UNUSABLE: i32 = 1;

// The last heartbeat and a backup under way may still finish when everything else has ended.
const LAST_WORDS_TIMEOUT: Duration = Duration::from_secs(2);
// An answer later than the machine waits for would be taken for none.
const CALL_TIMEOUT_MAX: Duration = LOST_AFTER.saturating_sub(Duration::from_secs(5));

/// Runs the control plane of one gateway until it ends; gives the exit code. Every message on `shutdown` is one request to end: the first
/// drains, the second cuts that short. `on_publish` sees every snapshot before requests do.
pub async fn run_control<N: Net, D: Disk>(
    env: Env<N, D>,
    plane: Arc<Plane>,
    control: Control<D>,
    mut shutdown: mpsc::Receiver<()>,
    on_publish: impl FnMut(&Arc<Snapshot>),
) -> i32 {
    let mut gateway = Gateway::new(control.settings, env.seed.fork("gateway"), env.clock.now());
    let mut hands = match Hands::new(&env, plane, control.provider, control.backup, on_publish) {
        Ok(hands) => hands,
        Err(message) => {
            let at = env.clock.now().wall;
            env.sink.event(&Event::new(at, Level::Fatal, "control", "ConfigurationApiClientUnusable", message));
            return EXIT_UNUSABLE;
        }
    };
    loop {
        while let Some(output) = gateway.poll_output() {
            if let Some(code) = hands.carry_out(output) {
                hands.finish(code).await;
                return code;
            }
        }
        let wake = gateway.poll_timeout().map(|(at, _reason)| at);
        // Biased: the order of branches, not chance, decides between things that are ready at the same time.
        tokio::select! {
            biased;
            Some(done) = hands.answers.join_next() => gateway.handle_input(answer(done), env.clock.now()),
            Some(done) = hands.last_words.join_next() => gateway.handle_input(answer(done), env.clock.now()),
            Some(()) = shutdown.recv() => gateway.handle_input(Input::ShutdownRequested, env.clock.now()),
            () = sleep_until(env.clock.as_ref(), wake) => gateway.handle_timeout(env.clock.now()),
        }
    }
}

async fn sleep_until(clock: &dyn Clock, wake: Option<Instant>) {
    match wake {
        Some(at) => tokio::time::sleep(at.saturating_since(clock.now().instant)).await,
        None => std::future::pending().await,
    }
}

fn answer(done: Result<Input, JoinError>) -> Input {
    match done {
        Ok(input) => input,
        // INVARIANT: effects are never aborted while the loop runs, so the only way not to end is to panic; that is ours to hear.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// What carries the machine's orders out.
struct Hands<N: Net, D: Disk, P> {
    env: Env<N, D>,
    plane: Arc<Plane>,
    client: Option<Rc<Client<N>>>,
    expiry: Option<ExpiryWatch>,
    folder: Option<Rc<Mutex<Folder>>>,
    vaults: Option<Rc<Upstream<N>>>,
    // Locked so that a save never meets another one; the machine asks for one at a time, save after a lost answer.
    backup: Option<Rc<Mutex<Store<D>>>>,
    on_publish: P,
    answers: JoinSet<Input>,
    last_words: JoinSet<Input>,
}

impl<N: Net, D: Disk, P: FnMut(&Arc<Snapshot>)> Hands<N, D, P> {
    fn new(
        env: &Env<N, D>,
        plane: Arc<Plane>,
        provider: Provider,
        backup: Option<Store<D>>,
        on_publish: P,
    ) -> Result<Self, String> {
        let (client, expiry, folder, vaults) = match provider {
            Provider::Service(mut options, expires) => {
                options.timeout = options.timeout.min(CALL_TIMEOUT_MAX);
                let client = Rc::new(Client::new(env.net.clone(), Arc::clone(&env.clock), options)?);
                if let Some(tray) = plane.tray.take() {
                    let (clock, sink) = (Arc::clone(&env.clock), Arc::clone(&env.sink));
                    tokio::task::spawn_local(deliver(Rc::clone(&client), tray, clock, sink));
                }
                (Some(client), Some(ExpiryWatch::new(expires)), None, None)
            }
            Provider::Folder { path, tls, proxies } => {
                let vaults = Upstream::new(env.net.clone(), tls, proxies, Timeouts::default().upstream());
                (None, None, Some(Rc::new(Mutex::new(Folder::new(path)))), Some(Rc::new(vaults)))
            }
        };
        Ok(Self {
            env: env.clone(),
            plane,
            client,
            expiry,
            folder,
            vaults,
            backup: backup.map(|store| Rc::new(Mutex::new(store))),
            on_publish,
            answers: JoinSet::new(),
            last_words: JoinSet::new(),
        })
    }

    /// Carries an order out, or begins to; `Some` is the exit code.
    fn carry_out(&mut self, output: Output) -> Option<i32> {
        match output {
            Output::ReadBackup => self.read_backup(),
            Output::WriteBackup(document) => self.write_backup(document),
            Output::FetchSnapshot { known } => {
                self.ask(Input::SnapshotFetched, move |client| async move { client.fetch_snapshot(known).await })
            }
            Output::FetchEvents { after } => {
                self.ask(Input::EventsFetched, move |client| async move { client.fetch_events(after).await })
            }
            Output::SendHeartbeat(document) => self.send_heartbeat(document),
            Output::ReadFolder => self.read_folder(),
            Output::Perform(effect) => self.perform(*effect),
            Output::Publish(snapshot) => {
                (self.on_publish)(&snapshot);
                self.plane.snapshot.store(Some(snapshot));
            }
            Output::ShowStatus(status) => self.plane.status.store(status),
            Output::Emit(event) => self.env.sink.event(&event),
            Output::StopAccepting => {
                self.plane.close();
                let plane = Arc::clone(&self.plane);
                self.answers.spawn_local(async move {
                    plane.drained().await;
                    Input::Drained
                });
            }
            Output::Exit(code) => return Some(code),
        }
        None
    }

    /// Waits a moment for what is still to be said and saved; a forced end waits for nothing.
    async fn finish(&mut self, code: i32) {
        self.answers.abort_all();
        if code == gateway::EXIT_FORCED {
            return;
        }
        let words = async { while self.last_words.join_next().await.is_some() {} };
        // Whether they were heard makes no difference any more.
        drop(tokio::time::timeout(LAST_WORDS_TIMEOUT, words).await);
    }

    fn ask<T, F>(
        &mut self,
        input: fn(Result<T, FetchFailure>) -> Input,
        question: impl FnOnce(Rc<Client<N>>) -> F + 'static,
    ) where
        T: 'static,
        F: Future<Output = Result<T, FetchFailure>>,
    {
        self.check_expiry();
        let client = self.client.clone();
        self.answers.spawn_local(async move {
            match client {
                Some(client) => input(question(client).await),
                None => input(Err(no_service())),
            }
        });
    }

    fn send_heartbeat(&mut self, document: Bytes) {
        let client = self.client.clone();
        self.last_words.spawn_local(async move {
            match client {
                Some(client) => Input::HeartbeatSent(client.send_heartbeat(document).await),
                None => Input::HeartbeatSent(Err(no_service())),
            }
        });
    }

    fn read_backup(&mut self) {
        let backup = self.backup.clone();
        self.answers.spawn_local(async move {
            match backup {
                Some(store) => Input::BackupRead(store.lock().await.read().await),
                None => Input::BackupRead(Vec::new()),
            }
        });
    }

    fn write_backup(&mut self, document: Bytes) {
        let backup = self.backup.clone();
        self.last_words.spawn_local(async move {
            match backup {
                Some(store) => Input::BackupWritten(store.lock().await.write(&document).await),
                None => Input::BackupWritten(Err("there is no place for backups".to_owned())),
            }
        });
    }

    fn read_folder(&mut self) {
        let folder = self.folder.clone();
        self.answers.spawn_local(async move {
            match folder {
                Some(folder) => Input::FolderRead(folder.lock().await.read()),
                None => Input::FolderRead(Err("no folder is configured".to_owned())),
            }
        });
    }

    fn perform(&mut self, effect: Effect) {
        let vaults = self.vaults.clone();
        self.answers.spawn_local(async move {
            Input::Performed(match (vaults, effect) {
                (Some(vaults), Effect::Send(request)) => Reply::Response(vaults.send(*request).await),
                (_, Effect::ReadFile { path, max_bytes }) => Reply::Body(read_file(path, max_bytes).await),
                // Nothing else is asked for, and only for a folder; it would be heard of as the wrong kind of answer.
                _ => Reply::Dispatched,
            })
        });
    }

    fn check_expiry(&mut self) {
        let now = self.env.clock.now().wall;
        if let Some(event) = self.expiry.as_mut().and_then(|expiry| expiry.check(now)) {
            self.env.sink.event(&event);
        }
    }
}

fn no_service() -> FetchFailure {
    FetchFailure::Unreachable("no service is configured".to_owned())
}

#[cfg(test)]
mod tests;
