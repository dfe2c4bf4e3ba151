//! `keys` names each part of a scenario: `-s link.loss=1%`, a line of a file and a line of `show`
//! are the same key. A key reads and prints one value and knows its range; it knows no file.

#[macro_use]
mod accessors;
mod expect_keys;
mod key_table;
mod link_keys;
mod policy_keys;
mod programs;
mod task_keys;
mod words;

#[cfg(test)]
mod keys_tests;

pub use key_table::KEYS;
pub(super) use task_keys::KINDS;
#[cfg(feature = "net")]
pub(crate) use words::ON_RESET;

use thiserror::Error;

use super::{
    Command, Content, Expect, File, How, LinkConfig, PolicyChanges, Scenario, Task, fault, values,
};
use crate::scenario::nearest::hint;
use crate::side::Side;

/// A setting that a scenario does not take: the key, and what is wrong in one line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{key}: {problem}")]
pub struct InvalidSetting {
    /// The key, as it was written.
    pub key: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

/// One key of a scenario.
#[derive(Clone, Copy)]
pub struct Key {
    /// Its dotted name. A task's key is `do.N.name`, or `do.name` where there is one task.
    pub name: &'static str,
    /// What it is, in one line.
    pub doc: &'static str,
    /// How a file writes it.
    pub form: TomlForm,
    part: Part,
}

/// How a file writes a value. Reading takes every form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TomlForm {
    /// A string.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Switch,
    /// A list of strings.
    List,
}

type Set<T> = fn(&mut T, &str) -> Result<(), String>;

/// What a key belongs to, and how it is read and printed there.
#[derive(Clone, Copy)]
enum Part {
    Scenario(Set<Scenario>, fn(&Scenario) -> String),
    /// One direction of the link, or both.
    Link(Direction, Set<LinkConfig>, fn(&LinkConfig) -> String),
    /// The close policy of one host.
    Policy(Side, Set<PolicyChanges>, fn(&PolicyChanges) -> String),
    /// A task; `None`: the task has no such thing.
    Task(Set<Task>, fn(&Task) -> Option<String>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Both,
    Up,
    Down,
}

impl Key {
    /// Its value in `scenario`; of a task's key, the value of each task that has it, with its number.
    #[must_use]
    pub fn values(&self, scenario: &Scenario) -> Vec<(Option<usize>, String)> {
        match &self.part {
            Part::Scenario(_, get) => vec![(None, get(scenario))],
            // Both directions print the upward one: `link.down` says so if it differs.
            Part::Link(Direction::Down, _, get) => vec![(None, get(&scenario.down))],
            Part::Link(_, _, get) => vec![(None, get(&scenario.up))],
            Part::Policy(Side::Client, _, get) => vec![(None, get(&scenario.client.policy))],
            Part::Policy(Side::Server, _, get) => vec![(None, get(&scenario.server.policy))],
            Part::Task(_, get) => {
                let tasks = scenario.tasks.iter().enumerate();
                tasks.filter_map(|(i, task)| Some((Some(i + 1), get(task)?))).collect()
            }
        }
    }

    /// Its value in a scenario that sets nothing.
    #[must_use]
    pub fn default_value(&self) -> String {
        let values = self.values(&Scenario::default());
        values.into_iter().next().map(|(_, value)| value).unwrap_or_default()
    }

    /// Whether it belongs to a task.
    #[must_use]
    pub fn is_task(&self) -> bool {
        matches!(self.part, Part::Task(..))
    }
}

/// A key and, of a task's key, the number of its task from 1.
pub(super) struct Address {
    pub(super) key: &'static Key,
    /// Its place in [`KEYS`]: the order in which the keys of a file are applied.
    pub(super) place: usize,
    pub(super) task: Option<usize>,
}

/// A number written in digits alone.
fn ordinal(text: &str) -> Option<usize> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The key of that name.
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
        invalid(name, format!("unknown key{hint}"))
    })
}

/// The one name of a key: a task's has its number, even where there is one task.
pub(super) fn canonical(name: &str, tasks: usize) -> String {
    match name.strip_prefix("do.") {
        Some(rest) if tasks <= 1 && !rest.contains('.') => format!("do.1.{rest}"),
        _ => name.to_owned(),
    }
}

