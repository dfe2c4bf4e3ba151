//! `socket.rs` owns one smoltcp socket: a socket set of one, and the memory of the two rings. The memory
//! goes from connection to connection. smoltcp 0.14 does not return the buffers of a dropped socket, so
//! a new `Vec` for each ring would be allocated and cleared for every connection: most of the cost of a
//! short connection. This file holds the only unsafe code of the crate.
#![expect(
    unsafe_code,
    reason = "smoltcp 0.14 keeps the buffers of a dropped socket's rings from being used again"
)]

use std::cell::RefCell;
use std::fmt::Write;
use std::hash::{Hash, Hasher};
use std::mem::{self, MaybeUninit};
use std::ptr::{self, NonNull};
use std::sync::{Arc, OnceLock};

use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::tcp::{Socket, SocketBuffer};

use crate::connection::socket_text::{Printed, Text};

/// The place of the ring to receive into, and of the ring to send from.
const RECEIVE: usize = 0;
const SEND: usize = 1;

/// A socket set of one. The socket uses the memory of `rings`, but `rings` owns the memory: the socket is
/// never dropped, only forgotten by `replace`.
pub(crate) struct TcpSocket {
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    rings: Arc<Rings>,
    /// The copied socket, if this value is a copy. The rings of a copy have no bytes.
    copied: Option<Box<Copied>>,
    /// The bytes in the ring to send from, by a number: each write makes an edition. 0: unknown.
    edition: u64,
    /// How many editions the ring has had.
    editions: u64,
    /// What `hash_with` hashed last. No call has changed the socket since, or there is none.
    printed: RefCell<Printed>,
}

/// A socket as it was at one moment.
struct Copied {
    /// Never dropped, and never used as a socket.
    socket: MaybeUninit<Socket<'static>>,
    /// The first bytes of each ring.
    bytes: [Vec<u8>; 2],
    /// The edition of the ring to send from.
    edition: u64,
    /// The rings of the socket.
    rings: Arc<Rings>,
    /// The hash of the socket, if there is one.
    printed: Printed,
}

impl TcpSocket {
    /// A socket whose rings have no memory yet.
    pub(crate) fn new() -> Self {
        let rings = Arc::new(Rings::new([0; 2]));
        let mut sockets = SocketSet::new(Vec::with_capacity(1));
        let handle = sockets.add(without_rings());
        Self {
            sockets,
            handle,
            rings,
            copied: None,
            edition: 0,
            editions: 0,
            printed: RefCell::default(),
        }
    }

    /// Note that bytes were written into the ring to send from.
    #[inline]
    pub(super) fn note_written(&mut self) {
        self.editions += 1;
        self.edition = self.editions;
    }

    /// Replace the socket with a fresh socket. The two lengths are those of the ring to receive into and
    /// the ring to send from, in bytes. Rings of the same lengths are used again.
    pub(crate) fn renew(&mut self, lengths: [usize; 2]) {
        self.copied = None;
        self.note_written();
        if self.rings.lengths() != lengths {
            self.replace(without_rings());
            self.rings = Arc::new(Rings::new(lengths));
        }
        // SAFETY: the one socket that uses these rings is forgotten by `replace`, and is not used in
        // between. A copy of a socket is never used, and touches the rings in `copy_from` alone.
        let [receive, send] = unsafe { self.rings.lend() };
        self.replace(socket(receive, send));
    }

    /// Copy the socket of `source` into this value, which becomes a copy, or write the copy `source` back
    /// into the socket from which the copy was made. Beyond the first `used` bytes (of the ring to
    /// receive into, of the ring to send from) the rings of a copied socket have no bytes in use. A copy
    /// cannot be polled: it acts as a closed socket.
    ///
    /// # Panics
    /// If `source` is the copy of a different socket.
    pub(crate) fn copy_from(&mut self, source: &Self, used: [usize; 2]) {
        let Some(back) = &source.copied else {
            if self.copied.is_none() {
                *self = Self::new();
            }
            let copied = self.copied.get_or_insert_with(|| Copied::of(&source.rings));
            if !Arc::ptr_eq(&copied.rings, &source.rings) {
                copied.rings = Arc::clone(&source.rings);
                copied.edition = 0;
            }
            copied.printed.clone_from(&source.printed.borrow());
            // SAFETY: the bits of a copied socket are never used as a socket and never dropped, so the
            // socket of `source` stays the only user of its rings. The rings are only read.
            unsafe {
                ptr::copy_nonoverlapping(source.get(), copied.socket.as_mut_ptr(), 1);
                for (at, used) in used.into_iter().enumerate() {
                    let bytes = &mut copied.bytes[at];
                    let there = same_edition(copied.edition, source.edition) && bytes.len() >= used;
                    if at == RECEIVE || !there {
                        bytes.clear();
                        bytes.extend_from_slice(&copied.rings.0[at].as_ref()[..used]);
                    }
                }
            }
            copied.edition = source.edition;
            return;
        };
        let same = self.copied.is_none() && Arc::ptr_eq(&self.rings, &back.rings);
        assert!(same, "a copy of a socket goes back into the same socket");
        // SAFETY: `back` was written above, from a socket that used these rings. The rings are alive,
        // for `self` owns them too. The overwritten socket used the same rings and is forgotten here,
        // so the rings have one user again, and `self` is borrowed exclusively. Beside the rings a
        // socket owns no memory: smoltcp 0.14 keeps wakers only with the feature `async`.
        unsafe {
            ptr::copy_nonoverlapping(back.socket.as_ptr(), self.get_mut(), 1);
            for (at, bytes) in back.bytes.iter().enumerate() {
                if at == RECEIVE || !same_edition(self.edition, back.edition) {
                    (&mut (*self.rings.0[at].as_ptr()))[..bytes.len()].copy_from_slice(bytes);
                }
            }
        }
        self.edition = back.edition;
        if back.bytes[SEND].is_empty() {
            // Nothing is in use, and the ring may have the bytes of another edition.
            self.note_written();
        }
        self.printed.get_mut().clone_from(&back.printed);
    }

