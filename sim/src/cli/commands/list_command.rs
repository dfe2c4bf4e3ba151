//! `halfclose list` and `halfclose show`: what there is to run, and what it is.

use std::io::Write;

use halfclose_stack::ClosePolicy;
use serde_json::{Map, Value, json};

use crate::catalogue;
use crate::cli::selection::quoted;
use crate::cli::{CommandError, Status};
use crate::scenario::keys::{KEYS, Key};
use crate::scenario::{Arm, Expect, Scenario, file};

/// Columns of text. A terminal of 80 shows it.
const WIDTH: usize = 78;

const HEADING: anstyle::Style = anstyle::Style::new().bold();

pub(in crate::cli) fn list(as_json: bool, out: &mut dyn Write) -> Result<Status, CommandError> {
    let scenarios = catalogue::names()
        .map(catalogue::find)
        .collect::<Result<Vec<_>, _>>()
        .map_err(CommandError::input)?;
    if as_json {
        let scenarios: Vec<_> = scenarios
            .iter()
            .map(|s| json!({ "name": s.name, "about": s.about, "source": s.source }))
            .collect();
        writeln!(out, "{}", json!({ "scenarios": scenarios }))?;
        return Ok(Status::AsExpected);
    }
    let width = scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    for scenario in &scenarios {
        writeln!(out, "{HEADING}{:width$}{HEADING:#}  {}", scenario.name, scenario.about)?;
        for line in wrapped_at(&scenario.source, WIDTH - width - 4).lines() {
            writeln!(out, "{:width$}    {line}", "")?;
        }
    }
    Ok(Status::AsExpected)
}

pub(in crate::cli) fn show(
    name: &str,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let scenario = catalogue::load(name).map_err(CommandError::input)?;
    if as_json {
        writeln!(out, "{}", object(name, &scenario))?;
        return Ok(Status::AsExpected);
    }
    writeln!(out, "{HEADING}{}{HEADING:#}: {}", scenario.name, scenario.about)?;
    if !scenario.source.is_empty() {
        writeln!(out, "source: {}", scenario.source)?;
    }
    if !scenario.story.is_empty() {
        writeln!(out, "\n{}", wrapped(scenario.story.trim()))?;
    }
    arms(name, &scenario, out)?;
    writeln!(out, "\n{HEADING}keys{HEADING:#}, as in -s KEY=VALUE")?;
    for (name, value, key) in rows(&scenario) {
        let default = key.default_value();
        let default = if value == default || default.is_empty() || key.is_task() {
            String::new()
        } else {
            format!(" [default {default}]")
        };
        // A host that was never measured says so wherever it appears.
        let source = name.ends_with(".host").then(|| ClosePolicy::source(&value)).flatten();
        let source = source.map_or_else(String::new, |source| format!(" ({source})"));
        // A list of faults has a line for each.
        let faults = if name == "fault" { value.split("; ") } else { "".split("; ") };
        let value = if name == "fault" { "" } else { &value };
        writeln!(out, "  {name:20} {value:15}  {}{source}{default}", key.doc)?;
        for fault in faults.filter(|fault| !fault.is_empty()) {
            writeln!(out, "    {fault}")?;
        }
    }
    writeln!(out, "\n{HEADING}to run it{HEADING:#}")?;
    let all = match scenario.points() {
        1 => vec![format!("run {name}"), format!("run {name} --trace"), format!("matrix {name}")],
        _ => vec![format!("sweep {name} --seeds 0..1000")],
    };
    for words in all {
        writeln!(out, "  halfclose {words}")?;
    }
    Ok(Status::AsExpected)
}

/// The arms, and how to run each.
fn arms(name: &str, scenario: &Scenario, out: &mut dyn Write) -> Result<(), CommandError> {
    if scenario.arms.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{HEADING}expected{HEADING:#}  {}", expected(&scenario.expect))?;
    for arm in &scenario.arms {
        writeln!(out, "\n{HEADING}halfclose run {name} --arm {}{HEADING:#}", arm.name)?;
        for line in wrapped_at(&arm.about, WIDTH - 2).lines() {
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
    let keys: Map<_, _> =
        rows(scenario).map(|(name, value, _)| (name, Value::String(value))).collect();
    json!({
        "name": scenario.name,
        "about": scenario.about,
        "source": scenario.source,
        "story": scenario.story,
        "keys": keys,
        "arms": scenario.arms.iter().map(arm).collect::<Vec<_>>(),
        "toml": file::print(scenario),
        "run": format!("halfclose run {name}"),
    })
}

/// Name, value and key of all that a run depends on. One direction of the link is there only where
/// it differs.
fn rows(scenario: &Scenario) -> impl Iterator<Item = (String, String, &'static Key)> {
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
            let name = match task {
                Some(number) if !alone => key.name.replacen("do.", &format!("do.{number}."), 1),
                _ => key.name.to_owned(),
            };
            // What is open is shown as it was set.
            let numbered = match task {
                Some(number) => key.name.replacen("do.", &format!("do.{number}."), 1),
                None => name.clone(),
            };
            let open = scenario.open_keys().into_iter().find(|(key, _)| *key == numbered);
            (name, open.map_or(value, |(_, text)| text), key)
        })
    })
}

/// Lines of at most [`WIDTH`] columns; what is indented stays as it is.
fn wrapped(text: &str) -> String {
    wrapped_at(text, WIDTH)
}

fn wrapped_at(text: &str, columns: usize) -> String {
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
