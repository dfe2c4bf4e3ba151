//! A full disk, a store that fails during a write, and a kill during an upload.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::process::Command;

use rustix::process::Signal;
use tempfile::TempDir;

use super::raw::{Raw, assert_serves, until};
use crate::served::Ours;

pub(super) const OLD: &[u8] = b"the old file";

/// Makes a folder whose root holds an old file.
pub(super) fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a directory");
    fs::create_dir(folder.path().join("root")).expect("space");
    fs::write(folder.path().join("root/a.bin"), OLD).expect("space");
    folder
}

/// Uploads half a file over the old file, and leaves the connections open.
pub(super) fn half_an_upload(server: &Ours) -> (Raw, TcpStream) {
    let mut client = Raw::login(server);
    let mut data = client.passive();
    assert!(client.say("STOR a.bin").starts_with("150"));
    data.write_all(&[7; 300_000]).expect("it listens");
    until("half of it is there", || leavings(server).iter().any(|(_, size)| *size == 300_000));
    (client, data)
}

/// Unexpected names in the root, with their sizes.
pub(super) fn leavings(server: &Ours) -> Vec<(String, u64)> {
    let entries = fs::read_dir(server.path("")).expect("it is there").filter_map(Result::ok);
    let named = entries.filter_map(|entry| {
        Some((entry.file_name().into_string().ok()?, entry.metadata().ok()?.len()))
    });
    named.filter(|(name, _)| name.starts_with(".halfclose-")).collect()
}

/// A file system of a megabyte, mounted while the value lives.
struct Small(TempDir);

impl Small {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a directory");
        let root = folder.path().join("root");
        fs::create_dir(&root).expect("space");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(root)
            .output();
        if mount.is_ok_and(|mount| mount.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("SKIPPED: a small file system cannot be mounted here");
        None
    }
}

#[test]
fn a_full_disk_is_said_and_leaves_the_old_file() {
    let Some(Small(folder)) = Small::mount() else { return };
    let root = folder.path().join("root");
    fs::write(root.join("a.bin"), OLD).expect("space");
    let server = Ours::serve_in(folder, &[], &[]);
    let mut client = Raw::login(&server);
    let reply = client.put("a.bin", &vec![7; 3 << 20]);
    let old = fs::read(server.path("a.bin"));
    let left = leavings(&server);
    let small = client.put("small.bin", &vec![7; 100_000]);
    let unmounted = Command::new("umount").arg("-l").arg(&root).status();
    // RFC 959 §5.4: 452 comes before the data, 552 after the data.
    assert_eq!(reply, "552 Insufficient storage space.");
    assert_eq!(old.expect("it is there"), OLD);
    assert_eq!(left, [], "nothing is left of it");
    assert!(small.starts_with("226"), "what fits is taken: {small}");
    assert!(unmounted.is_ok_and(|status| status.success()));
}

#[test]
fn a_write_that_fails_in_the_middle_is_said_and_leaves_the_old_file() {
    // No file may have more than 1000 blocks; the signal of the limit must not end the server.
    let shell = ["sh", "-c", "ulimit -f 1000; exec \"$@\"", "sh"];
    let server = Ours::serve_in(folder(), &shell, &[]);
    let mut client = Raw::login(&server);
    let reply = client.put("a.bin", &vec![7; 3 << 20]);
    assert!(reply.starts_with("552"), "{reply}");
    assert_eq!(fs::read(server.path("a.bin")).expect("it is there"), OLD);
    assert_eq!(leavings(&server), []);
    let reply = client.put("small.bin", &vec![7; 100_000]);
    assert!(reply.starts_with("226"), "the server goes on: {reply}");
}

