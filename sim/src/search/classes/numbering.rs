//! `numbering` finds every number that the seed decided in the digest's lines of a run: ports, sequence
//! and acknowledgment numbers, SACK blocks.

use std::net::{Ipv4Addr, SocketAddrV4};

use halfclose_stack::{Flags, SeedDraws};

use crate::side::{CLIENT, SERVER, Side};

/// A port of a class, in a form for every seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClassPort {
    /// The same port for every seed.
    Fixed(u16),
    /// The ephemeral port at this place in the order of the host's ephemeral ports.
    Drawn(Side, u16),
}

/// The sequence numbers of one side of one connection, from the initial sequence number on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SequenceSpace {
    side: Side,
    local: ClassPort,
    peer: ClassPort,
    /// The number of earlier connections with the same 4-tuple.
    incarnation: u32,
    /// The number after the highest sequence number, relative to the initial sequence number.
    pub(super) end: u32,
}

/// A number that a seed decides: `relative`, counted from the beginning of a space.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    /// Where the number is in the lines: four bytes, the highest first.
    pub(super) at: u32,
    pub(super) space: u16,
    pub(super) relative: u32,
}

/// The ports of a packet, at the beginning of its TCP header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) at: u32,
    /// A space of the packet's connection.
    pub(super) space: u16,
    /// Whether the peer of the space's side sent the packet.
    pub(super) reversed: bool,
}

/// All numbers of a run that the seed decided.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    pub(super) spaces: Vec<SequenceSpace>,
    pub(super) ports: Vec<Ports>,
    pub(super) numbers: Vec<Number>,
    /// The actual ports and initial sequence numbers of the spaces, in the present run.
    actual: Vec<Actual>,
}

#[derive(Clone, Copy, Debug)]
struct Actual {
    side: Side,
    local: u16,
    peer: u16,
    isn: u32,
}

/// The ports and the initial sequence number of a space, for one seed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drawn {
    /// The local port and the peer's port, in network byte order.
    pub(super) ports: [u8; 4],
    pub(super) isn: u32,
}

/// How far a number may lie beyond the last byte that the side has sent: faults forge such numbers.
const BEYOND: u32 = 1 << 17;
/// The most connections with the same 4-tuple.
const INCARNATIONS: u32 = 16;
/// Bytes of a line before the headers of the packet, and behind the headers of a changed packet.
const BEFORE_HEADERS: usize = 16;
const BEHIND_CHANGED: usize = 15;
/// The code of a changed packet's fate.
const CHANGED: u8 = 7;
/// The kind of the SACK option (RFC 2018 §3).
const SACK: u8 = 5;

impl ClassPort {
    fn of(port: u16, side: Side, hosts: &[SeedDraws; 2]) -> Self {
        let place = hosts[side as usize].place(port);
        place.map_or(Self::Fixed(port), |place| Self::Drawn(side, place))
    }

    #[inline]
    fn port(self, hosts: &[SeedDraws; 2]) -> u16 {
        match self {
            Self::Fixed(port) => port,
            Self::Drawn(side, place) => hosts[side as usize].port(place),
        }
    }
}

impl SequenceSpace {
    /// The ports and the initial sequence number for the seed of `hosts`. `None`: the numbers of
    /// the space come within `margin` of the wrap.
    #[inline]
    pub(super) fn draw(&self, hosts: &[SeedDraws; 2], margin: u32) -> Option<Drawn> {
        let (local, peer) = (self.local.port(hosts), self.peer.port(hosts));
        let isn = isn(hosts, self.side, local, peer, self.incarnation);
        isn.checked_add(self.end)?.checked_add(margin)?;
        let ([a, b], [c, d]) = (local.to_be_bytes(), peer.to_be_bytes());
        Some(Drawn { ports: [a, b, c, d], isn })
    }
}

fn address(side: Side) -> Ipv4Addr {
    if side == Side::Client { CLIENT } else { SERVER }
}

#[inline]
fn isn(hosts: &[SeedDraws; 2], side: Side, local: u16, peer: u16, incarnation: u32) -> u32 {
    let peer = SocketAddrV4::new(address(side.peer()), peer);
    hosts[side as usize].initial_sequence_number(local, peer, incarnation)
}

/// A packet of the lines.
struct Packet<'l> {
    lines: &'l [u8],
    /// Where the TCP header begins, and where the headers end.
    tcp: usize,
    end: usize,
    from: Side,
    payload: u32,
}

impl Packet<'_> {
    fn short(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.lines[self.tcp + at], self.lines[self.tcp + at + 1]])
    }

    fn flags(&self) -> Flags {
        Flags(self.lines[self.tcp + 13])
    }

    /// The number of sequence numbers that the packet occupies.
    fn length(&self) -> u32 {
        let taken = [Flags::SYN, Flags::FIN].map(|flag| u32::from(self.flags().has(flag)));
        self.payload.wrapping_add(taken[0] + taken[1])
    }

    /// Where the numbers of the SACK blocks are.
    fn sack_numbers(&self) -> Option<Vec<usize>> {
        let (mut at, mut numbers) = (self.tcp + 20, Vec::new());
        while at < self.end {
            let kind = self.lines[at];
            if kind == 0 {
                break;
            }
            let length = if kind == 1 { 1 } else { usize::from(*self.lines.get(at + 1)?) };
            if length == 0 || at + length > self.end {
                return None;
            }
            if kind == SACK {
                numbers.extend((at + 2..at + length).step_by(4));
            }
            at += length;
        }
        Some(numbers)
    }
}

