//! `socket.rs` owns one smoltcp socket: a socket set of one, and the memory of the two rings. The memory
//! goes from connection to connection. smoltcp 0.14 does not return the buffers of a dropped socket, so
//! a new `Vec` for each ring would be allocated and cleared for every connection: most of the cost of a
//! short connection. This file holds the only unsafe code of the crate.
#![expect(
    unsafe_code,
    reason = "smoltcp 0.14 keeps the buffers of a dropped socket's rings from being used again"
)]

use std::cell::{Cell, RefCell};
use std::fmt::Write;
use std::hash::{Hash, Hasher};
use std::mem::{self, MaybeUninit};
use std::ptr::{self, NonNull};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::tcp::{Socket, SocketBuffer};
use xxhash_rust::xxh3::xxh3_128;

use crate::connection::socket_hash::{Call, SocketHash};
use crate::connection::socket_text::Text;
use crate::time::Moment;

/// The place of the ring to receive into, and of the ring to send from.
const RECEIVE: usize = 0;
const SEND: usize = 1;

/// A socket set of one. The socket uses the memory of `rings`, but `rings` owns the memory: the socket is
/// never dropped, only forgotten by `replace`.
pub(crate) struct TcpSocket {
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    rings: Rings,
    /// The bytes in the ring to send from, by a number that no other bytes have: each write makes an edition.
    edition: u64,
    /// So many bytes of the edition are in the ring, at least.
    there: usize,
    /// The last edition that this socket made.
    last_edition: u64,
    hash: RefCell<SocketHash>,
    /// An edition of the ring to send from, the number of its first bytes, and their hash.
    sent: Cell<(u64, usize, u128)>,
}

impl TcpSocket {
    /// A socket whose rings have no memory yet.
    pub(crate) fn new() -> Self {
        let rings = Rings::new([0; 2]);
        let mut sockets = SocketSet::new(Vec::with_capacity(1));
        let handle = sockets.add(without_rings());
        Self {
            sockets,
            handle,
            rings,
            edition: 0,
            there: 0,
            last_edition: NEXT_SOCKET.fetch_add(1, Ordering::Relaxed) << EDITION_BITS,
            hash: RefCell::default(),
            sent: Cell::default(),
        }
    }

    /// Note that bytes were written into the ring to send from.
    #[inline]
    pub(super) fn note_written(&mut self) {
        self.last_edition += 1;
        self.edition = self.last_edition;
        self.there = usize::MAX;
    }

    /// Replace the socket with a fresh socket. The two lengths are those of the ring to receive into and
    /// the ring to send from, in bytes. Rings of the same lengths are used again.
    pub(crate) fn renew(&mut self, lengths: [usize; 2]) {
        self.note_written();
        if self.rings.lengths() != lengths {
            self.replace(without_rings());
            self.rings = Rings::new(lengths);
        }
        // SAFETY: the one socket that uses these rings is forgotten by `replace`, and is not used in
        // between.
        let [receive, send] = unsafe { self.rings.lend() };
        self.replace(socket(receive, send));
    }

    /// Become a copy of the socket of `source`, with rings of its own. Beyond the first `used` bytes (of the ring to
    /// receive into, of the ring to send from) the rings of `source` have no bytes in use.
    pub(crate) fn copy_from(&mut self, source: &Self, used: [usize; 2]) {
        if self.rings.lengths() != source.rings.lengths() {
            self.renew(source.rings.lengths());
        }
        let there = self.edition == source.edition && self.there >= used[SEND];
        // SAFETY: beside its rings a socket owns no memory: smoltcp 0.14 keeps wakers only with the feature `async`.
        // So its bits are a socket, once they have the addresses of other rings of the same lengths. These rings
        // are alive, for `self` owns them. The overwritten socket used the same rings and is forgotten here, so
        // the rings have one user, and `self` is borrowed exclusively. The rings of `source` are only read.
        unsafe {
            let socket: *mut Socket<'static> = self.sockets.get_mut(self.handle);
            ptr::copy_nonoverlapping(source.get(), socket, 1);
            for (at, place) in ring_places().iter().enumerate() {
                let (own, other) = (self.rings.0[at], source.rings.0[at]);
                socket.byte_add(place.address).cast::<*mut u8>().write(own.as_ptr().cast());
                if at == RECEIVE || !there {
                    (&mut (*own.as_ptr()))[..used[at]].copy_from_slice(&other.as_ref()[..used[at]]);
                }
            }
        }
        if !there {
            (self.edition, self.there) = (source.edition, used[SEND]);
        }
        self.hash.get_mut().clone_from(&source.hash.borrow());
        self.sent.set(source.sent.get());
    }

    /// Hash the socket: every field as smoltcp prints the field, and the first `used` bytes of each ring.
    /// smoltcp derives `Debug`, so no field is left out, and prints integers exactly, so different fields
    /// are different text. The bytes of the rings beyond `used` are in no use: see `copy_from`.
    pub(super) fn hash_with<H: Hasher>(&self, used: [usize; 2], state: &mut H) {
        self.find_hash();
        self.hash.borrow().hash(state);
        let ring = |at: usize| {
            // SAFETY: the rings are alive, and the socket is borrowed: no call writes into the rings.
            let ring = unsafe { self.rings.0[at].as_ref() };
            &ring[..used[at]]
        };
        ring(RECEIVE).hash(state);
        let (edition, length, _) = self.sent.get();
        if (edition, length) != (self.edition, used[SEND]) {
            self.sent.set((self.edition, used[SEND], xxh3_128(ring(SEND))));
        }
        let (_, length, sent) = self.sent.get();
        (length, sent).hash(state);
    }

