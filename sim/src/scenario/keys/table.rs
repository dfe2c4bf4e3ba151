//! The table of every key, in the order in which a file's keys are applied and printed.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::values;
use super::words::{CLOSES, CONGESTIONS, MODES, ON_RESET, PROFILES, SWITCH, TYPES};
use super::{Form, Key, Part, Set, expect, link, policy, programs, put, task};
use crate::mutant::Mutant;
use crate::scenario::{Fault, Scenario, Task};
use crate::units;

/// Every key. Those that set others stand before them.
pub static KEYS: &[Key] = &{
    const PARTS: [&[Key]; 6] =
        [&TEXTS, &link::KEYS, &REST, &programs::KEYS, &policy::KEYS, &expect::KEYS];
    const PROGRAM: usize = REST.len() + programs::KEYS.len() + policy::KEYS.len();
    let mut all = [TEXTS[0]; TEXTS.len() + link::KEYS.len() + PROGRAM + expect::KEYS.len()];
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
    text("name", "its name in reports", |s, v| line(&mut s.name, v), |s| s.name.clone()),
    text(
        "about",
        "what is to be seen, in one line",
        |s, v| line(&mut s.about, v),
        |s| s.about.clone(),
    ),
    text(
        "source",
        "where the story comes from",
        |s, v| line(&mut s.source, v),
        |s| s.source.clone(),
    ),
    text(
        "story",
        "what the source says, and what is ours",
        |s, v| own(&mut s.story, v),
        |s| s.story.clone(),
    ),
];