impl Numbering {
    /// Whether a 4-tuple was used twice: a host in TIME-WAIT compares the numbers of two
    /// connections.
    pub(super) fn reuses(&self) -> bool {
        self.spaces.iter().any(|space| space.incarnation > 0)
    }

    /// Reads the first `packets` lines of a run; `hosts` are the draws of the run's seed. `None`: a
    /// number belongs to no connection of the run, or is too far from all sent bytes.
    pub(super) fn read(lines: &[u8], packets: u64, hosts: &[SeedDraws; 2]) -> Option<Self> {
        let (mut numbering, mut at) = (Self::default(), 0);
        for _ in 0..packets {
            let ip = at + BEFORE_HEADERS;
            let tcp = ip + usize::from(lines.get(ip)? & 0x0f) * 4;
            let end = tcp + usize::from(lines.get(tcp + 12)? >> 4) * 4;
            let from =
                if lines[at + 8] == Side::Client as u8 { Side::Client } else { Side::Server };
            let payload = u32::from_le_bytes(lines[at + 10..at + 14].try_into().ok()?);
            at = if lines[at + 9] == CHANGED { end + BEHIND_CHANGED } else { end };
            if at > lines.len() {
                return None;
            }
            numbering.packet(&Packet { lines, tcp, end, from, payload }, hosts)?;
        }
        Some(numbering)
    }

    fn packet(&mut self, packet: &Packet<'_>, hosts: &[SeedDraws; 2]) -> Option<()> {
        let Packet { lines, tcp, from, .. } = *packet;
        let (source, destination) = (packet.short(0), packet.short(2));
        let [mine, theirs] = [(from, source, destination), (from.peer(), destination, source)];
        let flags = packet.flags();
        let number = |at: usize| word(lines, at);
        if flags.has(Flags::SYN) {
            self.begin(mine, number(tcp + 4), hosts)?;
        }
        let spaces = self.spaces.len();
        let seq = self.number(mine, tcp + 4, number(tcp + 4));
        match seq {
            Some((space, relative)) => {
                let end = relative.wrapping_add(packet.length());
                let known = &mut self.spaces[usize::from(space)].end;
                if !flags.has(Flags::RST) {
                    *known = (*known).max(end);
                }
            }
            // A RST for a segment without ACK is numbered 0 (RFC 9293 §3.10.7.1).
            None if flags.has(Flags::RST) && number(tcp + 4) == 0 => {}
            None => return None,
        }
        let ack = match flags.has(Flags::ACK) {
            true => Some(self.number(theirs, tcp + 8, number(tcp + 8))?),
            false if number(tcp + 8) == 0 => None,
            false => return None,
        };
        for at in packet.sack_numbers()? {
            self.number(theirs, at, number(at))?;
        }
        debug_assert_eq!(spaces, self.spaces.len());
        let (space, reversed) = match (seq, ack) {
            (Some((space, _)), _) => (space, false),
            (None, Some((space, _))) => (space, true),
            (None, None) => return None,
        };
        self.ports.push(Ports { at: u32::try_from(tcp).ok()?, space, reversed });
        Some(())
    }

    /// Notes a SYN with the sequence number `seq`: a space begins, unless the SYN is a
    /// retransmission.
    fn begin(&mut self, ends: (Side, u16, u16), seq: u32, hosts: &[SeedDraws; 2]) -> Option<()> {
        let (side, local, peer) = ends;
        let same = |actual: &Actual| (actual.side, actual.local, actual.peer) == ends;
        if self.actual.iter().any(|actual| same(actual) && actual.isn == seq) {
            return Some(());
        }
        let incarnation =
            (0..INCARNATIONS).find(|times| isn(hosts, side, local, peer, *times) == seq)?;
        let (mine, other) =
            (ClassPort::of(local, side, hosts), ClassPort::of(peer, side.peer(), hosts));
        self.spaces.push(SequenceSpace { side, local: mine, peer: other, incarnation, end: 1 });
        self.actual.push(Actual { side, local, peer, isn: seq });
        Some(())
    }

    /// Notes the number at `at` as a number of a space between these ends. Of several spaces, the
    /// number belongs to the space with the smallest relative number. `None`: no space has the
    /// number.
    fn number(&mut self, ends: (Side, u16, u16), at: usize, value: u32) -> Option<(u16, u32)> {
        let between = |actual: &Actual| (actual.side, actual.local, actual.peer) == ends;
        let spaces = self.actual.iter().enumerate().filter(|(_, actual)| between(actual));
        let lies = spaces.map(|(space, actual)| (value.wrapping_sub(actual.isn), space));
        let (relative, space) = lies.min()?;
        if relative > self.spaces[space].end.saturating_add(BEYOND) {
            return None;
        }
        let space = u16::try_from(space).ok()?;
        self.numbers.push(Number { at: u32::try_from(at).ok()?, space, relative });
        Some((space, relative))
    }

    /// Whether a number of the run comes within `margin` of the wrap.
    pub(super) fn wraps(&self, margin: u32) -> bool {
        self.spaces.iter().zip(&self.actual).any(|(space, actual)| {
            actual.isn.checked_add(space.end).and_then(|end| end.checked_add(margin)).is_none()
        })
    }
}

#[inline]
fn word(lines: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([lines[at], lines[at + 1], lines[at + 2], lines[at + 3]])
}
