//! The command `sweep`: the file is the same on any number of threads, shards make up the whole, and
//! the summary counts the runs of the file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Output};

use crate::program::{assert_refused, halfclose, text};
use serde_json::Value;

/// A lossy upload, in which every verdict of a reset occurs.
pub(super) const LOSSY: [&str; 4] = ["q123208", "-s", "link.loss=5%,10%", "--seeds"];

pub(super) fn sweep(more: &[&str]) -> Output {
    halfclose(&["sweep"].iter().chain(&LOSSY).chain(more).copied().collect::<Vec<_>>())
}

pub(super) struct Folder(pub(super) tempfile::TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    pub(super) fn path(&self, name: &str) -> (PathBuf, String) {
        let path = self.0.path().join(name);
        let text = path.to_str().expect("UTF-8").to_owned();
        (path, text)
    }

    /// Returns the file that a sweep of these seeds writes.
    pub(super) fn written(&self, name: &str, seeds: &str, more: &[&str]) -> Vec<u8> {
        let (path, text) = self.path(name);
        let words: Vec<_> = [seeds, "--out", &text].iter().chain(more).copied().collect();
        let output = sweep(&words);
        assert_eq!(output.status.code(), Some(0), "{}", crate::program::text(&output.stderr));
        fs::read(path).expect("it is there")
    }
}

pub(super) fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

/// Waits until the file has this many bytes, or the program has ended.
pub(super) fn wait_for(path: &Path, bytes: u64, child: &mut Child) {
    while size(path) < bytes && child.try_wait().expect("it was started").is_none() {
        std::thread::yield_now();
    }
}

/// The lines of a summary that do not depend on real time.
pub(super) fn summary(output: &Output) -> Value {
    let mut object: Value = serde_json::from_slice(&output.stdout).expect("one object");
    for key in ["seconds", "runs_per_second", "resumed", "runs_made", "runs_derived"] {
        object.as_object_mut().expect("an object").remove(key).expect(key);
    }
    object
}

#[test]
fn threads_and_shards_change_nothing_of_the_file() {
    let folder = Folder::new();
    for kind in ["jsonl", "csv"] {
        let name = |name: &str| format!("{name}.{kind}");
        let whole = folder.written(&name("one"), "7..207", &["--jobs", "1"]);
        assert_eq!(whole, folder.written(&name("two"), "7..=206", &["--jobs", "2"]));
        assert_eq!(whole, folder.written(&name("five"), "7..207", &["--jobs", "5"]));
        let mut parts = Vec::new();
        for shard in ["1/3", "2/3", "3/3"] {
            let part =
                folder.written(&name(&shard.replace('/', "of")), "7..207", &["--shard", shard]);
            assert!(part.len() > whole.len() / 4, "{shard}");
            parts.extend(part);
        }
        assert_eq!(whole, parts, "{kind}");
        let lines = 2 * 200 + usize::from(kind == "csv");
        assert_eq!(text(&whole).lines().count(), lines);
    }
    let one = summary(&sweep(&["0..100", "--json", "--jobs", "1"]));
    assert_eq!(one, summary(&sweep(&["0..100", "--json", "--jobs", "3"])));
}

#[test]
fn each_line_is_a_run_that_its_own_command_shows_again() {
    let folder = Folder::new();
    let file = folder.written("x.jsonl", "0..40", &[]);
    for (at, line) in text(&file).lines().enumerate().step_by(13) {
        let row: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(row["seed"], at % 40);
        assert_eq!(row["point"]["link.loss"], if at < 40 { "5%" } else { "10%" });
        let reproduce = row["reproduce"].as_str().expect("a command");
        let words: Vec<_> = reproduce.split_whitespace().skip(1).chain(["--json"]).collect();
        let run: Value = serde_json::from_slice(&halfclose(&words).stdout).expect("one object");
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
        ] {
            assert_eq!(row[key], run[key], "{key} of line {at}");
        }
    }
}

