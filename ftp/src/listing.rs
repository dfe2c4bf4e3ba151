//! `listing` is how a directory is written down: facts (RFC 3659 §7), the long form that `ls -l` of
//! Unix prints and every client reads, and names alone. `print` writes what a store has, an entry at
//! a time; `read` understands what a server has sent, a line at a time; neither holds a listing.

mod facts;
mod glob;
mod print;
mod read;

pub use facts::Facts;
pub use print::{Printer, Source};
pub use read::{Line, read};

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
