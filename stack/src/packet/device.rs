//! `device.rs` owns the network device that smoltcp sees during one call: at most one packet arrives,
//! and at most one packet leaves.

use smoltcp::phy::{
    Checksum, ChecksumCapabilities, Device, DeviceCapabilities, Medium, RxToken, TxToken,
};
use smoltcp::time::Instant;

use crate::packet::pool::{Packet, Pool};

/// The device for one call: the arriving packet, and room for the leaving packet.
pub(crate) struct PacketDevice<'a> {
    pub(crate) arriving: Option<&'a [u8]>,
    pub(crate) leaving: Option<Packet>,
    pub(crate) pool: &'a mut Pool,
    pub(crate) mtu: usize,
    pub(crate) checksums: bool,
}

/// The arriving packet on the way into smoltcp.
pub(crate) struct ReceiveToken<'a>(&'a [u8]);

impl RxToken for ReceiveToken<'_> {
    #[inline]
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, take: F) -> R {
        take(self.0)
    }
}

/// Room for the packet that smoltcp sends.
pub(crate) struct TransmitToken<'a> {
    slot: &'a mut Option<Packet>,
    pool: &'a mut Pool,
}

impl TxToken for TransmitToken<'_> {
    #[inline]
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, fill: F) -> R {
        let packet = self.slot.insert(self.pool.packet(len));
        fill(packet)
    }
}

impl Device for PacketDevice<'_> {
    type RxToken<'a>
        = ReceiveToken<'a>
    where
        Self: 'a;
    type TxToken<'a>
        = TransmitToken<'a>
    where
        Self: 'a;

    #[inline]
    fn receive(&mut self, _: Instant) -> Option<(ReceiveToken<'_>, TransmitToken<'_>)> {
        let bytes = self.arriving.take()?;
        Some((ReceiveToken(bytes), TransmitToken { slot: &mut self.leaving, pool: self.pool }))
    }

    #[inline]
    fn transmit(&mut self, _: Instant) -> Option<TransmitToken<'_>> {
        let vacant = self.leaving.is_none();
        vacant.then_some(TransmitToken { slot: &mut self.leaving, pool: self.pool })
    }

    #[inline]
    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu;
        capabilities.checksum = ChecksumCapabilities::ignored();
        if self.checksums {
            // Checksums of arriving packets are verified before smoltcp sees the packets.
            capabilities.checksum.ipv4 = Checksum::Tx;
            capabilities.checksum.tcp = Checksum::Tx;
        }
        capabilities
    }
}
