//! The command `shrink`: the scenario that remains is a complete file, an input without a failure
//! is refused, and Ctrl-C keeps the smallest list of faults so far.

use std::fs;
use std::process::{Command, Stdio};

use crate::program::{assert_refused, command, halfclose, takes_interrupts, text};
use serde_json::Value;

#[test]
fn the_command_writes_a_scenario_that_stands_alone() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let words = ["q123208", "-s", "link.loss=5%", "-s", "server.on_reset=as-eof"];
    let (one, two) = (path("one.toml"), path("two.toml"));
    let with =
        |more: &[&str]| halfclose(&[&["shrink"], &words[..], &["--seed", "264"], more].concat());
    let output = with(&["--out", &one]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    for words in [
        "q123208: silent-truncation; data client aborted (sent RST), server was reset (got RST)\n",
        " left after ",
        "no smaller set leads to the same verdict\n    drop client data DATA at 8761 1\n",
        "(dropped: fault)\n",
        "  again    halfclose run ",
    ] {
        assert!(shown.contains(words), "`{words}` is not in:\n{shown}");
    }
    let output = halfclose(&["shrink", &one, "--out", &two]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let toml = fs::read_to_string(&one).expect("there");
    assert_eq!(fs::read_to_string(&two).expect("there"), toml);
    assert!(
        toml.contains("source = \"shrunk from: halfclose run q123208 -s link.loss=5%"),
        "{toml}"
    );
    // The scenario expects its own result, so a run that differs fails.
    assert_eq!(halfclose(&["run", &one]).status.code(), Some(0));
    assert_eq!(halfclose(&["run", &one, "--seed", "7"]).status.code(), Some(0), "other ISNs");
    // Without a file, the standard output is a scenario file.
    let output = with(&[]);
    let printed = path("printed.toml");
    fs::write(&printed, &output.stdout).expect("space");
    let run = |name: &str| -> Value {
        serde_json::from_slice(&halfclose(&["run", name, "--json"]).stdout).expect("one object")
    };
    assert_eq!(run(&printed)["digest"], run(&one)["digest"]);
    let object: Value = serde_json::from_slice(&with(&["--json"]).stdout).expect("one object");
    assert_eq!(object["verdict"], "silent-truncation");
    assert_eq!(object["faults"], serde_json::json!(["drop client data DATA at 8761 1"]));
    assert_eq!(object["scenario"], toml);
    assert!(object["runs"].as_u64() > Some(2));
}

#[test]
fn what_cannot_be_shrunk_is_refused() {
    for (more, words) in [
        (&["-s", "client.profile=tcpip32-3.11b"][..], "seed 0 is intact and breaks no law"),
        (&["-s", "link.loss=1%,2%"], "link.loss: has several values (1%,2%)"),
        (&["--out", "no/such/x.toml"], "cannot write `no/such/x.toml`"),
    ] {
        assert_refused(&halfclose(&[&["shrink", "q123208"], more].concat()), &[words]);
    }
}

#[test]
fn the_time_of_a_shrink_can_be_limited() {
    let words = ["shrink", "q123208", "-s", "link.loss=20%", "-s", "do.size=1MiB"];
    let output = halfclose(&[&words[..], &["--max-time", "10ms"]].concat());
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    let last = error.lines().last().expect("the note, then this line");
    assert!(last.starts_with("--max-time is over after "), "{error}");
    let shown = text(&output.stdout);
    assert!(shown.contains(" runs: not finished, fewer may be enough\n"), "{shown}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_smallest_so_far() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("x.toml");
    let name = path.to_str().expect("UTF-8");
    let words = ["shrink", "q123208", "-s", "link.loss=20%", "-s", "do.size=1MiB", "--out", name];
    let child = command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("it starts");
    // The output file exists before the first run.
    let begun = || fs::read_dir(folder.path()).expect("there").count() > 0;
    let ready = |process| begun() && takes_interrupts(process);
    while !ready(child.id()) && child.try_wait().expect("it was started").is_none() {
        std::thread::yield_now();
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("there is a kill").success());
    let output = child.wait_with_output().expect("it ends");
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{error}");
    assert!(error.contains("keeps it\ninterrupted after "), "{error}");
    assert!(error.ends_with(" runs: fewer faults may lead to the same verdict\n"), "{error}");
    let shown = text(&output.stdout);
    assert!(shown.contains(" runs: not finished, fewer may be enough\n"), "{shown}");
    assert_eq!(halfclose(&["run", name]).status.code(), Some(0), "it is what it was");
}
