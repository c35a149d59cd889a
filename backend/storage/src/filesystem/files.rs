//! The blocking half: what happens to files in one hop to the blocking pool.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::UNIX_EPOCH;

use berth_domain::{Error, Noun, Result, Timestamp};
use bytes::Bytes;
use uuid::Uuid;

use crate::stream::CHUNK_BYTES;
use crate::{Object, Space, key};

/// How much is gathered before it goes to the disk; two hundred streams hold 50 MB.
const BUFFER_BYTES: usize = 256 * 1024;

/// What a test is told of each sync: the file or folder, once the disk has it.
#[cfg(feature = "faults")]
pub type Synced = std::sync::Arc<dyn Fn(&Path) + Send + Sync>;

/// Brings files and folders to the disk, and remembers what need not be brought again.
#[derive(Default)]
pub(super) struct Syncs {
    /// Folders whose entries in the root are on disk, so that it need not be synced for each file.
    folders: Mutex<HashSet<PathBuf>>,
    #[cfg(feature = "faults")]
    told: Option<Synced>,
}

impl Syncs {
    #[cfg(feature = "faults")]
    pub(super) fn telling(told: Synced) -> Self {
        Self {
            told: Some(told),
            ..Self::default()
        }
    }

    /// Syncs what `path` leads to, its contents alone or with all that is known about it.
    pub(super) fn sync(&self, file: &File, path: &Path, contents_alone: bool) -> Result<()> {
        let synced = if contents_alone {
            file.sync_data()
        } else {
            file.sync_all()
        };
        synced.map_err(|error| failed("sync", path, &error))?;
        #[cfg(feature = "faults")]
        if let Some(told) = &self.told {
            told(path);
        }
        Ok(())
    }
}

impl std::fmt::Debug for Syncs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Syncs").finish_non_exhaustive()
    }
}

/// What went wrong with a file, in the words of the domain.
pub(super) fn failed(action: &str, path: &Path, error: &io::Error) -> Error {
    let kind = error.kind();
    let source = io::Error::new(
        kind,
        format!("cannot {action} `{}`: {error}", path.display()),
    );
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::StorageFull {
            source: source.into(),
        },
        // Systems remount a disk like that when it fails; pulls go on.
        ErrorKind::ReadOnlyFilesystem => Error::unavailable("storage", source),
        _ => Error::internal(source),
    }
}

/// Opens a file for writing, locks it, and cuts it at an offset, where the next byte goes.
///
/// The lock ends with the file. It keeps out a writer that lost its lease without knowing.
pub(super) fn open_at_offset(path: &Path, offset_bytes: u64, syncs: &Syncs) -> Result<File> {
    let is_new = offset_bytes == 0;
    if let Some(folder) = path.parent().filter(|_| is_new) {
        make_folder(folder, syncs).map_err(|error| failed("make the folder", folder, &error))?;
    }
    let opened = OpenOptions::new()
        .write(true)
        .create(is_new)
        .truncate(false)
        .open(path);
    let mut file = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(lost(path, 0, offset_bytes));
        }
        opened => opened.map_err(|error| failed("open", path, &error))?,
    };
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(Error::UploadBusy),
        // Some network filesystems have no locks; the lease in the database stays the only guard.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    let wrong = |error| failed("write", path, &error);
    let size_bytes = file.metadata().map_err(wrong)?.len();
    if size_bytes < offset_bytes {
        return Err(lost(path, size_bytes, offset_bytes));
    }
    if size_bytes > offset_bytes {
        file.set_len(offset_bytes).map_err(wrong)?;
    }
    file.seek(SeekFrom::Start(offset_bytes)).map_err(wrong)?;
    Ok(file)
}

fn make_folder(folder: &Path, syncs: &Syncs) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => fs::create_dir_all(folder)?,
        made => made?,
    }
    // It was removed behind our back, or is the first of its name.
    if let Ok(mut durable) = syncs.folders.lock() {
        durable.remove(folder);
    }
    Ok(())
}

/// Bytes that were taken and are not there: the machine crashed, or somebody removed them.
fn lost(path: &Path, size_bytes: u64, offset_bytes: u64) -> Error {
    tracing::warn!(
        storage.path = %path.display(), size_bytes, offset_bytes,
        "an upload has fewer bytes on disk than it took; its client has to start again"
    );
    Error::Hidden(Noun::Upload)
}

