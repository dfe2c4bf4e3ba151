//! `mutant` names the lies that a world can be made to tell, each small and in one place, so that
//! each law can be seen to be broken. For testing the laws: no story has one.

use halfclose_ftp::MemoryStore;
use halfclose_ftp::store::FileContent;
use halfclose_stack::{Flags, Host, Kind, Note, NoteKind, Packet, Segment, State};

use crate::side::CONTROL_PORT;

/// A lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// A byte of a file is flipped once it is stored.
    FlippedByte,
    /// The second half of a file is lost once it is stored.
    LostHalf,
    /// A stored file is emptied when the next session's data connection is prepared.
    OldFileEmptied,
    /// A RST follows the first data of each data connection.
    UnaskedReset,
    /// FIN-WAIT-1 is never noted.
    SkippedState,
    /// The server says its 226 twice.
    ReplyTwice,
    /// The server says 299 where it means 226.
    StrangeCode,
    /// The second copy of a FIN never leaves its host.
    FinOnce,
    /// One packet buffer does not come back.
    BufferKept,
    /// The server listens at a port and forgets it.
    ListenerKept,
}

impl Mutant {
    /// Every lie, by name.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("flipped-byte", Self::FlippedByte),
        ("lost-half", Self::LostHalf),
        ("old-file-emptied", Self::OldFileEmptied),
        ("unasked-reset", Self::UnaskedReset),
        ("skipped-state", Self::SkippedState),
        ("reply-twice", Self::ReplyTwice),
        ("strange-code", Self::StrangeCode),
        ("fin-once", Self::FinOnce),
        ("buffer-kept", Self::BufferKept),
        ("listener-kept", Self::ListenerKept),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, mutant)| *mutant == self);
        found.map(|(name, _)| *name).expect("every mutant has a name")
    }
}

/// Tells the lie of a run, if it has one.
#[derive(Debug, Default)]
pub struct Liar {
    /// Which.
    mutant: Option<Mutant>,
    /// It has been told, where once is enough.
    told: bool,
    /// FINs that have left: their ports and sequence numbers.
    fins: Vec<([u16; 2], u32)>,
}

impl Liar {
    /// Who will tell `mutant`.
    pub(crate) fn new(mutant: Option<Mutant>) -> Self {
        Self { mutant, ..Self::default() }
    }

    /// Before the first lie of a run.
    pub(crate) fn reset(&mut self) {
        self.told = false;
        self.fins.clear();
    }

    /// Whether it tells none.
    #[inline]
    pub(crate) fn is_honest(&self) -> bool {
        self.mutant.is_none()
    }

    #[inline]
    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    fn once(&mut self, mutant: Mutant) -> bool {
        self.is(mutant) && !std::mem::replace(&mut self.told, true)
    }

    /// Whether `note` is not told.
    pub(crate) fn hides(&self, note: &Note) -> bool {
        self.is(Mutant::SkippedState)
            && matches!(note.kind, NoteKind::State { to: State::FinWait1, .. })
    }

    /// Whether `packet` does not leave its host.
    #[inline]
    pub(crate) fn swallows(&mut self, packet: &[u8]) -> bool {
        if !self.is(Mutant::FinOnce) {
            return false;
        }
        let segment = Segment::peek(packet).expect("a host sends whole headers");
        if !segment.flags.has(Flags::FIN) {
            return false;
        }
        let fin = (segment.ports(), segment.seq);
        let again = self.fins.contains(&fin);
        self.fins.push(fin);
        again
    }

    /// What leaves right after `packet`, and nobody asked for.
    #[inline]
    pub(crate) fn forges(&mut self, packet: &[u8]) -> Option<Packet> {
        if !self.is(Mutant::UnaskedReset) {
            return None;
        }
        let segment = Segment::parse(packet)?;
        let control = [segment.source.port(), segment.destination.port()].contains(&CONTROL_PORT);
        if segment.kind() != Kind::Data || control || !self.once(Mutant::UnaskedReset) {
            return None;
        }
        let (ends, next) =
            ([segment.source, segment.destination], segment.seq.wrapping_add(segment.len()));
        let reset =
            Segment::bare(ends, [next, segment.ack], Flags::RST | Flags::ACK, segment.window);
        Some(reset.to_packet(&[], &[]))
    }

    /// Give `packet` back to its host, or not.
    #[inline]
    pub(crate) fn gives_back(&mut self, packet: Packet, host: &mut Host) {
        if !self.once(Mutant::BufferKept) {
            host.recycle(packet);
        }
    }

    /// Listen where nobody knows of it, or not.
    pub(crate) fn forgets_listener(&self, server: &mut Host) {
        if self.is(Mutant::ListenerKept) {
            let _ = server.listen(0, 1);
        }
    }

    /// A file was closed after it had been written: what else happens to it.
    pub(crate) fn stored(&mut self, name: &str, store: &mut MemoryStore) {
        if !self.is(Mutant::FlippedByte) && !self.is(Mutant::LostHalf) {
            return;
        }
        let Some(Ok(mut bytes)) = store.content(name).map(FileContent::to_vec) else { return };
        let middle = bytes.len() / 2;
        match self.mutant {
            Some(Mutant::LostHalf) => bytes.truncate(middle),
            _ if bytes.is_empty() => return,
            _ => bytes[middle] ^= 1,
        }
        store.insert(name, bytes.into());
    }

    /// A file that will be replaced was closed: what else happens to it.
    pub(crate) fn empties(&self, name: &str, store: &mut MemoryStore) {
        if self.is(Mutant::OldFileEmptied) {
            store.insert(name, Vec::new().into());
        }
    }

    /// What the server says in place of the reply in `bytes`, which holds `length` of it.
    pub(crate) fn says(&self, bytes: &mut [u8], length: usize) -> usize {
        if !bytes[..length].starts_with(b"226 ") {
            return length;
        }
        match self.mutant {
            Some(Mutant::StrangeCode) => bytes[..3].copy_from_slice(b"299"),
            Some(Mutant::ReplyTwice) if bytes.len() >= 2 * length => {
                bytes.copy_within(..length, length);
                return 2 * length;
            }
            _ => {}
        }
        length
    }
}
