//! `selection` finds the scenario of a command, applies the settings, and keeps the words for the command
//! line of each run.

use std::io::{self, Write};
use std::path::Path;

use super::CommandError;
use super::args::ScenarioArgs;
use super::input_files::InputFiles;
use crate::catalogue;
use crate::scenario::units::print_memory;
use crate::scenario::{Choice, Content, Expect, Pinned, Scenario, Task, TcpSetup};
use crate::search::limits::cores;
pub(super) use crate::search::sweep::quoted;

/// A scenario as the command line selects it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Selection {
    /// The scenario with the settings applied.
    pub scenario: Scenario,
    /// The fewest words behind `halfclose run` for the same scenario, quoted for a shell.
    pub words: String,
    /// The expectation that the settings dropped; empty if none was dropped.
    dropped: Expect,
    given: Given,
}

/// The words that select a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Given {
    name: String,
    arm: Option<String>,
    file: Option<String>,
    settings: Vec<String>,
    keep_expect: bool,
}

impl Given {
    fn new(args: ScenarioArgs) -> Result<Self, CommandError> {
        let ScenarioArgs { scenario: name, arm, settings, keep_expect, file } = args;
        let text = |path: &Path| {
            path.to_str().map(str::to_owned).ok_or_else(|| {
                CommandError::Input(format!("--file: `{}` is not UTF-8", path.display()))
            })
        };
        let file = file.as_deref().map(text).transpose()?;
        Ok(Self { name, arm, file, settings, keep_expect })
    }

    /// Whether the scenario is a file, and not a name of the catalogue.
    fn is_file(&self) -> bool {
        !Scenario::catalogue_names().any(|name| name == self.name)
    }

    /// The scenario with the settings applied to `base`, and the expectation that the settings dropped.
    fn select(&self, base: &Scenario) -> Result<(Scenario, Expect), CommandError> {
        let mut scenario = base.clone();
        if let Some(arm) = &self.arm {
            scenario.take_arm(arm).map_err(CommandError::input)?;
        }
        let mut all = Vec::new();
        if let Some(text) = &self.file {
            let name = Path::new(text).file_name().and_then(|name| name.to_str()).unwrap_or(text);
            all.extend(renamed(&scenario, name));
            all.push(format!("do.file={text}"));
        }
        all.extend(self.settings.iter().cloned());
        let expect = scenario.expect.clone();
        scenario.vary(all.iter().map(String::as_str)).map_err(CommandError::input)?;
        let anew = all.iter().any(|setting| setting.starts_with("expect."));
        let dropped = if anew || scenario.expect == expect { Expect::default() } else { expect };
        if self.keep_expect && dropped != Expect::default() {
            scenario.expect = dropped;
            return Ok((scenario, Expect::default()));
        }
        Ok((scenario, dropped))
    }

    /// These words without each word that changes nothing: `same` says whether the words select the
    /// same scenario. A word that adds a fault always changes something, and there may be thousands of
    /// such words.
    fn shortest(mut self, same: impl Fn(&Self) -> bool) -> Self {
        let mut at = 0;
        while at < self.settings.len() {
            let word = &self.settings[at];
            if word.starts_with("fault=") && word != "fault=none" {
                at += 1;
                continue;
            }
            let mut fewer = self.clone();
            fewer.settings.remove(at);
            if same(&fewer) {
                self = fewer;
            } else {
                at += 1;
            }
        }
        let without: [fn(&mut Self); 3] =
            [|it| it.keep_expect = false, |it| it.file = None, |it| it.arm = None];
        for leave_out in without {
            let mut fewer = self.clone();
            leave_out(&mut fewer);
            if fewer != self && same(&fewer) {
                self = fewer;
            }
        }
        self
    }

    /// The words behind `halfclose run`, quoted for a shell.
    fn words(&self) -> String {
        let Self { name, arm, file, settings, keep_expect } = self;
        let mut words = vec![quoted(name)];
        words.extend(arm.iter().map(|arm| format!("--arm {}", quoted(arm))));
        words.extend(file.iter().map(|file| format!("--file={}", quoted(file))));
        words.extend(settings.iter().map(|setting| format!("-s {}", quoted(setting))));
        words.extend(keep_expect.then(|| "--keep-expect".to_owned()));
        words.join(" ")
    }
}

