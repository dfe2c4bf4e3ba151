//! `seat.rs` is where one smoltcp socket sits: a socket set of one, and the memory of its rings, which
//! goes from connection to connection. smoltcp 0.14 gives no buffer back, so a `Vec` for each ring
//! would be allocated and cleared for every connection, which is most of what a short one costs (see
//! docs/SPEED.md). This is the crate's only unsafe code.
#![expect(
    unsafe_code,
    reason = "smoltcp 0.14 keeps the buffers of a dropped socket's rings from being used again"
)]

use std::ptr::NonNull;

use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::tcp::{Socket, SocketBuffer};

/// A socket set of one. Its socket borrows from `rings`, and from nothing else.
pub(crate) struct Seat {
    // Dropped before `rings`: fields are dropped in their order.
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    rings: Option<[Ring; 2]>,
}

impl Seat {
    /// A seat with a socket that has no rings.
    pub(crate) fn new() -> Self {
        let mut sockets = SocketSet::new(Vec::with_capacity(1));
        let handle = sockets.add(without_rings());
        Self { sockets, handle, rings: None }
    }

    /// Put a fresh socket there, with a ring to receive into and one to send from.
    ///
    /// # Panics
    /// If the seat is taken.
    pub(crate) fn take(&mut self, rings: [Ring; 2]) {
        assert!(self.rings.is_none(), "a seat is vacated before it is taken again");
        let [receive, send] = self.rings.insert(rings);
        // SAFETY: the socket that borrows these rings stays in `self.sockets` (nothing in this crate
        // moves a socket out of its set), and both `vacate` and `drop` drop it before the rings.
        let [receive, send] = unsafe { [receive.lend(), send.lend()] };
        *self.socket() = socket(receive, send);
    }

    /// Drop the socket; its rings can be used again.
    pub(crate) fn vacate(&mut self) -> Option<[Ring; 2]> {
        *self.socket() = without_rings();
        self.rings.take()
    }

    #[inline]
    pub(crate) fn socket(&mut self) -> &mut Socket<'static> {
        self.sockets.get_mut(self.handle)
    }

    #[inline]
    pub(crate) fn peek(&self) -> &Socket<'static> {
        self.sockets.get(self.handle)
    }

    /// The set, for an interface to poll.
    #[inline]
    pub(crate) fn set(&mut self) -> &mut SocketSet<'static> {
        &mut self.sockets
    }
}

/// A fresh socket. Once in the program: smoltcp's constructor is long.
#[inline(never)]
fn socket(receive: SocketBuffer<'static>, send: SocketBuffer<'static>) -> Socket<'static> {
    Socket::new(receive, send)
}

fn without_rings() -> Socket<'static> {
    let nothing = || SocketBuffer::new(Vec::new());
    socket(nothing(), nothing())
}

/// The memory of one ring: owned by this value, but for what `lend` has lent.
#[derive(Debug)]
pub(crate) struct Ring(NonNull<[u8]>);

// SAFETY: the memory is owned as a `Box<[u8]>` owns it, and that is `Send`.
unsafe impl Send for Ring {}

impl Ring {
    /// `len` bytes.
    pub(crate) fn new(len: usize) -> Self {
        Self(NonNull::from(Box::leak(vec![0; len].into_boxed_slice())))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The whole memory as a socket's ring. What it held before stays in it unread: a ring gives out
    /// only what was put into it.
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
        let mut seat = Seat::new();
        let mut rings = Some([Ring::new(64), Ring::new(32)]);
        for _ in 0..3 {
            seat.take(rings.take().expect("the rings have come back"));
            assert_eq!(seat.peek().recv_capacity(), 64);
            assert_eq!(seat.peek().send_capacity(), 32);
            rings = seat.vacate();
            assert_eq!(seat.peek().recv_capacity(), 0);
        }
        assert!(seat.vacate().is_none());
    }
}
