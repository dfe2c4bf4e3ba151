//! The promises of the trait `Tcp`, kept by the kernel: shares, names, small pieces, urgent bytes,
//! ports.

use crate::world::{HERE, Peer, accept, is_ready, turn};
use halfclose_ftp::net::{READS, Sockets};
use halfclose_ftp::tcp::{Ready, Tcp};
use socket2::SockRef;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::ops::ControlFlow;

#[test]
fn small_pieces_leave_together_at_the_end_of_the_lap() {
    let mut at = Peer::accepted();
    at.peer.set_nonblocking(true).unwrap();
    for piece in ["226 done\r\n", "200 ok\r\n"] {
        assert_eq!(at.send(piece.as_bytes()), ControlFlow::Continue(piece.len()));
    }
    let mut buffer = [0; 64];
    assert_eq!(at.peer.read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
    at.turn();
    assert_eq!(at.peer.read(&mut buffer).unwrap(), 18);
    assert_eq!(&buffer[..18], b"226 done\r\n200 ok\r\n");
}

#[test]
fn a_data_mark_is_urgent_and_stands_in_its_line() {
    // Sent by us: urgent for the peer.
    let mut at = Peer::connected();
    SockRef::from(&at.peer).set_out_of_band_inline(false).unwrap();
    let synch = [255, 244, 255, 242];
    assert_eq!(at.send(&synch), ControlFlow::Continue(4));
    at.sockets.urgent(at.conn);
    assert_eq!(at.send(b"ABOR\r\n"), ControlFlow::Continue(6));
    at.turn();
    let mut mark = [std::mem::MaybeUninit::new(0)];
    assert_eq!(SockRef::from(&at.peer).recv_out_of_band(&mut mark).unwrap(), 1);
    let mut rest = [0; 9];
    at.peer.read_exact(&mut rest).unwrap();
    assert_eq!(rest, *b"\xff\xf4\xffABOR\r\n", "the mark is told apart from the rest");

    // Received by us: a byte of its line.
    let mut at = Peer::accepted();
    at.peer.write_all(&synch[..3]).unwrap();
    SockRef::from(&at.peer).send_out_of_band(&synch[3..]).unwrap();
    at.peer.write_all(b"ABOR\r\n").unwrap();
    let mut all = Vec::<u8>::new();
    at.until(|at| {
        let _ = at.sockets.receive(at.conn, 100, &mut |bytes| all.extend(bytes));
        (all.len() >= 10).then_some(())
    });
    assert_eq!(all, b"\xff\xf4\xff\xf2ABOR\r\n");
}

#[test]
fn a_fast_peer_has_its_share_of_a_lap_and_comes_again() {
    let mut at = Peer::accepted();
    let mut writer = at.peer.try_clone().unwrap();
    let writing = std::thread::spawn(move || writer.write_all(&vec![7; 64 << 20]));
    let (mut all, mut most, mut laps) = (0, 0, 0);
    while all < 64 << 20 {
        let mut lap = 0;
        while let ControlFlow::Continue(bytes @ 1..) =
            at.sockets.receive(at.conn, usize::MAX, &mut |_| ())
        {
            lap += bytes;
        }
        all += lap;
        most = most.max(lap);
        at.turn();
        laps += 1;
    }
    writing.join().unwrap().unwrap();
    let share = READS * (256 << 10);
    assert!(share <= 2 << 20, "a share of {share} bytes keeps the others waiting");
    assert!(most <= share, "{most} bytes in one lap");
    assert!(laps >= (64 << 20) / share, "{laps} laps");
}

#[test]
fn a_name_is_never_used_again_and_its_low_half_is_dense() {
    let mut sockets = Sockets::new().unwrap();
    let (door, at) = sockets.listen(HERE.parse().unwrap(), 8).unwrap();
    let mut names = Vec::new();
    for _ in 0..100 {
        let _peer = TcpStream::connect(at).unwrap();
        let conn = accept(&mut sockets, door);
        names.push(conn.0);
        sockets.abort(conn);
        turn(&mut sockets);
    }
    assert!(names.iter().all(|name| name & 0xffff_ffff == 0), "one place is enough");
    names.dedup();
    assert_eq!(names.len(), 100);
}

#[test]
fn a_listener_gives_so_many_in_a_lap_and_the_rest_in_the_next() {
    let mut sockets = Sockets::new().unwrap();
    let (door, at) = sockets.listen(HERE.parse().unwrap(), 1024).unwrap();
    let _peers: Vec<_> = (0..150).map(|_| TcpStream::connect(at).unwrap()).collect();
    let mut laps = Vec::new();
    while laps.iter().sum::<usize>() < 150 {
        sockets.wait(None).unwrap();
        assert!(is_ready(&mut sockets, Ready::Accept(door)));
        laps.push(std::iter::from_fn(|| sockets.accept(door)).count());
    }
    assert_eq!(laps, [64, 64, 22]);
}

#[test]
fn an_address_in_use_is_an_error() {
    let mut sockets = Sockets::new().unwrap();
    let (_, at) = sockets.listen(HERE.parse().unwrap(), 1).unwrap();
    assert_eq!(sockets.listen(at, 1).unwrap_err().kind(), ErrorKind::AddrInUse);
}
