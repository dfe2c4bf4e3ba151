//! `bare` is the ceiling of the benchmarks: smoltcp sockets, each alone in the set of its
//! interface, joined by a perfect wire, with no other work around them. The wire hands packets over
//! one at a time, as the simulation does: ingress, application, egress until quiet, next deadline.
//! All memory comes from a pool.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use smoltcp::iface::{Config, Interface, PollResult, SocketHandle, SocketSet, SocketStorage};
use smoltcp::phy::{ChecksumCapabilities, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{CongestionControl, Socket, SocketBuffer};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpCidr};

use crate::ADDRESSES;

/// A perfect wire: packets in flight, ends that wait for a deadline, and free packet buffers.
pub struct Wire {
    mtu: usize,
    /// The virtual time of one way.
    hop: Duration,
    free: Vec<Vec<u8>>,
    in_flight: VecDeque<Flight>,
    /// The deadlines of all ends. A deadline that has moved later is noticed when the heap reaches
    /// it.
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    /// The earliest deadline in the heap, by end.
    armed: Vec<Option<Instant>>,
    /// The virtual time of the wire.
    pub now: Instant,
    /// The number of packets handed over so far.
    pub packets: u64,
}

/// A packet on the wire: the first `len` bytes of a buffer.
struct Flight {
    at: Instant,
    to: usize,
    buffer: Vec<u8>,
    len: usize,
}

impl Wire {
    /// Makes a wire for packets of at most `mtu` bytes, `hop` long.
    #[must_use]
    pub fn new(mtu: usize, hop: std::time::Duration) -> Self {
        Self {
            mtu,
            hop: hop.into(),
            free: Vec::new(),
            in_flight: VecDeque::new(),
            timers: BinaryHeap::new(),
            armed: Vec::new(),
            now: Instant::from_micros(0),
            packets: 0,
        }
    }

    fn arm(&mut self, index: usize, at: Option<Instant>) {
        let Some(at) = at else { return };
        if self.armed[index].is_none_or(|armed| at < armed) {
            self.armed[index] = Some(at);
            self.timers.push(Reverse((at, index)));
        }
    }
}

/// The memory of the two rings of a socket.
pub struct Rings {
    rx: Vec<u8>,
    tx: Vec<u8>,
}

impl Rings {
    /// Allocates two rings of `size` bytes.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self { rx: vec![0; size], tx: vec![0; size] }
    }

    /// Makes a socket in this memory, with Reno and the defaults of smoltcp, which halfclose shares
    /// (Nagle, delayed acknowledgments of 10 ms).
    #[must_use]
    pub fn socket(&mut self) -> Socket<'_> {
        let mut socket =
            Socket::new(SocketBuffer::new(&mut self.rx[..]), SocketBuffer::new(&mut self.tx[..]));
        socket.set_congestion_control(CongestionControl::Reno);
        socket
    }
}

/// One end of a connection: an interface and its only socket. Ends 2n and 2n + 1 face each other.
pub struct End<'a> {
    iface: Interface,
    set: SocketSet<'a>,
    handle: SocketHandle,
    index: usize,
}

