//! Lists and ranges read, print and pin as they should, and bad ones are refused by name.

use super::*;
use crate::scenario::file::{parse, print};

fn scenario(settings: &[&str]) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.vary(settings.iter().copied()).expect("sound");
    scenario
}

fn pinned(scenario: &Scenario, key: &str) -> Vec<String> {
    let point = |point| scenario.pin(point, 0).scenario.get(key).expect("a key");
    (0..scenario.points()).map(point).collect()
}

#[test]
fn lists_multiply_and_the_last_varies_fastest() {
    let scenario = scenario(&["link.loss=0%,1%,5%", "client.close=fin,reset"]);
    assert_eq!(scenario.points(), 6);
    assert_eq!(pinned(&scenario, "link.loss"), ["0%", "0%", "1%", "1%", "5%", "5%"]);
    let closes = ["fin", "reset", "fin", "reset", "fin", "reset"];
    assert_eq!(pinned(&scenario, "client.close"), closes);
    let choices = scenario.pin(3, 0).choices;
    let wanted = [("link.loss", "1%"), ("client.close", "reset")];
    assert_eq!(choices, wanted.map(|(k, v)| (k.to_owned(), v.to_owned())));
    assert_eq!(scenario.up.loss_ppm, 0, "its own fields are those of the first values");
}

#[test]
fn a_later_setting_holds_at_every_point() {
    let scenario = scenario(&["client.profile=tcpip32-3.11,tcpip32-3.11b", "client.close=reset"]);
    assert_eq!(pinned(&scenario, "client.close"), ["reset", "reset"]);
    let scenario = self::scenario(&["client.profile=tcpip32-3.11,none", "link.loss=0%,1%"]);
    assert_eq!(pinned(&scenario, "client.host"), ["wfw311", "wfw311", "linux", "linux"]);
}

#[test]
fn what_is_set_anew_is_open_no_longer() {
    let closed = scenario(&["link.loss=0%,1%", "link.loss=2%"]);
    assert_eq!((closed.open.is_none(), closed.up.loss_ppm), (true, 20_000));
    let half = scenario(&["link.up.loss=0%,1%", "link.delay=1ms,2ms", "link.loss=3%"]);
    assert_eq!(half.points(), 2);
    let anew = scenario(&["link.loss=0%,1%", "link.loss=1%,2%,3%"]);
    assert_eq!(pinned(&anew, "link.loss"), ["1%", "2%", "3%"]);
}

#[test]
fn each_seed_draws_and_no_draw_moves_another() {
    let one = scenario(&["link.delay=5ms..50ms"]);
    let two = scenario(&["do.size=1..=3", "link.delay=5ms..50ms", "link.rate=1mbit..2mbit"]);
    let mut sizes = Vec::new();
    for seed in 0..200 {
        let [a, b] = [&one, &two].map(|s| s.pin(0, seed).scenario);
        assert_eq!(a.up, crate::scenario::LinkConfig { rate: None, ..b.up.clone() });
        assert!(a.up.delay.as_micros() >= 5_000 && a.up.delay.as_micros() < 50_000);
        assert_eq!(a.up.delay, a.down.delay, "one key, one draw");
        sizes.push(b.get("do.size").expect("a key"));
    }
    sizes.sort();
    sizes.dedup();
    assert_eq!(sizes, ["1", "2", "3"], "A..=B has its end");
    // Golden: if it moves, a seed no longer means what it meant.
    let drawn: Vec<_> = (0..3).map(|seed| one.pin(0, seed).choices[0].1.clone()).collect();
    assert_eq!(drawn, ["44076us", "39148us", "33254us"]);
}

