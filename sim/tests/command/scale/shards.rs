//! Shards of a sweep: summaries that add up, rows of findings alone, interrupted and doubled shards, and
//! what `merge` refuses.

use std::fs;
use std::io::Read;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::program::{assert_refused, command, err, halfclose, out, text};
use crate::sweep::Folder;

/// A lossy grid with findings: its rows are few.
const GRID: [&str; 9] = [
    "sweep",
    "q123208",
    "-s",
    "link.loss=2%,5%",
    "--seeds",
    "0..150",
    "--fail-on",
    "truncated",
    "--findings-ok",
];

/// Makes one shard, with a summary, and rows where `kind` is not empty.
fn shard(folder: &Folder, number: u64, of: u64, kind: &str, more: &[&str]) -> Output {
    let (part, summary) = (format!("{number}/{of}"), folder.path(&format!("s{number}.json")).1);
    let rows = folder.path(&format!("r{number}.{kind}")).1;
    let mut words = [&GRID[..], more, &["--shard", &part, "--summary", &summary]].concat();
    if !kind.is_empty() {
        words.extend(["--out", &rows]);
    }
    let output = halfclose(&words);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    output
}

/// The names of the summaries of so many shards.
fn summaries(folder: &Folder, of: u64) -> Vec<String> {
    (1..=of).map(|number| folder.path(&format!("s{number}.json")).1).collect()
}

fn merge(files: &[String], more: &[&str]) -> Output {
    let files = files.iter().map(String::as_str);
    halfclose(&["merge"].into_iter().chain(files).chain(more.iter().copied()).collect::<Vec<_>>())
}

/// The rows of a file, decompressed if need be.
fn rows(path: &str) -> Vec<u8> {
    let bytes = fs::read(path).expect("it is there");
    if !path.ends_with(".zst") {
        return bytes;
    }
    let (mut text, mut rest) = (Vec::new(), &bytes[..]);
    while !rest.is_empty() {
        let mut frame = ruzstd::decoding::StreamingDecoder::new(&mut rest).expect("a frame");
        frame.read_to_end(&mut text).expect("a whole frame");
    }
    text
}

/// The summary and the rows of merged shards are those of one machine, byte for byte, and so is the
/// printed table but for the time.
#[test]
fn merged_shards_are_the_whole() {
    for (kind, more) in [
        ("jsonl", &["--rows", "unexpected"][..]),
        ("csv", &[]),
        ("jsonl.zst", &[]),
        ("csv.zst", &["--rows", "unexpected"]),
        ("jsonl", &["--coverage"]),
        ("", &["--coverage"]),
        ("", &[]),
    ] {
        let folder = Folder::new();
        let (whole, merged) = (folder.path("whole.json").1, folder.path("merged.json").1);
        let (one, all) =
            (folder.path(&format!("one.{kind}")).1, folder.path(&format!("all.{kind}")).1);
        let mut words = [&GRID[..], more, &["--summary", &whole]].concat();
        let mut to = vec!["--summary", &merged, "--findings-ok"];
        if !kind.is_empty() {
            words.extend(["--out", &one]);
            to.extend(["--out", &all]);
        }
        let printed = halfclose(&words);
        assert_eq!(printed.status.code(), Some(0), "{}", err(&printed));
        (1..=7).for_each(|number| drop(shard(&folder, number, 7, kind, more)));
        let output = merge(&summaries(&folder, 7), &to);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        let behind_time =
            |output: &Output| out(output).split_once('\n').expect("lines").1.to_owned();
        assert_eq!(behind_time(&output), behind_time(&printed));
        let (whole, merged) = (fs::read(whole).expect("there"), fs::read(merged).expect("there"));
        assert_eq!(text(&merged), text(&whole), "{kind}");
        assert!(merged.len() < 20_000, "kilobytes: {}", merged.len());
        if !kind.is_empty() {
            assert_eq!(text(&rows(&all)), text(&rows(&one)), "{kind}");
            let few = more.contains(&"unexpected");
            let lines = rows(&one).iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(lines < 150, few, "{lines} rows of 300 runs");
        }
        let covered = more.contains(&"--coverage");
        assert_eq!(out(&output).contains("  LAST-ACK "), covered, "the table of pairs");
        // The words alone say what was found.
        assert_eq!(merge(&summaries(&folder, 7), &[]).status.code(), Some(1));
    }
}

