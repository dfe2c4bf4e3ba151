//! The edges of the searches: a sweep that is stopped inside a chunk of runs, parts that have no run,
//! and a fault of the scenario's own that meets no packet.

#[expect(dead_code, reason = "another target needs the rest")]
mod program;

use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use halfclose::search::Run;
use halfclose::search::lockstep::MOST;
use halfclose::{catalogue, sweep};
use program::{halfclose, text};
use serde_json::Value;

/// No run is begun once it is stopped, what goes side by side is handed over, and there is no gap.
#[test]
fn a_stop_is_heard_between_two_runs() {
    let scenario = catalogue::find("q123208").expect("it is in the catalogue");
    for jobs in [1, 2, 5] {
        let (stop, begun) = (AtomicBool::new(false), AtomicU64::new(0));
        let add = |seeds: &mut Vec<u64>, run: Run<'_>| {
            seeds.push(run.outcome.seed);
            if begun.fetch_add(1, Ordering::Relaxed) + 1 >= 200 {
                stop.store(true, Ordering::Relaxed);
            }
        };
        let mut got = Vec::new();
        let ready = |_, seeds: Vec<u64>| {
            got.extend(seeds);
            ControlFlow::Continue(())
        };
        let jobs = NonZeroUsize::new(jobs).expect("not 0");
        sweep(&scenario, 0..100_000).jobs(jobs).fold(&stop, add, ready).expect("it begins");
        let begun = begun.into_inner();
        let most = 200 + (jobs.get() * MOST) as u64;
        assert!((200..most).contains(&begun), "{begun} runs on {jobs} threads");
        assert_eq!(got, (0..got.len() as u64).collect::<Vec<_>>(), "{jobs} threads");
        assert!(jobs.get() > 1 || got.len() as u64 == begun, "{} of {begun}", got.len());
    }
}

/// More parts than runs: some are empty, none has names that are not its own, and each goes on.
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
    // One that meets its packet is not said.
    let met =
        halfclose(&["sweep", "q123208", "-s", "fault=drop client data DATA 1", "--seeds", "0..2"]);
    assert!(!text(&met.stdout).contains("met no packet"), "{}", text(&met.stdout));
}

/// By their headers, packets of a data connection from port 21 are those of a control connection.
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

/// In the library and in the command, over the end of a chunk, in both halves.
#[test]
fn the_last_seed_is_swept_too() {
    let scenario = catalogue::find("q123208").expect("it is in the catalogue");
    let mut seeds = Vec::new();
    let swept = sweep(&scenario, u64::MAX - 69..=u64::MAX).run(|_, outcome| {
        seeds.push(outcome.seed);
        ControlFlow::Continue(())
    });
    swept.expect("it begins");
    assert!(seeds.iter().copied().eq(u64::MAX - 69..=u64::MAX), "{seeds:?}");
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
