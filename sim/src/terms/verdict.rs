//! `verdict` answers two questions about a transfer: is the file whole at the receiver, and what
//! was the user told? Both answers together are the verdict.

use std::fmt;
use std::str::FromStr;

use halfclose_ftp::Told;
use halfclose_ftp::store::FileContent;

/// The result of a transfer; of a run, the result of the worst transfer. The worst verdict is
/// first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The file is something else than expected.
    Corrupt,
    /// Told success, and the file is not whole.
    SilentTruncation,
    /// The user was told nothing.
    #[default]
    Stuck,
    /// Told failure, and the file is not whole.
    Truncated,
    /// Told failure, and the file is whole.
    FalseAlarm,
    /// Told success, and the file is whole.
    Intact,
}

impl Verdict {
    /// Every verdict, the worst first.
    pub const ALL: [Self; 6] = [
        Self::Corrupt,
        Self::SilentTruncation,
        Self::Stuck,
        Self::Truncated,
        Self::FalseAlarm,
        Self::Intact,
    ];

    /// The verdict's name on the command line and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Corrupt => "corrupt",
            Self::SilentTruncation => "silent-truncation",
            Self::Stuck => "stuck",
            Self::Truncated => "truncated",
            Self::FalseAlarm => "false-alarm",
            Self::Intact => "intact",
        }
    }

    /// The verdict on a file and on the program's answer to the user.
    #[must_use]
    pub fn of(file: FileState, told: Told) -> Self {
        let whole = file == FileState::Whole;
        match (file, told) {
            (FileState::Other, _) => Self::Corrupt,
            (_, Told::Nothing) => Self::Stuck,
            (_, Told::Success) if whole => Self::Intact,
            (_, Told::Success) => Self::SilentTruncation,
            (_, Told::Failure) if whole => Self::FalseAlarm,
            (_, Told::Failure) => Self::Truncated,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Verdict {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name).ok_or(())
    }
}

/// A file under its final name, compared with the expected file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FileState {
    /// Every byte, and no more.
    Whole,
    /// A proper prefix of the expected file.
    Short,
    /// There is no file of this name.
    #[default]
    Absent,
    /// The old file, different from the expected file.
    Unchanged,
    /// Any other content of the file.
    Other,
}

impl FileState {
    /// Every state of a file.
    pub const ALL: [Self; 5] =
        [Self::Whole, Self::Short, Self::Absent, Self::Unchanged, Self::Other];

    /// The state of `found` compared with `expected`, behind the first `behind` bytes of `found`,
    /// which are right already. `unchanged`: `found` is the old file.
    #[must_use]
    pub fn of(
        found: Option<&FileContent>,
        behind: u64,
        unchanged: bool,
        expected: &FileContent,
    ) -> Self {
        let Some(found) = found else { return Self::Absent };
        let length = found.size() - behind;
        let begins = || found.holds(behind, expected, 0, length);
        match length == expected.size() {
            true if begins() => Self::Whole,
            _ if unchanged => Self::Unchanged,
            false if begins() => Self::Short,
            _ => Self::Other,
        }
    }

    /// The state's name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Short => "short",
            Self::Absent => "absent",
            Self::Unchanged => "unchanged",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_two_answers() {
        use FileState::{Absent, Other, Short, Unchanged, Whole};
        use Told::{Failure, Nothing, Success};
        for (file, told, verdict) in [
            (Whole, Success, "intact"),
            (Whole, Failure, "false-alarm"),
            (Whole, Nothing, "stuck"),
            (Short, Success, "silent-truncation"),
            (Absent, Success, "silent-truncation"),
            (Unchanged, Success, "silent-truncation"),
            (Short, Failure, "truncated"),
            (Absent, Failure, "truncated"),
            (Unchanged, Failure, "truncated"),
            (Short, Nothing, "stuck"),
            (Other, Success, "corrupt"),
            (Other, Failure, "corrupt"),
            (Other, Nothing, "corrupt"),
        ] {
            assert_eq!(Verdict::of(file, told).name(), verdict, "{file:?} {told:?}");
        }
    }

    #[test]
    fn a_file_is_judged_against_what_was_there() {
        use FileState::{Absent, Other, Short, Unchanged, Whole};
        for (found, unchanged, state) in [
            (Some("abc"), false, Whole),
            (Some("ab"), false, Short),
            (Some(""), false, Short),
            (None, false, Absent),
            (Some("old"), true, Unchanged),
            // A file with the expected content is whole, even if the transfer has not touched the
            // file.
            (Some("abc"), true, Whole),
            (Some("ab"), true, Unchanged),
            (Some("abd"), false, Other),
            (Some("abcd"), false, Other),
        ] {
            let image = |text: &str| FileContent::from(text.as_bytes().to_vec());
            let state_of = |found: Option<FileContent>, behind| {
                FileState::of(found.as_ref(), behind, unchanged, &image("abc"))
            };
            assert_eq!(state_of(found.map(image), 0), state, "{found:?}");
            let appended = found.map(|found| image(&format!("old{found}")));
            assert_eq!(state_of(appended, 3), state, "{found:?}");
        }
        let empty = FileContent::default();
        assert_eq!(FileState::of(Some(&empty), 0, false, &empty), Whole, "an empty file is whole");
    }
}
