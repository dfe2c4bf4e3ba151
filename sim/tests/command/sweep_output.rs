//! The summary of a grid, and outputs that fail: a reader who leaves early, a full disk.

use std::fs;
use std::process::Command;

use crate::program::{err, halfclose, left_alone, out};
use serde_json::Value;

#[test]
fn a_seed_in_a_grid_is_named_with_its_point() {
    let words = ["sweep", "q123208", "-s", "link.loss=5%,10%", "--seeds", "0..60"];
    let output = halfclose(&words);
    let shown = out(&output);
    assert!(!shown.contains("first seeds"), "{shown}");
    let mut seen = 0;
    for line in shown.lines().filter(|line| line.starts_with("  link.loss=")) {
        let words: Vec<_> = line.split_whitespace().collect();
        for named in words[1..].chunks(6) {
            let [verdict, _, "%", "from", "seed", seed] = named else { panic!("{line}") };
            let run = ["run", "q123208", "-s", words[0], "--seed", seed, "--json"];
            let run: Value = serde_json::from_slice(&halfclose(&run).stdout).expect("one object");
            assert_eq!(&run["verdict"], verdict, "{line}");
            seen += 1;
        }
    }
    assert!(seen > 2, "{shown}");
}

#[test]
fn a_reader_who_leaves_changes_no_exit_status() {
    let sweep = ["sweep", "q123208", "--seeds", "0..4"];
    for (more, status) in [(&[][..], 0), (&["--fail-on", "false-alarm"], 1)] {
        let output = left_alone(&[&sweep, more].concat());
        assert_eq!((output.status.code(), err(&output)), (Some(status), ""), "{more:?}");
    }
}

/// With a limit on the size of a file whole rows stay, and a later sweep continues behind them.
#[cfg(unix)]
#[test]
fn a_file_that_may_not_grow_ends_with_a_whole_row() {
    let folder = tempfile::tempdir().expect("a directory");
    for kind in ["jsonl", "csv"] {
        let path = |name: &str| folder.path().join(format!("{name}.{kind}"));
        let (whole, cut) = (path("whole"), path("cut"));
        let words = |out: &std::path::Path| {
            let out = out.to_str().expect("UTF-8").to_owned();
            ["sweep", "q123208", "--seeds", "0..400", "--out", &out].map(str::to_owned)
        };
        let run = |out| halfclose(&words(out).each_ref().map(String::as_str));
        assert_eq!(run(&whole).status.code(), Some(0));
        // In blocks of 512 bytes: 16 KiB.
        let output = Command::new("sh")
            .args(["-c", "ulimit -f 32; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_halfclose")])
            .args(words(&cut))
            .output()
            .expect("there is a shell");
        let said = format!("error: cannot write `{}`: File too large", cut.display());
        assert_eq!((output.status.code(), &*output.stdout), (Some(2), &b""[..]));
        let error = err(&output);
        assert!(error.starts_with(&said) && error.lines().count() == 1, "{error}");
        let (whole, left) = (fs::read(&whole).expect("there"), fs::read(&cut).expect("there"));
        assert!(whole.len() > 16 << 10 && whole.starts_with(&left), "{kind}");
        assert!(left.len() > 15 << 10 && left.ends_with(b"\n"), "{kind}: {}", left.len());
        assert_eq!(run(&cut).status.code(), Some(0));
        assert_eq!(fs::read(&cut).expect("there"), whole, "it goes on from there");
    }
}

#[test]
fn a_number_of_seeds_is_the_first_seeds() {
    let object = |seeds: &str| -> Value {
        let output = halfclose(&["sweep", "--seeds", seeds, "-s", "link.loss=5%", "--json"]);
        let mut object: Value = serde_json::from_slice(&output.stdout).expect("one object");
        for of_real_time in ["seconds", "runs_per_second"] {
            object[of_real_time] = Value::Null;
        }
        object
    };
    assert_eq!(object("100"), object("0..100"));
    assert_eq!(object("100")["runs"], 100);
}

#[test]
fn the_time_of_a_sweep_can_be_limited() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("x.jsonl");
    let name = path.to_str().expect("UTF-8");
    let words = ["sweep", "--seeds", "100000000", "-s", "link.loss=5%", "--out", name];
    let output = halfclose(&[&words[..], &["--max-time", "300ms"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let rows = fs::read_to_string(path).expect("it is there").lines().count();
    let said = format!("--max-time is over after {rows} of 100000000 runs: the same command makes");
    assert!(err(&output).contains(&said), "{}", err(&output));
}
