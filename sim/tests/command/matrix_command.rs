//! The command `matrix`: seeds, threads, and what an early end leaves.

use crate::program::{err, halfclose, terminated};
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
    let output = terminated(&format!("matrix --seeds {ENDLESS}"));
    assert_eq!(output.status.code(), Some(130), "{}", err(&output));
    assert_eq!(err(&output), "interrupted after 0 of 200 pairs\n");
}

#[test]
fn the_page_of_a_matrix_says_why_each_choice_ended_so() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("what-if.html");
    let words = ["matrix", "--json", "--report", path.to_str().expect("UTF-8")];
    let output = halfclose(&words);
    assert_eq!((output.status.code(), err(&output)), (Some(0), ""));
    // The other disks are on the page alone, and each cell has a reason.
    let object: Value = serde_json::from_slice(&output.stdout).expect("one object");
    let cells = object["cells"].as_array().expect("a list");
    assert_eq!(cells.len(), 200);
    assert!(
        cells
            .iter()
            .all(|cell| cell["example"]["because"].as_str().is_some_and(|it| !it.is_empty()))
    );
    let page = std::fs::read_to_string(&path).expect("a page");
    assert!(page.len() < 1_500_000, "{} bytes", page.len());
    for words in [
        "All 10000 bytes reached the server's host. The program had read 7016 of them when the RST arrived, \
         and no more because the disk takes 200000 bytes a second. The host (winsock) then destroyed the \
         other 2984",
        "The host (linux) keeps received bytes for the program behind a RST",
        "8540 never left the client's host, which sent the RST first",
        "The program then removed the file.",
    ] {
        assert!(page.contains(words), "{words} is not on the page");
    }
    // The bytes that the program read are the bytes of the file, unless the file was removed.
    let kept = |text: &str| {
        let words = text.split_once("had read ").map(|(_, rest)| rest.split(' ').next());
        words.flatten().and_then(|number| number.parse::<u64>().ok())
    };
    let mut compared = 0;
    for text in page.split("<div class=\"card\" id=\"text").skip(1) {
        if let (Some(read), Some((_, rest))) = (kept(text), text.split_once("only the first ")) {
            let stored = rest.split(' ').next().expect("a number");
            assert_eq!(read.to_string(), stored, "{text}");
            compared += 1;
        }
    }
    assert!(compared > 10, "{compared} texts");
    let ladders: Vec<_> = page.split("id=\"ladder").skip(1).collect();
    let mut different: Vec<_> =
        ladders.iter().filter_map(|it| it.split_once('>')).map(|it| it.1).collect();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), ladders.len(), "a ladder is stored twice");
}

#[test]
fn each_disk_of_a_page_has_one_switch() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("disks.html");
    for (rate, other) in [("20KB/s", "none"), ("50KB/s", "20KB/s")] {
        let own = format!("server.store_rate={rate}");
        let words = ["matrix", "-s", &own, "--report", path.to_str().expect("UTF-8")];
        assert_eq!(halfclose(&words).status.code(), Some(0));
        let page = std::fs::read_to_string(&path).expect("a page");
        let (_, disks) =
            page.split_once("Which disk has the server?").expect("a group of switches");
        let (disks, _) = disks.split_once("</fieldset>").expect("the end of the group");
        for disk in [rate, other] {
            assert_eq!(disks.matches(&format!("<b>{disk}</b>")).count(), 1, "{disk}: {disks}");
        }
        assert!(disks.contains("the scenario's own disk"), "{disks}");
        assert!(page.contains(&format!("a server with a disk of {rate}: of 200 pairs ")));
    }
}

#[test]
fn the_page_of_a_download_says_what_the_client_did_not_take() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("early.html");
    let words = ["run", "early-226", "--report", path.to_str().expect("UTF-8")];
    assert_eq!(halfclose(&words).status.code(), Some(0));
    let page = std::fs::read_to_string(&path).expect("a page");
    assert!(page.contains("The program kept 56068 of them, and did not take the rest."));
}
