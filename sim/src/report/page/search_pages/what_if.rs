//! `what_if` is the part of a matrix's page on which switches choose a run: the sentence of meaning, the
//! place where the bytes stayed, and the ladder, all from runs that were made beforehand.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::network::trace::Recording;
use crate::report::page::ladder_svg::LadderPicture;
use crate::report::page::search_pages::switches::{Choice, Switches, id};
use crate::report::page::thinning::{DRAWN, Thinned};
use crate::report::page::verdict_words::{badge, sentence};
use crate::report::timeline::Timeline;
use crate::report::{because, byte_account};
use crate::run::{Finished, run_loaded};
use crate::search::matrix::Cell;
use crate::workload::{Unreadable, Workload};

/// What a choice shows if the run of the choice was not made.
const MISSING: &str = "#missing";

/// The switches, and the runs behind the switches. Equal texts and equal ladders are kept once.
pub(crate) struct WhatIf {
    switches: Switches,
    /// The text of each different run, with the command line of the first such run.
    texts: Vec<(String, String)>,
    ladders: Vec<String>,
    /// The places of the text and of the ladder of each choice, and the seed of the run.
    runs: BTreeMap<Choice, (usize, usize, u64)>,
}

impl WhatIf {
    /// Makes the run of each cell again, with packets. `reproduce` returns the command line of a cell.
    ///
    /// # Errors
    /// A file of a scenario cannot be read.
    pub(crate) fn new(
        cells: &[Cell],
        reproduce: &dyn Fn(&Cell) -> String,
    ) -> Result<Self, Unreadable> {
        let switches = Switches::of(cells);
        let (mut texts, mut ladders) = (Places::default(), Places::default());
        let mut commands = Vec::new();
        let mut runs = BTreeMap::new();
        for cell in cells {
            let workload = Workload::load(&cell.scenario)?;
            let seed = cell.example.seed;
            let finished = run_loaded(&cell.scenario, &workload, seed, Recording::Headers);
            let timeline = &Timeline::of(&finished);
            let text = texts.place(text(cell, &finished, timeline).into_string());
            if text == commands.len() {
                commands.push(reproduce(cell));
            }
            let ladder = ladders.place(ladder(&finished, timeline).into_string());
            runs.insert(switches.choice(cell), (text, ladder, seed));
        }
        let texts = texts.list.into_iter().zip(commands).collect();
        Ok(Self { switches, texts, ladders: ladders.list, runs })
    }

    /// The name of the element with the text of a cell.
    pub(crate) fn name(&self, cell: &Cell) -> Option<String> {
        let (text, ..) = self.runs.get(&self.switches.choice(cell))?;
        Some(format!("text{text}"))
    }

    /// The names of the buttons that choose a cell.
    pub(crate) fn buttons(&self, cell: &Cell) -> String {
        let choice = self.switches.choice(cell).into_iter().enumerate();
        choice.map(|(axis, place)| id(axis, place)).collect::<Vec<_>>().join(" ")
    }

    /// The number of choices with a run, and the number of different ladders.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.runs.len(), self.ladders.len())
    }

    /// The style of the page that the switches need.
    pub(crate) fn rules(&self) -> String {
        let view = |(text, ladder, seed): &(usize, usize, u64)| {
            format!("#text{text},#ladder{ladder},.seed{seed}")
        };
        let views = self.runs.iter().map(|(choice, run)| (*choice, view(run))).collect();
        let mut rules = self.switches.rules(&views, MISSING);
        // A text that a cell of the matrix leads to brings the ladder along.
        let mut pairs: Vec<_> =
            self.runs.values().map(|(text, ladder, _)| (text, ladder)).collect();
        pairs.sort_unstable();
        pairs.dedup_by_key(|(text, _)| *text);
        for (text, ladder) in pairs {
            let led = format!("#meaning:has(#text{text}:target)~.wide>#ladder{ladder}");
            rules.push_str(&format!("{led}{{display:revert!important}}"));
        }
        rules
    }

    /// The switches with the run of the choice. `words` are the scenario and the settings of every run.
    pub(crate) fn markup(&self, words: &str) -> Markup {
        let mut seeds: Vec<_> = self.runs.values().map(|(.., seed)| *seed).collect();
        seeds.sort_unstable();
        seeds.dedup();
        html! {
            (self.switches.markup())
            div #run {
                div #meaning role="status" {
                    @for (place, (text, command)) in self.texts.iter().enumerate() {
                        div.card id={ "text" (place) } {
                            (maud::PreEscaped(text))
                            p.aim {
                                "For example: " code { (command) } " "
                                a href="#choose" { "Back to the switches" }
                            }
                        }
                    }
                    div.card #missing { p { "No run was made for this choice: the search ended early." } }
                }
                p.again {
                    "Again: " code {
                        "halfclose run " (words) (self.switches.words())
                        @for seed in seeds { span class={ "only seed" (seed) } { " --seed " (seed) } }
                    }
                }
                div.wide {
                    @for (place, ladder) in self.ladders.iter().enumerate() {
                        div.card id={ "ladder" (place) } { (maud::PreEscaped(ladder)) }
                    }
                }
            }
        }
    }
}

/// Texts with their places, each text once.
#[derive(Default)]
struct Places {
    list: Vec<String>,
    places: BTreeMap<String, usize>,
}

impl Places {
    fn place(&mut self, text: String) -> usize {
        if let Some(place) = self.places.get(&text) {
            return *place;
        }
        let place = self.list.len();
        self.list.push(text.clone());
        self.places.insert(text, place);
        place
    }
}

/// The verdict of a run, the cause, and where the bytes stayed.
fn text(cell: &Cell, finished: &Finished, timeline: &Timeline<'_>) -> Markup {
    let outcome = &finished.outcome;
    let counts: Vec<_> =
        cell.verdicts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    let saw = outcome.worst().map(|worst| worst.client.as_str()).unwrap_or_default();
    html! {
        p.verdict-line { (badge(outcome.verdict)) " " strong { (sentence(outcome)) } }
        @if let Some(because) = because(finished) { p { "Why? " (first_upper(&because)) "." } }
        @if let Some(bytes) = byte_account::sentence(&cell.scenario, finished, timeline) {
            p { "Which bytes? " (bytes) }
        }
        p {
            "The user saw last: "
            @if saw.is_empty() { "nothing." } @else { q { (saw) } }
        }
        @if cell.verdicts.values().sum::<u64>() > 1 {
            p { "Of all seeds: " (counts.join(", ")) ". The ladder shows the worst." }
        }
    }
}

/// The ladder of the data connection and of all that follows; the login before is folded.
fn ladder(finished: &Finished, timeline: &Timeline<'_>) -> Markup {
    let thinned = &Thinned::of(timeline, DRAWN).without_login(timeline);
    let first = thinned.drawn.first().map(|place| timeline.packets[*place].event.at);
    let said = &finished.dialogue;
    let from = said.partition_point(|line| Some(line.at) < first);
    LadderPicture { timeline, said: &said[from..], thinned, rows: None, brief: true, says: "" }
        .markup()
}

fn first_upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
