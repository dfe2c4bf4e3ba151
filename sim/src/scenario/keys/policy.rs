//! The keys by which a host differs from its close policy, and the words for them.

use std::time::Duration;

use halfclose_stack::{DataAfterClose, ReceivedAtReset, ResetValidation, UnreadAtClose};

use super::{Form, Key, Part, Set, put, values};
use crate::scenario::PolicyChanges;
use crate::side::Side;
use crate::units;

/// The word for no change.
const PRESET: &str = "preset";

/// One change, as it is read and printed.
struct PolicyKey(&'static str, Set<PolicyChanges>, fn(&PolicyChanges) -> String);

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
    Key { name, doc: key.0, form: Form::Text, part: Part::Policy(side, key.1, key.2) }
}

const UNREAD: PolicyKey = PolicyKey(
    "its host, at close with bytes unread: reset or fin",
    |policy, v| put(&mut policy.unread_at_close, changed(v, |v| values::choice(v, UNREADS))),
    |policy| print(policy.unread_at_close, |v| values::word(&v, UNREADS)),
);
const LATE: PolicyKey = PolicyKey(
    "its host, at data after close: reset or accept",
    |policy, v| put(&mut policy.data_after_close, changed(v, |v| values::choice(v, LATES))),
    |policy| print(policy.data_after_close, |v| values::word(&v, LATES)),
);
const RECEIVED: PolicyKey = PolicyKey(
    "what a reset does to bytes received and unread: keep or flush",
    |policy, v| put(&mut policy.received_at_reset, changed(v, |v| values::choice(v, RECEIVEDS))),
    |policy| print(policy.received_at_reset, |v| values::word(&v, RECEIVEDS)),
);
const VALIDATION: PolicyKey = PolicyKey(
    "which resets count: rfc5961 (exact) or rfc793 (in the window)",
    |policy, v| put(&mut policy.reset_validation, changed(v, |v| values::choice(v, VALIDATIONS))),
    |policy| print(policy.reset_validation, |v| values::word(&v, VALIDATIONS)),
);
const FIN_WAIT_2: PolicyKey = PolicyKey(
    "how long a closed connection waits in FIN-WAIT-2 (none: for ever)",
    |policy, v| put(&mut policy.fin_wait_2, changed(v, timeout)),
    |policy| print(policy.fin_wait_2, print_timeout),
);
const LINGER: PolicyKey = PolicyKey(
    "how long a closed connection goes on delivering (none: no limit)",
    |policy, v| put(&mut policy.linger, changed(v, timeout)),
    |policy| print(policy.linger, print_timeout),
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

fn timeout(text: &str) -> Result<Option<Duration>, String> {
    let range = Duration::from_micros(1)..=values::DAY;
    values::optional(text, |text| values::duration(text, range))
}

fn print_timeout(value: Option<Duration>) -> String {
    values::print_optional(value, units::print_duration)
}
