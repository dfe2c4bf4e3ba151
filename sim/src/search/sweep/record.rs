//! `record` runs a sweep and keeps the results in files: a line for each run, and a summary from which
//! the sweep continues and the summaries of shards add up.

use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Sweep, SweptRun};
use crate::run::RunError;
use crate::scenario::Choice;
use crate::search::classes::ByClass;
use crate::search::limits::{Limits, now};
use crate::search::results::{
    Counts, Files, Format, Identity, Line, LineWriter, Lock, Plan, Results, ResultsError,
    RowTemplate, ShardFile, SweepCounts,
};
use crate::search::tally::{Counted, Swept, Tally};
use crate::verdict::Verdict;
use crate::workload::Workload;

/// The runs that have a line in a results file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rows {
    /// Every run has a line.
    #[default]
    All,
    /// Runs that differ from the expectation, break a law, or have a verdict that counts as a
    /// finding.
    Unexpected,
    /// No run has a line.
    None,
}

/// The files of a sweep, and the words that select the sweep's scenario on the command line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Record<'a> {
    /// The path of the results file; `None`: no results file is written.
    pub path: Option<&'a Path>,
    /// How the results file writes a run.
    pub format: Format,
    /// The runs that have a line in the results file.
    pub rows: Rows,
    /// The verdicts that count as findings.
    pub fail_on: &'a [Verdict],
    /// The path of the summary file; `None`: no summary file is written.
    pub summary: Option<&'a Path>,
    /// Every word of the command that decides a count or a row, but for the scenario and the shard.
    pub options: &'a [String],
    /// The words behind `halfclose run` that select the scenario, quoted for a shell.
    pub words: &'a str,
}

/// The real time between two writes of the summary file.
const SAVED_EVERY: Duration = Duration::from_secs(60);

/// The tally and the lines of some runs.
#[derive(Default)]
struct Lines {
    tally: Tally,
    text: Vec<u8>,
    rows: u64,
}

/// The state of one thread from run to run.
#[derive(Default)]
struct Thread {
    lines: LineWriter,
    known: ByClass<(Counted, Option<RowTemplate>)>,
}

/// Turns runs into lines.
struct Writer<'w> {
    sweep: &'w Sweep<'w>,
    record: Record<'w>,
    identity: Identity,
}

/// The files of a sweep, open.
struct OpenFiles {
    results: Option<Results>,
    /// The summary file, with the path and the time of the last write.
    summary: Option<(ShardFile, PathBuf, Instant)>,
    /// The number of lines in the results file.
    rows: u64,
    _lock: Option<Lock>,
}

impl Sweep<'_> {
    /// Makes the runs, writes the files of `record`, and counts what the runs came to. Runs that
    /// the files already count are not made again.
    ///
    /// # Errors
    /// The sweep cannot be run, a file cannot be written, a file holds anything but the beginning
    /// of this sweep, or another process writes the file.
    pub fn run_into(&self, record: Record<'_>) -> Result<Swept, ResultsError> {
        let rows = self.rows()?;
        let mut swept = Swept::new(self.wanted(&rows));
        let scenario = self.scenario();
        let workload = Workload::load(&scenario.pin(0, 0).scenario).map_err(RunError::from)?;
        let identity = Identity::of(scenario, record.words, &workload, self.laws_alone);
        workload.verify().map_err(RunError::from)?;
        let writer = Writer { sweep: self, record, identity };
        let mut files = writer.open(&mut swept)?;
        swept.resumed = swept.runs();
        self.report(&swept);
        let (rest, mut failed) = (self.clone().skip(swept.resumed), None);
        let ready = |point, lines: Lines| {
            let written = files.results.as_mut().map_or(Ok(()), |to| to.write(&lines.text));
            if let Err(error) = written {
                failed = Some(error);
                return ControlFlow::Break(());
            }
            swept.merge(point, &lines.tally);
            files.rows += lines.rows;
            self.report(&swept);
            let due = files.summary.as_ref().is_some_and(|(_, _, at)| *at <= now());
            failed = due.then(|| writer.save(&mut files, &swept).err()).flatten();
            if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let add = |thread: &mut Thread, lines: &mut Lines, run: SweptRun<'_>| {
            writer.add(thread, lines, run);
        };
        let made = rest.fold_with(add, ready);
        swept.made = made?;
        // After a failed write, lines in memory are lost: the last summary still holds.
        failed.map_or(Ok(()), Err)?;
        writer.save(&mut files, &swept)?;
        Ok(swept)
    }

    /// The command line that makes one run again; `words` select the scenario.
    pub(crate) fn reproduce(&self, words: &str, choices: &[Choice], seed: u64) -> String {
        reproduce(words, self.listed(choices), seed)
    }

    /// The choices for the keys with a list of values, without the values that the seed draws.
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

/// The command line that makes one run of a sweep again: a value stands in place of the list that
/// `words` have for the key.
pub(crate) fn reproduce<'c>(
    words: &str,
    listed: impl IntoIterator<Item = &'c Choice>,
    seed: u64,
) -> String {
    let mut words = words.to_owned();
    for (key, value) in listed {
        let setting = format!(" -s {}", quoted(&format!("{key}={value}")));
        // The only task's key has a short name too.
        let short = key.replacen("do.1.", "do.", 1);
        match list_of(&words, key).or_else(|| list_of(&words, &short)) {
            Some(list) => words.replace_range(list, &setting),
            None => words.push_str(&setting),
        }
    }
    format!("halfclose run {words} --seed {seed}")
}

