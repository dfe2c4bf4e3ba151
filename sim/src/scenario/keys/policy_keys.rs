//! The keys by which a host differs from its close policy. Each row of the table is two keys: for
//! the client's host (`client.policy.linger`) and for the server's (`server.policy.linger`).

use halfclose_stack::{
    DataAfterClose, OldSegments, ReceivedAtReset, ResetTold, ResetValidation, UnreadAtClose,
};

use super::value_kinds::{Access, Permitted, TIMEOUT_OR_NONE};
use super::{Key, Part, TomlForm, put};
use crate::scenario::{PolicyChanges, values};
use crate::side::Side;

/// The word for the rule of the close policy itself.
const PRESET: &str = "preset";

macro_rules! two_keys_a_row {
    ($($name:literal, $access:expr, $doc:literal;)*) => {
        [
            $(key(concat!("client.policy.", $name), $doc, Side::Client, $access),)*
            $(key(concat!("server.policy.", $name), $doc, Side::Server, $access),)*
        ]
    };
}

pub(super) const KEYS: [Key; 2 * 8] = two_keys_a_row![
    "unread_at_close", at!(unread_at_close, words UnreadAtClose::WORDS, or PRESET),
        "what CLOSE sends while received bytes wait unread";
    "data_after_close", at!(data_after_close, words DataAfterClose::WORDS, or PRESET),
        "reaction to data after CLOSE";
    "received_at_reset", at!(received_at_reset, words ReceivedAtReset::WORDS, or PRESET),
        "what a reset does to received bytes that wait unread";
    "reset_validation", at!(reset_validation, words ResetValidation::WORDS, or PRESET),
        "valid resets: rfc5961 (RCV.NXT), linux (also at a FIN before), rfc793 (window)";
    "reset_told", at!(reset_told, words ResetTold::WORDS, or PRESET),
        "how often the program learns of a reset (once: then an end of file)";
    "old_segments", at!(old_segments, words OldSegments::WORDS, or PRESET),
        "a FIN before its turn, and news on old segments (drop: as smoltcp does)";
    "fin_wait_2", at!(fin_wait_2, TIMEOUT_OR_NONE or PRESET),
        "how long a closed connection waits in FIN-WAIT-2 (none: for ever)";
    "linger", at!(linger, TIMEOUT_OR_NONE or PRESET),
        "how long a closed connection goes on delivering (none: no limit)";
];

const fn key(
    name: &'static str,
    doc: &'static str,
    side: Side,
    access: Access<PolicyChanges>,
) -> Key {
    let part = Part::Policy(side, access.set, access.get);
    Key { name, doc, form: access.form, permitted: access.permitted, part }
}
