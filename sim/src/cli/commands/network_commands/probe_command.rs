//! `halfclose probe` asks a running server what it says and holds when an upload ends in each way.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use halfclose_ftp::{ClientConfig, Close};
use serde_json::{Value, json};

use crate::cli::args::network_args::ProbeArgs;
use crate::cli::session::options;
use crate::cli::{CommandError, Status};
use crate::live::{self, Options, Probe, ProbeRow, Probed};
use crate::report::told;

/// The answers to one question, as `--expect` compares them: code, state of the file, verdict.
type Answers = BTreeMap<(String, u64), BTreeSet<[String; 3]>>;

/// Probes a server, prints the table, and compares with the file of `--expect`.
pub(in crate::cli) fn execute(
    args: &ProbeArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let expected = args.expect.as_deref().map(read_expected).transpose()?;
    let (target, options) = options(&args.url, &args.session, err)?;
    if target.user.is_none() {
        return Err(CommandError::input(
            "probe writes and deletes files, and logs in by name alone: write ftp://USER@HOST/DIR/ \
             (ftp://anonymous@HOST/DIR/ if the server lets every user write)",
        ));
    }
    if !target.file_name().is_empty() {
        return Err(CommandError::Input(format!(
            "URL `{}` names a file: end the URL of the directory with `/`",
            live::shown(&args.url)
        )));
    }
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    let handler = move || flag.store(true, Ordering::Relaxed);
    ctrlc::set_handler(handler).map_err(|error| CommandError::Input(error.to_string()))?;
    let options = Options {
        config: ClientConfig { checks: false, ..options.config },
        progress: false,
        ends_at_signals: false,
        interrupted: Some(Arc::clone(&interrupted)),
        ..options
    };
    let closes: Vec<_> = match &args.closes[..] {
        [] => Close::WORDS.iter().map(|(_, close)| *close).collect(),
        some => some.to_vec(),
    };
    let probe = Probe {
        target: &target,
        options: &options,
        closes: &closes,
        sizes: &args.sizes,
        runs: args.runs,
        interrupted: &interrupted,
    };
    let (mut printed, mut is_first) = (Ok(()), true);
    let mut tell = |greeting: &str, row: &ProbeRow| {
        if !args.session.json && printed.is_ok() {
            printed = print(greeting, is_first, row, out);
            is_first = false;
        }
    };
    let probed = live::probe(&probe, &mut tell, err);
    printed?;
    if interrupted.load(Ordering::Relaxed) {
        return Ok(Status::Interrupted);
    }
    let probed = probed?;
    let differences = expected.map(|expected| differences(&expected, &answers(&probed.rows)));
    match args.session.json {
        true => writeln!(out, "{}", object(args, &probed, differences.as_deref()))?,
        false => print_end(&probed, differences.as_deref(), out)?,
    }
    let differs = differences.is_some_and(|differences| !differences.is_empty());
    Ok(if differs { Status::Broken } else { Status::AsExpected })
}

fn word(close: Close) -> &'static str {
    let found = Close::WORDS.iter().find(|(_, it)| *it == close);
    found.map_or("", |(word, _)| *word)
}

/// Prints a row, and the greeting and the head of the table before the first row. A row can take as long
/// as the time-out, so no row waits for the others.
fn print(greeting: &str, is_first: bool, row: &ProbeRow, out: &mut dyn Write) -> io::Result<()> {
    if is_first {
        writeln!(out, "{}", live::clean(greeting))?;
        writeln!(out, "  {:<17} {:>9} {:>9}  {:<18} reply", "close", "size", "stored", "verdict")?;
    }
    let stored = row.stored.map_or("none".to_owned(), |stored| stored.to_string());
    let reply = row.reply.lines().next().map_or("none".to_owned(), live::clean);
    let (close, size, verdict) = (word(row.close), row.size, row.verdict());
    writeln!(out, "  {close:<17} {size:>9} {stored:>9}  {verdict:<18} {reply}")?;
    out.flush()
}

