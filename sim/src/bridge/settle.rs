//! `settle` says what a bridge run came to: for each transfer the file, the user's message, the reply
//! and the end of the data connection, as far as a program of ours, a directory or the packets tell.

use std::time::Duration;

use halfclose_ftp::report::{Speaker, Spoken};
use halfclose_ftp::{MemoryStore, Told, TransferReport};
use halfclose_stack::Ending;

use super::control::Ended;
use super::crossing::Plan;
use super::ours::Ours;
use crate::explain::{self, ConnectionExplained, Explanation, TransferExplained};
use crate::judge::Judge;
use crate::outcome::{Counts, End, Endings, Outcome, TransferOutcome};
use crate::scenario::{File, Task, WriteMode};
use crate::side::Side;
use crate::verdict::Verdict;
use crate::world::lookup::Lookup;

/// The result of a run, before the packets join it.
pub(super) struct Settled {
    /// The transfers and the verdict, as of a simulated run.
    pub(super) outcome: Outcome,
    /// For each transfer, whether the state of the file is known.
    pub(super) known: Vec<bool>,
    /// The lines of our client program.
    pub(super) dialogue: Vec<Spoken>,
}

/// Everything that is known at the end of a run.
pub(super) struct Setting<'a, 'b> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) judge: Judge<'a>,
    pub(super) ours: [Option<Box<Ours>>; 2],
    pub(super) stores: &'b mut [MemoryStore; 2],
    pub(super) ended: [Option<Ended>; 2],
    pub(super) done: Duration,
}

impl Setting<'_, '_> {
    /// The files of one end.
    pub(super) fn store(&self, side: Side) -> &MemoryStore {
        match &self.ours[side as usize] {
            Some(ours) => ours.store(),
            None => &self.stores[side as usize],
        }
    }

    /// Judges every transfer of the scenario.
    pub(super) fn settle(
        mut self,
        explanation: &Explanation,
        packets: Counts,
        unmatched: &[String],
        out_of_time: bool,
    ) -> Settled {
        let tasks: Vec<usize> = self.judge.transfers().collect();
        let mut transfers = Vec::new();
        let mut known = Vec::new();
        for (number, task) in tasks.iter().enumerate() {
            known.push(self.is_known(*task, &tasks));
            let mut transfer = TransferOutcome::default();
            self.judge_file(*task, number, &mut transfer);
            match self.ours[0].is_some() {
                true => self.told_by_ours(number, &mut transfer),
                false => self.told_by_command(&mut transfer),
            }
            self.seen_on_link(*task, explanation, &mut transfer);
            transfer.verdict = Verdict::of(transfer.file, transfer.told);
            transfers.push(transfer);
        }
        let mut outcome = Outcome {
            seed: self.plan.seed,
            verdict: transfers.iter().map(|one| one.verdict).min().unwrap_or_default(),
            transfers,
            packets,
            told_at: self.done,
            quiet_at: self.done,
            end: if out_of_time { End::OutOfTime } else { End::Quiet },
            unmatched_faults: unmatched.to_vec(),
            ..Outcome::default()
        };
        for ours in self.ours.iter().flatten() {
            outcome.divergences.extend_from_slice(&ours.noted.divergences);
            outcome.resets.extend_from_slice(&ours.noted.resets);
        }
        outcome.resets.sort_by_key(|reset| reset.at);
        let client = self.ours[0].as_ref().and_then(|ours| ours.client());
        let dialogue = client.map_or_else(Vec::new, |client| client.dialogue().to_vec());
        Settled { outcome, known, dialogue }
    }

    /// Takes the file of a command back for the judge. Returns whether the state of the file is known:
    /// a command that is told no directory may keep the file elsewhere, and a file that a later task
    /// changes is seen too late.
    fn is_known(&mut self, task: usize, tasks: &[usize]) -> bool {
        let plan = self.plan;
        let (side, name) = self.judge.writes(task).expect("only transfers are judged");
        let Some(command) = plan.commands[side as usize] else { return true };
        let is_there = plan.folders.take_back(side, name, &mut self.stores[side as usize]);
        let place = Some((side, name));
        let later = plan.workload.tasks().iter().skip(task + 1);
        let touched = later.into_iter().any(|later| later.touches(name))
            || tasks.iter().any(|other| *other > task && self.judge.writes(*other) == place);
        let is_listing = matches!(plan.workload.tasks()[task], Task::List(_));
        (is_there || command.contains("{dir}")) && !touched && !is_listing
    }

