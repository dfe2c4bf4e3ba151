//! `crossing` is one bridge run: it prepares both ends, carries packets between the ends in real time
//! until the client is done, and ends the commands.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::sys::prctl::set_timerslack;
use rustix::event::{PollFd, Timespec, poll};

use super::BridgeError;
use super::control::Ended;
use super::end::End;
use super::folders::{CheckedFile, Folders, check_stored};
use super::isolated::Isolated;
use super::ours::Ours;
use super::real_time::RealTime;
use super::settle::{self, Settled};
use super::watcher::{Tap, Watcher};
use super::wire::Wire;
use crate::explain::Explanation;
use crate::outcome::Counts;
use crate::run::Finished;
use crate::scenario::{Scenario, Task};
use crate::side::Side;
use crate::workload::Workload;
use crate::world::{configure, initial_files};
use halfclose_ftp::MemoryStore;

/// What a bridge run depends on, apart from real time and real programs.
pub(crate) struct Plan<'a> {
    /// The scenario: the link, and the programs and hosts at ends that have no command.
    pub scenario: &'a Scenario,
    /// The files of the scenario.
    pub workload: &'a Workload,
    /// The seed of the fates.
    pub seed: u64,
    /// The command of the client's end and of the server's end; `None`: a program of ours.
    pub commands: [Option<&'a str>; 2],
    /// The user and the password of our client; `None`: anonymous.
    pub login: Option<&'a (String, String)>,
    /// The directories of both ends.
    pub folders: &'a Folders,
    /// The files to look at afterwards, relative to the directories of the ends.
    pub checks: &'a [PathBuf],
    /// The longest real time of the client.
    pub limit: Duration,
    /// Whether the packets are kept for printing.
    pub keeps: bool,
    /// True once the user interrupts the run.
    pub interrupted: &'a AtomicBool,
}

/// What a bridge run came to.
pub(crate) struct Crossed {
    /// Files, replies and the verdict, and the recorded packets if the plan keeps them. There is no
    /// digest, and no law was watched: the run is no function of a seed.
    pub finished: Finished,
    /// For each transfer, whether the state of the file is known; else the verdict means nothing.
    pub known: Vec<bool>,
    /// Why each connection and each transfer ended as it did.
    pub explanation: Explanation,
    /// How the commands ended; `None`: a program of ours, or a command that this bridge ended.
    pub ended: [Option<Ended>; 2],
    /// The files that the plan looks at.
    pub files: Vec<CheckedFile>,
    /// Packets that the ends sent.
    pub packets: Counts,
    /// Packets that are no TCP over IPv4.
    pub beside: u64,
    /// Packets that a kernel lost before the link saw the packets.
    pub overflowed: u64,
    /// Faults of the scenario without a matching packet.
    pub unmatched: Vec<String>,
    /// Real time from the start of the client to its end.
    pub took: Duration,
    /// Whether the limit ended the client.
    pub out_of_time: bool,
}

impl Crossed {
    /// Whether the verdict of the run can be given.
    pub(crate) fn has_verdict(&self) -> bool {
        !self.known.is_empty() && self.known.iter().all(|known| *known)
    }
}

/// The time that a server gets to listen, and the time it gets to end.
const TO_LISTEN: Duration = Duration::from_secs(20);
const TO_END: Duration = Duration::from_secs(2);
/// The silence that ends a run after the client is done, and the longest wait for the silence.
const SILENCE: Duration = Duration::from_millis(300);
const LINGER: Duration = Duration::from_secs(5);
/// The longest time between two looks at the flag of the user.
const LOOK: Duration = Duration::from_millis(50);
/// Bytes of the longest packet.
const PACKET: usize = 65_536;

/// Makes one bridge run. A capture goes to `tap`.
///
/// # Errors
/// The system makes no namespace, a command fails before the run, or the user interrupts.
pub(crate) fn cross<'a>(plan: &'a Plan<'a>, tap: Option<Tap<'a>>) -> Result<Crossed, BridgeError> {
    // Timers fire when they are due, not up to 50 us later.
    let _ = set_timerslack(1);
    let mut stores = [MemoryStore::new(), MemoryStore::new()];
    let mut ends = prepare(plan, &mut stores)?;
    let clock = RealTime::start();
    start_server(plan, &mut ends, clock)?;
    let watcher = Watcher::new(tap, plan.keeps);
    let wire = Wire::new(plan.scenario, plan.seed, watcher);
    let clock = RealTime::start();
    let mut crossing = Crossing {
        plan,
        wire,
        ends,
        clock,
        room: vec![0; PACKET],
        judge: crate::judge::Judge::new(plan.scenario, plan.workload),
        stores,
    };
    crossing.forget_early_packets()?;
    crossing.begin()?;
    let limit = plan.limit;
    let done = crossing.go_on(|it, now| it.ends[0].is_done() || now >= limit)?;
    let out_of_time = !crossing.ends[0].is_done();
    if out_of_time && let Some(client) = crossing.ends[0].theirs() {
        client.stop();
    }
    let until = crossing.clock.now() + LINGER;
    crossing.go_on(|it, now| {
        now >= until || it.wire.is_empty() && now >= it.wire.last.max(done) + SILENCE
    })?;
    crossing.end(done, out_of_time)
}

