//! Events on their way from whoever publishes them to whoever has subscribed, inside one process. Each subscriber has a bounded inbox.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use serde_json::Value as Json;

/// The most events that wait in one inbox.
pub const INBOX_EVENTS_MAX: usize = 256;

/// The most bytes that they are long together. One event fits, however long it is.
pub const INBOX_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What events are about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Topic {
    /// The id of the API.
    pub api: Arc<str>,
    /// The field of its type `Subscription`.
    pub field: Arc<str>,
}

/// Something that has happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What is known of it.
    pub value: Json,
    /// How long its text is, in bytes.
    pub bytes: usize,
}

/// Who has subscribed to what in this process.
#[derive(Debug, Default)]
pub struct Topics {
    // A topic without subscribers has no entry.
    subscribers: Mutex<BTreeMap<Topic, Vec<Subscriber>>>,
}

#[derive(Clone, Debug)]
struct Subscriber {
    inbox: Arc<Inbox>,
    number: u64,
}

/// A subscription, until it is dropped.
#[derive(Debug)]
pub struct Subscribed {
    topics: Arc<Topics>,
    topic: Topic,
    subscriber: Subscriber,
}

impl Topics {
    /// Events of `topic` come into `inbox` from now on, under `number`, which is of no other subscription with this inbox.
    #[must_use]
    pub fn subscribe(self: &Arc<Self>, topic: Topic, inbox: &Arc<Inbox>, number: u64) -> Subscribed {
        let subscriber = Subscriber { inbox: Arc::clone(inbox), number };
        lock(&self.subscribers).entry(topic.clone()).or_default().push(subscriber.clone());
        Subscribed { topics: Arc::clone(self), topic, subscriber }
    }

    /// Hands an event to all who have subscribed to `topic`; gives how many they are. All of them see events in the same order.
    pub fn publish(&self, topic: &Topic, event: &Arc<Event>) -> usize {
        let subscribers = lock(&self.subscribers);
        let Some(all) = subscribers.get(topic) else { return 0 };
        let wakers: Vec<Waker> = all.iter().filter_map(|of| of.inbox.put(of.number, event)).collect();
        let count = all.len();
        // Whoever is woken finds no lock taken.
        drop(subscribers);
        wakers.into_iter().for_each(Waker::wake);
        count
    }
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        let mut subscribers = lock(&self.topics.subscribers);
        let Some(all) = subscribers.get_mut(&self.topic) else { return };
        let is_it =
            |of: &Subscriber| of.number == self.subscriber.number && Arc::ptr_eq(&of.inbox, &self.subscriber.inbox);
        all.retain(|of| !is_it(of));
        if all.is_empty() {
            subscribers.remove(&self.topic);
        }
        drop(subscribers);
        self.subscriber.inbox.forget(self.subscriber.number);
    }
}

/// Events that have come for one subscriber and wait for it.
#[derive(Debug, Default)]
pub struct Inbox(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<(u64, Arc<Event>)>,
    bytes: usize,
    is_overflown: bool,
    waker: Option<Waker>,
}

impl Inbox {
    /// The event that has waited for longest of those whose number `is_wanted`.
    #[must_use]
    pub fn take(&self, is_wanted: impl Fn(u64) -> bool) -> Option<(u64, Arc<Event>)> {
        let mut waiting = lock(&self.0);
        let index = waiting.events.iter().position(|(number, _)| is_wanted(*number))?;
        let (number, event) = waiting.events.remove(index)?;
        waiting.bytes = waiting.bytes.saturating_sub(event.bytes);
        Some((number, event))
    }

    /// Whether an event had no place any more: from then on nothing comes.
    #[must_use]
    pub fn is_overflown(&self) -> bool {
        lock(&self.0).is_overflown
    }

