//! `driver` is the one pump between sessions and a host's TCP: the driver carries bytes, events,
//! actions and time, for one session or thousands. The driver knows the names of connections, but
//! not the protocol.

mod copying;
mod crowding;
mod data;
mod slot;
mod store_line;
mod timers;
mod waking;

use crate::client::{Client, ClientConfig, Task};
use crate::report::{CommandReport, Journal, SessionId, Spoken, TransferReport};
use crate::server::{Server, ServerConfig};
use crate::session::{Event, Session, Shared, sooner};
use crate::slot_table::SlotTable;
use crate::store::{Asker, Store};
use crate::tcp::{Conn, Listener, Ready, Tcp};
use slot::Slot;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store_line::StoreLine;
use timers::Timers;

/// The index of a session's slot. Slots are used again, session ids are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct SlotId(u32);

/// The use of a connection in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Channel {
    Control,
    Data,
}

/// Everything outside the slots: sessions borrow the hub while they act.
struct Hub<C, S> {
    config: C,
    store: S,
    journal: Journal,
    shared: Shared,
    conns: SlotTable<(SlotId, Channel)>,
    /// Listeners for data connections.
    listeners: SlotTable<SlotId>,
    timers: Timers,
    line: StoreLine,
}

/// One moment of a host: everything that a slot may use while acting.
struct Turn<'a, T: ?Sized, C, S> {
    tcp: &'a mut T,
    hub: &'a mut Hub<C, S>,
    now: Duration,
}

/// Carries the sessions of a program over a host's TCP.
///
/// Call [`Driver::pump`] whenever the host has a change or the time of [`Driver::next_wakeup`] has
/// come; then let the host send and receive.
pub struct Driver<P: Session, S> {
    slots: Vec<Slot<P>>,
    /// The last session of each slot: a list of its own is searched fast.
    ids: Vec<SessionId>,
    free: Vec<SlotId>,
    /// The listeners for new sessions.
    control_listeners: Vec<Listener>,
    /// The number of sessions that have begun.
    begun: u32,
    hub: Hub<P::Config, S>,
}

impl<S: Store> Driver<Server, S> {
    /// Creates a server's driver, without a listener: see [`Driver::listen`].
    pub fn server(config: ServerConfig, store: S) -> Self {
        Self::new(config, store)
    }

    /// Listens for clients at `at`. Returns the address with the port.
    ///
    /// # Errors
    /// The address is in use.
    pub fn listen<T: Tcp + ?Sized>(
        &mut self,
        tcp: &mut T,
        at: SocketAddr,
        backlog: usize,
    ) -> io::Result<SocketAddr> {
        let (listener, at) = tcp.listen(at, backlog)?;
        self.attend(listener);
        Ok(at)
    }

    /// Serves the clients of a listener that the host has already.
    pub fn attend(&mut self, listener: Listener) {
        self.control_listeners.push(listener);
    }

    /// Prepares the program's end (SIGTERM): no new clients, and 421 for idle sessions. Transfers
    /// go on; [`Driver::is_done`] tells when all are over, [`Driver::cut`] ends the rest.
    pub fn retire<T: Tcp + ?Sized>(&mut self, tcp: &mut T, now: Duration) {
        for listener in self.control_listeners.drain(..) {
            tcp.unlisten(listener);
        }
        self.tell(Event::Retire, tcp, now);
    }

    /// Ends the program now: transfers are aborted (the model decides how much of an upload stays),
    /// every connection is closed; 426 and 421 tell the clients.
    pub fn cut<T: Tcp + ?Sized>(&mut self, tcp: &mut T, now: Duration) {
        self.tell(Event::Cut, tcp, now);
    }

    /// Whether complete reports are handed over by [`Driver::poll_report`]: for a server that runs
    /// for ever. [`Driver::reports`] then holds only incomplete reports.
    pub fn hand_over_reports(&mut self, hand_over: bool) {
        self.hub.journal.hand_over = hand_over;
    }

    /// Takes the next complete report.
    pub fn poll_report(&mut self) -> Option<TransferReport> {
        self.hub.journal.poll_finished()
    }
}

impl<S: Store> Driver<Client, S> {
    /// Creates a client's driver, without a session: see [`Driver::connect`].
    pub fn client(config: ClientConfig, store: S) -> Self {
        Self::new(config, store)
    }

