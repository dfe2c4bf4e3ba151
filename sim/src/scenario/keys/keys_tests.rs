//! Rows of keys and values, good and bad.

use super::*;
use crate::scenario::Expect;
use crate::verdict::Verdict;

fn varied(settings: &[&str]) -> Result<Scenario, String> {
    let mut scenario = Scenario::default();
    let done = scenario.vary(settings.iter().copied());
    done.map(|()| scenario).map_err(|error| error.to_string())
}

#[test]
fn every_key_takes_what_it_prints() {
    for key in KEYS {
        assert!(!key.doc.is_empty() && key.doc.len() < 80, "{}", key.name);
        let default = key.default_value();
        if default.is_empty() {
            continue;
        }
        let scenario = varied(&[&format!("{}={default}", key.name)]).expect(key.name);
        assert_eq!(scenario, Scenario::default(), "{}", key.name);
    }
}

#[test]
fn a_key_takes_each_word_that_it_permits() {
    let refused = |key: &Key, word| Scenario::default().set_one(key.name, word).is_err();
    for key in KEYS {
        let permitted = key.permitted();
        assert!(!permitted.to_string().is_empty(), "{}", key.name);
        assert!(permitted.words.iter().all(|word| !refused(key, word)), "{}", key.name);
        assert!(!permitted.others.is_empty() || refused(key, "no such word"), "{}", key.name);
    }
    let permitted = |name| find(name).expect("a key").key.permitted().to_string();
    assert_eq!(permitted("client.mode"), "active, passive");
    assert_eq!(permitted("client.reply_timeout"), "1us to 86400s, or none");
    assert_eq!(permitted("link.up.loss"), "0% to 100%");
}

#[test]
fn a_value_reads_and_prints() {
    for (key, value, printed) in [
        ("link.delay", "1.5s", "1500ms"),
        ("link.up.loss", "0.10%", "0.1%"),
        ("link.rate", "none", "none"),
        ("link.gemodel", "1%", "1% 99% 100% 0%"),
        ("link.gemodel", "none", "none"),
        ("link.blackout", " 10s..12s, 1min..90s ", "10s..12s,60s..90s"),
        ("link.netem", "delay 5ms", ""),
        ("client.policy.reset_validation", "rfc793", "rfc793"),
        ("client.policy.reset_validation", "preset", "preset"),
        ("server.policy.fin_wait_2", "none", "none"),
        ("fault", "drop  packet 7;hold server data FIN", "drop packet 7; hold server data FIN 1"),
        ("client.profile", "tcpip32-3.11b", "tcpip32-3.11b"),
        ("server.store_rate", "1.6mbit", "200KB/s"),
        ("server.data_timeout", "none", "none"),
        ("tcp.receive_buffer", "4MiB", "4MiB"),
        ("tcp.syn_retries", "linux", "linux"),
        ("tcp.time_wait", "1min", "60s"),
        ("do.size", "10kB", "10000"),
        ("do.1.size", "64KiB", "64KiB"),
        ("do.file", "a/b c.txt", "a/b c.txt"),
        ("do.get", "b.bin", "b.bin"),
        ("expect.verdict", "stuck, intact", "stuck,intact"),
        ("expect.file", "short,absent", "short,absent"),
        ("expect.told", "nothing", "nothing"),
        ("expect.reply", "226, 426 Conn,none", "226,426 Conn,none"),
        ("expect.within", "90s", "90s"),
        ("expect.broken_laws", "success-is-whole", "success-is-whole"),
        ("expect.laws", "no-reset-on-data", "no-reset-on-data"),
        ("limit.packets", "1_000", "1000"),
    ] {
        let scenario = varied(&[&format!("{key}={value}")]).expect(key);
        assert_eq!(scenario.get(key).as_deref(), Ok(printed), "{key}");
    }
}

#[test]
fn a_later_setting_overrides() {
    let scenario = varied(&["client.profile=tcpip32-3.11", "client.close=fin"]).expect("sound");
    assert_eq!(scenario.get("client.close").as_deref(), Ok("fin"));
    assert_eq!(scenario.get("client.profile").as_deref(), Ok("tcpip32-3.11"));
    let scenario = varied(&["client.close=fin", "client.profile=tcpip32-3.11"]).expect("sound");
    assert_eq!(scenario.get("client.close").as_deref(), Ok("reset-when-sent"));
}

