//! `matrix_page` is the page of a matrix: the picture of all cells, and the ladder of a run for each cell.

use std::collections::BTreeMap;

use maud::html;

use crate::network::trace::Recording;
use crate::report::page::search_pages::{matrix_svg, run_card};
use crate::report::page::{document, legend, section};
use crate::run::run_loaded;
use crate::search::matrix::Cell;
use crate::verdict::Verdict;
use crate::workload::{Unreadable, Workload};

/// The page of a matrix. `title` says which scenario, and `reproduce` returns the command line of a cell's
/// example. Cells whose examples have equal digests share a ladder.
///
/// # Errors
/// A file of the scenario cannot be read.
pub(crate) fn text(
    title: &str,
    cells: &[Cell],
    reproduce: &dyn Fn(&Cell) -> String,
) -> Result<String, Unreadable> {
    let mut places: BTreeMap<u128, usize> = BTreeMap::new();
    let mut examples: Vec<&Cell> = Vec::new();
    for cell in cells {
        places.entry(cell.example.digest).or_insert_with(|| {
            examples.push(cell);
            examples.len() - 1
        });
    }
    let mut cards = Vec::new();
    for cell in &examples {
        let workload = Workload::load(&cell.scenario)?;
        let seed = cell.example.seed;
        let finished = run_loaded(&cell.scenario, &workload, seed, Recording::Headers);
        cards.push(run_card(&finished, &reproduce(cell)));
    }
    let name = |cell: &Cell| places.get(&cell.example.digest).map(|place| format!("run{place}"));
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    for cell in cells {
        *counts.entry(cell.example.verdict).or_default() += 1;
    }
    let counts: Vec<_> =
        counts.iter().map(|(verdict, count)| format!("{count} are {verdict}")).collect();
    let says = format!(
        "Each row is a client and each column a server: of {} pairs {}. A cell leads to the ladder of a \
         run.",
        cells.len(),
        counts.join(", ")
    );
    let body = html! {
        header { h1 { (title) } }
        main {
            (section("matrix", "Who closes how, against what the server does", &says, &html! {
                div.wide { (matrix_svg::markup(cells, &name)) }
            }))
            section id="runs" {
                h2 { "The run of a cell" }
                p.says { "Choose a cell: the ladder of the worst run appears here." }
                @for ((place, card), cell) in cards.iter().enumerate().zip(&examples) {
                    div.card id={ "run" (place) } {
                        h3 { (cell.row()) " against " (cell.column()) }
                        (card)
                        p { a href="#matrix" { "Back to the matrix" } }
                    }
                }
                (legend())
            }
        }
    };
    Ok(document(title, "", &body))
}
