//! A session alone: a test plays the network and the peer, line by line.

use halfclose_ftp::report::{Journal, SessionId};
use halfclose_ftp::session::{Action, Context, Event, Session, Shared};
use halfclose_ftp::{MemoryStore, TransferReport};
use std::net::SocketAddr;
use std::time::Duration;

/// One session, and everything that the session borrows.
pub(crate) struct Wire<P: Session> {
    pub(crate) session: P,
    pub(crate) config: P::Config,
    pub(crate) store: MemoryStore,
    pub(crate) journal: Journal,
    shared: Shared,
    pub(crate) now: Duration,
}

impl<P: Session> Wire<P> {
    pub(crate) fn new(config: P::Config) -> Self {
        Self {
            session: P::default(),
            config,
            store: MemoryStore::new(),
            journal: Journal::default(),
            shared: Shared::default(),
            now: Duration::ZERO,
        }
    }

    pub(crate) fn with<R>(
        &mut self,
        act: impl FnOnce(&mut P, &mut Context<'_, P::Config, MemoryStore>) -> R,
    ) -> R {
        let Self { session, config, store, journal, shared, now } = self;
        act(session, &mut Context { config, store, journal, shared, id: SessionId(0), now: *now })
    }

    /// Opens the control connection between these addresses.
    pub(crate) fn open_between(&mut self, local: &str, peer: &str) -> String {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        self.event(Event::Opened { local: at(local), peer: at(peer) })
    }

    /// Opens the data connection, between addresses that matter only to reports.
    pub(crate) fn data_opened(&mut self) -> String {
        let [local, peer] = [4000, 4001].map(|port| SocketAddr::from(([10, 0, 0, 1], port)));
        self.event(Event::DataOpened { local, peer })
    }

    /// Gives the session bytes from the peer; returns the answer.
    pub(crate) fn hear(&mut self, bytes: impl AsRef<[u8]>) -> String {
        self.session.handle_bytes(bytes.as_ref());
        self.with(P::handle_lines);
        self.said()
    }

    /// Gives the session an event; returns the answer.
    pub(crate) fn event(&mut self, event: Event) -> String {
        self.with(|session, cx| session.handle_event(event, cx));
        self.said()
    }

    /// Moves the time to the session's own deadline.
    pub(crate) fn wait(&mut self) -> String {
        self.now = self.session.next_wakeup().expect("the session waits for something");
        self.with(P::handle_timeout);
        self.said()
    }

    /// The session's answer, its lines joined by `|`.
    fn said(&mut self) -> String {
        let mut said = Vec::new();
        while !self.session.unsent().is_empty() {
            said.extend_from_slice(self.session.unsent());
            let count = self.session.unsent().len();
            self.session.sent(count);
        }
        String::from_utf8_lossy(&said).trim_end().replace("\r\n", "|")
    }

    /// The actions that the session requests.
    pub(crate) fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.session.poll_action()).collect()
    }

    pub(crate) fn report(&self) -> &TransferReport {
        &self.journal.reports[0]
    }
}