impl<'a> End<'a> {
    /// Makes end `index` with `socket`, kept in `storage`.
    ///
    /// # Panics
    /// Never, because `storage` has room for the address.
    #[must_use]
    pub fn new(
        index: usize,
        wire: &mut Wire,
        storage: &'a mut [SocketStorage<'a>],
        socket: Socket<'a>,
        seed: u64,
    ) -> Self {
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = seed;
        let now = wire.now;
        let mut iface = Interface::new(config, &mut Port { rx: None, wire, to: 0 }, now);
        iface.update_ip_addrs(|addresses| {
            let address = ADDRESSES[index % 2].into();
            addresses.push(IpCidr::new(address, 0)).expect("the first address");
        });
        let mut set = SocketSet::new(storage);
        let handle = set.add(socket);
        Self { iface, set, handle, index }
    }

    /// The only socket of this end.
    #[inline]
    pub fn socket(&mut self) -> &mut Socket<'a> {
        self.set.get_mut(self.handle)
    }

    /// Opens the connection (active OPEN).
    ///
    /// # Panics
    /// Panics if the socket is open.
    pub fn connect(&mut self, local: u16, remote: u16) {
        let to = (ADDRESSES[1 - self.index % 2], remote);
        self.set
            .get_mut::<Socket<'_>>(self.handle)
            .connect(self.iface.context(), to, local)
            .expect("a fresh socket connects");
    }

    /// Sends until the socket is quiet.
    #[inline]
    pub fn flush(&mut self, wire: &mut Wire) {
        let now = wire.now;
        let mut port = Port { rx: None, wire, to: self.index ^ 1 };
        while self.iface.poll_egress(now, &mut port, &mut self.set) != PollResult::None {}
    }

    /// Sends until the socket is quiet, and returns the next deadline.
    #[inline]
    fn settle(&mut self, wire: &mut Wire) {
        self.flush(wire);
        let at = self.iface.poll_at(wire.now, &self.set);
        wire.arm(self.index, at);
    }

    #[inline]
    fn ingress(&mut self, packet: &[u8], wire: &mut Wire) {
        let now = wire.now;
        let mut port = Port { rx: Some(packet), wire, to: self.index ^ 1 };
        self.iface.poll_ingress_single(now, &mut port, &mut self.set);
    }
}

/// Hands packets over and fires timers until nothing is left or `done` returns true. `touch` is the
/// application: the function is called with the end of an event, and names another end that has new
/// work.
pub fn drive(
    wire: &mut Wire,
    ends: &mut [End<'_>],
    mut touch: impl FnMut(usize, &mut [End<'_>]) -> Option<usize>,
    mut done: impl FnMut(&mut [End<'_>]) -> bool,
) {
    wire.timers.clear();
    wire.armed.clear();
    wire.armed.resize(ends.len(), None);
    for end in ends.iter_mut() {
        end.settle(wire);
    }
    while !done(ends) {
        let packet = wire.in_flight.front().map(|flight| flight.at);
        let timer = wire.timers.peek().map(|&Reverse((at, _))| at);
        let index = match (packet, timer) {
            (None, None) => return,
            (Some(packet), timer) if timer.is_none_or(|timer| packet <= timer) => {
                let flight = wire.in_flight.pop_front().expect("it was there a line ago");
                wire.now = packet;
                ends[flight.to].ingress(&flight.buffer[..flight.len], wire);
                wire.free.push(flight.buffer);
                flight.to
            }
            _ => {
                let Reverse((at, index)) = wire.timers.pop().expect("no packet comes first");
                if wire.armed[index] == Some(at) {
                    wire.armed[index] = None;
                }
                wire.now = wire.now.max(at);
                index
            }
        };
        let other = touch(index, ends);
        ends[index].settle(wire);
        if let Some(other) = other {
            ends[other].settle(wire);
        }
    }
}

struct Port<'a> {
    rx: Option<&'a [u8]>,
    wire: &'a mut Wire,
    to: usize,
}

impl Device for Port<'_> {
    type RxToken<'t>
        = Received<'t>
    where
        Self: 't;
    type TxToken<'t>
        = Slot<'t>
    where
        Self: 't;

    #[inline]
    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Slot<'_>)> {
        let packet = self.rx.take()?;
        Some((Received(packet), Slot { wire: self.wire, to: self.to }))
    }

    #[inline]
    fn transmit(&mut self, _: Instant) -> Option<Slot<'_>> {
        Some(Slot { wire: self.wire, to: self.to })
    }

    #[inline]
    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.wire.mtu;
        capabilities.checksum = ChecksumCapabilities::ignored();
        capabilities
    }
}

struct Received<'a>(&'a [u8]);

impl RxToken for Received<'_> {
    #[inline]
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

struct Slot<'a> {
    wire: &'a mut Wire,
    to: usize,
}

impl TxToken for Slot<'_> {
    #[inline]
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let Self { wire, to } = self;
        let mut buffer = wire.free.pop().unwrap_or_else(|| vec![0; wire.mtu]);
        let result = f(&mut buffer[..len]);
        wire.in_flight.push_back(Flight { at: wire.now + wire.hop, to, buffer, len });
        wire.packets += 1;
        result
    }
}
