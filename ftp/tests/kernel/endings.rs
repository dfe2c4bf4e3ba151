//! The ends of connections over the kernel's TCP, from either side: reported endings, and arrived
//! bytes.

use crate::world::{HERE, Peer};
use halfclose_ftp::net::Sockets;
use halfclose_ftp::tcp::{Ending, Tcp};
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::ops::ControlFlow;

/// More bytes than a kernel accepts at once without a reader.
const MUCH: usize = 32 << 20;

#[test]
fn a_fin_is_told_after_the_bytes() {
    let mut at = Peer::accepted();
    at.peer.write_all(b"all of it").unwrap();
    at.peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(at.receive_all(), (b"all of it".to_vec(), Ending::Finished));
}

#[test]
fn a_reset_is_told_after_the_bytes_and_known_before_them() {
    let mut at = Peer::connected();
    at.peer.write_all(b"all of it").unwrap();
    at.reset_peer();
    let status = at.until(|at| {
        let status = at.sockets.status(at.conn);
        status.ending.map(|_| status)
    });
    assert_eq!((status.ending, status.unread), (Some(Ending::Reset), 9));
    assert_eq!(at.receive_all(), (b"all of it".to_vec(), Ending::Reset));
}

#[test]
fn a_reset_that_a_send_has_found_is_still_told_after_the_bytes() {
    let mut at = Peer::accepted();
    at.peer.write_all(b"all of it").unwrap();
    at.reset_peer();
    assert_eq!(at.send(&[0; 10_000]), ControlFlow::Break(Ending::Reset));
    assert_eq!(at.receive_all(), (b"all of it".to_vec(), Ending::Reset));
}

#[test]
fn a_fin_stands_against_the_reset_behind_it() {
    let mut at = Peer::accepted();
    at.peer.write_all(b"all of it").unwrap();
    at.peer.shutdown(Shutdown::Write).unwrap();
    at.reset_peer();
    assert_eq!(at.send(&[0; 10_000]), ControlFlow::Break(Ending::Reset));
    assert_eq!(at.receive_all(), (b"all of it".to_vec(), Ending::Finished));
}

#[test]
fn nobody_at_the_port_is_a_refusal() {
    // A socket that is bound and does not listen keeps the port from other programs.
    let bound = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    bound.bind(&HERE.parse::<SocketAddr>().unwrap().into()).unwrap();
    let nobody = bound.local_addr().unwrap().as_socket().unwrap();
    let mut sockets = Sockets::new().unwrap();
    let conn = sockets.connect(None, nobody).unwrap();
    sockets.wait(Some(sockets.now())).unwrap();
    while sockets.poll_ready().is_none() {
        sockets.wait(None).unwrap();
    }
    let status = sockets.status(conn);
    assert_eq!((status.established, status.ending), (false, Some(Ending::Refused)));
    assert_eq!(sockets.receive(conn, 1, &mut |_| ()), ControlFlow::Break(Ending::Refused));
    sockets.close(conn);
    assert_eq!(sockets.connections(), 0);
}

#[test]
fn close_sends_everything_and_then_a_fin() {
    let mut at = Peer::accepted();
    let mut reader = at.peer.try_clone().unwrap();
    // As many bytes as the kernel accepts without a reader, and one byte that must not be lost.
    let sent = loop {
        match at.send(&[7; 300_000]) {
            ControlFlow::Continue(0) => break at.sockets.status(at.conn).unacknowledged,
            sent => assert!(sent.is_continue()),
        }
    };
    at.sockets.close(at.conn);
    assert_eq!(at.sockets.connections(), 1, "it is ours until it is done");
    assert!(!at.sockets.is_flushed());
    let reading = std::thread::spawn(move || {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).map(|_| all.len())
    });
    at.until(|at| at.sockets.is_flushed().then_some(()));
    let all = reading.join().unwrap().unwrap();
    assert!(all >= sent && all < MUCH, "{all} of {sent}");
    at.peer.shutdown(Shutdown::Both).unwrap();
    at.until(|at| (at.sockets.connections() == 0).then_some(()));
}

