//! Shards of an exploration: every schedule once, the counts of one machine, and a shard that goes on.

use std::fs;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::program::{assert_refused, command, err, halfclose, out, text};
use crate::sweep::Folder;

const EXPLORE: [&str; 5] = ["explore", "q123208", "-s", "server.on_reset=as-eof", "--faults"];

fn explore(faults: &str, more: &[&str]) -> Output {
    halfclose(&[&EXPLORE[..], &[faults], more].concat())
}

/// The merged summary is the file of one machine, byte for byte, for any number of faults and parts,
/// and the table differs in the time alone.
#[test]
fn merged_shards_are_the_whole_tree() {
    for (faults, of, more) in [
        ("0", 2, &[][..]),
        ("1", 3, &[]),
        ("2", 4, &["--channel", "both", "--last", "5"]),
        ("2", 9, &["--fail-on", "silent-truncation", "--findings-ok"]),
        ("4", 3, &["--last", "4"]),
    ] {
        let folder = Folder::new();
        let (whole, merged) = (folder.path("whole.json").1, folder.path("merged.json").1);
        let one = explore(faults, &[more, &["--summary", &whole]].concat());
        assert_eq!(one.status.code(), Some(0), "{}", err(&one));
        let plain: Value =
            serde_json::from_str(out(&explore(faults, &[more, &["--json"]].concat())))
                .expect("one object");
        let mut files = Vec::new();
        for number in 1..=of {
            let (part, file) =
                (format!("{number}/{of}"), folder.path(&format!("p{number}.json")).1);
            let made = explore(faults, &[more, &["--shard", &part, "--summary", &file]].concat());
            assert_eq!(made.status.code(), Some(0), "{}", err(&made));
            files.push(file);
        }
        let mut words = vec!["merge", "--findings-ok", "--summary", &merged];
        words.extend(files.iter().map(String::as_str));
        let output = halfclose(&words);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        let untimed = |output: &Output| {
            let line = |line: &str| line.split(';').next().expect("a part").to_owned();
            let (first, rest) = out(output).split_once("\n\n").expect("two parts");
            (first.lines().map(line).collect::<Vec<_>>(), rest.to_owned())
        };
        assert_eq!(untimed(&output), untimed(&one));
        let files = [&merged, &whole].map(|path| fs::read(path).expect("it is there"));
        assert_eq!(text(&files[0]), text(&files[1]), "{faults} faults in {of} parts");
        words.push("--json");
        let object: Value = serde_json::from_str(out(&halfclose(&words))).expect("one object");
        for key in
            ["closed", "schedules", "by_faults", "verdicts", "least", "stack_stalled", "reproduce"]
        {
            assert_eq!(object[key], plain[key], "{key}");
        }
        assert_eq!(object["complete"], true);
    }
}

/// The counts of one shard are not called the counts of the whole tree.
#[test]
fn a_shard_says_that_it_is_a_part() {
    let table = explore("2", &["--shard", "1/2"]);
    let part = out(&table).lines().nth(2).expect("a line for the arm");
    assert!(
        part.starts_with("    shard 1/2: all ") && part.contains(", not of the whole: "),
        "{part}"
    );
    let object = explore("2", &["--shard", "1/2", "--json"]);
    let object: Value = serde_json::from_str(out(&object)).expect("one object");
    assert_eq!((&object["closed"], &object["closed_up_to"]), (&false.into(), &Value::Null));
    assert_eq!(object["shard"], "1/2");
    let whole: Value = serde_json::from_str(out(&explore("1", &["--json"]))).expect("one object");
    assert_eq!((&whole["closed"], &whole["shard"]), (&true.into(), &Value::Null));
}

/// A shard that a time limit ended goes on with the same command; until then `merge` names the shard.
#[test]
fn an_ended_shard_of_the_tree_goes_on() {
    let folder = Folder::new();
    let (whole, part) = (folder.path("whole.json").1, folder.path("part.json").1);
    let made = explore("3", &["--last", "6", "--summary", &whole]);
    assert_eq!(made.status.code(), Some(0), "{}", err(&made));
    let words = ["--last", "6", "--summary", &part, "--findings-ok"];
    let first = explore("3", &[&words[..], &["--max-time", "100ms"]].concat());
    assert_eq!(first.status.code(), Some(1), "it is not complete");
    let merged = halfclose(&["merge", &part]);
    assert_eq!(merged.status.code(), Some(2));
    let command = format!("--shard 1/1 --summary {part}\n");
    assert!(err(&merged).contains(&command), "{}", err(&merged));
    // A busy machine comes less far in a time: each start has more time than the start before.
    let step = |ms: u32| {
        let time = format!("{ms}ms");
        explore("3", &[&words[..], &["--max-time", &time]].concat()).status.code()
    };
    let ended = (1..1_000).any(|steps| step(200 + 10 * steps) == Some(0));
    assert!(ended, "it comes further each time");
    let files = [part, whole].map(|path| fs::read(path).expect("it is there"));
    assert_eq!(text(&files[0]), text(&files[1]));
}

/// Two starts at once, another exploration's file, and options without a meaning are refused.
#[test]
fn wrong_shards_of_the_tree_are_refused() {
    let folder = Folder::new();
    let part = folder.path("part.json").1;
    let long = [&EXPLORE[..], &["6", "--shard", "1/2", "--summary", &part]].concat();
    let mut child = command(&long).stdout(Stdio::null()).spawn().expect("it starts");
    crate::sweep::wait_for(&folder.path(".part.json.lock").0, 0, &mut child);
    while !folder.path(".part.json.lock").0.exists() {
        assert!(child.try_wait().expect("it was started").is_none(), "it is long at work");
        std::thread::yield_now();
    }
    let second = halfclose(&long);
    child.kill().expect("it was started");
    child.wait().expect("it ends");
    assert_refused(&second, &["part.json` is being written by another sweep"]);
    assert_eq!(explore("1", &["--summary", &part]).status.code(), Some(0));
    let words =
        "is of shard 1/1 of the explore with --faults 1 --channel data --seed 0: name another";
    assert_refused(&explore("2", &["--summary", &part]), &[words]);
    let compare = ["--compare", "-s", "client.close=fin"];
    for more in [["--shard", "1/2"], ["--summary", "x"]] {
        assert_refused(&explore("1", &[&more[..], &compare].concat()), &["cannot be used with"]);
    }
    let sweep = folder.path("sweep.json").1;
    let swept = halfclose(&["sweep", "--seeds", "2", "--summary", &sweep]);
    assert_eq!(swept.status.code(), Some(0), "{}", err(&swept));
    assert_refused(&halfclose(&["merge", &part, &sweep]), &["sweep.json` is of `halfclose sweep"]);
}
