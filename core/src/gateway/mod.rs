//! The control plane of one gateway process: a pure machine that joins sync, heartbeat, backup and lifecycle. Does no I/O.
//!
//! # Contract
//! - Single mutation, then drain: after [`Gateway::new`], and after every `handle_*`, call [`Gateway::poll_output`] until `None` and
//!   carry the outputs out in their order. Only then is [`Gateway::poll_timeout`] the truth.
//! - When the moment of `poll_timeout` has come, call [`Gateway::handle_timeout`]. A moment that has passed already means now.
//! - Every output that names an answer gets exactly one, sooner or later. An answer that never comes is taken for lost after
//!   [`LOST_AFTER`](crate::sync::LOST_AFTER) and one that comes after that is ignored: nothing can wedge the machine.
//! - `Now` never goes backwards on the monotonic clock. The wall clock may jump: nothing is measured on it.
//! - Until [`Output::Exit`] a timeout is pending at all times; after it every input is ignored.

mod adopt;
mod drain;
pub mod event;
mod folder;
mod keeping;
mod saving;
mod service;
mod status;
#[cfg(test)]
mod tests;
pub mod timer;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

pub use drain::{EXIT_DRAINED, EXIT_FORCED};
pub use event::{BackupFault, BackupPlace, FetchFailure, FolderState, Input, Output, Settings, Source, Status};
pub use timer::Timer;

use crate::config::{ResourceSet, Revision};
use crate::diagnostic::Diagnostic;
use crate::lifecycle::{Cause, Lifecycle, State};
use crate::rng::Seed;
use crate::snapshot::{self, Compiled, Identity, Snapshot};
use crate::telemetry::{Event, Level, name};
use crate::time::{Instant, Now};

use adopt::Serving;
use drain::Drain;
use folder::Folder;
use service::Service;

/// The shortest sync and heartbeat interval; a shorter one is taken for this, so that no setting makes the machine spin.
pub const INTERVAL_MIN: Duration = Duration::from_millis(10);

/// The gateway machine. See the module for its contract.
#[derive(Debug)]
pub struct Gateway {
    settings: Settings,
    identity: Identity,
    compiler: Compiler,
    started: Instant,
    latest: Instant,
    lifecycle: Lifecycle,
    provider: Provider,
    serving: Serving,
    drain: Option<Drain>,
    outputs: VecDeque<Output>,
    shown: Option<Arc<Status>>,
    last_failure: Option<String>,
    has_synced: bool,
}

// Where the configuration comes from, with the machines that this takes.
#[derive(Debug)]
enum Provider {
    Service(Box<Service>),
    Folder(Box<Folder>),
}

// The seam between taking a revision and compiling it: the tests of this machine need no policies.
#[derive(Clone, Copy, Debug)]
struct Compiler {
    compile: fn(Revision, &ResourceSet, &Identity, Option<&Compiled>) -> Outcome,
    restore: fn(&snapshot::Source, &Identity) -> Outcome,
}

type Outcome = Result<Compiled, Vec<Diagnostic>>;

impl Gateway {
    /// A gateway that begins its life now. Its first outputs are waiting already.
    #[must_use]
    pub fn new(settings: Settings, seed: Seed, now: Now) -> Self {
        let compiler = Compiler { compile: Snapshot::compile, restore: Snapshot::restore };
        Self::with_compiler(settings, seed, now, compiler)
    }

    fn with_compiler(mut settings: Settings, seed: Seed, now: Now, compiler: Compiler) -> Self {
        settings.sync_interval = settings.sync_interval.max(INTERVAL_MIN);
        settings.heartbeat_interval = settings.heartbeat_interval.max(INTERVAL_MIN);
        let provider = match &settings.source {
            Source::Service { identity } => Provider::Service(Box::new(Service::new(&settings, identity, seed))),
            Source::Folder { identity } => Provider::Folder(Box::new(Folder::new(&settings, identity.clone(), seed))),
        };
        let identity = Identity {
            gateway_id: settings.gateway_id.clone(),
            instance_id: settings.instance_id.clone(),
            entropy: settings.entropy,
            roots: Arc::clone(&settings.roots),
        };
        let mut gateway = Self {
            settings,
            identity,
            compiler,
            started: now.instant,
            latest: now.instant,
            lifecycle: Lifecycle::new(now, "the configuration has not been read yet"),
            provider,
            serving: Serving::default(),
            drain: None,
            outputs: VecDeque::new(),
            shown: None,
            last_failure: None,
            has_synced: false,
        };
        gateway.start(now);
        gateway.finish(now);
        gateway
    }

    fn start(&mut self, now: Now) {
        match &self.provider {
            Provider::Service(_) => self.start_service(now),
            Provider::Folder(_) => self.start_folder(now),
        }
    }

