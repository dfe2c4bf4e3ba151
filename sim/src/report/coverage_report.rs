//! `coverage_report` prints the pairs that the runs of a search reached: two tables for a person, and
//! lists for a script.

use std::fmt;

use serde_json::{Value, json};

use crate::search::coverage::{Coverage, ENDINGS, Pair, STATES, TcpEvent, TransferCommand};
use crate::side::Side;

/// Writes the tables; nothing if no pair was reached.
///
/// # Errors
/// Writing fails.
pub(crate) fn table(to: &mut impl fmt::Write, coverage: &Coverage) -> fmt::Result {
    if coverage.is_empty() {
        return Ok(());
    }
    let reached = |tcp: bool| {
        let of = Pair::all().filter(|pair| matches!(pair, Pair::Tcp(..)) == tcp);
        let (mut reached, mut all) = (0, 0);
        for pair in of {
            all += 1;
            reached += usize::from(coverage.runs.contains_key(&pair));
        }
        format!("{reached} of {all}")
    };
    let (tcp, ftp) = (reached(true), reached(false));
    writeln!(to, "\n  coverage          {tcp} pairs of state and event, {ftp} of command and end")?;
    writeln!(to, "  runs that reached each pair; `.`: not reached; `-`: no such event exists\n")?;
    let width = |name: &str| name.len().max(5) + 1;
    write!(to, "  {:<12}", "state")?;
    for event in TcpEvent::ALL {
        write!(to, "{:>width$}", event.name(), width = width(event.name()))?;
    }
    writeln!(to)?;
    for state in STATES {
        write!(to, "  {state:<12}")?;
        for event in TcpEvent::ALL {
            let cell = cell(coverage, Pair::Tcp(event, state));
            write!(to, "{cell:>width$}", width = width(event.name()))?;
        }
        writeln!(to)?;
    }
    ends(to, coverage)
}

/// Writes the commands that were reached with the ends of the data connection, and names the others.
fn ends(to: &mut impl fmt::Write, coverage: &Coverage) -> fmt::Result {
    write!(to, "\n  {:<12}", "command")?;
    for ending in ENDINGS {
        write!(to, "{:>11}", ending.name())?;
    }
    writeln!(to)?;
    let pairs = |command, side| ENDINGS.map(|ending| Pair::Ftp(command, side, ending));
    let mut missed = Vec::new();
    for command in TransferCommand::ALL {
        let sides = [Side::Client, Side::Server];
        let mut all = sides.iter().flat_map(|side| pairs(command, *side));
        if !all.any(|pair| coverage.runs.contains_key(&pair)) {
            missed.push(command.name());
            continue;
        }
        for side in sides {
            write!(to, "  {:<5}{:<7}", command.name(), side.name())?;
            for pair in pairs(command, side) {
                write!(to, "{:>11}", cell(coverage, pair))?;
            }
            writeln!(to)?;
        }
    }
    match missed.is_empty() {
        true => writeln!(to),
        false => writeln!(to, "  not reached: {}\n", missed.join(", ")),
    }
}

/// The number of runs that reached `pair`, in at most five characters.
fn cell(coverage: &Coverage, pair: Pair) -> String {
    match coverage.runs.get(&pair) {
        None if pair.has_no_event() => "-".to_owned(),
        None => ".".to_owned(),
        Some(count) if *count < 100_000 => count.to_string(),
        Some(count) if *count < 10_000_000 => format!("{}k", count / 1_000),
        Some(count) if *count < 10_000_000_000 => format!("{}M", count / 1_000_000),
        Some(count) => format!("{}G", count / 1_000_000_000),
    }
}

/// The pairs for a script.
#[must_use]
pub(crate) fn object(coverage: &Coverage) -> Value {
    let part = |tcp: bool| {
        let (mut reached, mut missed) = (Vec::new(), Vec::new());
        for pair in Pair::all().filter(|pair| matches!(pair, Pair::Tcp(..)) == tcp) {
            let mut object = match pair {
                Pair::Tcp(event, state) => {
                    json!({ "event": event.name(), "state": state.to_string() })
                }
                Pair::Ftp(command, side, ending) => json!({
                    "command": command.name(),
                    "side": side.name(),
                    "ending": ending.name(),
                }),
            };
            match coverage.runs.get(&pair) {
                Some(count) => {
                    object["runs"] = json!(count);
                    reached.push(object);
                }
                None => missed.push(object),
            }
        }
        json!({ "reached": reached, "not_reached": missed })
    };
    json!({ "tcp": part(true), "ftp": part(false) })
}
