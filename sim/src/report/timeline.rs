//! `timeline` turns a recorded run into the lists that pictures draw: packets with their arrivals, the
//! states of both hosts, notes, and destroyed bytes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use halfclose_stack::{Flags, Kind, Note, NoteKind, ResetCause, Segment, State};

use crate::network::channel::Channels;
use crate::network::fate::{Changes, Fate};
use crate::network::trace::{Event, PacketEvent};
use crate::report::ladder::TraceScope;
use crate::run::Finished;
use crate::side::Side;

/// A recorded run, ready for pictures.
pub(crate) struct Timeline<'a> {
    /// The packets in order of emission, forged packets among them.
    pub packets: Vec<SeenPacket<'a>>,
    /// The names of the connections, in order of appearance.
    pub channels: Vec<String>,
    /// The states of both hosts, one span after another.
    pub spans: Vec<StateSpan>,
    /// The notes of the hosts beside changes of state.
    pub notes: Vec<SeenNote>,
    /// Received bytes that a host destroyed.
    pub discarded: Vec<SeenDiscard>,
    /// When the network had become quiet.
    pub end: Duration,
}

/// A packet with its arrivals.
pub(crate) struct SeenPacket<'a> {
    /// The record of the emission.
    pub event: &'a PacketEvent,
    /// The recorded bytes: at least the headers.
    pub bytes: &'a [u8],
    /// The headers of the packet, decoded.
    pub segment: Segment,
    /// Whether a fault forged the packet.
    pub forged: bool,
    /// The place of the emission among the events of the trace.
    pub order: usize,
    /// The place of the connection in [`Timeline::channels`].
    pub channel: usize,
    /// The initial sequence numbers of the sender and of the receiver.
    pub isn: [u32; 2],
    /// Whether every sequence number of the packet was sent before.
    pub again: bool,
    /// The arrivals: none for a lost packet, two for a duplicated packet.
    pub arrivals: Vec<SeenArrival>,
    /// Why the host sent the packet, if the packet is a RST.
    pub reason: Option<ResetCause>,
}

/// An arrival of a packet at the receiving host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeenArrival {
    /// The time of the arrival.
    pub at: Duration,
    /// The number of events in the trace before the arrival.
    pub order: usize,
}

/// A state of a connection at one host, from a time to a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StateSpan {
    /// The side of the host.
    pub side: Side,
    /// The place of the connection in [`Timeline::channels`].
    pub channel: usize,
    /// The state during the span.
    pub state: State,
    /// The beginning of the span, with the place among the events.
    pub from: (Duration, usize),
    /// The end of the span, with the place among the events.
    pub until: (Duration, usize),
}

/// A note of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeenNote {
    /// The time of the note.
    pub at: Duration,
    /// The place among the events of the trace.
    pub order: usize,
    /// The side of the host.
    pub side: Side,
    /// The place of the connection in [`Timeline::channels`].
    pub channel: usize,
    /// The note in words.
    pub text: String,
}

/// Received bytes that a host destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeenDiscard {
    /// The time of the destruction.
    pub at: Duration,
    /// The side of the host.
    pub side: Side,
    /// The place of the connection in [`Timeline::channels`].
    pub channel: usize,
    /// The number of bytes.
    pub bytes: usize,
}

impl SeenPacket<'_> {
    /// The emission number; none for a forged packet, which no host emitted.
    pub(crate) fn number(&self) -> Option<u64> {
        (!self.forged).then_some(self.event.emission)
    }

    /// The segment in packetdrill's notation, as a trace prints the segment.
    pub(crate) fn text(&self) -> String {
        self.segment.relative(self.bytes, self.isn).to_string()
    }

    /// The sequence number relative to the initial sequence number of the sender.
    pub(crate) fn seq(&self) -> u32 {
        self.segment.seq.wrapping_sub(self.isn[0])
    }

    /// The acknowledgment number relative to the initial sequence number of the receiver.
    pub(crate) fn ack(&self) -> Option<u32> {
        let ack = self.segment.ack.wrapping_sub(self.isn[1]);
        self.segment.flags.has(Flags::ACK).then_some(ack)
    }

    /// Whether the packet is part of a handshake or of an end, or met a fate other than delivery in
    /// turn: such packets stay in a thinned picture.
    pub(crate) fn matters(&self) -> bool {
        let plain = matches!(self.segment.kind(), Kind::Data | Kind::Ack);
        !plain || self.is_impaired()
    }

    /// Whether the link lost the packet or changed more than the time of the arrival by chance.
    pub(crate) fn is_impaired(&self) -> bool {
        use crate::network::fate::Moved::{InTurn, Jitter};
        match self.event.fate {
            Fate::Deliver => false,
            Fate::Changed(Changes { duplicated, corrupted, moved: InTurn | Jitter(_) }) => {
                duplicated || corrupted.is_some()
            }
            _ => true,
        }
    }

    /// The fate of the packet in words; empty for plain delivery.
    pub(crate) fn fate(&self) -> Cow<'static, str> {
        self.event.fate.words()
    }
}

