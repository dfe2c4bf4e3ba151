//! `matrix` runs a scenario for each pair of a client and a server: each way to end the data connection,
//! with each reaction of the server to a reset. A cell is the scenario with a few keys set.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use halfclose_ftp::{Close, Told};

use crate::network::trace::Recording;
use crate::outcome::Outcome;
use crate::run::{Finished, RunError, Unlike, run_loaded};
#[cfg(feature = "cli")]
use crate::scenario::keys::KEYS;
use crate::scenario::{Profile, Scenario, ServerSetup};
use crate::search::classes::{ClassRunner, Making};
use crate::search::limits::{Limits, bounded, threaded};
use crate::search::pool::{IfPanicking, Pool};
use crate::search::{SearchProgress, Seeds, Stop};
use crate::verdict::Verdict;
use crate::workload::Workload;

/// A key and its value, as `-s` takes them.
pub type Setting = (&'static str, &'static str);

/// The clients of Q123208, then every way to end the data connection.
fn rows() -> impl Iterator<Item = Setting> {
    let profiles = Profile::WORDS.iter().map(|(word, _)| ("client.profile", *word));
    profiles.chain(Close::WORDS.iter().map(|(word, _)| ("client.close", *word)))
}

/// The values of `server.on_reset`: the reaction of the server program to a reset.
pub fn on_reset() -> impl Iterator<Item = &'static str> {
    ServerSetup::ON_RESET.iter().filter(|(_, it)| it.is_some()).map(|(word, _)| *word)
}

/// The values of `server.host`: the reaction of the server's host to a reset.
pub const HOSTS: [&str; 4] = ["linux", "smoltcp", "winsock", "wfw311"];

/// The disk of every cell, unless the scenario has a slow one already: a host that flushes unread
/// bytes at a reset destroys nothing that was read before.
pub const STORE_RATE: Setting = ("server.store_rate", "200KB/s");

/// The other disks of a what-if page: a disk that takes all bytes at once, and a very slow disk.
#[cfg(feature = "cli")]
const OTHER_DISKS: [Setting; 2] = [("server.store_rate", "none"), ("server.store_rate", "20KB/s")];

/// The keys that the matrix sets in `scenario`; a key that is equal in every cell has its value.
#[cfg(feature = "cli")]
pub(crate) fn changes(scenario: &Scenario) -> Vec<String> {
    let mut rows: Vec<_> = rows().map(|(key, _)| key).collect();
    rows.dedup();
    let mut changes = vec![rows.join(" or "), "server.on_reset".into(), "server.host".into()];
    changes.extend(store_rate(scenario).map(|(key, value)| format!("{key}={value}")));
    changes
}

/// The setting of the disk, where the scenario has none.
fn store_rate(scenario: &Scenario) -> Option<Setting> {
    scenario.server.store_rate.is_none().then_some(STORE_RATE)
}

/// One pair of a client and a server.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The setting of the client.
    pub row: Setting,
    /// The value of `server.on_reset`.
    pub on_reset: &'static str,
    /// The value of `server.host`.
    pub host: &'static str,
    /// The setting of the disk; `None`: the disk of the base scenario.
    pub disk: Option<Setting>,
    /// The scenario of this cell.
    pub scenario: Scenario,
    /// The settings that turn the base scenario into the scenario of this cell.
    pub settings: Vec<Setting>,
    /// The number of seeds with each verdict.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// The least and the most bytes stored by the worst transfer of a run.
    pub stored: (u64, u64),
    /// How many runs gave the user each answer about the worst transfer.
    pub told: BTreeMap<Told, u64>,
    /// Whether the server's last reply and the client's last text were equal in all runs.
    pub same_words: bool,
    /// The first run of the worst verdict.
    pub example: Outcome,
    /// Why the worst transfer of the example ended as it did, if the matrix was asked.
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "the command line asks"))]
    pub(crate) because: Option<String>,
}

/// Says why the worst transfer of a run, recorded with packets, ended as it did.
type Explains = fn(&Finished) -> Option<String>;

impl Cell {
    /// The name of the cell's row in JSON.
    #[must_use]
    pub fn row(&self) -> String {
        format!("{}={}", self.row.0, self.row.1)
    }

    /// The name of the cell's column in JSON.
    #[must_use]
    pub fn column(&self) -> String {
        format!("server.on_reset={} server.host={}", self.on_reset, self.host)
    }

    /// The rate of the server's disk, as a setting is written.
    #[cfg(feature = "cli")]
    pub(crate) fn rate(&self) -> String {
        let key = KEYS.iter().find(|key| key.name == STORE_RATE.0);
        let values = key.map(|key| key.values(&self.scenario)).unwrap_or_default();
        values.into_iter().next().map(|(_, value)| value).unwrap_or_default()
    }
}

