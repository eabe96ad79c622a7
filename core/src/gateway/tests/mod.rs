//! A world around one gateway machine: virtual time, a fake service, a fake disk. Checks the invariants at every output.

mod ending;
mod folder;
mod keeping;
mod random;
mod saving;
mod sync;
mod vault;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Map;

use super::{
    BackupFault, BackupPlace, Compiler, FetchFailure, FolderState, Gateway, Input, Outcome, Output, Provider, Settings,
    Source, Status,
};
use crate::backup::{self, Owner};
use crate::config::folder::Files;
use crate::config::{Origin, Resource, ResourceId, ResourceSet, Revision, wire};
use crate::diagnostic::Diagnostic;
use crate::http::Bytes;
use crate::rng::Seed;
use crate::snapshot::{self, Compiled, Held, Identity, Snapshot};
use crate::sync::{LOST_AFTER, PAGE_EVENTS};
use crate::telemetry::{Event, Level};
use crate::time::{Instant, Now, WallTime};
use crate::vault::saved;

const SYNC: Duration = Duration::from_secs(10);
const HEARTBEAT: Duration = Duration::from_secs(60);
const DRAIN_DELAY: Duration = Duration::from_secs(5);
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// What the fake service does with a question.
#[derive(Clone, Debug, PartialEq)]
enum Mode {
    Up,
    Fails(FetchFailure),
    /// Answers as it would have at this revision.
    Stale(u32),
    Garbage,
    /// Has forgotten all events.
    Forgetful,
    /// Never answers.
    Silent,
}

struct World {
    gateway: Gateway,
    now: Now,
    mode: Mode,
    /// The service's revisions: index → set; index 0 is the empty set.
    history: Vec<ResourceSet>,
    /// Newest first.
    disk: Vec<Result<Bytes, BackupFault>>,
    disk_fault: Option<String>,
    folder: Result<FolderState, String>,
    vaults: vault::Vaults,
    /// Questions that were not answered yet.
    pending: Vec<Output>,
    asked_at: BTreeMap<&'static str, Instant>,
    published: Vec<u32>,
    shown: Vec<Arc<Status>>,
    events: Vec<Event>,
    asked: Vec<String>,
    beats: Vec<(Instant, wire::Heartbeat)>,
    saved: Vec<u32>,
    stopped_accepting: bool,
    exit: Option<i32>,
}

fn settings(source: Source, backup: BackupPlace) -> Settings {
    Settings {
        gateway_id: "gw1".to_owned(),
        instance_id: "i1".to_owned(),
        version: "0.0.0".to_owned(),
        source,
        sync_interval: SYNC,
        heartbeat_interval: HEARTBEAT,
        backup,
        drain_delay: DRAIN_DELAY,
        drain_timeout: DRAIN_TIMEOUT,
        entropy: Default::default(),
        roots: [].into(),
    }
}

fn owner() -> Owner {
    Owner { gateway_id: "gw1".to_owned(), service: "service:443".to_owned() }
}

fn set(ids: &[&str]) -> ResourceSet {
    let mut set = ResourceSet::default();
    for id in ids {
        let (id, origin) = (ResourceId::new(id), Origin::default());
        set.insert(Resource { id, properties: Arc::new(Map::new()), origin });
    }
    set
}

/// A backup of `revision` as `io` hands it in.
fn backup_of(revision: u32, ids: &[&str]) -> Result<Bytes, BackupFault> {
    let source = snapshot::Source { revision: Revision(revision), set: set(ids), held: BTreeMap::new() };
    Ok(backup::write(&source, &owner(), WallTime::default()).unwrap())
}

// Compiles anything, save that `/apis/bad…` is refused alone, and a set with `/fatal`, or an empty one, as a whole.
const COMPILER: Compiler = Compiler { compile, restore };

