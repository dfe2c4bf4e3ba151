//! What must come of a run, for the exit status. It knows outcomes and no scenario.

use std::time::Duration;

use halfclose_ftp::Told;

use crate::outcome::Outcome;
use crate::report::told;
use crate::units::print_duration;
use crate::verdict::{FileState, Verdict};

/// What must come of a run. Empty: nothing is expected, and every outcome is exit status 0. What a
/// scenario expects holds for it as it is: see [`Scenario::vary`](super::Scenario::vary).
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

impl Expect {
    /// What of it did not come, in words: broken laws that nobody expects first.
    #[must_use]
    pub fn unmet(&self, outcome: &Outcome) -> Vec<String> {
        let broken = &outcome.broken_laws;
        let unexpected = broken.iter().filter(|law| !self.broken_laws.contains(&law.name));
        let mut unmet: Vec<_> = unexpected.map(|law| format!("law {law}")).collect();
        let held = |name: &&&str| broken.iter().all(|law| law.name != **name);
        let held = self.broken_laws.iter().filter(held);
        unmet.extend(held.map(|name| format!("expected law {name} to be broken, and it held")));
        let mut check = |what: &str, met: bool, expected: Vec<String>, got: &str| {
            if !met && !expected.is_empty() {
                unmet.push(format!("expected {what}{}, got {got}", expected.join(" or ")));
            }
        };
        let got = outcome.verdict;
        let names = self.verdict.iter().map(ToString::to_string).collect();
        check("", self.verdict.contains(&got), names, got.name());
        if let Some(worst) = outcome.worst() {
            let names = self.file.iter().map(|file| file.name().to_owned()).collect();
            check("file ", self.file.contains(&worst.file), names, worst.file.name());
            let names = self.told.iter().map(|word| told(*word).to_owned()).collect();
            check("told ", self.told.contains(&worst.told), names, told(worst.told));
            let quoted = |text: &String| match text.is_empty() {
                true => "none".to_owned(),
                false => format!("`{text}`"),
            };
            let met = self.reply.iter().any(|begin| match begin.is_empty() {
                true => worst.reply.is_empty(),
                false => worst.reply.starts_with(&**begin),
            });
            let names = self.reply.iter().map(quoted).collect();
            check("reply ", met, names, &quoted(&worst.reply));
        }
        if let Some(within) = self.within {
            let names = vec![print_duration(within)];
            let met = outcome.quiet_at <= within;
            check("quiet within ", met, names, &print_duration(outcome.quiet_at));
        }
        unmet
    }
}
