//! `explore_report` prints the result of an exploration, of a single scenario or of two side by side, for
//! a person and for a script.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::report::{coverage_json, coverage_table, rate, style};
use crate::scenario::Fault;
use crate::search::Shard;
use crate::search::classes::Made;
use crate::search::explore::{Explored, Merging, Scope};
use crate::search::schedule::Placed;
use crate::verdict::Verdict;

/// An explored scenario, with its result.
pub(crate) struct ExploredArm<'a> {
    /// The words behind `halfclose run` for the scenario.
    pub title: &'a str,
    /// The counts of the exploration.
    pub explored: &'a Explored,
    /// The real time of the exploration.
    pub took: Duration,
    /// The number of runs made in that time: the others come from a summary file.
    pub made: u64,
    /// The scenario's own faults without a packet, in the run without further faults.
    pub unmatched: &'a [String],
    /// Names the packets of a list of faults.
    pub named: &'a dyn Fn(&[Placed]) -> Vec<Fault>,
    /// The command line for a list of faults.
    pub reproduce: &'a dyn Fn(&[Fault]) -> String,
}

/// The explored scenarios, and the scope.
pub(crate) struct Exploration<'a> {
    /// The most faults in a run.
    pub faults: usize,
    /// The connections whose packets get faults.
    pub scope: Scope,
    /// The number of last packets in scope; `None`: all packets.
    pub last: Option<usize>,
    /// The part of the tree of schedules that was explored.
    pub shard: Shard,
    /// The first scenario, and with `--compare` the second.
    pub arms: &'a [ExploredArm<'a>],
}

/// The verdicts whose shortest lists of faults are printed.
const BAD: [Verdict; 5] = [
    Verdict::Corrupt,
    Verdict::SilentTruncation,
    Verdict::Stuck,
    Verdict::Truncated,
    Verdict::FalseAlarm,
];

/// The word for a scope on the command line.
#[must_use]
pub(crate) fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Data => "data",
        Scope::Control => "control",
        Scope::Both => "both",
    }
}