impl Selection {
    pub(super) fn new(args: ScenarioArgs) -> Result<Self, CommandError> {
        let given = Given::new(args)?;
        let base = catalogue::load(&given.name).map_err(CommandError::input)?;
        let (scenario, dropped) = given.select(&base)?;
        let wanted = (&scenario, &dropped);
        let same = |given: &Given| {
            given.select(&base).is_ok_and(|(scenario, dropped)| (&scenario, &dropped) == wanted)
        };
        let given = given.shortest(same);
        let this = Self { scenario, words: given.words(), dropped, given };
        this.check_memory(1)?;
        Ok(this)
    }

    /// Checks that the system gives the memory for the buffers of so many runs at a time; 0: as many as
    /// the processor has cores.
    pub(super) fn check_memory(&self, runs: usize) -> Result<(), CommandError> {
        let runs = if runs == 0 { cores().get() } else { runs };
        let sizes = ["tcp.receive_buffer", "tcp.send_buffer", "client.count"];
        let is_size = |(key, _): &Choice| sizes.contains(&key.as_str());
        let scenario = match self.scenario.open_keys().iter().any(is_size) {
            true => {
                let corners = self.scenario.corners().map_err(CommandError::input)?;
                corners.filter_map(Result::ok).max_by_key(Scenario::ring_bytes)
            }
            false => None,
        };
        let scenario = scenario.as_ref().unwrap_or(&self.scenario);
        // The allocator keeps memory of its own for each thread.
        let shares = if runs > 1 { 2 * runs } else { 1 };
        let need = scenario.ring_bytes().saturating_mul(shares);
        if Vec::<u8>::new().try_reserve_exact(need).is_ok() {
            return Ok(());
        }
        let TcpSetup { receive_buffer, send_buffer, .. } = &scenario.tcp;
        let (receive, send) = (print_memory(*receive_buffer), print_memory(*send_buffer));
        let key =
            if receive_buffer < send_buffer { "tcp.send_buffer" } else { "tcp.receive_buffer" };
        Err(CommandError::Input(format!(
            "{key}: too little memory: client.count={}, tcp.receive_buffer={receive} and \
             tcp.send_buffer={send} need {} MiB {}: lower a buffer, client.count or --jobs",
            scenario.client.count,
            need >> 20,
            if runs == 1 { "in a run".to_owned() } else { format!("in {runs} runs at a time") },
        )))
    }

    /// The fewest words behind `halfclose run` for the run at a point of the grid with `seed`; `listed` has
    /// the choices for the keys with a list of values.
    ///
    /// # Panics
    /// If the file of the scenario can no longer be read.
    pub(super) fn words_at(&self, point: usize, seed: u64, listed: &[Choice]) -> String {
        let wanted = self.scenario.pin(point, seed).scenario;
        let mut given = self.given.clone();
        given.settings.extend(listed.iter().map(|(key, value)| format!("{key}={value}")));
        let Ok(base) = catalogue::load(&given.name) else { return given.words() };
        let same = |given: &Given| {
            let selected = given.select(&base);
            selected.is_ok_and(|(scenario, _)| {
                scenario.points() == 1 && scenario.pin(0, seed).scenario == wanted
            })
        };
        given.shortest(same).words()
    }

    /// Says on standard error that the settings dropped the expectation of the scenario.
    pub(super) fn tell_dropped(&self, err: &mut dyn Write) -> io::Result<()> {
        self.tell(&self.dropped, err)
    }

    /// The same for a command that reads no more of an expectation than the broken laws.
    pub(super) fn tell_dropped_laws(&self, err: &mut dyn Write) -> io::Result<()> {
        let broken_laws = self.dropped.broken_laws.clone();
        self.tell(&Expect { broken_laws, ..Expect::default() }, err)
    }

    fn tell(&self, dropped: &Expect, err: &mut dyn Write) -> io::Result<()> {
        let said = dropped.said();
        if said.is_empty() {
            return Ok(());
        }
        let said: Vec<_> = said.iter().map(|(key, value)| format!("{key} {value}")).collect();
        writeln!(
            err,
            "note: the settings change {}, so its expectation does not count ({}); --keep-expect keeps \
             it",
            quoted(&self.given.name),
            said.join("; ")
        )
    }

