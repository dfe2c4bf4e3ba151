//! Mixed scenarios over many seeds: nothing panics, and no law is broken without an excuse.
//! `HALFCLOSE_SOAK_SEEDS=200000 cargo test --release -p halfclose --test soak` runs more of them.

use std::collections::BTreeMap;
use std::time::Duration;

use halfclose::run::run;
use halfclose::scenario::Scenario;
use halfclose::trace::Recording;
use halfclose::workload::Workload;

const SEEDS: u64 = 2_000;

/// The settings of run `seed`: each key takes its turn at a pace of its own, so that every pair of
/// values meets.
fn settings(seed: u64) -> Vec<String> {
    // SplitMix64: another number for each key, the same on every machine.
    let pick = |key: u64, words: &[&'static str]| {
        let mut z = seed.wrapping_mul(41).wrapping_add(key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        words[usize::try_from(z % words.len() as u64).expect("there are few words")]
    };
    let closes =
        ["fin", "half-close", "reset", "reset-when-sent", "reset-when-acked", "fin-then-reset"];
    let hosts = ["linux", "winsock", "wfw311", "smoltcp"];
    let sizes = ["0", "1", "1000", "10000", "65535", "200000"];
    let resets = ["abort", "abort-delete", "as-eof", "perror-reply", "drop-control"];
    let mut said = vec![
        format!("link.loss={}", pick(1, &["0%", "0%", "0.5%", "1%", "2%", "5%", "10%", "20%"])),
        format!("link.delay={}", pick(2, &["1us", "1ms", "20ms", "150ms"])),
        format!("link.rate={}", pick(3, &["none", "none", "10mbit", "512kbit"])),
        format!("client.host={}", pick(4, &hosts)),
        format!("server.host={}", pick(5, &hosts)),
        format!("client.mode={}", pick(6, &["active", "passive"])),
        format!("client.extended={}", pick(7, &["true", "false"])),
        format!("client.close={}", pick(8, &closes)),
        format!("server.close={}", pick(9, &closes)),
        format!("server.on_reset={}", pick(10, &resets)),
        format!("server.store_rate={}", pick(11, &["none", "none", "200KB/s", "20KB/s"])),
        format!("tcp.congestion={}", pick(12, &["none", "reno", "reno", "cubic"])),
        format!("tcp.ack_delay={}", pick(13, &["10ms", "none", "200ms"])),
        format!("tcp.receive_buffer={}", pick(14, &["65535", "65535", "4096", "262144"])),
        format!("link.mtu={}", pick(15, &["1500", "576", "1500"])),
        format!("tcp.nagle={}", pick(16, &["true", "false"])),
        format!("client.reply_timeout={}", pick(17, &["none", "none", "30s", "3s"])),
    ];
    let links =
        ["", "", "", "jitter=5ms", "reorder=5%", "duplicate=2%", "corrupt=1%", "gemodel=1% 20%"];
    match pick(41, &links) {
        "" => {}
        link => {
            // A link loses by one model.
            said.retain(|it| !link.starts_with("gemodel") || !it.starts_with("link.loss"));
            said.push(format!("link.{link}"));
        }
    }
    let models = [
        "none",
        "none",
        "vsftpd-3.0.3",
        "proftpd-1.3.8-hid",
        "pure-ftpd-1.0.50",
        "globus-gridftp-13.24",
        "pyftpdlib-2.2.0",
        "aioftp-0.28.3",
        "twisted-26.10",
        "libunftp-0.24.0",
        "ftp-srv-4.6.3",
        "inetutils-ftpd-2.4",
    ];
    match pick(40, &models) {
        "none" => {}
        model => {
            said.retain(|it| !it.starts_with("server.on_reset"));
            said.push(format!("server.model={model}"));
        }
    }
    if pick(18, &["", "", "profile"]) == "profile" {
        let profile = pick(19, &["tcpip32-3.11", "tcpip32-3.11b"]);
        said.push(format!("client.profile={profile}"));
    }
    let tasks: &[&str] = match pick(20, &["put", "get", "put get", "put put", "get put noop put"]) {
        "put" => &["put=a"],
        "get" => &["get=a"],
        "put get" => &["put=a", "get=b"],
        "put put" => &["put=a", "put=a"],
        _ => &["get=b", "put=a", "noop=true", "put=a"],
    };
    for (at, task) in tasks.iter().enumerate() {
        said.push(format!("do.{}.{task}", at + 1));
        if *task != "noop=true" {
            said.push(format!("do.{}.size={}", at + 1, pick(21 + at as u64, &sizes)));
            let abort = pick(30 + at as u64, &["none", "none", "none", "none", "0", "5000"]);
            said.push(format!("do.{}.abort_after={abort}", at + 1));
        }
    }
    said
}

fn scenario(settings: &[String]) -> Scenario {
    let mut scenario = Scenario { name: "soak".to_owned(), ..Scenario::default() };
    scenario.vary(settings.iter().map(String::as_str)).expect("the settings are sound");
    scenario.limit.time = Duration::from_secs(12 * 3600);
    scenario
}

/// What broke in a run, as one command that shows it again.
fn breaches(seed: u64, waived: &mut BTreeMap<(&'static str, &'static str), u64>) -> Option<String> {
    let settings = settings(seed);
    let scenario = scenario(&settings);
    let workload = Workload::load(&scenario).expect("generated bytes need no file");
    let outcome = run(&scenario, &workload, seed, Recording::Digest).outcome;
    for law in &outcome.waived_laws {
        *waived.entry((law.name, law.waiver)).or_insert(0) += 1;
    }
    let laws: Vec<_> = outcome.broken_laws.iter().map(ToString::to_string).collect();
    let words: String = settings.iter().map(|setting| format!(" -s '{setting}'")).collect();
    (!laws.is_empty()).then(|| format!("{}\n  halfclose run{words} --seed {seed}", laws.join("\n")))
}

#[expect(clippy::disallowed_methods, reason = "how many runs there are reaches none of them")]
fn seeds() -> u64 {
    match std::env::var("HALFCLOSE_SOAK_SEEDS") {
        Ok(seeds) => seeds.parse().expect("HALFCLOSE_SOAK_SEEDS is a number"),
        Err(_) => SEEDS,
    }
}

#[test]
fn no_law_is_broken_without_an_excuse() {
    let seeds = seeds();
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let (mut broken, mut waived) = (Vec::new(), BTreeMap::new());
    std::thread::scope(|scope| {
        let part = |first| {
            move || {
                let mut waived = BTreeMap::new();
                let mine = (first..seeds).step_by(usize::try_from(threads).expect("few threads"));
                let broken: Vec<_> = mine.filter_map(|seed| breaches(seed, &mut waived)).collect();
                (broken, waived)
            }
        };
        let parts: Vec<_> = (0..threads).map(|first| scope.spawn(part(first))).collect();
        for part in parts {
            let (more, counts) = part.join().expect("no run panics");
            broken.extend(more);
            for (law, count) in counts {
                *waived.entry(law).or_insert(0) += count;
            }
        }
    });
    println!("{seeds} runs; waived: {waived:?}");
    assert!(
        broken.is_empty(),
        "{} of {seeds}:\n{}",
        broken.len(),
        broken[..broken.len().min(30)].join("\n")
    );
}
