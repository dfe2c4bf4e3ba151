//! The rows of STOR × teardown: each line of the measurement as a scenario with `server.model`.

use std::collections::BTreeMap;

use halfclose::internals::{Workload, World};
use halfclose::{FileState, Outcome, Recording, Scenario};

use super::measurements::{Results, Stor, divergences, stor};

/// The loopback of the measurement: its MTU, a negligible delay, and the effect of Linux' initial
/// window of 10 segments, which lets everything go for which the peer has room.
const LOOPBACK: [&str; 6] = [
    "link.delay=50us",
    "link.mtu=65535",
    "tcp.congestion=none",
    "tcp.ack_delay=none",
    "tcp.nagle=false",
    // The patience of a user who waits for a reply.
    "client.reply_timeout=30s",
];

/// Whether all sent bytes leave before the RST, or a tail never leaves. On the measured machine the
/// two programs raced; the result of a line tells which way the race went.
const OPEN: [&str; 2] = ["tcp.send_buffer=65535", "tcp.receive_buffer=1MiB"];
const TIGHT: [&str; 2] = ["tcp.send_buffer=256KiB", "tcp.receive_buffer=128KiB"];

/// Whether the program waits for the data, or acts before.
const PROMPT: &str = "server.read_delay=0s";
const BEHIND: &str = "server.read_delay=500us";

/// Seeds whose draws go both ways, the first two already (`draws_go_both_ways` checks this).
const SEEDS: [u64; 6] = [1, 2, 3, 4, 5, 6];

/// The length that fits into every window, and leaves before a program could be slow.
const SMALL: u64 = 10_000;

#[test]
fn one_byte_and_ten_thousand() {
    check(|row| row.size <= SMALL);
}

#[test]
fn a_mebibyte() {
    check(|row| row.size == 1 << 20);
}

#[test]
fn eight_mebibytes() {
    check(|row| row.size == 8 << 20);
}

#[test]
fn every_line_is_checked() {
    let rows = stor();
    assert_eq!(rows.iter().map(|row| row.rows).sum::<usize>(), 496);
    assert!(rows.iter().all(|row| [1, SMALL, 1 << 20, 8 << 20].contains(&row.size)));
    let names: Vec<_> = rows.iter().map(Stor::name).collect();
    for name in divergences().into_keys().filter(|name| name.contains(" lo")) {
        assert!(names.iter().any(|known| known == name), "{name} is no line of stor.tsv");
    }
}