fn number(of: u64) -> String {
    let digits = of.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// Writes the exploration for a person, with terminal colours.
///
/// # Errors
/// Writing fails.
pub(crate) fn table(to: &mut impl fmt::Write, of: &Exploration<'_>) -> fmt::Result {
    let connections = match of.scope {
        Scope::Data => "the data connection",
        Scope::Control => "the control connection",
        Scope::Both => "all connections",
    };
    let last = of.last.map_or_else(String::new, |last| format!("the last {last} packets of "));
    let guided = of.arms.iter().any(|arm| arm.explored.guided.is_some());
    let every = if guided { "guided placements" } else { "every placement" };
    writeln!(
        to,
        "{every} of at most {} (drop, duplicate, hold) on {last}{connections}",
        plural(of.faults, "fault")
    )?;
    for arm in of.arms {
        writeln!(to, "  {}", arm.title)?;
        if !arm.unmatched.is_empty() {
            writeln!(to, "    fault met no packet: {}", arm.unmatched.join("; "))?;
        }
        closed(to, of, arm)?;
        guidance(to, arm)?;
        merging(to, arm)?;
    }
    counts(to, of)?;
    for arm in of.arms {
        least(to, of, arm)?;
    }
    Ok(())
}

/// Writes in a line whether every placement was visited.
fn closed(to: &mut impl fmt::Write, of: &Exploration<'_>, arm: &ExploredArm<'_>) -> fmt::Result {
    let Explored { exhaustive, by_faults, .. } = arm.explored;
    let visited = arm.explored.runs();
    let seconds = arm.took.as_secs_f64();
    let speed = match arm.made {
        0 => String::new(),
        made => format!("; {seconds:.1} s, {:.0} schedules a second", rate(made, arm.took)),
    };
    let speed = match arm.explored.made {
        Some(Made { made, derived }) if derived > 0 => {
            format!("{speed}: {} made, {} derived", number(made), number(derived))
        }
        _ => speed,
    };
    if arm.explored.guided.is_some() {
        return writeln!(to, "    {} schedules visited{speed}", number(visited));
    }
    if *exhaustive {
        let parts: Vec<_> = by_faults.iter().map(|count| number(*count)).collect();
        let parts = parts.join(" + ");
        let all = number(visited);
        let faults = plural(of.faults, "fault");
        if of.shard != Shard::WHOLE {
            let shard = of.shard;
            return writeln!(
                to,
                "    shard {shard}: all {all} schedules of this part visited ({parts}), not of the whole: \
                 `halfclose merge` adds up the parts{speed}"
            );
        }
        return writeln!(to, "    all {all} schedules of up to {faults} visited ({parts}){speed}");
    }
    let up_to = match arm.explored.exhaustive_up_to() {
        None => "not even the run without faults".to_owned(),
        Some(faults) => format!("closed up to {}", plural(faults, "fault")),
    };
    writeln!(to, "    NOT CLOSED: {} schedules visited, {up_to}{speed}", number(visited))
}

/// Writes what guided the exploration: the corpus, the stalls, and the pairs reached.
fn guidance(to: &mut impl fmt::Write, arm: &ExploredArm<'_>) -> fmt::Result {
    let Some(guided) = &arm.explored.guided else { return Ok(()) };
    writeln!(to, "    {} of the lists reached something new", number(guided.corpus))?;
    if let Some((run, list)) = &guided.first_stall {
        let (count, run) = (number(arm.explored.stack_stalled), number(*run));
        writeln!(to, "    stack stalled in {count} runs, first in run {run}: smoltcp stalled")?;
        writeln!(to, "      {}", (arm.reproduce)(&(arm.named)(list)))?;
    }
    coverage_table(to, &guided.coverage)
}

/// Writes how much was run, if equal states were merged.
fn merging(to: &mut impl fmt::Write, arm: &ExploredArm<'_>) -> fmt::Result {
    let Some(Merging { turns, states, merged, checked, full }) = arm.explored.merged else {
        return Ok(());
    };
    let [turns, states, merged, checked] = [turns, states, merged, checked].map(number);
    writeln!(
        to,
        "    equal states merged: {turns} turns run, {states} states kept; {merged} runs came to a kept \
         state, {checked} of these were run on and compared"
    )?;
    if full {
        writeln!(to, "    the memory for states was full: further states were not kept")
    } else {
        Ok(())
    }
}

/// Writes the number of runs of each verdict, with a column for each arm.
fn counts(to: &mut impl fmt::Write, of: &Exploration<'_>) -> fmt::Result {
    write!(to, "\n  {:<18}", "verdict")?;
    for at in 0..of.arms.len() {
        let head =
            if of.arms.len() == 1 { "schedules".to_owned() } else { format!("arm {}", at + 1) };
        write!(to, "{head:>14}")?;
    }
    writeln!(to)?;
    for verdict in Verdict::ALL {
        let style = style(verdict);
        let all: Vec<_> = of.arms.iter().map(|arm| arm.explored.verdicts.get(&verdict)).collect();
        match all.iter().all(Option::is_none) {
            true => write!(to, "  {verdict:<18}")?,
            false => write!(to, "  {style}{verdict:<18}{style:#}")?,
        }
        for count in all {
            write!(to, "{:>14}", number(count.copied().unwrap_or(0)))?;
        }
        writeln!(to)?;
    }
    let stalled = of.arms.iter().map(|arm| arm.explored.stack_stalled);
    if stalled.clone().any(|count| count > 0) {
        let counts = stalled.map(|count| format!("{:>14}", number(count))).collect::<String>();
        writeln!(to, "  {:<18}{counts}", "stack stalled")?;
        writeln!(to, "  (of these schedules: a stall of smoltcp, FTP is not the cause)")?;
    }
    Ok(())
}

/// Writes the shortest list of faults for each bad verdict and each broken law, with the command line.
fn least(to: &mut impl fmt::Write, of: &Exploration<'_>, arm: &ExploredArm<'_>) -> fmt::Result {
    let verdicts = BAD.into_iter().filter_map(|verdict| {
        let list = arm.explored.least.get(&verdict)?;
        Some((format!("{verdict}"), style(verdict), list))
    });
    let laws = arm.explored.broken_laws.iter().map(|(law, (count, list))| {
        let broken = style(Verdict::Corrupt);
        (format!("law {law} broken ({} times)", number(*count)), broken, list)
    });
    let all: Vec<_> = verdicts.chain(laws).collect();
    if of.arms.len() > 1 && !all.is_empty() {
        writeln!(to, "\n  {}", arm.title)?;
    } else if !all.is_empty() {
        writeln!(to)?;
    }
    for (what, style, list) in all {
        let faults = (arm.named)(list);
        writeln!(
            to,
            "  least faults for {style}{what}{style:#}: {}",
            plural(faults.len(), "fault")
        )?;
        for fault in &faults {
            writeln!(to, "    {fault}")?;
        }
        writeln!(to, "    {}", (arm.reproduce)(&faults))?;
    }
    Ok(())
}

/// The exploration for a script: the keys of the first arm, and the second arm under `compare`.
#[must_use]
pub(crate) fn object(of: &Exploration<'_>) -> Value {
    let mut all = of.arms.iter().map(|arm| one(of, arm));
    let mut object = all.next().unwrap_or_default();
    if let Some(other) = all.next() {
        object["compare"] = other;
    }
    object
}

fn one(of: &Exploration<'_>, arm: &ExploredArm<'_>) -> Value {
    let explored = arm.explored;
    let verdicts: Map<_, _> = Verdict::ALL
        .iter()
        .map(|verdict| {
            let count = explored.verdicts.get(verdict).copied().unwrap_or(0);
            (verdict.name().to_owned(), json!(count))
        })
        .collect();
    let (mut least, mut reproduce) = (Map::new(), Map::new());
    for (verdict, list) in &explored.least {
        let faults = (arm.named)(list);
        let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
        least.insert(verdict.name().to_owned(), json!(lines));
        reproduce.insert(verdict.name().to_owned(), json!((arm.reproduce)(&faults)));
    }
    let broken: Map<_, _> = explored
        .broken_laws
        .iter()
        .map(|(law, (count, list))| {
            let faults = (arm.named)(list);
            let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
            let reproduce = (arm.reproduce)(&faults);
            let law_of = json!({ "count": count, "least": lines, "reproduce": reproduce });
            ((*law).to_owned(), law_of)
        })
        .collect();
    let schedules = explored.runs();
    let mut object = json!({
        "arm": arm.title,
        "faults": of.faults,
        "channel": scope_name(of.scope),
        "last": of.last,
        "closed": explored.exhaustive && of.shard == Shard::WHOLE,
        "closed_up_to": explored.exhaustive_up_to().filter(|_| of.shard == Shard::WHOLE),
        "shard": (of.shard != Shard::WHOLE).then(|| of.shard.to_string()),
        "schedules": schedules,
        "by_faults": explored.by_faults,
        "verdicts": verdicts,
        "least": least,
        "broken_laws": broken,
        "stack_stalled": explored.stack_stalled,
        "unmatched_faults": arm.unmatched,
        "runs_made": explored.made.map(|made| made.made),
        "runs_derived": explored.made.map(|made| made.derived),
        "seconds": arm.took.as_secs_f64(),
        "schedules_per_second": rate(arm.made, arm.took),
        "reproduce": reproduce,
    });
    if let Some(Merging { turns, states, merged, checked, full }) = explored.merged {
        object["merging"] = json!({
            "turns": turns, "states": states, "merged": merged, "checked": checked, "full": full,
        });
    }
    if let Some(guided) = &explored.guided {
        let stall = guided.first_stall.as_ref().map(|(run, list)| {
            let faults = (arm.named)(list);
            let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
            json!({ "run": run, "faults": lines, "reproduce": (arm.reproduce)(&faults) })
        });
        object["corpus"] = json!(guided.corpus);
        object["first_stall"] = json!(stall);
        object["coverage"] = coverage_json(&guided.coverage);
    }
    object
}