#[test]
fn close_over_unread_bytes_does_not_destroy_what_was_sent() {
    let mut at = Peer::accepted();
    // What would make the kernel's close() say RST: 7 of 11 measured servers truncate so.
    at.peer.write_all(&[0; 400]).unwrap();
    let mut sent = 0;
    while let ControlFlow::Continue(bytes @ 1..) = at.send(&[7; 300_000]) {
        sent += bytes;
    }
    at.sockets.close(at.conn);
    let mut reader = at.peer.try_clone().unwrap();
    let reading = std::thread::spawn(move || {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).map(|_| all.len())
    });
    at.until(|at| at.sockets.is_flushed().then_some(()));
    assert_eq!(reading.join().unwrap().unwrap(), sent);
    assert!(sent > 1 << 20, "{sent} bytes are no more than a window");
    at.peer.shutdown(Shutdown::Both).unwrap();
    at.until(|at| (at.sockets.connections() == 0).then_some(()));
}

#[test]
fn a_peer_that_never_stops_gets_a_reset_at_last() {
    let mut at = Peer::accepted();
    at.send_all(b"421 enough\r\n");
    at.sockets.close(at.conn);
    at.peer.set_nonblocking(true).unwrap();
    let mut sent = 0;
    let ended = at.until(|at| match at.peer.write(&[0; 4096]) {
        Ok(bytes) => {
            sent += bytes;
            None
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => Some(error.kind()),
    });
    assert!(matches!(ended, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{ended}");
    assert!(sent < MUCH, "{sent} bytes were taken of a peer nobody listens to");
}

#[test]
fn a_peer_that_never_closes_is_left_after_a_while() {
    let mut at = Peer::accepted();
    at.send_all(b"221 goodbye\r\n");
    at.sockets.close(at.conn);
    at.until(|at| (at.sockets.connections() == 0).then_some(()));
    let took = at.sockets.now();
    assert!((9..60).contains(&took.as_secs()), "{took:?}");
    // The FIN has been said long before: nothing was destroyed.
    let mut all = String::new();
    at.peer.read_to_string(&mut all).unwrap();
    assert_eq!(all, "221 goodbye\r\n");
}

#[test]
fn a_peer_that_never_reads_is_reset_after_a_while() {
    let mut at = Peer::accepted();
    while at.send(&[7; 300_000]) != ControlFlow::Continue(0) {}
    at.sockets.close(at.conn);
    assert!(!at.sockets.is_flushed());
    at.until(|at| (at.sockets.connections() == 0).then_some(()));
    let took = at.sockets.now();
    assert!((9..60).contains(&took.as_secs()), "{took:?}");
    let error = at.peer.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn abort_is_a_reset_and_drops_what_is_owed() {
    let mut at = Peer::accepted();
    while at.send(&[7; 300_000]) != ControlFlow::Continue(0) {}
    at.sockets.abort(at.conn);
    assert_eq!(at.sockets.connections(), 0);
    let mut all = Vec::new();
    let error = at.peer.read_to_end(&mut all).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn shutdown_is_half_a_close() {
    let mut at = Peer::accepted();
    at.send_all(b"the end");
    at.sockets.shutdown(at.conn);
    let mut all = String::new();
    at.peer.read_to_string(&mut all).unwrap();
    assert_eq!(all, "the end");
    at.peer.write_all(b"heard").unwrap();
    at.peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(at.receive_all(), (b"heard".to_vec(), Ending::Finished));
    at.sockets.close(at.conn);
    assert_eq!(at.sockets.connections(), 0);
}

#[test]
fn the_send_queue_is_known_and_somebody_comes_to_say_so() {
    let mut at = Peer::accepted();
    while at.send(&[7; 300_000]) != ControlFlow::Continue(0) {}
    let full = at.sockets.status(at.conn);
    assert!(full.unsent > 0 && full.unacknowledged > 1 << 16, "{full:?}");
    let mut reader = at.peer.try_clone().unwrap();
    let reading = std::thread::spawn(move || {
        let mut part = vec![0; full.unacknowledged];
        reader.read_exact(&mut part).unwrap();
    });
    // Asked once more with each turn, as a transfer asks that waits to abort.
    let mut turns = 0;
    at.until(|at| {
        turns += 1;
        let status = at.sockets.status(at.conn);
        (status.unsent == 0 && status.unacknowledged == 0).then_some(())
    });
    reading.join().unwrap();
    assert!(turns > 1, "it was full before");
}