#[test]
fn a_server_that_is_killed_leaves_the_old_file_and_clears_up_when_it_comes_back() {
    let server = Ours::serve_in(folder(), &[], &[]);
    let (_client, _data) = half_an_upload(&server);
    server.signal(Signal::KILL);
    let (_, _, folder) = server.wait();
    assert_eq!(fs::read(folder.path().join("root/a.bin")).expect("it is there"), OLD);
    let server = Ours::serve_in(folder, &[], &[]);
    assert_eq!(leavings(&server), [], "the stump is gone");
    assert_eq!(fs::read(server.path("a.bin")).expect("it is there"), OLD);
    assert_serves(&server);
    server.signal(Signal::TERM);
    let (_, log, _) = server.wait();
    assert!(log.iter().any(|line| line.contains("removed 1 unfinished upload")), "{log:#?}");
}

#[test]
fn a_client_that_is_killed_leaves_the_old_file() {
    let server = Ours::serve_in(folder(), &[], &[]);
    // Our own client is killed in the middle of an endless upload: the FIN of its system must not
    // look like an end of the file.
    let mut put = Command::new(env!("CARGO_BIN_EXE_halfclose"))
        .args(["put", "-"])
        .arg(format!("{}/a.bin", server.url()))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut input = put.stdin.take().expect("piped");
    input.write_all(&[7; 300_000]).expect("it reads");
    until("some of it is there", || leavings(&server).iter().any(|(_, size)| *size > 100_000));
    put.kill().expect("it is ours");
    put.wait().expect("it ends");
    until("the stump is gone", || leavings(&server).is_empty());
    assert_eq!(fs::read(server.path("a.bin")).expect("it is there"), OLD);
    assert_serves(&server);
}

#[test]
fn a_reset_leaves_what_the_policy_says() {
    for (options, kept) in [
        (&[][..], OLD.len()),
        (&["--on-reset", "abort"], 300_000),
        (&["--on-reset", "as-eof"], 300_000),
        (&["--in-place", "--on-reset", "abort"], 300_000),
    ] {
        let server = Ours::serve_in(folder(), &[], options);
        let mut client = Raw::login(&server);
        let mut data = client.passive();
        assert!(client.say("STOR a.bin").starts_with("150"));
        data.write_all(&vec![7; 300_000]).expect("it listens");
        if options.contains(&"--in-place") {
            until("it is there", || {
                fs::read(server.path("a.bin")).is_ok_and(|it| it.len() == 300_000)
            });
        } else {
            until("it is there", || leavings(&server).iter().any(|(_, size)| *size == 300_000));
        }
        socket2::SockRef::from(&data)
            .set_linger(Some(std::time::Duration::ZERO))
            .expect("an option");
        drop(data);
        client.expect(if options.contains(&"as-eof") { "226" } else { "426" });
        let size = fs::read(server.path("a.bin")).expect("it is there").len();
        assert_eq!(size, kept, "{options:?}");
        assert_eq!(leavings(&server), []);
    }
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_is_no_success() {
    let server = Ours::serve_in(folder(), &[], &[]);
    fs::write(server.path("large.bin"), vec![7; 64 << 20]).expect("space");
    let mut client = Raw::login(&server);
    let mut data = client.passive();
    assert!(client.say("RETR large.bin").starts_with("150"));
    let large = fs::File::options().write(true).open(server.path("large.bin"));
    large.and_then(|large| large.set_len(1 << 20)).expect("it is ours");
    let read = std::io::Read::read_to_end(&mut data, &mut Vec::new());
    assert!(read.is_err(), "a reset, and not the end of a file: {read:?}");
    client.expect("451");
    assert!(client.say("NOOP").starts_with("200"), "the session goes on");
}

#[test]
fn an_append_after_rest_goes_on_there() {
    let server = Ours::serve_in(folder(), &[], &[]);
    let mut client = Raw::login(&server);
    let mut data = client.passive();
    assert!(client.say("REST 4").starts_with("350"));
    assert!(client.say("APPE a.bin").starts_with("150"));
    data.write_all(b"new").expect("it listens");
    drop(data);
    client.expect("226");
    assert_eq!(fs::read(server.path("a.bin")).expect("it is there"), b"the new");
}
