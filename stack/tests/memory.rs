//! The memory of a connection: an idle connection costs the rings and little more, and a connection in
//! TIME-WAIT costs a fraction.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use halfclose_stack::{Config, ConnId, Host, ListenerId};

struct Counting;

thread_local! {
    static HELD: Cell<i64> = const { Cell::new(0) };
}

fn add(size: usize) -> i64 {
    HELD.get() + i64::try_from(size).expect("a size of this century")
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait; it passes everything on")]
// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(add(layout.size()));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.set(2 * HELD.get() - add(layout.size()));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const RING: usize = 4096;
const NOW: Duration = Duration::from_millis(1);

struct Pair {
    client: Host,
    server: Host,
    listener: ListenerId,
}

impl Pair {
    fn new() -> Self {
        let [client, mut server] = [1, 2].map(|last| {
            let address = Ipv4Addr::new(10, 0, 0, last);
            let buffers = Config { receive_buffer: RING, send_buffer: RING, ..Config::default() };
            Host::new(Config { address, ..buffers })
        });
        let (listener, _) = server.listen(21, 8).expect("the port is free");
        Self { client, server, listener }
    }

    fn exchange(&mut self) {
        for _ in 0..8 {
            carry(&mut self.client, &mut self.server);
            carry(&mut self.server, &mut self.client);
        }
    }

    fn open(&mut self) -> [ConnId; 2] {
        let to = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 21);
        let mine = self.client.connect(NOW, None, to).expect("a port is free");
        self.exchange();
        [mine, self.server.accept(self.listener).expect("the handshake is complete")]
    }
}

fn carry(from: &mut Host, to: &mut Host) {
    while let Some(packet) = from.poll_transmit(NOW) {
        to.handle_packet(NOW, &packet);
        from.recycle(packet);
    }
    while from.poll_ready().is_some() || from.poll_note().is_some() {}
}

/// The bytes left allocated by each of `count` rounds of `work`.
fn per_round(pair: &mut Pair, count: i64, mut work: impl FnMut(&mut Pair)) -> i64 {
    let before = HELD.get();
    (0..count).for_each(|_| work(pair));
    (HELD.get() - before) / count
}

#[test]
fn an_idle_connection_costs_its_rings_and_little_more() {
    let mut pair = Pair::new();
    let both = per_round(&mut pair, 4096, |pair| {
        pair.open();
    });
    let beside = both / 2 - 2 * 4096;
    // The connection, smoltcp's storage for the socket (432 bytes), and lists that grow by doubling.
    assert!((1_000..3_000).contains(&beside), "{beside} bytes beside the rings");
    println!("an idle connection: its rings and {beside} bytes");
}

#[test]
fn time_wait_costs_a_fraction_of_a_connection() {
    let mut pair = Pair::new();
    let mut close = |pair: &mut Pair| {
        let [mine, theirs] = pair.open();
        pair.client.close(NOW, mine);
        pair.exchange();
        pair.server.close(NOW, theirs);
        pair.exchange();
    };
    close(&mut pair);
    let each = per_round(&mut pair, 4096, &mut close);
    assert_eq!(pair.client.audit().connections, 4097, "all of them are in TIME-WAIT");
    assert_eq!(pair.server.audit().connections, 0);
    // The entry, a timer, a place in two tables, and the count of uses of the 4-tuple at both hosts.
    assert!((100..500).contains(&each), "{each} bytes");
    println!("a connection in TIME-WAIT: {each} bytes");
}
