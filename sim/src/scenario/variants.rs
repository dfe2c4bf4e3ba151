//! `variants` owns the open keys of a scenario: a key with a list of values (a grid, which
//! multiplies the runs) or with a range of values (each seed draws a value, from a stream of its
//! own). A scenario is pinned before a run.

mod range;

use super::Scenario;
use super::keys::{self, Key, TomlForm};
use super::values::InvalidSetting;
use crate::seed;
use range::ValueRange;

/// Combinations of values to try when a scenario is checked; more combinations are refused.
const COMBINATIONS_MAX: usize = 1 << 16;

/// The keys that are never open: texts with commas, faults (a list already), and the seed, from
/// which draws are made.
const SINGLE: [&str; 6] = ["name", "about", "source", "story", "seed", "fault"];

/// The keys of a task that may be open. The remaining keys name a file or the kind of the task.
const OF_TASKS: [&str; 5] = ["do.size", "do.before", "do.abort_after", "do.die_after", "do.resume"];

/// The open keys of a scenario. The scenario's own fields have the first value of each open key.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// The scenario before the first of the settings.
    before: Box<Scenario>,
    /// The settings since then, in order: a later setting may depend on an open key.
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
    /// The list or the range that `text` writes for `key`; `None`: a single value.
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

    /// Number of points that the values add to the grid.
    fn points(&self) -> usize {
        if let Self::Grid(values) = self { values.len() } else { 1 }
    }

    /// Every value of a list; both ends of a range.
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

    /// The values as a setting writes them.
    fn text(&self) -> String {
        match self {
            Self::One(text) => text.clone(),
            Self::Grid(values) => values.join(","),
            Self::Draw(range) => range.text.clone(),
        }
    }
}

/// A key and its value, as `-s` takes a setting.
pub type Choice = (String, String);

/// A scenario without open keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Pinned {
    /// The scenario to be run.
    pub scenario: Scenario,
    /// The choice for each open key, in order.
    pub choices: Vec<Choice>,
}

impl Scenario {
    /// Number of points of the grid: 1 if no key has a list of values.
    #[must_use]
    pub fn points(&self) -> usize {
        let settings = self.open.iter().flat_map(|open| &open.settings);
        settings.map(|setting| setting.values.points()).product()
    }

    /// Whether a key has a range of values, from which each seed draws a value.
    #[must_use]
    pub fn draws(&self) -> bool {
        let mut settings = self.open.iter().flat_map(|open| &open.settings);
        settings.any(|setting| matches!(setting.values, Values::Draw(_)))
    }

    /// The scenario at a point of the grid, with the values that `seed` draws. The last list varies
    /// fastest.
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
        let mut scenario = open.with(&choices).expect("every value was tried when it was set");
        let is_expectation = |setting: &OpenSetting| setting.key.starts_with("expect.");
        if !open.settings.iter().any(|it| it.values.is_open() && is_expectation(it)) {
            // `vary` drops the expectation after the settings, and an arm replaces the expectation.
            scenario.expect = self.expect.clone();
        }
        let open = choices.into_iter().zip(&open.settings).filter(|(_, s)| s.values.is_open());
        Pinned { scenario, choices: open.map(|(choice, _)| choice).collect() }
    }

    /// The open keys, each with its values as they were set.
    #[must_use]
    pub fn open_keys(&self) -> Vec<Choice> {
        let settings = self.open.iter().flat_map(|open| &open.settings);
        let open = settings.filter(|setting| setting.values.is_open());
        open.map(|setting| (setting.key.clone(), setting.values.text())).collect()
    }

    /// The last value set for `key` since the first open key, as it was set.
    pub(super) fn set_since_open(&self, key: &str) -> Option<String> {
        self.since_open().filter(|(name, _)| *name == key).last().map(|(_, text)| text)
    }

    /// Every setting since the first open key, in order, as it was set.
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
        // A key that is set again is open no longer.
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
    pub(crate) fn corners(
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
    /// A value for each setting: from a list the value at this point, from a range the result of
    /// `draw`.
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
