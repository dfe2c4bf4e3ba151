//! `pair.rs` joins two hosts by a link with a delay of 10 ms each way, and drops packets by number.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::ControlFlow;
use std::time::Duration;

use halfclose_stack::{Config, ConnId, Ending, Host, ListenerId, Note, NoteKind, Packet};

const DELAY: Duration = Duration::from_millis(10);
const PORT: u16 = 2121;

/// Whether the link loses the packet with a number, counted from 0 in order of sending.
type Drops = dyn FnMut(usize, &[u8]) -> bool;

/// Two hosts and the link: host 0 is the client, host 1 the server.
pub(crate) struct Pair {
    pub(crate) hosts: [Host; 2],
    pub(crate) now: Duration,
    /// Packets from host 0 and from host 1.
    pub(crate) in_flight: [VecDeque<(Duration, Packet)>; 2],
    /// FNV-1a over every packet sent.
    pub(crate) digest: u64,
    pub(crate) notes: Vec<Note>,
    drops: Box<Drops>,
    pub(crate) sent: usize,
    listener: ListenerId,
}

impl Pair {
    /// Two hosts with `config`. The link asks `drops` for every packet.
    pub(crate) fn new(config: Config, drops: impl FnMut(usize, &[u8]) -> bool + 'static) -> Self {
        let address = |last| Ipv4Addr::new(10, 0, 0, last);
        let mut server = Host::new(Config { address: address(2), ..config });
        let (listener, _) = server.listen(PORT, 8).expect("free");
        Self {
            hosts: [Host::new(Config { address: address(1), ..config }), server],
            now: Duration::ZERO,
            in_flight: [VecDeque::new(), VecDeque::new()],
            digest: 0xcbf2_9ce4_8422_2325,
            notes: Vec::new(),
            drops: Box::new(drops),
            sent: 0,
            listener,
        }
    }

    pub(crate) fn server_address(&self) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), PORT)
    }

    /// Connect, and run until both sides have the connection.
    pub(crate) fn open(&mut self, from: Option<u16>) -> (ConnId, ConnId) {
        let to = self.server_address();
        let client = self.hosts[0].connect(self.now, from, to).expect("free");
        loop {
            assert!(self.step(), "nothing happens any more");
            if let Some(server) = self.hosts[1].accept(self.listener) {
                return (client, server);
            }
        }
    }

    pub(crate) fn send(&mut self, host: usize, on: ConnId, mut len: usize) {
        while len > 0 {
            let sent = self.hosts[host].send(self.now, on, &mut |piece| {
                let some = piece.len().min(len);
                piece[..some].fill(b'x');
                len -= some;
                some
            });
            assert!(sent.is_continue(), "{sent:?}");
            assert!(len == 0 || self.step(), "nothing happens any more");
        }
        self.flush();
    }

    /// Receive all waiting bytes.
    pub(crate) fn receive(&mut self, host: usize, on: ConnId) -> usize {
        let got = self.hosts[host].receive(self.now, on, usize::MAX, &mut |_| ());
        self.flush();
        match got {
            ControlFlow::Continue(len) => len,
            ControlFlow::Break(_) => 0,
        }
    }

    /// Take all packets that leave now.
    pub(crate) fn flush(&mut self) {
        for host in 0..2 {
            while let Some(packet) = self.hosts[host].poll_transmit(self.now) {
                for &byte in packet.iter() {
                    self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
                }
                if !(self.drops)(self.sent, &packet) {
                    self.in_flight[host].push_back((self.now + DELAY, packet));
                }
                self.sent += 1;
            }
            while let Some(note) = self.hosts[host].poll_note() {
                self.notes.push(note);
            }
        }
    }

    /// Run to the next event. False if there is no further event.
    pub(crate) fn step(&mut self) -> bool {
        self.flush();
        let arrivals = self.in_flight.iter().filter_map(|queue| queue.front().map(|&(at, _)| at));
        let arrival = arrivals.min();
        let wakeup = self.hosts.iter_mut().filter_map(Host::next_wakeup).min();
        let Some(next) = [arrival, wakeup].into_iter().flatten().min() else {
            let now = self.now;
            let stalled = self.hosts.iter_mut().map(|host| host.handle_silence(now));
            let stalled = stalled.filter(|&any| any).count();
            return stalled > 0;
        };
        assert!(next >= self.now, "time goes back");
        self.now = next;
        for to in [1, 0] {
            let from = 1 - to;
            while self.in_flight[from].front().is_some_and(|&(at, _)| at <= next) {
                let (_, packet) = self.in_flight[from].pop_front().expect("there is one");
                self.hosts[to].handle_packet(next, &packet);
                self.hosts[from].recycle(packet);
            }
            self.hosts[to].handle_timeout(next);
        }
        self.flush();
        true
    }

    /// Whether there is a further event.
    pub(crate) fn busy(&mut self) -> bool {
        self.flush();
        self.in_flight.iter().any(|queue| !queue.is_empty())
            || self.hosts.iter_mut().any(|host| host.next_wakeup().is_some())
    }

    pub(crate) fn run_for(&mut self, time: Duration) {
        let until = self.now + time;
        self.flush();
        loop {
            let arrivals =
                self.in_flight.iter().filter_map(|queue| queue.front().map(|&(at, _)| at));
            let next = arrivals.chain(self.hosts.iter_mut().filter_map(Host::next_wakeup)).min();
            if next.is_none_or(|next| next > until) {
                break;
            }
            self.step();
        }
        self.now = until;
    }

    /// The endings of all connections so far.
    pub(crate) fn endings(&self) -> Vec<Ending> {
        let ending = |note: &Note| match note.kind {
            NoteKind::Ended(ending) => Some(ending),
            _ => None,
        };
        self.notes.iter().filter_map(ending).collect()
    }
}
