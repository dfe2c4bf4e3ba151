//! `file` reads and writes a scenario as TOML. A written file has the values that differ from the
//! default, in the order of `keys`, and reads back as the same scenario; captures contain this
//! text. The reading of single values belongs to `keys`.

mod arm_tables;
mod fault_tables;

use std::ops::Range;

use thiserror::Error;
use toml_edit::{Array, Document, DocumentMut, Item, Table, TableLike, Value, value};

use super::keys::{self, KEYS, Key, TomlForm};
use super::values::InvalidSetting;
use super::{Scenario, Task};
use crate::terms::APPLICATION;

/// The version of the format. Newer versions are refused with a message.
pub(crate) const FORMAT: i64 = 1;

/// The key of the version.
const FORMAT_KEY: &str = "halfclose";

/// A scenario file is wrong, at a line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}: {problem}")]
pub struct FileError {
    /// Path of the file, for messages.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The key, and the problem with the key.
    pub problem: String,
}

/// A problem and its place in the text.
type Misfit = (Option<Range<usize>>, String);

/// Read a scenario. `name` is the scenario's name unless the text names the scenario; `file` is for
/// messages.
///
/// # Errors
/// The text is not TOML, or has an unknown key, a value that the key does not take, or a newer
/// format.
pub fn parse(text: &str, name: &str, file: &str) -> Result<Scenario, FileError> {
    read(text, name).map_err(|(span, problem)| {
        let before = &text[..span.map_or(0, |span| span.start.min(text.len()))];
        let line = before.matches('\n').count() + 1;
        FileError { file: file.to_owned(), line, problem }
    })
}

fn read(text: &str, name: &str) -> Result<Scenario, Misfit> {
    let document = Document::parse(text).map_err(|error| {
        let message = error.message().trim().replace('\n', ", ");
        (error.span(), format!("is not TOML: {message}"))
    })?;
    let mut settings = Vec::new();
    flatten(document.as_table(), "", &mut settings)?;
    check_format(&settings)?;
    settings.retain(|setting| setting.name != FORMAT_KEY);

    let mut scenario = Scenario { name: name.to_owned(), ..Scenario::default() };
    if document.contains_key("do") {
        scenario.tasks.clear();
    }
    let mut places = Vec::new();
    for setting in settings {
        let address = keys::find(&setting.name).map_err(|error| setting.misfit(&error))?;
        // A task's keys stay together, and the key that begins the task is applied first, as in the
        // table.
        places.push(((address.task, address.place), setting));
    }
    places.sort_by_key(|(place, _)| *place);
    for (_, setting) in &places {
        scenario.set(&setting.name, &setting.value).map_err(|error| setting.misfit(&error))?;
    }
    scenario.faults.extend(fault_tables::read(document.as_table())?);
    let settings: Vec<_> = places.iter().map(|(_, setting)| setting).collect();
    check_tasks(&settings)?;
    scenario.check().map_err(|error| {
        // The file may have set both directions when a single direction is wrong.
        let both = error.key.replace("link.up.", "link.").replace("link.down.", "link.");
        let said = |setting: &&&Entry| setting.name == error.key || setting.name == both;
        let at = settings.iter().find(said);
        (at.and_then(|setting| setting.span.clone()), error.to_string())
    })?;
    scenario.arms = arm_tables::read(document.as_table(), &scenario)?;
    Ok(scenario)
}

/// A key of a file with its value as text, and the place in the file.
struct Entry {
    name: String,
    value: String,
    span: Option<Range<usize>>,
}

impl Entry {
    fn misfit(&self, error: &InvalidSetting) -> Misfit {
        (self.span.clone(), error.to_string())
    }
}

fn flatten(table: &dyn TableLike, prefix: &str, to: &mut Vec<Entry>) -> Result<(), Misfit> {
    for (name, item) in table.iter() {
        let span = table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span());
        let name = format!("{prefix}{name}");
        if name == "do" {
            tasks(item, span, to)?;
        } else if fault_tables::is_list(&name, item) || name == arm_tables::KEY {
            // These are read at the end, each from its own table.
        } else if name == fault_tables::KEY && item.as_table_like().is_some() {
            return Err((span, "fault: write each fault as [[fault]]".to_owned()));
        } else if let Some(inner) = item.as_table_like() {
            flatten(inner, &format!("{name}."), to)?;
        } else if let Some(value) = item.as_value() {
            let value =
                plain(value).map_err(|problem| (span.clone(), format!("{name}: {problem}")))?;
            to.push(Entry { name, value, span });
        } else {
            // An array of tables other than `do`.
            let unknown = keys::find(&name).err();
            let problem = unknown.map_or(format!("{name}: takes one value"), |e| e.to_string());
            return Err((span, problem));
        }
    }
    Ok(())
}

/// Every `[[do]]`, its keys numbered.
fn tasks(item: &Item, span: Option<Range<usize>>, to: &mut Vec<Entry>) -> Result<(), Misfit> {
    let tables: Option<Vec<&dyn TableLike>> = match item {
        Item::ArrayOfTables(tables) => Some(tables.iter().map(|t| t as &dyn TableLike).collect()),
        Item::Value(Value::Array(array)) => {
            array.iter().map(|v| v.as_inline_table().map(|t| t as &dyn TableLike)).collect()
        }
        _ => None,
    };
    let tables = tables.filter(|tables| tables.iter().all(|table| !table.is_empty()));
    let Some(tables) = tables else {
        return Err((span, "do: write each task as [[do]] with put or get below it".to_owned()));
    };
    for (index, table) in tables.into_iter().enumerate() {
        flatten(table, &format!("do.{}.", index + 1), to)?;
    }
    Ok(())
}

