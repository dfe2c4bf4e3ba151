//! An in-memory network with the semantics of [`Tcp`] and no protocol: pairs of pipes, a small send
//! buffer, FIN after the bytes, RST either after the bytes or in place of the bytes.

use halfclose_ftp::tcp::{Conn, Ending, Listener, Ready, Status, Tcp};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::ControlFlow;
use std::rc::Rc;

/// The settings of the network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Bytes that a connection holds between sender and receiver.
    pub(crate) window: usize,
    /// A reset destroys unread bytes (the rule of RFC 793; else they are read first).
    pub(crate) flush: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { window: 4096, flush: false }
    }
}

struct End {
    host: usize,
    local: SocketAddr,
    peer: SocketAddr,
    /// The name of the peer's end.
    other: u64,
    established: bool,
    inbound: VecDeque<u8>,
    peer_finished: bool,
    reset: Option<Ending>,
    /// A reset came after the peer's FIN: only `status` tells.
    reset_late: bool,
    shut: bool,
    gone: bool,
}

#[derive(Default)]
struct Inner {
    rules: Rules,
    ends: BTreeMap<u64, End>,
    listeners: BTreeMap<u64, (SocketAddr, VecDeque<u64>)>,
    ready: [VecDeque<Ready>; 2],
    next: u64,
    port: u16,
    resets: usize,
}

/// The network; `host` returns its two hosts.
#[derive(Clone, Default)]
pub(crate) struct Net(Rc<RefCell<Inner>>);

/// One host of the network.
pub(crate) struct Host {
    net: Net,
    at: usize,
}

pub(crate) const CLIENT: usize = 0;
pub(crate) const SERVER: usize = 1;

pub(crate) fn ip(host: usize) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, u8::try_from(host + 1).unwrap()).into()
}

impl Net {
    pub(crate) fn new(rules: Rules) -> Self {
        let inner = Inner { rules, port: 49152, next: 1, ..Inner::default() };
        Self(Rc::new(RefCell::new(inner)))
    }

    pub(crate) fn host(&self, at: usize) -> Host {
        Host { net: self.clone(), at }
    }

    /// Whether a host has a change to report.
    pub(crate) fn is_ready(&self) -> bool {
        self.0.borrow().ready.iter().any(|queue| !queue.is_empty())
    }

    /// The number of connections that a program still names.
    pub(crate) fn open(&self) -> usize {
        self.0.borrow().ends.values().filter(|end| !end.gone).count()
    }

    /// The number of listeners.
    pub(crate) fn listeners(&self) -> usize {
        self.0.borrow().listeners.len()
    }

    /// Resets the connections of `host` that `which` selects, from outside: both ends see a RST.
    pub(crate) fn cut(&self, host: usize, which: impl Fn(SocketAddr, SocketAddr) -> bool) {
        let mut net = self.0.borrow_mut();
        let names: Vec<u64> = net
            .ends
            .iter()
            .filter(|(_, end)| end.host == host && which(end.local, end.peer))
            .map(|(&name, _)| name)
            .collect();
        for name in names {
            let other = net.ends[&name].other;
            net.reset(name, Ending::Reset);
            net.reset(other, Ending::Reset);
        }
    }
}

impl Inner {
    fn wake(&mut self, name: u64) {
        let Some(end) = self.ends.get(&name) else {
            return;
        };
        let ready = Ready::Conn(Conn(name));
        let queue = &mut self.ready[end.host];
        if !queue.contains(&ready) {
            queue.push_back(ready);
        }
    }

    fn reset(&mut self, name: u64, ending: Ending) {
        let flush = self.rules.flush;
        let Some(end) = self.ends.get_mut(&name) else {
            return;
        };
        // What came after a FIN does not undo it.
        if !end.peer_finished && end.reset.is_none() {
            end.reset = Some(ending);
            if flush {
                end.inbound.clear();
            }
        }
        end.reset_late |= end.peer_finished;
        self.wake(name);
    }

    fn add(&mut self, end: End) -> u64 {
        let name = self.next;
        self.next += 1;
        self.ends.insert(name, end);
        name
    }
}

fn end(host: usize, local: SocketAddr, peer: SocketAddr) -> End {
    End {
        host,
        local,
        peer,
        other: 0,
        established: false,
        inbound: VecDeque::new(),
        peer_finished: false,
        reset: None,
        reset_late: false,
        shut: false,
        gone: false,
    }
}

impl Host {
    fn port(&self) -> u16 {
        let mut net = self.net.0.borrow_mut();
        net.port = net.port.checked_add(1).unwrap_or(1024);
        net.port
    }
}

impl Tcp for Host {
    fn connect(&mut self, from: Option<SocketAddr>, to: SocketAddr) -> io::Result<Conn> {
        let port = self.port();
        let mut net = self.net.0.borrow_mut();
        let local = from.unwrap_or(SocketAddr::new(ip(self.at), port));
        let name = net.add(end(self.at, local, to));
        let found = net.listeners.iter().find(|(_, (at, _))| *at == to).map(|(&at, _)| at);
        if let Some(listener) = found {
            let mut accepted = end(1 - self.at, to, local);
            (accepted.other, accepted.established) = (name, true);
            let other = net.add(accepted);
            let this = net.ends.get_mut(&name).unwrap();
            (this.other, this.established) = (other, true);
            net.listeners.get_mut(&listener).unwrap().1.push_back(other);
            net.ready[1 - self.at].push_back(Ready::Accept(Listener(listener)));
        } else {
            net.reset(name, Ending::Refused);
        }
        net.wake(name);
        Ok(Conn(name))
    }