/// The place of the last setting of `key` in plain words; `None`: the words have quotes, or name
/// the key by another name.
fn list_of(words: &str, key: &str) -> Option<Range<usize>> {
    let mark = format!(" -s {key}=");
    let from = words.rfind(&mark).filter(|_| !words.contains('\''))?;
    let value = from + mark.len();
    let end = words[value..].find(' ').map_or(words.len(), |length| value + length);
    Some(from..end)
}

impl Writer<'_> {
    /// Whether a run has a line.
    fn keeps(&self, run: &Counted) -> bool {
        match self.record.rows {
            Rows::All => self.record.path.is_some(),
            Rows::Unexpected => !run.expected || self.record.fail_on.contains(&run.verdict),
            Rows::None => false,
        }
    }

    fn add(&self, thread: &mut Thread, lines: &mut Lines, run: SweptRun<'_>) {
        let outcome = run.outcome;
        let count = || self.sweep.counted(run);
        let Some(class) = run.class else {
            let counted = count();
            lines.tally.add(&counted);
            if self.keeps(&counted) {
                lines.rows += 1;
                self.write(&mut thread.lines, run, &counted, &mut lines.text);
            }
            return;
        };
        let Thread { lines: writer, known } = thread;
        let (counted, row) = known.get_or_make(class, || {
            let counted = count();
            let row = self.keeps(&counted).then(|| {
                RowTemplate::new(outcome, |outcome, to| {
                    self.write(writer, SweptRun { outcome, ..run }, &counted, to);
                })
            });
            (counted, row)
        });
        counted.seed = outcome.seed;
        lines.tally.add(counted);
        if let Some(row) = row {
            lines.rows += 1;
            row.fill(outcome.seed, outcome.digest, &mut lines.text);
        }
    }

    /// Writes the line of a run; `counted` is the counted part of the outcome.
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

    /// Makes one run, and returns the line of the run.
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

    /// Opens the files behind the runs that the files count already.
    fn open(&self, swept: &mut Swept) -> Result<OpenFiles, ResultsError> {
        let Record { path, summary, rows, .. } = self.record;
        let lock = summary.map(Lock::take).transpose()?;
        let blank = |path: &Path| {
            Ok::<_, ResultsError>((self.blank(path)?, path.to_owned(), now() + SAVED_EVERY))
        };
        let summary = summary.map(blank).transpose()?;
        let found = summary.as_ref().map(|(blank, path, _)| self.found(path, blank));
        let found = found.transpose()?.flatten();
        let (mut lines, mut results) = (0, None);
        // Where only some runs have a line, the summary says how far the sweep has come; and a line does
        // not say which pairs the run reached.
        let chosen = rows != Rows::All || path.is_none() || self.sweep.coverage;
        if let (Some((counted, rows)), true) = (found, chosen) {
            (lines, swept.points) = (rows, counted.points);
        }
        if let Some(path) = path {
            let chosen = chosen.then_some(lines);
            let plan = Plan {
                identity: &self.identity,
                format: self.record.format,
                rows: self.sweep.rows()?,
                seed: &|row| self.sweep.run_of(row).1,
                line: &|row| self.line(row),
                chosen,
            };
            results = Some(Results::open(path, &plan, |row, counted| {
                if chosen.is_none() {
                    lines += 1;
                    swept.points.entry(self.sweep.run_of(row).0).or_default().add(counted);
                }
            })?);
        }
        Ok(OpenFiles { results, summary, rows: lines, _lock: lock })
    }

    /// The summary of this shard before the first run.
    fn blank(&self, summary: &Path) -> Result<ShardFile, ResultsError> {
        let Record { path, words, options, fail_on, .. } = self.record;
        let name = |path: &Path| path.to_string_lossy().into_owned();
        let files = Files { summary: name(summary), out: path.map(name) };
        let counts = Counts::Sweep(SweepCounts::default());
        let search = (self.identity.text(), words);
        let mut file = ShardFile::new(search, options, self.sweep.shard, Some(files), counts);
        file.fail_on = fail_on.iter().map(|verdict| verdict.name().to_owned()).collect();
        file.unmatched = self.sweep.unmatched()?;
        Ok(file)
    }

    /// The counts in an existing summary file, and the number of lines.
    fn found(&self, path: &Path, blank: &ShardFile) -> Result<Option<(Swept, u64)>, ResultsError> {
        let Some(found) = ShardFile::read(path)? else { return Ok(None) };
        if let Some(problem) = found.is_no_part_like(blank) {
            let problem = format!("{problem}: name another file, or remove this one");
            return Err(ResultsError::summary(path, problem));
        }
        let Counts::Sweep(counts) = &found.counts else { return Ok(None) };
        let swept = counts.swept().ok_or_else(|| {
            ResultsError::summary(path, "has a word or a number that no search writes")
        })?;
        Ok(Some((swept, counts.rows)))
    }

    /// Writes the summary file: the runs so far, whose lines are on the disk.
    fn save(&self, files: &mut OpenFiles, swept: &Swept) -> Result<(), ResultsError> {
        let Some((file, path, at)) = &mut files.summary else {
            return files.results.as_mut().map_or(Ok(()), Results::flush);
        };
        files.results.as_mut().map_or(Ok(()), Results::sync)?;
        let choices = |point| {
            let choices = self.sweep.scenario().pin(point, 0).choices;
            self.sweep.listed(&choices).cloned().collect()
        };
        file.counts = Counts::Sweep(SweepCounts::new(swept, files.rows, choices));
        file.complete = swept.is_complete();
        *at = now() + SAVED_EVERY;
        file.write(path)
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
