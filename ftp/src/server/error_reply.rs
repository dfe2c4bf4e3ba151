//! `server::error_reply` owns the table from a store's error to a reply code, for each command: RFC
//! 959 §5.4 allows each command only a few codes, and RFC 1123 §4.1.3.4 and RFC 3659 §7.2.1 add
//! some.

use crate::store::StoreError;

/// The commands that share a row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Commands that write a file: STOR, STOU, APPE.
    Store,
    /// Commands that read a file: RETR.
    Retrieve,
    /// Listings for people: LIST, NLST.
    List,
    /// Listings of facts: MLSD, MLST.
    Facts,
    /// The second command of a rename: RNTO.
    Rename,
    /// Commands that name an existing file: DELE, RNFR.
    Name,
    /// Commands that make a directory: MKD.
    Make,
    /// All commands with a path in no row above.
    Other,
}

/// The reply code of an error before a transfer or instead of an action.
pub(super) fn at_once(error: StoreError, asked: Asked) -> u16 {
    match (asked, error) {
        (_, StoreError::BadOffset) => 554,
        (Asked::Store, StoreError::Full | StoreError::TooLarge) => 452,
        (
            Asked::Store | Asked::Retrieve | Asked::List | Asked::Name,
            StoreError::Busy | StoreError::Failed,
        ) => 450,
        // 553 is for names that cannot be. Divergence: RFC 959 §5.4 has 450 for LIST and NLST and
        // 553 for STOR and RNTO of a file or directory that is missing or denied; clients repeat a
        // 450 for ever (lftp) and take 553 for a lack of rights (PyFilesystem, rclone).
        (Asked::Store | Asked::Rename, StoreError::BadName) => 553,
        (Asked::Facts, StoreError::NotDirectory) => 501,
        _ => 550,
    }
}

/// The reply text of an error, by command.
pub(super) fn text(error: StoreError, asked: Asked) -> &'static str {
    match (error, asked) {
        // For a new name, the missing part is the directory.
        (StoreError::NotFound, Asked::Store | Asked::Rename | Asked::Make) => "No such directory.",
        _ => error.text(),
    }
}

/// The reply code of an error after a 1yz reply. RFC 959 words the codes before a transfer "not
/// taken", the codes after "aborted".
pub(super) fn behind(error: StoreError) -> u16 {
    match error {
        StoreError::Full | StoreError::TooLarge => 552,
        _ => 451,
    }
}
