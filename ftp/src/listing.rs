//! `listing` is how a directory is written down: facts (RFC 3659 §7), the long form that `ls -l` of
//! Unix prints and every client reads, and names alone.

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