/// Syncs a file, and the folders whose entries lead to it: its own, and the root unless that one's
/// entry is known to be on disk.
pub(super) fn make_durable(root: &Path, path: &Path, file: &File, syncs: &Syncs) -> Result<()> {
    syncs.sync(file, path, false)?;
    let folder = path.parent().unwrap_or(root);
    let is_known = syncs
        .folders
        .lock()
        .is_ok_and(|known| known.contains(folder));
    for folder in [Some(folder), Some(root).filter(|_| !is_known)]
        .into_iter()
        .flatten()
    {
        let handle = File::open(folder).map_err(|error| failed("open", folder, &error))?;
        syncs.sync(&handle, folder, false)?;
    }
    if !is_known && let Ok(mut durable) = syncs.folders.lock() {
        durable.insert(folder.to_owned());
    }
    Ok(())
}

/// What has come of an object and goes to its file when enough of it is there.
pub(super) struct Gathered {
    /// File and buffer; both are away while they are written, and stay away after a failure.
    open: Option<(File, Vec<u8>)>,
    path: PathBuf,
}

impl Gathered {
    pub(super) fn new(file: File, path: &Path) -> Self {
        Self {
            open: Some((file, Vec::new())),
            path: path.to_owned(),
        }
    }

    /// Takes bytes, and writes whenever the buffer is full.
    pub(super) async fn push(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let (_, buffer) = self.open.as_mut().ok_or_else(after_failure)?;
            let (now, later) = bytes.split_at(bytes.len().min(BUFFER_BYTES - buffer.len()));
            buffer.extend_from_slice(now);
            if buffer.len() == BUFFER_BYTES {
                self.flush().await?;
            }
            bytes = later;
        }
        Ok(())
    }

    /// Brings everything into the file.
    pub(super) async fn flush(&mut self) -> Result<()> {
        if self
            .open
            .as_ref()
            .is_some_and(|(_, buffer)| buffer.is_empty())
        {
            return Ok(());
        }
        let (file, mut buffer) = self.open.take().ok_or_else(after_failure)?;
        let path = self.path.clone();
        let written = move || {
            (&file)
                .write_all(&buffer)
                .map_err(|error| failed("write", &path, &error))?;
            buffer.clear();
            Ok((file, buffer))
        };
        self.open = Some(super::blocking(written).await?);
        Ok(())
    }

    /// The file, for a sync.
    pub(super) fn into_file(self) -> Result<File> {
        self.open.map(|(file, _)| file).ok_or_else(after_failure)
    }
}

fn after_failure() -> Error {
    Error::internal("a file is written after a write that failed")
}

/// A file that is read from its front, or from the front of a range of it.
pub(super) struct Reading {
    file: File,
    path: PathBuf,
    at: u64,
    left_bytes: u64,
}

impl Reading {
    /// Opens a file and reads the first chunk; `None` when it is absent. A range is cut at its end.
    pub(super) fn open(path: PathBuf, range: Option<Range<u64>>) -> Result<Option<(Self, Bytes)>> {
        let wrong = |error| failed("read", &path, &error);
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(wrong)?,
        };
        let size_bytes = file.metadata().map_err(wrong)?.len();
        Self::of(file, path, size_bytes, range).next().map(Some)
    }

    /// [`Reading::open`] of what the system has in memory. It is copied in microseconds, less than a hop to another
    /// thread costs. `None` for everything that could wait for the disk.
    pub(super) fn open_in_memory(path: &Path, range: Option<&Range<u64>>) -> Option<(Self, Bytes)> {
        let file = memory::open(path)?;
        let size_bytes = file.metadata().ok()?.len();
        let mut reading = Self::of(file, path.to_owned(), size_bytes, range.cloned());
        if reading.is_done() {
            return Some((reading, Bytes::new()));
        }
        let first = reading.next_in_memory()?;
        Some((reading, first))
    }

    fn of(file: File, path: PathBuf, size_bytes: u64, range: Option<Range<u64>>) -> Self {
        let range = range.unwrap_or(0..size_bytes);
        Self {
            file,
            path,
            at: range.start,
            left_bytes: range.end.min(size_bytes).saturating_sub(range.start),
        }
    }

    /// Whether there is another chunk.
    pub(super) const fn is_done(&self) -> bool {
        self.left_bytes == 0
    }

    /// Reads the next chunk; empty at the end, and where the file is shorter than it was.
    pub(super) fn next(mut self) -> Result<(Self, Bytes)> {
        let wrong = |error| failed("read", &self.path, &error);
        let wanted = self.left_bytes.min(CHUNK_BYTES as u64);
        let mut chunk = Vec::with_capacity(usize::try_from(wanted).map_err(Error::internal)?);
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.at)).map_err(wrong)?;
        file.take(wanted).read_to_end(&mut chunk).map_err(wrong)?;
        self.advance(chunk.len());
        Ok((self, chunk.into()))
    }

    /// The next chunk, as [`Reading::open_in_memory`] has the first; `None` as well where nothing is left.
    pub(super) fn next_in_memory(&mut self) -> Option<Bytes> {
        let wanted = usize::try_from(self.left_bytes).ok()?.min(CHUNK_BYTES);
        let chunk = memory::read(&self.file, self.at, wanted).filter(|chunk| !chunk.is_empty())?;
        self.advance(chunk.len());
        Some(chunk)
    }

    const fn advance(&mut self, read_bytes: usize) {
        self.at += read_bytes as u64;
        self.left_bytes = if read_bytes == 0 {
            0
        } else {
            self.left_bytes.saturating_sub(read_bytes as u64)
        };
    }
}

