//! The command `matrix`: seeds, threads, and what an early end leaves.

use std::process::Command;

use crate::program::{err, halfclose};
use serde_json::Value;

/// More seeds than any machine runs during a test.
const ENDLESS: &str = "1000000000";

#[test]
fn a_number_of_seeds_is_the_first_seeds() {
    let named = ["0..3", "3"].map(|seeds| {
        let output = halfclose(&["matrix", "--seeds", seeds, "-s", "link.loss=5%", "--json"]);
        assert_eq!((output.status.code(), err(&output)), (Some(0), ""));
        output.stdout
    });
    assert!(named[0] == named[1], "0..3 and 3 are not the same");
    let one_thread = ["matrix", "--seeds", "3", "-s", "link.loss=5%", "--json", "--jobs", "1"];
    assert!(halfclose(&one_thread).stdout == named[0], "the number of threads changes cells");
    let object: Value = serde_json::from_slice(&named[0]).expect("one object");
    let cells = object["cells"].as_array().expect("a list");
    assert_eq!(cells.len(), 200);
    for cell in cells {
        let counts = cell["verdicts"].as_object().expect("an object").values();
        assert_eq!(counts.map(|count| count.as_u64().expect("a count")).sum::<u64>(), 3);
    }
}

#[test]
fn the_time_of_a_matrix_can_be_limited() {
    let output = halfclose(&["matrix", "--seeds", ENDLESS, "--max-time", "50ms", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(err(&output), "--max-time is over after 0 of 200 pairs\n");
    let object: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!(object["cells"], serde_json::json!([]), "no pair is half done");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_matrix_with_its_exit_status() {
    let script = format!(
        "'{}' matrix --seeds {ENDLESS} & child=$!; sleep 1; kill -TERM $child; wait $child",
        env!("CARGO_BIN_EXE_halfclose")
    );
    let output = Command::new("sh").args(["-c", &script]).output().expect("there is a shell");
    assert_eq!(output.status.code(), Some(130), "{}", err(&output));
    assert_eq!(err(&output), "interrupted after 0 of 200 pairs\n");
}
