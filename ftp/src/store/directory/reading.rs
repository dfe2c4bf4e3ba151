//! `store::directory::reading` owns a file that is being read: bytes that the kernel has are read at
//! once, and a thread brings other bytes from the disk.

use crate::store::{Read, StoreError};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

/// The bytes that a thread brings from the disk: the program looks at the thread some hundred times a
/// second at least, and a fast disk must not wait for the looks.
const AHEAD: usize = 4 << 20;
/// The bytes that a thread asks for at once.
const PIECE: usize = 64 << 10;
/// The most threads that read, those of ended downloads included.
const THREADS: usize = 64;
/// The stack of a thread, in bytes.
const STACK: usize = 128 << 10;

/// A file that is being read.
#[derive(Debug)]
pub(super) struct Reading {
    file: File,
    /// The position of the next byte.
    at: u64,
    /// Bytes up to the end that the file had when opened.
    left: u64,
    /// Whether the file is on a disk of this machine.
    local: bool,
    /// The bytes from the position on that a thread has brought into the kernel's memory.
    brought: usize,
    /// The thread that brings bytes. Returns their number.
    bringing: Option<JoinHandle<usize>>,
}

impl Reading {
    /// Reads `left` bytes from the position `at` on.
    pub(super) fn new(file: File, at: u64, left: u64, local: bool) -> Self {
        Self { file, at, left, local, brought: 0, bringing: None }
    }

    /// Reads the next bytes; none if the disk has not given the bytes yet. Each thread has a share of
    /// `readers`.
    pub(super) fn read(&mut self, into: &mut [u8], readers: &Arc<()>) -> Result<Read, StoreError> {
        let wanted = into.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if wanted > 0 {
            let Some(bytes) = self.read_now(&mut into[..wanted], readers)? else {
                return Ok(Read { bytes: 0, last: false });
            };
            if bytes == 0 {
                // The file has become shorter: the sent bytes are not the file that was asked for.
                return Err(StoreError::Failed);
            }
            self.at += bytes as u64;
            self.left -= bytes as u64;
            return Ok(Read { bytes, last: self.left == 0 });
        }
        Ok(Read { bytes: 0, last: self.left == 0 })
    }

    /// Reads bytes that the kernel has; `None` while the disk is asked.
    fn read_now(&mut self, into: &mut [u8], readers: &Arc<()>) -> io::Result<Option<usize>> {
        if let Some(thread) = self.bringing.take_if(|thread| thread.is_finished()) {
            // Without a byte, the program's own read tells the error.
            self.brought = thread.join().unwrap_or(0).max(1);
        } else if self.bringing.is_some() {
            return Ok(None);
        }
        if self.brought == 0 {
            match read_without_disk(&self.file, self.at, into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Not every file system can tell. A disk of this machine is asked as before.
                Err(error) if error.kind() == io::ErrorKind::Unsupported && !self.local => {}
                Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                    return read_at(&self.file, self.at, into).map(Some);
                }
                read => return read.map(Some),
            }
            if Arc::strong_count(readers) > THREADS || self.bring(Arc::clone(readers)) {
                return Ok(None);
            }
            // Without a thread, the program itself asks the disk.
            self.brought = into.len();
        }
        let most = into.len().min(self.brought);
        let bytes = read_at(&self.file, self.at, &mut into[..most])?;
        self.brought -= bytes;
        Ok(Some(bytes))
    }

    /// Starts a thread that brings the next bytes.
    fn bring(&mut self, reader: Arc<()>) -> bool {
        let Ok(file) = self.file.try_clone() else { return false };
        let (begin, most) = (self.at, AHEAD.min(usize::try_from(self.left).unwrap_or(AHEAD)));
        let thread = Builder::new().name("read".to_owned()).stack_size(STACK);
        let thread = thread.spawn(move || {
            let (mut piece, mut brought) = (vec![0; PIECE], 0);
            while brought < most {
                match read_at(&file, begin + brought as u64, &mut piece) {
                    Ok(0) | Err(_) => break,
                    Ok(bytes) => brought += bytes,
                }
            }
            drop(reader);
            brought
        });
        self.bringing = thread.ok();
        self.bringing.is_some()
    }
}

fn read_at(file: &File, at: u64, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read_at(into, at) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// Reads bytes that are in the kernel's memory, as far as there are some.
///
/// # Errors
/// [`io::ErrorKind::WouldBlock`]: the disk must be asked. [`io::ErrorKind::Unsupported`]: the file
/// system cannot tell.
#[cfg(target_os = "linux")]
fn read_without_disk(file: &File, at: u64, into: &mut [u8]) -> io::Result<usize> {
    use rustix::io::{Errno, ReadWriteFlags, preadv2};

    let mut into = [io::IoSliceMut::new(into)];
    match preadv2(file, &mut into, at, ReadWriteFlags::NOWAIT) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
            Err(io::ErrorKind::Unsupported.into())
        }
        read => Ok(read?),
    }
}

#[cfg(not(target_os = "linux"))]
fn read_without_disk(_: &File, _: u64, _: &mut [u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}
