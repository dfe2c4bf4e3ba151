//! `halfclose matrix` runs a scenario for each pair of a client and a server.

use std::io::Write;
use std::num::NonZeroUsize;

use crate::cli::args::MatrixArgs;
use crate::cli::page_file::PageFile;
use crate::cli::search_bar::{SearchBar, cut_short, interrupted};
use crate::cli::selection::Selection;
use crate::cli::{CommandError, Status};
use crate::report;
use crate::report::page::{matrix_page, matrix_svg, picture};
use crate::search::matrix::Cell;
use crate::search::matrix::changes;
use crate::search::{SearchProgress, matrix};

pub(in crate::cli) fn execute(
    args: MatrixArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let keeps = args.what.keep_expect;
    let selection = Selection::new(args.what)?;
    selection.check_memory(args.jobs.map_or(0, NonZeroUsize::get))?;
    let scenario = &selection.scenario;
    if let Some((key, text)) = scenario.open_keys().into_iter().next() {
        let problem = format!("{key}: has several values ({text}), and a matrix takes one");
        return Err(CommandError::Input(problem));
    }
    let page = args.report.as_deref();
    let is_picture = page.is_some_and(|path| path.extension().is_some_and(|end| end == "svg"));
    let page = PageFile::create(page, &["html", "svg"], &selection)?;
    let mut search = matrix(scenario, args.seeds);
    let pairs = search.size();
    if page.is_some() && !is_picture {
        search = search.with_other_disks();
    }
    let all = search.size();
    let bar = SearchBar::new(all as u64, "matrix");
    let reached = |reached: SearchProgress| bar.at(reached);
    let jobs = args.jobs.map_or(0, NonZeroUsize::get);
    search = search.jobs(jobs).stop(interrupted());
    if let Some(time) = args.max_time {
        search = search.max_time(time);
    }
    if args.json {
        search = search.explained(report::because);
    }
    let mut all_cells = search.progress(&reached).run()?;
    bar.clear();
    if keeps {
        all_cells.iter_mut().for_each(|cell| cell.scenario.expect.clone_from(&scenario.expect));
    }
    let cells = &all_cells[..pairs.min(all_cells.len())];
    let changes = changes(scenario);
    let reproduce = |cell: &Cell| reproduce(&selection.words, cell);
    if let Some(page) = page {
        match is_picture {
            true => page.write(&picture(&matrix_svg::markup(cells, &|_| None)))?,
            false => {
                let text = matrix_page::text(&selection.words, &all_cells, pairs, &reproduce);
                page.write(&text.map_err(CommandError::input)?)?;
            }
        }
    }
    if args.json {
        writeln!(out, "{}", report::matrix_json(cells, &changes, reproduce))?;
    } else {
        let mut text = String::new();
        let (each, words) = (changes.join(", "), &selection.words);
        writeln!(out, "{words}: each pair sets {each}; the rest is the scenario's\n")?;
        report::matrix(&mut text, cells).expect("a String takes everything");
        write!(out, "{text}")?;
        if let Some(cell) = cells.first() {
            writeln!(out, "To run a single pair, for example the first: {}", reproduce(cell))?;
        }
    }
    if all_cells.len() == all {
        return Ok(Status::AsExpected);
    }
    let what = if all == pairs { "pairs" } else { "pairs with a disk" };
    let done = format!("{} of {all} {what}", all_cells.len());
    Ok(cut_short(err, &done)?.unwrap_or(Status::AsExpected))
}

/// The command line that repeats the example of a cell: the first run of the worst verdict.
fn reproduce(words: &str, cell: &Cell) -> String {
    let settings = cell.settings.iter().map(|(key, value)| format!(" -s {key}={value}"));
    let settings: String = settings.collect();
    format!("halfclose run {words}{settings} --seed {}", cell.example.seed)
}
