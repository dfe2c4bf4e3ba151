//! `trace` records a run as data: every packet in order of emission, and the notes of the hosts.
//! The trace computes the digest of the run and keeps as much of the rest as the caller asks for;
//! recording more never changes a run.

use std::time::Duration;

use halfclose_stack::{Note, Segment, checksum};

use crate::network::digest::Digest;
use crate::network::fate::Fate;
use crate::outcome::Counts;
use crate::side::Side;
use crate::terms::clone_by_field::clone_by_field;

/// How much of a run to keep. The digest is the same at every level that has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recording {
    /// The counts alone: the digest is 0.
    Counts,
    /// The digest and the counts.
    #[default]
    Digest,
    /// Also the words of both programs.
    Dialogue,
    /// Also every packet's headers, and the notes of the hosts.
    Headers,
    /// Also every packet's payload.
    Packets,
}

/// An event of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A host handed a packet to the link.
    Packet(PacketEvent),
    /// A fault put a forged packet on the link. A forged packet is not counted and has no emission
    /// number of its own: the event has the number of the packet that triggered the fault.
    Forged(PacketEvent),
    /// A host noted a change of one of its connections.
    Note(Side, Note),
}

/// A packet when its host handed the packet to the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketEvent {
    /// Virtual time of the emission.
    pub at: Duration,
    /// The packet's emission number: its position in the order of all packets of the run, counted
    /// from 0.
    pub emission: u64,
    /// The sender of the packet.
    pub from: Side,
    /// The packet's fate on the link.
    pub fate: Fate,
    /// Bytes of the whole packet.
    pub length: usize,
    /// Range of the packet's recorded bytes in the trace.
    recorded: std::ops::Range<usize>,
}

/// A packet that reached a host: the packet as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// When the packet arrived, in virtual time.
    pub at: Duration,
    /// The host that got the packet.
    pub to: Side,
    /// How many events the trace had before the packet arrived.
    pub after: usize,
    /// The emission number of the packet, or of the packet that this packet copies or was forged for.
    pub emission: u64,
    recorded: std::ops::Range<usize>,
}

/// The record of a run.
pub struct Trace {
    recording: Recording,
    digest: Digest,
    counts: Counts,
    /// Number of packets that faults forged.
    forged: u64,
    events: Vec<Event>,
    arrived: Vec<Arrived>,
    bytes: Vec<u8>,
}

clone_by_field! { Trace { recording, digest, counts, forged, events, arrived, bytes } }

