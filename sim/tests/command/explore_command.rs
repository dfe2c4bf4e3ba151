//! The command `explore`: the counts, the report, and the inputs that are refused.

use std::process::Output;

use crate::program::{assert_refused, halfclose, terminated, text};
use serde_json::Value;

fn explore(more: &[&str]) -> Output {
    halfclose(&[&["explore"], more].concat())
}

fn json(more: &[&str]) -> Value {
    let words: Vec<_> = more.iter().copied().chain(["--json"]).collect();
    let output = explore(&words);
    serde_json::from_slice(&output.stdout).expect("one object")
}

/// The client of the article and the corrected client, against a server that takes a reset for the
/// end of the file. The first loses files silently; the second loses none under any loss.
#[test]
fn fin_against_rst() {
    let object = json(&[
        "q123208",
        "--faults",
        "2",
        "-s",
        "server.on_reset=as-eof",
        "--compare",
        "-s",
        "client.profile=tcpip32-3.11b",
    ]);
    assert_eq!(object["closed"], true);
    assert_eq!(object["compare"]["closed"], true);
    assert_eq!(object["arm"], "q123208 -s server.on_reset=as-eof");
    let count = |arm: &Value, verdict: &str| arm["verdicts"][verdict].as_u64().expect("a count");
    assert!(count(&object, "silent-truncation") > 0);
    assert_eq!(count(&object["compare"], "silent-truncation"), 0);
    assert_eq!(count(&object["compare"], "truncated"), 0);
    for arm in [&object, &object["compare"]] {
        let verdicts = arm["verdicts"].as_object().expect("an object").values();
        let sum: u64 = verdicts.map(|count| count.as_u64().expect("a count")).sum();
        assert_eq!(arm["schedules"], sum);
        assert_eq!(arm["broken_laws"], serde_json::json!({}));
    }
    assert_eq!(object["least"]["silent-truncation"].as_array().map(Vec::len), Some(1));
    let reproduce = object["reproduce"]["silent-truncation"].as_str().expect("a command");
    let words = shlex::split(reproduce).expect("words");
    let words: Vec<_> = words[1..].iter().map(String::as_str).chain(["--json"]).collect();
    let output = halfclose(&words);
    let run: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!(run["verdict"], "silent-truncation");
}

#[test]
fn a_person_reads_the_closed_count_and_the_least_faults() {
    let output = explore(&["q123208", "--faults", "1"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    for words in [
        "every placement of at most 1 fault (drop, duplicate, hold) on the data connection",
        "    all 46 schedules of up to 1 fault visited (1 + 45); ",
        "\n  silent-truncation              0\n",
        "\n  least faults for truncated: 1 fault\n    drop client data DATA at 8761 1\n    halfclose run ",
    ] {
        assert!(shown.contains(words), "`{words}` is not in:\n{shown}");
    }
    let output = explore(&["q123208", "--faults", "2", "--max-schedules", "100"]);
    let shown = text(&output.stdout);
    assert!(shown.contains("NOT CLOSED: 100 schedules visited, closed up to 1 fault; "), "{shown}");
    let object = json(&["q123208", "--faults", "9", "--max-time", "50ms"]);
    assert_eq!(object["closed"], false);
    let output = explore(&["q123208", "--faults", "9", "--max-time", "50ms"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).starts_with("--max-time is over after "), "{output:?}");
}

#[test]
fn what_must_not_come_is_exit_status_1() {
    let output = explore(&["q123208", "--faults", "1", "--fail-on", "truncated"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output.stdout);
    assert!(
        shown.contains("broken: truncated\nreproduce: halfclose run q123208 -s 'fault="),
        "{shown}"
    );
    let lie = ["q123208", "--faults", "0", "-s", "mutant=flipped-byte"];
    let output = explore(&lie);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("broken: law file-is-a-prefix\n"));
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_is_done() {
    let output = terminated("explore q123208 --faults 9");
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    let error = text(&output.stderr);
    assert!(error.starts_with("interrupted after "), "{error}");
    assert!(error.ends_with(" runs: not every placement was visited\n"), "{error}");
    let shown = text(&output.stdout);
    assert!(shown.contains("NOT CLOSED: ") && shown.contains("closed up to "), "{shown}");
}

#[test]
fn bad_words_are_refused() {
    for (more, words) in [
        (&["--faults", "-1"][..], "it must be a number of faults from 0 to 64"),
        (
            &["--faults", "1", "--channel", "dta"],
            "it must be one of data, control, both; did you mean `data`?",
        ),
        (&["--faults", "1", "--last", "0"], "it must be a whole number from 1"),
        (&["--faults", "1", "--jobs", "0"], "it must be a number of threads from 1 to 1024"),
        (&["--faults", "1", "--max-time", "5"], "`5` has no unit: write 20ms, 1.5s or 200us"),
        (&["--faults", "1", "--compare"], "--compare compares with what?"),
        (&["--faults", "1", "-s", "link.loss=1%,2%"], "link.loss: has several values (1%,2%)"),
        (&["--faults", "1", "--compare", "-s", "link.los=1%"], "link.los: unknown key"),
    ] {
        assert_refused(&explore(more), &[words]);
    }
}

#[test]
fn merged_states_change_no_line_but_their_own() {
    let words =
        ["q123208", "--faults", "1", "--fail-on", "truncated", "-s", "server.on_reset=as-eof"];
    let mut lines = [false, true].map(|merge| {
        let output = explore(&[&words[..], if merge { &["--merge"] } else { &[] }].concat());
        let status = output.status.code();
        // The time of the search is in the line of the count.
        let keep = |line: &&str| !line.contains("schedules a second");
        (status, text(&output.stdout).lines().filter(keep).map(str::to_owned).collect::<Vec<_>>())
    });
    let own = lines[1].1.iter().position(|line| line.contains("equal states merged: "));
    lines[1].1.remove(own.expect("the search says what it merged"));
    assert_eq!(lines[0], lines[1]);
    let object = json(&["q123208", "--faults", "1", "--merge"]);
    assert!(object["merging"]["turns"].as_u64().expect("a count") > 40, "{object}");
    for other in
        ["--guided=5", "--last=5", "--shard=1/2", "--summary=x", "--max-schedules=5", "--jobs=2"]
    {
        let name = other.split('=').next().expect("a name");
        assert_refused(
            &explore(&["q123208", "--faults", "1", "--merge", other]),
            &["--merge", name],
        );
    }
}
