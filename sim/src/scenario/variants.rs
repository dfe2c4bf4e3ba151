//! `open` is what a scenario leaves open: a key with a list of values (a grid, which multiplies
//! runs) or with a range (a draw, which each seed makes for itself, from a stream of its own). A
//! scenario is pinned before it runs. The values themselves are their keys'.

mod range;

use super::Scenario;
use super::keys::{self, Key, TomlForm};
use super::values::InvalidSetting;
use crate::seed;
use range::ValueRange;

/// Combinations of values that are tried when a scenario is checked; more are refused.
const COMBINATIONS_MAX: usize = 1 << 16;

/// The keys that take one value: texts in which a comma is a comma, faults, which are a list anyway,
/// and the seed, from which draws are made.
const SINGLE: [&str; 6] = ["name", "about", "source", "story", "seed", "fault"];

/// The keys of a task that may be open: the others say what it is, and names.
const OF_TASKS: [&str; 5] = ["do.size", "do.before", "do.abort_after", "do.die_after", "do.resume"];

/// What a scenario leaves open. The scenario's own fields are those of its first values.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// The scenario before the first of these settings.
    before: Box<Scenario>,
    /// What was set since, in order: a later setting may depend on an open one.
    settings: Vec<OpenSetting>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct OpenSetting {
    key: String,
    values: Values,
}

/// The values of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Values {
    One(String),
    Grid(Vec<String>),
    Draw(ValueRange),
}

impl Values {
    /// The values of a key that is written like this; `None`: it is one value.
    fn read(key: &Key, text: &str) -> Option<Result<Self, String>> {
        let single = key.form == TomlForm::List
            || SINGLE.contains(&key.name)
            || key.name.ends_with(".blackout")
            || key.is_task() && !OF_TASKS.contains(&key.name);
        if single {
            return None;
        }
        if text.contains(',') {
            let parts = || text.split(',').map(str::trim);
            let wrong = match () {
                () if parts().any(str::is_empty) => "has an empty value in its list",
                () if text.contains("..") => "is a list of single values or one range, not both",
                () => {
                    return Some(Ok(Self::Grid(parts().map(str::to_owned).collect())));
                }
            };
            return Some(Err(format!("`{text}` {wrong}")));
        }
        text.contains("..").then(|| ValueRange::read(text).map(Self::Draw))
    }

    fn is_open(&self) -> bool {
        !matches!(self, Self::One(_))
    }

    /// How many points of the grid it makes.
    fn points(&self) -> usize {
        if let Self::Grid(values) = self { values.len() } else { 1 }
    }

    /// Its values at both ends.
    fn corners(&self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text.clone()],
            Self::Grid(values) => values.clone(),
            Self::Draw(range) => vec![range.print(range.first), range.print(range.last)],
        }
    }

    fn first(&self) -> String {
        match self {
            Self::One(text) => text.clone(),
            Self::Grid(values) => values[0].clone(),
            Self::Draw(range) => range.print(range.first),
        }
    }

    /// As a setting writes it.
    fn text(&self) -> String {
        match self {
            Self::One(text) => text.clone(),
            Self::Grid(values) => values.join(","),
            Self::Draw(range) => range.text.clone(),
        }
    }
}

/// A key and the value that it was given, as `-s` takes them.
pub type Choice = (String, String);

/// A scenario of which nothing is open any more.
#[derive(Clone, Debug, PartialEq)]
pub struct Pinned {
    /// It.
    pub scenario: Scenario,
    /// What was chosen for each open key, in order.
    pub choices: Vec<Choice>,
}

impl Scenario {
    /// How many points its grid has: 1 if no key has a list of values.
    #[must_use]
    pub fn points(&self) -> usize {
        let settings = self.open.iter().flat_map(|open| &open.settings);
        settings.map(|setting| setting.values.points()).product()
    }

    /// Whether a key has a range of values, from which each seed draws one.
    #[must_use]
    pub fn draws(&self) -> bool {
        let mut settings = self.open.iter().flat_map(|open| &open.settings);
        settings.any(|setting| matches!(setting.values, Values::Draw(_)))
    }

    /// The scenario at a point of its grid, with what `seed` draws. The last list varies fastest.
    ///
    /// # Panics
    /// If `point` is not below [`points`](Self::points).
    #[must_use]
    pub fn pin(&self, point: usize, seed: u64) -> Pinned {
        assert!(point < self.points(), "the grid has {} points", self.points());
        let Some(open) = &self.open else {
            return Pinned { scenario: self.clone(), choices: Vec::new() };
        };
        let choices = open.choices(point, |name, range| range.draw(seed::drawn(seed, name)));
        let scenario = open.with(&choices).expect("every value was tried when it was set");
        let open = choices.into_iter().zip(&open.settings).filter(|(_, s)| s.values.is_open());
        Pinned { scenario, choices: open.map(|(choice, _)| choice).collect() }
    }

