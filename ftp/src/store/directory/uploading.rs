//! `store::directory::uploading` owns the bytes of an upload on their way to the disk: a thread writes
//! one piece, and the next piece is collected meanwhile.

use super::asking::Product;
use super::writing::Written;
use super::{DirectoryStore, Open};
use crate::store::{Asker, File, Room, StoreError};

/// The most bytes of an upload that are collected while a thread writes.
const PIECE: usize = 256 << 10;
/// The bytes of all uploads from which on an upload collects small pieces.
const MANY: usize = 32 << 20;
/// The most bytes of a small piece.
const SMALL: usize = 8 << 10;

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Upload {
    /// The file; `None` while a thread writes.
    written: Option<Written>,
    /// The bytes of the next piece; none unless a thread writes.
    waiting: Vec<u8>,
    /// The memory of the last piece, for a piece to come.
    spare: Vec<u8>,
    /// The result of the writes so far.
    result: Result<(), StoreError>,
    /// The session that writes, if threads ask the disk.
    session: Option<Asker>,
}

/// The number of accepted bytes of all uploads that are not written.
#[derive(Debug, Default)]
pub(super) struct Queued(usize);

/// A piece of an upload, as the thread that has written the piece hands the piece back.
#[derive(Debug)]
pub(super) struct Piece {
    written: Written,
    bytes: Vec<u8>,
    result: Result<(), StoreError>,
}

impl Upload {
    pub(super) fn new(written: Written, session: Option<Asker>) -> Self {
        let [waiting, spare] = [Vec::new(), Vec::new()];
        Self { written: Some(written), waiting, spare, result: Ok(()), session }
    }

    /// Takes the file for the close, or `None` while a thread writes.
    pub(super) fn take_written(&mut self) -> Option<Written> {
        self.written.take()
    }

    /// Begins the next piece: the thread's work.
    fn next_piece(&mut self) -> Option<impl FnOnce() -> Piece + Send + use<>> {
        if self.waiting.is_empty() {
            return None;
        }
        let mut written = self.written.take()?;
        let bytes = std::mem::replace(&mut self.waiting, std::mem::take(&mut self.spare));
        Some(move || {
            let result = written.write(&bytes);
            Piece { written, bytes, result }
        })
    }

    /// Takes a piece back. Returns the number of bytes that wait no more.
    fn take_back(&mut self, Piece { written, mut bytes, result }: Piece) -> usize {
        self.written = Some(written);
        self.result = result;
        let mut gone = bytes.len();
        if result.is_err() {
            gone += self.waiting.len();
            self.waiting.clear();
        }
        if self.waiting.is_empty() {
            // An upload that is slower than the disk holds no memory.
            self.waiting = Vec::new();
        } else {
            bytes.clear();
            self.spare = bytes;
        }
        gone
    }
}

impl DirectoryStore {
    /// The number of bytes that the file accepts now. All uploads together have a bound, so that many
    /// clients of a slow disk do not fill the memory.
    pub(super) fn room_for_bytes(&self, file: File) -> Room {
        let Some(Open::Written(upload)) = self.files.get(file.0) else {
            return Room::Not(StoreError::Denied);
        };
        let most = if self.queued.0 < MANY { PIECE } else { SMALL };
        match (upload.result, most.saturating_sub(upload.waiting.len())) {
            (Err(error), _) => Room::Not(error),
            (Ok(()), _) if upload.session.is_none() => Room::Bytes(usize::MAX),
            (Ok(()), 0) => Room::Not(StoreError::Waits),
            (Ok(()), room) => Room::Bytes(room),
        }
    }

    /// Writes bytes: at once, or in a thread for a session.
    pub(super) fn write_bytes(&mut self, file: File, bytes: &[u8]) -> Result<(), StoreError> {
        let Some(Open::Written(upload)) = self.files.get_mut(file.0) else {
            return Err(StoreError::Denied);
        };
        upload.result?;
        if let (None, Some(written)) = (upload.session, &mut upload.written) {
            return written.write(bytes);
        }
        upload.waiting.extend_from_slice(bytes);
        self.queued.0 += bytes.len();
        self.write_on(file);
        Ok(())
    }

    /// Whether all accepted bytes of the file are written.
    pub(super) fn are_written(&self, file: File) -> Result<(), StoreError> {
        match self.files.get(file.0) {
            Some(Open::Written(Upload { written: None, .. })) => Err(StoreError::Waits),
            Some(Open::Written(upload)) => upload.result,
            Some(Open::Read(..)) | None => Ok(()),
        }
    }

    /// Takes a piece back from a thread, and lets a thread write the next piece.
    pub(super) fn take_back(&mut self, file: File, piece: Piece) {
        match self.files.get_mut(file.0) {
            Some(Open::Written(upload)) => {
                self.queued.0 -= upload.take_back(piece);
                self.write_on(file);
            }
            // No file is closed while a thread writes.
            Some(Open::Read(..)) | None => self.asking.leave(Box::new(move || drop(piece))),
        }
    }

    /// Lets a thread write the waiting bytes, unless a thread writes already.
    fn write_on(&mut self, file: File) {
        if let Some(Open::Written(upload)) = self.files.get_mut(file.0)
            && let Some(session) = upload.session
            && let Some(piece) = upload.next_piece()
        {
            self.asking.ask_beside(session, move || Product::Wrote(file, piece()));
        }
    }
}
