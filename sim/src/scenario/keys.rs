//! `keys` names each part of a scenario: `-s link.loss=1%`, a line of a file and a line of `show`
//! use the same key. A key reads, prints and describes one value.

#[macro_use]
mod value_kinds;
mod expect_keys;
mod key_table;
mod link_keys;
mod policy_keys;
mod task_keys;

#[cfg(test)]
mod keys_tests;

pub use key_table::KEYS;
pub(super) use task_keys::begin_words;
pub(crate) use value_kinds::Permitted;

use super::nearest::hint;
use super::task::{FileCommand, Task};
use super::values::InvalidSetting;
use super::{LinkConfig, PolicyChanges, Scenario};
use crate::side::Side;
use value_kinds::Access;

/// A key of a scenario.
#[derive(Clone, Copy)]
pub struct Key {
    /// Dotted name. A task's key is `do.N.name`, or `do.name` if the scenario has one task.
    pub name: &'static str,
    /// Meaning of the key, in one line.
    pub doc: &'static str,
    /// How a file writes the value.
    pub form: TomlForm,
    permitted: fn() -> Permitted,
    part: Part,
}

/// How a file writes a value. Reading takes every form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TomlForm {
    /// A string in quotes.
    Text,
    /// A number without a unit.
    Number,
    /// The word `true` or `false`.
    Switch,
    /// A list of strings.
    List,
}

type Set<T> = fn(&mut T, &str) -> Result<(), String>;

/// Prints a value; `None`: there is no such value.
type Get<T> = fn(&T) -> Option<String>;

/// The part of a scenario that a key belongs to, with the key's access to that part.
#[derive(Clone, Copy)]
enum Part {
    Scenario(Set<Scenario>, Get<Scenario>),
    /// The directions of the link into which these sides send.
    Link(&'static [Side], Set<LinkConfig>, Get<LinkConfig>),
    /// The close policy of one side's host.
    Policy(Side, Set<PolicyChanges>, Get<PolicyChanges>),
    Task(Set<Task>, Get<Task>),
}

impl Key {
    const fn of_scenario(name: &'static str, doc: &'static str, access: Access<Scenario>) -> Self {
        let part = Part::Scenario(access.set, access.get);
        Self { name, doc, form: access.form, permitted: access.permitted, part }
    }

    /// The values that the key takes.
    #[must_use]
    pub fn permitted(&self) -> Permitted {
        (self.permitted)()
    }

    /// The key's value in `scenario`. For a task's key, the values of all tasks with such a value,
    /// each with the task's number.
    #[must_use]
    pub fn values(&self, scenario: &Scenario) -> Vec<(Option<usize>, String)> {
        let value = match &self.part {
            Part::Scenario(_, get) => get(scenario),
            // The key of both directions prints the upward direction: `link.down` prints a
            // difference.
            Part::Link(senders, _, get) => get(scenario.link(senders[0])),
            Part::Policy(Side::Client, _, get) => get(&scenario.client.policy),
            Part::Policy(Side::Server, _, get) => get(&scenario.server.policy),
            Part::Task(_, get) => {
                let tasks = scenario.tasks.iter().enumerate();
                return tasks.filter_map(|(i, task)| Some((Some(i + 1), get(task)?))).collect();
            }
        };
        value.map(|value| (None, value)).into_iter().collect()
    }

    /// The key's value in the default scenario.
    #[must_use]
    pub fn default_value(&self) -> String {
        let values = self.values(&Scenario::default());
        values.into_iter().next().map(|(_, value)| value).unwrap_or_default()
    }