#[test]
fn every_quantity_has_ranges() {
    for setting in [
        "link.loss=0%..5%",
        "server.store_rate=100KB/s..2MB/s",
        "link.rate=56kbit..10mbit",
        "link.mtu=576..=1500",
        "tcp.ack_delay=1ms..499ms",
        "do.size=10kB..64KiB",
        "limit.packets=100..1_000",
    ] {
        let scenario = scenario(&[setting]);
        assert!(scenario.draws(), "{setting}");
        let (key, _) = setting.split_once('=').expect("a setting");
        let values: Vec<_> =
            (0..20).map(|seed| scenario.pin(0, seed).scenario.get(key).expect("a key")).collect();
        assert!(values.iter().any(|value| *value != values[0]), "{setting}: {values:?}");
    }
}

#[test]
fn what_is_printed_reads_back() {
    for text in [
        "[link]\nloss = [\"0%\", \"1%\"]\ndelay = \"5ms..50ms\"\n",
        "[client]\nclose = \"reset-when-sent\"\nprofile = [\"tcpip32-3.11\", \"tcpip32-3.11b\"]\n",
        "[link]\nmtu = [576, 1500]\nup.loss = \"1%\"\n[[do]]\nput = \"a\"\nsize = [\"1\", \"2\"]\n",
        "[link]\nnetem = [\"delay 5ms 1ms\", \"delay 9ms loss 1%\"]\nup.jitter = \"2ms\"\n",
        "[tcp]\nnagle = [true, false]\n[[do]]\nget = \"a, b\"\nabort_after = [\"none\", \"10\"]\n",
    ] {
        let scenario = parse(text, "x", "x.toml").expect(text);
        assert!(scenario.points() > 1, "{text}");
        let printed = print(&scenario);
        let again = parse(&printed, "x", "x.toml").expect(&printed);
        assert_eq!(print(&again), printed);
        for point in 0..scenario.points() {
            assert_eq!(again.pin(point, 7), scenario.pin(point, 7), "{printed}");
            let pinned = scenario.pin(point, 7).scenario;
            let printed = print(&pinned);
            assert_eq!(parse(&printed, "", "x.toml"), Ok(pinned), "{printed}");
        }
    }
}

#[test]
fn a_comma_in_a_name_is_a_comma() {
    let names = ["do.put=a, b", "do.2.ls=c,d..e", "about=x, y", "do.3.rename=f,g", "do.3.to=h..i"];
    let scenario = scenario(&names);
    assert_eq!(scenario.open, None);
    for name in names {
        let (key, value) = name.split_once('=').expect("a setting");
        let key = key.replace("do.put", "do.1.put");
        let found = scenario.get(&key).expect("a key");
        assert!(found.ends_with(value), "{found}");
    }
}

#[test]
fn bad_lists_and_ranges_are_refused() {
    for (setting, problem) in [
        ("link.loss=0%,", "link.loss: `0%,` has an empty value in its list"),
        ("link.loss=0%,101%", "link.loss: `101%` is more than 100%"),
        (
            "link.loss=0%,1%..2%",
            "link.loss: `0%,1%..2%` is a list of single values or one range, not both",
        ),
        (
            "link.delay=50ms..5ms",
            "link.delay: `50ms..5ms` runs backwards: write A..B (without B) or A..=B (with it), A first",
        ),
        (
            "link.delay=5ms..5ms",
            "link.delay: `5ms..5ms` is empty: write A..B (without B) or A..=B (with it)",
        ),
        (
            "link.delay=5ms..50",
            "link.delay: `5ms..50` is no range of one quantity, as in 5ms..50ms: write A..B \
             (without B) or A..=B (with it)",
        ),
        (
            "link.delay=1%..2%",
            "link.delay: `1%` has an unknown unit `%`: write 20ms, 1.5s or 200us",
        ),
        (
            "tcp.send_buffer=1..2000",
            "tcp.send_buffer: 1 bytes do not hold one segment: link.mtu 1500 less 40 bytes of \
             headers is 1460",
        ),
        (
            "client.close=fin..reset",
            "client.close: `fin..reset` is no range of one quantity, as in 5ms..50ms: write A..B \
             (without B) or A..=B (with it)",
        ),
    ] {
        let refused = Scenario::default().vary([setting]).expect_err(setting);
        assert_eq!(refused.to_string(), problem);
    }
}