/// Prints the servers that answer most alike, and the differences to the file of `--expect`.
fn print_end(
    probed: &Probed,
    differences: Option<&[String]>,
    out: &mut dyn Write,
) -> io::Result<()> {
    match &probed.behaves_like[..] {
        [] => writeln!(out, "behaves like no measured server (docs/MODELS.md)")?,
        names => writeln!(out, "behaves like {}", names.join(", "))?,
    }
    for difference in differences.unwrap_or_default() {
        writeln!(out, "differs: {difference}")?;
    }
    Ok(())
}

fn object(args: &ProbeArgs, probed: &Probed, differences: Option<&[String]>) -> Value {
    let row = |row: &ProbeRow| {
        json!({
            "close": word(row.close),
            "size": row.size,
            "reply": row.reply,
            "told": told(row.told),
            "stored": row.stored,
            "read_back": row.read_back,
            "file": row.file.name(),
            "verdict": row.verdict().name(),
        })
    };
    let mut object = json!({
        "command": "probe",
        "url": live::shown(&args.url),
        "server": probed.greeting,
        "rows": probed.rows.iter().map(row).collect::<Vec<_>>(),
        "behaves_like": probed.behaves_like,
        "left": probed.left.iter().map(|name| String::from_utf8_lossy(name)).collect::<Vec<_>>(),
    });
    if let Some(differences) = differences {
        object["differences"] = differences.into();
    }
    object
}

/// The answers of a probe, by close and size.
fn answers(rows: &[ProbeRow]) -> Answers {
    let mut answers = Answers::new();
    for row in rows {
        let key = (word(row.close).to_owned(), row.size);
        let answer = [row.code(), row.file.name(), row.verdict().name()].map(str::to_owned);
        answers.entry(key).or_default().insert(answer);
    }
    answers
}

/// Reads the JSON of an earlier probe.
fn read_expected(path: &std::path::Path) -> Result<Answers, CommandError> {
    let shown = path.display();
    let wrong = |what: &str| CommandError::Input(format!("--expect: `{shown}`: {what}"));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error.to_string()))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| wrong(&error.to_string()))?;
    let rows = value["rows"].as_array();
    let rows =
        rows.ok_or_else(|| wrong("no `rows`: name the output of `halfclose probe --json`"))?;
    let mut answers = Answers::new();
    for row in rows {
        let text = |key: &str| row[key].as_str().map(str::to_owned);
        let read = text("close").zip(row["size"].as_u64()).zip(text("reply"));
        let (Some(((close, size), reply)), Some(file), Some(verdict)) =
            (read, text("file"), text("verdict"))
        else {
            return Err(wrong("a row lacks `close`, `size`, `reply`, `file` or `verdict`"));
        };
        let code = reply.get(..3).unwrap_or("none").to_owned();
        answers.entry((close, size)).or_default().insert([code, file, verdict]);
    }
    Ok(answers)
}

/// Each answer that the other probe does not have; a server that answers in several ways has several.
fn differences(expected: &Answers, seen: &Answers) -> Vec<String> {
    let mut differences = Vec::new();
    let say = |answers: &BTreeSet<[String; 3]>| {
        let each: Vec<_> = answers.iter().map(|answer| answer.join("/")).collect();
        each.join(" or ")
    };
    for ((close, size), wanted) in expected {
        match seen.get(&(close.clone(), *size)) {
            None => differences.push(format!("{close}, {size} bytes: expected, and not probed")),
            Some(got) if !got.is_subset(wanted) => differences.push(format!(
                "{close}, {size} bytes: expected {}, got {}",
                say(wanted),
                say(got)
            )),
            Some(_) => {}
        }
    }
    let new = seen.keys().filter(|key| !expected.contains_key(*key));
    differences.extend(new.map(|(close, size)| format!("{close}, {size} bytes: not expected")));
    differences
}
