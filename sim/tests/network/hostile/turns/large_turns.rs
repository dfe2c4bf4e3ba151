//! Work of a disk that grows with a file or a directory: a thread does the work, and the thread that
//! serves all sessions does not.

use std::fs;
use std::io::{Read, Write};
use std::time::Duration;

use crate::hostile::raw::Raw;
use crate::served::Ours;

/// The size of the old file: the kernel frees its pages and blocks when the last name is gone.
const LARGE: u64 = 512 << 20;
/// The number of names in the directory.
const NAMES: usize = 100_000;
/// The most processor time of the serving thread between two replies to NOOP.
const WORK: Duration = Duration::from_millis(25);

/// Fills the file `large` of the server.
fn fill(server: &Ours) {
    let mut file = fs::File::create(server.path("large")).expect("space");
    let piece = vec![7; 1 << 20];
    for _ in 0..LARGE / piece.len() as u64 {
        file.write_all(&piece).expect("space");
    }
}

#[test]
fn the_end_of_a_large_file_is_the_work_of_a_thread() {
    let server = Ours::serve(&[]);
    let mut client = Raw::login(&server);
    fill(&server);
    let mut data = client.passive();
    assert!(client.say("STOR large").starts_with("150"));
    data.write_all(b"new").expect("it listens");
    let worked = server.worked();
    drop(data);
    client.expect("226");
    let replaced = server.worked() - worked;
    assert_eq!(fs::read(server.path("large")).expect("there"), b"new");
    fill(&server);
    let worked = server.worked();
    assert!(client.say("DELE large").starts_with("250"));
    let removed = server.worked() - worked;
    eprintln!("a file of {LARGE} bytes: replaced with {replaced:?} of work, removed {removed:?}");
    assert!(replaced < WORK && removed < WORK, "replaced {replaced:?}, removed {removed:?}");
}

#[test]
fn a_listing_of_many_names_leaves_turns_to_others() {
    let server = Ours::serve(&[]);
    fs::create_dir(server.path("d")).expect("space");
    // One file has 65,000 names at most on some disks.
    for at in 0..NAMES {
        let file = server.path(&format!("file{}", at / 50_000));
        if at % 50_000 == 0 {
            fs::write(&file, "").expect("space");
        }
        fs::hard_link(&file, server.path(&format!("d/{at}"))).expect("space");
    }
    let (mut client, mut other) = (Raw::login(&server), Raw::login(&server));
    let mut data = client.passive();
    client.stream.write_all(b"LIST d\r\n").expect("it listens");
    let reader = std::thread::spawn(move || {
        let mut listing = Vec::new();
        data.read_to_end(&mut listing).expect("it is sent");
        listing.split(|byte| *byte == b'\n').count()
    });
    let (mut longest, mut noops) = (Duration::ZERO, 0);
    while !reader.is_finished() {
        let worked = server.worked();
        assert!(other.say("NOOP").starts_with("200"));
        longest = longest.max(server.worked() - worked);
        noops += 1;
    }
    assert_eq!(reader.join().expect("it reads"), NAMES + 1);
    client.expect("150");
    client.expect("226");
    eprintln!("{NAMES} names: {longest:?} of work at most between {noops} NOOPs");
    assert!(longest < WORK, "{longest:?} of work between two NOOPs");
}
