//! Clients that send a byte a second, that never read, and that never send.

use std::io::{Read, Write};
use std::time::Duration;

use super::raw::{PATIENCE, Raw, assert_serves, instant, pause};
use crate::busy::within;
use crate::served::Ours;

#[test]
fn a_byte_a_second_is_silence_and_holds_nobody_up() {
    const SLOW: usize = 200;
    let server = Ours::serve(&["--idle-timeout", "4s", "--max-per-address", "1000"]);
    let mut clients: Vec<_> = (0..SLOW).map(|_| Raw::login(&server)).collect();
    let began = instant();
    // The line goes on for as long as the server bears the client.
    while !clients.is_empty() {
        assert!(began.elapsed() < PATIENCE, "{} clients are borne", clients.len());
        for client in &mut clients {
            // The server may have closed the connection already.
            let _ = client.stream.write_all(b"X");
        }
        let beside = format!("two transfers beside {SLOW} slow clients");
        within(Duration::from_secs(1), &beside, || assert_serves(&server));
        pause(Duration::from_millis(700));
        clients.retain_mut(|client| !is_told(client));
    }
}

/// Whether the server has said 421 to a client and closed the connection.
fn is_told(client: &mut Raw) -> bool {
    client.stream.set_nonblocking(true).expect("an option");
    let told = client.stream.peek(&mut [0]).is_ok();
    client.stream.set_nonblocking(false).expect("an option");
    if told {
        client.expect("421");
        assert!(client.is_closed());
    }
    told
}

#[test]
fn a_transfer_that_moves_nothing_ends_and_leaves_nothing() {
    let server = Ours::serve(&["--data-timeout", "3s"]);
    std::fs::write(server.path("old.bin"), "old").expect("space");
    let began = instant();
    // An upload that stops in the middle.
    let mut up = Raw::login(&server);
    let mut data = up.passive();
    assert!(up.say("STOR old.bin").starts_with("150"));
    data.write_all(&[7; 100_000]).expect("it listens");
    // A download without a reader, larger than the buffers of the system.
    std::fs::write(server.path("large.bin"), vec![7; 64 << 20]).expect("space");
    let mut down = Raw::login(&server);
    let unread = down.passive();
    assert!(down.say("RETR large.bin").starts_with("150"));
    assert_serves(&server);
    for client in [&mut up, &mut down] {
        client.expect("426");
        assert!(client.say("NOOP").starts_with("200"), "the session goes on");
    }
    let took = began.elapsed();
    assert!(took < PATIENCE, "{took:?}");
    assert_eq!(std::fs::read(server.path("old.bin")).expect("there"), b"old");
    assert_eq!(std::fs::read_dir(server.path("")).expect("there").count(), 2, "no leavings");
    drop((data, unread));
}

#[test]
fn a_data_connection_that_never_comes_and_one_that_says_too_much() {
    let server = Ours::serve(&[]);
    let mut client = Raw::login(&server);
    // A data connection exists only after a command asks for one.
    assert!(client.say("STOR a.bin").starts_with("425"));
    // Junk on the connection of a download destroys no byte of the download.
    std::fs::write(server.path("a.bin"), vec![7; 8 << 20]).expect("space");
    let mut data = client.passive();
    assert!(client.say("RETR a.bin").starts_with("150"));
    data.write_all(&[0; 400]).expect("it listens");
    let mut bytes = Vec::new();
    data.set_read_timeout(Some(PATIENCE)).expect("a time");
    data.read_to_end(&mut bytes).expect("no reset: 7 of 11 measured servers send one here");
    assert_eq!(bytes.len(), 8 << 20);
    client.expect("226");
}

#[test]
fn success_is_told_once_nothing_is_owed_and_no_reset_follows() {
    let server = Ours::serve(&[]);
    std::fs::write(server.path("a.bin"), vec![7; 8 << 20]).expect("space");
    let mut client = Raw::login(&server);
    let mut data = client.passive();
    assert!(client.say("RETR a.bin").starts_with("150"));
    // Longer than a closed connection may make no progress.
    pause(Duration::from_secs(12));
    let mut bytes = Vec::new();
    data.set_read_timeout(Some(PATIENCE)).expect("a time");
    data.read_to_end(&mut bytes).expect("no reset");
    assert_eq!(bytes.len(), 8 << 20);
    client.expect("226");
}

#[test]
fn the_old_file_stays_if_no_byte_of_a_new_one_comes() {
    const WAYS: [&str; 3] = ["refused", "client dies", "server ends"];
    for options in [&[][..], &["--in-place"], &["--on-reset", "abort", "--in-place"]] {
        for before in ["", "REST 3"] {
            for command in ["STOR precious", "APPE precious"] {
                let mut server = Ours::serve(options);
                for way in WAYS {
                    std::fs::write(server.path("precious"), "old file").expect("space");
                    server = without_data(server, way, before, command);
                    let left = std::fs::read(server.path("precious")).expect("there");
                    assert_eq!(left, b"old file", "{options:?}, {before}, {command}, {way}");
                }
            }
        }
    }
}

/// An upload whose data connection never opens. Returns a server of the same directory.
fn without_data(server: Ours, way: &str, before: &str, command: &str) -> Ours {
    let mut client = Raw::login(&server);
    if way == "refused" {
        assert!(client.say("PORT 127,0,0,1,4,1").starts_with("200"));
    } else {
        client.passive_port();
    }
    if !before.is_empty() {
        assert!(client.say(before).starts_with("350"));
    }
    assert!(client.say(command).starts_with("150"));
    match way {
        "refused" => drop(client.expect("425")),
        "client dies" => drop(client),
        _ => {
            server.signal(rustix::process::Signal::TERM);
            client.expect("425");
            let (status, _, folder) = server.wait();
            assert!(status.success(), "{status}");
            return Ours::serve_in(folder, &[], &[]);
        }
    }
    assert_serves(&server);
    server
}

#[test]
fn a_download_that_is_cut_ends_with_a_reset() {
    let server = Ours::serve(&[]);
    std::fs::write(server.path("a.bin"), vec![7; 64 << 20]).expect("space");
    for cut in ["ABOR", "control connection"] {
        let mut client = Raw::login(&server);
        let mut data = client.passive();
        assert!(client.say("RETR a.bin").starts_with("150"));
        match cut {
            "ABOR" => assert!(client.say("ABOR").starts_with("426")),
            _ => drop(client),
        }
        data.set_read_timeout(Some(PATIENCE)).expect("a time");
        let error = data.read_to_end(&mut Vec::new()).expect_err("no end of the file");
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{cut}");
    }
}
