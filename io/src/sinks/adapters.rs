//! What the adapters say of themselves (connections opened, handshakes failed): `tracing` events of this package as facts for the sink.
//!
//! They are for whoever hunts a fault on the wire: shown at `telemetry.logs.std.level=debug` and below, never on the way of a request
//! otherwise. What the gateway does is told by the core's own events.

use std::fmt::{self, Write};
use std::sync::Arc;

use holdfast_core::telemetry::{Event, Level};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

use crate::clock::Clock;
use crate::sink::Sink;

/// The name of every such event; its `source` is the module that says it.
const NAME: &str = "Adapter";

/// Hands the events of this package to a sink; spans and other crates' events are passed over.
pub struct Adapters {
    sink: Arc<dyn Sink>,
    clock: Arc<dyn Clock>,
}

impl Adapters {
    /// Everything that this package says from now on goes to `sink`, in the whole process. A second call changes nothing.
    pub fn listen(sink: Arc<dyn Sink>, clock: Arc<dyn Clock>) {
        // Whoever was first keeps listening.
        let _listening = tracing::subscriber::set_global_default(Self { sink, clock });
    }
}

impl Subscriber for Adapters {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("holdfast")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut words = Words(String::new());
        event.record(&mut words);
        let at = self.clock.now().wall;
        self.sink.event(&Event::new(at, level(*event.metadata().level()), event.metadata().target(), NAME, words.0));
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

fn level(level: tracing::Level) -> Level {
    match level {
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::INFO => Level::Info,
        _ => Level::Debug,
    }
}

/// The message, then ` name=value` for every other field.
struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _written = if field.name() == "message" {
            write!(self.0, "{value:?}")
        } else {
            write!(self.0, " {}={value:?}", field.name())
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use holdfast_core::telemetry::{Measurement, RequestRecord};

    use super::*;
    use crate::clock::SystemClock;

    #[derive(Default)]
    struct Kept(Mutex<Vec<String>>);

    impl Sink for Kept {
        fn event(&self, event: &Event) {
            let line = format!("{:?} {} {} {}", event.level, event.name, event.source, event.message);
            self.0.lock().unwrap().push(line);
        }

        fn request(&self, _record: &RequestRecord) {}

        fn measurement(&self, _measurement: &Measurement) {}
    }

    #[test]
    fn events_of_this_package_become_facts_and_others_do_not() {
        let sink = Arc::new(Kept::default());
        let listening = Adapters { sink: Arc::<Kept>::clone(&sink), clock: Arc::new(SystemClock::start()) };
        tracing::subscriber::with_default(listening, || {
            tracing::debug!(target: "holdfast::upstream", port = 80, "connected");
            tracing::warn!(target: "elsewhere", "not ours");
            tracing::trace!(target: "holdfast::upstream", "too fine");
        });
        assert_eq!(*sink.0.lock().unwrap(), ["Debug Adapter holdfast::upstream connected port=80"]);
    }
}
