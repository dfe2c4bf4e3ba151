//! `reached` finds the pairs of a recorded run.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use halfclose_ftp::report::Speaker;
use halfclose_stack::{Ending, Flags, Kind, Note, NoteKind, Segment, State};

use super::{Pair, TcpEvent, TransferCommand};
use crate::network::fate::{Changes, Fate};
use crate::network::trace::{Arrived, Event, PacketEvent, Recording, Trace};
use crate::outcome::Outcome;
use crate::side::Side;
use crate::world::World;
use crate::world::lookup::Lookup;

/// The pairs that a run reached, in order, each once. `world` has made the run, and `outcome` is the
/// result.
///
/// # Panics
/// As [`hits`].
pub(crate) fn pairs(world: &World<'_>, outcome: &Outcome) -> Vec<Pair> {
    hits(world, outcome).into_keys().collect()
}

/// The pairs that a run reached, each with the number of times.
///
/// # Panics
/// If the run was recorded without headers.
pub(crate) fn hits(world: &World<'_>, outcome: &Outcome) -> BTreeMap<Pair, u32> {
    let trace = world.trace();
    assert!(trace.recording() >= Recording::Headers, "coverage reads the headers of packets");
    let mut walk = Walk::new(trace);
    walk.run();
    for (state, aborts) in world.calls() {
        let event = if aborts { TcpEvent::Abort } else { TcpEvent::Close };
        walk.reach(event, state);
    }
    let mut all = walk.reached;
    transfers(world, outcome, &mut all);
    all
}

/// A connection at a host: the side, the local port, the port of the peer.
type End = (Side, u16, u16);

/// The packets that reach a host, by emission number and receiver, in the order of arrival; `None`: the
/// packet arrives damaged, and the host drops the packet unread.
type Arriving = BTreeMap<(u64, Side), VecDeque<Option<Segment>>>;

/// Of the arrivals with one emission number at one host, the first ones belong to the packet itself, the
/// others to forged packets.
fn arriving(trace: &Trace) -> Arriving {
    let mut all = Arriving::new();
    for (packet, bytes) in trace.wire() {
        let copies = match packet.fate {
            Fate::Changed(Changes { duplicated: true, .. }) => 2,
            fate => usize::from(fate == Fate::Forged || fate.arrives()),
        };
        let damaged = matches!(packet.fate, Fate::Changed(Changes { corrupted: Some(_), .. }));
        let segment = Segment::parse_headers(bytes).filter(|_| !damaged);
        let there = all.entry((packet.emission, packet.from.peer())).or_default();
        there.extend(std::iter::repeat_n(segment, copies));
    }
    all
}

/// A walk through the events of a trace.
struct Walk<'t> {
    trace: &'t Trace,
    packets: Arriving,
    /// The state of each connection, and the state before.
    states: BTreeMap<End, [State; 2]>,
    /// The sequence number behind everything that each connection has sent.
    sent: BTreeMap<End, u32>,
    /// The last arrival: connection and time.
    last: Option<(End, Duration)>,
    reached: BTreeMap<Pair, u32>,
}

impl<'t> Walk<'t> {
    fn new(trace: &'t Trace) -> Self {
        Self {
            trace,
            packets: arriving(trace),
            states: BTreeMap::new(),
            sent: BTreeMap::new(),
            last: None,
            reached: BTreeMap::new(),
        }
    }

    fn run(&mut self) {
        let trace = self.trace;
        let mut arrivals = trace.arrivals().map(|(arrived, _)| arrived).peekable();
        for (index, event) in trace.events().iter().enumerate() {
            while let Some(arrived) = arrivals.next_if(|arrived| arrived.after <= index) {
                let until = arrivals.peek().map_or(trace.events().len(), |next| next.after);
                self.arrives(arrived, &trace.events()[arrived.after..until]);
            }
            match event {
                Event::Packet(packet) => self.leaves(packet),
                Event::Note(side, note) => self.noted(*side, note),
                Event::Forged(_) => {}
            }
        }
        arrivals.for_each(|arrived| self.arrives(arrived, &[]));
    }

    fn reach(&mut self, event: TcpEvent, state: State) {
        let pair = Pair::Tcp(event, state);
        if !pair.has_no_event() {
            *self.reached.entry(pair).or_default() += 1;
        }
    }