fn compile(revision: Revision, set: &ResourceSet, _: &Identity, previous: Option<&Compiled>) -> Outcome {
    if set.is_empty() || set.get(&ResourceId::new("/fatal")).is_some() {
        return Err(vec![Diagnostic::error("fatal", "/fatal", "nothing of it can be served")]);
    }
    let bad: Vec<ResourceId> = set.iter().map(|r| r.id.clone()).filter(|id| id.name().starts_with("bad")).collect();
    let mut refused = BTreeMap::new();
    for id in &bad {
        refused.insert(id.clone(), vec![Diagnostic::error("bad", id.as_str(), "it is bad")]);
    }
    let held = previous
        .filter(|_| !bad.is_empty())
        .map(|older| (older.source.revision, Held { set: older.source.set.clone(), ids: bad.clone() }));
    let mut snapshot: Arc<Snapshot> = Arc::default();
    Arc::get_mut(&mut snapshot).unwrap().revision = revision;
    let source = snapshot::Source { revision, set: set.clone(), held: held.into_iter().collect() };
    Ok(Compiled { snapshot, source, refused, notes: Vec::new() })
}

fn restore(source: &snapshot::Source, identity: &Identity) -> Outcome {
    compile(source.revision, &source.set, identity, None)
}

impl World {
    /// A gateway of a service that has one revision and is `mode`, on a disk with these generations.
    fn new(mode: Mode, disk: Vec<Result<Bytes, BackupFault>>) -> Self {
        let source = Source::Service { identity: "service:443".to_owned() };
        Self::begin(settings(source, BackupPlace::Present), mode, disk, Ok(FolderState::Unchanged))
    }

    fn begin(
        settings: Settings,
        mode: Mode,
        disk: Vec<Result<Bytes, BackupFault>>,
        folder: Result<FolderState, String>,
    ) -> Self {
        let now = Now { instant: Instant::ZERO, wall: WallTime::from_unix_seconds(1_800_000_000) };
        let gateway = Gateway::with_compiler(settings, Seed(11), now, COMPILER);
        let mut world = Self {
            gateway,
            now,
            mode,
            history: vec![ResourceSet::default(), set(&["/apis/a"])],
            disk,
            disk_fault: None,
            folder,
            vaults: vault::Vaults::default(),
            pending: Vec::new(),
            asked_at: BTreeMap::new(),
            published: Vec::new(),
            shown: Vec::new(),
            events: Vec::new(),
            asked: Vec::new(),
            beats: Vec::new(),
            saved: Vec::new(),
            stopped_accepting: false,
            exit: None,
        };
        world.drain();
        world
    }

    /// The service's next revision.
    fn edit(&mut self, ids: &[&str]) {
        self.history.push(set(ids));
    }

    fn latest(&self) -> u32 {
        u32::try_from(self.history.len() - 1).unwrap()
    }

    /// Hands everything out, then checks what must hold after every mutation.
    fn drain(&mut self) {
        while let Some(output) = self.gateway.poll_output() {
            assert!(self.exit.is_none(), "nothing follows the exit: {output:?}");
            self.take(output);
        }
        let timeout = self.gateway.poll_timeout();
        assert_eq!(timeout.is_none(), self.exit.is_some(), "a timeout is pending until the end");
        let shown = self.shown.last().unwrap();
        assert_eq!(**shown, self.gateway.status(), "what is shown is the truth");
        assert_eq!(shown.revision.map(|revision| revision.0), self.published.last().copied());
        assert!(!shown.ready || !self.published.is_empty(), "ready implies published");
    }

    fn take(&mut self, output: Output) {
        match output {
            Output::Publish(snapshot) => {
                let revision = snapshot.revision.0;
                assert!(self.published.last().is_none_or(|last| revision > *last), "revisions never go backwards");
                self.published.push(revision);
            }
            Output::ShowStatus(status) => {
                assert_ne!(self.shown.last(), Some(&status), "shown only when something changed");
                self.shown.push(status);
            }
            Output::Emit(event) => self.events.push(event),
            Output::StopAccepting => self.stopped_accepting = true,
            Output::Exit(code) => self.exit = Some(code),
            Output::SendHeartbeat(document) => {
                self.beats.push((self.now.instant, wire::read_heartbeat(&document).unwrap()));
                self.ask("heartbeat", Output::SendHeartbeat(document));
            }
            Output::WriteBackup(payload) => {
                let revision = self.saved_as(&payload);
                assert!(self.saved.last().is_none_or(|last| revision >= *last), "never an older backup");
                self.ask("write", Output::WriteBackup(payload));
            }
            Output::FetchSnapshot { .. } | Output::FetchEvents { .. } => {
                self.asked.push(format!("{output:?}"));
                self.ask("fetch", output);
            }
            Output::ReadBackup => self.ask("read", output),
            Output::ReadFolder => self.ask("folder", output),
            Output::Perform(_) => self.ask("perform", output),
        }
    }