/// Every missing shard is named with the command that makes it, and the command does.
#[test]
fn a_missing_shard_is_named_and_made() {
    let folder = Folder::new();
    let more = ["--rows", "unexpected"];
    (1..=4).for_each(|number| drop(shard(&folder, number, 4, "jsonl", &more)));
    let whole = out(&merge(&summaries(&folder, 4), &["--json"])).to_owned();
    for lost in ["s2.json", "r2.jsonl", "s4.json", "r4.jsonl"] {
        fs::remove_file(folder.path(lost).0).expect("it is there");
    }
    let there: Vec<_> = ["s3.json", "s1.json"].map(|name| folder.path(name).1).into();
    let output = merge(&there, &["--json", "--out", &folder.path("all.jsonl").1]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!folder.path("all.jsonl").0.exists(), "nothing is half done");
    let table = merge(&there, &[]);
    let (head, _) = out(&table).split_once('\n').expect("a first line");
    assert!(head.contains(", NOT COMPLETE: shards are missing: "), "{head}");
    let object: Value = serde_json::from_str(out(&output)).expect("one object");
    assert_eq!(object["complete"], false);
    let missing = object["missing"].as_array().expect("a list");
    assert_eq!(missing.len(), 2);
    for (it, number) in missing.iter().zip([2, 4]) {
        let line = it["command"].as_str().expect("a command");
        let name = |kind: &str| folder.path(&kind.replace('#', &number.to_string())).1;
        assert!(line.contains(&format!("--shard {number}/4")), "{line}");
        assert!(line.contains(&format!("--summary {}", name("s#.json"))), "{line}");
        assert!(line.contains(&format!("--out {}", name("r#.jsonl"))), "{line}");
        assert!(err(&output).contains(line), "{}", err(&output));
        let words = shlex::split(line).expect("words of a shell");
        let words: Vec<_> = words[1..].iter().map(String::as_str).collect();
        assert_eq!(halfclose(&words).status.code(), Some(1), "it has findings");
    }
    assert_eq!(out(&merge(&summaries(&folder, 4), &["--json"])), whole);
}

/// A shard that SIGTERM ends has whole rows and a summary; merge says what is missing; the next start
/// makes the rest. A second start at the same time leaves in one line.
#[cfg(unix)]
#[test]
fn an_ended_shard_goes_on() {
    let folder = Folder::new();
    let (summary, rows) = (folder.path("s1.json").1, folder.path("r1.csv").1);
    let words = |seeds: &'static str| {
        let mut words = GRID.to_vec();
        words[5] = seeds;
        words
    };
    let long = words("0..100000000");
    let files = ["--rows", "unexpected", "--summary", &summary, "--out", &rows, "--shard", "1/1"];
    let all = [&long[..], &files].concat();
    let child = command(&all).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("it starts");
    crate::sweep::wait_for(&folder.path("r1.csv").0, 2_000, &mut child);
    let second = halfclose(&all);
    assert_refused(&second, &["s1.json` is being written by another sweep"]);
    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(kill.expect("there is a kill").success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{}", err(&output));
    assert!(!folder.path(".s1.json.lock").0.exists(), "nothing is left behind");
    let text = fs::read_to_string(&rows).expect("it is there");
    assert!(text.ends_with('\n'), "whole rows");
    let merged = merge(std::slice::from_ref(&summary), &[]);
    assert_eq!(merged.status.code(), Some(2));
    assert!(err(&merged).contains("shard 1/1 is not complete: "), "{}", err(&merged));
    // Another range is another shard, and the files stay as they are.
    let other = [&words("0..400")[..], &files].concat();
    assert_refused(&halfclose(&other), &["is of shard 1/1 of the sweep with --seeds 0..100000000"]);
    assert_eq!(fs::read_to_string(&rows).expect("there"), text);
    // Rows behind the summary, as a killed process leaves them, are made again.
    let last = text.lines().last().expect("a row");
    fs::write(&rows, format!("{text}{last}\n{}", &last[..99])).expect("space");
    let child = command(&all).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("it starts");
    crate::sweep::wait_for(&folder.path("r1.csv").0, text.len() as u64 + 2_000, &mut child);
    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(kill.expect("there is a kill").success());
    assert_eq!(child.wait_with_output().expect("it ends").status.code(), Some(130));
    let longer = fs::read_to_string(&rows).expect("it is there");
    let runs = |line: &str| line.split(',').nth(2).expect("a seed").parse::<u64>().ok();
    let seeds: Vec<_> = longer.lines().filter_map(runs).collect();
    assert!(
        longer.starts_with(&text) && seeds.is_sorted_by(|one, next| one < next),
        "no row twice"
    );
    for (content, problem) in [
        (&text[..text.len() - 50], " is not there, and the summary counts "),
        ("my notes\n", "line 1 does not have the names of a sweep's columns"),
        (&format!("{longer}my notes\n"), " is no result of a sweep"),
    ] {
        fs::write(&rows, content).expect("space");
        assert_refused(&halfclose(&all), &["r1.csv` line ", problem]);
        assert_eq!(fs::read_to_string(&rows).expect("there"), content, "it is left as it was");
    }
    // Without its summary, a shard begins anew, and foreign lines stay as they are.
    fs::remove_file(&summary).expect("there");
    for content in ["my notes\n", "my notes"] {
        fs::write(&rows, content).expect("space");
        assert_refused(&halfclose(&all), &["r1.csv` line 1 "]);
        assert_eq!(fs::read_to_string(&rows).expect("there"), content, "it is left as it was");
    }
}

