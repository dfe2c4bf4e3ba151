//! One run as JSON, as a line of a sweep's results and as a row of CSV: the keys, their order, and the same
//! values in each form.

use std::fs;

use crate::program::halfclose;
use serde_json::{Map, Value};

/// The keys of the object that `run --json` prints.
const RUN: [&str; 29] = [
    "scenario",
    "seed",
    "verdict",
    "expected",
    "unmet",
    "sent",
    "stored",
    "file",
    "told",
    "reply",
    "client",
    "ending",
    "because",
    "stack_stalled",
    "digest",
    "packets",
    "virtual_us",
    "quiet_us",
    "end",
    "broken_laws",
    "breaches",
    "resets",
    "waived_laws",
    "divergences",
    "hosts",
    "unmatched_faults",
    "transfers",
    "reproduce",
    "point",
];

/// A line of `sweep --out x.jsonl`.
const LINE: [&str; 21] = [
    "scenario",
    "point",
    "seed",
    "verdict",
    "sent",
    "stored",
    "file",
    "told",
    "reply",
    "client",
    "ending",
    "lost",
    "stack_stalled",
    "digest",
    "packets",
    "virtual_us",
    "broken_laws",
    "expected",
    "transfers",
    "reproduce",
    "sweep",
];

/// The head of `sweep --out x.csv`.
const HEAD: &str = "scenario,point,seed,verdict,sent,stored,file,told,reply,client,ending_client,\
    ending_server,lost,digest,packets_client,packets_server,packets_dropped,virtual_us,broken_laws,\
    expected,reproduce,sweep,stack_stalled\n";

fn object(bytes: &[u8]) -> Map<String, Value> {
    serde_json::from_slice(bytes).expect("one object")
}

/// A value of a line as CSV has it: without quotes, in plain words.
fn cell(line: &Map<String, Value>, column: &str) -> String {
    let (key, part) = match column.split_once('_') {
        Some((key @ ("ending" | "packets"), side)) => (key, Some(side)),
        _ => (column, None),
    };
    let value = part.map_or(&line[key], |side| &line[key][side]);
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) if list.is_empty() => String::new(),
        Value::Object(point) => {
            let words =
                point.iter().map(|(key, value)| format!("{key}={}", value.as_str().expect("text")));
            words.collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

#[test]
fn three_forms_of_a_run_have_the_same_values() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (json, csv) = (path("x.jsonl"), path("x.csv"));
    let words = ["q123208", "-s", "client.close=fin", "-s", "link.delay=5ms..50ms"];
    for file in [&json, &csv] {
        let sweep = [&["sweep"], &words[..], &["--seeds", "7..8", "--out", file]].concat();
        assert_eq!(halfclose(&sweep).status.code(), Some(0));
    }
    let run =
        object(&halfclose(&[&["run"], &words[..], &["--seed", "7", "--json"]].concat()).stdout);
    assert_eq!(run.keys().collect::<Vec<_>>(), RUN);
    let line = object(fs::read_to_string(json).expect("it is there").as_bytes());
    assert_eq!(line.keys().collect::<Vec<_>>(), LINE);
    // A line has `true` where a run has `null`: nothing was expected, and every law held.
    assert_eq!((&run["expected"], &line["expected"]), (&Value::Null, &Value::Bool(true)));
    let both = |key: &&str| RUN.contains(key) && *key != "expected";
    for key in LINE.into_iter().filter(both) {
        assert_eq!(run[key], line[key], "{key}");
    }
    let rows = fs::read_to_string(csv).expect("it is there");
    let (head, row) = rows.split_at(HEAD.len());
    assert_eq!(head, HEAD);
    // No cell of this row has a comma in it.
    let cells: Vec<_> = row.trim_end().split(',').collect();
    let columns: Vec<_> = HEAD.trim_end().split(',').collect();
    assert_eq!(cells.len(), columns.len(), "{row}");
    for (column, found) in columns.into_iter().zip(cells) {
        assert_eq!(found, cell(&line, column), "{column}");
    }
}
