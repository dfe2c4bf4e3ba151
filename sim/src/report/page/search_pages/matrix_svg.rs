//! `matrix_svg` draws a matrix as a picture: a row for each client, a column for each server and host, and
//! in each cell the worst verdict as a sign and a colour.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::report::page::verdict_words::sign;
use crate::search::matrix::{Cell, HOSTS};
use crate::verdict::Verdict;

const CELL: i64 = 40;
const ROW: i64 = 26;
const LEFT: i64 = 276;
const TOP: i64 = 96;

/// The place of a cell in the lists of rows and columns.
struct Grid<'a> {
    rows: Vec<String>,
    servers: Vec<&'a str>,
    cells: BTreeMap<(usize, usize), &'a Cell>,
}

impl<'a> Grid<'a> {
    fn of(cells: &'a [Cell]) -> Self {
        let mut grid = Self { rows: Vec::new(), servers: Vec::new(), cells: BTreeMap::new() };
        for cell in cells {
            let row = place(&mut grid.rows, cell.row());
            let server = place(&mut grid.servers, cell.on_reset);
            let host = HOSTS.iter().position(|host| *host == cell.host).unwrap_or(0);
            grid.cells.insert((row, server * HOSTS.len() + host), cell);
        }
        grid
    }
}

fn place<T: PartialEq>(list: &mut Vec<T>, item: T) -> usize {
    list.iter().position(|known| *known == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    })
}

/// The place in a page that a cell leads to.
pub(crate) struct CellLink {
    /// The name of the element with the run of the cell.
    pub(crate) name: String,
    /// The names of the radio buttons that choose the cell, for the script of the page.
    pub(crate) choice: String,
}

/// The matrix as an element. `link` returns the place that a cell leads to.
pub(crate) fn markup(cells: &[Cell], link: &dyn Fn(&Cell) -> Option<CellLink>) -> Markup {
    let grid = Grid::of(cells);
    let columns = grid.servers.len() * HOSTS.len();
    let (width, height) = (LEFT + number(columns) * CELL + 24, TOP + number(grid.rows.len()) * ROW);
    let height = height + 52;
    html! {
        svg.matrix xmlns="http://www.w3.org/2000/svg" role="group"
            aria-label="Who closes how, against what the server does with a reset"
            viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) {
            rect.paper width=(width) height=(height) {}
            text.muted x=(LEFT - 10) y="18" text-anchor="end" { "on a reset the server does" }
            text.muted x=(LEFT - 10) y=(TOP - 10) text-anchor="end" { "client, and the server's host" }
            @for (server, name) in grid.servers.iter().enumerate() {
                @let x = LEFT + number(server * HOSTS.len()) * CELL;
                text.head x=(x + 2) y="18" { (name) }
                @for (host, name) in HOSTS.iter().enumerate() {
                    @let x = x + number(host) * CELL + CELL / 2 + 4;
                    text x=(x) y=(TOP - 8) transform={ "rotate(-60 " (x) " " (TOP - 8) ")" } { (name) }
                }
            }
            @for (row, name) in grid.rows.iter().enumerate() {
                text x=(LEFT - 10) y=(TOP + number(row) * ROW + 17) text-anchor="end" { (name) }
            }
            @for ((row, column), cell) in &grid.cells {
                (one(cell, (LEFT + number(*column) * CELL, TOP + number(*row) * ROW), link(cell)))
            }
            (key(TOP + number(grid.rows.len()) * ROW + 30))
        }
    }
}

/// A cell: the worst verdict; with several seeds also the number of verdicts.
fn one(cell: &Cell, (x, y): (i64, i64), link: Option<CellLink>) -> Markup {
    let verdict = cell.example.verdict;
    let counts: Vec<_> =
        cell.verdicts.iter().map(|(verdict, count)| format!("{verdict} {count}")).collect();
    let worst = cell.example.worst();
    let stored = worst.map(|worst| format!("stored {} of {}", worst.stored, worst.sent));
    let saw = worst.map(|worst| worst.client.clone()).unwrap_or_default();
    let several = if cell.verdicts.len() > 1 { "+" } else { "" };
    let inner = html! {
        title {
            (cell.row()) ", " (cell.column()) ": " (counts.join(", ")) "; "
            (stored.unwrap_or_default()) "; the user saw: " (saw)
        }
        rect class={ "v-" (verdict.name()) } x=(x + 1) y=(y + 1) width=(CELL - 2) height=(ROW - 2) {}
        text x=(x + CELL / 2) y=(y + 17) text-anchor="middle" { (sign(verdict)) (several) }
    };
    match link {
        Some(CellLink { name, choice }) => html! {
            a.cell href={ "#" (name) } data-choice=(choice) { (inner) }
        },
        None => html! { g.cell { (inner) } },
    }
}

/// The signs of the verdicts, in a row.
fn key(y: i64) -> Markup {
    let mut x = 20;
    html! {
        @for (verdict, x) in Verdict::ALL.map(|verdict| {
            let at = x;
            x += 64 + 7 * number(verdict.name().len());
            (verdict, at)
        }) {
            g.cell {
                rect class={ "v-" (verdict.name()) } x=(x) y=(y - 16) width="30" height="22" {}
                text x=(x + 15) y=(y) text-anchor="middle" { (sign(verdict)) }
            }
            text x=(x + 38) y=(y) { (verdict.name()) }
        }
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX / 64)
}
