//! The service as the source of the configuration: questions, answers and heartbeats. Reads documents; the machines decide.

use super::adopt::Via;
use super::event::{BackupPlace, FetchFailure, Output, Settings};
use super::{Gateway, Provider};
use crate::backup::{Owner, Writer};
use crate::config::{ResourceSet, wire};
use crate::heartbeat::{Beat, DIAGNOSTICS_MAX, Heartbeat};
use crate::http::Bytes;
use crate::lifecycle::Cause;
use crate::rng::Seed;
use crate::sync::{Fill, LOST_AFTER, PAGE_EVENTS, Page, Request, Sync, Verdict};
use crate::telemetry::{Event, Level, name};
use crate::time::{Instant, Now};

/// The machines that a service takes.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) owner: Owner,
    pub(super) sync: Sync,
    pub(super) heartbeat: Heartbeat,
    /// `None` when there is no place for backups.
    pub(super) writer: Option<Writer>,
    /// While the backup is being read: when the answer counts as lost.
    pub(super) reading_lost_at: Option<Instant>,
}

impl Service {
    pub(super) fn new(settings: &Settings, identity: &str, seed: Seed) -> Self {
        let writer = match settings.backup {
            BackupPlace::Present => Some(Writer::new(seed)),
            BackupPlace::Missing => None,
        };
        Self {
            owner: Owner { gateway_id: settings.gateway_id.clone(), service: identity.to_owned() },
            sync: Sync::new(settings.sync_interval, seed),
            heartbeat: Heartbeat::new(settings.heartbeat_interval, seed),
            writer,
            reading_lost_at: None,
        }
    }
}

impl Gateway {
    /// The backup first; without a place for one, the service at once.
    pub(super) fn start_service(&mut self, now: Now) {
        let Provider::Service(service) = &mut self.provider else { return };
        if service.writer.is_some() {
            service.reading_lost_at = Some(now.instant.saturating_add(LOST_AFTER));
            self.outputs.push_back(Output::ReadBackup);
            return;
        }
        let message = "there is no place for backups: without the service this gateway cannot start";
        self.emit(Event::new(now.wall, Level::Warn, "backup", name::LOCAL_BACKUP_LOCATION_NOT_FOUND, message));
        self.start_sync(now);
    }

    pub(super) fn start_sync(&mut self, now: Now) {
        let cursor = self.serving.revision();
        let Provider::Service(service) = &mut self.provider else { return };
        service.sync.start(cursor, now.instant);
        service.heartbeat.hurry(now.instant);
    }

    /// The next question is due.
    pub(super) fn ask(&mut self, now: Now) {
        let Provider::Service(service) = &mut self.provider else { return };
        let output = match service.sync.handle_due(now.instant) {
            Request::Snapshot { known } => Output::FetchSnapshot { known },
            Request::Events { after } => Output::FetchEvents { after },
        };
        self.outputs.push_back(output);
    }

    pub(super) fn handle_snapshot_fetched(&mut self, result: Result<Option<Bytes>, FetchFailure>, now: Now) {
        if !matches!(self.asked(), Some(Request::Snapshot { .. })) {
            return self.ignore("SnapshotFetched", now);
        }
        match result {
            Ok(Some(bytes)) => match read_snapshot(&bytes, &self.settings.gateway_id) {
                Ok(snapshot) => self.take_snapshot(Some(snapshot), now),
                Err(words) => self.handle_sync_failed(&FetchFailure::Malformed(words), now),
            },
            Ok(None) => self.take_snapshot(None, now),
            Err(failure) => self.handle_sync_failed(&failure, now),
        }
    }

    pub(super) fn handle_events_fetched(&mut self, result: Result<Bytes, FetchFailure>, now: Now) {
        if !matches!(self.asked(), Some(Request::Events { .. })) {
            return self.ignore("EventsFetched", now);
        }
        match result {
            Ok(bytes) => match wire::read_events(&bytes) {
                Ok(events) => self.take_events(events, now),
                Err(error) => self.handle_sync_failed(&FetchFailure::Malformed(error.to_string()), now),
            },
            Err(FetchFailure::Status { code: 410, .. }) => self.handle_events_gone(now),
            Err(failure) => self.handle_sync_failed(&failure, now),
        }
    }

    /// No answer came, and none is expected any more.
    pub(super) fn handle_sync_lost(&mut self, now: Now) {
        self.handle_sync_failed(&FetchFailure::Timeout, now);
    }

