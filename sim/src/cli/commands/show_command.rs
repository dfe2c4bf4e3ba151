//! `halfclose show` prints how to run a scenario, the story, the arms and the keys.

use std::io::Write;

use halfclose_stack::ClosePolicy;
use serde_json::{Map, Value, json};

use crate::catalogue;
use crate::cli::args::ShowArgs;
use crate::cli::selection::quoted;
use crate::cli::{CommandError, Status};
use crate::scenario::keys::{KEYS, Key};
use crate::scenario::{Arm, Expect, Scenario, file};

/// The most columns of prose.
pub(super) const WIDTH: usize = 100;

/// The columns of prose in a pipe or a file.
const PIPE: usize = 80;

/// The most columns of the names of keys, and of their values. Behind a longer name or value the
/// explanation begins on the next line.
const NAME: usize = 20;
const VALUE: usize = 15;

/// The fewest columns for the explanation of a key, on the narrowest terminal.
const DOC: usize = 34;

pub(super) const HEADING: anstyle::Style = anstyle::Style::new().bold();

/// Shows a scenario on a terminal of so many `columns`, or in a pipe.
pub(in crate::cli) fn execute(
    args: &ShowArgs,
    columns: Option<usize>,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let name = &*args.scenario;
    let scenario = catalogue::load(name).map_err(CommandError::input)?;
    if args.json {
        writeln!(out, "{}", object(name, &scenario))?;
        return Ok(Status::AsExpected);
    }
    let columns = columns.unwrap_or(PIPE).clamp(40, WIDTH);
    writeln!(out, "{HEADING}{}{HEADING:#}: {}", scenario.name, scenario.about)?;
    for words in commands(name, &scenario) {
        writeln!(out, "  halfclose {words}")?;
    }
    if !scenario.source.is_empty() {
        writeln!(out, "\n{}", wrapped(&format!("source: {}", scenario.source), columns))?;
    }
    if !scenario.story.is_empty() {
        writeln!(out, "\n{}", wrapped(scenario.story.trim(), columns))?;
    }
    show_arms(name, &scenario, columns, out)?;
    show_keys(&scenario, args.all, columns, out)?;
    if !args.all {
        let again = format!("halfclose show {} --all", quoted(name));
        writeln!(out, "\nThe other keys have their default: `{again}` shows them")?;
    }
    Ok(Status::AsExpected)
}

/// The command lines for a scenario, without the name of the program.
fn commands(name: &str, scenario: &Scenario) -> Vec<String> {
    let name = quoted(name);
    match scenario.points() {
        1 => vec![format!("run {name}"), format!("run {name} --trace"), format!("matrix {name}")],
        _ => vec![format!("sweep {name} --seeds 1000")],
    }
}

/// Prints the keys with their values, in columns. `all` includes the keys with defaults.
fn show_keys(
    scenario: &Scenario,
    all: bool,
    columns: usize,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    writeln!(out, "\n{HEADING}keys{HEADING:#}, for -s KEY=VALUE")?;
    let rows: Vec<_> = rows(scenario).filter(|row| all || !row.is_default()).collect();
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0).min(NAME);
    let most = rows.iter().map(|row| row.cell().len()).max().unwrap_or(0).min(VALUE);
    let indent = 2 + width + 2 + most + 2;
    let docs = columns.saturating_sub(indent).max(DOC);
    for row in &rows {
        let text = wrapped(&row.explanation(), docs);
        let permitted = wrapped(&format!("values: {}", row.key.permitted()), docs);
        let mut lines = text.lines().chain(permitted.lines());
        let head = format!("  {:width$}  {:most$}  ", row.name, row.cell());
        match head.chars().count() == indent {
            true => writeln!(out, "{head}{}", lines.next().unwrap_or_default())?,
            false => writeln!(out, "{}", head.trim_end())?,
        }
        for line in lines {
            writeln!(out, "{:indent$}{line}", "")?;
        }
        // A list of faults has a line for each.
        for fault in row.faults() {
            writeln!(out, "    {fault}")?;
        }
    }
    Ok(())
}

