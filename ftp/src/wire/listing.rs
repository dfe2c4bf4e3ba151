//! `listing` is how a directory is written down: facts (RFC 3659 §7), the long form that `ls -l` of
//! Unix prints and every client reads, and names alone. `print` writes what a store has, an entry at
//! a time; `read` understands what a server has sent, a line at a time; neither holds a listing.

mod facts;
mod glob;
mod print;
mod read;

use crate::store::EntryKind;

pub use facts::FactSet;
pub use print::{NameSource, Printer};
pub use read::{ListedEntry, read};

/// The letter that `ls -l` has for it, and the `type` that `MLSx` has (RFC 3659 §7.5.1.5: what is not
/// in the standard begins with `OS.`).
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
    /// LIST: for people; the form is the server's own.
    Long,
    /// NLST: names.
    Names,
}

impl Form {
    /// The command that asks for it.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Facts => "MLSD",
            Self::Long => "LIST",
            Self::Names => "NLST",
        }
    }
}