    /// Hash the socket: every field as smoltcp prints the field, and the first `used` bytes of each ring.
    /// smoltcp derives `Debug`, so no field is left out, and prints integers exactly, so different fields
    /// are different text. The bytes of the rings beyond `used` are in no use: see `copy_from`.
    pub(super) fn hash_with<H: Hasher>(&self, used: [usize; 2], state: &mut H) {
        self.hash_ahead();
        self.printed.borrow().hash(state);
        for (ring, used) in self.rings.0.iter().zip(used) {
            // SAFETY: the rings are alive, and the socket is borrowed: no call writes into the rings.
            let ring = unsafe { ring.as_ref() };
            ring[..used].hash(state);
        }
    }

    /// Hash the fields for later calls of `hash_with`, if a call has changed the socket since the last hash.
    pub(super) fn hash_ahead(&self) {
        let mut printed = self.printed.borrow_mut();
        if printed.hash.is_none() {
            TEXT.with_borrow_mut(|text| {
                text.clear();
                self.print(text);
                printed.keep(text);
            });
        }
    }

    /// Take the hash of a copy of a socket in the same state.
    pub(super) fn copy_hash(&self, copy: &Self) {
        let copied = copy.copied.as_ref().expect("the hash is taken from a copy");
        if cfg!(debug_assertions) && copied.printed.hash.is_some() {
            self.hash_ahead();
            assert_eq!(*self.printed.borrow(), copied.printed, "the socket is in the same state");
        }
        self.printed.borrow_mut().clone_from(&copied.printed);
    }

    /// Print the fields of the socket, with rings of no bytes: smoltcp would print every byte of a ring.
    fn print(&self, text: &mut Text) {
        let lengths = *LENGTHS.get_or_init(ring_lengths);
        let mut image = MaybeUninit::<Socket<'static>>::uninit();
        // SAFETY: `image` becomes the bits of a socket with rings of no bytes: `ring_lengths` has found where
        // a socket has the two lengths, and a vector may have fewer bytes than its capacity. The image is
        // read by the formatter alone, is never dropped and touches no byte of the rings.
        let printed = unsafe {
            ptr::copy_nonoverlapping(self.get(), image.as_mut_ptr(), 1);
            for length in lengths {
                image.as_mut_ptr().byte_add(length).cast::<usize>().write(0);
            }
            write!(text, "{:?}", image.assume_init_ref())
        };
        printed.expect("a text takes everything");
    }

    /// Put `socket` in the place of the socket, which is forgotten: a drop would free the rings.
    fn replace(&mut self, socket: Socket<'static>) {
        mem::forget(mem::replace(self.get_mut(), socket));
    }

    pub(crate) fn get_mut(&mut self) -> &mut Socket<'static> {
        self.printed.get_mut().hash = None;
        self.sockets.get_mut(self.handle)
    }

    pub(crate) fn get(&self) -> &Socket<'static> {
        self.sockets.get(self.handle)
    }

    /// The socket set, for the interface to poll.
    pub(crate) fn set(&mut self) -> &mut SocketSet<'static> {
        self.printed.get_mut().hash = None;
        &mut self.sockets
    }

    /// The socket set, for questions that change no socket.
    pub(crate) fn shared(&self) -> &SocketSet<'static> {
        &self.sockets
    }
}

impl Drop for TcpSocket {
    fn drop(&mut self) {
        self.replace(without_rings());
    }
}

impl Copied {
    fn of(rings: &Arc<Rings>) -> Box<Self> {
        let (socket, bytes) = (MaybeUninit::uninit(), Default::default());
        Box::new(Self {
            socket,
            bytes,
            rings: Arc::clone(rings),
            edition: 0,
            printed: Printed::default(),
        })
    }
}

