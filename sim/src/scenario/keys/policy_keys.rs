//! The keys by which a host differs from its close policy, and the words for them.

use std::time::Duration;

use halfclose_stack::{DataAfterClose, ReceivedAtReset, ResetValidation, UnreadAtClose};

use super::accessors::Access;
use super::{Key, Part, TomlForm};
use crate::scenario::PolicyChanges;
use crate::scenario::units;
use crate::scenario::values;
use crate::side::Side;

/// The word for no change.
const PRESET: &str = "preset";

/// One change, as it is read and printed.
struct PolicyKey(&'static str, Access<PolicyChanges>);

pub(super) const KEYS: [Key; 12] = [
    key("client.policy.unread_at_close", Side::Client, &UNREAD),
    key("client.policy.data_after_close", Side::Client, &LATE),
    key("client.policy.received_at_reset", Side::Client, &RECEIVED),
    key("client.policy.reset_validation", Side::Client, &VALIDATION),
    key("client.policy.fin_wait_2", Side::Client, &FIN_WAIT_2),
    key("client.policy.linger", Side::Client, &LINGER),
    key("server.policy.unread_at_close", Side::Server, &UNREAD),
    key("server.policy.data_after_close", Side::Server, &LATE),
    key("server.policy.received_at_reset", Side::Server, &RECEIVED),
    key("server.policy.reset_validation", Side::Server, &VALIDATION),
    key("server.policy.fin_wait_2", Side::Server, &FIN_WAIT_2),
    key("server.policy.linger", Side::Server, &LINGER),
];

const fn key(name: &'static str, side: Side, key: &PolicyKey) -> Key {
    Key { name, doc: key.0, form: TomlForm::Text, part: Part::Policy(side, key.1.0, key.1.1) }
}

const UNREAD: PolicyKey = PolicyKey(
    "its host, at close with bytes unread: reset or fin",
    at!(value unread_at_close, |v| changed_word(v, UNREADS), |it| print_word(it, UNREADS)),
);
const LATE: PolicyKey = PolicyKey(
    "its host, at data after close: reset or accept",
    at!(value data_after_close, |v| changed_word(v, LATES), |it| print_word(it, LATES)),
);
const RECEIVED: PolicyKey = PolicyKey(
    "what a reset does to bytes received and unread: keep or flush",
    at!(value received_at_reset, |v| changed_word(v, RECEIVEDS), |it| print_word(it, RECEIVEDS)),
);
const VALIDATION: PolicyKey = PolicyKey(
    "which resets count: rfc5961 (exact) or rfc793 (in the window)",
    at!(value reset_validation, |v| changed_word(v, VALIDATIONS), |it| print_word(it, VALIDATIONS)),
);
const FIN_WAIT_2: PolicyKey = PolicyKey(
    "how long a closed connection waits in FIN-WAIT-2 (none: for ever)",
    at!(value fin_wait_2, changed_timeout, print_timeout),
);
const LINGER: PolicyKey = PolicyKey(
    "how long a closed connection goes on delivering (none: no limit)",
    at!(value linger, changed_timeout, print_timeout),
);

const UNREADS: &[(&str, UnreadAtClose)] =
    &[("reset", UnreadAtClose::Reset), ("fin", UnreadAtClose::Fin)];
const LATES: &[(&str, DataAfterClose)] =
    &[("reset", DataAfterClose::Reset), ("accept", DataAfterClose::Accept)];
const RECEIVEDS: &[(&str, ReceivedAtReset)] =
    &[("keep", ReceivedAtReset::Keep), ("flush", ReceivedAtReset::Flush)];
const VALIDATIONS: &[(&str, ResetValidation)] =
    &[("rfc5961", ResetValidation::Rfc5961), ("rfc793", ResetValidation::Rfc793)];

fn changed<T>(
    text: &str,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    if text == PRESET { Ok(None) } else { read(text).map(Some) }
}

fn print<T>(value: Option<T>, print: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| PRESET.to_owned(), print)
}

fn changed_word<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<Option<T>, String> {
    changed(text, |text| values::choice(text, words))
}

fn print_word<T: PartialEq>(value: Option<T>, words: &[(&str, T)]) -> String {
    print(value, |value| values::word(&value, words))
}

fn changed_timeout(text: &str) -> Result<Option<Option<Duration>>, String> {
    changed(text, |text| values::optional(text, values::timeout))
}

fn print_timeout(value: Option<Option<Duration>>) -> String {
    print(value, |value| values::print_optional(value, units::print_duration))
}