/// Makes the directories and the namespaces of both ends.
fn prepare(plan: &Plan<'_>, stores: &mut [MemoryStore; 2]) -> Result<[End; 2], BridgeError> {
    let Plan { scenario, workload, seed, folders, .. } = *plan;
    let scripts = configure::scripts(workload, scenario.client.count);
    let [client, server] = stores;
    initial_files::lay_out(scenario, workload, &scripts, client, server);
    let file = scenario.tasks.iter().find_map(Task::file).map_or("", |file| &file.name);
    let end = |side: Side, store: &MemoryStore| {
        let Some(command) = plan.commands[side as usize] else {
            return Ok(End::Ours(Box::new(Ours::new(scenario, side, seed, plan.login))));
        };
        folders.lay_out(side, workload, store)?;
        let path = folders.output(side);
        let output = File::create(&path).map_err(|error| {
            BridgeError::File(format!("cannot write `{}`", path.display()), error)
        })?;
        let command = folders.filled(side, command, file);
        let at = (&*folders.of(side), &output);
        Isolated::prepare(side, &command, scenario.mtu, at).map(End::Theirs)
    };
    let mut ends = [end(Side::Client, client)?, end(Side::Server, server)?];
    let [one, other] = &mut ends;
    let [client, server] = [
        one.ours().map_or(client, |ours| ours.store_mut()),
        other.ours().map_or(server, |ours| ours.store_mut()),
    ];
    initial_files::lay_out(scenario, workload, &scripts, client, server);
    Ok(ends)
}

/// Starts the command of the server, and waits until the command listens.
fn start_server(plan: &Plan<'_>, ends: &mut [End; 2], clock: RealTime) -> Result<(), BridgeError> {
    let Some(server) = ends[1].theirs() else { return Ok(()) };
    let failed = |what: &str| {
        let said = last_words(plan, Side::Server);
        BridgeError::Failed(format!("the server's command {what}{said}"))
    };
    server.start().map_err(|error| failed(&format!("does not start ({error})")))?;
    let mut room = vec![0; PACKET];
    loop {
        let Some(server) = ends[1].theirs() else { return Ok(()) };
        server.take_reports()?;
        match server.ended {
            _ if server.listening => return Ok(()),
            // A server may leave its first process.
            None | Some(Ended::Exited(0)) => {}
            Some(ended) => return Err(failed(&format!("ended with {ended} before it listened"))),
        }
        if plan.interrupted.load(Ordering::Relaxed) {
            return Err(BridgeError::Interrupted);
        }
        // Packets before the run, as of IPv6, would wake the bridge again and again.
        while server.tun.receive(&mut room).map_err(gone)?.is_some() {}
        let most = plan.limit.min(TO_LISTEN);
        if clock.now() > most {
            let seconds = most.as_secs_f64();
            return Err(failed(&format!("did not listen at port 21 within {seconds} s")));
        }
        sleep(&ends[1..], LOOK);
    }
}

/// The last line that a command said, behind a colon.
fn last_words(plan: &Plan<'_>, side: Side) -> String {
    let said = plan.folders.last_lines(side, 1);
    said.first().map_or_else(String::new, |line| format!(": {line}"))
}

/// Waits until a file of the ends can be read, for at most `most`.
fn sleep(ends: &[End], most: Duration) {
    let mut files: Vec<PollFd<'_>> = Vec::with_capacity(4);
    ends.iter().for_each(|end| end.watch(&mut files));
    let seconds = i64::try_from(most.as_secs()).unwrap_or(i64::MAX);
    let most = Timespec { tv_sec: seconds, tv_nsec: most.subsec_nanos().into() };
    // An interrupt is a wake-up.
    let _ = poll(&mut files, Some(&most));
}

/// A run under way.
struct Crossing<'a> {
    plan: &'a Plan<'a>,
    wire: Wire<'a>,
    ends: [End; 2],
    clock: RealTime,
    room: Vec<u8>,
    judge: crate::judge::Judge<'a>,
    /// The files of commands, as the judge sees them.
    stores: [MemoryStore; 2],
}