/// Whether two rings to send from have the same bytes, as far as is known.
fn same_edition(one: u64, other: u64) -> bool {
    one == other && one != 0
}

thread_local! {
    /// Scratch: the text of one socket.
    static TEXT: RefCell<Text> = RefCell::default();
}

/// Where a socket has the lengths of its two rings, in bytes from the beginning of the socket.
static LENGTHS: OnceLock<[usize; 2]> = OnceLock::new();

/// Find where a socket has the lengths of its rings: the fields of smoltcp's socket are private, and Rust
/// promises no order of fields. Each word of the bits of a socket is set in turn, until the socket tells
/// the new word as the length of a ring.
fn ring_lengths() -> [usize; 2] {
    /// The length that is tried; the lengths before are 0.
    const TRIED: usize = 2;
    let ring = || {
        let mut bytes = vec![0; TRIED];
        bytes.clear();
        SocketBuffer::new(bytes)
    };
    let example = socket(ring(), ring());
    let told = |at: usize| {
        let mut image = MaybeUninit::<Socket<'static>>::uninit();
        // SAFETY: the word lies in the bits of the image. Of the image only the two rings are read, and of
        // each ring which kind of memory the ring has, its address and its length. A ring with a changed
        // address has no bytes, so any address but 0 is right; a ring with a changed length has so many
        // bytes of memory, which are zero. The image is never dropped.
        unsafe {
            ptr::copy_nonoverlapping(&raw const example, image.as_mut_ptr(), 1);
            image.as_mut_ptr().byte_add(at).cast::<usize>().write(TRIED);
            let image = image.assume_init_ref();
            [image.recv_capacity(), image.send_capacity()]
        }
    };
    let words =
        (0..size_of::<Socket<'static>>() / size_of::<usize>()).map(|at| at * size_of::<usize>());
    let find = |wanted: [usize; 2]| {
        let mut found = words.clone().filter(|at| told(*at) == wanted);
        let place = found.next().filter(|_| found.next().is_none());
        place.expect("smoltcp keeps the length of each ring in one word of the socket")
    };
    [find([TRIED, 0]), find([0, TRIED])]
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

/// The memory of the ring to receive into and of the ring to send from. The one socket that uses the
/// memory, and the copies of the socket, share the ownership.
struct Rings([NonNull<[u8]>; 2]);

// SAFETY: the memory is owned as two `Box<[u8]>` own it. It is touched through the one `TcpSocket` whose
// socket uses it: changed through an exclusive reference, read through a shared one.
unsafe impl Send for Rings {}
// SAFETY: as for `Send`.
unsafe impl Sync for Rings {}

impl Rings {
    /// Allocate rings of these lengths in bytes, all zero.
    fn new(lengths: [usize; 2]) -> Self {
        Self(lengths.map(|len| NonNull::from(Box::leak(vec![0; len].into_boxed_slice()))))
    }

    fn lengths(&self) -> [usize; 2] {
        self.0.map(NonNull::len)
    }

    /// The whole memory as the rings of a socket. Old bytes stay in the memory and are never read: a ring
    /// returns only bytes put into the ring.
    ///
    /// # Safety
    /// The buffers must be forgotten, not dropped, before the rings are lent again or dropped.
    unsafe fn lend(&self) -> [SocketBuffer<'static>; 2] {
        // SAFETY: `new` leaked the memory, as a `Box<[u8]>` of this length. By the contract above the
        // vector does not free the memory and no other buffer uses it; smoltcp never lets a ring grow.
        let vec = |ring: NonNull<[u8]>| unsafe {
            Vec::from_raw_parts(ring.as_ptr().cast::<u8>(), ring.len(), ring.len())
        };
        self.0.map(|ring| SocketBuffer::new(vec(ring)))
    }
}

impl Drop for Rings {
    fn drop(&mut self) {
        for ring in self.0 {
            // SAFETY: `new` leaked it as such a box; every socket with a buffer in it is forgotten.
            drop(unsafe { Box::from_raw(ring.as_ptr()) });
        }
    }
}

/// The ring to send from, for tests: no user stands in between.
#[cfg(test)]
impl TcpSocket {
    fn write_to_send(&mut self, bytes: &[u8]) {
        // SAFETY: the rings are alive, and the socket is borrowed exclusively.
        unsafe { (&mut *self.rings.0[SEND].as_ptr())[..bytes.len()].copy_from_slice(bytes) };
        self.note_written();
    }

    fn to_send(&self, length: usize) -> &[u8] {
        // SAFETY: the rings are alive, and the socket is borrowed: no call writes into the rings.
        unsafe { &self.rings.0[SEND].as_ref()[..length] }
    }
}

#[cfg(test)]
mod socket_tests;
