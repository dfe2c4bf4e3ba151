//! `mutant` owns deliberate bugs of the world, each small and in a single place, for testing that
//! each law can be broken and noticed. No scenario of the catalogue has a mutant except in an arm.

use halfclose_ftp::store::FileContent;
use halfclose_ftp::{MemoryStore, Told};
use halfclose_stack::{Flags, Host, Kind, Note, NoteKind, Packet, Segment, State};

use crate::side::CONTROL_PORT;

/// A deliberate bug of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutant {
    /// A byte of each stored file is flipped.
    FlippedByte,
    /// The second half of each stored file is lost.
    LostHalf,
    /// The client tells success of every upload.
    SuccessAnyway,
    /// A stored file is emptied when the next session's data connection is prepared.
    OldFileEmptied,
    /// A RST follows the first data of each data connection.
    UnaskedReset,
    /// FIN-WAIT-1 is never noted.
    SkippedState,
    /// The server says 226 twice.
    ReplyTwice,
    /// The server says 299 in place of 226.
    StrangeCode,
    /// A retransmitted FIN never leaves its host.
    FinOnce,
    /// Both hosts begin each connection between the same two ports with the same sequence number.
    SameIsn,
    /// A packet buffer is not returned to its host.
    BufferKept,
    /// The server opens a listener and forgets the listener.
    ListenerKept,
}

impl Mutant {
    /// Every lie, by name.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("flipped-byte", Self::FlippedByte),
        ("lost-half", Self::LostHalf),
        ("success-anyway", Self::SuccessAnyway),
        ("old-file-emptied", Self::OldFileEmptied),
        ("unasked-reset", Self::UnaskedReset),
        ("skipped-state", Self::SkippedState),
        ("reply-twice", Self::ReplyTwice),
        ("strange-code", Self::StrangeCode),
        ("fin-once", Self::FinOnce),
        ("same-isn", Self::SameIsn),
        ("buffer-kept", Self::BufferKept),
        ("listener-kept", Self::ListenerKept),
    ];

    /// The mutant's name, as scenarios write the mutant.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, mutant)| *mutant == self);
        found.map(|(name, _)| *name).expect("every mutant has a name")
    }
}

/// Carries out the mutant of a run, if the run has one.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct Liar {
    /// The mutant of the run.
    mutant: Option<Mutant>,
    /// Whether a mutant that acts once has acted.
    told: bool,
    /// Ports and sequence numbers of the FINs sent so far.
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

    /// Whether the run has no mutant.
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

    /// Whether `packet` is lost inside its host.
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

    /// A forged packet to send right after `packet`.
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

    /// Return `packet` to its host, unless the mutant keeps the packet.
    #[inline]
    pub(crate) fn gives_back(&mut self, packet: Packet, host: &mut Host) {
        if !self.once(Mutant::BufferKept) {
            host.recycle(packet);
        }
    }

    /// Open a listener without telling the server program, if the mutant does so.
    pub(crate) fn forgets_listener(&self, server: &mut Host) {
        if self.is(Mutant::ListenerKept) {
            let _ = server.listen(0, 1);
        }
    }

    /// Spoil the stored file `name` after the file was closed.
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

    /// Empty the stored file `name` before another upload replaces the file.
    pub(crate) fn empties(&self, name: &str, store: &mut MemoryStore) {
        if self.is(Mutant::OldFileEmptied) {
            store.insert(name, Vec::new().into());
        }
    }

    /// The word of the client to its user on a transfer, an upload or not.
    pub(crate) fn tells(&self, told: Told, upload: bool) -> Told {
        match self.mutant {
            Some(Mutant::SuccessAnyway) if upload => Told::Success,
            _ => told,
        }
    }

    /// Change the reply in the first `length` bytes of `bytes`, and return the length of the new
    /// reply.
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
