//! The keys of what must come of a run.

use std::time::Duration;

use halfclose_ftp::Told;

use super::Key;
use super::accessors::{list, text};
use crate::scenario::units;
use crate::scenario::values;
use crate::scenario::{Expect, Scenario};
use crate::verdict::{FileState, Verdict};

pub(super) const KEYS: [Key; 6] = [
    list(
        "expect.verdict",
        "verdicts that are exit status 0 (empty: all)",
        at!(list expect.verdict, &Verdict::ALL.map(|it| (it.name(), it))),
    ),
    list(
        "expect.file",
        "what may become of the file (empty: anything)",
        at!(list expect.file, FILES),
    ),
    list(
        "expect.told",
        "what the user may be told (empty: anything)",
        at!(list expect.told, Told::WORDS),
    ),
    list("expect.reply", "how the last reply may begin (none: no reply)", (set_reply, print_reply)),
    text(
        "expect.within",
        "when the last connection must be gone (none: whenever)",
        at!(optional expect.within, within, units::print_duration),
    ),
    list(
        "expect.broken_laws",
        "the laws that must be broken (empty: none may be)",
        at!(list expect.broken_laws, &LAWS.map(|name| (name, name))),
    ),
];

/// The names of the laws: the laws know scenarios, so their table is not asked. A test compares.
const LAWS: [&str; 9] = [
    "file-is-a-prefix",
    "success-is-whole",
    "old-file-stays",
    "resets-have-reasons",
    "states-follow-figure-5",
    "one-final-reply",
    "replies-follow-the-table",
    "hosts-come-to-rest",
    "nothing-leaks",
];

impl Expect {
    /// Its keys and their values, where it says anything.
    pub fn said(&self) -> Vec<(&'static str, String)> {
        let scenario = Scenario { expect: self.clone(), ..Scenario::default() };
        let values = KEYS.iter().map(|key| {
            let value = key.values(&scenario).into_iter().map(|(_, value)| value).collect();
            (key, value)
        });
        let said = values.filter(|(key, value): &(_, String)| *value != key.default_value());
        said.map(|(key, value)| (key.name.trim_start_matches("expect."), value)).collect()
    }
}

const FILES: &[(&str, FileState)] = &[
    ("whole", FileState::Whole),
    ("short", FileState::Short),
    ("absent", FileState::Absent),
    ("unchanged", FileState::Unchanged),
    ("other", FileState::Other),
];

fn set_reply(scenario: &mut Scenario, text: &str) -> Result<(), String> {
    let begin = |part: &str| if part == values::NONE { "" } else { part }.to_owned();
    scenario.expect.reply = values::parts(text).map(begin).collect();
    Ok(())
}

fn print_reply(scenario: &Scenario) -> String {
    let word = |begin: &String| if begin.is_empty() { values::NONE } else { begin }.to_owned();
    scenario.expect.reply.iter().map(word).collect::<Vec<_>>().join(",")
}

fn within(text: &str) -> Result<Duration, String> {
    values::duration(text, Duration::ZERO..=values::DAY * 365)
}
