//! The connection of one worker to one external cache: opened when it is needed, shared by all exchanges, given up when it fails, and then
//! left alone for a while.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use holdfast_core::config::external_cache::ExternalCache;
use holdfast_core::http::Bytes;
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

/// A link to one cache.
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

    /// The entry under `key`, when it has at most `max_bytes`.
    pub(super) async fn get(&self, key: &str, max_bytes: u64) -> Result<Option<Bytes>, String> {
        // As GET, but a reply is never longer than one byte more than is wanted, whatever somebody has put there.
        let mut command = redis::cmd("GETRANGE");
        command.arg(key).arg(0).arg(max_bytes);
        match self.answer(command).await? {
            Value::BulkString(bytes) if bytes.is_empty() => Ok(None),
            Value::BulkString(bytes) if u64::try_from(bytes.len()).is_ok_and(|bytes| bytes <= max_bytes) => {
                Ok(Some(Bytes::from(bytes)))
            }
            _ => Ok(None),
        }
    }

    /// Stores `entry` under `key`.
    pub(super) async fn set(&self, key: &str, entry: &Bytes, seconds: u64) -> Result<(), String> {
        let mut command = redis::cmd("SET");
        command.arg(key).arg(entry.as_ref()).arg("EX").arg(seconds.max(1));
        self.answer(command).await.map(drop)
    }

    /// Removes what is under `key`.
    pub(super) async fn remove(&self, key: &str) -> Result<(), String> {
        let mut command = redis::cmd("DEL");
        command.arg(key);
        self.answer(command).await.map(drop)
    }

    /// Too much is being stored already.
    pub(super) fn overrun(&self) {
        self.failed("too many entries are on their way");
    }

    async fn answer(&self, command: Cmd) -> Result<Value, String> {
        let deadline = Instant::now() + self.cache.server.operation_timeout;
        let answered = self.try_answer(&command, deadline).await;
        match &answered {
            Ok(_) => {
                self.inner.failures.set(0);
                self.surroundings.recovered(&self.cache);
            }
            Err(why) => self.failed(why),
        }
        answered
    }

    async fn try_answer(&self, command: &Cmd, deadline: Instant) -> Result<Value, String> {
        let (mut connection, generation) = self.connection(deadline).await?;
        let reply = timeout_at(deadline, connection.req_packed_command(command)).await;
        let (error, spoilt) = match reply {
            Ok(Ok(Value::ServerError(error))) => judged(&RedisError::from(error)),
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => judged(&error),
            Err(_) => ("no answer in time".to_owned(), Spoilt::Yes),
        };
        if spoilt == Spoilt::Yes {
            self.inner.give_up(generation, self.rest(), &error);
        }
        Err(error)
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

    fn failed(&self, why: &str) {
        self.surroundings.failed(&self.cache, why);
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
        let opened = timeout(server.connect_timeout, surroundings.open(server, endpoint)).await;
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

/// Whether a connection can be used no more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spoilt {
    No,
    Yes,
}

fn judged(error: &RedisError) -> (String, Spoilt) {
    let is_unfit = error.code().is_some_and(|code| UNFIT.contains(&code));
    let spoilt =
        if is_unfit || error.is_unrecoverable_error() || error.is_io_error() { Spoilt::Yes } else { Spoilt::No };
    (words(error), spoilt)
}