impl Crossing<'_> {
    /// Packets of a server before the client began belong to no run.
    fn forget_early_packets(&mut self) -> Result<(), BridgeError> {
        for end in &mut self.ends {
            if let Some(theirs) = end.theirs() {
                while theirs.tun.receive(&mut self.room).map_err(gone)?.is_some() {}
            }
        }
        Ok(())
    }

    /// Opens our server, and starts the client.
    fn begin(&mut self) -> Result<(), BridgeError> {
        let scripts = configure::scripts(self.plan.workload, self.plan.scenario.client.count);
        for side in [Side::Server, Side::Client] {
            let now = self.clock.now();
            let begun = match &mut self.ends[side as usize] {
                End::Ours(ours) => ours.begin(now, &scripts),
                End::Theirs(theirs) if side == Side::Client => theirs.start(),
                End::Theirs(_) => Ok(()),
            };
            begun.map_err(|error| BridgeError::Failed(format!("{}: {error}", side.name())))?;
        }
        Ok(())
    }

    /// Carries packets until `done`. Returns the time.
    fn go_on(
        &mut self,
        done: impl Fn(&mut Self, Duration) -> bool,
    ) -> Result<Duration, BridgeError> {
        loop {
            let mut now = self.clock.now();
            while let Some((at, to)) = self.wire.next_arrival()
                && at <= now
            {
                if let Some(packet) = self.wire.pop_arrival(now, to) {
                    self.ends[to as usize].arrives(now, &packet);
                }
            }
            let mut more = false;
            for side in [Side::Client, Side::Server] {
                let Self { ends, wire, room, .. } = self;
                more |= ends[side as usize].turn(side, now, wire, room).map_err(gone)?;
                now = self.clock.now();
            }
            self.wire.flush();
            self.look_at_files();
            for end in &mut self.ends {
                if let Some(theirs) = end.theirs() {
                    theirs.take_reports()?;
                }
            }
            if self.plan.interrupted.load(Ordering::Relaxed) {
                return Err(BridgeError::Interrupted);
            }
            if done(self, now) {
                return Ok(now);
            }
            let wakes = self.ends.iter_mut().filter_map(End::next_wakeup);
            let next = wakes.chain(self.wire.next_arrival().map(|(at, _)| at)).min();
            let wait = next.map_or(LOOK, |at| at.saturating_sub(now)).min(LOOK);
            sleep(&self.ends, if more { Duration::ZERO } else { wait });
        }
    }

    /// Lets the judge see each file that a program of ours has closed.
    fn look_at_files(&mut self) {
        let Self { ends: [client, server], stores: [at_client, at_server], judge, .. } = self;
        let (reports, client) = match client.ours() {
            Some(ours) => ours.reports_and_store(),
            None => (&[][..], at_client),
        };
        let server = server.ours().map_or(at_server, |ours| ours.store_mut());
        for side in [Side::Client, Side::Server] {
            loop {
                let store = if side == Side::Client { &mut *client } else { &mut *server };
                let Some(closed) = store.poll_closed() else { break };
                judge.closed(side, &closed.name, [&mut *client, &mut *server], reports);
            }
        }
    }

    /// Ends the commands, and says what the run came to.
    fn end(mut self, done: Duration, out_of_time: bool) -> Result<Crossed, BridgeError> {
        let ended: [Option<Ended>; 2] = [0, 1].map(|end| self.ends[end].theirs()?.ended);
        for end in &mut self.ends {
            if let Some(theirs) = end.theirs() {
                theirs.stop();
            }
        }
        let until = self.clock.now() + TO_END;
        let all_over = |it: &mut Self, now| {
            let over = |end: &mut End| end.theirs().is_none_or(|theirs| theirs.ended.is_some());
            now >= until || it.ends.iter_mut().all(over)
        };
        self.go_on(all_over)?;
        let Self { plan, wire, mut ends, judge, mut stores, .. } = self;
        let theirs = ends.iter_mut().filter_map(End::theirs);
        let overflowed = theirs.map(|theirs| theirs.overflowed).sum();
        // Every process is gone before a file is judged.
        let ours = ends.map(|end| match end {
            End::Ours(ours) => Some(ours),
            End::Theirs(_) => None,
        });
        let beside = wire.beside;
        let (trace, watcher, unmatched) = wire.into_parts();
        let (explanation, captured) = watcher.finish();
        captured
            .map_err(|error| BridgeError::File("cannot write the capture".to_owned(), error))?;
        let mut files = Vec::new();
        let settled = settle::Setting { plan, judge, ours, stores: &mut stores, ended, done };
        for path in plan.checks {
            let path = path.to_string_lossy().into_owned();
            for side in [Side::Client, Side::Server] {
                let found = match plan.commands[side as usize] {
                    Some(_) => plan.folders.check(side, &path),
                    None => check_stored(settled.store(side), &path),
                };
                files.push(CheckedFile { side, path: path.clone(), found });
            }
        }
        let packets = trace.counts();
        if let (Some(ended), 0) = (ended[Side::Client as usize], packets.client) {
            let said = last_words(plan, Side::Client);
            return Err(BridgeError::Failed(format!(
                "the client's command ended with {ended} and sent no packet{said}"
            )));
        }
        let Settled { outcome, known, dialogue } =
            settled.settle(&explanation, packets, &unmatched, out_of_time);
        let took = done;
        Ok(Crossed {
            finished: Finished { outcome, trace, dialogue, discarded: Vec::new() },
            known,
            explanation,
            ended,
            files,
            packets,
            beside,
            overflowed,
            unmatched,
            took,
            out_of_time,
        })
    }
}

fn gone(error: std::io::Error) -> BridgeError {
    BridgeError::File("the device is gone".to_owned(), error)
}