/// The setting of the client, and the values of `server.on_reset` and `server.host`.
type Pair = (Setting, (&'static str, &'static str));

/// A question of the matrix, and the setting by which a cell answers the question.
#[cfg(feature = "cli")]
pub(crate) type Axis = (&'static str, fn(&Cell) -> Option<Setting>);

/// The axes of the matrix, and the axis of the disks.
#[cfg(feature = "cli")]
pub(crate) const AXES: [Axis; 4] = [
    ("Who closes how?", |cell| Some(cell.row)),
    ("What does the server do with a reset?", |cell| Some(("server.on_reset", cell.on_reset))),
    ("Which host has the server?", |cell| Some(("server.host", cell.host))),
    ("Which disk has the server?", |cell| cell.disk),
];

/// Every client with every server: all values of `server.on_reset` and `server.host`.
fn pairs() -> impl Iterator<Item = Pair> {
    rows().flat_map(|row| {
        let servers = move |on_reset| HOSTS.map(|host| (row, (on_reset, host)));
        on_reset().flat_map(servers)
    })
}

/// A matrix that has not begun: a scenario, the seeds of each cell, and the options of [`matrix`].
#[derive(Clone, Debug)]
pub struct Matrix<'a> {
    scenario: &'a Scenario,
    seeds: Seeds,
    /// The disks: every pair is run with each of the disks, the disk of the matrix first.
    disks: Vec<Option<Setting>>,
    explains: Option<Explains>,
    limits: Limits<'a>,
}

/// Prepares runs of `scenario` for every pair of a client and a server, with each of these seeds.
///
/// [`run`](Matrix::run) makes the runs and counts the verdicts of each cell.
#[must_use]
pub fn matrix(scenario: &Scenario, seeds: impl Into<Seeds>) -> Matrix<'_> {
    let disks = vec![store_rate(scenario)];
    Matrix { scenario, seeds: seeds.into(), disks, explains: None, limits: Limits::default() }
}

bounded!(Matrix);
threaded!(Matrix);

