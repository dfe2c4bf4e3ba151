//! A disk that stops to answer: a file system in user space (FUSE), below the served directory as a
//! network's disk would be. Sessions that ask for the disk wait, and no other session waits.

mod hung_uploads;
pub(crate) mod slow_disk;

use std::io::{Read, Write};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::raw::{Raw, assert_serves, instant, until};
use crate::busy::{Watch, within};
use crate::served::Ours;
use slow_disk::{
    CREATE, Disk, FSYNC, LOOKUP, MKDIR, OPENDIR, READ, READDIR, RENAME, RMDIR, SETATTR, SIZE,
    UNLINK,
};

/// The longest wait of a session that does not ask for the disk, on a busy machine.
const WAIT: Duration = Duration::from_secs(2);

/// Starts a server with the disk at `slow`.
fn server(options: &[&str]) -> Option<(Ours, Disk)> {
    let (folder, disk) = folder()?;
    Some((Ours::serve_in(folder, &[], options), disk))
}

fn folder() -> Option<(TempDir, Disk)> {
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(folder.path().join("root")).expect("space");
    let disk = Disk::mount(&folder.path().join("root/slow"))?;
    Some((folder, disk))
}

/// Asserts that a session which does not ask for the disk is served.
fn assert_no_other_waits(server: &Ours, other: &mut Raw) {
    let longest = within(WAIT, "NOOP", || {
        let (began, mut longest) = (instant(), Duration::ZERO);
        while began.elapsed() < Duration::from_millis(500) {
            let watch = Watch::start(server.id());
            assert!(other.say("NOOP").starts_with("200"));
            longest = longest.max(watch.took());
        }
        longest
    });
    let served = within(WAIT, "two transfers", || assert_serves(server));
    eprintln!("beside a disk that hangs: NOOP {longest:?} at most, two transfers in {served:?}");
}

#[test]
fn a_disk_that_hangs_holds_up_the_downloads_from_the_disk_alone() {
    let Some((server, disk)) = server(&[]) else { return };
    let mut other = Raw::login(&server);
    let mut client = Raw::login(&server);
    let mut data = client.passive();
    // The server has the name, the kernel has no byte of the file.
    assert!(client.say("SIZE slow/file").starts_with("213"));
    disk.hang_at(READ);
    assert!(client.say("RETR slow/file").starts_with("150"));
    assert_no_other_waits(&server, &mut other);
    disk.go_on();
    let mut bytes = Vec::new();
    data.read_to_end(&mut bytes).expect("the end of the file");
    assert!(bytes.len() as u64 == SIZE && bytes.iter().all(|byte| *byte == b'x'));
    client.expect("226");
}

#[test]
fn a_disk_that_hangs_holds_up_the_sessions_that_ask_for_its_names_alone() {
    const LINES: [(&str, &str); 6] = [
        ("SIZE slow/file", "213 1048576"),
        ("MDTM slow/file", "213"),
        ("MLST slow/file", "250"),
        ("RNFR slow/file", "350"),
        ("CWD slow", "250"),
        ("STAT slow/file", "213"),
    ];
    let Some((server, disk)) = server(&[]) else { return };
    let mut other = Raw::login(&server);
    let mut asking: Vec<_> = LINES.iter().map(|_| Raw::login(&server)).collect();
    for (client, (line, reply)) in asking.iter_mut().zip(LINES) {
        let said = client.say(line);
        assert!(said.starts_with(reply), "{line} while the disk answers: {said}");
        client.say("CWD /");
    }
    disk.hang();
    for (client, (line, _)) in asking.iter_mut().zip(LINES) {
        client.stream.write_all(format!("{line}\r\n").as_bytes()).expect("it listens");
    }
    assert_no_other_waits(&server, &mut other);
    disk.go_on();
    for (client, (_, reply)) in asking.iter_mut().zip(LINES) {
        client.expect(reply);
    }
}

/// Asserts that the disk holds a question back, and that a session which does not ask for the disk is
/// answered meanwhile: without the disk's answer, a server that waits itself never answers.
fn assert_asked_alone(disk: &Disk, other: &mut Raw, what: &str) {
    disk.is_asked();
    let mut longest = Duration::ZERO;
    for _ in 0..20 {
        let asked = instant();
        assert!(other.say("NOOP").starts_with("200"), "{what}");
        longest = longest.max(asked.elapsed());
    }
    eprintln!("beside a disk that hangs at {what}: NOOP {longest:?} at most");
}

#[test]
fn a_disk_that_hangs_in_a_change_holds_up_the_session_that_changes_alone() {
    const CHANGES: [(&str, u32, &str); 7] = [
        ("SITE CHMOD 600 slow/file", SETATTR, "200"),
        ("MFMT 20020206123456 slow/file", SETATTR, "213"),
        ("STAT slow", READDIR, "212"),
        ("MKD slow/made", MKDIR, "257"),
        ("RMD slow/made", RMDIR, "250"),
        ("RNTO slow/other", RENAME, "250"),
        ("DELE slow/other", UNLINK, "250"),
    ];
    let Some((server, disk)) = server(&[]) else { return };
    let (mut client, mut other) = (Raw::login(&server), Raw::login(&server));
    for (line, question, reply) in CHANGES {
        if line.starts_with("RNTO") {
            assert!(client.say("RNFR slow/file").starts_with("350"));
        }
        disk.hang_at(question);
        // A command behind waits for its turn.
        client.stream.write_all(format!("{line}\r\nNOOP\r\n").as_bytes()).expect("it listens");
        assert_asked_alone(&disk, &mut other, line);
        disk.go_on();
        client.expect(reply);
        client.expect("200");
    }
    assert!(client.say("SIZE slow/other").starts_with("550"), "the file is removed");
}

