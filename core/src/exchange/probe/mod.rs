//! Whole conversations by chance: a configuration drawn from the table of policies, requests, and whatever the world answers. For the fuzz
//! target, for the test that plays its corpus and for tests of the machine. Not for other use.
//!
//! `draw` decisions read from bytes, `document` policy documents, `world` the configuration and the answers, `play` one exchange.

mod document;
mod draw;
pub(crate) mod play;
pub(crate) mod world;

use std::sync::Arc;
use std::time::Duration;

pub use document::Words;

use crate::exchange::{Client, Exchange};
use crate::rng::Seed;
use crate::shared::Shared;
use crate::snapshot::Snapshot;
use crate::time::{Instant, Now, WallTime};
use draw::Draw;
use play::Played;

/// The most requests of one conversation.
const REQUESTS_MAX: usize = 4;
/// The most exchanges that are under way at once.
const ALIVE_MAX: usize = 2;
/// More turns than any conversation here takes.
const TURNS_MAX: usize = 100_000;

/// What a conversation went through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// Whether the drawn policies were compiled into a configuration without a mistake.
    pub is_compiled: bool,
    /// Exchanges that came to their end.
    pub ended: usize,
    /// Effects that were asked for.
    pub effects: u32,
}

/// Plays the conversation that `bytes` decide on: some requests to one configuration, two at a time, and answers to all that is asked.
///
/// # Panics
/// An exchange ends twice or never, leaves a frame open or a permit out, asks or cancels what it must not, or answers what is no response.
#[must_use]
pub fn conversation(words: &Words, bytes: &[u8]) -> Gone {
    let mut draw = Draw::new(bytes);
    let documents = document::Documents::draw(&mut draw, words);
    let Some((snapshot, is_compiled)) = world::compiled(&documents, words) else { return Gone::default() };
    let mut talk = Talk {
        snapshot,
        shared: Shared::default(),
        now: Now { instant: Instant::ZERO, wall: WallTime::from_unix_seconds(1_700_000_000) },
        alive: Vec::new(),
        gone: Gone { is_compiled, ..Gone::default() },
    };
    let mut left = 1 + draw.below(REQUESTS_MAX);
    for _ in 0..TURNS_MAX {
        if left > 0 && talk.alive.len() < ALIVE_MAX && (talk.alive.is_empty() || draw.below(4) == 0) {
            left -= 1;
            talk.begin(&mut draw);
        }
        if talk.alive.is_empty() {
            assert_eq!(talk.shared.permits.out(), 0, "no permit is left out");
            return talk.gone;
        }
        talk.turn(&mut draw);
    }
    panic!("a conversation does not end");
}

struct Talk {
    snapshot: Arc<Snapshot>,
    shared: Shared,
    now: Now,
    alive: Vec<Played>,
    gone: Gone,
}

impl Talk {
    fn begin(&mut self, draw: &mut Draw<'_>) {
        let (seed, client) = (Seed(u64::from(draw.byte())), Client { ip: "10.0.0.1".to_owned(), ..Client::default() });
        let exchange = Exchange::new(Arc::clone(&self.snapshot), world::request(draw), client, seed, self.now);
        self.alive.push(match draw.below(4) {
            0 => Played::inspected(exchange),
            _ => Played::new(exchange),
        });
    }

    fn turn(&mut self, draw: &mut Draw<'_>) {
        let passed = [0, 1, 40, 1_500, 70_000, 4_000_000].get(draw.below(12)).copied().unwrap_or(1);
        self.now.instant = self.now.instant.saturating_add(Duration::from_millis(passed));
        self.now.wall = self.now.wall.saturating_add(Duration::from_millis(passed));
        let at = draw.below(self.alive.len());
        let Some(played) = self.alive.get_mut(at) else { return };
        // One in so many clients goes away, whatever is under way.
        if draw.below(64) == 63 {
            drop(self.alive.remove(at));
            return;
        }
        let ended = played.turn(&self.shared, self.now, draw, world::reply);
        if ended.is_some() {
            self.gone.ended += 1;
            self.gone.effects += self.alive.remove(at).asked();
        }
    }
}
