//! `store::directory::workers` owns the threads that wait for a disk in place of the program. The
//! threads know jobs alone: what a job does, and for which session, is in `asking`.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

/// The most threads. Further jobs wait for a thread.
const THREADS: usize = 64;
/// The time after which a thread without a job ends.
const REST: Duration = Duration::from_secs(10);
/// The stack of a thread, in bytes.
const STACK: usize = 128 << 10;

/// A piece of work for a thread.
pub(super) type Job = Box<dyn FnOnce() + Send>;

/// The threads, which begin when there are jobs and end some time after the last job.
#[derive(Debug, Default)]
pub(super) struct Workers(Arc<Pool>);

#[derive(Debug, Default)]
struct Pool {
    queue: Mutex<Queue>,
    more: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    /// The threads that wait for a job.
    idle: usize,
    /// No further job will come.
    over: bool,
}

impl Workers {
    /// Lets a thread do the job; without any thread, the caller does the job at once.
    pub(super) fn run(&self, job: Job) {
        let mut queue = self.0.lock();
        queue.jobs.push_back(job);
        if queue.idle >= queue.jobs.len() {
            return self.0.more.notify_one();
        }
        if queue.threads == THREADS {
            return;
        }
        queue.threads += 1;
        drop(queue);
        let pool = Arc::clone(&self.0);
        let thread = Builder::new().name("disk".to_owned()).stack_size(STACK);
        if thread.spawn(move || pool.work()).is_ok() {
            return;
        }
        let mut queue = self.0.lock();
        queue.threads -= 1;
        let job = if queue.threads == 0 { queue.jobs.pop_back() } else { None };
        drop(queue);
        if let Some(job) = job {
            job();
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.0.lock().over = true;
        self.0.more.notify_all();
    }
}

impl Pool {
    /// Does jobs, as a thread, until none has come for a while.
    fn work(&self) {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                drop(queue);
                // A job that panics must not take the thread's place in the count away.
                let _ = catch_unwind(AssertUnwindSafe(job));
                queue = self.lock();
                continue;
            }
            if queue.over {
                break;
            }
            queue.idle += 1;
            let waited = self.more.wait_timeout(queue, REST);
            let (woken, rest) = waited.unwrap_or_else(PoisonError::into_inner);
            queue = woken;
            queue.idle -= 1;
            if rest.timed_out() && queue.jobs.is_empty() {
                break;
            }
        }
        queue.threads -= 1;
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { jobs, threads, idle, over } = self;
        let jobs = jobs.len();
        write!(out, "Queue {{ jobs: {jobs}, threads: {threads}, idle: {idle}, over: {over} }}")
    }
}
