//! `halfclose matrix`: a scenario for each pair of a client and a server.

use std::io::Write;

use crate::cli::args::MatrixArgs;
use crate::cli::selection::Selection;
use crate::cli::{CommandError, Status};
use crate::report;
use crate::search::Seeds;
use crate::search::matrix::{Cell, cells};
use crate::workload::Workload;

/// What `matrix` is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MatrixRequest {
    /// The scenario that every cell varies.
    pub selection: Selection,
    /// The seeds of each cell: at least one.
    pub seeds: Seeds,
    /// One JSON object in place of a table.
    pub json: bool,
}

impl MatrixRequest {
    pub(super) fn new(args: MatrixArgs) -> Result<Self, CommandError> {
        let MatrixArgs { what, seeds, json } = args;
        let selection = Selection::new(what)?;
        if let Some((key, text)) = selection.scenario.open_keys().into_iter().next() {
            let problem = format!("{key}: has several values ({text}), and a matrix takes one");
            return Err(CommandError::Input(problem));
        }
        Ok(Self { selection, seeds, json })
    }

    /// The command that runs a cell's example again.
    fn reproduce(&self, cell: &Cell) -> String {
        let mut words = format!("halfclose run {}", self.selection.words);
        for (key, value) in &cell.settings {
            words.push_str(&format!(" -s {key}={value}"));
        }
        format!("{words} --seed {}", cell.example.seed)
    }
}

pub(in crate::cli) fn execute(
    args: MatrixArgs,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let request = &MatrixRequest::new(args)?;
    let scenario = &request.selection.scenario;
    let workload = Workload::load(scenario).map_err(CommandError::input)?;
    let mut all = Vec::new();
    cells(scenario, &workload, request.seeds, |cell| all.push(cell))
        .map_err(CommandError::input)?;
    workload.verify().map_err(CommandError::input)?;
    if request.json {
        let object = report::matrix_json(&all, |cell| request.reproduce(cell));
        writeln!(out, "{object}")?;
        return Ok(Status::AsExpected);
    }
    let mut text = String::new();
    report::matrix(&mut text, &all).expect("a String takes everything");
    write!(out, "{text}")?;
    if let Some(cell) = all.first() {
        writeln!(out, "Any cell by itself, for example the first: {}", request.reproduce(cell))?;
    }
    Ok(Status::AsExpected)
}
