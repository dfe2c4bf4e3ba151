//! The memory that one client makes the server hold: every queue of a session has a limit, for any bytes that the
//! client sends, before the login and in a transfer.

use crate::cost::Cost;
use crate::hall::Hall;
use crate::net::{CLIENT, SERVER, ip};
use halfclose_ftp::tcp::{Conn, Tcp};
use halfclose_ftp::{ServerConfig, User};
use std::net::SocketAddr;
use std::time::Duration;

/// The peak of the bytes held during `work`, above the bytes held before.
fn peak(work: impl FnOnce()) -> usize {
    let cost = Cost::begin();
    work();
    cost.peak()
}

/// The most bytes of all queues of a session, with the buffers of the mock network (128 KiB) and the
/// text of one turn's replies.
const MOST_HELD: usize = 512 << 10;
/// The bytes of each flood.
const FLOOD: usize = 128 << 10;

/// Pours `piece` into the server until nothing more is taken, or `FLOOD` bytes are. The client reads
/// the replies, or does not. Returns the peak of the memory and the number of taken bytes.
fn pour(hall: &mut Hall, on: Conn, piece: &[u8], reads: bool) -> (usize, usize) {
    // The mock network keeps a few bytes for each listener that there ever was.
    let flood = if piece == b"PASV\r\n" { FLOOD / 8 } else { FLOOD };
    let piece = piece.repeat((16 << 10) / piece.len() + 1);
    let mut taken = 0;
    let peak = peak(|| {
        let mut idle = 0;
        while taken < flood && idle < 50 {
            let said = hall.say(on, &piece);
            taken += said;
            hall.now += Duration::from_micros(1);
            hall.settle();
            hall.server.drain_dialogue().for_each(drop);
            let heard = if reads { hall.hear(on) } else { String::new() };
            idle = if said == 0 && heard.is_empty() { idle + 1 } else { 0 };
        }
    });
    (peak, taken)
}

/// A server with a large file, and a client in the state that `words` lead to.
fn hall(words: &str) -> (Hall, Conn) {
    let users = vec![User::new("me", "secret"), User::anonymous()];
    let mut hall = Hall::new(ServerConfig { users, ..ServerConfig::hardened() });
    hall.server.record_dialogue(true);
    hall.server.store_mut().insert("large", vec![0; 1 << 20].into());
    let conn = hall.enter();
    hall.hear(conn);
    hall.say(conn, words.as_bytes());
    let heard = hall.hear(conn);
    if let Some(port) = heard.split('|').skip_while(|word| !word.ends_with('(')).nth(3) {
        let at = SocketAddr::new(ip(SERVER), port.parse().expect("a port"));
        hall.hosts[CLIENT].connect(None, at).expect("the server listens");
        hall.settle();
        let heard = hall.say(conn, b"STAT\r\n").to_string() + &hall.hear(conn);
        assert!(heard.contains("A transfer is under way"), "{heard}");
    }
    (hall, conn)
}

/// Words to each state of a session: before the login, during the wait behind a wrong password, and
/// during a transfer whose client reads nothing.
const STATES: [(&str, &str); 4] = [
    ("before the login", ""),
    ("behind a wrong password", "USER me\r\nPASS wrong\r\n"),
    ("after the login", "USER anonymous\r\nPASS x\r\n"),
    ("in a transfer", "USER anonymous\r\nPASS x\r\nTYPE I\r\nEPSV\r\nRETR large\r\n"),
];

const FLOODS: [(&str, &[u8]); 9] = [
    ("line ends", b"\n"),
    ("empty lines", b"\r\n"),
    ("NUL", b"\0"),
    ("half a line", b"A"),
    ("IAC", b"\xff"),
    ("a Synch in each line", b"\xff\xf2\n"),
    ("STAT", b"STAT\r\n"),
    ("PASV", b"PASV\r\n"),
    ("HELP", b"HELP\r\n"),
];

#[test]
fn no_flood_of_one_client_makes_the_server_hold_more_than_its_limits() {
    for (state, words) in STATES {
        for (flood, piece) in FLOODS {
            for reads in [false, true] {
                let (mut hall, conn) = hall(words);
                let (peak, taken) = pour(&mut hall, conn, piece, reads);
                assert!(
                    peak < MOST_HELD,
                    "{flood} {state}, replies read: {reads}: {peak} bytes for {taken}"
                );
            }
        }
    }
}

/// A client that always leaves some bytes of the replies unread: the sent part of the replies must not
/// stay in memory.
#[test]
fn a_client_that_reads_slowly_costs_no_memory() {
    let mut outbox = halfclose_ftp::wire::line::Outbox::default();
    let peak = peak(|| {
        for _ in 0..10_000 {
            outbox.buffer().extend_from_slice(&[b'x'; 1000]);
            let all = outbox.unsent().len();
            outbox.sent(all - 10);
        }
    });
    assert!(peak < 16 << 10, "{peak} bytes");
}

#[test]
fn a_stat_in_a_transfer_waits_for_the_reader_of_the_replies_and_is_answered() {
    let (mut hall, conn) = hall(STATES[3].1);
    const STATS: usize = 2000;
    let flood = b"STAT\r\n".repeat(STATS);
    let mut said = hall.say(conn, &flood);
    assert!(said < flood.len(), "all commands were taken, and no reply was read");
    let mut answers = 0;
    for _ in 0..2000 {
        hall.now += Duration::from_micros(1);
        answers += hall.hear(conn).matches("|211 ").count();
        said += hall.say(conn, &flood[said..]);
    }
    assert!(
        said == flood.len() && answers.abs_diff(STATS) <= 1,
        "{answers} answers to {said} bytes"
    );
    // The transfer is still there, and ABOR ends the transfer at once.
    hall.say(conn, b"ABOR\r\n");
    let heard = hall.hear(conn);
    assert!(heard.contains("426 "), "{heard}");
}
