//! The connection of one worker to one server of an external cache: opened when it is needed, shared by all exchanges, given up when it fails, and then
//! left alone for a while.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use holdfast_core::config::external_cache::ExternalCache;
use redis::aio::{ConnectionLike as _, MultiplexedConnection};
use redis::{Cmd, RedisError, Value};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::Surroundings;
use super::connect::words;
use crate::limits::{CACHE_REST_MAX, CACHE_REST_MIN};
use crate::net::Net;

/// Errors by which a server says that it, as long as it is what it is now, serves nobody: another endpoint, or a new connection, may.
const UNFIT: [&str; 4] = ["READONLY", "LOADING", "MASTERDOWN", "NOAUTH"];

/// A host and a port.
pub(super) type Endpoint = (String, u16);

/// How a server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// As one that has the key.
    Straight,
    /// As one that is about to get it.
    Asking,
}

/// Why there is no value.
pub(super) enum Refusal {
    /// Another server is to be asked.
    Elsewhere(Way, Endpoint),
    /// The server says in words why not.
    Answer(String),
    /// It cannot say at the moment, in the middle of a move.
    Later(String),
    /// It knows nothing for certain, since it has lost the others of its cluster: another one may know.
    Unsure(String),
    /// No server answers.
    Lost(String),
}

/// A link to one server, or to one of several that are the same.
pub(super) struct Link<N: Net> {
    cache: Arc<ExternalCache>,
    surroundings: Rc<Surroundings<N>>,
    inner: Rc<Inner>,
}

struct Inner {
    state: RefCell<State>,
    changed: Notify,
    // The number of the connection that is in use or was last.
    generation: Cell<u64>,
    // Failures since the last answer.
    failures: Cell<u32>,
    // The endpoint that is tried first.
    endpoint: Cell<usize>,
}

enum State {
    /// There is no connection, and nothing speaks against one.
    Idle,
    /// One is being made.
    Connecting { patience: Patience, _task: Ended },
    /// There is one.
    Ready { connection: MultiplexedConnection, _driver: Ended },
    /// It failed: nobody tries until then.
    Resting { until: Instant, why: Rc<str> },
}

/// Whether exchanges wait for a connection that is being made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Left,
    /// One has waited in vain.
    Lost,
}

/// A task that ends with its owner.
struct Ended(JoinHandle<()>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.abort();
    }
}

// What drives the connection knows `inner`, which would else keep itself alive.
impl<N: Net> Drop for Link<N> {
    fn drop(&mut self) {
        drop(self.inner.state.replace(State::Idle));
    }
}

impl<N: Net> Link<N> {
    pub(super) fn new(cache: Arc<ExternalCache>, surroundings: Rc<Surroundings<N>>) -> Self {
        let inner = Inner {
            state: RefCell::new(State::Idle),
            changed: Notify::new(),
            generation: Cell::new(0),
            failures: Cell::new(0),
            endpoint: Cell::new(0),
        };
        Self { cache, surroundings, inner: Rc::new(inner) }
    }

    /// Has one command answered.
    pub(super) async fn ask(&self, command: &Cmd, way: Way, deadline: Instant) -> Result<Value, Refusal> {
        let (mut connection, generation) = self.connection(deadline).await.map_err(Refusal::Lost)?;
        let error = match timeout_at(deadline, sent(&mut connection, command, way)).await {
            Ok(Ok(Value::ServerError(error))) => RedisError::from(error),
            Ok(Ok(value)) => {
                self.inner.failures.set(0);
                return Ok(value);
            }
            Ok(Err(error)) => error,
            Err(_) => return Err(self.lost(generation, "no answer in time".to_owned())),
        };
        if let Some((way, endpoint)) = self.onward(&error) {
            self.inner.failures.set(0);
            return Err(Refusal::Elsewhere(way, endpoint));
        }
        match error.code() {
            Some("TRYAGAIN") => Err(Refusal::Later(words(&error))),
            Some("CLUSTERDOWN") => Err(Refusal::Unsure(words(&error))),
            _ if is_spoilt(&error) => Err(self.lost(generation, words(&error))),
            _ => Err(Refusal::Answer(words(&error))),
        }
    }

    fn lost(&self, generation: u64, why: String) -> Refusal {
        self.inner.give_up(generation, self.rest(), &why);
        Refusal::Lost(why)
    }

    // Where an answer sends us: `MOVED 3999 host:port`, `ASK 3999 host:port`. Without a host it is the one that has answered.
    fn onward(&self, error: &RedisError) -> Option<(Way, Endpoint)> {
        let (place, _) = error.redirect_node()?;
        let way = if error.code() == Some("ASK") { Way::Asking } else { Way::Straight };
        let (host, port) = place.rsplit_once(':')?;
        let host = match host {
            "" | "?" => {
                let endpoints = &self.cache.server.endpoints;
                endpoints.get(self.inner.endpoint.get() % endpoints.len().max(1)).map(|(host, _)| host.clone())?
            }
            host => host.trim_matches(['[', ']']).to_ascii_lowercase(),
        };
        Some((way, (host, port.parse().ok()?)))
    }

