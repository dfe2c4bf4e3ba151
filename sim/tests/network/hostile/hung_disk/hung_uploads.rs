//! Uploads to a disk that stops to answer, or that refuses the bytes: a thread writes, the reply tells
//! what the disk has said, and no other session waits.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use super::slow_disk::{Disk, SETATTR, WRITE};
use super::{assert_asked_alone, server};
use crate::hostile::raw::{Raw, until};
use crate::served::Ours;

/// Begins an upload with this command.
fn store(client: &mut Raw, line: &str) -> TcpStream {
    let data = client.passive();
    assert!(client.say(line).starts_with("150"), "{line}");
    data
}

/// Waits until the server has taken this number of bytes.
fn until_taken(client: &mut Raw, bytes: usize) {
    until("the bytes are taken", || {
        client.stream.write_all(b"STAT\r\n").expect("it listens");
        client.whole_reply().expect("a reply").contains(&format!("{bytes} bytes received"))
    });
}

/// Waits until the disk has a file of this size.
fn until_written(server: &Ours, bytes: u64) {
    until("the bytes are written", || {
        let files = std::fs::read_dir(server.path("slow")).expect("the disk answers");
        files.filter_map(|file| file.ok()?.metadata().ok()).any(|known| known.len() == bytes)
    });
}

/// An upload to a disk that hangs fills the buffers of the server and of the system, and then waits.
#[test]
fn a_disk_that_hangs_in_a_write_holds_up_the_upload_alone() {
    const SIZE: usize = 8 << 20;
    let Some((server, disk)) = server(&[]) else { return };
    let mut other = Raw::login(&server);
    for (end, reply) in [("FIN", "226"), ("ABOR", "426")] {
        let mut client = Raw::login(&server);
        let mut data = store(&mut client, "STOR slow/new");
        disk.hang_at(WRITE);
        let sender = std::thread::spawn(move || {
            // After ABOR the server takes no more.
            let _ = data.write_all(&vec![b'x'; SIZE]);
        });
        assert_asked_alone(&disk, &mut other, "a write");
        if end == "ABOR" {
            client.stream.write_all(b"ABOR\r\n").expect("it listens");
            assert_asked_alone(&disk, &mut other, "a write of an upload that is aborted");
        }
        disk.go_on();
        client.expect(reply);
        sender.join().expect("it ends");
        if end == "ABOR" {
            client.expect("226");
            assert!(other.say("SIZE slow/new").starts_with("550"));
        } else {
            assert_eq!(other.say("SIZE slow/new"), format!("213 {SIZE}"));
            assert!(other.say("DELE slow/new").starts_with("250"));
        }
    }
}

/// The bytes of more uploads than there are threads: what waits for the disk has one bound, and stays in
/// the buffers of the system.
#[test]
fn a_disk_that_hangs_costs_the_server_little_memory_for_many_uploads() {
    const CROWD: usize = 100;
    /// The bound of all uploads, the small pieces of the others, and the stacks of 64 threads, in KiB.
    const COST: u64 = (32 << 10) + (4 << 10) + (8 << 10);
    let Some((server, disk)) = server(&["--max-per-address", "200"]) else { return };
    let mut other = Raw::login(&server);
    let mut crowd: Vec<_> = (0..CROWD)
        .map(|at| {
            let mut client = Raw::login(&server);
            let data = store(&mut client, &format!("STOR slow/{at}"));
            (client, data, 0)
        })
        .collect();
    let before = server.memory("VmRSS");
    disk.hang_at(WRITE);
    let piece = [b'x'; 100_000];
    for _ in 0..20 {
        for (_, data, sent) in &mut crowd {
            data.set_nonblocking(true).expect("an option");
            *sent += data.write(&piece).unwrap_or(0);
        }
        assert!(other.say("NOOP").starts_with("200"));
    }
    assert_asked_alone(&disk, &mut other, "the writes of a crowd");
    let cost = server.memory("VmRSS").saturating_sub(before);
    let sent: usize = crowd.iter().map(|(_, _, sent)| sent).sum();
    eprintln!("{CROWD} uploads that wait for the disk, {sent} bytes sent: {cost} KiB");
    assert!(sent > 64 << 20 && cost < COST, "{sent} bytes sent, {cost} KiB");
    disk.go_on();
    for (at, (mut client, data, sent)) in crowd.into_iter().enumerate() {
        drop(data);
        client.expect("226");
        assert_eq!(client.say(&format!("SIZE slow/{at}")), format!("213 {sent}"));
    }
}