/// Files as far as the system has them in memory.
#[cfg(target_os = "linux")]
mod memory {
    use std::fs::File;
    use std::io::IoSliceMut;
    use std::path::Path;

    use bytes::Bytes;
    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
    use rustix::io::{ReadWriteFlags, preadv2};

    /// Opens a file whose path is known without the disk.
    pub(super) fn open(path: &Path) -> Option<File> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = openat2(CWD, path, flags, Mode::empty(), ResolveFlags::CACHED);
        file.ok().map(File::from)
    }

    /// At most so many bytes, of which the first at least is there.
    pub(super) fn read(file: &File, at: u64, wanted: usize) -> Option<Bytes> {
        let mut bytes = vec![0; wanted];
        let parts = &mut [IoSliceMut::new(&mut bytes)];
        let count = preadv2(file, parts, at, ReadWriteFlags::NOWAIT).ok()?;
        bytes.truncate(count);
        Some(bytes.into())
    }
}

/// Other systems do not say what they have in memory.
#[cfg(not(target_os = "linux"))]
mod memory {
    use std::fs::File;
    use std::path::Path;

    use bytes::Bytes;

    pub(super) const fn open(_: &Path) -> Option<File> {
        None
    }

    pub(super) const fn read(_: &File, _: u64, _: usize) -> Option<Bytes> {
        None
    }
}

/// Objects behind a key, in order.
pub(super) fn list(root: &Path, after: &str, limit: usize) -> Result<Vec<Object>> {
    let mut objects = Vec::new();
    for folder in sorted_names(root)? {
        // A folder is passed over when even its last key comes before `after`.
        if folder.len() != 2 || folder.as_str() < after.get(..2).unwrap_or_default() {
            continue;
        }
        for name in sorted_names(&root.join(&folder))? {
            if objects.len() == limit {
                return Ok(objects);
            }
            let key = format!("{folder}/{name}");
            if key.as_str() > after && key::is_valid(&key) {
                objects.extend(describe(root, key)?);
            }
        }
    }
    Ok(objects)
}

/// Names in a folder; none when it is not a folder or gone.
fn sorted_names(folder: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        entries => entries.map_err(|error| failed("list", folder, &error))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| failed("list", folder, &error))?;
        names.extend(entry.file_name().into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}

/// Facts about an object; none when it vanished meanwhile.
fn describe(root: &Path, key: String) -> Result<Option<Object>> {
    let path = root.join(&key);
    let wrong = |error| failed("look at", &path, &error);
    let facts = match fs::metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        facts => facts.map_err(wrong)?,
    };
    let age = facts
        .modified()
        .map_err(wrong)?
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let modified_at = Timestamp(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    Ok(Some(Object {
        key,
        size_bytes: facts.len(),
        modified_at,
    }))
}

/// Writes, syncs and removes a small file, and looks for room.
pub(super) fn probe(root: &Path, room_bytes: u64) -> Result<()> {
    let path = root.join(format!(".check-{}", Uuid::new_v4().simple()));
    let written = File::create_new(&path)
        .and_then(|mut file| file.write_all(b"berth").and_then(|()| file.sync_all()));
    let removed = fs::remove_file(&path);
    written.and(removed).map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::NotFound => "; is the volume mounted?",
            ErrorKind::PermissionDenied => "; give the server's user write access to the folder",
            ErrorKind::ReadOnlyFilesystem => "; mount the volume for writing",
            _ => "",
        };
        let explained = io::Error::new(error.kind(), format!("{error}{hint}"));
        failed("write into the storage folder", root, &explained)
    })?;
    let Space { free_bytes, .. } = space(root)?;
    if free_bytes < room_bytes {
        let text = format!(
            "only {free_bytes} bytes are free for `{}`; delete tags or enlarge the volume",
            root.display()
        );
        return Err(Error::StorageFull {
            source: text.into(),
        });
    }
    Ok(())
}

