//! `switches` are the choices of a what-if page: a group of radio buttons for each axis of the matrix, and
//! the style that shows the run of the chosen buttons. No script is needed.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use crate::report::page::search_pages::switch_words::meaning;
use crate::search::matrix::{AXES, Cell, Setting};

/// A place on each axis.
pub(crate) type Choice = [usize; AXES.len()];

/// Choices that lead to the same run: a set of places on each axis.
type Choices = [BTreeSet<usize>; AXES.len()];

/// The settings on each axis, in the order of the cells.
pub(crate) struct Switches {
    settings: [Vec<Option<Setting>>; AXES.len()],
    /// The disk of the scenario, where the cells leave the disk to the scenario.
    own_disk: String,
}

impl Switches {
    /// The switches for the settings that the cells have.
    pub(crate) fn of(cells: &[Cell]) -> Self {
        let mut settings = AXES.map(|_| Vec::new());
        for cell in cells {
            for (list, (_, of)) in settings.iter_mut().zip(AXES) {
                let setting = of(cell);
                if !list.contains(&setting) {
                    list.push(setting);
                }
            }
        }
        let own = cells.iter().find(|cell| cell.disk.is_none());
        Self { settings, own_disk: own.map(Cell::rate).unwrap_or_default() }
    }

    /// The places of a cell.
    pub(crate) fn choice(&self, cell: &Cell) -> Choice {
        let mut choice = [0; AXES.len()];
        for ((place, list), (_, of)) in choice.iter_mut().zip(&self.settings).zip(AXES) {
            let found = list.iter().position(|one| *one == of(cell));
            *place = found.expect("the switches have the settings of every cell");
        }
        choice
    }

    /// The radio buttons, the first choice of each group chosen.
    pub(crate) fn markup(&self) -> Markup {
        html! {
            form #choose autocomplete="off" {
                @for (axis, (list, (question, _))) in self.settings.iter().zip(AXES).enumerate() {
                    fieldset {
                        legend { (question) }
                        @for (place, setting) in list.iter().enumerate() {
                            label {
                                input type="radio" name={ "axis" (axis) } id=(id(axis, place))
                                    checked[place == 0];
                                @match setting {
                                    Some(setting) => { " " b { (setting.1) } " " span { (meaning(*setting)) } }
                                    None => { " " b { (self.own_disk) } " " span { "the scenario's own disk" } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The chosen settings as words of a command line: one word of each group is shown.
    pub(crate) fn words(&self) -> Markup {
        html! {
            @for (axis, list) in self.settings.iter().enumerate() {
                @for (place, setting) in list.iter().enumerate() {
                    @if let Some((key, value)) = setting {
                        span class={ "only " (id(axis, place)) } { " -s " (key) "=" (value) }
                    }
                }
            }
        }
    }

    /// The style of the page: the elements of `views` are shown for their choices, and the words of the
    /// chosen buttons. A choice that has no view shows `missing`.
    pub(crate) fn rules(&self, views: &BTreeMap<Choice, String>, missing: &str) -> String {
        let mut text = String::new();
        for (choices, view) in self.merged(views, missing) {
            let chosen = self.selector(&choices);
            text.push_str(&format!("{chosen}~#run :is({view}){{display:revert}}"));
        }
        for (axis, list) in self.settings.iter().enumerate() {
            for place in 0..list.len() {
                let id = id(axis, place);
                text.push_str(&format!("#choose:has(#{id}:checked)~#run .{id}{{display:revert}}"));
            }
        }
        text
    }

    /// Every choice with its view. Choices with the same view that differ on one axis alone are one entry.
    fn merged<'a>(
        &self,
        views: &'a BTreeMap<Choice, String>,
        missing: &'a str,
    ) -> Vec<(Choices, &'a str)> {
        let mut rules: Vec<(Choices, &str)> = Vec::new();
        for choice in self.choices() {
            let view = views.get(&choice).map_or(missing, String::as_str);
            rules.push((choice.map(|place| BTreeSet::from([place])), view));
        }
        for axis in 0..AXES.len() {
            let mut merged: BTreeMap<(Choices, &str), BTreeSet<usize>> = BTreeMap::new();
            for (mut choices, view) in rules {
                let own = std::mem::take(&mut choices[axis]);
                merged.entry((choices, view)).or_default().extend(own);
            }
            let whole = merged.into_iter().map(|((mut choices, view), own)| {
                choices[axis] = own;
                (choices, view)
            });
            rules = whole.collect();
        }
        rules
    }

    /// Every choice of one setting on each axis.
    fn choices(&self) -> Vec<Choice> {
        let mut all = vec![[0; AXES.len()]];
        for (axis, list) in self.settings.iter().enumerate() {
            let places = |choice: Choice| {
                (0..list.len()).map(move |place| {
                    let mut choice = choice;
                    choice[axis] = place;
                    choice
                })
            };
            all = all.into_iter().flat_map(places).collect();
        }
        all
    }

    /// The selector of the form while one of the choices is chosen.
    fn selector(&self, choices: &Choices) -> String {
        let mut text = "#choose".to_owned();
        for (axis, (places, list)) in choices.iter().zip(&self.settings).enumerate() {
            let ids: Vec<_> = places.iter().map(|place| format!("#{}", id(axis, *place))).collect();
            if ids.len() < list.len() {
                text.push_str(&format!(":has(:is({}):checked)", ids.join(",")));
            }
        }
        text
    }
}

/// The name of a radio button.
pub(crate) fn id(axis: usize, place: usize) -> String {
    format!("w{axis}-{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_rules_give_each_choice_its_own_view() {
        let setting = ["a", "b", "c"].map(|word| Some(("key", word)));
        let counts = [3, 2, 2, 3];
        let settings = counts.map(|count| setting[..count].to_vec());
        let switches = Switches { settings, own_disk: String::new() };
        // The view depends on two axes, and one choice has none.
        let view = |choice: &Choice| format!("{}", choice[0] * choice[3] % 2);
        let mut views: BTreeMap<_, _> =
            switches.choices().into_iter().map(|choice| (choice, view(&choice))).collect();
        assert_eq!(views.len(), 36);
        let lone = [2, 1, 0, 1];
        views.remove(&lone);
        let merged = switches.merged(&views, "none");
        assert!(merged.len() < 12, "{} rules", merged.len());
        for choice in switches.choices() {
            let meets = |(sets, _): &&(Choices, &str)| {
                sets.iter().zip(choice).all(|(set, place)| set.contains(&place))
            };
            let found: Vec<_> = merged.iter().filter(meets).map(|(_, view)| *view).collect();
            let wanted = views.get(&choice).map_or("none", String::as_str);
            assert_eq!(found, [wanted], "{choice:?}");
        }
    }
}