const REST: [Key; 48] = [
    number(
        "link.mtu",
        "largest IPv4 packet in bytes",
        |s, v| put(&mut s.mtu, values::mtu(v)),
        |s| s.mtu.to_string(),
    ),
    text(
        "link.nat_timeout",
        "silence after which a NAT forgets a connection (none: never)",
        |s, v| put(&mut s.nat_timeout, timeout(v)),
        |s| values::print_optional(s.nat_timeout, units::print_duration),
    ),
    number(
        "client.count",
        "clients at once, each with names of its own (a.bin, a.bin.2)",
        |s, v| put(&mut s.client.count, values::clients(v)),
        |s| s.client.count.to_string(),
    ),
    text(
        "client.profile",
        "a client of Q123208: sets close, host, mode, extended, and its words",
        |s, v| {
            match values::optional(v, |v| values::choice(v, PROFILES))? {
                Some(profile) => profile.apply(&mut s.client),
                None => s.client.profile = None,
            }
            Ok(())
        },
        |s| values::print_optional(s.client.profile, |p| values::word(&p, PROFILES)),
    ),
    text(
        "client.type",
        "how files are transferred (ascii: as text)",
        |s, v| put(&mut s.client.representation, values::choice(v, TYPES)),
        |s| values::word(&s.client.representation, TYPES),
    ),
    switch(
        "client.check_size",
        "ask for the SIZE of an upload that did not end well",
        |s, v| put(&mut s.client.checks, values::choice(v, SWITCH)),
        |s| s.client.checks.to_string(),
    ),
    text(
        "client.close",
        "how it ends the data connection of an upload",
        |s, v| put(&mut s.client.close, values::choice(v, CLOSES)),
        |s| values::word(&s.client.close, CLOSES),
    ),
    text(
        "client.host",
        "close policy of its host",
        |s, v| host(&mut s.client.host, v),
        |s| s.client.host.clone(),
    ),
    text(
        "client.mode",
        "who opens the data connection (active: the server)",
        |s, v| put(&mut s.client.mode, values::choice(v, MODES)),
        |s| values::word(&s.client.mode, MODES),
    ),
    switch(
        "client.extended",
        "EPSV and EPRT (RFC 2428) before PASV and PORT",
        |s, v| put(&mut s.client.extended, values::choice(v, SWITCH)),
        |s| s.client.extended.to_string(),
    ),
    text(
        "client.reply_timeout",
        "how long it waits for a reply (none: for ever)",
        |s, v| put(&mut s.client.reply_timeout, timeout(v)),
        |s| values::print_optional(s.client.reply_timeout, units::print_duration),
    ),
    text(
        "server.host",
        "close policy of its host",
        |s, v| host(&mut s.server.host, v),
        |s| s.server.host.clone(),
    ),
    text(
        "server.model",
        "a measured server: sets on_reset, and its words (docs/MODELS.md)",
        |s, v| {
            s.server.set_model(values::optional(v, values::model)?);
            Ok(())
        },
        |s| values::print_optional(s.server.model, |model| model.name.to_owned()),
    ),
    text(
        "server.on_reset",
        "what it makes of a reset while it stores a file",
        |s, v| put(&mut s.server.on_reset, values::choice(v, ON_RESET)),
        |s| values::word(&s.server.on_reset, ON_RESET),
    ),
    text(
        "server.close",
        "how it ends the data connection of a download",
        |s, v| put(&mut s.server.close, values::choice(v, CLOSES)),
        |s| values::word(&s.server.close, CLOSES),
    ),
    text(
        "server.accept_delay",
        "how long it takes to take up a data connection",
        |s, v| put(&mut s.server.accept_delay, values::duration(v, LATENESS)),
        |s| units::print_duration(s.server.accept_delay),
    ),
    text(
        "server.read_delay",
        "how long it takes to look at bytes that have come",
        |s, v| put(&mut s.server.read_delay, values::duration(v, LATENESS)),
        |s| units::print_duration(s.server.read_delay),
    ),
    text(
        "server.store_rate",
        "how fast its disk takes bytes (none: at once)",
        |s, v| put(&mut s.server.store_rate, values::optional(v, values::byte_rate)),
        |s| values::print_optional(s.server.store_rate, units::print_byte_rate),
    ),
    text(
        "server.capacity",
        "how many bytes its disk has room for (none: any)",
        |s, v| {
            put(&mut s.server.capacity, values::optional(v, |v| values::size(v, 0..=values::GIB)))
        },
        |s| values::print_optional(s.server.capacity, units::print_size),
    ),
    text(
        "server.data_timeout",
        "how long a data connection may be silent (none: for ever)",
        |s, v| put(&mut s.server.data_timeout, timeout(v)),
        |s| values::print_optional(s.server.data_timeout, units::print_duration),
    ),
    text(
        "tcp.congestion",
        "congestion control",
        |s, v| put(&mut s.tcp.congestion, values::choice(v, CONGESTIONS)),
        |s| values::word(&s.tcp.congestion, CONGESTIONS),
    ),
    text(
        "tcp.receive_buffer",
        "bytes a connection holds for its user",
        |s, v| put(&mut s.tcp.receive_buffer, values::memory(v, 1..=values::GIB)),
        |s| units::print_size(s.tcp.receive_buffer as u64),
    ),
    text(
        "tcp.send_buffer",
        "bytes a connection holds that are not acknowledged",
        |s, v| put(&mut s.tcp.send_buffer, values::memory(v, 1..=values::GIB)),
        |s| units::print_size(s.tcp.send_buffer as u64),
    ),
    switch(
        "tcp.nagle",
        "a short segment waits while data is unacknowledged",
        |s, v| put(&mut s.tcp.nagle, values::choice(v, SWITCH)),
        |s| s.tcp.nagle.to_string(),
    ),
    text(
        "tcp.ack_delay",
        "longest delay of an acknowledgment (none: at once)",
        |s, v| put(&mut s.tcp.ack_delay, values::optional(v, ack_delay)),
        |s| values::print_optional(s.tcp.ack_delay, units::print_duration),
    ),
    task("do.put", "upload a file of this name", Form::Text, task::set_put, task::put),
    task("do.get", "download a file of this name", Form::Text, task::set_get, task::get),
    task(
        "do.append",
        "append to a file of this name (APPE)",
        Form::Text,
        task::set_append,
        task::append,
    ),
    task("do.ls", "list this directory", Form::Text, task::set_list, task::list),
    task("do.mkdir", "make this directory", Form::Text, task::set_mkdir, task::mkdir),
    task("do.rmdir", "remove this directory", Form::Text, task::set_rmdir, task::rmdir),
    task("do.delete", "delete this file", Form::Text, task::set_delete, task::delete),
    task("do.rename", "rename this", Form::Text, task::set_rename, task::rename),
    task("do.to", "its new name", Form::Text, task::set_to, task::to),
    task("do.size_of", "ask for this file's size", Form::Text, task::set_size_of, task::size_of),
    task("do.mtime", "ask when this was modified", Form::Text, task::set_mtime, task::mtime),
    task("do.noop", "NOOP", Form::Switch, task::set_noop, task::noop),
    task(
        "do.resume",
        "go on with what is there (REST)",
        Form::Switch,
        task::set_resume,
        task::resume,
    ),
    task(
        "do.before",
        "bytes that are there before, where the file goes (none: no file)",
        Form::Text,
        task::set_before,
        task::before,
    ),
    task("do.size", "generated bytes in the file", Form::Text, task::set_size, task::size),
    task("do.file", "a real file to take the bytes from", Form::Text, task::set_file, task::file),
    task(
        "do.abort_after",
        "ABOR once this many bytes have moved (none: never)",
        Form::Text,
        task::set_abort_after,
        task::abort_after,
    ),
    task(
        "do.die_after",
        "the client program dies once this many bytes have moved (none: never)",
        Form::Text,
        task::set_die_after,
        task::die_after,
    ),
    text(
        "fault",
        "what goes wrong with one packet, one more each time (none: nothing)",
        set_fault,
        |s| s.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    ),
    text(
        "mutant",
        "a lie that the world tells, for testing the laws (none: none)",
        |s, v| put(&mut s.mutant, values::optional(v, |v| values::choice(v, Mutant::ALL))),
        |s| values::print_optional(s.mutant, |mutant| mutant.name().to_owned()),
    ),
    number(
        "seed",
        "the seed of its runs unless --seed names another (none: 0)",
        |s, v| put(&mut s.seed, values::optional(v, |v| values::number(v, 0..=u64::MAX))),
        |s| values::print_optional(s.seed, |seed| seed.to_string()),
    ),
    text(
        "limit.time",
        "virtual time after which a run is stuck",
        |s, v| put(&mut s.limit.time, values::duration(v, MICROSECOND..=values::DAY * 365)),
        |s| units::print_duration(s.limit.time),
    ),
    number(
        "limit.packets",
        "packets after which a run is stuck",
        |s, v| put(&mut s.limit.packets, values::number(v, 1..=1_000_000_000_000)),
        |s| s.limit.packets.to_string(),
    ),
];

const MICROSECOND: Duration = Duration::from_micros(1);

const fn text(
    name: &'static str,
    doc: &'static str,
    set: Set<Scenario>,
    get: fn(&Scenario) -> String,
) -> Key {
    Key { name, doc, form: Form::Text, part: Part::Scenario(set, get) }
}

const fn number(
    name: &'static str,
    doc: &'static str,
    set: Set<Scenario>,
    get: fn(&Scenario) -> String,
) -> Key {
    Key { name, doc, form: Form::Number, part: Part::Scenario(set, get) }
}

const fn switch(
    name: &'static str,
    doc: &'static str,
    set: Set<Scenario>,
    get: fn(&Scenario) -> String,
) -> Key {
    Key { name, doc, form: Form::Switch, part: Part::Scenario(set, get) }
}

const fn task(
    name: &'static str,
    doc: &'static str,
    form: Form,
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

const LATENESS: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(3600);

fn timeout(text: &str) -> Result<Option<Duration>, String> {
    values::optional(text, |text| values::duration(text, MICROSECOND..=values::DAY))
}

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
