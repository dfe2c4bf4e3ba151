//! `matrix_page` is the page of a matrix: switches that choose a run, and the picture of all cells.

use std::collections::BTreeMap;

use maud::html;

use crate::report::page::search_pages::matrix_svg::{self, CellLink};
use crate::report::page::search_pages::what_if::WhatIf;
use crate::report::page::{document, legend, section};
use crate::search::matrix::Cell;
use crate::verdict::Verdict;
use crate::workload::Unreadable;

/// The style of this page alone.
const STYLE: &str = include_str!("what_if.css");

/// The page of a matrix. `words` are the scenario and the settings of every cell. The first `drawn` cells
/// are the matrix, and the other cells have other disks. `reproduce` returns the command line of a cell's
/// example.
///
/// # Errors
/// A file of the scenario cannot be read.
pub(crate) fn text(
    words: &str,
    cells: &[Cell],
    drawn: usize,
    reproduce: &dyn Fn(&Cell) -> String,
) -> Result<String, Unreadable> {
    let what_if = WhatIf::new(cells, reproduce)?;
    let matrix = &cells[..drawn.min(cells.len())];
    let link = |cell: &Cell| {
        let (name, choice) = (what_if.name(cell)?, what_if.buttons(cell));
        Some(CellLink { name, choice })
    };
    let (choices, ladders) = what_if.counts();
    let title = format!("matrix {words}");
    let body = html! {
        header {
            h1 { (title) }
            @if let Some(cell) = cells.first() { p.says { (cell.scenario.about) } }
        }
        main {
            (section("what-if", "What if?", &format!(
                "Choose who closes how, what the server does, the host and the disk: the sentences and the \
                 ladder change at once. Behind the {choices} choices stand {ladders} different ladders, \
                 each from a run that was made beforehand. A ladder begins where the data connection \
                 opens; the login before is left out."
            ), &html! {
                (what_if.markup(words))
                (legend())
            }))
            (section("matrix", "All pairs at a glance", &says(matrix), &html! {
                div.wide { (matrix_svg::markup(matrix, &link)) }
            }))
        }
    };
    Ok(document(&title, &format!("{STYLE}{}", what_if.rules()), &body))
}

/// What the picture of the matrix shows.
fn says(cells: &[Cell]) -> String {
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    for cell in cells {
        *counts.entry(cell.example.verdict).or_default() += 1;
    }
    let counts: Vec<_> =
        counts.iter().map(|(verdict, count)| format!("{count} are {verdict}")).collect();
    let rate = cells.first().map(Cell::rate).unwrap_or_default();
    format!(
        "Each row is a client and each column a server with a disk of {rate}: of {} pairs {}. A cell \
         chooses its run above.",
        cells.len(),
        counts.join(", ")
    )
}
