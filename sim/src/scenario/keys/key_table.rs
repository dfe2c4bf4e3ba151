//! The table of every key, in the order in which a file's keys are applied and printed.

use std::ops::RangeInclusive;
use std::time::Duration;

use halfclose_ftp::{Close, DataMode, Representation};

use super::accessors::{number, switch, text};
use super::words::{CONGESTIONS, ON_RESET, PROFILES};
use super::{Key, Part, Set, TomlForm, expect_keys, link_keys, policy_keys, programs, task_keys};
use crate::mutant::Mutant;
use crate::scenario::units;
use crate::scenario::values;
use crate::scenario::{Fault, Scenario, Task};

/// Every key. Those that set others stand before them.
pub static KEYS: &[Key] = &{
    const PARTS: [&[Key]; 6] =
        [&TEXTS, &link_keys::KEYS, &REST, &programs::KEYS, &policy_keys::KEYS, &expect_keys::KEYS];
    const PROGRAM: usize = REST.len() + programs::KEYS.len() + policy_keys::KEYS.len();
    let mut all =
        [TEXTS[0]; TEXTS.len() + link_keys::KEYS.len() + PROGRAM + expect_keys::KEYS.len()];
    let (mut part, mut next) = (0, 0);
    while part < PARTS.len() {
        let mut at = 0;
        while at < PARTS[part].len() {
            all[next] = PARTS[part][at];
            (at, next) = (at + 1, next + 1);
        }
        part += 1;
    }
    all
};

const TEXTS: [Key; 4] = [
    text("name", "its name in reports", at!(text name, line)),
    text("about", "what is to be seen, in one line", at!(text about, line)),
    text("source", "where the story comes from", at!(text source, line)),
    text("story", "what the source says, and what is ours", at!(text story, own)),
];

