//! `judge` looks at each file when its receiving side closes it, and at the last transfer to a name
//! again at the end, and puts what it saw beside what the user was told.

use halfclose_ftp::report::{Direction, Speaker};
use halfclose_ftp::{MemoryStore, TransferReport};
use xxhash_rust::xxh3::xxh3_128;

use crate::outcome::{End, Endings, Outcome, TransferOutcome};
use crate::scenario::{Scenario, Task};
use crate::trace::Side;
use crate::verdict::{FileState, Verdict};
use crate::workload::Workload;
use crate::world::World;

/// Looks at the files of one run.
pub struct Judge<'a> {
    scenario: &'a Scenario,
    workload: &'a Workload,
    /// For each task: what was seen when the file was closed, where a later task writes it again.
    seen: Vec<Option<(FileState, u64)>>,
}

impl<'a> Judge<'a> {
    /// A judge who has seen nothing.
    #[must_use]
    pub fn new(scenario: &'a Scenario, workload: &'a Workload) -> Self {
        Self { scenario, workload, seen: vec![None; scenario.tasks.len()] }
    }

    /// Forget what was seen.
    pub fn reset(&mut self) {
        self.seen.fill(None);
    }

    /// `store`, at `side`, has closed the file `name` after writing it. It is looked at now only if
    /// a later task writes it again; otherwise the end is soon enough.
    pub fn closed(&mut self, side: Side, name: &str, store: &MemoryStore) {
        let mut writers =
            (0..self.seen.len()).filter(|task| self.writes(*task) == Some((side, name)));
        let Some(task) = writers.by_ref().find(|task| self.seen[*task].is_none()) else { return };
        if writers.next().is_some() {
            self.seen[task] = Some(self.look(task, store));
        }
    }

    /// The side and the name that a task writes to.
    fn writes(&self, task: usize) -> Option<(Side, &'a str)> {
        match &self.scenario.tasks[task] {
            Task::Put(file) => Some((Side::Server, &file.name)),
            Task::Get(file) => Some((Side::Client, &file.name)),
            Task::Noop => None,
        }
    }

    /// What is under the name that `task` writes, and how many bytes.
    fn look(&self, task: usize, store: &MemoryStore) -> (FileState, u64) {
        let (_, name) = self.writes(task).expect("only tasks that write a file are looked at");
        let found = store.get(name);
        let state = FileState::of(found, self.before(task), self.workload.content(task));
        (state, found.map_or(0, |found| found.len() as u64))
    }

    /// What was under that name before `task`: what the last task that wrote it had left.
    fn before(&self, task: usize) -> Option<&[u8]> {
        let earlier = (0..task).rev().find(|other| self.writes(*other) == self.writes(task))?;
        let (state, stored) = self.seen[earlier]?;
        match state {
            FileState::Whole | FileState::Short => {
                let stored = usize::try_from(stored).expect("it was a slice's length");
                self.workload.content(earlier).get(..stored)
            }
            FileState::Unchanged => self.before(earlier),
            FileState::Absent | FileState::Other => None,
        }
    }
}

impl World<'_> {
    /// What the run came to, and the last of its digest.
    pub fn conclude(&mut self, end: End) -> Outcome {
        let tasks = (0..self.judge.seen.len()).filter(|task| self.judge.writes(*task).is_some());
        let transfers: Vec<_> = tasks
            .zip(self.client().reports())
            .map(|(task, report)| self.transfer(task, report))
            .collect();
        let verdict = transfers.iter().map(|transfer| transfer.verdict).min();
        for transfer in &transfers {
            let TransferOutcome { task, verdict, stored, told, reply, client, ending, .. } =
                transfer;
            let said =
                format!("{task} {verdict} {stored} {told:?} {reply:?} {client:?} {ending:?}");
            self.trace.conclude(said.as_bytes());
        }
        for task in 0..self.judge.seen.len() {
            if let Some((side, name)) = self.judge.writes(task) {
                let hash = self.store(side).get(name).map_or(0, xxh3_128);
                self.trace.conclude(&hash.to_le_bytes());
            }
        }
        Outcome {
            seed: self.seed,
            // A run that was asked for no transfer has nothing to lose.
            verdict: verdict.unwrap_or(Verdict::Intact),
            transfers,
            digest: self.trace().digest(),
            packets: self.trace().counts(),
            told_at: self.told_at().unwrap_or(self.now()),
            quiet_at: self.now(),
            end,
            divergences: self.divergences().to_vec(),
            unmatched_faults: self.medium.unmatched_faults(),
        }
    }

    fn transfer(&self, task: usize, report: &TransferReport) -> TransferOutcome {
        let judge = &self.judge;
        let (side, name) = judge.writes(task).expect("only transfers are judged");
        let (file, stored) = judge.seen[task].unwrap_or_else(|| judge.look(task, self.store(side)));
        let verb = if report.direction == Direction::Upload { "put" } else { "get" };
        TransferOutcome {
            task: format!("{verb} {name}"),
            verdict: Verdict::of(file, report.told),
            sent: judge.workload.content(task).len() as u64,
            stored,
            file,
            told: report.told,
            reply: report.reply.as_ref().map(ToString::to_string).unwrap_or_default(),
            client: report.text.clone(),
            ending: self.endings(report),
            dialogue: self.dialogue(report),
        }
    }

    /// How the data connection of a transfer ended, by what both hosts noted.
    fn endings(&self, report: &TransferReport) -> Endings {
        let Some((local, peer)) = report.data else { return Endings::default() };
        let at = |side, local, peer| {
            let mut ended = self.ended().iter().filter(|ended| ended.at >= report.started);
            let found = ended.find(|e| (e.side, e.local, e.peer) == (side, local, peer));
            found.map(|ended| ended.ending)
        };
        Endings { client: at(Side::Client, local, peer), server: at(Side::Server, peer, local) }
    }

    /// What the user saw while the transfer went on: the server's lines and the program's own.
    fn dialogue(&self, report: &TransferReport) -> Vec<String> {
        let until = report.ended.unwrap_or(self.now());
        self.client()
            .dialogue()
            .iter()
            .filter(|line| {
                line.session == report.session && line.at > report.started && line.at <= until
            })
            .filter(|line| line.speaker != Speaker::Client)
            .map(|line| line.text.clone())
            .collect()
    }
}
