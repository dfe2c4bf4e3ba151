//! `report` says what a run came to: to a person in a dozen lines, to a script as JSON, and packet
//! by packet as a ladder. It only reads; what it prints is decided here, never what happened.

mod explore_report;
mod json;
pub mod ladder;
mod matrix_report;
mod summary;
mod sweep_report;

pub use crate::judge::expectation::{lawful, told, unmet};
pub use explore_report::{
    Exploration, ExploredArm, object as explore_json, scope_name, table as explore_table,
};
pub use json::run as json;
pub use ladder::{excerpt as shrunk_lines, last_lines};
pub use matrix_report::{object as matrix_json, table as matrix};
pub use summary::{ShownRun, ended, summary};
pub use sweep_report::{SweepReport, object as sweep_json, rate, table as sweep_table};

use anstyle::{AnsiColor, Style};

use crate::verdict::Verdict;

/// How a terminal shows a verdict: what loses data without a word is loudest.
#[must_use]
pub fn style(verdict: Verdict) -> Style {
    let color = match verdict {
        Verdict::Corrupt | Verdict::SilentTruncation => AnsiColor::Red,
        Verdict::Stuck => AnsiColor::Magenta,
        Verdict::Truncated | Verdict::FalseAlarm => AnsiColor::Yellow,
        Verdict::Intact => AnsiColor::Green,
    };
    let style = color.on_default();
    if verdict <= Verdict::SilentTruncation { style.bold() } else { style }
}
