//! `halfclose list` prints the scenarios of the catalogue, or the scenarios with a word in their text.

use std::io::Write;

use serde_json::json;

use crate::catalogue;
use crate::cli::args::ListArgs;
use crate::cli::commands::show_command::{HEADING, WIDTH, wrapped};
use crate::cli::{CommandError, Status};
use crate::scenario::Scenario;

/// Lists scenarios. A terminal of `columns` columns gets name, title and source; a pipe gets a line for
/// each scenario: the name, a tab, the title.
pub(in crate::cli) fn execute(
    args: &ListArgs,
    columns: Option<usize>,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let all: Result<Vec<_>, _> = catalogue::names().map(Scenario::catalogue).collect();
    let mut scenarios = all.map_err(CommandError::input)?;
    if let Some(word) = &args.word {
        scenarios.retain(|scenario| mentions(scenario, word));
        if scenarios.is_empty() {
            return Err(CommandError::Input(format!(
                "no scenario has `{word}` in its name, title or story: `halfclose list` lists all"
            )));
        }
    }
    if args.json {
        let object =
            |of: &Scenario| json!({ "name": of.name, "about": of.about, "source": of.source });
        let scenarios: Vec<_> = scenarios.iter().map(object).collect();
        writeln!(out, "{}", json!({ "scenarios": scenarios }))?;
        return Ok(Status::AsExpected);
    }
    let Some(columns) = columns else {
        for Scenario { name, about, .. } in &scenarios {
            writeln!(out, "{name}\t{about}")?;
        }
        return Ok(Status::AsExpected);
    };
    let width = scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    let columns = columns.clamp(width + 30, WIDTH) - width - 4;
    for scenario in &scenarios {
        writeln!(out, "{HEADING}{:width$}{HEADING:#}  {}", scenario.name, scenario.about)?;
        for line in wrapped(&scenario.source, columns).lines() {
            writeln!(out, "{:width$}    {line}", "")?;
        }
    }
    Ok(Status::AsExpected)
}

/// Whether a scenario has `word` in the name, title or story, in upper or lower case.
fn mentions(scenario: &Scenario, word: &str) -> bool {
    let word = word.to_lowercase();
    let Scenario { name, about, story, .. } = scenario;
    [name, about, story].into_iter().any(|text| text.to_lowercase().contains(&word))
}
