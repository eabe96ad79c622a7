//! A disk that forgets: what was not made durable may be lost, torn or kept at a crash, as a seed decides. Holds no real file.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use holdfast::disk::Disk;
use holdfast_core::rng::Rng;

/// Time that every operation takes, so that a crash can fall between two.
const OPERATION: Duration = Duration::from_millis(3);

/// The disk of one host; clones share it, crashes included.
#[derive(Clone, Debug, Default)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    nodes: Vec<Node>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    content: Vec<u8>,
    durable: Vec<u8>,
}

impl SimDisk {
    /// Power loss: every name and every content that was not synced is kept, lost, or (content) torn at a byte, as `rng` decides.
    pub fn crash(&self, rng: &mut Rng) {
        let mut state = self.lock();
        for node in &mut state.nodes {
            if node.content != node.durable {
                node.content = match rng.below(3) {
                    0 => node.durable.clone(),
                    1 => node.content.clone(),
                    _ => torn(&node.content, rng),
                };
                node.durable = node.content.clone();
            }
        }
        if rng.below(2) == 0 {
            state.names = state.durable_names.clone();
        } else {
            state.durable_names = state.names.clone();
        }
    }

    /// Removes every file: a new volume.
    pub fn wipe(&self) {
        *self.lock() = State::default();
    }

    /// Flips one bit of every file: rot.
    pub fn rot(&self, rng: &mut Rng) {
        for node in &mut self.lock().nodes {
            let length = u64::try_from(node.content.len()).unwrap_or(u64::MAX);
            if let Some(byte) = usize::try_from(rng.below(length)).ok().and_then(|at| node.content.get_mut(at)) {
                *byte ^= 1 << rng.below(8);
            }
            node.durable = node.content.clone();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn node<T>(&self, path: &Path, act: impl FnOnce(&mut Node) -> T) -> io::Result<T> {
        let mut state = self.lock();
        let at = state.names.get(path).copied().ok_or(io::ErrorKind::NotFound)?;
        state.nodes.get_mut(at).map(act).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn torn(content: &[u8], rng: &mut Rng) -> Vec<u8> {
    let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
    let keep = usize::try_from(rng.below(length.saturating_add(1))).unwrap_or(0);
    content[..keep].to_vec()
}

async fn take_time() {
    tokio::time::sleep(OPERATION).await;
}

impl Disk for SimDisk {
    async fn read(&self, path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
        take_time().await;
        let content = self.node(path, |node| node.content.clone())?;
        if u64::try_from(content.len()).unwrap_or(u64::MAX) > max_bytes {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(content)
    }

    async fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        take_time().await;
        {
            let mut state = self.lock();
            if !state.names.contains_key(path) {
                let at = state.nodes.len();
                state.nodes.push(Node::default());
                state.names.insert(path.to_owned(), at);
            }
        }
        self.node(path, |node| node.content = content.to_vec())
    }

    async fn sync(&self, path: &Path) -> io::Result<()> {
        take_time().await;
        self.node(path, |node| node.durable = node.content.clone())
    }

    async fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        take_time().await;
        let mut state = self.lock();
        let at = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), at);
        Ok(())
    }

    async fn sync_dir(&self, _directory: &Path) -> io::Result<()> {
        take_time().await;
        let mut state = self.lock();
        state.durable_names = state.names.clone();
        Ok(())
    }

    async fn remove(&self, path: &Path) -> io::Result<()> {
        take_time().await;
        self.lock().names.remove(path).map(|_| ()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    async fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        take_time().await;
        Ok(self.lock().names.keys().filter(|path| path.parent() == Some(directory)).cloned().collect())
    }
}
