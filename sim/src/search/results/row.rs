//! `row` is one line of a sweep's results: the keys of `run --json` that scripts use, the values of the
//! open keys, and the identity of the sweep.

use serde::Deserialize;
use xxhash_rust::xxh3::Xxh3;

use super::Format;
use super::line_writer::LineWriter;
use crate::law::LAWS;
use crate::outcome::Outcome;
use crate::run::run_record::{Choices, RunRecord, TransferRecord};
use crate::scenario::{Choice, Scenario, file};
use crate::search::tally::Counted;
use crate::verdict::Verdict;
use crate::workload::Workload;

/// The identity of the sweep in each line: the versions of the program and of the line, and a hash.
/// The hash covers the scenario with the values of the open keys, the user's files, the words that
/// select the scenario, and whether the laws alone decide if a run is as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    text: String,
}

/// The version of the form of a line.
const VERSION: u32 = 2;

impl Identity {
    /// The identity of a sweep of `scenario`; `words` select the scenario, and `workload` has the
    /// files. `laws_alone`: of the scenario's expectation, the laws alone decide whether a run is
    /// as expected.
    #[must_use]
    pub(crate) fn of(
        scenario: &Scenario,
        words: &str,
        workload: &Workload,
        laws_alone: bool,
    ) -> Self {
        let mut hash = Xxh3::new();
        let mut say = |bytes: &[u8]| {
            hash.update(&(bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        say(file::print(scenario).as_bytes());
        say(words.as_bytes());
        for (key, text) in scenario.open_keys() {
            say(key.as_bytes());
            say(text.as_bytes());
        }
        for index in 0..scenario.tasks.len() {
            if scenario.tasks[index].file().is_some() {
                let (content, mut hash) = (workload.content(index), Xxh3::new());
                let all = content.each(0, content.size(), |bytes| hash.update(bytes));
                // One that cannot be read stops the sweep (`Workload::verify`).
                say(&all.map_or(0, |()| hash.digest()).to_le_bytes());
            }
        }
        say(&[u8::from(laws_alone)]);
        let version = env!("CARGO_PKG_VERSION");
        Self { text: format!("{version}-{VERSION}-{:016x}", hash.digest()) }
    }

    /// The identity in the text of a summary.
    pub(crate) fn read(text: &str) -> Self {
        Self { text: text.to_owned() }
    }

    /// The text in every line and in every summary.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The difference between `other` and this identity, as text; `None`: both are equal.
    pub(crate) fn misfit(&self, other: &str) -> Option<String> {
        if other == self.text {
            return None;
        }
        let version = |text: &str| text.rsplit_once('-').map(|(version, _)| version.to_owned());
        Some(match (version(other), version(&self.text)) {
            (Some(theirs), Some(ours)) if theirs != ours => {
                format!("is of halfclose {theirs}, and this is {ours}")
            }
            _ => "is of another scenario or of other settings".to_owned(),
        })
    }
}

/// One run, with everything that a line of the results file says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    /// The identity of the sweep.
    pub identity: &'a Identity,
    /// The scenario of the run.
    pub scenario: &'a Scenario,
    /// The value of each open key.
    pub choices: &'a [Choice],
    /// The outcome of the run.
    pub outcome: &'a Outcome,
    /// The part of the outcome that a tally counts.
    pub counted: &'a Counted,
    /// The command that makes the run again.
    pub reproduce: &'a str,
}

impl Line<'_> {
    /// The keys and values of the line.
    pub(super) fn record(&self) -> RunRecord<'_> {
        let Self { scenario, choices, outcome, counted, reproduce, identity } = *self;
        let record = RunRecord::new(scenario, outcome, reproduce);
        record.in_sweep(choices, counted.lost, counted.expected, &identity.text)
    }
}

