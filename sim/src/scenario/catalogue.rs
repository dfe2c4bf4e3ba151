//! `catalogue` holds the scenarios that come with the program, by name, and loads scenario files,
//! so that every command takes both.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use thiserror::Error;

use crate::scenario::file::{self, FileError};
use crate::scenario::nearest::hint;
use crate::scenario::{Content, Scenario, Task};

/// A table of name and text from a list of folder and name.
macro_rules! built_in {
    ($($folder:literal / $name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../catalogue/", $folder, "/", $name, ".toml")))),*]
    };
}

/// Name and text of every built-in scenario: the stories in the order of how often they bite, then
/// stories found here, then lessons for a class, then workloads. The folder tells the subject of a scenario.
const BUILT_IN: &[(&str, &str)] = built_in![
    "upload-end" / "q123208",
    "upload-end" / "unread-upload",
    "download-end" / "early-226",
    "tcp-close" / "lost-fin",
    "tcp-close" / "fin-before-hole",
    "upload-end" / "silent-midway-fin",
    "tcp-close" / "simultaneous-close",
    "tcp-close" / "lastack-stale-ack",
    "tcp-close" / "timewait-port-reuse",
    "download-end" / "abor-crossing",
    "tcp-close" / "zero-window-close",
    "tcp-close" / "finwait2-flood",
    "upload-end" / "halfclose-standoff",
    "download-end" / "226-lost-nat",
    "tcp-close" / "foreign-rst",
    "tcp-close" / "smoltcp-fin-deadlock",
    "tcp-close" / "half-close",
    "tcp-close" / "three-closes",
    "tcp-close" / "old-duplicate",
    "workload" / "bulk-loss-p",
    "workload" / "many-small",
];

/// The scenario of a command without a scenario.
#[cfg(any(feature = "cli", test))]
pub(crate) const DEFAULT: &str = "q123208";

/// A scenario that is missing or wrong.
#[derive(Debug, Error)]
pub enum ScenarioError {
    /// Neither a name of the catalogue nor a file.
    #[error(
        "unknown scenario `{name}`{hint} (`halfclose list` names them all; a file is named by its path)"
    )]
    Unknown {
        /// The name that the caller asked for.
        name: String,
        /// The nearest name, as the end of a sentence.
        hint: String,
    },
    /// A file of the user's that cannot be read.
    #[error("cannot read scenario `{}`: {source}", path.display())]
    Unreadable {
        /// Path of the file.
        path: PathBuf,
        /// Cause of the failure.
        source: io::Error,
    },
    /// A scenario file with a mistake.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The longest scenario file.
const TEXT_MAX: u64 = 1 << 20;

/// The names of the built-in scenarios, in order.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name)
}

impl Scenario {
    /// The scenario of the catalogue that has this name.
    ///
    /// # Errors
    /// The catalogue has no scenario of this name; the error gives the nearest name.
    pub fn catalogue(name: &str) -> Result<Self, ScenarioError> {
        let found = BUILT_IN.iter().find(|(known, _)| *known == name);
        let (name, text) = found.ok_or_else(|| ScenarioError::Unknown {
            name: name.to_owned(),
            hint: hint(name, names()),
        })?;
        Ok(file::parse(text, name, &format!("{name}.toml"))?)
    }

    /// The scenario in the file at `path`. A relative path in the file begins at the folder of the file.
    ///
    /// # Errors
    /// The file cannot be read, or has a mistake; the error gives the line.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ScenarioError> {
        let path = path.as_ref();
        let unreadable = |source| ScenarioError::Unreadable { path: path.to_owned(), source };
        let text = read_file(path, TEXT_MAX).and_then(|bytes| {
            String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))
        });
        let text = text.map_err(unreadable)?;
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let shown = path.display().to_string();
        let mut scenario = file::parse(&text, &stem.unwrap_or_default(), &shown)?;
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        scenario.tasks.iter_mut().for_each(|task| resolve(task, folder));
        Ok(scenario)
    }

    /// The names of the catalogue, in order.
    pub fn catalogue_names() -> impl Iterator<Item = &'static str> {
        names()
    }
}

impl FromStr for Scenario {
    type Err = ScenarioError;

    /// Reads the text of a scenario file (TOML).
    fn from_str(text: &str) -> Result<Self, ScenarioError> {
        Ok(file::parse(text, "scenario", "scenario")?)
    }
}

impl fmt::Display for Scenario {
    /// Writes the text of a scenario file: the keys that differ from the default, and every task.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&file::print(self))
    }
}

