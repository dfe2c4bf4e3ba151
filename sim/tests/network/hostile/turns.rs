//! Commands that cost the server far more than the sender: other sessions still get their turns.

use std::fs;
use std::io::Write;
use std::time::Duration;

use super::raw::{Raw, instant, pause};
use crate::served::Ours;

/// The number of names in the directory.
const NAMES: usize = 20_000;
/// The longest wait of another session for the reply to NOOP.
const WAIT: Duration = Duration::from_millis(500);

fn server() -> Ours {
    let server = Ours::serve(&[]);
    fs::create_dir(server.path("big")).expect("space");
    for at in 0..NAMES {
        fs::write(server.path(&format!("big/{at}")), "").expect("space");
    }
    fs::write(server.path("big/zzz"), "").expect("space");
    server
}

#[test]
fn who_asks_for_a_hundred_searches_in_one_breath_holds_nobody_up() {
    const SEARCHES: usize = 100;
    let server = server();
    let (mut greedy, mut other) = (Raw::login(&server), Raw::login(&server));
    greedy.stream.write_all(&b"STAT big/yyy*\r\n".repeat(SEARCHES)).expect("it listens");
    // The server has the commands by now, and has not answered all of them.
    pause(Duration::from_millis(50));
    let mut longest = Duration::ZERO;
    for _ in 0..10 {
        let began = instant();
        assert!(other.say("NOOP").starts_with("200"));
        longest = longest.max(began.elapsed());
    }
    assert!(longest < WAIT, "NOOP took {longest:?}");
    for _ in 0..SEARCHES {
        greedy.expect("212");
    }
    eprintln!("NOOP beside {SEARCHES} searches of {NAMES} names: {longest:?} at most");
}

#[test]
fn a_search_goes_on_after_the_turns_of_others_and_finds_what_is_there() {
    let server = server();
    let mut client = Raw::login(&server);
    let (reply, found) = client.get("NLST big/z*");
    assert!(reply.starts_with("226"), "{reply}");
    assert_eq!(found, b"big/zzz\r\n");
    let (reply, found) = client.get("NLST big/y*");
    assert!(reply.starts_with("226"), "{reply}");
    assert_eq!(found, b"");
}

#[test]
fn what_is_said_in_one_breath_is_all_answered_also_before_an_end() {
    const NOOPS: usize = 1000;
    let server = Ours::serve(&[]);
    let mut client = Raw::login(&server);
    client.stream.write_all(&b"NOOP\r\n".repeat(NOOPS)).expect("it listens");
    client.stream.shutdown(std::net::Shutdown::Write).expect("it is open");
    for _ in 0..NOOPS {
        client.expect("200");
    }
    assert!(client.is_closed());
}
