//! `store::directory::uploading` owns the bytes of an upload on their way to the disk: a thread writes
//! one piece after another, and the next piece is collected meanwhile.

use super::asking::Bell;
use super::writing::Written;
use super::{DirectoryStore, Open};
use crate::store::{File, Room, StoreError};
use std::mem::take;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most bytes of an upload that are collected while a thread writes.
const PIECE: usize = 1 << 20;
/// The bytes of all uploads from which on an upload collects small pieces.
const MANY: usize = 32 << 20;
/// The most bytes of a small piece.
const SMALL: usize = 8 << 10;
/// The pieces that a thread writes before other jobs have their turn.
const TURN: usize = 4;

/// A file that is being written.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pipe: Arc<Mutex<Pipe>>,
    /// Tells the session of an answer, if threads ask the disk.
    bell: Option<Bell>,
}

/// The bytes between the program and the thread that writes.
#[derive(Debug)]
struct Pipe {
    /// The file; `None` while a thread writes.
    written: Option<Written>,
    /// The bytes of the next piece.
    waiting: Vec<u8>,
    /// The result of the writes so far.
    result: Result<(), StoreError>,
    /// The session waits for room, or for the last write.
    awaited: bool,
}

/// The number of accepted bytes of all uploads that are not written.
pub(super) type Queued = Arc<AtomicUsize>;

impl Upload {
    pub(super) fn new(written: Written, bell: Option<Bell>) -> Self {
        let written = Some(written);
        let pipe = Pipe { written, waiting: Vec::new(), result: Ok(()), awaited: false };
        Self { pipe: Arc::new(Mutex::new(pipe)), bell }
    }

    /// Takes the file for the close, or `None` while a thread writes.
    pub(super) fn take_written(&self) -> Option<Written> {
        self.lock().written.take()
    }

    fn lock(&self) -> MutexGuard<'_, Pipe> {
        self.pipe.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        self.bell.iter().for_each(Bell::ring);
    }

    /// Writes what waits, as a thread, until nothing waits or other jobs have their turn.
    fn write_pieces(&self, mut written: Written, queued: &AtomicUsize) {
        let (mut piece, mut turns) = (Vec::new(), TURN);
        let mut pipe = self.lock();
        while pipe.result.is_ok() && !pipe.waiting.is_empty() && turns > 0 {
            // Both buffers keep their memory while the upload is as fast as the disk.
            std::mem::swap(&mut piece, &mut pipe.waiting);
            let awaited = take(&mut pipe.awaited);
            drop(pipe);
            if awaited {
                self.ring();
            }
            let result = written.write(&piece);
            queued.fetch_sub(piece.len(), Ordering::Relaxed);
            piece.clear();
            turns -= 1;
            pipe = self.lock();
            pipe.result = result;
        }
        pipe.written = Some(written);
        if pipe.result.is_err() {
            queued.fetch_sub(take(&mut pipe.waiting).len(), Ordering::Relaxed);
        } else if pipe.waiting.is_empty() {
            // An upload that is slower than the disk holds no memory.
            pipe.waiting = Vec::new();
        }
        let rings = take(&mut pipe.awaited) || pipe.result.is_err() || !pipe.waiting.is_empty();
        drop(pipe);
        if rings {
            self.ring();
        }
    }
}

impl DirectoryStore {
    /// The number of bytes that the file accepts now. All uploads together have a bound, so that many
    /// clients of a slow disk do not fill the memory.
    pub(super) fn room_for_bytes(&self, file: File) -> Room {
        let Some(Open::Written(upload)) = self.files.get(file.0) else {
            return Room::Not(StoreError::Denied);
        };
        let mut pipe = upload.lock();
        let many = self.queued.load(Ordering::Relaxed) >= MANY;
        let most = if many { SMALL } else { PIECE };
        let room = match (pipe.result, most.saturating_sub(pipe.waiting.len())) {
            (Err(error), _) => Room::Not(error),
            (Ok(()), _) if upload.bell.is_none() => Room::Bytes(usize::MAX),
            (Ok(()), 0) => Room::Not(StoreError::Waits),
            (Ok(()), room) => Room::Bytes(room),
        };
        pipe.awaited |= room == Room::Not(StoreError::Waits);
        self.write_on(upload, pipe);
        room
    }

    /// Writes bytes: at once, or in a thread for a session.
    pub(super) fn write_bytes(&self, file: File, bytes: &[u8]) -> Result<(), StoreError> {
        let Some(Open::Written(upload)) = self.files.get(file.0) else {
            return Err(StoreError::Denied);
        };
        let mut pipe = upload.lock();
        pipe.result?;
        if let (None, Some(written)) = (&upload.bell, &mut pipe.written) {
            return written.write(bytes);
        }
        pipe.waiting.extend_from_slice(bytes);
        self.queued.fetch_add(bytes.len(), Ordering::Relaxed);
        self.write_on(upload, pipe);
        Ok(())
    }

    /// Whether all accepted bytes of the file are written.
    pub(super) fn are_written(&self, file: File) -> Result<(), StoreError> {
        let Some(Open::Written(upload)) = self.files.get(file.0) else { return Ok(()) };
        let mut pipe = upload.lock();
        if pipe.written.is_some() && pipe.waiting.is_empty() {
            return pipe.result;
        }
        pipe.awaited = true;
        self.write_on(upload, pipe);
        Err(StoreError::Waits)
    }

    /// Lets a thread write the waiting bytes, unless a thread writes already.
    fn write_on(&self, upload: &Upload, mut pipe: MutexGuard<'_, Pipe>) {
        if pipe.waiting.is_empty() {
            return;
        }
        let Some(written) = pipe.written.take() else { return };
        drop(pipe);
        let (upload, queued) = (upload.clone(), Arc::clone(&self.queued));
        self.asking.leave(Box::new(move || upload.write_pieces(written, &queued)));
    }
}
