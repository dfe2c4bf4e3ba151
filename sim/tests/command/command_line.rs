//! The command line as a user has it: the standard output, the standard error and the exit status.

use std::fs;
use std::path::Path;

use crate::program::{assert_refused, command, err, halfclose, left_alone, out};
use serde_json::Value;

fn json(arguments: &[&str]) -> Value {
    let output = halfclose(arguments);
    serde_json::from_slice(&output.stdout).expect("it prints one JSON object")
}

#[test]
fn a_run_fits_in_a_dozen_lines_and_says_how_to_see_it_again() {
    let output = halfclose(&["run", "q123208", "--seed", "42"]);
    assert_eq!(output.status.code(), Some(0));
    let text = out(&output);
    assert!(text.lines().count() <= 12, "{text}");
    for words in [
        "426 Connection Closed, transfer aborted.",
        "client aborted (sent RST), server was reset (got RST)",
        "sent 10000, stored 10000: whole",
        "false-alarm",
        "halfclose run q123208 --seed 42",
    ] {
        assert!(text.contains(words), "`{words}` is not in:\n{text}");
    }
    assert!(!text.contains('\x1b'), "plain in a pipe");
}

#[test]
fn a_fault_that_met_no_packet_is_said() {
    let output = halfclose(&["run", "-s", "fault=drop client data FIN 9"]);
    assert!(out(&output).contains("fault    met no packet: drop client data FIN 9"), "{output:?}");
    assert!(out(&output).lines().count() <= 12, "{output:?}");
}

#[test]
fn colours_only_where_they_belong() {
    let forced = command(&["run"]).env("CLICOLOR_FORCE", "1").output().expect("it starts");
    assert!(out(&forced).contains("\x1b[33mfalse-alarm"), "{}", out(&forced));
    let plain = command(&["run"]).env("NO_COLOR", "1").output().expect("it starts");
    assert!(!out(&plain).contains('\x1b'));
}

#[test]
fn the_option_of_colours_stands_above_the_environment() {
    for words in [&["--color", "always", "run"][..], &["run", "--color=always"]] {
        let output = command(words).env("NO_COLOR", "1").output().expect("it starts");
        assert!(out(&output).contains("\x1b[33mfalse-alarm"), "{}", out(&output));
    }
    let never = command(&["run", "--color", "never"]).env("CLICOLOR_FORCE", "1").output();
    assert!(!out(&never.expect("it starts")).contains('\x1b'));
    // The option decides the colours of a usage error too.
    let wrong = halfclose(&["--color=always", "run", "--sed"]);
    assert!(err(&wrong).starts_with("\x1b["), "{wrong:?}");
    assert!(err(&halfclose(&["run", "--sed"])).starts_with("error: "));
}

#[test]
fn a_capture_on_standard_output_is_the_capture_of_a_file() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("x.pcapng");
    let path = path.to_str().expect("UTF-8");
    let run = ["run", "-s", "link.loss=10%", "--seed", "5", "--pcap"];
    let written = halfclose(&[&run[..], &[path]].concat());
    let piped = halfclose(&[&run[..], &["-"]].concat());
    assert_eq!(piped.status.code(), Some(0), "{}", err(&piped));
    assert!(piped.stdout == fs::read(path).expect("it is there"), "the bytes differ");
    // The report is the same except for real time.
    let digest = |text: &str| text.lines().find(|line| line.contains("digest")).map(str::to_owned);
    assert_eq!(digest(err(&piped)), digest(out(&written)));
    assert!(digest(err(&piped)).is_some(), "{}", err(&piped));
    assert_refused(&halfclose(&["run", "--pcap", "-", "--json"]), &["--pcap -", "--json"]);
    let left = left_alone(&["run", "--pcap", "-"]);
    assert_eq!(left.status.code(), Some(0), "{}", err(&left));
}

#[test]
fn the_digest_is_the_same_however_much_is_shown() {
    let folder = tempfile::tempdir().expect("a directory");
    let pcap = folder.path().join("x.pcapng");
    let pcap = pcap.to_str().expect("UTF-8");
    let digest = json(&["run", "--seed", "42", "--json"])["digest"].clone();
    assert_eq!(json(&["run", "--seed", "42", "--json", "--trace"])["digest"], digest);
    assert_eq!(json(&["run", "--seed", "42", "--json", "--pcap", pcap])["digest"], digest);
    let shown = halfclose(&["run", "--seed", "42", "--trace"]);
    assert!(out(&shown).contains(digest.as_str().expect("a string")));
}

