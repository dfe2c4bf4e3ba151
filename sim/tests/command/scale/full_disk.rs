//! A disk that is full in the middle of a sweep: a file system of 1 MB in a mount namespace of the test.

use std::fs;
use std::process::Command;

use crate::program::{err, halfclose, out};
use crate::sweep::Folder;

/// Runs the sweep on the small disk twice: the first start fills the disk, the second start has space.
/// Prints the status of each start, and the number of bytes and the last byte after the first start.
const SCRIPT: &str = r#"
mount -t tmpfs -o size=1m none disk || exit 77
"$@"; echo "first $?"
wc -c < disk/rows.jsonl; tail -c 1 disk/rows.jsonl | od -An -c; ls -A disk
mount -o remount,size=32m disk || exit 77
"$@" > /dev/null 2>&1; echo "second $?"
cp disk/rows.jsonl disk/summary.json .
"#;

const SWEEP: [&str; 6] = ["sweep", "q123208", "--seeds", "3000", "-s", "link.loss=5%"];

/// The first start says one line and keeps whole rows, the second start makes the files of one machine.
#[test]
fn a_sweep_on_a_full_disk_goes_on_with_space() {
    let folder = Folder::new();
    fs::create_dir(folder.path("disk").0).expect("space");
    let files = ["--out", "disk/rows.jsonl", "--summary", "disk/summary.json", "--findings-ok"];
    let program = env!("CARGO_BIN_EXE_halfclose");
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", SCRIPT, "sh", program])
        .args(SWEEP)
        .args(files)
        .current_dir(folder.0.path())
        .output();
    let Ok(output) = output else { return eprintln!("SKIPPED: there is no unshare") };
    let said = (out(&output), err(&output));
    if !said.0.contains("first") {
        return eprintln!("SKIPPED: no file system can be mounted here: {}", said.1);
    }
    let mut lines = said.0.lines();
    assert_eq!(lines.next(), Some("first 2"), "{said:?}");
    let bytes: u64 = lines.next().expect("a count").trim().parse().expect("a number");
    assert!((1 << 19..=1 << 20).contains(&bytes), "{bytes} bytes on a disk of 1 MB");
    assert_eq!(lines.next().map(str::trim), Some("\\n"), "the last row is whole");
    assert_eq!(lines.next(), Some("rows.jsonl"), "no temporary file and no lock stays");
    assert_eq!(lines.next(), Some("second 0"), "{said:?}");
    assert_eq!(said.1.lines().count(), 1, "{said:?}");
    let problem = "error: cannot write `disk/rows.jsonl`: No space left on device";
    assert!(said.1.starts_with(problem), "{said:?}");
    let (rows, summary) = (folder.path("one.jsonl").1, folder.path("one.json").1);
    let one = ["--out", &rows, "--summary", &summary, "--findings-ok"];
    let one = halfclose(&[&SWEEP[..], &one].concat());
    assert_eq!(one.status.code(), Some(0), "{}", err(&one));
    for (got, wanted) in [("rows.jsonl", rows), ("summary.json", summary)] {
        let got = fs::read(folder.path(got).0).expect("the second start is complete");
        assert!(got == fs::read(wanted).expect("there"), "the file differs from one machine's");
    }
}