impl Scenario {
    /// Set one key: to a value, to a list of them (`0%,1%,5%`: a grid), or to a range of a quantity
    /// (`5ms..50ms`: each seed draws one). A key with a list or a range is open.
    ///
    /// # Errors
    /// There is no such key, or it does not take this value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), InvalidSetting> {
        let address = find(name)?;
        self.set_open(address.key, name, value)
    }

    /// Set one key to one value.
    pub(super) fn set_one(&mut self, name: &str, value: &str) -> Result<(), InvalidSetting> {
        let address = find(name)?;
        let done = match &address.key.part {
            Part::Scenario(set, _) => set(self, value),
            Part::Link(direction, set, _) => self.set_link(*direction, *set, value),
            Part::Policy(Side::Client, set, _) => set(&mut self.client.policy, value),
            Part::Policy(Side::Server, set, _) => set(&mut self.server.policy, value),
            Part::Task(set, _) => self.task(&address, name).and_then(|task| set(task, value)),
        };
        done.map_err(|problem| invalid(name, problem))
    }

    /// The value of one key.
    ///
    /// # Errors
    /// There is no such key, or no such task.
    pub fn get(&self, name: &str) -> Result<String, InvalidSetting> {
        let address = find(name)?;
        let wanted =
            |(task, _): &(Option<usize>, String)| address.task.is_none() || *task == address.task;
        let value = address.key.values(self).into_iter().find(wanted).map(|(_, value)| value);
        value.ok_or_else(|| invalid(name, "no task has it".to_owned()))
    }

    /// Apply `-s` settings, each `key=value`, in order, and check what comes of them.
    ///
    /// What a scenario expects holds for it as it is: once the settings change anything of the run,
    /// nothing is expected but what they say themselves (`-s expect.verdict=...`).
    ///
    /// # Errors
    /// There is no such key, it does not take this value, or two values do not go together.
    pub fn vary<'a>(
        &mut self,
        settings: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), InvalidSetting> {
        let before = self.clone();
        let mut expected_anew = false;
        for setting in settings {
            let (name, value) =
                setting.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
                    invalid(setting, "is not a key and its value: write -s key=value".to_owned())
                })?;
            expected_anew |= name.starts_with("expect.");
            self.set(name, value)?;
        }
        if !expected_anew && *self != before {
            self.expect = Expect::default();
        }
        self.check()
    }

    /// Check what no single key can know.
    ///
    /// # Errors
    /// Two values do not go together.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        self.check_open()?;
        self.check_tasks()?;
        self.check_crowd()?;
        let segment = self.mtu - values::HEADERS;
        let buffers = [
            ("tcp.receive_buffer", self.tcp.receive_buffer),
            ("tcp.send_buffer", self.tcp.send_buffer),
        ];
        for (key, bytes) in buffers {
            if bytes < segment {
                let problem = format!(
                    "{bytes} bytes do not hold one segment: link.mtu {} less {} bytes of headers \
                     is {segment}",
                    self.mtu,
                    values::HEADERS
                );
                return Err(invalid(key, problem));
            }
        }
        for (link, way) in [(&self.up, "up"), (&self.down, "down")] {
            link.check(self.mtu)
                .map_err(|(key, problem)| invalid(&format!("link.{way}.{key}"), problem))?;
        }
        fault::check(&self.faults).map_err(|problem| invalid("fault", problem))
    }

    fn check_tasks(&self) -> Result<(), InvalidSetting> {
        if !self.tasks.iter().any(Task::is_transfer) {
            let problem = "moves no file: a run is judged by its transfers (do.put, do.get, do.ls)";
            return Err(invalid("do", problem.to_owned()));
        }
        for (index, task) in self.tasks.iter().enumerate() {
            if task.file().is_some_and(|it| it.abort_after.is_some() && it.die_after.is_some()) {
                let problem = "a client that dies says no ABOR: leave out abort_after";
                return Err(invalid(&format!("do.{}.die_after", index + 1), problem.to_owned()));
            }
            self.check_before(index)?;
            if matches!(task, Task::Do(Command::Rename { to, .. }) if to.is_empty()) {
                let problem = "a rename has a new name (do.to)";
                return Err(invalid(&format!("do.{}.rename", index + 1), problem.to_owned()));
            }
            let Task::Get(file) = task else { continue };
            let others = self.tasks[..index].iter().filter_map(Task::file);
            let Some(other) = others.rev().find(|other| other.name == file.name) else { continue };
            let own = file.content != File::new(&file.name).content;
            if own && file.content != other.content {
                let problem = format!(
                    "`{}` is what an earlier task says it is: leave out its size and file",
                    file.name
                );
                return Err(invalid(&format!("do.{}.get", index + 1), problem));
            }
        }
        Ok(())
    }

    /// What is there before goes with what the task makes of it.
    fn check_before(&self, index: usize) -> Result<(), InvalidSetting> {
        let Some(file @ File { before: Some(before), .. }) = self.tasks[index].file() else {
            return Ok(());
        };
        let key = format!("do.{}.before", index + 1);
        let earlier = |task: &Task| {
            task.file().is_some_and(|other| {
                other.name == file.name
                    && matches!(task, Task::Put(_)) == matches!(self.tasks[index], Task::Put(_))
            })
        };
        if self.tasks[..index].iter().any(earlier) {
            return Err(invalid(&key, "an earlier task says what is there".to_owned()));
        }
        match file.content {
            Content::Generated(size) if file.how == How::Resume && *before > size => {
                let problem =
                    format!("has more than all {size} bytes of the file: what would follow?");
                Err(invalid(&key, problem))
            }
            _ => Ok(()),
        }
    }

    fn set_link(
        &mut self,
        direction: Direction,
        set: Set<LinkConfig>,
        value: &str,
    ) -> Result<(), String> {
        if direction != Direction::Down {
            set(&mut self.up, value)?;
        }
        if direction != Direction::Up {
            set(&mut self.down, value)?;
        }
        Ok(())
    }

    /// The task that a key speaks of; one past the last is added.
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
            if !KINDS.contains(&address.key.name.trim_start_matches("do.")) {
                return Err(format!(
                    "there is no task {number}: begin it with do.{number}.put or do.{number}.get"
                ));
            }
            self.tasks.push(Task::Noop);
        }
        Ok(&mut self.tasks[number - 1])
    }
}

fn invalid(key: &str, problem: String) -> InvalidSetting {
    InvalidSetting { key: key.to_owned(), problem }
}

fn put<T>(place: &mut T, value: Result<T, String>) -> Result<(), String> {
    *place = value?;
    Ok(())
}
