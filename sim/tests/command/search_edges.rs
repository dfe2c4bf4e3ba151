//! The edges of the search commands: shards without a run, a fault that meets no packet, a single
//! run, the last seed of all, a source file that shrinks during a sweep, and too little memory.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::program::{command, err, halfclose, text};
use serde_json::Value;

/// With more shards than runs some shards are empty; an empty shard has no column names, and
/// continues.
#[test]
fn an_empty_part_is_an_empty_file() {
    let folder = tempfile::tempdir().expect("a directory");
    for kind in ["csv", "jsonl"] {
        let written = |name: &str, more: &[&str]| {
            let path = folder.path().join(format!("{name}.{kind}"));
            let out = path.to_str().expect("UTF-8");
            let words = ["sweep", "q123208", "--seeds", "0..2", "--out", out];
            let output = halfclose(&[&words, more].concat());
            assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output.stderr));
            fs::read(path).expect("it is there")
        };
        let whole = written("whole", &[]);
        let mut parts = Vec::new();
        for number in 1..=5 {
            let (name, shard) = (format!("part{number}"), format!("{number}/5"));
            let part = written(&name, &["--shard", &shard]);
            assert_eq!(written(&name, &["--shard", &shard]), part, "{name} goes on");
            parts.extend(part);
        }
        assert_eq!(text(&parts), text(&whole), "{kind}");
    }
}

#[test]
fn a_fault_that_meets_no_packet_is_said() {
    let idle = "drop client data DATA at 999999 1";
    let setting = format!("fault={idle}");
    let words = ["q123208", "-s", &setting];
    let json = |more: &[&str]| -> Value {
        let output = halfclose(&[more, &words, &["--json"]].concat());
        serde_json::from_slice(&output.stdout).expect("one object")
    };
    let sweep = ["sweep", "--seeds", "3..5"];
    let output = halfclose(&[&sweep, &words[..]].concat());
    let line = format!("\n  fault             met no packet with seed 3: {idle}\n");
    assert!(text(&output.stdout).contains(&line), "{}", text(&output.stdout));
    assert_eq!(json(&sweep)["unmatched_faults"], Value::from(vec![idle]));
    let explore = ["explore", "--faults", "0"];
    let output = halfclose(&[&explore, &words[..]].concat());
    let line = format!("\n    fault met no packet: {idle}\n");
    assert!(text(&output.stdout).contains(&line), "{}", text(&output.stdout));
    assert_eq!(json(&explore)["unmatched_faults"], Value::from(vec![idle]));
    // A fault that meets a packet is not reported.
    let met =
        halfclose(&["sweep", "q123208", "-s", "fault=drop client data DATA 1", "--seeds", "0..2"]);
    assert!(!text(&met.stdout).contains("met no packet"), "{}", text(&met.stdout));
}

/// The headers of a data connection from port 21 look like a control connection.
#[test]
fn data_does_not_leave_from_the_control_port() {
    let output = halfclose(&["run", "-s", "client.mode=active", "-s", "server.active_port=21"]);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    let words =
        "server.active_port: 21 is the port of control connections: write another, as in 20";
    assert!(error.contains(words) && error.lines().count() == 1, "{error}");
}

#[test]
fn one_run_is_one_run() {
    let first = |seeds: &str| {
        let output = halfclose(&["sweep", "q123208", "--seeds", seeds]);
        text(&output.stdout).lines().next().expect("a line").to_owned()
    };
    assert!(first("0..1").starts_with("q123208, seeds 0..1: 1 run; "), "{}", first("0..1"));
    assert!(first("0..2").starts_with("q123208, seeds 0..2: 2 runs; "), "{}", first("0..2"));
}

/// A range of seeds ends at 2^64-1, in a shard and in a matrix.
#[test]
fn the_last_seed_is_swept_by_the_command() {
    let words = ["sweep", "q123208", "--seeds", "18446744073709551614..=18446744073709551615"];
    for (shard, first) in [("1/2", u64::MAX - 1), ("2/2", u64::MAX)] {
        let output = halfclose(&[&words[..], &["--shard", shard, "--json"]].concat());
        let object: Value = serde_json::from_slice(&output.stdout).expect("one object");
        assert_eq!(
            (&object["runs"], &object["first_seeds"]["false-alarm"][0]),
            (&1.into(), &first.into())
        );
    }
    let output = halfclose(&["matrix", "--seeds", "18446744073709551615..=18446744073709551615"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let output = halfclose(&["sweep", "q123208", "--seeds", "0..=18446744073709551615"]);
    let said = "error: there are 2^64 runs or more in this sweep: name fewer seeds\n";
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(2), said));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "another process runs meanwhile")]
fn a_source_that_shrinks_meanwhile_is_one_line() {
    const SIZE: u64 = 8 << 20;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("big.iso").to_str().expect("UTF-8").to_owned();
    File::create(&path).and_then(|file| file.set_len(SIZE)).expect("space");
    let file = format!("do.file={path}");
    let mut command = command(&["sweep", "--seeds", "0..1000000", "-s", &file]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let file = File::options().append(true).open(&path).expect("it is there");
    // The file shrinks every 50 ms, so every sweep that has opened the file sees another size.
    for size in (1..SIZE).rev() {
        std::thread::sleep(Duration::from_millis(50));
        file.set_len(size).expect("it can be shorter");
        if child.try_wait().expect("it is ours").is_some() {
            break;
        }
    }
    let output = child.wait_with_output().expect("it ends");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert_eq!((output.stdout.len(), error.lines().count()), (0, 1), "{error}");
    for words in ["big.iso", "it had ", " (a run needs a file without writers)"] {
        assert!(error.contains(words), "`{words}` is not in: {error}");
    }
}

/// Buffers of a gibibyte under a limit of the address space: an allocation that fails would abort.
#[test]
fn buffers_beyond_the_memory_are_a_line_and_wrong_input() {
    for (words, key) in [
        ("run q123208 -s tcp.receive_buffer=1GiB", "tcp.receive_buffer"),
        ("run q123208 -s tcp.send_buffer=1GiB", "tcp.send_buffer"),
        ("run q123208 -s client.count=10000", "tcp.receive_buffer"),
        ("sweep q123208 --seeds 0..4 -s tcp.send_buffer=64KiB,1GiB", "tcp.send_buffer"),
        ("sweep q123208 --seeds 0..4 -s tcp.receive_buffer=64KiB..1GiB", "tcp.receive_buffer"),
        // A run has the memory, and 64 runs at a time do not.
        ("sweep q123208 --seeds 0..400 --jobs 64 -s tcp.receive_buffer=8MiB", "tcp.receive_buffer"),
        ("matrix q123208 --seeds 0..4 -s tcp.receive_buffer=1GiB", "tcp.receive_buffer"),
        ("explore q123208 --faults 1 -s tcp.receive_buffer=1GiB", "tcp.receive_buffer"),
        ("shrink q123208 --seed 1 -s tcp.receive_buffer=1GiB", "tcp.receive_buffer"),
        ("fate q123208 -s tcp.receive_buffer=1GiB", "tcp.receive_buffer"),
    ] {
        let output = Command::new("sh")
            .args(["-c", "ulimit -v 800000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_halfclose")])
            .args(words.split(' '))
            .output()
            .expect("there is a shell");
        let error = err(&output);
        let told = error.starts_with(&format!("error: {key}: too little memory: "));
        assert!(told && error.lines().count() == 1, "{words}: {error}");
        assert_eq!((output.status.code(), &*output.stdout), (Some(2), &b""[..]), "{words}");
    }
}
