//! `driver` is the one pump between sessions and a host's TCP: it carries bytes, events, actions and
//! time between them, for one session or for thousands. It knows the names of connections; it does
//! not know what is said on them.

mod data;
mod slot;
mod timers;

use crate::client::{Client, ClientConfig, Task};
use crate::report::{CommandReport, Journal, SessionId, Spoken, TransferReport};
use crate::server::{Server, ServerConfig};
use crate::session::{Event, Session};
use crate::slot_table::SlotTable;
use crate::store::Store;
use crate::tcp::{Conn, Listener, Ready, Tcp};
use slot::Slot;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use timers::Timers;

/// A session's place in the driver. Places are used again, session ids are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SlotId(u32);

/// What a connection is to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    Control,
    Data,
}

/// Everything that is not one session's: its sessions borrow it while they act.
struct Hub<C, S> {
    config: C,
    store: S,
    journal: Journal,
    conns: SlotTable<(SlotId, Channel)>,
    /// The listeners of data connections.
    listeners: SlotTable<SlotId>,
    timers: Timers,
}

/// One moment of a host: what a slot may use while it acts.
struct Turn<'a, T: ?Sized, C, S> {
    tcp: &'a mut T,
    hub: &'a mut Hub<C, S>,
    now: Duration,
}

/// Carries sessions of one program over one host's TCP.
///
/// Call [`Driver::pump`] whenever the host has something ready or the time of
/// [`Driver::next_wakeup`] has come; then give the host its turn.
pub struct Driver<P: Session, S> {
    slots: Vec<Slot<P>>,
    free: Vec<SlotId>,
    /// Where new sessions come from.
    control_listeners: Vec<Listener>,
    /// How many sessions have begun.
    begun: u32,
    hub: Hub<P::Config, S>,
}

impl<S: Store> Driver<Server, S> {
    /// A server's driver. It serves nobody before [`Driver::listen`].
    pub fn server(config: ServerConfig, store: S) -> Self {
        Self::new(config, store)
    }

    /// Serves clients at that address. Returns the address with its port.
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
        self.control_listeners.push(listener);
        Ok(at)
    }

    /// The program is to end (SIGTERM): no more clients, 421 for those who wait for nothing. What
    /// moves goes on; [`Driver::is_done`] says when all is over, [`Driver::cut`] ends the rest.
    pub fn retire<T: Tcp + ?Sized>(&mut self, tcp: &mut T, now: Duration) {
        for listener in self.control_listeners.drain(..) {
            tcp.unlisten(listener);
        }
        self.tell(Event::Retire, tcp, now);
    }

    /// The program ends now: transfers are given up (what is kept of an upload, the model says), and
    /// every connection is closed; 426 and 421 say so.
    pub fn cut<T: Tcp + ?Sized>(&mut self, tcp: &mut T, now: Duration) {
        self.tell(Event::Cut, tcp, now);
    }

    /// Whether the reports of transfers that are over are handed over by [`Driver::poll_report`]: for
    /// a server that runs for ever. Then `reports` has only those that are not over.
    pub fn hand_over_reports(&mut self, hand_over: bool) {
        self.hub.journal.hand_over = hand_over;
    }

    /// The next report of a transfer that is over.
    pub fn poll_report(&mut self) -> Option<TransferReport> {
        self.hub.journal.poll_finished()
    }
}

impl<S: Store> Driver<Client, S> {
    /// A client's driver. It does nothing before [`Driver::connect`].
    pub fn client(config: ClientConfig, store: S) -> Self {
        Self::new(config, store)
    }

    /// Begins a session with the server at `to`, to do `tasks` and QUIT.
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
        let slot = &mut self.slots[place.0 as usize];
        slot.start_client(tasks, &mut self.hub, now);
        let id = slot.id();
        self.settle(place, tcp, now);
        Ok(id)
    }
}

impl<P: Session, S: Store> Driver<P, S> {
    fn new(config: P::Config, store: S) -> Self {
        let hub = Hub {
            config,
            store,
            journal: Journal::default(),
            conns: SlotTable::default(),
            listeners: SlotTable::default(),
            timers: Timers::default(),
        };
        Self { slots: Vec::new(), free: Vec::new(), control_listeners: Vec::new(), begun: 0, hub }
    }

    /// Handles everything that is ready, and every timer that is due.
    pub fn pump<T: Tcp + ?Sized>(&mut self, tcp: &mut T, now: Duration) {
        while let Some(place) = self.hub.timers.pop_due(now) {
            self.slots[place.0 as usize].handle_timeout(&mut Turn { tcp, hub: &mut self.hub, now });
            self.settle(place, tcp, now);
        }
        while let Some(ready) = tcp.poll_ready() {
            match ready {
                Ready::Conn(conn) => self.handle_conn(conn, tcp, now),
                Ready::Accept(listener) => self.handle_accept(listener, tcp, now),
            }
        }
    }

