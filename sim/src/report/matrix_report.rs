//! `matrix_report` prints a matrix: a block for each client, and a row for each outcome. Servers with the
//! same outcome share a row.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use crate::outcome::Outcome;
use crate::report::{ShownRun, style, told as told_word};
use crate::search::matrix::{Cell, HOSTS, on_reset};
use crate::verdict::Verdict;

// The widths of the columns.
const SERVER: usize = 31;
const TOLD: usize = 8;

/// Writes the matrix for a person, with terminal colours.
///
/// # Errors
/// Writing fails.
pub(crate) fn table(to: &mut impl fmt::Write, cells: &[Cell]) -> fmt::Result {
    let verdict = cells.iter().map(|cell| width(&cell.verdicts)).max().unwrap_or(0);
    let stored = cells.iter().map(|cell| range(cell).len()).max().unwrap_or(0);
    let mut rest = cells;
    while let Some(first) = rest.first() {
        let block = rest.iter().take_while(|cell| cell.row == first.row).count();
        let (cells, after) = rest.split_at(block);
        rest = after;
        writeln!(to, "{}", first.row())?;
        writeln!(
            to,
            "  {:<SERVER$} {:<verdict$} {:>stored$}  {:<TOLD$} last reply / what the user saw",
            "on_reset on host", "verdict", "stored", "told"
        )?;
        for row in rows(cells) {
            line(to, &row, (verdict, stored))?;
        }
        writeln!(to)?;
    }
    Ok(())
}

/// Servers with the same outcome.
struct MatrixRow<'a> {
    on_reset: Vec<&'static str>,
    hosts: Vec<&'static str>,
    cell: &'a Cell,
}

/// The rows of a client: first the hosts with the same outcome for an `on_reset` are merged, then the
/// values of `on_reset` with the same hosts and the same outcome.
fn rows(cells: &[Cell]) -> Vec<MatrixRow<'_>> {
    let mut rows: Vec<MatrixRow<'_>> = Vec::new();
    for cell in cells {
        let same =
            |row: &&mut MatrixRow<'_>| row.on_reset == [cell.on_reset] && alike(row.cell, cell);
        match rows.iter_mut().find(same) {
            Some(row) => row.hosts.push(cell.host),
            None => {
                let (on_reset, hosts) = (vec![cell.on_reset], vec![cell.host]);
                rows.push(MatrixRow { on_reset, hosts, cell });
            }
        }
    }
    let mut merged: Vec<MatrixRow<'_>> = Vec::new();
    for row in rows {
        let same =
            |other: &&mut MatrixRow<'_>| other.hosts == row.hosts && alike(other.cell, row.cell);
        match merged.iter_mut().find(same) {
            Some(other) => other.on_reset.extend(row.on_reset),
            None => merged.push(row),
        }
    }
    merged
}

/// Whether two cells have the same outcome.
fn alike(one: &Cell, other: &Cell) -> bool {
    let seen = |outcome: &Outcome| {
        let worst = outcome.worst()?;
        Some((worst.stored, worst.told, worst.reply.clone(), worst.client.clone()))
    };
    let counted = |cell: &Cell| (cell.stored, cell.told.clone(), cell.same_words);
    one.verdicts == other.verdicts
        && counted(one) == counted(other)
        && seen(&one.example) == seen(&other.example)
}

/// The bytes stored: a range where the seeds differ.
fn range(cell: &Cell) -> String {
    let sent = cell.example.worst().map_or(0, |worst| worst.sent);
    match cell.stored {
        (least, most) if least == most => format!("{least} of {sent}"),
        (least, most) => format!("{least}..={most} of {sent}"),
    }
}

/// The answers to the user, the most frequent answer first.
fn answers(cell: &Cell) -> String {
    let mut told: Vec<_> = cell.told.iter().collect();
    told.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    told.into_iter().map(|(word, _)| told_word(*word)).collect::<Vec<_>>().join("/")
}

/// Writes a row; `widths` are the columns of the verdict and of the stored bytes.
fn line(
    to: &mut impl fmt::Write,
    row: &MatrixRow<'_>,
    (verdict, stored): (usize, usize),
) -> fmt::Result {
    let outcome = &row.cell.example;
    let any = |names: &[&str], all: usize| match names.len() == all {
        true => "any".to_owned(),
        false => names.join(", "),
    };
    let on_reset = any(&row.on_reset, on_reset().count());
    let hosts = any(&row.hosts, HOSTS.len());
    let server = format!("{on_reset} on {hosts}");
    let Some(worst) = outcome.worst() else { return Ok(()) };
    write!(to, "  {server:<SERVER$} ")?;
    verdicts(to, &row.cell.verdicts)?;
    write!(to, "{:1$}", "", verdict - width(&row.cell.verdicts))?;
    let (range, told) = (range(row.cell), answers(row.cell));
    let mut saw = match worst.client == worst.reply {
        true => worst.reply.clone(),
        false => format!("{} / {}", worst.reply, worst.client),
    };
    if !row.cell.same_words {
        saw.push_str(&format!(" (seed {}; others differ)", outcome.seed));
    }
    writeln!(to, " {range:>stored$}  {told:<TOLD$} {saw}")
}

/// Writes the name of a single verdict, or the number of seeds of each verdict, the worst first. The rest
/// of the line is about the first seed with the worst verdict.
fn verdicts(to: &mut impl fmt::Write, counts: &BTreeMap<Verdict, u64>) -> fmt::Result {
    for (index, (verdict, count)) in counts.iter().enumerate() {
        let style = style(*verdict);
        let between = if index == 0 { "" } else { ", " };
        write!(to, "{between}{style}{verdict}{style:#}{}", shown(counts, *count))?;
    }
    Ok(())
}

/// The number of seeds, or nothing for a single run.
fn shown(counts: &BTreeMap<Verdict, u64>, count: u64) -> String {
    match counts.values().sum() {
        1 => String::new(),
        _ => format!(" {count}"),
    }
}

/// The number of columns written by `verdicts`.
fn width(counts: &BTreeMap<Verdict, u64>) -> usize {
    let one = |(verdict, count): (&Verdict, &u64)| {
        verdict.name().len() + shown(counts, *count).len() + ", ".len()
    };
    counts.iter().map(one).sum::<usize>() - ", ".len()
}

/// The matrix for a script. `changes` are the keys that every cell sets, and `reproduce` returns the command
/// line of a cell's example.
#[must_use]
pub(crate) fn object(
    cells: &[Cell],
    changes: &[String],
    reproduce: impl Fn(&Cell) -> String,
) -> Value {
    let cell = |cell: &Cell| {
        let verdicts: serde_json::Map<_, _> = cell
            .verdicts
            .iter()
            .map(|(verdict, count)| (verdict.name().to_owned(), json!(count)))
            .collect();
        let told = cell.told.iter();
        let told: serde_json::Map<_, _> =
            told.map(|(word, count)| (told_word(*word).to_owned(), json!(count))).collect();
        let reproduce = reproduce(cell);
        let (scenario, outcome) = (&cell.scenario, &cell.example);
        let because = cell.because.as_deref();
        let run = ShownRun { scenario, outcome, reproduce: &reproduce, because };
        json!({
            "row": cell.row(),
            "column": cell.column(),
            "verdicts": verdicts,
            "stored": { "least": cell.stored.0, "most": cell.stored.1 },
            "told": told,
            "example": run.record(),
        })
    };
    json!({ "changes": changes, "cells": cells.iter().map(cell).collect::<Vec<_>>() })
}
