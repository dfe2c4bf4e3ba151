//! The option `--fail-on` of `sweep`: the listed verdicts replace the expectation of the scenario,
//! in the exit status and in the file of results, and no file mixes the two.

use std::fs;
use std::process::Output;

use crate::program::{halfclose, text};

fn sweep(words: &[&str]) -> Output {
    halfclose(&[&["sweep"], words].concat())
}

/// A scenario whose expectation no run meets.
const OTHER: [&str; 5] = ["q123208", "-s", "expect.verdict=stuck", "--seeds", "0..4"];

#[test]
fn a_file_is_not_gone_on_with_by_another_expectation() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("x.jsonl");
    let name = path.to_str().expect("UTF-8");
    let fail_on = ["--fail-on", "corrupt"];
    let with = |more: &[&str]| sweep(&[&OTHER, &["--out", name][..], more].concat());
    for (first, then, code, expected) in
        [(&fail_on[..], &[][..], 0, true), (&[], &fail_on, 1, false)]
    {
        let _ = fs::remove_file(&path);
        assert_eq!(with(first).status.code(), Some(code));
        let whole = fs::read_to_string(&path).expect("it is there");
        let word = format!("\"expected\":{expected}");
        assert!(whole.lines().all(|line| line.contains(&word)), "{whole}");
        // The same command has nothing to do.
        assert_eq!(with(first).status.code(), Some(code));
        // The other half of the file would follow the other rule.
        let half: String = whole.split_inclusive('\n').take(2).collect();
        fs::write(&path, &half).expect("space");
        let refused = with(then);
        let error = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{error}");
        assert_eq!(text(&refused.stdout), "", "nothing is half done");
        let words = "line 1 is of another scenario or of other settings: name another file";
        assert!(error.contains(words) && error.lines().count() == 1, "{error}");
        assert_eq!(fs::read_to_string(&path).expect("there"), half, "it is left as it was");
        assert_eq!(with(first).status.code(), Some(code));
        assert_eq!(fs::read_to_string(&path).expect("there"), whole);
    }
}

/// A law that the scenario expects to be broken may be kept under `--fail-on`.
#[test]
fn a_law_that_holds_is_no_failure() {
    let kept = ["q123208", "-s", "expect.broken_laws=file-is-a-prefix", "--seeds", "0..4"];
    assert_eq!(sweep(&kept).status.code(), Some(1), "the scenario asks for it");
    let output = sweep(&[&kept[..], &["--fail-on", "stuck"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let broken = [&kept[..], &["-s", "mutant=flipped-byte", "--fail-on", "stuck"]].concat();
    assert_eq!(sweep(&broken).status.code(), Some(0), "and it may be broken");
}
