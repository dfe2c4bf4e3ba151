//! Two thousand concurrent sessions, and the memory of each.

use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::raw::{Raw, assert_serves, until};
use crate::busy::within;
use crate::served::Ours;

const CROWD: usize = 2000;
/// The most memory of an idle session, in KiB.
const COST: u64 = 4;

/// Whether this test may open enough files: each of its connections takes two.
fn may_open_enough() -> bool {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("it may be raised");
    let enough = maximum.is_none_or(|files| files > 3 * CROWD as u64);
    if !enough {
        eprintln!("SKIPPED: {maximum:?} open files are too few for {CROWD} clients");
    }
    enough
}

#[test]
fn two_thousand_sessions_cost_kilobytes_and_hold_nobody_up() {
    if !may_open_enough() {
        return;
    }
    let most = (CROWD + 10).to_string();
    let server = Ours::serve(&["--max-sessions", &most, "--max-per-address", &most]);
    assert_serves(&server);
    let before = server.memory("RssAnon:");
    let mut crowd: Vec<_> = (0..CROWD).map(|_| Raw::login(&server)).collect();
    let cost = server.memory("RssAnon:").saturating_sub(before) / CROWD as u64;
    assert!(cost <= COST, "an idle session costs {cost} KiB");
    let beside = format!("two transfers beside {CROWD} sessions");
    let took = within(Duration::from_secs(1), &beside, || assert_serves(&server));
    // Every session is still connected, and gets an answer.
    for client in &mut crowd {
        assert!(client.say("NOOP").starts_with("200"));
    }
    // Sessions up to the limit are served, and no more.
    let mut more: Vec<_> = (0..10).map(|_| Raw::connect(&server)).collect();
    let mut refused = Raw::knock(&server);
    refused.expect("421");
    assert!(refused.is_closed());
    more.pop();
    until("a place is free", || {
        let mut knock = Raw::knock(&server);
        knock.reply().is_ok_and(|reply| reply.starts_with("220"))
    });
    drop((crowd, more));
    assert_serves(&server);
    eprintln!("{CROWD} sessions: {cost} KiB each, two transfers beside them in {took:?}");
}

#[test]
fn two_thousand_connections_at_once_are_all_greeted() {
    if !may_open_enough() {
        return;
    }
    let most = (CROWD + 10).to_string();
    let server = Ours::serve(&["--max-sessions", &most, "--max-per-address", &most]);
    let at = (&*server.host, server.port);
    let mut crowd: Vec<_> =
        (0..CROWD).map(|_| TcpStream::connect(at).expect("it listens")).collect();
    for stream in &mut crowd {
        stream.set_read_timeout(Some(super::raw::PATIENCE)).expect("a time");
        let mut code = [0; 3];
        stream.read_exact(&mut code).expect("a greeting");
        assert_eq!(&code, b"220");
    }
    assert_serves(&server);
}

#[test]
fn one_address_has_so_many_and_another_is_served() {
    let server = Ours::serve(&["--max-per-address", "3"]);
    let crowd: Vec<_> = (0..3).map(|_| Raw::connect(&server)).collect();
    Raw::knock(&server).expect("421");
    let mut other = super::raw::connect_from("127.0.0.2", server.port).expect("it listens");
    other.set_read_timeout(Some(super::raw::PATIENCE)).expect("a time");
    let mut code = [0; 3];
    other.read_exact(&mut code).expect("a greeting");
    assert_eq!(&code, b"220");
    drop(crowd);
}

#[test]
fn without_open_files_the_rest_waits_and_nobody_is_lost() {
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(folder.path().join("root")).expect("space");
    // 48 open files suffice for 4 sessions by the server's count; an option demands more, and files
    // run out.
    let shell = ["sh", "-c", "ulimit -n 48; exec \"$@\"", "sh"];
    let server = Ours::serve_in(folder, &shell, &["--max-per-address", "1000"]);
    let mut crowd: Vec<_> = (0..60).map(|_| Raw::knock(&server)).collect();
    let mut told = [0, 0];
    for client in &mut crowd {
        let reply = client.reply().expect("a reply for every session");
        told[usize::from(reply.starts_with("421"))] += 1;
    }
    assert_eq!(told[0] + told[1], 60);
    assert!(told[0] >= 1 && told[1] >= 40, "{} served, {} refused", told[0], told[1]);
    drop(crowd);
    until("there is room again", || {
        Raw::knock(&server).reply().is_ok_and(|reply| reply.starts_with("220"))
    });
    assert_serves(&server);
}