/// The text of a run in one column.
pub(super) type CsvText = fn(&RunRecord<'_>) -> String;

/// The columns of a CSV file, with their names.
pub(super) const COLUMNS: [(&str, CsvText); 23] = [
    ("scenario", |run| run.scenario.to_owned()),
    ("point", |run| point(run.point)),
    ("seed", |run| run.seed.to_string()),
    ("verdict", |run| run.verdict.to_owned()),
    ("sent", |run| worst(run).sent.to_string()),
    ("stored", |run| worst(run).stored.to_string()),
    ("file", |run| worst(run).file.to_owned()),
    ("told", |run| worst(run).told.to_owned()),
    ("reply", |run| worst(run).reply.to_owned()),
    ("client", |run| worst(run).client.to_owned()),
    ("ending_client", |run| worst(run).ending.client.unwrap_or_default().to_owned()),
    ("ending_server", |run| worst(run).ending.server.unwrap_or_default().to_owned()),
    ("lost", |run| run.lost.unwrap_or_default().to_string()),
    ("digest", |run| run.digest.clone()),
    ("packets_client", |run| run.packets.client.to_string()),
    ("packets_server", |run| run.packets.server.to_string()),
    ("packets_dropped", |run| run.packets.dropped.to_string()),
    ("virtual_us", |run| run.virtual_us.to_string()),
    ("broken_laws", |run| run.broken_laws.join(" ")),
    ("expected", |run| run.expected.unwrap_or_default().to_string()),
    ("reproduce", |run| run.reproduce.to_owned()),
    ("sweep", |run| run.sweep.unwrap_or_default().to_owned()),
    ("stack_stalled", |run| run.stack_stalled.to_string()),
];

fn worst<'a>(run: &RunRecord<'a>) -> TransferRecord<'a> {
    run.worst.expect("a scenario moves a file (`Scenario::check`)")
}

fn point(choices: Option<Choices<'_>>) -> String {
    let choices = choices.map_or(&[][..], |Choices(choices)| choices);
    let words: Vec<_> = choices.iter().map(|(key, value)| format!("{key}={value}")).collect();
    words.join(" ")
}

/// The first line of a CSV file: the names of the columns.
pub(super) fn csv_head() -> Vec<u8> {
    let mut line = Vec::new();
    LineWriter::default().record(COLUMNS.map(|(name, _)| name), &mut line);
    line
}

/// Reads the counted part of a line. The error says what the line is in place of a result.
pub(super) fn parse(format: Format, identity: &Identity, line: &[u8]) -> Result<Counted, String> {
    let known = match format {
        Format::JsonLines => serde_json::from_slice::<Known>(line).ok(),
        Format::Csv => parse_csv(line),
    };
    let known = known.ok_or("is no result of a sweep")?;
    match identity.misfit(&known.sweep) {
        Some(problem) => Err(problem),
        None => known.counted().ok_or_else(|| "has a word that is none of ours".to_owned()),
    }
}

fn parse_csv(line: &[u8]) -> Option<Known> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line);
    let record = reader.records().next()?.ok()?;
    let cell = |name: &str| record.get(COLUMNS.iter().position(|(column, _)| *column == name)?);
    (record.len() == COLUMNS.len()).then_some(())?;
    Some(Known {
        seed: cell("seed")?.parse().ok()?,
        verdict: cell("verdict")?.to_owned(),
        lost: cell("lost")?.parse().ok()?,
        virtual_us: cell("virtual_us")?.parse().ok()?,
        broken_laws: cell("broken_laws")?.split_whitespace().map(str::to_owned).collect(),
        expected: cell("expected")?.parse().ok()?,
        sweep: cell("sweep")?.to_owned(),
        stack_stalled: cell("stack_stalled")?.parse().ok()?,
    })
}

/// The part of a line that is read back.
#[derive(Deserialize)]
struct Known {
    seed: u64,
    verdict: String,
    lost: u64,
    virtual_us: u64,
    broken_laws: Vec<String>,
    expected: bool,
    sweep: String,
    stack_stalled: bool,
}

impl Known {
    fn counted(self) -> Option<Counted> {
        let law = |name: &String| LAWS.iter().map(|law| law.name).find(|law| law == name);
        Some(Counted {
            seed: self.seed,
            verdict: self.verdict.parse::<Verdict>().ok()?,
            virtual_us: self.virtual_us,
            lost: self.lost,
            broken_laws: self.broken_laws.iter().map(law).collect::<Option<_>>()?,
            expected: self.expected,
            stack_stalled: self.stack_stalled,
            pairs: Vec::new(),
        })
    }
}