#[test]
fn json_has_the_keys_that_scripts_use() {
    let run = json(&["run", "--json"]);
    for key in [
        "scenario",
        "seed",
        "verdict",
        "sent",
        "stored",
        "file",
        "told",
        "reply",
        "client",
        "ending",
        "digest",
        "packets",
        "virtual_us",
        "broken_laws",
        "transfers",
        "reproduce",
    ] {
        assert!(run.get(key).is_some(), "{key} is not in {run}");
    }
    assert_eq!(run["ending"]["client"], "aborted");
    assert_eq!(run["ending"]["server"], "reset");
    let cell = &json(&["matrix", "--json"])["cells"][0];
    for key in ["row", "column", "verdicts", "example"] {
        assert!(cell.get(key).is_some(), "{key} is not in {cell}");
    }
    // The example of a cell is a run that its own command line repeats.
    let reproduce = cell["example"]["reproduce"].as_str().expect("a command line");
    let words: Vec<_> = reproduce.split_whitespace().skip(1).chain(["--json"]).collect();
    assert_eq!(json(&words)["digest"], cell["example"]["digest"]);
}

#[test]
fn an_expectation_that_is_broken_is_exit_status_1() {
    let output = halfclose(&["run", "-s", "expect.verdict=intact"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains("broken: expected intact, got false-alarm"), "{}", out(&output));
    let reproduce = "reproduce: halfclose run q123208 -s expect.verdict=intact --seed 0";
    assert!(out(&output).contains(reproduce), "{}", out(&output));
    // A changed scenario has no expectation.
    assert_eq!(halfclose(&["run", "-s", "client.close=fin"]).status.code(), Some(0));
}

#[test]
fn an_arm_is_run_by_its_name() {
    let output = halfclose(&["run", "lost-fin", "--arm", "mutant"]);
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
    assert!(out(&output).contains("halfclose run lost-fin --arm mutant --seed 0"));
    // The settings of the case without its expectation do not meet the expectation.
    let broken = ["run", "lost-fin", "-s", "mutant=fin-once", "-s", "expect.file=whole"];
    let output = halfclose(&broken);
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains("broken: expected file whole, got short"), "{}", out(&output));
    let shown = halfclose(&["show", "lost-fin"]);
    assert!(out(&shown).contains("halfclose run lost-fin --arm server-fin"), "{}", out(&shown));
}

