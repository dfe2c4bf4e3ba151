//! Large files and large directories: the server never holds a whole one in memory.
//! `HALFCLOSE_NAMES=1000001` lists more names than the usual 50,000, and more than a listing has.

use std::fs;
use std::io::{Read, Write};

use super::raw::{Raw, assert_serves};
use crate::served::Ours;

/// The most names of a listing (docs/SERVING.md).
const LISTED: usize = 1_000_000;
/// The KiB that a large directory may cost beyond a small one: a thread reads 1,024 names at a time.
const COST: u64 = 1024;
/// The KiB that a large file may cost beyond a small one: a piece of 1 MiB that a thread writes, the next
/// piece of 1 MiB, and a copy while a piece grows.
const FILE_COST: u64 = 4096;

#[test]
fn a_listing_is_never_in_memory_whole() {
    let names = std::env::var_os("HALFCLOSE_NAMES");
    let names: usize = names
        .map_or(50_000, |names| names.to_str().and_then(|n| n.parse().ok()).expect("a number"));
    let server = Ours::serve(&[]);
    fs::create_dir(server.path("d")).expect("space");
    fs::write(server.path("d/first"), "").expect("space");
    let mut client = Raw::login(&server);
    for verb in ["LIST d", "MLSD d", "NLST d"] {
        assert!(client.get(verb).0.starts_with("226"));
    }
    let before = server.memory("VmHWM:");
    for at in 1..names {
        fs::write(server.path(&format!("d/a rather long name, and its number {at:06}")), "")
            .expect("space");
    }
    // A million names take longer to make than a session may be idle.
    let mut client = Raw::login(&server);
    for verb in ["LIST d", "MLSD d", "NLST d"] {
        let (reply, listing) = client.get(verb);
        if names > LISTED {
            assert_eq!(reply, "451 The directory has too many names.");
            continue;
        }
        assert!(reply.starts_with("226"), "{reply}");
        let lines = listing.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        // MLSD begins with the directory itself.
        let itself = usize::from(verb.starts_with("MLSD") && listing.starts_with(b"type=cdir"));
        assert_eq!(lines.count(), names + itself, "{verb}");
        assert!(listing.len() > (names - 1) * 40, "{verb}");
    }
    let cost = server.memory("VmHWM:") - before;
    assert_serves(&server);
    eprintln!("a directory of {names} names costs {cost} KiB");
    assert!(cost < COST, "a directory of {names} names costs {cost} KiB");
}

#[test]
fn a_file_is_never_in_memory_whole() {
    const PIECES: usize = 200;
    const PIECE: usize = 1 << 20;
    let server = Ours::serve(&[]);
    assert_serves(&server);
    let before = server.memory("VmHWM:");
    let mut client = Raw::login(&server);
    let mut data = client.passive();
    assert!(client.say("STOR large").starts_with("150"));
    for _ in 0..PIECES {
        data.write_all(&vec![7; PIECE]).expect("it listens");
    }
    drop(data);
    client.expect("226");
    // A reader slower than the server gets the whole listing too.
    let mut data = client.passive();
    assert!(client.say("RETR large").starts_with("150"));
    let mut bytes = 0;
    let mut piece = vec![0; 4096];
    loop {
        match data.read(&mut piece).expect("it sends") {
            0 => break,
            read => bytes += read,
        }
    }
    client.expect("226");
    assert_eq!(bytes, PIECES * PIECE);
    let cost = server.memory("VmHWM:") - before;
    assert!(cost < FILE_COST, "{bytes} bytes up and down cost {cost} KiB");
}