#[test]
fn tasks_are_numbered() {
    let two = &["do.2.get=b.bin", "do.2.size=5"];
    let scenario = varied(two).expect("sound");
    assert_eq!(scenario.get("do.2.size").as_deref(), Ok("5"));
    assert_eq!(scenario.get("do.1.put").as_deref(), Ok("a.bin"));
    for (setting, message) in [
        ("do.file=x", "do.file: there are 2 tasks: write do.1.file to do.2.file"),
        ("do.0.file=x", "do.0.file: there is no task 0: there are 2 tasks, and the next one is 3"),
        ("do.4.put=x", "do.4.put: there is no task 4: there are 2 tasks, and the next one is 3"),
        ("do.3.file=x", "do.3.file: there is no task 3: begin it with do.3.put or do.3.get"),
    ] {
        assert_eq!(varied(&[two[0], two[1], setting]), Err(message.to_owned()));
    }
}

#[test]
fn an_expectation_holds_while_nothing_changes() {
    let expecting = || Scenario {
        expect: Expect { verdict: vec![Verdict::FalseAlarm], ..Expect::default() },
        ..Scenario::default()
    };
    for (settings, expected) in [
        (&[][..], &[Verdict::FalseAlarm][..]),
        (&["link.delay=20ms"], &[Verdict::FalseAlarm]),
        (&["link.loss=1%"], &[]),
        (&["link.loss=1%", "expect.verdict=stuck"], &[Verdict::Stuck]),
        (&["expect.verdict=stuck", "link.loss=1%"], &[Verdict::Stuck]),
        (&["expect.verdict="], &[]),
    ] {
        let mut scenario = expecting();
        scenario.vary(settings.iter().copied()).expect("sound");
        assert_eq!(scenario.expect.verdict, expected, "{settings:?}");
    }
}

#[test]
fn a_bad_setting_says_what_would_be_right() {
    for (setting, message) in [
        ("link.loss", "link.loss: is not a key and its value: write -s key=value"),
        ("link.los=1%", "link.los: unknown key; did you mean `link.loss`?"),
        ("loss=1%", "loss: unknown key; did you mean `link.loss`?"),
        ("do.2.sise=1", "do.2.sise: unknown key; did you mean `do.size`?"),
        ("colour=red", "colour: unknown key; `halfclose show q123208` names them all"),
        ("link.loss=101%", "link.loss: `101%` is more than 100%"),
        ("link.loss=1", "link.loss: `1` has no unit: write 1% or 0.1%"),
        ("link.delay=2h", "link.delay: `2h` is out of range: it must be 0s to 3600s"),
        ("link.rate=1bit", "link.rate: `1bit` is out of range: it must be 1kbit to 1000gbit"),
        ("link.mtu=67", "link.mtu: `67` is out of range: it must be 68 (RFC 791) to 65535"),
        ("link.mtu=64KiB", "link.mtu: `64KiB` is out of range: it must be 68 (RFC 791) to 65535"),
        (
            "client.profile=tcpip32",
            "client.profile: `tcpip32` is none of tcpip32-3.11, tcpip32-3.11a, \
             tcpip32-3.11a-corrected, tcpip32-3.11b",
        ),
        (
            "server.host=linus",
            "server.host: `linus` is none of linux, winsock, wfw311, smoltcp; did you mean `linux`?",
        ),
        ("link.blackout=12s..10s", "link.blackout: `12s..10s` ends before it begins"),
        ("link.blackout=10s", "link.blackout: `10s` is not a stretch of time: write 10s..12s"),
        ("link.gemodel=1% 200%", "link.gemodel: `200%` is more than 100%"),
        (
            "link.reorder_correlation=50%",
            "link.up.reorder_correlation: there is no reordering to correlate: set link.reorder",
        ),
        (
            "server.policy.reset_validation=rfc5691",
            "server.policy.reset_validation: `rfc5691` is none of rfc5961, linux, rfc793; did you mean \
             `rfc5961`?",
        ),
        (
            "link.netem=distribution normal",
            "link.netem: netem's `distribution` is not supported: jitter is even, as netem's without a \
             distribution table",
        ),
        (
            "fault=drop server data FIN 0",
            "fault: `0` is out of range: it must be 1 to 4294967295, or `every`",
        ),
        (
            "fault=drop packet 3; corrupt packet 3",
            "fault: `drop packet 3` and `corrupt packet 3` contradict each other: one packet, two fates",
        ),
        ("tcp.nagle=yes", "tcp.nagle: `yes` is none of true, false"),
        (
            "tcp.ack_delay=500ms",
            "tcp.ack_delay: `500ms` is out of range: it must be 1us to 499999us",
        ),
        (
            "server.store_rate=9bit",
            "server.store_rate: `9bit` is not a whole number of bytes per second",
        ),
        (
            "tcp.initial_window=10",
            "tcp.initial_window: the window of smoltcp's congestion control begins at two kilobytes and \
             takes no other value: set tcp.congestion=none",
        ),
        ("tcp.syn_retries=6", "tcp.syn_retries: `6` is none of doubling, linux"),
        ("do.size=2GiB", "do.size: `2GiB` is out of range: it must be 0 to 1GiB"),
        ("do.put=a\r\nDELE b", "do.put: a name has no control characters in it"),
        ("do.put=", "do.put: names no file"),
        (
            "expect.verdict=intakt",
            "expect.verdict: `intakt` is none of corrupt, silent-truncation, stuck, truncated, \
             false-alarm, intact; did you mean `intact`?",
        ),
        ("limit.packets=many", "limit.packets: `many` is not a whole number"),
        ("limit.packets=0", "limit.packets: `0` is out of range: it must be 1 to 1000000000000"),
        (
            "tcp.receive_buffer=100",
            "tcp.receive_buffer: 100 bytes do not hold one segment: link.mtu 1500 less 40 bytes of \
             headers is 1460",
        ),
    ] {
        assert_eq!(varied(&[setting]), Err(message.to_owned()));
    }
    assert_eq!(
        varied(&["link.rate=1mbit", "link.queue=39"]),
        Err("link.up.queue: 39 bytes do not even hold the 40 bytes of headers".to_owned())
    );
}

