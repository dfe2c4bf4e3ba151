//! `summary` prints a run for a person: the dialogue as the user saw the lines, the end of the data
//! connection, the bytes, the verdict, and the command line of the run.

use std::fmt;
use std::time::Duration;

use halfclose_stack::ClosePolicy;

use crate::judge::expectation::{Unmet, met};
use crate::outcome::{End, Outcome, TransferOutcome};
use crate::report::{ShownRun, ended, style, told, unmet};
use crate::scenario::Scenario;

/// The most lines of a summary. A long dialogue is cut at the beginning.
const LINES_MAX: usize = 12;

/// The number of lines in every summary.
const LINES_ALWAYS: usize = 9;

/// Writes the run in at most a dozen lines, with terminal colours. `wall` is the real time of the run.
///
/// # Errors
/// Writing fails.
pub(crate) fn summary(to: &mut impl fmt::Write, run: &ShownRun<'_>, wall: Duration) -> fmt::Result {
    let Outcome { seed, verdict, digest, packets, transfers, .. } = run.outcome;
    let Outcome { divergences, broken_laws, unmatched_faults, .. } = run.outcome;
    let extras = usize::from(transfers.len() > 1) + usize::from(!divergences.is_empty());
    let extras = extras + usize::from(!broken_laws.is_empty());
    let extras = extras + usize::from(!unmatched_faults.is_empty());
    let extras = extras + usize::from(run.because.is_some());
    let extras = extras + usize::from(run.outcome.stack_stalled);
    let Scenario { name, about, .. } = run.scenario;
    let between = if about.is_empty() { "" } else { ": " };
    writeln!(to, "{name}{between}{about} (seed {seed})")?;
    if let Some(worst) = run.outcome.worst() {
        if transfers.len() > 1 {
            let like = transfers.iter().filter(|one| one.verdict == *verdict).count();
            let number = transfers.iter().take_while(|one| one.verdict != *verdict).count() + 1;
            let all = transfers.len();
            writeln!(to, "  transfer {number} of {all}, the first of {like} {verdict}:")?;
        }
        transfer(to, worst, (LINES_MAX - LINES_ALWAYS).saturating_sub(extras).max(1))?;
    }
    let style = style(*verdict);
    writeln!(
        to,
        "  verdict  {style}{verdict}{style:#}{}{}",
        meaning(run.outcome),
        unmeasured(run.scenario)
    )?;
    writeln!(to, "  expected {}", answer(run))?;
    if run.outcome.stack_stalled {
        writeln!(to, "  stalled  a host's TCP stack (smoltcp), by a fault of its own: not by FTP")?;
    }
    if let Some(because) = run.because {
        writeln!(to, "  because  {because}")?;
    }
    if let [first, rest @ ..] = &broken_laws[..] {
        let more: String = rest.iter().map(|law| format!("; {}", law.name)).collect();
        writeln!(to, "  broken   {first}{more}")?;
    }
    if !unmatched_faults.is_empty() {
        writeln!(to, "  fault    met no packet: {}", unmatched_faults.join("; "))?;
    }
    // A divergence without a mend explains more.
    if let Some(first) = divergences.iter().min_by_key(|it| it.mended()) {
        let mended = if first.mended() { "mended: " } else { "" };
        let more = match divergences.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more: --json)"),
        };
        writeln!(to, "  smoltcp  {mended}{first}{more}")?;
    }
    writeln!(
        to,
        "  time     {} virtual, {:.1} ms real; {} packets, {} dropped",
        seconds(run.outcome.told_at),
        wall.as_secs_f64() * 1e3,
        packets.client + packets.server,
        packets.dropped,
    )?;
    writeln!(to, "  digest   {digest:032x}")?;
    writeln!(to, "  again    {}", run.reproduce)
}

pub(super) fn transfer(
    to: &mut impl fmt::Write,
    transfer: &TransferOutcome,
    lines: usize,
) -> fmt::Result {
    writeln!(to, "    ftp> {}", transfer.task)?;
    let said = &transfer.dialogue;
    let last = match said.len() <= lines {
        true => &said[..],
        false => {
            writeln!(to, "    ... {} lines ...", said.len() + 1 - lines)?;
            &said[said.len() + 1 - lines..]
        }
    };
    for line in last {
        writeln!(to, "    {line}")?;
    }
    data_connection(to, transfer)?;
    let TransferOutcome { sent, stored, file, told: word, .. } = transfer;
    writeln!(to, "  bytes    sent {sent}, stored {stored}: {}; told {}", file.name(), told(*word))
}

/// How the data connection of a transfer ended at both ends, as a line.
pub(super) fn data_connection(to: &mut impl fmt::Write, transfer: &TransferOutcome) -> fmt::Result {
    let (client, server) = (ended(transfer.ending.client), ended(transfer.ending.server));
    match transfer.connected {
        true => writeln!(to, "  data     client {client}, server {server}"),
        false => writeln!(to, "  data     no connection was opened"),
    }
}

/// Whether the run met the expectation of the scenario, and the expectation.
fn answer(run: &ShownRun<'_>) -> String {
    let expect = &run.scenario.expect;
    let missed = unmet(expect, run.outcome);
    let said = || {
        let said = expect.said().into_iter().map(|(key, value)| format!("{key} {value}"));
        said.collect::<Vec<_>>().join("; ")
    };
    match met(expect, &missed) {
        Some(true) => format!("yes: {}", said()),
        Some(false) => {
            let missed: Vec<_> = missed.iter().map(shortly).collect();
            format!("no: {}", missed.join("; "))
        }
        None => "nothing: the scenario has no expectation".to_owned(),
    }
}

/// A missed expectation in a few words: the breach of a law has a line of its own.
fn shortly(unmet: &Unmet) -> String {
    match unmet.what {
        "law" => format!("law {} is broken", unmet.wanted),
        _ => unmet.to_string().trim_start_matches("expected ").to_owned(),
    }
}

/// The hosts whose rules come from documents, not from measurement.
fn unmeasured(scenario: &Scenario) -> String {
    let mut hosts = vec![&*scenario.client.host, &*scenario.server.host];
    hosts.dedup();
    let said = |host: &&str| {
        let source = ClosePolicy::source(host).filter(|source| source.contains("not"))?;
        Some(format!(" (host {host}: {source})"))
    };
    hosts.iter().filter_map(said).collect()
}

fn meaning(outcome: &Outcome) -> &'static str {
    match outcome.end {
        End::Quiet => "",
        End::OutOfTime => " (cut off: limit.time)",
        End::OutOfPackets => " (cut off: limit.packets)",
        End::Spinning => " (cut off: virtual time stood still)",
    }
}

fn seconds(time: Duration) -> String {
    format!("{}.{:06} s", time.as_secs(), time.subsec_micros())
}
