//! The table of every key, in the order in which a file's keys are applied and printed. The rows here
//! are the keys of the texts, client, server, TCP, faults and limits. The rows of the link, the close
//! policies, the tasks and the expectation stand in `link_keys.rs`, `policy_keys.rs`, `task_keys.rs` and
//! `expect_keys.rs`. A new key is a row in one of these tables, and a field of the scenario.

use halfclose_ftp::{
    AborReplies, ClientHabit, Close, DataMode, DownloadEnd, OnFin, Representation, ServerHabit,
};
use halfclose_stack::{ClosePolicy, Congestion, SynRetries};

use super::value_kinds::{
    ACK_DELAY, ACTIVE_PORT, Access, BUFFER, BYTE_RATE, CHATTER, CLIENTS, DELAY, LISTEN_PORT, MTU,
    PACKETS, Permitted, SEED, SEGMENTS, SIZE, SWITCH, TIME_LIMIT, TIMEOUT,
};
use super::{Key, TomlForm, expect_keys, link_keys, policy_keys, put, task_keys};
use crate::mutant::Mutant;
use crate::scenario::values::{self, NONE};
use crate::scenario::{Fault, Profile, Scenario, ServerSetup};

/// Every key. A key with an effect on later keys stands before them.
pub static KEYS: &[Key] = &{
    const PARTS: [&[Key]; 8] = [
        &TEXTS,
        &link_keys::KEYS,
        &ENDS,
        &task_keys::BEGIN,
        &task_keys::MORE,
        &RUN,
        &policy_keys::KEYS,
        &expect_keys::KEYS,
    ];
    const COUNT: usize = {
        let (mut count, mut part) = (0, 0);
        while part < PARTS.len() {
            (count, part) = (count + PARTS[part].len(), part + 1);
        }
        count
    };
    let mut all = [TEXTS[0]; COUNT];
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

/// The access to a text at a place, which `set` reads.
macro_rules! text {
    ($($place:ident).+, $set:expr, $permitted:expr) => {
        Access {
            form: TomlForm::Text,
            permitted: || $permitted,
            set: |it, text| $set(&mut it.$($place).+, text),
            get: |it| Some(it.$($place).+.clone()),
        }
    };
}

const fn key(name: &'static str, doc: &'static str, access: Access<Scenario>) -> Key {
    Key::of_scenario(name, doc, access)
}

const TEXTS: [Key; 4] = [
    key("name", "name of the scenario in reports", text!(name, set_line, one_line())),
    key("about", "effect to be seen, in one line", text!(about, set_line, one_line())),
    key("source", "source of the story", text!(source, set_line, one_line())),
    key(
        "story",
        "the source's account, and our own additions",
        text!(story, set_text, Permitted::others("a text")),
    ),
];

/// The largest packet, the NAT, the two programs with their hosts, and both TCPs.
const ENDS: [Key; 32] = [
    key("link.mtu", "largest IPv4 packet in bytes", at!(mtu, MTU)),
    key(
        "link.nat_timeout",
        "silence after which a NAT forgets a connection (none: never)",
        at!(nat_timeout, TIMEOUT or NONE),
    ),
    key(
        "client.count",
        "number of clients at once, each with its own file names (a.bin, a.bin.2)",
        at!(client.count, CLIENTS),
    ),
    key(
        "client.profile",
        "a client of Q123208: sets close, host, mode, extended, and the texts",
        Access {
            form: TomlForm::Text,
            permitted: || Permitted::words(Profile::WORDS).or(NONE),
            set: |scenario, text| {
                match values::optional(text, NONE, |text| values::choice(text, Profile::WORDS))? {
                    Some(profile) => profile.apply(&mut scenario.client),
                    None => scenario.client.profile = None,
                }
                Ok(())
            },
            get: |scenario| {
                let print = |profile| values::word(&profile, Profile::WORDS);
                Some(values::print_optional(scenario.client.profile, NONE, print))
            },
        },
    ),
    key(
        "client.type",
        "representation type of transfers (ascii: text)",
        at!(client.representation, words Representation::WORDS),
    ),
    key(
        "client.check_size",
        "ask for the SIZE of an upload after a failure",
        at!(client.checks, SWITCH),
    ),
    key(
        "client.close",
        "how the client ends the data connection of an upload",
        at!(client.close, words Close::WORDS),
    ),
    key(
        "client.close_after",
        "bytes of an upload after which the client ends the data connection (none: all)",
        at!(client.close_after, SIZE or NONE),
    ),
    key(
        "client.reset_delay",
        "pause before the reset of a close that ends with a reset",
        at!(client.reset_delay, DELAY),
    ),
    key("client.host", "close policy of the client's host", text!(client.host, set_host, hosts())),
    key(
        "client.mode",
        "who opens the data connection (active: the server)",
        at!(client.mode, words DataMode::WORDS),
    ),
    key(
        "client.extended",
        "EPSV and EPRT (RFC 2428) before PASV and PORT",
        at!(client.extended, SWITCH),
    ),
    key(
        "client.reply_timeout",
        "how long the client waits for a reply (none: for ever)",
        at!(client.reply_timeout, TIMEOUT or NONE),
    ),
    key("server.host", "close policy of the server's host", text!(server.host, set_host, hosts())),
    key(
        "server.model",
        "a measured server: sets on_reset, and the texts (docs/MODELS.md)",
        Access {
            form: TomlForm::Text,
            permitted: || {
                let names = halfclose_ftp::model::PRESETS.iter().map(|model| model.name);
                Permitted { words: names.collect(), others: String::new() }.or(NONE)
            },
            set: |scenario, text| {
                scenario.server.set_model(values::optional(text, NONE, values::model)?);
                Ok(())
            },
            get: |scenario| {
                let name = scenario.server.model.map(|model| model.name);
                Some(name.unwrap_or(NONE).to_owned())
            },
        },
    ),
    key(
        "server.on_reset",
        "reaction to a reset during an upload",
        at!(server.on_reset, words ServerSetup::ON_RESET),
    ),
    key(
        "server.close",
        "how the server ends the data connection of a download",
        at!(server.close, words Close::WORDS),
    ),
    key(
        "server.accept_delay",
        "delay before the server accepts a data connection",
        at!(server.accept_delay, DELAY),
    ),
    key(
        "server.read_delay",
        "delay before the server reads received bytes",
        at!(server.read_delay, DELAY),
    ),
    key(
        "server.store_rate",
        "rate of the server's disk (none: at once)",
        at!(server.store_rate, BYTE_RATE or NONE),
    ),
    key(
        "server.capacity",
        "room on the server's disk, in bytes (none: no limit)",
        at!(server.capacity, SIZE or NONE),
    ),
    key(
        "server.data_timeout",
        "how long a data connection may be silent (none: for ever)",
        at!(server.data_timeout, TIMEOUT or NONE),
    ),
    key(
        "tcp.congestion",
        "algorithm of congestion control",
        at!(tcp.congestion, words Congestion::WORDS),
    ),
    key(
        "tcp.receive_buffer",
        "receive buffer of a connection, in bytes",
        at!(tcp.receive_buffer, BUFFER),
    ),
    key("tcp.send_buffer", "send buffer of a connection, in bytes", at!(tcp.send_buffer, BUFFER)),
    key(
        "tcp.nagle",
        "Nagle's algorithm: a short segment waits for acknowledgments",
        at!(tcp.nagle, SWITCH),
    ),
    key(
        "tcp.minshall",
        "Nagle's algorithm as Linux has it: a short segment waits for a short one",
        at!(tcp.minshall, SWITCH),
    ),
    key(
        "tcp.initial_window",
        "segments before the first ACK, without congestion control (none: no limit)",
        at!(tcp.initial_window, SEGMENTS or NONE),
    ),
    key(
        "tcp.syn_retries",
        "times of a repeated SYN: 1, 3, 7 s, or 1, 2, 3, 4, 5, 7 s (linux: 6.5 or later)",
        at!(tcp.syn_retries, words SynRetries::WORDS),
    ),
    key(
        "tcp.time_wait",
        "how long a connection that both programs have closed is in TIME-WAIT",
        at!(tcp.time_wait, TIMEOUT),
    ),
    key(
        "tcp.reset_reason",
        "every RST carries its reason (draft-ietf-tcpm-rst-diagnostic-payload-03)",
        at!(tcp.reset_reason, SWITCH),
    ),
    key(
        "tcp.ack_delay",
        "longest delay of an acknowledgment (none: at once)",
        at!(tcp.ack_delay, ACK_DELAY or NONE),
    ),
];

/// The faults, the seed and the limits of a run, and habits of programs from reports in issue
/// trackers.
const RUN: [Key; 13] = [
    key(
        "fault",
        "fault of one packet; each setting adds a fault (none: remove all)",
        Access {
            form: TomlForm::Text,
            permitted: || Permitted::others("a fault such as `drop server data FIN 2`").or(NONE),
            set: add_faults,
            get: |scenario| {
                let faults = scenario.faults.iter().map(ToString::to_string);
                Some(faults.collect::<Vec<_>>().join("; "))
            },
        },
    ),
    key(
        "mutant",
        "deliberate bug of the world, for testing the laws",
        at!(mutant, words Mutant::ALL, or NONE),
    ),
    key("seed", "seed of a run without --seed (none: 0)", at!(seed, SEED or NONE)),
    key("limit.time", "virtual time after which a run is stuck", at!(limit.time, TIME_LIMIT)),
    key("limit.packets", "packets after which a run is stuck", at!(limit.packets, PACKETS)),
    key(
        "client.trusts",
        "sign of the end of a download: both end and reply, or the reply alone",
        at!(client.trusts, words DownloadEnd::WORDS),
    ),
    key(
        "client.abor_replies",
        "replies expected after ABOR: counted by RFC 959, or one for both",
        at!(client.abor_replies, words AborReplies::WORDS),
    ),
    key(
        "client.data_port",
        "client's port for active data connections (none: a free port)",
        at!(client.data_port, LISTEN_PORT or NONE),
    ),
    key(
        "server.active_port",
        "server's port for active data connections (none: a free port)",
        at!(server.active_port, ACTIVE_PORT or NONE),
    ),
    key(
        "server.chatter",
        "bytes the server sends unasked on an upload's data connection",
        at!(server.chatter, CHATTER),
    ),
    key(
        "server.on_fin",
        "reaction to an upload's FIN: done, or the server waits for more",
        at!(server.on_fin, words OnFin::WORDS),
    ),
    key(
        "client.habit",
        "what the client does wrong (docs/FTP.md; none: nothing)",
        at!(client.habit, words ClientHabit::WORDS, or NONE),
    ),
    key(
        "server.habit",
        "what the server does wrong (docs/FTP.md; none: nothing)",
        at!(server.habit, words ServerHabit::WORDS, or NONE),
    ),
];

fn set_text(place: &mut String, text: &str) -> Result<(), String> {
    text.clone_into(place);
    Ok(())
}

/// Set a text of a single line, as reports print the text.
fn set_line(place: &mut String, text: &str) -> Result<(), String> {
    if text.chars().any(char::is_control) {
        return Err("is one line, without control characters".to_owned());
    }
    set_text(place, text)
}

fn one_line() -> Permitted {
    Permitted::others("a line of text")
}

fn set_host(place: &mut String, text: &str) -> Result<(), String> {
    values::choice(text, ClosePolicy::PRESETS)?;
    set_text(place, text)
}

fn hosts() -> Permitted {
    Permitted::words(ClosePolicy::PRESETS)
}

/// Add the faults of a line, between semicolons or commas; `none` takes all faults away.
fn add_faults(scenario: &mut Scenario, text: &str) -> Result<(), String> {
    if text == NONE {
        scenario.faults.clear();
        return Ok(());
    }
    let lines = text.split([';', ',']).filter(|line| !line.trim().is_empty());
    let faults = lines.map(str::parse).collect::<Result<Vec<Fault>, _>>()?;
    scenario.faults.extend(faults);
    Ok(())
}