    fn state(&self, end: End) -> State {
        self.states.get(&end).map_or(State::Closed, |[now, _]| *now)
    }

    /// A packet arrives, and `behind` are the events up to the next arrival.
    fn arrives(&mut self, arrived: &Arrived, behind: &[Event]) {
        let packet = self.packets.get_mut(&(arrived.emission, arrived.to));
        let Some(segment) = packet.and_then(VecDeque::pop_front).flatten() else { return };
        let [from, to] = segment.ports();
        let end = (arrived.to, to, from);
        let opens = |event: &Event| match event {
            Event::Note(side, note) => {
                end_of(*side, note) == end
                    && matches!(note.kind, NoteKind::State { from: State::Listen, .. })
            }
            _ => false,
        };
        let kind = segment.kind();
        let state = match self.state(end) {
            State::Closed if kind == Kind::Syn && behind.iter().any(opens) => State::Listen,
            state => state,
        };
        self.last = Some((end, arrived.at));
        self.reach(TcpEvent::Arrives(kind), state);
    }

    /// A host hands a packet to the link.
    fn leaves(&mut self, packet: &PacketEvent) {
        let Some(segment) = Segment::parse_headers(self.trace.bytes(packet)) else { return };
        if segment.is_empty() || segment.flags.has(Flags::RST) {
            return;
        }
        let [local, peer] = segment.ports();
        let end = (packet.from, local, peer);
        let behind = segment.seq.wrapping_add(segment.len());
        match self.sent.get(&end) {
            Some(sent) if behind.wrapping_sub(*sent).cast_signed() <= 0 => {
                self.reach(TcpEvent::Resent, self.state(end));
            }
            _ => {
                self.sent.insert(end, behind);
            }
        }
    }

    fn noted(&mut self, side: Side, note: &Note) {
        let end = end_of(side, note);
        match note.kind {
            NoteKind::State { from, to } => {
                if matches!(from, State::Closed | State::Listen) {
                    self.sent.remove(&end);
                }
                if to == State::SynSent {
                    self.reach(TcpEvent::Open, from);
                }
                let arrival = self.last == Some((end, note.at));
                if (from, to) == (State::TimeWait, State::Closed) && !arrival {
                    self.reach(TcpEvent::Deadline, from);
                }
                self.states.insert(end, [to, from]);
            }
            NoteKind::Ended(Ending::TimedOut) => {
                let [now, before] = self.states.get(&end).copied().unwrap_or([State::Closed; 2]);
                let state = if now == State::Closed { before } else { now };
                self.reach(TcpEvent::Deadline, state);
            }
            _ => {}
        }
    }
}

fn end_of(side: Side, note: &Note) -> End {
    (side, note.local.port(), note.peer.port())
}

/// Adds the command of each transfer with the ends of the data connection.
fn transfers(world: &World<'_>, outcome: &Outcome, all: &mut BTreeMap<Pair, u32>) {
    let (mut lookup, dialogue) = (Lookup::default(), world.client().dialogue());
    lookup.build(world.ended(), dialogue);
    for (transfer, report) in outcome.transfers.iter().zip(world.client().reports()) {
        let until = report.ended.unwrap_or(world.now());
        // Without a delay on the link, a transfer begins and says the command at one instant.
        let since = report.started.saturating_sub(Duration::from_nanos(1));
        let lines = lookup.lines(dialogue, report.session, since);
        let lines = lines.take_while(|line| line.at <= until);
        let lines = lines.filter(|line| line.speaker == Speaker::Client);
        let aborted = transfer.aborted.then_some(TransferCommand::Abor);
        let said = lines.filter_map(|line| command(&line.text)).last();
        for command in said.into_iter().chain(aborted) {
            let ends =
                [(Side::Client, transfer.ending.client), (Side::Server, transfer.ending.server)];
            let ended = ends.into_iter().filter_map(|(side, ending)| Some((side, ending?)));
            for (side, ending) in ended {
                *all.entry(Pair::Ftp(command, side, ending)).or_default() += 1;
            }
        }
    }
}

/// The command of a line, if the command has a data connection.
fn command(line: &str) -> Option<TransferCommand> {
    let word = line.split(' ').next().unwrap_or_default();
    let transfers = TransferCommand::ALL.into_iter().filter(|it| *it != TransferCommand::Abor);
    transfers.into_iter().find(|command| word.eq_ignore_ascii_case(command.name()))
}
