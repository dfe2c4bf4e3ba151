//! `listing` owns the written forms of a directory: facts (RFC 3659 §7), the long form of Unix' `ls
//! -l`, and names. `print` writes the entries of a store, `read` reads the lines of a server;
//! neither holds a whole listing.

mod facts;
mod glob;
mod other_systems;
mod print;
mod read;
mod unix;
mod windows;

use crate::store::EntryKind;

pub use facts::FactSet;
pub use glob::Pattern;
pub use print::{NameSource, Printer};
pub use read::{ListedEntry, ListingLine, read};

/// For each kind the letter of `ls -l` and the `type` fact of `MLSx` (RFC 3659 §7.5.1.5: types
/// outside the standard begin with `OS.`).
const KINDS: [(EntryKind, char, &str); 7] = [
    (EntryKind::File, '-', "file"),
    (EntryKind::Directory, 'd', "dir"),
    (EntryKind::Pipe, 'p', "OS.unix=fifo"),
    (EntryKind::Socket, 's', "OS.unix=socket"),
    (EntryKind::Block, 'b', "OS.unix=blk"),
    (EntryKind::Character, 'c', "OS.unix=chr"),
    (EntryKind::Other, 'l', "OS.unix=other"),
];

/// The form of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// MLSD: facts of each name, for programs.
    Facts,
    /// LIST: for people; each server has a form of its own.
    Long,
    /// NLST: names and nothing else.
    Names,
}

impl Form {
    /// The command that asks for this form.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Facts => "MLSD",
            Self::Long => "LIST",
            Self::Names => "NLST",
        }
    }
}
