//! Lines that read back, and lines that say what is wrong with them.

use super::*;

fn refused(line: &str) -> String {
    line.parse::<Fault>().expect_err(line)
}

#[test]
fn a_line_prints_as_it_reads() {
    for line in [
        "drop server data FIN 2",
        "duplicate client control DATA 1",
        "delay 200ms client data.2 ACK at 4097 5",
        "hold client any SYN 1",
        "corrupt server data SYN-ACK 1",
        "corrupt bit 37 server data any 3",
        "inject RST exact after client data DATA 3",
        "inject FIN in-window as server after client data DATA at 1461 1",
        "inject RST out-of-window as client after packet 17",
        "drop packet 0",
        "delay 1500us packet 18446744073709551615",
        "early 5ms client data DATA at 1461 1",
    ] {
        let fault: Fault = line.parse().expect(line);
        assert_eq!(fault.to_string(), line);
        let mut draft = Draft::default();
        for (key, value) in fault.parts() {
            assert!(KEYS.contains(&key), "{key}");
            draft.set(key, &value).expect(line);
        }
        assert_eq!(draft.finish(), Ok(fault), "{line}");
    }
}

#[test]
fn what_is_left_out_is_the_first_and_the_exact() {
    for (short, long) in [
        ("drop server data FIN", "drop server data FIN 1"),
        ("drop client data ACK at 1", "drop client data ACK at 1 1"),
        ("inject RST client data DATA", "inject RST exact after client data DATA 1"),
        ("inject FIN as server packet 3", "inject FIN exact as server after packet 3"),
    ] {
        let fault: Fault = short.parse().expect(short);
        assert_eq!(fault.to_string(), long);
    }
    let mut draft = Draft::default();
    for (key, value) in [("from", "server"), ("delay", "200ms")] {
        draft.set(key, value).expect("sound");
    }
    let fault = draft.finish().map(|fault| fault.to_string());
    assert_eq!(fault.as_deref(), Ok("delay 200ms server any any 1"));
}

#[test]
fn a_bad_line_says_what_would_be_right() {
    let example = "write it as in `drop server data FIN 2` or `drop packet 17`";
    for (line, message) in [
        ("", format!("`` ends too soon: {example}")),
        ("drop", format!("`drop` ends too soon: {example}")),
        ("drop server data", format!("`drop server data` ends too soon: {example}")),
        ("drop server data FIN 1 2", format!("`2` is one word too many: {example}")),
        (
            "dorp server data FIN 1",
            "`dorp` is none of drop, duplicate, delay, early, hold, corrupt, inject; did you mean `drop`?"
                .to_owned(),
        ),
        (
            "drop sever data FIN 1",
            "`sever` is none of client, server; did you mean `server`?".to_owned(),
        ),
        (
            "drop server dta FIN 1",
            "`dta` is none of control, data, data.2, any; did you mean `data`?".to_owned(),
        ),
        ("drop server data.0 FIN 1", "`0` is out of range: it must be 1 to 4294967295".to_owned()),
        (
            "drop server data FINN 1",
            "`FINN` is none of SYN, SYN-ACK, DATA, ACK, FIN, RST, any; did you mean `FIN`?"
                .to_owned(),
        ),
        ("drop server data FIN 0", "`0` is out of range: it must be 1 to 4294967295, or `every`".to_owned()),
        ("drop server data FIN x", "`x` is not a whole number, or `every`".to_owned()),
        (
            "drop server data any at 5",
            "`at` needs a segment: an ACK's is its acknowledgment number".to_owned(),
        ),
        (
            "delay server data FIN 1",
            "`server` is not a number with a unit: write 20ms, 1.5s or 200us".to_owned(),
        ),
        ("delay 200 server data FIN 1", "`200` has no unit: write 20ms, 1.5s or 200us".to_owned()),
        ("inject SYN client data FIN", "`SYN` is none of RST, FIN".to_owned()),
    ] {
        assert_eq!(refused(line), message, "{line}");
    }
}

#[test]
fn parts_that_do_not_go_together_are_refused() {
    type Parts = &'static [(&'static str, &'static str)];
    let rows: [(Parts, &str); 6] = [
        (
            &[("packet", "1"), ("nth", "1"), ("action", "drop")],
            "a packet is named by its number or in words, not both",
        ),
        (
            &[("from", "client"), ("action", "drop"), ("delay", "1s")],
            "`delay` belongs to delay, and the action is drop",
        ),
        (
            &[("from", "client"), ("action", "corrupt"), ("place", "exact")],
            "`place` belongs to inject, and the action is corrupt",
        ),
        (&[("packet", "1"), ("action", "delay")], "delays by how much? Write delay = \"200ms\""),
        (
            &[("packet", "1"), ("action", "inject")],
            "injects what? Write forge = \"RST\" or \"FIN\"",
        ),
        (
            &[("action", "drop")],
            "names no packet: write it as in `drop server data FIN 2` or `drop packet 17`",
        ),
    ];
    for (parts, message) in rows {
        let mut draft = Draft::default();
        for (key, value) in parts {
            draft.set(key, value).expect(key);
        }
        assert_eq!(draft.finish(), Err(message.to_owned()));
    }
    let unknown = Draft::default().set("segmnt", "FIN");
    assert_eq!(unknown, Err("unknown key; did you mean `segment`?".to_owned()));
}

#[test]
fn one_packet_has_one_fate() {
    let faults = |lines: &[&str]| -> Vec<Fault> {
        lines.iter().map(|line| line.parse().expect(line)).collect()
    };
    let two = faults(&["drop server data FIN 1", "hold server data FIN"]);
    assert_eq!(
        check(&two),
        Err("`drop server data FIN 1` and `hold server data FIN 1` contradict each other: one \
             packet, two fates"
            .to_owned())
    );
    // A forged segment leaves its trigger's fate to others.
    let both = faults(&["drop packet 3", "inject RST packet 3", "inject FIN packet 3"]);
    assert_eq!(check(&both), Ok(()));
    // So does what decides something else of it.
    let all = faults(&["hold packet 3", "corrupt bit 1 packet 3", "duplicate packet 3"]);
    assert_eq!(check(&all), Ok(()));
    for clash in [["hold packet 3", "early 1ms packet 3"], ["drop packet 3", "duplicate packet 3"]]
    {
        assert!(check(&faults(&clash)).is_err(), "{clash:?}");
    }
}
