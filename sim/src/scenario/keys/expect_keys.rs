//! The keys of the expected outcome of a run.

use halfclose_ftp::Told;

use super::value_kinds::{Access, INSTANT, Permitted};
use super::{Key, TomlForm, put};
use crate::scenario::values::{self, NONE};
use crate::scenario::{Expect, Scenario};
use crate::terms::law_names;
use crate::verdict::{FileState, Verdict};

pub(super) const KEYS: [Key; 7] = [
    Key::of_scenario(
        "expect.verdict",
        "verdicts with exit status 0 (empty: all)",
        at!(expect.verdict, list & Verdict::ALL.map(|it| (it.name(), it))),
    ),
    Key::of_scenario(
        "expect.file",
        "allowed states of the worst transfer's file (empty: all)",
        at!(expect.file, list & FileState::ALL.map(|it| (it.name(), it))),
    ),
    Key::of_scenario(
        "expect.told",
        "allowed answers to the user about the worst transfer (empty: all)",
        at!(expect.told, list Told::WORDS),
    ),
    Key::of_scenario(
        "expect.reply",
        "allowed beginnings of the server's last reply (none: no reply)",
        Access {
            form: TomlForm::List,
            permitted: || Permitted::others("first characters of a reply, as in 226").or(NONE),
            set: |scenario, text| {
                let begin = |part: &str| if part == NONE { "" } else { part }.to_owned();
                scenario.expect.reply = values::parts(text).map(begin).collect();
                Ok(())
            },
            get: |scenario| {
                let word = |begin: &String| if begin.is_empty() { NONE } else { begin }.to_owned();
                Some(scenario.expect.reply.iter().map(word).collect::<Vec<_>>().join(","))
            },
        },
    ),
    Key::of_scenario(
        "expect.within",
        "virtual time by which every connection must be gone (none: any)",
        at!(expect.within, INSTANT or NONE),
    ),
    Key::of_scenario(
        "expect.broken_laws",
        "laws to be broken; every other law must hold",
        at!(expect.broken_laws, list & law_names::ALL.map(|name| (name, name))),
    ),
    Key::of_scenario(
        "expect.laws",
        "optional laws that must hold too (docs/LAWS.md)",
        at!(expect.laws, list & law_names::OPTIONAL.map(|name| (name, name))),
    ),
];

impl Expect {
    /// The keys that expect something, without `expect.`, and their values.
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
