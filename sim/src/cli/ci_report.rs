//! `ci_report` tells the findings of a command to continuous integration: as a JUnit file, and as
//! annotations of GitHub Actions.

use std::io::{self, Write};
use std::path::Path;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::CommandError;
use super::args::CiArgs;
use super::input_files::InputFiles;
use super::output_file::OutputFile;

/// One check: it passed, or it has findings.
pub(super) struct Check {
    /// The name of the check: the command line of the runs, or what was asked.
    pub(super) name: String,
    /// The findings of the check.
    pub(super) findings: Vec<Finding>,
}

/// One finding of a check.
pub(super) struct Finding {
    /// The finding in one line.
    pub(super) message: String,
    /// The command line that shows the finding again.
    pub(super) reproduce: String,
}

impl CiArgs {
    /// Refuses a JUnit file that is also an input.
    pub(super) fn protect(&self, inputs: &InputFiles) -> Result<(), CommandError> {
        self.junit.as_deref().map_or(Ok(()), |path| inputs.protect("--junit", path))
    }

    /// Writes the checks of a command such as `halfclose sweep` to the JUnit file, and the annotations to
    /// `err`: standard output may be one JSON object.
    ///
    /// # Errors
    /// The file or `err` cannot be written.
    pub(super) fn tell(
        &self,
        command: &str,
        checks: &[Check],
        err: &mut dyn Write,
    ) -> Result<(), CommandError> {
        if let Some(path) = &self.junit {
            junit(command, checks, path)?;
        }
        if self.annotate.is_some() {
            annotate(command, checks, err)?;
        }
        Ok(())
    }
}

fn junit(command: &str, checks: &[Check], path: &Path) -> Result<(), CommandError> {
    let mut suite = TestSuite::new(command);
    for check in checks {
        let status = match &check.findings[..] {
            [] => TestCaseStatus::success(),
            [first, rest @ ..] => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                let all: Vec<_> = std::iter::once(first)
                    .chain(rest)
                    .map(|it| format!("{}\nreproduce: {}", it.message, it.reproduce))
                    .collect();
                status.set_message(first.message.clone()).set_type("finding");
                status.set_description(all.join("\n"));
                status
            }
        };
        let mut case = TestCase::new(check.name.clone(), status);
        case.set_classname(command.replace(' ', "."));
        suite.add_test_case(case);
    }
    let mut whole = Report::new("halfclose");
    whole.add_test_suite(suite);
    let text = whole.to_string().map_err(CommandError::input)?;
    // Jenkins' schema has no such attribute at the root, and no check is ever skipped.
    let text = text.replacen(" skipped=\"0\"", "", 1);
    let mut file = OutputFile::create(path).map_err(CommandError::input)?;
    let written = file.write_all(text.as_bytes());
    written.map_err(|error| CommandError::input(file.failed(&error)))?;
    file.commit().map_err(CommandError::input)
}

/// Writes one line for each finding, as GitHub Actions reads errors from the output of a step.
fn annotate(command: &str, checks: &[Check], err: &mut dyn Write) -> io::Result<()> {
    for check in checks {
        for finding in &check.findings {
            let title = match check.name.starts_with(command) {
                true => property(&check.name),
                false => property(&format!("{command}: {}", check.name)),
            };
            let text = data(&format!("{}\nreproduce: {}", finding.message, finding.reproduce));
            writeln!(err, "::error title={title}::{text}")?;
        }
    }
    Ok(())
}

/// A message of a workflow command, as GitHub's toolkit escapes messages.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_is_one_line() {
        let finding = Finding {
            message: "2 of 9 runs are stuck: 22 %".to_owned(),
            reproduce: "halfclose run".to_owned(),
        };
        let checks = [
            Check { name: "q, x:y".to_owned(), findings: vec![finding] },
            Check { name: "sound".to_owned(), findings: Vec::new() },
            Check {
                name: "halfclose sweep q".to_owned(),
                findings: vec![Finding { message: "m".to_owned(), reproduce: "r".to_owned() }],
            },
        ];
        let mut out = Vec::new();
        annotate("halfclose sweep", &checks, &mut out).expect("a Vec takes everything");
        let line = "::error title=halfclose sweep%3A q%2C x%3Ay::2 of 9 runs are stuck: 22 %25%0Areproduce: \
                    halfclose run\n::error title=halfclose sweep q::m%0Areproduce: r\n";
        assert_eq!(String::from_utf8(out).expect("UTF-8"), line);
    }
}