    /// Begins a session with the server at `to`, to do `tasks` and then QUIT.
    ///
    /// # Errors
    /// No port is free.
    pub fn connect<T: Tcp + ?Sized>(
        &mut self,
        tcp: &mut T,
        to: SocketAddr,
        tasks: Arc<[Task]>,
        now: Duration,
    ) -> io::Result<SessionId> {
        let control = tcp.connect(None, to)?;
        let place = self.begin(control, false);
        let id = self.slots[place.0 as usize].id();
        self.act(place, tcp, now, |slot, turn| slot.start_client(tasks, turn.hub, now));
        Ok(id)
    }
}

impl<P: Session, S: Store> Driver<P, S> {
    fn new(config: P::Config, store: S) -> Self {
        let hub = Hub {
            config,
            store,
            journal: Journal::default(),
            shared: Shared::default(),
            conns: SlotTable::default(),
            listeners: SlotTable::default(),
            timers: Timers::default(),
            line: StoreLine::default(),
        };
        let (slots, ids, free) = (Vec::new(), Vec::new(), Vec::new());
        Self { slots, ids, free, control_listeners: Vec::new(), begun: 0, hub }
    }

    /// Handles all changes of the host and all timers that are due.
    pub fn pump<T: Tcp + ?Sized>(&mut self, tcp: &mut T, now: Duration) {
        self.handle_answers(tcp, now);
        while let Some(place) = self.pop_due(now) {
            self.time_out(place, tcp, now);
        }
        while let Some(ready) = tcp.poll_ready() {
            match ready {
                Ready::Conn(conn) => self.handle_conn(conn, tcp, now),
                Ready::Accept(listener) => self.handle_accept(listener, tcp, now),
            }
        }
    }