    // INVARIANT: one of a kind at a time, unless the answer to the one before was given up.
    fn ask(&mut self, kind: &'static str, output: Output) {
        let before = self.asked_at.insert(kind, self.now.instant);
        let given_up = |at: Instant| self.now.instant >= at.saturating_add(LOST_AFTER);
        assert!(before.is_none_or(given_up), "two of `{kind}` under way");
        self.pending.push(output);
    }

    fn answered(&mut self, kind: &'static str) {
        self.asked_at.remove(kind);
    }

    fn input(&mut self, input: Input) {
        match &input {
            Input::BackupRead(_) => self.answered("read"),
            Input::FolderRead(_) => self.answered("folder"),
            Input::BackupWritten(_) => self.answered("write"),
            Input::SnapshotFetched(_) | Input::EventsFetched(_) => self.answered("fetch"),
            Input::HeartbeatSent(_) => self.answered("heartbeat"),
            Input::Performed(_) => self.answered("perform"),
            Input::ShutdownRequested | Input::Drained => {}
        }
        self.gateway.handle_input(input, self.now);
        self.drain();
    }

    /// Answers everything that is asked, as long as something is answered.
    fn settle(&mut self) {
        let mut rounds = 0;
        while let Some(index) = self.pending.iter().position(|output| self.answer(output).is_some()) {
            let output = self.pending.remove(index);
            self.deliver(&output);
            rounds += 1;
            assert!(rounds < 1000, "it never comes to rest");
        }
    }

    // The revision in a backup; secrets have none and are counted instead.
    fn saved_as(&self, payload: &[u8]) -> u32 {
        match &self.gateway.provider {
            Provider::Service(_) => backup::read(payload, &owner()).unwrap().source.revision.0,
            Provider::Folder(_) => {
                saved::read(payload, "gw1").unwrap();
                u32::try_from(self.saved.len()).unwrap() + 1
            }
        }
    }

    fn deliver(&mut self, output: &Output) {
        let Some(input) = self.answer(output) else { return };
        if let (Output::WriteBackup(payload), None) = (output, &self.disk_fault) {
            self.saved.push(self.saved_as(payload));
            self.disk.insert(0, Ok(payload.clone()));
            self.disk.truncate(2);
        }
        self.input(input);
    }

    /// Lets time pass, answering what is asked.
    fn advance(&mut self, duration: Duration) {
        self.settle();
        self.pass(duration, Self::settle);
    }

    /// Lets time pass; `each` runs after every timeout.
    fn pass(&mut self, duration: Duration, each: fn(&mut Self)) {
        let end = self.now.instant.saturating_add(duration);
        let mut rounds = 0;
        while let Some((at, reason)) = self.gateway.poll_timeout().filter(|(at, _)| *at <= end) {
            assert!(!reason.is_empty());
            self.move_to(at.max(self.now.instant));
            self.gateway.handle_timeout(self.now);
            self.drain();
            each(self);
            rounds += 1;
            assert!(rounds < 10_000, "it spins: {reason}");
        }
        self.move_to(end);
    }

    fn move_to(&mut self, instant: Instant) {
        self.now.wall = self.now.wall.saturating_add(instant.saturating_since(self.now.instant));
        self.now.instant = instant;
    }