impl<'a> Timeline<'a> {
    /// The timeline of a run that was recorded with headers.
    pub(crate) fn of(finished: &'a Finished) -> Self {
        let mut building = Building::default();
        let (mut packets, trace) = (Vec::new(), &finished.trace);
        for (order, event) in trace.events().iter().enumerate() {
            match event {
                Event::Packet(event) => {
                    packets.extend(building.packet(event, trace.bytes(event), order, false));
                }
                Event::Forged(event) => {
                    packets.extend(building.packet(event, trace.bytes(event), order, true));
                }
                Event::Note(side, note) => building.note(*side, note, order),
            }
        }
        let end = finished.outcome.quiet_at;
        building.settle(None);
        building.close((end, trace.events().len()));
        arrive(finished, &mut packets);
        for reset in &finished.outcome.resets {
            let Some(number) = reset.packet else { continue };
            let at = packets.partition_point(|packet| packet.event.emission < number);
            let mut same = packets[at..].iter_mut();
            if let Some(packet) = same.find(|packet| packet.number() == Some(number)) {
                packet.reason = Some(reset.cause);
            }
        }
        let discard = |it: &crate::outcome::Discarded| {
            let (client, server) = match it.side {
                Side::Client => (it.local.port(), it.peer.port()),
                Side::Server => (it.peer.port(), it.local.port()),
            };
            let channel = building.between(client, server);
            SeenDiscard { at: it.at, side: it.side, channel, bytes: it.bytes }
        };
        let discarded = finished.discarded.iter().map(discard).collect();
        let Building { names, spans, notes, .. } = building;
        Self { packets, channels: names, spans, notes, discarded, end }
    }
}

impl Timeline<'_> {
    /// Leaves out every connection that is not in scope.
    pub(crate) fn retain(&mut self, scope: TraceScope) {
        let taken: Vec<_> = self.channels.iter().map(|name| scope.takes(name)).collect();
        self.packets.retain(|packet| taken[packet.channel]);
        self.spans.retain(|span| taken[span.channel]);
        self.notes.retain(|note| taken[note.channel]);
        self.discarded.retain(|it| taken[it.channel]);
    }
}

