//! `habit` owns the words for odd programs: a server or a client with a habit speaks FTP and does one
//! thing that users reported of real programs.

use std::time::Duration;

/// The bytes that a program with the habit of losing the last buffer loses.
pub const LAST_BUFFER: u64 = 512;

/// The delay of a late reply.
pub const LATE: Duration = Duration::from_secs(10);

/// What an odd server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerHabit {
    /// Says the final reply to each transfer twice (basic-ftp issue 120, proftpd pull request 2339).
    RepliesTwice,
    /// Says 226 right behind 150, and at the end only a failure (curl issue 6016).
    RepliesEarly,
    /// Says the final reply to each transfer [`LATE`] after the end of the data.
    RepliesLate,
    /// Tells half of each size in reply to SIZE (curl issue 6715 has a server with other figures).
    LiesAboutSize,
    /// Answers REST with 350, and begins at the first byte (ftpdump issue 13).
    IgnoresRest,
    /// Ends each listing behind its first name, with a FIN and 226 (duplicati issue 6005).
    CutsListings,
    /// Loses the last [`LAST_BUFFER`] bytes of each file, up and down, and says 226.
    LosesLastBuffer,
    /// Says 150, and never connects or accepts: 425 follows a minute later.
    NeverConnects,
}

impl ServerHabit {
    /// The words for the variants, as scenario files write them.
    pub const WORDS: &'static [(&'static str, Self)] = &[
        ("replies-twice", Self::RepliesTwice),
        ("replies-early", Self::RepliesEarly),
        ("replies-late", Self::RepliesLate),
        ("size-lies", Self::LiesAboutSize),
        ("rest-ignored", Self::IgnoresRest),
        ("listing-cut", Self::CutsListings),
        ("last-buffer-lost", Self::LosesLastBuffer),
        ("no-data-connection", Self::NeverConnects),
    ];
}

/// What an odd client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClientHabit {
    /// Sends no byte of the last [`LAST_BUFFER`] bytes of an upload, and closes as planned by FIN.
    LosesLastBuffer,
    /// Never connects to the port of a passive server, and never accepts.
    NeverConnects,
}

impl ClientHabit {
    /// The words for the variants, as scenario files write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("last-buffer-lost", Self::LosesLastBuffer), ("no-data-connection", Self::NeverConnects)];
}
