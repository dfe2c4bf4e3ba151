//! `halfclose fate` says at each packet of a run how the run could still have ended.

use std::io::Write;
use std::num::NonZeroUsize;

use serde_json::{Value, json};

use crate::cli::args::FateArgs;
use crate::cli::search_bar::{SearchBar, cut_short, interrupted};
use crate::cli::selection::Selection;
use crate::cli::{CommandError, Status};
use crate::network::fate::Fate;
use crate::search::SearchProgress;
use crate::search::fate_curve::{FateCurve, FatePoint, fate};
use crate::verdict::Verdict;

/// Columns of the bar beside a line.
const BAR: usize = 20;

pub(in crate::cli) fn execute(
    args: FateArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let selection = Selection::new(args.what)?;
    selection.check_memory(args.jobs.map_or(0, NonZeroUsize::get))?;
    let seed = selection.seed(args.seed);
    let scenario = selection.pinned(seed)?.scenario;
    let bar = SearchBar::new(1, "fate");
    let reached = |reached: SearchProgress| {
        bar.stretch(reached.all, "fate");
        bar.at(reached);
    };
    let mut search = fate(&scenario, seed)
        .continuations(args.continuations)
        .jobs(args.jobs.map_or(0, NonZeroUsize::get))
        .stop(interrupted())
        .progress(&reached);
    if let Some(time) = args.max_time {
        search = search.max_time(time);
    }
    let curve = search.run()?;
    bar.clear();
    let again = format!("halfclose fate {} --seed {seed}", selection.words);
    if args.json {
        writeln!(out, "{}", object(&curve, &again))?;
    } else {
        write_text(&curve, &scenario.name, &again, out)?;
    }
    if curve.whole {
        return Ok(Status::AsExpected);
    }
    let done = format!("{} points", curve.points.len());
    Ok(cut_short(err, &done)?.unwrap_or(Status::AsExpected))
}

fn object(curve: &FateCurve, again: &str) -> Value {
    let shares = |point: &FatePoint| {
        let verdicts = point
            .verdicts
            .keys()
            .map(|verdict| (verdict.name().to_owned(), json!(point.share(*verdict))));
        verdicts.collect::<serde_json::Map<_, _>>()
    };
    let points = curve.points.iter().map(|point| {
        json!({
            "packet": point.packet,
            "at_us": u64::try_from(point.at.as_micros()).unwrap_or(u64::MAX),
            "fate": point.fate.words(),
            "verdicts": shares(point),
        })
    });
    json!({
        "seed": curve.outcome.seed,
        "verdict": curve.outcome.verdict.name(),
        "digest": format!("{:032x}", curve.outcome.digest),
        "packets": curve.packets,
        "continuations": curve.continuations,
        "curve": points.collect::<Vec<_>>(),
        "decisive": curve.decisive().map(|point| point.packet).collect::<Vec<_>>(),
        "whole": curve.whole,
        "reproduce": again,
    })
}

fn write_text(
    curve: &FateCurve,
    name: &str,
    again: &str,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let verdict = curve.outcome.verdict;
    writeln!(out, "{name} (seed {}): {verdict}", curve.outcome.seed)?;
    writeln!(
        out,
        "Each line says how {} runs end that share all fates up to a packet with this run, and draw \
         every later fate anew. Changes within chance are left out.\n",
        curve.continuations
    )?;
    let noise = noise(curve.continuations);
    let mut said: Option<&FatePoint> = None;
    let last = curve.points.len().saturating_sub(1);
    for (index, point) in curve.points.iter().enumerate() {
        let changed = said.is_none_or(|before| before.distance(point) >= noise);
        if !changed && index != last {
            continue;
        }
        let place = match point.packet {
            None => "before all packets".to_owned(),
            Some(packet) => format!("up to packet {packet}"),
        };
        writeln!(out, "  {place:<20} {}  {}", bar(point.share(verdict)), words(point))?;
        if point.fate != Fate::Deliver {
            writeln!(
                out,
                "  {:<20} packet {} {}",
                "",
                point.packet.unwrap_or(0),
                point.fate.words()
            )?;
        }
        said = Some(point);
    }
    let decisive: Vec<_> = curve.decisive().filter_map(|point| point.packet).collect();
    match &decisive[..] {
        [] => writeln!(out, "\nNo single packet changes a quarter of the runs.")?,
        packets => {
            let packets: Vec<_> = packets.iter().map(u64::to_string).collect();
            writeln!(
                out,
                "\nA quarter of the runs or more changes at packet {}.",
                packets.join(", ")
            )?;
        }
    }
    if (curve.points.len() as u64) <= curve.packets && curve.whole {
        writeln!(
            out,
            "{} of {} packets were asked: the lost and changed ones, and some between.",
            curve.points.len() - 1,
            curve.packets
        )?;
    }
    writeln!(out, "again: {again}")?;
    Ok(())
}

/// The least change of the shares that a line is printed for: three standard errors of a share of one
/// half, so that most lines tell more than chance.
#[expect(clippy::cast_precision_loss, reason = "two digits are enough")]
fn noise(continuations: u64) -> f64 {
    3.0 * (0.25 / continuations as f64).sqrt()
}

/// The share of the run's own verdict as a bar.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share is between 0 and 1, and a bar has a few columns"
)]
fn bar(share: f64) -> String {
    let full = (share * BAR as f64).round() as usize;
    format!("[{}{}]", "#".repeat(full), " ".repeat(BAR - full.min(BAR)))
}

fn words(point: &FatePoint) -> String {
    let known = Verdict::ALL.into_iter().filter(|verdict| point.verdicts.contains_key(verdict));
    let shares = known.map(|verdict| format!("{verdict} {:.1} %", 100.0 * point.share(verdict)));
    shares.collect::<Vec<_>>().join(", ")
}
