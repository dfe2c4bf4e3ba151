//! `noted` keeps the notes of hosts that the result of a run has: ended connections, differences from
//! smoltcp, every RST with its reason and its packet, and destroyed bytes.

use std::net::SocketAddr;

use halfclose_stack::{Divergence, Flags, Note, NoteKind, Segment};

use crate::outcome::{Discarded, EndedConnection, ResetSent};
use crate::side::Side;
use crate::terms::clone_by_field::clone_by_field;
use crate::terms::hash_by_field::hash_by_field;

/// The notes of both hosts of a run.
#[derive(Default)]
pub(crate) struct Noted {
    /// Ended connections, in the order of their ends.
    pub(crate) ended: Vec<EndedConnection>,
    /// Differences from the standard, each once.
    pub(crate) divergences: Vec<Divergence>,
    /// Every RST that a host has sent.
    pub(crate) resets: Vec<ResetSent>,
    /// Received bytes that a host has destroyed.
    pub(crate) discarded: Vec<Discarded>,
    /// The local and the peer's address of each of `resets`.
    reset_ends: Vec<[SocketAddr; 2]>,
    /// How many of `resets`, from the first, have the number of their packet.
    numbered: usize,
}

clone_by_field! {
    Noted {
        ended, divergences, resets, discarded, reset_ends, numbered,
    }
}

// No verdict and no law reads the rest.
hash_by_field! {
    Noted { ended } without { divergences, resets, discarded, reset_ends, numbered }
}

impl Noted {
    /// Forgets every note, and keeps the memory.
    pub(crate) fn reset(&mut self) {
        let Self { ended, divergences, resets, discarded, reset_ends, numbered } = self;
        ended.clear();
        divergences.clear();
        resets.clear();
        discarded.clear();
        reset_ends.clear();
        *numbered = 0;
    }

    /// Takes a note of the host of `side`. Returns whether a trace has a line for the note: the format
    /// of a trace has none for destroyed bytes, and none for a segment that changes nothing.
    #[inline]
    pub(crate) fn note(&mut self, side: Side, note: &Note) -> bool {
        match note.kind {
            NoteKind::Ended(ending) => self.ended.push(EndedConnection {
                at: note.at,
                side,
                local: note.local.into(),
                peer: note.peer.into(),
                ending,
            }),
            NoteKind::Divergence(divergence) => {
                if !self.divergences.contains(&divergence) {
                    self.divergences.push(divergence);
                }
            }
            NoteKind::ResetSent(cause) => {
                self.resets.push(ResetSent { at: note.at, packet: None, side, cause });
                self.reset_ends.push([note.local.into(), note.peer.into()]);
            }
            NoteKind::Discarded(bytes) => {
                let (local, peer) = (note.local.into(), note.peer.into());
                self.discarded.push(Discarded { at: note.at, side, local, peer, bytes });
                return false;
            }
            NoteKind::Unchallenged => return false,
            NoteKind::State { .. } => {}
        }
        true
    }

    /// `packet` has left as `emission`: the packet may be a RST whose reason was noted before.
    #[inline]
    pub(crate) fn number_reset(&mut self, side: Side, emission: u64, packet: &[u8]) {
        if self.numbered < self.resets.len() {
            self.number_noted(side, emission, packet);
        }
    }

    #[cold]
    fn number_noted(&mut self, side: Side, emission: u64, packet: &[u8]) {
        let Some(segment) = Segment::parse(packet) else { return };
        if !segment.flags.has(Flags::RST) {
            return;
        }
        let ends = [segment.source.into(), segment.destination.into()];
        let noted = self.resets.iter_mut().zip(&self.reset_ends).skip(self.numbered);
        let mut noted = noted.filter(|(reset, _)| reset.packet.is_none() && reset.side == side);
        if let Some((reset, _)) = noted.find(|(_, of)| **of == ends) {
            reset.packet = Some(emission);
        }
        let numbered = self.resets[self.numbered..].iter().take_while(|it| it.packet.is_some());
        self.numbered += numbered.count();
    }
}
