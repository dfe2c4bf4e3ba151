//! `faults` finds the packets that the faults of a scenario name, by the headers of the packets,
//! and forges the segments of the faults. The arrival time of a packet belongs to `link`.

use std::time::Duration;

use halfclose_stack::{Flags, Packet, Segment};

use crate::network::channel::{Channel, Channels};
use crate::network::fate::{Changes, Fate, Moved};
use crate::scenario::fault::{Action, Fault, Forged, Forgery, PacketName, Place, Which};
use crate::side::Side;
use crate::terms::clone_by_field::clone_by_field;
use crate::terms::hash_by_field::hash_by_field;

/// The faults of one run, and the progress of each fault.
pub(crate) struct Faults {
    faults: Vec<PendingFault>,
    /// The place of each fault in `faults`, sorted by `Sought`: a packet is compared with few faults,
    /// however many there are.
    index: Vec<(Sought, usize)>,
    /// The faults that may name the present packet: only memory.
    near: Vec<usize>,
    channels: Channels,
    /// The faults whose packet was sent, in this order.
    met: Vec<MetFault>,
}

clone_by_field! { Faults { faults, index, near, channels, met } }

/// A fault whose packet was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MetFault {
    /// The place of the fault in the list of the scenario.
    pub place: usize,
    /// Whether the fault acted on the packet: see [`Faults::switch`].
    pub active: bool,
}

/// The part of a fault's packet name that is looked up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sought {
    /// The emission number of the packet.
    Emission(u64),
    /// The side that sends the packet, and the relative sequence number.
    At(u8, u32),
    /// The name has no number.
    Any,
}

impl Sought {
    fn of(packet: &Which) -> Self {
        match packet {
            Which::Emission(number) => Self::Emission(*number),
            Which::Named(name) => name.at.map_or(Self::Any, |at| Self::At(name.from as u8, at)),
        }
    }
}

#[derive(Clone)]
struct PendingFault {
    fault: Fault,
    /// Packets so far with the name, apart from the ordinal.
    seen: u64,
    state: FaultState,
    /// Whether the fault acts on its packet.
    active: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum FaultState {
    Waiting,
    Done,
    /// The fault's packet appeared, but an earlier fault of the list took the packet.
    Taken,
}

/// A segment that a fault forges in the name of `from`.
#[derive(Clone)]
pub(crate) struct ForgedPacket {
    /// The side in whose name the segment is forged.
    pub from: Side,
    /// The forged packet from the IPv4 header on.
    pub packet: Packet,
}

hash_by_field! { PendingFault { seen, state, active } without { fault } }
hash_by_field! { Faults { faults, channels } without { index, near, met } }

impl Faults {
    /// The faults before a run.
    #[must_use]
    pub(crate) fn new(faults: &[Fault]) -> Self {
        let pending = |fault: &Fault| PendingFault {
            fault: *fault,
            seen: 0,
            state: FaultState::Waiting,
            active: true,
        };
        let sought = |(at, fault): (usize, &Fault)| (Sought::of(&fault.packet), at);
        let mut index: Vec<_> = faults.iter().enumerate().map(sought).collect();
        index.sort_unstable();
        let faults = faults.iter().map(pending).collect();
        let (near, met) = (Vec::new(), Vec::new());
        Self { faults, index, near, channels: Channels::default(), met }
    }

    /// Before a run again.
    pub(crate) fn reset(&mut self) {
        self.channels.reset();
        self.met.clear();
        for pending in &mut self.faults {
            (pending.seen, pending.state) = (0, FaultState::Waiting);
        }
    }

    /// From now on only these faults act, by their places in the list. A fault that does not act counts
    /// the packets that fit its name, so it can act later.
    pub(crate) fn switch(&mut self, active: &[bool]) {
        for (pending, active) in self.faults.iter_mut().zip(active) {
            pending.active = *active;
        }
    }

    /// The faults whose packet was sent, in this order, whether they acted or not.
    #[must_use]
    pub(crate) fn met(&self) -> &[MetFault] {
        &self.met
    }

    /// Handle a packet that `from` emits: returns the fate that the faults order, and adds the
    /// segments that the faults forge to `forged`.
    pub(crate) fn handle_packet(
        &mut self,
        emission: u64,
        from: Side,
        packet: &[u8],
        forged: &mut Vec<ForgedPacket>,
    ) -> Option<Fate> {
        let segment = Segment::parse(packet)?;
        let channel = self.channels.of(from, &segment);
        let exact = channel.packet_name(from, &segment);
        let mut ordered = None;
        let at = exact.at.map(|at| Sought::At(from as u8, at));
        self.near.clear();
        let all = [Some(Sought::Emission(emission)), at, Some(Sought::Any)];
        for sought in all.into_iter().flatten() {
            let first = self.index.partition_point(|(other, _)| *other < sought);
            let same = self.index[first..].iter().take_while(|(other, _)| *other == sought);
            self.near.extend(same.map(|(_, place)| *place));
        }
        // Of faults on one packet the first of the list counts.
        self.near.sort_unstable();
        for &place in &self.near {
            let pending = &mut self.faults[place];
            let here = match &pending.fault.packet {
                Which::Emission(number) => *number == emission,
                Which::Named(name) if name.fits(&exact) => {
                    pending.seen += 1;
                    name.nth == PacketName::EVERY || pending.seen == name.nth
                }
                Which::Named(_) => false,
            };
            if !here {
                continue;
            }
            let active = pending.active;
            // Only a name of every packet meets more than one packet.
            let every = |name: &PacketName| name.nth == PacketName::EVERY;
            let again = pending.seen > 1
                && matches!(&pending.fault.packet, Which::Named(name) if every(name));
            if !again {
                self.met.push(MetFault { place, active });
            }
            if !active {
                continue;
            }
            pending.state = match &pending.fault.action {
                Action::Inject(forgery) => {
                    forged.push(forge(*forgery, from, &segment, channel));
                    FaultState::Done
                }
                action => match combined(ordered, fate_of(*action, packet.len())) {
                    Some(both) => {
                        ordered = Some(both);
                        FaultState::Done
                    }
                    None if pending.state == FaultState::Done => FaultState::Done,
                    None => FaultState::Taken,
                },
            };
        }
        ordered
    }