/// A reset, while the disk takes no byte: the file keeps each byte that the server has taken.
#[test]
fn a_reset_before_the_disk_has_the_bytes_keeps_the_bytes() {
    const SIZE: usize = 200_000;
    let Some((server, disk)) = server(&["--on-reset", "abort"]) else { return };
    let (mut client, mut other) = (Raw::login(&server), Raw::login(&server));
    let mut data = store(&mut client, "STOR slow/new");
    disk.hang_at(WRITE);
    data.write_all(&vec![b'x'; SIZE]).expect("it listens");
    until_taken(&mut client, SIZE);
    socket2::SockRef::from(&data).set_linger(Some(Duration::ZERO)).expect("an option");
    drop(data);
    assert_asked_alone(&disk, &mut other, "a write of an upload that is reset");
    disk.go_on();
    client.expect("426");
    assert_eq!(client.say("SIZE slow/new"), format!("213 {SIZE}"));
}

/// The cut of the old file comes before the first byte.
#[test]
fn a_disk_that_hangs_in_the_cut_of_an_old_file_holds_up_the_upload_alone() {
    let Some((server, disk)) = server(&["--in-place"]) else { return };
    let (mut client, mut other) = (Raw::login(&server), Raw::login(&server));
    for (rest, size) in [(0, 3000), (1000, 4000)] {
        let restart = client.say(&format!("REST {rest}"));
        assert!(restart.starts_with("350"), "{restart}");
        let mut data = store(&mut client, "STOR slow/file");
        disk.hang_at(SETATTR);
        data.write_all(&[b'x'; 3000]).expect("it listens");
        assert_asked_alone(&disk, &mut other, "the cut of an old file");
        drop(data);
        assert_asked_alone(&disk, &mut other, "the cut of an old file, all bytes there");
        disk.go_on();
        client.expect("226");
        assert_eq!(client.say("SIZE slow/file"), format!("213 {size}"));
    }
}

/// The disk is full, and the client sends nothing more: the error comes at once, and the file is as the
/// policy says.
#[test]
fn a_disk_that_refuses_bytes_ends_the_upload_at_once() {
    const SIZE: usize = 100_000;
    // vsftpd keeps what it has.
    const KEEPS: [&str; 2] = ["--model", "vsftpd-3.0.3"];
    for (options, left) in [(&[][..], "213 1048576"), (&KEEPS, "213 100000")] {
        let Some((server, disk)) = server(options) else { return };
        let mut client = Raw::login(&server);
        let mut data = store(&mut client, "STOR slow/file");
        data.write_all(&vec![b'x'; SIZE]).expect("it listens");
        until_written(&server, SIZE as u64);
        disk.fail_at(WRITE);
        data.write_all(&vec![b'x'; SIZE]).expect("it listens");
        client.expect("552 Insufficient storage space.");
        disk.fail_at(0);
        assert_eq!(client.say("SIZE slow/file"), left, "{options:?}");
        refuse_at_the_end(&mut client, &disk);
        assert_eq!(client.say("SIZE slow/file"), left, "{options:?}");
        assert!(client.put("slow/other", &[b'x'; 3000]).starts_with("226"));
    }
}

/// The last byte has come before the disk refuses the bytes: the upload is no success.
fn refuse_at_the_end(client: &mut Raw, disk: &Disk) {
    let mut data = store(client, "APPE slow/file");
    disk.hang_at(WRITE);
    data.write_all(&[b'x'; 3000]).expect("it listens");
    drop(data);
    disk.is_asked();
    disk.fail_at(WRITE);
    disk.go_on();
    client.expect("552 Insufficient storage space.");
    disk.fail_at(0);
}
