//! `tries.rs` runs scripts beside the kernel, and tries each doubtful difference again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::pair::{Clock, Pair};

/// How often a script is tried until the difference of the script counts.
const TRIES: u32 = 5;

/// Run the scripts 0..`count`, and tell `add` the number and the outcome of each. `beside` scripts run side
/// by side, so that their waits pass together. A doubtful difference is tried again on new ports, behind
/// all other scripts: a rule of the kernel makes a difference each time, a busy machine now and then.
pub(crate) fn run_all<'a>(
    count: usize,
    beside: usize,
    make: impl Fn(usize) -> Pair<'a>,
    mut add: impl FnMut(usize, &Pair<'_>),
) {
    let mut scripts: Vec<usize> = (0..count).collect();
    for tries in 1..=TRIES {
        let mut again = Vec::new();
        for some in scripts.chunks(beside) {
            let pairs = run_beside(some.iter().map(|at| make(*at)).collect());
            for (pair, at) in pairs.iter().zip(some) {
                match pair.is_doubtful() && tries < TRIES {
                    true => again.push(*at),
                    false => add(*at, pair),
                }
            }
        }
        scripts = again;
    }
}

/// Run `pairs` until all are at an end.
fn run_beside(mut pairs: Vec<Pair<'_>>) -> Vec<Pair<'_>> {
    let clock = Clock::start();
    let mut due: BinaryHeap<_> = (0..pairs.len()).map(|at| Reverse((clock.now(), at))).collect();
    while let Some(Reverse((time, at))) = due.pop() {
        clock.sleep_until(time);
        if let Some(time) = pairs[at].go_on(&clock) {
            due.push(Reverse((time, at)));
        }
    }
    pairs
}
