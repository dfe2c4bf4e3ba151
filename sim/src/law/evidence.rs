//! `evidence` collects the evidence of the laws during a run: notes, packets with SYN, FIN or RST,
//! calls of the programs, and the dialogue of each control connection. The hooks are cheap: a plain
//! data packet costs a look at its flags.

mod watch;

use std::hash::{Hash, Hasher};
use std::time::Duration;

use halfclose_stack::{Ending, Flags, Note, NoteKind, Segment, State};

use super::connections::{Arrival, Call, ConnectionRecord, Connections, Endpoint, Trigger};
use super::contradiction_law::Cut;
use super::dialogue_law::Dialogues;
use super::disturbance::{disturbs, is_lost};
use super::file_laws::Uploads;
use super::reset_law::Cause;
use super::rest_laws::allowance;
use super::{About, Breach, Table, hash_table, state_law};
use crate::mutant::Liar;
use crate::network::fate::Fate;
use crate::scenario::Scenario;
use crate::side::{CONTROL_PORT, Side};
use crate::terms::clone_by_field::clone_by_field;
use crate::terms::hashed_time::TimeKind;
use crate::terms::law_names::{NO_RESET, RESETS, STATES};
pub(crate) use watch::Watch;

/// The shortest deadline of every host (SYN-RECEIVED: Linux' 63 s).
const PATIENCE: Duration = Duration::from_secs(63);

/// The evidence of one run.
#[derive(Debug, Default)]
pub struct Evidence {
    event: u64,
    trigger: Trigger,
    /// The side at which a packet arrives in this event, and a copy of the packet's headers, for
    /// the few readers of them.
    arrival: Option<(Side, [u8; Segment::HEADERS])>,
    pub(super) connections: Connections,
    /// Ports of the listeners, by side and by the host's number for the listener.
    listeners: Table<(Side, u64), u16>,
    /// Ports of the listeners that the program opened since the last `Evidence::take_listened`.
    listened: Vec<u16>,
    /// Ports of closed listeners, each with the event of the closing.
    unlistened: Vec<(u64, Side, u16)>,
    pub(super) dialogues: Dialogues,
    pub(super) uploads: Uploads,
    pub(super) last_drop: Duration,
    pub(super) last_call: Duration,
    pub(super) reset_lost: bool,
    /// The ends of the client's connections that no FIN of both sides made.
    pub(super) cuts: Vec<Cut>,
    breaches: Vec<Breach>,
    /// A host gives up no connection younger than this.
    patience: Duration,
    /// How long an orphan may stay in FIN-WAIT-2, at the host that waits longest.
    pub(super) fin_wait_2: Duration,
    /// Whether the scenario forbids RSTs on data connections.
    no_reset: bool,
    pub(crate) liar: Liar,
}

clone_by_field! {
    Evidence {
        event, trigger, arrival, connections, listeners, listened, unlistened, dialogues, uploads,
        last_drop, last_call, reset_lost, cuts, breaches, patience, fin_wait_2, no_reset, liar,
    }
}

impl Hash for Evidence {
    /// Hashes what the laws may read later. Left out are: what counts during one event alone, what follows
    /// from the scenario, and the time of the last loss or call, for which see [`Evidence::last_cause`].
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self {
            event: _,
            trigger: _,
            arrival: _,
            connections,
            listeners,
            listened: _,
            unlistened: _,
            dialogues,
            uploads,
            last_drop: _,
            last_call: _,
            reset_lost,
            cuts,
            breaches,
            patience,
            fin_wait_2: _,
            no_reset: _,
            liar,
        } = self;
        // From this time on, a host may give a connection up.
        for known in connections.iter() {
            let until = known.alive().then(|| known.opened + *patience);
            TimeKind::Deadline.hash(until, state);
        }
        (connections, dialogues, uploads).hash(state);
        hash_table(listeners, state);
        (reset_lost, cuts, breaches, liar).hash(state);
    }
}

