//! `conclude` joins the judge's findings with the client's reports: the outcome of a run, and the
//! last part of the run's digest.

use halfclose_ftp::report::{Speaker, Spoken};
use halfclose_ftp::{Told, TransferReport};
use halfclose_stack::Ending;

use crate::network::trace::{Recording, Trace};
use crate::outcome::{End, EndedConnection, Endings, Outcome, TransferOutcome};
use crate::scenario::{File, Task, WriteMode};
use crate::side::Side;
use crate::verdict::Verdict;
use crate::world::World;
use crate::world::lookup::Lookup;

impl World<'_> {
    /// The outcome of the run, and the last part of the digest.
    ///
    /// # Panics
    /// If the scenario moves no file; `Scenario::check` refuses such scenarios.
    pub fn conclude(&mut self, end: End) -> Outcome {
        let mut outcome = Outcome::default();
        self.conclude_into(end, &mut outcome);
        outcome
    }

    /// The same, in the memory of an earlier outcome.
    ///
    /// # Panics
    /// As `conclude`.
    pub fn conclude_into(&mut self, end: End, outcome: &mut Outcome) {
        let mut lookup = self.take_lookup();
        lookup.build(self.ended(), self.client().dialogue());
        let dies = |task: &Task| task.file().is_some_and(|file| file.die_after.is_some());
        if self.scenario().tasks.iter().any(dies) {
            lookup.serve(self.server().reports());
        }
        let transfers = &mut outcome.transfers;
        let mut count = 0;
        for (task, report) in self.judge().transfers().zip(self.client().reports()) {
            if count == transfers.len() {
                transfers.push(TransferOutcome::default());
            }
            self.transfer(task, report, &lookup, &mut transfers[count]);
            count += 1;
        }
        transfers.truncate(count);
        self.keep_lookup(lookup);
        for transfer in transfers.iter() {
            digest_transfer(self.trace_mut(), transfer);
        }
        for task in 0..self.workload().tasks().len() {
            if let Some((side, name)) = self.judge().writes(task) {
                let image = self.store(side).content(name);
                let hash = image.map_or(0, |image| self.workload().hash(task, image));
                self.trace_mut().conclude(&hash.to_le_bytes());
            }
        }
        outcome.seed = self.seed();
        outcome.verdict = transfers
            .iter()
            .map(|transfer| transfer.verdict)
            .min()
            .expect("a scenario moves a file (`Scenario::check`)");
        outcome.digest = self.trace().digest();
        outcome.packets = self.trace().counts();
        outcome.told_at = self.told_at().unwrap_or(self.now());
        outcome.quiet_at = self.now();
        outcome.end = end;
        outcome.divergences.clear();
        outcome.divergences.extend_from_slice(self.divergences());
        outcome.stack_stalled = self.ended().iter().any(|it| it.ending == Ending::Stalled);
        outcome.resets.clear();
        outcome.resets.extend_from_slice(self.resets());
        outcome.unmatched_faults = self.unmatched_faults();
        (outcome.broken_laws, outcome.waived_laws) = self.laws(end, &outcome.transfers);
    }

    fn transfer(
        &self,
        task: usize,
        report: &TransferReport,
        lookup: &Lookup,
        into: &mut TransferOutcome,
    ) {
        let judge = self.judge();
        let (side, name) = judge.writes(task).expect("only transfers are judged");
        let seen =
            judge.verdict_on(task, [self.client.store(), self.server.store()], report.opened);
        let verb = verb(&self.workload().tasks()[task]);
        let killed = self.killed(task, report, lookup);
        let told = killed.map_or_else(|| self.told(report, lookup), word);
        let told = self.liar().tells(told, side == Side::Server);
        into.task.clear();
        let shown = match &self.workload().tasks()[task] {
            Task::List(listing) => &listing.path,
            _ => name,
        };
        into.task.extend([verb, shown]);
        into.verdict = Verdict::of(seen.state, told);
        into.sent = judge.source_len(task);
        into.to_send = judge.to_send(task, report.offset);
        into.resumes_another = judge.resumes_another(task, &seen);
        into.stored = seen.stored();
        into.file = seen.state;
        into.lost = judge.lost(task, &seen);
        into.told = told;
        into.reply.clear();
        if let Some(reply) = &killed.unwrap_or(report).reply {
            reply.append_to(&mut into.reply);
        }
        into.client.clone_from(&report.text);
        into.connected = report.data.is_some();
        let recorded = self.trace().recording() >= Recording::Headers;
        into.data = report.data.filter(|_| recorded).map(<[_; 2]>::from);
        into.control = report.control.filter(|_| recorded).map(<[_; 2]>::from);
        into.span = (report.started, report.ended);
        into.died = killed.is_some();
        into.ending = self.endings(report, lookup);
        // An ABOR at the very end belongs to the transfer if the client tore the data connection.
        let torn = into.ending.client == Some(Ending::Aborted);
        let within = |line: &&Spoken| {
            report.ended.is_none_or(|ended| line.at < ended || (torn && line.at == ended))
        };
        into.aborted = lookup
            .lines(self.client().dialogue(), report.session, report.started)
            .take_while(within)
            .any(|line| line.speaker == Speaker::Client && line.text == "ABOR");
        into.dialogue.clear();
        into.dialogue.extend(self.dialogue(report, lookup));
    }

    /// The server's report of a transfer in which the client program died. The program can no
    /// longer answer its user, so the server's last reply stands for the answer.
    fn killed(
        &self,
        task: usize,
        report: &TransferReport,
        lookup: &Lookup,
    ) -> Option<&TransferReport> {
        let file = self.workload().tasks()[task].file()?;
        if file.die_after.is_none() || report.told != Told::Nothing {
            return None;
        }
        lookup.last_served(self.server().reports(), &file.name)
    }

    /// The program's answer to its user. A connection that the stack stalled counts as a failure
    /// even if the program never learns of the stall: FTP is not the cause of the silence.
    fn told(&self, report: &TransferReport, lookup: &Lookup) -> Told {
        if report.told != Told::Nothing {
            return report.told;
        }
        let stalled = |it: &EndedConnection| it.ending == Ending::Stalled;
        let since = report.started;
        // All connections belong to a single client, including connections without a report.
        let told = if self.scenario().client.count == 1 {
            self.ended().iter().any(|ended| ended.at >= since && stalled(ended))
        } else {
            let own = [report.control, report.data].into_iter().flatten();
            let mut both = own.flat_map(|(local, peer)| {
                [(Side::Client, local, peer), (Side::Server, peer, local)]
            });
            both.any(|ends| lookup.ends(self.ended(), ends, since).any(stalled))
        };
        if told { Told::Failure } else { Told::Nothing }
    }

    /// How the data connection of a transfer ended, by the notes of both hosts.
    fn endings(&self, report: &TransferReport, lookup: &Lookup) -> Endings {
        let Some((local, peer)) = report.data else { return Endings::default() };
        let at = |side, local, peer| {
            let mut ends = lookup.ends(self.ended(), (side, local, peer), report.started);
            ends.next().map(|ended| ended.ending)
        };
        Endings { client: at(Side::Client, local, peer), server: at(Side::Server, peer, local) }
    }

    /// The lines that the user saw during the transfer: the server's lines and the program's own.
    fn dialogue<'a>(
        &'a self,
        report: &TransferReport,
        lookup: &'a Lookup,
    ) -> impl Iterator<Item = String> + use<'a> {
        let until = report.ended.unwrap_or(self.now());
        lookup
            .lines(self.client().dialogue(), report.session, report.started)
            .take_while(move |line| line.at <= until)
            .filter(|line| line.speaker != Speaker::Client)
            .map(|line| line.text.clone())
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

/// The server's last reply as an answer: only 2yz is a success.
fn word(served: &TransferReport) -> Told {
    if served.told == Told::Success { Told::Success } else { Told::Failure }
}

/// By names and bytes, never by how some version of Rust would print them.
fn digest_transfer(trace: &mut Trace, transfer: &TransferOutcome) {
    let TransferOutcome { task, verdict, stored, file, told, reply, client, ending, .. } = transfer;
    trace.conclude(task.as_bytes());
    trace.conclude(verdict.name().as_bytes());
    trace.conclude(&stored.to_le_bytes());
    trace.conclude(file.name().as_bytes());
    trace.conclude(&[*told as u8]);
    trace.conclude(reply.as_bytes());
    trace.conclude(client.as_bytes());
    for ending in [ending.client, ending.server] {
        trace.conclude(ending.map_or("", Ending::name).as_bytes());
    }
}