    /// The files that the command reads.
    pub(super) fn inputs(&self) -> InputFiles {
        let mut inputs = InputFiles::default();
        if self.given.is_file() {
            inputs.add("the scenario", &self.given.name);
        }
        for file in self.scenario.tasks.iter().filter_map(Task::file) {
            if let Content::Path(path) = &file.content {
                inputs.add("the file to transfer", path);
            }
        }
        inputs
    }
}

impl Selection {
    /// The seed of a run: the seed `named` on the command line, or the scenario's own, or 0.
    pub(super) fn seed(&self, named: Option<u64>) -> u64 {
        named.or(self.scenario.seed).unwrap_or(0)
    }

    /// The scenario of a single run, with the values drawn by `seed`. A list of values is an error.
    pub(super) fn pinned(&self, seed: u64) -> Result<Pinned, CommandError> {
        if self.scenario.points() > 1 {
            let listed = self.scenario.open_keys().into_iter().find(|(_, text)| text.contains(','));
            let (key, text) = listed.expect("a grid has a list");
            let first = text.split(',').next().unwrap_or_default();
            return Err(CommandError::Input(format!(
                "{key}: has several values ({text}), and this command takes a single value: add -s {}, or use `sweep`",
                quoted(&format!("{key}={first}"))
            )));
        }
        Ok(self.scenario.pin(0, seed))
    }
}

/// The setting for another name of the scenario's only file.
fn renamed(scenario: &Scenario, name: &str) -> Option<String> {
    match &scenario.tasks[..] {
        [Task::Get(_)] => Some(format!("do.get={name}")),
        [_] => Some(format!("do.put={name}")),
        // The error of `do.file` says: there are several tasks.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::scenario::Content;

    fn select(
        scenario: &str,
        settings: &[&str],
        file: Option<&str>,
    ) -> Result<Selection, CommandError> {
        Selection::new(ScenarioArgs {
            scenario: scenario.to_owned(),
            arm: None,
            settings: settings.iter().map(|&setting| setting.to_owned()).collect(),
            keep_expect: false,
            file: file.map(Into::into),
        })
    }

    #[test]
    fn the_words_select_it_again() {
        let selection =
            select("q123208", &["link.loss=1%", "about=it's"], Some("my photos/a b.jpg"))
                .expect("sound");
        assert_eq!(
            selection.words,
            r"q123208 --file='my photos/a b.jpg' -s link.loss=1% -s 'about=it'\''s'"
        );
        let file = selection.scenario.tasks[0].file().expect("a put");
        assert_eq!(file.name, "a b.jpg");
        assert_eq!(file.content, Content::Path("my photos/a b.jpg".into()));
    }

    #[test]
    fn a_file_needs_one_task() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("two.toml");
        std::fs::write(&path, "[[do]]\nput = \"a\"\n[[do]]\nget = \"b\"\n").expect("space");
        let refused = select(path.to_str().expect("ASCII"), &[], Some("x"));
        let Err(CommandError::Input(problem)) = refused else { panic!("{refused:?}") };
        assert_eq!(problem, "do.file: there are 2 tasks: write do.1.file to do.2.file");
    }

    #[test]
    fn thousands_of_faults_are_not_tried_one_by_one() {
        let fault = |number| format!("fault=drop packet {number}");
        let mut settings: Vec<_> = (0..3_000).map(fault).collect();
        settings.insert(7, "do.size=1".to_owned());
        settings.push("link.loss=1%".to_owned());
        let name = "q123208".to_owned();
        let given = Given { name, arm: None, file: None, settings, keep_expect: false };
        let tried = Cell::new(0);
        let shorter = given.shortest(|fewer| {
            tried.set(tried.get() + 1);
            fewer.settings.iter().any(|setting| setting == "link.loss=1%")
        });
        assert_eq!(tried.get(), 2, "each word that adds no fault is left out once");
        assert_eq!(shorter.settings.len(), 3_001);
        assert!(!shorter.settings.iter().any(|setting| setting == "do.size=1"));
    }
}
