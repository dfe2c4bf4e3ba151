//! `[[fault]]` of a file is a table for each fault, with a key for each part of the fault.

use std::ops::Range;

use toml_edit::{ArrayOfTables, Item, Table, TableLike, value};

use super::{Misfit, plain};
use crate::scenario::fault::{self, Draft, Fault};

/// The name of the tables.
pub(super) const KEY: &str = "fault";

/// Whether the item is a list of faults, not a single line with faults.
pub(super) fn is_list(name: &str, item: &Item) -> bool {
    name == KEY && tables(item).is_some()
}

fn tables(item: &Item) -> Option<Vec<&dyn TableLike>> {
    match item {
        Item::ArrayOfTables(tables) => Some(tables.iter().map(|t| t as &dyn TableLike).collect()),
        Item::Value(toml_edit::Value::Array(array)) if !array.is_empty() => {
            array.iter().map(|v| v.as_inline_table().map(|t| t as &dyn TableLike)).collect()
        }
        _ => None,
    }
}

/// Every fault of a document with a table of its own.
pub(super) fn read(document: &Table) -> Result<Vec<Fault>, Misfit> {
    let tables = document.get(KEY).and_then(tables).unwrap_or_default();
    let mut faults = Vec::new();
    for table in tables {
        let (fault, span) = one(table)?;
        faults.push(fault);
        fault::check(&faults).map_err(|problem| (span, format!("{KEY}: {problem}")))?;
    }
    Ok(faults)
}

fn one(table: &dyn TableLike) -> Result<(Fault, Option<Range<usize>>), Misfit> {
    let mut draft = Draft::default();
    let mut first = None;
    for (name, item) in table.iter() {
        let span = table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span());
        first = first.or_else(|| span.clone());
        let wrong = |problem| (span.clone(), format!("{KEY}.{name}: {problem}"));
        let value = item.as_value().ok_or_else(|| wrong("takes one value".to_owned()))?;
        draft.set(name, &plain(value).map_err(wrong)?).map_err(wrong)?;
    }
    match draft.finish() {
        Ok(fault) => Ok((fault, first)),
        Err(problem) => Err((first, format!("{KEY}: {problem}"))),
    }
}

/// The faults as tables.
pub(super) fn print(faults: &[Fault]) -> Item {
    let table = |fault: &Fault| {
        let mut table = Table::new();
        for (key, text) in fault.parts() {
            // A packet's number may be more than TOML's integers hold.
            let number = text.parse::<i64>().ok().filter(|_| key != "channel");
            table.insert(key, number.map_or_else(|| value(&text), value));
        }
        table
    };
    Item::ArrayOfTables(faults.iter().map(table).collect::<ArrayOfTables>())
}
