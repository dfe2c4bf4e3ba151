//! `wire.rs` is a host's side of the link: what a packet looks like here, the packets that wait to
//! leave, and the one packet this crate writes by itself.

use std::collections::VecDeque;
use std::net::SocketAddrV4;

use crate::config::Config;
use crate::packet::checksum;
use crate::packet::device::Port;
use crate::packet::pool::{Packet, Pool};
use crate::packet::segment::Flags;

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

    /// smoltcp's device for one call.
    #[inline]
    pub(crate) fn port<'a>(&'a mut self, arriving: Option<&'a [u8]>) -> Port<'a> {
        let Self { pool, mtu, checksums, .. } = self;
        Port { arriving, leaving: None, pool, mtu: *mtu, checksums: *checksums }
    }

    /// After a header was changed by hand.
    pub(crate) fn seal(&self, packet: &mut [u8]) {
        if self.checksums {
            checksum::fill(packet);
        }
    }

    /// `<SEQ=seq><ACK=ack><CTL=flags>`, as smoltcp would have written it.
    pub(crate) fn bare(
        &mut self,
        flags: Flags,
        [from, to]: [SocketAddrV4; 2],
        [seq, ack]: [u32; 2],
        window: u16,
    ) -> Packet {
        const LEN: u8 = 40;
        let mut packet = self.pool.packet(usize::from(LEN));
        let (ip, tcp) = packet.split_at_mut(20);
        ip.copy_from_slice(&[0x45, 0, 0, LEN, 0, 0, 0x40, 0, 64, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        ip[12..16].copy_from_slice(&from.ip().octets());
        ip[16..20].copy_from_slice(&to.ip().octets());
        tcp.fill(0);
        tcp[0..2].copy_from_slice(&from.port().to_be_bytes());
        tcp[2..4].copy_from_slice(&to.port().to_be_bytes());
        tcp[4..8].copy_from_slice(&seq.to_be_bytes());
        tcp[8..12].copy_from_slice(&ack.to_be_bytes());
        tcp[12] = 5 << 4;
        tcp[13] = flags.0;
        tcp[14..16].copy_from_slice(&window.to_be_bytes());
        self.seal(&mut packet);
        packet
    }

    /// RFC 9293 §3.8.5 and RFC 6093: the pointer leads to the byte after the urgent data.
    pub(crate) fn mark_urgent(&self, packet: &mut Packet, mark: u32) {
        let seq = u32::from_be_bytes([packet[24], packet[25], packet[26], packet[27]]);
        let has_data = packet.len() > 20 + usize::from(packet[32] >> 4) * 4;
        let Ok(pointer) = u16::try_from(mark.wrapping_sub(seq)) else {
            return;
        };
        if has_data && pointer > 0 {
            packet[33] |= Flags::URG.0;
            packet[38..40].copy_from_slice(&pointer.to_be_bytes());
            self.seal(packet);
        }
    }
}