    /// Whether the key belongs to a task.
    #[must_use]
    pub fn is_task(&self) -> bool {
        matches!(self.part, Part::Task(..))
    }
}

/// A key and, for a task's key, the number of the task from 1.
pub(super) struct Address {
    pub(super) key: &'static Key,
    /// The key's index in [`KEYS`]: the order in which the keys of a file are applied.
    pub(super) place: usize,
    pub(super) task: Option<usize>,
}

/// A number written in digits alone.
fn ordinal(text: &str) -> Option<usize> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The key of a name.
pub(super) fn find(name: &str) -> Result<Address, InvalidSetting> {
    let numbered = name.strip_prefix("do.").and_then(|rest| rest.split_once('.'));
    let (plain, task) = match numbered.map(|(number, rest)| (ordinal(number), rest)) {
        Some((Some(number), rest)) => (format!("do.{rest}"), Some(number)),
        _ => (name.to_owned(), None),
    };
    let place = KEYS.iter().position(|key| key.name == plain);
    place.map(|place| Address { key: &KEYS[place], place, task }).ok_or_else(|| {
        let mut hint = hint(&plain, KEYS.iter().map(|key| key.name));
        if hint.is_empty() {
            hint = "; `halfclose show q123208` names them all".to_owned();
        }
        InvalidSetting::new(name, format!("unknown key{hint}"))
    })
}

/// The canonical name of a key: a task's key includes the task's number, even if the scenario has a
/// single task.
pub(super) fn canonical(name: &str, tasks: usize) -> String {
    match name.strip_prefix("do.") {
        Some(rest) if tasks <= 1 && !rest.contains('.') => format!("do.1.{rest}"),
        _ => name.to_owned(),
    }
}

impl Scenario {
    /// Set a key to a single value.
    pub(super) fn set_one(&mut self, name: &str, value: &str) -> Result<(), InvalidSetting> {
        let address = find(name)?;
        let done = match &address.key.part {
            Part::Scenario(set, _) => set(self, value),
            Part::Link(senders, set, _) => {
                senders.iter().try_for_each(|sender| set(self.link_mut(*sender), value))
            }
            Part::Policy(Side::Client, set, _) => set(&mut self.client.policy, value),
            Part::Policy(Side::Server, set, _) => set(&mut self.server.policy, value),
            Part::Task(set, _) => self.task(&address, name).and_then(|task| set(task, value)),
        };
        done.map_err(|problem| InvalidSetting::new(name, problem))
    }

    /// The value of a key.
    ///
    /// # Errors
    /// There is no such key, or no such task.
    pub fn get(&self, name: &str) -> Result<String, InvalidSetting> {
        let address = find(name)?;
        let wanted =
            |(task, _): &(Option<usize>, String)| address.task.is_none() || *task == address.task;
        let value = address.key.values(self).into_iter().find(wanted).map(|(_, value)| value);
        value.ok_or_else(|| InvalidSetting::new(name, "no task has it"))
    }

    /// The task that a key belongs to. The number after the last task's adds a task.
    fn task(&mut self, address: &Address, name: &str) -> Result<&mut Task, String> {
        let count = self.tasks.len();
        let number = match address.task {
            Some(number) => number,
            None if count <= 1 => 1,
            None => {
                let rest = name.trim_start_matches("do.");
                return Err(format!(
                    "there are {count} tasks: write do.1.{rest} to do.{count}.{rest}"
                ));
            }
        };
        if number == 0 || number > count + 1 {
            let tasks =
                if count == 1 { "is 1 task".to_owned() } else { format!("are {count} tasks") };
            return Err(format!(
                "there is no task {number}: there {tasks}, and the next one is {}",
                count + 1
            ));
        }
        if number == count + 1 {
            if !begin_words().any(|word| word == address.key.name.trim_start_matches("do.")) {
                return Err(format!(
                    "there is no task {number}: begin it with do.{number}.put or do.{number}.get"
                ));
            }
            self.tasks.push(Task::Do(FileCommand::default()));
        }
        Ok(&mut self.tasks[number - 1])
    }
}

fn put<T>(place: &mut T, value: Result<T, String>) -> Result<(), String> {
    *place = value?;
    Ok(())
}