#[test]
fn the_summary_counts_what_the_file_has() {
    let folder = Folder::new();
    let (path, name) = folder.path("x.jsonl");
    let summary = summary(&sweep(&["0..100", "--out", &name, "--json"]));
    let file = fs::read_to_string(path).expect("it is there");
    let rows: Vec<Value> =
        file.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(summary["runs"], 200);
    assert_eq!(summary["points"][1]["point"]["link.loss"], "10%");
    for (verdict, count) in summary["verdicts"].as_object().expect("an object") {
        let same: Vec<_> = rows.iter().filter(|row| row["verdict"] == **verdict).collect();
        assert_eq!(*count, same.len());
        let first: Vec<_> = same.iter().take(5).map(|row| row["seed"].clone()).collect();
        assert_eq!(summary["first_seeds"][verdict], Value::from(first));
    }
    let mut lost: Vec<_> = rows.iter().map(|row| row["lost"].as_u64().expect("a number")).collect();
    lost.sort_unstable();
    assert_eq!(summary["lost"]["most"], lost[199]);
    let (exact, p90) = (lost[179], summary["lost"]["p90"].as_u64().expect("a number"));
    assert!(exact <= p90 && p90 <= exact + exact / 64, "{exact} {p90}");
    let shown = sweep(&["0..100"]);
    let shown = text(&shown.stdout);
    for words in ["truncated", "95 % interval", "link.loss=10%", "virtual time", "none broken"] {
        assert!(shown.contains(words), "`{words}` is not in:\n{shown}");
    }
}

