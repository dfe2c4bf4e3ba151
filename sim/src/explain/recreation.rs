//! `recreation` makes a scenario from one FTP session of a capture: a [`Sketch`] measures the session,
//! and [`recreate`] runs scenarios that may end like the session until a run has the same explanation.

mod candidates;
mod dark;
mod packet_log;
mod recipes;
mod sketch;

use crate::explain::analysis::Analysis;
use crate::explain::decode::{Frame, LinkLayer};
use crate::explain::explained::{Explanation, TransferExplained, Vantage};
use crate::network::trace::Recording;
use crate::run::{CapturePoint, Finished, run_loaded};
use crate::scenario::Scenario;
use crate::workload::Workload;

use candidates::{Candidate, Space};
pub(crate) use packet_log::PacketLog;
pub use sketch::Sketch;

/// Packets that all runs of one recreation may have together.
const PACKETS_MAX: u64 = 4_000_000;

/// Pairs of changes that one recreation may try.
const PAIRS_MAX: u64 = 600;

/// A scenario made from a session of a capture.
#[derive(Clone, Debug)]
pub struct Recreation {
    /// The scenario. Seed 0 gives the run that was compared with the capture.
    pub scenario: Scenario,
    /// Whether each transfer of that run has the same explanation as in the capture: command, cause,
    /// answer to the user, and whether the file can be whole.
    pub same: bool,
    /// What of the capture the scenario does not recreate, one sentence each.
    pub missing: Vec<String>,
    /// How many runs were made.
    pub runs: u64,
}

/// The explanation of a transfer as far as a recreated run must have the same.
type Told = (String, crate::explain::Cause, &'static str, crate::explain::Whole);

fn told(transfer: &TransferExplained) -> Told {
    let command = match &*transfer.command {
        "NLST" | "MLSD" => "LIST",
        "STOU" => "STOR",
        command => command,
    };
    (command.to_owned(), transfer.cause, transfer.told, transfer.whole)
}

/// The analysis of a run's own packets, as a capture at `point` holds the packets.
#[must_use]
pub fn explain_run(finished: &Finished, point: CapturePoint) -> Explanation {
    let mut analysis = Analysis::new();
    for (index, packet) in finished.captured_at(point).iter().enumerate() {
        let frame = Frame {
            number: index as u64 + 1,
            at: u64::try_from(packet.at.as_nanos()).unwrap_or(u64::MAX),
            link: LinkLayer::Raw,
            bytes: &packet.bytes,
        };
        analysis.packet(&frame, &packet.comment);
    }
    analysis.finish()
}

/// Makes a scenario whose run has the same explanation as the session of `sketch`, or comes as near as
/// the candidates allow.
///
/// # Errors
/// The session has no transfer, or a transfer that no scenario can have.
pub fn recreate(sketch: &Sketch) -> Result<Recreation, String> {
    if sketch.tasks.is_empty() {
        return Err("the session has no transfer to recreate".to_owned());
    }
    let wanted: Vec<Told> = sketch.tasks.iter().map(|task| told(&task.explained)).collect();
    let point = match sketch.vantage {
        Vantage::Client => CapturePoint::Client,
        Vantage::Server => CapturePoint::Server,
        Vantage::Link | Vantage::Unknown => CapturePoint::Link,
    };
    let mut attempt = Attempt { point, wanted: &wanted, runs: 0, packets: 0, best: None };
    attempt.climb(sketch);
    for case in candidates::cases(sketch) {
        if attempt.done() {
            break;
        }
        attempt.try_one(sketch, &case);
    }
    let Attempt { runs, best, .. } = attempt;
    let Some(Best { scenario, got, .. }) = best else {
        return Err("no scenario has the settings that the session would need".to_owned());
    };
    let mut missing = sketch.left_out.clone();
    let same = got == wanted;
    if let Some(more) = got.len().checked_sub(wanted.len()).filter(|more| *more > 0) {
        missing.push(format!("the run of the scenario has {more} transfers more"));
    }
    for (index, want) in wanted.iter().enumerate().filter(|_| !same) {
        let (command, cause, told, whole) = want;
        let said = match got.get(index) {
            Some(have) if have == want => continue,
            Some((other, cause, told, whole)) => {
                let other = if other == command { String::new() } else { format!("{other}, ") };
                format!("{other}`{cause}`, told {told}, {whole}")
            }
            None => "no such transfer".to_owned(),
        };
        missing.push(format!(
            "transfer {} ({command}): the capture shows `{cause}`, told {told}, {whole}; the run of \
             the scenario shows {said}",
            index + 1
        ));
    }
    Ok(Recreation { scenario, same, missing, runs })
}

/// The recreation under way.
struct Attempt<'a> {
    point: CapturePoint,
    wanted: &'a [Told],
    runs: u64,
    packets: u64,
    best: Option<Best>,
}