    fn judge_file(&mut self, task: usize, number: usize, into: &mut TransferOutcome) {
        let (_, name) = self.judge.writes(task).expect("only transfers are judged");
        let report = self.report(number).cloned();
        let opened = report.as_ref().is_none_or(|report| report.opened);
        let offset = report.map_or(0, |report| report.offset);
        let stores = [Side::Client, Side::Server].map(|side| self.store(side));
        let seen = self.judge.verdict_on(task, stores, opened);
        into.task = format!("{}{name}", verb(&self.plan.workload.tasks()[task]));
        into.sent = self.judge.source_len(task);
        into.to_send = self.judge.to_send(task, offset);
        into.resumes_another = self.judge.resumes_another(task, &seen);
        (into.file, into.stored) = (seen.state, seen.stored());
        into.lost = self.judge.lost(task, &seen);
    }

    /// The report of our client on transfer `number`.
    fn report(&self, number: usize) -> Option<&TransferReport> {
        self.ours[0].as_ref()?.client()?.reports().get(number)
    }

    /// Our client's own words.
    fn told_by_ours(&self, number: usize, into: &mut TransferOutcome) {
        let Some(report) = self.report(number) else { return };
        into.told = report.told;
        if let Some(reply) = &report.reply {
            reply.append_to(&mut into.reply);
        }
        into.client.clone_from(&report.text);
        into.connected = report.data.is_some();
        into.data = report.data.map(<[_; 2]>::from);
        into.control = report.control.map(<[_; 2]>::from);
        into.span = (report.started, report.ended);
        let Some(driver) = self.ours[0].as_ref().and_then(|ours| ours.client()) else { return };
        let until = report.ended.unwrap_or(self.done);
        let mut lookup = Lookup::default();
        lookup.build(&[], driver.dialogue());
        let lines = lookup.lines(driver.dialogue(), report.session, report.started);
        let lines = lines.take_while(|line| line.at <= until);
        let heard = lines.filter(|line| line.speaker != Speaker::Client);
        into.dialogue.extend(heard.map(|line| line.text.clone()));
    }

    /// The exit status of a command is what its user is told.
    fn told_by_command(&self, into: &mut TransferOutcome) {
        into.told = match self.ended[0] {
            Some(Ended::Exited(0)) => Told::Success,
            Some(_) => Told::Failure,
            None => Told::Nothing,
        };
        let last = self.plan.folders.last_lines(Side::Client, 1);
        into.client = last.into_iter().next().unwrap_or_default();
    }

    /// What the packets tell of a transfer, where no program of ours tells.
    fn seen_on_link(&self, task: usize, explanation: &Explanation, into: &mut TransferOutcome) {
        let name = match &self.plan.workload.tasks()[task] {
            Task::Put(file) | Task::Get(file) => &*file.name,
            Task::List(listing) => &*listing.path,
            Task::Do(_) => return,
        };
        let is_it =
            |one: &&TransferExplained| one.file.rsplit('/').next() == name.rsplit('/').next();
        let Some(seen) = explanation.transfers.iter().rev().find(is_it) else { return };
        if self.ours[0].is_none() {
            into.reply.clone_from(&seen.reply);
        }
        let connections = &explanation.connections;
        let data = seen.data.and_then(|number| connections.iter().find(|it| it.number == number));
        let Some(data) = data else { return };
        into.connected = true;
        into.ending = self.endings(data);
    }

    /// How the data connection ended at both ends: as our hosts noted it, else as the packets show it.
    fn endings(&self, data: &ConnectionExplained) -> Endings {
        // The client of the packets opened the connection; in active mode that is the server.
        let opened_by_client = data.client.starts_with(&Side::Client.address().to_string());
        let ends = [data.ended.client, data.ended.server];
        let [client, server] = if opened_by_client { ends } else { [ends[1], ends[0]] };
        let addresses = [&data.client, &data.server];
        let noted = |side: Side| {
            let ours = self.ours[side as usize].as_ref()?;
            let mine = addresses.iter().any(|it| it.starts_with(&side.address().to_string()));
            let ended = ours.noted.ended.iter().rev();
            let mut ended = ended.filter(|one| {
                let both = [one.local.to_string(), one.peer.to_string()];
                mine && addresses.iter().all(|address| both.contains(address))
            });
            ended.next().map(|one| one.ending)
        };
        Endings {
            client: noted(Side::Client).or_else(|| by_packets(client, server)),
            server: noted(Side::Server).or_else(|| by_packets(server, client)),
        }
    }
}

/// How a connection ended at one end, by the packets of this end and of the other end.
fn by_packets(own: explain::Ended, other: explain::Ended) -> Option<Ending> {
    match (own, other) {
        (explain::Ended::Reset, _) => Some(Ending::Aborted),
        (_, explain::Ended::Reset) => Some(Ending::Reset),
        (_, explain::Ended::Fin) => Some(Ending::Finished),
        _ => None,
    }
}

/// The verb of a task, in the words of a scenario.
fn verb(task: &Task) -> &'static str {
    match task {
        Task::Put(File { mode: WriteMode::Append, .. }) => "append ",
        Task::Put(_) => "put ",
        Task::List(_) => "ls ",
        Task::Get(_) | Task::Do(_) => "get ",
    }
}
