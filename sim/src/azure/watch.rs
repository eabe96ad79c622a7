//! A configuration folder as the source of fake Azure: every edit that can be read becomes the next revision. Decides nothing about content.

use std::path::PathBuf;
use std::time::Duration;

use holdfast::folder;
use holdfast_core::config::folder::Files;
use holdfast_core::diagnostic::Diagnostic;

use super::serve::Shared;

/// How often the folder is looked at.
pub const WATCH_INTERVAL: Duration = Duration::from_millis(500);

/// Reads a folder into a resource set; the diagnostics are those of reading, not of what it means.
///
/// # Errors
/// The folder cannot be read at all: in words.
pub fn read(directory: &std::path::Path) -> Result<(Files, holdfast_core::config::folder::Read), String> {
    let files = folder::read(directory)?;
    let read = holdfast_core::config::folder::read(&files);
    Ok((files, read))
}

/// Looks at the folder again and again; publishes what changed and tells `report` about it.
pub async fn watch(shared: Shared, directory: PathBuf, mut last: Files, report: impl Fn(Result<Published, String>)) {
    let mut failed = String::new();
    loop {
        tokio::time::sleep(WATCH_INTERVAL).await;
        let files = match folder::read(&directory) {
            Ok(files) => files,
            Err(error) if error == failed => continue,
            Err(error) => {
                failed.clone_from(&error);
                report(Err(error));
                continue;
            }
        };
        failed.clear();
        if files == last {
            continue;
        }
        let read = holdfast_core::config::folder::read(&files);
        last = files;
        if let Some(revision) = shared.with(|azure| azure.publish(read.set)) {
            report(Ok(Published { revision, diagnostics: read.diagnostics }));
        }
    }
}

/// A revision that an edit made.
#[derive(Clone, Debug)]
pub struct Published {
    /// Its number.
    pub revision: holdfast_core::config::Revision,
    /// What reading the folder found.
    pub diagnostics: Vec<Diagnostic>,
}
