//! `input_files` holds the files that a command reads, and refuses an output that would replace one of
//! the files.

use std::path::{Path, PathBuf};

use same_file::is_same_file;

use super::CommandError;

/// The files that a command reads, each with a description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct InputFiles(Vec<(&'static str, PathBuf)>);

impl InputFiles {
    /// Adds the file at `path`; `what` describes the file, as in `the scenario`.
    pub(super) fn add(&mut self, what: &'static str, path: impl Into<PathBuf>) {
        self.0.push((what, path.into()));
    }

    /// Refuses the path `output` of the option `option` if the path leads to one of the files, through
    /// links too: device and inode are compared.
    pub(super) fn protect(&self, option: &str, output: &Path) -> Result<(), CommandError> {
        // Two files differ if one of the files is not there.
        let same = |path: &Path| is_same_file(path, output).unwrap_or(false);
        match self.0.iter().find(|(_, path)| same(path)) {
            None => Ok(()),
            Some((what, path)) => Err(CommandError::Input(format!(
                "{option}: `{}` would replace {what}, `{}`: name another file",
                output.display(),
                path.display()
            ))),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn no_name_of_an_input_is_an_output() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("in"), "bytes").expect("space");
        fs::write(path("other"), "bytes").expect("space");
        symlink(path("in"), path("link")).expect("a link");
        symlink(path("link"), path("link-to-link")).expect("a link");
        fs::hard_link(path("in"), path("hard")).expect("a link");
        let mut files = InputFiles::default();
        files.add("the scenario", path("in"));
        files.add("a file that is not there", path("none"));
        for name in ["in", "link", "link-to-link", "hard", "../in"] {
            let output = match name.strip_prefix("../") {
                Some(name) => {
                    fs::create_dir_all(path("d")).expect("space");
                    path("d").join("..").join(name)
                }
                None => path(name),
            };
            let refused = files.protect("--out", &output);
            let Err(CommandError::Input(problem)) = refused else { panic!("{name}: {refused:?}") };
            assert!(problem.starts_with("--out: `") && problem.contains("the scenario"), "{name}");
        }
        for name in ["other", "none", "new"] {
            assert!(files.protect("--out", &path(name)).is_ok(), "{name}");
        }
    }
}