    // The connection, and its number.
    async fn connection(&self, deadline: Instant) -> Result<(MultiplexedConnection, u64), String> {
        loop {
            let changed = self.inner.changed.notified();
            if let Some(connection) = self.at_hand()? {
                return Ok((connection, self.inner.generation.get()));
            }
            if timeout_at(deadline, changed).await.is_err() {
                if let State::Connecting { patience, .. } = &mut *self.inner.state.borrow_mut() {
                    *patience = Patience::Lost;
                }
                return Err("no connection in time".to_owned());
            }
        }
    }

    // The connection that there is; `None` when it may be there soon.
    fn at_hand(&self) -> Result<Option<MultiplexedConnection>, String> {
        match &*self.inner.state.borrow() {
            State::Ready { connection, .. } => return Ok(Some(connection.clone())),
            State::Resting { until, why } if Instant::now() < *until => return Err(why.to_string()),
            State::Connecting { patience: Patience::Lost, .. } => return Err("it is being connected to".to_owned()),
            State::Connecting { patience: Patience::Left, .. } => return Ok(None),
            State::Idle | State::Resting { .. } => {}
        }
        self.begin();
        Ok(None)
    }

    fn begin(&self) {
        let (cache, surroundings, inner) =
            (Arc::clone(&self.cache), Rc::clone(&self.surroundings), Rc::clone(&self.inner));
        let rest = self.rest();
        let generation = inner.generation.get() + 1;
        inner.generation.set(generation);
        let task = tokio::task::spawn_local(async move {
            let next = connected(&cache, &surroundings, &inner, generation, rest).await;
            // This task has ended when its handle goes.
            drop(inner.state.replace(next));
            inner.changed.notify_waiters();
        });
        // A connection that did not come in time for anyone costs nobody anything any more.
        *self.inner.state.borrow_mut() = State::Connecting { patience: Patience::Left, _task: Ended(task) };
    }

    // Doubles with each failure, up to a limit, and is never the same for two workers.
    fn rest(&self) -> Duration {
        let doublings = self.inner.failures.get().min(16);
        let longest = CACHE_REST_MIN.saturating_mul(1 << doublings).min(CACHE_REST_MAX);
        self.surroundings.chance.borrow_mut().duration_between(longest / 2, longest)
    }
}

async fn sent(connection: &mut MultiplexedConnection, command: &Cmd, way: Way) -> Result<Value, RedisError> {
    match way {
        Way::Straight => connection.req_packed_command(command).await,
        Way::Asking => {
            // Both go out together: `ASKING` holds for the next command of the connection.
            let mut both = redis::pipe();
            both.cmd("ASKING").add_command(command.clone());
            let answers = connection.req_packed_commands(&both, 1, 1).await?;
            Ok(answers.into_iter().next().unwrap_or(Value::Nil))
        }
    }
}

async fn connected<N: Net>(
    cache: &ExternalCache,
    surroundings: &Surroundings<N>,
    inner: &Rc<Inner>,
    generation: u64,
    rest: Duration,
) -> State {
    let server = &cache.server;
    let count = server.endpoints.len();
    let mut last: Rc<str> = Rc::from("it has no address");
    for tried in 0..count {
        let at = (inner.endpoint.get() + tried) % count;
        let Some(endpoint) = server.endpoints.get(at) else { continue };
        let opened = timeout(server.connect_timeout, surroundings.reach(server, endpoint)).await;
        let why = match opened.unwrap_or_else(|_| Err("no connection in time".to_owned())) {
            Ok((connection, driver)) => {
                inner.endpoint.set(at);
                let watched = Rc::clone(inner);
                let driver = tokio::task::spawn_local(async move {
                    driver.await;
                    watched.closed(generation);
                });
                return State::Ready { connection, _driver: Ended(driver) };
            }
            Err(why) => why,
        };
        surroundings.unreachable(cache, endpoint, &why);
        last = Rc::from(why);
    }
    inner.failures.set(inner.failures.get().saturating_add(1));
    State::Resting { until: Instant::now() + rest, why: last }
}

impl Inner {
    // The server has closed the connection: it may have restarted.
    fn closed(&self, generation: u64) {
        if self.is_ready(generation) {
            drop(self.state.replace(State::Idle));
        }
    }

    // Several exchanges may find out about one connection.
    fn give_up(&self, generation: u64, rest: Duration, why: &str) {
        if self.is_ready(generation) {
            self.failures.set(self.failures.get().saturating_add(1));
            self.endpoint.set(self.endpoint.get().wrapping_add(1));
            let resting = State::Resting { until: Instant::now() + rest, why: Rc::from(why) };
            drop(self.state.replace(resting));
        }
    }

    fn is_ready(&self, generation: u64) -> bool {
        self.generation.get() == generation && matches!(&*self.state.borrow(), State::Ready { .. })
    }
}

// Whether a connection can be used no more.
fn is_spoilt(error: &RedisError) -> bool {
    let is_unfit = error.code().is_some_and(|code| UNFIT.contains(&code));
    is_unfit || error.is_unrecoverable_error() || error.is_io_error()
}