    fn answer(&self, output: &Output) -> Option<Input> {
        match output {
            Output::ReadBackup => Some(Input::BackupRead(self.disk.clone())),
            Output::WriteBackup(_) => Some(Input::BackupWritten(self.disk_fault.clone().map_or(Ok(()), Err))),
            Output::ReadFolder => Some(Input::FolderRead(self.folder.clone())),
            Output::FetchSnapshot { known } => Some(Input::SnapshotFetched(self.snapshot(*known)?)),
            Output::FetchEvents { after } => Some(Input::EventsFetched(self.page(*after)?)),
            Output::SendHeartbeat(_) => Some(Input::HeartbeatSent(self.heartbeat_answer()?)),
            Output::Perform(effect) => Some(Input::Performed(self.vaults.answer(effect)?)),
            Output::Publish(_) | Output::ShowStatus(_) | Output::Emit(_) | Output::StopAccepting | Output::Exit(_) => {
                None
            }
        }
    }

    fn snapshot(&self, known: Option<Revision>) -> Option<Result<Option<Bytes>, FetchFailure>> {
        let latest = match &self.mode {
            Mode::Up | Mode::Forgetful => self.latest(),
            Mode::Stale(revision) => *revision,
            Mode::Garbage => return Some(Ok(Some(Bytes::from_static(b"{\"format\":1,\"revision\":")))),
            Mode::Fails(failure) => return Some(Err(failure.clone())),
            Mode::Silent => return None,
        };
        if known == Some(Revision(latest)) {
            return Some(Ok(None));
        }
        let resources = self.history[usize::try_from(latest).unwrap()].clone();
        let snapshot = wire::Snapshot { revision: Revision(latest), gateway: "gw1".to_owned(), resources };
        Some(Ok(Some(Bytes::from(wire::write_snapshot(&snapshot)))))
    }

    fn page(&self, after: Revision) -> Option<Result<Bytes, FetchFailure>> {
        let latest = match &self.mode {
            Mode::Up => self.latest(),
            Mode::Stale(revision) => *revision,
            Mode::Forgetful => {
                return Some(Err(FetchFailure::Status { code: 410, retry_after: None, message: String::new() }));
            }
            Mode::Garbage => return Some(Ok(Bytes::from_static(b"<html>502</html>"))),
            Mode::Fails(failure) => return Some(Err(failure.clone())),
            Mode::Silent => return None,
        };
        let mut events = Vec::new();
        for revision in (after.0 + 1..=latest).take(PAGE_EVENTS) {
            let index = usize::try_from(revision).unwrap();
            let changes = wire::changes(&self.history[index - 1], &self.history[index]);
            events.push(wire::Event { revision: Revision(revision), changes });
        }
        let skiptoken = events.last().map_or(after.min(Revision(latest)), |event| event.revision);
        Some(Ok(Bytes::from(wire::write_events(&wire::Events { events, skiptoken }))))
    }

    fn heartbeat_answer(&self) -> Option<Result<Bytes, FetchFailure>> {
        let latest = match &self.mode {
            Mode::Up | Mode::Forgetful => self.latest(),
            Mode::Stale(revision) => *revision,
            Mode::Garbage => return Some(Ok(Bytes::from_static(b"[]"))),
            Mode::Fails(failure) => return Some(Err(failure.clone())),
            Mode::Silent => return None,
        };
        let answer = wire::HeartbeatAnswer { latest_revision: Some(Revision(latest)) };
        Some(Ok(Bytes::from(wire::write_heartbeat_answer(&answer))))
    }

    fn status(&self) -> &Status {
        self.shown.last().unwrap()
    }

    /// State, readiness and revision, as in `connected ready 00000001`.
    fn standing(&self) -> String {
        let Status { state, ready, revision, .. } = self.status();
        let ready = if *ready { "ready" } else { "not-ready" };
        format!("{state} {ready} {}", revision.map_or_else(|| "-".to_owned(), |revision| revision.to_string()))
    }

    fn count(&self, name: &str) -> usize {
        self.events.iter().filter(|event| event.name == name).count()
    }

    fn loudest(&self, name: &str) -> usize {
        self.events.iter().filter(|event| event.name == name && event.level > Level::Debug).count()
    }
}

fn status_failure(code: u16) -> FetchFailure {
    FetchFailure::Status { code, retry_after: None, message: String::new() }
}

fn files(paths: &[(&str, &str)]) -> FolderState {
    let content = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    FolderState::Changed(Files(paths.iter().map(|(path, text)| ((*path).to_owned(), content(text))).collect()))
}
