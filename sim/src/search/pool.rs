//! `pool` does many tasks on several threads and hands over the results in the order of the tasks. The
//! number of threads does not change the order. Memory is bounded: no task begins more than a
//! window ahead of the last result handed over.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use crate::search::limits::Stop;

/// The number of tasks for each thread that may be ahead of the last result handed over.
const WINDOW: u64 = 8;

/// The threads of a pool, and the stop that ends the tasks.
#[derive(Clone, Copy, Debug)]
pub struct Pool<'a> {
    /// The number of threads.
    pub jobs: NonZeroUsize,
    /// Once set, no task begins; the results of tasks that have begun are handed over.
    pub stop: &'a Stop<'a>,
}

/// The tasks in order, and the counts of tasks begun and handed over.
struct Queue<N> {
    next: N,
    /// Tasks that were begun, and handed over.
    begun: u64,
    handed: u64,
    /// Whether no task is left, or the receiver wants no more.
    over: bool,
}

impl Pool<'_> {
    /// Calls `work` for every task of `next`, with a state for each thread from `begin`, and calls
    /// `ready` with the results in the order of the tasks, until `ready` breaks.
    ///
    /// # Panics
    /// If `work`, `next` or `ready` panics.
    pub fn run<T: Send, S, R: Send>(
        self,
        next: impl FnMut() -> Option<T> + Send,
        begin: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, T) -> R + Sync,
        mut ready: impl FnMut(R) -> ControlFlow<()>,
    ) {
        let queue = Mutex::new(Queue { next, begun: 0, handed: 0, over: false });
        let moved = Condvar::new();
        let window = WINDOW * self.jobs.get() as u64;
        let (to, results) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..self.jobs.get() {
                let (queue, moved, begin, work) = (&queue, &moved, &begin, &work);
                let to = to.clone();
                scope.spawn(move || {
                    // Nobody waits for a thread that panicked.
                    let _end = OnDrop(|| {
                        lock(queue).over |= thread::panicking();
                        moved.notify_all();
                    });
                    let mut state = begin();
                    while let Some((number, task)) = self.take(queue, moved, window) {
                        if to.send((number, work(&mut state, task))).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(to);
            // Whatever ends this loop, a panic of `ready` included: nobody waits at the window for it.
            let _end = OnDrop(|| {
                lock(&queue).over = true;
                moved.notify_all();
            });
            let mut early = BTreeMap::new();
            let mut handed = 0;
            for (number, result) in results {
                early.insert(number, result);
                while let Some(result) = early.remove(&handed) {
                    handed += 1;
                    if ready(result).is_break() {
                        return;
                    }
                }
                lock(&queue).handed = handed;
                moved.notify_all();
            }
        });
    }

    /// The next task and its number; `None`: there is none to begin.
    fn take<T, N: FnMut() -> Option<T>>(
        self,
        queue: &Mutex<Queue<N>>,
        moved: &Condvar,
        window: u64,
    ) -> Option<(u64, T)> {
        let waits = |queue: &mut Queue<N>| !queue.over && queue.begun >= queue.handed + window;
        let mut queue =
            moved.wait_while(lock(queue), waits).unwrap_or_else(PoisonError::into_inner);
        if queue.over || self.stop.is_set() {
            return None;
        }
        let Some(task) = (queue.next)() else {
            queue.over = true;
            return None;
        };
        let number = queue.begun;
        queue.begun += 1;
        Some((number, task))
    }
}

/// A lock that a panic has poisoned: the queue behind the lock is sound enough to end the pool.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints the name of the present run on standard error, if the run panics.
pub(super) struct IfPanicking<F: Fn() -> String>(pub(super) F);

impl<F: Fn() -> String> Drop for IfPanicking<F> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", (self.0)());
        }
    }
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::time::Duration;

    fn pool<'a>(jobs: usize, stop: &'a Stop<'a>) -> Pool<'a> {
        Pool { jobs: NonZeroUsize::new(jobs).expect("not 0"), stop }
    }

    #[test]
    fn results_come_in_the_order_of_the_tasks_and_not_too_early() {
        for jobs in [1, 2, 7] {
            let stop = Stop::never();
            let (begun, mut got) = (AtomicU64::new(0), Vec::new());
            let mut tasks = 0..1_000_u64;
            pool(jobs, &stop).run(
                || tasks.next(),
                || 0_u64,
                |count, task| {
                    begun.fetch_add(1, Ordering::Relaxed);
                    *count += 1;
                    // The first of each ten is slow.
                    let turns = if task % 10 == 0 { 20_000 } else { 10 };
                    black_box((0..turns).fold(0, |sum, turn| black_box(sum + turn)));
                    task
                },
                |result| {
                    let ahead = begun.load(Ordering::Relaxed) - got.len() as u64;
                    assert!(ahead <= WINDOW * jobs as u64 + jobs as u64, "{ahead} ahead");
                    got.push(result);
                    ControlFlow::Continue(())
                },
            );
            assert_eq!(got, (0..1_000).collect::<Vec<_>>(), "{jobs} threads");
        }
    }

    #[test]
    fn it_stops_when_told_and_when_nobody_wants_more() {
        let stop = AtomicBool::new(false);
        let (mut tasks, mut got) = (0..u64::MAX, 0);
        let ready = |_| {
            got += 1;
            if got == 100 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        pool(3, &Stop::never()).run(|| tasks.next(), || (), |(), task| task, ready);
        assert_eq!(got, 100);
        let (mut tasks, mut got) = (0..u64::MAX, Vec::new());
        let ready = |task| {
            got.push(task);
            stop.store(got.len() == 50 || stop.load(Ordering::Relaxed), Ordering::Relaxed);
            ControlFlow::Continue(())
        };
        pool(3, &Stop::on(&stop)).run(|| tasks.next(), || (), |(), task| task, ready);
        assert!(got.len() >= 50, "what was begun is handed over");
        assert_eq!(got, (0..got.len() as u64).collect::<Vec<_>>());
    }

    #[test]
    fn a_panic_is_passed_on() {
        let passed = std::panic::catch_unwind(|| {
            let stop = Stop::never();
            let mut tasks = 0..u64::MAX;
            let work = |(): &mut (), task: u64| assert_ne!(task, 40, "this test panics on purpose");
            pool(2, &stop).run(|| tasks.next(), || (), work, |()| ControlFlow::Continue(()));
        });
        assert!(passed.is_err());
    }

    /// Threads that wait at the window are not waited for.
    #[test]
    fn a_panic_of_who_gets_the_results_ends_it() {
        let (done, ended) = mpsc::channel();
        thread::spawn(move || {
            let passed = std::panic::catch_unwind(|| {
                let (stop, begun) = (Stop::never(), AtomicU64::new(0));
                let mut tasks = 0..u64::MAX;
                let work = |(): &mut (), _| begun.fetch_add(1, Ordering::Relaxed);
                let ready = |_| {
                    while begun.load(Ordering::Relaxed) < 2 * WINDOW {
                        thread::yield_now();
                    }
                    // Until both wait at the window.
                    (0..10_000).for_each(|_| thread::yield_now());
                    panic!("this test panics on purpose");
                };
                pool(2, &stop).run(|| tasks.next(), || (), work, ready);
            });
            let _ = done.send(passed.is_err());
        });
        assert_eq!(ended.recv_timeout(Duration::from_secs(60)), Ok(true), "it does not end");
    }
}
