//! The results file of `sweep`: an interrupted file continues, and an unfit file is refused and left
//! untouched.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::program::{assert_refused, command, halfclose, text};
use crate::sweep::{Folder, LOSSY, size, summary, sweep, wait_for};

/// A sweep that is killed and started again has the same file and the same summary.
#[test]
fn a_sweep_that_was_killed_goes_on() {
    let folder = Folder::new();
    let whole = folder.written("whole.csv", "0..2000", &[]);
    let (path, name) = folder.path("killed.csv");
    let more = ["0..2000", "--out", &name, "--jobs", "1"];
    let words: Vec<_> = ["sweep"].iter().chain(&LOSSY).chain(&more).copied().collect();
    let size = || size(&path);
    let killed = || {
        let _ = fs::remove_file(&path);
        let mut child = command(&words).stdout(Stdio::null()).spawn().expect("it starts");
        wait_for(&path, whole.len() as u64 / 10, &mut child);
        child.kill().expect("it was started");
        child.wait().expect("it ends");
        size() > 0 && size() < whole.len() as u64
    };
    // On a busy machine the sweep may end before the kill.
    assert!((0..10).any(|_| killed()), "killed in the middle");
    let resumed = sweep(&["0..2000", "--out", &name, "--json"]);
    assert_eq!(fs::read(&path).expect("it is there"), whole);
    let object: Value = serde_json::from_slice(&resumed.stdout).expect("one object");
    assert!(object["resumed"].as_u64().expect("a number") > 0);
    assert_eq!(summary(&resumed), summary(&sweep(&["0..2000", "--json"])));
    // The sweep is complete: another call has nothing to do.
    let again = sweep(&["0..2000", "--out", &name, "--json"]);
    assert_eq!(summary(&again), summary(&resumed));
    assert_eq!(fs::read(&path).expect("it is there"), whole);
}

/// A file that is cut off at any byte becomes the same file again.
#[test]
fn a_half_written_line_is_written_anew() {
    let folder = Folder::new();
    for kind in ["jsonl", "csv"] {
        let file = format!("x.{kind}");
        let (path, _) = folder.path(&file);
        let whole = folder.written(&file, "0..4", &[]);
        let first = whole.iter().position(|byte| *byte == b'\n').expect("a line");
        for cut in [0, 1, first / 2, first, first + 1, first + 30, whole.len() - 1, whole.len()] {
            fs::write(&path, &whole[..cut]).expect("space");
            assert_eq!(folder.written(&file, "0..4", &[]), whole, "{kind} cut at {cut}");
        }
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_is_done() {
    let folder = Folder::new();
    let (path, name) = folder.path("x.jsonl");
    let mut child = command(&["sweep", "q123208", "--seeds", "0..100000000", "--out", &name]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    wait_for(&path, 50_000, &mut child);
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("there is a kill").success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    let error = text(&output.stderr);
    assert!(error.starts_with("interrupted after "), "{error}");
    assert!(error.ends_with(" runs: the same command makes the others\n"), "{error}");
    let file = fs::read_to_string(path).expect("it is there");
    assert!(file.ends_with('\n'), "whole lines");
    let words = format!("interrupted after {} of 100000000 runs", file.lines().count());
    assert!(error.starts_with(&words), "{error}");
    assert!(text(&output.stdout).contains("false-alarm"), "the summary of what is done");
}

/// A file with foreign content is refused by a sweep, and left untouched.
#[test]
fn another_sweep_s_file_is_refused() {
    let folder = Folder::new();
    let whole = folder.written("x.jsonl", "0..4", &[]);
    let (path, name) = folder.path("y.jsonl");
    let lines: Vec<_> = text(&whole).lines().map(|line| format!("{line}\n")).collect();
    let refused = |content: &str, seeds: &str, more: &[&str], words: &str| {
        fs::write(&path, content).expect("space");
        assert_refused(&sweep(&[&[seeds, "--out", &name], more].concat()), &[words]);
        assert_eq!(fs::read_to_string(&path).expect("there"), content, "it is left as it was");
    };
    let all = lines.concat();
    let other = "line 1 is of another scenario or of other settings: name another file, or remove \
                 this one";
    refused(&all, "0..4", &["-s", "link.delay=3ms"], other);
    refused(&all, "1..5", &[], "line 1 is of seed 0, where this sweep has 1");
    refused(&all, "0..5", &[], "line 5 is of seed 0, where this sweep has 4");
    refused(&all, "0..4", &["--shard", "1/2"], "line 5 is more than this sweep has");
    refused(
        &all.replace("0.1.0-2-", "0.0.9-1-"),
        "0..4",
        &[],
        "is of halfclose 0.0.9-1, and this is",
    );
    refused("my notes\n", "0..4", &[], "line 1 is no result of a sweep");
    refused("my notes", "0..4", &[], "line 1 is cut off, and no line of this sweep begins so");
    refused(&(all.clone() + "x"), "0..4", &[], "line 9 is more than this sweep has");
    refused(&(lines[0].clone() + &lines[2]), "0..4", &[], "line 2 is of seed 2");
    let digest = &lines[0][lines[0].find("digest").expect("a key")..][..20];
    refused(
        &all.replacen(digest, &digest.replace(|c: char| c.is_ascii_digit(), "x"), 1),
        "0..4",
        &[],
        "line 1 is not what this program makes of that run",
    );
    // Two sweeps of one file would overwrite each other.
    fs::write(&path, &all).expect("space");
    let held = fs::File::open(&path).expect("there");
    held.lock().expect("the file is free");
    assert_refused(&sweep(&["0..4", "--out", &name]), &["is being written by another sweep"]);
    drop(held);
    assert_eq!(sweep(&["0..4", "--out", &name]).status.code(), Some(0));
    // More seeds behind the same seeds are the same sweep, where there is no grid.
    let single = |seeds: &str, name: &str| {
        let out = halfclose(&["sweep", "q123208", "--seeds", seeds, "--out", name]);
        assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    };
    let (grown, fresh) = (folder.path("grown.jsonl"), folder.path("fresh.jsonl"));
    single("0..4", &grown.1);
    single("0..9", &grown.1);
    single("0..9", &fresh.1);
    assert_eq!(fs::read(grown.0).expect("there"), fs::read(fresh.0).expect("there"));
}
