//! The resident memory of a server under floods in each state of a session, and the waits of another
//! session meanwhile. `HALFCLOSE_FLOOD_MB=100` floods with more than the usual two megabytes.

use std::io::{ErrorKind, Write};
use std::time::Duration;

use super::raw::{Raw, instant};
use crate::served::Ours;

/// The most memory that one session may cost, in KiB.
const COST: u64 = 8 << 10;
/// The longest wait of another session; the limit is wide for a test build on a busy machine.
const WAIT: Duration = Duration::from_millis(500);

const FLOODS: [(&str, &[u8]); 7] = [
    ("line ends", b"\n"),
    ("NUL", b"\0"),
    ("half a line", b"A"),
    ("IAC", b"\xff"),
    ("STAT", b"STAT\r\n"),
    ("PASV", b"PASV\r\n"),
    ("HELP, unread", b"HELP\r\n"),
];

/// Brings a session into a state. Returns what must stay open.
type State = fn(&mut Raw) -> Option<std::net::TcpStream>;

const STATES: [(&str, State); 3] = [
    ("before the login", |_| None),
    ("behind a wrong password", |client| {
        client.say("USER me");
        client.stream.write_all(b"PASS wrong\r\n").expect("it listens");
        None
    }),
    ("in a transfer", |client| {
        client.say("USER anonymous");
        assert!(client.say("PASS x").starts_with("230"));
        client.say("TYPE I");
        let data = client.passive();
        assert!(client.say("RETR large").starts_with("150"));
        Some(data)
    }),
];

/// Pours the bytes as far as the server takes them, and asks another session for its reply between.
fn pour(client: &mut Raw, piece: &[u8], most: usize, other: &mut Raw) -> (usize, Duration) {
    let block = piece.repeat((64 << 10) / piece.len());
    let (mut poured, mut longest) = (0, Duration::ZERO);
    client.stream.set_write_timeout(Some(Duration::from_millis(100))).expect("a time");
    while poured < most {
        let sent = client.stream.write(&block);
        let began = instant();
        assert!(other.say("NOOP").starts_with("200"));
        longest = longest.max(began.elapsed());
        match sent {
            Ok(bytes) => poured += bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // The server takes no more before the client reads, or has closed the connection.
            Err(_) => break,
        }
    }
    (poured, longest)
}

#[test]
fn a_flood_in_any_state_costs_little_memory_and_holds_no_other_session_up() {
    let most = std::env::var_os("HALFCLOSE_FLOOD_MB").and_then(|mb| mb.to_str()?.parse().ok());
    let most = most.unwrap_or(2_usize) << 20;
    let server = Ours::serve(&["--user", "me", "--anonymous"]);
    let large = std::fs::File::create(server.path("large")).expect("space");
    large.set_len(1 << 30).expect("a sparse file");
    let mut other = Raw::login(&server);
    let mut host = 1;
    for (state, enter) in STATES {
        for (flood, piece) in FLOODS {
            // An address of its own: a wrong password slows the other passwords of its address.
            host += 1;
            let mut client = Raw::connect_from(&server, &format!("127.0.0.{host}"));
            let data = enter(&mut client);
            let before = server.memory("VmRSS:");
            let (poured, wait) = pour(&mut client, piece, most, &mut other);
            let cost = server.memory("VmRSS:").saturating_sub(before);
            eprintln!("{flood} {state}: {poured} bytes taken, {cost} KiB, NOOP {wait:?} at most");
            assert!(cost < COST, "{flood} {state}: {cost} KiB for {poured} bytes");
            assert!(wait < WAIT, "{flood} {state}: another session waited {wait:?}");
            drop(data);
        }
    }
}