    /// The faults that act but had no effect, as text.
    #[must_use]
    pub(crate) fn unmatched(&self) -> Vec<String> {
        let active = self.faults.iter().filter(|pending| pending.active);
        let idle = active.filter_map(|pending| match pending.state {
            FaultState::Done => None,
            FaultState::Waiting => Some(pending.fault.to_string()),
            FaultState::Taken => Some(format!("{} (another fault had its packet)", pending.fault)),
        });
        idle.collect()
    }
}

/// The fate that `action` gives to a packet of `bytes` bytes. Only a corrupted packet's fate
/// depends on the length.
///
/// # Panics
/// If `action` forges a segment: the packet that triggers a forgery keeps its fate.
#[must_use]
pub(crate) fn fate_of(action: Action, bytes: usize) -> Fate {
    let plain = Changes::default();
    Fate::Changed(match action {
        Action::Drop => return Fate::Dropped,
        Action::Duplicate => Changes { duplicated: true, ..plain },
        Action::Delay(by) => Changes { moved: Moved::Late(by), ..plain },
        Action::Early(by) => {
            let us = i64::try_from(by.as_micros()).expect("a day at most");
            Changes { moved: Moved::Jitter(-us), ..plain }
        }
        Action::Hold => Changes { moved: Moved::Held, ..plain },
        Action::Corrupt { bit } => {
            let bits = u32::try_from(bytes * 8).expect("an IPv4 packet is at most 65535 bytes");
            let bit = bit.map_or(bits - 1, |bit| bit % bits);
            Changes { corrupted: Some(bit), ..plain }
        }
        Action::Inject(_) => panic!("a forged segment leaves its trigger as it is"),
    })
}

/// The actions that give a packet this fate on a link of this delay. A fate that follows from the
/// link itself (a full queue, a blackout, a NAT) needs no action.
#[must_use]
pub(crate) fn actions_of(fate: Fate, delay: Duration) -> Vec<Action> {
    let Changes { duplicated, corrupted, moved } = match fate {
        Fate::Lost | Fate::BurstLost | Fate::Dropped => return vec![Action::Drop],
        Fate::Changed(changes) => changes,
        Fate::Deliver
        | Fate::QueueFull
        | Fate::Blackout
        | Fate::TooLarge
        | Fate::Forgotten
        | Fate::Forged => return Vec::new(),
    };
    let micros = |us: i64| Duration::from_micros(us.unsigned_abs());
    let moved = match moved {
        Moved::InTurn | Moved::Jitter(0) => None,
        Moved::Jitter(us) if us < 0 => Some(Action::Early(micros(us))),
        Moved::Jitter(us) => Some(Action::Delay(micros(us))),
        Moved::AtOnce => (!delay.is_zero()).then_some(Action::Early(delay)),
        Moved::Late(by) => Some(Action::Delay(by)),
        Moved::Held => Some(Action::Hold),
    };
    let corrupted = corrupted.map(|bit| Action::Corrupt { bit: Some(bit) });
    let duplicated = duplicated.then_some(Action::Duplicate);
    [duplicated, corrupted, moved].into_iter().flatten().collect()
}

/// The fate of a packet that has the fate `ordered` already, with the fate `more` added; `None`:
/// the fates exclude each other.
fn combined(ordered: Option<Fate>, more: Fate) -> Option<Fate> {
    let (one, other) = match (ordered, more) {
        (None, more) => return Some(more),
        (Some(Fate::Changed(one)), Fate::Changed(other)) => (one, other),
        _ => return None,
    };
    let clash = one.duplicated && other.duplicated
        || one.corrupted.is_some() && other.corrupted.is_some()
        || one.moved != Moved::InTurn && other.moved != Moved::InTurn;
    (!clash).then(|| {
        Fate::Changed(Changes {
            duplicated: one.duplicated || other.duplicated,
            corrupted: one.corrupted.or(other.corrupted),
            moved: one.moved.max(other.moved),
        })
    })
}

/// How far before RCV.NXT a segment out of the window is.
const OUT_OF_WINDOW: u32 = 1 << 20;

/// The segment of `forgery` when `from` sends `trigger`.
fn forge(forgery: Forgery, from: Side, trigger: &Segment, channel: &Channel) -> ForgedPacket {
    let sender = forgery.sender.unwrap_or(from);
    let ends = match sender == from {
        true => [trigger.source, trigger.destination],
        false => [trigger.destination, trigger.source],
    };
    let exact = channel.next(sender);
    // Before the sender's first ACK: the number for acknowledging the trigger.
    let ack = channel.acknowledged(sender).unwrap_or(trigger.seq.wrapping_add(trigger.len()));
    let seq = match forgery.place {
        Place::Exact => exact,
        Place::InWindow => exact.wrapping_add(1),
        Place::OutOfWindow => exact.wrapping_sub(OUT_OF_WINDOW),
    };
    let flag = match forgery.segment {
        Forged::Rst => Flags::RST,
        Forged::Fin => Flags::FIN,
    };
    let forged = Segment::bare(ends, [seq, ack], flag | Flags::ACK, trigger.window);
    ForgedPacket { from: sender, packet: forged.to_packet(&[], &[]) }
}
