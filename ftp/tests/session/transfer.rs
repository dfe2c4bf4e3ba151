//! The transfer loop alone, on one connection.

use crate::net::{CLIENT, Host, Net, Rules, SERVER, ip};
use crate::world::pattern;
use halfclose_ftp::report::SessionId;
use halfclose_ftp::store::{Fate, File, Room, StoreError, Writing};
use halfclose_ftp::tcp::{Conn, Ending, Tcp};
use halfclose_ftp::transfer::{Body, Plan, Step, Transfer, TransferEnd, Way, WorkTurn};
use halfclose_ftp::{Close, MemoryStore, Store, Work};
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::Duration;

struct Pair {
    near: Host,
    far: Host,
    conn: Conn,
    other: Conn,
    store: MemoryStore,
}

impl Pair {
    fn new(window: usize) -> Self {
        let net = Net::new(Rules { window, ..Rules::default() });
        let (mut near, mut far) = (net.host(CLIENT), net.host(SERVER));
        let (listener, at) = far.listen(SocketAddr::new(ip(SERVER), 0), 1).unwrap();
        let conn = near.connect(None, at).unwrap();
        let other = far.accept(listener).unwrap();
        Self { near, far, conn, other, store: MemoryStore::new() }
    }

    fn sender(&mut self, size: usize, plan: impl FnOnce(File) -> Plan) -> Transfer {
        self.store.insert("a", pattern(size));
        let (file, _) = self.store.open_read("a", 0).unwrap();
        Transfer::new(self.conn, plan(file), Duration::ZERO)
    }

    fn receiver(&mut self, idle_timeout: Option<Duration>) -> Transfer {
        let file = self
            .store
            .open_write("b", Writing { hint: Some(10), ..Writing::default() }, Duration::ZERO)
            .unwrap();
        let plan = Plan { idle_timeout, ..Plan::new(Body::Image(file), Way::Receive) };
        Transfer::new(self.conn, plan, Duration::ZERO)
    }

    fn pump(&mut self, transfer: &mut Transfer, now_ms: u64) -> Step {
        self.pump_at(transfer, Duration::from_millis(now_ms))
    }

    fn pump_at(&mut self, transfer: &mut Transfer, now: Duration) -> Step {
        let work = &mut Work::default();
        let turn = &mut WorkTurn { work, session: SessionId(0), now };
        transfer.pump(&mut self.near, &mut self.store, turn)
    }

