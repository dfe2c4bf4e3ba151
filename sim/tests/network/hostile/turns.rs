//! Commands that cost the server far more than the sender: other sessions still get their turns.

mod large_turns;

use std::fs;
use std::io::{Read, Write};
use std::time::Duration;

use rustix::process::Signal;

use super::raw::{Raw, instant, pause};
use crate::busy::waited_here;
use crate::served::Ours;

/// The number of names in the directory.
const NAMES: usize = 20_000;
/// The most work of the server for others between a NOOP and the reply. Not the time of a clock: on a
/// busy machine, server and client wait for a processor and for the disk of other tests.
const WORK: Duration = Duration::from_millis(50);

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
    assert_turns(&server, &mut other, &format!("{SEARCHES} searches of {NAMES} names"));
    for _ in 0..SEARCHES {
        greedy.expect("212");
    }
}

/// Asserts the work of the server between each of 20 NOOPs and the reply. While this thread waits for a
/// processor, before it asks and after it was answered, the server works for others.
fn assert_turns(server: &Ours, other: &mut Raw, beside: &str) {
    let [mut work, mut wait] = [Duration::ZERO; 2];
    for _ in 0..20 {
        let (waited, worked, began) = (waited_here(), server.worked(), instant());
        assert!(other.say("NOOP").starts_with("200"));
        let worked = server.worked().saturating_sub(worked);
        let worked = worked.saturating_sub(waited_here() - waited);
        (work, wait) = (work.max(worked), wait.max(began.elapsed()));
    }
    eprintln!("NOOP beside {beside}: {work:?} of work and {wait:?} at most");
    assert!(work < WORK, "NOOP beside {beside}: {work:?} of work");
}

/// 4,096 names that begin with 250 brackets, and a pattern with as many: a matcher that looks for the
/// end of each set at each step held all sessions up for 14 s.
#[test]
fn a_pattern_of_brackets_holds_no_other_session_up() {
    let server = Ours::serve(&[]);
    fs::create_dir(server.path("d")).expect("space");
    let brackets = "[".repeat(250);
    for at in 0..4096 {
        fs::write(server.path(&format!("d/{brackets}{at:04}")), "").expect("space");
    }
    let (mut greedy, mut other) = (Raw::login(&server), Raw::login(&server));
    greedy.stream.write_all(format!("STAT d/*{brackets}b\r\n").as_bytes()).expect("it listens");
    pause(Duration::from_millis(20));
    assert_turns(&server, &mut other, "a pattern of 250 brackets");
    greedy.expect("212");
}

/// 60 sessions that list links which lead out of the directory: the costliest names. All sessions
/// together have one budget for each turn.
#[test]
fn a_crowd_of_listings_of_links_holds_no_other_session_up() {
    const CROWD: usize = 60;
    let server = Ours::serve(&[]);
    fs::create_dir(server.path("links")).expect("space");
    for at in 0..4000 {
        let to = "/etc/passwd";
        std::os::unix::fs::symlink(to, server.path(&format!("links/{at}"))).expect("space");
    }
    let mut crowd: Vec<_> = (0..CROWD)
        .map(|_| {
            let mut client = Raw::login(&server);
            let data = client.passive();
            (client, data)
        })
        .collect();
    let mut other = Raw::login(&server);
    for (client, _) in &mut crowd {
        client.stream.write_all(b"LIST links\r\n").expect("it listens");
    }
    assert_turns(&server, &mut other, &format!("{CROWD} listings of 4,000 links"));
    for (client, data) in &mut crowd {
        let mut listing = Vec::new();
        data.read_to_end(&mut listing).expect("it is sent");
        assert_eq!(listing.split(|byte| *byte == b'\n').count(), 4001);
        client.expect("150");
        client.expect("226");
    }
}

/// A series of 1,000 names of STOU: the next free name is found in some steps.
#[test]
fn a_long_series_of_unique_names_holds_no_other_session_up() {
    const CROWD: usize = 20;
    let server = Ours::serve(&[]);
    fs::write(server.path("stou"), "").expect("space");
    for at in 1..1000 {
        fs::write(server.path(&format!("stou.{at}")), "").expect("space");
    }
    let mut crowd: Vec<_> = (0..CROWD).map(|_| Raw::login(&server)).collect();
    let mut other = Raw::login(&server);
    for client in &mut crowd {
        client.stream.write_all(&b"PASV\r\nSTOU\r\nABOR\r\n".repeat(10)).expect("it listens");
    }
    assert_turns(&server, &mut other, &format!("{CROWD} sessions that ask for unique names"));
    let mut client = Raw::login(&server);
    let mut data = client.passive();
    let reply = client.say("STOU");
    assert!(reply.starts_with("150 FILE: stou.1"), "{reply}");
    data.write_all(b"x").expect("it listens");
    drop(data);
    client.expect("226");
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

/// The server is stopped in the middle of its turns, as a disk that does not answer stops a program.
#[test]
fn a_turn_that_holds_all_sessions_up_is_told_in_few_lines() {
    const STOP: Duration = Duration::from_millis(120);
    let server = Ours::serve(&[]);
    let mut client = Raw::login(&server);
    let mut replies = client.stream.try_clone().expect("a file");
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(move || while replies.read(&mut [0; 65536]).is_ok_and(|read| read > 0) {});
        scope.spawn(|| {
            let block = b"HELP\r\n".repeat(1000);
            while !over.load(std::sync::atomic::Ordering::Relaxed) {
                client.stream.write_all(&block).expect("it listens");
            }
            client.stream.shutdown(std::net::Shutdown::Both).expect("it is open");
        });
        for _ in 0..12 {
            server.signal(Signal::STOP);
            pause(STOP);
            server.signal(Signal::CONT);
            pause(STOP / 10);
        }
        over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    server.signal(Signal::TERM);
    let (_, log, _) = server.wait();
    let told = log.iter().filter_map(|line| line.split_once("all sessions waited "));
    let told = told.map(|(_, rest)| rest.split(' ').next().and_then(|ms| ms.parse::<u64>().ok()));
    let told: Vec<u64> = told.map(|ms| ms.expect("milliseconds")).collect();
    // Of twelve stops, the first is told, and a stop that is twice as long as the one before.
    assert!(!told.is_empty(), "{log:?}");
    assert!(told.windows(2).all(|pair| pair[1] >= 2 * pair[0]), "{log:?}");
}
