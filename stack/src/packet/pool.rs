//! `pool.rs` owns the memory of packets. The buffer of a packet goes from the host over the link to the
//! peer, and returns by `Host::recycle`.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};

use crate::packet::segment::Segment;

/// An IPv4 packet in a buffer of a pool. A packet dereferences to the bytes of the packet.
#[derive(Default)]
pub struct Packet {
    /// At least `len` bytes. Bytes beyond `len` belong to an older packet.
    buffer: Vec<u8>,
    len: usize,
}

impl Clone for Packet {
    fn clone(&self) -> Self {
        Self { buffer: self.buffer.clone(), len: self.len }
    }

    /// Copies the bytes of the packet into the old buffer, where they fit.
    fn clone_from(&mut self, source: &Self) {
        if self.buffer.len() < source.len {
            self.buffer.clone_from(&source.buffer);
        } else {
            self.buffer[..source.len].copy_from_slice(source);
        }
        self.len = source.len;
    }
}

impl Deref for Packet {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.buffer[..self.len]
    }
}

impl DerefMut for Packet {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[..self.len]
    }
}

impl From<Vec<u8>> for Packet {
    fn from(buffer: Vec<u8>) -> Self {
        Self { len: buffer.len(), buffer }
    }
}

impl PartialEq for Packet {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Packet {}

impl Hash for Packet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Segment::parse(self) {
            Some(segment) => write!(f, "Packet({segment})"),
            None => write!(f, "Packet({} bytes)", self.len),
        }
    }
}

/// Free buffers that a pool keeps at least, even if more buffers return than were handed out.
const KEPT: usize = 8;

/// The free buffers of one host.
#[derive(Debug)]
pub(crate) struct Pool {
    free: Vec<Packet>,
    /// Length of a new buffer in bytes.
    mtu: usize,
    /// Buffers handed out, less buffers recycled.
    out: i64,
}

impl Pool {
    pub(crate) fn new(mtu: usize) -> Self {
        Self { free: Vec::new(), mtu, out: 0 }
    }

    /// How many buffers were handed out and not recycled. Negative: more were recycled.
    pub(crate) fn out(&self) -> i64 {
        self.out
    }

    /// Start again with buffers of `mtu` bytes. Free buffers are kept if `mtu` stays the same.
    pub(crate) fn resize(&mut self, mtu: usize) {
        self.out = 0;
        if mtu != self.mtu {
            self.free.clear();
            self.mtu = mtu;
        }
    }

    /// A packet of `len` bytes with old content: the caller writes all bytes.
    #[inline]
    pub(crate) fn packet(&mut self, len: usize) -> Packet {
        self.out += 1;
        let mut packet = self.free.pop().unwrap_or_default();
        if packet.buffer.len() < len {
            packet.buffer.resize(len.max(self.mtu), 0);
        }
        packet.len = len;
        packet
    }

    /// A copy of `packet` in a buffer of this pool.
    pub(crate) fn copy_of(&mut self, packet: &[u8]) -> Packet {
        let mut copy = self.packet(packet.len());
        copy.copy_from_slice(packet);
        copy
    }

    /// Take the count of `source` over. The free buffers stay.
    pub(crate) fn copy_from(&mut self, source: &Self) {
        self.resize(source.mtu);
        self.out = source.out;
    }

    /// Take the buffer of a packet back.
    #[inline]
    pub(crate) fn recycle(&mut self, packet: Packet) {
        // A link that copies packets returns more buffers than were handed out. If the pool kept all
        // copies, the pool would grow with every run.
        if self.out > 0 || self.free.len() < KEPT {
            self.free.push(packet);
        }
        self.out -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_do_not_pile_up() {
        let mut pool = Pool::new(1500);
        for _ in 0..100 {
            let packets = [pool.packet(40), pool.packet(1500)];
            for packet in packets {
                pool.recycle(packet.clone());
                pool.recycle(packet);
            }
            assert_eq!(pool.out(), -2);
            pool.resize(1500);
            assert!(pool.free.len() <= KEPT + 2, "{}", pool.free.len());
        }
    }
}