const REST: [Key; 48] = [
    number("link.mtu", "largest IPv4 packet in bytes", at!(number mtu, values::mtu)),
    text(
        "link.nat_timeout",
        "silence after which a NAT forgets a connection (none: never)",
        at!(optional nat_timeout, values::timeout, units::print_duration),
    ),
    number(
        "client.count",
        "clients at once, each with names of its own (a.bin, a.bin.2)",
        at!(number client.count, values::clients),
    ),
    text(
        "client.profile",
        "a client of Q123208: sets close, host, mode, extended, and its words",
        (
            |s, v| {
                match values::optional(v, |v| values::choice(v, PROFILES))? {
                    Some(profile) => profile.apply(&mut s.client),
                    None => s.client.profile = None,
                }
                Ok(())
            },
            |s| values::print_optional(s.client.profile, |p| values::word(&p, PROFILES)),
        ),
    ),
    text(
        "client.type",
        "how files are transferred (ascii: as text)",
        at!(choice client.representation, Representation::WORDS),
    ),
    switch(
        "client.check_size",
        "ask for the SIZE of an upload that did not end well",
        at!(switch client.checks),
    ),
    text(
        "client.close",
        "how it ends the data connection of an upload",
        at!(choice client.close, Close::WORDS),
    ),
    text("client.host", "close policy of its host", at!(text client.host, host)),
    text(
        "client.mode",
        "who opens the data connection (active: the server)",
        at!(choice client.mode, DataMode::WORDS),
    ),
    switch(
        "client.extended",
        "EPSV and EPRT (RFC 2428) before PASV and PORT",
        at!(switch client.extended),
    ),
    text(
        "client.reply_timeout",
        "how long it waits for a reply (none: for ever)",
        at!(optional client.reply_timeout, values::timeout, units::print_duration),
    ),
    text("server.host", "close policy of its host", at!(text server.host, host)),
    text(
        "server.model",
        "a measured server: sets on_reset, and its words (docs/MODELS.md)",
        (
            |s, v| {
                s.server.set_model(values::optional(v, values::model)?);
                Ok(())
            },
            |s| values::print_optional(s.server.model, |model| model.name.to_owned()),
        ),
    ),
    text(
        "server.on_reset",
        "what it makes of a reset while it stores a file",
        at!(choice server.on_reset, ON_RESET),
    ),
    text(
        "server.close",
        "how it ends the data connection of a download",
        at!(choice server.close, Close::WORDS),
    ),
    text(
        "server.accept_delay",
        "how long it takes to take up a data connection",
        at!(value server.accept_delay, |v| values::duration(v, LATENESS), units::print_duration),
    ),
    text(
        "server.read_delay",
        "how long it takes to look at bytes that have come",
        at!(value server.read_delay, |v| values::duration(v, LATENESS), units::print_duration),
    ),
    text(
        "server.store_rate",
        "how fast its disk takes bytes (none: at once)",
        at!(optional server.store_rate, values::byte_rate, units::print_byte_rate),
    ),
    text(
        "server.capacity",
        "how many bytes its disk has room for (none: any)",
        at!(optional server.capacity, |v| values::size(v, 0..=values::GIB), units::print_size),
    ),
    text(
        "server.data_timeout",
        "how long a data connection may be silent (none: for ever)",
        at!(optional server.data_timeout, values::timeout, units::print_duration),
    ),
    text("tcp.congestion", "congestion control", at!(choice tcp.congestion, CONGESTIONS)),
    text(
        "tcp.receive_buffer",
        "bytes a connection holds for its user",
        at!(value tcp.receive_buffer, buffer, print_buffer),
    ),
    text(
        "tcp.send_buffer",
        "bytes a connection holds that are not acknowledged",
        at!(value tcp.send_buffer, buffer, print_buffer),
    ),
    switch(
        "tcp.nagle",
        "a short segment waits while data is unacknowledged",
        at!(switch tcp.nagle),
    ),
    text(
        "tcp.ack_delay",
        "longest delay of an acknowledgment (none: at once)",
        at!(optional tcp.ack_delay, ack_delay, units::print_duration),
    ),
    task(
        "do.put",
        "upload a file of this name",
        TomlForm::Text,
        task_keys::set_put,
        task_keys::put,
    ),
    task(
        "do.get",
        "download a file of this name",
        TomlForm::Text,
        task_keys::set_get,
        task_keys::get,
    ),
    task(
        "do.append",
        "append to a file of this name (APPE)",
        TomlForm::Text,
        task_keys::set_append,
        task_keys::append,
    ),
    task("do.ls", "list this directory", TomlForm::Text, task_keys::set_list, task_keys::list),
    task("do.mkdir", "make this directory", TomlForm::Text, task_keys::set_mkdir, task_keys::mkdir),
    task(
        "do.rmdir",
        "remove this directory",
        TomlForm::Text,
        task_keys::set_rmdir,
        task_keys::rmdir,
    ),
    task("do.delete", "delete this file", TomlForm::Text, task_keys::set_delete, task_keys::delete),
    task("do.rename", "rename this", TomlForm::Text, task_keys::set_rename, task_keys::rename),
    task("do.to", "its new name", TomlForm::Text, task_keys::set_to, task_keys::to),
    task(
        "do.size_of",
        "ask for this file's size",
        TomlForm::Text,
        task_keys::set_size_of,
        task_keys::size_of,
    ),
    task(
        "do.mtime",
        "ask when this was modified",
        TomlForm::Text,
        task_keys::set_mtime,
        task_keys::mtime,
    ),
    task("do.noop", "NOOP", TomlForm::Switch, task_keys::set_noop, task_keys::noop),
    task(
        "do.resume",
        "go on with what is there (REST)",
        TomlForm::Switch,
        task_keys::set_resume,
        task_keys::resume,
    ),
    task(
        "do.before",
        "bytes that are there before, where the file goes (none: no file)",
        TomlForm::Text,
        task_keys::set_before,
        task_keys::before,
    ),
    task(
        "do.size",
        "generated bytes in the file",
        TomlForm::Text,
        task_keys::set_size,
        task_keys::size,
    ),
    task(
        "do.file",
        "a real file to take the bytes from",
        TomlForm::Text,
        task_keys::set_file,
        task_keys::file,
    ),
    task(
        "do.abort_after",
        "ABOR once this many bytes have moved (none: never)",
        TomlForm::Text,
        task_keys::set_abort_after,
        task_keys::abort_after,
    ),
    task(
        "do.die_after",
        "the client program dies once this many bytes have moved (none: never)",
        TomlForm::Text,
        task_keys::set_die_after,
        task_keys::die_after,
    ),
    text(
        "fault",
        "what goes wrong with one packet, one more each time (none: nothing)",
        (set_fault, |s| s.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    ),
    text(
        "mutant",
        "a lie that the world tells, for testing the laws (none: none)",
        at!(optional mutant, |v| values::choice(v, Mutant::ALL), |mutant| mutant.name().to_owned()),
    ),
    number(
        "seed",
        "the seed of its runs unless --seed names another (none: 0)",
        at!(optional seed, |v| values::number(v, 0..=u64::MAX), |seed| seed.to_string()),
    ),
    text(
        "limit.time",
        "virtual time after which a run is stuck",
        at!(
            value limit.time,
            |v| values::duration(v, MICROSECOND..=values::DAY * 365),
            units::print_duration
        ),
    ),
    number(
        "limit.packets",
        "packets after which a run is stuck",
        at!(number limit.packets, |v| values::number(v, 1..=1_000_000_000_000)),
    ),
];

const MICROSECOND: Duration = Duration::from_micros(1);

const fn task(
    name: &'static str,
    doc: &'static str,
    form: TomlForm,
    set: Set<Task>,
    get: fn(&Task) -> Option<String>,
) -> Key {
    Key { name, doc, form, part: Part::Task(set, get) }
}

fn own(place: &mut String, text: &str) -> Result<(), String> {
    text.clone_into(place);
    Ok(())
}

/// A text that reports show on one line.
fn line(place: &mut String, text: &str) -> Result<(), String> {
    if text.chars().any(char::is_control) {
        return Err("is one line, without control characters".to_owned());
    }
    own(place, text)
}

fn host(place: &mut String, text: &str) -> Result<(), String> {
    let words: Vec<_> =
        halfclose_stack::ClosePolicy::PRESETS.iter().map(|(name, _)| (*name, *name)).collect();
    own(place, values::choice(text, &words)?)
}

fn buffer(text: &str) -> Result<usize, String> {
    values::memory(text, 1..=values::GIB)
}

fn print_buffer(bytes: usize) -> String {
    units::print_size(bytes as u64)
}

const LATENESS: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(3600);

/// RFC 9293 §3.8.6.3: an acknowledgment is delayed by less than half a second.
fn ack_delay(text: &str) -> Result<Duration, String> {
    values::duration(text, MICROSECOND..=Duration::from_micros(499_999))
}

/// Add the faults of a line, which a semicolon or a comma parts; `none` takes all away.
fn set_fault(scenario: &mut Scenario, text: &str) -> Result<(), String> {
    if text == values::NONE {
        scenario.faults.clear();
        return Ok(());
    }
    let lines = text.split([';', ',']).filter(|line| !line.trim().is_empty());
    let faults = lines.map(str::parse).collect::<Result<Vec<Fault>, _>>()?;
    scenario.faults.extend(faults);
    Ok(())
}