    /// Reads all bytes at the peer.
    fn drain(&mut self) -> usize {
        match self.far.receive(self.other, usize::MAX, &mut |_| ()) {
            ControlFlow::Continue(bytes) => bytes,
            ControlFlow::Break(_) => 0,
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        let _ = self.far.send(self.other, &mut |free| {
            let count = free.len().min(rest.len());
            free[..count].copy_from_slice(&rest[..count]);
            rest = &rest[count..];
            count
        });
        assert!(rest.is_empty());
    }
}

fn send(close: Close) -> impl FnOnce(File) -> Plan {
    move |file| Plan::new(Body::Image(file), Way::Send(close))
}

#[test]
fn every_size_of_file_through_every_size_of_window() {
    for size in [0, 1, 2, 3, 99, 100, 101, 1000] {
        for window in [3, 4, 100, 4096] {
            let mut pair = Pair::new(window);
            let mut transfer = pair.sender(size, send(Close::Fin));
            let mut got = 0;
            let end = loop {
                if let Step::Over(end) = pair.pump(&mut transfer, 0) {
                    break end;
                }
                got += pair.drain();
            };
            got += pair.drain();
            assert_eq!(
                (got, end.moved, end.complete),
                (size, size as u64, true),
                "{size} {window}"
            );
        }
    }
}

#[test]
fn a_reset_waits_for_what_it_is_told_to_wait_for() {
    // The mock transmits at once, and acknowledges what has been read.
    for (close, waits) in [(Close::ResetWhenSent, false), (Close::ResetWhenAcked, true)] {
        let mut pair = Pair::new(100);
        let mut transfer = pair.sender(10, send(close));
        let first = pair.pump(&mut transfer, 0);
        assert_eq!(first == Step::Going, waits, "{close:?}");
        if waits {
            pair.drain();
            assert!(matches!(
                pair.pump(&mut transfer, 0),
                Step::Over(TransferEnd { complete: true, .. })
            ));
        }
    }
}

#[test]
fn an_alarm_stops_at_the_byte() {
    for alarm in [0, 1, 50, 99, 150] {
        let mut pair = Pair::new(100);
        let plan = |file| Plan { alarm: Some(alarm), ..send(Close::Fin)(file) };
        let mut transfer = pair.sender(1000, plan);
        while pair.pump(&mut transfer, 0) != Step::Alarm {
            pair.drain();
        }
        assert_eq!(transfer.moved(), alarm);
        assert!(matches!(pair.pump(&mut transfer, 0), Step::Going), "and goes on");
        assert!(transfer.moved() > alarm);
    }
}

#[test]
fn nothing_moves_for_too_long() {
    let limit = Some(Duration::from_millis(100));
    let mut pair = Pair::new(100);
    let mut transfer = pair.receiver(limit);
    assert_eq!(pair.pump(&mut transfer, 0), Step::Going);
    pair.feed(b"x");
    assert_eq!(pair.pump(&mut transfer, 60), Step::Going);
    assert_eq!(transfer.next_wakeup(), Some(Duration::from_millis(160)));
    assert_eq!(pair.pump(&mut transfer, 159), Step::Going);
    let Step::Over(end) = pair.pump(&mut transfer, 160) else { panic!("patience is over") };
    assert!(end.idle && end.ending == Some(Ending::Aborted) && end.moved == 1);
}

#[test]
fn a_slow_disk_holds_the_sender_back() {
    let mut pair = Pair::new(10_000);
    pair.store.set_rate(Some(4096));
    let mut transfer = pair.receiver(None);
    pair.feed(&[7; 10_000]);
    for (now_ms, moved) in [(0, 4096), (999, 4096), (1000, 8192), (2000, 10_000)] {
        assert_eq!(pair.pump(&mut transfer, now_ms), Step::Going);
        assert_eq!(transfer.moved(), moved);
    }
    let ready = Duration::from_micros(2_441_407);
    assert_eq!(transfer.next_wakeup(), Some(ready));
    // The memory store has one disk for all of its files.
    assert_eq!(pair.store.room(File(0), Duration::ZERO), Room::At(ready));
    pair.far.close(pair.other);
    let step = pair.pump_at(&mut transfer, ready);
    assert!(matches!(step, Step::Over(TransferEnd { complete: true, moved: 10_000, .. })));
}

#[test]
fn a_store_that_fails_ends_the_transfer() {
    let mut pair = Pair::new(100);
    // A file opened for reading does not take bytes.
    pair.store.insert("a", pattern(10));
    let (file, size) = pair.store.open_read("a", 0).unwrap();
    assert_eq!(size, 10);
    let plan = Plan::new(Body::Image(file), Way::Receive);
    let mut transfer = Transfer::new(pair.conn, plan, Duration::ZERO);
    pair.feed(b"x");
    let Step::Over(end) = pair.pump(&mut transfer, 0) else { panic!("the store has failed") };
    assert_eq!((end.store, end.ending), (Some(StoreError::Denied), Some(Ending::Aborted)));
}

#[test]
fn files_live_as_long_as_somebody_uses_them() {
    let mut store = MemoryStore::new();
    store.insert("a", pattern(5));
    let (reading, _) = store.open_read("a", 2).unwrap();
    let first = store.open_write("a", Writing::default(), Duration::ZERO).unwrap();
    let second = store.open_write("a", Writing::default(), Duration::ZERO).unwrap();
    store.write(first, b"first", Duration::ZERO).unwrap();
    store.write(second, b"second", Duration::ZERO).unwrap();
    let mut old = [0; 10];
    let read = store.read(reading, &mut old).unwrap();
    assert!(read.bytes == 3 && read.last && old[..3] == pattern(5)[2..]);
    store.close(first, Fate::Keep).unwrap();
    assert_eq!(store.get("a"), Some(&b"second"[..]));
    store.close(second, Fate::Discard).unwrap();
    store.close(reading, Fate::Discard).unwrap();
    let closed: Vec<_> = std::iter::from_fn(|| store.poll_closed()).map(|it| it.kept).collect();
    // The first one's file had lost its name to the second.
    assert_eq!(closed, [false, false]);
    assert_eq!(store.metadata("a"), Err(StoreError::NotFound));
    assert_eq!(store.read(reading, &mut old), Err(StoreError::Failed));
    assert_eq!(
        store.open_write("", Writing::default(), Duration::ZERO),
        Err(StoreError::IsDirectory)
    );
    store.insert("b", pattern(1));
    store.reset();
    assert_eq!(store.names().count(), 0);
}
