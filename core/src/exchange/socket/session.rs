//! What is said on one socket, from the client's first message to the end: a pure machine. After every input, outputs are drained.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use crate::exchange::socket::message::{self, Said};
use crate::exchange::socket::{Standing, Upgrade};
use crate::exchange::{Exchange, Outcome, ResponseBody};
use crate::http::StatusCode;
use crate::policy::graphql::Subscription;
use crate::policy::graphql::handshake::Protocol;
use crate::rng::Seed;
use crate::snapshot::Snapshot;
use crate::time::Instant;
use crate::topics::{Inbox, Subscribed, Topic, Topics};

/// How long a client may take for its first message.
pub const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a client is asked for a sign of life; one that has given none until the next time is gone. Load balancers of Azure close
/// what is silent for four minutes.
pub const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);

/// Subscriptions of one socket.
pub const SUBSCRIPTIONS_MAX: usize = 100;

/// Events that are executed at once for one socket; of one subscription one at a time, so that they stay in order.
pub const EXECUTIONS_MAX: usize = 8;

/// The longest reason of a close frame, in bytes (RFC 6455 §5.5).
const REASON_BYTES_MAX: usize = 123;

/// What a session wants.
#[derive(Debug)]
pub enum Output {
    /// That this text is sent.
    Send(String),
    /// That a ping frame is sent.
    Ping,
    /// That this exchange is driven; [`Session::handle_outcome`] gets what comes of it, under the same number.
    Execute(u64, Box<Exchange>),
    /// That the exchange of this number is dropped.
    Cancel(u64),
    /// That the socket is closed. Nothing comes behind it.
    Close(Close),
}

/// The end of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The code (RFC 6455 §7.4; from 4400 on those of graphql-ws).
    pub code: u16,
    /// Why, in words.
    pub reason: String,
}

/// One socket.
#[derive(Debug)]
pub struct Session {
    upgrade: Upgrade,
    topics: Arc<Topics>,
    inbox: Arc<Inbox>,
    seed: Seed,
    phase: Phase,
    subscriptions: BTreeMap<String, Running>,
    // The numbers of subscriptions by those of the executions under way.
    executions: BTreeMap<u64, u64>,
    numbers: u64,
    outputs: VecDeque<Output>,
    due: Instant,
    life: Life,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The client has not begun.
    Opened,
    /// It may subscribe.
    Acknowledged,
    /// It is over.
    Closed,
}

/// Whether the client has been heard since it was asked for a sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Heard,
    Silent,
}

#[derive(Debug)]
struct Running {
    number: u64,
    subscription: Subscription,
    // Events come for as long as it is there.
    _subscribed: Subscribed,
}

impl Session {
    /// A socket that has just begun.
    #[must_use]
    pub fn new(upgrade: Upgrade, topics: &Arc<Topics>, seed: Seed, now: Instant) -> Self {
        Self {
            upgrade,
            topics: Arc::clone(topics),
            inbox: Arc::default(),
            seed,
            phase: Phase::Opened,
            subscriptions: BTreeMap::new(),
            executions: BTreeMap::new(),
            numbers: 0,
            outputs: VecDeque::new(),
            due: now.saturating_add(INIT_TIMEOUT),
            life: Life::Heard,
        }
    }

    /// Where its events come in: whoever drives it listens there, and polls when something has come.
    #[must_use]
    pub const fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// What is wanted next; none until there is another input, or an event.
    pub fn poll_output(&mut self) -> Option<Output> {
        if self.outputs.is_empty() && self.phase != Phase::Closed {
            self.take_event();
        }
        self.outputs.pop_front()
    }