/// Gives each packet its arrivals. Of the arrivals with one emission number in one direction, the first
/// ones belong to the packet itself, the others to forged packets.
fn arrive(finished: &Finished, packets: &mut [SeenPacket<'_>]) {
    let mut free: BTreeMap<(u64, Side), Vec<usize>> = BTreeMap::new();
    for (at, packet) in packets.iter().enumerate() {
        let copies = match packet.event.fate {
            Fate::Changed(Changes { duplicated: true, .. }) => 2,
            fate => usize::from(fate.arrives()),
        };
        let places = free.entry((packet.event.emission, packet.event.from.peer())).or_default();
        places.extend(std::iter::repeat_n(at, copies));
    }
    for (arrived, _) in finished.trace.arrivals() {
        let Some(places) = free.get_mut(&(arrived.emission, arrived.to)) else { continue };
        if !places.is_empty() {
            let place = places.remove(0);
            packets[place].arrivals.push(SeenArrival { at: arrived.at, order: arrived.after });
        }
    }
}

/// The lists of a timeline while the events are read.
#[derive(Default)]
struct Building {
    channels: Channels,
    names: Vec<String>,
    indexes: BTreeMap<String, usize>,
    /// The sequence number behind everything that each side of a channel has sent.
    sent: BTreeMap<(usize, Side), u32>,
    /// The span of each host and channel that is not over.
    open: BTreeMap<(Side, usize), StateSpan>,
    spans: Vec<StateSpan>,
    notes: Vec<SeenNote>,
    /// Notes of connections that are about to open: the next packet says which connection.
    opening: Vec<(Side, Note, usize)>,
}

impl Building {
    fn index(&mut self, name: String) -> usize {
        let names = &mut self.names;
        *self.indexes.entry(name).or_insert_with_key(|name| {
            names.push(name.clone());
            names.len() - 1
        })
    }

    fn between(&mut self, client: u16, server: u16) -> usize {
        let name = self.channels.between(client, server).name();
        self.index(name)
    }

    fn packet<'a>(
        &mut self,
        event: &'a PacketEvent,
        bytes: &'a [u8],
        order: usize,
        forged: bool,
    ) -> Option<SeenPacket<'a>> {
        let segment = Segment::parse_headers(bytes)?;
        let from = event.from;
        let channel = self.channels.of(from, &segment);
        let isn = [channel.isn(from), channel.isn(from.peer())];
        let name = channel.name();
        let channel = self.index(name);
        self.settle(Some(&segment));
        let end = segment.seq.wrapping_add(segment.len());
        let again = match self.sent.get_mut(&(channel, from)) {
            _ if forged || segment.kind() == Kind::Rst => false,
            Some(sent) if end.wrapping_sub(*sent).cast_signed() > 0 => {
                *sent = end;
                false
            }
            Some(_) => !segment.is_empty(),
            None => {
                self.sent.insert((channel, from), end);
                false
            }
        };
        let (arrivals, reason) = (Vec::new(), None);
        let packet = SeenPacket {
            event,
            bytes,
            segment,
            forged,
            order,
            channel,
            isn,
            again,
            arrivals,
            reason,
        };
        Some(packet)
    }

    fn note(&mut self, side: Side, note: &Note, order: usize) {
        if let NoteKind::State { to: State::SynSent, .. } = note.kind {
            self.opening.push((side, *note, order));
        } else {
            self.take(side, note, order);
        }
    }

    /// Takes the notes that waited for this packet, or all.
    fn settle(&mut self, packet: Option<&Segment>) {
        let ports = packet.map(Segment::ports);
        let (now, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.opening).into_iter().partition(|(_, note, _)| {
                ports.is_none_or(|ports| ports == [note.local.port(), note.peer.port()])
            });
        self.opening = later;
        for (side, note, order) in now {
            self.take(side, &note, order);
        }
    }

    fn take(&mut self, side: Side, note: &Note, order: usize) {
        let (client, server) = match side {
            Side::Client => (note.local.port(), note.peer.port()),
            Side::Server => (note.peer.port(), note.local.port()),
        };
        let (channel, at) = (self.between(client, server), note.at);
        let text = match note.kind {
            NoteKind::State { to, .. } => return self.enter(side, channel, to, (at, order)),
            NoteKind::Ended(ending) => format!("ended: {ending}"),
            NoteKind::ResetSent(cause) => format!("reset: {}", cause.words()),
            NoteKind::Divergence(divergence) => format!("smoltcp: {divergence}"),
            NoteKind::Discarded(_) | NoteKind::Unchallenged => return,
        };
        self.notes.push(SeenNote { at, order, side, channel, text });
    }

    fn enter(&mut self, side: Side, channel: usize, state: State, from: (Duration, usize)) {
        let span = StateSpan { side, channel, state, from, until: from };
        if let Some(mut before) = self.open.insert((side, channel), span) {
            before.until = from;
            self.spans.push(before);
        }
    }

    /// Ends the spans that are open at the end of the run.
    fn close(&mut self, until: (Duration, usize)) {
        for (_, mut span) in std::mem::take(&mut self.open) {
            span.until = until;
            self.spans.push(span);
        }
        self.spans.retain(|span| !matches!(span.state, State::Closed | State::Listen));
        self.spans.sort_by_key(|span| (span.channel, span.side, span.from));
    }
}