    fn asked(&self) -> Option<Request> {
        match &self.provider {
            Provider::Service(service) => service.sync.asked(),
            Provider::Folder(_) => None,
        }
    }

    fn take_snapshot(&mut self, snapshot: Option<wire::Snapshot>, now: Now) {
        let Provider::Service(service) = &mut self.provider else { return };
        let verdict = service.sync.handle_snapshot(snapshot.as_ref().map(|snapshot| snapshot.revision), now.instant);
        let set = snapshot.map(|snapshot| snapshot.resources);
        self.follow_verdict(verdict, set, Via::Snapshot, now);
    }

    fn take_events(&mut self, events: wire::Events, now: Now) {
        let Provider::Service(service) = &mut self.provider else { return };
        let fill = if events.events.len() < PAGE_EVENTS { Fill::Partial } else { Fill::Full };
        let first = events.events.first().map(|event| event.revision);
        let verdict = service.sync.handle_page(Page { first, next: events.skiptoken, fill }, now.instant);
        let set = match (&verdict, &self.serving.head) {
            (Verdict::Take, Some(head)) => Some(applied(head.clone(), events)),
            (Verdict::Take, None) => None,
            (Verdict::Unchanged | Verdict::Gap | Verdict::Stale { .. } | Verdict::Malformed(_), _) => None,
        };
        self.follow_verdict(verdict, set, Via::Events, now);
    }

    fn follow_verdict(&mut self, verdict: Verdict, set: Option<ResourceSet>, via: Via, now: Now) {
        match verdict {
            Verdict::Take => {
                let cursor = match &self.provider {
                    Provider::Service(service) => service.sync.cursor(),
                    Provider::Folder(_) => None,
                };
                // INVARIANT: what may be taken has a revision and a set.
                debug_assert!(cursor.is_some() && set.is_some(), "what may be taken is at hand");
                if let (Some(revision), Some(set)) = (cursor, set) {
                    self.adopt(revision, set, via, Vec::new(), now);
                }
                self.handle_source_answered("the service answers", now);
            }
            Verdict::Unchanged => {
                self.emit(Event::new(now.wall, Level::Debug, "sync", name::NO_NEW_EVENTS, "nothing changed"));
                self.handle_source_answered("the service answers", now);
            }
            Verdict::Gap => {
                let message = "the service's events do not join on to the revision at hand: asking for the snapshot";
                self.emit(Event::new(now.wall, Level::Warn, "sync", name::EVENTS_GAP, message));
            }
            Verdict::Stale { offered, known } => {
                let failure = format!(
                    "the service offers revision {offered}, older than {known}: it is refused (a replica that lags, or a \
                     service that was set up anew; in that case remove the backup and start again)"
                );
                let event = (name::STALE_REVISION_REFUSED, Level::Error);
                self.handle_source_failed(Cause::SourceFailed, event, failure, now);
            }
            Verdict::Malformed(what) => {
                let failure = FetchFailure::Malformed(what.to_owned()).reason();
                let event = (name::CONFIGURATION_API_ANSWER_MALFORMED, Level::Error);
                self.handle_source_failed(Cause::SourceFailed, event, failure, now);
            }
        }
    }

    fn handle_events_gone(&mut self, now: Now) {
        if let Provider::Service(service) = &mut self.provider {
            service.sync.handle_gap(now.instant);
        }
        let message =
            "the service does not keep the events behind the revision at hand any more: asking for the snapshot";
        self.emit(Event::new(now.wall, Level::Info, "sync", name::EVENTS_GAP, message));
    }

    fn handle_sync_failed(&mut self, failure: &FetchFailure, now: Now) {
        if let Provider::Service(service) = &mut self.provider {
            service.sync.handle_failure(failure, now.instant);
        }
        let (cause, event) = match failure {
            FetchFailure::Unreachable(_) | FetchFailure::Timeout => {
                (Cause::SourceUnreachable, (name::CONFIGURATION_API_V2_NOT_AVAILABLE, Level::Warn))
            }
            FetchFailure::Status { code: 401 | 403, .. } => {
                (Cause::SourceFailed, (name::GATEWAY_TOKEN_REFUSED, Level::Error))
            }
            FetchFailure::Status { .. } => {
                (Cause::SourceFailed, (name::CONFIGURATION_API_V2_NOT_AVAILABLE, Level::Warn))
            }
            FetchFailure::Malformed(_) => {
                (Cause::SourceFailed, (name::CONFIGURATION_API_ANSWER_MALFORMED, Level::Error))
            }
        };
        self.handle_source_failed(cause, event, failure.reason(), now);
    }