#[test]
fn a_disk_that_hangs_at_the_begin_of_a_transfer_holds_up_this_transfer_alone() {
    const BEGINS: [(&str, u32); 5] = [
        ("LIST slow", OPENDIR),
        ("NLST slow", READDIR),
        ("MLSD slow", READDIR),
        ("STOR slow/new", CREATE),
        ("STOU slow/file", LOOKUP),
    ];
    let Some((server, disk)) = server(&[]) else { return };
    let (mut client, mut other) = (Raw::login(&server), Raw::login(&server));
    for (line, question) in BEGINS {
        let mut data = client.passive();
        disk.forget();
        disk.hang_at(question);
        client.stream.write_all(format!("{line}\r\n").as_bytes()).expect("it listens");
        assert_asked_alone(&disk, &mut other, line);
        disk.go_on();
        client.expect("150");
        if line.starts_with("STO") {
            data.write_all(&[b'x'; 3000]).expect("it listens");
        } else {
            let mut listing = String::new();
            data.read_to_string(&mut listing).expect("the end of the listing");
            assert!(listing.contains("file"), "{line}: {listing}");
        }
        drop(data);
        client.expect("226");
    }
    assert_eq!(client.say("SIZE slow/new"), "213 3000");
    assert_eq!(client.say("SIZE slow/file.1"), "213 3000");
}

/// ABOR and QUIT behind the last byte of an upload: the reply to the upload tells of the file, and comes
/// first.
#[test]
fn an_upload_that_a_disk_publishes_slowly_is_told_before_abor_and_quit() {
    let Some((server, disk)) = server(&[]) else { return };
    let mut other = Raw::login(&server);
    for (line, reply) in [("ABOR", "225"), ("QUIT", "221")] {
        let mut client = Raw::login(&server);
        let mut data = client.passive();
        assert!(client.say("STOR slow/new").starts_with("150"));
        data.write_all(&[b'x'; 3000]).expect("it listens");
        disk.hang_at(RENAME);
        drop(data);
        disk.is_asked();
        client.stream.write_all(format!("{line}\r\n").as_bytes()).expect("it listens");
        assert_asked_alone(&disk, &mut other, "the publication of an upload");
        disk.go_on();
        client.expect("226");
        client.expect(reply);
        assert_eq!(other.say("SIZE slow/new"), "213 3000");
        assert!(other.say("DELE slow/new").starts_with("250"));
    }
}

#[test]
fn a_client_that_leaves_a_hanging_disk_leaves_no_temporary_file() {
    let Some((server, disk)) = server(&[]) else { return };
    let mut other = Raw::login(&server);
    let mut client = Raw::login(&server);
    client.passive_port();
    disk.hang_at(CREATE);
    client.stream.write_all(b"STOR slow/new\r\n").expect("it listens");
    assert_asked_alone(&disk, &mut other, "STOR of a client that leaves");
    drop(client);
    disk.go_on();
    // The data connection never comes: the name has an empty file, as beside a disk that answers.
    let names = || -> Vec<_> {
        let names = std::fs::read_dir(server.path("slow")).expect("the disk answers");
        names.filter_map(|name| name.ok()?.file_name().into_string().ok()).collect()
    };
    until("the temporary file is gone", || {
        let names = names();
        names.iter().any(|name| name == "new") && names.len() == 2
    });
    assert_serves(&server);
}

/// The process is gone once the disk answers: no signal ends a call of such a disk.
#[test]
fn a_server_that_ends_says_nothing_of_a_file_on_a_disk_that_hangs() {
    let Some((server, disk)) = server(&[]) else { return };
    let mut client = Raw::login(&server);
    disk.hang_at(UNLINK);
    client.stream.write_all(b"DELE slow/file\r\n").expect("it listens");
    disk.is_asked();
    server.signal(Signal::TERM);
    server.signal(Signal::INT);
    client.expect("421");
    disk.go_on();
    let (status, _, folder) = server.wait();
    assert!(status.success(), "{status}");
    drop(disk);
    drop(folder);
}

/// The disk takes three seconds for `fsync`: the reply to the upload comes behind, and so does the name.
#[test]
fn a_slow_fsync_holds_up_the_reply_to_the_upload_alone() {
    const SLOW: Duration = Duration::from_secs(3);
    let Some((server, disk)) = server(&["--sync"]) else { return };
    let (mut client, mut other) = (Raw::login(&server), Raw::login(&server));
    let mut data = client.passive();
    assert!(client.say("STOR slow/new").starts_with("150"));
    data.write_all(&[b'x'; 3000]).expect("it listens");
    disk.hang_at(FSYNC);
    drop(data);
    disk.is_asked();
    let began = instant();
    let mut noops = 0;
    while began.elapsed() < SLOW {
        assert!(other.say("NOOP").starts_with("200"));
        noops += 1;
    }
    client.stream.set_nonblocking(true).expect("an option");
    let early = client.reply();
    client.stream.set_nonblocking(false).expect("an option");
    assert!(early.is_err(), "{early:?} before the bytes are on the disk");
    disk.go_on();
    client.expect("226");
    assert_eq!(client.say("SIZE slow/new"), "213 3000");
    eprintln!("{noops} NOOPs of another session in the {SLOW:?} of an fsync");
}
