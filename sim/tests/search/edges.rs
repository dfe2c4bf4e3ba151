//! The edges of a sweep: a stop inside a chunk of runs, and the last seed of all.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use halfclose::internals::{MOST, WAITING};
use halfclose::{Scenario, SweptRun, sweep};

/// After a stop no run begins, the runs in lockstep are handed over, and the results have no gap.
#[test]
fn a_stop_is_heard_between_two_runs() {
    let scenario = Scenario::catalogue("q123208").expect("it is in the catalogue");
    // What is derived waits for the runs that are made before it.
    for (jobs, classes, waiting) in [
        (1, false, MOST),
        (2, false, MOST),
        (5, false, MOST),
        (1, true, WAITING),
        (2, true, WAITING),
    ] {
        let (stop, begun) = (AtomicBool::new(false), AtomicU64::new(0));
        let add = |seeds: &mut Vec<u64>, run: SweptRun<'_>| {
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
        let sweep = sweep(&scenario, 0..100_000).jobs(jobs).classes(classes).stop(&stop);
        sweep.fold(add, ready).expect("the sweep begins");
        let begun = begun.into_inner();
        let most = 200 + (jobs * waiting) as u64;
        assert!((200..most).contains(&begun), "{begun} runs on {jobs} threads");
        assert_eq!(got, (0..got.len() as u64).collect::<Vec<_>>(), "{jobs} threads");
        assert!(jobs > 1 || got.len() as u64 == begun, "{} of {begun}", got.len());
    }
}

/// A range of seeds ends at 2^64-1, and begins in an earlier chunk of runs.
#[test]
fn the_last_seed_is_swept_too() {
    let scenario = Scenario::catalogue("q123208").expect("it is in the catalogue");
    let mut seeds = Vec::new();
    let swept = sweep(&scenario, u64::MAX - 69..=u64::MAX).visit(|_, outcome| {
        seeds.push(outcome.seed);
        ControlFlow::Continue(())
    });
    swept.expect("it begins");
    assert!(seeds.iter().copied().eq(u64::MAX - 69..=u64::MAX), "{seeds:?}");
}
