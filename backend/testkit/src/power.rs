//! A disk that forgets what was not synced: what a power cut leaves of a folder.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use berth_storage::{Filesystem, FilesystemConfig, StorageDriver};
use tempfile::TempDir;

/// What a power cut leaves beside what was synced. A filesystem may do either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Nothing: a file has the contents, a folder the entries of its last sync.
    Nothing,
    /// Names and lengths, as if all folders had been synced; what was not synced of a file reads as zeros.
    Names,
}

/// A folder that forgets at [`PowerDisk::cut`] what was not synced.
#[derive(Debug)]
pub struct PowerDisk {
    root: TempDir,
    durable: Arc<Mutex<Durable>>,
}

/// What is on the disk for good. Files are known by their inode, as the disk knows them.
#[derive(Debug, Default)]
struct Durable {
    contents: HashMap<u64, Vec<u8>>,
    entries: HashMap<PathBuf, Vec<Entry>>,
    /// Every file that is spoken of, kept open: a filesystem may give the inode of a removed file to the next one.
    held: HashMap<u64, fs::File>,
}

#[derive(Debug, Clone)]
struct Entry {
    path: PathBuf,
    inode: u64,
    is_folder: bool,
}

impl PowerDisk {
    /// An empty folder.
    pub fn new() -> Self {
        Self {
            root: tempfile::tempdir().expect("a temporary folder"),
            durable: Arc::default(),
        }
    }

    /// The driver of a process that has just started.
    pub fn driver(&self) -> Arc<dyn StorageDriver> {
        let root = self.root.path().to_owned();
        let driver = Filesystem::open(FilesystemConfig { root }).expect("the folder is there");
        let durable = Arc::clone(&self.durable);
        Arc::new(driver.telling(Arc::new(move |path| {
            let mut durable = durable.lock().unwrap_or_else(PoisonError::into_inner);
            durable.take(path);
        })))
    }

    /// Cuts the power. Drivers from before belong to a process that is dead.
    pub fn cut(&self, left: Left) {
        let mut durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        if left == Left::Names {
            durable.take_names(self.root.path());
        }
        for entry in list(self.root.path()) {
            let removed = if entry.is_folder {
                fs::remove_dir_all(&entry.path)
            } else {
                fs::remove_file(&entry.path)
            };
            removed.expect("the folder is ours");
        }
        let kept = std::mem::take(&mut *durable);
        kept.write(self.root.path());
        // All that is there now is on the disk.
        durable.take_all(self.root.path());
    }
}

impl Default for PowerDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl Durable {
    /// A file or folder is as it is now.
    fn take(&mut self, path: &Path) {
        let facts = fs::metadata(path).expect("what was synced is there");
        if facts.is_dir() {
            let entries = list(path);
            for entry in entries.iter().filter(|entry| !entry.is_folder) {
                self.hold(&entry.path, entry.inode);
            }
            self.entries.insert(path.to_owned(), entries);
        } else {
            let bytes = fs::read(path).expect("what was synced can be read");
            self.hold(path, facts.ino());
            self.contents.insert(facts.ino(), bytes);
        }
    }

    fn hold(&mut self, path: &Path, inode: u64) {
        self.held
            .entry(inode)
            .or_insert_with(|| fs::File::open(path).expect("it is there"));
    }

    fn take_all(&mut self, folder: &Path) {
        self.take(folder);
        for entry in list(folder) {
            if entry.is_folder {
                self.take_all(&entry.path);
            } else {
                self.take(&entry.path);
            }
        }
    }

    /// Entries and lengths are as they are now, contents as far as they were synced.
    fn take_names(&mut self, folder: &Path) {
        let entries = list(folder);
        for entry in &entries {
            if entry.is_folder {
                self.take_names(&entry.path);
            } else {
                let length = fs::metadata(&entry.path).expect("it was listed").len();
                let length = usize::try_from(length).expect("a test is small");
                self.contents
                    .entry(entry.inode)
                    .or_default()
                    .resize(length, 0);
            }
        }
        self.entries.insert(folder.to_owned(), entries);
    }

    /// Writes what is kept of a folder.
    fn write(&self, folder: &Path) {
        for entry in self.entries.get(folder).into_iter().flatten() {
            if entry.is_folder {
                fs::create_dir(&entry.path).expect("it was removed");
                self.write(&entry.path);
            } else {
                let bytes = self.contents.get(&entry.inode);
                let bytes = bytes.map_or(&[] as &[u8], Vec::as_slice);
                fs::write(&entry.path, bytes).expect("the folder is ours");
            }
        }
    }
}

fn list(folder: &Path) -> Vec<Entry> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let entries = entries.map(|entry| {
        let entry = entry.expect("the folder can be read");
        let facts = entry.metadata().expect("the entry is there");
        Entry {
            path: entry.path(),
            inode: facts.ino(),
            is_folder: facts.is_dir(),
        }
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sync(disk: &PowerDisk, paths: &[&Path]) {
        let mut durable = disk.durable.lock().expect("nobody panicked");
        for path in paths {
            durable.take(path);
        }
    }

    #[test]
    fn what_was_not_synced_is_gone_and_what_was_is_back() {
        let disk = PowerDisk::new();
        let folder = disk.root.path().join("ab");
        let [kept, longer, late] = ["kept", "longer", "late"].map(|name| folder.join(name));
        fs::create_dir(&folder).expect("a folder");
        fs::write(&kept, "synced").expect("a file");
        fs::write(&longer, "synced").expect("a file");
        sync(&disk, &[&kept, &longer, &folder, disk.root.path()]);
        fs::remove_file(&kept).expect("it was there");
        fs::write(&longer, "synced, and more").expect("a file");
        fs::write(&late, "its entry was not synced").expect("a file");
        sync(&disk, &[&late]);
        disk.cut(Left::Nothing);
        let read = |path| fs::read_to_string(path).ok();
        assert_eq!(read(&kept).as_deref(), Some("synced"));
        assert_eq!(read(&longer).as_deref(), Some("synced"));
        assert_eq!(read(&late), None);
    }

    #[test]
    fn a_folder_whose_entry_was_not_synced_is_gone_with_all_in_it() {
        let disk = PowerDisk::new();
        let folder = disk.root.path().join("ab");
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join("file"), "synced").expect("a file");
        sync(&disk, &[&folder.join("file"), &folder]);
        disk.cut(Left::Nothing);
        assert!(!folder.exists());
    }

    #[test]
    fn names_may_be_left_without_contents() {
        let disk = PowerDisk::new();
        let [longer, late] = ["longer", "late"].map(|name| disk.root.path().join(name));
        fs::write(&longer, "synced").expect("a file");
        sync(&disk, &[&longer]);
        fs::write(&longer, "synced+").expect("a file");
        fs::write(&late, "late").expect("a file");
        disk.cut(Left::Names);
        assert_eq!(
            fs::read(&longer).ok().as_deref(),
            Some(b"synced\0".as_slice())
        );
        assert_eq!(fs::read(&late).ok().as_deref(), Some([0; 4].as_slice()));
    }
}
