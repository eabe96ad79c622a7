//! The sockets that requests of a conversation have opened: what is said on them, and what is heard.

use std::collections::VecDeque;

use super::conversation::Turn;
use super::player::{Turns, drive};
use crate::exchange::socket::{Close, Output, Session, Upgrade};
use crate::http::Bytes;
use crate::rng::Seed;
use crate::shared::Shared;
use crate::time::Now;

pub(super) struct Sockets {
    open: Vec<Socket>,
    now: Now,
}

struct Socket {
    session: Session,
    heard: VecDeque<String>,
    closed: Option<Close>,
}

impl Sockets {
    pub(super) const fn new(now: Now) -> Self {
        Self { open: Vec::new(), now }
    }

    /// A handshake has been answered.
    pub(super) fn open(&mut self, upgrade: Upgrade, shared: &Shared, now: Now) {
        let session = Session::new(upgrade, &shared.topics, Seed(1), now.instant);
        self.open.push(Socket { session, heard: VecDeque::new(), closed: None });
    }

    /// Time has passed.
    pub(super) fn wait(&mut self, turns: &mut Turns<'_>, shared: &Shared, now: &mut Now) {
        self.open.iter_mut().for_each(|socket| socket.session.handle_timeout(now.instant));
        self.go_on(turns, shared, now);
    }

    /// Plays a turn, if it is one of a socket.
    pub(super) fn play(&mut self, turn: &Turn) -> bool {
        let number = turn.name.parse().unwrap_or(self.open.len());
        let (text, line) = (turn.text.trim(), turn.line);
        let now = self.now.instant;
        let socket = number.checked_sub(1).and_then(|index| self.open.get_mut(index));
        match (turn.kind.as_str(), socket) {
            ("say", Some(socket)) => socket.session.handle_text(text, now),
            ("hear", Some(socket)) => assert_eq!(socket.heard.pop_front().as_deref(), Some(text), "line {line}"),
            ("closed", Some(socket)) => {
                let closed = socket.closed.take().map(|close| format!("{} {}", close.code, close.reason));
                assert_eq!(closed.as_deref().map(str::trim), Some(text), "line {line}");
            }
            _ => return false,
        }
        true
    }

    /// Lets each socket do what it wants to.
    pub(super) fn go_on(&mut self, turns: &mut Turns<'_>, shared: &Shared, now: &mut Now) {
        self.now = *now;
        for socket in &mut self.open {
            while let Some(output) = socket.session.poll_output() {
                match output {
                    Output::Send(text) => socket.heard.push_back(text),
                    Output::Ping => socket.heard.push_back("(ping)".to_owned()),
                    Output::Execute(number, mut exchange) => {
                        let outcome = drive(&mut exchange, None, turns, shared, now, &mut Bytes::new());
                        socket.session.handle_outcome(number, Some(&outcome));
                    }
                    Output::Cancel(number) => panic!("nothing is under way, {number} least of all"),
                    Output::Close(close) => socket.closed = Some(close),
                }
            }
        }
    }

    /// All that was said has been heard.
    pub(super) fn end(&self) {
        for socket in &self.open {
            assert!(socket.heard.is_empty() && socket.closed.is_none(), "{:?} {:?}", socket.heard, socket.closed);
        }
    }
}