    fn listen(&mut self, at: SocketAddr, _: usize) -> io::Result<(Listener, SocketAddr)> {
        let port = if at.port() == 0 { self.port() } else { at.port() };
        let mut net = self.net.0.borrow_mut();
        let name = net.next;
        net.next += 1;
        let at = SocketAddr::new(at.ip(), port);
        if net.listeners.values().any(|(taken, _)| *taken == at) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        net.listeners.insert(name, (at, VecDeque::new()));
        Ok((Listener(name), at))
    }

    fn accept(&mut self, from: Listener) -> Option<Conn> {
        let mut net = self.net.0.borrow_mut();
        let name = net.listeners.get_mut(&from.0)?.1.pop_front()?;
        Some(Conn(name))
    }

    fn unlisten(&mut self, at: Listener) {
        let mut net = self.net.0.borrow_mut();
        let (_, waiting) = net.listeners.remove(&at.0).expect("a listener is closed once");
        for name in waiting {
            let other = net.ends[&name].other;
            net.ends.get_mut(&name).unwrap().gone = true;
            net.reset(other, Ending::Reset);
        }
    }

    fn send(
        &mut self,
        on: Conn,
        fill: &mut dyn FnMut(&mut [u8]) -> usize,
    ) -> ControlFlow<Ending, usize> {
        let mut net = self.net.0.borrow_mut();
        let end = &net.ends[&on.0];
        assert!(!end.gone && !end.shut, "sent on a connection that was closed");
        if let Some(ending) = end.reset {
            return ControlFlow::Break(ending);
        }
        let other = end.other;
        let room = net.rules.window - net.ends[&other].inbound.len();
        // Two pieces, as where a ring wraps.
        let mut buffer = vec![0; room];
        let (first, second) = buffer.split_at_mut(room / 3);
        let mut sent = 0;
        for piece in [first, second] {
            if piece.is_empty() {
                continue;
            }
            let count = fill(piece);
            net.ends.get_mut(&other).unwrap().inbound.extend(&piece[..count]);
            sent += count;
            if count < piece.len() {
                break;
            }
        }
        if sent > 0 {
            net.wake(other);
        }
        ControlFlow::Continue(sent)
    }

    fn receive(
        &mut self,
        on: Conn,
        limit: usize,
        take: &mut dyn FnMut(&[u8]),
    ) -> ControlFlow<Ending, usize> {
        let mut net = self.net.0.borrow_mut();
        let end = net.ends.get_mut(&on.0).unwrap();
        assert!(!end.gone, "received on a connection that was closed");
        let count = end.inbound.len().min(limit);
        if count == 0 && limit > 0 {
            return match end.reset {
                Some(ending) => ControlFlow::Break(ending),
                None if end.peer_finished => ControlFlow::Break(Ending::Finished),
                None => ControlFlow::Continue(0),
            };
        }
        let bytes: Vec<u8> = end.inbound.drain(..count).collect();
        let other = end.other;
        take(&bytes[..count / 2]);
        take(&bytes[count / 2..]);
        net.wake(other);
        ControlFlow::Continue(count)
    }

    fn urgent(&mut self, _: Conn) {}

    fn shutdown(&mut self, on: Conn) {
        let mut net = self.net.0.borrow_mut();
        let end = net.ends.get_mut(&on.0).unwrap();
        assert!(!end.gone, "shut a connection that was closed");
        end.shut = true;
        let other = end.other;
        if let Some(other) = net.ends.get_mut(&other) {
            other.peer_finished = other.reset.is_none();
        }
        net.wake(other);
    }

    fn close(&mut self, on: Conn) {
        self.shutdown(on);
        let mut net = self.net.0.borrow_mut();
        net.ends.get_mut(&on.0).unwrap().gone = true;
    }

    fn abort(&mut self, on: Conn) {
        let mut net = self.net.0.borrow_mut();
        let end = net.ends.get_mut(&on.0).unwrap();
        assert!(!end.gone, "aborted a connection that was closed");
        end.gone = true;
        let other = end.other;
        net.resets += 1;
        net.reset(other, Ending::Reset);
    }

    fn status(&self, on: Conn) -> Status {
        let net = self.net.0.borrow();
        let end = &net.ends[&on.0];
        let unread = net.ends.get(&end.other).map_or(0, |other| other.inbound.len());
        Status {
            established: end.established,
            unsent: 0,
            unacknowledged: unread,
            unread: end.inbound.len(),
            peer_closed: end.peer_finished,
            ending: end.reset.or(end.reset_late.then_some(Ending::Reset)),
            local: end.local,
            peer: end.peer,
        }
    }

    fn poll_ready(&mut self) -> Option<Ready> {
        let mut net = self.net.0.borrow_mut();
        while let Some(ready) = net.ready[self.at].pop_front() {
            match ready {
                Ready::Conn(conn) if net.ends[&conn.0].gone => {}
                _ => return Some(ready),
            }
        }
        None
    }
}