    /// When [`Session::handle_timeout`] is to be called; never any more when it is over.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        (self.phase != Phase::Closed).then_some(self.due)
    }

    /// The client has sent something that is no message: a pong, say.
    pub fn handle_sign_of_life(&mut self) {
        self.life = Life::Heard;
    }

    /// The client has sent a text.
    pub fn handle_text(&mut self, text: &str, now: Instant) {
        self.life = Life::Heard;
        if self.phase == Phase::Closed {
            return;
        }
        let protocol = self.upgrade.protocol();
        match (message::read(protocol, text), protocol) {
            (Ok(Said::Init), _) => self.init(now),
            (Ok(Said::Ping), _) => self.send(message::pong()),
            (Ok(Said::Pong), _) => {}
            (Ok(Said::Subscribe { id, asked }), _) => self.subscribe(id, asked),
            (Ok(Said::Complete { id }), Protocol::TransportWs) => drop(self.end(&id)),
            (Ok(Said::Complete { id }), Protocol::Legacy) => {
                if self.end(&id).is_some() {
                    self.send(message::complete(&id));
                }
            }
            (Ok(Said::Terminate), _) => self.close(1000, ""),
            (Err(why), Protocol::TransportWs) => self.close(4400, &why),
            (Err(why), Protocol::Legacy) => self.send(message::misunderstood(&why)),
        }
    }

    /// The client has sent bytes that are no text: neither protocol knows of such.
    pub fn handle_binary(&mut self) {
        self.close(1003, "messages are texts");
    }

    /// What has come of an execution; none when that failed.
    pub fn handle_outcome(&mut self, execution: u64, outcome: Option<&Outcome>) {
        let Some(number) = self.executions.remove(&execution) else { return };
        let Some((id, _)) = self.subscriptions.iter().find(|(_, running)| running.number == number) else { return };
        let response = outcome
            .and_then(response)
            .map(str::to_owned)
            .unwrap_or_else(|| json!({ "data": null, "errors": [{ "message": "Internal server error" }] }).to_string());
        let text = message::next(self.upgrade.protocol(), id, &response);
        self.send(text);
    }

    /// The time has come that [`Session::poll_timeout`] names.
    pub fn handle_timeout(&mut self, now: Instant) {
        if now < self.due {
            return;
        }
        match (self.phase, self.life) {
            (Phase::Opened, _) => self.close(4408, "Connection initialisation timeout"),
            (Phase::Acknowledged, Life::Silent) => self.close(1001, "The client is silent"),
            (Phase::Acknowledged, Life::Heard) => {
                self.life = Life::Silent;
                self.due = now.saturating_add(KEEP_ALIVE_INTERVAL);
                self.outputs.push_back(Output::Ping);
                if self.upgrade.protocol() == Protocol::Legacy {
                    self.send(message::keep_alive());
                }
            }
            (Phase::Closed, _) => {}
        }
    }

    /// Another snapshot may be served than before.
    pub fn handle_snapshot(&mut self, current: &Arc<Snapshot>) {
        match self.upgrade.review(current) {
            Standing::Same => {}
            Standing::Changed => self.close(1001, "The API has changed"),
            Standing::Denied => self.close(4403, "Forbidden"),
        }
    }

    /// The process is about to end.
    pub fn handle_drain(&mut self) {
        self.close(1001, "The gateway is shutting down");
    }

    fn init(&mut self, now: Instant) {
        let protocol = self.upgrade.protocol();
        if self.phase == Phase::Acknowledged && protocol == Protocol::TransportWs {
            return self.close(4429, "Too many initialisation requests");
        }
        self.phase = Phase::Acknowledged;
        self.due = now.saturating_add(KEEP_ALIVE_INTERVAL);
        self.send(message::ack());
        if protocol == Protocol::Legacy {
            self.send(message::keep_alive());
        }
    }

    fn subscribe(&mut self, id: String, asked: Map<String, Json>) {
        if self.phase != Phase::Acknowledged {
            return self.close(4401, "Unauthorized");
        }
        let protocol = self.upgrade.protocol();
        if self.subscriptions.contains_key(&id) {
            match protocol {
                Protocol::TransportWs => return self.close(4409, &format!("Subscriber for {id} already exists")),
                // As subscriptions-transport-ws does.
                Protocol::Legacy => drop(self.end(&id)),
            }
        }
        if self.subscriptions.len() >= SUBSCRIPTIONS_MAX {
            let message = format!("There are {SUBSCRIPTIONS_MAX} subscriptions on this socket already.");
            return self.send(message::error(protocol, &id, vec![json!({ "message": message })]));
        }
        let subscription = match self.upgrade.subscription(asked) {
            Ok(subscription) => subscription,
            Err(errors) => return self.send(message::error(protocol, &id, errors)),
        };
        let number = self.next_number();
        let api = self.upgrade.context.api.as_ref().map_or("", |api| api.id.as_str());
        let topic = Topic { api: Arc::from(api), field: Arc::clone(&subscription.field) };
        let subscribed = self.topics.subscribe(topic, &self.inbox, number);
        self.subscriptions.insert(id, Running { number, subscription, _subscribed: subscribed });
    }

    fn end(&mut self, id: &str) -> Option<Running> {
        let ended = self.subscriptions.remove(id)?;
        let execution = self.executions.iter().find(|(_, number)| **number == ended.number).map(|(of, _)| *of);
        if let Some(execution) = execution {
            self.executions.remove(&execution);
            self.outputs.push_back(Output::Cancel(execution));
        }
        Some(ended)
    }

    // Begins to execute the event that has waited for longest, of the subscriptions that may go on.
    fn take_event(&mut self) {
        if self.inbox.is_overflown() {
            return self.close(1013, "The client does not keep up with the events");
        }
        if self.executions.len() >= EXECUTIONS_MAX {
            return;
        }
        let is_idle = |number: u64| self.executions.values().all(|busy| *busy != number);
        let Some((number, event)) = self.inbox.take(is_idle) else { return };
        let Some(running) = self.subscriptions.values().find(|running| running.number == number) else { return };
        let subscription = &running.subscription;
        let execution = self.numbers;
        let exchange = self.upgrade.exchange(subscription, &event, self.seed.fork_index(execution));
        self.numbers += 1;
        self.executions.insert(execution, number);
        self.outputs.push_back(Output::Execute(execution, Box::new(exchange)));
    }

    fn next_number(&mut self) -> u64 {
        let number = self.numbers;
        self.numbers += 1;
        number
    }

    fn send(&mut self, text: String) {
        self.outputs.push_back(Output::Send(text));
    }

    fn close(&mut self, code: u16, reason: &str) {
        if self.phase == Phase::Closed {
            return;
        }
        self.phase = Phase::Closed;
        self.subscriptions.clear();
        self.executions.clear();
        let end = (0..=REASON_BYTES_MAX.min(reason.len())).rev().find(|end| reason.is_char_boundary(*end));
        let reason = reason.get(..end.unwrap_or(0)).unwrap_or_default().to_owned();
        self.outputs.push_back(Output::Close(Close { code, reason }));
    }
}

// The result of an operation; an exchange that gave up answers otherwise.
fn response(outcome: &Outcome) -> Option<&str> {
    match &outcome.body {
        ResponseBody::Bytes(bytes) if outcome.head.status == StatusCode::OK => std::str::from_utf8(bytes).ok(),
        ResponseBody::Bytes(_) | ResponseBody::Empty | ResponseBody::Upstream => None,
    }
}
