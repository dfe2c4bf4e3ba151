//! `ours.rs` runs a step script against a host with the policy `linux`.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::ControlFlow;
use std::time::Duration;

use halfclose_stack::{
    ClosePolicy, Config, Congestion, ConnId, Ending, Flags, Host, ListenerId, NoteKind, Segment,
    State, SynRetries,
};

use crate::step::{Arriving, End, PEER_ISN, Reaction, Step, printed};

/// The shortest time of a wait after the last timer of the host, to which an eighth of the script's time is
/// added. A timer of the kernel is later: its RTO is SRTT above the minimum where smoltcp's is the
/// minimum, its clock of timers is up to an eighth late (kernel/time/timer.c), and so is a busy machine.
const AFTER: Duration = Duration::from_millis(500);
/// The shortest time of a wait before the next timer of the host.
const BEFORE: Duration = Duration::from_millis(100);

const HOST: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 9, 0, 1), 21);
const PEER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 9, 0, 2), 40000);

/// A host in the middle of a script.
pub(crate) struct Ours {
    host: Host,
    now: Duration,
    isn: u32,
    state: String,
    listener: Option<ListenerId>,
    conn: Option<ConnId>,
    /// When a timer fired last during a wait, and the segments that left during the wait.
    fired: Option<Duration>,
    passed: Vec<String>,
}

impl Ours {
    /// A host that decides about packets as the kernel is told to: no delays. Reno keeps the timers of
    /// smoltcp, and its window is never full in a script.
    pub(crate) fn new(policy: ClosePolicy) -> Self {
        // As the kernel is told to.
        let fin_wait_2 = policy.fin_wait_2.map(|_| Duration::from_secs(5));
        let config = Config {
            address: *HOST.ip(),
            policy: ClosePolicy { fin_wait_2, ..policy },
            syn_retries: SynRetries::Linux,
            time_wait: Duration::from_secs(60),
            congestion: Congestion::Reno,
            nagle: false,
            ack_delay: None,
            ..Config::default()
        };
        let host = Host::new(config);
        let (now, isn) = (Duration::ZERO, 0);
        let (listener, conn, fired, passed) = (None, None, None, Vec::new());
        Self { host, now, isn, state: "CLOSED".into(), listener, conn, fired, passed }
    }

    /// The time of the host.
    pub(crate) fn now(&self) -> Duration {
        self.now
    }

    /// Let time pass until `to`: every timer fires when the timer is due.
    pub(crate) fn advance(&mut self, to: Duration) {
        while let Some(at) = self.host.next_wakeup().filter(|at| *at <= to) {
            self.now = at.max(self.now);
            self.host.handle_timeout(self.now);
            let sent = self.drain();
            self.passed.extend(sent);
            self.fired = Some(self.now);
        }
        self.now = to.max(self.now);
    }

    /// How long the wait must go on until no timer is near.
    pub(crate) fn unrest(&mut self) -> Duration {
        let (soon, after) = (self.now + BEFORE, AFTER + self.now / 8);
        let last = self.fired.map(|at| at + after);
        let next = self.host.next_wakeup().filter(|at| *at < soon).map(|at| at + after);
        last.max(next).map_or(Duration::ZERO, |at| at.saturating_sub(self.now))
    }

    /// Take every packet that leaves at once.
    fn drain(&mut self) -> Vec<String> {
        let mut sent = Vec::new();
        while let Some(packet) = self.host.poll_transmit(self.now) {
            let segment = Segment::parse(&packet).expect("a host sends segments");
            if segment.flags.has(Flags::SYN) {
                self.isn = segment.seq;
            }
            sent.push(printed(&segment, self.isn));
        }
        while let Some(note) = self.host.poll_note() {
            if let NoteKind::State { to, .. } = note.kind {
                // The listener listens on; the connection is gone.
                self.state = if to == State::Listen { State::Closed } else { to }.to_string();
            }
        }
        sent
    }

    fn arrive(&mut self, segment: Arriving) {
        let numbers = [segment.seq.wrapping_add(PEER_ISN), segment.ack.wrapping_add(self.isn)];
        let ack = if segment.flags.has(Flags::ACK) { numbers[1] } else { 0 };
        let bare = Segment::bare([PEER, HOST], [numbers[0], ack], segment.flags, segment.window);
        let packet = bare.to_packet(&[], &vec![b'x'; segment.len]);
        self.host.handle_packet(self.now, &packet);
    }

    fn send(&mut self, conn: ConnId, len: usize) -> String {
        let mut left = len;
        let sent = self.host.send(self.now, conn, &mut |room| {
            let some = room.len().min(left);
            room[..some].fill(b'y');
            left -= some;
            some
        });
        match sent {
            ControlFlow::Continue(0) => "would block".into(),
            ControlFlow::Continue(some) => some.to_string(),
            ControlFlow::Break(ending) => errno(ending, true).into(),
        }
    }

    fn receive(&mut self, conn: ConnId) -> String {
        match self.host.receive(self.now, conn, usize::MAX, &mut |_| ()) {
            ControlFlow::Continue(0) => "would block".into(),
            ControlFlow::Continue(some) => some.to_string(),
            ControlFlow::Break(ending) => errno(ending, false).into(),
        }
    }
}

/// The error of Linux for the ending of a connection.
fn errno(ending: Ending, sends: bool) -> &'static str {
    match ending {
        Ending::Finished if sends => "EPIPE",
        Ending::Finished => "end",
        Ending::Reset => "ECONNRESET",
        Ending::Refused => "ECONNREFUSED",
        Ending::TimedOut => "ETIMEDOUT",
        Ending::Aborted | Ending::Stalled => "ended",
    }
}

impl End for Ours {
    fn take(&mut self, step: &Step) -> Reaction {
        self.now += Duration::from_millis(1);
        self.host.handle_timeout(self.now);
        let mut told = String::new();
        match (step, self.conn) {
            (Step::Connect, _) => {
                let opened = self.host.connect(self.now, Some(HOST.port()), PEER);
                self.conn = Some(opened.expect("the port is free"));
            }
            (Step::Listen, _) => {
                let (listener, _) = self.host.listen(HOST.port(), 8).expect("the port is free");
                self.listener = Some(listener);
            }
            (Step::Accept, _) => {
                self.conn = self.listener.and_then(|listener| self.host.accept(listener));
                told = if self.conn.is_some() { "accepted" } else { "would block" }.into();
            }
            (Step::Arrive(segment), _) => self.arrive(*segment),
            // The caller has let time pass.
            (Step::Wait(_), _) => self.fired = None,
            (_, None) => told = "closed".into(),
            (Step::Send(len), Some(conn)) => told = self.send(conn, *len),
            (Step::Receive, Some(conn)) => told = self.receive(conn),
            (Step::Shutdown, Some(conn)) => self.host.shutdown(self.now, conn),
            (Step::Close, Some(conn)) => {
                self.host.close(self.now, conn);
                self.conn = None;
            }
            (Step::Abort, Some(conn)) => {
                self.host.abort(self.now, conn);
                self.conn = None;
            }
        }
        let mut sent = std::mem::take(&mut self.passed);
        sent.extend(self.drain());
        // A connection that the listener has not accepted yet is no state of a user.
        Reaction { sent, state: self.state.clone(), told }
    }
}
