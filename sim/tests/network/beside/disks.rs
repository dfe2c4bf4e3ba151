//! Line 9 of the table: the waits of other sessions beside a disk that hangs, and beside uploads that a
//! disk takes a while for.

use std::io::Write;
use std::thread;
use std::time::Duration;

use super::any_server::{AnyServer, Properties, longest_wait, ms};
use super::beside;
use crate::hostile::hung_disk::slow_disk::{Disk, READ, UNLINK, WRITE};
use crate::hostile::raw::{instant, pause};

/// Each session asks the disk, the disk hangs for a second, and another session asks for NOOP.
#[test]
fn a_disk_that_hangs() {
    const HANG: Duration = Duration::from_secs(1);
    let trial = |server: &AnyServer| {
        let Some(disk) = Disk::mount(&server.file("slow")) else {
            return ("SKIPPED".to_owned(), Duration::ZERO);
        };
        let (mut text, mut worst) = (String::new(), Duration::ZERO);
        for (verb, question) in [("RETR", READ), ("STOR", WRITE), ("DELE", UNLINK)] {
            let (mut client, mut other) = (server.login(), server.login());
            let mut data = (verb != "DELE").then(|| client.passive());
            disk.hang_at(question);
            let line = format!("{verb} {}\r\n", server.path("slow/file"));
            client.stream.write_all(line.as_bytes()).expect("it listens");
            if let (Some(data), "STOR") = (&mut data, verb) {
                data.write_all(&[7; 200_000]).expect("it listens");
            }
            disk.is_asked();
            let began = instant();
            let longest = thread::scope(|scope| {
                scope.spawn(|| {
                    pause(HANG);
                    disk.go_on();
                });
                longest_wait(server, &mut other, || began.elapsed() < HANG)
            });
            text.push_str(&format!("{verb} NOOP {}; ", ms(longest)));
            worst = worst.max(longest);
        }
        (text, worst)
    };
    beside("9 a disk that hangs for a second", Properties::OPEN, trial, |worst| *worst < HANG / 2);
}

/// An upload in place of a file of the same size: `HALFCLOSE_LARGE_MB=1024` for the figures of the docs.
#[test]
fn a_large_upload_in_place_of_a_large_file() {
    /// The longest wait of a session of our server, on a busy machine.
    const WAIT: Duration = Duration::from_secs(2);
    let megabytes = std::env::var_os("HALFCLOSE_LARGE_MB");
    let megabytes = megabytes.and_then(|mb| mb.to_str()?.parse().ok());
    let megabytes: usize = megabytes.unwrap_or(64);
    let trial = |server: &AnyServer| {
        let (mut other, path) = (server.login(), server.path("large"));
        let (mut longest, mut took) = (Duration::ZERO, Duration::ZERO);
        for _ in ["new", "in place of the old file"] {
            let (mut client, began) = (server.login(), instant());
            let mut data = client.passive();
            let reply = client.say(&format!("STOR {path}"));
            assert!(reply.starts_with("150") || reply.starts_with("125"), "{reply}");
            let upload = thread::spawn(move || {
                let piece = vec![7; 1 << 20];
                (0..megabytes).for_each(|_| data.write_all(&piece).expect("it listens"));
                drop(data);
                client.expect("226");
            });
            longest = longest_wait(server, &mut other, || !upload.is_finished());
            upload.join().expect("it ends");
            took = began.elapsed();
        }
        assert_eq!(
            server.file("large").metadata().expect("there").len(),
            megabytes as u64 * (1 << 20)
        );
        (format!("longest NOOP {}, upload in {}", ms(longest), ms(took)), longest)
    };
    let line = format!("9 {megabytes} MiB in place of {megabytes} MiB");
    beside(&line, Properties::OPEN, trial, |longest| *longest < WAIT);
}