    /// The keys that are open, as they were set.
    #[must_use]
    pub fn open_keys(&self) -> Vec<Choice> {
        let settings = self.open.iter().flat_map(|open| &open.settings);
        let open = settings.filter(|setting| setting.values.is_open());
        open.map(|setting| (setting.key.clone(), setting.values.text())).collect()
    }

    /// What was set for `key` since something is open, as it was set.
    pub(super) fn set_since_open(&self, key: &str) -> Option<String> {
        self.since_open().filter(|(name, _)| *name == key).last().map(|(_, text)| text)
    }

    /// Every setting since something is open, in order, as it was set.
    pub(super) fn since_open(&self) -> impl Iterator<Item = (&str, String)> {
        let settings = self.open.iter().flat_map(|open| &open.settings);
        settings.map(|setting| (&*setting.key, setting.values.text()))
    }

    /// The scenario before anything is open.
    pub(super) fn before_open(&self) -> &Self {
        self.open.as_ref().map_or(self, |open| &open.before)
    }

    /// Set one key: to a value, to a list of values (`0%,1%,5%`: a grid), or to a range of a quantity
    /// (`5ms..50ms`: each seed draws a value). A key with a list or a range is open.
    ///
    /// # Errors
    /// There is no such key, or the key does not take this value.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), InvalidSetting> {
        let misfit = |problem| InvalidSetting::new(name, problem);
        let values = Values::read(keys::find(name)?.key, text).transpose().map_err(misfit)?;
        if values.is_none() && self.open.is_none() {
            return self.set_one(name, text);
        }
        let values = values.unwrap_or_else(|| Values::One(text.to_owned()));
        for value in values.corners() {
            self.clone().set_one(name, &value)?;
        }
        let mut open = match self.open.take() {
            Some(open) => *open,
            None => Open { before: Box::new(self.clone()), settings: Vec::new() },
        };
        // What it sets anew is open no longer.
        let name = keys::canonical(name, self.tasks.len());
        let both = name.replacen("link.up.", "link.", 1).replacen("link.down.", "link.", 1);
        for setting in &mut open.settings {
            let covered = setting.key == name
                || both == name
                    && setting.key.replacen("up.", "", 1).replacen("down.", "", 1) == name;
            if covered && setting.values.is_open() {
                setting.values = Values::One(setting.values.first());
            }
        }
        open.settings.push(OpenSetting { key: name, values });
        let first = open.choices(0, |_, range| range.print(range.first));
        *self = open.with(&first)?;
        if open.settings.iter().any(|setting| setting.values.is_open()) {
            self.open = Some(Box::new(open));
        }
        Ok(())
    }

    /// Every combination of the open keys' values, with both ends of each range.
    ///
    /// # Errors
    /// There are too many combinations, or a value of one key excludes a value of another.
    pub(super) fn corners(
        &self,
    ) -> Result<impl Iterator<Item = Result<Self, InvalidSetting>>, InvalidSetting> {
        let open = self.open.as_deref();
        let corners: Vec<_> = open
            .into_iter()
            .flat_map(|open| &open.settings)
            .map(|setting| (setting.key.as_str(), setting.values.corners()))
            .collect();
        let all = corners.iter().try_fold(1_usize, |all, (_, one)| all.checked_mul(one.len()));
        let Some(all) = all.filter(|all| *all <= COMBINATIONS_MAX) else {
            let key = self.open_keys().pop().map(|(key, _)| key).unwrap_or_default();
            let problem = format!(
                "there are more than {COMBINATIONS_MAX} combinations of what is left open: leave \
                 less open"
            );
            return Err(InvalidSetting::new(key, problem));
        };
        let corner = move |open: &Open, at: usize| {
            let mut rest = at;
            let choose = |(key, values): &(&str, Vec<String>)| {
                let value = values[rest % values.len()].clone();
                rest /= values.len();
                ((*key).to_owned(), value)
            };
            open.with(&corners.iter().map(choose).collect::<Vec<_>>())
        };
        let places = open.into_iter().flat_map(move |open| (0..all).map(move |at| (open, at)));
        Ok(places.map(move |(open, at)| corner(open, at)))
    }
}

impl Open {
    /// A value for each setting: of a grid, the one of this point; of a range, what `draw` says.
    fn choices(&self, point: usize, draw: impl Fn(&str, &ValueRange) -> String) -> Vec<Choice> {
        let mut rest = point;
        let mut choose = |setting: &OpenSetting| {
            let value = match &setting.values {
                Values::One(text) => text.clone(),
                Values::Draw(range) => draw(&setting.key, range),
                Values::Grid(values) => {
                    let value = values[rest % values.len()].clone();
                    rest /= values.len();
                    value
                }
            };
            (setting.key.clone(), value)
        };
        let mut choices: Vec<_> = self.settings.iter().rev().map(&mut choose).collect();
        choices.reverse();
        choices
    }

    fn with(&self, choices: &[Choice]) -> Result<Scenario, InvalidSetting> {
        let mut scenario = (*self.before).clone();
        for (key, value) in choices {
            scenario.set_one(key, value)?;
        }
        Ok(scenario)
    }
}

#[cfg(test)]
mod variants_tests;