/// Prints the expectation, and each arm with a command line.
fn show_arms(
    name: &str,
    scenario: &Scenario,
    columns: usize,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    if scenario.arms.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{HEADING}expected{HEADING:#}  {}", expected(&scenario.expect))?;
    for arm in &scenario.arms {
        let name = quoted(name);
        writeln!(out, "\n{HEADING}halfclose run {name} --arm {}{HEADING:#}", arm.name)?;
        for line in wrapped(&arm.about, columns - 2).lines() {
            writeln!(out, "  {line}")?;
        }
        for setting in &arm.set {
            writeln!(out, "    -s {}", quoted(setting))?;
        }
        writeln!(out, "    expected  {}", expected(&arm.expect))?;
    }
    Ok(())
}

/// An expectation in one line.
fn expected(expect: &Expect) -> String {
    let said = expect.said().into_iter().map(|(key, value)| format!("{key} {value}"));
    match said.collect::<Vec<_>>().join("; ") {
        none if none.is_empty() => "nothing in particular".to_owned(),
        said => said,
    }
}

fn object(name: &str, scenario: &Scenario) -> Value {
    let arm = |arm: &Arm| {
        let expect: Map<_, _> =
            arm.expect.said().into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        json!({
            "name": arm.name,
            "about": arm.about,
            "set": arm.set,
            "expect": expect,
            "run": format!("halfclose run {name} --arm {}", arm.name),
        })
    };
    let keys: Map<_, _> = rows(scenario).map(|row| (row.name, Value::String(row.value))).collect();
    let permitted: Map<_, _> = rows(scenario)
        .map(|row| (row.name, Value::String(row.key.permitted().to_string())))
        .collect();
    json!({
        "name": scenario.name,
        "about": scenario.about,
        "source": scenario.source,
        "story": scenario.story,
        "keys": keys,
        "permitted": permitted,
        "arms": scenario.arms.iter().map(arm).collect::<Vec<_>>(),
        "toml": file::print(scenario),
        "run": format!("halfclose run {name}"),
    })
}

/// A key of a scenario, as `-s` writes the key and the value.
struct KeyRow {
    name: String,
    value: String,
    key: &'static Key,
}

impl KeyRow {
    /// Whether the value is the key's default. The task of a scenario is never a default.
    fn is_default(&self) -> bool {
        let verbs = ["do.put", "do.get", "do.append", "do.ls"];
        self.value == self.key.default_value() && !verbs.contains(&self.key.name)
    }

    /// The text of the value's column: empty for faults, printed on lines of their own.
    fn cell(&self) -> &str {
        if self.key.name == "fault" { "" } else { &self.value }
    }

    fn faults(&self) -> impl Iterator<Item = &str> {
        let faults = if self.key.name == "fault" { &*self.value } else { "" };
        faults.split("; ").filter(|fault| !fault.is_empty())
    }

    /// The meaning of the key, the source of a host's rules, and the default if the value differs.
    fn explanation(&self) -> String {
        let mut text = self.key.doc.to_owned();
        let source = self.name.ends_with(".host").then(|| ClosePolicy::source(&self.value));
        if let Some(source) = source.flatten() {
            text.push_str(&format!(" ({source})"));
        }
        let default = self.key.default_value();
        if self.value != default && !default.is_empty() && !self.key.is_task() {
            text.push_str(&format!(" [default {default}]"));
        }
        text
    }
}

/// Every key of a scenario. The link has keys for each direction only if the directions differ.
fn rows(scenario: &Scenario) -> impl Iterator<Item = KeyRow> {
    let texts = ["name", "about", "source", "story"];
    let alone = scenario.tasks.len() == 1;
    let symmetric = scenario.up == scenario.down;
    // Either the keys of both directions, or those of each.
    let shown = move |key: &Key| match key.name.strip_prefix("link.") {
        None | Some("mtu" | "nat_timeout") => !texts.contains(&key.name),
        Some(rest) => symmetric != rest.contains('.'),
    };
    KEYS.iter().filter(move |key| shown(key)).flat_map(move |key| {
        key.values(scenario).into_iter().map(move |(task, value)| {
            let numbered = match task {
                Some(number) => key.name.replacen("do.", &format!("do.{number}."), 1),
                None => key.name.to_owned(),
            };
            // An open key is shown as the scenario sets it.
            let open = scenario.open_keys().into_iter().find(|(key, _)| *key == numbered);
            let name = if alone { key.name.to_owned() } else { numbered };
            KeyRow { name, value: open.map_or(value, |(_, text)| text), key }
        })
    })
}

/// `text` in lines of at most `columns` columns. An indented line stays unchanged.
pub(super) fn wrapped(text: &str, columns: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut column = 0;
        if line.starts_with(' ') {
            out.push_str(line);
        } else {
            for word in line.split_whitespace() {
                let width = word.chars().count();
                if column > 0 {
                    let breaks = column + 1 + width > columns;
                    out.push(if breaks { '\n' } else { ' ' });
                    column = if breaks { 0 } else { column + 1 };
                }
                out.push_str(word);
                column += width;
            }
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out
}