#[test]
fn bad_input_is_one_clear_line() {
    for (arguments, words) in [
        (&["run", "q12320"][..], &["unknown scenario", "q123208"][..]),
        (&["run", "-s", "server.onreset=abort"], &["unknown key", "server.on_reset"]),
        (&["run", "-s", "client.profile=tcpip32-3.11c"], &["tcpip32-3.11b"]),
        (&["run", "-s", "link.delay=20"], &["link.delay", "20ms"]),
        (&["run", "-s", "link.loss=101%"], &["link.loss", "100%"]),
        (&["run", "-s", "link.mtu=20"], &["link.mtu", "68"]),
        (&["run", "-s", "do.file=/nowhere/a"], &["do.file", "/nowhere/a"]),
        (&["run", "--seed", "x"], &["--seed"]),
        (&["run", "--pcap", "/nowhere/x.pcapng"], &["/nowhere/x.pcapng"]),
        (&["run", "--sed", "1"], &["--sed", "--seed"]),
        (&["matrix", "--seeds", "5..5"], &["5..5"]),
        (&["matrix", "--seeds", "9..3"], &["9..3"]),
        (&["replay", "/nowhere/x.pcapng"], &["/nowhere/x.pcapng"]),
        (&["replay", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")], &["Cargo.toml", "not"]),
        (&["show", "q12320"], &["unknown scenario"]),
        (
            &["explain", "q123208", "--stream", "999999"],
            &["the run has no connection 999999", "its connections are 0 to 1"],
        ),
        (&["run", "lost-fin", "--arm", "fixx"], &["arm", "did you mean `fix`?"]),
        (&["frobnicate"], &["frobnicate"]),
    ] {
        assert_refused(&halfclose(arguments), words);
    }
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let output = left_alone(&["matrix"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// Writes a capture and a trace of the same lossy run to `folder`.
fn recorded(folder: &Path) -> [String; 2] {
    let [pcap, trace] = ["x.pcapng", "x.trace"].map(|name| folder.join(name));
    let path = pcap.to_str().expect("UTF-8").to_owned();
    let settings = ["run", "-s", "link.loss=10%", "--seed", "5"];
    assert!(halfclose(&[&settings[..], &["--pcap", &path]].concat()).status.success());
    let printed = halfclose(&[&settings[..], &["--trace"]].concat());
    fs::write(&trace, &printed.stdout).expect("there is space");
    [path, trace.to_str().expect("UTF-8").to_owned()]
}

#[test]
fn a_replay_is_identical_or_names_the_packet() {
    let folder = tempfile::tempdir().expect("a directory");
    let [pcap, trace] = recorded(folder.path());
    for file in [&pcap, &trace] {
        let output = halfclose(&["replay", file]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(out(&output).contains("identical"));
    }
    let some = folder.path().join("data.trace");
    fs::write(&some, halfclose(&["run", "--seed", "4", "--trace=data"]).stdout).expect("space");
    let output = halfclose(&["replay", some.to_str().expect("UTF-8")]);
    assert!(out(&output).contains("identical"), "a trace of some connections: {output:?}");

    // A capture at a host holds other times than one on the link.
    for point in ["client", "server"] {
        let there = folder.path().join(point);
        let there = there.to_str().expect("UTF-8");
        let words = ["run", "-s", "link.loss=10%", "--pcap", there, "--pcap-at", point];
        assert!(halfclose(&words).status.success());
        assert!(out(&halfclose(&["replay", there])).contains("identical"), "at the {point}");
    }

    // One byte in the middle of the file: the payload or header of some packet.
    let mut bytes = fs::read(&pcap).expect("it is there");
    let text = b"STOR a.bin";
    let at = bytes.windows(text.len()).position(|window| window == text).expect("a STOR");
    bytes[at] ^= 1;
    fs::write(&pcap, &bytes).expect("there is space");
    let output = halfclose(&["replay", &pcap]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(out(&output).contains("packet ") && out(&output).contains("payload"), "{output:?}");
    assert!(out(&output).contains("reproduce: "));

    fs::write(&pcap, &bytes[..bytes.len() - 100]).expect("there is space");
    assert_refused(&halfclose(&["replay", &pcap]), &["x.pcapng"]);

    let text = fs::read_to_string(&trace).expect("it is there").replacen("ack 1 ", "ack 2 ", 1);
    fs::write(&trace, &text).expect("there is space");
    let output = halfclose(&["replay", &trace]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(out(&output).contains("ack 2 "), "{output:?}");
    let cut = text.find("\n\n").expect("the trace ends");
    fs::write(&trace, &text[..cut]).expect("there is space");
    assert_refused(&halfclose(&["replay", &trace]), &["cut off"]);
}

#[test]
fn a_capture_replays_with_nothing_but_itself() {
    let folder = tempfile::tempdir().expect("a directory");
    let mine = folder.path().join("mine.toml");
    fs::write(&mine, "[link]\nloss = \"3%\"\n[[do]]\nput = \"a\"\n[[do]]\nget = \"b\"\n")
        .expect("there is space");
    let pcap = folder.path().join("x.pcapng");
    let [mine, pcap] = [&mine, &pcap].map(|path| path.to_str().expect("UTF-8"));
    assert!(halfclose(&["run", mine, "--pcap", pcap, "--seed", "8"]).status.success());
    fs::remove_file(mine).expect("it is there");
    assert_eq!(halfclose(&["replay", pcap]).status.code(), Some(0));
}

#[test]
fn ten_mebibytes_of_yours_go_up_and_come_down_over_a_lossy_link() {
    let folder = tempfile::tempdir().expect("a directory");
    let bytes: Vec<u8> =
        (0..10_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(folder.path().join("mine.bin"), bytes).expect("there is space");
    let scenario = folder.path().join("both.toml");
    let text = "[link]\nloss = \"2%\"\n[[do]]\nput = \"up\"\nfile = \"mine.bin\"\n\
                [[do]]\nget = \"down\"\nfile = \"mine.bin\"\n";
    fs::write(&scenario, text).expect("there is space");
    let run = json(&["run", scenario.to_str().expect("UTF-8"), "--json", "--seed", "1"]);
    for transfer in run["transfers"].as_array().expect("a list") {
        assert_eq!(transfer["file"], "whole", "{run}");
        assert_eq!(transfer["stored"], 10 << 20, "{run}");
    }
    assert_eq!(run["verdict"], "intact");
}
