//! Lines 1 and 2 of the table: empty lines before the login, and STAT in a transfer that is not read.

use std::cell::Cell;
use std::time::Duration;

use rustix::process::Resource;

use super::any_server::{AnyServer, Properties, ms};
use super::beside;
use crate::hostile::raw::Raw;
use crate::hostile::resident::{Seen, flood};

/// The bytes of a flood.
const FLOOD: usize = 100 << 20;
/// The silence after which a server is thought to read no more, and the longest time of a flood; both are
/// longer for a busy server.
const TIMES: [Duration; 2] = [Duration::from_millis(700), Duration::from_secs(2)];
/// The address space of each server.
const SPACE: u64 = 1 << 30;
/// The most memory that the flood may cost, in KiB, and the longest wait of another session.
const COST: u64 = 1 << 10;
const WAIT: Duration = Duration::from_secs(2);

fn pour(
    server: &AnyServer,
    mut client: Raw,
    piece: &[u8],
    (longer, reads): (u32, bool),
) -> (String, Seen) {
    let [patience, time] = TIMES.map(|time| longer * time);
    let seen = flood(server, &mut client, piece, (FLOOD, patience, time), reads);
    let text = format!(
        "{:.1} MB taken, {} KiB, longest NOOP {}{}",
        seen.taken as f64 / 1e6,
        seen.cost,
        ms(seen.longest()),
        if seen.answers { "" } else { ", and then no answer" }
    );
    (text, seen)
}

fn is_sound(seen: &Seen) -> bool {
    seen.answers && seen.cost < COST && seen.longest() < WAIT
}

#[test]
fn empty_lines_before_the_login() {
    // A busy server takes few bytes in two seconds, and is asked again for longer.
    let longer = Cell::new(1);
    let trial = |server: &AnyServer| {
        server.limit(Resource::As, SPACE);
        let client = || server.connect("127.0.0.1");
        let (unread, first) = pour(server, client(), b"\n", (longer.get(), false));
        let (read, second) = pour(server, client(), b"\n", (longer.get(), true));
        longer.set(2 * longer.get());
        (format!("replies unread: {unread}; read: {read}"), [first, second])
    };
    beside("1 empty lines", Properties::OPEN, trial, |floods| {
        floods.iter().all(is_sound) && floods[1].taken > 64 << 10
    });
}

#[test]
fn stat_in_a_transfer_that_is_not_read() {
    let trial = |server: &AnyServer| {
        server.limit(Resource::As, SPACE);
        let large = server.make_large();
        let mut client = server.login();
        let _data = client.passive();
        let reply = client.say(&format!("RETR {large}"));
        assert!(reply.starts_with("150") || reply.starts_with("125"), "{reply}");
        pour(server, client, b"STAT\r\n", (1, false))
    };
    beside("2 STAT in an unread RETR", Properties::OPEN, trial, is_sound);
}
