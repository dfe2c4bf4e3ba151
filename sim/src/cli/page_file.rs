//! `page_file` is the file of `--report`: checked before the first run, and written whole.

use std::io::Write;
use std::path::Path;

use super::CommandError;
use super::output_file::OutputFile;
use super::selection::Selection;

/// The file of a page, visible once the page is whole.
pub(super) struct PageFile(OutputFile);

impl PageFile {
    /// Opens the file of `--report`, if the option is given. The name has one of `ends`, and the file is
    /// none of those that the scenario reads.
    pub(super) fn create(
        path: Option<&Path>,
        ends: &[&str],
        selection: &Selection,
    ) -> Result<Option<Self>, CommandError> {
        let Some(path) = path else { return Ok(None) };
        let end = path.extension().and_then(|end| end.to_str());
        if !end.is_some_and(|end| ends.contains(&end)) {
            let ends: Vec<_> = ends.iter().map(|end| format!(".{end}")).collect();
            return Err(CommandError::Input(format!(
                "--report {}: the name of a page ends in {}",
                path.display(),
                ends.join(" or ")
            )));
        }
        selection.inputs().protect("--report", path)?;
        OutputFile::create(path).map(Self).map(Some).map_err(CommandError::input)
    }

    /// Writes the text, and gives the file its name.
    pub(super) fn write(self, text: &str) -> Result<(), CommandError> {
        let Self(mut file) = self;
        file.write_all(text.as_bytes())
            .map_err(|error| CommandError::input(file.failed(&error)))?;
        file.commit().map_err(CommandError::input)
    }
}
