//! `store::directory::reading` owns a file that is being read: bytes that the kernel has are read at
//! once, and a thread brings other bytes from the disk.

use crate::store::{Read, StoreError};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// The bytes that a thread brings from the disk at a time.
const AHEAD: usize = 4 << 20;
/// The bytes that a thread asks for at once.
const PIECE: usize = 64 << 10;
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
    /// Whether a thread brings bytes.
    bringing: bool,
}

/// What a file that is being read has for its reader.
#[derive(Debug)]
pub(super) enum Bytes {
    Read(Read),
    /// The disk must be asked first: a thread does this job, and [`Reading::brought`] takes the
    /// result.
    Ask(Bringing),
    /// The disk has been asked, and has not given the bytes yet.
    None,
}

/// The bytes to bring into the kernel's memory.
#[derive(Debug)]
pub(super) struct Bringing {
    file: File,
    begin: u64,
    most: usize,
}

impl Bringing {
    /// Brings the bytes, as long as the disk takes. Returns their number.
    pub(super) fn bring(self) -> usize {
        let (mut piece, mut brought) = (vec![0; PIECE], 0);
        while brought < self.most {
            match read_at(&self.file, self.begin + brought as u64, &mut piece) {
                Ok(0) | Err(_) => break,
                Ok(bytes) => brought += bytes,
            }
        }
        brought
    }
}

impl Reading {
    /// Reads `left` bytes from the position `at` on.
    pub(super) fn new(file: File, at: u64, left: u64, local: bool) -> Self {
        Self { file, at, left, local, brought: 0, bringing: false }
    }

    /// Reads the next bytes, or tells how to bring the bytes if `may_ask`.
    pub(super) fn read(&mut self, into: &mut [u8], may_ask: bool) -> Result<Bytes, StoreError> {
        let wanted = into.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(Bytes::Read(Read { bytes: 0, last: self.left == 0 }));
        }
        if self.bringing {
            return Ok(Bytes::None);
        }
        let into = &mut into[..wanted];
        let bytes = if may_ask && self.brought == 0 {
            match read_without_disk(&self.file, self.at, into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return self.ask(),
                // Not every file system can tell. A disk of this machine is asked by the program.
                Err(error) if error.kind() == io::ErrorKind::Unsupported && !self.local => {
                    return self.ask();
                }
                Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                    read_at(&self.file, self.at, into)?
                }
                read => read?,
            }
        } else {
            let most = if may_ask { wanted.min(self.brought) } else { wanted };
            read_at(&self.file, self.at, &mut into[..most])?
        };
        if bytes == 0 {
            // The file has become shorter: the sent bytes are not the file that was asked for.
            return Err(StoreError::Failed);
        }
        self.brought = self.brought.saturating_sub(bytes);
        self.at += bytes as u64;
        self.left -= bytes as u64;
        Ok(Bytes::Read(Read { bytes, last: self.left == 0 }))
    }

    /// Takes the number of bytes that a thread has brought.
    pub(super) fn brought(&mut self, bytes: usize) {
        self.bringing = false;
        // Without a byte, the program's own read tells the error.
        self.brought = bytes.max(1);
    }

    fn ask(&mut self) -> Result<Bytes, StoreError> {
        let (file, begin) = (self.file.try_clone()?, self.at);
        let most = AHEAD.min(usize::try_from(self.left).unwrap_or(AHEAD));
        self.bringing = true;
        Ok(Bytes::Ask(Bringing { file, begin, most }))
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
