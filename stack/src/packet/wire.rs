//! `wire.rs` owns the side of the link at a host: the pool of buffers, the packets that wait to leave, and
//! the size and checksums of packets.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use smoltcp::iface::{Config as InterfaceConfig, Interface};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

use crate::config::Config;
use crate::hash_by_field::hash_by_field;
use crate::packet::checksum;
use crate::packet::device::PacketDevice;
use crate::packet::header;
use crate::packet::pool::{Packet, Pool};
use crate::packet::segment::Segment;
use crate::time::Moment;

/// The side of the link at one host.
#[derive(Debug)]
pub(crate) struct Wire {
    /// Free buffers for packets.
    pub(crate) pool: Pool,
    /// Packets that wait to leave: replies and resets made outside `poll_transmit`.
    pub(crate) leaving: VecDeque<Packet>,
    mtu: usize,
    checksums: bool,
}

hash_by_field! { Wire { leaving } without { pool, mtu, checksums } }

impl Wire {
    pub(crate) fn new(config: &Config) -> Self {
        let pool = Pool::new(config.mtu);
        Self { pool, leaving: VecDeque::new(), mtu: config.mtu, checksums: config.checksums }
    }

    /// Return to the state after `new`, and keep the memory.
    pub(crate) fn reset(&mut self, config: &Config) {
        while let Some(packet) = self.leaving.pop_front() {
            self.pool.recycle(packet);
        }
        self.pool.resize(config.mtu);
        self.mtu = config.mtu;
        self.checksums = config.checksums;
    }

    /// Take the state of `source` over, with copies of the packets that wait.
    pub(crate) fn copy_from(&mut self, source: &Self) {
        let Self { pool, leaving, mtu, checksums } = source;
        self.leaving.drain(..).for_each(|packet| self.pool.recycle(packet));
        self.leaving.extend(leaving.iter().map(|packet| self.pool.copy_of(packet)));
        self.pool.copy_from(pool);
        (self.mtu, self.checksums) = (*mtu, *checksums);
    }

    /// A smoltcp interface with `address`. `seed` decides the initial sequence number.
    pub(crate) fn interface(&mut self, address: Ipv4Addr, seed: u64, now: Moment) -> Interface {
        let mut config = InterfaceConfig::new(HardwareAddress::Ip);
        config.random_seed = seed;
        let mut interface = Interface::new(config, &mut self.device(None), now.instant());
        interface.update_ip_addrs(|addresses| {
            // There is room for one: the list is new.
            let _ = addresses.push(IpCidr::new(IpAddress::Ipv4(address), 32));
        });
        interface
    }

    /// The device for one call of smoltcp.
    #[inline]
    pub(crate) fn device<'a>(&'a mut self, arriving: Option<&'a [u8]>) -> PacketDevice<'a> {
        let Self { pool, mtu, checksums, .. } = self;
        PacketDevice { arriving, leaving: None, pool, mtu: *mtu, checksums: *checksums }
    }

    /// Fill in the checksums of a packet after a change, if checksums are on.
    pub(crate) fn seal(&self, packet: &mut [u8]) {
        if self.checksums {
            checksum::fill(packet);
        }
    }

    /// A packet with the headers of `segment` and with `payload`, as smoltcp would write the packet.
    pub(crate) fn packet(&mut self, segment: &Segment, payload: &[u8]) -> Packet {
        self.packet_with(segment, &[], payload)
    }

    /// A packet as of `packet`, with `options` as encoded by RFC 9293 §3.2, in whole words.
    pub(crate) fn packet_with(
        &mut self,
        segment: &Segment,
        options: &[u8],
        payload: &[u8],
    ) -> Packet {
        let start = header::BOTH + options.len();
        let mut packet = self.pool.packet(start + payload.len());
        packet[header::BOTH..start].copy_from_slice(options);
        packet[start..].copy_from_slice(payload);
        header::write(segment, header::TCP + options.len(), &mut packet);
        self.seal(&mut packet);
        packet
    }

    /// The largest segment that this host takes, as its SYN says, in bytes.
    pub(crate) fn max_segment_size(&self) -> u16 {
        u16::try_from(self.mtu - header::BOTH).unwrap_or(u16::MAX)
    }

    /// Mark urgent data up to the sequence number `mark` in a packet with data. The urgent pointer leads
    /// to the byte after the urgent data (RFC 9293 §3.8.5, RFC 6093).
    pub(crate) fn mark_urgent(&self, packet: &mut Packet, mark: u32) {
        let segment = Segment::peek(packet).expect("smoltcp sends whole headers");
        let pointer = u16::try_from(mark.wrapping_sub(segment.seq)).unwrap_or(0);
        if segment.payload_len > 0 && pointer > 0 {
            header::set_urgent(packet, pointer);
            self.seal(packet);
        }
    }
}
