//! `store::directory::asking` owns what sessions have asked a disk: at most one question of each
//! session is outstanding. A session repeats the calls of a piece of work from the first call on: calls
//! with an answer get this answer again, and the first call without an answer asks the disk.

use super::workers::{Job, Workers};
use super::{DirectoryReader, Listed, Names, Open};
use crate::store::{Asker, File, Listing, Metadata, StoreError};
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// The result of a question, as a thread hands the result over.
#[derive(Debug)]
pub(super) enum Product {
    Done(Result<(), StoreError>),
    Known(Result<Metadata, StoreError>),
    /// An open file, and the size of the file.
    Opened(Result<(Open, u64), StoreError>),
    Listed(Result<Box<Listed>, StoreError>),
    /// Further names of a listing.
    Names(Listing, DirectoryReader, Names),
    /// A thread has written bytes of an upload.
    Wrote,
    /// The number of bytes that are in the kernel's memory for a file that is being read.
    Brought(File, usize),
}

/// The session, the number of the question, and the product.
type Delivery = (Asker, u64, Product);

/// The answer to a question, with the handles of the store.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Done(Result<(), StoreError>),
    Known(Result<Metadata, StoreError>),
    Opened(Result<(File, u64), StoreError>),
    Listed(Result<Listing, StoreError>),
}

/// The calls of a session for one piece of work.
#[derive(Debug, Default)]
struct Work {
    answers: Vec<Answer>,
    /// The number of calls since the work began or was repeated.
    calls: usize,
    /// The number of the question without an answer.
    outstanding: Option<u64>,
}

/// Tells one session that a thread has written bytes.
#[derive(Clone)]
pub(super) struct Bell {
    session: Asker,
    sender: Sender<Delivery>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Bell {
    pub(super) fn ring(&self) {
        // The program may be over.
        let _ = self.sender.send((self.session, 0, Product::Wrote));
        (self.wake)();
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Bell {{ {:?} }}", self.session)
    }
}

/// The questions of all sessions.
#[derive(Debug, Default)]
pub(super) struct Asking {
    threads: Option<Threads>,
    /// The session that makes the calls now.
    current: Option<(Asker, Work)>,
    /// The work of sessions that wait.
    waiting: BTreeMap<Asker, Work>,
    /// The number of questions so far.
    asked: u64,
}

/// The threads, and the way of a product to the program.
struct Threads {
    workers: Workers,
    sender: Sender<Delivery>,
    products: Receiver<Delivery>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Asking {
    /// Asks in threads from now on; `wake` is called after each product.
    pub(super) fn begin_threads(&mut self, wake: Arc<dyn Fn() + Send + Sync>) {
        let (sender, products) = channel();
        let workers = Workers::default();
        self.threads = Some(Threads { workers, sender, products, wake });
    }

    /// Whether threads ask the disk.
    pub(super) fn has_threads(&self) -> bool {
        self.threads.is_some()
    }

    pub(super) fn begin(&mut self, session: Asker) {
        debug_assert!(self.current.is_none(), "one piece of work at a time");
        let work = self.waiting.remove(&session).unwrap_or_default();
        self.current = Some((session, Work { calls: 0, ..work }));
    }

    /// Ends the work, or lets the work wait for an answer. Returns the answers that the session has
    /// not taken.
    pub(super) fn end(&mut self, done: bool) -> Vec<Answer> {
        let Some((session, mut work)) = self.current.take() else { return Vec::new() };
        if !done {
            self.waiting.insert(session, work);
            return Vec::new();
        }
        work.answers.split_off(work.calls.min(work.answers.len()))
    }

    /// Forgets a session that is over. Returns the answers that the session had.
    pub(super) fn forget(&mut self, session: Asker) -> Vec<Answer> {
        self.waiting.remove(&session).unwrap_or_default().answers
    }

    /// The session of the calls that are made now, if threads ask the disk.
    pub(super) fn session(&self) -> Option<Asker> {
        self.current.as_ref().filter(|_| self.has_threads()).map(|(session, _)| *session)
    }

    /// The bell of the session that makes the calls now, if threads ask the disk.
    pub(super) fn bell(&self) -> Option<Bell> {
        let (session, threads) = (self.session()?, self.threads.as_ref()?);
        let (sender, wake) = (threads.sender.clone(), Arc::clone(&threads.wake));
        Some(Bell { session, sender, wake })
    }

    /// The answer to the next call, if there is one.
    ///
    /// # Errors
    /// The disk has not answered yet ([`StoreError::Waits`]).
    pub(super) fn answer(&mut self) -> Result<Option<Answer>, StoreError> {
        let Some((_, work)) = &mut self.current else { return Ok(None) };
        let answer = work.answers.get(work.calls).copied();
        work.calls += usize::from(answer.is_some());
        if answer.is_none() && work.outstanding.is_some() {
            Err(StoreError::Waits)
        } else {
            Ok(answer)
        }
    }

    /// Notes the answer to the last call, for a repeated call.
    pub(super) fn note(&mut self, answer: Answer) {
        if let Some((_, work)) = &mut self.current {
            work.answers.push(answer);
            work.calls += 1;
        }
    }

    /// Lets a thread do the job of the session that makes the calls now.
    ///
    /// # Errors
    /// Hands the job back: no thread works for a session.
    pub(super) fn ask<J>(&mut self, job: J) -> Result<(), J>
    where
        J: FnOnce() -> Product + Send + 'static,
    {
        let (Some(threads), Some((session, work))) = (&self.threads, &mut self.current) else {
            return Err(job);
        };
        self.asked += 1;
        work.outstanding = Some(self.asked);
        threads.run((*session, self.asked), job);
        Ok(())
    }

    /// Lets a thread do a job beside the piece of work of a session.
    pub(super) fn ask_beside<J>(&self, session: Asker, job: J)
    where
        J: FnOnce() -> Product + Send + 'static,
    {
        if let Some(threads) = &self.threads {
            threads.run((session, 0), job);
        }
    }

    /// Lets a thread do a job whose end matters to no session, such as closing a file.
    pub(super) fn leave(&self, job: Job) {
        match &self.threads {
            Some(threads) => threads.workers.run(job),
            None => job(),
        }
    }

    /// The next product of a thread.
    pub(super) fn product(&mut self) -> Option<Delivery> {
        self.threads.as_ref()?.products.try_recv().ok()
    }

    /// Notes the answer to a question of a session. Returns false if the session waits no more for this
    /// answer.
    pub(super) fn deliver(&mut self, session: Asker, number: u64, answer: Answer) -> bool {
        let work = self.waiting.get_mut(&session);
        let Some(work) = work.filter(|work| work.outstanding == Some(number)) else { return false };
        work.outstanding = None;
        work.answers.push(answer);
        true
    }
}

impl Threads {
    fn run<J>(&self, (session, number): (Asker, u64), job: J)
    where
        J: FnOnce() -> Product + Send + 'static,
    {
        let (sender, wake) = (self.sender.clone(), Arc::clone(&self.wake));
        self.workers.run(Box::new(move || {
            let product = catch_unwind(AssertUnwindSafe(job));
            let product = product.unwrap_or(Product::Done(Err(StoreError::Failed)));
            // The program may be over.
            let _ = sender.send((session, number, product));
            wake();
        }));
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Threads {{ {:?} }}", self.workers)
    }
}