/// Shards of two sweeps, of two versions, of two divisions, twice, cut off, altered, or with other rows:
/// one line each, and no file is touched.
#[test]
fn what_does_not_fit_is_refused_by_name() {
    let folder = Folder::new();
    (1..=3).for_each(|number| drop(shard(&folder, number, 3, "jsonl", &[])));
    let [one, two, three] = [1, 2, 3].map(|number| folder.path(&format!("s{number}.json")).1);
    let bad = |name: &str, content: &str| {
        let (path, text) = folder.path(name);
        fs::write(path, content).expect("space");
        text
    };
    let content = fs::read_to_string(&two).expect("there");
    let refused = |file: &str, words: &[&str]| {
        let files = [one.clone(), file.to_owned(), three.clone()];
        assert_refused(&merge(&files, &["--out", &folder.path("all.jsonl").1]), words);
        assert!(!folder.path("all.jsonl").0.exists());
    };
    let other = |name: &str, more: &[&str]| {
        let path = folder.path(name).1;
        let output = halfclose(&[&["sweep", "q123208"], more, &["--summary", &path]].concat());
        assert_ne!(output.status.code(), Some(2), "{}", err(&output));
        path
    };
    let loss = ["-s", "link.loss=2%,5%", "--seeds", "0..150", "--shard"];
    let sweep = other("other.json", &[&loss[..], &["2/3"]].concat());
    refused(
        &sweep,
        &["other.json` is of `halfclose sweep q123208 -s link.loss=2%,5% --seeds 0..150`, and"],
    );
    let n = other("n.json", &[&loss[..], &["2/4", "--fail-on", "truncated"]].concat());
    refused(&n, &["n.json` is shard 2/4, and `", "s1.json` is one of 3 shards"]);
    refused(&three, &["s3.json` is shard 3/3, and so is `", "s3.json`: name each shard once"]);
    refused(
        &bad("cut.json", &content[..content.len() / 2]),
        &["cut.json` is cut off, or no summary"],
    );
    refused(&bad("rows.json", "{\"seed\":0}\n"), &["rows.json` is cut off, or no summary"]);
    let altered = content.replacen("\"runs\":", "\"runs\":1", 1);
    refused(&bad("altered.json", &altered), &["altered.json` was altered"]);
    let format = content.replace("\"halfclose_summary\":1", "\"halfclose_summary\":2");
    refused(&bad("format.json", &format), &["is a summary of format 2, and this program has 1"]);
    refused(&folder.path("none.json").1, &["none.json` is not there"]);
    let rows = folder.path("r2.jsonl").0;
    let kept = fs::read_to_string(&rows).expect("there");
    for (content, words) in [
        (&kept[..kept.len() - 5], "r2.jsonl` line 100 is cut off"),
        (
            &kept[..kept[..kept.len() - 1].rfind('\n').expect("lines") + 1],
            "r2.jsonl` has 99 rows, and `",
        ),
        ("notes\n", "r2.jsonl` line 1 is no result of a sweep"),
    ] {
        fs::write(&rows, content).expect("space");
        refused(&two, &[words]);
    }
    fs::remove_file(&rows).expect("it is there");
    refused(&two, &["cannot read `", "r2.jsonl`"]);
}

