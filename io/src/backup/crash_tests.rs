//! An exhaustive model of crashes: a disk in memory that tells what is written from what is durable, cut off after every operation, and
//! for every cut all states that a real file system may be found in.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::*;

/// A disk that keeps pending and durable state apart and stops answering after some operations.
#[derive(Clone, Default)]
struct ModelDisk(Arc<Mutex<Model>>);

#[derive(Clone, Default)]
struct Model {
    files: Vec<File>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    pending: Vec<Change>,
    operations_left: Option<usize>,
}

#[derive(Clone, Default)]
struct File {
    content: Vec<u8>,
    durable: Vec<u8>,
}

#[derive(Clone)]
enum Change {
    Link(PathBuf, usize),
    Rename(PathBuf, PathBuf),
    Unlink(PathBuf),
}

impl Change {
    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Link(path, file) => drop(names.insert(path.clone(), *file)),
            Self::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Self::Unlink(path) => drop(names.remove(path)),
        }
    }
}

impl Model {
    fn operation(&mut self) -> io::Result<()> {
        match &mut self.operations_left {
            None => Ok(()),
            Some(0) => Err(io::Error::other("the power is gone")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.pending.push(change);
    }

    /// Every state that the disk may be found in after the power came back: each subset of the changes of names that were not durable,
    /// and of each file that was not durable every beginning, followed by nothing or by zeroes.
    fn after_crash(&self) -> Vec<Model> {
        let mut states = Vec::new();
        for subset in 0..1_usize << self.pending.len() {
            let mut names = self.durable_names.clone();
            let kept = self.pending.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1);
            kept.for_each(|(_, change)| change.apply(&mut names));
            for files in Self::torn(&self.files) {
                let model = Model { files, names: names.clone(), durable_names: names.clone(), ..Model::default() };
                states.push(model);
            }
        }
        states
    }

    fn torn(files: &[File]) -> Vec<Vec<File>> {
        let Some(unsynced) = files.iter().position(|file| file.content != file.durable) else {
            return vec![files.to_vec()];
        };
        let full = files[unsynced].content.clone();
        let mut all = Vec::new();
        for length in 0..=full.len() {
            let beginning = full[..length].to_vec();
            let mut zeroed = beginning.clone();
            zeroed.resize(full.len(), 0);
            for content in [beginning, zeroed] {
                let mut files = files.to_vec();
                files[unsynced] = File { durable: content.clone(), content };
                all.push(files);
            }
        }
        all
    }
}

impl Disk for ModelDisk {
    async fn read(&self, path: &Path, _max_bytes: u64) -> io::Result<Vec<u8>> {
        let model = self.0.lock().unwrap();
        let file = model.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(model.files[*file].content.clone())
    }

    async fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let mut model = self.0.lock().unwrap();
        model.operation()?;
        // A file that exists is emptied in place, as `open` with `O_TRUNC` does.
        match model.names.get(path).copied() {
            Some(file) => model.files[file].content = content.to_vec(),
            None => {
                model.files.push(File { content: content.to_vec(), durable: Vec::new() });
                let file = model.files.len() - 1;
                model.change(Change::Link(path.to_owned(), file));
            }
        }
        Ok(())
    }

    async fn sync(&self, path: &Path) -> io::Result<()> {
        let mut model = self.0.lock().unwrap();
        model.operation()?;
        let file = *model.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        model.files[file].durable = model.files[file].content.clone();
        Ok(())
    }

    async fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut model = self.0.lock().unwrap();
        model.operation()?;
        model.change(Change::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    async fn sync_dir(&self, _directory: &Path) -> io::Result<()> {
        let mut model = self.0.lock().unwrap();
        model.operation()?;
        model.durable_names = model.names.clone();
        model.pending.clear();
        Ok(())
    }

    async fn remove(&self, path: &Path) -> io::Result<()> {
        let mut model = self.0.lock().unwrap();
        model.operation()?;
        if !model.names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        model.change(Change::Unlink(path.to_owned()));
        Ok(())
    }

    async fn list(&self, _directory: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(self.0.lock().unwrap().names.keys().cloned().collect())
    }
}

fn on(model: Model) -> (ModelDisk, Store<ModelDisk>) {
    let disk = ModelDisk(Arc::new(Mutex::new(model)));
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let store = Store::new(disk.clone(), PathBuf::from("/b"), Content::Configuration, None, crypto);
    (disk, store)
}

async fn saved(generations: u8) -> Model {
    let (disk, mut store) = on(Model::default());
    for number in 1..=generations {
        store.write(&[number]).await.unwrap();
    }
    drop(store);
    disk.0.lock().unwrap().clone()
}

async fn newest(model: Model) -> Option<u8> {
    let (_, mut store) = on(model);
    store.read().await.into_iter().find_map(Result::ok).map(|document| document[0])
}

#[tokio::test(flavor = "current_thread")]
async fn after_a_crash_at_any_operation_there_is_the_old_or_the_new_generation() {
    let mut states = 0;
    for before in 0..4_u8 {
        let mut acknowledged = false;
        for operations in 0.. {
            let mut model = saved(before).await;
            model.operations_left = Some(operations);
            let (disk, mut store) = on(model);
            drop(store.read().await);
            acknowledged = acknowledged || store.write(&[before + 1]).await.is_ok();
            let crashed = disk.0.lock().unwrap().clone();
            for state in crashed.after_crash() {
                states += 1;
                let found = newest(state).await;
                let old = (before > 0).then_some(before);
                let allowed = found == Some(before + 1) || (!acknowledged && found == old);
                assert!(allowed, "{before} generations, {operations} operations: found {found:?}");
            }
            if acknowledged {
                break;
            }
        }
    }
    assert!(states > 500, "{states} states are too few for an exhaustive search");
}

#[tokio::test(flavor = "current_thread")]
async fn a_second_crash_while_saving_again_loses_nothing_either() {
    for first in 0..6 {
        let mut model = saved(2).await;
        model.operations_left = Some(first);
        let (disk, mut store) = on(model);
        drop(store.write(&[3]).await);
        let crashed = disk.0.lock().unwrap().clone();
        for state in crashed.after_crash() {
            for second in 0..6 {
                let mut model = state.clone();
                let before = newest(state.clone()).await.unwrap();
                model.operations_left = Some(second);
                let (disk, mut store) = on(model);
                drop(store.read().await);
                drop(store.write(&[before + 1]).await);
                let again = disk.0.lock().unwrap().clone();
                // The last torn state of each kind is enough here: the first test walks through all beginnings.
                for state in again.after_crash().into_iter().rev().take(4) {
                    let found = newest(state).await;
                    assert!(found == Some(before) || found == Some(before + 1), "{first}, {second}: {found:?}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_failed_save_is_reported_and_the_next_one_succeeds() {
    let mut model = saved(2).await;
    model.operations_left = Some(1);
    let (disk, mut store) = on(model);
    assert!(store.write(&[3]).await.unwrap_err().contains("the power is gone"));
    disk.0.lock().unwrap().operations_left = None;
    store.write(&[3]).await.unwrap();
    let kept: Vec<u8> = store.read().await.into_iter().map(|read| read.unwrap()[0]).collect();
    assert_eq!(kept, [3, 2]);
}
