//! The keys of what must come of a run.

use std::time::Duration;

use halfclose_ftp::Told;

use super::{Form, Key, Part, Set, put, values};
use crate::scenario::{Expect, Scenario};
use crate::units;
use crate::verdict::{FileState, Verdict};

pub(super) const KEYS: [Key; 6] = [
    list(
        "expect.verdict",
        "verdicts that are exit status 0 (empty: all)",
        |s, v| put(&mut s.expect.verdict, words(v, &Verdict::ALL.map(|it| (it.name(), it)))),
        |s| s.expect.verdict.iter().map(|v| v.name()).collect::<Vec<_>>().join(","),
    ),
    list(
        "expect.file",
        "what may become of the file (empty: anything)",
        |s, v| put(&mut s.expect.file, words(v, FILES)),
        |s| s.expect.file.iter().map(|it| it.name()).collect::<Vec<_>>().join(","),
    ),
    list(
        "expect.told",
        "what the user may be told (empty: anything)",
        |s, v| put(&mut s.expect.told, words(v, TOLDS)),
        |s| s.expect.told.iter().map(|it| values::word(it, TOLDS)).collect::<Vec<_>>().join(","),
    ),
    list("expect.reply", "how the last reply may begin (none: no reply)", set_reply, |s| {
        let word = |begin: &String| if begin.is_empty() { values::NONE } else { begin }.to_owned();
        s.expect.reply.iter().map(word).collect::<Vec<_>>().join(",")
    }),
    Key {
        name: "expect.within",
        doc: "when the last connection must be gone (none: whenever)",
        form: Form::Text,
        part: Part::Scenario(
            |s, v| put(&mut s.expect.within, values::optional(v, within)),
            |s| values::print_optional(s.expect.within, units::print_duration),
        ),
    },
    list(
        "expect.broken_laws",
        "the laws that must be broken (empty: none may be)",
        |s, v| put(&mut s.expect.broken_laws, words(v, &LAWS.map(|name| (name, name)))),
        |s| s.expect.broken_laws.join(","),
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

const TOLDS: &[(&str, Told)] =
    &[("success", Told::Success), ("failure", Told::Failure), ("nothing", Told::Nothing)];

const fn list(
    name: &'static str,
    doc: &'static str,
    set: Set<Scenario>,
    get: fn(&Scenario) -> String,
) -> Key {
    Key { name, doc, form: Form::List, part: Part::Scenario(set, get) }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn words<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<Vec<T>, String> {
    parts(text).map(|word| values::choice(word, words)).collect()
}

fn set_reply(scenario: &mut Scenario, text: &str) -> Result<(), String> {
    let begin = |part: &str| if part == values::NONE { "" } else { part }.to_owned();
    scenario.expect.reply = parts(text).map(begin).collect();
    Ok(())
}

fn within(text: &str) -> Result<Duration, String> {
    values::duration(text, Duration::ZERO..=values::DAY * 365)
}