    /// Has `waker` told of the next event.
    pub fn listen(&self, waker: &Waker) {
        let mut waiting = lock(&self.0);
        match &mut waiting.waker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    // Who is to be told of it.
    fn put(&self, number: u64, event: &Arc<Event>) -> Option<Waker> {
        let mut waiting = lock(&self.0);
        if waiting.is_overflown {
            return None;
        }
        let bytes = waiting.bytes.saturating_add(event.bytes);
        let is_full = waiting.events.len() >= INBOX_EVENTS_MAX || bytes > INBOX_BYTES_MAX;
        if is_full && !waiting.events.is_empty() {
            waiting.events.clear();
            waiting.is_overflown = true;
        } else {
            waiting.bytes = bytes;
            waiting.events.push_back((number, Arc::clone(event)));
        }
        waiting.waker.take()
    }

    fn forget(&self, number: u64) {
        let mut waiting = lock(&self.0);
        waiting.events.retain(|(of, _)| *of != number);
        waiting.bytes = waiting.events.iter().map(|(_, event)| event.bytes).sum();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    fn topic(field: &str) -> Topic {
        Topic { api: Arc::from("a"), field: Arc::from(field) }
    }

    fn event(bytes: usize) -> Arc<Event> {
        Arc::new(Event { value: Json::from(bytes), bytes })
    }

    fn all(inbox: &Inbox) -> Vec<(u64, usize)> {
        std::iter::from_fn(|| inbox.take(|_| true)).map(|(number, event)| (number, event.bytes)).collect()
    }

    #[test]
    fn an_event_reaches_those_who_have_subscribed_until_they_leave() {
        let topics = Arc::new(Topics::default());
        let (one, two) = (Arc::new(Inbox::default()), Arc::new(Inbox::default()));
        let first = topics.subscribe(topic("x"), &one, 1);
        let _second = topics.subscribe(topic("x"), &one, 2);
        let _other = topics.subscribe(topic("y"), &one, 3);
        let _of_two = topics.subscribe(topic("x"), &two, 1);
        assert_eq!(topics.publish(&topic("x"), &event(5)), 3);
        assert_eq!(topics.publish(&topic("z"), &event(6)), 0);
        drop(first);
        assert_eq!(topics.publish(&topic("x"), &event(7)), 2);
        assert_eq!(all(&one), [(2, 5), (2, 7)], "what waits for one that has left goes with it");
        assert_eq!(all(&two), [(1, 5), (1, 7)]);
    }

    #[test]
    fn topics_without_subscribers_are_forgotten() {
        let topics = Arc::new(Topics::default());
        drop(topics.subscribe(topic("x"), &Arc::default(), 1));
        assert!(lock(&topics.subscribers).is_empty());
    }

    #[test]
    fn those_who_are_not_ready_keep_their_place() {
        let topics = Arc::new(Topics::default());
        let inbox = Arc::new(Inbox::default());
        let _of: Vec<Subscribed> = (1..=2).map(|number| topics.subscribe(topic("x"), &inbox, number)).collect();
        topics.publish(&topic("x"), &event(1));
        topics.publish(&topic("x"), &event(2));
        assert_eq!(inbox.take(|number| number == 2).map(|(_, event)| event.bytes), Some(1));
        assert_eq!(all(&inbox), [(1, 1), (1, 2), (2, 2)]);
    }

    #[test]
    fn an_inbox_that_is_full_takes_nothing_any_more() {
        let topics = Arc::new(Topics::default());
        for (bytes, fit) in [(1, INBOX_EVENTS_MAX), (INBOX_BYTES_MAX / 3, 3), (INBOX_BYTES_MAX * 2, 1)] {
            let inbox = Arc::new(Inbox::default());
            let _subscribed = topics.subscribe(topic("x"), &inbox, 1);
            for _ in 0..fit {
                topics.publish(&topic("x"), &event(bytes));
            }
            assert!(!inbox.is_overflown(), "{fit} events of {bytes} bytes fit");
            topics.publish(&topic("x"), &event(bytes));
            assert!(inbox.is_overflown(), "one more does not");
            topics.publish(&topic("x"), &event(1));
            assert_eq!(all(&inbox), []);
        }
    }

    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn whoever_listens_is_woken_once() {
        let topics = Arc::new(Topics::default());
        let inbox = Arc::new(Inbox::default());
        let _subscribed = topics.subscribe(topic("x"), &inbox, 1);
        let count = Arc::new(Count(AtomicUsize::new(0)));
        inbox.listen(&Waker::from(Arc::clone(&count)));
        topics.publish(&topic("x"), &event(1));
        topics.publish(&topic("x"), &event(1));
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }
}
