//! Mixed scenarios: each key takes its turn at a pace of its own, in this test and in the soak test.

use std::time::Duration;

use halfclose::Scenario;

/// The settings of run `seed`. Each key changes at a pace of its own, so every pair of values
/// meets.
pub(crate) fn settings(seed: u64) -> Vec<String> {
    // SplitMix64: another number for each key, the same on every machine.
    let pick = |key: u64, words: &[&'static str]| {
        let mut z = seed.wrapping_mul(128).wrapping_add(key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
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
            // A link loses packets by one model.
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
    said.push(format!("link.nat_timeout={}", pick(42, &["none", "none", "none", "90s", "20s"])));
    match pick(43, &["", "", "", "1s..3s", "100ms..40s"]) {
        "" => {}
        dark => said.push(format!("link.{}blackout={dark}", pick(44, &["", "up.", "down."]))),
    }
    let count = pick(45, &["", "", "1", "12", "123"]).len() as u64;
    // Each fault counts to an ordinal of its own: a packet has one fate.
    let ordinals = [["1", "4"], ["2", "7"], ["3", "11"]];
    let keys = (46..).step_by(5).zip(ordinals);
    for (key, nths) in keys.take(usize::try_from(count).expect("three at most")) {
        let action =
            pick(key, &["drop", "drop", "duplicate", "hold", "delay 3s", "early 9ms", "corrupt"]);
        let from = pick(key + 1, &["client", "server"]);
        let channel = pick(key + 2, &["data", "control", "data.2"]);
        let segment = pick(key + 3, &["SYN", "SYN-ACK", "DATA", "ACK", "FIN", "RST", "any"]);
        let nth = pick(key + 4, &nths);
        said.push(format!("fault={action} {from} {channel} {segment} {nth}"));
    }
    if pick(18, &["", "", "profile"]) == "profile" {
        let profile = pick(19, &["tcpip32-3.11", "tcpip32-3.11b"]);
        said.push(format!("client.profile={profile}"));
    }
    let dialogues: [&[&str]; 10] = [
        &["put=a"],
        &["get=a"],
        &["put=a", "get=b"],
        &["put=a", "put=a"],
        &["get=b", "put=a", "noop=true", "put=a"],
        &["append=a before=1000", "ls=/", "append=a"],
        &["put=a", "put=a resume=true", "size_of=a"],
        &["get=a resume=true before=1000", "mtime=a", "ls=none"],
        &["mkdir=d", "put=d/a", "ls=d", "rename=d/a to=b", "get=b", "delete=b", "rmdir=d"],
        &["put=a before=5000", "delete=a", "ls=/", "append=a", "get=a"],
    ];
    // The first tasks are the subject of most runs.
    let tasks = pick(20, &["0", "1", "2", "3", "4", "0", "3", "5", "6", "7", "8", "9"]);
    let tasks = dialogues[tasks.parse::<usize>().expect("it is a digit")];
    let text = pick(22, &["image", "image", "image", "ascii"]);
    said.push(format!("client.type={text}"));
    said.push(format!("client.check_size={}", pick(23, &["false", "true"])));
    said.push(format!("server.capacity={}", pick(24, &["none", "none", "none", "7000"])));
    // No client lists a root that another client changes.
    if !tasks.iter().any(|task| ["ls=/", "ls=none"].contains(task)) {
        said.push(format!("client.count={}", pick(25, &["1", "1", "1", "1", "3", "9"])));
    }
    for (at, task) in tasks.iter().enumerate() {
        said.extend(task.split(' ').map(|key| format!("do.{}.{key}", at + 1)));
        let puts = ["put=", "append="].iter().any(|kind| task.starts_with(kind));
        // A download fetches the file of an earlier task, if there is one.
        let moves = puts || (task.starts_with("get=") && at == 0);
        if moves {
            let sizes = if task.contains("before") { &sizes[3..] } else { &sizes[..] };
            said.push(format!("do.{}.size={}", at + 1, pick(70 + at as u64, sizes)));
            let abort = pick(80 + at as u64, &["none", "none", "none", "none", "0", "5000"]);
            said.push(format!("do.{}.abort_after={abort}", at + 1));
        }
    }
    said
}

pub(crate) fn scenario(settings: &[String]) -> Scenario {
    let mut scenario = Scenario { name: "soak".to_owned(), ..Scenario::default() };
    scenario.vary(settings.iter().map(String::as_str)).expect("the settings are sound");
    scenario.limit.time = Duration::from_secs(12 * 3600);
    scenario
}
