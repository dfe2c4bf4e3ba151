//! `device.rs` is smoltcp's device for one call: at most one packet in, at most one packet out.

use smoltcp::phy::{
    Checksum, ChecksumCapabilities, Device, DeviceCapabilities, Medium, RxToken, TxToken,
};
use smoltcp::time::Instant;

use crate::packet::pool::{Packet, Pool};

/// The packet that arrives, if any, and room for the packet that leaves.
pub(crate) struct Port<'a> {
    pub(crate) arriving: Option<&'a [u8]>,
    pub(crate) leaving: Option<Packet>,
    pub(crate) pool: &'a mut Pool,
    pub(crate) mtu: usize,
    pub(crate) checksums: bool,
}

/// The arriving packet, on its way into smoltcp.
pub(crate) struct Arriving<'a>(&'a [u8]);

impl RxToken for Arriving<'_> {
    #[inline]
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, take: F) -> R {
        take(self.0)
    }
}

/// Room for the leaving packet.
pub(crate) struct Leaving<'a> {
    slot: &'a mut Option<Packet>,
    pool: &'a mut Pool,
}

impl TxToken for Leaving<'_> {
    #[inline]
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, fill: F) -> R {
        let packet = self.slot.insert(self.pool.packet(len));
        fill(packet)
    }
}

impl Device for Port<'_> {
    type RxToken<'a>
        = Arriving<'a>
    where
        Self: 'a;
    type TxToken<'a>
        = Leaving<'a>
    where
        Self: 'a;

    #[inline]
    fn receive(&mut self, _: Instant) -> Option<(Arriving<'_>, Leaving<'_>)> {
        let bytes = self.arriving.take()?;
        Some((Arriving(bytes), Leaving { slot: &mut self.leaving, pool: self.pool }))
    }

    #[inline]
    fn transmit(&mut self, _: Instant) -> Option<Leaving<'_>> {
        let vacant = self.leaving.is_none();
        vacant.then_some(Leaving { slot: &mut self.leaving, pool: self.pool })
    }

    #[inline]
    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu;
        capabilities.checksum = ChecksumCapabilities::ignored();
        if self.checksums {
            // Arriving ones are verified before smoltcp is asked.
            capabilities.checksum.ipv4 = Checksum::Tx;
            capabilities.checksum.tcp = Checksum::Tx;
        }
        capabilities
    }
}
