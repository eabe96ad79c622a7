//! The disk as the backup sees it: every step that can be cut short by a crash is a call of its own.

use std::fs::{self, File};
use std::future::Future;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A disk. Paths are absolute.
pub trait Disk: Clone + Send + Sync + 'static {
    /// Reads a file; more than `max_bytes` is `io::ErrorKind::FileTooLarge`.
    fn read(&self, path: &Path, max_bytes: u64) -> impl Future<Output = io::Result<Vec<u8>>> + Send;

    /// Creates or empties a file and writes `content`. Nothing is durable yet.
    fn write(&self, path: &Path, content: &[u8]) -> impl Future<Output = io::Result<()>> + Send;

    /// Makes a file's content durable (`fsync`).
    fn sync(&self, path: &Path) -> impl Future<Output = io::Result<()>> + Send;

    /// Renames a file over another. The new name is not durable yet.
    fn rename(&self, from: &Path, to: &Path) -> impl Future<Output = io::Result<()>> + Send;

    /// Makes the names in a directory durable.
    fn sync_dir(&self, directory: &Path) -> impl Future<Output = io::Result<()>> + Send;

    /// Removes a file.
    fn remove(&self, path: &Path) -> impl Future<Output = io::Result<()>> + Send;

    /// The names in a directory, sorted.
    fn list(&self, directory: &Path) -> impl Future<Output = io::Result<Vec<PathBuf>>> + Send;
}

/// The real disk. Its calls block; only the control thread uses it.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsDisk;

impl Disk for OsDisk {
    async fn read(&self, path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        File::open(path)?.take(max_bytes.saturating_add(1)).read_to_end(&mut content)?;
        if u64::try_from(content.len()).unwrap_or(u64::MAX) > max_bytes {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {max_bytes} bytes")));
        }
        Ok(content)
    }

    async fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        File::create(path)?.write_all(content)
    }

    async fn sync(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    async fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    async fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }

    async fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    async fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        let mut names =
            fs::read_dir(directory)?.map(|entry| entry.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }
}
