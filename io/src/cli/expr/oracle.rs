//! An oracle: any program that evaluates expressions, asked by files. Judges none of its answers.
//!
//! It is given two arguments, a context document and a file of cases (`{"id", "source"}` a line), and prints `{"id", …result}` a line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::CASES_BYTES_MAX;
use crate::cli::text::read_text;

// Compilers are slow: thousands of cases take minutes. What takes longer than this hangs.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(3600);
// Two oracles of one process must not share their files.
static FOLDERS: AtomicUsize = AtomicUsize::new(0);
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// A program that can be asked.
pub(super) struct Oracle<'c> {
    command: &'c str,
    folder: PathBuf,
    asked: usize,
}

impl<'c> Oracle<'c> {
    /// The program of this command line, which a shell reads.
    pub(super) fn new(command: &'c str) -> Result<Self, String> {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("holdfast-witness-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| format!("`{}`: {error}", folder.display()))?;
        Ok(Self { command, folder, asked: 0 })
    }

    /// Its results by the ids of the cases.
    ///
    /// # Errors
    /// Why it could not be asked, or what it said that is no result.
    pub(super) fn ask(&mut self, context: &Json, sources: &[(usize, String)]) -> Result<BTreeMap<usize, Json>, String> {
        self.asked += 1;
        let path = |name: &str| self.folder.join(format!("{}-{name}", self.asked));
        let (document, cases, results) = (path("context.json"), path("cases.jsonl"), path("results.jsonl"));
        let mut lines = String::new();
        for (id, source) in sources {
            // Writing to a String cannot fail.
            let _ = writeln!(lines, "{}", json!({"id": id, "source": source}));
        }
        write(&document, &context.to_string())?;
        write(&cases, &lines)?;
        let out = File::create(&results).map_err(|error| format!("`{}`: {error}", results.display()))?;
        let mut child = Command::new("sh")
            .args(["-c", &format!("{} \"$@\"", self.command), "oracle"])
            .args([&document, &cases])
            .stdin(Stdio::null())
            .stdout(out)
            .spawn()
            .map_err(|error| format!("`sh` cannot be started: {error}"))?;
        let started = Instant::now();
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if started.elapsed() < ANSWER_TIME_MAX => thread::sleep(LOOK_INTERVAL),
                Ok(None) => {
                    // It may end in this very moment: then there is nothing left to end.
                    let _ended = child.kill();
                    let _reaped = child.wait();
                    return Err(format!("`{}` took more than {ANSWER_TIME_MAX:?}", self.command));
                }
                Err(error) => return Err(error.to_string()),
            }
        };
        if !status.success() {
            return Err(format!("`{}` failed: {status}", self.command));
        }
        self.results(&read_text(&results, CASES_BYTES_MAX)?)
    }

    fn results(&self, text: &str) -> Result<BTreeMap<usize, Json>, String> {
        let mut results = BTreeMap::new();
        let mut lines = text.lines().filter(|line| !line.trim().is_empty()).peekable();
        while let Some(line) = lines.next() {
            let mut line = line.to_owned();
            // Raw JSON may have ends of lines in it.
            while let Some(more) = lines.next_if(|next| !next.starts_with(START)) {
                line.push('\n');
                line.push_str(more);
            }
            let result: Json = serde_json::from_str(&whole_pairs(&line)).map_err(|error| {
                format!("`{}` said `{}`, which is no result: {error}", self.command, shortened(&line))
            })?;
            let id = result.get("id").and_then(Json::as_u64).and_then(|id| usize::try_from(id).ok());
            let id = id.ok_or_else(|| format!("`{}` said `{}`, which has no id", self.command, shortened(&line)))?;
            results.insert(id, result);
        }
        Ok(results)
    }
}

impl Drop for Oracle<'_> {
    fn drop(&mut self) {
        // The files of a temporary folder that cannot be removed harm nobody.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// How a line of results begins.
const START: &str = "{\"id\":";

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("`{}`: {error}", path.display()))
}

// .NET's strings can hold half of a surrogate pair, which JSON can escape and no text here can hold: it becomes U+FFFD.
fn whole_pairs(line: &str) -> String {
    let unit = |at: usize| {
        let digits = line.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut text, mut at) = (String::with_capacity(line.len()), 0);
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        let is_pair = matches!((unit(at), unit(at + 6)), (Some(0xd800..0xdc00), Some(0xdc00..0xe000)));
        let length = match unit(at) {
            Some(_) if is_pair => 12,
            Some(_) => 6,
            None if rest.starts_with('\\') => 2,
            None => rest.chars().next().map_or(1, char::len_utf8),
        };
        let piece = rest.get(..length).unwrap_or(rest);
        let is_half = !is_pair && matches!(unit(at), Some(0xd800..0xe000));
        text.push_str(if is_half { "\\ufffd" } else { piece });
        at += piece.len();
    }
    text
}

fn shortened(line: &str) -> String {
    line.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::whole_pairs;

    #[test]
    fn halves_of_pairs_are_replaced() {
        for (line, whole) in [
            (r#""\\ud83d \ud83d\ude00""#, r#""\\ud83d \ud83d\ude00""#),
            (r#""ä\ud83d\u0041\ude00""#, r#""ä\ufffd\u0041\ufffd""#),
            (r#""\ud83d"#, r#""\ufffd"#),
        ] {
            assert_eq!(whole_pairs(line), whole);
        }
    }
}
