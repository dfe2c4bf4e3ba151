//! Tests of the socket, its rings and its copies.

use super::*;
use smoltcp::socket::tcp::State;

#[test]
fn a_ring_serves_one_socket_after_another() {
    let mut socket = TcpSocket::new();
    for lengths in [[64, 32], [64, 32], [32, 64], [0, 0], [64, 32]] {
        socket.renew(lengths);
        assert_eq!([socket.get().recv_capacity(), socket.get().send_capacity()], lengths);
    }
}

#[test]
fn a_copy_has_the_fields_and_the_bytes_of_the_rings() {
    let (mut socket, mut copy) = (TcpSocket::new(), TcpSocket::new());
    // A copy that was a different socket before.
    copy.renew([16, 16]);
    socket.renew([64, 32]);
    socket.get_mut().listen(21).expect("a fresh socket");
    socket.write_to_send(b"once");
    copy.copy_from(&socket, [0, 4]);
    // The next connection uses the same rings.
    socket.renew([64, 32]);
    socket.write_to_send(b"more");
    for _ in 0..2 {
        socket.copy_from(&copy, [0, 4]);
        assert_eq!((socket.get().state(), socket.get().send_capacity()), (State::Listen, 32));
        assert_eq!(socket.to_send(4), b"once");
        socket.get_mut().abort();
    }
    // Each socket uses rings of its own, as its own print tells.
    let prints = |socket: &TcpSocket, bytes: &str| format!("{:?}", socket.get()).contains(bytes);
    socket.write_to_send(b"more");
    assert!(prints(&socket, "Owned([109, 111, 114, 101, 0"));
    assert!(prints(&copy, "Owned([111, 110, 99, 101, 0"));
    // A copy outlives its socket.
    drop(socket);
    assert_eq!(copy.get().recv_capacity(), 64);
    copy.renew([8, 8]);
    assert_eq!(copy.get().recv_capacity(), 8);
}

/// The hash of a socket, and the text of its fields.
fn print(socket: &TcpSocket) -> (u64, String) {
    let mut hasher = std::hash::DefaultHasher::new();
    socket.hash_with([0, 4], &mut hasher);
    let mut text = Text::default();
    socket.print(&mut text);
    (hasher.finish(), String::from_utf8(text.bytes().to_vec()).expect("text"))
}

#[test]
fn the_hash_of_a_socket_follows_its_fields() {
    let mut socket = TcpSocket::new();
    socket.renew([64, 32]);
    let (fresh, text) = print(&socket);
    // Every field of the socket is there, and no byte of a ring.
    let whole = format!("{:?}", socket.get());
    let bytes = |length: usize| format!("[{}0]", "0, ".repeat(length - 1));
    let whole = whole.replace(&bytes(64), "[]").replace(&bytes(32), "[]");
    let parts = whole.split("Instant { micros: ");
    let timeless = parts.map(|part| part.trim_start_matches(|it: char| it.is_ascii_digit()));
    assert_eq!(text, timeless.collect::<Vec<_>>().join("Instant { micros: "));
    assert!(text.contains("challenge_ack_timer: Instant { micros:  }"), "{text}");
    assert_eq!(print(&socket).0, fresh);
    socket.get_mut().set_hop_limit(Some(9));
    let limited = print(&socket).0;
    assert_ne!(limited, fresh);
    let mut copy = TcpSocket::new();
    copy.copy_from(&socket, [0, 4]);
    socket.write_to_send(b"once");
    assert_ne!(print(&socket).0, limited, "a byte of a ring counts");
    socket.get_mut().set_hop_limit(None);
    socket.copy_from(&copy, [0, 4]);
    assert_eq!(print(&socket).0, limited);
}

/// The sockets are equal, and a call that is told changes both alike: the second hash is found without a text, also
/// at a different time.
#[test]
fn a_hash_follows_the_calls() {
    let mut sockets = [TcpSocket::new(), TcpSocket::new()];
    for (socket, now) in sockets.iter_mut().zip([1, 5]) {
        let now = Moment::from(std::time::Duration::from_secs(now));
        socket.renew([64, 32]);
        socket.get_mut().listen(21).expect("a fresh socket");
        socket.find_hash();
        assert_eq!(socket.hash.get_mut().last_call(), None);
        socket.call(now, |socket| (Call::Abort, socket.abort()));
        assert_eq!(socket.hash.get_mut().last_call(), Some(now));
    }
    let [first, second] = &mut sockets;
    assert!(!first.hash.get_mut().find(), "nobody printed a socket behind the call");
    first.find_hash();
    assert!(second.hash.get_mut().find(), "the socket follows from the first");
    let now = Moment::from(std::time::Duration::from_secs(5));
    assert!(first.hash.get_mut().is_like(second.hash.get_mut(), now));
}

/// A call that changes the socket in a way that the call does not tell: the debug build finds it.
#[cfg(debug_assertions)]
#[test]
#[should_panic(expected = "a socket follows from its calls")]
fn a_call_that_does_not_tell_its_change_is_found() {
    for limit in [Some(9), None] {
        let mut socket = TcpSocket::new();
        socket.renew([64, 32]);
        socket.find_hash();
        let now = Moment::default();
        socket.call(now, |socket| (Call::Close, socket.set_hop_limit(limit)));
        socket.find_hash();
    }
}

/// A ring that was not written since a copy keeps its bytes, and a ring that was written gets the bytes of
/// the copy back, in every order of copies.
#[test]
fn each_copy_brings_its_own_bytes_to_send() {
    let mut socket = TcpSocket::new();
    socket.renew([64, 32]);
    let mut copies = Vec::new();
    for bytes in [b"once", b"more"] {
        socket.write_to_send(bytes);
        // The second copy of the same bytes is made when no byte is in use any more.
        for used in [4, 0] {
            let mut copy = TcpSocket::new();
            copy.copy_from(&socket, [0, used]);
            copies.push((copy, bytes, used));
        }
    }
    let count = copies.len();
    for (first, second, third) in (0..64).map(|n| (n % count, n / count % count, n / count / count))
    {
        for at in [first, second, third] {
            let (copy, bytes, used) = &copies[at];
            socket.copy_from(copy, [0, *used]);
            assert_eq!(socket.to_send(*used), &bytes[..*used], "{first}, {second}, {third}");
        }
        // A copy that is made anew has the bytes of the ring.
        let (mut again, bytes) = (TcpSocket::new(), copies[third].1);
        again.copy_from(&socket, [0, copies[third].2]);
        socket.write_to_send(b"gone");
        socket.copy_from(&again, [0, copies[third].2]);
        assert_eq!(socket.to_send(copies[third].2), &bytes[..copies[third].2]);
    }
}
