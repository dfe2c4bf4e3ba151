//! `best` takes the time: the best of several runs, ours and the ceiling's in turn, so that a noisy
//! neighbour disturbs both.
#![expect(clippy::disallowed_methods, reason = "a benchmark is what asks the wall clock")]

use std::time::{Duration, Instant};

/// What `work` gives, and how long it took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// The best time of each, over `rounds` rounds. Each says itself how long it took.
pub fn best<const N: usize>(
    rounds: u32,
    mut works: [&mut dyn FnMut() -> Duration; N],
) -> [Duration; N] {
    let mut best = [Duration::MAX; N];
    for _ in 0..rounds {
        for (best, work) in best.iter_mut().zip(&mut works) {
            *best = work().min(*best);
        }
    }
    best
}
