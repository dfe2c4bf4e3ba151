//! `selection` finds the scenario of a command, applies the settings, and keeps the words for the command
//! line of each run.

use super::CommandError;
use super::args::ScenarioArgs;
use crate::catalogue;
use crate::scenario::{Pinned, Scenario, Task};
pub(super) use crate::search::sweep::quoted;

/// A scenario as the command line selects it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Selection {
    /// The scenario with the settings applied.
    pub scenario: Scenario,
    /// The words behind `halfclose run` for the same scenario, quoted for a shell.
    pub words: String,
}

impl Selection {
    pub(super) fn new(args: ScenarioArgs) -> Result<Self, CommandError> {
        let ScenarioArgs { scenario: name, arm, settings, file } = args;
        let mut scenario = catalogue::load(&name).map_err(CommandError::input)?;
        let mut words = vec![quoted(&name)];
        if let Some(arm) = arm {
            scenario.take_arm(&arm).map_err(CommandError::input)?;
            words.push(format!("--arm {}", quoted(&arm)));
        }
        let mut all = Vec::new();
        if let Some(path) = &file {
            let text = path.to_str().ok_or_else(|| {
                CommandError::Input(format!("--file: `{}` is not UTF-8", path.display()))
            })?;
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or(text);
            all.extend(renamed(&scenario, name));
            all.push(format!("do.file={text}"));
            words.push(format!("--file={}", quoted(text)));
        }
        words.extend(settings.iter().map(|setting| format!("-s {}", quoted(setting))));
        all.extend(settings);
        scenario.vary(all.iter().map(String::as_str)).map_err(CommandError::input)?;
        Ok(Self { scenario, words: words.join(" ") })
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
}
