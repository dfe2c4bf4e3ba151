//! `draws` owns the answers that a run took from its seed, in the order of the questions. Two runs
//! with the same answers differ only in sequence numbers and ports.

use halfclose_stack::SeedDraws;

use crate::network::fate::{Changes, Fate, Moved};
use crate::side::Side;
use crate::terms::clone_by_field::clone_by_field;

/// A question of a run to its seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The fate of the next packet of a side.
    Fate {
        /// The sender of the packet.
        from: Side,
        /// Bytes of the whole packet: a flipped bit is drawn among them.
        bytes: u16,
    },
    /// How many decimal digits the low byte of an ephemeral port has: `PORT` and the reply to
    /// `PASV` write the digits, so the length of a line depends on them.
    PortDigits {
        /// The listener's side of the link.
        side: Side,
        /// The port, counted from the first ephemeral port of the host.
        place: u16,
    },
    /// The choice of a server's model between two reactions at a transfer: the number of the drawn
    /// bit.
    ModelBit(u8),
}

impl Question {
    /// Whether the question is about a packet's fate.
    #[must_use]
    pub fn is_fate(&self) -> bool {
        matches!(self, Self::Fate { .. })
    }
}

/// An answer of the seed. Different answers to the same question are different numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer(u64);

impl Answer {
    /// The packet arrives as sent: the usual answer of a link.
    pub const DELIVER: Self = Self(0);

    /// How many decimal digits the low byte of `port` has.
    #[must_use]
    pub fn digits(port: u16) -> Self {
        Self(match port & 0xff {
            0..10 => 1,
            10..100 => 2,
            _ => 3,
        })
    }

    /// Bit `bit` of the number drawn for a server's model.
    #[must_use]
    pub fn model_bit(drawn: u64, bit: u8) -> Self {
        Self(drawn >> (bit % 64) & 1)
    }
}

impl From<Fate> for Answer {
    /// # Panics
    /// If the fate comes from a fault of a scenario: no link draws such a fate.
    #[inline]
    fn from(fate: Fate) -> Self {
        match fate {
            Fate::Deliver => Self::DELIVER,
            Fate::Lost => Self(1),
            Fate::BurstLost => Self(2),
            Fate::Changed(changes) => changed(changes),
            other => panic!("{other:?} is no fate that a link draws"),
        }
    }
}

/// Bits 0 and 1 say `Changed`, bit 2 duplicated, bit 3 sent at once, bits 4 to 23 the flipped bit (at
/// most 65,535 bytes), the rest a jitter of less than a day in microseconds.
#[cold]
fn changed(changes: Changes) -> Answer {
    let Changes { duplicated, corrupted, moved } = changes;
    let (at_once, jitter) = match moved {
        Moved::InTurn => (false, 0),
        Moved::AtOnce => (true, 0),
        Moved::Jitter(us) => (false, us.cast_unsigned().wrapping_add(1 << 38)),
        Moved::Late(_) | Moved::Held => panic!("{moved:?} is nothing that a link draws"),
    };
    let flipped = corrupted.map_or(0, |bit| u64::from(bit) + 1);
    Answer(3 | u64::from(duplicated) << 2 | u64::from(at_once) << 3 | flipped << 4 | jitter << 24)
}

/// Choice of the answers to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Keep the fates of packets.
    pub fates: bool,
    /// Digits of ports: of no use where no line of the control connection writes them.
    pub digits: bool,
    /// Bits of a server's model: of no use where the model has no two ways.
    pub bits: bool,
}

/// The answers of one run, in order, kept only on request.
#[derive(Debug, Default)]
pub(crate) struct Draws {
    keeps: Kept,
    list: Vec<(Question, Answer)>,
    /// Transfers of the server whose bit has been asked for.
    transfers: usize,
}

clone_by_field! { Draws { keeps, list, transfers } }

impl Draws {
    /// From the next run on, keep these answers.
    pub(crate) fn keep(&mut self, keeps: Kept) {
        self.keeps = keeps;
    }

    /// Forget the answers before a run.
    pub(crate) fn reset(&mut self) {
        self.list.clear();
        self.transfers = 0;
    }

    /// A link drew `fate` for a packet of `from`.
    #[inline]
    pub(crate) fn drew(&mut self, from: Side, bytes: usize, fate: Fate) {
        if self.keeps.fates {
            let bytes = u16::try_from(bytes).expect("an IPv4 packet is at most 65535 bytes");
            self.list.push((Question::Fate { from, bytes }, fate.into()));
        }
    }

    /// `side`, whose host has drawn `host`, listens at `port`.
    pub(crate) fn listened(&mut self, side: Side, host: &SeedDraws, port: u16) {
        if self.keeps.digits
            && let Some(place) = host.place(port)
        {
            self.list.push((Question::PortDigits { side, place }, Answer::digits(port)));
        }
    }

    /// The server, for whose model the number `drawn` was drawn, has begun so many transfers.
    #[inline]
    pub(crate) fn began(&mut self, transfers: usize, drawn: u64) {
        while self.keeps.bits && self.transfers < transfers {
            let bit = u8::try_from(self.transfers % 64).expect("less than 64");
            self.list.push((Question::ModelBit(bit), Answer::model_bit(drawn, bit)));
            self.transfers += 1;
        }
    }

    /// The questions so far, with the answers.
    #[must_use]
    pub(crate) fn list(&self) -> &[(Question, Answer)] {
        &self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every fate that a link can draw has a number of its own.
    #[test]
    fn different_fates_are_different_answers() {
        let mut fates = vec![Fate::Deliver, Fate::Lost, Fate::BurstLost];
        for duplicated in [false, true] {
            for corrupted in [None, Some(0), Some(1), Some(65_535 * 8 - 1)] {
                for moved in [
                    Moved::InTurn,
                    Moved::AtOnce,
                    Moved::Jitter(0),
                    Moved::Jitter(-1),
                    Moved::Jitter(86_399_999_999),
                    Moved::Jitter(-86_399_999_999),
                ] {
                    fates.push(Fate::Changed(Changes { duplicated, corrupted, moved }));
                }
            }
        }
        let mut answers: Vec<_> = fates.iter().map(|fate| Answer::from(*fate)).collect();
        answers.sort_unstable();
        answers.dedup();
        assert_eq!(answers.len(), fates.len());
        assert_eq!(
            [49_152, 49_161, 49_162, 49_251, 49_252].map(|port| Answer::digits(port).0),
            [1, 1, 2, 2, 3]
        );
    }
}
