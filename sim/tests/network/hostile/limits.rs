//! Logins, unknown names that look like known names, exhausted ports, and a log without secrets.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;

use super::raw::{Raw, instant};
use crate::served::Ours;

#[test]
fn wrong_passwords_are_counted_and_names_are_not_told_apart() {
    let server = Ours::serve(&["--user", "me"]);
    let (mut replies, began) = (Vec::new(), instant());
    for name in ["me", "nobody"] {
        let mut client = Raw::connect(&server);
        for _ in 0..3 {
            replies.push((client.say(&format!("USER {name}")), client.say("PASS wrong")));
        }
        assert!(client.is_closed(), "three are enough");
    }
    assert!(began.elapsed() >= Duration::from_secs(6), "a guess costs a second");
    assert_eq!(replies[..3], replies[3..], "an account and none");
    assert!(replies[0].1.starts_with("530"), "{replies:?}");
    let mut client = Raw::connect(&server);
    client.say("USER me");
    assert!(client.say("PASS secret").starts_with("230"));
}

#[test]
fn who_may_only_read_changes_nothing() {
    let folder = tempfile::tempdir().expect("a directory");
    fs::create_dir_all(folder.path().join("root/d")).expect("space");
    fs::write(folder.path().join("root/a.bin"), "old").expect("space");
    let server = Ours::serve_in(folder, &[], &["--read-only"]);
    let mut client = Raw::login(&server);
    for line in [
        "DELE a.bin",
        "RMD d",
        "MKD e",
        "RNFR a.bin",
        "MFMT 20020206120000 a.bin",
        "XMKD f",
        "XRMD d",
    ] {
        let reply = client.say(line);
        assert!(reply.starts_with("55"), "{line}: {reply}");
    }
    for verb in ["STOR a.bin", "APPE a.bin", "STOR new.bin", "STOU"] {
        client.passive_port();
        let reply = client.say(verb);
        assert!(reply.starts_with("55"), "{verb}: {reply}");
    }
    assert_eq!(client.get("RETR a.bin").1, b"old");
}

#[test]
fn one_passive_port_serves_one_transfer_at_a_time() {
    let port = crate::busy::free_port();
    let range = format!("{port}..={port}");
    let server = Ours::serve(&["--passive-ports", &range]);
    let (mut first, mut second) = (Raw::login(&server), Raw::login(&server));
    assert_eq!(first.passive_port(), port);
    let reply = second.say("EPSV");
    assert!(reply.starts_with("425"), "{reply}");
    let reply = second.say("PASV");
    assert!(reply.starts_with("425"), "{reply}");
    // The turn of the first session is over when its connection arrives.
    assert!(first.put("a.bin", b"first").starts_with("226"));
    assert!(second.put("b.bin", b"second").starts_with("226"));
}

#[test]
fn a_log_has_no_password_and_no_control_character() {
    let server = Ours::serve(&["--user", "me", "--verbose"]);
    let mut client = Raw::connect(&server);
    client.say("USER me");
    assert!(client.say("PASS secret").starts_with("230"));
    client.say("PASS \x1b[2Jtypo-of-secret");
    client.say("SIZE \x1b[2J\x07evil");
    client.say("QUIT");
    server.signal(Signal::TERM);
    let (status, log, _) = server.wait();
    assert_eq!(status.code(), Some(0));
    let all = log.join("\n");
    assert!(log.len() > 8, "{all}");
    assert!(!all.contains("secret"), "{all}");
    assert!(all.contains(" logged in: me\n"), "{all}");
    assert!(all.contains("PASS ****") && all.contains("evil"), "{all}");
    assert!(!all.chars().any(|c| c.is_control() && c != '\n'), "{all:?}");
}
