//! `listed_directory` compares a received listing with the server's directory.

use std::time::Duration;

use halfclose_ftp::store::FileContent;
use halfclose_ftp::wire::listing::{Form, NameSource, Printer};
use halfclose_ftp::{MemoryStore, Store, TransferReport};

use super::Seen;
use crate::scenario::Listing;
use crate::side::EPOCH;
use crate::verdict::FileState;

/// Compare a received listing with the server's directory.
pub(super) fn listed(
    found: Option<&FileContent>,
    server: &mut MemoryStore,
    Listing { path, .. }: &Listing,
    report: &TransferReport,
) -> Seen {
    let form = report.listing.unwrap_or(Form::Facts);
    let expected = listing_of(server, path, form, report.started);
    let lines = expected.iter().filter(|byte| **byte == b'\n').count() as u64;
    let expected = FileContent::from(expected);
    let state = FileState::of(found, 0, false, &expected);
    let found = found.map(|found| (found.size(), 0));
    Seen { listed: (expected.size(), lines), ..Seen::of(state, found) }
}

/// The listing of a path in this form at this time of the run: the names in a directory, or the name
/// of a file; empty if the server has no such path.
fn listing_of(store: &mut MemoryStore, path: &str, form: Form, now: Duration) -> Vec<u8> {
    let (parent, last) = path.rsplit_once('/').unwrap_or(("", path));
    let (source, listing, above) = match (store.open_listing(path), store.metadata(path)) {
        (Ok(listing), _) => (NameSource::Directory(listing), Some(listing), path),
        // MLSD lists directories alone (RFC 3659 §7.2.1).
        (Err(_), Ok(found)) if form != Form::Facts => {
            (NameSource::One(last.to_owned(), found), None, parent)
        }
        _ => return Vec::new(),
    };
    let mut printer = Printer::new(source, form, EPOCH + now);
    if form == Form::Names && !above.is_empty() {
        printer.prefix = format!("{above}/");
    }
    let mut text = Vec::new();
    let mut room = [0; 4096];
    loop {
        let mut steps = u32::MAX;
        let Ok(read) = printer.read(store, &mut room, &mut steps) else { break };
        text.extend_from_slice(&room[..read.bytes]);
        if read.last {
            break;
        }
    }
    listing.into_iter().for_each(|listing| store.close_listing(listing));
    text.retain(|byte| *byte != b'\r');
    text
}