    /// When to pump even if nothing is ready.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Duration> {
        self.hub.timers.next()
    }

    /// Whether no session is under way.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.free.len() == self.slots.len()
    }

    /// How many sessions are under way.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// How many bytes the transfers under way have moved.
    #[must_use]
    pub fn moved(&self) -> u64 {
        self.slots.iter().map(Slot::moved).sum()
    }

    /// Forgets sessions, listeners, reports and dialogue, as the host's have been forgotten: nothing
    /// is closed. Buffers, settings and the store stay.
    pub fn reset(&mut self) {
        self.free.clear();
        for (at, slot) in self.slots.iter_mut().enumerate().rev() {
            slot.clear();
            self.free.push(SlotId(u32::try_from(at).expect("places are counted in u32")));
        }
        self.control_listeners.clear();
        self.begun = 0;
        self.hub.journal.reset();
        self.hub.conns.drain().for_each(drop);
        self.hub.listeners.drain().for_each(drop);
        self.hub.timers.reset();
    }

    /// One for every transfer, in the order they began; a client's all from its session's begin on.
    #[must_use]
    pub fn reports(&self) -> &[TransferReport] {
        &self.hub.journal.reports
    }

    /// Whether to record the dialogue from now on.
    pub fn record_dialogue(&mut self, record: bool) {
        self.hub.journal.record_dialogue = record;
    }

    /// What came of the steps of clients' scripts that move nothing, as they were answered.
    #[must_use]
    pub fn commands(&self) -> &[CommandReport] {
        &self.hub.journal.commands
    }

    /// Takes away who said what, if it is recorded: for a log.
    pub fn drain_dialogue(&mut self) -> impl Iterator<Item = Spoken> {
        self.hub.journal.dialogue.drain(..)
    }

    /// Whether a client was refused EPSV or EPRT and went on with PASV or PORT, since the last reset.
    #[must_use]
    pub fn fell_back(&self) -> bool {
        self.hub.journal.fell_back
    }

    /// Who said what, if it is recorded.
    #[must_use]
    pub fn dialogue(&self) -> &[Spoken] {
        &self.hub.journal.dialogue
    }

    /// The files.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.hub.store
    }

    /// The files, to change them.
    pub fn store_mut(&mut self) -> &mut S {
        &mut self.hub.store
    }

    /// The reports, and the files beside them, to change them.
    pub fn reports_and_store(&mut self) -> (&[TransferReport], &mut S) {
        (&self.hub.journal.reports, &mut self.hub.store)
    }

    /// What the sessions share.
    #[must_use]
    pub fn config(&self) -> &P::Config {
        &self.hub.config
    }

    /// What the sessions share, to change it between runs.
    pub fn config_mut(&mut self) -> &mut P::Config {
        &mut self.hub.config
    }

    fn handle_conn<T: Tcp + ?Sized>(&mut self, conn: Conn, tcp: &mut T, now: Duration) {
        // A connection that has been given back may still have been ready before.
        let Some(&(place, channel)) = self.hub.conns.get(conn.0) else {
            return;
        };
        let slot = &mut self.slots[place.0 as usize];
        match channel {
            Channel::Control => slot.handle_control(&mut Turn { tcp, hub: &mut self.hub, now }),
            Channel::Data if slot.pump_quietly(&mut Turn { tcp, hub: &mut self.hub, now }) => {
                return;
            }
            Channel::Data => {}
        }
        self.settle(place, tcp, now);
    }

    fn handle_accept<T: Tcp + ?Sized>(&mut self, from: Listener, tcp: &mut T, now: Duration) {
        if let Some(&place) = self.hub.listeners.get(from.0) {
            self.slots[place.0 as usize]
                .handle_accept(from, &mut Turn { tcp, hub: &mut self.hub, now });
            self.settle(place, tcp, now);
        } else if self.control_listeners.contains(&from) {
            while let Some(control) = tcp.accept(from) {
                let crowded = self.is_crowded(control, tcp);
                let place = self.begin(control, crowded);
                self.slots[place.0 as usize].handle_control(&mut Turn {
                    tcp,
                    hub: &mut self.hub,
                    now,
                });
                self.settle(place, tcp, now);
            }
        }
    }

    /// Whether one session more is one too many.
    fn is_crowded<T: Tcp + ?Sized>(&self, control: Conn, tcp: &T) -> bool {
        let (all, per_address) = P::limits(&self.hub.config);
        if self.sessions() >= all {
            return true;
        }
        per_address < usize::MAX && {
            let peer = Some(tcp.status(control).peer.ip());
            self.slots.iter().filter(|slot| slot.peer == peer).count() >= per_address
        }
    }

    /// Tells every session the same.
    fn tell<T: Tcp + ?Sized>(&mut self, event: Event, tcp: &mut T, now: Duration) {
        for at in 0..self.slots.len() {
            if self.slots[at].is_live() {
                self.slots[at].event(event, &mut self.hub, now);
                self.settle(
                    SlotId(u32::try_from(at).expect("places are counted in u32")),
                    tcp,
                    now,
                );
            }
        }
    }

    /// Gives a new control connection a place.
    fn begin(&mut self, control: Conn, crowded: bool) -> SlotId {
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            SlotId(u32::try_from(self.slots.len() - 1).expect("places are counted in u32"))
        });
        self.slots[place.0 as usize].begin(place, control, SessionId(self.begun), crowded);
        self.begun += 1;
        self.hub.conns.set(control.0, (place, Channel::Control));
        place
    }

    /// Lets the session act until it is quiet; frees its place when it is over.
    fn settle<T: Tcp + ?Sized>(&mut self, place: SlotId, tcp: &mut T, now: Duration) {
        let slot = &mut self.slots[place.0 as usize];
        if slot.settle(&mut Turn { tcp, hub: &mut self.hub, now }) {
            self.hub.timers.disarm(place);
            slot.clear();
            self.free.push(place);
        }
    }
}
