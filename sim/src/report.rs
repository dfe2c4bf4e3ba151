//! `report` prints results: a run in a dozen lines or as JSON, a trace packet by packet, and the counts of
//! a search. The module only reads results.

#[cfg(all(feature = "net", target_os = "linux"))]
mod bridge_report;
#[cfg(feature = "report")]
mod byte_account;
#[cfg(feature = "cli")]
mod coverage_report;
#[cfg(feature = "cli")]
mod explore_report;
pub mod ladder;
#[cfg(feature = "cli")]
mod matrix_report;
#[cfg(feature = "report")]
pub(crate) mod page;
#[cfg(any(feature = "cli", feature = "report"))]
mod shown_run;
#[cfg(feature = "cli")]
mod summary;
#[cfg(feature = "cli")]
mod sweep_report;
#[cfg(feature = "cli")]
mod terminal_trace;
#[cfg(feature = "report")]
mod timeline;
#[cfg(feature = "cli")]
mod verdict_style;

#[cfg(feature = "cli")]
pub(crate) use crate::judge::expectation::unmet;
pub(crate) use crate::judge::expectation::{ended, told};
pub(crate) use ladder::{excerpt as shrunk_lines, last_lines};

#[cfg(all(feature = "net", target_os = "linux"))]
pub(crate) use bridge_report::{BridgedRun, object as bridge_json, text as bridge};
#[cfg(any(feature = "cli", feature = "report"))]
pub(crate) use shown_run::{ShownRun, because};
#[cfg(feature = "cli")]
pub(crate) use {
    coverage_report::{object as coverage_json, table as coverage_table},
    explore_report::{
        Exploration, ExploredArm, object as explore_json, scope_name, table as explore_table,
    },
    matrix_report::{object as matrix_json, table as matrix},
    summary::summary,
    sweep_report::{SweepReport, object as sweep_json, rate, table as sweep_table},
    terminal_trace::trace as terminal_trace,
    verdict_style::style,
};