/// A value in the form that `-s` takes.
fn plain(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.value().clone()),
        Value::Integer(number) => Ok(number.value().to_string()),
        Value::Boolean(switch) => Ok(switch.value().to_string()),
        Value::Array(array) => {
            let words = array.iter().map(plain).collect::<Result<Vec<_>, _>>()?;
            Ok(words.join(","))
        }
        Value::Float(_) => {
            Err("a number with a fraction needs a unit: write it as a string".into())
        }
        Value::Datetime(_) | Value::InlineTable(_) => {
            Err("takes a string, a number, true or false".into())
        }
    }
}

fn check_format(settings: &[Entry]) -> Result<(), Misfit> {
    let Some(setting) = settings.iter().find(|setting| setting.name == FORMAT_KEY) else {
        return Ok(());
    };
    let problem = match setting.value.parse::<i64>() {
        Ok(1..=FORMAT) => return Ok(()),
        Ok(found) if found > FORMAT => {
            format!("has scenario format {found}; {APPLICATION} reads up to {FORMAT}")
        }
        _ => format!("{FORMAT_KEY}: the format is a number from 1 to {FORMAT}"),
    };
    Err((setting.span.clone(), problem))
}

/// Check that each task is of a single kind, and takes its bytes from a single place.
fn check_tasks(settings: &[&Entry]) -> Result<(), Misfit> {
    let kinds: Vec<_> = keys::begin_words().collect();
    for exclusive in [&kinds[..], &["size", "file"][..]] {
        let mut seen: Vec<(&str, &str)> = Vec::new();
        for setting in settings {
            let Some(rest) = setting.name.strip_prefix("do.") else { continue };
            let Some((number, name)) = rest.split_once('.') else { continue };
            if !exclusive.contains(&name) {
                continue;
            }
            if let Some((_, other)) = seen.iter().find(|(task, _)| *task == number) {
                let problem = format!("do: a task has {other} or {name}, not both");
                return Err((setting.span.clone(), problem));
            }
            seen.push((number, name));
        }
    }
    Ok(())
}

/// Write a scenario: the keys that differ from the default, and every task.
#[must_use]
pub fn print(scenario: &Scenario) -> String {
    let mut document = DocumentMut::new();
    document.insert(FORMAT_KEY, value(FORMAT));
    // The scenario of the text so far. A key that follows from an earlier key is not written.
    let mut said = Scenario::default();
    let before = scenario.before_open();
    for key in KEYS.iter().filter(|key| !key.is_task() && key.name != fault_tables::KEY) {
        let text = only(key, before);
        if text != only(key, &said) {
            said.set(key.name, &text).expect("a scenario prints what it reads");
            insert(document.as_table_mut(), key.name, item(key.form, &text));
        }
    }
    // The effect of an open key differs from point to point: write the settings as they were given.
    for (name, text) in scenario.since_open() {
        let known = keys::find(name).expect("it was set").key;
        if !known.is_task() && known.name != fault_tables::KEY {
            insert(document.as_table_mut(), name, written(known.form, &text, Some(&text)));
        }
    }
    document.insert(
        "do",
        match &scenario.tasks[..] {
            [] => value(Array::new()),
            tasks => {
                let table = |(at, task)| print_task(scenario, at + 1, task);
                Item::ArrayOfTables(tasks.iter().enumerate().map(table).collect())
            }
        },
    );
    if !scenario.faults.is_empty() {
        document.insert("fault", fault_tables::print(&scenario.faults));
    }
    if !scenario.arms.is_empty() {
        document.insert(arm_tables::KEY, arm_tables::print(&scenario.arms));
    }
    document.to_string()
}

fn only(key: &Key, scenario: &Scenario) -> String {
    key.values(scenario).into_iter().map(|(_, value)| value).collect()
}

fn print_task(scenario: &Scenario, number: usize, task: &Task) -> Table {
    let alone = Scenario { tasks: vec![task.clone()], ..Scenario::default() };
    let mut table = Table::new();
    for key in KEYS.iter().filter(|key| key.is_task()) {
        let optional =
            ["do.abort_after", "do.die_after", "do.resume", "do.before"].contains(&key.name);
        let name = key.name.trim_start_matches("do.");
        let since = scenario.set_since_open(&format!("do.{number}.{name}"));
        let unsaid = optional && since.is_none() && only(key, &alone) == key.default_value();
        for (_, text) in key.values(&alone).into_iter().filter(|_| !unsaid) {
            table.insert(name, written(key.form, &text, since.as_deref()));
        }
    }
    table
}

fn insert(table: &mut Table, name: &str, item: Item) {
    match name.split_once('.') {
        None => drop(table.insert(name, item)),
        Some((first, rest)) => {
            let inner = table.entry(first).or_insert_with(|| {
                let mut table = Table::new();
                // A table without a key of its own has no header.
                table.set_implicit(true);
                Item::Table(table)
            });
            insert(inner.as_table_mut().expect("no key is both a value and a table"), rest, item);
        }
    }
}

/// The value of a key: the setting `since` the first open key, if there is any, or `text`.
fn written(form: TomlForm, text: &str, since: Option<&str>) -> Item {
    match since {
        Some(since) if since.contains(',') && form != TomlForm::List => {
            value(since.split(',').collect::<Array>())
        }
        since => item(form, since.unwrap_or(text)),
    }
}

fn item(form: TomlForm, text: &str) -> Item {
    match form {
        TomlForm::Number => text.parse::<i64>().map_or_else(|_| value(text), value),
        TomlForm::Switch => value(text == "true"),
        TomlForm::List => value(text.split(',').collect::<Array>()),
        TomlForm::Text => value(text),
    }
}

#[cfg(test)]
mod file_tests;