fn check(wanted: impl Fn(&Stor) -> bool) {
    let divergences = divergences();
    let mut workloads = BTreeMap::new();
    let mut failed = String::new();
    for row in stor().into_iter().filter(wanted) {
        let seen = simulate(&row, &mut workloads);
        let diverges = divergences.contains_key(&*row.name());
        if (seen == row.results) == diverges {
            let listed = if diverges { " (listed as a divergence)" } else { "" };
            failed += &format!("{}: was {:?}, is {seen:?}{listed}\n", row.name(), row.results);
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

/// The results of the model for this line, in every setting of the measurement.
fn simulate(row: &Stor, workloads: &mut BTreeMap<u64, Workload>) -> Results {
    let mut seen = Results::new();
    // The dialogue, where a dialogue was measured.
    let refused = row.results.iter().any(|result| result.ends_with("refused"));
    let recording = if refused { Recording::Headers } else { Recording::Digest };
    for setting in settings(row) {
        let scenario = scenario(row, &setting);
        let workload = workloads
            .entry(row.size)
            .or_insert_with(|| Workload::load(&scenario).expect("it is generated"));
        let seeds = if row.size > SMALL { &SEEDS[..2] } else { &SEEDS[..] };
        let mut world = World::new(&scenario, workload, seeds[0], recording);
        for &seed in seeds {
            world.reset(seed, recording);
            let end = world.run();
            seen.insert(result(row, &world.conclude(end)));
        }
    }
    seen
}

fn scenario(row: &Stor, setting: &[&str]) -> Scenario {
    let close = match row.teardown {
        "fin" => "fin",
        "shutwr" => "half-close",
        "rst" | "rst_mid" => "reset",
        "rst_acked" => "reset-when-acked",
        "fin_rst" => "fin-then-reset",
        other => panic!("an unknown teardown {other}"),
    };
    let (mode, extended) = match row.mode {
        "PASV" => ("passive", false),
        "EPSV" => ("passive", true),
        "PORT" => ("active", false),
        "EPRT" => ("active", true),
        other => panic!("an unknown mode {other}"),
    };
    // The pause of the measurement between the last ACK and the RST, and half of the file.
    let pause = if row.teardown == "rst_acked" { "200ms" } else { "0s" };
    let written = written(row);
    let after = if written < row.size { format!("{written}") } else { "none".to_owned() };
    let own = [
        format!("server.model={}", row.model),
        format!("client.close={close}"),
        format!("client.close_after={after}"),
        format!("client.reset_delay={pause}"),
        format!("client.mode={mode}"),
        format!("client.extended={extended}"),
        format!("do.size={}", row.size),
    ];
    let mut scenario = Scenario::default();
    let all = LOOPBACK.iter().chain(setting).copied().chain(own.iter().map(|it| &**it));
    scenario.vary(all).expect("the settings are sound");
    scenario
}

/// The bytes that the client handed to `send`.
fn written(row: &Stor) -> u64 {
    if row.teardown == "rst_mid" { (row.size / 2).max(1) } else { row.size }
}

fn settings(row: &Stor) -> Vec<Vec<&'static str>> {
    if row.link == "lo-nosettle" {
        // The reset is there before the server takes up the connection.
        return vec![[&OPEN[..], &["server.accept_delay=5ms"]].concat()];
    }
    let has = |file: &str| row.results.iter().any(|result| result.ends_with(file));
    let resets = matches!(row.teardown, "rst" | "rst_mid" | "fin_rst");
    let (open, tight) = if row.size <= SMALL || !resets {
        (true, false)
    } else {
        // Where every file is gone, either may have happened; but a FIN that left is no reset.
        let gone = !has("short") && has("absent");
        (has("whole") || gone && row.teardown != "fin_rst", has("short") || gone)
    };
    // The client pauses before a reset of what is acknowledged, and the server waits in its read
    // when a small file comes with its FIN.
    let waits = row.teardown == "rst_acked" || row.teardown == "fin_rst" && row.size <= SMALL;
    let mut all = Vec::new();
    for (buffers, _) in [(OPEN, open), (TIGHT, tight)].iter().filter(|(_, wanted)| *wanted) {
        for delay in [PROMPT, BEHIND].into_iter().filter(|delay| !(waits && *delay == BEHIND)) {
            all.push([&buffers[..], &[delay]].concat());
        }
    }
    all
}

/// The result of a run in the words of the measurement.
fn result(row: &Stor, outcome: &Outcome) -> String {
    let [transfer] = &outcome.transfers[..] else { panic!("one transfer") };
    let refused = row.results.iter().find_map(|result| result.strip_suffix("/refused"));
    if let Some(code) = refused {
        // Our client goes on after the refusal; the measuring one did not.
        let said = transfer.dialogue.iter().any(|line| line.starts_with(code));
        return format!("{}/refused", if said { code } else { "not" });
    }
    let code = match transfer.reply.get(..3) {
        Some(code) if !code.starts_with('1') => code,
        _ if transfer.client.contains("closed connection") => "closed",
        _ => "none",
    };
    // The measurement compares with the bytes that the client wrote.
    let written_whole = transfer.file == FileState::Short && transfer.stored == written(row);
    let file = if written_whole { FileState::Whole } else { transfer.file };
    format!("{code}/{}", file.name())
}

#[test]
fn draws_go_both_ways() {
    use halfclose::internals::{Purpose, number};
    let draws = SEEDS.map(|seed| number(seed, Purpose::ServerModel) & 1);
    assert_ne!(draws[0], draws[1], "{draws:?}");
}