impl Matrix<'_> {
    /// Makes the runs of every pair with other disks too, behind the cells of the matrix.
    #[cfg(feature = "cli")]
    #[must_use]
    pub(crate) fn with_other_disks(mut self) -> Self {
        let own = self.scenario.server.store_rate;
        let other = |(key, value): &Setting| {
            let mut scenario = self.scenario.clone();
            let varied = scenario.vary([format!("{key}={value}").as_str()]);
            varied.expect("the matrix has keys and words of the key table");
            own.is_none() || scenario.server.store_rate != own
        };
        self.disks.extend(OTHER_DISKS.into_iter().filter(other).map(Some));
        self
    }

    /// Asks this function about the example of each cell.
    #[cfg(feature = "cli")]
    #[must_use]
    pub(crate) fn explained(mut self, explains: Explains) -> Self {
        self.explains = Some(explains);
        self
    }

    /// The number of cells of the whole matrix.
    #[must_use]
    pub fn size(&self) -> usize {
        pairs().count() * self.disks.len()
    }

    /// Makes the runs. Returns the cells in order, without the cells whose runs were not all made
    /// before the search ended early.
    ///
    /// # Errors
    /// A key of the scenario has a list or a range of values, or a file of the scenario cannot be
    /// read or has changed meanwhile.
    pub fn run(&self) -> Result<Vec<Cell>, RunError> {
        if let Some((key, values)) = self.scenario.open_keys().into_iter().next() {
            return Err(RunError::SeveralValues { key, values });
        }
        let workload = Workload::load(self.scenario)?;
        let stop = &self.limits.start();
        let (mut cells, mut runs, all) = (Vec::new(), 0, self.size() as u64);
        let disks = self.disks.iter();
        let mut pairs = disks.flat_map(|disk| pairs().map(move |pair| (*disk, pair)));
        let mut unlike = None;
        Pool { jobs: self.limits.jobs(), stop }.run(
            || pairs.next(),
            || (),
            |(), (disk, pair)| self.cell(&workload, stop, disk, pair),
            |cell: Result<Option<Cell>, Box<Unlike>>| {
                let cell = cell.unwrap_or_else(|difference| {
                    unlike = Some(difference);
                    None
                });
                let Some(cell) = cell else { return ControlFlow::Break(()) };
                runs += cell.verdicts.values().sum::<u64>();
                cells.push(cell);
                let done = cells.len() as u64;
                self.limits.report(SearchProgress { runs, resumed: 0, done, all, faults: 0 });
                ControlFlow::Continue(())
            },
        );
        workload.verify()?;
        unlike.map_or(Ok(cells), |unlike| Err(unlike.into()))
    }

    /// The runs of one cell; `None` if the search ended before the last run.
    fn cell(
        &self,
        workload: &Workload,
        stop: &Stop<'_>,
        disk: Option<Setting>,
        (row, (on_reset, host)): Pair,
    ) -> Result<Option<Cell>, Box<Unlike>> {
        let mut settings = vec![row, ("server.on_reset", on_reset), ("server.host", host)];
        settings.extend(disk);
        let mut scenario = self.scenario.clone();
        let words: Vec<_> = settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let varied = scenario.vary(words.iter().map(String::as_str));
        varied.expect("the matrix has keys and words of the key table");
        let runs = u64::try_from(self.seeds.count()).unwrap_or(u64::MAX);
        let (mut verdicts, mut told) = (BTreeMap::new(), BTreeMap::new());
        let (mut stored, mut same_words) = ((u64::MAX, 0), true);
        let mut example: Option<Outcome> = None;
        let named = |seed| format!("it was the run of seed {seed} with {settings:?}");
        let mut count = |outcome: &Outcome| {
            *verdicts.entry(outcome.verdict).or_insert(0) += 1;
            let worst = outcome.worst().expect("a scenario moves a file (`Scenario::check`)");
            *told.entry(worst.told).or_insert(0) += 1;
            stored = (stored.0.min(worst.stored), stored.1.max(worst.stored));
            let first = example.as_ref().and_then(Outcome::worst).unwrap_or(worst);
            same_words &= (&first.reply, &first.client) == (&worst.reply, &worst.client);
            if example.as_ref().is_none_or(|example| outcome.verdict < example.verdict) {
                example = Some(outcome.clone());
            }
        };
        let recorded = |seed| {
            let _named = IfPanicking(|| named(seed));
            run_loaded(&scenario, workload, seed, Recording::Headers)
        };
        let mut because = None;
        let whole = match (self.explains, runs) {
            // The only run is the example: made once, with packets.
            (Some(explains), 1) if !stop.is_set() => {
                let seed = self.seeds.iter().next().expect("there is one seed");
                let finished = recorded(seed);
                count(&finished.outcome);
                because = explains(&finished);
                true
            }
            _ => {
                let mut runner = ClassRunner::new(&scenario, workload, runs, 0, Making::default());
                runner.run_seeds(self.seeds.iter(), stop, named, |outcome, _| count(outcome))?
            }
        };
        let example = example.filter(|_| whole);
        if let (Some(explains), Some(example), 2..) = (self.explains, &example, runs) {
            because = explains(&recorded(example.seed));
        }
        Ok(example.map(|example| Cell {
            row,
            on_reset,
            host,
            disk,
            scenario,
            settings,
            verdicts,
            stored,
            told,
            same_words,
            example,
            because,
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn threads_change_no_cell_and_a_stop_keeps_whole_cells() {
        let scenario = Scenario::catalogue("q123208").expect("it is in the catalogue");
        let cells = |jobs| matrix(&scenario, 0..2).jobs(jobs).run().expect("nothing is read");
        let digest = |cells: &[Cell]| -> Vec<_> {
            cells.iter().map(|cell| (cell.row(), cell.column(), cell.example.digest)).collect()
        };
        let whole = cells(1);
        assert_eq!(whole.len(), 200);
        assert_eq!(digest(&cells(3)), digest(&whole));
        let stop = AtomicBool::new(false);
        let listener = |progress: SearchProgress| {
            stop.store(progress.done >= 5, Ordering::Relaxed);
        };
        let some = matrix(&scenario, 0..2).jobs(2).stop(&stop).progress(&listener).run();
        let some = some.expect("nothing is read");
        assert!((5..200).contains(&some.len()), "{} cells", some.len());
        assert_eq!(digest(&some), digest(&whole)[..some.len()]);
        assert!(some.iter().all(|cell| cell.verdicts.values().sum::<u64>() == 2));
    }
    /// The question about an example sees the example's packets, with one seed and with several.
    #[cfg(feature = "cli")]
    #[test]
    fn examples_are_explained_by_their_packets() {
        let packets = |finished: &Finished| Some(finished.trace.packets().count().to_string());
        let mut scenario = Scenario::catalogue("q123208").expect("it is in the catalogue");
        scenario.vary(["link.loss=5%"]).expect("a sound setting");
        for seeds in [5..6, 4..6] {
            let plain = matrix(&scenario, seeds.clone()).run().expect("nothing is read");
            let cells = matrix(&scenario, seeds).explained(packets).run().expect("nothing is read");
            assert_eq!(cells.len(), plain.len());
            for (cell, plain) in cells.iter().zip(&plain) {
                assert_eq!(
                    (plain.example.digest, &plain.verdicts),
                    (cell.example.digest, &cell.verdicts)
                );
                let counts = cell.example.packets;
                let all = (counts.client + counts.server).to_string();
                assert_eq!(cell.because, Some(all), "{:?}", cell.settings);
                assert_eq!(plain.because, None);
            }
        }
    }
}
