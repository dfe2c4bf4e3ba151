//! `matrix` runs a scenario once for each pair of a client and a server: who ends the data
//! connection how, and what the other side makes of it. A cell is the scenario with a few keys set.

use std::collections::BTreeMap;

use halfclose_ftp::Close;

use crate::outcome::Outcome;
use crate::scenario::{InvalidSetting, Profile, Scenario, ServerSetup};
use crate::search::{Lockstep, Seeds, Stop};
use crate::verdict::Verdict;
use crate::workload::Workload;

/// A key and its value, as `-s` takes them.
pub type Setting = (&'static str, &'static str);

/// The clients of Q123208, then every way to end the data connection.
fn rows() -> impl Iterator<Item = Setting> {
    let profiles = Profile::WORDS.iter().map(|(word, _)| ("client.profile", *word));
    profiles.chain(Close::WORDS.iter().map(|(word, _)| ("client.close", *word)))
}

/// What the server makes of a reset.
pub fn on_reset() -> impl Iterator<Item = &'static str> {
    ServerSetup::ON_RESET.iter().filter(|(_, it)| it.is_some()).map(|(word, _)| *word)
}

/// What its host makes of one.
pub const HOSTS: [&str; 4] = ["linux", "smoltcp", "winsock", "wfw311"];

/// The disk of every cell, unless the scenario has a slow one already: a host that flushes unread
/// bytes at a reset destroys nothing that was read before.
pub const STORE_RATE: Setting = ("server.store_rate", "200KB/s");

/// One pair of a client and a server.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What sets the client.
    pub row: Setting,
    /// What the server makes of a reset.
    pub on_reset: &'static str,
    /// What its host makes of one.
    pub host: &'static str,
    /// The scenario of this cell.
    pub scenario: Scenario,
    /// The keys that make it of the base scenario.
    pub settings: Vec<Setting>,
    /// How many seeds came to each verdict.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// The first run of the worst verdict.
    pub example: Outcome,
}

impl Cell {
    /// Its row's name in JSON.
    #[must_use]
    pub fn row(&self) -> String {
        format!("{}={}", self.row.0, self.row.1)
    }

    /// Its column's name in JSON.
    #[must_use]
    pub fn column(&self) -> String {
        format!("server.on_reset={} server.host={}", self.on_reset, self.host)
    }
}

/// Run every cell over `seeds`, and hand each over as it is ready.
///
/// # Errors
/// The scenario does not take a key of the matrix.
///
/// # Panics
/// If `seeds` is empty.
pub fn cells(
    base: &Scenario,
    workload: &Workload,
    seeds: Seeds,
    mut ready: impl FnMut(Cell),
) -> Result<(), InvalidSetting> {
    for row in rows() {
        for on_reset in on_reset() {
            for host in HOSTS {
                ready(cell(base, workload, seeds, row, on_reset, host)?);
            }
        }
    }
    Ok(())
}

fn cell(
    base: &Scenario,
    workload: &Workload,
    seeds: Seeds,
    row: Setting,
    on_reset: &'static str,
    host: &'static str,
) -> Result<Cell, InvalidSetting> {
    let mut settings = vec![row, ("server.on_reset", on_reset), ("server.host", host)];
    if base.server.store_rate.is_none() {
        settings.push(STORE_RATE);
    }
    let mut scenario = base.clone();
    for (key, value) in &settings {
        scenario.set(key, value)?;
    }
    let runs = u64::try_from(seeds.count()).unwrap_or(u64::MAX);
    let mut lockstep = Lockstep::new(&scenario, workload, runs);
    let mut verdicts = BTreeMap::new();
    let mut example: Option<Outcome> = None;
    let named = |seed| format!("it was the run of seed {seed} with {settings:?}");
    lockstep.run_seeds(seeds.iter(), &Stop::never(), named, |outcome| {
        *verdicts.entry(outcome.verdict).or_insert(0) += 1;
        if example.as_ref().is_none_or(|example| outcome.verdict < example.verdict) {
            example = Some(outcome.clone());
        }
    });
    drop(lockstep);
    let example = example.expect("a range of seeds is not empty");
    Ok(Cell { row, on_reset, host, scenario, settings, verdicts, example })
}
