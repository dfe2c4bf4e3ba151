//! `wire.rs` is a host's side of the link: what a packet looks like here, the packets that wait to
//! leave, and the one packet this crate writes by itself.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use smoltcp::iface::{Config as InterfaceConfig, Interface};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

use crate::config::Config;
use crate::packet::checksum;
use crate::packet::device::PacketDevice;
use crate::packet::header;
use crate::packet::pool::{Packet, Pool};
use crate::packet::segment::Segment;
use crate::time::Moment;

/// A host's side of the link.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) pool: Pool,
    /// Packets that left a socket outside `poll_transmit`: replies and resets.
    pub(crate) leaving: VecDeque<Packet>,
    mtu: usize,
    checksums: bool,
}

impl Wire {
    pub(crate) fn new(config: &Config) -> Self {
        let pool = Pool::new(config.mtu);
        Self { pool, leaving: VecDeque::new(), mtu: config.mtu, checksums: config.checksums }
    }

    /// Like new, with the memory kept.
    pub(crate) fn reset(&mut self, config: &Config) {
        while let Some(packet) = self.leaving.pop_front() {
            self.pool.recycle(packet);
        }
        self.pool.resize(config.mtu);
        self.mtu = config.mtu;
        self.checksums = config.checksums;
    }

    /// A smoltcp interface with `address`. `seed` decides initial sequence numbers.
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

    /// smoltcp's device for one call.
    #[inline]
    pub(crate) fn device<'a>(&'a mut self, arriving: Option<&'a [u8]>) -> PacketDevice<'a> {
        let Self { pool, mtu, checksums, .. } = self;
        PacketDevice { arriving, leaving: None, pool, mtu: *mtu, checksums: *checksums }
    }

    /// After a header was changed by hand.
    pub(crate) fn seal(&self, packet: &mut [u8]) {
        if self.checksums {
            checksum::fill(packet);
        }
    }

    /// Write `segment`, which has no options and no data, as smoltcp would have written it.
    pub(crate) fn bare(&mut self, segment: &Segment) -> Packet {
        let mut packet = self.pool.packet(header::BOTH);
        header::write(segment, header::TCP, &mut packet);
        self.seal(&mut packet);
        packet
    }

    /// `packet`, which has no data, with `payload` behind its headers.
    #[cold]
    pub(crate) fn with_payload(&mut self, packet: Packet, payload: &[u8]) -> Packet {
        let (headers, whole) = (packet.len(), packet.len() + payload.len());
        let mut longer = self.pool.packet(whole);
        longer[..headers].copy_from_slice(&packet);
        longer[headers..].copy_from_slice(payload);
        let length = u16::try_from(whole).expect("headers and a few bytes are under 64 KiB");
        longer[2..4].copy_from_slice(&length.to_be_bytes());
        self.pool.recycle(packet);
        self.seal(&mut longer);
        longer
    }

    /// RFC 9293 §3.8.5 and RFC 6093: the pointer leads to the byte after the urgent data.
    pub(crate) fn mark_urgent(&self, packet: &mut Packet, mark: u32) {
        let segment = Segment::peek(packet).expect("smoltcp sends whole headers");
        let pointer = u16::try_from(mark.wrapping_sub(segment.seq)).unwrap_or(0);
        if segment.payload_len > 0 && pointer > 0 {
            header::set_urgent(packet, pointer);
            self.seal(packet);
        }
    }
}
