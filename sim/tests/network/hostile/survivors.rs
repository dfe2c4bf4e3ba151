//! The attacks that the server survived, with the numbers of the attack: directories that become links
//! while a client names files below, kills in the middle of uploads, and thousands of connections of
//! every fate.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::process::Signal;
use socket2::SockRef;

use super::disk::{OLD, folder, half_an_upload, leavings};
use super::raw::{Raw, assert_serves, pause, until};
use crate::served::Ours;

/// The numbers of rounds, kills and connections.
const ROUNDS: usize = 3696;
const KILLS: usize = 40;
const CONNECTIONS: usize = 4300;

/// The words of a file that lies outside of the root, and of the file of the same name inside.
const SECRET: &str = "outside";
const PUBLIC: &str = "inside";

/// A client that names files below a name which is a directory at one time, and a link that leads out at
/// another: every command acts inside of the root, or is refused.
#[test]
fn a_directory_that_becomes_a_link_leads_no_command_out() {
    let server = Ours::serve(&[]);
    let outside = server.folder().join("outside");
    let (swap, link) = (server.path("swap"), server.path("link"));
    for directory in [&outside, &swap] {
        fs::create_dir(directory).expect("space");
    }
    fs::write(outside.join("a"), SECRET).expect("space");
    symlink(&outside, &link).expect("space");
    let over = AtomicBool::new(false);
    let [mut done, mut refused] = [0, 0];
    thread::scope(|scope| {
        let swaps = scope.spawn(|| {
            let mut swaps = 0_u64;
            while !over.load(Ordering::Relaxed) {
                renameat_with(CWD, &swap, CWD, &link, RenameFlags::EXCHANGE).expect("both exist");
                swaps += 1;
                pause(Duration::from_micros(300));
            }
            swaps
        });
        let mut client = Raw::login(&server);
        for round in 0..ROUNDS {
            let (reply, bytes) = attempt(&mut client, round);
            assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "round {round}: {reply}");
            match reply.as_bytes()[0] {
                b'2' | b'3' => done += 1,
                _ => refused += 1,
            }
        }
        over.store(true, Ordering::Relaxed);
        eprintln!("{} swaps", swaps.join().expect("no swap fails"));
    });
    let names: Vec<_> = fs::read_dir(&outside).expect("there").filter_map(Result::ok).collect();
    let names: Vec<_> = names.iter().map(fs::DirEntry::file_name).collect();
    assert_eq!(names, ["a"], "nothing has come outside");
    assert_eq!(fs::read(outside.join("a")).expect("there"), SECRET.as_bytes());
    assert!(done > ROUNDS / 50 && refused > ROUNDS / 50, "{done} done, {refused} refused");
    eprintln!("{ROUNDS} rounds: {done} done inside, {refused} refused");
    assert_serves(&server);
}

/// Sends a command that names a file below `swap`. Returns the final reply and the received bytes.
fn attempt(client: &mut Raw, round: usize) -> (String, Vec<u8>) {
    match round % 10 {
        0 => (client.put("swap/a", PUBLIC.as_bytes()), Vec::new()),
        1 | 2 => client.get("RETR swap/a"),
        3 => client.get("LIST swap"),
        4 => (client.say("MKD swap/made"), Vec::new()),
        5 => (client.say("RMD swap/made"), Vec::new()),
        6 => {
            let reply = client.put("swap/b", PUBLIC.as_bytes());
            client.say("RNFR swap/b");
            client.say("RNTO swap/c");
            (reply, Vec::new())
        }
        7 => (client.say("DELE swap/a"), Vec::new()),
        8 => (client.say("SITE CHMOD 644 swap/a"), Vec::new()),
        _ => (client.say("MFMT 20020206120000 swap/a"), Vec::new()),
    }
}

#[test]
fn kills_in_the_middle_of_uploads_leave_the_old_file_and_no_heap_of_temporaries() {
    let mut folder = folder();
    for round in 0..KILLS {
        let server = Ours::serve_in(folder, &[], &[]);
        assert_eq!(leavings(&server), [], "round {round}: the temporary of the last round is gone");
        let _open = half_an_upload(&server);
        assert_eq!(leavings(&server).len(), 1);
        server.signal(Signal::KILL);
        (_, _, folder) = server.wait();
        let old = fs::read(folder.path().join("root/a.bin")).expect("it is there");
        assert_eq!(old, OLD, "round {round}");
    }
    let server = Ours::serve_in(folder, &[], &[]);
    assert_eq!(leavings(&server), []);
    assert_serves(&server);
}

#[test]
fn thousands_of_connections_of_every_fate_leave_nothing_behind() {
    /// The connections that stay open for a while.
    const OPEN: usize = 50;
    // The thread that looks for the file of RETR may come late on a busy machine, and so does the end of
    // a session.
    let server = Ours::serve(&["--max-per-address", "400"]);
    assert_serves(&server);
    until("the first session is over", || server.open_files() < 17);
    let (files, before) = (server.open_files(), server.memory("RssAnon:"));
    let mut open = std::collections::VecDeque::new();
    for at in 0..CONNECTIONS {
        let mut client = Raw::connect(&server);
        let reset = |stream: &TcpStream| {
            SockRef::from(stream).set_linger(Some(Duration::ZERO)).expect("an option");
        };
        match at % 6 {
            0 => assert!(client.say("QUIT").starts_with("221")),
            1 => {}
            2 => reset(&client.stream),
            3 => client.stream.write_all(b"half a li").expect("it listens"),
            4 => {
                for line in ["USER anonymous", "PASS x", "EPSV"] {
                    client.say(line);
                }
                client.stream.write_all(b"RETR nothing\r\nSTAT\r\n").expect("it listens");
                reset(&client.stream);
            }
            _ => client.stream.write_all(&[0xff, 0xf4, 0, b'\n']).expect("it listens"),
        }
        open.push_back(client);
        if open.len() > OPEN {
            open.pop_front();
        }
    }
    drop(open);
    until("every connection is over", || server.open_files() <= files);
    let cost = server.memory("RssAnon:").saturating_sub(before);
    let took = assert_serves(&server);
    assert!(cost < 1024, "{CONNECTIONS} connections leave {cost} KiB");
    eprintln!("{CONNECTIONS} connections leave {cost} KiB; the next client is served in {took:?}");
}
