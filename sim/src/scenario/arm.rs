//! `arm` owns the expectation of a scenario and the arms of a scenario: variants with one thing
//! changed, each with an expectation of its own.

use std::time::Duration;

use halfclose_ftp::Told;

use super::Scenario;
use super::values::InvalidSetting;
use crate::scenario::nearest::hint;
use crate::verdict::{FileState, Verdict};

/// The expected outcome of a run. An empty field expects nothing; with only empty fields every
/// outcome is exit status 0. The expectation belongs to the unchanged scenario: see
/// [`Scenario::vary`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    /// Expected verdicts, any of them.
    pub verdict: Vec<Verdict>,
    /// Expected states of the worst transfer's file, any of them.
    pub file: Vec<FileState>,
    /// Expected answers to the user about the worst transfer, any of them.
    pub told: Vec<Told>,
    /// Expected beginnings of the server's last reply to the worst transfer, any of them. An empty
    /// beginning expects no reply.
    pub reply: Vec<String>,
    /// The last connection is gone by then.
    pub within: Option<Duration>,
    /// Names of the laws that must be broken; every law not named must hold.
    pub broken_laws: Vec<&'static str>,
    /// Names of the optional laws that must hold too.
    pub laws: Vec<&'static str>,
}

/// A list of settings under a name, for mending or breaking a scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arm {
    /// `fix`, `mutant`, or another word.
    pub name: String,
    /// The difference to the scenario, in one line.
    pub about: String,
    /// Settings, each `key=value` as `-s` takes a setting.
    pub set: Vec<String>,
    /// The expected outcome of the arm.
    pub expect: Expect,
}

impl Scenario {
    /// Turn the scenario into the arm of this name, with the arm's settings, description and
    /// expectation. The result has no arms.
    ///
    /// # Errors
    /// There is no such arm, or the scenario refuses a setting of the arm.
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
