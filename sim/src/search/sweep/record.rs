//! `record` runs a sweep and writes one line for each run into a results file. A file that already has
//! the first lines of the sweep is continued.

use std::ops::ControlFlow;
use std::path::Path;

use super::{Sweep, SweptRun};
use crate::run::RunError;
use crate::scenario::Choice;
use crate::search::classes::ByClass;
use crate::search::limits::Limits;
use crate::search::results::{
    Format, Identity, Line, LineWriter, Plan, Results, ResultsError, RowTemplate,
};
use crate::search::tally::{Counted, Swept, Tally};
use crate::workload::Workload;

/// A results file, and the words that select the sweep's scenario on the command line.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The path of the results file.
    pub path: &'a Path,
    /// How the file writes a run.
    pub format: Format,
    /// The words behind `halfclose run` that select the scenario, quoted for a shell.
    pub words: &'a str,
}

/// The tally and the lines of some runs.
#[derive(Default)]
struct Lines {
    tally: Tally,
    text: Vec<u8>,
}

/// What one thread keeps from run to run.
#[derive(Default)]
struct Thread {
    lines: LineWriter,
    known: ByClass<(Counted, RowTemplate)>,
}

/// Turns runs into lines.
struct Writer<'w> {
    sweep: &'w Sweep<'w>,
    record: Record<'w>,
    identity: Identity,
}

impl Sweep<'_> {
    /// Makes the runs, writes each as one line of the results file, and counts what they came to. Runs
    /// that the file already has are counted and not made again.
    ///
    /// # Errors
    /// The sweep cannot be run, or the file cannot be written or holds anything but the first lines of
    /// this sweep.
    pub fn run_into(&self, record: Record<'_>) -> Result<Swept, ResultsError> {
        let rows = self.rows()?;
        let mut swept = Swept::new(self.wanted(&rows));
        let scenario = self.scenario();
        let workload = Workload::load(&scenario.pin(0, 0).scenario).map_err(RunError::from)?;
        let identity = Identity::of(scenario, record.words, &workload, self.laws_alone);
        workload.verify().map_err(RunError::from)?;
        let writer = Writer { sweep: self, record, identity };
        let mut results = writer.open(&mut swept)?;
        swept.resumed = swept.runs();
        self.report(&swept);
        let (rest, mut failed) = (self.clone().skip(swept.resumed), None);
        let ready = |point, lines: Lines| {
            if let Err(error) = results.write(&lines.text) {
                failed = Some(error);
                return ControlFlow::Break(());
            }
            swept.merge(point, &lines.tally);
            self.report(&swept);
            ControlFlow::Continue(())
        };
        let add = |thread: &mut Thread, lines: &mut Lines, run: SweptRun<'_>| {
            writer.add(thread, lines, run);
        };
        let made = rest.fold_with(add, ready)?;
        swept.made = made;
        failed.map_or(Ok(swept), Err)
    }

    /// The command line that makes one run again; `words` select the scenario.
    pub(crate) fn reproduce(&self, words: &str, choices: &[Choice], seed: u64) -> String {
        let point: String = self
            .listed(choices)
            .map(|(key, value)| format!(" -s {}", quoted(&format!("{key}={value}"))))
            .collect();
        format!("halfclose run {words}{point} --seed {seed}")
    }

    /// The choices for the keys that have a list of values, without those that the seed draws.
    pub(crate) fn listed<'c>(&self, choices: &'c [Choice]) -> impl Iterator<Item = &'c Choice> {
        let open = self.scenario().open_keys();
        let listed =
            move |key: &str| open.iter().any(|(name, text)| name == key && text.contains(','));
        choices.iter().filter(move |(key, _)| listed(key))
    }

    /// The sweep of the first run alone, which no flag and no time limit ends.
    fn one_run(&self) -> Self {
        Self { limits: Limits::default(), ..self.clone() }.jobs(1).max_runs(1)
    }

    /// The seed of the first run, and the faults of the scenario that met no packet in it.
    #[cfg(feature = "cli")]
    pub(crate) fn unmatched(&self) -> Result<(u64, Vec<String>), RunError> {
        let mut found = (0, Vec::new());
        if self.scenario().faults.is_empty() {
            return Ok(found);
        }
        self.one_run().visit(|_, outcome| {
            found = (outcome.seed, outcome.unmatched_faults.clone());
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }
}

impl Writer<'_> {
    fn add(&self, thread: &mut Thread, lines: &mut Lines, run: SweptRun<'_>) {
        let outcome = run.outcome;
        let count = || Counted::of(outcome, self.sweep.is_expected(outcome));
        let Some(class) = run.class else {
            let counted = count();
            lines.tally.add(&counted);
            return self.write(&mut thread.lines, run, &counted, &mut lines.text);
        };
        let Thread { lines: writer, known } = thread;
        let (counted, row) = known.get_or_make(class, || {
            let counted = count();
            let row = RowTemplate::new(outcome, |outcome, to| {
                self.write(writer, SweptRun { outcome, ..run }, &counted, to);
            });
            (counted, row)
        });
        counted.seed = outcome.seed;
        lines.tally.add(counted);
        row.fill(outcome.seed, outcome.digest, &mut lines.text);
    }

    /// Write the line of a run, which counts as `counted`.
    fn write(
        &self,
        writer: &mut LineWriter,
        run: SweptRun<'_>,
        counted: &Counted,
        to: &mut Vec<u8>,
    ) {
        let outcome = run.outcome;
        let reproduce = self.sweep.reproduce(self.record.words, run.choices, outcome.seed);
        let line = Line {
            identity: &self.identity,
            scenario: run.scenario,
            choices: run.choices,
            outcome,
            counted,
            reproduce: &reproduce,
        };
        writer.write(&line, self.record.format, to);
    }

    /// The line of one run, which is made for it.
    fn line(&self, row: u64) -> Vec<u8> {
        let mut text = Vec::new();
        let first = self.sweep.rows().expect("the runs were counted").start;
        let one = self.sweep.one_run().skip(row - first);
        let add = |thread: &mut Thread, lines: &mut Lines, run: SweptRun<'_>| {
            self.add(thread, lines, run);
        };
        let ready = |_, lines: Lines| {
            text = lines.text;
            ControlFlow::Continue(())
        };
        // Without its file there is no such line, as in a file of another sweep.
        let _ = one.fold_with(add, ready);
        text
    }

    /// Opens the results file behind the lines of this sweep, which are counted.
    fn open(&self, swept: &mut Swept) -> Result<Results, ResultsError> {
        let plan = Plan {
            identity: &self.identity,
            format: self.record.format,
            rows: self.sweep.rows()?,
            seed: &|row| self.sweep.run_of(row).1,
            line: &|row| self.line(row),
        };
        Results::open(self.record.path, &plan, |row, counted| {
            swept.points.entry(self.sweep.run_of(row).0).or_default().add(counted);
        })
    }
}

/// `word` for a shell: unchanged if the shell reads it as one plain word, else in single quotes.
#[must_use]
pub(crate) fn quoted(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_-./:=,%+@".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
