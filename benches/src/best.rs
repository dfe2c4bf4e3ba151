//! `best` measures time: the best of several rounds, with ours and the ceiling's in turn, so that
//! noise of the machine disturbs both.
#![expect(clippy::disallowed_methods, reason = "a benchmark is what asks the wall clock")]

use std::time::{Duration, Instant};

/// Runs `work` and returns the result with the elapsed time.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// Returns the best time of each function over `rounds` rounds. Each function measures its own
/// time.
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
