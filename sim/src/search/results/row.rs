//! `row` is one line of a sweep's results: the keys of `run --json` that scripts use, what was
//! chosen for the open keys, and which sweep it is of.

use halfclose_stack::Ending;
use serde::{Deserialize, Serialize, Serializer};
use xxhash_rust::xxh3::Xxh3;

use super::Format;
use super::line_writer::LineWriter;
use crate::judge::expectation::told;
use crate::law::LAWS;
use crate::outcome::{Outcome, TransferOutcome};
use crate::scenario::{Choice, Scenario, file};
use crate::search::tally::Counted;
use crate::verdict::Verdict;
use crate::workload::Workload;

/// Which sweep a line is of: version of the program and of the line, and a hash of the scenario with
/// all that it leaves open, its files of the user's, the words that select it, and by what a run is
/// called expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    text: String,
}

/// The version of what a line looks like.
const VERSION: u32 = 1;

impl Identity {
    /// Of a sweep of `scenario`, which `words` select; `workload` has its files. `laws_alone`: of what
    /// the scenario expects, the laws alone decide whether a run is as expected.
    #[must_use]
    pub fn of(scenario: &Scenario, words: &str, workload: &Workload, laws_alone: bool) -> Self {
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

    /// What is wrong with another one.
    fn misfit(&self, other: &str) -> Option<String> {
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

/// One run, as a line says it.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Which sweep it is of.
    pub identity: &'a Identity,
    /// The name of what was run.
    pub scenario: &'a str,
    /// What was chosen for each open key.
    pub choices: &'a [Choice],
    /// What it came to.
    pub outcome: &'a Outcome,
    /// The same, as far as it is counted.
    pub counted: &'a Counted,
    /// The command that runs it again.
    pub reproduce: &'a str,
}

impl Line<'_> {
    fn worst(&self) -> &TransferOutcome {
        self.outcome.worst().expect("a scenario moves a file (`Scenario::check`)")
    }

    pub(super) fn write_json(&self, to: &mut Vec<u8>) {
        let Self { scenario, choices, outcome, counted, reproduce, identity } = *self;
        let row = Row {
            scenario,
            point: Choices(choices),
            seed: outcome.seed,
            verdict: outcome.verdict.name(),
            worst: Transfer::of(self.worst()),
            lost: counted.lost,
            digest: format!("{:032x}", outcome.digest),
            packets: Packets {
                client: outcome.packets.client,
                server: outcome.packets.server,
                dropped: outcome.packets.dropped,
            },
            virtual_us: counted.virtual_us,
            broken_laws: &counted.broken_laws,
            expected: counted.expected,
            transfers: outcome.transfers.iter().map(One::of).collect(),
            reproduce,
            sweep: &identity.text,
        };
        serde_json::to_writer(&mut *to, &row).expect("a Vec takes everything");
        to.push(b'\n');
    }

    pub(super) fn cells(&self) -> [String; COLUMNS.len()] {
        let Self { scenario, choices, outcome, counted, reproduce, identity } = *self;
        let worst = Transfer::of(self.worst());
        let point: Vec<_> = choices.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let ending = |name: Option<&str>| name.unwrap_or_default().to_owned();
        [
            scenario.to_owned(),
            point.join(" "),
            outcome.seed.to_string(),
            outcome.verdict.name().to_owned(),
            worst.sent.to_string(),
            worst.stored.to_string(),
            worst.file.to_owned(),
            worst.told.to_owned(),
            worst.reply.to_owned(),
            worst.client.to_owned(),
            ending(worst.ending.client),
            ending(worst.ending.server),
            counted.lost.to_string(),
            format!("{:032x}", outcome.digest),
            outcome.packets.client.to_string(),
            outcome.packets.server.to_string(),
            outcome.packets.dropped.to_string(),
            counted.virtual_us.to_string(),
            counted.broken_laws.join(" "),
            counted.expected.to_string(),
            reproduce.to_owned(),
            identity.text.clone(),
        ]
    }
}

/// The names of a CSV file's columns. The keys of the worst transfer are the run's.
pub const COLUMNS: [&str; 22] = [
    "scenario",
    "point",
    "seed",
    "verdict",
    "sent",
    "stored",
    "file",
    "told",
    "reply",
    "client",
    "ending_client",
    "ending_server",
    "lost",
    "digest",
    "packets_client",
    "packets_server",
    "packets_dropped",
    "virtual_us",
    "broken_laws",
    "expected",
    "reproduce",
    "sweep",
];

/// The line above the first run of a CSV file: the names of the columns.
pub(super) fn csv_head() -> Vec<u8> {
    let mut line = Vec::new();
    LineWriter::default().record(COLUMNS, &mut line);
    line
}

/// What counts of a line, or what it is instead.
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
    let cell = |name: &str| record.get(COLUMNS.iter().position(|column| *column == name)?);
    (record.len() == COLUMNS.len()).then_some(())?;
    Some(Known {
        seed: cell("seed")?.parse().ok()?,
        verdict: cell("verdict")?.to_owned(),
        lost: cell("lost")?.parse().ok()?,
        virtual_us: cell("virtual_us")?.parse().ok()?,
        broken_laws: cell("broken_laws")?.split_whitespace().map(str::to_owned).collect(),
        expected: cell("expected")?.parse().ok()?,
        sweep: cell("sweep")?.to_owned(),
    })
}

/// What is read back of a line.
#[derive(Deserialize)]
struct Known {
    seed: u64,
    verdict: String,
    lost: u64,
    virtual_us: u64,
    broken_laws: Vec<String>,
    expected: bool,
    sweep: String,
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
        })
    }
}

#[derive(Serialize)]
struct Row<'a> {
    scenario: &'a str,
    #[serde(skip_serializing_if = "Choices::is_empty")]
    point: Choices<'a>,
    seed: u64,
    verdict: &'static str,
    #[serde(flatten)]
    worst: Transfer<'a>,
    lost: u64,
    digest: String,
    packets: Packets,
    virtual_us: u64,
    broken_laws: &'a [&'static str],
    expected: bool,
    transfers: Vec<One<'a>>,
    reproduce: &'a str,
    sweep: &'a str,
}

struct Choices<'a>(&'a [Choice]);

impl Choices<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Choices<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

#[derive(Serialize)]
struct Packets {
    client: u64,
    server: u64,
    dropped: u64,
}

#[derive(Serialize)]
struct One<'a> {
    task: &'a str,
    verdict: &'static str,
    #[serde(flatten)]
    transfer: Transfer<'a>,
}

impl<'a> One<'a> {
    fn of(one: &'a TransferOutcome) -> Self {
        Self { task: &one.task, verdict: one.verdict.name(), transfer: Transfer::of(one) }
    }
}

#[derive(Serialize)]
struct Transfer<'a> {
    sent: u64,
    stored: u64,
    file: &'static str,
    told: &'static str,
    reply: &'a str,
    client: &'a str,
    ending: Ends,
}

#[derive(Serialize)]
struct Ends {
    client: Option<&'static str>,
    server: Option<&'static str>,
}

impl<'a> Transfer<'a> {
    fn of(one: &'a TransferOutcome) -> Self {
        let ending = Ends {
            client: one.ending.client.map(Ending::name),
            server: one.ending.server.map(Ending::name),
        };
        Self {
            sent: one.sent,
            stored: one.stored,
            file: one.file.name(),
            told: told(one.told),
            reply: &one.reply,
            client: &one.client,
            ending,
        }
    }
}
