//! `limits` bounds a search: its threads, its real time, and a flag by which the caller ends the search
//! early. No bound changes what a run comes to; a bound only decides how many runs are made.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How far a search has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchProgress {
    /// Runs that are done, with the runs that a results file already had.
    pub runs: u64,
    /// Runs that the results file already had.
    pub resumed: u64,
    /// Steps of the present stage that are done. A sweep has one stage, whose steps are runs; an
    /// exploration has one stage for each number of faults.
    pub done: u64,
    /// All steps of the present stage; 0 if the search cannot know.
    pub all: u64,
    /// Faults of each list in the present stage of an exploration; faults of the last candidate of a
    /// shrink; 0 in a sweep.
    pub faults: usize,
}

/// The function that a search calls after each step.
pub(crate) type OnProgress<'a> = &'a (dyn Fn(SearchProgress) + Sync);

/// The bounds of one search.
#[derive(Clone, Copy, Default)]
pub(crate) struct Limits<'a> {
    /// Threads; `None`: one for each core.
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Real time after which no run is begun.
    pub(crate) time: Option<Duration>,
    /// No run is begun once this is true.
    pub(crate) flag: Option<&'a AtomicBool>,
    /// The listener to progress.
    pub(crate) progress: Option<OnProgress<'a>>,
}

impl<'a> Limits<'a> {
    /// The number of threads.
    pub(crate) fn jobs(&self) -> NonZeroUsize {
        self.jobs.unwrap_or_else(cores)
    }

    /// Start the clock of a search.
    pub(crate) fn start(&self) -> Stop<'a> {
        let ends_at = self.time.and_then(|time| now().checked_add(time));
        Stop { flag: self.flag, ends_at, ended: AtomicBool::new(false) }
    }

    /// Tell the listener, if there is one.
    pub(crate) fn report(&self, progress: SearchProgress) {
        if let Some(listener) = self.progress {
            listener(progress);
        }
    }
}

impl fmt::Debug for Limits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { jobs, time, .. } = self;
        f.debug_struct("Limits").field("jobs", jobs).field("time", time).finish_non_exhaustive()
    }
}

/// Says whether a search must end before its last run.
#[derive(Debug)]
pub struct Stop<'a> {
    flag: Option<&'a AtomicBool>,
    ends_at: Option<Instant>,
    ended: AtomicBool,
}

impl<'a> Stop<'a> {
    /// A stop that only [`end`](Self::end) sets.
    #[must_use]
    pub fn never() -> Self {
        Limits::default().start()
    }

    /// A stop that is set once `flag` is true.
    #[must_use]
    pub fn on(flag: &'a AtomicBool) -> Self {
        Limits { flag: Some(flag), ..Limits::default() }.start()
    }

    /// End the search: no further run is begun.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    /// Whether no further run may begin. Once true, the answer stays true.
    #[must_use]
    pub fn is_set(&self) -> bool {
        if self.ended.load(Ordering::Relaxed) {
            return true;
        }
        let asked = self.flag.is_some_and(|flag| flag.load(Ordering::Relaxed));
        let ended = asked || self.ends_at.is_some_and(|end| now() >= end);
        if ended {
            self.end();
        }
        ended
    }
}

/// One thread for each core that this process may use.
#[must_use]
pub fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

#[expect(
    clippy::disallowed_methods,
    reason = "real time decides how many runs are made, not what a run does"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Gives a builder the options that every search has: threads, real time, a flag, a listener.
macro_rules! bounded {
    ($builder:ident) => {
        impl<'a> $builder<'a> {
            /// Makes no run after this much real time; the result has the runs made so far.
            #[must_use]
            pub fn max_time(mut self, time: std::time::Duration) -> Self {
                self.limits.time = Some(time);
                self
            }

            /// Makes no run once `flag` is true; the result has the runs made so far.
            #[must_use]
            pub fn stop(mut self, flag: &'a std::sync::atomic::AtomicBool) -> Self {
                self.limits.flag = Some(flag);
                self
            }

            /// Calls `listener` on the caller's thread whenever the search has come further.
            #[must_use]
            pub fn progress(mut self, listener: $crate::search::limits::OnProgress<'a>) -> Self {
                self.limits.progress = Some(listener);
                self
            }
        }
    };
}

/// Gives a builder the option of a number of threads.
macro_rules! threaded {
    ($builder:ident) => {
        impl $builder<'_> {
            /// Uses this many threads; 0, like the default, means one thread for each core. The number
            /// of threads changes no result.
            #[must_use]
            pub fn jobs(mut self, threads: usize) -> Self {
                self.limits.jobs = std::num::NonZeroUsize::new(threads);
                self
            }
        }
    };
}

pub(crate) use {bounded, threaded};
