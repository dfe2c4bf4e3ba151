//! Floods: endless lines, endless commands, unread replies, and bytes without meaning.

use std::io::{ErrorKind, Write};
use std::time::Duration;

use super::raw::{PATIENCE, Raw, assert_serves};
use crate::busy::within;
use crate::served::Ours;

/// The most memory that a flood may cost, in KiB.
const COST: u64 = 1024;

/// Writes a piece again and again, until the server has taken no byte for so long, and reads nothing.
fn pour(client: &mut Raw, piece: &[u8], most: usize, patience: Duration) -> usize {
    client.stream.set_write_timeout(Some(patience)).expect("a time");
    let mut poured = 0;
    while poured < most {
        match client.stream.write(piece) {
            Ok(bytes) => poured += bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    poured
}

#[test]
fn a_line_without_an_end_costs_nothing() {
    let server = Ours::serve(&[]);
    assert_serves(&server);
    let before = server.memory("RssAnon:");
    let mut client = Raw::login(&server);
    let poured = pour(&mut client, &[b'A'; 65536], 64 << 20, PATIENCE);
    assert_eq!(poured, 64 << 20, "it is read, and dropped");
    let cost = server.memory("RssAnon:").saturating_sub(before);
    assert!(cost < COST, "{poured} bytes of one line cost {cost} KiB");
    client.stream.write_all(b"\r\n").expect("it listens");
    client.expect("500");
    assert!(client.say("NOOP").starts_with("200"), "the next line is heard");
    assert_serves(&server);
}

#[test]
fn commands_whose_replies_nobody_reads_cost_little() {
    /// The memory that each session may cost, in KiB: unread replies up to the limit.
    const EACH: u64 = 512;
    const FLOODS: u64 = 20;
    /// A server that takes no byte for so long has stopped to listen.
    const SILENCE: Duration = Duration::from_millis(500);
    let server = Ours::serve(&[]);
    let flood = |count: u64| -> Vec<Raw> {
        let mut clients: Vec<_> = (0..count).map(|_| Raw::login(&server)).collect();
        for client in &mut clients {
            // A command whose reply is longer than itself.
            let poured = pour(client, &b"HELP\r\n".repeat(1000), 256 << 20, SILENCE);
            assert!(poured < 256 << 20, "it stops to listen: {poured} bytes");
        }
        clients
    };
    // The first floods grow the log, which all sessions share, to its final size.
    let _first = flood(5);
    let before = server.memory("RssAnon:");
    let _more = flood(FLOODS);
    let cost = server.memory("RssAnon:").saturating_sub(before) / FLOODS;
    assert!(cost < EACH, "each costs {cost} KiB");
    within(Duration::from_secs(1), "two transfers beside the floods", || assert_serves(&server));
}

#[test]
fn bytes_that_are_nothing_are_answered_or_closed() {
    let server = Ours::serve(&["--max-per-address", "100"]);
    // Not VmRSS: the pages of the program itself, read from its file as each is first used, are some
    // hundred KiB in a release and more than a MiB in a test build.
    let before = server.memory("RssAnon:");
    let mut noise: u32 = 1;
    let mut rounds = 0;
    for _ in 0..50 {
        let mut client = Raw::connect(&server);
        let junk: Vec<u8> = std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            noise.to_le_bytes()[3]
        })
        .take(100_000)
        .collect();
        client.stream.set_write_timeout(Some(Duration::from_millis(200))).expect("a time");
        let _ = client.stream.write_all(&junk);
        rounds += 1;
    }
    assert_eq!(rounds, 50);
    within(Duration::from_secs(1), "two transfers behind junk", || assert_serves(&server));
    let cost = server.memory("RssAnon:").saturating_sub(before);
    eprintln!("{rounds} junk clients cost {cost} KiB");
    assert!(cost < COST, "{rounds} junk clients cost {cost} KiB");
}