#[test]
fn what_must_not_come_is_exit_status_1() {
    let output = sweep(&["0..100", "--fail-on", "truncated,stuck"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output.stdout);
    assert!(shown.contains("runs are truncated\n"), "{shown}");
    let (_, reproduce) = shown.split_once("reproduce: halfclose ").expect("a command");
    let words: Vec<_> = reproduce.split_whitespace().chain(["--json"]).collect();
    let run: Value = serde_json::from_slice(&halfclose(&words).stdout).expect("one object");
    assert_eq!(run["verdict"], "truncated");
    assert_eq!(sweep(&["0..100", "--fail-on", "stuck"]).status.code(), Some(0));
    // What the scenario itself expects, and laws.
    let expected = |more: &[&str]| {
        let words: Vec<_> = ["sweep", "--seeds", "0..20"].iter().chain(more).copied().collect();
        halfclose(&words).status.code()
    };
    assert_eq!(expected(&["q123208"]), Some(0));
    assert_eq!(expected(&["q123208", "-s", "link.loss=30%"]), Some(0));
    let other = ["q123208", "-s", "link.loss=30%", "-s", "expect.verdict=false-alarm"];
    assert_eq!(expected(&other), Some(1));
    assert_eq!(expected(&["q123208", "-s", "mutant=flipped-byte"]), Some(1));
    let asked = ["q123208", "-s", "mutant=flipped-byte", "--fail-on", "stuck"];
    assert_eq!(expected(&asked), Some(1), "a law is a law");
}

#[test]
fn bad_words_are_refused() {
    let form = "write N (the first N seeds), A..B (without B) or A..=B (with B)";
    for (more, words) in [
        (&["9..3"][..], &*format!("the range runs backwards: {form}, A first")),
        (&["5..5"], &format!("the range is empty: {form}")),
        (
            &["0..5", "--jobs", "0"],
            "invalid value '0' for '--jobs <N>': it must be a number of threads from 1 to 1024",
        ),
        (&["0..5", "--jobs", "1025"], "it must be a number of threads from 1 to 1024"),
        (
            &["0..5", "--shard", "4/3"],
            "there is no shard 4 of 3: write I/N, as in 1/3, 2/3 and 3/3",
        ),
        (&["0..5", "--shard", "0/3"], "shards are counted from 1"),
        (&["0..5", "--fail-on", "trunkated"], "it must be one of corrupt, silent-truncation"),
        (&["0..5", "--fail-on", "trunkated"], "did you mean `truncated`?"),
        (&["0..5", "--out", "x.txt"], "`x.txt` ends in neither .jsonl nor .csv"),
        (&["0..5", "--out", "no/such/x.csv"], "cannot write `no/such/x.csv`: No such file"),
        (&["0..5", "-s", "do.file=no-such"], "do.file: cannot read `no-such`"),
        (&["0..18446744073709551615"], "there are 2^64 runs or more in this sweep"),
    ] {
        assert_refused(&sweep(more), &[words]);
    }
    let folder = Folder::new();
    let (path, name) = folder.path("x.csv");
    fs::create_dir(&path).expect("space");
    assert_refused(&sweep(&["0..5", "--out", &name]), &["it is not a regular file"]);
    let run = halfclose(&["run", "-s", "link.loss=1%,2%"]);
    assert_refused(
        &run,
        &[
            "link.loss: has several values (1%,2%), and this command takes a single value: add -s link.loss=1%",
        ],
    );
    let matrix = halfclose(&["matrix", "-s", "link.delay=1ms..2ms"]);
    let said = "link.delay: has several values (1ms..2ms), and a matrix takes one";
    assert_refused(&matrix, &[said]);
}

/// A range of values gives each seed a value of its own, the same on every machine.
#[test]
fn a_draw_is_its_seed_s_own() {
    let folder = Folder::new();
    let toml = folder.path("draw.toml");
    fs::write(
        Path::new(&toml.0),
        "[link]\ndelay = \"1ms..50ms\"\nloss = [\"0%\", \"5%\"]\n[[do]]\nput = \"a\"\nsize = \"1..20000\"\n",
    )
    .expect("space");
    let (path, out) = folder.path("x.jsonl");
    let words = ["sweep", &toml.1, "--seeds", "0..150", "--out", &out];
    assert_eq!(halfclose(&words).status.code(), Some(0));
    let file = fs::read_to_string(path).expect("there");
    let rows: Vec<Value> = file.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    for at in [0, 77, 149] {
        let (one, other) = (&rows[at], &rows[at + 150]);
        assert_eq!(one["point"]["link.delay"], other["point"]["link.delay"]);
        assert_eq!(one["sent"], other["sent"]);
        let reproduce = other["reproduce"].as_str().expect("a command");
        let words = shlex::split(reproduce).expect("words");
        let words: Vec<_> = words.iter().skip(1).map(|w| &**w).chain(["--json"]).collect();
        let run: Value = serde_json::from_slice(&halfclose(&words).stdout).expect("one object");
        assert_eq!(run["digest"], other["digest"], "{reproduce}");
        for key in ["link.delay", "do.1.size"] {
            assert_eq!(run["point"][key], other["point"][key]);
        }
        // Pinned in the capture too.
        let pcap = folder.path("x.pcapng").1;
        let words: Vec<_> = words.iter().copied().chain(["--pcap", &pcap]).collect();
        halfclose(&words);
        assert_eq!(halfclose(&["replay", &pcap]).status.code(), Some(0));
    }
    assert_ne!(rows[0]["sent"], rows[1]["sent"]);
    let output = halfclose(&["sweep", &toml.1, "--seeds", "0..3", "--json"]);
    let object: Value = serde_json::from_slice(&output.stdout).expect("one object");
    let points = &object["points"];
    assert_eq!(points[1]["point"], serde_json::json!({ "link.loss": "5%" }), "no seed's draw");
    let shown = halfclose(&["show", &toml.1]);
    let shown = text(&shown.stdout);
    for words in ["  link.delay  1ms..50ms ", "  link.loss   0%,5% ", "halfclose sweep "] {
        assert!(shown.contains(words), "`{words}` is not in:\n{shown}");
    }
    let run = halfclose(&["run", &toml.1, "-s", "link.loss=0%"]);
    assert!(text(&run.stdout).contains("\n  drawn    link.delay="), "{}", text(&run.stdout));
}
