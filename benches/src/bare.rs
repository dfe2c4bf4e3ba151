//! `bare` is the ceiling: two smoltcp sockets, each alone in its interface's set, joined by a
//! perfect wire, with nothing around them that the work does not need. Packets are handed over one
//! at a time, as in the simulation: ingress, application, egress until quiet.

use std::collections::VecDeque;

use smoltcp::iface::{Config, Interface, PollResult, SocketHandle, SocketSet, SocketStorage};
use smoltcp::phy::{ChecksumCapabilities, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{CongestionControl, Socket, SocketBuffer};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpCidr};

use crate::ADDRESSES;

/// One way of the wire takes this long; time is virtual.
const HOP: Duration = Duration::from_micros(1);

/// Packet buffers and what is in flight: kept from connection to connection.
pub struct Wire {
    mtu: usize,
    free: Vec<Vec<u8>>,
    in_flight: VecDeque<(Instant, usize, Vec<u8>)>,
    /// Virtual time.
    pub now: Instant,
    /// Packets handed over so far.
    pub packets: u64,
}

impl Wire {
    /// A wire for packets of at most `mtu` bytes.
    #[must_use]
    pub fn new(mtu: usize) -> Self {
        let now = Instant::from_micros(0);
        Self { mtu, free: Vec::new(), in_flight: VecDeque::new(), now, packets: 0 }
    }
}

/// The memory of one socket's two rings.
pub struct Rings {
    rx: Vec<u8>,
    tx: Vec<u8>,
}

impl Rings {
    /// Two rings of `size` bytes.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self { rx: vec![0; size], tx: vec![0; size] }
    }

    /// A socket in this memory: Reno, no Nagle, no delayed acknowledgement unless asked for.
    #[must_use]
    pub fn socket(&mut self) -> Socket<'_> {
        let mut socket =
            Socket::new(SocketBuffer::new(&mut self.rx[..]), SocketBuffer::new(&mut self.tx[..]));
        socket.set_congestion_control(CongestionControl::Reno);
        socket
    }
}

/// One end: an interface and its only socket.
pub struct End<'a> {
    iface: Interface,
    set: SocketSet<'a>,
    handle: SocketHandle,
    index: usize,
}

impl<'a> End<'a> {
    /// End `index` (0 or 1) with `socket`, kept in `storage`.
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
            addresses.push(IpCidr::new(ADDRESSES[index].into(), 0)).expect("the first address");
        });
        let mut set = SocketSet::new(storage);
        let handle = set.add(socket);
        Self { iface, set, handle, index }
    }

    /// The socket.
    pub fn socket(&mut self) -> &mut Socket<'a> {
        self.set.get_mut(self.handle)
    }

    /// Active OPEN.
    ///
    /// # Panics
    /// If the socket is open.
    pub fn connect(&mut self, local: u16, remote: u16) {
        let to = (ADDRESSES[1 - self.index], remote);
        self.set
            .get_mut::<Socket<'_>>(self.handle)
            .connect(self.iface.context(), to, local)
            .expect("a fresh socket connects");
    }

    /// Egress until quiet.
    pub fn flush(&mut self, wire: &mut Wire) {
        let now = wire.now;
        let mut port = Port { rx: None, wire, to: 1 - self.index };
        while self.iface.poll_egress(now, &mut port, &mut self.set) != PollResult::None {}
    }

    fn ingress(&mut self, packet: &[u8], wire: &mut Wire) {
        let now = wire.now;
        let mut port = Port { rx: Some(packet), wire, to: 1 - self.index };
        self.iface.poll_ingress_single(now, &mut port, &mut self.set);
    }

    fn poll_at(&mut self, now: Instant) -> Option<Instant> {
        self.iface.poll_at(now, &self.set)
    }
}

/// Hand packets over and fire timers until `done`; `touch` is the application, called with the end
/// that something happened to.
///
/// # Panics
/// If nothing will ever happen again before `done`.
pub fn drive(
    wire: &mut Wire,
    ends: &mut [End<'_>; 2],
    mut touch: impl FnMut(usize, &mut Socket<'_>),
    mut done: impl FnMut(&mut [End<'_>; 2]) -> bool,
) {
    for end in ends.iter_mut() {
        end.flush(wire);
    }
    while !done(ends) {
        if let Some((at, to, packet)) = wire.in_flight.pop_front() {
            wire.now = wire.now.max(at);
            ends[to].ingress(&packet, wire);
            wire.free.push(packet);
            touch(to, ends[to].socket());
            ends[to].flush(wire);
            continue;
        }
        let now = wire.now;
        let at = ends.iter_mut().filter_map(|end| end.poll_at(now)).min();
        wire.now = now.max(at.expect("a bare connection without loss always goes on"));
        for (index, end) in ends.iter_mut().enumerate() {
            touch(index, end.socket());
            end.flush(wire);
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

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Slot<'_>)> {
        let packet = self.rx.take()?;
        Some((Received(packet), Slot { wire: self.wire, to: self.to }))
    }

    fn transmit(&mut self, _: Instant) -> Option<Slot<'_>> {
        Some(Slot { wire: self.wire, to: self.to })
    }

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
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

struct Slot<'a> {
    wire: &'a mut Wire,
    to: usize,
}

impl TxToken for Slot<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let mtu = self.wire.mtu;
        let mut packet = self.wire.free.pop().unwrap_or_else(|| vec![0; mtu]);
        packet.resize(length, 0);
        let result = f(&mut packet);
        self.wire.in_flight.push_back((self.wire.now + HOP, self.to, packet));
        self.wire.packets += 1;
        result
    }
}