    /// The next heartbeat is due.
    pub(super) fn beat(&mut self, now: Now) {
        let Provider::Service(service) = &mut self.provider else { return };
        match service.heartbeat.handle_due(now.instant) {
            Beat::Send => self.send_heartbeat(now),
            Beat::Postponed => {}
        }
    }

    pub(super) fn hurry_heartbeat(&mut self, now: Now) {
        if let Provider::Service(service) = &mut self.provider {
            service.heartbeat.hurry(now.instant);
        }
    }

    /// The last words, if the beat before has ended; the exit does not wait for an answer.
    pub(super) fn send_last_heartbeat(&mut self, now: Now) {
        let Provider::Service(service) = &mut self.provider else { return };
        service.heartbeat.stop();
        if service.heartbeat.lost_at().is_none() {
            self.send_heartbeat(now);
        }
    }

    pub(super) fn handle_heartbeat_sent(&mut self, result: Result<Bytes, FetchFailure>, now: Now) {
        let Provider::Service(service) = &mut self.provider else { return self.ignore("HeartbeatSent", now) };
        if service.heartbeat.lost_at().is_none() {
            return self.ignore("HeartbeatSent", now);
        }
        match result.and_then(|bytes| read_answer(&bytes)) {
            Ok(answer) => {
                service.heartbeat.handle_answered(now.instant);
                if let Some(latest) = answer.latest_revision {
                    service.sync.handle_hint(latest, now.instant);
                }
                self.emit(Event::new(now.wall, Level::Debug, "heartbeat", name::HEARTBEAT_SENT, "it was answered"));
            }
            Err(failure) => self.handle_heartbeat_failed(&failure, now),
        }
    }

    pub(super) fn handle_heartbeat_lost(&mut self, now: Now) {
        self.handle_heartbeat_failed(&FetchFailure::Timeout, now);
    }

    fn handle_heartbeat_failed(&mut self, failure: &FetchFailure, now: Now) {
        let Provider::Service(service) = &mut self.provider else { return };
        service.heartbeat.handle_failed(now.instant);
        let level = if service.heartbeat.failures() == 1 { Level::Warn } else { Level::Debug };
        self.emit(Event::new(now.wall, level, "heartbeat", name::HEARTBEAT_FAILED, failure.reason()));
    }

    fn send_heartbeat(&mut self, now: Now) {
        let refused = self
            .serving
            .refusal()
            .map(|refusal| wire::Refused { revision: refusal.revision, diagnostics: refusal.first(DIAGNOSTICS_MAX) });
        let document = wire::Heartbeat {
            instance_id: self.settings.instance_id.clone(),
            version: self.settings.version.clone(),
            state: self.lifecycle.state().name().to_owned(),
            applied_revision: self.serving.revision(),
            refused,
            uptime_seconds: now.instant.saturating_since(self.started).as_secs(),
        };
        self.outputs.push_back(Output::SendHeartbeat(Bytes::from(wire::write_heartbeat(&document))));
    }
}

fn applied(mut set: ResourceSet, events: wire::Events) -> ResourceSet {
    events.events.into_iter().for_each(|event| wire::apply(&mut set, event));
    set
}

fn read_snapshot(bytes: &[u8], gateway_id: &str) -> Result<wire::Snapshot, String> {
    let snapshot = wire::read_snapshot(bytes).map_err(|error| error.to_string())?;
    if snapshot.gateway.eq_ignore_ascii_case(gateway_id) {
        return Ok(snapshot);
    }
    Err(format!("the snapshot was made for gateway `{}`, not for `{gateway_id}`", snapshot.gateway))
}

// An empty answer is an answer: a service need not say what its newest revision is.
fn read_answer(bytes: &[u8]) -> Result<wire::HeartbeatAnswer, FetchFailure> {
    if bytes.is_empty() {
        return Ok(wire::HeartbeatAnswer { latest_revision: None });
    }
    wire::read_heartbeat_answer(bytes).map_err(|error| FetchFailure::Malformed(error.to_string()))
}