/// A summary of another version of the program is refused, though its hash is right.
#[test]
fn two_versions_are_not_mixed() {
    let folder = Folder::new();
    (1..=2).for_each(|number| drop(shard(&folder, number, 2, "", &[])));
    let (path, _) = folder.path("s2.json");
    let content = fs::read_to_string(&path).expect("there");
    let version = format!("\"search\":\"{}-", env!("CARGO_PKG_VERSION"));
    let old = content.replace(&version, "\"search\":\"0.0.9-");
    let (body, _) = old.rsplit_once("\"check\":\"").expect("a hash");
    let body = format!("{body}\"check\":\"\"}}\n");
    let hash = xxhash_rust::xxh3::xxh3_64(body.as_bytes());
    fs::write(&path, body.replace("\"check\":\"\"", &format!("\"check\":\"{hash:016x}\"")))
        .expect("space");
    let words = ["s2.json` is of halfclose 0.0.9-2, and `", "s1.json` of 0.1.0-2"];
    assert_refused(&merge(&summaries(&folder, 2), &[]), &words);
    // The sweep itself does not continue from the file either.
    let summary = folder.path("s2.json").1;
    let again = halfclose(&[&GRID[..], &["--shard", "2/2", "--summary", &summary]].concat());
    assert_refused(&again, &["is of halfclose 0.0.9-2, and this is 0.1.0-2"]);
}

/// A full disk in the middle is one line; the next start with space makes the same files.
#[cfg(unix)]
#[test]
fn a_full_disk_loses_nothing() {
    let folder = Folder::new();
    for kind in ["jsonl", "jsonl.zst"] {
        drop(shard(&folder, 1, 2, kind, &["--rows", "unexpected"]));
        let (rows, summary) = (folder.path(&format!("r1.{kind}")).0, folder.path("s1.json").0);
        let whole = (fs::read(&rows).expect("there"), fs::read(&summary).expect("there"));
        fs::remove_file(&rows).expect("there");
        fs::remove_file(&summary).expect("there");
        let (rows_name, summary_name) =
            (rows.to_str().expect("UTF-8"), summary.to_str().expect("UTF-8"));
        let files = [
            "--rows",
            "unexpected",
            "--shard",
            "1/2",
            "--out",
            rows_name,
            "--summary",
            summary_name,
        ];
        let words = [&GRID[..], &files].concat();
        // The limit counts 512 bytes or 1,024, as the shell has it: no rows of this shard fit.
        let limited = Command::new("sh")
            .args(["-c", "ulimit -f 1; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_halfclose")])
            .args(&words)
            .output()
            .expect("there is a shell");
        assert_refused(&limited, &["cannot write `", "File too large"]);
        assert!(!folder.path(".s1.json.tmp").0.exists());
        let again = halfclose(&words);
        assert_eq!(again.status.code(), Some(0), "{}", err(&again));
        assert_eq!((fs::read(&rows).expect("there"), fs::read(&summary).expect("there")), whole);
        fs::remove_file(&summary).expect("there");
    }
}

/// Options that contradict each other are refused before any run.
#[test]
fn wrong_options_of_a_shard_are_refused() {
    let sweep = |more: &[&str]| halfclose(&[&["sweep", "--seeds", "9"], more].concat());
    for (more, words) in [
        (&["--rows", "unexpected", "--summary", "x"][..], "name the file of the rows with --out"),
        (&["--rows", "unexpected", "--out", "x.csv"], "name a file with --summary too"),
        (&["--coverage", "--out", "x.csv"], "name a file with --summary too"),
        (&["--rows", "none", "--out", "x.csv"], "no row is written, so leave out --out"),
        (&["--shard-index", "3/3"], "there is no shard 3 of 3, counted from 0"),
        (&["--shard-index", "0/3", "--shard", "1/3"], "cannot be used with"),
        (&["--out", "x.zst"], "ends in neither .jsonl nor .csv"),
        (&["--summary", "no/such/folder/x"], "cannot write `no/such/folder/x`"),
        (&["--summary", "/dev/null"], "it is not a regular file"),
    ] {
        assert_refused(&sweep(more), &[words]);
    }
    let zero = out(&sweep(&["--shard-index", "0/3", "--json"])).to_owned();
    let object: Value = serde_json::from_str(&zero).expect("one object");
    assert_eq!((&object["runs"], &object["first_seeds"]["false-alarm"][0]), (&3.into(), &0.into()));
}
