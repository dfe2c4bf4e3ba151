//! The arms of a scenario: what changes when one thing is otherwise, each with its own expectation.

use super::keys::InvalidSetting;
use super::{Expect, Scenario};
use crate::scenario::nearest::hint;

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
            return Err(InvalidSetting { key: "arm".to_owned(), problem });
        };
        self.arms.clear();
        self.vary(arm.set.iter().map(String::as_str))?;
        self.about = arm.about;
        self.expect = arm.expect;
        Ok(())
    }
}