/// The best candidate so far.
struct Best {
    scenario: Scenario,
    got: Vec<Told>,
    points: usize,
}

impl Attempt<'_> {
    /// Whether no further run is needed, or allowed.
    fn done(&self) -> bool {
        self.packets > PACKETS_MAX || self.best.as_ref().is_some_and(|best| best.got == self.wanted)
    }

    /// Begins with the nearest alternative of each dimension of the space, and goes on with the
    /// alternative that comes nearer, a dimension at a time, until none does.
    fn climb(&mut self, sketch: &Sketch) {
        let space = Space::of(sketch);
        let mut choice = vec![0; space.sizes().len()];
        let mut nearest = self.try_one(sketch, &space.candidate(&choice));
        let mut pairs = 0;
        loop {
            self.climb_by_ones(sketch, &space, &mut choice, &mut nearest);
            if self.done()
                || !self.step_by_two(sketch, &space, &mut choice, &mut nearest, &mut pairs)
            {
                return;
            }
        }
    }

    /// Changes two dimensions at once, where no change of one comes nearer. Returns whether a pair of
    /// changes did; `pairs` counts the pairs that were tried.
    fn step_by_two(
        &mut self,
        sketch: &Sketch,
        space: &Space,
        choice: &mut Vec<usize>,
        nearest: &mut usize,
        pairs: &mut u64,
    ) -> bool {
        let changes = space.sizes().into_iter().enumerate();
        let changes =
            changes.flat_map(|(dimension, size)| (0..size).map(move |at| (dimension, at)));
        let changes: Vec<_> = changes.filter(|&(dimension, at)| choice[dimension] != at).collect();
        for (index, &(first, one)) in changes.iter().enumerate() {
            for &(second, two) in changes[index + 1..].iter().filter(|it| it.0 != first) {
                if self.done() || *pairs == PAIRS_MAX {
                    return false;
                }
                *pairs += 1;
                let mut changed = choice.clone();
                (changed[first], changed[second]) = (one, two);
                let points = self.try_one(sketch, &space.candidate(&changed));
                if points > *nearest {
                    (*nearest, *choice) = (points, changed);
                    return true;
                }
            }
        }
        false
    }

    fn climb_by_ones(
        &mut self,
        sketch: &Sketch,
        space: &Space,
        choice: &mut Vec<usize>,
        nearest: &mut usize,
    ) {
        let sizes = space.sizes();
        loop {
            let before = choice.clone();
            for (dimension, &size) in sizes.iter().enumerate() {
                let own = choice[dimension];
                for other in (0..size).filter(|other| *other != own) {
                    if self.done() {
                        return;
                    }
                    let mut changed = choice.clone();
                    changed[dimension] = other;
                    let points = self.try_one(sketch, &space.candidate(&changed));
                    if points > *nearest {
                        (*nearest, *choice) = (points, changed);
                    }
                }
            }
            if *choice == before {
                return;
            }
        }
    }

    /// Runs a candidate. Returns how near the candidate comes.
    fn try_one(&mut self, sketch: &Sketch, candidate: &Candidate) -> usize {
        let Ok(mut scenario) = candidate.scenario(&[]) else { return 0 };
        if let Some(dark) = &candidate.dark {
            let Some(finished) = self.run(&scenario) else { return 0 };
            let Some(setting) = dark.setting(&finished, sketch) else { return 0 };
            let Ok(darkened) = candidate.scenario(&[setting]) else { return 0 };
            scenario = darkened;
        }
        let Some(finished) = self.run(&scenario) else { return 0 };
        let explanation = explain_run(&finished, self.point);
        let got: Vec<Told> = explanation.transfers.iter().map(told).collect();
        let points = points(self.wanted, &got);
        if self.best.as_ref().is_none_or(|best| points > best.points) {
            self.best = Some(Best { scenario, got, points });
        }
        points
    }

    fn run(&mut self, scenario: &Scenario) -> Option<Finished> {
        let workload = Workload::load(scenario).ok()?;
        let finished = run_loaded(scenario, &workload, 0, Recording::Packets);
        self.runs += 1;
        self.packets += finished.outcome.packets.client + finished.outcome.packets.server;
        Some(finished)
    }
}

/// How near `got` is to `wanted`: the cause of a transfer counts most.
fn points(wanted: &[Told], got: &[Told]) -> usize {
    let pairs = wanted.iter().zip(got);
    let near = pairs.map(|(want, have)| {
        8 * usize::from((&want.0, want.1) == (&have.0, have.1))
            + 2 * usize::from(want.3 == have.3)
            + usize::from(want.2 == have.2)
    });
    near.sum::<usize>() + usize::from(wanted.len() == got.len())
}