    /// Something happened.
    pub fn handle_input(&mut self, input: Input, now: Now) {
        self.begin(now);
        if self.lifecycle.state() == State::Stopped {
            return;
        }
        match input {
            Input::BackupRead(generations) => self.handle_backup_read(generations, now),
            Input::BackupWritten(result) => self.handle_backup_written(result, now),
            Input::SnapshotFetched(result) => self.handle_snapshot_fetched(result, now),
            Input::EventsFetched(result) => self.handle_events_fetched(result, now),
            Input::HeartbeatSent(result) => self.handle_heartbeat_sent(result, now),
            Input::FolderRead(result) => self.handle_folder_read(result, now),
            Input::Performed(reply) => self.handle_performed(reply, now),
            Input::ShutdownRequested => self.handle_shutdown_requested(now),
            Input::Drained => self.handle_drained(now),
        }
        self.finish(now);
    }

    /// The moment of [`Self::poll_timeout`] has come. Called too early it does nothing.
    pub fn handle_timeout(&mut self, now: Now) {
        self.begin(now);
        if self.lifecycle.state() == State::Stopped {
            return;
        }
        self.finish(now);
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Self::handle_timeout`] must be called, and what is waited for. `None` only after the end.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        debug_assert!(self.outputs.is_empty(), "drain `poll_output` before `poll_timeout`");
        let set = Timer::ALL.into_iter().filter_map(|timer| Some((self.deadline(timer)?, timer)));
        set.min().map(|(at, timer)| (at, timer.reason()))
    }

    /// What the status paths should say at this moment.
    #[must_use]
    pub fn status(&self) -> Status {
        status::of(&self.lifecycle, &self.serving)
    }

    fn begin(&mut self, now: Now) {
        debug_assert!(self.outputs.is_empty(), "drain `poll_output` before the next input");
        debug_assert!(now.instant >= self.latest, "the monotonic clock never goes backwards");
        self.latest = now.instant;
    }

    // After every mutation: show what changed, do what is due, show again.
    fn finish(&mut self, now: Now) {
        // What is served and shown comes before anything that needs the network.
        self.show_status();
        self.handle_due_timers(now);
        self.write_backup(now);
        self.show_status();
    }

    fn emit(&mut self, event: Event) {
        self.outputs.push_back(Output::Emit(event));
    }

    // Follows the arrow of `cause`; says so when the state changes.
    fn follow(&mut self, cause: Cause, reason: String, now: Now) {
        let Some(change) = self.lifecycle.handle(cause, reason, now) else { return };
        let level = match change.to {
            State::Disconnected { .. } => Level::Warn,
            State::Starting | State::Restored | State::Connected | State::Draining { .. } | State::Stopped => {
                Level::Info
            }
        };
        let message = format!("{} → {}: {}", change.from.name(), change.to.name(), self.lifecycle.reason());
        self.emit(Event::new(now.wall, level, "lifecycle", name::LIFECYCLE_STATE_CHANGED, message));
        if change.to == State::Connected {
            self.hurry_heartbeat(now);
        }
    }

    // The configuration source answered: connected if there is something to serve. `answer` says so, as in `the service answers`.
    fn handle_source_answered(&mut self, answer: &str, now: Now) {
        self.last_failure = None;
        let (standing, serves) = self.serving.standing();
        if !serves {
            self.follow(Cause::SourceFailed, format!("{answer}, but {standing}"), now);
            return;
        }
        self.follow(Cause::SourceAnswered, format!("{answer}; {standing}"), now);
        if !self.has_synced {
            self.has_synced = true;
            let event = Event::new(now.wall, Level::Info, "sync", name::CONFIG_INITIAL_SYNC_COMPLETED, standing);
            self.emit(event);
        }
    }

    // The configuration source gave nothing usable: fail-static if there is something to serve. Logged once per kind of failure.
    fn handle_source_failed(&mut self, cause: Cause, (event, level): (&'static str, Level), failure: String, now: Now) {
        let repeated = self.last_failure.as_ref() == Some(&failure);
        let (standing, serves) = self.serving.standing();
        let level = if repeated { Level::Debug } else { level };
        self.emit(Event::new(now.wall, level, "sync", event, failure.clone()));
        if !serves && !repeated {
            let message = format!("{failure}; {standing}");
            self.emit(Event::new(now.wall, Level::Error, "sync", name::CONFIG_INITIAL_SYNC_FAILED, message));
        }
        self.follow(cause, format!("{failure}; {standing}"), now);
        self.last_failure = Some(failure);
    }

    // What is served has changed since the source was heard last: the reason says so.
    fn restate(&mut self, now: Now) {
        let (standing, _) = self.serving.standing();
        match &self.last_failure {
            None => self.follow(Cause::SourceAnswered, format!("the service answers; {standing}"), now),
            Some(failure) => self.follow(Cause::SourceUnreachable, format!("{failure}; {standing}"), now),
        }
    }

    // An answer that nobody waits for: late (its watchdog has ended the wait), or after draining has begun.
    fn ignore(&mut self, input: &'static str, now: Now) {
        let message = format!("`{input}` came while nothing waits for it");
        self.emit(Event::new(now.wall, Level::Debug, "gateway", name::UNEXPECTED_INPUT, message));
    }
}
