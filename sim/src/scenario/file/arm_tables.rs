//! `[[arm]]` of a file holds a name, a description, a list of settings and an expectation.

use std::ops::Range;

use toml_edit::{Array, ArrayOfTables, Item, Table, TableLike, value};

use super::{Misfit, item, plain};
use crate::scenario::{Arm, Scenario, keys};

/// The name of the tables.
pub(super) const KEY: &str = "arm";

fn tables(item: &Item) -> Option<Vec<&dyn TableLike>> {
    let Item::ArrayOfTables(tables) = item else { return None };
    Some(tables.iter().map(|table| table as &dyn TableLike).collect())
}

/// Every arm of a document, each tried on the scenario.
pub(super) fn read(document: &Table, scenario: &Scenario) -> Result<Vec<Arm>, Misfit> {
    let Some(item) = document.get(KEY) else { return Ok(Vec::new()) };
    let Some(tables) = tables(item) else {
        return Err((item.span(), format!("{KEY}: write each arm as [[{KEY}]]")));
    };
    let mut arms: Vec<Arm> = Vec::new();
    for table in tables {
        let (arm, span) = one(table)?;
        let wrong = |problem: String| (span.clone(), format!("{KEY}: {problem}"));
        if arm.name.is_empty() {
            return Err(wrong("has no name".to_owned()));
        }
        if arms.iter().any(|other| other.name == arm.name) {
            return Err(wrong(format!("there are two of the name `{}`", arm.name)));
        }
        let name = arm.name.clone();
        let mut trial = Scenario { arms: vec![arm.clone()], ..scenario.clone() };
        trial.take_arm(&name).map_err(|error| wrong(format!("`{name}`: {error}")))?;
        arms.push(arm);
    }
    Ok(arms)
}

fn one(table: &dyn TableLike) -> Result<(Arm, Option<Range<usize>>), Misfit> {
    let mut arm = Arm::default();
    let mut expecting = Scenario::default();
    let mut first = None;
    for (name, item) in table.iter() {
        let span = table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span());
        first = first.or_else(|| span.clone());
        let wrong = |problem| (span.clone(), format!("{KEY}.{name}: {problem}"));
        match (name, item.as_value(), item.as_table_like()) {
            ("name", Some(value), _) => arm.name = plain(value).map_err(wrong)?,
            ("about", Some(value), _) => arm.about = plain(value).map_err(wrong)?,
            ("set", Some(value), _) => {
                let array = value.as_array().ok_or_else(|| wrong("takes a list".to_owned()))?;
                let settings: Result<Vec<_>, _> = array.iter().map(plain).collect();
                arm.set = settings.map_err(wrong)?;
            }
            ("expect", _, Some(expect)) => {
                for (key, item) in expect.iter() {
                    let at = expect.key(key).and_then(toml_edit::Key::span);
                    let key = format!("expect.{key}");
                    let wrong = |problem: String| (at.clone(), format!("{KEY}.{problem}"));
                    let value = item.as_value().ok_or_else(|| format!("{key}: takes one value"));
                    let value = value.and_then(plain).map_err(wrong)?;
                    expecting.set(&key, &value).map_err(|error| wrong(error.to_string()))?;
                }
            }
            _ => return Err(wrong("an arm has name, about, set and expect".to_owned())),
        }
    }
    arm.expect = expecting.expect;
    Ok((arm, first))
}

/// The arms as tables.
pub(super) fn print(arms: &[Arm]) -> Item {
    let table = |arm: &Arm| {
        let mut table = Table::new();
        table.insert("name", value(&arm.name));
        table.insert("about", value(&arm.about));
        table.insert("set", value(arm.set.iter().collect::<Array>()));
        let mut expect = Table::new();
        for (name, text) in arm.expect.said() {
            let key = keys::find(&format!("expect.{name}")).expect("it is a key").key;
            expect.insert(name, item(key.form, &text));
        }
        if !expect.is_empty() {
            table.insert("expect", Item::Table(expect));
        }
        table
    };
    Item::ArrayOfTables(arms.iter().map(table).collect::<ArrayOfTables>())
}
