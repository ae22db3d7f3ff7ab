//! Medium: where the database of a store is: a file, or something in its place that fails on purpose.
//!
//! Meaning: a medium is opened for writing, or for reading. What is opened for reading gets a layer in
//! memory, to which the database writes what it would write to the file.
//! Cost: the layer keeps the blocks that were written.

use ::redb::backends::FileBackend;
use ::redb::{BackendError, StorageBackend};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Debug;
use std::fs::OpenOptions;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where the database of a store is.
pub trait Medium: Debug + Send + 'static {
    /// What people call it.
    fn place(&self) -> String;

    /// Opens it. What is opened for reading is not written.
    ///
    /// # Errors
    /// If it is not there, or may not be opened.
    fn open(&self, is_for_writing: bool) -> io::Result<Box<dyn StorageBackend>>;

    /// How many bytes it has.
    ///
    /// # Errors
    /// If that cannot be found out.
    fn length(&self) -> io::Result<u64>;
}

/// A file.
#[derive(Clone, Debug)]
pub struct File {
    path: PathBuf,
}

impl File {
    /// The file at a path.
    pub fn at(path: &Path) -> Self {
        Self { path: path.into() }
    }
}

impl Medium for File {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn open(&self, is_for_writing: bool) -> io::Result<Box<dyn StorageBackend>> {
        // A pipe would be waited for.
        if !std::fs::metadata(&self.path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is not a file"));
        }
        let file = OpenOptions::new().read(true).write(is_for_writing).open(&self.path)?;
        let backend =
            FileBackend::new(file).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Box::new(backend))
    }

    fn length(&self) -> io::Result<u64> {
        Ok(std::fs::metadata(&self.path)?.len())
    }
}

/// How many bytes are copied when one of them is written.
const BLOCK: u64 = 4096;

/// A backend, and perhaps a layer over it that takes all writes.
#[derive(Debug)]
pub(crate) struct Layer {
    base: Box<dyn StorageBackend>,
    layer: Option<Mutex<Blocks>>,
}

/// What was written to a layer.
#[derive(Debug)]
struct Blocks {
    length: u64,
    blocks: BTreeMap<u64, Vec<u8>>,
}

impl Layer {
    /// What is written goes to the backend.
    pub fn direct(base: Box<dyn StorageBackend>) -> Self {
        Self { base, layer: None }
    }

    /// What is written stays in memory.
    pub fn in_memory(base: Box<dyn StorageBackend>) -> io::Result<Self> {
        let blocks = Blocks { length: base.len()?, blocks: BTreeMap::new() };
        Ok(Self { base, layer: Some(Mutex::new(blocks)) })
    }

    fn blocks(&self) -> Option<MutexGuard<'_, Blocks>> {
        let layer = self.layer.as_ref()?;
        Some(layer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A block as it is below the layer, with zeros after its end.
    fn base_block(&self, number: u64) -> io::Result<Vec<u8>> {
        let mut block = vec![0; BLOCK as usize];
        let start = number * BLOCK;
        let length = self.base.len()?.saturating_sub(start).min(BLOCK);
        self.base.read(start, &mut block[..length as usize])?;
        Ok(block)
    }
}

/// The blocks that a range of bytes is in: number, place in the block, place in the range, length.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, usize, usize)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let (number, inner) = (at / BLOCK, (at % BLOCK) as usize);
        let part = (BLOCK as usize - inner).min(length - done);
        let next = (part > 0).then_some((number, inner, done, part));
        done += part;
        next
    })
}

fn check(blocks: &Blocks, offset: u64, length: usize) -> io::Result<()> {
    match offset.checked_add(length as u64) {
        Some(end) if end <= blocks.length => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "this is after the end of the file")),
    }
}

impl StorageBackend for Layer {
    fn len(&self) -> io::Result<u64> {
        self.blocks().map_or_else(|| self.base.len(), |blocks| Ok(blocks.length))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let Some(blocks) = self.blocks() else { return self.base.read(offset, out) };
        check(&blocks, offset, out.len())?;
        if blocks.blocks.is_empty() {
            return self.base.read(offset, out);
        }
        for (number, inner, at, part) in parts(offset, out.len()) {
            let out = &mut out[at..at + part];
            match blocks.blocks.get(&number) {
                Some(block) => out.copy_from_slice(&block[inner..inner + part]),
                None => out.copy_from_slice(&self.base_block(number)?[inner..inner + part]),
            }
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let Some(mut blocks) = self.blocks() else { return self.base.set_len(length) };
        // What is cut off is zero when the file grows again.
        if length < blocks.length {
            let (last, inner) = (length / BLOCK, (length % BLOCK) as usize);
            let mut block = match blocks.blocks.remove(&last) {
                Some(block) => block,
                None => self.base_block(last)?,
            };
            block[inner..].fill(0);
            let ends = blocks.length.div_ceil(BLOCK);
            blocks.blocks.insert(last, block);
            for number in last + 1..ends {
                blocks.blocks.insert(number, vec![0; BLOCK as usize]);
            }
        }
        blocks.length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.blocks().map_or_else(|| self.base.sync_data(), |_| Ok(()))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let Some(mut blocks) = self.blocks() else { return self.base.write(offset, data) };
        check(&blocks, offset, data.len())?;
        for (number, inner, at, part) in parts(offset, data.len()) {
            let block = match blocks.blocks.entry(number) {
                Entry::Occupied(block) => block.into_mut(),
                Entry::Vacant(vacant) => vacant.insert(self.base_block(number)?),
            };
            block[inner..inner + part].copy_from_slice(&data[at..at + part]);
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.base.close()
    }

    /// Those who only read share the lock of those who write.
    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        match self.layer {
            None => self.base.try_lock_range(start, end),
            Some(_) => self.base.try_lock_shared_range(start, end),
        }
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.base.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        match self.layer {
            None => self.base.lock_range(start, end),
            Some(_) => self.base.lock_shared_range(start, end),
        }
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.base.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.base.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.base.query_lock_range(start, end)
    }
}