impl Evidence {
    /// Nothing was seen of a run of `scenario`.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let policies = [Side::Client, Side::Server].map(|side| scenario.close_policy(side));
        let lingers = policies.iter().filter_map(|policy| policy.linger);
        let patience = lingers.min().map_or(PATIENCE, |it| it.min(PATIENCE));
        let fin_wait_2 = policies.iter().filter_map(|policy| policy.fin_wait_2).max();
        let fin_wait_2 = fin_wait_2.unwrap_or_default();
        let no_reset = scenario.expect.laws.contains(&NO_RESET);
        let liar = Liar::new(scenario.mutant);
        Self { patience, fin_wait_2, no_reset, liar, ..Self::default() }
    }

    /// Forget the run before, keep the memory.
    pub fn reset(&mut self) {
        (self.event, self.trigger, self.arrival) = (0, Trigger::Open, None);
        self.connections.clear();
        self.listeners.clear();
        self.listened.clear();
        self.unlistened.clear();
        self.dialogues.clear();
        self.uploads.clear();
        (self.last_drop, self.last_call) = (Duration::ZERO, Duration::ZERO);
        self.reset_lost = false;
        self.cuts.clear();
        self.breaches.clear();
        self.liar.reset();
    }

    /// The longest time from the last loss or call to the end of a run that does not rest too late.
    pub(crate) fn allowance(&self, scenario: &Scenario) -> Duration {
        allowance(scenario, self.fin_wait_2)
    }

    /// The time of the last disturbed packet or the last call of a program, whichever is later.
    pub(crate) fn last_cause(&self) -> Duration {
        self.last_drop.max(self.last_call)
    }

    /// Breaches seen so far.
    #[must_use]
    pub fn breaches(&self) -> &[Breach] {
        &self.breaches
    }

    /// The last CLOSE or ABORT on each connection: the state at the call, and whether the call was ABORT
    /// without bytes unread.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (State, bool)> {
        let called = self.connections.iter().filter(|known| known.call != Call::None);
        called.map(|known| (known.state_at_call, known.call == Call::Abort))
    }

    /// The ports of the listeners that a program opened since the last call, oldest first.
    #[inline]
    pub(crate) fn take_listened(&mut self) -> impl Iterator<Item = u16> + '_ {
        self.listened.drain(..)
    }

    /// An event begins without a packet.
    #[inline]
    pub fn begin(&mut self, trigger: Trigger) {
        (self.event, self.trigger, self.arrival) = (self.event + 1, trigger, None);
    }

    /// `packet` is about to be handed to the host of `side`.
    #[inline]
    pub fn arrives(&mut self, side: Side, packet: &[u8]) {
        self.begin(Trigger::Arrival);
        self.arrival = packet.first_chunk().map(|headers| (side, *headers));
    }

    /// `side` is about to hand `packet` to the link.
    #[inline]
    pub fn sees(&self, side: Side, emission: u64, packet: &[u8]) -> Option<Sight> {
        let control = Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0;
        let seen = Segment::peek(packet)?.flags.0 & control != 0;
        if seen { sight(side, emission, packet) } else { None }
    }

    /// A packet that `side` sent from the first port to the second met `fate`. `sight` is the
    /// packet's sight, for packets with SYN, FIN or RST.
    #[inline]
    pub fn left(
        &mut self,
        now: Duration,
        (side, ports): (Side, [u16; 2]),
        sight: Option<Sight>,
        fate: Fate,
    ) {
        let lost = fate != Fate::Deliver && self.disturbed(side, ports, fate);
        if lost {
            self.last_drop = now;
        }
        if let Some(sight) = sight {
            self.control_left(now, &sight, lost);
        }
    }

    /// Whether a packet of this fate is disturbed. A lost packet to a host without the connection
    /// would have been answered with a RST (RFC 9293 §3.5.2): the RST is lost as well.
    #[cold]
    fn disturbed(&mut self, side: Side, [local, peer]: [u16; 2], fate: Fate) -> bool {
        let known = self.connections.get(Endpoint(side.peer(), peer, local));
        self.reset_lost |= is_lost(fate) && known.is_some_and(|known| !known.alive());
        disturbs(fate)
    }

    fn control_left(&mut self, now: Duration, sight: &Sight, lost: bool) {
        let &Sight { ref segment, side, emission } = sight;
        let key = Endpoint(side, segment.source.port(), segment.destination.port());
        if segment.flags.has(Flags::SYN) {
            self.connections.entry(key).iss = Some(segment.seq);
        }
        if segment.flags.has(Flags::FIN) {
            let known = self.connections.entry(key);
            let first = known.iss.map(|iss| iss.wrapping_add(1));
            let end = segment.seq.wrapping_add(u32::from(segment.payload_len));
            known.fin_after = first.map(|first| end.wrapping_sub(first));
        }
        if segment.flags.has(Flags::RST) {
            self.reset_lost |= lost;
            self.reset_leaves(now, emission, key);
        }
    }

    fn reset_leaves(&mut self, now: Duration, emission: u64, key: Endpoint) {
        let (event, before) = (self.event, *self.connections.entry(key));
        if !self.cause(now, key).allows_reset(&before) {
            let Endpoint(_, local, peer) = key;
            let state = before.state_before(event);
            self.breach(Breach {
                law: RESETS,
                at: now,
                side: key.0,
                emission: Some(emission),
                seen: format!("a RST that nothing called for, in {state}, ports {local} to {peer}"),
                about: About::Other,
            });
        }
        if self.no_reset && key.1 != CONTROL_PORT && key.2 != CONTROL_PORT {
            let Endpoint(side, local, peer) = key;
            let state = before.state_before(event);
            self.breach(Breach {
                law: NO_RESET,
                at: now,
                side,
                emission: Some(emission),
                seen: format!("a RST on a data connection, in {state}, ports {local} to {peer}"),
                about: About::Other,
            });
        }
        self.connections.entry(key).reset_in = Some(event);
    }

    /// The packet of this event, if the packet arrived for `key`.
    fn arrived_for(&self, key: Endpoint) -> Option<Arrival> {
        let (side, headers) = self.arrival.as_ref()?;
        let segment = Segment::peek(headers)?;
        let [from, to] = segment.ports();
        let peer = || self.connections.get(Endpoint(side.peer(), from, to));
        (key == Endpoint(*side, to, from)).then(|| Arrival::of(&segment, peer()))
    }

    fn cause(&self, now: Duration, key: Endpoint) -> Cause {
        let Endpoint(side, local, _) = key;
        Cause {
            now,
            event: self.event,
            trigger: self.trigger,
            patience: self.patience,
            arrival: self.arrived_for(key),
            unlistened: self.unlistened.contains(&(self.event, side, local)),
        }
    }

    /// The host of `side` noted something.
    #[inline]
    pub fn noted(&mut self, side: Side, note: &Note) {
        let key = Endpoint(side, note.local.port(), note.peer.port());
        match note.kind {
            NoteKind::State { from, to } if !self.liar.hides(note) => {
                self.changed(note.at, key, from, to);
            }
            NoteKind::Ended(ending) if side == Side::Client && ending != Ending::Finished => {
                // A program that has closed the connection does not learn of a later end.
                let known = self.connections.get(key);
                let call = known.map_or(Call::None, |known| known.call);
                if call == Call::None {
                    let behind_fin = known.is_some_and(|it| it.had_peers_fin(self.event));
                    self.cuts.push(Cut { at: note.at, key, ending, behind_fin, flushed: false });
                }
            }
            NoteKind::Discarded(_) => {
                let cut = self.cuts.last_mut().filter(|cut| cut.key == key);
                cut.into_iter().for_each(|cut| cut.flushed = true);
            }
            NoteKind::Unchallenged => self.reset_lost = true,
            _ => {}
        }
    }

    fn changed(&mut self, at: Duration, key: Endpoint, from: State, to: State) {
        let (event, known) = (self.event, self.connections.entry(key));
        let was = known.state;
        let begins = matches!(from, State::Closed | State::Listen);
        if begins {
            known.begin(event, at);
        }
        known.change(event, to);
        let continues =
            if begins { matches!(was, State::Closed | State::Listen) } else { from == was };
        if continues && state_law::is_free(from, to) {
            return;
        }
        let known = *known;
        self.judge_change((at, key), [from, to, was], &known, continues);
    }

    /// Judge a change of state that needs a cause. `was` is the state before by the record. Not inlined:
    /// most changes need no cause.
    #[inline(never)]
    fn judge_change(
        &mut self,
        (at, key): (Duration, Endpoint),
        [from, to, was]: [State; 3],
        known: &ConnectionRecord,
        continues: bool,
    ) {
        let cause = self.cause(at, key);
        let reset = cause.arrival.is_some_and(|arrival| arrival.reset);
        // RFC 9293 has no timer for FIN-WAIT-2 after a CLOSE; only ABORT ends the state.
        let timer = from == State::FinWait2 && cause.trigger == Trigger::Timer;
        let deadline = timer && !cause.is_called_off(known);
        let forced = state_law::is_forced(from, to) && (reset || (cause.ends(known) && !deadline));
        if continues && forced {
            return;
        }
        let Endpoint(side, local, peer) = key;
        let seen = match continues {
            true => format!("{from} -> {to}, ports {local} to {peer}"),
            false => format!("{from} -> {to} after {was}, ports {local} to {peer}"),
        };
        let about = if continues { About::Arrow(from, to) } else { About::Other };
        self.breach(Breach { law: STATES, at, side, emission: None, seen, about });
    }

    pub(super) fn breach(&mut self, breach: Breach) {
        self.breaches.push(breach);
    }

    /// An observer for the calls of the program on `side` at `now`.
    #[inline]
    pub fn watch(&mut self, side: Side, now: Duration) -> Watch<'_> {
        Watch { evidence: self, side, now }
    }
}

/// A packet with SYN, FIN or RST on the way into the link.
pub struct Sight {
    segment: Segment,
    side: Side,
    emission: u64,
}

/// The sight of a packet. Not inlined: most packets have no sight.
#[cold]
fn sight(side: Side, emission: u64, packet: &[u8]) -> Option<Sight> {
    Some(Sight { segment: Segment::peek(packet)?, side, emission })
}
