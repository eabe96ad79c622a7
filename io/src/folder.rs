//! Reads a configuration folder from the disk, when it changed. Knows nothing of its layout; the core does.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use holdfast_core::config::bounds;
use holdfast_core::config::folder::Files;
use holdfast_core::gateway::FolderState;

/// Bytes of one file; a larger one is not a configuration.
pub const FILE_BYTES_MAX: u64 = bounds::MAX_FILE_BYTES as u64;
/// Bytes of all files together.
pub const FOLDER_BYTES_MAX: u64 = bounds::MAX_FOLDER_BYTES as u64;
/// Files of a folder.
pub const FILES_MAX: usize = bounds::MAX_FILES;
/// Directories within directories; also what ends a circle of symbolic links.
pub const DEPTH_MAX: usize = 16;

/// A folder that is read again and again.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    seen: Option<BTreeMap<String, Stamp>>,
}

/// What changes when a file does, even when its time was set back or the file was replaced as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Folder {
    /// The folder at `path`, not looked at yet.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path, seen: None }
    }

    /// Reads all files if any was changed, added or removed since the last time that this succeeded.
    ///
    /// # Errors
    /// What cannot be read, or is too much, in words.
    pub fn read(&mut self) -> Result<FolderState, String> {
        let stamps = stamps(&self.path)?;
        if self.seen.as_ref() == Some(&stamps) {
            return Ok(FolderState::Unchanged);
        }
        let mut files = BTreeMap::new();
        let mut left = FOLDER_BYTES_MAX;
        for name in stamps.keys() {
            let content = content(&self.path, name)?;
            let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
            left = left.checked_sub(length).ok_or_else(|| {
                format!("`{}`: its files have more than {FOLDER_BYTES_MAX} bytes together", self.path.display())
            })?;
            files.insert(name.clone(), content);
        }
        // Stamps from before the reading: what was written meanwhile is seen as a change the next time.
        self.seen = Some(stamps);
        Ok(FolderState::Changed(Files(files)))
    }
}

/// Reads all files of the folder at `path`.
///
/// # Errors
/// What cannot be read, or is too much, in words.
pub fn read(path: &Path) -> Result<Files, String> {
    match Folder::new(path.to_owned()).read()? {
        FolderState::Changed(files) => Ok(files),
        FolderState::Unchanged => Ok(Files::default()),
    }
}

fn stamps(root: &Path) -> Result<BTreeMap<String, Stamp>, String> {
    let mut stamps = BTreeMap::new();
    let mut directories = vec![(root.to_owned(), String::new(), 0)];
    while let Some((directory, prefix, depth)) = directories.pop() {
        if depth > DEPTH_MAX {
            return Err(format!("`{}` lies more than {DEPTH_MAX} directories deep", directory.display()));
        }
        let entries = fs::read_dir(&directory).map_err(|error| failed(&directory, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| failed(&directory, &error))?;
            let path = entry.path();
            let Ok(name) = entry.file_name().into_string() else {
                return Err(format!("the name of `{}` is not UTF-8", path.display()));
            };
            // Kubernetes mounts a ConfigMap as links into hidden directories; version control hides there too.
            if name.starts_with('.') {
                continue;
            }
            // Follows symbolic links, as those of a ConfigMap must be.
            let metadata = fs::metadata(&path).map_err(|error| failed(&path, &error))?;
            let name = format!("{prefix}{name}");
            if metadata.is_dir() {
                directories.push((path, format!("{name}/"), depth + 1));
            } else if metadata.is_file() {
                stamps.insert(name, stamp(&path, &metadata)?);
            }
            if stamps.len() > FILES_MAX {
                return Err(format!("`{}` has more than {FILES_MAX} files", root.display()));
            }
        }
    }
    Ok(stamps)
}

fn stamp(path: &Path, metadata: &fs::Metadata) -> Result<Stamp, String> {
    if metadata.len() > FILE_BYTES_MAX {
        return Err(too_large(path));
    }
    Ok(Stamp {
        device: metadata.dev(),
        inode: metadata.ino(),
        length: metadata.len(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

fn content(root: &Path, name: &str) -> Result<Bytes, String> {
    let path = root.join(name);
    let mut content = Vec::new();
    fs::File::open(&path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut content))
        .map_err(|error| failed(&path, &error))?;
    if u64::try_from(content.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        return Err(too_large(&path));
    }
    Ok(Bytes::from(content))
}

fn too_large(path: &Path) -> String {
    format!("`{}` has more than {FILE_BYTES_MAX} bytes", path.display())
}

fn failed(path: &Path, error: &io::Error) -> String {
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "cannot be read: permission denied".to_owned(),
        io::ErrorKind::NotADirectory => "is not a folder".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    format!("`{}` {reason}", path.display())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn changed(folder: &mut Folder) -> Option<Vec<(String, String)>> {
        match folder.read().unwrap() {
            FolderState::Unchanged => None,
            FolderState::Changed(Files(files)) => {
                let text = |content: Bytes| String::from_utf8(content.to_vec()).unwrap();
                Some(files.into_iter().map(|(name, content)| (name, text(content))).collect())
            }
        }
    }

    #[test]
    fn changes_are_seen_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("apis/echo")).unwrap();
        fs::write(root.path().join("apis/echo/a.json"), "1").unwrap();
        fs::write(root.path().join(".hidden"), "x").unwrap();
        let mut folder = Folder::new(root.path().to_owned());
        assert_eq!(changed(&mut folder), Some(vec![("apis/echo/a.json".to_owned(), "1".to_owned())]));
        assert_eq!(changed(&mut folder), None);
        // Same length, replaced as editors do.
        fs::write(root.path().join("new"), "2").unwrap();
        fs::rename(root.path().join("new"), root.path().join("apis/echo/a.json")).unwrap();
        assert_eq!(changed(&mut folder), Some(vec![("apis/echo/a.json".to_owned(), "2".to_owned())]));
        fs::remove_file(root.path().join("apis/echo/a.json")).unwrap();
        assert_eq!(changed(&mut folder), Some(vec![]));
        assert_eq!(changed(&mut folder), None);
    }

    #[test]
    fn a_config_map_s_links_are_followed_and_circles_end() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("..data")).unwrap();
        fs::write(root.path().join("..data/policy.xml"), "<policies/>").unwrap();
        symlink("..data/policy.xml", root.path().join("policy.xml")).unwrap();
        let names: Vec<String> = read(root.path()).unwrap().0.into_keys().collect();
        assert_eq!(names, ["policy.xml"]);
        symlink(".", root.path().join("circle")).unwrap();
        let error = read(root.path()).unwrap_err();
        assert!(error.contains("directories deep"), "{error}");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let root = tempfile::tempdir().unwrap();
        let missing = root.path().join("missing");
        assert_eq!(read(&missing), Err(format!("`{}` does not exist", missing.display())));
        let large = root.path().join("large.json");
        fs::File::create(&large).unwrap().set_len(FILE_BYTES_MAX + 1).unwrap();
        assert!(read(root.path()).unwrap_err().contains("large.json"));
        assert_eq!(read(&large), Err(format!("`{}` is not a folder", large.display())));
    }
}
