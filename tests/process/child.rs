//! One process that a test started: its output line by line, its signals, its end. Ends with the test, and touches no process of others.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::wait;

/// A child process; killed when dropped.
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    errors: Arc<Mutex<Vec<String>>>,
}

/// A signal that a person or an orchestrator sends; SIGKILL is [`Process::kill`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {
    /// Please end.
    Terminate,
}

const SHOWN_LINES: usize = 60;

impl Process {
    /// Starts `command`; `name` stands before its lines when the test fails.
    pub(crate) fn start(name: &'static str, command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("{name} cannot be started: {error}: {command:?}"));
        let lines = Arc::default();
        let errors = Arc::default();
        collect(child.stdout.take(), Arc::clone(&lines));
        collect(child.stderr.take(), Arc::clone(&errors));
        Self { name, child, lines, errors }
    }

    /// What it has written to standard output so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it has written to standard error so far.
    pub(crate) fn errors(&self) -> Vec<String> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it has not ended.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_none())
    }

    /// Fails the test if it has ended.
    pub(crate) fn must_run(&mut self) {
        assert!(self.is_running(), "{} has ended by itself: {:?}", self.name, self.child.try_wait());
    }

    /// SIGKILL, and waits for its end.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself: that is found out by `must_run`.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }

    /// Sends a signal to this process alone.
    pub(crate) fn signal(&self, signal: Signal) {
        let word = match signal {
            Signal::Terminate => "TERM",
        };
        let sent = Command::new("sh").args(["-c", &format!("kill -{word} {}", self.child.id())]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the signal was not sent to {}", self.name);
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let name = self.name;
        wait::until(&format!("{name} ends"), || match self.child.try_wait() {
            Ok(Some(status)) => Ok(status),
            Ok(None) => Err("it still runs".to_owned()),
            Err(error) => Err(error.to_string()),
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            let mut out = std::io::stderr().lock();
            for line in last(&self.lines()).chain(last(&self.errors())) {
                // The terminal may be gone: the test has failed anyway.
                let _gone = writeln!(out, "{}| {line}", self.name);
            }
        }
    }
}

fn last(lines: &[String]) -> impl Iterator<Item = &String> {
    lines.iter().skip(lines.len().saturating_sub(SHOWN_LINES))
}

fn collect(stream: Option<impl Read + Send + 'static>, lines: Arc<Mutex<Vec<String>>>) {
    let stream = stream.expect("the stream is piped");
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    });
}

/// What a command that ends by itself said.
#[derive(Debug)]
pub(crate) struct Said {
    /// Its exit code.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

/// Runs a command to its end.
pub(crate) fn say(command: &mut Command) -> Said {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

/// The simulator's binary, built by cargo for this test.
pub(crate) fn simulator() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_holdfast-sim"))
}

/// The production binary, which stands beside the simulator's.
pub(crate) fn holdfast() -> PathBuf {
    let binary = simulator().with_file_name("holdfast");
    assert!(
        binary.is_file(),
        "{} is not there; build it with `cargo build --workspace --bins`, or run `.ci/test`, which does",
        binary.display()
    );
    binary
}

/// A program of the system, installed by `.ci/test`; a test that needs it does not pass without it.
pub(crate) fn installed(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/bin")]);
    let found = folders.map(|folder| folder.join(program)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("`{program}` is not installed: run `.ci/test`, which installs what the tests need"))
}

/// A command with an empty environment: what the test does not say, nobody says.
pub(crate) fn bare(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    command
}