    /// The time of the next pump if the host has no change before.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Duration> {
        let line = self.hub.line.next().map(|(at, _)| at);
        sooner(self.hub.timers.next(), line)
    }

    /// Whether no session is under way.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.free.len() == self.slots.len()
    }

    /// The number of sessions under way.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The bytes that the transfers under way have moved.
    #[must_use]
    pub fn moved(&self) -> u64 {
        self.slots.iter().map(Slot::moved).sum()
    }

    /// Forgets sessions, listeners, reports and dialogue, together with a reset of the host:
    /// nothing is closed. Buffers, settings and the store stay.
    pub fn reset(&mut self) {
        self.free.clear();
        for (at, slot) in self.slots.iter_mut().enumerate().rev() {
            slot.clear();
            self.free.push(SlotId(u32::try_from(at).expect("places are counted in u32")));
        }
        self.control_listeners.clear();
        self.begun = 0;
        self.hub.journal.reset();
        self.hub.shared.reset();
        self.hub.conns.drain().for_each(drop);
        self.hub.listeners.drain().for_each(drop);
        self.hub.timers.reset();
        self.hub.line.reset();
    }

    /// The reports of transfers in the order of their begin; a client has all reports of the script
    /// from the start of the session.
    #[must_use]
    pub fn reports(&self) -> &[TransferReport] {
        &self.hub.journal.reports
    }

    /// Records the dialogue from now on, or not.
    pub fn record_dialogue(&mut self, record: bool) {
        self.hub.journal.record_dialogue = record;
    }

    /// The reports of tasks without data, in the order of the answers.
    #[must_use]
    pub fn commands(&self) -> &[CommandReport] {
        &self.hub.journal.commands
    }

    /// Takes the recorded dialogue: for a log.
    pub fn drain_dialogue(&mut self) -> impl Iterator<Item = Spoken> {
        self.hub.journal.dialogue.drain(..)
    }

    /// Whether a client was refused EPSV or EPRT and went on with PASV or PORT, since the last reset.
    #[must_use]
    pub fn fell_back(&self) -> bool {
        self.hub.journal.fell_back
    }

    /// The dialogue recorded so far.
    #[must_use]
    pub fn dialogue(&self) -> &[Spoken] {
        &self.hub.journal.dialogue
    }

    /// The store with the files.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.hub.store
    }

    /// The store with the files, to change them.
    pub fn store_mut(&mut self) -> &mut S {
        &mut self.hub.store
    }

    /// The reports, together with the store for changes.
    pub fn reports_and_store(&mut self) -> (&[TransferReport], &mut S) {
        (&self.hub.journal.reports, &mut self.hub.store)
    }

    /// The settings that the sessions share.
    #[must_use]
    pub fn config(&self) -> &P::Config {
        &self.hub.config
    }

    /// The settings that the sessions share, to change between runs.
    pub fn config_mut(&mut self) -> &mut P::Config {
        &mut self.hub.config
    }

    /// Takes the next slot to wake: by time, then by place.
    #[inline]
    fn pop_due(&mut self, now: Duration) -> Option<SlotId> {
        let Some(next) = self.hub.line.next().filter(|(at, _)| *at <= now) else {
            return self.hub.timers.pop_due(now);
        };
        if self.hub.timers.first().is_some_and(|first| first < next) {
            return self.hub.timers.pop_due(now);
        }
        let moved = self.hub.line.pop(now);
        self.slots[next.1.0 as usize].waited(moved);
        Some(next.1)
    }

    fn handle_conn<T: Tcp + ?Sized>(&mut self, conn: Conn, tcp: &mut T, now: Duration) {
        // A connection that was given back may have been ready before.
        match self.hub.conns.get(conn.0) {
            Some(&(place, Channel::Control)) => self.act(place, tcp, now, Slot::handle_control),
            Some(&(place, Channel::Data)) => {
                let slot = &mut self.slots[place.0 as usize];
                if !slot.pump_quietly(&mut Turn { tcp, hub: &mut self.hub, now }) {
                    self.settle(place, tcp, now);
                }
            }
            None => {}
        }
    }

    /// Lets a slot handle a timer that is due. Not inlined: few pumps find a timer due.
    #[inline(never)]
    fn time_out<T: Tcp + ?Sized>(&mut self, place: SlotId, tcp: &mut T, now: Duration) {
        self.act(place, tcp, now, Slot::handle_timeout);
    }

    /// Accepts what waits at a listener. Not inlined: a connection is accepted once.
    #[inline(never)]
    fn handle_accept<T: Tcp + ?Sized>(&mut self, from: Listener, tcp: &mut T, now: Duration) {
        if let Some(&place) = self.hub.listeners.get(from.0) {
            self.act(place, tcp, now, |slot, turn| slot.handle_accept(from, turn));
        } else if self.control_listeners.contains(&from) {
            while let Some(control) = tcp.accept(from) {
                let crowded = self.is_crowded(control, tcp);
                let place = self.begin(control, crowded);
                self.act(place, tcp, now, Slot::handle_control);
            }
        }
    }

    /// Sends an event to every session.
    fn tell<T: Tcp + ?Sized>(&mut self, event: Event, tcp: &mut T, now: Duration) {
        for at in 0..self.slots.len() {
            if self.slots[at].is_live() {
                let place = SlotId(u32::try_from(at).expect("slots are counted in u32"));
                self.act(place, tcp, now, |slot, turn| slot.event(event, turn.hub, now));
            }
        }
    }

    /// Puts a new control connection into a slot.
    fn begin(&mut self, control: Conn, crowded: bool) -> SlotId {
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.ids.push(SessionId::default());
            SlotId(u32::try_from(self.slots.len() - 1).expect("places are counted in u32"))
        });
        let id = SessionId(self.begun);
        self.slots[place.0 as usize].begin(place, control, id, crowded);
        self.ids[place.0 as usize] = id;
        self.begun += 1;
        self.hub.conns.set(control.0, (place, Channel::Control));
        place
    }

    /// Lets a slot do `first`, and then act until nothing is left to do.
    #[inline]
    fn act<T: Tcp + ?Sized>(
        &mut self,
        place: SlotId,
        tcp: &mut T,
        now: Duration,
        first: impl FnOnce(&mut Slot<P>, &mut Turn<'_, T, P::Config, S>),
    ) {
        first(&mut self.slots[place.0 as usize], &mut Turn { tcp, hub: &mut self.hub, now });
        self.settle(place, tcp, now);
    }

    /// Lets a slot act until nothing is left to do; frees the slot at the end of the session.
    fn settle<T: Tcp + ?Sized>(&mut self, place: SlotId, tcp: &mut T, now: Duration) {
        let slot = &mut self.slots[place.0 as usize];
        if slot.settle(&mut Turn { tcp, hub: &mut self.hub, now }) {
            self.hub.timers.disarm(place);
            self.hub.line.leave(place);
            self.hub.journal.part(slot.id());
            self.hub.store.forget(Asker(slot.id().0));
            slot.clear();
            self.free.push(place);
        }
    }
}