/// The built-in scenario of a name, or the scenario file at a path.
///
/// # Errors
/// There is neither, or the file has a mistake.
#[cfg(any(feature = "cli", test))]
pub(crate) fn load(name_or_path: &str) -> Result<Scenario, ScenarioError> {
    let path = Path::new(name_or_path);
    let looks_like_a_path = path.is_dir()
        || path.extension().is_some_and(|extension| extension == "toml")
        || path.components().count() > 1;
    if names().any(|name| name == name_or_path) || !(looks_like_a_path || path.is_file()) {
        return Scenario::catalogue(name_or_path);
    }
    Scenario::open(path)
}

/// All of a regular file of at most `limit` bytes: a device or a pipe may never end.
pub(crate) fn read_file(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    check_file(&std::fs::metadata(path)?, limit)?;
    std::fs::read(path)
}

/// Refuse everything but a regular file of at most `limit` bytes.
pub(crate) fn check_file(found: &std::fs::Metadata, limit: u64) -> io::Result<()> {
    if found.is_dir() {
        return Err(io::Error::other("it is a directory"));
    }
    if !found.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if found.len() > limit {
        let problem = format!("it is {} bytes long, more than {limit}", found.len());
        return Err(io::Error::other(problem));
    }
    Ok(())
}

/// Take a relative path in a scenario file from the folder of the scenario file.
fn resolve(task: &mut Task, folder: &Path) {
    if let Some(file) = task.file_mut()
        && let Content::Path(path) = &mut file.content
    {
        *path = folder.join(&path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Profile;
    use crate::verdict::Verdict;

    #[test]
    fn every_built_in_scenario_loads_and_says_what_it_is() {
        for name in names() {
            let scenario = load(name).expect(name);
            assert_eq!(scenario.name, name);
            for text in [&scenario.about, &scenario.source, &scenario.story] {
                assert!(!text.is_empty(), "{name}");
            }
            let printed = file::print(&scenario);
            assert_eq!(file::parse(&printed, "", name), Ok(scenario), "{printed}");
        }
        Scenario::catalogue(DEFAULT).expect("the default is built in");
    }

    #[test]
    fn a_text_is_a_scenario() {
        let scenario: Scenario =
            "[link]\nloss = \"1%\"\n[[do]]\nput = \"a\"\n".parse().expect("sound");
        assert_eq!((&*scenario.name, scenario.up.loss_ppm), ("scenario", 10_000));
        let again: Scenario =
            scenario.to_string().parse().expect("a scenario prints what it reads");
        assert_eq!(again, scenario);
        let wrong = "[link]\nlos = \"1%\"\n".parse::<Scenario>().expect_err("no such key");
        assert!(wrong.to_string().starts_with("scenario:2: link.los"), "{wrong}");
    }

    #[test]
    fn q123208_is_what_the_article_has() {
        let scenario = Scenario::catalogue("q123208").expect("built in");
        assert_eq!(scenario.client.profile, Some(Profile::Tcpip32_311));
        assert_eq!(scenario.get("client.close").as_deref(), Ok("reset-when-sent"));
        assert_eq!(scenario.expect.verdict, [Verdict::FalseAlarm]);
        for quoted in [
            "426 Connection Closed, transfer aborted.",
            "Error 146: Connection reset by peer",
            "reconstruction",
            "contradicts itself",
            "Q129395",
        ] {
            assert!(scenario.story.contains(quoted), "{quoted}");
        }
    }

    #[test]
    fn what_is_not_there_says_what_is_near() {
        let end = " (`halfclose list` names them all; a file is named by its path)";
        for (name, message) in [
            ("q12320", format!("unknown scenario `q12320`; did you mean `q123208`?{end}")),
            ("weather", format!("unknown scenario `weather`{end}")),
            (
                "no/such.toml",
                "cannot read scenario `no/such.toml`: No such file or directory (os error 2)"
                    .to_owned(),
            ),
        ] {
            assert_eq!(load(name).expect_err("refused").to_string(), message);
        }
    }

    #[test]
    fn a_file_names_other_files_beside_it() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("mine.toml");
        std::fs::write(&path, "[[do]]\nput = \"a\"\nfile = \"photo.jpg\"\n").expect("space");
        let scenario = load(path.to_str().expect("ASCII")).expect("sound");
        assert_eq!(scenario.name, "mine");
        let file = scenario.tasks[0].file().expect("a put");
        assert_eq!(file.content, Content::Path(folder.path().join("photo.jpg")));
    }
}
