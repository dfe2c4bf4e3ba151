//! The arms of a scenario: what changes when one thing is otherwise, each with its own expectation.

use std::time::Duration;

use halfclose_ftp::Told;

use super::Scenario;
use super::values::InvalidSetting;
use crate::scenario::nearest::hint;
use crate::verdict::{FileState, Verdict};

/// What must come of a run. Empty: nothing is expected, and every outcome is exit status 0. What a
/// scenario expects holds for it as it is: see [`Scenario::vary`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    /// The verdict is one of these.
    pub verdict: Vec<Verdict>,
    /// The worst transfer's file is one of these.
    pub file: Vec<FileState>,
    /// What the user was told of it is one of these.
    pub told: Vec<Told>,
    /// The server's last reply to it begins with one of these; an empty one: there was none.
    pub reply: Vec<String>,
    /// The last connection is gone by then.
    pub within: Option<Duration>,
    /// These laws are broken, by name, and no other.
    pub broken_laws: Vec<&'static str>,
}

/// A list of settings under a name: what mends a scenario, or breaks it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arm {
    /// `fix`, `mutant`, or another word.
    pub name: String,
    /// What is otherwise, in one line.
    pub about: String,
    /// Its settings, each `key=value`, as `-s` takes them.
    pub set: Vec<String>,
    /// What must come of it.
    pub expect: Expect,
}

impl Scenario {
    /// Make it the arm of that name: its settings, its line, its expectation. It has no arms then.
    ///
    /// # Errors
    /// There is no such arm, or it does not fit the scenario.
    pub fn take_arm(&mut self, name: &str) -> Result<(), InvalidSetting> {
        let Some(arm) = self.arms.iter().find(|arm| arm.name == name).cloned() else {
            let names = || self.arms.iter().map(|arm| &*arm.name);
            let problem = match names().collect::<Vec<_>>().join(", ") {
                none if none.is_empty() => format!("`{name}`: the scenario has no arms"),
                all => format!("`{name}` is none of {all}{}", hint(name, names())),
            };
            return Err(InvalidSetting::new("arm", problem));
        };
        self.arms.clear();
        self.vary(arm.set.iter().map(String::as_str))?;
        self.about = arm.about;
        self.expect = arm.expect;
        Ok(())
    }
}
