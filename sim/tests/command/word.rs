//! The word of the command line: what a run says of its expectation, of a stall of the stack and of the
//! command that repeats the run, and that no output replaces an input.

use std::fs;
use std::path::PathBuf;

use crate::program::{assert_refused, err, halfclose, out};
use serde_json::{Value, json};

const MINE: &str = "[client]\nclose = \"fin\"\n[link]\nloss = \"2%\"\n[[do]]\nput = \"a.bin\"\n\
    [expect]\nverdict = [\"intact\"]\n";

/// A folder with a scenario file, `mine.toml`, and a file to move, `x.bin`.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a directory"));
        fs::write(folder.path("mine.toml"), MINE).expect("space");
        fs::write(folder.path("x.bin"), [7; 5_000]).expect("space");
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("UTF-8").to_owned()
    }
}

fn object(words: &[&str]) -> Value {
    let output = halfclose(words);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

#[test]
fn a_run_says_whether_it_was_expected() {
    let run = |words: &[&str]| {
        let output = halfclose(&[&["run", "q123208"], words].concat());
        let said = out(&output).lines().find_map(|line| line.strip_prefix("  expected "));
        let said = said.expect("each run has the line").to_owned();
        let json = object(&[&["run", "q123208", "--json"], words].concat());
        (output.status.code(), said, json["expected"].clone(), json["unmet"].clone())
    };
    let expectation = "verdict false-alarm; file whole; reply 426 Connection Closed";
    let met = (Some(0), format!("yes: {expectation}"), json!(true), json!([]));
    assert_eq!(run(&[]), met);
    let nothing = "nothing: the scenario has no expectation".to_owned();
    assert_eq!(run(&["-s", "client.close=fin"]), (Some(0), nothing, Value::Null, json!([])));
    let unmet = json!([
        { "what": "verdict", "wanted": "false-alarm", "got": "intact" },
        { "what": "reply", "wanted": "`426 Connection Closed`", "got": "`226 Transfer complete.`" },
    ]);
    let missed = "no: false-alarm, got intact; reply `426 Connection Closed`, got `226 Transfer \
                  complete.`";
    let missed = (Some(1), missed.to_owned(), json!(false), unmet);
    assert_eq!(run(&["-s", "client.close=fin", "--keep-expect"]), missed);
    // A law that breaks is never expected, unless the scenario names the law.
    let broken = object(&["run", "q123208", "-s", "mutant=flipped-byte", "--json"]);
    assert_eq!(broken["expected"], false);
    let law = &broken["unmet"][0];
    assert_eq!((&law["what"], &law["wanted"]), (&json!("law"), &broken["broken_laws"][0]));
}

#[test]
fn a_dropped_expectation_is_told_and_can_be_kept() {
    let folder = Folder::new();
    let mine = folder.text("mine.toml");
    let note = format!(
        "note: the settings change {mine}, so its expectation does not count (verdict intact); \
         --keep-expect keeps it\n"
    );
    let reset = ["-s", "client.close=reset"];
    // A range for each seed: the values of one run come from the scenario before the settings.
    let drawn = ["-s", "client.close=reset", "-s", "link.delay=5ms..50ms"];
    for changed in [&reset[..], &drawn] {
        for command in [&["run", &mine][..], &["sweep", &mine, "--seeds", "5"]] {
            let dropped = halfclose(&[command, changed].concat());
            assert_eq!((dropped.status.code(), err(&dropped)), (Some(0), &*note), "{command:?}");
            let kept = halfclose(&[command, changed, &["--keep-expect"]].concat());
            assert_eq!((kept.status.code(), err(&kept)), (Some(1), ""), "{command:?}");
            let again = out(&kept).lines().find_map(|line| line.strip_prefix("reproduce: "));
            let again = shlex::split(again.expect("a run that missed its expectation is named"));
            let again: Vec<_> = again.expect("a shell reads it").drain(1..).collect();
            let again = halfclose(&again.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(again.status.code(), Some(1), "{}", out(&again));
        }
    }
    let unchanged = halfclose(&["run", &mine, "-s", "client.close=fin"]);
    assert_eq!(err(&unchanged), "", "the setting changes nothing");
    let anew = halfclose(&["run", &mine, reset[0], reset[1], "-s", "expect.verdict=truncated"]);
    assert_eq!((anew.status.code(), err(&anew)), (Some(0), ""));
    // A mistake is one line, without a note.
    let mistake = halfclose(&["run", &mine, reset[0], reset[1], "-s", "do.file=/none/such"]);
    assert_refused(&mistake, &["/none/such"]);
}

#[test]
fn no_output_replaces_an_input() {
    let folder = Folder::new();
    let (mine, moved) = (folder.text("mine.toml"), folder.text("x.bin"));
    let password = folder.text("password");
    fs::write(&password, "secret\n").expect("space");
    for (to, link) in [("mine.toml", "soft.csv"), ("x.bin", "soft-x.csv")] {
        std::os::unix::fs::symlink(folder.path(to), folder.path(link)).expect("a link");
    }
    for (to, link) in [("mine.toml", "hard.csv"), ("x.bin", "hard-x.csv")] {
        fs::hard_link(folder.path(to), folder.path(link)).expect("a link");
    }
    let scenario = ["mine.toml", "soft.csv", "hard.csv"].map(|name| folder.text(name));
    let file = ["x.bin", "soft-x.csv", "hard-x.csv"].map(|name| folder.text(name));
    let move_it = format!("--file={moved}");
    for output in &scenario {
        assert_refused(&halfclose(&["run", &mine, "--pcap", output]), &["--pcap", "scenario"]);
        assert_refused(&halfclose(&["shrink", &mine, "--out", output]), &["--out", "scenario"]);
        if output.ends_with(".csv") {
            let sweep = ["sweep", &mine, "--seeds", "3", "--out", output];
            assert_refused(&halfclose(&sweep), &["--out", "scenario"]);
        }
    }
    for (from, page) in [("mine.toml", "mine.html"), ("x.bin", "x.html")] {
        fs::hard_link(folder.path(from), folder.path(page)).expect("a link");
        let run = ["run", &mine, &move_it, "--report", &folder.text(page)];
        assert_refused(&halfclose(&run), &["--report", "would replace"]);
        let bridge = ["bridge", &mine, &move_it, "--report", &folder.text(page)];
        assert_refused(&halfclose(&bridge), &["--report", "would replace"]);
    }
    let capture = folder.text("a.pcapng");
    assert_eq!(halfclose(&["run", "q123208", "--pcap", &capture]).status.code(), Some(0));
    fs::hard_link(&capture, folder.path("a.toml")).expect("a link");
    let explain = ["explain", &capture, "--scenario", &folder.text("a.toml")];
    assert_refused(&halfclose(&explain), &["--scenario", "the capture"]);
    let shard = |number: &str, name: &str| {
        let rows = folder.text(&format!("{name}.csv"));
        let summary = folder.text(&format!("{name}.json"));
        let words = ["--seeds", "4", "--shard", number, "--out", &rows, "--summary", &summary];
        let made = halfclose(&[&["sweep", "q123208"][..], &words].concat());
        assert_eq!(made.status.code(), Some(0), "{}", err(&made));
        (rows, summary)
    };
    let (one, two) = (shard("1/2", "one"), shard("2/2", "two"));
    let merge = ["merge", &one.1, &two.1];
    for (option, output) in [("--summary", &two.1), ("--out", &one.0), ("--out", &two.0)] {
        let before = fs::read(output).expect("it is there");
        assert_refused(&halfclose(&[&merge[..], &[option, output]].concat()), &["a shard"]);
        assert!(fs::read(output).expect("it is there") == before, "{output}");
    }
    for output in &file {
        for what in [&["run", &mine, &move_it, "--pcap"][..], &["shrink", &mine, &move_it, "--out"]]
        {
            let words = [what, &[output]].concat();
            assert_refused(&halfclose(&words), &["the file to transfer"]);
        }
        if output.ends_with(".csv") {
            let sweep = ["sweep", &mine, &move_it, "--seeds", "3", "--out", output];
            assert_refused(&halfclose(&sweep), &["the file to transfer"]);
        }
    }
    let get = ["get", "ftp://me@127.0.0.1:1/x", &password, "--password-file", &password];
    // The file's rights are private, or a warning comes first.
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&password, private).expect("an own file");
    assert_refused(&halfclose(&get), &["the file of the password"]);
    assert_eq!(fs::read_to_string(mine).expect("it is there"), MINE);
    assert_eq!(fs::read(moved).expect("it is there"), [7; 5_000]);
    assert_eq!(fs::read_to_string(password).expect("it is there"), "secret\n");
}

#[test]
fn a_cell_of_a_matrix_is_the_run_with_the_same_keys() {
    let folder = Folder::new();
    let mine = folder.text("mine.toml");
    let matrix = halfclose(&["matrix", &mine, "--seeds", "6"]);
    let first = format!(
        "{mine}: each pair sets client.profile or client.close, server.on_reset, server.host, \
         server.store_rate=200KB/s; the rest is the scenario's"
    );
    assert_eq!(out(&matrix).lines().next(), Some(&*first));
    let ranges = out(&matrix).lines().filter(|line| line.contains("..=")).count();
    assert!(ranges > 3, "no row has a range of stored bytes:\n{}", out(&matrix));
    let slow = halfclose(&["matrix", &mine, "-s", "server.store_rate=1MB/s"]);
    let line = out(&slow).lines().next().expect("a first line");
    assert!(line.contains("server.host; the rest"), "the disk is the scenario's: {line}");

    let cells = object(&["matrix", &mine, "--seeds", "3", "--json"]);
    assert_eq!(cells["changes"][0], "client.profile or client.close");
    let cells = cells["cells"].as_array().expect("a list");
    assert_eq!(cells.len(), 200);
    // Every seventh cell: each row and each column is among them.
    for cell in cells.iter().step_by(7) {
        let example = &cell["example"];
        let words = example["reproduce"].as_str().and_then(shlex::split).expect("a command");
        let words: Vec<_> = words[1..].iter().map(String::as_str).collect();
        let run = object(&[&words[..], &["--json"]].concat());
        for key in ["verdict", "digest", "stored", "told", "reply", "expected", "unmet", "hosts"] {
            assert_eq!(run[key], example[key], "{key} of {words:?}");
        }
        let stored = &cell["stored"];
        assert!(stored["least"].as_u64() <= run["stored"].as_u64());
        assert!(stored["most"].as_u64() >= run["stored"].as_u64());
    }
}

#[test]
fn the_line_that_repeats_a_run_has_no_word_too_many() {
    let folder = Folder::new();
    let mine = folder.text("mine.toml");
    // Equal to the scenario, equal to the default, overridden later, a list.
    let words = [
        "-s",
        "client.close=fin",
        "-s",
        "tcp.congestion=reno",
        "-s",
        "link.delay=7ms",
        "-s",
        "server.on_reset=abort,abort-delete",
        "-s",
        "link.delay=9ms",
        "-s",
        "link.loss=2%",
    ];
    let swept = object(&[&["sweep", &mine, "--seeds", "40", "--json"], &words[..]].concat());
    let first = swept["reproduce"]["intact"].as_str().expect("some run is intact");
    assert_eq!(first, format!("halfclose run {mine} -s link.delay=9ms --seed 0"));
    // A row of a results file has the value in place of the list too.
    let rows = folder.text("rows.jsonl");
    let lists = ["-s", "server.on_reset=abort,as-eof", "-s", "do.size=1KB,2KB"];
    let sweep = ["sweep", &mine, "--seeds", "1", "--out", &rows];
    assert_eq!(halfclose(&[&sweep[..], &lists].concat()).status.code(), Some(0));
    let rows = fs::read_to_string(rows).expect("it is there");
    let last: Value = serde_json::from_str(rows.lines().last().expect("a row")).expect("an object");
    let settings = "-s server.on_reset=as-eof -s do.1.size=2KB --seed 0";
    assert_eq!(last["reproduce"], format!("halfclose run {mine} {settings}"));
    let explored = object(&["explore", &mine, "--faults", "1", "--json", words[0], words[1]]);
    assert_eq!(explored["reproduce"]["intact"], format!("halfclose run {mine} --seed 0"));
    let second = ["-s", "server.on_reset=as-eof,abort-delete", "-s", "client.close=reset"];
    let swept = halfclose(&[&["sweep", &mine, "--seeds", "9..12"], &second[..]].concat());
    let again = out(&swept).lines().rfind(|line| line.contains("halfclose run"));
    let settings = "-s client.close=reset -s server.on_reset=as-eof --seed 9";
    assert_eq!(again, Some(&*format!("  silent-truncation halfclose run {mine} {settings}")));
}

#[test]
fn a_stall_of_the_stack_is_told_apart() {
    let run = ["run", "smoltcp-fin-deadlock"];
    let output = halfclose(&run);
    let said = out(&output).lines().find(|line| line.starts_with("  stalled  "));
    assert!(said.expect("a line of its own").contains("not by FTP"), "{}", out(&output));
    assert!(out(&output).contains("a fault of smoltcp and not of FTP"), "{}", out(&output));
    let json = object(&[&run[..], &["--json"]].concat());
    assert_eq!(json["stack_stalled"], true);
    let fix = [&run[..], &["--arm", "two-faults"]].concat();
    assert!(!out(&halfclose(&fix)).contains("  stalled  "));
    assert_eq!(object(&[&fix[..], &["--json"]].concat())["stack_stalled"], false);

    let folder = Folder::new();
    let results = folder.text("stalls.csv");
    let sweep = ["sweep", "smoltcp-fin-deadlock", "--seeds", "4", "--json", "--out", &results];
    let swept = object(&sweep);
    assert_eq!((&swept["stack_stalled"], &swept["runs"]), (&json!(4), &json!(4)));
    // The file says the same to the command that continues the file.
    let again = object(&sweep);
    assert_eq!((&again["stack_stalled"], &again["resumed"]), (&json!(4), &json!(4)));
    let rows = fs::read_to_string(&results).expect("it is there");
    assert!(rows.lines().skip(1).all(|row| row.ends_with(",true")), "{rows}");
    let table = halfclose(&sweep[..4]);
    assert!(out(&table).contains("  stack stalled     4 of these runs"), "{}", out(&table));
}