#[test]
fn a_server_model_sets_what_it_was_measured_to_do() {
    let scenario = varied(&["server.model=vsftpd-3.0.3-del"]).expect("sound");
    assert_eq!(scenario.get("server.on_reset").as_deref(), Ok("as-model"));
    let printed = crate::scenario::file::print(&scenario);
    assert!(printed.contains("model = \"vsftpd-3.0.3-del\"\n\n"), "{printed}");
    // An explicit reaction overrides the model's.
    let both = ["server.model=vsftpd-3.0.3-del", "server.on_reset=as-eof"];
    let scenario = varied(&both).expect("sound");
    assert_eq!(scenario.get("server.on_reset").as_deref(), Ok("as-eof"));
    let plain = varied(&[both[0], "server.model=none"]).expect("sound");
    assert_eq!(plain.server, Scenario::default().server);
    for (text, near) in [
        ("vsftpd-3.0.2", "; did you mean `vsftpd-3.0.3`?"),
        ("proftpd", "; did you mean `proftpd-1.3.8`?"),
        ("wu-ftpd", "; there are vsftpd-3.0.3, vsftpd-3.0.3-del, proftpd-1.3.8, "),
    ] {
        let error = varied(&[&format!("server.model={text}")]).expect_err("refused");
        let start = format!("server.model: unknown server model `{text}`{near}");
        assert!(error.starts_with(&start), "{error}");
    }
}

#[test]
fn a_link_loses_by_one_model() {
    assert_eq!(
        varied(&["link.down.loss=1%", "link.gemodel=1% 10%"]),
        Err("link.down.gemodel: a link loses by loss or by gemodel, not by both".to_owned())
    );
}

#[test]
fn faults_add_up_until_none() {
    let lines = ["fault=drop packet 1", "fault=drop packet 2"];
    let scenario = varied(&lines).expect("sound");
    assert_eq!(scenario.faults.len(), 2);
    let scenario = varied(&[lines[0], "fault=none", lines[1]]).expect("sound");
    assert_eq!(scenario.get("fault").as_deref(), Ok("drop packet 2"));
}