    /// Find the hash of the fields: from the calls since the hash was known, or from the text of the fields.
    pub(super) fn find_hash(&self) {
        let hash = &mut *self.hash.borrow_mut();
        let last_call = hash.last_call();
        let found = hash.find();
        if !found {
            self.print_into(hash);
        } else if let Some(now) = last_call
            && cfg!(debug_assertions)
        {
            let mut printed = SocketHash::default();
            self.print_into(&mut printed);
            assert!(hash.is_like(&printed, now), "a socket follows from its calls");
        }
    }

    /// Take the hash of the fields from their text.
    fn print_into(&self, hash: &mut SocketHash) {
        TEXT.with_borrow_mut(|text| {
            text.clear();
            self.print(text);
            hash.take(text);
        });
    }

    /// Print the fields of the socket, with rings of no bytes: smoltcp would print every byte of a ring.
    fn print(&self, text: &mut Text) {
        let mut image = MaybeUninit::<Socket<'static>>::uninit();
        // SAFETY: `image` becomes the bits of a socket with rings of no bytes: `ring_places` tells where
        // a socket has the two lengths, and a vector may have fewer bytes than its capacity. The image is
        // read by the formatter alone, is never dropped and touches no byte of the rings.
        let printed = unsafe {
            ptr::copy_nonoverlapping(self.get(), image.as_mut_ptr(), 1);
            for place in ring_places() {
                image.as_mut_ptr().byte_add(place.length).cast::<usize>().write(0);
            }
            write!(text, "{:?}", image.assume_init_ref())
        };
        printed.expect("a text takes everything");
    }

    /// Put `socket` in the place of the socket, which is forgotten: a drop would free the rings.
    fn replace(&mut self, socket: Socket<'static>) {
        mem::forget(mem::replace(self.get_mut(), socket));
    }

    /// Forget the hash: the next call is not followed.
    pub(super) fn forget_hash(&mut self) {
        self.hash.get_mut().forget();
    }

    /// The socket, for a call that the hash does not follow.
    pub(crate) fn get_mut(&mut self) -> &mut Socket<'static> {
        self.forget_hash();
        self.sockets.get_mut(self.handle)
    }

    pub(crate) fn get(&self) -> &Socket<'static> {
        self.sockets.get(self.handle)
    }

    /// Call the socket. `call` returns what the call was.
    #[inline]
    pub(super) fn call<R>(
        &mut self,
        now: Moment,
        call: impl FnOnce(&mut Socket<'static>) -> (Call<'static>, R),
    ) -> R {
        let (call, result) = call(self.sockets.get_mut(self.handle));
        self.hash.get_mut().follow(now, call);
        result
    }

    /// The socket set, for the interface to poll: `call` says what for.
    #[inline]
    pub(super) fn set(&mut self, now: Moment, call: Call<'_>) -> &mut SocketSet<'static> {
        self.hash.get_mut().follow(now, call);
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

/// A socket makes fewer editions than 2 to this power. The bits above are the number of the socket.
const EDITION_BITS: u32 = 40;

/// The number of the next socket of this program.
static NEXT_SOCKET: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// Scratch: the text of one socket.
    static TEXT: RefCell<Text> = RefCell::default();
}

/// Where a socket has what it knows of one ring, in bytes from the beginning of the socket.
#[derive(Clone, Copy)]
struct RingPlace {
    address: usize,
    length: usize,
}

/// The places of both rings: the fields of smoltcp's socket are private, and Rust promises no order of fields.
fn ring_places() -> &'static [RingPlace; 2] {
    static PLACES: OnceLock<[RingPlace; 2]> = OnceLock::new();
    PLACES.get_or_init(find_ring_places)
}

/// Find the places of both rings. Each word of the bits of a socket is set in turn, until the socket tells the new word
/// as the length of a ring. The address of the ring is near.
fn find_ring_places() -> [RingPlace; 2] {
    /// The length that is tried; the lengths before are 0.
    const TRIED: usize = 2;
    const WORD: usize = size_of::<usize>();
    let rings = [(); 2].map(|()| {
        let mut bytes = vec![0; TRIED];
        bytes.clear();
        bytes
    });
    let addresses = rings.each_ref().map(Vec::as_ptr);
    let [receive, send] = rings.map(SocketBuffer::new);
    let example = socket(receive, send);
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
    let words = (0..size_of::<Socket<'static>>() / WORD).map(|at| at * WORD);
    [0, 1].map(|at| {
        let wanted = [0, 1].map(|other| if other == at { TRIED } else { 0 });
        let mut found = words.clone().filter(|word| told(*word) == wanted);
        let length = found.next().filter(|_| found.next().is_none());
        let length =
            length.expect("smoltcp keeps the length of each ring in one word of the socket");
        // SAFETY: a ring is a vector and numbers, all of whole words, so the words beside the length are words
        // of the ring or of the socket.
        let is_address = |word: &usize| unsafe {
            (&raw const example).byte_add(*word).cast::<*const u8>().read() == addresses[at]
        };
        let near = [
            length.wrapping_sub(WORD),
            length + WORD,
            length.wrapping_sub(2 * WORD),
            length + 2 * WORD,
        ];
        let address = near.into_iter().find(is_address);
        RingPlace { address: address.expect("the address of a ring is beside its length"), length }
    })
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

/// The memory of the ring to receive into and of the ring to send from.
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
