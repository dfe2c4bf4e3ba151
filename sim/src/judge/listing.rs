//! `judge::listing` is what a listing should be: what the server's store has now, as the server writes
//! it and the client keeps it.

use std::time::Duration;

use halfclose_ftp::wire::listing::{Form, Printer, Source};
use halfclose_ftp::{MemoryStore, Store};

use crate::side::EPOCH;

/// The listing of a directory in that form, at that time of the run; empty if there is no such
/// directory.
pub(super) fn of(store: &mut MemoryStore, path: &str, form: Form, now: Duration) -> Vec<u8> {
    let Ok(listing) = store.open_listing(path) else { return Vec::new() };
    let mut printer = Printer::new(Source::Directory(listing), form, EPOCH + now);
    if form == Form::Names && !path.is_empty() {
        printer.prefix = format!("{path}/");
    }
    let mut text = Vec::new();
    let mut room = [0; 4096];
    while let Ok(read) = printer.read(store, &mut room) {
        text.extend_from_slice(&room[..read.bytes]);
        if read.last {
            break;
        }
    }
    store.close_listing(listing);
    text.retain(|byte| *byte != b'\r');
    text
}
