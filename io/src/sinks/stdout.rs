//! Standard output behind a bounded queue: a reader that is slow or gone costs lines, which are counted, never requests.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use holdfast_core::telemetry::{Event, Level, Measurement, RequestRecord};

use crate::clock::Clock;
use crate::settings::Logs;
use crate::sink::Sink;
use crate::sinks::line;

/// Lines that wait for the writer; what comes beyond them is dropped and counted.
pub const QUEUE_LINES_MAX: usize = 16 * 1024;

// What is written at once when lines wait; a whole number of lines all the same.
const BATCH_BYTES_MAX: usize = 64 * 1024;
// How long the end of the process waits for a reader that does not read.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// The standard output of the process.
pub struct StdSink {
    logs: Logs,
    queue: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

enum Message {
    Line(String),
    Flush(SyncSender<()>),
}

impl StdSink {
    /// Starts the thread that writes to `out`; the only one that does, so lines never mix.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn start(logs: Logs, clock: Arc<dyn Clock>, out: impl Write + Send + 'static) -> std::io::Result<Self> {
        let (queue, lines) = sync_channel(QUEUE_LINES_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let writer = Writer { lines, dropped: Arc::clone(&dropped), logs, clock, out: Mutex::new(out) };
        thread::Builder::new().name("log".to_owned()).spawn(move || writer.run())?;
        Ok(Self { logs, queue, dropped })
    }

    /// Waits until everything that was handed in is written, or for two seconds.
    pub fn flush(&self) {
        let (done, written) = sync_channel(1);
        if self.queue.try_send(Message::Flush(done)).is_ok() {
            // A reader that does not read must not keep the process from ending.
            let _ = written.recv_timeout(FLUSH_TIMEOUT);
        }
    }

    fn hand_in(&self, line: Option<String>) {
        let Some(line) = line else { return };
        match self.queue.try_send(Message::Line(line)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl Sink for StdSink {
    fn event(&self, event: &Event) {
        self.hand_in(line::event(self.logs, event));
    }

    fn request(&self, record: &RequestRecord) {
        self.hand_in(line::request(self.logs, record));
    }

    fn measurement(&self, measurement: &Measurement) {
        self.hand_in(line::measurement(self.logs, measurement));
    }
}

struct Writer<W> {
    lines: Receiver<Message>,
    dropped: Arc<AtomicU64>,
    logs: Logs,
    clock: Arc<dyn Clock>,
    out: Mutex<W>,
}

impl<W: Write> Writer<W> {
    fn run(self) {
        let mut batch = String::new();
        while let Ok(message) = self.lines.recv() {
            let mut waiting = self.take(message, &mut batch);
            while waiting.is_none() && batch.len() < BATCH_BYTES_MAX {
                match self.lines.try_recv() {
                    Ok(message) => waiting = self.take(message, &mut batch),
                    Err(_) => break,
                }
            }
            self.write(&mut batch);
            if let Some(done) = waiting {
                // Whoever waited may have given up.
                let _ = done.try_send(());
            }
        }
    }

    fn take(&self, message: Message, batch: &mut String) -> Option<SyncSender<()>> {
        match message {
            Message::Line(line) => {
                batch.push_str(&line);
                None
            }
            Message::Flush(done) => Some(done),
        }
    }

    fn write(&self, batch: &mut String) {
        if let Some(lost) = self.lost_lines() {
            batch.push_str(&lost);
        }
        if let Ok(mut out) = self.out.lock() {
            // Nobody reads any more: there is nobody to tell.
            let _ = out.write_all(batch.as_bytes()).and_then(|()| out.flush());
        }
        batch.clear();
    }

    fn lost_lines(&self) -> Option<String> {
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped == 0 {
            return None;
        }
        let event = Event {
            at: self.clock.now().wall,
            level: Level::Warn,
            name: "LogLinesDropped",
            source: "log",
            message: format!("{dropped} lines were dropped because standard output is not read fast enough"),
            revision: None,
            diagnostics: Vec::new(),
        };
        line::event(self.logs, &event)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::mpsc;

    use holdfast_core::time::WallTime;

    use super::*;
    use crate::clock::SystemClock;
    use crate::settings::{Color, LogForm};

    const LOGS: Logs = Logs { form: LogForm::Text, level: Level::Info, color: Color::Plain };

    /// Hands every write over; blocks while nobody takes it.
    struct Pipe(mpsc::SyncSender<Vec<u8>>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn event(message: &str) -> Event {
        Event {
            at: WallTime::default(),
            level: Level::Info,
            name: "Test",
            source: "test",
            message: message.to_owned(),
            revision: None,
            diagnostics: Vec::new(),
        }
    }

    #[test]
    fn everything_is_written_when_flushed() {
        let (pipe, written) = mpsc::sync_channel(1000);
        let sink = StdSink::start(LOGS, Arc::new(SystemClock::start()), Pipe(pipe)).unwrap();
        (0..100).for_each(|number| sink.event(&event(&number.to_string())));
        sink.flush();
        let text = String::from_utf8(written.try_iter().flatten().collect()).unwrap();
        assert_eq!(text.lines().count(), 100);
        assert!(text.ends_with("Test: 99\n"));
    }

    #[test]
    fn a_reader_that_stands_still_costs_lines_and_is_told() {
        let (pipe, written) = mpsc::sync_channel(0);
        let sink = StdSink::start(LOGS, Arc::new(SystemClock::start()), Pipe(pipe)).unwrap();
        let more = QUEUE_LINES_MAX * 2;
        (0..more).for_each(|_| sink.event(&event("x")));
        let reader = thread::spawn(move || written.into_iter().flatten().collect::<Vec<u8>>());
        sink.flush();
        drop(sink);
        let text = String::from_utf8(reader.join().unwrap()).unwrap();
        let lost: usize = text
            .lines()
            .filter_map(|line| line.split("LogLinesDropped: ").nth(1)?.split(' ').next()?.parse::<usize>().ok())
            .sum();
        let kept = text.lines().filter(|line| line.contains("Test: x")).count();
        assert!(lost > 0);
        assert_eq!(kept + lost, more);
    }
}