impl Trace {
    /// An empty trace of this level of recording.
    #[must_use]
    pub fn new(recording: Recording) -> Self {
        Self {
            recording,
            digest: Digest::new(),
            counts: Counts::default(),
            forged: 0,
            events: Vec::new(),
            arrived: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Empty the trace, keeping the memory.
    pub fn reset(&mut self, recording: Recording) {
        self.recording = recording;
        self.digest.reset();
        self.counts = Counts::default();
        self.forged = 0;
        self.events.clear();
        self.arrived.clear();
        self.bytes.clear();
    }

    /// The trace's level of recording.
    #[must_use]
    pub fn recording(&self) -> Recording {
        self.recording
    }

    /// The emission number of the next packet.
    #[inline]
    #[must_use]
    pub fn next_emission(&self) -> u64 {
        self.counts.client + self.counts.server
    }

    /// Record a packet that was handed to the link at `at` and met `fate`. Returns the packet's
    /// emission number.
    #[inline(always)]
    pub fn packet(&mut self, at: Duration, from: Side, fate: Fate, packet: &[u8]) -> u64 {
        let emission = self.next_emission();
        match from {
            Side::Client => self.counts.client += 1,
            Side::Server => self.counts.server += 1,
        }
        self.counts.dropped += u64::from(!fate.arrives());
        if self.recording == Recording::Counts {
            return emission;
        }
        let headers = digest_packet(&mut self.digest, at, from, fate, packet);
        if self.recording >= Recording::Headers {
            let event = self.record((at, from, fate), emission, packet, headers);
            self.events.push(Event::Packet(event));
        }
        emission
    }

    /// A packet reached the host of `to` at `at`, as `packet`. Kept from [`Recording::Headers`] on, the
    /// bytes at [`Recording::Packets`] only, and no part of the digest.
    #[inline]
    pub fn arrives(&mut self, at: Duration, to: Side, emission: u64, packet: &[u8]) {
        if self.recording >= Recording::Headers {
            let start = self.bytes.len();
            if self.recording == Recording::Packets {
                self.bytes.extend_from_slice(packet);
            }
            let recorded = start..self.bytes.len();
            self.arrived.push(Arrived { at, to, after: self.events.len(), emission, recorded });
        }
    }

    /// The packets that reached a host, in order, each with its bytes; without bytes below
    /// [`Recording::Packets`], and empty below [`Recording::Headers`].
    pub fn arrivals(&self) -> impl Iterator<Item = (&Arrived, &[u8])> {
        self.arrived.iter().map(|arrived| (arrived, &self.bytes[arrived.recorded.clone()]))
    }

    /// A fault forged a packet in the name of `from`, at the packet of emission number `trigger`.
    #[cold]
    pub fn forged(&mut self, at: Duration, from: Side, trigger: u64, packet: &[u8]) {
        self.forged += 1;
        if self.recording == Recording::Counts {
            return;
        }
        let headers = digest_packet(&mut self.digest, at, from, Fate::Forged, packet);
        if self.recording >= Recording::Headers {
            let event = self.record((at, from, Fate::Forged), trigger, packet, headers);
            self.events.push(Event::Forged(event));
        }
    }

    fn record(
        &mut self,
        (at, from, fate): (Duration, Side, Fate),
        emission: u64,
        packet: &[u8],
        headers: usize,
    ) -> PacketEvent {
        let keep = if self.recording == Recording::Packets { packet.len() } else { headers };
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&packet[..keep]);
        let recorded = start..self.bytes.len();
        PacketEvent { at, emission, from, fate, length: packet.len(), recorded }
    }

    /// A host noted something.
    #[inline]
    pub fn note(&mut self, side: Side, note: &Note) {
        if self.recording >= Recording::Headers {
            self.events.push(Event::Note(side, *note));
        }
    }

    /// Something of the outcome enters the digest.
    pub fn conclude(&mut self, with: &[u8]) {
        if self.recording == Recording::Counts {
            return;
        }
        self.digest.add(&(with.len() as u64).to_le_bytes());
        self.digest.add(with);
    }

    /// From now on, keep the lines of the digest as they are as long as they have at most so many
    /// bytes.
    pub fn keep_lines(&mut self, bytes: usize) {
        self.digest.gather(bytes);
    }

    /// The lines of the digest and the number of packet lines, which come first. `None` if the
    /// lines were too long to keep.
    #[must_use]
    pub fn lines(&self) -> Option<(&[u8], u64)> {
        let packets = self.next_emission() + self.forged;
        self.digest.gathered().map(|lines| (lines, packets))
    }

    /// The digest of everything recorded so far; 0 at [`Recording::Counts`].
    #[must_use]
    pub fn digest(&self) -> u128 {
        if self.recording == Recording::Counts { 0 } else { self.digest.value() }
    }

    /// Packets so far, counted by sender and by loss.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The recorded events, in order.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The recorded packets in order of emission, each with its recorded bytes.
    pub fn packets(&self) -> impl Iterator<Item = (&PacketEvent, &[u8])> {
        self.events.iter().filter_map(|event| match event {
            Event::Packet(packet) => Some((packet, self.bytes(packet))),
            Event::Forged(_) | Event::Note(..) => None,
        })
    }

    /// The same with forged packets among them, as a wire would show them.
    pub fn wire(&self) -> impl Iterator<Item = (&PacketEvent, &[u8])> {
        self.events.iter().filter_map(|event| match event {
            Event::Packet(packet) | Event::Forged(packet) => Some((packet, self.bytes(packet))),
            Event::Note(..) => None,
        })
    }

    /// The same from the event of index `first` on.
    #[cfg(all(feature = "net", target_os = "linux"))]
    pub(crate) fn wire_from(&self, first: usize) -> impl Iterator<Item = (&PacketEvent, &[u8])> {
        self.events[first..].iter().filter_map(|event| match event {
            Event::Packet(packet) | Event::Forged(packet) => Some((packet, self.bytes(packet))),
            Event::Note(..) => None,
        })
    }

    /// Drops the recorded events, and keeps the counts and the digest: for a run that is longer than
    /// the memory.
    #[cfg(all(feature = "net", target_os = "linux"))]
    pub(crate) fn forget_events(&mut self) {
        self.events.clear();
        self.arrived.clear();
        self.bytes.clear();
    }

    /// The recorded bytes of a packet: the headers, or the whole packet.
    #[must_use]
    pub fn bytes(&self, packet: &PacketEvent) -> &[u8] {
        &self.bytes[packet.recorded.clone()]
    }
}

/// Time, direction, fate, payload length; then the headers without their checksums. Returns the length
/// of the headers.
#[inline(always)]
fn digest_packet(
    digest: &mut Digest,
    at: Duration,
    from: Side,
    fate: Fate,
    packet: &[u8],
) -> usize {
    let segment = Segment::peek(packet).expect("a packet on the link has whole headers");
    let headers = usize::from(segment.payload_start).min(packet.len());
    let micros = at.as_secs() * 1_000_000 + u64::from(at.subsec_micros());
    let payload = (packet.len() - headers) as u64;
    let what = u64::from(from as u8) | u64::from(fate.code()) << 8 | payload << 16;
    let mut line = [0; 16 + Segment::HEADERS];
    line[..8].copy_from_slice(&micros.to_le_bytes());
    line[8..16].copy_from_slice(&what.to_le_bytes());
    if headers == Segment::HEADERS {
        line[16..].copy_from_slice(&packet[..Segment::HEADERS]);
        checksum::clear(&mut line[16..], segment.tcp_start());
        digest.add(&line);
    } else {
        digest.add(&line[..16]);
        checksum::clear(digest.add(&packet[..headers]), segment.tcp_start());
    }
    if let Fate::Changed(changes) = fate {
        digest.add(&changes.digest());
    }
    headers
}
