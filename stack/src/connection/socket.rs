//! `socket.rs` owns one smoltcp socket: a socket set of one, and the memory of the two rings. The memory
//! goes from connection to connection. smoltcp 0.14 does not return the buffers of a dropped socket, so
//! a new `Vec` for each ring would be allocated and cleared for every connection: most of the cost of a
//! short connection. This file holds the only unsafe code of the crate.
#![expect(
    unsafe_code,
    reason = "smoltcp 0.14 keeps the buffers of a dropped socket's rings from being used again"
)]

use std::ptr::NonNull;

use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::tcp::{Socket, SocketBuffer};

/// A socket set of one. The socket borrows from `rings` and from nothing else.
pub(crate) struct TcpSocket {
    // Dropped before `rings`: fields are dropped in the order of declaration.
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    rings: [Ring; 2],
}

impl TcpSocket {
    /// A socket whose rings have no memory yet.
    pub(crate) fn new() -> Self {
        let mut sockets = SocketSet::new(Vec::with_capacity(1));
        let handle = sockets.add(without_rings());
        Self { sockets, handle, rings: [0; 2].map(Ring::new) }
    }

    /// Replace the socket with a fresh socket. The two lengths are those of the ring to receive into and
    /// the ring to send from, in bytes. Rings of the same lengths are used again.
    pub(crate) fn renew(&mut self, lengths: [usize; 2]) {
        if self.rings.each_ref().map(Ring::len) != lengths {
            self.vacate();
            self.rings = lengths.map(Ring::new);
        }
        // SAFETY: the socket that borrows these rings stays in `self.sockets` (nothing in this crate
        // moves a socket out of its set). The one before it is dropped by the assignment below and
        // does not use them in between; `vacate` and `drop` too drop the socket before the rings.
        let [receive, send] = unsafe { self.rings.each_mut().map(|ring| ring.lend()) };
        *self.get_mut() = socket(receive, send);
    }

    /// Drop the socket, so no reference to the rings is left.
    fn vacate(&mut self) {
        *self.get_mut() = without_rings();
    }

    pub(crate) fn get_mut(&mut self) -> &mut Socket<'static> {
        self.sockets.get_mut(self.handle)
    }

    pub(crate) fn get(&self) -> &Socket<'static> {
        self.sockets.get(self.handle)
    }

    /// The socket set, for the interface to poll.
    pub(crate) fn set(&mut self) -> &mut SocketSet<'static> {
        &mut self.sockets
    }
}

/// A fresh socket. Not inlined, because the constructor of smoltcp is long.
#[inline(never)]
fn socket(receive: SocketBuffer<'static>, send: SocketBuffer<'static>) -> Socket<'static> {
    Socket::new(receive, send)
}

fn without_rings() -> Socket<'static> {
    let nothing = || SocketBuffer::new(Vec::new());
    socket(nothing(), nothing())
}

/// The memory of one ring, owned by this value except while lent by `lend`.
#[derive(Debug)]
pub(crate) struct Ring(NonNull<[u8]>);

// SAFETY: the memory is owned as a `Box<[u8]>` owns it, and that is `Send`.
unsafe impl Send for Ring {}

impl Ring {
    /// Allocate `len` bytes, all zero.
    pub(crate) fn new(len: usize) -> Self {
        Self(NonNull::from(Box::leak(vec![0; len].into_boxed_slice())))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The whole memory as the ring of a socket. Old bytes stay in the memory and are never read: a ring
    /// returns only bytes put into the ring.
    ///
    /// # Safety
    /// The buffer must be dropped before this ring is lent again or dropped itself.
    unsafe fn lend(&mut self) -> SocketBuffer<'static> {
        // SAFETY: `new` leaked this memory and `drop` alone frees it; by the contract above no other
        // reference to it is alive.
        let memory: &'static mut [u8] = unsafe { self.0.as_mut() };
        SocketBuffer::new(memory)
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: `new` leaked it as such a box, and by `lend`'s contract nothing borrows from it.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_serves_one_socket_after_another() {
        let mut socket = TcpSocket::new();
        for lengths in [[64, 32], [64, 32], [32, 64], [0, 0], [64, 32]] {
            socket.renew(lengths);
            assert_eq!([socket.get().recv_capacity(), socket.get().send_capacity()], lengths);
        }
    }
}