/// Room on the filesystem of a folder.
pub(super) fn space(root: &Path) -> Result<Space> {
    let facts = rustix::fs::statvfs(root)
        .map_err(|error| failed("ask for the free space of", root, &error.into()))?;
    Ok(Space {
        free_bytes: facts.f_bavail.saturating_mul(facts.f_frsize),
        total_bytes: facts.f_blocks.saturating_mul(facts.f_frsize),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> io::Error {
        io::Error::from_raw_os_error(28)
    }

    #[test]
    fn a_full_disk_is_told_from_other_faults() {
        let path = Path::new("/data/ab");
        assert!(matches!(
            failed("write", path, &full()),
            Error::StorageFull { .. }
        ));
        let denied = io::Error::from(ErrorKind::PermissionDenied);
        assert!(matches!(
            failed("write", path, &denied),
            Error::Internal { .. }
        ));
    }

    #[test]
    fn a_folder_without_room_fails_the_probe_and_is_left_clean() {
        let root = tempfile::tempdir().unwrap();
        assert!(probe(root.path(), 0).is_ok());
        assert!(matches!(
            probe(root.path(), u64::MAX),
            Err(Error::StorageFull { .. })
        ));
        assert!(sorted_names(root.path()).unwrap().is_empty());
    }

    #[test]
    fn a_missing_folder_fails_the_probe_with_a_hint() {
        let root = tempfile::tempdir().unwrap();
        let error = probe(&root.path().join("absent"), 0).unwrap_err();
        let Error::Internal { source } = error else {
            panic!("{error:?}")
        };
        assert!(
            source.to_string().contains("is the volume mounted?"),
            "{source}"
        );
    }

    fn whole(mut reading: Reading, first: &Bytes, in_memory: bool) -> Option<Vec<u8>> {
        let mut bytes = first.to_vec();
        while !reading.is_done() {
            let chunk = if in_memory {
                reading.next_in_memory()?
            } else {
                let (next, chunk) = reading.next().unwrap();
                reading = next;
                chunk
            };
            bytes.extend_from_slice(&chunk);
        }
        Some(bytes)
    }

    #[test]
    fn what_is_in_memory_is_read_like_what_is_on_disk() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("object");
        assert!(Reading::open_in_memory(&path, None).is_none(), "absent");
        let content: Vec<u8> = (0..600_000_u32).map(|i| (i % 251) as u8).collect();
        fs::write(&path, &content).unwrap();
        let ranges = [None, Some(0..10), Some(9..300_000), Some(599_990..700_000)];
        for range in ranges.into_iter().chain([Some(600_000..600_001)]) {
            let (reading, first) = Reading::open(path.clone(), range.clone()).unwrap().unwrap();
            let slow = whole(reading, &first, false).unwrap();
            let asked = range.clone().unwrap_or(0..600_000);
            let at = |place: u64| usize::try_from(place).unwrap().min(content.len());
            assert_eq!(slow, content[at(asked.start)..at(asked.end)], "{range:?}");
            // Not every filesystem tells what it has in memory.
            let fast = Reading::open_in_memory(&path, range.as_ref());
            let fast = fast.and_then(|(reading, first)| whole(reading, &first, true));
            assert!(fast.is_none_or(|fast| fast == slow), "{range:?}");
        }
    }

    #[test]
    fn a_file_being_written_refuses_a_second_writer() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("ab").join("object");
        let first = open_at_offset(&path, 0, &Syncs::default()).unwrap();
        assert!(matches!(
            open_at_offset(&path, 0, &Syncs::default()),
            Err(Error::UploadBusy)
        ));
        drop(first);
        assert!(open_at_offset(&path, 0, &Syncs::default()).is_ok());
    }

    #[test]
    fn a_file_shorter_than_its_offset_is_a_lost_upload() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("object");
        assert!(matches!(
            open_at_offset(&path, 5, &Syncs::default()),
            Err(Error::Hidden(Noun::Upload))
        ));
        fs::write(&path, b"four").unwrap();
        assert!(matches!(
            open_at_offset(&path, 5, &Syncs::default()),
            Err(Error::Hidden(Noun::Upload))
        ));
        assert_eq!(fs::read(&path).unwrap(), b"four");
    }
}
