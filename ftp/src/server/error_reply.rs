//! `server::refusal` is which reply a store's error becomes, by the command that met it: RFC 959 §5.4
//! allows each command a few codes only, and RFC 1123 §4.1.3.4 and RFC 3659 §7.2.1 add some.

use crate::store::StoreError;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// STOR, STOU, APPE.
    Store,
    /// RETR.
    Retrieve,
    /// LIST, NLST.
    List,
    /// MLSD, MLST.
    Facts,
    /// RNTO.
    Rename,
    /// DELE, RNFR.
    Name,
    /// MKD.
    Make,
    /// Anything else that names a file or a directory.
    Other,
}

/// The code of an error before anything is done.
pub(super) fn at_once(error: StoreError, asked: Asked) -> u16 {
    match (asked, error) {
        (_, StoreError::BadOffset) => 554,
        (Asked::Store, StoreError::Full | StoreError::TooLarge) => 452,
        (Asked::Store | Asked::Retrieve | Asked::Name, StoreError::Busy | StoreError::Failed)
        | (Asked::List, _) => 450,
        (Asked::Store | Asked::Rename, _) => 553,
        (Asked::Facts, StoreError::NotDirectory) => 501,
        (Asked::Retrieve | Asked::Facts | Asked::Name | Asked::Make | Asked::Other, _) => 550,
    }
}

/// The text of an error, by what was asked for.
pub(super) fn text(error: StoreError, asked: Asked) -> &'static str {
    match (error, asked) {
        // What a new name needs is its directory.
        (StoreError::NotFound, Asked::Store | Asked::Rename | Asked::Make) => "No such directory.",
        _ => error.text(),
    }
}

/// The code of an error behind a 1yz. Codes before a transfer say "not taken", those after it
/// "aborted".
pub(super) fn behind(error: StoreError) -> u16 {
    match error {
        StoreError::Full | StoreError::TooLarge => 552,
        _ => 451,
    }
}
