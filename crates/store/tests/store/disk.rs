//! A disk in memory on which the tests cut, tear and bend what redb writes.

use redb::StorageBackend;
use rejoin_store::medium::Medium;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard};

/// What the disk was told.
#[derive(Clone, Debug)]
pub enum Op {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
    /// So many commits were acknowledged.
    Acknowledged(usize),
}

/// Which write, resize or sync fails, from 0, and whether all after it do.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    pub nth: usize,
    pub is_for_ever: bool,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    log: Vec<Op>,
    calls: usize,
    failure: Option<Failure>,
}

/// A disk in memory. Its clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<State>>);

impl Disk {
    pub fn with(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(State { bytes, ..State::default() })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.state().bytes.clone()
    }

    pub fn log(&self) -> Vec<Op> {
        self.state().log.clone()
    }

    pub fn note(&self, op: Op) {
        self.state().log.push(op);
    }

    /// From now on calls are counted, and one fails.
    pub fn fail(&self, failure: Option<Failure>) {
        let mut state = self.state();
        (state.calls, state.failure) = (0, failure);
    }

    /// How many calls that write there were since then.
    pub fn calls(&self) -> usize {
        self.state().calls
    }

    fn call(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        let nth = state.calls;
        state.calls += 1;
        match state.failure {
            Some(failure) if nth == failure.nth || (nth > failure.nth && failure.is_for_ever) => {
                Err(ErrorKind::StorageFull.into())
            }
            _ => Ok(state),
        }
    }
}

impl Medium for Disk {
    fn place(&self) -> String {
        "disk".into()
    }

    fn open(&self, _: bool) -> io::Result<Box<dyn StorageBackend>> {
        Ok(Box::new(self.clone()))
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.state().bytes.len() as u64)
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.length()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let (state, offset) = (self.state(), offset as usize);
        let bytes = state.bytes.get(offset..offset + out.len());
        out.copy_from_slice(bytes.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.call()?;
        state.log.push(Op::SetLen(length));
        state.bytes.resize(length as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.call()?.log.push(Op::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.call()?;
        state.log.push(Op::Write(offset, data.into()));
        let offset = offset as usize;
        let place = state.bytes.get_mut(offset..offset + data.len());
        place.ok_or(ErrorKind::UnexpectedEof)?.copy_from_slice(data);
        Ok(())
    }
}

/// What the disk holds after these calls.
pub fn replayed(mut bytes: Vec<u8>, ops: &[Op]) -> Vec<u8> {
    for op in ops {
        match op {
            Op::Write(offset, data) => {
                let end = *offset as usize + data.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*offset as usize..end].copy_from_slice(data);
            }
            Op::SetLen(length) => bytes.resize(*length as usize, 0),
            Op::Sync | Op::Acknowledged(_) => {}
        }
    }
    bytes
}
